//! Runs the examples as the programs that they are, against an emulated module.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use atmqtt_emulator::hub::Policy;
use atmqtt_emulator::runtime::Emulator;
use rustix::process::{Pid, Signal, kill_process};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example; `cargo test` and `cargo build --examples` build them next to the tests.
fn example(name: &str) -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(
        path.exists(),
        "{} is missing: run cargo build --examples",
        path.display()
    );
    let mut command = Command::new(path);
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A command with the module and a broker as its options.
fn on(emulator: &Emulator, name: &str) -> Command {
    let mut command = example(name);
    command.arg("--modem").arg(emulator.path());
    command.args(["-h", "broker.example"]);
    command
}

fn emulator() -> Emulator {
    Emulator::builder().start().unwrap()
}

fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    if !output.stderr.is_empty() {
        eprintln!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    output
}

fn exit_code(command: &mut Command) -> Option<i32> {
    output(command).status.code()
}

/// A running example; killed when a test fails.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for the first byte that it prints.
    fn first_byte(&mut self) -> u8 {
        let mut byte = [0];
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_exact(&mut byte).unwrap();
        byte[0]
    }

    /// What it printed, and its exit code.
    fn end(mut self) -> (Vec<u8>, Option<i32>) {
        let mut printed = Vec::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_to_end(&mut printed).unwrap();
        (printed, self.0.wait().unwrap().code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Publishes once somebody has subscribed to the topic.
fn publish_to_subscriber(emulator: &Emulator, topic: &str, payload: &[u8]) {
    let limit = Instant::now() + PATIENCE;
    while emulator.publish(topic, payload, 1, false).unwrap() == 0 {
        assert!(Instant::now() < limit, "nobody subscribed to {topic}");
        // Another process gets there in its own time.
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn quickstart_works_by_itself_and_on_a_device() {
    let output = output(&mut example("quickstart"));
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("disconnected\n"), "{text}");

    let emulator = emulator();
    assert_eq!(
        exit_code(example("quickstart").arg(emulator.path())),
        Some(0)
    );
    assert_eq!(emulator.published().len(), 3);
}

#[test]
fn publish_sends_one_message() {
    let emulator = emulator();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"from\r\na \xFFfile").unwrap();

    let send = |options: &[&str]| {
        let code = exit_code(on(&emulator, "publish").args(options));
        assert_eq!(code, Some(0), "{options:?}");
        let mut published = emulator.take_published();
        assert_eq!(published.len(), 1, "{options:?}");
        published.remove(0)
    };
    let text = "say \"hi\", ok";
    let message = send(&["-t", "a/b", "-m", text, "-q", "2", "-r", "-i", "me"]);
    assert_eq!(message.client_id, "me");
    assert_eq!(message.topic, "a/b");
    assert_eq!(message.payload, text.as_bytes());
    assert_eq!((message.qos, message.retain), (2, true));

    let message = send(&["-t", "a", "-f", file.path().to_str().unwrap()]);
    assert_eq!(message.payload, b"from\r\na \xFFfile");
    assert_eq!((message.qos, message.retain), (0, false));

    assert_eq!(send(&["-t", "a", "-n"]).payload, b"");
}

#[test]
fn publish_sends_standard_input() {
    let emulator = emulator();
    for (option, expected) in [
        ("-s", vec!["one\r\n\ntwo\nthree"]),
        ("-l", vec!["one", "two", "three"]),
    ] {
        let mut command = on(&emulator, "publish");
        command.args(["-t", "lines", "-q", "1", option]);
        let mut running = Running::start(command.stdin(Stdio::piped()));
        let mut input = running.0.stdin.take().unwrap();
        input.write_all(b"one\r\n\ntwo\nthree").unwrap();
        drop(input);
        assert_eq!(running.end().1, Some(0));
        let published = emulator.take_published();
        let payloads: Vec<_> = published
            .iter()
            .map(|message| String::from_utf8_lossy(&message.payload))
            .collect();
        assert_eq!(payloads, expected, "{option}");
    }
}

#[test]
fn publish_says_what_is_wrong() {
    let emulator = emulator();
    let code = |options: &[&str]| exit_code(on(&emulator, "publish").args(options));
    let long = "x".repeat(1501);
    assert_eq!(code(&["-t", "a", "-m", &long]), Some(10));
    assert_eq!(code(&["-t", "a\"b", "-n"]), Some(10));
    assert_eq!(code(&["-t", "a", "-f", "/nonexistent"]), Some(10));
    assert_eq!(code(&["-t", "a", "-n", "-m", "both"]), Some(64));
    assert_eq!(code(&["-t", "a", "-n", "-q", "3"]), Some(64));
    assert_eq!(code(&["-t", "a", "-n", "-c", "--will-qos", "1"]), Some(64));
    assert!(emulator.published().is_empty());

    emulator.set_policy(Policy {
        connack: [("banned".to_owned(), 5)].into(),
        credentials: Some(("user".to_owned(), b"secret".to_vec())),
        ..Policy::default()
    });
    assert_eq!(code(&["-t", "a", "-n", "-i", "banned"]), Some(5));
    let user = ["-t", "a", "-n", "-u", "user", "-P"];
    assert_eq!(code(&[&user[..], &["wrong"]].concat()), Some(4));
    assert_eq!(code(&[&user[..], &["secret"]].concat()), Some(0));
}

#[test]
fn publish_leaves_the_broker_when_interrupted() {
    let emulator = emulator();
    let mut command = on(&emulator, "publish");
    command.args(["-t", "a", "-l", "--will-topic", "gone"]);
    let mut running = Running::start(command.stdin(Stdio::piped()));
    let mut input = running.0.stdin.take().unwrap();
    input.write_all(b"one\n").unwrap();
    assert!(emulator.wait_published(1, PATIENCE));
    running.signal(Signal::INT);
    assert_eq!(running.end().1, Some(130));
    let published = emulator.published();
    assert_eq!(published.len(), 1, "no will: {published:?}");
}

#[test]
fn subscribe_prints_messages_until_it_has_enough() {
    let emulator = emulator();
    let mut command = on(&emulator, "subscribe");
    command.args(["-t", "a/#", "-t", "b", "-q", "1", "-v", "-C", "3"]);
    let running = Running::start(&mut command);
    publish_to_subscriber(&emulator, "b", b"first");
    publish_to_subscriber(&emulator, "a/1", b"\r\nOK\r\n\0\xFF");
    publish_to_subscriber(&emulator, "a/2", b"");
    let (printed, code) = running.end();
    let expected: &[u8] = b"b first\na/1 \r\nOK\r\n\0\xFF\na/2 \n";
    assert_eq!(
        printed.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    assert_eq!(code, Some(0));
}

#[test]
fn subscribe_prints_bytes_and_no_others() {
    let emulator = emulator();
    let mut command = on(&emulator, "subscribe");
    let running = Running::start(command.args(["-t", "a", "-N", "-C", "2"]));
    publish_to_subscriber(&emulator, "a", b"12");
    publish_to_subscriber(&emulator, "a", b"34");
    assert_eq!(running.end(), (b"1234".to_vec(), Some(0)));
}

#[test]
fn subscribe_times_out() {
    let emulator = emulator();
    let mut command = on(&emulator, "subscribe");
    assert_eq!(exit_code(command.args(["-t", "a", "-W", "1"])), Some(27));
}

#[test]
fn subscribe_leaves_the_broker_when_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let emulator = emulator();
        let mut command = on(&emulator, "subscribe");
        command.args(["-t", "a", "--will-topic", "gone", "--will-payload", "x"]);
        let mut running = Running::start(&mut command);
        publish_to_subscriber(&emulator, "a", b"");
        assert_eq!(running.first_byte(), b'\n');
        // As `timeout` does.
        running.signal(signal);
        running.signal(signal);
        assert_eq!(running.end(), (Vec::new(), Some(0)));
        assert!(emulator.published().is_empty(), "no will");
        assert_eq!(emulator.publish("a", b"", 0, false), Ok(0), "it has left");
    }
}

#[test]
fn subscribe_ends_when_the_connection_or_the_module_goes() {
    let connection = |emulator: &Emulator| assert!(emulator.close_client("me"));
    let module = |emulator: &Emulator| emulator.hang_up();
    let ends: [&dyn Fn(&Emulator); 2] = [&connection, &module];
    for end in ends {
        let emulator = emulator();
        let mut command = on(&emulator, "subscribe");
        let running = Running::start(command.args(["-t", "a", "-i", "me"]));
        publish_to_subscriber(&emulator, "a", b"last words");
        end(&emulator);
        let (printed, code) = running.end();
        assert_eq!(code, Some(10));
        assert!(printed.is_empty() || printed == b"last words\n");
    }
}

#[test]
fn a_killed_program_is_no_obstacle_to_the_next() {
    let emulator = emulator();
    let mut command = on(&emulator, "subscribe");
    let running = Running::start(command.args(["-t", "a"]));
    publish_to_subscriber(&emulator, "a", b"");
    running.signal(Signal::KILL);
    assert_eq!(running.end().1, None);
    let mut command = on(&emulator, "publish");
    assert_eq!(exit_code(command.args(["-t", "a", "-m", "next"])), Some(0));
}

#[test]
fn both_need_no_hardware() {
    let path = PathBuf::from("emulated");
    let mut command = example("publish");
    command.arg("--modem").arg(&path);
    assert_eq!(exit_code(command.args(["-t", "a", "-n"])), Some(0));
    let mut command = example("subscribe");
    command.arg("--modem").arg(&path);
    assert_eq!(exit_code(command.args(["-t", "a", "-W", "1"])), Some(27));
}

/// A connection that breaks meanwhile loses nothing.
#[test]
fn link_publishes_its_input_over_a_broken_connection() {
    let emulator = emulator();
    let mut command = example("link");
    command.arg("--modem").arg(emulator.path());
    command.args(["--broker", "broker.example:1883", "-i", "mast"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(&mut command);
    let mut stdin = running.0.stdin.take().unwrap();
    stdin.write_all(b"one\n").unwrap();
    assert!(emulator.wait_published(1, PATIENCE));
    emulator.inject_fault("stat:client=0,code=1".parse().unwrap());
    stdin.write_all(b"two\nthree\n").unwrap();
    drop(stdin);
    let mut told = String::new();
    let mut stderr = running.0.stderr.take().unwrap();
    stderr.read_to_string(&mut told).unwrap();
    let (_, code) = running.end();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("closed or reset by the broker"), "{told}");
    assert!(
        told.ends_with("3 accepted, 3 delivered, 0 wait\n"),
        "{told}"
    );
    let payloads: Vec<_> = emulator
        .published()
        .iter()
        .map(|p| p.payload.to_vec())
        .collect();
    let mut distinct = payloads.clone();
    distinct.dedup();
    assert_eq!(distinct, [&b"one"[..], b"two", b"three"]);
}
