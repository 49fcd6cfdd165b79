//! A connection that keeps itself up.

use std::ffi::{c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use atmqtt::{Incoming, Link, LinkState, Received};

use crate::border::{
    Result, bytes, flag, guard, guard_or, maybe_place, patience, place, required, text,
};
use crate::callback::{UserData, atmqtt_drop_callback};
use crate::client::qos;
use crate::event::{atmqtt_event, atmqtt_event_callback, given};
use crate::link_options::{atmqtt_link_options, read};
use crate::modem::{Owner, atmqtt_modem};
use crate::stream::{Stream, next};

/// A connection to a broker that brings itself up and keeps itself up: it finds the port, attaches to the network,
/// configures TLS, opens, connects and subscribes, and does it again from where it has to, whatever is lost on the
/// way: connection, PDP context, module, port.
///
/// What is published at QoS 1 and 2 while it is down waits, and is sent in the order of the publishes. A message
/// that was accepted is sent until its outcome is known: where a connection ends in between, QoS 1 is sent again, and
/// may arrive twice; for QoS 2 see atmqtt_when_unconfirmed. A message that the module refuses with ERROR five times
/// ends with that, so that one bad topic does not hold up all others. Without an outbox, what waits is lost with the
/// program.
///
/// Any number of threads may use one handle at a time. It has a thread of its own beside those of its port.
pub struct atmqtt_link {
    pub(crate) link: Link,
    timeout: AtomicI64,
    stream: Stream,
}

impl atmqtt_link {
    /// The link with the time-out of this handle.
    fn bounded(&self) -> Link {
        match patience(self.timeout.load(Ordering::Relaxed)) {
            Some(timeout) => self.link.with_timeout(timeout),
            None => self.link.clone(),
        }
    }

    /// Refuses in a forked child what could not fail otherwise.
    fn check(&self) -> Result<()> {
        self.link.status()?;
        Ok(())
    }

    fn incoming(&self) -> Result<Arc<Incoming>> {
        self.stream.begin(|| self.link.incoming())
    }
}

/// Starts a link, which brings itself up on a thread of its own. Returns at once, whether there is a port or not:
/// see atmqtt_link_wait_up() and ATMQTT_EVENT_LINK.
///
/// @param options  how; not NULL.
/// @param link  where the handle is written; free it with atmqtt_link_free().
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for what can be known without a module, the strings and numbers of
/// every setting among it; ATMQTT_STORAGE and ATMQTT_INVALID_STATE where the outbox cannot be opened, or another
/// link has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_start(
    options: *const atmqtt_link_options,
    link: *mut *mut atmqtt_link,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers. The options first: they have user data to let go of.
        let (builder, place) = unsafe { (read(options)?, place(link, "link")?) };
        let link = builder.start()?;
        place.put(Box::into_raw(Box::new(atmqtt_link {
            link,
            timeout: AtomicI64::new(-1),
            stream: Stream::default(),
        })));
        Ok(())
    })
}

/// Ends the link: says goodbye to the broker where it is up (AT+QMTDISC), which takes up to 10 s, and closes the
/// port. Waits for a callback and a power hook that run; what callbacks have not had is dropped. Messages that wait
/// end with ATMQTT_CLOSED, but stay in the outbox where there is one: see atmqtt_link_flush(). The handle stays
/// valid, and its calls then answer ATMQTT_CLOSED. Again: nothing, and ATMQTT_OK.
///
/// @return ATMQTT_OK; ATMQTT_CALLED_FROM_CALLBACK in a callback of this link, its power hook included; ATMQTT_CLOSED
/// in a forked child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_close(link: *mut atmqtt_link) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        Ok(link.link.close()?)
    })
}

/// Frees the handle, and ends the link without a goodbye to the broker where it is not closed, so that a will is
/// published; waits for its thread then. NULL is fine, a closed link too, and so is a callback of this link: what the
/// callback still needs goes when it has returned. In a forked child it only closes the descriptor.
///
/// No other thread may be using the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_free(link: *mut atmqtt_link) {
    if !link.is_null() {
        // SAFETY: it comes from `atmqtt_link_start` and is given back this once.
        let handle = unsafe { Box::from_raw(link) };
        guard_or((), || drop(handle));
    }
}

/// Limits how long each later publish on this handle may keep its caller, in milliseconds; negative = as long as the
/// link is down, the default. Past it, a message goes on without its caller (ATMQTT_UNCONFIRMED), or, where there was
/// no room for it, was not accepted (ATMQTT_QUEUE_FULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_set_timeout(link: *mut atmqtt_link, timeout_ms: i64) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        link.check()?;
        link.timeout.store(timeout_ms, Ordering::Relaxed);
        Ok(())
    })
}

/// Waits until the link is up.
///
/// @param timeout_ms  how long at most, in milliseconds: 0 = not at all, negative = no limit.
/// @return ATMQTT_OK; ATMQTT_TIMEOUT with where it stands and what the last trouble was; what is behind
/// ATMQTT_LINK_REFUSED as soon as it stands there; ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_wait_up(link: *mut atmqtt_link, timeout_ms: i64) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        Ok(link.link.wait_up(limit(timeout_ms))?)
    })
}

