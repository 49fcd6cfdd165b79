//! One file of records: what redb keeps, and around it what redb does not do.
//!
//! | offset | what | written |
//! |---|---|---|
//! | 0 | identity: kind, version of the format, a copy of the fixed part of redb's header, checksum | once |
//! | 4096 | the last complete transaction, checksum | after each transaction, not synced |
//! | 8192 | the database of redb | |
//!
//! redb trusts a file that was closed in order, and panics on many of the ways in which one can be
//! damaged. Its repair after a crash, though, follows the checksums from the root down and looks at no
//! page before its checksum is found right. So a file is never closed, only left, and each opening is
//! one after a crash: the unprotected part of the header, 64 bytes, is written anew before redb sees
//! it, with the flag that demands the repair. There is one path then, and every start takes it.
//!
//! The repair falls back to the transaction before where the last is not whole, as after a power loss
//! in the middle. Where the last one had been synced, that is damage, and the second page tells.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Builder, Database, ReadableTable as _, StorageBackend, TableDefinition, TableError};

use super::place::Medium;

const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

const PAGE: u64 = 4096;
const DATABASE: u64 = 2 * PAGE;

const KIND: &[u8] = b"atmqtt outbox\n";
/// The format that is written and read.
const VERSION: u16 = 1;
/// Where the identity has the copy of redb's header, and where its checksum.
const COPY: usize = 16;
const SUM: usize = COPY + HEADER;

/// redb's file header, as its design document describes it: 64 bytes without a checksum, then two
/// commit slots of 128 bytes with one each.
const HEADER: usize = 64;
const SLOT: usize = 128;
const REDB: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
/// The byte of flags in the header: which slot is the primary (1), repair is needed (2), the primary was
/// committed in two phases (4).
const FLAGS: usize = 9;
const PRIMARY: u8 = 1;
const REPAIR: u8 = 2;
/// How many pages of a region are not for data.
const REGION_HEADER: usize = 16;
/// The number of full regions and the length of the last; redb finds them again by the length of the file.
const REGIONS: std::ops::Range<usize> = 24..28;
const LAST_REGION: std::ops::Range<usize> = 28..32;
/// The number of its transaction in a slot.
const TRANSACTION: usize = 104;

/// A whole message queue fits; a larger file would be damage.
const LONGEST: u64 = 1 << 32;

/// Of redb, for reading and writing together.
const CACHE: usize = 1 << 20;

/// Why a file cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is something else.
    Foreign,
    /// A later version of this library wrote it.
    Later(u16),
    /// It was an outbox.
    Damaged(String),
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Shorter than it says.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error),
        }
    }
}

/// Of any of redb's own kinds of error.
fn fault(error: impl Into<redb::Error>) -> Fault {
    match error.into() {
        redb::Error::Io(error) => error.into(),
        redb::Error::Corrupted(text) => Fault::Damaged(text),
        error @ redb::Error::UpgradeRequired(_) => Fault::Damaged(error.to_string()),
        other => Fault::Io(io::Error::other(other.to_string())),
    }
}

/// The records during a change.
pub(super) struct Records<'a>(redb::Table<'a, u64, &'static [u8]>);

impl Records<'_> {
    pub(super) fn get(&self, key: u64) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.0.get(key).map_err(fault)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    pub(super) fn put(&mut self, key: u64, record: &[u8]) -> Result<(), Fault> {
        self.0.insert(key, record).map_err(fault).map(drop)
    }

    pub(super) fn remove(&mut self, key: u64) -> Result<(), Fault> {
        self.0.remove(key).map_err(fault).map(drop)
    }
}

/// The two commit slots of redb: they tell which transaction is the last.
#[derive(Debug, Clone)]
pub(super) struct Slots(Vec<u8>);

/// An open file of records.
#[derive(Debug)]
pub(super) struct Table {
    database: Database,
    inside: Arc<Inside>,
    slots: Slots,
}

impl Table {
    /// Makes an empty one out of an empty file. It may be used when the first [`write`](Self::write) has
    /// succeeded.
    pub(super) fn create(medium: Medium) -> Result<Self, Fault> {
        let inside = Arc::new(Inside::new(medium));
        let database = database(&inside)?;
        let medium = &inside.medium;
        let mut identity = KIND.to_vec();
        identity.extend_from_slice(&VERSION.to_le_bytes());
        identity.extend_from_slice(&medium.read(DATABASE, HEADER)?);
        identity.extend_from_slice(&crc32fast::hash(&identity).to_le_bytes());
        identity.resize(PAGE as usize, 0);
        medium.write(0, &identity)?;
        let slots = inside.slots()?;
        Ok(Self {
            database,
            inside,
            slots,
        })
    }

