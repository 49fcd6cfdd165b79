//! `Emulator`: an emulated module on a pseudo-terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use atmqtt_emulator::fault::Fault;
use atmqtt_emulator::hub::{Policy, Published};
use atmqtt_emulator::profile::Profile;
use atmqtt_emulator::{cli, runtime};
use parking_lot::Mutex;
use pyo3::exceptions::{PyTimeoutError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyList};

use crate::convert::{bytes, class, int, qos};
use crate::process::inside;
use crate::{error, wait};

/// An emulated Quectel module: a pseudo-terminal that opens like any serial device, with an MQTT broker
/// inside that every AT+QMTOPEN reaches.
///
/// A context manager: leaving it stops the module. With broker="network" the connections lead to real
/// brokers instead; then nobody is at the broker inside, and nothing is on its record.
///
/// Args:
///     profile: The dialect; Emulator.profiles() lists them.
///     broker: "loopback", the broker inside, or "network", real TCP and TLS connections.
///     baud: Paces both directions at this many bits a second, ten bits a byte; 0 = unpaced.
///     latency: Seconds that every round trip to the broker inside takes.
///     chunk: How output is cut: "whole", "byte" or "random".
///     seed: For everything random.
///     faults: What goes wrong, when and how often, as "lose-result:at=QMTSUB"; Emulator.faults()
///         lists them.
///     files: Folder for the files of the module, made if missing; None = in memory.
///     trace: File for a trace of the line; None = kept for trace_text() only; False = none.
///     link: A symbolic link to the device as well.
///     replug_after: Seconds after which a module that hung up by itself comes back, on a new device
///         behind the same link; None = it does not.
///
/// Raises:
///     ValueError: An option is wrong.
///     OSError: There is no pseudo-terminal to be had, or a file cannot be made.
#[pyclass(frozen, weakref, module = "atmqtt.emulator")]
pub(crate) struct Emulator {
    emulator: runtime::Emulator,
    trace: Option<Mutex<File>>,
}

