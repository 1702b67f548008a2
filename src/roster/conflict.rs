//! Rows against each other: repeated, contradicting, two team leads on one side of a project.
//!
//! Owns the rules that no row can break alone. Sorts once and compares neighbours, so that a
//! million rows need no look-up table. Knows no text and no file.

use super::{
    column::Column,
    header::Header,
    period::{Period, Periods, rivals},
    problem::{Expected, Freezes, RosterWarning, RowProblem, shown},
    reading::Unusable,
};
use crate::model::{DesiredMembership, Field, MembershipKey, MembershipSpec, Mention, Role};

/// Sorts the entries by key and line, and takes out those that contradict others, which `unusable`
/// then knows. Repeated ones stay: they are equal but for the line.
pub(super) fn settle(
    entries: &mut Vec<DesiredMembership>,
    (header, periods): (&Header, &Periods),
    unusable: &mut Unusable,
) -> Vec<RosterWarning> {
    sort(entries);
    let mut conflicts = Conflicts { header, periods, problems: Vec::new(), warnings: Vec::new() };
    for project in entries.chunk_by_mut(|a, b| a.key.workspace == b.key.workspace) {
        for same in project.chunk_by_mut(|a, b| a.key == b.key) {
            if same.len() > 1 {
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

/// Most lists come project by project: then each needs to be sorted by itself only.
fn sort(entries: &mut [DesiredMembership]) {
    if entries.is_sorted_by_key(|entry| entry.key.workspace) {
        for project in entries.chunk_by_mut(|a, b| a.key.workspace == b.key.workspace) {
            project.sort_unstable_by_key(|entry| entry.key.user);
        }
        return;
    }
    // A key in one number of the same order is compared without a branch, in a short one at once.
    let is_short = |entry: &DesiredMembership| {
        let MembershipKey { workspace, user } = entry.key;
        (workspace.number() | user.number()) >> 32 == 0
    };
    let numbers =
        |entry: &DesiredMembership| (entry.key.workspace.number(), entry.key.user.number());
    if entries.iter().all(is_short) {
        entries.sort_unstable_by_key(|entry| {
            let (workspace, user) = numbers(entry);
            (workspace << 32) | user
        });
    } else {
        entries.sort_unstable_by_key(|entry| {
            let (workspace, user) = numbers(entry);
            (u128::from(workspace) << 64) | u128::from(user)
        });
    }
}

struct Conflicts<'a> {
    header: &'a Header,
    periods: &'a Periods,
    problems: Vec<RowProblem>,
    warnings: Vec<RosterWarning>,
}

impl Conflicts<'_> {
    /// Rows for one key: those that hold on one day are the same, or invalid.
    fn compare(&mut self, same: &mut [DesiredMembership]) {
        let period = |row: &DesiredMembership| self.periods.of(row.line);
        same.sort_unstable_by_key(|row| (period(row), row.line));
        let all_agree = same.iter().all(|row| row.spec == same[0].spec);
        let dated: Vec<(Period, MembershipSpec)> =
            same.iter().map(|row| (period(row), row.spec)).collect();
        let rivals = if all_agree { vec![None; same.len()] } else { rivals(&dated) };
        for (row, rival) in same.iter().zip(&rivals) {
            let Some(against) = rival.map(|at| &same[at]) else { continue };
            let Some((column, value)) = first_difference(&row.spec, &against.spec) else {
                continue;
            };
            self.report(row, column, value, Expected::SameAs { line: against.line, file: None });
        }
        let mut first = 0;
        for at in 1..same.len() {
            if dated[at] != dated[first] {
                first = at;
            } else if rivals[at].is_none() {
                let (line, key) = (same[at].line, same[at].key);
                self.warnings.push(RosterWarning::Repeated { line, first: same[first].line, key });
            }
        }
    }

    /// Two people of one project who both lead this side on one day; rows of one person are no
    /// conflict here.
    fn check_leads(&mut self, project: &[DesiredMembership], side: Role) {
        let leads = |row: &&DesiredMembership| {
            row.spec.fields.team_lead == Some(true) && row.spec.role == side
        };
        let mut leads: Vec<&DesiredMembership> = project.iter().filter(leads).collect();
        leads.sort_by_key(|row| self.periods.of(row.line).first);
        let dated: Vec<(Period, MembershipKey)> =
            leads.iter().map(|row| (self.periods.of(row.line), row.key)).collect();
        for (row, rival) in leads.iter().zip(rivals(&dated)) {
            let Some(rival) = rival.map(|at| leads[at]) else { continue };
            let expected = Expected::OneTeamLead { line: rival.line, file: None };
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
