//! A modem on an emulated module whose connections lead to real brokers.

use atmqtt::{Client, ClientConfig, Connect, Error, ErrorKind, Message, Messages, Modem, State};
use atmqtt_emulator::runtime::{Broker, Emulator};

use crate::mosquitto::{Mosquitto, PATIENCE};

/// An emulated module and a modem on it.
pub(crate) struct Bench {
    pub(crate) modem: Modem,
    pub(crate) emulator: Emulator,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let builder = Emulator::builder().broker(Broker::Network);
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
