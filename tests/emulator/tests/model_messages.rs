//! The readings of the ambiguity register, one test an entry: publishing, receiving, stored mode.

mod model;

use atmqtt_emulator::packet::{FromBroker, Packet, ToBroker};
use atmqtt_emulator::profile::{HexLength, PayloadEcho, Profile, SlotsFull};
use model::{Bench, ERROR, OK, PROMPT, answer, bench, faulty, lines, message, with};

const RESULT: &str = "\r\n+QMTPUBEX: 0,0,0\r\n";

/// A connected client 0 with `recv/mode` set.
fn receiving(mut bench: Bench, mode: &str) -> Bench {
    bench.ok(&format!("AT+QMTCFG=\"recv/mode\",0,{mode}"));
    bench.connect(0);
    bench
}

fn arrive(b: &mut Bench, payload: &str) -> String {
    b.packet(0, Packet::Publish(message(0, "t", payload.as_bytes(), 0)))
}

#[test]
fn a03_payload_quoted_and_counted_between_the_quotes() {
    let mut b = receiving(bench(), "0,1");
    assert_eq!(
        arrive(&mut b, "a\"b"),
        lines(&["+QMTRECV: 0,0,\"t\",3,\"a\"b\""])
    );
    let mut b = receiving(bench(), "0,0");
    assert_eq!(arrive(&mut b, "ab"), lines(&["+QMTRECV: 0,0,\"t\",\"ab\""]));
    let mut b = receiving(with(|p| p.quote_payload = false), "0,1");
    assert_eq!(arrive(&mut b, "ab"), lines(&["+QMTRECV: 0,0,\"t\",2,ab"]));
    let mut b = receiving(with(|p| *p = Profile::ec200u()), "0,1");
    assert_eq!(arrive(&mut b, "ab"), "\r\n+QMTRECV: 0,0,\"t\",2\r\nab\r\n");
    let mut b = receiving(
        with(|p| {
            *p = Profile {
                settings: p.settings,
                ..Profile::m95()
            };
        }),
        "0,0",
    );
    assert_eq!(arrive(&mut b, "ab"), lines(&["+QMTRECV: 0,0,t,ab"]));
    let mut b = receiving(with(|p| p.blank_lines_around_recv = true), "0,1");
    assert_eq!(
        arrive(&mut b, "ab"),
        "\r\n\r\n+QMTRECV: 0,0,\"t\",2,\"ab\"\r\n\r\n"
    );
    let mut b = with(|p| p.colon_space = false);
    assert_eq!(b.at("AT+QMTCLOSE=0"), lines(&["OK", "+QMTCLOSE:0,0"]));
}

#[test]
fn a04_a05_a42_three_lines_with_one_prefix() {
    let mut b = receiving(bench(), "1,0");
    assert_eq!(arrive(&mut b, "ab"), lines(&["+QMTRECV: 0,0"]));
    assert_eq!(b.at("AT+QMTRECV?"), answer(&["+QMTRECV: 0,1,0,0,0,0"]));
    let mut b = receiving(bench(), "1,1");
    assert_eq!(arrive(&mut b, "ab"), lines(&["+QMTRECV: 0,0,2"]));
}

#[test]
fn a17_a72_payload_echo() {
    let publish = "AT+QMTPUBEX=0,0,0,0,\"t\",6";
    let mut b = bench();
    b.connect(0);
    b.at("ATE1");
    assert_eq!(b.at(publish), format!("{publish}\r{PROMPT}"));
    assert_eq!(
        b.raw(b"\r\nOK\r\n"),
        format!("{OK}{RESULT}"),
        "silent by default"
    );
    let mut b = bench();
    b.ok("AT+QMTCFG=\"view/mode\",0,1");
    b.connect(0);
    assert_eq!(b.at(publish), PROMPT);
    assert_eq!(
        b.raw(b"\r\nOK\r\nsurplus"),
        format!("\r\nOK\r\n{OK}{RESULT}")
    );
    let mut b = with(|p| p.payload_echo = PayloadEcho::WithEcho);
    b.connect(0);
    b.at(publish);
    assert_eq!(b.raw(b"123456"), format!("{OK}{RESULT}"), "echo is off");
    b.at("ATE1");
    b.at(publish);
    assert_eq!(b.raw(b"12"), "12");
    assert_eq!(b.raw(b"345678"), format!("3456{OK}{RESULT}"));
}

