//! What happens by itself, as C sees it.

use std::ffi::{c_char, c_void};
use std::os::unix::ffi::OsStrExt as _;

use atmqtt::{Event, Granted, LinkCause, LinkChange, Message, Outcome, Received};

use crate::allocated::Allocated;
use crate::border::milliseconds;
use crate::callback::UserData;

/// Kinds of events: the type of an atmqtt_event. More may come; ignore those that you do not know.
#[repr(i32)]
pub enum atmqtt_event_type {
    /// A message (+QMTRECV): client, generation, msgid, topic, payload. Only from atmqtt_modem_next_event(),
    /// atmqtt_link_next_event() and message callbacks.
    ATMQTT_EVENT_MESSAGE = 1,
    /// The connection of a client ended and nobody had asked for it (+QMTSTAT): client, generation, code;
    /// text says what the code means and what to do. Open and connect the client again.
    ATMQTT_EVENT_DISCONNECTED = 2,
    /// A keep-alive ping failed and the client is closed (+QMTPING): client, generation.
    ATMQTT_EVENT_PING_FAILED = 3,
    /// A packet was sent again, where packet_notice asks for these: client, generation, msgid; code is how
    /// many times, -1 where the module did not say; text is the command whose packet it was. No end of anything.
    ATMQTT_EVENT_RETRANSMISSION = 4,
    /// The module has restarted (RDY): every client is closed and its settings are at their defaults.
    ATMQTT_EVENT_RESTARTED = 5,
    /// The network dropped a PDP context (+QIURC: "pdpdeact"), and every client on it is closed: code is the
    /// context, 1 to 16.
    ATMQTT_EVENT_PDP_DEACTIVATED = 6,
    /// The message queue of a client was full and its oldest messages were dropped: client; count is how
    /// many since the last such event.
    ATMQTT_EVENT_LAGGED = 7,
    /// Input was thrown away because it did not fit the bounds or could not be read: text.
    ATMQTT_EVENT_INPUT_LOST = 8,
    /// The port is gone or was closed: status is ATMQTT_PORT_LOST or ATMQTT_CLOSED, text says why. The last
    /// event of all, but for the ends of operations of several commands.
    ATMQTT_EVENT_PORT_CLOSED = 9,
    /// Any other line that the module printed unasked: text.
    ATMQTT_EVENT_URC = 10,
    /// An operation ended that was begun by a function with _start in its name: operation, status; and where
    /// it failed client (or -1), code (or -1) and text, as atmqtt_last_error_message() has them. Where it
    /// succeeded: granted for a subscription, payload for a download, text for the answer of a command and
    /// for what else its _start function says.
    ATMQTT_EVENT_COMPLETED = 11,
    /// A link went from one state to another: from, to, cause; text is the cause in words. Where an error is
    /// behind it: status and code. For ATMQTT_CAUSE_DISCONNECTED code is that of +QMTSTAT. While it waits:
    /// retry_in_ms.
    ATMQTT_EVENT_LINK = 12,
    /// A subscription of a link was made, after every connect anew, or refused: client, topic, and one granted.
    ATMQTT_EVENT_SUBSCRIBED = 13,
    /// The outbox of a link was found damaged; what could be read of it is sent: count is how many messages
    /// could not be read; text is what the damaged file was renamed to, "" where it could be kept.
    ATMQTT_EVENT_OUTBOX_DAMAGED = 14,
}

/// What an atmqtt_event holds is said at each atmqtt_event_type. Everything else is 0, -1, "" or NULL as said
/// here. The event and all that it points to belong to the library: in a callback until that returns, from
/// atmqtt_modem_next_event() and atmqtt_link_next_event() until atmqtt_event_free(). Later versions add fields
/// at the end.
#[repr(C)]
pub struct atmqtt_event {
    /// One of atmqtt_event_type.
    pub r#type: i32,
    /// MQTT client 0 to 5; -1 = none.
    pub client: i32,
    /// Which connection of the client: counts up with every open; 0 = none.
    pub generation: u32,
    /// Packet id of the broker, 0 for QoS 0 and where there is none.
    pub msgid: i32,
    /// A number of the module, as the type says; -1 = none.
    pub code: i32,
    /// One of atmqtt_status: how an operation ended, why a port closed, or what a link had trouble with.
    pub status: i32,
    /// Which operation, as its _start function gave it; 0 = none.
    pub operation: u64,
    /// How many.
    pub count: u64,
    /// Topic: UTF-8 unless a publisher was hostile, with a NUL behind it; a NUL inside it is possible, so
    /// mind the length.
    pub topic: *const c_char,
    /// Length of the topic in bytes, without the NUL behind it.
    pub topic_length: usize,
    /// Payload: any bytes. With a NUL behind it for the convenience of text, which is not counted.
    pub payload: *const u8,
    /// Length of the payload in bytes.
    pub payload_length: usize,
    /// A text of one line, for URCs as the module printed it; the answer of a command: its lines, with LF
    /// between them. With a NUL behind it.
    pub text: *const c_char,
    /// Length of the text in bytes, without the NUL behind it.
    pub text_length: usize,
    /// What the broker granted for each topic of a subscription: a QoS 0 to 2, ATMQTT_REFUSED or
    /// ATMQTT_NOT_SAID; NULL = none.
    pub granted: *const u8,
    /// How many topics.
    pub granted_count: usize,
    /// Where a link was: one of atmqtt_link_stage; -1 = none.
    pub from: i32,
    /// Where it is now, the same.
    pub to: i32,
    /// Why it went there: one of atmqtt_link_cause; -1 = none.
    pub cause: i32,
    /// How many milliseconds it will wait before it tries again; -1 = it does not wait.
    pub retry_in_ms: i64,
}

