//! Operations that were started and not waited for.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{OpId, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::mqtt::subscribe::Granted;
use crate::runtime::{Completion, Runtime};

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
    pub fn wait(&self) -> Result<T> {
        let outcome = self.runtime.wait(self.id, &self.completion, None)?;
        value(outcome)
    }

    /// Waits at most this long; `None` = not yet, and the operation goes on.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<T>> {
        let limit = Instant::now() + timeout;
        match self.runtime.wait_until(&self.completion, Some(limit)) {
            Ok(None) => None,
            Ok(Some(outcome)) => Some(outcome.and_then(value)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Whether the outcome is there, so that [`wait`](Self::wait) returns at once.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.completion.is_done()
    }
}
