//! What programs ask of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use atmqtt::engine::{FileData, Request};
use atmqtt::mqtt::publish::Publish;
use atmqtt::wire::CommandLine;
use atmqtt::{ClientConfig, Connect, Delivery, Format, OneNet, PacketTimeout, QoS, Will};

use crate::input::Input;

/// How many kinds of calls there are.
pub(super) const KINDS: u8 = 12;

/// The payload of every will that needs a prompt: no string of a command can hold it.
pub(super) const WILL: &[u8] = b"\"gone\"\r\nAT+CSQ\r";

/// Commands of the program's own, some of which are answered with a secret.
pub(super) const COMMANDS: [&str; 8] = [
    "AT+CSQ",
    "AT+QICSGP=1",
    "AT+CGAUTH?",
    "AT+QMTCONN?",
    "AT+QMTRECV?",
    "AT+CSQ;+CREG?",
    "AT+QMTCFG=\"onenet\",0",
    "AT+QSSLCFG=\"psk\",0",
];

/// What was asked for, to compare with what comes of it.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Payloads by topic; each topic is published to once.
    pub(super) payloads: BTreeMap<String, Vec<u8>>,
    /// Topics of those with QoS 1 and 2.
    pub(super) assured: BTreeSet<String>,
    /// Files by name, the same.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) secret: String,
}

impl Book {
    pub(super) fn request(&mut self, kind: u8, input: &mut Input<'_>) -> Request {
        let client = [0, 1, 5][input.below(3)];
        match kind % KINDS {
            0 => Request::Command {
                line: CommandLine::new(COMMANDS[input.below(COMMANDS.len())]),
                data: None,
                deadline: seconds(input),
            },
            1 => {
                let data = input.bytes().to_vec();
                Request::Command {
                    line: CommandLine::new("AT+QISEND=0").int(data.len() as i64),
                    data: Some(data),
                    deadline: seconds(input),
                }
            }
            2 => self.upload(input),
            3 => Request::Download {
                line: CommandLine::new("AT+QFREAD").int(3000).int(input.byte()),
                deadline: seconds(input),
            },
            4 => Request::Configure {
                client,
                config: Box::new(self.config(input)),
            },
            5 => Request::Open {
                client,
                host: "broker".to_owned(),
                port: 1883,
                replace: input.flag(),
            },
            6 => Request::Adopt { client },
            7 => Request::Close { client },
            8 => {
                let connect = Connect::new(format!("id-{client}"));
                Request::Connect {
                    client,
                    connect: match input.flag() {
                        true => connect.credentials("me", self.secret.as_str()),
                        false => connect,
                    },
                }
            }
            9 => Request::Disconnect { client },
            10 => {
                let topics = (0..=input.small(3)).map(|n| format!("s/{n}"));
                match input.flag() {
                    true => Request::Unsubscribe {
                        client,
                        topics: topics.collect(),
                    },
                    false => Request::Subscribe {
                        client,
                        topics: topics.map(|topic| (topic, qos(input))).collect(),
                    },
                }
            }
            _ => self.publish(client, input),
        }
    }

    fn publish(&mut self, client: u8, input: &mut Input<'_>) -> Request {
        let topic = format!("p/{}", self.payloads.len());
        let (qos, retain) = (qos(input), input.flag());
        let payload = match input.small(4) {
            0 => Vec::new(),
            1 => b"\r\nAT+CFUN=1,1\r\n+QMTSTAT: 0,1\r\nOK\r\n".to_vec(),
            2 => vec![b'x'; 1500],
            _ => input.bytes().to_vec(),
        };
        self.payloads.insert(topic.clone(), payload.clone());
        if qos != QoS::AtMostOnce {
            self.assured.insert(topic.clone());
        }
        Request::Publish {
            client,
            publish: Publish::new(topic, payload, qos, retain),
        }
    }

    fn upload(&mut self, input: &mut Input<'_>) -> Request {
        let name = format!("f{}", self.files.len());
        let mut data = self.secret.clone().into_bytes();
        data.extend_from_slice(input.bytes());
        if input.flag() {
            data.resize(data.len() + 2000, b'\n');
        }
        let (limit, ack) = (input.small(20) + 1, input.flag());
        // A name of this form is never refused.
        let line = CommandLine::new("AT+QFUPL")
            .text("name", &name, 1..=80)
            .unwrap_or_else(|_| CommandLine::new("AT+QFUPL"))
            .int(data.len() as i64)
            .int(limit)
            .int(u8::from(ack));
        let request = Request::Upload {
            line,
            data: FileData::from(data.as_slice()),
            limit: Duration::from_secs(limit.into()),
            ack,
            deadline: seconds(input),
        };
        self.files.insert(name, data);
        request
    }

    fn config(&self, input: &mut Input<'_>) -> ClientConfig {
        let config = ClientConfig::new();
        match input.small(10) {
            0 => config.delivery(Delivery::Stored),
            1 => config.will(Will::new("w", WILL)),
            2 => config.will(Will::new("w", "gone")).edit_timeout(Some(3)),
            3 => config.edit_timeout(None),
            4 => config.data_format((Format::Text, Format::Hex)),
            5 => config.send_mode(Format::Hex),
            6 => config.view_mode(true),
            7 => config.one_net(OneNet {
                product_id: "id".to_owned(),
                access_key: self.secret.as_str().into(),
            }),
            8 => config.timeout(PacketTimeout {
                seconds: input.byte().max(1).into(),
                retries: input.small(11),
                notice: input.flag(),
            }),
            _ => config,
        }
    }
}

fn qos(input: &mut Input<'_>) -> QoS {
    QoS::try_from(input.small(3)).unwrap_or_default()
}

fn seconds(input: &mut Input<'_>) -> Duration {
    Duration::from_secs(u64::from(input.small(60)) + 1)
}
