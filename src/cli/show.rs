//! `show`: the report of a run that is kept, in any form.

use super::{
    Common, Failure,
    arguments::ShowArgs,
    output::{self, Outputs},
    runs, setup,
};
use crate::{
    journal::{Entry, Journal},
    report,
    run::{ExitStatus, RunId},
    session::{Past, named, past},
};

pub(super) fn show(common: &Common, args: &ShowArgs) -> Result<ExitStatus, Failure> {
    let configuration = setup::configuration(common)?;
    let outputs = Outputs::open(common)?;
    let kept = runs::kept(&configuration.settings)?;
    let (state, run) = match kept {
        None => return Ok(named(&[], &args.run).map(|_| ExitStatus::Done)?),
        Some((state, runs)) => (state, named(&runs, &args.run)?),
    };
    let report = match past(&state.run(&run)) {
        Past::Reported(report) => report,
        Past::Killed { report, in_doubt, ended } => {
            if !ended {
                tell_doubts(&run, &in_doubt, runs::is_under_way(&state));
            }
            report
        }
        Past::Journal(journal) => {
            output::print(journal_words(&journal).as_bytes())?;
            return Ok(ExitStatus::Done);
        }
        Past::Nothing => return Err(nothing(&run)),
        Past::Unreadable(error) => {
            let error = anyhow::Error::new(error).context(format!("cannot show run {run}"));
            return Err(Failure::new(ExitStatus::BadInput, error));
        }
    };
    outputs.write_each(|(format, style), out| report::render(&report, format, style, out))?;
    Ok(ExitStatus::Done)
}

fn tell_doubts(run: &RunId, in_doubt: &[String], under_way: bool) {
    let state = if under_way { "is under way, or was killed" } else { "was killed" };
    output::say(&format!("run {run} {state}; requests in doubt: {}\n", in_doubt.len()));
    for request in in_doubt {
        output::say(&format!("  {request}\n"));
    }
    output::say("the next plan starts from what is live: nothing has to be repaired\n");
}

/// What is left of a run whose plan cannot be read either.
fn journal_words(journal: &Journal) -> String {
    let sent = journal.entries.iter().filter(|entry| matches!(entry, Entry::Intent { .. }));
    let (sent, in_doubt) = (sent.count(), journal.in_doubt());
    let Journal { run, base_url, digest, .. } = journal;
    let mut text = format!(
        "run {run}, killed: no report, only a journal\n  api       {base_url}\n  digest    {}\n  sent      {sent} write requests\n  in doubt  {}\n",
        digest.short(),
        in_doubt.len(),
    );
    for request in in_doubt {
        text.push_str(&format!("    {}\n", request.words()));
    }
    text
}

fn nothing(run: &RunId) -> Failure {
    let message = format!("run {run} left neither a report nor a journal");
    Failure::new(ExitStatus::BadInput, anyhow::anyhow!(message))
        .hint("it ended before it wrote anything, or it is still under way")
}
