//! The ends of steps: a final result code that came, and one that did not.

use std::time::{Duration, Instant};

use super::client::{Found, State};
use super::line::{Active, Stage};
use super::op::{Kind, OpId, Outcome, Phase, Role, Step};
use super::{Engine, transfer};
use crate::error::{Error, ErrorKind};
use crate::mqtt::line::Line;
use crate::mqtt::setting::{Format, Setting, SettingName, Transport};
use crate::mqtt::{CLIENTS, open};
use crate::wire::{Fields, LengthDisplay};

/// How long a publish that met a full window waits when no result makes room earlier (register A30).
const WINDOW_RETRY: Duration = Duration::from_secs(1);

impl Engine {
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
            (Role::Collect | Role::Upload(_) | Role::Download, None) => {
                op.answer = active.answer;
                let answer = std::mem::take(&mut op.answer);
                self.finish(id, Ok(Outcome::Answer(answer)));
            }
            (Role::Collect | Role::Upload(_) | Role::Download, Some(error)) => {
                let error = transfer::explained(error, &active);
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
                let in_use = asked && self.client(index).needs_close;
                if in_use && self.retry_open(id, index) {
                    // A client that would not be closed takes no settings.
                } else if asked {
                    let name = setting.name().wire_name();
                    let mut named = Error::new(error.kind(), format!("{name}: {}", error.detail()))
                        .with_command("AT+QMTCFG");
                    if let Some(code) = error.code() {
                        named = named.with_code(code);
                    }
                    self.give_up_on(now, id, named);
                } else {
                    log::debug!("the module does not take {}", active.line);
                    self.next_step(id);
                }
            }
            (Role::CloseFirst, error) => {
                if error.is_some() || self.client(index).close_seen {
                    self.close_first_over(now, index, id);
                    self.client(index).needs_close = error.is_some();
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
        let mut in_use = false;
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
            }
            // A client in use may be refused at once (register A55).
            Kind::Open { replace: true, .. } => in_use = true,
            // A close cannot fail in a way that leaves the client open (register A63).
            &mut Kind::Close { from } => {
                self.end_requested(now, index, id);
                // But where it was open it is closed once more before it is opened.
                self.client(index).needs_close = from != State::Closed;
                return;
            }
            _ => {}
        }
        op.taken = false;
        if in_use && self.retry_open(id, index) {
            return;
        }
        self.give_up_on(now, id, error);
    }

    fn result_deadline(&self, id: OpId) -> Duration {
        let Some(op) = self.ops.get(&id) else {
            return Duration::ZERO;
        };
        let client = &self.clients[usize::from(op.client.unwrap_or(0))];
        match op.kind {
            Kind::Open { .. } => match client.wanted.transport {
                Some(Transport::Tls(context)) => self.tls_open_deadline(context),
                _ => open::OPEN_DEADLINE,
            },
            Kind::Close { .. } if !op.unanswered => open::CLOSE_GRACE,
            Kind::Close { .. } | Kind::Disconnect => open::CLOSE_DEADLINE,
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
                op.unanswered = true;
                let due = now + self.result_deadline(id);
                self.wait_for_result(id, due);
            }
            Role::CloseFirst => {
                // The module may never have got it, and the client be open still.
                let seen = self.client(index).close_seen;
                self.close_first_over(now, index, id);
                self.client(index).needs_close = !seen;
            }
            Role::Fetch { slot, answered } => {
                // What all slots held is asked for again with the next slot query.
                if let (Some(slot), false) = (slot, answered) {
                    self.client(index).note_slot_again(slot);
                }
                self.fetched(index, id);
            }
            Role::SlotQuery => self.fetched(index, id),
            Role::Collect | Role::Upload(_) | Role::Download => {
                let error = Error::new(
                    ErrorKind::Unconfirmed,
                    "no final result code in time; whether the module did it is unknown",
                );
                self.finish(id, Err(error));
            }
            Role::Set { setting, .. } => {
                // The module may have the old value or the new one.
                let client = self.client(index);
                client.applied &= !setting.name().bit();
                if matches!(setting, Setting::EditTimeout(_)) {
                    client.edit_timeout = None;
                }
                let error = Error::new(ErrorKind::Timeout, "no final result code in time");
                self.give_up_on(now, id, error);
            }
            Role::OpenQuery | Role::ConnectQuery | Role::SettingQuery(..) => {
                let error = Error::new(ErrorKind::Timeout, "no final result code in time");
                self.give_up_on(now, id, error);
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
        let unanswered = op.unanswered;
        match op.kind {
            Kind::Close { .. } if !op.unanswered => return self.end_requested(now, index, id),
            Kind::Open { .. } | Kind::Connect | Kind::Disconnect | Kind::Close { .. } => {
                self.lose_track(now, index, id);
            }
            // The module has long given up; the next one must not wait for it for ever.
            Kind::Publish(_) if op.msgid == Some(0) => self.client(index).zero = None,
            _ => {}
        }
        let error = Error::new(
            ErrorKind::Unconfirmed,
            match unanswered {
                true => {
                    "the module answered nothing, neither its final result code nor its result; whether it \
                     took it is unknown, so doing it again may duplicate"
                }
                false => {
                    "the module took it and its result did not come in time; doing it again may duplicate"
                }
            },
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
