//! `AT+QMTPUBEX` (note 3.3.8), and `AT+QMTPUB` of the sister families.

use super::Module;
use super::client::{Flight, Phase, Step, WINDOW};
use super::data::{DataEntry, Purpose, Until};
use super::params::{Failure, Params};
use super::run::{Done, Reply};
use crate::packet::{Packet, Publish};
use crate::profile::{HexLength, PublishForms};

/// Where the payload comes from.
enum Message {
    /// It stood in the line.
    Here(Vec<u8>),
    /// So many bytes behind a prompt.
    Counted(usize),
    /// What is typed behind a prompt before Ctrl+Z.
    Variable,
}

/// What stands before the payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    command: &'static str,
    msgid: u16,
    qos: u8,
    retain: bool,
    topic: String,
    hex: bool,
    /// Which connection it was meant for.
    opened: u32,
}

impl Module {
    pub(crate) fn qmtpub_test(&mut self) -> Reply {
        let profile = &self.profile;
        self.publish_test("QMTPUB", profile.qmtpub, profile.test_forms.publish)
    }

    pub(crate) fn qmtpubex_test(&mut self) -> Reply {
        let profile = &self.profile;
        self.publish_test("QMTPUBEX", profile.qmtpubex, profile.test_forms.pubex)
    }

    fn publish_test(&mut self, command: &str, forms: PublishForms, line: &str) -> Reply {
        if !forms.any() {
            return Err(Failure::Error);
        }
        let line = self.header(command, line);
        self.info(line);
        Ok(Done::Ok)
    }

    /// `AT+QMTPUB`, the publish command of the sister families.
    pub(crate) fn qmtpub(&mut self, params: &Params) -> Reply {
        self.publish_command("QMTPUB", self.profile.qmtpub, params)
    }

    /// `AT+QMTPUBEX=idx,msgid,qos,retain,"topic",length`, then the prompt (A50).
    pub(crate) fn qmtpubex(&mut self, params: &Params) -> Reply {
        self.publish_command("QMTPUBEX", self.profile.qmtpubex, params)
    }

    fn publish_command(
        &mut self,
        command: &'static str,
        forms: PublishForms,
        params: &Params,
    ) -> Reply {
        params.count(5..=6)?;
        let index = params.client(0)?;
        let qos = params.small(2, 2)?;
        // 0 is for QoS 0 only, but QoS 0 may have another (A29).
        let msgid = params.word(1, u16::from(qos > 0))?;
        let retain = params.flag(3)?;
        let topic = params.text(4, 1..=65535)?;
        let limits = self.profile.limits;
        let (min, max) = (limits.payload_min, limits.payload_max);
        let message = match (params.message(), params.len()) {
            (Some(message), 5) if forms.inline && message.len() <= max as usize => {
                Message::Here(message.to_vec())
            }
            (None, 6) if forms.counted => Message::Counted(params.int(5, min..=max)? as usize),
            (None, 5) if forms.variable => Message::Variable,
            _ => return Err(Failure::Error),
        };
        self.require_connected(index)?;
        let client = &self.clients[index];
        if client.flights.iter().filter(|f| f.is_publish()).count() >= WINDOW {
            return Err(Failure::Error);
        }
        let head = Head {
            command,
            msgid,
            qos,
            retain,
            topic,
            hex: client.config.hex_send,
            opened: client.opened,
        };
        let until = match message {
            Message::Here(message) => return self.publish(index, head, &message),
            Message::Variable => Until::CtrlZ { max: max as usize },
            Message::Counted(length) => Until::Count(match self.profile.hex_length {
                HexLength::Bytes if head.hex => length * 2,
                _ if head.hex && length % 2 != 0 => return Err(Failure::Error),
                _ => length,
            }),
        };
        if until == Until::Count(0) && !self.profile.empty_payload_prompt {
            return self.publish(index, head, b"");
        }
        let entry = DataEntry::new(index, Purpose::Publish(head), until);
        Ok(Done::Data(entry))
    }

    /// The payload is complete: to the broker with it, and `OK`.
    pub(crate) fn publish(&mut self, index: usize, head: Head, typed: &[u8]) -> Reply {
        let payload = if head.hex {
            from_hex(typed).ok_or(Failure::Error)?
        } else {
            typed.to_vec()
        };
        let client = &self.clients[index];
        if client.phase != Phase::Connected || client.opened != head.opened {
            return Err(Failure::Error);
        }
        let publish = Publish {
            id: 0,
            topic: head.topic,
            payload,
            qos: head.qos,
            retain: head.retain,
            dup: false,
        };
        if head.qos == 0 {
            self.send(index, Packet::Publish(publish));
            self.result(head.command, index, &format!("{},0", head.msgid));
        } else {
            self.fly(index, head.command, head.msgid, Step::PubAck(publish));
        }
        Ok(Done::Ok)
    }

    pub(crate) fn published(&mut self, index: usize, flight: &Flight) {
        self.result(flight.command, index, &format!("{},0", flight.msgid));
    }
}

/// Bytes from hexadecimal digits; `None` if there is anything else.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.chunks(2)
        .map(|pair| {
            let [high, low] = pair else { return None };
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::from_hex;

    #[test]
    fn hexadecimal() {
        assert_eq!(from_hex(b"00fFa1"), Some(vec![0, 0xFF, 0xA1]));
        assert_eq!(from_hex(b"0"), None);
        assert_eq!(from_hex(b"0g"), None);
        assert_eq!(from_hex(b"+1"), None);
    }
}
