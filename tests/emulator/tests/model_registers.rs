//! The readings of the ambiguity register, one test an entry: settings, opening, connecting,
//! subscribing. The entries about messages are in `model_messages.rs`.

mod model;

use atmqtt_emulator::module::{CloudSignIn, Settings};
use atmqtt_emulator::packet::{FromBroker, OpenFailure, Packet, ToBroker};
use atmqtt_emulator::profile::{
    CloseClosed, ConfigUntil, ConnackLost, OpenOccupied, PingLost, Profile, RetrySpan,
};
use model::{Bench, OK, PROMPT, answer, bench, faulty, lines, with};

const REFUSED: Packet = Packet::ConnAck {
    session_present: false,
    code: 5,
};

#[test]
fn a01_retransmission_is_a_notice() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"timeout\",0,5,3,1");
    b.connect(0);
    b.ok("AT+QMTSUB=0,9,\"t\",1");
    assert_eq!(b.wait(14), lines(&["+QMTSUB: 0,9,1,1", "+QMTSUB: 0,9,1,2"]));
    assert_eq!(b.packets().len(), 3);
    assert_eq!(b.wait(1), lines(&["+QMTSUB: 0,9,2"]));

    let mut b = bench();
    b.connect(0);
    b.ok("AT+QMTSUB=0,9,\"t\",1");
    assert_eq!(b.wait(14), "");
    b.open(1);
    b.ok("AT+QMTCONN=1,\"x\"");
    b.sent();
    assert!(b.wait_ms(4900).contains("+QMTSUB: 0,9,2"));
    assert_eq!(b.packets(), [], "CONNECT is never sent twice");
}

#[test]
fn a02_qmtcclose_is_a_misprint() {
    bench().error("AT+QMTCCLOSE=0");
    let mut b = with(|p| p.accept_qmtcclose = true);
    assert_eq!(b.at("AT+QMTCCLOSE=0"), lines(&["OK", "+QMTCLOSE: 0,0"]));
}

#[test]
fn a06_unsubscribing_has_no_value() {
    let mut b = bench();
    b.connect(0);
    b.ok("AT+QMTUNS=0,2,\"t\",\"u\"");
    assert_eq!(b.packet(0, Packet::UnsubAck(1)), lines(&["+QMTUNS: 0,2,0"]));
    let mut b = with(|p| p.unsubscribe_value = true);
    b.connect(0);
    b.ok("AT+QMTUNS=0,2,\"t\",\"u\"");
    let result = lines(&["+QMTUNS: 0,2,0,1,1"]);
    assert_eq!(b.packet(0, Packet::UnsubAck(1)), result);
}

#[test]
fn a07_willex_only_while_closed() {
    let mut b = bench();
    b.open(0);
    b.error("AT+QMTCFG=\"willex\",0,1,0,0,\"t\",3");
}

#[test]
fn a08_willex_takes_its_length() {
    let mut b = bench();
    assert_eq!(b.at("AT+QMTCFG=\"willex\",0,1,2,1,\"w\",4"), PROMPT);
    assert_eq!(b.raw(b"a\x1a\"b\r\nsurplus"), OK);
    assert_eq!(b.at("AT"), OK, "surplus is gone");
    assert_eq!(
        b.at("AT+QMTCFG=\"willex\",0"),
        answer(&["+QMTCFG: \"willex\",1,2,1,\"w\",4"])
    );
    b.ok("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",0");
    b.error("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",257");
}

#[test]
fn a09_one_will() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"will\",0,1,1,0,\"w\",\"gone\"");
    assert_eq!(
        b.at("AT+QMTCFG=\"willex\",0"),
        answer(&["+QMTCFG: \"willex\",1,1,0,\"w\",4"])
    );
    assert_eq!(
        b.at("AT+QMTCFG=\"will\",0"),
        answer(&["+QMTCFG: \"will\",1,1,0,\"w\",\"gone\""])
    );
    b.ok("AT+QMTCFG=\"willex\",0,0");
    assert_eq!(
        b.at("AT+QMTCFG=\"will\",0"),
        answer(&["+QMTCFG: \"will\",0"])
    );
    b.ok("AT+QMTCFG=\"will\",0,1,1,1,\"w\",\"gone\"");
    b.open(0);
    b.ok("AT+QMTCONN=0,\"me\"");
    let Some(Packet::Connect(connect)) = b.packets().pop() else {
        panic!("no CONNECT")
    };
    let will = connect.will.unwrap();
    assert_eq!(
        (will.topic.as_str(), will.payload.as_slice()),
        ("w", b"gone".as_slice())
    );
    assert_eq!((will.qos, will.retain), (1, true));
}

