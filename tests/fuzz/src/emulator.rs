//! The emulated module: what a host types, what a broker sends, what goes wrong, and time. It stands, does
//! not print without end, and can be spoken to again.

use std::time::Duration;

use atmqtt_emulator::fault::Fault;
use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::{Module, Output, Settings};
use atmqtt_emulator::packet::{FromBroker, OpenFailure, Packet, Publish};
use atmqtt_emulator::profile::Profile;

use crate::input::{Input, Writer};
use crate::seeds::transcripts;

/// Commands that a fuzzer need not find out.
const LINES: &[&str] = &[
    "AT+QMTCFG=\"recv/mode\",0,1,1\r",
    "AT+QMTCFG=\"timeout\",0,1,2,1\r",
    "AT+QMTCFG=\"edit/timeout\",0,1,1\r",
    "AT+QMTCFG=\"dataformat\",0,1,1\r",
    "AT+QMTCFG=\"willex\",0,1,0,0,\"w\",3\r",
    "AT+QMTCFG=?\r",
    "AT+QMTOPEN=0,\"h\",1\r",
    "AT+QMTCONN=0,\"me\"\r",
    "AT+QMTSUB=0,1,\"t\",1\r",
    "AT+QMTUNS=0,2,\"t\"\r",
    "AT+QMTPUBEX=0,3,1,0,\"t\",4\r",
    "AT+QMTPUBEX=0,4,2,0,\"t\",2\r\n",
    "AT+QMTPUB=0,4,2,0,\"t\"\r\n",
    "AT+QMTPUB=0,5,1,0,\"t\",\"m\"\r",
    "AT+QMTRECV=0\r",
    "AT+QMTRECV?\r",
    "AT+QMTDISC=0\r",
    "AT+QMTCLOSE=0\r",
    "AT+QMTOPEN?;+QMTCONN?\r",
    "AT+QIACT=1;+QIDEACT=1\r",
    "AT+CFUN=1,1\r",
    "AT+CFUN=4;+CFUN=1\r",
    "ATE1V1Q0\r",
    "AT+QFUPL=\"f\",4,1,1\r",
    "AT+QFUPL=\"f\",1024,3,1;+QFLST\r\n",
    "AT+QFDWL=\"f\";+QFLDS\r",
    "AT+QFOPEN=\"f\";+QFREAD=3000,2;+QFCLOSE=3000\r",
    "AT+QFWRITE=3000,5,1;+QFPOSITION=3000\r",
    "AT+QFSEEK=3000,1;+QFTUCAT=3000\r",
    "AT+QMTCFG=\"ssl\",0,1,0;+QSSLCFG=\"seclevel\",0,1\r",
    "abcd",
    "abcd\x1a",
    "\x1b",
    "+++",
];

/// One of every kind; none that goes on for ever.
pub(crate) const FAULTS: &[&str] = &[
    "delay-prompt:ms=30",
    "lose-prompt",
    "no-prompt",
    "lose-command:times=2",
    "delay-final:ms=40,times=3",
    "lose-final",
    "result-first",
    "delay-result:ms=50,times=2",
    "lose-result",
    "double-result",
    "error",
    "cme:code=3",
    "lose-notice",
    "drop-ack:ack=puback",
    "open-result:code=3",
    "connack:code=2",
    "stat:on=prompt",
    "stat:on=payload",
    "ping:on=result",
    "pdpdeact:on=command",
    "registration:ms=10",
    "late-stat",
    "reboot:on=prompt",
    "reboot:on=payload",
    "reboot:on=result",
    "reboot:ms=20,times=3",
    "echo:on=command",
    "line:on=between,line=+X: 1",
    "blank-lines",
    "stall:ms=60",
    "urc-in-file:times=2",
    // From here on bytes are lost or changed.
    "truncate:bytes=3",
    "drop-byte",
    "flip-byte:times=4",
    "garbage:bytes=9,on=result",
    "reboot-in-line:bytes=6",
];

/// The first of [`FAULTS`] after which what comes need not be what the module meant.
pub(crate) const DAMAGING: usize = 31;

/// More than what any byte that is typed or any packet makes a module print.
const PRINTED_MAX: usize = 64 * 1024;

/// Runs one input: the dialect and who the broker is, then what happens.
///
/// # Panics
///
/// Where something does not hold.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let names: Vec<_> = Profile::names().collect();
    let profile = Profile::by_name(names[input.below(names.len())]).unwrap_or_default();
    let seed = input.byte().into();
    let settings = Settings {
        profile,
        seed,
        ..Settings::default()
    };
    if input.flag() {
        with_hub(settings, &mut input);
    } else {
        with_packets(settings, &mut input);
    }
}

fn with_hub(settings: Settings, input: &mut Input<'_>) {
    let latency = Duration::from_millis(input.byte().into());
    let mut machine = Machine::new(settings, latency);
    let mut now = Duration::ZERO;
    while !input.is_empty() {
        match input.below(12) {
            0..=3 => machine.input(now, input.choose(LINES).as_bytes()),
            4 | 5 => machine.input(now, input.bytes()),
            6 => now += Duration::from_millis(input.byte().into()),
            7 => now += Duration::from_millis(u64::from(input.number()) * 4),
            8 => machine.inject_fault(now, fault(input)),
            9 => {
                let (qos, payload) = (input.small(3), input.bytes());
                let sent = machine.with_hub(now, |hub| hub.publish("t", payload, qos, false));
                assert!(sent.is_ok());
            }
            10 => match input.small(4) {
                0 => machine.break_links(now),
                1 => machine.power_cycle(now),
                2 => machine.inject_urc(now, &input.text()),
                _ => {
                    machine.with_hub(now, |hub| hub.close_client("me"));
                }
            },
            _ => now += Duration::from_secs(input.byte().into()),
        }
        machine.run_until(now);
        assert!(machine.poll_timeout().is_none_or(|due| due > now));
        let printed = machine.take_serial().len();
        assert!(printed <= PRINTED_MAX, "{printed} bytes at once");
    }
    // It may wait for a file, for as long as that was told to.
    now += Duration::from_secs(70_000);
    machine.run_until(now);
    machine.take_serial();
    machine.input(now, &[b'x'; 5000]);
    now += Duration::from_secs(1);
    machine.input(now, b"\x1a\rATQ0V1\r");
    now += Duration::from_secs(400);
    machine.run_until(now);
    machine.take_serial();
    // A fault that has not struck yet does it now, and no more often than it was told to.
    let answers = (0..50).map(|_| {
        machine.input(now, b"AT\r");
        now += Duration::from_secs(60);
        machine.run_until(now);
        machine.take_serial()
    });
    let last = answers.last().unwrap_or_default();
    assert!(last.ends_with(b"OK\r\n"), "{}", last.escape_ascii());
}

