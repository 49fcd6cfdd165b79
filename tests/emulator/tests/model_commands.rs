//! The AT layer and the commands around MQTT.

mod model;

use atmqtt_emulator::module::Settings;
use atmqtt_emulator::packet::ToBroker;
use atmqtt_emulator::profile::Profile;
use model::{Bench, ERROR, OK, PROMPT, answer, bench, lines, with};

fn echoing() -> Bench {
    let mut b = bench();
    b.ok("ATE1");
    b
}

#[test]
fn echo_ends_with_the_cr() {
    let mut b = echoing();
    assert_eq!(b.at("AT"), "AT\r\r\nOK\r\n");
    assert_eq!(
        b.raw(b" at+csq  \r\n"),
        "at+csq  \r\r\n+CSQ: 28,99\r\n\r\nOK\r\n"
    );
    assert_eq!(b.at("ATE0"), "ATE0\r\r\nOK\r\n");
    assert_eq!(b.at("ATE1"), OK);
    assert_eq!(b.raw(b"AT"), "AT", "as it is typed");
    assert_eq!(b.raw(b"\r"), "\r\r\nOK\r\n");
}

#[test]
fn several_commands_in_one_line() {
    let mut b = bench();
    b.ok("ATE0V1Q0");
    b.ok("ATQ0V1E0");
    b.ok("AT&FE0;&W;&C1&D2");
    let all = "\r\n+CSQ: 28,99\r\n\r\n+CPIN: READY\r\n\r\nOK\r\n";
    assert_eq!(b.at("AT+CSQ;+CPIN?;&D2"), all);
    assert_eq!(
        b.at("AT+CSQ;+NO;+CPIN?"),
        "\r\n+CSQ: 28,99\r\n\r\nERROR\r\n"
    );
    b.connect(0);
    b.at("AT+CSQ;+QMTPUBEX=0,0,0,0,\"t\",1;+CPIN?");
    assert_eq!(
        b.raw(b"x"),
        "\r\n+CPIN: READY\r\n\r\nOK\r\n\r\n+QMTPUBEX: 0,0,0\r\n"
    );
}

#[test]
fn unknown_or_misshapen() {
    let mut b = bench();
    for bad in [
        "AT+NONEXISTENT",
        "ATBOGUS",
        "AT+QMTCFG",
        "AT+QMTSUB?",
        "AT+QMTCLOSE?",
        "AT+CSQ=1",
        "AT+QMTOPEN=",
        "AT+QMTOPEN =0,\"h\",1",
        "AT+QMTDISC=0,0",
        "AT+QMTDISC=\"0\"",
    ] {
        b.error(bad);
    }
    assert_eq!(b.raw(b"noise\r\n"), "", "nothing without AT");
    assert_eq!(b.raw(b"\x1aAT\r"), OK);
    b.error(&format!("AT+CSQ{}", " ".repeat(5000)));
    b.ok("AT");
}

#[test]
fn repeat_and_backspace() {
    let mut b = bench();
    b.at("AT+CSQ");
    assert_eq!(b.raw(b"A/"), answer(&["+CSQ: 28,99"]));
    assert_eq!(b.raw(b"AX\x08T\r"), OK);
}

#[test]
fn numeric_and_no_codes() {
    let mut b = bench();
    assert_eq!(b.at("ATV0"), "0\r");
    assert_eq!(b.at("AT+CSQ"), "+CSQ: 28,99\r\n0\r");
    assert_eq!(b.at("AT+NO"), "4\r");
    assert_eq!(b.at("ATQ1"), "");
    assert_eq!(b.at("AT+CSQ"), "+CSQ: 28,99\r\n");
    b.at("ATQ0V1");
    b.ok("AT");
}

#[test]
fn error_levels() {
    let mut b = bench();
    for (level, shown) in [
        (0, "ERROR"),
        (1, "+CME ERROR: 3"),
        (2, "+CME ERROR: operation not allowed"),
    ] {
        b.ok(&format!("AT+CMEE={level}"));
        assert_eq!(b.at("AT+CPIN=\"0000\""), lines(&[shown]));
        b.error("AT+QMTDISC=0");
    }
    b.error("AT+CMEE=3");
}

#[test]
fn registers_and_preferences() {
    let mut b = bench();
    assert_eq!(b.at("ATS3?S4?"), "\r\n013\r\n\r\n010\r\n\r\nOK\r\n");
    b.ok("ATS5=127");
    assert_eq!(b.at("ATS5?"), answer(&["127"]));
    b.ok("AT+CREG=2;&W");
    b.ok("AT+CREG=0;Z");
    assert!(b.at("AT+CREG?").contains("+CREG: 2,1,"));
    assert_eq!(b.at("ATS5?"), answer(&["008"]));
}

