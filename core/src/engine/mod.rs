//! The engine: what is outstanding, what arrived, what to send next, which deadline is next. No I/O,
//! no clock, no thread.
//!
//! | file | what it holds |
//! |---|---|
//! | `op` | operations, their steps and results |
//! | `client` | what is known about each of the six clients |
//! | `submit` | a caller's request becomes an operation |
//! | `line` | the command line: one command at a time, its prompt, its final code, resynchronisation |
//! | `input` | what arrived: echo, answer, result, URC |
//! | `step` | the ends of steps: final result codes that came, and that did not |
//! | `result` | result lines: which operation each of them ends |
//! | `ending` | the ends of connections, and of what hangs on them |
//! | `transfer` | files: raw data behind `CONNECT` |
//! | `tap` | what a trace is told of it |
//! | `store` | stored delivery: notices, fetches, slot queries |

mod client;
mod ending;
mod input;
mod line;
mod op;
mod result;
mod step;
mod store;
mod submit;
mod sync;
mod tap;
#[cfg(test)]
mod tests;
mod transfer;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

pub use client::State;
pub use op::{OpId, Outcome, Request};
pub use transfer::FileData;

use client::Client;
use ending::Undecided;
use line::{Active, LineState, Owner};
use op::{Kind, Op, Phase};
use tap::{Taken, Tap};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::mask::{Private, Shown};
use crate::mqtt::CLIENTS;
use crate::mqtt::receive::Message;
use crate::trace::{Direction, Trace};
use crate::wire::{Context, Lexer, Limits, Token, Waiting};

/// What an engine is made with.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bits per second of the serial line, ten a byte: how long a payload takes to write.
    pub baud_rate: u32,
    /// Bounds of the lexer.
    pub limits: Limits,
    /// First message id of every client. An engine that may meet a live module begins anywhere but at
    /// 1, so that a late result of an earlier program settles nothing of this one (register A59).
    pub first_msgid: u16,
    /// What the generations of every client count on from: 0, or those of the engine before this one.
    pub first_generation: u32,
    /// How long a module that gives no answer to the first command is left alone before it is asked
    /// once more: it may wait for the payload of an earlier program, until its `edit/timeout`.
    pub patience: Duration,
    /// How long a freshly opened line must be silent before the first command is sent: what comes
    /// until then may be the middle of a payload.
    pub silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            baud_rate: 115_200,
            limits: Limits::default(),
            first_msgid: 1,
            first_generation: 0,
            patience: Duration::from_secs(11),
            silence: Duration::from_millis(100),
        }
    }
}

/// What comes out of the engine, in the order in which it happened on the wire.
#[derive(Debug)]
pub enum Output {
    /// An operation ended.
    Done(OpId, Result<Outcome>),
    /// A message for a client's queue.
    Message(Message),
    /// Something that nobody asked for.
    Event(Event),
}

/// What became of an operation whose caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// It had not begun and never will.
    Withdrawn,
    /// It goes on without the caller, until its result or the engine's deadline.
    Underway,
    /// It had ended already.
    Ended,
}

/// How long a message that has begun may pause before it is given up: a module prints one in one go.
/// One that restarts in the middle is silent for longer, and what it prints then is no part of it.
const MESSAGE_SILENCE: Duration = Duration::from_secs(1);
/// Added to the time that [`MESSAGE_LENGTH`] takes on the line.
const MESSAGE_MARGIN: Duration = Duration::from_secs(3);
/// Bytes after which a message that has begun is given up although more keep coming, as time on the
/// line: a topic that looks like another topic and a large length must not hold everything else up.
const MESSAGE_LENGTH: u32 = 64 * 1024;
/// How long the line must be silent before it is believed again (register A21).
const LINE_SILENCE: Duration = Duration::from_millis(100);

