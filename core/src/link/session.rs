//! From nothing to a connection: the steps that a link goes, and what the failure of each means.

use std::cell::RefCell;
use std::io::ErrorKind::{Interrupted, WouldBlock};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};

use super::find::LinkPort;
use super::policy::Remedy;
use super::state::{LinkCause, LinkState};
use super::supervisor::Supervisor;
use crate::client::{Client, IfInUse};
use crate::engine::State;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::modem::Modem;
use crate::network::Readiness;
use crate::port::{Port, SerialPort};
use crate::runtime::Address;
use crate::wire::find;

/// A port that is open.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) modem: Modem,
    pub(super) client: Client,
    pub(super) events: Receiver<Event>,
    /// SIM, registration and context were there, and the access point is set.
    pub(super) attached: bool,
    /// The SSL context is configured.
    pub(super) secured: bool,
    /// Of the connection of the moment.
    pub(super) generation: u32,
}

type Step<T> = Result<T, LinkCause>;

/// The network is looked at for so long at a time, so that a module that has gone deaf is noticed.
const SLICE: Duration = Duration::from_secs(15);

impl Supervisor {
    /// Brings the link up, beginning where the remedy says.
    pub(super) fn bring_up(&mut self, remedy: Remedy, cause: &LinkCause) -> Step<()> {
        let mut cause = cause.clone();
        let mut go = |this: &Self, state| {
            this.shared.go(state, &cause, None);
            cause = LinkCause::Progress;
        };
        if matches!(remedy, Remedy::RestartModule | Remedy::CyclePower) {
            go(self, LinkState::Repairing);
            self.repair(remedy)?;
        }
        if self.session.is_none() {
            go(self, LinkState::Searching);
            let (port, path) = self.find().map_err(LinkCause::PortLost)?;
            self.shared.note_port(path);
            go(self, LinkState::Starting);
            self.open(port)?;
        }
        if remedy == Remedy::CycleContext {
            go(self, LinkState::Repairing);
            self.cycle_context()?;
        }
        if !self.session()?.attached {
            go(self, LinkState::Attaching);
            self.attach()?;
        }
        if self.config.tls.is_some() && !self.session()?.secured {
            go(self, LinkState::Securing);
            self.secure()?;
        }
        if !self.adopt()? {
            go(self, LinkState::Opening);
            self.open_client()?;
        }
        if self.session()?.client.state() != State::Connected {
            go(self, LinkState::Connecting);
            self.connect()?;
        }
        self.policy.heard();
        go(self, LinkState::Up);
        Ok(())
    }

    fn session(&self) -> Step<&Session> {
        self.session
            .as_ref()
            .ok_or_else(|| LinkCause::PortLost(Error::new(ErrorKind::Closed, "no port is open")))
    }

    /// What the failure of a step means.
    fn trouble(&mut self, error: Error) -> LinkCause {
        if let Some(cause) = self.look_at_events() {
            return cause;
        }
        match error.kind() {
            ErrorKind::PortLost | ErrorKind::PortBusy | ErrorKind::Closed => {
                LinkCause::PortLost(error)
            }
            ErrorKind::Timeout | ErrorKind::PortStuck => LinkCause::Deaf(error),
            ErrorKind::InvalidArgument => LinkCause::Refused(error),
            // 3 is a broker that is not available.
            ErrorKind::ConnectionRefused if error.code() != Some(3) => LinkCause::Refused(error),
            _ => LinkCause::Failed(error),
        }
    }

    /// What has happened by itself meanwhile that makes the steps so far worth nothing.
    pub(super) fn look_at_events(&mut self) -> Option<LinkCause> {
        let mut found = None;
        while let Some(event) = self
            .session
            .as_ref()
            .and_then(|session| session.events.try_recv().ok())
        {
            found = self.pass_on(event).or(found);
        }
        found
    }

    fn find(&self) -> crate::error::Result<(Box<dyn Port>, Option<PathBuf>)> {
        let path = match &self.config.port {
            LinkPort::Path(path) => path.clone(),
            LinkPort::Usb(usb) => usb.find()?,
            LinkPort::Other(other) => return Ok((other.make()?, None)),
        };
        let port = SerialPort::open(&path, self.config.modem.serial_options())?;
        Ok((Box::new(port), Some(path)))
    }

    fn open(&mut self, port: Box<dyn Port>) -> Step<()> {
        let (sender, events) = unbounded();
        let address = Address::link(Arc::clone(&self.shared.mail), sender);
        let modem = self
            .config
            .modem
            .clone()
            .start_port(port, address, self.generation)
            .map_err(LinkCause::Failed)?;
        let client = modem
            .client(self.config.client)
            .map_err(LinkCause::Refused)?;
        // Before the first command, so that closing the link ends it.
        self.shared.set_modem(Some(modem.clone()));
        let generation = client.generation();
        self.session = Some(Session {
            modem: modem.clone(),
            client,
            events,
            attached: false,
            secured: false,
            generation,
        });
        let greeted = self.config.modem.greet(&modem);
        greeted.map_err(|error| match error.kind() {
            // A module that says nothing at all.
            ErrorKind::Unconfirmed => LinkCause::Deaf(error),
            _ => self.trouble(error),
        })
    }

