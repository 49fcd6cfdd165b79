//! The module: what it is sent it takes as a module does, command by command and byte by byte, and notices
//! what it should never have been sent.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::calls::{Book, WILL};
use super::Kind;

/// How it answers what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// As it should: prompt, final result code and result.
    Well,
    Error,
    Numbered,
    /// Without its result line.
    NoResult,
    /// The result line first.
    ResultFirst,
    /// With a result that tells of a failure.
    Failure,
    /// What it says is lost on its way.
    Nothing,
    /// As it should, but a prompt was under way since the command came.
    Late,
}

impl Answer {
    pub(super) fn of(byte: u8) -> Self {
        match byte % 16 {
            8 => Self::Late,
            9 => Self::Error,
            10 => Self::Numbered,
            11 => Self::NoResult,
            12 => Self::ResultFirst,
            13 | 14 => Self::Failure,
            15 => Self::Nothing,
            _ => Self::Well,
        }
    }
}

/// What it has been sent and not answered.
#[derive(Debug)]
enum Waiting {
    Command(String),
    /// The data of this command has come.
    Data(String),
    /// A kilobyte of a file has.
    Block,
}

/// It takes what comes for data.
#[derive(Debug)]
struct Entry {
    command: String,
    left: usize,
    got: Vec<u8>,
    wanted: Option<Vec<u8>>,
    /// It has asked for it.
    prompted: bool,
    /// When the last byte came.
    since: Instant,
    /// Without one for so long it takes commands again; `None` = never.
    limit: Option<Duration>,
    file: bool,
    ack: bool,
}

/// What it knows of a client.
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    edit_timeout: Option<Duration>,
    counted: bool,
    stored: bool,
    hex: bool,
}

#[derive(Debug)]
pub(super) struct Peer {
    secret: String,
    honest: bool,
    /// Client 5 is connected since before.
    alive: bool,
    line: Vec<u8>,
    /// It restarted in the middle of a line.
    half: bool,
    /// The last command.
    last: String,
    waiting: VecDeque<Waiting>,
    entry: Option<Entry>,
    settings: [Settings; 6],
    /// Every block of a file that it has printed.
    pub(super) blocks: Vec<Vec<u8>>,
}

impl Peer {
    pub(super) fn new(secret: String, kind: Kind) -> Self {
        let mut settings = [Settings::default(); 6];
        let alive = kind == Kind::Alive;
        if alive {
            settings[5].counted = true;
            settings[5].edit_timeout = Some(Duration::from_secs(10));
        }
        Self {
            secret,
            honest: kind != Kind::Liar,
            alive,
            line: Vec::new(),
            half: false,
            last: String::new(),
            waiting: VecDeque::new(),
            entry: None,
            settings,
            blocks: Vec::new(),
        }
    }

    pub(super) fn restart(&mut self) {
        self.half = !self.line.is_empty();
        self.line.clear();
        self.waiting.clear();
        self.entry = None;
        self.settings = [Settings::default(); 6];
        self.alive = false;
    }

    /// Whether the messages of a client come at once, counted, and as they are.
    pub(super) fn counts(&self, client: u8) -> bool {
        let settings = &self.settings[usize::from(client)];
        settings.counted && !settings.stored && !settings.hex
    }

    /// Whether what it prints may be taken for a part of a file.
    pub(super) fn in_file(&self) -> bool {
        let reads = |waiting: &Waiting| matches!(waiting, Waiting::Command(line) if line.starts_with("AT+QF"));
        self.entry.as_ref().is_some_and(|entry| entry.file) || self.waiting.iter().any(reads)
    }

    /// Bytes arrive. `whole` = nothing of what the host wants to send is still on its way.
    pub(super) fn take(&mut self, now: Instant, bytes: &[u8], book: &Book, whole: bool) {
        let late = |entry: &Entry| entry.limit.is_some_and(|limit| now >= entry.since + limit);
        if whole && bytes.is_empty() && self.entry.as_ref().is_some_and(late)
            || self
                .entry
                .as_ref()
                .is_some_and(|entry| late(entry) && entry.got.is_empty())
        {
            self.entry = None;
            self.waiting
                .retain(|waiting| !matches!(waiting, Waiting::Block));
        }
        for &byte in bytes {
            self.byte(now, byte, book);
        }
    }

