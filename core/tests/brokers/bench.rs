//! A modem on an emulated module whose connections lead to real brokers.

use std::path::Path;

use atmqtt::{Client, ClientConfig, Connect, Error, ErrorKind, Message, Messages, Modem, State};
use atmqtt_emulator::runtime::{Broker, Builder, Emulator};
use atmqtt_emulator::trace::{Direction, Entry};

use crate::mosquitto::{Mosquitto, PATIENCE};

/// An emulated module and a modem on it.
pub(crate) struct Bench {
    pub(crate) modem: Modem,
    pub(crate) emulator: Emulator,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// One whose emulator has these options too.
    pub(crate) fn with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = options(Emulator::builder().broker(Broker::Network));
        let emulator = builder.start().expect("emulator");
        let modem = Modem::open(emulator.path()).expect("modem");
        Self { modem, emulator }
    }

    /// A closed client of this configuration.
    pub(crate) fn client(&self, index: u8, config: &ClientConfig) -> Client {
        let client = self.modem.client(index).unwrap();
        client.configure(config).unwrap();
        client
    }

    /// A client that is connected under this name.
    pub(crate) fn connected(
        &self,
        index: u8,
        name: &str,
        config: &ClientConfig,
        broker: &Mosquitto,
    ) -> Client {
        let client = self.client(index, config);
        client.open("127.0.0.1", broker.port()).unwrap();
        client.connect(&Connect::new(name)).unwrap();
        client
    }

    /// Closes the port and stops the module.
    pub(crate) fn end(self) {
        self.modem.close().unwrap();
        self.emulator.stop().unwrap();
    }
}

/// The next message; a test that gets none fails.
pub(crate) fn next(messages: &Messages) -> Message {
    messages.recv_timeout(PATIENCE).expect("a message")
}

/// A call failed in this way, and the client is closed.
#[track_caller]
pub(crate) fn failed(
    result: Result<(), Error>,
    kind: ErrorKind,
    codes: &[i32],
    client: &Client,
) -> Error {
    let error = result.expect_err("an error");
    assert_eq!(error.kind(), kind, "{error}");
    let code = error.code().unwrap_or_else(|| panic!("no code: {error}"));
    assert!(codes.contains(&code), "{error}");
    assert_eq!(error.client(), Some(client.index()));
    assert_eq!(client.state(), State::Closed);
    error
}

/// What the module was sent, by the trace of an emulator that has ended.
pub(crate) fn sent(trace: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(trace).unwrap();
    let entries = text.lines().map(|line| line.parse::<Entry>().unwrap());
    entries
        .filter(|entry| entry.direction == Direction::ToModule)
        .flat_map(|entry| entry.bytes)
        .collect()
}
