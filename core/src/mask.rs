//! Secrets and payloads in logs: what is left out of a line before anybody sees it.

use std::ops::Range;

use crate::wire::Fields;

/// Lines that carry a secret: what to look for (in upper case), and how many parameters behind it
/// may be shown. Everything after them is masked.
const SECRETS: [(&[u8], usize); 14] = [
    (b"QMTCONN=", 3),
    (b"\"ALIAUTH\",", 1),
    (b"\"ONENET\",", 1),
    (b"\"HWAUTH\",", 1),
    (b"\"HWPRODID\",", 1),
    (b"\"CTWING\",", 1),
    (b"\"CLIENTKEY\",", 2),
    (b"\"PSK\",", 1),
    (b"+QICSGP=", 4),
    (b"+QICSGP:", 3),
    (b"+CPIN=", 0),
    (b"+CLCK=", 2),
    (b"+CPWD=", 1),
    (b"+CGAUTH=", 2),
];

/// The parts of a line that must not be shown.
pub(crate) fn secrets_in(line: &[u8]) -> Vec<Range<usize>> {
    if line.len() < 7 || !line.contains(&b'"') && !line.contains(&b'=') {
        return Vec::new();
    }
    let upper = line.to_ascii_uppercase();
    SECRETS
        .iter()
        .filter_map(|(marker, shown)| {
            let at = memchr::memmem::find(&upper, marker)? + marker.len();
            let start = skip_parameters(line, at, *shown)?;
            (start < line.len()).then_some(start..line.len())
        })
        .min_by_key(|range| range.start)
        .into_iter()
        .collect()
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

/// A received line for the log: escaped, secrets masked, at most 120 bytes.
pub(crate) fn shown(line: &[u8]) -> String {
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
        .any(|file| memchr::memmem::find(&line, file.as_bytes()).is_some())
}

/// Whether a line is one of those that a module prints while a file moves, and not a part of one.
pub(crate) fn is_speech(line: &[u8]) -> bool {
    let named = Fields::of_line(line).is_some_and(|(name, _)| {
        let is_name = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'+' | b' ');
        name.starts_with(b"+") && name.iter().all(is_name)
    });
    let counted = line.strip_prefix(b"CONNECT").is_some_and(|rest| {
        rest.iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b' ')
    });
    named || counted || matches!(line, b"OK" | b"ERROR" | b"RDY")
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
