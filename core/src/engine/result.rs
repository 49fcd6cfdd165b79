//! Result lines, the ends of steps, and the ends of connections.

use std::time::{Duration, Instant};

use super::Engine;
use super::client::{Found, OLD_STAT, State};
use super::line::{Active, Owner, Stage};
use super::op::{Kind, Op, OpId, Outcome, Phase, Role, Step};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::mqtt::connect::{DisconnectReason, return_code};
use crate::mqtt::line::{Line, PacketCommand};
use crate::mqtt::setting::{Format, Setting, SettingName, Transport};
use crate::mqtt::subscribe::Granted;
use crate::mqtt::{CLIENTS, open};
use crate::wire::{CommandLine, Fields, LengthDisplay, RawMessage, RecvLayout};

/// How long a publish that met a full window waits when no result makes room earlier (register A30).
const WINDOW_RETRY: Duration = Duration::from_secs(1);

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
    fn awaited(&self, client: u8, kind: impl Fn(&Kind) -> bool) -> Option<OpId> {
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
        client.needs_close = result == 2;
        let error = Error::new(
            ErrorKind::OperationFailed,
            format!("+QMTOPEN: {index},{result}: {}", open::open_result(result)),
        );
        self.finish(id, Err(error.with_code(result)));
        true
    }

    /// The module holds a client open that this library has closed, or that the caller wants
    /// replaced: closes it and opens it again, once, in the same operation.
    fn retry_open(&mut self, id: OpId, index: u8) -> bool {
        let had_it = self.clients[usize::from(index)].generation > 1;
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
    fn requeue(&mut self, id: OpId) {
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
        if let Some(id) = self.awaited(index, |kind| matches!(kind, Kind::Close)) {
            self.end_requested(now, index, id);
            return true;
        }
        self.closed_first(now, index)
    }

    /// A line says that the client is closed: was that the close in front of an open?
    fn closed_first(&mut self, now: Instant, index: u8) -> bool {
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
    fn close_first_over(&mut self, now: Instant, index: u8, id: OpId) {
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
    fn end_requested(&mut self, now: Instant, index: u8, id: OpId) {
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

    /// `+QMTSTAT`: the client is closed, if the line is not an old connection's.
    fn stat(&mut self, now: Instant, index: u8, code: i32) {
        let client = &self.clients[usize::from(index)];
        let recently_closed = client
            .closed_at
            .is_some_and(|closed| now < closed + OLD_STAT);
        match client.state {
            State::Closed => self.client(index).needs_close = false,
            State::Opening => {
                if !self.closed_first(now, index) {
                    log::debug!("+QMTSTAT: {index},{code} belongs to the connection before");
                }
            }
            State::Disconnecting => {
                let done = |kind: &Kind| matches!(kind, Kind::Disconnect | Kind::Close);
                if let Some(id) = self.awaited(index, done) {
                    self.end_requested(now, index, id);
                }
            }
            State::Open | State::Connecting | State::Connected => {
                if self.closed_first(now, index) {
                    return;
                }
                if recently_closed {
                    self.verify(index, code);
                } else {
                    self.end_by_stat(now, index, code);
                }
            }
        }
    }

    fn end_by_stat(&mut self, now: Instant, index: u8, code: i32) {
        let reason = DisconnectReason::from_code(code);
        let generation = self.client(index).generation;
        self.event(Event::Disconnected {
            client: index,
            generation,
            reason,
        });
        let end = End {
            why: format!("+QMTSTAT: {index},{code}: {reason}: {}", reason.advice()),
            code: Some(code),
        };
        self.end_operations(now, index, None, &end);
    }

    /// Asks whether a client is still there: its `+QMTSTAT` came soon after a close (register A71).
    fn verify(&mut self, index: u8, code: i32) {
        let pending = self
            .ops
            .values()
            .any(|op| op.client == Some(index) && matches!(op.kind, Kind::Verify { .. }));
        if pending {
            return;
        }
        let step = if self.connect_pending() {
            Step::new(CommandLine::new("AT+QMTOPEN?"), Role::OpenQuery)
        } else {
            Step::new(CommandLine::new("AT+QMTCONN?"), Role::ConnectQuery)
        };
        let kind = Kind::Verify { code };
        let id = self.add(Op::new(Some(index), kind, [step]));
        self.queue.push_front(id);
    }

    fn ping_failed(&mut self, now: Instant, index: u8) {
        let client = self.client(index);
        if !client.is_live() {
            return;
        }
        let generation = client.generation;
        self.event(Event::PingFailed {
            client: index,
            generation,
        });
        let end = End::new(format!(
            "+QMTPING: {index},1: a keep-alive ping failed; open the client again"
        ));
        self.end_operations(now, index, None, &end);
    }

    fn restarted(&mut self, now: Instant) {
        self.line_restarted(now);
        self.event(Event::Restarted);
        let end = End::new("the module restarted (RDY)");
        for index in 0..CLIENTS {
            self.end_operations(now, index, None, &end);
            self.client(index).needs_close = false;
            self.context.layouts[usize::from(index)] = RecvLayout::default();
        }
        self.finish_all(
            |op| matches!(op.phase, Phase::Running),
            |_| {
                Error::new(
                    ErrorKind::Unconfirmed,
                    format!("{} before it answered", end.why),
                )
            },
        );
    }

    fn pdp_deactivated(&mut self, now: Instant, context: u8) {
        self.event(Event::PdpDeactivated { context });
        let end = End::new(format!(
            "the network dropped PDP context {context}; deactivate and activate it"
        ));
        for index in 0..CLIENTS {
            let client = self.client(index);
            if client.is_live() && client.wanted.pdp_context.unwrap_or(1) == context {
                self.end_operations(now, index, None, &end);
            }
        }
    }

    /// The connection of a client has ended: everything that hung on it ends now (register A66), but
    /// for `but`, whose end this is.
    fn end_operations(&mut self, now: Instant, index: u8, but: Option<OpId>, end: &End) {
        let mut ids: Vec<OpId> = self
            .ops
            .iter()
            .filter(|&(&id, op)| op.client == Some(index) && Some(id) != but)
            .map(|(&id, _)| id)
            .collect();
        ids.sort_unstable();
        for id in ids {
            let Some(op) = self.ops.get(&id) else {
                continue;
            };
            let result = match op.kind {
                Kind::Close | Kind::Disconnect => Ok(Outcome::Done),
                Kind::Connect | Kind::Open { .. } => {
                    Err(Error::new(ErrorKind::Disconnected, end.why.clone()))
                }
                Kind::Configure | Kind::Command => continue,
                _ => Err(op.cut_short(ErrorKind::Disconnected, &end.why)),
            };
            let result = result.map_err(|error| match end.code {
                Some(code) => error.with_code(code),
                None => error,
            });
            self.finish(id, result);
        }
        self.client(index).forget_connection(now);
    }

    /// One step of an operation has its final result code.
    pub(super) fn step_ended(
        &mut self,
        now: Instant,
        id: OpId,
        active: Active,
        error: Option<Error>,
    ) {
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        let index = op.client.unwrap_or(0);
        match (active.role.clone(), error) {
            (Role::Collect, None) => {
                op.answer = active.answer;
                let answer = std::mem::take(&mut op.answer);
                self.finish(id, Ok(Outcome::Answer(answer)));
            }
            (Role::Collect, Some(error)) => {
                self.finish(id, Err(error.with_command(active.line.name())));
            }
            (Role::Set { setting, .. }, None) => {
                self.setting_applied(index, &setting);
                if matches!(self.ops.get(&id).map(|op| &op.kind), Some(Kind::Configure)) {
                    self.client(index).wanted.insert(setting);
                }
                self.next_step(id);
            }
            (Role::Set { setting, asked }, Some(error)) => {
                self.setting_refused(index, &setting);
                if asked {
                    if self.client(index).state == State::Opening {
                        self.client(index).state = State::Closed;
                    }
                    let name = setting.name().wire_name();
                    let mut named = Error::new(error.kind(), format!("{name}: {}", error.detail()))
                        .with_command("AT+QMTCFG");
                    if let Some(code) = error.code() {
                        named = named.with_code(code);
                    }
                    self.finish(id, Err(named));
                } else {
                    log::debug!("the module does not take {}", active.line);
                    self.next_step(id);
                }
            }
            (Role::CloseFirst, error) => {
                if error.is_some() || self.client(index).close_seen {
                    self.close_first_over(now, index, id);
                } else {
                    let due = now + open::CLOSE_GRACE;
                    if let Some(op) = self.ops.get_mut(&id) {
                        op.phase = Phase::Closing(due);
                        self.deadlines.insert((due, id));
                    }
                }
            }
            (Role::Act, error) => self.acted(now, id, index, active, error),
            (Role::OpenQuery | Role::ConnectQuery, error) => {
                self.clients_told(now, id, active, error);
            }
            (Role::SettingQuery(client, name), _) => {
                self.setting_told(client, name, &active.answer);
                self.next_step(id);
            }
            (Role::Fetch { .. }, _) => self.fetched(index, id),
            (Role::SlotQuery, _) => {
                for line in &active.answer {
                    if let Some(Line::Slots { client, full }) = Line::parse(line) {
                        self.slots_told(client, full);
                    }
                }
                self.fetched(index, id);
                for index in 0..CLIENTS {
                    self.fetch(index);
                }
            }
        }
    }

    fn next_step(&mut self, id: OpId) {
        let Some(op) = self.ops.get(&id) else { return };
        if op.steps.is_empty() {
            self.finish(id, Ok(Outcome::Done));
        } else {
            self.requeue(id);
        }
    }

    /// The command whose result line ends the operation has its final result code.
    fn acted(&mut self, now: Instant, id: OpId, index: u8, active: Active, error: Option<Error>) {
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        let Some(error) = error else {
            op.taken = true;
            let due = now + self.result_deadline(id);
            self.wait_for_result(id, due);
            return;
        };
        let before_data = active.stage == Stage::Prompt;
        match &mut op.kind {
            Kind::Publish(publish) => {
                let client = &mut self.clients[usize::from(index)];
                let foreign = client.foreign_window_until.is_some_and(|until| now < until);
                if before_data && publish.qos.level() > 0 && foreign {
                    // Only a window that an earlier program has filled explains it: try again when there
                    // is room.
                    if let Some(msgid) = op.msgid.take() {
                        client.unresolved.remove(&msgid);
                        client.in_flight = client.in_flight.saturating_sub(1);
                    }
                    op.phase = Phase::Queued;
                    op.taken = false;
                    client.waiting.push_front(id);
                    client.blocked_until = Some(now + WINDOW_RETRY);
                    return;
                }
                op.taken = false;
                if let Some(msgid) = op.msgid {
                    client.unresolved.remove(&msgid);
                }
                if client.zero == Some(id) {
                    client.zero = None;
                }
            }
            Kind::Subscribe { .. } | Kind::Unsubscribe { .. } => {
                if let Some(msgid) = op.msgid {
                    self.clients[usize::from(index)].unresolved.remove(&msgid);
                }
            }
            Kind::Open { .. } => self.client(index).state = State::Closed,
            Kind::Connect => self.client(index).state = State::Open,
            Kind::Disconnect => self.client(index).state = State::Connected,
            // A close cannot fail in a way that leaves the client open (register A63).
            Kind::Close => return self.end_requested(now, index, id),
            _ => {}
        }
        self.finish(id, Err(error));
    }

    fn result_deadline(&self, id: OpId) -> Duration {
        let Some(op) = self.ops.get(&id) else {
            return Duration::ZERO;
        };
        let client = &self.clients[usize::from(op.client.unwrap_or(0))];
        match op.kind {
            Kind::Open { .. } => match client.wanted.transport {
                Some(Transport::Tls(_)) => open::OPEN_TLS_DEADLINE,
                _ => open::OPEN_DEADLINE,
            },
            Kind::Close => open::CLOSE_GRACE,
            Kind::Disconnect => open::CLOSE_DEADLINE,
            _ => client.result_deadline(),
        }
    }

    /// The `OK` of a step did not come. Its result line still may.
    pub(super) fn final_missed(&mut self, now: Instant, id: OpId, role: Role) {
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        let index = op.client.unwrap_or(0);
        match role {
            Role::Act => {
                op.taken = true;
                let due = now + self.result_deadline(id);
                self.wait_for_result(id, due);
            }
            Role::CloseFirst => self.close_first_over(now, index, id),
            Role::Fetch { slot, answered } => {
                if !answered {
                    self.client(index).note_slot(slot);
                }
                self.fetched(index, id);
            }
            Role::SlotQuery => self.fetched(index, id),
            Role::Collect => {
                let error = Error::new(
                    ErrorKind::Unconfirmed,
                    "no final result code in time; whether the module did it is unknown",
                );
                self.finish(id, Err(error));
            }
            Role::Set { .. } | Role::OpenQuery | Role::ConnectQuery | Role::SettingQuery(..) => {
                if self.client(index).state == State::Opening {
                    self.client(index).state = State::Closed;
                }
                let error = Error::new(ErrorKind::Timeout, "no final result code in time");
                self.finish(id, Err(error));
            }
        }
    }

    /// The result of an operation did not come by the engine's own deadline.
    pub(super) fn result_overdue(&mut self, now: Instant, id: OpId) {
        let Some(op) = self.ops.get(&id) else { return };
        let index = op.client.unwrap_or(0);
        if matches!(op.phase, Phase::Closing(_)) {
            return self.close_first_over(now, index, id);
        }
        match op.kind {
            Kind::Close => return self.end_requested(now, index, id),
            Kind::Open { .. } | Kind::Connect | Kind::Disconnect => {
                let client = self.client(index);
                client.lifecycle = None;
                client.forget_connection(now);
                client.needs_close = true;
            }
            // The module has long given up; the next one must not wait for it for ever.
            Kind::Publish(_) if op.msgid == Some(0) => self.client(index).zero = None,
            _ => {}
        }
        let error = Error::new(
            ErrorKind::Unconfirmed,
            "the module took it and its result did not come in time; doing it again may duplicate",
        );
        self.finish(id, Err(error));
    }

    /// The answer to `AT+QMTOPEN?` or `AT+QMTCONN?`.
    fn clients_told(&mut self, now: Instant, id: OpId, active: Active, error: Option<Error>) {
        let rows: Vec<(u8, Fields<'_>)> = active
            .answer
            .iter()
            .filter_map(|line| {
                let (_, mut fields) = Fields::of_line(line)?;
                let client = fields.int::<u8>().filter(|&client| client < CLIENTS)?;
                Some((client, fields))
            })
            .collect();
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        if let Kind::Verify { code, .. } = op.kind {
            let index = op.client.unwrap_or(0);
            let alive = error.is_none() && rows.iter().any(|&(client, _)| client == index);
            self.remove(id);
            if alive {
                log::debug!(
                    "+QMTSTAT: {index},{code} was an old connection's: the client is there"
                );
            } else if self.client(index).is_live() {
                self.end_by_stat(now, index, code);
            }
            return;
        }
        for (index, mut fields) in rows {
            let opened = active.role == Role::OpenQuery;
            let client = &mut self.clients[usize::from(index)];
            if opened {
                client.found = Some(Found {
                    host: fields
                        .text()
                        .map(|host| String::from_utf8_lossy(host).into_owned())
                        .unwrap_or_default(),
                    port: fields.int().unwrap_or(0),
                    ..Found::default()
                });
                client.state = State::Open;
            } else if let Some(found) = fields.int::<u8>() {
                client.found.get_or_insert_with(Found::default);
                client.state = match found {
                    2 => State::Connecting,
                    3 => State::Connected,
                    4 => State::Disconnecting,
                    _ => State::Open,
                };
            }
        }
        if active.role == Role::ConnectQuery {
            for index in 0..CLIENTS {
                if self.clients[usize::from(index)].found.is_some() {
                    for name in [
                        SettingName::Receive,
                        SettingName::DataFormat,
                        SettingName::Timeout,
                        SettingName::ViewMode,
                        SettingName::EditTimeout,
                    ] {
                        let step = Step::new(name.query(index), Role::SettingQuery(index, name));
                        if let Some(op) = self.ops.get_mut(&id) {
                            op.steps.push_back(step);
                        }
                    }
                }
            }
        }
        self.next_step(id);
    }

    /// A setting of a client found alive.
    fn setting_told(&mut self, index: u8, name: SettingName, answer: &[Vec<u8>]) {
        let setting = answer.iter().find_map(|line| {
            let (_, mut fields) = Fields::of_line(line)?;
            fields.text()?;
            Setting::read(name, fields)
        });
        let Some(setting) = setting else { return };
        let layout = &mut self.context.layouts[usize::from(index)];
        let client = &mut self.clients[usize::from(index)];
        if let Some(found) = &mut client.found {
            match setting {
                Setting::Receive(_, shown) => {
                    found.length_shown = Some(shown);
                    layout.length = if shown {
                        LengthDisplay::On
                    } else {
                        LengthDisplay::Off
                    };
                }
                Setting::DataFormat(_, format) => {
                    found.received_hex = Some(format == Format::Hex);
                    layout.hex = format == Format::Hex;
                }
                _ => {}
            }
            client.applied(&setting);
        }
    }

    fn setting_applied(&mut self, index: u8, setting: &Setting) {
        self.client(index).applied(setting);
        match setting {
            Setting::Receive(_, true) => self.set_length_display(index, LengthDisplay::On),
            Setting::Receive(_, false) => self.set_length_display(index, LengthDisplay::Off),
            Setting::DataFormat(_, format) => {
                self.context.layouts[usize::from(index)].hex = *format == Format::Hex;
            }
            _ => {}
        }
    }

    fn setting_refused(&mut self, index: u8, setting: &Setting) {
        match setting {
            Setting::Receive(..) => {
                log::warn!(
                    "client {index}: the module refuses recv/mode with lengths; a payload that holds \
                     CR LF cannot be read whole"
                );
                self.set_length_display(index, LengthDisplay::Unknown);
            }
            Setting::EditTimeout(_) => self.client(index).edit_timeout = None,
            _ => {}
        }
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

/// Why a connection ended, for the errors of what hung on it.
struct End {
    why: String,
    /// The `+QMTSTAT` code, where there was one.
    code: Option<i32>,
}

impl End {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            code: None,
        }
    }
}
