//! What can still be read of a damaged file: a search for records, without the help of redb.

use std::collections::BTreeMap;
use std::io;

use super::Kept;
use super::place::Medium;
use super::record::{LONGEST, MARK, Record};
use crate::mqtt::QoS;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Salvage {
    /// Messages by number. Some may have been delivered: redb leaves old pages as they are until it
    /// needs them.
    pub(super) kept: BTreeMap<u64, Kept>,
    /// Records that are damaged, or pieces of old ones.
    pub(super) damaged: usize,
    /// Higher than every number that is known to have been used.
    pub(super) next_number: u64,
}

/// Read at a time.
const CHUNK: usize = 1 << 20;
/// What is read alone where more cannot be read.
const SECTOR: usize = 4096;

/// Searches a file from its start to its end.
pub(super) fn salvage(file: &Medium) -> io::Result<Salvage> {
    let mut search = Search::default();
    let length = file.len()?;
    let mut offset = 0;
    while offset < length {
        // As far as a record may reach that starts in this chunk.
        let bytes = read(file, offset, length, CHUNK + LONGEST);
        search.chunk(&bytes, CHUNK);
        offset += CHUNK as u64;
    }
    Ok(search.end())
}

/// With zeros for what cannot be read.
fn read(file: &Medium, offset: u64, length: u64, most: usize) -> Vec<u8> {
    let count = most.min((length - offset) as usize);
    file.read(offset, count).unwrap_or_else(|_| {
        let mut bytes = vec![0; count];
        for (index, sector) in bytes.chunks_mut(SECTOR).enumerate() {
            let at = offset + (index * SECTOR) as u64;
            if let Ok(read) = file.read(at, sector.len()) {
                sector.copy_from_slice(&read);
            }
        }
        bytes
    })
}

#[derive(Default)]
struct Search {
    found: Salvage,
    /// Every message below had been delivered.
    floor: u64,
}

impl Search {
    /// The records that start in the first `count` bytes.
    fn chunk(&mut self, bytes: &[u8], count: usize) {
        for start in memchr::memmem::find_iter(bytes, &MARK).take_while(|&start| start < count) {
            match Record::read(&bytes[start..]) {
                Some(Record::Message(kept, floor)) => {
                    self.floor = self.floor.max(floor);
                    self.used(kept.number.saturating_add(1));
                    self.keep(kept);
                }
                Some(Record::Counter(next)) => self.used(next),
                None => self.found.damaged += 1,
            }
        }
    }

    fn used(&mut self, next: u64) {
        self.found.next_number = self.found.next_number.max(next);
    }

    fn keep(&mut self, mut kept: Kept) {
        // It may have been handed over, and delivered, after this was written.
        kept.handed |= kept.publish.qos == QoS::ExactlyOnce;
        let known = self.found.kept.get(&kept.number);
        kept.handed |= known.is_some_and(|known| known.handed);
        self.found.kept.insert(kept.number, kept);
    }

    fn end(mut self) -> Salvage {
        self.found.kept = self.found.kept.split_off(&self.floor);
        self.found
    }
}
