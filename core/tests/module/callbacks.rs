//! Code of the program on the dispatcher thread.

use std::time::Duration;

use atmqtt::{ErrorKind, Event, QoS};
use crossbeam_channel::unbounded;

use crate::common::{Bench, PATIENCE, kind};

#[test]
fn publishing_and_waiting_in_a_callback_works() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let (done, results) = unbounded();
    let answerer = client.clone();
    client
        .on_message(move |message| {
            let result = answerer.publish("answers", message.payload(), QoS::ExactlyOnce, false);
            let again = answerer.subscribe(&[("other", QoS::AtMostOnce)]);
            done.send((result, again.map(drop))).unwrap();
        })
        .unwrap();
    client
        .subscribe(&[("questions", QoS::AtLeastOnce)])
        .unwrap();
    for _ in 0..10 {
        client
            .publish("questions", "?", QoS::AtLeastOnce, false)
            .unwrap();
    }
    for _ in 0..10 {
        let (published, subscribed) = results.recv_timeout(PATIENCE).unwrap();
        published.unwrap();
        subscribed.unwrap();
    }
    let answers = bench
        .emulator
        .published()
        .into_iter()
        .filter(|published| published.topic == "answers")
        .count();
    assert_eq!(answers, 10);
    bench.modem.close().unwrap();
}

#[test]
fn closing_in_a_callback_is_an_error_and_not_a_deadlock() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let (done, results) = unbounded();
    let modem = bench.modem.clone();
    let inner = client.clone();
    client
        .on_message(move |_| {
            done.send(modem.close()).unwrap();
            inner.clear_on_message().unwrap();
            done.send(inner.publish("t", "x", QoS::AtMostOnce, false))
                .unwrap();
        })
        .unwrap();
    client.subscribe(&[("t", QoS::AtMostOnce)]).unwrap();
    client.publish("t", "x", QoS::AtMostOnce, false).unwrap();
    assert_eq!(
        kind(results.recv_timeout(PATIENCE).unwrap()),
        ErrorKind::CalledFromCallback
    );
    results.recv_timeout(PATIENCE).unwrap().unwrap();
    // The callback took itself away: the second message waits for whoever comes.
    let messages = client.messages().unwrap();
    assert!(messages.recv_timeout(PATIENCE).is_some());
    bench.modem.close().unwrap();
}

#[test]
fn a_panic_in_a_callback_ends_that_call_only() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let (done, calls) = unbounded();
    client
        .on_message(move |message| {
            done.send(()).unwrap();
            assert!(message.payload() != b"panic", "the panic of this test");
        })
        .unwrap();
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    client
        .publish("t", "panic", QoS::AtLeastOnce, false)
        .unwrap();
    client
        .publish("t", "go on", QoS::AtLeastOnce, false)
        .unwrap();
    for _ in 0..2 {
        calls.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn a_cleared_callback_does_not_run_any_more() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let (begun, begins) = unbounded();
    let (ended, ends) = unbounded();
    let (go, gate) = unbounded::<()>();
    client
        .on_message(move |_| {
            begun.send(()).unwrap();
            let _ = gate.recv_timeout(PATIENCE);
            ended.send(()).unwrap();
        })
        .unwrap();
    client.subscribe(&[("t", QoS::AtMostOnce)]).unwrap();
    client.publish("t", "1", QoS::AtMostOnce, false).unwrap();
    begins.recv_timeout(PATIENCE).unwrap();
    let clearing = {
        let client = client.clone();
        std::thread::spawn(move || client.clear_on_message())
    };
    go.send(()).unwrap();
    clearing.join().unwrap().unwrap();
    assert!(ends.try_recv().is_ok(), "the running call has ended");
    assert!(begins.recv().is_err(), "the callback is dropped");
}

#[test]
fn a_queue_has_one_consumer() {
    let bench = Bench::new();
    let client = bench.modem.client(0).unwrap();
    let messages = client.messages().unwrap();
    assert_eq!(kind(client.messages()), ErrorKind::InvalidState);
    assert_eq!(kind(client.on_message(drop)), ErrorKind::InvalidState);
    drop(messages);
    client.on_message(drop).unwrap();
    assert_eq!(kind(client.messages()), ErrorKind::InvalidState);
    client.clear_on_message().unwrap();
    client.messages().unwrap();
    let events = bench.modem.events().unwrap();
    assert_eq!(kind(bench.modem.on_event(drop)), ErrorKind::InvalidState);
    drop(events);
    bench.modem.on_event(drop).unwrap();
}

#[test]
fn events_reach_a_callback_and_the_last_is_the_end_of_the_port() {
    let bench = Bench::new();
    let (tell, told) = unbounded();
    bench
        .modem
        .on_event(move |event| tell.send(event).unwrap())
        .unwrap();
    let _client = bench.connected(1);
    assert!(bench.emulator.close_client("client-1"));
    assert!(matches!(
        told.recv_timeout(PATIENCE),
        Ok(Event::Disconnected { client: 1, .. })
    ));
    bench.emulator.hang_up();
    assert!(matches!(
        told.recv_timeout(PATIENCE),
        Ok(Event::PortClosed { .. })
    ));
    assert!(
        told.recv_timeout(PATIENCE).is_err(),
        "the callback is dropped"
    );
}

#[test]
fn one_slow_reader_beside_five_quick_ones() {
    let bench = Bench::new();
    let modem = &bench.modem;
    let clients: Vec<_> = (0..6).map(|index| bench.connected(index)).collect();
    let (tell, told) = unbounded();
    for (index, client) in clients.iter().enumerate().skip(1) {
        client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
        let tell = tell.clone();
        client
            .on_message(move |_| tell.send(index).unwrap())
            .unwrap();
    }
    // Client 0 has no reader at all.
    clients[0].subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    let events = modem.events().unwrap();
    for number in 0..1100 {
        clients[1]
            .publish_start("t", format!("{number}"), QoS::AtMostOnce, false)
            .unwrap()
            .wait()
            .unwrap();
    }
    for _ in 0..5 * 1100 {
        told.recv_timeout(PATIENCE).unwrap();
    }
    // What its queue of 1024 could not hold is counted, the newest are there.
    let lagged: u64 = std::iter::from_fn(|| events.recv_timeout(Duration::ZERO))
        .map(|event| match event {
            Event::Lagged { client: 0, count } => count,
            other => panic!("{other:?}"),
        })
        .sum();
    let messages = clients[0].messages().unwrap();
    let kept: Vec<_> = std::iter::from_fn(|| messages.try_recv()).collect();
    assert_eq!((lagged, kept.len()), (1100 - 1024, 1024));
    assert_eq!(kept.last().unwrap().payload(), b"1099");
}

#[test]
fn a_closed_port_takes_no_callback() {
    let bench = Bench::new();
    let client = bench.connected(0);
    bench.modem.close().unwrap();
    assert_eq!(kind(client.on_message(|_| ())), ErrorKind::Closed);
    assert_eq!(kind(bench.modem.on_event(|_| ())), ErrorKind::Closed);
}

#[test]
fn a_caller_whose_time_is_up_is_told_what_it_waited_for() {
    let bench = Bench::new();
    bench.fault("lose-final:at=CSQ");
    let modem = bench.modem.with_timeout(Duration::from_millis(1));
    let error = modem.command("AT+CSQ").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unconfirmed);
    assert_eq!(error.command(), Some("AT+CSQ"));
}
