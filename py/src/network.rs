//! `Network`: the network that the module is in.

use atmqtt::{
    AccessTechnology, Apn, Authentication, ContextAddress, DateTime, IpType, Operator, Readiness,
    Registration, RegistrationStatus, ServiceRegistration, SimState, UrcPort,
};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{class, int, member};
use crate::error;
use crate::modem::Modem;
use crate::process::inside;
use crate::{info, wait};

/// The network that the module is in; Modem.network() gives it.
///
/// MQTT needs none of this where the SIM has no PIN and the subscription brings its access point:
/// AT+QMTOPEN activates its context by itself. Every call takes its timeout= in seconds for each of its
/// commands, or else that of the modem.
///
/// Raises (of every call):
///     InvalidArgumentError: Nothing was sent.
///     ModuleError, CmeError: As the module answers.
///     OperationFailedError: The answer has another shape.
///     UnconfirmedError: No final result code came in time.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Network {
    modem: Py<Modem>,
}

impl Network {
    pub(crate) fn new(modem: Py<Modem>) -> Self {
        Self { modem }
    }

    fn call<T: Send + 'static>(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        job: impl FnOnce(&atmqtt::Network) -> atmqtt::Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let modem = self.modem.get();
        modem.call(py, timeout, move |modem| job(&modem.network()))
    }
}

/// A PDP context.
fn context_of(py: Python<'_>, context: i64) -> PyResult<u8> {
    int(py, "context", context, 1..=16)
}

