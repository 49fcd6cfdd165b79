//! The hub as its clients see it.

use super::{FromHub, Hub, LinkId, Policy};
use crate::packet::{Connect, Packet, Publish};
use std::time::Duration;

mod anything;
mod delivery;

const T0: Duration = Duration::ZERO;

fn connect(id: &str) -> Connect {
    Connect {
        level: 4,
        client_id: id.to_owned(),
        clean_session: true,
        keep_alive: 0,
        username: None,
        password: None,
        will: None,
    }
}

fn stored(id: &str) -> Connect {
    Connect {
        clean_session: false,
        ..connect(id)
    }
}

fn message(id: u16, topic: &str, payload: &str, qos: u8) -> Publish {
    Publish {
        id,
        topic: topic.to_owned(),
        payload: payload.as_bytes().to_vec(),
        qos,
        retain: false,
        dup: false,
    }
}

fn with_will(id: &str) -> Connect {
    Connect {
        will: Some(message(0, "will", id, 0)),
        ..connect(id)
    }
}

fn out(hub: &mut Hub) -> Vec<(LinkId, FromHub)> {
    std::iter::from_fn(|| hub.poll()).collect()
}

/// What came over one link; nothing may have come over another.
fn only(hub: &mut Hub, link: LinkId) -> Vec<Packet> {
    out(hub)
        .into_iter()
        .map(|(to, what)| match what {
            FromHub::Packet(packet) if to == link => packet,
            other => panic!("{to:?}: {other:?}"),
        })
        .collect()
}

fn join(hub: &mut Hub, connect: Connect) -> LinkId {
    let link = hub.open(T0);
    hub.handle(T0, link, Packet::Connect(connect));
    let packets = only(hub, link);
    assert!(
        matches!(packets[0], Packet::ConnAck { code: 0, .. }),
        "{packets:?}"
    );
    link
}

fn subscribe(hub: &mut Hub, link: LinkId, filters: &[(&str, u8)]) -> Vec<Packet> {
    let filters = filters
        .iter()
        .map(|(filter, qos)| ((*filter).to_owned(), *qos))
        .collect();
    hub.handle(T0, link, Packet::Subscribe { id: 9, filters });
    only(hub, link)
}

fn closed(hub: &mut Hub, link: LinkId) -> bool {
    out(hub) == [(link, FromHub::Closed)]
}

