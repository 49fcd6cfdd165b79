//! The emulated module behind a real pseudo-terminal.

mod common;

use atmqtt_emulator::runtime::{Chunk, Emulator};
use atmqtt_emulator::trace::{self, Direction};
use common::{Host, PATIENCE};
use rustix::io::Errno;
use std::fs;
use std::time::{Duration, Instant};

fn start() -> Emulator {
    Emulator::builder().start().unwrap()
}

fn host(emulator: &Emulator) -> Host {
    let mut host = Host::open(&emulator.path());
    host.echo_off();
    host
}

#[test]
fn at_ok() {
    let emulator = start();
    let host = &mut host(&emulator);
    host.command("AT");
    assert_eq!(host.until(b"OK\r\n"), b"\r\nOK\r\n");
    emulator.stop().unwrap();
}

#[test]
fn settings_test_form() {
    let emulator = start();
    let lines = host(&emulator).ask("AT+QMTCFG=?");
    let want = [
        r#""version",(0-5),(3,4)"#,
        r#""pdpcid",(0-5),(1-15)"#,
        r#""ssl",(0-5),(0,1),(0-5)"#,
        r#""keepalive",(0-5),(0-3600)"#,
        r#""session",(0-5),(0,1)"#,
        r#""timeout",(0-5),(1-60),(0-10),(0,1)"#,
        r#""will",(0-5),(0,1),(0-2),(0,1),"willtopic","willmessage""#,
        r#""willex",(0-5),(0,1),(0-2),(0,1),"willtopic",(0-256)"#,
        r#""recv/mode",(0-5),(0,1),(0,1)"#,
        r#""aliauth",(0-5),"product key","device name","device secret""#,
        r#""qmtping",(0-5),(5-60)"#,
        r#""send/mode",(0-5),(0,1)"#,
        r#""onenet",(0-5),"product id","access key""#,
        r#""hwauth",(0-5),"product id","device secret""#,
        r#""hwprodid",(0-5),"product id","product secret","nodeid""#,
        r#""dataformat",(0-5),(0,1),(0,1)"#,
        r#""view/mode",(0-5),(0,1)"#,
        r#""edit/timeout",(0-5),(0,1),(1-120)"#,
    ];
    let mut want: Vec<String> = want.iter().map(|rest| format!("+QMTCFG: {rest}")).collect();
    want.push("OK".to_owned());
    assert_eq!(lines, want);
}

#[test]
fn nothing_is_lost_or_fed_back_before_and_between_opens() {
    let emulator = start();
    emulator.inject_urc("+FIRST");
    for _ in 0..3 {
        let mut host = Host::open(&emulator.path());
        let line = host.line();
        assert!(matches!(line.as_str(), "+FIRST" | "+BETWEEN"), "{line}");
        host.echo_off();
        assert_eq!(
            host.ask("AT"),
            ["OK"],
            "the line was not fed back as a command"
        );
        assert!(host.left() == 0);
        drop(host);
        emulator.inject_urc("+BETWEEN");
    }
}

#[test]
fn settings_survive_a_closed_port() {
    let emulator = start();
    assert_eq!(host(&emulator).ask("AT+QMTCFG=\"keepalive\",3,77"), ["OK"]);
    let mut again = Host::open(&emulator.path());
    assert_eq!(
        again.ask("AT+QMTCFG=\"keepalive\",3"),
        ["+QMTCFG: \"keepalive\",77", "OK"]
    );
}

#[test]
fn hang_up_and_plug_in() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("port");
    let emulator = Emulator::builder().link(&link).start().unwrap();
    let first = host(&emulator);
    emulator.hang_up();
    assert!(!emulator.is_plugged());
    assert!(
        fs::symlink_metadata(&link).is_err(),
        "the link goes with the device"
    );
    assert!(common::readable(first.fd(), Instant::now() + PATIENCE));
    let gone = rustix::io::read(first.fd(), &mut [0; 16]);
    assert!(matches!(gone, Ok(0) | Err(Errno::IO)), "{gone:?}");
    assert_eq!(rustix::io::write(first.fd(), b"AT\r"), Err(Errno::IO));
    drop(first);

    emulator.hang_up();
    emulator.plug().unwrap();
    assert!(emulator.is_plugged());
    let mut second = Host::open(&link);
    assert_eq!(second.line(), "RDY");
    emulator.stop().unwrap();
    assert!(fs::symlink_metadata(&link).is_err());
}

#[test]
fn hang_up_by_itself_and_back_behind_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("port");
    let emulator = Emulator::builder()
        .link(&link)
        .replug_after(Duration::ZERO)
        .start()
        .unwrap();
    let first = host(&emulator);
    let was = emulator.path();
    emulator.inject_fault("hang-up".parse().unwrap());
    assert!(common::readable(first.fd(), Instant::now() + PATIENCE));
    // The new device has another name, as long as the old one is held open.
    let deadline = Instant::now() + PATIENCE;
    while emulator.path() == was && Instant::now() < deadline {
        // Nothing to wait on: the host of a module that vanished looks for it, too.
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_ne!(emulator.path(), was);
    assert_eq!(Host::open(&link).line(), "RDY");
}

#[test]
fn hang_up_by_itself_without_coming_back_ends_it() {
    let emulator = start();
    let host = host(&emulator);
    emulator.inject_fault("hang-up".parse().unwrap());
    assert!(common::readable(host.fd(), Instant::now() + PATIENCE));
    assert!(common::readable(
        emulator.ended(),
        Instant::now() + PATIENCE
    ));
    assert!(!emulator.wait_published(1, PATIENCE), "answers at once");
    assert!(emulator.plug().is_err());
    emulator.stop().unwrap();
}

