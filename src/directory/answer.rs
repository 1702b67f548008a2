//! What answers say of names, gathered until nothing more is asked: who has each name.
//!
//! Answers may list what was not asked for, in any order; a row counts for the names that it has
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use super::query::{NameQuery, of_key};
use crate::{
    api::Referenced,
    model::{Person, Seen, Workspace},
    roster::{Meaning, NoMeaning, PersonRef, ProjectRef},
};

/// A message names so many of those who have the same name.
const CANDIDATES: usize = 5;

/// A record of the account that may have names.
pub(super) trait Listed: Sized {
    type Ref: Ord + Clone;
    type Id: Ord + Copy + std::fmt::Display;

    fn id(&self) -> Self::Id;

    /// All names that it has.
    fn names(row: &Referenced<Self>) -> Vec<Self::Ref>;

    /// How a name is asked for.
    fn query(name: &Self::Ref) -> NameQuery;

    /// A name as a person may have mistyped it; keys of other systems are alike by chance.
    fn text(name: &Self::Ref) -> Option<String>;

    /// What the account calls it.
    fn title(&self) -> &str;

    /// Whether no membership can be about it: deactivated, archived.
    fn is_closed(&self) -> bool;

    /// Why a name that only a closed one has means nothing.
    fn closed(id: Self::Id) -> NoMeaning;
}

impl Listed for Person {
    type Ref = PersonRef;
    type Id = crate::model::UserId;

    fn id(&self) -> Self::Id {
        self.id
    }

    fn names(row: &Referenced<Self>) -> Vec<PersonRef> {
        let address = row.of.email.iter().map(|address| address.trim().to_lowercase());
        let keys = row.keys.iter().cloned().map(PersonRef::Reference);
        address.map(PersonRef::Email).chain(keys).collect()
    }

    fn query(name: &PersonRef) -> NameQuery {
        match name {
            PersonRef::Email(address) => NameQuery::Address(address.clone()),
            PersonRef::Reference(key) => of_key(key),
            PersonRef::Id(_) => NameQuery::ListOnly,
        }
    }

    fn text(name: &PersonRef) -> Option<String> {
        if let PersonRef::Email(address) = name { Some(address.clone()) } else { None }
    }

    fn title(&self) -> &str {
        &self.name
    }

    fn is_closed(&self) -> bool {
        self.disabled == Seen::Visible(true)
    }

    fn closed(id: Self::Id) -> NoMeaning {
        NoMeaning::Deactivated { id: id.number() }
    }
}

impl Listed for Workspace {
    type Ref = ProjectRef;
    type Id = crate::model::WorkspaceId;

    fn id(&self) -> Self::Id {
        self.id
    }

    fn names(row: &Referenced<Self>) -> Vec<ProjectRef> {
        let title = Some(row.of.title.trim()).filter(|title| !title.is_empty());
        let title = title.map(|title| ProjectRef::Title(title.to_owned()));
        let keys = row.keys.iter().cloned().map(ProjectRef::Reference);
        title.into_iter().chain(keys).collect()
    }

    fn query(name: &ProjectRef) -> NameQuery {
        match name {
            ProjectRef::Reference(key) => of_key(key),
            ProjectRef::Title(_) | ProjectRef::Id(_) => NameQuery::ListOnly,
        }
    }

    fn text(name: &ProjectRef) -> Option<String> {
        if let ProjectRef::Title(title) = name { Some(title.clone()) } else { None }
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn is_closed(&self) -> bool {
        self.archived
    }

    fn closed(id: Self::Id) -> NoMeaning {
        NoMeaning::Archived { id: id.number() }
    }
}

/// Who has a name: open ones, and closed ones; each with what the account calls them.
#[derive(Debug, Clone)]
struct Having<I> {
    open: BTreeMap<I, String>,
    closed: BTreeMap<I, String>,
}

/// What was answered so far of the names that are asked for.
#[derive(Debug)]
pub(super) struct Answers<L: Listed> {
    having: BTreeMap<L::Ref, Having<L::Id>>,
    /// Whether closed ones count like open ones.
    with_closed: bool,
}

impl<L: Listed> Answers<L> {
    /// Nothing is answered yet of these names.
    pub fn to(names: &BTreeSet<L::Ref>, with_closed: bool) -> Self {
        let nobody = || Having { open: BTreeMap::new(), closed: BTreeMap::new() };
        Self { having: names.iter().map(|name| (name.clone(), nobody())).collect(), with_closed }
    }

    /// Takes a row in, for the names that were asked for and that it has; `closed` where only an
    /// answer about closed ones lists it. Whether it has any.
    pub fn take(&mut self, row: &Referenced<L>, closed: bool) -> bool {
        let (id, title) = (row.of.id(), row.of.title().to_owned());
        let closed = (closed || row.of.is_closed()) && !self.with_closed;
        let mut asked = false;
        for name in L::names(row) {
            if let Some(having) = self.having.get_mut(&name) {
                let group = if closed { &mut having.closed } else { &mut having.open };
                group.insert(id, title.clone());
                asked = true;
            }
        }
        asked
    }

    /// The names that nobody has so far.
    pub fn missing(&self) -> BTreeSet<L::Ref> {
        let nobody = self.having.iter().filter(|(_, having)| having.open.is_empty());
        nobody.map(|(name, _)| name.clone()).collect()
    }

    /// What each name means, and what the account calls the one.
    pub fn meanings(self) -> impl Iterator<Item = (L::Ref, Meaning<L::Id>, String)> {
        self.having.into_iter().map(|(name, Having { mut open, closed })| {
            let meaning = match (open.pop_first(), closed.first_key_value()) {
                (Some((id, title)), _) if open.is_empty() => {
                    return (name, Meaning::One(id), title);
                }
                (Some(first), _) => Meaning::None(several([first].into_iter().chain(open))),
                (None, Some((id, _))) => Meaning::None(L::closed(*id)),
                (None, None) => Meaning::None(NoMeaning::Unknown { near: None }),
            };
            (name, meaning, String::new())
        })
    }
}

fn several<I: std::fmt::Display>(found: impl Iterator<Item = (I, String)>) -> NoMeaning {
    let mut candidates: Vec<String> = found
        .map(
            |(id, title)| if title.is_empty() { id.to_string() } else { format!("{id} ({title})") },
        )
        .collect();
    let count = candidates.len();
    candidates.truncate(CANDIDATES);
    NoMeaning::Several { candidates, count }
}
