//! The lines that the MQTT function prints: results, states and URCs, by their name and parameters.

use crate::wire::{Field, Fields};

/// One `+QMT...` line, or a line that ends what MQTT clients do.
///
/// Some shapes mean two things (`+QMTCONN: 0,1` is a result or a state, register A35; `+QMTRECV`
/// has three shapes, A4 and A5): what they are is for the engine to say, which knows the command
/// that is waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `+QMTOPEN: client,result`, -1..=5.
    Open { client: u8, result: i32 },
    /// `+QMTCLOSE: client,result`, -1 or 0.
    Close { client: u8, result: i32 },
    /// `+QMTCONN: client,result[,return code]`, or `client,state` in the answer to `AT+QMTCONN?`.
    Connect {
        client: u8,
        result: i32,
        code: Option<i32>,
    },
    /// `+QMTDISC: client,result`, -1 or 0.
    Disconnect { client: u8, result: i32 },
    /// `+QMTSUB`, `+QMTUNS`, `+QMTPUBEX` (and `+QMTPUB`, with which some firmware answers PUBEX).
    Packet {
        command: PacketCommand,
        client: u8,
        msgid: u16,
        result: i32,
        values: Vec<u8>,
    },
    /// `+QMTSTAT: client,code`: the client is closed.
    Stat { client: u8, code: i32 },
    /// `+QMTPING: client,result`: the ping failed, the client is closed (A15).
    Ping { client: u8 },
    /// `+QMTRECV: client,slot[,length]`: a message waits in the store (A42).
    Stored {
        client: u8,
        slot: u8,
        length: Option<u32>,
    },
    /// `+QMTRECV: client,s0,s1,s2,s3,s4`, the answer to `AT+QMTRECV?`.
    Slots { client: u8, full: [bool; 5] },
    /// `+QMTRECV: client,id,topic,payload` with nothing quoted, as old GSM modules print it.
    Unquoted {
        client: u8,
        msgid: u16,
        topic: &'a [u8],
        payload: &'a [u8],
    },
    /// `RDY`: the module has restarted.
    Ready,
    /// `+QIURC: "pdpdeact",context`: the network dropped the PDP context.
    PdpDeactivated { context: u8 },
}

/// The commands whose results carry a message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PacketCommand {
    Subscribe,
    Unsubscribe,
    Publish,
}

impl PacketCommand {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Subscribe => "AT+QMTSUB",
            Self::Unsubscribe => "AT+QMTUNS",
            Self::Publish => "AT+QMTPUBEX",
        }
    }
}

impl<'a> Line<'a> {
    /// Reads a line; `None` where it is none of these or does not have their shape.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        if line == b"RDY" {
            return Some(Self::Ready);
        }
        if !line.starts_with(b"+Q") {
            return None;
        }
        let (name, mut fields) = Fields::of_line(line)?;
        if name == b"+QIURC" {
            return (fields.text()? == b"pdpdeact")
                .then(|| fields.int())
                .flatten()
                .map(|context| Self::PdpDeactivated { context });
        }
        let name = name.strip_prefix(b"+QMT")?;
        let client = fields.int::<u8>().filter(|&c| c < super::CLIENTS)?;
        match name {
            b"OPEN" => result(fields).map(|result| Self::Open { client, result }),
            b"CLOSE" => result(fields).map(|result| Self::Close { client, result }),
            b"DISC" => result(fields).map(|result| Self::Disconnect { client, result }),
            b"STAT" => result(fields).map(|code| Self::Stat { client, code }),
            b"PING" => result(fields).map(|_| Self::Ping { client }),
            b"CONN" => {
                let result = fields.int()?;
                let code = match fields.next() {
                    None => None,
                    Some(field) => Some(i32::try_from(field.int()?).ok()?),
                };
                fields.is_at_end().then_some(Self::Connect {
                    client,
                    result,
                    code,
                })
            }
            b"SUB" => packet(PacketCommand::Subscribe, client, fields),
            b"UNS" => packet(PacketCommand::Unsubscribe, client, fields),
            b"PUBEX" | b"PUB" => packet(PacketCommand::Publish, client, fields),
            b"RECV" => received(client, fields),
            _ => None,
        }
    }

    /// The client that the line is about.
    pub(crate) fn client(&self) -> Option<u8> {
        match *self {
            Self::Open { client, .. }
            | Self::Close { client, .. }
            | Self::Connect { client, .. }
            | Self::Disconnect { client, .. }
            | Self::Packet { client, .. }
            | Self::Stat { client, .. }
            | Self::Ping { client }
            | Self::Stored { client, .. }
            | Self::Slots { client, .. }
            | Self::Unquoted { client, .. } => Some(client),
            Self::Ready | Self::PdpDeactivated { .. } => None,
        }
    }
}

/// A single number at the end of the line: the answers to test and read forms have more or others.
fn result(mut fields: Fields<'_>) -> Option<i32> {
    let result = fields.int()?;
    fields.is_at_end().then_some(result)
}

