//! One of the six MQTT clients of a module.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Outcome, Request, State};
use crate::error::{Error, ErrorKind, Result};
use crate::mqtt::QoS;
use crate::mqtt::config::ClientConfig;
use crate::mqtt::connect::Connect;
use crate::mqtt::publish::Publish;
use crate::mqtt::receive::Message;
use crate::mqtt::setting::{Setting, SettingName};
use crate::mqtt::subscribe::Granted;
use crate::pending::{FromOutcome, Pending, Publication, value};
use crate::receiving::{self, Messages};
use crate::runtime::{Addressee, Runtime};
use crate::wire::Fields;

/// One of the six MQTT clients of a module.
///
/// A client goes from closed to open ([`open`](Self::open): a TCP or TLS connection) to connected
/// ([`connect`](Self::connect): an MQTT connection); then it can subscribe, publish and receive. Cheap
/// to clone, usable from any thread; publishes and subscriptions of several threads run side by side,
/// while open, connect, disconnect, close and configure exclude each other.
///
/// Each call waits for its outcome; its sibling with `_start` does not and gives a [`Pending`].
#[derive(Debug, Clone)]
pub struct Client {
    runtime: Arc<Runtime>,
    index: u8,
    timeout: Option<Duration>,
}

/// What to do about a client that is in use already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IfInUse {
    /// Leave it alone and fail.
    #[default]
    Fail,
    /// Close it and open it again.
    Replace,
}

impl Client {
    pub(crate) fn new(runtime: Arc<Runtime>, index: u8) -> Self {
        Self {
            runtime,
            index,
            timeout: None,
        }
    }

    /// The index 0..=5.
    #[must_use]
    pub fn index(&self) -> u8 {
        self.index
    }

