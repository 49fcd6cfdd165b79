//! The session of one client id: subscriptions, what is queued for it, what is in flight.

use super::filter::matches;
use super::retained::Message;
use crate::packet::{Packet, Publish};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many QoS 1 and 2 messages may wait for the client's answers; the rest is queued.
pub(super) const WINDOW: usize = 20;

/// How many messages are queued behind the window, or for a client that is away. When the queue
/// is full, new messages for this client are dropped.
pub(super) const QUEUE_LIMIT: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// PUBLISH sent: PUBACK or PUBREC must come.
    Published,
    /// PUBREL sent: PUBCOMP must come.
    Released,
}

#[derive(Debug)]
struct InFlight {
    id: u16,
    message: Message,
    stage: Stage,
}

/// The session.
#[derive(Debug, Default)]
pub(super) struct Session {
    subscriptions: BTreeMap<String, u8>,
    in_flight: VecDeque<InFlight>,
    queue: VecDeque<Message>,
    last_id: u16,
    /// Packet ids of QoS 2 messages received and not yet released by the client.
    received: BTreeSet<u16>,
    /// The client is connected: what is ready may be sent.
    pub(super) online: bool,
    /// Messages dropped because the queue was full.
    pub(super) dropped: u64,
}

impl Session {
    /// Adds or replaces a subscription.
    pub(super) fn subscribe(&mut self, filter: &str, qos: u8) {
        self.subscriptions.insert(filter.to_owned(), qos);
    }

    /// Removes a subscription, if there is one.
    pub(super) fn unsubscribe(&mut self, filter: &str) {
        self.subscriptions.remove(filter);
    }

    /// The highest QoS among the subscriptions that select `topic`.
    pub(super) fn granted(&self, topic: &str) -> Option<u8> {
        self.subscriptions
            .iter()
            .filter(|(filter, _)| matches(filter, topic))
            .map(|(_, qos)| *qos)
            .max()
    }

    /// Queues a message with the QoS it is to be delivered with. `false`: dropped.
    pub(super) fn enqueue(&mut self, message: Message) -> bool {
        if !self.online && message.qos == 0 {
            return false;
        }
        if self.queue.len() >= QUEUE_LIMIT {
            self.dropped += 1;
            return false;
        }
        self.queue.push_back(message);
        true
    }

    /// The next packet that may be sent now.
    pub(super) fn next_packet(&mut self) -> Option<Packet> {
        if !self.online {
            return None;
        }
        let first = self.queue.front()?;
        if first.qos > 0 && self.in_flight.len() >= WINDOW {
            return None;
        }
        let message = self.queue.pop_front()?;
        if message.qos == 0 {
            return Some(publish(&message, 0, false));
        }
        let id = self.free_id();
        let packet = publish(&message, id, false);
        self.in_flight.push_back(InFlight {
            id,
            message,
            stage: Stage::Published,
        });
        Some(packet)
    }

    /// The client came (back): what was in flight is sent again, in the order it was sent first.
    pub(super) fn resume(&mut self) -> Vec<Packet> {
        self.online = true;
        self.in_flight
            .iter()
            .map(|flight| match flight.stage {
                Stage::Published => publish(&flight.message, flight.id, true),
                Stage::Released => Packet::PubRel(flight.id),
            })
            .collect()
    }

    /// The client went away: QoS 0 messages do not wait for it.
    pub(super) fn suspend(&mut self) {
        self.online = false;
        self.queue.retain(|message| message.qos > 0);
    }

    /// PUBACK. An id that is not in flight is ignored.
    pub(super) fn acked(&mut self, id: u16) {
        self.in_flight
            .retain(|flight| !(flight.id == id && flight.message.qos == 1));
    }

    /// PUBREC; the answer is PUBREL, also for an id that is not known (any more).
    pub(super) fn recorded(&mut self, id: u16) -> Packet {
        for flight in &mut self.in_flight {
            if flight.id == id && flight.message.qos == 2 {
                flight.stage = Stage::Released;
            }
        }
        Packet::PubRel(id)
    }

