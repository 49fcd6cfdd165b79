//! `Link`: a connection that keeps itself up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atmqtt::{ErrorKind, QoS, QueueLimits, WhenFull};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::client::{filters, signing_in};
use crate::convert::{bytes, int, qos, seconds};
use crate::delivering::{self, Callbacks, Delivering};
use crate::error::{self, OrRaise as _};
use crate::event::{self, Events};
use crate::message::{self, Messages};
use crate::modem::{Modem, PortOptions};
use crate::port::{Held, Slot, check_callable};
use crate::process::inside;
use crate::{link_values, logging, network, settings, tls, wait};

/// A connection to a broker that brings itself up and keeps itself up: it finds the port, attaches to the
/// network, configures TLS, opens, connects and subscribes, and does it again from where it has to,
/// whatever is lost on the way: connection, PDP context, module, port.
///
/// It is started with it, and comes up by itself: see wait_up(). What is published at QoS 1 and 2 while
/// it is down waits, and is sent in the order of the publishes; messages at QoS 0 do not wait. A message
/// that was accepted is sent until its outcome is known. Where a connection ends between the sending and
/// the outcome, QoS 1 is sent again, and may then arrive twice, as QoS 1 allows; when_unconfirmed says
/// what becomes of QoS 2. A message that the module refuses five times ends with that error. Without an
/// outbox, what waits is lost with the program.
///
/// A context manager: leaving it closes the link, with a goodbye to the broker. Forgetting it, or the end
/// of the program, ends it without, so that a will is published. Usable from any thread. After a fork
/// every call in the child raises ClosedError: start one there.
///
/// Args:
///     port: Path of the serial device, as /dev/ttyUSB2 or /dev/serial/by-id/...; or a UsbPort, by what
///         stays when it comes back under another name.
///     client_id: At most 256 bytes. A broker drops the older of two connections with one id.
///     broker: "host", "host:port", "[address]:port", or (host, port); the port is 1883 by default, with
///         TLS 8883.
///     brokers: A list of them, which are tried in turn.
///     username: At most 256 bytes.
///     password: At most 256 bytes; never logged.
///     subscriptions: Topic filters, made after every connect: {"topic": qos}, or what subscribe() takes.
///     apn: Apn, or its name alone, where the subscription does not bring it. Written when it differs
///         from what the module has.
///     tls: TlsConfig; None = plain TCP.
///     tls_context: SSL context 0..5 of the module for it.
///     config: A ClientConfig with other settings; the four below replace its fields.
///     pdp_context: PDP context 1..16; default 1.
///     keepalive: Keep-alive in seconds 0..3600, 0 = off; default 120.
///     clean_session: Whether the broker forgets the session, default True. What must not be missed
///         while the link is down needs False.
///     will: Will, or False = none, the default.
///     client: Which of the six clients of the module it uses, 0..5. The others are left alone.
///     attach_timeout: How long in seconds one attempt waits for SIM, registration and PDP context
///         before it counts as failed. None = does not look at them.
///     when_alive: WhenAlive or "replace", "adopt": what to do with a client that is still connected from
///         an earlier run. Default: adopt, with an outbox replace.
///     backoff: Backoff: how long it waits between attempts.
///     queue_messages: How many messages may wait, 1 and up, those under way among them.
///     queue_bytes: How many bytes of their topics and payloads, 4096 and up.
///     when_full: WhenFull or "block", "refuse", "drop oldest": what happens to one more.
///     when_unconfirmed: WhenUnconfirmed or "report", "resend": what becomes of a QoS 2 message whose
///         sending was cut short.
///     outbox: A file in which messages of QoS 1 and 2 are kept until they are delivered, so that they
///         survive the end of the program and a loss of power. It belongs to one link at a time.
///         What an earlier run has left ends with a Completed event. A message that failed stays in the
///         file until the program knows of it, so that one that is killed before is told by its next run:
///         until the event after its own was asked for, or its Delivering is gone. It may be told twice.
///         Of failures that nobody asks for the file keeps as many as may wait, the last ones.
///     check_every: Seconds after which a link that is up asks the module whether it still is
///         (AT+QMTCONN?); 0 or None = never.
///     restart_time: How long in seconds a restart of the module may take until it says RDY.
///     power_hook: The last resort for a module that does not answer, after a restart by AT+CFUN=1,1:
///         a function without arguments that switches its power, or pulls its reset pin. It is called on
///         a thread of the library and may block, but not wait for the link. Exceptions in it are logged.
///     baudrate, flow_control, dtr, hang_up_on_close, message_capacity, urc_capacity, max_payload,
///         patience, silence, trace: As of Modem.
///
/// Raises:
///     InvalidArgumentError: What can be known without a module.
///     StorageError: The outbox cannot be opened.
///     InvalidStateError: Another link has the outbox.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Link {
    link: Arc<Held<atmqtt::Link>>,
    client: u8,
    /// A full queue makes a publish wait.
    blocks: bool,
    on_message: Slot,
    on_event: Slot,
    power_hook: Slot,
    callbacks: PyOnceLock<Arc<Callbacks>>,
}

