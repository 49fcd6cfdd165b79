//! A module that keeps to the rules, however slow, forgetful and talkative it is; or one that prints anything.

mod peer;

use std::time::Duration;

use atmqtt::State;
use atmqtt::engine::{Outcome, Request};

use super::bench::Bench;
use super::calls::{Book, KINDS};
use crate::input::{Input, Writer};
use peer::{Answer, Peer};

/// How many kinds of steps there are.
pub(super) const STEPS: u8 = 24;
/// The module answers what it was sent, in the way that the next byte says.
pub(super) const OBEY: u8 = 0;
/// It prints bytes; a module that keeps to the rules prints them as a message.
pub(super) const PRINT: u8 = 15;

/// Lines that a module may print at any time. `#` stands for a client or another small number.
const LINES: &[&str] = &[
    "+QMTOPEN: #,#",
    "+QMTCLOSE: #,0",
    "+QMTDISC: #,0",
    "+QMTCONN: #,#,#",
    "+QMTCONN: #,#",
    "+QMTSTAT: #,#",
    "+QMTPING: #,1",
    "+QMTRECV: #,#",
    "+QMTRECV: #,1,0,#,0,1",
    "+QMTSUB: #,#,#,1",
    "+QMTUNS: #,#,#",
    "+QMTPUBEX: #,#,#",
    "+QMTPUBEX: #,#,1,#",
    "+QMTOPEN: #,\"old\",1883",
    "+QIURC: \"pdpdeact\",#",
    "+CREG: #",
    "APP RDY",
    "RING",
];

/// What the module is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It keeps to the rules.
    Honest,
    /// The same, and client 5 is connected since before.
    Alive,
    /// It prints anything.
    Liar,
}

struct Run {
    bench: Bench,
    peer: Peer,
    book: Book,
    honest: bool,
    downloads: Vec<atmqtt::engine::OpId>,
    lost: bool,
}

/// Runs one input against such a module.
pub(super) fn run(input: &mut Input<'_>, secret: String, kind: Kind) {
    let honest = kind != Kind::Liar;
    let mut run = Run {
        bench: Bench::new(secret.clone()),
        peer: Peer::new(secret.clone(), kind),
        book: Book {
            secret,
            ..Book::default()
        },
        honest,
        downloads: Vec::new(),
        lost: false,
    };
    for client in [0, 1, 5] {
        run.bench.set_room(client, 3);
    }
    while !input.is_empty() && !run.lost {
        run.step(input);
        run.deliver();
    }
    if run.lost {
        return;
    }
    let Run {
        bench,
        mut peer,
        book,
        ..
    } = run;
    bench.finish(|bench| {
        let sent = std::mem::take(&mut bench.sent);
        peer.take(bench.now, &sent, &book, bench.engine.transmit().is_empty());
    });
}

