//! Wakes the reader thread out of `poll`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::sync;

/// A pipe whose reading end is polled beside the port. Both ends are close-on-exec and non-blocking.
#[derive(Debug)]
pub(crate) struct Waker {
    read: OwnedFd,
    write: OwnedFd,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = rustix::pipe::pipe()?;
        for end in [&read, &write] {
            fcntl_setfd(end, FdFlags::CLOEXEC)?;
            set_nonblocking(end)?;
        }
        Ok(Self { read, write })
    }

    /// Rings. A full pipe has been rung enough.
    pub(crate) fn ring(&self) {
        let _ = sync::write(&self.write, &[0]);
    }

    /// Takes back every ring so far.
    pub(crate) fn hush(&self) {
        let mut buf = [0_u8; 64];
        while matches!(sync::read(&self.read, &mut buf), Ok(64)) {}
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

/// Reads and writes on the descriptor answer `WouldBlock` instead of waiting: a blocking
/// descriptor ignores every time-out in a write.
pub(super) fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let flags = fcntl_getfl(&fd)?;
    Ok(fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?)
}
