//! What clients published, kept for the test program to look at.

use std::collections::VecDeque;

/// How many publishes are remembered; the oldest are forgotten first.
pub const RECORD_LIMIT: usize = 10_000;

/// One message that a client published, or its will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Who published it. A client that connected without an identifier has the one the hub gave it.
    pub client_id: String,
    /// Topic name.
    pub topic: String,
    /// Payload bytes.
    pub payload: Vec<u8>,
    /// QoS 0..=2 it was published with.
    pub qos: u8,
    /// Retain flag it was published with.
    pub retain: bool,
    /// It is the client's will, published by the hub.
    pub will: bool,
}

/// The bounded record.
#[derive(Debug, Default)]
pub(super) struct Record {
    kept: VecDeque<Published>,
    forgotten: u64,
}

impl Record {
    pub(super) fn push(&mut self, published: Published) {
        if self.kept.len() == RECORD_LIMIT {
            self.kept.pop_front();
            self.forgotten += 1;
        }
        self.kept.push_back(published);
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Published> {
        self.kept.iter()
    }

    pub(super) fn take(&mut self) -> Vec<Published> {
        self.kept.drain(..).collect()
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::{Published, RECORD_LIMIT, Record};

    #[test]
    fn bounded_oldest_first() {
        let mut record = Record::default();
        for n in 0..RECORD_LIMIT + 2 {
            record.push(Published {
                client_id: "c".into(),
                topic: n.to_string(),
                payload: Vec::new(),
                qos: 0,
                retain: false,
                will: false,
            });
        }
        assert_eq!(record.iter().len(), RECORD_LIMIT);
        assert_eq!(record.iter().next().map(|p| p.topic.as_str()), Some("2"));
        assert_eq!(record.forgotten(), 2);
        assert_eq!(record.take().len(), RECORD_LIMIT);
        assert_eq!(record.take().len(), 0);
    }
}
