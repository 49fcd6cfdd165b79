//! `Modem::interrupt` against everything that waits.

use super::super::Waited;
use super::bench::{Bench, all, go};
use super::{check, ms};
use crate::QoS;
use crate::engine::Request;
use crate::sync::model::elapsed;
use crate::sync::{Mutex, now};
use crate::wire::CommandLine;
use std::sync::Arc;

/// It ends the take that waits, or the next one that would; and no other.
#[test]
fn one_take_ends_by_it() {
    check(|| {
        let bench = Bench::new();
        let messages = bench
            .modem
            .client(0)
            .expect("client 0")
            .messages()
            .expect("messages");
        let modem = bench.modem.clone();
        let other = go(move || modem.interrupt());
        let began = elapsed();
        assert_eq!(messages.recv(), None);
        assert_eq!(elapsed(), began);
        all([other]);
        assert_eq!(messages.recv_timeout(ms(100)), None);
        assert_eq!(elapsed(), began + ms(100));
        bench.close();
    });
}

/// All that wait end; who comes later waits for the next.
#[test]
fn all_takes_end_by_it() {
    check(|| {
        let bench = Bench::new();
        let ended = Arc::new(Mutex::new(0));
        let takers: Vec<_> = (0..2)
            .map(|client| {
                let messages = bench.modem.client(client).expect("client").messages();
                let (messages, ended) = (messages.expect("messages"), Arc::clone(&ended));
                go(move || {
                    assert_eq!(messages.recv(), None);
                    *ended.lock() += 1;
                })
            })
            .collect();
        let events = bench.modem.events().expect("events");
        let mut interrupts = 0;
        while *ended.lock() < 2 {
            assert!(interrupts < 2, "one was missed");
            bench.modem.interrupt();
            interrupts += 1;
            // Everybody who can do something does it now.
            let began = elapsed();
            while elapsed() < began + ms(100) {
                assert_eq!(events.recv_timeout(ms(100)), None);
            }
        }
        all(takers);
        bench.close();
    });
}

/// It comes beside a message: the take that waited ends by it, or has the message, and then the next ends
/// by it.
#[test]
fn an_interrupt_beside_a_message_is_not_missed() {
    check(|| {
        let bench = Bench::new();
        let client = bench.connected();
        client
            .subscribe(&[("t", QoS::AtMostOnce)])
            .expect("subscribed");
        let messages = client.messages().expect("messages");
        let (modem, module) = (bench.modem.clone(), Arc::clone(&bench.module));
        let others = [
            go(move || modem.interrupt()),
            go(move || module.publish("t", "x")),
        ];
        let began = elapsed();
        let takes = [messages.recv(), messages.recv()];
        let taken = takes.iter().flatten().count();
        assert_eq!(taken, 1, "{takes:?}");
        assert_eq!(elapsed(), began);
        all(others);
        assert_eq!(messages.recv_timeout(ms(100)), None);
        assert_eq!(elapsed(), began + ms(100));
        bench.close();
    });
}

/// A wait for an operation ends at once where the alarm was there before, and the operation does not.
#[test]
fn the_wait_for_an_operation_ends() {
    check(|| {
        let bench = Bench::new();
        bench.module.fault("delay-final:at=CSQ,ms=5000");
        let runtime = bench.modem.runtime();
        let alarm = runtime.alarm();
        let request = Request::Command {
            line: CommandLine::new("AT+CSQ"),
            data: None,
            deadline: ms(60_000),
        };
        let (_, completion) = runtime.submit(request).expect("submitted");
        let began = elapsed();
        let modem = bench.modem.clone();
        let other = go(move || modem.interrupt());
        let waited = runtime.wait_until(&completion, None, &alarm);
        assert!(matches!(waited, Ok(Waited::Interrupted)), "{waited:?}");
        assert_eq!(elapsed(), began);
        all([other]);
        let waited = runtime.wait_until(&completion, None, &runtime.alarm());
        assert!(matches!(waited, Ok(Waited::Done(Ok(_)))), "{waited:?}");
        assert_eq!(elapsed(), began + ms(5000));
        bench.close();
    });
}

#[test]
fn a_pause_ends_by_it() {
    check(|| {
        let bench = Bench::new();
        let alarm = bench.modem.runtime().alarm();
        let modem = bench.modem.clone();
        let other = go(move || modem.interrupt());
        assert!(alarm.pause(now() + ms(1000)));
        assert!(elapsed() < ms(1000));
        all([other]);
        bench.close();
    });
}
