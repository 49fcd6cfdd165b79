//! One of the six MQTT clients.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use atmqtt::{Client, Connect, FromOutcome, IfInUse, Pending, QoS, Received, State};

use crate::border::{
    self, Failure, Place, Result, bytes, flag, guard, guard_or, items, maybe_text, number,
    patience, place, required, text,
};
use crate::callback::{UserData, atmqtt_drop_callback};
use crate::event::{atmqtt_event_callback, given, granted_number};
use crate::modem::{Owner, atmqtt_modem};

/// One of the six MQTT clients of a module. Any number of threads may use one handle at a time. It keeps its
/// port open after atmqtt_modem_free().
pub struct atmqtt_client {
    client: Client,
    owner: Owner,
    timeout: AtomicI64,
}

impl atmqtt_client {
    /// The client with the time-out of this handle.
    pub(crate) fn bounded(&self) -> Client {
        match patience(self.timeout.load(Ordering::Relaxed)) {
            Some(timeout) => self.client.with_timeout(timeout),
            None => self.client.clone(),
        }
    }

    /// Starts an operation that nobody waits for; its number goes to where the program wants it.
    fn start<T: FromOutcome>(
        &self,
        operation: Place<u64>,
        start: impl FnOnce(&Client) -> atmqtt::Result<Pending<T>>,
    ) -> Result<()> {
        self.owner.tells(&operation)?;
        let pending = start(&self.client)?;
        if operation.is_wanted() {
            operation.put(pending.report());
        }
        Ok(())
    }
}

/// Where a client stands: atmqtt_client_state().
#[repr(i32)]
pub enum atmqtt_state {
    /// No network connection; also once the port is closed or lost.
    ATMQTT_STATE_CLOSED = 0,
    /// AT+QMTOPEN is under way.
    ATMQTT_STATE_OPENING = 1,
    /// The network connection is there, the MQTT connection is not.
    ATMQTT_STATE_OPEN = 2,
    /// AT+QMTCONN is under way.
    ATMQTT_STATE_CONNECTING = 3,
    /// Connected to the broker.
    ATMQTT_STATE_CONNECTED = 4,
    /// AT+QMTDISC is under way.
    ATMQTT_STATE_DISCONNECTING = 5,
}

/// One topic of a subscription.
#[repr(C)]
pub struct atmqtt_subscription {
    /// Topic filter, 1 to 65535 bytes of UTF-8 without quotation marks and control bytes; not NULL.
    pub topic: *const c_char,
    /// QoS asked for, 0 to 2.
    pub qos: i32,
}

/// Gives a handle on one of the six MQTT clients of the module. Several handles on one client are fine.
///
/// @param index  0 to 5.
/// @param client  where the handle is written; free it with atmqtt_client_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_client(
    modem: *mut atmqtt_modem,
    index: i32,
    client: *mut *mut atmqtt_client,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe { (required(modem, "modem")?, place(client, "client")?) };
        let owner = modem.owner;
        let client = modem
            .modem
            .client(number(index, "client index", "0..=5")?)?;
        place.put(Box::into_raw(Box::new(atmqtt_client {
            client,
            owner,
            timeout: AtomicI64::new(-1),
        })));
        Ok(())
    })
}

/// Frees the handle; the client in the module stays as it is, and so does its message callback. NULL is fine,
/// and so is a callback of this port. No other thread may be using the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_free(client: *mut atmqtt_client) {
    if !client.is_null() {
        // SAFETY: it comes from `atmqtt_modem_client` and is given back this once.
        let handle = unsafe { Box::from_raw(client) };
        guard_or((), || drop(handle));
    }
}

/// The index 0 to 5 of the client; -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_index(client: *const atmqtt_client) -> i32 {
    // SAFETY: the program's promise about its handle.
    let client = unsafe { client.as_ref() };
    guard_or(-1, || {
        client.map_or(-1, |client| client.client.index().into())
    })
}

/// Where the client stands, as far as the module has said: one of atmqtt_state. Closed for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_state(client: *const atmqtt_client) -> i32 {
    // SAFETY: the program's promise about its handle.
    let client = unsafe { client.as_ref() };
    guard_or(0, || {
        client.map_or(0, |client| match client.client.state() {
            State::Closed => atmqtt_state::ATMQTT_STATE_CLOSED as i32,
            State::Opening => atmqtt_state::ATMQTT_STATE_OPENING as i32,
            State::Open => atmqtt_state::ATMQTT_STATE_OPEN as i32,
            State::Connecting => atmqtt_state::ATMQTT_STATE_CONNECTING as i32,
            State::Connected => atmqtt_state::ATMQTT_STATE_CONNECTED as i32,
            State::Disconnecting => atmqtt_state::ATMQTT_STATE_DISCONNECTING as i32,
        })
    })
}

