//! A connection that keeps itself up.

mod config;
mod find;
mod outgoing;
mod policy;
mod service;
mod session;
mod shared;
mod state;
pub(crate) mod store;
mod subscriptions;
mod supervisor;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub use config::{LinkBuilder, WhenAlive};
pub use find::{LinkPort, OtherPort, UsbPort};
pub use outgoing::{QueueLimits, WhenFull, WhenUnconfirmed};
pub use policy::Backoff;
pub use state::{LinkCause, LinkChange, LinkState, LinkStatus};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::incoming::Incoming;
use crate::modem::Modem;
use crate::mqtt::QoS;
use crate::mqtt::connect::Connect;
use crate::mqtt::publish::Publish;
use crate::mqtt::receive::Message;
use crate::receiving::{self, Events, Messages};
use crate::runtime::{
    Addressee, Alarm, Completion, Dispatcher, Interrupts, Post, Undelivered, Waited, after,
};
use crate::sync::{JoinHandle, Mutex, ThreadId, spawn, this_thread};
use outgoing::{Admitted, Outgoing};
use policy::Policy;
use shared::{Shared, Wake};
use store::{Opened, Store};
use subscriptions::Subscriptions;
use supervisor::Supervisor;

/// A connection to a broker that brings itself up and keeps itself up: it finds the port, attaches to the
/// network, configures TLS, opens, connects and subscribes, and does it again from where it has to, whatever
/// is lost on the way: connection, PDP context, module, port.
///
/// What is published at QoS 1 and 2 while it is down waits, and is sent in the order of the publishes.
/// Messages at QoS 0 do not wait: they fail with [`Disconnected`](ErrorKind::Disconnected).
///
/// Cheap to clone, usable from any thread. It has a thread of its own beside those of its port. Dropping the
/// last handle ends it without a goodbye to the broker, so that a will is published;
/// [`close`](Self::close) says goodbye.
///
/// ```no_run
/// use atmqtt::{Apn, Certificate, Connect, Link, QoS, TlsConfig};
///
/// # fn main() -> atmqtt::Result<()> {
/// let link = Link::builder("/dev/ttyUSB2", Connect::new("pump-17"))
///     .apn(Apn::new("iot.example"))
///     .tls(1, TlsConfig::new(Certificate::file("ca.pem")))
///     .broker("broker.example", 8883)
///     .subscribe("pump/17/set", QoS::AtLeastOnce)
///     .start()?;
/// link.publish_start("pump/17", "on", QoS::AtLeastOnce, true)?;
/// for message in link.messages()? {
///     println!("{}: {}", message.topic(), message.payload().escape_ascii());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # What is lost, and what comes twice
///
/// A message that was accepted is sent until its outcome is known. Where a connection ends between the sending
/// and the outcome, QoS 1 is sent again, and may then arrive twice, as QoS 1 allows. QoS 2 cannot be gone on
/// with by these modules: [`WhenUnconfirmed`] says what becomes of it. A message that the module refuses with
/// `ERROR` five times ends with that error, so that one bad topic does not hold up all others.
///
/// Without an outbox, what waits is lost with the program.
#[derive(Debug, Clone)]
pub struct Link {
    inner: Arc<Inner>,
    timeout: Option<Duration>,
}

struct Inner {
    shared: Arc<Shared>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
    supervisor_id: ThreadId,
    dispatcher: Dispatcher,
    client: u8,
    sends_hex: bool,
    /// Never rings: the waits of a link end by their time or with the link.
    alarm: Alarm,
    _interrupts: Interrupts,
    /// A forked child has none of the threads.
    pid: u32,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// A message that a [`Link`] has accepted. Dropping it leaves the message alone.
#[derive(Debug, Clone)]
#[must_use = "the outcome is only known to who waits for it"]
pub struct Delivering {
    inner: Arc<Inner>,
    number: u64,
    completion: Arc<Completion>,
    sendings: Arc<AtomicU32>,
}

impl Link {
    /// Sets how a link is made: where its port is ([`LinkPort`]: a path, or a [`UsbPort`]), and as whom it
    /// connects.
    pub fn builder(port: impl Into<LinkPort>, connect: Connect) -> LinkBuilder {
        LinkBuilder::new(port.into(), connect)
    }

