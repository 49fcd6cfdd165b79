//! Result lines: which operation each of them ends.

use std::time::Instant;

use super::Engine;
use super::client::State;
use super::ending::End;
use super::line::Owner;
use super::op::{Kind, Op, OpId, Outcome, Phase, Role};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::mqtt::connect::return_code;
use crate::mqtt::line::{Line, PacketCommand};
use crate::mqtt::open;
use crate::mqtt::subscribe::Granted;
use crate::wire::RawMessage;

impl Engine {
    /// A result line or URC of the MQTT function; `text` is the same line as it came.
    pub(super) fn result(&mut self, now: Instant, line: Line<'_>, text: &[u8]) {
        let stray = match line {
            Line::Open { client, result } => !self.opened(now, client, result),
            Line::Close { client, .. } => !self.closed(now, client),
            Line::Connect {
                client,
                result,
                code,
            } => !self.connected(now, client, result, code),
            Line::Disconnect { client, result } => !self.disconnected(now, client, result),
            Line::Packet {
                command,
                client,
                msgid,
                result,
                ref values,
            } => !self.packet_result(command, client, msgid, result, values),
            Line::Stat { client, code } => {
                self.stat(now, client, code);
                false
            }
            Line::Ping { client } => {
                self.ping_failed(now, client);
                false
            }
            Line::Stored { client, slot, .. } => {
                self.noticed(client, slot);
                false
            }
            Line::Slots { .. } => true,
            Line::Unquoted {
                client,
                msgid,
                topic,
                payload,
            } => {
                self.received(RawMessage {
                    client,
                    msgid,
                    topic,
                    payload,
                    length: None,
                });
                false
            }
            Line::Ready => {
                self.restarted(now);
                false
            }
            Line::PdpDeactivated { context } => {
                self.pdp_deactivated(now, context);
                false
            }
        };
        if stray {
            log::debug!(
                "stray line {:?} of client {:?}",
                text.escape_ascii().to_string(),
                line.client()
            );
            self.event(Event::Urc(text.to_vec()));
        }
    }

    /// The lifecycle operation of a client, if it is of this kind and its result may come now.
    pub(super) fn awaited(&self, client: u8, kind: impl Fn(&Kind) -> bool) -> Option<OpId> {
        let id = self.clients[usize::from(client)].lifecycle?;
        let op = self.ops.get(&id)?;
        // Every step but the last must be over, and that one sent.
        let sent = op.steps.is_empty() && op.phase != Phase::Queued;
        (sent && kind(&op.kind)).then_some(id)
    }

    fn opened(&mut self, now: Instant, index: u8, result: i32) -> bool {
        let Some(id) = self.awaited(index, |kind| matches!(kind, Kind::Open { .. })) else {
            return false;
        };
        if result == 0 {
            self.client(index).state = State::Open;
            self.finish(id, Ok(Outcome::Done));
            return true;
        }
        if result == 2 && self.retry_open(id, index) {
            return true;
        }
        let client = self.client(index);
        client.forget_connection(now);
        // Another program's client is closed only where the caller asks for it.
        client.needs_close = result == 2 && client.was_opened_before();
        let error = Error::new(
            ErrorKind::OperationFailed,
            format!("+QMTOPEN: {index},{result}: {}", open::open_result(result)),
        );
        self.finish(id, Err(error.with_code(result)));
        true
    }

    /// The module holds a client open that this library has closed, or that the caller wants
    /// replaced: closes it and opens it again, once, in the same operation.
    pub(super) fn retry_open(&mut self, id: OpId, index: u8) -> bool {
        let had_it = self.clients[usize::from(index)].was_opened_before();
        let Some(Kind::Open {
            host,
            port,
            replace,
            retried: false,
        }) = self.ops.get(&id).map(|op| &op.kind)
        else {
            return false;
        };
        if !had_it && !replace {
            return false;
        }
        let Ok(steps) = self.open_steps(index, host, *port, true) else {
            return false;
        };
        if let Some(op) = self.ops.get_mut(&id) {
            if let Kind::Open { retried, .. } = &mut op.kind {
                *retried = true;
            }
            op.taken = false;
            op.steps = steps.into();
        }
        self.requeue(id);
        true
    }

    /// Puts an operation at the front of the line, for its next step.
    pub(super) fn requeue(&mut self, id: OpId) {
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        match op.phase {
            Phase::Queued => {}
            Phase::Running => {
                if let Some(active) = &mut self.active {
                    if active.owner == Owner::Op(id) {
                        active.owner = Owner::Nobody;
                    }
                }
            }
            Phase::Waiting(due) | Phase::Closing(due) => {
                self.deadlines.remove(&(due, id));
            }
        }
        op.phase = Phase::Queued;
        self.queue.push_front(id);
    }

    fn closed(&mut self, now: Instant, index: u8) -> bool {
        if let Some(id) = self.awaited(index, |kind| matches!(kind, Kind::Close { .. })) {
            self.end_requested(now, index, id);
            return true;
        }
        self.closed_first(now, index)
    }

    /// A line says that the client is closed: was that the close in front of an open?
    pub(super) fn closed_first(&mut self, now: Instant, index: u8) -> bool {
        let Some(id) = self.clients[usize::from(index)].lifecycle else {
            return false;
        };
        let closing = self
            .active
            .as_ref()
            .is_some_and(|active| active.role == Role::CloseFirst && active.client == Some(index));
        match self.ops.get(&id).map(|op| op.phase) {
            Some(Phase::Closing(_)) => self.close_first_over(now, index, id),
            Some(Phase::Running) if closing => self.client(index).close_seen = true,
            _ => return false,
        }
        true
    }

