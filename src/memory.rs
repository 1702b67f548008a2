//! What one applied run leaves for the next: absences, changes without effect, plans that were used.
//!
//! Written only where something is applied. Pure: text in, value out; the store knows where it
//! lies. A lost or damaged memory starts anew: everybody waits again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    guard::Reviewed,
    model::{DesiredSet, Field, FieldValue, MembershipKey, Outcome, WorkspaceId},
    plan::{
        Absence, Change, Held, HoldReason, IneffectiveChange, IneffectiveChanges, MembershipField,
        Plan, WorkspacePlan, WorkspaceState,
    },
    run::RunId,
    verdict::Decided,
};

/// The version of the file.
const MEMORY_FORMAT: u32 = 1;
/// A change is held once it had no effect in so many runs.
const INEFFECTIVE_AFTER: u32 = 2;

/// A project of the last applied roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedProject {
    /// The project.
    pub workspace: WorkspaceId,
    /// Its title, where it was visible.
    pub title: String,
    /// How many memberships the roster wanted there.
    pub memberships: usize,
}

/// What became of a project of the last applied roster, where that is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectChange {
    /// This roster has it no more.
    Left {
        /// Which.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
        /// How many memberships were managed there.
        memberships: usize,
    },
    /// It cannot be read now.
    Unreadable {
        /// Which.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct RememberedAbsence {
    key: MembershipKey,
    absence: Absence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct RememberedChange {
    place: MembershipField,
    #[serde(rename = "wish")]
    desired: FieldValue,
    live: FieldValue,
    runs: u32,
    #[serde(default)]
    account_admin: bool,
}

/// What the last applied run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    format: u32,
    projects: Vec<RememberedProject>,
    absences: Vec<RememberedAbsence>,
    #[serde(rename = "wishes")]
    ineffective: Vec<RememberedChange>,
    used_plans: Vec<RunId>,
    /// Where an earlier memory could not be read: the name of a run that would have begun then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun_anew: Option<RunId>,
}

/// Whether a plan file may still be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanUse {
    /// It was not applied yet.
    Fresh,
    /// It was applied already.
    Used,
    /// It is older than what is remembered.
    Unknown,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            format: MEMORY_FORMAT,
            projects: Vec::new(),
            absences: Vec::new(),
            ineffective: Vec::new(),
            used_plans: Vec::new(),
            begun_anew: None,
        }
    }
}

/// A memory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "damaged or of another version: absences and changes without effect are counted from the start"
)]
pub struct MemoryError;

impl Memory {
    /// A memory that begins now, because the last one cannot be read; `now` is the name of a run
    /// that would begin.
    #[must_use]
    pub fn anew(now: RunId) -> Self {
        Self { begun_anew: Some(now), ..Self::default() }
    }

    /// Reads what an apply wrote.
    ///
    /// # Errors
    /// When it is no memory of this format.
    pub fn parse(text: &[u8]) -> Result<Self, MemoryError> {
        let memory: Self = serde_json::from_slice(text).map_err(|_| MemoryError)?;
        if memory.format == MEMORY_FORMAT { Ok(memory) } else { Err(MemoryError) }
    }

    /// Absences up to the last applied run.
    #[must_use]
    pub fn absences(&self) -> BTreeMap<MembershipKey, Absence> {
        self.absences.iter().map(|one| (one.key, one.absence)).collect()
    }

    /// Changes that had no effect in two runs.
    #[must_use]
    pub fn ineffective(&self) -> IneffectiveChanges {
        let held = self.ineffective.iter().filter(|one| one.runs >= INEFFECTIVE_AFTER);
        let known = |known: &RememberedChange| {
            let RememberedChange { place, desired, live, runs: _, account_admin } = *known;
            (place, IneffectiveChange { desired, live, account_admin })
        };
        IneffectiveChanges::new(held.map(known))
    }

    /// Whether the plan of this run may still be applied: each works once.
    #[must_use]
    pub fn use_of(&self, plan: &RunId) -> PlanUse {
        if self.used_plans.contains(plan) {
            return PlanUse::Used;
        }
        let begun_anew = self.begun_anew.as_ref();
        begun_anew.filter(|begun| plan < begun).map_or(PlanUse::Fresh, |_| PlanUse::Unknown)
    }

    /// Notes that the plan of this run is used up.
    pub fn use_plan(&mut self, plan: &RunId) {
        self.used_plans.push(plan.clone());
    }

