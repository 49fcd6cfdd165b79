//! Everything the module writes: framing, order, and the faults that damage it.

use std::time::Duration;

use super::file_error;
use super::params::Failure;
use super::run::{Deferred, Mode};
use super::{Module, Output, Timed};
use crate::fault::{Action, On, Point};

/// What a piece of output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Info,
    Prompt,
    Final,
    /// A line `+CMD: idx,...` that ends an operation.
    Result,
    Urc,
}

impl Kind {
    /// What `of=` of the faults calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Prompt => "prompt",
            Self::Final => "final",
            Self::Result => "result",
            Self::Urc => "urc",
        }
    }
}

/// A framed piece of output.
#[derive(Debug, Clone)]
pub(crate) struct Say {
    pub(crate) kind: Kind,
    /// Name of the command or URC, without `+`.
    pub(crate) command: String,
    pub(crate) client: Option<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// What happens to the module's state once an output has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Prompt,
    Final,
}

/// An entry of the output queue.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) output: Output,
    pub(crate) mark: Option<Mark>,
    /// Before it the output stops for so long.
    pub(crate) stall: Option<Duration>,
}

impl From<Output> for Item {
    fn from(output: Output) -> Self {
        Self {
            output,
            mark: None,
            stall: None,
        }
    }
}

/// What the faults make of a piece of output.
#[derive(Default)]
struct Damage {
    /// A reboot cuts it.
    reboot: bool,
    /// It stops for so long behind so many bytes.
    stall: Option<(usize, Duration)>,
}

impl Module {
    /// A line of the answer to the running command; written when the command has ended.
    pub(crate) fn info(&mut self, line: impl Into<Vec<u8>>) {
        self.running.info.push(line.into());
    }

    /// The result line of an operation: `+QMTOPEN: 0,0` for `("QMTOPEN", 0, "0")`.
    pub(crate) fn result(&mut self, command: &str, client: usize, rest: &str) {
        let shown = match command {
            "QMTPUBEX" if self.profile.pubex_answers_as_pub => "QMTPUB",
            _ => command,
        };
        let line = self.header(shown, &format!("{client},{rest}"));
        self.line(Kind::Result, command, Some(client), line.into_bytes());
    }

    /// A URC about a client.
    pub(crate) fn client_urc(&mut self, name: &str, client: usize, rest: &str) {
        let line = self.header(name, &format!("{client},{rest}"));
        self.urc(name, Some(client), line.into_bytes());
    }

    /// Any URC.
    pub(crate) fn urc(&mut self, name: &str, client: Option<usize>, line: Vec<u8>) {
        self.line(Kind::Urc, name, client, line);
    }

    /// `+NAME: rest`, with the space where the dialect has it.
    pub(crate) fn header(&self, name: &str, rest: &str) -> String {
        let space = if self.profile.colon_space { " " } else { "" };
        format!("+{name}:{space}{rest}")
    }

