//! The wording that several renderers share: an entry's change and reason, counts, durations.
//!
//! Text from outside comes back as it is; every renderer escapes it for its own medium.
//! Knows no medium and no renderer.

use std::time::Duration;

use super::{PaceReport, ReportEntry, ReportedCommand, RunReport, UndoneRun, reason};
use crate::{
    model::{Drift, Field, MembershipSpec, Outcome, Participation, Seen, UserId, WorkspaceId},
    plan::{Change, Counts, Forecast, HoldReason, Target, WorkspaceState},
    run::Ended,
    store::WITHHELD,
};

/// From so many creates on, people are warned that Kantata may mail those who are added.
const MANY_CREATES: usize = 25;

/// The way out when the guard withheld deletes.
pub(super) fn approve_hint() -> String {
    format!("review {WITHHELD}, then --approve-deletes")
}

/// The command's name.
pub(super) const fn command(command: ReportedCommand) -> &'static str {
    match command {
        ReportedCommand::Plan => "plan",
        ReportedCommand::Apply => "apply",
        ReportedCommand::Rehearse => "rehearse",
        ReportedCommand::Undo => "undo",
        ReportedCommand::Adopt => "adopt",
    }
}

/// How the run ended, in words; also of a report that has no ending.
pub(super) fn ending(report: &RunReport) -> String {
    report.ended.as_ref().map_or_else(|| "not carried out".to_owned(), Ended::words)
}

/// How the run ended, with the exit code: `complete; exit 5, partly applied`. A preview did not.
pub(super) fn ended(report: &RunReport) -> Option<String> {
    let (ended, exit) = (report.ended.as_ref()?, report.exit?);
    let words = ended.words() + &details(ended);
    Some(format!("{words}; exit {}, {}", exit.code(), exit.words()))
}

/// How many of the problems that ended a run are named.
const NAMED: usize = 5;

/// What stood in the way of a plan, one by one.
fn details(ended: &Ended) -> String {
    let Ended::Unplanned { details, .. } = ended else { return String::new() };
    if details.is_empty() {
        return String::new();
    }
    let named: Vec<&str> = details.iter().take(NAMED).map(String::as_str).collect();
    let more = details.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; … and {more} more") } else { String::new() };
    format!(": {}{more}", named.join("; "))
}

/// The mark that carries an entry's meaning where colour does not.
pub(super) fn mark(entry: &ReportEntry) -> &'static str {
    entry.change.as_ref().map_or("?", Change::mark)
}

/// The word for an entry's class; empty where the plan could not say.
pub(super) fn action(entry: &ReportEntry) -> &'static str {
    entry.change.as_ref().map_or("", Change::word)
}

/// What became of an entry; `planned` where nothing has yet.
pub(super) fn outcome(entry: &ReportEntry) -> &'static str {
    entry.fate.as_ref().map_or("planned", |fate| fate.outcome.words())
}

/// What an action does, without its class: values, or every before → after.
pub(super) fn change(entry: &ReportEntry) -> String {
    let lead = |demote_first: bool| if demote_first { ", lead, demoted first" } else { "" };
    match &entry.change {
        None => String::new(),
        Some(Change::Create { spec }) => values(spec),
        Some(Change::Update { target, drift, takes_lead_from }) => {
            let after = if *target == Target::Created { " (after the create)" } else { "" };
            format!("{}{after}", drifts(drift, *takes_lead_from))
        }
        Some(Change::Delete { live, demote_first }) => {
            format!("{}{}", role(live), lead(*demote_first))
        }
        Some(Change::Replace { live, demote_first, spec, later, takes_lead_from }) => {
            let later = match later.as_slice() {
                [] => String::new(),
                later => format!(", {}", drifts(later, *takes_lead_from)),
            };
            format!("{}{} → {}{later}", role(live), lead(*demote_first), values(spec))
        }
    }
}

/// The side that a live record is on.
pub(super) fn role(live: &Participation) -> &'static str {
    match live.role {
        Seen::Visible(role) => role.word(),
        Seen::Hidden => "hidden",
    }
}

fn values(spec: &MembershipSpec) -> String {
    let mut words = spec.role.to_string();
    for (field, value) in spec.fields.managed() {
        match field {
            Field::AccessLevel => words.push_str(&format!(", access {value}")),
            other => words.push_str(&format!(", {other} {value}")),
        }
    }
    words
}

