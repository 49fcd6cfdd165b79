//! The last retained message of each topic.

use super::filter::matches;
use crate::packet::Publish;
use std::collections::BTreeMap;

/// A message that the hub passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) qos: u8,
    pub(super) retain: bool,
}

impl From<Publish> for Message {
    fn from(publish: Publish) -> Self {
        Self {
            topic: publish.topic,
            payload: publish.payload,
            qos: publish.qos,
            retain: publish.retain,
        }
    }
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Retained {
    by_topic: BTreeMap<String, Message>,
}

impl Retained {
    /// Takes note of a message published with the retain flag: an empty payload clears its topic.
    pub(super) fn note(&mut self, message: &Message) {
        if message.payload.is_empty() {
            self.by_topic.remove(&message.topic);
        } else {
            self.by_topic.insert(message.topic.clone(), message.clone());
        }
    }

    /// The messages a new subscription to `filter` gets, by topic.
    pub(super) fn matching<'a>(&'a self, filter: &'a str) -> impl Iterator<Item = &'a Message> {
        self.by_topic
            .values()
            .filter(move |message| matches(filter, &message.topic))
    }

    pub(super) fn get(&self, topic: &str) -> Option<&[u8]> {
        self.by_topic
            .get(topic)
            .map(|message| message.payload.as_slice())
    }
}
