//! An open port as the Python objects share it, and the callbacks that are set on it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::logging;
use crate::process::process;

/// A modem of the library that never waits for its threads where the interpreter is held: they may
/// wait for the interpreter.
pub(crate) struct Port {
    modem: Option<atmqtt::Modem>,
    id: u64,
    pid: u32,
    closed: AtomicBool,
}

impl Port {
    pub(crate) fn new(modem: atmqtt::Modem) -> Arc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let port = Arc::new(Self {
            modem: Some(modem),
            id: IDS.fetch_add(1, Ordering::Relaxed),
            pid: std::process::id(),
            closed: AtomicBool::new(false),
        });
        process().register(&port);
        port
    }

    pub(crate) fn modem(&self) -> &atmqtt::Modem {
        // It is taken by `drop` alone.
        self.modem.as_ref().unwrap_or_else(|| unreachable!())
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether this thread runs a callback of this port.
    pub(crate) fn is_in_callback(&self) -> bool {
        IN_CALLBACK_OF.get() == self.id
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Joins the threads of the port: not for a thread that holds the interpreter.
    pub(crate) fn close(&self) -> atmqtt::Result<()> {
        self.modem().close()?;
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}

impl Drop for Port {
    /// Signals, and leaves the joining to another thread.
    fn drop(&mut self) {
        let Some(modem) = self.modem.take() else {
            return;
        };
        let nothing_to_join = self.is_closed();
        let forked = self.pid != std::process::id();
        if nothing_to_join || forked {
            drop(modem);
        } else if process().spawn(move || drop(modem)).is_err() {
            // No thread can be started. The port stays open, which is better than a deadlock.
        }
    }
}

thread_local! {
    /// The port whose callback this thread runs; 0 = none.
    static IN_CALLBACK_OF: Cell<u64> = const { Cell::new(0) };
}

/// The place of a callback. Python's object owns it, so that the garbage collector sees what it refers
/// to; the library's thread takes a reference only for the time of a call.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Py<PyAny>>>>);

impl Slot {
    pub(crate) fn get(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.0
            .lock()
            .as_ref()
            .map(|callback| callback.clone_ref(py))
    }

    /// Puts a callback in; the one that was there. Whoever drops that must not hold the lock, for
    /// anything may happen then.
    pub(crate) fn put(&self, callback: Option<Py<PyAny>>) -> Option<Py<PyAny>> {
        std::mem::replace(&mut *self.0.lock(), callback)
    }

    /// For the garbage collector. A slot that is being used is in use, whatever it finds.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.0.try_lock() {
            Some(callback) => visit.call(&*callback),
            None => Ok(()),
        }
    }

    /// Calls what is in it, on a thread of the library, with one argument.
    pub(crate) fn call(
        &self,
        port: u64,
        what: impl FnOnce() -> String,
        argument: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>,
    ) {
        call_back(port, |py| self.get(py), what, argument);
    }
}

/// Calls into Python from a thread of the library's. Exceptions go to the log, which says `what` raised
/// them.
pub(crate) fn call_back(
    port: u64,
    callback: impl FnOnce(Python<'_>) -> Option<Py<PyAny>>,
    what: impl FnOnce() -> String,
    argument: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>,
) {
    let process = process();
    // Counted before it is asked: the end of the interpreter waits for whoever it has not told.
    let _away = process.step_away();
    if process.is_exiting() {
        return;
    }
    let outer = IN_CALLBACK_OF.replace(port);
    Python::try_attach(|py| {
        let Some(callback) = callback(py) else { return };
        let called = logging::refresh(py)
            .and_then(|()| argument(py))
            .and_then(|argument| callback.call1(py, (argument,)));
        if let Err(error) = called {
            logging::callback_raised(py, &what(), error);
        }
    });
    IN_CALLBACK_OF.set(outer);
}
