//! The emulated module on the other end, with the faults that it has. What reaches the broker was asked for,
//! and is whole.

use std::time::{Duration, Instant};

use atmqtt::engine::{Outcome, Request};
use atmqtt_emulator::fault::Fault;
use atmqtt_emulator::machine::{Machine, MachineOutput};
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;

use super::bench::Bench;
use super::calls::{Book, KINDS};
use crate::emulator::{DAMAGING, FAULTS};
use crate::input::{Input, Writer};

struct World {
    bench: Bench,
    machine: Machine,
    began: Instant,
    /// Nothing was damaged on its way, so that every result is what the module meant.
    undamaged: bool,
    lost: bool,
}

impl World {
    /// Both sides say what they have to, until neither has anything.
    fn exchange(&mut self) {
        for _ in 0..10_000 {
            let now = self.bench.now - self.began;
            let sent = std::mem::take(&mut self.bench.sent);
            if !sent.is_empty() {
                self.machine.input(now, &sent);
            }
            let Some(output) = self.machine.poll_output() else {
                return;
            };
            match output {
                MachineOutput::Serial(bytes) => self.bench.input(&bytes),
                MachineOutput::HangUp => self.lost = true,
            }
        }
        panic!("they talk without end");
    }

    fn run_for(&mut self, time: Duration) {
        let end = self.bench.now + time;
        let mut steps = 0;
        loop {
            self.exchange();
            let machine = self.machine.poll_timeout().map(|due| self.began + due);
            let due = self.bench.due(end);
            let next = [machine.filter(|&due| due <= end), due]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next else { break };
            steps += 1;
            assert!(steps < 100_000, "time does not get on");
            self.bench.now = self.bench.now.max(next);
            self.machine.run_until(self.bench.now - self.began);
            self.exchange();
            if due.is_some_and(|due| due <= next) {
                self.bench.strike(next);
            }
        }
        self.bench.now = end;
        self.machine.run_until(end - self.began);
        self.exchange();
    }
}

pub(super) fn run(input: &mut Input<'_>, secret: String) {
    let names: Vec<_> = Profile::names().collect();
    let profile = match input.byte() {
        // The one that the library is for.
        0..128 => Profile::note(),
        name => Profile::by_name(names[usize::from(name) % names.len()]).unwrap_or_default(),
    };
    let latency = Duration::from_millis(u64::from(input.byte()) * 4);
    let settings = Settings {
        profile,
        ..Settings::default()
    };
    let mut book = Book {
        secret: secret.clone(),
        ..Book::default()
    };
    let mut world = World {
        bench: Bench::new(secret),
        machine: Machine::new(settings, latency),
        began: Instant::now(),
        undamaged: true,
        lost: false,
    };
    world.began = world.bench.now;
    let mut publishes = Vec::new();
    for client in [0, 1, 5] {
        world.bench.set_room(client, 3);
    }
    while !input.is_empty() && !world.lost {
        match input.below(16) {
            0..=5 => {
                let kind = input.small(KINDS);
                let request = book.request(kind, input);
                let topic = match &request {
                    Request::Publish { .. } => Some(format!("p/{}", book.payloads.len() - 1)),
                    _ => None,
                };
                let id = world.bench.submit(request);
                publishes.extend(id.zip(topic));
            }
            6 => world.run_for(Duration::from_millis(input.byte().into())),
            7 | 8 => world.run_for(Duration::from_secs(input.small(40).into())),
            9 => world.bench.abandon(input.below(48)),
            10 => world
                .bench
                .set_room([0, 1, 5][input.below(3)], input.below(4)),
            11 => {
                let at = input.below(FAULTS.len());
                let Ok(fault) = FAULTS[at].parse::<Fault>() else {
                    continue;
                };
                if at >= DAMAGING {
                    world.undamaged = false;
                    // It can be cut so that nobody knows it again.
                    world.bench.secret = None;
                    super::watch::begin("");
                }
                let now = world.bench.now - world.began;
                world.machine.inject_fault(now, fault);
            }
            12 => {
                let (topic, payload) = (format!("s/{}", input.small(3)), input.bytes());
                let now = world.bench.now - world.began;
                let sent = world
                    .machine
                    .with_hub(now, |hub| hub.publish(&topic, payload, 1, false));
                assert!(sent.is_ok());
            }
            13 => {
                let now = world.bench.now - world.began;
                match input.small(3) {
                    0 => world.machine.break_links(now),
                    1 => world.machine.power_cycle(now),
                    _ => {
                        world.machine.with_hub(now, |hub| hub.close_client("id-0"));
                    }
                }
            }
            14 => world.bench.room = input.below(20),
            _ => world.bench.room = usize::MAX,
        }
        world.bench.settle();
        world.exchange();
    }
    if world.lost {
        world.bench.lose();
        return;
    }
    world.bench.room = usize::MAX;
    world.bench.settle();
    world.run_for(Duration::from_secs(60));
    check(&world, &book, &publishes);
    // And now it is switched off.
    world.bench.finish(|bench| bench.sent.clear());
}

/// What has reached the broker, and what the library says of it.
fn check(world: &World, book: &Book, publishes: &[(atmqtt::engine::OpId, String)]) {
    for published in world
        .machine
        .hub()
        .published()
        .filter(|published| !published.will)
    {
        let asked = book.payloads.get(&published.topic);
        let hex = |payload: &[u8]| {
            payload
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect::<String>()
        };
        let whole = asked.is_some_and(|asked| {
            *asked == published.payload || hex(asked).as_bytes() == published.payload
        });
        assert!(
            whole,
            "nobody published {} to {}",
            published.payload.escape_ascii(),
            published.topic
        );
    }
    for (id, topic) in publishes
        .iter()
        .filter(|(_, topic)| book.assured.contains(topic))
    {
        if let (Some(Ok(Outcome::Done)), true) = (world.bench.done.get(id), world.undamaged) {
            let arrived = world
                .machine
                .hub()
                .published()
                .any(|published| published.topic == *topic);
            assert!(arrived, "{topic} is told to be with the broker");
        }
    }
}

/// A session, and the same with each fault.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let open = Writer::new()
        .choices(&[3, 0, 10])
        .choices(&[7, 2])
        .choices(&[0, 5, 0, 0])
        .choices(&[7, 2])
        .choices(&[0, 8, 0, 1])
        .choices(&[7, 2])
        .choices(&[0, 10, 0, 0, 0, 1])
        .choices(&[7, 2]);
    let session = |writer: Writer| {
        writer
            .choices(&[0, 11, 0, 1, 0, 1])
            .choices(&[0, 11, 0, 2, 0, 3])
            .bytes(b"hello")
            .choices(&[12, 0])
            .bytes(b"\r\nOK\r\n+QMTSTAT: 0,1\r\n")
            .choices(&[7, 20])
            .choices(&[0, 9, 0])
            .choices(&[7, 20])
            .done()
    };
    let faults = 0..u8::try_from(FAULTS.len()).unwrap_or(0);
    let mut seeds = vec![session(open.clone())];
    seeds.extend(faults.map(|fault| session(open.clone().choices(&[11, fault]))));
    seeds
}