#[test]
fn a10_timeout_keeps_its_name() {
    bench().error("AT+QMTCFG=\"timout\",0");
}

#[test]
fn a14_qmtping_is_kept_and_does_not_ping() {
    let mut b = bench();
    assert_eq!(
        b.at("AT+QMTCFG=\"qmtping\",0"),
        answer(&["+QMTCFG: \"qmtping\",5"])
    );
    b.ok("AT+QMTCFG=\"qmtping\",0,60");
    b.error("AT+QMTCFG=\"qmtping\",0,4");
    b.connect(0);
    b.wait(119);
    assert_eq!(b.packets(), []);
    b.wait(1);
    assert_eq!(b.packets(), [Packet::PingReq]);
    let mut b = with(|p| p.qmtping_query_ok = false);
    assert_eq!(
        b.at("AT+QMTCFG=\"qmtping\",0"),
        lines(&["+QMTCFG: \"qmtping\",5"])
    );
    b.ok("AT");
}

#[test]
fn a15_a16_lost_ping() {
    for (knob, seen) in [
        (PingLost::Ping, vec!["+QMTPING: 0,1"]),
        (PingLost::Stat, vec!["+QMTSTAT: 0,2"]),
        (
            PingLost::PingThenStat,
            vec!["+QMTPING: 0,1", "+QMTSTAT: 0,2"],
        ),
    ] {
        let mut b = with(|p| p.ping_lost = knob);
        b.connect(0);
        assert_eq!(b.wait(124), "");
        b.sent();
        assert_eq!(b.wait(5), lines(&seen));
        assert_eq!(b.sent(), [(0, ToBroker::Close)]);
        assert_eq!(b.at("AT+QMTCONN?"), OK);
    }
    let mut b = bench();
    b.connect(0);
    b.answering = true;
    assert_eq!(b.wait(1000), "", "an answered ping is silent");
}

#[test]
fn a18_one_send_mode() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"send/mode\",0,1");
    assert_eq!(
        b.at("AT+QMTCFG=\"dataformat\",0"),
        answer(&["+QMTCFG: \"dataformat\",1,0"])
    );
    b.ok("AT+QMTCFG=\"dataformat\",0,0,1");
    assert_eq!(
        b.at("AT+QMTCFG=\"send/mode\",0"),
        answer(&["+QMTCFG: \"send/mode\",0"])
    );
}

