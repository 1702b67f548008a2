//! What the sound rows of a roster want, and what its other rows freeze.
//!
//! Knows no text and no file.

use super::{
    problem::{Freezes, RowProblem},
    source::Source,
};
use crate::model::{DesiredMembership, DesiredSet, Freeze, Unnamed};

/// What a roster wants, as whole as its text says that it is.
pub(super) fn desired_set(
    entries: Vec<DesiredMembership>,
    problems: &[RowProblem],
    source: &Source,
) -> DesiredSet {
    let mut freeze = Freeze::default();
    for problem in problems {
        let lines = match problem.freezes {
            Freezes::Everything => &mut freeze.everywhere,
            Freezes::Workspace(workspace) => freeze.workspaces.entry(workspace).or_default(),
        };
        if lines.last() != Some(&problem.line) {
            lines.push(problem.line);
        }
    }
    let mut desired = DesiredSet::new(entries);
    desired.workspaces.extend(freeze.workspaces.keys());
    desired.freeze = freeze;
    desired.unnamed = match (source.patch, source.partial) {
        (true, _) => Unnamed::KeepButEnded,
        (false, true) => Unnamed::Keep,
        (false, false) => Unnamed::Delete,
    };
    desired
}
