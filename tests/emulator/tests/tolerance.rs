//! What programs written for real modules do without asking: every line end, either case, spaces,
//! bytes beyond the announced length, long waits and none at all. In every dialect.

mod session;

use atmqtt_emulator::profile::{PayloadEcho, Profile};
use session::{ERROR, OK, Session};

fn everywhere(check: impl Fn(&mut Session)) {
    for name in Profile::names() {
        check(&mut Session::connected(name));
    }
}

fn command(s: &Session, length: usize) -> String {
    format!("AT+{}=0,0,0,0,\"t\",{length}", s.publish())
}

#[test]
fn line_ends() {
    let lines = [
        "AT+QMTCFG=\"keepalive\",0",
        "AT+QMTSUB=0,1,\"t\",1",
        "AT+CSQ;+CREG?",
        "AT+NOSUCH",
        "ATE1",
        "AT",
        "AT+QMTDISC=0",
    ];
    everywhere(|s| {
        let cr: String = lines.iter().map(|line| s.at(line)).collect();
        let mut s = Session::connected(s.profile.name);
        let crlf: String = lines
            .iter()
            .map(|line| s.raw(format!("{line}\r\n")))
            .collect();
        assert_eq!(crlf, cr, "{}", s.profile.name);
        s.raw("ATE0\r\n");
        assert_eq!(s.raw("\r\n\r\nAT\r\n\r\n"), OK, "empty lines");
    });
}

#[test]
fn the_line_feed_of_a_command_is_no_payload() {
    everywhere(|s| {
        let line = command(s, 5);
        let prompt = s.profile.prompt;
        // In one write, and as a straggler behind the prompt.
        s.raw("AT\r\n");
        assert_eq!(s.raw(format!("{line}\r\n")), prompt);
        assert!(s.raw("hello").starts_with(OK), "{}", s.profile.name);
        s.raw("AT\r\n");
        assert_eq!(s.raw(format!("{line}\r")), prompt);
        assert_eq!(s.raw("\n"), "");
        assert!(s.raw("hello").starts_with(OK));
        // A program that ends its lines with CR alone may send a LF as payload.
        s.raw("AT\r");
        s.at(&line);
        assert!(s.raw("\nell").is_empty());
        assert!(s.raw("o").starts_with(OK));
        assert_eq!(s.published(), [&b"hello"[..], b"hello", b"\nello"]);
    });
}

#[test]
fn either_case() {
    everywhere(|s| {
        assert_eq!(s.at("at"), OK);
        assert_eq!(
            s.at("At+qMtCfG=\"KeepAlive\",0"),
            s.at("AT+QMTCFG=\"keepalive\",0")
        );
        assert_eq!(s.at("at+qmtsub=?"), s.at("AT+QMTSUB=?"));
        assert_eq!(s.at(&command(s, 2).to_lowercase()), s.profile.prompt);
        assert!(s.raw("Hi").starts_with(OK));
        assert_eq!(s.published(), [b"Hi"], "{}", s.profile.name);
    });
}

#[test]
fn spaces() {
    everywhere(|s| {
        let query = s.at("AT+QMTCFG=\"keepalive\",0");
        for line in [
            "  AT+QMTCFG=\"keepalive\",0",
            "AT +QMTCFG=\"keepalive\",0",
            "AT+QMTCFG= \"keepalive\" , 0",
            "AT+QMTCFG=\"keepalive\",0  ",
        ] {
            assert_eq!(s.at(line), query, "{}: {line}", s.profile.name);
        }
        assert_eq!(s.at("AT+QMTSUB=? "), s.at("AT+QMTSUB=?"));
        // Not inside the name, and not inside a string or a number.
        assert_eq!(s.at("AT+QMT CFG=\"keepalive\",0"), ERROR);
        assert_eq!(s.at("AT+QMTCFG =\"keepalive\",0"), ERROR);
        assert_eq!(s.at("AT+QMTCFG=\"keep alive\",0"), ERROR);
        assert_eq!(s.at("AT+QMTSUB=0,1 2,\"t\",1"), ERROR);
    });
}

