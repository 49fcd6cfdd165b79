//! Debian's `mosquitto` as the broker, and `mosquitto_pub` and `mosquitto_sub` as its other clients.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes, also on a machine that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A program of the packages `mosquitto` and `mosquitto-clients`.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!(
                "{name} is neither in PATH nor in /usr/sbin: these tests need the Debian packages \
                 mosquitto and mosquitto-clients (apt-get install mosquitto mosquitto-clients)"
            )
        })
}

/// A port nobody listens on, at least just now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A broker that runs; killed with this value.
pub(crate) struct Mosquitto {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

impl Mosquitto {
    /// One that lets everybody in.
    pub(crate) fn open() -> Self {
        Self::start(|_| "allow_anonymous true\n".to_owned())
    }

    /// One with these lines in its configuration, which may name files in the folder.
    pub(crate) fn start(settings: impl Fn(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let extra = settings(folder.path());
        // Somebody else may take the port before the broker does.
        for _ in 0..5 {
            let port = free_port();
            let mut text = String::from("per_listener_settings false\npersistence false\n");
            text.push_str("user root\nlog_dest stderr\nlog_type all\n");
            writeln!(text, "listener {port} 127.0.0.1").unwrap();
            text.push_str(&extra);
            let config = folder.path().join("mosquitto.conf");
            fs::write(&config, text).unwrap();
            let log = fs::File::create(folder.path().join("log")).unwrap();
            let mut child = Command::new(program("mosquitto"))
                .arg("-c")
                .arg(&config)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap();
            if listens(&mut child, port) {
                return Self {
                    child,
                    folder,
                    port,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("mosquitto does not start:\n{log}");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until it has logged this.
    pub(crate) fn wait_log(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "not logged: {text}");
            // The broker gets there in its own time.
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Publishes a message by `mosquitto_pub`.
    pub(crate) fn publish(&self, topic: &str, payload: &[u8], options: &[&str]) {
        let mut command = self.client("mosquitto_pub");
        command.args(["-t", topic]).args(options);
        command.arg(if payload.is_empty() { "-n" } else { "-s" });
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(payload).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }

    /// Subscribes by `mosquitto_sub`, and waits until the broker knows.
    pub(crate) fn subscribe(&self, filter: &str) -> Subscriber {
        let mut command = self.client("mosquitto_sub");
        let name = format!("watcher of {filter}");
        command.args(["-i", &name, "-q", "2", "-t", filter, "-F", "%t %q %r %x"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let subscriber = Subscriber {
            child,
            lines: receiver,
        };
        self.wait_log(&format!("Sending SUBACK to {name}"));
        subscriber
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
    }
}

/// Waits until somebody listens there. `false`: the broker has ended.
fn listens(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < deadline, "mosquitto does not listen");
        // As above.
        thread::sleep(Duration::from_millis(5));
    }
    child.try_wait().unwrap().is_none()
}

/// `mosquitto_sub` that runs.
pub(crate) struct Subscriber {
    child: Child,
    lines: Receiver<String>,
}

/// A message as `mosquitto_sub` got it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) payload: Vec<u8>,
}

/// What is expected of a message.
pub(crate) fn message(topic: &str, qos: u8, retain: bool, payload: &[u8]) -> Message {
    Message {
        topic: topic.to_owned(),
        qos,
        retain,
        payload: payload.to_vec(),
    }
}

impl Subscriber {
    /// The next message.
    pub(crate) fn next(&self) -> Message {
        let line = self.lines.recv_timeout(PATIENCE);
        let line = line.expect("mosquitto_sub prints nothing more");
        let parts: Vec<&str> = line.split(' ').collect();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        Message {
            topic: parts[0].to_owned(),
            qos: parts[1].parse().unwrap(),
            retain: parts[2] == "1",
            payload: parts[3].as_bytes().chunks(2).map(byte).collect(),
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A password file with one user, made by `mosquitto_passwd`.
pub(crate) fn password_file(path: &Path, user: &str, password: &str) {
    let arguments = [
        OsStr::new("-b"),
        OsStr::new("-c"),
        path.as_os_str(),
        OsStr::new(user),
        OsStr::new(password),
    ];
    let status = Command::new(program("mosquitto_passwd"))
        .args(arguments)
        .status();
    assert!(status.unwrap().success());
}
