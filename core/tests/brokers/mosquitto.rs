//! Debian's `mosquitto` as the broker, and `mosquitto_pub` and `mosquitto_sub` as its other clients.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes, also on a machine that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A program of the packages `mosquitto` and `mosquitto-clients`.
fn program(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    Command::new(found.unwrap_or_else(|| {
        panic!(
            "{name} is neither in PATH nor in /usr/sbin: these tests need the Debian packages \
             mosquitto and mosquitto-clients (apt-get install mosquitto mosquitto-clients)"
        )
    }))
}

/// Looks again and again until there is something. `None`: there was nothing in time.
fn patiently<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = look();
        if found.is_some() || Instant::now() > deadline {
            return found;
        }
        // Another process gets there in its own time.
        thread::sleep(Duration::from_millis(5));
    }
}

/// A program that runs; killed with this value.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    fn succeeds(&mut self) {
        let status = patiently(|| self.ended()).expect("it does not end");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A broker that runs.
pub(crate) struct Mosquitto {
    _process: Process,
    folder: TempDir,
    port: u16,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
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

    /// One that lets in who has this user name and password.
    pub(crate) fn with_user(user: &str, password: &str) -> Self {
        Self::start(|folder| {
            let file = folder.join("passwords");
            let mut command = program("mosquitto_passwd");
            command.args(["-b", "-c"]).arg(&file).args([user, password]);
            Process::start(&mut command).succeeds();
            format!("allow_anonymous false\npassword_file {}\n", file.display())
        })
    }

    /// One with these lines in its configuration, which may name files in the folder.
    pub(crate) fn start(settings: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let (config, log) = (folder.path().join("conf"), folder.path().join("log"));
        // Somebody else may take the port before the broker does.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let text = format!(
                "per_listener_settings false\npersistence false\nuser root\nlog_dest stderr\n\
                 log_type all\nlistener {port} 127.0.0.1\n{settings}"
            );
            fs::write(&config, text).unwrap();
            let mut command = program("mosquitto");
            command.arg("-c").arg(&config).stdin(Stdio::null());
            command
                .stdout(Stdio::null())
                .stderr(File::create(&log).unwrap());
            let mut process = Process::start(&mut command);
            let listens = patiently(|| match process.ended() {
                Some(_) => Some(false),
                None => TcpStream::connect(("127.0.0.1", port)).ok().map(|_| true),
            });
            if listens == Some(true) && process.ended().is_none() {
                return Self {
                    _process: process,
                    folder,
                    port,
                };
            }
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        panic!("mosquitto does not start:\n{log}");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until it has logged this.
    pub(crate) fn wait_log(&self, text: &str) {
        let logged = patiently(|| self.log().contains(text).then_some(()));
        assert!(logged.is_some(), "not logged: {text}");
    }

    fn client(&self, name: &str) -> Command {
        let mut command = program(name);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
    }

    /// Publishes a message by `mosquitto_pub`.
    pub(crate) fn publish(&self, topic: &str, payload: &[u8], options: &[&str]) {
        let mut command = self.client("mosquitto_pub");
        command.args(["-t", topic]).args(options);
        command.arg(if payload.is_empty() { "-n" } else { "-s" });
        let mut process = Process::start(command.stdin(Stdio::piped()));
        // Less than what a pipe holds. Closed at the end of the statement.
        let stdin = process.0.stdin.take();
        stdin.unwrap().write_all(payload).unwrap();
        process.succeeds();
    }

    /// Subscribes by `mosquitto_sub`, and waits until the broker knows.
    pub(crate) fn subscribe(&self, filter: &str) -> Subscriber {
        let mut command = self.client("mosquitto_sub");
        let name = format!("watcher of {filter}");
        command.args(["-i", &name, "-q", "2", "-t", filter, "-F", "%t %q %r %x"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command);
        let output = BufReader::new(process.0.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        // Ends with the process.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        self.wait_log(&format!("Sending SUBACK to {name}"));
        Subscriber {
            _process: process,
            lines,
        }
    }
}

/// `mosquitto_sub` that runs.
pub(crate) struct Subscriber {
    _process: Process,
    lines: Receiver<String>,
}

/// A message as `mosquitto_sub` got it: topic, QoS, whether it was retained, payload.
pub(crate) type Received = (String, u8, bool, Vec<u8>);

/// What is expected of a message.
pub(crate) fn received(topic: &str, qos: u8, retain: bool, payload: &[u8]) -> Received {
    (topic.to_owned(), qos, retain, payload.to_vec())
}

impl Subscriber {
    /// The next message.
    pub(crate) fn next(&self) -> Received {
        let line = self.lines.recv_timeout(PATIENCE);
        let line = line.expect("mosquitto_sub prints nothing more");
        let [topic, qos, retain, payload] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line:?}");
        };
        let byte = |at| u8::from_str_radix(&payload[at..at + 2], 16).unwrap();
        let payload: Vec<u8> = (0..payload.len()).step_by(2).map(byte).collect();
        received(topic, qos.parse().unwrap(), retain == "1", &payload)
    }
}