#[test]
fn a21_edit_timeout() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"edit/timeout\",0,1,2");
    assert_eq!(b.at("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",9"), PROMPT);
    assert_eq!(b.raw(b"abc"), "");
    assert_eq!(b.wait_ms(1999), "");
    assert_eq!(b.wait_ms(1), "\r\nERROR\r\n");
    b.wait_ms(60);
    assert_eq!(b.raw(b"AT\r"), "", "the rest of the payload is discarded");
    assert_eq!(b.wait_ms(60), "");
    assert_eq!(b.raw(b"AT\r"), "", "it puts the end of it off");
    assert_eq!(b.wait_ms(100), "");
    b.ok("AT");
    assert_eq!(
        b.at("AT+QMTCFG=\"will\",0"),
        answer(&["+QMTCFG: \"will\",0"])
    );
}

#[test]
fn a23_gives_up_within_the_maximum() {
    for (retries, seconds) in [(0, 5), (1, 5), (3, 15), (10, 50)] {
        let mut b = bench();
        b.ok(&format!("AT+QMTCFG=\"timeout\",0,5,{retries},0"));
        b.connect(0);
        b.ok("AT+QMTUNS=0,1,\"t\"");
        assert_eq!(b.wait_ms(seconds * 1000 - 1), "");
        assert_eq!(b.wait_ms(1), lines(&["+QMTUNS: 0,1,2"]));
    }
    let mut b = with(|p| p.retry_span = RetrySpan::PlusOne);
    b.connect(0);
    b.ok("AT+QMTUNS=0,1,\"t\"");
    assert_eq!(b.wait(19), "");
    assert_eq!(b.wait(1), lines(&["+QMTUNS: 0,1,2"]));
    assert_eq!(b.packets().len(), 4);
}

#[test]
fn a24_hw_time_enable() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"hwauth\",0,\"p\",\"s\"");
    assert_eq!(
        b.at("AT+QMTCFG=\"hwauth\",0"),
        answer(&["+QMTCFG: \"hwauth\",\"p\",\"s\""])
    );
    b.ok("AT+QMTCFG=\"hwauth\",0,\"p\",\"s\",1");
    assert_eq!(
        b.at("AT+QMTCFG=\"hwauth\",0"),
        answer(&["+QMTCFG: \"hwauth\",\"p\",\"s\",1"])
    );
    b.ok("AT+QMTCFG=\"hwprodid\",0,\"p\",\"s\",\"n\",0");
    let shown = "+QMTCFG: \"hwprodid\",\"p\",\"s\",\"n\",0";
    assert_eq!(b.at("AT+QMTCFG=\"hwprodid\",0"), answer(&[shown]));
    b.error("AT+QMTCFG=\"hwauth\",0,\"p\",\"s\",2");
    b.error("AT+QMTCFG=\"onenet\",0,\"p\",\"s\",1");
}

#[test]
fn a25_defaults() {
    let mut b = bench();
    for (name, values) in [
        ("version", "4"),
        ("pdpcid", "1"),
        ("ssl", "0"),
        ("keepalive", "120"),
        ("session", "1"),
        ("timeout", "5,3,0"),
        ("will", "0"),
        ("willex", "0"),
        ("recv/mode", "0,0"),
        ("aliauth", "\"\",\"\",\"\""),
        ("qmtping", "5"),
        ("send/mode", "0"),
        ("onenet", "\"\",\"\""),
        ("hwauth", "\"\",\"\""),
        ("hwprodid", "\"\",\"\",\"\""),
        ("dataformat", "0,0"),
        ("view/mode", "0"),
        ("edit/timeout", "0"),
    ] {
        let shown = format!("+QMTCFG: \"{name}\",{values}");
        assert_eq!(b.at(&format!("AT+QMTCFG=\"{name}\",5")), answer(&[&shown]));
    }
    b.error("AT+QMTCFG?");
    b.error("AT+QMTCFG=\"version\"");
    b.error("AT+QMTCFG=\"version\",6");
    b.error("AT+QMTCFG=version,0");
}

#[test]
fn a26_settings_are_fixed_from_opening_on() {
    let set = "AT+QMTCFG=\"keepalive\",0,60";
    let mut b = bench();
    b.ok(set);
    b.ok("AT+QMTOPEN=0,\"h\",1");
    b.error(set);
    assert_eq!(
        b.at("AT+QMTCFG=\"keepalive\",0"),
        answer(&["+QMTCFG: \"keepalive\",60"])
    );
    b.ok("AT+QMTCFG=\"keepalive\",1,60");
    b.broker(0, FromBroker::OpenFailed(OpenFailure::Connect));
    b.ok(set);
    let mut b = with(|p| p.config_until = ConfigUntil::Connect);
    b.open(0);
    b.ok(set);
    b.ok("AT+QMTCONN=0,\"me\"");
    b.error(set);
}

#[test]
fn a27_a28_subscribing() {
    let mut b = bench();
    b.connect(0);
    b.ok("AT+QMTSUB=0,1,\"t\",2");
    let suback = |id, codes: &[u8]| Packet::SubAck {
        id,
        codes: codes.to_vec(),
    };
    assert_eq!(b.packet(0, suback(1, &[2])), lines(&["+QMTSUB: 0,1,0,2"]));
    b.ok("AT+QMTSUB=0,1,\"a\",0,\"b\",1,\"c\",2");
    let id = match b.packets().pop() {
        Some(Packet::Subscribe { id, filters }) if filters.len() == 3 => id,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        b.packet(0, suback(id, &[0, 128, 1])),
        lines(&["+QMTSUB: 0,1,0,0,128,1"])
    );
    assert_eq!(b.packet(0, suback(id, &[0])), "", "answered once");
    for bad in [
        "0,0,\"t\",1",
        "0,1,\"t\",3",
        "0,1,\"t\"",
        "0,1,\"t\",1,\"u\"",
        "0,1,t,1",
        "6,1,\"t\",1",
    ] {
        b.error(&format!("AT+QMTSUB={bad}"));
    }
}

