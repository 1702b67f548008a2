//! Why a name means nobody, and nothing: as values, and in words. Knows no row.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::shown::shown;

/// Why a name does not mean one person or project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "why", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoMeaning {
    /// The account knows nobody and nothing of this name.
    Unknown {
        /// What is written nearly like it: a hint, never an answer.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        near: Option<String>,
    },
    /// Several have it.
    Several {
        /// Some of them: id, and name or title.
        candidates: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// The person is deactivated.
    Deactivated {
        /// Their id.
        id: u64,
    },
    /// The project is archived, and `roster.projects` is `active`.
    Archived {
        /// Its id.
        id: u64,
    },
}

impl fmt::Display for NoMeaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { near } => {
                f.write_str("a name that the account knows")?;
                near.as_ref().map_or(Ok(()), |near| write!(f, "; did you mean `{}`?", shown(near)))
            }
            Self::Several { candidates, count } => {
                write!(f, "a name that means only one in the account, and {count} have this: ")?;
                let listed: Vec<String> = candidates.iter().map(|one| shown(one)).collect();
                f.write_str(&listed.join(", "))?;
                let more = count.saturating_sub(candidates.len());
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Deactivated { id } => {
                write!(f, "somebody who can be put on a project; user {id} is deactivated")
            }
            Self::Archived { id } => {
                write!(
                    f,
                    "a project that is not archived, as project {id} is; `roster.projects = \"all\"` takes it"
                )
            }
        }
    }
}
