//! A journal in a file: appended line by line, intents synced to disk before they count.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    Entry, JournalError, Record,
    line::{Sum, write_line},
};

/// An open journal.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    end: Mutex<End>,
}

/// Where the next line goes.
#[derive(Debug)]
struct End {
    file: File,
    /// The sum of the last whole line.
    sum: Sum,
    /// How many bytes the whole lines take.
    length: u64,
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
        let end = End { file, sum: Sum::START, length: 0 };
        let journal = Self { path: path.to_owned(), end: Mutex::new(end) };
        journal.append(header, true)?;
        Ok(journal)
    }

    fn append(&self, entry: &Entry, synced: bool) -> Result<(), JournalError> {
        let failed = |source| JournalError { place: self.path.display().to_string(), source };
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let (line, sum) =
            write_line(entry, end.sum).map_err(|error| failed(std::io::Error::from(error)))?;
        // One write, so that a kill tears at most the last line.
        if let Err(error) = end.file.write_all(&line) {
            // What follows a torn line would be torn with it.
            let length = end.length;
            end.file.set_len(length).map_err(failed)?;
            return Err(failed(error));
        }
        end.sum = sum;
        end.length += line.len() as u64;
        if synced { end.file.sync_data().map_err(failed) } else { Ok(()) }
    }
}

impl Record for JournalFile {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        // A lost outcome only leaves its request in doubt; a lost intent would hide one.
        let synced = !matches!(entry, Entry::Outcome { .. } | Entry::Settled { .. });
        self.append(entry, synced)
    }
}
