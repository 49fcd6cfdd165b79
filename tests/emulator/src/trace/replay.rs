//! Plays the host's side of a trace to a fresh module and compares what the module says.

use super::{Direction, Entry, escape};
use crate::machine::Machine;
use crate::module::Settings;
use std::fmt;
use std::time::Duration;

/// How long the module may take for what comes next: longer than any retransmission goes on.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// How much of what the module wrote instead is kept.
const SHOWN: usize = 80;

/// Where a replay differs from its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The line of the trace, from 1; behind its last entry, the last line.
    pub line: usize,
    /// What the trace has, from the first difference to the end of that line. Empty: the trace ends.
    pub expected: Vec<u8>,
    /// What the module wrote there, or the beginning of it. Empty: nothing more.
    pub found: Vec<u8>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            expected,
            found,
        } = self;
        let (want, got) = (escape(expected), escape(found));
        match (expected.is_empty(), found.is_empty()) {
            (true, _) => write!(
                f,
                "line {line}: the trace ends, the module goes on: < {got}"
            ),
            (_, true) => write!(f, "line {line}: expected < {want}, the module is silent"),
            _ => write!(f, "line {line}: expected < {want}, the module says < {got}"),
        }
    }
}

impl std::error::Error for Mismatch {}

/// Types what the host typed in a trace to a module made from `settings`, whose broker, a fresh hub,
/// is `latency` away and back; everything in virtual time.
///
/// What is compared is the stream of bytes from the module, however it is cut: all that stands before
/// an entry of the host must have been written before that entry is typed, and nothing else may come
/// in between or, but for a line end, at the end. What the module writes sooner than in the trace is held against the
/// entries that follow.
///
/// Times are not compared. An entry of the host with a time is not typed before it, so that a module
/// that was left alone for a while is left alone again; without times the host types as soon as it
/// has what stands before.
///
/// The settings must be those of the recorded run. What did not pass the line is not in the trace: a
/// run in which a test published at the hub, pulled the plug or injected something cannot be
/// replayed, and neither can one with a hang-up. For bytes that the trace does not show the host types
/// zeros and the module may write anything, so a session whose course depends on them (a PIN, files at
/// a broker with TLS) is not the same again. A paced run (`--baud`) can, unless its host typed
/// more than it was asked for: all the bytes of an entry arrive together.
///
/// # Errors
///
/// The first difference.
///
/// ```
/// use atmqtt_emulator::module::Settings;
/// use atmqtt_emulator::trace;
/// use std::time::Duration;
///
/// let text = "> ATE0\\r\n< ATE0\\r\\r\\nOK\\r\\n\n> AT\\r\n< \\r\\nOK\\r\\n\n";
/// let entries = trace::parse(text).unwrap();
/// trace::replay(&entries, Settings::default(), Duration::ZERO).unwrap();
///
/// let entries = trace::parse(&text.replace("> AT\\r", "> AY\\r")).unwrap();
/// let mismatch = trace::replay(&entries, Settings::default(), Duration::ZERO).unwrap_err();
/// assert_eq!(mismatch.line, 4);
/// ```
pub fn replay(entries: &[Entry], settings: Settings, latency: Duration) -> Result<(), Mismatch> {
    let mut player = Player {
        machine: Machine::new(settings, latency),
        now: Duration::ZERO,
        written: Vec::new(),
    };
    let mut line = 0;
    for entry in entries {
        line = entry.line.unwrap_or(line + 1);
        match entry.direction {
            Direction::ToModule => {
                player.run_until(entry.at.unwrap_or_default());
                player.machine.input(player.now, &entry.bytes);
                player.collect();
            }
            Direction::ToHost => player.expect(entry, line)?,
        }
    }
    // A host that has what it waits for closes its port, and the end of the last line may be lost.
    if matches!(player.written.as_slice(), b"" | b"\n" | b"\r\n") {
        return Ok(());
    }
    Err(player.mismatch(line, &[]))
}

/// The module, and what it has written that the trace has not come to yet.
struct Player {
    machine: Machine,
    now: Duration,
    written: Vec<u8>,
}

impl Player {
    fn run_until(&mut self, time: Duration) {
        self.now = self.now.max(time);
        self.machine.run_until(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        self.written.extend(self.machine.take_serial());
    }

    /// Waits for these bytes.
    fn expect(&mut self, entry: &Entry, line: usize) -> Result<(), Mismatch> {
        let until = self.now + PATIENCE;
        let bytes = &entry.bytes;
        let is_hidden = |at| entry.hidden.iter().any(|range| range.contains(&at));
        loop {
            let same = bytes
                .iter()
                .zip(&self.written)
                .enumerate()
                .take_while(|(at, (expected, found))| expected == found || is_hidden(*at))
                .count();
            if same == bytes.len() {
                self.written.drain(..same);
                return Ok(());
            }
            let due = self.machine.poll_timeout().filter(|due| *due <= until);
            match due {
                Some(due) if same == self.written.len() => self.run_until(due),
                _ => {
                    self.written.drain(..same);
                    return Err(self.mismatch(line, &bytes[same..]));
                }
            }
        }
    }

    fn mismatch(&self, line: usize, expected: &[u8]) -> Mismatch {
        Mismatch {
            line,
            expected: expected.to_vec(),
            found: self.written[..self.written.len().min(SHOWN)].to_vec(),
        }
    }
}