#[test]
fn a19_hexadecimal() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"dataformat\",0,1,1");
    b.ok("AT+QMTCFG=\"recv/mode\",0,0,1");
    b.connect(0);
    b.error("AT+QMTPUBEX=0,0,0,0,\"t\",3");
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",4"), PROMPT);
    assert_eq!(b.raw(b"0a0G"), ERROR);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",4"), PROMPT);
    assert_eq!(b.raw(b"0aFF"), format!("{OK}{RESULT}"));
    assert_eq!(
        b.packets(),
        [Packet::Publish(message(0, "t", &[0x0A, 0xFF], 0))]
    );
    assert_eq!(
        arrive(&mut b, "\n\x7f"),
        lines(&["+QMTRECV: 0,0,\"t\",4,\"0A7F\""])
    );
    let mut b = with(|p| p.hex_length = HexLength::Bytes);
    b.ok("AT+QMTCFG=\"dataformat\",0,1,1");
    b.ok("AT+QMTCFG=\"recv/mode\",0,0,1");
    b.connect(0);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",2"), PROMPT);
    assert_eq!(b.raw(b"0aFF"), format!("{OK}{RESULT}"));
    assert_eq!(
        arrive(&mut b, "\n\x7f"),
        lines(&["+QMTRECV: 0,0,\"t\",2,\"0A7F\""])
    );
}

#[test]
fn a20_longest_payload() {
    let mut b = bench();
    b.connect(0);
    b.error("AT+QMTPUBEX=0,0,0,0,\"t\",1501");
    assert_eq!(b.at("AT"), OK, "what follows an ERROR is a command");
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",1500"), PROMPT);
    assert_eq!(b.raw(&[b'x'; 1499]), "");
    assert_eq!(b.raw(b"x"), format!("{OK}{RESULT}"));
}

#[test]
fn a22_waits_for_the_whole_payload() {
    let mut b = bench();
    b.connect(0);
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",5");
    assert_eq!(b.raw(b"\x1a\x1b\r\n"), "");
    assert_eq!(b.wait(100), "");
    assert_eq!(b.raw(b"\0"), format!("{OK}{RESULT}"));
    assert_eq!(
        b.packets(),
        [Packet::Publish(message(0, "t", b"\x1a\x1b\r\n\0", 0))]
    );
}

#[test]
fn a29_message_ids() {
    let mut b = bench();
    b.connect(0);
    b.error("AT+QMTPUBEX=0,0,1,0,\"t\",1");
    b.error("AT+QMTPUBEX=0,65536,1,0,\"t\",1");
    assert_eq!(b.publish(7, 0), lines(&["OK", "+QMTPUBEX: 0,7,0"]));
    b.sent();
    assert_eq!(b.publish(40_000, 1), OK);
    let sent = b.packets();
    assert_eq!(
        sent,
        [Packet::Publish(message(1, "t", b"x", 1))],
        "an id of its own"
    );
    assert_eq!(b.packet(0, Packet::PubAck(40_000)), "");
    assert_eq!(
        b.packet(0, Packet::PubAck(1)),
        lines(&["+QMTPUBEX: 0,40000,0"])
    );
}

#[test]
fn a30_window_of_five() {
    let mut b = bench();
    b.connect(0);
    for msgid in 1..=5 {
        assert_eq!(b.publish(msgid, 1 + (msgid % 2) as u8), OK);
    }
    b.error("AT+QMTPUBEX=0,6,1,0,\"t\",1");
    b.error("AT+QMTPUBEX=0,0,0,0,\"t\",1");
    b.ok("AT+QMTSUB=0,6,\"t\",1");
    assert_eq!(b.packet(0, Packet::PubAck(2)), lines(&["+QMTPUBEX: 0,2,0"]));
    assert_eq!(b.publish(6, 1), OK);
    b.error("AT+QMTPUBEX=0,7,1,0,\"t\",1");
    b.connect(1);
    assert_eq!(
        b.at("AT+QMTPUBEX=1,7,1,0,\"t\",1"),
        PROMPT,
        "a window for each client"
    );
}

#[test]
fn a36_prompt() {
    let mut b = bench();
    b.connect(0);
    assert_eq!(
        b.at("AT+QMTPUBEX=0,0,0,0,\"t\",1").as_bytes(),
        [0x0D, 0x0A, 0x3E, 0x20]
    );
}

#[test]
fn a39_stored_messages_carry_the_packet_id() {
    let mut b = receiving(bench(), "1,1");
    let out = b.packet(0, Packet::Publish(message(77, "t", b"ab", 1)));
    assert_eq!(out, lines(&["+QMTRECV: 0,0,2"]));
    assert_eq!(b.packets(), [Packet::PubAck(77)]);
    assert_eq!(
        b.at("AT+QMTRECV=0,0"),
        answer(&["+QMTRECV: 0,77,\"t\",2,\"ab\""])
    );
}