    /// Opens what an earlier program has left, or this one after an error: then as it was at the `slots`.
    pub(super) fn open(medium: Medium, slots: Option<&Slots>) -> Result<Self, Fault> {
        let mut header = identify(&medium)?;
        if let Some(Slots(slots)) = slots {
            header.extend_from_slice(slots);
        }
        let inside = Arc::new(Inside::new(medium));
        Self::open_database(header, &inside).map_err(|fault| match fault {
            // A sector that cannot be read is damage too; one that cannot be written is not.
            Fault::Io(error) if inside.unreadable() => Fault::Damaged(error.to_string()),
            fault => fault,
        })
    }

    fn open_database(mut header: Vec<u8>, inside: &Arc<Inside>) -> Result<Self, Fault> {
        let pages = inside.len()?.div_ceil(PAGE);
        let region_header = u32::from_le_bytes(bytes(&header[REGION_HEADER..]));
        if pages < 2 + u64::from(region_header) || pages * PAGE > LONGEST {
            return Err(Fault::Damaged(format!("{pages} pages long")));
        }
        header[FLAGS] = REPAIR;
        header[REGIONS].fill(0);
        header[LAST_REGION].copy_from_slice(&1u32.to_le_bytes());
        inside.set_len(pages * PAGE)?;
        inside.write(0, &header)?;
        let database = database(inside)?;

        let slots = inside.slots()?;
        let table = Self {
            database,
            inside: inside.clone(),
            slots,
        };
        // The repair has added a transaction of its own.
        let (found, complete) = (table.transaction()?.saturating_sub(1), table.complete()?);
        if complete.is_some_and(|complete| found < complete) {
            return Err(Fault::Damaged(format!(
                "transaction {found} is the last that can be read"
            )));
        }
        Ok(table)
    }

    /// Every record, by key.
    pub(super) fn read(
        &self,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let transaction = self.database.begin_read().map_err(fault)?;
        let table = match transaction.open_table(RECORDS) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            table => table.map_err(fault)?,
        };
        for entry in table.iter().map_err(fault)? {
            let (key, value) = entry.map_err(fault)?;
            each(key.value(), value.value())?;
        }
        Ok(())
    }

    /// All of the changes or none, synced. After an error the table must be [undone](Self::undo).
    pub(super) fn write(
        &mut self,
        changes: impl FnOnce(&mut Records<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let transaction = self.database.begin_write().map_err(fault)?;
        changes(&mut Records(
            transaction.open_table(RECORDS).map_err(fault)?,
        ))?;
        transaction.commit().map_err(fault)?;
        self.slots = self.inside.slots()?;
        self.set_complete();
        Ok(())
    }

    /// Leaves the file as it was before the change that has failed, as far as it can be written: the
    /// change may be whole in memory, and would be found there or even get to the disk. Not even a failed
    /// sync does harm then, after which nobody knows what is on the disk: nothing of it is used.
    pub(super) fn undo(self) -> Slots {
        let Slots(slots) = &self.slots;
        let _ = self.inside.write(HEADER as u64, slots);
        let _ = self.inside.sync();
        self.slots.clone()
    }

    /// The transaction of the primary slot.
    fn transaction(&self) -> io::Result<u64> {
        let header = self.inside.read(0, HEADER + 2 * SLOT)?;
        let slot = HEADER + SLOT * usize::from(header[FLAGS] & PRIMARY) + TRANSACTION;
        Ok(u64::from_le_bytes(bytes(&header[slot..])))
    }

    /// The transaction that is known to have been synced, where one is.
    fn complete(&self) -> io::Result<Option<u64>> {
        let mark = self.inside.medium.read(PAGE, 12)?;
        let intact = u32::from_le_bytes(bytes(&mark[8..])) == crc32fast::hash(&mark[..8]);
        Ok(intact.then(|| u64::from_le_bytes(bytes(&mark))))
    }

    /// Best effort: it only helps to tell damage from an interrupted transaction.
    fn set_complete(&self) {
        if let Ok(transaction) = self.transaction() {
            let mut mark = transaction.to_le_bytes().to_vec();
            mark.extend_from_slice(&crc32fast::hash(&mark).to_le_bytes());
            let _ = self.inside.medium.write(PAGE, &mark);
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.inside.left.store(true, Ordering::Relaxed);
    }
}

/// The first of some bytes, of which there are enough.
fn bytes<const N: usize>(from: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&from[..N]);
    bytes
}

