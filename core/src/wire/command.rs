//! The command writer: one AT command line, checked before a byte of it is sent.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use crate::error::{Error, Result};

/// An AT command line without its CR, built parameter by parameter.
///
/// No escape for `"` exists in this command set (register A46), so a string that holds a quote or a
/// control byte is refused with an error that names the parameter: nothing can be injected into the
/// command line through a string.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    bytes: Vec<u8>,
    secrets: Vec<Range<usize>>,
    parameters: usize,
}

impl CommandLine {
    /// Starts a line with its command, as `AT+QMTOPEN` or `AT+QMTCONN?`.
    #[must_use]
    pub fn new(command: &str) -> Self {
        Self {
            bytes: command.as_bytes().to_vec(),
            secrets: Vec::new(),
            parameters: 0,
        }
    }

    fn separator(&mut self) {
        self.bytes
            .push(if self.parameters == 0 { b'=' } else { b',' });
        self.parameters += 1;
    }

    /// Adds a number.
    #[must_use]
    pub fn int(self, value: impl Into<i64>) -> Self {
        self.bare(&value.into().to_string())
    }

    /// Adds a number that must lie in `range`; `name` is for the error.
    pub fn ranged(
        self,
        name: &str,
        value: impl Into<i64>,
        range: RangeInclusive<i64>,
    ) -> Result<Self> {
        let value = value.into();
        if range.contains(&value) {
            Ok(self.int(value))
        } else {
            let allowed = format!("{}..={}", range.start(), range.end());
            Err(Error::argument(name, value, allowed).with_command(self.name()))
        }
    }

    /// Adds a word in quotation marks that is part of the command itself, as `"keepalive"`.
    #[must_use]
    pub fn word(mut self, word: &'static str) -> Self {
        self.separator();
        self.quote(word.as_bytes());
        self
    }

    /// Adds something of the library's own without quotation marks, as `0xFFFF`.
    #[must_use]
    pub(crate) fn bare(mut self, value: &str) -> Self {
        self.separator();
        self.bytes.extend_from_slice(value.as_bytes());
        self
    }

    /// Adds a caller's string in quotation marks. Its length in bytes must lie in `length`, and it
    /// may not hold `"`, NUL, CR, LF or another control byte.
    pub fn text(mut self, name: &str, value: &str, length: RangeInclusive<usize>) -> Result<Self> {
        self.check(name, value, length, Some(value))?;
        self.separator();
        self.quote(value.as_bytes());
        Ok(self)
    }

    /// The same for a password or key: it is left out of every text and log.
    pub fn secret(
        mut self,
        name: &str,
        value: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Self> {
        self.check(name, value, length, None)?;
        self.separator();
        let start = self.bytes.len() + 1;
        self.quote(value.as_bytes());
        self.secrets.push(start..self.bytes.len() - 1);
        Ok(self)
    }

    fn check(
        &self,
        name: &str,
        value: &str,
        length: RangeInclusive<usize>,
        shown: Option<&str>,
    ) -> Result<()> {
        let error = |allowed: String| {
            let value = shown.map_or_else(|| "(a secret)".to_owned(), shorten);
            Err(Error::argument(name, value, allowed).with_command(self.name()))
        };
        if let Some(byte) = value.bytes().find(|&b| b == b'"' || b.is_ascii_control()) {
            return error(format!(
                "free of quotation marks and control bytes (it holds 0x{byte:02X}; \
                 AT command lines have no escape for it)"
            ));
        }
        if !length.contains(&value.len()) {
            return error(format!(
                "{}..={} bytes long (it has {})",
                length.start(),
                length.end(),
                value.len()
            ));
        }
        Ok(())
    }

    fn quote(&mut self, value: &[u8]) {
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(value);
        self.bytes.push(b'"');
    }

    /// Takes a whole line as a caller typed it, for commands that this library has no words for.
    /// Control bytes are refused.
    pub(crate) fn verbatim(line: &str) -> Result<Self> {
        if let Some(byte) = line.bytes().find(u8::is_ascii_control) {
            return Err(Error::argument(
                "command",
                shorten(line),
                format!("one line without control bytes (it holds 0x{byte:02X})"),
            ));
        }
        Ok(Self {
            bytes: line.as_bytes().to_vec(),
            secrets: crate::mask::secrets_in(line.as_bytes()),
            parameters: 0,
        })
    }

    /// The bytes of the line, without CR.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The command without its parameters and form, as `AT+QMTOPEN`.
    #[must_use]
    pub fn name(&self) -> String {
        let end = self
            .bytes
            .iter()
            .position(|b| matches!(b, b'=' | b'?' | b';'))
            .unwrap_or(self.bytes.len());
        String::from_utf8_lossy(&self.bytes[..end]).into_owned()
    }
}

/// A value for an error text: quoted, escaped, at most 40 characters.
fn shorten(value: &str) -> String {
    let mut text: String = value.chars().take(40).collect();
    if text.len() < value.len() {
        text.push('…');
    }
    format!("{text:?}")
}

/// The line with its secrets replaced, for logs and error texts.
impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut from = 0;
        for secret in &self.secrets {
            write!(
                f,
                "{}***",
                String::from_utf8_lossy(&self.bytes[from..secret.start])
            )?;
            from = secret.end;
        }
        f.write_str(&String::from_utf8_lossy(&self.bytes[from..]))
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLine({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn writes_numbers_words_and_texts() -> Result<()> {
        let line = CommandLine::new("AT+QMTCFG")
            .word("will")
            .int(0)
            .ranged("qos", 2, 0..=2)?
            .text("topic", "a,b c", 1..=256)?;
        assert_eq!(line.as_bytes(), b"AT+QMTCFG=\"will\",0,2,\"a,b c\"");
        assert_eq!(line.name(), "AT+QMTCFG");
        Ok(())
    }

    #[test]
    fn refuses_what_could_end_the_string_or_the_line() {
        for bad in ["a\"b", "a\rb", "a\nb", "a\0b", "a\x1ab", "a\x7fb"] {
            let error = CommandLine::new("AT+QMTSUB")
                .text("topic", bad, 1..=100)
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains("topic"), "{error}");
            assert!(error.to_string().contains("AT+QMTSUB"), "{error}");
        }
    }

    #[test]
    fn secrets_stay_out_of_texts() {
        let line = CommandLine::new("AT+QMTCONN")
            .int(0)
            .text("client_id", "id", 1..=128)
            .and_then(|l| l.secret("password", "hunter2", 0..=256))
            .unwrap();
        assert_eq!(line.to_string(), "AT+QMTCONN=0,\"id\",\"***\"");
        assert!(!format!("{line:?}").contains("hunter2"));
        let error = CommandLine::new("AT+QMTCONN")
            .secret("password", "hun\rter2", 0..=256)
            .unwrap_err();
        assert!(!error.to_string().contains("hun"), "{error}");
    }
}