fn fault(input: &mut Input<'_>) -> Fault {
    let fault = input.choose(FAULTS);
    fault.parse().expect("a fault of the list")
}

/// Packets that no broker would send now, and connections that come and go.
fn with_packets(settings: Settings, input: &mut Input<'_>) {
    let mut module = Module::new(settings);
    let mut now = Duration::ZERO;
    while !input.is_empty() {
        match input.below(10) {
            0..=3 => module.handle_input(now, input.choose(LINES).as_bytes()),
            4 => module.handle_input(now, input.bytes()),
            5..=7 => {
                let client = input.below(7);
                let news = news(input);
                module.handle_broker(now, client, news);
            }
            8 => now += Duration::from_millis(u64::from(input.number())),
            _ => module.inject_fault(now, fault(input)),
        }
        module.handle_timeout(now);
        let (mut turns, mut printed) = (0, 0);
        loop {
            while let Some(output) = module.poll_output() {
                if let Output::Serial(bytes) = output {
                    assert!(!bytes.is_empty(), "an empty burst");
                    printed += bytes.len();
                }
            }
            match module.poll_timeout() {
                Some(due) if due <= now => module.handle_timeout(now),
                _ => break,
            }
            turns += 1;
            assert!(turns < 1000, "a deadline that does not go away");
        }
        assert!(printed <= PRINTED_MAX, "{printed} bytes at once");
    }
}

fn news(input: &mut Input<'_>) -> FromBroker {
    let kind = input.below(16);
    let id = u16::from(input.byte());
    FromBroker::Packet(match kind {
        0 | 1 => return FromBroker::Opened,
        2 => return FromBroker::OpenFailed(OpenFailure::Lost),
        3 => return FromBroker::Closed,
        4 => return FromBroker::ConnectFailed,
        5 => return FromBroker::LinkDead,
        6 => return FromBroker::GaveUp,
        7 => Packet::PubAck(id),
        8 => Packet::PubRec(id),
        9 => Packet::PubRel(id),
        10 => Packet::PubComp(id),
        11 => Packet::UnsubAck(id),
        12 => Packet::PingResp,
        13 => Packet::SubAck {
            id,
            codes: input.bytes().to_vec(),
        },
        14 => Packet::ConnAck {
            session_present: id & 1 == 1,
            code: input.byte(),
        },
        _ => Packet::Publish(Publish {
            id,
            topic: input.text(),
            qos: input.small(3),
            retain: input.flag(),
            dup: input.flag(),
            payload: input.bytes().to_vec(),
        }),
    })
}

/// Sessions, and what hosts typed.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let line = |writer: Writer, line: u8| writer.choices(&[0, line]);
    let mut seeds = Vec::new();
    for (profile, _) in (0..u8::MAX).zip(Profile::names()) {
        let open = Writer::new().choices(&[profile, 0, 1, 10]);
        let open = line(open, 6).choices(&[7, 100, 0]);
        let open = line(open, 7).choices(&[7, 100, 0]);
        let open = line(open, 8).choices(&[7, 100, 0]);
        let said = line(open.clone(), 10).choices(&[6, 50, 4]).bytes(b"abcd");
        seeds.push(said.choices(&[9, 1]).bytes(b"\r\nOK\r\n").done());
        seeds.push(
            line(open, 12)
                .choices(&[6, 50, 4])
                .bytes(b"abcd\x1a")
                .done(),
        );
        let file = Writer::new().choices(&[profile, 0, 1, 0]);
        let file = line(file, 23).choices(&[6, 50, 4]).bytes(b"abcd");
        seeds.push(line(line(file, 25), 26).done());
        let packets = Writer::new().choices(&[profile, 0, 0]);
        let packets = line(packets, 6).choices(&[5, 0, 0, 0]);
        seeds.push(line(packets, 7).choices(&[5, 0, 14, 0, 0]).done());
    }
    for fault in 0..u8::try_from(FAULTS.len()).unwrap_or(0) {
        let writer = Writer::new().choices(&[0, 0, 1, 0, 8, fault]);
        let writer = line(writer, 6).choices(&[7, 100, 0]);
        let writer = line(writer, 7).choices(&[7, 100, 0]);
        seeds.push(line(writer, 10).choices(&[6, 50]).done());
    }
    for transcript in transcripts() {
        let writer = Writer::new().choices(&[0, 0, 1, 0]);
        let typed = transcript.entries.iter().filter(|(printed, _)| !*printed);
        let add = |writer: Writer, (_, bytes): &(bool, Vec<u8>)| {
            writer.choices(&[4]).bytes(bytes).choices(&[6, 100])
        };
        let seed = typed.fold(writer, add).done();
        if seed.len() > 4 {
            seeds.push(seed);
        }
    }
    seeds
}