#[test]
fn a31_a51_open_clients_are_listed() {
    let mut b = bench();
    assert_eq!(b.at("AT+QMTOPEN?"), OK);
    b.ok("AT+QMTOPEN=0,\"h\",1");
    assert_eq!(b.at("AT+QMTOPEN?"), OK, "not while opening");
    assert_eq!(b.at("AT+QMTCONN?"), OK);
    b.broker(0, FromBroker::Opened);
    assert_eq!(b.at("AT+QMTOPEN?"), answer(&["+QMTOPEN: 0,\"h\",1"]));
    assert_eq!(b.at("AT+QMTCONN?"), answer(&["+QMTCONN: 0,1"]));
    b.ok("AT+QMTCONN=0,\"me\"");
    assert_eq!(b.at("AT+QMTCONN?"), answer(&["+QMTCONN: 0,2"]));
    b.connect(3);
    assert_eq!(
        b.at("AT+QMTCONN?"),
        answer(&["+QMTCONN: 0,2", "+QMTCONN: 3,3"])
    );
    assert_eq!(
        b.at("AT+QMTOPEN?"),
        answer(&["+QMTOPEN: 0,\"h\",1", "+QMTOPEN: 3,\"broker\",1883"])
    );
}

#[test]
fn a32_disconnecting_closes() {
    let mut b = bench();
    b.connect(0);
    assert_eq!(b.at("AT+QMTDISC=0"), lines(&["OK", "+QMTDISC: 0,0"]));
    let gone = [
        (0, ToBroker::Packet(Packet::Disconnect)),
        (0, ToBroker::Close),
    ];
    assert_eq!(b.sent(), gone);
    assert_eq!(b.at("AT+QMTOPEN?"), OK);
    b.connect(0);
    let mut b = with(|p| {
        p.stat_after_disconnect = Some(5);
        p.disconnect_time = std::time::Duration::from_secs(1);
    });
    b.connect(0);
    b.ok("AT+QMTDISC=0");
    assert_eq!(b.at("AT+QMTCONN?"), answer(&["+QMTCONN: 0,4"]));
    assert_eq!(b.wait(1), lines(&["+QMTDISC: 0,0", "+QMTSTAT: 0,5"]));
}

/// The clouds one by one are in `model_cloud.rs`.
#[test]
fn a33_credentials_are_derived_or_passed_as_given() {
    let cases = [
        (CloudSignIn::Derived, "", Some("n&k")),
        (CloudSignIn::Derived, ",\"u\"", Some("u")),
        (CloudSignIn::AsGiven, "", None),
        (CloudSignIn::AsGiven, ",\"u\"", Some("u")),
    ];
    for (cloud, given, username) in cases {
        let mut b = Bench::new(Settings {
            cloud,
            ..Settings::default()
        });
        b.ok("AT+QMTCFG=\"aliauth\",0,\"k\",\"n\",\"s\"");
        b.open(0);
        b.ok(&format!("AT+QMTCONN=0,\"me\"{given}"));
        let Some(Packet::Connect(connect)) = b.packets().pop() else {
            panic!("no CONNECT")
        };
        assert_eq!(connect.username.as_deref(), username);
        assert_eq!(connect.password.is_some(), username == Some("n&k"));
        assert_eq!(
            (connect.level, connect.clean_session, connect.keep_alive),
            (4, true, 120)
        );
    }
}

