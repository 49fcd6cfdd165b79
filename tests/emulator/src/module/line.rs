//! From typed bytes to command lines, and from a command line to its commands.

use std::collections::VecDeque;

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// What the byte just typed completed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line, without its end.
    Line(Vec<u8>),
    /// `A/`: run the line before once more.
    Repeat,
    /// A line longer than the limit.
    TooLong,
}

/// The command line while it is typed.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    buffer: Vec<u8>,
    /// How many quotes are in it.
    quotes: usize,
    too_long: bool,
    last: Vec<u8>,
}

impl Editor {
    /// Takes one byte; appends to `echo` what a terminal would show for it. `end` and `rubout` are
    /// registers S3 and S5; `limit` is the longest line, in bytes.
    pub(crate) fn feed(
        &mut self,
        byte: u8,
        end: u8,
        rubout: u8,
        limit: usize,
        echo: &mut Vec<u8>,
    ) -> Option<Typed> {
        if byte == end {
            echo.push(byte);
            let line = std::mem::take(&mut self.buffer);
            self.quotes = 0;
            if std::mem::take(&mut self.too_long) {
                return Some(Typed::TooLong);
            }
            if line.is_empty() {
                return None;
            }
            self.last.clone_from(&line);
            return Some(Typed::Line(line));
        }
        if byte == rubout {
            if let Some(gone) = self.buffer.pop() {
                self.quotes -= usize::from(gone == b'"');
                echo.extend_from_slice(&[rubout, b' ', rubout]);
            }
            return None;
        }
        // Line feeds are no part of a command, and other control bytes, such as a Ctrl+Z after a
        // payload, only inside quotes.
        let quoted = self.quotes % 2 == 1;
        if byte == LF || (!quoted && (byte < b' ' || byte == 0x7F)) {
            return None;
        }
        if byte == b' ' && self.buffer.is_empty() {
            return None;
        }
        echo.push(byte);
        if byte == b'/' && self.buffer.eq_ignore_ascii_case(b"A") {
            self.clear();
            return Some(Typed::Repeat);
        }
        if self.buffer.len() >= limit {
            self.too_long = true;
        } else {
            self.buffer.push(byte);
            self.quotes += usize::from(byte == b'"');
        }
        None
    }

    /// The line that `A/` repeats.
    pub(crate) fn last(&self) -> Vec<u8> {
        self.last.clone()
    }

    /// Forgets a half-typed line.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.quotes = 0;
        self.too_long = false;
    }
}

/// Watches for the line feed of a CR LF line end, also across a prompt: whether a LF that follows a
/// CR belongs to it is known from how the host ended the line before.
#[derive(Debug, Default)]
pub(crate) struct LineEnds {
    after_cr: bool,
    habit: bool,
}

impl LineEnds {
    /// Takes one byte typed as command; true if it is the LF of a line end.
    pub(crate) fn in_command(&mut self, byte: u8) -> bool {
        let lf = byte == LF && self.after_cr;
        if self.after_cr {
            self.habit = lf;
        }
        self.after_cr = byte == CR;
        lf
    }

    /// Takes a byte that came after the prompt; true if it is no payload but the LF of the command.
    pub(crate) fn in_data(&mut self, byte: u8) -> bool {
        let lf = byte == LF && self.after_cr && self.habit;
        self.after_cr = false;
        lf
    }

    /// Takes a byte that was dropped.
    pub(crate) fn dropped(&mut self, byte: u8) {
        if self.after_cr {
            self.habit = byte == LF;
        }
        self.after_cr = false;
    }
}

/// How a command is given (note, table 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Bare.
    Execute,
    /// `=?`
    Test,
    /// `?`
    Read,
    /// `=` and parameters, as typed; for basic commands the number behind the letter.
    Write(Vec<u8>),
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// Upper case: `+QMTSUB`, `E`, `&F`, `S3`.
    pub(crate) name: String,
    /// How it was given.
    pub(crate) form: Form,
}

/// The part of a typed line from its `AT` on, without it; `None` if there is no `AT`.
pub(crate) fn after_prefix(line: &[u8]) -> Option<&[u8]> {
    let at = line
        .windows(2)
        .position(|pair| pair.eq_ignore_ascii_case(b"AT"))?;
    Some(&line[at + 2..])
}

/// The commands of a line behind its `AT`. `None` stands for something that is no command; nothing
/// follows it. The commands `with_message` end in a message that may hold quotes.
pub(crate) fn split(mut text: &[u8], with_message: &[&str]) -> VecDeque<Option<Command>> {
    let mut commands = VecDeque::new();
    loop {
        while let [b' ' | b';', rest @ ..] = text {
            text = rest;
        }
        let Some(&first) = text.first() else {
            return commands;
        };
        let command = if matches!(first, b'+' | b'%' | b'^' | b'$' | b'*' | b'#') {
            let end = segment_end(text, with_message);
            let (segment, rest) = text.split_at(end);
            text = rest;
            extended(segment)
        } else {
            basic(&mut text)
        };
        let bad = command.is_none();
        commands.push_back(command);
        if bad {
            return commands;
        }
    }
}

/// Length of the text up to a `;` outside quotes; for a command with a message, behind the last
/// quote.
fn segment_end(text: &[u8], with_message: &[&str]) -> usize {
    let name = text.split(|byte| *byte == b'=').next().unwrap_or(text);
    let is_it = |other: &&str| name.eq_ignore_ascii_case(other.as_bytes());
    if with_message.iter().any(is_it) {
        let quote = text.iter().rposition(|byte| *byte == b'"').unwrap_or(0);
        let end = text[quote..].iter().position(|byte| *byte == b';');
        return end.map_or(text.len(), |end| quote + end);
    }
    let mut quoted = false;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b';' if !quoted => return index,
            _ => {}
        }
    }
    text.len()
}

