//! The command line to the module: one command at a time, its prompt, its final result code, and how
//! to get back in step after either has been missed.

use std::time::{Duration, Instant};

use super::client::State;
use super::op::{FINAL_DEADLINE, Kind, OpId, Phase, Role, Step};
use super::sync::{Sync, Unanswered};
use super::{Engine, transfer};
use crate::error::{Error, ErrorKind};
use crate::mask::{self, Private};
use crate::wire::{CommandLine, find};

/// The command that has been sent and whose final result code has not come.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) owner: Owner,
    pub(super) client: Option<u8>,
    pub(super) line: CommandLine,
    /// How many bytes the port has taken in all when it has taken the line.
    pub(super) line_end: u64,
    pub(super) role: Role,
    pub(super) data: Option<Vec<u8>>,
    pub(super) stage: Stage,
    pub(super) begun: Instant,
    pub(super) due: Instant,
    /// It was put off for a message that was coming in.
    pub(super) put_off: bool,
    /// An `OK` came in place of the prompt, or of another command in front of it.
    pub(super) unasked: bool,
    /// The module printed the command back, so it will print the payload back as well.
    pub(super) echoed: bool,
    /// What is sent or comes behind it.
    private: Private,
    /// Lines of the answer.
    pub(super) answer: Vec<Vec<u8>>,
}

impl Active {
    /// Whether its data waits to be asked for.
    fn awaits_prompt(&self) -> bool {
        let has_data = self.data.as_ref().is_some_and(|data| !data.is_empty());
        self.stage == Stage::Prompt && has_data
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Op(OpId),
    /// Getting back in step.
    Sync(Sync),
    /// Its operation has ended; the command must run to its end all the same.
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waits for the final result code.
    Final,
    /// Waits for the prompt.
    Prompt,
    /// The payload is being written up to this count of bytes; the final result code follows.
    Data(u64),
}

#[derive(Debug)]
pub(super) enum LineState {
    /// Just opened: what comes may be the middle of anything. Nothing is sent before silence.
    Draining { since: Instant },
    /// Nothing is outstanding that could be mistaken for an answer.
    Ready,
    /// Something is: get in step before the next command.
    Unsynced { normalise: bool },
    /// A command of [`Sync`] is active.
    Syncing,
    /// The module gave no answer at all; ask once more at this time.
    Asleep { until: Instant },
    /// The module may wait for a payload until this time; nothing is sent.
    Quiet { until: Instant },
    /// The same, without end.
    Stuck,
    /// The port is gone.
    Lost(Error),
}

/// A port that never falls silent is spoken to after this time.
const DRAIN_LIMIT: Duration = Duration::from_secs(3);
/// Time for a final result code behind a message that was in its way.
const AFTER_MESSAGE: Duration = Duration::from_secs(1);
/// Time for a prompt after an `OK`.
const AFTER_OK: Duration = Duration::from_secs(1);
/// Added to the module's own limit on data entry before it is believed to have left it.
const QUIET_MARGIN: Duration = Duration::from_secs(1);

/// After the module's limit on data entry has struck, it discards what comes until the line has been
/// silent for 100 ms (register A21); nothing is sent for this long.
const ENTRY_SILENCE: Duration = Duration::from_millis(200);

/// A final result code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Final {
    Ok,
    Error,
    /// `+CME ERROR` or `+CMS ERROR` with its number or text.
    Numbered(String),
}

impl Final {
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        match line {
            b"OK" => Some(Self::Ok),
            b"ERROR" => Some(Self::Error),
            _ => {
                let text = line
                    .strip_prefix(b"+CME ERROR:")
                    .or_else(|| line.strip_prefix(b"+CMS ERROR:"))?;
                Some(Self::Numbered(
                    String::from_utf8_lossy(text.trim_ascii()).into_owned(),
                ))
            }
        }
    }

    fn into_error(self) -> Option<Error> {
        match self {
            Self::Ok => None,
            Self::Error => Some(Error::new(
                ErrorKind::ModuleError,
                "the module answered ERROR: it does not know the command, or refuses it in its \
                 present state or with these parameters",
            )),
            Self::Numbered(text) => {
                let error = Error::new(
                    ErrorKind::CmeError,
                    format!("the module answered +CME ERROR: {text}"),
                );
                Some(match text.parse() {
                    Ok(code) => error.with_code(code),
                    Err(_) => error,
                })
            }
        }
    }
}

