//! The hazards of the serial line, each by its name.

use super::*;
use crate::mqtt::setting::Format;

#[test]
fn a_late_prompt_gets_its_payload_after_the_caller_has_left() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.expect_sent("AT+QMTPUBEX=0,1,1,0,\"t\",5\r");
        assert_eq!(t.abandon(id), Abandoned::Underway);
        t.advance(seconds(2));
        t.prompt();
        t.expect_sent("hello");
        t.ok();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
        assert!(t.events().is_empty());
    });
}

#[test]
fn a_prompt_after_its_deadline_still_gets_its_payload() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.advance(seconds(9));
        t.expect_nothing_sent();
        t.prompt();
        t.expect_sent("hello");
        t.ok();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
    });
}

#[test]
fn a_prompt_after_the_end_of_its_connection_still_gets_its_payload() {
    connected(|t| {
        t.advance(seconds(10));
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.line("+QMTSTAT: 0,1");
        t.pending(id);
        t.prompt();
        t.expect_sent("hello");
        // Who says so may be wrong, and then it has arrived.
        let error = t.failed_with(id, ErrorKind::Unconfirmed);
        assert_eq!(error.code(), Some(1));
        t.line("ERROR");
        let next = t.command("AT");
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_command_refused_after_the_end_of_its_connection_was_not_taken() {
    connected(|t| {
        t.advance(seconds(10));
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.line("+QMTSTAT: 0,1");
        assert_eq!(t.state(0), State::Closed);
        // The caller may have left meanwhile.
        assert_eq!(t.engine.abandon(t.now, id), Abandoned::Underway);
        t.pending(id);
        t.line("ERROR");
        let error = t.failed_with(id, ErrorKind::Disconnected);
        assert_eq!((error.code(), error.client()), (Some(1), Some(0)));
        assert_eq!(t.engine.abandon(t.now, id), Abandoned::Ended);
        t.nothing_left();
    });
}

#[test]
fn an_empty_message_without_a_prompt_was_taken_before_the_end() {
    connected(|t| {
        t.advance(seconds(10));
        let id = t.publish(0, "", 1);
        t.sent();
        t.line("+QMTSTAT: 0,1");
        t.ok();
        t.failed_with(id, ErrorKind::Unconfirmed);
    });
}

#[test]
fn a_publish_whose_prompt_is_lost_with_its_connection_ends_all_the_same() {
    for end in ["+QMTSTAT: 0,1", "+QMTPING: 0,1", "RDY"] {
        connected(|t| {
            t.advance(seconds(10));
            let id = t.publish(0, "hello", 1);
            t.sent();
            t.line(end);
            if end != "RDY" {
                t.advance(seconds(17));
            }
            t.failed_with(id, ErrorKind::Disconnected);
        });
        // The port may go before that.
        connected(|t| {
            t.advance(seconds(10));
            let id = t.publish(0, "hello", 1);
            t.line(end);
            t.engine
                .handle_lost(Error::new(ErrorKind::PortLost, "it is gone"));
            t.settle();
            t.failed_with(id, ErrorKind::Disconnected);
        });
    }
}

/// What is sent between them would be taken for the payload.
#[test]
fn an_ok_in_front_of_a_prompt_belongs_to_another_command() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        let next = t.command("AT+CSQ");
        t.ok();
        t.advance(millis(999));
        t.expect_nothing_sent();
        t.prompt();
        t.expect_sent("hello");
        t.ok();
        t.line("+QMTPUBEX: 0,1,0");
        t.done(id);
        t.expect_sent("AT+CSQ\r");
        t.line("+CSQ: 20,99");
        t.ok();
        assert_eq!(t.answer(next), ["+CSQ: 20,99"]);
    });
}

#[test]
fn an_ok_in_place_of_a_prompt_ends_the_command_after_a_while() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.ok();
        t.pending(id);
        t.advance(seconds(1));
        let error = t.failed_with(id, ErrorKind::ModuleError);
        assert!(error.to_string().contains("did not ask"), "{error}");
        t.expect_nothing_sent();
        // Out of step, perhaps.
        let next = t.command("AT");
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
    // At once where there is a second one, or another final result code.
    for code in ["OK", "ERROR"] {
        connected(|t| {
            let id = t.publish(0, "hello", 1);
            t.sent();
            t.ok();
            t.line(code);
            t.failed_with(id, ErrorKind::ModuleError);
        });
    }
}

