//! The life of a host: a process that is told to stop, or is killed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::Sender;

use rustix::process::Signal;

use crate::broker::Process;

/// What a host is started with.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) id: String,
    pub(crate) port: PathBuf,
    pub(crate) broker: u16,
    pub(crate) outbox: Option<PathBuf>,
    pub(crate) resend: bool,
    /// Longest pause between two messages of a thread, milliseconds.
    pub(crate) pause: u64,
}

/// A host that runs.
#[derive(Debug)]
pub(crate) struct Life {
    process: Process,
    stdin: Option<ChildStdin>,
}

impl Host {
    /// Starts it; what it says goes to `sender`, and `None` when it has ended.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        from: u64,
        sender: Sender<T>,
        tag: impl Fn(Option<String>) -> T + Send + 'static,
    ) -> Life {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["host", "--id", &self.id]);
        command.arg("--port").arg(&self.port);
        command.args(["--broker", &self.broker.to_string()]);
        command.args(["--from", &from.to_string()]);
        command.args(["--pause", &self.pause.to_string()]);
        if let Some(path) = &self.outbox {
            command.arg("--outbox").arg::<&Path>(path);
        }
        if self.resend {
            command.arg("--resend");
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = Process(child.expect("the host starts"));
        let stdin = process.0.stdin.take();
        let output = BufReader::new(process.0.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if sender.send(tag(Some(line))).is_err() {
                    return;
                }
            }
            let _ = sender.send(tag(None));
        });
        Life { process, stdin }
    }
}

impl Life {
    /// Ends it without a word.
    pub(crate) fn kill(mut self) {
        self.process.signal(Signal::KILL);
        let _ = self.process.0.wait();
    }

    /// Asks it to send what waits, and to end.
    pub(crate) fn finish(&mut self) {
        self.stdin = None;
    }
}
