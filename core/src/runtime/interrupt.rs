//! Ends waits from outside, from a signal handler too.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::sync::{AtomicBool, Mutex, Signal, SignalGuard, signal};

/// Who wants every wait of a port to end, and how those that wait hear of it.
#[derive(Debug)]
pub(crate) struct Interrupts {
    asked: AtomicBool,
    /// Every interrupt gives the signal and leaves a new one here.
    alarm: Mutex<(SignalGuard, Signal)>,
}

/// Rings when a wait that began after it was made is to end.
#[derive(Debug, Clone)]
pub(crate) struct Alarm(Signal);

impl Interrupts {
    pub(crate) fn new() -> Self {
        Self {
            asked: AtomicBool::new(false),
            alarm: Mutex::new(signal()),
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
            *self.alarm.lock() = signal();
        }
        asked
    }

    pub(crate) fn alarm(&self) -> Alarm {
        Alarm(self.alarm.lock().1.clone())
    }
}

impl Alarm {
    pub(crate) fn has_rung(&self) -> bool {
        self.0.is_given()
    }

    /// Waits until then, or until it rings; whether it has.
    pub(crate) fn pause(&self, until: Instant) -> bool {
        self.0.wait_until(until)
    }

    /// Waits until `done` is given, it rings, or the time is up (`None` = never).
    pub(super) fn wait_beside(&self, done: &Signal, until: Option<Instant>) {
        done.wait_beside(&self.0, until);
    }
}
