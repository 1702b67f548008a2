//! `--approve-deletes FILE`: a reviewed list, held against what the run withheld.

use std::{fs, path::Path};

use jiff::Timestamp;

use super::Failure;
use crate::{
    config::Settings,
    guard::{Approval, ApprovalProblem},
    model::Outcome,
    report::{Entry, csv, json, visible},
    run::{ExitStatus, RunId},
    store::{Folder, RunFile, Shared, WITHHELD},
};

/// The approval that is named, if one is.
pub(super) fn approval(
    path: Option<&Path>,
    settings: &Settings,
) -> Result<Option<Approval>, Failure> {
    path.map(|path| read(path, settings)).transpose()
}

/// Reads an approval that is good for this API now, and has nothing but what its run withheld.
fn read(path: &Path, settings: &Settings) -> Result<Approval, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        let context = format!("cannot read the approval `{}`", path.display());
        Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(context))
    })?;
    let approval = Approval::parse(&text).map_err(|problems| {
        let message =
            format!("`{}` cannot be read as an approval; nothing was sent", path.display());
        refused(ExitStatus::BadInput, &message, path, &problems)
    })?;
    approval.is_for(&settings.base_url.to_string(), Timestamp::now()).map_err(|why| {
        let message =
            format!("the approval `{}` is not good: {why}; nothing was sent", path.display());
        refused(ExitStatus::GuardWithheld, &message, path, &[])
    })?;
    let Some(written) = withheld(&approval.run, settings)? else {
        let message = format!(
            "the list that run {} withheld is not kept here, so `{}` cannot be held against it; nothing was sent",
            approval.run,
            path.display()
        );
        return Err(refused(ExitStatus::GuardWithheld, &message, path, &[]));
    };
    let problems = approval.beyond(&written);
    if problems.is_empty() {
        return Ok(approval);
    }
    let message = format!("`{}` has more than was withheld; nothing was sent", path.display());
    Err(refused(ExitStatus::GuardWithheld, &message, path, &problems))
}

/// What the run withheld, as its report says: its list may be the very file that was edited.
fn withheld(run: &RunId, settings: &Settings) -> Result<Option<Approval>, Failure> {
    let kept = Shared::open(Folder::at(settings.state_folder()))?.run(run);
    let unreadable = |error: std::io::Error| {
        let context = format!("cannot read `{}`; nothing was sent", kept.place_of(RunFile::Report));
        Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(context))
    };
    let bytes = kept.read(RunFile::Report).map_err(unreadable)?;
    // A damaged one says as little as none.
    let report = bytes.and_then(|bytes: Vec<u8>| json::read(&bytes).ok());
    Ok(report.filter(|report| report.run == *run).map(|report| {
        let was_withheld = |entry: &&Entry| {
            entry.fate.as_ref().is_some_and(|fate| fate.outcome == Outcome::Withheld)
        };
        let entries = report.entries.iter().filter(was_withheld);
        let rows = entries.filter_map(|entry| Some((entry.key, entry.change.as_ref()?)));
        let (base_url, expires) = (visible(&report.base_url), csv::good_until(report.finished_at));
        Approval::of_run(base_url.into_owned(), run.clone(), expires, rows)
    }))
}

fn refused(
    status: ExitStatus,
    message: &str,
    path: &Path,
    problems: &[ApprovalProblem],
) -> Failure {
    let details = problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect();
    let failure = Failure::new(status, anyhow::anyhow!(message.to_owned()));
    Failure { details, ..failure }.hint(format!(
        "run `plan` or `apply` again for a fresh {WITHHELD}, and only remove lines from it"
    ))
}