#[pymethods]
impl Network {
    /// The module's registration for each kind of service (AT+CREG?, AT+CGREG?, AT+CEREG?).
    #[pyo3(signature = (*, timeout=None))]
    fn registration<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let found = self.call(py, timeout, |network| network.registration())?;
        registration(py, &found)
    }

    /// How well the module hears the network (AT+CSQ); the same as Modem.signal().
    #[pyo3(signature = (*, timeout=None))]
    fn signal<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let signal = self.call(py, timeout, |network| network.signal())?;
        info::signal(py, signal)
    }

    /// Who runs the network, and where in the spectrum (AT+COPS?, AT+QNWINFO): an Operator.
    ///
    /// Takes up to 180 s while the module searches.
    #[pyo3(signature = (*, timeout=None))]
    fn operator<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let found = self.call(py, timeout, |network| network.operator())?;
        operator(py, found)
    }

    /// What the SIM card is at (AT+CPIN?): a SimState. A card that is missing, blocked or busy is an
    /// answer here and no error.
    #[pyo3(signature = (*, timeout=None))]
    fn sim<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let state = self.call(py, timeout, |network| network.sim())?;
        sim(py, &state)
    }

    /// Sets the access point of a PDP context (AT+QICSGP).
    ///
    /// The module takes it up at the next activation and forgets it when it restarts. Every value is
    /// written, empty ones too, so that nothing of an earlier program stays.
    ///
    /// Args:
    ///     context: 1..16.
    ///     apn: Apn, or its name alone.
    ///     timeout: Longest time in seconds; None = that of the modem.
    #[pyo3(signature = (context, apn, *, timeout=None))]
    fn set_apn(
        &self,
        py: Python<'_>,
        context: i64,
        apn: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let context = context_of(py, context)?;
        let apn = apn_from(apn)?;
        self.call(py, timeout, move |network| network.set_apn(context, &apn))
    }

    /// The access point of PDP context 1..16 (AT+QICSGP=context): an Apn.
    #[pyo3(signature = (context, *, timeout=None))]
    fn apn<'py>(
        &self,
        py: Python<'py>,
        context: i64,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let context = context_of(py, context)?;
        let apn = self.call(py, timeout, move |network| network.apn(context))?;
        apn_to(py, apn)
    }

    /// Activates PDP context 1..16 (AT+QIACT). Takes up to 150 s.
    ///
    /// A context that is active already is none the worse for it.
    ///
    /// Raises:
    ///     ModuleError, CmeError: With what AT+QIGETERROR gives as the reason.
    #[pyo3(signature = (context, *, timeout=None))]
    fn activate(&self, py: Python<'_>, context: i64, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        let context = context_of(py, context)?;
        self.call(py, timeout, move |network| network.activate(context))
    }

    /// Deactivates PDP context 1..16 (AT+QIDEACT), which ends every connection on it. Takes up to 40 s.
    ///
    /// A context that is not active is none the worse for it.
    #[pyo3(signature = (context, *, timeout=None))]
    fn deactivate(&self, py: Python<'_>, context: i64, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        let context = context_of(py, context)?;
        self.call(py, timeout, move |network| network.deactivate(context))
    }

    /// The addresses of PDP context 1..16 (AT+QIACT?): a ContextAddress, or None: it is not active.
    #[pyo3(signature = (context, *, timeout=None))]
    fn address<'py>(
        &self,
        py: Python<'py>,
        context: i64,
        timeout: Option<f64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let _inside = inside(py)?;
        let context = context_of(py, context)?;
        let found = self.call(py, timeout, move |network| network.address(context))?;
        found.map(|found| address(py, &found)).transpose()
    }

    /// Waits until MQTT can begin: the SIM is ready, the module is registered, and the PDP context is
    /// active; activates it when its turn comes. Gives the context's addresses.
    ///
    /// Asks about once a second. A module that is starting or out of coverage is waited for.
    ///
    /// Args:
    ///     context: PDP context 1..16.
    ///     timeout: Longest time in seconds, and at most the one second and the command that is under
    ///         way then.
    ///     progress: Called with what each answer says (SimState, Registration, Activating, Ready,
    ///         Trouble), on this thread. An exception in it ends the call.
    ///
    /// Raises:
    ///     TimedOutError: With what was missing last.
    ///     InvalidStateError: At once where the SIM wants a PIN or PUK.
    ///     PortLostError, PortStuckError: At once.
    #[pyo3(signature = (context=1, timeout=120.0, progress=None))]
    fn wait_ready<'py>(
        &self,
        py: Python<'py>,
        context: i64,
        timeout: f64,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let context = context_of(py, context)?;
        let limit = wait::limit(py, Some(timeout))?.unwrap_or(wait::FOREVER);
        let modem = self.modem.get().limited(py, None)?;
        let found = wait::call_with_progress(
            py,
            move |tell| {
                modem
                    .network()
                    .wait_ready(context, limit, |readiness| tell(readiness.clone()))
            },
            |state| match progress {
                Some(progress) => progress.call1((readiness(py, &state)?,)).map(drop),
                None => Ok(()),
            },
        )?;
        address(py, &found)
    }

    /// Where the module prints what nobody asked for (AT+QURCCFG="urcport"): a UrcPort, or a str where it
    /// is a port of another family.
    ///
    /// The results of MQTT commands are among it: on any other port than this, every open, connect,
    /// subscription and publish ends without its result.
    #[pyo3(signature = (*, timeout=None))]
    fn urc_port<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        match self.call(py, timeout, |network| network.urc_port())? {
            UrcPort::Other(name) => Ok(PyString::new(py, &name).into_any()),
            known => class!(py, "network", "UrcPort")?.call1((known.wire_name(),)),
        }
    }

    /// Sets where the module prints what nobody asked for (AT+QURCCFG="urcport",...).
    ///
    /// At once, and the module keeps it over a restart; not every module knows every port.
    ///
    /// Args:
    ///     port: UrcPort, or the name on the wire.
    ///     timeout: Longest time in seconds; None = that of the modem.
    #[pyo3(signature = (port, *, timeout=None))]
    fn set_urc_port(
        &self,
        py: Python<'_>,
        port: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let name: String = match port.cast::<PyString>() {
            Ok(name) => name.to_str()?.to_owned(),
            Err(_) => member(class!(py, "network", "UrcPort")?, "port", port)?.extract()?,
        };
        let port = UrcPort::from_wire_name(&name);
        self.call(py, timeout, move |network| network.set_urc_port(&port))
    }

    /// The module's clock (AT+CCLK?): a datetime with the offset that the module has.
    ///
    /// By the standard its fields are local time, which this goes by; a module that was told to keep UTC
    /// (AT+CTZU=1 on some firmware) prints UTC in front of the offset all the same.
    #[pyo3(signature = (*, timeout=None))]
    fn clock<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let time = self.call(py, timeout, |network| network.clock())?;
        let datetime = py.import("datetime")?;
        let minutes = 15 * i32::from(time.offset_quarters);
        // timedelta(days, seconds)
        let offset = datetime.getattr("timedelta")?.call1((0, 60 * minutes))?;
        let zone = datetime.getattr("timezone")?.call1((offset,))?;
        datetime.getattr("datetime")?.call1((
            time.year,
            time.month,
            time.day,
            time.hour,
            time.minute,
            time.second,
            0,
            zone,
        ))
    }

    /// Sets the module's clock (AT+CCLK). The time of the network may replace it (AT+CTZU).
    ///
    /// Args:
    ///     time: A datetime with a time zone whose offset is whole quarters of an hour, 1970..2069;
    ///         None = now, in UTC.
    ///     timeout: Longest time in seconds; None = that of the modem.
    #[pyo3(signature = (time=None, *, timeout=None))]
    fn set_clock(
        &self,
        py: Python<'_>,
        time: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let time = match time {
            None => DateTime::from(std::time::SystemTime::now()),
            Some(time) => date_time(time)?,
        };
        self.call(py, timeout, move |network| network.set_clock(&time))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.modem)
    }
}

