//! Every code of `+QMTOPEN`, `+QMTCONN` and `+QMTSTAT`, reached by what causes it.
//!
//! One table, a row for each cause, without a single fault of the module. What happens inside is
//! driven in virtual time, what happens at a socket over the device with the network behind it.

mod common;
mod mosquitto;
mod sockets;

use atmqtt_emulator::hub::{Hub, Policy};
use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::{PingLost, Profile};
use atmqtt_emulator::runtime::{Broker, Emulator};
use common::Host;
use mosquitto::{Mosquitto, free_port};
use sockets::{Peer, Server};
use std::collections::BTreeSet;
use std::time::Duration;

/// A code the host sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    /// `+QMTOPEN: 0,<result>`.
    Open(i32),
    /// `+QMTCONN: 0,<result>` that does not come with a CONNACK.
    Conn(u8),
    /// `+QMTCONN: 0,0,<ret_code>`.
    ConnAck(u8),
    /// `+QMTSTAT: 0,<err_code>`.
    Stat(u8),
}

use Code::{Conn, ConnAck, Open, Stat};

impl Code {
    fn line(self) -> String {
        match self {
            Open(code) => format!("+QMTOPEN: 0,{code}"),
            Conn(code) => format!("+QMTCONN: 0,{code}"),
            ConnAck(code) => format!("+QMTCONN: 0,0,{code}"),
            Stat(code) => format!("+QMTSTAT: 0,{code}"),
        }
    }
}

/// What the note documents (3.3.2, 3.3.4, table 4). Codes 9 to 255 of `+QMTSTAT` are reserved.
fn documented() -> BTreeSet<Code> {
    let open = (-1..=5).map(Open);
    // Result 0 comes with a CONNACK. Result 1, retransmission, never comes: CONNECT is sent once
    // on a connection, see `a_connect_is_not_repeated`.
    let conn = [Conn(2)].into_iter().chain((0..=5).map(ConnAck));
    open.chain(conn).chain((1..=8).map(Stat)).collect()
}

/// How the cause comes about. What the host sees after it, in full, comes back.
enum Cause {
    /// Inside, in virtual time.
    Inside(fn(&mut Inside)),
    /// At a socket: the last line only.
    Socket(fn(&mut Outside) -> String),
}

use Cause::{Inside as In, Socket};

/// A module with the hub behind it, 100 ms away and back.
struct Inside {
    machine: Machine,
    now: Duration,
    seen: String,
}

impl Inside {
    fn new(profile: Profile) -> Self {
        let settings = Settings {
            profile,
            ..Settings::default()
        };
        let mut inside = Self {
            machine: Machine::new(settings, Duration::from_millis(100)),
            now: Duration::from_secs(10),
            seen: String::new(),
        };
        inside.at("ATE0");
        inside
    }

    /// In place of the module there was, another.
    fn turn(&mut self, turn: impl FnOnce(&mut Profile)) {
        let mut profile = Profile::note();
        turn(&mut profile);
        *self = Self::new(profile);
    }

    fn at(&mut self, command: &str) {
        self.seen.clear();
        self.machine
            .input(self.now, format!("{command}\r").as_bytes());
        self.wait_ms(0);
    }

    fn wait_ms(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.machine.run_until(self.now);
        let bytes = self.machine.take_serial();
        self.seen += &String::from_utf8(bytes).unwrap();
    }

    fn hub<R>(&mut self, act: impl FnOnce(&mut Hub) -> R) -> R {
        let result = self.machine.with_hub(self.now, act);
        self.wait_ms(100);
        result
    }

    fn policy(&mut self, policy: Policy) {
        self.hub(|hub| hub.set_policy(policy));
    }

    /// Types a command whose result comes a round trip later.
    fn ask(&mut self, command: &str) {
        self.at(command);
        self.wait_ms(100);
    }

    fn open(&mut self) {
        self.ask("AT+QMTOPEN=0,\"broker\",1883");
    }

