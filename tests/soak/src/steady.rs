//! A link in fair weather for a long time: its heap, threads and descriptors must not grow.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use atmqtt_emulator::runtime::Emulator;
use indicatif::ProgressBar;
use serde_json::json;

use crate::Report;
use crate::life::Host;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Minutes that it lasts
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    #[command(flatten)]
    report: Report,
}

/// Three threads publish twice each after a pause of half this on average: 100 messages a second.
const PAUSE: u64 = 120;
/// What the medians of the first and the last fifth may differ by, bytes of the heap.
const NOISE: i64 = 2048;

/// What the process takes.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    heap: i64,
    threads: i64,
    descriptors: i64,
}

pub(crate) fn run(options: &Options) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let port = folder.path().join("port");
    let emulator = Emulator::builder()
        .link(&port)
        .start()
        .expect("an emulator");
    let host = Host {
        id: "steady".to_owned(),
        port,
        broker: 1883,
        outbox: None,
        resend: false,
        pause: PAUSE,
    };
    let (sender, lines) = mpsc::channel();
    let mut life = host.start(0, sender, |line| line);
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let bar = ProgressBar::new(length.as_secs());
    let begun = Instant::now();
    let (mut delivered, mut arrived, mut failed) = (0_u64, 0, 0_u64);
    let mut samples = Vec::new();
    let mut done = false;
    for line in lines.iter().flatten() {
        let seconds = begun.elapsed().as_secs_f64();
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["M", _, heap, threads, descriptors] => {
                let number = |word: &str| word.parse().expect("a number");
                samples.push(Sample {
                    seconds,
                    heap: number(heap),
                    threads: number(threads),
                    descriptors: number(descriptors),
                });
                arrived += emulator.take_published().len();
                bar.set_position(seconds as u64);
                if begun.elapsed() >= length {
                    life.finish();
                }
            }
            ["D", ..] => delivered += 1,
            ["U" | "F" | "E", ..] => failed += 1,
            ["Q"] => done = true,
            _ => {}
        }
    }
    bar.finish_and_clear();
    arrived += emulator.take_published().len();

    // The first seconds are for coming up.
    let rest = &samples[samples.len() / 20..];
    let fifth = (rest.len() / 5).max(1);
    let both = [&rest[..fifth], &rest[rest.len() - fifth..]];
    let medians = |what: fn(&Sample) -> i64| both.map(|part| median(part.iter().map(what)));
    let heap = medians(|sample| sample.heap);
    let threads = medians(|sample| sample.threads);
    let descriptors = medians(|sample| sample.descriptors);
    let mut faults = Vec::new();
    if heap[1] - heap[0] > NOISE {
        faults.push(format!(
            "the heap grew from {} to {} bytes",
            heap[0], heap[1]
        ));
    }
    for (what, [first, last]) in [("threads", threads), ("descriptors", descriptors)] {
        if last > first {
            faults.push(format!("{first} {what} became {last}"));
        }
    }
    if !done || failed > 0 || arrived as u64 != delivered {
        faults.push(format!(
            "{delivered} were delivered, {arrived} arrived, {failed} failed"
        ));
    }
    let report = json!({
        "minutes": options.minutes,
        "messages": arrived,
        "messages_per_second": arrived as f64 / begun.elapsed().as_secs_f64(),
        "heap_bytes": heap,
        "heap_bytes_per_hour": slope(rest) * 3600.0,
        "threads": threads,
        "descriptors": descriptors,
        "not_as_promised": faults,
    });
    println!("{report:#}");
    options.report.write("steady", report);
    faults
}

fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// Bytes of the heap a second, by least squares.
fn slope(samples: &[Sample]) -> f64 {
    let count = samples.len() as f64;
    let mean = |what: fn(&Sample) -> f64| samples.iter().map(what).sum::<f64>() / count;
    let (time, heap) = (mean(|s| s.seconds), mean(|s| s.heap as f64));
    let (mut both, mut square) = (0.0, 0.0);
    for sample in samples {
        let off = sample.seconds - time;
        both += off * (sample.heap as f64 - heap);
        square += off * off;
    }
    if square > 0.0 { both / square } else { 0.0 }
}
