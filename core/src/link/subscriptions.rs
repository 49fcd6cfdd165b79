//! What a link is to be subscribed to, and how far that is. No I/O.

use crate::mqtt::QoS;
use crate::mqtt::subscribe::Granted;

/// Attempts in a row that fail before the connection is given up.
const TRIES: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Wanted,
    /// By this operation of the port.
    Underway(u64),
    /// Made, or refused by the broker.
    Answered,
}

#[derive(Debug)]
struct Subscription {
    topic: String,
    qos: QoS,
    stage: Stage,
    failures: u32,
}

/// What the end of a subscription came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subscribed {
    /// The broker has answered.
    Answered { topic: String, granted: Granted },
    /// It is wanted still.
    Again,
    /// It has failed too often on this connection.
    Hopeless,
}

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    wanted: Vec<Subscription>,
    /// Topics that are to be unsubscribed from.
    unwanted: Vec<String>,
}

impl Subscriptions {
    pub(super) fn new(topics: &[(String, QoS)]) -> Self {
        let mut subscriptions = Self::default();
        for (topic, qos) in topics {
            subscriptions.add(topic, *qos);
        }
        subscriptions
    }

    /// From now on; a topic that is there already is subscribed to again, with this QoS.
    pub(super) fn add(&mut self, topic: &str, qos: QoS) {
        self.unwanted.retain(|unwanted| unwanted != topic);
        self.wanted.retain(|wanted| wanted.topic != topic);
        self.wanted.push(Subscription {
            topic: topic.to_owned(),
            qos,
            stage: Stage::Wanted,
            failures: 0,
        });
    }

    /// No longer; whether it was there.
    pub(super) fn remove(&mut self, topic: &str) -> bool {
        let before = self.wanted.len();
        self.wanted.retain(|wanted| wanted.topic != topic);
        let was_there = self.wanted.len() < before;
        if was_there {
            self.unwanted.push(topic.to_owned());
        }
        was_there
    }

    /// A new connection: everything is to be made again, and nothing to be undone.
    pub(super) fn connected(&mut self) {
        self.unwanted.clear();
        for wanted in &mut self.wanted {
            wanted.stage = Stage::Wanted;
            wanted.failures = 0;
        }
    }

    /// The next one to make.
    pub(super) fn next(&self) -> Option<(String, QoS)> {
        let next = self
            .wanted
            .iter()
            .find(|wanted| wanted.stage == Stage::Wanted)?;
        Some((next.topic.clone(), next.qos))
    }

    pub(super) fn started(&mut self, topic: &str, operation: u64) {
        if let Some(wanted) = self.wanted.iter_mut().find(|wanted| wanted.topic == topic) {
            wanted.stage = Stage::Underway(operation);
        }
    }

    /// A topic to unsubscribe from.
    pub(super) fn next_unwanted(&mut self) -> Option<String> {
        self.unwanted.pop()
    }

    /// An operation has ended, with what the broker said if it did; `None` where it is of something else.
    pub(super) fn finished(
        &mut self,
        operation: u64,
        granted: Option<Granted>,
    ) -> Option<Subscribed> {
        let ended = self
            .wanted
            .iter_mut()
            .find(|wanted| wanted.stage == Stage::Underway(operation))?;
        Some(match granted {
            Some(granted) => {
                ended.stage = Stage::Answered;
                let topic = ended.topic.clone();
                Subscribed::Answered { topic, granted }
            }
            None => {
                ended.stage = Stage::Wanted;
                ended.failures += 1;
                if ended.failures < TRIES {
                    Subscribed::Again
                } else {
                    Subscribed::Hopeless
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_again_after_every_connect() {
        let mut all = Subscriptions::new(&[("a".to_owned(), QoS::AtLeastOnce)]);
        for operation in 1..4 {
            all.connected();
            assert_eq!(all.next(), Some(("a".to_owned(), QoS::AtLeastOnce)));
            all.started("a", operation);
            assert_eq!(all.next(), None);
            let granted = Granted::QoS(QoS::AtMostOnce);
            let topic = "a".to_owned();
            assert_eq!(
                all.finished(operation, Some(granted)),
                Some(Subscribed::Answered { topic, granted })
            );
            assert_eq!(all.finished(operation, None), None);
        }
    }

    #[test]
    fn what_fails_is_tried_again_and_then_given_up() {
        let mut all = Subscriptions::new(&[("a".to_owned(), QoS::AtLeastOnce)]);
        let mut ends = Vec::new();
        for operation in 0..3 {
            all.started(&all.next().unwrap().0, operation);
            ends.push(all.finished(operation, None).unwrap());
        }
        assert_eq!(
            ends,
            [Subscribed::Again, Subscribed::Again, Subscribed::Hopeless]
        );
    }

    #[test]
    fn removed_while_under_way() {
        let mut all = Subscriptions::new(&[("a".to_owned(), QoS::AtLeastOnce)]);
        all.started("a", 1);
        assert!(all.remove("a"));
        assert!(!all.remove("a"));
        assert_eq!(all.finished(1, Some(Granted::Unknown)), None);
        assert_eq!(all.next_unwanted(), Some("a".to_owned()));
        all.add("b", QoS::AtMostOnce);
        all.add("b", QoS::ExactlyOnce);
        assert_eq!(all.next(), Some(("b".to_owned(), QoS::ExactlyOnce)));
    }
}
