//! Opening, connecting, disconnecting and closing, and what may come in between.

use super::*;

use crate::mqtt::connect::DisconnectReason;
use crate::mqtt::setting::PacketTimeout;

fn disconnected(client: u8, generation: u32, code: i32) -> Event {
    Event::Disconnected {
        client,
        generation,
        reason: DisconnectReason::from_code(code),
    }
}

#[test]
fn lifecycle_calls_of_one_client_exclude_each_other() {
    ready(|t| {
        t.open(0);
        for request in [
            open(0),
            open_with(0, true),
            connect(0),
            Request::Disconnect { client: 0 },
            configure(0, ClientConfig::new().keepalive(1)),
            Request::Adopt { client: 0 },
        ] {
            let error = t.try_submit(request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
        }
        t.open(1);
    });
}

#[test]
fn calls_need_their_state() {
    ready(|t| {
        let needs = |t: &mut Test, request| {
            let error = t.try_submit(request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
        };
        needs(t, connect(0));
        needs(t, Request::Disconnect { client: 0 });
        needs(t, publish(0, "x", 0));
        needs(t, subscribe(0, &[("t", 0)]));
        t.get_open(0);
        needs(t, open(0));
        needs(t, publish(0, "x", 0));
        needs(t, configure(0, ClientConfig::new().keepalive(1)));
        t.expect_nothing_sent();
    });
}

#[test]
fn every_open_begins_a_generation() {
    ready(|t| {
        for generation in 1..4 {
            t.get_connected(0);
            assert_eq!(t.generation(0), generation);
            t.message(0, "t", "x");
            assert_eq!(t.messages.pop().unwrap().generation(), generation);
            t.advance(seconds(10));
            t.line("+QMTSTAT: 0,1");
            assert_eq!(t.events(), [disconnected(0, generation, 1)]);
        }
    });
}

#[test]
fn a_close_ends_an_open_under_way() {
    ready(|t| {
        let open = t.open(0);
        t.answer_settings();
        t.ok();
        let close = t.close(0);
        t.failed_with(open, ErrorKind::Closed);
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        t.done(close);
        assert_eq!(t.state(0), State::Closed);
        assert_eq!(t.events(), []);
        t.line("+QMTOPEN: 0,0");
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn a_close_ends_a_connect_under_way() {
    ready(|t| {
        t.get_open(0);
        let connect = t.connect(0);
        t.sent();
        let close = t.close(0);
        t.failed_with(connect, ErrorKind::Closed);
        t.ok();
        t.line("+QMTCONN: 0,0,0");
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        t.done(close);
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn a_close_ends_everything_of_its_client() {
    connected(|t| {
        let taken = t.publish_taken(0, "a", 1);
        let zero = t.publish_taken(0, "b", 0);
        let waiting = t.publish(0, "c", 0);
        let subscription = t.subscribe(0, &[("t", 1)]);
        t.ok();
        t.sent();
        let close = t.close(0);
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        t.done(close);
        t.failed_with(taken, ErrorKind::Unconfirmed);
        t.failed_with(zero, ErrorKind::Unconfirmed);
        t.failed_with(waiting, ErrorKind::Disconnected);
        t.failed_with(subscription, ErrorKind::Unconfirmed);
        t.nothing_left();
        assert_eq!(t.events(), [], "nobody is told what he asked for");
    });
}

#[test]
fn a_refused_connection_is_one_outcome() {
    ready(|t| {
        t.get_open(0);
        let id = t.connect(0);
        t.sent();
        t.ok();
        t.line("+QMTCONN: 0,0,5");
        t.line("+QMTSTAT: 0,4");
        let error = t.failed_with(id, ErrorKind::ConnectionRefused);
        assert_eq!(error.code(), Some(5));
        assert_eq!(t.state(0), State::Closed);
        assert_eq!(t.events(), []);
        let id = t.open(0);
        t.answer_open(0, id);
    });
}

#[test]
fn after_a_refusal_without_stat_the_client_is_closed_first() {
    ready(|t| {
        t.get_open(0);
        t.connect(0);
        t.sent();
        t.ok();
        t.line("+QMTCONN: 0,0,5");
        let id = t.open(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.line("ERROR");
        t.answer_open(0, id);
    });
}

#[test]
fn a_stat_may_come_in_place_of_the_result_of_connect() {
    ready(|t| {
        t.get_open(0);
        let id = t.connect(0);
        t.sent();
        t.ok();
        t.line("+QMTSTAT: 0,1");
        let error = t.failed_with(id, ErrorKind::Disconnected);
        assert_eq!(error.code(), Some(1));
        assert_eq!(t.events(), [disconnected(0, 1, 1)]);
        t.line("+QMTCONN: 0,2");
        assert_eq!(t.state_events(), []);
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn a_connect_refused_with_error_leaves_the_client_open() {
    ready(|t| {
        t.get_open(0);
        let id = t.connect(0);
        t.sent();
        t.line("ERROR");
        t.failed_with(id, ErrorKind::ModuleError);
        assert_eq!(t.state(0), State::Open);
    });
}

#[test]
fn results_may_precede_their_ok() {
    ready(|t| {
        let id = t.open(0);
        t.answer_settings();
        t.line("+QMTOPEN: 0,0");
        t.done(id);
        let id = t.connect(0);
        t.expect_nothing_sent();
        t.ok();
        t.expect_sent("AT+QMTCONN=0,\"id\"\r");
        t.line("+QMTCONN: 0,0,0");
        t.done(id);
        let id = t.subscribe(0, &[("t", 1)]);
        t.ok();
        t.sent();
        t.line("+QMTSUB: 0,1,0,1");
        t.done(id);
        let id = t.unsubscribe(0, "t");
        t.ok();
        t.sent();
        t.line("+QMTUNS: 0,2,0");
        t.done(id);
        let id = t.publish(0, "x", 1);
        t.ok();
        t.sent();
        t.prompt();
        t.line("+QMTPUBEX: 0,3,0");
        t.done(id);
        let id = t.disconnect(0);
        t.ok();
        t.expect_sent("xAT+QMTDISC=0\r");
        t.line("+QMTDISC: 0,0");
        t.done(id);
        let id = t.close(0);
        t.ok();
        t.sent();
        t.line("+QMTCLOSE: 0,0");
        t.done(id);
        t.ok();
        t.nothing_left();
        assert_eq!(t.events(), []);
    });
}

#[test]
fn results_interleave_with_answers_to_later_commands() {
    connected(|t| {
        t.get_open(1);
        let close = t.close(1);
        t.expect_and_ok("AT+QMTCLOSE=1\r");
        let subscription = t.subscribe(0, &[("t", 1)]);
        t.sent();
        t.ok();
        let command = t.command("AT+CREG?;+CGREG?");
        t.module("\r\n+CREG: 0,1\r\n\r\n+QMTCLOSE: 1,0\r\n\r\n+QMTSUB: 0,1,0,1\r\n\r\n+CGREG: 0,1\r\n\r\nOK\r\n");
        t.done(close);
        t.done(subscription);
        assert_eq!(t.answer(command), ["+CREG: 0,1", "+CGREG: 0,1"]);
    });
}

#[test]
fn a_urc_inside_an_answer_is_no_part_of_it() {
    ready(|t| {
        let id = t.command("AT+CPIN?");
        t.module("\r\nAPP RDY\r\n\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n\r\nOK\r\n");
        assert_eq!(t.answer(id), ["+CPIN: READY"]);
        assert_eq!(t.strays(), ["APP RDY", "+QUSIM: 1"]);
    });
}

#[test]
fn result_2_of_an_own_client_is_closed_and_opened_again_once() {
    ready(|t| {
        t.get_open(0);
        let id = t.close(0);
        t.sent();
        t.ok();
        t.line("+QMTCLOSE: 0,0");
        t.done(id);
        let id = t.open(0);
        t.answer_settings();
        t.ok();
        t.line("+QMTOPEN: 0,2");
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        assert_eq!(t.answer_settings(), open_line(0));
        t.ok();
        t.line("+QMTOPEN: 0,2");
        let error = t.failed_with(id, ErrorKind::OperationFailed);
        assert_eq!(error.code(), Some(2));
        t.expect_nothing_sent();
    });
}

#[test]
fn a_client_of_somebody_else_is_replaced_only_where_asked() {
    ready(|t| {
        for _ in 0..2 {
            t.engine.clients[0].generation = 0;
            let id = t.open(0);
            assert_eq!(t.answer_settings(), open_line(0));
            t.ok();
            t.line("+QMTOPEN: 0,2");
            t.failed_with(id, ErrorKind::OperationFailed);
            t.expect_nothing_sent();
        }
        let id = t.submit(open_with(0, true));
        t.answer_settings();
        t.line("ERROR");
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.line("ERROR");
        t.answer_open(0, id);
    });
}

#[test]
fn replace_closes_a_live_client_first() {
    connected(|t| {
        let publish = t.publish_taken(0, "x", 1);
        let id = t.submit(open_with(0, true));
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        t.failed_with(publish, ErrorKind::Unconfirmed);
        t.answer_open(0, id);
        assert_eq!(t.generation(0), 2);
        assert_eq!(t.events(), []);
    });
}

#[test]
fn a_close_without_its_result_ends_after_a_grace() {
    connected(|t| {
        let id = t.close(0);
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.advance(millis(2_999));
        t.pending(id);
        t.advance(millis(1));
        t.done(id);
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn a_close_that_nobody_answers_is_no_success() {
    connected(|t| {
        let id = t.close(0);
        t.sent();
        t.advance(seconds(60));
        t.failed_with(id, ErrorKind::Unconfirmed);
        assert_eq!(t.state(0), State::Closed);
        let id = t.open(0);
        t.answer_check();
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.line("ERROR");
        t.answer_open(0, id);
    });
}

#[test]
fn a_failed_disconnect_leaves_the_connection() {
    connected(|t| {
        let id = t.disconnect(0);
        t.sent();
        t.ok();
        t.line("+QMTDISC: 0,-1");
        t.failed_with(id, ErrorKind::OperationFailed);
        assert_eq!(t.state(0), State::Connected);
    });
}

#[test]
fn a_disconnect_without_result_ends_everything_of_its_client() {
    connected(|t| {
        let publishes: Vec<_> = (0..7).map(|_| t.publish(0, "x", 1)).collect();
        for _ in 0..5 {
            t.take_publish("x");
        }
        let id = t.disconnect(0);
        t.expect_and_ok("AT+QMTDISC=0\r");
        t.advance(seconds(35));
        t.failed_with(id, ErrorKind::Unconfirmed);
        for publish in publishes {
            t.failed(publish);
        }
        t.nothing_left();
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn a_stat_before_a_queued_disconnect_ends_it() {
    connected(|t| {
        t.advance(seconds(10));
        let command = t.command("AT+COPS=?");
        let id = t.disconnect(0);
        t.line("+QMTSTAT: 0,1");
        t.done(id);
        assert_eq!(t.state(0), State::Closed);
        t.sent();
        t.ok();
        t.done(command);
        t.expect_nothing_sent();
    });
}

#[test]
fn a_failed_ping_and_its_stat_are_one_event() {
    connected(|t| {
        t.advance(seconds(10));
        let id = t.publish_taken(0, "x", 1);
        t.line("+QMTPING: 0,1");
        t.failed_with(id, ErrorKind::Unconfirmed);
        t.line("+QMTSTAT: 0,2");
        let failed = Event::PingFailed {
            client: 0,
            generation: 1,
        };
        assert_eq!(t.events(), [failed]);
    });
}

#[test]
fn a_late_stat_of_a_failed_ping_is_not_the_new_connections() {
    connected(|t| {
        t.advance(seconds(10));
        t.line("+QMTPING: 0,1");
        t.get_connected(0);
        t.advance(millis(4_500));
        t.line("+QMTSTAT: 0,2");
        t.expect_sent("AT+QMTCONN?\r");
        t.line("+QMTCONN: 0,3");
        t.ok();
        assert_eq!(t.state(0), State::Connected);
        assert_eq!(t.state_events().len(), 1);
    });
}

#[test]
fn a_lost_context_ends_the_clients_on_it() {
    ready(|t| {
        let id = t.configure(1, ClientConfig::new().pdp_context(2));
        t.answer_settings();
        t.done(id);
        t.get_connected(0);
        t.get_connected(1);
        t.advance(seconds(10));
        let id = t.publish_taken(0, "x", 1);
        t.line("+QIURC: \"pdpdeact\",1");
        t.failed_with(id, ErrorKind::Unconfirmed);
        t.line("+QMTSTAT: 0,7");
        assert_eq!(t.events(), [Event::PdpDeactivated { context: 1 }]);
        assert_eq!(t.state(0), State::Closed);
        assert_eq!(t.state(1), State::Connected);
    });
}

#[test]
fn a_restart_ends_everything() {
    connected(|t| {
        t.get_open(1);
        let taken = t.publish_taken(0, "x", 1);
        let connect = t.connect(1);
        t.sent();
        t.ok();
        let command = t.command("AT+CSQ");
        let queued = t.command("AT+CREG?");
        t.line("RDY");
        t.failed_with(taken, ErrorKind::Unconfirmed);
        t.failed_with(connect, ErrorKind::Disconnected);
        t.failed_with(command, ErrorKind::Unconfirmed);
        assert_eq!(t.events(), [Event::Restarted]);
        assert!(all_clients().all(|client| t.state(client) == State::Closed));
        t.expect_sent("AT+CSQ\rATQ0V1E0\r");
        t.module("ATQ0V1E0\r\r\nOK\r\n");
        t.answer_sync();
        t.expect_and_ok("AT+CREG?\r");
        t.done(queued);
        t.nothing_left();
    });
}

#[test]
fn a_restart_during_discovery_begins_it_anew() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.advance(millis(100));
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_sync();
        t.expect_sent("AT+QMTOPEN?\r");
        t.line("RDY");
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_sync();
        t.expect_and_ok("AT+QMTOPEN?\r");
        t.expect_and_ok("AT+QMTCONN?\r");
        t.done(id);
    });
}

#[test]
fn deadlines_follow_the_packet_timeout() {
    ready(|t| {
        let timeout = PacketTimeout {
            seconds: 60,
            retries: 10,
            notice: false,
        };
        t.configure(0, ClientConfig::new().timeout(timeout));
        t.answer_settings();
        t.get_open(0);
        let id = t.connect(0);
        t.sent();
        t.ok();
        t.advance(seconds(60 * 11 + 4));
        t.pending(id);
        t.advance(seconds(1));
        t.failed_with(id, ErrorKind::Unconfirmed);
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn an_open_has_125_seconds() {
    ready(|t| {
        let id = t.open(0);
        t.answer_settings();
        t.ok();
        t.advance(seconds(124));
        t.pending(id);
        t.advance(seconds(1));
        t.failed_with(id, ErrorKind::Unconfirmed);
        t.open(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
    });
}
