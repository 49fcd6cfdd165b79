//! What the log shows, and what it never shows. In a process of its own, because a logger is for all.

use std::sync::Mutex;

use atmqtt::{ClientConfig, Connect, HwAuth, Modem, QoS};
use atmqtt_emulator::runtime::Emulator;
use log::{LevelFilter, Log, Metadata, Record};

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}", record.target(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

#[test]
fn every_line_in_both_directions_and_no_secret() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let emulator = Emulator::builder().start().unwrap();
    let modem = Modem::open(emulator.path()).unwrap();
    let client = modem.client(0).unwrap();
    let config = ClientConfig::new().hw_auth(HwAuth {
        product_id: "product".into(),
        device_secret: "hunter2-device".into(),
        time_check: None,
    });
    client.configure(&config).unwrap();
    let read = client.config().unwrap();
    client.open("broker.example", 1883).unwrap();
    let connect = Connect::new("me").credentials("user", "hunter2-password");
    client.connect(&connect).unwrap();
    let messages = client.messages().unwrap();
    client.subscribe(&[("t", QoS::AtMostOnce)]).unwrap();
    let long = "long ".repeat(200);
    client.publish("t", &long, QoS::AtMostOnce, false).unwrap();
    assert_eq!(messages.recv().unwrap().payload(), long.as_bytes());
    let pin = modem.command("AT+CPIN=\"hunter2-pin\"").unwrap_err();
    modem.close().unwrap();

    let lines = LINES.0.lock().unwrap().join("\n");
    for shown in [
        "atmqtt::wire > AT+QMTOPEN=0,\"broker.example\",1883",
        "atmqtt::wire < +QMTOPEN: 0,0",
        "atmqtt::wire > AT+QMTCONN=0,\"me\",\"user\",\"***\"",
        "atmqtt::wire > AT+QMTCFG=\"hwauth\",0,\"product\",\"***\"",
        "atmqtt::wire < +QMTRECV: 0,0,\"t\",long ",
        "(1000 bytes)",
    ] {
        assert!(lines.contains(shown), "{shown} is not in\n{lines}");
    }
    for text in [
        lines.clone(),
        format!("{config:?} {read:?} {connect:?} {pin} {pin:?} {modem:?}"),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    // The secret itself is whole, where it is asked for.
    assert_eq!(
        read.hw_auth.unwrap().device_secret.reveal(),
        "hunter2-device"
    );
    assert!(
        lines.lines().all(|line| line.len() < 400),
        "payloads are shortened"
    );
}