    fn byte(&mut self, now: Instant, byte: u8, book: &Book) {
        if let Some(entry) = &mut self.entry {
            if self.honest {
                assert!(
                    entry.prompted,
                    "{:?} was sent where {} waits to ask for its data",
                    char::from(byte),
                    entry.command
                );
            }
            entry.since = now;
            entry.got.push(byte);
            entry.left = entry.left.saturating_sub(1);
            if entry.ack && entry.got.len() % 1024 == 0 && entry.left > 0 {
                self.waiting.push_back(Waiting::Block);
            }
            if entry.left == 0 {
                self.entered();
            }
            return;
        }
        if byte != b'\r' {
            if self.honest {
                assert!(
                    !byte.is_ascii_control(),
                    "{byte:#x} was sent in {:?}, behind {}",
                    String::from_utf8_lossy(&self.line),
                    self.last
                );
            }
            self.line.push(byte);
            return;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if std::mem::take(&mut self.half) && !line.starts_with("AT") {
            return;
        }
        if self.honest {
            // A command that the port did not take in time is taken back, and may leave its A behind.
            assert!(
                line.starts_with("AT") || line.starts_with("AAT"),
                "{line:?} was sent as a command, behind {}",
                self.last
            );
        }
        self.command(now, line, book);
    }

    fn entered(&mut self) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        if let (Some(wanted), true) = (&entry.wanted, self.honest) {
            assert!(
                entry.got == *wanted,
                "{} was given {}",
                entry.command,
                entry.got.escape_ascii()
            );
        }
        self.waiting.push_back(Waiting::Data(entry.command));
    }

    fn command(&mut self, now: Instant, line: String, book: &Book) {
        let (name, parameters) = line.split_once('=').unwrap_or((&line, ""));
        let parameters: Vec<&str> = parameters.split(',').map(|p| p.trim_matches('"')).collect();
        let number = |at: usize| parameters.get(at).and_then(|p| p.parse::<usize>().ok());
        let client = |at: usize| number(at).unwrap_or(0) % 6;
        let entry = |left, wanted, limit, file, ack| Entry {
            command: line.clone(),
            left,
            got: Vec::new(),
            wanted,
            prompted: false,
            since: now,
            limit,
            file,
            ack,
        };
        self.entry = match (name, parameters.first().copied()) {
            _ if is_broken(&line) => None,
            ("AT+QMTPUBEX", _) => {
                let limit = self.settings[client(0)].edit_timeout;
                let payload = parameters
                    .get(4)
                    .and_then(|topic| book.payloads.get(*topic));
                let length = number(5).unwrap_or(0);
                let wanted = payload.filter(|payload| payload.len() == length).cloned();
                (length > 0).then(|| entry(length, wanted, limit, false, false))
            }
            ("AT+QMTCFG", Some("willex")) if number(2) == Some(1) => {
                let limit = self.settings[client(1)].edit_timeout;
                let length = number(6).unwrap_or(0);
                (length > 0).then(|| entry(length, Some(WILL.to_vec()), limit, false, false))
            }
            ("AT+QISEND", _) => {
                let length = number(1).unwrap_or(0);
                (length > 0).then(|| entry(length, None, None, false, false))
            }
            ("AT+QFUPL", _) => {
                let wanted = parameters
                    .first()
                    .and_then(|name| book.files.get(*name))
                    .cloned();
                let limit = number(2).map(|limit| Duration::from_secs(limit as u64));
                let length = number(1).unwrap_or(0);
                Some(entry(length, wanted, limit, true, number(3) == Some(1)))
            }
            _ => None,
        };
        self.last.clone_from(&line);
        self.waiting.push_back(Waiting::Command(line));
    }

    /// Answers the oldest that waits.
    pub(super) fn answer(&mut self, now: Instant, answer: Answer) -> Vec<u8> {
        let asked = match self.waiting.pop_front() {
            None => return Vec::new(),
            Some(Waiting::Block) => return b"A".to_vec(),
            Some(Waiting::Data(command)) => return self.finals(&command, answer),
            Some(Waiting::Command(command)) => command,
        };
        let Some(entry) = &mut self.entry else {
            return self.finals(&asked, answer);
        };
        if entry.command != asked {
            return self.finals(&asked, answer);
        }
        match answer {
            Answer::Error | Answer::Numbered => {
                self.entry = None;
                self.finals(&asked, answer)
            }
            Answer::Nothing => Vec::new(),
            _ => {
                entry.prompted = true;
                let prompt: &[u8] = match entry.file {
                    true => b"\r\nCONNECT\r\n",
                    false => b"\r\n> ",
                };
                if answer != Answer::Late {
                    entry.since = now;
                } else if entry.limit.is_some_and(|limit| now >= entry.since + limit) {
                    self.entry = None;
                }
                prompt.to_vec()
            }
        }
    }

    /// Final result code and result of a command.
    fn finals(&mut self, command: &str, answer: Answer) -> Vec<u8> {
        let answer = match is_broken(command) {
            true => Answer::Error,
            false => answer,
        };
        let refused = matches!(answer, Answer::Error | Answer::Numbered);
        if !refused {
            self.accepted(command);
        }
        let result = self.result(command, answer == Answer::Failure);
        let ok = format!("{}\r\nOK\r\n", self.lines(command)).into_bytes();
        match answer {
            Answer::Error => b"\r\nERROR\r\n".to_vec(),
            Answer::Numbered => b"\r\n+CME ERROR: 58\r\n".to_vec(),
            Answer::Nothing => Vec::new(),
            Answer::NoResult => [self.block(command), ok].concat(),
            Answer::ResultFirst => [result.into_bytes(), self.block(command), ok].concat(),
            Answer::Well | Answer::Failure | Answer::Late => {
                [self.block(command), ok, result.into_bytes()].concat()
            }
        }
    }

