//! `TlsContext`: an SSL context of the module.

use std::path::PathBuf;

use atmqtt::{Certificate, Clock, PrivateKey, TlsConfig, TlsVersion};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::convert::{class, int, member};
use crate::error::{self, OrRaise as _};
use crate::modem::Modem;
use crate::process::inside;

/// One of the six SSL contexts of the module; Modem.tls() gives it.
///
/// A client takes the settings at its next open: Client.configure(tls=context).
#[pyclass(frozen, weakref, module = "atmqtt")]
pub(crate) struct TlsContext {
    modem: Py<Modem>,
    index: u8,
}

impl TlsContext {
    pub(crate) fn new(modem: Py<Modem>, index: u8) -> Self {
        Self { modem, index }
    }
}

/// Where a certificate or key is.
enum Pem {
    Text(Vec<u8>),
    File(PathBuf),
    OnModule(String),
}

impl Pem {
    /// PEM text holds this and a path does not. A key must not show in an error about a file.
    const BEGIN: &'static str = "-----BEGIN";

    fn from(given: &Bound<'_, PyAny>, parameter: &str) -> PyResult<Self> {
        let py = given.py();
        if let Ok(text) = given.cast::<PyBytes>() {
            return Ok(Self::Text(text.as_bytes().to_vec()));
        }
        if let Ok(text) = given.cast::<PyString>() {
            let text = text.to_str()?;
            if text.contains(Self::BEGIN) {
                return Ok(Self::Text(text.as_bytes().to_vec()));
            }
        }
        if given.is_instance(class!(py, "tls", "OnModule")?)? {
            return Ok(Self::OnModule(given.getattr("name")?.extract()?));
        }
        given.extract::<PathBuf>().map(Self::File).map_err(|_| {
            PyTypeError::new_err(format!(
                "{parameter} must be a path, PEM text as bytes, or OnModule(name)"
            ))
        })
    }

    fn certificate(given: &Bound<'_, PyAny>, parameter: &str) -> PyResult<Certificate> {
        Ok(match Self::from(given, parameter)? {
            Self::Text(text) => Certificate::pem(text),
            Self::File(path) => Certificate::file(path),
            Self::OnModule(name) => Certificate::on_module(name),
        })
    }

    fn private_key(given: &Bound<'_, PyAny>) -> PyResult<PrivateKey> {
        Ok(match Self::from(given, "private_key")? {
            Self::Text(text) => PrivateKey::pem(text),
            Self::File(path) => PrivateKey::file(path),
            Self::OnModule(name) => PrivateKey::on_module(name),
        })
    }
}

/// How a context is to be set up, as Python has it.
struct Given<'a, 'py> {
    ca: Option<&'a Bound<'py, PyAny>>,
    client_certificate: Option<&'a Bound<'py, PyAny>>,
    private_key: Option<&'a Bound<'py, PyAny>>,
    key_password: Option<String>,
    version: Option<i64>,
    cipher_suite: i64,
    sni: bool,
    clock: Option<&'a Bound<'py, PyAny>>,
    negotiate_timeout: i64,
    insecure: bool,
}

impl Given<'_, '_> {
    fn config(self, py: Python<'_>) -> PyResult<TlsConfig> {
        let mut config = match (self.ca, self.insecure) {
            (Some(ca), false) => TlsConfig::new(Pem::certificate(ca, "ca")?),
            (None, true) => TlsConfig::insecure(),
            (Some(_), true) => {
                let wanted =
                    "False where ca is given: one checks the server and the other does not";
                return Err(error::argument(py, "insecure", "True", wanted));
            }
            (None, false) => {
                let wanted = "the certificate of a CA, or insecure=True given";
                return Err(error::argument(py, "ca", "None", wanted));
            }
        };
        config = match (self.client_certificate, self.private_key) {
            (Some(certificate), Some(key)) => config.client_certificate(
                Pem::certificate(certificate, "client_certificate")?,
                Pem::private_key(key)?,
            ),
            (None, None) => config,
            _ => {
                return Err(PyTypeError::new_err(
                    "client_certificate and private_key go together",
                ));
            }
        };
        if let Some(password) = self.key_password {
            config = config.key_password(password);
        }
        if let Some(version) = self.version {
            let number: u8 = int(py, "version", version, 0..=4)?;
            config = config.version(TlsVersion::from_number(number).unwrap_or_default());
        }
        if let Some(clock) = self.clock {
            let clock = member(class!(py, "tls", "Clock")?, "clock", clock)?;
            config = config.clock(match clock.extract::<&str>()? {
                "set and check" => Clock::SetAndCheck,
                "ignore" => Clock::Ignore,
                _ => Clock::Check,
            });
        }
        let negotiate_timeout = int(py, "negotiate_timeout", self.negotiate_timeout, 10..=300)?;
        Ok(config
            .cipher_suite(int(py, "cipher_suite", self.cipher_suite, 0..=0xFFFF)?)
            .sni(self.sni)
            .negotiate_timeout(negotiate_timeout))
    }
}

/// The settings of a `TlsConfig` of Python's.
pub(crate) fn config_from(given: &Bound<'_, PyAny>, parameter: &str) -> PyResult<TlsConfig> {
    let py = given.py();
    if !given.is_instance(class!(py, "tls", "TlsConfig")?)? {
        return Err(PyTypeError::new_err(format!(
            "{parameter} must be a TlsConfig, not {}",
            given.get_type().name()?
        )));
    }
    let some = |name| {
        let value = given.getattr(name)?;
        PyResult::Ok((!value.is_none()).then_some(value))
    };
    let (ca, clock) = (some("ca")?, some("clock")?);
    let (certificate, key) = (some("client_certificate")?, some("private_key")?);
    Given {
        ca: ca.as_ref(),
        client_certificate: certificate.as_ref(),
        private_key: key.as_ref(),
        key_password: given.getattr("key_password")?.extract()?,
        version: given.getattr("version")?.extract()?,
        cipher_suite: given.getattr("cipher_suite")?.extract()?,
        sni: given.getattr("sni")?.extract()?,
        clock: clock.as_ref(),
        negotiate_timeout: given.getattr("negotiate_timeout")?.extract()?,
        insecure: given.getattr("insecure")?.extract()?,
    }
    .config(py)
}

