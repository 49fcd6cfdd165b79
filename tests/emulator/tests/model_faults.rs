//! What can go wrong, and that nothing else does.

mod model;

use atmqtt_emulator::packet::{Packet, ToBroker};
use model::{ERROR, OK, PROMPT, answer, bench, faulty, lines, message};

const RESULT: &str = "\r\n+QMTPUBEX: 0,0,0\r\n";
const PUBLISH: &str = "AT+QMTPUBEX=0,0,0,0,\"t\",1";

#[test]
fn prompt() {
    let mut b = faulty(&["lose-prompt:at=QMTPUBEX,after=1"]);
    b.connect(0);
    assert_eq!(b.publish(0, 0), format!("{OK}{RESULT}"));
    assert_eq!(b.at(PUBLISH), "");
    assert_eq!(b.raw(b"x"), format!("{OK}{RESULT}"), "it took the payload");
    assert_eq!(b.publish(0, 0), format!("{OK}{RESULT}"));
}

#[test]
fn no_prompt() {
    let mut b = faulty(&[
        "no-prompt:at=QMTPUBEX",
        "no-prompt:at=QFUPL",
        "no-prompt:at=QMTCFG",
    ]);
    b.connect(0);
    assert_eq!(b.at(PUBLISH), "");
    b.ok("AT");
    assert_eq!(b.publish(0, 0), format!("{OK}{RESULT}"));
    b.sent();
    assert_eq!(b.at("AT+QFUPL=\"a\",3,5"), "");
    assert_eq!(b.at("AT+QFLST"), OK, "no file");
    assert_eq!(b.at("AT+QMTDISC=0"), lines(&["OK", "+QMTDISC: 0,0"]));
    assert_eq!(b.at("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",1;+CSQ"), "");
    assert_eq!(
        b.at("AT+QMTCFG=\"willex\",0"),
        answer(&["+QMTCFG: \"willex\",0"])
    );
    assert_eq!(b.wait(600), "");
}

#[test]
fn a_command_is_lost_whole() {
    let mut b = faulty(&[
        "lose-command:at=QMTSUB,client=0",
        "lose-command:at=CSQ,after=1",
        "lose-command:at=QMTPUBEX",
    ]);
    b.connect(0);
    assert_eq!(b.at("AT+QMTSUB=0,1,\"t\",1"), "");
    assert_eq!(b.wait(60), "");
    assert_eq!(b.packets(), []);
    b.ok("AT+QMTSUB=0,1,\"t\",1");
    assert_eq!(b.at("AT+CSQ"), answer(&["+CSQ: 28,99"]));
    // What stands in front of it is run, what stands behind it is not.
    assert_eq!(b.at("ATE1;+CSQ;E0"), "");
    assert_eq!(b.at("AT"), format!("AT\r{OK}"));
    b.at("ATE0");
    assert_eq!(b.at(PUBLISH), "");
    b.ok("AT");
    assert_eq!(b.publish(0, 0), format!("{OK}{RESULT}"));
}

#[test]
fn echo() {
    let mut b = faulty(&["echo:at=CSQ", "echo:ms=5000"]);
    assert_eq!(b.at("AT+CSQ"), answer(&["+CSQ: 28,99"]));
    assert_eq!(b.at("AT"), format!("AT\r{OK}"));
    b.at("ATE0");
    b.ok("AT");
    assert_eq!(b.wait(5), "");
    assert_eq!(b.at("AT"), format!("AT\r{OK}"));
}

#[test]
fn the_output_stalls() {
    let mut b = faulty(&["stall:at=CSQ,of=info,bytes=5,ms=700"]);
    b.connect(0);
    b.answering = true;
    assert_eq!(b.at("AT+CSQ"), "\r\n+CS");
    // What else it does goes on, and waits for its turn.
    assert_eq!(b.at("AT+QMTSUB=0,1,\"t\",1"), "");
    assert_eq!(b.packets().len(), 1);
    assert_eq!(b.wait_ms(699), "");
    let rest = "Q: 28,99\r\n\r\nOK\r\n".to_owned() + &lines(&["OK", "+QMTSUB: 0,1,0,1"]);
    assert_eq!(b.wait_ms(1), rest);

    // Two of them, one behind the other; the first before the first byte.
    b.inject("stall:of=final,bytes=0,ms=100");
    b.inject("stall:of=final,bytes=3,ms=200,after=1");
    assert_eq!(b.at("AT"), "");
    assert_eq!(b.at("AT"), "");
    assert_eq!(b.wait_ms(100), "\r\nOK\r\n\r\nO");
    assert_eq!(b.wait_ms(199), "");
    assert_eq!(b.wait_ms(1), "K\r\n");

    // The module is behind its prompt when the first half of it has left.
    b.inject("stall:of=prompt,bytes=3,ms=1000");
    assert_eq!(b.at(PUBLISH), "\r\n>");
    assert_eq!(b.raw(b"x"), "");
    assert_eq!(b.wait(1), format!(" {OK}{RESULT}"));

    b.inject("stall:at=CSQ,of=info,ms=1000");
    assert_ne!(b.at("AT+CSQ"), answer(&["+CSQ: 28,99"]));
    b.inject("hang-up");
    assert!(b.hung_up, "that does not wait");
}

#[test]
fn between_the_lines_of_an_answer() {
    let mut b = faulty(&[
        "line:at=QMTCONN,on=between,line=+CREG: 2",
        "stat:at=QMTCONN,on=between,client=1,after=1",
        "line:at=CSQ,on=between,line=RING",
        "reboot:at=QMTOPEN,on=between",
    ]);
    b.connect(0);
    b.connect(1);
    let rows = ["+QMTCONN: 0,3", "+QMTCONN: 1,3"];
    let urc = lines(&["+CREG: 2"]);
    let rest = format!("{}\r\n{OK}", rows[1]);
    assert_eq!(
        b.at("AT+QMTCONN?"),
        format!("\r\n{}\r\n{urc}{rest}", rows[0])
    );
    let urc = lines(&["+QMTSTAT: 1,1"]);
    assert_eq!(
        b.at("AT+QMTCONN?"),
        format!("\r\n{}\r\n{urc}{rest}", rows[0])
    );
    assert_eq!(b.at("AT+QMTCONN?"), answer(&rows[..1]));
    assert_eq!(b.at("AT+CSQ"), answer(&["+CSQ: 28,99"]), "one line only");
    b.connect(1);
    assert_eq!(b.at("AT+QMTOPEN?"), "\r\n+QMTOPEN: 0,\"broker\",1883\r\n");
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));
}

