//! `Events`: what happens by itself, as the classes of `atmqtt.events`.

use std::time::Duration;

use atmqtt::{DisconnectReason, Event};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::class;
use crate::error;
use crate::link_values;
use crate::message::Stream;
use crate::process::inside;
use crate::settings;
use crate::wait;

/// An event as Python has it.
pub(crate) fn event(py: Python<'_>, event: &Event) -> PyResult<Py<PyAny>> {
    let event = match event {
        Event::Disconnected {
            client,
            generation,
            reason,
        } => {
            let reason = self::reason(py, *reason)?;
            class!(py, "events", "Disconnected")?.call1((client, generation, reason))?
        }
        Event::PingFailed { client, generation } => {
            class!(py, "events", "PingFailed")?.call1((client, generation))?
        }
        Event::Retransmission {
            client,
            generation,
            command,
            msgid,
            count,
        } => class!(py, "events", "Retransmission")?
            .call1((client, generation, *command, msgid, count))?,
        Event::Restarted => class!(py, "events", "Restarted")?.call0()?,
        Event::PdpDeactivated { context } => {
            class!(py, "events", "PdpDeactivated")?.call1((context,))?
        }
        Event::Lagged { client, count } => {
            class!(py, "events", "Lagged")?.call1((client, count))?
        }
        Event::InputLost { what } => class!(py, "events", "InputLost")?.call1((what,))?,
        Event::Completed { operation, result } => {
            let error = result.as_ref().err();
            let error = error.map(|error| error::exception(py, error)).transpose()?;
            class!(py, "events", "Completed")?.call1((operation, error))?
        }
        Event::Link(change) => link_values::change(py, change)?,
        Event::Subscribed {
            client,
            topic,
            granted,
        } => {
            let granted = settings::granted(py, &[*granted])?.get_item(0)?;
            class!(py, "events", "Subscribed")?.call1((client, topic, granted))?
        }
        Event::OutboxDamaged {
            messages,
            set_aside,
        } => {
            let set_aside = set_aside.as_ref().map(|path| path.as_os_str());
            class!(py, "events", "OutboxDamaged")?.call1((messages, set_aside))?
        }
        Event::PortClosed { error } => {
            class!(py, "events", "PortClosed")?.call1((error::exception(py, error)?,))?
        }
        Event::Urc(line) => class!(py, "events", "Urc")?.call1((PyBytes::new(py, line),))?,
        // What the library has learnt since: in its own words.
        other => class!(py, "events", "InputLost")?.call1((format!("{other:?}"),))?,
    };
    Ok(event.unbind())
}

/// A `+QMTSTAT` code as Python has it.
pub(crate) fn reason(py: Python<'_>, reason: DisconnectReason) -> PyResult<Bound<'_, PyAny>> {
    class!(py, "events", "DisconnectReason")?.call1((reason.code(),))
}

/// The reason behind a +QMTSTAT code in words, and what the note advises.
#[pyfunction]
#[pyo3(name = "_disconnect_reason")]
pub(crate) fn disconnect_reason(code: i32) -> (String, &'static str) {
    let reason = DisconnectReason::from_code(code);
    (reason.to_string(), reason.advice())
}

/// The events of a port or link, one after the other; Modem.events() and Link.events() give them.
///
/// An iterator, and a context manager that gives the events back for another consumer.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Events(Stream<atmqtt::Events>);

impl Events {
    pub(crate) fn new(events: atmqtt::Events, timeout: Option<Duration>, owner: Py<PyAny>) -> Self {
        Self(Stream::new(events, timeout, owner))
    }
}

#[pymethods]
impl Events {
    /// The next event, or None when there is none within the time.
    ///
    /// Also None, at once, where the port is closed or lost, or the link closed, and everything has been
    /// read.
    ///
    /// Args:
    ///     timeout: Longest time in seconds; 0 = only look; None = as long as the port or link is open.
    #[pyo3(signature = (timeout=None))]
    fn get(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Py<PyAny>>> {
        let Ok(_inside) = inside(py) else {
            return Ok(None);
        };
        let limit = wait::limit(py, timeout)?;
        let next = self.0.next(py, limit)?;
        next.map(|next| event(py, &next)).transpose()
    }

    /// Gives the events back; what has not been read waits for the next consumer.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = inside(py)?;
        self.0.close(py);
        Ok(())
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Ok(_inside) = inside(py) else {
            return Ok(None);
        };
        let next = self.0.iterate(py)?;
        next.map(|next| event(py, &next)).transpose()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exc_type, exc_value, traceback);
        self.close(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(&visit)
    }
}