/// Called with a message or an event, on the dispatcher thread of the port or link: one call at a time and in
/// order, with no lock of the library held. Every function may be called in it but atmqtt_modem_close() of its
/// port and atmqtt_link_close() of its link, which answer ATMQTT_CALLED_FROM_CALLBACK; freeing handles in it is
/// fine. The event lives until it returns. It must not throw and must not longjmp. All signals are blocked on
/// that thread.
pub type atmqtt_event_callback =
    Option<unsafe extern "C" fn(event: *const atmqtt_event, user_data: *mut c_void)>;

/// What a callback is without its NULL.
type Called = unsafe extern "C" fn(*const atmqtt_event, *mut c_void);

/// A callback of the program with what belongs to it.
pub(crate) struct EventCallback {
    pub(crate) call: Called,
    pub(crate) user_data: UserData,
}

impl EventCallback {
    pub(crate) fn call(&self, received: Received) {
        let told = Told::new(received);
        // SAFETY: the program gave this function for this pointer; the event is whole and lives until the
        // call returns. That it does not unwind is said where it is given.
        unsafe { (self.call)(&raw const told.event, self.user_data.pointer()) }
    }
}

/// An event with all that it points to.
pub(crate) struct Told {
    event: atmqtt_event,
    topic: Vec<u8>,
    payload: Vec<u8>,
    text: Vec<u8>,
    granted: Vec<u8>,
}

type AllocatedEvent = Allocated<atmqtt_event, [Vec<u8>; 4]>;

impl Told {
    /// Nothing it points to moves when it does: every vector keeps its memory.
    pub(crate) fn new(received: Received) -> Self {
        let mut owned = Self {
            event: atmqtt_event {
                r#type: 0,
                client: -1,
                generation: 0,
                msgid: 0,
                code: -1,
                status: 0,
                operation: 0,
                count: 0,
                topic: c"".as_ptr(),
                topic_length: 0,
                payload: c"".as_ptr().cast(),
                payload_length: 0,
                text: c"".as_ptr(),
                text_length: 0,
                granted: std::ptr::null(),
                granted_count: 0,
                from: -1,
                to: -1,
                cause: -1,
                retry_in_ms: -1,
            },
            topic: Vec::new(),
            payload: Vec::new(),
            text: Vec::new(),
            granted: Vec::new(),
        };
        match received {
            Received::Message(message) => owned.message(&message),
            Received::Event(event) => owned.event(event),
        }
        owned
    }

    fn message(&mut self, message: &Message) {
        self.of_client(
            atmqtt_event_type::ATMQTT_EVENT_MESSAGE,
            message.client(),
            message.generation(),
        );
        self.event.msgid = message.msgid().into();
        self.put_topic(message.topic_bytes());
        self.put_payload(message.payload());
    }

    fn of_client(&mut self, kind: atmqtt_event_type, client: u8, generation: u32) {
        self.event.r#type = kind as i32;
        self.event.client = client.into();
        self.event.generation = generation;
    }

    fn event(&mut self, event: Event) {
        use atmqtt_event_type::*;
        match event {
            Event::Disconnected {
                client,
                generation,
                reason,
            } => {
                self.of_client(ATMQTT_EVENT_DISCONNECTED, client, generation);
                self.event.code = reason.code();
                self.put_text(format!("{reason}: {}", reason.advice()).as_bytes());
            }
            Event::PingFailed { client, generation } => {
                self.of_client(ATMQTT_EVENT_PING_FAILED, client, generation);
            }
            Event::Retransmission {
                client,
                generation,
                command,
                msgid,
                count,
            } => {
                self.of_client(ATMQTT_EVENT_RETRANSMISSION, client, generation);
                self.event.msgid = msgid.into();
                self.event.code = count.map_or(-1, i32::from);
                self.put_text(command.as_bytes());
            }
            Event::Restarted => self.event.r#type = ATMQTT_EVENT_RESTARTED as i32,
            Event::PdpDeactivated { context } => {
                self.event.r#type = ATMQTT_EVENT_PDP_DEACTIVATED as i32;
                self.event.code = context.into();
            }
            Event::Lagged { client, count } => {
                self.of_client(ATMQTT_EVENT_LAGGED, client, 0);
                self.event.count = count;
            }
            Event::InputLost { what } => {
                self.event.r#type = ATMQTT_EVENT_INPUT_LOST as i32;
                self.put_text(what.as_bytes());
            }
            Event::PortClosed { error } => {
                self.event.r#type = ATMQTT_EVENT_PORT_CLOSED as i32;
                self.put_error(&error);
            }
            Event::Urc(line) => {
                self.event.r#type = ATMQTT_EVENT_URC as i32;
                self.put_text(&line);
            }
            Event::Completed { operation, result } => {
                self.event.r#type = ATMQTT_EVENT_COMPLETED as i32;
                self.event.operation = operation;
                match result {
                    Ok(outcome) => self.outcome(outcome),
                    Err(error) => self.put_error(&error),
                }
            }
            Event::Link(change) => self.change(&change),
            Event::Subscribed {
                client,
                topic,
                granted,
            } => {
                self.of_client(ATMQTT_EVENT_SUBSCRIBED, client, 0);
                self.put_topic(topic.as_bytes());
                self.put_granted(vec![granted_number(granted)]);
            }
            Event::OutboxDamaged {
                messages,
                set_aside,
            } => {
                self.event.r#type = ATMQTT_EVENT_OUTBOX_DAMAGED as i32;
                self.event.count = messages as u64;
                if let Some(path) = set_aside {
                    self.put_text(path.as_os_str().as_bytes());
                }
            }
            // What a later core adds and this border does not know yet.
            other => {
                self.event.r#type = ATMQTT_EVENT_URC as i32;
                self.put_text(format!("{other:?}").as_bytes());
            }
        }
    }

