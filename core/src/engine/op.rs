//! Operations: what a caller asked for, as the steps it takes and the result it waits for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::client::State;
use super::transfer::{FileData, Sending};
use crate::error::{Error, ErrorKind};
use crate::mask::Private;
use crate::mqtt::QoS;
use crate::mqtt::config::ClientConfig;
use crate::mqtt::connect::Connect;
use crate::mqtt::line::PacketCommand;
use crate::mqtt::publish::Publish;
use crate::mqtt::setting::{Setting, SettingName};
use crate::mqtt::subscribe::Granted;
use crate::wire::CommandLine;

/// Names an operation of one [`Engine`](super::Engine); never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId(pub(super) u64);

impl OpId {
    /// The same as a number, 1 and up for all that a program starts.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What a caller asks of the engine. `client` is an index 0..=5 throughout.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Request {
    /// Any command line; the answer is its lines.
    Command {
        /// The line.
        line: CommandLine,
        /// What follows its prompt, where it has one.
        data: Option<Vec<u8>>,
        /// Longest time to its final result code.
        deadline: Duration,
    },
    /// Send a file behind `CONNECT` (`AT+QFUPL`); the answer is the lines after it.
    Upload {
        /// The line.
        line: CommandLine,
        /// The file.
        data: FileData,
        /// The time without input after which the module leaves its data phase by itself, as the line
        /// says it.
        limit: Duration,
        /// The module acknowledges every kilobyte, as the line says it.
        ack: bool,
        /// Longest time to `CONNECT`.
        deadline: Duration,
    },
    /// Read a counted block behind `CONNECT <n>` (`AT+QFREAD`); the answer is the block, as one line.
    Download {
        /// The line.
        line: CommandLine,
        /// Longest time to its final result code.
        deadline: Duration,
    },
    /// Write settings and keep them (`AT+QMTCFG`).
    Configure {
        /// Client.
        client: u8,
        /// What to write; the rest stays.
        config: Box<ClientConfig>,
    },
    /// Open the network (`AT+QMTOPEN`), with every setting in front that the module does not have.
    Open {
        /// Client.
        client: u8,
        /// Host name or address, 1..=100 bytes.
        host: String,
        /// TCP port 1..=65535.
        port: u16,
        /// Close the client first if it is in use.
        replace: bool,
    },
    /// Take over a client that lives since before the port was opened.
    Adopt {
        /// Client.
        client: u8,
    },
    /// Close the network (`AT+QMTCLOSE`).
    Close {
        /// Client.
        client: u8,
    },
    /// Connect to the broker (`AT+QMTCONN`).
    Connect {
        /// Client.
        client: u8,
        /// Client id and credentials.
        connect: Connect,
    },
    /// Disconnect from the broker (`AT+QMTDISC`).
    Disconnect {
        /// Client.
        client: u8,
    },
    /// Subscribe (`AT+QMTSUB`).
    Subscribe {
        /// Client.
        client: u8,
        /// Topic filters with the QoS asked for.
        topics: Vec<(String, QoS)>,
    },
    /// Unsubscribe (`AT+QMTUNS`).
    Unsubscribe {
        /// Client.
        client: u8,
        /// Topic filters.
        topics: Vec<String>,
    },
    /// Publish (`AT+QMTPUBEX`).
    Publish {
        /// Client.
        client: u8,
        /// The message.
        publish: Publish,
    },
}

impl Request {
    /// The client that it is for, if it is for one.
    pub(super) fn client(&self) -> Option<u8> {
        match *self {
            Self::Command { .. } | Self::Upload { .. } | Self::Download { .. } => None,
            Self::Configure { client, .. }
            | Self::Open { client, .. }
            | Self::Adopt { client }
            | Self::Close { client }
            | Self::Connect { client, .. }
            | Self::Disconnect { client }
            | Self::Subscribe { client, .. }
            | Self::Unsubscribe { client, .. }
            | Self::Publish { client, .. } => Some(client),
        }
    }
}

/// What an operation that succeeded brings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; there is no more to say.
    Done,
    /// The lines of a command's answer, without its final `OK`; of [`Request::Download`]: the block, as one.
    Answer(Vec<Vec<u8>>),
    /// What a file holds. No operation of the engine brings it, but a job of
    /// [`Modem::background`](crate::Modem::background) may.
    File(Vec<u8>),
    /// What the broker granted, in the order of the topics.
    Granted(Vec<Granted>),
}

/// What an operation is for: which result ends it.
#[derive(Debug)]
pub(super) enum Kind {
    Command,
    Configure,
    Open {
        host: String,
        port: u16,
        replace: bool,
        retried: bool,
    },
    Close {
        /// Where the client stood when it was asked for.
        from: State,
    },
    Connect,
    Disconnect,
    Subscribe {
        topics: Vec<(String, QoS)>,
    },
    Unsubscribe {
        topics: Vec<String>,
    },
    Publish(Publish),
    /// Ask which clients live, after a port was opened.
    Discover,
    /// Is a client still there, after a `+QMTSTAT` that may be an old connection's (A71)?
    Verify {
        code: i32,
    },
    /// Read one stored message.
    Fetch,
    /// Ask which slots are full.
    Slots,
}