/// Counts the opens of this client: events and messages carry the number of their connection. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_generation(client: *const atmqtt_client) -> u32 {
    // SAFETY: the program's promise about its handle.
    let client = unsafe { client.as_ref() };
    guard_or(0, || client.map_or(0, |client| client.client.generation()))
}

/// Limits how long each later call on this handle may keep its caller, in milliseconds; negative = as long as
/// the module may take, the default. Past it, what has not begun is withdrawn (ATMQTT_TIMEOUT) and what has
/// goes on without the caller (ATMQTT_UNCONFIRMED): a message may still be published.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_set_timeout(
    client: *mut atmqtt_client,
    timeout_ms: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let client = unsafe { required(client, "client")? };
        client.timeout.store(timeout_ms, Ordering::Relaxed);
        Ok(())
    })
}

/// Where the client is connected to since before the port was opened: it can be adopted
/// (atmqtt_client_adopt()) or replaced (atmqtt_client_open()).
///
/// @param host  where the host is written as a NUL-terminated string: "" = the client was not found alive.
/// Not written where the buffer is too small; 256 bytes hold every host.
/// @param size  the size of the buffer in bytes, the NUL included.
/// @param port  where the TCP port is written, 0 = not found alive; NULL = not wanted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_found_alive(
    client: *const atmqtt_client,
    host: *mut c_char,
    size: usize,
    port: *mut u16,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, port) = unsafe { (required(client, "client")?, border::maybe_place(port)) };
        let (name, number) = client.client.found_alive().unwrap_or_default();
        // SAFETY: the program promises `size` bytes.
        unsafe { border::write_text(&name, host, size, "host")? };
        port.put(number);
        Ok(())
    })
}

/// Takes over a client that lives since before the port was opened, with its subscriptions.
///
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE where none was found, or where its settings do not allow its
/// messages to be read safely (lengths off, hexadecimal on): replace it then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_adopt(client: *mut atmqtt_client) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let client = unsafe { required(client, "client")? };
        Ok(client.bounded().adopt()?)
    })
}

/// Opens the network (AT+QMTOPEN): resolves the host and opens TCP or TLS to the port. Writes first every
/// setting that the module does not have from us. Takes up to 125 s, with TLS up to 455 s. Connect soon after:
/// brokers drop a connection that says nothing.
///
/// @param host  name or address, 1 to 100 bytes without quotation marks and control bytes.
/// @param port  1 to 65535.
/// @param replace  1 = close the client first if it is in use; 0 = fail then.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_INVALID_STATE where the client is in use;
/// ATMQTT_OPERATION_FAILED with the result of +QMTOPEN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_open(
    client: *mut atmqtt_client,
    host: *const c_char,
    port: i32,
    replace: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, host) = unsafe { (required(client, "client")?, text(host, "host")?) };
        let (port, in_use) = open_arguments(port, replace)?;
        Ok(client.bounded().open_with(host, port, in_use)?)
    })
}

/// atmqtt_client_open() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
///
/// @param operation  where the number of the operation is written, which the event carries; NULL = no event
/// is wanted. The event may come before this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_open_start(
    client: *mut atmqtt_client,
    host: *const c_char,
    port: i32,
    replace: i32,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, host, operation) = unsafe {
            (
                required(client, "client")?,
                text(host, "host")?,
                border::maybe_place(operation),
            )
        };
        let (port, in_use) = open_arguments(port, replace)?;
        client.start(operation, |client| client.open_start(host, port, in_use))
    })
}

fn open_arguments(port: i32, replace: i32) -> Result<(u16, IfInUse)> {
    let in_use = if flag(replace, "replace")? {
        IfInUse::Replace
    } else {
        IfInUse::Fail
    };
    Ok((number(port, "port", "1..=65535")?, in_use))
}

/// Closes the network (AT+QMTCLOSE) without a DISCONNECT, so that a will is published; ends an open or
/// connect that is under way. Closing a closed client succeeds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_close(client: *mut atmqtt_client) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let client = unsafe { required(client, "client")? };
        Ok(client.bounded().close()?)
    })
}

/// atmqtt_client_close() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
///
/// @param operation  as for atmqtt_client_open_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_close_start(
    client: *mut atmqtt_client,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, operation) =
            unsafe { (required(client, "client")?, border::maybe_place(operation)) };
        client.start(operation, Client::close_start)
    })
}