#[test]
fn a_made_up_prompt_costs_the_time_of_the_data_entry() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        // In a topic, say. The module is not there yet, and waits for its payload when it is.
        t.line("> ");
        t.expect_sent("hello");
        t.line("\",1,\"x\"");
        t.prompt();
        t.advance(seconds(10));
        t.line("ERROR");
        t.failed_with(id, ErrorKind::ModuleError);
        // It takes what comes for the rest of the payload until the line is silent.
        let next = t.command("AT");
        t.expect_nothing_sent();
        t.advance(millis(200));
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_lost_prompt_is_waited_out_before_the_line_is_probed() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        let next = t.command("AT+CSQ");
        // 5 s for the prompt, 10 s of edit/timeout, a margin of 1 s.
        t.advance(millis(15_999));
        t.expect_nothing_sent();
        t.pending(id);
        t.advance(millis(1));
        let error = t.failed_with(id, ErrorKind::Timeout);
        assert_eq!(error.command(), Some("AT+QMTPUBEX"));
        t.answer_check();
        t.expect_sent("AT+CSQ\r");
        t.line("+CSQ: 20,99");
        t.ok();
        assert_eq!(t.answer(next), ["+CSQ: 20,99"]);
    });
}

#[test]
fn a_lost_prompt_keeps_no_message_id_and_no_place() {
    connected(|t| {
        for level in [0, 1] {
            let lost = t.publish(0, "hello", level);
            t.sent();
            t.advance(seconds(16));
            t.failed_with(lost, ErrorKind::Timeout);
            t.expect_nothing_sent();
            let next = t.publish(0, "again", level);
            t.answer_check();
            t.take_publish("again");
            t.line(&format!("+QMTPUBEX: 0,{},0", 2 * level));
            t.done(next);
        }
    });
}

fn without_edit_timeout(run: impl Fn(&mut Test)) {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().edit_timeout(None));
        assert_eq!(t.answer_settings(), "");
        t.done(id);
        t.get_connected(0);
        run(t);
    });
}

#[test]
fn a_lost_prompt_without_a_limit_leaves_the_port_stuck() {
    without_edit_timeout(|t| {
        let id = t.publish(0, "hello", 1);
        let zeros: Vec<_> = (0..3).map(|_| t.publish(0, "zero", 0)).collect();
        let ones: Vec<_> = (0..7).map(|_| t.publish(0, "one", 1)).collect();
        t.sent();
        let next = t.command("AT");
        t.advance(seconds(5));
        t.failed_with(id, ErrorKind::PortStuck);
        for id in zeros.into_iter().chain(ones) {
            t.failed_with(id, ErrorKind::PortStuck);
        }
        t.failed_with(next, ErrorKind::PortStuck);
        let refused = t.try_submit(command("AT")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PortStuck);
        t.advance(seconds(3600));
        t.expect_nothing_sent();
        t.nothing_left();
    });
}

#[test]
fn a_prompt_frees_a_stuck_port() {
    without_edit_timeout(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.advance(seconds(60));
        t.failed_with(id, ErrorKind::PortStuck);
        t.prompt();
        t.expect_sent("hello");
        t.ok();
        t.line("+QMTPUBEX: 0,1,0");
        assert!(t.strays().is_empty());
        for payload in ["a", "b"] {
            let next = t.publish_taken(0, payload, 0);
            t.line("+QMTPUBEX: 0,0,0");
            t.done(next);
        }
    });
}

