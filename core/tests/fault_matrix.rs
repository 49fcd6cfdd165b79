//! Every fault of the emulated module at every MQTT operation that can meet it, in virtual time.
//!
//! Each cell of the matrix is a number of variants of one fault at one operation. What must come of a
//! variant is written down beside it (`replies`, `events`, `damage`), and every variant is checked for
//! the same things besides (`run`): the operation ends by its documented bound; what another client does
//! meanwhile is not touched; messages come unchanged and once; the next command and a whole session
//! work afterwards; the broker has got what was published, whole, and nothing else; no secret is in any
//! event, error or line of the log.
//!
//! A second matrix has every other call of the library (`commands`): files, TLS contexts, the network and
//! the rest, each a few commands one after the other, on a modem whose engine the bench drives. A fault
//! meets each of the commands; what must come of the whole call is written down in `commands/cases`.
//!
//! A third has every operation at every reading of what the application note leaves open (`knobs`).
//!
//! The first two are printed, and written to `fault-matrix.txt` and `fault-matrix-commands.txt` in the target folder. Byte positions are
//! drawn by chance from a seed. `ATMQTT_MATRIX_SEEDS=N` runs the whole N times with other seeds, and
//! `ATMQTT_MATRIX_ALL=1` takes every byte position. `ATMQTT_MATRIX_ONLY=lose-final/connect` runs one
//! cell (either part may be empty) and prints its variants.

#[path = "fault_matrix/bench.rs"]
mod bench;
#[path = "fault_matrix/case.rs"]
mod case;
#[path = "fault_matrix/commands/mod.rs"]
mod commands;
#[path = "fault_matrix/damage.rs"]
mod damage;
#[path = "fault_matrix/events.rs"]
mod events;
#[path = "fault_matrix/journal.rs"]
mod journal;
#[path = "fault_matrix/knobs.rs"]
mod knobs;
#[path = "fault_matrix/operation.rs"]
mod operation;
#[path = "fault_matrix/replies.rs"]
mod replies;
#[path = "fault_matrix/run.rs"]
mod run;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use atmqtt_emulator::fault::Fault;

use bench::Random;
use case::Case;
use commands::{Call, Plain};
use damage::Draw;
use operation::{Operation, PASSWORD};

/// The variants of a fault at an operation; none where they cannot meet.
enum Cases {
    Fixed(fn(Operation) -> Vec<Case>),
    Drawn(fn(Operation, &mut Draw) -> Vec<Case>),
}

use Cases::{Drawn, Fixed};

/// The rows of the matrix.
const ROWS: &[(&str, Cases)] = &[
    ("lose-command", Fixed(replies::lose_command)),
    ("delay-prompt", Fixed(replies::delay_prompt)),
    ("lose-prompt", Fixed(replies::lose_prompt)),
    ("no-prompt", Fixed(replies::no_prompt)),
    ("delay-final", Fixed(replies::delay_final)),
    ("lose-final", Fixed(replies::lose_final)),
    ("delay-result", Fixed(replies::delay_result)),
    ("lose-result", Fixed(replies::lose_result)),
    ("double-result", Fixed(replies::double_result)),
    ("result-first", Fixed(replies::result_first)),
    ("error", Fixed(replies::error)),
    ("cme", Fixed(replies::cme)),
    ("truncate", Drawn(damage::truncate)),
    ("reboot-in-line", Drawn(damage::reboot_in_line)),
    ("drop-byte", Drawn(damage::drop_byte)),
    ("flip-byte", Drawn(damage::flip_byte)),
    ("blank-lines", Drawn(damage::blank_lines)),
    ("stall", Drawn(damage::stall)),
    ("lose-notice", Fixed(replies::lose_notice)),
    ("drop-ack", Fixed(replies::drop_ack)),
    ("open-result", Fixed(replies::open_result)),
    ("connack", Fixed(replies::connack)),
    ("stat", Fixed(events::stat)),
    ("ping", Fixed(events::ping)),
    ("reboot", Fixed(events::reboot)),
    ("pdpdeact", Fixed(events::pdpdeact)),
    ("registration", Fixed(events::registration)),
    ("hang-up", Fixed(events::hang_up)),
    ("line", Fixed(events::line)),
    ("garbage", Drawn(damage::garbage)),
    ("echo", Fixed(events::echo)),
    ("late-stat", Fixed(events::late_stat)),
];

