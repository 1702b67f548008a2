//! The roster: from a CSV file to the [`DesiredSet`](crate::model::DesiredSet), or to every problem it has.
//!
//! Owns the format of PRODUCT.md §2: columns, words, the partial marker, which invalid row freezes
//! what. [`read_roster`] does the only I/O; all below it is a function of bytes and settings.
//! Must not know the plan, the live state or HTTP.

mod conflict;
mod damage;
mod error;
mod header;
mod problem;
mod quote;
mod read;
mod row;
mod settings;
mod source;
#[cfg(test)]
mod tests;

pub use damage::{Damage, FileProblem};
pub use error::RosterError;
pub use header::Column;
pub use problem::{Expected, Freezes, RosterWarning, RowProblem, SpreadsheetDamage};
pub use read::{RecordStatus, Roster, RosterRecord, parse_roster, read_roster};
pub use settings::{Delimiter, ReaderSettings};
pub use source::PARTIAL_MARKER;
