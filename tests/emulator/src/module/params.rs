//! The parameters of a write form: reading and checking them.

use std::ops::RangeInclusive;

/// Why a command failed, as its final code shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// `ERROR`, whatever `AT+CMEE` says.
    Error,
    /// `+CME ERROR` in the form that `AT+CMEE` asks for.
    Cme(u16),
    /// `+CME ERROR: <n>`, whatever `AT+CMEE` says (a fault).
    ForcedCme(i32),
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Param {
    /// Left out between two commas.
    Empty,
    /// Written without quotes.
    Bare(String),
    /// Written between quotes, here without them.
    Quoted(String),
}

/// The parameters of one command.
#[derive(Debug, Clone)]
pub(crate) struct Params {
    list: Vec<Param>,
    bare_strings: bool,
    clients: u8,
    message: Option<Vec<u8>>,
}

/// Where the message of a publish command in one line stands: behind the topic.
const MESSAGE: usize = 5;

impl Params {
    /// Reads what stands behind the `=`. There is no escape for a quote inside a string. With
    /// `bare_strings` a string may come without quotes.
    pub(crate) fn parse(text: &[u8], bare_strings: bool) -> Result<Self, Failure> {
        let text = std::str::from_utf8(text).map_err(|_| Failure::Error)?;
        let mut list = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(' ');
            let (param, tail) = if let Some(inside) = rest.strip_prefix('"') {
                let (value, tail) = inside.split_once('"').ok_or(Failure::Error)?;
                (
                    Param::Quoted(value.to_owned()),
                    tail.trim_start_matches(' '),
                )
            } else {
                let end = rest.find(',').unwrap_or(rest.len());
                let (value, tail) = rest.split_at(end);
                let value = value.trim_end_matches(' ');
                if value.contains(['"', ' ']) {
                    return Err(Failure::Error);
                }
                let param = if value.is_empty() {
                    Param::Empty
                } else {
                    Param::Bare(value.to_owned())
                };
                (param, tail)
            };
            list.push(param);
            if tail.is_empty() {
                return Ok(Self {
                    list,
                    bare_strings,
                    clients: 6,
                    message: None,
                });
            }
            rest = tail.strip_prefix(',').ok_or(Failure::Error)?;
        }
    }

    /// As [`parse`](Self::parse), for a publish command in one line: what is quoted behind the topic
    /// is the message, any bytes up to the last quote. It is not counted among the parameters.
    pub(crate) fn parse_message(text: &[u8], bare_strings: bool) -> Result<Self, Failure> {
        let mut quoted = false;
        let mut commas = text.iter().enumerate().filter(|(_, byte)| {
            quoted ^= **byte == b'"';
            **byte == b',' && !quoted
        });
        let Some((at, _)) = commas.nth(MESSAGE - 1) else {
            return Self::parse(text, bare_strings);
        };
        let [b'"', message @ .., b'"'] = text[at + 1..].trim_ascii() else {
            return Self::parse(text, bare_strings);
        };
        let mut params = Self::parse(&text[..at], bare_strings)?;
        params.message = Some(message.to_vec());
        Ok(params)
    }

    /// For a module with this many clients.
    pub(crate) fn of_clients(mut self, clients: u8) -> Self {
        self.clients = clients;
        self
    }

    /// The message that came in the same line.
    pub(crate) fn message(&self) -> Option<&[u8]> {
        self.message.as_deref()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Fails unless there are `range` many.
    pub(crate) fn count(&self, range: RangeInclusive<usize>) -> Result<(), Failure> {
        if range.contains(&self.list.len()) {
            Ok(())
        } else {
            Err(Failure::Error)
        }
    }

    /// Number `index`, which must be there and in range.
    pub(crate) fn int(&self, index: usize, range: RangeInclusive<u32>) -> Result<u32, Failure> {
        self.opt_int(index, range)?.ok_or(Failure::Error)
    }

    /// Number `index`; `None` if it is left out.
    pub(crate) fn opt_int(
        &self,
        index: usize,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Failure> {
        match self.list.get(index) {
            None | Some(Param::Empty) => Ok(None),
            Some(Param::Bare(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => text
                .parse()
                .ok()
                .filter(|value| range.contains(value))
                .map(Some)
                .ok_or(Failure::Error),
            Some(_) => Err(Failure::Error),
        }
    }

    /// A flag or another number of one digit.
    pub(crate) fn small(&self, index: usize, max: u8) -> Result<u8, Failure> {
        let value = self.int(index, 0..=u32::from(max))?;
        u8::try_from(value).map_err(|_| Failure::Error)
    }

    /// 0 or 1.
    pub(crate) fn flag(&self, index: usize) -> Result<bool, Failure> {
        Ok(self.small(index, 1)? == 1)
    }

    /// String `index`, which must be there; its length, in bytes, must be in range.
    pub(crate) fn text(
        &self,
        index: usize,
        length: RangeInclusive<usize>,
    ) -> Result<String, Failure> {
        let text = match self.list.get(index) {
            Some(Param::Quoted(text)) => text,
            Some(Param::Bare(text)) if self.bare_strings => text,
            _ => return Err(Failure::Error),
        };
        if length.contains(&text.len()) {
            Ok(text.clone())
        } else {
            Err(Failure::Error)
        }
    }

    /// String `index`; `None` if it is left out.
    pub(crate) fn opt_text(&self, index: usize, max: usize) -> Result<Option<String>, Failure> {
        match self.list.get(index) {
            None | Some(Param::Empty) => Ok(None),
            Some(_) => self.text(index, 0..=max).map(Some),
        }
    }

    /// Anything at `index`, quoted or not, as text (tolerant commands such as `AT+QCFG`).
    pub(crate) fn any(&self, index: usize) -> Option<&str> {
        match self.list.get(index) {
            None => None,
            Some(Param::Empty) => Some(""),
            Some(Param::Bare(text) | Param::Quoted(text)) => Some(text),
        }
    }

    /// What is written at `index` without quotes.
    pub(crate) fn bare(&self, index: usize) -> Option<&str> {
        match self.list.get(index) {
            Some(Param::Bare(text)) => Some(text),
            _ => None,
        }
    }

    /// `<client_idx>`, 0..=5 (note 3.3.1), or as many as the module has.
    pub(crate) fn client(&self, index: usize) -> Result<usize, Failure> {
        Ok(usize::from(
            self.small(index, self.clients.saturating_sub(1))?,
        ))
    }

    /// A number of 16 bits from `min` on: a packet id, a port.
    pub(crate) fn word(&self, index: usize, min: u16) -> Result<u16, Failure> {
        let value = self.int(index, u32::from(min)..=65535)?;
        u16::try_from(value).map_err(|_| Failure::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Params, Failure> {
        Params::parse(text.as_bytes(), false)
    }

    #[test]
    fn reads_numbers_and_strings() {
        let params = parse("0, 1 ,\"a,b\" ,,2").unwrap();
        assert_eq!(params.len(), 5);
        assert_eq!(params.int(1, 0..=1), Ok(1));
        assert_eq!(params.text(2, 1..=3), Ok("a,b".to_owned()));
        assert_eq!(params.opt_int(3, 0..=9), Ok(None));
        assert_eq!(params.int(3, 0..=9), Err(Failure::Error));
        assert_eq!(params.int(4, 0..=1), Err(Failure::Error));
        assert_eq!(params.opt_int(9, 0..=1), Ok(None));
    }

    #[test]
    fn refuses_what_is_malformed() {
        for text in ["\"a", "\"a\"b\"", "a\"b", "1 2", "\"a\"1"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Params::parse(b"\"\xff\"", false).is_err());
    }

    #[test]
    fn messages_in_the_line() {
        let message = |text: &str| {
            let params = Params::parse_message(text.as_bytes(), false).ok()?;
            let message = params.message().map(<[u8]>::to_vec);
            Some((params.len(), message))
        };
        let is = |text: &str| Some((5, Some(text.as_bytes().to_vec())));
        assert_eq!(message("0,0,0,0,\"t\",\"m\""), is("m"));
        assert_eq!(message("0,0,0,0,\"t\", \"\" "), is(""));
        assert_eq!(
            message("0,0,0,0,\"a,b\",\"{\"c\":1,\"d\":2}\""),
            is("{\"c\":1,\"d\":2}")
        );
        assert_eq!(message("0,0,0,0,\"t\",5"), Some((6, None)));
        assert_eq!(message("0,0,0,0,\"t\""), Some((5, None)));
        assert_eq!(message("0,0,0,0,\"t\",\"m"), None);
        assert_eq!(message("0,0,0,0,\"t\",\""), None);
        let params = Params::parse_message(b"0,0,0,0,\"t\",\"\xff\"", false).unwrap();
        assert_eq!(params.message(), Some(&b"\xff"[..]));
    }

    #[test]
    fn numbers_have_no_quotes_and_strings_have() {
        let params = parse("\"0\",abc,-1").unwrap();
        assert!(params.int(0, 0..=5).is_err());
        assert!(params.text(1, 0..=9).is_err());
        assert!(params.int(2, 0..=5).is_err());
        let params = Params::parse(b"0,abc", true).unwrap();
        assert_eq!(params.text(1, 0..=9), Ok("abc".to_owned()));
    }
}
