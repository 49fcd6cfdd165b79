//! The program with the link: publishes without end, and tells on stdout what became of it.
//!
//! A line each: `A topic n number` accepted, `D topic n sendings` delivered, `U topic n` unconfirmed,
//! `F topic n error` failed; `R number` and `r number` the same for messages of an earlier run, unconfirmed
//! or ended well; `L from to cause-number wait-ms cause` a change of state; `M waiting bytes threads descriptors` how many messages wait, and what it takes. When stdin closes it sends what waits, says goodbye and ends with `Q`.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atmqtt::{
    Backoff, Connect, Delivering, ErrorKind, Event, Link, Modem, QoS, QueueLimits, WhenUnconfirmed,
};
use stats_alloc::INSTRUMENTED_SYSTEM;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the serial port is
    #[arg(long)]
    port: PathBuf,
    /// Client id, and the first level of the topics
    #[arg(long)]
    id: String,
    /// Port of the broker on this computer
    #[arg(long)]
    broker: u16,
    /// Keep messages in this file
    #[arg(long)]
    outbox: Option<PathBuf>,
    /// Send messages of QoS 2 again whose outcome is unknown
    #[arg(long)]
    resend: bool,
    /// Number of the first message of each topic
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Longest pause between two messages of a thread, milliseconds
    #[arg(long, default_value_t = 100)]
    pause: u64,
}

/// Messages whose end has not been told: their topic and number there.
type Open = Arc<Mutex<HashMap<u64, (String, u64, Delivering)>>>;

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listens may have gone, and then nobody wants to know.
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}

pub(crate) fn run(options: &Options) {
    let mut builder = Link::builder(&options.port, Connect::new(options.id.as_str()))
        .broker("127.0.0.1", options.broker)
        .modem(Modem::builder().silence(Duration::from_millis(20)))
        .check_every(Duration::from_secs(2))
        .restart_time(Duration::from_secs(3))
        .attach(Some(Duration::from_secs(30)))
        .queue(QueueLimits {
            messages: 50_000,
            bytes: 64 << 20,
            ..QueueLimits::default()
        })
        .backoff(Backoff {
            first: Duration::from_millis(100),
            most: Duration::from_secs(2),
            stable: Duration::from_secs(5),
            refused: Duration::from_secs(2),
        });
    if options.resend {
        builder = builder.when_unconfirmed(WhenUnconfirmed::Resend);
    }
    if let Some(path) = &options.outbox {
        builder = builder.outbox(path);
    }
    let link = builder.start().expect("the link starts");
    let open = Open::default();
    let told = {
        let (link, open) = (link.clone(), Arc::clone(&open));
        std::thread::spawn(move || tell(&link, &open))
    };
    let stop = Arc::new(AtomicBool::new(false));
    let publishers: Vec<_> = ["1", "2", "3"]
        .into_iter()
        .map(|name| {
            let (link, open, stop) = (link.clone(), Arc::clone(&open), Arc::clone(&stop));
            let topic = format!("{}/{name}", options.id);
            let (from, pause) = (options.from, options.pause);
            std::thread::spawn(move || publish(&link, &open, &stop, &topic, from, pause))
        })
        .collect();
    let watcher = {
        let (link, stop) = (link.clone(), Arc::clone(&stop));
        std::thread::spawn(move || watch(&link, &stop))
    };
    // Until stdin closes.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    stop.store(true, Ordering::Release);
    for thread in publishers {
        thread.join().expect("a publisher");
    }
    let empty = link.flush(Duration::from_secs(600)).expect("flush");
    watcher.join().expect("the watcher");
    link.close().expect("close");
    told.join().expect("the teller");
    if empty {
        say("Q");
    }
}

fn publish(link: &Link, open: &Open, stop: &AtomicBool, topic: &str, from: u64, pause: u64) {
    let random = &mut fastrand::Rng::new();
    let mut number = from;
    while !stop.load(Ordering::Acquire) {
        for (name, qos) in [("q1", QoS::AtLeastOnce), ("q2", QoS::ExactlyOnce)] {
            let topic = format!("{topic}/{name}");
            // Half of the protocol, and what cannot be text.
            let mut payload =
                format!("{number} {{\"a\":\"b,c\"}}\r\nOK\r\n+QMTSTAT: 0,1\r\n> ").into_bytes();
            payload.extend((0..random.usize(0..300)).map(|n| (n * 31) as u8));
            // Before its end can be told.
            let mut open = open.lock().expect("no thread panics with it");
            match link.publish_start(&topic, &payload, qos, false) {
                Ok(delivering) => {
                    say(&format!("A {topic} {number} {}", delivering.number()));
                    let key = delivering.report();
                    open.insert(key, (topic, number, delivering));
                }
                Err(error) => say(&format!("E {topic} {number} {error}")),
            }
        }
        number += 1;
        std::thread::sleep(Duration::from_millis(random.u64(0..=pause)));
    }
}

fn tell(link: &Link, open: &Open) {
    for event in link.events().expect("events") {
        match event {
            Event::Completed { operation, result } => {
                let known = {
                    let mut open = open.lock().expect("no thread panics");
                    let known = open.remove(&operation);
                    // What it took for a long queue is not the link's.
                    if open.len() < open.capacity() / 4 {
                        open.shrink_to_fit();
                    }
                    known
                };
                match (known, result) {
                    (Some((topic, number, delivering)), Ok(_)) => {
                        say(&format!("D {topic} {number} {}", delivering.sendings()));
                    }
                    (Some((topic, number, _)), Err(error)) => {
                        let letter = if error.kind() == ErrorKind::Unconfirmed {
                            'U'
                        } else {
                            'F'
                        };
                        say(&format!("{letter} {topic} {number} {error}"));
                    }
                    (None, Ok(_)) => say(&format!("r {operation}")),
                    (None, Err(error)) => say(&format!("R {operation} {error}")),
                }
            }
            Event::Link(change) => say(&format!(
                "L {} {} {} {} {}",
                change.from.number(),
                change.to.number(),
                change.cause.number(),
                change.retry_in.unwrap_or_default().as_millis(),
                change.cause
            )),
            Event::OutboxDamaged { .. } => say("X the outbox is damaged"),
            _ => {}
        }
    }
}

/// Tells once a second what the process takes.
fn watch(link: &Link, stop: &AtomicBool) {
    let count = |folder: &str| std::fs::read_dir(folder).map_or(0, Iterator::count);
    while !stop.load(Ordering::Acquire) {
        let stats = INSTRUMENTED_SYSTEM.stats();
        // What was reallocated is counted in these already.
        let live = stats.bytes_allocated as i64 - stats.bytes_deallocated as i64;
        let waiting = link.status().expect("a status").waiting;
        say(&format!(
            "M {waiting} {live} {} {}",
            count("/proc/self/task"),
            count("/proc/self/fd")
        ));
        std::thread::sleep(Duration::from_secs(1));
    }
}