fn extended(segment: &[u8]) -> Option<Command> {
    let name_end = segment
        .iter()
        .position(|byte| matches!(byte, b'=' | b'?'))
        .unwrap_or(segment.len());
    let (name, rest) = segment.split_at(name_end);
    let form = match rest {
        [] => Form::Execute,
        [b'?', tail @ ..] if tail.trim_ascii().is_empty() => Form::Read,
        [b'=', tail @ ..] if tail.trim_ascii() == b"?" => Form::Test,
        [b'=', tail @ ..] => Form::Write(tail.to_vec()),
        _ => return None,
    };
    let name = if form == Form::Execute {
        name.trim_ascii_end()
    } else {
        name
    };
    let name = std::str::from_utf8(name).ok()?.to_ascii_uppercase();
    let legal = |c: char| c.is_ascii_alphanumeric() || "+%^$*#&_-./:".contains(c);
    (name.len() > 1 && name.chars().all(legal)).then_some(Command { name, form })
}

/// Takes one basic command off the front of `text`.
fn basic(text: &mut &[u8]) -> Option<Command> {
    let mut name = String::new();
    if let [mark @ (b'&' | b'\\'), rest @ ..] = *text {
        name.push(char::from(*mark));
        *text = rest;
    }
    let (&letter, rest) = text.split_first()?;
    if !letter.is_ascii_alphabetic() {
        return None;
    }
    name.push(char::from(letter.to_ascii_uppercase()));
    *text = rest;
    if name == "D" {
        let number = std::mem::take(text).to_vec();
        return Some(Command {
            name,
            form: Form::Write(number),
        });
    }
    let digits = take_digits(text);
    if name == "S" {
        name.push_str(&digits);
        let form = match *text {
            [b'?', rest @ ..] => {
                *text = rest;
                Form::Read
            }
            [b'=', b'?', rest @ ..] => {
                *text = rest;
                Form::Test
            }
            [b'=', rest @ ..] => {
                *text = rest;
                Form::Write(take_digits(text).into_bytes())
            }
            _ => Form::Execute,
        };
        return Some(Command { name, form });
    }
    let form = if digits.is_empty() {
        Form::Execute
    } else {
        Form::Write(digits.into_bytes())
    };
    Some(Command { name, form })
}

fn take_digits(text: &mut &[u8]) -> String {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        split(line.as_bytes(), &["+QMTPUB"])
            .into_iter()
            .map(|command| command.map_or_else(|| "?".to_owned(), |command| command.name))
            .collect()
    }

    #[test]
    fn several_commands_in_one_line() {
        assert_eq!(names("E0V1Q0"), ["E", "V", "Q"]);
        assert_eq!(names("I;+CSQ;&D2"), ["I", "+CSQ", "&D"]);
        assert_eq!(names("+QMTSUB=0,1,\"a;b\",1;+CSQ"), ["+QMTSUB", "+CSQ"]);
        assert_eq!(names("&FE0+CMEE=1"), ["&F", "E", "+CMEE"]);
        assert_eq!(names("S3=13S4?"), ["S3", "S4"]);
        assert_eq!(names("BOGUS"), ["B", "O", "G", "U", "S"]);
        assert_eq!(names("E0;5"), ["E", "?"]);
        let message = "+QmtPub=0,0,0,0,\"t\",\"{\"a\":\"b;c\"}\";+CSQ";
        assert_eq!(names(message), ["+QMTPUB", "+CSQ"]);
        assert_eq!(names(""), Vec::<String>::new());
    }

    #[test]
    fn spaces_only_outside_the_name() {
        assert_eq!(names(" +CREG?  "), ["+CREG"]);
        assert_eq!(names("+CR EG?"), ["?"]);
        assert_eq!(names("+CSQ "), ["+CSQ"]);
    }

    #[test]
    fn forms() {
        let form = |line: &str| {
            split(line.as_bytes(), &[])
                .pop_front()
                .unwrap()
                .unwrap()
                .form
        };
        assert_eq!(form("+QMTCFG=?"), Form::Test);
        assert_eq!(form("+QMTCFG?"), Form::Read);
        assert_eq!(form("+QMTCFG"), Form::Execute);
        assert_eq!(form("+QMTCFG=\"?\""), Form::Write(b"\"?\"".to_vec()));
    }

    #[test]
    fn editing() {
        let mut editor = Editor::default();
        let mut echo = Vec::new();
        let mut lines = Vec::new();
        for byte in b"  ATX\x08E0\r\n\x1aAT\rA/\r" {
            if let Some(typed) = editor.feed(*byte, 13, 8, 10, &mut echo) {
                lines.push(typed);
            }
        }
        assert_eq!(
            lines,
            [
                Typed::Line(b"ATE0".to_vec()),
                Typed::Line(b"AT".to_vec()),
                Typed::Repeat
            ]
        );
        assert!(echo.starts_with(b"ATX\x08 \x08E0\r"));
    }

    #[test]
    fn a_line_feed_is_payload_only_for_a_host_that_ends_lines_without() {
        let mut ends = LineEnds::default();
        for byte in b"AT\rAT+X\r" {
            assert!(!ends.in_command(*byte));
        }
        assert!(!ends.in_data(b'\n'));
        let mut ends = LineEnds::default();
        for byte in b"AT\r\nAT+X\r" {
            ends.in_command(*byte);
        }
        assert!(ends.in_data(b'\n'));
        assert!(!ends.in_data(b'\n'));
    }
}
