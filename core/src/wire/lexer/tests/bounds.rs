//! What is too large, broken, or made to do harm.

use super::*;

const SMALL: Limits = Limits {
    line: 40,
    payload: 50,
    skipped: 200,
    head: 60,
};

fn small() -> Run {
    Run::on().limits(SMALL)
}

fn recv(topic: &str, length: usize, payload: &str) -> Vec<u8> {
    format!("\r\n+QMTRECV: 0,0,\"{topic}\",{length},{payload}\r\n").into_bytes()
}

#[test]
fn a_line_may_have_the_limit_and_no_more() {
    let fits = "x".repeat(SMALL.line);
    let long = "x".repeat(SMALL.line + 1);
    let bytes = format!("{fits}\r\n{long}\r\n{fits}\r\n{long}{long}{long}\r\nOK\r\n");
    assert_eq!(
        small().read(bytes.as_bytes()),
        [
            line(&fits),
            Seen::Lost(Loss::LongLine),
            line(&fits),
            Seen::Lost(Loss::LongLine),
            line("OK")
        ]
    );
}

#[test]
fn a_payload_may_have_the_limit_and_no_more() {
    let fits = "p".repeat(SMALL.payload);
    let mut bytes = recv("t", SMALL.payload, &format!("\"{fits}\""));
    let large = "\"+QMTSTAT: 0,1\r\n".repeat(4);
    for payload in [
        format!("\"{large}\""),
        large.clone(),
        format!("\r\n{large}"),
        format!("\r\n\"{large}\""),
    ] {
        bytes.extend_from_slice(&recv("t", large.len(), &payload));
        bytes.extend_from_slice(b"\r\nOK\r\n");
    }
    let lost = Seen::Lost(Loss::LargePayload {
        client: 0,
        length: large.len(),
    });
    let mut wanted = vec![message("t", fits.as_bytes(), Some(50))];
    for _ in 0..4 {
        wanted.extend([lost.clone(), line("OK")]);
    }
    assert_eq!(small().read(&bytes), wanted);
}

#[test]
fn a_large_payload_that_begins_with_a_quotation_mark_and_has_none_around_it() {
    for payload in [
        format!("\"{}", "x".repeat(59)),
        format!("\"{}\"", "x".repeat(58)),
        format!("{}\"", "x".repeat(59)),
    ] {
        let mut bytes = recv("t", payload.len(), &payload);
        bytes.extend_from_slice(b"\r\nOK\r\n");
        assert_eq!(
            small().read(&bytes),
            [
                Seen::Lost(Loss::LargePayload {
                    client: 0,
                    length: 60
                }),
                line("OK")
            ],
            "{payload:?}"
        );
    }
}

#[test]
fn a_large_payload_on_its_own_line() {
    let payload = "y".repeat(60);
    let bytes = format!("+QMTRECV: 3,0,\"t\",60\r\n{payload}\r\n\r\nOK\r\n");
    assert_eq!(
        small().read(bytes.as_bytes()),
        [
            Seen::Lost(Loss::LargePayload {
                client: 3,
                length: 60
            }),
            line("OK")
        ]
    );
}

#[test]
fn large_hexadecimal_payloads_with_either_count() {
    let run = Run::layout(RecvLayout {
        length: LengthDisplay::On,
        hex: true,
    })
    .limits(SMALL);
    // Within the limit by its count of bytes, though twice as many characters are printed.
    let digits = "AB".repeat(40);
    assert_eq!(
        run.read(&recv("t", 40, &format!("\"{digits}\""))),
        [message("t", digits.as_bytes(), Some(40))]
    );
    let digits = "AB".repeat(60);
    for quote in ["", "\""] {
        for length in [60, 120] {
            let mut bytes = recv("t", length, &format!("{quote}{digits}{quote}"));
            bytes.extend_from_slice(b"\r\nOK\r\n");
            assert_eq!(
                run.read(&bytes),
                [
                    Seen::Lost(Loss::LargePayload { client: 0, length }),
                    line("OK")
                ]
            );
        }
    }
}

#[test]
fn a_large_payload_whose_end_is_elsewhere_is_a_framing_error() {
    let bytes = recv("t", 60, &format!("\"{}\"", "z".repeat(70)));
    let (before, late) = small().read_then_silence(&bytes);
    assert_eq!(
        before,
        [
            Seen::Lost(Loss::LargePayload {
                client: 0,
                length: 60
            }),
            Seen::Lost(Loss::Unframed)
        ]
    );
    assert_eq!(late, []);
}

