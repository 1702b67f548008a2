//! Carrying a plan out, whatever wishes it: under the lock, shown, asked for, applied. What `apply`,
//! `adopt` and `undo` share.

use std::time::Instant;

use super::{
    Common, Failure,
    arguments::WriteArgs,
    export, material,
    output::{self, Outputs},
    plan_file::{self, Approved},
    question,
    run::{Decision, Order, Session, block_on},
    signal,
};
use crate::{
    config::{Settings, Token},
    model::LiveSet,
    report::RunReport,
    run::{Ended, ExitStatus},
    store::{Exclusive, Folder, LockError, Shared, WholeFile},
};

/// Shows what would be done; there is no writer here, and no lock is taken.
pub(super) fn show(common: &Common, order: &Order<'_>, check: bool) -> Result<ExitStatus, Failure> {
    let settings = order.settings;
    let outputs = Outputs::open(common)?;
    let token = material::token(settings)?;
    block_on(false, async {
        let store = Shared::open(Folder::at(settings.state_folder()))?;
        let session = session(common, order, &store)?;
        signal::watch(&session.stop, None);
        let client = material::client(settings, token, session.clock)?;
        let report = session.plan(&client, check).await;
        session.finish(&report, outputs, None)
    })?
}

fn session<'a>(
    common: &'a Common,
    order: &Order<'a>,
    store: &Shared<Folder>,
) -> Result<Session<'a>, Failure> {
    Session::start(common, *order, order.settings.base_url.to_string(), store)
}

/// Plans, asks, and carries the plan out, under the lock.
pub(super) fn carry_out(
    common: &Common,
    order: &Order<'_>,
    args: &WriteArgs,
    store: Exclusive<Folder>,
) -> Result<ExitStatus, Failure> {
    let settings = order.settings;
    let Ready { outputs, approved, backup, token } = Ready::make(common, settings, args)?;
    block_on(false, async {
        let session = session(common, order, &store)?;
        signal::watch(&session.stop, args.deadline);
        let client = material::client(settings, token, session.clock)?;
        let approved = approved.as_ref();
        let decide = async |planned: &RunReport, live: &LiveSet| {
            let decision = decide(&session, args, approved, planned).await?;
            Ok(export::backed_up(decision, backup, live, settings))
        };
        let report = session.apply(&client, &store, decide).await?;
        use_up(approved, &store, &report);
        session.finish(&report, outputs, Some(store))
    })?
}

/// What is opened and read before a run begins.
struct Ready {
    outputs: Outputs,
    approved: Option<Approved>,
    backup: Option<WholeFile>,
    token: Token,
}

impl Ready {
    fn make(common: &Common, settings: &Settings, args: &WriteArgs) -> Result<Self, Failure> {
        Ok(Self {
            outputs: Outputs::open(common)?,
            approved: args.plan.as_ref().map(plan_file::read).transpose()?,
            backup: args.backup.as_deref().map(WholeFile::open).transpose()?,
            token: material::token(settings)?,
        })
    }
}

/// A plan file works once.
fn use_up(approved: Option<&Approved>, store: &Exclusive<Folder>, report: &RunReport) {
    if let Some(Approved::Plan(plan)) = approved
        && (report.ended.as_ref().is_some_and(Ended::is_complete) || report.pace.writes > 0)
    {
        // What was done is told in any case.
        if let Err(error) = store.use_plan(&plan.run, report.finished_at) {
            tracing::error!(%error, "the plan file could not be marked as used");
        }
    }
}

/// Takes the lock of this profile and API, waiting for it as long as is wanted.
pub(super) fn acquire_lock(
    settings: &Settings,
    args: &WriteArgs,
) -> Result<Exclusive<Folder>, Failure> {
    let shared = Shared::open(Folder::at(settings.state_folder()))?;
    let started = Instant::now();
    let mut told = false;
    loop {
        match shared.lock() {
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
    let sendable = planned.entries.iter().any(|entry| entry.fate.is_none());
    if args.yes || !sendable {
        if !common.quiet || !args.yes {
            output::say(&output::plan_page(common, planned)?);
        }
        return Ok(Decision::Go);
    }
    question::ask(output::plan_page(common, planned)?, args.prompt_timeout, stop).await
}
