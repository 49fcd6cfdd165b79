//! Everything that arrives, in one stream with a descriptor.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::event::Received;
use crate::runtime::{Addressee, Bell, Patience};

/// The events of a port and the messages of its clients, one after the other in the order in which they
/// arrived; see [`Modem::incoming`](crate::Modem::incoming).
///
/// Its descriptor can be read exactly while [`try_recv`](Self::try_recv) would give something: wait for
/// that with `poll` or `epoll`, level-triggered, and do not read from it.
///
/// As an iterator it ends when the port is closed or lost and everything has been read, and when
/// [`Modem::interrupt`](crate::Modem::interrupt) ends its wait.
#[derive(Debug)]
pub struct Incoming {
    to: Arc<dyn Addressee>,
    bell: Bell,
}

impl Incoming {
    pub(crate) fn claim(to: Arc<dyn Addressee>) -> Result<Self> {
        to.check()?;
        let bell = to.post().mail().claim_all()?;
        Ok(Self { to, bell })
    }

    /// The next of everything if it is there.
    #[must_use]
    pub fn try_recv(&self) -> Option<Received> {
        self.take(Patience::None)
    }

    /// The next of everything, waiting for it at most this long.
    #[must_use]
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Received> {
        self.take(Patience::for_time(timeout))
    }

    /// The next of everything, waiting for it as long as the port is open.
    #[must_use]
    pub fn recv(&self) -> Option<Received> {
        self.take(Patience::Forever)
    }

    fn take(&self, patience: Patience) -> Option<Received> {
        self.to.check().ok()?;
        let post = self.to.post();
        let (received, hungry) = post.mail().take_any(patience)?;
        if hungry {
            post.fed();
        }
        Some(received)
    }
}

impl AsFd for Incoming {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Iterator for Incoming {
    type Item = Received;

    fn next(&mut self) -> Option<Received> {
        self.recv()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.to.check().is_ok() {
            self.to.post().mail().release_all();
        }
    }
}