/// The protocol, sans I/O.
///
/// > Every input may change every output: after any call that takes `now`, write out what
/// > [`transmit`](Self::transmit) gives, empty [`poll_output`](Self::poll_output), and ask
/// > [`poll_timeout`](Self::poll_timeout) again.
///
/// Its methods are of four kinds:
///
/// - **inputs**, `handle_*` and [`transmitted`](Self::transmitted): bytes that arrived, time that
///   passed, bytes that were written, a port that is lost;
/// - **commands**, `start`, `submit`, `abandon`, `set_room`: what callers want;
/// - **outputs**, `transmit` and `poll_*`: bytes to write, what happened, the next deadline;
/// - **getters**.
///
/// Time never goes backwards from call to call; nothing else about it matters.
pub struct Engine {
    options: Options,
    lexer: Lexer,
    context: Context,
    /// A command has been answered since the port was opened: what comes may change states.
    in_step: bool,
    /// The module has answered a check, so that it always can.
    has_check: bool,
    /// Checks whose answers did not come in time, and still may.
    missed_checks: u8,
    /// There have been more of them than look different, and the module has not restarted since.
    far_behind: bool,
    out: Vec<u8>,
    out_at: usize,
    /// Bytes ever put into `out`, and ever written of them.
    queued: u64,
    sent: u64,
    line: LineState,
    active: Option<Active>,
    /// Operations whose next step may be sent, in order.
    queue: VecDeque<OpId>,
    ops: HashMap<OpId, Op>,
    next_op: u64,
    undecided: Option<Undecided>,
    /// When operations that wait for their result give up.
    deadlines: BTreeSet<(Instant, OpId)>,
    clients: [Client; CLIENTS as usize],
    outputs: VecDeque<Output>,
    /// `negotiatetime` of each SSL context in seconds, where a command of this program has set it.
    negotiate: [Option<u16>; 6],
    last_input: Instant,
    /// When the bytes came that begin what the lexer has not read yet.
    unread_since: Instant,
    /// From the sending of a command that moves a file, or may be answered with a secret, to its regular
    /// end, or else until it is certain that it has been answered. Whatever goes wrong in between, what
    /// comes may be what the file holds, or the secret.
    private: Private,
    /// When the message began that is coming in.
    message_since: Option<Instant>,
    tap: Option<Tap>,
}

