//! Disks that fail or are full.

use std::io;

use super::super::{Change, SMALL, Store as _};
use super::disk::{Disk, Image, Loss, Random, Step};
use super::model::{Model, open_sound, put, state_of};
use crate::ErrorKind;

/// Small enough that an outbox of a few messages is made anew.
const SMALLER: u64 = 1_500_000;

/// An outbox with many messages.
fn full() -> (Image, Model) {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALLER);
    let mut model = Model::new();
    let puts: Vec<_> = (1..=400).map(|number| put(number, 1500)).collect();
    outbox.commit(&puts).unwrap();
    model.commit(&puts);
    drop(outbox);
    (disk.now(), model)
}

/// Commits while one step fails, repeats what has failed, and looks whether everything is there at the end.
/// Whether a commit has failed.
fn fails_at(steps: usize, kind: io::ErrorKind, lasts: bool, full: &(Image, Model)) -> bool {
    let (image, mut model) = full.clone();
    let disk = Disk::new(image);
    let (mut outbox, opened) = open_sound(&disk, SMALLER);
    model.next = opened.next_number;
    let mut random = Random(7);
    let mut gone: Vec<_> = (1..=395).collect();
    disk.fail_after(steps, kind, lasts);
    let mut failed = false;
    for round in 0..4 {
        if round % 2 == 1 {
            gone.extend(model.pick(&mut random));
        }
        // Many are written at once, and what that fails at comes with the next commit.
        failed |= outbox.remove_later(&gone).is_err();
        model.remove_later(&gone);
        gone.clear();
        let numbers = (model.next..).take(5);
        let mut changes: Vec<_> = numbers.map(|number| put(number, 300)).collect();
        changes.extend(model.pick(&mut random).map(Change::Handed));
        let mut tries = 0;
        while let Err(error) = outbox.commit(&changes) {
            failed = true;
            assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
            assert!(error.to_string().contains("/disk/box"), "{error}");
            tries += 1;
            // While it lasts it goes on failing, and changes nothing.
            if tries == 3 || !lasts {
                disk.mend();
            }
            assert!(tries < 6, "{steps}: {error}");
        }
        model.commit(&changes);
    }
    disk.mend();
    let context = format!("{steps} steps, {kind}, lasting {lasts}");
    // The process is killed, or the power goes.
    for loss in [Loss::Everything, Loss::Nothing, Loss::Some(steps as u64)] {
        let image = disk.after_power_loss(disk.steps(), loss);
        let opened = open_sound(&Disk::new(image), SMALL).1;
        assert!(state_of(&opened) == model.state, "{context}, {loss:?}");
    }
    failed
}

#[test]
fn a_commit_that_fails_changes_nothing_and_can_be_repeated() {
    let full = full();
    for (kind, lasts) in [
        (io::ErrorKind::Other, false),
        (io::ErrorKind::StorageFull, true),
    ] {
        let (mut failures, mut since) = (0, 0);
        for steps in 0.. {
            let failed = fails_at(steps, kind, lasts, &full);
            failures += usize::from(failed);
            // What fails while making the file smaller does not matter.
            since = if failed { 0 } else { since + 1 };
            if since > 100 {
                break;
            }
        }
        println!("{kind}, lasting {lasts}: {failures} commits failed");
        assert!(failures > 20);
    }
}

#[test]
fn what_has_failed_is_not_there_later() {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    outbox.commit(&[put(1, 10)]).unwrap();
    // The sync at the end of the commit: everything has been written, and may be read back.
    let before = disk.steps();
    outbox.commit(&[put(2, 10)]).unwrap();
    let sync = disk.log()[before..]
        .iter()
        .position(|step| matches!(step, Step::Sync(_)));
    disk.fail_after(sync.unwrap(), io::ErrorKind::Other, false);
    outbox.commit(&[put(3, 10)]).unwrap_err();
    outbox.commit(&[put(4, 10)]).unwrap();
    let image = disk.after_power_loss(disk.steps(), Loss::Nothing);
    let opened = open_sound(&Disk::new(image), SMALL).1;
    let numbers: Vec<_> = opened.kept.iter().map(|kept| kept.number).collect();
    assert_eq!(numbers, [1, 2, 4]);
}

#[test]
fn an_outbox_that_cannot_be_made_leaves_nothing_behind() {
    for steps in 0.. {
        let disk = Disk::default();
        disk.fail_after(steps, io::ErrorKind::StorageFull, false);
        let result = disk.open(SMALL);
        let reached = disk.mend();
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Storage);
            assert!(error.to_string().contains("no storage space"), "{error}");
            let (mut outbox, opened) = open_sound(&disk, SMALL);
            assert!(opened.kept.is_empty());
            outbox.commit(&[put(1, 10)]).unwrap();
        }
        if !reached {
            assert!(steps > 5);
            break;
        }
    }
}
