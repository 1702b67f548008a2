//! The access-level map of API.md §3.2: seven words are written, two other words are read back.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Seen;

/// What a member may see and do on a project, in the vocabulary that is *written*.
/// The order is that of API.md §3.2 and of the account's menus: the first is the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AccessLevel {
    /// Project administrator.
    Admin,
    /// May edit financials.
    EditFinancials,
    /// May view financials.
    ViewFinancials,
    /// May edit time and expenses.
    EditTimeAndExpenses,
    /// May view time and expenses.
    ViewTimeAndExpenses,
    /// May edit tasks.
    EditTasks,
    /// May view tasks.
    ViewTasks,
}

/// Why a level below [`AccessLevel::Admin`] may never stick (API.md §1.10).
pub const ACCOUNT_ADMIN_REASON: &str =
    "an Account Administrator cannot hold less than Project Administrator on any project";

/// A word that is not an access level to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessLevelError {
    /// A word of the read vocabulary: what writing it gives is not documented.
    #[error("`{word}` is read from the API but not written; use {modern}")]
    Legacy {
        /// What was found.
        word: String,
        /// The words to use in its place.
        modern: &'static str,
    },
    /// No such word.
    #[error("`{word}` is no access level")]
    Unknown {
        /// What was found.
        word: String,
    },
}

impl AccessLevel {
    /// All levels, the most powerful first.
    pub const ALL: [Self; 7] = [
        Self::Admin,
        Self::EditFinancials,
        Self::ViewFinancials,
        Self::EditTimeAndExpenses,
        Self::ViewTimeAndExpenses,
        Self::EditTasks,
        Self::ViewTasks,
    ];

    /// The word that requests carry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::EditFinancials => "edit_financials",
            Self::ViewFinancials => "view_financials",
            Self::EditTimeAndExpenses => "edit_time_and_expenses",
            Self::ViewTimeAndExpenses => "view_time_and_expenses",
            Self::EditTasks => "edit_tasks",
            Self::ViewTasks => "view_tasks",
        }
    }

    /// Whether this level gives less than `other`: changing to it is a demotion.
    #[must_use]
    pub const fn is_below(self, other: Self) -> bool {
        self as u8 > other as u8
    }

    /// The level behind the two fields that an answer carries (`access_level`, `permissions_label`).
    /// Hidden when either is missing and needed, or is a word nobody documents: never guessed.
    #[must_use]
    pub fn from_answer(level: Option<&str>, label: Option<&str>) -> Seen<Self> {
        let edits = match label {
            Some("edit") => Some(true),
            Some("view_only" | "view_with_custom") => Some(false),
            _ => None,
        };
        match (level, edits) {
            (Some("admin"), _) => Seen::Visible(Self::Admin),
            (Some("financial"), Some(true)) => Seen::Visible(Self::EditFinancials),
            (Some("financial"), Some(false)) => Seen::Visible(Self::ViewFinancials),
            (Some("time_logging"), Some(true)) => Seen::Visible(Self::EditTimeAndExpenses),
            (Some("time_logging"), Some(false)) => Seen::Visible(Self::ViewTimeAndExpenses),
            (Some("collaboration"), Some(true)) => Seen::Visible(Self::EditTasks),
            (Some("collaboration"), Some(false)) => Seen::Visible(Self::ViewTasks),
            _ => Seen::Hidden,
        }
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for AccessLevel {
    type Err = AccessLevelError;

    fn from_str(word: &str) -> Result<Self, AccessLevelError> {
        if let Some(level) = Self::ALL.into_iter().find(|level| level.word() == word) {
            return Ok(level);
        }
        let modern = match word {
            "financial" => "`edit_financials` or `view_financials`",
            "time_logging" => "`edit_time_and_expenses` or `view_time_and_expenses`",
            "collaboration" => "`edit_tasks` or `view_tasks`",
            _ => return Err(AccessLevelError::Unknown { word: word.to_owned() }),
        };
        Err(AccessLevelError::Legacy { word: word.to_owned(), modern })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_level_is_read_back_as_itself() {
        let answers = [
            ("admin", "edit"),
            ("financial", "edit"),
            ("financial", "view_only"),
            ("time_logging", "edit"),
            ("time_logging", "view_with_custom"),
            ("collaboration", "edit"),
            ("collaboration", "view_only"),
        ];
        for (level, (read, label)) in AccessLevel::ALL.into_iter().zip(answers) {
            assert_eq!(AccessLevel::from_answer(Some(read), Some(label)), Seen::Visible(level));
            assert_eq!(level.word().parse(), Ok(level));
        }
    }

    #[test]
    fn what_is_missing_or_unheard_of_is_hidden() {
        for (level, label) in [
            (None, None),
            (None, Some("edit")),
            (Some("financial"), None),
            (Some("owner"), Some("edit")),
            (Some("financial"), Some("edit_some")),
        ] {
            assert_eq!(AccessLevel::from_answer(level, label), Seen::Hidden, "{level:?} {label:?}");
        }
    }

    #[test]
    fn a_lower_level_in_the_tables_order_is_a_demotion() {
        assert!(AccessLevel::ViewTasks.is_below(AccessLevel::EditTasks));
        assert!(!AccessLevel::Admin.is_below(AccessLevel::Admin));
        assert!(!AccessLevel::EditFinancials.is_below(AccessLevel::ViewFinancials));
    }

    #[test]
    fn legacy_words_are_refused_with_the_modern_ones() {
        let error = "financial".parse::<AccessLevel>().expect_err("legacy");
        assert!(error.to_string().contains("`edit_financials` or `view_financials`"), "{error}");
    }
}
