//! A line that holds a secret is damaged on its way in every way that one fault can: nothing of the secret
//! may be in an event, an error or a trace. (`core/tests/fault_matrix.rs` looks at the log.)

use std::sync::{Arc, Mutex};

use super::*;
use crate::mask::Shown;
use crate::trace::{Direction, Trace};

const SECRET: &[u8] = b"S3cr3t-V4lu3";

/// Commands, and what a module prints to them that no one may see.
const SPOKEN: &[(&str, &str)] = &[
    (
        "AT+QICSGP=1",
        "+QICSGP: 1,\"apn\",\"me\",\"S3cr3t-V4lu3\",2",
    ),
    (
        "AT+QMTCFG=\"aliauth\",0",
        "+QMTCFG: \"aliauth\",\"key\",\"name\",\"S3cr3t-V4lu3\"",
    ),
    (
        "AT+QMTCFG=\"onenet\",0",
        "+QMTCFG: \"onenet\",\"id\",\"S3cr3t-V4lu3\"",
    ),
    (
        "AT+QMTCFG=\"hwauth\",0",
        "+QMTCFG: \"hwauth\",\"id\",\"S3cr3t-V4lu3\",1",
    ),
    (
        "AT+QMTCFG=\"hwprodid\",0",
        "+QMTCFG: \"hwprodid\",\"id\",\"S3cr3t-V4lu3\",\"node\"",
    ),
    (
        "AT+QSSLCFG=\"clientkey\",2",
        "+QSSLCFG: \"clientkey\",2,\"k.pem\",\"S3cr3t-V4lu3\"",
    ),
    (
        "AT+QSSLCFG=\"psk\",2",
        "+QSSLCFG: \"psk\",2,\"id\",\"S3cr3t-V4lu3\"",
    ),
    ("AT+CGAUTH?", "+CGAUTH: 1,1,\"me\",\"S3cr3t-V4lu3\""),
    // What is echoed after a restart, say.
    (
        "AT+QMTCFG=\"onenet\",0,\"id\",\"S3cr3t-V4lu3\"",
        "AT+QMTCFG=\"onenet\",0,\"id\",\"S3cr3t-V4lu3\"",
    ),
    ("AT+CPIN=\"S3cr3t-V4lu3\"", "AT+CPIN=\"S3cr3t-V4lu3\""),
    (
        "AT+CGAUTH=1,1,\"me\",\"S3cr3t-V4lu3\"",
        "AT+CGAUTH=1,1,\"me\",\"S3cr3t-V4lu3\"",
    ),
];

/// What a trace is told of one direction.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Trace for Seen {
    fn note(&mut self, _: Direction, bytes: &[Shown]) {
        let bytes = bytes.iter().map(|byte| byte.unwrap_or(b'?'));
        self.0.lock().unwrap().extend(bytes);
    }
}

/// Whether so much of the secret is in it that it is no accident.
fn tells(text: &[u8]) -> bool {
    SECRET
        .windows(4)
        .any(|part| memchr::memmem::find(text, part).is_some())
}

/// The same bytes with one thing wrong.
fn damaged(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..bytes.len() {
        let byte = bytes[at];
        let others = [
            b'\r',
            b'\n',
            b'"',
            b',',
            b':',
            b'A',
            b'0',
            0xFF,
            byte ^ 1,
            byte ^ 0x20,
            byte ^ 0x80,
        ];
        for other in others {
            let mut bytes = bytes.to_vec();
            bytes[at] = other;
            all.push(bytes);
        }
        // So many are missing: one, a full buffer, all to the end.
        for end in at + 1..=bytes.len() {
            all.push([&bytes[..at], &bytes[end..]].concat());
        }
    }
    all
}

fn check(feed: Feed, command: &str, printed: &[u8], ends: bool) {
    let mut t = Test::new(feed, Options::default());
    t.get_ready();
    let seen = Seen::default();
    t.engine.set_trace(Box::new(seen.clone()));
    let id = t.command(command);
    t.sent();
    t.module(printed);
    if ends {
        t.ok();
    } else {
        // No final code, and the answer once more where nobody waits for it any more.
        t.advance(seconds(6));
        t.module(printed);
    }
    t.advance(seconds(20));
    let printed = printed.escape_ascii();
    if let Some(Err(error)) = t.done.get(&id) {
        let text = format!("{error} {error:?}");
        assert!(!tells(text.as_bytes()), "{printed}: {text}");
    }
    for event in t.events() {
        if let Event::Urc(line) = &event {
            assert!(!tells(line), "{printed}: {}", line.escape_ascii());
        }
        assert!(
            !tells(format!("{event:?}").as_bytes()),
            "{printed}: {event:?}"
        );
    }
    let seen = seen.0.lock().unwrap();
    assert!(!tells(&seen), "{printed}: {}", seen.escape_ascii());
}

