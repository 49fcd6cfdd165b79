//! Secrets and payloads in logs: what is left out of a line before anybody sees it.

use std::ops::Range;

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

/// Where the parameter after `count` others begins.
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
    None
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

/// The data of a command for the log: never that of a file.
pub(crate) fn data(command: &str, data: &[u8]) -> String {
    let command = command.to_ascii_uppercase();
    if FILES.iter().any(|file| command.ends_with(file)) {
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
    fn other_lines_are_shown_whole() {
        for line in ["OK", "+QMTOPEN: 0,0", "AT+QMTCONN=0,\"id\"", "+CPIN: READY"] {
            assert_eq!(
                shown(line.as_bytes()),
                line.escape_default().to_string().replace("\\'", "'")
            );
        }
    }
}
