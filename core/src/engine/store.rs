//! Stored delivery (`recv/mode` 1): the module keeps up to five messages, the engine fetches them as
//! the client's queue has room.

use std::time::Instant;

use super::client::{Fetching, SLOT_QUERY_PERIOD, State};
use super::op::{Kind, Op, OpId, Role, Step};
use super::{Engine, Output};
use crate::mqtt::receive::{self, Message};
use crate::mqtt::setting::Delivery;
use crate::mqtt::{CLIENTS, SLOTS};
use crate::wire::{LengthDisplay, RawMessage};

impl Engine {
    /// A client's queue can take this many more messages.
    pub fn set_room(&mut self, now: Instant, client: u8, room: usize) {
        self.client(client).room = room;
        self.fetch(client);
        self.pump(now);
    }

    /// Whether a client has messages to fetch and no room for them.
    #[must_use]
    pub fn wants_room(&self, client: u8) -> bool {
        let client = &self.clients[usize::from(client)];
        client.delivery == Delivery::Stored && client.state == State::Connected && client.room == 0
    }

    /// `+QMTRECV: client,slot`: a message waits.
    pub(super) fn noticed(&mut self, client: u8, slot: u8) {
        let state = self.client(client);
        match state.fetching {
            Fetching::Slot(fetched) if fetched == slot => return,
            Fetching::All => return,
            // Read all at once the next time as well: that is in order, whatever this one was.
            Fetching::Rest => state.slots_unordered = true,
            _ => {}
        }
        state.note_slot(slot);
        self.fetch(client);
    }

    /// Asks for the oldest noticed message, one at a time; for all of them where only the module knows
    /// which is the oldest.
    pub(super) fn fetch(&mut self, index: u8) {
        let client = self.client(index);
        if client.fetching != Fetching::No || client.room == 0 || client.state != State::Connected {
            return;
        }
        if client.slots.is_empty() {
            return;
        }
        let (line, slot) = if client.slots_unordered && client.room >= SLOTS {
            client.slots.clear();
            (receive::fetch_all(index), None)
        } else {
            let Some(slot) = client.slots.pop_front() else {
                return;
            };
            (receive::fetch(index, slot), Some(slot))
        };
        client.slots_unordered &= client.slots.len() > 1;
        client.fetching = slot.map_or(Fetching::All, Fetching::Slot);
        let role = Role::Fetch {
            slot,
            answered: false,
        };
        let op = Op::new(Some(index), Kind::Fetch, [Step::new(line, role)]);
        let id = self.add(op);
        self.queue.push_back(id);
    }

    /// A fetch or slot query has ended, well or not.
    pub(super) fn fetched(&mut self, index: u8, id: OpId) {
        self.remove(id);
        self.client(index).fetching = Fetching::No;
        self.fetch(index);
    }

    /// `+QMTRECV: client,s0,...,s4`.
    pub(super) fn slots_told(&mut self, client: u8, full: [bool; 5]) {
        let client = self.client(client);
        if client.fetching == Fetching::All {
            return;
        }
        let noticed = client.slots.len();
        for (slot, _) in full.into_iter().enumerate().filter(|(_, full)| *full) {
            if client.fetching != Fetching::Slot(slot as u8) {
                client.note_slot(slot as u8);
            }
        }
        // A map says nothing about the order among slots (register A43).
        client.slots_unordered |= client.slots.len() > noticed && client.slots.len() > 1;
    }

    /// A message came, at once or as the answer to a fetch.
    pub(super) fn received(&mut self, raw: RawMessage<'_>) {
        let index = raw.client;
        let mut fetched = false;
        if let Some(active) = &mut self.active {
            if active.client == Some(index) {
                if let Role::Fetch { answered, .. } = &mut active.role {
                    // The slot is free from here on, before the `OK` (register A43).
                    *answered = true;
                    fetched = true;
                }
            }
        }
        let hex = self.context.layouts[usize::from(index)].hex;
        let client = self.client(index);
        client.room = client.room.saturating_sub(1);
        client.fetching = match client.fetching {
            Fetching::Slot(_) if fetched => Fetching::Given,
            Fetching::All if fetched => Fetching::Rest,
            other => other,
        };
        let message = Message::new(raw, client.generation, hex);
        self.outputs.push_back(Output::Message(message));
    }

    /// The client is connected: look for messages at once and from time to time (register A57).
    pub(super) fn watch_store(&mut self, now: Instant, index: u8) {
        let client = self.client(index);
        client.ask_slots_at = (client.delivery == Delivery::Stored).then_some(now);
        self.store_timeout(now);
    }

    pub(super) fn store_due(&self) -> Option<Instant> {
        self.clients
            .iter()
            .flat_map(|client| {
                let connected = client.state == State::Connected;
                let ask = client
                    .ask_slots_at
                    .filter(|_| connected && client.fetching == Fetching::No && client.room > 0);
                [ask, client.blocked_until]
            })
            .flatten()
            .min()
    }

    pub(super) fn store_timeout(&mut self, now: Instant) {
        for index in 0..CLIENTS {
            let client = self.client(index);
            if client.blocked_until.is_some_and(|until| until <= now) {
                client.blocked_until = None;
            }
            let due = client.ask_slots_at.is_some_and(|at| at <= now);
            let idle = client.fetching == Fetching::No && client.room > 0;
            if !due || !idle || client.state != State::Connected {
                continue;
            }
            client.ask_slots_at = Some(now + SLOT_QUERY_PERIOD);
            client.fetching = Fetching::Map;
            let op = Op::new(
                Some(index),
                Kind::Slots,
                [Step::new(receive::slots(), Role::SlotQuery)],
            );
            let id = self.add(op);
            self.queue.push_back(id);
        }
    }

    pub(super) fn set_length_display(&mut self, client: u8, length: LengthDisplay) {
        self.context.layouts[usize::from(client)].length = length;
    }
}
