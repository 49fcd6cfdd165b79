//! Where callers wait for an operation.

use std::sync::Arc;
use std::time::Instant;

use super::interrupt::Alarm;
use crate::engine::Outcome;
use crate::error::Result;
use crate::sync::{OnceLock, Signal, SignalGuard, signal};

/// The place for one outcome. Any number of threads may wait for it.
#[derive(Debug)]
pub(crate) struct Completion {
    outcome: OnceLock<Result<Outcome>>,
    done: Signal,
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
pub(super) struct Completer {
    completion: Arc<Completion>,
    _done: SignalGuard,
}

impl Completion {
    pub(super) fn new() -> (Completer, Arc<Self>) {
        let (guard, done) = signal();
        let completion = Arc::new(Self {
            outcome: OnceLock::new(),
            done,
        });
        let completer = Completer {
            completion: Arc::clone(&completion),
            _done: guard,
        };
        (completer, completion)
    }

    /// Waits for the outcome until it is there, the alarm rings, or the time is up (`None` = never).
    pub(super) fn wait(&self, until: Option<Instant>, alarm: &Alarm) -> Waited {
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
}

impl Completer {
    pub(super) fn complete(self, outcome: Result<Outcome>) {
        // There is one completer, so the place is empty.
        let _ = self.completion.outcome.set(outcome);
    }
}
