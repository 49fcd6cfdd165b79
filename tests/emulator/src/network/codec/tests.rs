use super::{LARGEST, Malformed, decode, encode};
use crate::packet::{Connect, Packet, Publish};

fn encoded(packet: Packet) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(packet, &mut bytes).unwrap();
    bytes
}

fn refused(packet: Packet) -> bool {
    encode(packet, &mut Vec::new()) == Err(Malformed)
}

fn publish(qos: u8, id: u16, payload: &[u8]) -> Publish {
    Publish {
        id,
        topic: "a/b".into(),
        payload: payload.to_vec(),
        qos,
        retain: false,
        dup: false,
    }
}

fn connect(level: u8) -> Connect {
    Connect {
        level,
        client_id: "me".into(),
        clean_session: true,
        keep_alive: 60,
        username: None,
        password: None,
        will: None,
    }
}

#[test]
fn both_protocol_levels() {
    let bytes = b"\x10\x0E\0\x04MQTT\x04\x02\0\x3C\0\x02me";
    assert_eq!(encoded(Packet::Connect(connect(4))), bytes);
    let bytes = b"\x10\x10\0\x06MQIsdp\x03\x02\0\x3C\0\x02me";
    assert_eq!(encoded(Packet::Connect(connect(3))), bytes);
    assert!(refused(Packet::Connect(connect(5))));
}

#[test]
fn everything_in_connect() {
    let full = Connect {
        clean_session: false,
        username: Some("u".into()),
        password: Some(vec![0, 255]),
        will: Some(Publish {
            retain: true,
            ..publish(2, 0, b"w\0")
        }),
        ..connect(4)
    };
    assert_eq!(
        encoded(Packet::Connect(full)),
        b"\x10\x1E\0\x04MQTT\x04\xF4\0\x3C\0\x02me\0\x03a/b\0\x02w\0\0\x01u\0\x02\0\xFF"
    );
    let long = "x".repeat(65_536);
    assert!(refused(Packet::Connect(Connect {
        client_id: long.clone(),
        ..connect(4)
    })));
    assert!(refused(Packet::Connect(Connect {
        will: Some(publish(0, 0, long.as_bytes())),
        ..connect(4)
    })));
}

#[test]
fn what_a_client_sends() {
    let filters = || vec![("a/+".to_owned(), 1), ("#".to_owned(), 2)];
    let cases = [
        (
            Packet::Publish(publish(0, 0, b"")),
            &b"\x30\x05\0\x03a/b"[..],
        ),
        (
            Packet::Publish(Publish {
                dup: true,
                retain: true,
                ..publish(2, 258, b"\0\xFF")
            }),
            b"\x3D\x09\0\x03a/b\x01\x02\0\xFF",
        ),
        (Packet::PubAck(1), b"\x40\x02\0\x01"),
        (Packet::PubRec(2), b"\x50\x02\0\x02"),
        (Packet::PubRel(3), b"\x62\x02\0\x03"),
        (Packet::PubComp(4), b"\x70\x02\0\x04"),
        (
            Packet::Subscribe {
                id: 5,
                filters: filters(),
            },
            b"\x82\x0C\0\x05\0\x03a/+\x01\0\x01#\x02",
        ),
        (
            Packet::Unsubscribe {
                id: 6,
                filters: vec!["a/+".into()],
            },
            b"\xA2\x07\0\x06\0\x03a/+",
        ),
        (Packet::PingReq, b"\xC0\0"),
        (Packet::Disconnect, b"\xE0\0"),
    ];
    for (packet, bytes) in cases {
        assert_eq!(encoded(packet.clone()), bytes, "{packet:?}");
    }
}

#[test]
fn what_no_broker_would_take() {
    let filter = |filter: &str| Packet::Subscribe {
        id: 1,
        filters: vec![(filter.into(), 0)],
    };
    for bad in ["", "a#b", "a/#/b", "a+", "a\0"] {
        assert!(refused(filter(bad)), "{bad:?}");
    }
    for topic in ["#", "a/+", "a\0"] {
        let topic = topic.to_owned();
        assert!(refused(Packet::Publish(Publish {
            topic,
            ..publish(0, 0, b"")
        })));
    }
    assert!(refused(Packet::Publish(publish(1, 0, b""))));
    assert!(refused(Packet::PingResp));
}

