//! What the sister families have to configure, and within which limits.

mod session;

use session::{ERROR, OK, Session};

#[test]
fn settings_that_are_missing() {
    let exact = [
        "willex",
        "send/mode",
        "dataformat",
        "view/mode",
        "edit/timeout",
    ];
    for name in ["bg96", "bg95", "bg770a", "ec25", "m95"] {
        let mut s = Session::new(name, 0, &[]);
        for setting in exact {
            s.error(&format!("AT+QMTCFG=\"{setting}\",0"));
        }
        s.ok("AT+QMTCFG=\"keepalive\",5,60");
    }
    for name in ["bc66", "bc95"] {
        let mut s = Session::new(name, 0, &[]);
        for setting in [
            "pdpcid",
            "recv/mode",
            "view/mode",
            "edit/timeout",
            "qmtping",
        ] {
            s.error(&format!("AT+QMTCFG=\"{setting}\",0"));
        }
    }
    // And what only they have.
    let mut s = Session::new("note", 0, &[]);
    s.error("AT+QMTCFG=\"showrecvlen\",0");
    s.error("AT+QMTCFG=\"echo_mode\",0");
}

#[test]
fn context_numbers() {
    for (name, max) in [
        ("note", 15),
        ("bg96", 16),
        ("bg95", 16),
        ("ec25", 16),
        ("bg770a", 5),
    ] {
        let mut s = Session::new(name, 0, &[]);
        s.error(&format!("AT+QMTCFG=\"pdpcid\",0,{}", max + 1));
        s.ok(&format!("AT+QMTCFG=\"pdpcid\",0,{max}"));
        assert!(
            s.at("AT+QMTOPEN=0,\"broker\",1883").starts_with(OK),
            "{name}"
        );
    }
}

#[test]
fn five_clients() {
    for name in ["bc66", "bc95"] {
        let mut s = Session::new(name, 0, &[]);
        s.ok("AT+QMTCFG=\"session\",4,0");
        s.error("AT+QMTCFG=\"session\",5,0");
        assert!(s.at("AT+QMTOPEN=4,\"broker\",1883").starts_with(OK));
        s.error("AT+QMTOPEN=5,\"broker\",1883");
        s.error("AT+QMTCLOSE=5");
    }
}

#[test]
fn queries_without_the_name() {
    let answer = |values: &str| format!("\r\n+QMTCFG: {values}\r\n{OK}");
    let mut s = Session::new("bc66", 0, &[]);
    assert_eq!(s.at("AT+QMTCFG=\"timeout\",0"), answer("30,0,0"));
    assert_eq!(s.at("AT+QMTCFG=\"version\",0"), answer("1"));
    s.ok("AT+QMTCFG=\"version\",0,0");
    assert_eq!(s.at("AT+QMTCFG=\"version\",0"), answer("0"));
    s.error("AT+QMTCFG=\"version\",0,3");
    s.ok("AT+QMTCFG=\"will\",0,1,1,0,\"w\",\"gone\"");
    assert_eq!(s.at("AT+QMTCFG=\"will\",0"), answer("1,1,0,\"w\",\"gone\""));
    let mut s = Session::new("bc95", 0, &[]);
    assert_eq!(
        s.at("AT+QMTCFG=\"echo_mode\",0"),
        format!("\r\n+QMTCFG:0\r\n{OK}")
    );
    let mut s = Session::new("ec25", 0, &[]);
    assert_eq!(s.at("AT+QMTCFG=\"timeout\",0"), answer("\"timeout\",5,3,0"));
    assert_eq!(s.at("AT+QMTCFG=\"version\",0"), answer("\"version\",4"));
}

