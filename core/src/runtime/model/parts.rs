//! The parts by themselves, under every schedule there is.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::super::completion::{Completion, Waited};
use super::super::interrupt::Interrupts;
use super::super::mailbox::{Consumer, Mailbox, Patience, Undelivered};
use super::bench::{all, go};
use super::{check_all, ms};
use crate::Event;
use crate::engine::Outcome;
use crate::port::{Port, Waker, wait};
use crate::sync::model::elapsed;
use crate::sync::now;

fn urc(text: &str) -> Event {
    Event::Urc(text.into())
}

#[test]
fn every_waiter_sees_the_outcome() {
    check_all(|| {
        let interrupts = Interrupts::new();
        let (completer, completion) = Completion::new();
        let other = {
            let (completion, alarm) = (Arc::clone(&completion), interrupts.alarm());
            go(move || {
                let waited = completion.wait(None, &alarm);
                assert!(
                    matches!(waited, Waited::Done(Ok(Outcome::Done))),
                    "{waited:?}"
                );
            })
        };
        completer.complete(Ok(Outcome::Done));
        assert!(matches!(completion.outcome(), Some(Ok(Outcome::Done))));
        all([other]);
    });
}

#[test]
fn a_wait_ends_by_the_outcome_or_the_alarm() {
    check_all(|| {
        let interrupts = Arc::new(Interrupts::new());
        let alarm = interrupts.alarm();
        let (completer, completion) = Completion::new();
        let others = [
            go(move || completer.complete(Ok(Outcome::Done))),
            go(move || {
                interrupts.ask();
                assert!(interrupts.carry_out());
            }),
        ];
        let waited = completion.wait(None, &alarm);
        assert!(!matches!(waited, Waited::TimeUp), "{waited:?}");
        all(others);
        assert!(alarm.has_rung() && completion.is_done());
        assert!(matches!(completion.wait(None, &alarm), Waited::Done(_)));
    });
}

/// Whoever asks while the wish is carried out is not forgotten.
#[test]
fn an_interrupt_is_carried_out_for_everybody_who_asked() {
    check_all(|| {
        let interrupts = Arc::new(Interrupts::new());
        let (one, other) = (Arc::clone(&interrupts), Arc::clone(&interrupts));
        let waker = Arc::new(Waker::new().expect("a pipe"));
        let nothing = Nothing(Waker::new().expect("a pipe"));
        let ring = Arc::clone(&waker);
        let alarm = interrupts.alarm();
        let threads = [
            go(move || {
                one.ask();
                ring.ring();
            }),
            go(move || {
                while !alarm.has_rung() {
                    let ready = wait(&nothing, &waker, false, None).expect("poll");
                    assert!(ready.woken);
                    waker.hush();
                    other.carry_out();
                }
            }),
        ];
        all(threads);
    });
}

#[test]
fn events_are_taken_in_order() {
    check_all(|| {
        let mail = Arc::new(Mailbox::new(1, 8));
        mail.claim_events(Consumer::Iterator, None).expect("free");
        let put = Arc::clone(&mail);
        let other = go(move || {
            put.put_event(urc("0"));
            put.put_event(urc("1"));
        });
        assert_eq!(mail.take_event(Patience::Forever), Some(urc("0")));
        assert_eq!(mail.take_event(Patience::Forever), Some(urc("1")));
        all([other]);
    });
}

#[test]
fn an_event_is_taken_or_the_time_is_up() {
    check_all(|| {
        let mail = Arc::new(Mailbox::new(1, 8));
        mail.claim_events(Consumer::Iterator, None).expect("free");
        let put = Arc::clone(&mail);
        let other = go(move || _ = put.put_event(urc("0")));
        let taken = mail.take_event(Patience::Until(now() + ms(10)));
        assert_eq!((taken, elapsed()), (Some(urc("0")), ms(0)));
        all([other]);
        assert_eq!(mail.take_event(Patience::Until(now() + ms(10))), None);
        assert_eq!(elapsed(), ms(10));
    });
}

#[test]
fn a_take_ends_by_an_interrupt_once() {
    check_all(|| {
        let mail = Arc::new(Mailbox::new(1, 8));
        mail.claim_events(Consumer::Iterator, None).expect("free");
        let other = {
            let mail = Arc::clone(&mail);
            go(move || mail.interrupt())
        };
        assert_eq!(mail.take_event(Patience::Forever), None);
        assert_eq!(elapsed(), ms(0));
        all([other]);
        assert_eq!(mail.take_event(Patience::Until(now() + ms(10))), None);
        assert_eq!(elapsed(), ms(10));
    });
}

#[test]
fn an_interrupt_beside_an_event_is_not_missed() {
    check_all(|| {
        let mail = Arc::new(Mailbox::new(1, 8));
        mail.claim_events(Consumer::Iterator, None).expect("free");
        let other = {
            let mail = Arc::clone(&mail);
            go(move || {
                mail.put_event(urc("0"));
                mail.interrupt();
            })
        };
        let takes = [
            mail.take_event(Patience::Forever),
            mail.take_event(Patience::Forever),
        ];
        assert_eq!(takes.iter().flatten().count(), 1, "{takes:?}");
        all([other]);
    });
}

#[test]
fn a_take_ends_by_the_close_after_what_has_come() {
    check_all(|| {
        let mail = Arc::new(Mailbox::new(1, 8));
        mail.claim_events(Consumer::Iterator, None).expect("free");
        let other = {
            let mail = Arc::clone(&mail);
            go(move || {
                mail.put_event(urc("0"));
                mail.close(Undelivered::Dropped);
            })
        };
        assert_eq!(mail.take_event(Patience::Forever), Some(urc("0")));
        assert_eq!(mail.take_event(Patience::Forever), None);
        all([other]);
    });
}

#[test]
fn work_is_done_before_the_dispatcher_ends() {
    check_all(|| {
        let mail = Arc::new(Mailbox::new(1, 8));
        let called = Arc::new(crate::sync::Mutex::new(|_: Event| {}));
        mail.claim_events(Consumer::Callback, Some(called))
            .expect("free");
        let dispatcher = {
            let mail = Arc::clone(&mail);
            go(move || {
                let mut done = 0;
                while mail.take_work().is_some() {
                    done += 1;
                }
                assert_eq!(done, 1);
            })
        };
        mail.put_event(urc("0"));
        mail.close(Undelivered::Delivered);
        mail.callback_ended();
        all([dispatcher]);
    });
}

/// A port that never says anything.
#[derive(Debug)]
struct Nothing(Waker);

impl AsFd for Nothing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Port for Nothing {
    fn name(&self) -> String {
        "nothing".to_owned()
    }
}

/// Every ring after a hush wakes.
#[test]
fn no_ring_is_lost() {
    check_all(|| {
        let waker = Arc::new(Waker::new().expect("a pipe"));
        let nothing = Nothing(Waker::new().expect("a pipe"));
        let wishes = Arc::new(crate::sync::Mutex::new(0));
        let (ring, wish) = (Arc::clone(&waker), Arc::clone(&wishes));
        let other = go(move || {
            for _ in 0..2 {
                *wish.lock() += 1;
                ring.ring();
            }
        });
        while *wishes.lock() < 2 {
            let ready = wait(&nothing, &waker, false, None).expect("poll");
            assert!(ready.woken && !ready.readable);
            waker.hush();
        }
        all([other]);
    });
}
