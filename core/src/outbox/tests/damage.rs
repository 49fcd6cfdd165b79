//! Damaged files, and files of other kinds.

use std::path::Path;

use super::super::{Change, SMALL, Store as _};
use super::disk::{Disk, Image, NAME, Random};
use super::model::{Model, State, message, open_sound, put, state_of};
use crate::{ErrorKind, QoS};

/// An outbox that has been in use, and what is in it.
fn used() -> (Image, Model) {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    let mut model = Model::new();
    for round in 1..=6 {
        let mut changes: Vec<_> = (model.next..)
            .take(4)
            .map(|n| put(n, 100 * round))
            .collect();
        changes.push(Change::Handed(model.next));
        let gone = [2 * round as u64];
        outbox.remove_later(&gone).unwrap();
        model.remove_later(&gone);
        outbox.commit(&changes).unwrap();
        model.commit(&changes);
    }
    drop(outbox);
    (disk.now(), model)
}

/// What a damaged image opens to is true and, where not all of it is there, damage was noticed.
/// The number of messages that were lost.
fn check(image: Image, model: &Model, context: &str) -> usize {
    let disk = Disk::new(image);
    let (outbox, opened) = disk
        .open(SMALL)
        .unwrap_or_else(|e| panic!("{context}: {e}"));
    let state = state_of(&opened);
    let noticed = opened.damaged > 0 || opened.set_aside.is_some();
    assert!(
        noticed || state == model.state,
        "{context}: damage was not noticed"
    );
    for (number, kept) in &state {
        // Removed ones may come back out of a damaged file.
        assert_eq!(
            kept.publish,
            message(*number, kept.publish.payload.len()),
            "{context}"
        );
        if let Some(before) = model.state.get(number) {
            assert_eq!(kept.publish, before.publish, "{context}");
            assert!(kept.handed >= before.handed, "{context}");
        }
        if opened.set_aside.is_some() {
            assert!(
                kept.handed || kept.publish.qos == QoS::AtLeastOnce,
                "{context}"
            );
        }
        assert!(opened.next_number > *number, "{context}");
    }
    // And from here on it is as any other.
    drop(outbox);
    let (_, opened) = open_sound(&disk, SMALL);
    assert!(state_of(&opened) == state, "{context}");
    let lost = model
        .state
        .keys()
        .filter(|number| !state.contains_key(number));
    lost.count()
}

/// Flips a bit of one byte in so many, of those that are in use.
fn flip(stride: usize) {
    let (image, model) = used();
    let mut random = Random(5);
    let file = image.file(NAME);
    // redb fills the head of its region when it makes a file, and does not look at it again.
    let region = u32::from_le_bytes(file[2 * 4096 + 16..][..4].try_into().unwrap());
    let unused = 3..3 + region as usize;
    let (mut flips, mut lost) = (0, 0);
    for page in 0..file.len() / 4096 {
        let blank = file[4096 * page..][..4096].iter().all(|&byte| byte == 0);
        let stride = match blank || unused.contains(&page) {
            true => 4096,
            false => stride,
        };
        for offset in (random.within(0..stride)..4096).step_by(stride) {
            let offset = 4096 * page + offset;
            let mut image = image.clone();
            let bit = 1 << random.within(0..8);
            image.file_mut(NAME)[offset] ^= bit;
            let gone = check(image, &model, &format!("byte {offset}, bit {bit:#x}"));
            assert!(gone <= 1, "byte {offset}: {gone} messages were lost");
            lost += gone;
            flips += 1;
        }
    }
    println!("{flips} flips; {lost} cost a message, and were told");
}

#[test]
fn a_flipped_bit_is_noticed_and_costs_one_message_at_most() {
    flip(61);
}

#[test]
#[ignore = "every byte: minutes"]
fn a_flipped_bit_is_noticed_in_every_byte() {
    flip(1);
}

#[test]
fn pages_that_are_gone_or_overwritten_are_noticed() {
    let (image, model) = used();
    let length = image.file(NAME).len();
    let mut random = Random(6);
    for page in (0..length).step_by(4096) {
        if image.file(NAME)[page..][..4096]
            .iter()
            .all(|&byte| byte == 0)
        {
            continue;
        }
        for fill in 0..3 {
            let mut image = image.clone();
            for byte in &mut image.file_mut(NAME)[page..page + 4096] {
                *byte = [0, 0xFF, random.next() as u8][fill];
            }
            check(image, &model, &format!("page at {page}, fill {fill}"));
        }
        // One page in the place of another.
        let other = 4096 * random.within(0..length / 4096);
        let mut image = image.clone();
        image.file_mut(NAME).copy_within(other..other + 4096, page);
        check(image, &model, &format!("page {page} from {other}"));
    }
}

