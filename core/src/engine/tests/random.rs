//! Random operations, random module output, random time.

use proptest::prelude::*;

use super::*;
use crate::mqtt::setting::Will;

#[derive(Debug, Clone)]
enum Step {
    Command,
    Configure(u8, bool),
    Open(u8, bool),
    Adopt(u8),
    Connect(u8),
    Disconnect(u8),
    Close(u8),
    Subscribe(u8),
    Unsubscribe(u8),
    Publish(u8, u8, bool),
    /// Leaves an operation, counted from the first.
    Abandon(usize),
    Room(u8, usize),
    /// The module answers what it was sent as it should.
    Obey,
    Print(Vec<u8>),
    Advance(u64),
    /// The port takes only this many bytes until it obeys again.
    Jam(usize),
    Lose,
}

fn client() -> impl Strategy<Value = u8> {
    0..2_u8
}

fn line() -> impl Strategy<Value = String> {
    let result = -1..6_i32;
    prop_oneof![
        Just("OK".to_owned()),
        Just("ERROR".to_owned()),
        Just("+CME ERROR: 3".to_owned()),
        Just("RDY".to_owned()),
        Just("APP RDY".to_owned()),
        Just("CONNECT".to_owned()),
        Just("+CMEE: 1".to_owned()),
        Just("+QIURC: \"pdpdeact\",1".to_owned()),
        (client(), result.clone()).prop_map(|(c, r)| format!("+QMTOPEN: {c},{r}")),
        (client(), result.clone()).prop_map(|(c, r)| format!("+QMTCLOSE: {c},{r}")),
        (client(), result.clone()).prop_map(|(c, r)| format!("+QMTDISC: {c},{r}")),
        (client(), 0..4, 0..6).prop_map(|(c, r, v)| format!("+QMTCONN: {c},{r},{v}")),
        (client(), 0..4).prop_map(|(c, r)| format!("+QMTCONN: {c},{r}")),
        (client(), 0..8).prop_map(|(c, r)| format!("+QMTSTAT: {c},{r}")),
        client().prop_map(|c| format!("+QMTPING: {c},1")),
        (client(), 0..7).prop_map(|(c, slot)| format!("+QMTRECV: {c},{slot}")),
        client().prop_map(|c| format!("+QMTRECV: {c},1,0,1,0,1")),
        client().prop_map(|c| format!("+QMTRECV: {c},0,\"t\",3,\"abc\"")),
        client().prop_map(|c| format!("+QMTRECV: {c},0,\"t\",9,\"abc\"")),
        client().prop_map(|c| format!("+QMTOPEN: {c},\"old\",1883")),
        (
            prop_oneof![Just("SUB"), Just("UNS"), Just("PUBEX")],
            client(),
            0..8,
            0..3
        )
            .prop_map(|(name, c, id, r)| format!("+QMT{name}: {c},{id},{r}")),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Command),
        1 => (client(), any::<bool>()).prop_map(|(c, stored)| Step::Configure(c, stored)),
        3 => (client(), any::<bool>()).prop_map(|(c, replace)| Step::Open(c, replace)),
        1 => client().prop_map(Step::Adopt),
        3 => client().prop_map(Step::Connect),
        1 => client().prop_map(Step::Disconnect),
        1 => client().prop_map(Step::Close),
        2 => client().prop_map(Step::Subscribe),
        1 => client().prop_map(Step::Unsubscribe),
        6 => (client(), 0..3_u8, any::<bool>()).prop_map(|(c, l, empty)| Step::Publish(c, l, empty)),
        2 => (0..40_usize).prop_map(Step::Abandon),
        1 => (client(), 0..3_usize).prop_map(|(c, room)| Step::Room(c, room)),
        20 => Just(Step::Obey),
        8 => line().prop_map(|line| Step::Print(format!("\r\n{line}\r\n").into_bytes())),
        1 => Just(Step::Print(b"\r\n> ".to_vec())),
        1 => prop::collection::vec(any::<u8>(), 1..20).prop_map(Step::Print),
        4 => (0..3_000_u64).prop_map(Step::Advance),
        2 => (3_000..40_000_u64).prop_map(Step::Advance),
        1 => (0..5_usize).prop_map(Step::Jam),
    ]
}

/// What a module says to a line.
fn obedient(sent: &str) -> String {
    let mut answer = String::new();
    for line in sent.split_inclusive('\r') {
        let Some(body) = line.strip_suffix('\r') else {
            // A payload.
            answer.push_str("\r\nOK\r\n");
            continue;
        };
        let (name, parameters) = body.split_once('=').unwrap_or((body, ""));
        let mut parameters = parameters.split(',');
        let client = parameters.next().unwrap_or("0");
        let second = parameters.next().unwrap_or("0");
        match name {
            _ if body.starts_with("AT+CMEE?") => {
                answer.push_str(&"\r\n+CMEE: 1\r\n".repeat(body.matches("+CMEE?").count()));
            }
            "AT+QMTPUBEX" => {
                answer.push_str("\r\n> ");
                continue;
            }
            _ if body.starts_with("AT+QMTCFG=\"willex\"") && !body.ends_with(",0") => {
                answer.push_str("\r\n> ");
                continue;
            }
            _ => {}
        }
        answer.push_str("\r\nOK\r\n");
        match name {
            "AT+QMTOPEN" => answer.push_str(&format!("\r\n+QMTOPEN: {client},0\r\n")),
            "AT+QMTCONN" => answer.push_str(&format!("\r\n+QMTCONN: {client},0,0\r\n")),
            "AT+QMTDISC" => answer.push_str(&format!("\r\n+QMTDISC: {client},0\r\n")),
            "AT+QMTCLOSE" => answer.push_str(&format!("\r\n+QMTCLOSE: {client},0\r\n")),
            "AT+QMTSUB" => answer.push_str(&format!("\r\n+QMTSUB: {client},{second},0,1\r\n")),
            "AT+QMTUNS" => answer.push_str(&format!("\r\n+QMTUNS: {client},{second},0\r\n")),
            _ => {}
        }
    }
    answer
}

