//! The world behind the simulated API: projects, people, and who is on what.
//!
//! Owns the records and their time stamps, and what a listing that lags behind still shows. Has
//! no rules about who may write what (`write.rs`) and knows nothing of requests or JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::access::Level;
use super::clock::SandboxClock;
use super::work::Work;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Archived projects take no new members and are hidden from plain listings.
    pub archived: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: u64,
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Deactivated.
    pub disabled: bool,
    /// A member of the account, found with `on_my_account=true` even when on no project.
    pub on_account: bool,
    /// Account administrators hold `admin` on every project, whatever is written.
    pub account_admin: bool,
}

/// The side of a project somebody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Provider side.
    Maven,
    /// Client side.
    Buyer,
}

impl Side {
    /// The side of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "maven" => Some(Self::Maven),
            "buyer" => Some(Self::Buyer),
            _ => None,
        }
    }

    /// The word of a side.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maven => "maven",
            Self::Buyer => "buyer",
        }
    }
}

/// What other systems have links to, besides participations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A person.
    User(u64),
    /// A project.
    Workspace(u64),
}

impl Subject {
    /// What a link calls it on the other side.
    const fn model(self) -> &'static str {
        match self {
            Self::User(_) => "Employee",
            Self::Workspace(_) => "Order",
        }
    }
}

/// A link to an object of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalReference {
    /// Its id.
    pub id: u64,
    /// The system.
    pub service_name: String,
    /// The kind of object there.
    pub service_model: String,
    /// The object's id there.
    pub service_model_ref: String,
}

/// Somebody's place on a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participation {
    /// Its id; given by [`World::insert`] where it is 0.
    pub id: u64,
    /// The project.
    pub workspace: u64,
    /// The person; a place may be without one.
    pub user: Option<u64>,
    /// The side.
    pub side: Side,
    /// The level, in the words that are written.
    pub level: Level,
    /// Leads the side.
    pub is_team_lead: bool,
    /// May invite others.
    pub can_invite: bool,
    /// May schedule their own hours.
    pub can_schedule_their_hours: bool,
    /// May schedule the team's hours.
    pub can_schedule_team_hours: bool,
    /// The bill rate.
    pub rate_in_cents: Option<i64>,
    /// The cost rate.
    pub cost_in_cents: Option<i64>,
    /// The role on the project.
    pub workspace_role_id: Option<u64>,
    /// Links to other systems.
    pub external_references: Vec<ExternalReference>,
    /// When it was created; set by [`World::insert`].
    pub created_at: Timestamp,
    /// When it last changed; set by [`World::insert`] and [`World::edit`].
    pub updated_at: Timestamp,
}

impl Participation {
    /// A place with the account's defaults; id and times are given when it is inserted.
    #[must_use]
    pub fn new(workspace: u64, user: Option<u64>, side: Side) -> Self {
        Self {
            id: 0,
            workspace,
            user,
            side,
            level: Level::EditTasks,
            is_team_lead: false,
            can_invite: false,
            can_schedule_their_hours: false,
            can_schedule_team_hours: false,
            rate_in_cents: None,
            cost_in_cents: None,
            workspace_role_id: None,
            external_references: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }
}

/// Links of people and projects are numbered from here, far from the ids of everything else.
const FIRST_REFERENCE: u64 = 700_000;

/// One change, kept as long as a lagging listing may not show it.
#[derive(Debug, Clone)]
struct WorldChange {
    at: Timestamp,
    id: u64,
    workspace: u64,
    before: Option<Participation>,
}

/// All projects, people and participations, the token's user, and the time.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The clock that stamps every change.
    pub clock: SandboxClock,
    /// The user the token acts as.
    pub token_user: u64,
    /// Assignments and scheduled hours.
    pub work: Work,
    workspaces: BTreeMap<u64, Workspace>,
    users: BTreeMap<u64, User>,
    participations: BTreeMap<u64, Participation>,
    by_workspace: BTreeMap<u64, BTreeSet<u64>>,
    references: BTreeMap<Subject, Vec<ExternalReference>>,
    last_reference: u64,
    changes: Vec<WorldChange>,
    kept_for: Duration,
    last_id: u64,
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a project.
    pub fn put_workspace(&mut self, workspace: Workspace) {
        self.workspaces.insert(workspace.id, workspace);
    }

    /// Adds or replaces a person.
    pub fn put_user(&mut self, user: User) {
        self.users.insert(user.id, user);
    }

    /// Says what other systems call a person or project: service and key of each link. What was
    /// said before is forgotten.
    pub fn put_references(&mut self, of: Subject, links: &[(&str, &str)]) {
        let mut link = |(service, key): &(&str, &str)| {
            self.last_reference += 1;
            ExternalReference {
                id: FIRST_REFERENCE + self.last_reference,
                service_name: (*service).to_owned(),
                service_model: of.model().to_owned(),
                service_model_ref: (*key).to_owned(),
            }
        };
        let links = links.iter().map(&mut link).collect();
        self.references.insert(of, links);
    }

    /// The links of a person or project.
    #[must_use]
    pub fn references(&self, of: Subject) -> &[ExternalReference] {
        self.references.get(&of).map_or(&[], Vec::as_slice)
    }

    /// Gives a person another address. False: there is no such person.
    pub fn change_address(&mut self, user: u64, address: &str) -> bool {
        let user = self.users.get_mut(&user);
        user.map(|user| address.clone_into(&mut user.email)).is_some()
    }

