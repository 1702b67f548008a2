//! What can be wrong with a row, as values: one problem each, with line, column and expectation.
//!
//! Owns the words that people read about a row, and the reach of an invalid one. The text form is
//! `line: column: …`; the caller puts the file's path before it. Knows no CSV.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::no_meaning::NoMeaning;
pub(super) use super::shown::shown;
use super::spreadsheet::{NoValue, SpreadsheetDamage};
use crate::model::{AccessLevel, MembershipKey, WorkspaceId, file_and_line, line_words};

/// One invalid row's problem; a row may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The line where the row begins, from 1.
    pub line: u64,
    /// The column as the file names it; none when the row as a whole is wrong.
    pub column: Option<String>,
    /// What was found, for people: cut to 60 characters, control characters escaped.
    pub value: String,
    /// What should have been there.
    pub expected: Expected,
    /// Which projects must not lose anybody because of it.
    pub freezes: Freezes,
}

/// The reach of an invalid row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freezes {
    /// Its project.
    Workspace(WorkspaceId),
    /// All projects, as nobody can say which one the row meant.
    Everything,
}

/// What a row or cell should have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Expected {
    /// As many cells as the header has.
    Cells {
        /// The header's.
        header: usize,
        /// The row's.
        row: usize,
    },
    /// Anything at all.
    Filled,
    /// An id.
    Id {
        /// What a spreadsheet did to it, where that shows.
        damage: Option<SpreadsheetDamage>,
    },
    /// A side of the project.
    Role,
    /// An access level.
    AccessLevel {
        /// The words for what the legacy word found may have meant.
        modern: Option<String>,
    },
    /// A yes or no.
    Flag {
        /// The column by our name, where it is known.
        column: Option<String>,
    },
    /// A value of the row's own.
    OwnValue {
        /// Why there is none.
        why: NoValue,
        /// The cell's address, where it stands in a sheet.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cell: Option<String>,
    },
    /// A whole number.
    Integer,
    /// A day.
    Date {
        /// What the text may have meant; several where that depends on who wrote it.
        meant: Vec<Date>,
    },
    /// A last day that somebody may have meant: systems write earlier ones for none.
    EndSince {
        /// The earliest.
        earliest: Date,
    },
    /// A last day that is not before the first.
    EndFrom {
        /// The first day's column as the file names it.
        column: String,
        /// The first day.
        first: Date,
    },
    /// A name that means one person or project of the account.
    Meaning {
        /// Why it does not.
        why: NoMeaning,
    },
    /// An e-mail address.
    Address {
        /// The one that the cell seems to hold.
        repair: Option<String>,
    },
    /// A title or key that is not endless.
    ShortName,
    /// The same person or project as another cell of the row.
    Agreement {
        /// The other cell's column as the file names it.
        column: String,
        /// Whom or what that one means, by id.
        id: String,
    },
    /// The same as another line says about the same person on the same project.
    SameAs {
        /// The other line.
        line: u64,
        /// Its file, where it is another one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        file: Option<String>,
    },
    /// Nobody else who leads the same side of the same project.
    OneTeamLead {
        /// The line of somebody else who does.
        line: u64,
        /// Its file, where it is another one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        file: Option<String>,
    },
}

/// Something that was put right in reading and should be put right in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterWarning {
    /// Two rows say the same; they count once.
    Repeated {
        /// The later line, passed over.
        line: u64,
        /// The first line that says so.
        first: u64,
        /// About whom.
        key: MembershipKey,
    },
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", file_and_line(self.line).1, self.message())
    }
}

impl RowProblem {
    /// Names the file of the other line that it speaks of, where it is one of several and another one.
    pub(super) fn name_file(&mut self, files: &[String]) {
        let (Expected::SameAs { line, file } | Expected::OneTeamLead { line, file }) =
            &mut self.expected
        else {
            return;
        };
        let ((own, _), (other, _)) = (file_and_line(self.line), file_and_line(*line));
        *file = files.get(other).filter(|_| own != other).cloned();
    }

    /// Column and expectation, in words: all but the line.
    #[must_use]
    pub fn message(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| self.write_message(f))
    }

    /// Whether its message has a line for the configuration.
    #[must_use]
    pub fn has_line_to_paste(&self) -> bool {
        self.expected.mapping_line(&self.value).is_some()
    }

    fn write_message(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "{column}: ")?;
        }
        let value = match self.value.as_str() {
            "" => "an empty cell".to_owned(),
            value => format!("`{value}`"),
        };
        match &self.expected {
            Expected::Filled => f.write_str("empty, but every row needs it"),
            Expected::Cells { header, row } => {
                let plural = if *header == 1 { "" } else { "s" };
                write!(f, "expected {header} cell{plural} as in the header, found {row}: {value}")
            }
            Expected::SameAs { line, file } => write!(
                f,
                "{value} contradicts line {}, which says otherwise of the same person on the same project",
                place(*line, file.as_deref())
            ),
            Expected::OneTeamLead { line, file } => write!(
                f,
                "{value}, but line {} makes somebody else the team lead of the same side of this project",
                place(*line, file.as_deref())
            ),
            expected => {
                write!(f, "{value}: expected {expected}")?;
                let line = expected.mapping_line(&self.value);
                line.map_or(Ok(()), |line| f.write_str(&line))
            }
        }
    }
}

