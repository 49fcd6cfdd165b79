//! Bytes that are missing, altered, cut short, or too many.

use crate::bench::Random;
use crate::bench::{ms, s};
use crate::case::{Back, Case, Reach, Want};
use crate::operation::Operation::{self as Op, *};
use crate::replies::spec;

/// The kinds of lines that an operation meets, and about how long they are.
fn kinds(op: Op) -> Vec<(&'static str, u64)> {
    let mut kinds = Vec::new();
    if op.has_answer() {
        kinds.push(("info", 60));
    }
    if op.prompts() {
        kinds.push(("prompt", 4));
    }
    if op.is_command() {
        kinds.push(("final", 6));
    }
    if op.has_result() {
        kinds.push(("result", 22));
    }
    if matches!(op, Receive | Fetch) {
        kinds.push(("urc", 150));
    }
    kinds
}

/// Which command of the opening dialogue; the others have one.
fn target(op: Op, kind: &str, random: &mut Random) -> String {
    let lines = match (op, kind) {
        // The check has an answer, and the queries where somebody lives.
        (Port, "info") => 1,
        (Adopt, "info") => 8,
        (Port | Adopt, _) => u64::from(op.steps()),
        _ => return op.target().to_owned(),
    };
    format!("after={}", random.below(lines))
}

/// A fault at so many byte positions of every kind of line.
fn at_positions(op: Op, name: &str, key: &str, draw: &mut Draw) -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, length) in kinds(op) {
        for position in draw.positions(length) {
            let target = target(op, kind, &mut draw.random);
            let fault = spec(name, &target, &format!("of={kind},{key}={position}"));
            cases.push(Case::new(op, fault, Want::Any));
        }
    }
    cases
}

/// What is drawn by chance, and how much of it.
pub(crate) struct Draw {
    pub(crate) random: Random,
    /// Positions of each kind of line; `None` = all.
    pub(crate) count: Option<u64>,
}

impl Draw {
    /// A few of so many places, of which there are many more elsewhere.
    pub(crate) fn few(&mut self, length: u64) -> Vec<u64> {
        match self.count {
            Some(_) => (0..3).map(|_| self.random.below(length)).collect(),
            None => (0..length).collect(),
        }
    }

    fn positions(&mut self, length: u64) -> Vec<u64> {
        match self.count {
            Some(count) if count < length => {
                (0..count).map(|_| self.random.below(length)).collect()
            }
            _ => (0..length).collect(),
        }
    }
}

/// In step again behind what a damaged head of a message swallows: the silence that ends it.
fn damaged(cases: Vec<Case>, reach: Reach) -> Vec<Case> {
    cases
        .into_iter()
        .map(|case| {
            let within = case.within + s(3 + 2 + 5);
            case.reach(reach).within(within)
        })
        .collect()
}

/// Where the head of a message is no head any more, or its count takes what comes behind it for the rest
/// and happens to end at the end of a line, a payload is read as lines: nothing tells the bytes apart.
fn missing_bytes(op: Op) -> Reach {
    if op.receives() {
        Reach::Digits
    } else {
        Reach::Bytes
    }
}

pub(crate) fn truncate(op: Op, draw: &mut Draw) -> Vec<Case> {
    damaged(
        at_positions(op, "truncate", "bytes", draw),
        missing_bytes(op),
    )
}

pub(crate) fn drop_byte(op: Op, draw: &mut Draw) -> Vec<Case> {
    damaged(
        at_positions(op, "drop-byte", "byte", draw),
        missing_bytes(op),
    )
}

pub(crate) fn flip_byte(op: Op, draw: &mut Draw) -> Vec<Case> {
    damaged(at_positions(op, "flip-byte", "byte", draw), Reach::Digits)
}

pub(crate) fn reboot_in_line(op: Op, draw: &mut Draw) -> Vec<Case> {
    damaged(
        at_positions(op, "reboot-in-line", "bytes", draw),
        Reach::All,
    )
    .into_iter()
    .map(|case| case.back(Back::After(s(5))))
    .collect()
}

/// The same bytes, late: what a line or a message may take is what the documentation says.
pub(crate) fn stall(op: Op, draw: &mut Draw) -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, length) in kinds(op) {
        // A module prints a message in one go; the opening dialogue waits 1.5 s and 2 s.
        let message = op.receives() && matches!(kind, "info" | "urc");
        let patience = if message || op.is_dialogue() {
            900
        } else {
            4_000
        };
        for time in [200, 900, 4_000, 12_000] {
            for position in draw.few(length) {
                let target = target(op, kind, &mut draw.random);
                let keys = format!("of={kind},bytes={position},ms={time}");
                let case = Case::new(op, spec("stall", &target, &keys), Want::Done);
                let within = case.within + ms(time);
                cases.push(match time <= patience {
                    true => case.within(within),
                    false => stalled(case)
                        .within(within + s(10))
                        .back(Back::After(ms(time + 500))),
                });
            }
        }
    }
    cases
}

fn stalled(case: Case) -> Case {
    let case = case.reach(Reach::Stalled);
    Case {
        want: Want::Any,
        ..case
    }
}

pub(crate) fn garbage(op: Op, draw: &mut Draw) -> Vec<Case> {
    let mut cases = Vec::new();
    let places: &[&str] = match op {
        Receive => &["result", "after-result"],
        _ if op.prompts() => &["command", "payload", "final", "result", "after-result"],
        _ if op.has_result() => &["command", "final", "result", "after-result"],
        _ => &["command", "final"],
    };
    for place in places {
        for bytes in draw.positions(64) {
            let target = target(op, "final", &mut draw.random);
            let fault = spec(
                "garbage",
                &target,
                &format!("on={place},bytes={}", bytes + 1),
            );
            cases.push(Case::new(op, fault, Want::Any));
        }
    }
    damaged(cases, Reach::Bytes)
}

pub(crate) fn blank_lines(op: Op, _: &mut Draw) -> Vec<Case> {
    kinds(op)
        .into_iter()
        .flat_map(|(kind, _)| [1, 2, 7].map(|count| (kind, count)))
        .map(|(kind, count)| {
            let keys = format!("of={kind},count={count},always");
            Case::new(op, spec("blank-lines", op.target(), &keys), Want::Done)
        })
        .collect()
}
