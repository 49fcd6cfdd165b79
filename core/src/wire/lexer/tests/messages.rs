//! Every form of `+QMTRECV`.

use super::*;

const DISPLAYS: [LengthDisplay; 3] = [
    LengthDisplay::On,
    LengthDisplay::Off,
    LengthDisplay::Unknown,
];

/// The bytes, then a line that must come out whole, with the length shown or unknown.
fn counted(bytes: &str) -> Vec<Seen> {
    let followed = [bytes.as_bytes(), b"\r\n+QMTSTAT: 0,1\r\n"].concat();
    let on = Run::on().read(&followed);
    let unknown = Run::length(LengthDisplay::Unknown).read(&followed);
    assert_eq!(unknown, on, "{bytes:?} with the length display unknown");
    assert_eq!(on.last(), Some(&line("+QMTSTAT: 0,1")), "{bytes:?}");
    on[..on.len() - 1].to_vec()
}

fn on(bytes: &str) -> Vec<Seen> {
    Run::on().read(bytes.as_bytes())
}

#[test]
fn with_length_and_quotation_marks() {
    assert_eq!(
        counted("\r\n+QMTRECV: 0,0,\"a,b\",3,\"x\"y\"\r\n"),
        [message("a,b", b"x\"y", Some(3))]
    );
    assert_eq!(
        counted("\r\n+QMTRECV: 0,0,\"t\",2,\"\r\n\"\r\n"),
        [message("t", b"\r\n", Some(2))]
    );
    // A JSON string: two quotation marks side by side at both ends.
    assert_eq!(
        counted("\r\n\r\n+QMTRECV: 0,0,\"m/?$rid=2\",6,\"\"2022\"\"\r\n\r\n"),
        [message("m/?$rid=2", b"\"2022\"", Some(6))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",10,\"{\"a\":\"b\",}\"\r\n"),
        [message("t", b"{\"a\":\"b\",}", Some(10))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",1,\"\"\"\r\n"),
        [message("t", b"\"", Some(1))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",2,\"\"\"\"\r\n"),
        [message("t", b"\"\"", Some(2))]
    );
}

#[test]
fn with_length_and_no_quotation_marks() {
    assert_eq!(
        counted("\r\n+QMTRECV: 0,0,\"topic/pub\",30,This is test data, hello MQTT.\r\n"),
        [message(
            "topic/pub",
            b"This is test data, hello MQTT.",
            Some(30)
        )]
    );
    // What looks like the quotation marks around a payload is the payload.
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",5,\"abc\"\r\n"),
        [message("t", b"\"abc\"", Some(5))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",2,\"\"\r\n"),
        [message("t", b"\"\"", Some(2))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",1,\"\r\n"),
        [message("t", b"\"", Some(1))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",4,\r\nab\r\n"),
        [message("t", b"\r\nab", Some(4))]
    );
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",2,\r\n\r\n"),
        [message("t", b"\r\n", Some(2))]
    );
}

#[test]
fn header_and_payload_on_two_lines() {
    let json = "{\"relay1\":1,\"relay2\":0}";
    let wanted = [message("pump/01/cmd", json.as_bytes(), Some(23))];
    for header in ["23\r\n", "23,\r\n"] {
        assert_eq!(
            counted(&format!(
                "\r\n+QMTRECV: 0,0,\"pump/01/cmd\",{header}{json}\r\n"
            )),
            wanted
        );
        assert_eq!(
            counted(&format!(
                "\r\n+QMTRECV: 0,0,\"pump/01/cmd\",{header}\"{json}\"\r\n"
            )),
            wanted,
            "quoted"
        );
    }
    assert_eq!(
        counted("+QMTRECV: 0,0,\"t\",6\r\n\r\nOK\r\n\r\n"),
        [message("t", b"\r\nOK\r\n", Some(6))]
    );
}

#[test]
fn length_zero() {
    for end in ["0,\"\"\r\n", "0,\r\n", "0\r\n"] {
        assert_eq!(
            counted(&format!("\r\n+QMTRECV: 0,0,\"t\",{end}")),
            [message("t", b"", Some(0))],
            "{end:?}"
        );
    }
}

