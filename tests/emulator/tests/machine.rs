//! Module and broker together in virtual time.

use atmqtt_emulator::machine::{Machine, MachineOutput};
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;
use proptest::prelude::*;
use std::time::Duration;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

struct Bench {
    machine: Machine,
    now: Duration,
}

impl Bench {
    fn new(latency: u64) -> Self {
        let machine = Machine::new(Settings::default(), ms(latency));
        let mut bench = Self {
            machine,
            now: ms(10_000),
        };
        bench.ask("ATE0");
        bench
    }

    /// Everything that comes within so many milliseconds.
    fn wait(&mut self, time: u64) -> String {
        self.now += ms(time);
        self.machine.run_until(self.now);
        String::from_utf8(self.machine.take_serial()).unwrap()
    }

    /// A line typed, and everything that comes within 100 ms.
    fn ask(&mut self, line: &str) -> String {
        self.machine.input(self.now, format!("{line}\r").as_bytes());
        self.wait(100)
    }

    fn connect(&mut self, settings: &str) {
        self.ask(settings);
        self.ask("AT+QMTOPEN=0,\"host\",1883");
        self.wait(5000);
        self.ask("AT+QMTCONN=0,\"me\"");
        self.wait(5000);
    }

    /// When the next serial output comes, and what it is.
    fn next(&mut self) -> (Duration, String) {
        loop {
            let due = self.machine.poll_timeout().expect("something is due");
            self.machine.run_until(due);
            let bytes = self.machine.take_serial();
            if !bytes.is_empty() {
                return (due - self.now, String::from_utf8(bytes).unwrap());
            }
        }
    }
}

#[test]
fn round_trips_take_the_latency() {
    let mut bench = Bench::new(200);
    for (line, result) in [
        ("AT+QMTOPEN=0,\"host\",1883", "\r\n+QMTOPEN: 0,0\r\n"),
        ("AT+QMTCONN=0,\"me\"", "\r\n+QMTCONN: 0,0,0\r\n"),
        ("AT+QMTSUB=0,1,\"t\",1", "\r\n+QMTSUB: 0,1,0,1\r\n"),
        ("AT+QMTUNS=0,2,\"t\"", "\r\n+QMTUNS: 0,2,0\r\n"),
    ] {
        let start = bench.now;
        assert_eq!(bench.ask(line), "\r\nOK\r\n", "{line}");
        bench.now = start;
        let (took, got) = bench.next();
        assert_eq!(got, result);
        assert!((ms(200)..ms(250)).contains(&took), "{line}: {took:?}");
        bench.now = start + ms(1000);
    }
}

#[test]
fn five_publishes_share_a_round_trip() {
    let mut bench = Bench::new(200);
    bench.connect("AT");
    let start = bench.now;
    for id in 1..=6 {
        let line = format!("AT+QMTPUBEX=0,{id},1,0,\"t\",2\r");
        bench.machine.input(bench.now, line.as_bytes());
        let prompt = bench.wait(10);
        assert_eq!(
            prompt,
            if id <= 5 { "\r\n> " } else { "\r\nERROR\r\n" },
            "{id}"
        );
        if id <= 5 {
            bench.machine.input(bench.now, b"hi");
            assert_eq!(bench.wait(10), "\r\nOK\r\n", "{id}");
        }
    }
    assert!(bench.now - start < ms(200));
    let results: String = (1..=5)
        .map(|id| format!("\r\n+QMTPUBEX: 0,{id},0\r\n"))
        .collect();
    assert_eq!(bench.wait(200), results);
    assert_eq!(bench.machine.hub().published().len(), 5);
}

#[test]
fn silent_client_is_dropped_by_the_broker() {
    let mut bench = Bench::new(0);
    bench.connect("AT+QMTCFG=\"will\",0,1,0,0,\"gone\",\"bye\"");
    assert!(
        bench
            .machine
            .with_hub(bench.now, |hub| hub.close_client("me"))
    );
    assert_eq!(bench.wait(1000), "\r\n+QMTSTAT: 0,1\r\n");
    let published: Vec<_> = bench.machine.hub().published().cloned().collect();
    assert_eq!(published.len(), 1);
    assert!(published[0].will && published[0].topic == "gone" && published[0].payload == b"bye");
}

#[test]
fn pings_keep_the_connection_for_days() {
    let mut bench = Bench::new(50);
    bench.connect("AT+QMTCFG=\"keepalive\",0,30");
    assert_eq!(bench.wait(3 * 24 * 3600 * 1000), "");
    assert_eq!(bench.machine.hub().clients().collect::<Vec<_>>(), ["me"]);
}

#[test]
fn power_cycle() {
    let mut bench = Bench::new(50);
    bench.connect("AT+QMTCFG=\"will\",0,1,0,0,\"gone\",\"bye\"");
    bench.machine.power_cycle(bench.now);
    let (took, got) = bench.next();
    assert!(got.contains("RDY"), "{got:?}");
    assert!(
        took < ms(20_000),
        "its time begins with the switch: {took:?}"
    );
    assert!(bench.wait(60_000).is_empty() || bench.machine.hub().clients().next().is_none());
    assert_eq!(bench.machine.hub().published().len(), 1, "the will");
    bench.ask("ATE0");
    assert_eq!(bench.ask("AT+QMTCONN?"), "\r\nOK\r\n");
}

