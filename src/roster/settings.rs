//! How a roster is written, where that is not fixed: the delimiter and foreign column names.
//!
//! Owns the settings that the reader takes; where they come from is the configuration's business.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

use super::{
    encoding::Encoding,
    period::Day,
    unpack::UnpackBounds,
    values::{Defaults, Values, Where},
};

/// The character between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Delimiter {
    /// `,`
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// `;`, as spreadsheets write where the comma is the decimal sign.
    #[serde(rename = ";")]
    Semicolon,
    /// A tab, written as itself or as `tab`.
    #[serde(rename = "tab", alias = "\t")]
    Tab,
    /// `|`
    #[serde(rename = "|")]
    Pipe,
}

impl Delimiter {
    /// All delimiters.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// The delimiter that is this character.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| delimiter.byte() == byte)
    }

    /// The character as a byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
            Self::Pipe => "|",
        })
    }
}

/// How to read a roster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReaderSettings {
    /// How its bytes become text; none for UTF-8, or what its byte order mark says.
    pub encoding: Option<Encoding>,
    /// Which sheet of a workbook is read; none for the first that is not hidden.
    pub sheet: Option<String>,
    /// How much may come out of a packed one.
    pub bounds: UnpackBounds,
    /// Between two cells.
    pub delimiter: Delimiter,
    /// Columns to pass over, matched like all names without case; a known column may be among
    /// them and is then unmanaged.
    pub ignore_columns: Vec<String>,
    /// Foreign headers by our column name, e.g. `user_id` → `Kantata ID`.
    pub columns: BTreeMap<String, String>,
    /// What foreign words mean.
    pub values: Values,
    /// Values for columns that the file does not have.
    pub defaults: Defaults,
    /// Which rows are there.
    pub filter: Where,
    /// Rows may name people and projects by more than ids. For who has a directory to ask.
    pub names: bool,
    /// The system whose keys `person_reference` has.
    pub person_service: Option<String>,
    /// The system whose keys `project_reference` has.
    pub project_service: Option<String>,
    /// The day that the rows' dates are held against.
    pub day: Day,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_read_as_it_is_shown() {
        for delimiter in Delimiter::ALL {
            let text = serde_json::Value::from(delimiter.to_string());
            assert_eq!(serde_json::from_value::<Delimiter>(text).ok(), Some(delimiter));
        }
        assert!(serde_json::from_str::<Delimiter>("\":\"").is_err());
    }
}
