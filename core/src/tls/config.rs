//! What an SSL context can be told.

use std::fmt;
use std::path::PathBuf;

use crate::mqtt::Secret;

/// Protocol versions of a handshake (`sslversion`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TlsVersion {
    /// SSL 3.0 (0). Broken; only for what a module reports.
    Ssl3,
    /// TLS 1.0 (1). Obsolete.
    V1_0,
    /// TLS 1.1 (2). Obsolete.
    V1_1,
    /// TLS 1.2 (3), the library's default.
    #[default]
    V1_2,
    /// Whatever the module and the server agree on (4), the module's own default. A server, or who stands
    /// between, may bring that down to a version that is broken: choose it only where 1.2 alone fails.
    Any,
}

impl TlsVersion {
    const ALL: [Self; 5] = [Self::Ssl3, Self::V1_0, Self::V1_1, Self::V1_2, Self::Any];

    /// The number on the wire, 0..=4.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The version with this number on the wire.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.number() == number)
    }
}

/// How far the other side is checked (`seclevel`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsVerification {
    /// Nobody is checked (0): whoever answers is the server. The module's own default.
    Nothing,
    /// The server shows a certificate of the given CA (1).
    Server,
    /// The same, and the module shows its own certificate if the server asks for one (2).
    ServerAndClient,
}

impl TlsVerification {
    const ALL: [Self; 3] = [Self::Nothing, Self::Server, Self::ServerAndClient];

    /// The number on the wire, 0..=2.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level with this number on the wire.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }
}

/// What the module's clock has to do with certificates (`ignorelocaltime`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Clock {
    /// A certificate must be valid at the time of the module's clock, the library's default. A clock that
    /// is before 2024, as it is after power-up without a network that tells the time, is an error of
    /// [`TlsContext::configure`](super::TlsContext::configure).
    #[default]
    Check,
    /// The same, and the clock is set from this computer first (`AT+CCLK`).
    SetAndCheck,
    /// Dates are ignored: an expired certificate passes. The module's own default.
    Ignore,
}

/// A certificate: a CA's, or the client's own.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certificate {
    /// PEM text. It may be a chain.
    Pem(Vec<u8>),
    /// A PEM file of this computer, read when the context is configured.
    File(PathBuf),
    /// A file that is in the module already. What is in it is not looked at.
    OnModule(String),
}

/// A private key. Neither its bytes nor its password are ever shown.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrivateKey {
    /// PEM text.
    Pem(Vec<u8>),
    /// A PEM file of this computer, read when the context is configured.
    File(PathBuf),
    /// A file that is in the module already. What is in it is not looked at.
    OnModule(String),
}

/// Where the bytes of a certificate or key are.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Pem(&'a [u8]),
    File(&'a std::path::Path),
    OnModule(&'a str),
}

macro_rules! pem {
    ($type:ident) => {
        impl $type {
            /// PEM text.
            pub fn pem(text: impl Into<Vec<u8>>) -> Self {
                Self::Pem(text.into())
            }

            /// A PEM file of this computer.
            pub fn file(path: impl Into<PathBuf>) -> Self {
                Self::File(path.into())
            }

            /// A file that is in the module already.
            pub fn on_module(name: impl Into<String>) -> Self {
                Self::OnModule(name.into())
            }

            pub(super) fn source(&self) -> Source<'_> {
                match self {
                    Self::Pem(text) => Source::Pem(text),
                    Self::File(path) => Source::File(path),
                    Self::OnModule(name) => Source::OnModule(name),
                }
            }
        }

        /// Without the text itself.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Pem(text) => write!(f, "Pem({} bytes)", text.len()),
                    Self::File(path) => write!(f, "File({path:?})"),
                    Self::OnModule(name) => write!(f, "OnModule({name:?})"),
                }
            }
        }
    };
}

pem!(Certificate);
pem!(PrivateKey);

/// The client's own certificate, its key, and the key's password where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) certificate: Certificate,
    pub(super) key: PrivateKey,
}

/// How an SSL context is set up. [`new`](Self::new) begins with a server that is checked, TLS 1.2, all
/// cipher suites of the module, SNI, and dates that are checked; each of them can be changed, and each is
/// written, so that nothing an earlier program left in the module counts.
///
/// ```
/// use atmqtt::{Certificate, Clock, PrivateKey, TlsConfig};
///
/// let config = TlsConfig::new(Certificate::file("ca.pem"))
///     .client_certificate(Certificate::file("me.pem"), PrivateKey::file("me.key"))
///     .clock(Clock::SetAndCheck);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "nothing is configured before `TlsContext::configure`"]
pub struct TlsConfig {
    pub(super) ca: Option<Certificate>,
    pub(super) identity: Option<Identity>,
    pub(super) key_password: Option<Secret>,
    pub(super) version: TlsVersion,
    pub(super) cipher_suite: u16,
    pub(super) sni: bool,
    pub(super) clock: Clock,
    pub(super) negotiate_timeout: u16,
}

impl TlsConfig {
    /// The server must show a certificate that this CA has signed (`seclevel` 1).
    pub fn new(ca: Certificate) -> Self {
        Self {
            ca: Some(ca),
            ..Self::insecure()
        }
    }

    /// Encrypts, and checks nobody (`seclevel` 0): whoever is between the module and the broker can read
    /// and change everything, passwords included. For trials only; a warning is logged.
    pub fn insecure() -> Self {
        Self {
            ca: None,
            identity: None,
            key_password: None,
            version: TlsVersion::default(),
            cipher_suite: 0xFFFF,
            sni: true,
            clock: Clock::default(),
            negotiate_timeout: 60,
        }
    }

    /// The module shows this certificate where the server asks for one (`seclevel` 2), and proves with the
    /// key that it is its own.
    pub fn client_certificate(mut self, certificate: Certificate, key: PrivateKey) -> Self {
        self.identity = Some(Identity { certificate, key });
        self
    }

    /// The password of an encrypted key, 1..=127 bytes without quotation marks and control bytes.
    pub fn key_password(mut self, password: impl Into<Secret>) -> Self {
        self.key_password = Some(password.into());
        self
    }

    /// Protocol version; default TLS 1.2.
    pub fn version(mut self, version: TlsVersion) -> Self {
        self.version = version;
        self
    }

    /// Cipher suite by its IANA number, as 0xC02F; default 0xFFFF: all that the module has.
    pub fn cipher_suite(mut self, suite: u16) -> Self {
        self.cipher_suite = suite;
        self
    }

    /// Whether the host name is sent in the clear in front of the handshake, so that one address can serve
    /// several names (SNI); default yes. Firmware that does not know the setting takes `false`.
    pub fn sni(mut self, sni: bool) -> Self {
        self.sni = sni;
        self
    }

    /// Whether the dates of certificates count; default [`Clock::Check`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Longest time of a handshake in seconds, 10..=300; default 60. An open with this context gives up
    /// after 155 s more than that at the latest.
    pub fn negotiate_timeout(mut self, seconds: u16) -> Self {
        self.negotiate_timeout = seconds;
        self
    }

    /// Who is checked, as it follows from the certificates.
    #[must_use]
    pub fn verification(&self) -> TlsVerification {
        match (&self.ca, &self.identity) {
            (None, _) => TlsVerification::Nothing,
            (Some(_), None) => TlsVerification::Server,
            (Some(_), Some(_)) => TlsVerification::ServerAndClient,
        }
    }
}
