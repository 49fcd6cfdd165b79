//! Publishes and subscriptions: the window, message ids, results.

use super::*;
use crate::mqtt::subscribe::Granted;

#[test]
fn five_are_in_flight_and_the_sixth_waits() {
    connected(|t| {
        let ids: Vec<_> = (0..7).map(|_| t.publish(0, "x", 1)).collect();
        for _ in 0..5 {
            t.take_publish("x");
        }
        t.expect_nothing_sent();
        t.line("+QMTPUBEX: 0,3,0");
        t.done(ids[2]);
        t.expect_sent("AT+QMTPUBEX=0,6,1,0,\"t\",1\r");
        t.pending(ids[5]);
    });
}

#[test]
fn a_full_window_holds_no_other_client_and_no_other_command() {
    connected(|t| {
        t.get_connected(1);
        for _ in 0..6 {
            t.publish(0, "x", 2);
        }
        for _ in 0..5 {
            t.take_publish("x");
        }
        t.publish_taken(1, "y", 1);
        t.command("AT");
        t.expect_and_ok("AT\r");
        t.subscribe(0, &[("t", 0)]);
        assert!(t.sent().starts_with("AT+QMTSUB="));
    });
}

#[test]
fn the_window_is_freed_by_a_deadline_too() {
    connected(|t| {
        let ids: Vec<_> = (0..6).map(|_| t.publish(0, "x", 1)).collect();
        for _ in 0..5 {
            t.take_publish("x");
        }
        t.advance(seconds(25));
        for &id in &ids[..5] {
            t.failed_with(id, ErrorKind::Unconfirmed);
        }
        t.expect_sent("AT+QMTPUBEX=0,6,1,0,\"t\",1\r");
    });
}

#[test]
fn one_publish_without_id_at_a_time() {
    connected(|t| {
        let first = t.publish(0, "a", 0);
        let second = t.publish(0, "b", 0);
        t.take_publish("a");
        t.expect_nothing_sent();
        t.line("+QMTPUBEX: 0,0,0");
        t.done(first);
        t.take_publish("b");
        t.line("+QMTPUBEX: 0,0,0");
        t.done(second);
    });
}

#[test]
fn a_publish_without_id_whose_result_is_lost_does_not_block_the_next() {
    connected(|t| {
        let first = t.publish_taken(0, "a", 0);
        let second = t.publish(0, "b", 0);
        t.advance(seconds(25));
        t.failed_with(first, ErrorKind::Unconfirmed);
        t.take_publish("b");
        t.line("+QMTPUBEX: 0,0,0");
        t.done(second);
    });
}

#[test]
fn publishes_keep_their_order() {
    connected(|t| {
        let levels = [1, 0, 1, 0, 2];
        for (at, level) in levels.into_iter().enumerate() {
            t.publish(0, &at.to_string(), level);
        }
        for (at, level) in levels.into_iter().enumerate() {
            t.take_publish(&at.to_string());
            if level == 0 {
                t.line("+QMTPUBEX: 0,0,0");
            }
        }
    });
}

#[test]
fn what_has_not_begun_is_withdrawn() {
    connected(|t| {
        t.command("AT");
        let queued = t.publish(0, "a", 1);
        let zero = t.publish(0, "b", 0);
        let subscription = t.subscribe(0, &[("t", 0)]);
        let command = t.command("AT+CSQ");
        for id in [queued, zero, subscription, command] {
            assert_eq!(t.abandon(id), Abandoned::Withdrawn);
        }
        t.expect_and_ok("AT\r");
        t.expect_nothing_sent();
        t.nothing_left();
        let next = t.publish_taken(0, "c", 0);
        t.line("+QMTPUBEX: 0,0,0");
        t.done(next);
    });
}

#[test]
fn what_has_ended_is_ended() {
    ready(|t| {
        let id = t.command("AT");
        t.ok();
        assert_eq!(t.abandon(id), Abandoned::Ended);
    });
}

#[test]
fn an_abandoned_publish_keeps_its_id_and_its_place() {
    connected(|t| {
        for _ in 0..5 {
            let id = t.publish_taken(0, "x", 1);
            assert_eq!(t.abandon(id), Abandoned::Underway);
        }
        t.publish(0, "y", 1);
        t.expect_nothing_sent();
        t.line("+QMTPUBEX: 0,1,0");
        t.expect_sent("AT+QMTPUBEX=0,6,1,0,\"t\",1\r");
    });
}

#[test]
fn a_withdrawn_place_goes_to_the_next() {
    connected(|t| {
        for _ in 0..5 {
            t.publish_taken(0, "x", 1);
        }
        let sixth = t.publish(0, "y", 1);
        t.publish(0, "z", 1);
        assert_eq!(t.abandon(sixth), Abandoned::Withdrawn);
        t.line("+QMTPUBEX: 0,1,0");
        t.take_publish("z");
    });
}

#[test]
fn an_unresolved_id_is_not_used_again_when_the_counter_wraps() {
    let options = Options {
        first_msgid: 65_534,
        ..Options::default()
    };
    script_with(options, |t| {
        t.get_ready();
        t.get_connected(0);
        let a = t.publish_taken(0, "a", 1);
        t.advance(seconds(25));
        t.failed_with(a, ErrorKind::Unconfirmed);
        for id in [65_535, 1] {
            t.publish(0, "b", 1);
            t.expect_sent(&format!("AT+QMTPUBEX=0,{id},1,0,\"t\",1\r"));
            t.prompt();
            t.sent();
            t.ok();
            t.line(&format!("+QMTPUBEX: 0,{id},0"));
        }
        t.engine.clients[0] = {
            let mut client = std::mem::take(&mut t.engine.clients[0]);
            while client.take_id(crate::mqtt::line::PacketCommand::Publish, a) != Some(65_533) {}
            client
        };
        // Only what is resolved is free: 65535 went, 65534 is still out.
        for id in 1..=65_535 {
            if id != 65_534 {
                t.engine.clients[0].unresolved.remove(&id);
            }
        }
        t.publish(0, "c", 1);
        t.expect_sent("AT+QMTPUBEX=0,65535,1,0,\"t\",1\r");
    });
}

