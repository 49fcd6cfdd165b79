//! What can go wrong in the emulated module, when, and how often.
//!
//! A fault is written `NAME[:key=value,...]`, for example `lose-prompt:at=QMTPUBEX,after=2` or
//! `stat:client=0,code=1,ms=500`. Every name is one row of [`Fault::HELP`].
//!
//! Keys that every fault takes:
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `at=NAME` | only for this command, or a URC of this name (`QMTPUBEX`, also `AT+QMTPUBEX`) | any |
//! | `client=0..5` | only for this MQTT client | any |
//! | `after=N` | let the first N matches pass | 0 |
//! | `times=N` or `always` | how often it strikes | 1 |
//!
//! The faults that are events (a reboot, a stray line, ...) happen `ms` milliseconds after the start
//! (or after being injected), unless `at=` or `on=` bind them to a command: then `on=` says where,
//! and `ms` is counted from there. `on=` is one of `command` (its line was read), `prompt` (before
//! the prompt), `payload` (half of the payload was typed, or of a file sent), `between` (behind the
//! first line of an answer that has several), `answer` (behind the lines of the answer, before the final
//! code), `final` (after the final code, the default), `result` (before the result line or URC),
//! `after-result`. With `times=N` an event at a time comes N times, `ms` apart.
//!
//! The faults that damage output (`truncate`, `drop-byte`, ...) strike at the next line or code, or
//! with `of=` at the next `info`, `prompt`, `final`, `result` or `urc`.
//!
//! `line=` takes the rest of the text, commas included, so it comes last; `\r` and `\n` in it stand
//! for the control characters.

use std::fmt;
use std::str::FromStr;

/// Where in the module's work a fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// A command is about to run.
    Command,
    /// The prompt is about to be written.
    Prompt,
    /// A final code is about to be written.
    Final,
    /// A result line, `+QMT...: idx,...`, is about to be written.
    Result,
    /// A URC is about to be written; the faults on results strike here too when `at=` names it.
    Urc,
    /// Any line or code is about to be written.
    Any,
    /// A URC about a stored message is about to be written.
    Notice,
    /// A packet of the broker arrived.
    Packet,
    /// A connection was opened.
    Opened,
    /// A line would have to wait for the end of a file transfer.
    Transfer,
    /// An event: see `on=`.
    Event,
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Delay,
    Lose,
    Twice,
    ResultFirst,
    Never,
    Error,
    Cme,
    Truncate,
    TruncateAndReboot,
    DropByte,
    FlipByte,
    BlankLines,
    Stall,
    LetThrough,
    DropAck,
    OpenResult,
    ConnackCode,
    Stat,
    Ping,
    Reboot,
    PdpDeactivated,
    Registration,
    HangUp,
    Line,
    Garbage,
    Echo,
    LateStat,
}

/// The places that `on=` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Command,
    Prompt,
    Payload,
    Between,
    Answer,
    Final,
    Result,
    AfterResult,
}

const ON: &[(&str, On)] = &[
    ("command", On::Command),
    ("prompt", On::Prompt),
    ("payload", On::Payload),
    ("between", On::Between),
    ("answer", On::Answer),
    ("final", On::Final),
    ("result", On::Result),
    ("after-result", On::AfterResult),
];

/// What `ack=` of `drop-ack` names.
pub(crate) const ACKS: &[&str] = &[
    "connack", "puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback", "pingresp",
];

/// One kind of fault: a row of [`Fault::HELP`].
#[derive(Debug)]
pub struct FaultHelp {
    /// How it is written.
    pub name: &'static str,
    /// The keys it takes besides `at`, `client`, `after` and `times`.
    pub keys: &'static [&'static str],
    /// What it does, in one line.
    pub help: &'static str,
    point: Point,
    action: Action,
}

const fn row(
    name: &'static str,
    point: Point,
    action: Action,
    keys: &'static [&'static str],
    help: &'static str,
) -> FaultHelp {
    FaultHelp {
        name,
        keys,
        help,
        point,
        action,
    }
}

/// What `of=` of the faults that damage output names.
const KINDS: &[&str] = &["info", "prompt", "final", "result", "urc"];

const EVENT: &[&str] = &["on", "ms"];
const EVENT_CODE: &[&str] = &["on", "ms", "code"];

