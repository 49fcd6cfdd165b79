//! What a consumer of mail needs to know of those who have it: a port, or a link over its ports.

use std::fmt;

use super::mailbox::Mailbox;
use crate::error::Result;

/// Where mail lies.
pub(crate) trait Post: Send + Sync {
    /// Where it lies.
    fn mail(&self) -> &Mailbox;

    /// A consumer has taken a message out of a queue that an engine waits for.
    fn fed(&self);
}

/// Whose mail it is, and on whose thread callbacks run.
pub(crate) trait Addressee: Send + Sync {
    /// Refuses every call in a forked child, before any lock is touched: a thread of the parent may
    /// have held it at the fork.
    fn check(&self) -> Result<()>;

    /// Where the mail lies.
    fn post(&self) -> &dyn Post;

    /// Starts the dispatcher if it does not run yet.
    fn start_dispatcher(&self) -> Result<()>;

    /// Whether this thread is the dispatcher.
    fn is_dispatcher(&self) -> bool;

    /// Waits until no callback runs, unless this is one.
    fn callback_ended(&self) {
        if !self.is_dispatcher() {
            self.post().mail().callback_ended();
        }
    }
}

/// Without what it is made of: whoever takes mail from it would show a whole port or link.
impl fmt::Debug for dyn Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addressee").finish_non_exhaustive()
    }
}
