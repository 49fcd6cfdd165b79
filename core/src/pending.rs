//! Operations that were started and not waited for.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{OpId, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::mqtt::subscribe::Granted;
use crate::runtime::{Addressee, Completion, Runtime, Waited, after};

/// An operation under way. Dropping it leaves the operation alone: it goes on, and nobody hears of its
/// outcome.
///
/// [`wait`](Self::wait) may be called any number of times and from any thread; it always tells the
/// same outcome.
#[derive(Debug)]
#[must_use = "the outcome is only known to who waits for it"]
pub struct Pending<T> {
    runtime: Arc<Runtime>,
    id: OpId,
    completion: Arc<Completion>,
    value: PhantomData<fn() -> T>,
}

/// A publish under way; `wait` gives the outcome that the module reported for it.
pub type Publication = Pending<()>;

/// What a finished operation brings back. Sealed: the library's own types only.
pub trait FromOutcome: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn from_outcome(outcome: Outcome) -> Option<Self>;
}

mod sealed {
    #[expect(
        unnameable_types,
        reason = "nobody else is to implement the trait above it"
    )]
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for Vec<super::Granted> {}
    impl Sealed for Vec<String> {}
}

impl FromOutcome for () {
    fn from_outcome(_: Outcome) -> Option<Self> {
        Some(())
    }
}

impl FromOutcome for Vec<Granted> {
    fn from_outcome(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Granted(granted) => Some(granted),
            _ => None,
        }
    }
}

impl FromOutcome for Vec<String> {
    fn from_outcome(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Answer(lines) => Some(
                lines
                    .into_iter()
                    .map(|line| String::from_utf8_lossy(&line).into_owned())
                    .collect(),
            ),
            _ => None,
        }
    }
}

pub(crate) fn value<T: FromOutcome>(outcome: Outcome) -> Result<T> {
    T::from_outcome(outcome)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "an outcome of another operation"))
}

impl<T: FromOutcome> Pending<T> {
    pub(crate) fn new(runtime: Arc<Runtime>, (id, completion): (OpId, Arc<Completion>)) -> Self {
        Self {
            runtime,
            id,
            completion,
            value: PhantomData,
        }
    }

    /// Waits for the outcome, which the engine's own deadlines bound.
    ///
    /// # Errors
    ///
    /// What the operation ended with; [`Closed`](ErrorKind::Closed) and
    /// [`PortLost`](ErrorKind::PortLost) at once when the port goes meanwhile.
    ///
    /// [`Unconfirmed`](ErrorKind::Unconfirmed) also where [`Modem::interrupt`](crate::Modem::interrupt) ends
    /// the wait: the operation goes on, and can be waited for again.
    pub fn wait(&self) -> Result<T> {
        let alarm = self.runtime.alarm();
        match self.runtime.wait_until(&self.completion, None, &alarm)? {
            Waited::Done(outcome) => outcome.and_then(value),
            Waited::TimeUp | Waited::Interrupted => Err(Error::new(
                ErrorKind::Unconfirmed,
                "the wait was interrupted; the operation goes on, and can be waited for again",
            )),
        }
    }

    /// Waits at most this long; `None` = not yet, or interrupted, and the operation goes on.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<T>> {
        let alarm = self.runtime.alarm();
        match self
            .runtime
            .wait_until(&self.completion, after(timeout), &alarm)
        {
            Ok(Waited::Done(outcome)) => Some(outcome.and_then(value)),
            Ok(Waited::TimeUp | Waited::Interrupted) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Has the outcome reported as [`Event::Completed`](crate::Event::Completed) as well, at once where it
    /// is there already; gives the number that the event will carry. For programs with one loop for
    /// everything.
    pub fn report(&self) -> u64 {
        if self.runtime.check().is_ok() {
            self.runtime.report(self.id, &self.completion);
        }
        self.id.number()
    }

    /// Whether the outcome is there, so that [`wait`](Self::wait) returns at once.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.completion.is_done()
    }
}
