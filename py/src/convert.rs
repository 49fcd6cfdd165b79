//! Values on their way between the library and the Python half, which defines their classes.

use std::ops::RangeInclusive;
use std::time::Duration;

use atmqtt::QoS;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString, PyType};

use crate::error::{self, OrRaise as _};
use crate::wait;

/// A class of the Python half, looked up once.
macro_rules! class {
    ($py:expr, $module:literal, $name:literal) => {{
        static CLASS: pyo3::sync::PyOnceLock<pyo3::Py<pyo3::types::PyType>> =
            pyo3::sync::PyOnceLock::new();
        CLASS.import($py, concat!("atmqtt.", $module), $name)
    }};
}
pub(crate) use class;

/// The value of a member of an enumeration; the value itself will do for the member.
pub(crate) fn member<'py>(
    class: &Bound<'py, PyType>,
    parameter: &str,
    given: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = given.py();
    match class.call1((given,)) {
        Ok(member) => member.getattr("value"),
        Err(error) if error.is_instance_of::<PyValueError>(py) => {
            let mut values = Vec::new();
            for member in class.try_iter()? {
                values.push(member?.getattr("value")?.repr()?.to_string());
            }
            Err(error::argument(
                py,
                parameter,
                given.repr()?,
                format_args!("one of {}", values.join(", ")),
            ))
        }
        Err(error) => Err(error),
    }
}

/// An integer in a range that fits the type wanted.
pub(crate) fn int<T: TryFrom<i64>>(
    py: Python<'_>,
    parameter: &str,
    value: i64,
    range: RangeInclusive<i64>,
) -> PyResult<T> {
    let wrong = || {
        let (from, to) = (range.start(), range.end());
        error::argument(py, parameter, value, format_args!("{from}..={to}"))
    };
    if !range.contains(&value) {
        return Err(wrong());
    }
    T::try_from(value).map_err(|_| wrong())
}

/// A length of time in seconds; what no clock can hold is as long as one can.
pub(crate) fn seconds(py: Python<'_>, parameter: &str, seconds: f64) -> PyResult<Duration> {
    if seconds >= wait::FOREVER.as_secs_f64() {
        return Ok(wait::FOREVER);
    }
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| error::argument(py, parameter, seconds, "a number of seconds, 0 and up"))
}

/// A QoS as Python has it.
pub(crate) fn qos(py: Python<'_>, value: i64) -> PyResult<QoS> {
    let level: u8 = int(py, "qos", value, 0..=2)?;
    QoS::try_from(level).or_raise(py)
}

/// A payload: anything that holds bytes, or a string as UTF-8.
pub(crate) fn bytes(given: &Bound<'_, PyAny>, parameter: &str) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(text.to_str()?.as_bytes().to_vec());
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(bytes.to_vec());
    }
    match PyMemoryView::from(given) {
        Ok(view) => view.call_method0("tobytes")?.extract(),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{parameter} must be bytes-like or str, not {}",
            given.get_type().name()?
        ))),
    }
}