    fn change(&mut self, change: &LinkChange) {
        self.event.r#type = atmqtt_event_type::ATMQTT_EVENT_LINK as i32;
        self.event.from = change.from.number();
        self.event.to = change.to.number();
        self.event.cause = change.cause.number();
        (self.event.status, self.event.code) = behind(&change.cause);
        self.event.retry_in_ms = change.retry_in.map_or(-1, milliseconds);
        self.put_text(change.cause.to_string().as_bytes());
    }

    fn outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Done => {}
            Outcome::Answer(lines) => self.put_text(&lines.join(&b'\n')),
            Outcome::File(bytes) => self.put_payload(&bytes),
            Outcome::Granted(granted) => {
                self.put_granted(granted.into_iter().map(granted_number).collect());
            }
        }
    }

    fn put_granted(&mut self, granted: Vec<u8>) {
        self.granted = granted;
        self.event.granted = self.granted.as_ptr();
        self.event.granted_count = self.granted.len();
    }

    fn put_topic(&mut self, topic: &[u8]) {
        self.topic = with_nul(topic);
        self.event.topic = self.topic.as_ptr().cast();
        self.event.topic_length = topic.len();
    }

    fn put_payload(&mut self, payload: &[u8]) {
        self.payload = with_nul(payload);
        self.event.payload = self.payload.as_ptr();
        self.event.payload_length = payload.len();
    }

    fn put_text(&mut self, text: &[u8]) {
        self.text = with_nul(text);
        self.event.text = self.text.as_ptr().cast();
        self.event.text_length = text.len();
    }

    fn put_error(&mut self, error: &atmqtt::Error) {
        self.event.status = error.kind().number();
        self.event.client = error.client().map_or(-1, i32::from);
        self.event.code = error.code().unwrap_or(-1);
        self.put_text(error.to_string().as_bytes());
    }

    /// Hands the event to the program, which gives it back to [`atmqtt_event_free`].
    pub(crate) fn into_raw(self) -> *mut atmqtt_event {
        AllocatedEvent::into_raw(
            self.event,
            [self.topic, self.payload, self.text, self.granted],
        )
    }
}

/// The status and the number of the module behind a cause; 0 and -1 where there are none.
pub(crate) fn behind(cause: &LinkCause) -> (i32, i32) {
    match (cause, cause.error()) {
        (LinkCause::Disconnected(reason), _) => (0, reason.code()),
        (_, Some(error)) => (error.kind().number(), error.code().unwrap_or(-1)),
        _ => (0, -1),
    }
}

fn with_nul(bytes: &[u8]) -> Vec<u8> {
    let mut owned = Vec::with_capacity(bytes.len() + 1);
    owned.extend_from_slice(bytes);
    owned.push(0);
    owned
}

/// The broker refused a topic of a subscription (SUBACK code 128).
pub const ATMQTT_REFUSED: u8 = 0x80;

/// The module did not say what the broker granted for a topic.
pub const ATMQTT_NOT_SAID: u8 = 0xFF;

pub(crate) fn granted_number(granted: Granted) -> u8 {
    match granted {
        Granted::QoS(qos) => qos.level(),
        Granted::Refused => ATMQTT_REFUSED,
        Granted::Unknown => ATMQTT_NOT_SAID,
    }
}

/// Frees an event of atmqtt_modem_next_event() or atmqtt_link_next_event(), with all that it points to. NULL is
/// fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_event_free(event: *mut atmqtt_event) {
    // SAFETY: the program gives back what a `next_event` gave, this once.
    unsafe { AllocatedEvent::free(event) }
}

/// A callback that is given, with its user data; what is not given takes the user data with it.
pub(crate) fn given(callback: atmqtt_event_callback, user_data: UserData) -> Option<EventCallback> {
    callback.map(|call| EventCallback { call, user_data })
}
