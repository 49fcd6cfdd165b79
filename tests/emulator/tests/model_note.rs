//! What the application note prints, byte for byte: the list of settings, and chapter 5.1.

mod model;

use atmqtt_emulator::module::Settings;
use atmqtt_emulator::packet::{FromBroker, Packet};
use atmqtt_emulator::profile::Profile;
use model::{Bench, OK, answer, bench, message};

const SETTINGS: &[&str] = &[
    r#"+QMTCFG: "version",(0-5),(3,4)"#,
    r#"+QMTCFG: "pdpcid",(0-5),(1-15)"#,
    r#"+QMTCFG: "ssl",(0-5),(0,1),(0-5)"#,
    r#"+QMTCFG: "keepalive",(0-5),(0-3600)"#,
    r#"+QMTCFG: "session",(0-5),(0,1)"#,
    r#"+QMTCFG: "timeout",(0-5),(1-60),(0-10),(0,1)"#,
    r#"+QMTCFG: "will",(0-5),(0,1),(0-2),(0,1),"willtopic","willmessage""#,
    r#"+QMTCFG: "willex",(0-5),(0,1),(0-2),(0,1),"willtopic",(0-256)"#,
    r#"+QMTCFG: "recv/mode",(0-5),(0,1),(0,1)"#,
    r#"+QMTCFG: "aliauth",(0-5),"product key","device name","device secret""#,
    r#"+QMTCFG: "qmtping",(0-5),(5-60)"#,
    r#"+QMTCFG: "send/mode",(0-5),(0,1)"#,
    r#"+QMTCFG: "onenet",(0-5),"product id","access key""#,
    r#"+QMTCFG: "hwauth",(0-5),"product id","device secret""#,
    r#"+QMTCFG: "hwprodid",(0-5),"product id","product secret","nodeid""#,
    r#"+QMTCFG: "dataformat",(0-5),(0,1),(0,1)"#,
    r#"+QMTCFG: "view/mode",(0-5),(0,1)"#,
    r#"+QMTCFG: "edit/timeout",(0-5),(0,1),(1-120)"#,
];

#[test]
fn the_list_of_settings() {
    assert_eq!(bench().at("AT+QMTCFG=?"), answer(SETTINGS));
}

