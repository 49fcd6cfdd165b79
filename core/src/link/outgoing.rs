//! The messages that a link has accepted and that have not ended: their order, their bounds, and what
//! becomes of each. No I/O and no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use crate::engine::Outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::mqtt::QoS;
use crate::mqtt::publish::Publish;
use crate::runtime::{Completer, Completion};

/// What a full queue does with one message more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhenFull {
    /// The publish waits for room. The default.
    #[default]
    Block,
    /// The publish fails with [`QueueFull`](ErrorKind::QueueFull).
    Refuse,
    /// The oldest message that has not been sent makes room, and ends with
    /// [`QueueFull`](ErrorKind::QueueFull).
    DropOldest,
}

/// What becomes of a QoS 2 message whose sending was cut short after the module had it: the module cannot
/// go on with the handshake of another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhenUnconfirmed {
    /// It ends with [`Unconfirmed`](ErrorKind::Unconfirmed): at most once, and the program knows. The
    /// default.
    #[default]
    Report,
    /// It is sent again as a new message: at least once, perhaps twice.
    Resend,
}

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Messages that have not ended, those under way among them, 1 and up; default 10 000.
    pub messages: usize,
    /// Bytes of their topics and payloads, 4096 and up; default 4 MiB.
    pub bytes: usize,
    /// What happens to one more; default [`WhenFull::Block`].
    pub when_full: WhenFull,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            messages: 10_000,
            bytes: 4 * 1024 * 1024,
            when_full: WhenFull::Block,
        }
    }
}

/// Times that the module may refuse a message with `ERROR` before the message is given up.
const REFUSALS: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// On its way to the disk: its publish has not returned yet.
    Committing,
    Waiting,
    Underway,
}

#[derive(Debug)]
struct Entry {
    publish: Publish,
    stage: Stage,
    /// It is in the outbox on disk.
    kept: bool,
    /// The outbox knows that the module may have had it.
    handed: bool,
    /// An earlier sending may have arrived.
    sent: bool,
    refusals: u32,
    /// How many times the module was given it.
    sendings: Arc<AtomicU32>,
    completer: Option<Completer>,
    /// Its end is an event as well.
    report: bool,
}

impl Entry {
    fn size(&self) -> usize {
        self.publish.topic.len() + self.publish.payload.len()
    }
}

/// A message that has ended without being delivered, while the program may not know of it: it stays on disk
/// until then, so that a program that is killed before that is told by its next run.
#[derive(Debug)]
struct Untold {
    size: usize,
    how: Told,
}

#[derive(Debug)]
enum Told {
    /// When nobody holds its `Delivering` any more.
    Handle(Weak<AtomicU32>),
    /// When the event in this place of the mailbox has been seen to; `None` while it is not there yet.
    Event(Option<u64>),
}

/// A message that was taken in.
pub(super) struct Admitted {
    pub(super) number: u64,
    pub(super) completion: Arc<Completion>,
    pub(super) sendings: Arc<AtomicU32>,
}

/// What is due to be written to disk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uncommitted {
    pub(super) puts: Vec<(u64, Publish)>,
    pub(super) removes: Vec<u64>,
}

/// What the sending of a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It has ended, one way or another.
    Ended,
    /// It waits to be sent again.
    Again,
    /// The same, and the module had refused it: not at once.
    Refused,
}

/// Numbers for [`LinkStatus`](super::LinkStatus).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    pub(super) delivered: u64,
    pub(super) failed: u64,
    pub(super) resent: u64,
}

#[derive(Debug)]
pub(super) struct Outgoing {
    limits: QueueLimits,
    when_unconfirmed: WhenUnconfirmed,
    /// Messages at QoS 1 and 2 go to disk before they are accepted.
    durable: bool,
    /// In the order of their acceptance, which is the order of first sending.
    entries: BTreeMap<u64, Entry>,
    waiting: BTreeSet<u64>,
    /// Operations of the port, and the messages that they send.
    underway: HashMap<u64, u64>,
    bytes: usize,
    next_number: u64,
    removes: Vec<u64>,
    untold: BTreeMap<u64, Untold>,
    untold_bytes: usize,
    counts: Counts,
    /// Ends that are to be told as events.
    ended: Vec<(u64, Result<Outcome>)>,
    closed: Option<Error>,
}