#[test]
fn what_a_broker_sends_in_any_pieces() {
    let mut bytes = b"\x20\x02\x01\0\x20\x02\0\x05\x40\x02\0\x01\x50\x02\0\x02\x62\x02\0\x03\
        \x70\x02\0\x04\x90\x06\0\x05\0\x01\x02\x80\xB0\x02\0\x06\xD0\0\x30\x05\0\x03a/b\
        \x3D\x09\0\x03a/b\x01\x02\0\xFF"
        .to_vec();
    let long = vec![7; 300];
    bytes.extend_from_slice(b"\x30\xB1\x02\0\x03a/b");
    bytes.extend_from_slice(&long);
    let ack = |session_present, code| Packet::ConnAck {
        session_present,
        code,
    };
    let expected = [
        ack(true, 0),
        ack(false, 5),
        Packet::PubAck(1),
        Packet::PubRec(2),
        Packet::PubRel(3),
        Packet::PubComp(4),
        Packet::SubAck {
            id: 5,
            codes: vec![0, 1, 2, 128],
        },
        Packet::UnsubAck(6),
        Packet::PingResp,
        Packet::Publish(publish(0, 0, b"")),
        Packet::Publish(Publish {
            dup: true,
            retain: true,
            ..publish(2, 258, b"\0\xFF")
        }),
        Packet::Publish(publish(0, 0, &long)),
    ];
    for size in [1, 2, 3, 7, bytes.len()] {
        let (mut received, mut got) = (Vec::new(), Vec::new());
        for piece in bytes.chunks(size) {
            received.extend_from_slice(piece);
            while let Some(packet) = decode(&mut received).unwrap() {
                got.push(packet);
            }
        }
        assert_eq!(got, expected, "{size}");
        assert!(received.is_empty());
    }
}

#[test]
fn what_is_not_from_a_broker() {
    let cases = [
        &b"\0\0"[..],
        b"\xF0\0",
        b"HTTP/1.1 400",
        // Wrong flags.
        b"\x41\x02\0\x01",
        b"\x60\x02\0\x01",
        // QoS 3.
        b"\x36\x07\0\x03a/b\0\x01",
        // Too short, too long.
        b"\x40\x01\0",
        b"\x40\x03\0\x01\0",
        b"\xD0\x01\0",
        b"\x20\0",
        b"\x30\x04\0\x03a/",
        // Packet id 0.
        b"\x40\x02\0\0",
        b"\x32\x07\0\x03a/b\0\0",
        // No topic; a wildcard; not UTF-8.
        b"\x30\x02\0\0",
        b"\x30\x03\0\x01#",
        b"\x30\x03\0\x01\xFF",
        // A code and a flag that do not exist.
        b"\x20\x02\0\x06",
        b"\x20\x02\x02\0",
        b"\x90\x03\0\x01\x03",
        // What a client sends.
        b"\xC0\0",
        b"\xE0\0",
        b"\x82\x06\0\x01\0\x01a\0",
        b"\x10\x0E\0\x04MQTT\x04\x02\0\x3C\0\x02me",
        // A length of five bytes.
        b"\x30\xFF\xFF\xFF\xFF",
    ];
    for bytes in cases {
        assert_eq!(decode(&mut bytes.to_vec()), Err(Malformed), "{bytes:?}");
    }
}

#[test]
fn the_size_is_bounded() {
    let body = LARGEST - 4;
    let header = |body: usize| {
        let digit = |place: u32| u8::try_from((body >> (7 * place)) & 0x7F).unwrap();
        vec![0x30, digit(0) | 0x80, digit(1) | 0x80, digit(2)]
    };
    let mut received = header(body);
    assert_eq!(decode(&mut received), Ok(None));
    received.extend_from_slice(b"\0\x01t");
    received.resize(LARGEST, 1);
    let Ok(Some(Packet::Publish(publish))) = decode(&mut received) else {
        panic!("it is not too large");
    };
    assert_eq!(publish.payload.len(), body - 3);
    assert_eq!(decode(&mut header(body + 1)), Err(Malformed));
}
