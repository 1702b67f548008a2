//! Writing a journal: line by line behind the last, intents on disk before they count.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use super::{
    Entry, JournalError, Record,
    line::{Sum, write_line},
};

/// Bytes that only grow, wherever they are kept.
pub trait Append {
    /// Puts these behind the last, all of them or none; on disk when this returns, if `synced`.
    ///
    /// # Errors
    /// When they are not there for certain.
    fn append(&mut self, bytes: &[u8], synced: bool) -> io::Result<()>;
}

/// An open journal.
#[derive(Debug)]
pub struct JournalWriter<A> {
    place: String,
    end: Mutex<End<A>>,
}

/// Where the next line goes.
#[derive(Debug)]
struct End<A> {
    out: A,
    /// The sum of the last whole line.
    sum: Sum,
}

impl<A: Append> JournalWriter<A> {
    /// Writes the header of a new journal; `place` is how a person finds it.
    ///
    /// # Errors
    /// When the header cannot be put on disk.
    pub fn begin(place: String, out: A, header: &Entry) -> Result<Self, JournalError> {
        let journal = Self { place, end: Mutex::new(End { out, sum: Sum::START }) };
        journal.append(header, true)?;
        Ok(journal)
    }

    /// How a person finds it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    fn append(&self, entry: &Entry, synced: bool) -> Result<(), JournalError> {
        let failed = |source| JournalError { place: self.place.clone(), source };
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let (line, sum) = write_line(entry, end.sum).map_err(|error| failed(error.into()))?;
        end.out.append(&line, synced).map_err(failed)?;
        end.sum = sum;
        Ok(())
    }
}

impl<A: Append> Record for JournalWriter<A> {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        // A lost outcome only leaves its request in doubt; a lost intent would hide one.
        let synced = !matches!(entry, Entry::Outcome { .. } | Entry::Settled { .. });
        self.append(entry, synced)
    }
}
