//! What earlier runs left: their reports, or what the journal of a killed one says.

use std::io;

use super::killed;
use crate::{
    journal::{Journal, JournalReadError},
    report::{RunReport, json},
    run::RunId,
    store::{KeptRun, Medium, RunFile},
};

/// How many runs a message names.
const NAMED: usize = 5;
/// From this likeness on (Jaro-Winkler, 0 to 1) a name is worth hinting at.
const NEAR: f64 = 0.9;

/// What a run left.
pub enum Past {
    /// Its report.
    Reported(Box<RunReport>),
    /// No report.
    Killed {
        /// One made of its plan and journal.
        report: Box<RunReport>,
        /// What is in doubt, in words.
        in_doubt: Vec<String>,
        /// Whether the journal has an end.
        ended: bool,
    },
    /// A journal alone: its plan cannot be read.
    Journal(Box<Journal>),
    /// Nothing: it ended before it had anything to keep.
    Nothing,
    /// Something that this version cannot read.
    Unreadable(PastError),
}

/// Something kept that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// A file.
    #[error("cannot read `{place}`")]
    File {
        /// Which.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A report.
    #[error(transparent)]
    Report(#[from] json::ReadReportError),
    /// A journal.
    #[error(transparent)]
    Journal(#[from] JournalReadError),
}

/// A text that names no run, or several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnknownRun {
    message: String,
    /// The runs that may be meant, the newest first.
    pub near: Vec<String>,
}

/// Reads what a run left; only what is not there was never kept.
#[must_use]
pub fn past<M: Medium>(run: &KeptRun<M>) -> Past {
    read(run).unwrap_or_else(Past::Unreadable)
}

fn read<M: Medium>(run: &KeptRun<M>) -> Result<Past, PastError> {
    match kept(run, RunFile::Report)? {
        Some(bytes) => Ok(Past::Reported(Box::new(json::read(&bytes)?))),
        None if !run.has_journal() => Ok(Past::Nothing),
        None => of_journal(run, run.journal()?),
    }
}

fn kept<M: Medium>(run: &KeptRun<M>, file: RunFile) -> Result<Option<Vec<u8>>, PastError> {
    let place = || run.place_of(file);
    run.read(file).map_err(|source| PastError::File { place: place(), source })
}

fn of_journal<M: Medium>(run: &KeptRun<M>, journal: Journal) -> Result<Past, PastError> {
    let planned = kept(run, RunFile::Plan)?;
    let Some(planned) = planned.and_then(|bytes| json::read(&bytes).ok()) else {
        return Ok(Past::Journal(Box::new(journal)));
    };
    let last_sign = run.last_sign().unwrap_or(planned.finished_at);
    let in_doubt = journal.in_doubt().into_iter().map(|request| request.words()).collect();
    let report = Box::new(killed(planned, &journal, last_sign));
    Ok(Past::Killed { report, in_doubt, ended: journal.ended() })
}

/// The run that this text names: `latest`, a full name, or the beginning of one run only.
///
/// # Errors
/// When it names none, or several.
pub fn named(runs: &[RunId], text: &str) -> Result<RunId, UnknownRun> {
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
    let newest = runs.iter().rev().take(NAMED);
    let mut near: Vec<String> = newest.map(|run| run.to_string()).collect();
    let more = runs.len().saturating_sub(NAMED);
    if more > 0 {
        near.push(format!("… and {more} more"));
    }
    Err(UnknownRun { message, near })
}

/// The runs whose names are like this one, else all.
fn near<'a>(runs: &'a [RunId], text: &str) -> Vec<&'a RunId> {
    let like = |run: &&RunId| strsim::jaro_winkler(&run.to_string(), text) >= NEAR;
    let near: Vec<&RunId> = runs.iter().filter(like).collect();
    if near.is_empty() { runs.iter().collect() } else { near }
}
