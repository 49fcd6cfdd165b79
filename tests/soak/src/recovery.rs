//! How long a link is down after each fault, without its own waits, beside what a program would need that
//! knows the fault and does nothing but what the module needs.

use std::path::Path;
use std::time::{Duration, Instant};

use atmqtt::{Backoff, Client, Connect, Event, Events, Link, LinkState, Modem};
use atmqtt_emulator::runtime::Emulator;
use serde_json::json;

use crate::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many times each fault is measured; the median counts
    #[arg(long, default_value_t = 5)]
    times: usize,
    /// Milliseconds that a round trip to the broker takes
    #[arg(long, default_value_t = 100)]
    latency: u64,
    #[command(flatten)]
    report: Report,
}

/// What is allowed beside the least possible.
const RATIO: f64 = 1.5;
/// How long the device is away after a hang-up.
const AWAY: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);

/// What has to be done about a fault.
#[derive(Debug, Clone, Copy)]
enum Need {
    Connection,
    Context,
    Module,
    Port,
}

const FAULTS: [(&str, Need); 12] = [
    ("stat:client=0,code=1", Need::Connection),
    ("stat:client=0,code=2", Need::Context),
    ("stat:client=0,code=3", Need::Connection),
    ("stat:client=0,code=4", Need::Connection),
    ("stat:client=0,code=5", Need::Connection),
    ("stat:client=0,code=6", Need::Connection),
    ("stat:client=0,code=7", Need::Connection),
    ("stat:client=0,code=8", Need::Connection),
    ("ping:client=0", Need::Context),
    ("pdpdeact:context=1", Need::Context),
    ("reboot", Need::Module),
    ("hang-up", Need::Port),
];

pub(crate) fn run(options: &Options) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("port");
    let latency = Duration::from_millis(options.latency);
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    println!(
        "{:24} {:>9} {:>9} {:>7} {:>9}",
        "fault", "link", "least", "ratio", "waited"
    );
    for (spec, need) in FAULTS {
        let mut times = Vec::new();
        let mut floors = Vec::new();
        for _ in 0..options.times {
            times.push(recovers(&path, latency, spec));
            floors.push(least(&path, latency, spec, need));
        }
        let (link, waited) = median(times);
        let floor = median(floors);
        let ratio = link.as_secs_f64() / floor.as_secs_f64();
        println!(
            "{spec:24} {:>7.0}ms {:>7.0}ms {ratio:>7.2} {:>7.0}ms",
            millis(link),
            millis(floor),
            millis(waited)
        );
        if ratio > RATIO {
            faults.push(format!("{spec}: {ratio:.2} times the least possible"));
        }
        rows.push(json!({
            "fault": spec,
            "link_ms": millis(link),
            "least_ms": millis(floor),
            "ratio": ratio,
            "waited_ms": millis(waited),
        }));
    }
    options.report.write("recovery", json!(rows));
    faults
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}

fn emulator(path: &Path, latency: Duration) -> Emulator {
    Emulator::builder()
        .latency(latency)
        .link(path)
        .replug_after(AWAY)
        .start()
        .expect("an emulator")
}

fn strike(emulator: &Emulator, spec: &str) {
    emulator.inject_fault(spec.parse().expect("a fault"));
}

/// How long a link is down, without and with only its waits.
fn recovers(path: &Path, latency: Duration, spec: &str) -> (Duration, Duration) {
    let emulator = emulator(path, latency);
    let link = Link::builder(path, Connect::new("recovery"))
        .broker("broker.example", 1883)
        .modem(Modem::builder().silence(Duration::ZERO))
        .backoff(Backoff {
            first: Duration::from_millis(20),
            most: Duration::from_millis(100),
            ..Backoff::default()
        })
        .start()
        .expect("a link");
    link.wait_up(PATIENCE).expect("up");
    let events = link.events().expect("events");
    while events.try_recv().is_some() {}
    strike(&emulator, spec);
    let mut down = None;
    let mut waiting = None;
    let mut waited = Duration::ZERO;
    loop {
        let event = events.recv_timeout(PATIENCE).expect("it comes up again");
        let now = Instant::now();
        let Event::Link(change) = event else {
            continue;
        };
        let began = *down.get_or_insert(now);
        if let Some(since) = waiting.take() {
            waited += now - since;
        }
        match change.to {
            LinkState::Waiting => waiting = Some(now),
            LinkState::Up => return (now - began - waited, waited),
            _ => {}
        }
    }
}

/// The same by a program that knows what happened.
fn least(path: &Path, latency: Duration, spec: &str, need: Need) -> Duration {
    let emulator = emulator(path, latency);
    let modem = open(path).expect("a modem");
    let client = modem.client(0).expect("a client");
    connect(&client).expect("connected");
    let events = modem.events().expect("events");
    while events.try_recv().is_some() {}
    strike(&emulator, spec);
    let began = noticed(&events);
    match need {
        Need::Connection => {}
        Need::Context => {
            modem.network().deactivate(1).expect("deactivated");
            modem.network().activate(1).expect("activated");
        }
        Need::Module => registered(&modem),
        Need::Port => {
            let modem = loop {
                match open(path) {
                    Ok(modem) => break modem,
                    Err(_) => std::thread::sleep(Duration::from_millis(1)),
                }
            };
            registered(&modem);
            let client = modem.client(0).expect("a client");
            connect(&client).expect("connected");
            return began.elapsed();
        }
    }
    connect(&client).expect("connected");
    began.elapsed()
}

fn open(path: &Path) -> atmqtt::Result<Modem> {
    Modem::builder().silence(Duration::ZERO).open(path)
}

fn connect(client: &Client) -> atmqtt::Result<()> {
    client.open("broker.example", 1883)?;
    client.connect(&Connect::new("recovery"))
}

/// When the fault shows.
fn noticed(events: &Events) -> Instant {
    loop {
        match events.recv_timeout(PATIENCE).expect("an event") {
            Event::Disconnected { .. }
            | Event::PingFailed { .. }
            | Event::PdpDeactivated { .. }
            | Event::Restarted
            | Event::PortClosed { .. } => return Instant::now(),
            _ => {}
        }
    }
}

fn registered(modem: &Modem) {
    let network = modem.network();
    while !network
        .registration()
        .is_ok_and(|registration| registration.is_registered())
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    network.activate(1).expect("activated");
}
