//! A disk in memory that remembers in which order what was written and synced, and can be looked at as it
//! would be after the power went at any moment.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::super::place::{Folder, Medium};
use super::super::{Durable, Opened, Result};

/// Random numbers that are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn within(&mut self, range: Range<usize>) -> usize {
        range.start + (self.next() % (range.end - range.start).max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.within(0..count) == 0
    }
}

/// What is on the disk itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) files: BTreeMap<u64, Vec<u8>>,
    pub(super) names: BTreeMap<String, u64>,
}

impl Image {
    pub(super) fn file(&self, name: &str) -> &Vec<u8> {
        &self.files[&self.names[name]]
    }

    pub(super) fn file_mut(&mut self, name: &str) -> &mut Vec<u8> {
        self.files.get_mut(&self.names[name]).unwrap()
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Write(file, offset, bytes) => {
                let file = self.files.entry(*file).or_default();
                let offset = *offset as usize;
                if file.len() < offset + bytes.len() {
                    file.resize(offset + bytes.len(), 0);
                }
                file[offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            Step::SetLen(file, length) => self
                .files
                .entry(*file)
                .or_default()
                .resize(*length as usize, 0),
            Step::Name(name, file) => {
                self.names.insert(name.clone(), *file);
                self.files.entry(*file).or_default();
            }
            Step::Rename(from, to) => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Step::Remove(name) => drop(self.names.remove(name)),
            Step::Sync(_) | Step::SyncFailed(_) | Step::SyncFolder | Step::Note(_) => {}
        }
    }
}

/// What was done, in order.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Write(u64, u64, Vec<u8>),
    SetLen(u64, u64),
    Sync(u64),
    /// What was written before is in memory, but will never be on the disk.
    SyncFailed(u64),
    Name(String, u64),
    Rename(String, String),
    Remove(String),
    SyncFolder,
    /// Of the test: so many commits have succeeded.
    Note(usize),
}

/// What of the unsynced steps reaches the disk when the power goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Loss {
    /// None of it.
    Nothing,
    /// All of it: what a killed process leaves.
    Everything,
    /// A random subset, some writes torn in the middle.
    Some(u64),
}

#[derive(Debug, Default)]
struct State {
    base: Image,
    now: Image,
    log: Vec<Step>,
    next_file: u64,
    /// Steps until one fails; and whether all fail after it.
    failure: Option<(usize, io::ErrorKind, bool)>,
}

/// The disk, as its users share it.
#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

pub(super) const NAME: &str = "box";

