//! The columns of PRODUCT.md §2 and their names. Knows no file.

use std::fmt;

use crate::model::{Field, RosterColumn};

/// A column that the reader understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Whose project.
    WorkspaceId,
    /// Who.
    UserId,
    /// On which side.
    Role,
    /// A managed field.
    Field(Field),
    /// The first day on which the row holds; no part of a membership.
    StartsOn,
    /// The last one.
    EndsOn,
}

impl Column {
    /// The columns that every roster must have.
    pub(super) const REQUIRED: [Self; 3] = [Self::WorkspaceId, Self::UserId, Self::Role];
    /// Say from when to when a row holds.
    pub(super) const DATES: [Self; 2] = [Self::StartsOn, Self::EndsOn];
    /// More than the highest place of a column.
    pub(super) const PLACES: usize = Self::REQUIRED.len() + Field::ALL.len() + Self::DATES.len();

    /// All columns, in the order in which rosters are written.
    pub fn all() -> impl Iterator<Item = Self> {
        let fields = Field::ALL.into_iter();
        let of_rosters = fields.filter(|field| field.column() != RosterColumn::Never);
        Self::REQUIRED.into_iter().chain(of_rosters.map(Self::Field)).chain(Self::DATES)
    }

    /// The name that the tool itself writes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WorkspaceId => "workspace_id",
            Self::UserId => "user_id",
            Self::Role => "role",
            Self::Field(field) => field.name(),
            Self::StartsOn => "starts_on",
            Self::EndsOn => "ends_on",
        }
    }

    /// Whether a roster has it that the tool writes, even where no row has a value in it.
    #[must_use]
    pub fn is_always_written(self) -> bool {
        match self {
            Self::WorkspaceId | Self::UserId | Self::Role => true,
            Self::Field(field) => field.column() == RosterColumn::Always,
            Self::StartsOn | Self::EndsOn => false,
        }
    }

    #[inline]
    pub(super) const fn place(self) -> usize {
        match self {
            Self::WorkspaceId => 0,
            Self::UserId => 1,
            Self::Role => 2,
            Self::Field(field) => Self::REQUIRED.len() + field as usize,
            Self::StartsOn => Self::REQUIRED.len() + Field::ALL.len(),
            Self::EndsOn => Self::REQUIRED.len() + Field::ALL.len() + 1,
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("project_id") {
            return Some(Self::WorkspaceId);
        }
        Self::all().find(|column| column.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_place_of_its_own_and_a_field_of_the_policy_has_no_column() {
        let places: std::collections::BTreeSet<usize> = Column::all().map(Column::place).collect();
        assert_eq!(places.len(), Column::all().count());
        assert!(places.last() < Some(&Column::PLACES), "{places:?}");
        assert_eq!(Column::named("tagged"), None);
    }
}
