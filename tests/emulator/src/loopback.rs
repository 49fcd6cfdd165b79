//! The module's broker connections, led to the hub inside the emulator; sans-IO.
//!
//! Host and port do not matter: every open reaches the hub. Half of the latency passes on the way
//! to the hub and half on the way back, so that a round trip takes the whole of it. Order is kept
//! in each direction, and things happen at the time they are due, however late
//! [`Loopback::handle_timeout`] is called.

use crate::hub::{FromHub, Hub, LinkId};
use crate::packet::{FromBroker, Packet, ToBroker};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// One connection, from its open on; a client that opens again gets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Connection(u64);

#[derive(Debug)]
enum Up {
    Open,
    Packet(Packet),
    Close,
}

/// The connections of the six clients, and the hub.
#[derive(Debug)]
pub struct Loopback {
    hub: Hub,
    there: Duration,
    back: Duration,
    opened: u64,
    /// The connection each client of the module has.
    current: BTreeMap<usize, Connection>,
    links: BTreeMap<Connection, LinkId>,
    connections: BTreeMap<LinkId, (usize, Connection)>,
    up: VecDeque<(Duration, usize, Connection, Up)>,
    down: VecDeque<(Duration, usize, Connection, FromBroker)>,
    ready: VecDeque<(usize, FromBroker)>,
}

impl Loopback {
    /// Connections with this round trip to a fresh hub.
    #[must_use]
    pub fn new(latency: Duration) -> Self {
        let there = latency / 2;
        Self {
            hub: Hub::new(),
            there,
            back: latency.saturating_sub(there),
            opened: 0,
            current: BTreeMap::new(),
            links: BTreeMap::new(),
            connections: BTreeMap::new(),
            up: VecDeque::new(),
            down: VecDeque::new(),
            ready: VecDeque::new(),
        }
    }

    /// The hub, to look at.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Does something to the hub at `now`; what it sends because of that goes its way.
    pub fn with_hub<R>(&mut self, now: Duration, act: impl FnOnce(&mut Hub) -> R) -> R {
        self.advance(now);
        let result = act(&mut self.hub);
        self.collect(now);
        self.advance(now);
        result
    }

    /// A client of the module asks something of its connection.
    pub fn handle(&mut self, now: Duration, client: usize, to: ToBroker) {
        self.advance(now);
        let due = now + self.there;
        match to {
            ToBroker::Open { .. } => {
                self.close(due, client);
                self.opened += 1;
                let connection = Connection(self.opened);
                self.current.insert(client, connection);
                self.up.push_back((due, client, connection, Up::Open));
            }
            ToBroker::Packet(packet) => {
                if let Some(connection) = self.current.get(&client) {
                    self.up
                        .push_back((due, client, *connection, Up::Packet(packet)));
                }
            }
            ToBroker::Close => self.close(due, client),
        }
        self.advance(now);
    }

    /// The module lost its power: every connection ends without a word.
    pub fn close_all(&mut self, now: Duration) {
        let clients: Vec<usize> = self.current.keys().copied().collect();
        for client in clients {
            self.handle(now, client, ToBroker::Close);
        }
    }

    /// The way to the hub breaks: the hub loses every connection there is, and wills are published.
    /// The clients do not hear of it, nor of what is on the way back; a CONNECT over such a
    /// connection fails, and other packets get no answer.
    pub fn break_links(&mut self, now: Duration) {
        self.advance(now);
        self.connections.clear();
        self.down.clear();
        for link in std::mem::take(&mut self.links).into_values() {
            self.hub.lost(now, link);
        }
        self.collect(now);
        self.advance(now);
    }