static ROWS: &[FaultHelp] = &[
    row(
        "lose-command",
        Point::Command,
        Action::Lose,
        &[],
        "the command and the rest of its line are lost: not run, not answered",
    ),
    row(
        "delay-prompt",
        Point::Prompt,
        Action::Delay,
        &["ms"],
        "the prompt comes ms late; what is typed until then is dropped",
    ),
    row(
        "lose-prompt",
        Point::Prompt,
        Action::Lose,
        &[],
        "no prompt, but the module takes the payload",
    ),
    row(
        "no-prompt",
        Point::Prompt,
        Action::Never,
        &[],
        "no prompt and no final code; the module takes no payload, but the next command",
    ),
    row(
        "delay-final",
        Point::Final,
        Action::Delay,
        &["ms"],
        "the final code comes ms late; the module is busy until then",
    ),
    row(
        "lose-final",
        Point::Final,
        Action::Lose,
        &[],
        "no final code",
    ),
    row(
        "delay-result",
        Point::Result,
        Action::Delay,
        &["ms"],
        "the result line comes ms late",
    ),
    row(
        "lose-result",
        Point::Result,
        Action::Lose,
        &[],
        "no result line; with at= also a URC of that name (delay-result and double-result too)",
    ),
    row(
        "double-result",
        Point::Result,
        Action::Twice,
        &[],
        "the result line comes twice",
    ),
    row(
        "result-first",
        Point::Final,
        Action::ResultFirst,
        &["ms"],
        "the result line comes before the OK (after ms, default 10000, the OK comes anyhow)",
    ),
    row(
        "error",
        Point::Command,
        Action::Error,
        &[],
        "the command answers ERROR and does nothing",
    ),
    row(
        "cme",
        Point::Command,
        Action::Cme,
        &["code"],
        "the command answers +CME ERROR: code and does nothing",
    ),
    row(
        "truncate",
        Point::Any,
        Action::Truncate,
        &["of", "bytes"],
        "a line is cut after so many bytes",
    ),
    row(
        "reboot-in-line",
        Point::Any,
        Action::TruncateAndReboot,
        &["of", "bytes"],
        "a line is cut after so many bytes by a reboot",
    ),
    row(
        "drop-byte",
        Point::Any,
        Action::DropByte,
        &["of", "byte"],
        "one byte of a line is missing: number byte, or any",
    ),
    row(
        "flip-byte",
        Point::Any,
        Action::FlipByte,
        &["of", "byte"],
        "one byte of a line is damaged: number byte, or any",
    ),
    row(
        "blank-lines",
        Point::Any,
        Action::BlankLines,
        &["of", "count"],
        "count (default 1) empty lines in front of a line",
    ),
    row(
        "stall",
        Point::Any,
        Action::Stall,
        &["of", "bytes", "ms"],
        "the output stops for ms after so many bytes (default any) of a line, and then goes on",
    ),
    row(
        "lose-notice",
        Point::Notice,
        Action::Lose,
        &[],
        "a message is stored (recv/mode 1) without a notice",
    ),
    row(
        "urc-in-file",
        Point::Transfer,
        Action::LetThrough,
        &[],
        "a URC or result line comes during a file transfer, not after it",
    ),
    row(
        "drop-ack",
        Point::Packet,
        Action::DropAck,
        &["ack"],
        "a packet of the broker is lost: ack=connack, puback, pubrec, pubrel, pubcomp, suback, unsuback or pingresp",
    ),
    row(
        "open-result",
        Point::Opened,
        Action::OpenResult,
        &["code"],
        "AT+QMTOPEN ends with this result: code=-1 and 1 to 5",
    ),
    row(
        "connack",
        Point::Packet,
        Action::ConnackCode,
        &["code"],
        "the CONNACK carries this return code, 0 to 5",
    ),
    row(
        "stat",
        Point::Event,
        Action::Stat,
        EVENT_CODE,
        "the client's connection breaks with +QMTSTAT: client,code (default 1)",
    ),
    row(
        "ping",
        Point::Event,
        Action::Ping,
        EVENT,
        "the client's keep-alive fails: +QMTPING: client,1",
    ),
    row(
        "reboot",
        Point::Event,
        Action::Reboot,
        EVENT,
        "the module restarts: everything is lost, RDY and the boot lines follow",
    ),
    row(
        "pdpdeact",
        Point::Event,
        Action::PdpDeactivated,
        &["on", "ms", "context", "code"],
        "the network drops the context (default 1): +QIURC, then +QMTSTAT with code for its clients",
    ),
    row(
        "registration",
        Point::Event,
        Action::Registration,
        EVENT_CODE,
        "the registration status becomes code (default 2, searching)",
    ),
    row(
        "hang-up",
        Point::Event,
        Action::HangUp,
        EVENT,
        "the serial device vanishes",
    ),
    row(
        "line",
        Point::Event,
        Action::Line,
        &["on", "ms", "line"],
        "this line appears",
    ),
    row(
        "garbage",
        Point::Event,
        Action::Garbage,
        &["on", "ms", "bytes"],
        "so many (default 16) random bytes and a line end appear",
    ),
    row(
        "echo",
        Point::Event,
        Action::Echo,
        EVENT,
        "the echo is switched on, as by ATE1 of somebody else",
    ),
    row(
        "late-stat",
        Point::Event,
        Action::LateStat,
        EVENT_CODE,
        "after the client has been opened again, the +QMTSTAT of its old connection comes (code default 1)",
    ),
];

