//! Every operation of the library: what comes before it, how it is asked for, how long it may take.

use std::time::Duration;

use atmqtt::engine::{OpId, Outcome, Request};
use atmqtt::mqtt::publish::Publish;
use atmqtt::wire::CommandLine;
use atmqtt::{ClientConfig, Connect, Delivery, Error, ErrorKind, Granted, QoS, Will};

use crate::bench::{Bench, s};

/// A password that no error text may show.
pub(crate) const PASSWORD: &str = "hunter2-never-shown";
/// Of client 0, seconds.
const KEEPALIVE: u16 = 10;
/// What follows the name of a payload: all that would do harm if it were read as anything else.
const HARM: &str =
    "\rAT+QMTPUBEX=1,0,0,0,\"evil\",0\r\r\nOK\r\n> \r\n+QMTSTAT: 1,1\r\n+QMTCLOSE: 0,0\r\n";

/// A payload with this name, the same in both directions.
pub(crate) fn payload(name: &str) -> Vec<u8> {
    format!("{name}{HARM}").into_bytes()
}

/// The columns of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The dialogue after opening a port.
    Port,
    /// The same where a client lives, and its adoption.
    Adopt,
    /// One setting.
    Configure,
    /// A will that needs the prompt of `willex`.
    Willex,
    /// The settings in front of an open.
    Settings,
    /// The first open of a client.
    Open,
    /// An open after a disconnect.
    Reopen,
    /// An open in place of a connection: the close in front of it.
    Replace,
    Connect,
    Subscribe,
    Unsubscribe,
    Publish(QoS),
    /// A message that comes inline.
    Receive,
    /// A stored message that is noticed and fetched.
    Fetch,
    /// A stored message whose notice is lost: the slots are asked for.
    Slots,
    Disconnect,
    Close,
    /// Any other command.
    Command,
}

/// What became of it.
#[derive(Debug, Clone)]
pub(crate) enum Got {
    Done(Outcome),
    Failed(Error),
    /// A message did not come.
    Lost,
}

