//! What the engine knows about one of the six MQTT clients.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::op::OpId;
use crate::mqtt::SLOTS;
use crate::mqtt::config::ClientConfig;
use crate::mqtt::line::PacketCommand;
use crate::mqtt::setting::{Delivery, Format, PacketTimeout, Setting};

/// Where a client stands (numbers of `AT+QMTCONN?` in brackets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// No network connection.
    #[default]
    Closed,
    /// `AT+QMTOPEN` is under way.
    Opening,
    /// The network is open, MQTT is not connected (1).
    Open,
    /// `AT+QMTCONN` is under way (2).
    Connecting,
    /// Connected (3).
    Connected,
    /// `AT+QMTDISC` or `AT+QMTCLOSE` is under way (4).
    Disconnecting,
}

/// What was found in a client that lived before the port was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) host: String,
    pub(super) port: u16,
    /// Settings that decide whether its messages can be read.
    pub(super) length_shown: Option<bool>,
    pub(super) received_hex: Option<bool>,
}

#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) state: State,
    pub(super) generation: u32,
    first_generation: u32,
    /// What the caller asked for; the library's defaults stand behind it.
    pub(super) wanted: ClientConfig,
    /// Settings of `wanted` that the module has, as [`SettingName::bit`](crate::SettingName)s.
    pub(super) applied: u32,
    /// Open, connect, disconnect, close or configure: one at a time.
    pub(super) lifecycle: Option<OpId>,
    /// It lives since before this port was opened and has not been adopted.
    pub(super) found: Option<Found>,
    /// It was adopted: until then, an `ERROR` to a publish may mean a window filled by an earlier
    /// program.
    pub(super) foreign_window_until: Option<Instant>,
    /// The module may still hold it open: close it before opening again.
    pub(super) needs_close: bool,
    /// The result of the close in front of an open came before its `OK`.
    pub(super) close_seen: bool,
    /// It was closed not long ago: until then a `+QMTSTAT` may be the old connection's (A71).
    pub(super) old_stat_until: Option<Instant>,
    pub(super) timeout: PacketTimeout,
    pub(super) edit_timeout: Option<u8>,
    pub(super) payload_echo: bool,
    /// Payloads are written as hexadecimal text.
    pub(super) sends_hex: bool,
    pub(super) delivery: Delivery,

    next_id: u16,
    /// Message ids whose result has not come, abandoned ones included (A59).
    pub(super) unresolved: HashMap<u16, (PacketCommand, OpId)>,
    /// The one publish with message id 0 that waits for its result (A29).
    pub(super) zero: Option<OpId>,
    /// Publishes that wait for room in the window, in order.
    pub(super) waiting: VecDeque<OpId>,
    /// QoS 1 and 2 publishes between their command and their result.
    pub(super) in_flight: usize,
    /// Nothing is published before then, because the module said that the window is full.
    pub(super) blocked_until: Option<Instant>,

    /// Slots with a message, in the order of their notices (A43).
    pub(super) slots: VecDeque<u8>,
    /// More than one of them came from a slot map, which does not say which is the oldest.
    pub(super) slots_unordered: bool,
    pub(super) fetching: Fetching,
    /// Messages that the queue of the client can still take.
    pub(super) room: usize,
    /// When to ask for the slots again, in case a notice was lost (A57).
    pub(super) ask_slots_at: Option<Instant>,
}

/// What is being fetched. A notice that comes before the answer is of a message that the answer has: the
/// module printed it before it read the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fetching {
    #[default]
    No,
    /// Which slots are full.
    Map,
    /// One slot, whose answer has not begun.
    Slot(u8),
    /// All of them, and the answer has not begun.
    All,
    /// All of them, and the answer has begun: what is noticed now may be in it or not.
    Rest,
    /// One slot, which has been answered.
    Given,
}

/// How often a client in stored delivery is asked for its slots.
pub(super) const SLOT_QUERY_PERIOD: Duration = Duration::from_secs(5);

