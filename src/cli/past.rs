//! What earlier runs left: their reports, or what the journal of a killed one says.

use super::Failure;
use crate::{
    config::Settings,
    journal::Journal,
    report::{RunReport, json},
    run::{ExitStatus, RunId},
    session::killed,
    store::{Folder, KeptRun, RunFile, Shared},
};

/// How many runs a message names.
const NAMED: usize = 5;
/// From this likeness on (Jaro-Winkler, 0 to 1) a name is worth hinting at.
const NEAR: f64 = 0.9;

/// What a run left.
pub(super) enum Past {
    /// Its report.
    Reported(Box<RunReport>),
    /// No report: one made of its plan and journal, what is in doubt in words, and whether the
    /// journal has an end.
    Killed { report: Box<RunReport>, in_doubt: Vec<String>, ended: bool },
    /// A journal alone: its plan cannot be read.
    Journal(Box<Journal>),
    /// Nothing: it ended before it had anything to keep.
    Nothing,
    /// Something that this version cannot read.
    Unreadable(Failure),
}

/// What is kept, and the runs in it.
type KeptRuns = (Shared<Folder>, Vec<RunId>);

/// The runs of this profile and API, the oldest first; none where there is no state folder yet.
pub(super) fn runs(settings: &Settings) -> Result<Option<KeptRuns>, Failure> {
    let folder = Folder::at(settings.state_folder());
    let Some(store) = Shared::existing(folder) else { return Ok(None) };
    let runs = store.runs()?;
    Ok(Some((store, runs)))
}

/// Reads what a run left; only what is not there was never kept.
pub(super) fn past(run: &KeptRun<Folder>) -> Past {
    match kept(run, RunFile::Report) {
        Ok(Some(bytes)) => match json::read(&bytes) {
            Ok(report) => Past::Reported(Box::new(report)),
            Err(error) => Past::Unreadable(Failure::new(ExitStatus::BadInput, error)),
        },
        Ok(None) if !run.has_journal() => Past::Nothing,
        Ok(None) => match run.journal() {
            Ok(journal) => of_journal(run, journal).unwrap_or_else(Past::Unreadable),
            Err(error) => Past::Unreadable(Failure::new(ExitStatus::BadInput, error)),
        },
        Err(failure) => Past::Unreadable(failure),
    }
}

fn kept(run: &KeptRun<Folder>, file: RunFile) -> Result<Option<Vec<u8>>, Failure> {
    run.read(file).map_err(|error| {
        let context = format!("cannot read `{}`", run.place_of(file));
        Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(context))
    })
}

fn of_journal(run: &KeptRun<Folder>, journal: Journal) -> Result<Past, Failure> {
    let planned = kept(run, RunFile::Plan)?;
    let Some(planned) = planned.and_then(|bytes| json::read(&bytes).ok()) else {
        return Ok(Past::Journal(Box::new(journal)));
    };
    let last_sign = run.last_sign().unwrap_or(planned.finished_at);
    let in_doubt = journal.in_doubt().into_iter().map(|request| request.words()).collect();
    let report = Box::new(killed(planned, &journal, last_sign));
    Ok(Past::Killed { report, in_doubt, ended: journal.ended() })
}

/// Whether an apply may be under way; a lock that cannot be looked at is taken for free.
pub(super) fn is_under_way(store: &Shared<Folder>) -> bool {
    store.is_locked().unwrap_or(false)
}

/// The run that this text names: `latest`, a full name, or the beginning of one run only.
pub(super) fn named(runs: &[RunId], text: &str) -> Result<RunId, Failure> {
    let begins = |run: &&RunId| {
        let name = run.to_string();
        name.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text))
    };
    let found: Vec<&RunId> = match text {
        "latest" => runs.last().into_iter().collect(),
        "" => Vec::new(),
        _ => runs.iter().filter(begins).collect(),
    };
    let (message, runs): (String, Vec<&RunId>) = match found.as_slice() {
        [run] => return Ok((*run).clone()),
        [] if runs.is_empty() => ("no runs are kept yet".to_owned(), Vec::new()),
        [] => (format!("no run that is kept begins with `{text}`"), near(runs, text)),
        several => (format!("{} runs begin with `{text}`", several.len()), several.to_vec()),
    };
    let mut failure = Failure::new(ExitStatus::BadInput, anyhow::anyhow!(message));
    let newest = runs.iter().rev().take(NAMED);
    failure.details = newest.map(|run| run.to_string()).collect();
    let more = runs.len().saturating_sub(NAMED);
    if more > 0 {
        failure.details.push(format!("… and {more} more"));
    }
    Err(failure.hint("`kantata-sync runs` lists the runs; `latest` is the newest"))
}

/// The runs whose names are like this one, else all.
fn near<'a>(runs: &'a [RunId], text: &str) -> Vec<&'a RunId> {
    let like = |run: &&RunId| strsim::jaro_winkler(&run.to_string(), text) >= NEAR;
    let near: Vec<&RunId> = runs.iter().filter(like).collect();
    if near.is_empty() { runs.iter().collect() } else { near }
}