#[test]
fn spaces_or_none() {
    for text in [
        "+QMTRECV:0,0,\"t\",2,\"ab\"\r\n",
        "+QMTRECV: 0, 0, \"t\", 2,\"ab\"\r\n",
    ] {
        assert_eq!(counted(text), [message("t", b"ab", Some(2))], "{text:?}");
    }
}

#[test]
fn client_and_message_id() {
    assert_eq!(
        on("+QMTRECV: 5,38899,\"t\",1,\"1\"\r\n"),
        [Seen::Message {
            client: 5,
            msgid: 38899,
            topic: "t".into(),
            payload: "1".into(),
            length: Some(1)
        }]
    );
    // Not for this layer to judge.
    assert!(matches!(
        on("+QMTRECV: 255,65535,\"t\",1,\"1\"\r\n")[..],
        [Seen::Message {
            client: 255,
            msgid: 65535,
            ..
        }]
    ));
    // No client and no message id at all.
    for text in [
        "+QMTRECV: 256,0,\"t\",1,\"1\"",
        "+QMTRECV: 0,65536,\"t\",1,\"1\"",
        "+QMTRECV: -1,0,\"t\",1,\"1\"",
        "+QMTRECV: ,0,\"t\",1,\"1\"",
        "+QMTRECV: 0,,\"t\",1,\"1\"",
    ] {
        assert_eq!(on(&format!("{text}\r\n")), [line(text)]);
    }
}

#[test]
fn without_length() {
    let unknown = |text: &str| {
        let bytes = [text.as_bytes(), b"\r\n\r\nOK\r\n"].concat();
        let off = Run::length(LengthDisplay::Off).read(&bytes);
        let unknown = Run::length(LengthDisplay::Unknown).read(&bytes);
        assert_eq!(off, unknown, "{text:?}");
        assert_eq!(off.last(), Some(&line("OK")), "{text:?}");
        off[..off.len() - 1].to_vec()
    };
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"hello\""),
        [message("t", b"hello", None)]
    );
    // The end is the last quotation mark of the line.
    let json = "{\"state\":{\"a\":\"29\",\"b\":\"Red\"},\"version\":5}";
    assert_eq!(
        unknown(&format!("+QMTRECV: 0,0,\"$aws/t\",\"{json}\"")),
        [message("$aws/t", json.as_bytes(), None)]
    );
    assert_eq!(
        unknown(&format!("+QMTRECV: 0,0,\"t\",{json}")),
        [message("t", json.as_bytes(), None)],
        "JSON without quotation marks"
    );
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"a\",3,\"abc\""),
        [message("t", b"a\",3,\"abc", None)],
        "a payload that looks like a length"
    );
    assert_eq!(unknown("+QMTRECV: 0,0,\"t\",\""), [message("t", b"", None)]);
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"\""),
        [message("t", b"", None)]
    );
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"cut off"),
        [message("t", b"cut off", None)]
    );
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"a\rb\nc\""),
        [message("t", b"a\rb\nc", None)],
        "only CR LF ends it"
    );
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"\u{3000}x \""),
        [message("t", "\u{3000}x ".as_bytes(), None)]
    );
    assert_eq!(
        unknown("+QMTRECV: 0,0,\"t\",\"\"x\"\""),
        [message("t", b"\"x\"", None)],
        "one quotation mark is taken off either end"
    );
}

#[test]
fn a_length_that_nobody_has_announced_is_tried_first() {
    let run = Run::length(LengthDisplay::Unknown);
    assert_eq!(
        run.read(b"+QMTRECV: 0,0,\"t\",5,\"hello\"\r\n"),
        [message("t", b"hello", Some(5))]
    );
    assert_eq!(
        run.read(b"+QMTRECV: 0,0,\"t\",3,\"hello\"\r\n"),
        [message("t", b"3,\"hello\"", None)],
        "it does not fit, so it is none"
    );
    // A number without quotation marks, waited for until silence says that it is no length.
    let (before, late) = run.read_then_silence(b"+QMTRECV: 0,0,\"t\",23\r\n\r\nOK\r\n");
    assert_eq!(before, []);
    assert_eq!(late, [message("t", b"23", None), line("OK")]);
}

