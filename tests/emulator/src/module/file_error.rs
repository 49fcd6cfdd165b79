//! The errors of file commands (supplement 2.10) and their texts.

use super::params::Failure;

macro_rules! errors {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        $(pub(crate) const $name: Failure = Failure::Cme($code);)*

        /// The text of `AT+CMEE=2`. Only that of 407 was captured; the others are the words of the
        /// manual.
        fn words(code: u16) -> Option<&'static str> {
            match code {
                $($code => Some($text),)*
                _ => None,
            }
        }
    };
}

errors! {
    VALUE = 400, "invalid input value";
    BEYOND_END = 401, "larger than the size of the file";
    ZERO_BYTES = 402, "read zero byte";
    DRIVE_FULL = 403, "drive full";
    NOT_FOUND = 405, "file not found";
    NAME = 406, "invalid file name";
    EXISTS = 407, "file already exist";
    WRITE_FAILED = 409, "fail to write the file";
    OPEN_FAILED = 410, "fail to open the file";
    READ_FAILED = 411, "fail to read the file";
    TOO_MANY_OPEN = 413, "reach the max number of file allowed to be opened";
    READ_ONLY = 414, "the file read-only";
    HANDLE = 416, "invalid file descriptor";
    LIST_FAILED = 417, "fail to list the file";
    DELETE_FAILED = 418, "fail to delete the file";
    DISK_INFO = 419, "fail to get disk info";
    NO_SPACE = 420, "no space";
    TIME_OUT = 421, "time out";
    TOO_LARGE = 423, "file too large";
    PARAMETER = 425, "invalid parameter";
    ALREADY_OPEN = 426, "file already opened";
}

/// The text of a file error; with `mixed` only the one that EG800K has.
pub(crate) fn text(code: u16, mixed: bool) -> Option<&'static str> {
    words(code).filter(|_| !mixed || code == 407)
}
