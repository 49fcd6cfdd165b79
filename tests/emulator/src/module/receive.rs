//! Messages from the broker: `+QMTRECV` and `AT+QMTRECV` (note 3.3.9, 4.2).

use super::Module;
use super::client::{Phase, SLOTS, Stored};
use super::params::Params;
use super::run::{Done, Reply};
use crate::fault::Point;
use crate::packet::{Packet, Publish};
use crate::profile::{HexLength, SlotsFull};

/// Messages that wait for a slot (A40, knob).
const WAITING: usize = 32;

impl Module {
    /// A PUBLISH arrived. QoS 2 is delivered once: a packet id is not new until it was released.
    pub(crate) fn message(&mut self, index: usize, publish: Publish) {
        if self.clients[index].phase != Phase::Connected {
            return;
        }
        let id = publish.id;
        let qos = publish.qos;
        if qos < 2 || self.clients[index].unreleased.insert(id) {
            if self.clients[index].config.stored {
                self.store(index, publish);
            } else {
                let line = self.message_line(index, &publish);
                self.message_urc(index, line);
            }
        }
        match qos {
            1 => self.send(index, Packet::PubAck(id)),
            2 => self.send(index, Packet::PubRec(id)),
            _ => {}
        }
    }

    fn message_urc(&mut self, index: usize, line: Vec<u8>) {
        let mut framed = line;
        if self.profile.blank_lines_around_recv {
            framed.splice(0..0, *b"\r\n");
            framed.extend_from_slice(b"\r\n");
        }
        self.urc("QMTRECV", Some(index), framed);
    }

    /// The payload as it is printed, and what its length says.
    fn printed(&self, index: usize, payload: &[u8]) -> (Vec<u8>, usize) {
        if !self.clients[index].config.hex_receive {
            return (payload.to_vec(), payload.len());
        }
        let digits: String = payload.iter().map(|byte| format!("{byte:02X}")).collect();
        let length = match self.profile.hex_length {
            HexLength::Characters => digits.len(),
            HexLength::Bytes => payload.len(),
        };
        (digits.into_bytes(), length)
    }

    /// `+QMTRECV: idx,msgid,"topic"[,len],payload` in the shape of the dialect.
    fn message_line(&self, index: usize, message: &Publish) -> Vec<u8> {
        let (payload, length) = self.printed(index, &message.payload);
        let profile = &self.profile;
        let quote = if profile.quote_topic { "\"" } else { "" };
        let id = if message.qos == 0 { 0 } else { message.id };
        let mut rest = format!("{index},{id},{quote}{}{quote}", message.topic);
        if self.clients[index].config.length_shown {
            rest.push_str(&format!(",{length}"));
            rest.push_str(if profile.payload_on_next_line {
                "\r\n"
            } else {
                ","
            });
        } else {
            rest.push(',');
        }
        let mut line = self.header("QMTRECV", &rest).into_bytes();
        if profile.quote_payload {
            line.push(b'"');
        }
        line.extend_from_slice(&payload);
        if profile.quote_payload {
            line.push(b'"');
        }
        line
    }

    /// Puts a message into the first free slot and announces it (A40, A42, A57).
    fn store(&mut self, index: usize, message: Publish) {
        let client = &mut self.clients[index];
        let free = client.slots.iter().position(Option::is_none);
        let slot = match (free, self.profile.slots_full) {
            (Some(slot), _) => slot,
            (None, SlotsFull::Lose) => return,
            (None, SlotsFull::Queue) => {
                if client.waiting.len() < WAITING {
                    client.waiting.push_back(message);
                }
                return;
            }
            (None, SlotsFull::ReplaceOldest) => {
                let age = |slot: &usize| client.slots[*slot].as_ref().map(|held| held.arrival);
                (0..SLOTS).min_by_key(age).unwrap_or(0)
            }
        };
        client.arrivals += 1;
        let length = self.printed(index, &message.payload).1;
        let client = &mut self.clients[index];
        client.slots[slot] = Some(Stored {
            arrival: client.arrivals,
            message,
        });
        let rest = if client.config.length_shown {
            format!("{slot},{length}")
        } else {
            slot.to_string()
        };
        let lost = !self
            .strikes(Point::Notice, "QMTRECV", Some(index))
            .is_empty();
        if self.profile.stored_notice && !lost {
            self.client_urc("QMTRECV", index, &rest);
        }
    }

    /// The slots of every connected client, in order (A51).
    pub(crate) fn qmtrecv_read(&mut self) -> Reply {
        for index in 0..super::CLIENTS {
            let client = &self.clients[index];
            if client.phase == Phase::Connected {
                let held = client.slots.each_ref().map(|slot| match slot {
                    Some(_) => "1",
                    None => "0",
                });
                let line = self.header("QMTRECV", &format!("{index},{}", held.join(",")));
                self.info(line);
            }
        }
        Ok(Done::Ok)
    }

    /// `AT+QMTRECV=idx[,id]`: one slot, or all, oldest first; what was read is gone, the others
    /// keep their ids (A41, A58).
    pub(crate) fn qmtrecv(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        let index = params.client(0)?;
        let slot = match params.len() {
            2 => Some(usize::from(params.small(1, 4)?)),
            _ => None,
        };
        self.require_connected(index)?;
        let slots = &mut self.clients[index].slots;
        let mut taken: Vec<Stored> = match slot {
            Some(slot) => slots[slot].take().into_iter().collect(),
            None => slots.iter_mut().filter_map(Option::take).collect(),
        };
        taken.sort_by_key(|held| held.arrival);
        for held in &taken {
            let line = self.message_line(index, &held.message);
            self.info(line);
        }
        for _ in taken {
            if let Some(message) = self.clients[index].waiting.pop_front() {
                self.store(index, message);
            }
        }
        Ok(Done::Ok)
    }
}