#[test]
fn a_file_that_was_cut_short_is_noticed() {
    let (image, model) = used();
    let length = image.file(NAME).len();
    let mut random = Random(8);
    let random = (0..150).map(|_| random.within(1..length));
    for length in (1..40).map(|n| n * 1000).chain(random).chain([length - 1]) {
        let mut image = image.clone();
        image.file_mut(NAME).truncate(length);
        // Shorter than its own name, it could be anything.
        if length >= 20 {
            check(image, &model, &format!("{length} bytes"));
        }
    }
}

#[test]
fn damage_in_many_places_is_survived() {
    let (image, model) = used();
    let mut random = Random(9);
    for round in 0..150 {
        let mut image = image.clone();
        let file = image.file_mut(NAME);
        for _ in 0..1 << random.within(0..12) {
            // Most of what is in use is at the start and after the first region header.
            let offset = random.within(0..file.len());
            file[offset] = random.next() as u8;
        }
        let pages: Vec<_> = (0..file.len() / 4096)
            .filter(|page| file[4096 * page..][..4096].iter().any(|&byte| byte != 0))
            .collect();
        for _ in 0..random.within(0..20) {
            let page = pages[random.within(0..pages.len())];
            file[4096 * page + random.within(0..4096)] = random.next() as u8;
        }
        if let Err(error) = Disk::new(image.clone()).open(SMALL) {
            // Nothing tells any more that it was an outbox.
            assert_eq!(error.kind(), ErrorKind::InvalidState, "round {round}");
        } else {
            check(image, &model, &format!("round {round}"));
        }
    }
}

#[test]
fn a_damaged_file_is_kept_under_a_name_of_its_own() {
    let (mut image, model) = used();
    let mut asides = Vec::new();
    for number in 1..=3 {
        image.file_mut(NAME)[4] ^= 1;
        let damaged = image.file(NAME).clone();
        let disk = Disk::new(image);
        let (outbox, opened) = disk.open(SMALL).unwrap();
        drop(outbox);
        let name = format!("box.damaged-{number}");
        assert_eq!(opened.set_aside.unwrap(), Path::new("/disk").join(&name));
        let found: Vec<_> = opened.kept.iter().map(|kept| kept.number).collect();
        assert!(model.state.keys().all(|number| found.contains(number)));
        asides.push((name, damaged));
        image = disk.now();
        for (name, bytes) in &asides {
            assert!(image.file(name) == bytes, "{name}");
        }
    }
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let redb = Disk::default();
    redb.foreign_database();
    let mut later = used().0;
    let file = later.file_mut(NAME);
    file[14] = 2;
    let sum = crc32fast::hash(&file[..80]);
    file[80..84].copy_from_slice(&sum.to_le_bytes());
    let text = Image::of(NAME, b"Dear diary,\n".repeat(2000));
    let short = Image::of(NAME, vec![0x7F]);
    for (image, words) in [
        (redb.now(), "is no outbox"),
        (text, "is no outbox"),
        (short, "is no outbox"),
        (later, "format 2, of a later version"),
    ] {
        let disk = Disk::new(image.clone());
        let error = disk.open(SMALL).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidState);
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("/disk/box"), "{error}");
        assert!(disk.now() == image);
    }
}

#[test]
fn a_file_with_nothing_in_it_is_begun() {
    let disk = Disk::new(Image::of(NAME, Vec::new()));
    let (mut outbox, opened) = open_sound(&disk, SMALL);
    assert!(opened.kept.is_empty());
    outbox.commit(&[put(1, 10)]).unwrap();
    drop(outbox);
    assert_eq!(open_sound(&disk, SMALL).1.kept.len(), 1);
}

#[test]
fn a_file_of_zeros_is_set_aside() {
    let disk = Disk::new(Image::of(NAME, vec![0; 50_000]));
    let (_, opened) = disk.open(SMALL).unwrap();
    assert!(opened.set_aside.is_some());
    assert_eq!(state_of(&opened), State::new());
}
