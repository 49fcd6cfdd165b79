//! A serial line of a given speed: when each byte has passed, by absolute deadlines.

use std::collections::VecDeque;
use std::time::Duration;

/// Start bit, eight data bits, stop bit.
const BITS: u128 = 10;

/// How long the bytes that pass in one step take together, at most.
const STEP: Duration = Duration::from_micros(500);

/// One direction of the line. Byte `k` of a burst has passed at the start of the burst plus `k`
/// byte times, however late anybody looks; bytes pass in small groups, each when its last byte has.
#[derive(Debug)]
pub(super) struct Line {
    baud: u32,
    /// Each byte passes by itself.
    single: bool,
    queue: VecDeque<u8>,
    /// Since when the line has been busy without a pause.
    start: Duration,
    /// How many bytes have passed since then.
    passed: u64,
}

impl Line {
    /// A line of `baud` bits a second; 0 takes no time.
    pub(super) fn new(baud: u32) -> Self {
        Self {
            baud,
            single: false,
            queue: VecDeque::new(),
            start: Duration::ZERO,
            passed: 0,
        }
    }

    /// Lets each byte pass by itself, when told so, instead of in small groups.
    pub(super) fn single(mut self, single: bool) -> Self {
        self.single = single;
        self
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_paced(&self) -> bool {
        self.baud != 0
    }

    /// Bytes are written to the line.
    pub(super) fn push(&mut self, now: Duration, bytes: &[u8]) {
        if self.queue.is_empty() && now > self.time(self.passed) {
            self.start = now;
            self.passed = 0;
        }
        self.queue.extend(bytes);
    }

    /// When the next group has passed.
    pub(super) fn due(&self) -> Option<Duration> {
        let group = self.group();
        (group != 0).then(|| self.time(self.passed + group as u64))
    }

    /// The next group, if it has passed by `now`, and when it had.
    pub(super) fn pop(&mut self, now: Duration) -> Option<(Duration, Vec<u8>)> {
        let due = self.due().filter(|due| *due <= now)?;
        let group = self.group();
        self.passed += group as u64;
        Some((due, self.queue.drain(..group).collect()))
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }

    fn group(&self) -> usize {
        if self.baud == 0 {
            return self.queue.len();
        }
        if self.single {
            return self.queue.len().min(1);
        }
        let bits = u128::from(self.baud) * STEP.as_micros() / 1_000_000;
        let most = usize::try_from(bits / BITS).unwrap_or(usize::MAX).max(1);
        self.queue.len().min(most)
    }

    fn time(&self, bytes: u64) -> Duration {
        if self.baud == 0 {
            return self.start;
        }
        let nanos = u128::from(bytes) * BITS * 1_000_000_000 / u128::from(self.baud);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Line};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn unpaced_takes_no_time() {
        let mut line = Line::new(0);
        assert_eq!(line.due(), None);
        line.push(SECOND, b"abc");
        assert_eq!(line.due(), Some(SECOND));
        line.push(2 * SECOND, b"d");
        assert_eq!(line.pop(3 * SECOND), Some((SECOND, b"abcd".to_vec())));
        assert_eq!(line.pop(3 * SECOND), None);
        line.push(5 * SECOND, b"e");
        assert_eq!(line.due(), Some(5 * SECOND));
    }

    #[test]
    fn one_byte_takes_ten_bits() {
        let mut line = Line::new(10);
        line.push(SECOND, b"ab");
        assert_eq!(line.pop(SECOND), None);
        assert_eq!(line.pop(2 * SECOND), Some((2 * SECOND, b"a".to_vec())));
        // Looked at late, and refilled before the line was idle: the burst goes on.
        line.push(2 * SECOND, b"c");
        assert_eq!(line.pop(9 * SECOND), Some((3 * SECOND, b"b".to_vec())));
        assert_eq!(line.pop(9 * SECOND), Some((4 * SECOND, b"c".to_vec())));
        line.push(4 * SECOND, b"d");
        assert_eq!(line.pop(9 * SECOND), Some((5 * SECOND, b"d".to_vec())));
        // After a pause a new burst begins.
        line.push(9 * SECOND, b"e");
        assert_eq!(line.due(), Some(10 * SECOND));
    }

    #[test]
    fn byte_by_byte() {
        let mut line = Line::new(100_000).single(true);
        line.push(SECOND, b"ab");
        assert_eq!(
            line.pop(2 * SECOND),
            Some((Duration::from_micros(1_000_100), b"a".to_vec()))
        );
        assert_eq!(line.due(), Some(Duration::from_micros(1_000_200)));
    }

    #[test]
    fn no_drift_in_a_long_burst() {
        for baud in [9600, 115_200, 921_600, 3_000_000] {
            let mut line = Line::new(baud);
            let bytes = baud / 10;
            line.push(SECOND, &vec![0; bytes as usize]);
            let (mut count, mut last) = (0, Duration::ZERO);
            let mut steps = 0;
            while let Some(due) = line.due() {
                let (at, group) = line.pop(due).expect("due");
                assert_eq!(at, due);
                count += group.len();
                last = at;
                steps += 1;
            }
            assert_eq!(count, bytes as usize);
            assert_eq!(last, 2 * SECOND, "{baud}");
            assert!(steps >= 900.min(count), "{baud}: {steps} steps");
        }
    }
}
