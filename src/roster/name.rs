//! How a row may name its person and its project: by id, or by what people and other systems call
//! them.
//!
//! Owns these names, the columns that they stand in, and what their cells may be. Knows no row, and
//! nobody whom they mean.

use std::{borrow::Cow, fmt};

use super::{address, number, problem::Expected};
use crate::model::{UserId, WorkspaceId};

/// Longer titles and keys are no names of anything.
const LONGEST: usize = 1_000;

/// Whom a row is about, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonRef {
    /// The account's id, which needs no look-up.
    Id(UserId),
    /// An e-mail address, in lower case.
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

impl PersonRef {
    /// Whom a cell with this address is read as; none where no row may have it.
    #[must_use]
    pub fn of_address(cell: &str) -> Option<Self> {
        Self::read_name(NameColumn::Email, cell.trim_ascii()).ok()
    }
}

impl ProjectRef {
    /// Which project a cell with this title is read as; none where no row may have it.
    #[must_use]
    pub fn of_title(cell: &str) -> Option<Self> {
        let title = Some(cell.trim_ascii()).filter(|title| !title.is_empty());
        Self::read_name(NameColumn::Project, title?).ok()
    }
}

/// The column of people's names: for people to read, and for nobody to be told by.
pub(super) const PERSON_NAME: &str = "name";

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

    /// The configuration key that says whose keys these are, where they are another system's.
    pub const fn service_key(self) -> Option<&'static str> {
        match self {
            Self::PersonReference => Some("roster.person_service"),
            Self::ProjectReference => Some("roster.project_service"),
            Self::Email | Self::Project => None,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(name))
    }
}

/// A name that means one thing of the account, or none, or cannot tell which of several.
pub(super) trait Name: Ord + Clone {
    type Id: Copy + Ord + fmt::Display;

    /// The columns of names that have to be looked up.
    const NAMES: [NameColumn; 2];

    /// What the cell of an id is.
    fn read_id(cell: &[u8]) -> Result<Self, Expected>;

    /// What the cell of a column of names is.
    fn read_name(column: NameColumn, cell: &str) -> Result<Self, Expected>;

    /// What it means without a look-up.
    fn id(&self) -> Option<Self::Id>;

    /// As a cell would have it.
    fn text(&self) -> Cow<'_, str>;
}

impl Name for PersonRef {
    type Id = UserId;

    const NAMES: [NameColumn; 2] = [NameColumn::Email, NameColumn::PersonReference];

    fn read_id(cell: &[u8]) -> Result<Self, Expected> {
        number::user_id(cell).map(Self::Id)
    }

    fn read_name(column: NameColumn, cell: &str) -> Result<Self, Expected> {
        if column == NameColumn::Email {
            let address = address::read(cell);
            return address.map(Self::Email).map_err(|repair| Expected::Address { repair });
        }
        text(cell).map(Self::Reference)
    }

    fn id(&self) -> Option<UserId> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Id(id) => id.to_string().into(),
            Self::Email(text) | Self::Reference(text) => text.into(),
        }
    }
}

impl Name for ProjectRef {
    type Id = WorkspaceId;

    const NAMES: [NameColumn; 2] = [NameColumn::Project, NameColumn::ProjectReference];

    fn read_id(cell: &[u8]) -> Result<Self, Expected> {
        number::workspace_id(cell).map(Self::Id)
    }

    fn read_name(column: NameColumn, cell: &str) -> Result<Self, Expected> {
        let make = if column == NameColumn::Project { Self::Title } else { Self::Reference };
        text(cell).map(make)
    }

    fn id(&self) -> Option<WorkspaceId> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Id(id) => id.to_string().into(),
            Self::Title(text) | Self::Reference(text) => text.into(),
        }
    }
}

fn text(cell: &str) -> Result<String, Expected> {
    if cell.chars().count() > LONGEST {
        return Err(Expected::ShortName);
    }
    Ok(cell.to_owned())
}
