//! From the bytes of a URC on the line to the callback of the program.
//!
//! Every program is a process of its own and prints when, on the clock that all processes share, it was called.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::Plan;
use crate::measure::now;
use crate::peer::{Others, Peer, Who, in_turn};
use crate::raw;
use crate::report::{Report, Row, Target};

/// The module's side of a pseudo-terminal, and the host's, which is raw whoever opens it by its name.
fn pty() -> (File, File, PathBuf) {
    let module = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&module).expect("it is ours");
    unlockpt(&module).expect("it can be opened");
    let name = ptsname(&module, Vec::new()).expect("it has a name");
    let path = PathBuf::from(name.into_string().expect("it is text"));
    let host = raw::open(&path);
    (File::from(module), host, path)
}

/// Answers what a host says first, until nothing more comes.
fn answer(mut module: File) {
    let mut line = Vec::new();
    let mut byte = [0];
    while module.read(&mut byte).is_ok_and(|count| count == 1) {
        if byte[0] != b'\r' {
            line.push(byte[0]);
            continue;
        }
        let text: &[u8] = match line.as_slice() {
            b"AT+CMEE?" => b"\r\n+CMEE: 1\r\n\r\nOK\r\n",
            _ => b"\r\nOK\r\n",
        };
        module.write_all(text).expect("it is written");
        line.clear();
    }
}

/// A program that listens, and the line that it listens to.
struct Listener {
    peer: Peer,
    module: File,
    /// While one has it open, the module can read.
    _host: File,
}

impl Listener {
    fn start(who: Who, others: &Others) -> Option<Self> {
        let (module, host, path) = pty();
        let answering = module.try_clone().expect("the descriptor is cloned");
        std::thread::spawn(move || answer(answering));
        let peer = Peer::start(who, others, "urc", &path)?;
        Some(Self {
            peer,
            module,
            _host: host,
        })
    }

    /// The median of so many microseconds from the write of a URC to the program's call.
    fn latency(&mut self, times: usize) -> f64 {
        let mut values: Vec<u64> = (0..times)
            .map(|_| {
                // Everybody is asleep, as on a quiet line.
                std::thread::sleep(Duration::from_micros(200));
                let begun = now();
                self.module
                    .write_all(b"\r\n+CREG: 1\r\n")
                    .expect("it is written");
                self.peer.called() - begun
            })
            .collect();
        values.sort_unstable();
        values[values.len() / 2] as f64 / 1e3
    }
}

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    // Many and short rounds: where threads are put, and how long it takes to wake them there, changes by the second.
    let times = plan.pick(200, 20);
    let all = [Who::Handoff, Who::Rust, Who::C, Who::Python];
    let mut listeners: Vec<(Who, Listener)> = all
        .into_iter()
        .filter_map(|who| Some((who, Listener::start(who, &plan.others)?)))
        .collect();
    let figures = in_turn(plan.pick(55, 2), &mut listeners, |listener| {
        listener.latency(times)
    });
    let floor = figures.of(Who::Handoff);
    for who in [Who::Rust, Who::C] {
        if let (Some(ours), Some(floor)) = (figures.of(who), floor) {
            report.add(
                Row::new(format!("URC to callback, {}", who.name()), "µs", ours)
                    .floor(floor)
                    .target(Target::OfFloorAtMost(1.5)),
            );
        }
    }
    if let (Some(python), Some(c)) = (figures.of(Who::Python), figures.of(Who::C)) {
        report.add(
            Row::new("URC to callback, from Python", "µs", python)
                .peer(c)
                .target(Target::OfPeerAtMost(2.5)),
        );
    }
}