#[test]
fn an_ok_frees_a_stuck_port() {
    without_edit_timeout(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.advance(seconds(60));
        t.failed_with(id, ErrorKind::PortStuck);
        t.ok();
        let next = t.command("AT");
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn an_ok_does_not_shorten_the_silence_after_a_lost_prompt() {
    connected(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.advance(seconds(6));
        t.ok();
        t.advance(millis(9_999));
        t.pending(id);
        t.expect_nothing_sent();
        t.advance(millis(1));
        t.failed_with(id, ErrorKind::Timeout);
    });
}

#[test]
fn a_stuck_port_is_freed_by_a_restart() {
    without_edit_timeout(|t| {
        let id = t.publish(0, "hello", 1);
        t.sent();
        t.advance(seconds(60));
        t.failed_with(id, ErrorKind::PortStuck);
        t.line("RDY");
        let next = t.command("AT");
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_sync();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_payload_that_could_not_leave_is_not_run_as_commands() {
    connected(|t| {
        let id = t.publish(0, "abcdefgh", 1);
        t.sent();
        t.port_room = 3;
        t.prompt();
        t.expect_sent("abc");
        let next = t.command("AT");
        // No room on the wire, until the module has left its data entry.
        t.advance(seconds(17));
        t.port_room = usize::MAX;
        t.settle();
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
        t.advance(seconds(30));
        t.failed_with(id, ErrorKind::Unconfirmed);
    });
}

#[test]
fn a_command_that_the_port_takes_too_late_is_taken_back() {
    // Run later, it would have the module wait for its data when other commands come.
    for room in ["AT+QMTPUB", "AT+QMTPUBEX=0,1,1,0,\"t\",8"] {
        connected(|t| {
            t.port_room = room.len();
            let id = t.publish(0, "abcdefgh", 1);
            t.expect_sent(room);
            let next = t.command("AT");
            t.advance(seconds(5));
            let error = t.failed_with(id, ErrorKind::Timeout);
            assert!(error.to_string().contains("flow control"), "{error}");
            t.port_room = usize::MAX;
            t.settle();
            // Behind what is left it is no command, and harmless.
            t.expect_sent("AT+CMEE?\r");
            t.line("ERROR");
            t.advance(seconds(2));
            t.failed_with(next, ErrorKind::Timeout);
            let next = t.command("AT");
            t.expect_sent("AT+CMEE?;+CMEE?\r");
            t.line("+CMEE: 1");
            t.line("+CMEE: 1");
            t.ok();
            t.expect_and_ok("AT\r");
            t.done(next);
        });
    }
}

#[test]
fn what_is_left_of_a_refused_payload_is_not_run_as_commands() {
    connected(|t| {
        let id = t.publish(0, "abcdefgh", 1);
        t.sent();
        t.port_room = 3;
        t.prompt();
        t.expect_sent("abc");
        t.line("ERROR");
        t.port_room = usize::MAX;
        t.settle();
        t.expect_nothing_sent();
        t.failed_with(id, ErrorKind::ModuleError);
    });
}

fn adopted(options: Options, settings: [&str; 5], run: impl Fn(&mut Test)) {
    script_with(options, |t| {
        t.begin(&["+QMTOPEN: 0,\"old\",1883"], &["+QMTCONN: 0,3"]);
        for setting in settings {
            assert!(t.sent().starts_with("AT+QMTCFG="));
            t.line(&format!("+QMTCFG: {setting}"));
            t.ok();
        }
        let discovery = t.discovery.unwrap();
        t.done(discovery);
        run(t);
    });
}

const SAFE: [&str; 5] = [
    "\"recv/mode\",0,1",
    "\"dataformat\",0,0",
    "\"timeout\",5,3,0",
    "\"view/mode\",0",
    "\"edit/timeout\",1,10",
];

#[test]
fn a_full_window_of_an_adopted_client_is_tried_again() {
    adopted(Options::default(), SAFE, |t| {
        let id = t.submit(Request::Adopt { client: 0 });
        t.done(id);
        let id = t.publish(0, "hello", 1);
        t.expect_sent("AT+QMTPUBEX=0,1,1,0,\"t\",5\r");
        t.line("ERROR");
        t.pending(id);
        t.expect_nothing_sent();
        // A result of the earlier program makes room.
        t.line("+QMTPUBEX: 0,40001,0");
        t.take_publish("hello");
        t.line("+QMTPUBEX: 0,2,0");
        t.done(id);
    });
}

#[test]
fn a_full_window_is_tried_again_without_a_result_too_and_not_for_ever() {
    adopted(Options::default(), SAFE, |t| {
        let id = t.submit(Request::Adopt { client: 0 });
        t.done(id);
        let id = t.publish(0, "hello", 1);
        let mut tries = 0;
        while t.sent().starts_with("AT+QMTPUBEX=") {
            tries += 1;
            t.line("ERROR");
            t.advance(seconds(1));
        }
        t.failed_with(id, ErrorKind::ModuleError);
        assert_eq!(tries, 26, "25 s for what an earlier program has in flight");
    });
}

#[test]
fn an_adopted_client_publishes_in_the_format_that_its_module_expects() {
    let hex = [
        "\"recv/mode\",0,1",
        "\"dataformat\",1,0",
        "\"timeout\",5,3,0",
        "\"view/mode\",0",
        "\"edit/timeout\",1,10",
    ];
    adopted(Options::default(), hex, |t| {
        let id = t.submit(Request::Adopt { client: 0 });
        t.done(id);
        t.publish(0, "AB", 1);
        t.expect_sent("AT+QMTPUBEX=0,1,1,0,\"t\",4\r");
        t.prompt();
        t.expect_sent("4142");
    });
}

#[test]
fn adoption_needs_lengths_and_text() {
    for (setting, at) in [("\"recv/mode\",0,0", 0), ("\"dataformat\",0,1", 1)] {
        let mut settings = SAFE;
        settings[at] = setting;
        adopted(Options::default(), settings, |t| {
            assert_eq!(t.engine.found(0), Some(("old", 1883)));
            for request in [Request::Adopt { client: 0 }, open(0), publish(0, "x", 0)] {
                let error = t.try_submit(request).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidState);
            }
            t.submit(open_with(0, true));
            t.expect_sent("AT+QMTCLOSE=0\r");
        });
    }
}

#[test]
fn message_ids_after_adoption_do_not_begin_at_1() {
    let options = Options {
        first_msgid: 4242,
        ..Options::default()
    };
    adopted(options, SAFE, |t| {
        let id = t.submit(Request::Adopt { client: 0 });
        t.done(id);
        assert_eq!(t.generation(0), 1);
        t.line("+QMTPUBEX: 0,1,0");
        assert_eq!(t.strays(), ["+QMTPUBEX: 0,1,0"]);
        t.publish(0, "x", 1);
        t.expect_sent("AT+QMTPUBEX=0,4242,1,0,\"t\",1\r");
    });
}

#[test]
fn the_result_of_an_abandoned_publish_is_no_other_ones() {
    connected(|t| {
        let left = t.publish_taken(0, "a", 1);
        assert_eq!(t.abandon(left), Abandoned::Underway);
        let next = t.publish_taken(0, "b", 1);
        t.line("+QMTPUBEX: 0,1,0");
        t.pending(next);
        t.line("+QMTPUBEX: 0,2,0");
        t.done(next);
        assert!(t.events().is_empty());
    });
}

#[test]
fn a_slot_refilled_before_the_ok_of_its_read_is_read_again() {
    stored(|t| {
        t.line("+QMTRECV: 0,2");
        t.expect_sent("AT+QMTRECV=0,2\r");
        t.message(0, "t", "first");
        t.line("+QMTRECV: 0,2");
        t.ok();
        t.expect_sent("AT+QMTRECV=0,2\r");
        t.message(0, "t", "second");
        t.ok();
        t.expect_nothing_sent();
        assert_eq!(t.payloads(), [b"first".to_vec(), b"second".to_vec()]);
    });
}

const OK_PAYLOAD: &str = "\r\nOK\r\n";

#[test]
fn a_payload_echo_that_reads_ok_is_skipped_where_the_command_was_echoed() {
    connected(|t| {
        let id = t.publish(0, OK_PAYLOAD, 0);
        let line = t.sent();
        t.module(line);
        t.prompt();
        t.expect_sent(OK_PAYLOAD);
        t.module(OK_PAYLOAD);
        t.pending(id);
        // Had the echo been taken for the `OK`, the next command would go out.
        let next = t.command("AT");
        t.expect_nothing_sent();
        t.ok();
        t.expect_sent("AT\r");
        t.line("+QMTPUBEX: 0,0,0");
        t.done(id);
        t.ok();
        t.done(next);
    });
}

#[test]
fn a_payload_echo_that_reads_ok_is_skipped_where_view_mode_is_on() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().view_mode(true));
        t.answer_settings();
        t.done(id);
        t.get_connected(0);
        t.publish(0, OK_PAYLOAD, 0);
        t.sent();
        t.prompt();
        t.expect_sent(OK_PAYLOAD);
        t.module(OK_PAYLOAD);
        let next = t.command("AT");
        t.expect_nothing_sent();
        t.ok();
        t.expect_sent("AT\r");
        t.pending(next);
    });
}

