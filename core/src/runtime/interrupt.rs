//! Ends waits from outside, from a signal handler too.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender, TryRecvError, bounded};
use parking_lot::Mutex;

/// Who wants every wait of a port to end, and how those that wait hear of it.
#[derive(Debug)]
pub(super) struct Interrupts {
    asked: AtomicBool,
    /// Carries nothing: its end is the signal. Every interrupt ends one and leaves a new one here.
    alarm: Mutex<(Sender<Infallible>, Receiver<Infallible>)>,
}

/// Rings when a wait that began after it was made is to end.
#[derive(Debug, Clone)]
pub(crate) struct Alarm(Receiver<Infallible>);

impl Interrupts {
    pub(super) fn new() -> Self {
        Self {
            asked: AtomicBool::new(false),
            alarm: Mutex::new(bounded(0)),
        }
    }

    /// Leaves the wish for the reader, which the caller wakes. Async-signal-safe: one store.
    pub(super) fn ask(&self) {
        self.asked.store(true, Ordering::Release);
    }

    /// Carries the wish out, if there is one; whether there was.
    pub(super) fn carry_out(&self) -> bool {
        let asked = self.asked.swap(false, Ordering::AcqRel);
        if asked {
            *self.alarm.lock() = bounded(0);
        }
        asked
    }

    pub(super) fn alarm(&self) -> Alarm {
        Alarm(self.alarm.lock().1.clone())
    }
}

impl Alarm {
    pub(crate) fn has_rung(&self) -> bool {
        self.0.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Waits until then, or until it rings; whether it has.
    pub(crate) fn pause(&self, until: Instant) -> bool {
        self.0.recv_deadline(until) == Err(RecvTimeoutError::Disconnected)
    }

    /// Waits until `done` ends, it rings, or the time is up (`None` = never).
    pub(super) fn wait_beside(&self, done: &Receiver<Infallible>, until: Option<Instant>) {
        let mut either = Select::new();
        either.recv(done);
        either.recv(&self.0);
        match until {
            None => _ = either.ready(),
            Some(until) => _ = either.ready_deadline(until),
        }
    }
}
