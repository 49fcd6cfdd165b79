//! The table of cases that every language runs; see tests/cases/README.md.

use std::time::Duration;

use atmqtt::{
    Certificate, Client, ClientConfig, Connect, Error, Event, Modem, PacketTimeout, QoS, TlsConfig,
};
use atmqtt_emulator::runtime::Emulator;

/// Far more than any event takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Case<'a> {
    name: &'a str,
    faults: &'a str,
    operation: &'a str,
    status: i32,
    code: Option<i32>,
    events: Vec<&'a str>,
}

impl<'a> Case<'a> {
    fn read(line: &'a str) -> Self {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let &[name, faults, operation, status, code, events] = columns.as_slice() else {
            panic!("not six columns: {line}");
        };
        let list = |text: &'a str| match text {
            "-" => Vec::new(),
            text => text.split(' ').collect(),
        };
        Self {
            name,
            faults,
            operation,
            status: status.parse().expect(line),
            code: (code != "-").then(|| code.parse().expect(line)),
            events: list(events),
        }
    }

    /// What differs, if anything does.
    fn run(&self) -> Result<(), String> {
        let faults: Vec<_> = self
            .faults
            .split(' ')
            .filter(|fault| *fault != "-")
            .map(|fault| fault.parse().expect(fault))
            .collect();
        let emulator = Emulator::builder().faults(faults).start().unwrap();
        let modem = Modem::open(emulator.path()).unwrap();
        let events = modem.events().unwrap();
        let result = operate(&modem, self.operation);
        let (status, code) = match &result {
            Ok(()) => (0, None),
            Err(error) => (error.kind().number(), error.code()),
        };
        let mut seen = Vec::new();
        while seen.len() < self.events.len() {
            match events.recv_timeout(PATIENCE) {
                Some(event) => seen.extend(named(&event)),
                None => break,
            }
        }
        // What is there already counts as well.
        while let Some(event) = events.try_recv() {
            seen.extend(named(&event));
        }
        if (status, code) == (self.status, self.code) && seen == self.events {
            return Ok(());
        }
        Err(format!(
            "{}: {status} {code:?} {seen:?} ({result:?})",
            self.name
        ))
    }
}

fn named(event: &Event) -> Option<String> {
    Some(match event {
        Event::Disconnected { reason, .. } => format!("disconnected:{}", reason.code()),
        Event::PingFailed { .. } => "ping-failed".to_owned(),
        Event::Restarted => "restarted".to_owned(),
        Event::PdpDeactivated { context } => format!("pdp-deactivated:{context}"),
        Event::PortClosed { error } => format!("port-closed:{}", error.kind().number()),
        _ => return None,
    })
}

fn open(modem: &Modem) -> Client {
    let client = modem.client(0).unwrap();
    let timeout = PacketTimeout {
        seconds: 1,
        retries: 0,
        notice: false,
    };
    let config = ClientConfig::new().timeout(timeout).keepalive(0);
    client.configure(&config).unwrap();
    client
}

fn opened(modem: &Modem) -> Client {
    let client = open(modem);
    client.open("broker.example", 1883).unwrap();
    client
}

fn connect(client: &Client) -> Result<(), Error> {
    client.connect(&Connect::new("case").credentials("user", "secret"))
}

fn connected(modem: &Modem) -> Client {
    let client = opened(modem);
    connect(&client).unwrap();
    client
}

fn operate(modem: &Modem, operation: &str) -> Result<(), Error> {
    const PAYLOAD: &str = r#"{"a":"1,2"}"#;
    const BYTES: &[u8] = b"0123456789";
    let (name, argument) = operation.split_once(' ').unwrap_or((operation, ""));
    let number = || argument.parse().expect(operation);
    match name {
        "command" => modem.command(argument).map(drop),
        "client" => modem.client(number() as u8).map(drop),
        "keepalive" => open(modem).configure(&ClientConfig::new().keepalive(number() as u16)),
        "open" => open(modem).open(argument, 1883),
        "connect" => connect(&opened(modem)),
        "subscribe" => connected(modem)
            .subscribe(&[(argument, QoS::AtLeastOnce)])
            .map(drop),
        "unsubscribe" => connected(modem).unsubscribe(&[argument]),
        "publish0" => connected(modem).publish(argument, PAYLOAD, QoS::AtMostOnce, false),
        "publish1" => connected(modem).publish(argument, PAYLOAD, QoS::AtLeastOnce, false),
        "publish2" => connected(modem).publish(argument, PAYLOAD, QoS::ExactlyOnce, false),
        "publish-long" => {
            let payload = vec![b'x'; number()];
            connected(modem).publish("t", payload, QoS::AtLeastOnce, false)
        }
        "disconnect" => connected(modem).disconnect(),
        "close" => connected(modem).close(),
        "closed-port" => {
            let client = connected(modem);
            modem.close().unwrap();
            client.publish("t", PAYLOAD, QoS::AtMostOnce, false)
        }
        "upload" => modem.files().upload(argument, BYTES),
        "download" => modem.files().download(argument).map(drop),
        "delete" => modem.files().delete(argument),
        "tls" => {
            let config = TlsConfig::new(Certificate::pem("no certificate"));
            modem.tls(0)?.configure(&config)
        }
        other => panic!("no such operation: {other}"),
    }
}

#[test]
fn the_table() {
    let table = include_str!("../../tests/cases/cases.txt");
    let lines = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases: Vec<Case<'_>> = lines.map(Case::read).collect();
    assert!(!cases.is_empty());
    // Most of the time is spent waiting for deadlines.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(|| case.run()))
            .collect();
        running
            .into_iter()
            .filter_map(|running| running.join().unwrap().err())
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