#[test]
fn every_setting_of_the_list_can_be_set_and_queried() {
    for (name, values) in [
        ("version", "3"),
        ("pdpcid", "15"),
        ("ssl", "1,5"),
        ("keepalive", "3600"),
        ("session", "0"),
        ("timeout", "60,10,1"),
        ("will", r#"1,2,1,"topic","message""#),
        ("recv/mode", "1,1"),
        ("aliauth", r#""a","b","c""#),
        ("qmtping", "60"),
        ("send/mode", "1"),
        ("onenet", r#""a","b""#),
        ("hwauth", r#""a","b""#),
        ("hwprodid", r#""a","b","c""#),
        ("dataformat", "1,1"),
        ("view/mode", "1"),
        ("edit/timeout", "1,120"),
    ] {
        let mut b = bench();
        b.ok(&format!("AT+QMTCFG=\"{name}\",5,{values}"));
        let shown = format!("+QMTCFG: \"{name}\",{values}");
        assert_eq!(b.at(&format!("AT+QMTCFG=\"{name}\",5")), answer(&[&shown]));
        b.error(&format!("AT+QMTCFG=\"{name}\",5,{values},0,0"));
        b.error(&format!("AT+QMTCFG=\"{name}\",6,{values}"));
    }
}

/// Chapter 5.1 with echo on: what a terminal shows, line for line. The payload of the last message
/// is printed without quotes there, that of the first one with.
#[test]
fn chapter_5_1() {
    let quoted = chapter_5_1_with(Profile::note());
    let unquoted = chapter_5_1_with(Profile::note_example());
    let shown = |first: &str, last: &str| {
        CHAPTER_5_1
            .replace("FIRST", first)
            .replace("LAST", last)
            .replace('\n', "\r\n")
            .replace("#\r\n", "\r\r\n")
    };
    let (first, last) = (
        "This is the payload related to topic",
        "This is test data, hello MQTT.",
    );
    assert_eq!(
        quoted,
        shown(&format!("\"{first}\""), &format!("\"{last}\""))
    );
    assert_eq!(unquoted, shown(first, last));
    // As printed: the first message from the one, the last from the other.
    assert!(quoted.contains(&format!(",36,\"{first}\"\r\n")));
    assert!(unquoted.ends_with(&format!(
        ",30,{last}\r\n{}",
        "AT+QMTDISC=0\r\r\nOK\r\n\r\n+QMTDISC: 0,0\r\n"
    )));
}

fn chapter_5_1_with(profile: Profile) -> String {
    let mut b = Bench::new(Settings {
        profile,
        ..Settings::default()
    });
    assert_eq!(b.at("ATE1"), OK);
    let mut seen = String::new();
    seen += &b.at("AT+QMTCFG=\"recv/mode\",0,0,1");
    let secret = "wN9Y6pZSIly7Exa5qVzcmigEGO4kAazZ";
    seen += &b.at(&format!(
        "AT+QMTCFG=\"aliauth\",0,\"oyjtmPI5a5j\",\"MQTT_TEST\",\"{secret}\""
    ));
    seen += &b.at("AT+QMTOPEN=?");
    seen += &b.at("AT+QMTOPEN=0,\"iot-as-mqtt.cn-shanghai.aliyuncs.com\",1883");
    seen += &b.broker(0, FromBroker::Opened);
    seen += &b.at("AT+QMTOPEN?");
    seen += &b.at("AT+QMTCONN=?");
    seen += &b.at("AT+QMTCONN=0,\"clientExample\"");
    seen += &b.packet(
        0,
        Packet::ConnAck {
            session_present: false,
            code: 0,
        },
    );
    seen += &b.at("AT+QMTSUB=?");
    for (topic, qos) in [("topic/example", 2), ("topic/pub", 0)] {
        b.sent();
        seen += &b.at(&format!("AT+QMTSUB=0,1,\"{topic}\",{qos}"));
        let Some(Packet::Subscribe { id, .. }) = b.packets().pop() else {
            panic!("no SUBSCRIBE")
        };
        seen += &b.packet(
            0,
            Packet::SubAck {
                id,
                codes: vec![qos],
            },
        );
    }
    let first = message(
        0,
        "topic/example",
        b"This is the payload related to topic",
        0,
    );
    seen += &b.packet(0, Packet::Publish(first));
    seen += &b.at("AT+QMTUNS=0,2,\"topic/example\"");
    let Some(Packet::Unsubscribe { id, .. }) = b.packets().pop() else {
        panic!("no UNSUBSCRIBE")
    };
    seen += &b.packet(0, Packet::UnsubAck(id));
    seen += &b.at("AT+QMTPUBEX=?");
    seen += &b.at("AT+QMTPUBEX=0,0,0,0,\"topic/pub\",30");
    seen += &b.raw(b"This is test data, hello MQTT.");
    let Some(Packet::Publish(last)) = b.packets().pop() else {
        panic!("no PUBLISH")
    };
    seen += &b.packet(0, Packet::Publish(last));
    seen += &b.at("AT+QMTDISC=0");
    seen
}

/// `#` stands for the CR of a typed line.
const CHAPTER_5_1: &str = r##"AT+QMTCFG="recv/mode",0,0,1#
OK
AT+QMTCFG="aliauth",0,"oyjtmPI5a5j","MQTT_TEST","wN9Y6pZSIly7Exa5qVzcmigEGO4kAazZ"#
OK
AT+QMTOPEN=?#
+QMTOPEN: (0-5),"hostname",(1-65535)

OK
AT+QMTOPEN=0,"iot-as-mqtt.cn-shanghai.aliyuncs.com",1883#
OK

+QMTOPEN: 0,0
AT+QMTOPEN?#
+QMTOPEN: 0,"iot-as-mqtt.cn-shanghai.aliyuncs.com",1883

OK
AT+QMTCONN=?#
+QMTCONN: (0-5),"clientid","username","password"

OK
AT+QMTCONN=0,"clientExample"#
OK

+QMTCONN: 0,0,0
AT+QMTSUB=?#
+QMTSUB: (0-5),<msgid>,list of ["topic",qos]

OK
AT+QMTSUB=0,1,"topic/example",2#
OK

+QMTSUB: 0,1,0,2
AT+QMTSUB=0,1,"topic/pub",0#
OK

+QMTSUB: 0,1,0,0

+QMTRECV: 0,0,"topic/example",36,FIRST
AT+QMTUNS=0,2,"topic/example"#
OK

+QMTUNS: 0,2,0
AT+QMTPUBEX=?#
+QMTPUBEX: (0-5),<msgid>,(0-2),(0,1),"topic","length"

OK
AT+QMTPUBEX=0,0,0,0,"topic/pub",30#
> 
OK

+QMTPUBEX: 0,0,0

+QMTRECV: 0,0,"topic/pub",30,LAST
AT+QMTDISC=0#
OK

+QMTDISC: 0,0
"##;
