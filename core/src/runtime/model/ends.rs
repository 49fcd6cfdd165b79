//! Close, the drop of the last handle, and a port that goes, against everything else.

use std::sync::Arc;

use super::bench::{Bench, all, go};
use super::check;
use crate::engine::Outcome;
use crate::sync::model::{elapsed, switch};
use crate::sync::{Mutex, now, signal};
use crate::{Client, Error, ErrorKind, Event, QoS, Received};

/// What a callback holds. Its drop is counted.
struct Held(Arc<Mutex<u32>>);

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.lock() += 1;
    }
}

fn subscribed(bench: &Bench) -> Client {
    let client = bench.connected();
    client
        .subscribe(&[("t", QoS::AtMostOnce)])
        .expect("subscribed");
    client
}

fn ended_with<T: std::fmt::Debug>(outcome: Result<T, Error>, kinds: &[ErrorKind]) {
    if let Err(error) = outcome {
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
}

fn at_once() {
    assert!(elapsed() < super::ms(1000), "it took {:?}", elapsed());
}

#[test]
fn close_ends_callers_and_iterators() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench);
        bench.module.fault("lose-final:at=CSQ");
        let messages = client.messages().expect("messages");
        let events = bench.modem.events().expect("events");
        let (modem, publisher) = (bench.modem.clone(), client.clone());
        let module = Arc::clone(&bench.module);
        let others = [
            go(move || {
                let error = modem.command("AT+CSQ").expect_err("no final code");
                assert_eq!(error.kind(), ErrorKind::Closed);
            }),
            go(move || {
                let outcome = publisher.publish("t", "x", QoS::AtLeastOnce, false);
                ended_with(outcome, &[ErrorKind::Closed]);
            }),
            go(move || {
                for message in messages {
                    assert!(matches!(message.payload(), b"x" | b"y"));
                }
            }),
            go(move || {
                let events: Vec<Event> = events.collect();
                assert!(
                    matches!(&events[..], [Event::PortClosed { error }] if error.kind() == ErrorKind::Closed),
                    "{events:?}"
                );
            }),
            go(move || module.publish("t", "y")),
        ];
        bench.close();
        all(others);
        at_once();
        ended_with(
            client.publish("t", "z", QoS::AtLeastOnce, false),
            &[ErrorKind::Closed],
        );
    });
}

#[test]
fn close_ends_incoming() {
    check(|| {
        let bench = Bench::new();
        subscribed(&bench);
        let incoming = bench.modem.incoming().expect("incoming");
        let module = Arc::clone(&bench.module);
        let others = [
            go(move || {
                let all: Vec<Received> = incoming.collect();
                assert!(
                    matches!(all.last(), Some(Received::Event(Event::PortClosed { .. }))),
                    "{all:?}"
                );
            }),
            go(move || module.publish("t", "y")),
        ];
        bench.close();
        all(others);
        at_once();
    });
}

/// Two may close at the same time, and for both everything has ended when it returns.
#[test]
fn close_twice() {
    check(|| {
        let bench = Bench::new();
        let dropped = Arc::new(Mutex::new(0));
        let held = Held(Arc::clone(&dropped));
        let on_event = move |_| {
            let _held = &held;
        };
        bench.modem.on_event(on_event).expect("a callback");
        let (modem, gone) = (bench.modem.clone(), Arc::clone(&dropped));
        let other = go(move || {
            modem.close().expect("closed");
            assert!(!modem.is_open());
            assert_eq!(*gone.lock(), 1);
        });
        bench.modem.close().expect("closed");
        assert!(!bench.modem.is_open());
        assert_eq!(*dropped.lock(), 1);
        all([other]);
        bench.close();
    });
}

/// A callback that is set while the port is closed is refused or goes with it: it may hold a handle.
#[test]
fn close_while_a_callback_is_set() {
    check(|| {
        let bench = Bench::new();
        let dropped = Arc::new(Mutex::new(0));
        let (held, modem) = (Held(Arc::clone(&dropped)), bench.modem.clone());
        let other = go(move || {
            let handle = modem.clone();
            let outcome = modem.on_event(move |_| {
                let _held = (&held, &handle);
            });
            ended_with(outcome, &[ErrorKind::Closed]);
        });
        bench.modem.close().expect("closed");
        all([other]);
        at_once();
        assert_eq!(*dropped.lock(), 1);
        bench.close();
    });
}

/// The same where the port goes by itself.
#[test]
fn a_port_goes_while_a_callback_is_set() {
    check(|| {
        let bench = Bench::new();
        let dropped = Arc::new(Mutex::new(0));
        let (held, handle) = (Held(Arc::clone(&dropped)), bench.modem.clone());
        let module = Arc::clone(&bench.module);
        let other = go(move || module.fault("hang-up"));
        let outcome = bench.modem.on_event(move |_| {
            let _held = (&held, &handle);
        });
        let set = outcome.is_ok();
        ended_with(outcome, &[ErrorKind::Closed, ErrorKind::PortLost]);
        all([other]);
        let messages = bench.modem.client(0).expect("client 0").messages();
        // Ends with the port.
        assert_eq!(messages.expect("messages").count(), 0);
        bench.close();
        assert_eq!(*dropped.lock(), 1, "set: {set}");
    });
}

