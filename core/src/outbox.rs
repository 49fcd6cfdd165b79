//! The messages that a link has accepted and not yet delivered, on disk.
//!
//! What [`Store::commit`] has returned `Ok` for is there again after the process was killed or the power
//! was cut, at any instant. Under it is redb; [`table`] says what had to be added.
//!
//! # The file
//!
//! It is made with mode 0600 and locked against other processes while it is open. A new one comes into
//! being under the name `FILE.new` and is renamed when it is whole; so does a smaller one in place of a
//! file that is mostly empty. It takes 1 MiB when empty. While messages come it is at most three times as
//! long as they are, and when they go it is replaced before it is longer than 4 MiB and eight times them.
//!
//! A file of another kind, or of a later version of the library, is refused and left as it is. A damaged
//! one is renamed to `FILE.damaged-1` (or the next number that is free) and never deleted; every message
//! that can be found in it goes into a fresh file. Among these may be some that were delivered before;
//! those of QoS 2 count as handed over, therefore.
//!
//! # Flash wear
//!
//! Bytes written for each message, in whole pages of 4 KiB, with a payload of 100 bytes:
//!
//! | messages in a commit | bytes per message |
//! |---|---|
//! | 1 | 24 600 |
//! | 5 | 4 900 |
//! | 50 | 740 |
//!
//! Removals cost nothing while other commits follow: [`Store::remove_later`] leaves them to the next one.
//! Each commit waits for the disk once. An opening writes 20 KiB; a new file, the replacement of a longer one
//! included, 570 KiB and its messages.

mod place;
mod record;
mod salvage;
mod table;
#[cfg(test)]
#[expect(clippy::print_stdout, reason = "figures for the documentation")]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::link::store::{Change, Kept, Opened, Store};
use place::{Directory, Folder, Medium};
use record::Record;
use table::{Fault, Records, Slots, Table};

/// Removals that wait at most.
const WAITING: usize = 64;
/// Numbers that are taken at a time, so that not every commit has to write the counter.
const NUMBERS: u64 = 1024;
/// The key of the counter.
const COUNTER: u64 = 0;
/// A file up to this length is left as it is.
const SMALL: u64 = 4 << 20;
/// A longer one may be this many times as long as the messages in it.
const SPARSE: u64 = 8;

/// The outbox on disk.
#[derive(Debug)]
pub(crate) struct Durable {
    folder: Box<dyn Folder>,
    name: String,
    /// For people.
    path: PathBuf,
    medium: Medium,
    /// `None` after a failure: the next use opens the file again, as it was at the `slots`.
    table: Option<Table>,
    slots: Option<Slots>,
    /// The length of the record of each message, as far as callers know.
    live: BTreeMap<u64, u64>,
    /// The sum of the lengths.
    bytes: u64,
    /// The counter in the file: no number from it on has been used.
    counter: u64,
    /// Numbers to remove with the next commit.
    waiting: BTreeSet<u64>,
    /// The new name of the file is not known to be on the disk.
    unnamed: bool,
    /// A file up to this length is not written anew for being mostly empty.
    small: u64,
    /// The same after a failure to do so.
    roomy: u64,
}

impl Durable {
    /// Opens the outbox in a file, or begins one.
    ///
    /// # Errors
    ///
    /// [`InvalidState`](crate::ErrorKind::InvalidState): somebody else has it, or it is a file of another kind or of
    /// a later version. [`Storage`](ErrorKind::Storage): it cannot be read or written, or its folder
    /// cannot.
    pub(crate) fn open(path: impl AsRef<Path>) -> Result<(Self, Opened)> {
        let path = path.as_ref();
        let (directory, name) =
            Directory::of(path).map_err(|error| failure(path, "open", error.into()))?;
        let path = directory.path(&name);
        Self::open_in(Box::new(directory), &name, &path, SMALL)
    }

