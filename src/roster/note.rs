//! What is to be known of a roster as a whole, and its words. Knows no rows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is to be known of a roster as a whole, besides its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterNote {
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
            Self::NotChosen { rows, of } => {
                let are = if *rows == 1 { "does" } else { "do" };
                write!(f, "{rows} of {of} rows {are} not match `roster.where`, as if not there")
            }
        }
    }
}
