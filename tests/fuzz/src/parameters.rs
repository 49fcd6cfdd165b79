//! What a module answers, read by every call that reads an answer; and what a program passes in, written
//! into a command line.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use atmqtt::engine::{Engine, OpId, Options, Outcome, Output, Request};
use atmqtt::wire::{CommandLine, Field, Fields};
use atmqtt::{
    Apn, Certificate, Client, ClientConfig, Driver, Modem, Result, SettingName, TlsConfig, mask,
};

use crate::input::{Input, Writer};
use crate::seeds::transcripts;

/// Runs one input: which call, and what the module answers to each of its commands; or a line.
///
/// # Panics
///
/// Where something does not hold.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let call = input.byte();
    match call % 32 {
        30 => fields(input.rest()),
        31 => command_line(&mut input),
        call => answers(call, input),
    }
}

/// Reads parameters in every way that the library has.
fn fields(line: &[u8]) {
    let _ = mask::shown(line);
    let count = |fields: Fields<'_>| {
        let mut length = 0;
        for (n, field) in fields.enumerate() {
            assert!(n <= line.len(), "more parameters than bytes");
            let _ = (field.int(), field.text());
            length += match field {
                Field::Text(text) | Field::Bare(text) | Field::Group(text) => text.len(),
                Field::Int(_) => 1,
            };
        }
        assert!(length <= line.len(), "a byte was read twice");
    };
    count(Fields::new(line));
    if let Some((name, mut fields)) = Fields::of_line(line) {
        assert!(line.trim_ascii_start().starts_with(name));
        count(fields.clone());
        while !fields.is_at_end() {
            let before = fields.rest().map(<[u8]>::len);
            let _: Option<i64> = fields.clone().int();
            let _ = fields.text();
            assert!(fields.rest().map(<[u8]>::len) < before, "does not get on");
        }
    }
}

/// Whatever a program passes in, it is refused, or is one parameter of one line; as a secret, no log shows
/// it.
fn command_line(input: &mut Input<'_>) {
    let number = i64::from(input.number()) - 300;
    let text = input.text();
    let secret = input.text();
    let line = || CommandLine::new("AT+QMTCONN").int(0);
    let Ok(line) = line().text("client_id", &text, 0..=256) else {
        return;
    };
    let bytes = line.as_bytes();
    assert!(!bytes.iter().any(|byte| byte.is_ascii_control()));
    let parameters = bytes.strip_prefix(b"AT+QMTCONN=").expect("the name");
    let mut fields = Fields::new(parameters);
    assert_eq!(fields.int::<u8>(), Some(0));
    assert_eq!(fields.text(), Some(text.as_bytes()));
    assert!(fields.is_at_end(), "more than one parameter");
    let Ok(line) = line.ranged("number", number, -200..=60_000) else {
        return;
    };
    assert!((-200..=60_000).contains(&number));
    if let Ok(line) = line.secret("password", &secret, 0..=256) {
        let shown = format!("{line} {line:?} {}", mask::shown(line.as_bytes()));
        // A short one is in any text.
        let hidden = secret.len() < 8 || !shown.contains(&secret);
        assert!(hidden || text.contains(&secret), "{shown}");
    }
}

