//! `AT+QMTRECV` and `+QMTRECV`: received messages, at once or out of the module's store.

use std::borrow::Cow;
use std::fmt;

use crate::wire::{CommandLine, RawMessage};

/// A message from the broker.
///
/// One allocation holds topic and payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    client: u8,
    msgid: u16,
    generation: u32,
    topic_length: usize,
    data: Box<[u8]>,
}

impl Message {
    pub(crate) fn new(raw: RawMessage<'_>, generation: u32, hex: bool) -> Self {
        let payload = if hex {
            from_hex(raw.payload).map_or(Cow::Borrowed(raw.payload), Cow::Owned)
        } else {
            Cow::Borrowed(raw.payload)
        };
        let mut data = Vec::with_capacity(raw.topic.len() + payload.len());
        data.extend_from_slice(raw.topic);
        data.extend_from_slice(&payload);
        Self {
            client: raw.client,
            msgid: raw.msgid,
            generation,
            topic_length: raw.topic.len(),
            data: data.into_boxed_slice(),
        }
    }

    /// The client 0..=5 that received it.
    #[must_use]
    pub fn client(&self) -> u8 {
        self.client
    }

    /// The broker's packet id; 0 for QoS 0.
    #[must_use]
    pub fn msgid(&self) -> u16 {
        self.msgid
    }

    /// The connection it came over: counts up with every open of the client.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The topic. MQTT topics are UTF-8; should a hostile one not be, its bad bytes read as U+FFFD
    /// here and are whole in [`topic_bytes`](Self::topic_bytes).
    #[must_use]
    pub fn topic(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.topic_bytes())
    }

    /// The topic as it came.
    #[must_use]
    pub fn topic_bytes(&self) -> &[u8] {
        &self.data[..self.topic_length]
    }

    /// The payload: any bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.data[self.topic_length..]
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("client", &self.client)
            .field("msgid", &self.msgid)
            .field("topic", &self.topic())
            .field(
                "payload",
                &format_args!("\"{}\"", self.payload().escape_ascii()),
            )
            .finish()
    }
}

/// `AT+QMTRECV=client,slot`.
pub(crate) fn fetch(client: u8, slot: u8) -> CommandLine {
    CommandLine::new("AT+QMTRECV").int(client).int(slot)
}

/// `AT+QMTRECV=client`: every stored message, the oldest first (register A41).
pub(crate) fn fetch_all(client: u8) -> CommandLine {
    CommandLine::new("AT+QMTRECV").int(client)
}

/// `AT+QMTRECV?`.
pub(crate) fn slots() -> CommandLine {
    CommandLine::new("AT+QMTRECV?")
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

pub(crate) fn to_hex(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .collect()
}

/// `None` where the text is no hexadecimal: it is then delivered as it stands.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        assert_eq!(from_hex(b"0g"), None);
        assert_eq!(from_hex(b"0"), None);
        assert_eq!(from_hex(b"aF"), Some(vec![0xAF]));
    }
}