#[test]
fn a40_full_slots() {
    let full = |policy| {
        let mut b = receiving(with(|p| p.slots_full = policy), "1,0");
        for number in 0..5 {
            assert_eq!(
                arrive(&mut b, "x"),
                lines(&[&format!("+QMTRECV: 0,{number}")])
            );
        }
        b
    };
    let mut b = full(SlotsFull::Lose);
    assert_eq!(arrive(&mut b, "new"), "");
    b.at("AT+QMTRECV=0");
    assert_eq!(b.at("AT+QMTRECV?"), answer(&["+QMTRECV: 0,0,0,0,0,0"]));

    let mut b = full(SlotsFull::Queue);
    assert_eq!(arrive(&mut b, "new"), "");
    let first = answer(&["+QMTRECV: 0,0,\"t\",\"x\""]);
    assert_eq!(b.at("AT+QMTRECV=0,2"), first + &lines(&["+QMTRECV: 0,2"]));
    assert_eq!(
        b.at("AT+QMTRECV=0,2"),
        answer(&["+QMTRECV: 0,0,\"t\",\"new\""])
    );

    let mut b = full(SlotsFull::ReplaceOldest);
    assert_eq!(arrive(&mut b, "new"), lines(&["+QMTRECV: 0,0"]));
    assert_eq!(
        b.at("AT+QMTRECV=0,0"),
        answer(&["+QMTRECV: 0,0,\"t\",\"new\""])
    );
}

#[test]
fn a41_a43_reading_all_and_freeing() {
    let mut b = receiving(bench(), "1,1");
    for payload in ["a", "b", "c"] {
        arrive(&mut b, payload);
    }
    b.at("AT+QMTRECV=0,0");
    assert_eq!(
        arrive(&mut b, "d"),
        lines(&["+QMTRECV: 0,0,1"]),
        "a freed slot is used again"
    );
    assert_eq!(
        b.at("AT+QMTRECV=0"),
        answer(&[
            "+QMTRECV: 0,0,\"t\",1,\"b\"",
            "+QMTRECV: 0,0,\"t\",1,\"c\"",
            "+QMTRECV: 0,0,\"t\",1,\"d\"",
        ])
    );
    b.ok("AT+QMTRECV=0");
}

#[test]
fn a47_no_inline_message() {
    let mut b = bench();
    b.connect(0);
    b.error("AT+QMTPUBEX=0,0,0,0,\"t\",\"hello\"");
    b.error("AT+QMTPUBEX=0,0,0,0,\"t\"");
    b.error("AT+QMTPUB=0,0,0,0,\"t\",5");
}

#[test]
fn a50_order() {
    let mut b = bench();
    b.connect(0);
    b.answering = true;
    assert_eq!(b.at("AT+QMTPUBEX=0,3,2,1,\"t\",2"), PROMPT);
    assert_eq!(b.raw(b"h"), "");
    assert_eq!(b.raw(b"i"), lines(&["OK", "+QMTPUBEX: 0,3,0"]));
    let mut publish = message(1, "t", b"hi", 2);
    publish.retain = true;
    assert_eq!(b.packets(), [Packet::Publish(publish), Packet::PubRel(1)]);
}

#[test]
fn a51_a58_stored_messages() {
    let mut b = receiving(bench(), "1,1");
    assert_eq!(b.at("AT+QMTRECV?"), answer(&["+QMTRECV: 0,0,0,0,0,0"]));
    b.open(1);
    b.connect(4);
    for payload in ["a", "b", "c"] {
        arrive(&mut b, payload);
    }
    let shown = answer(&["+QMTRECV: 0,1,1,1,0,0", "+QMTRECV: 4,0,0,0,0,0"]);
    assert_eq!(b.at("AT+QMTRECV?"), shown, "connected clients only");
    assert_eq!(
        b.at("AT+QMTRECV=0,1"),
        answer(&["+QMTRECV: 0,0,\"t\",1,\"b\""])
    );
    b.ok("AT+QMTRECV=0,1");
    assert!(
        b.at("AT+QMTRECV?").contains("0,1,0,1,0,0"),
        "the others keep their ids"
    );
    b.error("AT+QMTRECV=0,5");
    b.error("AT+QMTRECV=1");
    b.at("AT+QMTCLOSE=0");
    b.connect(0);
    assert!(
        b.at("AT+QMTRECV?").contains("0,0,0,0,0,0"),
        "emptied on close"
    );
}

#[test]
fn a56_surplus_vanishes_until_the_ok() {
    let mut b = bench();
    b.connect(0);
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",2");
    assert_eq!(b.raw(b"hi\r\n\x1aAT\r"), format!("{OK}{RESULT}"));
    assert_eq!(b.raw(b"\r\n\x1aAT\r"), OK, "later bytes are a command line");
}

