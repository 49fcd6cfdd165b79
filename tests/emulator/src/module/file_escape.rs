//! `+++`, the way out of a file transfer: three of them within a second, a second of silence before
//! and after (supplement 2.9).

use std::time::Duration;

const GUARD: Duration = Duration::from_secs(1);

/// Watches what is typed for the escape.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Escape {
    /// Plus signs that may be the escape, and so are no data yet.
    pluses: u8,
    first: Duration,
    last: Duration,
}

impl Escape {
    /// Data may come from `now` on.
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            pluses: 0,
            first: now,
            last: now,
        }
    }

    /// When the last byte came, or data could first come.
    pub(crate) fn last_input(&self) -> Duration {
        self.last
    }

    /// How many plus signs are kept back.
    pub(crate) fn kept(&self) -> usize {
        usize::from(self.pluses)
    }

    /// Takes a byte. Comes back: how many plus signs turned out to be data, and the byte, if it is
    /// data already.
    pub(crate) fn feed(&mut self, byte: u8, now: Duration) -> (usize, Option<u8>) {
        let silence = now.saturating_sub(self.last);
        self.last = now;
        let within = now.saturating_sub(self.first) < GUARD;
        if byte == b'+' && (1..3).contains(&self.pluses) && within {
            self.pluses += 1;
            return (0, None);
        }
        let data = self.release();
        if byte == b'+' && silence >= GUARD {
            self.pluses = 1;
            self.first = now;
            return (data, None);
        }
        (data, Some(byte))
    }

    /// The plus signs kept back are data.
    pub(crate) fn release(&mut self) -> usize {
        usize::from(std::mem::take(&mut self.pluses))
    }

    /// When it is known whether the plus signs kept back are the escape.
    pub(crate) fn due(&self) -> Option<Duration> {
        match self.pluses {
            0 => None,
            3 => Some(self.last + GUARD),
            _ => Some(self.first + GUARD),
        }
    }

    /// Whether it has been typed, with its silence.
    pub(crate) fn complete(&self, now: Duration) -> bool {
        self.pluses == 3 && self.last + GUARD <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types bytes at these milliseconds; what came out as data, and the escape.
    fn typed(bytes: &[(u64, u8)]) -> (String, Escape) {
        let mut escape = Escape::new(Duration::ZERO);
        let mut data = String::new();
        for (at, byte) in bytes {
            let (pluses, byte) = escape.feed(*byte, Duration::from_millis(*at));
            data.push_str(&"+".repeat(pluses));
            data.extend(byte.map(char::from));
        }
        (data, escape)
    }

    #[test]
    fn silence_on_both_sides() {
        let (data, escape) = typed(&[(0, b'a'), (1000, b'+'), (1000, b'+'), (1100, b'+')]);
        assert_eq!(data, "a");
        assert_eq!(escape.due(), Some(Duration::from_millis(2100)));
        assert!(!escape.complete(Duration::from_millis(2099)));
        assert!(escape.complete(Duration::from_millis(2100)));
    }

    #[test]
    fn anything_else_is_data() {
        let (data, escape) = typed(&[(999, b'+'), (999, b'+'), (999, b'+')]);
        assert_eq!((data.as_str(), escape.kept()), ("+++", 0));
        let (data, escape) = typed(&[(1000, b'+'), (1000, b'+'), (1000, b'+'), (1500, b'+')]);
        assert_eq!((data.as_str(), escape.kept()), ("++++", 0));
        let (data, escape) = typed(&[(1000, b'+'), (1500, b'+'), (2000, b'+')]);
        assert_eq!((data.as_str(), escape.kept()), ("+++", 0));
        let (data, _) = typed(&[(1000, b'+'), (1000, b'+'), (1000, b'x')]);
        assert_eq!(data, "++x");
    }
}
