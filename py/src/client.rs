//! `Client`: one of the six MQTT clients of a module.

use atmqtt::{Connect, IfInUse, QoS};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::convert::{bytes, class, int, qos};
use crate::error::OrRaise as _;
use crate::message::{self, Messages};
use crate::modem::Modem;
use crate::pending::Pending;
use crate::process::inside;
use crate::{settings, wait};

/// One of the six MQTT clients of a module; Modem.client() gives it.
///
/// A client goes from closed to open (open(): a TCP or TLS connection) to connected (connect(): an MQTT
/// connection); then it can subscribe, publish and receive. Usable from any thread; publishes and
/// subscriptions of several threads run side by side, while open, connect, disconnect, close and
/// configure exclude each other.
///
/// Each call waits for its outcome, at most its timeout= in seconds, or else that of the modem; its
/// sibling with _start does not wait and gives a Pending.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Client {
    // Dropped before the modem, so that it is never the last to hold the port.
    client: atmqtt::Client,
    modem: Py<Modem>,
}

impl Client {
    pub(crate) fn new(client: atmqtt::Client, modem: Py<Modem>) -> Self {
        Self { client, modem }
    }

    /// Makes a blocking call of the library.
    fn call<T: Send + 'static>(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        job: impl FnOnce(&atmqtt::Client) -> atmqtt::Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let client = match self.modem.get().limit(py, timeout)? {
            Some(limit) => self.client.with_timeout(limit),
            None => self.client.clone(),
        };
        wait::call(py, move || job(&client))
    }

    /// Starts an operation.
    fn start<T: Send>(
        &self,
        py: Python<'_>,
        start: impl FnOnce(&atmqtt::Client) -> atmqtt::Result<T> + Send,
    ) -> PyResult<T> {
        crate::logging::refresh(py)?;
        py.detach(|| start(&self.client)).or_raise(py)
    }

    fn pending<T>(&self, py: Python<'_>, pending: atmqtt::Pending<T>) -> Pending
    where
        atmqtt::Pending<T>: Into<crate::pending::Operation>,
    {
        Pending::new(pending.into(), self.modem.clone_ref(py))
    }
}

fn if_in_use(replace: bool) -> IfInUse {
    if replace {
        IfInUse::Replace
    } else {
        IfInUse::Fail
    }
}

pub(crate) fn signing_in(
    client_id: &str,
    username: Option<String>,
    password: Option<String>,
) -> PyResult<Connect> {
    let connect = Connect::new(client_id);
    match (username, password) {
        (None, None) => Ok(connect),
        (Some(username), None) => Ok(connect.username(username)),
        (Some(username), Some(password)) => Ok(connect.credentials(username, password)),
        (None, Some(_)) => Err(PyTypeError::new_err("a password needs a username")),
    }
}

/// A topic and its QoS, or a list of both.
pub(crate) fn filters(topics: &Bound<'_, PyAny>, level: i64) -> PyResult<Vec<(String, QoS)>> {
    let py = topics.py();
    if let Ok(topic) = topics.cast::<PyString>() {
        return Ok(vec![(topic.to_str()?.to_owned(), qos(py, level)?)]);
    }
    topics
        .try_iter()?
        .map(|item| {
            let item = item?;
            if let Ok(topic) = item.cast::<PyString>() {
                return Ok((topic.to_str()?.to_owned(), qos(py, level)?));
            }
            let (topic, level) = item.extract::<(String, i64)>().map_err(|_| {
                PyTypeError::new_err("topics are str, or a list of str and (str, qos)")
            })?;
            Ok((topic, qos(py, level)?))
        })
        .collect()
}

/// A topic, or a list of them.
fn names(topics: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    match topics.cast::<PyString>() {
        Ok(topic) => Ok(vec![topic.to_str()?.to_owned()]),
        Err(_) => topics.try_iter()?.map(|item| item?.extract()).collect(),
    }
}

fn borrowed(topics: &[(String, QoS)]) -> Vec<(&str, QoS)> {
    topics
        .iter()
        .map(|(topic, qos)| (topic.as_str(), *qos))
        .collect()
}

#[pymethods]
impl Client {
    /// The index 0..5.
    #[getter]
    fn index(&self) -> u8 {
        self.client.index()
    }