/// Calls the library with a module that answers with what the input holds.
fn answers(call: u8, input: Input<'_>) {
    let module = Module::new(input);
    let modem = Modem::driven(module).expect("two descriptors");
    let client = || modem.client(call % 6);
    let network = modem.network();
    let files = modem.files();
    let tls = || modem.tls(call % 6);
    let told: Box<dyn fmt::Debug> = match call {
        0 => Box::new(modem.info()),
        1 => Box::new(modem.signal()),
        2 => Box::new(modem.capabilities()),
        3 => Box::new(modem.command("AT+CSQ;+CREG?")),
        4 => Box::new(modem.command_with_data("AT+QISEND=0,5", b"hello")),
        5 => Box::new(network.registration()),
        6 => Box::new(network.operator()),
        7 => Box::new(network.sim()),
        8 => Box::new(network.apn(1)),
        9 => Box::new(network.address(1)),
        10 => Box::new(network.clock()),
        11 => Box::new(network.urc_port()),
        12 => Box::new(network.activate(1)),
        13 => Box::new(network.deactivate(1)),
        14 => Box::new(network.wait_ready(1, Duration::from_secs(5), |state| {
            let _ = format!("{state} {state:?}");
        })),
        15 => Box::new(network.set_apn(1, &Apn::new("a"))),
        16 => Box::new(files.list("*")),
        17 => Box::new(files.size("a")),
        18 => Box::new(files.delete("a")),
        19 => Box::new(files.space()),
        20 => Box::new(files.download("a")),
        21 => Box::new(files.upload("a", b"\r\nOK\r\n")),
        22 => Box::new(files.ensure("a", b"abc")),
        23 => Box::new(tls().and_then(|tls| tls.config())),
        24 => Box::new(
            tls().and_then(|tls| tls.configure(&TlsConfig::new(Certificate::on_module("ca.pem")))),
        ),
        25 => Box::new(client().and_then(|client| client.config())),
        26 => Box::new(client().and_then(|client| every_setting(&client))),
        27 => Box::new(
            client().and_then(|client| client.configure(&ClientConfig::new().keepalive(9))),
        ),
        28 => Box::new(client().and_then(|client| client.open("h", 1))),
        _ => Box::new(client().and_then(|client| client.close())),
    };
    let _ = format!("{told:?}");
}

fn every_setting(client: &Client) -> Result<()> {
    for name in [
        SettingName::Will,
        SettingName::WillEx,
        SettingName::Timeout,
        SettingName::AliAuth,
        SettingName::EditTimeout,
    ] {
        client.setting(name)?;
    }
    Ok(())
}

/// A module in virtual time whose every answer is the next part of an input.
#[derive(Debug)]
struct Module(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    now: Instant,
    answers: Vec<Vec<u8>>,
}

impl Module {
    fn new(mut input: Input<'_>) -> Self {
        let now = Instant::now();
        let mut answers = Vec::new();
        while !input.is_empty() {
            // A final result code is there more often than not.
            let end = *input.choose(&[
                &b"\r\n\r\nOK\r\n"[..],
                b"\r\n\r\nOK\r\n",
                b"\r\n+CME ERROR: 3\r\n",
                b"\r\nERROR\r\n",
                b"",
                b"\r\n",
            ]);
            let answer = input.bytes();
            answers.push([b"\r\n", answer, end].concat());
        }
        answers.reverse();
        let options = Options {
            silence: Duration::ZERO,
            ..Options::default()
        };
        let mut inner = Inner {
            engine: Engine::new(now, options),
            now,
            answers,
        };
        let start = inner.engine.start(now);
        let _ = inner.finish(start, Some(b"\r\n+CMEE: 1\r\n\r\nOK\r\n"));
        Self(Mutex::new(inner))
    }
}

impl Inner {
    /// Lets the module answer until an operation has ended.
    fn finish(&mut self, id: OpId, always: Option<&[u8]>) -> Result<Outcome> {
        for _ in 0..10_000 {
            let sent = self.engine.transmit().len();
            self.engine.transmitted(sent);
            while let Some(output) = self.engine.poll_output() {
                match output {
                    Output::Done(done, result) if done == id => return result,
                    _ => {}
                }
            }
            let answer = match always {
                Some(answer) => Some(answer.to_vec()),
                None => self.answers.pop(),
            };
            if let (true, Some(answer)) = (sent > 0, answer) {
                self.engine.handle_input(self.now, &answer);
            } else if let Some(due) = self.engine.poll_timeout() {
                self.now = self.now.max(due);
                self.engine.handle_timeout(self.now);
            }
        }
        panic!("it does not end: {:?}", self.engine);
    }
}

impl Driver for Module {
    fn call(&self, request: Request, _: Option<Duration>) -> Result<Outcome> {
        let mut inner = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        let now = inner.now;
        let id = inner.engine.submit(now, request)?;
        inner.finish(id, None)
    }

    fn now(&self) -> Instant {
        self.0
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
            .now
    }

    fn pause(&self, until: Instant) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        inner.now = inner.now.max(until);
        false
    }
}

