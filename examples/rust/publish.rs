//! Publishes through a cellular module, with the options of `mosquitto_pub`.
//!
//! `cargo run --example publish -- --modem /dev/ttyUSB2 -h broker.example -t greetings -m hello`;
//! `--modem emulated` needs no hardware.

mod broker;

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, Read as _, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use atmqtt::{Client, Publication, QoS};
use broker::{Broker, Failure, INTERRUPTED};
use clap::{Args, Parser};

/// Publishes MQTT messages through a cellular module.
#[derive(Parser)]
#[command(name = "publish", after_help = broker::EXIT_CODES)]
struct Options {
    #[command(flatten)]
    broker: Broker,

    /// Topic to publish to
    #[arg(short, long)]
    topic: String,

    #[command(flatten)]
    source: Source,

    /// QoS of the messages
    #[arg(short, long, default_value = "0", value_parser = broker::qos)]
    qos: QoS,

    /// The broker keeps the last message and gives it to later subscribers
    #[arg(short, long)]
    retain: bool,
}

/// Where the message comes from. A module takes at most 1500 bytes a message.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// The message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// A file that is the message
    #[arg(short, long)]
    file: Option<PathBuf>,

    /// An empty message; with -r it removes a retained one
    #[arg(short, long)]
    null_message: bool,

    /// All of standard input is the message
    #[arg(short, long)]
    stdin_file: bool,

    /// Every line of standard input is a message, as it comes; empty lines are not sent
    #[arg(short = 'l', long)]
    stdin_line: bool,
}

/// Lines whose outcome is not known yet: the module's window of five, and as many again that wait for
/// room in it.
const AHEAD: usize = 10;

fn main() -> ExitCode {
    match run(&broker::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("publish"),
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    // What can be wrong with the message is known before anything is connected.
    let message = options.source.read()?;
    let session = options.broker.open_modem()?;
    // The main thread may be waiting for standard input; so the signal's ends the program.
    let interrupt = broker::on_signal(&session, || {
        eprintln!("publish: interrupted");
        std::process::exit(INTERRUPTED.into());
    })?;

    let result = options
        .broker
        .connect(&session.client)
        .and_then(|()| match &message {
            Some(message) => {
                let client = &session.client;
                client.publish(&options.topic, message, options.qos, options.retain)?;
                Ok(())
            }
            None => publish_lines(&session.client, options),
        });
    interrupt.leave(&session);
    result
}

impl Source {
    /// The one message, or `None` where every line of standard input is one.
    fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(text) = &self.message {
            return Ok(Some(text.clone().into_bytes()));
        }
        if let Some(path) = &self.file {
            return fs::read(path)
                .map(Some)
                .map_err(|error| Failure::new(format!("{}: {error}", path.display())));
        }
        if self.stdin_line {
            return Ok(None);
        }
        let mut message = Vec::new();
        if self.stdin_file {
            stdin()
                .read_to_end(&mut message)
                .map_err(|error| Failure::new(format!("standard input: {error}")))?;
        }
        Ok(Some(message))
    }
}

/// Publishes line by line without waiting for the outcome of each: several are under way at a time.
fn publish_lines(client: &Client, options: &Options) -> Result<(), Failure> {
    let mut under_way: VecDeque<Publication> = VecDeque::new();
    for line in stdin().lock().split(b'\n') {
        let mut line = line.map_err(|error| Failure::new(format!("standard input: {error}")))?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.is_empty() {
            continue;
        }
        if under_way.len() >= AHEAD {
            if let Some(oldest) = under_way.pop_front() {
                oldest.wait()?;
            }
        }
        under_way.push_back(client.publish_start(
            &options.topic,
            line,
            options.qos,
            options.retain,
        )?);
    }
    for publication in under_way {
        publication.wait()?;
    }
    Ok(())
}
