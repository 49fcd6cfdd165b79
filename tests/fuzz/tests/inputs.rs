//! What the fuzz targets have found, and what they begin with, run by the compiler that everything else is
//! built with.

use std::fs;
use std::path::{Path, PathBuf};

use atmqtt_fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn what_was_found_stays_repaired() {
    for target in TARGETS {
        let Ok(files) = fs::read_dir(folder("regressions").join(target.name)) else {
            continue;
        };
        for file in files {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            (target.run)(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn what_a_fuzzer_begins_with_runs() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(seeds.len() > 20, "{}: {}", target.name, seeds.len());
        // Each takes milliseconds there, for it has threads.
        let step = if target.name == "border" { 10 } else { 1 };
        for (n, seed) in seeds.iter().enumerate().step_by(step) {
            eprintln!("{} {n}: {}", target.name, seed.escape_ascii());
            (target.run)(seed);
        }
    }
}

#[test]
fn an_input_may_be_empty() {
    for target in TARGETS {
        (target.run)(b"");
    }
}

#[test]
fn every_function_of_the_header_is_called() {
    let abi = fs::read_to_string(folder("../../ffi-c/abi.txt")).unwrap();
    let called = ["functions.rs", "arguments.rs", "mod.rs"]
        .map(|file| fs::read_to_string(folder("src/border").join(file)).unwrap())
        .concat();
    let functions = abi
        .lines()
        .filter_map(|line| line.strip_prefix("function ")?.split(' ').next());
    let mut count = 0;
    for function in functions {
        count += 1;
        assert!(called.contains(function), "{function} is not fuzzed");
    }
    assert!(count > 100, "{count} functions");
}
