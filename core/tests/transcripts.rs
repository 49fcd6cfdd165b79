//! Runs the cases of `tests/transcripts`: what real modules print, however it is cut.

#[path = "transcripts/script.rs"]
mod script;
#[path = "transcripts/shared.rs"]
mod shared;

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use script::{Cutting, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

const CUTTINGS: [Cutting; 8] = [
    Cutting::Whole,
    Cutting::Single,
    Cutting::Random(1),
    Cutting::Random(2),
    Cutting::Random(3),
    Cutting::Random(4),
    Cutting::Random(5),
    Cutting::Random(6),
];

#[test]
fn every_case_in_every_cutting() {
    let folder = root().join("tests/transcripts");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .collect();
    files.sort();
    assert!(files.len() >= 30, "only {} cases", files.len());

    let mut failed = 0;
    for file in &files {
        let text = fs::read_to_string(file).expect("a case");
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let ran = panic::catch_unwind(|| {
            for cutting in CUTTINGS {
                run(&name, &text, cutting);
            }
        });
        failed += usize::from(ran.is_err());
    }
    assert_eq!(failed, 0, "cases failed; see above");
}

#[test]
#[expect(clippy::print_stdout, reason = "tells that there was nothing to test")]
fn published_logs_where_they_are_present() {
    let folder = root().join("../shared/transcripts");
    if !folder.is_dir() {
        println!("skipped: there is no folder ../shared/transcripts with published logs");
        return;
    }
    shared::replay(&folder);
}
