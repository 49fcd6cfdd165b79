//! The port: opening and closing it, its commands, its events.

use std::ffi::{c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use atmqtt::{ErrorKind, FlowControl, Incoming, Modem, ModemBuilder, Outcome, Received};

use crate::border::{
    self, Failure, Place, Result, bytes, flag, guard, guard_or, init_options, options, patience,
    place, required, text,
};
use crate::callback::{UserData, atmqtt_drop_callback};
use crate::event::{atmqtt_event, atmqtt_event_callback, given};
use crate::lines::atmqtt_lines;
use crate::stream::{Stream, next};

/// An open port with a module behind it. Any number of threads may use one handle at a time.
pub struct atmqtt_modem {
    pub(crate) modem: Modem,
    pub(crate) owner: Owner,
    timeout: AtomicI64,
    stream: Stream,
}

/// Whose port it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Program,
    /// What happens on it is told to the link alone.
    Link,
}

impl Owner {
    /// Refuses to take from a link what arrives.
    pub(crate) fn hears(self) -> Result<()> {
        match self {
            Self::Program => Ok(()),
            Self::Link => Err(Failure::new(
                ErrorKind::InvalidState,
                "the port belongs to a link: messages and events are told there",
            )),
        }
    }

    /// Refuses an operation whose end nobody could be told.
    pub(crate) fn tells(self, operation: &Place<u64>) -> Result<()> {
        if self == Self::Link && operation.is_wanted() {
            return Err(Failure::new(
                ErrorKind::InvalidState,
                "the port belongs to a link, where ends of operations are not told: use the function without \
                 _start, or give NULL for operation",
            ));
        }
        Ok(())
    }
}

impl atmqtt_modem {
    /// Hands a modem to the program, which gives it back to [`atmqtt_modem_free`].
    pub(crate) fn into_raw(modem: Modem, owner: Owner) -> *mut Self {
        Box::into_raw(Box::new(Self {
            modem,
            owner,
            timeout: AtomicI64::new(-1),
            stream: Stream::default(),
        }))
    }

    /// The modem with the time-out of this handle.
    pub(crate) fn bounded(&self) -> Modem {
        match patience(self.timeout.load(Ordering::Relaxed)) {
            Some(timeout) => self.modem.with_timeout(timeout),
            None => self.modem.clone(),
        }
    }

    /// Runs a job that nobody waits for; its number goes to where the program wants it.
    pub(crate) fn start(
        &self,
        operation: Place<u64>,
        job: impl FnOnce(&Modem) -> atmqtt::Result<Outcome> + Send + 'static,
    ) -> Result<()> {
        self.owner.tells(&operation)?;
        operation.put(self.modem.background(job)?);
        Ok(())
    }

    fn incoming(&self) -> Result<Arc<Incoming>> {
        self.owner.hears()?;
        self.stream.begin(|| self.modem.incoming())
    }
}

/// Values of flow_control in atmqtt_modem_options.
#[repr(i32)]
pub enum atmqtt_flow_control {
    /// None.
    ATMQTT_FLOW_NONE = 0,
    /// RTS/CTS, here and in the module (AT+IFC=2,2).
    ATMQTT_FLOW_RTS_CTS = 1,
}

/// How a port is opened. Call atmqtt_modem_options_init() first, which sets every field to its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_modem_options {
    /// Set by atmqtt_modem_options_init().
    pub struct_size: usize,
    /// Bits per second; default 115200.
    pub baud_rate: u32,
    /// One of atmqtt_flow_control; default none.
    pub flow_control: i32,
    /// 1 = DTR is asserted while the port is open, the default; 0 = not.
    pub dtr: i32,
    /// 1 = DTR falls when the port is closed; 0 = not, the default.
    pub hang_up_on_close: i32,
    /// How many received messages wait for each client's consumer, 1 and up; default 1024. A full queue drops
    /// its oldest and reports ATMQTT_EVENT_LAGGED.
    pub message_capacity: usize,
    /// How many other lines of the module are kept as ATMQTT_EVENT_URC; default 64, 0 = none. The oldest goes
    /// first.
    pub urc_capacity: usize,
    /// Longest received payload in bytes that is delivered; default 65536. A longer one is skipped and
    /// reported as ATMQTT_EVENT_INPUT_LOST.
    pub max_payload: usize,
    /// How long a module that does not answer the first command is left alone before it is asked once more,
    /// in milliseconds; default 11000. An earlier program may have left it waiting for a payload.
    pub patience_ms: u32,
    /// How long the line of the freshly opened port must be silent before the first command is sent, in
    /// milliseconds; default 100, and no more than 3 s are waited. What comes until then may be the middle of a
    /// message. 0 where nothing can be on its way, as from an emulated module that has just been made.
    pub silence_ms: u32,
    /// A file that everything on the line is written to, both ways and with times, for a bug report or a test:
    /// created with mode 0600, in the place of one that is there. Secrets and what files hold are left out.
    /// The emulated module plays it (atmqtt-emulator --replay). NULL = none, the default.
    pub trace_path: *const c_char,
}

