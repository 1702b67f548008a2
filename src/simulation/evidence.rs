//! What one run did, as the sandbox saw it, and how a promise is checked on it.

use std::collections::BTreeSet;

use super::record::RunRecord;
use crate::{
    model::MembershipKey,
    sandbox::{self, ForeignEdit, RequestKind, World},
};

pub(super) type Pair = (u64, u64);
pub(super) type Check = Result<(), String>;

pub(super) fn pair(key: MembershipKey) -> Pair {
    (key.workspace.number(), key.user.number())
}

/// What one run did, as the sandbox saw it.
pub(super) struct Evidence<'a> {
    pub record: &'a RunRecord,
    pub world: World,
    pub log: Vec<sandbox::LoggedRequest>,
    /// All edits of somebody else, from the beginning; those of this run start at `foreign_here`.
    pub foreign: Vec<ForeignEdit>,
    pub foreign_here: usize,
}

pub(super) fn check(holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

impl Evidence<'_> {
    pub(super) fn writes(&self) -> impl Iterator<Item = &sandbox::LoggedRequest> {
        let is_write = |entry: &&sandbox::LoggedRequest| {
            matches!(entry.kind, RequestKind::Create | RequestKind::Update | RequestKind::Delete)
        };
        self.log.iter().filter(is_write)
    }

    /// The pairs that somebody else touched in this run.
    pub(super) fn touched_by_others(&self) -> BTreeSet<Pair> {
        let edits = self.foreign[self.foreign_here..].iter();
        edits.filter_map(|edit| Some((edit.target.workspace, edit.target.user?))).collect()
    }

    /// Whether somebody else touched anything in this run.
    pub(super) fn others_were_here(&self) -> bool {
        self.foreign.len() > self.foreign_here
    }
}
