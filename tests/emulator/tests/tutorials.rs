//! Plain pyserial programs in the manner of vendors' tutorials, unmodified, on the device.
//!
//! They need Python 3 with `venv`; the virtual environment is made under `target`, once.

mod common;

use atmqtt_emulator::profile::Profile;
use atmqtt_emulator::runtime::{Chunk, Emulator};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

const PYSERIAL: &str = "pyserial==3.5";

/// Longer than a program takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for the end of a child; kills it when it takes too long.
fn finish(mut child: Child, what: &str) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{what} takes longer than {PATIENCE:?}");
        }
        // A child cannot be waited for with a time-out.
        thread::sleep(Duration::from_millis(10));
    }
}

fn run(command: &mut Command, what: &str, advice: &str) {
    let child = command.stdin(Stdio::null()).spawn();
    let child = child.unwrap_or_else(|error| panic!("{what} cannot start: {error}; {advice}"));
    assert!(finish(child, what), "{what} failed; {advice}");
}

/// The interpreter of an environment with pyserial.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let ready = target.join("venv-pyserial-3.5");
        let python = ready.join("bin/python");
        if python.exists() {
            return python;
        }
        // Half an environment must never look like a whole one, also with two of us at once.
        let fresh = target.join(format!("venv-{}", std::process::id()));
        run(
            Command::new("python3").args(["-m", "venv"]).arg(&fresh),
            "python3 -m venv",
            "these tests need Python 3 with venv (Debian: python3-venv)",
        );
        run(
            Command::new(fresh.join("bin/python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .arg(PYSERIAL),
            "pip install pyserial",
            "these tests need a Python package index, once",
        );
        if fs::rename(&fresh, &ready).is_err() {
            assert!(python.exists(), "{} cannot be made", ready.display());
            let _ = fs::remove_dir_all(&fresh);
        }
        python
    })
}

fn tutorial(program: &str, arguments: &[&str], profile: &str, chunk: Chunk) {
    let emulator = Emulator::builder()
        .profile(Profile::by_name(profile).unwrap())
        .latency(Duration::from_millis(20))
        .chunk(chunk)
        .start()
        .unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tutorials")
        .join(program);
    run(
        Command::new(python())
            .arg(file)
            .arg(emulator.path())
            .args(arguments),
        program,
        &format!("profile {profile}, output cut: {chunk}"),
    );
    emulator.stop().unwrap();
}

/// Runs a program on each of these at once: most of its time it sleeps.
fn everywhere(program: &str, arguments: &[&str], profiles: &[&str], chunks: &[Chunk]) {
    python();
    thread::scope(|scope| {
        for profile in profiles {
            for chunk in chunks {
                scope.spawn(|| tutorial(program, arguments, profile, *chunk));
            }
        }
    });
}

#[test]
fn sleep_and_print() {
    everywhere(
        "sleep_and_print.py",
        &[],
        &["bg96", "ec25"],
        &[Chunk::Whole],
    );
}

#[test]
fn read_lines() {
    let sisters = ["bg96", "bg95", "bg770a", "ec25"];
    everywhere("read_lines.py", &[], &sisters, &[Chunk::Whole]);
    let family = ["note", "ec800m"];
    everywhere("read_lines.py", &["AT+QMTPUBEX"], &family, &[Chunk::Whole]);
}

#[test]
fn driver_class() {
    let family = ["note", "ec600s", "ec800m"];
    everywhere(
        "driver_class.py",
        &[],
        &family,
        &[Chunk::Whole, Chunk::Random],
    );
}

#[test]
fn one_line() {
    everywhere(
        "one_line.py",
        &[],
        &["bc66"],
        &[Chunk::Whole, Chunk::Random],
    );
}