/// How long after a close a `+QMTSTAT` may be the old connection's (register A71).
pub(super) const OLD_STAT: Duration = Duration::from_secs(3);

impl Client {
    pub(super) fn new(first_id: u16, first_generation: u32) -> Self {
        Self {
            generation: first_generation,
            first_generation,
            next_id: first_id.max(1),
            room: usize::MAX,
            ..Self::default()
        }
    }

    /// The next message id that nothing unresolved uses.
    pub(super) fn take_id(&mut self, command: PacketCommand, op: OpId) -> Option<u16> {
        (0..u16::MAX).find_map(|_| {
            let id = self.next_id;
            self.next_id = id.checked_add(1).unwrap_or(1);
            (!self.unresolved.contains_key(&id)).then(|| {
                self.unresolved.insert(id, (command, op));
                id
            })
        })
    }

    /// Longest time from `OK` to the result of CONN, SUB, UNS and PUBEX (register A23).
    pub(super) fn result_deadline(&self) -> Duration {
        let PacketTimeout {
            seconds, retries, ..
        } = self.timeout;
        Duration::from_secs(u64::from(seconds) * (u64::from(retries) + 1) + 5)
    }

    /// The module has taken a setting.
    pub(super) fn applied(&mut self, setting: &Setting) {
        self.applied |= setting.name().bit();
        match *setting {
            Setting::Timeout(timeout) => self.timeout = timeout,
            Setting::EditTimeout(seconds) => self.edit_timeout = seconds,
            Setting::ViewMode(echo) => self.payload_echo = echo,
            Setting::Receive(delivery, _) => self.delivery = delivery,
            // One variable of the module (A18).
            Setting::SendMode(format) | Setting::DataFormat(format, _) => {
                self.sends_hex = format == Format::Hex;
            }
            _ => {}
        }
    }

    /// The module has restarted: its settings are at their defaults.
    pub(super) fn forget_settings(&mut self) {
        self.applied = 0;
        self.needs_close = false;
        self.timeout = PacketTimeout::default();
        self.edit_timeout = None;
        self.payload_echo = false;
        self.sends_hex = false;
        self.delivery = Delivery::default();
    }

    /// A failed ping is followed by a `+QMTSTAT` within the time that `qmtping` sets (A14, A15).
    pub(super) fn ping_stat_time(&self) -> Duration {
        const DEFAULT: u8 = 5;
        Duration::from_secs(self.wanted.ping_report.unwrap_or(DEFAULT).into()) + OLD_STAT
    }

    /// Whether this open is not the first that the engine makes.
    pub(super) fn was_opened_before(&self) -> bool {
        self.generation > self.first_generation + 1
    }

    pub(super) fn is_live(&self) -> bool {
        !matches!(self.state, State::Closed | State::Opening)
    }

    /// Notes that a slot is full; more than the module has are never kept.
    pub(super) fn note_slot(&mut self, slot: u8) {
        if self.slots.len() < SLOTS && !self.slots.contains(&slot) {
            self.slots.push_back(slot);
        }
    }

    /// Notes that a slot is still full: it was the oldest.
    pub(super) fn note_slot_again(&mut self, slot: u8) {
        self.slots.retain(|&noted| noted != slot);
        self.slots.push_front(slot);
        self.slots.truncate(SLOTS);
    }

    /// Forgets what belonged to a connection that has ended.
    pub(super) fn forget_connection(&mut self, now: Instant) {
        self.state = State::Closed;
        self.applied = 0;
        self.found = None;
        self.foreign_window_until = None;
        self.old_stat_until = Some(now + OLD_STAT);
        self.unresolved.clear();
        self.zero = None;
        self.waiting.clear();
        self.in_flight = 0;
        self.blocked_until = None;
        self.slots.clear();
        self.slots_unordered = false;
        self.fetching = Fetching::No;
        self.ask_slots_at = None;
    }
}
