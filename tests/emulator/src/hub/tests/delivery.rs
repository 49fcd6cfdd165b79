//! How messages reach their subscribers.

use super::{
    FromHub, Hub, Packet, Publish, T0, connect, join, message, only, out, subscribe, topics,
};

#[test]
fn subscribe_and_deliver_by_qos() {
    let mut hub = Hub::new();
    let reader = join(&mut hub, connect("reader"));
    let answer = subscribe(
        &mut hub,
        reader,
        &[("a/+", 1), ("a/#/b", 0), ("a/#", 2), ("q0", 0)],
    );
    assert_eq!(
        answer,
        [Packet::SubAck {
            id: 9,
            codes: vec![1, 128, 2, 0]
        }]
    );
    let writer = join(&mut hub, connect("writer"));
    hub.handle(T0, writer, Packet::Publish(message(7, "a/x", "1", 2)));
    let got = out(&mut hub);
    assert_eq!(
        got,
        [
            (writer, FromHub::Packet(Packet::PubRec(7))),
            (
                reader,
                FromHub::Packet(Packet::Publish(message(1, "a/x", "1", 2)))
            ),
        ],
        "two subscriptions, one delivery, the higher QoS"
    );
    assert_eq!(hub.publish("q0", b"2", 2, false), Ok(1));
    assert_eq!(
        only(&mut hub, reader),
        [Packet::Publish(message(0, "q0", "2", 0))]
    );
    assert_eq!(hub.publish("a/x/y", b"3", 1, false), Ok(1));
    assert_eq!(
        only(&mut hub, reader),
        [Packet::Publish(message(2, "a/x/y", "3", 1))]
    );
    assert_eq!(hub.publish("none", b"", 0, false), Ok(0));
    assert!(hub.publish("a/+", b"", 0, false).is_err());
    let filters = vec!["a/#".to_owned(), "never".to_owned(), "a/+".to_owned()];
    hub.handle(T0, reader, Packet::Unsubscribe { id: 3, filters });
    assert_eq!(only(&mut hub, reader), [Packet::UnsubAck(3)]);
    assert_eq!(hub.publish("a/x", b"", 0, false), Ok(0));
}

#[test]
fn qos_2_in_is_taken_once() {
    let mut hub = Hub::new();
    let link = join(&mut hub, connect("a"));
    subscribe(&mut hub, link, &[("t", 0)]);
    let publish = Packet::Publish(message(7, "t", "x", 2));
    hub.handle(T0, link, publish.clone());
    assert_eq!(
        only(&mut hub, link),
        [Packet::PubRec(7), Packet::Publish(message(0, "t", "x", 0))]
    );
    hub.handle(
        T0,
        link,
        Packet::Publish(Publish {
            dup: true,
            ..message(7, "t", "x", 2)
        }),
    );
    assert_eq!(only(&mut hub, link), [Packet::PubRec(7)]);
    assert_eq!(hub.published().len(), 1);
    hub.handle(T0, link, Packet::PubRel(7));
    hub.handle(T0, link, Packet::PubRel(7));
    assert_eq!(
        only(&mut hub, link),
        [Packet::PubComp(7), Packet::PubComp(7)]
    );
    hub.handle(T0, link, publish);
    assert_eq!(hub.take_published().len(), 2, "the id is free again");
    assert_eq!(hub.published().len(), 0);
}

#[test]
fn outbound_handshakes_and_the_window() {
    let mut hub = Hub::new();
    let link = join(&mut hub, connect("a"));
    subscribe(&mut hub, link, &[("#", 2)]);
    for n in 0..25 {
        hub.publish(&format!("t{n}"), b"", 1 + n % 2, false)
            .unwrap();
    }
    let packets = only(&mut hub, link);
    assert_eq!(packets.len(), 20);
    hub.handle(T0, link, Packet::PubAck(1));
    assert_eq!(topics(&only(&mut hub, link)), ["t20"]);
    hub.handle(T0, link, Packet::PubRec(2));
    assert_eq!(only(&mut hub, link), [Packet::PubRel(2)]);
    hub.handle(T0, link, Packet::PubComp(2));
    assert_eq!(topics(&only(&mut hub, link)), ["t21"]);
}

#[test]
fn retained() {
    let mut hub = Hub::new();
    let link = join(&mut hub, connect("a"));
    subscribe(&mut hub, link, &[("r/1", 1)]);
    let keep = |payload: &str| {
        Packet::Publish(Publish {
            retain: true,
            ..message(0, "r/1", payload, 0)
        })
    };
    hub.handle(T0, link, keep("old"));
    hub.handle(T0, link, keep("new"));
    assert_eq!(
        only(&mut hub, link),
        ["old", "new"].map(|payload| Packet::Publish(message(0, "r/1", payload, 0))),
        "an established subscription sees no retain flag"
    );
    hub.publish("r/2", b"two", 2, true).unwrap();
    hub.publish("$r", b"hidden", 0, true).unwrap();
    let late = join(&mut hub, connect("late"));
    let got = subscribe(&mut hub, late, &[("#", 1)]);
    let flagged = |publish| {
        Packet::Publish(Publish {
            retain: true,
            ..publish
        })
    };
    assert_eq!(
        got,
        [
            Packet::SubAck {
                id: 9,
                codes: vec![1]
            },
            flagged(message(0, "r/1", "new", 0)),
            flagged(message(1, "r/2", "two", 1)),
        ]
    );
    assert_eq!(
        subscribe(&mut hub, late, &[("r/1", 0)]).len(),
        2,
        "again for a repeated SUBSCRIBE"
    );
    hub.handle(T0, late, keep(""));
    out(&mut hub);
    assert_eq!(hub.retained("r/1"), None);
    assert_eq!(hub.retained("r/2"), Some(b"two".as_slice()));
    assert_eq!(subscribe(&mut hub, late, &[("r/1", 0)]).len(), 1);
}

#[test]
fn order_per_topic_over_window_and_qos() {
    let mut hub = Hub::new();
    let link = join(&mut hub, connect("a"));
    subscribe(&mut hub, link, &[("t", 2)]);
    for n in 0..60_u8 {
        hub.publish("t", &[n], n % 3, false).unwrap();
    }
    let mut seen = Vec::new();
    loop {
        let packets = only(&mut hub, link);
        if packets.is_empty() {
            break;
        }
        for packet in packets {
            match packet {
                Packet::Publish(publish) => {
                    seen.push(publish.payload[0]);
                    match publish.qos {
                        1 => hub.handle(T0, link, Packet::PubAck(publish.id)),
                        2 => hub.handle(T0, link, Packet::PubRec(publish.id)),
                        _ => {}
                    }
                }
                Packet::PubRel(id) => hub.handle(T0, link, Packet::PubComp(id)),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(seen, (0..60).collect::<Vec<u8>>());
}
