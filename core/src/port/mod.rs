//! The serial port under the engine: open, lock, poll, unplug.

mod lock;
mod serial;
mod wake;

use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::DupFlags;

use crate::sync;

pub use serial::{FlowControl, SerialOptions, SerialPort};
pub(crate) use wake::Waker;

/// A byte stream to a module that can be polled.
///
/// [`SerialPort`] is the real one. Anything else with a descriptor may stand in, in tests a
/// [`UnixStream`] of a pair; its descriptor **must be non-blocking**.
pub trait Port: AsFd + fmt::Debug + Send + Sync {
    /// A name for error texts, as `/dev/ttyUSB2`.
    fn name(&self) -> String;

    /// Reads what is there. `Ok(0)` = the other side is gone; `WouldBlock` = nothing now.
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(sync::read(self.as_fd(), buf)?)
    }

    /// Writes what fits.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(sync::write(self.as_fd(), bytes)?)
    }
}

impl Port for UnixStream {
    fn name(&self) -> String {
        "a socket".to_owned()
    }
}

impl Port for OwnedFd {
    fn name(&self) -> String {
        "a descriptor".to_owned()
    }
}

/// Lets go of the device in a forked child. The port itself is also the reader's, a thread that the child does
/// not have, and so is never dropped there: its descriptor becomes one of `/dev/null`.
pub(crate) fn forget(port: &dyn Port) {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let Ok(nothing) = rustix::fs::open("/dev/null", flags, Mode::empty()) else {
        return;
    };
    // SAFETY: the descriptor is open, for the port is borrowed, and `ManuallyDrop` leaves it to its owner.
    let mut fd = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(port.as_fd().as_raw_fd()) });
    let _ = rustix::io::dup3(&nothing, &mut fd, DupFlags::CLOEXEC);
}

/// What a wait ended with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) woken: bool,
}

/// Waits until the port can be read (or written, if asked for), the waker is rung, or the time is up.
/// Hang-up counts as readable: the read that follows tells.
pub(crate) fn wait(
    port: &dyn Port,
    waker: &Waker,
    write: bool,
    timeout: Option<Duration>,
) -> io::Result<Readiness> {
    let mut interest = PollFlags::IN;
    if write {
        interest |= PollFlags::OUT;
    }
    let port = port.as_fd();
    let mut fds = [
        PollFd::from_borrowed_fd(port, interest),
        PollFd::from_borrowed_fd(waker.as_fd(), PollFlags::IN),
    ];
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match sync::poll(&mut fds, timeout.as_ref()) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Readiness::default()),
        Err(error) => return Err(error.into()),
    }
    let seen = fds[0].revents();
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    Ok(Readiness {
        readable: seen.intersects(PollFlags::IN | gone),
        woken: fds[1].revents().contains(PollFlags::IN),
    })
}
