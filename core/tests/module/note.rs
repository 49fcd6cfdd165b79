//! Chapter 5.1 of the application note, through the library, against a port that answers with the
//! note's bytes.

use std::time::Duration;

use atmqtt::{AliAuth, ClientConfig, Connect, Delivery, Granted, QoS};

use crate::common::{Peer, next, setup};

/// What the note prints after each command, CR LF put back in.
fn answers(line: &str) -> Option<&'static str> {
    Some(match line {
        "AT+QMTOPEN=?" => "\r\n+QMTOPEN: (0-5),\"hostname\",(1-65535)\r\n\r\nOK\r\n",
        "AT+QMTOPEN=0,\"iot-as-mqtt.cn-shanghai.aliyuncs.com\",1883" => {
            "\r\nOK\r\n\r\n+QMTOPEN: 0,0\r\n"
        }
        "AT+QMTCONN=?" => {
            "\r\n+QMTCONN: (0-5),\"clientid\",\"username\",\"password\"\r\n\r\nOK\r\n"
        }
        "AT+QMTCONN=0,\"clientExample\"" => "\r\nOK\r\n\r\n+QMTCONN: 0,0,0\r\n",
        "AT+QMTSUB=?" => "\r\n+QMTSUB: (0-5),<msgid>,list of [\"topic\",qos]\r\n\r\nOK\r\n",
        "AT+QMTSUB=0,N,\"topic/example\",2" => "\r\nOK\r\n\r\n+QMTSUB: 0,N,0,2\r\n",
        "AT+QMTSUB=0,N,\"topic/pub\",0" => concat!(
            "\r\nOK\r\n\r\n+QMTSUB: 0,N,0,0\r\n",
            "\r\n+QMTRECV: 0,0,\"topic/example\",36,\"This is the payload related to topic\"\r\n"
        ),
        "AT+QMTUNS=0,N,\"topic/example\"" => "\r\nOK\r\n\r\n+QMTUNS: 0,N,0\r\n",
        "AT+QMTPUBEX=?" => {
            "\r\n+QMTPUBEX: (0-5),<msgid>,(0-2),(0,1),\"topic\",\"length\"\r\n\r\nOK\r\n"
        }
        "AT+QMTPUBEX=0,0,0,0,\"topic/pub\",30" => "\r\n>",
        "This is test data, hello MQTT." => concat!(
            "\r\nOK\r\n\r\n+QMTPUBEX: 0,0,0\r\n",
            "\r\n+QMTRECV: 0,0,\"topic/pub\",30,This is test data, hello MQTT.\r\n"
        ),
        "AT+QMTDISC=0" => "\r\nOK\r\n\r\n+QMTDISC: 0,0\r\n",
        _ => return None,
    })
}

/// The note's commands in the note's order; `N` is a message id.
const NOTE: [&str; 15] = [
    "AT+QMTCFG=\"recv/mode\",0,0,1",
    "AT+QMTCFG=\"aliauth\",0,\"product-key\",\"MQTT_TEST\",\"0123456789abcdef0123456789abcdef\"",
    "AT+QMTOPEN=?",
    "AT+QMTOPEN=0,\"iot-as-mqtt.cn-shanghai.aliyuncs.com\",1883",
    "AT+QMTOPEN?",
    "AT+QMTCONN=?",
    "AT+QMTCONN=0,\"clientExample\"",
    "AT+QMTSUB=?",
    "AT+QMTSUB=0,N,\"topic/example\",2",
    "AT+QMTSUB=0,N,\"topic/pub\",0",
    "AT+QMTUNS=0,N,\"topic/example\"",
    "AT+QMTPUBEX=?",
    "AT+QMTPUBEX=0,0,0,0,\"topic/pub\",30",
    "This is test data, hello MQTT.",
    "AT+QMTDISC=0",
];

