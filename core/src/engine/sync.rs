//! Getting host and module into step: at the beginning, and after a final result code has been missed.

use std::time::{Duration, Instant};

use super::Engine;
use super::line::{Final, LineState, Owner};
use super::op::{Role, Step};
use crate::error::{Error, ErrorKind};
use crate::mask::Private;
use crate::wire::CommandLine;

/// The commands that bring host and module into step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    /// `ATQ0V1E0`: result codes on, as words; echo off.
    Normalise(Unanswered),
    /// `AT+CMEE?`: a final result code without its lines in front is a late one of another command.
    /// Where it was an error, it may be the answer of a module without this query.
    Check { normalise: bool, refused: bool },
    /// `AT+CMEE=1`: errors with their numbers.
    ErrorNumbers,
}

/// What follows when the first command gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The module may be waiting for the payload of an earlier program: it is left alone for a while.
    Sleep,
    /// It was starting when it was asked: it is asked again at once.
    Ask,
    /// Nobody is there.
    Deaf,
}

/// Time for the answer to the first command after the module has said that it has started.
const WOKEN: Duration = Duration::from_millis(300);
const NORMALISE_DEADLINE: Duration = Duration::from_millis(1500);
const CHECK_DEADLINE: Duration = Duration::from_secs(2);
/// Checks in a row that differ: the longest is a line of 116 bytes.
const CHECKS: u8 = 16;

impl Engine {
    pub(super) fn sync(&mut self, now: Instant, normalise: bool) {
        self.line = LineState::Syncing;
        let first = if normalise {
            Sync::Normalise(Unanswered::Sleep)
        } else {
            Sync::Check {
                normalise,
                refused: false,
            }
        };
        self.begin_sync(now, first);
    }

    /// How often the next check asks. One after a check that was missed asks more often than that, so
    /// that a late answer has another number of lines.
    fn check_lines(&self) -> usize {
        1 + usize::from(self.missed_checks)
    }

    /// What could be secret has come, unless the answers that are missing are so many that those of two
    /// checks may look the same.
    pub(super) fn private_over(&mut self) {
        if !self.far_behind {
            self.private = Private::Nothing;
        }
    }

    pub(super) fn begin_sync(&mut self, now: Instant, sync: Sync) {
        let (line, deadline) = match sync {
            Sync::Normalise(_) => ("ATQ0V1E0".to_owned(), NORMALISE_DEADLINE),
            Sync::Check { .. } => (
                format!("AT{}", vec!["+CMEE?"; self.check_lines()].join(";")),
                CHECK_DEADLINE,
            ),
            Sync::ErrorNumbers => ("AT+CMEE=1".to_owned(), CHECK_DEADLINE),
        };
        let mut step = Step::new(CommandLine::new(&line), Role::Collect);
        step.deadline = deadline;
        self.begin(now, Owner::Sync(sync), None, step);
    }

    pub(super) fn sync_answered(&mut self, now: Instant, sync: Sync, code: Final) {
        match sync {
            Sync::Normalise(_) => self.begin_sync(
                now,
                Sync::Check {
                    normalise: true,
                    refused: false,
                },
            ),
            Sync::Check { normalise, refused } => {
                let lines = self.check_lines();
                let Some(active) = &mut self.active else {
                    return;
                };
                if active.answer.len() != lines {
                    active.answer.clear();
                    active.owner = Owner::Sync(Sync::Check {
                        normalise,
                        refused: refused || code != Final::Ok,
                    });
                    return;
                }
                self.missed_checks = 0;
                self.has_check = true;
                self.checked(now, normalise);
            }
            Sync::ErrorNumbers => self.synced(),
        }
    }

    fn checked(&mut self, now: Instant, normalise: bool) {
        self.context.lines_only = false;
        self.in_step = true;
        if normalise {
            self.begin_sync(now, Sync::ErrorNumbers);
        } else {
            self.synced();
        }
    }

    fn synced(&mut self) {
        self.private_over();
        self.active = None;
        self.line = LineState::Ready;
    }

    pub(super) fn sync_overdue(&mut self, now: Instant) {
        let Some(Owner::Sync(sync)) = self.active.take().map(|active| active.owner) else {
            return;
        };
        match sync {
            Sync::Normalise(Unanswered::Sleep) => {
                self.line = LineState::Asleep {
                    until: now + self.options.patience,
                };
            }
            // An error came and nothing after it: a module without this query. From one that has it, it was
            // the late answer to another command.
            Sync::Check {
                normalise,
                refused: true,
            } if !self.has_check => self.checked(now, normalise),
            Sync::ErrorNumbers => self.line = LineState::Unsynced { normalise: false },
            Sync::Normalise(Unanswered::Ask) => {
                self.begin_sync(now, Sync::Normalise(Unanswered::Deaf));
            }
            Sync::Normalise(Unanswered::Deaf) | Sync::Check { .. } => {
                if matches!(sync, Sync::Check { .. }) {
                    self.missed_checks = (self.missed_checks + 1) % CHECKS;
                    self.far_behind |= self.missed_checks == 0;
                }
                let normalise = !matches!(
                    sync,
                    Sync::Check {
                        normalise: false,
                        ..
                    }
                );
                self.line = LineState::Unsynced { normalise };
                self.refuse_deaf(now);
            }
        }
    }

    pub(super) fn refuse_deaf(&mut self, now: Instant) {
        while let Some(id) = self.queue.front().copied() {
            let error = Error::new(
                ErrorKind::Timeout,
                "the module does not answer: is it powered, is this its AT port, is the baud rate \
                 right, does another program read the port?",
            );
            self.give_up_on(now, id, error);
            self.queue.retain(|&queued| queued != id);
        }
    }

    /// The module has started. If the first command of all waits for its answer, it may have come too early.
    fn woken(&mut self, now: Instant) {
        let first = Owner::Sync(Sync::Normalise(Unanswered::Sleep));
        if let Some(active) = self.active.as_mut().filter(|active| active.owner == first) {
            active.owner = Owner::Sync(Sync::Normalise(Unanswered::Ask));
            active.due = active.due.min(now + WOKEN);
        }
    }

    /// The module restarted: echo and result codes are at their defaults again.
    pub(super) fn line_restarted(&mut self, now: Instant) {
        match self.line {
            LineState::Draining { .. } | LineState::Lost(_) => return,
            LineState::Syncing if !self.in_step => return self.woken(now),
            // It has just woken up: no need to wait any longer.
            LineState::Asleep { .. } => {
                self.line = LineState::Syncing;
                self.begin_sync(now, Sync::Normalise(Unanswered::Deaf));
                return;
            }
            _ => {}
        }
        self.active = None;
        self.far_behind = false;
        self.negotiate = [None; 6];
        self.transfer_over();
        self.context.prompt = false;
        self.drop_unsent();
        self.line = LineState::Unsynced { normalise: true };
    }
}