#[test]
fn without_a_free_id_a_publish_is_refused() {
    connected(|t| {
        let client = &mut t.engine.clients[0];
        while client
            .take_id(crate::mqtt::line::PacketCommand::Publish, OpId(u64::MAX))
            .is_some()
        {}
        let id = t.publish(0, "x", 1);
        t.failed_with(id, ErrorKind::InvalidState);
        let error = t.try_submit(subscribe(0, &[("t", 0)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
        t.nothing_left();
    });
}

#[test]
fn a_late_result_frees_its_id_and_nothing_else() {
    connected(|t| {
        let id = t.publish_taken(0, "a", 1);
        t.advance(seconds(25));
        t.failed_with(id, ErrorKind::Unconfirmed);
        t.line("+QMTPUBEX: 0,1,0");
        assert!(t.engine.clients[0].unresolved.is_empty());
        assert_eq!(t.events(), []);
        t.line("+QMTPUBEX: 0,1,0");
        assert_eq!(t.strays(), ["+QMTPUBEX: 0,1,0"]);
    });
}

#[test]
fn a_result_before_the_payload_is_a_stray_line() {
    connected(|t| {
        let id = t.publish(0, "abc", 1);
        t.line("+QMTPUBEX: 0,1,0");
        t.pending(id);
        t.port_room = 1;
        t.prompt();
        t.line("+QMTPUBEX: 0,1,0");
        t.pending(id);
        assert_eq!(t.strays().len(), 2);
        t.port_room = usize::MAX;
        t.settle();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
    });
}

#[test]
fn a_result_of_another_command_with_the_same_id_ends_nothing() {
    connected(|t| {
        let id = t.publish_taken(0, "a", 1);
        t.line("+QMTSUB: 0,1,0,1");
        t.line("+QMTUNS: 0,1,0");
        t.line("+QMTPUBEX: 1,1,0");
        t.pending(id);
        assert_eq!(t.strays().len(), 3);
    });
}

#[test]
fn a_message_may_come_between_a_publish_and_its_prompt() {
    connected(|t| {
        let id = t.publish(0, "abc", 1);
        t.sent();
        t.message(0, "t", "> ");
        t.expect_nothing_sent();
        t.prompt();
        t.expect_sent("abc");
        t.ok();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
        assert_eq!(t.payloads(), [b"> ".to_vec()]);
    });
}

#[test]
fn the_next_publish_follows_the_ok_of_the_last() {
    connected(|t| {
        t.publish(0, "a", 1);
        t.publish(0, "b", 1);
        t.expect_sent("AT+QMTPUBEX=0,1,1,0,\"t\",1\r");
        t.module("\r\n>");
        t.expect_sent("a");
        t.module("\r\nOK\r\n\r\n+QMTPUBEX: 0,1,0\r\n");
        t.expect_sent("AT+QMTPUBEX=0,2,1,0,\"t\",1\r");
    });
}

#[test]
fn a_refused_publish_is_told_and_frees_its_place() {
    connected(|t| {
        for level in [0, 1] {
            let id = t.publish(0, "a", level);
            t.sent();
            t.line("ERROR");
            t.failed_with(id, ErrorKind::ModuleError);
            t.expect_nothing_sent();
        }
        t.publish_taken(0, "b", 0);
        t.nothing_in_flight();
    });
}

impl Test {
    fn nothing_in_flight(&self) {
        assert_eq!(self.engine.clients[0].in_flight, 0);
        assert!(self.engine.clients[0].unresolved.is_empty());
    }
}

#[test]
fn a_subscription_tells_what_was_granted() {
    connected(|t| {
        let id = t.subscribe(0, &[("a", 2), ("b", 0), ("c", 1)]);
        t.expect_and_ok("AT+QMTSUB=0,1,\"a\",2,\"b\",0,\"c\",1\r");
        t.line("+QMTSUB: 0,1,0,1,128");
        let granted = vec![Granted::QoS(qos(1)), Granted::Refused, Granted::Unknown];
        assert_eq!(t.done(id), Outcome::Granted(granted));
    });
}

#[test]
fn a_failed_packet_carries_its_result() {
    connected(|t| {
        let id = t.publish_taken(0, "a", 1);
        t.line("+QMTPUBEX: 0,1,2");
        let error = t.failed_with(id, ErrorKind::OperationFailed);
        assert_eq!((error.code(), error.client()), (Some(2), Some(0)));
    });
}

#[test]
fn what_arrived_before_a_result_comes_out_before_it() {
    connected(|t| {
        t.publish_taken(0, "a", 1);
        t.engine.handle_input(
            t.now,
            b"\r\n+QMTRECV: 0,0,\"t\",1,\"x\"\r\n\r\n+QMTPUBEX: 0,1,0\r\n\r\n+QMTSTAT: 0,1\r\n",
        );
        assert!(matches!(t.engine.poll_output(), Some(Output::Message(_))));
        assert!(matches!(t.engine.poll_output(), Some(Output::Done(..))));
    });
}

#[test]
fn strings_that_end_the_line_are_refused_before_a_byte_is_sent() {
    connected(|t| {
        for topic in ["a\"b", "a\rb", "a\nb", "a\0b", ""] {
            let error = t.try_submit(subscribe(0, &[(topic, 0)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        t.expect_nothing_sent();
        t.nothing_left();
    });
}
