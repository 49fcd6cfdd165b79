//! A recorded run, played once more without the device.

mod common;

use atmqtt_emulator::module::Settings;
use atmqtt_emulator::profile::Profile;
use atmqtt_emulator::runtime::{Chunk, Emulator};
use atmqtt_emulator::trace::{self, Direction, Mismatch};
use common::Host;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const LATENCY: Duration = Duration::from_millis(30);
const FAULTS: &[&str] = &["line:at=QMTUNS,line=+X: 1", "delay-result:at=QMTUNS,ms=40"];

fn settings(profile: &str) -> Settings {
    Settings {
        profile: Profile::by_name(profile).unwrap(),
        faults: FAULTS.iter().map(|spec| spec.parse().unwrap()).collect(),
        ..Settings::default()
    }
}

/// Waits for all of these, in any order.
fn gather(host: &mut Host, mut seen: Vec<u8>, parts: &[&[u8]]) {
    let has = |seen: &[u8], part: &[u8]| seen.windows(part.len()).any(|window| window == part);
    while !parts.iter().all(|part| has(&seen, part)) {
        let more = host.until(b"\n");
        seen.extend(more);
    }
}

/// Records a session; the text of its trace.
fn record(profile: &str, file: &Path) -> String {
    let settings = settings(profile);
    let publish = if settings.profile.qmtpub.any() {
        "QMTPUB"
    } else {
        "QMTPUBEX"
    };
    let prompt = settings.profile.prompt;
    let emulator = Emulator::builder()
        .profile(settings.profile.clone())
        .faults(settings.faults)
        .latency(LATENCY)
        .chunk(Chunk::Random)
        .trace(file)
        .start()
        .unwrap();
    let mut host = Host::open(&emulator.path());
    host.echo_off();
    host.ask("AT+QIACT=1");
    for (line, result) in [
        ("AT+QMTOPEN=0,\"h\",1", "0,0"),
        ("AT+QMTCONN=0,\"me\"", "0,0,0"),
        ("AT+QMTSUB=0,1,\"t/#\",1", "0,1,0,1"),
    ] {
        assert_eq!(host.ask(line), ["OK"]);
        assert!(host.line().ends_with(result));
    }
    host.command(&format!("AT+{publish}=0,2,1,0,\"t/a\",9"));
    host.until(prompt.as_bytes());
    host.write(b"some \"\r\n\x00");
    // Something else while the result and the message are under way.
    let seen = host.until(b"OK\r\n");
    host.command("AT+CSQ");
    gather(
        &mut host,
        seen,
        &[b"+CSQ:", b"OK\r\n", b",2,0\r\n", b"some \"\r\n\x00"],
    );
    host.command("AT+CGMM");
    host.until(settings.profile.model.as_bytes());
    host.until(b"OK\r\n");
    assert_eq!(host.ask("AT+QMTUNS=0,3,\"t/#\""), ["OK"]);
    assert_eq!(host.line(), "+X: 1");
    assert!(host.line().ends_with("0,3,0"));
    assert_eq!(host.ask("AT+QMTDISC=0"), ["OK"]);
    assert!(host.line().ends_with("0,0"));
    emulator.stop().unwrap();
    fs::read_to_string(file).unwrap()
}

fn replay(text: &str, profile: &str) -> Result<(), Mismatch> {
    trace::replay(&trace::parse(text).unwrap(), settings(profile), LATENCY)
}

/// The trace without its times.
fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_once(' ').unwrap().1);
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_same_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    for profile in ["note", "ec800m", "bg96", "bg770a", "bc95"] {
        let text = record(profile, &folder.path().join(profile));
        for _ in 0..2 {
            let again = replay(&text, profile);
            assert_eq!(
                again,
                Ok(()),
                "{profile}: {}\n{text}",
                again.clone().unwrap_err()
            );
        }
        // However late the module was.
        let late: String = text
            .lines()
            .map(|line| {
                let (time, rest) = line.split_once(' ').unwrap();
                let time: f64 = time.parse().unwrap();
                format!("{:.6} {rest}\n", time * 7.0 + 3.0)
            })
            .collect();
        assert_eq!(replay(&late, profile), Ok(()), "{profile}");
        // And however it was cut.
        let mut entries = trace::parse(&text).unwrap();
        entries.dedup_by(|next, entry| {
            let joins = next.direction == Direction::ToHost && entry.direction == next.direction;
            if joins {
                entry.bytes.append(&mut next.bytes);
            }
            joins
        });
        let same = trace::replay(&entries, settings(profile), LATENCY);
        assert_eq!(same, Ok(()), "{profile}");
    }
}

const HANDMADE: &str = r#"# Echo on; no times.
> AT+QMTOPEN=0,\"h\",1\r
< AT+QMTOPEN=0,\"h\",1\r\r\nOK\r\n
< \r\n+QMTOPEN: 0,0\r\n
> AT+QMTCONN=0,\"me\"\r
< AT+QMTCONN=0,\"me\"\r\r\nOK\r\n\r\n+QMTCONN: 0,0,0\r\n

