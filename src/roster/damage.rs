//! What can be wrong with a file as a whole; any of it stops the run.
//!
//! Owns these problems and their words. The text form is `line: column: …`, as for rows; the
//! caller puts the file's path before it. Knows no CSV.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{near::quoted, problem::shown};

/// Damage of the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProblem {
    /// Where, from 1.
    pub line: u64,
    /// The column as the file names it, where it is about one.
    pub column: Option<String>,
    /// What.
    pub damage: Damage,
}

/// Why a file cannot be read as a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// Nothing but empty lines.
    Empty,
    /// The first line names no known column.
    NoHeader {
        /// The line, for people.
        found: String,
        /// What may help.
        hint: Option<String>,
    },
    /// A required column is not there.
    Missing {
        /// Of the headers that nobody knows the one that is most like it.
        like: Option<String>,
    },
    /// A column that nobody knows.
    Unknown {
        /// Its name, whole.
        header: String,
        /// The nearest name that is known, where one is near.
        nearest: Option<String>,
    },
    /// A column of e-mail addresses, which are not resolved.
    Email,
    /// A column of another system's keys, and nobody said which system's.
    NoService {
        /// The configuration key that says it.
        key: String,
    },
    /// A column without a name.
    Unnamed {
        /// Which one, from 1.
        position: usize,
    },
    /// The same column twice.
    Doubled {
        /// The name of the first one.
        first: String,
    },
    /// The settings map a foreign header to a column that does not exist.
    UnknownMapping {
        /// The nearest name that is known, where one is near.
        nearest: Option<String>,
    },
    /// The settings choose rows by a column that the file does not have.
    NoFilterColumn,
    /// The settings choose rows, and none is chosen.
    NoRowMatches {
        /// How many there are.
        rows: usize,
    },
    /// `sep=` and a character that separates no cells.
    Separator,
    /// A header and no row.
    NoRows,
    /// A quote that is never closed.
    UnclosedQuote,
    /// A closing quote with text between it and the delimiter.
    TextAfterQuote {
        /// The line where the cell begins.
        opened: u64,
    },
    /// A line that ends in a carriage return only.
    LoneCarriageReturn,
}

/// The line of a configuration that gives a column of ours another name.
pub(super) fn mapping_line(column: &str, header: &str) -> String {
    format!("roster.columns.{column} = {}", quoted(header))
}

impl FileProblem {
    /// Whether its message has a line for the configuration.
    #[must_use]
    pub const fn has_line_to_paste(&self) -> bool {
        matches!(
            self.damage,
            Damage::Missing { like: Some(_) }
                | Damage::Unknown { nearest: Some(_), .. }
                | Damage::NoService { .. }
        )
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        if let Some(column) = &self.column {
            write!(f, "{column}: ")?;
        }
        match (&self.damage, &self.column) {
            (Damage::Missing { like: Some(like) }, Some(column)) => {
                let line = mapping_line(column, like);
                write!(f, "{}; if it is `{}`: `{line}`", self.damage, shown(like))
            }
            (Damage::Missing { like: None }, Some(column)) if column == "role" => {
                write!(f, "{}; if it is the same in all rows: ", self.damage)?;
                f.write_str("`roster.defaults.role = \"maven\"`, or `\"buyer\"`")
            }
            _ => self.damage.fmt(f),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no header: the file has no line that is not empty"),
            Self::NoHeader { found, hint } => {
                write!(f, "no header: `{found}` names no known column")?;
                hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
            }
            Self::Missing { .. } => f.write_str("this column is required and missing"),
            Self::Unknown { header, nearest: Some(near) } => {
                let line = mapping_line(near, header);
                write!(f, "unknown column; did you mean `{near}`? `{line}` maps it")
            }
            Self::Unknown { nearest: None, .. } => f.write_str(
                "unknown column; `roster.columns` maps it to one of ours, `roster.ignore_columns` lists those to pass over",
            ),
            Self::Email => f.write_str(
                "e-mail addresses are not resolved; give `user_id`, and list this column in `roster.ignore_columns` or drop it",
            ),
            Self::NoService { key } => write!(
                f,
                "another system's keys: `{key}` has to name the system, as Kantata's external references do, such as `{key} = \"hr\"`",
            ),
            Self::Unnamed { position } => write!(f, "column {position} has no name"),
            Self::Doubled { first } => write!(f, "this column is there twice, first as `{first}`"),
            Self::UnknownMapping { nearest } => {
                f.write_str("`roster.columns` maps a header to this column, which does not exist")?;
                nearest.as_ref().map_or(Ok(()), |near| write!(f, "; did you mean `{near}`?"))
            }
            Self::NoFilterColumn | Self::NoRowMatches { .. } => self.write_choice(f),
            Self::Separator => f.write_str("expected `sep=` and one of `,`, `;`, `|` and a tab"),
            Self::NoRows => f.write_str("a header and no rows"),
            Self::UnclosedQuote => f.write_str("a quote is opened here and never closed"),
            Self::TextAfterQuote { opened } => {
                write!(f, "text after a closing quote (the cell begins on line {opened})")
            }
            Self::LoneCarriageReturn => {
                f.write_str("a line ends in a carriage return only; use LF or CRLF")
            }
        }
    }
}

impl Damage {
    /// What is wrong with the choice of rows.
    fn write_choice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRowMatches { rows: 1 } => {
                f.write_str("the only row does not match `roster.where`")
            }
            Self::NoRowMatches { rows } => write!(f, "none of {rows} rows matches `roster.where`"),
            _ => f.write_str(
                "`roster.where` chooses rows by this column, and the file does not have it",
            ),
        }
    }
}