#[test]
fn a_payload_that_reads_ok_and_is_not_echoed_hides_no_ok() {
    connected(|t| {
        let id = t.publish(0, OK_PAYLOAD, 0);
        t.sent();
        t.prompt();
        t.expect_sent(OK_PAYLOAD);
        let next = t.command("AT");
        t.ok();
        t.expect_sent("AT\r");
        t.line("+QMTPUBEX: 0,0,0");
        t.done(id);
        t.pending(next);
    });
}

#[test]
fn an_echo_that_does_not_come_hides_nothing() {
    connected(|t| {
        let id = t.publish(0, "hello", 0);
        let line = t.sent();
        t.module(line);
        t.prompt();
        t.sent();
        t.ok();
        t.line("+QMTPUBEX: 0,0,0");
        t.done(id);
    });
}

#[test]
fn a_port_opened_in_the_middle_of_a_payload_waits_for_silence() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.discovery = Some(id);
        for _ in 0..10 {
            t.module("rest\r\nOK\r\n+CMEE: 1\r\nOK\r\n+QMTSTAT: 0,1\r\nRDY\r\n> ");
            t.advance(millis(50));
        }
        t.expect_nothing_sent();
        t.advance(millis(50));
        t.expect_sent("ATQ0V1E0\r");
        assert!(t.events().is_empty());
    });
}

