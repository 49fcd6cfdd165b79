//! The one table of statuses, and what is known of the last failure.

use std::ffi::c_char;

use crate::border;

/// What every fallible function returns. The numbers never change and are never used again for another
/// meaning.
#[repr(i32)]
pub enum atmqtt_status {
    /// Done. Results have been written to where they were wanted.
    ATMQTT_OK = 0,
    /// An argument is NULL, out of range, too long, or holds a byte that cannot be sent. Nothing was sent.
    ATMQTT_INVALID_ARGUMENT = 1,
    /// The client or the port is not in a state that allows the call. Nothing was sent.
    ATMQTT_INVALID_STATE = 2,
    /// No answer in time, and the module has accepted nothing: doing it again cannot duplicate.
    ATMQTT_TIMEOUT = 3,
    /// The module has accepted the command or message, but its outcome is unknown: doing it again may
    /// duplicate.
    ATMQTT_UNCONFIRMED = 4,
    /// The module answered ERROR.
    ATMQTT_MODULE_ERROR = 5,
    /// The module answered +CME ERROR or +CMS ERROR; atmqtt_last_error_code() is its number.
    ATMQTT_CME_ERROR = 6,
    /// The result line carried a failure; atmqtt_last_error_code() is its result.
    ATMQTT_OPERATION_FAILED = 7,
    /// The broker refused the connection; atmqtt_last_error_code() is the CONNACK return code, 1 to 5.
    ATMQTT_CONNECTION_REFUSED = 8,
    /// The serial port is gone (unplugged, hung up, or broken), or cannot be opened.
    ATMQTT_PORT_LOST = 9,
    /// Another program holds the serial port; the text says which, where that can be known.
    ATMQTT_PORT_BUSY = 10,
    /// A file arrived in the module with another checksum than it was sent with.
    ATMQTT_CHECKSUM_MISMATCH = 11,
    /// Called from a callback, where it could only wait for itself.
    ATMQTT_CALLED_FROM_CALLBACK = 12,
    /// The port or the client was closed by this program, or the process was forked after the opening.
    ATMQTT_CLOSED = 13,
    /// A fault of this library; please report it.
    ATMQTT_INTERNAL = 14,
    /// The connection ended before the module had accepted anything; atmqtt_last_error_code() is the
    /// +QMTSTAT code, where there was one.
    ATMQTT_DISCONNECTED = 15,
    /// A prompt was lost, and the module may still wait for data: nothing may be sent to it.
    ATMQTT_PORT_STUCK = 16,
    /// The outbox, where messages wait on disk, cannot be read or written; the text says why, as that the
    /// disk is full.
    ATMQTT_STORAGE = 17,
    /// Too much waits to be sent already.
    ATMQTT_QUEUE_FULL = 18,
}

/// A short name of a status, as "connection refused"; "ok" for ATMQTT_OK and "unknown status" for a
/// number that is none. Never NULL; the text is static. May be called from anywhere.
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_status_name(status: i32) -> *const c_char {
    NAMES
        .iter()
        .find(|(number, _)| *number == status)
        .map_or(c"unknown status".as_ptr(), |(_, name)| name.as_ptr())
}

/// The names of the core, with their NUL.
const NAMES: [(i32, &std::ffi::CStr); 19] = [
    (0, c"ok"),
    (1, c"invalid argument"),
    (2, c"invalid state"),
    (3, c"timeout"),
    (4, c"unconfirmed"),
    (5, c"module error"),
    (6, c"CME error"),
    (7, c"operation failed"),
    (8, c"connection refused"),
    (9, c"port lost"),
    (10, c"port busy"),
    (11, c"checksum mismatch"),
    (12, c"called from a callback"),
    (13, c"closed"),
    (14, c"internal error"),
    (15, c"disconnected"),
    (16, c"port stuck"),
    (17, c"storage error"),
    (18, c"queue full"),
];

/// The text of the last failure on this thread: which command, which client, what came back, what to do.
/// One line of UTF-8, without secrets. "" where nothing has failed yet; never NULL.
///
/// A call that succeeds leaves it as it is: look at it only after one that failed. The text is the
/// library's and lives until the next failure on this thread, or atmqtt_clear_last_error().
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_last_error_message() -> *const c_char {
    border::last_text()
}

/// The number that the module gave with the last failure on this thread: the result of a result line, a
/// CONNACK return code, a CME error number or a +QMTSTAT code, as the status says; -1 where it gave none.
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_last_error_code() -> i32 {
    border::last_code()
}

/// The AT command that the last failure on this thread concerns, as "AT+QMTOPEN"; NULL where it concerns
/// none. It lives as long as atmqtt_last_error_message().
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_last_error_command() -> *const c_char {
    border::last_command()
}

/// The MQTT client 0 to 5 that the last failure on this thread concerns; -1 where it concerns none.
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_last_error_client() -> i32 {
    border::last_client()
}

/// Forgets the last failure of this thread.
#[unsafe(no_mangle)]
pub extern "C" fn atmqtt_clear_last_error() {
    border::forget_last();
}

/// The numbers are the core's, both ways.
const _: () = {
    let mut index = 0;
    while index < atmqtt::ErrorKind::ALL.len() {
        let kind = atmqtt::ErrorKind::ALL[index];
        assert!(NAMES[index + 1].0 == kind.number());
        assert!(same(NAMES[index + 1].1.to_bytes(), kind.name().as_bytes()));
        index += 1;
    }
    assert!(NAMES.len() == atmqtt::ErrorKind::ALL.len() + 1);
    assert!(atmqtt_status::ATMQTT_STORAGE as i32 == atmqtt::ErrorKind::Storage.number());
    assert!(atmqtt_status::ATMQTT_QUEUE_FULL as i32 == atmqtt::ErrorKind::QueueFull.number());
};

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}
