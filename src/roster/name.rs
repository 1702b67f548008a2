//! How a row may name its person and its project: by id, or by what people and other systems call
//! them.
//!
//! Owns these names and the columns that they stand in. Knows no row, and nobody whom they mean.

use std::fmt;

use crate::model::{UserId, WorkspaceId};

/// Whom a row is about, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonRef {
    /// The account's id, which needs no look-up.
    Id(UserId),
    /// An e-mail address.
    Email(String),
    /// Another system's key.
    Reference(String),
}

/// Which project a row is about, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectRef {
    /// The account's id, which needs no look-up.
    Id(WorkspaceId),
    /// The title, whole.
    Title(String),
    /// Another system's key.
    Reference(String),
}

/// A column of names that have to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameColumn {
    Email,
    PersonReference,
    Project,
    ProjectReference,
}

impl NameColumn {
    pub const ALL: [Self; 4] =
        [Self::Email, Self::PersonReference, Self::Project, Self::ProjectReference];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PersonReference => "person_reference",
            Self::Project => "project",
            Self::ProjectReference => "project_reference",
        }
    }

    /// Whether it names people; the others name projects.
    pub const fn is_of_people(self) -> bool {
        matches!(self, Self::Email | Self::PersonReference)
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(name))
    }
}

/// A name that means one thing of the account, or none, or cannot tell which of several.
pub(super) trait Name: Ord {
    type Id: Copy + Ord + fmt::Display;

    /// What it means without a look-up.
    fn id(&self) -> Option<Self::Id>;

    /// As the row has it.
    fn text(&self) -> String;
}

impl Name for PersonRef {
    type Id = UserId;

    fn id(&self) -> Option<UserId> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    fn text(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Email(text) | Self::Reference(text) => text.clone(),
        }
    }
}

impl Name for ProjectRef {
    type Id = WorkspaceId;

    fn id(&self) -> Option<WorkspaceId> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    fn text(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Title(text) | Self::Reference(text) => text.clone(),
        }
    }
}