#[test]
fn a34_refusal() {
    let mut b = bench();
    b.open(0);
    b.ok("AT+QMTCONN=0,\"me\",\"u\",\"p\"");
    b.sent();
    assert_eq!(
        b.packet(0, REFUSED),
        lines(&["+QMTCONN: 0,0,5", "+QMTSTAT: 0,4"])
    );
    assert_eq!(b.sent(), [(0, ToBroker::Close)]);
    assert_eq!(b.at("AT+QMTOPEN?"), OK);
    let mut b = with(|p| p.stat_after_refusal = None);
    b.open(0);
    b.ok("AT+QMTCONN=0,\"me\"");
    assert_eq!(b.packet(0, REFUSED), lines(&["+QMTCONN: 0,0,5"]));
}

#[test]
fn a37_names_in_any_case() {
    let mut b = bench();
    b.ok("at+qmtcfg=\"SSL\",0,1,2");
    assert_eq!(
        b.at("AT+QMTCFG=\"Ssl\",0"),
        answer(&["+QMTCFG: \"ssl\",1,2"])
    );
}

#[test]
fn a38_test_forms() {
    let mut b = bench();
    for (command, line) in [
        ("QMTOPEN", "(0-5),\"hostname\",(1-65535)"),
        ("QMTCLOSE", "(0-5)"),
        ("QMTCONN", "(0-5),\"clientid\",\"username\",\"password\""),
        ("QMTDISC", "(0-5)"),
        ("QMTSUB", "(0-5),<msgid>,list of [\"topic\",qos]"),
        ("QMTUNS", "(0-5),<msgid>,list of [\"topic\"]"),
        ("QMTPUBEX", "(0-5),<msgid>,(0-2),(0,1),\"topic\",\"length\""),
    ] {
        let shown = format!("+{command}: {line}");
        assert_eq!(b.at(&format!("AT+{command}=?")), answer(&[&shown]));
    }
    b.ok("AT+QMTRECV=?");
}

#[test]
fn a44_results_of_opening() {
    for (failure, code) in [
        (OpenFailure::NameResolution, 4),
        (OpenFailure::Connect, -1),
        (OpenFailure::Lost, 5),
    ] {
        let mut b = bench();
        b.ok("AT+QMTOPEN=2,\"h\",1");
        let out = b.broker(2, FromBroker::OpenFailed(failure));
        assert_eq!(out, lines(&[&format!("+QMTOPEN: 2,{code}")]));
        b.open(2);
    }
    let mut b = bench();
    b.ok("AT+QMTOPEN=0,\"h\",1");
    assert_eq!(b.broker(0, FromBroker::Closed), lines(&["+QMTOPEN: 0,5"]));
    b.ok("AT+QMTOPEN=0,\"h\",1");
    assert_eq!(b.wait(120), lines(&["+QMTOPEN: 0,-1"]));
    for bad in [
        "0,\"h\"",
        "0,\"h\",0",
        "0,\"h\",65536",
        "0,\"\",1",
        "0,\"h\",1,1",
        "0,h,1",
        "6,\"h\",1",
    ] {
        b.error(&format!("AT+QMTOPEN={bad}"));
    }
    b.error(&format!("AT+QMTOPEN=0,\"{}\",1", "h".repeat(101)));
}

#[test]
fn a45_a46_strings() {
    let mut b = bench();
    b.connect(0);
    b.error("AT+QMTSUB=0,1,\"\",1");
    b.error("AT+QMTPUBEX=0,0,0,0,\"\",1");
    b.ok(&format!("AT+QMTSUB=0,1,\"{}\",1", "t".repeat(1000)));
    b.error(&format!("AT+QMTSUB=0,1,\"{}\",1", "t".repeat(5000)));
    b.error("AT+QMTSUB=0,1,\"a\"b\",1");
    b.error("AT+QMTSUB=0,1,\"a\\\"b\",1");
    b.ok("AT+QMTSUB=0,1,\"a,b;c\",1");
    b.error("AT+QMTCFG=\"will\",1,1,0,0,\"\",\"m\"");
    b.error(&format!(
        "AT+QMTCFG=\"will\",1,1,0,0,\"{}\",\"m\"",
        "t".repeat(257)
    ));
    b.ok(&format!(
        "AT+QMTCFG=\"will\",1,1,0,0,\"{}\",\"\"",
        "t".repeat(256)
    ));
}

#[test]
fn a48_keepalive_zero_does_not_ping() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"keepalive\",0,0");
    b.connect(0);
    assert_eq!(b.wait(10_000), "");
    assert_eq!(b.packets(), []);
}

