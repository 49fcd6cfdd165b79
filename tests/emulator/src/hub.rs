//! The MQTT broker inside the emulator, sans-IO, at packet level.
//!
//! The server side of MQTT 3.1 and 3.1.1: sessions, subscriptions, retained messages, wills, and
//! all three levels of QoS both ways. Packets go in with the time, packets come out; nothing here
//! knows of sockets or threads.
//!
//! Where the standard leaves a choice:
//!
//! - A message that several subscriptions of a client select is delivered once, with the highest
//!   QoS among them.
//! - At most 20 QoS 1 and 2 messages wait for a client's answers. Up to 1000 more are queued per
//!   client, in order, also while it is away with a stored session; what comes then is dropped
//!   for this client and counted ([`Hub::dropped`]). QoS 0 messages do not wait for a client that
//!   is away.
//! - A message is passed on at its first PUBLISH, QoS 2 too; until the PUBREL the same packet id
//!   is a repetition.
//! - Publishing to `$` topics is allowed; wildcards in the first level do not select them.
//! - An empty client id is accepted from a 3.1.1 client that asks for a clean session, and the hub
//!   gives it a name. An id longer than 23 bytes is accepted.

mod delivery;
pub mod filter;
mod policy;
mod record;
mod retained;
mod session;
#[cfg(test)]
mod tests;

pub use policy::Policy;
pub use record::{Published, RECORD_LIMIT};

use crate::packet::{Connect, Packet, Publish};
use record::Record;
use retained::{Message, Retained};
use session::Session;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

/// One connection to the hub. Never used again after the connection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u64);

/// What the hub sends over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromHub {
    /// A packet for the client.
    Packet(Packet),
    /// The hub has closed the connection; nothing more comes over it.
    Closed,
}

/// The topic cannot be published to: it is empty, too long, or holds a wildcard or NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTopic(pub String);

impl fmt::Display for InvalidTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot publish to the topic {:?}", self.0)
    }
}

impl std::error::Error for InvalidTopic {}

#[derive(Debug)]
struct Link {
    heard: Duration,
    client: Option<Client>,
}

/// What a link has once its CONNECT was accepted.
#[derive(Debug)]
struct Client {
    id: String,
    clean_session: bool,
    /// One and a half times the keep-alive.
    patience: Option<Duration>,
    will: Option<Publish>,
}

impl Link {
    fn deadline(&self) -> Option<Duration> {
        Some(self.heard + self.client.as_ref()?.patience?)
    }
}

/// The broker.
#[derive(Debug, Default)]
pub struct Hub {
    links: BTreeMap<LinkId, Link>,
    sessions: BTreeMap<String, Session>,
    retained: Retained,
    record: Record,
    policy: Policy,
    out: VecDeque<(LinkId, FromHub)>,
    opened: u64,
    named: u64,
    dropped: u64,
}

impl Hub {
    /// A hub that accepts everything and holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A connection comes in.
    pub fn open(&mut self, now: Duration) -> LinkId {
        self.opened += 1;
        let id = LinkId(self.opened);
        self.links.insert(
            id,
            Link {
                heard: now,
                client: None,
            },
        );
        id
    }

    /// A packet arrives over a connection. On one that has ended it is ignored.
    pub fn handle(&mut self, now: Duration, link: LinkId, packet: Packet) {
        let Some(state) = self.links.get_mut(&link) else {
            return;
        };
        state.heard = now;
        let Some(client) = &state.client else {
            match packet {
                Packet::Connect(connect) => self.connect(link, connect),
                _ => self.close(link),
            }
            return;
        };
        let id = client.id.clone();
        match packet {
            Packet::Publish(publish) => self.receive(link, &id, publish),
            Packet::PubAck(packet_id) => self.with_session(&id, |session| session.acked(packet_id)),
            Packet::PubRec(packet_id) => {
                let answer = self
                    .sessions
                    .get_mut(&id)
                    .map(|session| session.recorded(packet_id));
                self.out
                    .extend(answer.map(|packet| (link, FromHub::Packet(packet))));
            }
            Packet::PubComp(packet_id) => {
                self.with_session(&id, |session| session.completed(packet_id));
            }
            Packet::PubRel(packet_id) => {
                self.with_session(&id, |session| session.release(packet_id));
                self.send(link, Packet::PubComp(packet_id));
            }
            Packet::Subscribe {
                id: packet_id,
                filters,
            } => {
                self.subscribe(link, &id, packet_id, &filters);
            }
            Packet::Unsubscribe {
                id: packet_id,
                filters,
            } => {
                if packet_id == 0 || filters.is_empty() {
                    return self.close(link);
                }
                for filter in &filters {
                    self.with_session(&id, |session| session.unsubscribe(filter));
                }
                self.send(link, Packet::UnsubAck(packet_id));
            }
            Packet::PingReq => self.send(link, Packet::PingResp),
            Packet::Disconnect => {
                if let Some(client) = self.links.get_mut(&link).and_then(|l| l.client.as_mut()) {
                    client.will = None;
                }
                self.close(link);
            }
            // A second CONNECT, or what only a server sends.
            Packet::Connect(_)
            | Packet::ConnAck { .. }
            | Packet::SubAck { .. }
            | Packet::UnsubAck(_)
            | Packet::PingResp => self.close(link),
        }
        self.pump(&id);
    }

    /// A connection ended without DISCONNECT: the client's will is published.
    pub fn lost(&mut self, _now: Duration, link: LinkId) {
        self.end(link);
    }

    /// What goes out next, and over which connection.
    pub fn poll(&mut self) -> Option<(LinkId, FromHub)> {
        self.out.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.links.values().filter_map(Link::deadline).min()
    }

