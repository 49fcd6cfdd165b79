//! The library in a process of its own, as a peer among peers.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::time::Instant;

use atmqtt::{Client, ClientConfig, Connect, Event, Messages, Modem, QoS};

use crate::load;
use crate::measure::now;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What it does
    work: Work,
    /// On this port
    port: PathBuf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Work {
    Command,
    Publish,
    Receive,
    Urc,
    Load,
}

pub(crate) fn run(options: &Options) {
    let modem = Modem::open(&options.port).expect("the port opens");
    let connected = || {
        let client = modem.client(0).expect("it is one of six");
        client
            .configure(&ClientConfig::default())
            .expect("configured");
        client.open("broker.example", 1883).expect("open");
        client.connect(&Connect::new("peer")).expect("connected");
        client
    };
    match options.work {
        Work::Command => rounds(|| {
            modem.command("AT").expect("answered");
        }),
        Work::Publish => {
            let client = connected();
            rounds(|| publish(&client));
        }
        Work::Receive => {
            let client = connected();
            let messages = client.messages().expect("nobody else has them");
            client
                .subscribe(&[("in", QoS::AtMostOnce)])
                .expect("subscribed");
            rounds(|| receive(&messages));
        }
        Work::Urc => listen(&modem),
        Work::Load => load::run(&modem),
    }
}

fn publish(client: &Client) {
    client
        .publish("out", [b'x'; 64], QoS::AtMostOnce, false)
        .expect("published");
}

fn receive(messages: &Messages) {
    let message = messages.recv().expect("the port is open");
    assert_eq!(message.payload().len(), 64);
}

/// Tells when it was called with every URC.
fn listen(modem: &Modem) {
    let heard = |event: Event| {
        let called = now();
        if matches!(event, Event::Urc(_)) {
            println!("{called}");
        }
    };
    modem.on_event(heard).expect("nobody else has them");
    println!("ready");
    let _ = std::io::stdin().lines().count();
}

/// Does it as often as is asked for, again and again.
fn rounds(mut work: impl FnMut()) {
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let times: usize = line.expect("a line").parse().expect("a number");
        let (begun, before) = (Instant::now(), processor());
        for _ in 0..times {
            work();
        }
        println!("{} {}", begun.elapsed().as_secs_f64(), processor() - before);
    }
}

/// Processor time of this process so far, in seconds.
pub(crate) fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
