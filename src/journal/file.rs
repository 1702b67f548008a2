//! A journal in a file: appended line by line, intents synced to disk before they count.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{Entry, JournalError, Record};

/// An open journal.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl JournalFile {
    /// Makes a new journal (private on unix) and writes its header.
    ///
    /// # Errors
    /// When the file exists already, or the header cannot be put on disk.
    pub fn create(path: &Path, header: &Entry) -> Result<Self, JournalError> {
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let place = || path.display().to_string();
        let file = options.open(path).map_err(|source| JournalError { place: place(), source })?;
        let journal = Self { path: path.to_owned(), file: Mutex::new(file) };
        journal.append(header, true)?;
        Ok(journal)
    }

    fn append(&self, entry: &Entry, synced: bool) -> Result<(), JournalError> {
        let failed = |source| JournalError { place: self.path.display().to_string(), source };
        let mut line = serde_json::to_vec(entry).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that a kill tears at most the last line.
        file.write_all(&line).map_err(failed)?;
        if synced { file.sync_data().map_err(failed) } else { Ok(()) }
    }
}

impl Record for JournalFile {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        // A lost outcome only leaves its request in doubt; a lost intent would hide one.
        let synced = !matches!(entry, Entry::Outcome { .. } | Entry::Settled { .. });
        self.append(entry, synced)
    }
}
