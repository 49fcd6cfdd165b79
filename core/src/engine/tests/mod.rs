//! Scripts against the engine: a virtual clock, no threads, no sleeping.
//!
//! Every script that begins with [`script`], [`ready`] or [`connected`] runs twice: the module's bytes
//! come as they are written, and one at a time. Any cutting of the same bytes must give the same.

mod forgery;
mod hazards;
mod lifecycle;
mod lost;
mod publishing;
mod random;
mod registers;
mod registers_more;
mod second_thoughts;
mod secrets;
mod settings;
mod stored;
mod sync;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Abandoned, Engine, OpId, Options, Outcome, Output, Request, State};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::mqtt::config::ClientConfig;
use crate::mqtt::connect::Connect;
use crate::mqtt::publish::Publish;
use crate::mqtt::receive::Message;
use crate::mqtt::{CLIENTS, QoS};

const HOST: &str = "broker";

/// How the module's bytes reach the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    Whole,
    Bytes,
}

/// An engine, its clock, and everything that came out of it.
struct Test {
    engine: Engine,
    feed: Feed,
    now: Instant,
    sent: Vec<u8>,
    /// Bytes that the port still takes.
    port_room: usize,
    done: HashMap<OpId, Result<Outcome>>,
    messages: Vec<Message>,
    events: Vec<Event>,
    discovery: Option<OpId>,
}

/// Runs a script against an engine that has not begun.
fn script_with(options: Options, run: impl Fn(&mut Test)) {
    for feed in [Feed::Whole, Feed::Bytes] {
        run(&mut Test::new(feed, options));
    }
}

fn script(run: impl Fn(&mut Test)) {
    script_with(Options::default(), run);
}

/// Runs a script against an engine in step with a module whose clients are all closed.
fn ready(run: impl Fn(&mut Test)) {
    script(|t| {
        t.get_ready();
        run(t);
    });
}

/// Runs a script against an engine whose client 0 is connected.
fn connected(run: impl Fn(&mut Test)) {
    ready(|t| {
        t.get_connected(0);
        run(t);
    });
}