fn topics(packets: &[Packet]) -> Vec<&str> {
    packets
        .iter()
        .filter_map(|packet| match packet {
            Packet::Publish(publish) => Some(publish.topic.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn connect_rules() {
    let cases = [
        (
            Connect {
                level: 5,
                ..connect("a")
            },
            Some(1),
        ),
        (
            Connect {
                level: 3,
                ..connect("")
            },
            Some(2),
        ),
        (stored(""), Some(2)),
        (connect(""), Some(0)),
        (
            Connect {
                level: 3,
                ..connect("a")
            },
            Some(0),
        ),
        (
            Connect {
                password: Some(b"x".to_vec()),
                ..connect("a")
            },
            None,
        ),
        (
            Connect {
                will: Some(message(0, "a/#", "", 0)),
                ..connect("a")
            },
            None,
        ),
        (
            Connect {
                will: Some(message(0, "a", "", 3)),
                ..connect("a")
            },
            None,
        ),
    ];
    for (connect, want) in cases {
        let mut hub = Hub::new();
        let link = hub.open(T0);
        hub.handle(T0, link, Packet::Connect(connect.clone()));
        let got = out(&mut hub);
        let ack = |code| {
            (
                link,
                FromHub::Packet(Packet::ConnAck {
                    session_present: false,
                    code,
                }),
            )
        };
        match want {
            Some(0) => assert_eq!(got, [ack(0)], "{connect:?}"),
            Some(code) => assert_eq!(got, [ack(code), (link, FromHub::Closed)], "{connect:?}"),
            None => assert_eq!(got, [(link, FromHub::Closed)], "{connect:?}"),
        }
    }
}

#[test]
fn clients_without_a_name_are_told_apart() {
    let mut hub = Hub::new();
    let one = join(&mut hub, connect(""));
    join(&mut hub, connect(""));
    assert_eq!(hub.clients().collect::<Vec<_>>(), ["hub-1", "hub-2"]);
    hub.lost(T0, one);
    assert_eq!(hub.clients().collect::<Vec<_>>(), ["hub-2"]);
}

#[test]
fn policy() {
    let mut hub = Hub::new();
    hub.set_policy(Policy {
        credentials: Some(("u".into(), b"p".to_vec())),
        connack: [("busy".to_owned(), 3), ("free".to_owned(), 0)].into(),
        max_granted_qos: 1,
        ..Policy::default()
    });
    let with = |user: Option<&str>, password: Option<&str>| Connect {
        username: user.map(str::to_owned),
        password: password.map(|password| password.as_bytes().to_vec()),
        ..connect("c")
    };
    for (connect, code) in [
        (with(Some("u"), Some("p")), 0),
        (with(Some("u"), Some("q")), 4),
        (with(Some("u"), None), 4),
        (with(None, None), 4),
        (connect("busy"), 3),
        (connect("free"), 0),
    ] {
        let link = hub.open(T0);
        hub.handle(T0, link, Packet::Connect(connect.clone()));
        let got = out(&mut hub);
        assert!(
            matches!(got.iter().find(|(to, _)| *to == link), Some((_, FromHub::Packet(Packet::ConnAck { code: c, .. }))) if *c == code),
            "{connect:?}: {got:?}"
        );
        hub.lost(T0, link);
        out(&mut hub);
    }
    let link = join(&mut hub, connect("free"));
    let codes = vec![1, 0];
    assert_eq!(
        subscribe(&mut hub, link, &[("a", 2), ("b", 0)]),
        [Packet::SubAck { id: 9, codes }]
    );
}

#[test]
fn protocol_errors_close_the_link() {
    let bad = [
        Packet::Connect(connect("a")),
        Packet::ConnAck {
            session_present: false,
            code: 0,
        },
        Packet::SubAck {
            id: 1,
            codes: vec![0],
        },
        Packet::UnsubAck(1),
        Packet::PingResp,
        Packet::Publish(message(0, "a/+", "", 0)),
        Packet::Publish(message(0, "#", "", 0)),
        Packet::Publish(message(0, "", "", 0)),
        Packet::Publish(message(0, "a", "", 1)),
        Packet::Publish(message(1, "a", "", 3)),
        Packet::Subscribe {
            id: 1,
            filters: vec![],
        },
        Packet::Subscribe {
            id: 0,
            filters: vec![("a".into(), 0)],
        },
        Packet::Subscribe {
            id: 1,
            filters: vec![("a".into(), 3)],
        },
        Packet::Unsubscribe {
            id: 1,
            filters: vec![],
        },
        Packet::Unsubscribe {
            id: 0,
            filters: vec!["a".into()],
        },
    ];
    for packet in bad {
        let mut hub = Hub::new();
        let link = join(&mut hub, with_will("a"));
        hub.handle(T0, link, packet.clone());
        assert!(closed(&mut hub, link), "{packet:?}");
        assert!(
            hub.published().all(|published| published.will),
            "{packet:?}"
        );
        assert_eq!(hub.published().len(), 1, "the will of {packet:?}");
        hub.handle(T0, link, Packet::PingReq);
        assert_eq!(out(&mut hub), []);
    }
    let mut hub = Hub::new();
    let link = hub.open(T0);
    hub.handle(T0, link, Packet::PingReq);
    assert!(closed(&mut hub, link), "before CONNECT");
}

#[test]
fn qos_2_in_is_taken_once_over_a_reconnect() {
    let mut hub = Hub::new();
    let link = join(&mut hub, stored("a"));
    hub.handle(T0, link, Packet::Publish(message(7, "t", "x", 2)));
    hub.lost(T0, link);
    out(&mut hub);
    let link = join(&mut hub, stored("a"));
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
}

#[test]
fn stored_session() {
    let mut hub = Hub::new();
    let link = join(&mut hub, stored("a"));
    subscribe(&mut hub, link, &[("#", 2)]);
    for (topic, qos) in [("one", 1), ("two", 2), ("three", 2)] {
        hub.publish(topic, b"", qos, false).unwrap();
    }
    assert_eq!(only(&mut hub, link).len(), 3);
    hub.handle(T0, link, Packet::PubRec(2));
    assert_eq!(only(&mut hub, link), [Packet::PubRel(2)]);
    hub.lost(T0, link);
    assert_eq!(hub.publish("zero", b"", 0, false), Ok(0));
    assert_eq!(hub.publish("four", b"", 1, false), Ok(1));

    let link = hub.open(T0);
    hub.handle(T0, link, Packet::Connect(stored("a")));
    assert_eq!(
        only(&mut hub, link),
        [
            Packet::ConnAck {
                session_present: true,
                code: 0
            },
            Packet::Publish(Publish {
                dup: true,
                ..message(1, "one", "", 1)
            }),
            Packet::PubRel(2),
            Packet::Publish(Publish {
                dup: true,
                ..message(3, "three", "", 2)
            }),
            Packet::Publish(message(4, "four", "", 1)),
        ]
    );

    hub.handle(T0, link, Packet::Disconnect);
    assert!(closed(&mut hub, link));
    let link = hub.open(T0);
    hub.handle(T0, link, Packet::Connect(connect("a")));
    let fresh = Packet::ConnAck {
        session_present: false,
        code: 0,
    };
    assert_eq!(only(&mut hub, link), std::slice::from_ref(&fresh));
    assert_eq!(
        hub.publish("one", b"", 1, false),
        Ok(0),
        "a clean session discards the stored one"
    );
    hub.lost(T0, link);
    let link = hub.open(T0);
    hub.handle(T0, link, Packet::Connect(stored("a")));
    assert_eq!(only(&mut hub, link), [fresh], "and is not stored itself");
}

#[test]
fn queue_of_a_client_that_is_away_is_bounded() {
    let mut hub = Hub::new();
    let link = join(&mut hub, stored("a"));
    subscribe(&mut hub, link, &[("t", 1)]);
    hub.lost(T0, link);
    for n in 0..1003_u32 {
        hub.publish("t", n.to_string().as_bytes(), 1, false)
            .unwrap();
    }
    assert_eq!(hub.dropped(), 3);
    let link = hub.open(T0);
    hub.handle(T0, link, Packet::Connect(stored("a")));
    let mut payloads = Vec::new();
    loop {
        let ids: Vec<u16> = only(&mut hub, link)
            .into_iter()
            .filter_map(|packet| match packet {
                Packet::Publish(publish) => {
                    payloads.push(String::from_utf8(publish.payload).unwrap());
                    Some(publish.id)
                }
                _ => None,
            })
            .collect();
        if ids.is_empty() {
            break;
        }
        ids.into_iter()
            .for_each(|id| hub.handle(T0, link, Packet::PubAck(id)));
    }
    let want: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    assert_eq!(payloads, want, "the oldest are kept, in order");
}

#[test]
fn mqtt_3_1_has_no_session_present() {
    let mut hub = Hub::new();
    let link = join(&mut hub, stored("a"));
    hub.lost(T0, link);
    let link = hub.open(T0);
    hub.handle(
        T0,
        link,
        Packet::Connect(Connect {
            level: 3,
            ..stored("a")
        }),
    );
    assert_eq!(
        only(&mut hub, link),
        [Packet::ConnAck {
            session_present: false,
            code: 0
        }]
    );
}

#[test]
fn will_comes_unless_disconnected() {
    for (end, comes) in [(true, false), (false, true)] {
        let mut hub = Hub::new();
        let watcher = join(&mut hub, connect("watcher"));
        subscribe(&mut hub, watcher, &[("will", 0)]);
        let link = join(&mut hub, with_will("a"));
        if end {
            hub.handle(T0, link, Packet::Disconnect);
            assert!(closed(&mut hub, link));
        } else {
            hub.lost(T0, link);
            assert_eq!(
                only(&mut hub, watcher),
                [Packet::Publish(message(0, "will", "a", 0))]
            );
        }
        assert_eq!(hub.published().len(), usize::from(comes));
    }
}

#[test]
fn retained_will() {
    let mut hub = Hub::new();
    let will = Some(Publish {
        retain: true,
        ..message(0, "will", "gone", 1)
    });
    let link = join(
        &mut hub,
        Connect {
            will,
            ..connect("a")
        },
    );
    hub.lost(T0, link);
    hub.lost(T0, link);
    assert_eq!(hub.retained("will"), Some(b"gone".as_slice()));
    assert_eq!(hub.published().len(), 1, "once");
}

#[test]
fn take_over() {
    let mut hub = Hub::new();
    let old = join(
        &mut hub,
        Connect {
            clean_session: false,
            ..with_will("a")
        },
    );
    subscribe(&mut hub, old, &[("will", 1)]);
    let new = hub.open(T0);
    hub.handle(T0, new, Packet::Connect(stored("a")));
    assert_eq!(
        out(&mut hub),
        [
            (old, FromHub::Closed),
            (
                new,
                FromHub::Packet(Packet::ConnAck {
                    session_present: true,
                    code: 0
                })
            ),
        ],
        "the old connection ends before the new one stands; its QoS 0 will does not wait"
    );
    hub.handle(T0, old, Packet::PingReq);
    hub.lost(T0, old);
    assert_eq!(out(&mut hub), []);
    assert_eq!(hub.clients().collect::<Vec<_>>(), ["a"]);
    hub.publish("will", b"", 0, false).unwrap();
    assert_eq!(only(&mut hub, new).len(), 1);
}

#[test]
fn keep_alive() {
    let second = Duration::from_secs(1);
    let mut hub = Hub::new();
    let link = join(
        &mut hub,
        Connect {
            keep_alive: 10,
            ..with_will("a")
        },
    );
    join(&mut hub, connect("forever"));
    assert_eq!(hub.poll_timeout(), Some(15 * second));
    hub.handle(10 * second, link, Packet::PingReq);
    assert_eq!(only(&mut hub, link), [Packet::PingResp]);
    assert_eq!(hub.poll_timeout(), Some(25 * second));
    hub.handle_timeout(24 * second);
    assert_eq!(out(&mut hub), []);
    hub.handle_timeout(25 * second);
    assert!(closed(&mut hub, link));
    assert_eq!(hub.poll_timeout(), None);
    assert_eq!(
        hub.published()
            .map(|p| p.topic.as_str())
            .collect::<Vec<_>>(),
        ["will"]
    );
}

#[test]
fn closed_by_the_server() {
    let mut hub = Hub::new();
    let link = join(&mut hub, with_will("a"));
    let bare = hub.open(T0);
    assert!(!hub.close_client("b"));
    assert!(hub.close_client("a"));
    assert!(closed(&mut hub, link));
    assert_eq!(hub.published().len(), 1);
    hub.close_all();
    assert!(closed(&mut hub, bare));
}
