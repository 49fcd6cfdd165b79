//! The register of ambiguities, A37..A73.
//!
//! Without a script, because they say what a module does: A38, A41, A47, A49, A60. A53 and A69 stand
//! with the other settings in `registers`; A73 is about file transfers, which use commands with data.

use super::*;
use crate::mqtt::setting::{Setting, SettingName};
use crate::wire::Fields;

fn told(name: SettingName, answer: &str) -> Option<Setting> {
    Setting::read(name, Fields::new(answer.as_bytes()))
}

#[test]
fn a37_names_of_settings_have_no_case() {
    assert_eq!(SettingName::from_wire_name("SSL"), Some(SettingName::Tls));
    ready(|t| {
        let id = t.command("at+qmtopen=?");
        t.module("\r\n+QMTOPEN: (0-5),\"hostname\",(1-65535)\r\nOK\r\n");
        assert_eq!(t.answer(id).len(), 1);
    });
}

#[test]
fn a39_a_read_answer_carries_the_packet_id() {
    stored(|t| {
        t.line("+QMTRECV: 0,2");
        t.line("+QMTRECV: 0,38899,\"t\",1,\"x\"");
        assert_eq!(t.messages[0].msgid(), 38_899);
    });
}

#[test]
fn a40_every_notice_is_drained() {
    stored(|t| {
        for slot in 0..5 {
            t.line(&format!("+QMTRECV: 0,{slot}"));
        }
        for slot in 0..5 {
            t.expect_sent(&format!("AT+QMTRECV=0,{slot}\r"));
            t.message(0, "t", "x");
            t.ok();
        }
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
    });
}

#[test]
fn a42_a_notice_has_a_length_or_none() {
    stored(|t| {
        for notice in ["+QMTRECV: 0,1", "+QMTRECV: 0,1,1500"] {
            t.line(notice);
            t.expect_and_ok("AT+QMTRECV=0,1\r");
        }
    });
}

#[test]
fn a41_a43_all_are_read_at_once_where_only_the_module_knows_their_order() {
    stored(|t| {
        t.line("+QMTRECV: 0,2");
        t.expect_sent("AT+QMTRECV=0,2\r");
        t.advance(seconds(4));
        t.message(0, "t", "first");
        t.ok();
        t.advance(seconds(1));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,1,1,0,0,1");
        t.ok();
        t.expect_sent("AT+QMTRECV=0\r");
        for payload in ["fourth slot", "slot 0", "slot 1"] {
            t.message(0, "t", payload);
        }
        t.line("+QMTRECV: 0,4");
        t.ok();
        // The message of that notice may have been among those: the order is the module's again.
        t.expect_and_ok("AT+QMTRECV=0\r");
        t.expect_nothing_sent();
        assert_eq!(t.payloads().len(), 4);
        assert_eq!(t.strays(), [""; 0]);
    });
}

#[test]
fn a41_without_room_for_all_they_are_read_one_at_a_time() {
    stored(|t| {
        t.room(0, 4);
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,0,1,0,1,0");
        t.ok();
        t.expect_and_ok("AT+QMTRECV=0,1\r");
        t.expect_and_ok("AT+QMTRECV=0,3\r");
        t.expect_nothing_sent();
    });
}

#[test]
fn a43_a_slot_is_free_at_the_answer_line() {
    stored(|t| {
        t.line("+QMTRECV: 0,1");
        t.sent();
        t.message(0, "t", "x");
        // Its `OK` is lost: the message is not fetched twice.
        t.advance(seconds(4));
        t.room(0, 0);
        t.advance(seconds(2));
        t.room(0, 9);
        t.advance(millis(1));
        t.answer_check();
        t.expect_sent("AT+QMTRECV?\r");
    });
}