/// The end of a port is seen by who writes first, and everybody else hears of it.
#[test]
fn a_port_that_takes_no_more_is_lost() {
    check(|| {
        let bench = Bench::new();
        let events = bench.modem.events().expect("events");
        bench.break_off();
        let error = bench.modem.command("AT+CSQ").expect_err("nothing is sent");
        assert_eq!(error.kind(), ErrorKind::PortLost);
        let events: Vec<Event> = events.collect();
        assert!(
            matches!(&events[..], [Event::PortClosed { error }] if error.kind() == ErrorKind::PortLost),
            "{events:?}"
        );
        at_once();
        bench.close();
    });
}

/// The call that runs is finished, whatever it waits for ends, and the callback goes once, before close
/// returns.
#[test]
fn close_while_a_callback_runs() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench);
        let (dropped, running) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let (held, calls) = (Held(Arc::clone(&dropped)), Arc::clone(&running));
        let (modem, publisher) = (bench.modem.clone(), client.clone());
        client
            .on_message(move |_| {
                let _held = &held;
                *calls.lock() += 1;
                ended_with(
                    publisher.publish("answers", "x", QoS::AtLeastOnce, false),
                    &[ErrorKind::Closed],
                );
                let error = modem.close().expect_err("it would wait for itself");
                assert_eq!(error.kind(), ErrorKind::CalledFromCallback);
                *calls.lock() -= 1;
            })
            .expect("a callback");
        let module = Arc::clone(&bench.module);
        let other = go(move || {
            module.publish("t", "0");
            module.publish("t", "1");
        });
        // Enough for the message to be on its way, or not.
        switch();
        bench.close();
        assert_eq!((*running.lock(), *dropped.lock()), (0, 1));
        all([other]);
        at_once();
        drop(client);
        assert_eq!(*dropped.lock(), 1);
    });
}

/// The last handle goes inside a callback: the dispatcher cannot wait for itself.
#[test]
fn the_last_handle_goes_inside_a_callback() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench);
        let (held, gone) = signal();
        let handles = Arc::new(Mutex::new(None));
        let mine = Arc::clone(&handles);
        client
            .on_message(move |_| {
                let _held = &held;
                drop(mine.lock().take());
            })
            .expect("a callback");
        let Bench { modem, module, .. } = bench;
        *handles.lock() = Some((modem.clone(), client.clone()));
        let publisher = go(move || module.publish("t", "x"));
        let other = go(move || drop(client));
        drop(modem);
        all([publisher, other]);
        // The dispatcher ends by itself, or the checker says that it is left over.
        assert!(
            gone.wait_until(now() + super::ms(1000)),
            "the callback is kept"
        );
    });
}

#[test]
fn a_port_that_goes_ends_everything() {
    check(|| {
        let bench = Bench::new();
        let client = subscribed(&bench);
        let dropped = Arc::new(Mutex::new(0));
        let held = Held(Arc::clone(&dropped));
        client
            .on_message(move |_| {
                let _held = &held;
            })
            .expect("a callback");
        let events = bench.modem.events().expect("events");
        let module = Arc::clone(&bench.module);
        let (modem, publisher) = (bench.modem.clone(), client.clone());
        let others = [
            go(move || module.fault("hang-up")),
            go(move || {
                ended_with(modem.command("AT+CSQ"), &[ErrorKind::PortLost]);
                ended_with(modem.command("AT+CSQ"), &[ErrorKind::PortLost]);
            }),
            go(move || {
                let outcome = publisher.publish("t", "x", QoS::AtLeastOnce, false);
                ended_with(outcome, &[ErrorKind::PortLost, ErrorKind::Unconfirmed]);
            }),
        ];
        let events: Vec<Event> = events.collect();
        assert!(
            matches!(&events[..], [Event::PortClosed { error }] if error.kind() == ErrorKind::PortLost),
            "{events:?}"
        );
        assert!(!bench.modem.is_open());
        let error = bench.modem.command("AT+CSQ").expect_err("the port is gone");
        assert_eq!(error.kind(), ErrorKind::PortLost);
        all(others);
        at_once();
        bench.close();
        assert_eq!(*dropped.lock(), 1);
    });
}

/// A job ends with the port, and tells its end before the stream ends.
#[test]
fn close_while_a_job_runs() {
    check(|| {
        let bench = Bench::new();
        let events = bench.modem.events().expect("events");
        let job = bench.modem.background(|modem| {
            let error = modem.close().expect_err("it would wait for itself");
            assert_eq!(error.kind(), ErrorKind::CalledFromCallback);
            modem.command("AT+CSQ")?;
            modem.command("AT+CREG?")?;
            Ok(Outcome::Done)
        });
        let number = job.expect("a job");
        let modem = bench.modem.clone();
        let accepted = Arc::new(Mutex::new(vec![number]));
        let later = Arc::clone(&accepted);
        let other = go(move || match modem.background(|_| Ok(Outcome::Done)) {
            Ok(number) => later.lock().push(number),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Closed),
        });
        bench.close();
        let (mut ended, mut ports) = (Vec::new(), 0);
        for event in events {
            match event {
                Event::Completed { operation, result } => {
                    ended_with(result, &[ErrorKind::Closed]);
                    ended.push(operation);
                }
                Event::PortClosed { .. } => ports += 1,
                event => panic!("{event:?}"),
            }
        }
        all([other]);
        let mut accepted = accepted.lock();
        (accepted.sort_unstable(), ended.sort_unstable());
        assert_eq!((ended, ports), (accepted.clone(), 1));
        at_once();
    });
}
