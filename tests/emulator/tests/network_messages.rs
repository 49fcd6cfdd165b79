//! Messages between the emulated module and other clients of a real broker.

mod common;
mod mosquitto;

use atmqtt_emulator::runtime::{Broker, Emulator};
use common::Host;
use mosquitto::{Mosquitto, message};

/// Lengths with a border nearby, and the longest that `AT+QMTPUBEX` takes.
const LENGTHS: [usize; 11] = [0, 1, 2, 127, 128, 255, 256, 1000, 1459, 1499, 1500];

/// All byte values, in an order of their own for each length.
fn payload(length: usize) -> Vec<u8> {
    let value = |n: usize| u8::try_from((n * 7 + n / 256 + length) % 256).unwrap();
    (0..length).map(value).collect()
}

struct Module {
    // Before the emulator, so that nothing is printed to nobody.
    host: Host,
    _emulator: Emulator,
}

impl Module {
    fn start() -> Self {
        let emulator = Emulator::builder().broker(Broker::Network).start().unwrap();
        let mut host = Host::open(&emulator.path());
        host.echo_off();
        Self {
            host,
            _emulator: emulator,
        }
    }

    /// A command that is accepted, and the line that follows.
    fn done(&mut self, command: &str, result: &str) {
        assert_eq!(self.host.ask(command), ["OK"], "{command}");
        assert_eq!(self.host.line(), result, "{command}");
    }

    fn set(&mut self, setting: &str) {
        let command = format!("AT+QMTCFG={setting}");
        assert_eq!(self.host.ask(&command), ["OK"], "{command}");
    }

    fn open(&mut self, client: usize, broker: &Mosquitto) {
        let port = broker.port();
        self.set(&format!("\"recv/mode\",{client},0,1"));
        self.done(
            &format!("AT+QMTOPEN={client},\"127.0.0.1\",{port}"),
            &format!("+QMTOPEN: {client},0"),
        );
    }

    fn connect(&mut self, client: usize, name: &str) {
        self.done(
            &format!("AT+QMTCONN={client},\"{name}\""),
            &format!("+QMTCONN: {client},0,0"),
        );
    }

    fn publish(&mut self, head: &str, payload: &[u8]) {
        let length = payload.len();
        self.host.command(&format!("AT+QMTPUBEX={head},{length}"));
        // Nothing is not asked for.
        if length > 0 {
            self.host.until(b"> ");
            self.host.write(payload);
        }
        assert_eq!(self.host.line(), "OK");
    }

    /// `+QMTRECV` with its length, up to and with the end of its line. The packet id and the
    /// payload.
    fn message(&mut self, client: usize, topic: &str) -> (u16, Vec<u8>) {
        self.host.until(format!("+QMTRECV: {client},").as_bytes());
        let id = self.host.until(b",");
        self.host.until(format!("\"{topic}\",").as_bytes());
        let length = self.host.until(b",\"");
        let number = |text: &[u8], end: usize| -> usize {
            let text = std::str::from_utf8(&text[..text.len() - end]).unwrap();
            text.parse().unwrap()
        };
        let payload = self.host.take(number(&length, 2));
        assert_eq!(self.host.take(3), b"\"\r\n");
        (number(&id, 1).try_into().unwrap(), payload)
    }
}

#[test]
fn from_the_module() {
    let broker = Mosquitto::open();
    let other = broker.subscribe("up/#");
    let mut module = Module::start();
    module.open(0, &broker);
    module.connect(0, "module");
    for qos in 0..3 {
        for length in LENGTHS {
            let payload = payload(length);
            let id = usize::from(qos > 0) * (length + 1);
            module.publish(&format!("0,{id},{qos},0,\"up/{qos}\""), &payload);
            assert_eq!(module.host.line(), format!("+QMTPUBEX: 0,{id},0"));
            let expected = message(&format!("up/{qos}"), qos, false, &payload);
            assert_eq!(other.next(), expected);
        }
    }
}

