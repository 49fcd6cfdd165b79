//! Every call of the library that is a few commands one after the other: files, TLS contexts, the network,
//! and the rest that is no MQTT.

use std::fmt::{self, Debug};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use atmqtt::engine::{OpId, Outcome, Request};
use atmqtt::{
    Apn, Authentication, Certificate, Clock, DateTime, Driver, Error, Modem, PrivateKey, TlsConfig,
    UploadOptions, UrcPort,
};

use crate::bench::{Bench, unplugged};
use crate::operation::{PASSWORD, payload, subscribe};

mod cases;
mod run;

pub(crate) use cases::{Case, cases};
pub(crate) use run::{Plain, run};

/// The columns of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Upload,
    UploadAck,
    Ensure,
    Download,
    List,
    Delete,
    Space,
    TlsConfigure,
    TlsConfig,
    Sim,
    Registration,
    Signal,
    Operator,
    SetApn,
    Apn,
    Activate,
    Deactivate,
    Address,
    WaitReady,
    UrcPort,
    SetUrcPort,
    Clock,
    SetClock,
    Info,
    Command,
    CommandWithData,
    Capabilities,
    Config,
}

/// The context that nobody uses but the calls.
const CONTEXT: u8 = 2;

/// How long [`Call::WaitReady`] waits.
const READY_LIMIT: Duration = Duration::from_secs(900);

/// What a file holds: a secret, and all that would do harm but for what may follow a block of it. Where
/// that stands exactly so far behind a line that was printed into the block as the line is long,
/// nothing tells the two apart.
pub(crate) fn data() -> Vec<u8> {
    let harm = String::from_utf8_lossy(&payload("file")).replace("OK", "ERROR");
    let harm = harm.replace("\n+", "\n *+");
    let block = format!("{harm}{PASSWORD}\n");
    block.repeat(2500 / block.len() + 1).into_bytes()
}

fn pem(of: &str) -> String {
    format!(
        "-----BEGIN {of}-----\nS0VZ{}\n-----END {of}-----\n",
        "QQ".repeat(60)
    )
}

fn shown<T: Debug>(value: T) -> String {
    format!("{value:?}")
}

impl Call {
    pub(crate) const ALL: [Self; 28] = [
        Self::Upload,
        Self::UploadAck,
        Self::Ensure,
        Self::Download,
        Self::List,
        Self::Delete,
        Self::Space,
        Self::TlsConfigure,
        Self::TlsConfig,
        Self::Sim,
        Self::Registration,
        Self::Signal,
        Self::Operator,
        Self::SetApn,
        Self::Apn,
        Self::Activate,
        Self::Deactivate,
        Self::Address,
        Self::WaitReady,
        Self::UrcPort,
        Self::SetUrcPort,
        Self::Clock,
        Self::SetClock,
        Self::Info,
        Self::Command,
        Self::CommandWithData,
        Self::Capabilities,
        Self::Config,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::UploadAck => "uploadack",
            Self::Ensure => "ensure",
            Self::Download => "download",
            Self::List => "list",
            Self::Delete => "delete",
            Self::Space => "space",
            Self::TlsConfigure => "tlsset",
            Self::TlsConfig => "tlsget",
            Self::Sim => "sim",
            Self::Registration => "register",
            Self::Signal => "signal",
            Self::Operator => "operator",
            Self::SetApn => "apnset",
            Self::Apn => "apnget",
            Self::Activate => "activate",
            Self::Deactivate => "deactiv",
            Self::Address => "address",
            Self::WaitReady => "ready",
            Self::UrcPort => "urcget",
            Self::SetUrcPort => "urcset",
            Self::Clock => "clockget",
            Self::SetClock => "clockset",
            Self::Info => "info",
            Self::Command => "command",
            Self::CommandWithData => "cmddata",
            Self::Capabilities => "capabil",
            Self::Config => "config",
        }
    }

    /// The files that are in the module before it is made.
    pub(crate) fn has_file(self) -> bool {
        matches!(
            self,
            Self::Ensure | Self::Download | Self::List | Self::Delete
        )
    }

    /// Makes the call; what it gives, as text.
    pub(crate) fn make(self, modem: &Modem) -> Result<String, Error> {
        let (files, network) = (modem.files(), modem.network());
        let name = "data.bin";
        match self {
            Self::Upload => files.upload(name, &data()).map(shown),
            Self::UploadAck => {
                let options = UploadOptions::new().ack(true);
                files.upload_with(name, &data(), options).map(shown)
            }
            Self::Ensure => files.ensure(name, &data()).map(shown),
            Self::Download => files.download(name).map(shown),
            Self::List => files.list("*").map(shown),
            Self::Delete => files.delete(name).map(shown),
            Self::Space => files.space().map(shown),
            Self::TlsConfigure => modem.tls(2)?.configure(&tls()).map(shown),
            Self::TlsConfig => modem.tls(2)?.config().map(shown),
            Self::Sim => network.sim().map(shown),
            Self::Registration => network.registration().map(shown),
            Self::Signal => network.signal().map(shown),
            Self::Operator => network.operator().map(shown),
            Self::SetApn => network.set_apn(CONTEXT, &apn()).map(shown),
            Self::Apn => network.apn(CONTEXT).map(shown),
            Self::Activate => network.activate(CONTEXT).map(shown),
            Self::Deactivate => network.deactivate(CONTEXT).map(shown),
            Self::Address => network.address(CONTEXT).map(shown),
            Self::WaitReady => network.wait_ready(CONTEXT, READY_LIMIT, |_| {}).map(shown),
            Self::UrcPort => network.urc_port().map(shown),
            Self::SetUrcPort => network.set_urc_port(&UrcPort::UsbAt).map(shown),
            // The time itself depends on how long the fault took.
            Self::Clock => network.clock().map(|time| shown(time.year)),
            Self::SetClock => network.set_clock(&time()).map(shown),
            Self::Info => modem.info().map(shown),
            Self::Command => modem.command("AT+CSQ").map(shown),
            Self::CommandWithData => {
                let line = format!("AT+QFUPL=\"{name}\",{},5", data().len());
                modem.command_with_data(&line, &data()).map(shown)
            }
            Self::Capabilities => modem.capabilities().map(shown),
            Self::Config => modem.client(2)?.config().map(shown),
        }
    }

    /// What must have happened before.
    pub(crate) fn prepare(self, modem: &Modem) -> Result<(), Error> {
        if self.has_file() {
            modem.files().upload("data.bin", &data())?;
        }
        match self {
            Self::List => modem.files().upload("more.bin", b"more").map(drop),
            Self::TlsConfig => modem.tls(2)?.configure(&tls()),
            Self::Apn => modem.network().set_apn(CONTEXT, &apn()),
            Self::CommandWithData => match modem.files().delete("data.bin") {
                Err(error) if error.code() != Some(405) => Err(error),
                _ => Ok(()),
            },
            Self::Deactivate | Self::Address => modem.network().activate(CONTEXT),
            _ => Ok(()),
        }
    }
}

