//! Where callers wait for an operation.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::interrupt::Alarm;
use crate::engine::Outcome;
use crate::error::Result;
use crate::sync::{Mutex, OnceLock, Signal, SignalGuard, signal};

/// The place for one outcome. Any number of threads may wait for it.
#[derive(Debug)]
pub(crate) struct Completion {
    outcome: OnceLock<Result<Outcome>>,
    done: Signal,
    then: Then,
}

/// What is called once the outcome is there.
#[derive(Default)]
struct Then(Mutex<Vec<Box<dyn FnOnce() + Send>>>);

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Then")
    }
}

/// What a wait ended with.
#[derive(Debug)]
pub(crate) enum Waited {
    Done(Result<Outcome>),
    TimeUp,
    Interrupted,
}

/// The other side, which the engine's output goes to.
#[derive(Debug)]
pub(crate) struct Completer {
    completion: Arc<Completion>,
    _done: SignalGuard,
}

impl Completion {
    pub(crate) fn new() -> (Completer, Arc<Self>) {
        let (guard, done) = signal();
        let completion = Arc::new(Self {
            outcome: OnceLock::new(),
            done,
            then: Then::default(),
        });
        let completer = Completer {
            completion: Arc::clone(&completion),
            _done: guard,
        };
        (completer, completion)
    }

    /// Waits for the outcome until it is there, the alarm rings, or the time is up (`None` = never).
    pub(crate) fn wait(&self, until: Option<Instant>, alarm: &Alarm) -> Waited {
        if !self.is_done() {
            alarm.wait_beside(&self.done, until);
        }
        match self.outcome() {
            Some(outcome) => Waited::Done(outcome),
            None if alarm.has_rung() => Waited::Interrupted,
            None => Waited::TimeUp,
        }
    }

    pub(crate) fn outcome(&self) -> Option<Result<Outcome>> {
        self.outcome.get().cloned()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// Calls `then` where the outcome is set, or at once where it is there already.
    pub(crate) fn on_done(&self, then: Box<dyn FnOnce() + Send>) {
        let mut waiting = self.then.0.lock();
        if self.is_done() {
            drop(waiting);
            then();
        } else {
            waiting.push(then);
        }
    }
}

impl Completer {
    pub(crate) fn complete(self, outcome: Result<Outcome>) {
        // There is one completer, so the place is empty.
        let _ = self.completion.outcome.set(outcome);
        let then = std::mem::take(&mut *self.completion.then.0.lock());
        for then in then {
            then();
        }
    }
}
