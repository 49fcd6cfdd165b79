//! How the module's output is cut into writes.

use std::fmt;
use std::str::FromStr;

/// How output is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chunk {
    /// Everything at once.
    #[default]
    Whole,
    /// One byte at a time.
    Byte,
    /// Pieces of random length, most of them short.
    Random,
}

impl Chunk {
    /// The names, as in `--chunk`.
    pub const NAMES: &'static [&'static str] = &["whole", "byte", "random"];
}

impl FromStr for Chunk {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "whole" => Ok(Self::Whole),
            "byte" => Ok(Self::Byte),
            "random" => Ok(Self::Random),
            _ => Err(format!("one of {}", Self::NAMES.join(", "))),
        }
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Byte => "byte",
            Self::Random => "random",
        })
    }
}

/// Decides the length of the next piece.
#[derive(Debug)]
pub(super) struct Cutter {
    mode: Chunk,
    state: u64,
    next: Option<usize>,
}

impl Cutter {
    pub(super) fn new(mode: Chunk, seed: u64) -> Self {
        Self {
            mode,
            state: seed,
            next: None,
        }
    }

    /// Pieces must be kept apart, so that the reader sees them cut.
    pub(super) fn cuts(&self) -> bool {
        self.mode != Chunk::Whole
    }

    /// Every piece is one byte.
    pub(super) fn is_single(&self) -> bool {
        self.mode == Chunk::Byte
    }

    /// The length of the next piece, the same until [`Cutter::done`].
    pub(super) fn piece(&mut self) -> usize {
        let (mode, state) = (self.mode, &mut self.state);
        *self.next.get_or_insert_with(|| match mode {
            Chunk::Whole => usize::MAX,
            Chunk::Byte => 1,
            Chunk::Random => {
                let random = split_mix(state);
                // One piece in eight may be long, so that short and long ones meet.
                let most = if random & 7 == 0 { 200 } else { 12 };
                1 + usize::try_from((random >> 8) % most).unwrap_or(0)
            }
        })
    }

    /// The piece was written, or the part of it that there was.
    pub(super) fn done(&mut self) {
        self.next = None;
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Cutter};

    #[test]
    fn names() {
        for name in Chunk::NAMES {
            assert_eq!(
                name.parse::<Chunk>().map(|chunk| chunk.to_string()),
                Ok((*name).to_owned())
            );
        }
        assert!("words".parse::<Chunk>().is_err());
    }

    fn pieces(mode: Chunk, seed: u64) -> Vec<usize> {
        let mut cutter = Cutter::new(mode, seed);
        (0..500)
            .map(|_| {
                let piece = cutter.piece();
                assert_eq!(cutter.piece(), piece, "kept until it is written");
                cutter.done();
                piece
            })
            .collect()
    }

    #[test]
    fn lengths() {
        assert!(pieces(Chunk::Byte, 0).iter().all(|piece| *piece == 1));
        let random = pieces(Chunk::Random, 0);
        assert_eq!(random, pieces(Chunk::Random, 0), "by the seed");
        assert_ne!(random, pieces(Chunk::Random, 1));
        assert!(random.contains(&1) && random.iter().any(|piece| *piece > 50));
        assert!(random.iter().all(|piece| (1..=200).contains(piece)));
    }
}