fn request(step: &Step) -> Option<Request> {
    Some(match *step {
        Step::Command => command("AT+CSQ"),
        Step::Configure(client, stored) => configure(
            client,
            if stored {
                ClientConfig::new().delivery(crate::Delivery::Stored)
            } else {
                ClientConfig::new()
                    .will(Will::new("w", b"\"".to_vec()))
                    .edit_timeout(None)
            },
        ),
        Step::Open(client, replace) => open_with(client, replace),
        Step::Adopt(client) => Request::Adopt { client },
        Step::Connect(client) => connect(client),
        Step::Disconnect(client) => Request::Disconnect { client },
        Step::Close(client) => Request::Close { client },
        Step::Subscribe(client) => subscribe(client, &[("t", 1)]),
        Step::Unsubscribe(client) => Request::Unsubscribe {
            client,
            topics: vec!["t".to_owned()],
        },
        Step::Publish(client, level, empty) => {
            publish(client, if empty { "" } else { "payload" }, level)
        }
        _ => return None,
    })
}

/// Everything that came out, in words.
fn run(steps: &[Step], feed: Feed) -> Vec<String> {
    let mut t = Test::new(feed, Options::default());
    let mut ids = vec![t.engine.start(t.now)];
    let mut told = Vec::new();
    t.settle();
    for step in steps {
        if let Some(request) = request(step) {
            ids.extend(t.try_submit(request));
        }
        match *step {
            Step::Abandon(at) => {
                if let Some(&id) = ids.get(at) {
                    if t.abandon(id) == Abandoned::Withdrawn {
                        ids.remove(at);
                    }
                }
            }
            Step::Room(client, room) => t.room(client, room),
            Step::Obey => {
                t.port_room = usize::MAX;
                t.settle();
                let sent = t.sent();
                t.module(obedient(&sent));
                told.push(sent);
            }
            Step::Print(ref bytes) => t.module(bytes),
            Step::Advance(by) => t.advance(millis(by)),
            Step::Jam(room) => t.port_room = room,
            Step::Lose => t.lose_port(),
            _ => {}
        }
    }
    // The module falls silent. Nothing takes longer than an open that follows a close and a lost
    // prompt, behind others that do.
    t.port_room = usize::MAX;
    t.settle();
    t.advance(seconds(1_200));
    for id in ids {
        assert!(
            t.done.contains_key(&id),
            "{id:?}: {:?}",
            t.engine.ops.get(&id)
        );
    }
    // Only the store is looked after from then on.
    for client in all_clients() {
        t.room(client, 0);
    }
    t.advance(seconds(60));
    t.nothing_left();
    for client in &t.engine.clients {
        assert_eq!(client.in_flight, 0);
        assert!(client.waiting.is_empty());
        assert_eq!(client.zero, None);
        assert_eq!(client.lifecycle, None);
        assert_eq!(client.fetching, crate::engine::client::Fetching::No);
        assert!(
            !matches!(client.state, State::Opening | State::Disconnecting)
                || client.found.is_some(),
            "{:?}",
            client.state
        );
    }
    t.lose_port();
    assert_eq!(t.engine.poll_timeout(), None);
    let mut done: Vec<_> = t.done.iter().collect();
    done.sort_by_key(|&(&id, _)| id);
    told.extend(done.iter().map(|done| format!("{done:?}")));
    told.push(format!("{:?} {:?} {:?}", t.events, t.messages, t.sent));
    told
}

/// The opening dialogue, then two clients connected.
fn opening() -> Vec<Step> {
    let mut all = vec![
        Step::Advance(100),
        Step::Obey,
        Step::Obey,
        Step::Obey,
        Step::Obey,
        Step::Obey,
    ];
    for client in 0..2 {
        all.push(Step::Open(client, false));
        all.extend(std::iter::repeat_n(Step::Obey, 16));
        all.push(Step::Connect(client));
        all.push(Step::Obey);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_operation_ends_and_nothing_is_left(steps in prop::collection::vec(step(), 0..120), bytes: bool) {
        run(&steps, if bytes { Feed::Bytes } else { Feed::Whole });
    }

    #[test]
    fn nothing_is_left_of_a_connected_engine(steps in prop::collection::vec(step(), 0..80)) {
        let mut all = opening();
        all.extend(steps);
        run(&all, Feed::Whole);
    }

    #[test]
    fn any_cutting_of_the_same_bytes_gives_the_same(steps in prop::collection::vec(step(), 0..80)) {
        let steps: Vec<_> = opening().into_iter().chain(steps).collect();
        prop_assert_eq!(run(&steps, Feed::Whole), run(&steps, Feed::Bytes));
    }

    #[test]
    fn a_lost_port_ends_everything(steps in prop::collection::vec(step(), 0..60)) {
        let mut all = steps;
        all.push(Step::Lose);
        run(&all, Feed::Whole);
    }
}
