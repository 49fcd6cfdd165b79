//! A plain model of an outbox, random use of both, and that they agree.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::{Change, Durable, Kept, Opened, SMALL, Store as _, WAITING};
use super::disk::{Disk, Random};
use crate::QoS;
use crate::mqtt::publish::Publish;

/// What is kept, by number.
pub(super) type State = BTreeMap<u64, Kept>;

/// What an outbox should do.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) state: State,
    pub(super) waiting: BTreeSet<u64>,
    pub(super) next: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            state: State::new(),
            waiting: BTreeSet::new(),
            next: 1,
        }
    }

    pub(super) fn commit(&mut self, changes: &[Change]) {
        for number in std::mem::take(&mut self.waiting) {
            self.state.remove(&number);
        }
        for change in changes {
            match change.clone() {
                Change::Put { number, publish } => {
                    self.next = self.next.max(number + 1);
                    let kept = Kept {
                        number,
                        publish,
                        handed: false,
                    };
                    self.state.insert(number, kept);
                }
                Change::Handed(number) => {
                    if let Some(kept) = self.state.get_mut(&number) {
                        kept.handed = true;
                    }
                }
            }
        }
    }

    /// Whether that was a commit.
    pub(super) fn remove_later(&mut self, numbers: &[u64]) -> bool {
        let known = numbers.iter().filter(|n| self.state.contains_key(n));
        self.waiting.extend(known);
        let full = self.waiting.len() >= WAITING;
        if full {
            self.commit(&[]);
        }
        full
    }

    /// A number that is kept and not about to go.
    pub(super) fn pick(&self, random: &mut Random) -> Option<u64> {
        let there: Vec<_> = self
            .state
            .keys()
            .filter(|n| !self.waiting.contains(n))
            .collect();
        (!there.is_empty()).then(|| *there[random.within(0..there.len())])
    }
}

/// A message that differs from others of other numbers.
pub(super) fn message(number: u64, length: usize) -> Publish {
    let mut payload = format!("{number}:").into_bytes();
    payload.resize(length.max(payload.len()), number as u8);
    let qos = if number % 2 == 0 {
        QoS::ExactlyOnce
    } else {
        QoS::AtLeastOnce
    };
    Publish::new(
        format!("devices/{}/data", number % 7),
        payload,
        qos,
        number % 5 == 0,
    )
}

pub(super) fn put(number: u64, length: usize) -> Change {
    Change::Put {
        number,
        publish: message(number, length),
    }
}

pub(super) fn state_of(opened: &Opened) -> State {
    assert!(opened.kept.is_sorted_by_key(|kept| kept.number));
    let kept = opened.kept.iter().cloned();
    kept.map(|kept| (kept.number, kept)).collect()
}

/// Opens what should be sound.
pub(super) fn open_sound(disk: &Disk, small: u64) -> (Durable, Opened) {
    let (outbox, opened) = disk.open(small).unwrap();
    assert_eq!((opened.damaged, &opened.set_aside), (0, &None));
    (outbox, opened)
}

#[derive(Debug, Clone)]
enum Act {
    Put(Vec<usize>),
    Handed(Index),
    RemoveLater(Vec<Index>),
    Flush,
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::collection::vec(0..1500_usize, 1..6).prop_map(Act::Put),
        2 => any::<Index>().prop_map(Act::Handed),
        3 => prop::collection::vec(any::<Index>(), 1..8).prop_map(Act::RemoveLater),
        2 => Just(Act::Flush),
        1 => Just(Act::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn an_outbox_is_a_map_that_outlives_its_process(acts in prop::collection::vec(act(), 1..60)) {
        let disk = Disk::default();
        let (mut outbox, opened) = open_sound(&disk, SMALL);
        prop_assert!(opened.kept.is_empty());
        prop_assert_eq!(opened.next_number, 1);
        let mut model = Model::new();
        for act in acts {
            let numbers: Vec<_> = model.state.keys().copied().collect();
            let pick = |index: &Index| *index.get(&numbers);
            let mut commit = |model: &mut Model, changes: &[Change]| {
                outbox.commit(changes).unwrap();
                model.commit(changes);
            };
            match act {
                Act::Put(lengths) => {
                    let numbers = model.next..;
                    let puts: Vec<_> = numbers.zip(lengths).map(|(n, length)| put(n, length)).collect();
                    commit(&mut model, &puts);
                }
                Act::Handed(index) if !numbers.is_empty() => {
                    commit(&mut model, &[Change::Handed(pick(&index))]);
                }
                Act::RemoveLater(indexes) if !numbers.is_empty() => {
                    let numbers: Vec<_> = indexes.iter().map(pick).collect();
                    outbox.remove_later(&numbers).unwrap();
                    model.remove_later(&numbers);
                }
                Act::Reopen => {
                    drop(outbox);
                    model.commit(&[]);
                    let opened;
                    (outbox, opened) = open_sound(&disk, SMALL);
                    prop_assert_eq!(&state_of(&opened), &model.state);
                    prop_assert!(opened.next_number >= model.next);
                    model.next = opened.next_number;
                }
                _ => {
                    outbox.flush().unwrap();
                    model.commit(&[]);
                }
            }
        }
        // As after a kill: without the end.
        let killed = Disk::new(disk.now());
        prop_assert_eq!(state_of(&open_sound(&killed, SMALL).1), model.state);
    }
}

#[test]
fn a_message_whose_removal_waits_may_be_put_again() {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    outbox.commit(&[put(1, 10), put(2, 10)]).unwrap();
    outbox.remove_later(&[1, 99]).unwrap();
    outbox.commit(&[put(1, 20)]).unwrap();
    drop(outbox);
    let (_, opened) = open_sound(&disk, SMALL);
    assert_eq!(opened.kept.len(), 2);
    assert_eq!(opened.kept[0].publish, message(1, 20));
}

#[test]
fn removals_wait_but_not_without_end() {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    let puts: Vec<_> = (1..=100).map(|number| put(number, 10)).collect();
    outbox.commit(&puts).unwrap();
    let before = disk.steps();
    for number in 1..WAITING as u64 {
        outbox.remove_later(&[number]).unwrap();
    }
    assert_eq!(disk.steps(), before);
    outbox.remove_later(&[WAITING as u64]).unwrap();
    assert!(disk.steps() > before);
    let killed = Disk::new(disk.now());
    assert_eq!(open_sound(&killed, SMALL).1.kept.len(), 100 - WAITING);
}

#[test]
fn nothing_is_written_where_there_is_nothing_to_write() {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    let before = disk.steps();
    outbox.commit(&[]).unwrap();
    outbox.flush().unwrap();
    outbox.remove_later(&[1, 2]).unwrap();
    drop(outbox);
    assert_eq!(disk.steps(), before);
}

#[test]
fn a_refused_message_changes_nothing() {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    let long = Change::Put {
        number: 2,
        publish: Publish::new("t", vec![0; 1501], QoS::AtLeastOnce, false),
    };
    for bad in [long, put(0, 10)] {
        let error = outbox.commit(&[put(1, 10), bad]).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
    }
    outbox.commit(&[put(3, 10)]).unwrap();
    drop(outbox);
    let (_, opened) = open_sound(&disk, SMALL);
    assert_eq!(
        opened
            .kept
            .iter()
            .map(|kept| kept.number)
            .collect::<Vec<_>>(),
        [3]
    );
}
