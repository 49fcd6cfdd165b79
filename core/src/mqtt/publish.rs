//! `AT+QMTPUBEX`: publishing.

use super::{MAX_PAYLOAD, MAX_TOPIC, QoS};
use crate::error::{Error, Result};
use crate::wire::CommandLine;

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// Payload written as hexadecimal text (`send/mode` 1); set by the engine.
    pub(crate) hex: bool,
}

impl Publish {
    /// A message of at most 1500 bytes on a topic without quotation marks and control bytes.
    pub fn new(
        topic: impl Into<String>,
        payload: impl Into<Vec<u8>>,
        qos: QoS,
        retain: bool,
    ) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            qos,
            retain,
            hex: false,
        }
    }

    /// Everything that can be wrong with it, before anything is sent.
    pub(crate) fn check(&self, client: u8) -> Result<()> {
        let length = self.data_length();
        if length > MAX_PAYLOAD {
            return Err(Error::argument(
                "payload",
                format!("{length} bytes long"),
                format!(
                    "at most {MAX_PAYLOAD} bytes{}",
                    if self.hex { " as hexadecimal text" } else { "" }
                ),
            )
            .with_command("AT+QMTPUBEX"));
        }
        self.command(client, 1).map(drop)
    }

    fn data_length(&self) -> usize {
        if self.hex {
            2 * self.payload.len()
        } else {
            self.payload.len()
        }
    }

    /// What is written after the prompt.
    pub(crate) fn data(&self) -> Vec<u8> {
        if self.hex {
            crate::mqtt::receive::to_hex(&self.payload)
        } else {
            self.payload.clone()
        }
    }

    /// `AT+QMTPUBEX=client,msgid,qos,retain,"topic",length`.
    pub(crate) fn command(&self, client: u8, msgid: u16) -> Result<CommandLine> {
        Ok(CommandLine::new("AT+QMTPUBEX")
            .int(client)
            .int(msgid)
            .int(self.qos.level())
            .int(u8::from(self.retain))
            .text("topic", &self.topic, 1..=MAX_TOPIC)?
            .int(self.data_length() as i64))
    }
}
