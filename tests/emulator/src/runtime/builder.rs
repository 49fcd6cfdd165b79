//! What an emulator is started with.

use super::chunk::{Chunk, Cutter};
use super::pty::{Link, Pty};
use super::wire::Wire;
use super::{Broker, Emulator, Shared, State};
use crate::fault::Fault;
use crate::machine::Machine;
use crate::module::{CloudSignIn, Flash, Settings};
use crate::network::Network;
use crate::profile::Profile;
use crate::trace;
use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The options of an [`Emulator`]; each has the default of the program's option of that name.
#[derive(Debug, Default)]
pub struct Builder {
    settings: Settings,
    baud: u32,
    broker: Broker,
    latency: Duration,
    chunk: Chunk,
    link: Option<PathBuf>,
    trace: Option<PathBuf>,
    files: Option<PathBuf>,
    replug_after: Option<Duration>,
}

impl Builder {
    /// The dialect.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.settings.profile = profile;
        self
    }

    /// The seed of everything random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// What goes wrong, besides what was given before.
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.settings.faults.extend(faults);
        self
    }

    /// Paces both directions at this many bits a second, ten bits a byte; 0 does not.
    #[must_use]
    pub fn baud(mut self, baud: u32) -> Self {
        self.baud = baud;
        self
    }

    /// Where connections lead.
    #[must_use]
    pub fn broker(mut self, broker: Broker) -> Self {
        self.broker = broker;
        self
    }

    /// The time a round trip to the broker inside takes.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How output is cut.
    #[must_use]
    pub fn chunk(mut self, chunk: Chunk) -> Self {
        self.chunk = chunk;
        self
    }

    /// Also makes a symbolic link to the device. A link that is there is replaced, another file is
    /// not.
    #[must_use]
    pub fn link(mut self, path: impl Into<PathBuf>) -> Self {
        self.link = Some(path.into());
        self
    }

    /// How a client with the device data of a cloud signs in.
    #[must_use]
    pub fn cloud(mut self, cloud: CloudSignIn) -> Self {
        self.settings.cloud = cloud;
        self
    }

    /// Keeps the files of the module in this folder, which is made if it is missing. Without, they
    /// are in memory.
    #[must_use]
    pub fn files(mut self, folder: impl Into<PathBuf>) -> Self {
        self.files = Some(folder.into());
        self
    }

    /// Writes a trace of the line to this file.
    #[must_use]
    pub fn trace(mut self, path: impl Into<PathBuf>) -> Self {
        self.trace = Some(path.into());
        self
    }

    /// When the module hangs up by itself, it comes back after this long, on a new device behind
    /// the same link. Without, the emulator ends then.
    #[must_use]
    pub fn replug_after(mut self, delay: Duration) -> Self {
        self.replug_after = Some(delay);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// There is no pseudo-terminal to be had, or the link, the trace or the folder of
    /// the files cannot be made; or a latency was asked for to real brokers, which
    /// have their own.
    pub fn start(mut self) -> io::Result<Emulator> {
        if self.broker == Broker::Network && !self.latency.is_zero() {
            let text = "a latency is for the broker inside only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if let Some(folder) = &self.files {
            self.settings.flash = Flash::folder(folder).map_err(named(folder))?;
        }
        let trace = match self.trace {
            Some(path) => {
                let file = File::create(&path).map_err(named(&path))?;
                Some(trace::Writer::new(file))
            }
            None => None,
        };
        let pty = Pty::open()?;
        let link = self
            .link
            .as_ref()
            .map(|path| Link::new(path, pty.path()))
            .transpose()?;
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let (ended, alive) = UnixStream::pair()?;
        let cutter = Cutter::new(self.chunk, self.settings.seed);
        let machine = match self.broker {
            Broker::Loopback => Machine::new(self.settings, self.latency),
            Broker::Network => {
                Machine::with_network(self.settings, Network::new(wake.try_clone()?)?)
            }
        };
        let shared = Arc::new(Shared {
            started: Instant::now(),
            state: Mutex::new(State {
                machine,
                path: pty.path().to_owned(),
                plugged: true,
                ended: false,
                lost: 0,
                request: None,
                failure: None,
            }),
            changed: Condvar::new(),
        });
        let wire = Wire::new(Arc::clone(&shared), self.baud, cutter, trace)
            .device(pty, link, self.link)
            .replug_after(self.replug_after);
        let thread = thread::Builder::new()
            .name("emulator".to_owned())
            .spawn(move || wire.run(&woken, alive))?;
        Ok(Emulator {
            shared,
            wake,
            ended,
            thread: Mutex::new(Some(thread)),
            pid: std::process::id(),
        })
    }
}

/// Puts the path in front of an error.
fn named(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