/// The message id of a `SUB` or `UNS`, and the line with `N` in its place.
fn without_msgid(line: &str) -> (String, String) {
    let parts: Vec<&str> = line.splitn(3, ',').collect();
    match parts[..] {
        [command, id, rest]
            if command.starts_with("AT+QMTSUB=0") || command.starts_with("AT+QMTUNS=0") =>
        {
            (id.to_owned(), format!("{command},N,{rest}"))
        }
        _ => (String::new(), line.to_owned()),
    }
}

#[test]
fn chapter_5_1() {
    let mut opened = false;
    let (modem, peer) = Peer::start(move |line| {
        if line == "AT+QMTOPEN?" && opened {
            return concat!(
                "\r\n+QMTOPEN: 0,\"iot-as-mqtt.cn-shanghai.aliyuncs.com\",1883\r\n",
                "\r\nOK\r\n"
            )
            .into();
        }
        if let Some(answer) = setup(line) {
            return answer;
        }
        if line.starts_with("AT+QMTCFG=") {
            return b"\r\nOK\r\n".to_vec();
        }
        opened |= line.starts_with("AT+QMTOPEN=0");
        let (id, line) = without_msgid(line);
        let answer = answers(&line).unwrap_or_else(|| panic!("the note has no {line:?}"));
        answer.replace(": 0,N,", &format!(": 0,{id},")).into()
    });

    let client = modem.client(0).unwrap();
    let messages = client.messages().unwrap();
    client
        .configure(
            &ClientConfig::new()
                .delivery(Delivery::Inline)
                .ali_auth(AliAuth {
                    product_key: "product-key".into(),
                    device_name: "MQTT_TEST".into(),
                    device_secret: "0123456789abcdef0123456789abcdef".into(),
                }),
        )
        .unwrap();
    assert_eq!(
        modem.command("AT+QMTOPEN=?").unwrap(),
        ["+QMTOPEN: (0-5),\"hostname\",(1-65535)"]
    );
    client
        .open("iot-as-mqtt.cn-shanghai.aliyuncs.com", 1883)
        .unwrap();
    assert_eq!(
        modem.command("AT+QMTOPEN?").unwrap(),
        ["+QMTOPEN: 0,\"iot-as-mqtt.cn-shanghai.aliyuncs.com\",1883"]
    );
    modem.command("AT+QMTCONN=?").unwrap();
    client.connect(&Connect::new("clientExample")).unwrap();
    modem.command("AT+QMTSUB=?").unwrap();
    assert_eq!(
        client
            .subscribe(&[("topic/example", QoS::ExactlyOnce)])
            .unwrap(),
        [Granted::QoS(QoS::ExactlyOnce)]
    );
    assert_eq!(
        client.subscribe(&[("topic/pub", QoS::AtMostOnce)]).unwrap(),
        [Granted::QoS(QoS::AtMostOnce)]
    );
    let message = next(&messages);
    assert_eq!(message.topic(), "topic/example");
    assert_eq!(message.payload(), b"This is the payload related to topic");
    client.unsubscribe(&["topic/example"]).unwrap();
    modem.command("AT+QMTPUBEX=?").unwrap();
    client
        .publish(
            "topic/pub",
            "This is test data, hello MQTT.",
            QoS::AtMostOnce,
            false,
        )
        .unwrap();
    let message = next(&messages);
    assert_eq!(message.topic(), "topic/pub");
    assert_eq!(message.payload(), b"This is test data, hello MQTT.");
    client.disconnect().unwrap();
    assert!(messages.recv_timeout(Duration::ZERO).is_none());
    modem.close().unwrap();

    let sent = String::from_utf8(peer.ended()).unwrap();
    let sent = sent.replace("hello MQTT.", "hello MQTT.\r");
    let commands: Vec<String> = sent
        .split_terminator('\r')
        .map(|line| without_msgid(line).1)
        .collect();
    let first = commands.iter().position(|line| line == NOTE[0]).unwrap();
    // What is left are the settings that the library relies on and the note does not touch.
    let of_the_note: Vec<&str> = commands[first..]
        .iter()
        .map(String::as_str)
        .filter(|line| !line.starts_with("AT+QMTCFG=") || NOTE.contains(line))
        .collect();
    assert_eq!(of_the_note, NOTE);
}
