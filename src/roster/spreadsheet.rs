//! What spreadsheets do to cells, and the words for it: values that are lost, and cells that have none
//! of their own.
//!
//! Owns what such a cell holds where a sheet is made text. Knows no sheet.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// In place of a cell that is merged with one further up, which has the value.
pub(super) const MERGED: &str = "#MERGED";

/// In place of a formula that nobody computed.
pub(super) const NOT_COMPUTED: &str = "#NOVALUE";

/// What spreadsheets show where a formula has no value, and what stands for the two above; folded.
const ERRORS: [&str; 13] = [
    "#n/a",
    "#ref!",
    "#value!",
    "#name?",
    "#div/0!",
    "#num!",
    "#null!",
    "#spill!",
    "#calc!",
    "#getting_data",
    "#data!",
    "#merged",
    "#novalue",
];

/// Whether a folded cell shows that it has no value.
pub(super) fn is_error(folded: &str) -> bool {
    ERRORS.contains(&folded)
}

/// Why a cell has no value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoValue {
    /// It shows an error.
    ErrorCell,
    /// It is merged with one further up.
    MergedCell,
    /// It has a formula that nobody computed.
    FormulaWithoutValue,
}

impl NoValue {
    /// What a cell says that shows no value.
    pub(super) fn of(cell: &str) -> Self {
        match cell {
            MERGED => Self::MergedCell,
            NOT_COMPUTED => Self::FormulaWithoutValue,
            _ => Self::ErrorCell,
        }
    }
}

impl fmt::Display for NoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ErrorCell => "a value, and no error of a spreadsheet",
            Self::MergedCell => {
                "a value of the row's own: the cell is merged with one further up, and only that one has the value"
            }
            Self::FormulaWithoutValue => {
                "the value of a formula, which the file does not have: open it in a spreadsheet program and save it"
            }
        })
    }
}

/// What spreadsheets do to ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpreadsheetDamage {
    /// `1.16E+20`
    Scientific,
    /// `12,345`
    Separators,
    /// `7.0`
    Decimal,
    /// `007`
    LeadingZeros,
}

impl fmt::Display for SpreadsheetDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scientific => "a spreadsheet rounded it and lost its digits",
            Self::Separators => "a spreadsheet put separators into it",
            Self::Decimal => "a spreadsheet made a decimal number of it",
            Self::LeadingZeros => "a spreadsheet or export padded it with zeros",
        })
    }
}
