//! One script for each entry of the register of ambiguities (A1..A36) that says what a host does.
//!
//! Without a script, because they say what a module does: A9, A10, A12, A13, A16, A27, A31, A33. A11 is
//! about `AT+QSSLCFG`, which the engine passes on like any other command.

use super::*;
use crate::mqtt::setting::{Format, HwAuth, PacketTimeout, Setting, Will};
use crate::mqtt::subscribe::Granted;

/// What `setting` writes for client 0.
fn written(setting: &Setting) -> String {
    let line = setting.write(0).unwrap().line;
    String::from_utf8(line.as_bytes().to_vec()).unwrap()
}

#[test]
fn a01_result_1_is_progress_and_not_an_end() {
    connected(|t| {
        let id = t.publish_taken(0, "x", 1);
        let sub = t.subscribe(0, &[("t", 1)]);
        t.ok();
        t.line("+QMTPUBEX: 0,1,1,1");
        t.line("+QMTSUB: 0,2,1,1");
        t.pending(id);
        t.pending(sub);
        assert!(matches!(
            t.events()[..],
            [
                Event::Retransmission {
                    client: 0,
                    msgid: 1,
                    count: Some(1),
                    ..
                },
                Event::Retransmission { msgid: 2, .. },
            ]
        ));
        t.line("+QMTPUBEX: 0,1,0");
        t.line("+QMTSUB: 0,2,0,1");
        t.done(id);
        t.done(sub);
    });
}

#[test]
fn a01_result_1_of_connect_is_accepted() {
    ready(|t| {
        t.get_open(0);
        let id = t.connect(0);
        t.sent();
        t.ok();
        t.line("+QMTCONN: 0,1");
        t.pending(id);
        t.line("+QMTCONN: 0,0,0");
        t.done(id);
    });
}

#[test]
fn a02_the_command_is_qmtclose() {
    connected(|t| {
        t.close(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
    });
}

#[test]
fn a03_a_payload_is_read_by_its_length_quoted_or_not() {
    connected(|t| {
        t.module("\r\n+QMTRECV: 0,0,\"topic/pub\",30,This is test data, hello MQTT.\r\n");
        t.module("\r\n+QMTRECV: 0,0,\"a,b\",3,\"x\"y\"\r\n");
        t.module("\r\n+QMTRECV:0,1,\"t\",2,\"\r\n\"\r\n");
        assert_eq!(
            t.payloads(),
            [
                b"This is test data, hello MQTT.".to_vec(),
                b"x\"y".to_vec(),
                b"\r\n".to_vec()
            ]
        );
    });
}

#[test]
fn a04_the_third_field_tells_the_shapes_of_qmtrecv_apart() {
    stored(|t| {
        t.line("+QMTRECV: 0,3");
        t.expect_and_ok("AT+QMTRECV=0,3\r");
        t.line("+QMTRECV: 0,4,30");
        t.expect_and_ok("AT+QMTRECV=0,4\r");
        t.line("+QMTRECV: 0,4,\"t\",1,\"x\"");
        assert_eq!(t.payloads(), [b"x"]);
        t.expect_nothing_sent();
    });
}

#[test]
fn a05_six_numbers_are_a_slot_map_only_while_it_is_asked_for() {
    stored(|t| {
        t.line("+QMTRECV: 0,1,0,0,0,1");
        t.expect_nothing_sent();
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,0,0,0,0,1");
        t.ok();
        t.expect_and_ok("AT+QMTRECV=0,4\r");
        t.expect_nothing_sent();
    });
}

#[test]
fn a06_a_value_of_unsubscribe_is_ignored() {
    connected(|t| {
        for (id, values) in [(1, ""), (2, ",1")] {
            let op = t.unsubscribe(0, "t");
            t.ok();
            t.line(&format!("+QMTUNS: 0,{id},0{values}"));
            assert_eq!(t.done(op), Outcome::Done);
        }
    });
}

#[test]
fn a07_a_will_is_set_while_the_client_is_closed() {
    connected(|t| {
        let config = ClientConfig::new().will(Will::new("w", b"\"".to_vec()));
        let error = t.try_submit(configure(0, config)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
    });
}

#[test]
fn a08_willex_gets_exactly_its_bytes() {
    ready(|t| {
        t.configure(
            0,
            ClientConfig::new().will(Will::new("w", b"a\r\nb\x1a".to_vec())),
        );
        t.expect_sent("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",5\r");
        t.prompt();
        t.expect_sent("a\r\nb\x1a");
    });
}

#[test]
fn a08_willex_without_bytes_has_no_prompt() {
    ready(|t| {
        let setting = Setting::WillEx(Some(Will::new("w", "")));
        let data = setting.write(0).unwrap();
        assert_eq!(data.data, Some(Vec::new()));
        let id = t.submit(command_with_data(
            "AT+QMTCFG=\"willex\",0,1,0,0,\"w\",0",
            "",
        ));
        t.ok();
        t.done(id);
    });
}

#[test]
fn a14_qmtping_is_written_as_given_and_its_final_code_decides() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().ping_report(60));
        t.expect_sent("AT+QMTCFG=\"qmtping\",0,60\r");
        t.ok();
        t.done(id);
    });
}

