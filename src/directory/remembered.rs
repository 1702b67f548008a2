//! What is remembered of earlier answers: names that meant one person or project, and since when.
//!
//! Pure: text in, value out. Only what the account answered is in it, never a guess; what is lost or
//! damaged is asked again.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rules::LookupRules;
use crate::{
    model::{UserId, WorkspaceId},
    roster::{Known, Meaning, Names as RosterNames, PersonRef, ProjectRef},
};

/// The version of the file.
const FORMAT: u32 = 1;
/// What was not confirmed for so much longer than it may be used is forgotten.
const KEPT_FOR: Duration = Duration::from_secs(90 * 86_400);

/// A name that meant one person or project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered<I> {
    pub id: I,
    /// What the account calls them, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When the account said so.
    pub at: Timestamp,
}

/// Names of one kind, in their order.
type Names<I> = BTreeMap<String, Remembered<I>>;
/// Keys of other systems, by the name of the system.
type Keys<I> = BTreeMap<String, Names<I>>;

/// All that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    format: u32,
    addresses: Names<UserId>,
    person_keys: Keys<UserId>,
    titles: Names<WorkspaceId>,
    project_keys: Keys<WorkspaceId>,
    /// Whether titles of archived projects count; where that changes, titles may mean another one.
    with_archived: bool,
    /// How many pages the list of all people had.
    #[serde(default)]
    pub(super) people_pages: Option<u64>,
    /// The same of projects.
    #[serde(default)]
    pub(super) project_pages: Option<u64>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            format: FORMAT,
            addresses: Names::new(),
            person_keys: Keys::new(),
            titles: Names::new(),
            project_keys: Keys::new(),
            with_archived: true,
            people_pages: None,
            project_pages: None,
        }
    }
}

/// A directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("damaged or of another version: all names are looked up again")]
pub struct DirectoryError;

impl Directory {
    /// Reads what an earlier run wrote.
    ///
    /// # Errors
    /// When it is no directory of this format.
    pub fn parse(text: &[u8]) -> Result<Self, DirectoryError> {
        let directory: Self = serde_json::from_slice(text).map_err(|_| DirectoryError)?;
        if directory.format == FORMAT { Ok(directory) } else { Err(DirectoryError) }
    }

    /// Forgets what was remembered under another rule or long ago.
    #[must_use]
    pub(super) fn fit(mut self, rules: &LookupRules, now: Timestamp) -> Self {
        let with_archived = !rules.active_projects;
        if std::mem::replace(&mut self.with_archived, with_archived) != with_archived {
            self.titles.clear();
        }
        let longest = rules.max_age.saturating_add(KEPT_FOR);
        let Self { addresses, person_keys, titles, project_keys, .. } = &mut self;
        for names in person_keys.values_mut().chain([addresses]) {
            names.retain(|_, known| is_young(known.at, longest, now));
        }
        for names in project_keys.values_mut().chain([titles]) {
            names.retain(|_, known| is_young(known.at, longest, now));
        }
        self
    }

    /// What these names mean, of those that are remembered and young.
    #[must_use]
    pub fn known(&self, names: &RosterNames, rules: &LookupRules, now: Timestamp) -> Known {
        let titles_hold = self.with_archived != rules.active_projects;
        let person = |name: &PersonRef| {
            let known = name.recall(self, rules.person_service())?;
            let young = is_young(known.at, rules.max_age, now);
            young.then(|| (name.clone(), Meaning::One(known.id)))
        };
        let project = |name: &ProjectRef| {
            let known = name.recall(self, rules.project_service())?;
            let holds = titles_hold || !matches!(name, ProjectRef::Title(_));
            let young = holds && is_young(known.at, rules.max_age, now);
            young.then(|| (name.clone(), Meaning::One(known.id)))
        };
        Known {
            people: names.people.iter().filter_map(person).collect(),
            projects: names.projects.iter().filter_map(project).collect(),
        }
    }

    /// What the account calls the people whom these names meant.
    pub(super) fn called(
        &self,
        names: &RosterNames,
        rules: &LookupRules,
    ) -> BTreeMap<UserId, String> {
        let known = |name: &PersonRef| name.recall(self, rules.person_service());
        let known = names.people.iter().filter_map(known).filter(|known| !known.name.is_empty());
        known.map(|known| (known.id, known.name.clone())).collect()
    }

    /// Every address in it.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.keys().map(String::as_str)
    }
}

/// Whether something said then may still be used; nothing said in the future is.
fn is_young(at: Timestamp, max_age: Duration, now: Timestamp) -> bool {
    let max_age = SignedDuration::try_from(max_age).unwrap_or(SignedDuration::MAX);
    let age = now.duration_since(at);
    !age.is_negative() && age <= max_age
}

/// A name that can be remembered.
pub(super) trait Rememberable: Sized {
    type Id: Copy;

    /// Where names of its kind are remembered, and under which word; none for an id.
    fn place<'d>(
        &self,
        directory: &'d mut Directory,
        service: &str,
    ) -> Option<(&'d mut Names<Self::Id>, &str)>;

    fn recall<'d>(
        &self,
        directory: &'d Directory,
        service: &str,
    ) -> Option<&'d Remembered<Self::Id>>;
}

impl Rememberable for PersonRef {
    type Id = UserId;

    fn place<'d>(
        &self,
        directory: &'d mut Directory,
        service: &str,
    ) -> Option<(&'d mut Names<UserId>, &str)> {
        match self {
            Self::Id(_) => None,
            Self::Email(address) => Some((&mut directory.addresses, address)),
            Self::Reference(key) => {
                Some((directory.person_keys.entry(service.to_owned()).or_default(), key))
            }
        }
    }

    fn recall<'d>(
        &self,
        directory: &'d Directory,
        service: &str,
    ) -> Option<&'d Remembered<UserId>> {
        match self {
            Self::Id(_) => None,
            Self::Email(address) => directory.addresses.get(address),
            Self::Reference(key) => directory.person_keys.get(service)?.get(key),
        }
    }
}

impl Rememberable for ProjectRef {
    type Id = WorkspaceId;

    fn place<'d>(
        &self,
        directory: &'d mut Directory,
        service: &str,
    ) -> Option<(&'d mut Names<WorkspaceId>, &str)> {
        match self {
            Self::Id(_) => None,
            Self::Title(title) => Some((&mut directory.titles, title)),
            Self::Reference(key) => {
                Some((directory.project_keys.entry(service.to_owned()).or_default(), key))
            }
        }
    }

    fn recall<'d>(
        &self,
        directory: &'d Directory,
        service: &str,
    ) -> Option<&'d Remembered<WorkspaceId>> {
        match self {
            Self::Id(_) => None,
            Self::Title(title) => directory.titles.get(title),
            Self::Reference(key) => directory.project_keys.get(service)?.get(key),
        }
    }
}
