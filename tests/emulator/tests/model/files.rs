//! What the tests of the file commands share.

use super::{Bench, OK, lines};
use atmqtt_emulator::module::{Flash, Settings};

/// What precedes raw data.
pub const CONNECT: &str = "\r\nCONNECT\r\n";

/// `+CME ERROR` in numbers, as after a start.
pub fn cme(code: u16) -> String {
    lines(&[&format!("+CME ERROR: {code}")])
}

/// Uploads and expects success.
#[track_caller]
pub fn upload(b: &mut Bench, name: &str, bytes: &[u8]) {
    let command = format!("AT+QFUPL=\"{name}\",{}", bytes.len());
    assert_eq!(b.at(&command), CONNECT);
    let out = b.raw(bytes);
    assert!(out.ends_with(OK), "{out}");
}

/// A module with files in this flash.
pub fn on(flash: Flash) -> Bench {
    Bench::new(Settings {
        flash,
        ..Settings::default()
    })
}
