//! The one thread that runs a program's callbacks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Shared;
use super::mailbox::Delivery;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{JoinHandle, Mutex, ThreadId, spawn, this_thread};

/// Started when the first callback is set.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    thread: Mutex<Option<JoinHandle<()>>>,
    id: Mutex<Option<ThreadId>>,
}

impl Dispatcher {
    pub(super) fn start(&self, shared: &Arc<Shared>) -> Result<()> {
        let mut thread = self.thread.lock();
        if thread.is_some() {
            return Ok(());
        }
        let shared = Arc::clone(shared);
        let handle = spawn("atmqtt-dispatcher", move || run(&shared))
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        *self.id.lock() = Some(handle.thread().id());
        *thread = Some(handle);
        Ok(())
    }

    pub(super) fn is_current_thread(&self) -> bool {
        *self.id.lock() == Some(this_thread())
    }

    /// Waits for its end, after the mailbox has been closed. From inside a callback it ends later, by
    /// itself.
    pub(super) fn join(&self) {
        let handle = self.thread.lock().take();
        if let Some(handle) = handle {
            if handle.thread().id() != this_thread() {
                let _ = handle.join();
            }
        }
    }
}

fn run(shared: &Shared) {
    while let Some((delivery, hungry)) = shared.mail.take_work() {
        if hungry {
            shared.fed();
        }
        // No lock of the library is held while the program's code runs; each callback has its own.
        let outcome = catch_unwind(AssertUnwindSafe(|| match delivery {
            Delivery::Message(callback, message) => (callback.lock())(message),
            Delivery::Event(callback, event) => (callback.lock())(event),
        }));
        if outcome.is_err() {
            log::error!("a callback panicked; the next one runs all the same");
        }
    }
    shared.mail.drop_callbacks();
}
