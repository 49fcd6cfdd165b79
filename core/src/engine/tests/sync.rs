//! Getting back in step: nothing late is taken for the answer to a later command.

use super::*;

#[test]
fn a_late_ok_is_not_the_answer_of_a_later_command() {
    ready(|t| {
        let missed = t.command("AT+COPS=?");
        t.advance(seconds(5));
        t.failed_with(missed, ErrorKind::Unconfirmed);
        let next = t.command("AT+CSQ");
        t.expect_sent("AT+COPS=?\rAT+CMEE?\r");
        t.ok();
        t.expect_nothing_sent();
        t.line("+CMEE: 1");
        t.ok();
        t.expect_sent("AT+CSQ\r");
        t.line("+CSQ: 20,99");
        t.ok();
        assert_eq!(t.answer(next), ["+CSQ: 20,99"]);
    });
}

#[test]
fn a_late_answer_without_names_is_not_the_answer_of_the_check() {
    ready(|t| {
        t.command("ATI");
        t.advance(seconds(5));
        let next = t.command("AT+CSQ");
        t.sent();
        t.module("\r\nQuectel\r\nEC800M\r\nRevision: R1\r\n\r\nOK\r\n");
        t.expect_nothing_sent();
        t.line("+CMEE: 1");
        t.ok();
        t.expect_sent("AT+CSQ\r");
        t.pending(next);
    });
}