#[test]
fn a52_a54_switched_off_settings_show_one_value() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"ssl\",0,0,2");
    assert_eq!(b.at("AT+QMTCFG=\"ssl\",0"), answer(&["+QMTCFG: \"ssl\",0"]));
    b.error("AT+QMTCFG=\"ssl\",0,1");
    b.ok("AT+QMTCFG=\"edit/timeout\",0,1,30");
    assert_eq!(
        b.at("AT+QMTCFG=\"edit/timeout\",0"),
        answer(&["+QMTCFG: \"edit/timeout\",1,30"])
    );
    b.ok("AT+QMTCFG=\"edit/timeout\",0,0,30");
    assert_eq!(
        b.at("AT+QMTCFG=\"edit/timeout\",0"),
        answer(&["+QMTCFG: \"edit/timeout\",0"])
    );
}

#[test]
fn a53_three_time_values_or_none() {
    let mut b = bench();
    b.error("AT+QMTCFG=\"timeout\",0,5");
    b.error("AT+QMTCFG=\"timeout\",0,5,3");
    b.ok("AT+QMTCFG=\"timeout\",0,60,10,1");
    b.error("AT+QMTCFG=\"timeout\",0,61,10,1");
    b.error("AT+QMTCFG=\"timeout\",0,5,3,1,1");
    let mut b = with(|p| *p = Profile::ec600s());
    b.ok("AT+QMTCFG=\"timeout\",0,1200,10,1");
    b.error("AT+QMTCFG=\"timeout\",0,5,0,1");
}

#[test]
fn a55_a64_wrong_state() {
    let mut b = bench();
    for command in [
        "QMTCONN=0,\"me\"",
        "QMTDISC=0",
        "QMTSUB=0,1,\"t\",0",
        "QMTUNS=0,1,\"t\"",
        "QMTPUBEX=0,0,0,0,\"t\",1",
        "QMTRECV=0",
    ] {
        b.error(&format!("AT+{command}"));
    }
    b.connect(0);
    b.error("AT+QMTCONN=0,\"me\"");
    let opened_twice = b.at("AT+QMTOPEN=0,\"h\",1");
    assert_eq!(opened_twice, lines(&["OK", "+QMTOPEN: 0,2"]));
    let mut b = with(|p| p.open_occupied = OpenOccupied::Error);
    b.open(0);
    b.error("AT+QMTOPEN=0,\"h\",1");
    b.error("AT+QMTDISC=0");
}

#[test]
fn a60_opening_activates_the_context() {
    let mut b = bench();
    assert_eq!(b.at("AT+QIACT?"), OK);
    b.open(0);
    assert_eq!(b.at("AT+QIACT?"), answer(&["+QIACT: 1,1,1,\"10.64.0.2\""]));
    let mut b = with(|p| p.open_needs_context = true);
    assert_eq!(
        b.at("AT+QMTOPEN=0,\"h\",1"),
        lines(&["OK", "+QMTOPEN: 0,3"])
    );
    b.ok("AT+QIACT=1");
    b.open(0);
    let mut b = bench();
    b.inject("registration:code=2");
    assert_eq!(
        b.at("AT+QMTOPEN=0,\"h\",1"),
        lines(&["OK", "+QMTOPEN: 0,3"])
    );
}

#[test]
fn a63_closing() {
    let closed = lines(&["OK", "+QMTCLOSE: 0,0"]);
    let mut b = bench();
    assert_eq!(b.at("AT+QMTCLOSE=0"), closed);
    b.connect(0);
    assert_eq!(b.at("AT+QMTCLOSE=0"), closed);
    assert_eq!(b.sent(), [(0, ToBroker::Close)], "no DISCONNECT");
    b.ok("AT+QMTOPEN=0,\"h\",1");
    assert_eq!(b.at("AT+QMTCLOSE=0"), closed);
    assert_eq!(b.wait(200), "", "the opening has no result");
    let mut b = with(|p| p.close_closed = CloseClosed::OkOnly);
    b.ok("AT+QMTCLOSE=0");
    let mut b = with(|p| p.close_closed = CloseClosed::Error);
    b.error("AT+QMTCLOSE=0");
}

