//! How the sister families publish: with a length, until Ctrl+Z, in one line.

mod session;

use atmqtt_emulator::profile::{Profile, PublishForms};
use session::{ERROR, OK, Session};

/// The dialects whose `AT+QMTPUB` allows this.
fn with(allowed: impl Fn(PublishForms) -> bool) -> Vec<Session> {
    let sessions: Vec<_> = Profile::names()
        .filter(|name| allowed(Profile::by_name(name).unwrap().qmtpub))
        .map(Session::connected)
        .collect();
    assert!(!sessions.is_empty());
    sessions
}

#[test]
fn until_ctrl_z() {
    for mut s in with(|forms| forms.variable) {
        let prompt = s.profile.prompt;
        assert_eq!(s.at("AT+QMTPUB=0,0,0,0,\"t\""), prompt);
        assert_eq!(
            s.raw("two\r\nlines, \"quoted\"\r"),
            "",
            "{}",
            s.profile.name
        );
        let result = s.line("QMTPUB", "0,0");
        assert_eq!(s.raw("\x1a"), format!("{OK}{result}"));
        assert_eq!(s.published(), [b"two\r\nlines, \"quoted\"\r"]);

        assert_eq!(s.at("AT+QMTPUB=0,1,1,0,\"t\""), prompt);
        let result = s.line("QMTPUB", "1,0");
        assert_eq!(s.raw("\x1a"), format!("{OK}{result}"), "an empty one");
        assert_eq!(s.published().len(), 2);
        s.ok("AT");
    }
}

#[test]
fn esc_cancels() {
    for mut s in with(|forms| forms.variable) {
        assert_eq!(s.at("AT+QMTPUB=0,0,0,0,\"t\""), s.profile.prompt);
        assert_eq!(s.raw("never mind\x1b"), OK, "{}", s.profile.name);
        s.ok("AT");
        assert!(s.published().is_empty());
    }
}

#[test]
fn with_a_length_everything_is_payload() {
    for mut s in with(|forms| forms.counted) {
        assert_eq!(s.at("AT+QMTPUB=0,9,2,0,\"t\",5"), s.profile.prompt);
        assert_eq!(s.raw("a\x1a\x1b\r"), "", "{}", s.profile.name);
        let result = s.line("QMTPUB", "9,0");
        assert_eq!(s.raw("\n"), format!("{OK}{result}"));
        assert_eq!(s.published(), [b"a\x1a\x1b\r\n"]);
        s.ok("AT");
    }
}

#[test]
fn in_one_line() {
    for mut s in with(|forms| forms.inline) {
        let json = r#"{"id":"1","params":{"text":"a, b; c"}}"#;
        let result = s.line("QMTPUB", "0,0");
        let out = s.at(&format!("AT+QMTPUB=0,0,0,0,\"t\",\"{json}\""));
        assert_eq!(out, format!("{OK}{result}"), "{}", s.profile.name);
        let mut bytes = b"at+qmtpub=0, 0, 0, 0, \"t\" , \"\xff\xfe\";+CSQ\r".to_vec();
        assert!(s.raw(&bytes).starts_with("\r\n+CSQ"));
        bytes.truncate(0);
        assert_eq!(s.published(), [json.as_bytes(), b"\xff\xfe"]);
        s.error("AT+QMTPUB=0,0,0,0,\"t\",bare");
        s.error("AT+QMTPUB=0,0,0,0,\"t\",\"m\",1");
        let result = s.line("QMTPUB", "1,0");
        assert_eq!(
            s.at("AT+QMTPUB=0,1,1,0,\"t\",\"m\""),
            format!("{OK}{result}")
        );
    }
}

#[test]
fn pubex_in_one_line_is_answered_by_qmtpub() {
    let mut s = Session::connected("bg95");
    let out = s.at("AT+QMTPUBEX=0,0,0,1,\"t\",\"hello\"");
    assert_eq!(out, format!("{OK}\r\n+QMTPUB: 0,0,0\r\n"));
    let out = s.at("AT+QMTPUBEX=0,3,2,0,\"t\",\"{\"a\":\"b\"}\"");
    assert_eq!(out, format!("{OK}\r\n+QMTPUB: 0,3,0\r\n"));
    assert_eq!(s.published(), [&b"hello"[..], b"{\"a\":\"b\"}"]);
    s.error("AT+QMTPUBEX=0,0,0,0,\"t\",5");
    s.error("AT+QMTPUBEX=0,0,0,0,\"t\"");
    s.error("AT+QMTPUB=0,0,0,0,\"t\",\"m\"");

    let mut s = Session::connected_with("bg95", 0, &["delay-final:at=QMTPUBEX,ms=900"]);
    assert_eq!(s.at("AT+QMTPUBEX=0,1,1,0,\"t\",\"late\""), "");
    let both = format!("{OK}\r\n+QMTPUB: 0,1,0\r\n");
    assert_eq!(s.wait(1000), both, "the result waits for its OK");
}

