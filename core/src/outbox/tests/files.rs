//! Real files, and processes that are killed.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::{Command, Stdio};

use super::super::{Durable, Store as _};
use super::disk::Random;
use super::model::{message, put, state_of};
use crate::ErrorKind;

#[test]
fn a_file_is_made_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (mut outbox, opened) = Durable::open(&path).unwrap();
    assert_eq!(opened.next_number, 1);
    outbox.commit(&[put(1, 100)]).unwrap();
    drop(outbox);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");

    let (_, opened) = Durable::open(&path).unwrap();
    assert_eq!(opened.kept[0].publish, message(1, 100));
    assert!(opened.next_number > 1);
}

#[test]
fn a_file_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (outbox, _) = Durable::open(&path).unwrap();
    let error = Durable::open(&path).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    let text = error.to_string();
    assert!(
        text.contains(path.to_str().unwrap()) && text.contains("has this outbox open"),
        "{text}"
    );
    drop(outbox);
    Durable::open(&path).unwrap();
}

#[test]
fn of_many_who_begin_it_at_once_one_has_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let start = std::sync::Barrier::new(4);
        let open = || {
            start.wait();
            let opened = Durable::open(&path);
            if let Err(error) = &opened {
                assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
            }
            opened.ok()
        };
        let outboxes = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .count()
        });
        // Those who come late find it closed again.
        assert!(outboxes >= 1);
        Durable::open(&path).unwrap();
        assert!(!path.with_extension("new").exists());
    }
}

#[test]
fn what_cannot_be_an_outbox_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name| folder.path().join(name);
    fs::write(inside("text"), "not an outbox\n").unwrap();
    let error = Durable::open(inside("text")).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert_eq!(fs::read(inside("text")).unwrap(), b"not an outbox\n");

    rustix::fs::mkfifoat(rustix::fs::CWD, inside("fifo"), 0o600.into()).unwrap();
    for path in [
        inside("nowhere/outbox"),
        folder.path().to_owned(),
        inside("fifo"),
        "/".into(),
    ] {
        let error = Durable::open(&path).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
}

#[test]
fn a_symbolic_link_leads_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    drop(Durable::open(&real).unwrap());
    symlink(&real, &link).unwrap();
    let (mut outbox, _) = Durable::open(&link).unwrap();
    outbox.commit(&[put(1, 10)]).unwrap();
    drop(outbox);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(Durable::open(&real).unwrap().1.kept.len(), 1);

    // But what somebody puts where a new file is to be is not written through.
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, folder.path().join("fresh.new")).unwrap();
    Durable::open(folder.path().join("fresh"))
        .map(drop)
        .unwrap_err();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_damaged_file_keeps_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let (mut outbox, _) = Durable::open(&path).unwrap();
    outbox.commit(&[put(1, 100), put(3, 100)]).unwrap();
    drop(outbox);
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    let (outbox, opened) = Durable::open(&path).unwrap();
    let aside = opened.set_aside.clone().unwrap();
    assert_eq!(aside, folder.path().join("outbox.damaged-1"));
    assert_eq!(fs::metadata(&aside).unwrap().ino(), inode);
    assert!(fs::read(&aside).unwrap() == bytes);
    assert_eq!(state_of(&opened).len(), 2);
    drop(outbox);
    let (_, opened) = Durable::open(&path).unwrap();
    assert_eq!((opened.set_aside, opened.kept.len()), (None, 2));
}

/// What the killed process runs: it says each number once it is accepted or delivered.
#[test]
#[ignore = "started by the test below"]
fn writes_until_it_is_killed() {
    let path = std::env::var_os("ATMQTT_TEST_OUTBOX").unwrap();
    let (mut outbox, opened) = Durable::open(path).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nopened {}", opened.kept.len()).unwrap();
    let mut kept: Vec<_> = opened.kept.iter().map(|kept| kept.number).collect();
    for number in opened.next_number.. {
        outbox
            .commit(&[put(number, number as usize % 1500)])
            .unwrap();
        writeln!(out, "put {number}").unwrap();
        out.flush().unwrap();
        kept.push(number);
        if kept.len() > 10 {
            let oldest = kept.remove(0);
            writeln!(out, "remove {oldest}").unwrap();
            outbox.remove_later(&[oldest]).unwrap();
        }
    }
}

#[test]
fn a_killed_process_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let mut random = Random(11);
    let mut expected = std::collections::BTreeSet::new();
    for _ in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "outbox::tests::files::writes_until_it_is_killed"])
            .args(["--ignored", "--nocapture"])
            .env("ATMQTT_TEST_OUTBOX", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // After so many lines, wherever the process is then.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        said.extend(
            lines
                .by_ref()
                .take(random.within(3..60))
                .map(Result::unwrap),
        );
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines.map_while(Result::ok));
        let mut removed = std::collections::BTreeSet::new();
        for line in &said {
            match line.split_once(' ') {
                Some(("put", number)) => drop(expected.insert(number.parse::<u64>().unwrap())),
                Some(("remove", number)) => drop(removed.insert(number.parse::<u64>().unwrap())),
                _ => {}
            }
        }
        let (_, opened) = Durable::open(&path).unwrap();
        assert_eq!((opened.damaged, &opened.set_aside), (0, &None));
        let state = state_of(&opened);
        let lost: Vec<_> = expected
            .difference(&removed)
            .filter(|n| !state.contains_key(n))
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
        for (number, kept) in &state {
            assert_eq!(kept.publish, message(*number, *number as usize % 1500));
        }
        expected = state.into_keys().collect();
    }
}