    fn open_in(
        folder: Box<dyn Folder>,
        name: &str,
        path: &Path,
        small: u64,
    ) -> Result<(Self, Opened)> {
        let sound = |folder, new, opened| Self::new(folder, name, path, small, new, opened);
        let failed = |doing| move |fault: Fault| failure(path, doing, fault);
        let io = |doing| move |error: io::Error| failure(path, doing, error.into());
        loop {
            let Some(medium) = folder.open(name).map_err(io("open"))? else {
                match begin(&*folder, name).map_err(failed("begin"))? {
                    Some(new) => return sound(folder, new, Opened::default()),
                    None => continue,
                }
            };
            // Made beforehand by somebody, or left by a power loss before anything was in it.
            if medium.len().map_err(io("read"))? == 0 {
                let new = write_new(&*folder, name, |records| {
                    records.put(COUNTER, &record::counter(1))
                })
                .map_err(failed("begin"))?;
                install(&*folder, name).map_err(io("begin"))?;
                return sound(folder, new, Opened::default());
            }
            return match Table::open(medium.clone(), None) {
                Ok(table) => sound(folder, (medium, table), Opened::default()),
                Err(Fault::Damaged(what)) => {
                    let (new, opened) =
                        recover(&*folder, name, path, &medium).map_err(failed("recover"))?;
                    log::error!(
                        "{}: the outbox was damaged ({what}); {} messages were found in it",
                        path.display(),
                        opened.kept.len()
                    );
                    sound(folder, new, opened)
                }
                Err(fault) => Err(failure(path, "open", fault)),
            };
        }
    }

    /// Of a file that is sound, and what is known of the one before.
    fn new(
        folder: Box<dyn Folder>,
        name: &str,
        path: &Path,
        small: u64,
        (medium, table): (Medium, Table),
        mut opened: Opened,
    ) -> Result<(Self, Opened)> {
        let contents = Contents::of(&table).map_err(|fault| failure(path, "read", fault))?;
        opened.damaged += contents.damaged.len();
        opened.next_number = contents.next_number();
        let live: BTreeMap<_, _> = contents
            .kept
            .iter()
            .map(|(kept, length)| (kept.number, *length))
            .collect();
        opened.kept = contents.kept.into_iter().map(|(kept, _)| kept).collect();
        let mut outbox = Self {
            folder,
            name: name.to_owned(),
            path: path.to_owned(),
            medium,
            table: Some(table),
            slots: None,
            bytes: live.values().sum(),
            live,
            counter: contents.counter,
            waiting: contents.damaged,
            unnamed: false,
            small,
            roomy: small,
        };
        outbox.shrink();
        Ok((outbox, opened))
    }

    /// Mends what an earlier failure has left.
    fn mend(&mut self) -> Result<(), Fault> {
        if self.table.is_none() {
            let table = Table::open(self.medium.clone(), self.slots.as_ref())?;
            let contents = Contents::of(&table)?;
            let there = contents.kept.iter().map(|(kept, _)| &kept.number);
            if !there.eq(self.live.keys()) {
                return Err(Fault::Damaged("messages are missing".to_owned()));
            }
            self.table = Some(table);
        }
        if self.unnamed {
            self.folder.sync()?;
            self.unnamed = false;
        }
        Ok(())
    }

    fn write(&mut self, writes: &[Write]) -> Result<(), Fault> {
        self.mend()?;
        let written = self.table.as_mut().map_or(Ok(()), |table| {
            table.write(|records| writes.iter().try_for_each(|write| write.apply(records)))
        });
        if written.is_err() {
            self.slots = self.table.take().map(Table::undo);
        }
        written
    }

    /// A file that is mostly empty is replaced by a smaller one. It is a matter of room only, so that
    /// failures do not count.
    fn shrink(&mut self) {
        let length = self.medium.len().unwrap_or(0);
        if length > self.roomy && length / SPARSE > self.bytes {
            self.roomy = match self.rewrite() {
                Ok(()) => self.small,
                Err(_) => 2 * length,
            };
        }
    }

    /// Puts a new file with the same messages in place of the old one.
    fn rewrite(&mut self) -> Result<(), Fault> {
        let Some(old) = &self.table else {
            return Ok(());
        };
        let (medium, table) = write_new(&*self.folder, &self.name, |records| {
            records.put(COUNTER, &record::counter(self.counter))?;
            let mut found = 0;
            old.read(|number, bytes| {
                if !self.live.contains_key(&number) {
                    return Ok(());
                }
                found += 1;
                records.put(number, bytes)
            })?;
            if found < self.live.len() {
                return Err(Fault::Damaged("messages are missing".to_owned()));
            }
            Ok(())
        })?;
        self.folder.rename(&new_name(&self.name), &self.name)?;
        self.unnamed = true;
        self.table = Some(table);
        self.medium = medium;
        self.folder.sync()?;
        self.unnamed = false;
        Ok(())
    }

