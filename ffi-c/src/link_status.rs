//! Where a link stands, how it got there, and what it counts.

use std::ffi::c_char;

use atmqtt::{LinkCause, LinkState, LinkStatus};

use crate::allocated::{Allocated, Strings};
use crate::border::{guard, guard_or, milliseconds, place, required};
use crate::event::behind;
use crate::link::atmqtt_link;

/// Where a link stands, in the order in which it comes up: atmqtt_link_state(), from and to in atmqtt_event. The
/// numbers never change; more may come.
#[repr(i32)]
pub enum atmqtt_link_stage {
    /// Looks for the serial port.
    ATMQTT_LINK_SEARCHING = 0,
    /// Opens it and brings the module's line into a known state.
    ATMQTT_LINK_STARTING = 1,
    /// Waits for SIM, registration and the PDP context.
    ATMQTT_LINK_ATTACHING = 2,
    /// Uploads certificates and configures TLS.
    ATMQTT_LINK_SECURING = 3,
    /// Opens the network connection to the broker (AT+QMTOPEN).
    ATMQTT_LINK_OPENING = 4,
    /// Connects to the broker (AT+QMTCONN).
    ATMQTT_LINK_CONNECTING = 5,
    /// Connected: messages flow, and subscriptions are being made.
    ATMQTT_LINK_UP = 6,
    /// Waits before it tries again.
    ATMQTT_LINK_WAITING = 7,
    /// Waits for long, because trying again does not help by itself: see the cause.
    ATMQTT_LINK_REFUSED = 8,
    /// Repairs what is below the connection: the PDP context, or the module.
    ATMQTT_LINK_REPAIRING = 9,
    /// The end.
    ATMQTT_LINK_CLOSED = 10,
}

/// Why a link went from one state to another: cause in atmqtt_event and atmqtt_link_info. The numbers never
/// change; more may come.
#[repr(i32)]
pub enum atmqtt_link_cause {
    /// The step before is done.
    ATMQTT_CAUSE_PROGRESS = 0,
    /// The connection ended (+QMTSTAT); code is why.
    ATMQTT_CAUSE_DISCONNECTED = 1,
    /// A keep-alive ping failed (+QMTPING).
    ATMQTT_CAUSE_PING_FAILED = 2,
    /// The network dropped the PDP context (+QIURC: "pdpdeact").
    ATMQTT_CAUSE_PDP_DEACTIVATED = 3,
    /// The module restarted (RDY).
    ATMQTT_CAUSE_RESTARTED = 4,
    /// The module says that the client is not connected, and had not said so before (AT+QMTCONN?).
    ATMQTT_CAUSE_FOUND_DISCONNECTED = 5,
    /// The serial port is gone, or was never there; status and code say more, as for the next three.
    ATMQTT_CAUSE_PORT_LOST = 6,
    /// The module does not answer.
    ATMQTT_CAUSE_DEAF = 7,
    /// A step failed, and may succeed another time.
    ATMQTT_CAUSE_FAILED = 8,
    /// A step failed for a reason that stays: bad credentials, a SIM that wants its PIN, a setting that is out of
    /// range. It is not tried again for long.
    ATMQTT_CAUSE_REFUSED = 9,
    /// The program said so: atmqtt_link_retry(), atmqtt_link_close(), or the start.
    ATMQTT_CAUSE_ASKED = 10,
}

/// How a link is and has been. It belongs to the library until atmqtt_link_info_free(). Later versions add fields
/// at the end.
#[repr(C)]
pub struct atmqtt_link_info {
    /// How large the struct is in this library: fields of a newer header that lie behind are not there.
    pub struct_size: usize,
    /// Where it stands: one of atmqtt_link_stage.
    pub state: i32,
    /// Why it went there from ATMQTT_LINK_UP, or failed to get there, the last time: one of atmqtt_link_cause;
    /// -1 = never.
    pub cause: i32,
    /// One of atmqtt_status, the error behind the cause; 0 = none.
    pub status: i32,
    /// A number of the module behind the cause: that of +QMTSTAT for ATMQTT_CAUSE_DISCONNECTED, else that of the
    /// error; -1 = none.
    pub code: i32,
    /// The cause in words; "" = none. Never NULL.
    pub cause_text: *const c_char,
    /// How long it has stood there, in milliseconds.
    pub since_ms: i64,
    /// How long until it tries again by itself, in milliseconds; -1 = it does not wait.
    pub retry_in_ms: i64,
    /// The serial port, as "/dev/ttyUSB2"; "" = none has been found. Never NULL.
    pub port: *const c_char,
    /// The broker that it is connected to, or tries next; never NULL.
    pub broker_host: *const c_char,
    /// The TCP port of that.
    pub broker_port: i32,
    /// How many times it has been up.
    pub connections: u64,
    /// How long it has been up, all times together, in milliseconds.
    pub uptime_ms: i64,
    /// Messages that wait to be sent, or for their outcome.
    pub waiting: u64,
    /// The bytes of these, topics included.
    pub waiting_bytes: u64,
    /// Messages that were accepted: every publish that gave no error, and those found in the outbox.
    pub accepted: u64,
    /// Messages whose delivery was confirmed.
    pub delivered: u64,
    /// Messages that ended otherwise: refused by the module, dropped, unconfirmed.
    pub failed: u64,
    /// How many times a message was sent again although an earlier sending may have arrived.
    pub resent: u64,
}