#[test]
fn to_the_module() {
    let broker = Mosquitto::open();
    let mut module = Module::start();
    module.open(0, &broker);
    module.connect(0, "module");
    module.done("AT+QMTSUB=0,1,\"down/#\",2", "+QMTSUB: 0,1,0,2");
    for qos in ["0", "1", "2"] {
        for length in LENGTHS {
            let payload = payload(length);
            broker.publish("down/x", &payload, &["-q", qos]);
            let (id, got) = module.message(0, "down/x");
            assert_eq!(got, payload, "{qos} {length}");
            assert_eq!(id == 0, qos == "0");
        }
    }
    module.done("AT+QMTUNS=0,2,\"down/#\"", "+QMTUNS: 0,2,0");
    broker.publish("down/x", b"nobody is there", &["-q", "1"]);
    module.done("AT+QMTDISC=0", "+QMTDISC: 0,0");
    broker.wait_log("Received DISCONNECT from module");
}

#[test]
fn retained() {
    let broker = Mosquitto::open();
    let mut module = Module::start();
    module.open(0, &broker);
    module.connect(0, "module");
    module.publish("0,1,1,1,\"kept\"", b"by the module");
    assert_eq!(module.host.line(), "+QMTPUBEX: 0,1,0");
    let other = broker.subscribe("kept");
    assert_eq!(other.next(), message("kept", 1, true, b"by the module"));
    broker.publish("other", b"by another", &["-q", "1", "-r"]);
    assert_eq!(
        module.host.ask("AT+QMTSUB=0,2,\"other\",1"),
        ["OK"],
        "the result and the message come in either order"
    );
    assert_eq!(module.message(0, "other").1, b"by another");
}

#[test]
fn will() {
    let broker = Mosquitto::open();
    let other = broker.subscribe("will/#");
    let mut module = Module::start();
    for (client, name) in [(0, "cut"), (1, "polite")] {
        module.set(&format!("\"will\",{client},1,1,0,\"will/{name}\",\"gone\""));
        module.open(client, &broker);
        module.connect(client, name);
    }
    module.done("AT+QMTDISC=1", "+QMTDISC: 1,0");
    broker.wait_log("Received DISCONNECT from polite");
    module.done("AT+QMTCLOSE=0", "+QMTCLOSE: 0,0");
    assert_eq!(other.next(), message("will/cut", 1, false, b"gone"));
    broker.publish("will/end", b"", &["-q", "1"]);
    assert_eq!(other.next(), message("will/end", 1, false, b""));
}

#[test]
fn stored_session() {
    let broker = Mosquitto::open();
    let mut module = Module::start();
    module.set("\"session\",0,0");
    module.open(0, &broker);
    module.connect(0, "module");
    module.done("AT+QMTSUB=0,1,\"mail\",1", "+QMTSUB: 0,1,0,1");
    module.done("AT+QMTDISC=0", "+QMTDISC: 0,0");
    broker.wait_log("Received DISCONNECT from module");
    for text in ["one", "two", "three"] {
        broker.publish("mail", text.as_bytes(), &["-q", "1"]);
    }
    module.open(0, &broker);
    module.connect(0, "module");
    for text in ["one", "two", "three"] {
        assert_eq!(module.message(0, "mail").1, text.as_bytes());
    }
}

#[test]
fn mqtt_3_1() {
    let broker = Mosquitto::open();
    let other = broker.subscribe("old");
    let mut module = Module::start();
    module.set("\"version\",0,3");
    module.open(0, &broker);
    module.connect(0, "module");
    // What mosquitto calls protocol 1 is MQTT 3.1.
    broker.wait_log("as module (p1, c1");
    module.done("AT+QMTSUB=0,1,\"old\",2", "+QMTSUB: 0,1,0,2");
    module.publish("0,2,2,0,\"old\"", b"\0old\xFF");
    assert_eq!(other.next(), message("old", 2, false, b"\0old\xFF"));
    assert_eq!(module.message(0, "old").1, b"\0old\xFF");
}

#[test]
fn six_clients_at_two_brokers() {
    let brokers = [Mosquitto::open(), Mosquitto::open()];
    let mut module = Module::start();
    for client in 0..6 {
        module.open(client, &brokers[client % 2]);
        module.connect(client, &format!("module{client}"));
        module.done(
            &format!("AT+QMTSUB={client},1,\"to/{client}\",1"),
            &format!("+QMTSUB: {client},1,0,1"),
        );
    }
    for client in 0..6 {
        let topic = format!("to/{client}");
        brokers[1 - client % 2].publish(&topic, b"wrong broker", &["-q", "1"]);
        brokers[client % 2].publish(&topic, &[client.try_into().unwrap()], &["-q", "1"]);
        let payload = module.message(client, &topic).1;
        assert_eq!(payload, [u8::try_from(client).unwrap()]);
    }
}
