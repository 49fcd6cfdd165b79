//! Threads for what takes several commands and is not waited for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Shared;
use crate::engine::{OpId, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::sync::{JoinHandle, Mutex, ThreadId, spawn, this_thread};

/// Boxed, so that the code that starts one is there once and not for every job.
pub(crate) type Job = Box<dyn FnOnce() -> Result<Outcome> + Send>;

/// The jobs of a port, each on a thread of its own.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    threads: Mutex<Threads>,
}

#[derive(Debug, Default)]
struct Threads {
    /// Without a handle: it is being joined, and still a job.
    jobs: Vec<(ThreadId, Option<JoinHandle<()>>)>,
    closed: bool,
}

impl Jobs {
    /// Runs `job`, and reports its end as an event of the port; not after [`join`](Self::join).
    pub(super) fn start(&self, shared: &Arc<Shared>, id: OpId, job: Job) -> Result<()> {
        let shared = Arc::clone(shared);
        let mut threads = self.threads.lock();
        if threads.closed {
            return Err(Error::new(ErrorKind::Closed, "the port is closed"));
        }
        let under_way = |thread: &JoinHandle<()>| !thread.is_finished();
        threads
            .jobs
            .retain(|(_, thread)| thread.as_ref().is_some_and(under_way));
        let thread = spawn("atmqtt-job", move || {
            // What the job holds is gone before its end is told.
            let result = catch_unwind(AssertUnwindSafe(job))
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the job panicked")));
            shared.tell(Event::Completed {
                operation: id.number(),
                result,
            });
        })
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        threads.jobs.push((thread.thread().id(), Some(thread)));
        Ok(())
    }

    pub(super) fn is_current_thread(&self) -> bool {
        let this = this_thread();
        let threads = self.threads.lock();
        threads.jobs.iter().any(|&(id, _)| id == this)
    }

    /// Waits for them all, after everything that they wait for has ended; not for the caller itself.
    pub(super) fn join(&self) {
        let this = this_thread();
        let handles: Vec<_> = {
            let mut threads = self.threads.lock();
            threads.closed = true;
            let others = threads.jobs.iter_mut().filter(|(id, _)| *id != this);
            others.filter_map(|(_, thread)| thread.take()).collect()
        };
        for thread in handles {
            let _ = thread.join();
        }
    }
}
