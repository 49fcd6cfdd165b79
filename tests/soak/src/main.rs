//! Links left alone in bad weather.
//!
//! `atmqtt-soak storm` runs three links against Debian's mosquitto, each on an emulated module of its own,
//! under a storm of faults: everything that the emulator can do wrong, restarts of the broker and of the
//! modules, and for the links with an outbox `SIGKILL`. Then the weather clears, everything that waits is
//! sent, and the books are checked: every accepted message arrived or was reported, none twice that must
//! not, in order. `atmqtt-soak kills` is about `SIGKILL` alone, and `atmqtt-soak recovery` about how long a
//! link is down after each fault. `atmqtt-soak steady` is fair weather for an hour.

#![expect(clippy::print_stdout, reason = "a program's report")]

mod books;
mod broker;
mod host;
mod kills;
mod life;
mod recovery;
mod steady;
mod storm;
mod weather;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

#[derive(Debug, Parser)]
#[command(version, about = "Links left alone in bad weather")]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Three links in a storm of faults
    Storm(storm::Options),
    /// SIGKILL of the program at random instants, with an outbox
    Kills(kills::Options),
    /// How long a link is down after each fault, beside what a program would need that knows the fault
    Recovery(recovery::Options),
    /// A link in fair weather for a long time, and what it takes
    Steady(steady::Options),
    /// The program with the link, which the others start
    #[command(hide = true)]
    Host(host::Options),
}

/// Where a report goes, beside what is printed.
#[derive(Debug, clap::Args)]
struct Report {
    /// Write the report to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Report {
    fn write(&self, name: &str, report: serde_json::Value) {
        let Some(path) = &self.json else { return };
        // One file for all of them.
        let mut whole: serde_json::Value = std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_else(|| serde_json::json!({}));
        whole[name] = report;
        let text = serde_json::to_string_pretty(&whole).expect("a report is JSON");
        std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn main() -> ExitCode {
    let faults = match Options::parse().what {
        What::Storm(options) => storm::run(&options),
        What::Kills(options) => kills::run(&options),
        What::Recovery(options) => recovery::run(&options),
        What::Steady(options) => steady::run(&options),
        What::Host(options) => {
            host::run(&options);
            Vec::new()
        }
    };
    for fault in &faults {
        eprintln!("NOT AS PROMISED: {fault}");
    }
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
