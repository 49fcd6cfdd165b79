//! The threads of a port under a model checker, shuttle: the real engine, reader, dispatcher, mailbox and
//! callers, the emulated module as one thread more, and one that lets the time pass (`crate::sync::model`).
//!
//! Each scenario runs under many schedules, and must come out right under each. That nobody waits for
//! ever needs no assertion: the checker tells a deadlock, and a thread that is left over.
//!
//! A schedule that fails is printed, with what replays it.

mod bench;
mod commands;
mod ends;
mod interrupts;
mod messages;
mod parts;

use std::time::Duration;

use shuttle::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, Schedule, Scheduler, Task,
    TaskId, UncontrolledNondeterminismCheckScheduler,
};
use shuttle::{Config, MaxSteps, Runner};

use crate::sync::model;

/// Schedules of each kind, unless `ITERATIONS` says otherwise.
const ITERATIONS: usize = 200;

/// More than any execution needs.
const STEPS: usize = 100_000;

const SEED: u64 = 1;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not a number")),
    )
}

/// Runs a scenario under schedules that are drawn at random: every step, and with few changes of
/// priority at points that matter (PCT).
fn check(scenario: fn()) {
    let seed = number("SEED").unwrap_or(SEED);
    let iterations = number("ITERATIONS").map_or(ITERATIONS, |iterations| iterations as usize);
    if let Ok(schedule) = std::env::var("SCHEDULE") {
        run(ReplayScheduler::new_from_encoded(&schedule), scenario);
        return;
    }
    let random = RandomScheduler::new_from_seed(seed, iterations);
    run(Timekeeper::new(random, seed), scenario);
    for depth in [2, 5, 20] {
        let pct = PctScheduler::new_from_seed(seed, depth, iterations / 2);
        run(Timekeeper::new(pct, seed), scenario);
    }
    // The same steps again, or a failure could not be replayed.
    let random = RandomScheduler::new_from_seed(seed, iterations / 20);
    let twice = UncontrolledNondeterminismCheckScheduler::new(Timekeeper::new(random, seed));
    run(twice, scenario);
    println!(
        "{iterations} schedules at random and {} of PCT, SEED={seed}",
        iterations / 2 * 3
    );
}

/// Runs a small scenario under every schedule there is.
fn check_all(scenario: fn()) {
    let schedules = run(Timekeeper::new(DfsScheduler::new(None, false), 0), scenario);
    println!("all schedules: {schedules}");
}

fn run(scheduler: impl Scheduler + 'static, scenario: fn()) -> usize {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        model::begin();
        let clock = crate::sync::spawn("clock", model::clock).expect("a thread");
        assert_eq!(usize::from(clock.thread().id()), CLOCK);
        scenario();
    })
}

/// The second thread of every execution.
const CLOCK: usize = 1;

/// Lets the clock run only when nobody else can, and before that by chance where the scenario allows
/// ([`model::hurry`]).
#[derive(Debug)]
struct Timekeeper<S> {
    scheduler: S,
    random: u64,
    /// The clock is let run at one step out of so many.
    rarely: u64,
}

impl<S> Timekeeper<S> {
    fn new(scheduler: S, seed: u64) -> Self {
        Self {
            scheduler,
            random: seed,
            rarely: 1,
        }
    }

    /// splitmix64
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl<S: Scheduler> Scheduler for Timekeeper<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.rarely = 1 << (1 + self.draw() % 8);
        self.scheduler.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let clock = TaskId::from(CLOCK);
        let others: Vec<&Task> = runnable
            .iter()
            .copied()
            .filter(|task| task.id() != clock)
            .collect();
        if others.is_empty() {
            return Some(clock);
        }
        if others.len() < runnable.len() && model::may_hurry() && self.draw() % self.rarely == 0 {
            return Some(clock);
        }
        self.scheduler.next_task(&others, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}

/// Milliseconds.
const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