fn value_error(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Seconds that are not waited for, so that they have no limit but that of a clock.
fn seconds(py: Python<'_>, parameter: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| error::argument(py, parameter, seconds, "a number of seconds, 0 and up"))
}

fn fault(spec: &str) -> PyResult<Fault> {
    spec.parse()
        .map_err(|error| value_error(format_args!("fault {spec:?}: {error}")))
}

/// A file that nobody else knows the name of.
fn temporary(py: Python<'_>) -> PyResult<PathBuf> {
    let made = py.import("tempfile")?.call_method0("mkstemp")?;
    let (descriptor, path): (i32, PathBuf) = made.extract()?;
    py.import("os")?.call_method1("close", (descriptor,))?;
    Ok(path)
}

#[pymethods]
impl Emulator {
    #[new]
    #[pyo3(signature = (*, profile="note", broker="loopback", baud=0, latency=0.0, chunk="whole",
        seed=0, faults=Vec::new(), files=None, trace=None, link=None, replug_after=None),
        text_signature = "(*, profile='note', broker='loopback', baud=0, latency=0.0, \
        chunk='whole', seed=0, faults=(), files=None, trace=None, link=None, replug_after=None)")]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        profile: &str,
        broker: &str,
        baud: i64,
        latency: f64,
        chunk: &str,
        seed: u64,
        faults: Vec<String>,
        files: Option<PathBuf>,
        trace: Option<&Bound<'_, PyAny>>,
        link: Option<PathBuf>,
        replug_after: Option<f64>,
    ) -> PyResult<Self> {
        let _inside = inside(py)?;
        let known = Profile::by_name(profile).ok_or_else(|| {
            let names: Vec<_> = Profile::names().collect();
            value_error(format_args!(
                "profile is {profile:?}; it must be one of {}",
                names.join(", ")
            ))
        })?;
        let faults = faults.iter().map(|spec| fault(spec));
        let mut builder = runtime::Emulator::builder()
            .profile(known)
            .broker(broker.parse().map_err(|allowed| {
                value_error(format_args!("broker is {broker:?}; it must be {allowed}"))
            })?)
            .baud(int(py, "baud", baud, 0..=i64::from(u32::MAX))?)
            .latency(seconds(py, "latency", latency)?)
            .chunk(chunk.parse().map_err(|allowed| {
                value_error(format_args!("chunk is {chunk:?}; it must be {allowed}"))
            })?)
            .seed(seed)
            .faults(faults.collect::<PyResult<Vec<_>>>()?);
        if let Some(folder) = files {
            builder = builder.files(folder);
        }
        if let Some(path) = link {
            builder = builder.link(path);
        }
        if let Some(delay) = replug_after {
            builder = builder.replug_after(seconds(py, "replug_after", delay)?);
        }
        let (path, named) = match trace {
            None => (Some(temporary(py)?), false),
            Some(flag) if flag.is_instance_of::<PyBool>() => {
                if flag.is_truthy()? {
                    return Err(PyTypeError::new_err("trace must be a path, None or False"));
                }
                (None, false)
            }
            Some(path) => (Some(path.extract()?), true),
        };
        if let Some(path) = &path {
            builder = builder.trace(path);
        }
        let started = py.detach(|| builder.start());
        let file = path.as_ref().map(File::open);
        if let (Some(path), false) = (&path, named) {
            // Who has it open still has it.
            std::fs::remove_file(path)?;
        }
        Ok(Self {
            emulator: started?,
            trace: file.transpose()?.map(Mutex::new),
        })
    }

    /// The device that the host opens. After a hang-up: the last one, until the module is plugged in
    /// again.
    #[getter]
    fn port(&self, py: Python<'_>) -> PyResult<String> {
        let _inside = inside(py)?;
        let path = py.detach(|| self.emulator.path());
        Ok(path.to_string_lossy().into_owned())
    }

    /// Whether the device is there.
    #[getter]
    fn plugged(&self, py: Python<'_>) -> PyResult<bool> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.emulator.is_plugged()))
    }

    /// How many bytes were lost because the host did not read for very long: 16 MiB are kept.
    #[getter]
    fn lost(&self, py: Python<'_>) -> PyResult<u64> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.emulator.lost()))
    }

    /// Publishes at the broker inside, as another client would.
    ///
    /// Args:
    ///     topic: Without wildcards.
    ///     payload: Any bytes; a str is sent as UTF-8.
    ///     qos: 0, 1 or 2.
    ///     retain: Whether it is kept for later subscribers.
    ///
    /// Returns:
    ///     How many clients it is for.
    ///
    /// Raises:
    ///     ValueError: The topic is not one that can be published to.
    #[pyo3(signature = (topic, payload, qos=0, retain=false))]
    fn publish(
        &self,
        py: Python<'_>,
        topic: &str,
        payload: &Bound<'_, PyAny>,
        qos: i64,
        retain: bool,
    ) -> PyResult<usize> {
        let _inside = inside(py)?;
        let level = crate::convert::qos(py, qos)?.level();
        let payload = bytes(payload, "payload")?;
        py.detach(|| self.emulator.publish(topic, &payload, level, retain))
            .map_err(value_error)
    }

    /// What clients published so far, oldest first: a list of Published, at most the last 10 000.
    #[pyo3(signature = (*, clear=false))]
    fn published<'py>(&self, py: Python<'py>, clear: bool) -> PyResult<Bound<'py, PyList>> {
        let _inside = inside(py)?;
        let all = py.detach(|| {
            if clear {
                self.emulator.take_published()
            } else {
                self.emulator.published()
            }
        });
        published(py, all)
    }

    /// Waits until at least count publishes are on record, and gives the record.
    ///
    /// Args:
    ///     count: How many.
    ///     timeout: Longest time in seconds; None = no limit.
    ///
    /// Raises:
    ///     TimeoutError: There are fewer; the text says how many.
    #[pyo3(signature = (count=1, timeout=10.0))]
    fn wait_published<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let _inside = inside(py)?;
        let limit = wait::limit(py, timeout)?;
        let came = wait::look(py, limit, |slice| {
            self.emulator.wait_published(count, slice).then_some(())
        })?;
        let all = py.detach(|| self.emulator.published());
        if came.is_none() {
            let text = format!("{} of {count} publishes came in time", all.len());
            return Err(PyTimeoutError::new_err(text));
        }
        published(py, all)
    }

    /// The ids of the clients that are connected to the broker inside, in order.
    fn clients(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let _inside = inside(py)?;
        Ok(py.detach(|| {
            self.emulator
                .with_hub(|hub| hub.clients().map(str::to_owned).collect())
        }))
    }

    /// The payload of the retained message of a topic at the broker inside, or None.
    fn retained<'py>(&self, py: Python<'py>, topic: &str) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let _inside = inside(py)?;
        let payload = py.detach(|| {
            self.emulator
                .with_hub(|hub| hub.retained(topic).map(<[u8]>::to_vec))
        });
        Ok(payload.map(|payload| PyBytes::new(py, &payload)))
    }

    /// The broker closes a client's connection; its will is published. False: no such client is
    /// connected.
    fn close_client(&self, py: Python<'_>, client_id: &str) -> PyResult<bool> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.emulator.close_client(client_id)))
    }

    /// Whom the broker inside lets in from now on; those who are in stay. Without arguments: everybody.
    ///
    /// Args:
    ///     levels: Protocol levels that are taken, of 3 (MQTT 3.1) and 4 (MQTT 3.1.1); CONNACK 1 for
    ///         others.
    ///     unavailable: CONNACK 3 for everyone.
    ///     credentials: User name and password that every client must give, or gets CONNACK 4.
    ///     connack: CONNACK code for a client id, before its credentials are looked at.
    ///     max_granted_qos: The highest QoS that a subscription is granted.
    #[pyo3(signature = (*, levels=vec![3, 4], unavailable=false, credentials=None, connack=None,
        max_granted_qos=2), text_signature = "($self, *, levels=(3, 4), unavailable=False, \
        credentials=None, connack=None, max_granted_qos=2)")]
    fn set_policy(
        &self,
        py: Python<'_>,
        levels: Vec<u8>,
        unavailable: bool,
        credentials: Option<(String, Bound<'_, PyAny>)>,
        connack: Option<std::collections::BTreeMap<String, u8>>,
        max_granted_qos: i64,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let credentials = match credentials {
            Some((username, password)) => Some((username, bytes(&password, "password")?)),
            None => None,
        };
        let policy = Policy {
            levels,
            unavailable,
            credentials,
            connack: connack.unwrap_or_default(),
            max_granted_qos: qos(py, max_granted_qos)?.level(),
        };
        py.detach(|| self.emulator.set_policy(policy));
        Ok(())
    }

    /// Something goes wrong from now on, as inject_fault("reboot") or
    /// inject_fault("lose-result:at=QMTSUB"); Emulator.faults() lists what can.
    ///
    /// Raises:
    ///     ValueError: It cannot be read; the text says what is wrong.
    fn inject_fault(&self, py: Python<'_>, spec: &str) -> PyResult<()> {
        let _inside = inside(py)?;
        let fault = fault(spec)?;
        py.detach(|| self.emulator.inject_fault(fault));
        Ok(())
    }

    /// The module prints a line nobody asked for.
    fn inject_urc(&self, py: Python<'_>, line: &str) -> PyResult<()> {
        let _inside = inside(py)?;
        py.detach(|| self.emulator.inject_urc(line));
        Ok(())
    }

    /// Unplugs the module: the host gets a hang-up, and the device is gone when this returns.
    fn hang_up(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = inside(py)?;
        py.detach(|| self.emulator.hang_up());
        Ok(())
    }

    /// Plugs the module in again, freshly switched on and without its faults, on a new device behind the
    /// same link.
    ///
    /// Raises:
    ///     OSError: There is no pseudo-terminal to be had, or the emulator has ended.
    fn plug(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.emulator.plug())?)
    }

    /// What has passed the line so far, in both directions: one entry a line, with the seconds since
    /// the start, > to the module or < to the host, and the bytes with escapes. Empty with trace=False.
    fn trace_text(&self, py: Python<'_>) -> PyResult<String> {
        let _inside = inside(py)?;
        let Some(trace) = &self.trace else {
            return Ok(String::new());
        };
        let text = py.detach(|| {
            let mut file = trace.lock();
            let mut text = String::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_string(&mut text)?;
            Ok::<_, std::io::Error>(text)
        });
        Ok(text?)
    }

    /// Stops the module: the device and the link are gone when this returns. Again: nothing.
    ///
    /// Raises:
    ///     OSError: What made it end before, if something failed.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = inside(py)?;
        Ok(py.detach(|| self.emulator.stop())?)
    }

    /// The names of the dialects.
    #[staticmethod]
    fn profiles() -> Vec<&'static str> {
        Profile::names().collect()
    }

    /// What can go wrong: the name of each fault, and what it does.
    #[staticmethod]
    fn faults() -> Vec<(&'static str, &'static str)> {
        Fault::HELP.iter().map(|row| (row.name, row.help)).collect()
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
        self.stop(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<atmqtt.emulator.Emulator {:?}>", self.port(py)?))
    }
}

fn published(py: Python<'_>, all: Vec<Published>) -> PyResult<Bound<'_, PyList>> {
    let class = class!(py, "emulator", "Published")?;
    let list = PyList::empty(py);
    for one in all {
        list.append(class.call1((
            one.client_id,
            one.topic,
            PyBytes::new(py, &one.payload),
            one.qos,
            one.retain,
            one.will,
        ))?)?;
    }
    Ok(list)
}

/// The program atmqtt-emulator with these arguments, the first of which is its name; its exit status.
///
/// Sets handlers for SIGINT and SIGTERM: for a process that does nothing else.
#[pyfunction]
#[pyo3(name = "_emulator_main")]
pub(crate) fn emulator_main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| cli::main(args))
}
