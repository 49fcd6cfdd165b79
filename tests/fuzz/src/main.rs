//! `atmqtt-fuzz seeds FOLDER` writes what the targets begin with, a folder a target; `atmqtt-fuzz run TARGET
//! FILE...` runs inputs, such as what a fuzzer has found.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use atmqtt_fuzz::TARGETS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["seeds", folder] => seeds(Path::new(folder)),
        ["run", target, files @ ..] => run(target, files),
        _ => Err("usage: atmqtt-fuzz seeds FOLDER | run TARGET FILE...".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("atmqtt-fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

fn seeds(folder: &Path) -> Result<(), Box<dyn Error>> {
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (n, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{n:04}")), seed)?;
        }
    }
    Ok(())
}

fn run(name: &str, files: &[&str]) -> Result<(), Box<dyn Error>> {
    let target = TARGETS
        .iter()
        .find(|target| target.name == name)
        .ok_or_else(|| format!("there is no target {name}"))?;
    for file in files {
        (target.run)(&fs::read(file)?);
        eprintln!("{file}: holds");
    }
    Ok(())
}
