//! The network around MQTT: SIM, registration, packet data, the port of the URCs, the clock.

mod clock;
mod types;

use std::fmt;
use std::time::{Duration, Instant};

pub use clock::DateTime;
pub use types::{
    AccessTechnology, Apn, Authentication, ContextAddress, IpType, Operator, Registration,
    RegistrationStatus, ServiceRegistration, SimState, UrcPort,
};

use crate::error::{Error, ErrorKind, Result};
use crate::info::Signal;
use crate::modem::Modem;
use crate::wire::{CommandLine, Fields};

/// Longest time to the final result code of what the module answers by itself.
const DEADLINE: Duration = Duration::from_secs(10);
/// The same of `AT+CPIN?` and the registration, which a module may answer late while it starts.
const STARTING: Duration = Duration::from_secs(20);
/// The same of `AT+COPS?`: 180 s and a margin.
const OPERATOR: Duration = Duration::from_secs(185);
/// The same of `AT+QIACT`: 150 s and a margin.
const ACTIVATE: Duration = Duration::from_secs(155);
/// The same of `AT+QIDEACT`: 40 s, and a margin for those that take longer.
const DEACTIVATE: Duration = Duration::from_secs(65);
/// Time between two questions of [`Network::wait_ready`].
const POLL: Duration = Duration::from_secs(1);
/// PDP contexts; not every module has them all.
const CONTEXTS: std::ops::RangeInclusive<i64> = 1..=16;

/// The network that the module is in; see [`Modem::network`].
///
/// Every call blocks until the module has answered. MQTT needs none of them where the SIM has no PIN and
/// the subscription brings its access point: `AT+QMTOPEN` activates its context by itself.
///
/// # Errors
///
/// Of every call: [`InvalidArgument`](ErrorKind::InvalidArgument) before anything is sent;
/// [`ModuleError`](ErrorKind::ModuleError) and [`CmeError`](ErrorKind::CmeError) as the module answers;
/// [`OperationFailed`](ErrorKind::OperationFailed) where the answer has another shape;
/// [`Unconfirmed`](ErrorKind::Unconfirmed) where no final result code comes in time.
#[derive(Debug, Clone)]
pub struct Network {
    modem: Modem,
}

/// What [`Network::wait_ready`] waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// The SIM card.
    Sim(SimState),
    /// The registration.
    Registration(Registration),
    /// The PDP context: it is being activated.
    Activating,
    /// Everything is there.
    Ready(ContextAddress),
    /// The module does not answer, or not what it should: it may be starting.
    Trouble(Error),
}

/// What is waited for, in words; for what does not come by waiting alone, with what to do.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sim(sim) => sim.fmt(f),
            Self::Registration(registration) => f.write_str(&not_registered(registration)),
            Self::Activating => f.write_str("the context is being activated"),
            Self::Ready(_) => f.write_str("the context is active"),
            Self::Trouble(error) => error.fmt(f),
        }
    }
}

impl Network {
    pub(crate) fn new(modem: Modem) -> Self {
        Self { modem }
    }

    fn ask(&self, line: CommandLine, deadline: Duration) -> Result<Vec<String>> {
        self.modem.ask_line(line, deadline)
    }

    /// The module's registration for each kind of service (`AT+CREG?`, `AT+CGREG?`, `AT+CEREG?`).
    pub fn registration(&self) -> Result<Registration> {
        Ok(Registration {
            circuit: self.service("AT+CREG?")?,
            packet: self.service("AT+CGREG?")?,
            eps: self.service("AT+CEREG?")?,
        })
    }

