//! What the tests share: an emulated module with a modem on it, and a scripted peer.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use atmqtt::{
    Client, ClientConfig, Connect, Error, ErrorKind, Message, Messages, Modem, ModemBuilder,
};
use atmqtt_emulator::runtime::Emulator;

/// Far more than anything takes here: only a test that has failed waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An emulated module and a modem on it.
pub(crate) struct Bench {
    pub(crate) modem: Modem,
    pub(crate) emulator: Emulator,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let emulator = Emulator::builder().start().expect("emulator");
        let modem = Modem::open(emulator.path()).expect("modem");
        Self { modem, emulator }
    }

    pub(crate) fn fault(&self, spec: &str) {
        let fault = spec
            .parse()
            .unwrap_or_else(|error| panic!("{spec}: {error}"));
        self.emulator.inject_fault(fault);
    }

    /// A client of this index, connected with this configuration.
    pub(crate) fn connected_with(&self, index: u8, config: &ClientConfig) -> Client {
        let client = self.modem.client(index).unwrap();
        client.configure(config).unwrap();
        client.open("broker.example", 1883).unwrap();
        client
            .connect(&Connect::new(format!("client-{index}")))
            .unwrap();
        client
    }

    pub(crate) fn connected(&self, index: u8) -> Client {
        self.connected_with(index, &ClientConfig::new())
    }
}

/// The next message; a test that gets none fails.
pub(crate) fn next(messages: &Messages) -> Message {
    messages.recv_timeout(PATIENCE).expect("a message")
}

/// Opens a client of a module that has just restarted: it has to find its network first, and says so
/// until then.
pub(crate) fn open_after_restart(client: &Client) {
    std::iter::repeat_with(|| client.open("broker.example", 1883))
        .find(|opened| !matches!(opened, Err(error) if error.code() == Some(3)))
        .expect("an endless iterator")
        .expect("open");
}

pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.expect_err("an error").kind()
}

/// A module that answers from a table, on the other end of a socket. What it was sent is recorded.
pub(crate) struct Peer {
    sent: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// A modem whose module answers every line, and every payload of the length that a prompting line
    /// announces, with what `answer` says.
    pub(crate) fn start(answer: impl FnMut(&str) -> Vec<u8> + Send + 'static) -> (Modem, Self) {
        Self::open(Modem::builder(), answer)
    }

    /// The same with a trace of the port.
    pub(crate) fn traced(
        file: &Path,
        answer: impl FnMut(&str) -> Vec<u8> + Send + 'static,
    ) -> (Modem, Self) {
        Self::open(Modem::builder().trace(file), answer)
    }

    fn open(
        builder: ModemBuilder,
        mut answer: impl FnMut(&str) -> Vec<u8> + Send + 'static,
    ) -> (Modem, Self) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&sent);
        let thread = std::thread::spawn(move || {
            let mut stream = theirs;
            let mut pending = Vec::new();
            let mut byte = [0];
            let mut payload = 0;
            while stream.read(&mut byte).is_ok_and(|count| count == 1) {
                record.lock().unwrap().push(byte[0]);
                pending.push(byte[0]);
                let whole = if payload > 0 {
                    pending.len() == payload
                } else {
                    byte[0] == b'\r'
                };
                if !whole {
                    continue;
                }
                let line = String::from_utf8_lossy(&pending).into_owned();
                let line = line.trim_end_matches('\r').to_owned();
                let was_payload = std::mem::take(&mut payload) > 0;
                pending.clear();
                let reply = answer(&line);
                if !was_payload && reply.ends_with(b">") {
                    payload = line
                        .rsplit(',')
                        .next()
                        .and_then(|n| n.parse().ok())
                        .unwrap_or(0);
                }
                if stream.write_all(&reply).is_err() {
                    break;
                }
            }
        });
        let modem = builder.open_port(ours).unwrap();
        let peer = Self {
            sent,
            thread: Some(thread),
        };
        (modem, peer)
    }

    /// Every byte that the library has sent so far.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.sent.lock().unwrap().clone()
    }

    /// Waits for the end of the connection.
    pub(crate) fn ended(mut self) -> Vec<u8> {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        self.sent()
    }
}

/// What a module without any live client answers while a port is opened.
pub(crate) fn setup(line: &str) -> Option<Vec<u8>> {
    let ok = || Some(b"\r\nOK\r\n".to_vec());
    match line {
        "ATQ0V1E0" | "AT+CMEE=1" | "AT+QMTOPEN?" | "AT+QMTCONN?" => ok(),
        "AT+CMEE?" => Some(b"\r\n+CMEE: 1\r\n\r\nOK\r\n".to_vec()),
        _ => None,
    }
}
