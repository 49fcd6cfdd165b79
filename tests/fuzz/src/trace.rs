//! A trace that somebody has sent: it is read or refused, what is read is written as it was, and its
//! replay ends, with the module as it was recorded or with a difference.

use std::time::Duration;

use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;
use atmqtt_emulator::trace::{self, Entry};

use crate::input::Input;
use crate::seeds::transcripts;

/// A module that is left alone for longer pings for longer, and does nothing else.
const LONGEST: Duration = Duration::from_secs(3600);

/// Runs one input: a dialect, a latency, a text.
///
/// # Panics
///
/// Where something does not hold.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let names: Vec<_> = Profile::names().collect();
    let name = *input.choose(&names);
    let latency = Duration::from_millis(input.byte().into());
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let Ok(entries) = trace::parse(&text) else {
        return;
    };
    for entry in &entries {
        let read: Entry = entry.to_string().parse().expect("what was written is read");
        let line = entry.line;
        assert_eq!(&Entry { line, ..read }, entry);
    }
    let time = entries.iter().filter_map(|entry| entry.at).max();
    if time.unwrap_or_default() > LONGEST {
        return;
    }
    let profile = Profile::by_name(name).unwrap_or_default();
    let settings = Settings {
        profile,
        ..Settings::default()
    };
    if let Err(mismatch) = trace::replay(&entries, settings, latency) {
        assert!(mismatch.line <= text.lines().count());
        assert!(!mismatch.to_string().is_empty());
    }
}

/// The transcripts, as traces.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let seed = |text: String| [&[0, 0], text.as_bytes()].concat();
    let mut seeds: Vec<_> = transcripts()
        .iter()
        .map(|transcript| seed(transcript.as_trace()))
        .collect();
    seeds.push(seed(
        "# hidden\n1.000000 > AT+QMTCONN=0,\\\"me\\\",\\\"u\\\",\\\"\\?{7}\\\"\\r\n\
         2.500000 < \\r\\nOK\\r\\n\\r\\n\n"
            .to_owned(),
    ));
    seeds
}
