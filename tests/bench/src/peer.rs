//! Other programs that do the same work: each is started once, and does a round whenever it is told to.
//!
//! A peer gets the work and the path of a port, prints `ready`, and for every number that it reads from stdin does
//! the work so many times and prints the seconds that took and the processor time that it used.
//!
//! Where the work is `urc`, it prints for every URC when it was called, in nanoseconds of the monotonic clock.

use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::measure::Figure;

/// Where other programs are.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Others {
    /// A Python that has pyserial and this library
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// The folder with the programs in C
    #[arg(long = "in-c", value_name = "FOLDER")]
    in_c: Option<PathBuf>,
    /// The library for C
    #[arg(long, value_name = "FILE")]
    pub(crate) library: Option<PathBuf>,
}

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// This library from Rust, C, and Python.
    Rust,
    C,
    Python,
    /// pyserial as tutorials write it, with `readline`.
    Pyserial,
    /// pyserial with a thread that reads.
    PyserialThread,
    /// A thread that reads and hands over to another.
    Handoff,
    /// A program that does nothing.
    Empty,
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "from Rust",
            Self::C => "from C",
            Self::Python => "from Python",
            Self::Pyserial => "pyserial, readline",
            Self::PyserialThread => "pyserial, reader thread",
            Self::Handoff => "a thread that reads, and a bare hand-off",
            Self::Empty => "an empty program",
        }
    }

    /// `None` where it is not on this machine.
    fn program(self, others: &Others) -> Option<Command> {
        let script = |name: &str| {
            let mut command = Command::new(others.python.as_ref()?);
            command.arg(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("peers")
                    .join(name),
            );
            Some(command)
        };
        let in_c = |name: &str| Some(Command::new(others.in_c.as_ref()?.join(name)));
        match self {
            Self::Rust => {
                let mut command = Command::new(std::env::current_exe().ok()?);
                command.arg("own");
                Some(command)
            }
            Self::C => in_c("with_atmqtt"),
            Self::Python => script("with_atmqtt.py"),
            Self::Pyserial => script("with_pyserial.py"),
            Self::PyserialThread => script("with_pyserial_thread.py"),
            Self::Handoff => in_c("handoff"),
            Self::Empty => in_c("empty"),
        }
    }
}

/// A peer that runs.
pub(crate) struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What a round took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    pub(crate) processor: f64,
}

impl Peer {
    /// Starts it; `None` where it is not on this machine.
    pub(crate) fn start(who: Who, others: &Others, work: &str, port: &Path) -> Option<Self> {
        let mut child = who
            .program(others)?
            .arg(work)
            .arg(port)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", who.name()));
        let input = child.stdin.take().expect("its input is piped");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut peer = Self {
            child,
            input,
            output,
        };
        let line = peer.line();
        assert_eq!(line, "ready", "{}", who.name());
        Some(peer)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it prints a line");
        line.trim_end().to_owned()
    }

    /// Tells it to do the work so many times, or whatever else it reads.
    pub(crate) fn begin(&mut self, times: impl Display) {
        writeln!(self.input, "{times}").expect("it reads");
    }

    /// Waits until it has.
    pub(crate) fn end(&mut self) -> Took {
        let line = self.line();
        let mut words = line.split(' ').map(str::parse);
        match (words.next(), words.next()) {
            (Some(Ok(seconds)), Some(Ok(processor))) => Took { seconds, processor },
            _ => panic!("a peer says {line:?}"),
        }
    }

    pub(crate) fn round(&mut self, times: impl Display) -> Took {
        self.begin(times);
        self.end()
    }

    /// Waits for a URC to come to it, and tells when it did.
    pub(crate) fn called(&mut self) -> u64 {
        let line = self.line();
        line.parse()
            .unwrap_or_else(|_| panic!("a peer says {line:?}"))
    }

    /// How much of it is in memory, in KiB.
    pub(crate) fn resident(&self) -> f64 {
        // Not VmRSS, which lags behind by some pages a processor.
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let mut words = text.split_whitespace().skip_while(|word| *word != "Rss:");
        let kib = words.nth(1).and_then(|word| word.parse().ok());
        kib.unwrap_or_else(|| panic!("no size in {text:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was measured of several.
pub(crate) struct Figures(Vec<(Who, Figure)>);

impl Figures {
    /// `None` where it is not on this machine.
    pub(crate) fn of(&self, who: Who) -> Option<&Figure> {
        let found = self.0.iter().find(|(of, _)| *of == who);
        found.map(|(_, figure)| figure)
    }
}

/// Those that are on this machine, in turn, so many times, after one round that does not count.
pub(crate) fn in_turn<T>(
    rounds: usize,
    peers: &mut [(Who, T)],
    mut round: impl FnMut(&mut T) -> f64,
) -> Figures {
    let mut values = vec![Vec::new(); peers.len()];
    for turn in 0..=rounds {
        for ((_, peer), values) in peers.iter_mut().zip(&mut values) {
            let value = round(peer);
            if turn > 0 {
                values.push(value);
            }
        }
    }
    let figures = peers.iter().zip(values);
    Figures(
        figures
            .map(|((who, _), values)| (*who, Figure::of(who.name(), values)))
            .collect(),
    )
}
