//! The engine: calls, bytes and time in any order, with a module that keeps to the rules, one that does not,
//! or the emulated one with its faults.
//!
//! What must hold:
//!
//! - every operation ends once, at the latest when the module has been silent for long enough;
//! - nothing comes out after the port is lost;
//! - a module that waits for data gets the data, whole, and nothing else, and no data without a prompt;
//! - a message changes nothing, whatever lines its payload looks like;
//! - no secret is in a log, a trace, an event or an error;
//! - deadlines get on.

mod bench;
mod calls;
mod emulated;
mod scripted;
mod watch;

use crate::input::{Input, Writer};
use crate::seeds::transcripts;
use scripted::Kind;

/// Runs one input: which module, and what happens.
///
/// # Panics
///
/// Where something does not hold.
pub fn run(input: &[u8]) {
    let secret = watch::secret(input);
    watch::begin(&secret);
    let mut input = Input::new(input);
    match input.byte() % 4 {
        0 => scripted::run(&mut input, secret, Kind::Honest),
        1 => scripted::run(&mut input, secret, Kind::Alive),
        2 => scripted::run(&mut input, secret, Kind::Liar),
        _ => emulated::run(&mut input, secret),
    }
}

/// Two connected clients, and then each of everything.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = emulated::seeds();
    for kind in 0..3 {
        let begin = scripted::connected(Writer::new().choices(&[kind]));
        for step in 0..scripted::STEPS {
            let writer = begin.clone().choices(&[step, 0, 1, 2, 3, 4, 5, 6]);
            seeds.push(writer.choices(&[scripted::OBEY, 0].repeat(4)).done());
        }
        for transcript in transcripts() {
            let printed = transcript.entries.iter().filter(|(printed, _)| *printed);
            let add = |writer: Writer, (_, bytes): &(bool, Vec<u8>)| {
                writer
                    .choices(&[scripted::PRINT])
                    .bytes(bytes)
                    .choices(&[scripted::OBEY, 0])
            };
            seeds.push(printed.fold(begin.clone(), add).done());
        }
    }
    seeds
}