#[pymethods]
impl Link {
    #[new]
    #[pyo3(signature = (port, client_id, broker=None, *, brokers=None, username=None, password=None,
        subscriptions=None, apn=None, tls=None, tls_context=2, config=None, pdp_context=None,
        keepalive=None, clean_session=None, will=None, client=0, attach_timeout=180.0,
        when_alive=None, backoff=None, queue_messages=10_000, queue_bytes=4_194_304, when_full=None,
        when_unconfirmed=None, outbox=None, check_every=60.0, restart_time=20.0, power_hook=None,
        baudrate=115_200, flow_control=None, dtr=true, hang_up_on_close=false, message_capacity=1024,
        urc_capacity=64, max_payload=65_536, patience=11.0, silence=0.1, trace=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        port: &Bound<'_, PyAny>,
        client_id: &str,
        broker: Option<&Bound<'_, PyAny>>,
        brokers: Option<&Bound<'_, PyAny>>,
        username: Option<String>,
        password: Option<String>,
        subscriptions: Option<&Bound<'_, PyAny>>,
        apn: Option<&Bound<'_, PyAny>>,
        tls: Option<&Bound<'_, PyAny>>,
        tls_context: i64,
        config: Option<&Bound<'_, PyAny>>,
        pdp_context: Option<&Bound<'_, PyAny>>,
        keepalive: Option<&Bound<'_, PyAny>>,
        clean_session: Option<&Bound<'_, PyAny>>,
        will: Option<&Bound<'_, PyAny>>,
        client: i64,
        attach_timeout: Option<f64>,
        when_alive: Option<&Bound<'_, PyAny>>,
        backoff: Option<&Bound<'_, PyAny>>,
        queue_messages: i64,
        queue_bytes: i64,
        when_full: Option<&Bound<'_, PyAny>>,
        when_unconfirmed: Option<&Bound<'_, PyAny>>,
        outbox: Option<PathBuf>,
        check_every: Option<f64>,
        restart_time: f64,
        power_hook: Option<Bound<'_, PyAny>>,
        baudrate: i64,
        flow_control: Option<&Bound<'_, PyAny>>,
        dtr: bool,
        hang_up_on_close: bool,
        message_capacity: i64,
        urc_capacity: i64,
        max_payload: i64,
        patience: f64,
        silence: f64,
        trace: Option<PathBuf>,
    ) -> PyResult<Self> {
        let _inside = inside(py)?;
        let client = int(py, "client index", client, 0..=5)?;
        let modem = PortOptions {
            baudrate,
            flow_control,
            dtr,
            hang_up_on_close,
            message_capacity,
            urc_capacity,
            max_payload,
            patience,
            silence,
            trace,
        };
        let config = settings::config_from(
            py,
            config,
            &[
                ("pdp_context", pdp_context),
                ("keepalive", keepalive),
                ("clean_session", clean_session),
                ("will", will),
            ],
        )?;
        let queue = QueueLimits {
            messages: int(py, "queue_messages", queue_messages, 1..=i64::MAX)?,
            bytes: int(py, "queue_bytes", queue_bytes, 4096..=i64::MAX)?,
            when_full: when_full.map_or(Ok(WhenFull::Block), link_values::when_full)?,
        };
        let attach_timeout = attach_timeout.map(|time| seconds(py, "attach_timeout", time));
        let check_every = check_every.unwrap_or_default();
        let connect = signing_in(client_id, username, password)?;
        let mut builder = atmqtt::Link::builder(link_values::port(port)?, connect)
            .modem(modem.builder(py)?)
            .client(client)
            .client_config(config)
            .attach(attach_timeout.transpose()?)
            .queue(queue)
            .check_every(seconds(py, "check_every", check_every)?)
            .restart_time(seconds(py, "restart_time", restart_time)?);
        let usual_port = if tls.is_some() { 8883 } else { 1883 };
        let mut listed = Vec::from_iter(broker.cloned());
        if let Some(brokers) = brokers {
            for broker in brokers.try_iter()? {
                listed.push(broker?);
            }
        }
        for broker in &listed {
            let (host, port) = link_values::broker(broker, usual_port)?;
            builder = builder.broker(host, port);
        }
        if let Some(tls) = tls {
            let context = int(py, "tls_context", tls_context, 0..=5)?;
            builder = builder.tls(context, tls::config_from(tls, "tls")?);
        }
        if let Some(apn) = apn {
            builder = builder.apn(network::apn_from(apn)?);
        }
        if let Some(subscriptions) = subscriptions {
            for (topic, qos) in link_values::subscriptions(subscriptions)? {
                builder = builder.subscribe(topic, qos);
            }
        }
        if let Some(when_alive) = when_alive {
            builder = builder.when_alive(link_values::when_alive(when_alive)?);
        }
        if let Some(when_unconfirmed) = when_unconfirmed {
            let when = link_values::when_unconfirmed(when_unconfirmed)?;
            builder = builder.when_unconfirmed(when);
        }
        if let Some(backoff) = backoff {
            builder = builder.backoff(link_values::backoff(backoff)?);
        }
        let mut path = PathBuf::new();
        if let Some(outbox) = outbox {
            path.clone_from(&outbox);
            builder = with_outbox(py, builder, outbox)?;
        }
        let slot = Slot::default();
        // Known before the link is: its callbacks are told by it.
        let id = Arc::new(std::sync::OnceLock::new());
        if let Some(hook) = power_hook {
            check_callable(&hook, "power_hook must be callable or None")?;
            drop(slot.put(Some(hook.unbind())));
            let (slot, id) = (slot.clone(), Arc::clone(&id));
            builder = builder.power_hook(move || {
                let id = id.get().copied().unwrap_or_default();
                slot.call0(id, || "power_hook".to_owned());
                Ok(())
            });
        }
        // The error is an outcome here: what it becomes depends on the path.
        let started = wait::call(py, move || {
            Ok(builder.start().map(|link| {
                let link = Held::new(link);
                let _ = id.set(link.id());
                link
            }))
        })?;
        let link = started.map_err(|error| error::raise_for_path(py, &error, &path))?;
        Ok(Self {
            link,
            client,
            blocks: queue.when_full == WhenFull::Block,
            on_message: Slot::default(),
            on_event: Slot::default(),
            power_hook: slot,
            callbacks: PyOnceLock::new(),
        })
    }

    /// Where the link stands: a LinkState.
    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let state = py.detach(|| self.link.get().state());
        link_values::state(py, state)
    }

    /// How the link is and has been: a LinkStatus.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let status = py.detach(|| self.link.get().status()).or_raise(py)?;
        link_values::status(py, status)
    }

    /// Waits until the link is up.
    ///
    /// Args:
    ///     timeout: Longest time in seconds; None = as long as it takes.
    ///
    /// Raises:
    ///     TimedOutError: With where it stands and what the last trouble was.
    ///     Error: The one behind LinkState.REFUSED, as soon as it stands there: BrokerRefusedError for bad
    ///         credentials.
    ///     ClosedError: It is closed.
    #[pyo3(signature = (timeout=None))]
    fn wait_up(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        let limit = wait::limit(py, timeout)?;
        let link = self.link.get();
        let mut last = None;
        let up = wait::look(py, limit, |slice| match link.wait_up(slice) {
            Err(error) if error.kind() == ErrorKind::Timeout => {
                last = Some(error);
                None
            }
            other => Some(other),
        })?;
        match (up, last) {
            (Some(up), _) => up.or_raise(py),
            (None, Some(error)) => Err(error::raise(py, &error)),
            (None, None) => Err(error::timed_out(py, "the link is not up in time")),
        }
    }

    /// Ends a wait for the next attempt, as after the cause of a refusal was removed; the next wait is the
    /// shortest again.
    fn retry(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = inside(py)?;
        py.detach(|| self.link.get().retry());
        Ok(())
    }

    /// The modem of the moment, for other commands: AT+CSQ, files, the network.
    ///
    /// It is closed when the link loses its port, and the link then has another. Its messages and events
    /// are those of the link, and callbacks cannot be set on it.
    ///
    /// Raises:
    ///     InvalidStateError: The link has no port open.
    fn modem(&self, py: Python<'_>) -> PyResult<Modem> {
        let _inside = inside(py)?;
        let modem = py.detach(|| self.link.get().modem()).or_raise(py)?;
        Ok(Modem::new_from(modem, None))
    }

    /// Publishes a message and waits for its outcome; publish_start() does not wait.
    ///
    /// At QoS 1 and 2 that may take as long as the link is down.
    ///
    /// Args:
    ///     topic: Without quotation marks and control bytes.
    ///     payload: At most 1500 bytes, of any kind; a str is sent as UTF-8.
    ///     qos: 0, 1 or 2.
    ///     retain: Whether the broker keeps it for later subscribers.
    ///     timeout: Longest time in seconds; None = as long as it takes. Past it the message goes on without
    ///         its caller.
    ///
    /// Raises:
    ///     InvalidArgumentError, DisconnectedError, QueueFullError, StorageError, ClosedError: As of
    ///         publish_start(): it was not accepted. Also QueueFullError where it had to make room for
    ///         another (WhenFull.DROP_OLDEST), and ClosedError where the link is closed meanwhile.
    ///     UnconfirmedError: A message of QoS 2 that was cut short (WhenUnconfirmed.REPORT), one of QoS 0
    ///         whose outcome is unknown, or the timeout is over.
    ///     ModuleError, CmeError: The module keeps refusing it.
    #[pyo3(signature = (topic, payload, qos=1, retain=false, *, timeout=None))]
    fn publish(
        &self,
        py: Python<'_>,
        topic: &str,
        payload: &Bound<'_, PyAny>,
        qos: i64,
        retain: bool,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let limit = wait::limit(py, timeout)?;
        let until = limit.map(|limit| Instant::now() + limit);
        let delivering = self.accept(py, topic, payload, qos, retain, limit)?;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        delivering::outcome(py, &delivering, left)
    }

    /// Publishes a message without waiting for its outcome: a Delivering.
    ///
    /// When this returns the message is accepted: it is sent until its outcome is known, and with an outbox
    /// it is on disk.
    ///
    /// Args:
    ///     topic: Without quotation marks and control bytes.
    ///     payload: At most 1500 bytes, of any kind; a str is sent as UTF-8.
    ///     qos: 0, 1 or 2.
    ///     retain: Whether the broker keeps it for later subscribers.
    ///     timeout: Longest time in seconds to wait for room in the queue (WhenFull.BLOCK); None = as long
    ///         as it takes.
    ///
    /// Raises:
    ///     InvalidArgumentError: The topic or payload cannot be sent.
    ///     DisconnectedError: QoS 0, and the link is not up.
    ///     QueueFullError: There is no room.
    ///     StorageError: The outbox cannot be written.
    ///     ClosedError: The link is closed.
    #[pyo3(signature = (topic, payload, qos=1, retain=false, *, timeout=None))]
    fn publish_start(
        slf: Bound<'_, Self>,
        topic: &str,
        payload: &Bound<'_, PyAny>,
        qos: i64,
        retain: bool,
        timeout: Option<f64>,
    ) -> PyResult<Delivering> {
        let py = slf.py();
        let _inside = inside(py)?;
        let limit = wait::limit(py, timeout)?;
        let delivering = slf.get().accept(py, topic, payload, qos, retain, limit)?;
        Ok(Delivering::new(delivering, slf.unbind()))
    }

    /// Subscribes to topic filters, now where the link is up, and after every connect. What the broker
    /// makes of each is told each time by an event, Subscribed.
    ///
    /// Args:
    ///     topic: A topic filter, or a list of (topic filter, qos).
    ///     qos: QoS of a topic that brings none of its own.
    ///
    /// Raises:
    ///     InvalidArgumentError: A topic that is empty or too long, or has quotation marks or control bytes.
    #[pyo3(signature = (topic, qos=1))]
    fn subscribe(&self, py: Python<'_>, topic: &Bound<'_, PyAny>, qos: i64) -> PyResult<()> {
        let _inside = inside(py)?;
        let topics: Vec<(String, QoS)> = filters(topic, qos)?;
        let link = self.link.get();
        let all = || {
            topics
                .iter()
                .try_for_each(|(topic, qos)| link.subscribe(topic, *qos))
        };
        py.detach(all).or_raise(py)
    }

    /// Ends a subscription; whether there was one. Messages that are on their way may still come.
    fn unsubscribe(&self, py: Python<'_>, topic: &str) -> PyResult<bool> {
        let _inside = inside(py)?;
        py.detach(|| self.link.get().unsubscribe(topic))
            .or_raise(py)
    }

    /// Waits until nothing waits to be sent; whether that is so.
    ///
    /// Args:
    ///     timeout: Longest time in seconds; None = as long as it takes.
    #[pyo3(signature = (timeout=None))]
    fn flush(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let _inside = inside(py)?;
        let limit = wait::limit(py, timeout)?;
        let link = self.link.get();
        let empty = wait::look(py, limit, |slice| match link.flush(slice) {
            Ok(false) => None,
            other => Some(other),
        })?;
        empty.unwrap_or(Ok(false)).or_raise(py)
    }

    /// The messages that the link receives, oldest first, over all its connections. They have one consumer;
    /// messages that come while there is none wait for it.
    ///
    /// Args:
    ///     timeout: The iteration ends when no message has come for this many seconds; None = it ends with
    ///         the link.
    ///
    /// Raises:
    ///     InvalidStateError: Another iterator or the callback has them.
    #[pyo3(signature = (timeout=None))]
    fn messages(slf: Bound<'_, Self>, timeout: Option<f64>) -> PyResult<Messages> {
        let py = slf.py();
        let _inside = inside(py)?;
        let timeout = wait::limit(py, timeout)?;
        let messages = slf.get().link.get().messages().or_raise(py)?;
        Ok(Messages::new(messages, timeout, slf.unbind().into_any()))
    }

    /// The events of the link, oldest first; they have one consumer: LinkChange for every change of its
    /// state, Subscribed, and those of its ports but PortClosed. Messages are not among them.
    ///
    /// Args:
    ///     timeout: The iteration ends when no event has come for this many seconds; None = it ends with
    ///         the link.
    ///
    /// Raises:
    ///     InvalidStateError: Another iterator or the callback has them.
    #[pyo3(signature = (timeout=None))]
    fn events(slf: Bound<'_, Self>, timeout: Option<f64>) -> PyResult<Events> {
        let py = slf.py();
        let _inside = inside(py)?;
        let timeout = wait::limit(py, timeout)?;
        let events = slf.get().link.get().events().or_raise(py)?;
        Ok(Events::new(events, timeout, slf.unbind().into_any()))
    }

    /// What is called with every message, on a thread of the library, one at a time and in order; None =
    /// nothing.
    ///
    /// Every call of the library may be made in it, publishing included, but close(). Exceptions in it are
    /// logged. When setting it to None returns, it does not run any more, except where it is itself the
    /// caller.
    ///
    /// Raises:
    ///     InvalidStateError: When set, while an iterator has the messages.
    #[getter]
    fn on_message(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.on_message.get(py)
    }

    #[setter]
    fn set_on_message(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<()> {
        let _inside = inside(py)?;
        let (called, id) = (self.on_message.clone(), self.link.id());
        self.link.set_callback(
            py,
            &self.on_message,
            callback,
            move |link| {
                link.on_message(move |message| {
                    let name = || "on_message of a link".to_owned();
                    called.call(id, name, |py| message::message(py, message));
                })
            },
            atmqtt::Link::clear_on_message,
        )
    }

    /// What is called with every event, on a thread of the library, one at a time; None = nothing.
    ///
    /// Every call of the library may be made in it but close(). Exceptions in it are logged. When setting
    /// it to None returns, it does not run any more, except where it is itself the caller.
    ///
    /// Raises:
    ///     InvalidStateError: When set, while an iterator has the events.
    #[getter]
    fn on_event(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.on_event.get(py)
    }

    #[setter]
    fn set_on_event(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<()> {
        let _inside = inside(py)?;
        let (called, id) = (self.on_event.clone(), self.link.id());
        self.link.set_callback(
            py,
            &self.on_event,
            callback,
            move |link| {
                link.on_event(move |event| {
                    let name = || "on_event of a link".to_owned();
                    called.call(id, name, |py| event::event(py, &event));
                })
            },
            atmqtt::Link::clear_on_event,
        )
    }

    /// Ends the link: says goodbye to the broker where it is up, which takes up to 10 s, and closes the
    /// port. Messages that wait end with ClosedError, but stay in the outbox where there is one: see flush().
    /// A callback that runs is waited for, and what it has not had is dropped. Again: nothing.
    ///
    /// Raises:
    ///     CalledFromCallbackError: In a callback of this link, power_hook included: tell another thread to.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.link.close_from(py, self.slots())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exc_type, exc_value, traceback);
        self.close(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let _inside = inside(py)?;
        let state = py.detach(|| self.link.get().state());
        Ok(format!("<atmqtt.Link of client {}, {state}>", self.client))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.slots()
            .into_iter()
            .try_for_each(|slot| slot.traverse(&visit))
    }

    fn __clear__(&self) {
        for slot in self.slots() {
            drop(slot.put(None));
        }
    }
}

impl Link {
    fn slots(&self) -> [&Slot; 3] {
        [&self.on_message, &self.on_event, &self.power_hook]
    }

    /// The thread for the callbacks of outcomes.
    pub(crate) fn callbacks(&self, py: Python<'_>) -> PyResult<&Arc<Callbacks>> {
        self.callbacks.get_or_try_init(py, || {
            Callbacks::start().map_err(|error| error::internal(py, &error.to_string()))
        })
    }

    /// Has the library accept a message, as soon as there is room for it.
    fn accept(
        &self,
        py: Python<'_>,
        topic: &str,
        payload: &Bound<'_, PyAny>,
        level: i64,
        retain: bool,
        limit: Option<Duration>,
    ) -> PyResult<atmqtt::Delivering> {
        let qos = qos(py, level)?;
        let payload = bytes(payload, "payload")?;
        logging::refresh(py)?;
        let link = self.link.get();
        let accepted = wait::look(py, limit, |slice| {
            let link = link.with_timeout(slice);
            match link.publish_start(topic, &payload, qos, retain) {
                Err(error) if self.blocks && error.kind() == ErrorKind::QueueFull => None,
                other => Some(other),
            }
        })?;
        match accepted {
            Some(accepted) => accepted.or_raise(py),
            None => {
                let waited = limit.unwrap_or_default();
                Err(error::queue_full(
                    py,
                    &format!("no room for the message within {waited:?}"),
                ))
            }
        }
    }
}

impl Drop for Link {
    /// The library's threads may still run: they find nothing to call.
    fn drop(&mut self) {
        for slot in self.slots() {
            drop(slot.put(None));
        }
    }
}

#[cfg(feature = "outbox")]
fn with_outbox(
    _py: Python<'_>,
    builder: atmqtt::LinkBuilder,
    path: PathBuf,
) -> PyResult<atmqtt::LinkBuilder> {
    Ok(builder.outbox(path))
}

#[cfg(not(feature = "outbox"))]
fn with_outbox(
    py: Python<'_>,
    _builder: atmqtt::LinkBuilder,
    path: PathBuf,
) -> PyResult<atmqtt::LinkBuilder> {
    let wanted = "None: this build of the package has no outbox";
    Err(error::argument(py, "outbox", path.display(), wanted))
}