#[test]
fn surplus_behind_the_payload() {
    everywhere(|s| {
        let line = command(s, 4);
        let surplus = [
            "\r\n",
            "\x1a",
            "\x1a\r\n",
            "\r",
            "\n",
            "\x1b",
            " and then some",
        ];
        for more in surplus {
            // Together with the payload ...
            s.at(&line);
            let out = s.raw(format!("data{more}"));
            assert_eq!(out.matches("OK").count(), 1, "{}: {out:?}", s.profile.name);
            assert_eq!(s.at("AT"), OK, "{}: {more:?}", s.profile.name);
        }
        for more in ["\r\n", "\x1a", "\x1a\r\n", "\r", "\n", "\x1b"] {
            // ... or when its answer is there already.
            s.at(&line);
            s.raw("data");
            assert_eq!(s.raw(more), "", "{}: {more:?}", s.profile.name);
            assert_eq!(s.at("AT"), OK, "{}: {more:?}", s.profile.name);
        }
        let published = s.published();
        assert_eq!(published.len(), 13);
        assert!(published.iter().all(|payload| payload == b"data"));
    });
}

#[test]
fn echo_of_the_payload_is_no_longer_than_announced() {
    everywhere(|s| {
        let name = s.profile.name;
        let line = command(s, 4);
        s.at("ATE1");
        let prompt = s.profile.prompt;
        assert_eq!(s.at(&line), format!("{line}\r{prompt}"));
        let out = s.raw("data and more\r\n");
        let echoed = s.profile.payload_echo == PayloadEcho::WithEcho;
        let start = if echoed { "data\r\nOK" } else { "\r\nOK" };
        assert!(out.starts_with(start), "{name}: {out:?}");
        assert!(!out.contains("more"), "{name}: {out:?}");
        // Or because it was asked for; `ATE0` does not matter then.
        let Some(switch) = ["view/mode", "echo_mode"]
            .into_iter()
            .find(|it| s.profile.settings.iter().any(|(name, _)| name == it))
        else {
            return;
        };
        let mut s = Session::new(name, 0, &[]);
        s.ok(&format!("AT+QMTCFG=\"{switch}\",0,1"));
        s.connect();
        s.at(&line);
        assert!(
            s.raw("da\rta and more").starts_with("da\rt\r\nOK"),
            "{name}"
        );
    });
}

#[test]
fn programs_that_do_not_wait() {
    for name in Profile::names() {
        let mut s = Session::connected_with(name, 1500, &[]);
        let publish = s.publish();
        // Results are still under way when the next command comes.
        let sub = s.line("QMTSUB", "1,0,1");
        let uns = s.line("QMTUNS", "2,0");
        let done = s.line(publish, "3,0");
        assert_eq!(s.at("AT+QMTSUB=0,1,\"s\",1"), OK);
        assert_eq!(s.at("AT+QMTUNS=0,2,\"s\""), OK);
        assert_eq!(
            s.at(&format!("AT+{publish}=0,3,1,0,\"t\",1")),
            s.profile.prompt
        );
        assert_eq!(s.raw("x"), OK, "{name}");
        assert_eq!(s.wait(3000), format!("{sub}{uns}{done}"), "{name}");
        // Not even for the answer.
        let out = s.raw("AT+CSQ\rAT+CREG?\r\nAT+NOSUCH\rAT+QMTSUB=0,4,\"s\",0\rAT\r");
        let order = ["+CSQ", "OK", "+CREG", "OK", "ERROR", "OK", "OK"];
        let got: Vec<_> = out
            .split("\r\n")
            .filter(|line| !line.is_empty())
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert_eq!(got, order, "{name}");
        assert_eq!(s.wait(3000), s.line("QMTSUB", "4,0,0"));
    }
}

#[test]
fn programs_that_wait_long() {
    everywhere(|s| {
        if s.profile.data_timeout.is_none() {
            let line = command(s, 2);
            s.at(&line);
            assert_eq!(s.wait(600_000), "", "it waits for the payload");
            s.raw("a");
            assert_eq!(s.wait(600_000), "");
            assert!(s.raw("b").starts_with(OK), "{}", s.profile.name);
        }
        assert_eq!(s.wait(3_600_000), "", "{}", s.profile.name);
        assert_eq!(s.at("A"), "");
        assert_eq!(s.wait(3_600_000), "");
        assert_eq!(s.at("AT"), OK, "the half line was none");
    });
}
