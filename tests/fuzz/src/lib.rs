//! What the fuzz targets do with their bytes. `libfuzzer` runs them; the tests of this crate run what is
//! kept in `inputs`, with the compiler that everything else is built with.

pub mod border;
pub mod emulator;
pub mod engine;
mod input;
pub mod lexer;
pub mod parameters;
pub mod seeds;
pub mod trace;

/// A target by its name.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is also that of its folders.
    pub name: &'static str,
    /// Runs one input; panics where something does not hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 6] = [
    Target {
        name: "lexer",
        run: lexer::run,
        seeds: lexer::seeds,
    },
    Target {
        name: "parameters",
        run: parameters::run,
        seeds: parameters::seeds,
    },
    Target {
        name: "engine",
        run: engine::run,
        seeds: engine::seeds,
    },
    Target {
        name: "border",
        run: border::run,
        seeds: border::seeds,
    },
    Target {
        name: "trace",
        run: trace::run,
        seeds: trace::seeds,
    },
    Target {
        name: "emulator",
        run: emulator::run,
        seeds: emulator::seeds,
    },
];
