//! What the library logs, in Python's `logging`.
//!
//! The library logs under its engine lock, where nobody may wait for the interpreter. So a record is only
//! queued there, and a thread of its own hands it to Python. While Python wants nothing, nothing is
//! queued, and the level is known here without asking.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, bounded};
use log::LevelFilter;
use parking_lot::{Condvar, Mutex};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::convert::class;
use crate::process::{process, spawn_thread};
use crate::wait;

/// Records that wait for the interpreter; what comes beyond is counted.
const QUEUE: usize = 16 * 1024;
/// How long a call waits, at most, until what was logged during it has been handled.
const SETTLE: Duration = Duration::from_millis(100);
/// Where the library logs the lines of the serial port.
const WIRE: &str = "atmqtt::wire";

/// The levels of Python's `logging`.
const DEBUG: u8 = 10;
const INFO: u8 = 20;
const WARNING: u8 = 30;
const ERROR: u8 = 40;

/// Something to write, or only a reason to wake up.
type Entry = Option<Record>;

struct Record {
    wire: bool,
    level: u8,
    time: SystemTime,
    thread: String,
    text: String,
}

/// The queue of one process.
pub(crate) struct Logs {
    entries: (Sender<Entry>, Receiver<Entry>),
    dropped: AtomicU64,
    /// Whether the thread is there; started with the first record.
    runs: Mutex<bool>,
    stopping: AtomicBool,
    queued: AtomicU64,
    handled: Mutex<u64>,
    progress: Condvar,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            entries: bounded(QUEUE),
            dropped: AtomicU64::new(0),
            runs: Mutex::new(false),
            stopping: AtomicBool::new(false),
            queued: AtomicU64::new(0),
            handled: Mutex::new(0),
            progress: Condvar::new(),
        }
    }
}

thread_local! {
    /// This is the thread that hands records over; a handler that calls us would wait for itself.
    static HANDS_OVER: Cell<bool> = const { Cell::new(false) };
}

struct Logger;

