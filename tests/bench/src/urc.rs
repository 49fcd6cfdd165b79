//! From the bytes of a URC on the line to the callback of the program.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use atmqtt::{Event, Modem};
use crossbeam_channel::bounded;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::Plan;
use crate::measure::{Figure, Runner, in_turn};
use crate::raw;
use crate::report::{Report, Row, Target};

/// The module's side of a pseudo-terminal, and the name of the other.
fn pty() -> (File, PathBuf) {
    let module = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&module).expect("it is ours");
    unlockpt(&module).expect("it can be opened");
    let name = ptsname(&module, Vec::new()).expect("it has a name");
    let path = PathBuf::from(name.into_string().expect("it is text"));
    (File::from(module), path)
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

/// The median of so many times from a write to what it causes.
fn latency(times: usize, mut write: impl FnMut(), mut wait: impl FnMut() -> Instant) -> f64 {
    let mut values: Vec<f64> = (0..times)
        .map(|_| {
            // Everybody is asleep, as on a quiet line.
            std::thread::sleep(Duration::from_micros(200));
            let begun = Instant::now();
            write();
            (wait() - begun).as_secs_f64() * 1e6
        })
        .collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    let times = plan.pick(1000, 20);
    let urc = b"\r\n+CREG: 1\r\n";

    let (mut module, path) = pty();
    let answering = module.try_clone().expect("the descriptor is cloned");
    std::thread::spawn(move || answer(answering));
    let modem = Modem::open(&path).expect("the port opens");
    let (sender, called) = bounded(1);
    let heard = move |event: Event| {
        let now = Instant::now();
        if matches!(event, Event::Urc(_)) {
            let _ = sender.send(now);
        }
    };
    modem.on_event(heard).expect("nobody else has them");

    // The same way with nothing in it: a thread reads the line and hands over to another.
    let (mut bare, path) = pty();
    let mut reader = raw::open(&path);
    let (to_other, other) = bounded::<()>(1);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while reader.read(&mut buffer).is_ok_and(|count| count > 0) && to_other.send(()).is_ok() {}
    });
    let (to_us, handed) = bounded(1);
    std::thread::spawn(
        move || {
            while other.recv().is_ok() && to_us.send(Instant::now()).is_ok() {}
        },
    );

    let [ours, floor]: [Figure; 2] = in_turn(
        plan.rounds,
        [
            Runner::new("callback", || {
                let write = || module.write_all(urc).expect("it is written");
                latency(times, write, || called.recv().expect("it is called"))
            }),
            Runner::new("a thread that reads, and a bare hand-off", || {
                let write = || bare.write_all(urc).expect("it is written");
                latency(times, write, || handed.recv().expect("it is handed over"))
            }),
        ],
    );
    report.add(
        Row::new("URC to callback, from Rust", "µs", &ours)
            .floor(&floor)
            .target(Target::OfFloorAtMost(1.5)),
    );
}
