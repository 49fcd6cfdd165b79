//! The incremental lexer: bytes of the serial line in, lines, prompts and counted messages out.

use memchr::memchr2;

use super::message::{self, Bounds, PREFIX, Progress, RawMessage, RecvLayout, Step};

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
    AfterPrompt {
        echo: Vec<u8>,
    },
    Message(Progress),
    /// Inside a payload that is too large: bytes to go, and whether it was quoted once known.
    SkipPayload {
        left: usize,
        quoted: Option<bool>,
    },
    SkipLine,
    Discard,
}

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
    limits: Limits,
}

enum Progressed {
    /// A token that spans `buf[from..to]` or needs no bytes.
    Line(usize, usize),
    Prompt,
    Message(message::Found, usize),
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
        loop {
            match self.step(context) {
                Progressed::Line(from, to) => return Some(Token::Line(&self.buf[from..to])),
                Progressed::Prompt => return Some(Token::Prompt),
                Progressed::Message(found, base) => {
                    let slice = |(from, to)| &self.buf[base + from..base + to];
                    return Some(Token::Message(RawMessage {
                        client: found.client,
                        msgid: found.msgid,
                        topic: slice(found.topic),
                        payload: slice(found.payload),
                        length: found.length,
                    }));
                }
                Progressed::Lost(loss) => return Some(Token::Lost(loss)),
                Progressed::Again => {}
                Progressed::Starved => return None,
            }
        }
    }

    /// After a prompt has been answered: the module will print these bytes back before anything else
    /// (register A72). They are skipped, not read. Where something else comes instead, nothing is.
    pub fn expect_echo(&mut self, payload: &[u8]) {
        self.state = State::AfterPrompt {
            echo: payload.to_vec(),
        };
        self.need = 0;
    }

    /// What is unfinished.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        match self.state {
            State::Message(_) | State::SkipPayload { .. } => Waiting::Message,
            State::AfterPrompt { ref echo } if !echo.is_empty() && self.start < self.buf.len() => {
                Waiting::Message
            }
            State::Discard => Waiting::Silence,
            State::Line | State::AfterPrompt { .. } | State::SkipLine => Waiting::Nothing,
        }
    }

    /// The line has been silent for as long as the owner allows what is [`waiting`](Self::waiting):
    /// a message takes another reading if one fits what is there, or is thrown away; discarding
    /// ends. Call [`next`](Self::next) afterwards.
    pub fn give_up(&mut self, context: &Context) -> Option<Token<'_>> {
        self.need = 0;
        match std::mem::take(&mut self.state) {
            State::Message(mut progress) => {
                let base = self.start;
                let step = message::read(
                    &self.buf[base..],
                    &|client| layout(context, client),
                    self.bounds(),
                    &mut progress,
                    true,
                );
                if let Step::Message(found) = step {
                    self.start += found.end;
                    self.scanned = 0;
                    let slice = |(from, to)| &self.buf[base + from..base + to];
                    return Some(Token::Message(RawMessage {
                        client: found.client,
                        msgid: found.msgid,
                        topic: slice(found.topic),
                        payload: slice(found.payload),
                        length: found.length,
                    }));
                }
                self.drop_all();
                Some(Token::Lost(Loss::Unframed))
            }
            State::SkipPayload { .. } | State::Discard => {
                self.drop_all();
                None
            }
            // An echo that stops half way was none.
            State::AfterPrompt { .. } => self.next(context),
            state => {
                self.state = state;
                None
            }
        }
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
        match &mut self.state {
            State::Line => self.line(context),
            State::AfterPrompt { .. } => self.after_prompt(),
            State::Message(_) => self.message(context),
            State::SkipPayload { .. } => self.skip_payload(),
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
            // Empty lines carry no meaning; NUL is what a UART reads while a module powers up.
            let blank = buf
                .iter()
                .take_while(|b| matches!(b, b'\r' | b'\n' | 0))
                .count();
            self.start += blank;
            let buf = &self.buf[self.start..];
            let Some(&first) = buf.first() else {
                return Progressed::Starved;
            };
            if first == b'>' && context.prompt {
                self.consume(1);
                self.state = State::AfterPrompt { echo: Vec::new() };
                return Progressed::Prompt;
            }
            if first == b'+' && !context.lines_only {
                if buf.starts_with(PREFIX) {
                    self.state = State::Message(Progress::default());
                    return Progressed::Again;
                }
                if PREFIX.starts_with(buf) {
                    return Progressed::Starved;
                }
            }
        }
        let buf = &self.buf[self.start..];
        match memchr2(b'\r', b'\n', &buf[self.scanned..]) {
            Some(at) => {
                let (from, to) = (self.start, self.start + self.scanned + at);
                self.consume(to - from);
                Progressed::Line(from, to)
            }
            None if buf.len() > self.limits.line => {
                self.drop_all();
                self.state = State::SkipLine;
                Progressed::Lost(Loss::LongLine)
            }
            None => {
                self.scanned = buf.len();
                Progressed::Starved
            }
        }
    }

    fn after_prompt(&mut self) -> Progressed {
        let State::AfterPrompt { echo } = &self.state else {
            return Progressed::Again;
        };
        let buf = &self.buf[self.start..];
        let space = usize::from(buf[0] == b' ');
        // A payload that begins with a space may follow a prompt that has none.
        let fits = |from: usize| {
            let there = &buf[from..];
            let common = there.len().min(echo.len());
            (there[..common] == echo[..common]).then_some(common == echo.len())
        };
        let skip = match (fits(space), fits(0)) {
            (Some(true), _) => space + echo.len(),
            (Some(false), _) => return Progressed::Starved,
            (None, Some(true)) => echo.len(),
            (None, Some(false)) => return Progressed::Starved,
            (None, None) => space,
        };
        self.consume(skip);
        self.state = State::Line;
        Progressed::Again
    }

    fn message(&mut self, context: &Context) -> Progressed {
        let bounds = self.bounds();
        let State::Message(progress) = &mut self.state else {
            return Progressed::Again;
        };
        let base = self.start;
        let step = message::read(
            &self.buf[base..],
            &|client| layout(context, client),
            bounds,
            progress,
            false,
        );
        match step {
            Step::Need(bytes) => {
                self.need = bytes;
                return Progressed::Starved;
            }
            Step::Line(end) => {
                self.consume(end);
                self.state = State::Line;
                return Progressed::Line(base, base + end);
            }
            Step::Message(found) => {
                self.consume(found.end);
                self.state = State::Line;
                return Progressed::Message(found, base);
            }
            Step::TooLarge {
                client,
                length,
                payload_at,
            } => {
                self.consume(payload_at);
                self.state = State::SkipPayload {
                    left: length,
                    quoted: None,
                };
                return Progressed::Lost(Loss::LargePayload { client, length });
            }
            Step::Broken => {}
        }
        self.drop_all();
        self.state = State::Discard;
        Progressed::Lost(Loss::Unframed)
    }

    fn skip_payload(&mut self) -> Progressed {
        let State::SkipPayload { left, quoted } = &mut self.state else {
            return Progressed::Again;
        };
        let buf = &self.buf[self.start..];
        let Some(is_quoted) = *quoted else {
            *quoted = Some(buf[0] == b'"');
            let mark = usize::from(buf[0] == b'"');
            self.consume(mark);
            return Progressed::Again;
        };
        if *left > 0 {
            let now = (*left).min(buf.len());
            *left -= now;
            self.consume(now);
            return Progressed::Again;
        }
        let tail: &[u8] = if is_quoted { b"\"\r\n" } else { b"\r\n" };
        if buf.len() < tail.len() && tail.starts_with(buf) {
            return Progressed::Starved;
        }
        if buf.starts_with(tail) {
            let tail = tail.len();
            self.consume(tail);
            self.state = State::Line;
            return Progressed::Again;
        }
        self.drop_all();
        self.state = State::Discard;
        Progressed::Lost(Loss::Unframed)
    }
}

fn layout(context: &Context, client: u8) -> RecvLayout {
    context
        .layouts
        .get(usize::from(client))
        .copied()
        .unwrap_or_default()
}