> AT+QMTPUBEX=0,0,0,0,\"t\",2\r\n
< AT+QMTPUBEX=0,0,0,0,\"t\",2\r\r\n>\x20
> hi
< \r\nOK\r\n
< \r\n+QMTPUBEX: 0,0,0\r\n
> AT+QMTDISC=0\r
< AT+QMTDISC=0\r\r\nOK\r\n\r\n+QMTDISC: 0,0\r\n
"#;

#[test]
fn written_by_hand() {
    assert_eq!(replay(HANDMADE, "note"), Ok(()));
    let none: String = String::new();
    assert_eq!(replay(&none, "note"), Ok(()));
}

#[test]
fn an_edited_one_is_told_where() {
    for (was, is, line) in [
        // The module's side: another byte, another order of lines, less, more.
        ("+QMTOPEN: 0,0", "+QMTOPEN: 0,1", 4),
        ("< \\r\\nOK\\r\\n\n", "", 11),
        (": 0,0,0\\r\\n\n\n", ": 0,0,0\\r\\n\n< \\r\\nRDY\\r\\n\n", 7),
        ("+QMTDISC: 0,0\\r\\n", "", 14),
        ("\\r\\n\\r\\n+QMTDISC: 0,0\\r\\n", "", 14),
        // The host's side: another command, another payload length.
        ("> AT+QMTCONN=0,", "> AT+QMTCONN=1,", 6),
        ("> hi\n", "> h\n", 11),
    ] {
        let edited = HANDMADE.replacen(was, is, 1);
        assert_ne!(edited, HANDMADE, "{was}");
        let mismatch = replay(&edited, "note").expect_err(was);
        assert_eq!(mismatch.line, line, "{was}: {mismatch}");
    }
    let mismatch = replay(&HANDMADE.replace("OPEN: 0,0", "OPEN: 0,3"), "note").unwrap_err();
    assert_eq!(
        mismatch.to_string(),
        "line 4: expected < 3\\r\\n, the module says < 0\\r\\n"
    );
    let mismatch = replay(&HANDMADE.replace("> hi", "> h"), "note").unwrap_err();
    assert!(mismatch.to_string().ends_with("the module is silent"));
    let short = HANDMADE.replace("\\r\\n\\r\\n+QMTDISC: 0,0", "");
    let mismatch = replay(&short, "note").unwrap_err();
    assert!(
        mismatch.to_string().contains("the trace ends"),
        "{mismatch}"
    );
}

#[test]
fn other_settings_are_not_the_same() {
    assert!(replay(HANDMADE, "bg96").is_err());
    assert!(replay(HANDMADE, "note-uart").is_err());
    let faults = vec!["lose-final:at=QMTCONN".parse().unwrap()];
    let settings = Settings {
        faults,
        ..Settings::default()
    };
    let entries = trace::parse(HANDMADE).unwrap();
    let mismatch = trace::replay(&entries, settings, Duration::ZERO).unwrap_err();
    assert_eq!(mismatch.line, 6);
}

#[test]
fn silence_is_part_of_a_run() {
    // What comes right after an expired data entry is dropped; the times say that it did not.
    let text = r#"1.000000 > ATE0\r
1.000001 < ATE0\r\r\nOK\r\n
2.000000 > AT+QMTCFG=\"edit/timeout\",0,1,5;+QMTCFG=\"willex\",0,1,0,0,\"w\",4\r
2.000000 < \r\n>\x20
3.000000 > abc
7.000000 < \r\nERROR\r\n
8.000000 > AT\r
8.000000 < \r\nOK\r\n
"#;
    assert_eq!(replay(text, "note"), Ok(()));
    let mismatch = replay(&timeless(text), "note").unwrap_err();
    assert_eq!(mismatch.line, 8);
}

fn program(options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_atmqtt-emulator"))
        .args(options)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn the_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let text = record("bg96", &file);
    let path = file.to_str().unwrap();
    let mut options = vec!["--profile=bg96", "--latency=30", "--replay", path];
    options.extend(FAULTS.iter().flat_map(|spec| ["--fault", spec]));
    let output = program(&options);
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}{text}");
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .ends_with("the same\n")
    );

    let line = text.lines().count();
    fs::write(&file, format!("{}x\n", text.trim_end())).unwrap();
    let output = program(&options);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains(&format!("{path}:{line}:")), "{shown}");

    fs::write(&file, "> AT\\r\n< \\q\n").unwrap();
    let output = program(&["--replay", path]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains(&format!("{path}:2:")), "{shown}");
    assert_eq!(
        program(&["--replay", "/no/such/file"]).status.code(),
        Some(1)
    );
    assert_eq!(
        program(&["--replay", path, "--trace", path]).status.code(),
        Some(2)
    );
}
