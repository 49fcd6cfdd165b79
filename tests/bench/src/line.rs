//! A line of so many baud: how much of what it can carry is used.

use std::time::Instant;

use atmqtt::QoS;
use atmqtt_emulator::runtime::Emulator;

use crate::Plan;
use crate::measure::{Figure, Runner, in_turn, seconds};
use crate::publish::{Bench, publish_all};
use crate::raw::Alone;
use crate::report::{Report, Row, Target};

const PAYLOAD: usize = 1000;
const BITS: f64 = 10.0;

/// Bytes of the dialogue of one message, which cannot overlap: the command, the prompt, the payload, and `OK`.
fn dialogue() -> f64 {
    let command = format!("AT+QMTPUBEX=0,0,0,0,\"t\",{PAYLOAD}\r").len();
    let prompt = "\r\n> ".len();
    let ok = "\r\nOK\r\n".len();
    (command + prompt + PAYLOAD + ok) as f64
}

/// The same dialogue, in turn, and nothing else.
struct ByHand(Alone);

impl ByHand {
    fn new(module: &Emulator) -> Self {
        let mut port = Alone::new(&module.path());
        port.command(b"ATE0\r");
        port.say(
            b"AT+QMTOPEN=0,\"broker.example\",1883\r",
            b"+QMTOPEN: 0,0\r\n",
        );
        port.say(b"AT+QMTCONN=0,\"by hand\"\r", b"+QMTCONN: 0,0,0\r\n");
        Self(port)
    }

    fn publish(&mut self, payload: &[u8]) {
        let command = format!("AT+QMTPUBEX=0,0,0,0,\"t\",{}\r", payload.len());
        self.0.say(command.as_bytes(), b"> ");
        self.0.say(payload, b"OK\r\n");
    }
}

/// Bytes of a message that comes in.
fn incoming() -> f64 {
    let head = format!("\r\n+QMTRECV: 0,0,\"in\",{PAYLOAD},\"");
    (head.len() + PAYLOAD + "\"\r\n".len()) as f64
}

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    for baud in [115_200_u32, 921_600] {
        let bench = Bench::new(Emulator::builder().baud(baud));
        let count = plan.pick(baud as usize / 5000, 3);
        let rounds = plan.pick(5, 1);
        let payload = [b'x'; PAYLOAD];
        let other = Emulator::builder().baud(baud).start().expect("an emulator");
        let mut by_hand = ByHand::new(&other);
        let rate = |run: &mut dyn FnMut()| count as f64 / seconds(run);
        let [out, hand] = in_turn(
            rounds,
            [
                Runner::new("published", || {
                    rate(&mut || publish_all(&bench.client, count, &payload, QoS::AtMostOnce))
                }),
                Runner::new("by bare reads and writes", || {
                    rate(&mut || (0..count).for_each(|_| by_hand.publish(&payload)))
                }),
            ],
        );
        let possible = f64::from(baud) / BITS / dialogue();
        report.add(
            Row::new(
                format!("publish 1000 bytes at {baud} baud"),
                "messages/s",
                &out,
            )
            .peer(&hand)
            .floor(&Figure::of("the line and the handshake", vec![possible]))
            .target(Target::OfFloorAtLeast(0.97)),
        );

        bench
            .client
            .subscribe(&[("in", QoS::AtMostOnce)])
            .expect("subscribed");
        let messages = bench.client.messages().expect("nobody else has them");
        let [both] = in_turn(
            rounds,
            [Runner::new("received, while others are published", || {
                std::thread::scope(|scope| {
                    let publishing = scope
                        .spawn(|| publish_all(&bench.client, count / 2, &payload, QoS::AtMostOnce));
                    for _ in 0..count {
                        bench
                            .emulator
                            .publish("in", &payload, 0, false)
                            .expect("the topic is one");
                    }
                    // From the first on the line is never empty.
                    messages.recv().expect("a message");
                    let begun = Instant::now();
                    for _ in 1..count {
                        messages.recv().expect("a message");
                    }
                    let rate = (count - 1) as f64 / begun.elapsed().as_secs_f64();
                    publishing.join().expect("all are published");
                    rate
                })
            })],
        );
        let possible = f64::from(baud) / BITS / incoming();
        report.add(
            Row::new(
                format!("receive 1000 bytes at {baud} baud while publishing"),
                "messages/s",
                &both,
            )
            .floor(&Figure::of("the line alone", vec![possible]))
            .target(Target::OfFloorAtLeast(0.97)),
        );
    }
}
