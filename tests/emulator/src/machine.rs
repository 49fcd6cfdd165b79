//! The module and its broker together: everything but the serial device.
//!
//! With the hub inside there is no input, output or clock in it; with real brokers, what they send
//! is taken in where the caller says so.

use crate::fault::Fault;
use crate::hub::Hub;
use crate::loopback::Loopback;
use crate::module::{Module, Output, Settings};
use crate::network::Network;
use std::collections::VecDeque;
use std::time::Duration;

/// What comes out of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineOutput {
    /// Bytes for the host.
    Serial(Vec<u8>),
    /// The module vanishes from the bus.
    HangUp,
}

/// How many deadlines in a row may be due at one instant before the machine is taken for stuck.
const STUCK: usize = 100_000;

/// A module whose every connection leads to a hub inside, or to real brokers.
///
/// Time is a parameter and never runs backwards: an earlier time counts as the latest one seen.
/// What is due before the time given happens first, in order and at its own time.
///
/// ```
/// use atmqtt_emulator::machine::{Machine, MachineOutput};
/// use atmqtt_emulator::module::Settings;
/// use std::time::Duration;
///
/// let mut machine = Machine::new(Settings::default(), Duration::ZERO);
/// while machine.poll_output().is_some() {}
/// machine.input(Duration::from_secs(60), b"ATE0\r");
/// machine.run_until(Duration::from_secs(61));
/// while machine.poll_output().is_some() {}
/// machine.input(Duration::from_secs(62), b"AT\r");
/// machine.run_until(Duration::from_secs(63));
/// assert_eq!(machine.take_serial(), b"\r\nOK\r\n");
/// ```
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    module: Module,
    loopback: Loopback,
    /// Where connections lead instead, when there is one. Nobody is at the hub then.
    network: Option<Network>,
    out: VecDeque<MachineOutput>,
    now: Duration,
    /// When the module was switched on: its time begins there.
    born: Duration,
}

impl Machine {
    /// A module that has just been switched on, and a fresh hub, `latency` away and back.
    #[must_use]
    pub fn new(settings: Settings, latency: Duration) -> Self {
        Self::assemble(settings, latency, None)
    }

    /// A module that has just been switched on, whose connections go out into the network. What
    /// comes back waits for [`receive`](Self::receive). The hub stays empty.
    #[must_use]
    pub fn with_network(settings: Settings, network: Network) -> Self {
        Self::assemble(settings, Duration::ZERO, Some(network))
    }

    fn assemble(settings: Settings, latency: Duration, network: Option<Network>) -> Self {
        let module = Module::new(settings.clone());
        let loopback = Loopback::new(latency);
        let (out, zero) = (VecDeque::new(), Duration::ZERO);
        let mut machine = Self {
            settings,
            module,
            loopback,
            network,
            out,
            now: zero,
            born: zero,
        };
        machine.settle();
        machine
    }

    /// Bytes from the host.
    pub fn input(&mut self, now: Duration, bytes: &[u8]) {
        self.run_until(now);
        self.module.handle_input(self.age(), bytes);
        self.settle();
    }

    /// Takes in what real brokers have sent, a part of it when there is much: see
    /// [`Network::receive`].
    pub fn receive(&mut self, now: Duration) {
        self.run_until(now);
        if let Some(network) = &mut self.network {
            network.receive();
        }
        self.settle();
    }

    /// When [`run_until`](Self::run_until) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let due = self
            .module_due()
            .into_iter()
            .chain(self.loopback.poll_timeout())
            .min();
        due.map(|due| due.max(self.now))
    }

    /// Lets everything happen that is due by `now`.
    ///
    /// # Panics
    ///
    /// When deadlines that are due do not go away: a defect of the module.
    pub fn run_until(&mut self, now: Duration) {
        let mut steps = 0;
        while let Some(due) = self.poll_timeout().filter(|due| *due <= now) {
            steps = if due > self.now { 0 } else { steps + 1 };
            assert!(steps < STUCK, "the deadline at {due:?} does not go away");
            self.now = due;
            if self.module_due().is_some_and(|at| at <= due) {
                self.module.handle_timeout(self.age());
            }
            self.loopback.handle_timeout(due);
            self.settle();
        }
        self.now = self.now.max(now);
    }

    /// What comes out next.
    pub fn poll_output(&mut self) -> Option<MachineOutput> {
        self.out.pop_front()
    }

    /// All the bytes for the host that have come out; a hang-up among them is passed over.
    pub fn take_serial(&mut self) -> Vec<u8> {
        let out = std::mem::take(&mut self.out);
        out.into_iter()
            .flat_map(|output| match output {
                MachineOutput::Serial(bytes) => bytes,
                MachineOutput::HangUp => Vec::new(),
            })
            .collect()
    }

    /// The hub, to look at.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        self.loopback.hub()
    }

    /// Does something to the hub.
    pub fn with_hub<R>(&mut self, now: Duration, act: impl FnOnce(&mut Hub) -> R) -> R {
        self.run_until(now);
        let result = self.loopback.with_hub(self.now, act);
        self.settle();
        result
    }

    /// The way to the hub breaks for every connection there is: see [`Loopback::break_links`].
    pub fn break_links(&mut self, now: Duration) {
        self.run_until(now);
        self.loopback.break_links(self.now);
        self.settle();
    }

    /// Something goes wrong from now on.
    pub fn inject_fault(&mut self, now: Duration, fault: Fault) {
        self.run_until(now);
        self.module.inject_fault(self.age(), fault);
        self.settle();
    }

    /// The module prints a line nobody asked for.
    pub fn inject_urc(&mut self, now: Duration, line: &str) {
        self.run_until(now);
        self.module.inject_urc(self.age(), line);
        self.settle();
    }

    /// The module is switched off and on: its connections end without a word and its settings are
    /// those of the start, without the faults; it boots. The hub stays.
    pub fn power_cycle(&mut self, now: Duration) {
        self.run_until(now);
        self.loopback.close_all(self.now);
        if let Some(network) = &mut self.network {
            network.close_all();
        }
        self.settings.faults.clear();
        self.settings.boot = true;
        self.module = Module::new(self.settings.clone());
        self.born = self.now;
        self.out.clear();
        self.settle();
    }

    fn age(&self) -> Duration {
        self.now - self.born
    }

    fn module_due(&self) -> Option<Duration> {
        self.module.poll_timeout().map(|due| due + self.born)
    }

    /// Passes on what module and broker have for each other, until neither has anything.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.module.poll_output() {
                match output {
                    Output::Serial(bytes) => self.out.push_back(MachineOutput::Serial(bytes)),
                    Output::HangUp => self.out.push_back(MachineOutput::HangUp),
                    Output::Broker(client, to) => match &mut self.network {
                        Some(network) => network.handle(client, to),
                        None => self.loopback.handle(self.now, client, to),
                    },
                }
            }
            let news = match &mut self.network {
                Some(network) => network.poll(),
                None => self.loopback.poll(),
            };
            let Some((client, from)) = news else {
                break;
            };
            self.module.handle_broker(self.age(), client, from);
        }
    }
}