    fn service(&self, command: &str) -> Result<Option<ServiceRegistration>> {
        let answer = match self.ask(CommandLine::new(command), STARTING) {
            Ok(answer) => answer,
            Err(error) if is_refusal(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = command.trim_start_matches("AT").trim_end_matches('?');
        let read: Vec<_> = answer
            .iter()
            .filter_map(|line| ServiceRegistration::read(line, name))
            .collect();
        // A URC of the same name may have come in between.
        read.iter()
            .find(|(_, answered)| *answered)
            .or_else(|| read.first())
            .map(|&(registration, _)| Some(registration))
            .ok_or_else(|| unreadable(command, &answer))
    }

    /// How well the module hears the network (`AT+CSQ`); the same as [`Modem::signal`].
    pub fn signal(&self) -> Result<Signal> {
        self.modem.signal()
    }

    /// Who runs the network, and where in the spectrum (`AT+COPS?`, `AT+QNWINFO`). Takes up to 180 s while the
    /// module searches.
    pub fn operator(&self) -> Result<Operator> {
        let mut operator = Operator::default();
        for line in self.ask(CommandLine::new("AT+COPS?"), OPERATOR)? {
            operator.read(&line);
        }
        match self.ask(CommandLine::new("AT+QNWINFO"), DEADLINE) {
            Ok(lines) => lines.iter().for_each(|line| operator.read(line)),
            Err(error) if is_refusal(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(operator)
    }

    /// What the SIM card is at (`AT+CPIN?`). A card that is missing, blocked or busy is an answer here
    /// and no error.
    pub fn sim(&self) -> Result<SimState> {
        match self.ask(CommandLine::new("AT+CPIN?"), STARTING) {
            Ok(answer) => answer
                .iter()
                .find_map(|line| line.strip_prefix("+CPIN:"))
                .map(SimState::read)
                .ok_or_else(|| unreadable("AT+CPIN?", &answer)),
            Err(error) => SimState::of_error(&error).ok_or(error),
        }
    }

    /// Sets the access point of PDP context 1..=16 (`AT+QICSGP`). The module takes it up at the next
    /// activation and forgets it when it restarts.
    ///
    /// Every value is written, empty ones too, so that nothing of an earlier program stays. The password
    /// is in no log and no error text.
    ///
    /// # Errors
    ///
    /// Besides those of every call, [`InvalidArgument`](ErrorKind::InvalidArgument) for a name, user
    /// name or password of more than 127 bytes or with a quotation mark or control byte.
    pub fn set_apn(&self, context: u8, apn: &Apn) -> Result<()> {
        self.ask(apn_line(context, apn)?, DEADLINE).map(drop)
    }

    /// The access point of PDP context 1..=16 (`AT+QICSGP=context`).
    pub fn apn(&self, context: u8) -> Result<Apn> {
        let line = CommandLine::new("AT+QICSGP").ranged("context", context, CONTEXTS)?;
        let answer = self.ask(line, DEADLINE)?;
        let apn = answer.iter().find_map(|line| Apn::read(line));
        // The answer holds a password: none of it goes into the error.
        apn.ok_or_else(|| {
            Error::new(
                ErrorKind::OperationFailed,
                "the answer is not what the command answers",
            )
            .with_command("AT+QICSGP")
        })
    }

    /// Activates PDP context 1..=16 (`AT+QIACT`). Takes up to 150 s. A context that is active already is
    /// none the worse for it: some modules refuse that, and are then asked (`AT+QIACT?`).
    ///
    /// # Errors
    ///
    /// Besides those of every call, those of the module with what `AT+QIGETERROR` gives as the reason.
    pub fn activate(&self, context: u8) -> Result<()> {
        let line = CommandLine::new("AT+QIACT").ranged("context", context, CONTEXTS)?;
        match self.ask(line, ACTIVATE) {
            Err(error) if is_refusal(&error) => match self.address(context) {
                Ok(Some(_)) => Ok(()),
                _ => Err(self.with_reason(&error, context)),
            },
            other => other.map(drop),
        }
    }

    fn with_reason(&self, error: &Error, context: u8) -> Error {
        let reason = self
            .ask(CommandLine::new("AT+QIGETERROR"), DEADLINE)
            .ok()
            .and_then(|lines| {
                lines
                    .into_iter()
                    .find(|line| line.starts_with("+QIGETERROR:"))
            })
            .unwrap_or_default();
        let named = Error::new(
            error.kind(),
            format!(
                "context {context} cannot be activated: {} {reason} (check SIM, registration and APN)",
                error.detail()
            ),
        )
        .with_command("AT+QIACT");
        match error.code() {
            Some(code) => named.with_code(code),
            None => named,
        }
    }

    /// Deactivates PDP context 1..=16 (`AT+QIDEACT`), which ends every connection on it. Takes up to 40 s. A
    /// context that is not active is none the worse for it.
    pub fn deactivate(&self, context: u8) -> Result<()> {
        let line = CommandLine::new("AT+QIDEACT").ranged("context", context, CONTEXTS)?;
        match self.ask(line, DEACTIVATE) {
            Err(error) if is_refusal(&error) => match self.address(context) {
                Ok(None) => Ok(()),
                _ => Err(error),
            },
            other => other.map(drop),
        }
    }

    /// The addresses of PDP context 1..=16 (`AT+QIACT?`); `None` = it is not active.
    pub fn address(&self, context: u8) -> Result<Option<ContextAddress>> {
        CommandLine::new("AT+QIACT?").ranged("context", context, CONTEXTS)?;
        let answer = self.ask(CommandLine::new("AT+QIACT?"), DEADLINE)?;
        let mut contexts = answer.iter().filter_map(|line| ContextAddress::read(line));
        Ok(contexts
            .find(|&(found, _)| found == context)
            .and_then(|(_, address)| address))
    }

    /// Waits until MQTT can begin: the SIM is ready, the module is registered, and PDP context 1..=16 is
    /// active; activates it when its turn comes. Gives the context's addresses.
    ///
    /// Asks about once a second, on the calling thread and on no other, and calls `progress` with what each
    /// answer says, with no lock held. A module that is starting or out of coverage is waited for.
    ///
    /// # Errors
    ///
    /// [`Timeout`](ErrorKind::Timeout) with what was missing last, after `timeout` and at most the one
    /// second and the command that is under way then; [`InvalidState`](ErrorKind::InvalidState) at once
    /// where the SIM wants a PIN or PUK, for waiting does not help; what the port is lost or stuck
    /// with, at once.
    pub fn wait_ready(
        &self,
        context: u8,
        timeout: Duration,
        mut progress: impl FnMut(&Readiness),
    ) -> Result<ContextAddress> {
        self.wait_telling(context, timeout, &mut progress)
    }

    fn wait_telling(
        &self,
        context: u8,
        timeout: Duration,
        progress: &mut dyn FnMut(&Readiness),
    ) -> Result<ContextAddress> {
        CommandLine::new("AT+QIACT").ranged("context", context, CONTEXTS)?;
        let runtime = self.modem.runtime();
        let limit = runtime.now() + timeout;
        let alarm = runtime.alarm();
        loop {
            let state = self.readiness(context, limit, progress)?;
            progress(&state);
            let missing = match state {
                Readiness::Ready(address) => return Ok(address),
                Readiness::Sim(sim @ (SimState::PinRequired | SimState::PukRequired)) => {
                    return Err(Error::state(sim.to_string()).with_command("AT+CPIN?"));
                }
                missing => missing,
            };
            let left = limit.saturating_duration_since(runtime.now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!("not ready after {timeout:?}: {missing}"),
                ));
            }
            if runtime.pause(&alarm, runtime.now() + POLL.min(left)) {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!("interrupted before it was ready: {missing}"),
                ));
            }
        }
    }

