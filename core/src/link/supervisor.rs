//! The thread of a link: brings it up, keeps it up, and sends what waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::config::LinkBuilder;
use super::policy::{Plan, Policy, Remedy};
use super::session::Session;
use super::shared::Shared;
use super::state::{LinkCause, LinkState};
use crate::event::Event;

/// A link that is nowhere polls for its port at most this seldom.
const NEVER: Duration = Duration::from_secs(3600);
/// What has ended is taken off the disk with the next message, and no later than this.
pub(super) const TIDY_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Supervisor {
    pub(super) shared: Arc<Shared>,
    pub(super) config: LinkBuilder,
    pub(super) woken: Receiver<()>,
    pub(super) policy: Policy,
    pub(super) session: Option<Session>,
    /// What the generations of the client count on from, over all ports.
    pub(super) generation: u32,
    /// When what has ended was taken off the disk.
    pub(super) tidied: Instant,
}

/// What a wait ended with.
pub(super) enum Woken {
    Event(Event),
    /// Somebody has something to do, or the time is up.
    Look,
}

impl Supervisor {
    pub(super) fn run(mut self) {
        let mut remedy = Remedy::Reopen;
        let mut cause = LinkCause::Asked;
        while !self.shared.is_closing() {
            let trouble = match self.bring_up(remedy, &cause) {
                Ok(()) => self.be_up(),
                Err(trouble) => trouble,
            };
            if self.shared.is_closing() {
                break;
            }
            let plan = self.policy.plan(&trouble);
            self.shared
                .outgoing(|outgoing| outgoing.went_down(&trouble.to_string()));
            remedy = self.wait(plan, &trouble);
            cause = LinkCause::Progress;
        }
        self.end();
    }

    fn be_up(&mut self) -> LinkCause {
        let began = Instant::now();
        let trouble = self.serve();
        self.policy.was_up(began.elapsed());
        trouble
    }

    /// Waits before the next attempt; where to begin it.
    fn wait(&mut self, plan: Plan, trouble: &LinkCause) -> Remedy {
        let mut remedy = plan.remedy;
        if remedy >= Remedy::Reopen {
            self.end_session();
        }
        let broker = &self.config.brokers[self.policy.broker()];
        self.shared.note_broker(broker);
        let state = if plan.refused {
            LinkState::Refused
        } else {
            LinkState::Waiting
        };
        self.shared.go(state, trouble, Some(plan.wait));
        let until = Instant::now() + plan.wait;
        while !self.shared.is_closing() && Instant::now() < until {
            if self.shared.retry.load(Ordering::Acquire) {
                self.policy.begin_anew();
                break;
            }
            match self.sleep(until) {
                Woken::Look => self.tidy(),
                Woken::Event(event) => {
                    if let Some(cause) = self.pass_on(event) {
                        remedy = remedy.max(match cause {
                            LinkCause::PortLost(_) => Remedy::Reopen,
                            LinkCause::PdpDeactivated => Remedy::CycleContext,
                            LinkCause::Restarted => Remedy::Attach,
                            _ => remedy,
                        });
                        if remedy >= Remedy::Reopen {
                            self.end_session();
                        }
                    }
                }
            }
        }
        remedy
    }

    /// Sleeps until something happens, at most until then.
    pub(super) fn sleep(&self, until: Instant) -> Woken {
        let left = until.saturating_duration_since(Instant::now());
        let tidy = if self.shared.outgoing(|outgoing| outgoing.is_untidy()) {
            TIDY_EVERY.saturating_sub(self.tidied.elapsed())
        } else {
            NEVER
        };
        let left = left.min(tidy);
        let Some(session) = &self.session else {
            let _ = self.woken.recv_timeout(left);
            return Woken::Look;
        };
        select! {
            recv(session.events) -> event => event.map_or(Woken::Look, Woken::Event),
            recv(self.woken) -> _ => Woken::Look,
            default(left) => Woken::Look,
        }
    }

    /// Shows an event of the port to the program, where it is for the program; and says what it means for the
    /// link, where it means anything.
    pub(super) fn pass_on(&mut self, event: Event) -> Option<LinkCause> {
        let client = self.config.client;
        let session = self.session.as_mut()?;
        let cause = match &event {
            Event::PortClosed { error } => return Some(LinkCause::PortLost(error.clone())),
            Event::Completed { operation, result } => {
                self.shared
                    .outgoing(|outgoing| outgoing.finished(*operation, result.clone()));
                return None;
            }
            Event::Restarted => {
                session.attached = false;
                session.secured = false;
                Some(LinkCause::Restarted)
            }
            Event::PdpDeactivated { context } if *context == self.config.pdp_context() => {
                session.attached = false;
                Some(LinkCause::PdpDeactivated)
            }
            Event::Disconnected {
                client: which,
                generation,
                reason,
            } if *which == client && *generation == session.generation => {
                Some(LinkCause::Disconnected(*reason))
            }
            Event::PingFailed {
                client: which,
                generation,
            } if *which == client && *generation == session.generation => {
                Some(LinkCause::PingFailed)
            }
            _ => None,
        };
        self.shared.mail.put_event(event);
        cause
    }

    /// Takes what has ended off the disk, unless that was done not long ago: every time is a write, and what is
    /// published meanwhile brings it along.
    pub(super) fn tidy(&mut self) {
        if self.tidied.elapsed() < TIDY_EVERY {
            return;
        }
        self.tidied = Instant::now();
        if self.shared.outgoing(|outgoing| outgoing.is_untidy()) {
            if let Err(error) = self.shared.tidy() {
                log::error!("the outbox cannot be written, and is tried again: {error}");
            }
        }
    }

    /// Lets go of the port.
    pub(super) fn end_session(&mut self) {
        self.shared.set_modem(None);
        let Some(session) = self.session.take() else {
            return;
        };
        self.generation = session.client.generation().max(self.generation);
        let _ = session.modem.close();
        // Every operation has ended by now, and their ends are here.
        for event in session.events.try_iter() {
            if let Event::Completed { operation, result } = event {
                self.shared
                    .outgoing(|outgoing| outgoing.finished(operation, result));
            }
        }
    }

    fn end(&mut self) {
        let goodbye = self.shared.goodbye.load(Ordering::Acquire);
        let up = goodbye && self.shared.state() == LinkState::Up;
        if let Some(session) = self.session.as_ref().filter(|_| up) {
            let client = session.client.with_timeout(Duration::from_secs(10));
            if let Err(error) = client.disconnect() {
                log::debug!("no goodbye to the broker: {error}");
            }
        }
        self.end_session();
        if let Err(error) = self.shared.tidy() {
            log::error!("the outbox cannot be written: {error}");
        }
        self.shared.outgoing(super::outgoing::Outgoing::close);
        self.shared.leave_store();
        self.shared.go(LinkState::Closed, &LinkCause::Asked, None);
    }
}
