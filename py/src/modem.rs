//! `Modem`: a serial port with a module behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use atmqtt::FlowControl;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::client::Client;
use crate::convert::{bytes, class, int, member, seconds};
use crate::error::{self, OrRaise as _};
use crate::event::{self, Events};
use crate::files::Files;
use crate::info;
use crate::logging;
use crate::network::Network;
use crate::port::{Port, Slot};
use crate::process::inside;
use crate::tls::TlsContext;
use crate::wait;

/// A module on a serial port, which is opened with it.
///
/// Opening brings the line into a known state (ATQ0V1E0, AT+CMEE=1) and asks which of the six clients
/// live since before (AT+QMTOPEN?, AT+QMTCONN?). The port is locked for other programs.
///
/// A context manager: leaving it closes the port. Usable from any thread. After a fork every call in
/// the child raises ClosedError: open the port there.
///
/// Args:
///     port: Path of the serial device, as /dev/ttyUSB2.
///     baudrate: Bits per second.
///     timeout: Longest time in seconds that each call may keep its caller; None = as long as the
///         module may take. Every call takes one of its own as well. Past it, what has not begun is
///         withdrawn (TimedOutError) and what has goes on without the caller (UnconfirmedError).
///     flow_control: FlowControl.RTS_CTS or "rtscts", here and in the module (AT+IFC=2,2); None = none.
///     dtr: Whether DTR is asserted while the port is open.
///     hang_up_on_close: Whether DTR falls when the port is closed.
///     message_capacity: How many received messages wait for each client's consumer, 1 and up. A full
///         queue drops its oldest and reports Lagged.
///     urc_capacity: How many other lines of the module are kept for events(); 0 = none. The oldest
///         goes first.
///     max_payload: Longest received payload in bytes that is delivered. A longer one is skipped and
///         reported as InputLost.
///     patience: Seconds for which a module that does not answer the first command is left alone
///         before it is asked once more: it may still wait for a payload of an earlier program, which
///         it ends by its edit/timeout of 10 s.
///     trace: File for everything that passes the port in both directions, secrets masked, which
///         python -m atmqtt.emulator --replay plays to an emulated module; a file that is there is replaced; None = none.
///     silence: Seconds for which the line must be silent before the first command is sent: what comes
///         until then may be the middle of a message. 0 where nothing can be on its way, as from an
///         emulated module that has just been made.
///
/// Raises:
///     PortBusyError: Another program has the port; the text says which where it can.
///     PortNotFoundError, PortPermissionError, PortLostError: It is not there, may not be opened, or
///         is no serial port.
///     TimedOutError: No module answers.
///     InvalidArgumentError: An argument is out of range.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Modem {
    port: Arc<Port>,
    timeout: Option<f64>,
    on_message: [Slot; 6],
    on_event: Slot,
}

/// More than any memory holds.
const COUNT: i64 = u32::MAX as i64;

/// How a port is opened, as Python has it.
pub(crate) struct PortOptions<'a, 'py> {
    pub(crate) baudrate: i64,
    pub(crate) flow_control: Option<&'a Bound<'py, PyAny>>,
    pub(crate) dtr: bool,
    pub(crate) hang_up_on_close: bool,
    pub(crate) message_capacity: i64,
    pub(crate) urc_capacity: i64,
    pub(crate) max_payload: i64,
    pub(crate) patience: f64,
    pub(crate) silence: f64,
    pub(crate) trace: Option<PathBuf>,
}

impl PortOptions<'_, '_> {
    pub(crate) fn builder(self, py: Python<'_>) -> PyResult<atmqtt::ModemBuilder> {
        let flow_control = match self.flow_control {
            None => FlowControl::None,
            Some(given) => {
                let class = class!(py, "settings", "FlowControl")?;
                let value = member(class, "flow_control", given)?;
                match value.extract::<&str>()? {
                    "rtscts" => FlowControl::RtsCts,
                    _ => FlowControl::None,
                }
            }
        };
        let builder = atmqtt::Modem::builder()
            .baud_rate(int(py, "baudrate", self.baudrate, 1..=COUNT)?)
            .flow_control(flow_control)
            .dtr(self.dtr)
            .hang_up_on_close(self.hang_up_on_close)
            .message_capacity(int(
                py,
                "message_capacity",
                self.message_capacity,
                1..=COUNT,
            )?)
            .urc_capacity(int(py, "urc_capacity", self.urc_capacity, 0..=COUNT)?)
            .max_payload(int(py, "max_payload", self.max_payload, 0..=COUNT)?)
            .patience(seconds(py, "patience", self.patience)?)
            .silence(seconds(py, "silence", self.silence)?);
        Ok(match self.trace {
            Some(trace) => builder.trace(trace),
            None => builder,
        })
    }
}

