//! What is to be known of a roster as a whole, and its words. Knows no rows.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::problem::shown;

/// What is to be known of a roster as a whole, besides its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterNote {
    /// Of one of several rosters.
    OfFile {
        /// Which.
        file: String,
        /// What.
        note: Box<RosterNote>,
    },
    /// The sheet that was read, where others could have been meant.
    Sheet {
        /// Its name.
        name: String,
        /// Of how many that are not hidden.
        of: usize,
    },
    /// What a spreadsheet does not show.
    Hidden {
        /// By number.
        rows: Vec<u64>,
        /// By letter.
        columns: Vec<String>,
    },
    /// Rows that the settings do not choose.
    NotChosen {
        /// How many.
        rows: usize,
        /// Of how many.
        of: usize,
    },
}

impl fmt::Display for RosterNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfFile { file, note } => write!(f, "{file}: {note}"),
            Self::Sheet { name, of } => write!(
                f,
                "the sheet `{}` is read, the first of {of}; `--sheet` or `roster.sheet` names another",
                shown(name)
            ),
            Self::Hidden { rows, columns } => {
                let of = [("row", listed(rows)), ("column", listed(columns))];
                let of: Vec<String> = of
                    .iter()
                    .filter(|(_, listed)| !listed.is_empty())
                    .map(|(what, listed)| format!("{what} {listed}"))
                    .collect();
                write!(f, "hidden in the sheet and read like the rest: {}", of.join(" and "))
            }
            Self::NotChosen { rows, of } => {
                let are = if *rows == 1 { "does" } else { "do" };
                write!(f, "{rows} of {of} rows {are} not match `roster.where`, as if not there")
            }
        }
    }
}

/// The first of many.
fn listed(all: &[impl fmt::Display]) -> String {
    const SHOWN: usize = 5;
    let mut listed: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
    if all.len() > SHOWN {
        listed.push(format!("… ({} in all)", all.len()));
    }
    listed.join(", ")
}
