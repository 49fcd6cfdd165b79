//! The least that speaks through a serial port: no protocol, no checks, no time-outs.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use crossbeam_channel::{Receiver, unbounded};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// An open pseudo-terminal, raw and blocking.
pub(crate) fn open(path: &Path) -> File {
    let fd: OwnedFd = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
        .expect("the device opens");
    let mut settings = tcgetattr(&fd).expect("it is a terminal");
    settings.make_raw();
    tcsetattr(&fd, OptionalActions::Now, &settings).expect("it becomes raw");
    File::from(fd)
}

const OK: &[u8] = b"OK\r\n";

/// Whoever waits reads.
pub(crate) struct Alone(File);

impl Alone {
    pub(crate) fn new(path: &Path) -> Self {
        Self(open(path))
    }

    /// Writes a command and reads until its `OK`.
    pub(crate) fn command(&mut self, line: &[u8]) {
        self.say(line, OK);
    }

    /// Writes something and reads until what comes ends so.
    pub(crate) fn say(&mut self, bytes: &[u8], end: &[u8]) {
        self.0.write_all(bytes).expect("it is written");
        let mut answer = Answer::default();
        let mut buffer = [0; 4096];
        loop {
            let count = self.0.read(&mut buffer).expect("something is read");
            if answer.ends(&buffer[..count], end) {
                return;
            }
        }
    }
}

/// One thread reads, and hands over that an answer has ended.
pub(crate) struct Threaded {
    file: File,
    ended: Receiver<()>,
}

impl Threaded {
    pub(crate) fn new(path: &Path) -> Self {
        let file = open(path);
        let mut reader = file.try_clone().expect("the descriptor is cloned");
        let (sender, ended) = unbounded();
        // It ends with the pseudo-terminal.
        std::thread::spawn(move || {
            let mut answer = Answer::default();
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || answer.ends(&buffer[..count], OK) && sender.send(()).is_err() {
                    return;
                }
            }
        });
        Self { file, ended }
    }

    /// Writes a command and waits for its `OK`.
    pub(crate) fn command(&mut self, line: &[u8]) {
        self.file.write_all(line).expect("it is written");
        self.ended.recv().expect("the reader is there");
    }
}

/// Looks for the end of an answer across reads.
#[derive(Default)]
struct Answer(Vec<u8>);

impl Answer {
    fn ends(&mut self, bytes: &[u8], end: &[u8]) -> bool {
        self.0.extend_from_slice(bytes);
        // A URC may follow at once.
        let ends = memchr::memmem::find(&self.0, end).is_some();
        if ends {
            self.0.clear();
        }
        ends
    }
}
