//! What a run is for: its roster, the adoption of what is live, or the reverse of an earlier run. All
//! three become plans of the same kind, for the same guard and apply.

use std::rc::Rc;

use super::{adopt, undo::Undo};
use crate::{
    model::{LiveSet, Scope, WorkspaceId},
    plan::{IneffectiveChanges, Mode, Plan, Policy, plan},
    report::RunWarning,
    roster::Roster,
};

/// What a run is for.
#[derive(Debug, Clone)]
pub enum Purpose<'a> {
    /// Live becomes as the roster says.
    Roster(Rc<Roster>),
    /// What the roster names and is live carries this tool's tag; nothing else changes.
    Adopt(Rc<Roster>),
    /// What an earlier run did is reversed.
    Undo(&'a Undo),
}

impl Purpose<'_> {
    /// The policy for it. Neither an adoption nor an undo asks for the mode, for absences or for
    /// what had no effect: an adoption destroys nothing, an undo was asked for by name.
    #[must_use]
    pub fn policy(&self, configured: Policy) -> Policy {
        let mode = match self {
            Self::Roster(_) => return configured,
            Self::Adopt(_) => Mode::NoDelete,
            Self::Undo(_) => Mode::Mirror,
        };
        Policy { mode, absence: None, ineffective: IneffectiveChanges::default(), ..configured }
    }

    /// The rows that it is for, where these are a roster's.
    #[must_use]
    pub fn roster(&self) -> Option<&Rc<Roster>> {
        match self {
            Self::Roster(roster) | Self::Adopt(roster) => Some(roster),
            Self::Undo(_) => None,
        }
    }

    /// The same for other rows.
    pub(super) fn with_rows(&self, roster: Rc<Roster>) -> Self {
        match self {
            Self::Roster(_) => Self::Roster(roster),
            Self::Adopt(_) => Self::Adopt(roster),
            Self::Undo(undo) => Self::Undo(undo),
        }
    }

    /// Whether whom the rows name is not missing any more: an adoption says nothing of that.
    pub(super) fn ends_absences(&self) -> bool {
        matches!(self, Self::Roster(_))
    }

    /// The projects that are looked at; `named` are those of the configuration.
    pub(super) fn scope(&self, named: &[WorkspaceId]) -> Scope {
        match self {
            Self::Roster(roster) => Scope::new(&roster.desired, named),
            Self::Adopt(roster) => Scope::new(&roster.desired, &[]),
            Self::Undo(undo) => Scope { workspaces: undo.workspaces() },
        }
    }

    /// What has to change.
    pub(super) fn plan(&self, live: &LiveSet, policy: &Policy) -> Plan {
        match self {
            Self::Roster(roster) => plan(&roster.desired, live, policy),
            Self::Adopt(roster) => adopt::plan(&roster.desired, live, policy),
            Self::Undo(undo) => undo.plan(live, policy),
        }
    }

    /// What a person should know of the plan before it is carried out.
    pub(super) fn warnings(&self, plan: &Plan) -> Vec<RunWarning> {
        match self {
            Self::Roster(_) | Self::Adopt(_) => Vec::new(),
            Self::Undo(undo) => undo.warnings(plan),
        }
    }
}
