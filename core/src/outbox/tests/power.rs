//! Power loss at every moment of a realistic run.

use super::super::{Change, Durable, Store as _};
use super::disk::{Disk, Image, Loss, Power, Random, Step};
use super::model::{Model, State, open_sound, put, state_of};

/// Small enough that the run makes a file that is replaced by a smaller one.
const SMALL: u64 = 1_500_000;

/// The states between the commits of a run; the run notes each on the disk.
struct Run {
    disk: Disk,
    states: Vec<State>,
    /// Above every number that was used up to each state.
    next: Vec<u64>,
}

impl Run {
    /// Messages come and go; then many come while nothing goes; then all go.
    fn new(seed: u64) -> Self {
        let mut run = Self {
            disk: Disk::default(),
            states: Vec::new(),
            next: Vec::new(),
        };
        let (mut outbox, _) = open_sound(&run.disk, SMALL);
        let mut model = Model::new();
        let mut random = Random(seed);
        run.note(&model);
        for _ in 0..25 {
            run.mixed(&mut outbox, &mut model, &mut random);
        }
        for _ in 0..20 {
            let puts: Vec<_> = (model.next..).take(50).map(|n| put(n, 1500)).collect();
            run.commit(&mut outbox, &mut model, &puts);
        }
        while let Some(&last) = model.state.keys().next_back() {
            let first = *model.state.keys().next().unwrap();
            let some: Vec<_> = (first..=last.min(first + 63)).collect();
            let committed = model.remove_later(&some);
            outbox.remove_later(&some).unwrap();
            if committed {
                run.note(&model);
            } else {
                run.commit(&mut outbox, &mut model, &[]);
            }
        }
        for _ in 0..10 {
            run.mixed(&mut outbox, &mut model, &mut random);
        }
        drop(outbox);
        model.commit(&[]);
        run.note(&model);
        run
    }

    fn mixed(&mut self, outbox: &mut Durable, model: &mut Model, random: &mut Random) {
        let mut changes: Vec<_> = (model.next..)
            .take(random.within(0..6))
            .map(|number| put(number, random.within(0..1500)))
            .collect();
        for _ in 0..random.within(0..3) {
            changes.extend(model.pick(random).map(Change::Handed));
        }
        let some: Vec<_> = (0..random.within(0..5))
            .filter_map(|_| model.pick(random))
            .collect();
        outbox.remove_later(&some).unwrap();
        if model.remove_later(&some) {
            self.note(model);
        }
        self.commit(outbox, model, &changes);
    }

    fn commit(&mut self, outbox: &mut Durable, model: &mut Model, changes: &[Change]) {
        outbox.commit(changes).unwrap();
        model.commit(changes);
        self.note(model);
    }

    fn note(&mut self, model: &Model) {
        self.disk.note(self.states.len());
        self.states.push(model.state.clone());
        self.next.push(model.next);
    }

    /// The image opens to what was last committed, or to the commit that was under way.
    fn check(&self, committed: Option<usize>, image: Image, context: &str) -> Disk {
        let disk = Disk::new(image);
        let (_, opened) = disk.open(SMALL).unwrap();
        assert_eq!((opened.damaged, &opened.set_aside), (0, &None), "{context}");
        let state = state_of(&opened);
        let Some(committed) = committed else {
            assert!(state.is_empty(), "{context}");
            return disk;
        };
        let next = (committed + 1).min(self.states.len() - 1);
        let index = (committed..=next).find(|&index| state == self.states[index]);
        let Some(index) = index else {
            panic!("{context}: {:?}", state.keys());
        };
        assert!(opened.next_number >= self.next[index], "{context}");
        disk
    }
}

/// Cuts the power after every step: in five ways where something is synced or renamed, in one (or, to the
/// `full`, in five) in between.
fn power_goes(full: bool) {
    let run = Run::new(1);
    let log = run.disk.log();
    let count = |which: fn(&Step) -> bool| log.iter().filter(|step| which(step)).count();
    let syncs = count(|step| matches!(step, Step::Sync(_)));
    let renames = count(|step| matches!(step, Step::Rename(..)));
    assert!(renames >= 2, "the run has not made the file smaller");
    let mut power = Power::new(&run.disk.base());
    let (mut committed, mut images) = (None, 0);
    for (steps, step) in log.iter().enumerate() {
        let seeds = (0..3).map(|seed| Loss::Some(seed << 32 | steps as u64));
        let losses = seeds.chain([Loss::Nothing, Loss::Everything]);
        let written = matches!(step, Step::Write(..) | Step::SetLen(..));
        for loss in losses.take(if full || !written { 5 } else { 1 }) {
            let context = format!("{steps} steps, {loss:?}, commit {committed:?}");
            run.check(committed, power.goes(loss), &context);
            images += 1;
        }
        power.step(step);
        if let Step::Note(index) = step {
            committed = Some(*index);
        }
    }
    println!(
        "{} steps, {syncs} syncs, {renames} renames, {} commits, {images} images",
        log.len(),
        run.states.len()
    );
}

#[test]
fn nothing_is_lost_whenever_the_power_goes() {
    power_goes(false);
}

#[test]
#[ignore = "minutes"]
fn nothing_is_lost_whenever_and_however_the_power_goes() {
    power_goes(true);
}

#[test]
fn nothing_is_lost_when_the_power_goes_again_while_opening() {
    let run = Run::new(2);
    let log = run.disk.log();
    let mut random = Random(3);
    for _ in 0..40 {
        let steps = random.within(0..log.len());
        let committed = log[..steps].iter().rev().find_map(|step| match step {
            Step::Note(index) => Some(*index),
            _ => None,
        });
        let context = format!("{steps} steps, commit {committed:?}");
        let mut image = run.disk.after_power_loss(steps, Loss::Some(random.next()));
        for _ in 0..4 {
            let disk = run.check(committed, image, &context);
            let opening = random.within(0..disk.steps() + 1);
            image = disk.after_power_loss(opening, Loss::Some(random.next()));
        }
        run.check(committed, image, &context);
    }
}
