//! Random publishes, sendings, ends and commits against the plainest of models.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Admit(u8, bool),
    Commit(bool),
    /// Up to so many are given to the port.
    Send(usize),
    /// One of those under way ends like this.
    End(usize, How),
    GoDown,
    /// The program lets go of the handle of a message.
    Forget(usize),
    /// It wants an event for one.
    Report(usize),
    /// It sees to every event that is there.
    See,
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Done,
    Fails(ErrorKind),
}

fn how() -> impl Strategy<Value = How> {
    use ErrorKind::{
        CmeError, Disconnected, InvalidArgument, ModuleError, OperationFailed, PortLost, Timeout,
        Unconfirmed,
    };
    prop_oneof![
        3 => Just(How::Done),
        1 => prop::sample::select(vec![
            Disconnected, Timeout, Unconfirmed, OperationFailed, PortLost, ModuleError, CmeError,
            InvalidArgument,
        ]).prop_map(How::Fails),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, any::<bool>()).prop_map(|(qos, up)| Step::Admit(qos, up)),
        2 => prop::bool::weighted(0.9).prop_map(Step::Commit),
        3 => (1..7_usize).prop_map(Step::Send),
        4 => (0..6_usize, how()).prop_map(|(n, how)| Step::End(n, how)),
        1 => Just(Step::GoDown),
        2 => (0..6_usize).prop_map(Step::Forget),
        1 => (0..6_usize).prop_map(Step::Report),
        1 => Just(Step::See),
        1 => Just(Step::Restart),
    ]
}

/// What is on disk: numbers, and whether they were handed over.
type Disk = BTreeMap<u64, (Publish, bool)>;

struct Model {
    outgoing: Outgoing,
    limits: QueueLimits,
    when_unconfirmed: WhenUnconfirmed,
    durable: bool,
    disk: Disk,
    completions: BTreeMap<u64, (QoS, Arc<Completion>)>,
    /// What the program holds.
    handles: BTreeMap<u64, Arc<AtomicU32>>,
    /// Failures that are told as events, and the places of those that are there.
    events: BTreeMap<u64, Option<u64>>,
    /// The last place, and that up to which the program has seen to them.
    place: u64,
    seen: u64,
    /// Since the last commit, as many failures were untold as there may be.
    was_full: bool,
    /// Ever given to the module.
    sent: BTreeSet<u64>,
    /// Given to the module, with an end that leaves open whether it arrived.
    doubtful: BTreeSet<u64>,
    /// Removals that the disk has not taken yet.
    removes: Vec<u64>,
    /// Had ended when the program was killed, which the disk did not know yet.
    stale: BTreeSet<u64>,
    underway: Vec<(u64, u64)>,
    operations: u64,
    /// Of QoS 0, which does not wait for the disk, and of the others.
    first_sendings: [Vec<u64>; 2],
}

/// An end that a program must not miss.
fn is_failure(end: &Result<Outcome>) -> bool {
    end.as_ref()
        .is_err_and(|error| error.kind() != ErrorKind::QueueFull)
}

impl Model {
    fn new(limits: QueueLimits, when_unconfirmed: WhenUnconfirmed, durable: bool) -> Self {
        Self {
            outgoing: Outgoing::new(limits, when_unconfirmed, durable, 1),
            limits,
            when_unconfirmed,
            durable,
            disk: Disk::new(),
            completions: BTreeMap::new(),
            handles: BTreeMap::new(),
            events: BTreeMap::new(),
            place: 0,
            seen: 0,
            was_full: false,
            sent: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            removes: Vec::new(),
            stale: BTreeSet::new(),
            underway: Vec::new(),
            operations: 0,
            first_sendings: [Vec::new(), Vec::new()],
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Admit(qos, up) => self.admit(QoS::try_from(qos).unwrap(), up),
            Step::Commit(works) => self.commit(works),
            Step::Send(count) => self.send(count),
            Step::End(which, how) => self.end(which, how),
            Step::GoDown => self.go_down(),
            Step::Forget(which) => {
                if let Some(number) = self.held(which) {
                    self.handles.remove(&number);
                }
            }
            Step::Report(which) => self.report(which),
            Step::See => self.seen = self.place,
            Step::Restart => self.restart(),
        }
        self.tell();
        self.was_full |= self.outgoing.untold.len() >= self.limits.messages;
        let (messages, bytes) = self.outgoing.waiting();
        assert!(messages <= self.limits.messages && bytes <= self.limits.bytes);
        let entries = self.outgoing.entries.values();
        assert_eq!(bytes, entries.map(Entry::size).sum::<usize>());
    }

