//! A run's report, put together from what its phases returned.

use jiff::Timestamp;

use super::Preview;
use crate::{
    apply::Applied,
    model::{MembershipKey, Outcome, file_and_line},
    plan::{Action, Counts, Mode},
    report::{
        EntryReason, LeftInDoubt, PaceReport, REPORT_FORMAT, ReportEntry, ReportedCommand,
        ReportedProblem, RunReport, RunWarning, UndoneRun,
    },
    roster::{Roster, RosterWarning, RowProblem},
    run::{Ended, ExitStatus, RunId},
    verdict::{Decided, Fate, Why},
};

/// What is known of a run besides its plan.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// The run.
    pub run: RunId,
    /// Which command.
    pub command: ReportedCommand,
    /// The API.
    pub base_url: String,
    /// The roster's path, where it could not be read.
    pub roster: String,
    /// The mode in force.
    pub mode: Mode,
    /// Begin and end.
    pub times: (Timestamp, Timestamp),
    /// How it ended; none of a preview.
    pub ended: Option<Ended>,
    /// Whether a difference is an answer by itself (`--check`).
    pub check: bool,
    /// What should be said besides.
    pub warnings: Vec<RunWarning>,
    /// What earlier runs left in doubt.
    pub left_in_doubt: Vec<LeftInDoubt>,
    /// How the API's limit was met.
    pub pace: PaceReport,
    /// The run that it reverses.
    pub undoes: Option<UndoneRun>,
}

/// Puts a report together; what was not reached is simply not there.
#[must_use]
pub fn assemble(
    facts: RunFacts,
    roster: Option<&Roster>,
    preview: Option<&Preview>,
    applied: Option<&Applied>,
) -> RunReport {
    let plan = preview.map(|preview| preview.reviewed.approved.plan());
    let warnings = warnings(roster, preview, facts.warnings);
    let mut report = RunReport {
        format: REPORT_FORMAT,
        run: facts.run,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        command: facts.command,
        base_url: facts.base_url,
        roster: roster.map_or(facts.roster, |roster| roster.path.display().to_string()),
        undoes: facts.undoes,
        mode: facts.mode,
        started_at: facts.times.0,
        finished_at: facts.times.1,
        ended: facts.ended,
        exit: None,
        digest: plan.map(|plan| plan.digest.clone()),
        counts: plan.map_or_else(Counts::default, |plan| plan.counts),
        forecast: preview.map(|preview| preview.forecast),
        refusals: preview.map_or_else(Vec::new, |preview| preview.reviewed.refusals.clone()),
        entries: preview.map_or_else(Vec::new, |preview| entries(roster, preview, applied)),
        projects: plan.map(|plan| plan.workspaces.clone()).unwrap_or_default(),
        people: plan.map(|plan| plan.people.clone()).unwrap_or_default(),
        problems: roster.map(problems).unwrap_or_default(),
        rows: roster.map_or(0, |roster| roster.rows),
        dates: plan.and_then(|plan| plan.dates.clone()),
        narrowed: plan.and_then(|plan| plan.narrowed.clone()),
        warnings,
        left_in_doubt: facts.left_in_doubt,
        pace: facts.pace,
    };
    report.exit = report.ended.is_some().then(|| exit_status(&report, facts.check));
    report
}

fn warnings(
    roster: Option<&Roster>,
    preview: Option<&Preview>,
    others: Vec<RunWarning>,
) -> Vec<RunWarning> {
    let of_roster = roster.map(roster_warnings).unwrap_or_default();
    let of_preview = preview.into_iter().flat_map(|preview| preview.warnings.iter().cloned());
    of_roster.into_iter().chain(of_preview).chain(others).collect()
}

fn roster_warnings(roster: &Roster) -> Vec<RunWarning> {
    let path = || roster.path.display().to_string();
    let notes = roster.notes.iter();
    let notes = notes.map(|note| RunWarning::OfRoster { roster: path(), note: note.clone() });
    let named = |row: &RosterWarning| RunWarning::PutRight {
        roster: roster.file_of(row.line()),
        row: row.clone(),
    };
    notes.chain(roster.warnings.iter().map(named)).collect()
}