    /// The modem that it belongs to.
    #[getter]
    fn modem(&self, py: Python<'_>) -> Py<Modem> {
        self.modem.clone_ref(py)
    }

    /// Where the client stands, as far as the module has said: a State.
    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let state = match py.detach(|| self.client.state()) {
            atmqtt::State::Closed => "closed",
            atmqtt::State::Opening => "opening",
            atmqtt::State::Open => "open",
            atmqtt::State::Connecting => "connecting",
            atmqtt::State::Connected => "connected",
            atmqtt::State::Disconnecting => "disconnecting",
        };
        class!(py, "settings", "State")?.call1((state,))
    }

    /// Counts the opens of this client: events and messages carry the number of their connection.
    #[getter]
    fn generation(&self, py: Python<'_>) -> PyResult<u32> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.client.generation()))
    }

    /// Host and port that the client is connected to since before this port was opened, if it is: it
    /// can be adopted (adopt()) or replaced (open() with replace=True).
    #[getter]
    fn found_alive(&self, py: Python<'_>) -> PyResult<Option<(String, u16)>> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.client.found_alive()))
    }

    /// Writes the given settings (AT+QMTCFG), at once, and keeps them for every later open.
    ///
    /// What is None is left to the library's default, which it writes before every open, so that a
    /// setting that an earlier program left in the module does no harm; the devices of clouds and
    /// ping_report have no default and are left as they are.
    ///
    /// Args:
    ///     config: A ClientConfig to begin with; what is given besides replaces its fields.
    ///     version: Version or "3.1", "3.1.1"; default MQTT 3.1.1 (version).
    ///     pdp_context: PDP context 1..16; default 1 (pdpcid).
    ///     transport: Tcp() or Tls(context); default Tcp() (ssl).
    ///     tls: SSL context 0..5, which Modem.tls() configures: the same as transport=Tls(context).
    ///     keepalive: Keep-alive in seconds 0..3600, 0 = off; default 120 (keepalive).
    ///     clean_session: Whether the broker forgets the session; default True (session).
    ///     packet_timeout: PacketTimeout; default 5 s, 3 retries, no notice (timeout).
    ///     will: Will, or False = none, the default (will, or willex where the message needs it).
    ///     delivery: Delivery or "inline", "stored"; default inline (recv/mode, with lengths).
    ///     ali_auth: AliAuth (aliauth).
    ///     ping_report: Seconds 5..60 after a failed ping until its loss is reported (qmtping).
    ///     send_mode: Format of published payloads on the line; default text (send/mode).
    ///     one_net: OneNet (onenet).
    ///     hw_auth: HwAuth (hwauth).
    ///     hw_product: HwProduct (hwprodid).
    ///     data_format: Formats of published and received payloads; default text (dataformat).
    ///     view_mode: Echo of data typed after a prompt; default off (view/mode).
    ///     edit_timeout: Seconds 1..120 (180 on some modules) after which the module stops waiting for
    ///         data; default 10; 0 = never (edit/timeout).
    ///     timeout: Longest time in seconds for the call; None = that of the modem.
    ///
    /// Raises:
    ///     InvalidArgumentError: With the parameter, its value and its range; nothing was sent.
    ///     InvalidStateError: The client is not closed.
    ///     ModuleError: The module refuses a setting; the text names it.
    #[pyo3(signature = (config=None, *, version=None, pdp_context=None, transport=None, tls=None,
        keepalive=None, clean_session=None, packet_timeout=None, will=None, delivery=None,
        ali_auth=None, ping_report=None, send_mode=None, one_net=None, hw_auth=None,
        hw_product=None, data_format=None, view_mode=None, edit_timeout=None, timeout=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn configure(
        &self,
        py: Python<'_>,
        config: Option<&Bound<'_, PyAny>>,
        version: Option<&Bound<'_, PyAny>>,
        pdp_context: Option<&Bound<'_, PyAny>>,
        transport: Option<&Bound<'_, PyAny>>,
        tls: Option<&Bound<'_, PyAny>>,
        keepalive: Option<&Bound<'_, PyAny>>,
        clean_session: Option<&Bound<'_, PyAny>>,
        packet_timeout: Option<&Bound<'_, PyAny>>,
        will: Option<&Bound<'_, PyAny>>,
        delivery: Option<&Bound<'_, PyAny>>,
        ali_auth: Option<&Bound<'_, PyAny>>,
        ping_report: Option<&Bound<'_, PyAny>>,
        send_mode: Option<&Bound<'_, PyAny>>,
        one_net: Option<&Bound<'_, PyAny>>,
        hw_auth: Option<&Bound<'_, PyAny>>,
        hw_product: Option<&Bound<'_, PyAny>>,
        data_format: Option<&Bound<'_, PyAny>>,
        view_mode: Option<&Bound<'_, PyAny>>,
        edit_timeout: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let given = [
            ("version", version),
            ("pdp_context", pdp_context),
            ("transport", transport),
            ("tls", tls),
            ("keepalive", keepalive),
            ("clean_session", clean_session),
            ("packet_timeout", packet_timeout),
            ("will", will),
            ("delivery", delivery),
            ("ali_auth", ali_auth),
            ("ping_report", ping_report),
            ("send_mode", send_mode),
            ("one_net", one_net),
            ("hw_auth", hw_auth),
            ("hw_product", hw_product),
            ("data_format", data_format),
            ("view_mode", view_mode),
            ("edit_timeout", edit_timeout),
        ];
        let config = settings::config_from(py, config, &given)?;
        self.call(py, timeout, move |client| client.configure(&config))
    }

    /// Asks the module for every setting (AT+QMTCFG="...",client). What it does not know is None.
    #[pyo3(signature = (*, timeout=None))]
    fn config<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let config = self.call(py, timeout, |client| client.config())?;
        settings::config_to(py, config)
    }

    /// Asks the module for one setting.
    ///
    /// Args:
    ///     name: SettingName, or its name on the wire, as "recv/mode".
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Returns:
    ///     Its value in the class that ClientConfig has for it; will and willex give None where there
    ///     is no will, willex a WillSummary, recv/mode a ReceiveMode, edit/timeout 0 where there is no
    ///     limit.
    ///
    /// Raises:
    ///     ModuleError, CmeError: The module does not know it.
    ///     OperationFailedError: Its answer has another shape.
    #[pyo3(signature = (name, *, timeout=None))]
    fn setting<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let name = settings::name(name)?;
        let setting = self.call(py, timeout, move |client| client.setting(name))?;
        settings::setting_to(py, setting)
    }

    /// Opens the network (AT+QMTOPEN): resolves the host and opens TCP or TLS to the port.
    ///
    /// Writes first every setting that the module does not have from us. Takes up to 125 s, with TLS up
    /// to 455 s.
    ///
    /// Args:
    ///     host: Name or address of the broker, at most 100 bytes.
    ///     port: TCP port 1..65535; 8883 is usual with TLS.
    ///     replace: Whether a client that is in use already is closed and opened again.
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Raises:
    ///     OperationFailedError: With the code of +QMTOPEN: -1 refused, unreachable or TLS failed, 2 in
    ///         use, 3 PDP context, 4 the name does not resolve, 5 the network was lost.
    ///     InvalidStateError: The client is in use and replace is False.
    ///     InvalidArgumentError: Nothing was sent.
    #[pyo3(signature = (host, port=1883, *, replace=false, timeout=None))]
    fn open(
        &self,
        py: Python<'_>,
        host: String,
        port: i64,
        replace: bool,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let port = int(py, "port", port, 1..=65_535)?;
        self.call(py, timeout, move |client| {
            client.open_with(&host, port, if_in_use(replace))
        })
    }

    /// open() without waiting.
    #[pyo3(signature = (host, port=1883, *, replace=false))]
    fn open_start(
        &self,
        py: Python<'_>,
        host: &str,
        port: i64,
        replace: bool,
    ) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let port = int(py, "port", port, 1..=65_535)?;
        let pending = self.start(py, |client| {
            client.open_start(host, port, if_in_use(replace))
        })?;
        Ok(self.pending(py, pending))
    }

    /// Takes over a client that lives since before this port was opened, with its subscriptions.
    ///
    /// Raises:
    ///     InvalidStateError: None was found, or its settings do not allow its messages to be read
    ///         safely (lengths off, hexadecimal on): open() it with replace=True then.
    #[pyo3(signature = (*, timeout=None))]
    fn adopt(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        self.call(py, timeout, |client| client.adopt())
    }

    /// Closes the network (AT+QMTCLOSE) without a DISCONNECT, so that a will is published.
    ///
    /// Ends an open or connect that is under way. Closing a closed client succeeds.
    #[pyo3(signature = (*, timeout=None))]
    fn close(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        self.call(py, timeout, |client| client.close())
    }

    /// close() without waiting.
    fn close_start(&self, py: Python<'_>) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let pending = self.start(py, atmqtt::Client::close_start)?;
        Ok(self.pending(py, pending))
    }

    /// Connects to the broker (AT+QMTCONN). Takes up to packet time-out x (retries + 1) + 5 s.
    ///
    /// Keep-alive, clean session, will and protocol version are settings: see configure().
    ///
    /// Args:
    ///     client_id: At most 256 bytes. A broker drops the older of two connections with one id.
    ///     username: At most 256 bytes.
    ///     password: At most 256 bytes; never logged.
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Raises:
    ///     BrokerRefusedError: With the CONNACK return code.
    ///     DisconnectedError: The connection ended instead of an answer. After either the client is
    ///         closed: open it again.
    #[pyo3(signature = (client_id, username=None, password=None, *, timeout=None))]
    fn connect(
        &self,
        py: Python<'_>,
        client_id: &str,
        username: Option<String>,
        password: Option<String>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let connect = signing_in(client_id, username, password)?;
        self.call(py, timeout, move |client| client.connect(&connect))
    }

    /// connect() without waiting.
    #[pyo3(signature = (client_id, username=None, password=None))]
    fn connect_start(
        &self,
        py: Python<'_>,
        client_id: &str,
        username: Option<String>,
        password: Option<String>,
    ) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let connect = signing_in(client_id, username, password)?;
        let pending = self.start(py, |client| client.connect_start(&connect))?;
        Ok(self.pending(py, pending))
    }

    /// Says goodbye to the broker (AT+QMTDISC), which closes the network as well. Takes up to 30 s.
    #[pyo3(signature = (*, timeout=None))]
    fn disconnect(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        self.call(py, timeout, |client| client.disconnect())
    }

    /// disconnect() without waiting.
    fn disconnect_start(&self, py: Python<'_>) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let pending = self.start(py, atmqtt::Client::disconnect_start)?;
        Ok(self.pending(py, pending))
    }

    /// Subscribes to topics (AT+QMTSUB) and gives what the broker granted for each, in a list.
    ///
    /// It may be less than was asked for. A retained message may arrive before this returns.
    ///
    /// Args:
    ///     topic: A topic filter, or a list of (topic filter, qos).
    ///     qos: QoS of a topic that brings none of its own.
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Raises:
    ///     OperationFailedError: With code 128 where the broker refused every topic, with code 2 where
    ///         no SUBACK came.
    #[pyo3(signature = (topic, qos=0, *, timeout=None))]
    fn subscribe<'py>(
        &self,
        py: Python<'py>,
        topic: &Bound<'py, PyAny>,
        qos: i64,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let _inside = inside(py)?;
        let topics = filters(topic, qos)?;
        let granted = self.call(py, timeout, move |client| {
            client.subscribe(&borrowed(&topics))
        })?;
        settings::granted(py, &granted)
    }

    /// subscribe() without waiting.
    #[pyo3(signature = (topic, qos=0))]
    fn subscribe_start(
        &self,
        py: Python<'_>,
        topic: &Bound<'_, PyAny>,
        qos: i64,
    ) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let topics = filters(topic, qos)?;
        let pending = self.start(py, |client| client.subscribe_start(&borrowed(&topics)))?;
        Ok(self.pending(py, pending))
    }

    /// Ends subscriptions (AT+QMTUNS).
    ///
    /// Args:
    ///     topic: A topic filter, or a list of them.
    ///     timeout: Longest time in seconds; None = that of the modem.
    #[pyo3(signature = (topic, *, timeout=None))]
    fn unsubscribe(
        &self,
        py: Python<'_>,
        topic: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let topics = names(topic)?;
        self.call(py, timeout, move |client| {
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            client.unsubscribe(&topics)
        })
    }

    /// unsubscribe() without waiting.
    fn unsubscribe_start(&self, py: Python<'_>, topic: &Bound<'_, PyAny>) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let topics = names(topic)?;
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let pending = self.start(py, |client| client.unsubscribe_start(&topics))?;
        Ok(self.pending(py, pending))
    }

    /// Publishes a message and waits for its outcome; publish_start() does not wait.
    ///
    /// The outcome is at QoS 1 and 2 that the broker has it, at QoS 0 that the module has sent it
    /// (AT+QMTPUBEX). Up to five messages of QoS 1 and 2 are under way at a time, and one of QoS 0; more
    /// wait in the library, in order.
    ///
    /// Args:
    ///     topic: Without quotation marks and control bytes.
    ///     payload: At most 1500 bytes, of any kind; a str is sent as UTF-8.
    ///     qos: 0, 1 or 2.
    ///     retain: Whether the broker keeps it for later subscribers.
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Raises:
    ///     InvalidArgumentError: Nothing was sent.
    ///     DisconnectedError: The connection ended before the module had it.
    ///     UnconfirmedError: The module had it, and the outcome is unknown.
    ///     OperationFailedError: With code 2 where no acknowledgement came.
    #[pyo3(signature = (topic, payload, qos=0, retain=false, *, timeout=None))]
    fn publish(
        &self,
        py: Python<'_>,
        topic: String,
        payload: &Bound<'_, PyAny>,
        qos: i64,
        retain: bool,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let qos = crate::convert::qos(py, qos)?;
        let payload = bytes(payload, "payload")?;
        if self.modem.get().limit(py, timeout)?.is_none() {
            let started = self.start(py, |client| {
                client.publish_start(&topic, &payload, qos, retain)
            })?;
            return wait::outcome(py, &started);
        }
        self.call(py, timeout, move |client| {
            client.publish(&topic, &payload, qos, retain)
        })
    }

    /// publish() without waiting: the message goes its way in the order of these calls.
    #[pyo3(signature = (topic, payload, qos=0, retain=false))]
    fn publish_start(
        &self,
        py: Python<'_>,
        topic: &str,
        payload: &Bound<'_, PyAny>,
        qos: i64,
        retain: bool,
    ) -> PyResult<Pending> {
        let _inside = inside(py)?;
        let qos = crate::convert::qos(py, qos)?;
        let payload = bytes(payload, "payload")?;
        let pending = self.start(py, |client| {
            client.publish_start(topic, &payload, qos, retain)
        })?;
        Ok(self.pending(py, pending))
    }

    /// The messages that this client receives, oldest first. They have one consumer; messages that come
    /// while there is none wait for it.
    ///
    /// The iteration goes on over disconnections and ends with the port.
    ///
    /// Args:
    ///     timeout: The iteration also ends when no message has come for this many seconds.
    ///
    /// Raises:
    ///     InvalidStateError: Another iterator or the callback has them.
    #[pyo3(signature = (timeout=None))]
    fn messages(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Messages> {
        let _inside = inside(py)?;
        let timeout = wait::limit(py, timeout)?;
        let messages = self.client.messages().or_raise(py)?;
        Ok(Messages::new(
            messages,
            timeout,
            self.modem.clone_ref(py).into_any(),
        ))
    }

    /// What is called with every message, on a thread of the library, one at a time and in order; None =
    /// nothing.
    ///
    /// Every call of the library may be made in it, publishing included, but Modem.close(). Exceptions
    /// in it are logged. When setting it to None returns, it does not run any more, except where it is
    /// itself the caller.
    ///
    /// Raises:
    ///     InvalidStateError: When set, while an iterator has the messages.
    #[getter]
    fn on_message(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.modem.get().on_message(self.client.index()).get(py)
    }

    #[setter]
    fn set_on_message(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<()> {
        let _inside = inside(py)?;
        let modem = self.modem.get();
        let index = self.client.index();
        let slot = modem.on_message(index);
        let id = modem.port().id();
        let (called, cleared) = (slot.clone(), self.client.clone());
        modem.port().set_callback(
            py,
            slot,
            callback,
            |_| {
                self.client.on_message(move |message| {
                    let name = || format!("on_message of client {index}");
                    called.call(id, name, |py| message::message(py, message));
                })
            },
            move |_| cleared.clear_on_message(),
        )
    }

    fn __repr__(&self) -> String {
        let modem = self.modem.get().modem();
        format!(
            "<atmqtt.Client {} of {:?}>",
            self.client.index(),
            modem.port_name()
        )
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.modem)
    }
}
