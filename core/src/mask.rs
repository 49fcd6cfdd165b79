//! Secrets and payloads in logs: what is left out of a line before anybody sees it.

use std::ops::Range;

use crate::wire::{Fields, find, find_all};

/// Lines that carry a secret.
struct Secret {
    /// What to look for, in upper case.
    marker: &'static [u8],
    /// How many parameters behind it may be shown. Everything after them is masked.
    shown: usize,
    /// Where it is what a module prints: how many quoted strings stand behind it, and how many of them may
    /// be shown.
    strings: Option<(usize, usize)>,
}

/// In a command, or in an answer of which no document tells more.
const fn sent(marker: &'static [u8], shown: usize) -> Secret {
    Secret {
        marker,
        shown,
        strings: None,
    }
}

/// In an answer, and perhaps in the command too.
const fn answered(marker: &'static [u8], shown: usize, strings: (usize, usize)) -> Secret {
    Secret {
        marker,
        shown,
        strings: Some(strings),
    }
}

const SECRETS: [Secret; 15] = [
    sent(b"QMTCONN=", 3),
    answered(b"\"ALIAUTH\",", 1, (3, 1)),
    answered(b"\"ONENET\",", 1, (2, 1)),
    answered(b"\"HWAUTH\",", 1, (2, 1)),
    answered(b"\"HWPRODID\",", 1, (3, 1)),
    sent(b"\"CTWING\",", 1),
    answered(b"\"CLIENTKEY\",", 2, (2, 1)),
    answered(b"\"PSK\",", 1, (2, 0)),
    sent(b"+QICSGP=", 4),
    answered(b"+QICSGP:", 3, (3, 2)),
    sent(b"+CPIN=", 0),
    sent(b"+CLCK=", 2),
    sent(b"+CPWD=", 1),
    sent(b"+CGAUTH=", 2),
    answered(b"+CGAUTH:", 2, (2, 0)),
];

impl Secret {
    fn find(&self, upper: &[u8]) -> Option<usize> {
        find(upper, self.marker).map(|at| at + self.marker.len())
    }

    /// Whether a command line has it, or is answered by it. Test forms are not.
    fn is_near(&self, upper: &[u8]) -> bool {
        let name = match self.marker {
            [name @ .., b':' | b','] => name,
            marker => marker,
        };
        find_all(upper, name).any(|at| {
            let rest = &upper[at + name.len()..];
            let test: &[u8] = if name.ends_with(b"=") { b"?" } else { b"=?" };
            !rest.starts_with(test)
        })
    }
}

/// The parts of a line that must not be shown.
pub(crate) fn secrets_in(line: &[u8]) -> Vec<Range<usize>> {
    if line.len() < 7 || !line.contains(&b'"') && !line.contains(&b'=') {
        return Vec::new();
    }
    let upper = line.to_ascii_uppercase();
    SECRETS
        .iter()
        .filter_map(|secret| {
            let at = secret.find(&upper)?;
            let start = match line.starts_with(b"+") {
                // Where bytes were lost on the way nobody can tell which of its strings is the secret.
                true => at + skip_strings(&line[at..], secret.strings).unwrap_or(0),
                false => skip_parameters(line, at, secret.shown)?,
            };
            (start < line.len()).then_some(start..line.len())
        })
        .min_by_key(|range| range.start)
        .into_iter()
        .collect()
}

