//! What holds for the lexer whatever a module prints and however its bytes are cut.

use atmqtt::wire::{Context, LengthDisplay, Lexer, Limits, RecvLayout, Token, Waiting};
use proptest::collection::vec;
use proptest::prelude::*;

/// A token that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Line(Vec<u8>),
    Prompt,
    Raw(Vec<u8>),
    Ack,
    Message {
        client: u8,
        msgid: u16,
        topic: Vec<u8>,
        payload: Vec<u8>,
        length: Option<u32>,
    },
    Lost(String),
}

fn seen(token: Token<'_>) -> Seen {
    match token {
        Token::Line(line) => Seen::Line(line.to_vec()),
        Token::Prompt => Seen::Prompt,
        Token::Raw(bytes) => Seen::Raw(bytes.to_vec()),
        Token::Ack => Seen::Ack,
        Token::Message(raw) => Seen::Message {
            client: raw.client,
            msgid: raw.msgid,
            topic: raw.topic.to_vec(),
            payload: raw.payload.to_vec(),
            length: raw.length,
        },
        Token::Lost(loss) => Seen::Lost(format!("{loss:?}")),
    }
}

fn context(length: LengthDisplay, hex: bool) -> Context {
    Context {
        prompt: true,
        layouts: [RecvLayout { length, hex }; 6],
        ..Context::default()
    }
}

fn drain(lexer: &mut Lexer, context: &Context, echo: &[u8], all: &mut Vec<Seen>) {
    while let Some(token) = lexer.next(context).map(seen) {
        if token == Seen::Prompt && !echo.is_empty() {
            lexer.expect_echo(echo);
        }
        all.push(token);
    }
}

/// The tokens of `bytes` cut at these places, and what the silence behind them brings.
fn read(
    bytes: &[u8],
    cuts: &[usize],
    context: &Context,
    limits: Limits,
    echo: &[u8],
) -> (Vec<Seen>, Vec<Seen>) {
    let mut lexer = Lexer::new(limits);
    let mut all = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().chain([&bytes.len()]) {
        lexer.push(&bytes[from..cut]);
        from = cut;
        drain(&mut lexer, context, echo, &mut all);
    }
    let late = silence(&mut lexer, context, echo);
    (all, late)
}

fn silence(lexer: &mut Lexer, context: &Context, echo: &[u8]) -> Vec<Seen> {
    let mut late = Vec::new();
    let mut rounds = 0;
    while lexer.waiting() != Waiting::Nothing {
        rounds += 1;
        assert!(rounds < 1000, "waits for ever");
        late.extend(lexer.give_up(context).map(seen));
        drain(lexer, context, echo, &mut late);
    }
    late
}

fn cuts(length: usize, seeds: &[prop::sample::Index]) -> Vec<usize> {
    let mut cuts: Vec<usize> = seeds.iter().map(|seed| seed.index(length + 1)).collect();
    cuts.sort_unstable();
    cuts
}

fn length_display() -> impl Strategy<Value = LengthDisplay> {
    prop_oneof![
        3 => Just(LengthDisplay::On),
        1 => Just(LengthDisplay::Off),
        2 => Just(LengthDisplay::Unknown),
    ]
}

fn ordinary_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("OK".to_owned()),
        Just("ERROR".to_owned()),
        Just("+CME ERROR: 3".to_owned()),
        Just("RDY".to_owned()),
        Just("+QMTRECV: 0,3".to_owned()),
        Just("+QMTRECV: 0,1,0,0,0,1".to_owned()),
        Just("AT+QMTPUBEX=0,1,1,0,\"t\",5".to_owned()),
        "[+][A-Z]{2,8}: [0-9],[0-9]{1,5}",
        "[A-Za-z][ -~]{0,40}",
    ]
}

