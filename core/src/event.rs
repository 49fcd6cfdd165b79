//! What happens by itself: everything a module reports that is not the answer to a call.

use std::path::PathBuf;

use crate::engine::Outcome;
use crate::error::{Error, Result};
use crate::link::LinkChange;
use crate::mqtt::connect::DisconnectReason;
use crate::mqtt::receive::Message;
use crate::mqtt::subscribe::Granted;

/// One of everything that arrives; see [`Modem::incoming`](crate::Modem::incoming).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A message of any client.
    Message(Message),
    /// Anything else.
    Event(Event),
}

/// Something that happened without being asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The connection of a client ended and nobody had asked for it (`+QMTSTAT`).
    Disconnected {
        /// Client 0..=5.
        client: u8,
        /// Which of its connections: counts up with every open.
        generation: u32,
        /// The `+QMTSTAT` code and its advice.
        reason: DisconnectReason,
    },
    /// A keep-alive ping failed and the client is closed (`+QMTPING`, register A15).
    PingFailed {
        /// Client 0..=5.
        client: u8,
        /// Which of its connections.
        generation: u32,
    },
    /// A packet was sent again (result 1, register A1); reported where
    /// [`PacketTimeout::notice`](crate::PacketTimeout::notice) asks for it. Not an end of anything.
    Retransmission {
        /// Client 0..=5.
        client: u8,
        /// Which of its connections.
        generation: u32,
        /// The command whose packet it was, as `AT+QMTPUBEX`.
        command: &'static str,
        /// Message id of the packet; 0 where it has none.
        msgid: u16,
        /// How many times it has been sent again, where the module said.
        count: Option<u8>,
    },
    /// The module has restarted (`RDY`): every client is closed, its settings are at their defaults.
    Restarted,
    /// The network dropped a PDP context; every client on it is closed.
    PdpDeactivated {
        /// The context 1..=16.
        context: u8,
    },
    /// The message queue of a client was full, and its oldest messages were dropped.
    Lagged {
        /// Client 0..=5.
        client: u8,
        /// How many messages since the last such event.
        count: u64,
    },
    /// Input was thrown away because it did not fit the bounds or could not be read; see the text.
    InputLost {
        /// What was lost, in words.
        what: String,
    },
    /// An operation ended whose end was to be told this way: by [`Pending::report`](crate::Pending::report),
    /// [`Modem::background`](crate::Modem::background).
    Completed {
        /// The number that the call gave.
        operation: u64,
        /// What it ended with.
        result: Result<Outcome>,
    },
    /// A [`Link`](crate::Link) went from one state to another.
    Link(Box<LinkChange>),
    /// A subscription of a [`Link`](crate::Link) was made, after every connect anew, or refused.
    Subscribed {
        /// Client 0..=5.
        client: u8,
        /// The topic filter.
        topic: String,
        /// What the broker made of it.
        granted: Granted,
    },
    /// The outbox of a [`Link`](crate::Link) was found damaged. What could be read of it is sent.
    OutboxDamaged {
        /// Messages that could not be read.
        messages: usize,
        /// What the damaged file was renamed to, where a new one had to be begun.
        set_aside: Option<PathBuf>,
    },
    /// The port is gone or was closed. The last event of all, but for the ends of jobs in the background,
    /// which end with the port.
    PortClosed {
        /// Why.
        error: Error,
    },
    /// Any other line that the module printed unasked. Not one that may hold a secret: while a file moves,
    /// or a command is under way that holds a password or is answered with one, a line that is not
    /// understood may be a damaged answer, and is [`InputLost`](Self::InputLost) with its length.
    Urc(Vec<u8>),
}

impl Event {
    /// Whether it goes to the lane that never overflows; the others share a ring that drops its
    /// oldest.
    pub(crate) fn is_state(&self) -> bool {
        !matches!(
            self,
            Self::Retransmission { .. } | Self::InputLost { .. } | Self::Urc(_)
        )
    }
}
