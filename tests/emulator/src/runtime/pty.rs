//! The pseudo-terminal and the symbolic link to it.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A pseudo-terminal pair. The slave is the device the host opens; it is kept open here as well,
/// raw and without echo, so that the host may come and go and what it left unread stays.
/// Dropping the pair is the unplug: the host gets a hang-up.
#[derive(Debug)]
pub(super) struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
    path: PathBuf,
}

impl Pty {
    pub(super) fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        // Elsewhere the flag does not exist, and a program started meanwhile may inherit it.
        #[cfg(target_os = "linux")]
        let flags = flags | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let status = rustix::fs::fcntl_getfl(&master)?;
        rustix::fs::fcntl_setfl(&master, status | OFlags::NONBLOCK)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let path = PathBuf::from(OsStr::from_bytes(name.as_bytes()));
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&path, flags, Mode::empty())?;
        let mut termios = rustix::termios::tcgetattr(&slave)?;
        termios.make_raw();
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &termios)?;
        Ok(Self {
            master,
            slave,
            path,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The end to wait on.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// What the host wrote: 0 bytes when there is nothing now.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        quiet(rustix::io::read(&self.master, buffer))
    }

    /// Writes towards the host: 0 bytes when there is no room now.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        quiet(rustix::io::write(&self.master, bytes))
    }

    /// Whether the host has read everything that has reached its side.
    pub(super) fn is_read(&self) -> bool {
        rustix::io::ioctl_fionread(&self.slave).map_or(true, |unread| unread == 0)
    }
}

fn quiet(result: rustix::io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        other => Ok(other?),
    }
}

/// A symbolic link to the device, removed with this value.
#[derive(Debug)]
pub(super) struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Link {
    /// Makes the link. One that an earlier run left is replaced; any other file is not.
    pub(super) fn new(path: &Path, target: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(path)?;
        }
        symlink(target, path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        Ok(Self {
            path: path.to_owned(),
            target: target.to_owned(),
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // It may be somebody else's by now.
        if fs::read_link(&self.path).is_ok_and(|target| target == self.target) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, fs};

    #[test]
    fn link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, one, two) = (
            folder.path().join("link"),
            folder.path().join("one"),
            folder.path().join("two"),
        );
        let first = Link::new(&path, &one).unwrap();
        let second = Link::new(&path, &two).unwrap();
        drop(first);
        assert_eq!(
            fs::read_link(&path).unwrap(),
            two,
            "not the first one's any more"
        );
        drop(second);
        assert!(fs::symlink_metadata(&path).is_err());
        fs::write(&path, "a file").unwrap();
        assert!(Link::new(&path, &one).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
    }
}
