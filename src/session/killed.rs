//! The report of a run that left none: what its plan and its journal say together.
//!
//! Every action gets the fate that the last request about it had. What the journal has no answer to
//! is in doubt, never guessed.

use jiff::Timestamp;

use super::exit_status;
use crate::{
    journal::{self, Journal},
    model::Outcome,
    report::{ReportEntry, RunReport},
    run::Ended,
    verdict::{Fate, Fates, Ledger, Planned, Why, unreached},
};

/// Completes the report of a plan whose run was killed; `last_sign` is when the journal last grew.
#[must_use]
pub fn killed(planned: RunReport, journal: &Journal, last_sign: Timestamp) -> RunReport {
    let ledger = Ledger::of(&journal.entries);
    let mut report = planned;
    let planned = report.entries.iter().filter(|entry| entry.fate.is_none());
    let planned = planned.filter_map(|ReportEntry { key, change, .. }| {
        change.as_ref().map(|change| Planned { key: *key, change })
    });
    let fates = Fates::of(planned, &ledger, not_begun(&ledger, journal));
    for entry in report.entries.iter_mut().filter(|entry| entry.fate.is_none()) {
        let change = entry.change.as_ref();
        entry.fate = change.map(|change| fates.fate(Planned { key: entry.key, change }));
    }
    let is_intent = |entry: &&journal::Entry| matches!(entry, journal::Entry::Intent { .. });
    let sent = journal.entries.iter().filter(is_intent).count() as u64;
    report.pace.requests += sent;
    report.pace.writes = sent;
    report.finished_at = last_sign.max(report.started_at);
    report.ended = ledger.ended().cloned().or_else(|| {
        let message = "killed: it kept no report, this is what its plan and its journal say";
        Some(Ended::Fatal { message: message.to_owned() })
    });
    report.exit = Some(exit_status(&report, false));
    report
}

/// The fate of an action of which the journal says nothing. Where lines of it are lost, one of them
/// may have been about it.
fn not_begun(ledger: &Ledger, journal: &Journal) -> Fate {
    match (journal.damage_words(), ledger.ended()) {
        (Some(damage), _) => Fate::new(Outcome::InDoubt, Why::JournalDamaged { damage }),
        (None, Some(ended)) => unreached(ended),
        (None, None) => Fate::new(Outcome::NotReached, Why::RunKilled),
    }
}
