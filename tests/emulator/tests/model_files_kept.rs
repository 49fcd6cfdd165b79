//! Files outlive a power cycle, and with `--files` the program.

mod common;

use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::Settings;
use common::{Host, PATIENCE, readable};
use std::fs;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_atmqtt-emulator");

/// The program; ended with the test.
struct Running(Child);

impl Running {
    /// Starts it on this folder; comes back with a host at its port.
    fn on(folder: &Path) -> (Self, Host) {
        let child = Command::new(PROGRAM)
            .arg("--files")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut running = Self(child);
        let stdout = running.0.stdout.as_mut().unwrap();
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            assert!(readable(stdout.as_fd(), Instant::now() + PATIENCE));
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1);
            line.push(byte[0]);
        }
        let path = PathBuf::from(String::from_utf8(line).unwrap().trim_end());
        let mut host = Host::open(&path);
        host.echo_off();
        (running, host)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_keeps_them_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    {
        let (_running, mut host) = Running::on(&files);
        host.command("AT+QFUPL=\"UFS:a.bin\",5");
        host.until(b"CONNECT\r\n");
        host.write(b"\0\r\n\xFFA");
        host.until(b"OK\r\n");
    }
    assert_eq!(fs::read(files.join("a.bin")).unwrap(), b"\0\r\n\xFFA");
    let (_running, mut host) = Running::on(&files);
    assert_eq!(host.ask("AT+QFLST"), ["+QFLST: \"UFS:a.bin\",5", "OK"]);
    host.command("AT+QFDWL=\"a.bin\"");
    host.until(b"CONNECT\r\n\0\r\n\xFFA\r\n+QFDWL: 5,4bf2\r\n\r\nOK\r\n");
}

#[test]
fn a_folder_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let output = Command::new(PROGRAM)
        .arg("--files")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&file.display().to_string()), "{error}");
}

#[test]
fn memory_outlives_a_power_cycle() {
    let mut machine = Machine::new(Settings::default(), Duration::ZERO);
    machine.input(Duration::ZERO, b"ATE0\r");
    machine.input(Duration::ZERO, b"AT+QFUPL=\"f\",1\r");
    machine.input(Duration::ZERO, b"x");
    machine.power_cycle(Duration::from_secs(1));
    machine.run_until(Duration::from_secs(60));
    machine.take_serial();
    machine.input(Duration::from_secs(60), b"AT+QFLST\r");
    let out = String::from_utf8(machine.take_serial()).unwrap();
    assert!(out.contains("+QFLST: \"UFS:f\",1\r\n"), "{out}");
}
