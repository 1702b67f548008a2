//! `--approve-deletes FILE`: a reviewed list, held against the list that the run wrote.

use std::{fs, path::Path};

use jiff::Timestamp;

use super::Failure;
use crate::{
    config::Settings,
    folder::StateFolder,
    guard::{Approval, ApprovalProblem},
    run::ExitStatus,
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
    let original = StateFolder::open(settings.state_folder())?.run(&approval.run);
    let original = original.path().join("withheld-deletes.csv");
    let written = fs::read_to_string(&original).ok().and_then(|text| Approval::parse(&text).ok());
    let Some(written) = written else {
        let message = format!(
            "the list that run {} withheld is not kept here, so `{}` cannot be held against it; nothing was sent",
            approval.run,
            path.display()
        );
        return Err(refused(ExitStatus::GuardWithheld, &message, path, &[]));
    };
    let mut problems = approval.beyond(&written);
    if approval.expires > written.expires {
        let what = format!("it says `expires: {}`; it was {}", approval.expires, written.expires);
        problems.push(ApprovalProblem { line: 0, what });
    }
    if problems.is_empty() {
        return Ok(approval);
    }
    let message = format!("`{}` has more than was withheld; nothing was sent", path.display());
    Err(refused(ExitStatus::GuardWithheld, &message, path, &problems))
}

fn refused(
    status: ExitStatus,
    message: &str,
    path: &Path,
    problems: &[ApprovalProblem],
) -> Failure {
    let details = problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect();
    let failure = Failure::new(status, anyhow::anyhow!(message.to_owned()));
    Failure { details, ..failure }
        .hint("run `plan` or `apply` again for a fresh withheld-deletes.csv, and only remove lines from it")
}