    fn connect(&mut self) {
        self.open();
        self.ask("AT+QMTCONN=0,\"me\"");
        assert!(self.seen.contains("+QMTCONN: 0,0,0"), "{}", self.seen);
        self.seen.clear();
    }
}

/// A module on a device, and a server of the test.
struct Outside {
    _emulator: Emulator,
    host: Host,
    server: Server,
}

impl Outside {
    fn new() -> Self {
        let emulator = Emulator::builder().broker(Broker::Network).start().unwrap();
        let mut host = Host::open(&emulator.path());
        host.echo_off();
        Self {
            _emulator: emulator,
            host,
            server: Server::new(),
        }
    }

    fn ok(&mut self, command: &str) {
        assert_eq!(self.host.ask(command), ["OK"], "{command}");
    }

    fn result(&mut self, command: &str) -> String {
        self.ok(command);
        self.host.line()
    }

    fn open(&mut self, host: &str, port: u16) -> String {
        self.result(&format!("AT+QMTOPEN=0,\"{host}\",{port}"))
    }

    fn opened(&mut self) -> Peer {
        let port = self.server.port();
        assert_eq!(self.open("127.0.0.1", port), "+QMTOPEN: 0,0");
        self.server.accept()
    }

    fn connected(&mut self) -> Peer {
        let mut peer = self.opened();
        self.ok("AT+QMTCONN=0,\"me\"");
        peer.accept_client();
        assert_eq!(self.host.line(), "+QMTCONN: 0,0,0");
        peer
    }

    /// What a server that has accepted the client and sends this leads to.
    fn after(&mut self, bytes: &[u8]) -> String {
        let mut peer = self.connected();
        peer.write(bytes);
        self.host.line()
    }

    /// Opens with TLS at a server that is as the test wants.
    fn opening_with_tls(&mut self) -> Peer {
        self.ok("AT+QMTCFG=\"ssl\",0,1,0");
        let port = self.server.port();
        self.ok(&format!("AT+QMTOPEN=0,\"127.0.0.1\",{port}"));
        self.server.accept()
    }
}

