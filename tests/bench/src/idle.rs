//! A port that nothing happens on.

use std::collections::BTreeMap;
use std::time::Duration;

use atmqtt_emulator::runtime::Emulator;

use crate::Plan;
use crate::publish::Bench;
use crate::report::{Report, Row, Target};

/// How often each thread of this process that is not the emulator's or the program's own has gone to sleep, by its
/// number.
fn sleeps() -> BTreeMap<String, (String, u64)> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux");
    tasks
        .flatten()
        .filter_map(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
            let status = std::fs::read_to_string(task.path().join("status")).ok()?;
            let count = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            let number = task.file_name().into_string().ok()?;
            Some((number, (name.trim().to_owned(), count.trim().parse().ok()?)))
        })
        .collect()
}

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    let bench = Bench::new(Emulator::builder());
    bench.modem.on_event(|_| ()).expect("nobody else has them");
    std::thread::sleep(Duration::from_millis(300));
    let before = sleeps();
    let seconds = plan.pick(30, 1);
    std::thread::sleep(Duration::from_secs(seconds));
    let after = sleeps();
    // The thread that measures is called after the program.
    let ours = |name: &str| name.starts_with("atmqtt-") && name != "atmqtt-bench";
    let threads: Vec<&str> = after
        .values()
        .map(|(name, _)| name.as_str())
        .filter(|name| ours(name))
        .collect();
    assert!(!threads.is_empty(), "the library has threads: {after:?}");
    let woken: u64 = after
        .iter()
        .filter(|(_, (name, _))| ours(name))
        .map(|(number, (_, count))| count - before.get(number).map_or(0, |(_, before)| *before))
        .sum();
    report.add(
        Row::fixed(
            format!("wake-ups in {seconds} s of silence, connected"),
            "wake-ups",
            woken as f64,
        )
        .target(Target::AtMost(0.0))
        .note(format!("threads: {}", threads.join(", "))),
    );
}
