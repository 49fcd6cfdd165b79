//! Everything in one stream, with its descriptor; ends of operations as events; waits that are
//! interrupted.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use atmqtt::{ErrorKind, Event, Incoming, Outcome, QoS, Received};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::common::{Bench, PATIENCE, kind};

/// Whether the descriptor can be read now, or within this time.
fn readable(incoming: &Incoming, within: Duration) -> bool {
    let mut fds = [PollFd::new(incoming, PollFlags::IN)];
    let within = Timespec::try_from(within).unwrap();
    poll(&mut fds, Some(&within)).unwrap() == 1
}

fn next(incoming: &Incoming) -> Received {
    assert!(readable(incoming, PATIENCE), "nothing came");
    incoming.try_recv().expect("readable and nothing there")
}

#[test]
fn the_descriptor_tells_exactly_when_there_is_something() {
    let bench = Bench::new();
    let incoming = bench.modem.incoming().unwrap();
    assert!(!readable(&incoming, Duration::ZERO));
    assert!(incoming.try_recv().is_none());
    let client = bench.connected(0);
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    for n in 0..3 {
        client
            .publish("t", n.to_string(), QoS::AtLeastOnce, false)
            .unwrap();
    }
    bench.emulator.inject_urc("+QIND: SMS DONE");
    let mut payloads = Vec::new();
    let mut urcs = 0;
    while payloads.len() + urcs < 4 {
        match next(&incoming) {
            Received::Message(message) => payloads.push(message.payload().to_vec()),
            Received::Event(Event::Urc(line)) => {
                assert_eq!(line, b"+QIND: SMS DONE");
                urcs += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(payloads, [b"0", b"1", b"2"]);
    assert!(!readable(&incoming, Duration::ZERO));
    assert!(incoming.try_recv().is_none());

    bench.modem.close().unwrap();
    assert!(matches!(
        next(&incoming),
        Received::Event(Event::PortClosed { .. })
    ));
    assert!(!readable(&incoming, Duration::ZERO));
    assert!(incoming.recv().is_none());
}

#[test]
fn events_and_messages_of_every_client_keep_their_order() {
    let bench = Bench::new();
    let (a, b) = (bench.connected(0), bench.connected(5));
    a.subscribe(&[("a", QoS::AtMostOnce)]).unwrap();
    b.subscribe(&[("b", QoS::AtMostOnce)]).unwrap();
    let incoming = bench.modem.incoming().unwrap();
    let mut expected = Vec::new();
    for n in 0..20 {
        let topic = if n % 3 == 0 { "b" } else { "a" };
        let _ = bench.emulator.publish(topic, b"x", 0, false).unwrap();
        bench.emulator.inject_urc(&format!("+QIND: {n}"));
        expected.push(topic.to_owned());
        expected.push(format!("+QIND: {n}"));
    }
    let found: Vec<_> = expected
        .iter()
        .map(|_| match incoming.recv_timeout(PATIENCE) {
            Some(Received::Message(message)) => message.topic().into_owned(),
            Some(Received::Event(Event::Urc(line))) => String::from_utf8(line).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn one_consumer_of_everything() {
    let bench = Bench::new();
    let client = bench.modem.client(3).unwrap();
    let messages = client.messages().unwrap();
    assert_eq!(kind(bench.modem.incoming()), ErrorKind::InvalidState);
    drop(messages);
    bench.modem.on_event(drop).unwrap();
    assert_eq!(kind(bench.modem.incoming()), ErrorKind::InvalidState);
    bench.modem.clear_on_event().unwrap();
    let incoming = bench.modem.incoming().unwrap();
    assert_eq!(kind(bench.modem.incoming()), ErrorKind::InvalidState);
    assert_eq!(kind(client.messages()), ErrorKind::InvalidState);
    assert_eq!(kind(client.on_message(drop)), ErrorKind::InvalidState);
    assert_eq!(kind(bench.modem.events()), ErrorKind::InvalidState);
    drop(incoming);
    client.messages().unwrap();
    bench.modem.events().unwrap();
    bench.modem.incoming().unwrap();
}

#[test]
fn a_new_consumer_finds_what_is_there_on_its_descriptor() {
    let bench = Bench::new();
    bench.emulator.inject_urc("+QIND: before");
    bench.modem.command("AT").unwrap();
    let incoming = bench.modem.incoming().unwrap();
    assert!(readable(&incoming, Duration::ZERO));
    drop(incoming);
    let again = bench.modem.incoming().unwrap();
    assert_eq!(
        next(&again),
        Received::Event(Event::Urc(b"+QIND: before".to_vec()))
    );
}

/// The end of this operation.
fn end_of(incoming: &Incoming, operation: u64) -> atmqtt::Result<Outcome> {
    loop {
        if let Received::Event(Event::Completed {
            operation: of,
            result,
        }) = next(incoming)
        {
            if of == operation {
                return result;
            }
        }
    }
}

#[test]
fn ends_of_operations_are_told_as_events() {
    let bench = Bench::new();
    let incoming = bench.modem.incoming().unwrap();
    let client = bench.connected(0);
    let subscription = client
        .subscribe_start(&[("t/#", QoS::ExactlyOnce)])
        .unwrap();
    let number = subscription.report();
    assert!(matches!(
        end_of(&incoming, number),
        Ok(Outcome::Granted(granted)) if granted.len() == 1
    ));
    // The handle tells it all the same.
    assert_eq!(subscription.wait().unwrap().len(), 1);

    let publication = client
        .publish_start("x", "y", QoS::AtLeastOnce, false)
        .unwrap();
    publication.wait().unwrap();
    // Asked for when it is over: told at once.
    let number = publication.report();
    assert_eq!(end_of(&incoming, number), Ok(Outcome::Done));

    let command = bench.modem.command_start("AT+CSQ").unwrap();
    match end_of(&incoming, command.report()).unwrap() {
        Outcome::Answer(lines) => assert!(lines[0].starts_with(b"+CSQ:"), "{lines:?}"),
        other => panic!("{other:?}"),
    }
    let refused = bench.modem.command_start("AT+NONSENSE").unwrap();
    assert_eq!(
        kind(end_of(&incoming, refused.report())),
        ErrorKind::ModuleError
    );

    bench.fault("delay-result:at=QMTPUBEX,ms=60000");
    let lost = client
        .publish_start("x", "z", QoS::AtLeastOnce, false)
        .unwrap();
    let number = lost.report();
    bench.modem.close().unwrap();
    assert_eq!(kind(end_of(&incoming, number)), ErrorKind::Closed);
}

#[test]
fn no_end_of_an_operation_is_dropped() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let numbers: Vec<_> = (0..5000)
        .map(|_| {
            let publication = client.publish_start("t", "", QoS::AtMostOnce, false);
            publication.unwrap().report()
        })
        .collect();
    let last = client.publish_start("t", "", QoS::AtMostOnce, false);
    last.unwrap().wait().unwrap();
    let told: Vec<_> = std::iter::from_fn(|| bench.modem.events().unwrap().try_recv())
        .filter_map(|event| match event {
            Event::Completed { operation, result } => {
                result.unwrap();
                Some(operation)
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, numbers);
}

#[test]
fn jobs_in_the_background() {
    let bench = Bench::new();
    let incoming = bench.modem.incoming().unwrap();
    let number = bench
        .modem
        .background(|modem| {
            modem.files().upload("ca.pem", b"some bytes")?;
            modem.files().download("ca.pem").map(Outcome::File)
        })
        .unwrap();
    assert_eq!(
        end_of(&incoming, number).unwrap(),
        Outcome::File(b"some bytes".to_vec())
    );
    let number = bench
        .modem
        .background(|modem| modem.close().map(|()| Outcome::Done))
        .unwrap();
    assert_eq!(
        kind(end_of(&incoming, number)),
        ErrorKind::CalledFromCallback
    );
    let number = bench.modem.background(|_| panic!("on purpose")).unwrap();
    assert_eq!(kind(end_of(&incoming, number)), ErrorKind::Internal);

    // A close ends what a job waits for, and waits for the job.
    bench.fault("delay-final:at=COPS,ms=60000");
    let (begun, begins) = mpsc::channel();
    let number = bench
        .modem
        .background(move |modem| {
            begun.send(()).unwrap();
            modem.network().operator().map(|_| Outcome::Done)
        })
        .unwrap();
    begins.recv_timeout(PATIENCE).unwrap();
    bench.modem.close().unwrap();
    assert_eq!(kind(end_of(&incoming, number)), ErrorKind::Closed);
    let after = bench.modem.background(|_| Ok(Outcome::Done));
    assert_eq!(kind(after), ErrorKind::Closed);
}

/// Interrupts until `thread` has ended, for nobody knows when it begins to wait.
fn interrupt_until<T>(bench: &Bench, thread: thread::JoinHandle<T>) -> T {
    while !thread.is_finished() {
        bench.modem.interrupt();
        thread::yield_now();
    }
    settle(bench);
    thread.join().unwrap()
}

/// Until the reader has carried out every interrupt so far.
fn settle(bench: &Bench) {
    while bench.modem.command("AT").is_err() {}
}

#[test]
fn an_interrupt_ends_calls_and_leaves_the_operation_alone() {
    let bench = Bench::new();
    let client = bench.connected(0);
    // Longer than the test is going to take, and shorter than its patience.
    bench.fault("delay-result:at=QMTSUB,ms=2000,times=2");
    let subscriber = client.clone();
    let thread = thread::spawn(move || subscriber.subscribe(&[("t", QoS::AtMostOnce)]));
    let error = interrupt_until(&bench, thread).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Unconfirmed | ErrorKind::Timeout),
        "{error}"
    );
    assert!(error.to_string().contains("interrupted"), "{error}");
    client.publish("t", "x", QoS::AtLeastOnce, false).unwrap();

    let pending = client.subscribe_start(&[("u", QoS::AtMostOnce)]).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pending.wait());
        while !waiting.is_finished() {
            bench.modem.interrupt();
            thread::yield_now();
        }
        settle(&bench);
        assert_eq!(kind(waiting.join().unwrap()), ErrorKind::Unconfirmed);
    });
    // It can be waited for again.
    assert_eq!(pending.wait().unwrap().len(), 1);
}

#[test]
fn an_interrupt_ends_every_kind_of_listening() {
    let bench = Bench::new();
    let client = bench.modem.client(0).unwrap();
    let messages = client.messages().unwrap();
    let thread = thread::spawn(move || messages.recv().is_none());
    assert!(interrupt_until(&bench, thread));
    let events = bench.modem.events().unwrap();
    let thread = thread::spawn(move || events.recv_timeout(PATIENCE).is_none());
    assert!(interrupt_until(&bench, thread));
    let incoming = bench.modem.incoming().unwrap();
    let thread = thread::spawn(move || incoming.recv().is_none());
    assert!(interrupt_until(&bench, thread));

    let incoming = bench.modem.incoming().unwrap();
    // The last of those above may have met nobody.
    assert!(incoming.recv_timeout(Duration::ZERO).is_none());
    // One that meets nobody is kept for the next who would wait, once.
    bench.modem.interrupt();
    settle(&bench);
    assert!(incoming.recv().is_none());
    bench.emulator.inject_urc("+QIND: x");
    assert!(incoming.recv().is_some());
}

#[test]
fn an_interrupt_ends_the_wait_for_the_network() {
    let bench = Bench::new();
    bench.fault("registration:code=2");
    let modem = bench.modem.clone();
    let thread = thread::spawn(move || modem.network().wait_ready(1, PATIENCE, |_| ()));
    let error = interrupt_until(&bench, thread).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("interrupted"), "{error}");
}
