//! What was accepted, what arrived, and whether it is as promised.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::broker::Line;

/// A message, by what it says of itself.
type Key = (String, u64);

/// What became of a message, as far as its host said.
#[derive(Debug, Default, Clone)]
struct Page {
    accepted: bool,
    /// The number that the link gave it.
    number: u64,
    /// How many times the module was given it, where its end was told.
    sendings: Option<u32>,
    /// Told to be unconfirmed.
    unconfirmed: bool,
    /// Told to have failed, and why.
    failed: Option<String>,
    /// Its end was told, or the host of that time was killed before.
    cut_off: bool,
    /// The host of that time was killed, and the disk may not have known yet that it had ended.
    may_come_back: bool,
    /// The broker's message id of each arrival.
    arrivals: Vec<Option<u16>>,
}

/// The books of one link.
#[derive(Debug)]
pub(crate) struct Books {
    name: String,
    /// Messages of QoS 2 may arrive twice.
    resends: bool,
    pages: HashMap<Key, Page>,
    /// Numbers of the link, of messages whose end has not been told.
    by_number: HashMap<u64, Key>,
    /// In the order of first arrival.
    order: BTreeMap<String, Vec<u64>>,
    highest: u64,
    /// Messages of earlier runs that were told to be unconfirmed before their line was read.
    pub(crate) refused: u64,
    /// Messages that the broker gave to the reader of the books again.
    given_again: u64,
    /// What arrived and is no message of a host.
    strange: u64,
}

impl Books {
    pub(crate) fn new(name: &str, resends: bool) -> Self {
        Self {
            name: name.to_owned(),
            resends,
            pages: HashMap::new(),
            by_number: HashMap::new(),
            order: BTreeMap::new(),
            highest: 0,
            refused: 0,
            given_again: 0,
            strange: 0,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// More than the number of any message so far.
    pub(crate) fn next_number(&self) -> u64 {
        // A message that was about to be published when its host was killed has a number, too.
        self.highest + 1000
    }

    /// A line of the host; whether it was one about a message.
    pub(crate) fn host_says(&mut self, line: &str) -> bool {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["R", number, ..] => {
                if let Some(page) = self.earlier(number) {
                    page.unconfirmed = true;
                }
                true
            }
            ["r", number] => {
                self.earlier(number);
                true
            }
            [letter @ ("A" | "D" | "U" | "F"), topic, number, rest] => {
                let key = (topic.to_owned(), number.parse().expect("a number"));
                self.highest = self.highest.max(key.1);
                let page = self.pages.entry(key.clone()).or_default();
                match letter {
                    "A" => {
                        page.accepted = true;
                        page.number = rest.parse().expect("a number");
                        self.by_number.insert(page.number, key);
                    }
                    "D" => page.sendings = rest.parse().ok(),
                    "U" => page.unconfirmed = true,
                    _ => page.failed = Some(rest.to_owned()),
                }
                true
            }
            ["E", ..] => {
                self.refused += 1;
                true
            }
            _ => false,
        }
    }

    fn earlier(&mut self, number: &str) -> Option<&mut Page> {
        let key = self.by_number.get(&number.parse().ok()?)?;
        self.pages.get_mut(key)
    }

    /// The host was killed: what it had not told the end of, nobody can.
    pub(crate) fn host_killed(&mut self) {
        for page in self.pages.values_mut() {
            page.cut_off |= page.sendings.is_none();
            page.may_come_back = true;
        }
    }

    pub(crate) fn arrived(&mut self, line: &Line) {
        let Some(number) = line.number else {
            self.strange += 1;
            return;
        };
        let key = (line.topic.clone(), number);
        let page = self.pages.entry(key).or_default();
        // A broker that restarts before it has the acknowledgement gives the same message again, by the same id.
        // What was published twice has two ids.
        if line.id.is_some() && page.arrivals.contains(&line.id) {
            self.given_again += 1;
            return;
        }
        page.arrivals.push(line.id);
        if page.arrivals.len() == 1 {
            let order = self.order.entry(line.topic.clone()).or_default();
            order.push(number);
        }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.pages.values().filter(|page| page.accepted).count()
    }

    /// Whether everything that was accepted has arrived or was reported.
    pub(crate) fn is_settled(&self) -> bool {
        self.pages.values().all(|page| {
            !page.accepted || !page.arrivals.is_empty() || page.unconfirmed || page.failed.is_some()
        })
    }

    /// What is not as promised.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for ((topic, number), page) in &self.pages {
            let about = format!("{topic} {number} (of the link: {})", page.number);
            let is_2 = topic.ends_with("q2");
            if page.accepted
                && page.arrivals.is_empty()
                && !page.unconfirmed
                && page.failed.is_none()
            {
                faults.push(format!("{about} was accepted, and is lost"));
            }
            if page.unconfirmed && (!is_2 || self.resends) {
                faults.push(format!(
                    "{about} was reported unconfirmed and should have been sent again"
                ));
            }
            if page.sendings.is_some() && page.arrivals.is_empty() {
                faults.push(format!("{about} was said to be delivered, and was not"));
            }
            if is_2 && !self.resends && page.arrivals.len() > 1 {
                faults.push(format!("{about} arrived by the ids {:?}", page.arrivals));
            }
            // At QoS 1 the module itself may send it again.
            if is_2 && page.sendings == Some(1) && !page.may_come_back && page.arrivals.len() > 1 {
                faults.push(format!(
                    "{about} was sent once and arrived by the ids {:?}",
                    page.arrivals
                ));
            }
        }
        // At QoS 2 a message arrives at the end of its handshake, which a lost packet puts off for seconds: there the
        // order of arrival is not that of sending.
        let at_1 = self.order.iter().filter(|(topic, _)| topic.ends_with("q1"));
        for (topic, order) in at_1 {
            let mut highest = 0;
            for &number in order {
                let page = &self.pages[&(topic.clone(), number)];
                // One that had to be sent again may have been overtaken.
                let again = page.sendings != Some(1) || page.cut_off;
                if number < highest && !again {
                    faults.push(format!("{topic} {number} arrived after {highest}"));
                }
                highest = highest.max(number);
            }
        }
        faults.sort();
        faults
    }

    pub(crate) fn report(&self) -> Value {
        let count = |f: &dyn Fn(&Page) -> bool| self.pages.values().filter(|page| f(page)).count();
        let again = |qos: &str| {
            self.pages
                .iter()
                .filter(|((topic, _), page)| topic.ends_with(qos) && page.arrivals.len() > 1)
                .count()
        };
        let mut failures: BTreeMap<&str, u64> = BTreeMap::new();
        for page in self.pages.values() {
            if let Some(text) = &page.failed {
                *failures.entry(text).or_default() += 1;
            }
        }
        json!({
            "link": self.name,
            "accepted": self.accepted(),
            "arrived": count(&|page| !page.arrivals.is_empty()),
            "lost": count(&|page| page.accepted && page.arrivals.is_empty() && !page.unconfirmed
                && page.failed.is_none()),
            "reported_unconfirmed": count(&|page| page.unconfirmed),
            "reported_failed": count(&|page| page.failed.is_some()),
            "failures": failures,
            "not_accepted": self.refused,
            "sent_again": count(&|page| page.sendings.is_some_and(|times| times > 1)),
            "given_again_by_the_broker": self.given_again,
            "no_message_of_a_host": self.strange,
            "duplicates_qos1": again("q1"),
            "duplicates_qos2": again("q2"),
        })
    }
}
