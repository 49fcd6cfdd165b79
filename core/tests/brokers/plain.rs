//! Messages, sign-in, wills and stored sessions over TCP.

use atmqtt::{
    ClientConfig, Connect, Delivery, ErrorKind, Event, Granted, Messages, QoS, State, Will,
};

use crate::bench::{Bench, failed, next};
use crate::mosquitto::{Mosquitto, PATIENCE, received};

const ALL_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// Payloads of every length with a border nearby and of all byte values, and payloads that look like
/// something else of the protocol.
fn payloads() -> Vec<Vec<u8>> {
    const LOOK_ALIKES: [&[u8]; 14] = [
        b"\"",
        b"\r",
        b"\r\n",
        b"> ",
        b"\r\n> ",
        b"\x1A\x1B+++",
        b"\r\nOK\r\n",
        b"\r\nERROR\r\n",
        b"\r\n+CME ERROR: 3\r\n",
        b"\r\nCONNECT 4\r\nRDY\r\n",
        b"AT+QMTCLOSE=0\r",
        b"\"\r\n\r\n+QMTSTAT: 0,1\r\n",
        b"\"\r\n\r\n+QMTRECV: 0,0,\"down/x\",5,\"hello\"\r\n",
        b"\r\n+QMTPUBEX: 0,1,0\r\n\r\n+QMTPUBEX: 0,0,2\r\n",
    ];
    let values = |length: usize| -> Vec<u8> {
        (0..length)
            .map(|n| ((n * 7 + n / 256 + length) % 256) as u8)
            .collect()
    };
    let mut payloads: Vec<_> = [0, 1, 2, 100, 256, 1499, 1500].map(values).into();
    payloads.extend(LOOK_ALIKES.map(<[u8]>::to_vec));
    let endless = b"\r\n+QMTRECV: 0,0\r\n\r\nOK\r\n".iter().cycle();
    payloads.push(endless.copied().take(1500).collect());
    payloads
}

fn options(qos: QoS) -> [&'static str; 2] {
    ["-q", ["0", "1", "2"][usize::from(qos.level())]]
}

#[test]
fn from_the_module() {
    let broker = Mosquitto::open();
    let other = broker.subscribe("up/#");
    let bench = Bench::new();
    let client = bench.connected(0, "module", &ClientConfig::new(), &broker);
    for qos in ALL_QOS {
        let topic = format!("up/{qos}");
        for payload in payloads() {
            client.publish(&topic, &payload, qos, false).unwrap();
            let expected = received(&topic, qos.level(), false, &payload);
            assert_eq!(other.next(), expected);
        }
    }
    client.disconnect().unwrap();
    broker.wait_log("Received DISCONNECT from module");
    assert_eq!(client.state(), State::Closed);
}

fn to_the_module(delivery: Delivery) {
    let broker = Mosquitto::open();
    let bench = Bench::new();
    let config = ClientConfig::new().delivery(delivery);
    let client = bench.connected(0, "module", &config, &broker);
    let messages = client.messages().unwrap();
    let granted = client.subscribe(&[("down/#", QoS::ExactlyOnce)]).unwrap();
    assert_eq!(granted, [Granted::QoS(QoS::ExactlyOnce)]);
    for qos in ALL_QOS {
        for payload in payloads() {
            broker.publish("down/x", &payload, &options(qos));
            let message = next(&messages);
            assert_eq!(message.payload(), payload, "{qos}");
            assert_eq!(message.topic(), "down/x");
            assert_eq!(message.msgid() == 0, qos == QoS::AtMostOnce);
        }
    }
    client.unsubscribe(&["down/#"]).unwrap();
    broker.publish("down/x", b"nobody is there", &["-q", "1"]);
    client.subscribe(&[("end", QoS::AtLeastOnce)]).unwrap();
    broker.publish("end", b"", &["-q", "1"]);
    assert_eq!(next(&messages).topic(), "end");
    assert_eq!(client.state(), State::Connected);
}

#[test]
fn to_the_module_at_once() {
    to_the_module(Delivery::Inline);
}

#[test]
fn to_the_module_through_its_store() {
    to_the_module(Delivery::Stored);
}

#[test]
fn many_under_way() {
    let broker = Mosquitto::open();
    let other = broker.subscribe("up");
    let bench = Bench::new();
    let client = bench.connected(0, "module", &ClientConfig::new(), &broker);
    let messages = client.messages().unwrap();
    client.subscribe(&[("up", QoS::ExactlyOnce)]).unwrap();
    for qos in ALL_QOS {
        let publications: Vec<_> = (0..50_u8)
            .map(|n| client.publish_start("up", [n], qos, false).unwrap())
            .collect();
        for publication in publications {
            publication.wait().unwrap();
        }
        for n in 0..50 {
            assert_eq!(other.next(), received("up", qos.level(), false, &[n]));
            assert_eq!(next(&messages).payload(), [n]);
        }
    }
}

