//! The other side of the port closes during every kind of wait.

use std::time::Duration;

use atmqtt::{Client, ClientConfig, Connect, Delivery, ErrorKind, Event, QoS, State};

use crate::common::{Bench, PATIENCE, kind};

/// Runs `wait` in a thread, pulls the plug when the module has got as far as `begun` tells, and gives
/// the error.
fn pulled<T: std::fmt::Debug + Send + 'static>(
    fault: &str,
    ready: impl FnOnce(&Bench) -> Client,
    wait: impl FnOnce(Client) -> atmqtt::Result<T> + Send + 'static,
) -> ErrorKind {
    let bench = Bench::new();
    let client = ready(&bench);
    let events = bench.modem.events().unwrap();
    // The module tells by a line of its own that the command has come so far.
    let (name, on) = fault.split_once('@').unwrap();
    bench.fault(&format!("line:on={on},at={name},line=+BEGUN: 1"));
    match on {
        "command" => bench.fault(&format!("lose-final:at={name}")),
        "prompt" | "payload" => bench.fault(&format!("lose-final:at={name}")),
        _ => {}
    }
    bench.fault(&format!("lose-result:at={name}"));
    let caller = std::thread::spawn(move || wait(client));
    let begun = std::iter::from_fn(|| events.recv_timeout(PATIENCE))
        .any(|event| event == Event::Urc(b"+BEGUN: 1".to_vec()));
    assert!(begun, "{fault}");
    bench.emulator.hang_up();
    let result = caller.join().unwrap();
    let last = std::iter::from_fn(|| events.recv_timeout(PATIENCE)).last();
    assert!(matches!(last, Some(Event::PortClosed { .. })), "{last:?}");
    kind(result)
}

fn closed(bench: &Bench) -> Client {
    bench.modem.client(0).unwrap()
}

fn opened(bench: &Bench) -> Client {
    let client = closed(bench);
    client.open("broker.example", 1883).unwrap();
    client
}

fn connected(bench: &Bench) -> Client {
    bench.connected(0)
}

#[test]
fn while_waiting_for_a_final_result_code() {
    let lost = pulled("QMTSUB@command", connected, |client| {
        client.subscribe(&[("t", QoS::AtMostOnce)])
    });
    assert_eq!(lost, ErrorKind::PortLost);
}

#[test]
fn while_opening() {
    let lost = pulled("QMTOPEN@final", closed, |client| client.open("h", 1));
    assert_eq!(lost, ErrorKind::PortLost);
}

#[test]
fn while_connecting() {
    let lost = pulled("QMTCONN@final", opened, |client| {
        client.connect(&Connect::new("a"))
    });
    assert_eq!(lost, ErrorKind::PortLost);
}

#[test]
fn while_subscribing_and_unsubscribing() {
    let lost = pulled("QMTSUB@final", connected, |client| {
        client.subscribe(&[("t", QoS::AtMostOnce)])
    });
    assert_eq!(lost, ErrorKind::PortLost);
    let lost = pulled("QMTUNS@final", connected, |client| {
        client.unsubscribe(&["t"])
    });
    assert_eq!(lost, ErrorKind::PortLost);
}

#[test]
fn while_publishing() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let lost = pulled("QMTPUBEX@final", connected, move |client| {
            client.publish("t", "x", qos, false)
        });
        assert_eq!(lost, ErrorKind::PortLost);
    }
}

#[test]
fn while_waiting_for_a_publication_or_for_its_turn() {
    let lost = pulled("QMTPUBEX@final", connected, |client| {
        // The plug may be pulled before the last of them is started.
        let publications = (0..20)
            .map(|_| client.publish_start("t", "x", QoS::AtLeastOnce, false))
            .collect::<Result<Vec<_>, _>>()?;
        publications
            .iter()
            .rev()
            .map(|publication| publication.wait())
            .next()
            .unwrap()
    });
    assert_eq!(lost, ErrorKind::PortLost);
}

#[test]
fn while_waiting_for_a_prompt() {
    let bench = Bench::new();
    let client = bench.connected(0);
    bench.fault("lose-prompt");
    let publication = client
        .publish_start("t", "x", QoS::AtLeastOnce, false)
        .unwrap();
    // Nothing tells that the prompt was lost; the command is on its way at least.
    assert!(
        publication
            .wait_timeout(Duration::from_millis(50))
            .is_none()
    );
    bench.emulator.hang_up();
    assert_eq!(kind(publication.wait()), ErrorKind::PortLost);
}

#[test]
fn while_disconnecting_and_closing() {
    let lost = pulled("QMTDISC@final", connected, |client| client.disconnect());
    assert_eq!(lost, ErrorKind::PortLost);
    // A close succeeds however it ends, but not without its port.
    let lost = pulled("QMTCLOSE@final", connected, |client| client.close());
    assert_eq!(lost, ErrorKind::PortLost);
}

#[test]
fn while_any_other_command_runs() {
    let bench = Bench::new();
    let events = bench.modem.events().unwrap();
    bench.fault("lose-final:at=COPS");
    bench.fault("line:on=command,at=COPS,line=+BEGUN: 1");
    let modem = bench.modem.clone();
    let caller = std::thread::spawn(move || modem.command("AT+COPS=?"));
    assert_eq!(
        events.recv_timeout(PATIENCE),
        Some(Event::Urc(b"+BEGUN: 1".to_vec()))
    );
    let client = bench.modem.client(0).unwrap();
    let second = client.open_start("h", 1, atmqtt::IfInUse::Fail).unwrap();
    assert!(second.wait_timeout(Duration::from_millis(50)).is_none());
    bench.emulator.hang_up();
    assert_eq!(kind(caller.join().unwrap()), ErrorKind::PortLost);
    assert_eq!(kind(second.wait()), ErrorKind::PortLost);
}

#[test]
fn while_waiting_for_messages_and_events() {
    let bench = Bench::new();
    let client = bench.connected_with(0, &ClientConfig::new().delivery(Delivery::Stored));
    let messages = client.messages().unwrap();
    let events = bench.modem.events().unwrap();
    let waiting = std::thread::spawn(move || messages.recv());
    bench.emulator.hang_up();
    assert!(waiting.join().unwrap().is_none());
    let all: Vec<Event> = events.collect();
    let closed = all
        .iter()
        .filter(|event| matches!(event, Event::PortClosed { .. }))
        .count();
    assert_eq!(closed, 1, "{all:?}");
    assert_eq!(client.state(), State::Closed);
}

#[test]
fn every_later_call_says_the_same() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let events = bench.modem.events().unwrap();
    bench.emulator.hang_up();
    assert!(events.recv_timeout(PATIENCE).is_some());
    assert_eq!(kind(bench.modem.command("AT")), ErrorKind::PortLost);
    assert_eq!(
        kind(client.publish("t", "x", QoS::AtMostOnce, false)),
        ErrorKind::PortLost
    );
    assert_eq!(kind(client.open("h", 1)), ErrorKind::PortLost);
    bench.modem.close().unwrap();
}
