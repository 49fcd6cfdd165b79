//! What moves a client on: packets of the broker, retransmission, keep-alive, the end.

use std::time::Duration;

use super::Module;
use super::client::{Flight, Phase, Step};
use super::open::result;
use crate::fault::{Action, Point};
use crate::packet::{FromBroker, OpenFailure, Packet, ToBroker};
use crate::profile::{PingLost, RetrySpan};

impl Module {
    /// Sends a packet of a client.
    pub(crate) fn send(&mut self, index: usize, packet: Packet) {
        self.clients[index].last_sent = self.now;
        self.link(index, ToBroker::Packet(packet));
    }

    /// News of a client's connection.
    pub(crate) fn news(&mut self, index: usize, from: FromBroker) {
        let opening = matches!(self.clients[index].phase, Phase::Opening { .. });
        match from {
            FromBroker::Opened if opening => self.opened(index),
            FromBroker::OpenFailed(failure) if opening => self.open_failed(index, failure),
            FromBroker::Packet(packet) => self.packet(index, packet),
            FromBroker::Opened | FromBroker::OpenFailed(_) => {}
            _ if opening => self.open_failed(index, OpenFailure::Lost),
            FromBroker::Closed => self.ended(index, 1),
            FromBroker::ConnectFailed => self.ended(index, 3),
            FromBroker::LinkDead => self.ended(index, 7),
            FromBroker::GaveUp => self.ended(index, 8),
        }
    }

    fn opened(&mut self, index: usize) {
        let forced = self.strikes(Point::Opened, "QMTOPEN", Some(index));
        if let Some(fault) = forced.first() {
            self.cut(index);
            return self.open_result(index, fault.code.unwrap_or(result::FAILED));
        }
        let client = &mut self.clients[index];
        client.phase = Phase::Open;
        client.opened += 1;
        self.open_result(index, result::OPENED);
    }

    /// The connection ended by itself, and the host is told why (note, table 4), unless it does not
    /// want the connection any more.
    fn ended(&mut self, index: usize, code: u8) {
        if !matches!(
            self.clients[index].phase,
            Phase::Closed | Phase::Disconnecting { .. }
        ) {
            self.clients[index].reset();
            self.client_urc("QMTSTAT", index, &code.to_string());
        }
    }

    /// Closes the connection without a word to the broker or the host. What was under way never
    /// gets a result (A66).
    pub(crate) fn cut(&mut self, index: usize) {
        self.link(index, ToBroker::Close);
        self.clients[index].reset();
    }

    /// The module ends the connection, and the host is told why (note, table 4).
    pub(crate) fn down(&mut self, index: usize, code: u8) {
        self.cut(index);
        self.client_urc("QMTSTAT", index, &code.to_string());
    }

    fn packet(&mut self, index: usize, mut packet: Packet) {
        let mut lost = false;
        for fault in self.packet_strikes(name(&packet), index) {
            match (fault.action(), &mut packet) {
                (Action::ConnackCode, Packet::ConnAck { code, .. }) => {
                    *code = u8::try_from(fault.code.unwrap_or(0)).unwrap_or(5);
                }
                _ => lost = true,
            }
        }
        if lost {
            return;
        }
        match packet {
            Packet::ConnAck {
                session_present,
                code,
            } => self.connected(index, session_present, code),
            Packet::Publish(publish) => self.message(index, publish),
            Packet::PubAck(id) => {
                let is_it = |step: &Step| matches!(step, Step::PubAck(p) if p.qos == 1);
                if let Some(flight) = self.land(index, id, is_it) {
                    self.published(index, &flight);
                }
            }
            Packet::PubRec(id) => self.received(index, id),
            Packet::PubComp(id) => {
                if let Some(flight) = self.land(index, id, |step| *step == Step::PubComp) {
                    self.published(index, &flight);
                }
            }
            Packet::PubRel(id) => {
                if self.clients[index].phase == Phase::Connected {
                    self.clients[index].unreleased.remove(&id);
                    self.send(index, Packet::PubComp(id));
                }
            }
            Packet::SubAck { id, codes } => self.subscribed(index, id, &codes),
            Packet::UnsubAck(id) => self.unsubscribed(index, id),
            Packet::PingResp => self.clients[index].ping_deadline = None,
            // A broker does not send these.
            Packet::Connect(_)
            | Packet::Subscribe { .. }
            | Packet::Unsubscribe { .. }
            | Packet::PingReq
            | Packet::Disconnect => {}
        }
    }

    /// PUBREC: from here on PUBREL is what is repeated.
    fn received(&mut self, index: usize, id: u16) {
        let now = self.now;
        let client = &mut self.clients[index];
        if client.phase != Phase::Connected {
            return;
        }
        let patience = Duration::from_secs(u64::from(client.config.timeout.packet));
        if let Some(flight) = client.flights.iter_mut().find(|flight| flight.id == id) {
            match &flight.step {
                Step::PubAck(publish) if publish.qos == 2 => {
                    flight.step = Step::PubComp;
                    flight.next = now + patience;
                }
                Step::PubComp => {}
                _ => return,
            }
        }
        self.send(index, Packet::PubRel(id));
    }