    fn attach(&mut self) -> Step<()> {
        let Some(timeout) = self.config.attach else {
            self.set_apn()?;
            return self.attached();
        };
        self.set_apn()?;
        let context = self.config.pdp_context();
        let limit = Instant::now() + timeout;
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let last = RefCell::new(None);
            let network = self.session()?.modem.network();
            let ready = network.wait_ready(context, left.min(SLICE), |state| {
                *last.borrow_mut() = Some(state.clone());
            });
            let Err(error) = ready else {
                return self.attached();
            };
            if let Some(cause) = self.look_at_events() {
                return Err(cause);
            }
            let silent =
                |error: &Error| matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unconfirmed);
            return Err(match (error.kind(), last.into_inner()) {
                // The SIM wants its PIN.
                (ErrorKind::InvalidState, _) => LinkCause::Refused(error),
                (ErrorKind::Timeout, Some(Readiness::Trouble(why))) if silent(&why) => {
                    LinkCause::Deaf(why)
                }
                (ErrorKind::Timeout, _) if left > SLICE && !self.shared.is_closing() => continue,
                (ErrorKind::Timeout, _) => LinkCause::Failed(error),
                _ => self.trouble(error),
            });
        }
    }

    fn attached(&mut self) -> Step<()> {
        if let Some(session) = &mut self.session {
            session.attached = true;
        }
        Ok(())
    }

    fn set_apn(&mut self) -> Step<()> {
        let Some(wanted) = self.config.apn.clone() else {
            return Ok(());
        };
        let context = self.config.pdp_context();
        let network = self.session()?.modem.network();
        let set = || {
            if network.apn(context).is_ok_and(|apn| apn == wanted) {
                return Ok(());
            }
            // It is taken up at the next activation.
            network.deactivate(context)?;
            network.set_apn(context, &wanted)
        };
        set().map_err(|error| self.trouble(error))
    }

    fn cycle_context(&mut self) -> Step<()> {
        let context = self.config.pdp_context();
        let session = self.session()?;
        let network = session.modem.network();
        let _ = session.client.close();
        network
            .deactivate(context)
            .and_then(|()| network.activate(context))
            .map_err(|error| self.trouble(error))
    }

    fn secure(&mut self) -> Step<()> {
        let Some((context, config)) = self.config.tls.clone() else {
            return Ok(());
        };
        let session = self.session()?;
        let configured = session
            .modem
            .tls(context)
            .and_then(|tls| tls.configure(&config));
        configured.map_err(|error| self.trouble(error))?;
        if let Some(session) = &mut self.session {
            session.secured = true;
        }
        Ok(())
    }

    /// Takes over a client that lives, where that is wanted and it is the right one; whether it has.
    fn adopt(&mut self) -> Step<bool> {
        let session = self.session()?;
        let Some(found) = session.client.found_alive() else {
            return Ok(false);
        };
        let broker = self.config.brokers.iter().position(|one| *one == found);
        if !self.config.adopts() || broker.is_none() {
            return Ok(false);
        }
        let broker = found;
        match session.client.adopt() {
            Ok(()) => {
                self.shared.note_broker(&broker);
                self.now_at_generation();
                Ok(true)
            }
            // Its settings do not allow it.
            Err(error) if error.kind() == ErrorKind::InvalidState => Ok(false),
            Err(error) => Err(self.trouble(error)),
        }
    }

    fn open_client(&mut self) -> Step<()> {
        let broker = self.config.brokers[self.policy.broker()].clone();
        self.shared.note_broker(&broker);
        let config = self.config.config.clone();
        let session = self.session()?;
        let client = session.client.clone();
        let opened = || {
            if client.state() != State::Closed {
                client.close()?;
            }
            client.configure(&config)?;
            client.open_with(&broker.0, broker.1, IfInUse::Replace)
        };
        let opened = opened();
        self.now_at_generation();
        opened.map_err(|error| self.trouble(error))
    }

    fn connect(&mut self) -> Step<()> {
        let connected = self.session()?.client.connect(&self.config.connect);
        connected.map_err(|error| self.trouble(error))
    }

    /// Events of earlier connections mean nothing any more.
    fn now_at_generation(&mut self) {
        if let Some(session) = &mut self.session {
            session.generation = session.client.generation();
        }
    }

    /// Restarts a module that need not hear anything but this, or asks the user's switch to.
    fn repair(&mut self, remedy: Remedy) -> Step<()> {
        self.end_session();
        match (&self.config.power, remedy) {
            (Some(power), Remedy::CyclePower) => power.cycle().map_err(LinkCause::Failed),
            _ => {
                let (port, path) = self.find().map_err(LinkCause::PortLost)?;
                self.shared.note_port(path);
                self.restart(&*port);
                Ok(())
            }
        }
    }

    /// Writes `AT+CFUN=1,1` behind whatever the module may have in its line, and waits for `RDY` or the loss
    /// of the port.
    fn restart(&self, port: &dyn Port) {
        let until = Instant::now() + self.config.restart_time;
        let mut heard = Vec::new();
        let mut buf = [0; 256];
        if port.write(b"\r\nAT+CFUN=1,1\r\n").is_err() {
            return;
        }
        while Instant::now() < until && !self.shared.is_closing() {
            match port.read(&mut buf) {
                Ok(0) => return,
                Ok(bytes) => {
                    heard.extend_from_slice(&buf[..bytes]);
                    if find(&heard, b"RDY").is_some() {
                        return;
                    }
                    // Enough for a word that is cut in two.
                    heard.drain(..heard.len().saturating_sub(2));
                }
                Err(error) => match error.kind() {
                    WouldBlock | Interrupted => {
                        let _ = self.woken.recv_timeout(Duration::from_millis(50));
                    }
                    _ => return,
                },
            }
        }
    }
}
