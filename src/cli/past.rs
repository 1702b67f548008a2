//! What earlier runs left: their reports, or what the journal of a killed one says.

use std::{fs, io, path::Path};

use jiff::Timestamp;

use super::Failure;
use crate::{
    config::Settings,
    folder::{RunFolder, StateFolder},
    journal::{Journal, read_journal},
    lock::Lock,
    reconcile::killed,
    report::{RunReport, json},
    run::{ExitStatus, RunId},
    trust::read_trusted,
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

/// The runs of this profile and API, the oldest first; none where there is no state folder yet.
pub(super) fn runs(settings: &Settings) -> Result<Option<(StateFolder, Vec<RunId>)>, Failure> {
    let Some(state) = StateFolder::existing(settings.state_folder()) else { return Ok(None) };
    let runs = state.runs()?;
    Ok(Some((state, runs)))
}

/// Reads what a run left; only what is not there was never kept.
pub(super) fn past(folder: &RunFolder) -> Past {
    match kept(&folder.report()) {
        Ok(Some(bytes)) => match json::read(&bytes) {
            Ok(report) => Past::Reported(Box::new(report)),
            Err(error) => Past::Unreadable(Failure::new(ExitStatus::BadInput, error)),
        },
        Ok(None) if !folder.journal().exists() => Past::Nothing,
        Ok(None) => match read_journal(&folder.journal()) {
            Ok(journal) => of_journal(folder, journal).unwrap_or_else(Past::Unreadable),
            Err(error) => Past::Unreadable(Failure::new(ExitStatus::BadInput, error)),
        },
        Err(failure) => Past::Unreadable(failure),
    }
}

fn kept(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match read_trusted(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let context = format!("cannot read `{}`", path.display());
            Err(Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(context)))
        }
    }
}

fn of_journal(folder: &RunFolder, journal: Journal) -> Result<Past, Failure> {
    let planned = kept(&folder.path().join("plan.json"))?;
    let Some(planned) = planned.and_then(|bytes| json::read(&bytes).ok()) else {
        return Ok(Past::Journal(Box::new(journal)));
    };
    let modified = fs::metadata(folder.journal()).and_then(|data| data.modified()).ok();
    let last_sign = modified.and_then(|time| Timestamp::try_from(time).ok());
    let last_sign = last_sign.unwrap_or(planned.finished_at);
    let in_doubt = journal.in_doubt().into_iter().map(|request| request.words()).collect();
    let report = Box::new(killed(planned, &journal, last_sign));
    Ok(Past::Killed { report, in_doubt, ended: journal.ended() })
}

/// Whether an apply may be under way; a lock that cannot be looked at is taken for free.
pub(super) fn is_under_way(state: &StateFolder) -> bool {
    !Lock::is_free(&state.lock()).unwrap_or(true)
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