impl Kind {
    pub(super) fn packet(&self) -> Option<PacketCommand> {
        match self {
            Self::Subscribe { .. } => Some(PacketCommand::Subscribe),
            Self::Unsubscribe { .. } => Some(PacketCommand::Unsubscribe),
            Self::Publish(_) => Some(PacketCommand::Publish),
            _ => None,
        }
    }

    /// Nobody waits for it.
    pub(super) fn is_internal(&self) -> bool {
        matches!(self, Self::Verify { .. } | Self::Fetch | Self::Slots)
    }
}

/// One command line of an operation, and what its end means.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: CommandLine,
    pub(super) data: Option<Vec<u8>>,
    pub(super) role: Role,
    /// Longest time to the final result code.
    pub(super) deadline: Duration,
}

/// Longest time to the final result code of a command that the module answers by itself. The note
/// gives 300 ms for most; Quectel's own driver waits 3 s.
pub(super) const FINAL_DEADLINE: Duration = Duration::from_secs(5);

impl Step {
    pub(super) fn new(line: CommandLine, role: Role) -> Self {
        Self {
            line,
            data: None,
            role,
            deadline: FINAL_DEADLINE,
        }
    }

    /// What is sent or comes behind it.
    pub(super) fn private(&self) -> Private {
        match self.role {
            Role::Upload(_) | Role::Download => Private::File,
            _ => Private::of_command(self.line.as_bytes(), self.data.is_some()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Collect the lines of its answer.
    Collect,
    /// Write a setting; `ERROR` is an error of the operation only where the caller asked for it.
    Set { setting: Setting, asked: bool },
    /// A close that may fail in every way (register A63).
    CloseFirst,
    /// The step whose result line ends the operation.
    Act,
    /// `AT+QMTOPEN?`.
    OpenQuery,
    /// `AT+QMTCONN?`.
    ConnectQuery,
    /// `AT+QMTCFG="name",client` of a client found alive.
    SettingQuery(u8, SettingName),
    /// `AT+QMTRECV=client,slot`, or without a slot for all of them; whether an answer line has come.
    Fetch { slot: Option<u8>, answered: bool },
    /// `AT+QMTRECV?`.
    SlotQuery,
    /// `AT+QFUPL=...`, and how far it is.
    Upload(Sending),
    /// `AT+QFREAD=...`.
    Download,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for its turn on the line, or in the queue of its client's publishes.
    Queued,
    /// Its step is the active command.
    Running,
    /// Every step is done; the result line is due by then.
    Waiting(Instant),
    /// `CloseFirst` was answered `OK`; its result line may come until then.
    Closing(Instant),
}

#[derive(Debug)]
pub(super) struct Op {
    pub(super) client: Option<u8>,
    pub(super) kind: Kind,
    pub(super) steps: VecDeque<Step>,
    pub(super) phase: Phase,
    /// Message id on the wire, once it has one.
    pub(super) msgid: Option<u16>,
    /// The module may have taken it: doing it again may duplicate.
    pub(super) taken: bool,
    /// The module answered nothing at all to its last step.
    pub(super) unanswered: bool,
    pub(super) answer: Vec<Vec<u8>>,
    /// The name of a caller's own command, once it is sent.
    pub(super) sent: Option<String>,
}

impl Op {
    /// Adds to an error which command and client this is about.
    pub(super) fn named(&self, mut error: Error) -> Error {
        if let Some(command) = self.command() {
            error = error.with_command(command);
        } else if let (Kind::Command, Some(command)) = (&self.kind, self.line_name()) {
            error = error.with_command(command);
        }
        match self.client {
            Some(client) => error.with_client(client),
            None => error,
        }
    }

    pub(super) fn new(client: Option<u8>, kind: Kind, steps: impl Into<VecDeque<Step>>) -> Self {
        Self {
            client,
            kind,
            steps: steps.into(),
            phase: Phase::Queued,
            msgid: None,
            taken: false,
            unanswered: false,
            answer: Vec::new(),
            sent: None,
        }
    }

    /// The name in the command line that was sent last, or comes first.
    pub(super) fn line_name(&self) -> Option<String> {
        let next = || self.steps.front().map(|step| step.line.name());
        self.sent.clone().or_else(next)
    }

    /// The command that a caller knows it by.
    pub(super) fn command(&self) -> Option<&'static str> {
        Some(match self.kind {
            Kind::Configure => "AT+QMTCFG",
            Kind::Open { .. } => "AT+QMTOPEN",
            Kind::Close { .. } => "AT+QMTCLOSE",
            Kind::Connect => "AT+QMTCONN",
            Kind::Disconnect => "AT+QMTDISC",
            Kind::Subscribe { .. } => "AT+QMTSUB",
            Kind::Unsubscribe { .. } => "AT+QMTUNS",
            Kind::Publish(_) => "AT+QMTPUBEX",
            _ => return None,
        })
    }

    /// An error for when something beside its own result ends it.
    pub(super) fn cut_short(&self, otherwise: ErrorKind, why: &str) -> Error {
        if self.taken {
            Error::new(
                ErrorKind::Unconfirmed,
                format!("{why}; the module had taken it, so doing it again may duplicate"),
            )
        } else {
            Error::new(otherwise, format!("{why}; the module had not taken it"))
        }
    }
}
