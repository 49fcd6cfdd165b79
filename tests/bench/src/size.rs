//! How large the library is, on disk and in memory.

use std::time::Duration;

use atmqtt_emulator::runtime::Emulator;

use crate::Plan;
use crate::measure::Figure;
use crate::peer::{Peer, Who};
use crate::report::{Report, Row, Target};

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    on_disk(plan, report);
    in_memory(plan, report);
}

fn on_disk(plan: &Plan, report: &mut Report) {
    let Some(path) = &plan.others.library else {
        return;
    };
    let bytes = std::fs::metadata(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .len();
    report.add(
        Row::fixed("libatmqtt.so, stripped", "KiB", bytes as f64 / 1024.0)
            .target(Target::AtMost(700.0)),
    );
}

/// Each round starts both anew: where the loader puts what differs from one start to the next.
fn in_memory(plan: &Plan, report: &mut Report) {
    let (mut used, mut empty) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let (Some(ours), Some(nothing)) = (after_a_message(plan), idle(plan)) else {
            return;
        };
        used.push(ours);
        empty.push(nothing);
    }
    let above = used.iter().zip(&empty).map(|(used, empty)| used - empty);
    let above = Figure::of("above", above.collect());
    let median = |values| Figure::of("", values).median();
    report.add(
        Row::new(
            "resident memory of a C program above an empty one",
            "KiB",
            &above,
        )
        .target(Target::AtMost(2560.0))
        .note(format!(
            "{:.0} KiB, connected and with a message received; {:.0} KiB, empty",
            median(used),
            median(empty)
        )),
    );
}

/// A program that is connected and has received a message.
fn after_a_message(plan: &Plan) -> Option<f64> {
    let module = Emulator::builder().start().expect("an emulator");
    let mut peer = Peer::start(Who::C, &plan.others, "receive", &module.path())?;
    peer.begin(1);
    let clients = module.publish("in", &[b'x'; 64], 0, false);
    assert_eq!(clients.expect("the topic is one"), 1);
    peer.end();
    Some(settled(&peer))
}

fn idle(plan: &Plan) -> Option<f64> {
    let peer = Peer::start(Who::Empty, &plan.others, "nothing", "".as_ref())?;
    Some(settled(&peer))
}

/// The KiB of it that are in memory, once all its threads wait.
fn settled(peer: &Peer) -> f64 {
    std::thread::sleep(Duration::from_millis(50));
    peer.resident()
}
