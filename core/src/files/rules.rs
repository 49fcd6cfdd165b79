//! What the file commands understand and answer: names, the checksum, answers, error numbers.

use crate::error::{Error, ErrorKind, Result};
use crate::wire::Fields;

/// Longest name in bytes, without its storage.
pub(super) const NAME: std::ops::RangeInclusive<usize> = 1..=80;

/// A name as it is sent: without the storage `UFS:`, which is the default, and free of everything that
/// a command line or the file system takes for something else.
pub(crate) fn name(name: &str) -> Result<&str> {
    let bare = without_storage(name);
    let refuse = |allowed: &str| Err(Error::argument("file name", format!("{name:?}"), allowed));
    if !NAME.contains(&bare.len()) {
        return refuse("1..=80 bytes long");
    }
    if bare.bytes().any(|b| b == b'"' || b.is_ascii_control()) {
        return refuse("free of quotation marks and control bytes");
    }
    if bare.contains(['/', '\\', ':']) {
        return refuse("free of / \\ and :, for there are no folders and no storage but UFS:");
    }
    if bare.contains(['*', '?']) {
        return refuse("the name of one file, free of * and ?");
    }
    if bare.trim() != bare {
        return refuse("free of spaces at either end");
    }
    Ok(bare)
}

/// A pattern for a listing: a name that may hold `*` and `?`.
pub(super) fn pattern(pattern: &str) -> Result<&str> {
    let bare = without_storage(pattern);
    match name(&bare.replace(['*', '?'], "x")) {
        Ok(_) => Ok(bare),
        Err(_) => Err(Error::argument(
            "file pattern",
            format!("{pattern:?}"),
            "1..=80 bytes long, free of quotation marks, control bytes, / \\ and :",
        )),
    }
}

/// A name without its storage.
pub(super) fn without_storage(name: &str) -> &str {
    match name.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("UFS:") => &name[4..],
        _ => name,
    }
}

/// The checksum of the module: XOR of the bytes in pairs, the first of each the high one; a byte
/// without a second is a high one.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    bytes.chunks(2).fold(0, |sum, pair| {
        sum ^ u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])
    })
}

/// `+QFUPL: <size>,<checksum>`, the checksum in hexadecimal of either case without leading zeros.
pub(super) fn uploaded(answer: &[Vec<u8>]) -> Option<(u64, u16)> {
    answer.iter().find_map(|line| {
        let (name, mut fields) = Fields::of_line(line)?;
        if name != b"+QFUPL" {
            return None;
        }
        let size = fields.int()?;
        let sum = std::str::from_utf8(fields.rest()?).ok()?;
        let sum = u16::from_str_radix(sum.trim().trim_matches('"'), 16).ok()?;
        Some((size, sum))
    })
}

/// Every `+QFLST: "<name>",<size>` but folders.
pub(super) fn listed(answer: &[String]) -> Vec<(String, u64)> {
    answer
        .iter()
        .filter_map(|line| {
            let (name, mut fields) = Fields::of_line(line.as_bytes())?;
            if name != b"+QFLST" {
                return None;
            }
            let file = String::from_utf8_lossy(fields.text()?).into_owned();
            let size = fields.int()?;
            (!file.ends_with('/')).then(|| (without_storage(&file).to_owned(), size))
        })
        .collect()
}

/// `+QFLDS: <free>,<total>`; some firmware leaves the name out.
pub(super) fn space(answer: &[String]) -> Option<(u64, u64)> {
    answer.iter().find_map(|line| {
        let line = line.as_bytes();
        let mut fields = match Fields::of_line(line) {
            Some((b"+QFLDS", fields)) => fields,
            Some(_) => return None,
            None => Fields::new(line),
        };
        Some((fields.int()?, fields.int()?))
    })
}

/// The number after the name in an answer of one number, as `+QFOPEN: 3000`.
pub(super) fn number(answer: &[String], name: &str) -> Option<i64> {
    answer.iter().find_map(|line| {
        let (found, mut fields) = Fields::of_line(line.as_bytes())?;
        (found == name.as_bytes()).then(|| fields.int())?
    })
}

/// Numbers of `+CME ERROR` that file commands answer, and their words. Firmware that is asked for
/// numbers gives words all the same here and there.
const ERRORS: [(i32, &str, &str); 20] = [
    (400, "invalid input value", ""),
    (401, "larger than the size of the file", ""),
    (402, "read zero byte", "nothing is left to read"),
    (403, "drive full", "delete files that nothing needs"),
    (405, "file not found", ""),
    (406, "invalid file name", ""),
    (407, "file already exist", "delete it first"),
    (
        409,
        "fail to write the file",
        "the flash may be full or worn",
    ),
    (410, "fail to open the file", ""),
    (411, "fail to read the file", ""),
    (
        413,
        "reach the max number of files allowed to be opened",
        "",
    ),
    (414, "the file read-only", ""),
    (416, "invalid file descriptor", ""),
    (417, "fail to list the file", ""),
    (418, "fail to delete the file", "it may be open"),
    (419, "fail to get disk info", ""),
    (420, "no space", "delete files that nothing needs"),
    (
        421,
        "time-out",
        "it waited for more bytes than came: lower the load on the line, or raise the time-out",
    ),
    (423, "file too large", ""),
    (426, "file is already opened", "close it first"),
];

