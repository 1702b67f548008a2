//! What a simulated run is for: the roster, with or without an approved list, an adoption, an undo.

use std::{collections::BTreeSet, rc::Rc};

use crate::{
    guard::Approval,
    report::ReportedCommand,
    roster::Roster,
    session::{Approved, AskedPart, Order, Purpose, Undo},
};

/// What a run does, with what it needs for that.
#[derive(Debug)]
pub(super) enum RunKind {
    Apply,
    ApplyApproved(ApprovedList),
    /// Only the plan that was kept.
    ApplyPlan(Approved),
    Adopt,
    Undo(Undo),
}

/// A list that an operator gave back.
#[derive(Debug)]
pub(super) struct ApprovedList {
    pub approval: Approval,
    pub text: String,
    /// The records on it.
    pub records: BTreeSet<u64>,
}

impl RunKind {
    /// What a session is told to do.
    pub(super) fn order<'a>(&'a self, roster: &Rc<Roster>) -> Order<'a> {
        let approved = match self {
            Self::ApplyPlan(plan) => Some(plan),
            _ => None,
        };
        let approval = self.approved().map(|list| &list.approval);
        let purpose = self.purpose(roster);
        let part = AskedPart::default();
        Order { purpose, approval, approved, retry_stuck: false, check: false, strict: false, part }
    }

    pub(super) fn command(&self) -> ReportedCommand {
        match self {
            Self::Apply | Self::ApplyApproved(_) | Self::ApplyPlan(_) => ReportedCommand::Apply,
            Self::Adopt => ReportedCommand::Adopt,
            Self::Undo(_) => ReportedCommand::Undo,
        }
    }

    fn purpose<'a>(&'a self, roster: &Rc<Roster>) -> Purpose<'a> {
        match self {
            Self::Apply | Self::ApplyApproved(_) | Self::ApplyPlan(_) => {
                Purpose::Roster(Rc::clone(roster))
            }
            Self::Adopt => Purpose::Adopt(Rc::clone(roster)),
            Self::Undo(undo) => Purpose::Undo(undo),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::ApplyApproved(_) => "apply with approved deletes",
            Self::ApplyPlan(_) => "apply of a plan file",
            Self::Adopt => "adopt",
            Self::Undo(_) => "undo",
        }
    }

    pub(super) fn approved(&self) -> Option<&ApprovedList> {
        match self {
            Self::ApplyApproved(approved) => Some(approved),
            Self::Apply | Self::ApplyPlan(_) | Self::Adopt | Self::Undo(_) => None,
        }
    }

    /// Whether it does what the roster says.
    pub(super) fn follows_roster(&self) -> bool {
        matches!(self, Self::Apply | Self::ApplyApproved(_) | Self::ApplyPlan(_))
    }
}
