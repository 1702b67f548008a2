//! `--plan DIGEST|FILE`: only the plan that was looked at is applied, and a plan file only once.

use jiff::civil::Date;

use crate::{
    memory::{Memory, PlanUse},
    plan::{Digest, Narrowing},
    report::{Difference, RunReport, differences, json, part_words, visible},
    run::Ended,
    store::MEMORY,
};

/// How many differences are listed that destroy nothing.
const LISTED: usize = 20;

/// What was approved, read before anything is asked of the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Approved {
    /// A digest, or its first digits.
    Digest(Digest),
    /// A plan as it was kept.
    Plan(Box<RunReport>),
}

/// What is no plan that can be held against another.
#[derive(Debug, thiserror::Error)]
pub enum UnusablePlan {
    /// No report.
    #[error(transparent)]
    Unreadable(#[from] json::ReadReportError),
    /// A report of something else.
    #[error("the run that wrote it made no plan")]
    NoPlan,
}

impl Approved {
    /// Reads a plan as it was kept.
    ///
    /// # Errors
    /// See [`UnusablePlan`].
    pub fn parse(text: &[u8]) -> Result<Self, UnusablePlan> {
        let report = json::read(text)?;
        if report.digest.is_none() {
            return Err(UnusablePlan::NoPlan);
        }
        Ok(Self::Plan(Box::new(report)))
    }

    /// Why the plan computed now is not the approved one, and in what; none when it is.
    pub(super) fn refusal(&self, now: &RunReport, memory: &Memory) -> Option<(Ended, Vec<String>)> {
        let digest = now.digest.as_ref()?;
        let mut details = Vec::new();
        let message = match self {
            Self::Digest(wanted) if digest.starts_with(wanted) => return None,
            Self::Digest(wanted) => {
                format!("the plan computed now is `{}`, not `{wanted}`", digest.short())
            }
            Self::Plan(plan) if memory.use_of(&plan.run) == PlanUse::Used => {
                format!(
                    "the plan of run {} was applied already; each plan file works once",
                    plan.run
                )
            }
            Self::Plan(plan) if memory.use_of(&plan.run) == PlanUse::Unknown => format!(
                "it is not known whether the plan of run {} was applied already: {MEMORY} could not be read since",
                plan.run
            ),
            Self::Plan(plan) if plan.base_url != now.base_url => {
                format!("the plan is for `{}`, not for `{}`", plan.base_url, now.base_url)
            }
            Self::Plan(plan) if plan.digest.as_ref() == Some(digest) => return None,
            Self::Plan(plan) => other_kind(plan, now).unwrap_or_else(|| {
                let found = differences(plan, now);
                details = lines_of(&found);
                match found.len() {
                    0 => "the plan computed now is another one".to_owned(),
                    1 => "the plan computed now is another one (1 difference)".to_owned(),
                    count => format!("the plan computed now is another one ({count} differences)"),
                }
            }),
        };
        let message = format!("{message}; nothing was sent: look at it and approve it again");
        Some((Ended::OtherPlan { message }, details))
    }
}

/// How something else was asked for than now, so that single differences say nothing.
fn other_kind(plan: &RunReport, now: &RunReport) -> Option<String> {
    if previewed(plan) != previewed(now) {
        return Some("the plan was made for another day (--as-of)".to_owned());
    }
    let (before, after) = (part_words(plan), part_words(now));
    (part(plan) != part(now))
        .then(|| format!("the plan is of {before}, and the one computed now of {after}"))
}

/// The day that somebody asked for.
fn previewed(report: &RunReport) -> Option<Date> {
    report.dates.as_ref().filter(|dates| dates.previewed).map(|dates| dates.day)
}

/// What of a plan was asked for.
fn part(report: &RunReport) -> Option<&Narrowing> {
    report.narrowed.as_ref().map(|narrowed| &narrowed.by)
}

/// The differences as lines: those that destroy a record whole and last, as in a plan.
fn lines_of(found: &[Difference]) -> Vec<String> {
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
