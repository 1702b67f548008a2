//! What is told of a run whose report is gone: plan and journal together say, entry by entry and
//! with the same exit code, what the run itself said.

use jiff::Timestamp;

use super::{
    episode::{BASE_URL, RunRecord},
    invariant::{Check, check},
    trace::journal_text,
};
use crate::{
    journal::{Entry, parse_journal},
    plan::Mode,
    report::{PaceReport, ReportedCommand},
    roster::Roster,
    run::{Ended, RunId},
    session::{RunFacts, assemble, killed},
};

/// The facts of a simulated run that ended so.
pub(super) fn facts(now: Timestamp, ended: Option<Ended>) -> RunFacts {
    RunFacts {
        run: RunId::new(now, 0),
        command: ReportedCommand::Apply,
        base_url: BASE_URL.to_owned(),
        roster: String::new(),
        mode: Mode::Mirror,
        times: (now, now),
        ended,
        check: false,
        warnings: Vec::new(),
        left_in_doubt: Vec::new(),
        pace: PaceReport::default(),
        undoes: None,
    }
}

/// Holds what plan and journal tell of a run against what the run itself told.
pub(super) fn is_told_again_as_it_was(record: &RunRecord, roster: &Roster) -> Check {
    let (Some(preview), Some(applied)) = (&record.preview, &record.applied) else { return Ok(()) };
    let now = Timestamp::UNIX_EPOCH;
    let report = |ended, applied| assemble(facts(now, ended), Some(roster), Some(preview), applied);
    let own = report(Some(applied.ended.clone()), Some(applied));
    let mut entries = record.watch.journal.entries();
    entries.push(Entry::End { result: applied.ended.clone() });
    let journal = parse_journal(&journal_text(&entries)?).map_err(|error| error.to_string())?;
    let again = killed(report(None, None), &journal, now);
    for (own, again) in own.entries.iter().zip(&again.entries) {
        check(own == again, || format!("told {:?}, and again {:?}", own.fate, again.fate))?;
    }
    check(own.exit == again.exit, || format!("exit {:?}, and again {:?}", own.exit, again.exit))
}
