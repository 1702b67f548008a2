//! The question before anything is sent: put only where it can be read, taken for a no where nobody
//! answers, so that a forgotten terminal keeps no other run out.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Failure, arguments::WriteArgs};
use crate::{
    clock::in_words,
    roster::STDIN,
    run::{Ended, Stop},
    session::Decision,
    talk,
};

const QUESTION: &str = "Apply this plan? [y/N] ";

/// Fails where a question would come that nobody can read or answer: before anything is read.
pub(super) fn require_somebody_to_ask(
    args: &WriteArgs,
    rosters: &[PathBuf],
) -> Result<(), Failure> {
    let why = match (io::stdin().is_terminal(), io::stderr().is_terminal()) {
        _ if args.dry_run || args.yes => return Ok(()),
        _ if rosters.iter().any(|roster| roster == Path::new(STDIN)) => {
            "the roster comes from standard input, where the question would be answered"
        }
        (true, true) => return Ok(()),
        (false, _) => "there is no terminal to ask on",
        (true, false) => "stderr is no terminal, and the question would go there",
    };
    Err(Failure::usage(
        &format!("{why}, and `--yes` was not given; nothing was sent"),
        "look at it with `--dry-run` first, then give `--yes`, or `--yes --plan DIGEST` for exactly that plan",
    ))
}

/// Fails where a roster is to come from a terminal, when nobody would know what is waited for, and where
/// two are to come from one place.
pub(super) fn require_readable_input(rosters: &[PathBuf]) -> Result<(), Failure> {
    let times = rosters.iter().filter(|roster| *roster == Path::new(STDIN)).count();
    if times > 1 {
        return Err(Failure::usage("standard input is one roster", "give `-` once"));
    }
    if times == 0 || !io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage(
        "`-` reads the roster from standard input, which is a terminal",
        "send it there, as in `kantata-sync check - < roster.csv`, or name the file",
    ))
}

/// Shows the plan and asks; nothing but a yes that comes in time, to a plan that was shown whole, is a
/// yes.
pub(super) async fn ask(page: String, patience: Duration, stop: &Stop) -> Decision {
    // On a thread of its own, so that a signal is heard while a terminal stands still or nobody answers.
    let answer = tokio::task::spawn_blocking(move || {
        talk::say_surely(&format!("{page}{QUESTION}"), patience).then(answer)
    });
    let unanswered = |why: &str| Ended::Unanswered { message: format!("{why}; nothing was sent") };
    let ended = tokio::select! {
        answer = answer => match answer {
            Ok(Some(Ok(true))) => None,
            Ok(Some(Ok(false))) => Some(Ended::Declined),
            Ok(Some(Err(error))) => Some(unanswered(&format!("no answer could be read: {error}"))),
            Ok(None) => Some(unanswered("the terminal did not show the whole plan")),
            Err(error) => Some(unanswered(&format!("nobody could be asked: {error}"))),
        },
        () = tokio::time::sleep(patience) => {
            let patience = in_words(patience);
            Some(unanswered(&format!("nobody answered the question within {patience}")))
        }
        _ = stop.stopped() => None,
    };
    // Whatever was answered meanwhile, who asks the run to end is obeyed.
    let ended = stop.cause().map(Ended::from).or(ended);
    ended.map_or(Decision::Go, Decision::End)
}

/// Whether a person says yes.
fn answer() -> io::Result<bool> {
    let mut line = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
