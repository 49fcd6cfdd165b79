//! Stored delivery: notices, fetches, slot queries.

use super::*;

#[test]
fn messages_are_fetched_one_at_a_time_in_the_order_of_their_notices() {
    stored(|t| {
        for slot in [3, 0, 4] {
            t.line(&format!("+QMTRECV: 0,{slot}"));
        }
        for slot in [3, 0, 4] {
            t.expect_sent(&format!("AT+QMTRECV=0,{slot}\r"));
            t.message(0, "t", format!("{slot}"));
            t.ok();
        }
        t.expect_nothing_sent();
        assert_eq!(t.payloads(), [b"3", b"0", b"4"]);
    });
}

#[test]
fn a_notice_may_carry_the_length() {
    stored(|t| {
        t.line("+QMTRECV: 0,1,30");
        t.expect_sent("AT+QMTRECV=0,1\r");
    });
}

#[test]
fn an_empty_slot_is_harmless() {
    stored(|t| {
        t.line("+QMTRECV: 0,1");
        t.expect_and_ok("AT+QMTRECV=0,1\r");
        t.expect_nothing_sent();
        assert_eq!(t.events(), []);
    });
}

#[test]
fn a_full_queue_holds_fetches_back() {
    stored(|t| {
        t.room(0, 1);
        t.line("+QMTRECV: 0,0");
        t.line("+QMTRECV: 0,1");
        t.expect_sent("AT+QMTRECV=0,0\r");
        t.message(0, "t", "a");
        t.ok();
        t.expect_nothing_sent();
        t.advance(seconds(60));
        t.expect_nothing_sent();
        t.room(0, 1);
        t.expect_sent("AT+QMTRECV=0,1\r");
    });
}

#[test]
fn the_slots_are_asked_for_every_5_seconds() {
    stored(|t| {
        for _ in 0..3 {
            t.advance(millis(4_999));
            t.expect_nothing_sent();
            t.advance(millis(1));
            t.expect_sent("AT+QMTRECV?\r");
            t.line("+QMTRECV: 0,0,0,1,0,0");
            t.ok();
            t.expect_sent("AT+QMTRECV=0,2\r");
            t.message(0, "t", "x");
            t.ok();
        }
        t.events();
        assert_eq!(t.payloads().len(), 3);
    });
}

#[test]
fn a_slot_map_that_nobody_asked_for_is_a_stray_line() {
    stored(|t| {
        t.line("+QMTRECV: 0,1,1,1,1,1");
        t.expect_nothing_sent();
        assert_eq!(t.strays(), ["+QMTRECV: 0,1,1,1,1,1"]);
    });
}

#[test]
fn an_inline_client_is_not_asked_for_slots() {
    connected(|t| {
        t.advance(seconds(60));
        t.expect_nothing_sent();
        assert_eq!(t.engine.poll_timeout(), None, "idle");
    });
}

#[test]
fn a_fetch_without_ok_is_done_again_in_its_turn() {
    stored(|t| {
        t.line("+QMTRECV: 0,1");
        t.line("+QMTRECV: 0,2");
        t.expect_sent("AT+QMTRECV=0,1\r");
        t.advance(seconds(5));
        t.answer_check();
        t.expect_sent("AT+QMTRECV=0,1\r");
        t.message(0, "t", "x");
        t.advance(seconds(5));
        t.answer_check();
        t.expect_sent("AT+QMTRECV=0,2\r");
    });
}

#[test]
fn commands_go_between_fetches() {
    stored(|t| {
        for slot in 0..5 {
            t.line(&format!("+QMTRECV: 0,{slot}"));
        }
        t.expect_sent("AT+QMTRECV=0,0\r");
        let id = t.command("AT");
        t.message(0, "t", "x");
        t.ok();
        t.expect_and_ok("AT\r");
        t.done(id);
        t.expect_sent("AT+QMTRECV=0,1\r");
    });
}

#[test]
fn slots_are_forgotten_with_the_connection() {
    stored(|t| {
        t.advance(seconds(4));
        t.room(0, 0);
        t.line("+QMTRECV: 0,0");
        t.line("+QMTSTAT: 0,1");
        t.room(0, 5);
        t.advance(seconds(60));
        t.expect_nothing_sent();
        assert_eq!(t.engine.poll_timeout(), None);
    });
}

#[test]
fn a_map_of_one_client_tells_of_the_others() {
    stored(|t| {
        t.get_stored(1);
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,0,0,0,0,0");
        t.line("+QMTRECV: 1,0,0,0,0,1");
        t.ok();
        let mut sent = t.sent();
        if sent == "AT+QMTRECV?\r" {
            t.line("+QMTRECV: 0,0,0,0,0,0");
            t.line("+QMTRECV: 1,0,0,0,0,1");
            t.ok();
            sent = t.sent();
        }
        assert_eq!(sent, "AT+QMTRECV=1,4\r");
    });
}

/// The module prints a notice before it reads the command that fetches its message. Taken for another
/// message in the same slot, it would be fetched before an older one.
#[test]
fn a_notice_before_the_answer_is_of_a_message_in_the_answer() {
    stored(|t| {
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,0,1,0,1,0");
        t.ok();
        t.expect_sent("AT+QMTRECV=0\r");
        t.line("+QMTRECV: 0,2");
        for payload in ["a", "b", "c"] {
            t.message(0, "t", payload);
        }
        t.ok();
        t.expect_nothing_sent();
        // Two new ones, the second in the slot of the notice above.
        t.line("+QMTRECV: 0,0");
        t.line("+QMTRECV: 0,2");
        for slot in [0, 2] {
            t.expect_sent(&format!("AT+QMTRECV=0,{slot}\r"));
            t.message(0, "t", slot.to_string());
            t.ok();
        }
        t.events();
        assert_eq!(t.payloads(), [b"a", b"b", b"c", b"0", b"2"]);
    });
}

#[test]
fn a_late_notice_of_the_slot_that_is_fetched_is_no_second_message() {
    stored(|t| {
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,1,0,0,0,0");
        t.ok();
        t.expect_sent("AT+QMTRECV=0,0\r");
        t.line("+QMTRECV: 0,0");
        t.message(0, "t", "x");
        // The slot is free now, and this is another one.
        t.line("+QMTRECV: 0,0");
        t.ok();
        t.expect_sent("AT+QMTRECV=0,0\r");
        t.message(0, "t", "y");
        t.ok();
        t.expect_nothing_sent();
    });
}

/// Nobody can tell whether the message of such a notice was among those printed.
#[test]
fn after_a_notice_in_the_middle_of_many_all_are_read_again() {
    stored(|t| {
        t.advance(seconds(5));
        t.expect_sent("AT+QMTRECV?\r");
        t.line("+QMTRECV: 0,0,1,0,1,0");
        t.ok();
        t.expect_sent("AT+QMTRECV=0\r");
        t.message(0, "t", "a");
        t.line("+QMTRECV: 0,4");
        t.message(0, "t", "b");
        t.ok();
        t.expect_and_ok("AT+QMTRECV=0\r");
        t.expect_nothing_sent();
    });
}
