//! The two vocabularies of the access level: seven words are written, four others and a label are
//! read back (API.md §3.2).
//!
//! The sandbox keeps its own map, on purpose not that of the client: it must know nothing of the
//! rest of the crate, so that the two can disagree.

use serde::Serialize;

/// What somebody may do on a project, as it is written; the first is the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// `admin`
    Admin,
    /// `edit_financials`
    EditFinancials,
    /// `view_financials`
    ViewFinancials,
    /// `edit_time_and_expenses`
    EditTimeAndExpenses,
    /// `view_time_and_expenses`
    ViewTimeAndExpenses,
    /// `edit_tasks`, the default of a new participation
    EditTasks,
    /// `view_tasks`
    ViewTasks,
}

impl Level {
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

    /// The level of a written word; the words that are only read are not accepted.
    #[must_use]
    pub fn written(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// The word that is written.
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

    /// The `access_level` that is read back.
    #[must_use]
    pub const fn read(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::EditFinancials | Self::ViewFinancials => "financial",
            Self::EditTimeAndExpenses | Self::ViewTimeAndExpenses => "time_logging",
            Self::EditTasks | Self::ViewTasks => "collaboration",
        }
    }

    /// The `permissions_label` that is read back; a project with custom permissions says
    /// `view_with_custom` where others say `view_only`.
    #[must_use]
    pub const fn label(self, custom: bool) -> &'static str {
        match self {
            Self::Admin | Self::EditFinancials | Self::EditTimeAndExpenses | Self::EditTasks => {
                "edit"
            }
            _ if custom => "view_with_custom",
            _ => "view_only",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_reads_back_as_one_pair_of_words() {
        let table: Vec<_> =
            Level::ALL.map(|level| (level.word(), level.read(), level.label(false))).into();
        assert_eq!(
            table,
            [
                ("admin", "admin", "edit"),
                ("edit_financials", "financial", "edit"),
                ("view_financials", "financial", "view_only"),
                ("edit_time_and_expenses", "time_logging", "edit"),
                ("view_time_and_expenses", "time_logging", "view_only"),
                ("edit_tasks", "collaboration", "edit"),
                ("view_tasks", "collaboration", "view_only"),
            ]
        );
        assert_eq!(Level::ViewTasks.label(true), "view_with_custom");
    }

    #[test]
    fn a_word_that_is_only_read_cannot_be_written() {
        for word in ["financial", "time_logging", "collaboration", "Admin", ""] {
            assert_eq!(Level::written(word), None, "{word}");
        }
        assert_eq!(Level::written("view_tasks"), Some(Level::ViewTasks));
    }
}