#[test]
fn what_programs_ask_first() {
    let mut b = bench();
    assert_eq!(
        b.at("ATI"),
        answer(&["Quectel", "EC200A", "Revision: EC200AEMULATED"])
    );
    for (command, shown) in [
        ("AT+CPIN?", "+CPIN: READY"),
        ("AT+CREG?", "+CREG: 0,1"),
        ("AT+CGREG?", "+CGREG: 0,1"),
        ("AT+CEREG?", "+CEREG: 0,1"),
        ("AT+CGATT?", "+CGATT: 1"),
        ("AT+CFUN?", "+CFUN: 1"),
        ("AT+COPS?", "+COPS: 0,0,\"EMULATED\",7"),
        ("AT+IPR?", "+IPR: 115200"),
        ("AT+CMEE?", "+CMEE: 1"),
        ("AT+QURCCFG=\"urcport\"", "+QURCCFG: \"urcport\",\"usbat\""),
        ("AT+QCFG=\"urc/cache\"", "+QCFG: \"urc/cache\",0"),
        ("AT+QIGETERROR", "+QIGETERROR: 0,operate successfully"),
    ] {
        assert_eq!(b.at(command), answer(&[shown]));
    }
    for command in [
        "CGMI", "CGMM", "CGMR", "GMI", "GMM", "GMR", "CIMI", "CGSN", "GSN", "QCCID", "CSQ",
        "QNWINFO", "CGPADDR", "QLTS",
    ] {
        let out = b.at(&format!("AT+{command}"));
        assert!(out.ends_with(OK) && out.len() > 10, "{command}: {out}");
        assert!(b.at(&format!("AT+{command}=?")).ends_with(OK), "{command}");
    }
}

#[test]
fn clock() {
    let mut b = bench();
    assert_eq!(
        b.at("AT+CCLK?"),
        answer(&["+CCLK: \"26/01/01,00:00:00+00\""])
    );
    b.ok("AT+CCLK=\"24/02/28,23:59:59+32\"");
    b.wait(2);
    assert_eq!(
        b.at("AT+CCLK?"),
        answer(&["+CCLK: \"24/02/29,00:00:01+32\""])
    );
}

#[test]
fn contexts() {
    let mut b = bench();
    b.ok("AT+QICSGP=1,1,\"apn\",\"user\",\"pw\",1");
    let shown = "+QICSGP: 1,\"apn\",\"user\",\"pw\",1";
    assert_eq!(b.at("AT+QICSGP=1"), answer(&[shown]));
    assert_eq!(b.at("AT+QIACT?"), OK);
    b.ok("AT+QIACT=1");
    b.error("AT+QIACT=1");
    assert_eq!(b.at("AT+QIACT?"), answer(&["+QIACT: 1,1,1,\"10.64.0.2\""]));
    b.connect(0);
    b.ok("AT+QMTCFG=\"pdpcid\",1,2");
    b.open(1);
    b.sent();
    assert_eq!(b.at("AT+QIDEACT=1"), lines(&["OK", "+QMTSTAT: 0,7"]));
    assert_eq!(b.sent(), [(0, ToBroker::Close)]);
    assert_eq!(b.at("AT+QMTCONN?"), answer(&["+QMTCONN: 1,1"]));
    for context in [1, 3] {
        b.ok(&format!("AT+QIACT={context}"));
    }
    b.error("AT+QIACT=4");
}

#[test]
fn registration_changes_are_told() {
    let mut b = bench();
    b.ok("AT+CREG=1;+CEREG=2");
    assert_eq!(b.at("AT+CFUN=4"), lines(&["OK", "+CREG: 0", "+CEREG: 0"]));
    assert_eq!(
        b.at("AT+QMTOPEN=0,\"h\",1"),
        lines(&["OK", "+QMTOPEN: 0,3"])
    );
    assert_eq!(b.at("AT+CFUN=1"), lines(&["OK", "+CREG: 2", "+CEREG: 2"]));
    let back = ["+CREG: 1", "+CEREG: 1,\"1A2B\",\"01A2D003\",7"];
    assert_eq!(b.wait(1), lines(&back));
}