    /// How far the module is; what cannot be waited for is an error.
    fn readiness(
        &self,
        context: u8,
        limit: Instant,
        progress: &mut dyn FnMut(&Readiness),
    ) -> Result<Readiness> {
        let step = || -> Result<Readiness> {
            let sim = self.sim()?;
            if sim != SimState::Ready {
                return Ok(Readiness::Sim(sim));
            }
            let registration = self.registration()?;
            if !registration.is_registered() {
                return Ok(Readiness::Registration(registration));
            }
            if let Some(address) = self.address(context)? {
                return Ok(Readiness::Ready(address));
            }
            progress(&Readiness::Activating);
            let left = limit
                .saturating_duration_since(self.modem.runtime().now())
                .max(POLL);
            let own = self.modem.timeout().map_or(left, |own| own.min(left));
            let bounded = Self::new(self.modem.with_timeout(own));
            bounded.activate(context)?;
            Ok(match self.address(context)? {
                Some(address) => Readiness::Ready(address),
                None => Readiness::Activating,
            })
        };
        let mut step = step;
        match step() {
            Err(error)
                if is_refusal(&error)
                    || matches!(
                        error.kind(),
                        ErrorKind::Timeout | ErrorKind::Unconfirmed | ErrorKind::OperationFailed
                    ) =>
            {
                Ok(Readiness::Trouble(error))
            }
            other => other,
        }
    }

