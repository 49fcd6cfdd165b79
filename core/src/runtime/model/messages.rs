//! From the reader through the queues to their consumers.

use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::bench::{Bench, Module, all, go};
use super::{check, ms};
use crate::sync::model::elapsed;
use crate::sync::{JoinHandle, Mutex, poll};
use crate::{Client, ClientConfig, Delivery, ErrorKind, Event, Message, Modem, QoS, Received};

fn text(message: &Message) -> String {
    String::from_utf8_lossy(message.payload()).into_owned()
}

fn subscribed(bench: &Bench, config: &ClientConfig) -> Client {
    let client = bench.connected_with(config);
    client
        .subscribe(&[("t", QoS::AtMostOnce)])
        .expect("subscribed");
    client
}

/// Somebody publishes these numbers.
fn publisher(module: &Arc<Module>, numbers: std::ops::Range<u32>) -> JoinHandle<()> {
    let module = Arc::clone(module);
    go(move || {
        for number in numbers {
            module.publish("t", &number.to_string());
        }
    })
}

#[test]
fn messages_come_whole_and_in_order() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench, &ClientConfig::new());
        let messages = client.messages().expect("messages");
        let publisher = publisher(&bench.module, 0..6);
        for number in 0..6 {
            let message = messages.recv().expect("a message");
            assert_eq!(text(&message), number.to_string());
        }
        assert!(elapsed() < ms(1000), "it took {:?}", elapsed());
        all([publisher]);
        bench.close();
    });
}

/// What was dropped and what was read make up all that came.
#[test]
fn what_a_full_queue_drops_is_counted() {
    check(|| {
        let bench = Bench::with(Modem::builder().message_capacity(2));
        let client = subscribed(&bench, &ClientConfig::new());
        let messages = client.messages().expect("messages");
        let events = bench.modem.events().expect("events");
        let publisher = publisher(&bench.module, 0..8);
        let (mut read, mut dropped, mut last) = (0, 0, None);
        let mut look = |message: Option<Message>, event: Option<Event>| {
            if let Some(message) = &message {
                let number: u32 = text(message).parse().expect("a number");
                assert!(last < Some(number), "{number} after {last:?}");
                last = Some(number);
                read += 1;
            }
            match event {
                Some(Event::Lagged { client: 0, count }) => {
                    assert!(count > 0);
                    dropped += count;
                }
                Some(event) => panic!("{event:?}"),
                None => {}
            }
            message.is_some()
        };
        while look(messages.recv_timeout(ms(1000)), events.try_recv()) {}
        look(None, events.try_recv());
        assert_eq!((read + dropped, last), (8, Some(7)));
        assert_eq!(events.try_recv(), None);
        all([publisher]);
        bench.close();
    });
}

/// The module keeps what the queue has no room for, and the library fetches it when there is some.
#[test]
fn stored_messages_are_fetched_when_there_is_room() {
    check(|| {
        let bench = Bench::with(Modem::builder().message_capacity(1));
        let client = subscribed(&bench, &ClientConfig::new().delivery(Delivery::Stored));
        let messages = client.messages().expect("messages");
        let publisher = publisher(&bench.module, 0..5);
        for number in 0..5 {
            let message = messages.recv().expect("a message");
            assert_eq!(text(&message), number.to_string());
        }
        assert!(elapsed() < ms(1000), "it took {:?}", elapsed());
        all([publisher]);
        bench.close();
    });
}

#[test]
fn stored_messages_are_fetched_for_a_callback() {
    check(|| {
        let bench = Bench::with(Modem::builder().message_capacity(1));
        let client = subscribed(&bench, &ClientConfig::new().delivery(Delivery::Stored));
        let (done, all_seen) = crate::sync::signal();
        let (mut done, mut next) = (Some(done), 0);
        client
            .on_message(move |message| {
                assert_eq!(text(&message), next.to_string());
                next += 1;
                if next == 5 {
                    drop(done.take());
                }
            })
            .expect("a callback");
        let publisher = publisher(&bench.module, 0..5);
        let until = crate::sync::now() + ms(1000);
        assert!(all_seen.wait_until(until), "not every message came");
        all([publisher]);
        bench.close();
    });
}