/// Where the parameter after so many strings begins, in parameters that have the right number of strings
/// between quotation marks, and nothing else but numbers.
fn skip_strings(parameters: &[u8], strings: Option<(usize, usize)>) -> Option<usize> {
    let (count, shown) = strings?;
    let mut quoted = false;
    let fields = parameters.split(|byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    let (mut at, mut found, mut start) = (0, 0, None);
    for field in fields {
        match field.trim_ascii() {
            [b'"', text @ .., b'"'] if !text.contains(&b'"') => {
                if found == shown {
                    start = Some(at);
                }
                found += 1;
            }
            field if field.contains(&b'"') => return None,
            _ => {}
        }
        at += field.len() + 1;
    }
    start.filter(|_| found == count)
}

/// Where the parameter after `count` others begins. In a line that lost a quotation mark on its way nobody
/// can tell: then it begins at once.
fn skip_parameters(line: &[u8], from: usize, count: usize) -> Option<usize> {
    let mut quoted = false;
    let mut left = count;
    if left == 0 {
        return Some(from);
    }
    for (at, byte) in line.iter().enumerate().skip(from) {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                left -= 1;
                if left == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    quoted.then_some(from)
}

/// A byte as it may be shown; `None` for one that may not.
pub(crate) type Shown = Option<u8>;

/// What stands for a byte that is not shown where a trace is replayed.
const FILLER: u8 = b'0';

/// All of it.
pub(crate) fn plain(bytes: &[u8]) -> Vec<Shown> {
    bytes.iter().copied().map(Some).collect()
}

/// Lines with their ends. Of a secret, the quotation marks and commas around its parameters are left.
pub(crate) fn lines(bytes: &[u8]) -> Vec<Shown> {
    let mut shown = plain(bytes);
    let mut from = 0;
    for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')) {
        for secret in secrets_in(line) {
            let mut quoted = false;
            for (byte, shown) in line[secret.clone()]
                .iter()
                .zip(&mut shown[from + secret.start..])
            {
                quoted ^= *byte == b'"';
                if *byte != b'"' && (quoted || *byte != b',') {
                    *shown = None;
                }
            }
        }
        from += line.len() + 1;
    }
    shown
}

/// Shorter files are hidden whole: their checksum would tell too much of them.
const CHECKSUM_FROM: usize = 16;

/// What a file holds: nothing of it, but with two bytes at its end that give the whole the checksum that
/// the module will print, once every hidden byte is taken for [`FILLER`].
pub(crate) fn file(bytes: &[u8]) -> Vec<Shown> {
    let mut shown = vec![None; bytes.len()];
    if bytes.len() < CHECKSUM_FROM {
        return shown;
    }
    for last in [bytes.len() - 2, bytes.len() - 1] {
        let column = bytes.iter().skip(last % 2).step_by(2);
        let (sum, count) = column.fold((0, 0), |(sum, count), byte| (sum ^ byte, count + 1));
        let fillers = if count % 2 == 0 { FILLER } else { 0 };
        shown[last] = Some(sum ^ fillers);
    }
    shown
}

/// A line of the serial port, in either direction, as the log shows it: escaped, secrets masked, at
/// most 120 bytes. For programs that show such lines from elsewhere.
///
/// ```
/// let line = br#"AT+QMTCONN=0,"id","user","hunter2""#;
/// assert_eq!(atmqtt::mask::shown(line), r#"AT+QMTCONN=0,\"id\",\"user\",***"#);
/// ```
#[must_use]
pub fn shown(line: &[u8]) -> String {
    let (visible, tail) = match secrets_in(line).first() {
        Some(secret) => (&line[..secret.start], "***"),
        None => (line, ""),
    };
    format!("{}{tail}", shortened(visible))
}

/// Commands whose data is the contents of a file, which may be a private key.
const FILES: [&str; 3] = ["+QFUPL", "+QFWRITE", "+QSECWRITE"];

/// Whether the data of a command line is what a file holds.
pub(crate) fn is_of_file(line: &[u8]) -> bool {
    let line = line.to_ascii_uppercase();
    FILES
        .iter()
        .any(|file| find(&line, file.as_bytes()).is_some())
}

/// What may come while a command is under way and no log, trace or event may show: the line that says
/// what it is may be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Private {
    #[default]
    Nothing,
    /// An answer that holds a secret, or the echo of a command that does.
    Secret,
    /// What a file holds, which may be a private key.
    File,
}

/// Lines without a name in front that are no answer to anything.
pub(crate) const BARE_URCS: [&[u8]; 5] = [
    b"APP RDY",
    b"POWERED DOWN",
    b"NORMAL POWER DOWN",
    b"RING",
    b"NO CARRIER",
];

/// What a module says by itself with strings in it.
const URCS_WITH_STRINGS: [&[u8]; 5] = [b"+QIURC", b"+QIND", b"+CREG", b"+CGREG", b"+CEREG"];

impl Private {
    /// What a command line and its data may bring.
    pub(crate) fn of_command(line: &[u8], has_data: bool) -> Self {
        let upper = line.to_ascii_uppercase();
        if has_data && is_of_file(line) {
            Self::File
        } else if SECRETS.iter().any(|secret| secret.is_near(&upper)) {
            Self::Secret
        } else {
            Self::Nothing
        }
    }

    /// Whether a line that is not an echo may be shown, with its secrets masked: it cannot be what must
    /// not be seen.
    pub(crate) fn shows(self, line: &[u8]) -> bool {
        match self {
            Self::Nothing => true,
            Self::File => is_speech(line),
            Self::Secret => is_speech(line) && (!line.contains(&b'"') || is_known(line)),
        }
    }
}

