//! The guard: the last word on what a run may destroy, given a finished plan.
//!
//! Pure. [`review`] is the only maker of an [`ApprovedPlan`], and an apply takes nothing else, so
//! no delete is sent that was not reviewed. Limits withhold all deletes they concern, never some.
//!
//! The floors let few deletes pass a percentage, and neither lets pass what would leave a project
//! to its leads and the token's own user. Where the run's floor may not be used for that reason, the
//! run's percentage decides, as with any other run: all its deletes are withheld, for a limit of
//! the run never takes the first n, nor the projects that happen to be harmless. A project whose
//! own limit withholds its deletes is not emptied by the others, so it does not stand in their way.

mod approval;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use approval::{Approval, ApprovalProblem, ApprovedDelete, NotApproved};

use crate::{
    model::{MembershipKey, WorkspaceId, coded_or_words},
    plan::{Action, Plan, WorkspacePlan, WorkspaceState},
};

/// How much a run may destroy (PRODUCT.md §5). Percentages are of proved live memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Deletes and replacements of a run.
    pub max_deletes: usize,
    /// The same as a share of all projects' members, 0 to 100.
    pub max_delete_percent: usize,
    /// The same for each project by itself, 0 to 100.
    pub max_project_delete_percent: usize,
    /// So many deletes of a run pass its percentage, if somebody is left on every project.
    pub delete_floor: usize,
}

/// So many deletes of one project pass its percentage, if somebody is left.
pub const PROJECT_FLOOR: usize = 2;

/// A project that a plan would leave to its leads and the token's own user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptiedProject {
    /// Which project.
    pub workspace: WorkspaceId,
    /// Its title.
    pub title: String,
}

/// Which limit a plan is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "refusal", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
        /// Where nobody would be left, when that alone keeps `guard.delete_floor` from letting
        /// so few pass.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        emptied: Vec<EmptiedProject>,
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
        /// Whether so few would pass if they left somebody.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        empties: bool,
    },
    /// An approval was given, and it does not have this.
    NotApproved {
        /// Why not.
        #[serde(deserialize_with = "coded_or_words")]
        why: NotApproved,
    },
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

    /// The same, for whoever carries it out.
    #[must_use]
    pub fn into_plan(self) -> Plan {
        self.0
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

/// The same for a part of a plan. What the guard keeps back of the whole it keeps back of the part as
/// well, so no choice of a part lets more pass; and the part by itself must be within the limits, for
/// who would be left may be left out of it.
#[must_use]
pub fn review_part(
    mut part: Plan,
    whole: Plan,
    limits: &Limits,
    approval: Option<&Approval>,
) -> Reviewed {
    let kept = review(whole, limits, approval).withheld;
    let kept: BTreeMap<MembershipKey, Refusal> =
        kept.into_iter().map(|one| (one.action.key, one.refusal)).collect();
    let mut before = Vec::new();
    part.actions.retain(|action| match kept.get(&action.key) {
        Some(refusal) if action.change.destroys() => {
            before.push(Withheld { action: action.clone(), refusal: refusal.clone() });
            false
        }
        _ => true,
    });
    part.digest = part.digest.without(&before.iter().map(|one| &one.action).collect::<Vec<_>>());
    let Reviewed { approved, mut withheld, mut refusals } = review(part, limits, approval);
    for one in before {
        if !refusals.contains(&one.refusal) {
            refusals.push(one.refusal.clone());
        }
        withheld.push(one);
    }
    withheld.sort_by_key(|one| one.action.key);
    Reviewed { approved, withheld, refusals }
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
    let destroyed = destroyed(&plan);
    let projects = project_refusals(&plan, &destroyed, limits);
    let run = run_refusal(&plan, &destroyed, &projects, limits);
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

/// Deletes and replacements by project.
type Destroyed = BTreeMap<WorkspaceId, usize>;

fn destroyed(plan: &Plan) -> Destroyed {
    let mut destroyed = Destroyed::new();
    for action in plan.actions.iter().filter(|action| action.change.destroys()) {
        *destroyed.entry(action.key.workspace).or_default() += 1;
    }
    destroyed
}

fn is_over(deletes: usize, total: usize, percent: usize) -> bool {
    deletes * 100 > total * percent
}

fn run_refusal(
    plan: &Plan,
    destroyed: &Destroyed,
    projects: &BTreeMap<WorkspaceId, Refusal>,
    limits: &Limits,
) -> Option<Refusal> {
    let Limits { max_deletes, max_delete_percent, max_project_delete_percent: _, delete_floor } =
        *limits;
    let deletes = destroyed.values().sum();
    let total = plan.workspaces.values().map(|workspace| live(&workspace.state)).sum();
    if deletes > max_deletes {
        return Some(Refusal::RunCount { deletes, total, limit: max_deletes });
    }
    let few = deletes <= delete_floor;
    // What a project's own limit withholds empties nothing.
    let going = destroyed.keys().filter(|id| few && !projects.contains_key(id));
    let emptied: Vec<EmptiedProject> =
        going.filter_map(|id| emptied(*id, plan.workspaces.get(id)?)).collect();
    if !is_over(deletes, total, max_delete_percent) || few && emptied.is_empty() {
        return None;
    }
    Some(Refusal::RunPercent { deletes, total, percent: max_delete_percent, emptied })
}

fn live(state: &WorkspaceState) -> usize {
    match state {
        WorkspaceState::Listed { live, .. } => *live,
        WorkspaceState::Archived | WorkspaceState::Unreadable { .. } => 0,
    }
}

/// The project, where nobody besides leads and the token's own user would be left.
fn emptied(id: WorkspaceId, workspace: &WorkspacePlan) -> Option<EmptiedProject> {
    match workspace.state {
        WorkspaceState::Listed { ordinary_after: 1.., .. } => None,
        _ => Some(EmptiedProject { workspace: id, title: workspace.title.clone() }),
    }
}

fn project_refusals(
    plan: &Plan,
    destroyed: &Destroyed,
    limits: &Limits,
) -> BTreeMap<WorkspaceId, Refusal> {
    let percent = limits.max_project_delete_percent;
    let refusal = |(id, deletes): (&WorkspaceId, &usize)| {
        let (workspace, deletes) = (*id, *deletes);
        let known = plan.workspaces.get(id)?;
        let total = live(&known.state);
        let few = deletes <= PROJECT_FLOOR;
        let empties = few && emptied(workspace, known).is_some();
        if !is_over(deletes, total, percent) || few && !empties {
            return None;
        }
        let title = known.title.clone();
        Some((*id, Refusal::ProjectPercent { workspace, title, deletes, total, percent, empties }))
    };
    destroyed.iter().filter_map(refusal).collect()
}
