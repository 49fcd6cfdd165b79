//! What a message costs as there is more of everything.
//!
//! The cost is processor time of the library's process, which holds nothing else: what passes meanwhile is a round
//! trip for one message at a time and less the more are under way, so that it would hide what grows. What the
//! emulated module does with more or larger messages is not the library's.

use std::cell::RefCell;

use atmqtt_emulator::runtime::Emulator;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Plan;
use crate::load::Load;
use crate::measure::{Figure, Runner, in_turn_on_a_level};
use crate::peer::{Peer, Who};
use crate::report::{Report, Row, Target};

const MOST: f64 = 1.3;

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    // Enough for 64 threads to have several each.
    let one = Load {
        messages: plan.pick(640, 64),
        clients: 1,
        waiting: 1,
        payload: 64,
        threads: 1,
    };
    let clients = Range {
        along: "clients",
        values: [1, 2, 3, 4, 5, 6],
        load: |clients| Load { clients, ..one },
        remark: "",
    };
    let waiting = Range {
        along: "waiting",
        values: [1, 10, 100, 1000, 10_000],
        load: |waiting| Load {
            messages: one.messages.max(waiting),
            waiting,
            ..one
        },
        remark: "",
    };
    let payload = Range {
        along: "bytes",
        values: [0, 16, 64, 256, 1024, 1500],
        load: |payload| Load { payload, ..one },
        remark: "; for no bytes there is no prompt, and no write after it",
    };
    let threads = Range {
        along: "threads",
        values: [1, 2, 4, 8, 16, 32, 64],
        load: |threads| Load { threads, ..one },
        remark: "",
    };
    // What it costs to wake a thread depends on the processor it last ran on, and on how deep that sleeps, more than
    // on anything here. But threads may also contend where they run at the same time.
    let all = sched_getaffinity(None).expect("it has a processor");
    stay_on(&one_of(&all));
    clients.measure(plan, report, "");
    waiting.measure(plan, report, "");
    payload.measure(plan, report, "");
    threads.measure(plan, report, "");
    stay_on(&all);
    threads.measure(plan, report, ", all processors");
}

/// From now on this thread runs there, and so do those and the programs that it starts.
fn stay_on(processors: &CpuSet) {
    sched_setaffinity(None, processors).expect("they are ours");
}

fn one_of(processors: &CpuSet) -> CpuSet {
    let mut one = CpuSet::new();
    let first = (0..CpuSet::MAX_CPU).find(|at| processors.is_set(*at));
    one.set(first.expect("there is one"));
    one
}

/// How much of what, and what is published for each.
struct Range<const N: usize, F> {
    along: &'static str,
    values: [usize; N],
    load: F,
    /// What else is different between its points.
    remark: &'static str,
}

impl<const N: usize, F: Fn(usize) -> Load> Range<N, F> {
    /// A row, with all points.
    fn measure(&self, plan: &Plan, report: &mut Report, how: &str) {
        let along = self.along;
        let module = Emulator::builder().start().expect("an emulator");
        let peer = Peer::start(Who::Rust, &plan.others, "load", &module.path());
        let peer = RefCell::new(peer.expect("it is this program"));
        let runner = |value: usize| {
            let load = (self.load)(value);
            let peer = &peer;
            Runner::new(format!("{along}: {value}"), move || {
                let line = serde_json::to_string(&load).expect("a load is JSON");
                let took = peer.borrow_mut().round(&line);
                took.processor * 1e6 / load.messages() as f64
            })
        };
        let figures = in_turn_on_a_level(plan.pick(15, 2), self.values.map(runner));
        let (first, last) = (&figures[0], &figures[N - 1]);
        let medians = figures.each_ref().map(Figure::median);
        let most = medians.into_iter().fold(f64::MIN, f64::max);
        let least = medians.into_iter().fold(f64::MAX, f64::min);
        let name = format!(
            "processor time of a message, {} to {} {along}{how}",
            self.values[0],
            self.values[N - 1]
        );
        report.add(
            Row::new(name, "µs", last)
                .floor(first)
                .points(along, self.values.into_iter().zip(medians).collect())
                .note(format!(
                    "between any two points at most {:.2} times{}",
                    most / least,
                    self.remark
                ))
                .target(Target::OfFloorAtMost(MOST)),
        );
    }
}