    /// PUBCOMP.
    pub(super) fn completed(&mut self, id: u16) {
        self.in_flight
            .retain(|flight| !(flight.id == id && flight.stage == Stage::Released));
    }

    /// A QoS 2 message arrived: `true` when it is new and not one sent again.
    pub(super) fn receive(&mut self, id: u16) -> bool {
        self.received.insert(id)
    }

    /// PUBREL: the client will not send this one again.
    pub(super) fn release(&mut self, id: u16) {
        self.received.remove(&id);
    }

    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self
                .in_flight
                .iter()
                .any(|flight| flight.id == self.last_id)
            {
                return self.last_id;
            }
        }
    }
}

fn publish(message: &Message, id: u16, dup: bool) -> Packet {
    Packet::Publish(Publish {
        id,
        topic: message.topic.clone(),
        payload: message.payload.clone(),
        qos: message.qos,
        retain: message.retain,
        dup,
    })
}

#[cfg(test)]
mod tests {
    use super::{Message, Packet, QUEUE_LIMIT, Session, WINDOW};

    fn message(n: usize, qos: u8) -> Message {
        Message {
            topic: n.to_string(),
            payload: Vec::new(),
            qos,
            retain: false,
        }
    }

    fn online() -> Session {
        Session {
            online: true,
            ..Session::default()
        }
    }

    fn drain(session: &mut Session) -> Vec<(u16, String)> {
        std::iter::from_fn(|| session.next_packet())
            .map(|packet| match packet {
                Packet::Publish(publish) => (publish.id, publish.topic),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn window_then_queue_then_drop() {
        let mut session = online();
        for n in 0..WINDOW + 1 {
            assert!(session.enqueue(message(n, 1)));
        }
        // QoS 0 keeps its place behind what was queued before it.
        assert!(session.enqueue(message(999, 0)));
        assert_eq!(drain(&mut session).len(), WINDOW);
        session.acked(3);
        session.acked(3);
        assert_eq!(
            drain(&mut session),
            [(21, "20".to_owned()), (0, "999".to_owned())]
        );
        for n in 0..QUEUE_LIMIT {
            assert!(session.enqueue(message(n, 2)));
        }
        assert!(!session.enqueue(message(0, 2)));
        assert_eq!(session.dropped, 1);
    }

    #[test]
    fn ids_wrap_and_skip_those_in_flight() {
        let mut session = online();
        session.enqueue(message(1, 1));
        assert_eq!(drain(&mut session)[0].0, 1);
        session.last_id = 65534;
        for n in 0..2 {
            session.enqueue(message(n, 1));
        }
        let ids: Vec<u16> = drain(&mut session).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [65535, 2]);
    }

    #[test]
    fn away() {
        let mut session = online();
        session.enqueue(message(1, 1));
        assert_eq!(drain(&mut session).len(), 1);
        session.enqueue(message(2, 0));
        session.suspend();
        assert!(!session.enqueue(message(3, 0)));
        assert!(session.enqueue(message(4, 1)));
        assert_eq!(session.next_packet(), None);
        let again = session.resume();
        assert!(matches!(&again[..], [Packet::Publish(p)] if p.dup && p.id == 1));
        assert_eq!(drain(&mut session), [(2, "4".to_owned())]);
    }

    #[test]
    fn qos_2_stages() {
        let mut session = online();
        session.enqueue(message(1, 2));
        drain(&mut session);
        session.acked(1);
        session.completed(1);
        assert_eq!(
            session.resume().len(),
            1,
            "neither ends a QoS 2 message that was not recorded"
        );
        assert_eq!(session.recorded(1), Packet::PubRel(1));
        assert_eq!(session.resume(), [Packet::PubRel(1)]);
        session.completed(1);
        assert_eq!(session.resume(), []);
        assert_eq!(session.recorded(77), Packet::PubRel(77));
        assert!(session.receive(5));
        assert!(!session.receive(5));
        session.release(5);
        assert!(session.receive(5));
    }
}
