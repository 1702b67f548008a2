//! Desired against live: what a run would do, as a value.
//!
//! Pure: no I/O, no time, no randomness. The same inputs give the same bytes, whatever the order of
//! the roster's rows. What is left alone is listed with its reason as well.

mod action;
mod afterwards;
mod diff;
mod digest;
mod forecast;
mod history;
mod lead;
mod loss;
mod narrow;
mod narrowing;
mod policy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use action::{
    Action, Change, FreezeCause, Frozen, Held, HoldReason, Need, Reason, Remark, Since, Stage,
    Target,
};
pub use digest::{Digest, DigestError};
pub use forecast::Forecast;
pub use history::{
    Absence, AbsenceRule, IneffectiveChange, IneffectiveChanges, MembershipField, Wait,
};
pub use narrow::{Ground, narrow};
pub use narrowing::{ActionClass, ActionClassError, Narrowed, Narrowing, Outside};
pub use policy::{Mode, Ownership, Policy, Protection, ProtectionError};

use crate::model::{Dates, DesiredSet, LiveSet, Unreadable, UserId, WorkspaceId, coded_or_words};

/// How many of what; deletes and replacements that are frozen are counted as frozen only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the classes of PRODUCT.md §4")]
pub struct Counts {
    pub creates: usize,
    pub updates: usize,
    pub deletes: usize,
    pub replacements: usize,
    pub in_sync: usize,
    pub held: usize,
    pub frozen: usize,
}

/// What is known of a project in scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WorkspaceState {
    /// Read and proved.
    Listed {
        /// Proved live memberships.
        live: usize,
        /// How many people will be there once all of the plan is done, besides leads and the
        /// token's own user. Plans of earlier versions do not say.
        #[serde(default)]
        ordinary_after: usize,
        /// When the listing was proved.
        listed_at: Timestamp,
    },
    /// Archived: held, in no total.
    Archived,
    /// Nothing is planned for it.
    Unreadable {
        /// Why.
        #[serde(deserialize_with = "coded_or_words")]
        reason: Unreadable,
    },
}

/// A project of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspacePlan {
    /// As the account writes it; the id's digits where it is not visible.
    pub title: String,
    /// What is known of it.
    pub state: WorkspaceState,
}

/// What a run would do, and what it leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Creates, then updates (promotions, others, demotions), then deletes and replacements;
    /// each by (project, person).
    pub actions: Vec<Action>,
    /// Differences that policy or knowledge forbids, by (project, person).
    pub held: Vec<Held>,
    /// Deletes and replacements that a problem nearby forbids.
    pub frozen: Vec<Frozen>,
    /// How many of what.
    pub counts: Counts,
    /// Every project in scope.
    pub workspaces: BTreeMap<WorkspaceId, WorkspacePlan>,
    /// Names of the people that occur above, where known.
    pub people: BTreeMap<UserId, String>,
    /// Live oddities that concern no action.
    pub remarks: Vec<Remark>,
    /// The day that it was made for, and what is ahead of it, where the roster has dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<Dates>,
    /// Where it is only a part: of what, and how much is outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowed: Option<Narrowed>,
    /// Over everything that would be sent or is left alone.
    pub digest: Digest,
}

impl Plan {
    /// Whether live state is as the roster says; what is held differs too.
    #[must_use]
    pub fn is_in_sync(&self) -> bool {
        let Self { actions, held, frozen, .. } = self;
        actions.is_empty() && held.is_empty() && frozen.is_empty()
    }

    /// The projects that could not be read, with the reason.
    pub fn unreadable(&self) -> impl Iterator<Item = (WorkspaceId, &Unreadable)> {
        self.workspaces.iter().filter_map(|(id, workspace)| match &workspace.state {
            WorkspaceState::Unreadable { reason } => Some((*id, reason)),
            _ => None,
        })
    }
}

/// Compares what the roster wants with what is live, under a policy. `live` holds the scope.
#[must_use]
pub fn plan(desired: &DesiredSet, live: &LiveSet, policy: &Policy) -> Plan {
    plan_with(desired, live, policy, Vec::new(), |reason| reason)
}

/// The same for a desired set that no roster made: with what their maker holds, and its own words for why.
#[must_use]
pub fn plan_with(
    desired: &DesiredSet,
    live: &LiveSet,
    policy: &Policy,
    held_before: Vec<Held>,
    reason: impl Fn(Reason) -> Reason,
) -> Plan {
    let mut found = diff::Compared::default();
    let mut workspaces = BTreeMap::new();
    for (id, state) in &live.workspaces {
        let entry =
            diff::workspace(&mut found, *id, state, &diff::Inputs { desired, live, policy });
        workspaces.insert(*id, entry);
    }
    let diff::Compared { mut actions, mut held, frozen, in_sync, remarks } = found;
    held.extend(held_before);
    held.sort_by_key(|held| held.key);
    actions.iter_mut().for_each(|action| action.reason = reason(action.reason));
    actions.sort_by_cached_key(|action| (action.change.stage(), action.key));
    let counts = count(&actions, held.len(), frozen.len(), in_sync);
    let dates = desired.dates.clone();
    let (people, digest, narrowed) = (BTreeMap::new(), Digest::default(), None);
    let mut plan = Plan {
        actions,
        held,
        frozen,
        counts,
        workspaces,
        people,
        remarks,
        dates,
        narrowed,
        digest,
    };
    plan.people = named_people(live, &plan);
    plan.digest = Digest::of(&plan);
    plan
}

fn count(actions: &[Action], held: usize, frozen: usize, in_sync: usize) -> Counts {
    let mut counts = Counts { held, frozen, in_sync, ..Counts::default() };
    for action in actions {
        match action.change {
            Change::Create { .. } => counts.creates += 1,
            Change::Update { .. } => counts.updates += 1,
            Change::Delete { .. } => counts.deletes += 1,
            Change::Replace { .. } => counts.replacements += 1,
        }
    }
    counts
}

/// The people that occur in a plan, as the listings name them.
fn named_people(live: &LiveSet, plan: &Plan) -> BTreeMap<UserId, String> {
    let keys = plan.actions.iter().map(|action| action.key);
    let keys = keys.chain(plan.held.iter().map(|held| held.key));
    let keys = keys.chain(plan.frozen.iter().map(|frozen| frozen.action.key));
    let upcoming = plan.dates.iter().flat_map(|dates| &dates.upcoming);
    keys.chain(upcoming.map(|one| one.key))
        .filter_map(|key| live.people.get(&key.user))
        .map(|person| (person.id, person.name.clone()))
        .collect()
}