#[test]
fn a15_a_failed_ping_closes_the_client() {
    connected(|t| {
        t.line("+QMTPING: 0,1");
        assert_eq!(t.state(0), State::Closed);
        t.line("+QMTSTAT: 0,2");
        assert!(matches!(t.events()[..], [Event::PingFailed { .. }]));
    });
}

#[test]
fn a17_the_echo_of_data_is_set_off_and_skipped_where_it_comes() {
    ready(|t| {
        t.open(0);
        let mut off = false;
        loop {
            let sent = t.sent();
            if !sent.starts_with("AT+QMTCFG=") {
                break;
            }
            off |= sent == "AT+QMTCFG=\"view/mode\",0,0\r";
            t.ok();
        }
        assert!(off);
    });
}

#[test]
fn a18_send_mode_and_dataformat_are_one_variable() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().send_mode(Format::Hex));
        t.expect_and_ok("AT+QMTCFG=\"send/mode\",0,1\r");
        t.done(id);
        let id = t.open(0);
        loop {
            let sent = t.sent();
            if !sent.starts_with("AT+QMTCFG=") {
                break;
            }
            assert_ne!(sent, "AT+QMTCFG=\"dataformat\",0,0,0\r");
            t.ok();
        }
        t.ok();
        t.line("+QMTOPEN: 0,0");
        t.done(id);
        let id = t.connect(0);
        t.ok();
        t.line("+QMTCONN: 0,0,0");
        t.done(id);
        t.sent();
        t.publish(0, "AB", 0);
        t.expect_sent("AT+QMTPUBEX=0,0,0,0,\"t\",4\r");
        t.prompt();
        t.expect_sent("4142");
    });
}

#[test]
fn a19_a_length_of_hexadecimal_text_may_count_bytes_or_digits() {
    ready(|t| {
        t.configure(
            0,
            ClientConfig::new().data_format((Format::Text, Format::Hex)),
        );
        t.answer_settings();
        t.get_connected(0);
        t.module("\r\n+QMTRECV: 0,0,\"t\",4,\"4142\"\r\n");
        t.module("\r\n+QMTRECV: 0,0,\"t\",2,\"4142\"\r\n");
        t.publish(0, "A", 0);
        t.expect_sent("AT+QMTPUBEX=0,0,0,0,\"t\",1\r");
        assert_eq!(t.payloads(), [b"AB", b"AB"]);
    });
}

