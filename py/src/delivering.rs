//! `Delivering`: a message that a link has accepted.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::error::{self, OrRaise as _};
use crate::link::Link;
use crate::port::check_callable;
use crate::process::inside;
use crate::wait;

/// A message that a link has accepted; Link.publish_start() gives it.
///
/// Dropping it leaves the message alone.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Delivering {
    // Dropped before the link, so that it is never the last to hold it.
    delivering: atmqtt::Delivering,
    link: Py<Link>,
}

impl Delivering {
    pub(crate) fn new(delivering: atmqtt::Delivering, link: Py<Link>) -> Self {
        Self { delivering, link }
    }
}

/// Waits for the outcome of a message, at most this long.
pub(crate) fn outcome(
    py: Python<'_>,
    delivering: &atmqtt::Delivering,
    limit: Option<std::time::Duration>,
) -> PyResult<()> {
    match wait::look(py, limit, |slice| delivering.wait_timeout(slice))? {
        Some(outcome) => outcome.or_raise(py),
        None => {
            let waited = limit.unwrap_or_default();
            let text = format!(
                "no outcome within {waited:?}; the message goes on, and publishing it again may duplicate"
            );
            Err(error::unconfirmed(py, &text))
        }
    }
}

#[pymethods]
impl Delivering {
    /// The number of the message: counts up with every message of a link, and with an outbox over all its
    /// runs.
    #[getter]
    fn number(&self) -> u64 {
        self.delivering.number()
    }

    /// Waits for the outcome, any number of times and from any thread; it is always the same.
    ///
    /// Args:
    ///     timeout: Longest time in seconds; None = as long as it takes, the time that the link is down
    ///         included.
    ///
    /// Raises:
    ///     UnconfirmedError: Not done within the timeout, and the message goes on, so wait again; or it
    ///         ended so, see Link.publish().
    ///     Error: What it ended with.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        let limit = wait::limit(py, timeout)?;
        outcome(py, &self.delivering, limit)
    }

    /// Whether the outcome is there, so that wait() returns at once.
    #[getter]
    fn done(&self) -> bool {
        self.delivering.is_done()
    }

    /// Calls callback(delivering) once the outcome is there, on a thread of the library, one at a time and
    /// in the order of the outcomes.
    ///
    /// It is called once for each time that it was added, also where the outcome is there already or the
    /// link is closed, but not while the interpreter exits. Exceptions in it are logged. Every call of the
    /// library may be made in it.
    fn add_done_callback(slf: Bound<'_, Self>, callback: Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let _inside = inside(py)?;
        check_callable(&callback, "a callback must be callable")?;
        let callbacks = Arc::clone(slf.get().link.get().callbacks(py)?);
        let delivering = slf.get().delivering.clone();
        let (callback, slf) = (callback.unbind(), slf.unbind());
        // Where it is done already, `then` is called here and now.
        py.detach(move || delivering.on_done(move || callbacks.call(callback, slf)));
        Ok(())
    }

    fn __repr__(&self) -> String {
        let number = self.delivering.number();
        let state = if self.delivering.is_done() {
            "done"
        } else {
            "under way"
        };
        format!("<atmqtt.Delivering {number} {state}>")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.link)
    }
}

/// The thread that calls the callbacks of outcomes: one a link, however many messages wait.
pub(crate) struct Callbacks(crossbeam_channel::Sender<(Py<PyAny>, Py<Delivering>)>);

impl Callbacks {
    pub(crate) fn start() -> std::io::Result<Arc<Self>> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        crate::process::process().spawn(move || {
            for (callback, delivering) in receiver {
                let what = || "the callback of a message".to_owned();
                crate::port::call_back(0, |_| Some(callback), what, |_| Ok((delivering,)));
            }
        })?;
        Ok(Arc::new(Self(sender)))
    }

    /// Called where the outcome is set, which nothing may hold up.
    fn call(&self, callback: Py<PyAny>, delivering: Py<Delivering>) {
        // The receiver is there as long as this is.
        let _ = self.0.send((callback, delivering));
    }
}
