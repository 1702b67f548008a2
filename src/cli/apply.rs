//! `apply`: plan, guard, question, and the plan carried out under the lock.

use std::{
    io::{self, IsTerminal as _},
    time::Instant,
};

use super::{
    Common, Failure,
    approval::approval,
    arguments::{ApplyArgs, PlanArgs},
    export, material,
    output::{self, Outputs, WholeFile},
    plan_file::{self, Approved},
    run::{Decision, Session, Start, block_on},
    signal,
};
use crate::{
    config::Settings,
    folder::StateFolder,
    lock::{Lock, LockError},
    model::LiveSet,
    report::{ReportedCommand, RunReport},
    run::{Ended, ExitStatus},
};

pub(super) fn apply(common: &Common, args: &ApplyArgs) -> Result<ExitStatus, Failure> {
    if args.dry_run {
        return dry_run(common, args.clone());
    }
    if !args.yes && !io::stdin().is_terminal() {
        return Err(nobody_to_ask());
    }
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let roster = material::roster(&args.roster, settings, args.strict)?;
    let outputs = Outputs::open(common)?;
    let approval = approval(args.approve_deletes.as_deref(), settings)?;
    let approved = args.plan.as_ref().map(plan_file::read).transpose()?;
    let backup = args.backup.as_deref().map(WholeFile::open).transpose()?;
    let token = material::token(settings)?;
    let _lock = acquire_lock(settings, args)?;
    block_on(false, async {
        let start = Start {
            common,
            settings,
            roster: &roster,
            state_folder: settings.state_folder(),
            base_url: settings.base_url.to_string(),
            command: ReportedCommand::Apply,
            approval: approval.as_ref(),
            retry_stuck: args.retry_stuck,
        };
        let session = Session::start(start)?;
        signal::watch(&session.stop, args.deadline)?;
        let client = material::client(settings, token, session.clock)?;
        let approved = approved.as_ref();
        let decide = async |planned: &RunReport, live: &LiveSet| {
            let decision = decide(&session, args, approved, planned).await?;
            Ok(export::backed_up(decision, backup, live, settings))
        };
        let report = session.apply(&client, decide).await?;
        use_up(approved, &session, &report);
        session.finish(&report, outputs)
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

fn nobody_to_ask() -> Failure {
    Failure::usage(
        "there is no terminal to ask on, and `--yes` was not given; nothing was sent",
        "look at `kantata-sync plan`, then give `--yes`, or `--yes --plan DIGEST` for exactly that plan",
    )
}

fn dry_run(common: &Common, args: ApplyArgs) -> Result<ExitStatus, Failure> {
    let ApplyArgs { roster, strict, approve_deletes, retry_stuck, .. } = args;
    let args = PlanArgs { roster, check: false, strict, approve_deletes, retry_stuck };
    super::plan::plan(common, &args)
}

fn acquire_lock(settings: &Settings, args: &ApplyArgs) -> Result<Lock, Failure> {
    let path = StateFolder::open(settings.state_folder())?.lock();
    let started = Instant::now();
    loop {
        match Lock::acquire(&path) {
            Err(LockError::Held { .. })
                if args.wait_lock.is_some_and(|wait| started.elapsed() < wait) =>
            {
                std::thread::sleep(material::LOCK_STEP);
            }
            other => return Ok(other?),
        }
    }
}

/// Shows the plan, then lets the digest, the flag or a person decide.
async fn decide(
    session: &Session<'_>,
    args: &ApplyArgs,
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