/// The size of the options in the first version of the library.
const OPTIONS_SIZE: usize = size_of::<atmqtt_modem_options>();

const DEFAULTS: atmqtt_modem_options = atmqtt_modem_options {
    struct_size: OPTIONS_SIZE,
    baud_rate: 115_200,
    flow_control: 0,
    dtr: 1,
    hang_up_on_close: 0,
    message_capacity: 1024,
    urc_capacity: 64,
    max_payload: 64 * 1024,
    patience_ms: 11_000,
    silence_ms: 100,
    trace_path: std::ptr::null(),
};

/// Sets every option to its default. Call it as
/// atmqtt_modem_options_init(&options, sizeof options).
///
/// @param options  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_modem_options).
/// @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_options_init(
    options: *mut atmqtt_modem_options,
    struct_size: usize,
) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(options, "options", struct_size, OPTIONS_SIZE, DEFAULTS) })
}

/// Opens a serial port, exclusively, and brings the line into a known state (ATQ0V1E0, AT+CMEE=1,
/// AT+QMTOPEN?, AT+QMTCONN?). Starts the one thread that reads it.
///
/// Blocks until the module has answered; with a module that is silent up to twice patience_ms and a few
/// seconds.
///
/// @param path  the device, as "/dev/ttyUSB2"; not NULL.
/// @param options  NULL = the defaults.
/// @param modem  where the handle is written; free it with atmqtt_modem_free().
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_PORT_BUSY; ATMQTT_PORT_LOST where the device cannot be
/// opened; ATMQTT_TIMEOUT where no module answers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_open(
    path: *const c_char,
    options: *const atmqtt_modem_options,
    modem: *mut *mut atmqtt_modem,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (path, builder, place) =
            unsafe { (text(path, "path")?, read(options)?, place(modem, "modem")?) };
        let modem = builder.open(path)?;
        place.put(atmqtt_modem::into_raw(modem, Owner::Program));
        Ok(())
    })
}

/// What options of a port say; NULL = the defaults.
///
/// # Safety
///
/// The pointer and those in the options are NULL or point to what the header says of them.
pub(crate) unsafe fn read(given: *const atmqtt_modem_options) -> Result<ModemBuilder> {
    // SAFETY: as the caller promises.
    let (given, trace) = unsafe {
        let given = options(given, OPTIONS_SIZE, "options", DEFAULTS)?;
        (given, border::maybe_text(given.trace_path, "trace_path")?)
    };
    let flow_control = match given.flow_control {
        0 => FlowControl::None,
        1 => FlowControl::RtsCts,
        other => {
            return Err(Failure::argument(format!(
                "flow_control is {other}; it must be one of atmqtt_flow_control"
            )));
        }
    };
    if given.message_capacity == 0 {
        return Err(Failure::argument(
            "message_capacity is 0; it must be 1 or more",
        ));
    }
    let builder = Modem::builder()
        .baud_rate(given.baud_rate)
        .flow_control(flow_control)
        .dtr(flag(given.dtr, "dtr")?)
        .hang_up_on_close(flag(given.hang_up_on_close, "hang_up_on_close")?)
        .message_capacity(given.message_capacity)
        .urc_capacity(given.urc_capacity)
        .max_payload(given.max_payload)
        .patience(Duration::from_millis(given.patience_ms.into()))
        .silence(Duration::from_millis(given.silence_ms.into()));
    Ok(match trace {
        Some(trace) => builder.trace(trace),
        None => builder,
    })
}

