//! Where callers wait for an operation.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::Outcome;
use crate::error::Result;

/// The place for one outcome. Any number of threads may wait for it.
#[derive(Debug)]
pub(crate) struct Completion {
    outcome: OnceLock<Result<Outcome>>,
    /// Carries nothing: its end is the signal, and every waiter sees it.
    done: Receiver<Infallible>,
}

/// The other side, which the engine's output goes to.
#[derive(Debug)]
pub(super) struct Completer {
    completion: Arc<Completion>,
    _open: Sender<Infallible>,
}

impl Completion {
    pub(super) fn new() -> (Completer, Arc<Self>) {
        let (open, done) = bounded(0);
        let completion = Arc::new(Self {
            outcome: OnceLock::new(),
            done,
        });
        let completer = Completer {
            completion: Arc::clone(&completion),
            _open: open,
        };
        (completer, completion)
    }

    /// The outcome, once it is there; `until` `None` = however long that takes. `None` also where the
    /// operation was withdrawn.
    pub(crate) fn wait(&self, until: Option<Instant>) -> Option<Result<Outcome>> {
        if !self.is_done() {
            match until {
                None => _ = self.done.recv(),
                Some(until) => _ = self.done.recv_deadline(until),
            }
        }
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