    /// This client with a limit on how long each of its calls may keep its caller. Past it, what has
    /// not begun is withdrawn ([`Timeout`](ErrorKind::Timeout)) and what has goes on without the caller
    /// ([`Unconfirmed`](ErrorKind::Unconfirmed)): a message may still be published.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self.clone()
        }
    }

    fn call<T: FromOutcome>(&self, request: Request) -> Result<T> {
        self.runtime.call(request, self.timeout).and_then(value)
    }

    fn start<T: FromOutcome>(&self, request: Request) -> Result<Pending<T>> {
        let started = self.runtime.submit(request)?;
        Ok(Pending::new(Arc::clone(&self.runtime), started))
    }

    /// Where the client stands, as far as the module has said.
    #[must_use]
    pub fn state(&self) -> State {
        match self.runtime.check() {
            Ok(()) => self.runtime.state(self.index).0,
            Err(_) => State::Closed,
        }
    }

    /// Counts the opens of this client: events and messages carry the number of their connection.
    #[must_use]
    pub fn generation(&self) -> u32 {
        match self.runtime.check() {
            Ok(()) => self.runtime.state(self.index).1,
            Err(_) => 0,
        }
    }

    /// Where the client is connected to since before this port was opened, if it is: it can be
    /// [adopted](Self::adopt) or [replaced](Self::open_with).
    #[must_use]
    pub fn found_alive(&self) -> Option<(String, u16)> {
        self.runtime.check().ok()?;
        self.runtime.found(self.index)
    }

    /// Writes the given settings (`AT+QMTCFG`), at once, and keeps them for every later open.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) with the parameter, its value and its range,
    /// before anything is sent; [`InvalidState`](ErrorKind::InvalidState) unless the client is closed;
    /// [`ModuleError`](ErrorKind::ModuleError) with the name of a setting that the module refuses.
    pub fn configure(&self, config: &ClientConfig) -> Result<()> {
        self.call(Request::Configure {
            client: self.index,
            config: Box::new(config.clone()),
        })
    }

    /// Asks the module for every setting (`AT+QMTCFG="...",client`). What it does not know is `None`.
    pub fn config(&self) -> Result<ClientConfig> {
        let mut config = ClientConfig::new();
        for name in SettingName::ALL {
            // Answered by `will` already, message and all.
            if name == SettingName::WillEx && config.will.is_some() {
                continue;
            }
            match self.setting(name) {
                Ok(setting) => config.insert(setting),
                Err(error)
                    if matches!(error.kind(), ErrorKind::ModuleError | ErrorKind::CmeError) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(config)
    }

    /// Asks the module for one setting.
    ///
    /// # Errors
    ///
    /// [`ModuleError`](ErrorKind::ModuleError) where the module does not know it;
    /// [`OperationFailed`](ErrorKind::OperationFailed) where its answer has another shape.
    pub fn setting(&self, name: SettingName) -> Result<Setting> {
        let request = Request::Command {
            line: name.query(self.index),
            data: None,
            deadline: Duration::from_secs(5),
        };
        let about = |error: Error| error.with_command("AT+QMTCFG").with_client(self.index);
        let outcome = self.runtime.call(request, self.timeout).map_err(about)?;
        let Outcome::Answer(lines) = outcome else {
            return Err(Error::new(ErrorKind::Internal, "no answer in the outcome"));
        };
        lines
            .iter()
            .find_map(|line| {
                let (_, mut fields) = Fields::of_line(line)?;
                let answered =
                    SettingName::from_wire_name(&String::from_utf8_lossy(fields.text()?));
                (answered == Some(name)).then(|| Setting::read(name, fields))?
            })
            .ok_or_else(|| {
                about(Error::new(
                    ErrorKind::OperationFailed,
                    format!("the answer about {} cannot be read", name.wire_name()),
                ))
            })
    }

    /// Opens the network (`AT+QMTOPEN`): resolves `host`, at most 100 bytes, and opens TCP or TLS to
    /// `port` 1..=65535. Writes first every setting that the module does not have from us. Takes up to
    /// 125 s, with TLS up to 455 s.
    ///
    /// Connect soon after: brokers drop a connection that says nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) where the client is in use;
    /// [`OperationFailed`](ErrorKind::OperationFailed) with the `<result>` of `+QMTOPEN` and its meaning.
    pub fn open(&self, host: &str, port: u16) -> Result<()> {
        self.open_with(host, port, IfInUse::Fail)
    }

    /// [`open`](Self::open), with a choice about a client that is in use.
    pub fn open_with(&self, host: &str, port: u16, if_in_use: IfInUse) -> Result<()> {
        self.call(self.open_request(host, port, if_in_use))
    }

    /// [`open_with`](Self::open_with) without waiting.
    pub fn open_start(&self, host: &str, port: u16, if_in_use: IfInUse) -> Result<Pending<()>> {
        self.start(self.open_request(host, port, if_in_use))
    }

    fn open_request(&self, host: &str, port: u16, if_in_use: IfInUse) -> Request {
        Request::Open {
            client: self.index,
            host: host.to_owned(),
            port,
            replace: if_in_use == IfInUse::Replace,
        }
    }

    /// Takes over a client that lives since before this port was opened, with its subscriptions. Its
    /// message ids go on from elsewhere, so that a late result of the earlier program settles nothing
    /// of this one.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) where none was found, or where its settings do not
    /// allow its messages to be read safely (lengths off, hexadecimal on): replace it then.
    pub fn adopt(&self) -> Result<()> {
        self.call(Request::Adopt { client: self.index })
    }

    /// Closes the network (`AT+QMTCLOSE`) without a DISCONNECT, so that a will is published; ends an
    /// open or connect that is under way. Closing a closed client succeeds.
    pub fn close(&self) -> Result<()> {
        self.call(Request::Close { client: self.index })
    }

    /// [`close`](Self::close) without waiting.
    pub fn close_start(&self) -> Result<Pending<()>> {
        self.start(Request::Close { client: self.index })
    }

    /// Connects to the broker (`AT+QMTCONN`). Takes up to packet time-out x (retries + 1) + 5 s.
    ///
    /// # Errors
    ///
    /// [`ConnectionRefused`](ErrorKind::ConnectionRefused) with the CONNACK return code;
    /// [`Disconnected`](ErrorKind::Disconnected) where the connection ends instead of an answer. After
    /// either the client is closed: open it again.
    pub fn connect(&self, connect: &Connect) -> Result<()> {
        self.call(self.connect_request(connect))
    }

    /// [`connect`](Self::connect) without waiting.
    pub fn connect_start(&self, connect: &Connect) -> Result<Pending<()>> {
        self.start(self.connect_request(connect))
    }

    fn connect_request(&self, connect: &Connect) -> Request {
        Request::Connect {
            client: self.index,
            connect: connect.clone(),
        }
    }

    /// Says goodbye to the broker (`AT+QMTDISC`), which closes the network as well. Takes up to 30 s.
    pub fn disconnect(&self) -> Result<()> {
        self.call(Request::Disconnect { client: self.index })
    }

    /// [`disconnect`](Self::disconnect) without waiting.
    pub fn disconnect_start(&self) -> Result<Pending<()>> {
        self.start(Request::Disconnect { client: self.index })
    }

    /// Subscribes to topics (`AT+QMTSUB`) and gives what the broker granted for each; it may be less
    /// than was asked for, and a retained message may arrive before this returns.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`](ErrorKind::OperationFailed) with code 128 where the broker refused every
    /// topic, with code 2 where no SUBACK came.
    pub fn subscribe(&self, topics: &[(&str, QoS)]) -> Result<Vec<Granted>> {
        self.call(self.subscribe_request(topics))
    }

    /// [`subscribe`](Self::subscribe) without waiting.
    pub fn subscribe_start(&self, topics: &[(&str, QoS)]) -> Result<Pending<Vec<Granted>>> {
        self.start(self.subscribe_request(topics))
    }

    fn subscribe_request(&self, topics: &[(&str, QoS)]) -> Request {
        Request::Subscribe {
            client: self.index,
            topics: topics
                .iter()
                .map(|&(topic, qos)| (topic.to_owned(), qos))
                .collect(),
        }
    }

    /// Ends subscriptions (`AT+QMTUNS`).
    pub fn unsubscribe(&self, topics: &[&str]) -> Result<()> {
        self.call(self.unsubscribe_request(topics))
    }

    /// [`unsubscribe`](Self::unsubscribe) without waiting.
    pub fn unsubscribe_start(&self, topics: &[&str]) -> Result<Pending<()>> {
        self.start(self.unsubscribe_request(topics))
    }

    fn unsubscribe_request(&self, topics: &[&str]) -> Request {
        Request::Unsubscribe {
            client: self.index,
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        }
    }

    /// Publishes a message of at most 1500 bytes (`AT+QMTPUBEX`) and waits for its outcome: at QoS 1 and
    /// 2 that the broker has it, at QoS 0 that the module has sent it.
    ///
    /// Up to five messages of QoS 1 and 2 are under way at a time, and one of QoS 0; more wait in the
    /// library, in order.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a topic with quotation marks or control
    /// bytes, a payload that is too long; [`Disconnected`](ErrorKind::Disconnected) where the connection
    /// ended before the module had it; [`Unconfirmed`](ErrorKind::Unconfirmed) where it had it and the
    /// outcome is unknown; [`OperationFailed`](ErrorKind::OperationFailed) with code 2 where no
    /// acknowledgement came.
    pub fn publish(
        &self,
        topic: &str,
        payload: impl AsRef<[u8]>,
        qos: QoS,
        retain: bool,
    ) -> Result<()> {
        self.call(self.publish_request(topic, payload.as_ref(), qos, retain))
    }

    /// [`publish`](Self::publish) without waiting: the message goes its way in the order of these calls.
    pub fn publish_start(
        &self,
        topic: &str,
        payload: impl AsRef<[u8]>,
        qos: QoS,
        retain: bool,
    ) -> Result<Publication> {
        self.start(self.publish_request(topic, payload.as_ref(), qos, retain))
    }

    fn publish_request(&self, topic: &str, payload: &[u8], qos: QoS, retain: bool) -> Request {
        Request::Publish {
            client: self.index,
            publish: Publish::new(topic, payload, qos, retain),
        }
    }

    /// The messages that this client receives, oldest first. They have one consumer; messages that come
    /// while there is none wait for it.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) while another `Messages` or a callback has them.
    pub fn messages(&self) -> Result<Messages> {
        let runtime = Arc::clone(&self.runtime);
        Messages::claim(runtime, self.index)
    }

    /// Hands every message to `callback`, on the dispatcher thread of the port, one at a time and in
    /// order. Every call of the library may be made in it, publishing included, but
    /// [`Modem::close`](crate::Modem::close).
    ///
    /// The callback is dropped when the port is closed; one that holds a clone of this client keeps the
    /// port open until then.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) while the messages have another consumer;
    /// [`Closed`](ErrorKind::Closed) once the port is closed or lost.
    pub fn on_message(&self, callback: impl FnMut(Message) + Send + 'static) -> Result<()> {
        receiving::on_message(&*self.runtime, self.index, callback)
    }

    /// Takes the message callback away. When this returns it does not run any more, except where it is
    /// itself the caller.
    pub fn clear_on_message(&self) -> Result<()> {
        receiving::clear_on_message(&*self.runtime, self.index)
    }
}
