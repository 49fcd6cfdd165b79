//! The text format of `tests/transcripts`, read and run. Its README describes it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use atmqtt::engine::{Engine, OpId, Options, Outcome, Output, Request};
use atmqtt::mqtt::publish::Publish;
use atmqtt::wire::{
    CommandLine, Context, LengthDisplay, Lexer, Limits, Loss, RecvLayout, Token, Waiting,
};
use atmqtt::{ClientConfig, Connect, Delivery, Event, Format, Granted, QoS};

/// One line of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// `>`
    Host(Vec<u8>),
    /// `<`
    Module(Vec<u8>),
    /// `=`
    Event(String),
    /// `!`
    Call(String),
    /// `@`
    Rule(String),
}

/// Reads a file; the number is that of the line.
pub(crate) fn parse(text: &str) -> Vec<(usize, Entry)> {
    let mut entries = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        let (sign, rest) = line.split_at(line.len().min(1));
        let rest = rest.trim_start();
        let entry = match sign {
            "" | "#" => continue,
            ">" => Entry::Host(unescape(rest)),
            "<" => Entry::Module(unescape(rest)),
            "=" => Entry::Event(rest.to_owned()),
            "!" => Entry::Call(rest.to_owned()),
            "@" => Entry::Rule(rest.to_owned()),
            _ => panic!("line {}: {line:?} begins with none of # > < = ! @", n + 1),
        };
        entries.push((n + 1, entry));
    }
    entries
}

/// The bytes that a text stands for.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match rest.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('\\') => b'\\',
            Some('"') => b'"',
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).expect("two hexadecimal digits behind \\x")
            }
            other => panic!("unknown escape {other:?} in {text:?}"),
        });
    }
    bytes
}

/// Bytes as they stand in an event: between bars, escaped where they are no printable ASCII.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b'|' | 0..=0x1f | 0x7f.. => write!(text, "\\x{byte:02x}").expect("a string"),
            _ => text.push(char::from(byte)),
        }
    }
    text
}

/// How module bytes are cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cutting {
    Whole,
    Single,
    /// At random places, seeded.
    Random(u64),
}

impl Cutting {
    pub(crate) fn cut(self, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![bytes],
            Self::Single => bytes.chunks(1).collect(),
            Self::Random(seed) => {
                let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                let mut pieces = Vec::new();
                let mut rest = bytes;
                while !rest.is_empty() {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    let longest = if state & 0x100 == 0 { 4 } else { 40 };
                    let length = (1 + (state >> 20) as usize % longest).min(rest.len());
                    let (piece, more) = rest.split_at(length);
                    pieces.push(piece);
                    rest = more;
                }
                pieces
            }
        }
    }
}

/// What a file is run against.
trait Subject {
    fn module(&mut self, bytes: &[u8]);
    /// The events since the last call.
    fn events(&mut self) -> Vec<String>;
    /// What the host has written and nobody has looked at.
    fn host(&mut self) -> &mut Vec<u8>;
    fn call(&mut self, call: &str);
    fn rule(&mut self, rule: &str);
}

/// Runs a file and panics where something else happens than it says.
pub(crate) fn run(name: &str, text: &str, cutting: Cutting) {
    let entries = parse(text);
    let on_lexer = matches!(&entries[0].1, Entry::Rule(rule) if rule.starts_with("lexer"));
    let mut subject: Box<dyn Subject> = if on_lexer {
        Box::new(OnLexer::new())
    } else {
        Box::new(OnEngine::new())
    };
    let mut rest = &entries[..];
    let mut events = 0;
    while let Some(((n, entry), more)) = rest.split_first() {
        rest = more;
        let place = format!("{name}:{n} ({cutting:?})");
        match entry {
            Entry::Host(bytes) => {
                let host = subject.host();
                assert!(
                    host.starts_with(bytes),
                    "{place}: the host was to write {}, it has written {}",
                    bytes.escape_ascii(),
                    host.escape_ascii()
                );
                host.drain(..bytes.len());
                continue;
            }
            Entry::Module(bytes) => {
                let host = subject.host();
                assert!(
                    host.is_empty(),
                    "{place}: the host has also written {}",
                    host.escape_ascii()
                );
                let mut bytes = bytes.clone();
                while let Some(((_, Entry::Module(next)), more)) = rest.split_first() {
                    bytes.extend_from_slice(next);
                    rest = more;
                }
                for piece in cutting.cut(&bytes) {
                    subject.module(piece);
                }
            }
            Entry::Call(call) => subject.call(call),
            Entry::Rule(rule) => subject.rule(rule),
            Entry::Event(_) => {}
        }
        let mut wanted: Vec<&str> = match entry {
            Entry::Event(event) => vec![event],
            _ => Vec::new(),
        };
        while let Some(((_, Entry::Event(event)), more)) = rest.split_first() {
            wanted.push(event);
            rest = more;
        }
        assert_eq!(subject.events(), wanted, "{place}: the events after it");
        events += wanted.len();
    }
    let host = subject.host();
    assert!(
        host.is_empty(),
        "{name}: at its end the host has also written {}",
        host.escape_ascii()
    );
    assert!(events > 0, "{name} asserts no event at all");
}