/// Faults of file transfers, which are no operations of this matrix; that of the other commands has them.
const OF_FILES: [&str; 1] = ["urc-in-file"];

/// Byte positions of each kind of line, where not all are taken.
const POSITIONS: u64 = 12;

/// One variant to run.
struct Job<C> {
    fault: &'static str,
    column: &'static str,
    /// What it is, for the report.
    text: String,
    case: C,
    seed: u64,
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// The cells that are asked for, and what is drawn by chance for each round.
struct Plan {
    only: String,
    rounds: u64,
    all: bool,
}

impl Plan {
    fn new() -> Self {
        Self {
            only: env::var("ATMQTT_MATRIX_ONLY").unwrap_or_default(),
            rounds: number("ATMQTT_MATRIX_SEEDS").unwrap_or(1),
            all: number("ATMQTT_MATRIX_ALL").is_some_and(|all| all > 0),
        }
    }

    fn wants(&self, fault: &str, column: &str) -> bool {
        let (fault_only, column_only) = self.only.split_once('/').unwrap_or((&self.only, ""));
        (fault_only.is_empty() || fault_only == fault)
            && (column_only.is_empty() || column_only == column)
    }

    fn draw(&self, round: u64) -> Draw {
        Draw {
            random: Random::new(round),
            count: (!self.all).then_some(POSITIONS),
        }
    }
}

fn jobs() -> Vec<Job<(Operation, Case)>> {
    let plan = Plan::new();
    let mut jobs = Vec::new();
    for round in 0..plan.rounds {
        let mut draw = plan.draw(round);
        for (fault, cases) in ROWS {
            for operation in Operation::ALL {
                let cases = match cases {
                    Fixed(cases) => cases(operation),
                    Drawn(cases) => cases(operation, &mut draw),
                };
                let column = operation.name();
                let wanted = plan.wants(fault, column);
                let cases = cases.into_iter().filter(|_| wanted).enumerate();
                jobs.extend(cases.map(|(at, case)| Job {
                    fault,
                    column,
                    text: format!("{:?}", case.faults),
                    case: (operation, case),
                    seed: round * 1_000_003 + at as u64,
                }));
            }
        }
    }
    jobs
}

type CommandCase = (Call, Arc<Plain>, commands::Case);

fn command_jobs() -> Vec<Job<CommandCase>> {
    let plan = Plan::new();
    let mut jobs = Vec::new();
    let calls = Call::ALL.map(|call| {
        let plain = Plain::of(call).unwrap_or_else(|error| panic!("without a fault: {error}"));
        (call, Arc::new(plain))
    });
    for round in 0..plan.rounds {
        let mut draw = plan.draw(round);
        for row in Fault::HELP {
            for (call, plain) in &calls {
                let cases = commands::cases(row.name, *call, plain, &mut draw);
                let column = call.name();
                let wanted = plan.wants(row.name, column);
                let cases = cases.into_iter().filter(|_| wanted).enumerate();
                jobs.extend(cases.map(|(at, case)| Job {
                    fault: row.name,
                    column,
                    text: format!("{:?}", case.faults),
                    case: (*call, Arc::clone(plain), case),
                    seed: round * 1_000_003 + at as u64,
                }));
            }
        }
    }
    jobs
}

/// Runs all jobs on as many threads as there are processors; what failed.
fn run_all<C: Sync>(
    jobs: &[Job<C>],
    run: impl Fn(&C, u64) -> Result<(), String> + Sync,
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            journal::begin();
            let run = || run(&job.case, job.seed);
            let result = catch_unwind(AssertUnwindSafe(run))
                .unwrap_or_else(|_| Err("panicked: see above".to_owned()))
                .and_then(|()| match journal::take() {
                    lines if lines.contains(PASSWORD) => {
                        Err(format!("a secret is in the log: {lines}"))
                    }
                    _ => Ok(()),
                });
            if let Err(why) = result {
                let text = format!(
                    "{} / {}: {}, seed {}: {why}",
                    job.fault, job.column, job.text, job.seed
                );
                failed.lock().expect("not poisoned").push(text);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut failed = failed.into_inner().expect("not poisoned");
    failed.sort();
    failed
}

/// Prints the matrix, keeps it in the target folder, and fails with what failed.
fn report<C>(file: &str, columns: &[&str], jobs: &[Job<C>], failed: &[String]) {
    let mut counts = BTreeMap::new();
    for job in jobs {
        *counts.entry((job.fault, job.column)).or_insert(0) += 1;
    }
    let table = table(columns, &counts, jobs.len());
    let mut out = std::io::stdout();
    let _ = out.write_all(table.as_bytes());
    let whole = env::var_os("ATMQTT_MATRIX_ONLY").is_none();
    if let (Some(folder), true) = (target_folder(), whole) {
        fs::write(folder.join(file), &table).expect("the target folder");
    }
    assert!(
        failed.is_empty(),
        "{} of {} failed:\n{}",
        failed.len(),
        jobs.len(),
        failed.join("\n")
    );
}

fn table(columns: &[&str], counts: &BTreeMap<(&str, &str), usize>, variants: usize) -> String {
    let rows: Vec<&str> = Fault::HELP
        .iter()
        .map(|row| row.name)
        .filter(|row| counts.keys().any(|(fault, _)| fault == row))
        .collect();
    let mut text = format!("{:15}", "");
    for column in columns {
        let _ = write!(text, "{column:>10}");
    }
    text.push('\n');
    for fault in &rows {
        let _ = write!(text, "{fault:15}");
        for column in columns {
            let count = counts.get(&(*fault, *column));
            let shown = count.map_or_else(|| "-".to_owned(), usize::to_string);
            let _ = write!(text, "{shown:>10}");
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} faults, {} columns, {} cells, {variants} variants",
        rows.len(),
        columns.len(),
        counts.len()
    );
    text
}

/// The target folder: that of the test program, `<target>/<profile>/deps/<program>`.
fn target_folder() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    program.ancestors().nth(3).map(Path::to_owned)
}

#[test]
fn every_fault_at_every_operation() {
    let jobs = jobs();
    let failed = run_all(&jobs, |(operation, case), seed| {
        run::run(*operation, case, seed)
    });
    let columns = Operation::ALL.map(Operation::name);
    report("fault-matrix.txt", &columns, &jobs, &failed);
}

#[test]
fn every_operation_at_every_knob() {
    let plan = Plan::new();
    let mut jobs = Vec::new();
    for (at, (knob, turn)) in knobs::KNOBS.iter().enumerate() {
        for operation in Operation::ALL
            .into_iter()
            .filter(|op| plan.wants(knob, op.name()))
        {
            let cases = knobs::cases(operation, knob, *turn);
            jobs.extend(cases.into_iter().map(|case| Job {
                fault: knob,
                column: operation.name(),
                text: format!("{:?}", case.faults),
                case: (operation, case),
                seed: at as u64,
            }));
        }
    }
    let failed = run_all(&jobs, |(operation, case), seed| {
        run::run(*operation, case, seed)
    });
    assert!(
        failed.is_empty(),
        "{} of {} failed:\n{}",
        failed.len(),
        jobs.len(),
        failed.join("\n")
    );
}

#[test]
fn every_fault_at_every_other_command() {
    let jobs = command_jobs();
    let failed = run_all(&jobs, |(call, plain, case), seed| {
        commands::run(*call, plain, case, seed)
    });
    let columns = Call::ALL.map(Call::name);
    report("fault-matrix-commands.txt", &columns, &jobs, &failed);
}

#[test]
fn no_fault_is_forgotten() {
    let rows: Vec<&str> = ROWS.iter().map(|(fault, _)| *fault).collect();
    let known: Vec<&str> = Fault::HELP
        .iter()
        .map(|row| row.name)
        .filter(|name| !OF_FILES.contains(name))
        .collect();
    assert_eq!(rows, known, "the faults of the emulator");
    let jobs = jobs();
    for name in known {
        let some = jobs.iter().any(|job| job.fault == name);
        assert!(
            some || env::var_os("ATMQTT_MATRIX_ONLY").is_some(),
            "{name}"
        );
    }
}