    fn admit(&mut self, qos: QoS, up: bool) {
        let publish = Publish::new("topic", vec![b'x'; 100], qos, false);
        match self.outgoing.admit(&publish, up) {
            Ok(Some(admitted)) => {
                assert!(up || qos != QoS::AtMostOnce);
                let earlier = self.completions.keys().next_back();
                assert!(earlier.is_none_or(|&earlier| earlier < admitted.number));
                self.completions
                    .insert(admitted.number, (qos, admitted.completion));
                self.handles.insert(admitted.number, admitted.sendings);
            }
            Ok(None) => assert_eq!(self.limits.when_full, WhenFull::Block),
            Err(error) => match error.kind() {
                ErrorKind::Disconnected => assert!(!up && qos == QoS::AtMostOnce),
                ErrorKind::QueueFull => assert_ne!(self.limits.when_full, WhenFull::Block),
                other => panic!("{other}"),
            },
        }
    }

    fn held(&self, which: usize) -> Option<u64> {
        let numbers: Vec<_> = self.handles.keys().copied().collect();
        let which = which.checked_rem(numbers.len())?;
        Some(numbers[which])
    }

    fn report(&mut self, which: usize) {
        let Some(number) = self.held(which) else {
            return;
        };
        if self.outgoing.report(number) {
            self.events.entry(number).or_default();
        } else if self.completions[&number].1.is_done() {
            self.event(number);
        }
    }

    fn event(&mut self, number: u64) {
        self.place += 1;
        self.outgoing.told_by(number, self.place);
        self.events.insert(number, Some(self.place));
    }

    fn tell(&mut self) {
        for (number, result) in self.outgoing.take_ended() {
            self.event(number);
            if !is_failure(&result) {
                self.events.remove(&number);
            }
        }
    }

    /// The program has not been told of a failure yet, for all that is known.
    fn is_owed(&self, number: u64) -> bool {
        let failed = match self.completions.get(&number) {
            Some((_, completion)) => completion.outcome().is_some_and(|end| is_failure(&end)),
            // Of an earlier run.
            None => self.events.contains_key(&number),
        };
        failed
            && match self.events.get(&number) {
                Some(place) => place.is_none_or(|place| place > self.seen),
                None => self.handles.contains_key(&number),
            }
    }

