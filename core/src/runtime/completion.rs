//! Where a caller waits for its operation.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::engine::Outcome;
use crate::error::Result;

/// The place for one outcome.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    outcome: Mutex<Option<Result<Outcome>>>,
    done: Condvar,
}

impl Completion {
    pub(super) fn complete(&self, outcome: Result<Outcome>) {
        *self.outcome.lock() = Some(outcome);
        self.done.notify_all();
    }

    /// The outcome, once it is there; `until` `None` = however long that takes.
    pub(crate) fn wait(&self, until: Option<Instant>) -> Option<Result<Outcome>> {
        let mut outcome = self.outcome.lock();
        while outcome.is_none() {
            match until {
                None => self.done.wait(&mut outcome),
                Some(until) => {
                    if self.done.wait_until(&mut outcome, until).timed_out() {
                        break;
                    }
                }
            }
        }
        outcome.clone()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.outcome.lock().is_some()
    }
}