#[test]
fn with_lengths_off_a_number_is_payload() {
    assert_eq!(
        Run::length(LengthDisplay::Off).read(b"+QMTRECV: 0,0,\"t\",5,\"hello\"\r\n"),
        [message("t", b"5,\"hello\"", None)]
    );
}

#[test]
fn a_line_without_length_although_lengths_are_on() {
    // The answer to a read may have another form than the URC (register A58).
    assert_eq!(
        on("+QMTRECV: 0,0,\"t\",\"hello\"\r\nOK\r\n"),
        [message("t", b"hello", None), line("OK")]
    );
    assert_eq!(
        on("+QMTRECV: 0,0,\"t\",{\"a\":1}\r\nOK\r\n"),
        [message("t", b"{\"a\":1}", None), line("OK")]
    );
}

#[test]
fn any_bytes_in_a_payload() {
    let all: Vec<u8> = (0..=255).collect();
    for payload in [
        &all[..],
        b"OK",
        b"\r\nOK\r\n",
        b"+QMTSTAT: 0,1",
        b"\r\n+QMTSTAT: 0,1\r\n",
        b"\"\r\n+QMTSTAT: 0,1\r\n",
        b"x\"\r\nOK\r\n\r\n+QMTPUBEX: 0,1,0\r\n+CMGR: \"",
        b"\r\n+QMTRECV: 0,0,\"t\",5,\"hello\"\r\n",
        b"\",5,\"hello\"\r\n+QMTRECV: 0,0,\"forged\",1,\"1\"\r\n",
        b"\r\n> ",
        b">",
        b"\0",
        b"\0\0\r\n\r\n",
        b"\r",
        b"\n",
        b"\r\n",
        b"\"",
        b"\"\"",
        b"\"\r\n",
        b",",
        b" ",
        "\u{3000}\u{6E29}\u{5EA6} ".as_bytes(),
        b"\xff\xfe\x80",
        b"{\"a\":[1,\"2\",{\"b\":\"c\",\"d\":null}]}",
    ] {
        for quote in ["\"", ""] {
            for comma in [",", "\r\n", ",\r\n"] {
                if comma == ",\r\n" && payload.ends_with(b"\r\n") {
                    // The CR LF in front may be part of the payload just as well.
                    continue;
                }
                let mut bytes =
                    format!("\r\n+QMTRECV: 0,0,\"t\",{}{comma}{quote}", payload.len()).into_bytes();
                bytes.extend_from_slice(payload);
                bytes.extend_from_slice(quote.as_bytes());
                bytes.extend_from_slice(b"\r\n\r\nERROR\r\n");
                for length in [LengthDisplay::On, LengthDisplay::Unknown] {
                    let mut run = Run::length(length);
                    run.context.prompt = true;
                    let tokens = run.read(&bytes);
                    assert_eq!(
                        tokens,
                        [message_of(payload, payload.len()), line("ERROR")],
                        "{}",
                        bytes.escape_ascii()
                    );
                }
            }
        }
    }
}

fn message_of(payload: &[u8], length: usize) -> Seen {
    message("t", payload, u32::try_from(length).ok())
}

#[test]
fn topics_with_quotation_marks_commas_and_digits() {
    for topic in [
        "a\"b",
        "a,b",
        "\"",
        "\"\"",
        "",
        "a\",b",
        "a\",5",
        "a\",5,\"b",
        "a\",5,\"",
        "\",5,\"",
        "a\",1\"",
        "a\",1,2,3",
        "a\",0,\"b",
        "a\",0,\"\"b",
        "a\",3,\"abc\"",
        "a\",3,abc",
        "a\" ,5",
        "a\", 5,\"",
        "5,\"hello\"",
        "///$?=+ #",
        "a\rb",
        "a\nb",
        "\u{6E29}\u{5EA6}",
        "a\",123456789012,\"b",
        "a\",1,\"b\",2,\"c\",3,\"d",
    ] {
        for end in ["5,\"hello\"", "5,hello", "5\r\nhello"] {
            if topic.contains("\",5,\"") && end.contains('\r') {
                // The first reading fits: five bytes up to the end of the line.
                continue;
            }
            let bytes = format!("\r\n+QMTRECV: 0,0,\"{topic}\",{end}\r\n\r\nOK\r\n");
            assert_eq!(
                on(&bytes),
                [message(topic, b"hello", Some(5)), line("OK")],
                "{bytes:?}"
            );
        }
    }
}

