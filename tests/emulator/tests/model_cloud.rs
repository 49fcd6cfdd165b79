//! Signing in at the clouds (register A33): what goes into CONNECT, and whom the hub lets in.
//!
//! Passwords that no cloud publishes were computed with OpenSSL: `printf %s CONTENT | openssl dgst
//! -sha1 -hmac KEY` (or `-sha256`). For a token, `printf 'ET\nsha256\nRES\n2018-10-31' | openssl dgst
//! -sha256 -mac HMAC -macopt key:KEY -binary | base64`, where the access key is `KEY` in base64.

mod model;

use atmqtt_emulator::hub::Policy;
use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::Settings;
use atmqtt_emulator::packet::{Connect, Packet};
use model::{Bench, ERROR, OK, answer, bench};
use std::time::Duration;

/// The device data of the example in the note, 5.1.
const ALIAUTH: &str =
    "AT+QMTCFG=\"aliauth\",0,\"oyjtmPI5a5j\",\"MQTT_TEST\",\"wN9Y6pZSIly7Exa5qVzcmigEGO4kAazZ\"";
/// The access key is `device-access-key`.
const ONENET: &str = "AT+QMTCFG=\"onenet\",0,\"123123\",\"ZGV2aWNlLWFjY2Vzcy1rZXk=\"";
const ALIBABA_PASSWORD: &str = "1cc463d534daff2e882fc10323ce58609bd7d4af";
const TOKEN: &str = "version=2018-10-31&res=products%2F123123%2Fdevices%2Fmydev&et=1767398400\
    &method=sha256&sign=McYHo49pHt%2FNv25HVOqLtfVaNUzA1sn7aDPZiyh%2BXzY%3D";

/// The CONNECT that follows `AT+QMTCONN` with these parameters.
#[track_caller]
fn connect(b: &mut Bench, given: &str) -> Connect {
    b.open(0);
    b.sent();
    b.ok(&format!("AT+QMTCONN=0,{given}"));
    let Some(Packet::Connect(connect)) = b.packets().pop() else {
        panic!("no CONNECT")
    };
    connect
}

/// Client id, user name, password.
#[track_caller]
fn check(connect: Connect, client_id: &str, username: &str, password: &str) {
    assert_eq!(connect.client_id, client_id);
    assert_eq!(connect.username.as_deref(), Some(username));
    let sent = String::from_utf8(connect.password.expect("a password")).unwrap();
    assert_eq!(sent, password);
}

#[test]
fn alibaba() {
    let mut b = bench();
    b.ok(ALIAUTH);
    check(
        connect(&mut b, "\"clientExample\""),
        "clientExample|securemode=3,signmethod=hmacsha1|",
        "MQTT_TEST&oyjtmPI5a5j",
        ALIBABA_PASSWORD,
    );
}

#[test]
fn alibaba_is_told_of_tls() {
    let mut b = bench();
    b.ok(ALIAUTH);
    b.ok("AT+QMTCFG=\"ssl\",0,1,2");
    check(
        connect(&mut b, "\"clientExample\""),
        "clientExample|securemode=2,signmethod=hmacsha1|",
        "MQTT_TEST&oyjtmPI5a5j",
        ALIBABA_PASSWORD,
    );
}

#[test]
fn onenet() {
    let mut b = bench();
    b.ok(ONENET);
    check(connect(&mut b, "\"mydev\""), "mydev", "123123", TOKEN);
}

/// It expires at the end of the next day in UTC, whatever the zone of the clock.
#[test]
fn a_token_is_good_for_all_of_a_day() {
    for clock in [
        "26/01/01,00:00:00+00",
        "26/01/01,23:59:50+00",
        "26/01/02,07:59:50+32",
        "25/12/31,20:00:00-16",
    ] {
        let mut b = bench();
        b.ok(ONENET);
        b.ok(&format!("AT+CCLK=\"{clock}\""));
        check(connect(&mut b, "\"mydev\""), "mydev", "123123", TOKEN);
    }
    let mut b = bench();
    b.ok(ONENET);
    b.ok("AT+CCLK=\"26/01/01,23:59:58+00\"");
    b.wait(2);
    let password = connect(&mut b, "\"mydev\"").password.unwrap();
    let token = String::from_utf8(password).unwrap();
    assert!(token.contains("&et=1767484800&"), "{token}");
}

#[test]
fn an_access_key_that_is_no_base64() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"onenet\",0,\"123123\",\"not base64\"");
    b.open(0);
    b.sent();
    b.error("AT+QMTCONN=0,\"mydev\"");
    assert_eq!(b.packets(), []);
    b.ok("AT+QMTCONN=0,\"mydev\",\"123123\",\"token\"");
}

/// The secret and the hour are those of the example that the cloud publishes.
#[test]
fn huawei() {
    let password = "c75150e6cb841417396819e4d2ee4358a416344a03a083e3a8567074ddec820a";
    for (clock, time_enable, client_id) in [
        ("25/04/14,01:59:59+00", "", "id_0_0_2025041401"),
        ("25/04/14,09:00:00+32", ",0", "id_0_0_2025041401"),
        ("25/04/13,20:30:00-18", ",1", "id_0_1_2025041401"),
    ] {
        let mut b = bench();
        b.ok(&format!(
            "AT+QMTCFG=\"hwauth\",0,\"id\",\"12345678\"{time_enable}"
        ));
        b.ok(&format!("AT+CCLK=\"{clock}\""));
        check(connect(&mut b, "\"any\""), client_id, "id", password);
    }
}

