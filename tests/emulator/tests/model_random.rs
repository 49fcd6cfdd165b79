//! Whatever is typed, whatever the broker sends, whatever goes wrong: the model goes on, does the
//! same for the same seed, and does not mind how its input was cut.

mod model;

use atmqtt_emulator::fault::Fault;
use atmqtt_emulator::module::{Module, Output, Settings};
use atmqtt_emulator::packet::{FromBroker, OpenFailure, Packet};
use atmqtt_emulator::profile::Profile;
use model::message;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Step {
    Type(Vec<u8>),
    Broker(usize, FromBroker),
    Wait(u64),
    Fault(&'static str),
}

const LINES: &[&str] = &[
    "AT\r",
    "ATE1\r",
    "ATV0\r",
    "ATQ1\r",
    "ATZ\r",
    "A/",
    "AT+CSQ;+CREG?\r\n",
    "AT+CFUN=1,1\r",
    "AT+QMTCFG=\"recv/mode\",0,1,1\r",
    "AT+QMTCFG=\"timeout\",0,1,2,1\r",
    "AT+QMTCFG=?\r",
    "AT+QMTCFG=\"edit/timeout\",0,1,1\r",
    "AT+QMTCFG=\"dataformat\",0,1,1\r",
    "AT+QMTCFG=\"willex\",0,1,0,0,\"w\",3\r",
    "AT+QMTOPEN=0,\"h\",1\r",
    "AT+QMTCONN=0,\"me\"\r",
    "AT+QMTSUB=0,1,\"t\",1\r",
    "AT+QMTUNS=0,2,\"t\"\r",
    "AT+QMTPUBEX=0,3,1,0,\"t\",4\r",
    "AT+QMTPUBEX=0,4,2,0,\"t\",2\r\n",
    "AT+QMTPUBEX=0,0,0,0,\"t\",0\r",
    "AT+QMTPUB=0,3,1,0,\"t\",4\r",
    "AT+QMTPUB=0,4,2,0,\"t\"\r\n",
    "AT+QMTPUB=0,5,1,0,\"t\",\"m\"\r",
    "AT+QMTPUBEX=0,6,1,0,\"t\",\"m\"\r",
    "abcd",
    "abcd\x1a",
    "\x1b",
    "AT+QMTRECV=0\r",
    "AT+QMTRECV?\r",
    "AT+QMTDISC=0\r",
    "AT+QMTCLOSE=0\r",
    "AT+QIDEACT=1\r",
    "AT+CREG=1;+CFUN=4;+CFUN=1\r",
    "AT+QMTOPEN?;+QMTCONN?\r",
    "AT+QFUPL=\"f\",4,1,1\r",
    "AT+QFUPL=\"f\",1024,3,1;+QFLST\r\n",
    "+++",
    "AT+QFDEL=\"*\"\r",
    "AT+QFDWL=\"f\";+QFLDS\r",
    "AT+QFOPEN=\"f\"\r",
    "AT+QFREAD=3000,2\r",
    "AT+QFWRITE=3000,5,1;+QFPOSITION=3000\r",
    "AT+QFSEEK=3000,1;+QFTUCAT=3000\r",
    "AT+QFCLOSE=3000\r",
    "AT+QMTCFG=\"ssl\",0,1,0;+QSSLCFG=\"seclevel\",0,1\r",
    "AT+QSSLCFG=\"cacert\",0,\"f\"\r",
];

const FAULTS: &[&str] = &[
    "delay-prompt:ms=30",
    "lose-prompt",
    "no-prompt",
    "lose-command:times=2",
    "stall:ms=60",
    "stall:of=final,bytes=2,ms=30,times=3",
    "echo:on=command",
    "line:on=between,line=+X: 1",
    "reboot:on=between",
    "delay-final:ms=40,times=3",
    "lose-final",
    "result-first",
    "delay-result:ms=50,times=2",
    "lose-result",
    "double-result",
    "error",
    "cme:code=3",
    "truncate:bytes=3",
    "reboot-in-line:bytes=6",
    "drop-byte",
    "flip-byte:times=4",
    "blank-lines",
    "lose-notice",
    "drop-ack:ack=puback",
    "open-result:code=3",
    "connack:code=2",
    "stat:on=prompt",
    "stat:on=payload",
    "ping:on=result",
    "reboot:on=prompt",
    "reboot:on=payload",
    "reboot:on=result",
    "reboot:on=final",
    "reboot:ms=20,times=3",
    "reboot:on=after-result",
    "pdpdeact:on=command",
    "registration:ms=10",
    "line:on=prompt,line=+X: 1",
    "garbage:bytes=9,on=result",
    "late-stat",
    "stat:ms=7,always,code=6",
    "pdpdeact:on=result,always",
    "late-stat:at=QMTSTAT,on=result,always",
    "stat:on=after-result,always",
    "registration:on=result,always,code=2",
    "urc-in-file:times=2",
    "reboot-in-line:of=info,bytes=12",
];

fn from_broker() -> impl Strategy<Value = FromBroker> {
    let id = 0u16..4;
    let packet = prop_oneof![
        (0u8..3).prop_map(|code| Packet::ConnAck {
            session_present: false,
            code: code / 2
        }),
        id.clone().prop_map(Packet::PubAck),
        id.clone().prop_map(Packet::PubRec),
        id.clone().prop_map(Packet::PubRel),
        id.clone().prop_map(Packet::PubComp),
        id.clone()
            .prop_map(|id| Packet::SubAck { id, codes: vec![1] }),
        id.clone().prop_map(Packet::UnsubAck),
        Just(Packet::PingResp),
        (id, 0u8..3).prop_map(|(id, qos)| Packet::Publish(message(id, "t", b"\r\nOK\r\n", qos))),
    ];
    prop_oneof![
        3 => Just(FromBroker::Opened),
        1 => Just(FromBroker::OpenFailed(OpenFailure::Lost)),
        1 => prop::sample::select(vec![
            FromBroker::Closed,
            FromBroker::ConnectFailed,
            FromBroker::LinkDead,
            FromBroker::GaveUp,
        ]),
        6 => packet.prop_map(FromBroker::Packet),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::sample::select(LINES).prop_map(|line| Step::Type(line.into())),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Step::Type),
        6 => from_broker().prop_map(|from| Step::Broker(0, from)),
        2 => (0u64..3000).prop_map(Step::Wait),
        1 => prop::sample::select(FAULTS).prop_map(Step::Fault),
    ]
}

