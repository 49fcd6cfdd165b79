//! The emulated module on a pseudo-terminal, with a thread that runs it.

mod broker;
mod builder;
mod chunk;
mod pace;
mod pty;
mod wire;

pub use broker::Broker;
pub use builder::Builder;
pub use chunk::Chunk;

use crate::fault::Fault;
use crate::hub::{Hub, InvalidTopic, Policy, Published};
use crate::machine::Machine;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// An emulated module that runs: a serial device the host can open, and a broker that every
/// `AT+QMTOPEN` on it reaches.
///
/// With [`Broker::Network`] the connections lead to real brokers instead, and nobody is at the hub:
/// what is published there reaches no one, no client is found there, and nothing is on record.
///
/// All methods can be called while it runs. Dropping it stops it.
///
/// ```no_run
/// use atmqtt_emulator::runtime::Emulator;
///
/// let emulator = Emulator::builder().start()?;
/// println!("{}", emulator.path().display());
/// // ... a host opens that path, connects and subscribes ...
/// emulator.publish("topic", b"payload", 1, false)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    /// Its other end is the thread's; what is written here wakes it.
    wake: UnixStream,
    /// Its other end is closed when the thread ends.
    ended: UnixStream,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The process that started it: a forked child has the handle and not the thread.
    pid: u32,
}

/// What the thread and the callers share.
#[derive(Debug)]
struct Shared {
    started: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    machine: Machine,
    /// The device, also when it is unplugged: the last one.
    path: PathBuf,
    plugged: bool,
    ended: bool,
    lost: u64,
    request: Option<Request>,
    /// Why the device could not come back, or the thread ended by itself.
    failure: Option<io::Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Stop,
    Unplug,
    Plug,
}

impl Shared {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// A panic of the thread leaves the state readable; what it did not do, it did not do.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Emulator {
    /// Options first.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The device the host opens. After a hang-up: the last one, until the module is plugged in
    /// again.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.shared.lock().path.clone()
    }

    /// Whether the device is there.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        self.shared.lock().plugged
    }

    /// Publishes at the hub, as another client would. Answers how many clients it is for.
    ///
    /// # Errors
    ///
    /// The topic is not one that can be published to.
    pub fn publish(
        &self,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) -> Result<usize, InvalidTopic> {
        self.with_hub(|hub| hub.publish(topic, payload, qos, retain))
    }

    /// What clients published so far, oldest first.
    #[must_use]
    pub fn published(&self) -> Vec<Published> {
        self.shared
            .lock()
            .machine
            .hub()
            .published()
            .cloned()
            .collect()
    }

    /// The same, and the record is empty afterwards.
    #[must_use]
    pub fn take_published(&self) -> Vec<Published> {
        self.with_hub(Hub::take_published)
    }

    /// Waits until at least `count` publishes are on record, at most this long. Answers whether
    /// they are.
    #[must_use]
    pub fn wait_published(&self, count: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| {
            state.machine.hub().published().len() >= count
        })
    }

    /// Whom the hub lets in from now on.
    pub fn set_policy(&self, policy: Policy) {
        self.with_hub(|hub| hub.set_policy(policy));
    }

    /// The server closes a client's connection. `false`: no such client is connected.
    #[must_use]
    pub fn close_client(&self, client_id: &str) -> bool {
        self.with_hub(|hub| hub.close_client(client_id))
    }

    /// Anything else with the hub. The emulator stands still meanwhile; calling another of its
    /// methods from within would wait for ever.
    pub fn with_hub<R>(&self, act: impl FnOnce(&mut Hub) -> R) -> R {
        self.act(|machine, now| machine.with_hub(now, act))
    }

    /// How many bytes were lost because the host did not read for very long: 16 MiB are kept.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lock().lost
    }

    /// Something goes wrong from now on.
    pub fn inject_fault(&self, fault: Fault) {
        self.act(|machine, now| machine.inject_fault(now, fault));
    }

    /// The module prints a line nobody asked for.
    pub fn inject_urc(&self, line: &str) {
        self.act(|machine, now| machine.inject_urc(now, line));
    }

    /// Unplugs the module: the host gets a hang-up, and the device is gone when this returns.
    pub fn hang_up(&self) {
        let unplugged = |state: &State| !state.plugged && state.request.is_none();
        self.request(Request::Unplug, unplugged);
    }

    /// Plugs the module in again, freshly switched on and without its faults, on a new device
    /// behind the same link.
    ///
    /// # Errors
    ///
    /// There is no pseudo-terminal to be had, the link cannot be made, or the emulator has ended.
    pub fn plug(&self) -> io::Result<()> {
        self.request(Request::Plug, |state| state.request.is_none());
        let mut state = self.shared.lock();
        match state.failure.take() {
            Some(error) => Err(error),
            None if state.plugged => Ok(()),
            None => Err(io::Error::other("the emulator has ended")),
        }
    }

    /// Becomes readable when the emulator has ended by itself: after a hang-up, unless it was
    /// started with [`Builder::replug_after`], or when something failed.
    #[must_use]
    pub fn ended(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }

    /// Stops it: the device and the link are gone when this returns. Again: nothing.
    ///
    /// # Errors
    ///
    /// What made it end before, if something failed.
    pub fn stop(&self) -> io::Result<()> {
        self.finish();
        match self.shared.lock().failure.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn finish(&self) {
        if std::process::id() != self.pid {
            return;
        }
        // Held over the join, so that whoever comes second returns no earlier.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            self.shared.lock().request = Some(Request::Stop);
            self.wake();
            if thread.join().is_err() {
                self.shared.lock().failure =
                    Some(io::Error::other("the emulator's thread panicked"));
            }
        }
    }

    fn act<R>(&self, act: impl FnOnce(&mut Machine, Duration) -> R) -> R {
        let mut state = self.shared.lock();
        let now = self.shared.now();
        let result = act(&mut state.machine, now);
        drop(state);
        self.wake();
        result
    }

    fn request(&self, request: Request, done: impl Fn(&State) -> bool) {
        self.shared.lock().request = Some(request);
        self.wake();
        // The thread always answers: it never waits for anything but its descriptors.
        self.wait(Duration::MAX, done);
    }

    fn wait(&self, timeout: Duration, done: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.shared.lock();
        while !done(&state) && !state.ended {
            state = match deadline.map(|deadline| deadline.checked_duration_since(Instant::now())) {
                None => self
                    .shared
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Some(left)) => {
                    let waited = self.shared.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(None) => return false,
            };
        }
        done(&state)
    }

    fn wake(&self) {
        // A full buffer means that the thread has a wake-up before it already.
        let _ = (&self.wake).write(&[0]);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.finish();
    }
}