fn database(inside: &Arc<Inside>) -> Result<Database, Fault> {
    Builder::new()
        .create_with_file_format_v3(true)
        .set_cache_size(CACHE)
        .create_with_backend(Handle(inside.clone()))
        .map_err(fault)
}

/// Whether a file is an outbox that can be read; then the copy of redb's header.
fn identify(medium: &Medium) -> Result<Vec<u8>, Fault> {
    let start = read_as_far_as(medium, 0, SUM + 4)?;
    let database = read_as_far_as(medium, DATABASE, REDB.len())?;
    let (identity, sum) = start.split_at(SUM);
    let intact = crc32fast::hash(identity).to_le_bytes() == sum;
    let version = u16::from_le_bytes([identity[COPY - 2], identity[COPY - 1]]);
    match (identity.starts_with(KIND), intact) {
        (true, true) if version == VERSION => Ok(identity[COPY..].to_vec()),
        (true, true) => Err(Fault::Later(version)),
        (true, false) => Err(Fault::Damaged("its first page is damaged".to_owned())),
        (false, _) if database == REDB || is_blank(medium)? => {
            Err(Fault::Damaged("its first page is gone".to_owned()))
        }
        (false, _) => Err(Fault::Foreign),
    }
}

/// With zeros for what is not there or cannot be read.
fn read_as_far_as(medium: &Medium, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let there = medium.len()?.saturating_sub(offset).min(length as u64) as usize;
    let mut bytes = medium.read(offset, there).unwrap_or_default();
    bytes.resize(length, 0);
    Ok(bytes)
}

/// Whether nothing is in the file that would be a pity to lose: what some file systems make of a file
/// that was being written when the power went.
fn is_blank(medium: &Medium) -> io::Result<bool> {
    let start = read_as_far_as(medium, 0, DATABASE as usize + HEADER)?;
    Ok(start.iter().all(|&byte| byte == 0))
}

/// redb's part of a file.
#[derive(Debug)]
struct Inside {
    medium: Medium,
    /// Nothing more is written: what redb does at the end is for closing in order.
    left: AtomicBool,
    read_failed: AtomicBool,
}

impl Inside {
    fn new(medium: Medium) -> Self {
        Self {
            medium,
            left: AtomicBool::new(false),
            read_failed: AtomicBool::new(false),
        }
    }

    fn unreadable(&self) -> bool {
        self.read_failed.load(Ordering::Relaxed)
    }

    fn check_open(&self) -> io::Result<()> {
        if self.left.load(Ordering::Relaxed) {
            return Err(io::Error::other("the file has been left"));
        }
        Ok(())
    }

    fn slots(&self) -> io::Result<Slots> {
        self.read(HEADER as u64, 2 * SLOT).map(Slots)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.medium.len()?.saturating_sub(DATABASE))
    }

    /// Behind the end are zeros, as behind one that was never moved for an interrupted transaction: the
    /// repair finds their checksum wrong, and falls back, where it would give up at an error.
    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        if offset.saturating_add(len as u64) > LONGEST {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let there = self.len()?.saturating_sub(offset).min(len as u64);
        let mut bytes = Vec::new();
        if there > 0 {
            bytes = self
                .medium
                .read(DATABASE + offset, there as usize)
                .inspect_err(|_| self.read_failed.store(true, Ordering::Relaxed))?;
        }
        bytes.resize(len, 0);
        Ok(bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_open()?;
        if len > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.medium.set_len(DATABASE + len)
    }

    fn sync(&self) -> io::Result<()> {
        self.check_open()?;
        self.medium.sync_data(false)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_open()?;
        self.medium.write(DATABASE + offset, data)
    }
}

/// What redb gets of it.
#[derive(Debug)]
struct Handle(Arc<Inside>);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.0.read(offset, len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self, _eventual: bool) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
