//! The emulated module, without input or output of its own: bytes and packets in, bytes and packets
//! out, time as a parameter, chance from a seed.
//!
//! A typed line goes `line` -> `run` -> `table` -> the handler of its command; what the handler says
//! goes through `speak`, where the faults strike, to the queue that [`Module::poll_output`] empties.
//! The six MQTT clients live in `client`; `session` moves them on.

mod basic;
mod boot;
mod client;
mod clock;
mod cloud;
mod config;
mod connect;
mod data;
mod events;
mod file;
mod file_data;
mod file_error;
mod file_escape;
mod file_flash;
mod file_name;
mod file_open;
mod file_sum;
mod identity;
mod line;
mod network;
mod open;
mod params;
mod pdp;
mod publish;
mod receive;
mod rng;
mod run;
mod session;
mod settings;
mod speak;
mod ssl;
mod ssl_context;
mod subscribe;
mod system;
mod table;

pub use file_flash::Flash;

use std::collections::VecDeque;
use std::time::Duration;

use crate::fault::Fault;
use crate::packet::{FromBroker, ToBroker};
use crate::profile::Profile;

use basic::Preferences;
use client::Client;
use events::{Armed, Event};
use file_open::OpenFiles;
use line::{Editor, LineEnds};
use network::Network;
use rng::Rng;
use run::{Mode, Running};
use speak::{Item, Mark, Say};
use system::System;

pub use cloud::CloudSignIn;

/// MQTT clients of a module (note 3.3.1: `<client_idx>` 0 to 5).
pub const CLIENTS: usize = 6;

/// What a module is made from.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The dialect it speaks.
    pub profile: Profile,
    /// Start of everything random.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Begin with a start of the module: it is deaf at first, and `RDY` and the boot lines come.
    /// Else it has been running for long.
    pub boot: bool,
    /// Its files. A clone of these settings has the same flash.
    pub flash: Flash,
    /// How a client with the device data of a cloud signs in.
    pub cloud: CloudSignIn,
}

/// What the module wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Bytes to the host: one burst, as a module would write it.
    Serial(Vec<u8>),
    /// To the broker connection of this client. After [`ToBroker::Close`] nothing of the closed
    /// connection may come back.
    Broker(usize, ToBroker),
    /// The serial device vanishes.
    HangUp,
}

/// Something that happens at a time.
#[derive(Debug)]
enum Timed {
    Put(Item),
    Event(Event, Option<usize>),
    /// An event that comes again: how far apart, and how often still (`None`: always).
    Again(Event, Option<usize>, Duration, Option<u32>),
    Network(u8),
}

/// An emulated module.
///
/// Output must be polled after every call: a prompt counts as written when it has been polled, and
/// what is typed before that is dropped, as a module would.
#[derive(Debug)]
pub struct Module {
    profile: Profile,
    cloud: CloudSignIn,
    rng: Rng,
    now: Duration,
    output: VecDeque<Item>,
    /// Until when the bytes for the host stop.
    stalled: Option<Duration>,
    timed: Vec<(Duration, u64, Timed)>,
    sequence: u64,
    faults: Vec<Armed>,
    /// An event bound to a place is happening; it brings about no further one.
    in_event: bool,

    editor: Editor,
    ends: LineEnds,
    echoed: Vec<u8>,
    mode: Mode,
    running: Running,
    typed_ahead: VecDeque<u8>,
    /// The rest of the input at hand came too early.
    deaf_for_now: bool,
    /// Lines that wait for the end of a data entry.
    held: Vec<Say>,

    preferences: Preferences,
    saved: Preferences,
    system: System,
    network: Network,
    clients: Vec<Client>,
    flash: Flash,
    open_files: OpenFiles,
    contexts: [ssl_context::Context; ssl_context::CONTEXTS],
}