    /// What arrives at a client.
    pub fn poll(&mut self) -> Option<(usize, FromBroker)> {
        self.ready.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let up = self.up.front().map(|(due, ..)| *due);
        let down = self.down.front().map(|(due, ..)| *due);
        [up, down, self.hub.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets everything happen that is due by `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
    }

    /// Nothing that is on the way back reaches the client; what is on the way there still does.
    fn close(&mut self, due: Duration, client: usize) {
        if let Some(connection) = self.current.remove(&client) {
            self.up.push_back((due, client, connection, Up::Close));
            self.ready.retain(|(to, _)| *to != client);
        }
    }

    fn advance(&mut self, now: Duration) {
        while let Some(due) = self.poll_timeout().filter(|due| *due <= now) {
            if self.down.front().is_some_and(|(at, ..)| *at == due) {
                if let Some((_, client, connection, from)) = self.down.pop_front() {
                    self.arrive(client, connection, from);
                }
                continue;
            }
            if self.up.front().is_some_and(|(at, ..)| *at == due) {
                if let Some((_, client, connection, up)) = self.up.pop_front() {
                    self.reach(due, client, connection, up);
                }
            } else {
                self.hub.handle_timeout(due);
            }
            self.collect(due);
        }
    }

    /// Something arrives at the hub.
    fn reach(&mut self, now: Duration, client: usize, connection: Connection, up: Up) {
        match up {
            Up::Open => {
                let link = self.hub.open(now);
                self.links.insert(connection, link);
                self.connections.insert(link, (client, connection));
                self.down
                    .push_back((now + self.back, client, connection, FromBroker::Opened));
            }
            Up::Packet(packet) => {
                if let Some(link) = self.links.get(&connection) {
                    self.hub.handle(now, *link, packet);
                } else if matches!(packet, Packet::Connect(_)) {
                    let due = now + self.back;
                    self.down
                        .push_back((due, client, connection, FromBroker::ConnectFailed));
                }
            }
            Up::Close => {
                if let Some(link) = self.links.remove(&connection) {
                    self.connections.remove(&link);
                    self.hub.lost(now, link);
                }
            }
        }
    }

    /// Puts what the hub sends on its way.
    fn collect(&mut self, now: Duration) {
        let due = now + self.back;
        while let Some((link, from)) = self.hub.poll() {
            let Some(&(client, connection)) = self.connections.get(&link) else {
                continue;
            };
            let from = match from {
                FromHub::Packet(packet) => FromBroker::Packet(packet),
                FromHub::Closed => {
                    self.connections.remove(&link);
                    self.links.remove(&connection);
                    FromBroker::Closed
                }
            };
            self.down.push_back((due, client, connection, from));
        }
    }

    /// Something arrives at a client, if it still has that connection.
    fn arrive(&mut self, client: usize, connection: Connection, from: FromBroker) {
        if self.current.get(&client) != Some(&connection) {
            return;
        }
        if from.is_end() {
            self.current.remove(&client);
        }
        self.ready.push_back((client, from));
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, FromBroker, Loopback, Packet, ToBroker};
    use crate::packet::{Connect, Publish};

    fn open() -> ToBroker {
        ToBroker::Open {
            host: "anywhere".into(),
            port: 1,
            tls: None,
        }
    }

    fn connect(id: &str) -> ToBroker {
        let publish = Publish {
            id: 0,
            topic: "will".into(),
            payload: id.as_bytes().to_vec(),
            qos: 0,
            retain: false,
            dup: false,
        };
        ToBroker::Packet(Packet::Connect(Connect {
            level: 4,
            client_id: id.into(),
            clean_session: true,
            keep_alive: 10,
            username: None,
            password: None,
            will: Some(publish),
        }))
    }

    const ACK: FromBroker = FromBroker::Packet(Packet::ConnAck {
        session_present: false,
        code: 0,
    });
    const PONG: FromBroker = FromBroker::Packet(Packet::PingResp);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn got(loopback: &mut Loopback) -> Vec<(usize, FromBroker)> {
        std::iter::from_fn(|| loopback.poll()).collect()
    }

    #[test]
    fn without_latency_at_once() {
        let mut loopback = Loopback::new(Duration::ZERO);
        loopback.handle(ms(0), 0, open());
        loopback.handle(ms(0), 5, open());
        loopback.handle(ms(0), 5, connect("five"));
        assert_eq!(
            got(&mut loopback),
            [(0, FromBroker::Opened), (5, FromBroker::Opened), (5, ACK)]
        );
        assert_eq!(loopback.poll_timeout(), Some(ms(15_000)));
    }

    #[test]
    fn a_round_trip_takes_the_latency() {
        let mut loopback = Loopback::new(ms(201));
        loopback.handle(ms(1000), 0, open());
        loopback.handle(ms(1000), 0, connect("a"));
        loopback.handle(ms(1001), 0, ToBroker::Packet(Packet::PingReq));
        let mut seen = Vec::new();
        while let Some(due) = loopback.poll_timeout().filter(|due| *due < ms(2000)) {
            loopback.handle_timeout(due);
            seen.extend(got(&mut loopback).into_iter().map(|(_, from)| (due, from)));
        }
        assert_eq!(
            seen,
            [
                (ms(1201), FromBroker::Opened),
                (ms(1201), ACK),
                (ms(1202), PONG)
            ]
        );
    }

    #[test]
    fn called_late_things_happen_in_the_order_they_were_due() {
        let mut loopback = Loopback::new(ms(100));
        loopback.handle(ms(0), 0, open());
        loopback.handle(ms(0), 0, connect("a"));
        // The ping reaches the hub 15.05 s after the CONNECT, when its patience has just ended.
        loopback.handle(ms(15_050), 0, ToBroker::Packet(Packet::PingReq));
        loopback.handle_timeout(ms(20_000));
        assert_eq!(
            got(&mut loopback),
            [(0, FromBroker::Opened), (0, ACK), (0, FromBroker::Closed),]
        );
    }

    #[test]
    fn disconnect_and_close_keep_their_order_and_end_the_way_back() {
        let mut loopback = Loopback::new(ms(100));
        loopback.handle(ms(0), 0, open());
        loopback.handle(ms(0), 0, connect("a"));
        loopback.handle_timeout(ms(100));
        assert_eq!(got(&mut loopback).len(), 2);
        loopback.handle(ms(200), 0, ToBroker::Packet(Packet::PingReq));
        loopback.handle(ms(200), 0, ToBroker::Packet(Packet::Disconnect));
        loopback.handle(ms(200), 0, ToBroker::Close);
        loopback.handle(ms(200), 0, ToBroker::Packet(Packet::PingReq));
        loopback.handle_timeout(ms(1000));
        assert_eq!(got(&mut loopback), []);
        assert_eq!(
            loopback.hub().published().len(),
            0,
            "no will after DISCONNECT"
        );

        loopback.handle(ms(1000), 0, open());
        loopback.handle(ms(1000), 0, connect("b"));
        loopback.handle_timeout(ms(1100));
        loopback.close_all(ms(1100));
        loopback.handle_timeout(ms(1200));
        assert_eq!(got(&mut loopback), []);
        assert_eq!(
            loopback.hub().published().len(),
            1,
            "the will after a bare close"
        );
        assert_eq!(loopback.poll_timeout(), None);
    }

    #[test]
    fn an_open_in_place_of_an_old_connection() {
        let mut loopback = Loopback::new(ms(100));
        loopback.handle(ms(0), 0, open());
        loopback.handle(ms(0), 0, connect("a"));
        loopback.handle(ms(50), 0, open());
        loopback.handle_timeout(ms(1000));
        assert_eq!(
            got(&mut loopback),
            [(0, FromBroker::Opened)],
            "the new one only"
        );
        assert_eq!(loopback.hub().published().len(), 1);
    }

    #[test]
    fn a_broken_way() {
        let mut loopback = Loopback::new(ms(100));
        loopback.handle(ms(0), 0, open());
        loopback.handle(ms(0), 1, open());
        loopback.handle(ms(0), 1, connect("b"));
        loopback.handle_timeout(ms(100));
        got(&mut loopback);
        loopback.break_links(ms(100));
        assert_eq!(loopback.hub().published().len(), 1, "the will");
        loopback.handle(ms(100), 0, connect("a"));
        loopback.handle(ms(100), 1, ToBroker::Packet(Packet::PingReq));
        loopback.handle_timeout(ms(199));
        assert_eq!(got(&mut loopback), []);
        loopback.handle_timeout(ms(200));
        assert_eq!(got(&mut loopback), [(0, FromBroker::ConnectFailed)]);
        assert_eq!(loopback.poll_timeout(), None);
        loopback.handle(ms(300), 0, open());
        loopback.handle(ms(300), 0, connect("a"));
        loopback.handle_timeout(ms(400));
        assert_eq!(got(&mut loopback), [(0, FromBroker::Opened), (0, ACK)]);
    }

    #[test]
    fn closed_by_the_hub() {
        let mut loopback = Loopback::new(ms(100));
        loopback.handle(ms(0), 0, open());
        loopback.handle(ms(0), 0, connect("a"));
        loopback.handle_timeout(ms(100));
        got(&mut loopback);
        assert!(loopback.with_hub(ms(200), |hub| hub.close_client("a")));
        loopback.handle(ms(210), 0, ToBroker::Packet(Packet::PingReq));
        assert_eq!(loopback.poll_timeout(), Some(ms(250)));
        loopback.handle_timeout(ms(300));
        assert_eq!(got(&mut loopback), [(0, FromBroker::Closed)]);
    }
}
