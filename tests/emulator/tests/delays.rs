//! Faults that make the module slow for good: every result line, every `OK`.

mod session;

use atmqtt_emulator::profile::Profile;
use session::{ERROR, OK, Session};

/// A life of client 0: each command, and the result it gets.
fn life(s: &Session) -> Vec<(String, String)> {
    let sub = s.line("QMTSUB", "1,0,1");
    let uns = s.line("QMTUNS", "2,0");
    [
        ("AT+QMTOPEN=0,\"h\",1", s.line("QMTOPEN", "0")),
        ("AT+QMTCONN=0,\"me\"", s.line("QMTCONN", "0,0")),
        ("AT+QMTSUB=0,1,\"t\",1", sub.clone()),
        ("AT+QMTUNS=0,2,\"t\"", uns.clone()),
        ("AT+QMTSUB=0,1,\"t\",1", sub),
        ("AT+QMTUNS=0,2,\"t\"", uns),
        ("AT+QMTDISC=0", s.line("QMTDISC", "0")),
        ("AT+QMTOPEN=0,\"h\",1", s.line("QMTOPEN", "0")),
        ("AT+QMTCLOSE=0", s.line("QMTCLOSE", "0")),
    ]
    .map(|(command, result)| (command.to_owned(), result))
    .into()
}

fn start(name: &str, faults: &[&str]) -> Session {
    let mut s = Session::new(name, 0, faults);
    if s.profile.port != "usbat" {
        s.at(&format!("AT+QURCCFG=\"urcport\",\"{}\"", s.profile.port));
    }
    s.at("AT+QIACT=1");
    s.wait(10_000);
    s
}

#[test]
fn every_result_line() {
    for name in Profile::names() {
        let mut s = start(name, &["delay-result:ms=700,always"]);
        for (command, result) in life(&s) {
            assert_eq!(s.at(&command), OK, "{name}: {command}");
            assert_eq!(s.wait(499), "", "{name}: {command}");
            assert_eq!(s.wait(1), result, "{name}: {command}");
        }
    }
}

#[test]
fn the_result_lines_of_one_command() {
    let mut s = start("note", &["delay-result:at=QMTSUB,ms=700,always"]);
    for (command, result) in life(&s) {
        if command.starts_with("AT+QMTSUB") {
            assert_eq!(s.at(&command), OK);
            assert_eq!(s.wait(500), result);
        } else {
            assert_eq!(s.at(&command), format!("{OK}{result}"));
        }
    }
}

#[test]
fn every_ok() {
    for name in Profile::names() {
        let mut s = Session::new(name, 0, &[]);
        if s.profile.port != "usbat" {
            s.at(&format!("AT+QURCCFG=\"urcport\",\"{}\"", s.profile.port));
        }
        s.at("AT+QIACT=1");
        s.inject("delay-final:ms=900,always");
        for (command, result) in life(&s) {
            assert_eq!(s.at(&command), "", "{name}: {command}");
            assert_eq!(s.wait(699), "", "{name}: {command}");
            assert_eq!(s.wait(1), format!("{OK}{result}"), "{name}: {command}");
        }
        assert_eq!(s.at("AT+NOSUCH"), "");
        assert_eq!(s.wait(700), ERROR);
    }
}

#[test]
fn both_and_messages_too() {
    for name in Profile::names() {
        let mut s = Session::connected(name);
        let publish = s.publish();
        s.at("AT+QMTSUB=0,1,\"t\",0");
        s.inject(&format!("delay-final:at={publish},ms=1000,always"));
        s.inject(&format!("delay-result:at={publish},ms=2000,always"));
        s.inject("delay-result:at=QMTRECV,ms=9000,always");
        let extra = s.profile.publish_ok_delay.as_millis().try_into().unwrap();
        for _ in 0..3 {
            let command = format!("AT+{publish}=0,4,1,0,\"t\",2");
            assert_eq!(s.at(&command), s.profile.prompt, "{name}");
            assert_eq!(s.raw("hi"), "");
            s.wait(extra);
            assert_eq!(s.wait(799), "", "{name}");
            assert_eq!(s.wait(1), OK, "{name}");
            assert_eq!(s.wait(1999), "", "{name}");
            assert_eq!(s.wait(1), s.line(publish, "4,0"), "{name}");
            assert!(s.wait(9000).contains("+QMTRECV"), "{name}");
        }
        // The others are as quick as ever.
        assert_eq!(
            s.at("AT+QMTUNS=0,2,\"t\""),
            format!("{OK}{}", s.line("QMTUNS", "2,0"))
        );
    }
}
