//! How much is written, and how long the file gets.

use super::super::{Durable, SMALL, SPARSE, Store as _};
use super::disk::{Disk, NAME, Step};
use super::model::{open_sound, put};

/// Bytes of the pages that were written, and syncs, since a step. Pages between two syncs count once.
fn written(disk: &Disk, since: usize) -> (usize, usize) {
    let (mut pages, mut syncs) = (0, 0);
    let mut dirty = std::collections::BTreeSet::new();
    for step in &disk.log()[since..] {
        match step {
            Step::Write(file, offset, bytes) => {
                let last = offset + bytes.len().max(1) as u64 - 1;
                dirty.extend((offset / 4096..=last / 4096).map(|page| (*file, page)));
            }
            Step::Sync(_) => {
                pages += dirty.len();
                dirty.clear();
                syncs += 1;
            }
            _ => {}
        }
    }
    (4096 * pages, syncs)
}

/// Accepts and delivers messages in batches: bytes written and syncs for a message.
fn wear(batch: u64, payload: usize) -> (usize, f64) {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    let mut next = 1;
    let mut round = |outbox: &mut Durable| {
        let puts: Vec<_> = (next..next + batch)
            .map(|number| put(number, payload))
            .collect();
        outbox.commit(&puts).unwrap();
        let numbers: Vec<_> = (next..next + batch).collect();
        outbox.remove_later(&numbers).unwrap();
        next += batch;
    };
    for _ in 0..20 {
        round(&mut outbox);
    }
    let since = disk.steps();
    let rounds = 2000 / batch;
    for _ in 0..rounds {
        round(&mut outbox);
    }
    let (bytes, syncs) = written(&disk, since);
    let messages = (rounds * batch) as usize;
    (bytes / messages, syncs as f64 / messages as f64)
}

#[test]
fn what_is_written_is_as_documented() {
    for (batch, payload, promised) in [(1, 100, 40_000), (5, 100, 9_000), (50, 100, 2_000)] {
        let (bytes, syncs) = wear(batch, payload);
        println!("batches of {batch}: {bytes} bytes and {syncs} syncs for a message");
        assert!(
            bytes <= promised,
            "{bytes} bytes for a message in batches of {batch}"
        );
        assert!(syncs <= 1.2 / batch as f64 + 0.02);
    }
    let disk = Disk::default();
    let (outbox, _) = open_sound(&disk, SMALL);
    println!(
        "a new file: {:?} of {}",
        written(&disk, 0),
        disk.now().file(NAME).len()
    );
    let since = disk.steps();
    drop(outbox);
    let close = written(&disk, since);
    let since = disk.steps();
    open_sound(&disk, SMALL);
    println!("closing: {close:?}, opening: {:?}", written(&disk, since));
}

#[test]
fn the_file_does_not_grow_without_bound() {
    let disk = Disk::default();
    let (mut outbox, _) = open_sound(&disk, SMALL);
    let length = || disk.now().file(NAME).len() as u64;
    // An hour of steady use: always a few on their way.
    let mut next = 1;
    let mut longest = 0;
    for _ in 0..2000 {
        outbox.commit(&[put(next, 1000)]).unwrap();
        if next > 5 {
            outbox.remove_later(&[next - 5]).unwrap();
        }
        next += 1;
        longest = longest.max(length());
        disk.forget();
    }
    println!("steady: {longest} bytes");
    assert!(longest <= SMALL);
    // Days without a network: 6 MB.
    let backlog = next;
    for _ in 0..80 {
        let puts: Vec<_> = (next..next + 50).map(|number| put(number, 1500)).collect();
        outbox.commit(&puts).unwrap();
        next += 50;
        disk.forget();
    }
    let full = length();
    let kept = (next - backlog) * 1560;
    println!("{kept} bytes kept in {full}");
    assert!(full <= 4 * kept);
    // Then they go, in order, while new ones come.
    let mut oldest = backlog - 5;
    while oldest + 10 < next {
        let some: Vec<_> = (oldest..oldest + 10).collect();
        outbox.remove_later(&some).unwrap();
        outbox.commit(&[put(next, 1000)]).unwrap();
        oldest += 10;
        next += 1;
        let kept = (next - oldest) * 1000;
        assert!(
            length() <= SMALL.max(SPARSE * 2 * kept),
            "{} bytes for {kept}",
            length()
        );
        disk.forget();
    }
    println!("empty again: {}", length());
    assert!(length() <= SMALL);
    outbox.remove_later(&[next - 1]).unwrap();
}