#[test]
fn what_a_family_does_not_have() {
    for name in Profile::names() {
        let mut s = Session::connected(name);
        let (publish, pubex) = (s.profile.qmtpub, s.profile.qmtpubex);
        for (command, forms) in [("QMTPUB", publish), ("QMTPUBEX", pubex)] {
            let head = format!("AT+{command}=0,0,0,0,\"t\"");
            s.error(&format!("AT+{command}?"));
            s.error(&format!("AT+{command}"));
            s.error(&format!("AT+{command}=0,0,0,0"));
            if !forms.any() {
                s.error(&format!("AT+{command}=?"));
            }
            if !forms.variable {
                s.error(&head);
            }
            if !forms.counted {
                s.error(&format!("{head},1"));
            }
            if !forms.inline {
                s.error(&format!("{head},\"m\""));
            }
        }
        assert!(s.published().is_empty());
    }
}

#[test]
fn longest_payloads() {
    for (name, max) in [
        ("note", 1500),
        ("ec25", 1548),
        ("bg96", 1548),
        ("m95", 1548),
        ("bg95", 4096),
        ("bg770a", 4096),
        ("bc66", 1460),
        ("bc95", 1460),
    ] {
        let mut s = Session::connected(name);
        let head = format!("AT+{}=0,0,0,0,\"t\"", s.publish());
        s.error(&format!("{head},{}", max + 1));
        assert_eq!(s.at(&format!("{head},{max}")), s.profile.prompt, "{name}");
        let longest = "x".repeat(max);
        assert!(s.raw(&longest).starts_with(OK));
        let mut sent = 1;
        if s.profile.qmtpub.any() {
            s.error(&format!("{head},0"));
        }
        if s.profile.qmtpub.variable {
            s.at(&head);
            assert!(s.raw(format!("{longest}\x1a")).starts_with(OK), "{name}");
            sent += 1;
            s.at(&head);
            assert_eq!(s.raw(format!("{longest}x\x1a")), ERROR, "{name}");
            s.ok("AT");
        }
        if s.profile.qmtpub.inline {
            assert!(s.at(&format!("{head},\"{longest}\"")).starts_with(OK));
            sent += 1;
            s.error(&format!("{head},\"{longest}x\""));
        }
        if s.profile.qmtpubex.inline {
            let head = "AT+QMTPUBEX=0,0,0,0,\"t\"";
            assert!(s.at(&format!("{head},\"{longest}\"")).starts_with(OK));
            sent += 1;
            s.error(&format!("{head},\"{longest}x\""));
        }
        let published = s.published();
        assert_eq!(published.len(), sent, "{name}");
        assert!(published.iter().all(|payload| payload.len() == max));
    }
}

#[test]
fn test_forms() {
    for (name, form) in [
        (
            "bg770a",
            "\r\n+QMTPUB: (0-5),(0-65535),(0-2),(0,1),<topic>,(1-4096)\r\nOK\r\n",
        ),
        (
            "m95",
            "\r\n+QMTPUB: (0-5), <msgid>,(0-2),(0,1),\"topic\",[(1-1548)]\r\n\r\nOK\r\n",
        ),
        (
            "bg96",
            "\r\n+QMTPUB: (0-5),<msgid>,(0-2),(0,1),\"topic\"\r\n\r\nOK\r\n",
        ),
        (
            "bc66",
            "\r\n+QMTPUB: (0-4),<msgID>,(0-2),(0,1),<topic>,<msg>\r\n\r\nOK\r\n",
        ),
    ] {
        let mut s = Session::new(name, 0, &[]);
        assert_eq!(s.at("AT+QMTPUB=?"), form, "{name}");
    }
    for command in ["QMTDISC", "QMTCLOSE"] {
        let mut s = Session::new("bg770a", 0, &[]);
        let form = format!("\r\n+{command}: (0-5)\r\nOK\r\n");
        assert_eq!(s.at(&format!("AT+{command}=?")), form);
        let mut s = Session::new("bc66", 0, &[]);
        let form = format!("\r\n+{command}: (0-4)\r\n{OK}");
        assert_eq!(s.at(&format!("AT+{command}=?")), form);
    }
}

#[test]
fn failure_and_retransmission_carry_the_name_too() {
    let mut s = Session::new("bg96", 0, &["drop-ack:ack=puback,always"]);
    s.ok("AT+QMTCFG=\"timeout\",0,5,2,1");
    s.connect();
    s.at("AT+QMTPUB=0,7,1,0,\"t\",1");
    assert_eq!(s.raw("x"), OK);
    let all = s.wait(60_000);
    let want = "\r\n+QMTPUB: 0,7,1,1\r\n\r\n+QMTPUB: 0,7,2\r\n\r\n+QMTSTAT: 0,6\r\n";
    assert_eq!(all, want);
}
