//! Any packets in any order: the hub stands, and keeps what it owes each link.

use super::{Connect, Duration, FromHub, Hub, LinkId, Packet, Publish, connect, message};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
enum Step {
    Open,
    Send(usize, Packet),
    Lose(usize),
    Publish(String, u8, bool),
    Wait(u64),
}

fn topic() -> impl Strategy<Value = String> {
    "[ab+#/$]{0,3}"
}

fn packet() -> impl Strategy<Value = Packet> {
    let id = || 0..4_u16;
    let publish = (id(), topic(), 0..4_u8, any::<bool>(), any::<bool>())
        .prop_map(|(id, topic, qos, retain, dup)| Publish {
            retain,
            dup,
            ..message(id, &topic, "x", qos)
        })
        .boxed();
    let will = publish.clone();
    prop_oneof![
        3 => (2..5_u8, "[ab]?", any::<bool>(), 0..3_u16, proptest::option::of(will)).prop_map(
            |(level, id, clean_session, keep_alive, will)| {
                Packet::Connect(Connect { level, clean_session, keep_alive, will, ..connect(&id) })
            }
        ),
        4 => publish.prop_map(Packet::Publish),
        2 => id().prop_map(Packet::PubAck),
        2 => id().prop_map(Packet::PubRec),
        2 => id().prop_map(Packet::PubRel),
        2 => id().prop_map(Packet::PubComp),
        4 => (id(), prop::collection::vec((topic(), 0..4_u8), 0..3))
            .prop_map(|(id, filters)| Packet::Subscribe { id, filters }),
        1 => (id(), prop::collection::vec(topic(), 0..3))
            .prop_map(|(id, filters)| Packet::Unsubscribe { id, filters }),
        1 => Just(Packet::PingReq),
        1 => Just(Packet::Disconnect),
        1 => Just(Packet::UnsubAck(1)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Open),
        20 => (0..6_usize, packet()).prop_map(|(link, packet)| Step::Send(link, packet)),
        1 => (0..6_usize).prop_map(Step::Lose),
        5 => (topic(), 0..3_u8, any::<bool>()).prop_map(|(t, qos, keep)| Step::Publish(t, qos, keep)),
        1 => (0..5_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn the_hub_stands(steps in prop::collection::vec(step(), 0..200)) {
        let mut hub = Hub::new();
        let mut now = Duration::ZERO;
        let mut links: Vec<LinkId> = vec![hub.open(now), hub.open(now)];
        let mut ended = BTreeSet::new();
        let mut unanswered: BTreeMap<LinkId, BTreeSet<u16>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Open => links.push(hub.open(now)),
                Step::Send(n, packet) => {
                    let link = links[n % links.len()];
                    if let Packet::PubAck(id) | Packet::PubComp(id) = packet {
                        unanswered.entry(link).or_default().remove(&id);
                    }
                    hub.handle(now, link, packet);
                }
                Step::Lose(n) => {
                    let link = links[n % links.len()];
                    hub.lost(now, link);
                    ended.insert(link);
                }
                Step::Publish(topic, qos, retain) => {
                    let _ = hub.publish(&topic, b"y", qos, retain);
                }
                Step::Wait(seconds) => {
                    now += Duration::from_secs(seconds);
                    hub.handle_timeout(now);
                    prop_assert!(hub.poll_timeout().is_none_or(|due| due > now));
                }
            }
            while let Some((link, from)) = hub.poll() {
                prop_assert!(!ended.contains(&link), "{:?} after the end of {:?}", from, link);
                match from {
                    FromHub::Closed => {
                        ended.insert(link);
                    }
                    FromHub::Packet(Packet::Publish(publish)) => {
                        prop_assert_eq!(publish.qos > 0, publish.id != 0);
                        let new = publish.id == 0
                            || unanswered.entry(link).or_default().insert(publish.id);
                        prop_assert!(new, "packet id {} is in flight", publish.id);
                    }
                    FromHub::Packet(_) => {}
                }
            }
        }
        let clients: Vec<&str> = hub.clients().collect();
        prop_assert!(clients.len() <= links.len() - ended.len());
    }
}