/// The same with client 0 in stored delivery, its first slot query answered.
fn stored(run: impl Fn(&mut Test)) {
    ready(|t| {
        t.get_stored(0);
        run(t);
    });
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn qos(level: u8) -> QoS {
    QoS::try_from(level).unwrap()
}

impl Test {
    fn new(feed: Feed, options: Options) -> Self {
        let now = Instant::now();
        Self {
            engine: Engine::new(now, options),
            feed,
            now,
            sent: Vec::new(),
            port_room: usize::MAX,
            done: HashMap::new(),
            messages: Vec::new(),
            events: Vec::new(),
            discovery: None,
        }
    }

    // The module and the clock.

    /// The module prints these bytes.
    fn module(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let size = match self.feed {
            Feed::Whole => bytes.len().max(1),
            Feed::Bytes => 1,
        };
        for piece in bytes.chunks(size) {
            self.engine.handle_input(self.now, piece);
            self.settle();
        }
    }

    /// The module prints a line, framed.
    fn line(&mut self, line: &str) {
        self.module(format!("\r\n{line}\r\n"));
    }

    fn ok(&mut self) {
        self.line("OK");
    }

    fn prompt(&mut self) {
        self.module("\r\n> ");
    }

    /// The module prints a message with its length.
    fn message(&mut self, client: u8, topic: &str, payload: impl AsRef<[u8]>) {
        let payload = payload.as_ref();
        let mut bytes =
            format!("\r\n+QMTRECV: {client},0,\"{topic}\",{},\"", payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\"\r\n");
        self.module(bytes);
    }

    /// Time passes, from deadline to deadline.
    fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        let mut steps = 0;
        while let Some(due) = self.engine.poll_timeout().filter(|&due| due <= end) {
            steps += 1;
            assert!(steps < 10_000, "time does not get on");
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
            self.settle();
            assert!(
                self.engine
                    .poll_timeout()
                    .is_none_or(|next| next > self.now),
                "a deadline stays in the past"
            );
        }
        self.now = end;
    }

    /// Writes what the port takes, and collects what came out.
    fn settle(&mut self) {
        let bytes = self.engine.transmit();
        let taken = bytes.len().min(self.port_room);
        self.sent.extend_from_slice(&bytes[..taken]);
        self.port_room -= taken;
        self.engine.transmitted(taken);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Done(id, result) => {
                    let before = self.done.insert(id, result);
                    assert!(before.is_none(), "{id:?} ended twice");
                }
                Output::Message(message) => self.messages.push(message),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    /// What the engine wrote since it was last asked.
    fn sent(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.sent)).into_owned()
    }

    #[track_caller]
    fn expect_sent(&mut self, expected: &str) {
        assert_eq!(self.sent(), expected);
    }

    #[track_caller]
    fn expect_nothing_sent(&mut self) {
        self.expect_sent("");
    }

    /// Expects one line and answers it `OK`.
    #[track_caller]
    fn expect_and_ok(&mut self, expected: &str) {
        self.expect_sent(expected);
        self.ok();
    }

    // What callers ask.

    fn try_submit(&mut self, request: Request) -> Result<OpId> {
        let id = self.engine.submit(self.now, request);
        self.settle();
        id
    }

    #[track_caller]
    fn submit(&mut self, request: Request) -> OpId {
        self.try_submit(request).unwrap()
    }

    fn command(&mut self, line: &str) -> OpId {
        self.submit(command(line))
    }

    fn open(&mut self, client: u8) -> OpId {
        self.submit(open(client))
    }

    fn connect(&mut self, client: u8) -> OpId {
        self.submit(connect(client))
    }

    fn disconnect(&mut self, client: u8) -> OpId {
        self.submit(Request::Disconnect { client })
    }

    fn close(&mut self, client: u8) -> OpId {
        self.submit(Request::Close { client })
    }

    fn configure(&mut self, client: u8, config: ClientConfig) -> OpId {
        self.submit(configure(client, config))
    }

    fn publish(&mut self, client: u8, payload: &str, level: u8) -> OpId {
        self.submit(publish(client, payload, level))
    }

    fn subscribe(&mut self, client: u8, topics: &[(&str, u8)]) -> OpId {
        self.submit(subscribe(client, topics))
    }

    fn unsubscribe(&mut self, client: u8, topic: &str) -> OpId {
        self.submit(Request::Unsubscribe {
            client,
            topics: vec![topic.to_owned()],
        })
    }

    fn abandon(&mut self, id: OpId) -> Abandoned {
        let abandoned = self.engine.abandon(self.now, id);
        self.settle();
        abandoned
    }

    fn lose_port(&mut self) {
        let error = Error::new(ErrorKind::PortLost, "unplugged");
        self.engine.handle_lost(error);
        self.settle();
    }

    fn room(&mut self, client: u8, room: usize) {
        self.engine.set_room(self.now, client, room);
        self.settle();
    }

    // What became of it.

    /// An operation has succeeded.
    #[track_caller]
    fn done(&mut self, id: OpId) -> Outcome {
        self.done
            .remove(&id)
            .expect("not ended yet")
            .expect("has failed")
    }

    /// An operation has failed.
    #[track_caller]
    fn failed(&mut self, id: OpId) -> Error {
        self.done
            .remove(&id)
            .expect("not ended yet")
            .expect_err("has succeeded")
    }

    #[track_caller]
    fn failed_with(&mut self, id: OpId, kind: ErrorKind) -> Error {
        let error = self.failed(id);
        assert_eq!(error.kind(), kind, "{error}");
        error
    }

    #[track_caller]
    fn pending(&self, id: OpId) {
        assert!(
            !self.done.contains_key(&id),
            "has ended: {:?}",
            self.done[&id]
        );
    }

    fn answer(&mut self, id: OpId) -> Vec<String> {
        match self.done(id) {
            Outcome::Answer(lines) => lines
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect(),
            other => panic!("no answer: {other:?}"),
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Events other than lines that nobody asked for.
    fn state_events(&mut self) -> Vec<Event> {
        self.events()
            .into_iter()
            .filter(|event| !matches!(event, Event::Urc(_)))
            .collect()
    }

    /// Lines that belonged to nothing.
    fn strays(&mut self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Urc(line) => Some(String::from_utf8_lossy(&line).into_owned()),
                _ => None,
            })
            .collect()
    }

    fn payloads(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.messages)
            .iter()
            .map(|message| message.payload().to_vec())
            .collect()
    }

    fn state(&self, client: u8) -> State {
        self.engine.state(client).0
    }

    fn generation(&self, client: u8) -> u32 {
        self.engine.state(client).1
    }

    // Dialogues that most scripts begin with.

    /// The opening dialogue, with these lines in answer to `AT+QMTOPEN?` and `AT+QMTCONN?`.
    fn begin(&mut self, opened: &[&str], states: &[&str]) {
        self.discovery = Some(self.engine.start(self.now));
        self.settle();
        self.expect_nothing_sent();
        self.advance(millis(100));
        self.expect_and_ok("ATQ0V1E0\r");
        self.answer_sync();
        self.expect_sent("AT+QMTOPEN?\r");
        for line in opened {
            self.line(line);
        }
        self.ok();
        self.expect_sent("AT+QMTCONN?\r");
        for line in states {
            self.line(line);
        }
        self.ok();
    }

    /// `AT+CMEE?` and `AT+CMEE=1`.
    fn answer_sync(&mut self) {
        self.answer_check();
        self.expect_and_ok("AT+CMEE=1\r");
    }

    fn answer_check(&mut self) {
        self.expect_sent("AT+CMEE?\r");
        self.line("+CMEE: 1");
        self.ok();
    }

    fn get_ready(&mut self) {
        self.begin(&[], &[]);
        let discovery = self.discovery.unwrap();
        self.done(discovery);
        assert!(self.events().is_empty());
    }

    /// Answers every setting `OK` and gives what was written instead of the next one.
    fn answer_settings(&mut self) -> String {
        loop {
            let sent = self.sent();
            if !sent.starts_with("AT+QMTCFG=") {
                return sent;
            }
            if sent.starts_with("AT+QMTCFG=\"willex\"") && !sent.ends_with(",0\r") {
                self.prompt();
                self.sent();
            }
            self.ok();
        }
    }

    fn get_open(&mut self, client: u8) {
        let id = self.open(client);
        self.answer_open(client, id);
    }

    fn answer_open(&mut self, client: u8, id: OpId) {
        let sent = self.answer_settings();
        assert_eq!(sent, open_line(client));
        self.ok();
        self.line(&format!("+QMTOPEN: {client},0"));
        self.done(id);
        assert_eq!(self.state(client), State::Open);
    }

    fn get_connected(&mut self, client: u8) {
        self.get_open(client);
        let id = self.connect(client);
        self.expect_and_ok(&format!("AT+QMTCONN={client},\"id\"\r"));
        self.line(&format!("+QMTCONN: {client},0,0"));
        self.done(id);
        assert_eq!(self.state(client), State::Connected);
    }

    fn get_stored(&mut self, client: u8) {
        let config = ClientConfig::new().delivery(crate::Delivery::Stored);
        let id = self.configure(client, config);
        assert_eq!(self.answer_settings(), "");
        self.done(id);
        self.get_connected(client);
        self.expect_sent("AT+QMTRECV?\r");
        self.line(&format!("+QMTRECV: {client},0,0,0,0,0"));
        self.ok();
        self.expect_nothing_sent();
    }

    /// A publish that the module has taken: prompt, data, `OK`.
    fn publish_taken(&mut self, client: u8, payload: &str, level: u8) -> OpId {
        let id = self.publish(client, payload, level);
        self.take_publish(payload);
        id
    }

    fn take_publish(&mut self, payload: &str) {
        let sent = self.sent();
        assert!(sent.starts_with("AT+QMTPUBEX="), "{sent}");
        self.prompt();
        self.expect_sent(payload);
        self.ok();
    }

    /// No operation, nothing queued, nothing to send.
    fn nothing_left(&self) {
        assert!(self.engine.ops.is_empty(), "{:?}", self.engine.ops);
        assert!(self.engine.queue.is_empty());
        assert!(self.engine.deadlines.is_empty());
        assert!(self.engine.transmit().is_empty());
    }
}