#[test]
fn a_message_during_the_opening_dialogue_forges_no_answer() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.advance(millis(100));
        let forged = "x\r\nOK\r\n+CMEE: 1\r\n\r\nOK\r\n\r\nRDY\r\n";
        t.expect_sent("ATQ0V1E0\r");
        t.message(0, "t", forged);
        t.expect_nothing_sent();
        t.ok();
        t.expect_sent("AT+CMEE?\r");
        t.message(0, "t", forged);
        t.expect_nothing_sent();
        t.line("+CMEE: 1");
        t.ok();
        t.expect_and_ok("AT+CMEE=1\r");
        t.expect_and_ok("AT+QMTOPEN?\r");
        t.expect_and_ok("AT+QMTCONN?\r");
        t.done(id);
    });
}

#[test]
fn a_port_that_never_falls_silent_is_spoken_to_all_the_same() {
    script(|t| {
        t.engine.start(t.now);
        for _ in 0..60 {
            t.module("x");
            t.advance(millis(50));
        }
        t.expect_sent("ATQ0V1E0\r");
    });
}

#[test]
fn a_full_client_stops_no_other() {
    ready(|t| {
        for client in all_clients() {
            t.get_stored(client);
        }
        t.room(0, 0);
        t.line("+QMTRECV: 0,0");
        t.expect_nothing_sent();
        assert!(t.engine.wants_room(0));
        for client in 1..CLIENTS {
            t.line(&format!("+QMTRECV: {client},0"));
            t.expect_sent(&format!("AT+QMTRECV={client},0\r"));
            t.message(client, "t", "x");
            t.ok();
        }
        assert_eq!(t.payloads().len(), 5);
        t.room(0, 1);
        t.expect_sent("AT+QMTRECV=0,0\r");
    });
}