#[test]
fn final_code() {
    let mut b = faulty(&[
        "delay-final:at=QMTSUB,ms=300",
        "lose-final:at=CSQ",
        "lose-final:at=QMTPUBEX",
    ]);
    b.connect(0);
    b.answering = true;
    assert_eq!(b.at("AT+QMTSUB=0,1,\"t\",1"), "");
    assert_eq!(b.at("AT"), "", "busy");
    let late = lines(&["OK", "+QMTSUB: 0,1,0,1", "OK"]);
    assert_eq!(b.wait_ms(300), late, "what was typed meanwhile is run");
    assert_eq!(b.at("AT+CSQ"), "\r\n+CSQ: 28,99\r\n");
    b.ok("AT");
    assert_eq!(b.at(PUBLISH), PROMPT);
    assert_eq!(b.raw(b"xAT\r"), RESULT);
    b.ok("AT");
}

#[test]
fn result_lines() {
    let mut b = faulty(&[
        "delay-result:at=QMTSUB,ms=700",
        "lose-result:at=QMTUNS",
        "double-result:at=QMTPUBEX",
        "lose-result:at=QMTRECV",
    ]);
    b.connect(0);
    b.answering = true;
    b.ok("AT+QMTSUB=0,1,\"t\",1");
    b.ok("AT");
    assert_eq!(b.wait_ms(700), lines(&["+QMTSUB: 0,1,0,1"]));
    b.ok("AT+QMTUNS=0,2,\"t\"");
    assert_eq!(b.publish(0, 0), format!("{OK}{RESULT}{RESULT}"));
    let publish = Packet::Publish(message(0, "t", b"x", 0));
    assert_eq!(b.packet(0, publish.clone()), "");
    assert_ne!(b.packet(0, publish), "");
}

