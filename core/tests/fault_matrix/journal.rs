//! What the library writes to the log, kept for each thread: one case runs on one thread.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::mem;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

struct Journal;

thread_local! {
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Log for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| {
            let _ = writeln!(lines, "{}", record.args());
        });
    }

    fn flush(&self) {}
}

/// Begins to keep it.
pub(crate) fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Journal).expect("the only logger");
        log::set_max_level(LevelFilter::Trace);
    });
    take();
}

/// All lines of this thread since it was last asked.
pub(crate) fn take() -> String {
    LINES.with_borrow_mut(mem::take)
}