fn line(bytes: &[u8]) -> String {
    format!("line |{}|", escape(bytes))
}

/// `@ lexer ...`: the tokens.
struct OnLexer {
    lexer: Lexer,
    context: Context,
    echo: Vec<u8>,
    events: Vec<String>,
    host: Vec<u8>,
}

impl OnLexer {
    fn new() -> Self {
        Self {
            lexer: Lexer::new(Limits::default()),
            context: Context::default(),
            echo: Vec::new(),
            events: Vec::new(),
            host: Vec::new(),
        }
    }

    fn drain(&mut self) {
        while let Some(token) = self.lexer.next(&self.context) {
            let prompt = token == Token::Prompt;
            self.events.push(told(token));
            if prompt {
                self.context.prompt = false;
                if !self.echo.is_empty() {
                    self.lexer.expect_echo(&std::mem::take(&mut self.echo));
                }
            }
        }
    }
}

/// A token as it stands in a file.
pub(crate) fn told(token: Token<'_>) -> String {
    match token {
        Token::Line(text) => line(text),
        Token::Prompt => "prompt".to_owned(),
        Token::Raw(bytes) => format!("raw |{}|", escape(bytes)),
        Token::Ack => "ack".to_owned(),
        Token::Message(raw) => format!(
            "message {} {} {} |{}|{}|",
            raw.client,
            raw.msgid,
            raw.length
                .map_or_else(|| "-".to_owned(), |length| length.to_string()),
            escape(raw.topic),
            escape(raw.payload)
        ),
        Token::Lost(Loss::LongLine) => "lost long line".to_owned(),
        Token::Lost(Loss::LargePayload { client, length }) => {
            format!("lost payload {client} {length}")
        }
        Token::Lost(Loss::Unframed) => "lost unframed".to_owned(),
    }
}

impl Subject for OnLexer {
    fn module(&mut self, bytes: &[u8]) {
        self.lexer.push(bytes);
        self.drain();
    }

    fn events(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events)
    }

    fn host(&mut self) -> &mut Vec<u8> {
        &mut self.host
    }

    fn call(&mut self, call: &str) {
        panic!("nothing can be asked of a lexer: {call}");
    }

    fn rule(&mut self, rule: &str) {
        let (verb, rest) = rule.split_once(' ').unwrap_or((rule, ""));
        match verb {
            "lexer" => {
                let length = match rest.split(' ').next() {
                    Some("on") => LengthDisplay::On,
                    Some("off") => LengthDisplay::Off,
                    Some("unknown") => LengthDisplay::Unknown,
                    other => panic!("@ lexer {other:?}"),
                };
                let hex = rest.ends_with("hex");
                self.context.layouts = [RecvLayout { length, hex }; 6];
            }
            "prompt" => {
                self.context.prompt = true;
                self.echo = unescape(rest);
            }
            "silence" => {
                assert_ne!(self.lexer.waiting(), Waiting::Nothing, "nothing is awaited");
                if let Some(token) = self.lexer.give_up(&self.context) {
                    self.events.push(told(token));
                }
                self.drain();
            }
            _ => panic!("unknown rule @ {rule}"),
        }
    }
}