#[test]
fn a57_notice() {
    let mut b = receiving(with(|p| p.stored_notice = false), "1,0");
    assert_eq!(arrive(&mut b, "x"), "");
    assert_eq!(b.at("AT+QMTRECV?"), answer(&["+QMTRECV: 0,1,0,0,0,0"]));
    let mut b = receiving(faulty(&["lose-notice"]), "1,0");
    assert_eq!(arrive(&mut b, "x"), "");
    assert_eq!(arrive(&mut b, "y"), lines(&["+QMTRECV: 0,1"]));
    let mut b = receiving(bench(), "0,0");
    arrive(&mut b, "x");
    assert_eq!(
        b.at("AT+QMTRECV?"),
        answer(&["+QMTRECV: 0,0,0,0,0,0"]),
        "unused in mode 0"
    );
}

#[test]
fn a61_empty_payload() {
    let mut b = bench();
    b.connect(0);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",0"), format!("{OK}{RESULT}"));
    assert_eq!(b.packets(), [Packet::Publish(message(0, "t", b"", 0))]);
    let mut b = with(|p| p.empty_payload_prompt = true);
    b.connect(0);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",0"), PROMPT);
    assert_eq!(b.wait_ms(100), format!("{OK}{RESULT}"));
}

#[test]
fn a67_a_publish_that_fails_closes() {
    let mut b = bench();
    b.connect(0);
    b.publish(1, 1);
    b.sent();
    assert_eq!(b.wait(14), "");
    let again = b.packets();
    assert_eq!(again.len(), 2);
    assert!(
        again
            .iter()
            .all(|p| matches!(p, Packet::Publish(p) if p.dup && p.id == 1))
    );
    assert_eq!(b.wait(1), lines(&["+QMTPUBEX: 0,1,2", "+QMTSTAT: 0,6"]));
    assert_eq!(b.sent(), [(0, ToBroker::Close)]);

    let mut b = with(|p| p.stat_after_failed_publish = None);
    b.connect(0);
    b.publish(1, 1);
    assert_eq!(b.wait(60), lines(&["+QMTPUBEX: 0,1,2"]));
    assert_eq!(b.at("AT+QMTCONN?"), answer(&["+QMTCONN: 0,3"]));
}

#[test]
fn a70_bytes_before_the_prompt_are_dropped() {
    let mut b = bench();
    b.connect(0);
    assert_eq!(b.raw(b"AT+QMTPUBEX=0,0,0,0,\"t\",2\r\nearly"), PROMPT);
    assert_eq!(b.raw(b"hi"), format!("{OK}{RESULT}"));
    assert_eq!(b.packets(), [Packet::Publish(message(0, "t", b"hi", 0))]);
    let mut b = faulty(&["delay-prompt:ms=500"]);
    b.connect(0);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",2"), "");
    assert_eq!(b.raw(b"early"), "");
    assert_eq!(b.wait_ms(500), PROMPT);
    assert_eq!(b.raw(b"hi"), format!("{OK}{RESULT}"));
}

#[test]
fn a70_line_feed_after_the_command_is_no_payload() {
    let mut b = bench();
    b.connect(0);
    b.raw(b"AT\r\n");
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",1");
    assert_eq!(b.raw(b"\n"), "", "this host ends its lines with CR LF");
    assert_eq!(b.raw(b"x"), format!("{OK}{RESULT}"));
    b.at("AT");
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",1");
    assert_eq!(b.raw(b"\n"), format!("{OK}{RESULT}"), "this one with CR");
}

#[test]
fn qos_2_arrives_once() {
    let mut b = receiving(bench(), "0,1");
    let publish = Packet::Publish(message(5, "t", b"x", 2));
    assert_eq!(
        b.packet(0, publish.clone()),
        lines(&["+QMTRECV: 0,5,\"t\",1,\"x\""])
    );
    assert_eq!(b.packet(0, publish.clone()), "");
    assert_eq!(b.packets(), [Packet::PubRec(5), Packet::PubRec(5)]);
    assert_eq!(b.packet(0, Packet::PubRel(5)), "");
    assert_eq!(b.packets(), [Packet::PubComp(5)]);
    assert_ne!(b.packet(0, publish), "");
}

#[test]
fn a_message_waits_for_the_end_of_a_payload() {
    let mut b = bench();
    b.connect(0);
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",2");
    assert_eq!(arrive(&mut b, "x"), "");
    assert_eq!(
        b.raw(b"hi"),
        format!("{OK}{}{RESULT}", lines(&["+QMTRECV: 0,0,\"t\",\"x\""]))
    );
    let mut b = with(|p| p.urc_in_data = true);
    b.connect(0);
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",2");
    assert_ne!(arrive(&mut b, "x"), "");
}

#[test]
fn a_connection_lost_behind_the_prompt_makes_the_payload_fail() {
    let mut b = bench();
    b.connect(0);
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",2");
    assert_eq!(b.broker(0, FromBroker::Closed), "");
    assert_eq!(b.raw(b"hi"), lines(&["ERROR", "+QMTSTAT: 0,1"]));
}