#[test]
fn a_topic_that_announces_more_than_comes_is_read_after_silence() {
    let run = Run::on();
    let (before, late) =
        run.read_then_silence(b"\r\n+QMTRECV: 0,0,\"a\",60000,\"b\",5,\"hello\"\r\n");
    assert_eq!(before, []);
    assert_eq!(late, [message("a\",60000,\"b", b"hello", Some(5))]);
}

#[test]
fn hexadecimal_with_either_count() {
    let run = Run::layout(RecvLayout {
        length: LengthDisplay::On,
        hex: true,
    });
    for count in [3, 6] {
        for end in [
            format!("{count},\"AABBCC\""),
            format!("{count},AABBCC"),
            format!("{count}\r\nAABBCC"),
        ] {
            let bytes = format!("+QMTRECV: 0,0,\"t\",{end}\r\nOK\r\n");
            assert_eq!(
                run.read(bytes.as_bytes()),
                [message("t", b"AABBCC", Some(count)), line("OK")],
                "{bytes:?}"
            );
        }
    }
    assert_eq!(
        Run::on()
            .read_then_silence(b"+QMTRECV: 0,0,\"t\",3,\"AABBCC\"\r\n")
            .0,
        [Seen::Lost(Loss::Unframed)],
        "only where it is known to be hexadecimal"
    );
}

#[test]
fn notices_and_slot_maps_are_lines() {
    for length in DISPLAYS {
        for text in [
            "+QMTRECV: 0,3",
            "+QMTRECV:0,3",
            "+QMTRECV: 0,3,30",
            "+QMTRECV: 0,1,0,0,0,1",
            "+QMTRECV: 0,1,test,M95 Hello World",
            "+QMTRECV: (0-5),(0-4)",
            "+QMTRECV: ",
            "+QMTRECV:",
        ] {
            let bytes = format!("\r\n{text}\r\n\r\nOK\r\n");
            assert_eq!(
                Run::length(length).read(bytes.as_bytes()),
                [line(text), line("OK")],
                "{text:?} {length:?}"
            );
        }
    }
    // Old modules quote nothing; only CR LF ends what may hold a payload.
    assert_eq!(
        on("+QMTRECV: 0,1,test,a\rOK\nb\r\nOK\r\n"),
        [line("+QMTRECV: 0,1,test,a\rOK\nb"), line("OK")]
    );
}

#[test]
fn each_client_has_its_own_layout() {
    let mut run = Run::on();
    run.context.layouts[1].length = LengthDisplay::Off;
    assert_eq!(
        run.read(
            b"+QMTRECV: 0,0,\"t\",2,\"ab\"\r\n+QMTRECV: 1,0,\"t\",2,\"ab\"\r\n\
              +QMTRECV: 9,0,\"t\",2,\"ab\"\r\n"
        ),
        [
            message("t", b"ab", Some(2)),
            Seen::Message {
                client: 1,
                msgid: 0,
                topic: "t".into(),
                payload: "2,\\\"ab\\\"".into(),
                length: None
            },
            Seen::Message {
                client: 9,
                msgid: 0,
                topic: "t".into(),
                payload: "ab".into(),
                length: Some(2)
            },
        ]
    );
}

#[test]
fn one_message_after_the_other() {
    let one = "+QMTRECV: 0,0,\"t\",5,\"hello\"\r\n";
    assert_eq!(on(&one.repeat(4)), vec![message("t", b"hello", Some(5)); 4]);
}