/// Everything else: what a program that uses the library sees.
pub(crate) struct OnEngine {
    engine: Engine,
    now: Instant,
    names: HashMap<OpId, String>,
    pub(crate) events: Vec<String>,
    pub(crate) host: Vec<u8>,
}

impl OnEngine {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let mut new = Self {
            engine: Engine::new(now, Options::default()),
            now,
            names: HashMap::new(),
            events: Vec::new(),
            host: Vec::new(),
        };
        let id = new.engine.start(now);
        new.names.insert(id, "start".to_owned());
        new.collect();
        new
    }

    fn collect(&mut self) {
        let out = self.engine.transmit().to_vec();
        self.engine.transmitted(out.len());
        self.host.extend_from_slice(&out);
        while let Some(output) = self.engine.poll_output() {
            let event = match output {
                Output::Done(id, result) => {
                    let name = &self.names[&id];
                    match result {
                        Ok(outcome) => format!("{name} {}", ended(&outcome)),
                        Err(error) => {
                            let code = error.code().map(|code| format!(" {code}"));
                            let kind = error.kind();
                            format!("{name} failed {kind:?}{}", code.unwrap_or_default())
                        }
                    }
                }
                Output::Message(message) => format!(
                    "message {} {} |{}|{}|",
                    message.client(),
                    message.msgid(),
                    escape(message.topic_bytes()),
                    escape(message.payload())
                ),
                Output::Event(event) => happened(&event),
            };
            self.events.push(event);
        }
    }

    /// Time passes, deadline by deadline.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.engine.poll_timeout().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
            self.collect();
        }
        self.now = until;
    }

    /// The host has written one line and nothing else, and the module answers.
    fn answer(&mut self, answers: &[(&str, &str)]) {
        loop {
            let host = std::mem::take(&mut self.host);
            let asked = String::from_utf8_lossy(&host).into_owned();
            let Some((_, answer)) = answers.iter().find(|(line, _)| asked.starts_with(line)) else {
                self.host = host;
                return;
            };
            self.module(answer.as_bytes());
        }
    }

    fn expect(&mut self, events: &[&str]) {
        assert_eq!(std::mem::take(&mut self.events), events);
    }

    /// `@ given ready`, `open C`, `connected C`.
    pub(crate) fn given(&mut self, what: &str) {
        let ok = "\r\nOK\r\n";
        self.wait(Duration::from_millis(200));
        self.answer(&[
            ("AT+CMEE?", "\r\n+CMEE: 1\r\n\r\nOK\r\n"),
            ("ATQ0V1E0", ok),
            ("AT+CMEE=1", ok),
            ("AT+QMTOPEN?", ok),
            ("AT+QMTCONN?", ok),
        ]);
        self.expect(&["start ok"]);
        let Some((state, client)) = what.split_once(' ') else {
            assert_eq!(what, "ready");
            return;
        };
        self.call(&format!("open open {client} broker.example 1883"));
        let opened = format!("{ok}\r\n+QMTOPEN: {client},0\r\n");
        self.answer(&[("AT+QMTCFG=", ok), ("AT+QMTOPEN=", &opened)]);
        self.expect(&["open ok"]);
        if state == "connected" {
            self.call(&format!("connect connect {client} id"));
            let connected = format!("{ok}\r\n+QMTCONN: {client},0,0\r\n");
            self.answer(&[("AT+QMTCONN=", &connected)]);
            self.expect(&["connect ok"]);
        } else {
            assert_eq!(state, "open");
        }
        self.wait(Duration::from_secs(10));
    }
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "ok".to_owned(),
        Outcome::Answer(lines) => {
            let mut text = "answered".to_owned();
            for answer in lines {
                write!(text, " |{}|", escape(answer)).expect("a string");
            }
            text
        }
        Outcome::File(bytes) => format!("file |{}|", escape(bytes)),
        Outcome::Granted(granted) => {
            let mut text = "granted".to_owned();
            for granted in granted {
                match granted {
                    Granted::QoS(qos) => write!(text, " {qos}"),
                    other => write!(text, " {other:?}"),
                }
                .expect("a string");
            }
            text
        }
    }
}

