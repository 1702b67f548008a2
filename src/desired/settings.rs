//! How a roster is written, where that is not fixed: the delimiter and foreign column names.
//!
//! Owns the settings that the reader takes; where they come from is the configuration's business.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// The character between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`, as spreadsheets write where the comma is the decimal sign.
    Semicolon,
    /// A tab.
    Tab,
}

/// Text that is no delimiter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no delimiter (`,`, `;` or `tab`)")]
pub struct DelimiterError {
    /// What was found.
    pub text: String,
}

impl Delimiter {
    /// All delimiters.
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The character as a byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
        })
    }
}

impl FromStr for Delimiter {
    type Err = DelimiterError;

    /// The character itself, or the word `tab`.
    fn from_str(text: &str) -> Result<Self, DelimiterError> {
        match text {
            "," => Ok(Self::Comma),
            ";" => Ok(Self::Semicolon),
            "\t" | "tab" => Ok(Self::Tab),
            _ => Err(DelimiterError { text: text.to_owned() }),
        }
    }
}

/// How to read a roster. The encoding is UTF-8, with or without BOM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReaderSettings {
    /// Between two cells.
    pub delimiter: Delimiter,
    /// Columns to pass over, matched like all names without case; a known column may be among
    /// them and is then unmanaged.
    pub ignore_columns: Vec<String>,
    /// Foreign headers by our column name, e.g. `user_id` → `Kantata ID`.
    pub columns: BTreeMap<String, String>,
    /// Any invalid row makes the whole roster an error.
    pub strict: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_read_as_it_is_shown() {
        for delimiter in Delimiter::ALL {
            assert_eq!(delimiter.to_string().parse(), Ok(delimiter));
        }
        assert!("|".parse::<Delimiter>().is_err());
    }
}