impl Engine {
    /// Sends what may be sent.
    pub(super) fn pump(&mut self, now: Instant) {
        self.decide();
        self.admit_publishes(now);
        while self.active.is_none() {
            match self.line {
                LineState::Ready => {}
                LineState::Unsynced { normalise } if !self.queue.is_empty() => {
                    self.sync(now, normalise);
                    return;
                }
                LineState::Stuck | LineState::Lost(_) => return self.refuse_queued(now),
                _ => return,
            }
            let Some(at) = self.queue.iter().position(|&id| self.may_run(id)) else {
                return;
            };
            let Some(id) = self.queue.remove(at) else {
                return;
            };
            self.run(now, id);
        }
        if matches!(self.line, LineState::Stuck | LineState::Lost(_)) {
            self.refuse_queued(now);
        }
    }

    /// `AT+QMTCONN?` cannot be told from a result while a connect is pending (register A62).
    fn may_run(&self, id: OpId) -> bool {
        if !self.connect_pending() {
            return true;
        }
        let step = self.ops.get(&id).and_then(|op| op.steps.front());
        !step.is_some_and(|step| {
            let line = step.line.as_bytes().to_ascii_uppercase();
            find(&line, b"+QMTCONN?").is_some()
        })
    }

    /// Whether the result of a connect may come, for any client.
    pub(super) fn connect_pending(&self) -> bool {
        self.clients
            .iter()
            .any(|client| client.state == State::Connecting && client.found.is_none())
    }

    fn refuse_queued(&mut self, now: Instant) {
        let Some(error) = self.closed_error() else {
            return;
        };
        while let Some(id) = self.queue.front().copied() {
            self.give_up_on(now, id, error.clone());
            self.queue.retain(|&queued| queued != id);
            // One that goes makes room for one that waits.
            self.admit_publishes(now);
        }
    }

    fn run(&mut self, now: Instant, id: OpId) {
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        let Some(step) = op.steps.pop_front() else {
            return;
        };
        op.phase = Phase::Running;
        if matches!(op.kind, Kind::Command) {
            op.sent = Some(step.line.name());
        }
        let client = op.client;
        if let (Kind::Open { .. }, Role::Act, Some(index)) = (&op.kind, &step.role, client) {
            self.client(index).state = State::Opening;
            self.client(index).generation += 1;
        }
        if let (Role::CloseFirst, Some(index)) = (&step.role, client) {
            self.client(index).close_seen = false;
        }
        self.begin(now, Owner::Op(id), client, step);
    }

    pub(super) fn begin(&mut self, now: Instant, owner: Owner, client: Option<u8>, step: Step) {
        log::trace!(target: "atmqtt::wire", "> {}", step.line);
        let private = step.private();
        self.private = self.private.max(private);
        if let Some(tap) = &mut self.tap {
            tap.command(step.line.as_bytes());
        }
        self.write(step.line.as_bytes(), mask::lines);
        self.write(b"\r", mask::plain);
        let line_end = self.queued;
        self.context.prompt = step.data.is_some();
        self.active = Some(Active {
            owner,
            client,
            line: step.line,
            line_end,
            stage: if step.data.is_some() || matches!(step.role, Role::Upload(_)) {
                Stage::Prompt
            } else {
                Stage::Final
            },
            role: step.role,
            data: step.data,
            begun: now,
            due: now + step.deadline,
            put_off: false,
            unasked: false,
            echoed: false,
            private,
            answer: Vec::new(),
        });
    }

