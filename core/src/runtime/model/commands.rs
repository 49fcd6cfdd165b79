//! Callers, their answers and their time-outs.

use std::sync::Arc;

use super::bench::{Bench, all, go};
use super::{check, ms};
use crate::sync::model::{elapsed, hurry};
use crate::{ErrorKind, Event, Modem, QoS};

/// A deadline of the engine would have helped.
fn at_once() {
    assert!(elapsed() < ms(1000), "it took {:?}", elapsed());
}

fn signal(modem: &Modem) {
    let answer = modem.command("AT+CSQ").expect("an answer");
    assert!(answer[0].starts_with("+CSQ: "), "{answer:?}");
}

fn registration(modem: &Modem) {
    let answer = modem.command("AT+CREG?").expect("an answer");
    assert!(answer[0].starts_with("+CREG: "), "{answer:?}");
}

#[test]
fn each_caller_has_its_own_answer() {
    check(|| {
        let bench = Bench::new();
        let (one, other) = (bench.modem.clone(), bench.modem.clone());
        all([
            go(move || {
                signal(&one);
                signal(&one);
            }),
            go(move || {
                registration(&other);
                registration(&other);
            }),
        ]);
        at_once();
        bench.close();
    });
}

#[test]
fn callers_publish_side_by_side() {
    check(|| {
        let bench = Bench::new();
        let client = bench.connected();
        all(["a", "b", "c"].map(|payload| {
            let client = client.clone();
            go(move || {
                for _ in 0..2 {
                    client
                        .publish("t", payload, QoS::AtLeastOnce, false)
                        .expect("published");
                }
            })
        }));
        at_once();
        let mut published = bench.module.published();
        published.sort();
        assert_eq!(published, ["a", "a", "b", "b", "c", "c"]);
        bench.close();
    });
}

/// What does not fit the line is the reader's to send when there is room.
#[test]
fn what_does_not_fit_is_sent_later() {
    check(|| {
        let bench = Bench::new();
        let client = bench.connected();
        bench.make_narrow();
        let (modem, other) = (bench.modem.clone(), client.clone());
        all([
            go(move || signal(&modem)),
            go(move || {
                other
                    .publish("t", "one that does not fit", QoS::AtMostOnce, false)
                    .expect("published");
            }),
        ]);
        let pending = client
            .publish_start("t", "nor does the other", QoS::AtLeastOnce, false)
            .expect("started");
        pending.wait().expect("published");
        at_once();
        bench.close();
    });
}

/// The caller's time-out, and what came of the publish.
#[test]
fn a_time_out_races_the_outcome() {
    check(|| {
        let bench = Bench::new();
        let client = bench.connected();
        hurry(ms(100));
        let other = go({
            let modem = bench.modem.clone();
            move || signal(&modem)
        });
        let impatient = client.with_timeout(ms(100));
        let outcome = impatient.publish("t", "x", QoS::AtLeastOnce, false);
        all([other]);
        // Behind it in order.
        client
            .publish("t", "last", QoS::AtLeastOnce, false)
            .expect("published");
        let published = bench.module.published();
        match outcome {
            Err(error) if error.kind() == ErrorKind::Timeout => assert_eq!(published, ["last"]),
            Err(error) if error.kind() == ErrorKind::Unconfirmed => {
                assert_eq!(published, ["x", "last"]);
            }
            outcome => {
                outcome.expect("published");
                assert_eq!(published, ["x", "last"]);
            }
        }
        bench.close();
    });
}

/// However many wait for it and give up: it has one outcome, and is told once.
#[test]
fn an_outcome_is_never_lost() {
    check(|| {
        let bench = Bench::new();
        let client = bench.connected();
        let events = bench.modem.events().expect("events");
        hurry(ms(100));
        let pending = client
            .publish_start("t", "x", QoS::AtLeastOnce, false)
            .expect("started");
        let pending = Arc::new(pending);
        let waiting = [0, 1].map(|_| {
            let pending = Arc::clone(&pending);
            go(move || {
                if let Some(outcome) = pending.wait_timeout(ms(100)) {
                    outcome.expect("published");
                }
                pending.wait().expect("published");
            })
        });
        let number = pending.report();
        pending.wait().expect("published");
        assert!(pending.is_done());
        all(waiting);
        let told = |event: Option<Event>| match event {
            Some(Event::Completed { operation, result }) => {
                assert_eq!(operation, number);
                result.expect("published");
            }
            event => panic!("{event:?}"),
        };
        told(events.recv());
        assert_eq!(events.try_recv(), None);
        bench.close();
    });
}

/// Its deadline is the reader's from the beginning.
#[test]
fn an_operation_ends_though_nobody_waits_for_it() {
    check(|| {
        let bench = Bench::new();
        bench.module.fault("lose-final:at=CSQ");
        let events = bench.modem.events().expect("events");
        let began = elapsed();
        let pending = bench.modem.command_start("AT+CSQ").expect("started");
        pending.report();
        let event = events.recv().expect("its end");
        assert!(
            matches!(event, Event::Completed { result: Err(_), .. }),
            "{event:?}"
        );
        assert_eq!(elapsed() - began, ms(60_000));
        bench.close();
    });
}

/// Nobody waits for the first command any more. The second waits for its deadline, which is the
/// reader's then.
#[test]
fn the_reader_has_the_deadlines_of_those_who_left() {
    check(|| {
        let bench = Bench::new();
        let began = elapsed();
        bench.module.fault("lose-final:at=CSQ");
        let impatient = bench.modem.with_timeout(ms(100));
        let error = impatient.command("AT+CSQ").expect_err("no final code");
        assert_eq!(error.kind(), ErrorKind::Unconfirmed);
        assert_eq!(elapsed() - began, ms(100));
        let pending = bench.modem.command_start("AT+CREG?").expect("started");
        pending.report();
        let events = bench.modem.events().expect("events");
        let event = events.recv().expect("the end of the second");
        assert!(
            matches!(event, Event::Completed { result: Ok(_), .. }),
            "{event:?}"
        );
        let took = elapsed() - began;
        assert!(took >= ms(60_000) && took < ms(90_000), "{took:?}");
        bench.close();
    });
}

/// Those who wait look after the deadlines, and so does whoever is left when one of them goes.
#[test]
fn deadlines_are_looked_after_while_callers_come_and_go() {
    check(|| {
        let bench = Bench::new();
        bench.module.fault("lose-final:at=CSQ");
        hurry(ms(300));
        all([100, 200, 300].map(|patience| {
            let modem = bench.modem.with_timeout(ms(patience));
            go(move || {
                let outcome = modem.command("AT+CSQ");
                if let Err(error) = outcome {
                    let kind = error.kind();
                    assert!(
                        matches!(kind, ErrorKind::Timeout | ErrorKind::Unconfirmed),
                        "{error}"
                    );
                }
            })
        }));
        let pending = bench.modem.command_start("AT+CREG?").expect("started");
        pending.report();
        let events = bench.modem.events().expect("events");
        events.recv().expect("the end of the last");
        bench.close();
    });
}
