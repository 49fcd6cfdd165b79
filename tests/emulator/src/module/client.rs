//! One of the six MQTT clients: its state, and the operations it has under way.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::settings::Config;
use crate::packet::Publish;
use crate::profile::Profile;

/// Slots of stored mode (note 3.3.9).
pub(crate) const SLOTS: usize = 5;

/// Publishes that may be on their way (note 3.3.8, first remark; A30).
pub(crate) const WINDOW: usize = 5;

/// Where a client stands (supplement 1.3; A31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    #[default]
    Closed,
    Opening {
        until: Duration,
    },
    Open,
    Connecting {
        until: Duration,
    },
    Connected,
    Disconnecting {
        until: Duration,
    },
}

impl Phase {
    pub(crate) fn in_use(self) -> bool {
        self != Self::Closed
    }

    /// The `<state>` of `AT+QMTCONN?`.
    pub(crate) fn state(self) -> Option<u8> {
        match self {
            Self::Closed | Self::Opening { .. } => None,
            Self::Open => Some(1),
            Self::Connecting { .. } => Some(2),
            Self::Connected => Some(3),
            Self::Disconnecting { .. } => Some(4),
        }
    }
}

/// A will (note 3.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Will {
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) topic: String,
    pub(crate) message: Vec<u8>,
}

/// What an operation waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    SubAck(Vec<(String, u8)>),
    UnsubAck(Vec<String>),
    /// PUBACK or PUBREC, by the QoS of the publish.
    PubAck(Publish),
    PubComp,
}

/// An operation under way.
#[derive(Debug)]
pub(crate) struct Flight {
    /// The command whose result line ends it.
    pub(crate) command: &'static str,
    /// Packet id towards the broker.
    pub(crate) id: u16,
    /// The host's `<msgid>`.
    pub(crate) msgid: u16,
    pub(crate) step: Step,
    /// Next retransmission.
    pub(crate) next: Duration,
    /// Failure.
    pub(crate) give_up: Duration,
    /// Retransmissions so far.
    pub(crate) again: u32,
}

impl Flight {
    pub(crate) fn is_publish(&self) -> bool {
        matches!(self.step, Step::PubAck(_) | Step::PubComp)
    }
}

/// A message in a slot.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) message: Publish,
    pub(crate) arrival: u64,
}

/// A client.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// Kept until power-off (A68).
    pub(crate) config: Config,
    pub(crate) phase: Phase,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// How often it has been opened.
    pub(crate) opened: u32,
    last_id: u16,
    pub(crate) flights: Vec<Flight>,
    /// QoS 2 messages received but not yet released: not to be delivered again.
    pub(crate) unreleased: BTreeSet<u16>,
    pub(crate) slots: [Option<Stored>; SLOTS],
    pub(crate) waiting: VecDeque<Publish>,
    pub(crate) arrivals: u64,
    pub(crate) last_sent: Duration,
    pub(crate) ping_deadline: Option<Duration>,
}

impl Client {
    /// A closed client with the settings of a start.
    pub(crate) fn new(profile: &Profile) -> Self {
        Self {
            config: Config::new(profile),
            ..Self::default()
        }
    }

    /// A packet id that is free; the host's ids are never used towards the broker.
    pub(crate) fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            let id = self.last_id;
            if self.flights.iter().all(|flight| flight.id != id) {
                return id;
            }
        }
    }

    /// When the next ping is due.
    fn ping_due(&self) -> Option<Duration> {
        let seconds = u64::from(self.config.keepalive);
        let pings = self.phase == Phase::Connected && seconds > 0 && self.ping_deadline.is_none();
        pings.then(|| self.last_sent + Duration::from_secs(seconds))
    }

    /// When something of this client is due next.
    pub(crate) fn due(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Opening { until }
            | Phase::Connecting { until }
            | Phase::Disconnecting { until } => Some(until),
            Phase::Closed | Phase::Open | Phase::Connected => None,
        };
        let flights = self
            .flights
            .iter()
            .map(|flight| flight.next.min(flight.give_up));
        phase
            .into_iter()
            .chain(flights)
            .chain(self.ping_deadline)
            .chain(self.ping_due())
            .min()
    }

    /// Whether a ping is due at `now`.
    pub(crate) fn wants_ping(&self, now: Duration) -> bool {
        self.ping_due().is_some_and(|due| due <= now)
    }

    /// Forgets everything about the connection; the settings stay.
    pub(crate) fn reset(&mut self) {
        self.phase = Phase::Closed;
        self.flights.clear();
        self.slots = Default::default();
        self.waiting.clear();
        self.ping_deadline = None;
    }
}
