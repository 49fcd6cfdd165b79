//! The lexer: how many bytes it reads a second, whole, in small reads, and one by one.

use std::hint::black_box;

use atat::digest::parser::{try_urc, urc_helper};
use atat::digest::{DigestResult, ParseError, Parser};
use atat::{AtDigester, Digester};
use atmqtt::wire::{Context, Lexer, Limits, Token};

use crate::Plan;
use crate::measure::{Figure, Runner, in_turn, seconds};
use crate::report::{Report, Row, Target};

/// A module that is in use: URCs, results, and messages of 64 bytes with commas and quotation marks.
fn mixed(bytes: usize) -> Vec<u8> {
    let payload = "{\"a\":1,\"b\":\"x,y\"}".repeat(4);
    let payload = &payload[..64];
    let block = format!(
        "\r\n+QMTRECV: 0,0,\"room/1/temperature\",64,\"{payload}\"\r\n\
         \r\n+QMTPUBEX: 0,12,0\r\n\r\nOK\r\n\r\n+QMTRECV: 1,3,\"room/2\",64,\"{payload}\"\r\n\
         \r\n+CSQ: 20,99\r\n\r\nOK\r\n"
    );
    block.into_bytes().into_iter().cycle().take(bytes).collect()
}

/// Nothing that atat's digester stumbles at: URCs alone.
fn urcs(bytes: usize) -> Vec<u8> {
    let block = "\r\n+QMTSTAT: 0,1\r\n\r\n+QMTPUBEX: 0,12,0\r\n\r\n+QMTRECV: 0,3\r\n\r\n+QMTSUB: 1,7,0,1\r\n";
    let whole = bytes / block.len();
    block.repeat(whole).into_bytes()
}

/// A message with a payload of so many bytes.
fn long(payload: usize) -> Vec<u8> {
    let payload_text = "0123456789abcdef".repeat(payload / 16);
    format!("\r\n+QMTRECV: 0,0,\"t\",{payload},\"{payload_text}\"\r\n").into_bytes()
}

/// Reads it in pieces of so many bytes; how many tokens there were.
fn ours(input: &[u8], piece: usize) -> usize {
    let mut lexer = Lexer::new(Limits::default());
    let context = Context::default();
    let mut count = 0;
    for piece in input.chunks(piece) {
        lexer.push(piece);
        // Looked at where it is, as the engine does: a copy for the sake of a loop would cost as much as some tokens.
        loop {
            let token = lexer.next(&context);
            match black_box(&token) {
                None => break,
                Some(Token::Lost(loss)) => panic!("lost: {loss:?}"),
                Some(_) => count += 1,
            }
        }
    }
    count
}

struct Urcs;

impl Parser for Urcs {
    fn parse(buf: &[u8]) -> Result<(&[u8], usize), ParseError> {
        for token in ["+QMTSTAT", "+QMTPUBEX", "+QMTRECV", "+QMTSUB"] {
            if let Some(found) = try_urc(urc_helper(token), buf) {
                return found;
            }
        }
        Err(ParseError::NoMatch)
    }
}

/// The same with atat's digester, and the buffer that its ingress has: what is read goes to the end of it, and
/// what was understood is taken out of the front.
fn atats(input: &[u8], piece: usize) -> usize {
    let mut digester = AtDigester::<Urcs>::new();
    let mut buffer: Vec<u8> = Vec::with_capacity(64 * 1024);
    let mut count = 0;
    for piece in input.chunks(piece) {
        buffer.extend_from_slice(piece);
        let mut at = 0;
        while at < buffer.len() {
            let (result, used) = digester.digest(&buffer[at..]);
            at += used;
            if *black_box(&result) == DigestResult::None {
                break;
            }
            count += 1;
        }
        buffer.drain(..at);
    }
    count
}

/// The least that finds line ends: one look at every byte.
fn floor(input: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', black_box(input)).count()
}

fn rate(bytes: usize, run: impl FnOnce() -> usize) -> f64 {
    let time = seconds(|| _ = black_box(run()));
    bytes as f64 / time / 1e6
}

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    // What a read has brought is in the processor's cache.
    let input = mixed(256 << 10);
    let times = plan.pick(64, 1);
    let size = times * input.len();
    let again = |run: &dyn Fn() -> usize| rate(size, || (0..times).map(|_| run()).sum());
    let [whole, least] = in_turn(
        plan.rounds,
        [
            // As the reader of a port reads.
            Runner::new("16 KiB a read", || again(&|| ours(&input, 16 << 10))),
            Runner::new("memchr for line ends", || again(&|| floor(&input))),
        ],
    );
    report.add(
        Row::new("lexer, lines and 64-byte messages", "MB/s", &whole)
            .floor(&least)
            .target(Target::AtLeast(2000.0)),
    );

    let lines = urcs(plan.pick(1 << 20, 64 << 10));
    assert_eq!(
        ours(&lines, 4096),
        atats(&lines, 4096),
        "both read the same"
    );
    let of_lines = |run: fn(&[u8], usize) -> usize, piece: usize| {
        let lines = &lines;
        move || rate(lines.len(), || run(lines, piece))
    };
    let [whole, peer, small, small_peer] = in_turn(
        plan.rounds,
        [
            Runner::new("1 KiB a read", of_lines(ours, 1024)),
            Runner::new("atat's digester", of_lines(atats, 1024)),
            Runner::new("16 bytes a read", of_lines(ours, 16)),
            Runner::new("atat's digester", of_lines(atats, 16)),
        ],
    );
    report.add(
        Row::new("lexer, lines that atat reads, 1 KiB a read", "MB/s", &whole)
            .peer(&peer)
            .target(Target::OfPeerAtLeast(1.0)),
    );
    report.add(
        Row::new("lexer, the same, 16 bytes a read", "MB/s", &small)
            .peer(&small_peer)
            .target(Target::OfPeerAtLeast(5.0)),
    );

    let few = mixed(plan.pick(4 << 20, 64 << 10));
    let [single] = in_turn(
        plan.rounds,
        [Runner::new("one byte a read", || {
            rate(few.len(), || ours(&few, 1))
        })],
    );
    report.add(Row::new("lexer, one byte a read", "MB/s", &single).target(Target::AtLeast(50.0)));

    let cost = |payload: usize| {
        let message = long(payload);
        let times = plan.pick(4 << 20, 256 << 10) / message.len();
        let input = message.repeat(times.max(1));
        move || {
            let time = seconds(|| _ = black_box(ours(&input, 1)));
            time * 1e9 / input.len() as f64
        }
    };
    let [short, long]: [Figure; 2] = in_turn(
        plan.rounds,
        [
            Runner::new("1 KiB", cost(1024)),
            Runner::new("64 KiB", cost(64 * 1024)),
        ],
    );
    report.add(
        Row::new("lexer, byte by byte, payload of 64 KiB", "ns/byte", &long)
            .floor(&short)
            .target(Target::OfFloorAtMost(1.5)),
    );
}
