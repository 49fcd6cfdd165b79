//! MQTT through a module, from nothing to messages going out and coming back.
//!
//! `cargo run --example quickstart` needs no hardware: it starts an emulated module in this process
//! and opens its pseudo-terminal as a serial port.
//! `cargo run --example quickstart -- /dev/ttyUSB2 --host broker.example` does the same with a real one.

use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use atmqtt::{ClientConfig, Connect, Modem, QoS};
use atmqtt_emulator::runtime::Emulator;
use clap::Parser;

/// Sends three MQTT messages through a cellular module and prints what comes back.
#[derive(Parser)]
struct Options {
    /// Serial device of the module; without one an emulated module is started.
    port: Option<PathBuf>,
    /// Bits per second of the serial device.
    #[arg(long, default_value_t = 115_200)]
    baud: u32,
    /// Broker that the module connects to.
    #[arg(long, default_value = "broker.example")]
    host: String,
    /// TCP port of the broker.
    #[arg(long = "port", id = "tcp-port", default_value_t = 1883)]
    tcp_port: u16,
    /// Topic to publish to.
    #[arg(long, default_value = "atmqtt/quickstart")]
    topic: String,
}

fn main() -> ExitCode {
    env_logger::init();
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = stdout().lock();
    // The emulated module lives until the end of this function.
    let emulator = match options.port {
        None => Some(Emulator::builder().start()?),
        Some(_) => None,
    };
    let path = match (&options.port, &emulator) {
        (Some(path), _) => path.clone(),
        (None, Some(emulator)) => emulator.path(),
        (None, None) => return Err("no port".into()),
    };

    let modem = Modem::builder().baud_rate(options.baud).open(&path)?;
    let info = modem.info()?;
    writeln!(
        out,
        "{}: {} {}",
        path.display(),
        info.manufacturer,
        info.model
    )?;

    let client = modem.client(0)?;
    client.configure(&ClientConfig::new().keepalive(60))?;
    client.open(&options.host, options.tcp_port)?;
    client.connect(&Connect::new(format!("quickstart-{}", std::process::id())))?;
    let granted = client.subscribe(&[(&options.topic, QoS::ExactlyOnce)])?;
    writeln!(out, "subscribed to {}: {granted:?}", options.topic)?;

    let messages = client.messages()?;
    let payloads: [&[u8]; 3] = [
        b"plain text",
        br#"{"json":["with","commas","and \"quotes\""],"n":3}"#,
        b"any bytes: \"quotes\", commas,\r\nOK\r\nline ends, and \xFF\x00\xE2\x82\xAC",
    ];
    for (qos, payload) in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]
        .into_iter()
        .zip(payloads)
    {
        client.publish(&options.topic, payload, qos, false)?;
        let message = messages
            .recv_timeout(Duration::from_secs(30))
            .ok_or("the message did not come back")?;
        writeln!(
            out,
            "QoS {qos}: {} bytes on {}: {}",
            message.payload().len(),
            message.topic(),
            message.payload().escape_ascii()
        )?;
        if message.payload() != payload {
            return Err("the payload came back changed".into());
        }
    }

    client.disconnect()?;
    modem.close()?;
    writeln!(out, "disconnected")?;
    Ok(())
}
