//! The program `atmqtt-emulator`: an emulated Quectel module on a pseudo-terminal.

use crate::fault::Fault;
use crate::module::Settings;
use crate::profile::Profile;
use crate::runtime::{Broker, Chunk, Emulator};
use crate::trace;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::ffi::OsString;
use std::fmt::{Display, Write as _};
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  atmqtt-emulator --link /tmp/ttyQ
      serve; in another terminal: picocom /tmp/ttyQ   (or: minicom -D /tmp/ttyQ)
  A session by hand, each line ended by Return; the module answers between them:
      AT+QMTCFG=\"recv/mode\",0,0,1
      AT+QMTOPEN=0,\"broker\",1883
      AT+QMTCONN=0,\"me\"
      AT+QMTSUB=0,1,\"greetings/#\",1
      AT+QMTPUBEX=0,2,1,0,\"greetings/world\",5
      hello                                 (after the > prompt, without Return)
      AT+QMTDISC=0
  atmqtt-emulator --baud 115200 --latency 200 --chunk random --seed 7 --trace line.txt
  atmqtt-emulator --fault lose-result:at=QMTSUB --fault reboot:ms=30000
  atmqtt-emulator --broker network --link /tmp/ttyQ
      AT+QMTOPEN=0,\"test.mosquitto.org\",1883 connects to that broker
  atmqtt-emulator --latency 200 --replay line.txt
      what was recorded above, once more without a device

Exit status: 0 ended by a signal, by standard input, or unplugged, or a replay was the same; 1 failed,
or a replay was not; 2 wrong options.";

/// An emulated Quectel module, with an MQTT broker inside or led to real ones, on a
/// pseudo-terminal.
///
/// Prints the path of the device as the first line and serves it until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "atmqtt-emulator", version)]
struct Options {
    /// Also make a symbolic link to the device; removed at the end
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,

    /// Where AT+QMTOPEN leads: loopback, the hub inside, whatever host and port it names; or
    /// network, a real TCP or TLS connection to them
    #[arg(long, value_name = "WHERE", default_value_t = Broker::Loopback)]
    broker: Broker,

    /// The dialect of the module
    #[arg(long, value_name = "NAME", default_value = "note", value_parser = profile)]
    profile: Profile,

    /// Pace both directions at N baud, 10 bits a byte; 0 = unpaced
    #[arg(long, value_name = "N", default_value_t = 0)]
    baud: u32,

    /// Delay of every round trip to the hub inside, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u32,

    /// How output is cut: whole, byte, random
    #[arg(long, value_name = "MODE", default_value_t = Chunk::Whole)]
    chunk: Chunk,

    /// For everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// What goes wrong, when and how often; may be given several times, see below
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,

    /// Keep the files of the module in a folder, made if missing; without, they end with the program
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,

    /// Write both directions to a file, timestamped
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Instead of serving: play the host's side of this trace to a fresh module with the same
    /// options, and compare what the module says; exit 0 if it is the same, else 1
    #[arg(long, value_name = "TRACE", conflicts_with_all = ["link", "files", "trace", "exit_with_stdin"])]
    replay: Option<PathBuf>,

    /// End when standard input closes (for a parent process that may die)
    #[arg(long)]
    exit_with_stdin: bool,
}

impl Options {
    /// Refuses what does not go together.
    fn checked(self) -> Result<Self, clap::Error> {
        if self.broker == Broker::Network && self.latency > 0 {
            let text = "--latency is for --broker loopback: real brokers have their own";
            return Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, text));
        }
        Ok(self)
    }
}

fn profile(name: &str) -> Result<Profile, String> {
    Profile::by_name(name).ok_or_else(|| format!("one of {}", profiles()))
}

fn profiles() -> String {
    Profile::names().collect::<Vec<_>>().join(", ")
}

/// What `--help` prints behind the options.
fn after_help() -> String {
    let mut text = format!(
        "Profiles: {}\n\n{EXAMPLES}\n\nFaults, as name:key=value,...\n",
        profiles()
    );
    for row in Fault::HELP {
        // Writing to a string does not fail.
        let _ = write!(text, "  {:<16} {}", row.name, row.help);
        if !row.keys.is_empty() {
            let _ = write!(text, " [{}]", row.keys.join(", "));
        }
        text.push('\n');
    }
    text.push_str(FAULT_KEYS);
    text
}

