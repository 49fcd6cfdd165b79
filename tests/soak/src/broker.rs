//! Debian's mosquitto, which keeps its sessions over a restart, and `mosquitto_sub`, which writes down what
//! arrives.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn program(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    let found = found.unwrap_or_else(|| {
        panic!("{name} is not there: apt-get install mosquitto mosquitto-clients")
    });
    Command::new(found)
}

/// A child that does not outlive its value.
#[derive(Debug)]
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.0.id() as i32) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Debug)]
pub(crate) struct Broker {
    process: Process,
    config: PathBuf,
    port: u16,
}

impl Broker {
    pub(crate) fn start(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let config = folder.join("mosquitto.conf");
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest none\n\
             persistence true\npersistence_location {}/\nautosave_interval 0\n\
             max_queued_messages 0\nmax_inflight_messages 0\n",
            folder.display()
        );
        std::fs::write(&config, text).expect("the configuration");
        let process = Self::launch(&config, port);
        Self {
            process,
            config,
            port,
        }
    }

    fn launch(config: &Path, port: u16) -> Process {
        let mut command = program("mosquitto");
        command.arg("-c").arg(config);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Process(child.expect("mosquitto starts"));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            // It gets there in its own time.
            std::thread::sleep(Duration::from_millis(20));
        }
        process
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Stops it in good order, so that it writes down its sessions, and starts it again after a while.
    pub(crate) fn restart(&mut self, after: Duration) {
        self.process.signal(Signal::TERM);
        let _ = self.process.0.wait();
        std::thread::sleep(after);
        self.process = Self::launch(&self.config, self.port);
    }

    /// Everything that arrives under a topic, with its payload up to the first space.
    pub(crate) fn subscribe(&self, filter: &str, sender: Sender<Line>) -> Process {
        let mut command = program("mosquitto_sub");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        // A session that stays, so that nothing is missed while the broker restarts.
        // Not at QoS 2: where the broker restarts in the midst of a handshake, mosquitto_sub keeps a message that is
        // given again twice, and prints it in the place of the next one with that id.
        command.args([
            "-i", "books", "-c", "-q", "1", "-t", filter, "-F", "%t %m %x",
        ]);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = Process(child.expect("mosquitto_sub starts"));
        let output = BufReader::new(process.0.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let Some(line) = Line::read(&line) else {
                    panic!("mosquitto_sub prints {line:?}");
                };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        process
    }
}

/// A message that arrived.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) topic: String,
    /// `None`: it is no message of a host. A host that is killed between the prompt and its payload leaves a
    /// module that waits for bytes, and takes the commands of the next host for them.
    pub(crate) number: Option<u64>,
    /// The broker's message id, where it is seen.
    pub(crate) id: Option<u16>,
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let (topic, id, payload) = (words.next()?, words.next()?, words.next()?);
        let payload: Option<Vec<u8>> = payload
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        Some(Self {
            topic: topic.to_owned(),
            number: number(&payload?),
            id: Some(id.parse().ok()?),
        })
    }
}

/// The number of the message with this payload.
pub(crate) fn number(payload: &[u8]) -> Option<u64> {
    let end = payload.iter().position(|&byte| byte == b' ')?;
    std::str::from_utf8(&payload[..end]).ok()?.parse().ok()
}