/// Closes the port: every call and wait on it ends at once with ATMQTT_CLOSED, in whatever thread. Waits for
/// a callback that runs; what callbacks have not had is dropped. The clients in the module stay as they are:
/// disconnect them first. The handle stays valid, and every call on it and its clients then answers
/// ATMQTT_CLOSED. Again: nothing, and ATMQTT_OK.
///
/// @return ATMQTT_OK; ATMQTT_CALLED_FROM_CALLBACK in a callback of this port; ATMQTT_INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_close(modem: *mut atmqtt_modem) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        Ok(modem.modem.close()?)
    })
}

/// Frees the handle. The port is closed when no client handle is left either; atmqtt_modem_close() closes it
/// at once. NULL is fine, a closed port too, and so is a callback of this port: what the callback still
/// needs goes when it has returned. In a forked child it only closes the descriptor.
///
/// No other thread may be using the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_free(modem: *mut atmqtt_modem) {
    if !modem.is_null() {
        // SAFETY: it comes from `atmqtt_modem_open` and is given back this once.
        let handle = unsafe { Box::from_raw(modem) };
        guard_or((), || drop(handle));
    }
}

/// 1 while the port is open; 0 once it is closed or lost, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_is_open(modem: *const atmqtt_modem) -> i32 {
    // SAFETY: the program's promise about its handle.
    let modem = unsafe { modem.as_ref() };
    guard_or(0, || {
        modem.is_some_and(|modem| modem.modem.is_open()).into()
    })
}

/// The device as it was opened, as a NUL-terminated string in the caller's buffer.
///
/// @param buffer  where to.
/// @param size  the size of the buffer in bytes, the NUL included. The buffer is not written where it is
/// too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_port_name(
    modem: *const atmqtt_modem,
    buffer: *mut c_char,
    size: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let modem = unsafe { required(modem, "modem")? };
        // SAFETY: the program promises `size` bytes.
        unsafe { border::write_text(modem.modem.port_name(), buffer, size, "buffer") }
    })
}

/// Limits how long each later call on this handle may keep its caller, in milliseconds; negative = as long as
/// the module may take, the default. Past it, what has not begun is withdrawn (ATMQTT_TIMEOUT) and what has
/// goes on without the caller (ATMQTT_UNCONFIRMED). Client handles have limits of their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_set_timeout(
    modem: *mut atmqtt_modem,
    timeout_ms: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        modem.timeout.store(timeout_ms, Ordering::Relaxed);
        Ok(())
    })
}

/// Ends every wait on this port, in whatever thread. Async-signal-safe, and the only function that is: call
/// it in a signal handler, on a handle that nobody frees meanwhile. NULL is fine.
///
/// A call then ends as if the time that its caller had given it were up: what has not begun is withdrawn
/// (ATMQTT_TIMEOUT), what has goes on without the caller (ATMQTT_UNCONFIRMED). atmqtt_modem_next_event() ends
/// with no event; and if nobody waits in it at the moment, the next call that would wait does not, so that
/// a signal between the look at a flag and the wait is not missed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_interrupt(modem: *const atmqtt_modem) {
    // SAFETY: the program's promise about its handle.
    if let Some(modem) = unsafe { modem.as_ref() } {
        modem.modem.interrupt();
    }
}

/// Sends any other AT command and waits for its answer.
///
/// Refused are what the library itself does (AT+QMT...= with values), what would change how lines are read
/// (ATE1, ATV0, ATQ1, AT&F, ATZ, ATS3, ATS4, AT+IPR=, A/), and what leaves command mode (ATD, ATO, AT+CMUX,
/// AT+QFUPL, ...). Takes up to 60 s, some commands of the network up to 185 s.
///
/// @param line  the command without its CR, as "AT+CSQ".
/// @param answer  where the lines of the answer are written, without the final OK; free them with
/// atmqtt_lines_free(). NULL = not wanted.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for the above; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the
/// module answers; ATMQTT_UNCONFIRMED where no final result code comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_command(
    modem: *mut atmqtt_modem,
    line: *const c_char,
    answer: *mut *mut atmqtt_lines,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, line, answer) = unsafe {
            (
                required(modem, "modem")?,
                text(line, "line")?,
                border::maybe_place(answer),
            )
        };
        let lines = modem.bounded().command(line)?;
        if answer.is_wanted() {
            answer.put(atmqtt_lines::into_raw(&lines));
        }
        Ok(())
    })
}