#[test]
fn a65_no_connack() {
    let mut b = bench();
    b.open(0);
    b.ok("AT+QMTCONN=0,\"me\"");
    assert_eq!(b.wait(5), lines(&["+QMTCONN: 0,2", "+QMTSTAT: 0,4"]));
    b.open(0);
    b.ok("AT+QMTCONN=0,\"me\"");
    assert_eq!(b.broker(0, FromBroker::Closed), lines(&["+QMTSTAT: 0,1"]));
    assert_eq!(b.wait(20), "");
    for (knob, told) in [
        (ConnackLost::Result, "+QMTCONN: 0,2"),
        (ConnackLost::Stat, "+QMTSTAT: 0,4"),
    ] {
        let mut b = with(|p| p.connack_lost = knob);
        b.open(0);
        b.ok("AT+QMTCONN=0,\"me\"");
        assert_eq!(b.wait(20), lines(&[told]));
        assert_eq!(b.at("AT+QMTOPEN?"), OK, "closed");
    }
}

#[test]
fn a66_pending_results_never_come() {
    let mut b = bench();
    b.connect(0);
    b.ok("AT+QMTSUB=0,1,\"t\",1");
    assert_eq!(b.broker(0, FromBroker::Closed), lines(&["+QMTSTAT: 0,1"]));
    assert_eq!(b.wait(100), "");
    let late = Packet::SubAck {
        id: 1,
        codes: vec![1],
    };
    assert_eq!(b.packet(0, late), "");
}

#[test]
fn a68_settings_outlive_the_connection() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"version\",0,3");
    b.ok("AT+QMTCFG=\"ssl\",0,1,5");
    b.open(0);
    let tls = b.sent().into_iter().find_map(|(_, to)| match to {
        ToBroker::Open { tls, .. } => Some(tls.map(|tls| tls.context)),
        _ => None,
    });
    assert_eq!(tls, Some(Some(5)));
    b.at("AT+QMTCLOSE=0");
    assert_eq!(
        b.at("AT+QMTCFG=\"version\",0"),
        answer(&["+QMTCFG: \"version\",3"])
    );
    b.at("AT+CFUN=1,1");
    b.wait(10);
    b.at("ATE0");
    assert_eq!(
        b.at("AT+QMTCFG=\"version\",0"),
        answer(&["+QMTCFG: \"version\",4"])
    );
    let mut b = with(|p| *p = Profile::ec200u());
    b.ok("AT+QMTCFG=\"ssl\",0,1,5");
    b.at("AT+QMTCLOSE=0");
    assert_eq!(b.at("AT+QMTCFG=\"ssl\",0"), answer(&["+QMTCFG: \"ssl\",0"]));
}

#[test]
fn a69_left_out_values() {
    let mut b = bench();
    b.error("AT+QMTCFG=\"will\",0,0,1,0,\"t\",\"m\"");
    b.error("AT+QMTCFG=\"will\",0,1");
    b.ok("AT+QMTCFG=\"recv/mode\",0,0,1");
    b.ok("AT+QMTCFG=\"recv/mode\",0,1");
    assert_eq!(
        b.at("AT+QMTCFG=\"recv/mode\",0"),
        answer(&["+QMTCFG: \"recv/mode\",1,1"])
    );
    b.open(0);
    b.ok("AT+QMTCONN=0,\"me\",\"user\"");
    let Some(Packet::Connect(connect)) = b.packets().pop() else {
        panic!("no CONNECT")
    };
    assert_eq!(
        (connect.username.as_deref(), connect.password),
        (Some("user"), None)
    );
}

#[test]
fn a71_late_line_of_the_old_connection() {
    let mut b = faulty(&["late-stat:client=0,code=5,ms=300"]);
    b.connect(0);
    b.at("AT+QMTDISC=0");
    assert_eq!(b.wait(10), "");
    b.connect(0);
    assert_eq!(b.wait(10), lines(&["+QMTSTAT: 0,5"]));
    assert_eq!(
        b.at("AT+QMTCONN?"),
        answer(&["+QMTCONN: 0,3"]),
        "it changes nothing"
    );
}