const FAULT_KEYS: &str = "
Keys of every fault: at=NAME only for this command or URC; client=0..5; after=N lets the first N
pass; times=N or always. Events happen ms= after the start, or after on=command, prompt, payload,
between (the lines of an answer), answer, final, result or after-result of the command named by at=.
line= takes the rest, commas included.";

/// Runs the program with these arguments, the first of which is its name, and gives its exit status.
///
/// Sets handlers for SIGINT and SIGTERM, which stay: for a process that does nothing else.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let command = Options::command()
        .after_long_help(after_help())
        .after_help("--help lists profiles and faults, and has examples");
    let options = command
        .try_get_matches_from(args)
        .and_then(|matches| Options::from_arg_matches(&matches))
        .and_then(Options::checked);
    let options = match options {
        Ok(options) => options,
        Err(error) => {
            // Standard output or error may be closed.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let done = match &options.replay {
        Some(path) => replay(path, &options),
        None => run(options),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            // Standard error may be closed as well.
            let _ = writeln!(io::stderr(), "atmqtt-emulator: {error}");
            1
        }
    }
}

/// Replays a trace.
fn replay(path: &Path, options: &Options) -> io::Result<()> {
    let fail = |line, why: &dyn Display| {
        io::Error::new(
            ErrorKind::InvalidData,
            format!("{}:{line}: {why}", path.display()),
        )
    };
    let text = fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let entries = trace::parse(&text).map_err(|(line, why)| fail(line, &why))?;
    let settings = Settings {
        profile: options.profile.clone(),
        seed: options.seed,
        faults: options.fault.clone(),
        ..Settings::default()
    };
    let latency = Duration::from_millis(options.latency.into());
    trace::replay(&entries, settings, latency)
        .map_err(|mismatch| fail(mismatch.line, &mismatch))?;
    writeln!(
        io::stdout(),
        "{}: {} entries, the same",
        path.display(),
        entries.len()
    )
}

fn run(options: Options) -> io::Result<()> {
    // Before the device is announced: whoever has read its path may send a signal.
    let (signal, handler) = UnixStream::pair()?;
    pipe::register(SIGINT, handler.try_clone()?)?;
    pipe::register(SIGTERM, handler)?;

    let mut builder = Emulator::builder()
        .profile(options.profile)
        .seed(options.seed)
        .faults(options.fault)
        .baud(options.baud)
        .broker(options.broker)
        .latency(Duration::from_millis(options.latency.into()))
        .chunk(options.chunk);
    if let Some(folder) = options.files {
        builder = builder.files(folder);
    }
    if let Some(path) = options.trace {
        builder = builder.trace(path);
    }
    if let Some(path) = options.link {
        // Behind a link the host can find the module again when it comes back from a hang-up.
        builder = builder.link(path).replug_after(Duration::from_secs(1));
    }
    let emulator = builder.start()?;
    {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", emulator.path().display())?;
        stdout.flush()?;
    }
    wait(&signal, &emulator, options.exit_with_stdin)?;
    emulator.stop()
}

/// Waits for a signal, the end of the emulator, or the end of standard input.
fn wait(signal: &UnixStream, emulator: &Emulator, with_stdin: bool) -> io::Result<()> {
    let stdin = io::stdin();
    loop {
        let mut fds = vec![
            PollFd::new(signal, PollFlags::IN),
            PollFd::from_borrowed_fd(emulator.ended(), PollFlags::IN),
        ];
        if with_stdin {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        match rustix::event::poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let heard = |n: usize| fds.get(n).is_some_and(|fd| !fd.revents().is_empty());
        if heard(0) || heard(1) {
            return Ok(());
        }
        // What is typed there means nothing.
        if heard(2) && ended(rustix::io::read(stdin.as_fd(), &mut [0; 4096])) {
            return Ok(());
        }
    }
}

fn ended(read: rustix::io::Result<usize>) -> bool {
    !matches!(read, Ok(1..) | Err(Errno::AGAIN | Errno::INTR))
}