#[test]
fn a20_more_than_1500_bytes_are_refused_before_a_byte_is_sent() {
    connected(|t| {
        let error = t.try_submit(publish(0, &"x".repeat(1501), 0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        t.expect_nothing_sent();
        let id = t.publish(0, &"x".repeat(1500), 0);
        t.sent();
        t.line("ERROR");
        t.failed_with(id, ErrorKind::ModuleError);
        t.expect_nothing_sent();
    });
}

#[test]
fn a21_the_limit_on_data_entry_is_set_before_any_data() {
    ready(|t| {
        t.configure(
            0,
            ClientConfig::new()
                .will(Will::new("w", b"\"".to_vec()))
                .edit_timeout(Some(180)),
        );
        t.expect_and_ok("AT+QMTCFG=\"edit/timeout\",0,1,180\r");
        t.expect_sent("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",1\r");
    });
}

#[test]
fn a21_writing_stops_at_an_error() {
    connected(|t| {
        let id = t.publish(0, "abcdef", 0);
        t.sent();
        t.port_room = 2;
        t.prompt();
        t.line("ERROR");
        t.failed_with(id, ErrorKind::ModuleError);
        t.port_room = usize::MAX;
        t.settle();
        t.expect_sent("ab");
    });
}

#[test]
fn a22_nothing_is_padded_and_control_bytes_are_payload() {
    connected(|t| {
        t.publish(0, "\x1a\x1b", 0);
        t.sent();
        t.prompt();
        t.expect_sent("\x1a\x1b");
        t.advance(millis(15_900));
        t.expect_nothing_sent();
    });
}

#[test]
fn a23_a_result_has_the_packet_timeout_once_more_than_retries() {
    connected(|t| {
        let publish = t.publish_taken(0, "x", 1);
        let subscription = t.subscribe(0, &[("t", 0)]);
        t.ok();
        let unsubscription = t.unsubscribe(0, "t");
        t.ok();
        t.advance(millis(24_999));
        for id in [publish, subscription, unsubscription] {
            t.pending(id);
        }
        t.advance(millis(1));
        for id in [publish, subscription, unsubscription] {
            t.failed_with(id, ErrorKind::Unconfirmed);
        }
    });
}

#[test]
fn a24_the_time_check_is_an_optional_last_parameter() {
    let auth = |time_check| {
        written(&Setting::HwAuth(HwAuth {
            product_id: "p".to_owned(),
            device_secret: "s".into(),
            time_check,
        }))
    };
    assert_eq!(auth(None), "AT+QMTCFG=\"hwauth\",0,\"p\",\"s\"");
    assert_eq!(auth(Some(true)), "AT+QMTCFG=\"hwauth\",0,\"p\",\"s\",1");
}

#[test]
fn a25_everything_relied_on_is_set() {
    ready(|t| {
        t.open(0);
        let mut lines = Vec::new();
        loop {
            let sent = t.sent();
            let Some(setting) = sent.strip_prefix("AT+QMTCFG=") else {
                break;
            };
            lines.push(setting.trim().to_owned());
            t.ok();
        }
        for line in [
            "\"version\",0,4",
            "\"pdpcid\",0,1",
            "\"ssl\",0,0",
            "\"keepalive\",0,120",
            "\"session\",0,1",
            "\"timeout\",0,5,3,0",
            "\"will\",0,0",
            "\"recv/mode\",0,0,1",
            "\"dataformat\",0,0,0",
            "\"view/mode\",0,0",
            "\"edit/timeout\",0,1,10",
        ] {
            assert!(lines.iter().any(|written| written == line), "{line}");
        }
    });
}

#[test]
fn a26_settings_are_written_before_the_open() {
    ready(|t| {
        t.get_open(0);
        let config = ClientConfig::new().keepalive(10);
        let error = t.try_submit(configure(0, config)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
    });
}

#[test]
fn a28_values_stand_in_the_order_of_the_topics() {
    connected(|t| {
        let id = t.subscribe(0, &[("a", 1), ("b", 2)]);
        t.ok();
        t.line("+QMTSUB: 0,1,0,1,128");
        let granted = vec![Granted::QoS(qos(1)), Granted::Refused];
        assert_eq!(t.done(id), Outcome::Granted(granted));
        let id = t.subscribe(0, &[("a", 1)]);
        t.ok();
        t.line("+QMTSUB: 0,2,0,128");
        assert_eq!(t.failed(id).code(), Some(128));
    });
}

#[test]
fn a29_qos_0_has_id_0_and_one_at_a_time() {
    connected(|t| {
        t.publish(0, "a", 0);
        t.expect_sent("AT+QMTPUBEX=0,0,0,0,\"t\",1\r");
        t.prompt();
        t.ok();
        t.sent();
        t.publish(0, "b", 0);
        t.publish(0, "c", 2);
        t.expect_nothing_sent();
        t.line("+QMTPUBEX: 0,0,0");
        t.take_publish("b");
        t.expect_sent("AT+QMTPUBEX=0,1,2,0,\"t\",1\r");
    });
}

#[test]
fn a30_subscriptions_do_not_count_in_the_window() {
    connected(|t| {
        for _ in 0..3 {
            t.subscribe(0, &[("t", 1)]);
            t.ok();
        }
        t.sent();
        for _ in 0..5 {
            t.publish_taken(0, "x", 1);
        }
        t.publish(0, "x", 1);
        t.expect_nothing_sent();
    });
}

#[test]
fn a32_a_disconnect_needs_no_close_and_may_bring_a_stat() {
    for lines in [
        &["+QMTDISC: 0,0"][..],
        &["+QMTDISC: 0,0", "+QMTSTAT: 0,5"],
        &["+QMTSTAT: 0,5", "+QMTDISC: 0,0"],
        &["+QMTSTAT: 0,1"],
    ] {
        connected(|t| {
            let id = t.disconnect(0);
            t.expect_and_ok("AT+QMTDISC=0\r");
            for line in lines {
                t.line(line);
            }
            t.done(id);
            assert_eq!(t.state(0), State::Closed);
            assert_eq!(t.state_events(), []);
            let id = t.open(0);
            t.answer_open(0, id);
        });
    }
}

#[test]
fn a34_only_return_code_0_is_success() {
    for code in 1..=5 {
        ready(|t| {
            t.get_open(0);
            let id = t.connect(0);
            t.ok();
            t.line(&format!("+QMTCONN: 0,0,{code}"));
            let error = t.failed_with(id, ErrorKind::ConnectionRefused);
            assert_eq!(error.code(), Some(code));
            t.line("+QMTSTAT: 0,1");
            assert_eq!(t.events(), []);
            assert_eq!(t.state(0), State::Closed);
        });
    }
}

#[test]
fn a34_a_result_without_return_code_is_success() {
    ready(|t| {
        t.get_open(0);
        let id = t.connect(0);
        t.ok();
        t.line("+QMTCONN: 0,0");
        t.done(id);
    });
}

#[test]
fn a35_a_state_is_a_state_only_in_the_answer_to_its_query() {
    connected(|t| {
        let id = t.command("AT+QMTCONN?");
        t.line("+QMTCONN: 0,3");
        t.ok();
        assert_eq!(t.answer(id), ["+QMTCONN: 0,3"]);
        t.line("+QMTCONN: 0,3");
        assert_eq!(t.strays(), ["+QMTCONN: 0,3"]);
        assert_eq!(t.state(0), State::Connected);
    });
}

#[test]
fn a36_every_prompt_is_one() {
    for prompt in [
        "\r\n> ",
        "\r\n>",
        ">",
        "\r\n> \r\n",
        "\r\r\n>\r\n",
        "\r\n\r\n> ",
    ] {
        connected(|t| {
            let id = t.publish(0, "abc", 1);
            t.sent();
            t.module(prompt);
            t.expect_sent("abc");
            t.module("\r\nOK\r\n\r\n+QMTPUBEX: 0,1,0\r\n");
            t.done(id);
            assert_eq!(t.events(), []);
        });
    }
}

#[test]
fn a36_nothing_but_a_prompt_is_one() {
    connected(|t| {
        let command = t.command("AT+CSQ");
        t.sent();
        t.module("\r\n> \r\n");
        t.ok();
        t.done(command);
        t.publish(0, "abc", 1);
        t.sent();
        t.line("+QIND: > ");
        t.expect_nothing_sent();
    });
}

#[test]
fn a53_the_three_values_of_timeout_go_together() {
    let timeout = PacketTimeout {
        seconds: 7,
        retries: 0,
        notice: true,
    };
    assert_eq!(
        written(&Setting::Timeout(timeout)),
        "AT+QMTCFG=\"timeout\",0,7,0,1"
    );
}

#[test]
fn a69_no_will_is_written_without_the_rest() {
    assert_eq!(written(&Setting::Will(None)), "AT+QMTCFG=\"will\",0,0");
    assert_eq!(written(&Setting::WillEx(None)), "AT+QMTCFG=\"willex\",0,0");
}
