//! `AT+QMTSUB` and `AT+QMTUNS`: subscriptions.

use super::{MAX_TOPIC, QoS};
use crate::error::{Error, Result};
use crate::wire::CommandLine;

/// What the broker made of one topic filter of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Granted {
    /// Subscribed; the QoS may be lower than the one asked for.
    QoS(QoS),
    /// Refused (SUBACK code 128).
    Refused,
    /// The module did not say: it printed fewer values than topics.
    Unknown,
}

impl Granted {
    pub(crate) fn from_value(value: Option<u8>) -> Self {
        match value {
            None => Self::Unknown,
            Some(value) => QoS::try_from(value).map_or(Self::Refused, Self::QoS),
        }
    }
}

fn check(topics: usize) -> Result<()> {
    if topics == 0 {
        return Err(Error::argument("topics", "empty", "at least one topic"));
    }
    Ok(())
}

/// `AT+QMTSUB=client,msgid,"topic",qos[,...]`; `msgid` is written by the engine.
pub(crate) fn subscribe(client: u8, msgid: u16, topics: &[(String, QoS)]) -> Result<CommandLine> {
    check(topics.len())?;
    let mut line = CommandLine::new("AT+QMTSUB").int(client).int(msgid);
    for (topic, qos) in topics {
        line = line.text("topic", topic, 1..=MAX_TOPIC)?.int(qos.level());
    }
    Ok(line)
}

/// `AT+QMTUNS=client,msgid,"topic"[,...]`.
pub(crate) fn unsubscribe(client: u8, msgid: u16, topics: &[String]) -> Result<CommandLine> {
    check(topics.len())?;
    let mut line = CommandLine::new("AT+QMTUNS").int(client).int(msgid);
    for topic in topics {
        line = line.text("topic", topic, 1..=MAX_TOPIC)?;
    }
    Ok(line)
}
