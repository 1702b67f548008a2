//! One apply at a time for each profile and API: an OS file lock, gone with its process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{HeldUntilDropped, LockHolder};
use crate::trust::{open_file, open_with, trust};

/// A held lock; dropped, or with the process, it is free again.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: File,
}

impl FileLock {
    /// Takes the lock in this name; none where another process holds it.
    pub(super) fn acquire(path: &Path, holder: &LockHolder) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = open_with(&mut options, path)?;
        trust(path, &file.metadata()?)?;
        match file.try_lock() {
            Ok(()) => {
                let said = file.set_len(0).and_then(|()| (&file).write_all(&holder.line()));
                // A lock that does not say whose it is keeps others out all the same.
                drop(said);
                Ok(Some(Self { path: path.to_owned(), file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether a process holds the lock now. Makes no file.
    pub(super) fn is_held(path: &Path) -> io::Result<bool> {
        let file = match open_file(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        // Shared, so that two that look do not take each other for a run.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl HeldUntilDropped for FileLock {
    /// Whoever removes the lock file, or puts another in its place, lets a second run in.
    #[cfg(unix)]
    fn check(&self) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        let own = self.file.metadata()?;
        let now = std::fs::metadata(&self.path).ok();
        if now.is_some_and(|now| (now.dev(), now.ino()) == (own.dev(), own.ino())) {
            return Ok(());
        }
        let message = format!("the lock `{}` was removed or exchanged", self.path.display());
        Err(io::Error::other(message))
    }

    #[cfg(not(unix))]
    fn check(&self) -> io::Result<()> {
        self.file.metadata().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::RunId;

    fn acquire(path: &Path) -> io::Result<Option<FileLock>> {
        let since = jiff::Timestamp::UNIX_EPOCH;
        let holder = LockHolder { run: RunId::new(since, 0), since, process: None };
        FileLock::acquire(path, &holder)
    }

    #[test]
    fn a_second_run_is_told_so_until_the_first_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let first = acquire(&path).expect("usable").expect("free");
        assert!(acquire(&path).expect("usable").is_none());
        assert!(FileLock::is_held(&path).expect("readable"));
        first.check().expect("held");
        drop(first);
        assert!(!FileLock::is_held(&path).expect("readable"));
        assert!(!FileLock::is_held(&folder.path().join("other")).expect("not there"));
        assert!(acquire(&path).expect("usable").is_some());
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_whose_file_is_removed_or_exchanged_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let first = acquire(&path).expect("usable").expect("free");
        std::fs::remove_file(&path).expect("removed");
        assert!(first.check().is_err());
        let second = acquire(&path).expect("usable").expect("another file");
        assert!(first.check().is_err());
        second.check().expect("held");
    }
}
