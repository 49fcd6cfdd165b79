//! The incremental lexer: bytes of the serial line in, lines, prompts and counted messages out.

use memchr::memchr2;

use super::message::{self, Bounds, Found, PREFIX, Progress, RawMessage, RecvLayout, Step};

/// One thing that stood on the serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// A line that is not empty, without its line end.
    Line(&'a [u8]),
    /// The `>` that asks for data. Nothing follows it on its line.
    Prompt,
    /// A `+QMTRECV` with topic and payload: a message that has just come, or one that was read out
    /// of the module's store.
    Message(RawMessage<'a>),
    /// The counted bytes behind a `CONNECT <n>`: see [`Context::raw`].
    Raw(&'a [u8]),
    /// The `A` for a kilobyte of a file: see [`Context::ack`].
    Ack,
    /// Something was thrown away; its kind says what and how much is still to go.
    Lost(Loss),
}

/// What happens to input that does not fit the bounds: it is thrown away, reported, and never read
/// as lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// A line longer than [`Limits::line`] is skipped up to its end.
    LongLine,
    /// A payload longer than [`Limits::payload`] is skipped by its count.
    LargePayload {
        /// Client it was for.
        client: u8,
        /// Its length in bytes.
        length: usize,
    },
    /// A `+QMTRECV` that fits no reading, or that broke off: everything is discarded until the line
    /// falls silent.
    Unframed,
}

/// Bounds on what the lexer keeps, in bytes. Its memory never exceeds their sum and one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest ordinary line.
    pub line: usize,
    /// Longest payload that is delivered.
    pub payload: usize,
    /// Longest payload that is skipped by count; a length above it is a framing error.
    pub skipped: usize,
    /// Longest head of a message, topic included. A topic has at most 65535 bytes.
    pub head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 8 * 1024,
            payload: 64 * 1024,
            skipped: 1024 * 1024,
            head: 66 * 1024,
        }
    }
}

/// What the owner knows about what may come next. Passed anew with every call, because one token may
/// change what the next bytes mean.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// A command that prompts is outstanding, so `>` at the start of a line asks for its data.
    pub prompt: bool,
    /// Nothing is counted: the port has just been opened, and what comes may be the middle of a
    /// payload.
    pub lines_only: bool,
    /// The line that came last announced this many bytes, which begin behind its line end.
    pub raw: Option<usize>,
    /// An `A` at the start of a line acknowledges a kilobyte; no line end follows it.
    pub ack: bool,
    /// How each client's messages look; an index above 5 reads as the default.
    pub layouts: [RecvLayout; 6],
}

/// What the lexer holds unfinished; its owner decides how long that may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Nothing but perhaps the beginning of an ordinary line.
    Nothing,
    /// A message that has begun and must go on at once: see [`Lexer::give_up`].
    Message,
    /// Input is being discarded until the line is silent: see [`Lexer::give_up`].
    Silence,
}

#[derive(Debug, Default)]
enum State {
    /// At the start of a line, or inside one.
    #[default]
    Line,
    /// Behind a prompt: a space and the echo of the payload may follow.
    AfterPrompt(Echo),
    Message(Progress),
    /// Inside a payload that is too large.
    SkipPayload(Skip),
    SkipLine,
    Discard,
}

/// The echo that may follow a prompt, and how much of it has come, with the space behind the prompt
/// left out and with it counted in.
#[derive(Debug, Default)]
struct Echo {
    payload: Vec<u8>,
    behind_space: usize,
    at_once: usize,
}

/// A payload that is skipped by its count.
#[derive(Debug)]
struct Skip {
    /// Bytes to go.
    left: usize,
    /// The same again, where hexadecimal text may take two characters a byte.
    again: usize,
    /// The first two bytes: what stands around the payload.
    first: Option<[u8; 2]>,
}

/// What follows the counted bytes of a file and the end of their line: the final result code, or
/// something that has waited for the end of the transfer.
const RAW_ENDS: [&[u8]; 3] = [b"OK\r\n", b"+C", b"+Q"];
/// More empty bytes than any module prints in front of it.
const BLANKS: usize = 64;

/// Cuts the byte stream of a module into [`Token`]s.
///
/// Push bytes as they come, in pieces of any size, and call [`next`](Self::next) until it gives
/// `None`: any cutting of the same bytes gives the same tokens. Every byte is looked at a bounded
/// number of times, however small the pieces are.
#[derive(Debug, Default)]
pub struct Lexer {
    buf: Vec<u8>,
    /// First byte not yet consumed.
    start: usize,
    /// How far an ordinary line has been searched for its end, from `start`.
    scanned: usize,
    /// Do not look before this many bytes are there, from `start`.
    need: usize,
    state: State,
    /// Where the message that was read last stands.
    found: Found,
    /// Something was thrown away and not yet told.
    unreported: bool,
    limits: Limits,
}

