//! What the module still holds although its answer sounded like the end, and what it no longer holds
//! although the end did not sound like one.

use super::*;

/// Runs a script whose client 0 is connected and has a setting that its caller asked for.
fn configured(run: impl Fn(&mut Test)) {
    ready(|t| {
        t.configure(0, ClientConfig::new().keepalive(10));
        t.answer_settings();
        t.get_connected(0);
        t.advance(seconds(10));
        run(t);
    });
}

#[test]
fn a_client_whose_close_was_refused_is_closed_before_it_is_opened() {
    configured(|t| {
        let id = t.close(0);
        t.sent();
        t.line("ERROR");
        t.done(id);
        t.open(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
    });
}

#[test]
fn a_closed_client_whose_close_was_refused_is_simply_opened() {
    ready(|t| {
        t.close(0);
        t.sent();
        t.line("ERROR");
        t.get_open(0);
    });
}

/// Refuses every setting up to the one that was asked for, and that one.
fn refuse_settings(t: &mut Test) {
    for _ in 0..18 {
        let asked_for = t.sent() == "AT+QMTCFG=\"keepalive\",0,10\r";
        t.line("ERROR");
        if asked_for {
            return;
        }
    }
    panic!("it was not written");
}

#[test]
fn a_refused_setting_behind_a_refused_close_is_tried_once_more() {
    configured(|t| {
        let id = t.submit(open_with(0, true));
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.line("ERROR");
        refuse_settings(t);
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.ok();
        t.line("+QMTCLOSE: 0,0");
        t.pending(id);
        refuse_settings(t);
        t.failed_with(id, ErrorKind::ModuleError);
    });
}

#[test]
fn a_close_that_is_not_answered_has_35_seconds() {
    connected(|t| {
        let id = t.close(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
        t.advance(seconds(20));
        t.pending(id);
        t.ok();
        t.line("+QMTCLOSE: 0,0");
        t.done(id);
        assert_eq!(t.state(0), State::Closed);
    });
}

#[test]
fn the_end_of_a_connection_does_not_end_the_open_in_place_of_it() {
    for line in ["+QMTSTAT: 0,1", "+QMTPING: 0,1", "+QIURC: \"pdpdeact\",1"] {
        // While the close in front of it is under way.
        connected(|t| {
            t.advance(seconds(10));
            let id = t.submit(open_with(0, true));
            t.expect_sent("AT+QMTCLOSE=0\r");
            t.line(line);
            t.ok();
            t.line("+QMTCLOSE: 0,0");
            t.answer_open(0, id);
        });
        // While it waits for its turn.
        connected(|t| {
            t.advance(seconds(10));
            let other = t.command("AT");
            let id = t.submit(open_with(0, true));
            t.expect_sent("AT\r");
            t.line(line);
            t.pending(id);
            t.ok();
            t.done(other);
            t.expect_sent("AT+QMTCLOSE=0\r");
            t.line("ERROR");
            t.answer_open(0, id);
        });
    }
}

#[test]
fn a_lost_context_ends_an_open_that_the_module_had_taken() {
    ready(|t| {
        let id = t.open(0);
        t.answer_settings();
        t.line("+QIURC: \"pdpdeact\",1");
        t.pending(id);
        t.ok();
        t.line("+QIURC: \"pdpdeact\",2");
        t.pending(id);
        t.line("+QIURC: \"pdpdeact\",1");
        t.failed_with(id, ErrorKind::Disconnected);
        assert_eq!(t.state(0), State::Closed);
        // What becomes of it in the module is not known.
        t.open(0);
        t.expect_sent("AT+QMTCLOSE=0\r");
    });
}

#[test]
fn what_comes_after_a_restart_is_no_part_of_the_message_that_it_cut() {
    connected(|t| {
        t.module("\r\n+QMTRECV: 0,0,\"t\",12,\"abc");
        t.advance(millis(1_500));
        t.line("RDY");
        t.line("+CFUN: 1");
        assert!(t.messages.is_empty());
        assert!(t.events().contains(&Event::Restarted));
        assert_eq!(t.state(0), State::Closed);
    });
}