impl Outgoing {
    pub(super) fn new(
        limits: QueueLimits,
        when_unconfirmed: WhenUnconfirmed,
        durable: bool,
        next_number: u64,
    ) -> Self {
        Self {
            limits,
            when_unconfirmed,
            durable,
            entries: BTreeMap::new(),
            waiting: BTreeSet::new(),
            underway: HashMap::new(),
            bytes: 0,
            next_number,
            removes: Vec::new(),
            untold: BTreeMap::new(),
            untold_bytes: 0,
            counts: Counts::default(),
            ended: Vec::new(),
            closed: None,
        }
    }

    /// Takes in what an earlier run had accepted. What the module may have had of it is the same as cut
    /// short.
    pub(super) fn restore(&mut self, number: u64, publish: Publish, handed: bool) {
        self.counts.accepted += 1;
        let entry = Entry {
            publish,
            stage: Stage::Waiting,
            kept: true,
            handed,
            sent: handed,
            refusals: 0,
            sendings: Arc::default(),
            completer: None,
            // Nobody else can be told.
            report: true,
        };
        self.bytes += entry.size();
        let reported = entry.handed && self.is_reported(&entry);
        self.entries.insert(number, entry);
        if reported {
            let error = Error::new(
                ErrorKind::Unconfirmed,
                "an earlier run of the program had given it to the module",
            );
            self.end(number, Err(error));
        } else {
            self.waiting.insert(number);
        }
    }

    /// Takes a message in; `None` where there is no room for it now.
    pub(super) fn admit(&mut self, publish: &Publish, up: bool) -> Result<Option<Admitted>> {
        if let Some(error) = &self.closed {
            return Err(error.clone());
        }
        let volatile = publish.qos == QoS::AtMostOnce;
        if volatile && !up {
            return Err(Error::new(
                ErrorKind::Disconnected,
                "the link is not up, and a message of QoS 0 does not wait for it: use QoS 1",
            ));
        }
        let size = publish.topic.len() + publish.payload.len();
        while self.entries.len() >= self.limits.messages || self.bytes + size > self.limits.bytes {
            match self.limits.when_full {
                WhenFull::Block => return Ok(None),
                WhenFull::Refuse => return Err(self.full()),
                WhenFull::DropOldest => {
                    let Some(&oldest) = self.waiting.first() else {
                        return Err(self.full());
                    };
                    let error = self.full();
                    self.end(oldest, Err(error));
                }
            }
        }
        let number = self.next_number;
        self.next_number += 1;
        let (completer, completion) = Completion::new();
        let sendings = Arc::default();
        let kept = self.durable && !volatile;
        let entry = Entry {
            publish: publish.clone(),
            stage: if kept {
                Stage::Committing
            } else {
                Stage::Waiting
            },
            kept,
            handed: false,
            sent: false,
            refusals: 0,
            sendings: Arc::clone(&sendings),
            completer: Some(completer),
            report: false,
        };
        self.bytes += size;
        self.entries.insert(number, entry);
        if !kept {
            self.waiting.insert(number);
            self.counts.accepted += 1;
        }
        Ok(Some(Admitted {
            number,
            completion,
            sendings,
        }))
    }

    fn full(&self) -> Error {
        Error::new(
            ErrorKind::QueueFull,
            format!(
                "{} messages of {} bytes wait to be sent; the limits are {} and {}",
                self.entries.len(),
                self.bytes,
                self.limits.messages,
                self.limits.bytes
            ),
        )
    }

