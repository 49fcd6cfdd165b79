//! What the lexer must make of bytes, however they are cut. `messages` has the forms of `+QMTRECV`,
//! `bounds` what is too large, broken or hostile.

mod bounds;
mod messages;

use super::*;
use crate::wire::LengthDisplay;

/// A token that owns its bytes, escaped for reading.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Line(String),
    Prompt,
    Raw(String),
    Ack,
    Message {
        client: u8,
        msgid: u16,
        topic: String,
        payload: String,
        length: Option<u32>,
    },
    Lost(Loss),
}

fn seen(token: Token<'_>) -> Seen {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    match token {
        Token::Line(line) => Seen::Line(text(line)),
        Token::Prompt => Seen::Prompt,
        Token::Raw(bytes) => Seen::Raw(text(bytes)),
        Token::Ack => Seen::Ack,
        Token::Message(raw) => Seen::Message {
            client: raw.client,
            msgid: raw.msgid,
            topic: text(raw.topic),
            payload: text(raw.payload),
            length: raw.length,
        },
        Token::Lost(loss) => Seen::Lost(loss),
    }
}

fn line(text: &str) -> Seen {
    Seen::Line(text.as_bytes().escape_ascii().to_string())
}

/// A message of client 0 with id 0.
fn message(topic: &str, payload: &[u8], length: Option<u32>) -> Seen {
    Seen::Message {
        client: 0,
        msgid: 0,
        topic: topic.as_bytes().escape_ascii().to_string(),
        payload: payload.escape_ascii().to_string(),
        length,
    }
}

/// How a lexer is driven in a test.
#[derive(Debug, Clone, Default)]
struct Run {
    limits: Limits,
    context: Context,
    /// What is echoed after each prompt.
    echo: Vec<u8>,
}

impl Run {
    fn length(length: LengthDisplay) -> Self {
        let layout = RecvLayout { length, hex: false };
        Self::layout(layout)
    }

    fn layout(layout: RecvLayout) -> Self {
        let mut run = Self::default();
        run.context.layouts = [layout; 6];
        run
    }

    fn on() -> Self {
        Self::length(LengthDisplay::On)
    }

    fn prompt(echo: &[u8]) -> Self {
        let mut run = Self::on();
        run.context.prompt = true;
        run.echo = echo.to_vec();
        run
    }

    fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn drain(&self, lexer: &mut Lexer, all: &mut Vec<Seen>) {
        loop {
            let Some(token) = lexer.next(&self.context).map(seen) else {
                return;
            };
            if token == Seen::Prompt && !self.echo.is_empty() {
                lexer.expect_echo(&self.echo);
            }
            all.push(token);
        }
    }

    fn chunks<'a>(&self, chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Seen>, Lexer) {
        let mut lexer = Lexer::new(self.limits);
        let mut all = Vec::new();
        for chunk in chunks {
            lexer.push(chunk);
            self.drain(&mut lexer, &mut all);
        }
        (all, lexer)
    }

    /// The tokens of `bytes`: whole, one byte at a time, and in two parts cut at every place.
    fn read(&self, bytes: &[u8]) -> Vec<Seen> {
        let (whole, _) = self.chunks(std::iter::once(bytes));
        let (single, _) = self.chunks(bytes.chunks(1));
        assert_eq!(single, whole, "one byte at a time");
        let step = bytes.len() / 2000 + 1;
        for at in (1..bytes.len()).step_by(step) {
            let (cut, _) = self.chunks([&bytes[..at], &bytes[at..]].into_iter());
            assert_eq!(cut, whole, "cut at {at}");
        }
        whole
    }

    /// The same, and then the line stays silent for as long as anybody waits. The tokens that come
    /// only then are the second list.
    fn read_then_silence(&self, bytes: &[u8]) -> (Vec<Seen>, Vec<Seen>) {
        let before = self.read(bytes);
        let after = |lexer: &mut Lexer| {
            let mut late = Vec::new();
            for _ in 0..3 {
                if lexer.waiting() == Waiting::Nothing {
                    break;
                }
                late.extend(lexer.give_up(&self.context).map(seen));
                self.drain(lexer, &mut late);
            }
            assert_eq!(lexer.waiting(), Waiting::Nothing);
            late
        };
        let (_, mut whole) = self.chunks(std::iter::once(bytes));
        let (_, mut single) = self.chunks(bytes.chunks(1));
        let late = after(&mut whole);
        assert_eq!(after(&mut single), late, "one byte at a time, then silence");
        for lexer in [&mut whole, &mut single] {
            lexer.push(b"\r\nOK\r\n");
            let mut then = Vec::new();
            self.drain(lexer, &mut then);
            assert_eq!(then.last(), Some(&line("OK")), "a line after the silence");
        }
        (before, late)
    }
}

