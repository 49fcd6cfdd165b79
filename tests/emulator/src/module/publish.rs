//! `AT+QMTPUBEX` (note 3.3.8).

use super::Module;
use super::client::{Flight, Phase, Step, WINDOW};
use super::data::{DataEntry, Purpose};
use super::params::{Failure, Params};
use super::run::{Done, Reply};
use crate::packet::{Packet, Publish};
use crate::profile::HexLength;

/// Longest input (note 3.3.8, second remark; A20).
const PAYLOAD_MAX: u32 = 1500;

/// What stands before the prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    msgid: u16,
    qos: u8,
    retain: bool,
    topic: String,
    hex: bool,
    /// Which connection it was meant for.
    opened: u32,
}

impl Module {
    pub(crate) fn qmtpubex_test(&mut self) -> Reply {
        let line = self.header("QMTPUBEX", self.profile.test_forms.pubex);
        self.info(line);
        Ok(Done::Ok)
    }

    /// `AT+QMTPUBEX=idx,msgid,qos,retain,"topic",length`, then the prompt (A50).
    pub(crate) fn qmtpubex(&mut self, params: &Params) -> Reply {
        params.count(6..=6)?;
        let index = params.client(0)?;
        let qos = params.small(2, 2)?;
        // 0 is for QoS 0 only, but QoS 0 may have another (A29).
        let msgid = params.word(1, u16::from(qos > 0))?;
        let retain = params.flag(3)?;
        let topic = params.text(4, 1..=65535)?;
        let length = params.int(5, 0..=PAYLOAD_MAX)? as usize;
        self.require_connected(index)?;
        let client = &self.clients[index];
        if client.flights.iter().filter(|f| f.is_publish()).count() >= WINDOW {
            return Err(Failure::Error);
        }
        let hex = client.config.hex_send;
        let want = match self.profile.hex_length {
            HexLength::Bytes if hex => length * 2,
            _ if hex && length % 2 != 0 => return Err(Failure::Error),
            _ => length,
        };
        let head = Head {
            msgid,
            qos,
            retain,
            topic,
            hex,
            opened: client.opened,
        };
        if want == 0 && !self.profile.empty_payload_prompt {
            return self.publish(index, head, b"");
        }
        let entry = DataEntry::new(index, Purpose::Publish(head), want);
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
            self.result("QMTPUBEX", index, &format!("{},0", head.msgid));
        } else {
            self.fly(index, head.msgid, Step::PubAck(publish));
        }
        Ok(Done::Ok)
    }

    pub(crate) fn published(&mut self, index: usize, flight: &Flight) {
        self.result("QMTPUBEX", index, &format!("{},0", flight.msgid));
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
