//! A serial port with a module behind it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::engine::{Options, Outcome, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::files::Files;
use crate::incoming::Incoming;
use crate::info::{ModuleInfo, Signal};
use crate::mqtt::CLIENTS;
use crate::mqtt::capabilities::{Capabilities, TESTED};
use crate::network::Network;
use crate::pending::{Pending, value};
use crate::port::{FlowControl, Port, SerialOptions, SerialPort};
use crate::receiving::{self, Events};
use crate::runtime::{Address, Driver, Mailbox, Runtime};
use crate::sync;
use crate::tls::TlsContext;
use crate::trace::{Trace, TraceFile};
use crate::wire::CommandLine;

/// A module on a serial port.
///
/// Cheap to clone; every clone and every [`Client`] stands for the same port, from any thread. The
/// port is closed by [`close`](Self::close), or when the last of them is dropped.
///
/// Opening brings the line into a known state (`ATQ0V1E0`, `AT+CMEE=1`) and asks which of the six
/// clients live since before (`AT+QMTOPEN?`, `AT+QMTCONN?`).
///
/// ```no_run
/// use atmqtt::{Connect, Modem, QoS};
///
/// # fn main() -> atmqtt::Result<()> {
/// let modem = Modem::open("/dev/ttyUSB2")?;
/// let client = modem.client(0)?;
/// client.open("broker.example", 1883)?;
/// client.connect(&Connect::new("sensor-17"))?;
/// client.publish("sensors/17", r#"{"t":21.5}"#, QoS::AtLeastOnce, false)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Modem {
    runtime: Arc<Runtime>,
    timeout: Option<Duration>,
}

/// How a [`Modem`] is opened.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct ModemBuilder {
    serial: SerialOptions,
    message_capacity: usize,
    urc_capacity: usize,
    max_payload: usize,
    patience: Duration,
    trace: Option<PathBuf>,
    silence: Duration,
}

/// Longest time to the final result code of a command that the library has no words for, but for
/// those below ("if none for 60 s, restart the module").
const COMMAND_DEADLINE: Duration = Duration::from_secs(60);

/// Commands that may take longer.
const SLOW: [(&str, u64); 4] = [
    ("+QIACT", 155),
    ("+QIDEACT", 65),
    ("+COPS", 185),
    ("+CGATT", 145),
];

impl Default for ModemBuilder {
    fn default() -> Self {
        Self {
            serial: SerialOptions::default(),
            message_capacity: 1024,
            urc_capacity: 64,
            max_payload: 64 * 1024,
            patience: Options::default().patience,
            trace: None,
            silence: Options::default().silence,
        }
    }
}

impl ModemBuilder {
    /// Bits per second; default 115200.
    pub fn baud_rate(mut self, baud_rate: u32) -> Self {
        self.serial.baud_rate = baud_rate;
        self
    }

    /// RTS/CTS flow control, here and in the module (`AT+IFC=2,2`); default none.
    pub fn flow_control(mut self, flow_control: FlowControl) -> Self {
        self.serial.flow_control = flow_control;
        self
    }

    /// Whether DTR is asserted while the port is open; default `true`.
    pub fn dtr(mut self, asserted: bool) -> Self {
        self.serial.dtr = asserted;
        self
    }

    /// Whether DTR falls when the port is closed; default `false`.
    pub fn hang_up_on_close(mut self, hang_up: bool) -> Self {
        self.serial.hang_up_on_close = hang_up;
        self
    }

    /// How many received messages wait for each client's consumer, 1 and up; default 1024. A full
    /// queue drops its oldest and reports [`Event::Lagged`].
    pub fn message_capacity(mut self, messages: usize) -> Self {
        self.message_capacity = messages.max(1);
        self
    }

    /// How many other lines of the module are kept for [`Modem::events`]; default 64, 0 = none. The
    /// oldest goes first.
    pub fn urc_capacity(mut self, lines: usize) -> Self {
        self.urc_capacity = lines;
        self
    }