    /// The prompt came: the payload goes out in full, whoever still wants it. Gives the bytes that
    /// the module will echo.
    pub(super) fn prompted(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.context.prompt = false;
        if self.is_prompt_late(now) {
            self.prompted_late(now);
            return None;
        }
        let (line, data, echoed, client, owner) = match &mut self.active {
            Some(active) if active.stage == Stage::Prompt => (
                active.line.clone(),
                active.data.take().unwrap_or_default(),
                active.echoed,
                active.client,
                active.owner,
            ),
            _ => return None,
        };
        let line = line.as_bytes();
        log::trace!(target: "atmqtt::wire", "> {}", mask::data(line, &data));
        let shown = match mask::is_of_file(line) {
            true => mask::file,
            false => mask::plain,
        };
        self.write(&data, shown);
        let end = self.queued;
        let transfer = self.transfer(data.len() as u32);
        if let Some(active) = &mut self.active {
            active.stage = Stage::Data(end);
            active.due = now + FINAL_DEADLINE + transfer;
        }
        if let Owner::Op(id) = owner {
            if let Some(op) = self.ops.get_mut(&id) {
                op.taken = true;
            }
        }
        if matches!(self.line, LineState::Quiet { .. } | LineState::Stuck) {
            self.line = LineState::Ready;
        }
        let echo = echoed || client.is_some_and(|c| self.client(c).payload_echo);
        (echo && !data.is_empty()).then_some(data)
    }

    /// The module's own limit on data entry, where there is one.
    fn entry_limit(&self, active: &Active) -> Option<Duration> {
        let client = &self.clients[usize::from(active.client?)];
        let seconds = client.edit_timeout?;
        Some(Duration::from_secs(seconds.into()))
    }

    /// Whether a prompt may have been printed so long ago that the module does not wait for data any more:
    /// what is sent then would be run as commands.
    fn is_prompt_late(&self, now: Instant) -> bool {
        let Some(active) = &self.active else {
            return false;
        };
        match self.entry_limit(active) {
            Some(limit) => now >= active.begun + limit,
            // Of a command that this library has no words for the limit is not known, if there is one.
            None => active.client.is_none() && matches!(self.line, LineState::Stuck),
        }
    }

    /// Nothing is sent, and the module has time to leave its data entry, if it is in it.
    fn prompted_late(&mut self, now: Instant) {
        let Some(active) = &self.active else { return };
        if let Some(limit) = self.entry_limit(active) {
            self.line = LineState::Quiet {
                until: now + limit + QUIET_MARGIN,
            };
        }
        let Some(active) = &mut self.active else {
            return;
        };
        if let Owner::Op(id) = std::mem::replace(&mut active.owner, Owner::Nobody) {
            let error = Error::new(
                ErrorKind::Timeout,
                "the module asked for the data so late that it may not wait for it any more; nothing of it \
                 was sent",
            );
            self.give_up_on(now, id, error);
        }
    }

    /// Whether the payload of the active command, if it is this operation's, has left in full.
    pub(super) fn payload_sent(&self, id: OpId) -> bool {
        match &self.active {
            Some(active) if active.owner == Owner::Op(id) => match active.stage {
                Stage::Data(end) => self.sent >= end,
                Stage::Final => true,
                // Nothing to send is sent at once (register A61).
                Stage::Prompt => active.data.as_ref().is_none_or(Vec::is_empty),
            },
            _ => true,
        }
    }