fn lines(bytes: &[u8]) -> Vec<Seen> {
    Run::on().read(bytes)
}

#[test]
fn every_kind_of_line_end() {
    assert_eq!(
        lines(b"ATI\r\r\nQuectel\r\nEC600S\r\n\r\nOK\r\n"),
        [line("ATI"), line("Quectel"), line("EC600S"), line("OK")]
    );
    // One CR LF only in front of the final code.
    assert_eq!(
        lines(b"\r\n+QMTCLOSE: (0-5)\r\nOK\r\n"),
        [line("+QMTCLOSE: (0-5)"), line("OK")]
    );
    assert_eq!(
        lines(b"OK\r\n+QMTSTAT: 0,1\r\r\n\n\nRDY\n"),
        [line("OK"), line("+QMTSTAT: 0,1"), line("RDY")]
    );
}

#[test]
fn nothing_comes_before_the_end_of_a_line() {
    let (tokens, lexer) = Run::on().chunks(std::iter::once(&b"\r\nOK"[..]));
    assert_eq!(tokens, []);
    assert_eq!(lexer.waiting(), Waiting::Nothing);
    assert_eq!(lines(b"\r\nOK\r"), [line("OK")]);
}

#[test]
fn blank_lines_and_nuls_in_front_of_a_line_mean_nothing() {
    assert_eq!(
        lines(b"\0\0\r\n\0\r\nRDY\r\n\r\n\r\n\0+CPIN: READY\r\n"),
        [line("RDY"), line("+CPIN: READY")]
    );
    assert_eq!(lines(b"\r\n\r\n\0\0\r"), []);
}

#[test]
fn a_greater_sign_is_a_prompt_only_where_one_is_awaited() {
    assert_eq!(
        lines(b"\r\n> \r\nOK\r\n>\r\n"),
        [line("> "), line("OK"), line(">")]
    );
    assert_eq!(
        Run::prompt(b"").read(b"\r\nA > B\r\n"),
        [line("A > B")],
        "only at the start of a line"
    );
}

#[test]
fn every_form_of_prompt() {
    for prompt in [
        &b"\r\n> "[..],
        b"\r\n>",
        b">",
        b"AT+X\r\r\n>",
        b"\r\n>\r\n",
        b"\r\n> \r\n",
    ] {
        let mut bytes = prompt.to_vec();
        bytes.extend_from_slice(b"\r\nOK\r\n\r\n+QMTPUBEX: 0,0,0\r\n");
        let mut wanted = vec![Seen::Prompt, line("OK"), line("+QMTPUBEX: 0,0,0")];
        if prompt.starts_with(b"AT") {
            wanted.insert(0, line("AT+X"));
        }
        assert_eq!(Run::prompt(b"").read(&bytes), wanted, "{prompt:?}");
    }
}

#[test]
fn a_prompt_is_there_before_anything_follows_it() {
    let (tokens, lexer) = Run::prompt(b"").chunks(b"\r\n>".chunks(1));
    assert_eq!(tokens, [Seen::Prompt]);
    assert_eq!(lexer.waiting(), Waiting::Nothing);
}

