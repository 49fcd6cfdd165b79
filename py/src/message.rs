//! `Message` and `Messages`: what a client receives.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::process::inside;
use crate::wait;

/// A message from the broker.
#[pyclass(frozen, eq, module = "atmqtt")]
#[derive(PartialEq)]
pub(crate) struct Message(atmqtt::Message);

pub(crate) fn message(py: Python<'_>, message: atmqtt::Message) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, Message(message))?.into_any())
}

#[pymethods]
impl Message {
    /// The client 0..5 that received it.
    #[getter]
    fn client(&self) -> u8 {
        self.0.client()
    }

    /// The broker's packet id; 0 for QoS 0.
    #[getter]
    fn msgid(&self) -> u16 {
        self.0.msgid()
    }

    /// The connection it came over: counts up with every open of the client.
    #[getter]
    fn generation(&self) -> u32 {
        self.0.generation()
    }

    /// The topic. Should it not be UTF-8, its bad bytes read as U+FFFD, and are whole in topic_bytes.
    #[getter]
    fn topic<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.0.topic())
    }

    /// The topic as it came.
    #[getter]
    fn topic_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.topic_bytes())
    }

    /// The payload: any bytes.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.payload())
    }

    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, ["topic", "payload"])
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0.client(), self.0.msgid(), self.0.generation()).hash(&mut hasher);
        (self.0.topic_bytes(), self.0.payload()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Message(client={}, topic={}, payload={}, msgid={}, generation={})",
            self.client(),
            self.topic(py).repr()?,
            self.payload(py).repr()?,
            self.msgid(),
            self.generation()
        ))
    }
}

/// One consumer of a queue of the library: an iterator over what comes.
pub(crate) struct Stream<T> {
    /// `None` once it is closed. Whoever waits reads, so that closing waits for them to leave.
    queue: RwLock<Option<T>>,
    timeout: Option<Duration>,
    /// The port or link; after the queue, which must not be the last to hold it.
    owner: Py<PyAny>,
}

/// A queue of the library.
pub(crate) trait Queue: Send + Sync {
    type Item: Send;

    /// The next item; `None` when the time is up or there will be no more.
    fn next(&self, wait: Duration) -> Option<Self::Item>;
}

impl Queue for atmqtt::Messages {
    type Item = atmqtt::Message;

    fn next(&self, wait: Duration) -> Option<atmqtt::Message> {
        self.recv_timeout(wait)
    }
}

impl Queue for atmqtt::Events {
    type Item = atmqtt::Event;

    fn next(&self, wait: Duration) -> Option<atmqtt::Event> {
        self.recv_timeout(wait)
    }
}

impl<T: Queue> Stream<T> {
    pub(crate) fn new(queue: T, timeout: Option<Duration>, owner: Py<PyAny>) -> Self {
        Self {
            queue: RwLock::new(Some(queue)),
            timeout,
            owner,
        }
    }

    /// The next item within the limit; `None` = the time was up, or the port or this is closed.
    pub(crate) fn next(
        &self,
        py: Python<'_>,
        limit: Option<Duration>,
    ) -> PyResult<Option<T::Item>> {
        let found = wait::look_or_end(py, limit, |slice| {
            let queue = self.queue.read();
            let Some(queue) = &*queue else {
                return Some(None);
            };
            let before = Instant::now();
            match queue.next(slice) {
                Some(item) => Some(Some(item)),
                // Too early for the time to be up: there will be no more.
                None if before.elapsed() < slice => Some(None),
                None => None,
            }
        })?;
        Ok(found.flatten())
    }

    /// The next item of the iteration.
    pub(crate) fn iterate(&self, py: Python<'_>) -> PyResult<Option<T::Item>> {
        self.next(py, self.timeout)
    }

    /// Gives the queue back, for another consumer. A thread that waits leaves within a slice.
    pub(crate) fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.queue.write().take()));
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.owner)
    }
}

/// The messages of a client or link, one after the other; Client.messages() and Link.messages() give them.
///
/// An iterator, and a context manager that gives the messages back for another consumer.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Messages(Stream<atmqtt::Messages>);

impl Messages {
    pub(crate) fn new(
        messages: atmqtt::Messages,
        timeout: Option<Duration>,
        owner: Py<PyAny>,
    ) -> Self {
        Self(Stream::new(messages, timeout, owner))
    }
}

#[pymethods]
impl Messages {
    /// The next message, or None when there is none within the time.
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
        next.map(|next| message(py, next)).transpose()
    }

    /// Gives the messages back; what has not been read waits for the next consumer.
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
        next.map(|next| message(py, next)).transpose()
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
