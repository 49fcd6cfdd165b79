//! What a trace is told: the bytes of the line as they may be shown.
//!
//! Whether a byte may be seen is known where its line or data begins and ends. So what goes out is masked
//! when it is queued, and what comes in when the lexer has taken it for something; how either is cut
//! on its way makes no difference.

use std::collections::VecDeque;

use crate::mask::{self, Private, Shown};
use crate::trace::{Direction, Trace};
use crate::wire::Token;

/// Longest line of which no end has come that is kept back; what is longer is hidden to its end.
const LINE_MAX: usize = 8 * 1024;

/// What the lexer took bytes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Line,
    /// A prompt, an acknowledgement or a message: framed, and no line.
    Framed,
    /// The counted bytes of a file, so many, behind what else there is.
    File(usize),
    /// It is thrown away.
    Lost,
    /// Line ends, echoes, and what is skipped.
    Between,
}

impl Taken {
    pub(super) fn of(token: &Token<'_>) -> Self {
        match token {
            Token::Line(_) => Self::Line,
            Token::Prompt | Token::Ack | Token::Message(_) => Self::Framed,
            Token::Raw(bytes) => Self::File(bytes.len()),
            Token::Lost(_) => Self::Lost,
        }
    }
}

/// Between the engine and its trace.
pub(super) struct Tap {
    to: Box<dyn Trace>,
    /// What is queued for the port.
    out: VecDeque<Shown>,
    /// What has come and the lexer has not taken, and what was under way when it came.
    input: VecDeque<(u8, Private)>,
    /// What the lexer throws away, up to the end of its line: half of a line tells no secret.
    text: Vec<u8>,
    /// The line that is thrown away is too long to be kept.
    overlong: bool,
    /// What one read has brought, as far as it is understood.
    entry: Vec<Shown>,
    /// The command that was sent last, which may come back as an echo.
    command: Vec<u8>,
}

impl Tap {
    pub(super) fn new(to: Box<dyn Trace>) -> Self {
        Self {
            to,
            out: VecDeque::new(),
            input: VecDeque::new(),
            text: Vec::new(),
            overlong: false,
            entry: Vec::new(),
            command: Vec::new(),
        }
    }

    /// A command is sent.
    pub(super) fn command(&mut self, line: &[u8]) {
        self.command = line.to_vec();
    }

    /// These bytes wait for the port.
    pub(super) fn queued(&mut self, bytes: Vec<Shown>) {
        self.out.extend(bytes);
    }

    /// The port has taken this many.
    pub(super) fn transmitted(&mut self, bytes: usize) {
        let bytes: Vec<Shown> = self.out.drain(..bytes.min(self.out.len())).collect();
        if !bytes.is_empty() {
            self.to.note(Direction::ToModule, &bytes);
        }
    }

    /// The port will not get the rest.
    pub(super) fn unsent(&mut self) {
        self.out.clear();
    }

    /// Bytes came, which may be what this says.
    pub(super) fn arrived(&mut self, bytes: &[u8], private: Private) {
        self.input.extend(bytes.iter().map(|&byte| (byte, private)));
    }

    /// The lexer has taken all but this many of what came.
    pub(super) fn taken(&mut self, left: usize, what: Taken) {
        let count = self.input.len().saturating_sub(left);
        if count == 0 {
            return;
        }
        let mut private = Private::Nothing;
        let bytes: Vec<u8> = self
            .input
            .drain(..count)
            .map(|(byte, was_private)| {
                private = private.max(was_private);
                byte
            })
            .collect();
        let blank = bytes
            .iter()
            .all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | 0));
        match what {
            Taken::File(length) => {
                self.show(&bytes[..count.saturating_sub(length)]);
                self.hide(length.min(count));
            }
            _ if blank || what == Taken::Framed => self.show(&bytes),
            Taken::Line if self.shows(private, &bytes) => self.show(&bytes),
            _ if private == Private::Nothing => self.skipped(&bytes),
            _ => self.hide(count),
        }
    }

    /// One read has been looked at.
    pub(super) fn flush(&mut self) {
        if !self.entry.is_empty() {
            self.to.note(Direction::ToHost, &self.entry);
            self.entry.clear();
        }
    }

    /// Nothing comes any more.
    pub(super) fn ended(&mut self) {
        self.taken(0, Taken::Between);
        self.end_text();
        self.flush();
    }

    fn shows(&self, private: Private, line: &[u8]) -> bool {
        let line = line.trim_ascii();
        private.shows(line) || line == self.command
    }

    fn show(&mut self, bytes: &[u8]) {
        self.end_text();
        self.entry.extend(mask::lines(bytes));
    }

    fn hide(&mut self, count: usize) {
        self.end_text();
        self.entry.resize(self.entry.len() + count, None);
    }

    /// Something that is no line, or no whole one.
    fn skipped(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
        let end = self
            .text
            .iter()
            .rposition(|byte| matches!(byte, b'\r' | b'\n'));
        if let Some(end) = end {
            let rest = self.text.split_off(end + 1);
            self.end_text();
            self.text = rest;
        }
        if self.text.len() > LINE_MAX {
            self.overlong = true;
            self.end_text();
            self.overlong = true;
        }
    }

    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        let long = match std::mem::take(&mut self.overlong) {
            true => text
                .iter()
                .position(|byte| matches!(byte, b'\r' | b'\n'))
                .unwrap_or(text.len()),
            false => 0,
        };
        self.entry.resize(self.entry.len() + long, None);
        self.entry.extend(mask::lines(&text[long..]));
    }
}