#[test]
fn hang_up_comes_out() {
    let mut machine = Machine::new(Settings::default(), ms(0));
    machine.inject_fault(ms(1), "hang-up".parse().unwrap());
    machine.run_until(ms(10));
    let out: Vec<_> = std::iter::from_fn(|| machine.poll_output()).collect();
    assert!(out.contains(&MachineOutput::HangUp), "{out:?}");
}

#[test]
fn same_input_same_output_however_late_it_is_called() {
    let lines = [
        "AT+QMTOPEN=0,\"h\",1",
        "AT+QMTOPEN=3,\"h\",1",
        "AT+QMTCONN=0,\"a\"",
        "AT+QMTCONN=3,\"b\"",
        "AT+QMTSUB=3,1,\"#\",2",
        "AT+QMTSUB=0,1,\"x\",2",
        "AT+QMTDISC=0",
    ];
    let run = |every: bool| {
        let mut machine = Machine::new(
            Settings {
                seed: 5,
                ..Settings::default()
            },
            ms(30),
        );
        let mut out = Vec::new();
        for (n, line) in lines.iter().enumerate() {
            let at = ms(1000 * (n as u64 + 1));
            while let Some(due) = machine.poll_timeout().filter(|due| every && *due < at) {
                machine.run_until(due);
                out.extend(machine.take_serial());
            }
            machine.input(at, format!("{line}\r").as_bytes());
            out.extend(machine.take_serial());
        }
        machine.run_until(ms(20_000));
        out.extend(machine.take_serial());
        String::from_utf8(out).unwrap()
    };
    assert_eq!(run(true), run(false));
    assert!(run(true).contains("+QMTDISC: 0,0"));
}

fn typed() -> impl Strategy<Value = Vec<u8>> {
    let line = "(AT)?(\\+QMT(CFG|OPEN|CONN|SUB|UNS|PUB|PUBEX|RECV|DISC|CLOSE)|\\+QMT[A-Z]{0,3}|[A-Z+]{0,4})(=\\?|\\?|=)?\
                ([0-6]|\"(will|session|recv/mode|a|b|)\"|,){0,12}";
    let known = prop::sample::select(vec![
        "AT+QMTOPEN=0,\"h\",1",
        "AT+QMTOPEN=1,\"h\",1",
        "AT+QMTCONN=0,\"a\"",
        "AT+QMTCONN=1,\"a\"",
        "AT+QMTSUB=0,1,\"#\",2",
        "AT+QMTSUB=1,1,\"a\",1,\"+\",0",
        "AT+QMTCFG=\"recv/mode\",0,1,1",
        "AT+QMTCFG=\"willex\",1,1,1,1,\"a\",3",
        "AT+QMTPUBEX=0,1,1,0,\"a\",4",
        "AT+QMTPUBEX=1,2,2,1,\"a\",4",
        "AT+QMTRECV=0",
        "AT+QMTPUB=0,1,1,0,\"a\"",
        "AT+QMTPUB=0,1,1,0,\"a\",4",
        "AT+QMTPUB=0,1,1,0,\"a\",\"b\"",
        "AT+QMTPUBEX=0,1,1,0,\"a\",\"b\"",
        "AT+QMTDISC=0",
        "AT+QMTCLOSE=1",
    ]);
    prop_oneof![
        2 => line.prop_map(|line| format!("{line}\r").into_bytes()),
        5 => known.prop_map(|line| format!("{line}\r").into_bytes()),
        2 => Just(b"data".to_vec()),
        1 => Just(b"data\x1a".to_vec()),
        1 => Just(b"\x1b".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    // There is no place for a file of failures beside an integration test.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_it_stands(
        profile in prop::sample::select(Profile::names().collect::<Vec<_>>()),
        latency in 0..300_u64,
        steps in prop::collection::vec((typed(), 0..400_u64), 0..60),
        seed: u64,
    ) {
        let profile = Profile::by_name(profile).expect("a name of the list");
        let settings = Settings { profile, seed, ..Settings::default() };
        let mut machine = Machine::new(settings, ms(latency));
        let mut now = ms(0);
        for (bytes, pause) in steps {
            machine.input(now, &bytes);
            now += ms(pause);
            machine.run_until(now);
            prop_assert!(machine.poll_timeout().is_none_or(|due| due > now));
        }
        // Within the longest time anything takes, it can be spoken to again.
        machine.run_until(now + ms(200_000));
        machine.input(now + ms(200_000), &[b'x'; 5000]);
        machine.input(now + ms(200_200), b"\x1a\rATQ0V1\r");
        machine.run_until(now + ms(400_000));
        machine.take_serial();
        machine.input(now + ms(400_000), b"AT\r");
        machine.run_until(now + ms(401_000));
        let answer = machine.take_serial();
        prop_assert!(answer.ends_with(b"OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    }
}
