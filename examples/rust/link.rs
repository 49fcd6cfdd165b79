//! A logger that is left alone: publishes how well the module hears the network, and every line of standard
//! input, over a connection that keeps itself up.
//!
//! `cargo run --example link -- --modem /dev/ttyUSB2 --broker broker.example:1883`; with
//! `--features outbox` also `--outbox FILE`. Ends at the end of standard input, when everything has been sent,
//! or at SIGINT and SIGTERM.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use atmqtt::{Connect, Event, Link, LinkCause, QoS};
use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Publishes over a connection that keeps itself up.
#[derive(Parser)]
#[command(name = "link")]
struct Options {
    /// Serial device of the module, as /dev/ttyUSB2
    #[arg(long)]
    modem: PathBuf,

    /// Broker, as HOST:PORT; given more than once they are tried in turn
    #[arg(long, required = true, value_parser = broker)]
    broker: Vec<(String, u16)>,

    /// Client id, and the first level of the topics
    #[arg(short = 'i', long, default_value = "mast")]
    id: String,

    /// Seconds between two reports of the signal
    #[arg(long, default_value_t = 60.0)]
    every: f64,

    /// Keep what waits in this file, over the end of the program and a loss of power
    #[cfg(feature = "outbox")]
    #[arg(long)]
    outbox: Option<PathBuf>,
}

fn broker(text: &str) -> Result<(String, u16), String> {
    let (host, port) = text.rsplit_once(':').ok_or("it must be HOST:PORT")?;
    let port = port.parse().map_err(|_| "the port must be 1 to 65535")?;
    Ok((host.to_owned(), port))
}

/// What the program wakes up for.
enum Wake {
    Line(String),
    EndOfInput,
    Signal,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("link: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Link::builder(&options.modem, Connect::new(options.id.as_str()));
    for (host, port) in &options.broker {
        builder = builder.broker(host.as_str(), *port);
    }
    #[cfg(feature = "outbox")]
    if let Some(path) = &options.outbox {
        builder = builder.outbox(path);
    }
    let link = builder.start()?;
    link.on_event(|event| {
        if let Event::Link(change) = event {
            match change.cause {
                LinkCause::Progress | LinkCause::Asked => eprintln!("{}", change.to),
                cause => eprintln!("{}: {cause}", change.to),
            }
        }
    })?;

    let (wake, woken) = mpsc::channel();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let signalled = wake.clone();
    thread::spawn(move || {
        for _ in signals.forever() {
            if signalled.send(Wake::Signal).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if wake.send(Wake::Line(line)).is_err() {
                return;
            }
        }
        let _ = wake.send(Wake::EndOfInput);
    });

    let every = Duration::from_secs_f64(options.every);
    loop {
        match woken.recv_timeout(every) {
            Ok(Wake::Line(line)) => {
                // Accepted when this returns; nobody has to wait for the rest.
                drop(link.publish_start(
                    &format!("{}/log", options.id),
                    line,
                    QoS::AtLeastOnce,
                    false,
                )?);
            }
            Ok(Wake::EndOfInput) => {
                link.flush(Duration::MAX)?;
                break;
            }
            Ok(Wake::Signal) => break,
            Err(_) => {
                let Ok(signal) = link.modem().and_then(|modem| modem.signal()) else {
                    // No port, or no answer: the link sees to that.
                    continue;
                };
                drop(link.publish_start(
                    &format!("{}/signal", options.id),
                    format!("{signal:?}"),
                    QoS::AtLeastOnce,
                    true,
                )?);
            }
        }
    }
    let status = link.status()?;
    link.close()?;
    eprintln!(
        "{} accepted, {} delivered, {} wait",
        status.accepted, status.delivered, status.waiting
    );
    Ok(())
}
