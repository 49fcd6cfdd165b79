//! The one thread that runs a program's callbacks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::mailbox::Delivery;
use super::post::Post;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{JoinHandle, Mutex, ThreadId, spawn, this_thread};

/// Started when the first callback is set.
#[derive(Debug, Default)]
pub(crate) struct Dispatcher {
    thread: Mutex<Option<JoinHandle<()>>>,
    id: Mutex<Option<ThreadId>>,
}

impl Dispatcher {
    pub(crate) fn start(&self, post: Arc<dyn Post>) -> Result<()> {
        let mut thread = self.thread.lock();
        if thread.is_some() {
            return Ok(());
        }
        let handle = spawn("atmqtt-dispatcher", move || run(&*post))
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        *self.id.lock() = Some(handle.thread().id());
        *thread = Some(handle);
        Ok(())
    }

    pub(crate) fn is_current_thread(&self) -> bool {
        *self.id.lock() == Some(this_thread())
    }

    /// Waits for its end, after the mailbox has been closed. From inside a callback it ends later, by
    /// itself.
    pub(crate) fn join(&self) {
        let handle = self.thread.lock().take();
        if let Some(handle) = handle {
            if handle.thread().id() != this_thread() {
                let _ = handle.join();
            }
        }
    }
}

fn run(post: &dyn Post) {
    while let Some((delivery, hungry)) = post.mail().take_work() {
        if hungry {
            post.fed();
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
    post.mail().drop_callbacks();
}
