//! The engine and the emulated module joined in virtual time: from deadline to deadline of either.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use atmqtt::engine::{Engine, OpId, Options, Outcome, Output, Request};
use atmqtt::{Error, Event, Message};
use atmqtt_emulator::machine::{Machine, MachineOutput};
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;

/// More deadlines than anything here has: beyond it nothing gets on.
const STEPS: u32 = 50_000;
/// Round trip to the hub.
pub(crate) const LATENCY: Duration = Duration::from_millis(50);

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Numbers that a seed determines (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

/// An engine on an emulated module, their common clock, and all that came out.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) machine: Machine,
    pub(crate) now: Duration,
    pub(crate) hung_up: bool,
    pub(crate) ended: HashMap<OpId, Result<Outcome, Error>>,
    pub(crate) messages: Vec<Message>,
    pub(crate) events: Vec<Event>,
    began: Instant,
    random: Random,
    /// The module's bytes come one at a time, or as it wrote them.
    single: bool,
}

impl Bench {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with_profile(seed, Profile::note())
    }

    pub(crate) fn with_profile(seed: u64, profile: Profile) -> Self {
        let settings = Settings {
            seed,
            profile,
            ..Settings::default()
        };
        let began = Instant::now();
        Self {
            engine: Engine::new(began, Options::default()),
            machine: Machine::new(settings, LATENCY),
            now: Duration::ZERO,
            hung_up: false,
            ended: HashMap::new(),
            messages: Vec::new(),
            events: Vec::new(),
            began,
            random: Random::new(seed),
            single: seed % 4 == 3,
        }
    }

    pub(crate) fn instant(&self) -> Instant {
        self.began + self.now
    }

    /// A port that has just been opened, to the same module: nothing is known of it.
    pub(crate) fn reopen_port(&mut self) {
        let options = Options {
            first_msgid: 1 + self.random.below(60_000) as u16,
            ..Options::default()
        };
        self.engine = Engine::new(self.instant(), options);
        self.ended.clear();
        self.hung_up = false;
    }

    pub(crate) fn start(&mut self) -> OpId {
        let id = self.engine.start(self.instant());
        self.exchange();
        id
    }

    pub(crate) fn try_submit(&mut self, request: Request) -> Result<OpId, Error> {
        let id = self.engine.submit(self.instant(), request);
        self.exchange();
        id
    }

    pub(crate) fn submit(&mut self, request: Request) -> Result<OpId, String> {
        let text = format!("{request:?}");
        self.try_submit(request)
            .map_err(|error| format!("{text}: {error}"))
    }

    pub(crate) fn fault(&mut self, spec: &str) {
        let fault = spec
            .parse()
            .unwrap_or_else(|error| panic!("{spec}: {error}"));
        self.machine.inject_fault(self.now, fault);
        self.exchange();
    }

    /// Somebody else publishes.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8], qos: u8) {
        self.machine
            .with_hub(self.now, |hub| hub.publish(topic, payload, qos, false))
            .expect("a topic");
        self.exchange();
    }

    pub(crate) fn power_cycle(&mut self) {
        self.machine.power_cycle(self.now);
        self.exchange();
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time, |_| false);
    }

    /// Lets time pass until something is so, at most until `end`; whether it is.
    pub(crate) fn run_until(&mut self, end: Duration, so: impl Fn(&Self) -> bool) -> bool {
        let mut steps = 0;
        while !so(self) {
            steps += 1;
            assert!(steps < STEPS, "time does not get on");
            if !self.step(end) {
                return so(self);
            }
        }
        true
    }

    /// Whether an operation ends within so much time.
    pub(crate) fn wait(
        &mut self,
        id: OpId,
        time: Duration,
    ) -> Result<Result<Outcome, Error>, String> {
        let end = self.now + time;
        if !self.run_until(end, |bench| bench.ended.contains_key(&id)) {
            return Err(format!("no end within {time:?}"));
        }
        Ok(self.ended[&id].clone())
    }

    /// To the next deadline; `false` = there is none before `end`, which it is now.
    fn step(&mut self, end: Duration) -> bool {
        let engine = self
            .engine
            .poll_timeout()
            .map(|due| due.saturating_duration_since(self.began));
        let machine = self.machine.poll_timeout();
        let due = engine.into_iter().chain(machine).min();
        let Some(due) = due.filter(|&due| due <= end) else {
            self.now = self.now.max(end);
            return false;
        };
        self.now = self.now.max(due);
        self.machine.run_until(self.now);
        self.exchange();
        if engine.is_some_and(|due| due <= self.now) {
            self.engine.handle_timeout(self.instant());
            let next = self.engine.poll_timeout();
            assert!(
                next.is_none_or(|next| next > self.instant()),
                "a deadline stays in the past"
            );
            self.exchange();
        }
        true
    }

    /// Passes on what both have for each other.
    fn exchange(&mut self) {
        loop {
            let typed = self.engine.transmit().to_vec();
            self.engine.transmitted(typed.len());
            if !typed.is_empty() && !self.hung_up {
                self.machine.input(self.now, &typed);
            }
            let output = self.machine.poll_output();
            match &output {
                Some(MachineOutput::Serial(bytes)) if !self.hung_up => self.hear(bytes),
                Some(MachineOutput::HangUp) => {
                    self.hung_up = true;
                    self.engine.handle_lost(unplugged());
                }
                _ => {}
            }
            self.collect();
            if typed.is_empty() && output.is_none() {
                return;
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let size = if self.single { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(size) {
            self.engine.handle_input(self.instant(), piece);
        }
    }

    fn collect(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Done(id, result) => {
                    let before = self.ended.insert(id, result);
                    assert!(before.is_none(), "{id:?} ended twice");
                }
                Output::Message(message) => self.messages.push(message),
                Output::Event(event) => self.events.push(event),
            }
        }
    }
}

/// What a serial port that is gone gives.
pub(crate) fn unplugged() -> Error {
    static ERROR: OnceLock<Error> = OnceLock::new();
    ERROR
        .get_or_init(|| atmqtt::Modem::open("/dev/does-not-exist").expect_err("no such port"))
        .clone()
}
