//! The trace of a serial line: what passed, when, and which way.
//!
//! One entry a line:
//!
//! ```text
//! 12.003417 > AT+QMTPUBEX=0,0,0,0,\"topic/pub\",30\r
//! 12.003702 < \r\n>\x20
//! ```
//!
//! First the seconds since the start, with six decimals; then `>` for bytes from the host to the
//! module or `<` for bytes from the module to the host; then the bytes. Printable ASCII stands for
//! itself; `\r`, `\n`, `\\`, `\"` and `\xNN` (two hexadecimal digits) for everything else, and a
//! space at either end of the bytes is written `\x20` so that no editor takes it away. An entry is
//! what one read or write took: entries may cut a line anywhere.
//!
//! `\?{n}` stands for `n` bytes that the writer keeps for itself, such as a password or what a file
//! holds:
//!
//! ```text
//! 3.100000 > AT+QMTCONN=0,\"me\",\"user\",\"\?{7}\"\r
//! ```
//!
//! In a replay the host types as many zeros for them, and the module may write anything.
//!
//! When read back, the time may be missing, and empty lines and lines that begin with `#` are
//! skipped, so that a transcript can be written by hand. [`replay`] plays one to a fresh module.

mod replay;

use std::fmt::{self, Write as _};
use std::io;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

pub use replay::{Mismatch, replay};

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `>`: from the host to the module.
    ToModule,
    /// `<`: from the module to the host.
    ToHost,
}

/// Bytes that passed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line it was read from, counted from 1.
    pub line: Option<usize>,
    /// When, since the start; kept to the microsecond.
    pub at: Option<Duration>,
    /// Which way.
    pub direction: Direction,
    /// The bytes, with zeros (the digit) for those that are not shown.
    pub bytes: Vec<u8>,
    /// Where the bytes are that are not shown.
    pub hidden: Vec<Range<usize>>,
}

/// What a replayed host types for a byte that is not shown: good in a PIN, a name and hexadecimal text.
const FILLER: u8 = b'0';

/// The most bytes that all `\?{n}` of a trace may stand for: more than all files of a module have.
const HIDDEN_MAX: usize = 64 * 1024 * 1024;

/// The last second that is read: no trace is as long as ten years.
const LAST_SECOND: u64 = 10 * 366 * 24 * 3600;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(f, "{}.{:06} ", at.as_secs(), at.subsec_micros())?;
        }
        let sign = match self.direction {
            Direction::ToModule => '>',
            Direction::ToHost => '<',
        };
        write!(f, "{sign} ")?;
        let mut from = 0;
        for hidden in &self.hidden {
            write!(
                f,
                "{}\\?{{{}}}",
                part(&self.bytes, from..hidden.start),
                hidden.len()
            )?;
            from = hidden.end;
        }
        f.write_str(&part(&self.bytes, from..self.bytes.len()))
    }
}

/// Writes bytes the way they stand in a trace.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    part(bytes, 0..bytes.len())
}

/// A part of the bytes of an entry.
fn part(bytes: &[u8], range: Range<usize>) -> String {
    let mut text = String::with_capacity(range.len() + 8);
    let last = bytes.len().saturating_sub(1);
    for n in range {
        let byte = bytes[n];
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b'"' => text.push_str("\\\""),
            b' ' if n != 0 && n != last => text.push(' '),
            0x21..=0x7e => text.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

/// Reads bytes back from the way they stand in a trace; a zero for each that is not shown.
///
/// # Errors
///
/// An unknown escape, or a character that should have been one.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    read(text).map(|(bytes, _)| bytes)
}

/// Bytes, and where among them those are that are not shown.
type Read = (Vec<u8>, Vec<Range<usize>>);

fn read(text: &str) -> Result<Read, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut hidden = Vec::new();
    let mut total = 0;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let byte = match c {
            '\\' => match rest.next() {
                Some('r') => b'\r',
                Some('n') => b'\n',
                Some('\\') => b'\\',
                Some('"') => b'"',
                Some('x') => {
                    let mut digit = || rest.next().and_then(|c| c.to_digit(16));
                    let (Some(high), Some(low)) = (digit(), digit()) else {
                        return Err("\\x needs two hexadecimal digits".to_owned());
                    };
                    u8::try_from(high * 16 + low).unwrap_or(u8::MAX)
                }
                Some('?') => {
                    let (count, behind) = count(rest.as_str())?;
                    rest = behind.chars();
                    let from = bytes.len();
                    hidden.push(from..from + count);
                    total += count;
                    check_hidden(total)?;
                    bytes.resize(from + count, FILLER);
                    continue;
                }
                Some(other) => return Err(format!("unknown escape \\{other}")),
                None => return Err("a backslash at the end".to_owned()),
            },
            ' '..='~' => u8::try_from(c).unwrap_or(b'?'),
            other => return Err(format!("{other:?} must be escaped")),
        };
        bytes.push(byte);
    }
    Ok((bytes, hidden))
}

/// Whether there is room for so many bytes that are not shown.
fn check_hidden(total: usize) -> Result<(), String> {
    if total > HIDDEN_MAX {
        return Err(format!("more than {HIDDEN_MAX} bytes that are not shown"));
    }
    Ok(())
}

