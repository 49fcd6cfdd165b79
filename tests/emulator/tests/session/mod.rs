//! A connected client in any dialect, with the hub behind it, in virtual time.

#![allow(dead_code, reason = "each test program uses a part of it")]

use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;
use std::time::Duration;

/// A module, and the time at it.
pub(crate) struct Session {
    pub(crate) machine: Machine,
    pub(crate) profile: Profile,
    now: Duration,
}

impl Session {
    /// A module with echo switched off, nothing done yet.
    pub(crate) fn new(name: &str, latency_ms: u64, faults: &[&str]) -> Self {
        let profile = Profile::by_name(name).unwrap();
        let settings = Settings {
            profile: profile.clone(),
            faults: faults.iter().map(|spec| spec.parse().unwrap()).collect(),
            ..Settings::default()
        };
        let mut session = Self {
            machine: Machine::new(settings, Duration::from_millis(latency_ms)),
            profile,
            now: Duration::from_secs(10),
        };
        session.at("ATE0");
        session
    }

    /// Client 0 is connected.
    pub(crate) fn connected(name: &str) -> Self {
        Self::connected_with(name, 0, &[])
    }

    pub(crate) fn connected_with(name: &str, latency_ms: u64, faults: &[&str]) -> Self {
        let mut session = Self::new(name, latency_ms, faults);
        session.connect();
        session
    }

    pub(crate) fn connect(&mut self) {
        if self.profile.port != "usbat" {
            self.at(&format!("AT+QURCCFG=\"urcport\",\"{}\"", self.profile.port));
        }
        self.at("AT+QIACT=1");
        self.at("AT+QMTOPEN=0,\"broker\",1883");
        self.wait(3000);
        self.at("AT+QMTCONN=0,\"me\"");
        self.wait(3000);
        assert!(self.at("AT+QMTCONN?").contains("0,3"), "connected");
    }

    /// Something goes wrong from now on.
    pub(crate) fn inject(&mut self, spec: &str) {
        self.machine.inject_fault(self.now, spec.parse().unwrap());
    }

    /// What comes within this time.
    pub(crate) fn wait(&mut self, ms: u64) -> String {
        self.now += Duration::from_millis(ms);
        self.machine.run_until(self.now);
        String::from_utf8_lossy(&self.machine.take_serial()).into_owned()
    }

    /// Types bytes; what comes within a fifth of a second.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.machine.input(self.now, bytes.as_ref());
        self.wait(200)
    }

    /// Types a command and its CR.
    pub(crate) fn at(&mut self, command: &str) -> String {
        self.raw(format!("{command}\r"))
    }

    /// Must answer `OK` and nothing else.
    #[track_caller]
    pub(crate) fn ok(&mut self, command: &str) {
        let name = self.profile.name;
        assert_eq!(self.at(command), OK, "{name}: {command}");
    }

    /// Must answer `ERROR` and nothing else.
    #[track_caller]
    pub(crate) fn error(&mut self, command: &str) {
        let name = self.profile.name;
        assert_eq!(self.at(command), ERROR, "{name}: {command}");
    }

    /// The publish command of this dialect that takes a length.
    pub(crate) fn publish(&self) -> &'static str {
        if self.profile.qmtpub.any() {
            "QMTPUB"
        } else {
            "QMTPUBEX"
        }
    }

    /// A line of client 0: `+QMTPUB: 0,rest`, framed as this dialect does.
    pub(crate) fn line(&self, name: &str, rest: &str) -> String {
        let space = if self.profile.colon_space { " " } else { "" };
        format!("\r\n+{name}:{space}0,{rest}\r\n")
    }

    /// The payloads that arrived at the hub.
    pub(crate) fn published(&mut self) -> Vec<Vec<u8>> {
        let hub = self.machine.hub();
        hub.published().map(|m| m.payload.clone()).collect()
    }
}

pub(crate) const OK: &str = "\r\nOK\r\n";
pub(crate) const ERROR: &str = "\r\nERROR\r\n";