#[test]
fn restart() {
    let mut b = bench();
    b.connect(0);
    b.ok("AT+QURCCFG=\"urcport\",\"uart1\"");
    assert_eq!(b.at("AT+CFUN=1,1"), OK);
    assert_eq!(b.sent(), [(0, ToBroker::Close)]);
    assert_eq!(b.at("AT"), "", "deaf");
    let boot = [
        "RDY",
        "+CFUN: 1",
        "+CPIN: READY",
        "+QUSIM: 1",
        "+QIND: SMS DONE",
        "+QIND: PB DONE",
    ];
    assert_eq!(b.wait(10), lines(&boot));
    assert_eq!(b.at("ATE0"), "ATE0\r\r\nOK\r\n");
    assert_eq!(b.at("AT+QMTOPEN?"), OK);
    assert!(b.at("AT+QURCCFG=\"urcport\"").contains("uart1"));
    assert_eq!(b.at("AT+QPOWD"), lines(&["OK", "POWERED DOWN"]));
    assert_eq!(b.at("AT"), "");
    assert_eq!(b.wait(100), "");
}

#[test]
fn start() {
    let mut b = Bench::new(Settings {
        boot: true,
        ..Settings::default()
    });
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));
    assert_eq!(b.at("AT"), "AT\r\r\nOK\r\n");
}

#[test]
fn typed_ahead_and_split_anywhere() {
    let mut b = bench();
    assert_eq!(
        b.raw(b"AT\rAT+CSQ\r\nAT\r"),
        format!("{OK}{}{OK}", answer(&["+CSQ: 28,99"]))
    );
    let mut out = String::new();
    for byte in b"AT+QMTCFG=\"version\",0\r\nAT\r" {
        out += &b.raw(&[*byte]);
    }
    assert_eq!(out, answer(&["+QMTCFG: \"version\",4"]) + OK);
}

#[test]
fn dialects_differ() {
    let mut b = with(|p| *p = Profile::ec600s());
    let settings = b.at("AT+QMTCFG=?");
    assert_eq!(settings.matches("+QMTCFG: ").count(), 19);
    assert!(settings.contains("+QMTCFG: \"CTWing\",(0-5),\"client_id\",\"feature_string\"\r\n"));
    b.ok("AT+QMTCFG=\"ctwing\",0,\"a\",\"b\"");
    b.error("AT+QIACT=1");

    let mut b = with(|p| *p = Profile::bg770a());
    let open = "\r\n+QMTOPEN: (0-5),<host_name>,(0-65535)\r\nOK\r\n";
    assert_eq!(b.at("AT+QMTOPEN=?"), open);
    assert_eq!(b.at("AT+QMTOPEN?"), OK);
    assert!(b.at("AT+QMTCFG=?").ends_with("\r\n\r\nOK\r\n"));
    b.error("AT+QMTCFG=\"send/mode\",0");

    let mut b = with(|p| *p = Profile::bg95());
    assert_eq!(
        b.at("AT+QMTOPEN=0,\"h\",1"),
        lines(&["OK", "+QMTOPEN: 0,3"])
    );
    b.ok("AT+QIACT=1");
    b.open(0);
    assert_eq!(b.at("AT+QMTCONN?"), "\r\n+QMTCONN: 0,1\r\nOK\r\n");
    assert!(b.at("AT+QMTOPEN=?").ends_with("\r\n\r\nOK\r\n"));

    let mut b = with(|p| *p = Profile::ec800m());
    b.ok("AT+QMTOPEN=0,\"h\",1");
    b.broker(0, atmqtt_emulator::packet::FromBroker::Opened);
    b.ok("AT+QMTCONN=0,0");
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",1"), ERROR);
    let mut b = with(|p| *p = Profile::ec800m());
    b.connect(0);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",1"), PROMPT);
    assert_eq!(b.raw(b"surplus"), "");
    assert_eq!(b.raw(b"AT\r"), "");
    assert_eq!(b.wait_ms(97), lines(&["OK", "+QMTPUBEX: 0,0,0"]));
}

#[test]
fn urc_port() {
    let mut b = with(|p| *p = Profile::note_uart());
    b.ok("AT+QMTCLOSE=0");
    b.ok("AT+QURCCFG=\"urcport\",\"uart1\"");
    assert_eq!(b.at("AT+QMTCLOSE=0"), lines(&["OK", "+QMTCLOSE: 0,0"]));
    b.ok("AT+QURCCFG=\"urcport\",\"usbmodem\"");
    b.ok("AT+QMTCLOSE=0");
    b.ok("AT+QURCCFG=\"urcport\",\"all\"");
    assert_ne!(b.at("AT+QMTCLOSE=0"), OK);
}