    /// Longest received payload in bytes that is delivered; default 64 KiB. A longer one is skipped and
    /// reported as [`Event::InputLost`].
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// How long a module that does not answer the first command is left alone before it is asked
    /// once more; default 11 s. An earlier program may have left it waiting for a payload, which it
    /// ends by its `edit/timeout` of 10 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Writes every byte that passes on the port to a file, in both directions, with the time since the
    /// opening; default none. The format is that of the emulated module (`atmqtt-emulator --trace`), and
    /// `atmqtt-emulator --replay FILE` plays the file to a fresh module and says where that one differs,
    /// so that what happened on real hardware becomes a test.
    ///
    /// Not shown, but counted: passwords (`AT+QMTCONN`, `AT+QICSGP`, `AT+CGAUTH`), device secrets and
    /// what follows them (`aliauth`, `onenet`, `hwauth`, `hwprodid` of `AT+QMTCFG`), key passwords and
    /// pre-shared keys (`clientkey`, `psk` of `AT+QSSLCFG`), PINs (`AT+CPIN`, `AT+CLCK`, `AT+CPWD`), in
    /// commands, echoes and answers, and every line that may be one of these, damaged on its way; and what
    /// files hold (`AT+QFUPL`, `AT+QFREAD`), but for two bytes that give a hidden file the checksum that the
    /// module prints. **Everything else is there**: payloads and topics of messages, client ids, user names,
    /// host names, names of files, what identifies the module and its SIM, and whatever a program sends
    /// with [`Modem::command`] that is not listed above. The file is made with mode 0600, in the
    /// place of one that is there: who has that one open sees nothing of the new.
    ///
    /// Every read and every write of the port is one write to the file, for which the port waits: it
    /// belongs on a local disk. Where it cannot be written any more it ends with a warning to the log, and
    /// the port goes on.
    ///
    /// # Errors
    ///
    /// Of [`open`](Self::open): [`InvalidArgument`](ErrorKind::InvalidArgument) where the file cannot be
    /// made.
    pub fn trace(mut self, path: impl Into<PathBuf>) -> Self {
        self.trace = Some(path.into());
        self
    }

    /// How long the line of a freshly opened port must be silent before the first command is sent;
    /// default 100 ms, and no more than 3 s are waited. What comes until then may be the middle of a
    /// message. 0 where nothing can be on its way, as from an emulated module that has just been made.
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Opens a serial device, exclusively.
    ///
    /// # Errors
    ///
    /// [`PortBusy`](ErrorKind::PortBusy), [`PortLost`](ErrorKind::PortLost) as in
    /// [`SerialPort::open`]; [`Timeout`](ErrorKind::Timeout) where no module answers.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Modem> {
        let port = SerialPort::open(path, &self.serial)?;
        self.open_port(port)
    }

    /// Takes any other byte stream with a non-blocking descriptor for the port.
    pub fn open_port(self, port: impl Port + 'static) -> Result<Modem> {
        let address = Address::own(self.message_capacity, self.urc_capacity);
        let modem = self.clone().start_port(Box::new(port), address, 0)?;
        self.greet(&modem)?;
        Ok(modem)
    }

    /// A mailbox as it was asked for.
    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.message_capacity, self.urc_capacity)
    }

    pub(crate) fn serial_options(&self) -> &SerialOptions {
        &self.serial
    }

    /// Starts the threads of a port. Nothing is sent yet: see [`greet`](Self::greet).
    pub(crate) fn start_port(
        self,
        port: Box<dyn Port>,
        address: Address,
        first_generation: u32,
    ) -> Result<Modem> {
        let first_msgid = sync::system_time()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| (since.as_millis() % 65_535) as u16 + 1);
        let mut options = Options {
            baud_rate: self.serial.baud_rate,
            first_msgid,
            first_generation,
            patience: self.patience,
            silence: self.silence,
            ..Options::default()
        };
        options.limits.payload = self.max_payload;
        options.limits.skipped = options.limits.skipped.max(self.max_payload);
        let trace = match &self.trace {
            Some(path) => {
                let trace = TraceFile::create(path, &port.name())?;
                Some(Box::new(trace) as Box<dyn Trace>)
            }
            None => None,
        };
        let runtime = Runtime::start(Arc::from(port), options, address, trace)?;
        Ok(Modem {
            runtime: Arc::new(runtime),
            timeout: None,
        })
    }

    /// Brings the line into a known state, and asks which clients live.
    pub(crate) fn greet(&self, modem: &Modem) -> Result<()> {
        modem.runtime.discover()?;
        if self.serial.flow_control == FlowControl::RtsCts {
            modem.command("AT+IFC=2,2")?;
        }
        Ok(())
    }
}

/// A command of the program's own, checked, with the time that it may take.
fn any_command(line: &str, data: Option<&[u8]>) -> Result<Request> {
    let line = crate::raw::checked(line, data.is_some())?;
    let name = line.name().to_ascii_uppercase();
    let deadline = SLOW
        .iter()
        .find(|(slow, _)| name.ends_with(slow))
        .map_or(COMMAND_DEADLINE, |&(_, seconds)| {
            Duration::from_secs(seconds)
        });
    Ok(Request::Command {
        line,
        data: data.map(<[u8]>::to_vec),
        deadline,
    })
}