#[test]
fn lengths_of_strings() {
    let long = |count: usize| "x".repeat(count);
    let mut s = Session::new("bc66", 0, &[]);
    s.error("AT+QMTCFG=\"will\",0,1,0,0,\"w\",\"\"");
    s.at("AT+QMTOPEN=0,\"broker\",1883");
    s.error(&format!("AT+QMTCONN=0,\"{}\"", long(129)));
    s.error(&format!("AT+QMTCONN=0,\"a\",\"{}\"", long(257)));
    s.error(&format!("AT+QMTCONN=0,\"a\",\"b\",\"{}\"", long(257)));
    let most = format!("AT+QMTCONN=0,\"{}\",\"{1}\",\"{1}\"", long(128), long(256));
    assert!(s.at(&most).starts_with(OK));
    let mut s = Session::new("bg95", 0, &[]);
    s.error(&format!(
        "AT+QMTCFG=\"will\",0,1,0,0,\"{}\",\"m\"",
        long(256)
    ));
    s.error(&format!(
        "AT+QMTCFG=\"will\",0,1,0,0,\"w\",\"{}\"",
        long(256)
    ));
    s.ok(&format!(
        "AT+QMTCFG=\"will\",0,1,0,0,\"{0}\",\"{0}\"",
        long(255)
    ));
}

#[test]
fn lengths_and_echo_of_messages() {
    let mut s = Session::connected("bc66");
    assert!(s.at("AT+QMTSUB=0,1,\"t\",0").contains("+QMTSUB: 0,1,0,0"));
    let out = s.at("AT+QMTPUB=0,0,0,0,\"t\",\"a,b\"");
    assert!(out.ends_with("\r\n+QMTRECV: 0,0,\"t\",a,b\r\n"), "{out:?}");

    let mut s = Session::new("bc66", 0, &[]);
    s.ok("AT+QMTCFG=\"showrecvlen\",0,1");
    s.ok("AT+QMTCFG=\"echo_mode\",0,1");
    s.connect();
    s.at("AT+QMTSUB=0,1,\"t\",0");
    assert_eq!(s.at("AT+QMTPUB=0,0,0,0,\"t\",3"), s.profile.prompt);
    let out = s.raw("a,b\r\n");
    assert!(out.starts_with(&format!("a,b{OK}")), "{out:?}");
    assert!(
        out.ends_with("\r\n+QMTRECV: 0,0,\"t\",3,a,b\r\n"),
        "{out:?}"
    );
}

#[test]
fn hexadecimal_halves_the_payload() {
    let mut s = Session::new("bc66", 0, &[]);
    s.ok("AT+QMTCFG=\"dataformat\",0,1,0");
    s.connect();
    let digits = "4f".repeat(730);
    assert!(
        s.at(&format!("AT+QMTPUB=0,0,0,0,\"t\",\"{digits}\""))
            .starts_with(OK)
    );
    s.error(&format!("AT+QMTPUB=0,0,0,0,\"t\",\"{digits}4f\""));
    s.at("AT+QMTPUB=0,0,0,0,\"t\"");
    assert!(s.raw("4f4B\x1a").starts_with(OK));
    s.at("AT+QMTPUB=0,0,0,0,\"t\"");
    assert_eq!(s.raw("4f4\x1a"), ERROR);
    let published = s.published();
    assert_eq!(published, [vec![b'O'; 730], b"OK".to_vec()]);
}

#[test]
fn times_of_bc() {
    // A prompt without data ends after a minute; each byte puts it off.
    let mut s = Session::connected("bc66");
    s.at("AT+QMTPUB=0,0,0,0,\"t\",3");
    assert_eq!(s.wait(59_000), "");
    assert_eq!(s.raw("a"), "");
    assert_eq!(s.wait(59_000), "");
    assert_eq!(s.wait(2_000), ERROR);
    s.ok("AT");
    assert!(s.published().is_empty());
    // A publish without an answer is given up after pkt x (retry + 1), and so is a CONNECT.
    let mut s = Session::new("bc66", 0, &["drop-ack:ack=connack"]);
    s.ok("AT+QMTCFG=\"timeout\",0,10,1,0");
    s.at("AT+QMTOPEN=0,\"broker\",1883");
    s.ok("AT+QMTCONN=0,\"me\"");
    assert_eq!(s.wait(19_500), "");
    assert!(s.wait(1_000).starts_with("\r\n+QMTCONN: 0,2\r\n"));
}