    /// What is to be written for some changes, after the removals that wait.
    fn writes(&self, changes: &[Change]) -> Result<Vec<Write>> {
        let mut writes: Vec<_> = self.waiting.iter().copied().map(Write::Remove).collect();
        let floor = self.floor(changes);
        for change in changes {
            writes.push(match change {
                Change::Put { number, .. } if *number == COUNTER => {
                    return Err(Error::argument("number", number, "at least 1"));
                }
                Change::Put { number, publish } => {
                    Write::Put(*number, record::message(*number, publish, false, floor)?)
                }
                Change::Handed(number) => Write::Handed(*number),
            });
        }
        let last = changes.iter().filter_map(Change::put).max();
        if let Some(last) = last.filter(|&last| last >= self.counter) {
            writes.push(Write::Counter(last.saturating_add(NUMBERS)));
        }
        Ok(writes)
    }

    /// The lowest number that is kept after some changes.
    fn floor(&self, changes: &[Change]) -> u64 {
        let old = self
            .live
            .keys()
            .find(|number| !self.waiting.contains(number));
        let new = changes.iter().filter_map(Change::put).min();
        old.copied().into_iter().chain(new).min().unwrap_or(0)
    }

    fn forget(&mut self, number: u64) {
        self.bytes -= self.live.remove(&number).unwrap_or(0);
    }
}

impl Change {
    /// The number of a new message.
    fn put(&self) -> Option<u64> {
        match self {
            Self::Put { number, .. } => Some(*number),
            Self::Handed(_) => None,
        }
    }
}

/// One step of a commit.
enum Write {
    Put(u64, Vec<u8>),
    Handed(u64),
    Remove(u64),
    Counter(u64),
}

impl Write {
    fn apply(&self, records: &mut Records<'_>) -> Result<(), Fault> {
        match self {
            Self::Put(number, bytes) => records.put(*number, bytes),
            Self::Handed(number) => match records.get(*number)? {
                Some(bytes) => records.put(*number, &record::handed(&bytes)),
                None => Ok(()),
            },
            Self::Remove(number) => records.remove(*number),
            Self::Counter(next) => records.put(COUNTER, &record::counter(*next)),
        }
    }
}

impl Store for Durable {
    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let writes = self.writes(changes)?;
        if writes.is_empty() {
            return Ok(());
        }
        self.write(&writes)
            .map_err(|fault| failure(&self.path, "write", fault))?;
        self.waiting.clear();
        for write in writes {
            match write {
                Write::Put(number, bytes) => {
                    self.forget(number);
                    self.bytes += bytes.len() as u64;
                    self.live.insert(number, bytes.len() as u64);
                }
                Write::Handed(_) => {}
                Write::Remove(number) => self.forget(number),
                Write::Counter(next) => self.counter = next,
            }
        }
        self.shrink();
        Ok(())
    }

    fn remove_later(&mut self, numbers: &[u64]) -> Result<()> {
        let known = numbers
            .iter()
            .filter(|number| self.live.contains_key(number));
        self.waiting.extend(known);
        if self.waiting.len() < WAITING {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        self.commit(&[])
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            log::warn!("{error}; messages that were delivered may be delivered again");
        }
    }
}

/// What is in a sound file.
struct Contents {
    /// Messages by number, with the lengths of their records.
    kept: Vec<(Kept, u64)>,
    counter: u64,
    /// The keys of what cannot be read.
    damaged: BTreeSet<u64>,
}

impl Contents {
    fn of(table: &Table) -> Result<Self, Fault> {
        let mut contents = Self {
            kept: Vec::new(),
            counter: 1,
            damaged: BTreeSet::new(),
        };
        table.read(|key, bytes| {
            match Record::read(bytes) {
                Some(Record::Message(kept, _)) if kept.number == key => {
                    contents.kept.push((kept, bytes.len() as u64));
                }
                Some(Record::Counter(counter)) if key == COUNTER => contents.counter = counter,
                _ => drop(contents.damaged.insert(key)),
            }
            Ok(())
        })?;
        Ok(contents)
    }

