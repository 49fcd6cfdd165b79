//! Files: raw data behind `CONNECT`, to the module in pieces (`AT+QFUPL`) or from it by count
//! (`AT+QFREAD`). And the one setting of TLS that decides how long an open may take.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Engine;
use super::line::{Active, Final, LineState, Owner, Stage};
use super::op::{FINAL_DEADLINE, OpId, Role};
use crate::error::{Error, ErrorKind};
use crate::mask;
use crate::mqtt::open;
use crate::wire::{CommandLine, Fields};

/// How many bytes the module takes between two acknowledgements.
const ACK_BLOCK: usize = 1024;
/// Longest time that a line takes from its first byte to its end.
const LINE_TIME: Duration = Duration::from_secs(1);
/// Added to the module's own limit before it is believed to have left its data phase.
const MARGIN: Duration = Duration::from_secs(1);

/// The contents of a file, which may be a private key: its `Debug` output is its length.
#[derive(Clone, PartialEq, Eq)]
pub struct FileData(Arc<[u8]>);

impl From<&[u8]> for FileData {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for FileData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

/// A file on its way to the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sending {
    data: FileData,
    /// After this time without input the module leaves its data phase by itself.
    limit: Duration,
    /// The module acknowledges every kilobyte, and the next one waits for that.
    ack: bool,
    /// Bytes that have been given to the output buffer.
    offset: usize,
    /// Kilobytes that have been acknowledged.
    acked: usize,
    /// How far it was when its deadline was last looked at.
    seen: usize,
}

impl Sending {
    pub(super) fn new(data: FileData, limit: Duration, ack: bool) -> Self {
        Self {
            data,
            limit,
            ack,
            offset: 0,
            acked: 0,
            seen: 0,
        }
    }
}

impl Engine {
    /// How many bytes of an upload have left; `None` where it is not under way.
    #[must_use]
    pub fn uploaded(&self, id: OpId) -> Option<usize> {
        let active = self.active.as_ref()?;
        match (&active.role, active.stage) {
            (Role::Upload(sending), Stage::Data(end)) if active.owner == Owner::Op(id) => {
                Some(self.sent_of(sending, end))
            }
            _ => None,
        }
    }

    fn sent_of(&self, sending: &Sending, end: u64) -> usize {
        if self.context.ack {
            return sending.acked * ACK_BLOCK;
        }
        let unsent = usize::try_from(end.saturating_sub(self.sent)).unwrap_or(usize::MAX);
        sending.offset.saturating_sub(unsent)
    }

    /// `CONNECT`, where it opens a data phase.
    pub(super) fn transfer_line(&mut self, now: Instant, line: &[u8]) -> bool {
        let Some(count) = line.strip_prefix(b"CONNECT") else {
            return false;
        };
        let stale = self.is_stale(now);
        let Some(active) = &mut self.active else {
            return false;
        };
        match (&active.role, active.stage) {
            (Role::Upload(_), Stage::Prompt) if stale => {
                log::debug!(
                    "the end of CONNECT came so late that the module may have left its data phase"
                );
            }
            (Role::Upload(_), Stage::Prompt) => self.send_piece(now),
            (Role::Download, Stage::Final) if active.answer.is_empty() => {
                let count = std::str::from_utf8(count.trim_ascii()).unwrap_or_default();
                match count.parse() {
                    Ok(0) => active.answer.push(Vec::new()),
                    Ok(bytes) => self.context.raw = Some(bytes),
                    // Nothing tells where it ends.
                    Err(_) => self.context.raw = Some(usize::MAX),
                }
            }
            _ => return false,
        }
        true
    }

