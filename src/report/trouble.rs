//! Why a run's exit code is not 0, in one line: how it ended, what was not applied, what could not be
//! read. Knows no renderer, and not where the line is said.

use std::collections::{BTreeMap, BTreeSet};

use super::{ReportEntry, ReportedCommand, RunReport, words::plural};
use crate::{
    model::Outcome,
    plan::WorkspaceState,
    run::{Ended, ExitStatus},
};

/// What keeps this run from an exit code of 0, in words for a person.
#[must_use]
pub fn trouble(report: &RunReport) -> String {
    let ended = report.ended.as_ref().filter(|ended| !ended.is_complete()).map(Ended::words);
    let parts = [
        lost(report),
        ended,
        not_applied(report),
        invalid(report),
        unreadable(report),
        refused(report),
        differences(report),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        report.exit.unwrap_or(ExitStatus::Done).words().to_owned()
    } else {
        parts.join("; ")
    }
}

fn outcome(entry: &ReportEntry) -> Option<Outcome> {
    entry.fate.as_ref().map(|fate| fate.outcome)
}

/// Before everything else: somebody was deleted and is not back.
fn lost(report: &RunReport) -> Option<String> {
    let lost = report.entries.iter().filter(|entry| outcome(entry) == Some(Outcome::Lost)).count();
    (lost > 0)
        .then(|| format!("LOST: {} deleted and not created again", plural(lost, "membership")))
}

/// `3 of 40 actions not applied: 1 rejected, 2 frozen`.
fn not_applied(report: &RunReport) -> Option<String> {
    let is_partial = |entry: &ReportEntry| outcome(entry).is_some_and(Outcome::is_partial);
    // What could not be said of a membership counts where something became of it.
    let is_action = |entry: &&ReportEntry| {
        is_partial(entry) || (entry.change.is_some() && outcome(entry) != Some(Outcome::Held))
    };
    let actions = report.entries.iter().filter(is_action).count();
    let mut kinds = BTreeMap::new();
    for outcome in report.entries.iter().filter_map(outcome).filter(|one| one.is_partial()) {
        *kinds.entry(outcome).or_insert(0_usize) += 1;
    }
    let count: usize = kinds.values().sum();
    let words: Vec<String> =
        kinds.iter().rev().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    // Nothing but a plan was asked for, or nobody said yes to it.
    let planned = report.command == ReportedCommand::Plan
        || matches!(report.ended, Some(Ended::Declined | Ended::Unanswered { .. }));
    let (verb, words) = (if planned { "would not be" } else { "not" }, words.join(", "));
    (count > 0).then(|| format!("{count} of {actions} actions {verb} applied: {words}"))
}

fn invalid(report: &RunReport) -> Option<String> {
    let lines: BTreeSet<u64> = report.problems.iter().map(|problem| problem.line).collect();
    match lines.len() {
        0 => None,
        1 => Some("1 roster row is invalid".to_owned()),
        count => Some(format!("{count} roster rows are invalid")),
    }
}

fn unreadable(report: &RunReport) -> Option<String> {
    let states = report.projects.values().map(|project| &project.state);
    let count = states.filter(|state| matches!(state, WorkspaceState::Unreadable { .. })).count();
    (count > 0).then(|| format!("{} could not be read", plural(count, "project")))
}

fn refused(report: &RunReport) -> Option<String> {
    let (first, more) = report.refusals.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
    Some(format!("{first}{more}"))
}

fn differences(report: &RunReport) -> Option<String> {
    let count = report.entries.len();
    (report.exit == Some(ExitStatus::ChangesPending))
        .then(|| format!("live and roster differ in {}", plural(count, "place")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_a_run_came_to_is_one_line_with_the_worst_first() {
        assert_eq!(
            trouble(&sample::everything()),
            "LOST: 1 membership deleted and not created again; stopped at its deadline; \
             8 of 10 actions not applied: 1 lost, 1 in doubt, 1 failed, 1 rejected, 1 not stuck, \
             1 stale, 1 not reached, 1 frozen; 1 roster row is invalid; 1 project could not be \
             read; plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all \
             deletes of this run are withheld"
        );
        let plan = RunReport { refusals: Vec::new(), ..sample::plan() };
        let pending = RunReport { exit: Some(ExitStatus::ChangesPending), ..plan };
        assert_eq!(
            trouble(&pending),
            "1 of 8 actions would not be applied: 1 frozen; 1 project could not be read; live and \
             roster differ in 10 places"
        );
        let mut unsaid = sample::everything();
        unsaid.entries.retain(|entry| outcome(entry).is_some_and(Outcome::is_partial));
        unsaid.entries.iter_mut().for_each(|entry| entry.change = None);
        assert!(trouble(&unsaid).contains("8 of 8 actions not applied"), "{}", trouble(&unsaid));
        let declined = RunReport { ended: Some(Ended::Declined), ..sample::empty() };
        assert_eq!(trouble(&declined), "declined at the prompt; nothing was sent");
        let bare = RunReport { exit: Some(ExitStatus::Locked), ..sample::empty() };
        assert_eq!(trouble(&bare), "another run holds the lock");
    }
}