impl Operation {
    pub(crate) const ALL: [Self; 20] = [
        Self::Port,
        Self::Adopt,
        Self::Configure,
        Self::Willex,
        Self::Settings,
        Self::Open,
        Self::Reopen,
        Self::Replace,
        Self::Connect,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Publish(QoS::AtMostOnce),
        Self::Publish(QoS::AtLeastOnce),
        Self::Publish(QoS::ExactlyOnce),
        Self::Receive,
        Self::Fetch,
        Self::Slots,
        Self::Disconnect,
        Self::Close,
        Self::Command,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Adopt => "adopt",
            Self::Configure => "configure",
            Self::Willex => "willex",
            Self::Settings => "settings",
            Self::Open => "open",
            Self::Reopen => "reopen",
            Self::Replace => "replace",
            Self::Connect => "connect",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscr",
            Self::Publish(QoS::AtMostOnce) => "publish0",
            Self::Publish(QoS::AtLeastOnce) => "publish1",
            Self::Publish(QoS::ExactlyOnce) => "publish2",
            Self::Receive => "receive",
            Self::Fetch => "fetch",
            Self::Slots => "slots",
            Self::Disconnect => "disconn",
            Self::Close => "close",
            Self::Command => "command",
        }
    }

    /// The keys that bind a fault to the command of this operation.
    pub(crate) fn target(self) -> &'static str {
        match self {
            // By number: see `steps`.
            Self::Port | Self::Adopt => "",
            Self::Configure | Self::Willex | Self::Settings => "at=QMTCFG,client=0",
            Self::Open | Self::Reopen => "at=QMTOPEN,client=0",
            Self::Replace | Self::Close => "at=QMTCLOSE,client=0",
            Self::Connect => "at=QMTCONN,client=0",
            Self::Subscribe => "at=QMTSUB,client=0",
            Self::Unsubscribe => "at=QMTUNS,client=0",
            Self::Publish(_) => "at=QMTPUBEX,client=0",
            Self::Receive | Self::Fetch => "at=QMTRECV,client=0",
            // The query names no client.
            Self::Slots => "at=QMTRECV",
            Self::Disconnect => "at=QMTDISC,client=0",
            Self::Command => "at=CSQ",
        }
    }

    /// Its command lines, where a fault may meet one as well as another.
    pub(crate) fn steps(self) -> u32 {
        match self {
            Self::Port => 5,
            Self::Adopt => 10,
            _ => 1,
        }
    }

    pub(crate) fn is_dialogue(self) -> bool {
        matches!(self, Self::Port | Self::Adopt)
    }

    pub(crate) fn is_command(self) -> bool {
        self != Self::Receive
    }

    pub(crate) fn prompts(self) -> bool {
        matches!(self, Self::Willex | Self::Publish(_))
    }

    /// A result line follows its `OK`.
    pub(crate) fn has_result(self) -> bool {
        matches!(
            self,
            Self::Open
                | Self::Reopen
                | Self::Replace
                | Self::Connect
                | Self::Subscribe
                | Self::Unsubscribe
                | Self::Publish(_)
                | Self::Disconnect
                | Self::Close
        )
    }

    /// Lines of an answer come before its `OK`.
    pub(crate) fn has_answer(self) -> bool {
        matches!(
            self,
            Self::Port | Self::Adopt | Self::Fetch | Self::Slots | Self::Command
        )
    }

    /// A message is what it brings.
    pub(crate) fn receives(self) -> bool {
        matches!(self, Self::Receive | Self::Fetch | Self::Slots)
    }

    pub(crate) fn is_packet(self) -> bool {
        matches!(self, Self::Subscribe | Self::Unsubscribe | Self::Publish(_))
    }

    /// The longest it may take by the documentation, with nothing else on the line: 5 s for a final
    /// code, 5 + 10 + 1 s for a prompt, 2 s to get in step, and the result's own limit.
    pub(crate) fn bound(self) -> Duration {
        const IN_STEP: u64 = 2;
        const PROMPT: u64 = 5 + 10 + 1;
        s(match self {
            // Silence, two attempts with the patience between them, two checks, two queries.
            Self::Port => 3 + 2 + 11 + 2 + 2 * IN_STEP + 2 * 5,
            Self::Adopt => 3 + 2 + 11 + 2 + 2 * IN_STEP + 7 * 5,
            Self::Configure => 5,
            Self::Willex => PROMPT + 5,
            Self::Settings | Self::Open | Self::Reopen => 5 + IN_STEP + 5 + 125,
            Self::Replace => 5 + IN_STEP + 3 + 5 + 125,
            Self::Connect | Self::Subscribe | Self::Unsubscribe => 5 + 25,
            Self::Publish(_) => PROMPT + 5 + 25,
            Self::Receive => 3,
            // Two rounds of slot query and fetch, 5 s apart.
            Self::Fetch | Self::Slots => 2 * (5 + IN_STEP + 5 + 5),
            Self::Disconnect => 5 + 35,
            Self::Close => 5 + 35,
            Self::Command => 5,
        })
    }

    /// Brings client 0 to where it can be asked for.
    pub(crate) fn prepare(self, bench: &mut Bench) -> Result<(), String> {
        let stored = matches!(self, Self::Fetch | Self::Slots);
        match self {
            Self::Port | Self::Configure | Self::Settings | Self::Open => {}
            Self::Willex => configure(bench, ClientConfig::new().edit_timeout(Some(10)))?,
            Self::Connect => open(bench, 0)?,
            Self::Reopen => {
                open(bench, 0)?;
                connect(bench, 0)?;
                done(bench, Request::Disconnect { client: 0 })?;
            }
            _ => {
                let config = ClientConfig::new().keepalive(KEEPALIVE);
                let delivery = if stored {
                    Delivery::Stored
                } else {
                    Delivery::Inline
                };
                configure(bench, config.delivery(delivery))?;
                open(bench, 0)?;
                connect(bench, 0)?;
                done(bench, subscribe(0, "in"))?;
            }
        }
        if self == Self::Slots {
            bench.fault("lose-notice:client=0");
        }
        Ok(())
    }

    /// What a caller asks for; `None` = it is asked for in another way.
    fn request(self) -> Option<Request> {
        let client = 0;
        Some(match self {
            Self::Port | Self::Adopt | Self::Receive | Self::Fetch | Self::Slots => return None,
            Self::Configure => Request::Configure {
                client,
                config: Box::new(ClientConfig::new().keepalive(60)),
            },
            Self::Willex => Request::Configure {
                client,
                config: Box::new(ClientConfig::new().will(will())),
            },
            Self::Settings | Self::Open | Self::Reopen => open_request(client, false),
            Self::Replace => open_request(client, true),
            Self::Connect => connect_request(client),
            Self::Subscribe => subscribe(client, "more"),
            Self::Unsubscribe => Request::Unsubscribe {
                client,
                topics: vec!["in".to_owned()],
            },
            Self::Publish(qos) => publish(client, "tested", qos),
            Self::Disconnect => Request::Disconnect { client },
            Self::Close => Request::Close { client },
            Self::Command => csq(),
        })
    }

    /// Asks for it; an error is the library's refusal.
    pub(crate) fn begin(self, bench: &mut Bench) -> Result<Option<OpId>, Error> {
        match self {
            Self::Port | Self::Adopt => Ok(Some(bench.start())),
            Self::Receive | Self::Fetch | Self::Slots => {
                bench.publish("in", &payload("tested"), 1);
                Ok(None)
            }
            _ => match self.request() {
                Some(request) => bench.try_submit(request).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Waits for its end.
    pub(crate) fn finish(
        self,
        bench: &mut Bench,
        id: Option<OpId>,
        limit: Duration,
    ) -> Result<Got, String> {
        let Some(id) = id else {
            let came = |bench: &Bench| {
                let tested = |m: &atmqtt::Message| m.payload().starts_with(b"tested");
                bench.messages.iter().any(tested)
            };
            bench.run_until(bench.now + limit, |bench| bench.hung_up || came(bench));
            return Ok(match came(bench) {
                true => Got::Done(Outcome::Done),
                false => Got::Lost,
            });
        };
        let result = bench.wait(id, limit)?;
        if self == Self::Adopt && result.is_ok() {
            let adopted = bench.try_submit(Request::Adopt { client: 0 });
            return Ok(match adopted {
                Ok(id) => got(bench.wait(id, s(1))?),
                Err(error) => Got::Failed(error),
            });
        }
        Ok(got(result))
    }

    /// What it brings back where all went well.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Subscribe => Outcome::Granted(vec![Granted::QoS(QoS::AtLeastOnce)]),
            Self::Command => Outcome::Answer(vec![b"+CSQ: 28,99".to_vec()]),
            _ => Outcome::Done,
        }
    }
}

