//! Where a link stands, how it got there, and what it counts.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::mqtt::connect::DisconnectReason;

/// Where a [`Link`](crate::Link) stands, in the order in which it comes up. The numbers never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(i32)]
pub enum LinkState {
    /// Looks for the serial port.
    Searching = 0,
    /// Opens it and brings the module's line into a known state.
    Starting = 1,
    /// Waits for SIM, registration and the PDP context.
    Attaching = 2,
    /// Uploads certificates and configures TLS.
    Securing = 3,
    /// Opens the network connection to the broker (`AT+QMTOPEN`).
    Opening = 4,
    /// Connects to the broker (`AT+QMTCONN`).
    Connecting = 5,
    /// Connected: messages flow, and subscriptions are being made.
    Up = 6,
    /// Waits before it tries again.
    Waiting = 7,
    /// Waits for long, because trying again does not help by itself: see the cause.
    Refused = 8,
    /// Repairs what is below the connection: the PDP context, or the module.
    Repairing = 9,
    /// The end.
    Closed = 10,
}

impl LinkState {
    /// Every state, in the order of its numbers.
    pub const ALL: [Self; 11] = [
        Self::Searching,
        Self::Starting,
        Self::Attaching,
        Self::Securing,
        Self::Opening,
        Self::Connecting,
        Self::Up,
        Self::Waiting,
        Self::Refused,
        Self::Repairing,
        Self::Closed,
    ];

    /// The stable number of this state.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// A short name in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Searching => "searching for the port",
            Self::Starting => "starting the port",
            Self::Attaching => "attaching to the network",
            Self::Securing => "configuring TLS",
            Self::Opening => "opening the connection",
            Self::Connecting => "connecting to the broker",
            Self::Up => "up",
            Self::Waiting => "waiting to try again",
            Self::Refused => "refused",
            Self::Repairing => "repairing",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a [`Link`](crate::Link) went from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkCause {
    /// The step before is done.
    Progress,
    /// The connection ended (`+QMTSTAT`, note, table 4).
    Disconnected(DisconnectReason),
    /// A keep-alive ping failed (`+QMTPING`).
    PingFailed,
    /// The network dropped the PDP context (`+QIURC: "pdpdeact"`).
    PdpDeactivated,
    /// The module restarted (`RDY`).
    Restarted,
    /// The module says that the client is not connected, and had not said so before (`AT+QMTCONN?`).
    FoundDisconnected,
    /// The serial port is gone, or was never there.
    PortLost(Error),
    /// The module does not answer.
    Deaf(Error),
    /// A step failed, and may succeed another time.
    Failed(Error),
    /// A step failed for a reason that stays: bad credentials, a SIM that wants its PIN, a setting that is
    /// out of range. It is not tried again for long.
    Refused(Error),
    /// The program said so: [`retry`](crate::Link::retry), [`close`](crate::Link::close).
    Asked,
}

impl LinkCause {
    /// The stable number of this kind of cause, 0 and up in the order above.
    #[must_use]
    pub const fn number(&self) -> i32 {
        match self {
            Self::Progress => 0,
            Self::Disconnected(_) => 1,
            Self::PingFailed => 2,
            Self::PdpDeactivated => 3,
            Self::Restarted => 4,
            Self::FoundDisconnected => 5,
            Self::PortLost(_) => 6,
            Self::Deaf(_) => 7,
            Self::Failed(_) => 8,
            Self::Refused(_) => 9,
            Self::Asked => 10,
        }
    }

    /// The error behind it, where there is one.
    #[must_use]
    pub const fn error(&self) -> Option<&Error> {
        match self {
            Self::PortLost(error)
            | Self::Deaf(error)
            | Self::Failed(error)
            | Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for LinkCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Progress => f.write_str("the step before is done"),
            Self::Disconnected(reason) => write!(f, "disconnected: {reason}"),
            Self::PingFailed => f.write_str("a keep-alive ping failed"),
            Self::PdpDeactivated => f.write_str("the network dropped the PDP context"),
            Self::Restarted => f.write_str("the module restarted"),
            Self::FoundDisconnected => f.write_str("the module says that it is not connected"),
            Self::PortLost(error)
            | Self::Deaf(error)
            | Self::Failed(error)
            | Self::Refused(error) => error.fmt(f),
            Self::Asked => f.write_str("the program asked for it"),
        }
    }
}

/// One step of a [`Link`](crate::Link) from state to state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// Where it was.
    pub from: LinkState,
    /// Where it is.
    pub to: LinkState,
    /// Why.
    pub cause: LinkCause,
    /// How long it will wait, in [`Waiting`](LinkState::Waiting) and [`Refused`](LinkState::Refused).
    pub retry_in: Option<Duration>,
}

/// How a [`Link`](crate::Link) is and has been; see [`Link::status`](crate::Link::status).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkStatus {
    /// Where it stands.
    pub state: LinkState,
    /// How long it has stood there.
    pub since: Duration,
    /// Why it went there from [`Up`](LinkState::Up), or failed to get there, the last time.
    pub last_trouble: Option<LinkCause>,
    /// How long until it tries again by itself.
    pub retry_in: Option<Duration>,
    /// The serial port, where one has been found.
    pub port: Option<PathBuf>,
    /// The broker that it is connected to, or tries next.
    pub broker: (String, u16),
    /// How many times it has been up.
    pub connections: u64,
    /// How long it has been up, all times together.
    pub uptime: Duration,
    /// Messages that wait to be sent, or for their outcome.
    pub waiting: usize,
    /// The bytes of these, topics included.
    pub waiting_bytes: usize,
    /// Messages that were accepted: every publish that gave no error, and those found in the outbox.
    pub accepted: u64,
    /// Messages whose delivery was confirmed.
    pub delivered: u64,
    /// Messages that ended otherwise: refused by the module, dropped, unconfirmed.
    pub failed: u64,
    /// How many times a message was sent again although an earlier sending may have arrived.
    pub resent: u64,
}
