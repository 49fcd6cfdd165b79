//! What belongs to the process and to no single modem: threads for calls that block, the ports and
//! links that are open, and the end of the interpreter.
//!
//! A forked child has none of the parent's threads, and a lock that was held at the fork stays locked
//! in it. So the child gets a new [`Process`] and never looks at the parent's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, ThreadId};

use crossbeam_channel::{Receiver, Sender, unbounded};
use parking_lot::{Condvar, Mutex};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error;
use crate::logging::Logs;
use crate::port::EndsAtExit;
use crate::wait;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for another job; one that ends beyond these is not kept.
const IDLE: usize = 4;

/// Everything that is one a process.
pub(crate) struct Process {
    pid: u32,
    jobs: (Sender<Job>, Receiver<Job>),
    idle: AtomicUsize,
    held: Mutex<Vec<Weak<dyn EndsAtExit>>>,
    exiting: AtomicBool,
    /// The thread that ends the interpreter; it may still call what it likes.
    exit_thread: OnceLock<ThreadId>,
    /// Threads that are in code of ours and may give the interpreter away in it.
    away: Mutex<usize>,
    came_back: Condvar,
    pub(crate) logs: Logs,
}

static PROCESS: AtomicPtr<Process> = AtomicPtr::new(std::ptr::null_mut());

/// This process.
pub(crate) fn process() -> &'static Process {
    let pid = std::process::id();
    loop {
        let known = PROCESS.load(Ordering::Acquire);
        // SAFETY: what is stored is null or was leaked below, and is never freed.
        match unsafe { known.as_ref() } {
            Some(process) if process.pid == pid => return process,
            _ => {}
        }
        // The first call, or the first one after a fork.
        let fresh = Box::into_raw(Box::new(Process::new(pid)));
        if PROCESS
            .compare_exchange(known, fresh, Ordering::AcqRel, Ordering::Acquire)
            .is_err()
        {
            // SAFETY: nobody else has seen this one.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

impl Process {
    fn new(pid: u32) -> Self {
        Self {
            pid,
            jobs: unbounded(),
            idle: AtomicUsize::new(0),
            held: Mutex::default(),
            exiting: AtomicBool::new(false),
            exit_thread: OnceLock::new(),
            away: Mutex::default(),
            came_back: Condvar::new(),
            logs: Logs::default(),
        }
    }

    /// Runs `job` on a thread of its own, which never has the interpreter unless the job takes it.
    pub(crate) fn spawn(&'static self, job: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let job: Job = Box::new(job);
        let take_one = |idle: usize| idle.checked_sub(1);
        if self
            .idle
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take_one)
            .is_ok()
        {
            // The receiver is in `self` as well, so that this cannot fail.
            let _ = self.jobs.0.send(job);
            return Ok(());
        }
        spawn_thread("atmqtt-worker", move || self.work(job))
    }

    fn work(&self, first: Job) {
        let mut job = first;
        loop {
            // A job that unwinds has told its caller by dropping its channel.
            let _ = catch_unwind(AssertUnwindSafe(job));
            let kept = |idle: usize| (idle < IDLE).then_some(idle + 1);
            if self
                .idle
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, kept)
                .is_err()
            {
                return;
            }
            match self.jobs.1.recv() {
                Ok(next) => job = next,
                Err(_) => return,
            }
        }
    }

    /// Whether the interpreter ends, so that nothing of ours may go on in it.
    pub(crate) fn is_exiting(&self) -> bool {
        self.exiting.load(Ordering::Acquire)
    }

    /// Keeps a port or link in mind until it is gone.
    pub(crate) fn register<T: EndsAtExit + 'static>(&self, held: &Arc<T>) {
        let held: Weak<T> = Arc::downgrade(held);
        let mut all = self.held.lock();
        all.retain(|one| one.strong_count() > 0);
        all.push(held);
    }

    /// Counts this thread among those that the end of the interpreter waits for.
    pub(crate) fn step_away(&'static self) -> Away {
        *self.away.lock() += 1;
        Away(self)
    }
}

/// Counts this thread as inside the library until it returns to Python; every method begins with it.
///
/// Python may end a thread wherever that wants the interpreter back after it is finalised, and the stack
/// of such a thread is unwound, which Rust does not survive. So the end of the interpreter waits for those
/// inside, and who comes later is turned away without a step of Python that could lose the interpreter.
pub(crate) fn inside(py: Python<'_>) -> PyResult<Away> {
    let process = process();
    let away = process.step_away();
    if process.is_exiting() && process.exit_thread.get() != Some(&thread::current().id()) {
        return Err(late(py));
    }
    Ok(away)
}

static LATE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What a call is told while the interpreter ends. It was made before, when that could do no harm.
pub(crate) fn late(py: Python<'_>) -> PyErr {
    match LATE.get(py) {
        Some(late) => {
            let late = PyErr::from_value(late.bind(py).clone());
            // That of another thread.
            late.set_traceback(py, None);
            late
        }
        None => error::closed(py, "the interpreter is exiting"),
    }
}

/// A thread that will want the interpreter back.
pub(crate) struct Away(&'static Process);

impl Drop for Away {
    fn drop(&mut self) {
        let mut away = self.0.away.lock();
        *away -= 1;
        if *away == 0 {
            self.0.came_back.notify_all();
        }
    }
}

/// Starts a thread that no signal is delivered to, so that Python's main thread gets them all.
pub(crate) fn spawn_thread(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    let mut all = std::mem::MaybeUninit::uninit();
    let mut before = std::mem::MaybeUninit::uninit();
    // SAFETY: both sets are written by the calls before they are read; the mask of this thread alone
    // changes, and is restored below.
    let blocked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    if blocked {
        // SAFETY: `before` was filled in by the successful call above.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
        }
    }
    started.map(drop)
}

/// Ends everything that could want the interpreter after it is gone: closes every port and link, which joins
/// its callback thread and ends every wait, and lets those who waited come back. Registered with
/// `atexit` by the module itself, for a thread that comes back later kills the process.
#[pyfunction]
#[pyo3(name = "_at_exit")]
pub(crate) fn at_exit(py: Python<'_>) -> PyResult<()> {
    let process = process();
    let told = error::closed(py, "the interpreter is exiting").into_value(py);
    // A second end of the same interpreter has nothing new to say.
    let _ = LATE.set(py, told.into_any());
    let _ = process.exit_thread.set(thread::current().id());
    process.exiting.store(true, Ordering::Release);
    // In the order of their opening: a link before the port that it has lent out.
    let held: Vec<_> = std::mem::take(&mut *process.held.lock());
    let closing = wait::call_at_exit(py, move || {
        for one in held.iter().filter_map(Weak::upgrade) {
            one.end();
        }
    });
    let back = wait::look_at_exit(py, |slice| {
        let mut away = process.away.lock();
        if *away > 0 {
            process.came_back.wait_for(&mut away, slice);
        }
        (*away == 0).then_some(())
    });
    let logged = process.logs.stop(py);
    closing.and(back).and(logged)
}
