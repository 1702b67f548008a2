//! What was read of one row: a membership, or a problem for each cell that is not as it should be.
//!
//! Owns how far an invalid row reaches: whom it mentions, and what it freezes. Knows no cells.

use super::problem::{Expected, Freezes, RowProblem};
use crate::model::{
    DesiredMembership, MembershipKey, MembershipSpec, Mention, Mentions, UserId, WorkspaceId,
};

/// What is known of rows that ask for nothing because something is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Unusable {
    pub problems: Vec<RowProblem>,
    /// Whom they may be about.
    pub mentions: Mentions,
}

/// What is read of a row so far.
#[derive(Debug)]
pub(super) struct Reading {
    pub line: u64,
    /// What it wants, as far as it can be read.
    pub spec: Option<MembershipSpec>,
    pub wrong: Vec<Wrong>,
}

/// A cell that is not as it should be; how far that reaches is known when the project is.
#[derive(Debug, Clone)]
pub(super) struct Wrong {
    pub column: String,
    pub value: String,
    pub expected: Expected,
}

impl Reading {
    /// The membership that the row wants; `None` when anything is wrong with it, which `unusable`
    /// then says.
    #[inline]
    pub fn settle(
        self,
        workspace: Option<WorkspaceId>,
        user: Option<UserId>,
        unusable: &mut Unusable,
    ) -> Option<DesiredMembership> {
        let Self { line, spec, wrong } = self;
        if let (Some(workspace), Some(user), Some(spec), true) =
            (workspace, user, spec, wrong.is_empty())
        {
            return Some(DesiredMembership { key: MembershipKey { workspace, user }, spec, line });
        }
        refuse((line, wrong), workspace, user, unusable);
        None
    }
}

#[cold]
fn refuse(
    (line, mut wrong): (u64, Vec<Wrong>),
    workspace: Option<WorkspaceId>,
    user: Option<UserId>,
    unusable: &mut Unusable,
) {
    let freezes = workspace.map_or(Freezes::Everything, Freezes::Workspace);
    unusable.mentions.extend(mention(workspace, user));
    // Of a cell without a value of its own there is nothing else to say.
    let has_none = |one: &Wrong| matches!(one.expected, Expected::OwnValue { .. });
    let without: Vec<String> =
        wrong.iter().filter(|one| has_none(one)).map(|one| one.column.clone()).collect();
    wrong.retain(|one| has_none(one) || !without.contains(&one.column));
    unusable.problems.extend(wrong.into_iter().map(|Wrong { column, value, expected }| {
        RowProblem { line, column: Some(column), value, expected, freezes }
    }));
}

/// Whom a row is about of which not everything can be read.
fn mention(workspace: Option<WorkspaceId>, user: Option<UserId>) -> Option<Mention> {
    match (workspace, user) {
        (Some(workspace), Some(user)) => {
            Some(Mention::Membership(MembershipKey { workspace, user }))
        }
        (Some(workspace), None) => Some(Mention::AnybodyOn(workspace)),
        (None, Some(user)) => Some(Mention::Anywhere(user)),
        (None, None) => None,
    }
}
