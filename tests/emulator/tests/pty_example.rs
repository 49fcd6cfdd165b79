//! The plain TCP example of the application note (its section 5.1), typed in line for line.
//!
//! The note prints the payload of a received message once with quotes and once without; a module
//! does one or the other, and there is a profile for each.

mod common;

use atmqtt_emulator::profile::Profile;
use atmqtt_emulator::runtime::Emulator;
use common::Host;

const HOST: &str = "iot-as-mqtt.cn-shanghai.aliyuncs.com";

fn session(profile: &str, first: &str, second: &str) {
    let profile = Profile::by_name(profile).unwrap();
    let emulator = Emulator::builder().profile(profile).start().unwrap();
    let mut host = Host::open(&emulator.path());
    host.echo_off();
    let host = &mut host;

    assert_eq!(host.ask("AT+QMTCFG=\"recv/mode\",0,0,1"), ["OK"]);
    let key = "0123456789abcdef0123456789ABCDEF";
    assert_eq!(
        host.ask(&format!(
            "AT+QMTCFG=\"aliauth\",0,\"productkey1\",\"MQTT_TEST\",\"{key}\""
        )),
        ["OK"]
    );

    assert_eq!(
        host.ask("AT+QMTOPEN=?"),
        ["+QMTOPEN: (0-5),\"hostname\",(1-65535)", "OK"]
    );
    assert_eq!(host.ask(&format!("AT+QMTOPEN=0,\"{HOST}\",1883")), ["OK"]);
    assert_eq!(host.line(), "+QMTOPEN: 0,0");
    let open = format!("+QMTOPEN: 0,\"{HOST}\",1883");
    assert_eq!(host.ask("AT+QMTOPEN?"), [open.as_str(), "OK"]);

    let form = "+QMTCONN: (0-5),\"clientid\",\"username\",\"password\"";
    assert_eq!(host.ask("AT+QMTCONN=?"), [form, "OK"]);
    assert_eq!(host.ask("AT+QMTCONN=0,\"clientExample\""), ["OK"]);
    assert_eq!(host.line(), "+QMTCONN: 0,0,0");

    let form = "+QMTSUB: (0-5),<msgid>,list of [\"topic\",qos]";
    assert_eq!(host.ask("AT+QMTSUB=?"), [form, "OK"]);
    assert_eq!(host.ask("AT+QMTSUB=0,1,\"topic/example\",2"), ["OK"]);
    assert_eq!(host.line(), "+QMTSUB: 0,1,0,2");
    assert_eq!(host.ask("AT+QMTSUB=0,1,\"topic/pub\",0"), ["OK"]);
    assert_eq!(host.line(), "+QMTSUB: 0,1,0,0");

    let text = "This is the payload related to topic";
    assert_eq!(
        emulator.publish("topic/example", text.as_bytes(), 0, false),
        Ok(1)
    );
    assert_eq!(
        host.line(),
        format!("+QMTRECV: 0,0,\"topic/example\",36,{first}")
    );

    assert_eq!(host.ask("AT+QMTUNS=0,2,\"topic/example\""), ["OK"]);
    assert_eq!(host.line(), "+QMTUNS: 0,2,0");
    assert_eq!(
        emulator.publish("topic/example", text.as_bytes(), 0, false),
        Ok(0)
    );

    let form = "+QMTPUBEX: (0-5),<msgid>,(0-2),(0,1),\"topic\",\"length\"";
    assert_eq!(host.ask("AT+QMTPUBEX=?"), [form, "OK"]);
    host.command("AT+QMTPUBEX=0,0,0,0,\"topic/pub\",30");
    assert_eq!(host.until(b"> "), b"\r\n> ");
    host.write(b"This is test data, hello MQTT.");
    assert_eq!(host.line(), "OK");
    assert_eq!(host.line(), "+QMTPUBEX: 0,0,0");
    assert_eq!(
        host.line(),
        format!("+QMTRECV: 0,0,\"topic/pub\",30,{second}")
    );

    assert_eq!(host.ask("AT+QMTDISC=0"), ["OK"]);
    assert_eq!(host.line(), "+QMTDISC: 0,0");
    assert!(host.left() == 0);
    assert_eq!(host.ask("AT+QMTCONN?"), ["OK"], "nobody is connected");

    let published = emulator.published();
    assert_eq!(published.len(), 1);
    // The device data make the module sign in the way Alibaba Cloud wants it.
    let client_id = "clientExample|securemode=3,signmethod=hmacsha1|";
    assert_eq!(published[0].client_id, client_id);
    assert_eq!(published[0].payload, b"This is test data, hello MQTT.");
}

#[test]
fn with_quotes_as_the_note_prints_the_first_message() {
    session(
        "note",
        "\"This is the payload related to topic\"",
        "\"This is test data, hello MQTT.\"",
    );
}

#[test]
fn without_quotes_as_the_note_prints_the_second_message() {
    session(
        "note-example",
        "This is the payload related to topic",
        "This is test data, hello MQTT.",
    );
}

#[test]
fn another_client_of_the_module_sends() {
    let emulator = Emulator::builder().start().unwrap();
    let mut host = Host::open(&emulator.path());
    host.echo_off();
    assert_eq!(host.ask("AT+QMTCFG=\"recv/mode\",0,0,1"), ["OK"]);
    for (client, name) in [(0, "reader"), (1, "writer")] {
        assert_eq!(
            host.ask(&format!("AT+QMTOPEN={client},\"{HOST}\",1883")),
            ["OK"]
        );
        assert_eq!(host.line(), format!("+QMTOPEN: {client},0"));
        assert_eq!(host.ask(&format!("AT+QMTCONN={client},\"{name}\"")), ["OK"]);
        assert_eq!(host.line(), format!("+QMTCONN: {client},0,0"));
    }
    assert_eq!(host.ask("AT+QMTSUB=0,1,\"topic/+\",2"), ["OK"]);
    assert_eq!(host.line(), "+QMTSUB: 0,1,0,2");
    for qos in 0..3 {
        let id = if qos == 0 { 0 } else { 6 + qos };
        host.command(&format!("AT+QMTPUBEX=1,{id},{qos},0,\"topic/{qos}\",4"));
        host.until(b"> ");
        host.write(b"\0\"\r\n");
        assert_eq!(host.line(), "OK");
        // The result and the message come in either order.
        let message = format!("+QMTRECV: 0,{qos},\"topic/{qos}\",4,\"\0\"\r\n\"\r\n");
        let result = format!("+QMTPUBEX: 1,{id},0\r\n");
        let (message, result) = (message.as_bytes(), result.as_bytes());
        let mut got = Vec::new();
        let both = |got: &[u8]| {
            let has = |what: &[u8]| got.windows(what.len()).any(|window| window == what);
            has(message) && has(result)
        };
        while !both(&got) {
            got.extend(host.take(1));
        }
    }
}