#[pymethods]
impl Modem {
    #[new]
    #[pyo3(signature = (port, baudrate=115_200, *, timeout=None, flow_control=None, dtr=true,
        hang_up_on_close=false, message_capacity=1024, urc_capacity=64, max_payload=65_536,
        patience=11.0, trace=None, silence=0.1))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        port: PathBuf,
        baudrate: i64,
        timeout: Option<f64>,
        flow_control: Option<&Bound<'_, PyAny>>,
        dtr: bool,
        hang_up_on_close: bool,
        message_capacity: i64,
        urc_capacity: i64,
        max_payload: i64,
        patience: f64,
        trace: Option<PathBuf>,
        silence: f64,
    ) -> PyResult<Self> {
        let _inside = inside(py)?;
        wait::limit(py, timeout)?;
        let builder = PortOptions {
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
        }
        .builder(py)?;
        let path = port.clone();
        // The error is an outcome here: what it becomes depends on the path.
        let opened = wait::call(py, move || Ok(builder.open(&path)))?;
        let modem = opened.map_err(|error| error::raise_for_path(py, &error, &port))?;
        Ok(Self::new_from(modem, timeout))
    }

    /// The device, as it was opened.
    #[getter]
    fn port_name(&self) -> &str {
        self.modem().port_name()
    }

    /// Whether the port is open: not after close(), nor once it is lost, nor in a forked child.
    #[getter]
    fn is_open(&self) -> bool {
        self.modem().is_open()
    }

    /// Longest time in seconds that each call may keep its caller; None = as long as it may take.
    #[getter]
    fn timeout(&self) -> Option<f64> {
        self.timeout
    }

    /// One of the six MQTT clients of the module.
    ///
    /// Args:
    ///     index: 0..5.
    ///
    /// Raises:
    ///     InvalidArgumentError: Any other index.
    fn client(slf: Bound<'_, Self>, index: i64) -> PyResult<Client> {
        let py = slf.py();
        let _inside = inside(py)?;
        let index = int(py, "client index", index, 0..=5)?;
        let client = slf.get().modem().client(index).or_raise(py)?;
        Ok(Client::new(client, slf.unbind()))
    }

    /// Sends any other AT command and gives the lines of its answer, without the final OK.
    ///
    /// Refused are what the library itself does (AT+QMT...= with values), what would change how lines
    /// are read (ATE1, ATV0, ATQ1, AT&F, ATZ, AT+IPR=, A/), and what leaves command mode (ATD, ATO,
    /// AT+CMUX, AT+QFUPL, ...).
    ///
    /// Args:
    ///     line: The command, as AT+CSQ.
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Raises:
    ///     InvalidArgumentError: One of the above; nothing was sent.
    ///     ModuleError, CmeError: As the module answers.
    ///     UnconfirmedError: No final result code came in time.
    #[pyo3(signature = (line, *, timeout=None))]
    fn command(&self, py: Python<'_>, line: String, timeout: Option<f64>) -> PyResult<Vec<String>> {
        let _inside = inside(py)?;
        if self.limit(py, timeout)?.is_none() {
            logging::refresh(py)?;
            let started = py.detach(|| self.modem().command_start(&line));
            return wait::outcome(py, &started.or_raise(py)?);
        }
        self.call(py, timeout, move |modem| modem.command(&line))
    }

    /// Sends a command that prompts for data (> or CONNECT), then the data, byte for byte.
    ///
    /// Args:
    ///     line: The command.
    ///     data: What follows its prompt; a str is sent as UTF-8.
    ///     timeout: Longest time in seconds; None = that of the modem.
    ///
    /// Raises:
    ///     PortStuckError: The module never prompted, and may still wait for data.
    ///     Error: As command() does.
    #[pyo3(signature = (line, data, *, timeout=None))]
    fn command_with_data(
        &self,
        py: Python<'_>,
        line: String,
        data: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<Vec<String>> {
        let _inside = inside(py)?;
        let data = bytes(data, "data")?;
        self.call(py, timeout, move |modem| {
            modem.command_with_data(&line, &data)
        })
    }

    /// Who the module is (ATI, AT+CGSN, AT+CIMI, AT+QCCID).
    #[pyo3(signature = (*, timeout=None))]
    fn info<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let info = self.call(py, timeout, |modem| modem.info())?;
        info::module_info(py, info)
    }

    /// How well the module hears the network (AT+CSQ).
    #[pyo3(signature = (*, timeout=None))]
    fn signal<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let signal = self.call(py, timeout, |modem| modem.signal())?;
        info::signal(py, signal)
    }

    /// The files of the module: certificates, for one.
    fn files(slf: Py<Self>) -> Files {
        Files::new(slf)
    }

    /// One of the six SSL contexts of the module: what Tls(context) in Client.configure() refers to.
    ///
    /// Args:
    ///     context: 0..5.
    ///
    /// Raises:
    ///     InvalidArgumentError: Any other number.
    fn tls(slf: Bound<'_, Self>, context: i64) -> PyResult<TlsContext> {
        let py = slf.py();
        let _inside = inside(py)?;
        let context = int(py, "tls context", context, 0..=5)?;
        Ok(TlsContext::new(slf.unbind(), context))
    }

    /// The network that the module is in: SIM, registration, packet data, clock.
    fn network(slf: Py<Self>) -> Network {
        Network::new(slf)
    }

    /// What the module says that it supports: the answers to the nine test forms =?.
    ///
    /// A command that it refuses is not supported.
    #[pyo3(signature = (*, timeout=None))]
    fn capabilities<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let capabilities = self.call(py, timeout, |modem| modem.capabilities())?;
        info::capabilities(py, &capabilities)
    }

    /// The events of the port, oldest first; they have one consumer. Messages are not among them.
    ///
    /// Args:
    ///     timeout: The iteration ends when no event has come for this many seconds; None = it ends
    ///         with the port.
    ///
    /// Raises:
    ///     InvalidStateError: Another iterator or the callback has them.
    #[pyo3(signature = (timeout=None))]
    fn events(slf: Bound<'_, Self>, timeout: Option<f64>) -> PyResult<Events> {
        let py = slf.py();
        let _inside = inside(py)?;
        let timeout = wait::limit(py, timeout)?;
        let events = slf.get().modem().events().or_raise(py)?;
        Ok(Events::new(events, timeout, slf.unbind().into_any()))
    }

    /// What is called with every event, on a thread of the library, one at a time; None = nothing.
    ///
    /// Every call of the library may be made in it but close(). Exceptions in it are logged. When
    /// setting it to None returns, it does not run any more, except where it is itself the caller.
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
        let slot = self.on_event.clone();
        let id = self.port.id();
        self.port.set_callback(
            py,
            &self.on_event,
            callback,
            move |modem| {
                modem.on_event(move |event| {
                    let name = || "on_event".to_owned();
                    slot.call(id, name, |py| event::event(py, &event));
                })
            },
            atmqtt::Modem::clear_on_event,
        )
    }

    /// Closes the port: every call and wait on it ends at once with ClosedError, and the iterators end
    /// after what has arrived. A callback that runs is waited for, and what it has not had is dropped.
    /// Again: nothing. The clients in the module stay as they are: disconnect them first.
    ///
    /// Raises:
    ///     CalledFromCallbackError: In a callback of this port: tell another thread to.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.port.close_from(py, self.slots())
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

    fn __repr__(&self) -> String {
        format!("<atmqtt.Modem {:?}>", self.port_name())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for slot in self.slots() {
            slot.traverse(&visit)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        for slot in self.slots() {
            drop(slot.put(None));
        }
    }
}

