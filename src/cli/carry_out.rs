//! Carrying a plan out, whatever wishes it: under the lock, shown, asked for, applied. What `apply`,
//! `adopt` and `undo` share.

use std::{
    io::{self, IsTerminal as _},
    time::Instant,
};

use super::{
    Common, Failure,
    arguments::WriteArgs,
    export, material,
    output::{self, Outputs, WholeFile},
    plan_file::{self, Approved},
    run::{self, Decision, Order, Session, block_on},
    signal,
};
use crate::{
    config::Settings,
    folder::StateFolder,
    lock::{Lock, LockError},
    model::LiveSet,
    report::RunReport,
    run::{Ended, ExitStatus},
};

/// Fails where a question would come and nobody can be asked: before anything is read.
pub(super) fn require_somebody_to_ask(args: &WriteArgs) -> Result<(), Failure> {
    if args.dry_run || args.yes || io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage(
        "there is no terminal to ask on, and `--yes` was not given; nothing was sent",
        "look at it with `--dry-run` first, then give `--yes`, or `--yes --plan DIGEST` for exactly that plan",
    ))
}

/// Shows what would be done; there is no writer here, and no lock is taken.
pub(super) fn show(common: &Common, order: &Order<'_>, check: bool) -> Result<ExitStatus, Failure> {
    let settings = order.settings;
    let outputs = Outputs::open(common)?;
    let token = material::token(settings)?;
    block_on(false, async {
        let session = session(common, order)?;
        signal::watch(&session.stop, None);
        let client = material::client(settings, token, session.clock)?;
        let report = session.plan(&client, check).await;
        session.finish(&report, outputs, None)
    })?
}

fn session<'a>(common: &'a Common, order: &Order<'a>) -> Result<Session<'a>, Failure> {
    let settings = order.settings;
    Session::start(common, *order, settings.base_url.to_string(), settings.state_folder())
}

/// Plans, asks, and carries the plan out, under the lock.
pub(super) fn carry_out(
    common: &Common,
    order: &Order<'_>,
    args: &WriteArgs,
    lock: Lock,
) -> Result<ExitStatus, Failure> {
    let settings = order.settings;
    let outputs = Outputs::open(common)?;
    let approved = args.plan.as_ref().map(plan_file::read).transpose()?;
    let backup = args.backup.as_deref().map(WholeFile::open).transpose()?;
    let token =
        material::token(settings).inspect_err(|_| run::forget_mentioned_without_a_run(order))?;
    block_on(false, async {
        let session = session(common, order)?;
        signal::watch(&session.stop, args.deadline);
        let client = material::client(settings, token, session.clock)?;
        let approved = approved.as_ref();
        let decide = async |planned: &RunReport, live: &LiveSet| {
            let decision = decide(&session, args, approved, planned).await?;
            Ok(export::backed_up(decision, backup, live, settings))
        };
        let report = session.apply(&client, decide).await?;
        use_up(approved, &session, &report);
        session.finish(&report, outputs, Some(lock))
    })?
}

/// A plan file works once.
fn use_up(approved: Option<&Approved>, session: &Session<'_>, report: &RunReport) {
    if let Some(Approved::Plan(plan)) = approved
        && (report.ended.is_complete() || report.pace.writes > 0)
    {
        session.use_plan(&plan.run);
    }
}

/// Takes the lock of this profile and API, waiting for it as long as is wanted.
pub(super) fn acquire_lock(settings: &Settings, args: &WriteArgs) -> Result<Lock, Failure> {
    let path = StateFolder::open(settings.state_folder())?.lock();
    let started = Instant::now();
    let mut told = false;
    loop {
        match Lock::acquire(&path) {
            Err(LockError::Held { .. })
                if args.wait_lock.is_some_and(|wait| started.elapsed() < wait) =>
            {
                if !std::mem::replace(&mut told, true) {
                    tracing::info!("waiting for the lock of another run");
                }
                std::thread::sleep(material::LOCK_STEP);
            }
            other => return Ok(other?),
        }
    }
}

/// Shows the plan, then lets the digest, the flag or a person decide.
async fn decide(
    session: &Session<'_>,
    args: &WriteArgs,
    approved: Option<&Approved>,
    planned: &RunReport,
) -> Result<Decision, Failure> {
    let Session { common, stop, memory, .. } = session;
    let refusal = approved.and_then(|approved| plan_file::refusal(approved, planned, memory));
    if let Some((ended, details)) = refusal {
        details.iter().for_each(|line| output::say(&format!("  {line}\n")));
        return Ok(Decision::End(ended));
    }
    if !common.quiet || !args.yes {
        output::show_plan(common, planned)?;
    }
    let sendable = planned.entries.iter().any(|entry| entry.fate.is_none());
    if args.yes || !sendable {
        return Ok(Decision::Go);
    }
    output::say("Apply this plan? [y/N] ");
    // Read on a thread of its own, so that a signal is heard while nobody answers.
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = tokio::select! {
        line = answer => line.map_err(|error| Failure::new(ExitStatus::Unexpected, error))??,
        _ = stop.stopped() => String::new(),
    };
    if let Some(cause) = stop.cause() {
        return Ok(Decision::End(cause.into()));
    }
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(Decision::Go),
        _ => Ok(Decision::End(Ended::Declined)),
    }
}