#[test]
fn user_name_and_password() {
    let broker = Mosquitto::with_user("pump", "right");
    let bench = Bench::new();
    let client = bench.client(0, &ClientConfig::new());
    let connect = || Connect::new("module");
    for refused in [
        connect(),
        connect().username("pump"),
        connect().credentials("pump", "wrong"),
        connect().credentials("nobody", "right"),
    ] {
        client.open("127.0.0.1", broker.port()).unwrap();
        let result = client.connect(&refused);
        let error = failed(result, ErrorKind::ConnectionRefused, &[4, 5], &client);
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    client.open("127.0.0.1", broker.port()).unwrap();
    client
        .connect(&connect().credentials("pump", "right"))
        .unwrap();
    broker.wait_log("u'pump'");
    client
        .publish("t", b"signed in", QoS::AtLeastOnce, false)
        .unwrap();
}

#[test]
fn retained() {
    let broker = Mosquitto::open();
    let bench = Bench::new();
    let client = bench.connected(0, "module", &ClientConfig::new(), &broker);
    let publish = |topic: &str, payload: &[u8]| {
        client
            .publish(topic, payload, QoS::AtLeastOnce, true)
            .unwrap();
    };
    publish("kept/1", b"by the module");
    publish("kept/2", b"and taken away");
    let other = broker.subscribe("kept/1");
    assert_eq!(other.next(), received("kept/1", 1, true, b"by the module"));
    broker.publish("kept/1", b"by another", &["-q", "1", "-r"]);
    publish("kept/2", b"");
    let messages = client.messages().unwrap();
    client.subscribe(&[("kept/#", QoS::AtLeastOnce)]).unwrap();
    let message = next(&messages);
    assert_eq!(message.topic(), "kept/1");
    assert_eq!(message.payload(), b"by another");
    client
        .publish("kept/3", [], QoS::AtMostOnce, false)
        .unwrap();
    assert_eq!(next(&messages).topic(), "kept/3", "kept/2 is kept no more");
}

#[test]
fn will_when_the_connection_is_cut() {
    let broker = Mosquitto::open();
    let other = broker.subscribe("will/#");
    let bench = Bench::new();
    let connected = |index, name: &str, payload: &[u8]| {
        let will = Will::new(format!("will/{name}"), payload).qos(QoS::AtLeastOnce);
        bench.connected(index, name, &ClientConfig::new().will(will), &broker)
    };
    let polite = connected(0, "polite", b"gone");
    let closed = connected(1, "closed", b"gone");
    // Only a prompt takes these.
    let quoted = b"\"gone\"\r\nOK\r\n\0\xFF";
    connected(2, "dropped", quoted);
    polite.disconnect().unwrap();
    broker.wait_log("Received DISCONNECT from polite");
    closed.close().unwrap();
    assert_eq!(other.next(), received("will/closed", 1, false, b"gone"));
    drop(bench.emulator);
    assert_eq!(other.next(), received("will/dropped", 1, false, quoted));
    broker.publish("will/end", b"", &["-q", "1"]);
    assert_eq!(other.next(), received("will/end", 1, false, b""));
}

#[test]
fn stored_session() {
    let broker = Mosquitto::open();
    let bench = Bench::new();
    let config = ClientConfig::new().clean_session(false);
    let client = bench.connected(0, "module", &config, &broker);
    let messages = client.messages().unwrap();
    let again = || {
        client.open("127.0.0.1", broker.port()).unwrap();
        client.connect(&Connect::new("module")).unwrap();
    };
    let meanwhile = |messages: &Messages, generation| {
        for (qos, text) in [("1", "one"), ("2", "two"), ("1", "three")] {
            broker.publish("mail", text.as_bytes(), &["-q", qos]);
        }
        again();
        for text in ["one", "two", "three"] {
            let message = next(messages);
            assert_eq!(message.payload(), text.as_bytes());
            assert_eq!(message.generation(), generation);
        }
    };
    client.subscribe(&[("mail", QoS::ExactlyOnce)]).unwrap();
    client.disconnect().unwrap();
    broker.wait_log("Received DISCONNECT from module");
    meanwhile(&messages, 2);
    client.close().unwrap();
    meanwhile(&messages, 3);
    // A clean session ends it.
    client.disconnect().unwrap();
    client
        .configure(&ClientConfig::new().clean_session(true))
        .unwrap();
    broker.publish("mail", b"nobody asks for it", &["-q", "1"]);
    again();
    client.subscribe(&[("other", QoS::AtLeastOnce)]).unwrap();
    broker.publish("mail", b"nor for that", &["-q", "1"]);
    broker.publish("other", b"last", &["-q", "1"]);
    assert_eq!(next(&messages).payload(), b"last");
}

#[test]
fn a_broker_that_dies() {
    let broker = Mosquitto::open();
    let bench = Bench::new();
    let client = bench.connected(0, "module", &ClientConfig::new(), &broker);
    let events = bench.modem.events().unwrap();
    drop(broker);
    let ended = std::iter::from_fn(|| events.recv_timeout(PATIENCE))
        .any(|event| matches!(event, Event::Disconnected { client: 0, .. }));
    assert!(ended);
    assert_eq!(client.state(), State::Closed);
    let error = client
        .publish("t", b"late", QoS::AtLeastOnce, false)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
    let another = Mosquitto::open();
    client.open("127.0.0.1", another.port()).unwrap();
    client.connect(&Connect::new("module")).unwrap();
    client
        .publish("t", b"later", QoS::AtLeastOnce, false)
        .unwrap();
}
