//! `AT+QMTCONN` and `AT+QMTDISC`: the MQTT connection of a client.

use std::fmt;

use super::Secret;
use crate::error::Result;
use crate::wire::CommandLine;

/// The strings of an MQTT CONNECT. Keep-alive, clean session, will and protocol version are settings
/// of the client: see [`ClientConfig`](crate::ClientConfig).
///
/// The note prints no limits for the three strings; 256 bytes each is what the family takes.
/// Quotation marks and control bytes are refused (register A46).
///
/// ```
/// use atmqtt::Connect;
///
/// let connect = Connect::new("sensor-17").credentials("user", "secret");
/// assert!(!format!("{connect:?}").contains("secret"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    pub(crate) client_id: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
}

impl Connect {
    /// Connects as `client_id`. A broker drops the older of two connections with one id.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            username: None,
            password: None,
        }
    }

    /// Signs in with a user name alone.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Signs in with user name and password.
    #[must_use]
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.username = Some(username.into());
        self.password = Some(password.into());
        self
    }

    /// `AT+QMTCONN=client,"id"[,"user"[,"password"]]`.
    pub(crate) fn command(&self, client: u8) -> Result<CommandLine> {
        let mut line = CommandLine::new("AT+QMTCONN").int(client).text(
            "client_id",
            &self.client_id,
            0..=256,
        )?;
        if let Some(username) = &self.username {
            line = line.text("username", username, 0..=256)?;
            if let Some(password) = &self.password {
                line = line.secret("password", password.reveal(), 0..=256)?;
            }
        }
        Ok(line)
    }
}

/// `AT+QMTDISC=client`.
pub(crate) fn disconnect(client: u8) -> CommandLine {
    CommandLine::new("AT+QMTDISC").int(client)
}

/// What a CONNACK return code means (MQTT 3.1.1, section 3.2.2.3).
pub(crate) fn return_code(code: i32) -> &'static str {
    match code {
        1 => "the broker does not take this protocol version (setting `version`)",
        2 => "the broker does not take this client id",
        3 => "the broker is not available",
        4 => "bad user name or password",
        5 => "not authorised",
        _ => "an undocumented return code",
    }
}

/// Why a connection ended: the code of `+QMTSTAT` (note, table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// 1: closed or reset by the broker.
    ClosedByServer,
    /// 2: a ping timed out or could not be sent.
    PingFailed,
    /// 3: CONNECT timed out or could not be sent.
    ConnectFailed,
    /// 4: CONNACK did not come.
    ConnackFailed,
    /// 5: the client sent DISCONNECT and the broker closed; the normal end.
    Requested,
    /// 6: the client closed because sending kept failing.
    SendFailed,
    /// 7: the link is dead or the broker is not available.
    LinkDead,
    /// 8: the client closed the connection itself.
    ClosedByClient,
    /// 9 and up: reserved, read as closed.
    Other(i32),
}

impl DisconnectReason {
    /// The reason behind a `+QMTSTAT` code.
    #[must_use]
    pub const fn from_code(code: i32) -> Self {
        match code {
            1 => Self::ClosedByServer,
            2 => Self::PingFailed,
            3 => Self::ConnectFailed,
            4 => Self::ConnackFailed,
            5 => Self::Requested,
            6 => Self::SendFailed,
            7 => Self::LinkDead,
            8 => Self::ClosedByClient,
            other => Self::Other(other),
        }
    }

    /// The `+QMTSTAT` code of this reason.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::ClosedByServer => 1,
            Self::PingFailed => 2,
            Self::ConnectFailed => 3,
            Self::ConnackFailed => 4,
            Self::Requested => 5,
            Self::SendFailed => 6,
            Self::LinkDead => 7,
            Self::ClosedByClient => 8,
            Self::Other(code) => code,
        }
    }

    /// What the note advises to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ClosedByServer => "open the client again",
            Self::PingFailed => "deactivate the PDP context, activate it, and connect again",
            Self::ConnectFailed | Self::ConnackFailed => {
                "check user name, password and client id, and connect again"
            }
            Self::Requested => "nothing to do: a normal end",
            Self::SendFailed => "check the data; the network may be congested; connect again",
            Self::LinkDead => "check the link and the broker",
            Self::ClosedByClient => "connect again",
            Self::Other(_) => "an undocumented code; connect again",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByServer => f.write_str("closed or reset by the broker"),
            Self::PingFailed => f.write_str("ping failed"),
            Self::ConnectFailed => f.write_str("CONNECT failed"),
            Self::ConnackFailed => f.write_str("no CONNACK"),
            Self::Requested => f.write_str("disconnected as asked"),
            Self::SendFailed => f.write_str("sending kept failing"),
            Self::LinkDead => f.write_str("link dead or broker not available"),
            Self::ClosedByClient => f.write_str("closed by the client"),
            Self::Other(code) => write!(f, "reason {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_keep_their_codes() {
        for code in 0..=255 {
            assert_eq!(DisconnectReason::from_code(code).code(), code);
        }
    }

    #[test]
    fn strings_are_given_up_to_the_last_one_wanted() {
        let text = |c: Connect| String::from_utf8(c.command(2).unwrap().as_bytes().to_vec());
        assert_eq!(text(Connect::new("a")).unwrap(), "AT+QMTCONN=2,\"a\"");
        assert_eq!(
            text(Connect::new("a").username("u")).unwrap(),
            "AT+QMTCONN=2,\"a\",\"u\""
        );
        assert_eq!(
            text(Connect::new("a").credentials("u", "p")).unwrap(),
            "AT+QMTCONN=2,\"a\",\"u\",\"p\""
        );
    }
}
