//! A link without troubles.

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atmqtt::{Apn, Connect, ErrorKind, Event, Granted, Link, LinkState, QoS};

use crate::common::{Bench, PATIENCE, quick, until_up, way};

#[test]
fn comes_up_publishes_and_receives() {
    let bench = Bench::new();
    let link = bench
        .builder()
        .subscribe("in/#", QoS::AtLeastOnce)
        .start()
        .unwrap();
    let events = link.events().unwrap();
    let messages = link.messages().unwrap();
    let (_, states) = {
        let changes = until_up(&events);
        let (cause, states) = way(&changes);
        (cause.clone(), states)
    };
    use LinkState::{Attaching, Connecting, Opening, Searching, Starting, Up};
    assert_eq!(
        states,
        [Searching, Starting, Attaching, Opening, Connecting, Up]
    );
    let Some(Event::Subscribed { topic, granted, .. }) = events.recv_timeout(PATIENCE) else {
        panic!("not subscribed");
    };
    assert_eq!(
        (topic.as_str(), granted),
        ("in/#", Granted::QoS(QoS::AtLeastOnce))
    );
    for (qos, payload) in [
        (QoS::AtMostOnce, r#"{"a":1,"b":"x"}"#),
        (QoS::AtLeastOnce, "+QMTSTAT: 0,1\r\n"),
        (QoS::ExactlyOnce, ""),
    ] {
        link.publish("in/x", payload, qos, false).unwrap();
        let message = messages.recv_timeout(PATIENCE).expect("a message");
        assert_eq!(message.payload(), payload.as_bytes());
        assert_eq!(message.topic(), "in/x");
    }
    let status = link.status().unwrap();
    assert_eq!(status.state, Up);
    assert_eq!(
        (
            status.accepted,
            status.delivered,
            status.failed,
            status.resent
        ),
        (3, 3, 0, 0)
    );
    assert_eq!((status.waiting, status.waiting_bytes), (0, 0));
    assert_eq!(status.broker, ("broker.example".to_owned(), 1883));
    assert_eq!(status.port, Some(bench.emulator.path()));
    link.close().unwrap();
    assert_eq!(link.state(), LinkState::Closed);
    assert_eq!(bench.emulator.with_hub(|hub| hub.clients().count()), 0);
    assert_eq!(
        link.publish("in/x", "", QoS::AtLeastOnce, false)
            .unwrap_err()
            .kind(),
        ErrorKind::Closed
    );
    assert_eq!(messages.recv(), None);
}

#[test]
fn subscriptions_come_and_go() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder());
    let messages = link.messages().unwrap();
    link.subscribe("a", QoS::AtMostOnce).unwrap();
    assert!(matches!(
        events.recv_timeout(PATIENCE),
        Some(Event::Subscribed { .. })
    ));
    link.publish("a", "1", QoS::AtLeastOnce, false).unwrap();
    assert_eq!(messages.recv_timeout(PATIENCE).unwrap().payload(), b"1");
    assert!(link.unsubscribe("a").unwrap());
    assert!(!link.unsubscribe("a").unwrap());
    // Behind the UNSUBSCRIBE on the line.
    link.publish("b", "", QoS::AtLeastOnce, false).unwrap();
    assert_eq!(bench.emulator.publish("a", b"2", 1, false).unwrap(), 0);
    assert_eq!(messages.try_recv(), None);
}