    fn next_number(&self) -> u64 {
        let kept = self.kept.last().map_or(0, |(kept, _)| kept.number);
        let damaged = self.damaged.last().copied().unwrap_or(0);
        self.counter.max(kept.max(damaged).saturating_add(1))
    }
}

/// The name of a file that is not yet complete.
fn new_name(name: &str) -> String {
    format!("{name}.new")
}

/// Writes a file under its name for the time being. One that cannot be written takes no room.
fn write_new(
    folder: &dyn Folder,
    name: &str,
    fill: impl FnOnce(&mut Records<'_>) -> Result<(), Fault>,
) -> Result<(Medium, Table), Fault> {
    let new = new_name(name);
    let medium = folder.create(&new)?;
    let written = Table::create(medium.clone()).and_then(|mut table| {
        table.write(fill)?;
        Ok(table)
    });
    match written {
        Ok(table) => Ok((medium, table)),
        Err(fault) => {
            let _ = folder.remove(&new);
            Err(fault)
        }
    }
}

/// Gives a new file its name.
fn install(folder: &dyn Folder, name: &str) -> io::Result<()> {
    folder.rename(&new_name(name), name)?;
    folder.sync()
}

/// The first file; `None` where another process has made it meanwhile.
fn begin(folder: &dyn Folder, name: &str) -> Result<Option<(Medium, Table)>, Fault> {
    let new = write_new(folder, name, |records| {
        records.put(COUNTER, &record::counter(1))
    })?;
    // Whoever makes it has the lock of the new one first.
    if folder.exists(name)? {
        folder.remove(&new_name(name))?;
        return Ok(None);
    }
    install(folder, name)?;
    Ok(Some(new))
}

/// Sets a damaged file aside, in favour of one with the messages that are found in it.
fn recover(
    folder: &dyn Folder,
    name: &str,
    path: &Path,
    medium: &Medium,
) -> Result<((Medium, Table), Opened), Fault> {
    let found = salvage::salvage(medium)?;
    let floor = found
        .kept
        .first_key_value()
        .map_or(0, |(&number, _)| number);
    let new = write_new(folder, name, |records| {
        records.put(COUNTER, &record::counter(found.next_number.max(1)))?;
        for kept in found.kept.values() {
            let Kept {
                number,
                publish,
                handed,
            } = kept;
            let bytes =
                record::message(*number, publish, *handed, floor).map_err(io::Error::other)?;
            records.put(*number, &bytes)?;
        }
        Ok(())
    })?;
    // The damaged file has its old name until the new one has taken it: power may fail here too.
    let mut number = 1;
    let aside = loop {
        let aside = format!("{name}.damaged-{number}");
        match folder.keep_as(name, &aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            kept => {
                kept?;
                break aside;
            }
        }
    };
    install(folder, name)?;
    let opened = Opened {
        damaged: found.damaged,
        set_aside: Some(path.with_file_name(aside)),
        ..Opened::default()
    };
    Ok((new, opened))
}

/// The error for callers.
fn failure(path: &Path, doing: &str, fault: Fault) -> Error {
    let path = path.display();
    match fault {
        Fault::Io(error) if error.kind() == io::ErrorKind::WouldBlock => Error::state(format!(
            "{path}: another link or process has this outbox open; give each its own file"
        )),
        Fault::Io(error) => Error::new(
            ErrorKind::Storage,
            format!("{path}: cannot {doing} the outbox: {error}"),
        ),
        Fault::Foreign => Error::state(format!(
            "{path} is no outbox and was left as it is; name another file"
        )),
        Fault::Later(version) => Error::state(format!(
            "{path} is an outbox of format {version}, of a later version of this library, and was left as \
             it is; update the library, or name another file"
        )),
        Fault::Damaged(what) => Error::new(
            ErrorKind::Storage,
            format!(
                "{path}: the outbox is damaged ({what}); open it again to recover what is in it"
            ),
        ),
    }
}