impl Modem {
    pub(crate) fn new_from(modem: atmqtt::Modem, timeout: Option<f64>) -> Self {
        Self {
            port: Port::new(modem),
            timeout,
            on_message: Default::default(),
            on_event: Slot::default(),
        }
    }

    pub(crate) fn modem(&self) -> &atmqtt::Modem {
        self.port.get()
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.on_message.iter().chain([&self.on_event])
    }

    pub(crate) fn port(&self) -> &Arc<Port> {
        &self.port
    }

    /// The place of a client's message callback.
    pub(crate) fn on_message(&self, client: u8) -> &Slot {
        &self.on_message[usize::from(client)]
    }

    /// The limit on a call: its own, or else the modem's.
    pub(crate) fn limit(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Duration>> {
        wait::limit(py, timeout.or(self.timeout))
    }

    /// The modem with the limit on a call.
    pub(crate) fn limited(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<atmqtt::Modem> {
        Ok(match self.limit(py, timeout)? {
            Some(limit) => self.modem().with_timeout(limit),
            None => self.modem().clone(),
        })
    }

    /// Makes a blocking call of the library.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        job: impl FnOnce(&atmqtt::Modem) -> atmqtt::Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let modem = self.limited(py, timeout)?;
        wait::call(py, move || job(&modem))
    }
}

impl Drop for Modem {
    /// The library's thread may still run: it finds nothing to call.
    fn drop(&mut self) {
        for slot in self.slots() {
            drop(slot.put(None));
        }
    }
}