    fn start(config: LinkBuilder) -> Result<Self> {
        let internal = |error: std::io::Error| Error::new(ErrorKind::Internal, error.to_string());
        let (store, opened) = open_store(&config)?;
        let mut outgoing = Outgoing::new(
            config.queue,
            config.when_unconfirmed,
            store.is_some(),
            opened.next_number,
        );
        for kept in opened.kept {
            outgoing.restore(kept.number, kept.publish, kept.handed);
        }
        let (wake, woken) = Wake::new();
        let shared = Arc::new(Shared::new(
            config.modem.mailbox(),
            outgoing,
            store,
            Subscriptions::new(&config.subscriptions),
            config.brokers[0].clone(),
            wake,
        ));
        if opened.damaged > 0 || opened.set_aside.is_some() {
            shared.mail.put_event(Event::OutboxDamaged {
                messages: opened.damaged,
                set_aside: opened.set_aside,
            });
        }
        // Tells of what has ended already.
        shared.outgoing(|_| {});
        let seed = config.seed.unwrap_or_else(|| {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |since| since.as_nanos() as u64)
                ^ u64::from(std::process::id()).rotate_left(32)
        });
        let policy = Policy::new(
            config.backoff,
            config.brokers.len(),
            config.power.is_some(),
            seed,
        );
        let (client, sends_hex) = (config.client, config.sends_hex());
        let supervisor = Supervisor {
            shared: Arc::clone(&shared),
            config,
            woken,
            policy,
            session: None,
            generation: 0,
            tidied: Instant::now(),
        };
        let thread = spawn("atmqtt-link", move || supervisor.run()).map_err(internal)?;
        let interrupts = Interrupts::new();
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                supervisor_id: thread.thread().id(),
                supervisor: Mutex::new(Some(thread)),
                dispatcher: Dispatcher::default(),
                client,
                sends_hex,
                alarm: interrupts.alarm(),
                _interrupts: interrupts,
                pid: std::process::id(),
            }),
            timeout: None,
        })
    }

    /// This link with a limit on how long each of its calls may keep its caller. A publish past it ends with
    /// [`Unconfirmed`](ErrorKind::Unconfirmed) and goes on without its caller, or, where there was no room for
    /// it, with [`QueueFull`](ErrorKind::QueueFull).
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            timeout: Some(timeout),
        }
    }

    fn until(&self) -> Option<Instant> {
        self.timeout.and_then(after)
    }

    /// Where the link stands.
    #[must_use]
    pub fn state(&self) -> LinkState {
        match self.inner.check() {
            Ok(()) => self.inner.shared.state(),
            Err(_) => LinkState::Closed,
        }
    }

    /// How the link is and has been.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed) in a forked child.
    pub fn status(&self) -> Result<LinkStatus> {
        self.inner.check()?;
        Ok(self.inner.shared.status())
    }

    /// Waits until the link is up, at most this long.
    ///
    /// # Errors
    ///
    /// [`Timeout`](ErrorKind::Timeout) with where it stands and what the last trouble was; the error behind
    /// [`LinkState::Refused`] as soon as it stands there; [`Closed`](ErrorKind::Closed).
    pub fn wait_up(&self, timeout: Duration) -> Result<()> {
        self.inner.check()?;
        self.inner.shared.wait_up(after(timeout))
    }

    /// Ends a wait for the next attempt, as after the cause of a refusal was removed; the next wait is the
    /// shortest again.
    pub fn retry(&self) {
        if self.inner.check().is_ok() {
            self.inner.shared.retry.store(true, Ordering::Release);
            self.inner.shared.wake.ring();
        }
    }

    /// The modem of the moment, for other commands: `AT+CSQ`, files, the network. It is closed when the link
    /// loses its port, and the link then has another. Its messages and events are those of the link.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](ErrorKind::InvalidState) while the link has no port open.
    pub fn modem(&self) -> Result<Modem> {
        self.inner.check()?;
        self.inner.shared.modem().ok_or_else(|| {
            Error::state(format!("the link has no port open; it is {}", self.state()))
        })
    }

    /// Publishes a message of at most 1500 bytes and waits for its outcome, which at QoS 1 and 2 may take as
    /// long as the link is down: see [`with_timeout`](Self::with_timeout) and
    /// [`publish_start`](Self::publish_start).
    ///
    /// # Errors
    ///
    /// Those of [`publish_start`](Self::publish_start); [`Unconfirmed`](ErrorKind::Unconfirmed) for a message
    /// of QoS 2 under [`WhenUnconfirmed::Report`], of QoS 0 whose outcome is unknown, and past the time-out;
    /// [`ModuleError`](ErrorKind::ModuleError) and [`CmeError`](ErrorKind::CmeError) where the module keeps
    /// refusing it; [`QueueFull`](ErrorKind::QueueFull) where it had to make room
    /// ([`WhenFull::DropOldest`]); [`Closed`](ErrorKind::Closed) where the link is closed meanwhile.
    pub fn publish(
        &self,
        topic: &str,
        payload: impl AsRef<[u8]>,
        qos: QoS,
        retain: bool,
    ) -> Result<()> {
        let until = self.until();
        let delivering = self.accept(topic, payload.as_ref(), qos, retain, until)?;
        match delivering.wait_until(until)? {
            Some(result) => result,
            None => Err(Error::new(
                ErrorKind::Unconfirmed,
                "no outcome within the caller's time; the message goes on, and publishing it again may \
                 duplicate",
            )
            .with_command("AT+QMTPUBEX")),
        }
    }

    /// Publishes a message without waiting for its outcome. When this returns it is accepted: it is sent until
    /// its outcome is known, and with an outbox it is on disk.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a topic with quotation marks or control bytes, a
    /// payload that is too long; [`Disconnected`](ErrorKind::Disconnected) at QoS 0 while the link is not up;
    /// [`QueueFull`](ErrorKind::QueueFull) where there is no room ([`WhenFull`]);
    /// [`Storage`](ErrorKind::Storage) where the outbox cannot be written: the message is not accepted then;
    /// [`Closed`](ErrorKind::Closed).
    pub fn publish_start(
        &self,
        topic: &str,
        payload: impl AsRef<[u8]>,
        qos: QoS,
        retain: bool,
    ) -> Result<Delivering> {
        self.accept(topic, payload.as_ref(), qos, retain, self.until())
    }

    fn accept(
        &self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        retain: bool,
        until: Option<Instant>,
    ) -> Result<Delivering> {
        let inner = &self.inner;
        inner.check()?;
        let shared = &inner.shared;
        let mut publish = Publish::new(topic, payload, qos, retain);
        publish.hex = inner.sends_hex;
        publish.check(inner.client)?;
        publish.hex = false;
        let admitted = shared.outgoing_when(until, |outgoing| {
            let up = shared.state() == LinkState::Up;
            outgoing.admit(&publish, up).transpose()
        });
        let Admitted {
            number,
            completion,
            sendings,
        } = admitted.unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::QueueFull,
                "no room for the message within the caller's time",
            ))
        })?;
        // Another thread may write it along with its own, and then it is that one's error.
        let _ = shared.commit();
        match completion.outcome() {
            Some(Err(error)) if matches!(error.kind(), ErrorKind::Storage | ErrorKind::Closed) => {
                return Err(error);
            }
            _ => {}
        }
        shared.wake.ring();
        Ok(Delivering {
            inner: Arc::clone(inner),
            number,
            completion,
            sendings,
        })
    }

    /// Subscribes to a topic filter, now where the link is up, and after every connect. What the broker makes
    /// of it is told each time by [`Event::Subscribed`].
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a topic with quotation marks or control bytes, an
    /// empty one or one that is too long; [`Closed`](ErrorKind::Closed).
    pub fn subscribe(&self, topic: &str, qos: QoS) -> Result<()> {
        self.inner.check_open()?;
        crate::mqtt::subscribe::subscribe(self.inner.client, 1, &[(topic.to_owned(), qos)])?;
        self.inner.shared.subscriptions.lock().add(topic, qos);
        self.inner.shared.wake.ring();
        Ok(())
    }

    /// Ends a subscription; whether there was one. Messages that are on their way may still come.
    pub fn unsubscribe(&self, topic: &str) -> Result<bool> {
        self.inner.check_open()?;
        let was_there = self.inner.shared.subscriptions.lock().remove(topic);
        self.inner.shared.wake.ring();
        Ok(was_there)
    }

    /// Waits until nothing waits to be sent, at most this long; whether that is so.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed), also where the link is closed meanwhile: what waited was not sent.
    pub fn flush(&self, timeout: Duration) -> Result<bool> {
        self.inner.check_open()?;
        let empty = self.inner.shared.outgoing_when(after(timeout), |outgoing| {
            (outgoing.waiting().0 == 0).then_some(())
        });
        self.inner.check_open()?;
        Ok(empty.is_some())
    }

    /// The messages that the link receives, oldest first, over all its connections; see
    /// [`Client::messages`](crate::Client::messages).
    pub fn messages(&self) -> Result<Messages> {
        let inner = Arc::clone(&self.inner);
        Messages::claim(inner, self.inner.client)
    }

    /// Hands every message to `callback`; see [`Client::on_message`](crate::Client::on_message). Every call
    /// of the library may be made in it but [`close`](Self::close).
    pub fn on_message(&self, callback: impl FnMut(Message) + Send + 'static) -> Result<()> {
        receiving::on_message(&*self.inner, self.inner.client, callback)
    }

    /// Takes the message callback away; see [`Client::clear_on_message`](crate::Client::clear_on_message).
    pub fn clear_on_message(&self) -> Result<()> {
        receiving::clear_on_message(&*self.inner, self.inner.client)
    }

    /// The events of the link, oldest first: [`Event::Link`] for every change of its state, and those of its
    /// port but [`Event::PortClosed`].
    pub fn events(&self) -> Result<Events> {
        let inner = Arc::clone(&self.inner);
        Events::claim(inner)
    }

    /// Hands every event to `callback`; see [`Modem::on_event`]. Every call of the library may be made in it
    /// but [`close`](Self::close).
    pub fn on_event(&self, callback: impl FnMut(Event) + Send + 'static) -> Result<()> {
        receiving::on_event(&*self.inner, callback)
    }

    /// Takes the event callback away; see [`Modem::clear_on_event`].
    pub fn clear_on_event(&self) -> Result<()> {
        receiving::clear_on_event(&*self.inner)
    }

    /// Messages and events in one stream with a descriptor; see [`Modem::incoming`].
    pub fn incoming(&self) -> Result<Incoming> {
        let inner = Arc::clone(&self.inner);
        Incoming::claim(inner)
    }

    /// Ends the link: says goodbye to the broker where it is up, which takes up to 10 s, and closes the port.
    /// Messages that wait end with [`Closed`](ErrorKind::Closed), but stay in the outbox where there is one;
    /// see [`flush`](Self::flush). Again: nothing.
    ///
    /// # Errors
    ///
    /// [`CalledFromCallback`](ErrorKind::CalledFromCallback) from a callback of this link, its power hook
    /// included.
    pub fn close(&self) -> Result<()> {
        self.end(true)
    }

    /// Ends the link as [`close`](Self::close) does, but without a goodbye to the broker, so that a will is
    /// published: what becomes of it when its last handle is dropped.
    ///
    /// # Errors
    ///
    /// Those of [`close`](Self::close).
    pub fn abandon(&self) -> Result<()> {
        self.end(false)
    }

    fn end(&self, goodbye: bool) -> Result<()> {
        self.inner.check()?;
        if self.inner.is_dispatcher() || self.inner.is_supervisor() {
            return Err(Error::new(
                ErrorKind::CalledFromCallback,
                "a link cannot be closed from its own callback: tell another thread to",
            ));
        }
        self.inner.shut_down(goodbye);
        Ok(())
    }
}