/// Answers as modules print them, to the calls that ask for them.
const ANSWERS: &[(u8, &[&str])] = &[
    (
        0,
        &[
            "Quectel\r\nEC200A\r\nRevision: R1",
            "860000000000001",
            "262010000000001",
            "+QCCID: 8949",
        ],
    ),
    (1, &["+CSQ: 29,99"]),
    (
        2,
        &[
            "+QMTCFG: \"will\",(0-5),(0,1),(0-2)\r\n+QMTCFG: \"timeout\",(0-5),(1-60)",
            "+QMTOPEN: (0-5),\"hostname\",(1-65535)",
        ],
    ),
    (3, &["+CSQ: 1,2\r\n+CREG: 0,1"]),
    (
        5,
        &[
            "+CREG: 0,1",
            "+CGREG: 2,1,\"1A2B\",\"0C3D4E5F\",7",
            "+CEREG: 0,5",
        ],
    ),
    (
        6,
        &[
            "+COPS: 0,0,\"Operator\",7",
            "+QNWINFO: \"FDD LTE\",\"26201\",\"LTE BAND 3\",1300",
        ],
    ),
    (7, &["+CPIN: SIM PIN"]),
    (8, &["+QICSGP: 1,\"apn\",\"me\",\"secret\",1"]),
    (9, &["+QIACT: 1,1,1,\"10.7.157.1\""]),
    (10, &["+CCLK: \"26/03/01,12:00:00+04\""]),
    (11, &["+QURCCFG: \"urcport\",\"usbat\""]),
    (
        14,
        &[
            "+CPIN: READY",
            "+CREG: 0,1",
            "+CGREG: 0,1",
            "+CEREG: 0,1",
            "+QIACT: 1,1,1,\"10.7.157.1\"",
        ],
    ),
    (16, &["+QFLST: \"UFS:a\",3\r\n+QFLST: \"UFS:b,c\",4"]),
    (19, &["+QFLDS: 180224,286720"]),
    (
        20,
        &["+QFLST: \"UFS:a\",3", "+QFOPEN: 3000", "CONNECT 3\r\nabc"],
    ),
    (21, &["", "CONNECT", "+QFUPL: 6,4a4b"]),
    (
        22,
        &["+QFLST: \"UFS:a\",3", "+QFOPEN: 3000", "CONNECT 3\r\nabc"],
    ),
    (
        23,
        &[
            "+QSSLCFG: \"sslversion\",5,3",
            "+QSSLCFG: \"seclevel\",5,2",
            "+QSSLCFG: \"ciphersuite\",5,0XFFFF",
        ],
    ),
    (
        25,
        &[
            "+QMTCFG: \"version\",4",
            "+QMTCFG: \"pdpcid\",1",
            "+QMTCFG: \"ssl\",1,2",
        ],
    ),
    (
        26,
        &[
            "+QMTCFG: \"will\",1,0,0,\"t\",\"m\"",
            "+QMTCFG: \"willex\",1,0,0,\"t\",5",
            "+QMTCFG: \"timeout\",5,3,0",
        ],
    ),
];

/// Answers and lines that modules print.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = ANSWERS
        .iter()
        .map(|(call, answers)| {
            let writer = Writer::new().choices(&[*call]);
            let add = |writer: Writer, answer: &&str| writer.choices(&[0]).bytes(answer.as_bytes());
            answers.iter().fold(writer, add).done()
        })
        .collect();
    for transcript in transcripts() {
        for line in transcript.printed().split(|&byte| byte == b'\n') {
            let line = line.trim_ascii();
            if !line.is_empty() {
                seeds.push(Writer::new().choices(&[30]).rest(line).done());
                seeds.push(Writer::new().choices(&[3, 0]).bytes(line).done());
            }
        }
    }
    let line = Writer::new().choices(&[31, 44, 2]);
    seeds.push(
        line.clone()
            .bytes(b"sensor-17")
            .bytes(b"hunter2hunter2")
            .done(),
    );
    seeds.push(
        line.bytes(b"a\"\r\nAT+X")
            .bytes("p\u{e4}ss".as_bytes())
            .done(),
    );
    seeds.sort();
    seeds.dedup();
    seeds
}
