//! The device itself: who may open it, what closing does.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use atmqtt::{ErrorKind, Modem, QoS};
use atmqtt_emulator::runtime::Emulator;

use crate::common::{Bench, kind};

#[test]
fn a_port_is_opened_once() {
    let bench = Bench::new();
    let error = Modem::open(bench.emulator.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PortBusy);
    assert!(
        error.to_string().contains("this program has it open"),
        "{error}"
    );
    bench.modem.close().unwrap();
    Modem::open(bench.emulator.path()).unwrap();
}

#[test]
fn another_process_that_has_the_port_is_named() {
    let emulator = Emulator::builder().start().unwrap();
    // util-linux' flock is on every Debian; it holds the lock while its child runs.
    let mut holder = std::process::Command::new("flock")
        .arg(emulator.path())
        .args(["cat"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // When `cat` echoes, the lock is held.
    use std::io::{Read as _, Write as _};
    let mut pipe = holder.stdin.take().unwrap();
    pipe.write_all(b"x").unwrap();
    holder.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
    let error = Modem::open(emulator.path()).unwrap_err();
    drop(pipe);
    holder.wait().unwrap();
    assert_eq!(error.kind(), ErrorKind::PortBusy);
    let text = error.to_string();
    assert!(
        text.contains("process ") && text.contains("flock") || text.contains("cat"),
        "{text}"
    );
}

#[test]
fn what_is_no_port_says_so() {
    let error = Modem::open("/dev/does-not-exist").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PortLost);
    assert!(error.to_string().contains("plugged in"), "{error}");
    assert_eq!(kind(Modem::open("/dev/null")), ErrorKind::PortLost);
}

#[test]
fn a_rate_of_0_is_refused() {
    let emulator = Emulator::builder().start().unwrap();
    let error = Modem::builder()
        .baud_rate(0)
        .open(emulator.path())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("baud_rate is 0"), "{error}");
}

#[test]
fn a_port_without_a_module_times_out() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let error = Modem::builder()
        .patience(Duration::from_millis(10))
        .open_port(ours)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("does not answer"), "{error}");
}

#[test]
fn closing_ends_every_wait_and_every_later_call() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let messages = client.messages().unwrap();
    bench.fault("lose-result:at=QMTPUBEX");
    let publication = client
        .publish_start("t", "x", QoS::AtLeastOnce, false)
        .unwrap();
    let publishing = std::thread::spawn(move || publication.wait());
    let reading = std::thread::spawn(move || messages.recv());
    bench.modem.close().unwrap();
    assert_eq!(kind(publishing.join().unwrap()), ErrorKind::Closed);
    assert!(reading.join().unwrap().is_none());
    assert_eq!(kind(bench.modem.command("AT")), ErrorKind::Closed);
    assert_eq!(
        kind(client.publish("t", "x", QoS::AtMostOnce, false)),
        ErrorKind::Closed
    );
    bench.modem.close().unwrap();
}

#[test]
fn the_last_handle_closes_the_port() {
    let Bench { modem, emulator } = Bench::new();
    let client = modem.client(0).unwrap();
    drop(modem);
    client.open("h", 1).unwrap();
    drop(client);
    Modem::open(emulator.path()).unwrap();
}
