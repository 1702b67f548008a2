//! `runs`: the runs of this profile and API that are kept, the newest first.

use super::{
    Common, Failure,
    output::{self, Outputs},
    setup,
};
use crate::{
    chain::chain,
    config::Settings,
    report::runs::{self, RunLine},
    run::{ExitStatus, RunId},
    session::{Past, past},
    store::{Folder, Shared},
};

pub(super) fn runs(common: &Common) -> Result<ExitStatus, Failure> {
    let configuration = setup::configuration(common)?;
    let outputs = Outputs::open(common)?.only(&runs::FORMS)?;
    let mut lines = match kept(&configuration.settings)? {
        None => Vec::new(),
        Some((state, runs)) => lines(&state, runs),
    };
    lines.reverse();
    if lines.is_empty() && !common.quiet {
        let folder = configuration.settings.state_folder();
        output::say(&format!("no runs are kept in {}\n", folder.display()));
    }
    outputs.write_each(|(format, _), out| runs::render(&lines, format, out))?;
    Ok(ExitStatus::Done)
}

/// What is kept, and the runs in it.
type KeptRuns = (Shared<Folder>, Vec<RunId>);

/// The runs of this profile and API, the oldest first; none where there is no state folder yet.
pub(super) fn kept(settings: &Settings) -> Result<Option<KeptRuns>, Failure> {
    let folder = Folder::at(settings.state_folder());
    let Some(store) = Shared::existing(folder) else { return Ok(None) };
    let runs = store.runs()?;
    Ok(Some((store, runs)))
}

/// Whether an apply may be under way; a lock that cannot be looked at is taken for free.
pub(super) fn is_under_way(store: &Shared<Folder>) -> bool {
    store.is_locked().unwrap_or(false)
}

/// One line a run, the oldest first.
fn lines(state: &Shared<Folder>, runs: Vec<RunId>) -> Vec<RunLine> {
    // What has no report yet may be under way.
    let unended = if is_under_way(state) { "under way, or killed" } else { "killed" };
    let line = |run: RunId| match past(&state.run(&run)) {
        Past::Reported(report) => RunLine::of(&report),
        Past::Killed { report, ended: true, .. } => RunLine {
            ended: format!("{}; its report could not be kept", RunLine::of(&report).ended),
            ..RunLine::of(&report)
        },
        Past::Killed { report, in_doubt, .. } => RunLine {
            exit: None,
            ended: format!("{unended}; requests in doubt: {}", in_doubt.len()),
            ..RunLine::of(&report)
        },
        Past::Journal(journal) => {
            let in_doubt = journal.in_doubt().len();
            let ended = format!("{unended}; requests in doubt: {in_doubt}");
            RunLine { in_doubt, ..RunLine::bare(run, ended) }
        }
        Past::Nothing => {
            RunLine::bare(run, "ended before it wrote anything, or under way".to_owned())
        }
        Past::Unreadable(error) => RunLine::bare(run, format!("unreadable: {}", chain(&error))),
    };
    runs.into_iter().map(line).collect()
}
