//! Why a project cannot be read: nothing is planned for it then. The words are made in `report`.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// Why a project cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Unreadable {
    /// Not visible to this token, or there is no such project.
    NotVisible,
    /// Whether it is there could not be asked.
    NotAsked {
        /// What went wrong.
        message: String,
    },
    /// A page of its list could not be read.
    PageNotRead {
        /// What went wrong.
        message: String,
    },
    /// Its list was read four times and never proved complete.
    NeverProved {
        /// What did not fit, the last time.
        contradiction: String,
    },
    /// Its members changed every time it was read.
    NeverStill,
    /// As an earlier version said it, in words only.
    Earlier {
        /// The words.
        words: String,
    },
}

impl From<String> for Unreadable {
    fn from(words: String) -> Self {
        Self::Earlier { words }
    }
}