impl Expected {
    /// The kind of the problem, in one word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Meaning { why } => why.into(),
            Self::OwnValue { why, .. } => why.into(),
            other => other.into(),
        }
    }

    /// What to write instead, where nothing has to be guessed.
    #[must_use]
    pub fn repair(&self) -> Option<String> {
        match self {
            Self::Address { repair } => repair.clone(),
            _ => None,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cells { header, .. } => write!(f, "{header} cells"),
            Self::Filled => f.write_str("a value"),
            Self::OwnValue { why, cell } => own_value(*why, cell.as_deref(), f),
            Self::Id { damage } => {
                f.write_str("an id (digits only, no leading zero, greater than 0)")?;
                damage.map_or(Ok(()), |damage| write!(f, "; {damage}"))
            }
            Self::Role => f.write_str("`maven` (`provider`, `consultant`) or `buyer` (`client`)"),
            Self::AccessLevel { modern: Some(modern) } => {
                write!(f, "{modern}; this word is read from the API but not written")
            }
            Self::AccessLevel { modern: None } => {
                let words = AccessLevel::ALL.map(|level| format!("`{level}`"));
                write!(f, "one of {}", words.join(", "))
            }
            Self::Flag { .. } => f.write_str("true or false (yes or no, 1 or 0)"),
            Self::Integer => f.write_str("a whole number (digits only)"),
            Self::Date { meant } => date(meant, f),
            Self::EndSince { earliest } => {
                write!(f, "a last day from {earliest} on, or an empty cell where there is none")
            }
            Self::EndFrom { column, first } => {
                write!(f, "no day before the one in {column}, which is {first}")
            }
            Self::Meaning { why } => write!(f, "{why}"),
            Self::Address { repair } => address(repair.as_deref(), f),
            Self::ShortName => f.write_str("at most 1,000 characters"),
            Self::Agreement { column, id } => {
                write!(f, "the same as in {column}, which means {id}")
            }
            Self::SameAs { line, file } => {
                write!(f, "the same as on line {}", place(*line, file.as_deref()))
            }
            Self::OneTeamLead { line, file } => {
                write!(f, "no team lead besides that of line {}", place(*line, file.as_deref()))
            }
        }
    }
}

/// A line, and its file where that is another one.
fn place(line: u64, file: Option<&str>) -> impl fmt::Display {
    let file = file.map(|file| format!(" of `{}`", shown(file))).unwrap_or_default();
    fmt::from_fn(move |f| write!(f, "{}{file}", file_and_line(line).1))
}

fn own_value(why: NoValue, cell: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{why}")?;
    cell.map_or(Ok(()), |cell| write!(f, " (cell {cell})"))
}

fn address(repair: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match repair {
        Some(address) => {
            write!(f, "an e-mail address and nothing else; write `{}`", shown(address))
        }
        None => f.write_str("one e-mail address, such as `dana@firm.example`"),
    }
}

fn date(meant: &[Date], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let days: Vec<String> = meant.iter().map(|day| format!("`{day}`")).collect();
    match days.is_empty() {
        true => f.write_str("a day of the calendar as year-month-day, such as `2026-12-31`"),
        false => write!(f, "a day as year-month-day, here {}", days.join(" or ")),
    }
}

impl RosterWarning {
    /// The line that it is about.
    #[must_use]
    pub const fn line(&self) -> u64 {
        match self {
            Self::Repeated { line, .. } => *line,
        }
    }
}

impl fmt::Display for RosterWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated { line, first, key: _ } => {
                let line = file_and_line(*line).1;
                write!(f, "{line}: the same as line {}; it counts once", line_words(*first))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_to_60_characters() {
        assert_eq!(shown(&"ü".repeat(60)), "ü".repeat(60));
        assert_eq!(shown(&"ü".repeat(61)), format!("{}…", "ü".repeat(59)));
        assert_eq!(shown(&"\u{7}".repeat(1_000)).chars().count(), 60);
    }

    #[test]
    fn what_does_not_show_is_escaped() {
        assert_eq!(shown("a\u{1b}[31m\tb\n"), "a\\u{1b}[31m\\tb\\n");
        assert_eq!(shown("12\u{200b}3\u{a0}4\u{202e}"), "12\\u{200b}3\\u{a0}4\\u{202e}");
        assert_eq!(shown("José, 北京 x"), "José, 北京 x");
    }

    #[test]
    fn a_problem_survives_json() {
        let problem = RowProblem {
            line: 3,
            column: Some("user_id".to_owned()),
            value: "007".to_owned(),
            expected: Expected::Id { damage: Some(SpreadsheetDamage::LeadingZeros) },
            freezes: Freezes::Workspace(WorkspaceId::new(7).expect("not 0")),
        };
        let text = serde_json::to_string(&problem).expect("plain value");
        assert_eq!(serde_json::from_str::<RowProblem>(&text).expect("same"), problem);
    }
}