    /// Closes the connections of clients that were silent for one and a half keep-alive times.
    pub fn handle_timeout(&mut self, now: Duration) {
        let silent: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, link)| link.deadline().is_some_and(|deadline| deadline <= now))
            .map(|(id, _)| *id)
            .collect();
        for link in silent {
            self.close(link);
        }
    }

    /// Publishes on behalf of the test program: like a client that is always there. Answers how
    /// many clients the message is for.
    ///
    /// # Errors
    ///
    /// The topic is not one that can be published to.
    ///
    /// # Panics
    ///
    /// When `qos` is above 2.
    pub fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
    ) -> Result<usize, InvalidTopic> {
        assert!(qos <= 2, "QoS {qos}");
        if !filter::is_topic(topic) {
            return Err(InvalidTopic(topic.to_owned()));
        }
        let payload = payload.to_vec();
        Ok(self.route(Message {
            topic: topic.to_owned(),
            payload,
            qos,
            retain,
        }))
    }

    /// What clients published, oldest first: at most the last [`RECORD_LIMIT`].
    pub fn published(&self) -> impl ExactSizeIterator<Item = &Published> {
        self.record.iter()
    }

    /// The same, and the record is empty afterwards.
    pub fn take_published(&mut self) -> Vec<Published> {
        self.record.take()
    }

    /// How many publishes the record had no room for.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.record.forgotten()
    }

    /// How many messages were dropped because a client's queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
            + self
                .sessions
                .values()
                .map(|session| session.dropped)
                .sum::<u64>()
    }

    /// The payload of the retained message of a topic.
    #[must_use]
    pub fn retained(&self, topic: &str) -> Option<&[u8]> {
        self.retained.get(topic)
    }

    /// The ids of the clients that are connected, in order.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        self.sessions
            .iter()
            .filter(|(_, session)| session.online)
            .map(|(id, _)| id.as_str())
    }

    /// Whom to let in from now on; those who are in stay.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Closes the connection of a client, as a server that goes down would; its will is
    /// published. `false`: no such client is connected.
    pub fn close_client(&mut self, client_id: &str) -> bool {
        let link = self.link_of(client_id);
        link.into_iter().for_each(|link| self.close(link));
        link.is_some()
    }

    /// Closes every connection, also those without a client yet.
    pub fn close_all(&mut self) {
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            self.close(link);
        }
    }

    fn send(&mut self, link: LinkId, packet: Packet) {
        self.out.push_back((link, FromHub::Packet(packet)));
    }

    fn close(&mut self, link: LinkId) {
        if self.links.contains_key(&link) {
            self.out.push_back((link, FromHub::Closed));
            self.end(link);
        }
    }

    /// The link is gone: ends or suspends its session and publishes the will that is left.
    fn end(&mut self, link: LinkId) {
        let Some(client) = self.links.remove(&link).and_then(|state| state.client) else {
            return;
        };
        if client.clean_session {
            self.forget(&client.id);
        } else {
            self.with_session(&client.id, Session::suspend);
        }
        if let Some(will) = client.will {
            self.record(&client.id, &will, true);
            self.route(Message::from(will));
        }
    }

    fn forget(&mut self, client_id: &str) {
        if let Some(session) = self.sessions.remove(client_id) {
            self.dropped += session.dropped;
        }
    }

    fn link_of(&self, client_id: &str) -> Option<LinkId> {
        let is = |link: &Link| {
            link.client
                .as_ref()
                .is_some_and(|client| client.id == client_id)
        };
        self.links
            .iter()
            .find(|(_, link)| is(link))
            .map(|(id, _)| *id)
    }

    fn with_session(&mut self, client_id: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            change(session);
        }
    }

    fn refuse(&mut self, link: LinkId, code: u8) {
        self.send(
            link,
            Packet::ConnAck {
                session_present: false,
                code,
            },
        );
        self.close(link);
    }

    fn connect(&mut self, link: LinkId, mut connect: Connect) {
        let code = self.policy.greeting(connect.level);
        if code != 0 {
            return self.refuse(link, code);
        }
        let bad_will = |will: &Publish| will.qos > 2 || !filter::is_topic(&will.topic);
        if connect.will.as_ref().is_some_and(bad_will)
            || (connect.password.is_some() && connect.username.is_none())
        {
            return self.close(link);
        }
        if connect.client_id.is_empty() {
            if connect.level == 3 || !connect.clean_session {
                return self.refuse(link, 2);
            }
            self.named += 1;
            connect.client_id = format!("hub-{}", self.named);
        }
        let code = self.policy.code(&connect);
        if code != 0 {
            return self.refuse(link, code);
        }
        let id = connect.client_id;
        if let Some(old) = self.link_of(&id) {
            self.close(old);
        }
        if connect.clean_session {
            self.forget(&id);
        }
        let session_present = connect.level == 4 && self.sessions.contains_key(&id);
        self.send(
            link,
            Packet::ConnAck {
                session_present,
                code: 0,
            },
        );
        let again = self.sessions.entry(id.clone()).or_default().resume();
        self.out.extend(
            again
                .into_iter()
                .map(|packet| (link, FromHub::Packet(packet))),
        );
        if let Some(state) = self.links.get_mut(&link) {
            let patience = Duration::from_millis(u64::from(connect.keep_alive) * 1500);
            state.client = Some(Client {
                id: id.clone(),
                clean_session: connect.clean_session,
                patience: Some(patience).filter(|patience| !patience.is_zero()),
                will: connect.will,
            });
        }
        self.pump(&id);
    }
}
