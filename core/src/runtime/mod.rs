//! Threads around the engine: one reader per port, one dispatcher where callbacks are set, and any
//! number of callers.

mod completion;
mod dispatcher;
mod interrupt;
mod job;
mod mailbox;
#[cfg(all(test, shuttle))]
mod model;
mod post;
mod reader;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

pub(crate) use completion::{Completer, Completion, Waited};
pub(crate) use interrupt::{Alarm, Interrupts};
use job::{Job, Jobs};
pub(crate) use mailbox::{Bell, Consumer, Mailbox, Patience, Undelivered};
pub(crate) use post::{Addressee, Post};

use crate::engine::{Abandoned, Engine, OpId, Options, Outcome, Output, Request, State};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::port::{Port, Waker};
use crate::sync::{self, AtomicBool, JoinHandle, Mutex};
use crate::trace::Trace;
pub(crate) use dispatcher::Dispatcher;

/// What the threads of one port share. Handles own it through [`Runtime`]; the reader thread owns it
/// directly, so that the last handle can go while the reader still runs.
#[derive(Debug)]
pub(crate) struct Shared {
    core: Mutex<Core>,
    waker: Waker,
    mail: Arc<Mailbox>,
    events: EventsTo,
    interrupts: Interrupts,
    stop: AtomicBool,
}

/// Where what arrives on a port goes.
#[derive(Debug)]
pub(crate) struct Address {
    mail: Arc<Mailbox>,
    events: EventsTo,
}

/// Where its events go, and whether the mailbox ends with the port.
#[derive(Debug)]
enum EventsTo {
    /// Into the mailbox, which is the port's own.
    Mailbox,
    /// To a link, which goes through one port after the other and passes on what its user is to see.
    Link(Sender<Event>),
}

impl Address {
    /// A mailbox of the port's own.
    pub(crate) fn own(message_capacity: usize, urc_capacity: usize) -> Self {
        Self {
            mail: Arc::new(Mailbox::new(message_capacity, urc_capacity)),
            events: EventsTo::Mailbox,
        }
    }

    /// A link's: messages go into its mailbox, and events through the channel.
    pub(crate) fn link(mail: Arc<Mailbox>, events: Sender<Event>) -> Self {
        let events = EventsTo::Link(events);
        Self { mail, events }
    }
}

/// The engine and what belongs to it, under one lock. Nothing blocks and no code of the program runs
/// while it is held.
#[derive(Debug)]
struct Core {
    engine: Engine,
    /// `None` once the port is closed.
    port: Option<Arc<dyn Port>>,
    waiters: HashMap<OpId, Waiter>,
    /// What the reader sleeps for: until when, and whether for room to write as well.
    reader_due: Option<Instant>,
    reader_writes: bool,
}

/// Who hears of the end of an operation.
#[derive(Debug)]
struct Waiter {
    completer: Completer,
    /// The events of the port as well.
    event: bool,
}

/// How a thread that has changed the engine leaves it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// It is the reader, and will look at the deadlines itself.
    Reader,
    /// It stays to wait for an operation, and looks after the deadlines meanwhile: the reader need
    /// not be woken for them.
    Waiting,
    /// It goes on with something else.
    Gone,
}

impl Core {
    /// The place where the end of an operation will be told.
    fn await_end(&mut self, id: OpId) -> Arc<Completion> {
        let (completer, completion) = Completion::new();
        let event = false;
        self.waiters.insert(id, Waiter { completer, event });
        completion
    }

    /// Writes what the engine has for the port, without blocking.
    fn flush(&mut self) {
        let Some(port) = self.port.clone() else {
            return;
        };
        while !self.engine.transmit().is_empty() {
            match port.write(self.engine.transmit()) {
                Ok(0) => return self.lost(&*port, "it takes no more bytes"),
                Ok(bytes) => self.engine.transmitted(bytes),
                Err(error) => match error.kind() {
                    std::io::ErrorKind::WouldBlock => return,
                    std::io::ErrorKind::Interrupted => {}
                    _ => return self.lost(&*port, &error.to_string()),
                },
            }
        }
    }

