//! The guard: the last word on what a run may destroy, given a finished plan.
//!
//! Pure. [`review`] is the only maker of an [`ApprovedPlan`], and an apply takes nothing else, so
//! no delete is sent that was not reviewed. Limits withhold all deletes they concern, never some.

mod approval;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub use approval::{Approval, ApprovalProblem, ApprovedDelete};

use crate::{
    model::WorkspaceId,
    plan::{Action, Change, Plan, WorkspaceState},
};

/// How much a run may destroy (PRODUCT.md §5). Percentages are of proved live memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Deletes and replacements of a run.
    pub max_deletes: usize,
    /// The same as a share of all projects' members, 0 to 100.
    pub max_delete_percent: usize,
    /// The same for each project by itself, 0 to 100.
    pub max_project_delete_percent: usize,
    /// So many deletes of a run pass its percentage.
    pub delete_floor: usize,
}

/// So many deletes of one project pass its percentage, if somebody is left.
const PROJECT_FLOOR: usize = 2;

/// Which limit a plan is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// `guard.max_deletes`.
    RunCount {
        /// Planned deletes and replacements.
        deletes: usize,
        /// Live memberships in scope.
        total: usize,
        /// The limit in force.
        limit: usize,
    },
    /// `guard.max_delete_percent`.
    RunPercent {
        /// Planned deletes and replacements.
        deletes: usize,
        /// Live memberships in scope.
        total: usize,
        /// The limit in force.
        percent: usize,
    },
    /// `guard.max_project_delete_percent`.
    ProjectPercent {
        /// Which project.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
        /// Planned deletes and replacements there.
        deletes: usize,
        /// Live memberships there.
        total: usize,
        /// The limit in force.
        percent: usize,
    },
    /// An approval was given, and it does not have this.
    NotApproved {
        /// Why not, in words.
        why: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunCount { deletes, total, limit } => write!(
                f,
                "plan deletes {deletes} of {total} memberships; the limit is {limit} (guard.max_deletes); all deletes of this run are withheld"
            ),
            Self::RunPercent { deletes, total, percent } => write!(
                f,
                "plan deletes {deletes} of {total} memberships; the limit is {percent} % or {} (guard.max_delete_percent); all deletes of this run are withheld",
                total * percent / 100
            ),
            Self::NotApproved { why } => write!(f, "withheld by the approval: {why}"),
            Self::ProjectPercent { workspace, title, deletes, total, percent } => write!(
                f,
                "plan deletes {deletes} of {total} memberships of project {workspace} ({title}); the limit is {percent} % or {} (guard.max_project_delete_percent); the deletes of this project are withheld",
                total * percent / 100
            ),
        }
    }
}

/// A delete or replacement that the guard keeps back, with the limit that it ran into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// What would be done.
    pub action: Action,
    /// Why it is not.
    pub refusal: Refusal,
}

/// A plan that passed the guard; nothing else can be applied. Not `Deserialize`: a plan from disk
/// must pass the guard again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedPlan(Plan);

impl ApprovedPlan {
    /// What may happen now.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// What may happen now, and what the limits keep back; creates and updates never wait for deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The plan without what is withheld.
    pub approved: ApprovedPlan,
    /// What is kept back, in the plan's order.
    pub withheld: Vec<Withheld>,
    /// Every limit that the plan is over.
    pub refusals: Vec<Refusal>,
}

/// Holds a finished plan against the limits; with an approval, against that and nothing else: what
/// is on the list may happen over the limits too, and every other delete is withheld.
#[must_use]
pub fn review(plan: Plan, limits: &Limits, approval: Option<&Approval>) -> Reviewed {
    match approval {
        Some(approval) => review_approved(plan, approval),
        None => review_limits(plan, limits),
    }
}

fn review_approved(mut plan: Plan, approval: &Approval) -> Reviewed {
    let mut withheld = Vec::new();
    plan.actions.retain(|action| match approval.allows(action) {
        Ok(()) => true,
        Err(why) => {
            let refusal = Refusal::NotApproved { why };
            withheld.push(Withheld { action: action.clone(), refusal });
            false
        }
    });
    let mut refusals: Vec<Refusal> = Vec::new();
    for Withheld { refusal, .. } in &withheld {
        if !refusals.contains(refusal) {
            refusals.push(refusal.clone());
        }
    }
    reviewed(plan, withheld, refusals)
}