/// Lines of together `count` bytes and more, and how many bytes they make on the line.
fn flood(emulator: &Emulator, count: usize) -> usize {
    let line = "+FLOOD: ".to_owned() + &"0123456789".repeat(99);
    let lines = count.div_ceil(line.len() + 4);
    for _ in 0..lines {
        emulator.inject_urc(&line);
    }
    lines * (line.len() + 4)
}

/// A paced line is never faster than its rate. That it is hardly slower is told by the unit tests of
/// the pace, whose clock does not depend on who else wants the processor.
fn paced(time_over_ideal: impl FnOnce() -> f64) {
    let ratio = time_over_ideal();
    eprintln!("{ratio:.4} of the time it should take");
    assert!(ratio > 0.99, "{ratio} of the time it should take");
}

#[test]
fn pacing_towards_the_host() {
    let emulator = Emulator::builder().baud(921_600).start().unwrap();
    let host = &mut host(&emulator);
    paced(|| {
        let count = flood(&emulator, 92_160);
        // From the first group on: when the burst began is not known to the microsecond.
        let first = host.take(100).len() + host.left();
        let start = Instant::now();
        host.take(count - 100);
        let ideal = (count - first) as f64 * 10.0 / 921_600.0;
        start.elapsed().as_secs_f64() / ideal
    });
}

#[test]
fn pacing_towards_the_module() {
    let emulator = Emulator::builder().baud(115_200).start().unwrap();
    let host = &mut host(&emulator);
    let line = format!("AT+NOSUCH={}", "x".repeat(3000));
    paced(|| {
        let start = Instant::now();
        assert_eq!(host.ask(&line), ["ERROR"]);
        let bytes = line.len() + 1 + "\r\nERROR\r\n".len();
        start.elapsed().as_secs_f64() / (bytes as f64 * 10.0 / 115_200.0)
    });
}

#[test]
fn a_host_that_does_not_read_is_waited_for() {
    let emulator = start();
    let host = &mut host(&emulator);
    let count = flood(&emulator, 300_000);
    // Longer than it takes to fill what the system buffers; then the rest must wait here.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(host.take(count).len(), count);
    assert_eq!(host.ask("AT"), ["OK"]);
    assert_eq!(emulator.lost(), 0);
}

/// What the host gets for a test form, and the lengths of its reads.
fn cut(chunk: Chunk, seed: u64) -> (Vec<u8>, Vec<usize>) {
    let emulator = Emulator::builder().chunk(chunk).seed(seed).start().unwrap();
    let mut host = host(&emulator);
    host.reads.clear();
    host.command("AT+QMTCFG=?");
    (host.until(b"\r\nOK\r\n"), host.reads)
}

#[test]
fn cut_output_is_the_same_bytes() {
    let (whole, reads_of_whole) = cut(Chunk::Whole, 0);
    for chunk in [Chunk::Byte, Chunk::Random] {
        let (bytes, reads) = cut(chunk, 3);
        assert_eq!(bytes, whole, "{chunk}");
        // A reader that is late for some pieces reads them as one, so only more is certain.
        assert!(reads.len() > reads_of_whole.len(), "{chunk}: {reads:?}");
    }
}

#[test]
fn publish_and_receive_through_the_hub() {
    let emulator = Emulator::builder()
        .latency(Duration::from_millis(20))
        .start()
        .unwrap();
    let host = &mut host(&emulator);
    let start = Instant::now();
    assert_eq!(host.ask("AT+QMTOPEN=4,\"nowhere\",1883"), ["OK"]);
    assert_eq!(host.line(), "+QMTOPEN: 4,0");
    assert_eq!(host.ask("AT+QMTCONN=4,\"four\""), ["OK"]);
    assert_eq!(host.line(), "+QMTCONN: 4,0,0");
    assert!(
        start.elapsed() >= Duration::from_millis(40),
        "two round trips"
    );
    assert_eq!(host.ask("AT+QMTSUB=4,1,\"in/#\",1"), ["OK"]);
    assert_eq!(host.line(), "+QMTSUB: 4,1,0,1");
    assert_eq!(emulator.publish("in/x", b"hello", 1, false), Ok(1));
    assert_eq!(host.line(), "+QMTRECV: 4,1,\"in/x\",\"hello\"");
    host.command("AT+QMTPUBEX=4,2,1,0,\"out\",3");
    assert_eq!(host.until(b"> "), b"\r\n> ");
    host.write(b"abc");
    assert_eq!(host.line(), "OK");
    assert!(emulator.wait_published(1, PATIENCE));
    let published = emulator.take_published();
    assert_eq!(published[0].client_id, "four");
    assert_eq!(published[0].payload, b"abc");
    assert_eq!(host.line(), "+QMTPUBEX: 4,2,0");
    assert!(emulator.close_client("four"));
    assert_eq!(host.line(), "+QMTSTAT: 4,1");
    assert!(!emulator.close_client("four"));
}

#[test]
fn trace_of_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let emulator = Emulator::builder().trace(&file).start().unwrap();
    let mut host = host(&emulator);
    host.ask("AT");
    emulator.stop().unwrap();
    let entries = trace::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    let of = |direction| -> Vec<u8> {
        let some = entries.iter().filter(|entry| entry.direction == direction);
        some.flat_map(|entry| entry.bytes.clone()).collect()
    };
    assert_eq!(of(Direction::ToModule), b"ATE0\rAT\r");
    assert!(of(Direction::ToHost).ends_with(b"\r\nOK\r\n\r\nOK\r\n"));
    assert!(entries.is_sorted_by_key(|entry| entry.at));
}