/// Ends a wait for the next attempt, as after the cause of a refusal was removed; the next wait is the shortest
/// again. Nothing where it does not wait. Returns at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_retry(link: *mut atmqtt_link) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        link.check()?;
        link.link.retry();
        Ok(())
    })
}

/// The modem of the moment, for other commands: AT+CSQ, files, the network. Its port is closed when the link loses
/// it, and the link then has another: ask anew after ATMQTT_CLOSED and ATMQTT_PORT_LOST.
///
/// Messages and events of that port are the link's: callbacks, atmqtt_modem_event_fd() and atmqtt_modem_next_event()
/// are refused on this handle and its clients with ATMQTT_INVALID_STATE, and so are functions with _start in their
/// name that are to give an operation. Leave the link's own client alone.
///
/// @param modem  where the handle is written; free it with atmqtt_modem_free(), also before the link.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while the link has no port open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_modem(
    link: *mut atmqtt_link,
    modem: *mut *mut atmqtt_modem,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, place) = unsafe { (required(link, "link")?, place(modem, "modem")?) };
        let modem = link.link.modem()?;
        place.put(atmqtt_modem::into_raw(modem, Owner::Link));
        Ok(())
    })
}

/// Publishes a message (AT+QMTPUBEX) and waits for its outcome, which at QoS 1 and 2 may take as long as the link is
/// down: see atmqtt_link_set_timeout() and atmqtt_link_publish_start(). A message of QoS 0 does not wait for a link
/// that is down.
///
/// @param topic  1 to 65535 bytes of UTF-8 without quotation marks and control bytes.
/// @param payload  any bytes, copied by the call; NULL with length 0 is none.
/// @param length  0 to 1500.
/// @param qos  0 to 2.
/// @param retain  1 = the broker keeps it for later subscribers; 0 = not.
/// @return what atmqtt_link_publish_start() answers; ATMQTT_UNCONFIRMED for a message of QoS 2 under
/// ATMQTT_WHEN_UNCONFIRMED_REPORT, of QoS 0 whose outcome is unknown, and past the time-out; ATMQTT_MODULE_ERROR and
/// ATMQTT_CME_ERROR where the module keeps refusing it; ATMQTT_QUEUE_FULL where it had to make room
/// (ATMQTT_WHEN_FULL_DROP_OLDEST); ATMQTT_CLOSED where the link is closed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_publish(
    link: *mut atmqtt_link,
    topic: *const c_char,
    payload: *const c_void,
    length: usize,
    qos: i32,
    retain: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, topic, payload) = unsafe {
            (
                required(link, "link")?,
                text(topic, "topic")?,
                bytes(payload, length, "payload")?,
            )
        };
        let (qos, retain) = (self::qos(qos)?, flag(retain, "retain")?);
        Ok(link.bounded().publish(topic, payload, qos, retain)?)
    })
}

/// atmqtt_link_publish() without waiting for the outcome: when this returns ATMQTT_OK the message is accepted, and is
/// sent until its outcome is known; with an outbox it is on disk. It waits for room under ATMQTT_WHEN_FULL_BLOCK.
///
/// @param operation  where the number of the message is written, which ATMQTT_EVENT_COMPLETED then carries; NULL = no
/// event is wanted. The event may come before this returns. Numbers count up with every message of a link, and with an
/// outbox over all its runs; messages that an earlier run left there end with an event too.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_DISCONNECTED at QoS 0 while the link is not up;
/// ATMQTT_QUEUE_FULL where there is no room (atmqtt_when_full); ATMQTT_STORAGE where the outbox cannot be written;
/// ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_publish_start(
    link: *mut atmqtt_link,
    topic: *const c_char,
    payload: *const c_void,
    length: usize,
    qos: i32,
    retain: i32,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, topic, payload, operation) = unsafe {
            (
                required(link, "link")?,
                text(topic, "topic")?,
                bytes(payload, length, "payload")?,
                maybe_place(operation),
            )
        };
        let (qos, retain) = (self::qos(qos)?, flag(retain, "retain")?);
        let delivering = link.bounded().publish_start(topic, payload, qos, retain)?;
        if operation.is_wanted() {
            operation.put(delivering.report());
        }
        Ok(())
    })
}

/// Subscribes to a topic filter (AT+QMTSUB), now where the link is up, and after every connect. What the broker makes
/// of it is told each time by ATMQTT_EVENT_SUBSCRIBED. A topic that is there already is subscribed to again, with this
/// QoS. Returns at once.
///
/// @param topic  1 to 65535 bytes of UTF-8 without quotation marks and control bytes.
/// @param qos  QoS asked for, 0 to 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_subscribe(
    link: *mut atmqtt_link,
    topic: *const c_char,
    qos: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, topic) = unsafe { (required(link, "link")?, text(topic, "topic")?) };
        Ok(link.link.subscribe(topic, self::qos(qos)?)?)
    })
}

