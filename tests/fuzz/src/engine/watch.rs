//! Whether a secret shows anywhere.

use std::cell::RefCell;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

thread_local! {
    /// What this thread must not log; empty = it may log anything.
    static SECRET: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Watch;

impl Log for Watch {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        SECRET.with_borrow(|secret| {
            assert!(!tells(secret, text.as_bytes()), "in the log: {text}");
        });
    }

    fn flush(&self) {}
}

/// Has the log watched from here on.
pub(crate) fn begin(secret: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // In one process with other targets there may be another logger.
        if log::set_logger(&Watch).is_ok() {
            log::set_max_level(LevelFilter::Trace);
        }
    });
    SECRET.set(secret.to_owned());
}

/// A secret that no input can hold: it follows from the whole of it (FNV-1a).
pub(crate) fn secret(input: &[u8]) -> String {
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("S{hash:016x}")
}

/// Whether so much of the secret is in it that it is no accident.
pub(crate) fn tells(secret: &str, text: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(text, part).is_some();
    let secret = secret.as_bytes();
    // Whoever has nine bytes in a row has five of these.
    secret.chunks_exact(5).any(has) && secret.windows(9).any(has)
}