    /// What has to go to disk: new messages, and with them those that have ended and, where they failed, been
    /// told: the program has seen to the events up to `seen`.
    pub(super) fn take_uncommitted(&mut self, seen: u64) -> Uncommitted {
        self.untold.retain(|&number, untold| {
            let waits = match &untold.how {
                Told::Handle(handle) => handle.strong_count() > 0,
                Told::Event(place) => place.is_none_or(|place| place > seen),
            };
            if !waits {
                self.untold_bytes -= untold.size;
                self.removes.push(number);
            }
            waits
        });
        let puts = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.stage == Stage::Committing)
            .map(|(&number, entry)| (number, entry.publish.clone()))
            .collect();
        Uncommitted {
            puts,
            removes: std::mem::take(&mut self.removes),
        }
    }

    /// Whether anything that has ended is still on disk.
    pub(super) fn is_untidy(&self) -> bool {
        !self.removes.is_empty() || !self.untold.is_empty()
    }

    /// They are on disk, or cannot be.
    pub(super) fn committed(&mut self, puts: &[(u64, Publish)], result: &Result<()>) {
        for &(number, _) in puts {
            let Some(entry) = self.entries.get_mut(&number) else {
                continue;
            };
            match result {
                Ok(()) => {
                    entry.stage = Stage::Waiting;
                    self.waiting.insert(number);
                    self.counts.accepted += 1;
                }
                Err(error) => {
                    let completer = self.take_out(number).and_then(|entry| entry.completer);
                    if let Some(completer) = completer {
                        completer.complete(Err(error.clone()));
                    }
                }
            }
        }
    }

    /// Messages under way.
    pub(super) fn underway(&self) -> usize {
        self.underway.len()
    }

    /// The next message to send.
    pub(super) fn next(&self) -> Option<(u64, &Publish)> {
        let &number = self.waiting.first()?;
        Some((number, &self.entries[&number].publish))
    }

    /// The next messages, at most `count`, that the outbox has to know of before the module is given them.
    pub(super) fn to_be_marked(&self, count: usize) -> Vec<u64> {
        self.waiting
            .iter()
            .take(count)
            .filter(|&number| {
                let entry = &self.entries[number];
                entry.kept && !entry.handed && self.is_reported(entry)
            })
            .copied()
            .collect()
    }

    pub(super) fn marked(&mut self, numbers: &[u64]) {
        for number in numbers {
            if let Some(entry) = self.entries.get_mut(number) {
                entry.handed = true;
            }
        }
    }

    /// The module is given a message by this operation.
    pub(super) fn started(&mut self, number: u64, operation: u64) {
        self.waiting.remove(&number);
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.stage = Stage::Underway;
            entry.sendings.fetch_add(1, Ordering::Relaxed);
            self.counts.resent += u64::from(entry.sent);
            self.underway.insert(operation, number);
        }
    }

    /// An operation has ended; `None` where it sent no message.
    pub(super) fn finished(&mut self, operation: u64, result: Result<Outcome>) -> Option<Sent> {
        let number = self.underway.remove(&operation)?;
        Some(self.outcome(number, result))
    }

    /// What the sending of a message came to.
    pub(super) fn outcome(&mut self, number: u64, result: Result<Outcome>) -> Sent {
        let Some(entry) = self.entries.get_mut(&number) else {
            return Sent::Ended;
        };
        let Err(error) = result else {
            self.end(number, Ok(Outcome::Done));
            return Sent::Ended;
        };
        let mut sent = Sent::Again;
        let ends = match error.kind() {
            ErrorKind::Disconnected
            | ErrorKind::Timeout
            | ErrorKind::InvalidState
            | ErrorKind::PortStuck => entry.publish.qos == QoS::AtMostOnce,
            // A port that goes says nothing of how far each of its operations was.
            ErrorKind::Unconfirmed
            | ErrorKind::OperationFailed
            | ErrorKind::PortLost
            | ErrorKind::Closed => {
                entry.sent = true;
                match entry.publish.qos {
                    QoS::AtMostOnce => true,
                    QoS::AtLeastOnce => false,
                    QoS::ExactlyOnce => self.when_unconfirmed == WhenUnconfirmed::Report,
                }
            }
            ErrorKind::ModuleError | ErrorKind::CmeError => {
                entry.refusals += 1;
                sent = Sent::Refused;
                entry.refusals >= REFUSALS || entry.publish.qos == QoS::AtMostOnce
            }
            _ => true,
        };
        if ends {
            let error = match error.kind() {
                ErrorKind::OperationFailed => Error::new(
                    ErrorKind::Unconfirmed,
                    format!("no acknowledgement came: {}", error.detail()),
                ),
                ErrorKind::PortLost | ErrorKind::Closed => {
                    Error::new(ErrorKind::Unconfirmed, error.detail())
                }
                _ => error,
            };
            self.end(number, Err(error));
            return Sent::Ended;
        }
        entry.stage = Stage::Waiting;
        self.waiting.insert(number);
        sent
    }

    /// The link is not up any more: messages of QoS 0 do not wait for it.
    pub(super) fn went_down(&mut self, why: &str) {
        let volatile: Vec<u64> = self
            .waiting
            .iter()
            .filter(|number| self.entries[number].publish.qos == QoS::AtMostOnce)
            .copied()
            .collect();
        for number in volatile {
            let error = Error::new(ErrorKind::Disconnected, format!("not sent: {why}"));
            self.end(number, Err(error));
        }
    }

    /// Nothing more is taken in or sent. What is kept on disk stays there.
    pub(super) fn close(&mut self) {
        let error = Error::new(ErrorKind::Closed, "the link is closed");
        self.closed = Some(error);
        self.underway.clear();
        self.waiting.clear();
        for (number, entry) in std::mem::take(&mut self.entries) {
            let stays = if entry.kept && entry.stage != Stage::Committing {
                "; the message is in the outbox, and the next link with it sends it"
            } else if entry.kept {
                "; whether the message is in the outbox is unknown"
            } else if entry.sent || entry.stage == Stage::Underway {
                "; whether the message arrived is unknown"
            } else {
                "; the message was not sent"
            };
            let error = Error::new(ErrorKind::Closed, format!("the link was closed{stays}"));
            self.tell(number, entry, Err(error));
        }
        self.bytes = 0;
    }

    /// Has the end of a message told as an event; `false` where it has ended already.
    pub(super) fn report(&mut self, number: u64) -> bool {
        let entry = self.entries.get_mut(&number);
        entry.map(|entry| entry.report = true).is_some()
    }

    /// The end of a message is told by the event in this place of the mailbox.
    pub(super) fn told_by(&mut self, number: u64, place: u64) {
        if let Some(untold) = self.untold.get_mut(&number) {
            untold.how = Told::Event(Some(place));
        }
    }

    /// The ends that are to be told as events, since the last time.
    pub(super) fn take_ended(&mut self) -> Vec<(u64, Result<Outcome>)> {
        std::mem::take(&mut self.ended)
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many messages have not ended, and their bytes.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    fn is_reported(&self, entry: &Entry) -> bool {
        entry.publish.qos == QoS::ExactlyOnce && self.when_unconfirmed == WhenUnconfirmed::Report
    }

    fn take_out(&mut self, number: u64) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        self.waiting.remove(&number);
        self.bytes -= entry.size();
        Some(entry)
    }

    fn end(&mut self, number: u64, result: Result<Outcome>) {
        let Some(entry) = self.take_out(number) else {
            return;
        };
        match &result {
            _ if !entry.kept => {}
            // Who drops messages for want of room wants it on disk, too.
            Err(error) if error.kind() != ErrorKind::QueueFull => {
                self.keep_until_told(number, &entry);
            }
            _ => self.removes.push(number),
        }
        self.tell(number, entry, result);
    }

    fn keep_until_told(&mut self, number: u64, entry: &Entry) {
        let how = if entry.report {
            Told::Event(None)
        } else {
            Told::Handle(Arc::downgrade(&entry.sendings))
        };
        let size = entry.size();
        self.untold.insert(number, Untold { size, how });
        self.untold_bytes += size;
        // Of a program that never asks they would fill the disk.
        while self.untold.len() > self.limits.messages || self.untold_bytes > self.limits.bytes {
            let Some((oldest, untold)) = self.untold.pop_first() else {
                return;
            };
            self.untold_bytes -= untold.size;
            log::error!(
                "nobody has asked what became of message {oldest}, which is taken out of the outbox"
            );
            self.removes.push(oldest);
        }
    }

    fn tell(&mut self, number: u64, entry: Entry, result: Result<Outcome>) {
        match &result {
            Ok(_) => self.counts.delivered += 1,
            Err(_) => self.counts.failed += 1,
        }
        let result = result.map_err(|error| {
            Error::new(
                error.kind(),
                format!("message on {:?}: {}", entry.publish.topic, error.detail()),
            )
            .with_command("AT+QMTPUBEX")
        });
        if entry.report {
            self.ended.push((number, result.clone()));
        }
        if let Some(completer) = entry.completer {
            completer.complete(result);
        }
    }
}

#[cfg(test)]
mod tests;