#[test]
fn huawei_by_product() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"hwprodid\",0,\"pid\",\"secret of the product\",\"node\",1");
    check(
        connect(&mut b, "\"any\""),
        "pid_node_0_1_2026010100",
        "pid_node",
        "8517d4a9e0d9efa05135141fdec3d542f754ecb034e771201914a47e09b2042b",
    );
}

#[test]
fn what_the_host_says_wins() {
    for (given, username, password) in [
        ("\"me\",\"u\",\"p\"", "u", Some("p")),
        ("\"me\",\"u\"", "u", None),
        ("\"me\",\"\"", "", None),
    ] {
        let mut b = bench();
        b.ok(ALIAUTH);
        let connect = connect(&mut b, given);
        assert_eq!(connect.client_id, "me");
        assert_eq!(connect.username.as_deref(), Some(username));
        assert_eq!(connect.password.as_deref(), password.map(str::as_bytes));
    }
    let mut b = bench();
    b.ok(ALIAUTH);
    b.open(0);
    b.error("AT+QMTCONN=0,\"me\",,\"p\"");
}

#[test]
fn data_of_a_cloud_count_while_complete() {
    let mut b = bench();
    b.ok("AT+QMTCFG=\"aliauth\",0,\"k\",\"\",\"s\"");
    b.ok(ONENET);
    b.ok("AT+QMTCFG=\"hwauth\",0,\"id\",\"12345678\"");
    check(connect(&mut b, "\"mydev\""), "mydev", "123123", TOKEN);
    // Each client has its own.
    b.open(1);
    b.sent();
    b.ok("AT+QMTCONN=1,\"other\"");
    let Some(Packet::Connect(connect)) = b.packets().pop() else {
        panic!("no CONNECT")
    };
    assert_eq!((connect.username, connect.password), (None, None));
}

/// What the module writes when a client signs in with these credentials at the hub.
fn at_the_hub(config: &str, client_id: &str, user: &str, password: &str) -> String {
    let mut machine = Machine::new(Settings::default(), Duration::ZERO);
    let mut now = Duration::from_secs(10);
    machine.with_hub(now, |hub| {
        hub.set_policy(Policy {
            credentials: Some((user.to_owned(), password.into())),
            ..Policy::default()
        });
    });
    let mut written = Vec::new();
    for line in [
        "ATE0",
        config,
        "AT+QMTOPEN=0,\"cloud\",1883",
        &format!("AT+QMTCONN=0,\"{client_id}\""),
    ] {
        machine.take_serial();
        machine.input(now, format!("{line}\r").as_bytes());
        now += Duration::from_secs(1);
        machine.run_until(now);
        written = machine.take_serial();
    }
    String::from_utf8(written).unwrap()
}

#[test]
fn the_hub_lets_in_who_signs_in() {
    let accepted = format!("{OK}\r\n+QMTCONN: 0,0,0\r\n");
    let refused = format!("{OK}\r\n+QMTCONN: 0,0,4\r\n\r\n+QMTSTAT: 0,4\r\n");
    let huawei = "AT+QMTCFG=\"hwprodid\",0,\"pid\",\"secret of the product\",\"node\"";
    let secret = "8517d4a9e0d9efa05135141fdec3d542f754ecb034e771201914a47e09b2042b";
    for (config, client_id, user, password) in [
        (
            ALIAUTH,
            "clientExample",
            "MQTT_TEST&oyjtmPI5a5j",
            ALIBABA_PASSWORD,
        ),
        (ONENET, "mydev", "123123", TOKEN),
        (huawei, "any", "pid_node", secret),
    ] {
        assert_eq!(at_the_hub(config, client_id, user, password), accepted);
        assert_eq!(at_the_hub(config, client_id, user, "other"), refused);
        assert_eq!(at_the_hub(config, client_id, "other", password), refused);
    }
    // Another device.
    assert_eq!(at_the_hub(ONENET, "yourdev", "123123", TOKEN), refused);
    assert_eq!(at_the_hub("AT", "mydev", "123123", TOKEN), refused);
}

/// Only the query of the setting prints the device data, as the note shows it.
#[test]
fn secrets_are_not_printed() {
    let secret = "wN9Y6pZSIly7Exa5qVzcmigEGO4kAazZ";
    let mut b = bench();
    let mut out = b.at(ALIAUTH);
    b.open(0);
    b.answering = true;
    out += &b.at("AT+QMTCONN=0,\"clientExample\"");
    assert!(out.contains("+QMTCONN: 0,0,0"), "{out}");
    for line in ["AT+QMTCONN?", "AT+QMTOPEN?", "AT+QMTCFG=?", "AT+QMTDISC=0"] {
        out += &b.at(line);
    }
    assert!(!out.contains(ERROR), "{out}");
    assert!(
        !out.contains(secret) && !out.contains(ALIBABA_PASSWORD),
        "{out}"
    );
    let sent = format!("{:?}", b.sent());
    assert!(!sent.contains(secret), "{sent}");
    let shown = format!("+QMTCFG: \"aliauth\",\"oyjtmPI5a5j\",\"MQTT_TEST\",\"{secret}\"");
    assert_eq!(b.at("AT+QMTCFG=\"aliauth\",0"), answer(&[&shown]));
}