/// Connects to the broker (AT+QMTCONN). Takes up to packet time-out x (retries + 1) + 5 s.
///
/// @param client_id  0 to 256 bytes without quotation marks and control bytes; not NULL. A broker drops the
/// older of two connections with one id.
/// @param username  the same, or NULL = none.
/// @param password  the same, or NULL = none; only with a user name. It is in no log and no error text.
/// @return ATMQTT_OK; ATMQTT_CONNECTION_REFUSED with the CONNACK return code; ATMQTT_DISCONNECTED where the
/// connection ended instead. After either of the two the client is closed: open it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_connect(
    client: *mut atmqtt_client,
    client_id: *const c_char,
    username: *const c_char,
    password: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, connect) = unsafe {
            (
                required(client, "client")?,
                connect_arguments(client_id, username, password)?,
            )
        };
        Ok(client.bounded().connect(&connect)?)
    })
}

/// atmqtt_client_connect() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
///
/// @param operation  as for atmqtt_client_open_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_connect_start(
    client: *mut atmqtt_client,
    client_id: *const c_char,
    username: *const c_char,
    password: *const c_char,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, connect, operation) = unsafe {
            (
                required(client, "client")?,
                connect_arguments(client_id, username, password)?,
                border::maybe_place(operation),
            )
        };
        client.start(operation, |client| client.connect_start(&connect))
    })
}

/// # Safety
///
/// As for [`text`].
pub(crate) unsafe fn connect_arguments(
    client_id: *const c_char,
    username: *const c_char,
    password: *const c_char,
) -> Result<Connect> {
    // SAFETY: as the caller promises.
    let (client_id, username, password) = unsafe {
        (
            text(client_id, "client_id")?,
            maybe_text(username, "username")?,
            maybe_text(password, "password")?,
        )
    };
    let connect = Connect::new(client_id);
    match (username, password) {
        (None, None) => Ok(connect),
        (Some(username), None) => Ok(connect.username(username)),
        (Some(username), Some(password)) => Ok(connect.credentials(username, password)),
        (None, Some(_)) => Err(Failure::argument(
            "password is given and username is NULL; MQTT has no password without a user name",
        )),
    }
}

/// Says goodbye to the broker (AT+QMTDISC), which closes the network as well. Takes up to 30 s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_disconnect(client: *mut atmqtt_client) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let client = unsafe { required(client, "client")? };
        Ok(client.bounded().disconnect()?)
    })
}

/// atmqtt_client_disconnect() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
///
/// @param operation  as for atmqtt_client_open_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_disconnect_start(
    client: *mut atmqtt_client,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, operation) =
            unsafe { (required(client, "client")?, border::maybe_place(operation)) };
        client.start(operation, Client::disconnect_start)
    })
}

/// Subscribes to topics (AT+QMTSUB). Takes up to packet time-out x (retries + 1) + 5 s. A retained message may
/// arrive before this returns.
///
/// @param topics  the topics; at least one.
/// @param count  how many.
/// @param granted  where what the broker granted for each topic is written, `count` bytes: a QoS 0 to 2, maybe
/// less than was asked for, ATMQTT_REFUSED or ATMQTT_NOT_SAID. NULL = not wanted.
/// @return ATMQTT_OK, also where the broker refused some topics; ATMQTT_OPERATION_FAILED with code 128 where
/// it refused them all, with code 2 where no SUBACK came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_subscribe(
    client: *mut atmqtt_client,
    topics: *const atmqtt_subscription,
    count: usize,
    granted: *mut u8,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, topics) = unsafe {
            (
                required(client, "client")?,
                subscriptions(topics, count, "topics")?,
            )
        };
        let told = client.bounded().subscribe(&topics)?;
        if !granted.is_null() {
            for index in 0..count {
                let value = told
                    .get(index)
                    .map_or(crate::event::ATMQTT_NOT_SAID, |&told| granted_number(told));
                // SAFETY: the program promises `count` bytes.
                unsafe { granted.add(index).write(value) };
            }
        }
        Ok(())
    })
}

/// atmqtt_client_subscribe() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with what was granted.
///
/// @param operation  as for atmqtt_client_open_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_subscribe_start(
    client: *mut atmqtt_client,
    topics: *const atmqtt_subscription,
    count: usize,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, topics, operation) = unsafe {
            (
                required(client, "client")?,
                subscriptions(topics, count, "topics")?,
                border::maybe_place(operation),
            )
        };
        client.start(operation, |client| client.subscribe_start(&topics))
    })
}

/// # Safety
///
/// As for [`items`], and every topic as for [`text`].
pub(crate) unsafe fn subscriptions<'a>(
    topics: *const atmqtt_subscription,
    count: usize,
    name: &str,
) -> Result<Vec<(&'a str, QoS)>> {
    // SAFETY: as the caller promises.
    let topics = unsafe { items(topics, count, name)? };
    topics
        .iter()
        .map(|subscription| {
            // SAFETY: as the caller promises.
            let topic = unsafe { text(subscription.topic, "topic")? };
            Ok((topic, qos(subscription.qos)?))
        })
        .collect()
}