#[test]
fn callbacks_publish_and_cannot_close() {
    let bench = Bench::new();
    let (link, _) = bench.up(bench.builder().subscribe("ping", QoS::AtLeastOnce));
    let (said, heard) = crossbeam_channel::unbounded();
    let own = link.clone();
    link.on_message(move |message| {
        if message.topic() == "ping" {
            let published = own.publish("pong", message.payload(), QoS::AtLeastOnce, false);
            said.send((published, own.close())).unwrap();
        }
    })
    .unwrap();
    link.publish("ping", "x", QoS::AtLeastOnce, false).unwrap();
    let (published, closed) = heard.recv_timeout(PATIENCE).unwrap();
    published.unwrap();
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::CalledFromCallback);
    link.clear_on_message().unwrap();
    link.close().unwrap();
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_opened() {
    let builder = || Link::builder("/nowhere", Connect::new("me"));
    let kind = |builder: atmqtt::LinkBuilder| builder.start().unwrap_err();
    for (error, text) in [
        (kind(builder()), "brokers is empty"),
        (kind(builder().broker("", 1)), "host"),
        (kind(builder().broker("a\"", 1)), "host"),
        (kind(builder().broker("a", 0)), "port"),
        (
            kind(builder().broker("a", 1).backoff(atmqtt::Backoff {
                first: Duration::ZERO,
                ..atmqtt::Backoff::default()
            })),
            "backoff.first is 0",
        ),
        (
            kind(builder().broker("a", 1).client(6)),
            "client index is 6",
        ),
        (kind(builder().broker("a", 1).apn(Apn::new("a\""))), "apn"),
        (
            kind(builder().broker("a", 1).subscribe("a\r", QoS::AtMostOnce)),
            "topic",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn the_modem_of_the_moment_takes_other_commands() {
    let bench = Bench::new();
    let (link, _) = bench.up(bench.builder());
    let modem = link.modem().unwrap();
    assert!(modem.signal().is_ok());
    // Callbacks belong to the link.
    assert_eq!(
        modem.on_event(|_| {}).unwrap_err().kind(),
        ErrorKind::InvalidState
    );
    link.close().unwrap();
    assert_eq!(link.modem().unwrap_err().kind(), ErrorKind::InvalidState);
    assert_eq!(modem.command("AT").unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn abandoned_without_a_goodbye() {
    let bench = Bench::new();
    let (link, _) = bench.up(bench.builder());
    link.abandon().unwrap();
    assert_eq!(link.state(), LinkState::Closed);
    // The module goes on with the client.
    assert_eq!(bench.emulator.with_hub(|hub| hub.clients().count()), 1);
    link.close().unwrap();
}

#[test]
fn the_power_hook_may_drop_the_link_and_not_close_it() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let deaf = atmqtt::LinkPort::other(move || Ok(Box::new(ours.try_clone().unwrap())));
    let modem = atmqtt::Modem::builder()
        .silence(Duration::ZERO)
        .patience(Duration::from_millis(50));
    let place = Arc::new(Mutex::new(None::<Link>));
    let handle = Arc::clone(&place);
    let (said, heard) = crossbeam_channel::unbounded();
    let link = quick(Link::builder(deaf, Connect::new("deaf")))
        .modem(modem)
        .restart_time(Duration::from_millis(100))
        .power_hook(move || {
            // The last handle.
            if let Some(link) = handle.lock().unwrap().take() {
                said.send(link.close()).unwrap();
            }
            Ok(())
        })
        .start()
        .unwrap();
    *place.lock().unwrap() = Some(link);
    let closed = heard.recv_timeout(PATIENCE).unwrap();
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::CalledFromCallback);
    // The thread of the link ends, and the hook with it.
    let gone = heard.recv_timeout(PATIENCE).unwrap_err();
    assert!(gone.is_disconnected(), "the thread is still there");
}

#[test]
fn closing_ends_whatever_it_waits_for() {
    // A port on which nobody answers, one that is not there, and a module without a network.
    let (ours, _theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let silent = atmqtt::LinkPort::other(move || Ok(Box::new(ours.try_clone().unwrap())));
    let bench = Bench::new();
    bench.fault("registration:ms=0,code=2,always");
    for builder in [
        Link::builder(silent, Connect::new("a")),
        Link::builder("/nowhere", Connect::new("a")),
        Link::builder(bench.emulator.path(), Connect::new("a")),
    ] {
        let link = builder.broker("broker.example", 1883).start().unwrap();
        let waiting = link
            .publish_start("a", "b", QoS::AtLeastOnce, false)
            .unwrap();
        assert!(link.wait_up(Duration::from_millis(300)).is_err());
        link.close().unwrap();
        assert_eq!(waiting.wait().unwrap_err().kind(), ErrorKind::Closed);
    }
}