enum Progressed {
    /// A line, as a range of the buffer.
    Line(usize, usize),
    Prompt,
    /// A message, and where in the buffer it begins; [`Lexer::found`] says the rest.
    Message(usize),
    /// Counted bytes, as a range of the buffer.
    Raw(usize, usize),
    Ack,
    Lost(Loss),
    /// Consumed something; look again.
    Again,
    Starved,
}

impl Lexer {
    /// A lexer with these bounds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Adds bytes as they came from the port.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buf.len() {
            self.buf.clear();
            self.start = 0;
        } else if self.start > 0 && self.start >= self.buf.len() / 2 {
            self.buf.drain(..self.start);
            self.start = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// The next token, if the bytes so far hold one.
    pub fn next(&mut self, context: &Context) -> Option<Token<'_>> {
        if self.unreported {
            self.unreported = false;
            return Some(Token::Lost(Loss::Unframed));
        }
        loop {
            match self.step(context) {
                Progressed::Line(from, to) => return Some(Token::Line(&self.buf[from..to])),
                Progressed::Prompt => return Some(Token::Prompt),
                Progressed::Message(base) => return Some(self.raw(base)),
                Progressed::Raw(from, to) => return Some(Token::Raw(&self.buf[from..to])),
                Progressed::Ack => return Some(Token::Ack),
                Progressed::Lost(loss) => return Some(Token::Lost(loss)),
                Progressed::Again => {}
                Progressed::Starved => return None,
            }
        }
    }

    fn raw(&self, base: usize) -> Token<'_> {
        let found = &self.found;
        let slice = |(from, to)| &self.buf[base + from..base + to];
        Token::Message(RawMessage {
            client: found.client,
            msgid: found.msgid,
            topic: slice(found.topic),
            payload: slice(found.payload),
            length: found.length,
        })
    }

    /// After a prompt has been answered: the module will print these bytes back before anything else
    /// (register A72). They are skipped, not read. Where something else comes instead, nothing is.
    pub fn expect_echo(&mut self, payload: &[u8]) {
        self.state = State::AfterPrompt(Echo {
            payload: payload.to_vec(),
            ..Echo::default()
        });
        self.need = 0;
    }

    /// What is unfinished.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        match &self.state {
            State::Message(_) | State::SkipPayload(_) => Waiting::Message,
            State::AfterPrompt(echo) if echo.behind_space + echo.at_once > 0 => Waiting::Message,
            State::Discard => Waiting::Silence,
            State::Line | State::AfterPrompt(_) | State::SkipLine => Waiting::Nothing,
        }
    }

    /// How many bytes are kept, read or not.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buf.len()
    }

    /// How many bytes of what was pushed have become nothing yet, neither a token nor thrown away.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.buf.len() - self.start
    }

    /// The line has been silent for as long as the owner allows what is [`waiting`](Self::waiting):
    /// a message takes another reading if one fits what is there, or is thrown away; discarding
    /// ends. Call [`next`](Self::next) afterwards.
    pub fn give_up(&mut self, context: &Context) -> Option<Token<'_>> {
        self.need = 0;
        match std::mem::take(&mut self.state) {
            State::Message(mut progress) => {
                let base = self.start;
                let buf = &self.buf[base..];
                let layout = |client| layout(context, client);
                let bounds = self.bounds();
                let found = &mut self.found;
                let Step::Message = message::read(buf, layout, bounds, &mut progress, true, found)
                else {
                    self.drop_all();
                    return Some(Token::Lost(Loss::Unframed));
                };
                self.consume(self.found.end);
                let rest = &self.buf[self.start..];
                if self.found.length.is_some() && rest.iter().any(|&byte| !is_blank(byte)) {
                    // It may be the rest of a payload of which bytes were lost.
                    self.start = self.buf.len();
                    self.unreported = true;
                }
                Some(self.raw(base))
            }
            State::SkipPayload(_) | State::Discard => {
                self.drop_all();
                None
            }
            // An echo that stops half way was none.
            State::AfterPrompt(echo) => {
                self.consume(usize::from(echo.at_once == 0 && self.at_space()));
                self.next(context)
            }
            state => {
                self.state = state;
                None
            }
        }
    }

    /// What is unfinished has taken longer than its owner allows, and bytes still come: all of it is
    /// discarded until the line is silent.
    pub fn discard_until_silence(&mut self) -> Token<'static> {
        self.drop_all();
        self.state = State::Discard;
        Token::Lost(Loss::Unframed)
    }

    fn at_space(&self) -> bool {
        self.buf.get(self.start) == Some(&b' ')
    }

    fn drop_all(&mut self) {
        self.buf.clear();
        self.start = 0;
        self.scanned = 0;
        self.need = 0;
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.scanned = 0;
        self.need = 0;
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            payload: self.limits.payload,
            skipped: self.limits.skipped,
            head: self.limits.head,
        }
    }

    fn step(&mut self, context: &Context) -> Progressed {
        let buf = &self.buf[self.start..];
        if buf.is_empty() || buf.len() < self.need {
            return Progressed::Starved;
        }
        match &self.state {
            State::Line => match context.raw {
                Some(bytes) => self.raw_data(bytes),
                None => self.line(context),
            },
            State::AfterPrompt(_) => self.after_prompt(),
            State::Message(_) => self.message(context),
            State::SkipPayload(_) => self.skip_payload(),
            State::SkipLine => match memchr2(b'\r', b'\n', buf) {
                Some(end) => {
                    self.consume(end);
                    self.state = State::Line;
                    Progressed::Again
                }
                None => {
                    self.drop_all();
                    Progressed::Starved
                }
            },
            State::Discard => {
                self.drop_all();
                Progressed::Starved
            }
        }
    }

    fn line(&mut self, context: &Context) -> Progressed {
        if self.scanned == 0 {
            let buf = &self.buf[self.start..];
            let Some(blank) = buf.iter().position(|&byte| !is_blank(byte)) else {
                self.start = self.buf.len();
                return Progressed::Starved;
            };
            self.start += blank;
            let buf = &buf[blank..];
            if buf[0] == b'>' && context.prompt {
                self.consume(1);
                self.state = State::AfterPrompt(Echo::default());
                return Progressed::Prompt;
            }
            if buf[0] == b'A' && context.ack {
                self.consume(1);
                return Progressed::Ack;
            }
            if buf[0] == b'+' && !context.lines_only {
                if buf.starts_with(PREFIX) {
                    return self.begin_message(context);
                }
                if PREFIX.starts_with(buf) {
                    return Progressed::Starved;
                }
            }
        }
        let buf = &self.buf[self.start..];
        let end = memchr2(b'\r', b'\n', &buf[self.scanned..]).map(|at| self.scanned + at);
        match end {
            Some(end) if end <= self.limits.line => {
                let from = self.start;
                self.consume(end);
                Progressed::Line(from, from + end)
            }
            None if buf.len() <= self.limits.line => {
                self.scanned = buf.len();
                Progressed::Starved
            }
            _ => {
                self.consume(end.unwrap_or(buf.len()));
                self.state = State::SkipLine;
                Progressed::Lost(Loss::LongLine)
            }
        }
    }

    /// Bytes that are no lines, taken by their count. Where something else follows them than a module can
    /// say there, they were not what was counted.
    fn raw_data(&mut self, bytes: usize) -> Progressed {
        if bytes > self.limits.payload {
            return self.discard();
        }
        let buf = &self.buf[self.start..];
        let at = match buf {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        let end = at + bytes;
        let behind = buf.get(end..).unwrap_or_default();
        let line = behind.iter().position(|&byte| !is_blank(byte));
        let line = &behind[line.unwrap_or(behind.len())..];
        if behind.len() - line.len() > BLANKS {
            return self.discard();
        }
        if !RAW_ENDS.iter().any(|end| line.starts_with(end)) {
            let begins = RAW_ENDS.iter().any(|end| end.starts_with(line));
            if begins {
                self.need = buf.len().max(end) + 1;
                return Progressed::Starved;
            }
            return self.discard();
        }
        let from = self.start + at;
        self.consume(end);
        Progressed::Raw(from, from + bytes)
    }

    /// What has come and what still comes is thrown away, until the line falls silent.
    pub fn discard_input(&mut self) {
        let _ = self.discard();
    }

    fn after_prompt(&mut self) -> Progressed {
        let space = usize::from(self.at_space());
        let State::AfterPrompt(echo) = &mut self.state else {
            return Progressed::Again;
        };
        let buf = &self.buf[self.start..];
        // Whether the whole echo stands at `from`; `None` = something else does.
        let fits = |from: usize, seen: &mut usize| {
            let there = &buf[from..];
            let common = there.len().min(echo.payload.len());
            if there[*seen..common] != echo.payload[*seen..common] {
                *seen = 0;
                return None;
            }
            *seen = common;
            Some(common == echo.payload.len())
        };
        // A payload that begins with a space may follow a prompt that has none.
        let skip = match fits(space, &mut echo.behind_space) {
            Some(true) => space + echo.payload.len(),
            Some(false) => {
                return Progressed::Starved;
            }
            None => match fits(0, &mut echo.at_once) {
                Some(true) => echo.payload.len(),
                Some(false) => return Progressed::Starved,
                None => space,
            },
        };
        self.consume(skip);
        self.state = State::Line;
        Progressed::Again
    }

    /// Most messages are there in whole when they begin, and never become a state.
    fn begin_message(&mut self, context: &Context) -> Progressed {
        let mut progress = Progress::default();
        let buf = &self.buf[self.start..];
        let layout = |client| layout(context, client);
        match message::read(
            buf,
            layout,
            self.bounds(),
            &mut progress,
            false,
            &mut self.found,
        ) {
            Step::Need(bytes) => {
                self.need = bytes;
                self.state = State::Message(progress);
                Progressed::Starved
            }
            step => self.message_ended(step, context),
        }
    }

    fn message(&mut self, context: &Context) -> Progressed {
        let bounds = self.bounds();
        let State::Message(progress) = &mut self.state else {
            return Progressed::Again;
        };
        let buf = &self.buf[self.start..];
        let layout = |client| layout(context, client);
        match message::read(buf, layout, bounds, progress, false, &mut self.found) {
            Step::Need(bytes) => {
                self.need = bytes;
                Progressed::Starved
            }
            step => {
                self.state = State::Line;
                self.message_ended(step, context)
            }
        }
    }

    fn message_ended(&mut self, step: Step, context: &Context) -> Progressed {
        let base = self.start;
        match step {
            Step::Need(_) => Progressed::Again,
            Step::Line(end) => {
                self.consume(end);
                Progressed::Line(base, base + end)
            }
            Step::Message => {
                self.consume(self.found.end);
                Progressed::Message(base)
            }
            Step::TooLarge => {
                let client = self.found.client;
                let length = self.found.length.unwrap_or(0) as usize;
                let hex = layout(context, client).hex;
                self.consume(self.found.payload.0);
                self.state = State::SkipPayload(Skip {
                    left: length,
                    // Hexadecimal text may be twice as long.
                    again: if hex { length } else { 0 },
                    first: None,
                });
                Progressed::Lost(Loss::LargePayload { client, length })
            }
            Step::Broken => self.discard(),
        }
    }

    fn discard(&mut self) -> Progressed {
        self.drop_all();
        self.state = State::Discard;
        Progressed::Lost(Loss::Unframed)
    }

    fn skip_payload(&mut self) -> Progressed {
        let State::SkipPayload(skip) = &mut self.state else {
            return Progressed::Again;
        };
        let buf = &self.buf[self.start..];
        let first = match (skip.first, buf) {
            (Some(first), _) => first,
            (None, &[a, b, ..]) => *skip.first.insert([a, b]),
            (None, _) => {
                self.need = 2;
                return Progressed::Starved;
            }
        };
        if skip.left > 0 {
            let now = skip.left.min(buf.len());
            skip.left -= now;
            self.consume(now);
            return Progressed::Again;
        }
        // What was counted may have been a quotation mark, or CR LF and one, in front of the payload:
        // as much of it is still here, in front of the end.
        let ends: [(bool, usize, &[u8]); 4] = [
            (first[0] == b'"', 1, b"\"\r\n"),
            (true, 0, b"\r\n"),
            (first == *b"\r\n", 3, b"\"\r\n"),
            (first == *b"\r\n", 2, b"\r\n"),
        ];
        for (_, payload, end) in ends.into_iter().filter(|&(possible, ..)| possible) {
            let there = buf.get(payload..).unwrap_or_default();
            if there.starts_with(end) {
                self.consume(payload + end.len());
                self.state = State::Line;
                return Progressed::Again;
            }
            if end.starts_with(there) {
                self.need = buf.len() + 1;
                return Progressed::Starved;
            }
        }
        if skip.again > 0 {
            skip.left = std::mem::take(&mut skip.again);
            return Progressed::Again;
        }
        self.discard()
    }
}

/// Empty lines carry no meaning; NUL is what a UART reads while a module powers up.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

fn layout(context: &Context, client: u8) -> RecvLayout {
    context
        .layouts
        .get(usize::from(client))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
