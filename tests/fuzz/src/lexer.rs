//! Bytes of the serial line, cut anywhere: the same tokens as from the same bytes whole, bounded memory,
//! and after a silence the next line is read.

use atmqtt::wire::{Context, LengthDisplay, Lexer, Limits, RecvLayout, Token, Waiting};

use crate::input::{Input, Writer};
use crate::seeds::transcripts;

/// Bounds that a short input reaches.
const SMALL: Limits = Limits {
    line: 40,
    payload: 50,
    skipped: 200,
    head: 60,
};

/// More counted bytes behind a `CONNECT` are not waited for.
const RAW_MAX: usize = 100;

/// A token that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Line(Vec<u8>),
    Prompt,
    Raw(Vec<u8>),
    Ack,
    Message(u8, u16, Vec<u8>, Vec<u8>, Option<u32>),
    Lost(String),
}

impl Seen {
    fn of(token: Token<'_>) -> Self {
        match token {
            Token::Line(line) => Self::Line(line.to_vec()),
            Token::Prompt => Self::Prompt,
            Token::Raw(bytes) => Self::Raw(bytes.to_vec()),
            Token::Ack => Self::Ack,
            Token::Message(raw) => Self::Message(
                raw.client,
                raw.msgid,
                raw.topic.to_vec(),
                raw.payload.to_vec(),
                raw.length,
            ),
            Token::Lost(loss) => Self::Lost(format!("{loss:?}")),
        }
    }
}

/// An owner of a lexer that changes what comes next by what has come, as the engine does.
struct Owner {
    lexer: Lexer,
    context: Context,
    echo: Vec<u8>,
    files: bool,
    seen: Vec<Seen>,
}

impl Owner {
    fn drain(&mut self) {
        while let Some(token) = self.lexer.next(&self.context).map(Seen::of) {
            self.take(token);
        }
    }

    fn take(&mut self, token: Seen) {
        self.context.raw = None;
        match &token {
            Seen::Prompt if !self.echo.is_empty() => self.lexer.expect_echo(&self.echo),
            Seen::Line(line) => {
                if line.as_slice() == b"OK" {
                    self.context.lines_only = false;
                }
                let count = line.strip_prefix(b"CONNECT ").filter(|_| self.files);
                self.context.raw = count
                    .and_then(|count| std::str::from_utf8(count).ok()?.parse().ok())
                    .filter(|&count| count <= RAW_MAX);
            }
            _ => {}
        }
        self.seen.push(token);
    }

    /// As long as anybody waits nothing comes.
    fn silence(&mut self) {
        if self.context.raw.take().is_some() {
            self.lexer.discard_input();
        }
        let mut rounds = 0;
        while self.lexer.waiting() != Waiting::Nothing {
            rounds += 1;
            assert!(rounds < 1000, "waits for ever");
            if let Some(token) = self.lexer.give_up(&self.context).map(Seen::of) {
                self.take(token);
            }
            self.drain();
            if self.context.raw.take().is_some() {
                self.lexer.discard_input();
            }
        }
    }
}

/// Runs one input: how messages look and what is expected, where to cut, the bytes.
///
/// # Panics
///
/// Where something does not hold.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let kind = input.byte();
    let layouts = std::array::from_fn(|_| {
        let layout = input.byte();
        RecvLayout {
            length: match layout % 3 {
                0 => LengthDisplay::On,
                1 => LengthDisplay::Off,
                _ => LengthDisplay::Unknown,
            },
            hex: layout & 0x80 != 0,
        }
    });
    let context = Context {
        prompt: kind & 1 == 0,
        lines_only: kind & 2 != 0,
        ack: kind & 4 != 0,
        raw: None,
        layouts,
    };
    let small = kind & 8 == 0;
    let limits = if small { SMALL } else { Limits::default() };
    let owner = |echo: &[u8]| Owner {
        lexer: Lexer::new(limits),
        context,
        echo: echo.to_vec(),
        files: kind & 16 != 0,
        seen: Vec::new(),
    };
    let echo = input.bytes();
    let cuts = input.bytes();
    let bytes = input.rest();

    let mut whole = owner(echo);
    whole.lexer.push(bytes);
    whole.drain();
    whole.silence();

    let mut cut = owner(echo);
    let mut single = owner(echo);
    let mut rest = bytes;
    for &length in cuts {
        let (piece, behind) = rest.split_at(usize::from(length).min(rest.len()));
        cut.lexer.push(piece);
        cut.drain();
        rest = behind;
    }
    cut.lexer.push(rest);
    cut.drain();
    cut.silence();
    assert_eq!(cut.seen, whole.seen, "cut");

    // A message and what stands in front of it, and as much again that is already read.
    let bound =
        2 * (limits.line + limits.head + 2 * limits.payload + 2 * echo.len() + RAW_MAX + 40);
    for byte in bytes.chunks(1) {
        single.lexer.push(byte);
        single.drain();
        let kept = single.lexer.buffered();
        assert!(kept <= bound, "{kept} bytes are kept");
    }
    single.silence();
    assert_eq!(single.seen, whole.seen, "one byte at a time");

    // A line that was begun may still go on.
    single.context = Context {
        ack: false,
        raw: None,
        ..context
    };
    single.files = false;
    single.lexer.push(b"\r\n+DONE: 1\r\n");
    single.drain();
    single.silence();
    let done = Seen::Line(b"+DONE: 1".to_vec());
    assert_eq!(single.seen.last(), Some(&done), "nothing is read any more");
}

/// What modules printed, in each kind of setting.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (n, transcript) in transcripts().iter().enumerate() {
        for (kind, layout) in [(8, 0), (24, 2), (0, 1)] {
            let cut = u8::try_from(n % 200).unwrap_or(7);
            seeds.push(
                Writer::new()
                    .choices(&[kind])
                    .choices(&[layout; 6])
                    .bytes(b"")
                    .bytes(&[cut, 1, 2, 30])
                    .rest(&transcript.printed())
                    .done(),
            );
        }
    }
    for bytes in [
        &b"\r\nCONNECT 5\r\nabcde\r\nOK\r\n"[..],
        b"\r\n> hello\r\nOK\r\n",
        b"A\r\n+QFUPL: 3,6464\r\n",
        b"\r\n+QMTRECV: 0,1,\"t\",9999999,\"",
    ] {
        seeds.push(
            Writer::new()
                .choices(&[20])
                .choices(&[0; 6])
                .bytes(b"hello")
                .bytes(&[3])
                .rest(bytes)
                .done(),
        );
    }
    seeds
}
