//! An emulated module, and what can go wrong with it.

use std::path::PathBuf;
use std::time::Duration;

use atmqtt_emulator::fault::Fault;
use atmqtt_emulator::runtime::{Broker, Chunk, Emulator};

/// How long the device is away after a hang-up.
const AWAY: Duration = Duration::from_millis(700);

#[derive(Debug)]
pub(crate) struct Module {
    emulator: Option<Emulator>,
    link: PathBuf,
    /// Where traces are kept.
    traces: Option<PathBuf>,
    seed: u64,
}

impl Module {
    pub(crate) fn new(link: PathBuf, traces: Option<PathBuf>, seed: u64) -> Self {
        let mut module = Self {
            emulator: None,
            link,
            traces,
            seed,
        };
        module.start();
        module
    }

    fn start(&mut self) {
        let mut builder = Emulator::builder()
            .broker(Broker::Network)
            .chunk(Chunk::Random)
            .seed(self.seed)
            .link(&self.link)
            .replug_after(AWAY);
        if let Some(folder) = &self.traces {
            builder = builder.trace(folder.join(format!("{}.trace", self.seed)));
        }
        self.emulator = Some(builder.start().expect("an emulator"));
        self.seed += 1;
    }

    /// Takes the whole emulator away, and brings another one after a while.
    pub(crate) fn restart(&mut self, after: Duration) {
        self.emulator = None;
        std::thread::sleep(after);
        self.start();
    }

    pub(crate) fn fault(&self, spec: &str) {
        let fault = spec
            .parse()
            .unwrap_or_else(|error| panic!("{spec}: {error}"));
        if let Some(emulator) = &self.emulator {
            emulator.inject_fault(fault);
        }
    }
}

/// A fault out of the whole list, with random values; its name and how it is written.
pub(crate) fn random_fault(random: &mut fastrand::Rng) -> (&'static str, String) {
    let rows = Fault::HELP;
    let row = &rows[random.usize(0..rows.len())];
    let mut keys: Vec<String> = Vec::new();
    for &key in row.keys {
        let value = match (row.name, key) {
            // Slow, and not so slow that nothing else happens.
            (_, "ms") => random.u32(0..1500).to_string(),
            (_, "bytes") => random.u32(0..30).to_string(),
            (_, "byte") => random.u32(0..30).to_string(),
            (_, "count") => random.u32(1..6).to_string(),
            (_, "context") => "1".to_owned(),
            (_, "of") => {
                let all = ["info", "prompt", "final", "result", "urc"];
                all[random.usize(0..all.len())].to_owned()
            }
            (_, "ack") => {
                let all = [
                    "connack", "puback", "pubrec", "pubcomp", "suback", "pingresp",
                ];
                all[random.usize(0..all.len())].to_owned()
            }
            ("open-result", "code") => [-1, 1, 2, 3, 4, 5][random.usize(0..6)].to_string(),
            ("connack", "code") => random.u32(1..=5).to_string(),
            ("stat" | "late-stat", "code") => random.u32(1..=8).to_string(),
            // Comes back: see `clear`.
            ("registration", "code") => "2".to_owned(),
            ("pdpdeact", "code") => random.u32(1..=8).to_string(),
            ("cme", "code") => "3".to_owned(),
            ("line", "line") => "+QMTSTAT: 0,7".to_owned(),
            // Where it strikes is left to chance.
            (_, "on") => continue,
            other => unreachable!("no value for {other:?}"),
        };
        keys.push(format!("{key}={value}"));
    }
    let mut spec = row.name.to_owned();
    if !keys.is_empty() {
        spec = format!("{spec}:{}", keys.join(","));
    }
    (row.name, spec)
}

/// Registered again.
pub(crate) const CLEAR: &str = "registration:ms=0,code=1";