fn date_time(time: &Bound<'_, PyAny>) -> PyResult<DateTime> {
    let py = time.py();
    let offset = time
        .call_method0("utcoffset")
        .map_err(|_| PyTypeError::new_err("time must be a datetime"))?;
    if offset.is_none() {
        let wanted = "one with a time zone, as datetime.now(timezone.utc)";
        return Err(error::argument(py, "time", time.str()?, wanted));
    }
    let seconds: f64 = offset.call_method0("total_seconds")?.extract()?;
    if seconds % 900.0 != 0.0 {
        let wanted = "whole quarters of an hour";
        return Err(error::argument(py, "offset to UTC", offset.str()?, wanted));
    }
    Ok(DateTime {
        year: time.getattr("year")?.extract()?,
        month: time.getattr("month")?.extract()?,
        day: time.getattr("day")?.extract()?,
        hour: time.getattr("hour")?.extract()?,
        minute: time.getattr("minute")?.extract()?,
        second: time.getattr("second")?.extract()?,
        offset_quarters: (seconds / 900.0) as i8,
    })
}

type Value<'py> = PyResult<Bound<'py, PyAny>>;

fn technology(py: Python<'_>, technology: AccessTechnology) -> Value<'_> {
    class!(py, "network", "AccessTechnology")?.call1((match technology {
        AccessTechnology::Gsm => "GSM",
        AccessTechnology::Umts => "UMTS",
        AccessTechnology::Lte => "LTE",
        AccessTechnology::LteM => "LTE-M",
        AccessTechnology::NbIot => "NB-IoT",
        _ => "other",
    },))
}

fn service<'py>(
    py: Python<'py>,
    service: Option<&ServiceRegistration>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(service) = service else {
        return Ok(None);
    };
    let status = match service.status {
        RegistrationStatus::NotRegistered => 0,
        RegistrationStatus::Home => 1,
        RegistrationStatus::Searching => 2,
        RegistrationStatus::Denied => 3,
        RegistrationStatus::Unknown => 4,
        RegistrationStatus::Roaming => 5,
        RegistrationStatus::Other(number) => number,
        _ => 4,
    };
    let technology = match service.technology {
        Some(found) => Some(technology(py, found)?),
        None => None,
    };
    class!(py, "network", "ServiceRegistration")?
        .call1((
            class!(py, "network", "RegistrationStatus")?.call1((status,))?,
            service.area,
            service.cell,
            technology,
        ))
        .map(Some)
}

