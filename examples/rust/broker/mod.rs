//! What `publish` and `subscribe` share: the options that name a module and a broker, the way from
//! there to an MQTT connection, and exit codes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use atmqtt::{Client, ClientConfig, Connect, Error, ErrorKind, Modem, QoS, State, Will};
use atmqtt_emulator::runtime::Emulator;
use clap::{ArgAction, Args, Parser};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// Anything failed that is not one of the others.
pub(crate) const FAILED: u8 = 10;
/// The options are wrong: the `EX_USAGE` of `sysexits.h`.
const USAGE: u8 = 64;
/// A signal ended it: 128 + SIGINT, as a shell would say.
pub(crate) const INTERRUPTED: u8 = 130;

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
    0  done
  1-5  the broker refused the connection with this return code
       (1 protocol version, 2 client id, 3 not available, 4 user or password, 5 not authorised)
   10  failed otherwise; the text on standard error says what to do
   27  timed out (subscribe -W)
   64  wrong options
  130  interrupted before it was done (publish)";

/// The module and the broker behind it.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Broker {
    /// Print this help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,

    /// Serial device of the module, as /dev/ttyUSB2; or `emulated`: a module inside this program
    /// whose broker nobody else reaches, for trying out
    #[arg(long, value_name = "DEVICE")]
    modem: PathBuf,

    /// Bits per second of the serial device
    #[arg(long, default_value_t = 115_200, value_name = "N")]
    baud: u32,

    /// Broker that the module connects to, name or address; needed unless the module is emulated
    #[arg(short = 'h', long)]
    host: Option<String>,

    /// TCP port of the broker
    #[arg(short, long, default_value_t = 1883)]
    port: u16,

    /// Client id [default: atmqtt- and the process id]
    #[arg(short, long)]
    id: Option<String>,

    /// Keep-alive in seconds, 0 to 3600; 0 = off
    #[arg(short, long, default_value_t = 60, value_name = "SECONDS")]
    keepalive: u16,

    /// User name
    #[arg(short, long)]
    username: Option<String>,

    /// Password; other users of this machine can see it in the list of processes
    #[arg(
        short = 'P',
        long = "pw",
        requires = "username",
        value_name = "PASSWORD"
    )]
    password: Option<String>,

    /// Keep the session at the broker: it stores subscriptions and messages for this client id
    #[arg(short = 'c', long, requires = "id")]
    disable_clean_session: bool,

    /// Topic of the message that the broker publishes if this client vanishes
    #[arg(long, value_name = "TOPIC")]
    will_topic: Option<String>,

    /// That message, at most 256 bytes [default: empty]
    #[arg(long, requires = "will_topic", value_name = "TEXT")]
    will_payload: Option<String>,

    /// Its QoS
    #[arg(long, requires = "will_topic", default_value = "0", value_parser = qos)]
    will_qos: QoS,

    /// Whether the broker retains it
    #[arg(long, requires = "will_topic")]
    will_retain: bool,

    /// Show the AT commands and what the module answers, on standard error
    #[arg(short, long)]
    debug: bool,
}

/// Reads 0, 1 or 2.
pub(crate) fn qos(text: &str) -> Result<QoS, String> {
    let level: u8 = text.parse().map_err(|_| "0, 1 or 2".to_owned())?;
    QoS::try_from(level).map_err(|error| error.detail().to_owned())
}

/// Reads the options, or ends the program with [`USAGE`] where they are wrong.
pub(crate) fn parse<T: Parser>() -> T {
    T::try_parse().unwrap_or_else(|error| {
        // Standard error may be closed.
        let _ = error.print();
        let code = if error.use_stderr() { USAGE } else { 0 };
        std::process::exit(code.into())
    })
}

/// Why the program ends otherwise than well: what to print, and its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Failure {
    /// A failure without a code of its own.
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self {
            text: text.to_string(),
            code: FAILED,
        }
    }

    /// Prints it and gives the exit code.
    pub(crate) fn report(&self, program: &str) -> ExitCode {
        eprintln!("{program}: {}", self.text);
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let return_code = match error.kind() {
            ErrorKind::ConnectionRefused => error.code().and_then(|code| u8::try_from(code).ok()),
            _ => None,
        };
        Self {
            code: return_code.filter(|code| *code <= 5).unwrap_or(FAILED),
            ..Self::new(error)
        }
    }
}