#[test]
fn hexadecimal_reception_is_decoded() {
    ready(|t| {
        let config = ClientConfig::new().data_format((Format::Text, Format::Hex));
        t.configure(0, config);
        t.answer_settings();
        t.get_connected(0);
        t.message(0, "t", "4142");
        assert_eq!(t.payloads(), [b"AB".to_vec()]);
    });
}

#[test]
fn a_topic_that_imitates_a_length_holds_nothing_up_for_long() {
    connected(|t| {
        t.module("\r\n+QMTRECV: 0,0,\"a\",60000,\"b\",5,\"hello\"\r\n");
        // 3 s, and what 64 KiB take at 115200 baud.
        for _ in 0..9 {
            t.line("+CREG: 1");
            t.advance(millis(990));
        }
        assert!(matches!(t.events()[..], [Event::InputLost { .. }]));
        t.advance(seconds(1));
        let id = t.command("AT+CSQ");
        t.expect_sent("AT+CSQ\r");
        t.line("+CSQ: 20,99");
        t.ok();
        assert_eq!(t.answer(id), ["+CSQ: 20,99"]);
        assert_eq!(t.state(0), State::Connected);
    });
}

#[test]
fn a_long_message_on_a_slow_line_costs_no_final_result_code() {
    connected(|t| {
        let id = t.configure(1, ClientConfig::new().keepalive(60));
        t.sent();
        t.module("\r\n+QMTRECV: 0,0,\"t\",6000,\"");
        // 1 kB/s: the final result code is due in the middle of the message.
        for _ in 0..60 {
            t.module([b'x'; 100]);
            t.advance(millis(100));
        }
        t.pending(id);
        t.module("\"\r\n");
        t.ok();
        t.done(id);
        assert_eq!(t.payloads(), [vec![b'x'; 6000]]);
    });
}

#[test]
fn a_prompt_that_may_be_old_gets_nothing() {
    connected(|t| {
        let id = t.publish(0, "AT+QPOWD\r", 1);
        t.sent();
        t.advance(millis(10_000));
        // Of the end of the data entry, 10 s after the prompt, nothing has come yet.
        t.prompt();
        t.expect_nothing_sent();
        let error = t.failed_with(id, ErrorKind::Timeout);
        assert!(error.to_string().contains("so late"), "{error}");
        let next = t.command("AT+CSQ");
        t.line("ERROR");
        t.advance(millis(200));
        t.answer_check();
        t.expect_and_ok("AT+CSQ\r");
        t.done(next);
    });
}

#[test]
fn where_the_limit_of_a_prompt_is_not_known_a_late_one_gets_nothing() {
    ready(|t| {
        let id = t.submit(command_with_data("AT+QFUPL=\"f\",9,5", "AT+QPOWD\r"));
        t.sent();
        t.advance(seconds(5));
        t.failed_with(id, ErrorKind::PortStuck);
        t.line("CONNECT");
        t.expect_nothing_sent();
        // The module's own limit on silence.
        t.line("+CME ERROR: 421");
        let next = t.command("AT");
        t.advance(millis(200));
        t.answer_check();
        t.expect_and_ok("AT\r");
        t.done(next);
    });
}

#[test]
fn a_close_that_was_lost_is_done_again_before_the_open() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().keepalive(60));
        t.expect_and_ok("AT+QMTCFG=\"keepalive\",0,60\r");
        t.done(id);
        t.get_connected(0);
        let id = t.submit(open_with(0, true));
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.advance(seconds(5));
        t.answer_check();
        // It is still open, so it takes no settings.
        let mut sent = t.sent();
        while sent.starts_with("AT+QMTCFG=") {
            t.line("ERROR");
            sent = t.sent();
        }
        assert_eq!(sent, "AT+QMTCLOSE=0\r");
        t.ok();
        t.line("+QMTCLOSE: 0,0");
        t.answer_open(0, id);
    });
}

#[test]
fn an_operation_without_any_answer_says_so() {
    connected(|t| {
        let id = t.subscribe(0, &[("t", 1)]);
        t.sent();
        t.advance(seconds(40));
        let error = t.failed_with(id, ErrorKind::Unconfirmed);
        assert!(error.to_string().contains("answered nothing"), "{error}");
    });
}