impl Modem {
    /// Opens a serial device at 115200 baud. See [`ModemBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().open(path)
    }

    /// A modem on an engine that somebody else drives, in virtual time for one. For the tests of this
    /// library: calls that wait work, and nothing else does.
    #[doc(hidden)]
    pub fn driven(driver: impl Driver + 'static) -> Result<Self> {
        Ok(Self {
            runtime: Arc::new(Runtime::driven(Box::new(driver))?),
            timeout: None,
        })
    }

    /// Sets how to open a device.
    pub fn builder() -> ModemBuilder {
        ModemBuilder::default()
    }

    /// This modem with a limit on how long each of its calls may keep its caller. Past it, what has not
    /// begun is withdrawn ([`Timeout`](ErrorKind::Timeout)) and what has goes on without the caller
    /// ([`Unconfirmed`](ErrorKind::Unconfirmed)).
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            runtime: Arc::clone(&self.runtime),
            timeout: Some(timeout),
        }
    }

    /// One of the six MQTT clients of the module, 0..=5.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for any other index.
    pub fn client(&self, index: u8) -> Result<Client> {
        if index >= CLIENTS {
            return Err(Error::argument("client index", index, "0..=5"));
        }
        Ok(Client::new(Arc::clone(&self.runtime), index))
    }

    /// The device, as it was opened.
    #[must_use]
    pub fn port_name(&self) -> &str {
        self.runtime.port_name()
    }

    /// Whether the port is open: not after [`close`](Self::close), nor once it is lost, nor in a forked child.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.runtime.is_open()
    }

    /// Sends any other AT command and gives the lines of its answer, without the final `OK`.
    ///
    /// Refused are what the library itself does (`AT+QMT...=` with values), what would change how lines
    /// are read (`ATE1`, `ATV0`, `ATQ1`, `AT&F`, `ATZ`, `ATS3`, `ATS4`, `AT+IPR=`, `A/`), and what leaves
    /// command mode (`ATD`, `ATO`, `AT+CMUX`, `AT+QFUPL`, ...).
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for the above;
    /// [`ModuleError`](ErrorKind::ModuleError) and [`CmeError`](ErrorKind::CmeError) as the module
    /// answers; [`Unconfirmed`](ErrorKind::Unconfirmed) where no final result code comes in time.
    ///
    /// ```no_run
    /// # fn main() -> atmqtt::Result<()> {
    /// let modem = atmqtt::Modem::open("/dev/ttyUSB2")?;
    /// for line in modem.command("AT+CEREG?")? {
    ///     println!("{line}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn command(&self, line: &str) -> Result<Vec<String>> {
        self.runtime
            .call(any_command(line, None)?, self.timeout)
            .and_then(value)
    }

    /// [`command`](Self::command) without waiting.
    pub fn command_start(&self, line: &str) -> Result<Pending<Vec<String>>> {
        let started = self.runtime.submit(any_command(line, None)?)?;
        Ok(Pending::new(Arc::clone(&self.runtime), started))
    }

    /// Sends a command that prompts for data (`>` or `CONNECT`), then the data, byte for byte.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command). A module that never prompts leaves the port
    /// [stuck](ErrorKind::PortStuck), because it may still wait for data.
    pub fn command_with_data(&self, line: &str, data: &[u8]) -> Result<Vec<String>> {
        self.runtime
            .call(any_command(line, Some(data))?, self.timeout)
            .and_then(value)
    }

    /// Sends a line of the library's own; its answer without the final `OK`.
    pub(crate) fn ask_line(&self, line: CommandLine, deadline: Duration) -> Result<Vec<String>> {
        self.exchange(line, None, deadline)
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The limit that [`with_timeout`](Self::with_timeout) sets.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn exchange(
        &self,
        line: CommandLine,
        data: Option<Vec<u8>>,
        deadline: Duration,
    ) -> Result<Vec<String>> {
        let request = Request::Command {
            line,
            data,
            deadline,
        };
        self.runtime.call(request, self.timeout).and_then(value)
    }

    /// Who the module is (`ATI`, `AT+CGSN`, `AT+CIMI`, `AT+QCCID`).
    pub fn info(&self) -> Result<ModuleInfo> {
        ModuleInfo::ask(|command| self.command(command))
    }

    /// How well the module hears the network (`AT+CSQ`).
    pub fn signal(&self) -> Result<Signal> {
        let answer = self.command("AT+CSQ")?;
        Signal::read(&answer).ok_or_else(|| {
            Error::new(
                ErrorKind::OperationFailed,
                format!("the answer is not what AT+CSQ answers: {answer:?}"),
            )
            .with_command("AT+CSQ")
        })
    }

    /// The files of the module: certificates, for one.
    #[must_use]
    pub fn files(&self) -> Files {
        Files::new(self.clone())
    }

    /// One of the six SSL contexts of the module, 0..=5: what [`Transport::Tls`](crate::Transport) and
    /// [`ClientConfig::tls`](crate::ClientConfig::tls) refer to.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for any other index.
    pub fn tls(&self, context: u8) -> Result<TlsContext> {
        TlsContext::new(self.clone(), context)
    }

    /// The network that the module is in: SIM, registration, packet data, clock.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::new(self.clone())
    }

    /// What the module says that it supports: the answers to the nine test forms `=?`. A command that
    /// it refuses is not supported.
    pub fn capabilities(&self) -> Result<Capabilities> {
        let mut capabilities = Capabilities::default();
        for command in std::iter::once("QMTCFG").chain(TESTED) {
            match self.command(&format!("AT+{command}=?")) {
                Ok(lines) => capabilities.add(command, &lines),
                Err(error)
                    if matches!(error.kind(), ErrorKind::ModuleError | ErrorKind::CmeError) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(capabilities)
    }

    /// The events of the port, oldest first. They have one consumer.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) while another `Events` or a callback has them.
    pub fn events(&self) -> Result<Events> {
        let runtime = Arc::clone(&self.runtime);
        Events::claim(runtime)
    }

    /// Hands every event to `callback`, on the dispatcher thread of the port. Every call of the library
    /// may be made in it but [`close`](Self::close).
    ///
    /// The callback is dropped when the port is closed; one that holds a clone of this modem keeps the
    /// port open until then.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) while the events have another consumer;
    /// [`Closed`](ErrorKind::Closed) once the port is closed or lost.
    pub fn on_event(&self, callback: impl FnMut(Event) + Send + 'static) -> Result<()> {
        receiving::on_event(&*self.runtime, callback)
    }

    /// Takes the event callback away. When this returns it does not run any more, except where it is
    /// itself the caller.
    pub fn clear_on_event(&self) -> Result<()> {
        receiving::clear_on_event(&*self.runtime)
    }

    /// Everything that arrives in one stream, oldest first: the events, and the messages of all six
    /// clients. For programs with one loop for everything: it has a descriptor to wait on.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) while the events, or the messages of any client, have
    /// another consumer.
    pub fn incoming(&self) -> Result<Incoming> {
        let runtime = Arc::clone(&self.runtime);
        Incoming::claim(runtime)
    }

    /// Runs a job on a thread of its own and reports its end as [`Event::Completed`], with the number that
    /// this gives. For what takes several commands, where nobody may wait: an upload, say.
    ///
    /// The job holds the port open. Closing the port ends the calls that the job makes, and waits for the
    /// job; in a job it is an error, as in a callback.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed) on a closed port.
    ///
    /// ```no_run
    /// use atmqtt::Outcome;
    ///
    /// # fn main() -> atmqtt::Result<()> {
    /// let modem = atmqtt::Modem::open("/dev/ttyUSB2")?;
    /// let number = modem.background(|modem| {
    ///     modem.files().upload("ca.pem", b"...").map(|()| Outcome::Done)
    /// })?;
    /// # let _ = number;
    /// # Ok(())
    /// # }
    /// ```
    pub fn background(
        &self,
        job: impl FnOnce(&Self) -> Result<Outcome> + Send + 'static,
    ) -> Result<u64> {
        let modem = self.clone();
        let id = self.runtime.background(Box::new(move || job(&modem)))?;
        Ok(id.number())
    }

    /// Ends every wait on this port, in whatever thread. Async-signal-safe: it may be called in a signal
    /// handler.
    ///
    /// A call then ends as if the time that its caller had given it were up: what has not begun is withdrawn
    /// ([`Timeout`](ErrorKind::Timeout)), what has goes on without the caller
    /// ([`Unconfirmed`](ErrorKind::Unconfirmed)). The waits of [`Pending`] end with `Unconfirmed` or "not
    /// yet", those of [`Events`], [`Incoming`] and [`Messages`](crate::Messages) with `None`; and if none of
    /// these three waits at the moment, the next one that would does not, so that a signal between the look
    /// at a flag and the wait is not missed.
    pub fn interrupt(&self) {
        self.runtime.interrupt();
    }

    /// Closes the port: every call and wait on it ends at once with [`Closed`](ErrorKind::Closed), the
    /// iterators end after what has arrived. A callback that runs is waited for, and what it has not had is
    /// dropped. Again: nothing. The clients in the module stay as they
    /// are: disconnect them first.
    ///
    /// # Errors
    ///
    /// [`CalledFromCallback`](ErrorKind::CalledFromCallback) from a callback of this port.
    pub fn close(&self) -> Result<()> {
        self.runtime.close()
    }
}
