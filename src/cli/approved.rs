//! `--plan DIGEST|FILE` and `--approve-deletes FILE`: what was looked at and approved, as files.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{Failure, terminal::FolderSession};
use crate::{
    config::Settings,
    guard::{Approval, ApprovalProblem},
    plan::Digest,
    roster::{ReaderSettings, own_text},
    run::ExitStatus,
    session::{ApprovalRefusal, Approved, check_approval},
    store::{RunFile, WITHHELD},
    trust::open_file,
};

/// What `--plan` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovedPlanChoice {
    /// A digest, or its first digits.
    Digest(Digest),
    /// A plan written with `plan --output FILE.json`.
    File(PathBuf),
}

impl FromStr for ApprovedPlanChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::File(text.into()), Self::Digest))
    }
}

/// Reads what `--plan` names.
pub(super) fn read(choice: &ApprovedPlanChoice) -> Result<Approved, Failure> {
    let path = match choice {
        ApprovedPlanChoice::Digest(digest) => return Ok(Approved::Digest(digest.clone())),
        ApprovedPlanChoice::File(path) => path,
    };
    let unusable = |error: anyhow::Error| {
        let context = format!("cannot use the plan `{}`", path.display());
        Failure::new(ExitStatus::BadInput, error.context(context))
            .hint(format!("`kantata-sync plan ROSTER --output {}` writes one; a digest has at least 12 hex digits", RunFile::Plan))
    };
    let mut text = Vec::new();
    let read = open_file(path).and_then(|mut file| file.read_to_end(&mut text));
    read.map_err(|error| unusable(error.into()))?;
    Approved::parse(&text).map_err(|error| unusable(error.into()))
}

/// A reviewed list of deletes, and where it is.
pub(super) struct ApprovedList {
    path: PathBuf,
    text: String,
    pub approval: Approval,
}

impl ApprovedList {
    pub(super) fn read(path: &Path, settings: &ReaderSettings) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        let read = open_file(path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|error| {
            let context = format!("cannot read the approval `{}`", path.display());
            Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(context))
        })?;
        // Spreadsheets save it in their own way.
        let text = own_text(bytes, path, settings)?;
        let approval = Approval::parse(&text).map_err(|problems| unreadable(path, &problems))?;
        Ok(Self { path: path.to_owned(), text, approval })
    }

    /// Holds it against what its run withheld.
    pub(super) fn check(
        &self,
        session: &FolderSession<'_>,
        settings: &Settings,
    ) -> Result<(), Failure> {
        let Self { path, text, approval } = self;
        let (base_url, now) = (settings.base_url.to_string(), session.clock.now());
        let Err(refusal) = check_approval((approval, text), session.store(), &base_url, now) else {
            return Ok(());
        };
        let list = path.display();
        let (message, problems) = match refusal {
            ApprovalRefusal::Unreadable { place, source } => {
                let context = format!("cannot read `{place}`; nothing was sent");
                let error = anyhow::Error::new(source).context(context);
                return Err(Failure::new(ExitStatus::BadInput, error));
            }
            ApprovalRefusal::Cut { problem } => return Err(unreadable(path, &[problem])),
            ApprovalRefusal::NotKept { .. } => {
                (format!("{refusal}, so `{list}` cannot be checked against it"), Vec::new())
            }
            ApprovalRefusal::NotGood { .. } => {
                (format!("the approval `{list}` {refusal}"), Vec::new())
            }
            ApprovalRefusal::Beyond { ref problems } => {
                (format!("`{list}` {refusal}"), problems.clone())
            }
        };
        let message = format!("{message}; nothing was sent");
        Err(refused(ExitStatus::GuardWithheld, &message, path, &problems))
    }
}

fn unreadable(path: &Path, problems: &[ApprovalProblem]) -> Failure {
    let message = format!("`{}` cannot be read as an approval; nothing was sent", path.display());
    refused(ExitStatus::BadInput, &message, path, problems)
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