/// A connected client, its port, and the emulated module where there is one.
pub(crate) struct Session {
    pub(crate) modem: Modem,
    pub(crate) client: Client,
    _emulator: Option<Emulator>,
}

impl Broker {
    /// Opens the port and says how to set up its client 0; nothing is connected yet, so that the
    /// caller can look after signals, events and messages first.
    pub(crate) fn open_modem(&self) -> Result<Session, Failure> {
        if self.debug {
            let mut log = env_logger::Builder::new();
            log.filter_module("atmqtt", log::LevelFilter::Trace).init();
        } else {
            env_logger::init();
        }
        let emulated = self.modem == Path::new("emulated");
        if self.host.is_none() && !emulated {
            return Err(Failure {
                code: USAGE,
                ..Failure::new("no broker: say which with -h HOST")
            });
        }
        let emulator = if emulated {
            Some(Emulator::builder().start().map_err(Failure::new)?)
        } else {
            None
        };
        let path = emulator
            .as_ref()
            .map_or_else(|| self.modem.clone(), Emulator::path);
        let modem = Modem::builder().baud_rate(self.baud).open(path)?;
        let client = modem.client(0)?;
        Ok(Session {
            modem,
            client,
            _emulator: emulator,
        })
    }

    /// Connects the client to the broker.
    pub(crate) fn connect(&self, client: &Client) -> Result<(), Failure> {
        let mut config = ClientConfig::new()
            .keepalive(self.keepalive)
            .clean_session(!self.disable_clean_session);
        if let Some(topic) = &self.will_topic {
            let payload = self.will_payload.as_deref().unwrap_or_default();
            let will = Will::new(topic, payload);
            config = config.will(will.qos(self.will_qos).retain(self.will_retain));
        }
        if client.found_alive().is_some() {
            // Left behind by a program that was killed; nobody else has the port.
            client.close()?;
        }
        client.configure(&config)?;

        let id = match &self.id {
            Some(id) => id.clone(),
            None => format!("atmqtt-{}", std::process::id()),
        };
        let connect = match (&self.username, &self.password) {
            (Some(user), Some(password)) => Connect::new(id).credentials(user, password.as_str()),
            (Some(user), None) => Connect::new(id).username(user),
            (None, _) => Connect::new(id),
        };
        client.open(self.host.as_deref().unwrap_or("emulated"), self.port)?;
        client.connect(&connect)?;
        Ok(())
    }
}

/// What [`on_signal`] leaves behind.
pub(crate) struct Interrupt {
    begun: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// From here on SIGINT and SIGTERM end the connection and close the port, and then call `done`; a
/// second one, a second later or more, ends the program at once.
pub(crate) fn on_signal(
    session: &Session,
    done: impl FnOnce() + Send + 'static,
) -> Result<Interrupt, Failure> {
    let begun = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&begun)).map_err(Failure::new)?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Failure::new)?;
    let (modem, client) = (session.modem.clone(), session.client.clone());
    let thread = thread::spawn(move || {
        if signals.forever().next().is_none() {
            return;
        }
        let first = Instant::now();
        thread::spawn(move || {
            // `timeout` of the coreutils sends its signal twice.
            let again = |_| first.elapsed() >= Duration::from_secs(1);
            if signals.forever().any(again) {
                std::process::exit(INTERRUPTED.into());
            }
        });
        leave(&modem, &client);
        done();
    });
    Ok(Interrupt { begun, thread })
}

impl Interrupt {
    /// Ends the connection and closes the port, or waits until the signal's thread has. Whether there
    /// was a signal.
    pub(crate) fn leave(self, session: &Session) -> bool {
        let begun = self.begun.load(Ordering::SeqCst);
        if begun {
            // It does not panic, and if it did there would be nothing left to end.
            let _ = self.thread.join();
        } else {
            leave(&session.modem, &session.client);
        }
        begun
    }
}

/// Says goodbye to the broker as far as the client has come, and closes the port.
fn leave(modem: &Modem, client: &Client) {
    // Nothing can be done about a failure: the port is closed next.
    let _ = match client.state() {
        State::Connected => client.disconnect(),
        State::Closed => Ok(()),
        _ => client.close(),
    };
    let _ = modem.close();
}
