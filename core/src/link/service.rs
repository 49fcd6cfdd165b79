//! A link that is up: subscriptions, messages, and a look at the module now and then.

use std::time::{Duration, Instant};

use super::outgoing::Sent;
use super::state::LinkCause;
use super::subscriptions::Subscribed;
use super::supervisor::{Supervisor, Woken};
use crate::engine::Outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::mqtt::subscribe::Granted;
use crate::wire::Fields;

/// Messages that the module is given at a time: the five of its window, and one that follows at once.
const WINDOW: usize = 6;
/// How long after a refusal by the module it is given the next message.
const HOLD: Duration = Duration::from_millis(500);

/// What goes on while the link is up.
#[derive(Default)]
struct Service {
    /// No message is sent before.
    hold: Option<Instant>,
    check_at: Option<Instant>,
    /// The operation that asks whether the client is connected.
    check: Option<u64>,
}

impl Supervisor {
    /// Serves the link until something happens to it.
    pub(super) fn serve(&mut self) -> LinkCause {
        // What hung on the connection before comes first, or later messages would overtake it.
        if let Some(cause) = self.look_at_events() {
            return self.leave(cause);
        }
        let mut service = Service::default();
        self.check_later(&mut service);
        self.shared.subscriptions.lock().connected();
        loop {
            if self.shared.is_closing() {
                return LinkCause::Asked;
            }
            if let Err(cause) = self.pump(&mut service) {
                return self.leave(cause);
            }
            let until = [service.hold, service.check_at].into_iter().flatten().min();
            let until = until.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            let cause = match self.sleep(until) {
                Woken::Look => {
                    self.tidy();
                    None
                }
                Woken::Event(event) => self.happened(event, &mut service),
            };
            if let Some(cause) = cause {
                return self.leave(cause);
            }
            let now = Instant::now();
            service.hold = service.hold.filter(|&hold| hold > now);
            if service.check_at.is_some_and(|at| at <= now) {
                self.check_now(&mut service);
            }
        }
    }

    /// Everything that hung on the connection has ended: takes it back.
    fn leave(&mut self, cause: LinkCause) -> LinkCause {
        // The engine has ended it all under its lock before it told of the end, so that it is all here.
        if let Some(session) = &self.session {
            let _ = session.client.state();
        }
        match (self.look_at_events(), &cause) {
            // A failure may have been noticed before what caused it.
            (Some(found), LinkCause::Failed(_)) => found,
            (Some(worse @ (LinkCause::PortLost(_) | LinkCause::Restarted)), _) => worse,
            _ => cause,
        }
    }

