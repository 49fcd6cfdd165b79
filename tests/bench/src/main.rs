//! What the library costs: every figure beside the least possible, or beside what people use today, both measured
//! in turn in the same run.
//!
//! `make bench` builds what it needs and runs it. Absolute figures depend on the machine; what counts is the
//! ratio to the figure beside them.

#![expect(clippy::print_stdout, reason = "a program's report")]

mod command;
mod growth;
mod idle;
mod lexer;
mod line;
mod load;
mod measure;
mod own;
mod peer;
mod picture;
mod publish;
mod raw;
mod report;
mod size;
mod urc;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use report::Report;

#[derive(Debug, Parser)]
#[command(
    version,
    about = "What the library costs, beside the least possible and beside others"
)]
struct Options {
    /// Run everything, and so briefly that the figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Measure only this (may be given several times): lexer, command, publish, line, urc, idle, size, growth
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Write the rows to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the rows into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    others: peer::Others,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The library in a process of its own, which the rest starts
    #[command(hide = true)]
    Own(own::Options),
}

/// How much is measured.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    pub(crate) others: peer::Others,
}

impl Plan {
    pub(crate) fn pick<T>(&self, long: T, quick: T) -> T {
        if self.quick { quick } else { long }
    }
}

type Chapter = (&'static str, fn(&Plan, &mut Report));

const CHAPTERS: [Chapter; 8] = [
    ("lexer", lexer::run),
    ("command", command::run),
    ("publish", publish::run),
    ("line", line::run),
    ("urc", urc::run),
    ("idle", idle::run),
    ("size", size::run),
    ("growth", growth::run),
];

fn main() {
    let options = Options::parse();
    if let Some(What::Own(own)) = &options.what {
        return own::run(own);
    }
    for name in &options.only {
        let known = CHAPTERS.iter().any(|(chapter, _)| chapter == name);
        assert!(known, "there is no {name} to measure: see --help");
    }
    let plan = Plan {
        quick: options.quick,
        rounds: if options.quick { 2 } else { 11 },
        others: options.others,
    };
    let mut report = Report::default();
    let wanted =
        |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let chapters: Vec<&Chapter> = CHAPTERS.iter().filter(|(name, _)| wanted(name)).collect();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {elapsed}")
        .expect("the template is right");
    let bar = ProgressBar::new(chapters.len() as u64).with_style(style);
    for (name, run) in chapters {
        bar.set_message(*name);
        run(&plan, &mut report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("{}", report.table().trim_end());
    if let Some(path) = &options.json {
        report.write_json(path);
    }
    if let Some(path) = &options.svg {
        report.write_svg(path);
    }
}