    /// Starts an operation with its own packet id and its times (A23).
    pub(crate) fn fly(&mut self, index: usize, command: &'static str, msgid: u16, step: Step) {
        let timeout = self.clients[index].config.timeout;
        let patience = Duration::from_secs(u64::from(timeout.packet));
        let span = match self.profile.retry_span {
            RetrySpan::Note => timeout.retries.max(1),
            RetrySpan::PlusOne => timeout.retries + 1,
        };
        let flight = Flight {
            command,
            id: self.clients[index].free_id(),
            msgid,
            step,
            next: self.now + patience,
            give_up: self.now + patience * span,
            again: 0,
        };
        self.transmit(index, &flight);
        self.clients[index].flights.push(flight);
    }

    fn transmit(&mut self, index: usize, flight: &Flight) {
        let id = flight.id;
        let packet = match flight.step.clone() {
            Step::SubAck(filters) => Packet::Subscribe { id, filters },
            Step::UnsubAck(filters) => Packet::Unsubscribe { id, filters },
            Step::PubAck(mut publish) => {
                publish.id = id;
                publish.dup = flight.again > 0;
                Packet::Publish(publish)
            }
            Step::PubComp => Packet::PubRel(id),
        };
        self.send(index, packet);
    }

    /// Ends the operation that this packet id answers.
    pub(crate) fn land(
        &mut self,
        index: usize,
        id: u16,
        is_it: impl Fn(&Step) -> bool,
    ) -> Option<Flight> {
        let flights = &mut self.clients[index].flights;
        let at = flights
            .iter()
            .position(|flight| flight.id == id && is_it(&flight.step))?;
        Some(flights.remove(at))
    }

    /// Something of this client is due.
    pub(crate) fn client_timeout(&mut self, index: usize) {
        let now = self.now;
        match self.clients[index].phase {
            Phase::Opening { until } if until <= now => {
                self.cut(index);
                return self.open_result(index, result::FAILED);
            }
            Phase::Connecting { until } if until <= now => return self.connect_timeout(index),
            Phase::Disconnecting { until } if until <= now => return self.disconnected(index),
            _ => {}
        }
        let expired = |deadline: Option<Duration>| deadline.is_some_and(|at| at <= now);
        if expired(self.clients[index].ping_deadline) {
            return self.ping_failed(index);
        }
        while let Some(at) = self.clients[index]
            .flights
            .iter()
            .position(|flight| flight.next.min(flight.give_up) <= now)
        {
            if self.clients[index].flights[at].give_up <= now {
                let flight = self.clients[index].flights.remove(at);
                if self.flight_failed(index, &flight) {
                    return;
                }
            } else {
                self.fly_again(index, at);
            }
        }
        if self.clients[index].wants_ping(now) {
            let client = &mut self.clients[index];
            let patience = Duration::from_secs(u64::from(client.config.timeout.packet));
            client.ping_deadline = Some(now + patience);
            self.send(index, Packet::PingReq);
        }
    }

    /// One retransmission, told to the host only with `timeout_notice` (A1).
    fn fly_again(&mut self, index: usize, at: usize) {
        let timeout = self.clients[index].config.timeout;
        let mut flight = self.clients[index].flights.remove(at);
        flight.again += 1;
        flight.next += Duration::from_secs(u64::from(timeout.packet));
        self.transmit(index, &flight);
        let (command, rest) = (
            flight.command,
            format!("{},1,{}", flight.msgid, flight.again),
        );
        self.clients[index].flights.insert(at, flight);
        if timeout.notice {
            self.result(command, index, &rest);
        }
    }

    /// All retries were in vain; after a publish the client may close (A67). True if it did.
    fn flight_failed(&mut self, index: usize, flight: &Flight) -> bool {
        let rest = format!("{},2", flight.msgid);
        self.result(flight.command, index, &rest);
        match self.profile.stat_after_failed_publish {
            Some(code) if flight.is_publish() => {
                self.down(index, code);
                true
            }
            _ => false,
        }
    }

    /// A ping went unanswered (A15).
    pub(crate) fn ping_failed(&mut self, index: usize) {
        self.cut(index);
        match self.profile.ping_lost {
            PingLost::Ping => self.client_urc("QMTPING", index, "1"),
            PingLost::Stat => self.client_urc("QMTSTAT", index, "2"),
            PingLost::PingThenStat => {
                self.client_urc("QMTPING", index, "1");
                let event = super::Timed::Event(super::events::Event::Late(2), Some(index));
                self.schedule(Duration::from_secs(1), event);
            }
        }
    }
}

/// What `ack=` of the faults calls a packet.
fn name(packet: &Packet) -> &'static str {
    match packet {
        Packet::ConnAck { .. } => "connack",
        Packet::PubAck(_) => "puback",
        Packet::PubRec(_) => "pubrec",
        Packet::PubRel(_) => "pubrel",
        Packet::PubComp(_) => "pubcomp",
        Packet::SubAck { .. } => "suback",
        Packet::UnsubAck(_) => "unsuback",
        Packet::PingResp => "pingresp",
        _ => "",
    }
}
