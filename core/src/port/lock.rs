//! Who else has the port: UUCP lock files, and the processes that hold the device open.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// A `LCK..name` file, as minicom, pppd and ModemManager's neighbours use them; removed when dropped.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
}

const LOCK_FOLDER: &str = "/var/lock";

impl LockFile {
    /// Refuses a device that a living process has a lock file for, and leaves one of our own where
    /// the folder may be written; where it may not, the kernel's lock has to do.
    pub(super) fn take(device: &Path) -> Result<Option<Self>> {
        // By the device itself: two links of one name may lead to two modules, and two names to one.
        let resolved = fs::canonicalize(device);
        let device = resolved.as_deref().unwrap_or(device);
        Self::take_in(Path::new(LOCK_FOLDER), device)
    }

    fn take_in(folder: &Path, device: &Path) -> Result<Option<Self>> {
        let Some(name) = device.file_name() else {
            return Ok(None);
        };
        let path = folder.join(format!("LCK..{}", name.to_string_lossy()));
        if let Some(pid) = owner(&path) {
            return Err(busy(device, Some(pid), "its lock file"));
        }
        // Stale: its process is gone.
        let _ = fs::remove_file(&path);
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{:>10}", std::process::id()));
        Ok(file.ok().map(|()| Self { path }))
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // A forked child holds a copy of this value; the file is its parent's.
        if pid_in(&self.path) == Some(std::process::id()) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The living process that a lock file names, if it is not this one.
fn owner(path: &Path) -> Option<u32> {
    let pid = pid_in(path)?;
    (is_alive(pid) && pid != std::process::id()).then_some(pid)
}

/// Whether a process still runs: a killed one that its parent has not waited for does not.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        // The name before the state is in parentheses, and may hold any.
        let state = stat.rsplit(')').next().unwrap_or_default();
        !state.trim_start().starts_with(['Z', 'X'])
    })
}

fn pid_in(path: &Path) -> Option<u32> {
    // Anybody may write in the folder, and a pipe would be waited for.
    path.symlink_metadata().ok().filter(fs::Metadata::is_file)?;
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The error for a device that somebody else has, with who it is where that can be seen.
pub(super) fn busy(device: &Path, pid: Option<u32>, how: &str) -> Error {
    let who = match pid.or_else(|| holder(device)) {
        Some(pid) if pid == std::process::id() => "this program has it open already".to_owned(),
        Some(pid) => {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            format!("process {pid} ({}) has it", name.trim())
        }
        None => "another program has it".to_owned(),
    };
    Error::new(
        ErrorKind::PortBusy,
        format!(
            "{}: {who} ({how}); stop it, or tell ModemManager to leave the device alone",
            device.display()
        ),
    )
}

/// A process that has the device open, another before this one; only those whose descriptors we may
/// look at.
fn holder(device: &Path) -> Option<u32> {
    let device = device.canonicalize().ok()?;
    let has_it = |pid: u32| {
        fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten()
            .any(|fd| fs::read_link(fd.path()).is_ok_and(|target| target == device))
    };
    let this = std::process::id();
    fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|&pid| pid != this && has_it(pid))
        .or_else(|| has_it(this).then_some(this))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_owner_is_named_and_a_dead_one_is_not_heeded() {
        let folder = tempfile::tempdir().unwrap();
        let device = Path::new("/dev/ttyUSB2");
        let file = folder.path().join("LCK..ttyUSB2");
        // The first process of the system lives as long as this test does.
        fs::write(&file, "         1\n").unwrap();
        let error = LockFile::take_in(folder.path(), device).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PortBusy);
        assert!(error.to_string().contains("process 1 "), "{error}");

        // A pipe that nobody writes to names nobody, and is not waited for.
        fs::remove_file(&file).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        drop(LockFile::take_in(folder.path(), device).unwrap());

        fs::write(&file, "4194305\n").unwrap();
        let lock = LockFile::take_in(folder.path(), device).unwrap().unwrap();
        assert_eq!(pid_in(&file), Some(std::process::id()));
        drop(lock);
        assert!(!file.exists());
    }

    #[test]
    fn a_killed_owner_that_nobody_has_waited_for_is_not_heeded() {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = WaitId::Pid(Pid::from_child(&child));
        waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        let file = folder.path().join("LCK..ttyUSB2");
        fs::write(&file, format!("{:>10}\n", child.id())).unwrap();
        let lock = LockFile::take_in(folder.path(), Path::new("/dev/ttyUSB2"));
        child.wait().unwrap();
        assert!(lock.unwrap().is_some());
    }

    #[test]
    fn without_a_folder_the_kernel_has_to_do() {
        let nowhere = Path::new("/nonexistent/folder");
        assert!(
            LockFile::take_in(nowhere, Path::new("/dev/x"))
                .unwrap()
                .is_none()
        );
    }
}