fn problems(roster: &Roster) -> Vec<ReportedProblem> {
    let reported = |problem: &RowProblem| ReportedProblem {
        file: roster.is_of_several().then(|| roster.file_of(problem.line)),
        line: file_and_line(problem.line).1,
        message: problem.message().to_string(),
    };
    roster.problems.iter().map(reported).collect()
}

fn entries(
    roster: Option<&Roster>,
    preview: &Preview,
    applied: Option<&Applied>,
) -> Vec<ReportEntry> {
    let line = |key: MembershipKey| roster?.desired.line(key);
    let plan = preview.reviewed.approved.plan();
    let entry = |action: &Action, fate: Option<Fate>| ReportEntry {
        key: action.key,
        line: line(action.key),
        change: Some(action.change.clone()),
        reason: EntryReason::Planned(action.reason),
        fate,
    };
    let decided = |Decided { action, fate }: &Decided| entry(action, Some(fate.clone()));
    let actions: Vec<ReportEntry> = match applied {
        Some(applied) => applied.decided.iter().map(decided).collect(),
        None => plan.actions.iter().map(|action| entry(action, None)).collect(),
    };
    let held = plan.held.iter().map(|held| ReportEntry {
        key: held.key,
        line: line(held.key),
        change: held.change.clone(),
        reason: EntryReason::Held(held.reason.clone()),
        fate: Some(Fate::new(Outcome::Held, Why::AsPlanned)),
    });
    let frozen = plan.frozen.iter().map(|frozen| {
        let why = Why::Frozen(frozen.cause.clone());
        entry(&frozen.action, Some(Fate::new(Outcome::Frozen, why)))
    });
    let withheld = preview.reviewed.withheld.iter().map(|withheld| {
        let fate = Fate::new(Outcome::Withheld, Why::Withheld(withheld.refusal.clone()));
        entry(&withheld.action, Some(fate))
    });
    let mut entries: Vec<ReportEntry> =
        actions.into_iter().chain(held).chain(frozen).chain(withheld).collect();
    entries.iter_mut().for_each(name_record);
    entries
}

/// Names the record that an entry is about, where its fate does not.
fn name_record(entry: &mut ReportEntry) {
    if let (Some(fate), Some(change)) = (&mut entry.fate, &entry.change) {
        fate.participation = fate.participation.or_else(|| change.participation());
    }
}

/// What the process answers: the worst of what was found (PRODUCT.md §1).
#[must_use]
pub fn exit_status(report: &RunReport, check: bool) -> ExitStatus {
    let ended = report.ended.as_ref().unwrap_or(&Ended::Complete);
    let own = ended.status(report.digest.is_some());
    if matches!(ended, Ended::Unplanned { .. }) {
        // Whatever is known of the roster by then, this is what ended it.
        return own;
    }
    let mut found = vec![own];
    let mut fates = report.entries.iter().filter_map(|entry| entry.fate.as_ref());
    let unreadable = report
        .projects
        .values()
        .any(|project| matches!(project.state, crate::plan::WorkspaceState::Unreadable { .. }));
    if unreadable || !report.problems.is_empty() || fates.any(|fate| fate.outcome.is_partial()) {
        found.push(ExitStatus::PartlyApplied);
    }
    // A deadline that passed at the question leaves all undone.
    let undone = report.entries.iter().any(|entry| entry.fate.is_none());
    if *ended == Ended::Deadline && undone {
        found.push(ExitStatus::PartlyApplied);
    }
    if !report.refusals.is_empty() {
        found.push(ExitStatus::GuardWithheld);
    }
    if check && !report.entries.is_empty() {
        found.push(ExitStatus::ChangesPending);
    }
    ExitStatus::worst(&found)
}