    fn lost(&mut self, port: &dyn Port, why: &str) {
        self.engine.handle_lost(Error::new(
            ErrorKind::PortLost,
            format!("{} is gone: {why}", port.name()),
        ));
    }
}

impl Shared {
    /// Writes and routes what the engine has after a change, in the order in which it happened.
    fn settle(&self, core: &mut Core, leave: Leave) {
        let now = sync::now();
        loop {
            core.flush();
            while let Some(output) = core.engine.poll_output() {
                self.route(core, output);
            }
            if !self.give_room(core, now) {
                break;
            }
        }
        if leave == Leave::Reader {
            return;
        }
        let due = core.engine.poll_timeout();
        let earlier = match (due, core.reader_due) {
            (Some(due), Some(reader)) => due < reader,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let writes = !core.engine.transmit().is_empty() && !core.reader_writes;
        // A port that takes no more need not hang up: the reader ends it.
        if writes || core.engine.is_lost() || (earlier && leave == Leave::Gone) {
            self.waker.ring();
        }
    }

    fn route(&self, core: &mut Core, output: Output) {
        match output {
            Output::Done(id, result) => {
                if let Some(waiter) = core.waiters.remove(&id) {
                    if waiter.event {
                        self.tell(Event::Completed {
                            operation: id.number(),
                            result: result.clone(),
                        });
                    }
                    waiter.completer.complete(result);
                }
            }
            Output::Message(message) => self.mail.put_message(message),
            Output::Event(event) => self.tell(event),
        }
    }

    fn tell(&self, event: Event) {
        match &self.events {
            EventsTo::Mailbox => _ = self.mail.put_event(event),
            // It may have gone, and wants to hear of nothing then.
            EventsTo::Link(events) => _ = events.send(event),
        }
    }

    /// Nothing more will come from this port.
    fn end_of_mail(&self, undelivered: Undelivered) {
        match &self.events {
            EventsTo::Mailbox => self.mail.close(undelivered),
            EventsTo::Link(_) => {}
        }
    }

    /// In stored delivery, tells the engine that a queue has room again. Whether anything changed.
    fn give_room(&self, core: &mut Core, now: Instant) -> bool {
        let mut given = false;
        for client in 0..crate::mqtt::CLIENTS {
            if core.engine.wants_room(client) {
                let room = self.mail.room_or_hunger(client);
                if room > 0 {
                    core.engine.set_room(now, client, room);
                    given = true;
                }
            }
        }
        given
    }

    /// Ends every wait that is under way, if that was asked for.
    fn interrupt_waits(&self) {
        if self.interrupts.carry_out() {
            self.mail.interrupt();
        }
    }
}

impl Post for Shared {
    fn mail(&self) -> &Mailbox {
        &self.mail
    }

    fn fed(&self) {
        let mut core = self.core.lock();
        if self.give_room(&mut core, sync::now()) {
            self.settle(&mut core, Leave::Gone);
        }
    }
}

/// This long from now; `None` = never, where that is more than a clock can hold.
pub(crate) fn after(timeout: Duration) -> Option<Instant> {
    sync::now().checked_add(timeout)
}

/// Who carries requests to an engine and their outcomes back, in the place of a port and its threads:
/// a test in virtual time.
pub trait Driver: fmt::Debug + Send + Sync {
    /// Submits a request and waits for its outcome, at most `timeout` of the caller's.
    fn call(&self, request: Request, timeout: Option<Duration>) -> Result<Outcome>;

    /// Its time.
    fn now(&self) -> Instant;