    /// A final result code came.
    pub(super) fn finalised(&mut self, now: Instant, code: Final) {
        if let Some(Owner::Sync(sync)) = self.active.as_ref().map(|active| active.owner) {
            return self.sync_answered(now, sync, code);
        }
        if code == Final::Ok && self.may_still_ask(now) {
            return;
        }
        let Some(active) = self.active.take() else {
            return;
        };
        self.note_final(active.line_end, &code);
        self.context.prompt = false;
        self.transfer_over();
        let whole = matches!(active.stage, Stage::Data(_)) || !active.answer.is_empty();
        if active.private != Private::File || whole && code == Final::Ok {
            self.private_over();
        }
        if let Some(quiet) = transfer::cut_off(now, &active, &code) {
            self.line = quiet;
        } else if self.is_entry_expired(now, &active, &code) {
            self.line = LineState::Quiet {
                until: now + ENTRY_SILENCE,
            };
        } else if matches!(self.line, LineState::Quiet { .. } | LineState::Stuck) {
            self.line = LineState::Ready;
        }
        if let (Stage::Data(end), true) = (active.stage, code != Final::Ok) {
            // What is left of the payload would be run as commands (register A21).
            if self.sent < end {
                self.drop_unsent();
            }
        }
        let mut error = code.into_error();
        if error.is_none() && active.awaits_prompt() {
            if matches!(self.line, LineState::Ready) {
                self.line = LineState::Unsynced { normalise: false };
            }
            error = Some(Error::new(
                ErrorKind::ModuleError,
                "the module answered OK and did not ask for the data; nothing of it was sent",
            ));
        }
        if error.is_none() {
            self.note_command(&active.line);
        }
        if let Owner::Op(id) = active.owner {
            self.step_ended(now, id, active, error);
        }
    }

    /// An `OK` where the prompt is due may be that of a command before, or made up in the topic of a message. What is
    /// sent between the two would be taken for the payload.
    fn may_still_ask(&mut self, now: Instant) -> bool {
        let Some(active) = &mut self.active else {
            return false;
        };
        // A port that is stuck for want of a prompt has waited long enough.
        let stuck = matches!(self.line, LineState::Stuck);
        if !active.awaits_prompt() || active.unasked || stuck {
            return false;
        }
        active.unasked = true;
        active.due = active.due.min(now + AFTER_OK);
        true
    }

    /// Whether an `ERROR` is the module's own limit on data entry: it then takes everything up to a
    /// silence of the line for the rest of the payload (register A21).
    fn is_entry_expired(&self, now: Instant, active: &Active, code: &Final) -> bool {
        let limit = self.entry_limit(active);
        let late = matches!(self.line, LineState::Quiet { .. } | LineState::Stuck)
            || limit.is_some_and(|limit| now >= active.begun + limit);
        active.stage != Stage::Final && *code != Final::Ok && late
    }

    /// When the line wants [`line_timeout`](Self::line_timeout).
    pub(super) fn line_due(&self) -> Option<Instant> {
        match self.line {
            LineState::Draining { since } => {
                let silent = self.last_input.max(since) + self.options.silence;
                Some(silent.min(since + DRAIN_LIMIT))
            }
            LineState::Quiet { until } | LineState::Asleep { until } => Some(until),
            LineState::Stuck | LineState::Lost(_) => None,
            _ => self.active.as_ref().map(|active| active.due),
        }
    }

    pub(super) fn line_timeout(&mut self, now: Instant) {
        if self.line_due().is_none_or(|due| due > now) {
            return;
        }
        match self.line {
            LineState::Draining { .. } => {
                // A module prints a message in one go: after a silence, whole messages come.
                self.context.lines_only = now < self.last_input + self.options.silence;
                self.sync(now, true);
            }
            LineState::Asleep { .. } => {
                self.line = LineState::Syncing;
                self.begin_sync(now, Sync::Normalise(Unanswered::Deaf));
            }
            LineState::Quiet { .. } => self.quiet_over(now),
            _ => {
                if !self.put_off() {
                    self.command_overdue(now);
                }
            }
        }
    }

    fn command_overdue(&mut self, now: Instant) {
        if matches!(self.line, LineState::Syncing) {
            self.sync_overdue(now);
        } else {
            self.final_overdue(now);
        }
    }

    /// While a long message comes in on a slow line nothing else can: the final result code has until it
    /// must be over, once.
    fn put_off(&mut self) -> bool {
        let limit = self.message_limit();
        match (&mut self.active, limit) {
            (Some(active), Some(limit)) if !active.put_off => {
                active.put_off = true;
                active.due = limit + AFTER_MESSAGE;
                true
            }
            _ => false,
        }
    }