    /// Whether the line at hand was so long in coming that the module may have left its data phase.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now >= self.unread_since + LINE_TIME
    }

    /// Everything, or the next kilobyte where the module acknowledges.
    fn send_piece(&mut self, now: Instant) {
        let baud = self.options.baud_rate.max(1);
        let queued = self.queued;
        let Some(active) = &mut self.active else {
            return;
        };
        let Role::Upload(sending) = &mut active.role else {
            return;
        };
        let rest = sending.data.0.len() - sending.offset;
        let piece = if sending.ack {
            rest.min(ACK_BLOCK)
        } else {
            rest
        };
        let from = sending.offset;
        sending.offset += piece;
        let data = sending.data.clone();
        self.context.ack = sending.ack && piece == ACK_BLOCK;
        active.stage = Stage::Data(queued + piece as u64);
        let length = u32::try_from(data.0.len()).unwrap_or(u32::MAX);
        active.due = now
            + FINAL_DEADLINE
            + sending.limit
            + Duration::from_secs(10).saturating_mul(length) / baud;
        if let Owner::Op(id) = active.owner {
            if let Some(op) = self.ops.get_mut(&id) {
                op.taken = true;
            }
        }
        if matches!(self.line, LineState::Quiet { .. } | LineState::Stuck) {
            self.line = LineState::Ready;
        }
        if piece > 0 {
            log::trace!(target: "atmqtt::wire", "> ({piece} bytes of a file)");
            self.write(&data.0[from..from + piece], |_| {
                mask::file(&data.0)[from..from + piece].to_vec()
            });
        }
    }

    /// The module has taken a kilobyte.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        self.context.ack = false;
        if let Some(Role::Upload(sending)) = self.active.as_mut().map(|active| &mut active.role) {
            sending.acked += 1;
            self.send_piece(now);
        }
    }

    /// The counted bytes of a download.
    pub(super) fn downloaded(&mut self, bytes: &[u8]) {
        self.context.raw = None;
        if let Some(active) = &mut self.active {
            active.answer.push(bytes.to_vec());
        }
    }

    /// Input was thrown away: was it a download?
    pub(super) fn transfer_lost(&mut self, now: Instant) {
        if self.context.raw.take().is_none() {
            return;
        }
        self.line = LineState::Quiet {
            until: now + MARGIN,
        };
        self.disown(Error::new(
            ErrorKind::OperationFailed,
            "the data is not what CONNECT announced: without a length, or with other lines in it; \
             everything up to the next silence of the line was discarded",
        ));
    }

    /// Ends the operation whose command is active; the command itself goes on.
    fn disown(&mut self, error: Error) {
        let Some(active) = &mut self.active else {
            return;
        };
        let name = active.line.name();
        if let Owner::Op(id) = std::mem::replace(&mut active.owner, Owner::Nobody) {
            self.finish(id, Err(error.with_command(name)));
        }
    }

    /// The deadline of a transfer is here. Whether that is all there is to do about it.
    pub(super) fn transfer_overdue(&mut self, now: Instant) -> bool {
        let Some(active) = &self.active else {
            return false;
        };
        let stage = active.stage;
        let (limit, seen, done) = match (&active.role, stage) {
            (Role::Upload(sending), Stage::Data(end)) => {
                (sending.limit, sending.seen, self.sent_of(sending, end))
            }
            (Role::Upload(sending), _) => (sending.limit, 0, 0),
            _ => {
                if self.context.raw.take().is_some() {
                    self.lexer.discard_input();
                }
                return false;
            }
        };
        if done > seen {
            if let Some(active) = &mut self.active {
                if let Role::Upload(sending) = &mut active.role {
                    sending.seen = done;
                }
                active.due = now + FINAL_DEADLINE + limit;
            }
            return true;
        }
        // The module is in its data phase, or may enter it late, and leaves it by itself.
        self.line = LineState::Quiet {
            until: now + limit + MARGIN,
        };
        if matches!(stage, Stage::Data(_)) {
            self.context.ack = false;
            self.drop_unsent();
            if let Some(active) = &mut self.active {
                active.stage = Stage::Data(self.sent);
            }
            self.disown(Error::new(
                ErrorKind::Unconfirmed,
                "the module did not say in time whether it has the file; what it has of it may be \
                 incomplete",
            ));
        }
        true
    }

    /// The final result code of a command is here, or will never be.
    pub(super) fn transfer_over(&mut self) {
        self.context.ack = false;
        self.context.raw = None;
    }

    /// A command succeeded: was it the limit on TLS handshakes?
    pub(super) fn note_command(&mut self, line: &CommandLine) {
        let upper = line.as_bytes().to_ascii_uppercase();
        let Some(values) = upper.strip_prefix(b"AT+QSSLCFG=\"NEGOTIATETIME\",") else {
            return;
        };
        let mut values = Fields::new(values);
        if let (Some(context), Some(seconds)) = (values.int::<usize>(), values.int::<u16>()) {
            if let Some(known) = self.negotiate.get_mut(context) {
                *known = Some(seconds);
            }
        }
    }

    /// Longest time from `AT+QMTOPEN` to its result with this SSL context.
    pub(super) fn tls_open_deadline(&self, context: u8) -> Duration {
        let known = self.negotiate.get(usize::from(context)).copied().flatten();
        open::tls_deadline(known)
    }
}

/// Whether an error in the middle of a file leaves data on its way that must not be met by a command.
pub(super) fn cut_off(now: Instant, active: &Active, code: &Final) -> Option<LineState> {
    (matches!(
        (&active.role, active.stage),
        (Role::Upload(_), Stage::Data(_))
    ) && *code != Final::Ok)
        .then(|| LineState::Quiet {
            until: now + MARGIN,
        })
}

/// What the module answered to a command that failed, with how much of a file it had.
pub(super) fn explained(error: Error, active: &Active) -> Error {
    let Role::Upload(sending) = &active.role else {
        return error;
    };
    let size = active.answer.iter().find_map(|line| {
        let (name, mut fields) = Fields::of_line(line)?;
        (name == b"+QFUPL").then(|| fields.int::<u64>())?
    });
    let Some(size) = size else { return error };
    let named = Error::new(
        error.kind(),
        format!(
            "the module received {size} of {} bytes: {}",
            sending.data.0.len(),
            error.detail()
        ),
    );
    match error.code() {
        Some(code) => named.with_code(code),
        None => named,
    }
}

#[cfg(test)]
mod tests;