#[test]
fn result_first() {
    let mut b = faulty(&[
        "result-first:at=QMTSUB,ms=2000,times=2",
        "result-first:at=QMTPUBEX",
    ]);
    b.connect(0);
    assert_eq!(b.at("AT+QMTSUB=0,1,\"t\",1"), "");
    let suback = Packet::SubAck {
        id: 1,
        codes: vec![1],
    };
    assert_eq!(b.packet(0, suback), lines(&["+QMTSUB: 0,1,0,1", "OK"]));
    assert_eq!(b.at("AT+QMTSUB=0,2,\"t\",1"), "");
    assert_eq!(b.wait_ms(2000), OK, "it comes all the same");
    assert_eq!(b.publish(0, 0), format!("{RESULT}{OK}"));
}

#[test]
fn errors() {
    let mut b = faulty(&["error:at=QMTOPEN,client=1", "cme:code=30,at=CSQ,always"]);
    b.ok("AT+QMTOPEN=0,\"h\",1");
    b.error("AT+QMTOPEN=1,\"h\",1");
    b.ok("AT+QMTOPEN=1,\"h\",1");
    assert_eq!(b.at("AT+CSQ"), lines(&["+CME ERROR: 30"]));
    assert_eq!(b.at("AT+CSQ"), lines(&["+CME ERROR: 30"]));
}

#[test]
fn status() {
    let mut b = faulty(&[
        "stat:at=QMTSUB,code=7",
        "stat:client=1,code=2,ms=2000",
        "ping:ms=3000",
    ]);
    b.connect(0);
    b.open(1);
    assert_eq!(
        b.at("AT+QMTSUB=0,1,\"t\",1"),
        lines(&["OK", "+QMTSTAT: 0,7"])
    );
    assert_eq!(b.wait(2), lines(&["+QMTSTAT: 1,2"]));
    b.connect(5);
    assert_eq!(b.wait(1), lines(&["+QMTPING: 5,1"]));
    assert_eq!(b.at("AT+QMTCONN?"), OK);
    b.connect(0);
    assert_eq!(b.inject("stat:client=0"), lines(&["+QMTSTAT: 0,1"]));
}

#[test]
fn reboots() {
    let mut b = faulty(&["reboot:at=QMTSUB,on=command"]);
    b.connect(0);
    assert_eq!(b.at("AT+QMTSUB=0,1,\"t\",1"), "");
    assert_eq!(b.sent(), [(0, ToBroker::Close)]);
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));

    let mut b = faulty(&["reboot-in-line:at=QMTRECV,bytes=20"]);
    b.connect(0);
    let publish = Packet::Publish(message(0, "topic", b"payload", 0));
    assert_eq!(b.packet(0, publish), "\r\n+QMTRECV: 0,0,\"top");
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));

    let mut b = faulty(&["reboot-in-line:at=QMTPUBEX,of=prompt,bytes=3"]);
    b.connect(0);
    assert_eq!(b.at("AT+QMTPUBEX=0,0,0,0,\"t\",10"), "\r\n>");
    assert_eq!(b.raw(b"AT\r"), "", "deaf until it has started");
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));

    let mut b = faulty(&["reboot-in-line:at=CSQ,of=info,bytes=5"]);
    assert_eq!(b.at("AT+CSQ"), "\r\n+CS");
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));

    let mut b = faulty(&["reboot:at=QMTPUBEX,on=payload"]);
    b.connect(0);
    b.at("AT+QMTPUBEX=0,0,0,0,\"t\",10");
    assert_eq!(b.raw(b"0123456789"), "");
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));

    let mut b = faulty(&["reboot:ms=4000"]);
    assert_eq!(b.wait_ms(3999), "");
    assert!(b.wait(10).starts_with("\r\nRDY\r\n"));
}

#[test]
fn network() {
    let mut b = faulty(&["pdpdeact:ms=1000", "open-result:code=5,client=3"]);
    b.connect(0);
    b.open(2);
    let gone = lines(&["+QIURC: \"pdpdeact\",1", "+QMTSTAT: 0,7", "+QMTSTAT: 2,7"]);
    assert_eq!(b.wait(1), gone);
    assert_eq!(b.at("AT+QIACT?"), OK);
    b.answering = true;
    assert_eq!(
        b.at("AT+QMTOPEN=3,\"h\",1"),
        lines(&["OK", "+QMTOPEN: 3,5"])
    );
    assert_eq!(
        b.at("AT+QMTOPEN=3,\"h\",1"),
        lines(&["OK", "+QMTOPEN: 3,0"])
    );
    assert_eq!(b.inject("registration:code=0"), lines(&["+QMTSTAT: 3,7"]));
    assert_eq!(b.at("AT+CREG?"), answer(&["+CREG: 0,0"]));
}

