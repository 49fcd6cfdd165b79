//! What the system and the libraries give.

use std::convert::Infallible;
use std::io;
pub(crate) use std::sync::OnceLock;
pub(crate) use std::sync::atomic::AtomicBool;
use std::thread;
pub(crate) use std::thread::{JoinHandle, ThreadId};
use std::time::{Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender, TryRecvError, bounded};
pub(crate) use parking_lot::{Condvar, Mutex};
pub(crate) use rustix::event::poll;
pub(crate) use rustix::io::{read, write};

use super::signals::with_signals_blocked;

pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn system_time() -> SystemTime {
    SystemTime::now()
}

/// Starts a thread of the library, which takes no signal.
pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    // Boxed, so that the standard library's code for it is there once and not for every thread.
    let run: Box<dyn FnOnce() + Send> = Box::new(run);
    with_signals_blocked(|| thread::Builder::new().name(name.to_owned()).spawn(run))
}

pub(crate) fn this_thread() -> ThreadId {
    thread::current().id()
}

/// Given once and for all, and seen by everybody who waits for it: the end of a channel that carries
/// nothing.
#[derive(Debug, Clone)]
pub(crate) struct Signal(Receiver<Infallible>);

/// Gives its signal when it is dropped.
#[derive(Debug)]
pub(crate) struct SignalGuard {
    _open: Sender<Infallible>,
}

pub(crate) fn signal() -> (SignalGuard, Signal) {
    let (open, end) = bounded(0);
    (SignalGuard { _open: open }, Signal(end))
}

impl Signal {
    pub(crate) fn is_given(&self) -> bool {
        self.0.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Waits for it until then; whether it was given.
    pub(crate) fn wait_until(&self, until: Instant) -> bool {
        self.0.recv_deadline(until) == Err(RecvTimeoutError::Disconnected)
    }

    /// Waits for it or the other, or until the time is up (`None` = never).
    pub(crate) fn wait_beside(&self, other: &Self, until: Option<Instant>) {
        let mut either = Select::new();
        either.recv(&self.0);
        either.recv(&other.0);
        match until {
            None => _ = either.ready(),
            Some(until) => _ = either.ready_deadline(until),
        }
    }
}