    /// What changed of the scope since the last applied run, in words.
    #[must_use]
    pub fn changes(&self, workspaces: &BTreeMap<WorkspaceId, WorkspacePlan>) -> Vec<ProjectChange> {
        let change = |project: &RememberedProject| {
            let RememberedProject { workspace, title, memberships } = project.clone();
            match workspaces.get(&workspace).map(|now| &now.state) {
                None => Some(ProjectChange::Left { workspace, title, memberships }),
                Some(WorkspaceState::Unreadable { .. }) if !title.is_empty() => {
                    Some(ProjectChange::Unreadable { workspace, title })
                }
                Some(_) => None,
            }
        };
        self.projects.iter().filter_map(change).collect()
    }

    /// The projects of the last applied roster.
    #[must_use]
    pub fn projects(&self) -> &[RememberedProject] {
        &self.projects
    }

    /// Learns from an applied run.
    pub fn learn(
        &mut self,
        desired: &DesiredSet,
        reviewed: &Reviewed,
        decided: &[Decided],
        now: Timestamp,
    ) {
        let plan = reviewed.approved.plan();
        if !desired.is_partial() {
            self.projects = remembered_projects(desired, plan);
        }
        self.learn_absences(desired, reviewed, decided, now);
        self.learn_ineffective(desired, plan, decided);
    }

    /// Ends the absence of everybody whom a row of the roster names, or may mean, valid or not;
    /// whether anybody's was ended. Needs no listing: a run that comes to nothing forgets as well.
    pub fn forget_mentioned(&mut self, desired: &DesiredSet) -> bool {
        self.end_absences(|key| desired.may_mean(key))
    }

    /// Ends the absence of whoever may be meant; whether anybody's was ended.
    pub fn end_absences(&mut self, may_mean: impl Fn(MembershipKey) -> bool) -> bool {
        let before = self.absences.len();
        self.absences.retain(|one| !may_mean(one.key));
        self.absences.len() < before
    }

    fn learn_absences(
        &mut self,
        desired: &DesiredSet,
        reviewed: &Reviewed,
        decided: &[Decided],
        now: Timestamp,
    ) {
        let plan = reviewed.approved.plan();
        let says = |key: &MembershipKey| what_is_said(desired, plan, key.workspace);
        self.forget_mentioned(desired);
        let mut known = self.absences();
        let missing = missing(reviewed, decided);
        known.retain(|key, _| match says(key) {
            Said::WhoBelongs => missing.contains(key),
            Said::Nothing => true,
            Said::NoLongerManaged => false,
        });
        let absent = |key: &MembershipKey| says(key) == Said::WhoBelongs && !desired.may_mean(*key);
        for key in missing.into_iter().filter(absent) {
            let absence = known.entry(key).or_insert(Absence { runs: 0, since: now });
            absence.runs = absence.runs.saturating_add(1);
        }
        let remembered = known.into_iter().map(|(key, absence)| RememberedAbsence { key, absence });
        self.absences = remembered.collect();
    }

    fn learn_ineffective(&mut self, desired: &DesiredSet, plan: &Plan, decided: &[Decided]) {
        let before = std::mem::take(&mut self.ineffective);
        let kept = |one: &&RememberedChange| stays(one, desired, plan, decided);
        let mut changes: Vec<RememberedChange> = before.iter().filter(kept).copied().collect();
        for Decided { action, fate } in decided {
            for drift in &fate.unchanged {
                let place = MembershipField { key: action.key, field: drift.field };
                let (asked, live) = (drift.after, drift.before);
                let same = |one: &&RememberedChange| {
                    (one.place, one.desired, one.live) == (place, asked, live)
                };
                let known = before.iter().find(same);
                let runs = known.map_or(0, |one| one.runs) + 1;
                let seen = fate.account_admin && drift.field == Field::AccessLevel;
                let account_admin = seen || known.is_some_and(|one| one.account_admin);
                changes.push(RememberedChange { place, desired: asked, live, runs, account_admin });
            }
        }
        changes.sort_by_key(|change| change.place);
        self.ineffective = changes;
    }
}

/// What a run has to say of who is missing from a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// A valid roster and a proved listing: who is there and not named was absent once more.
    WhoBelongs,
    /// One of both is not to be trusted: nothing that was counted changes.
    Nothing,
    /// The roster has left the project, so nobody is counted there any more.
    NoLongerManaged,
}