    /// The final result code, or the prompt, did not come in time.
    fn final_overdue(&mut self, now: Instant) {
        let Some(active) = &self.active else { return };
        if self.sent < active.line_end {
            return self.take_back(now);
        }
        if self.transfer_overdue(now) {
            return;
        }
        let Some(active) = &self.active else { return };
        if active.unasked && active.awaits_prompt() {
            return self.finalised(now, Final::Ok);
        }
        log::debug!(
            "no {} for {} in time",
            if active.stage == Stage::Prompt {
                "prompt"
            } else {
                "final result code"
            },
            active.line
        );
        if active.stage == Stage::Final {
            let Some(active) = self.active.take() else {
                return;
            };
            self.line = LineState::Unsynced { normalise: false };
            if let Owner::Op(id) = active.owner {
                self.final_missed(now, id, active.role);
            }
            return;
        }
        // The module may be in its data phase, where a probe would become part of the payload.
        let limit = self.entry_limit(active);
        self.line = match limit {
            Some(limit) => LineState::Quiet {
                until: now + limit + QUIET_MARGIN,
            },
            None => LineState::Stuck,
        };
        let Owner::Op(id) = active.owner else { return };
        let (stage, role) = (active.stage, active.role.clone());
        if stage == Stage::Prompt && limit.is_some() {
            // It ends with the silence, should no late prompt come meanwhile.
            return;
        }
        if stage == Stage::Prompt {
            if let Some(active) = &mut self.active {
                active.owner = Owner::Nobody;
            }
            if let Some(op) = self.ops.get_mut(&id) {
                // A late prompt still gets its payload, and the result its message id.
                op.taken = true;
            }
            if let Some(error) = self.closed_error() {
                self.give_up_on(now, id, error);
            }
        } else {
            // Which a late final result code, that of an expired data entry most of all, still ends.
            self.final_missed(now, id, role);
        }
    }

    /// The port has not taken the whole command in its time. Without its end the module does not run it; and
    /// later it might be waiting for its data when nobody expects it to.
    fn take_back(&mut self, now: Instant) {
        self.drop_unsent();
        self.context.prompt = false;
        self.transfer_over();
        self.line = LineState::Unsynced { normalise: false };
        let Some(active) = self.active.take() else {
            return;
        };
        log::debug!("the port did not take {} in time", active.line);
        let Owner::Op(id) = active.owner else { return };
        match active.role {
            Role::CloseFirst | Role::Fetch { .. } | Role::SlotQuery => {
                self.final_missed(now, id, active.role);
            }
            _ => {
                let error = Error::new(
                    ErrorKind::Timeout,
                    "the port did not take the whole command in time, and the module has not run it: does \
                     the other side hold it up (flow control)?",
                );
                self.give_up_on(now, id, error);
            }
        }
    }

    /// The module's own limit on data entry has passed: it is out of it.
    fn quiet_over(&mut self, now: Instant) {
        self.context.prompt = false;
        // What is left of a payload would be run as commands.
        self.drop_unsent();
        self.line = LineState::Unsynced { normalise: false };
        if let Some(Active {
            owner: Owner::Op(id),
            stage: Stage::Prompt,
            ..
        }) = self.active.take()
        {
            let error = Error::new(
                ErrorKind::Timeout,
                "the module did not ask for the data in time; nothing of it was sent",
            );
            self.give_up_on(now, id, error);
        }
    }

    /// The result of a publish came although its `OK` did not: the data phase is over.
    pub(super) fn data_phase_over(&mut self) {
        if matches!(self.line, LineState::Quiet { .. } | LineState::Stuck)
            && matches!(&self.active, Some(active) if matches!(active.stage, Stage::Data(_)))
        {
            self.active = None;
            self.line = LineState::Unsynced { normalise: false };
        }
    }
}
