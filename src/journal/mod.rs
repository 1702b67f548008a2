//! The journal: an intent on disk before each write request, an outcome after it.
//!
//! JSON Lines with a chain of checksums, one header first. Whoever applies gets a [`Record`] and stops when it fails: no
//! journal, no request. Knows nothing of HTTP.

mod entry;
mod line;
mod read;
mod writer;

pub use entry::{
    Entry, JOURNAL_FORMAT, Look, PresentRow, RejectedRow, Request, RequestResult, SeenRecord,
    UnknownRow,
};
pub use line::journal_text;
pub use read::{Journal, JournalReadError, parse_journal};
pub use writer::{Append, JournalWriter};

/// A journal that could not be written: nothing more may be sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the journal `{place}`; nothing more was sent")]
pub struct JournalError {
    /// Its path, or a name for it.
    pub place: String,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// Keeps entries. An intent is on disk when this returns.
pub trait Record {
    /// Appends an entry.
    ///
    /// # Errors
    /// When it cannot be kept for certain.
    fn record(&self, entry: &Entry) -> Result<(), JournalError>;
}