fn reviewed(mut plan: Plan, withheld: Vec<Withheld>, refusals: Vec<Refusal>) -> Reviewed {
    let kept: Vec<&Action> = withheld.iter().map(|one| &one.action).collect();
    plan.digest = plan.digest.without(&kept);
    Reviewed { approved: ApprovedPlan(plan), withheld, refusals }
}

fn review_limits(mut plan: Plan, limits: &Limits) -> Reviewed {
    let run = run_refusal(&plan, limits);
    let projects = project_refusals(&plan, limits);
    let mut withheld = Vec::new();
    plan.actions.retain(|action| {
        let refusal = run.as_ref().or_else(|| projects.get(&action.key.workspace));
        match refusal {
            Some(refusal) if action.change.destroys() => {
                withheld.push(Withheld { action: action.clone(), refusal: refusal.clone() });
                false
            }
            _ => true,
        }
    });
    let refusals = run.into_iter().chain(projects.into_values()).collect();
    reviewed(plan, withheld, refusals)
}

fn run_refusal(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let Limits { max_deletes, max_delete_percent, max_project_delete_percent: _, delete_floor } =
        *limits;
    let deletes = plan.actions.iter().filter(|action| action.change.destroys()).count();
    let total = plan.workspaces.values().map(|workspace| live(&workspace.state)).sum();
    if deletes > max_deletes {
        return Some(Refusal::RunCount { deletes, total, limit: max_deletes });
    }
    let over = deletes > delete_floor && deletes * 100 > total * max_delete_percent;
    over.then_some(Refusal::RunPercent { deletes, total, percent: max_delete_percent })
}

fn live(state: &WorkspaceState) -> usize {
    match state {
        WorkspaceState::Listed { live, .. } => *live,
        WorkspaceState::Archived | WorkspaceState::Unreadable { .. } => 0,
    }
}

#[derive(Default)]
struct ProjectTally {
    destroyed: usize,
    /// Destroyed members who are neither lead nor the token's own user (who is never destroyed).
    ordinary_gone: usize,
    /// Members that this run brings; a failed create freezes the project's deletes, so they count.
    coming: usize,
}

fn project_refusals(plan: &Plan, limits: &Limits) -> BTreeMap<WorkspaceId, Refusal> {
    let mut refusals = BTreeMap::new();
    for (id, tally) in tally(plan) {
        let Some(workspace) = plan.workspaces.get(&id) else { continue };
        let WorkspaceState::Listed { live, ordinary, .. } = workspace.state else { continue };
        let left = (ordinary + tally.coming).saturating_sub(tally.ordinary_gone);
        let passes_by_floor = tally.destroyed <= PROJECT_FLOOR && left > 0;
        let percent = limits.max_project_delete_percent;
        if passes_by_floor || tally.destroyed * 100 <= live * percent {
            continue;
        }
        let title = workspace.title.clone();
        let (deletes, total) = (tally.destroyed, live);
        refusals
            .insert(id, Refusal::ProjectPercent { workspace: id, title, deletes, total, percent });
    }
    refusals
}

fn tally(plan: &Plan) -> BTreeMap<WorkspaceId, ProjectTally> {
    let mut tallies: BTreeMap<WorkspaceId, ProjectTally> = BTreeMap::new();
    for Action { key, change, .. } in &plan.actions {
        let tally = tallies.entry(key.workspace).or_default();
        match change {
            Change::Create { .. } => tally.coming += 1,
            Change::Update { .. } => {}
            Change::Delete { demote_first: leads, .. } => {
                tally.destroyed += 1;
                tally.ordinary_gone += usize::from(!leads);
            }
            Change::Replace { demote_first: leads, .. } => {
                tally.destroyed += 1;
                tally.ordinary_gone += usize::from(!leads);
                tally.coming += 1;
            }
        }
    }
    tallies.retain(|_, tally| tally.destroyed > 0);
    tallies
}
