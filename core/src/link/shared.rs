//! What the thread of a link, its handles and its callbacks share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::{Condvar, Mutex};

use super::outgoing::{Outgoing, Uncommitted};
use super::state::{LinkCause, LinkChange, LinkState, LinkStatus};
use super::store::{Change, Store};
use super::subscriptions::Subscriptions;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::modem::Modem;
use crate::runtime::{Addressee, Mailbox, Post};

/// How the thread of a link is told that there is something to look at.
#[derive(Debug)]
pub(super) struct Wake(Sender<()>);

impl Wake {
    pub(super) fn new() -> (Self, Receiver<()>) {
        let (wake, woken) = bounded(1);
        (Self(wake), woken)
    }

    pub(super) fn ring(&self) {
        // Full: it has been told already.
        let _ = self.0.try_send(());
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mail: Arc<Mailbox>,
    outgoing: Mutex<Outgoing>,
    /// Messages have ended.
    room: Condvar,
    /// Taken before [`Shared::outgoing`], never while it is held.
    store: Mutex<Option<Box<dyn Store>>>,
    /// May be taken under [`Shared::outgoing`], which is not taken while it is held.
    standing: Mutex<Standing>,
    changed: Condvar,
    pub(super) subscriptions: Mutex<Subscriptions>,
    modem: Mutex<Option<Modem>>,
    pub(super) wake: Wake,
    pub(super) closing: AtomicBool,
    /// The broker is to be told of it; set before that.
    pub(super) goodbye: AtomicBool,
    pub(super) retry: AtomicBool,
}

/// Where the link stands.
#[derive(Debug)]
struct Standing {
    state: LinkState,
    since: Instant,
    retry_at: Option<Instant>,
    last_trouble: Option<LinkCause>,
    port: Option<PathBuf>,
    broker: (String, u16),
    connections: u64,
    /// Of all times that have ended.
    uptime: Duration,
}

impl Shared {
    pub(super) fn new(
        mail: Mailbox,
        outgoing: Outgoing,
        store: Option<Box<dyn Store>>,
        subscriptions: Subscriptions,
        broker: (String, u16),
        wake: Wake,
    ) -> Self {
        Self {
            mail: Arc::new(mail),
            outgoing: Mutex::new(outgoing),
            room: Condvar::new(),
            store: Mutex::new(store),
            standing: Mutex::new(Standing {
                state: LinkState::Searching,
                since: Instant::now(),
                retry_at: None,
                last_trouble: None,
                port: None,
                broker,
                connections: 0,
                uptime: Duration::ZERO,
            }),
            changed: Condvar::new(),
            subscriptions: Mutex::new(subscriptions),
            modem: Mutex::new(None),
            wake,
            closing: AtomicBool::new(false),
            goodbye: AtomicBool::new(false),
            retry: AtomicBool::new(false),
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// The port of the moment. Where the link is being closed meanwhile, it is closed at once.
    pub(super) fn set_modem(&self, modem: Option<Modem>) {
        let mut current = self.modem.lock();
        *current = modem;
        if self.is_closing() {
            if let Some(modem) = &*current {
                let _ = modem.close();
            }
        }
    }

    pub(super) fn modem(&self) -> Option<Modem> {
        self.modem.lock().clone()
    }

    /// In a forked child, which has none of the threads: closes the descriptor, if nobody held its locks at the
    /// fork.
    pub(super) fn forget_port(&self) {
        if let Some(modem) = self.modem.try_lock().and_then(|mut modem| modem.take()) {
            modem.runtime().forget_port();
        }
    }

    /// Changes what waits to be sent, and tells of what has ended by it.
    pub(super) fn outgoing<R>(&self, change: impl FnOnce(&mut Outgoing) -> R) -> R {
        let mut outgoing = self.outgoing.lock();
        let before = outgoing.waiting().0;
        let result = change(&mut outgoing);
        let fewer = outgoing.waiting().0 < before;
        self.tell(&mut outgoing);
        drop(outgoing);
        if fewer {
            self.room.notify_all();
        }
        result
    }

    fn tell(&self, outgoing: &mut Outgoing) {
        for (operation, result) in outgoing.take_ended() {
            let place = self.mail.put_event(Event::Completed { operation, result });
            outgoing.told_by(operation, place);
        }
    }

    /// Changes what waits to be sent as soon as `change` gives something; `None` when the time is up.
    pub(super) fn outgoing_when<R>(
        &self,
        until: Option<Instant>,
        mut change: impl FnMut(&mut Outgoing) -> Option<R>,
    ) -> Option<R> {
        let mut outgoing = self.outgoing.lock();
        loop {
            let done = change(&mut outgoing);
            self.tell(&mut outgoing);
            if done.is_some() {
                return done;
            }
            match until {
                None => self.room.wait(&mut outgoing),
                Some(until) => {
                    if self.room.wait_until(&mut outgoing, until).timed_out() {
                        return change(&mut outgoing);
                    }
                }
            }
        }
    }

    /// Writes to disk what is due: new messages of whatever thread, and with them those that have ended.
    pub(super) fn commit(&self) -> Result<()> {
        // Whoever comes while another one writes is written by the next one, all together.
        let mut store = self.store.lock();
        let Some(store) = &mut *store else {
            return Ok(());
        };
        let seen = self.mail.events_seen();
        let Uncommitted { puts, removes } =
            self.outgoing(|outgoing| outgoing.take_uncommitted(seen));
        let removed = store.remove_later(&removes);
        if puts.is_empty() {
            return removed;
        }
        let changes: Vec<Change> = puts
            .iter()
            .map(|(number, publish)| Change::Put {
                number: *number,
                publish: publish.clone(),
            })
            .collect();
        let result = store.commit(&changes);
        self.outgoing(|outgoing| outgoing.committed(&puts, &result));
        result
    }

    /// Takes what has ended off the disk.
    pub(super) fn tidy(&self) -> Result<()> {
        self.commit()?;
        match &mut *self.store.lock() {
            Some(store) => store.flush(),
            None => Ok(()),
        }
    }

    /// Lets go of the outbox, which another link may have then.
    pub(super) fn leave_store(&self) {
        let store = self.store.lock().take();
        drop(store);
    }

    /// Notes on disk that the module is about to be given these messages.
    pub(super) fn mark(&self, numbers: &[u64]) -> Result<()> {
        let mut store = self.store.lock();
        let Some(store) = store.as_mut().filter(|_| !numbers.is_empty()) else {
            return Ok(());
        };
        let changes: Vec<Change> = numbers.iter().copied().map(Change::Handed).collect();
        store.commit(&changes)?;
        self.outgoing(|outgoing| outgoing.marked(numbers));
        Ok(())
    }

    /// Goes to another state, and tells of it.
    pub(super) fn go(&self, to: LinkState, cause: &LinkCause, retry_in: Option<Duration>) {
        let mut standing = self.standing.lock();
        let from = standing.state;
        let now = Instant::now();
        if from == LinkState::Up {
            let up = now - standing.since;
            standing.uptime += up;
        }
        if to == LinkState::Up {
            standing.connections += 1;
        }
        if from == LinkState::Up || retry_in.is_some() {
            standing.last_trouble = Some(cause.clone());
        }
        standing.state = to;
        standing.since = now;
        // It was for the wait before.
        self.retry.store(false, Ordering::Release);
        standing.retry_at = retry_in.and_then(|wait| now.checked_add(wait));
        let change = LinkChange {
            from,
            to,
            cause: cause.clone(),
            retry_in,
        };
        match cause {
            LinkCause::Progress | LinkCause::Asked => log::debug!("the link is {to} ({cause})"),
            _ => log::warn!("the link is {to}: {cause}"),
        }
        // In the lock, so that events come in the order of the states.
        self.mail.put_event(Event::Link(Box::new(change)));
        drop(standing);
        self.changed.notify_all();
    }

    pub(super) fn state(&self) -> LinkState {
        self.standing.lock().state
    }

    pub(super) fn note_port(&self, port: Option<PathBuf>) {
        self.standing.lock().port = port;
    }

    pub(super) fn note_broker(&self, broker: &(String, u16)) {
        self.standing.lock().broker.clone_from(broker);
    }

    pub(super) fn status(&self) -> LinkStatus {
        // One lock at a time: a publish looks at the state under its own.
        let (counts, (waiting, waiting_bytes)) = {
            let outgoing = self.outgoing.lock();
            (outgoing.counts(), outgoing.waiting())
        };
        let standing = self.standing.lock();
        let now = Instant::now();
        let since = now - standing.since;
        LinkStatus {
            state: standing.state,
            since,
            last_trouble: standing.last_trouble.clone(),
            retry_in: standing
                .retry_at
                .map(|at| at.saturating_duration_since(now)),
            port: standing.port.clone(),
            broker: standing.broker.clone(),
            connections: standing.connections,
            uptime: if standing.state == LinkState::Up {
                standing.uptime + since
            } else {
                standing.uptime
            },
            waiting,
            waiting_bytes,
            accepted: counts.accepted,
            delivered: counts.delivered,
            failed: counts.failed,
            resent: counts.resent,
        }
    }

    pub(super) fn wait_up(&self, until: Option<Instant>) -> Result<()> {
        let mut standing = self.standing.lock();
        loop {
            match standing.state {
                LinkState::Up => return Ok(()),
                LinkState::Closed => {
                    return Err(Error::new(ErrorKind::Closed, "the link is closed"));
                }
                LinkState::Refused if !self.retry.load(Ordering::Acquire) => {
                    let cause = standing.last_trouble.clone();
                    return Err(match cause.as_ref().and_then(LinkCause::error) {
                        Some(error) => error.clone(),
                        None => Error::state("the link is refused"),
                    });
                }
                _ => {}
            }
            let in_time = match until {
                None => {
                    self.changed.wait(&mut standing);
                    true
                }
                Some(until) => !self.changed.wait_until(&mut standing, until).timed_out(),
            };
            if !in_time && standing.state != LinkState::Up {
                let trouble = match &standing.last_trouble {
                    Some(cause) => format!("; the last trouble: {cause}"),
                    None => String::new(),
                };
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!("the link is not up in time but {}{trouble}", standing.state),
                ));
            }
        }
    }
}

impl Post for Shared {
    fn mail(&self) -> &Mailbox {
        &self.mail
    }

    fn fed(&self) {
        if let Some(modem) = self.modem() {
            modem.runtime().post().fed();
        }
    }
}
