//! What is published while the link is down, or goes down.

use std::time::Duration;

use atmqtt::{ErrorKind, Event, Link, LinkState, QoS, QueueLimits, WhenFull, WhenUnconfirmed};

use crate::common::{Bench, PATIENCE};

/// A link that is down and stays so until it is told to try again.
fn down(bench: &Bench, queue: QueueLimits) -> Link {
    bench.fault("connack:code=5");
    let link = bench.builder().queue(queue).start().unwrap();
    assert!(link.wait_up(PATIENCE).is_err());
    assert_eq!(link.state(), LinkState::Refused);
    link
}

fn limits(messages: usize, when_full: WhenFull) -> QueueLimits {
    QueueLimits {
        messages,
        when_full,
        ..QueueLimits::default()
    }
}

fn payloads(bench: &Bench) -> Vec<String> {
    bench
        .emulator
        .published()
        .iter()
        .map(|published| String::from_utf8_lossy(&published.payload).into_owned())
        .collect()
}

#[test]
fn waits_and_is_sent_in_order() {
    let bench = Bench::new();
    let link = down(&bench, QueueLimits::default());
    let sent: Vec<_> = (0..200)
        .map(|n| {
            let qos = [QoS::AtLeastOnce, QoS::ExactlyOnce][n % 2];
            link.publish_start("t", n.to_string(), qos, false).unwrap()
        })
        .collect();
    assert_eq!(link.status().unwrap().waiting, 200);
    assert_eq!(
        link.publish("t", "", QoS::AtMostOnce, false)
            .unwrap_err()
            .kind(),
        ErrorKind::Disconnected
    );
    link.retry();
    for delivering in &sent {
        delivering.wait().unwrap();
    }
    assert!(link.flush(PATIENCE).unwrap());
    let expected: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    assert_eq!(payloads(&bench), expected);
}

#[test]
fn a_full_queue() {
    let bench = Bench::new();
    let link = down(&bench, limits(2, WhenFull::Refuse));
    let _first = link.publish_start("t", "1", QoS::AtLeastOnce, false);
    let _second = link.publish_start("t", "2", QoS::AtLeastOnce, false);
    let third = link.publish_start("t", "3", QoS::AtLeastOnce, false);
    assert_eq!(third.unwrap_err().kind(), ErrorKind::QueueFull);

    let bench = Bench::new();
    let link = down(&bench, limits(2, WhenFull::DropOldest));
    let sent = ["1", "2", "3"].map(|payload| {
        link.publish_start("t", payload, QoS::AtLeastOnce, false)
            .unwrap()
    });
    assert_eq!(sent[0].wait().unwrap_err().kind(), ErrorKind::QueueFull);
    link.retry();
    sent[1].wait().unwrap();
    sent[2].wait().unwrap();
    assert_eq!(payloads(&bench), ["2", "3"]);

    let bench = Bench::new();
    let link = down(&bench, limits(1, WhenFull::Block));
    let _first = link.publish_start("t", "1", QoS::AtLeastOnce, false);
    let hurried = link.with_timeout(Duration::from_millis(20));
    let second = hurried.publish_start("t", "2", QoS::AtLeastOnce, false);
    assert_eq!(second.unwrap_err().kind(), ErrorKind::QueueFull);
    let blocked = {
        let link = link.clone();
        std::thread::spawn(move || link.publish("t", "3", QoS::AtLeastOnce, false))
    };
    link.retry();
    blocked.join().unwrap().unwrap();
    assert_eq!(payloads(&bench), ["1", "3"]);
}

#[test]
fn bytes_are_bounded_as_well() {
    let bench = Bench::new();
    let queue = QueueLimits {
        bytes: 4096,
        when_full: WhenFull::Refuse,
        ..QueueLimits::default()
    };
    let link = down(&bench, queue);
    let accepted = (0..10)
        .filter(|_| {
            link.publish_start("t", [0; 1000], QoS::AtLeastOnce, false)
                .is_ok()
        })
        .count();
    assert_eq!(accepted, 4);
    assert_eq!(link.status().unwrap().waiting_bytes, 4 * 1001);
}

/// Publishes look at the state, and the status at both.
#[test]
fn status_while_others_publish() {
    let bench = Bench::new();
    let link = down(&bench, QueueLimits::default());
    let (done, ended) = crossbeam_channel::bounded(0);
    for n in 0..4 {
        let (link, done) = (link.clone(), done.clone());
        std::thread::spawn(move || {
            for _ in 0..2000 {
                if n % 2 == 0 {
                    let _accepted = link.publish_start("t", "", QoS::AtLeastOnce, false);
                } else {
                    link.status().unwrap();
                }
            }
            drop(done);
        });
    }
    drop(done);
    let error = ended.recv_timeout(PATIENCE).map(|(): ()| ()).unwrap_err();
    assert!(error.is_disconnected(), "they wait for each other");
}

/// A message whose acknowledgement never comes because the connection ends first.
fn cut_short(qos: QoS, when: WhenUnconfirmed) -> (Bench, Result<(), ErrorKind>) {
    let bench = Bench::new();
    let (link, events) = bench.up(bench.builder().when_unconfirmed(when));
    bench.fault("stat:on=final,at=QMTPUBEX,client=0,code=1");
    let sent = link.publish_start("t", "x", qos, false).unwrap();
    sent.report();
    let result = sent.wait();
    let told = std::iter::from_fn(|| events.recv_timeout(PATIENCE)).find_map(|event| match event {
        Event::Completed { operation, result } => Some((operation, result.map(drop))),
        _ => None,
    });
    assert_eq!(told, Some((sent.number(), result.clone())));
    link.wait_up(PATIENCE).unwrap();
    (bench, result.map_err(|error| error.kind()))
}

#[test]
fn what_was_under_way_is_sent_again_as_its_qos_allows() {
    let (bench, result) = cut_short(QoS::AtLeastOnce, WhenUnconfirmed::Report);
    assert_eq!(result, Ok(()));
    assert_eq!(payloads(&bench), ["x", "x"]);

    let (bench, result) = cut_short(QoS::ExactlyOnce, WhenUnconfirmed::Report);
    assert_eq!(result, Err(ErrorKind::Unconfirmed));
    assert_eq!(payloads(&bench), ["x"]);

    let (bench, result) = cut_short(QoS::ExactlyOnce, WhenUnconfirmed::Resend);
    assert_eq!(result, Ok(()));
    assert_eq!(payloads(&bench), ["x", "x"]);
}

#[test]
fn a_message_that_the_module_never_takes_does_not_hold_up_the_others() {
    let bench = Bench::new();
    let (link, _) = bench.up(bench.builder());
    bench.fault("error:at=QMTPUBEX,times=5");
    let bad = link.publish("t", "bad", QoS::AtLeastOnce, false);
    assert_eq!(bad.unwrap_err().kind(), ErrorKind::ModuleError);
    link.publish("t", "good", QoS::AtLeastOnce, false).unwrap();
    assert_eq!(payloads(&bench), ["good"]);
}
