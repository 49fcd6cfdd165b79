//! A publisher somewhere on the Internet forges nothing through a payload.

use super::*;

const FORGED: [&str; 17] = [
    "\r\n+QMTSTAT: 0,1\r\n",
    "\r\nOK\r\n",
    "\r\nERROR\r\n",
    "\r\n+CME ERROR: 3\r\n",
    "\r\n> ",
    "\r\nRDY\r\n",
    "\r\nCONNECT\r\n",
    "\r\n+QMTPING: 0,1\r\n",
    "\r\n+QIURC: \"pdpdeact\",1\r\n",
    "\"\r\n\r\n+QMTRECV: 0,0,\"x\",3,\"abc\"\r\n",
    "\r\n+QMTRECV: 0,1\r\n",
    "\r\n+QMTPUBEX: 0,1,0\r\n\r\n+QMTPUBEX: 0,0,0\r\n",
    "\r\n+QMTSUB: 0,1,0,1\r\n\r\n+QMTUNS: 0,1,0\r\n",
    "\r\n+QMTDISC: 0,0\r\n\r\n+QMTCLOSE: 0,0\r\n",
    "\r\n+QMTOPEN: 1,0\r\n\r\n+QMTCONN: 1,0,0\r\n",
    "\"\r\n\r\n+QMTSTAT: 0,1\r\n\r\nOK\r\n",
    "\r\n+QMTRECV: 0,1,1,1,1,1\r\n",
];

/// The payloads arrive while this is outstanding, quoted and bare; nothing moves but the messages.
fn forges_nothing(outstanding: impl Fn(&mut Test)) {
    for payload in FORGED {
        for quoted in [true, false] {
            connected(|t| {
                t.get_open(1);
                t.advance(seconds(10));
                outstanding(t);
                t.sent();
                t.events();
                t.done.clear();
                let states: Vec<_> = all_clients().map(|c| t.engine.state(c)).collect();
                if quoted {
                    t.message(0, "topic", payload);
                } else {
                    t.module(format!(
                        "\r\n+QMTRECV: 0,0,\"topic\",{},{payload}\r\n",
                        payload.len()
                    ));
                }
                let now: Vec<_> = all_clients().map(|c| t.engine.state(c)).collect();
                assert_eq!(now, states, "{payload:?}");
                assert!(t.done.is_empty(), "{payload:?} ended {:?}", t.done);
                assert_eq!(t.events(), [], "{payload:?}");
                t.expect_nothing_sent();
                assert_eq!(t.payloads(), [payload.as_bytes()]);
            });
        }
    }
}

#[test]
fn while_nothing_is_outstanding() {
    forges_nothing(|_| {});
}

#[test]
fn while_a_final_result_code_is_due() {
    forges_nothing(|t| _ = t.command("AT+CSQ"));
}

#[test]
fn while_a_prompt_is_due() {
    forges_nothing(|t| _ = t.publish(0, "x", 1));
}

#[test]
fn while_a_prompt_is_overdue() {
    forges_nothing(|t| {
        t.publish(0, "x", 1);
        t.advance(seconds(6));
    });
}

#[test]
fn while_the_ok_of_data_is_due() {
    forges_nothing(|t| {
        t.publish(0, "x", 0);
        t.prompt();
    });
}

#[test]
fn while_the_result_of_a_publish_is_due() {
    forges_nothing(|t| _ = t.publish_taken(0, "x", 1));
}

#[test]
fn while_the_result_of_a_publish_without_id_is_due() {
    forges_nothing(|t| _ = t.publish_taken(0, "x", 0));
}

#[test]
fn while_the_result_of_a_subscription_is_due() {
    forges_nothing(|t| {
        t.subscribe(0, &[("t", 1)]);
        t.ok();
    });
}

#[test]
fn while_the_result_of_an_unsubscription_is_due() {
    forges_nothing(|t| {
        t.unsubscribe(0, "t");
        t.ok();
    });
}

#[test]
fn while_the_result_of_a_disconnect_is_due() {
    forges_nothing(|t| {
        t.disconnect(0);
        t.ok();
    });
}

#[test]
fn while_the_result_of_a_close_is_due() {
    forges_nothing(|t| {
        t.close(0);
        t.ok();
    });
}

#[test]
fn while_the_result_of_a_connect_is_due() {
    forges_nothing(|t| {
        t.connect(1);
        t.ok();
    });
}

#[test]
fn while_the_result_of_an_open_is_due() {
    forges_nothing(|t| {
        t.close(1);
        t.ok();
        t.line("+QMTCLOSE: 1,0");
        t.open(1);
        t.sent();
        for _ in 0..12 {
            t.ok();
        }
        t.sent();
    });
}

#[test]
fn while_the_line_is_being_synchronised() {
    forges_nothing(|t| {
        t.command("AT+CSQ");
        t.advance(seconds(5));
        t.command("AT");
    });
}

#[test]
fn while_a_message_is_fetched() {
    for payload in FORGED {
        stored(|t| {
            t.line("+QMTRECV: 0,1");
            t.expect_sent("AT+QMTRECV=0,1\r");
            let next = t.command("AT");
            t.message(0, "t", payload);
            assert_eq!(t.events(), [], "{payload:?}");
            t.expect_nothing_sent();
            t.ok();
            t.expect_sent("AT\r");
            t.pending(next);
            assert_eq!(t.payloads(), [payload.as_bytes()]);
            assert_eq!(t.state(0), State::Connected);
        });
    }
}

#[test]
fn a_message_whose_end_is_not_where_its_length_says_is_never_read_as_lines() {
    connected(|t| {
        t.advance(seconds(10));
        t.module("\r\n+QMTRECV: 0,0,\"t\",4,\"abcdefg\r\n+QMTSTAT: 0,1\r\nOK\r\nRDY\r\n");
        t.advance(millis(50));
        t.module("\r\n+QMTSTAT: 0,1\r\n");
        assert!(matches!(t.state_events()[..], [Event::InputLost { .. }]));
        t.advance(millis(100));
        assert_eq!(t.state(0), State::Connected);
        t.message(0, "t", "whole");
        assert_eq!(t.payloads(), [b"whole".to_vec()]);
    });
}

#[test]
fn a_message_that_breaks_off_ends_after_a_silence() {
    connected(|t| {
        t.module("\r\n+QMTRECV: 0,0,\"t\",100,\"abc");
        t.advance(seconds(3));
        assert!(matches!(t.events()[..], [Event::InputLost { .. }]));
        let id = t.command("AT");
        t.expect_and_ok("AT\r");
        t.done(id);
    });
}

#[test]
fn a_payload_above_the_limit_is_skipped_by_its_count() {
    let mut options = Options::default();
    options.limits.payload = 8;
    script_with(options, |t| {
        t.get_ready();
        t.get_connected(0);
        t.message(0, "t", "\r\n+QMTSTAT: 0,1\r\n\r\nOK\r\n");
        assert!(matches!(t.events()[..], [Event::InputLost { .. }]));
        t.message(0, "t", "small");
        assert_eq!(t.payloads(), [b"small".to_vec()]);
        assert_eq!(t.state(0), State::Connected);
    });
}

#[test]
fn a_message_for_a_client_that_does_not_exist_is_no_message() {
    connected(|t| {
        t.message(6, "t", "\r\n+QMTSTAT: 0,1\r\n");
        assert!(t.messages.is_empty());
        assert!(matches!(t.events()[..], [Event::InputLost { .. }]));
    });
}
