//! The faults in force: when they strike, and the events among them.

use std::time::Duration;

use super::line::LineEnds;
use super::run::Mode;
use super::{Module, Output, Timed};
use crate::fault::{Action, Fault, On, Point};

/// A fault in force.
#[derive(Debug)]
pub(crate) struct Armed {
    fault: Fault,
    seen: u32,
    struck: u32,
}

impl Armed {
    /// Counts a match; true if the fault strikes.
    fn count(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        let strikes = self.seen > self.fault.after
            && self.fault.times.is_none_or(|times| self.struck < times);
        if strikes {
            self.struck = self.struck.saturating_add(1);
        }
        strikes
    }
}

/// Something that goes wrong by itself.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Stat(u8),
    Ping,
    Reboot,
    PdpDeactivated {
        context: u8,
        code: u8,
    },
    Registration(u8),
    HangUp,
    /// Somebody else has switched the echo on.
    Echo,
    Raw(Vec<u8>),
    /// A URC about a client that changes nothing.
    Late(u8),
    /// The module listens again after a start.
    Awake,
}

impl Module {
    /// Puts a fault in force.
    pub(crate) fn arm(&mut self, fault: Fault) {
        if fault.point() == Point::Event && fault.place().is_none() {
            let event = self.event(&fault);
            let delay = Duration::from_millis(fault.ms.unwrap_or(0));
            // Without an interval there is no again.
            let times = if delay.is_zero() {
                Some(1)
            } else {
                fault.times
            };
            self.schedule(delay, Timed::Again(event, fault.client, delay, times));
            return;
        }
        self.faults.push(Armed {
            fault,
            seen: 0,
            struck: 0,
        });
    }

    /// Lets a timed event happen, and sets the time of the next one.
    pub(crate) fn recur(
        &mut self,
        event: Event,
        client: Option<usize>,
        every: Duration,
        left: Option<u32>,
    ) {
        let left = left.map(|left| left.saturating_sub(1));
        if left != Some(0) {
            self.schedule(every, Timed::Again(event.clone(), client, every, left));
        }
        self.happen(event, client);
    }

    /// The faults that strike at this point.
    pub(crate) fn strikes(
        &mut self,
        point: Point,
        command: &str,
        client: Option<usize>,
    ) -> Vec<Fault> {
        self.faults
            .iter_mut()
            .filter(|armed| armed.fault.is_at(point) && armed.fault.concerns(command, client))
            .filter_map(|armed| armed.count().then(|| armed.fault.clone()))
            .collect()
    }

    /// The faults that damage output of this kind.
    pub(crate) fn damages(&mut self, of: &str, command: &str, client: Option<usize>) -> Vec<Fault> {
        self.faults
            .iter_mut()
            .filter(|armed| {
                let fault = &armed.fault;
                fault.is_at(Point::Any)
                    && fault.of.is_none_or(|kind| kind == of)
                    && fault.concerns(command, client)
            })
            .filter_map(|armed| armed.count().then(|| armed.fault.clone()))
            .collect()
    }

    /// The faults on packets that strike; `ack` is the name of the packet.
    pub(crate) fn packet_strikes(&mut self, ack: &str, client: usize) -> Vec<Fault> {
        self.faults
            .iter_mut()
            .filter(|armed| {
                let fault = &armed.fault;
                let named = match fault.action() {
                    Action::DropAck => fault.ack == Some(ack),
                    _ => ack == "connack",
                };
                named && fault.point() == Point::Packet && fault.concerns("", Some(client))
            })
            .filter_map(|armed| armed.count().then(|| armed.fault.clone()))
            .collect()
    }

    /// Whether an event is bound to this place; it may still have to pass matches.
    pub(crate) fn awaits(&self, place: On, command: &str, client: Option<usize>) -> bool {
        self.faults.iter().any(|armed| {
            armed.fault.place() == Some(place) && armed.fault.concerns(command, client)
        })
    }

    /// Lets the events bound to this place happen.
    pub(crate) fn events_at(&mut self, place: On, command: &str, client: Option<usize>) {
        if self.in_event {
            return;
        }
        let due: Vec<Fault> = self
            .faults
            .iter_mut()
            .filter(|armed| {
                armed.fault.place() == Some(place) && armed.fault.concerns(command, client)
            })
            .filter(|armed| {
                // The old connection is spoken of only when there was one.
                armed.fault.action() != Action::LateStat
                    || client.is_some_and(|client| self.clients[client].opened > 1)
            })
            .filter_map(|armed| armed.count().then(|| armed.fault.clone()))
            .collect();
        for fault in due {
            let event = self.event(&fault);
            let client = fault.client.or(client);
            match fault.ms {
                None | Some(0) => {
                    self.in_event = true;
                    self.happen(event, client);
                    self.in_event = false;
                }
                Some(ms) => {
                    self.schedule(Duration::from_millis(ms), Timed::Event(event, client));
                }
            }
        }
    }

    fn event(&mut self, fault: &Fault) -> Event {
        let given = fault.code.and_then(|code| u8::try_from(code).ok());
        let code = |default: u8| given.unwrap_or(default);
        match fault.action() {
            Action::Stat => Event::Stat(code(1)),
            Action::Ping => Event::Ping,
            Action::PdpDeactivated => Event::PdpDeactivated {
                context: u8::try_from(fault.number.unwrap_or(1)).unwrap_or(1),
                code: code(self.profile.context_lost_stat),
            },
            Action::Registration => Event::Registration(code(2)),
            Action::HangUp => Event::HangUp,
            Action::Echo => Event::Echo,
            Action::Line => {
                let mut bytes = b"\r\n".to_vec();
                bytes.extend_from_slice(fault.line.as_deref().unwrap_or_default());
                bytes.extend_from_slice(b"\r\n");
                Event::Raw(bytes)
            }
            Action::Garbage => {
                let count = fault.number.unwrap_or(16);
                let mut bytes: Vec<u8> = (0..count)
                    .map(|_| u8::try_from(self.rng.below(256)).unwrap_or(0))
                    .collect();
                bytes.extend_from_slice(b"\r\n");
                Event::Raw(bytes)
            }
            Action::LateStat => Event::Late(code(1)),
            _ => Event::Reboot,
        }
    }

    /// Makes an event happen.
    pub(crate) fn happen(&mut self, event: Event, client: Option<usize>) {
        match event {
            Event::Stat(code) => {
                for index in self.meant(client) {
                    self.down(index, code);
                }
            }
            Event::Ping => {
                for index in self.meant(client) {
                    self.ping_failed(index);
                }
            }
            Event::Reboot => self.reboot(),
            Event::PdpDeactivated { context, code } => self.pdp_dropped(context, code),
            Event::Registration(status) => self.register(status),
            Event::HangUp => self.output.push_back(Output::HangUp.into()),
            Event::Echo => self.preferences.echo = true,
            Event::Raw(bytes) => {
                self.flush_echo();
                self.raw(bytes);
            }
            Event::Awake => {
                self.mode = Mode::Command;
                self.ends = LineEnds::default();
            }
            Event::Late(code) => {
                self.client_urc("QMTSTAT", client.unwrap_or(0), &code.to_string());
            }
        }
    }

    /// The client an event names; without a name every client in use.
    fn meant(&self, client: Option<usize>) -> Vec<usize> {
        (0..super::CLIENTS)
            .filter(|index| client.is_none_or(|client| client == *index))
            .filter(|index| self.clients[*index].phase.in_use())
            .collect()
    }
}