#[test]
fn a_large_payload_that_breaks_off_ends_with_the_silence() {
    let bytes = b"+QMTRECV: 0,0,\"t\",150,\"only this\r\nOK\r\n";
    let (before, late) = small().read_then_silence(bytes);
    assert_eq!(
        before,
        [Seen::Lost(Loss::LargePayload {
            client: 0,
            length: 150
        })]
    );
    assert_eq!(late, [], "what was discarded is never read");
}

#[test]
fn a_length_above_the_hard_cap_is_a_framing_error() {
    let bytes = recv("t", SMALL.skipped + 1, "\"x\",1,\"y\"");
    let (before, late) = small().read_then_silence(&[&bytes[..], b"\r\nOK\r\n"].concat());
    assert_eq!(before, [Seen::Lost(Loss::Unframed)]);
    assert_eq!(late, []);
}

#[test]
fn a_length_that_does_not_fit_is_a_framing_error() {
    for payload in ["\"hello\"", "hello"] {
        for length in [3, 4] {
            let mut bytes = recv("t", length, payload);
            bytes.extend_from_slice(b"+QMTSTAT: 0,1\r\n\r\nOK\r\n");
            let (before, late) = Run::on().read_then_silence(&bytes);
            assert_eq!(before, [Seen::Lost(Loss::Unframed)], "{length} {payload}");
            assert_eq!(late, [], "nothing of it is read as lines");
        }
    }
}

#[test]
fn discarding_goes_on_until_silence_and_no_longer() {
    let run = Run::on();
    let mut lexer = Lexer::new(Limits::default());
    let mut tokens = Vec::new();
    lexer.push(b"+QMTRECV: 0,0,\"t\",2,\"hello\"\r\n");
    run.drain(&mut lexer, &mut tokens);
    assert_eq!(tokens, [Seen::Lost(Loss::Unframed)]);
    for _ in 0..10 {
        assert_eq!(lexer.waiting(), Waiting::Silence);
        lexer.push(b"OK\r\n+QMTSTAT: 0,1\r\n");
        run.drain(&mut lexer, &mut tokens);
    }
    assert_eq!(tokens.len(), 1);
    assert_eq!(lexer.give_up(&run.context), None);
    assert_eq!(lexer.waiting(), Waiting::Nothing);
    lexer.push(b"\r\nOK\r\n");
    run.drain(&mut lexer, &mut tokens);
    assert_eq!(tokens[1..], [line("OK")]);
}

#[test]
fn a_message_that_breaks_off_is_thrown_away_after_silence() {
    for text in [
        "+QMTRECV: 0",
        "+QMTRECV: 0,3",
        "+QMTRECV: 0,0,\"top",
        "+QMTRECV: 0,0,\"top\"",
        "+QMTRECV: 0,0,\"top\",",
        "+QMTRECV: 0,0,\"top\",1",
        "+QMTRECV: 0,0,\"top\",10,\"hel",
        "+QMTRECV: 0,0,\"top\",5,\"hello",
        "+QMTRECV: 0,0,\"top\",5,\"hello\"",
        "+QMTRECV: 0,0,\"top\",5,\"hello\"\r",
        "+QMTRECV: 0,0,\"top\",50,\"hello\r\n+QMTSTAT: 0,1\r\nOK\r\n",
    ] {
        let run = Run::on();
        let (_, lexer) = run.chunks(std::iter::once(text.as_bytes()));
        assert_eq!(lexer.waiting(), Waiting::Message, "{text:?}");
        let (before, late) = run.read_then_silence(text.as_bytes());
        assert_eq!(before, [], "{text:?}");
        assert_eq!(late, [Seen::Lost(Loss::Unframed)], "{text:?}");
    }
}

#[test]
fn what_follows_another_reading_of_a_broken_message_is_not_read() {
    // Bytes of a hostile payload were lost on the line, and the rest waits for the count.
    let payload = "x\",5,\"hello\"\r\n+QMTSTAT: 0,1\r\n";
    let bytes = recv("t", 100, &format!("\"{payload}"));
    let (before, late) = Run::on().read_then_silence(&bytes);
    assert_eq!(before, []);
    assert!(!late.contains(&line("+QMTSTAT: 0,1")), "{late:?}");
    assert_eq!(late.last(), Some(&Seen::Lost(Loss::Unframed)));
}