    /// Lets time pass until then; whether it was interrupted.
    fn pause(&self, until: Instant) -> bool;
}

/// A running port. Dropping the last handle closes it.
#[derive(Debug)]
pub(crate) struct Runtime {
    driver: Option<Box<dyn Driver>>,
    pub(crate) shared: Arc<Shared>,
    reader: Mutex<Option<JoinHandle<()>>>,
    dispatcher: Dispatcher,
    jobs: Jobs,
    /// The process that opened the port: a forked child has the descriptor and none of the threads.
    pid: u32,
    /// For the child, which must not look for it under the engine lock.
    port: Option<Weak<dyn Port>>,
    port_name: String,
}

impl Runtime {
    /// Starts the reader of a port.
    pub(crate) fn start(
        port: Arc<dyn Port>,
        options: Options,
        address: Address,
        trace: Option<Box<dyn Trace>>,
    ) -> Result<Self> {
        let internal = |error: std::io::Error| Error::new(ErrorKind::Internal, error.to_string());
        let port_name = port.name();
        let weak = Arc::downgrade(&port);
        let shared = Arc::new(Shared {
            core: Mutex::new(Core {
                engine: Engine::new(sync::now(), options),
                port: Some(Arc::clone(&port)),
                waiters: HashMap::new(),
                reader_due: None,
                reader_writes: false,
            }),
            waker: Waker::new().map_err(internal)?,
            mail: address.mail,
            events: address.events,
            interrupts: Interrupts::new(),
            stop: AtomicBool::new(false),
        });
        {
            let mut core = shared.core.lock();
            let now = sync::now();
            if let Some(trace) = trace {
                core.engine.set_trace(trace);
            }
            for client in 0..crate::mqtt::CLIENTS {
                let room = shared.mail.room_or_hunger(client);
                core.engine.set_room(now, client, room);
            }
        }
        let reader = {
            let shared = Arc::clone(&shared);
            sync::spawn("atmqtt-reader", move || reader::run(&shared, &*port)).map_err(internal)?
        };
        Ok(Self {
            driver: None,
            shared,
            reader: Mutex::new(Some(reader)),
            dispatcher: Dispatcher::default(),
            jobs: Jobs::default(),
            pid: std::process::id(),
            port: Some(weak),
            port_name,
        })
    }

    /// A port that is somebody else's, who drives its engine as well. It has no messages and no events.
    pub(crate) fn driven(driver: Box<dyn Driver>) -> Result<Self> {
        let internal = |error: std::io::Error| Error::new(ErrorKind::Internal, error.to_string());
        let shared = Shared {
            core: Mutex::new(Core {
                engine: Engine::new(sync::now(), Options::default()),
                port: None,
                waiters: HashMap::new(),
                reader_due: None,
                reader_writes: false,
            }),
            waker: Waker::new().map_err(internal)?,
            mail: Arc::new(Mailbox::new(1, 0)),
            events: EventsTo::Mailbox,
            interrupts: Interrupts::new(),
            stop: AtomicBool::new(true),
        };
        Ok(Self {
            driver: Some(driver),
            shared: Arc::new(shared),
            reader: Mutex::new(None),
            dispatcher: Dispatcher::default(),
            jobs: Jobs::default(),
            pid: std::process::id(),
            port: None,
            port_name: "a driver".to_owned(),
        })
    }

    pub(crate) fn port_name(&self) -> &str {
        &self.port_name
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.is_forked() && self.shared.core.lock().port.is_some()
    }

    fn is_forked(&self) -> bool {
        std::process::id() != self.pid
    }

    /// Asks which clients live; the first operation of all.
    pub(crate) fn discover(&self) -> Result<Outcome> {
        let alarm = self.alarm();
        let (id, completion) = {
            let mut core = self.shared.core.lock();
            let id = core.engine.start(sync::now());
            let completion = core.await_end(id);
            self.shared.settle(&mut core, Leave::Waiting);
            (id, completion)
        };
        self.wait(id, &completion, None, &alarm)
    }

    /// Submits a request and gives what to wait on.
    pub(crate) fn submit(&self, request: Request) -> Result<(OpId, Arc<Completion>)> {
        self.submit_and(request, Leave::Gone)
    }

    fn submit_and(&self, request: Request, leave: Leave) -> Result<(OpId, Arc<Completion>)> {
        self.check()?;
        if self.driver.is_some() {
            return Err(Error::state("this port is driven one call at a time"));
        }
        let mut core = self.shared.core.lock();
        let id = core.engine.submit(sync::now(), request)?;
        let completion = core.await_end(id);
        self.shared.settle(&mut core, leave);
        Ok((id, completion))
    }