#[test]
fn an_urc_may_come_before_the_prompt() {
    assert_eq!(
        Run::prompt(b"").read(b"\r\n\r\n+QMTRECV: 0,0,\"t\",3,\"> x\"\r\n\r\n\r\n> \r\nOK\r\n"),
        [message("t", b"> x", Some(3)), Seen::Prompt, line("OK")]
    );
}

/// After a prompt in each form: the echo of `payload`, then the answer.
fn echoed(payload: &[u8]) {
    for prompt in [&b"\r\n> "[..], b"\r\n>"] {
        let mut bytes = prompt.to_vec();
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\r\nOK\r\n\r\n+QMTPUBEX: 0,1,0\r\n");
        assert_eq!(
            Run::prompt(payload).read(&bytes),
            [Seen::Prompt, line("OK"), line("+QMTPUBEX: 0,1,0")],
            "{:?} after {prompt:?}",
            payload.escape_ascii().to_string()
        );
    }
}

#[test]
fn the_echo_of_a_payload_is_skipped_and_not_read() {
    for payload in [
        &b"hello"[..],
        b"\r\nOK\r\n",
        b"\r\nERROR\r\n\r\n+QMTSTAT: 0,1\r\n",
        b"{\r\n  \"id\": \"123\"\r\n}",
        b"> ",
        b">",
        b" ",
        b"  ",
        b" leading space",
        b"  two of them",
        b"\0\0\0",
        b"10\r\n",
        b"\r",
        b"\n",
        b"+QMTRECV: 0,0,\"t\",500,\"never ends",
    ] {
        echoed(payload);
    }
    let large: Vec<u8> = (0..1500_u32).map(|i| (i * 7) as u8).collect();
    echoed(&large);
}

#[test]
fn where_no_echo_comes_nothing_is_skipped() {
    for payload in [&b"hello"[..], b"O", b"+", b"OKOK", b"\r\nOK\r\n\r\n+Z"] {
        for prompt in [&b"\r\n> "[..], b"\r\n>"] {
            let mut bytes = prompt.to_vec();
            bytes.extend_from_slice(b"\r\nOK\r\n\r\n+QMTPUBEX: 0,1,0\r\n");
            assert_eq!(
                Run::prompt(payload).read(&bytes),
                [Seen::Prompt, line("OK"), line("+QMTPUBEX: 0,1,0")],
                "{:?} after {prompt:?}",
                payload.escape_ascii().to_string()
            );
        }
    }
}

#[test]
fn an_echo_that_stops_half_way_was_none() {
    let run = Run::prompt(b"\r\nOK\r\nand so on");
    let (before, late) = run.read_then_silence(b"\r\n> \r\nOK\r\n");
    assert_eq!(before, [Seen::Prompt]);
    assert_eq!(late, [line("OK")]);
}

#[test]
fn an_echo_is_awaited_only_once_something_of_it_has_come() {
    let (_, lexer) = Run::prompt(b"hello").chunks(std::iter::once(&b"\r\n> "[..]));
    assert_eq!(
        lexer.waiting(),
        Waiting::Nothing,
        "the payload may take long to be written"
    );
    let (_, lexer) = Run::prompt(b"hello").chunks(std::iter::once(&b"\r\n> hel"[..]));
    assert_eq!(lexer.waiting(), Waiting::Message);
}

#[test]
fn nothing_is_counted_on_a_port_just_opened() {
    let mut run = Run::on();
    run.context.lines_only = true;
    assert_eq!(
        run.read(b"le\"\r\n+QMTRECV: 0,0,\"t\",900,\"a\rb\"\r\nOK\r\n"),
        [
            line("le\""),
            line("+QMTRECV: 0,0,\"t\",900,\"a"),
            line("b\""),
            line("OK")
        ]
    );
}

#[test]
fn a_line_that_only_begins_like_a_message() {
    assert_eq!(
        lines(b"\r\n+QMTRECX: 0\r\n+QMTREC\r\n+Q\r\n+\r\n+QMTRECV\r\n"),
        [
            line("+QMTRECX: 0"),
            line("+QMTREC"),
            line("+Q"),
            line("+"),
            line("+QMTRECV")
        ]
    );
}