/// Every output, with the time it came at.
fn run(profile: &'static str, seed: u64, steps: &[Step]) -> Vec<(Duration, Output)> {
    let profile = Profile::by_name(profile).unwrap();
    let mut module = Module::new(Settings {
        profile,
        seed,
        ..Settings::default()
    });
    let (mut now, mut out) = (Duration::ZERO, Vec::new());
    for step in steps {
        match step {
            Step::Type(bytes) => module.handle_input(now, bytes),
            Step::Broker(client, from) => module.handle_broker(now, *client, from.clone()),
            Step::Wait(ms) => {
                now += Duration::from_millis(*ms);
                module.handle_timeout(now);
            }
            Step::Fault(spec) => module.inject_fault(now, spec.parse::<Fault>().unwrap()),
        }
        let mut turns = 0;
        loop {
            while let Some(output) = module.poll_output() {
                assert_ne!(output, Output::Serial(Vec::new()), "an empty burst");
                out.push((now, output));
            }
            match module.poll_timeout() {
                Some(due) if due <= now => module.handle_timeout(now),
                _ => break,
            }
            turns += 1;
            assert!(turns < 1000, "a deadline that does not go away");
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn goes_on_and_does_the_same_again(
        steps in prop::collection::vec(step(), 1..60),
        profile in prop::sample::select(Profile::names().collect::<Vec<_>>()),
        seed in any::<u64>(),
    ) {
        prop_assert_eq!(run(profile, seed, &steps), run(profile, seed, &steps));
    }

    #[test]
    fn commands_may_be_cut_anywhere(
        lines in prop::collection::vec(prop::sample::select(&LINES[..13]), 1..10),
        cuts in prop::collection::vec(1usize..9, 1..40),
    ) {
        let text = lines.concat().into_bytes();
        let bytes = |outputs: Vec<(Duration, Output)>| -> Vec<u8> {
            outputs
                .into_iter()
                .flat_map(|(_, output)| match output {
                    Output::Serial(bytes) => bytes,
                    _ => Vec::new(),
                })
                .collect()
        };
        let whole = run("note", 0, &[Step::Type(text.clone())]);
        let mut rest = text.as_slice();
        let mut steps = Vec::new();
        for cut in cuts.iter().cycle() {
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            steps.push(Step::Type(head.to_vec()));
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(bytes(whole), bytes(run("note", 0, &steps)));
    }
}