/// The count of `{n}` at the beginning of a text, and what follows it.
fn count(text: &str) -> Result<(usize, &str), String> {
    text.strip_prefix('{')
        .and_then(|text| text.split_once('}'))
        .and_then(|(count, behind)| Some((count.parse().ok()?, behind)))
        .filter(|(count, _)| (1..=HIDDEN_MAX).contains(count))
        .ok_or_else(|| format!("\\? needs a number from 1 to {HIDDEN_MAX} in braces"))
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let (at, rest) = match line.split_once(' ') {
            Some((first, rest)) if !matches!(first, ">" | "<") => (Some(time(first)?), rest),
            _ => (None, line),
        };
        let (sign, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let direction = match sign {
            ">" => Direction::ToModule,
            "<" => Direction::ToHost,
            other => return Err(format!("expected > or <, found {other:?}")),
        };
        let (bytes, hidden) = read(text)?;
        Ok(Self {
            line: None,
            at,
            direction,
            bytes,
            hidden,
        })
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let bad = || format!("not a time in seconds with six decimals: {text:?}");
    let (seconds, micros) = text.split_once('.').ok_or_else(bad)?;
    if micros.len() != 6 || !micros.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let seconds = seconds.parse().map_err(|_| bad())?;
    if seconds > LAST_SECOND {
        return Err(format!("{seconds} s is later than any trace goes on"));
    }
    let micros: u64 = micros.parse().map_err(|_| bad())?;
    Ok(Duration::from_secs(seconds) + Duration::from_micros(micros))
}

/// Reads a whole trace.
///
/// # Errors
///
/// The number of the first line that cannot be read, and why.
pub fn parse(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    let mut hidden = 0;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(n, line)| {
            let entry = line.parse::<Entry>().map_err(|why| (n + 1, why))?;
            hidden += entry.hidden.iter().map(Range::len).sum::<usize>();
            check_hidden(hidden).map_err(|why| (n + 1, why))?;
            let line = Some(n + 1);
            Ok(Entry { line, ..entry })
        })
        .collect()
}

/// Writes a trace as it happens.
#[derive(Debug)]
pub struct Writer<W: io::Write> {
    to: io::BufWriter<W>,
}

impl<W: io::Write> Writer<W> {
    /// A trace to this file.
    pub fn new(to: W) -> Self {
        Self {
            to: io::BufWriter::new(to),
        }
    }

    /// Notes that bytes passed.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn note(&mut self, at: Duration, direction: Direction, bytes: &[u8]) -> io::Result<()> {
        use io::Write as _;
        let entry = Entry {
            line: None,
            at: Some(at),
            direction,
            bytes: bytes.to_vec(),
            hidden: Vec::new(),
        };
        writeln!(self.to, "{entry}")
    }

    /// Hands what was noted to the file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Duration, Entry, Writer, escape, parse, unescape};
    use proptest::prelude::*;

    #[test]
    fn written_and_read() {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file);
        writer
            .note(
                Duration::from_micros(1_000_017),
                Direction::ToModule,
                b"AT\r",
            )
            .unwrap();
        writer
            .note(Duration::from_micros(12), Direction::ToHost, b"\r\n> ")
            .unwrap();
        writer
            .note(Duration::ZERO, Direction::ToHost, b" a \"\\\xff\0 ")
            .unwrap();
        writer.flush().unwrap();
        drop(writer);
        let text = String::from_utf8(file).unwrap();
        assert_eq!(
            text,
            "1.000017 > AT\\r\n0.000012 < \\r\\n>\\x20\n0.000000 < \\x20a \\\"\\\\\\xff\\x00\\x20\n"
        );
        let entries = parse(&text).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].at, Some(Duration::from_micros(1_000_017)));
        assert_eq!(entries[2].bytes, b" a \"\\\xff\0 ");
    }

    #[test]
    fn by_hand() {
        let entries = parse("# a comment\n\n> AT\\r\n< \\r\\nOK\\r\\n\n<\n").unwrap();
        let entry = |line, direction, bytes: &[u8]| Entry {
            line: Some(line),
            at: None,
            direction,
            bytes: bytes.to_vec(),
            hidden: Vec::new(),
        };
        assert_eq!(
            entries,
            [
                entry(3, Direction::ToModule, b"AT\r"),
                entry(4, Direction::ToHost, b"\r\nOK\r\n"),
                entry(5, Direction::ToHost, b""),
            ]
        );
    }

    #[test]
    fn bytes_that_are_not_shown() {
        let text = "1.000000 > \\x20\\?{3}\\\"\\?{12}\\x20";
        let entry: Entry = text.parse().unwrap();
        assert_eq!(entry.bytes, b" 000\"000000000000 ");
        assert_eq!(entry.hidden, [1..4, 5..17]);
        assert_eq!(entry.to_string(), text);
        assert_eq!(unescape("\\?{2}a").as_deref(), Ok(&b"00a"[..]));
    }

    #[test]
    fn what_cannot_be_read() {
        for bad in [
            "AT",
            "1.5 > a",
            "x.000000 > a",
            "1.00000x > a",
            "1.000000 = a",
            "> \\q",
            "> \\x1",
            "> \\xg0",
            "> \\",
            "> \\?",
            "> \\?{}",
            "> \\?{0}",
            "> \\?{99999999999}",
            "> \\?{67108864}\\?{1}",
            "18446744073709551615.000000 > a",
            "316224001.000000 > a",
            "> \\?{1",
            "> \\?{-1}",
            "> ä",
            "> a\tb",
        ] {
            let text = format!("> ok\n{bad}\n");
            assert_eq!(parse(&text).map_err(|(line, _)| line), Err(2), "{bad}");
        }
        // One by one there would be room for them.
        let text = "> \\?{50000000}\n> \\?{50000000}\n";
        assert_eq!(parse(text).map_err(|(line, _)| line), Err(2));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, micros in 0..u64::from(u32::MAX)) {
            prop_assert_eq!(unescape(&escape(&bytes)), Ok(bytes.clone()));
            let at = Some(Duration::from_micros(micros));
            let entry = Entry { line: Some(1), at, direction: Direction::ToHost, bytes, hidden: vec![] };
            prop_assert_eq!(parse(&format!("{entry}\n")), Ok(vec![entry]));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = parse(&text);
        }
    }
}
