//! Errors of the library as the exceptions of `atmqtt.errors`.

use std::fmt::Display;
use std::path::Path;

use atmqtt::ErrorKind;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The exception of an error.
pub(crate) fn raise(py: Python<'_>, error: &atmqtt::Error) -> PyErr {
    build(py, error, None).map_or_else(|failed| failed, PyErr::from_value)
}

/// The exception of an error of opening a port or a file, which also says what the operating system would.
pub(crate) fn raise_for_path(py: Python<'_>, error: &atmqtt::Error, path: &Path) -> PyErr {
    build(py, error, Some(path)).map_or_else(|failed| failed, PyErr::from_value)
}

/// The exception itself, to be handed out and not raised.
pub(crate) fn exception<'py>(
    py: Python<'py>,
    error: &atmqtt::Error,
) -> PyResult<Bound<'py, PyAny>> {
    build(py, error, None)
}

/// An argument of the Python call that the library never gets to see.
pub(crate) fn argument(
    py: Python<'_>,
    parameter: &str,
    value: impl Display,
    allowed: impl Display,
) -> PyErr {
    let detail = format!("{parameter} is {value}; it must be {allowed}");
    own(py, ErrorKind::InvalidArgument, &detail)
}

pub(crate) fn closed(py: Python<'_>, detail: &str) -> PyErr {
    own(py, ErrorKind::Closed, detail)
}

pub(crate) fn timed_out(py: Python<'_>, detail: &str) -> PyErr {
    own(py, ErrorKind::Timeout, detail)
}

pub(crate) fn queue_full(py: Python<'_>, detail: &str) -> PyErr {
    own(py, ErrorKind::QueueFull, detail)
}

pub(crate) fn unconfirmed(py: Python<'_>, detail: &str) -> PyErr {
    own(py, ErrorKind::Unconfirmed, detail)
}

pub(crate) fn internal(py: Python<'_>, detail: &str) -> PyErr {
    own(py, ErrorKind::Internal, detail)
}

fn own(py: Python<'_>, kind: ErrorKind, detail: &str) -> PyErr {
    let text = format!("{kind}: {detail}");
    let none = (None::<i32>, None::<&str>, None::<u8>);
    maker(py)
        .and_then(|make| make.call1((kind.number(), text, none.0, none.1, none.2, detail)))
        .map_or_else(|failed| failed, PyErr::from_value)
}

fn build<'py>(
    py: Python<'py>,
    error: &atmqtt::Error,
    path: Option<&Path>,
) -> PyResult<Bound<'py, PyAny>> {
    maker(py)?.call1((
        error.kind().number(),
        error.to_string(),
        error.code(),
        error.command(),
        error.client(),
        error.detail(),
        path.map(|path| path.to_string_lossy().into_owned()),
    ))
}

fn maker(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MAKER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    MAKER
        .get_or_try_init(py, || {
            let make = py.import("atmqtt.errors")?.getattr("_from_native")?;
            Ok(make.unbind())
        })
        .map(|make| make.bind(py))
}

/// The result of a call of the library as Python takes it.
pub(crate) trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for atmqtt::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raise(py, &error))
    }
}
