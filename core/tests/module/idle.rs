//! An idle port causes no wake-up.

use std::fs;
use std::time::Duration;

use crate::common::Bench;

/// Voluntary context switches of every thread of this process that the library has named.
fn switches() -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if !name.starts_with("atmqtt-reader") && !name.starts_with("atmqtt-dispatch") {
            continue;
        }
        let status = fs::read_to_string(task.path().join("status")).unwrap();
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
            .and_then(|count| count.trim().parse().ok())
            .unwrap();
        found.push((
            format!("{} {}", task.file_name().to_string_lossy(), name.trim()),
            count,
        ));
    }
    found.sort();
    found
}

/// Runs alone in a process of its own, because other tests have library threads that work.
#[test]
fn no_wake_ups_in_five_seconds() {
    const ALONE: &str = "ATMQTT_IDLE_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let this = std::env::current_exe().unwrap();
        let output = std::process::Command::new(this)
            .args([
                "--exact",
                "idle::no_wake_ups_in_five_seconds",
                "--nocapture",
            ])
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let bench = Bench::new();
    let client = bench.connected(0);
    client.on_message(drop).unwrap();
    bench.modem.on_event(drop).unwrap();
    // Until the threads have gone to sleep after what has just been done.
    std::thread::sleep(Duration::from_millis(200));
    let before = switches();
    assert_eq!(before.len(), 2, "a reader and a dispatcher: {before:?}");
    // Real time must pass here: it is what is measured.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(switches(), before);
}