/// Each message a callback gets is answered from inside it, while others publish.
#[test]
fn a_callback_publishes_while_others_do() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench, &ClientConfig::new());
        let echo = client.clone();
        client
            .on_message(move |message| {
                let answer = format!("answer to {}", text(&message));
                let outcome = echo.publish("answers", answer, QoS::AtLeastOnce, false);
                if let Err(error) = outcome {
                    // The broker has the last one, and the port is closed before it has said so.
                    assert_eq!(error.kind(), ErrorKind::Closed);
                }
            })
            .expect("a callback");
        let publisher = publisher(&bench.module, 0..2);
        all([0, 1].map(|_| {
            let client = client.clone();
            go(move || {
                client
                    .publish("others", "x", QoS::AtLeastOnce, false)
                    .expect("published");
            })
        }));
        all([publisher]);
        // The callback may still be at it.
        let events = bench.modem.events().expect("events");
        let mut published = bench.module.published();
        while published.len() < 4 {
            assert_eq!(events.recv_timeout(ms(100)), None);
            assert!(elapsed() < ms(1000), "it took {:?}", elapsed());
            published = bench.module.published();
        }
        let answers = published.iter().filter(|text| text.starts_with("answer"));
        assert!(answers.eq(["answer to 0", "answer to 1"]), "{published:?}");
        bench.close();
    });
}

/// The callback is taken away while messages come: from then on it is not called, and the rest waits.
#[test]
fn a_callback_that_was_taken_away_is_not_called() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench, &ClientConfig::new());
        let seen = Arc::new(Mutex::new((0_u32, false)));
        let calls = Arc::clone(&seen);
        client
            .on_message(move |message| {
                let mut seen = calls.lock();
                assert!(!seen.1, "called after it was taken away");
                assert_eq!(text(&message), seen.0.to_string());
                seen.0 += 1;
            })
            .expect("a callback");
        let publisher = publisher(&bench.module, 0..4);
        client.clear_on_message().expect("cleared");
        assert_eq!(Arc::strong_count(&seen), 1, "what it holds is kept");
        let next = {
            let mut seen = seen.lock();
            seen.1 = true;
            seen.0
        };
        let messages = client.messages().expect("messages");
        for number in next..4 {
            let message = messages.recv().expect("a message");
            assert_eq!(text(&message), number.to_string());
        }
        all([publisher]);
        bench.close();
    });
}

fn is_readable(incoming: &crate::Incoming, timeout: Option<&Timespec>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(incoming.as_fd(), PollFlags::IN)];
    poll(&mut fds, timeout).expect("poll") == 1
}

/// Who waits for the descriptor alone misses nothing, and is not told in vain.
#[test]
fn the_descriptor_tells_whether_there_is_something() {
    check(|| {
        let bench = Bench::with(Modem::builder().message_capacity(2));
        let client = subscribed(&bench, &ClientConfig::new());
        let incoming = bench.modem.incoming().expect("incoming");
        let publisher = publisher(&bench.module, 0..5);
        let (mut read, mut dropped, mut last) = (0, 0, None);
        while read + dropped < 5 || last != Some(4) {
            assert!(is_readable(&incoming, None));
            match incoming.try_recv().expect("the descriptor said so") {
                Received::Message(message) => {
                    let number: u32 = text(&message).parse().expect("a number");
                    assert!(last < Some(number), "{number} after {last:?}");
                    last = Some(number);
                    read += 1;
                }
                Received::Event(Event::Lagged { count, .. }) => dropped += count,
                Received::Event(event) => panic!("{event:?}"),
            }
        }
        all([publisher]);
        assert_eq!(read + dropped, 5);
        assert!(!is_readable(&incoming, Some(&Timespec::default())));
        assert_eq!(incoming.try_recv(), None);
        // What is there when it is claimed again is told at once.
        drop(incoming);
        bench.module.publish("t", "late");
        client
            .publish("u", "to have waited for it", QoS::AtLeastOnce, false)
            .expect("published");
        let incoming = bench.modem.incoming().expect("incoming");
        assert!(is_readable(&incoming, None));
        assert!(matches!(incoming.try_recv(), Some(Received::Message(_))));
        bench.close();
        assert!(is_readable(&incoming, Some(&Timespec::default())));
        assert!(matches!(
            incoming.recv(),
            Some(Received::Event(Event::PortClosed { .. }))
        ));
        assert_eq!(incoming.recv(), None);
        assert!(!is_readable(&incoming, Some(&Timespec::default())));
    });
}
