//! `--approve-deletes FILE`: a reviewed list, held against what the run withheld.

use std::{
    io::{self, Read as _},
    path::Path,
};

use jiff::Timestamp;

use super::Failure;
use crate::{
    config::Settings,
    guard::{Approval, ApprovalProblem},
    model::Outcome,
    report::{Entry, csv, json, visible},
    run::{ExitStatus, RunId},
    store::{Folder, RunFile, Shared, WITHHELD},
    trust::open_file,
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
    let text = read_text(path).map_err(|error| {
        let context = format!("cannot read the approval `{}`", path.display());
        Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(context))
    })?;
    let unusable = |problems: Vec<ApprovalProblem>| {
        let message =
            format!("`{}` cannot be read as an approval; nothing was sent", path.display());
        refused(ExitStatus::BadInput, &message, path, &problems)
    };
    let approval = Approval::parse(&text).map_err(unusable)?;
    approval.is_for(&settings.base_url.to_string(), Timestamp::now()).map_err(|why| {
        let message =
            format!("the approval `{}` is not good: {why}; nothing was sent", path.display());
        refused(ExitStatus::GuardWithheld, &message, path, &[])
    })?;
    let Some((written, list)) = withheld(&approval.run, settings)? else {
        let message = format!(
            "the list that run {} withheld is not kept here, so `{}` cannot be held against it; nothing was sent",
            approval.run,
            path.display()
        );
        return Err(refused(ExitStatus::GuardWithheld, &message, path, &[]));
    };
    // An editor may leave out the end of the last line; one that is cut is none of the list's.
    let last = text.lines().next_back();
    if !text.ends_with('\n') && !list.lines().any(|line| Some(line) == last) {
        let what = "the last line has no end: is the file cut?".to_owned();
        return Err(unusable(vec![ApprovalProblem { line: 0, what }]));
    }
    let problems = approval.beyond(&written);
    if problems.is_empty() {
        return Ok(approval);
    }
    let message = format!("`{}` has more than was withheld; nothing was sent", path.display());
    Err(refused(ExitStatus::GuardWithheld, &message, path, &problems))
}

/// What the run withheld, as its report says: its list may be the very file that was edited.
fn withheld(run: &RunId, settings: &Settings) -> Result<Option<(Approval, String)>, Failure> {
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
        let mut list = Vec::new();
        let _never_fails = csv::withheld(&report, report.finished_at, &mut list);
        let approval = Approval::of_run(base_url.into_owned(), run.clone(), expires, rows);
        (approval, String::from_utf8_lossy(&list).into_owned())
    }))
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open_file(path)?.read_to_string(&mut text)?;
    Ok(text)
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
