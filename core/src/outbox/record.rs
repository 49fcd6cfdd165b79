//! One message as bytes, with a mark to be found by and a checksum of its own.
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 4 | mark, by which a search through a damaged file finds records |
//! | 4 | 4 | CRC-32 of everything after it |
//! | 8 | 4 | length of everything after it |
//! | 12 | 1 | bits 0 and 1 QoS, 2 retain, 3 handed, 7 a counter and no message |
//! | 13 | 8 | number |
//! | 21 | 8 | floor: the lowest number that was kept when this was written |
//! | 29 | 2 | length of the topic |
//! | 31 | | topic, payload |
//!
//! Numbers are little-endian.

use super::Kept;
use crate::error::{Error, Result};
use crate::mqtt::publish::Publish;
use crate::mqtt::{MAX_PAYLOAD, MAX_TOPIC, QoS};

/// No byte of it occurs in UTF-8, so no topic looks like one.
pub(super) const MARK: [u8; 4] = [0xF5, 0xFA, 0xF6, 0xFB];

const HEAD: usize = 31;
const HANDED: u8 = 8;
const COUNTER: u8 = 0x80;

/// The longest record of a message that a module can take.
pub(super) const LONGEST: usize = HEAD + MAX_TOPIC + MAX_PAYLOAD;

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// A message, and the floor.
    Message(Kept, u64),
    /// Numbers below this one may have been used.
    Counter(u64),
}

impl Record {
    /// The record at the start of `bytes`; `None` where it is damaged or there is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(&MARK) {
            return None;
        }
        let length = u32::from_le_bytes(field(bytes, 8)?) as usize;
        let body = bytes.get(8..12 + length)?;
        if crc32fast::hash(body) != u32::from_le_bytes(field(bytes, 4)?) {
            return None;
        }
        let bytes = &bytes[..12 + length];
        let [flags] = field(bytes, 12)?;
        let number = u64::from_le_bytes(field(bytes, 13)?);
        if flags & COUNTER != 0 {
            return Some(Self::Counter(number));
        }
        let floor = u64::from_le_bytes(field(bytes, 21)?);
        let topic = usize::from(u16::from_le_bytes(field(bytes, 29)?));
        let (topic, payload) = bytes[HEAD..].split_at_checked(topic)?;
        let publish = Publish::new(
            std::str::from_utf8(topic).ok()?,
            payload,
            QoS::try_from(flags & 3).ok()?,
            flags & 4 != 0,
        );
        let handed = flags & HANDED != 0;
        let kept = Kept {
            number,
            publish,
            handed,
        };
        Some(Self::Message(kept, floor))
    }
}

fn field<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset + N)?.try_into().ok()
}

/// The record of a message.
pub(super) fn message(number: u64, publish: &Publish, handed: bool, floor: u64) -> Result<Vec<u8>> {
    let topic = u16::try_from(publish.topic.len()).map_err(|_| {
        Error::argument(
            "topic",
            format!("{} bytes long", publish.topic.len()),
            format!("at most {MAX_TOPIC} bytes"),
        )
    })?;
    if publish.payload.len() > MAX_PAYLOAD {
        return Err(Error::argument(
            "payload",
            format!("{} bytes long", publish.payload.len()),
            format!("at most {MAX_PAYLOAD} bytes"),
        ));
    }
    let flags =
        publish.qos.level() | u8::from(publish.retain) << 2 | if handed { HANDED } else { 0 };
    let mut bytes = head(flags, number, floor);
    bytes.extend_from_slice(&topic.to_le_bytes());
    bytes.extend_from_slice(publish.topic.as_bytes());
    bytes.extend_from_slice(&publish.payload);
    Ok(seal(bytes))
}

/// The record that numbers below `next` may have been used.
pub(super) fn counter(next: u64) -> Vec<u8> {
    let mut bytes = head(COUNTER, next, 0);
    bytes.extend_from_slice(&[0, 0]);
    seal(bytes)
}

/// The same record with the message marked as handed over.
pub(super) fn handed(record: &[u8]) -> Vec<u8> {
    let mut bytes = record.to_vec();
    bytes[12] |= HANDED;
    seal(bytes)
}

fn head(flags: u8, number: u64, floor: u64) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(&[0; 8]);
    bytes.push(flags);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&floor.to_le_bytes());
    bytes
}

fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    // At most LONGEST.
    let length = (bytes.len() - 12) as u32;
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    let sum = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish() -> Publish {
        Publish::new("a/\u{e9}", [0, 0xF5, 0xFF], QoS::ExactlyOnce, true)
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let bytes = message(7, &publish(), false, 5).unwrap();
        let kept = |handed| Kept {
            number: 7,
            publish: publish(),
            handed,
        };
        assert_eq!(Record::read(&bytes), Some(Record::Message(kept(false), 5)));
        let handed = handed(&bytes);
        assert_eq!(Record::read(&handed), Some(Record::Message(kept(true), 5)));
        assert_eq!(Record::read(&counter(9)), Some(Record::Counter(9)));
        // And where more follows it.
        let more = [&bytes[..], &[1, 2, 3]].concat();
        assert_eq!(Record::read(&more), Record::read(&bytes));
    }

    #[test]
    fn a_flipped_bit_or_a_missing_byte_is_noticed() {
        let bytes = message(7, &publish(), false, 5).unwrap();
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::read(&damaged), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(Record::read(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn what_no_module_takes_is_refused() {
        let long = Publish::new("t".repeat(MAX_TOPIC + 1), [], QoS::AtMostOnce, false);
        assert!(message(1, &long, false, 1).is_err());
        let long = Publish::new("t", vec![0; MAX_PAYLOAD + 1], QoS::AtMostOnce, false);
        assert!(message(1, &long, false, 1).is_err());
        let longest = Publish::new(
            "t".repeat(MAX_TOPIC),
            vec![0; MAX_PAYLOAD],
            QoS::AtMostOnce,
            false,
        );
        assert_eq!(message(1, &longest, false, 1).unwrap().len(), LONGEST);
    }
}