fn happened(event: &Event) -> String {
    match event {
        Event::Disconnected { client, reason, .. } => {
            format!("disconnected {client} {}", reason.code())
        }
        Event::PingFailed { client, .. } => format!("ping failed {client}"),
        Event::Retransmission {
            client,
            command,
            msgid,
            count,
            ..
        } => format!("retransmission {client} {command} {msgid} {count:?}"),
        Event::Restarted => "restarted".to_owned(),
        Event::PdpDeactivated { context } => format!("context {context} lost"),
        Event::InputLost { .. } => "input lost".to_owned(),
        Event::Urc(text) => line(text),
        other => format!("{other:?}"),
    }
}

impl Subject for OnEngine {
    fn module(&mut self, bytes: &[u8]) {
        self.now += Duration::from_micros(100);
        self.engine.handle_input(self.now, bytes);
        self.collect();
    }

    fn events(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events)
    }

    fn host(&mut self) -> &mut Vec<u8> {
        &mut self.host
    }

    /// `NAME VERB ARGUMENTS`.
    fn call(&mut self, call: &str) {
        let mut words = call.splitn(3, ' ');
        let name = words.next().unwrap_or_default();
        let verb = words.next().unwrap_or_default();
        let rest = words.next().unwrap_or_default();
        let words: Vec<&str> = rest.split(' ').collect();
        let client = || words[0].parse().expect("a client");
        let qos = |word: &str| {
            let level: u8 = word.parse().expect("a QoS");
            QoS::try_from(level).expect("0..=2")
        };
        let request = match verb {
            "command" => Request::Command {
                line: CommandLine::new(rest),
                data: None,
                deadline: Duration::from_secs(5),
            },
            "data" => {
                let (data, command) = rest.split_once(' ').expect("data and a command");
                Request::Command {
                    line: CommandLine::new(command),
                    data: Some(unescape(data)),
                    deadline: Duration::from_secs(60),
                }
            }
            "configure" => {
                let config = match words[1] {
                    "stored" => ClientConfig::new().delivery(Delivery::Stored),
                    "hex" => ClientConfig::new().data_format((Format::Text, Format::Hex)),
                    "echo" => ClientConfig::new().view_mode(true),
                    other => panic!("configure {other}"),
                };
                Request::Configure {
                    client: client(),
                    config: Box::new(config),
                }
            }
            "open" | "replace" => Request::Open {
                client: client(),
                host: words[1].to_owned(),
                port: words[2].parse().expect("a port"),
                replace: verb == "replace",
            },
            "connect" => Request::Connect {
                client: client(),
                connect: Connect::new(words[1]),
            },
            "disconnect" => Request::Disconnect { client: client() },
            "close" => Request::Close { client: client() },
            "subscribe" => Request::Subscribe {
                client: client(),
                topics: words[1..]
                    .chunks(2)
                    .map(|pair| (pair[0].to_owned(), qos(pair[1])))
                    .collect(),
            },
            "unsubscribe" => Request::Unsubscribe {
                client: client(),
                topics: words[1..].iter().map(ToString::to_string).collect(),
            },
            "publish" => {
                // CLIENT QOS TOPIC PAYLOAD
                let mut words = rest.splitn(4, ' ').skip(1);
                let level = words.next().expect("a QoS");
                let topic = words.next().expect("a topic");
                let payload = unescape(words.next().unwrap_or_default());
                Request::Publish {
                    client: client(),
                    publish: Publish::new(topic, payload, qos(level), false),
                }
            }
            other => panic!("unknown call {other}"),
        };
        match self.engine.submit(self.now, request) {
            Ok(id) => {
                self.names.insert(id, name.to_owned());
            }
            Err(error) => panic!("{call}: {error}"),
        }
        self.collect();
    }

    fn rule(&mut self, rule: &str) {
        let (verb, rest) = rule.split_once(' ').unwrap_or((rule, ""));
        match verb {
            "given" => self.given(rest),
            "settings" => self.answer(&[("AT+QMTCFG=", "\r\nOK\r\n")]),
            "wait" => self.wait(Duration::from_secs_f64(rest.parse().expect("seconds"))),
            _ => panic!("unknown rule @ {rule}"),
        }
    }
}
