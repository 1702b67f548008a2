//! What PRODUCT.md §5 says of how much may be destroyed, told anew from its words: what a plan would
//! make of who is on each project, and which of its deletes must then be withheld.
//!
//! Shares nothing with the guard, nor with what the plan computes for it: it carries the plan out on
//! a small world of its own and looks at who is left. The guard's own tests use it as well.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    guard::Limits,
    model::{Drift, Field, FieldValue},
    plan::{Action, Change},
};

/// The people of one project; before anything is done, then after all that is intended.
#[derive(Debug, Default)]
struct Project {
    /// Live memberships before.
    memberships: usize,
    /// Whether each person leads.
    leads: BTreeMap<u64, bool>,
    /// How many memberships are to be deleted or replaced.
    going: usize,
}

/// The projects that were read, and what is intended there.
#[derive(Debug)]
pub(crate) struct Intended {
    token_user: u64,
    projects: BTreeMap<u64, Project>,
}

/// What must be withheld.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every delete of the run.
    AllOfTheRun,
    /// Those of these projects.
    OfProjects(BTreeSet<u64>),
}

impl Verdict {
    /// Whether what is destroyed on this project must be withheld.
    pub(crate) fn withholds(&self, project: u64) -> bool {
        match self {
            Self::AllOfTheRun => true,
            Self::OfProjects(projects) => projects.contains(&project),
        }
    }
}

impl Intended {
    /// Nothing yet, on these projects.
    pub(crate) fn on(projects: impl IntoIterator<Item = u64>, token_user: u64) -> Self {
        let projects = projects.into_iter().map(|id| (id, Project::default())).collect();
        Self { token_user, projects }
    }

    /// Somebody is there before; on no project that was not read.
    pub(crate) fn member(&mut self, project: u64, user: Option<u64>, leads: bool) {
        let Some(project) = self.projects.get_mut(&project) else { return };
        project.memberships += 1;
        if let Some(user) = user {
            *project.leads.entry(user).or_default() |= leads;
        }
    }

    /// Something is intended; creates come before the updates that follow them.
    pub(crate) fn action(&mut self, Action { key, change, .. }: &Action) {
        let user = key.user.number();
        let Some(project) = self.projects.get_mut(&key.workspace.number()) else { return };
        match change {
            Change::Create { .. } => {
                project.leads.insert(user, false);
            }
            Change::Update { drift, .. } => {
                let before = project.leads.get(&user).copied().unwrap_or_default();
                project.leads.insert(user, desired_lead(drift).unwrap_or(before));
            }
            Change::Delete { .. } => {
                project.going += 1;
                project.leads.remove(&user);
            }
            Change::Replace { later, .. } => {
                project.going += 1;
                project.leads.insert(user, desired_lead(later).unwrap_or(false));
            }
        }
    }

    /// What the limits withhold of it.
    pub(crate) fn verdict(&self, limits: &Limits) -> Verdict {
        let refused: BTreeSet<u64> = self
            .projects
            .iter()
            .filter(|(_, project)| {
                let share = project.memberships * limits.max_project_delete_percent / 100;
                let floor_holds = project.going <= 2 && !self.is_deserted(project);
                project.going > share && !floor_holds
            })
            .map(|(id, _)| *id)
            .collect();
        let going: usize = self.projects.values().map(|project| project.going).sum();
        let memberships: usize = self.projects.values().map(|project| project.memberships).sum();
        let mut losing = self.projects.iter().filter(|(_, project)| project.going > 0);
        let deserts =
            losing.any(|(id, project)| !refused.contains(id) && self.is_deserted(project));
        let floor_holds = going <= limits.delete_floor && !deserts;
        let over_share = going > memberships * limits.max_delete_percent / 100;
        if going > limits.max_deletes || (over_share && !floor_holds) {
            return Verdict::AllOfTheRun;
        }
        Verdict::OfProjects(refused)
    }

    /// Whether nobody is left besides leads and the token's own user.
    fn is_deserted(&self, project: &Project) -> bool {
        !project.leads.iter().any(|(user, leads)| *user != self.token_user && !leads)
    }
}

fn desired_lead(drift: &[Drift]) -> Option<bool> {
    drift.iter().find_map(|drift| match (drift.field, drift.after) {
        (Field::TeamLead, FieldValue::Flag(leads)) => Some(leads),
        _ => None,
    })
}