    /// Where the module prints what nobody asked for (`AT+QURCCFG="urcport"`).
    ///
    /// The results of MQTT commands are among it: on any other port than this, every open, connect,
    /// subscription and publish ends without its result.
    pub fn urc_port(&self) -> Result<UrcPort> {
        let answer = self.ask(CommandLine::new("AT+QURCCFG").word("urcport"), DEADLINE)?;
        answer
            .iter()
            .find_map(|line| {
                let (name, mut fields) = Fields::of_line(line.as_bytes())?;
                let _urcport = fields.text()?;
                let port = String::from_utf8_lossy(fields.text()?).into_owned();
                (name == b"+QURCCFG").then(|| UrcPort::from_wire_name(&port))
            })
            .ok_or_else(|| unreadable("AT+QURCCFG", &answer))
    }

    /// Sets where the module prints what nobody asked for (`AT+QURCCFG="urcport",...`). At once, and the
    /// module keeps it over a restart; not every module knows every port.
    pub fn set_urc_port(&self, port: &UrcPort) -> Result<()> {
        let line = CommandLine::new("AT+QURCCFG").word("urcport").text(
            "urc port",
            port.wire_name(),
            1..=32,
        )?;
        self.ask(line, DEADLINE).map(drop)
    }

    /// The module's clock (`AT+CCLK?`).
    pub fn clock(&self) -> Result<DateTime> {
        let answer = self.ask(CommandLine::new("AT+CCLK?"), DEADLINE)?;
        answer
            .iter()
            .find_map(|line| {
                let (name, mut fields) = Fields::of_line(line.as_bytes())?;
                let text = std::str::from_utf8(fields.text()?).ok()?;
                (name == b"+CCLK").then(|| DateTime::read(text))?
            })
            .ok_or_else(|| unreadable("AT+CCLK?", &answer))
    }

    /// Sets the module's clock (`AT+CCLK`). The time of the network may replace it (`AT+CTZU`).
    ///
    /// # Errors
    ///
    /// Besides those of every call, [`InvalidArgument`](ErrorKind::InvalidArgument) for a time that does
    /// not exist.
    pub fn set_clock(&self, time: &DateTime) -> Result<()> {
        time.check()?;
        let line = CommandLine::new("AT+CCLK").text("time", &time.wire(), 17..=20)?;
        self.ask(line, DEADLINE).map(drop)
    }
}

/// `AT+QICSGP` with every value.
pub(crate) fn apn_line(context: u8, apn: &Apn) -> Result<CommandLine> {
    Ok(CommandLine::new("AT+QICSGP")
        .ranged("context", context, CONTEXTS)?
        .int(apn.ip_type.number())
        .text("apn", &apn.name, 0..=127)?
        .text("username", &apn.username, 0..=127)?
        .secret("password", apn.password.reveal(), 0..=127)?
        .int(apn.authentication.number()))
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ModuleError | ErrorKind::CmeError)
}

fn unreadable(command: &str, answer: &[String]) -> Error {
    Error::new(
        ErrorKind::OperationFailed,
        format!("the answer is not what the command answers: {answer:?}"),
    )
    .with_command(command.trim_end_matches('?'))
}

fn not_registered(registration: &Registration) -> String {
    let mut status: Vec<String> = [
        ("LTE", registration.eps),
        ("packet data", registration.packet),
        ("circuit switched", registration.circuit),
    ]
    .into_iter()
    .filter_map(|(name, service)| Some(format!("{name}: {:?}", service?.status)))
    .collect();
    if status.is_empty() {
        status.push("the module knows no registration command".to_owned());
    }
    format!(
        "the module is not registered ({}); check antenna and subscription",
        status.join(", ")
    )
}