/// Sends a command that prompts for data (> or CONNECT), then the data, byte for byte.
///
/// @param data  the data; NULL with length 0 is no data.
/// @param length  its length in bytes.
/// @param answer  as for atmqtt_modem_command().
/// @return as atmqtt_modem_command(). A module that never prompts leaves the port stuck
/// (ATMQTT_PORT_STUCK), because it may still wait for data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_command_with_data(
    modem: *mut atmqtt_modem,
    line: *const c_char,
    data: *const c_void,
    length: usize,
    answer: *mut *mut atmqtt_lines,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, line, data, answer) = unsafe {
            (
                required(modem, "modem")?,
                text(line, "line")?,
                bytes(data, length, "data")?,
                border::maybe_place(answer),
            )
        };
        let lines = modem.bounded().command_with_data(line, data)?;
        if answer.is_wanted() {
            answer.put(atmqtt_lines::into_raw(&lines));
        }
        Ok(())
    })
}

/// atmqtt_modem_command() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with the answer as text.
///
/// @param operation  where the number of the operation is written, which the event carries; NULL = no event
/// is wanted. The event may come before this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_command_start(
    modem: *mut atmqtt_modem,
    line: *const c_char,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, line, operation) = unsafe {
            (
                required(modem, "modem")?,
                text(line, "line")?,
                border::maybe_place(operation),
            )
        };
        modem.owner.tells(&operation)?;
        let pending = modem.modem.command_start(line)?;
        if operation.is_wanted() {
            operation.put(pending.report());
        }
        Ok(())
    })
}

/// Has events handed to a callback, on the dispatcher thread of the port: all but messages, which have
/// callbacks of their own (atmqtt_client_set_message_callback()). It takes the place of an earlier one.
///
/// @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any
/// more, except where it is itself the caller.
/// @param user_data  passed to the callback as it is.
/// @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while events are taken with atmqtt_modem_next_event().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_set_event_callback(
    modem: *mut atmqtt_modem,
    callback: atmqtt_event_callback,
    user_data: *mut c_void,
    drop: atmqtt_drop_callback,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        modem.owner.hears()?;
        modem.modem.clear_on_event()?;
        if let Some(callback) = given(callback, user_data) {
            modem
                .modem
                .on_event(move |event| callback.call(Received::Event(event)))?;
        }
        Ok(())
    })
}

/// A descriptor for poll or epoll that can be read exactly while atmqtt_modem_next_event() would give an
/// event: level-triggered. It belongs to the library: do not read, write or close it. It lives until
/// atmqtt_modem_free() or atmqtt_modem_release_events().
///
/// From the first call of this or atmqtt_modem_next_event() on, everything that arrives comes this way: the
/// events, and the messages of all six clients.
///
/// @param fd  where the descriptor is written.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while a callback has the events, or the messages of any client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_event_fd(modem: *mut atmqtt_modem, fd: *mut c_int) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, fd) = unsafe { (required(modem, "modem")?, place(fd, "fd")?) };
        fd.put(modem.incoming()?.as_fd().as_raw_fd());
        Ok(())
    })
}

/// The next of everything that arrived: an event, or a message of any client, oldest first.
///
/// @param timeout_ms  how long to wait for one, in milliseconds: 0 = not at all, negative = as long as the
/// port is open.
/// @param event  where it is written: free it with atmqtt_event_free(). NULL is written where none came in
/// time, or the wait was interrupted.
/// @return ATMQTT_OK, also with no event; ATMQTT_CLOSED once the port is closed or lost and everything has
/// been taken; ATMQTT_INVALID_STATE while a callback has the events, or the messages of any client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_next_event(
    modem: *mut atmqtt_modem,
    timeout_ms: i64,
    event: *mut *mut atmqtt_event,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, event) = unsafe { (required(modem, "modem")?, place(event, "event")?) };
        let incoming = modem.incoming()?;
        next(&incoming, timeout_ms, event, || {
            (!modem.modem.is_open()).then_some("the port")
        })
    })
}

/// Ends taking events with atmqtt_modem_next_event(), so that callbacks can have them. What has not been
/// taken stays for them. Nothing where it had not begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_release_events(modem: *mut atmqtt_modem) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        modem.stream.end();
        Ok(())
    })
}
