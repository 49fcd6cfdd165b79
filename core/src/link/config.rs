//! How a link is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Link;
use super::find::LinkPort;
use super::outgoing::{QueueLimits, WhenUnconfirmed};
use super::policy::Backoff;
use crate::error::{Error, Result};
use crate::modem::ModemBuilder;
use crate::mqtt::config::ClientConfig;
use crate::mqtt::connect::Connect;
use crate::mqtt::setting::{Format, Transport};
use crate::mqtt::{CLIENTS, QoS};
use crate::network::Apn;
use crate::tls::TlsConfig;

/// What a [`Link`] does with a client of the module that is still connected from an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhenAlive {
    /// Closes it and connects anew. The default with an outbox.
    Replace,
    /// Takes it over, where it is connected to one of the brokers and its settings allow its messages to be
    /// read safely; else replaces it. The default without an outbox.
    Adopt,
}

/// The user's power switch.
#[derive(Clone)]
pub(super) struct PowerHook(Arc<dyn Fn() -> Result<()> + Send + Sync>);

impl PowerHook {
    pub(super) fn cycle(&self) -> Result<()> {
        (self.0)()
    }
}

impl fmt::Debug for PowerHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PowerHook")
    }
}

/// How a [`Link`] is set up; see [`Link::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct LinkBuilder {
    pub(super) port: LinkPort,
    pub(super) modem: ModemBuilder,
    pub(super) client: u8,
    pub(super) apn: Option<Apn>,
    pub(super) attach: Option<Duration>,
    pub(super) tls: Option<(u8, TlsConfig)>,
    pub(super) config: ClientConfig,
    pub(super) brokers: Vec<(String, u16)>,
    pub(super) connect: Connect,
    pub(super) subscriptions: Vec<(String, QoS)>,
    pub(super) when_alive: Option<WhenAlive>,
    pub(super) backoff: Backoff,
    pub(super) queue: QueueLimits,
    pub(super) when_unconfirmed: WhenUnconfirmed,
    pub(super) outbox: Option<PathBuf>,
    pub(super) check_every: Duration,
    pub(super) restart_time: Duration,
    pub(super) power: Option<PowerHook>,
    pub(super) seed: Option<u64>,
}

impl LinkBuilder {
    pub(super) fn new(port: LinkPort, connect: Connect) -> Self {
        Self {
            port,
            modem: ModemBuilder::default(),
            client: 0,
            apn: None,
            attach: Some(Duration::from_secs(180)),
            tls: None,
            config: ClientConfig::default(),
            brokers: Vec::new(),
            connect,
            subscriptions: Vec::new(),
            when_alive: None,
            backoff: Backoff::default(),
            queue: QueueLimits::default(),
            when_unconfirmed: WhenUnconfirmed::default(),
            outbox: None,
            check_every: Duration::from_secs(60),
            restart_time: Duration::from_secs(20),
            power: None,
            seed: None,
        }
    }

    /// Adds a broker: a host name or address of at most 100 bytes, and a port 1..=65535. They are tried in
    /// turn; at least one is needed.
    pub fn broker(mut self, host: impl Into<String>, port: u16) -> Self {
        self.brokers.push((host.into(), port));
        self
    }

    /// How the serial port is opened: baud rate, queues, trace.
    pub fn modem(mut self, modem: ModemBuilder) -> Self {
        self.modem = modem;
        self
    }

    /// Which of the six clients of the module it uses, 0..=5; default 0. The others are left alone.
    pub fn client(mut self, client: u8) -> Self {
        self.client = client;
        self
    }

    /// The access point (`AT+QICSGP`), where the subscription does not bring it. Written when it differs from
    /// what the module has, into the PDP context of the [client's settings](Self::client_config).
    pub fn apn(mut self, apn: Apn) -> Self {
        self.apn = Some(apn);
        self
    }

    /// How long one attempt waits for SIM, registration and PDP context before it counts as failed; default
    /// `Some` of 3 minutes. `None` = does not look at them: `AT+QMTOPEN` activates the context by itself.
    pub fn attach(mut self, timeout: Option<Duration>) -> Self {
        self.attach = timeout;
        self
    }

    /// Connects with TLS through SSL context 0..=5 of the module, which it configures and keeps
    /// configured. Includes [`ClientConfig::tls`].
    pub fn tls(mut self, context: u8, config: TlsConfig) -> Self {
        self.tls = Some((context, config));
        self
    }

    /// The settings of the client: keep-alive, will, session. Default: those of
    /// [`ClientConfig`]. What must not be missed while the link is down needs
    /// [`clean_session(false)`](ClientConfig::clean_session).
    pub fn client_config(mut self, config: ClientConfig) -> Self {
        self.config = config;
        self
    }

    /// Subscribes to a topic filter after every connect; see also [`Link::subscribe`].
    pub fn subscribe(mut self, topic: impl Into<String>, qos: QoS) -> Self {
        self.subscriptions.push((topic.into(), qos));
        self
    }

    /// What to do with a client that is still connected from an earlier run; default
    /// [`WhenAlive::Adopt`], with an outbox [`WhenAlive::Replace`].
    pub fn when_alive(mut self, when_alive: WhenAlive) -> Self {
        self.when_alive = Some(when_alive);
        self
    }