/// Ends a subscription (AT+QMTUNS). Returns at once; messages that are on their way may still come.
///
/// @param topic  the topic filter as it was subscribed to.
/// @param was_there  where 1 is written if there was such a subscription, else 0; NULL = not wanted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_unsubscribe(
    link: *mut atmqtt_link,
    topic: *const c_char,
    was_there: *mut i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, topic, was_there) = unsafe {
            (
                required(link, "link")?,
                text(topic, "topic")?,
                maybe_place(was_there),
            )
        };
        was_there.put(link.link.unsubscribe(topic)?.into());
        Ok(())
    })
}

/// Waits until no message waits to be sent, or for its outcome.
///
/// @param timeout_ms  how long at most, in milliseconds: 0 = not at all, negative = no limit.
/// @param empty  where 1 is written if that is so, 0 if messages still wait; NULL = not wanted.
/// @return ATMQTT_OK, either way; ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_flush(
    link: *mut atmqtt_link,
    timeout_ms: i64,
    empty: *mut i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, empty) = unsafe { (required(link, "link")?, maybe_place(empty)) };
        empty.put(link.link.flush(limit(timeout_ms))?.into());
        Ok(())
    })
}

/// Has the messages of the link, over all its connections, handed to a callback, on the dispatcher thread of the link,
/// one at a time and in order. It takes the place of an earlier one. Messages that come while there is none wait for
/// it.
///
/// @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any more, except
/// where it is itself the caller.
/// @param user_data  passed to the callback as it is.
/// @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while messages are taken with atmqtt_link_next_event(); ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_set_message_callback(
    link: *mut atmqtt_link,
    callback: atmqtt_event_callback,
    user_data: *mut c_void,
    drop: atmqtt_drop_callback,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        link.link.clear_on_message()?;
        if let Some(callback) = given(callback, user_data) {
            link.link
                .on_message(move |message| callback.call(Received::Message(message)))?;
        }
        Ok(())
    })
}

/// Has events handed to a callback, on the dispatcher thread of the link: ATMQTT_EVENT_LINK for every change of its
/// state, and all of its port but messages, which have a callback of their own, and ATMQTT_EVENT_PORT_CLOSED. It takes
/// the place of an earlier one. Events that come while there is none wait for it, those of the start too.
///
/// @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any more, except
/// where it is itself the caller.
/// @param user_data  passed to the callback as it is.
/// @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while events are taken with atmqtt_link_next_event(); ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_set_event_callback(
    link: *mut atmqtt_link,
    callback: atmqtt_event_callback,
    user_data: *mut c_void,
    drop: atmqtt_drop_callback,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        link.link.clear_on_event()?;
        if let Some(callback) = given(callback, user_data) {
            link.link
                .on_event(move |event| callback.call(Received::Event(event)))?;
        }
        Ok(())
    })
}

/// A descriptor for poll or epoll that can be read exactly while atmqtt_link_next_event() would give an event:
/// level-triggered. It stays the same over every loss of the port. It belongs to the library: do not read, write or
/// close it. It lives until atmqtt_link_free() or atmqtt_link_release_events().
///
/// From the first call of this or atmqtt_link_next_event() on, everything that arrives comes this way: the events, and
/// the messages of all clients of the module.
///
/// @param fd  where the descriptor is written.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while a callback has the events or the messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_event_fd(link: *mut atmqtt_link, fd: *mut c_int) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, fd) = unsafe { (required(link, "link")?, place(fd, "fd")?) };
        fd.put(link.incoming()?.as_fd().as_raw_fd());
        Ok(())
    })
}

/// The next of everything that arrived: an event, or a message, oldest first. The last is ATMQTT_EVENT_LINK with to =
/// ATMQTT_LINK_CLOSED, after atmqtt_link_close().
///
/// A signal does not end the wait: a program that has to hear of signals waits in ppoll or epoll for
/// atmqtt_link_event_fd().
///
/// @param timeout_ms  how long to wait for one, in milliseconds: 0 = not at all, negative = as long as the link
/// is there.
/// @param event  where it is written: free it with atmqtt_event_free(). NULL is written where none came in time.
/// @return ATMQTT_OK, also with no event; ATMQTT_CLOSED once the link is closed and everything has been taken;
/// ATMQTT_INVALID_STATE while a callback has the events or the messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_next_event(
    link: *mut atmqtt_link,
    timeout_ms: i64,
    event: *mut *mut atmqtt_event,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (link, event) = unsafe { (required(link, "link")?, place(event, "event")?) };
        let incoming = link.incoming()?;
        next(&incoming, timeout_ms, event, || {
            (link.link.state() == LinkState::Closed).then_some("the link")
        })
    })
}

/// Ends taking events with atmqtt_link_next_event(), so that callbacks can have them. What has not been taken stays
/// for them. Nothing where it had not begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_release_events(link: *mut atmqtt_link) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let link = unsafe { required(link, "link")? };
        link.check()?;
        link.stream.end();
        Ok(())
    })
}

/// How long a caller waits; longer than any clock holds is without a limit.
fn limit(timeout_ms: i64) -> Duration {
    patience(timeout_ms).unwrap_or(Duration::MAX)
}