    /// Submits a request and waits for its outcome, at most `timeout` of the caller's.
    pub(crate) fn call(&self, request: Request, timeout: Option<Duration>) -> Result<Outcome> {
        if let Some(driver) = &self.driver {
            return driver.call(request, timeout);
        }
        let alarm = self.alarm();
        let (id, completion) = self.submit_and(request, Leave::Waiting)?;
        self.wait(id, &completion, timeout, &alarm)
    }

    /// Waits for an operation. Past `timeout`, or when interrupted, it is abandoned: withdrawn if it has
    /// not begun, else it goes on without its caller.
    pub(crate) fn wait(
        &self,
        id: OpId,
        completion: &Completion,
        timeout: Option<Duration>,
        alarm: &Alarm,
    ) -> Result<Outcome> {
        match self.wait_until(completion, timeout.and_then(after), alarm)? {
            Waited::Done(result) => result,
            waited => self.leave(id, completion, &waited, timeout),
        }
    }

    /// Waits without giving up the operation.
    pub(crate) fn wait_until(
        &self,
        completion: &Completion,
        limit: Option<Instant>,
        alarm: &Alarm,
    ) -> Result<Waited> {
        self.check()?;
        loop {
            let due = self.shared.core.lock().engine.poll_timeout();
            let until = match (limit, due) {
                (Some(limit), Some(due)) => Some(limit.min(due)),
                (limit, due) => limit.or(due),
            };
            match completion.wait(until, alarm) {
                Waited::TimeUp => {}
                Waited::Interrupted => {
                    self.shared.waker.ring();
                    return Ok(Waited::Interrupted);
                }
                done => return Ok(done),
            }
            let now = sync::now();
            if due.is_some_and(|due| due <= now) {
                let mut core = self.shared.core.lock();
                core.engine.handle_timeout(now);
                self.shared.settle(&mut core, Leave::Waiting);
            }
            if limit.is_some_and(|limit| limit <= now) {
                if let Some(result) = completion.outcome() {
                    return Ok(Waited::Done(result));
                }
                // Nobody looks after the deadlines from here on but the reader.
                self.shared.waker.ring();
                return Ok(Waited::TimeUp);
            }
        }
    }

    /// Abandons an operation whose caller has waited in vain.
    pub(crate) fn leave(
        &self,
        id: OpId,
        completion: &Completion,
        waited: &Waited,
        timeout: Option<Duration>,
    ) -> Result<Outcome> {
        let why = match waited {
            Waited::Interrupted => "before the caller was interrupted".to_owned(),
            _ => format!("within the caller's {:?}", timeout.unwrap_or_default()),
        };
        let mut core = self.shared.core.lock();
        let withdrawn = core.engine.named(
            id,
            Error::new(
                ErrorKind::Timeout,
                format!("nothing was sent {why}; the call is withdrawn"),
            ),
        );
        let underway = core.engine.named(
            id,
            Error::new(
                ErrorKind::Unconfirmed,
                format!(
                    "no outcome {why}; the operation goes on, and doing it again may duplicate"
                ),
            ),
        );
        let abandoned = core.engine.abandon(sync::now(), id);
        self.shared.settle(&mut core, Leave::Gone);
        if abandoned != Abandoned::Ended {
            core.waiters.remove(&id);
        }
        drop(core);
        match abandoned {
            Abandoned::Ended => completion
                .outcome()
                .unwrap_or_else(|| Err(Error::new(ErrorKind::Internal, "the outcome vanished"))),
            Abandoned::Withdrawn => Err(withdrawn),
            Abandoned::Underway => Err(underway),
        }
    }

    /// Has the end of an operation reported as an event as well; at once, where it has ended.
    pub(crate) fn report(&self, id: OpId, completion: &Completion) {
        let mut core = self.shared.core.lock();
        if let Some(waiter) = core.waiters.get_mut(&id) {
            waiter.event = true;
        } else if let Some(result) = completion.outcome() {
            self.shared.tell(Event::Completed {
                operation: id.number(),
                result,
            });
        }
    }

