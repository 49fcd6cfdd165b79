//! The ends of connections, and of what hangs on them.

use std::time::Instant;

use super::client::State;
use super::line::{Final, LineState, Owner, Stage};
use super::op::{Kind, Op, OpId, Outcome, Phase, Role, Step};
use super::{Engine, Output};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::mqtt::CLIENTS;
use crate::mqtt::connect::DisconnectReason;
use crate::wire::{CommandLine, RecvLayout};

/// Why a connection ended, for the errors of what hung on it.
pub(super) struct End {
    pub(super) why: String,
    /// The `+QMTSTAT` code, where there was one.
    pub(super) code: Option<i32>,
}

impl End {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            code: None,
        }
    }
}

/// A publish whose connection ended while the module was to ask for its payload. Whether it took it is known with
/// its prompt or final result code: a `+QMTSTAT` may be printed between a command and its prompt.
#[derive(Debug)]
pub(super) struct Undecided {
    pub(super) id: OpId,
    /// That of its command, and of no other.
    line_end: u64,
    /// It was answered `OK` without a prompt, as one without a payload may be.
    accepted: bool,
    not_taken: Error,
    taken: Error,
}

impl Engine {
    /// `+QMTSTAT`: the client is closed, if the line is not an old connection's.
    pub(super) fn stat(&mut self, now: Instant, index: u8, code: i32) {
        let client = &self.clients[usize::from(index)];
        let recently_closed = client.old_stat_until.is_some_and(|until| now < until);
        match client.state {
            State::Closed => self.client(index).needs_close = false,
            State::Opening => {
                if !self.closed_first(now, index) {
                    log::debug!("+QMTSTAT: {index},{code} belongs to the connection before");
                }
            }
            State::Disconnecting => {
                self.stat_while_disconnecting(now, index, code, recently_closed)
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

    fn stat_while_disconnecting(&mut self, now: Instant, index: u8, code: i32, old: bool) {
        let asked = |kind: &Kind| matches!(kind, Kind::Disconnect | Kind::Close { .. });
        if let Some(id) = self.awaited(index, asked) {
            return self.end_requested(now, index, id);
        }
        // The command has not been sent yet.
        let id = self.clients[usize::from(index)].lifecycle;
        match id.and_then(|id| self.ops.get(&id)).map(|op| &op.kind) {
            Some(Kind::Close {
                from: State::Closed | State::Opening,
            }) => {}
            _ if old => self.verify(index, code),
            Some(_) => {
                if let Some(id) = id {
                    self.end_requested(now, index, id);
                }
            }
            None => self.end_by_stat(now, index, code),
        }
    }

    pub(super) fn end_by_stat(&mut self, now: Instant, index: u8, code: i32) {
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
        self.end_operations(now, index, self.replacing(index), &end);
    }

    /// The open in place of this connection, if it is still to begin.
    fn replacing(&self, index: u8) -> Option<OpId> {
        let id = self.clients[usize::from(index)].lifecycle?;
        let first = self.ops.get(&id)?.steps.front()?;
        (first.role == Role::CloseFirst).then_some(id)
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

    pub(super) fn ping_failed(&mut self, now: Instant, index: u8) {
        let client = self.client(index);
        if !client.is_live() {
            return;
        }
        let generation = client.generation;
        if self.closed_first(now, index) {
            return;
        }
        self.event(Event::PingFailed {
            client: index,
            generation,
        });
        let end = End::new(format!(
            "+QMTPING: {index},1: a keep-alive ping failed; open the client again"
        ));
        self.end_operations(now, index, self.replacing(index), &end);
        let client = self.client(index);
        client.old_stat_until = Some(now + client.ping_stat_time());
    }

    pub(super) fn restarted(&mut self, now: Instant) {
        self.line_restarted(now);
        self.event(Event::Restarted);
        let end = End::new("the module restarted (RDY)");
        for index in 0..CLIENTS {
            self.end_operations(now, index, None, &end);
            self.client(index).forget_settings();
            self.context.layouts[usize::from(index)] = RecvLayout::default();
        }
        self.discover_anew();
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

    pub(super) fn pdp_deactivated(&mut self, now: Instant, context: u8) {
        self.event(Event::PdpDeactivated { context });
        let end = End::new(format!(
            "the network dropped PDP context {context}; deactivate and activate it"
        ));
        for index in 0..CLIENTS {
            let client = self.client(index);
            if client.wanted.pdp_context.unwrap_or(1) != context {
                continue;
            }
            if !client.is_live() {
                self.opening_lost(now, index, &end);
            } else if !self.closed_first(now, index) {
                self.end_operations(now, index, self.replacing(index), &end);
            }
        }
    }

    /// An open that the module had taken comes to nothing without its context; should it go on with it
    /// all the same, the client is closed before it is opened again.
    fn opening_lost(&mut self, now: Instant, index: u8, end: &End) {
        let open = self.awaited(index, |kind| matches!(kind, Kind::Open { .. }));
        if open.is_some_and(|id| self.ops.get(&id).is_some_and(|op| op.taken)) {
            self.end_operations(now, index, None, end);
            self.client(index).needs_close = true;
        }
    }

    /// The connection of a client has ended: everything that hung on it ends now (register A66), but
    /// for `but`, whose end this is.
    pub(super) fn end_operations(&mut self, now: Instant, index: u8, but: Option<OpId>, end: &End) {
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
            if self.waits_for_prompt(id) {
                self.leave_undecided(id, end);
                continue;
            }
            let result = match op.kind {
                Kind::Close { .. } | Kind::Disconnect => Ok(Outcome::Done),
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

    fn waits_for_prompt(&self, id: OpId) -> bool {
        let publishes =
            |id| matches!(self.ops.get(&id), Some(op) if matches!(op.kind, Kind::Publish(_)));
        self.active.as_ref().is_some_and(|active| {
            active.owner == Owner::Op(id) && active.stage == Stage::Prompt && publishes(id)
        })
    }

    /// Its client is done with it, and its end is told as soon as it is known.
    fn leave_undecided(&mut self, id: OpId, end: &End) {
        let Some(line_end) = self.active.as_ref().map(|active| active.line_end) else {
            return;
        };
        let Some(mut op) = self.remove(id) else {
            return;
        };
        let mut error = |taken| {
            op.taken = taken;
            let error = op.named(op.cut_short(ErrorKind::Disconnected, &end.why));
            match end.code {
                Some(code) => error.with_code(code),
                None => error,
            }
        };
        self.undecided = Some(Undecided {
            id,
            line_end,
            accepted: false,
            not_taken: error(false),
            taken: error(true),
        });
    }

    /// The final result code of a command that ends there.
    pub(super) fn note_final(&mut self, line_end: u64, code: &Final) {
        if let Some(undecided) = &mut self.undecided {
            undecided.accepted |= undecided.line_end == line_end && *code == Final::Ok;
        }
    }

    /// Ends what was left undecided, once the module has asked for its payload or will not.
    pub(super) fn decide(&mut self) {
        let Some(undecided) = &self.undecided else {
            return;
        };
        let command = self
            .active
            .as_ref()
            .filter(|active| active.line_end == undecided.line_end);
        let taken = match command.map(|active| active.stage) {
            // A prompt without a limit may come at any time, and gets its payload.
            Some(Stage::Prompt) if !matches!(self.line, LineState::Stuck) => return,
            Some(_) => true,
            None => undecided.accepted,
        };
        if let Some(undecided) = self.undecided.take() {
            let error = match taken {
                true => undecided.taken,
                false => undecided.not_taken,
            };
            self.outputs
                .push_back(Output::Done(undecided.id, Err(error)));
        }
    }

    /// Ends an operation whose step was refused or never reached the module: its client is left where
    /// it stood, and its message id is free unless the module may still take it.
    pub(super) fn give_up_on(&mut self, now: Instant, id: OpId, error: Error) {
        let Some(op) = self.ops.get(&id) else { return };
        let (Some(index), taken) = (op.client, op.taken) else {
            return self.finish(id, Err(error));
        };
        let client = &mut self.clients[usize::from(index)];
        match (&op.kind, client.state) {
            (&Kind::Verify { code }, _) => {
                // What cannot be checked is believed.
                self.remove(id);
                if self.client(index).is_live() {
                    self.end_by_stat(now, index, code);
                }
                return;
            }
            (Kind::Open { .. }, State::Opening) => client.state = State::Closed,
            (Kind::Connect, State::Connecting) => client.state = State::Open,
            (Kind::Disconnect, State::Disconnecting) => client.state = State::Connected,
            (
                Kind::Close {
                    from: State::Opening | State::Connecting,
                },
                _,
            ) => self.lose_track(now, index, id),
            (&Kind::Close { from }, State::Disconnecting) => client.state = from,
            (Kind::Publish(_) | Kind::Subscribe { .. } | Kind::Unsubscribe { .. }, _) => {
                if client.zero == Some(id) {
                    client.zero = None;
                }
                if let Some(msgid) = op.msgid.filter(|_| !taken) {
                    client.unresolved.remove(&msgid);
                }
            }
            _ => {}
        }
        self.finish(id, Err(error));
    }

    /// Whether the module still holds a client is unknown: it counts as closed, and is closed before
    /// it is opened again.
    pub(super) fn lose_track(&mut self, now: Instant, index: u8, but: OpId) {
        let end = End::new("the module did not say what became of the connection");
        self.end_operations(now, index, Some(but), &end);
        self.client(index).needs_close = true;
    }
}