    fn commit(&mut self, works: bool) {
        if !self.durable {
            return;
        }
        self.tell();
        let Uncommitted { puts, removes } = self.outgoing.take_uncommitted(self.seen);
        let full = std::mem::take(&mut self.was_full);
        for &number in &removes {
            assert!(full || !self.is_owed(number), "{number} has not been told");
        }
        self.removes.extend(removes);
        let result = if works {
            for number in std::mem::take(&mut self.removes) {
                assert!(
                    self.disk.remove(&number).is_some(),
                    "{number} was not there"
                );
            }
            for (number, publish) in &puts {
                let before = self.disk.insert(*number, (publish.clone(), false));
                assert!(before.is_none(), "{number} was there already");
            }
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Storage, "the disk is full"))
        };
        self.outgoing.committed(&puts, &result);
        for (number, _) in puts {
            let outcome = self.completions[&number].1.outcome();
            match outcome {
                None => assert!(works),
                Some(Err(error)) => assert!(!works && error.kind() == ErrorKind::Storage),
                Some(Ok(_)) => panic!("{number} has not been sent"),
            }
        }
    }

    fn send(&mut self, count: usize) {
        let marks = self.outgoing.to_be_marked(count);
        for number in &marks {
            self.disk.get_mut(number).expect("it is on disk").1 = true;
        }
        self.outgoing.marked(&marks);
        for _ in 0..count {
            let Some((number, publish)) = self.outgoing.next() else {
                return;
            };
            let lane = usize::from(publish.qos != QoS::AtMostOnce);
            let reported =
                publish.qos == QoS::ExactlyOnce && self.when_unconfirmed == WhenUnconfirmed::Report;
            if self.durable && publish.qos != QoS::AtMostOnce {
                let (_, handed) = self.disk[&number];
                assert_eq!(handed, reported, "{number}");
            }
            self.operations += 1;
            self.outgoing.started(number, self.operations);
            self.underway.push((self.operations, number));
            if self.stale.contains(&number) {
                self.sent.insert(number);
            } else if self.sent.insert(number) {
                self.first_sendings[lane].push(number);
            } else if reported {
                assert!(
                    !self.doubtful.contains(&number),
                    "{number} may arrive twice"
                );
            }
        }
    }

    fn end(&mut self, which: usize, how: How) {
        if self.underway.is_empty() {
            return;
        }
        let (operation, number) = self.underway.remove(which % self.underway.len());
        let result = match how {
            How::Done => Ok(Outcome::Done),
            How::Fails(kind) => Err(Error::new(kind, "")),
        };
        if let How::Fails(
            ErrorKind::Unconfirmed | ErrorKind::OperationFailed | ErrorKind::PortLost,
        ) = how
        {
            self.doubtful.insert(number);
        }
        let sent = self.outgoing.finished(operation, result);
        assert_eq!(self.outgoing.finished(operation, Ok(Outcome::Done)), None);
        let ended = self.completions.get(&number).map(|(qos, completion)| {
            let qos = *qos;
            (qos, completion.outcome())
        });
        match (sent.expect("it was under way"), ended) {
            // Of an earlier run.
            (_, None) => {}
            (Sent::Ended, Some((qos, Some(Err(error))))) => match error.kind() {
                ErrorKind::Unconfirmed => assert_ne!(qos, QoS::AtLeastOnce),
                ErrorKind::Disconnected | ErrorKind::Timeout => assert_eq!(qos, QoS::AtMostOnce),
                ErrorKind::ModuleError | ErrorKind::CmeError | ErrorKind::InvalidArgument => {}
                other => panic!("{other}"),
            },
            (Sent::Ended, Some((_, Some(Ok(_))))) => assert!(matches!(how, How::Done)),
            (Sent::Again | Sent::Refused, Some((qos, None))) => {
                assert_ne!(qos, QoS::AtMostOnce);
            }
            (sent, ended) => panic!("{sent:?} {ended:?}"),
        }
    }

    fn go_down(&mut self) {
        while let Some(&(_, _)) = self.underway.first() {
            self.end(0, How::Fails(ErrorKind::Disconnected));
        }
        self.outgoing.went_down("down");
        let volatile = self
            .outgoing
            .entries
            .values()
            .filter(|entry| entry.publish.qos == QoS::AtMostOnce)
            .count();
        assert_eq!(volatile, 0);
    }

    /// The program is killed, and another one finds what is on disk.
    fn restart(&mut self) {
        if !self.durable {
            return;
        }
        let ended = |number: &&u64| !self.outgoing.entries.contains_key(number);
        self.stale.extend(self.disk.keys().filter(ended));
        let next = self.outgoing.next_number;
        self.outgoing = Outgoing::new(self.limits, self.when_unconfirmed, true, next);
        self.removes.clear();
        self.underway.clear();
        self.completions.clear();
        self.handles.clear();
        self.events.clear();
        for (&number, (publish, handed)) in &self.disk {
            self.outgoing.restore(number, publish.clone(), *handed);
        }
        for (number, result) in self.outgoing.take_ended() {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unconfirmed);
            assert!(self.disk[&number].1);
            self.event(number);
        }
        // What was accepted more than fits now is kept all the same.
        self.limits.messages = self.limits.messages.max(self.outgoing.entries.len());
        self.limits.bytes = self.limits.bytes.max(self.outgoing.bytes);
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(
        steps in prop::collection::vec(step(), 1..200),
        messages in 1..20_usize,
        when_full in prop::sample::select(vec![
            WhenFull::Block, WhenFull::Refuse, WhenFull::DropOldest,
        ]),
        resend in any::<bool>(),
        durable in any::<bool>(),
    ) {
        let when_unconfirmed = if resend {
            WhenUnconfirmed::Resend
        } else {
            WhenUnconfirmed::Report
        };
        let limits = QueueLimits { messages, when_full, ..QueueLimits::default() };
        let mut model = Model::new(limits, when_unconfirmed, durable);
        for step in &steps {
            model.step(step);
        }
        // In the end everything is sent, and every wait ends.
        model.commit(true);
        for _ in 0..10_000 {
            if model.outgoing.waiting().0 == 0 {
                break;
            }
            model.send(6);
            model.end(0, How::Done);
        }
        prop_assert_eq!(model.outgoing.waiting(), (0, 0));
        for (number, (_, completion)) in &model.completions {
            prop_assert!(completion.is_done(), "{}", number);
        }
        model.handles.clear();
        model.seen = u64::MAX;
        model.commit(true);
        prop_assert!(model.disk.is_empty());
        for lane in &model.first_sendings {
            prop_assert!(lane.is_sorted(), "{:?}", lane);
        }
    }
}

#[test]
fn closing_ends_every_wait_and_keeps_what_is_on_disk() {
    let mut outgoing = Outgoing::new(QueueLimits::default(), WhenUnconfirmed::default(), true, 1);
    let publish = Publish::new("topic", "x", QoS::AtLeastOnce, false);
    let first = outgoing.admit(&publish, false).unwrap().unwrap();
    let written = outgoing.take_uncommitted(0);
    outgoing.committed(&written.puts, &Ok(()));
    let second = outgoing.admit(&publish, false).unwrap().unwrap();
    outgoing.close();
    for (admitted, text) in [(first, "the next link"), (second, "is unknown")] {
        let error = admitted.completion.outcome().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(!outgoing.is_untidy());
    let refused = outgoing.admit(&publish, true).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Closed);
}
