//! What a link is told and what it tells, between `atmqtt.link` and the library.

use std::ffi::OsString;

use atmqtt::{
    Backoff, LinkCause, LinkChange, LinkPort, LinkState, LinkStatus, QoS, UsbPort, WhenAlive,
    WhenFull, WhenUnconfirmed,
};
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::convert::{class, int, member, seconds};
use crate::error::OrRaise as _;
use crate::process::inside;
use crate::{client, error, event};

type Value<'py> = PyResult<Bound<'py, PyAny>>;

/// Where a link stands, as Python has it.
pub(crate) fn state(py: Python<'_>, state: LinkState) -> Value<'_> {
    let value = match state {
        LinkState::Searching => "searching",
        LinkState::Starting => "starting",
        LinkState::Attaching => "attaching",
        LinkState::Securing => "securing",
        LinkState::Opening => "opening",
        LinkState::Connecting => "connecting",
        LinkState::Up => "up",
        LinkState::Waiting => "waiting",
        LinkState::Refused => "refused",
        LinkState::Repairing => "repairing",
        LinkState::Closed => "closed",
        other => return Err(error::internal(py, &format!("no class for {other:?}"))),
    };
    class!(py, "link", "LinkState")?.call1((value,))
}

fn cause<'py>(py: Python<'py>, cause: &LinkCause) -> Value<'py> {
    let kind = match cause {
        LinkCause::Progress => "progress",
        LinkCause::Disconnected(_) => "disconnected",
        LinkCause::PingFailed => "ping failed",
        LinkCause::PdpDeactivated => "pdp deactivated",
        LinkCause::Restarted => "restarted",
        LinkCause::FoundDisconnected => "found disconnected",
        LinkCause::PortLost(_) => "port lost",
        LinkCause::Deaf(_) => "deaf",
        LinkCause::Failed(_) => "failed",
        LinkCause::Refused(_) => "refused",
        LinkCause::Asked => "asked",
        other => return Err(error::internal(py, &format!("no class for {other:?}"))),
    };
    let kind = class!(py, "link", "LinkCauseKind")?.call1((kind,))?;
    let reason = match cause {
        LinkCause::Disconnected(reason) => Some(event::reason(py, *reason)?),
        _ => None,
    };
    let error = cause.error().map(|error| error::exception(py, error));
    class!(py, "link", "LinkCause")?.call1((kind, cause.to_string(), reason, error.transpose()?))
}

/// A change of state as Python has it, where it is an event.
pub(crate) fn change<'py>(py: Python<'py>, change: &LinkChange) -> Value<'py> {
    class!(py, "link", "LinkChange")?.call1((
        state(py, change.from)?,
        state(py, change.to)?,
        cause(py, &change.cause)?,
        change.retry_in.map(|wait| wait.as_secs_f64()),
    ))
}