pub(crate) fn qos(level: i32) -> Result<QoS> {
    Ok(QoS::try_from(number::<u8>(level, "qos", "0..=2")?)?)
}

/// Ends subscriptions (AT+QMTUNS). Takes up to packet time-out x (retries + 1) + 5 s.
///
/// @param topics  the topic filters as they were subscribed to; at least one.
/// @param count  how many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_unsubscribe(
    client: *mut atmqtt_client,
    topics: *const *const c_char,
    count: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, topics) = unsafe { (required(client, "client")?, filters(topics, count)?) };
        Ok(client.bounded().unsubscribe(&topics)?)
    })
}

/// atmqtt_client_unsubscribe() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
///
/// @param operation  as for atmqtt_client_open_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_unsubscribe_start(
    client: *mut atmqtt_client,
    topics: *const *const c_char,
    count: usize,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, topics, operation) = unsafe {
            (
                required(client, "client")?,
                filters(topics, count)?,
                border::maybe_place(operation),
            )
        };
        client.start(operation, |client| client.unsubscribe_start(&topics))
    })
}

/// # Safety
///
/// As for [`items`], and every one of them as for [`text`].
unsafe fn filters<'a>(topics: *const *const c_char, count: usize) -> Result<Vec<&'a str>> {
    // SAFETY: as the caller promises.
    let topics = unsafe { items(topics, count, "topics")? };
    topics
        .iter()
        // SAFETY: as the caller promises.
        .map(|&topic| unsafe { text(topic, "topic") })
        .collect()
}

/// Publishes a message (AT+QMTPUBEX) and waits for its outcome: at QoS 1 and 2 that the broker has it, at QoS 0
/// that the module has sent it. atmqtt_client_publish_start() does not wait.
///
/// Up to five messages of QoS 1 and 2 are under way at a time, and one of QoS 0; more wait in the library, in
/// order.
///
/// @param topic  1 to 65535 bytes of UTF-8 without quotation marks and control bytes.
/// @param payload  any bytes, copied by the call; NULL with length 0 is none.
/// @param length  0 to 1500.
/// @param qos  0 to 2.
/// @param retain  1 = the broker keeps it for later subscribers; 0 = not.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_INVALID_STATE where the client is not connected;
/// ATMQTT_DISCONNECTED where the connection ended before the module had it; ATMQTT_UNCONFIRMED where it had it
/// and the outcome is unknown; ATMQTT_OPERATION_FAILED with code 2 where no acknowledgement came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_publish(
    client: *mut atmqtt_client,
    topic: *const c_char,
    payload: *const c_void,
    length: usize,
    qos: i32,
    retain: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, topic, payload) = unsafe {
            (
                required(client, "client")?,
                text(topic, "topic")?,
                bytes(payload, length, "payload")?,
            )
        };
        let (qos, retain) = (self::qos(qos)?, flag(retain, "retain")?);
        Ok(client.bounded().publish(topic, payload, qos, retain)?)
    })
}

/// atmqtt_client_publish() without waiting: the message goes its way in the order of these calls, and its end
/// comes as ATMQTT_EVENT_COMPLETED.
///
/// @param operation  as for atmqtt_client_open_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_publish_start(
    client: *mut atmqtt_client,
    topic: *const c_char,
    payload: *const c_void,
    length: usize,
    qos: i32,
    retain: i32,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, topic, payload, operation) = unsafe {
            (
                required(client, "client")?,
                text(topic, "topic")?,
                bytes(payload, length, "payload")?,
                border::maybe_place(operation),
            )
        };
        let (qos, retain) = (self::qos(qos)?, flag(retain, "retain")?);
        client.start(operation, |client| {
            client.publish_start(topic, payload, qos, retain)
        })
    })
}

/// Has the messages of this client handed to a callback, on the dispatcher thread of the port, one at a time
/// and in order. It takes the place of an earlier one. Messages that come while there is none wait for it.
///
/// The callback belongs to the client in the module, not to this handle: it stays when the handle is freed,
/// until it is taken away or the port is closed.
///
/// @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any
/// more, except where it is itself the caller.
/// @param user_data  passed to the callback as it is.
/// @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
/// @return ATMQTT_OK; ATMQTT_INVALID_STATE while messages are taken with atmqtt_modem_next_event().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_set_message_callback(
    client: *mut atmqtt_client,
    callback: atmqtt_event_callback,
    user_data: *mut c_void,
    drop: atmqtt_drop_callback,
) -> i32 {
    let user_data = UserData::new(user_data, drop);
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let client = unsafe { required(client, "client")? };
        client.owner.hears()?;
        client.client.clear_on_message()?;
        if let Some(callback) = given(callback, user_data) {
            client
                .client
                .on_message(move |message| callback.call(Received::Message(message)))?;
        }
        Ok(())
    })
}
