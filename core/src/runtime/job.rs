//! Threads for what takes several commands and is not waited for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Shared;
use crate::engine::{OpId, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::sync::{JoinHandle, Mutex, spawn, this_thread};

/// The jobs of a port, each on a thread of its own.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Jobs {
    /// Runs `job`, and reports its end as an event of the port.
    pub(super) fn start(
        &self,
        shared: &Arc<Shared>,
        id: OpId,
        job: impl FnOnce() -> Result<Outcome> + Send + 'static,
    ) -> Result<()> {
        let shared = Arc::clone(shared);
        let mut threads = self.threads.lock();
        threads.retain(|thread| !thread.is_finished());
        let thread = spawn("atmqtt-job", move || {
            // What the job holds is gone before its end is told.
            let result = catch_unwind(AssertUnwindSafe(job))
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the job panicked")));
            shared.mail.put_event(Event::Completed {
                operation: id.number(),
                result,
            });
        })
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        threads.push(thread);
        Ok(())
    }

    pub(super) fn is_current_thread(&self) -> bool {
        let this = this_thread();
        let threads = self.threads.lock();
        threads.iter().any(|thread| thread.thread().id() == this)
    }

    /// Waits for them all, after everything that they wait for has ended; not for the caller itself.
    pub(super) fn join(&self) {
        let this = this_thread();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            if thread.thread().id() != this {
                let _ = thread.join();
            }
        }
    }
}
