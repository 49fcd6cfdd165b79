//! The parameter reader: what follows the colon of an answer or URC.

use std::str;

/// One parameter of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// A whole number, as in `+QMTOPEN: 0,-1`.
    Int(i64),
    /// What stands between quotation marks.
    Text(&'a [u8]),
    /// What stands between parentheses in the answer to a test form, as `0-5` or `3,4`.
    Group(&'a [u8]),
    /// Anything else up to the next comma, trimmed; empty where a parameter is left out.
    Bare(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The number, where it is one.
    #[must_use]
    pub fn int(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The quoted string, where it is one.
    #[must_use]
    pub fn text(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }
}

/// Reads the comma-separated parameters of a line one after the other.
///
/// A quoted string ends at the first quotation mark that a comma or the end of the line follows, so
/// that a quote inside a string of another device does not shift the rest. Spaces around a
/// parameter are ignored.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// Reads `parameters`, the part of a line behind its colon.
    #[must_use]
    pub fn new(parameters: &'a [u8]) -> Self {
        let rest = parameters.trim_ascii_start();
        Self {
            rest: (!rest.is_empty()).then_some(rest),
        }
    }

    /// Splits `+NAME: parameters` at its colon; `None` where the line has another shape.
    #[must_use]
    pub fn of_line(line: &'a [u8]) -> Option<(&'a [u8], Self)> {
        let colon = memchr::memchr(b':', line)?;
        let name = line[..colon].trim_ascii();
        (name.len() > 1 && !name[0].is_ascii_alphanumeric())
            .then(|| (name, Self::new(&line[colon + 1..])))
    }

    /// The next parameter as a number that fits `T`; `None` at the end or where it is none.
    pub fn int<T: TryFrom<i64>>(&mut self) -> Option<T> {
        self.next()?.int().and_then(|value| T::try_from(value).ok())
    }

    /// The next parameter as a quoted string.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        self.next()?.text()
    }

    /// Everything that has not been read, untouched; `None` at the end of the line.
    #[must_use]
    pub fn rest(&self) -> Option<&'a [u8]> {
        self.rest
    }

    /// Whether all parameters have been read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.rest.is_none()
    }

    fn advance(&mut self, from: &'a [u8], to: usize) {
        let tail = &from[to..];
        self.rest = match memchr::memchr(b',', tail) {
            Some(comma) => Some(tail[comma + 1..].trim_ascii_start()),
            None => None,
        };
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let rest = self.rest?;
        match rest.first() {
            Some(b'"') => {
                let close = closing_quote(&rest[1..]);
                let end = close.map_or(rest.len(), |at| at + 1);
                self.advance(rest, (end + 1).min(rest.len()));
                Some(Field::Text(&rest[1..end]))
            }
            Some(b'(') => {
                let close = closing_parenthesis(rest).unwrap_or(rest.len());
                self.advance(rest, close);
                Some(Field::Group(&rest[1..close]))
            }
            _ => {
                let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
                let bare = rest[..end].trim_ascii_end();
                self.advance(rest, end);
                let number = str::from_utf8(bare).ok().and_then(|s| s.parse().ok());
                Some(number.map_or(Field::Bare(bare), Field::Int))
            }
        }
    }
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'"', text)
        .find(|&at| matches!(text[at + 1..].trim_ascii_start().first(), None | Some(b',')))
}

fn closing_parenthesis(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quoted = false;
    text.iter().position(|&byte| {
        match byte {
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<Field<'_>> {
        Fields::new(text.as_bytes()).collect()
    }

    #[test]
    fn reads_every_kind() {
        assert_eq!(
            fields(r#" 0, -1,"a,b",(0-5),<msgid>,,"x"y""#),
            [
                Field::Int(0),
                Field::Int(-1),
                Field::Text(b"a,b"),
                Field::Group(b"0-5"),
                Field::Bare(b"<msgid>"),
                Field::Bare(b""),
                Field::Text(b"x\"y"),
            ]
        );
        assert_eq!(fields(""), []);
        assert_eq!(fields("1,"), [Field::Int(1), Field::Bare(b"")]);
    }

    #[test]
    fn an_unclosed_string_runs_to_the_end() {
        assert_eq!(fields("\"abc"), [Field::Text(b"abc")]);
        assert_eq!(fields("\""), [Field::Text(b"")]);
        assert_eq!(fields("(1,2"), [Field::Group(b"1,2")]);
    }

    #[test]
    fn groups_may_hold_quotes_and_parentheses() {
        assert_eq!(
            fields(r#"("usbat","u)art1",(1,2)),3"#),
            [Field::Group(br#""usbat","u)art1",(1,2)"#), Field::Int(3)]
        );
    }

    #[test]
    fn a_line_needs_a_name_and_a_colon() {
        let (name, mut rest) = Fields::of_line(b"+QMTOPEN:0,-1").unwrap();
        assert_eq!(name, b"+QMTOPEN");
        assert_eq!((rest.int(), rest.int()), (Some(0_u8), Some(-1_i32)));
        assert!(rest.is_at_end());
        assert!(Fields::of_line(b"OK").is_none());
        assert!(Fields::of_line(b"Revision: X").is_none());
    }
}