fn drifts(drift: &[Drift], takes_lead_from: Option<UserId>) -> String {
    let words = |drift: &Drift| match (drift.field, takes_lead_from) {
        (Field::TeamLead, Some(lead)) => format!("{drift} (user {lead} leads now)"),
        _ => drift.to_string(),
    };
    drift.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// The entries with this outcome, by (project, person); of one person in the plan's order.
pub(super) fn with_outcome(report: &RunReport, outcome: Option<Outcome>) -> Vec<&ReportEntry> {
    let of = |entry: &&ReportEntry| entry.fate.as_ref().map(|fate| fate.outcome) == outcome;
    let mut entries: Vec<&ReportEntry> = report.entries.iter().filter(of).collect();
    entries.sort_by_key(|entry| entry.key);
    entries
}

/// Protected people who are wanted away: they have a heading of their own.
pub(super) const PROTECTED: &str = "Protected (kept)";

/// Whether an entry stands under [`PROTECTED`]: a delete or replacement of somebody untouchable.
pub(super) fn is_protected(entry: &ReportEntry) -> bool {
    let untouchable =
        matches!(entry.hold(), Some(HoldReason::Protected { .. } | HoldReason::TokenUser));
    untouchable && entry.change.as_ref().is_some_and(Change::destroys)
}

/// The protected people who are wanted away, by (project, person).
pub(super) fn protected(report: &RunReport) -> Vec<&ReportEntry> {
    let held = with_outcome(report, Some(Outcome::Held)).into_iter();
    held.filter(|entry| is_protected(entry)).collect()
}

/// `3 to create, 1 to update; 40 in sync, 2 held`; classes that are empty are left out.
pub(super) fn counts(report: &RunReport) -> String {
    let Counts { creates, updates, deletes, replacements, in_sync, held, frozen } = report.counts;
    let withheld = report.outcomes().get(&Outcome::Withheld).copied().unwrap_or(0);
    let changes = listed(&[
        (creates, "to create"),
        (updates, "to update"),
        (deletes, "to delete"),
        (replacements, "to replace"),
    ]);
    let rest =
        listed(&[(in_sync, "in sync"), (held, "held"), (frozen, "frozen"), (withheld, "withheld")]);
    match (changes.is_empty(), rest.is_empty()) {
        (true, true) => "nothing to do".to_owned(),
        (true, false) => format!("nothing to do; {rest}"),
        (false, true) => changes,
        (false, false) => format!("{changes}; {rest}"),
    }
}

/// `1 lost, 40 applied`, the worst first; none when nothing was carried out.
pub(super) fn outcomes(report: &RunReport) -> Option<String> {
    let outcomes = report.outcomes();
    if outcomes.keys().all(|outcome| outcome.is_left_alone()) {
        return None;
    }
    let counted: Vec<_> =
        outcomes.into_iter().rev().map(|(outcome, count)| (count, outcome.words())).collect();
    Some(listed(&counted))
}

fn listed(counts: &[(usize, &str)]) -> String {
    let present = counts.iter().filter(|(count, _)| *count > 0);
    present.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// `6 requests, about 2 min at 4 a second`; none where nothing is to be sent any more.
pub(super) fn forecast(report: &RunReport) -> Option<String> {
    let Forecast { requests, requests_per_second } = report.forecast?;
    if requests == 0 || outcomes(report).is_some() {
        return None;
    }
    let time = duration(report.forecast?.duration());
    let rate = rate(requests_per_second);
    Some(format!("{}, about {time} at {rate} a second", plural(requests, "request")))
}

/// How the API's limit was met; none when nothing was asked.
pub(super) fn pace(pace: &PaceReport) -> Option<String> {
    let PaceReport { configured, last, throttled, held_seconds, requests, writes } = *pace;
    if requests == 0 {
        return None;
    }
    let mut words = format!("{requests} requests sent, {writes} of them writes");
    if throttled > 0 {
        let held = duration(Duration::try_from_secs_f64(held_seconds).unwrap_or_default());
        let (last, configured) = (rate(last), rate(configured));
        words.push_str(&format!(
            "; {throttled} answered 429, held {held}, {last} of {configured} a second at the end"
        ));
    }
    Some(words)
}

fn rate(per_second: f64) -> String {
    format!("{}", (per_second * 10.0).round() / 10.0)
}

/// `1 request`, `2 requests`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `12 s`, `42 min`, `2 h 5 min`; never less than `1 s` for something.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1000);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long the run took.
pub(super) fn took(report: &RunReport) -> String {
    let span = report.finished_at.duration_since(report.started_at);
    duration(Duration::try_from(span).unwrap_or_default())
}

/// What the run was about: the roster, `members.csv (120 rows, 3 invalid)`, or the run that is
/// undone, each under its name.
pub(super) fn subject(report: &RunReport) -> (&'static str, String) {
    if let Some(UndoneRun { run, memberships }) = &report.undoes {
        return ("Undoes", format!("run {run} ({})", plural(*memberships, "membership")));
    }
    let rows = plural(report.rows, "row");
    let words = match report.problems.len() {
        0 => format!("{} ({rows})", report.roster),
        invalid => format!("{} ({rows}, {invalid} invalid)", report.roster),
    };
    ("Roster", words)
}

/// What to think of before many people are added; none for a run that is over.
pub(super) fn create_note(report: &RunReport) -> Option<String> {
    let planned = |entry: &&ReportEntry| {
        entry.fate.is_none() && matches!(entry.change, Some(Change::Create { .. }))
    };
    let creates = report.entries.iter().filter(planned).count();
    (creates >= MANY_CREATES).then(|| {
        format!(
            "{creates} people are added; it is not documented whether Kantata mails people who are added"
        )
    })
}

/// The projects that could not be read, with the reason.
pub(super) fn unreadable(report: &RunReport) -> Vec<(WorkspaceId, String)> {
    let reasons = report.projects.iter().filter_map(|(id, project)| match &project.state {
        WorkspaceState::Unreadable { reason } => Some((*id, reason::unreadable(reason))),
        _ => None,
    });
    reasons.collect()
}

/// The archived projects in scope.
pub(super) fn archived(report: &RunReport) -> Vec<WorkspaceId> {
    let archived = report.projects.iter().filter(|(_, p)| p.state == WorkspaceState::Archived);
    archived.map(|(id, _)| *id).collect()
}

/// The project's title; empty where it is not known.
pub(super) fn title(report: &RunReport, id: WorkspaceId) -> &str {
    match report.projects.get(&id) {
        Some(project) if project.title != id.to_string() => &project.title,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_up() {
        for (millis, text) in [
            (0, "0 s"),
            (1, "1 s"),
            (119_000, "119 s"),
            (120_000, "2 min"),
            (120_001, "3 min"),
            (7_200_000, "2 h 0 min"),
            (9_000_000, "2 h 30 min"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text, "{millis} ms");
        }
    }
}
