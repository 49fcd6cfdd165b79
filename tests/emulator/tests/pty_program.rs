//! The program `atmqtt-emulator`, started as a child process.

mod common;

use common::{Host, PATIENCE, readable};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Instant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_atmqtt-emulator");

/// A running program; killed when a test fails.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        Self(command.spawn().unwrap())
    }

    fn with(options: &[&str]) -> Self {
        Self::start(Command::new(PROGRAM).args(options).stdin(Stdio::null()))
    }

    /// The first line it prints.
    fn path(&mut self) -> PathBuf {
        let stdout = self.0.stdout.as_mut().unwrap();
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            assert!(
                readable(stdout.as_fd(), Instant::now() + PATIENCE),
                "{line:?}"
            );
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{line:?}");
            line.push(byte[0]);
        }
        PathBuf::from(String::from_utf8(line).unwrap().trim_end())
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for its end, and that it prints nothing more.
    fn end(mut self) -> ExitStatus {
        let stdout = self.0.stdout.as_mut().unwrap();
        assert!(
            readable(stdout.as_fd(), Instant::now() + PATIENCE),
            "it goes on"
        );
        assert_eq!(stdout.read(&mut [0; 16]).unwrap(), 0, "more than one line");
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answers(path: &Path) {
    let mut host = Host::open(path);
    host.echo_off();
    assert_eq!(host.ask("AT"), ["OK"]);
}

fn output(options: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(options)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn ends_on_signals() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut running = Running::with(&[]);
        let path = running.path();
        answers(&path);
        // A host that has the port open does not keep it.
        let _host = Host::open(&path);
        running.signal(signal);
        assert_eq!(running.end().code(), Some(0), "{signal:?}");
    }
}

#[test]
fn link_is_made_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let mut running = Running::with(&["--link", link.to_str().unwrap()]);
    let path = running.path();
    assert_eq!(fs::read_link(&link).unwrap(), path);
    answers(&link);
    running.signal(Signal::TERM);
    assert!(running.end().success());
    assert!(fs::symlink_metadata(&link).is_err());
}

#[test]
fn link_that_cannot_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    let output = output(&["--link", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains(file.to_str().unwrap())
    );
    assert!(output.stdout.is_empty());
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn ends_with_standard_input_when_told_so() {
    let mut running = Running::start(
        Command::new(PROGRAM)
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped()),
    );
    let path = running.path();
    answers(&path);
    drop(running.0.stdin.take());
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn serves_with_standard_input_closed() {
    // Closed for good, not at its end.
    let shell = ["-c", "exec \"$0\" <&-", PROGRAM];
    let mut running = Running::start(Command::new("sh").args(shell));
    let path = running.path();
    answers(&path);
    running.signal(Signal::TERM);
    assert!(running.end().success());

    let mut running = Running::start(Command::new(PROGRAM).stdin(Stdio::piped()));
    let path = running.path();
    drop(running.0.stdin.take());
    answers(&path);
    running.signal(Signal::TERM);
    assert!(running.end().success());
}

#[test]
fn all_options_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut running = Running::with(&[
        "--broker=loopback",
        "--profile=note",
        "--baud=115200",
        "--latency=5",
        "--chunk=random",
        "--seed=7",
        "--fault=lose-result:at=QMTSUB",
        "--fault=stat:ms=3600000",
        "--trace",
        trace.to_str().unwrap(),
    ]);
    let path = running.path();
    answers(&path);
    running.signal(Signal::TERM);
    assert!(running.end().success());
    let trace = fs::read_to_string(trace).unwrap();
    assert!(trace.contains(" > AT"), "{trace}");
}

#[test]
fn unplugged_for_good() {
    let mut running = Running::with(&["--fault=hang-up:at=AT"]);
    let path = running.path();
    let host = Host::open(&path);
    host.command("AT");
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn wrong_options() {
    for options in [
        &["--broker", "real"][..],
        &["--profile", "none"],
        &["--chunk", "words"],
        &["--fault", "no-such-fault"],
        &["--baud", "fast"],
        &["extra"],
    ] {
        let output = output(options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(output.stdout.is_empty());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(options[options.len() - 1]), "{text}");
    }
    let output = output(&["--broker", "network", "--latency", "5"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--latency"), "{text}");
}

#[test]
fn help_lists_everything() {
    let output = output(&["--help"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for option in [
        "--link",
        "--broker",
        "--profile",
        "--baud",
        "--latency",
        "--chunk",
        "--seed",
        "--fault",
        "--trace",
        "--replay",
        "--exit-with-stdin",
    ] {
        assert!(text.contains(option), "{option}");
    }
    for profile in atmqtt_emulator::profile::Profile::names() {
        assert!(text.contains(profile), "{profile}");
    }
    for row in atmqtt_emulator::fault::Fault::HELP {
        assert!(
            text.contains(row.name) && text.contains(row.help),
            "{}",
            row.name
        );
    }
}