fn is_known(line: &[u8]) -> bool {
    let urc = Fields::of_line(line).is_some_and(|(name, _)| URCS_WITH_STRINGS.contains(&name));
    urc || !secrets_in(line).is_empty()
}

/// Whether a line is one of those that a module prints, and not a part of a file or of a string.
fn is_speech(line: &[u8]) -> bool {
    let named = Fields::of_line(line).is_some_and(|(name, _)| {
        let is_name = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'+' | b' ');
        name.starts_with(b"+") && name.iter().all(is_name)
    });
    let counted = line.strip_prefix(b"CONNECT").is_some_and(|rest| {
        rest.iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b' ')
    });
    named || counted || matches!(line, b"OK" | b"ERROR" | b"RDY") || BARE_URCS.contains(&line)
}

/// The data of a command line for the log: never that of a file.
pub(crate) fn data(line: &[u8], data: &[u8]) -> String {
    if is_of_file(line) {
        format!("({} bytes of a file)", data.len())
    } else {
        shortened(data)
    }
}

/// Data for the log: escaped, at most 120 bytes of it.
pub(crate) fn shortened(data: &[u8]) -> String {
    const SHOWN: usize = 120;
    if data.len() <= SHOWN {
        data.escape_ascii().to_string()
    } else {
        format!("{}… ({} bytes)", data[..SHOWN].escape_ascii(), data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_is_masked_in_either_direction() {
        for line in [
            "AT+QMTCONN=0,\"a,b\",\"user\",\"hunter2\"",
            "at+qmtconn=0,\"id\",\"user\",\"hunter2\"",
            "AT+QMTCFG=\"aliauth\",0,\"key\",\"name\",\"hunter2\"",
            "+QMTCFG: \"aliauth\",\"key\",\"name\",\"hunter2\"",
            "+QMTCFG: \"onenet\",\"id\",\"hunter2\"",
            "+QMTCFG: \"hwauth\",\"id\",\"hunter2\",1",
            "+QMTCFG: \"hwprodid\",\"id\",\"hunter2\",\"node\"",
            "AT+QSSLCFG=\"clientkey\",2,\"UFS:key.pem\",\"hunter2\"",
            "AT+QICSGP=1,1,\"apn\",\"user\",\"hunter2\",1",
            "+QICSGP: 1,\"apn\",\"user\",\"hunter2\",1",
            "AT+CPIN=\"hunter2\"",
        ] {
            let shown = shown(line.as_bytes());
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("***"), "{shown}");
        }
    }

    #[test]
    fn a_line_that_lost_a_quotation_mark_shows_nothing() {
        let shown = shown(b"AT+QMTCONN=0,\"me,\"user\",\"hunter2\"");
        assert_eq!(shown, "AT+QMTCONN=***");
    }

    fn text(shown: &[Shown]) -> String {
        let chars = shown.iter().map(|byte| char::from(byte.unwrap_or(b'?')));
        chars.collect()
    }

    #[test]
    fn what_is_left_of_a_secret_is_its_shape() {
        let bytes = b"\r\nOK\r\n+QICSGP: 1,\"apn\",\"user\",\"a,b\",1\r\n+CSQ: 1,2\r\n";
        assert_eq!(
            text(&lines(bytes)),
            "\r\nOK\r\n+QICSGP: 1,\"apn\",\"user\",\"???\",?\r\n+CSQ: 1,2\r\n"
        );
    }

    #[test]
    fn a_hidden_file_has_the_checksum_of_the_file() {
        for length in 0..100_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(59) ^ 0xa5).collect();
            let shown = file(&bytes);
            let typed: Vec<u8> = shown.iter().map(|byte| byte.unwrap_or(FILLER)).collect();
            let told = shown.iter().flatten().count();
            if bytes.len() < CHECKSUM_FROM {
                assert_eq!(told, 0);
            } else {
                assert_eq!(told, 2);
                assert_eq!(
                    crate::Files::checksum(&typed),
                    crate::Files::checksum(&bytes)
                );
            }
        }
    }

    #[test]
    fn other_lines_are_shown_whole() {
        for line in ["OK", "+QMTOPEN: 0,0", "AT+QMTCONN=0,\"id\"", "+CPIN: READY"] {
            assert_eq!(
                shown(line.as_bytes()),
                line.escape_default().to_string().replace("\\'", "'")
            );
        }
    }
}