/// Some thirty years.
const MS_MAX: u64 = 1_000_000_000_000;
/// The most bytes, lines, ... of one fault.
const COUNT_MAX: usize = 1_000_000;

/// One fault, as written on the command line.
#[derive(Debug, Clone)]
pub struct Fault {
    row: &'static FaultHelp,
    pub(crate) at: Option<String>,
    pub(crate) client: Option<usize>,
    pub(crate) after: u32,
    /// `None`: always.
    pub(crate) times: Option<u32>,
    pub(crate) on: Option<On>,
    pub(crate) ms: Option<u64>,
    pub(crate) code: Option<i32>,
    /// `bytes=`, `byte=`, `count=` or `context=`.
    pub(crate) number: Option<usize>,
    pub(crate) ack: Option<&'static str>,
    pub(crate) of: Option<&'static str>,
    pub(crate) line: Option<Vec<u8>>,
}

impl Fault {
    /// All kinds of faults, for `--help`.
    pub const HELP: &'static [FaultHelp] = ROWS;

    /// How this kind is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    pub(crate) fn point(&self) -> Point {
        self.row.point
    }

    /// Whether it strikes at this point.
    pub(crate) fn is_at(&self, point: Point) -> bool {
        let named_urc = point == Point::Urc && self.row.point == Point::Result && self.at.is_some();
        self.row.point == point || named_urc
    }

    pub(crate) fn action(&self) -> Action {
        self.row.action
    }

    /// Where an event strikes; `None`: at a time.
    pub(crate) fn place(&self) -> Option<On> {
        match (self.row.point, self.on, &self.at) {
            (Point::Event, None, None) => None,
            (Point::Event, Some(on), _) => Some(on),
            (Point::Event, None, Some(_)) => Some(On::Final),
            _ => None,
        }
    }

    /// Whether it means this command and client. For an event the client is the one it happens to,
    /// so that a command without a client can bring it about.
    pub(crate) fn concerns(&self, command: &str, client: Option<usize>) -> bool {
        let command = bare(command);
        let anyhow = client.is_none() && self.row.point == Point::Event;
        self.at.as_deref().is_none_or(|at| at == command)
            && (anyhow || self.client.is_none() || self.client == client)
    }

    fn key(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "at" => self.at = Some(bare(&value.to_ascii_uppercase()).to_owned()),
            "client" => self.client = Some(number(key, value, 5)?),
            "after" => self.after = number(key, value, u32::MAX)?,
            "times" if value == "always" => self.times = None,
            "times" => self.times = Some(number(key, value, u32::MAX)?),
            _ if !self.row.keys.contains(&key) => {
                return Err(format!("fault {} has no key {key}", self.row.name));
            }
            "on" => self.on = Some(one_of(key, value, ON)?),
            "ms" => self.ms = Some(number(key, value, MS_MAX)?),
            "code" => {
                let code = value
                    .parse()
                    .map_err(|_| format!("{key}={value}: not a number"))?;
                self.code = Some(code);
            }
            "ack" => self.ack = Some(known(key, value, ACKS)?),
            "of" => self.of = Some(known(key, value, KINDS)?),
            "line" => self.line = Some(unescape(value)),
            _ => self.number = Some(number(key, value, COUNT_MAX)?),
        }
        Ok(())
    }
}

/// `QMTSUB` for `AT+QMTSUB`, `+QMTSUB` and `QMTSUB`.
fn bare(name: &str) -> &str {
    let name = name.strip_prefix("AT").unwrap_or(name);
    name.strip_prefix('+').unwrap_or(name)
}

fn number<T: FromStr + PartialOrd + fmt::Display>(
    key: &str,
    value: &str,
    max: T,
) -> Result<T, String> {
    match value.parse() {
        Ok(number) if number <= max => Ok(number),
        _ => Err(format!("{key}={value}: not a number from 0 to {max}")),
    }
}