    /// The close in front of an open is over, one way or another: on with the open.
    pub(super) fn close_first_over(&mut self, now: Instant, index: u8, id: OpId) {
        let end = End::new("the client was opened anew");
        self.end_operations(now, index, Some(id), &end);
        let client = self.client(index);
        client.needs_close = false;
        client.close_seen = false;
        client.state = State::Opening;
        self.requeue(id);
    }

    fn connected(&mut self, now: Instant, index: u8, result: i32, code: Option<i32>) -> bool {
        let Some(id) = self.awaited(index, |kind| matches!(kind, Kind::Connect)) else {
            return false;
        };
        let error = match (result, code) {
            (0, None | Some(0)) => {
                self.client(index).state = State::Connected;
                self.finish(id, Ok(Outcome::Done));
                self.watch_store(now, index);
                return true;
            }
            (0, Some(code)) => Error::new(
                ErrorKind::ConnectionRefused,
                format!("+QMTCONN: {index},0,{code}: {}", return_code(code)),
            )
            .with_code(code),
            (1, _) => {
                self.retransmitted(index, "AT+QMTCONN", 0, code);
                return true;
            }
            (result, _) => Error::new(
                ErrorKind::OperationFailed,
                format!(
                    "+QMTCONN: {index},{result}: CONNECT was not acknowledged; check address, client \
                     id and credentials, then open the client again"
                ),
            )
            .with_code(result),
        };
        self.client(index).forget_connection(now);
        self.client(index).needs_close = true;
        self.finish(id, Err(error));
        true
    }

    fn disconnected(&mut self, now: Instant, index: u8, result: i32) -> bool {
        let Some(id) = self.awaited(index, |kind| matches!(kind, Kind::Disconnect)) else {
            return false;
        };
        if result == 0 {
            self.end_requested(now, index, id);
        } else {
            self.client(index).state = State::Connected;
            let error = Error::new(
                ErrorKind::OperationFailed,
                format!(
                    "+QMTDISC: {index},{result}: the connection could not be ended; close the client"
                ),
            );
            self.finish(id, Err(error.with_code(result)));
        }
        true
    }

    /// A disconnect or close that was asked for has come true.
    pub(super) fn end_requested(&mut self, now: Instant, index: u8, id: OpId) {
        let end = End::new("the connection was ended by this program");
        self.end_operations(now, index, Some(id), &end);
        self.client(index).needs_close = false;
        self.finish(id, Ok(Outcome::Done));
    }

    fn packet_result(
        &mut self,
        command: PacketCommand,
        index: u8,
        msgid: u16,
        result: i32,
        values: &[u8],
    ) -> bool {
        let client = &self.clients[usize::from(index)];
        let id = if msgid == 0 && command == PacketCommand::Publish {
            client.zero
        } else {
            client
                .unresolved
                .get(&msgid)
                .filter(|(of, _)| *of == command)
                .map(|&(_, id)| id)
        };
        let Some(id) = id else {
            // An earlier program's publish has made room (register A30).
            self.client(index).blocked_until = None;
            return false;
        };
        let on_the_wire = self.ops.get(&id).is_none_or(|op| op.phase != Phase::Queued);
        if !on_the_wire || !self.payload_sent(id) {
            return false;
        }
        if result == 1 {
            self.retransmitted(
                index,
                command.name(),
                msgid,
                values.first().map(|&v| v.into()),
            );
            return true;
        }
        let client = self.client(index);
        client.blocked_until = None;
        if msgid == 0 {
            client.zero = None;
        } else {
            client.unresolved.remove(&msgid);
        }
        if command == PacketCommand::Publish {
            self.data_phase_over();
        }
        let Some(op) = self.ops.get(&id) else {
            log::debug!(
                "the result of {} {msgid} came after its deadline",
                command.name()
            );
            return true;
        };
        let outcome = if result == 0 {
            packet_outcome(op, values)
        } else {
            let name = command.name().trim_start_matches("AT");
            Err(Error::new(
                ErrorKind::OperationFailed,
                format!(
                    "{name}: {index},{msgid},{result}: the packet was not acknowledged in spite of \
                     every retransmission"
                ),
            )
            .with_code(result))
        };
        self.finish(id, outcome);
        true
    }

    fn retransmitted(&mut self, index: u8, command: &'static str, msgid: u16, count: Option<i32>) {
        let generation = self.client(index).generation;
        self.event(Event::Retransmission {
            client: index,
            generation,
            command,
            msgid,
            count: count.and_then(|count| u8::try_from(count).ok()),
        });
    }
}

fn packet_outcome(op: &Op, values: &[u8]) -> Result<Outcome, Error> {
    let Kind::Subscribe { topics } = &op.kind else {
        return Ok(Outcome::Done);
    };
    let granted: Vec<Granted> = (0..topics.len())
        .map(|at| Granted::from_value(values.get(at).copied()))
        .collect();
    if granted.iter().all(|granted| *granted == Granted::Refused) {
        return Err(Error::new(
            ErrorKind::OperationFailed,
            "the broker refused every topic of the subscription (SUBACK 128)",
        )
        .with_code(128));
    }
    Ok(Outcome::Granted(granted))
}