#[test]
fn a_topic_has_a_bound() {
    let fits = "t".repeat(SMALL.head);
    let long = "t".repeat(SMALL.head + 1);
    assert_eq!(
        small().read(&recv(&fits, 2, "\"ab\"")),
        [message(&fits, b"ab", Some(2))]
    );
    assert_eq!(
        small().read_then_silence(&recv(&long, 2, "\"ab\"")).0,
        [Seen::Lost(Loss::Unframed)]
    );
    let endless = format!("+QMTRECV: 0,0,\"{}", "t".repeat(400));
    assert_eq!(
        small().read_then_silence(endless.as_bytes()).0,
        [Seen::Lost(Loss::Unframed)]
    );
}

#[test]
fn lines_of_this_name_have_a_bound() {
    for length in [LengthDisplay::Off, LengthDisplay::Unknown] {
        let run = Run::length(length).limits(SMALL);
        let fits = "p".repeat(SMALL.payload);
        let long = "p".repeat(SMALL.payload + 1);
        for quote in ["", "\""] {
            let text = |payload: &str| {
                format!("+QMTRECV: 0,0,\"t\",{quote}{payload}{quote}\r\n").into_bytes()
            };
            assert_eq!(
                run.read(&text(&fits)),
                [message("t", fits.as_bytes(), None)]
            );
            assert_eq!(
                run.read_then_silence(&text(&long)).0,
                [Seen::Lost(Loss::Unframed)]
            );
        }
    }
    let endless = format!("+QMTRECV: 0,1,test,{}", "p".repeat(400));
    assert_eq!(
        small().read_then_silence(endless.as_bytes()).0,
        [Seen::Lost(Loss::Unframed)]
    );
    let ended = format!("{endless}\r\n");
    assert_eq!(
        small().read_then_silence(ended.as_bytes()).0,
        [Seen::Lost(Loss::Unframed)],
        "the same when its end has come with it"
    );
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let bound = SMALL.line + SMALL.payload + SMALL.head + 64;
    let streams: [&[u8]; 8] = [
        b"x",
        b"+QMTRECV: 0,0,\"",
        b"+QMTRECV: 0,0,\"a\",",
        b"\",9,\"",
        b"+QMTRECV: 0,0,\"t\",199,\"",
        b"+QMTRECV: 0,0,t,",
        b"\r\n\0",
        b"> ",
    ];
    for first in streams {
        for rest in streams {
            for length in [
                LengthDisplay::On,
                LengthDisplay::Off,
                LengthDisplay::Unknown,
            ] {
                let mut run = Run::length(length).limits(SMALL);
                run.context.prompt = true;
                let mut lexer = Lexer::new(run.limits);
                let mut tokens = Vec::new();
                lexer.push(first);
                for _ in 0..100 {
                    run.drain(&mut lexer, &mut tokens);
                    lexer.push(rest);
                    assert!(
                        lexer.buf.len() <= 2 * bound,
                        "{} bytes of {first:?} {rest:?}",
                        lexer.buf.len()
                    );
                }
            }
        }
    }
}

#[test]
fn no_byte_is_looked_at_often_however_small_the_pieces() {
    // Quadratic work over half a megabyte would take minutes here, not milliseconds.
    let quotes = "\"".repeat(60_000);
    let commas = "\",".repeat(30_000);
    let digits = "\",9".repeat(20_000);
    let spaces = "\", ".repeat(20_000);
    let many = "\",1,".repeat(15_000);
    for topic in [&quotes, &commas, &digits, &spaces, &many] {
        for length in [LengthDisplay::On, LengthDisplay::Unknown] {
            let run = Run::length(length);
            let bytes = recv(topic, 3, "\"abc\"");
            let (tokens, mut lexer) = run.chunks(bytes.chunks(1));
            let late = lexer.give_up(&run.context).map(seen);
            assert!(
                tokens.len() + usize::from(late.is_some()) > 0,
                "it ends in some way"
            );
        }
    }
    let echo: Vec<u8> = std::iter::repeat_n(b'e', 500_000).collect();
    let run = Run::prompt(&echo);
    let bytes = [b"> ", &echo[..], b"\r\nOK\r\n"].concat();
    let (tokens, _) = run.chunks(bytes.chunks(1));
    assert_eq!(tokens, [Seen::Prompt, line("OK")]);
}
