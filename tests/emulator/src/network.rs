//! The module's broker connections, led to real brokers over TCP and TLS.
//!
//! The counterpart of [`Loopback`](crate::loopback::Loopback). Each connection has a thread, from
//! its open to its end: name resolution blocks, and the rest is simpler there too. What arrives is
//! passed on through one bounded channel, so that a broker that sends faster than it is listened to
//! is slowed down by TCP.
//!
//! Keep-alive, repetition and the handshakes of QoS 1 and 2 are the module's. Here packets are
//! encoded, sent, received and decoded, and the causes of failure told apart:
//!
//! - [`OpenFailure::NameResolution`](crate::packet::OpenFailure): the name has no address. Names
//!   under `.invalid` never have one (RFC 6761).
//! - [`OpenFailure::Connect`](crate::packet::OpenFailure): refused, unreachable, timed out, or TLS
//!   was not agreed upon, see [`Tls`](crate::packet::Tls).
//! - [`OpenFailure::Lost`](crate::packet::OpenFailure): the connection broke in the TLS handshake
//!   without an alert, as when the other side does not speak TLS.
//!
//! So are the causes of an end:
//!
//! - [`FromBroker::GaveUp`]: the broker sent something that is not MQTT, that a broker does not
//!   send, or that is larger than 256 KiB; or it left 4 MiB unread.
//! - [`FromBroker::ConnectFailed`]: a connection that was reset or became unreachable before
//!   CONNECT. Nobody uses it until then, so it is noticed then; that the broker closed it is
//!   noticed at once. The same for a CONNECT that MQTT does not allow, as with a wildcard in the
//!   topic of the will.
//! - [`FromBroker::LinkDead`]: the system reports the broker unreachable, or nothing confirmed.
//! - [`FromBroker::Closed`]: everything else, and a client that asks for another packet that MQTT
//!   does not allow, such as a subscription to `a#b`: a broker would close.

mod codec;
mod connection;
mod resolve;
mod stream;
mod tls;
mod verify;

use crate::packet::{FromBroker, OpenFailure, Packet, ToBroker};
use connection::{Connection, Outlet, Target};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;
use std::time::Duration;

/// What arrives waits here until it is taken; beyond, TCP holds it back.
const WAITING: usize = 64;

/// How long the end waits for what is on its way out, such as a DISCONNECT.
const FAREWELL: Duration = Duration::from_secs(1);

/// Something arrived for a client over one of its connections.
#[derive(Debug)]
struct Event {
    client: usize,
    connection: u64,
    from: FromBroker,
}

/// The end of a connection that its thread does not hold. Dropping it closes the connection.
#[derive(Debug)]
struct Line {
    connection: u64,
    // First, so that the thread finds every order when it notices that it was left.
    orders: Sender<Packet>,
    wake: Option<UnixStream>,
}

impl Line {
    fn call(&self) {
        self.wake.as_ref().map(wake);
    }
}

/// The connections of the six clients.
#[derive(Debug)]
pub struct Network {
    /// The connection each client has.
    current: BTreeMap<usize, Line>,
    opened: u64,
    waker: Arc<UnixStream>,
    arrive: SyncSender<Event>,
    arrived: Receiver<Event>,
    ready: VecDeque<Event>,
    /// Every thread has a copy until nothing of its connection is on its way out any more.
    busy: Sender<()>,
    // Last: it waits for the threads, when everything before it is gone.
    _farewell: Farewell,
}

/// Waits, at its end, until the threads have sent what they were told to.
#[derive(Debug)]
struct Farewell(Receiver<()>);

impl Drop for Farewell {
    fn drop(&mut self) {
        // Nothing is ever sent; the last sender goes.
        let _ = self.0.recv_timeout(FAREWELL);
    }
}

impl Network {
    /// No connections yet. A byte is written to `waker` when there is something for
    /// [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// The waker cannot be set not to block.
    pub fn new(waker: UnixStream) -> io::Result<Self> {
        waker.set_nonblocking(true)?;
        let (arrive, arrived) = mpsc::sync_channel(WAITING);
        let (busy, farewell) = mpsc::channel();
        Ok(Self {
            current: BTreeMap::new(),
            opened: 0,
            waker: Arc::new(waker),
            arrive,
            arrived,
            ready: VecDeque::new(),
            busy,
            _farewell: Farewell(farewell),
        })
    }

    /// A client of the module asks something of its connection. Never blocks.
    pub fn handle(&mut self, client: usize, to: ToBroker) {
        match to {
            ToBroker::Open { host, port, tls } => {
                self.current.remove(&client);
                self.opened += 1;
                let target = Target { host, port, tls };
                let connection = self.opened;
                let (orders, inbox) = mpsc::channel();
                let wake = match self.start(client, inbox, target) {
                    Ok(wake) => Some(wake),
                    // No descriptors or no threads left.
                    Err(_) => {
                        let from = FromBroker::OpenFailed(OpenFailure::Connect);
                        self.ready.push_back(Event {
                            client,
                            connection,
                            from,
                        });
                        None
                    }
                };
                let line = Line {
                    connection,
                    orders,
                    wake,
                };
                self.current.insert(client, line);
            }
            ToBroker::Packet(packet) => {
                if let Some(line) = self.current.get(&client) {
                    // When the thread has ended, that is on its way here.
                    let _ = line.orders.send(packet);
                    line.call();
                }
            }
            ToBroker::Close => {
                self.current.remove(&client);
            }
        }
    }

    /// The module lost its power: every connection ends without a word.
    pub fn close_all(&mut self) {
        self.current.clear();
    }

    /// Takes over what has arrived, for [`poll`](Self::poll): a part of it, when there is much, and
    /// then the waker is called again.
    pub fn receive(&mut self) {
        let room = WAITING.saturating_sub(self.ready.len());
        let before = self.ready.len();
        self.ready.extend(self.arrived.try_iter().take(room));
        if self.ready.len() - before == room {
            wake(&self.waker);
            // Threads may be waiting for room.
            self.current.values().for_each(Line::call);
        }
    }

    /// What arrived at a client.
    pub fn poll(&mut self) -> Option<(usize, FromBroker)> {
        while let Some(event) = self.ready.pop_front() {
            let current = self.current.get(&event.client);
            if current.is_none_or(|line| line.connection != event.connection) {
                continue;
            }
            if event.from.is_end() {
                self.current.remove(&event.client);
            }
            return Some((event.client, event.from));
        }
        None
    }

    /// Starts the thread of a connection. Answers what calls it.
    fn start(
        &self,
        client: usize,
        orders: Receiver<Packet>,
        target: Target,
    ) -> io::Result<UnixStream> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let outlet = Outlet {
            client,
            connection: self.opened,
            events: self.arrive.clone(),
            waker: Arc::clone(&self.waker),
        };
        let connection = Connection::new(orders, woken, outlet, self.busy.clone());
        thread::Builder::new()
            .name(format!("broker {client}"))
            .spawn(move || connection.run(target))?;
        Ok(wake)
    }
}

fn wake(waker: &UnixStream) {
    // A full buffer means that a wake-up is before it already.
    let mut waker = waker;
    let _ = waker.write(&[0]);
}