type Row = (Code, &'static str, Cause);

const TABLE: &[Row] = &[
    (
        Open(-1),
        "nobody listens there",
        Socket(|o| o.open("127.0.0.1", free_port())),
    ),
    (
        Open(-1),
        "the server does not speak TLS",
        Socket(|o| {
            o.opening_with_tls().write(b"220 something else\r\n");
            o.host.line()
        }),
    ),
    (
        Open(-1),
        "an SSL context without the certificate it needs",
        In(|i| {
            i.at("AT+QSSLCFG=\"seclevel\",0,1");
            i.at("AT+QMTCFG=\"ssl\",0,1,0");
            i.open();
        }),
    ),
    (Open(0), "the broker is there", In(Inside::open)),
    (
        Open(1),
        "no host is called so",
        In(|i| i.ask("AT+QMTOPEN=0,\"no name\",1883")),
    ),
    (
        Open(1),
        "an empty label",
        Socket(|o| o.open("broker..example", 1883)),
    ),
    (
        Open(2),
        "the client is open already",
        In(|i| {
            i.open();
            i.open();
        }),
    ),
    (
        Open(3),
        "no context without the network",
        In(|i| {
            i.at("AT+CFUN=4");
            i.open();
        }),
    ),
    (
        Open(3),
        "a module that does not activate contexts by itself",
        In(|i| {
            i.turn(|profile| profile.open_needs_context = true);
            i.open();
        }),
    ),
    (
        Open(4),
        "the name has no address",
        Socket(|o| o.open("name.invalid", 1883)),
    ),
    (
        Open(5),
        "the server closes in the TLS handshake",
        Socket(|o| {
            drop(o.opening_with_tls());
            o.host.line()
        }),
    ),
    (
        Conn(2),
        "no CONNACK",
        Socket(|o| {
            o.ok("AT+QMTCFG=\"timeout\",0,1,1,0");
            let _peer = o.opened();
            o.result("AT+QMTCONN=0,\"me\"")
        }),
    ),
    (
        ConnAck(0),
        "accepted",
        In(|i| {
            i.open();
            i.ask("AT+QMTCONN=0,\"me\"");
        }),
    ),
    (
        ConnAck(1),
        "the hub takes MQTT 3.1.1 only",
        In(|i| {
            i.policy(Policy {
                levels: vec![4],
                ..Policy::default()
            });
            i.at("AT+QMTCFG=\"version\",0,3");
            i.open();
            i.ask("AT+QMTCONN=0,\"me\"");
        }),
    ),
    (
        ConnAck(2),
        "no client id, and a session to keep, at the hub",
        In(|i| {
            i.at("AT+QMTCFG=\"session\",0,0");
            i.open();
            i.ask("AT+QMTCONN=0,\"\"");
        }),
    ),
    (
        ConnAck(2),
        "no client id, and a session to keep, at mosquitto",
        Socket(|o| {
            let broker = Mosquitto::open();
            o.ok("AT+QMTCFG=\"session\",0,0");
            assert_eq!(o.open("127.0.0.1", broker.port()), "+QMTOPEN: 0,0");
            o.result("AT+QMTCONN=0,\"\"")
        }),
    ),
    (
        ConnAck(3),
        "the hub is unavailable",
        In(|i| {
            i.policy(Policy {
                unavailable: true,
                ..Policy::default()
            });
            i.open();
            i.ask("AT+QMTCONN=0,\"me\"");
        }),
    ),
    (
        ConnAck(4),
        "a wrong password",
        In(|i| {
            i.policy(Policy {
                credentials: Some(("user".into(), b"secret".to_vec())),
                ..Policy::default()
            });
            i.open();
            i.ask("AT+QMTCONN=0,\"me\",\"user\",\"wrong\"");
        }),
    ),
    (
        ConnAck(5),
        "nobody may come in without a name, at mosquitto",
        Socket(|o| {
            let broker = Mosquitto::start(|_| "allow_anonymous false\n".to_owned());
            assert_eq!(o.open("127.0.0.1", broker.port()), "+QMTOPEN: 0,0");
            o.result("AT+QMTCONN=0,\"me\"")
        }),
    ),
    (
        Stat(1),
        "the hub closes",
        In(|i| {
            i.connect();
            assert!(i.hub(|hub| hub.close_client("me")));
        }),
    ),
    (
        Stat(1),
        "the server closes",
        Socket(|o| {
            drop(o.connected());
            o.host.line()
        }),
    ),
    (
        Stat(1),
        "the server resets",
        Socket(|o| {
            o.connected().reset();
            o.host.line()
        }),
    ),
    (
        Stat(2),
        "no PINGRESP, where it is not +QMTPING that says so",
        In(|i| {
            i.turn(|profile| profile.ping_lost = PingLost::Stat);
            i.at("AT+QMTCFG=\"keepalive\",0,10");
            i.connect();
            i.machine.break_links(i.now);
            i.wait_ms(15_100);
        }),
    ),
    (
        Stat(3),
        "the way to the hub broke before CONNECT",
        In(|i| {
            i.open();
            i.machine.break_links(i.now);
            i.ask("AT+QMTCONN=0,\"me\"");
        }),
    ),
    (
        Stat(3),
        "the server reset before CONNECT",
        Socket(|o| {
            o.opened().reset();
            o.result("AT+QMTCONN=0,\"me\"")
        }),
    ),
    (
        Stat(3),
        "no CONNECT holds such a will",
        Socket(|o| {
            o.ok("AT+QMTCFG=\"will\",0,1,0,0,\"a/#\",\"gone\"");
            let _peer = o.opened();
            o.result("AT+QMTCONN=0,\"me\"")
        }),
    ),
    (
        Stat(4),
        "no CONNACK",
        In(|i| {
            i.open();
            i.at("AT+QMTCONN=0,\"me\"");
            // While it is under way.
            i.wait_ms(50);
            i.machine.break_links(i.now);
            i.wait_ms(5000);
        }),
    ),
    (
        Stat(4),
        "after a CONNACK that refuses",
        In(|i| {
            i.at("AT+QMTCFG=\"session\",0,0");
            i.open();
            i.ask("AT+QMTCONN=0,\"\"");
        }),
    ),
    (
        Stat(5),
        "after AT+QMTDISC, where the module says so",
        In(|i| {
            i.turn(|profile| profile.stat_after_disconnect = Some(5));
            i.connect();
            i.at("AT+QMTDISC=0");
        }),
    ),
    (
        Stat(6),
        "a publish is not acknowledged, however often it is sent",
        In(|i| {
            i.connect();
            i.machine.break_links(i.now);
            i.at("AT+QMTPUBEX=0,1,1,0,\"t\",1");
            i.machine.input(i.now, b"x");
            i.wait_ms(20_000);
        }),
    ),
    (
        Stat(7),
        "the context is deactivated",
        In(|i| {
            i.connect();
            i.at("AT+QIDEACT=1");
        }),
    ),
    (
        Stat(7),
        "the network is left",
        In(|i| {
            i.open();
            i.at("AT+CGATT=0");
        }),
    ),
    (
        Stat(7),
        "the registration is lost",
        In(|i| {
            i.connect();
            i.at("AT+CFUN=4");
        }),
    ),
    (
        Stat(8),
        "the server sends what is not MQTT",
        Socket(|o| o.after(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    ),
    (
        Stat(8),
        "the server sends a packet of clients",
        Socket(|o| o.after(b"\xC0\0")),
    ),
    (
        Stat(8),
        "the server announces a packet above the bound",
        Socket(|o| o.after(b"\x30\xFD\xFF\x0F\0\x01t")),
    ),
];

#[test]
fn every_code_has_its_cause() {
    let rows: BTreeSet<Code> = TABLE.iter().map(|(code, ..)| *code).collect();
    assert_eq!(rows, documented());
    for (code, name, cause) in TABLE {
        let line = code.line();
        match cause {
            In(cause) => {
                let mut inside = Inside::new(Profile::note());
                cause(&mut inside);
                let count = inside.seen.lines().filter(|seen| *seen == line).count();
                assert_eq!(count, 1, "{code:?}, {name}: {}", inside.seen);
            }
            Socket(cause) => assert_eq!(cause(&mut Outside::new()), line, "{code:?}, {name}"),
        }
    }
}

#[test]
fn strictly_malformed_is_an_error() {
    let mut inside = Inside::new(Profile::note());
    for rest in [
        "\"\",1883",
        "1883",
        "\"h\"",
        "\"h\",0",
        "\"h\",65536",
        "h,1",
    ] {
        inside.ask(&format!("AT+QMTOPEN=0,{rest}"));
        assert_eq!(inside.seen, "\r\nERROR\r\n", "{rest}");
    }
}

#[test]
fn a_connect_is_not_repeated() {
    let mut inside = Inside::new(Profile::note());
    inside.at("AT+QMTCFG=\"timeout\",0,1,5,1");
    inside.open();
    inside.at("AT+QMTCONN=0,\"me\"");
    inside.wait_ms(50);
    inside.machine.break_links(inside.now);
    inside.wait_ms(60_000);
    let seen = "\r\nOK\r\n\r\n+QMTCONN: 0,2\r\n\r\n+QMTSTAT: 0,4\r\n";
    assert_eq!(inside.seen, seen);
}

#[test]
fn a_lost_link_in_each_dialect() {
    for name in Profile::names() {
        let mut inside = Inside::new(Profile::by_name(name).unwrap());
        if name == "note-uart" {
            inside.at("AT+QURCCFG=\"urcport\",\"uart1\"");
        }
        inside.at("AT+QIACT=1");
        inside.open();
        inside.at("AT+QIDEACT=1");
        let code = if name.starts_with("note") { 7 } else { 1 };
        let line = format!("QMTSTAT:0,{code}\r\n");
        let seen = inside.seen.replace(": ", ":");
        assert!(seen.contains(&line), "{name}: {seen}");
    }
}
