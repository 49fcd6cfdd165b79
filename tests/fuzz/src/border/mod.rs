//! The C interface: its functions in any order, with any arguments that a C program may pass, with handles that
//! come and go, against a module on a pseudo-terminal that answers or prints anything.
//!
//! What must hold, and what AddressSanitizer looks at: nothing is read or written that the header does not
//! promise, what the library lets go of is told once, and everything ends when the module vanishes.

mod arguments;
mod device;
mod functions;

use crate::input::{Input, Writer};
use crate::seeds::transcripts;
use device::Device;
use functions::FUNCTIONS;

/// Runs one input: what the module does, then which functions are called with what.
///
/// # Panics
///
/// Where something does not hold.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let Some(device) = Device::start(&mut input) else {
        return;
    };
    let mut world = arguments::World::new(device.path());
    let mut calls = 0;
    while !input.is_empty() && calls < 40 {
        let call = input.below(FUNCTIONS.len() + 24);
        let call = match call.checked_sub(FUNCTIONS.len()) {
            None => FUNCTIONS[call],
            // Without these nothing else does much.
            Some(0..8) => functions::OPEN,
            Some(8..16) => functions::CLIENT,
            Some(_) => functions::NEXT_EVENT,
        };
        call(&mut world, &mut input);
        world.after_call();
        calls += 1;
    }
    device.stop();
    world.finish();
}

/// Every function by itself on an open port, and some sessions.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let functions = u8::try_from(FUNCTIONS.len()).unwrap_or(u8::MAX);
    let open = |script: &[u8]| {
        Writer::new()
            .bytes(script)
            .choices(&[functions, 1, 1, 0, 0, 1, 1])
            .choices(&[functions + 8, 1, 2, 1])
    };
    let mut seeds = Vec::new();
    for function in 0..functions {
        for filler in [0, 1, 2, 3] {
            let writer = open(&[]).choices(&[function]).choices(&[filler; 12]);
            seeds.push(writer.choices(&[functions + 16, 1, 1, 1]).done());
        }
    }
    for transcript in transcripts() {
        let printed = transcript.printed();
        let script: Vec<u8> = printed
            .chunks(60)
            .flat_map(|piece| [&[1, u8::try_from(piece.len()).unwrap_or(0)], piece].concat())
            .collect();
        let writer = open(&script[..script.len().min(250)]);
        seeds.push(writer.choices(&[functions + 16, 1, 1, 1].repeat(5)).done());
    }
    seeds
}
