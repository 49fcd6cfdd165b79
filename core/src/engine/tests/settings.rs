//! `AT+QMTCFG`: what is written, what may be refused, and what is forgotten.

use super::*;
use crate::mqtt::setting::Will;

#[test]
fn an_open_writes_every_setting_first() {
    ready(|t| {
        let id = t.open(0);
        let mut names = Vec::new();
        loop {
            let sent = t.sent();
            let Some(setting) = sent.strip_prefix("AT+QMTCFG=\"") else {
                assert_eq!(sent, open_line(0));
                break;
            };
            names.push(setting.split('"').next().unwrap().to_owned());
            t.ok();
        }
        for name in [
            "recv/mode",
            "dataformat",
            "view/mode",
            "edit/timeout",
            "will",
        ] {
            assert!(names.iter().any(|written| written == name), "{name}");
        }
        t.ok();
        t.line("+QMTOPEN: 0,0");
        t.done(id);
    });
}

#[test]
fn settings_of_the_library_may_be_refused() {
    ready(|t| {
        let id = t.open(0);
        while t.sent().starts_with("AT+QMTCFG=") {
            t.line("ERROR");
        }
        t.ok();
        t.line("+QMTOPEN: 0,0");
        t.done(id);
    });
}

#[test]
fn a_setting_that_was_asked_for_may_not_be_refused() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().keepalive(30).clean_session(false));
        t.expect_sent("AT+QMTCFG=\"keepalive\",0,30\r");
        t.line("+CME ERROR: 3");
        let error = t.failed_with(id, ErrorKind::CmeError);
        assert_eq!(error.code(), Some(3));
        assert!(error.to_string().contains("keepalive"), "{error}");
        t.expect_nothing_sent();
        assert_eq!(t.state(0), State::Closed);
        let id = t.configure(0, ClientConfig::new().keepalive(60));
        t.expect_and_ok("AT+QMTCFG=\"keepalive\",0,60\r");
        t.done(id);
    });
}

#[test]
fn a_setting_whose_fate_is_unknown_is_written_again() {
    ready(|t| {
        let id = t.configure(0, ClientConfig::new().keepalive(60));
        t.expect_and_ok("AT+QMTCFG=\"keepalive\",0,60\r");
        t.done(id);
        let id = t.configure(0, ClientConfig::new().keepalive(30));
        t.sent();
        t.advance(seconds(5));
        t.failed_with(id, ErrorKind::Timeout);
        t.open(0);
        t.answer_check();
        let mut written = false;
        loop {
            let sent = t.sent();
            if !sent.starts_with("AT+QMTCFG=") {
                break;
            }
            written |= sent == "AT+QMTCFG=\"keepalive\",0,60\r";
            t.ok();
        }
        assert!(written);
    });
}

#[test]
fn a_will_of_any_bytes_goes_through_its_prompt() {
    ready(|t| {
        let will = Will::new("w", b"a\"b".to_vec()).qos(QoS::AtLeastOnce);
        let id = t.configure(0, ClientConfig::new().will(will));
        t.expect_sent("AT+QMTCFG=\"willex\",0,1,1,0,\"w\",3\r");
        t.prompt();
        t.expect_sent("a\"b");
        t.ok();
        t.done(id);
    });
}

#[test]
fn a_lost_prompt_of_a_will_leaves_the_client_closed() {
    ready(|t| {
        let will = Will::new("w", b"a\"b".to_vec());
        let config = ClientConfig::new().will(will);
        let id = t.configure(0, config);
        t.answer_settings();
        t.done(id);
        t.get_open(0);
        let id = t.close(0);
        t.expect_and_ok("AT+QMTCLOSE=0\r");
        t.line("+QMTCLOSE: 0,0");
        t.done(id);
        let id = t.open(0);
        loop {
            let sent = t.sent();
            assert!(sent.starts_with("AT+QMTCFG="), "{sent}");
            if sent.contains("willex") {
                break;
            }
            t.ok();
        }
        t.advance(seconds(16));
        t.failed_with(id, ErrorKind::Timeout);
        assert_eq!(t.state(0), State::Closed);
        t.open(0);
        t.answer_check();
    });
}

#[test]
fn a_restart_forgets_what_the_module_was_set_to() {
    connected(|t| {
        t.line("RDY");
        let will = Will::new("w", b"\"".to_vec());
        t.configure(0, ClientConfig::new().will(will));
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_sync();
        t.expect_sent("AT+QMTCFG=\"willex\",0,1,0,0,\"w\",1\r");
        // The edit time is gone with the restart: no probe after a lost prompt.
        let next = t.command("AT");
        t.advance(seconds(3600));
        t.expect_nothing_sent();
        t.failed_with(next, ErrorKind::PortStuck);
    });
}

#[test]
fn a_refusal_names_the_client() {
    ready(|t| {
        let error = t
            .engine
            .submit(
                t.now,
                Request::Configure {
                    client: 3,
                    config: Box::new(ClientConfig::new().keepalive(3601)),
                },
            )
            .unwrap_err();
        assert_eq!(error.client(), Some(3));
        assert_eq!(
            error.to_string(),
            "invalid argument: AT+QMTCFG (client 3): keepalive is 3601; it must be 0..=3600"
        );
    });
}