/// The number of an error of a file command, also where the module said it in words.
pub(super) fn number_of(error: &Error) -> Option<i32> {
    if error.kind() != ErrorKind::CmeError {
        return None;
    }
    error.code().or_else(|| {
        let said = error.detail().rsplit_once("ERROR:")?.1.trim();
        ERRORS
            .iter()
            .find(|(_, words, _)| said.eq_ignore_ascii_case(words))
            .or_else(|| {
                // "file already exists", "file already existed": as far as the words go.
                let same = |words: &str| {
                    said.get(..words.len())
                        .is_some_and(|head| head.eq_ignore_ascii_case(words))
                };
                ERRORS.iter().find(|(_, words, _)| same(words))
            })
            .map(|&(number, ..)| number)
    })
}

/// An error of a file command with its number, its meaning, what to do, and the file it is about.
pub(super) fn explained(error: Error, file: &str) -> Error {
    let Some(number) = number_of(&error) else {
        return about(error, file);
    };
    let known = ERRORS.iter().find(|(known, ..)| *known == number);
    let meaning = match known {
        Some((_, words, "")) => format!(" ({number}: {words})"),
        Some((_, words, advice)) => format!(" ({number}: {words}; {advice})"),
        None => String::new(),
    };
    about(error.with_code(number), &format!("{file}{meaning}"))
}

/// The same error with a few words in front of its text.
fn about(error: Error, what: &str) -> Error {
    let mut named = Error::new(error.kind(), format!("{what}: {}", error.detail()));
    if let Some(code) = error.code() {
        named = named.with_code(code);
    }
    match error.command() {
        Some(command) => named.with_command(command),
        None => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_manual_and_of_captures() {
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum(b"\x12"), 0x1200);
        assert_eq!(checksum(b"\x12\x34\xFF"), 0xED34);
        assert_eq!(checksum(b"\x01\x02\x01\x02"), 0);
    }

    #[test]
    fn names_are_normalised_or_refused() {
        assert_eq!(name("UFS:ca.pem").unwrap(), "ca.pem");
        assert_eq!(name("ufs:ca.pem").unwrap(), "ca.pem");
        let long = "x".repeat(80);
        assert_eq!(name(&format!("UFS:{long}")).unwrap(), long);
        let too_long = "x".repeat(81);
        for bad in [
            "", "UFS:", "a\"b", "a\rb", "a\nb", "a\0b", "a/b", "../a", "SD:a", "*", "a?", " a",
            "a ", "a\\b", &too_long,
        ] {
            let error = name(bad).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains("file name is"), "{error}");
        }
        assert_eq!(pattern("UFS:*.pem").unwrap(), "*.pem");
        assert!(pattern("a\"b*").is_err());
    }

    #[test]
    fn upload_answers_of_captures() {
        let read = |line: &str| uploaded(&[line.as_bytes().to_vec()]);
        assert_eq!(read("+QFUPL: 1188,2d13"), Some((1188, 0x2D13)));
        assert_eq!(read("+QFUPL: 1675,372"), Some((1675, 0x372)));
        assert_eq!(read("+QFUPL: 683,F6E"), Some((683, 0xF6E)));
        assert_eq!(read("+QFUPL:5,0"), Some((5, 0)));
        assert_eq!(read("+QFUPL: 5"), None);
    }

    #[test]
    fn listings_of_captures() {
        let lines: Vec<String> = [
            "+QFLST: \"UFS:isrgx1.pem\",1939",
            "+QFLST: \"cacert.pem\",1208",
            "+QFLST: \"security/\",2",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(
            listed(&lines),
            [
                ("isrgx1.pem".to_owned(), 1939),
                ("cacert.pem".to_owned(), 1208)
            ]
        );
        assert_eq!(
            space(&["+QFLDS: 3776512,3776512".to_owned()]),
            Some((3_776_512, 3_776_512))
        );
        assert_eq!(
            space(&["180224,286720".to_owned()]),
            Some((180_224, 286_720))
        );
    }

    #[test]
    fn numbers_and_words_mean_the_same() {
        let said = |text: &str| {
            let error = Error::new(
                ErrorKind::CmeError,
                format!("the module answered +CME ERROR: {text}"),
            );
            number_of(&match text.parse() {
                Ok(code) => error.with_code(code),
                Err(_) => error,
            })
        };
        assert_eq!(said("407"), Some(407));
        assert_eq!(said("file already exist"), Some(407));
        assert_eq!(said("File already existed"), Some(407));
        assert_eq!(said("file not found"), Some(405));
        assert_eq!(said("operation not allowed"), None);
    }
}