// Requests.

fn command(line: &str) -> Request {
    Request::Command {
        line: crate::wire::CommandLine::verbatim(line).unwrap(),
        data: None,
        deadline: seconds(5),
    }
}

fn command_with_data(line: &str, data: &str) -> Request {
    Request::Command {
        line: crate::wire::CommandLine::verbatim(line).unwrap(),
        data: Some(data.as_bytes().to_vec()),
        deadline: seconds(5),
    }
}

fn configure(client: u8, config: ClientConfig) -> Request {
    Request::Configure {
        client,
        config: config.into(),
    }
}

fn open(client: u8) -> Request {
    open_with(client, false)
}

fn open_with(client: u8, replace: bool) -> Request {
    Request::Open {
        client,
        host: HOST.to_owned(),
        port: 1883,
        replace,
    }
}

fn open_line(client: u8) -> String {
    format!("AT+QMTOPEN={client},\"{HOST}\",1883\r")
}

fn connect(client: u8) -> Request {
    Request::Connect {
        client,
        connect: Connect::new("id"),
    }
}

fn publish(client: u8, payload: &str, level: u8) -> Request {
    Request::Publish {
        client,
        publish: Publish {
            topic: "t".to_owned(),
            payload: payload.as_bytes().to_vec(),
            qos: qos(level),
            retain: false,
            hex: false,
        },
    }
}

fn subscribe(client: u8, topics: &[(&str, u8)]) -> Request {
    Request::Subscribe {
        client,
        topics: topics
            .iter()
            .map(|&(topic, level)| (topic.to_owned(), qos(level)))
            .collect(),
    }
}

fn all_clients() -> std::ops::Range<u8> {
    0..CLIENTS
}