fn apn() -> Apn {
    Apn::new("internet").credentials("user", PASSWORD, Authentication::Chap)
}

fn time() -> DateTime {
    DateTime::from(std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

fn tls() -> TlsConfig {
    TlsConfig::new(Certificate::pem(pem("CERTIFICATE")))
        .client_certificate(
            Certificate::pem(pem("CERTIFICATE")),
            PrivateKey::pem(pem("PRIVATE KEY")),
        )
        .clock(Clock::SetAndCheck)
}

/// A bench as the engine of a modem: a call lets its time pass.
pub(crate) struct Lent(Mutex<Lane>);

struct Lane {
    bench: Bench,
    /// Until when a call must have ended.
    end: Duration,
    overdue: bool,
    /// What is submitted behind the first request, and then became of it.
    behind: Option<Request>,
    submitted: Option<Result<OpId, Error>>,
    commands: Vec<Sent>,
}

/// A command of a call.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) name: String,
    /// How many lines came in front of its final code.
    pub(crate) lines: usize,
}

#[derive(Clone)]
struct Handle(Arc<Lent>);

impl Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bench")
    }
}

impl Handle {
    fn lock(&self) -> MutexGuard<'_, Lane> {
        self.0.0.lock().expect("not poisoned")
    }
}

impl Driver for Handle {
    fn call(&self, request: Request, _: Option<Duration>) -> Result<Outcome, Error> {
        let mut lane = self.lock();
        let lane = &mut *lane;
        let name = name(&request);
        let id = lane.bench.try_submit(request)?;
        if let Some(request) = lane.behind.take() {
            lane.submitted = Some(lane.bench.try_submit(request));
            lane.bench.publish("w", &payload("m1"), 1);
            lane.bench.publish("in", &payload("m1"), 1);
        }
        let limit = lane.end.saturating_sub(lane.bench.now);
        match lane.bench.wait(id, limit) {
            Ok(result) => {
                let lines = match &result {
                    Ok(Outcome::Answer(lines)) => lines.len(),
                    _ => 0,
                };
                lane.commands.extend(name.map(|name| Sent { name, lines }));
                result
            }
            Err(_) => {
                lane.overdue = true;
                Err(unplugged())
            }
        }
    }

    fn now(&self) -> Instant {
        self.lock().bench.instant()
    }

    fn pause(&self, until: Instant) -> bool {
        let mut lane = self.lock();
        let time = until.saturating_duration_since(lane.bench.instant());
        let left = lane.end.saturating_sub(lane.bench.now);
        lane.overdue |= time > left;
        lane.bench.run_for(time.min(left));
        lane.overdue
    }
}

/// The command of a request, as faults name it.
fn name(request: &Request) -> Option<String> {
    let (Request::Command { line, .. }
    | Request::Upload { line, .. }
    | Request::Download { line, .. }) = request
    else {
        return None;
    };
    let name = line.name();
    let name = name.strip_prefix("AT").unwrap_or(&name);
    Some(name.trim_start_matches('+').to_owned())
}

/// What a call on a bench came to.
pub(crate) struct Made {
    pub(crate) result: Result<String, Error>,
    /// It did not end in time.
    pub(crate) overdue: bool,
    /// The request of another client behind its first.
    pub(crate) behind: Option<Result<OpId, Error>>,
    /// Its commands, in order.
    pub(crate) commands: Vec<Sent>,
}

/// Makes a call on a bench, which must end within so much time.
pub(crate) fn on_bench(
    bench: &mut Bench,
    within: Duration,
    witness: bool,
    call: impl FnOnce(&Modem) -> Result<String, Error>,
) -> Made {
    let end = bench.now + within;
    let lane = Lane {
        bench: mem::replace(bench, Bench::new(0)),
        end,
        overdue: false,
        behind: witness.then(|| subscribe(1, "w/more")),
        submitted: None,
        commands: Vec::new(),
    };
    let handle = Handle(Arc::new(Lent(Mutex::new(lane))));
    let modem = Modem::driven(handle.clone()).expect("descriptors");
    let result = call(&modem);
    drop(modem);
    let lent = Arc::into_inner(handle.0).expect("the modem is dropped");
    let lane = lent.0.into_inner().expect("not poisoned");
    *bench = lane.bench;
    Made {
        result,
        overdue: lane.overdue,
        behind: lane.submitted,
        commands: lane.commands,
    }
}
