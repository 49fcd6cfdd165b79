//! Prints what arrives through a cellular module, with the options of `mosquitto_sub`.
//!
//! `cargo run --example subscribe -- --modem /dev/ttyUSB2 -h broker.example -t 'greetings/#' -v`;
//! Ctrl-C ends it.

mod broker;

use std::io::{self, Write as _, stdout};
use std::process::ExitCode;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use atmqtt::{Event, Message, Messages, QoS};
use broker::{Broker, Failure, Session};
use clap::Parser;

/// Prints MQTT messages that arrive through a cellular module.
#[derive(Parser)]
#[command(name = "subscribe", after_help = broker::EXIT_CODES)]
struct Options {
    #[command(flatten)]
    broker: Broker,

    /// Topic to subscribe to, wildcards included; may be given several times
    #[arg(short, long, required = true)]
    topic: Vec<String>,

    /// Highest QoS of the messages
    #[arg(short, long, default_value = "0", value_parser = broker::qos)]
    qos: QoS,

    /// End after this many messages
    #[arg(short = 'C', value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End this long after the subscription; exit code 27
    #[arg(short = 'W', value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: Option<u32>,

    /// Do not add a line end to each message: its bytes and no others
    #[arg(short = 'N')]
    no_line_end: bool,

    /// Print the topic in front of each message
    #[arg(short, long)]
    verbose: bool,
}

/// `MOSQ_ERR_TIMEOUT`.
const TIMED_OUT: u8 = 27;

fn main() -> ExitCode {
    match run(&broker::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report("subscribe"),
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let session = options.broker.open_modem()?;
    let interrupt = broker::on_signal(&session, || {})?;
    let watcher = watch(&session)?;
    let result = receive(&session, options);
    if interrupt.leave(&session) {
        // The usual end of a subscription.
        return Ok(());
    }
    match result? {
        Done::Wanted => Ok(()),
        Done::PortClosed => {
            let why = watcher.join().ok().flatten();
            Err(Failure::new(why.unwrap_or_default()))
        }
    }
}

/// Tells what goes wrong. When the connection ends it closes the port, which ends the messages after
/// the last that came, and gives the reason.
fn watch(session: &Session) -> Result<JoinHandle<Option<String>>, Failure> {
    let modem = session.modem.clone();
    let mut events = modem.events()?;
    Ok(thread::spawn(move || {
        let lost = events.find_map(|event| match event {
            Event::Disconnected { reason, .. } => {
                Some(format!("disconnected: {reason}; {}", reason.advice()))
            }
            Event::PingFailed { .. } => Some("disconnected: no answer to a ping".to_owned()),
            Event::Restarted => Some("the module has restarted".to_owned()),
            Event::PdpDeactivated { context } => {
                Some(format!("the network has dropped PDP context {context}"))
            }
            Event::PortClosed { error } => Some(error.to_string()),
            Event::Lagged { count, .. } => {
                eprintln!("subscribe: {count} messages were dropped: printing is too slow");
                None
            }
            Event::InputLost { what } => {
                eprintln!("subscribe: lost: {what}");
                None
            }
            _ => None,
        });
        let _ = modem.close();
        lost
    }))
}

enum Done {
    /// As many messages as wanted came, or nobody reads them any more.
    Wanted,
    PortClosed,
}

fn receive(session: &Session, options: &Options) -> Result<Done, Failure> {
    options.broker.connect(&session.client)?;
    let messages = session.client.messages()?;
    for topic in &options.topic {
        session.client.subscribe(&[(topic, options.qos)])?;
    }
    let until = options
        .timeout
        .map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));

    let mut left = options.count;
    while left != Some(0) {
        let Some(message) = next(&messages, until) else {
            if until.is_some_and(|until| until <= Instant::now()) {
                return Err(Failure {
                    text: "timed out".to_owned(),
                    code: TIMED_OUT,
                });
            }
            return Ok(Done::PortClosed);
        };
        match print(&message, options) {
            Ok(()) => {}
            // `subscribe ... | head -1`
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(Failure::new(format!("standard output: {error}"))),
        }
        left = left.map(|left| left - 1);
    }
    Ok(Done::Wanted)
}

fn next(messages: &Messages, until: Option<Instant>) -> Option<Message> {
    match until {
        Some(until) => messages.recv_timeout(until.saturating_duration_since(Instant::now())),
        None => messages.recv(),
    }
}

fn print(message: &Message, options: &Options) -> io::Result<()> {
    let mut out = stdout().lock();
    if options.verbose {
        out.write_all(message.topic_bytes())?;
        out.write_all(b" ")?;
    }
    out.write_all(message.payload())?;
    if !options.no_line_end {
        out.write_all(b"\n")?;
    }
    out.flush()
}
