//! A modem on the emulated module, which is one thread more.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atmqtt_emulator::machine::{Machine, MachineOutput};
use atmqtt_emulator::module::Settings;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use shuttle::rand::{Rng as _, thread_rng};

use crate::port::{Port, Waker};
use crate::sync::model::{descriptors_changed, elapsed};
use crate::sync::{JoinHandle, Mutex, poll, read, spawn, write};
use crate::{Client, ClientConfig, Connect, Modem, ModemBuilder};

/// One end of the serial line.
#[derive(Debug)]
struct Line {
    stream: UnixStream,
    trouble: Arc<Trouble>,
}

/// What the host has with it.
#[derive(Debug, Default)]
struct Trouble {
    broken: AtomicBool,
    narrow: AtomicBool,
    full: AtomicBool,
}

impl Line {
    fn new(stream: UnixStream) -> Self {
        stream.set_nonblocking(true).expect("non-blocking");
        let trouble = Arc::default();
        Self { stream, trouble }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Port for Line {
    fn name(&self) -> String {
        "the line".to_owned()
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Trouble {
            broken,
            narrow,
            full,
        } = &*self.trouble;
        if broken.load(Ordering::SeqCst) {
            return Err(Errno::IO.into());
        }
        let mut fits = bytes.len();
        if narrow.load(Ordering::SeqCst) {
            if full.fetch_xor(true, Ordering::SeqCst) {
                return Err(Errno::AGAIN.into());
            }
            fits = fits.min(5);
        }
        Ok(write(self, &bytes[..fits])?)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        descriptors_changed();
    }
}

/// The module, with the broker inside.
pub(super) struct Module {
    machine: Mutex<Machine>,
    waker: Waker,
}

impl Module {
    /// Does something to it, at the present time.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Machine) -> R) -> R {
        let mut machine = self.machine.lock();
        machine.run_until(elapsed());
        let result = act(&mut machine);
        drop(machine);
        self.waker.ring();
        result
    }

    pub(super) fn fault(&self, spec: &str) {
        let fault = spec
            .parse()
            .unwrap_or_else(|error| panic!("{spec}: {error}"));
        self.with(|machine| machine.inject_fault(elapsed(), fault));
    }

    /// A message of somebody else.
    pub(super) fn publish(&self, topic: &str, payload: &str) {
        self.with(|machine| {
            machine.with_hub(elapsed(), |hub| {
                hub.publish(topic, payload.as_bytes(), 0, false)
                    .expect("a topic")
            })
        });
    }

    /// The payloads that the broker got, in order.
    pub(super) fn published(&self) -> Vec<String> {
        self.with(|machine| {
            let published = machine.hub().published();
            published
                .map(|published| String::from_utf8_lossy(&published.payload).into_owned())
                .collect()
        })
    }

    /// Until the host closes its end or the module vanishes.
    fn run(&self, line: &Line) {
        let mut buf = [0; 4096];
        loop {
            let mut gone = false;
            let mut out = Vec::new();
            let due = {
                let mut machine = self.machine.lock();
                machine.run_until(elapsed());
                while let Some(output) = machine.poll_output() {
                    match output {
                        MachineOutput::Serial(bytes) => out.extend(bytes),
                        MachineOutput::HangUp => gone = true,
                    }
                }
                machine.poll_timeout()
            };
            // In pieces, as a serial line has them.
            let mut rest = &out[..];
            while !rest.is_empty() {
                let piece = thread_rng().gen_range(1..=rest.len());
                match write(line, &rest[..piece]) {
                    Ok(written) => rest = &rest[written..],
                    Err(_) => return,
                }
            }
            if gone {
                return;
            }
            let timeout = due.map(|due| {
                Timespec::try_from(due.saturating_sub(elapsed())).expect("not that long")
            });
            let mut fds = [
                PollFd::new(line, PollFlags::IN),
                PollFd::from_borrowed_fd(self.waker.as_fd(), PollFlags::IN),
            ];
            poll(&mut fds, timeout.as_ref()).expect("poll");
            let (typed, woken) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
            if woken {
                self.waker.hush();
            }
            if typed {
                match read(line, &mut buf) {
                    Ok(0) | Err(_) => return,
                    Ok(bytes) => self.machine.lock().input(elapsed(), &buf[..bytes]),
                }
            }
        }
    }
}

/// A modem and the module behind it.
pub(super) struct Bench {
    pub(super) modem: Modem,
    pub(super) module: Arc<Module>,
    thread: JoinHandle<()>,
    trouble: Arc<Trouble>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Modem::builder())
    }

    pub(super) fn with(builder: ModemBuilder) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a socket");
        let (ours, theirs) = (Line::new(ours), Line::new(theirs));
        let trouble = Arc::clone(&ours.trouble);
        let module = Arc::new(Module {
            machine: Mutex::new(Machine::new(Settings::default(), std::time::Duration::ZERO)),
            waker: Waker::new().expect("a pipe"),
        });
        let thread = {
            let module = Arc::clone(&module);
            spawn("module", move || module.run(&theirs)).expect("a thread")
        };
        Self {
            modem: builder.open_port(ours).expect("a modem"),
            module,
            thread,
            trouble,
        }
    }

    /// From here on the line takes nothing more of the host's, and says nothing of it.
    pub(super) fn break_off(&self) {
        self.trouble.broken.store(true, Ordering::SeqCst);
    }

    /// From here on it takes a few bytes at a time, and is full in between.
    pub(super) fn make_narrow(&self) {
        self.trouble.narrow.store(true, Ordering::SeqCst);
    }

    /// Client 0, connected with these settings.
    pub(super) fn connected_with(&self, config: &ClientConfig) -> Client {
        let client = self.modem.client(0).expect("client 0");
        client.configure(config).expect("configured");
        client.open("broker.example", 1883).expect("open");
        client.connect(&Connect::new("client")).expect("connected");
        client
    }

    pub(super) fn connected(&self) -> Client {
        self.connected_with(&ClientConfig::new())
    }

    /// Lets the modem go, and sees the module end.
    pub(super) fn close(self) {
        let Self { modem, thread, .. } = self;
        modem.close().expect("closed");
        thread.join().expect("no panic");
    }
}

/// Starts a thread of the program.
pub(super) fn go(run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    spawn("program", run).expect("a thread")
}

pub(super) fn all(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("no panic");
    }
}
