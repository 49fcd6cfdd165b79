//! A host with a serial port, for tests over a real pseudo-terminal.

#![allow(dead_code, reason = "each test program uses a part of it")]

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::OptionalActions;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than anything here takes, also on a machine that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something can be read, or the other side is gone. `false`: not in time.
pub(crate) fn readable(fd: BorrowedFd<'_>, deadline: Instant) -> bool {
    ready(fd, PollFlags::IN, deadline)
}

fn ready(fd: BorrowedFd<'_>, flags: PollFlags, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: left.as_secs().try_into().unwrap(),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(Errno::INTR) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The port, open and raw.
pub(crate) struct Host {
    fd: OwnedFd,
    /// Read and not asked for yet.
    seen: Vec<u8>,
    /// The length of each read.
    pub(crate) reads: Vec<usize>,
}

impl Host {
    pub(crate) fn open(path: &Path) -> Self {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).unwrap();
        let mut termios = rustix::termios::tcgetattr(&fd).unwrap();
        termios.make_raw();
        rustix::termios::tcsetattr(&fd, OptionalActions::Now, &termios).unwrap();
        Self {
            fd,
            seen: Vec::new(),
            reads: Vec::new(),
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(crate) fn write(&self, bytes: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(&self.fd, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::AGAIN) => assert!(ready(self.fd(), PollFlags::OUT, deadline)),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// A command line; the echo is switched off at first, see [`Host::echo_off`].
    pub(crate) fn command(&self, line: &str) {
        self.write(format!("{line}\r").as_bytes());
    }

    /// `AT+...` and the lines of its answer, up to `OK` or `ERROR`.
    pub(crate) fn ask(&mut self, line: &str) -> Vec<String> {
        self.command(line);
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let last = matches!(line.as_str(), "OK" | "ERROR");
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    pub(crate) fn echo_off(&mut self) {
        self.command("ATE0");
        self.until(b"OK\r\n");
    }

    /// One read, waiting for it until the deadline; empty when nothing came.
    pub(crate) fn read(&mut self, deadline: Instant) -> Vec<u8> {
        if !readable(self.fd(), deadline) {
            return Vec::new();
        }
        let mut buffer = [0; 4096];
        match rustix::io::read(&self.fd, &mut buffer) {
            Ok(count) => {
                self.reads.push(count);
                buffer[..count].to_vec()
            }
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&self.seen)),
        }
    }

    /// Everything up to and with `end`.
    pub(crate) fn until(&mut self, end: &[u8]) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self
                .seen
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return self.seen.drain(..at + end.len()).collect();
            }
            let more = self.read(deadline);
            let (end, seen) = (
                String::from_utf8_lossy(end),
                String::from_utf8_lossy(&self.seen),
            );
            assert!(!more.is_empty(), "waited for {end:?}, got {seen:?}");
            self.seen.extend(more);
        }
    }

    /// So many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        while self.seen.len() < count {
            let more = self.read(deadline);
            assert!(
                !more.is_empty(),
                "{} of {count} bytes came",
                self.seen.len()
            );
            self.seen.extend(more);
        }
        self.seen.drain(..count).collect()
    }

    /// The next line that is not empty.
    pub(crate) fn line(&mut self) -> String {
        loop {
            let line = self.until(b"\r\n");
            if line.len() > 2 {
                return String::from_utf8(line[..line.len() - 2].to_vec()).unwrap();
            }
        }
    }

    /// How much has been read beyond what was asked for.
    pub(crate) fn left(&self) -> usize {
        self.seen.len()
    }
}