#[pymethods]
impl TlsContext {
    /// The number of the context, 0..5.
    #[getter]
    fn index(&self) -> u8 {
        self.index
    }

    /// Sets the context up (AT+QSSLCFG), every setting of it, and uploads the certificates that the
    /// module does not have.
    ///
    /// A certificate or key is the path of a PEM file of this computer, PEM text as bytes, or
    /// OnModule(name). Blocks for the transfers and about ten commands.
    ///
    /// Args:
    ///     ca: Certificate of the CA that must have signed the server's (seclevel 1).
    ///     client_certificate: What the module shows where the server asks for one (seclevel 2).
    ///     private_key: Its key.
    ///     key_password: The password of an encrypted key, 1..127 bytes; never logged.
    ///     version: TlsVersion; None = TLS 1.2.
    ///     cipher_suite: IANA number, as 0xC02F; 0xFFFF = all that the module has.
    ///     sni: Whether the host name is sent in the clear in front of the handshake.
    ///     clock: Clock or "check", "set and check", "ignore": whether dates of certificates count; None
    ///         = they do.
    ///     negotiate_timeout: Longest time of a handshake in seconds, 10..300.
    ///     insecure: Encrypts and checks nobody (seclevel 0), without ca: whoever is between the module
    ///         and the broker can read and change everything. For trials only; a warning is logged.
    ///     timeout: Longest time in seconds of each command; None = that of the modem.
    ///
    /// Raises:
    ///     InvalidArgumentError: A certificate or key that is none, a file that cannot be read, a number
    ///         out of range, a key without its password, neither ca nor insecure: nothing was sent.
    ///     InvalidStateError: Dates count and the module's clock is not set.
    ///     ModuleError, CmeError: The module refuses a setting; the text names it.
    #[pyo3(signature = (ca=None, *, client_certificate=None, private_key=None, key_password=None,
        version=None, cipher_suite=0xFFFF, sni=true, clock=None, negotiate_timeout=60,
        insecure=false, timeout=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn configure(
        &self,
        py: Python<'_>,
        ca: Option<&Bound<'_, PyAny>>,
        client_certificate: Option<&Bound<'_, PyAny>>,
        private_key: Option<&Bound<'_, PyAny>>,
        key_password: Option<String>,
        version: Option<i64>,
        cipher_suite: i64,
        sni: bool,
        clock: Option<&Bound<'_, PyAny>>,
        negotiate_timeout: i64,
        insecure: bool,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let _inside = inside(py)?;
        let config = Given {
            ca,
            client_certificate,
            private_key,
            key_password,
            version,
            cipher_suite,
            sni,
            clock,
            negotiate_timeout,
            insecure,
        }
        .config(py)?;
        let index = self.index;
        let modem = self.modem.get();
        modem.call(py, timeout, move |modem| {
            modem.tls(index)?.configure(&config)
        })
    }

    /// Deletes the files that configure() has put into the module for this configuration (AT+QFDEL), the
    /// private key first.
    ///
    /// Their names follow from their contents, so that it works after a restart of either side, and with
    /// any context. Files that are OnModule stay, and so does what one of the other five contexts names. A
    /// file that is not there is none the worse for it.
    ///
    /// The context still names what is gone: an open with it fails until it is configured again. What an
    /// earlier configuration has left is found by Files.list("atmqtt-*"). A module's flash is not wiped:
    /// whoever takes it apart may still find what was deleted.
    ///
    /// Args:
    ///     config: As configure() was given it; of it the certificates and the key count alone.
    ///     timeout: Longest time in seconds of each command; None = that of the modem.
    ///
    /// Returns:
    ///     The names of the files that are gone now.
    ///
    /// Raises:
    ///     InvalidArgumentError: As configure(): nothing was sent.
    ///     ModuleError, CmeError: The module refuses to delete a file; those in front of it are deleted.
    #[pyo3(signature = (config, *, timeout=None))]
    fn delete_files(
        &self,
        py: Python<'_>,
        config: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<Vec<String>> {
        let _inside = inside(py)?;
        let config = config_from(config, "config")?;
        let index = self.index;
        let modem = self.modem.get();
        modem.call(py, timeout, move |modem| {
            modem.tls(index)?.delete_files(&config)
        })
    }

    /// Asks the module for every setting (AT+QSSLCFG="...",context): a TlsSettings.
    #[pyo3(signature = (*, timeout=None))]
    fn config<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _inside = inside(py)?;
        let context = self.modem.get().limited(py, timeout)?;
        let context = context.tls(self.index).or_raise(py)?;
        let settings = crate::wait::call(py, move || context.config())?;
        let version = match settings.version {
            Some(version) => Some(class!(py, "tls", "TlsVersion")?.call1((version.number(),))?),
            None => None,
        };
        let verification = match settings.verification {
            Some(level) => Some(class!(py, "tls", "TlsVerification")?.call1((level.number(),))?),
            None => None,
        };
        class!(py, "tls", "TlsSettings")?.call1((
            version,
            settings.cipher_suite,
            verification,
            settings.ca,
            settings.client_certificate,
            settings.private_key,
            settings.ignore_clock,
            settings.negotiate_timeout,
            settings.sni,
        ))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.modem)
    }
}