/// Anything that a module prints for itself.
#[derive(Debug, Clone)]
enum Piece {
    Line(String),
    Prompt(&'static str),
    Message {
        client: u8,
        msgid: u16,
        topic: String,
        payload: Vec<u8>,
        quoted: bool,
        shape: u8,
    },
}

impl Piece {
    fn print(&self, length: LengthDisplay, out: &mut Vec<u8>) {
        match self {
            Self::Line(line) => {
                out.extend_from_slice(line.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Self::Prompt(prompt) => out.extend_from_slice(prompt.as_bytes()),
            Self::Message {
                client,
                msgid,
                topic,
                payload,
                quoted,
                shape,
            } => {
                let mut head = format!("\r\n+QMTRECV: {client},{msgid},\"{topic}\",");
                if length != LengthDisplay::Off {
                    // A message without payload has no second line.
                    let own_line = *shape == 0 && !payload.is_empty();
                    let separator = if own_line { "\r\n" } else { "," };
                    head.push_str(&format!("{}{separator}", payload.len()));
                }
                out.extend_from_slice(head.as_bytes());
                let quote: &[u8] = if *quoted { b"\"" } else { b"" };
                for part in [quote, payload, quote, b"\r\n"] {
                    out.extend_from_slice(part);
                }
                if *shape == 1 {
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
    }
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..120),
        "[ -~]{0,60}".prop_map(String::into_bytes),
        soup(1..8),
    ]
}

fn message(topic: impl Strategy<Value = String>) -> impl Strategy<Value = Piece> {
    (
        0..6_u8,
        any::<u16>(),
        topic,
        payload(),
        any::<bool>(),
        0..6_u8,
    )
        .prop_map(
            |(client, msgid, topic, payload, quoted, shape)| Piece::Message {
                client,
                msgid,
                topic,
                payload,
                quoted,
                shape,
            },
        )
}

fn piece(topic: impl Strategy<Value = String>) -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => ordinary_line().prop_map(Piece::Line),
        1 => prop_oneof![Just("\r\n> "), Just("\r\n>"), Just("\r\n> \r\n")].prop_map(Piece::Prompt),
        3 => message(topic),
    ]
}

/// Fragments that mean something to a lexer, in no order at all.
fn soup(parts: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        Just(&b"+QMTRECV: 0,0,\""[..]),
        Just(&b"+QMTRECV:"[..]),
        Just(&b"+QMTRECV: 1,2,"[..]),
        Just(&b"\","[..]),
        Just(&b"\",3,\"abc\"\r\n"[..]),
        Just(&b"\",60,"[..]),
        Just(&b"\",150,\""[..]),
        Just(&b"\",9999,"[..]),
        Just(&b"5"[..]),
        Just(&b","[..]),
        Just(&b"\""[..]),
        Just(&b"\"\r\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"\r"[..]),
        Just(&b"\n"[..]),
        Just(&b" "[..]),
        Just(&b"\0"[..]),
        Just(&b">"[..]),
        Just(&b"\r\n> "[..]),
        Just(&b"\r\nOK\r\n"[..]),
        Just(&b"+QMTSTAT: 0,1\r\n"[..]),
        Just(&b"hello"[..]),
    ]
    .prop_map(<[u8]>::to_vec);
    let bytes = vec(any::<u8>(), 0..30);
    vec(prop_oneof![8 => fragment, 1 => bytes], parts).prop_map(|parts| parts.concat())
}

const SMALL: Limits = Limits {
    line: 40,
    payload: 50,
    skipped: 200,
    head: 60,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any cutting of what modules print gives the same tokens, hostile topics included.
    #[test]
    fn any_chunking_gives_the_same_tokens(
        pieces in vec(piece("[ -~]{0,30}"), 1..12),
        display in length_display(),
        hex in any::<bool>(),
        echo in prop_oneof![Just(Vec::new()), payload()],
        echoed in any::<bool>(),
        seeds in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        for piece in &pieces {
            piece.print(display, &mut bytes);
            if let (Piece::Prompt(_), true) = (piece, echoed) {
                bytes.extend_from_slice(&echo);
                bytes.extend_from_slice(b"\r\nOK\r\n");
            }
        }
        let context = context(display, hex);
        let limits = Limits::default();
        let whole = read(&bytes, &[], &context, limits, &echo);
        let single: Vec<usize> = (1..bytes.len()).collect();
        prop_assert_eq!(&read(&bytes, &single, &context, limits, &echo), &whole);
        let cut = cuts(bytes.len(), &seeds);
        prop_assert_eq!(&read(&bytes, &cut, &context, limits, &echo), &whole);
    }

    /// With lengths, every message comes out as it went in, and every line around it too.
    #[test]
    fn counted_messages_come_back_whole(
        pieces in vec(piece("[a-zA-Z0-9/$+#?= ,\\PC&&[^\"]]{0,30}"), 1..12),
        seeds in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        let mut wanted = Vec::new();
        for piece in &pieces {
            piece.print(LengthDisplay::On, &mut bytes);
            wanted.push(match piece.clone() {
                Piece::Line(line) => Seen::Line(line.into_bytes()),
                Piece::Prompt(_) => {
                    bytes.extend_from_slice(b"\r\n");
                    Seen::Prompt
                }
                Piece::Message { client, msgid, topic, payload, .. } => Seen::Message {
                    client,
                    msgid,
                    topic: topic.into_bytes(),
                    length: u32::try_from(payload.len()).ok(),
                    payload,
                },
            });
        }
        let context = context(LengthDisplay::On, false);
        let cut = cuts(bytes.len(), &seeds);
        let (tokens, late) = read(&bytes, &cut, &context, Limits::default(), b"");
        prop_assert_eq!(tokens, wanted);
        prop_assert_eq!(late, vec![]);
    }

    /// Hostile bytes: no panic, no growth, the same tokens for every cutting, and after a silence the
    /// next line is read.
    #[test]
    fn hostile_bytes_do_no_harm(
        bytes in soup(1..60),
        display in length_display(),
        hex in any::<bool>(),
        echo in prop_oneof![Just(Vec::new()), soup(1..4)],
        seeds in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let context = context(display, hex);
        let whole = read(&bytes, &[], &context, SMALL, &echo);
        let single: Vec<usize> = (1..bytes.len()).collect();
        prop_assert_eq!(&read(&bytes, &single, &context, SMALL, &echo), &whole);
        let cut = cuts(bytes.len(), &seeds);
        prop_assert_eq!(&read(&bytes, &cut, &context, SMALL, &echo), &whole);

        let mut lexer = Lexer::new(SMALL);
        let mut tokens = Vec::new();
        // A message and what stands in front of it, and as much again that is already read.
        let bound = 2 * (SMALL.line + SMALL.head + 2 * SMALL.payload + echo.len() + 40);
        for byte in &bytes {
            lexer.push(std::slice::from_ref(byte));
            drain(&mut lexer, &context, &echo, &mut tokens);
            prop_assert!(lexer.buffered() <= bound, "{} bytes are kept", lexer.buffered());
        }
        silence(&mut lexer, &context, &echo);
        lexer.push(b"\r\n+DONE: 1\r\n");
        let mut then = Vec::new();
        drain(&mut lexer, &context, &echo, &mut then);
        then.extend(silence(&mut lexer, &context, &echo));
        let done = Seen::Line(b"+DONE: 1".to_vec());
        prop_assert_eq!(then.last(), Some(&done));
    }
}
