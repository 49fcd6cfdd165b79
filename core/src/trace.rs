//! The trace of a port as a file: what passed, when, and which way, without what must not be seen.
//!
//! The format is that of the emulated module, which replays it: see `tests/emulator/src/trace.rs`.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::mask::Shown;

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToModule,
    ToHost,
}

/// Who is told what passes, in order and without secrets.
pub(crate) trait Trace: Send {
    fn note(&mut self, direction: Direction, bytes: &[Shown]);
}

impl<F: FnMut(Direction, &[Shown]) + Send> Trace for F {
    fn note(&mut self, direction: Direction, bytes: &[Shown]) {
        self(direction, bytes);
    }
}

/// A trace that is written as it happens, one entry a line and a write, so that it is whole up to the
/// moment in which a program dies.
pub(crate) struct TraceFile {
    /// `None` once it could not be written: the port goes on without.
    file: Option<File>,
    path: PathBuf,
    began: Instant,
    entry: String,
}

impl TraceFile {
    /// Makes the file, for nobody but its owner to read; one that is there is written over.
    pub(crate) fn create(path: &Path, port: &str) -> Result<Self> {
        let failed = |error: io::Error| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("the trace file {} cannot be made: {error}", path.display()),
            )
        };
        let mut file = private_file(path).map_err(failed)?;
        let version = env!("CARGO_PKG_VERSION");
        writeln!(
            file,
            "# atmqtt {version} on {port}. \\?{{n}}: n bytes that are not shown."
        )
        .map_err(failed)?;
        Ok(Self {
            file: Some(file),
            path: path.to_owned(),
            began: Instant::now(),
            entry: String::new(),
        })
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    // Who has an older file of this name open would read this one too, whatever its mode. What is no file of
    // its own, as a device or a link, is taken as it is.
    if path.symlink_metadata().is_ok_and(|there| there.is_file()) && fs::remove_file(path).is_ok() {
        return OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.is_file() {
        // The mode above is for a new file only.
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.set_len(0)?;
    }
    Ok(file)
}

impl Trace for TraceFile {
    fn note(&mut self, direction: Direction, bytes: &[Shown]) {
        let Some(file) = &mut self.file else { return };
        let at = self.began.elapsed();
        let sign = match direction {
            Direction::ToModule => '>',
            Direction::ToHost => '<',
        };
        self.entry.clear();
        // Writing to a string does not fail.
        let _ = write!(
            self.entry,
            "{}.{:06} {sign} ",
            at.as_secs(),
            at.subsec_micros()
        );
        escape(bytes, &mut self.entry);
        self.entry.push('\n');
        if let Err(error) = file.write_all(self.entry.as_bytes()) {
            log::warn!(
                "the trace file {} cannot be written, and ends here: {error}",
                self.path.display()
            );
            self.file = None;
        }
    }
}

fn escape(bytes: &[Shown], text: &mut String) {
    let last = bytes.len().saturating_sub(1);
    let mut hidden = 0;
    for (at, shown) in bytes.iter().enumerate() {
        let Some(byte) = *shown else {
            hidden += 1;
            continue;
        };
        escape_hidden(&mut hidden, text);
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' | b'"' => text.extend(['\\', char::from(byte)]),
            b' ' if at != 0 && at != last => text.push(' '),
            0x21..=0x7e => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    escape_hidden(&mut hidden, text);
}

fn escape_hidden(count: &mut usize, text: &mut String) {
    if *count > 0 {
        let _ = write!(text, "\\?{{{count}}}");
        *count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn shown(bytes: &[u8]) -> Vec<Shown> {
        bytes.iter().copied().map(Some).collect()
    }

    #[test]
    fn entries() {
        let mut text = String::new();
        escape(&shown(b" a\\\"\r\n \xff\0 "), &mut text);
        assert_eq!(text, r#"\x20a\\\"\r\n \xff\x00\x20"#);
        text.clear();
        let mixed = [None, None, Some(b'"'), None, Some(b'\r'), None];
        escape(&mixed, &mut text);
        assert_eq!(text, r#"\?{2}\"\?{1}\r\?{1}"#);
    }

    #[test]
    fn only_the_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(TraceFile::create(&path, "port").unwrap());
        assert_eq!(mode(), 0o600);
        fs::write(&path, "something older and longer ".repeat(9)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        drop(TraceFile::create(&path, "port").unwrap());
        assert_eq!(mode(), 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# atmqtt ") && text.lines().count() == 1);
        let nowhere = folder.path().join("no/such/folder");
        let error = TraceFile::create(&nowhere, "port").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn who_has_an_older_file_open_does_not_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        fs::write(&path, "older").unwrap();
        let mut reader = File::open(&path).unwrap();
        drop(TraceFile::create(&path, "port").unwrap());
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "older");
        // Through a link it is the file behind it that is written.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        fs::write(&path, "older").unwrap();
        drop(TraceFile::create(&link, "port").unwrap());
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(&path).unwrap().starts_with("# atmqtt "));
    }

    #[test]
    fn a_full_disk_ends_the_trace_and_nothing_else() {
        // A device that takes nothing; making the trace fails with its first line already.
        let error = TraceFile::create(Path::new("/dev/full"), "port")
            .err()
            .unwrap();
        assert!(error.to_string().contains("/dev/full"), "{error}");
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut trace = TraceFile {
            file: Some(file),
            path: "/dev/full".into(),
            began: Instant::now(),
            entry: String::new(),
        };
        trace.note(Direction::ToHost, &shown(b"OK"));
        assert!(trace.file.is_none());
        trace.note(Direction::ToHost, &shown(b"OK"));
    }
}
