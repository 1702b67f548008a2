//! `--plan DIGEST|FILE`: only the plan that was looked at is applied, and a plan file only once.

use std::{collections::BTreeSet, fs, path::PathBuf, str::FromStr};

use super::Failure;
use crate::{
    memory::Memory,
    plan::{Change, Digest},
    report::{Entry, RunReport, json},
    run::{Ended, ExitStatus},
};

/// How many differences are listed.
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
            .hint("`kantata-sync plan ROSTER --output plan.json` writes one; a digest has at least 12 hex digits")
    };
    let text = fs::read(path).map_err(|error| unusable(error.into()))?;
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
        Approved::Plan(plan) if memory.has_used(&plan.run) => {
            format!("the plan of run {} was applied already; each plan file works once", plan.run)
        }
        Approved::Plan(plan) if plan.base_url != now.base_url => {
            format!("the plan is for `{}`, not for `{}`", plan.base_url, now.base_url)
        }
        Approved::Plan(plan) if plan.digest.as_ref() == Some(digest) => return None,
        Approved::Plan(plan) => {
            details = differences(plan, now);
            let count = details.len();
            if count > LISTED {
                details.truncate(LISTED);
                details.push(format!("… and {} more", count - LISTED));
            }
            format!("the plan computed now is another one ({count} differences)")
        }
    };
    let message = format!("{message}; nothing was sent: look at it and approve it anew");
    Some((Ended::OtherPlan { message }, details))
}

/// What only one of the two plans has.
fn differences(approved: &RunReport, now: &RunReport) -> Vec<String> {
    let (before, after) = (lines(approved), lines(now));
    let gone = before.difference(&after).map(|line| format!("no longer: {line}"));
    let new = after.difference(&before).map(|line| format!("now: {line}"));
    let mut found: Vec<String> = gone.chain(new).collect();
    if found.is_empty() {
        found.push("the records that it would delete were changed since".to_owned());
    }
    found
}

fn lines(report: &RunReport) -> BTreeSet<String> {
    let line = |entry: &Entry| {
        let what = match &entry.change {
            None => "left alone".to_owned(),
            Some(Change::Update { drift, .. }) => {
                let drift: Vec<String> = drift.iter().map(ToString::to_string).collect();
                format!("update ({})", drift.join(", "))
            }
            Some(change) => change.word().to_owned(),
        };
        let fate = entry.fate.as_ref().map(|fate| format!(" [{}]", fate.outcome));
        let (project, person) =
            (report.project(entry.key.workspace), report.person(entry.key.user));
        let fate = fate.unwrap_or_default();
        format!("{what} of {person} on {project}{fate}").escape_debug().to_string()
    };
    report.entries.iter().map(line).collect()
}