#[test]
fn a_late_answer_between_commands_is_nobodys() {
    ready(|t| {
        t.command("AT+CSQ");
        t.advance(seconds(5));
        t.sent();
        t.module("\r\n+CSQ: 1,99\r\n\r\nOK\r\n");
        assert_eq!(t.strays(), ["+CSQ: 1,99", "OK"]);
        t.expect_nothing_sent();
        let next = t.command("AT");
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_module_without_the_query_is_believed_after_its_error() {
    script(|t| {
        let discovery = t.engine.start(t.now);
        t.advance(millis(100));
        t.expect_and_ok("ATQ0V1E0\r");
        let refuse = |t: &mut Test| {
            t.expect_sent("AT+CMEE?\r");
            t.line("ERROR");
            t.expect_nothing_sent();
            t.advance(seconds(2));
        };
        refuse(t);
        t.expect_and_ok("AT+CMEE=1\r");
        t.expect_and_ok("AT+QMTOPEN?\r");
        t.expect_and_ok("AT+QMTCONN?\r");
        t.done(discovery);
        t.command("AT");
        t.advance(seconds(5));
        t.sent();
        let next = t.command("AT");
        refuse(t);
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn an_error_of_a_module_with_the_query_is_another_commands() {
    ready(|t| {
        t.command("AT");
        t.advance(seconds(5));
        t.sent();
        let next = t.command("AT");
        t.expect_sent("AT+CMEE?\r");
        t.line("ERROR");
        t.advance(seconds(2));
        t.failed_with(next, ErrorKind::Timeout);
        t.expect_nothing_sent();
    });
}

#[test]
fn a_check_is_not_answered_by_what_answers_an_earlier_one() {
    ready(|t| {
        t.command("AT");
        t.advance(seconds(5));
        t.sent();
        for missed in 1..16 {
            let next = t.command("AT+CSQ");
            t.advance(seconds(2));
            t.failed_with(next, ErrorKind::Timeout);
            assert_eq!(t.sent().matches("+CMEE?").count(), missed);
        }
        let next = t.command("AT+CSQ");
        t.sent();
        // Everything is answered after all, in turn.
        t.ok();
        for lines in 1..=16 {
            t.expect_nothing_sent();
            for _ in 0..lines {
                t.line("+CMEE: 1");
            }
            t.ok();
        }
        t.expect_and_ok("AT+CSQ\r");
        t.done(next);
    });
}

#[test]
fn a_late_ok_and_then_nothing_is_no_answer() {
    ready(|t| {
        t.command("AT");
        t.advance(seconds(5));
        let next = t.command("AT");
        t.sent();
        t.ok();
        t.advance(seconds(2));
        t.failed_with(next, ErrorKind::Timeout);
        // The next check looks different, so that the late answer of the first is not taken for its own.
        let next = t.command("AT");
        t.expect_sent("AT+CMEE?;+CMEE?\r");
        t.line("+CMEE: 1");
        t.ok();
        t.expect_nothing_sent();
        t.line("+CMEE: 1");
        t.line("+CMEE: 1");
        t.ok();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_module_that_stays_silent_refuses_what_waits() {
    ready(|t| {
        t.command("AT");
        let waiting = t.command("AT+CSQ");
        t.advance(seconds(7));
        t.failed_with(waiting, ErrorKind::Timeout);
        t.nothing_left();
        assert_eq!(t.engine.poll_timeout(), None);
    });
}

#[test]
fn a_deaf_module_leaves_every_client_as_it_was() {
    let calls = [
        (0, open(0), State::Closed),
        (1, connect(1), State::Open),
        (2, Request::Disconnect { client: 2 }, State::Connected),
        (2, Request::Close { client: 2 }, State::Connected),
        (2, open_with(2, true), State::Connected),
    ];
    for (client, request, state) in calls {
        ready(|t| {
            t.get_open(1);
            t.get_connected(2);
            t.command("AT");
            let id = t.submit(request.clone());
            t.advance(seconds(10));
            t.failed_with(id, ErrorKind::Timeout);
            assert_eq!(t.state(client), state, "{request:?}");
            t.sent();
            t.submit(request.clone());
        });
    }
}

#[test]
fn a_silent_module_is_asked_once_more_after_its_patience() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.advance(millis(100));
        t.expect_sent("ATQ0V1E0\r");
        t.advance(millis(1_500) + seconds(11));
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_sync();
        t.expect_and_ok("AT+QMTOPEN?\r");
        t.expect_and_ok("AT+QMTCONN?\r");
        t.done(id);
    });
}

#[test]
fn the_silence_before_the_first_command_is_up_to_the_caller() {
    let started = |silence| {
        let options = Options {
            silence,
            ..Options::default()
        };
        let now = Instant::now();
        let mut engine = Engine::new(now, options);
        engine.start(now);
        engine.poll_timeout().map(|due| due - now)
    };
    assert_eq!(started(millis(0)), Some(millis(0)));
    assert_eq!(started(millis(250)), Some(millis(250)));
    // A line that would have to be silent for longer is spoken to all the same.
    assert_eq!(started(seconds(60)), Some(seconds(3)));
}

#[test]
fn a_module_that_never_answers_is_reported() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.settle();
        t.advance(seconds(20));
        t.failed_with(id, ErrorKind::Timeout);
        t.nothing_left();
        assert_eq!(t.engine.poll_timeout(), None);
    });
}

#[test]
fn a_module_that_wakes_up_is_asked_at_once() {
    script(|t| {
        t.engine.start(t.now);
        t.advance(seconds(3));
        t.sent();
        t.line("RDY");
        t.expect_sent("ATQ0V1E0\r");
    });
}

/// The first command went to a module that was still starting, which ends no time of waiting.
#[test]
fn a_module_that_wakes_up_after_the_first_command_is_asked_again_soon() {
    script(|t| {
        t.engine.start(t.now);
        t.advance(millis(100));
        t.expect_sent("ATQ0V1E0\r");
        t.advance(millis(300));
        t.line("RDY");
        // It may have heard the command all the same.
        t.expect_sent("");
        t.advance(millis(250));
        // Whatever says so again and again is not waited on for ever.
        t.line("RDY");
        t.advance(millis(50));
        t.expect_sent("ATQ0V1E0\r");
        t.line("OK");
        t.answer_check();
    });
}

#[test]
fn numeric_result_codes_are_turned_into_words() {
    script(|t| {
        t.engine.start(t.now);
        t.advance(millis(100));
        t.expect_sent("ATQ0V1E0\r");
        t.module("0\r");
        t.answer_check();
    });
}

#[test]
fn cme_errors_come_as_numbers_and_as_texts() {
    ready(|t| {
        let id = t.command("AT+CPIN?");
        t.line("+CME ERROR: 10");
        assert_eq!(t.failed_with(id, ErrorKind::CmeError).code(), Some(10));
        let id = t.command("AT+CPIN?");
        t.line("+CME ERROR: SIM not inserted");
        let error = t.failed_with(id, ErrorKind::CmeError);
        assert_eq!(error.code(), None);
        assert!(error.to_string().contains("SIM not inserted"));
        assert_eq!(error.command(), Some("AT+CPIN"));
    });
}

#[test]
fn echo_is_no_answer() {
    ready(|t| {
        let id = t.command("ATI");
        t.module("ATI\r\r\nQuectel\r\n\r\nOK\r\n");
        assert_eq!(t.answer(id), ["Quectel"]);
    });
}

#[test]
fn a_command_with_data_waits_for_its_mark() {
    for mark in ["\r\nCONNECT\r\n", "\r\n> "] {
        ready(|t| {
            let id = t.submit(command_with_data("AT+QFUPL=\"a\",3", "abc"));
            t.expect_sent("AT+QFUPL=\"a\",3\r");
            t.module(mark);
            t.expect_sent("abc");
            t.module("\r\n+QFUPL: 3,242\r\n\r\nOK\r\n");
            assert_eq!(t.answer(id), ["+QFUPL: 3,242"]);
        });
    }
}

#[test]
fn a_missed_ok_and_then_its_result() {
    connected(|t| {
        let id = t.subscribe(0, &[("t", 1)]);
        t.sent();
        t.advance(seconds(6));
        t.pending(id);
        t.line("+QMTSUB: 0,1,0,1");
        t.done(id);
        let next = t.command("AT");
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_missed_ok_and_no_result() {
    connected(|t| {
        let id = t.subscribe(0, &[("t", 1)]);
        t.advance(seconds(29));
        t.pending(id);
        t.advance(seconds(1));
        t.failed_with(id, ErrorKind::Unconfirmed);
    });
}

#[test]
fn a_missed_ok_after_data_and_then_the_result_ends_the_data_phase() {
    connected(|t| {
        let id = t.publish(0, "x", 1);
        t.sent();
        t.prompt();
        t.expect_sent("x");
        t.advance(seconds(6));
        let next = t.command("AT");
        t.expect_nothing_sent();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_late_ok_of_the_opening_dialogue_is_nobodys() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.advance(millis(100));
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_check();
        t.expect_sent("AT+CMEE=1\r");
        t.advance(seconds(2));
        t.expect_sent("AT+CMEE?\r");
        t.ok();
        t.expect_nothing_sent();
        t.line("+CMEE: 1");
        t.ok();
        t.expect_and_ok("AT+QMTOPEN?\r");
        t.expect_and_ok("AT+QMTCONN?\r");
        t.done(id);
    });
}
