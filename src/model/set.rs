//! The two sets that a plan compares, and the scope that bounds both.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    DatedMembership, Dates, MembershipKey, MembershipSpec, Mention, Mentions, Participation,
    ParticipationId, Person, Unreadable, UserId, WorkspaceId,
};

/// One membership that the roster wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DesiredMembership {
    /// Who and where.
    pub key: MembershipKey,
    /// What it should be.
    pub spec: MembershipSpec,
    /// Where the roster says so (1-based line of its first appearance).
    pub line: u64,
}

/// Which projects must not lose anybody in this run because the roster is not trusted there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Freeze {
    /// Lines that could not be tied to a project: everything is frozen while there is one.
    pub everywhere: Vec<u64>,
    /// Invalid lines by project.
    pub workspaces: BTreeMap<WorkspaceId, Vec<u64>>,
}

impl Freeze {
    /// The lines that freeze this project; empty means it is not frozen.
    #[must_use]
    pub fn lines(&self, workspace: WorkspaceId) -> &[u64] {
        match self.workspaces.get(&workspace) {
            Some(lines) => lines,
            None => &self.everywhere,
        }
    }
}

/// What the roster wants: sorted by key, one entry a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DesiredSet {
    /// Sorted by key, unique. Only [`DesiredSet::new`] makes one, so both hold.
    entries: Vec<DesiredMembership>,
    /// Every project that occurs in the roster, in invalid rows too.
    pub workspaces: BTreeSet<WorkspaceId>,
    /// Where invalid rows forbid deletes and replacements.
    pub freeze: Freeze,
    /// What becomes of live memberships that it does not name.
    pub unnamed: Unnamed,
    /// Whom its invalid rows may be about.
    pub mentions: Mentions,
    /// Whom it names and does not want on the day that it was read for; sorted by key, unique, and
    /// none of [`DesiredSet::entries`].
    not_now: Vec<DatedMembership>,
    /// That day, and what is ahead of it.
    pub dates: Option<Dates>,
}

/// What becomes of live memberships that a desired set does not name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Unnamed {
    /// They are deleted: a roster is the whole truth of its projects.
    #[default]
    Delete,
    /// They stay: a partial roster, which replaces nobody either.
    Keep,
    /// They stay, as with a partial roster, but for those whose end it states: a patch roster.
    KeepButEnded,
    /// These are deleted, all others are no business of the run: an undo, or, with nobody, an
    /// adoption.
    DeleteOnly(BTreeSet<MembershipKey>),
}

impl DesiredSet {
    /// How many people are desired anywhere.
    #[must_use]
    pub fn people(&self) -> usize {
        let mut people: Vec<UserId> = self.entries().iter().map(|entry| entry.key.user).collect();
        people.sort_unstable();
        people.dedup();
        people.len()
    }

    /// A set of these memberships, sorted here; of two with the same key the first line stays
    /// (the roster reader has reported the other).
    #[must_use]
    pub fn new(mut entries: Vec<DesiredMembership>) -> Self {
        if !entries.is_sorted_by(|a, b| a.key < b.key) {
            entries.sort_unstable_by_key(|entry| (entry.key, entry.line));
            entries.dedup_by_key(|entry| entry.key);
        }
        let projects = entries.chunk_by(|a, b| a.key.workspace == b.key.workspace);
        let workspaces = projects.map(|project| project[0].key.workspace).collect();
        Self { entries, workspaces, ..Self::default() }
    }

    /// The same set, which names these as well, and does not want them on the day.
    #[must_use]
    pub fn naming(mut self, mut not_now: Vec<DatedMembership>) -> Self {
        not_now.retain(|dated| self.entry(dated.entry.key).is_none());
        not_now.sort_unstable_by_key(|dated| (dated.entry.key, dated.entry.line));
        not_now.dedup_by_key(|dated| dated.entry.key);
        self.workspaces.extend(not_now.iter().map(|dated| dated.entry.key.workspace));
        Self { not_now, ..self }
    }

    /// Whom it names and does not want on the day, by (project, person).
    #[must_use]
    pub fn not_now(&self) -> &[DatedMembership] {
        &self.not_now
    }

    /// What it says of somebody whom it does not want on the day, where it says anything.
    #[must_use]
    pub fn not_now_entry(&self, key: MembershipKey) -> Option<&DatedMembership> {
        let at = self.not_now.binary_search_by_key(&key, |dated| dated.entry.key).ok()?;
        Some(&self.not_now[at])
    }

    /// All memberships, by (project, person).
    #[must_use]
    pub fn entries(&self) -> &[DesiredMembership] {
        &self.entries
    }