fn got(result: Result<Outcome, Error>) -> Got {
    match result {
        Ok(outcome) => Got::Done(outcome),
        Err(error) => Got::Failed(error),
    }
}

pub(crate) fn will_payload() -> Vec<u8> {
    payload("will")
}

fn will() -> Will {
    Will::new("will", will_payload())
}

pub(crate) fn csq() -> Request {
    Request::Command {
        line: CommandLine::new("AT+CSQ"),
        data: None,
        deadline: s(5),
    }
}

pub(crate) fn open_request(client: u8, replace: bool) -> Request {
    Request::Open {
        client,
        host: "broker.example".to_owned(),
        port: 1883,
        replace,
    }
}

pub(crate) fn connect_request(client: u8) -> Request {
    Request::Connect {
        client,
        connect: Connect::new(format!("client-{client}")).credentials("user", PASSWORD),
    }
}

pub(crate) fn subscribe(client: u8, topic: &str) -> Request {
    Request::Subscribe {
        client,
        topics: vec![(topic.to_owned(), QoS::AtLeastOnce)],
    }
}

pub(crate) fn publish(client: u8, name: &str, qos: QoS) -> Request {
    Request::Publish {
        client,
        publish: Publish::new(format!("out/{client}"), payload(name), qos, false),
    }
}

/// Asks, and fails unless it goes well within its time.
pub(crate) fn done(bench: &mut Bench, request: Request) -> Result<Outcome, String> {
    let text = format!("{request:?}");
    let id = bench.submit(request)?;
    // Another client's lost prompt may be in the way, and a check that came to nothing.
    let ended = bench.wait(id, s(16 + 2 + 35));
    match ended {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => Err(format!("{text}: {error}")),
        Err(error) => Err(format!("{text}: {error}")),
    }
}

fn configure(bench: &mut Bench, config: ClientConfig) -> Result<(), String> {
    let config = Box::new(config);
    done(bench, Request::Configure { client: 0, config }).map(drop)
}

pub(crate) fn open(bench: &mut Bench, client: u8) -> Result<(), String> {
    done(bench, open_request(client, false)).map(drop)
}

pub(crate) fn connect(bench: &mut Bench, client: u8) -> Result<(), String> {
    done(bench, connect_request(client)).map(drop)
}

/// Kinds that promise that the module has accepted nothing.
pub(crate) fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Timeout
            | ErrorKind::Disconnected
            | ErrorKind::ModuleError
            | ErrorKind::CmeError
            | ErrorKind::InvalidState
    )
}