type AllocatedInfo = Allocated<atmqtt_link_info, Strings>;

/// Where the link stands: one of atmqtt_link_stage. ATMQTT_LINK_CLOSED for NULL, and in a forked child. Returns at
/// once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_state(link: *const atmqtt_link) -> i32 {
    // SAFETY: the program's promise about its handle.
    let link = unsafe { link.as_ref() };
    let closed = LinkState::Closed.number();
    guard_or(closed, || {
        link.map_or(closed, |link| link.link.state().number())
    })
}

/// How the link is and has been. Returns at once, also after atmqtt_link_close().
///
/// @param info  where the answer is written; free it with atmqtt_link_info_free().
/// @return ATMQTT_OK; ATMQTT_CLOSED in a forked child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_status(
    link: *mut atmqtt_link,
    info: *mut *mut atmqtt_link_info,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, info) = unsafe { (required(link, "link")?, place(info, "info")?) };
        info.put(owned(&link.link.status()?));
        Ok(())
    })
}

/// Frees what atmqtt_link_status() gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_info_free(info: *mut atmqtt_link_info) {
    // SAFETY: the program gives back what `atmqtt_link_status` gave, this once.
    unsafe { AllocatedInfo::free(info) }
}

fn owned(status: &LinkStatus) -> *mut atmqtt_link_info {
    let mut strings = Strings::default();
    let trouble = status.last_trouble.as_ref();
    let text = trouble.map(ToString::to_string);
    let port = status.port.as_ref().map(|port| port.to_string_lossy());
    let (error, code) = trouble.map_or((0, -1), behind);
    let shown = atmqtt_link_info {
        struct_size: size_of::<atmqtt_link_info>(),
        state: status.state.number(),
        cause: trouble.map_or(-1, LinkCause::number),
        status: error,
        code,
        cause_text: strings.keep_or_empty(text.as_deref()),
        since_ms: milliseconds(status.since),
        retry_in_ms: status.retry_in.map_or(-1, milliseconds),
        port: strings.keep_or_empty(port.as_deref()),
        broker_host: strings.keep(&status.broker.0),
        broker_port: status.broker.1.into(),
        connections: status.connections,
        uptime_ms: milliseconds(status.uptime),
        waiting: status.waiting as u64,
        waiting_bytes: status.waiting_bytes as u64,
        accepted: status.accepted,
        delivered: status.delivered,
        failed: status.failed,
        resent: status.resent,
    };
    AllocatedInfo::into_raw(shown, strings)
}

/// The numbers are the core's.
const _: () = {
    use atmqtt_link_stage::*;
    let stages = [
        ATMQTT_LINK_SEARCHING as i32,
        ATMQTT_LINK_STARTING as i32,
        ATMQTT_LINK_ATTACHING as i32,
        ATMQTT_LINK_SECURING as i32,
        ATMQTT_LINK_OPENING as i32,
        ATMQTT_LINK_CONNECTING as i32,
        ATMQTT_LINK_UP as i32,
        ATMQTT_LINK_WAITING as i32,
        ATMQTT_LINK_REFUSED as i32,
        ATMQTT_LINK_REPAIRING as i32,
        ATMQTT_LINK_CLOSED as i32,
    ];
    assert!(stages.len() == LinkState::ALL.len());
    let mut index = 0;
    while index < stages.len() {
        assert!(stages[index] == LinkState::ALL[index].number());
        index += 1;
    }
    use atmqtt_link_cause::*;
    assert!(ATMQTT_CAUSE_PROGRESS as i32 == LinkCause::Progress.number());
    assert!(ATMQTT_CAUSE_PING_FAILED as i32 == LinkCause::PingFailed.number());
    assert!(ATMQTT_CAUSE_PDP_DEACTIVATED as i32 == LinkCause::PdpDeactivated.number());
    assert!(ATMQTT_CAUSE_RESTARTED as i32 == LinkCause::Restarted.number());
    assert!(ATMQTT_CAUSE_FOUND_DISCONNECTED as i32 == LinkCause::FoundDisconnected.number());
    assert!(ATMQTT_CAUSE_ASKED as i32 == LinkCause::Asked.number());
};
