//! A command and its answer, over a pseudo-terminal with the emulated module behind it.

use atmqtt::Modem;
use atmqtt_emulator::runtime::Emulator;

use crate::Plan;
use crate::measure::{Runner, in_turn, seconds};
use crate::peer::{self, Peer, Who};
use crate::raw::{Alone, Threaded};
use crate::report::{Report, Row, Target};

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    let times = plan.pick(2000, 20);
    let micros = |seconds: f64| seconds * 1e6 / times as f64;
    let modules: Vec<Emulator> = (0..3)
        .map(|_| Emulator::builder().start().expect("an emulator"))
        .collect();
    let modem = Modem::open(modules[0].path()).expect("the port opens");
    let mut threaded = Threaded::new(&modules[1].path());
    let mut alone = Alone::new(&modules[2].path());
    // The echo is on when a module starts.
    threaded.command(b"ATE0\r");
    alone.command(b"ATE0\r");
    let [ours, floor, without] = in_turn(
        plan.rounds,
        [
            Runner::new(
                "Modem::command",
                each(times, || _ = modem.command("AT").expect("answered")),
            ),
            Runner::new(
                "write, and a thread that reads",
                each(times, || threaded.command(b"AT\r")),
            ),
            Runner::new("write and read", each(times, || alone.command(b"AT\r"))),
        ],
    );
    report.add(
        Row::new("command round trip", "µs", &ours)
            .floor(&floor)
            .target(Target::OfFloorAtMost(1.3)),
    );
    report.add(Row::new("the floor, with a thread that reads", "µs", &floor).floor(&without));

    // Each in a process of its own.
    let all = [
        Who::Rust,
        Who::C,
        Who::Python,
        Who::Pyserial,
        Who::PyserialThread,
    ];
    let modules: Vec<Emulator> = all
        .iter()
        .map(|_| Emulator::builder().start().expect("an emulator"))
        .collect();
    let mut peers: Vec<(Who, Peer)> = all
        .iter()
        .zip(&modules)
        .filter_map(|(&who, module)| {
            let peer = Peer::start(who, &plan.others, "command", &module.path())?;
            Some((who, peer))
        })
        .collect();
    let figures = peer::in_turn(plan.rounds, &mut peers, |peer| {
        micros(peer.round(times).seconds)
    });
    let Some(rust) = figures.of(Who::Rust) else {
        return;
    };
    if let Some(c) = figures.of(Who::C) {
        report.add(Row::new("command round trip from C", "µs", c).peer(rust));
    }
    if let Some(python) = figures.of(Who::Python) {
        report.add(
            Row::new("command round trip from Python, beside Rust", "µs", python)
                .peer(rust)
                .target(Target::OfPeerAtMost(1.5)),
        );
    }
    for who in [Who::Pyserial, Who::PyserialThread] {
        if let Some(peer) = figures.of(who) {
            let name = format!("command round trip from Rust, beside {}", who.name());
            report.add(
                Row::new(name, "µs", rust)
                    .peer(peer)
                    .target(Target::OfPeerAtMost(1.0)),
            );
        }
    }
}

/// Microseconds of one, out of so many.
fn each(times: usize, mut command: impl FnMut()) -> impl FnMut() -> f64 {
    move || {
        let seconds = seconds(|| (0..times).for_each(|_| command()));
        seconds * 1e6 / times as f64
    }
}