#[test]
fn a44_every_result_of_open_but_0_is_a_failure() {
    for result in [-1, 1, 2, 3, 4, 5, 9] {
        ready(|t| {
            let id = t.open(0);
            t.answer_settings();
            t.ok();
            t.line(&format!("+QMTOPEN: 0,{result}"));
            let error = t.failed_with(id, ErrorKind::OperationFailed);
            assert_eq!(error.code(), Some(result));
            assert_eq!(t.state(0), State::Closed);
            t.nothing_left();
        });
    }
}

#[test]
fn a45_topics_have_1_to_65535_bytes() {
    connected(|t| {
        for topic in ["", &"x".repeat(65_536)] {
            let error = t.try_submit(subscribe(0, &[(topic, 0)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        let will = crate::Will::new("x".repeat(257), "");
        assert!(Setting::Will(Some(will)).write(0).is_err());
    });
}

#[test]
fn a46_commas_pass_and_quotes_do_not() {
    connected(|t| {
        assert!(t.try_submit(subscribe(0, &[("a\"b", 0)])).is_err());
        t.subscribe(0, &[("a,b", 0)]);
        t.expect_sent("AT+QMTSUB=0,1,\"a,b\",0\r");
    });
}

#[test]
fn a48_keepalive_0_is_written() {
    ready(|t| {
        t.configure(0, ClientConfig::new().keepalive(0));
        t.expect_sent("AT+QMTCFG=\"keepalive\",0,0\r");
    });
}

#[test]
fn a50_the_ok_of_a_publish_is_not_its_result() {
    connected(|t| {
        let id = t.publish_taken(0, "x", 0);
        t.pending(id);
        t.line("+QMTPUBEX: 0,0,0");
        t.done(id);
    });
}

#[test]
fn a51_a_query_tells_of_every_client() {
    script(|t| {
        t.begin(
            &["+QMTOPEN: 0,\"a\",1", "+QMTOPEN: 3,\"b\",2"],
            &["+QMTCONN: 0,3", "+QMTCONN: 3,1"],
        );
        assert_eq!(t.engine.found(0), Some(("a", 1)));
        assert_eq!(t.engine.found(3), Some(("b", 2)));
        assert_eq!(t.state(0), State::Connected);
        assert_eq!(t.state(3), State::Open);
        assert_eq!(t.state(1), State::Closed);
    });
}

#[test]
fn a52_queries_of_what_is_off_print_one_value() {
    assert_eq!(told(SettingName::Will, "0"), Some(Setting::Will(None)));
    assert_eq!(told(SettingName::WillEx, "0"), Some(Setting::WillEx(None)));
    assert_eq!(
        told(SettingName::Tls, "0"),
        Some(Setting::Tls(crate::Transport::Tcp))
    );
}

#[test]
fn a54_edit_timeout_is_read_with_and_without_its_time() {
    for (answer, value) in [("0", None), ("0,10", None), ("1,10", Some(10))] {
        assert_eq!(
            told(SettingName::EditTimeout, answer),
            Some(Setting::EditTimeout(value))
        );
    }
}

#[test]
fn a55_an_error_in_the_wrong_state_ends_the_call() {
    connected(|t| {
        for request in [subscribe(0, &[("t", 0)]), publish(0, "x", 1)] {
            let id = t.submit(request);
            t.sent();
            t.line("ERROR");
            t.failed_with(id, ErrorKind::ModuleError);
            t.nothing_left();
        }
    });
}

#[test]
fn a55_an_open_of_a_client_in_use_may_be_refused_with_error() {
    ready(|t| {
        let id = t.submit(open_with(0, true));
        t.answer_settings();
        t.line("ERROR");
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        t.answer_open(0, id);
    });
}

#[test]
fn a56_nothing_follows_a_payload() {
    connected(|t| {
        t.publish(0, "abc", 0);
        t.sent();
        t.prompt();
        t.expect_sent("abc");
        t.command("AT");
        t.expect_nothing_sent();
        t.ok();
        t.expect_sent("AT\r");
    });
}

#[test]
fn a57_slots_are_asked_for_when_no_notice_comes() {
    stored(|t| {
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,0,1,0,0,0");
        t.ok();
        t.expect_sent("AT+QMTRECV=0,1\r");
    });
}

#[test]
fn a58_slots_keep_their_ids_and_an_empty_one_is_harmless() {
    stored(|t| {
        t.line("+QMTRECV: 0,0");
        t.line("+QMTRECV: 0,4");
        t.expect_and_ok("AT+QMTRECV=0,0\r");
        t.expect_sent("AT+QMTRECV=0,4\r");
        t.message(0, "t", "x");
        t.ok();
        assert_eq!(t.payloads(), [b"x"]);
    });
}

#[test]
fn a59_one_counter_for_all_commands_of_a_client() {
    connected(|t| {
        t.get_connected(1);
        t.subscribe(0, &[("t", 0)]);
        t.expect_and_ok("AT+QMTSUB=0,1,\"t\",0\r");
        t.unsubscribe(0, "t");
        t.expect_and_ok("AT+QMTUNS=0,2,\"t\"\r");
        t.publish(0, "x", 1);
        t.expect_sent("AT+QMTPUBEX=0,3,1,0,\"t\",1\r");
        t.prompt();
        t.ok();
        t.sent();
        t.subscribe(1, &[("t", 0)]);
        t.expect_sent("AT+QMTSUB=1,1,\"t\",0\r");
    });
}

#[test]
fn a59_a_result_that_nobody_waits_for_is_a_stray_line() {
    connected(|t| {
        t.line("+QMTPUBEX: 0,7,0");
        t.line("+QMTSUB: 0,0,0,0");
        assert_eq!(t.strays(), ["+QMTPUBEX: 0,7,0", "+QMTSUB: 0,0,0,0"]);
    });
}

#[test]
fn a61_an_empty_payload_may_be_asked_for_or_not() {
    for answer in ["\r\nOK\r\n", "\r\n> \r\nOK\r\n"] {
        connected(|t| {
            let id = t.publish(0, "", 1);
            t.expect_sent("AT+QMTPUBEX=0,1,1,0,\"t\",0\r");
            t.module(answer);
            t.expect_nothing_sent();
            t.line("+QMTPUBEX: 0,1,0");
            t.done(id);
        });
    }
}

#[test]
fn a62_the_state_is_not_asked_for_while_a_connect_is_pending() {
    connected(|t| {
        t.get_open(1);
        let connect = t.connect(1);
        t.expect_and_ok("AT+QMTCONN=1,\"id\"\r");
        let asks = t.command("AT+QMTCONN?");
        let other = t.command("AT");
        t.expect_and_ok("AT\r");
        t.done(other);
        t.expect_nothing_sent();
        t.line("+QMTCONN: 1,0,0");
        t.done(connect);
        t.expect_and_ok("AT+QMTCONN?\r");
        t.done(asks);
    });
}

#[test]
fn a63_a_close_succeeds_in_every_way() {
    for lines in [
        &["OK", "+QMTCLOSE: 0,0"][..],
        &["+QMTCLOSE: 0,0", "OK"],
        &["OK", "+QMTCLOSE: 0,-1"],
        &["OK"],
        &["ERROR"],
        &["OK", "+QMTSTAT: 0,1"],
        &["+QMTSTAT: 0,1", "OK"],
    ] {
        connected(|t| {
            let id = t.close(0);
            t.expect_sent("AT+QMTCLOSE=0\r");
            for line in lines {
                t.line(line);
            }
            t.advance(seconds(3));
            t.done(id);
            assert_eq!(t.state(0), State::Closed);
            assert_eq!(t.state_events(), []);
        });
    }
}

#[test]
fn a63_a_closed_client_may_be_closed() {
    ready(|t| {
        let id = t.close(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.line("ERROR");
        t.done(id);
    });
}

#[test]
fn a64_a_connected_client_is_not_connected_again() {
    connected(|t| {
        let error = t.try_submit(connect(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
    });
}

#[test]
fn a65_a_missing_connack_is_one_outcome() {
    for (lines, events) in [
        (&["+QMTCONN: 0,2", "+QMTSTAT: 0,4"][..], 0),
        (&["+QMTSTAT: 0,4", "+QMTCONN: 0,2"], 1),
        (&["+QMTSTAT: 0,1"], 1),
    ] {
        ready(|t| {
            t.get_open(0);
            let id = t.connect(0);
            t.ok();
            for line in lines {
                t.line(line);
            }
            t.failed(id);
            assert_eq!(t.state(0), State::Closed);
            assert_eq!(t.state_events().len(), events);
        });
    }
}

#[test]
fn a66_a_stat_ends_everything_at_once() {
    connected(|t| {
        t.advance(seconds(10));
        let taken: Vec<_> = (0..5).map(|_| t.publish_taken(0, "x", 1)).collect();
        let waiting = t.publish(0, "x", 1);
        let subscription = t.subscribe(0, &[("t", 0)]);
        t.line("+QMTSTAT: 0,1");
        for id in taken {
            assert_eq!(t.failed_with(id, ErrorKind::Unconfirmed).code(), Some(1));
        }
        t.failed_with(waiting, ErrorKind::Disconnected);
        t.failed_with(subscription, ErrorKind::Disconnected);
        t.ok();
        t.nothing_left();
    });
}

#[test]
fn a67_a_failed_publish_and_its_stat_are_both_told() {
    connected(|t| {
        t.advance(seconds(10));
        let id = t.publish_taken(0, "x", 1);
        t.line("+QMTPUBEX: 0,1,2");
        t.line("+QMTSTAT: 0,6");
        t.failed_with(id, ErrorKind::OperationFailed);
        assert!(matches!(t.events()[..], [Event::Disconnected { .. }]));
    });
}

#[test]
fn a68_settings_are_written_again_before_each_open() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().keepalive(60));
        t.answer_settings();
        t.done(id);
        for _ in 0..2 {
            let id = t.open(0);
            let first = t.sent();
            assert!(first.starts_with("AT+QMTCFG=\"version\""), "{first}");
            t.ok();
            t.answer_open(0, id);
            let id = t.close(0);
            t.sent();
            t.ok();
            t.line("+QMTCLOSE: 0,0");
            t.done(id);
        }
    });
}

#[test]
fn a69_a_user_name_may_come_without_a_password() {
    ready(|t| {
        t.get_open(0);
        t.submit(Request::Connect {
            client: 0,
            connect: Connect::new("id").username("user"),
        });
        t.expect_sent("AT+QMTCONN=0,\"id\",\"user\"\r");
    });
}

#[test]
fn a70_nothing_is_sent_between_a_command_and_its_prompt() {
    connected(|t| {
        t.publish(0, "abc", 0);
        t.expect_sent("AT+QMTPUBEX=0,0,0,0,\"t\",3\r");
        t.command("AT");
        t.subscribe(0, &[("t", 0)]);
        t.advance(seconds(4));
        t.expect_nothing_sent();
    });
}

#[test]
fn a71_a_stat_before_the_result_of_open_is_the_old_connections() {
    connected(|t| {
        let id = t.disconnect(0);
        t.sent();
        t.ok();
        t.line("+QMTDISC: 0,0");
        t.done(id);
        let id = t.open(0);
        t.answer_settings();
        t.line("+QMTSTAT: 0,5");
        t.ok();
        t.line("+QMTSTAT: 0,1");
        t.line("+QMTOPEN: 0,0");
        t.done(id);
        assert_eq!(t.state(0), State::Open);
        assert_eq!(t.events(), []);
    });
}

/// Client 0 connected anew within 3 s of its disconnect.
fn reconnected(run: impl Fn(&mut Test)) {
    connected(|t| {
        let id = t.disconnect(0);
        t.sent();
        t.ok();
        t.line("+QMTDISC: 0,0");
        t.done(id);
        t.get_connected(0);
        run(t);
    });
}

#[test]
fn a71_a_stat_within_3_seconds_is_checked() {
    reconnected(|t| {
        t.line("+QMTSTAT: 0,5");
        t.expect_sent("AT+QMTCONN?\r");
        t.line("+QMTCONN: 0,3");
        t.ok();
        assert_eq!(t.state(0), State::Connected);
        assert_eq!(t.events(), []);
    });
    reconnected(|t| {
        let publish = t.publish_taken(0, "x", 1);
        t.line("+QMTSTAT: 0,1");
        t.line("+QMTSTAT: 0,1");
        t.expect_and_ok("AT+QMTCONN?\r");
        t.failed_with(publish, ErrorKind::Unconfirmed);
        assert_eq!(t.state(0), State::Closed);
        assert!(matches!(
            t.events()[..],
            [Event::Disconnected { generation: 2, .. }]
        ));
        t.expect_nothing_sent();
    });
}

#[test]
fn a71_a_stat_that_cannot_be_checked_is_believed() {
    reconnected(|t| {
        t.line("+QMTSTAT: 0,1");
        t.expect_sent("AT+QMTCONN?\r");
        t.advance(seconds(5));
        assert_eq!(t.state(0), State::Closed);
        assert!(matches!(t.events()[..], [Event::Disconnected { .. }]));
    });
    reconnected(|t| {
        t.command("AT");
        t.line("+QMTSTAT: 0,1");
        t.advance(seconds(10));
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn a71_after_3_seconds_a_stat_is_believed() {
    reconnected(|t| {
        t.advance(seconds(3));
        t.line("+QMTSTAT: 0,1");
        assert_eq!(t.state(0), State::Closed);
        t.expect_nothing_sent();
    });
}

#[test]
fn a71_while_a_connect_is_pending_the_network_is_asked_for() {
    connected(|t| {
        let id = t.disconnect(0);
        t.sent();
        t.ok();
        t.line("+QMTDISC: 0,0");
        t.done(id);
        t.get_open(0);
        let id = t.connect(0);
        t.sent();
        t.ok();
        t.line("+QMTSTAT: 0,5");
        t.expect_sent("AT+QMTOPEN?\r");
        t.line("+QMTOPEN: 0,\"broker\",1883");
        t.line("+QMTCONN: 0,0,0");
        t.ok();
        t.done(id);
        assert_eq!(t.state(0), State::Connected);
        assert_eq!(t.events(), []);
    });
}

#[test]
fn a71_a_check_that_waits_does_not_meet_a_connect() {
    connected(|t| {
        let id = t.disconnect(0);
        t.sent();
        t.ok();
        t.line("+QMTDISC: 0,0");
        t.done(id);
        t.get_open(0);
        let command = t.command("AT");
        t.line("+QMTSTAT: 0,5");
        let id = t.connect(0);
        t.expect_and_ok("AT\r");
        t.done(command);
        // Whatever is asked, the line of the connect is not taken for its answer.
        t.expect_and_ok("AT+QMTCONN=0,\"id\"\r");
        t.line("+QMTCONN: 0,0,0");
        t.done(id);
        t.expect_sent("AT+QMTCONN?\r");
        t.line("+QMTCONN: 0,3");
        t.ok();
        assert_eq!(t.state(0), State::Connected);
    });
}

#[test]
fn a72_an_echo_is_skipped_by_its_length() {
    connected(|t| {
        let payload = "{\r\n+QMTSTAT: 0,1\r\n}";
        let id = t.publish(0, payload, 1);
        let line = t.sent();
        t.module(line);
        t.prompt();
        t.expect_sent(payload);
        t.module(payload);
        t.ok();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
        assert_eq!(t.state(0), State::Connected);
        assert_eq!(t.events(), []);
    });
}