impl Module {
    /// A module that has just been switched on, or has been running (see [`Settings::boot`]).
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let profile = settings.profile;
        let mut module = Self {
            cloud: settings.cloud,
            rng: Rng::new(settings.seed),
            now: Duration::ZERO,
            output: VecDeque::new(),
            stalled: None,
            timed: Vec::new(),
            sequence: 0,
            faults: Vec::new(),
            in_event: false,
            editor: Editor::default(),
            ends: LineEnds::default(),
            echoed: Vec::new(),
            mode: Mode::Command,
            running: Running::default(),
            typed_ahead: VecDeque::new(),
            deaf_for_now: false,
            held: Vec::new(),
            preferences: Preferences::factory(profile.echo),
            saved: Preferences::factory(profile.echo),
            system: System::default(),
            network: Network::new(&profile),
            clients: (0..CLIENTS).map(|_| Client::new(&profile)).collect(),
            flash: settings.flash,
            open_files: OpenFiles::default(),
            contexts: Default::default(),
            profile,
        };
        for fault in settings.faults {
            module.arm(fault);
        }
        if settings.boot {
            module.reboot();
        }
        module
    }

    /// Bytes typed by the host at `now`, the time since the start.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.advance(now);
        self.deaf_for_now = false;
        for &byte in bytes {
            self.typed(byte);
        }
        self.flush_echo();
    }

    /// News of the broker connection of a client.
    pub fn handle_broker(&mut self, now: Duration, client: usize, from: FromBroker) {
        self.advance(now);
        if client < CLIENTS {
            self.news(client, from);
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
    }

    /// When [`Module::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let timed = self.timed.iter().map(|(at, ..)| *at);
        let clients = self.clients.iter().filter_map(Client::due);
        timed
            .chain(clients)
            .chain(self.stalled)
            .chain(self.mode.due())
            .chain(self.running.due())
            .min()
    }

    /// The next output, in order, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.stalled.is_none() {
            let stall = self.output.front_mut()?.stall.take();
            self.stalled = stall.map(|time| self.now + time);
        }
        // Only the bytes for the host stop.
        let at = match self.stalled {
            Some(_) => self
                .output
                .iter()
                .position(|item| !matches!(item.output, Output::Serial(_)))?,
            None => 0,
        };
        let item = self.output.remove(at)?;
        if let Some(mark) = item.mark {
            self.written(mark);
        }
        Some(item.output)
    }

    /// Adds a fault while the module runs; its time counts from now.
    pub fn inject_fault(&mut self, now: Duration, fault: Fault) {
        self.advance(now);
        self.arm(fault);
    }

    /// Writes a line to the host as a URC.
    pub fn inject_urc(&mut self, now: Duration, line: &str) {
        self.advance(now);
        self.urc("", None, line.as_bytes().to_vec());
    }

    /// Moves the clock to `now` and does, in order of time, what was due until then.
    fn advance(&mut self, now: Duration) {
        while let Some(due) = self.poll_timeout().filter(|due| *due <= now) {
            self.now = self.now.max(due);
            let next = self
                .timed
                .iter()
                .enumerate()
                .filter(|(_, (at, ..))| *at <= due)
                .min_by_key(|(_, (at, sequence, _))| (*at, *sequence))
                .map(|(index, _)| index);
            if let Some(index) = next {
                let (_, _, timed) = self.timed.swap_remove(index);
                match timed {
                    Timed::Put(item) => self.output.push_back(item),
                    Timed::Event(event, client) => self.happen(event, client),
                    Timed::Again(event, client, every, left) => {
                        self.recur(event, client, every, left);
                    }
                    Timed::Network(status) => self.register(status),
                }
            } else if self.stalled.is_some_and(|at| at <= due) {
                self.stalled = None;
            } else if self.mode.due().is_some_and(|at| at <= due) {
                self.data_timeout();
            } else if self.running.due().is_some_and(|at| at <= due) {
                self.release_final();
            } else {
                for index in 0..CLIENTS {
                    if self.clients[index].due().is_some_and(|at| at <= due) {
                        self.client_timeout(index);
                    }
                }
            }
        }
        self.now = self.now.max(now);
    }

    /// Has `what` happen after `delay`.
    fn schedule(&mut self, delay: Duration, what: Timed) {
        self.sequence += 1;
        self.timed.push((self.now + delay, self.sequence, what));
    }

    fn link(&mut self, client: usize, what: ToBroker) {
        self.output.push_back(Output::Broker(client, what).into());
    }

    fn written(&mut self, mark: Mark) {
        match mark {
            Mark::Prompt => self.prompt_written(),
            Mark::Final => self.final_written(),
        }
    }
}
