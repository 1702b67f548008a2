//! `--plan DIGEST|FILE`: only the plan that was looked at is applied, and a plan file only once.

use std::{io::Read as _, path::PathBuf, str::FromStr};

use super::Failure;
use crate::{
    memory::{Memory, PlanUse},
    plan::Digest,
    report::{Difference, RunReport, differences, json, visible},
    run::{Ended, ExitStatus},
    store::{MEMORY, RunFile},
    trust::open_file,
};

/// How many differences are listed that destroy nothing.
const LISTED: usize = 20;

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

/// What was approved, read before anything is asked of the API.
pub(super) enum Approved {
    Digest(Digest),
    Plan(Box<RunReport>),
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
    let report = json::read(&text).map_err(|error| unusable(error.into()))?;
    if report.digest.is_none() {
        return Err(unusable(anyhow::anyhow!("the run that wrote it made no plan")));
    }
    Ok(Approved::Plan(Box::new(report)))
}

/// Why the plan computed now is not the approved one, and in what; none when it is.
pub(super) fn refusal(
    approved: &Approved,
    now: &RunReport,
    memory: &Memory,
) -> Option<(Ended, Vec<String>)> {
    let digest = now.digest.as_ref()?;
    let mut details = Vec::new();
    let message = match approved {
        Approved::Digest(wanted) if digest.starts_with(wanted) => return None,
        Approved::Digest(wanted) => {
            format!("the plan computed now is `{}`, not `{wanted}`", digest.short())
        }
        Approved::Plan(plan) if memory.use_of(&plan.run) == PlanUse::Used => {
            format!("the plan of run {} was applied already; each plan file works once", plan.run)
        }
        Approved::Plan(plan) if memory.use_of(&plan.run) == PlanUse::Unknown => format!(
            "nobody knows whether the plan of run {} was applied already: {MEMORY} could not be read since",
            plan.run
        ),
        Approved::Plan(plan) if plan.base_url != now.base_url => {
            format!("the plan is for `{}`, not for `{}`", plan.base_url, now.base_url)
        }
        Approved::Plan(plan) if plan.digest.as_ref() == Some(digest) => return None,
        Approved::Plan(plan) => {
            let found = differences(plan, now);
            details = told(&found);
            match found.len() {
                0 => "the plan computed now is another one".to_owned(),
                1 => "the plan computed now is another one (1 difference)".to_owned(),
                count => format!("the plan computed now is another one ({count} differences)"),
            }
        }
    };
    let message = format!("{message}; nothing was sent: look at it and approve it anew");
    Some((Ended::OtherPlan { message }, details))
}

/// The differences as lines: those that destroy a record whole and last, as in a plan.
fn told(found: &[Difference]) -> Vec<String> {
    let (destroying, others): (Vec<&Difference>, Vec<&Difference>) =
        found.iter().partition(|one| one.destroys);
    let line = |one: &&Difference| visible(&one.words).into_owned();
    let mut lines: Vec<String> = others.iter().take(LISTED).map(line).collect();
    let more = others.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(format!("… and {more} more creates and updates that differ"));
    }
    lines.extend(destroying.iter().map(line));
    if lines.is_empty() {
        lines.push("the two list the same, but the file has another digest: it was changed by hand, or made by another version of this tool".to_owned());
    }
    lines
}
