//! An open port or link as the Python objects share it, and the callbacks that are set on it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use pyo3::call::PyCallArgs;
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::error::OrRaise as _;
use crate::logging;
use crate::process::{inside, process};
use crate::wait;

/// What is behind a Python object and has threads: a port, or a link.
pub(crate) trait Handle: Clone + Send + Sync + 'static {
    /// Ends it as the program asks for, and joins its threads.
    fn close(&self) -> atmqtt::Result<()>;

    /// The same at the end of the interpreter.
    fn close_at_exit(&self) -> atmqtt::Result<()> {
        self.close()
    }
}

impl Handle for atmqtt::Modem {
    fn close(&self) -> atmqtt::Result<()> {
        Self::close(self)
    }
}

impl Handle for atmqtt::Link {
    fn close(&self) -> atmqtt::Result<()> {
        Self::close(self)
    }

    /// A program that ends without a goodbye has none for the broker either.
    fn close_at_exit(&self) -> atmqtt::Result<()> {
        self.abandon()
    }
}

/// A handle of the library that never waits for its threads where the interpreter is held: they may
/// wait for the interpreter.
pub(crate) struct Held<T: Handle> {
    handle: Option<T>,
    id: u64,
    pid: u32,
    closed: AtomicBool,
}

/// An open port.
pub(crate) type Port = Held<atmqtt::Modem>;

impl<T: Handle> Held<T> {
    pub(crate) fn new(handle: T) -> Arc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let held = Arc::new(Self {
            handle: Some(handle),
            id: IDS.fetch_add(1, Ordering::Relaxed),
            pid: std::process::id(),
            closed: AtomicBool::new(false),
        });
        process().register(&held);
        held
    }

    pub(crate) fn get(&self) -> &T {
        // It is taken by `drop` alone.
        self.handle.as_ref().unwrap_or_else(|| unreachable!())
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether this thread runs a callback of this handle.
    pub(crate) fn is_in_callback(&self) -> bool {
        IN_CALLBACK_OF.get() == self.id
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Joins the threads of the handle: not for a thread that holds the interpreter.
    fn close(&self) -> atmqtt::Result<()> {
        self.get().close()?;
        self.closed.store(true, Ordering::Release);
        Ok(())
    }

    /// Closes it for a Python program, and empties its slots.
    pub(crate) fn close_from<'a>(
        self: &Arc<Self>,
        py: Python<'_>,
        slots: impl IntoIterator<Item = &'a Slot>,
    ) -> PyResult<()> {
        if self.is_closed() {
            return Ok(());
        }
        let _inside = inside(py)?;
        if self.is_in_callback() {
            return self.close().or_raise(py);
        }
        let held = Arc::clone(self);
        wait::call(py, move || held.close())?;
        // Called no more; the garbage collector need not find out.
        for slot in slots {
            drop(slot.put(None));
        }
        Ok(())
    }

    /// Sets, exchanges or takes away a callback.
    pub(crate) fn set_callback(
        self: &Arc<Self>,
        py: Python<'_>,
        slot: &Slot,
        callback: Option<Py<PyAny>>,
        set: impl FnOnce(&T) -> atmqtt::Result<()>,
        clear: impl FnOnce(&T) -> atmqtt::Result<()> + Send + 'static,
    ) -> PyResult<()> {
        if let Some(callback) = &callback {
            check_callable(callback.bind(py), "a callback must be callable or None")?;
        }
        let wanted = callback.is_some();
        let had = slot.put(callback);
        match (had.is_some(), wanted) {
            (false, true) => set(self.get()).or_raise(py).inspect_err(|_| {
                drop(slot.put(None));
            }),
            (true, false) if self.is_in_callback() => clear(self.get()).or_raise(py),
            // Waits for the callback that runs.
            (true, false) => {
                let held = Arc::clone(self);
                wait::call(py, move || clear(held.get()))
            }
            _ => Ok(()),
        }
    }
}

impl<T: Handle> Drop for Held<T> {
    /// Signals, and leaves the joining to another thread.
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else {
            return;
        };
        let nothing_to_join = self.is_closed();
        let forked = self.pid != std::process::id();
        if nothing_to_join || forked {
            drop(handle);
        } else if process().spawn(move || drop(handle)).is_err() {
            // No thread can be started. The port stays open, which is better than a deadlock.
        }
    }
}

/// What the end of the interpreter closes.
pub(crate) trait EndsAtExit: Send + Sync {
    /// Joins its threads.
    fn end(&self);
}

impl<T: Handle> EndsAtExit for Held<T> {
    fn end(&self) {
        if self.get().close_at_exit().is_ok() {
            self.closed.store(true, Ordering::Release);
        }
    }
}

pub(crate) fn check_callable(given: &Bound<'_, PyAny>, text: &str) -> PyResult<()> {
    if given.is_callable() {
        return Ok(());
    }
    let name = given.get_type().name()?;
    Err(PyTypeError::new_err(format!("{text}, not {name}")))
}

thread_local! {
    /// The port or link whose callback this thread runs; 0 = none.
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
        holder: u64,
        what: impl FnOnce() -> String,
        argument: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>,
    ) {
        call_back(holder, |py| self.get(py), what, |py| Ok((argument(py)?,)));
    }

    /// Calls what is in it, on a thread of the library, without an argument.
    pub(crate) fn call0(&self, holder: u64, what: impl FnOnce() -> String) {
        call_back(holder, |py| self.get(py), what, |_| Ok(()));
    }
}

/// Calls into Python from a thread of the library's. Exceptions go to the log, which says `what` raised
/// them.
pub(crate) fn call_back<A>(
    holder: u64,
    callback: impl FnOnce(Python<'_>) -> Option<Py<PyAny>>,
    what: impl FnOnce() -> String,
    arguments: impl FnOnce(Python<'_>) -> PyResult<A>,
) where
    A: for<'py> PyCallArgs<'py>,
{
    let process = process();
    // Counted before it is asked: the end of the interpreter waits for whoever it has not told.
    let _away = process.step_away();
    if process.is_exiting() {
        return;
    }
    let outer = IN_CALLBACK_OF.replace(holder);
    Python::try_attach(|py| {
        let Some(callback) = callback(py) else { return };
        let called = logging::refresh(py)
            .and_then(|()| arguments(py))
            .and_then(|arguments| callback.call1(py, arguments));
        if let Err(error) = called {
            logging::callback_raised(py, &what(), error);
        }
    });
    IN_CALLBACK_OF.set(outer);
}
