//! What a message costs as there is more of everything.

use atmqtt::QoS;
use atmqtt_emulator::runtime::Emulator;

use crate::Plan;
use crate::measure::{Figure, Runner, in_turn, seconds};
use crate::own::processor;
use crate::publish::{Bench, connect, publish_all};
use crate::report::{Report, Row, Target};

const MOST: f64 = 1.3;

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    let times = plan.pick(1200, 24);
    let micros = |seconds: f64, count: usize| seconds * 1e6 / count as f64;

    // The same number of messages, on one client and over six.
    let bench = Bench::new(Emulator::builder());
    let others: Vec<_> = (1..6).map(|index| connect(&bench.modem, index)).collect();
    let clients: Vec<_> = [&bench.client].into_iter().chain(&others).collect();
    let over = |count: usize| {
        let clients = &clients[..count];
        move || {
            micros(
                seconds(|| {
                    for at in 0..times {
                        clients[at % clients.len()]
                            .publish("t", [b'x'; 64], QoS::AtMostOnce, false)
                            .expect("published");
                    }
                }),
                times,
            )
        }
    };
    let [one, six]: [Figure; 2] = in_turn(
        plan.rounds,
        [
            Runner::new("1 client", over(1)),
            Runner::new("6 clients", over(6)),
        ],
    );
    add(report, "a message, over 6 clients", &six, &one);

    let waiting = |count: usize| {
        let client = &bench.client;
        move || {
            micros(
                seconds(|| publish_all(client, count, &[b'x'; 64], QoS::AtMostOnce)),
                count,
            )
        }
    };
    let many = plan.pick(10_000, 100);
    let [few, all]: [Figure; 2] = in_turn(
        plan.pick(5, 1),
        [
            Runner::new("10 waiting", waiting(10)),
            Runner::new("many waiting", waiting(many)),
        ],
    );
    add(report, format!("a message, {many} waiting"), &all, &few);

    let threads = |count: usize| {
        let client = &bench.client;
        move || {
            micros(
                seconds(|| {
                    std::thread::scope(|scope| {
                        for _ in 0..count {
                            scope.spawn(|| {
                                for _ in 0..times / count {
                                    client
                                        .publish("t", [b'x'; 64], QoS::AtMostOnce, false)
                                        .expect("published");
                                }
                            });
                        }
                    });
                }),
                times / count * count,
            )
        }
    };
    let most = plan.pick(64, 8);
    let [single, crowd]: [Figure; 2] = in_turn(
        plan.rounds,
        [
            Runner::new("1 thread", threads(1)),
            Runner::new("many threads", threads(most)),
        ],
    );
    add(
        report,
        format!("a message, from {most} threads"),
        &crowd,
        &single,
    );

    // Processor time of the whole process, the emulated module included: its pseudo-terminal is the same.
    let sized = |bytes: usize| {
        let client = &bench.client;
        move || {
            let payload = vec![b'x'; bytes];
            let before = processor();
            publish_all(client, times / 4, &payload, QoS::AtMostOnce);
            micros(processor() - before, times / 4)
        }
    };
    let [small, large]: [Figure; 2] = in_turn(
        plan.rounds,
        [
            Runner::new("16 bytes", sized(16)),
            Runner::new("1500 bytes", sized(1500)),
        ],
    );
    add(
        report,
        "a message, 1500 bytes, processor time",
        &large,
        &small,
    );
}

fn add(report: &mut Report, name: impl Into<String>, many: &Figure, few: &Figure) {
    report.add(
        Row::new(name, "µs", many)
            .floor(few)
            .target(Target::OfFloorAtMost(MOST)),
    );
}