impl Disk {
    pub(super) fn new(image: Image) -> Self {
        Self(Arc::new(Mutex::new(State {
            next_file: image.files.keys().max().map_or(0, |last| last + 1),
            base: image.clone(),
            now: image,
            ..State::default()
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Opens the outbox that is on this disk.
    pub(super) fn open(&self, small: u64) -> Result<(Durable, Opened)> {
        Durable::open_in(Box::new(self.clone()), NAME, Path::new("/disk/box"), small)
    }

    pub(super) fn log(&self) -> Vec<Step> {
        self.state().log.clone()
    }

    pub(super) fn steps(&self) -> usize {
        self.state().log.len()
    }

    pub(super) fn note(&self, commits: usize) {
        self.state().log.push(Step::Note(commits));
    }

    /// As running programs see it.
    pub(super) fn now(&self) -> Image {
        self.state().now.clone()
    }

    /// The step after so many fails, and all after it where that `lasts`.
    pub(super) fn fail_after(&self, steps: usize, kind: io::ErrorKind, lasts: bool) {
        self.state().failure = Some((steps, kind, lasts));
    }

    pub(super) fn mend(&self) -> bool {
        let failure = self.state().failure.take();
        failure.is_none_or(|(steps, _, lasts)| lasts && steps == 0)
    }

    /// What is there when the power goes after the first so many steps.
    pub(super) fn after_power_loss(&self, steps: usize, loss: Loss) -> Image {
        let state = self.state();
        let mut power = Power::new(&state.base);
        state.log[..steps].iter().for_each(|step| power.step(step));
        power.goes(loss)
    }

    /// What was on the disk before anything was done.
    pub(super) fn base(&self) -> Image {
        self.state().base.clone()
    }

    fn step(&self, step: Step) -> io::Result<()> {
        let mut state = self.state();
        if let Some((steps, kind, lasts)) = &mut state.failure {
            if *steps > 0 {
                *steps -= 1;
            } else {
                let kind = *kind;
                if !*lasts {
                    state.failure = None;
                }
                match step {
                    // Half of it may have been done.
                    Step::Write(file, offset, bytes) => {
                        let half = Step::Write(file, offset, bytes[..bytes.len() / 2].to_vec());
                        state.now.apply(&half);
                        state.log.push(half);
                    }
                    Step::Sync(file) => state.log.push(Step::SyncFailed(file)),
                    _ => {}
                }
                return Err(kind.into());
            }
        }
        state.now.apply(&step);
        state.log.push(step);
        Ok(())
    }
}

/// What is on the disk, and what is only on its way.
pub(super) struct Power {
    image: Image,
    pending: Vec<Step>,
    names: Vec<Step>,
}

impl Power {
    pub(super) fn new(base: &Image) -> Self {
        Self {
            image: base.clone(),
            pending: Vec::new(),
            names: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        let image = &mut self.image;
        match step {
            Step::Write(..) | Step::SetLen(..) => self.pending.push(step.clone()),
            Step::Sync(synced) => self.pending.retain(|step| {
                let of = file_of(step) == Some(*synced);
                if of {
                    image.apply(step);
                }
                !of
            }),
            Step::SyncFailed(lost) => self.pending.retain(|step| file_of(step) != Some(*lost)),
            Step::SyncFolder => self.names.drain(..).for_each(|step| image.apply(&step)),
            Step::Name(..) | Step::Rename(..) | Step::Remove(..) => self.names.push(step.clone()),
            Step::Note(_) => {}
        }
    }

    /// What is left.
    pub(super) fn goes(&self, loss: Loss) -> Image {
        let mut image = self.image.clone();
        let mut random = Random(match loss {
            Loss::Nothing => return image,
            Loss::Everything => {
                self.pending.iter().for_each(|step| image.apply(step));
                self.names.iter().for_each(|step| image.apply(step));
                return image;
            }
            Loss::Some(seed) => seed,
        });
        for step in &self.pending {
            if random.one_in(2) {
                continue;
            }
            match step {
                Step::Write(file, offset, bytes) if random.one_in(4) => {
                    let cut = random.within(0..bytes.len());
                    let part = match random.one_in(2) {
                        true => 0..cut,
                        false => cut..bytes.len(),
                    };
                    let at = offset + part.start as u64;
                    image.apply(&Step::Write(*file, at, bytes[part].to_vec()));
                }
                step => image.apply(step),
            }
        }
        // A journal keeps the order of names.
        let count = random.within(0..self.names.len() + 1);
        self.names[..count]
            .iter()
            .for_each(|step| image.apply(step));
        image
    }
}

fn file_of(step: &Step) -> Option<u64> {
    match step {
        Step::Write(file, ..) | Step::SetLen(file, _) => Some(*file),
        _ => None,
    }
}

impl Disk {
    fn file(&self, file: u64) -> Medium {
        Arc::new(OpenFile {
            disk: self.clone(),
            file,
        })
    }
}

impl Folder for Disk {
    fn open(&self, name: &str) -> io::Result<Option<Medium>> {
        let file = self.state().now.names.get(name).copied();
        Ok(file.map(|file| self.file(file)))
    }

    fn create(&self, name: &str) -> io::Result<Medium> {
        let there = self.state().now.names.get(name).copied();
        let file = match there {
            Some(file) => file,
            None => {
                let file = self.state().next_file;
                self.state().next_file += 1;
                self.step(Step::Name(name.to_owned(), file))?;
                file
            }
        };
        self.step(Step::SetLen(file, 0))?;
        Ok(self.file(file))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        Ok(self.state().now.names.contains_key(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step(Step::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step(Step::Remove(name.to_owned()))
    }

    fn keep_as(&self, name: &str, other: &str) -> io::Result<()> {
        if self.exists(other)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = self.state().now.names[name];
        self.step(Step::Name(other.to_owned(), file))
    }

    fn sync(&self) -> io::Result<()> {
        self.step(Step::SyncFolder)
    }
}

#[derive(Debug)]
struct OpenFile {
    disk: Disk,
    file: u64,
}

impl StorageBackend for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().now.files[&self.file].len() as u64)
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let state = self.disk.state();
        let end = offset as usize + len;
        let bytes = state.now.files[&self.file].get(offset as usize..end);
        Ok(bytes.ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.step(Step::SetLen(self.file, len))
    }

    fn sync_data(&self, _eventual: bool) -> io::Result<()> {
        self.disk.step(Step::Sync(self.file))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk
            .step(Step::Write(self.file, offset, data.to_vec()))
    }
}

impl Image {
    /// A disk with one file.
    pub(super) fn of(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            files: [(0, bytes)].into(),
            names: [(name.to_owned(), 0)].into(),
        }
    }
}

impl Disk {
    /// A database of another program's.
    pub(super) fn foreign_database(&self) {
        let file = Folder::create(self, NAME).unwrap();
        drop(file);
        let file = self.state().now.names[NAME];
        let file = OpenFile {
            disk: self.clone(),
            file,
        };
        redb::Builder::new().create_with_backend(file).unwrap();
    }
}

impl Disk {
    /// Forgets what was done, which takes memory.
    pub(super) fn forget(&self) {
        self.state().log.clear();
    }
}
