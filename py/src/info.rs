//! What a module says of itself, as the classes of `atmqtt.info`.

use atmqtt::{Capabilities, FileInfo, ModuleInfo, Signal, Space, Supported};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::convert::class;

pub(crate) fn module_info(py: Python<'_>, info: ModuleInfo) -> PyResult<Bound<'_, PyAny>> {
    class!(py, "info", "ModuleInfo")?.call1((
        info.manufacturer,
        info.model,
        info.revision,
        info.imei,
        info.imsi,
        info.iccid,
    ))
}

pub(crate) fn signal(py: Python<'_>, signal: Signal) -> PyResult<Bound<'_, PyAny>> {
    class!(py, "info", "Signal")?.call1((signal.rssi_dbm, signal.bit_error_rate))
}

pub(crate) fn file(py: Python<'_>, file: FileInfo) -> PyResult<Bound<'_, PyAny>> {
    class!(py, "info", "FileInfo")?.call1((file.name, file.size))
}

pub(crate) fn space(py: Python<'_>, space: Space) -> PyResult<Bound<'_, PyAny>> {
    class!(py, "info", "Space")?.call1((space.free, space.total))
}

/// The commands whose test forms the library asks.
const COMMANDS: [&str; 9] = [
    "QMTCFG", "QMTOPEN", "QMTCLOSE", "QMTCONN", "QMTDISC", "QMTSUB", "QMTUNS", "QMTPUBEX",
    "QMTRECV",
];

pub(crate) fn capabilities<'py>(
    py: Python<'py>,
    capabilities: &Capabilities,
) -> PyResult<Bound<'py, PyAny>> {
    let commands = PyDict::new(py);
    for name in COMMANDS {
        if let Some(parameters) = capabilities.command(name) {
            commands.set_item(name, supported(py, parameters)?)?;
        }
    }
    let settings = PyDict::new(py);
    for name in capabilities.setting_names() {
        let parameters = capabilities.setting_named(name).unwrap_or_default();
        settings.set_item(name, supported(py, parameters)?)?;
    }
    class!(py, "info", "Capabilities")?.call1((commands, settings))
}

fn supported<'py>(py: Python<'py>, parameters: &[Supported]) -> PyResult<Bound<'py, PyTuple>> {
    let range = py.import("builtins")?.getattr("range")?;
    let mut values = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        values.push(match parameter {
            Supported::Numbers(ranges) => {
                let mut numbers = Vec::with_capacity(ranges.len());
                for numbers_of in ranges {
                    let end = numbers_of.end().saturating_add(1);
                    numbers.push(range.call1((*numbers_of.start(), end))?);
                }
                class!(py, "info", "Numbers")?.call1((PyTuple::new(py, numbers)?,))?
            }
            Supported::Placeholder(word) => class!(py, "info", "Placeholder")?.call1((word,))?,
        });
    }
    PyTuple::new(py, values)
}