impl Run {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.small(STEPS) {
            OBEY | 1..=4 => {
                let answer = Answer::of(input.byte());
                self.obey(answer);
            }
            5..=11 => {
                let kind = input.small(KINDS);
                let request = self.book.request(kind, input);
                let download = matches!(request, Request::Download { .. });
                let id = self.bench.submit(request);
                self.downloads.extend(id.filter(|_| download));
            }
            12 => self.advance(Duration::from_millis(input.byte().into())),
            13 => self.advance(Duration::from_secs(input.small(40).into())),
            14 => self.line(input),
            PRINT => {
                let bytes = input.bytes();
                match self.honest {
                    true => self.message(input, bytes),
                    false => {
                        // It may have begun a message that swallows what comes next.
                        self.bench.secret = None;
                        super::watch::begin("");
                        self.bench.input(bytes);
                    }
                }
            }
            16 => self.bench.abandon(input.below(48)),
            17 => self
                .bench
                .set_room([0, 1, 5][input.below(3)], input.below(4)),
            18 => self.bench.room = input.below(20),
            19 => self.bench.room = usize::MAX,
            20 => self.message(
                input,
                b"\r\nOK\r\n+QMTSTAT: 0,1\r\n> \r\nRDY\r\n+QMTPUBEX: 0,1,0\r\n",
            ),
            21 if input.small(8) == 0 => {
                self.bench.lose();
                self.lost = true;
            }
            21 | 22 if input.small(4) == 0 => {
                self.peer.restart();
                self.bench.input(b"\r\nRDY\r\n");
            }
            _ => {
                // Everything is answered as it should be, for as long as there is something.
                for _ in 0..40 {
                    self.obey(Answer::Well);
                }
            }
        }
        self.bench.settle();
    }

    /// What the port has taken reaches the module.
    fn deliver(&mut self) {
        let sent = std::mem::take(&mut self.bench.sent);
        let whole = self.bench.engine.transmit().is_empty();
        self.peer.take(self.bench.now, &sent, &self.book, whole);
        for id in std::mem::take(&mut self.downloads) {
            match self.bench.done.get(&id) {
                None => self.downloads.push(id),
                Some(Ok(Outcome::Answer(blocks))) if self.honest => {
                    assert!(
                        blocks.iter().all(|block| self.peer.blocks.contains(block)),
                        "a block that is not what the module printed: {blocks:?}"
                    );
                }
                Some(_) => {}
            }
        }
    }

    fn obey(&mut self, answer: Answer) {
        self.deliver();
        let printed = self.peer.answer(self.bench.now, answer);
        self.bench.input(&printed);
        self.deliver();
    }

    fn advance(&mut self, by: Duration) {
        let end = self.bench.now + by;
        let mut steps = 0;
        while let Some(due) = self.bench.due(end) {
            steps += 1;
            assert!(steps < 10_000, "time does not get on");
            self.bench.strike(due);
            self.deliver();
        }
        self.bench.now = end;
    }

    fn line(&mut self, input: &mut Input<'_>) {
        let template = *input.choose(LINES);
        let mut line = String::new();
        for c in template.chars() {
            match c {
                '#' => line.push_str(&input.small(8).to_string()),
                c => line.push(c),
            }
        }
        self.bench.input(format!("\r\n{line}\r\n").as_bytes());
    }

    /// A counted message, which comes out as it went in and changes nothing else.
    fn message(&mut self, input: &mut Input<'_>, payload: &[u8]) {
        let client = [0, 1, 5][input.below(3)];
        let print = |payload: &[u8]| {
            let head = format!("\r\n+QMTRECV: {client},0,\"m/1\",{},\"", payload.len());
            [head.as_bytes(), payload, b"\"\r\n"].concat()
        };
        let states = |bench: &Bench| [0, 1, 2, 3, 4, 5].map(|client| bench.engine.state(client));
        let state = self.bench.engine.state(client).0;
        let certain = self.honest
            && self.bench.done.contains_key(&self.bench.discovery)
            && matches!(state, State::Open | State::Connected)
            && self.bench.engine.found(client).is_none()
            && self.peer.counts(client)
            && !self.peer.in_file();
        if !certain {
            // Where nobody counts, a payload can be anything: this one cannot.
            return match self.honest {
                true if self.peer.in_file() => {}
                true => self.bench.input(&print(b"plain")),
                false => self.bench.input(&print(payload)),
            };
        }
        let before = (states(&self.bench), self.bench.outputs);
        let unsent = self.bench.engine.transmit().len();
        self.bench.messages.clear();
        self.bench.input(&print(payload));
        let message = self.bench.messages.pop_back().expect("the message");
        assert_eq!(message.payload(), payload);
        assert_eq!(
            (message.client(), message.topic().as_ref()),
            (client, "m/1")
        );
        let after = (states(&self.bench), self.bench.outputs);
        assert_eq!(
            after,
            (before.0, before.1 + 1),
            "a message has changed something"
        );
        assert!(self.bench.engine.transmit().len() <= unsent && self.bench.sent.is_empty());
    }
}

/// The beginning of an input: both clients are connected.
pub(super) fn connected(writer: Writer) -> Writer {
    let writer = writer.choices(&[12, 100, 23]);
    (0..2).fold(writer, |writer, client| {
        writer
            .choices(&[5, 5, client, 0, 23])
            .choices(&[5, 8, client, 1, 23])
    })
}
