//! What a simulated run is for: the roster, with or without an approved list, an adoption, an undo.

use std::collections::BTreeSet;

use crate::{
    guard::Approval,
    roster::Roster,
    session::{Purpose, Undo},
};

/// What a run does, with what it needs for that.
#[derive(Debug)]
pub(super) enum Errand {
    Apply,
    ApplyApproved(Approved),
    Adopt,
    Undo(Undo),
}

/// A list that an operator gave back.
#[derive(Debug)]
pub(super) struct Approved {
    pub approval: Approval,
    /// The records on it.
    pub records: BTreeSet<u64>,
}

impl Errand {
    pub(super) fn purpose<'a>(&'a self, roster: &'a Roster) -> Purpose<'a> {
        match self {
            Self::Apply | Self::ApplyApproved(_) => Purpose::Roster(roster),
            Self::Adopt => Purpose::Adopt(roster),
            Self::Undo(undo) => Purpose::Undo(undo),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::ApplyApproved(_) => "apply with approved deletes",
            Self::Adopt => "adopt",
            Self::Undo(_) => "undo",
        }
    }

    pub(super) fn approved(&self) -> Option<&Approved> {
        match self {
            Self::ApplyApproved(approved) => Some(approved),
            Self::Apply | Self::Adopt | Self::Undo(_) => None,
        }
    }

    /// Whether it does what the roster says.
    pub(super) fn follows_roster(&self) -> bool {
        matches!(self, Self::Apply | Self::ApplyApproved(_))
    }
}
