//! A caller's request becomes an operation, or is refused before a byte is sent.

use std::time::{Duration, Instant};

use super::Engine;
use super::client::State;
use super::op::{FINAL_DEADLINE, Kind, Op, OpId, Outcome, Phase, Request, Role, Step};
use super::transfer::Sending;
use crate::error::{Error, ErrorKind, Result};
use crate::mqtt::config::ClientConfig;
use crate::mqtt::setting::{Delivery, Setting};
use crate::mqtt::{connect, open, subscribe};
use crate::wire::CommandLine;

impl Engine {
    /// Checks a request and queues it. Everything that can be wrong with its arguments or with the
    /// state of its client is an error here; the rest comes as [`Output::Done`](super::Output::Done).
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument), [`InvalidState`](ErrorKind::InvalidState), or what
    /// the port was lost with. Nothing has been sent then.
    pub fn submit(&mut self, now: Instant, request: Request) -> Result<OpId> {
        if let Some(error) = self.closed_error() {
            return Err(error);
        }
        let client = request.client();
        let id = self
            .add_request(now, request)
            .map_err(|error| match client {
                Some(client) => error.with_client(client),
                None => error,
            })?;
        self.pump(now);
        Ok(id)
    }

    fn add_request(&mut self, now: Instant, request: Request) -> Result<OpId> {
        Ok(match request {
            Request::Command {
                line,
                data,
                deadline,
            } => self.single(line, data, Role::Collect, deadline),
            Request::Upload {
                line,
                data,
                limit,
                ack,
                deadline,
            } => {
                let role = Role::Upload(Sending::new(data, limit, ack));
                self.single(line, None, role, deadline)
            }
            Request::Download { line, deadline } => {
                self.single(line, None, Role::Download, deadline)
            }
            Request::Configure { client, config } => self.configure(client, &config)?,
            Request::Open {
                client,
                host,
                port,
                replace,
            } => self.open(client, &host, port, replace)?,
            Request::Adopt { client } => self.adopt(now, client)?,
            Request::Close { client } => self.close(client)?,
            Request::Connect { client, connect } => {
                let line = connect.command(client)?;
                self.require(client, State::Open, "AT+QMTCONN")?;
                let id = self.lifecycle(client, Kind::Connect, [Step::new(line, Role::Act)])?;
                self.client(client).state = State::Connecting;
                id
            }
            Request::Disconnect { client } => {
                self.require(client, State::Connected, "AT+QMTDISC")?;
                let step = Step::new(connect::disconnect(client), Role::Act);
                let id = self.lifecycle(client, Kind::Disconnect, [step])?;
                self.client(client).state = State::Disconnecting;
                id
            }
            Request::Subscribe { client, topics } => {
                subscribe::subscribe(client, 1, &topics)?;
                self.packet(client, Kind::Subscribe { topics })?
            }
            Request::Unsubscribe { client, topics } => {
                subscribe::unsubscribe(client, 1, &topics)?;
                self.packet(client, Kind::Unsubscribe { topics })?
            }
            Request::Publish {
                client,
                mut publish,
            } => {
                publish.hex = self.client(client).sends_hex;
                publish.check(client)?;
                self.require(client, State::Connected, "AT+QMTPUBEX")?;
                let id = self.add(Op::new(Some(client), Kind::Publish(publish), []));
                self.client(client).waiting.push_back(id);
                id
            }
        })
    }

    /// Queues an operation of one command that concerns no client.
    fn single(
        &mut self,
        line: CommandLine,
        data: Option<Vec<u8>>,
        role: Role,
        deadline: Duration,
    ) -> OpId {
        let step = Step {
            line,
            data,
            role,
            deadline,
        };
        let id = self.add(Op::new(None, Kind::Command, [step]));
        self.queue.push_back(id);
        id
    }

    /// After opening a port: which clients live?
    pub(super) fn discover(&mut self) -> OpId {
        let id = self.add(Op::new(None, Kind::Discover, discovery()));
        self.queue.push_back(id);
        id
    }

    /// The module has restarted meanwhile: asks it anew.
    pub(super) fn discover_anew(&mut self) {
        let discover = |op: &Op| matches!(op.kind, Kind::Discover);
        let Some((&id, op)) = self.ops.iter_mut().find(|(_, op)| discover(op)) else {
            return;
        };
        op.steps = discovery().into();
        if op.phase == Phase::Running {
            self.requeue(id);
        }
    }

    fn require(&mut self, index: u8, state: State, command: &str) -> Result<()> {
        let client = self.client(index);
        let error = |detail: String| {
            Err(Error::state(detail)
                .with_command(command)
                .with_client(index))
        };
        if client.found.is_some() {
            return error(
                "the client is in use since before this port was opened: adopt it, or open it with \
                 replace"
                    .to_owned(),
            );
        }
        if client.state == state {
            return Ok(());
        }
        error(match (client.state, state) {
            (State::Closed, State::Open) => "the client is closed: open it first".to_owned(),
            (State::Closed, _) => "the client is closed: open and connect it first".to_owned(),
            (State::Open, State::Connected) => {
                "the client is open and not connected: connect it first".to_owned()
            }
            (is, wants) => format!("the client is {is:?}, the call needs it to be {wants:?}"),
        })
    }

    /// Queues an operation that no other lifecycle call of the client may overlap.
    fn lifecycle(
        &mut self,
        index: u8,
        kind: Kind,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<OpId> {
        self.no_lifecycle(index)?;
        let steps: std::collections::VecDeque<_> = steps.into_iter().collect();
        let nothing = steps.is_empty();
        let id = self.add(Op::new(Some(index), kind, steps));
        if nothing {
            self.finish(id, Ok(Outcome::Done));
        } else {
            self.client(index).lifecycle = Some(id);
            self.queue.push_back(id);
        }
        Ok(id)
    }

    fn no_lifecycle(&mut self, index: u8) -> Result<()> {
        let pending = self
            .client(index)
            .lifecycle
            .and_then(|id| self.ops.get(&id))
            .and_then(Op::command);
        match pending {
            Some(command) => Err(Error::state(format!(
                "another call on this client is under way ({command}); such calls exclude each other"
            ))
            .with_client(index)),
            None => Ok(()),
        }
    }

    fn set_steps(
        index: u8,
        settings: Vec<Setting>,
        asked: impl Fn(&Setting) -> bool,
    ) -> Result<Vec<Step>> {
        let steps: Vec<Step> = settings
            .into_iter()
            .map(|setting| {
                let written = setting.write(index)?;
                Ok(Step {
                    line: written.line,
                    data: written.data,
                    deadline: FINAL_DEADLINE,
                    role: Role::Set {
                        asked: asked(&setting),
                        setting,
                    },
                })
            })
            .collect::<Result<_>>()?;
        // Those with a prompt last: what limits the wait for their data is set by then.
        let (mut steps, prompted): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|step| step.data.is_none());
        steps.extend(prompted);
        Ok(steps)
    }

    fn configure(&mut self, index: u8, config: &ClientConfig) -> Result<OpId> {
        let steps = Self::set_steps(index, config.settings(), |_| true)?;
        if self.client(index).state != State::Closed {
            return Err(Error::state(
                "settings can be written only while the client is closed: close it first",
            )
            .with_command("AT+QMTCFG")
            .with_client(index));
        }
        self.lifecycle(index, Kind::Configure, steps)
    }

    fn open(&mut self, index: u8, host: &str, port: u16, replace: bool) -> Result<OpId> {
        open::open(index, host, port)?;
        let client = self.client(index);
        let live = client.state != State::Closed;
        if live && !replace {
            let place = client
                .found
                .as_ref()
                .map(|found| {
                    format!(
                        " (to {}:{}, since before this port was opened)",
                        found.host, found.port
                    )
                })
                .unwrap_or_default();
            return Err(Error::state(format!(
                "the client is in use{place}: close it, adopt it, or open it with replace"
            ))
            .with_command("AT+QMTOPEN")
            .with_client(index));
        }
        let close_first = live || client.needs_close;
        let steps = self.open_steps(index, host, port, close_first)?;
        let kind = Kind::Open {
            host: host.to_owned(),
            port,
            replace,
            retried: false,
        };
        let id = self.lifecycle(index, kind, steps)?;
        if !live {
            self.client(index).state = State::Opening;
        }
        Ok(id)
    }

    /// Every setting that the module does not have, then the open itself.
    pub(super) fn open_steps(
        &self,
        index: u8,
        host: &str,
        port: u16,
        close_first: bool,
    ) -> Result<Vec<Step>> {
        let client = &self.clients[usize::from(index)];
        // A close makes some firmware forget settings (EC200U does).
        let applied = if close_first { 0 } else { client.applied };
        let settings = client
            .wanted
            .with_defaults()
            .settings()
            .into_iter()
            .filter(|setting| applied & setting.name().bit() == 0)
            .collect();
        let asked = |setting: &Setting| client.wanted.gives(setting.name());
        let mut steps = Self::set_steps(index, settings, asked)?;
        if close_first {
            steps.insert(0, Step::new(open::close(index), Role::CloseFirst));
        }
        steps.push(Step::new(open::open(index, host, port)?, Role::Act));
        Ok(steps)
    }

    fn close(&mut self, index: u8) -> Result<OpId> {
        // A close is the way out of an open or connect that takes too long.
        let pending = self.client(index).lifecycle.filter(|id| {
            self.ops
                .get(id)
                .is_some_and(|op| matches!(op.kind, Kind::Open { .. } | Kind::Connect))
        });
        if let Some(id) = pending {
            let error = Error::new(ErrorKind::Closed, "the client was closed meanwhile");
            self.finish(id, Err(error));
        }
        let step = Step::new(open::close(index), Role::Act);
        let from = self.client(index).state;
        let id = self.lifecycle(index, Kind::Close { from }, [step])?;
        self.client(index).state = State::Disconnecting;
        Ok(id)
    }

    fn packet(&mut self, index: u8, kind: Kind) -> Result<OpId> {
        let Some(command) = kind.packet() else {
            return Err(Error::new(ErrorKind::Internal, "no packet command"));
        };
        self.require(index, State::Connected, command.name())?;
        let id = self.add(Op::new(Some(index), kind, []));
        let Some(msgid) = self.client(index).take_id(command, id) else {
            self.remove(id);
            return Err(Error::state("no message id is free").with_client(index));
        };
        let Some(op) = self.ops.get_mut(&id) else {
            return Err(Error::new(ErrorKind::Internal, "operation vanished"));
        };
        op.msgid = Some(msgid);
        let line = match &op.kind {
            Kind::Subscribe { topics } => subscribe::subscribe(index, msgid, topics)?,
            Kind::Unsubscribe { topics } => subscribe::unsubscribe(index, msgid, topics)?,
            _ => return Err(Error::new(ErrorKind::Internal, "no subscription")),
        };
        op.steps.push_back(Step::new(line, Role::Act));
        self.queue.push_back(id);
        Ok(id)
    }

    /// Takes over a client found alive, if its messages can be read safely.
    fn adopt(&mut self, now: Instant, index: u8) -> Result<OpId> {
        self.no_lifecycle(index)?;
        let client = self.client(index);
        let error = |detail: &str| {
            Err(Error::state(detail)
                .with_command("AT+QMTCONN?")
                .with_client(index))
        };
        let Some(found) = &client.found else {
            return error("no client was found alive here when the port was opened");
        };
        if found.length_shown != Some(true) || found.received_hex == Some(true) {
            return error(
                "its messages cannot be read safely (lengths are off or payloads are hexadecimal): \
                 open it with replace",
            );
        }
        if !matches!(client.state, State::Open | State::Connected) {
            return error("it is between two states: open it with replace");
        }
        client.found = None;
        client.generation += 1;
        client.foreign_window_until = Some(now + client.result_deadline());
        let connected = client.state == State::Connected;
        let stored = client.delivery == Delivery::Stored;
        let id = self.add(Op::new(Some(index), Kind::Command, []));
        if connected && stored {
            self.watch_store(now, index);
        }
        self.finish(id, Ok(Outcome::Done));
        Ok(id)
    }

    /// Publishes that have room in their client's window get their message ids and go to the line, in
    /// the order in which they were asked for.
    pub(super) fn admit_publishes(&mut self, now: Instant) {
        for index in 0..crate::mqtt::CLIENTS {
            while let Some(id) = self.next_publish(now, index) {
                self.admit(index, id);
            }
        }
    }

    fn next_publish(&mut self, now: Instant, index: u8) -> Option<OpId> {
        let client = &self.clients[usize::from(index)];
        if client.state != State::Connected || client.blocked_until.is_some_and(|at| at > now) {
            return None;
        }
        let id = *client.waiting.front()?;
        let op = self.ops.get(&id)?;
        let Kind::Publish(publish) = &op.kind else {
            return None;
        };
        let room = if publish.qos.level() == 0 {
            client.zero.is_none()
        } else {
            client.in_flight < crate::mqtt::WINDOW
        };
        room.then_some(id)
    }

    fn admit(&mut self, index: u8, id: OpId) {
        let client = &mut self.clients[usize::from(index)];
        client.waiting.pop_front();
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        let Kind::Publish(publish) = &mut op.kind else {
            return;
        };
        let msgid = if publish.qos.level() == 0 {
            client.zero = Some(id);
            0
        } else {
            let command = crate::mqtt::line::PacketCommand::Publish;
            let Some(msgid) = client.take_id(command, id) else {
                return self.finish(id, Err(Error::state("no message id is free")));
            };
            client.in_flight += 1;
            msgid
        };
        op.msgid = Some(msgid);
        let line = publish.command(index, msgid);
        let data = publish.data();
        match line {
            Ok(line) => {
                op.steps.push_back(Step {
                    data: Some(data),
                    ..Step::new(line, Role::Act)
                });
                op.phase = Phase::Queued;
                self.queue.push_back(id);
            }
            Err(error) => self.finish(id, Err(error)),
        }
    }
}

/// Which clients live? Their settings are asked for once that is known.
fn discovery() -> [Step; 2] {
    let step = |line, role| Step::new(CommandLine::new(line), role);
    [
        step("AT+QMTOPEN?", Role::OpenQuery),
        step("AT+QMTCONN?", Role::ConnectQuery),
    ]
}