    /// Runs `job` on a thread of its own and reports its end as an event.
    pub(crate) fn background(self: &Arc<Self>, job: Job) -> Result<OpId> {
        self.check()?;
        if self.shared.stop.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the port is closed"));
        }
        let id = self.shared.core.lock().engine.reserve();
        self.jobs.start(&self.shared, id, job)?;
        Ok(id)
    }

    /// The time that calls of several commands go by.
    pub(crate) fn now(&self) -> Instant {
        match &self.driver {
            Some(driver) => driver.now(),
            None => sync::now(),
        }
    }

    /// Waits until then, or until it rings; whether it has.
    pub(crate) fn pause(&self, alarm: &Alarm, until: Instant) -> bool {
        match &self.driver {
            Some(driver) => driver.pause(until),
            None => alarm.pause(until),
        }
    }

    /// Rings at the next interrupt.
    pub(crate) fn alarm(&self) -> Alarm {
        self.shared.interrupts.alarm()
    }

    /// Async-signal-safe: a store and a write to a pipe.
    pub(crate) fn interrupt(&self) {
        if !self.is_forked() {
            self.shared.interrupts.ask();
            self.shared.waker.ring();
        }
    }

    pub(crate) fn state(&self, client: u8) -> (State, u32) {
        self.shared.core.lock().engine.state(client)
    }

    /// How many bytes of an upload have left; `None` where it is not under way.
    pub(crate) fn uploaded(&self, id: OpId) -> Option<usize> {
        self.shared.core.lock().engine.uploaded(id)
    }

    pub(crate) fn found(&self, client: u8) -> Option<(String, u16)> {
        let core = self.shared.core.lock();
        core.engine
            .found(client)
            .map(|(host, port)| (host.to_owned(), port))
    }

    /// Whether this thread is one of the library's that run the program's code.
    pub(crate) fn in_callback(&self) -> bool {
        self.dispatcher.is_current_thread() || self.jobs.is_current_thread()
    }

    /// Ends every wait and every thread, and closes the device. Again: nothing.
    pub(crate) fn close(&self) -> Result<()> {
        self.check()?;
        if self.in_callback() {
            return Err(Error::new(
                ErrorKind::CalledFromCallback,
                "a port cannot be closed from its own callback: tell another thread to",
            ));
        }
        self.shut_down();
        Ok(())
    }

    /// In a forked child: the threads are the parent's, and so are the locks. Closes the descriptor.
    pub(crate) fn forget_port(&self) {
        if let Some(port) = self.port.as_ref().and_then(Weak::upgrade) {
            crate::port::forget(&*port);
        }
    }

    fn shut_down(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.waker.ring();
        // Held to the end: whoever closes at the same time finds everything ended as well.
        let mut reader = self.reader.lock();
        if let Some(reader) = reader.take() {
            let _ = reader.join();
        }
        let mut core = self.shared.core.lock();
        core.engine
            .handle_lost(Error::new(ErrorKind::Closed, "the port is closed"));
        self.shared.settle(&mut core, Leave::Reader);
        core.port = None;
        drop(core);
        self.jobs.join();
        self.shared.end_of_mail(Undelivered::Dropped);
        self.dispatcher.join();
    }
}

impl Addressee for Runtime {
    fn check(&self) -> Result<()> {
        if self.is_forked() {
            return Err(Error::new(
                ErrorKind::Closed,
                "the port was opened before this process was forked: open it here",
            ));
        }
        Ok(())
    }

    fn post(&self) -> &dyn Post {
        &*self.shared
    }

    fn start_dispatcher(&self) -> Result<()> {
        if self.shared.stop.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the port is closed"));
        }
        if matches!(self.shared.events, EventsTo::Link(_)) {
            return Err(Error::state(
                "the port belongs to a link: set callbacks there",
            ));
        }
        let post = Arc::clone(&self.shared);
        self.dispatcher.start(post)
    }

    fn is_dispatcher(&self) -> bool {
        self.dispatcher.is_current_thread()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if !self.is_forked() {
            self.shut_down();
        } else {
            self.forget_port();
        }
    }
}
