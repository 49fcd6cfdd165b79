//! Any bytes, cut anyhow, come back from the flash as they went in.

mod model;

use atmqtt_emulator::module::{Module, Output, Settings};
use model::{OK, answer};
use proptest::prelude::*;
use std::time::Duration;

const CONNECT: &str = "\r\nCONNECT\r\n";

struct Wire {
    module: Module,
    now: Duration,
}

impl Wire {
    fn typed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.module.handle_input(self.now, bytes);
        let mut out = Vec::new();
        while let Some(output) = self.module.poll_output() {
            if let Output::Serial(bytes) = output {
                out.extend(bytes);
            }
        }
        out
    }
}

/// The checksum, written once more.
fn sum(bytes: &[u8]) -> u16 {
    let mut sum = [0, 0];
    for (index, byte) in bytes.iter().enumerate() {
        sum[index % 2] ^= byte;
    }
    u16::from_be_bytes(sum)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is uploaded, however it is cut and however slowly it comes, is what both ways
    /// of reading give back.
    #[test]
    fn comes_back(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 1..3000),
            prop::collection::vec(prop::sample::select(b"+\r\nATa\"".to_vec()), 1..40),
        ],
        cuts in prop::collection::vec((1_usize..700, 0_u64..900), 1..20),
        block in 1_usize..2000,
        ack in any::<bool>(),
    ) {
        let mut wire = Wire { module: Module::new(Settings::default()), now: Duration::ZERO };
        wire.typed(b"ATE0\r");
        let line = format!("AT+QFUPL=\"f\",{},5,{}\r", bytes.len(), u8::from(ack));
        prop_assert_eq!(wire.typed(line.as_bytes()), CONNECT.as_bytes());
        let (mut rest, mut cuts, mut out) = (bytes.as_slice(), cuts.iter().cycle(), Vec::new());
        while !rest.is_empty() {
            let (length, pause) = cuts.next().unwrap();
            let (piece, tail) = rest.split_at((*length).min(rest.len()));
            rest = tail;
            out.extend(wire.typed(piece));
            wire.now += Duration::from_millis(*pause);
            wire.module.handle_timeout(wire.now);
        }
        let acks = if ack { bytes.len() / 1024 } else { 0 };
        let ends = |name: &str| answer(&[&format!("+{name}: {},{:x}", bytes.len(), sum(&bytes))]);
        prop_assert_eq!(String::from_utf8(out).unwrap(), "A".repeat(acks) + &ends("QFUPL"));

        let expected = [CONNECT.as_bytes(), &bytes, ends("QFDWL").as_bytes()].concat();
        prop_assert_eq!(wire.typed(b"AT+QFDWL=\"f\"\r"), expected);

        wire.typed(b"AT+QFOPEN=\"f\",2\r");
        for piece in bytes.chunks(block) {
            let out = wire.typed(format!("AT+QFREAD=3000,{block}\r").as_bytes());
            let head = format!("\r\nCONNECT {}\r\n", piece.len());
            prop_assert_eq!(out, [head.as_bytes(), piece, OK.as_bytes()].concat());
        }
        prop_assert_eq!(wire.typed(b"AT+QFREAD=3000\r"), b"\r\n+CME ERROR: 402\r\n");
    }
}
