//! Rows against each other: repeated, contradicting, two team leads on one side of a project.
//!
//! Owns the rules that no row can break alone. Sorts once and compares neighbours, so that a
//! million rows need no look-up table. Knows no text and no file.

use super::{
    header::{Column, Header},
    problem::{Expected, Freezes, RosterWarning, RowProblem, shown},
    reading::Unusable,
};
use crate::model::{DesiredMembership, Field, MembershipKey, MembershipSpec, Mention, Role};

/// Sorts the entries by key and line, and takes out those that contradict others, which `unusable`
/// then knows. Repeated ones stay: they are equal but for the line.
pub(super) fn settle(
    entries: &mut Vec<DesiredMembership>,
    header: &Header,
    unusable: &mut Unusable,
) -> Vec<RosterWarning> {
    entries.sort_unstable_by_key(|entry| one_number(entry.key));
    let mut conflicts = Conflicts { header, problems: Vec::new(), warnings: Vec::new() };
    for project in entries.chunk_by_mut(|a, b| a.key.workspace == b.key.workspace) {
        for same in project.chunk_by_mut(|a, b| a.key == b.key) {
            if same.len() > 1 {
                same.sort_unstable_by_key(|entry| entry.line);
                conflicts.compare(same);
            }
        }
        let leads = project.iter().filter(|row| row.spec.fields.team_lead == Some(true));
        if leads.count() > 1 {
            conflicts.check_leads(project, Role::Maven);
            conflicts.check_leads(project, Role::Buyer);
        }
    }
    let Conflicts { problems, warnings, .. } = conflicts;
    if !problems.is_empty() {
        let mut invalid: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
        invalid.sort_unstable();
        let is_invalid = |entry: &mut DesiredMembership| invalid.binary_search(&entry.line).is_ok();
        let removed = entries.extract_if(.., is_invalid).map(|entry| entry.key);
        unusable.mentions.extend(removed.map(Mention::Membership));
        unusable.problems.extend(problems);
    }
    warnings
}

/// The key in one number of the same order: sorting a million compares these without a branch.
fn one_number(key: MembershipKey) -> u128 {
    (u128::from(key.workspace.number()) << 64) | u128::from(key.user.number())
}

struct Conflicts<'a> {
    header: &'a Header,
    problems: Vec<RowProblem>,
    warnings: Vec<RosterWarning>,
}

impl Conflicts<'_> {
    /// Rows for one key, by line: all the same, or all invalid.
    fn compare(&mut self, same: &[DesiredMembership]) {
        let first = &same[0];
        let Some(other) = same.iter().find(|row| row.spec != first.spec) else {
            self.warnings.extend(same[1..].iter().map(|row| RosterWarning::Repeated {
                line: row.line,
                first: first.line,
                key: row.key,
            }));
            return;
        };
        for row in same {
            let against = if row.spec == first.spec { other } else { first };
            let Some((column, value)) = first_difference(&row.spec, &against.spec) else {
                continue;
            };
            self.report(row, column, value, Expected::SameAs { line: against.line });
        }
    }

    /// Two people of one project who both lead this side; rows of one person are no conflict here.
    fn check_leads(&mut self, project: &[DesiredMembership], side: Role) {
        let leads = || {
            project
                .iter()
                .filter(|row| row.spec.fields.team_lead == Some(true) && row.spec.role == side)
        };
        let Some(first) = leads().next() else { return };
        let Some(other) = leads().find(|row| row.key != first.key) else { return };
        for row in leads() {
            let rival = if row.key == first.key { other } else { first };
            let expected = Expected::OneTeamLead { line: rival.line };
            self.report(row, Column::Field(Field::TeamLead), "true".to_owned(), expected);
        }
    }

    fn report(
        &mut self,
        row: &DesiredMembership,
        column: Column,
        value: String,
        expected: Expected,
    ) {
        self.problems.push(RowProblem {
            line: row.line,
            column: Some(self.header.name(column)),
            value: shown(&value),
            expected,
            freezes: Freezes::Workspace(row.key.workspace),
        });
    }
}

/// The first column in which two specs differ, and what the first one has there.
fn first_difference(spec: &MembershipSpec, other: &MembershipSpec) -> Option<(Column, String)> {
    if spec.role != other.role {
        return Some((Column::Role, spec.role.to_string()));
    }
    let value = |spec: &MembershipSpec, field| spec.fields.value(field);
    let field = Field::ALL.into_iter().find(|field| value(spec, *field) != value(other, *field))?;
    let cell = value(spec, field).map(|value| value.to_string());
    Some((Column::Field(field), cell.unwrap_or_default()))
}
