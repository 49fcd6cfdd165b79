//! A bench for the model: a module with virtual time, a scripted broker at its other side.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod files;

use atmqtt_emulator::fault::Fault;
use atmqtt_emulator::module::{Module, Output, Settings};
use atmqtt_emulator::packet::{FromBroker, Packet, Publish, ToBroker};
use atmqtt_emulator::profile::Profile;
use std::time::Duration;

/// The module, and what it has sent to its broker.
pub struct Bench {
    pub module: Module,
    pub now: Duration,
    sent: Vec<(usize, ToBroker)>,
    pub hung_up: bool,
    /// The broker answers every request at once.
    pub answering: bool,
    serial: Vec<u8>,
}

pub fn bench() -> Bench {
    with(|_| {})
}

/// A module of profile `note` with some knobs turned.
pub fn with(turn: impl FnOnce(&mut Profile)) -> Bench {
    let mut profile = Profile::note();
    turn(&mut profile);
    Bench::new(Settings {
        profile,
        ..Settings::default()
    })
}

/// A module with these faults.
pub fn faulty(specs: &[&str]) -> Bench {
    let faults = specs
        .iter()
        .map(|spec| spec.parse::<Fault>().unwrap())
        .collect();
    Bench::new(Settings {
        faults,
        ..Settings::default()
    })
}

/// A message to or from the broker.
pub fn message(id: u16, topic: &str, payload: &[u8], qos: u8) -> Publish {
    let (topic, payload) = (topic.to_owned(), payload.to_vec());
    Publish {
        id,
        topic,
        payload,
        qos,
        retain: false,
        dup: false,
    }
}

impl Bench {
    /// Echo is switched off, so that tests show answers only.
    pub fn new(settings: Settings) -> Self {
        let mut bench = Self {
            module: Module::new(settings),
            now: Duration::ZERO,
            sent: Vec::new(),
            hung_up: false,
            answering: false,
            serial: Vec::new(),
        };
        bench.raw(b"ATE0\r");
        bench
    }

    fn drain(&mut self) -> String {
        while let Some(output) = self.module.poll_output() {
            match output {
                Output::Serial(bytes) => self.serial.extend(bytes),
                Output::Broker(client, to) => {
                    if self.answering {
                        self.answer(client, &to);
                    }
                    self.sent.push((client, to));
                }
                Output::HangUp => self.hung_up = true,
            }
        }
        String::from_utf8_lossy(&std::mem::take(&mut self.serial)).into_owned()
    }

    fn answer(&mut self, client: usize, to: &ToBroker) {
        let packet = match to {
            ToBroker::Open { .. } => return self.feed(client, FromBroker::Opened),
            ToBroker::Close => return,
            ToBroker::Packet(packet) => packet,
        };
        let answer = match packet {
            Packet::Connect(_) => Packet::ConnAck {
                session_present: false,
                code: 0,
            },
            Packet::Publish(publish) if publish.qos == 1 => Packet::PubAck(publish.id),
            Packet::Publish(publish) if publish.qos == 2 => Packet::PubRec(publish.id),
            Packet::PubRel(id) => Packet::PubComp(*id),
            Packet::PubRec(id) => Packet::PubRel(*id),
            Packet::Subscribe { id, filters } => {
                let codes = filters.iter().map(|filter| filter.1).collect();
                Packet::SubAck { id: *id, codes }
            }
            Packet::Unsubscribe { id, .. } => Packet::UnsubAck(*id),
            Packet::PingReq => Packet::PingResp,
            _ => return,
        };
        self.feed(client, FromBroker::Packet(answer));
    }

    fn feed(&mut self, client: usize, from: FromBroker) {
        self.module.handle_broker(self.now, client, from);
    }

    /// Types bytes; what the module has written since the last call comes back.
    pub fn raw(&mut self, bytes: &[u8]) -> String {
        self.module.handle_input(self.now, bytes);
        self.drain()
    }

    /// Types a command and its CR.
    pub fn at(&mut self, command: &str) -> String {
        self.raw(format!("{command}\r").as_bytes())
    }

    /// Types a command that must answer `OK` and nothing else.
    #[track_caller]
    pub fn ok(&mut self, command: &str) {
        assert_eq!(self.at(command), OK, "{command}");
    }

    /// Types a command that must answer `ERROR` and nothing else.
    #[track_caller]
    pub fn error(&mut self, command: &str) {
        assert_eq!(self.at(command), ERROR, "{command}");
    }

    /// A packet of the broker arrives.
    pub fn packet(&mut self, client: usize, packet: Packet) -> String {
        self.broker(client, FromBroker::Packet(packet))
    }

    /// News of the connection.
    pub fn broker(&mut self, client: usize, from: FromBroker) -> String {
        self.feed(client, from);
        self.drain()
    }

    /// Lets time pass, one deadline after the other.
    pub fn wait_ms(&mut self, ms: u64) -> String {
        let until = self.now + Duration::from_millis(ms);
        while let Some(due) = self.module.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.module.handle_timeout(self.now);
            let text = self.drain();
            self.serial = text.into_bytes();
        }
        self.now = until;
        self.module.handle_timeout(self.now);
        self.drain()
    }

    pub fn wait(&mut self, seconds: u64) -> String {
        self.wait_ms(seconds * 1000)
    }

    pub fn inject(&mut self, spec: &str) -> String {
        self.module.inject_fault(self.now, spec.parse().unwrap());
        self.wait_ms(0)
    }

    /// What went to the broker since the last call.
    pub fn sent(&mut self) -> Vec<(usize, ToBroker)> {
        std::mem::take(&mut self.sent)
    }

    /// The packets among them.
    pub fn packets(&mut self) -> Vec<Packet> {
        let packets = self.sent().into_iter().filter_map(|(_, to)| match to {
            ToBroker::Packet(packet) => Some(packet),
            _ => None,
        });
        packets.collect()
    }

    #[track_caller]
    pub fn open(&mut self, client: usize) {
        let out = self.at(&format!("AT+QMTOPEN={client},\"broker\",1883"));
        assert_eq!(out, OK);
        let out = self.broker(client, FromBroker::Opened);
        assert_eq!(out, format!("\r\n+QMTOPEN: {client},0\r\n"));
    }

    /// Opens and connects.
    #[track_caller]
    pub fn connect(&mut self, client: usize) {
        self.open(client);
        self.ok(&format!("AT+QMTCONN={client},\"me\""));
        let out = self.packet(
            client,
            Packet::ConnAck {
                session_present: false,
                code: 0,
            },
        );
        assert_eq!(out, format!("\r\n+QMTCONN: {client},0,0\r\n"));
        self.sent();
    }

    /// Publishes one byte; what follows the payload comes back.
    #[track_caller]
    pub fn publish(&mut self, msgid: u16, qos: u8) -> String {
        let out = self.at(&format!("AT+QMTPUBEX=0,{msgid},{qos},0,\"t\",1"));
        assert_eq!(out, PROMPT);
        self.raw(b"x")
    }
}

pub const OK: &str = "\r\nOK\r\n";
pub const ERROR: &str = "\r\nERROR\r\n";
pub const PROMPT: &str = "\r\n> ";

/// Lines framed as the module frames them: each with CR LF before and after.
pub fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("\r\n{line}\r\n")).collect()
}

/// An answer: these lines, then `OK`.
pub fn answer(lines: &[&str]) -> String {
    format!("\r\n{}\r\n{OK}", lines.join("\r\n"))
}
