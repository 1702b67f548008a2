//! A row that names its person or its project, and what such names mean.
//!
//! Owns when the names of one row mean one thing together. Knows no cells, and not who was asked.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    header::Header,
    name::{Name, PersonRef, ProjectRef},
    problem::{Expected, shown},
    reading::{Reading, Unusable, Wrong},
};
use crate::model::{DesiredMembership, UserId, WorkspaceId};

/// A row with names, until somebody knows what they mean.
#[derive(Debug)]
pub(super) struct NamedRow {
    /// All that its cells, which stand here, say of the project: it has to be the same project. None
    /// where one of them is wrong.
    pub projects: Vec<(usize, ProjectRef)>,
    /// The same of the person.
    pub people: Vec<(usize, PersonRef)>,
    pub read: Reading,
}

/// What the names of a roster mean: nothing, one thing, or one of several.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub people: Meanings<PersonRef, UserId>,
    pub projects: Meanings<ProjectRef, WorkspaceId>,
}

/// Names and all that they may mean.
pub type Meanings<N, I> = BTreeMap<N, BTreeSet<I>>;

impl NamedRow {
    /// Whether anything has to be looked up.
    pub fn has_names(&self) -> bool {
        self.projects.iter().any(|(_, name)| name.id().is_none())
            || self.people.iter().any(|(_, name)| name.id().is_none())
    }

    /// The membership that the row wants, now that its names mean something; see [`Reading::settle`].
    pub fn settle(
        self,
        known: &Known,
        header: &Header,
        unusable: &mut Unusable,
    ) -> Option<DesiredMembership> {
        let Self { projects, people, mut read } = self;
        let mut wrong = Vec::new();
        let workspace = meaning(&projects, &known.projects, (header, &mut wrong));
        let user = meaning(&people, &known.people, (header, &mut wrong));
        read.wrong.splice(0..0, wrong);
        read.settle(workspace, user, unusable)
    }
}

/// What all names of a row mean together; `None` where one of them means nothing, one of several, or
/// something else than another, which is added to what is wrong.
fn meaning<N: Name>(
    names: &[(usize, N)],
    known: &Meanings<N, N::Id>,
    (header, wrong): (&Header, &mut Vec<Wrong>),
) -> Option<N::Id> {
    let mut agreed: Option<(N::Id, usize)> = None;
    let before = wrong.len();
    for (place, name) in names {
        let own = name.id().map(|id| BTreeSet::from([id]));
        let found = own.as_ref().or_else(|| known.get(name));
        let one = found.filter(|found| found.len() == 1).and_then(BTreeSet::first).copied();
        let expected = match (one, agreed) {
            (None, _) => Expected::Meaning { found: found.map_or(0, BTreeSet::len) },
            (Some(id), Some((other, by))) if id != other => {
                Expected::Agreement { column: header.label(by), id: other.to_string() }
            }
            (Some(id), _) => {
                agreed.get_or_insert((id, *place));
                continue;
            }
        };
        let (column, value) = (header.label(*place), shown(&name.text()));
        wrong.push(Wrong { column, value, expected });
    }
    agreed.map(|(id, _)| id).filter(|_| wrong.len() == before)
}