/// Without what is to be written: that may be a password.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("line", &self.line)
            .field("active", &self.active.as_ref().map(|active| &active.line))
            .field("operations", &self.ops.len())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine for a port that has just been opened. Call [`start`](Self::start) next.
    #[must_use]
    pub fn new(now: Instant, options: Options) -> Self {
        Self {
            options,
            lexer: Lexer::new(options.limits),
            context: Context {
                lines_only: true,
                ..Context::default()
            },
            in_step: false,
            has_check: false,
            missed_checks: 0,
            far_behind: false,
            out: Vec::new(),
            out_at: 0,
            queued: 0,
            sent: 0,
            line: LineState::Draining { since: now },
            active: None,
            queue: VecDeque::new(),
            ops: HashMap::new(),
            next_op: 0,
            undecided: None,
            deadlines: BTreeSet::new(),
            clients: std::array::from_fn(|_| {
                Client::new(options.first_msgid, options.first_generation)
            }),
            outputs: VecDeque::new(),
            negotiate: [None; 6],
            last_input: now,
            unread_since: now,
            private: Private::Nothing,
            message_since: None,
            tap: None,
        }
    }

    /// Tells a trace what passes from now on.
    pub(crate) fn set_trace(&mut self, trace: Box<dyn Trace>) {
        self.tap = Some(Tap::new(trace));
    }

    /// Tells what a trace would be told: whether it goes to the module, and the bytes, `None` for one that must
    /// not be seen. For the tests of this library.
    #[doc(hidden)]
    pub fn observe(&mut self, mut seen: impl FnMut(bool, &[Option<u8>]) + Send + 'static) {
        self.set_trace(Box::new(move |direction, bytes: &[Shown]| {
            seen(direction == Direction::ToModule, bytes);
        }));
    }

    /// Begins: brings the line into a known state and asks which clients live. The operation ends
    /// when that is done, or when the module does not answer.
    pub fn start(&mut self, now: Instant) -> OpId {
        let id = self.discover();
        self.pump(now);
        id
    }

    /// Bytes arrived.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if bytes.is_empty() || matches!(self.line, LineState::Lost(_)) {
            return;
        }
        self.last_input = now;
        if self.lexer.unread() == 0 {
            self.unread_since = now;
        }
        if let Some(tap) = &mut self.tap {
            tap.arrived(bytes, self.private);
        }
        self.lexer.push(bytes);
        self.drain_lexer(now);
        self.pump(now);
    }

    fn drain_lexer(&mut self, now: Instant) {
        // Tokens borrow the lexer while they change everything else.
        let mut lexer = std::mem::take(&mut self.lexer);
        let mut any = false;
        while let Some(token) = lexer.next(&self.context) {
            any = true;
            let answers = !matches!(token, Token::Message(_));
            let taken = Taken::of(&token);
            if let Some(echo) = self.token(now, token) {
                lexer.expect_echo(&echo);
            }
            self.tapped(&lexer, taken);
            // After every line, so that it makes no difference how many of them come at a time.
            if answers {
                self.pump(now);
            }
        }
        self.tapped(&lexer, Taken::Between);
        self.lexer = lexer;
        if let Some(tap) = &mut self.tap {
            tap.flush();
        }
        if self.lexer.waiting() != Waiting::Message {
            self.message_since = None;
        } else if any || self.message_since.is_none() {
            self.message_since = Some(now);
        }
    }

    fn tapped(&mut self, lexer: &Lexer, taken: Taken) {
        if let Some(tap) = &mut self.tap {
            tap.taken(lexer.unread(), taken);
        }
    }

    /// When the message that is coming in has taken too long, if there is one.
    fn message_limit(&self) -> Option<Instant> {
        let on_the_line = self.transfer(MESSAGE_LENGTH);
        self.message_since
            .map(|since| since + MESSAGE_MARGIN + on_the_line)
    }

    /// How long so many bytes take on the line.
    fn transfer(&self, bytes: u32) -> Duration {
        Duration::from_secs(10) * bytes / self.options.baud_rate.max(1)
    }

    /// Time passed: whatever was due is done.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.message_limit().is_some_and(|limit| now >= limit) {
            let token = self.lexer.discard_until_silence();
            self.message_since = None;
            self.token(now, token);
        }
        self.after_silence(now);
        self.line_timeout(now);
        // What was given up there may be discarded up to a silence that has been already.
        self.after_silence(now);
        while let Some(&(due, id)) = self.deadlines.first() {
            if due > now {
                break;
            }
            self.deadlines.pop_first();
            self.result_overdue(now, id);
        }
        self.store_timeout(now);
        self.pump(now);
    }

    fn after_silence(&mut self, now: Instant) {
        match self.lexer.waiting() {
            Waiting::Message if now >= self.last_input + MESSAGE_SILENCE => self.give_up(now),
            Waiting::Silence if now >= self.last_input + LINE_SILENCE => self.give_up(now),
            _ => {}
        }
    }

    fn give_up(&mut self, now: Instant) {
        let mut lexer = std::mem::take(&mut self.lexer);
        if let Some(token) = lexer.give_up(&self.context) {
            let taken = Taken::of(&token);
            self.token(now, token);
            self.tapped(&lexer, taken);
        }
        self.lexer = lexer;
        self.drain_lexer(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; `None` = only input or a
    /// command can change anything.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let lexer = match self.lexer.waiting() {
            Waiting::Nothing => None,
            Waiting::Message => {
                let silence = self.last_input + MESSAGE_SILENCE;
                Some(
                    self.message_limit()
                        .map_or(silence, |limit| limit.min(silence)),
                )
            }
            Waiting::Silence => Some(self.last_input + LINE_SILENCE),
        };
        [
            lexer,
            self.line_due(),
            self.deadlines.first().map(|&(due, _)| due),
            self.store_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Bytes to write to the port, oldest first. Tell how many were with
    /// [`transmitted`](Self::transmitted).
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        &self.out[self.out_at..]
    }

    /// The port took this many bytes of [`transmit`](Self::transmit).
    pub fn transmitted(&mut self, bytes: usize) {
        if let Some(tap) = &mut self.tap {
            tap.transmitted(bytes);
        }
        self.out_at += bytes;
        self.sent += bytes as u64;
        if self.out_at == self.out.len() {
            self.out.clear();
            self.out_at = 0;
        }
    }

    /// Queues bytes for the port; `shown` says what a trace may have of them.
    fn write(&mut self, bytes: &[u8], shown: impl FnOnce(&[u8]) -> Vec<Shown>) {
        if let Some(tap) = &mut self.tap {
            tap.queued(shown(bytes));
        }
        self.out.extend_from_slice(bytes);
        self.queued += bytes.len() as u64;
    }

    /// Takes back what the port has not taken.
    fn drop_unsent(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.unsent();
        }
        self.out.clear();
        self.out_at = 0;
        self.queued = self.sent;
    }

    /// What happened, oldest first, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The port is lost or was closed: every operation ends with `error`, and so does every later one.
    pub fn handle_lost(&mut self, error: Error) {
        if matches!(self.line, LineState::Lost(_)) {
            return;
        }
        self.line = LineState::Lost(error.clone());
        if let Some(tap) = &mut self.tap {
            tap.ended();
        }
        self.active = None;
        self.decide();
        self.lexer = Lexer::new(self.options.limits);
        self.message_since = None;
        self.drop_unsent();
        let mut ids: Vec<OpId> = self.ops.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.finish(id, Err(error.clone()));
        }
        for client in &mut self.clients {
            client.forget_connection(self.last_input);
        }
        self.event(Event::PortClosed { error });
    }

    /// The caller of an operation has left. What has not begun is withdrawn; what has goes on, and
    /// keeps its message id and its place in the window.
    pub fn abandon(&mut self, now: Instant, id: OpId) -> Abandoned {
        let Some(op) = self.ops.get(&id) else {
            return match &self.undecided {
                Some(undecided) if undecided.id == id => Abandoned::Underway,
                _ => Abandoned::Ended,
            };
        };
        let lifecycle = |client: u8| self.clients[usize::from(client)].lifecycle == Some(id);
        let begun = op.phase != Phase::Queued
            || matches!(op.kind, Kind::Discover)
            || op.client.is_some_and(lifecycle);
        if begun {
            return Abandoned::Underway;
        }
        self.remove(id);
        self.pump(now);
        Abandoned::Withdrawn
    }

    /// Adds to an error which command and client an operation is about.
    pub fn named(&self, id: OpId, error: Error) -> Error {
        match self.ops.get(&id) {
            Some(op) => op.named(error),
            None => error,
        }
    }

    /// The state of a client, and which of its connections it is about.
    #[must_use]
    pub fn state(&self, client: u8) -> (State, u32) {
        let client = &self.clients[usize::from(client)];
        (client.state, client.generation)
    }

    /// Whether a client lives since before the port was opened and has not been adopted; host and
    /// port are where it is connected to.
    #[must_use]
    pub fn found(&self, client: u8) -> Option<(&str, u16)> {
        self.clients[usize::from(client)]
            .found
            .as_ref()
            .map(|found| (found.host.as_str(), found.port))
    }

    /// Whether the port is lost or closed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.line, LineState::Lost(_))
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn client(&mut self, index: u8) -> &mut Client {
        &mut self.clients[usize::from(index)]
    }

    fn add(&mut self, op: Op) -> OpId {
        let id = self.reserve();
        self.ops.insert(id, op);
        id
    }

    /// A name for something that runs outside the engine, unlike that of any operation.
    pub fn reserve(&mut self) -> OpId {
        let id = OpId(self.next_op);
        self.next_op += 1;
        id
    }

    /// Ends an operation and tells who waits for it.
    fn finish(&mut self, id: OpId, result: Result<Outcome>) {
        let Some(op) = self.remove(id) else { return };
        if op.kind.is_internal() {
            return;
        }
        let result = result.map_err(|error| op.named(error));
        self.outputs.push_back(Output::Done(id, result));
    }

    /// Takes an operation out of every queue. Its command, if one is active, goes on without owner; its
    /// message id stays taken until its result comes or the connection ends.
    fn remove(&mut self, id: OpId) -> Option<Op> {
        let op = self.ops.remove(&id)?;
        match op.phase {
            Phase::Queued => self.queue.retain(|&queued| queued != id),
            Phase::Running => {
                if let Some(active) = &mut self.active {
                    if active.owner == Owner::Op(id) {
                        active.owner = Owner::Nobody;
                    }
                }
            }
            Phase::Waiting(due) | Phase::Closing(due) => {
                self.deadlines.remove(&(due, id));
            }
        }
        if let Some(index) = op.client {
            let client = self.client(index);
            if client.lifecycle == Some(id) {
                client.lifecycle = None;
            }
            match &op.kind {
                Kind::Publish(_) => match op.msgid {
                    None => client.waiting.retain(|&waiting| waiting != id),
                    Some(0) => {}
                    Some(_) => client.in_flight = client.in_flight.saturating_sub(1),
                },
                Kind::Fetch | Kind::Slots => client.fetching = client::Fetching::No,
                _ => {}
            }
            if op.phase == Phase::Queued && !op.taken {
                // It never was on the wire.
                if let Some(msgid) = op.msgid {
                    client.unresolved.remove(&msgid);
                }
                if client.zero == Some(id) {
                    client.zero = None;
                }
            }
        }
        Some(op)
    }

    fn wait_for_result(&mut self, id: OpId, due: Instant) {
        if let Some(op) = self.ops.get_mut(&id) {
            op.phase = Phase::Waiting(due);
            self.deadlines.insert((due, id));
        }
    }

    /// Ends operations in the order in which they were asked for.
    fn finish_all(&mut self, select: impl Fn(&Op) -> bool, error: impl Fn(&Op) -> Error) {
        let mut ids: Vec<OpId> = self
            .ops
            .iter()
            .filter(|(_, op)| select(op))
            .map(|(&id, _)| id)
            .collect();
        ids.sort_unstable();
        for id in ids {
            let error = error(&self.ops[&id]);
            self.finish(id, Err(error));
        }
    }

    fn closed_error(&self) -> Option<Error> {
        match &self.line {
            LineState::Lost(error) => Some(error.clone()),
            LineState::Stuck => Some(Error::new(
                ErrorKind::PortStuck,
                "a prompt was lost and the module may still wait for a payload; set edit_timeout, or \
                 restart the module",
            )),
            _ => None,
        }
    }
}