/// How a link is, as Python has it.
pub(crate) fn status(py: Python<'_>, status: LinkStatus) -> Value<'_> {
    let fields = PyDict::new(py);
    fields.set_item("state", state(py, status.state)?)?;
    fields.set_item("since", status.since.as_secs_f64())?;
    let last_trouble = status.last_trouble.map(|trouble| cause(py, &trouble));
    fields.set_item("last_trouble", last_trouble.transpose()?)?;
    fields.set_item("retry_in", status.retry_in.map(|wait| wait.as_secs_f64()))?;
    fields.set_item("port", status.port.map(OsString::from))?;
    fields.set_item("broker", status.broker)?;
    fields.set_item("connections", status.connections)?;
    fields.set_item("uptime", status.uptime.as_secs_f64())?;
    fields.set_item("waiting", status.waiting)?;
    fields.set_item("waiting_bytes", status.waiting_bytes)?;
    fields.set_item("accepted", status.accepted)?;
    fields.set_item("delivered", status.delivered)?;
    fields.set_item("failed", status.failed)?;
    fields.set_item("resent", status.resent)?;
    class!(py, "link", "LinkStatus")?.call((), Some(&fields))
}

/// A path, or a `UsbPort`.
pub(crate) fn port(given: &Bound<'_, PyAny>) -> PyResult<LinkPort> {
    let py = given.py();
    if given.is_instance(class!(py, "link", "UsbPort")?)? {
        return Ok(LinkPort::Usb(usb_port(given)?));
    }
    given
        .extract::<std::path::PathBuf>()
        .map(LinkPort::Path)
        .map_err(|_| wrong_type("port", "a path or a UsbPort", given))
}

fn usb_port(given: &Bound<'_, PyAny>) -> PyResult<UsbPort> {
    let py = given.py();
    let number = |name, range| -> PyResult<Option<i64>> {
        let number: Option<i64> = given.getattr(name)?.extract()?;
        if let Some(number) = number {
            int::<i64>(py, name, number, range)?;
        }
        Ok(number)
    };
    let mut port = UsbPort::new();
    if let Some(vendor) = number("vendor", 0..=0xFFFF)? {
        port.vendor = vendor as u16;
    }
    port.product = number("product", 0..=0xFFFF)?.map(|product| product as u16);
    if let Some(interface) = number("interface", 0..=0xFF)? {
        port.interface = interface as u8;
    }
    port.serial = given.getattr("serial")?.extract()?;
    port.path = given.getattr("path")?.extract()?;
    Ok(port)
}

/// The device of a `UsbPort` at the moment.
#[pyfunction]
#[pyo3(name = "_find_usb_port")]
pub(crate) fn find_usb_port(port: &Bound<'_, PyAny>) -> PyResult<OsString> {
    let py = port.py();
    let _inside = inside(py)?;
    let port = usb_port(port)?;
    py.detach(|| port.find()).or_raise(py).map(OsString::from)
}

/// Host and port of a broker: a pair, or both in a string, or the host alone.
pub(crate) fn broker(given: &Bound<'_, PyAny>, usual_port: u16) -> PyResult<(String, u16)> {
    let py = given.py();
    let Ok(text) = given.cast::<PyString>() else {
        let (host, port): (String, i64) = given
            .extract()
            .map_err(|_| wrong_type("a broker", "a str or a pair of host and port", given))?;
        return Ok((host, int(py, "port", port, 1..=65_535)?));
    };
    let text = text.to_str()?;
    let wrong = || error::argument(py, "broker", text, "host, host:port or [address]:port");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']').ok_or_else(wrong)? {
            (host, "") => (host, None),
            (host, port) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
        },
        // More than one colon is an address of IPv6.
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    let port = match port {
        None => usual_port,
        Some(port) => match port.parse() {
            Ok(port) if port != 0 => port,
            _ => return Err(wrong()),
        },
    };
    Ok((host.to_owned(), port))
}

/// Topic filters with their QoS: a mapping, or what `Link.subscribe` takes.
pub(crate) fn subscriptions(given: &Bound<'_, PyAny>) -> PyResult<Vec<(String, QoS)>> {
    match given.cast::<PyMapping>() {
        Ok(mapping) => client::filters(mapping.items()?.as_any(), 1),
        Err(_) => client::filters(given, 1),
    }
}

/// The waits between attempts.
pub(crate) fn backoff(given: &Bound<'_, PyAny>) -> PyResult<Backoff> {
    let py = given.py();
    if !given.is_instance(class!(py, "link", "Backoff")?)? {
        return Err(wrong_type("backoff", "a Backoff", given));
    }
    let of = |name| seconds(py, &format!("backoff.{name}"), attribute(given, name)?);
    Ok(Backoff {
        first: of("first")?,
        most: of("most")?,
        stable: of("stable")?,
        refused: of("refused")?,
    })
}

pub(crate) fn when_full(given: &Bound<'_, PyAny>) -> PyResult<WhenFull> {
    let class = class!(given.py(), "link", "WhenFull")?;
    let value: String = member(class, "when_full", given)?.extract()?;
    Ok(match value.as_str() {
        "refuse" => WhenFull::Refuse,
        "drop oldest" => WhenFull::DropOldest,
        _ => WhenFull::Block,
    })
}

pub(crate) fn when_unconfirmed(given: &Bound<'_, PyAny>) -> PyResult<WhenUnconfirmed> {
    let class = class!(given.py(), "link", "WhenUnconfirmed")?;
    let value: String = member(class, "when_unconfirmed", given)?.extract()?;
    Ok(match value.as_str() {
        "resend" => WhenUnconfirmed::Resend,
        _ => WhenUnconfirmed::Report,
    })
}

pub(crate) fn when_alive(given: &Bound<'_, PyAny>) -> PyResult<WhenAlive> {
    let class = class!(given.py(), "link", "WhenAlive")?;
    let value: String = member(class, "when_alive", given)?.extract()?;
    Ok(match value.as_str() {
        "adopt" => WhenAlive::Adopt,
        _ => WhenAlive::Replace,
    })
}

fn attribute<'py, T: FromPyObjectOwned<'py>>(given: &Bound<'py, PyAny>, name: &str) -> PyResult<T> {
    given.getattr(name)?.extract::<T>().map_err(Into::into)
}

fn wrong_type(parameter: &str, wanted: &str, given: &Bound<'_, PyAny>) -> PyErr {
    match given.get_type().name() {
        Ok(name) => PyTypeError::new_err(format!("{parameter} must be {wanted}, not {name}")),
        Err(error) => error,
    }
}
