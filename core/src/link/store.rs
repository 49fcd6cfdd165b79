//! What a link wants of the place where its messages are kept on disk; the outbox is one.

use std::fmt;
use std::path::PathBuf;

use crate::error::Result;
use crate::mqtt::publish::Publish;

/// One message that was accepted and has not been delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its number: messages are sent in the order of them.
    pub(crate) number: u64,
    pub(crate) publish: Publish,
    /// The module was given it, or was about to be, and its outcome is not known.
    pub(crate) handed: bool,
}

/// What happens to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is accepted. Numbers start at 1.
    Put { number: u64, publish: Publish },
    /// The module is about to be given it: after a crash its outcome is unknown.
    Handed(u64),
}

/// Where a link keeps its messages.
pub(crate) trait Store: fmt::Debug + Send {
    /// All or nothing, and on disk when this returns. After an error nothing has changed, and the same may
    /// be tried again.
    fn commit(&mut self, changes: &[Change]) -> Result<()>;

    /// Removes messages with the next commit, or when 64 of them have come together: a crash before
    /// that brings them back. The error is that of the commit; the removals are not forgotten then.
    fn remove_later(&mut self, numbers: &[u64]) -> Result<()>;

    /// Writes what [`remove_later`](Self::remove_later) has left, if anything.
    fn flush(&mut self) -> Result<()>;
}

/// What was in an outbox when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Messages that are to be delivered, by number.
    pub(crate) kept: Vec<Kept>,
    /// No message has had this number or a higher one, in an earlier run either.
    pub(crate) next_number: u64,
    /// Records that could not be read and were dropped.
    pub(crate) damaged: usize,
    /// The damaged file that was there.
    pub(crate) set_aside: Option<PathBuf>,
}