    fn accepted(&mut self, command: &str) {
        let Some(setting) = command.strip_prefix("AT+QMTCFG=\"") else {
            return;
        };
        let Some((name, values)) = setting.split_once("\",") else {
            return;
        };
        let values: Vec<u8> = values
            .split(',')
            .filter_map(|value| value.parse().ok())
            .collect();
        let Some(settings) = values
            .first()
            .and_then(|&client| self.settings.get_mut(usize::from(client)))
        else {
            return;
        };
        match (name, &values[1..]) {
            ("edit/timeout", [0, ..]) => settings.edit_timeout = None,
            ("edit/timeout", [1, seconds]) => {
                settings.edit_timeout = Some(Duration::from_secs((*seconds).into()));
            }
            ("recv/mode", [mode, counted]) => {
                settings.stored = *mode == 1;
                settings.counted = *counted == 1;
            }
            ("dataformat", [_, received]) => settings.hex = *received == 1,
            _ => {}
        }
    }

    /// The lines of an answer.
    fn lines(&self, command: &str) -> String {
        let secret = &self.secret;
        match command {
            _ if command.starts_with("AT+CMEE?") => {
                "\r\n+CMEE: 1\r\n".repeat(command.matches("+CMEE?").count())
            }
            "AT+QMTOPEN?" if self.alive => "\r\n+QMTOPEN: 5,\"old\",1883\r\n".to_owned(),
            "AT+QMTCONN?" if self.alive => "\r\n+QMTCONN: 5,3\r\n".to_owned(),
            "AT+QMTCFG=\"recv/mode\",5" => "\r\n+QMTCFG: \"recv/mode\",0,1\r\n".to_owned(),
            "AT+QMTCFG=\"dataformat\",5" => "\r\n+QMTCFG: \"dataformat\",0,0\r\n".to_owned(),
            "AT+QMTCFG=\"timeout\",5" => "\r\n+QMTCFG: \"timeout\",5,3,0\r\n".to_owned(),
            "AT+QMTCFG=\"edit/timeout\",5" => "\r\n+QMTCFG: \"edit/timeout\",1,10\r\n".to_owned(),
            "AT+CSQ" => "\r\n+CSQ: 20,99\r\n".to_owned(),
            "AT+QICSGP=1" => format!("\r\n+QICSGP: 1,\"apn\",\"me\",\"{secret}\",2\r\n"),
            "AT+CGAUTH?" => format!("\r\n+CGAUTH: 1,1,\"me\",\"{secret}\"\r\n"),
            "AT+QMTCFG=\"onenet\",0" => format!("\r\n+QMTCFG: \"onenet\",\"id\",\"{secret}\"\r\n"),
            "AT+QSSLCFG=\"psk\",0" => format!("\r\n+QSSLCFG: \"psk\",0,\"id\",\"{secret}\"\r\n"),
            _ if command.starts_with("AT+QFUPL") => "\r\n+QFUPL: 5,1a2b\r\n".to_owned(),
            _ => String::new(),
        }
    }

    /// The counted bytes of a file, which hold a secret and look like lines.
    fn block(&mut self, command: &str) -> Vec<u8> {
        let Some(length) = command.strip_prefix("AT+QFREAD=3000,") else {
            return Vec::new();
        };
        let length: usize = length.parse().unwrap_or(0);
        let text = format!("{}\r\nOK\r\n+QMTSTAT: 0,1\r\n> ", self.secret);
        let block: Vec<u8> = text.bytes().cycle().take(length).collect();
        self.blocks.push(block.clone());
        [
            format!("\r\nCONNECT {length}\r\n").as_bytes(),
            &block,
            b"\r\n",
        ]
        .concat()
    }

    /// The line that ends the operation of a command.
    fn result(&self, command: &str, failure: bool) -> String {
        let (name, parameters) = command.split_once('=').unwrap_or((command, ""));
        let mut parameters = parameters.split(',');
        let client = parameters.next().unwrap_or("0");
        let second = parameters.next().unwrap_or("0");
        let code = u8::from(failure) * 2;
        let line = match name {
            "AT+QMTOPEN" => format!("+QMTOPEN: {client},{code}"),
            "AT+QMTCONN" if failure => format!("+QMTCONN: {client},0,4"),
            "AT+QMTCONN" => format!("+QMTCONN: {client},0,0"),
            "AT+QMTDISC" => format!("+QMTDISC: {client},0"),
            "AT+QMTCLOSE" => format!("+QMTCLOSE: {client},0"),
            "AT+QMTSUB" => format!("+QMTSUB: {client},{second},{code},1"),
            "AT+QMTUNS" => format!("+QMTUNS: {client},{second},{code}"),
            "AT+QMTPUBEX" => format!("+QMTPUBEX: {client},{second},{code}"),
            _ => return String::new(),
        };
        format!("\r\n{line}\r\n")
    }
}

/// Whether it is what is left of a command that was taken back, and the next command behind it.
fn is_broken(line: &str) -> bool {
    line.get(1..)
        .is_some_and(|rest| rest.contains("AT+CMEE?") || rest.contains("ATQ0V1E0"))
}