    /// Gives the module what it can take.
    fn pump(&mut self, service: &mut Service) -> Result<(), LinkCause> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        let client = session.client.clone();
        loop {
            let Some((topic, qos)) = self.shared.subscriptions.lock().next() else {
                break;
            };
            let pending = client
                .subscribe_start(&[(&topic, qos)])
                .map_err(LinkCause::Failed)?;
            let operation = pending.report();
            let mut subscriptions = self.shared.subscriptions.lock();
            subscriptions.started(&topic, operation);
        }
        loop {
            let Some(topic) = self.shared.subscriptions.lock().next_unwanted() else {
                break;
            };
            let pending = client.unsubscribe_start(&[&topic]);
            drop(pending.map_err(LinkCause::Failed)?);
        }
        if service.hold.is_some() {
            return Ok(());
        }
        let room = WINDOW.saturating_sub(self.shared.outgoing(|outgoing| outgoing.underway()));
        let marks = self.shared.outgoing(|outgoing| outgoing.to_be_marked(room));
        if let Err(error) = self.shared.mark(&marks) {
            log::error!("the outbox cannot be written, and messages of QoS 2 wait for it: {error}");
            service.hold = Some(Instant::now() + HOLD);
            return Ok(());
        }
        for _ in 0..room {
            let Some((number, publish)) = self.shared.outgoing(|outgoing| {
                let (number, publish) = outgoing.next()?;
                let marked = !outgoing.to_be_marked(1).contains(&number);
                marked.then(|| (number, publish.clone()))
            }) else {
                break;
            };
            let started = client.publish_start(
                &publish.topic,
                &publish.payload,
                publish.qos,
                publish.retain,
            );
            match started {
                Ok(pending) => {
                    let operation = pending.report();
                    self.shared
                        .outgoing(|outgoing| outgoing.started(number, operation));
                }
                Err(error) if error.kind() == ErrorKind::InvalidArgument => {
                    self.shared
                        .outgoing(|outgoing| outgoing.outcome(number, Err(error)));
                }
                // The module has not been given it: it waits on.
                Err(error) => return Err(LinkCause::Failed(error)),
            }
        }
        Ok(())
    }

    /// What an event means while the link is up.
    fn happened(&mut self, event: Event, service: &mut Service) -> Option<LinkCause> {
        let Event::Completed { operation, result } = event else {
            return self.pass_on(event);
        };
        if service.check == Some(operation) {
            service.check = None;
            self.check_later(service);
            return self.checked(result);
        }
        let doubtful = result.as_ref().err().is_some_and(is_doubtful);
        let granted = match &result {
            Ok(Outcome::Granted(granted)) => granted.first().copied(),
            // Every topic of the command was refused.
            Err(error) if error.code() == Some(128) => Some(Granted::Refused),
            _ => None,
        };
        let subscribed = self
            .shared
            .subscriptions
            .lock()
            .finished(operation, granted);
        match subscribed {
            Some(Subscribed::Answered { topic, granted }) => {
                let client = self.config.client;
                self.shared.mail.put_event(Event::Subscribed {
                    client,
                    topic,
                    granted,
                });
                return None;
            }
            Some(Subscribed::Again) => {}
            Some(Subscribed::Hopeless) => return result.err().map(LinkCause::Failed),
            None => {
                let sent = self
                    .shared
                    .outgoing(|outgoing| outgoing.finished(operation, result));
                if sent == Some(Sent::Refused) {
                    service.hold = Some(Instant::now() + HOLD);
                }
            }
        }
        if doubtful {
            // Perhaps it is not connected any more, and has not said so.
            self.check_now(service);
        }
        None
    }

    fn check_later(&self, service: &mut Service) {
        let every = self.config.check_every;
        service.check_at = (!every.is_zero())
            .then(|| Instant::now().checked_add(every))
            .flatten();
    }

    /// Asks the module whether the client is connected.
    fn check_now(&self, service: &mut Service) {
        service.check_at = None;
        if service.check.is_some() {
            return;
        }
        let Some(session) = &self.session else {
            return;
        };
        match session.modem.command_start("AT+QMTCONN?") {
            Ok(pending) => service.check = Some(pending.report()),
            Err(error) => log::debug!("the module cannot be asked: {error}"),
        }
    }

    /// What the module says of the client.
    fn checked(&mut self, result: Result<Outcome>) -> Option<LinkCause> {
        match result {
            Ok(Outcome::Answer(lines)) => {
                self.policy.heard();
                let connected = lines
                    .iter()
                    .any(|line| is_connected(line, self.config.client));
                (!connected).then_some(LinkCause::FoundDisconnected)
            }
            Ok(_) => None,
            Err(error) => match error.kind() {
                ErrorKind::Timeout | ErrorKind::Unconfirmed | ErrorKind::PortStuck => {
                    Some(LinkCause::Deaf(error))
                }
                ErrorKind::PortLost | ErrorKind::Closed => Some(LinkCause::PortLost(error)),
                // It does not know the question.
                _ => None,
            },
        }
    }
}

/// An error that says that the module and the link may see things differently.
fn is_doubtful(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Disconnected | ErrorKind::PortLost | ErrorKind::Closed
    )
}

/// `+QMTCONN: client,3`.
fn is_connected(line: &[u8], client: u8) -> bool {
    let Some((b"+QMTCONN", mut fields)) = Fields::of_line(line) else {
        return false;
    };
    fields.int() == Some(client) && fields.int() == Some(3_u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_state_3_of_this_client_is_connected() {
        assert!(is_connected(b"+QMTCONN: 0,3", 0));
        assert!(!is_connected(b"+QMTCONN: 1,3", 0));
        assert!(!is_connected(b"+QMTCONN: 0,2", 0));
        assert!(!is_connected(b"+QMTCONN: 0", 0));
        assert!(!is_connected(b"OK", 0));
    }
}