#[test]
fn broker_packets() {
    let mut b = faulty(&[
        "drop-ack:ack=puback,times=2",
        "drop-ack:ack=connack",
        "connack:code=4,after=1",
    ]);
    b.ok("AT+QMTOPEN=0,\"h\",1");
    b.answering = true;
    b.broker(0, atmqtt_emulator::packet::FromBroker::Opened);
    b.ok("AT+QMTCONN=0,\"me\"");
    assert_eq!(b.wait(5), lines(&["+QMTCONN: 0,2", "+QMTSTAT: 0,4"]));
    b.at("AT+QMTOPEN=0,\"h\",1");
    let refused = lines(&["OK", "+QMTCONN: 0,0,4", "+QMTSTAT: 0,4"]);
    assert_eq!(b.at("AT+QMTCONN=0,\"me\""), refused);
    b.at("AT+QMTOPEN=0,\"h\",1");
    assert_eq!(
        b.at("AT+QMTCONN=0,\"me\""),
        lines(&["OK", "+QMTCONN: 0,0,0"])
    );
    assert_eq!(b.publish(1, 1), OK);
    assert_eq!(b.wait(9), "");
    assert_eq!(b.wait(1), lines(&["+QMTPUBEX: 0,1,0"]));
}

#[test]
fn lines_and_damage() {
    let mut b = faulty(&["line:at=QMTPUBEX,on=prompt,line=+QMTRECV: 0,0,\"a,b\",\"c\""]);
    b.connect(0);
    let before = lines(&["+QMTRECV: 0,0,\"a,b\",\"c\""]);
    assert_eq!(b.at(PUBLISH), before + PROMPT);
    b.raw(b"x");
    b.inject("truncate:bytes=4");
    assert_eq!(b.at("AT"), "\r\nOK");
    b.inject("drop-byte:byte=2,at=CSQ,of=info");
    assert_eq!(b.at("AT+CSQ"), "\r\nCSQ: 28,99\r\n\r\nOK\r\n");
    b.inject("flip-byte:at=CSQ,of=final");
    let flipped = b.at("AT+CSQ");
    assert_ne!(flipped, answer(&["+CSQ: 28,99"]));
    assert!(flipped.starts_with("\r\n+CSQ: 28,99\r\n"));
    b.inject("blank-lines:count=2");
    assert_eq!(b.at("AT"), "\r\n\r\n\r\nOK\r\n");
    assert_eq!(b.inject("line:line=+X: 1"), lines(&["+X: 1"]));
    assert!(b.inject("garbage:bytes=5").len() >= 7);
    b.error("AT+NO");
    assert_eq!(b.at("AT"), OK);
}

#[test]
fn unplugged() {
    let mut b = faulty(&["hang-up:at=QMTPUBEX,on=payload"]);
    b.connect(0);
    b.at(PUBLISH);
    assert!(!b.hung_up);
    b.raw(b"x");
    assert!(b.hung_up);
}

#[test]
fn the_same_seed_does_the_same() {
    let run = || {
        let mut b = faulty(&["flip-byte:always"]);
        let mut out = Vec::new();
        for _ in 0..20 {
            b.module.handle_input(b.now, b"AT\r");
            while let Some(output) = b.module.poll_output() {
                out.push(format!("{output:?}"));
            }
        }
        out
    };
    assert_eq!(run(), run());
}

#[test]
fn injected_urc() {
    let mut b = bench();
    b.module.inject_urc(b.now, "+QIURC: \"pdpdeact\",1");
    assert_eq!(b.wait(0), lines(&["+QIURC: \"pdpdeact\",1"]));
    assert_eq!(b.at("AT+QMTDISC=0"), ERROR);
}

#[test]
fn only_the_client_that_is_meant() {
    let mut b = faulty(&["error:client=1", "stat:client=1,at=CSQ"]);
    b.ok("AT");
    b.connect(0);
    b.error("AT+QMTOPEN=1,\"h\",1");
    b.connect(1);
    let out = answer(&["+CSQ: 28,99"]) + &lines(&["+QMTSTAT: 1,1"]);
    assert_eq!(b.at("AT+CSQ"), out);
    assert_eq!(b.at("AT+QMTCONN?"), answer(&["+QMTCONN: 0,3"]));
}