fn what_is_said(desired: &DesiredSet, plan: &Plan, workspace: WorkspaceId) -> Said {
    if desired.is_partial() || !desired.freeze.lines(workspace).is_empty() {
        return Said::Nothing;
    }
    match plan.workspaces.get(&workspace).map(|workspace| &workspace.state) {
        Some(WorkspaceState::Listed { .. }) => Said::WhoBelongs,
        Some(WorkspaceState::Archived | WorkspaceState::Unreadable { .. }) => Said::Nothing,
        None => Said::NoLongerManaged,
    }
}

/// Whether a change is remembered as it is: a run that did not compare its row, or did not come to
/// send it, has learnt nothing of it.
fn stays(one: &RememberedChange, desired: &DesiredSet, plan: &Plan, decided: &[Decided]) -> bool {
    let MembershipField { key, field } = one.place;
    let state = plan.workspaces.get(&key.workspace).map(|workspace| &workspace.state);
    if !matches!(state, Some(WorkspaceState::Listed { .. })) {
        return state.is_some() || desired.is_partial();
    }
    if desired.entry(key).is_none() {
        return desired.is_partial();
    }
    let has = |change: Option<&Change>| match change {
        Some(Change::Update { drift, .. }) => drift.iter().any(|drift| drift.field == field),
        _ => false,
    };
    let held = plan.held.iter().filter(|held| held.key == key).filter(is_stuck);
    let unsent = decided.iter().filter(|one| one.action.key == key && !one.fate.outcome.is_there());
    held.map(|held| held.change.as_ref()).chain(unsent.map(|one| Some(&one.action.change))).any(has)
}

fn is_stuck(held: &&Held) -> bool {
    matches!(held.reason, HoldReason::Stuck { .. })
}

fn remembered_projects(desired: &DesiredSet, plan: &Plan) -> Vec<RememberedProject> {
    let remember = |workspace: &WorkspaceId| {
        let title = plan.workspaces.get(workspace).map(|known| known.title.clone());
        RememberedProject {
            workspace: *workspace,
            title: title.unwrap_or_default(),
            memberships: desired.of(*workspace).len(),
        }
    };
    desired.workspaces.iter().map(remember).collect()
}

/// Who is live and not in the roster, and still there after the run.
fn missing(reviewed: &Reviewed, decided: &[Decided]) -> BTreeSet<MembershipKey> {
    let plan = reviewed.approved.plan();
    let is_delete = |change: &Change| matches!(change, Change::Delete { .. });
    let left = decided
        .iter()
        .filter(|one| is_delete(&one.action.change) && one.fate.outcome != Outcome::Applied);
    let left = left.map(|one| one.action.key);
    let held = plan.held.iter().filter(|held| held.change.as_ref().is_some_and(is_delete));
    let withheld = reviewed.withheld.iter().filter(|one| is_delete(&one.action.change));
    left.chain(held.map(|held| held.key)).chain(withheld.map(|one| one.action.key)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Drift;

    #[test]
    fn a_damaged_memory_is_told_from_a_good_one() {
        let good = serde_json::to_vec(&Memory::default()).expect("plain");
        assert_eq!(Memory::parse(&good).ok(), Some(Memory::default()));
        for bad in [
            "",
            "{}",
            "[1]",
            r#"{"format":9,"projects":[],"absences":[],"wishes":[],"used_plans":[]}"#,
        ] {
            assert!(Memory::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn changes_of_an_earlier_version_are_still_known_and_nobody_is_taken_for_an_administrator() {
        let old = r#"{"format":1,"projects":[],"absences":[],"used_plans":[],"wishes":[
            {"place":{"key":{"workspace":1,"user":2},"field":"access_level"},
             "wish":"view_tasks","live":"admin","runs":2}]}"#;
        let memory = Memory::parse(old.as_bytes()).expect("a memory");
        let key: MembershipKey =
            serde_json::from_str(r#"{"workspace":1,"user":2}"#).expect("a key");
        let (before, after) = ("admin".parse(), "view_tasks".parse());
        let drift = Drift {
            field: Field::AccessLevel,
            before: FieldValue::Access(before.expect("a level")),
            after: FieldValue::Access(after.expect("a level")),
        };
        let known = memory.ineffective();
        assert_eq!(known.find(key, &drift).map(|known| known.account_admin), Some(false));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Memory::parse(&bytes);
        }
    }
}
