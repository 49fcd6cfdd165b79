//! The one error type of the library and its numbered table of kinds.

use std::fmt;

/// What went wrong, for `match`. The number of a kind never changes and is never used again for
/// another; C and Python take theirs from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument is out of range, too long, or holds a byte that cannot be sent. Nothing was sent.
    InvalidArgument = 1,
    /// The client or the port is not in a state that allows the call. Nothing was sent.
    InvalidState = 2,
    /// No answer in time, and the module has accepted nothing: doing it again cannot duplicate.
    Timeout = 3,
    /// The module has accepted the command or message, but its outcome is unknown: doing it again
    /// may duplicate.
    Unconfirmed = 4,
    /// The module answered `ERROR`.
    ModuleError = 5,
    /// The module answered `+CME ERROR` or `+CMS ERROR`; [`Error::code`] holds its number.
    CmeError = 6,
    /// The result line carried a failure; [`Error::code`] holds its `<result>`.
    OperationFailed = 7,
    /// The broker refused the connection; [`Error::code`] holds the CONNACK return code 1..=5.
    ConnectionRefused = 8,
    /// The serial port is gone (unplugged, hung up, or broken).
    PortLost = 9,
    /// Another program holds the serial port.
    PortBusy = 10,
    /// A file arrived with another checksum than it was sent with.
    ChecksumMismatch = 11,
    /// Called from a callback, where it could only wait for itself.
    CalledFromCallback = 12,
    /// The port was closed by this program, or the client was while it was opened or connected, or the
    /// process was forked after opening the port.
    Closed = 13,
    /// A fault of this library; please report it.
    Internal = 14,
    /// The network or MQTT connection of the client ended (`+QMTSTAT`, `+QMTPING`, a restart of the
    /// module, a lost PDP context) before the module had accepted anything; [`Error::code`] holds the
    /// `+QMTSTAT` code where there was one.
    Disconnected = 15,
    /// The module may still wait for a payload and nothing may be sent to it: without
    /// `edit/timeout` only a restart of the module helps.
    PortStuck = 16,
    /// The outbox, where messages wait on disk, cannot be read or written; the text says why, as that the
    /// disk is full.
    Storage = 17,
    /// Too much waits to be sent already.
    QueueFull = 18,
}

impl ErrorKind {
    /// Every kind, in the order of its numbers.
    pub const ALL: [Self; 18] = [
        Self::InvalidArgument,
        Self::InvalidState,
        Self::Timeout,
        Self::Unconfirmed,
        Self::ModuleError,
        Self::CmeError,
        Self::OperationFailed,
        Self::ConnectionRefused,
        Self::PortLost,
        Self::PortBusy,
        Self::ChecksumMismatch,
        Self::CalledFromCallback,
        Self::Closed,
        Self::Internal,
        Self::Disconnected,
        Self::PortStuck,
        Self::Storage,
        Self::QueueFull,
    ];

    /// The stable number of this kind, 1 and up.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The kind with this number, if there is one.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// A short name in words, as it opens the text of an [`Error`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid argument",
            Self::InvalidState => "invalid state",
            Self::Timeout => "timeout",
            Self::Unconfirmed => "unconfirmed",
            Self::ModuleError => "module error",
            Self::CmeError => "CME error",
            Self::OperationFailed => "operation failed",
            Self::ConnectionRefused => "connection refused",
            Self::PortLost => "port lost",
            Self::PortBusy => "port busy",
            Self::ChecksumMismatch => "checksum mismatch",
            Self::CalledFromCallback => "called from a callback",
            Self::Closed => "closed",
            Self::Internal => "internal error",
            Self::Disconnected => "disconnected",
            Self::PortStuck => "port stuck",
            Self::Storage => "storage error",
            Self::QueueFull => "queue full",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failed call: its kind for programs, and a text for people that names the command, the client,
/// what came back and what to do. Secrets never appear in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    command: Option<String>,
    client: Option<u8>,
    code: Option<i32>,
    detail: String,
}

/// The result of every fallible call of the library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind with a text of one line that says what came back and what to do. For code of the
    /// program that the library calls, as a [power hook](crate::LinkBuilder::power_hook).
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                command: None,
                client: None,
                code: None,
                detail: detail.into(),
            }),
        }
    }

    /// The parameter, its value and what it may be.
    pub(crate) fn argument(
        parameter: &str,
        value: impl fmt::Display,
        allowed: impl fmt::Display,
    ) -> Self {
        Self::new(
            ErrorKind::InvalidArgument,
            format!("{parameter} is {value}; it must be {allowed}"),
        )
    }

    pub(crate) fn state(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidState, detail)
    }

    /// Adds the AT command, as `AT+QMTOPEN`, unless one is named already.
    pub(crate) fn with_command(mut self, command: impl Into<String>) -> Self {
        self.inner.command.get_or_insert_with(|| command.into());
        self
    }

    /// Adds the client index, unless one is named already.
    pub(crate) fn with_client(mut self, client: u8) -> Self {
        self.inner.client.get_or_insert(client);
        self
    }

    pub(crate) fn with_code(mut self, code: i32) -> Self {
        self.inner.code = Some(code);
        self
    }

    /// What went wrong, for `match`.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The number that the module gave: `<result>` of a result line, CONNACK return code, CME error
    /// number, or `+QMTSTAT` code, as the kind says.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.inner.code
    }

    /// The AT command that failed, without its parameters.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.inner.command.as_deref()
    }

    /// The MQTT client 0..=5 that it concerns.
    #[must_use]
    pub fn client(&self) -> Option<u8> {
        self.inner.client
    }

    /// The text without kind, command and client.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.inner.detail
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.inner.kind.name())?;
        match (&self.inner.command, self.inner.client) {
            (Some(command), Some(client)) => write!(f, ": {command} (client {client})")?,
            (Some(command), None) => write!(f, ": {command}")?,
            (None, Some(client)) => write!(f, ": client {client}")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.inner.detail)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_found_again() {
        for (index, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.number(), index as i32 + 1, "{kind}");
            assert_eq!(ErrorKind::from_number(kind.number()), Some(kind));
        }
        assert_eq!(ErrorKind::from_number(0), None);
        assert_eq!(ErrorKind::from_number(19), None);
    }

    #[test]
    fn text_names_command_client_and_detail() {
        let error = Error::argument("port", 0, "1..=65535")
            .with_command("AT+QMTOPEN")
            .with_client(3);
        assert_eq!(
            error.to_string(),
            "invalid argument: AT+QMTOPEN (client 3): port is 0; it must be 1..=65535"
        );
    }
}