/// The outbox, where there is to be one, and what is in it.
fn open_store(config: &LinkBuilder) -> Result<(Option<Box<dyn Store>>, Opened)> {
    #[cfg(feature = "outbox")]
    if let Some(path) = &config.outbox {
        let (store, opened) = crate::outbox::Durable::open(path)?;
        return Ok((Some(Box::new(store)), opened));
    }
    let _ = &config.outbox;
    let opened = Opened {
        next_number: 1,
        ..Opened::default()
    };
    Ok((None, opened))
}

impl Inner {
    /// Refuses what a closed link cannot do, and every call in a forked child.
    fn check_open(&self) -> Result<()> {
        self.check()?;
        if self.shared.is_closing() {
            return Err(Error::new(ErrorKind::Closed, "the link is closed"));
        }
        Ok(())
    }

    /// Whether this is the thread of the link, which calls the power hook.
    fn is_supervisor(&self) -> bool {
        this_thread() == self.supervisor_id
    }

    fn shut_down(&self, goodbye: bool) {
        let shared = &self.shared;
        shared.goodbye.store(goodbye, Ordering::Release);
        shared.closing.store(true, Ordering::Release);
        if !goodbye || shared.state() != LinkState::Up {
            // Whatever it does ends.
            if let Some(modem) = shared.modem() {
                let _ = modem.close();
            }
        }
        shared.wake.ring();
        // The last handle may be dropped in the power hook: that thread ends by itself.
        if !self.is_supervisor() {
            if let Some(thread) = self.supervisor.lock().take() {
                let _ = thread.join();
            }
        }
        shared.mail.close(Undelivered::Dropped);
        self.dispatcher.join();
    }
}