/// Takes the library's log for Python; from here on [`refresh`] says what is wanted of it.
pub(crate) fn init() {
    // Each extension module has a `log` of its own, so that only a second import can fail here.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(LevelFilter::Off);
    }
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("atmqtt")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let logs = &process().logs;
        let record = Record {
            wire: record.target() == WIRE,
            level: match record.level() {
                log::Level::Error => ERROR,
                log::Level::Warn => WARNING,
                log::Level::Info => INFO,
                log::Level::Debug | log::Level::Trace => DEBUG,
            },
            time: SystemTime::now(),
            thread: std::thread::current().name().unwrap_or("atmqtt").to_owned(),
            text: record.args().to_string(),
        };
        if logs.entries.0.try_send(Some(record)).is_ok() {
            logs.queued.fetch_add(1, Ordering::Release);
            logs.start();
        } else {
            logs.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// The loggers `atmqtt` and `atmqtt.wire`, and the function that hands a record to them.
struct Loggers {
    all: Py<PyAny>,
    wire: Py<PyAny>,
    emit: Py<PyAny>,
}

fn loggers(py: Python<'_>) -> PyResult<&Loggers> {
    static CELL: PyOnceLock<Loggers> = PyOnceLock::new();
    CELL.get_or_try_init(py, || {
        let module = py.import("atmqtt._logging")?;
        Ok(Loggers {
            all: module.getattr("logger")?.unbind(),
            wire: module.getattr("wire")?.unbind(),
            emit: module.getattr("emit")?.unbind(),
        })
    })
}

/// Takes over the level that Python's loggers have now. Called wherever a program waits for something of
/// ours, so that a level that is set takes effect with the next call.
///
/// # Errors
///
/// What the logger raises; a handler of a signal runs in there as well, and KeyboardInterrupt may come.
pub(crate) fn refresh(py: Python<'_>) -> PyResult<()> {
    let level = level(py)?;
    if level != log::max_level() {
        log::set_max_level(level);
    }
    Ok(())
}

fn level(py: Python<'_>) -> PyResult<LevelFilter> {
    let loggers = loggers(py)?;
    let wants = |logger: &Py<PyAny>| -> PyResult<bool> {
        logger
            .bind(py)
            .call_method1(intern!(py, "isEnabledFor"), (DEBUG,))?
            .extract()
    };
    if wants(&loggers.wire)? {
        return Ok(LevelFilter::Trace);
    }
    if wants(&loggers.all)? {
        return Ok(LevelFilter::Debug);
    }
    // Anything above is rare, and Python sorts it out.
    Ok(LevelFilter::Info)
}

/// Waits until what has been logged so far is handled, so that a program that looks at its log after a
/// call finds all of the call there. Not for long: whoever calls us from inside a handler would wait
/// for itself.
pub(crate) fn settle(py: Python<'_>) {
    let logs = &process().logs;
    let queued = logs.queued.load(Ordering::Acquire);
    let behind = || *logs.handled.lock() < queued;
    if behind() && !HANDS_OVER.get() {
        py.detach(|| {
            let mut handled = logs.handled.lock();
            logs.progress
                .wait_while_for(&mut handled, |handled| *handled < queued, SETTLE);
        });
    }
}

/// Reports an exception that a callback has raised: nobody else can. That the port was closed under it
/// is how a program ends, and no news.
pub(crate) fn callback_raised(py: Python<'_>, what: &str, error: PyErr) {
    let told = loggers(py).and_then(|loggers| {
        let kwargs = PyDict::new(py);
        kwargs.set_item("exc_info", error.value(py))?;
        let closed = error.is_instance(py, class!(py, "errors", "ClosedError")?);
        let level = if closed { DEBUG } else { ERROR };
        let args = (level, "%s raised an exception", what);
        loggers.all.bind(py).call_method("log", args, Some(&kwargs))
    });
    if told.is_err() {
        error.write_unraisable(py, None);
    }
}

impl Logs {
    /// Starts the thread that hands records to Python, where it does not run yet.
    fn start(&'static self) {
        let mut runs = self.runs.lock();
        if !*runs && !self.stopping.load(Ordering::Acquire) {
            *runs = spawn_thread("atmqtt-log", || self.run()).is_ok();
        }
    }

    fn run(&self) {
        HANDS_OVER.set(true);
        while let Ok(entry) = self.entries.1.recv() {
            let _away = process().step_away();
            let count = Python::try_attach(|py| self.hand_over(py, entry)).unwrap_or(1);
            *self.handled.lock() += count;
            self.progress.notify_all();
            if self.stopping.load(Ordering::Acquire) && self.entries.1.is_empty() {
                break;
            }
        }
        *self.runs.lock() = false;
        self.progress.notify_all();
    }

    /// Hands over the record and all that wait behind it; how many.
    fn hand_over(&self, py: Python<'_>, first: Entry) -> u64 {
        let mut count = 0;
        let mut next = Ok(first);
        while let Ok(entry) = next {
            if let Some(record) = entry {
                count += 1;
                emit(py, &record);
            }
            next = self.entries.1.try_recv();
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let text = format!("{dropped} log records were dropped: the handlers are too slow");
            emit(
                py,
                &Record {
                    wire: false,
                    level: WARNING,
                    time: SystemTime::now(),
                    thread: "atmqtt-log".to_owned(),
                    text,
                },
            );
        }
        count
    }

    /// Lets the thread handle what it has and end.
    pub(crate) fn stop(&self, py: Python<'_>) -> PyResult<()> {
        log::set_max_level(LevelFilter::Off);
        self.stopping.store(true, Ordering::Release);
        if !*self.runs.lock() {
            return Ok(());
        }
        let _ = self.entries.0.try_send(None);
        wait::look_at_exit(py, |slice| {
            let mut handled = self.handled.lock();
            if *self.runs.lock() {
                self.progress.wait_for(&mut handled, slice);
            }
            (!*self.runs.lock()).then_some(())
        })
    }
}

fn emit(py: Python<'_>, record: &Record) {
    let created = record
        .time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    let handled = loggers(py).and_then(|loggers| {
        let args = (
            record.wire,
            record.level,
            created,
            &record.thread,
            &record.text,
        );
        loggers.emit.call1(py, args)
    });
    if let Err(error) = handled {
        error.write_unraisable(py, None);
    }
}
