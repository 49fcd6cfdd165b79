//! Waiting without the interpreter, so that other Python threads run meanwhile, and in slices, so that
//! Ctrl-C is heard at once: Python delivers signals only where it is asked for them.

use std::time::{Duration, Instant};

use atmqtt::FromOutcome;
use crossbeam_channel::{RecvTimeoutError, bounded};
use pyo3::prelude::*;

use crate::error::{self, OrRaise as _};
use crate::logging;
use crate::process::{late, process};

/// How long a wait may go without looking at signals.
const SLICE: Duration = Duration::from_millis(100);

/// Three years: as good as no limit, and no sum with the clock overflows.
pub(crate) const FOREVER: Duration = Duration::from_secs(100_000_000);

/// A limit on a wait: seconds as Python has them.
///
/// `None` and infinity are no limit. So is what no clock can hold.
pub(crate) fn limit(py: Python<'_>, seconds: Option<f64>) -> PyResult<Option<Duration>> {
    match seconds {
        None => Ok(None),
        Some(seconds) if seconds >= FOREVER.as_secs_f64() => Ok(None),
        Some(seconds) => Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| {
            error::argument(
                py,
                "timeout",
                seconds,
                "a number of seconds, 0 and up, or None",
            )
        }),
    }
}

/// Calls `look` with the interpreter released, until it finds something or the limit has passed. `look`
/// may wait for as long as it is told.
pub(crate) fn look<T: Send>(
    py: Python<'_>,
    limit: Option<Duration>,
    look: impl FnMut(Duration) -> Option<T> + Send,
) -> PyResult<Option<T>> {
    match looked(py, limit, look)? {
        Looked::Found(found) => Ok(Some(found)),
        Looked::NotYet => Ok(None),
        Looked::Stopped => Err(late(py)),
    }
}

/// [`look`] for what comes to an end: so it does with the interpreter.
pub(crate) fn look_or_end<T: Send>(
    py: Python<'_>,
    limit: Option<Duration>,
    look: impl FnMut(Duration) -> Option<T> + Send,
) -> PyResult<Option<T>> {
    match looked(py, limit, look)? {
        Looked::Found(found) => Ok(Some(found)),
        Looked::NotYet | Looked::Stopped => Ok(None),
    }
}

fn looked<T: Send>(
    py: Python<'_>,
    limit: Option<Duration>,
    look: impl FnMut(Duration) -> Option<T> + Send,
) -> PyResult<Looked<T>> {
    logging::refresh(py)?;
    let process = process();
    let found = sliced(py, limit, || process.is_exiting(), look)?;
    logging::settle(py);
    Ok(found)
}

enum Looked<T> {
    Found(T),
    NotYet,
    Stopped,
}

fn sliced<T: Send>(
    py: Python<'_>,
    limit: Option<Duration>,
    stopped: impl Fn() -> bool,
    mut look: impl FnMut(Duration) -> Option<T> + Send,
) -> PyResult<Looked<T>> {
    let end = limit.map(|limit| Instant::now() + limit);
    loop {
        if stopped() {
            return Ok(Looked::Stopped);
        }
        let slice = match end {
            Some(end) => SLICE.min(end.saturating_duration_since(Instant::now())),
            None => SLICE,
        };
        if let Some(found) = py.detach(|| look(slice)) {
            return Ok(Looked::Found(found));
        }
        py.check_signals()?;
        if end.is_some_and(|end| end <= Instant::now()) {
            return Ok(Looked::NotYet);
        }
    }
}

/// Waits for an operation on this thread: the fast way where it needs no limit, which saves two changes
/// of threads.
pub(crate) fn outcome<T: FromOutcome + Send>(
    py: Python<'_>,
    pending: &atmqtt::Pending<T>,
) -> PyResult<T> {
    // Without a limit it comes back with an outcome, or not at all.
    match look(py, None, |slice| pending.wait_timeout(slice))? {
        Some(outcome) => outcome.or_raise(py),
        None => Err(error::internal(py, "a wait without a limit has ended")),
    }
}

/// What a call says to the thread that waits for it.
enum Said<P, T> {
    Progress(P),
    Done(atmqtt::Result<T>),
}

/// Why a call ends whose caller has left; nobody sees it.
struct CallerLeft;

/// Runs a blocking call of the library, on another thread so that this one hears Ctrl-C. A caller that
/// is interrupted leaves the call to itself: what has begun in the module cannot be stopped.
pub(crate) fn call<T: Send + 'static>(
    py: Python<'_>,
    job: impl FnOnce() -> atmqtt::Result<T> + Send + 'static,
) -> PyResult<T> {
    call_with_progress(py, |_: &mut dyn FnMut(())| job(), |()| Ok(()))
}

/// The same for a call that tells its progress, which this thread hands on. Where that fails, the call
/// ends at its next word.
pub(crate) fn call_with_progress<P: Send + 'static, T: Send + 'static>(
    py: Python<'_>,
    job: impl FnOnce(&mut dyn FnMut(P)) -> atmqtt::Result<T> + Send + 'static,
    mut progress: impl FnMut(P) -> PyResult<()>,
) -> PyResult<T> {
    // Before anything is sent, so that it is logged.
    logging::refresh(py)?;
    let (sender, receiver) = crossbeam_channel::unbounded();
    let spawned = process().spawn(move || {
        let done = job(&mut |progress| {
            if sender.send(Said::Progress(progress)).is_err() {
                // Out of the middle of the library's loop: it holds no lock where it tells progress.
                std::panic::resume_unwind(Box::new(CallerLeft));
            }
        });
        let _ = sender.send(Said::Done(done));
    });
    spawned.map_err(|error| error::internal(py, &error.to_string()))?;
    loop {
        let said = look(py, None, |slice| match receiver.recv_timeout(slice) {
            Ok(said) => Some(Some(said)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(None),
        })?;
        match said.flatten() {
            Some(Said::Progress(word)) => progress(word)?,
            Some(Said::Done(done)) => return done.map_err(|error| error::raise(py, &error)),
            None => return Err(error::internal(py, "a call of the library has panicked")),
        }
    }
}

/// [`call`] for the end of the interpreter, which must not be stopped by it.
pub(crate) fn call_at_exit(py: Python<'_>, job: impl FnOnce() + Send + 'static) -> PyResult<()> {
    let (sender, receiver) = bounded::<()>(0);
    let spawned = process().spawn(move || {
        job();
        drop(sender);
    });
    spawned.map_err(|error| error::internal(py, &error.to_string()))?;
    look_at_exit(py, |slice| match receiver.recv_timeout(slice) {
        Err(RecvTimeoutError::Timeout) => None,
        _ => Some(()),
    })
}

/// [`look`] for the end of the interpreter.
pub(crate) fn look_at_exit(
    py: Python<'_>,
    look: impl FnMut(Duration) -> Option<()> + Send,
) -> PyResult<()> {
    sliced(py, None, || false, look).map(drop)
}