impl Addressee for Inner {
    fn check(&self) -> Result<()> {
        if std::process::id() != self.pid {
            return Err(Error::new(
                ErrorKind::Closed,
                "the link was started before this process was forked: start one here",
            ));
        }
        Ok(())
    }

    fn post(&self) -> &dyn Post {
        &*self.shared
    }

    fn start_dispatcher(&self) -> Result<()> {
        self.check_open()?;
        let post = Arc::clone(&self.shared);
        self.dispatcher.start(post)
    }

    fn is_dispatcher(&self) -> bool {
        self.dispatcher.is_current_thread()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.check().is_ok() {
            self.shut_down(false);
        } else {
            self.shared.forget_port();
        }
    }
}

impl Delivering {
    /// The number of the message: counts up with every message of a link, and with an outbox over all
    /// its runs.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many times the module has been given the message so far: more than once, and it may arrive more
    /// than once.
    #[must_use]
    pub fn sendings(&self) -> u32 {
        self.sendings.load(Ordering::Relaxed)
    }

    /// Waits for the outcome, however long it takes.
    ///
    /// # Errors
    ///
    /// Those of [`Link::publish`].
    pub fn wait(&self) -> Result<()> {
        self.wait_until(None)?.unwrap_or(Ok(()))
    }

    /// Waits at most this long; `None` = not yet.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<()>> {
        self.wait_until(after(timeout))
            .unwrap_or_else(|error| Some(Err(error)))
    }

    /// Whether the outcome is there.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.completion.is_done()
    }

    /// Calls `then` once the outcome is there, at once where it is already.
    ///
    /// For bindings that have a loop of their own: it is called on any thread, under locks of the link, so
    /// that it must neither wait nor call the link.
    #[doc(hidden)]
    pub fn on_done(&self, then: impl FnOnce() + Send + 'static) {
        match self.inner.check() {
            Ok(()) => self.completion.on_done(Box::new(then)),
            // Every wait ends at once there.
            Err(_) => then(),
        }
    }

    /// Has the outcome told as [`Event::Completed`] as well, at once where it is there already; gives the
    /// number that the event will carry.
    pub fn report(&self) -> u64 {
        if self.inner.check().is_ok() {
            let shared = &self.inner.shared;
            if !shared.outgoing(|outgoing| outgoing.report(self.number)) {
                if let Some(result) = self.completion.outcome() {
                    let place = shared.mail.put_event(Event::Completed {
                        operation: self.number,
                        result,
                    });
                    shared.outgoing(|outgoing| outgoing.told_by(self.number, place));
                }
            }
        }
        self.number
    }

    fn wait_until(&self, until: Option<Instant>) -> Result<Option<Result<()>>> {
        self.inner.check()?;
        Ok(match self.completion.wait(until, &self.inner.alarm) {
            Waited::Done(result) => Some(result.map(drop)),
            Waited::TimeUp | Waited::Interrupted => None,
        })
    }
}
