//! `Pending`: an operation that was started and not waited for.

use std::sync::Arc;

use atmqtt::Granted;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::error::{self, OrRaise as _};
use crate::modem::Modem;
use crate::port::{call_back, check_callable};
use crate::process::{inside, process};
use crate::{settings, wait};

/// An operation of the library with either kind of outcome.
pub(crate) enum Operation {
    Plain(atmqtt::Pending<()>),
    Granted(atmqtt::Pending<Vec<Granted>>),
}

impl From<atmqtt::Pending<()>> for Operation {
    fn from(pending: atmqtt::Pending<()>) -> Self {
        Self::Plain(pending)
    }
}

impl From<atmqtt::Pending<Vec<Granted>>> for Operation {
    fn from(pending: atmqtt::Pending<Vec<Granted>>) -> Self {
        Self::Granted(pending)
    }
}

enum Outcome {
    Plain,
    Granted(Vec<Granted>),
}

impl Operation {
    fn is_done(&self) -> bool {
        match self {
            Self::Plain(pending) => pending.is_done(),
            Self::Granted(pending) => pending.is_done(),
        }
    }

    fn wait_timeout(&self, slice: std::time::Duration) -> Option<atmqtt::Result<Outcome>> {
        match self {
            Self::Plain(pending) => Some(pending.wait_timeout(slice)?.map(|()| Outcome::Plain)),
            Self::Granted(pending) => Some(pending.wait_timeout(slice)?.map(Outcome::Granted)),
        }
    }

    fn finish(&self) {
        match self {
            Self::Plain(pending) => _ = pending.wait(),
            Self::Granted(pending) => _ = pending.wait(),
        }
    }
}

/// An operation under way, as the _start calls of Client give it.
///
/// Dropping it leaves the operation alone: it goes on, and nobody hears of its outcome.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Pending {
    // Dropped before the modem, so that it is never the last to hold the port.
    operation: Arc<Operation>,
    modem: Py<Modem>,
}

impl Pending {
    pub(crate) fn new(operation: Operation, modem: Py<Modem>) -> Self {
        Self {
            operation: Arc::new(operation),
            modem,
        }
    }
}

#[pymethods]
impl Pending {
    /// Waits for the outcome, any number of times and from any thread; it is always the same.
    ///
    /// Args:
    ///     timeout: Longest time in seconds; None = that of the modem, or else as long as the module
    ///         may take.
    ///
    /// Returns:
    ///     For subscribe_start() what the broker granted for each topic, else None.
    ///
    /// Raises:
    ///     UnconfirmedError: Not done within the timeout; the operation goes on, so wait again.
    ///     Error: What the operation ended with.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let _inside = inside(py)?;
        let limit = self.modem.get().limit(py, timeout)?;
        let outcome = wait::look(py, limit, |slice| self.operation.wait_timeout(slice))?;
        match outcome {
            None => {
                let waited = limit.unwrap_or_default();
                let text =
                    format!("no outcome within {waited:?}; the operation goes on: wait again");
                Err(error::unconfirmed(py, &text))
            }
            Some(outcome) => match outcome.or_raise(py)? {
                Outcome::Plain => Ok(py.None()),
                Outcome::Granted(granted) => {
                    Ok(settings::granted(py, &granted)?.into_any().unbind())
                }
            },
        }
    }

    /// Whether the outcome is there, so that wait() returns at once.
    #[getter]
    fn done(&self) -> bool {
        self.operation.is_done()
    }

    /// Calls callback(pending) once the outcome is there, on a thread of the library.
    ///
    /// It is called once for each time that it was added, also where the operation is done already or
    /// the port is closed, but not while the interpreter exits. Exceptions in it are logged. Every call
    /// of the library may be made in it.
    fn add_done_callback(slf: Bound<'_, Self>, callback: Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let _inside = inside(py)?;
        check_callable(&callback, "a callback must be callable")?;
        let callback = callback.unbind();
        let operation = Arc::clone(&slf.get().operation);
        let pending = slf.unbind();
        let spawned = process().spawn(move || {
            operation.finish();
            let name = || "the callback of a pending operation".to_owned();
            call_back(0, |_| Some(callback), name, |_| Ok((pending,)));
        });
        spawned.map_err(|error| error::internal(py, &error.to_string()))
    }

    /// Pending[T], where T is what wait() gives.
    #[classmethod]
    fn __class_getitem__<'py>(
        cls: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let alias = cls.py().import("types")?.getattr("GenericAlias")?;
        alias.call1((cls, item))
    }

    fn __repr__(&self) -> &'static str {
        if self.operation.is_done() {
            "<atmqtt.Pending done>"
        } else {
            "<atmqtt.Pending under way>"
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.modem)
    }
}