fn packet<'a>(command: PacketCommand, client: u8, mut fields: Fields<'a>) -> Option<Line<'a>> {
    let (msgid, result) = (fields.int()?, fields.int()?);
    let values = fields
        .map(|field| field.int().and_then(|v| u8::try_from(v).ok()))
        .collect::<Option<_>>()?;
    Some(Line::Packet {
        command,
        client,
        msgid,
        result,
        values,
    })
}

fn received(client: u8, mut fields: Fields<'_>) -> Option<Line<'_>> {
    let id = fields.int::<u16>()?;
    let unquoted = fields.rest();
    let mut numbers = [0_i64; 4];
    let mut count = 0;
    for field in fields {
        match field {
            Field::Int(value) if count < numbers.len() => numbers[count] = value,
            _ => {
                let rest = unquoted?;
                let comma = memchr::memchr(b',', rest)?;
                return (rest[0] != b'"').then_some(Line::Unquoted {
                    client,
                    msgid: id,
                    topic: &rest[..comma],
                    payload: &rest[comma + 1..],
                });
            }
        }
        count += 1;
    }
    match count {
        0 | 1 => Some(Line::Stored {
            client,
            slot: u8::try_from(id).ok().filter(|&s| s < 5)?,
            length: (count == 1)
                .then(|| u32::try_from(numbers[0]).ok())
                .flatten(),
        }),
        4 => {
            let [a, b, c, d] = numbers;
            Some(Line::Slots {
                client,
                full: [i64::from(id), a, b, c, d].map(|flag| flag != 0),
            })
        }
        _ => {
            let rest = unquoted?;
            let comma = memchr::memchr(b',', rest)?;
            Some(Line::Unquoted {
                client,
                msgid: id,
                topic: &rest[..comma],
                payload: &rest[comma + 1..],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Line<'_>> {
        Line::parse(line.as_bytes())
    }

    #[test]
    fn results() {
        let client = 0;
        assert_eq!(
            parse("+QMTOPEN: 0,-1"),
            Some(Line::Open { client, result: -1 })
        );
        assert_eq!(
            parse("+QMTOPEN:0,-1"),
            Some(Line::Open { client, result: -1 })
        );
        assert_eq!(
            parse("+QMTCONN: 0,0,5"),
            Some(Line::Connect {
                client,
                result: 0,
                code: Some(5)
            })
        );
        assert_eq!(
            parse("+QMTCONN: 0,0"),
            Some(Line::Connect {
                client,
                result: 0,
                code: None
            })
        );
        assert_eq!(
            parse("+QMTSUB: 0,7,0,1,128"),
            Some(Line::Packet {
                command: PacketCommand::Subscribe,
                client,
                msgid: 7,
                result: 0,
                values: vec![1, 128]
            })
        );
        assert_eq!(
            parse("+QMTPUB: 0,9,1,2"),
            Some(Line::Packet {
                command: PacketCommand::Publish,
                client,
                msgid: 9,
                result: 1,
                values: vec![2]
            })
        );
        assert_eq!(
            parse("+QMTSTAT: 1,1"),
            Some(Line::Stat { client: 1, code: 1 })
        );
        assert_eq!(parse("+QMTPING: 5,1"), Some(Line::Ping { client: 5 }));
        assert_eq!(parse("RDY"), Some(Line::Ready));
        assert_eq!(
            parse("+QIURC: \"pdpdeact\",1"),
            Some(Line::PdpDeactivated { context: 1 })
        );
    }

    #[test]
    fn answers_to_other_forms_are_no_results() {
        for line in [
            "+QMTOPEN: (0-5),\"hostname\",(1-65535)",
            "+QMTOPEN: 0,\"broker.example\",1883",
            "+QMTCONN: (0-5),\"clientid\",\"username\",\"password\"",
            "+QMTCLOSE: (0-5)",
            "+QMTSUB: (0-5),<msgid>,list of [\"topic\",qos]",
            "+QMTPUBEX: (0-5), <msgid>,(0-2),(0,1),\"topic\",\"length\"",
            "+QMTCFG: \"ssl\",0",
            "+QMTSTAT: 6,1",
            "+QMTSTAT: 0,1,2",
            "+QIURC: \"recv\",1",
            "OK",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn three_shapes_of_recv() {
        assert_eq!(
            parse("+QMTRECV: 0,3"),
            Some(Line::Stored {
                client: 0,
                slot: 3,
                length: None
            })
        );
        assert_eq!(
            parse("+QMTRECV: 0,3,30"),
            Some(Line::Stored {
                client: 0,
                slot: 3,
                length: Some(30)
            })
        );
        assert_eq!(parse("+QMTRECV: 0,7"), None);
        assert_eq!(
            parse("+QMTRECV: 0,1,0,0,0,1"),
            Some(Line::Slots {
                client: 0,
                full: [true, false, false, false, true]
            })
        );
        assert_eq!(
            parse("+QMTRECV: 0,1,test,M95 Hello, World"),
            Some(Line::Unquoted {
                client: 0,
                msgid: 1,
                topic: b"test",
                payload: b"M95 Hello, World"
            })
        );
    }
}
