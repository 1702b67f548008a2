//! `--approve-deletes FILE`: a reviewed list, held against what the run withheld.

use std::io;

use jiff::Timestamp;

use crate::{
    guard::{Approval, ApprovalProblem},
    model::Outcome,
    report::{ReportEntry, csv, json, visible},
    run::RunId,
    store::{Medium, RunFile, Shared},
};

/// Why a list approves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalRefusal {
    /// It is for another API, or too old.
    #[error("is not good: {why}")]
    NotGood {
        /// Why, in words.
        why: String,
    },
    /// What the run withheld cannot be read.
    #[error("cannot read `{place}`")]
    Unreadable {
        /// The report.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The run is not kept here.
    #[error("the list that run {run} withheld is not kept here")]
    NotKept {
        /// The run.
        run: RunId,
    },
    /// Its last line is none of the list's, and has no end.
    #[error("cannot be read as an approval")]
    Cut {
        /// What is wrong with it.
        problem: ApprovalProblem,
    },
    /// It has what was not withheld.
    #[error("has more than was withheld")]
    Beyond {
        /// Line by line.
        problems: Vec<ApprovalProblem>,
    },
}

/// Whether a list, which was parsed of this text, is good for this API now, and has nothing but what
/// its run withheld.
///
/// # Errors
/// See [`ApprovalRefusal`].
pub fn check_approval<M: Medium>(
    (approval, text): (&Approval, &str),
    store: &Shared<M>,
    base_url: &str,
    now: Timestamp,
) -> Result<(), ApprovalRefusal> {
    approval
        .is_for(base_url, now)
        .map_err(|why| ApprovalRefusal::NotGood { why: why.to_string() })?;
    let run = &approval.run;
    let Some((written, list)) = withheld(run, store)? else {
        return Err(ApprovalRefusal::NotKept { run: run.clone() });
    };
    // An editor may leave out the end of the last line; one that is cut is none of the list's.
    let last = text.lines().next_back();
    if !text.ends_with('\n') && !list.lines().any(|line| Some(line) == last) {
        let what = "the last line has no end: is the file cut off?".to_owned();
        return Err(ApprovalRefusal::Cut { problem: ApprovalProblem { line: 0, what } });
    }
    let problems = approval.beyond(&written);
    if problems.is_empty() { Ok(()) } else { Err(ApprovalRefusal::Beyond { problems }) }
}

/// What the run withheld, as its report says: its list may be the very file that was edited.
fn withheld<M: Medium>(
    run: &RunId,
    store: &Shared<M>,
) -> Result<Option<(Approval, String)>, ApprovalRefusal> {
    let kept = store.run(run);
    let bytes = kept.read(RunFile::Report).map_err(|source| ApprovalRefusal::Unreadable {
        place: kept.place_of(RunFile::Report),
        source,
    })?;
    // A damaged one says as little as none.
    let report = bytes.and_then(|bytes: Vec<u8>| json::read(&bytes).ok());
    Ok(report.filter(|report| report.run == *run).map(|report| {
        let was_withheld = |entry: &&ReportEntry| {
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