#[test]
fn no_damage_shows_a_secret() {
    for (command, line) in SPOKEN {
        for bytes in damaged(format!("\r\n{line}\r\n").as_bytes()) {
            check(Feed::Whole, command, &bytes, true);
        }
    }
}

#[test]
fn what_comes_late_or_in_pieces_shows_no_secret() {
    for (command, line) in SPOKEN {
        let line = format!("\r\n{line}\r\n");
        check(Feed::Bytes, command, line.as_bytes(), false);
        for bytes in damaged(line.as_bytes()).iter().step_by(17) {
            check(Feed::Bytes, command, bytes, true);
            check(Feed::Whole, command, bytes, false);
        }
    }
}

#[test]
fn a_module_further_behind_than_can_be_told_shows_no_secret() {
    ready(|t| {
        let seen = Seen::default();
        t.engine.set_trace(Box::new(seen.clone()));
        t.command("AT+QSSLCFG=\"psk\",2");
        t.advance(seconds(5));
        for _ in 0..16 {
            t.command("AT+CSQ");
            t.advance(seconds(2));
        }
        let next = t.command("AT+CSQ");
        t.sent();
        // An early check is answered, and looks like the last.
        t.line("+CMEE: 1");
        t.ok();
        t.expect_and_ok("AT+CSQ\r");
        t.done(next);
        t.line("S3cr3t-V4lu3");
        assert!(t.strays().is_empty());
        assert!(!tells(&seen.0.lock().unwrap()));
        // What it was asked is forgotten with a restart.
        t.line("RDY");
        let next = t.command("AT+CSQ");
        t.expect_and_ok("ATQ0V1E0\r");
        t.answer_sync();
        t.expect_and_ok("AT+CSQ\r");
        t.done(next);
        t.line("+QNEW: 1");
        assert_eq!(t.strays(), ["+QNEW: 1"]);
    });
}

#[test]
fn a_damaged_echo_of_a_connect_shows_no_password() {
    let request = || Request::Connect {
        client: 0,
        connect: Connect::new("id").credentials("me", "S3cr3t-V4lu3"),
    };
    let echo = "AT+QMTCONN=0,\"id\",\"me\",\"S3cr3t-V4lu3\"\r";
    for bytes in damaged(echo.as_bytes()) {
        let mut t = Test::new(Feed::Whole, Options::default());
        t.get_ready();
        t.get_open(0);
        let seen = Seen::default();
        t.engine.set_trace(Box::new(seen.clone()));
        let id = t.submit(request());
        t.module(&bytes);
        t.module("\r\n");
        t.ok();
        t.line("+QMTCONN: 0,0,0");
        t.done(id);
        for event in t.events() {
            if let Event::Urc(line) = &event {
                assert!(!tells(line), "{}", line.escape_ascii());
            }
        }
        let seen = seen.0.lock().unwrap();
        assert!(!tells(&seen), "{}", seen.escape_ascii());
    }
}

#[test]
fn what_is_no_secret_is_shown_beside_one() {
    ready(|t| {
        let seen = Seen::default();
        t.engine.set_trace(Box::new(seen.clone()));
        let id = t.command("AT+QICSGP=1");
        t.line("+CREG: 2");
        t.line("+CREG: 1,\"1A2B\",\"0C3D4E5F\",7");
        t.line("+QIURC: \"closed\",1");
        t.line("RING");
        t.line("+QICSGP: 1,\"apn\",\"me\",\"S3cr3t-V4lu3\",2");
        t.line("+QNEW: \"what\"");
        t.ok();
        assert_eq!(
            t.answer(id),
            ["+QICSGP: 1,\"apn\",\"me\",\"S3cr3t-V4lu3\",2"]
        );
        let events = t.events();
        assert_eq!(events.len(), 5, "{events:?}");
        let lost = Event::InputLost {
            what: "a line of 13 bytes where one with a secret may come".to_owned(),
        };
        assert_eq!(events[4], lost);
        let seen = seen.0.lock().unwrap().escape_ascii().to_string();
        for shown in [
            "+CREG: 1,\\\"1A2B\\\",\\\"0C3D4E5F\\\",7",
            "+QICSGP: 1,\\\"apn\\\",\\\"me\\\",\\\"????????????\\\",?",
        ] {
            assert!(seen.contains(shown), "{shown}: {seen}");
        }
        // Later on such a line is like any other.
        t.line("+QNEW: \"what\"");
        assert_eq!(t.strays(), ["+QNEW: \"what\""]);
    });
}
