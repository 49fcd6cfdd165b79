//! `Files`: the file system of the module.

use atmqtt::UploadOptions;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::convert::{bytes, int};
use crate::modem::Modem;
use crate::process::inside;
use crate::{info, wait};

/// The user file system (UFS:) of the module; Modem.files() gives it.
///
/// Names are 1..80 bytes, without quotation marks, control bytes and / \ : * ?; the storage UFS: in
/// front is optional and means the same file. There are no folders and there is no renaming. Files
/// survive a restart.
///
/// While a file is on its way no other command can go: publishes wait. Calls that take several commands
/// are not atomic. Every call takes its timeout= in seconds for each of its commands, or else that of
/// the modem.
///
/// Raises (of every call):
///     InvalidArgumentError: For a name, before anything is sent.
///     CmeError: With the module's number 400..426 in code, also where it says it in words.
///     ModuleError: The module says only ERROR.
///     UnconfirmedError: It falls silent.
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct Files {
    modem: Py<Modem>,
}

impl Files {
    pub(crate) fn new(modem: Py<Modem>) -> Self {
        Self { modem }
    }

    fn call<T: Send + 'static>(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        job: impl FnOnce(&atmqtt::Files) -> atmqtt::Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let modem = self.modem.get();
        modem.call(py, timeout, move |modem| job(&modem.files()))
    }
}

#[pymethods]
impl Files {
    /// Writes a file, in the place of one of the same name (AT+QFDEL, AT+QFUPL), and compares size and
    /// checksum that the module reports with what was sent.
    ///
    /// The old file is deleted first, because the module cannot overwrite and cannot rename: when the
    /// upload fails there is none at all.
    ///
    /// Args:
    ///     name: Name in the module.
    ///     data: What is to be in it, one byte and up; a str is sent as UTF-8.
    ///     progress: Called as progress(done, total) in bytes, on this thread: first with 0, then while
    ///         the file is on its way, and last with the total once the module has confirmed it. An
    ///         exception in it ends the call; the transfer goes on.
    ///     idle_timeout: Seconds 1..65535 without input after which the module stops waiting for the
    ///         rest.
    ///     ack: Whether the module acknowledges every kilobyte, for a UART without flow control.
    ///     timeout: Longest time in seconds of each command; None = that of the modem.
    ///
    /// Raises:
    ///     ChecksumMismatchError: The module has other bytes than were sent.
    ///     CmeError: 407 the old file cannot be deleted, 403 or 420 no room, 421 not all arrived.
    ///     OperationFailedError: The module confirms another size or nothing.
    #[pyo3(signature = (name, data, *, progress=None, idle_timeout=10, ack=false, timeout=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn upload(
        &self,
        py: Python<'_>,
        name: String,
        data: &Bound<'_, PyAny>,
        progress: Option<&Bound<'_, PyAny>>,
        idle_timeout: i64,
        ack: bool,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let data = bytes(data, "data")?;
        let idle = int(py, "idle_timeout", idle_timeout, 1..=65_535)?;
        let modem = self.modem.get().limited(py, timeout)?;
        let Some(progress) = progress else {
            return wait::call(py, move || {
                let options = UploadOptions::new().timeout(idle).ack(ack);
                modem.files().upload_with(&name, &data, options)
            });
        };
        wait::call_with_progress(
            py,
            move |tell| {
                let options = UploadOptions::new().timeout(idle).ack(ack);
                let options = options.progress(|done, total| tell((done, total)));
                modem.files().upload_with(&name, &data, options)
            },
            |(done, total): (usize, usize)| progress.call1((done, total)).map(drop),
        )
    }

    /// Writes a file unless the module has it already; whether it did.
    ///
    /// A file of the same name counts as the same only where its size (AT+QFLST) and then every byte of
    /// it, read back (AT+QFREAD), are equal.
    #[pyo3(signature = (name, data, *, timeout=None))]
    fn ensure(
        &self,
        py: Python<'_>,
        name: String,
        data: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<bool> {
        let _inside = inside(py)?;
        let data = bytes(data, "data")?;
        self.call(py, timeout, move |files| files.ensure(&name, &data))
    }

    /// The files whose names fit a pattern with * and ?, as "*.pem" (AT+QFLST): a list of FileInfo.
    #[pyo3(signature = (pattern="*", *, timeout=None))]
    fn list<'py>(
        &self,
        py: Python<'py>,
        pattern: &str,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let _inside = inside(py)?;
        let pattern = pattern.to_owned();
        let files = self.call(py, timeout, move |files| files.list(&pattern))?;
        let list = PyList::empty(py);
        for file in files {
            list.append(info::file(py, file)?)?;
        }
        Ok(list)
    }

    /// One file (AT+QFLST): a FileInfo, or None where there is none.
    #[pyo3(signature = (name, *, timeout=None))]
    fn info<'py>(
        &self,
        py: Python<'py>,
        name: String,
        timeout: Option<f64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let _inside = inside(py)?;
        let file = self.call(py, timeout, move |files| files.info(&name))?;
        file.map(|file| info::file(py, file)).transpose()
    }

    /// The size of a file in bytes (AT+QFLST), or None where there is none.
    #[pyo3(signature = (name, *, timeout=None))]
    fn size(&self, py: Python<'_>, name: String, timeout: Option<f64>) -> PyResult<Option<u64>> {
        let _inside = inside(py)?;
        self.call(py, timeout, move |files| files.size(&name))
    }

    /// Deletes a file (AT+QFDEL).
    ///
    /// Raises:
    ///     CmeError: 405 where there is none.
    #[pyo3(signature = (name, *, timeout=None))]
    fn delete(&self, py: Python<'_>, name: String, timeout: Option<f64>) -> PyResult<()> {
        let _inside = inside(py)?;
        self.call(py, timeout, move |files| files.delete(&name))
    }

    /// How much room there is (AT+QFLDS="UFS"): a Space.
    #[pyo3(signature = (*, timeout=None))]
    fn space<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let space = self.call(py, timeout, |files| files.space())?;
        info::space(py, space)
    }

    /// Reads a file (AT+QFLST, AT+QFOPEN, AT+QFREAD, AT+QFCLOSE), in counted blocks.
    ///
    /// Raises:
    ///     CmeError: 405 where there is no such file.
    ///     OperationFailedError: It ends early, or other lines were printed into it.
    #[pyo3(signature = (name, *, timeout=None))]
    fn download<'py>(
        &self,
        py: Python<'py>,
        name: String,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let _inside = inside(py)?;
        let data = self.call(py, timeout, move |files| files.download(&name))?;
        Ok(PyBytes::new(py, &data))
    }

    /// The checksum that the module reports for these bytes: XOR of the bytes in pairs.
    #[staticmethod]
    fn checksum(data: &Bound<'_, PyAny>) -> PyResult<u16> {
        Ok(atmqtt::Files::checksum(&bytes(data, "data")?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.modem)
    }
}
