//! `SIGKILL` at random instants: what the outbox is for.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use atmqtt_emulator::runtime::Emulator;
use indicatif::ProgressBar;
use serde_json::json;

use crate::Report;
use crate::books::Books;
use crate::broker::{Line, number};
use crate::life::Host;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many times the program is killed
    #[arg(long, default_value_t = 200)]
    times: u32,
    /// Milliseconds that a round trip to the broker takes
    #[arg(long, default_value_t = 200)]
    latency: u64,
    /// Seed of the instants
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    report: Report,
}

/// The first second is for coming up.
const LONGEST_LIFE: u64 = 2500;

pub(crate) fn run(options: &Options) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let random = &mut fastrand::Rng::with_seed(options.seed);
    let mut faults = Vec::new();
    let mut reports = Vec::new();
    for resend in [false, true] {
        let name = if resend { "resend" } else { "report" };
        // It survives its hosts.
        let emulator = Emulator::builder()
            .latency(Duration::from_millis(options.latency))
            .link(folder.path().join(name))
            .start()
            .expect("an emulator");
        let host = Host {
            id: format!("kills/{name}"),
            port: folder.path().join(name),
            broker: 1883,
            outbox: Some(folder.path().join(format!("{name}.outbox"))),
            resend,
            // Little more than what a window of five carries.
            pause: 800,
        };
        let mut books = Books::new(name, resend);
        let times = options.times / 2;
        let bar = ProgressBar::new(times.into());
        for _ in 0..times {
            let (sender, lines) = mpsc::channel();
            let life = host.start(books.next_number(), sender, |line| line);
            std::thread::sleep(Duration::from_millis(random.u64(0..LONGEST_LIFE)));
            life.kill();
            // What it had said.
            for line in lines.iter().flatten() {
                books.host_says(&line);
            }
            books.host_killed();
            arrivals(&emulator, &mut books);
            bar.inc(1);
        }
        bar.finish_and_clear();
        let (sender, lines) = mpsc::channel();
        let mut life = host.start(books.next_number(), sender, |line| line);
        life.finish();
        let mut done = false;
        for line in lines.iter().flatten() {
            books.host_says(&line);
            done |= line == "Q";
        }
        if !done {
            faults.push(format!("{name}: not everything that waited was sent"));
        }
        let end = Instant::now() + Duration::from_secs(10);
        while !books.is_settled() && Instant::now() < end {
            arrivals(&emulator, &mut books);
            std::thread::sleep(Duration::from_millis(10));
        }
        arrivals(&emulator, &mut books);
        faults.extend(books.faults());
        reports.push(books.report());
    }
    let report = json!({
        "kills": options.times,
        "latency_ms": options.latency,
        "seed": options.seed,
        "books": reports,
        "not_as_promised": faults,
    });
    println!("{report:#}");
    options.report.write("kills", report);
    faults
}

fn arrivals(emulator: &Emulator, books: &mut Books) {
    for published in emulator.take_published() {
        books.arrived(&Line {
            topic: published.topic.clone(),
            number: number(&published.payload),
            id: None,
        });
    }
}