    /// The memberships of one project.
    #[must_use]
    pub fn of(&self, workspace: WorkspaceId) -> &[DesiredMembership] {
        let start = self.entries.partition_point(|entry| entry.key.workspace < workspace);
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| entry.key.workspace == workspace)]
    }

    /// Whether it is marked as not the whole truth: nobody is missing from it, and it never replaces.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        matches!(self.unnamed, Unnamed::Keep | Unnamed::KeepButEnded)
    }

    /// Whether it is partial, and deletes those whose end it states.
    #[must_use]
    pub fn is_patch(&self) -> bool {
        self.unnamed == Unnamed::KeepButEnded
    }

    /// The membership with this key.
    #[must_use]
    pub fn entry(&self, key: MembershipKey) -> Option<&DesiredMembership> {
        let at = self.entries.binary_search_by_key(&key, |entry| entry.key).ok()?;
        Some(&self.entries[at])
    }

    /// The line of the row that says what becomes of a membership, where a valid one does.
    #[must_use]
    pub fn line(&self, key: MembershipKey) -> Option<u64> {
        let dated = || self.not_now_entry(key).map(|dated| &dated.entry);
        Some(self.entry(key).or_else(dated)?.line)
    }

    /// Whom any row, valid or not, is about, or may be.
    #[must_use]
    pub fn all_mentions(&self) -> Mentions {
        let mut all = self.mentions.clone();
        let named = self.entries.iter().chain(self.not_now.iter().map(|dated| &dated.entry));
        all.extend(named.map(|entry| Mention::Membership(entry.key)));
        all
    }

    /// Whether any row, valid or not, names this person.
    #[must_use]
    pub fn names(&self, user: UserId) -> bool {
        let dated = self.not_now.iter().map(|dated| &dated.entry);
        self.entries.iter().chain(dated).any(|entry| entry.key.user == user)
            || self.mentions.name(user)
    }

    /// Whether any row, valid or not, is about this membership, or may be.
    #[must_use]
    pub fn may_mean(&self, key: MembershipKey) -> bool {
        self.entry(key).is_some()
            || self.not_now_entry(key).is_some()
            || self.mentions.may_mean(key)
    }
}

/// The projects that a run may look at and change; nothing else is touched or listed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// In ascending order.
    pub workspaces: BTreeSet<WorkspaceId>,
}

impl Scope {
    /// The roster's projects and those that the configuration names (PRODUCT.md §3).
    #[must_use]
    pub fn new(desired: &DesiredSet, named: &[WorkspaceId]) -> Self {
        let mut workspaces = desired.workspaces.clone();
        workspaces.extend(named);
        Self { workspaces }
    }
}

/// A live record that names no person: it is counted and reported, never touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserlessRow {
    /// The record.
    pub id: ParticipationId,
}

/// A listing that was proved complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The project's title.
    pub title: String,
    /// Sorted by (person, id); two of the same person are possible and held.
    pub participations: Vec<Participation>,
    /// Records without a person.
    pub userless: Vec<UserlessRow>,
    /// When the proof was complete.
    pub listed_at: Timestamp,
    /// How many pages it took.
    pub pages: u64,
}

impl Listing {
    /// How many live memberships were proved.
    #[must_use]
    pub fn total(&self) -> usize {
        self.participations.len() + self.userless.len()
    }

    /// The live records of one person.
    #[must_use]
    pub fn of(&self, user: UserId) -> &[Participation] {
        let start = self.participations.partition_point(|row| row.key.user < user);
        let rest = &self.participations[start..];
        &rest[..rest.partition_point(|row| row.key.user == user)]
    }
}

/// What is known of one project in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveWorkspace {
    /// Read, and proved complete.
    Listed(Listing),
    /// Archived: held, not listed, in no total.
    Archived {
        /// The project's title.
        title: String,
    },
    /// Not visible, or never proved complete: nothing is planned for it.
    Unreadable {
        /// Where it is known.
        title: Option<String>,
        /// Why.
        reason: Unreadable,
    },
}

impl LiveWorkspace {
    /// The project's title, where it is known.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        match self {
            Self::Listed(listing) => Some(&listing.title),
            Self::Archived { title } => Some(title),
            Self::Unreadable { title, .. } => title.as_deref(),
        }
    }
}

/// Who is on the projects in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSet {
    /// The token's own user.
    pub token_user: Person,
    /// One entry a project in scope.
    pub workspaces: BTreeMap<WorkspaceId, LiveWorkspace>,
    /// The people that the listings side-loaded.
    pub people: BTreeMap<UserId, Person>,
}