fn one_of<T: Copy>(key: &str, value: &str, names: &[(&str, T)]) -> Result<T, String> {
    let found = names.iter().find(|(name, _)| *name == value);
    found.map(|(_, item)| *item).ok_or_else(|| {
        let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        format!("{key}={value}: not one of {}", names.join(", "))
    })
}

fn known(key: &str, value: &str, names: &[&'static str]) -> Result<&'static str, String> {
    let found = names.iter().find(|name| **name == value);
    found
        .copied()
        .ok_or_else(|| format!("{key}={value}: not one of {}", names.join(", ")))
}

fn unescape(text: &str) -> Vec<u8> {
    text.replace("\\r", "\r").replace("\\n", "\n").into_bytes()
}

/// Why a fault could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFaultError(String);

impl fmt::Display for ParseFaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseFaultError {}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(spec: &str) -> Result<Self, Self::Err> {
        let (name, mut rest) = spec.split_once(':').unwrap_or((spec, ""));
        let row = ROWS
            .iter()
            .find(|row| row.name == name)
            .ok_or_else(|| ParseFaultError(format!("no fault is called {name}")))?;
        let mut fault = Self {
            row,
            at: None,
            client: None,
            after: 0,
            times: Some(1),
            on: None,
            ms: None,
            code: None,
            number: None,
            ack: None,
            of: None,
            line: None,
        };
        while !rest.is_empty() {
            let (pair, tail) = if rest.starts_with("line=") {
                (rest, "")
            } else {
                rest.split_once(',').unwrap_or((rest, ""))
            };
            if pair == "always" {
                fault.times = None;
            } else {
                let (key, value) = pair
                    .split_once('=')
                    .ok_or_else(|| ParseFaultError(format!("{pair}: not key=value")))?;
                fault.key(key, value).map_err(ParseFaultError)?;
            }
            rest = tail;
        }
        if fault.point() == Point::Event && fault.action() == Action::LateStat {
            fault.at.get_or_insert_with(|| "QMTOPEN".to_owned());
            fault.on.get_or_insert(On::AfterResult);
        }
        let missing = match fault.action() {
            Action::Line if fault.line.is_none() => Some("line"),
            Action::DropAck if fault.ack.is_none() => Some("ack"),
            Action::Delay | Action::Stall if fault.ms.is_none() => Some("ms"),
            Action::Cme | Action::OpenResult | Action::ConnackCode if fault.code.is_none() => {
                Some("code")
            }
            Action::Truncate | Action::TruncateAndReboot if fault.number.is_none() => Some("bytes"),
            _ => None,
        };
        let codes = match fault.action() {
            Action::OpenResult => -1..=5,
            Action::ConnackCode | Action::Registration => 0..=5,
            Action::Stat | Action::LateStat | Action::PdpDeactivated => 1..=255,
            _ => 0..=9999,
        };
        if fault.code.is_some_and(|code| !codes.contains(&code)) {
            let (low, high) = codes.into_inner();
            return Err(ParseFaultError(format!(
                "fault {name}: code is {low} to {high}"
            )));
        }
        match missing {
            Some(key) => Err(ParseFaultError(format!("fault {name} needs {key}="))),
            None => Ok(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_keys() {
        let fault: Fault = "delay-prompt:at=AT+qmtpubex,client=2,after=3,times=4,ms=50"
            .parse()
            .unwrap();
        assert_eq!(fault.name(), "delay-prompt");
        assert_eq!(fault.at.as_deref(), Some("QMTPUBEX"));
        assert_eq!(
            (fault.client, fault.after, fault.times, fault.ms),
            (Some(2), 3, Some(4), Some(50))
        );
        let fault: Fault = "line:on=final,always,line=+X: 1,2\\r".parse().unwrap();
        assert_eq!(fault.line.as_deref(), Some(b"+X: 1,2\r".as_slice()));
        assert_eq!(fault.times, None);
        assert_eq!(fault.place(), Some(On::Final));
        let fault: Fault = "reboot:ms=100".parse().unwrap();
        assert_eq!(fault.place(), None);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for spec in [
            "",
            "nonsense",
            "lose-prompt:ms=1",
            "delay-final",
            "stall:bytes=3",
            "stat:client=6",
            "cme",
            "stat:on=nowhere",
            "drop-ack:ack=puback2",
            "stat:code",
            "stat:code=0",
            "connack:code=6",
        ] {
            assert!(spec.parse::<Fault>().is_err(), "{spec}");
        }
    }

    #[test]
    fn names_are_unique_and_explained() {
        for (index, row) in Fault::HELP.iter().enumerate() {
            assert!(!row.help.is_empty());
            assert!(ROWS[index + 1..].iter().all(|other| other.name != row.name));
        }
    }
}
