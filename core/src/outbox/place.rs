//! The folder that an outbox is in: what the outbox needs of a file system.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::StorageBackend;
use rustix::fs::{FlockOperation, OFlags, flock};

/// An open file, locked as long as it is.
pub(super) type Medium = Arc<dyn StorageBackend>;

/// A folder of files, each with its lock.
pub(super) trait Folder: Debug + Send + Sync {
    /// Opens and locks a file; `None` where there is none. `WouldBlock`: somebody else has it.
    fn open(&self, name: &str) -> io::Result<Option<Medium>>;

    /// The same, but makes an empty file, out of what is there too.
    fn create(&self, name: &str) -> io::Result<Medium>;

    fn exists(&self, name: &str) -> io::Result<bool>;

    /// Gives a file another name, in place of a file that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    fn remove(&self, name: &str) -> io::Result<()>;

    /// Gives a file a second name; `AlreadyExists`: there is a file of that name.
    fn keep_as(&self, name: &str, other: &str) -> io::Result<()>;

    /// The names survive a power loss when this has returned.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of the file system.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The folder of a file and the file's name in it, through symbolic links.
    pub(super) fn of(path: &Path) -> io::Result<(Self, String)> {
        let path = match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            found => found?,
        };
        let invalid = |text| io::Error::new(io::ErrorKind::InvalidInput, text);
        let name = path
            .file_name()
            .ok_or_else(|| invalid("not the name of a file"))?
            .to_str()
            .ok_or_else(|| invalid("the name is not UTF-8"))?;
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let directory = Self {
            path: parent.canonicalize()?,
        };
        Ok((directory, name.to_owned()))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens and locks. The lock belongs to the file and not to the name: whoever had it may have given
    /// the name to another file meanwhile.
    fn locked(&self, name: &str, options: &OpenOptions) -> io::Result<Option<File>> {
        let path = self.path(name);
        loop {
            let file = match options.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            };
            let about = file.metadata()?;
            if !about.is_file() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "not a regular file",
                ));
            }
            flock(&file, FlockOperation::NonBlockingLockExclusive)?;
            match path.symlink_metadata() {
                Ok(now) if (now.dev(), now.ino()) == (about.dev(), about.ino()) => {
                    return Ok(Some(file));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // Not through a symbolic link that somebody has put there, and no waiting at a FIFO.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options
        .read(true)
        .write(true)
        .custom_flags(flags.bits() as i32);
    options
}

impl Folder for Directory {
    fn open(&self, name: &str) -> io::Result<Option<Medium>> {
        let file = self.locked(name, &options())?;
        Ok(file.map(|file| Arc::new(Disk(file)) as Medium))
    }

    fn create(&self, name: &str) -> io::Result<Medium> {
        let file = self
            .locked(name, options().create(true).mode(0o600))?
            .ok_or(io::ErrorKind::NotFound)?;
        file.set_len(0)?;
        Ok(Arc::new(Disk(file)))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        match self.path(name).symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn keep_as(&self, name: &str, other: &str) -> io::Result<()> {
        match std::fs::hard_link(self.path(name), self.path(other)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // A file system without hard links, as FAT.
            Err(_) if !self.exists(other)? => self.rename(name, other),
            linked => linked,
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// A file; its lock goes with it.
#[derive(Debug)]
struct Disk(File);

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.0.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self, _eventual: bool) -> io::Result<()> {
        // The length included, as far as reading the data needs it.
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }
}
