//! What the library logs.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::border::{Failure, c_string, guard, is_logging, logging};
use crate::callback::{UserData, atmqtt_drop_callback};

/// How much is logged: each level with all above it.
#[repr(i32)]
pub enum atmqtt_log_level {
    /// Nothing.
    ATMQTT_LOG_OFF = 0,
    /// What went wrong and nobody else hears of.
    ATMQTT_LOG_ERROR = 1,
    /// What is likely not wanted, as TLS without a check of the server.
    ATMQTT_LOG_WARN = 2,
    /// What is worth knowing.
    ATMQTT_LOG_INFO = 3,
    /// What helps to find a fault.
    ATMQTT_LOG_DEBUG = 4,
    /// Every line of the serial port, with secrets masked (target "atmqtt::wire").
    ATMQTT_LOG_TRACE = 5,
}

/// Called with a record of the log, in any thread, several at a time, and while locks of the library are held:
/// it must not wait, and any function of the library called in it answers ATMQTT_CALLED_FROM_CALLBACK. It must
/// not throw and must not longjmp. The texts are NUL-terminated and live until it returns.
pub type atmqtt_log_callback = Option<
    unsafe extern "C" fn(
        level: i32,
        target: *const c_char,
        message: *const c_char,
        user_data: *mut c_void,
    ),
>;

/// What a callback is without its NULL.
type Called = unsafe extern "C" fn(i32, *const c_char, *const c_char, *mut c_void);

struct Sink {
    call: Called,
    user_data: UserData,
}

/// The one logger of the process; without a sink it is off.
struct Logger {
    sink: Mutex<Option<Arc<Sink>>>,
}

static LOGGER: Logger = Logger {
    sink: Mutex::new(None),
};

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if is_logging() {
            return;
        }
        let Some(sink) = self.sink.lock().clone() else {
            return;
        };
        let target: CString = c_string(record.target());
        let message: CString = c_string(record.args().to_string());
        // SAFETY: the program gave this function for this pointer; the texts outlive the call.
        logging(|| unsafe {
            (sink.call)(
                record.level() as i32,
                target.as_ptr(),
                message.as_ptr(),
                sink.user_data.pointer(),
            );
        });
    }

    fn flush(&self) {}
}

/// Has what the library logs handed to a callback. One for the whole process; it takes the place of an earlier
/// one, whose last calls may still run in other threads when this returns.
///
/// @param level  how much: one of atmqtt_log_level.
/// @param callback  NULL = nothing is logged any more.
/// @param user_data  passed to the callback as it is.
/// @param drop  called once with user_data after the last call of the callback; NULL = nothing to call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_set_log_callback(
    level: i32,
    callback: atmqtt_log_callback,
    user_data: *mut c_void,
    drop: atmqtt_drop_callback,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    guard(|| {
        let level = match level {
            0 => log::LevelFilter::Off,
            1 => log::LevelFilter::Error,
            2 => log::LevelFilter::Warn,
            3 => log::LevelFilter::Info,
            4 => log::LevelFilter::Debug,
            5 => log::LevelFilter::Trace,
            other => {
                return Err(Failure::argument(format!(
                    "level is {other}; it must be one of atmqtt_log_level, 0 to 5"
                )));
            }
        };
        let sink = callback.map(|call| Arc::new(Sink { call, user_data }));
        // Again: an error that says it is set already, by us, for nobody else is in this library.
        let _ = log::set_logger(&LOGGER);
        let level = if sink.is_some() {
            level
        } else {
            log::LevelFilter::Off
        };
        let earlier = std::mem::replace(&mut *LOGGER.sink.lock(), sink);
        log::set_max_level(level);
        std::mem::drop(earlier);
        Ok(())
    })
}
