//! What keeps the files: memory, or a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file_name;

/// The flash of a module. It survives every restart; a clone is the same flash.
///
/// Names are those of `AT+QFUPL` without `UFS:`.
#[derive(Clone)]
pub struct Flash(Arc<Mutex<Place>>);

enum Place {
    Memory(BTreeMap<String, Vec<u8>>),
    Folder(PathBuf),
}

impl Default for Flash {
    fn default() -> Self {
        Self::memory()
    }
}

/// Names only: there are private keys among the files.
impl fmt::Debug for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.place() {
            Place::Memory(files) => f.debug_set().entries(files.keys()).finish(),
            Place::Folder(path) => f.debug_tuple("Flash").field(path).finish(),
        }
    }
}

impl Flash {
    /// An empty flash that is gone with its last clone.
    #[must_use]
    pub fn memory() -> Self {
        Self(Arc::new(Mutex::new(Place::Memory(BTreeMap::new()))))
    }

    /// A flash that is a folder: its files are those in the folder, as far as a module can name
    /// them. A folder that is not there is made.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is none.
    pub fn folder(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if let Err(error) = fs::create_dir(&path) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error);
            }
        }
        fs::read_dir(&path)?;
        Ok(Self(Arc::new(Mutex::new(Place::Folder(path)))))
    }

    /// Every operation leaves the files whole, so a panic elsewhere does no harm.
    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files and their sizes, by name.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<(String, u64)>> {
        match &*self.place() {
            Place::Memory(files) => Ok(files
                .iter()
                .map(|(name, bytes)| (name.clone(), bytes.len() as u64))
                .collect()),
            Place::Folder(path) => {
                let mut list = Vec::new();
                for entry in fs::read_dir(path)? {
                    let entry = entry?;
                    let Ok(name) = entry.file_name().into_string() else {
                        continue;
                    };
                    if file_name::is_legal(&name) && entry.file_type()?.is_file() {
                        list.push((name, entry.metadata()?.len()));
                    }
                }
                list.sort();
                Ok(list)
            }
        }
    }

    /// The bytes of a file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, or no file can have this name.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        legal(name)?;
        match &*self.place() {
            Place::Memory(files) => Ok(files.get(name).cloned()),
            Place::Folder(folder) => {
                let path = folder.join(name);
                if is_file(&path)? {
                    fs::read(&path).map(Some)
                } else {
                    Ok(None)
                }
            }
        }
    }

    /// Makes a file, or replaces its bytes.
    ///
    /// # Errors
    ///
    /// It cannot be written, or no file can have this name.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        legal(name)?;
        match &mut *self.place() {
            Place::Memory(files) => {
                files.insert(name.to_owned(), bytes.to_vec());
                Ok(())
            }
            Place::Folder(folder) => {
                let path = folder.join(name);
                is_file(&path)?;
                fs::write(&path, bytes)
            }
        }
    }

    /// Removes a file. `false`: there was none.
    ///
    /// # Errors
    ///
    /// It cannot be removed, or no file can have this name.
    pub fn remove(&self, name: &str) -> io::Result<bool> {
        legal(name)?;
        match &mut *self.place() {
            Place::Memory(files) => Ok(files.remove(name).is_some()),
            Place::Folder(folder) => {
                let path = folder.join(name);
                let there = is_file(&path)?;
                if there {
                    fs::remove_file(&path)?;
                }
                Ok(there)
            }
        }
    }
}

fn legal(name: &str) -> io::Result<()> {
    if file_name::is_legal(name) {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "no file name"))
    }
}

/// Whether there is a file. What is there and none (a folder, a link out of the folder, a device) is
/// an error.
fn is_file(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() => Ok(true),
        Ok(_) => Err(io::Error::other("not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn works(flash: &Flash) {
        assert_eq!(flash.list().unwrap(), []);
        flash.write("b", b"12").unwrap();
        flash.write("a", b"1").unwrap();
        flash.write("a", b"").unwrap();
        let listed = [("a".to_owned(), 0), ("b".to_owned(), 2)];
        assert_eq!(flash.clone().list().unwrap(), listed);
        assert_eq!(flash.read("b").unwrap().unwrap(), b"12");
        assert_eq!(flash.read("c").unwrap(), None);
        assert!(flash.remove("b").unwrap());
        assert!(!flash.remove("b").unwrap());
        for bad in ["", "..", "a/b", "../a", "a\0"] {
            assert!(flash.write(bad, b"").is_err(), "{bad:?}");
            assert!(flash.read(bad).is_err(), "{bad:?}");
            assert!(flash.remove(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn memory_and_folder_do_the_same() {
        works(&Flash::memory());
        let folder = tempfile::tempdir().unwrap();
        works(&Flash::folder(folder.path().join("flash")).unwrap());
        assert!(folder.path().join("flash/a").is_file());
    }

    #[test]
    fn a_folder_is_not_left() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, secret) = (folder.path().join("flash"), folder.path().join("secret"));
        fs::write(&secret, b"secret").unwrap();
        let flash = Flash::folder(&inside).unwrap();
        symlink(&secret, inside.join("link")).unwrap();
        fs::create_dir(inside.join("folder")).unwrap();
        assert_eq!(flash.list().unwrap(), []);
        for name in ["link", "folder"] {
            assert!(flash.read(name).is_err());
            assert!(flash.write(name, b"x").is_err());
            assert!(flash.remove(name).is_err());
        }
        assert_eq!(fs::read(&secret).unwrap(), b"secret");
        assert!(Flash::folder(&secret).is_err());
    }
}
