//! How messages find their subscribers.

use super::filter::{is_filter, is_topic};
use super::record::Published;
use super::retained::Message;
use super::{FromHub, Hub, LinkId};
use crate::packet::{Packet, Publish};

impl Hub {
    pub(super) fn subscribe(
        &mut self,
        link: LinkId,
        id: &str,
        packet_id: u16,
        filters: &[(String, u8)],
    ) {
        if packet_id == 0 || filters.is_empty() || filters.iter().any(|(_, qos)| *qos > 2) {
            return self.close(link);
        }
        let max = self.policy.max_granted_qos.min(2);
        let mut codes = Vec::with_capacity(filters.len());
        let mut retained = Vec::new();
        for (filter, qos) in filters {
            if !is_filter(filter) {
                codes.push(128);
                continue;
            }
            let granted = (*qos).min(max);
            codes.push(granted);
            self.with_session(id, |session| session.subscribe(filter, granted));
            retained.extend(self.retained.matching(filter).map(|message| Message {
                qos: message.qos.min(granted),
                ..message.clone()
            }));
        }
        self.send(
            link,
            Packet::SubAck {
                id: packet_id,
                codes,
            },
        );
        for message in retained {
            self.with_session(id, |session| {
                session.enqueue(message);
            });
        }
    }

    /// A client publishes.
    pub(super) fn receive(&mut self, link: LinkId, id: &str, publish: Publish) {
        let without_id = publish.qos > 0 && publish.id == 0;
        if publish.qos > 2 || without_id || !is_topic(&publish.topic) {
            return self.close(link);
        }
        let new = match publish.qos {
            0 => true,
            1 => {
                self.send(link, Packet::PubAck(publish.id));
                true
            }
            _ => {
                self.send(link, Packet::PubRec(publish.id));
                self.sessions
                    .get_mut(id)
                    .is_some_and(|session| session.receive(publish.id))
            }
        };
        if new {
            self.record(id, &publish, false);
            self.route(Message::from(publish));
        }
    }

    pub(super) fn record(&mut self, client_id: &str, publish: &Publish, will: bool) {
        self.record.push(Published {
            client_id: client_id.to_owned(),
            topic: publish.topic.clone(),
            payload: publish.payload.clone(),
            qos: publish.qos,
            retain: publish.retain,
            will,
        });
    }

    /// Passes a message on to every session with a subscription to it.
    pub(super) fn route(&mut self, message: Message) -> usize {
        if message.retain {
            self.retained.note(&message);
        }
        let mut ready = Vec::new();
        let mut count = 0;
        for (id, session) in &mut self.sessions {
            let Some(granted) = session.granted(&message.topic) else {
                continue;
            };
            let qos = message.qos.min(granted);
            // The retain flag is for new subscriptions; these are established ones.
            if session.enqueue(Message {
                qos,
                retain: false,
                ..message.clone()
            }) {
                count += 1;
                ready.push(id.clone());
            }
        }
        for id in ready {
            self.pump(&id);
        }
        count
    }

    /// Sends what a client's window has room for.
    pub(super) fn pump(&mut self, client_id: &str) {
        let Some(link) = self.link_of(client_id) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(client_id) else {
            return;
        };
        while let Some(packet) = session.next_packet() {
            self.out.push_back((link, FromHub::Packet(packet)));
        }
    }
}
