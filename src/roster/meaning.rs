//! What names mean, as far as anybody knows: one person or project, or why not.
//!
//! Owns the kinds of answers. Knows no cells, and not who was asked.

use std::collections::BTreeMap;

use super::{
    name::{PersonRef, ProjectRef},
    no_meaning::NoMeaning,
};
use crate::model::{UserId, WorkspaceId};

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning<I> {
    /// One person or project.
    One(I),
    /// Not one, and why.
    None(NoMeaning),
}

/// What each of some names means. A name that is not there is unknown.
pub type Meanings<N, I> = BTreeMap<N, Meaning<I>>;

/// What the names of a roster mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its people.
    pub people: Meanings<PersonRef, UserId>,
    /// Its projects.
    pub projects: Meanings<ProjectRef, WorkspaceId>,
}