    fn line(&mut self, kind: Kind, command: &str, client: Option<usize>, line: Vec<u8>) {
        let mut bytes = Vec::with_capacity(line.len() + 4);
        if self.preferences.verbose {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(&line);
        bytes.extend_from_slice(b"\r\n");
        self.say(Say {
            kind,
            command: command.to_owned(),
            client,
            bytes,
        });
    }

    /// Brings a line into its place: after the final code of the running command, after a data
    /// entry, or straight out.
    pub(crate) fn say(&mut self, say: Say) {
        if self.running.executing {
            self.running.deferred.push(Deferred::Say(say));
        } else if !self.routed_here() {
            // It goes to another port of the module.
        } else if self.mode.is_transfer() {
            let through = self.strikes(Point::Transfer, &say.command, say.client);
            if through.is_empty() {
                self.held.push(say);
            } else {
                self.put(say);
            }
        } else if !self.held.is_empty() || (self.mode.is_data() && !self.profile.urc_in_data) {
            self.held.push(say);
        } else if say.kind == Kind::Result && self.running.holds_back(&say.command) {
            self.result_meets_final(say);
        } else {
            self.put(say);
        }
    }

    /// Whether URCs go to the port the host is connected to.
    fn routed_here(&self) -> bool {
        let to = self.system.urc_port;
        to == "all" || to == self.profile.port
    }

    /// Writes the collected answer lines of a command.
    pub(crate) fn flush_info(&mut self) {
        let mut lines = std::mem::take(&mut self.running.info);
        let (command, client) = (self.running.command.clone(), self.running.client);
        if lines.len() > 1 && self.awaits(On::Between, &command, client) {
            let rest = lines.split_off(1);
            self.put_info(&lines, self.preferences.verbose);
            self.events_at(On::Between, &command, client);
            self.put_info(&rest, false);
        } else if !lines.is_empty() {
            self.put_info(&lines, self.preferences.verbose);
        }
    }

    fn put_info(&mut self, lines: &[Vec<u8>], framed: bool) {
        let mut bytes = if framed { b"\r\n".to_vec() } else { Vec::new() };
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        self.put(Say {
            kind: Kind::Info,
            command: self.running.command.clone(),
            client: self.running.client,
            bytes,
        });
    }

    /// The bytes of a final code; empty with `ATQ1`. `compact` leaves out the empty line before it.
    pub(crate) fn final_code(&self, outcome: Result<(), Failure>, compact: bool) -> Vec<u8> {
        let cmee = self.preferences.cmee;
        let (text, number) = match outcome {
            _ if self.preferences.quiet => return Vec::new(),
            Ok(()) => ("OK".to_owned(), Some(0)),
            Err(Failure::Cme(code)) if cmee == 1 => (format!("+CME ERROR: {code}"), None),
            Err(Failure::Cme(code)) if cmee == 2 => {
                (format!("+CME ERROR: {}", self.cme_text(code)), None)
            }
            Err(Failure::ForcedCme(code)) => (format!("+CME ERROR: {code}"), None),
            Err(_) => ("ERROR".to_owned(), Some(4)),
        };
        match number {
            Some(number) if !self.preferences.verbose => format!("{number}\r").into_bytes(),
            _ if compact => format!("{text}\r\n").into_bytes(),
            _ => format!("\r\n{text}\r\n").into_bytes(),
        }
    }

    /// The text of an error, or its number.
    fn cme_text(&self, code: u16) -> String {
        let mixed = self.profile.files.mixed_errors;
        general_text(code)
            .or_else(|| file_error::text(code, mixed))
            .map_or_else(|| code.to_string(), str::to_owned)
    }

    /// Sends a piece of output through the faults into the queue.
    pub(crate) fn put(&mut self, mut say: Say) {
        let point = match say.kind {
            Kind::Prompt => Some(Point::Prompt),
            Kind::Result => Some(Point::Result),
            Kind::Urc => Some(Point::Urc),
            Kind::Final | Kind::Info => None,
        };
        let places = match say.kind {
            Kind::Prompt => Some((On::Prompt, None)),
            Kind::Result | Kind::Urc => Some((On::Result, Some(On::AfterResult))),
            Kind::Final | Kind::Info => None,
        };
        let client = say.client;
        if let Some((before, _)) = places {
            self.events_at(before, &say.command, client);
        }
        if self.mode == Mode::Off {
            return;
        }
        let mark = match say.kind {
            Kind::Prompt => Some(Mark::Prompt),
            Kind::Final => Some(Mark::Final),
            _ => None,
        };
        let mut delay = Duration::ZERO;
        let mut copies = 1;
        if let Some(point) = point {
            for fault in self.strikes(point, &say.command, client) {
                match fault.action() {
                    Action::Delay => delay += Duration::from_millis(fault.ms.unwrap_or(0)),
                    Action::Lose => copies = 0,
                    Action::Twice => copies = 2,
                    Action::Never => return self.break_off(),
                    _ => {}
                }
            }
        }
        let damage = self.damage(&mut say);
        if say.bytes.is_empty() {
            copies = 0;
        }
        if copies == 0 {
            self.lost(mark);
        }
        for copy in 0..copies {
            let mark = mark.filter(|_| copy == 0);
            for item in pieces(&say.bytes, mark, damage.stall) {
                if delay.is_zero() {
                    self.output.push_back(item);
                } else {
                    self.schedule(delay, Timed::Put(item));
                }
            }
        }
        if damage.reboot {
            self.reboot();
        } else if let Some((_, Some(after))) = places {
            self.events_at(after, &say.command, client);
        }
    }

    /// No prompt comes, and nothing else about its command.
    fn break_off(&mut self) {
        self.mode = Mode::AwaitFinal;
        self.running.stop();
        self.running.silent = true;
        self.finish(Ok(()));
    }

    /// Output that never leaves still moves the state on; the rest of what was typed together with
    /// its cause is too early all the same.
    pub(crate) fn lost(&mut self, mark: Option<Mark>) {
        if let Some(mark) = mark {
            self.deaf_for_now |= mark == Mark::Prompt || self.mode == Mode::AwaitFinal;
            self.written(mark);
        }
    }

    /// Applies what damages bytes.
    fn damage(&mut self, say: &mut Say) -> Damage {
        let mut damage = Damage::default();
        for fault in self.damages(say.kind.name(), &say.command, say.client) {
            let len = say.bytes.len();
            let chosen = |module: &mut Self| fault.number.unwrap_or_else(|| module.rng.below(len));
            match fault.action() {
                Action::Truncate => say.bytes.truncate(fault.number.unwrap_or(0)),
                Action::TruncateAndReboot => {
                    say.bytes.truncate(fault.number.unwrap_or(0));
                    damage.reboot = true;
                }
                Action::DropByte => {
                    let index = chosen(self);
                    if index < len {
                        say.bytes.remove(index);
                    }
                }
                Action::FlipByte => {
                    let index = chosen(self);
                    let bit = self.rng.below(8);
                    if let Some(byte) = say.bytes.get_mut(index) {
                        *byte ^= 1 << bit;
                    }
                }
                Action::BlankLines => {
                    let mut bytes = b"\r\n".repeat(fault.number.unwrap_or(1));
                    bytes.append(&mut say.bytes);
                    say.bytes = bytes;
                }
                Action::Stall => {
                    let time = Duration::from_millis(fault.ms.unwrap_or(0));
                    damage.stall = Some((chosen(self), time));
                }
                _ => {}
            }
        }
        damage
    }

    /// Bytes as they are, past framing and faults.
    pub(crate) fn raw(&mut self, bytes: Vec<u8>) {
        self.output.push_back(Output::Serial(bytes).into());
    }

    /// Writes the echo collected so far.
    pub(crate) fn flush_echo(&mut self) {
        if !self.echoed.is_empty() {
            let bytes = std::mem::take(&mut self.echoed);
            self.raw(bytes);
        }
    }
}

/// A piece of output, in two where it stops on the way. The module goes on with the first of them.
fn pieces(bytes: &[u8], mark: Option<Mark>, stall: Option<(usize, Duration)>) -> Vec<Item> {
    let (at, time) = stall.unwrap_or_default();
    let (head, tail) = bytes.split_at(at.min(bytes.len()));
    let parts = [(head, None), (tail, (!time.is_zero()).then_some(time))];
    let mut items = Vec::new();
    for (part, stall) in parts.into_iter().filter(|(part, _)| !part.is_empty()) {
        items.push(Item {
            mark: mark.filter(|_| items.is_empty()),
            stall,
            ..Output::Serial(part.to_vec()).into()
        });
    }
    items
}

/// The texts of `AT+CMEE=2` (supplement 2.10).
fn general_text(code: u16) -> Option<&'static str> {
    Some(match code {
        0 => "phone failure",
        3 => "operation not allowed",
        4 => "operation not supported",
        10 => "SIM not inserted",
        11 => "SIM PIN required",
        13 => "SIM failure",
        14 => "SIM busy",
        16 => "incorrect password",
        30 => "no network service",
        31 => "network timeout",
        _ => return None,
    })
}
