//! The roster: from a CSV file to the [`DesiredSet`](crate::model::DesiredSet), or to every problem
//! it has; and from rows to a CSV file.
//!
//! Owns the format of PRODUCT.md §2: columns, words, the partial marker, which invalid row freezes
//! what, in which encodings and containers it may be. Two steps: a [`ParsedRoster`] may have names for people and projects; resolved, it is a
//! [`Roster`], all by id. [`ParsedRoster::read`] does the only I/O.
//! Must not know the plan, the live state or HTTP.

mod address;
mod cell;
mod column;
mod conflict;
mod container;
mod damage;
mod desire;
mod encoding;
mod error;
mod fix;
mod header;
mod input;
mod meaning;
mod merge;
mod name;
mod naming;
mod near;
mod no_meaning;
mod note;
mod number;
mod ods;
mod parts;
mod period;
mod problem;
mod quote;
mod read;
mod reading;
mod repair;
mod resolve;
mod row;
mod settings;
mod settled;
mod sheet;
mod shown;
mod source;
mod spelling;
mod spreadsheet;
#[cfg(test)]
mod tests;
mod unpack;
mod uses;
mod values;
mod word;
mod workbook;
mod write;
mod write_workbook;
mod xlsx;

pub use column::Column;
pub use container::own_text;
pub use damage::{Damage, FileProblem};
pub use encoding::{Encoding, EncodingProblem};
pub use error::{Kind, RosterError};
pub use fix::{Fix, Fixed, Repair};
pub use input::STDIN;
pub use meaning::{Known, Meaning, Meanings};
pub use name::{PersonRef, ProjectRef};
pub use no_meaning::NoMeaning;
pub use note::RosterNote;
pub use parts::WorkbookProblem;
pub use period::{Day, parse_date};
pub use problem::{Expected, Freezes, RosterWarning, RowProblem};
pub use read::{Names, ParsedRoster};
pub use resolve::{ReadDirectory, look_up, parse_roster, read_roster};
pub use settings::{Delimiter, ReaderSettings};
pub use settled::{RecordStatus, Roster, RosterRecord};
pub use source::{PARTIAL_MARKER, PATCH_MARKER};
pub use spreadsheet::{NoValue, SpreadsheetDamage};
pub use unpack::{PackProblem, UnpackBounds};
pub use uses::{ColumnPurpose, ColumnUse};
pub use values::{Defaults, ValueError, Values, Where};
pub use write::{
    Called, ReasonedRows, RosterForm, RosterHeader, RosterRow, RowDates, write_roster,
};
pub use write_workbook::roster_workbook;