    /// Every project by id.
    #[must_use]
    pub const fn workspaces(&self) -> &BTreeMap<u64, Workspace> {
        &self.workspaces
    }

    /// Every person by id.
    #[must_use]
    pub const fn users(&self) -> &BTreeMap<u64, User> {
        &self.users
    }

    /// Every participation by id.
    #[must_use]
    pub const fn participations(&self) -> &BTreeMap<u64, Participation> {
        &self.participations
    }

    /// The participations of a project, by id.
    pub fn on(&self, workspace: u64) -> impl Iterator<Item = &Participation> {
        let ids = self.by_workspace.get(&workspace);
        ids.into_iter().flatten().filter_map(|id| self.participations.get(id))
    }

    /// A person's participations on a project: none, one, or several where they are doubled.
    #[must_use]
    pub fn of(&self, workspace: u64, user: u64) -> Vec<&Participation> {
        self.on(workspace).filter(|one| one.user == Some(user)).collect()
    }

    /// Adds a participation with an id of its own (where it has none) and stamps it; gives its id.
    pub fn insert(&mut self, mut new: Participation) -> u64 {
        let now = self.clock.now();
        (new.created_at, new.updated_at) = (now, now);
        new.id = if new.id == 0 { self.last_id + 1 } else { new.id };
        self.remember(now, new.id, new.workspace);
        self.place(new)
    }

    /// Adds a participation as it is, with its time stamps.
    pub(super) fn place(&mut self, mut new: Participation) -> u64 {
        if new.id == 0 {
            new.id = self.last_id + 1;
        }
        self.last_id = self.last_id.max(new.id);
        let (id, workspace) = (new.id, new.workspace);
        self.by_workspace.entry(workspace).or_default().insert(id);
        self.participations.insert(id, new);
        id
    }

    /// Changes a participation; its time stamp moves only when something did. False: no such id.
    pub fn edit(&mut self, id: u64, change: impl FnOnce(&mut Participation)) -> bool {
        let Some(before) = self.participations.get(&id).cloned() else { return false };
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            let now = self.clock.now();
            after.updated_at = now;
            self.remember(now, id, before.workspace);
            self.participations.insert(id, after);
        }
        true
    }

    /// Takes a participation away, and with it the person's work on the project.
    pub fn remove(&mut self, id: u64) -> Option<Participation> {
        let Participation { workspace, user, .. } = *self.participations.get(&id)?;
        let now = self.clock.now();
        self.remember(now, id, workspace);
        if let Some(user) = user {
            self.work.destroy(workspace, user);
        }
        if let Some(ids) = self.by_workspace.get_mut(&workspace) {
            ids.remove(&id);
        }
        self.participations.remove(&id)
    }

    /// The next id for an object that is no participation.
    pub(super) fn give_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// How long changes are kept for listings that lag.
    pub(super) fn keep_changes_for(&mut self, lag: Duration) {
        self.kept_for = lag;
    }

    /// The participations of a project as a listing shows them that lags behind.
    pub(super) fn lagging(&mut self, workspace: u64) -> Vec<Participation> {
        let horizon = self.clock.now() - self.kept_for;
        let mut rows: BTreeMap<u64, Participation> =
            self.on(workspace).map(|one| (one.id, one.clone())).collect();
        let young = |change: &&WorldChange| change.workspace == workspace && change.at > horizon;
        for change in self.changes.iter().rev().filter(young) {
            match &change.before {
                Some(before) => rows.insert(change.id, before.clone()),
                None => rows.remove(&change.id),
            };
        }
        rows.into_values().collect()
    }

    fn remember(&mut self, now: Timestamp, id: u64, workspace: u64) {
        let horizon = now - self.kept_for;
        if self.kept_for.is_zero() {
            return;
        }
        self.changes.retain(|change| change.at > horizon);
        let before = self.participations.get(&id).cloned();
        self.changes.push(WorldChange { at: now, id, workspace, before });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_time_stamp_moves_only_when_something_changed() {
        let mut world = World::new();
        let id = world.insert(Participation::new(1, Some(7), Side::Maven));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(world.edit(id, |one| one.can_invite = false));
        let created = world.participations()[&id].created_at;
        assert_eq!(world.participations()[&id].updated_at, created);
        assert!(world.edit(id, |one| one.can_invite = true));
        let moved = world.participations()[&id].updated_at;
        assert_eq!(moved.duration_since(created).as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lagging_listing_shows_the_past_until_the_lag_is_over() {
        let mut world = World::new();
        let gone = world.insert(Participation::new(1, Some(1), Side::Maven));
        let edited = world.insert(Participation::new(1, Some(2), Side::Maven));
        world.keep_changes_for(Duration::from_secs(3));
        tokio::time::advance(Duration::from_secs(10)).await;
        world.remove(gone);
        world.edit(edited, |one| one.can_invite = true);
        let new = world.insert(Participation::new(1, Some(3), Side::Maven));
        let seen = |world: &mut World| -> Vec<(u64, bool)> {
            world.lagging(1).iter().map(|one| (one.id, one.can_invite)).collect()
        };
        assert_eq!(seen(&mut world), [(gone, false), (edited, false)]);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(seen(&mut world), [(edited, true), (new, false)]);
    }

    #[test]
    fn ids_go_on_after_the_largest_one() {
        let mut world = World::new();
        world.place(Participation { id: 40, ..Participation::new(1, None, Side::Buyer) });
        assert_eq!(world.insert(Participation::new(1, Some(2), Side::Buyer)), 41);
    }
}