fn registration<'py>(py: Python<'py>, found: &Registration) -> Value<'py> {
    class!(py, "network", "Registration")?.call1((
        service(py, found.circuit.as_ref())?,
        service(py, found.packet.as_ref())?,
        service(py, found.eps.as_ref())?,
        found.is_registered(),
    ))
}

fn operator(py: Python<'_>, found: Operator) -> Value<'_> {
    let technology = match found.technology {
        Some(found) => Some(technology(py, found)?),
        None => None,
    };
    class!(py, "network", "Operator")?.call1((
        found.name,
        found.numeric,
        technology,
        found.access,
        found.band,
        found.channel,
    ))
}

fn sim<'py>(py: Python<'py>, state: &SimState) -> Value<'py> {
    let name = match state {
        SimState::Ready => "ready",
        SimState::PinRequired => "pin required",
        SimState::PukRequired => "puk required",
        SimState::Absent => "absent",
        SimState::Busy => "busy",
        SimState::Failed => "failed",
        SimState::Other(words) => words,
        _ => "unknown",
    };
    class!(py, "network", "SimState")?.call1((name, state.to_string()))
}

fn address<'py>(py: Python<'py>, found: &ContextAddress) -> Value<'py> {
    class!(py, "network", "ContextAddress")?.call1((found.v4, found.v6))
}

fn readiness<'py>(py: Python<'py>, state: &Readiness) -> Value<'py> {
    match state {
        Readiness::Sim(state) => sim(py, state),
        Readiness::Registration(found) => registration(py, found),
        Readiness::Activating => class!(py, "network", "Activating")?.call0(),
        Readiness::Ready(found) => class!(py, "network", "Ready")?.call1((address(py, found)?,)),
        Readiness::Trouble(error) => {
            class!(py, "network", "Trouble")?.call1((error::exception(py, error)?,))
        }
        other => Err(error::internal(py, &format!("no class for {other:?}"))),
    }
}

pub(crate) fn apn_from(given: &Bound<'_, PyAny>) -> PyResult<Apn> {
    let py = given.py();
    if let Ok(name) = given.cast::<PyString>() {
        return Ok(Apn::new(name.to_str()?));
    }
    if !given.is_instance(class!(py, "network", "Apn")?)? {
        return Err(PyTypeError::new_err("apn must be an Apn or a str"));
    }
    let text = |name| -> PyResult<String> { given.getattr(name)?.extract() };
    let member =
        |class, name| -> PyResult<String> { member(class, name, &given.getattr(name)?)?.extract() };
    let ip_type = member(class!(py, "network", "IpType")?, "ip_type")?;
    let shown = member(class!(py, "network", "Authentication")?, "authentication")?;
    let apn = Apn::new(text("name")?).ip_type(match ip_type.as_str() {
        "IPv6" => IpType::V6,
        "IPv4v6" => IpType::V4V6,
        _ => IpType::V4,
    });
    let shown = match shown.as_str() {
        "PAP" => Authentication::Pap,
        "CHAP" => Authentication::Chap,
        "PAP or CHAP" => Authentication::PapOrChap,
        _ => Authentication::None,
    };
    Ok(apn.credentials(text("username")?, text("password")?, shown))
}

fn apn_to(py: Python<'_>, apn: Apn) -> Value<'_> {
    let ip_type = class!(py, "network", "IpType")?.call1((match apn.ip_type {
        IpType::V6 => "IPv6",
        IpType::V4V6 => "IPv4v6",
        _ => "IPv4",
    },))?;
    let shown = class!(py, "network", "Authentication")?.call1((match apn.authentication {
        Authentication::Pap => "PAP",
        Authentication::Chap => "CHAP",
        Authentication::PapOrChap => "PAP or CHAP",
        _ => "none",
    },))?;
    let password = apn.password.reveal();
    class!(py, "network", "Apn")?.call1((apn.name, ip_type, apn.username, password, shown))
}