    /// How long it waits between attempts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many messages may wait to be sent, and what happens to more.
    pub fn queue(mut self, queue: QueueLimits) -> Self {
        self.queue = queue;
        self
    }

    /// What becomes of a QoS 2 message whose sending was cut short; default
    /// [`WhenUnconfirmed::Report`].
    pub fn when_unconfirmed(mut self, when_unconfirmed: WhenUnconfirmed) -> Self {
        self.when_unconfirmed = when_unconfirmed;
        self
    }

    /// Keeps messages of QoS 1 and 2 in a file until they are delivered, so that they survive the end of the
    /// program, `SIGKILL` and a loss of power. Needs the cargo feature `outbox`.
    ///
    /// A publish then returns when its message is on disk: a write and a sync of the file, shared by the
    /// publishes that come meanwhile. The file belongs to one link at a time.
    ///
    /// What an earlier run has left ends with [`Event::Completed`](crate::Event::Completed) and the number that
    /// its [`Delivering`](crate::Delivering) had. A message that failed stays in the file until the program knows
    /// of it, so that a program that is killed before is told by its next run: until its event was seen to (the
    /// next one has been asked for, or the callback has returned), or nobody holds its `Delivering` any more. A
    /// program may be told twice, therefore, or see a message sent again that the module had refused. Of
    /// failures that nobody asks for the file keeps as many as may wait ([`queue`](Self::queue)), the last ones.
    #[cfg(feature = "outbox")]
    pub fn outbox(mut self, path: impl Into<PathBuf>) -> Self {
        self.outbox = Some(path.into());
        self
    }

    /// How often a link that is up asks the module whether it still is (`AT+QMTCONN?`), for a lost
    /// `+QMTSTAT` tells nobody; default once a minute. Zero = never.
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.check_every = interval;
        self
    }

    /// How long a restart of the module may take until it says `RDY`; default 20 s. It is then opened
    /// all the same.
    pub fn restart_time(mut self, time: Duration) -> Self {
        self.restart_time = time;
        self
    }

    /// The last resort for a module that does not answer, after a restart by `AT+CFUN=1,1`: a function that
    /// switches its power, or pulls its reset pin. It runs on the thread of the link, may block, and is
    /// waited for when the link is closed.
    pub fn power_hook(mut self, cycle: impl Fn() -> Result<()> + Send + Sync + 'static) -> Self {
        self.power = Some(PowerHook(Arc::new(cycle)));
        self
    }

    /// Makes the random part of the waits the same in every run; for tests.
    #[doc(hidden)]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the link, which brings itself up on a thread of its own. Returns at once: see
    /// [`Link::wait_up`].
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for what can be known without a module;
    /// [`Storage`](crate::ErrorKind::Storage) and [`InvalidState`](crate::ErrorKind::InvalidState) where the
    /// outbox cannot be opened, or another link has it.
    pub fn start(mut self) -> Result<Link> {
        self.check()?;
        if let Some((context, _)) = &self.tls {
            self.config.transport = Some(Transport::Tls(*context));
        }
        Link::start(self)
    }

    pub(super) fn pdp_context(&self) -> u8 {
        self.config.pdp_context.unwrap_or(1)
    }

    pub(super) fn adopts(&self) -> bool {
        match self.when_alive {
            Some(when) => when == WhenAlive::Adopt,
            None => self.outbox.is_none(),
        }
    }

    /// Whether payloads go out as hexadecimal text.
    pub(super) fn sends_hex(&self) -> bool {
        let data_format = self.config.data_format.map(|(sent, _)| sent);
        data_format.or(self.config.send_mode) == Some(Format::Hex)
    }

    fn check(&self) -> Result<()> {
        if self.client >= CLIENTS {
            return Err(Error::argument("client index", self.client, "0..=5"));
        }
        if self.brokers.is_empty() {
            return Err(Error::argument("brokers", "empty", "at least one broker"));
        }
        for (host, port) in &self.brokers {
            crate::mqtt::open::open(self.client, host, *port)?;
        }
        self.connect.command(self.client)?;
        for setting in self.config.settings() {
            setting.write(self.client)?;
        }
        if let Some((context, tls)) = &self.tls {
            if *context > 5 {
                return Err(Error::argument("tls context", context, "0..=5"));
            }
            crate::tls::check_config(*context, tls)?;
        }
        let apn = self.apn.clone().unwrap_or_default();
        crate::network::apn_line(self.pdp_context(), &apn)?;
        if !self.subscriptions.is_empty() {
            crate::mqtt::subscribe::subscribe(self.client, 1, &self.subscriptions)?;
        }
        if self.backoff.first.is_zero() {
            return Err(Error::argument("backoff.first", 0, "more than 0"));
        }
        if self.queue.messages == 0 {
            return Err(Error::argument("queue.messages", 0, "1 or more"));
        }
        if self.queue.bytes < 4096 {
            let bytes = self.queue.bytes;
            return Err(Error::argument("queue.bytes", bytes, "4096 or more"));
        }
        Ok(())
    }
}
