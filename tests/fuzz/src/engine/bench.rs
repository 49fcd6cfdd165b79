//! An engine, its clock, and everything that comes out of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use atmqtt::engine::{Abandoned, Engine, OpId, Options, Outcome, Output, Request};
use atmqtt::{Error, Event, Message, Modem};

use super::watch::tells;

/// Operations of one input: each may take minutes of a silent module.
const OPERATIONS: usize = 48;
/// Longer than all of them one after the other.
const LONG: Duration = Duration::from_secs(48 * 1200);

/// The engine and who waits for what.
pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) now: Instant,
    /// Bytes that the port still takes.
    pub(super) room: usize,
    /// Bytes that it has taken and nobody has looked at.
    pub(super) sent: Vec<u8>,
    pub(super) messages: VecDeque<Message>,
    pub(super) done: BTreeMap<OpId, Result<Outcome, Error>>,
    /// How much has come out in all.
    pub(super) outputs: usize,
    started: Vec<OpId>,
    open: BTreeSet<OpId>,
    traced: Arc<Mutex<Vec<u8>>>,
    /// What must not be seen; `None` where the module may have said it in a way that nobody understands.
    pub(super) secret: Option<String>,
    pub(super) discovery: OpId,
}

impl Bench {
    pub(super) fn new(secret: String) -> Self {
        let now = Instant::now();
        let mut engine = Engine::new(now, Options::default());
        let traced = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&traced);
        engine.observe(move |_, bytes| {
            let mut seen = to.lock().unwrap_or_else(PoisonError::into_inner);
            seen.extend(bytes.iter().map(|byte| byte.unwrap_or(b'?')));
        });
        let discovery = engine.start(now);
        Self {
            engine,
            now,
            room: usize::MAX,
            sent: Vec::new(),
            messages: VecDeque::new(),
            done: BTreeMap::new(),
            outputs: 0,
            started: vec![discovery],
            open: BTreeSet::from([discovery]),
            traced,
            secret: Some(secret),
            discovery,
        }
    }

    /// Writes what the port takes, and collects what has come out.
    pub(super) fn settle(&mut self) {
        let bytes = self.engine.transmit();
        let taken = bytes.len().min(self.room);
        self.sent.extend_from_slice(&bytes[..taken]);
        self.room -= taken;
        self.engine.transmitted(taken);
        while let Some(output) = self.engine.poll_output() {
            self.outputs += 1;
            match output {
                Output::Done(id, result) => {
                    assert!(self.open.remove(&id), "{id:?} ended twice, or withdrawn");
                    if let Err(error) = &result {
                        let text = format!("{error} {error:?}");
                        self.hides(text.as_bytes(), "an error");
                        assert_ne!(error.kind(), atmqtt::ErrorKind::Internal, "{text}");
                    }
                    self.done.insert(id, result);
                }
                Output::Message(message) => self.messages.push_back(message),
                Output::Event(event) => {
                    if let Event::Urc(line) = &event {
                        self.hides(line, "an event");
                    }
                    self.hides(format!("{event:?}").as_bytes(), "an event");
                }
            }
        }
        let traced =
            std::mem::take(&mut *self.traced.lock().unwrap_or_else(PoisonError::into_inner));
        self.hides(&traced, "the trace");
    }

    fn hides(&self, text: &[u8], place: &str) {
        if let Some(secret) = &self.secret {
            assert!(!tells(secret, text), "in {place}: {}", text.escape_ascii());
        }
    }

    /// Submits a request, unless there have been enough.
    pub(super) fn submit(&mut self, request: Request) -> Option<OpId> {
        if self.started.len() >= OPERATIONS {
            return None;
        }
        let submitted = self.engine.submit(self.now, request);
        let id = match submitted {
            Ok(id) => id,
            Err(error) => {
                self.hides(format!("{error} {error:?}").as_bytes(), "a refusal");
                self.settle();
                return None;
            }
        };
        self.started.push(id);
        self.open.insert(id);
        self.settle();
        Some(id)
    }

    /// Leaves the operation with this number, from the first.
    pub(super) fn abandon(&mut self, number: usize) {
        let Some(&id) = self.started.get(number) else {
            return;
        };
        let was_open = self.open.contains(&id);
        match self.engine.abandon(self.now, id) {
            Abandoned::Withdrawn => assert!(self.open.remove(&id), "{id:?} withdrawn twice"),
            Abandoned::Underway => assert!(was_open, "{id:?} goes on after its end"),
            Abandoned::Ended => assert!(!was_open, "{id:?} has ended and nobody was told"),
        }
        self.settle();
    }

    pub(super) fn input(&mut self, bytes: &[u8]) {
        self.engine.handle_input(self.now, bytes);
        self.settle();
    }

    pub(super) fn set_room(&mut self, client: u8, room: usize) {
        self.engine.set_room(self.now, client, room);
        self.settle();
    }

    /// The next deadline, if there is one by then.
    pub(super) fn due(&self, by: Instant) -> Option<Instant> {
        self.engine.poll_timeout().filter(|&due| due <= by)
    }

    /// A deadline comes.
    pub(super) fn strike(&mut self, due: Instant) {
        self.now = self.now.max(due);
        self.engine.handle_timeout(self.now);
        self.settle();
        let next = self.engine.poll_timeout();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a deadline stays in the past"
        );
    }

    /// The module is silent for ever: everything ends, and then the port is lost.
    pub(super) fn finish(mut self, mut between: impl FnMut(&mut Self)) {
        self.room = usize::MAX;
        self.settle();
        for client in 0..6 {
            self.set_room(client, 0);
        }
        between(&mut self);
        let end = self.now + LONG;
        let mut steps = 0;
        while let Some(due) = self.due(end).filter(|_| !self.open.is_empty()) {
            steps += 1;
            assert!(steps < 100_000, "time does not get on");
            self.strike(due);
            between(&mut self);
        }
        assert!(self.open.is_empty(), "{:?} never ended", self.open);
        self.lose();
    }

    /// The port is lost: everything ends, and nothing begins any more.
    pub(super) fn lose(&mut self) {
        self.engine.handle_lost(lost());
        self.room = usize::MAX;
        assert_eq!(self.engine.transmit(), b"");
        self.settle();
        assert!(self.open.is_empty(), "{:?} outlived the port", self.open);
        assert_eq!(self.engine.poll_timeout(), None);
        let before = self.outputs;
        self.engine.handle_lost(lost());
        self.engine
            .handle_input(self.now, b"\r\nOK\r\nRDY\r\n+QMTSTAT: 0,1\r\n> ");
        self.engine.handle_timeout(self.now + LONG);
        let late = self.engine.submit(self.now, Request::Close { client: 0 });
        assert!(late.is_err(), "a lost port takes a request");
        for client in 0..6 {
            self.engine.set_room(self.now, client, 9);
        }
        assert_eq!(self.engine.transmit(), b"");
        self.settle();
        assert_eq!(self.outputs, before, "something came out of a lost port");
    }
}

/// An error that a port is lost with.
fn lost() -> Error {
    static LOST: OnceLock<Error> = OnceLock::new();
    let none = || Modem::open("/dev/null/none").expect_err("there is no such device");
    LOST.get_or_init(none).clone()
}
