//! `apply`: plan, guard, question, and the plan carried out under the lock.

use super::{
    Common, Failure,
    approval::approval,
    arguments::{ApplyArgs, RosterArgs, WriteArgs},
    carry_out::{acquire_lock, carry_out, show},
    material,
    question::require_somebody_to_ask,
    run::{Order, forget_mentioned},
};
use crate::{
    config::Settings,
    report::ReportedCommand,
    roster::Roster,
    run::ExitStatus,
    session::Purpose,
    store::{Exclusive, Folder},
};

pub(super) fn apply(common: &Common, args: &ApplyArgs) -> Result<ExitStatus, Failure> {
    let ApplyArgs { roster: args, write } = args;
    require_somebody_to_ask(write)?;
    if write.dry_run {
        return preview(common, args, false);
    }
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let (roster, store) = read_and_lock(args, settings, write)?;
    with_order(args, settings, (ReportedCommand::Apply, &roster), |order| {
        carry_out(common, order, write, store)
    })
}

/// What an apply would do, without a writer: `plan`, and `apply --dry-run`.
pub(super) fn preview(
    common: &Common,
    args: &RosterArgs,
    check: bool,
) -> Result<ExitStatus, Failure> {
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let roster = material::roster(&args.roster, settings, args.strict)?;
    let show = |order: &Order<'_>| show(common, order, check);
    with_order(args, settings, (ReportedCommand::Plan, &roster), show)
}

/// Reads the roster and takes the lock. From then on nobody whom the roster names is missing, though
/// it is refused, or nothing else that the apply needs can be had.
fn read_and_lock(
    args: &RosterArgs,
    settings: &Settings,
    write: &WriteArgs,
) -> Result<(Roster, Exclusive<Folder>), Failure> {
    let error = match material::roster(&args.roster, settings, args.strict) {
        Ok(roster) => {
            let store = acquire_lock(settings, write)?;
            forget_mentioned(&store, &roster.desired);
            return Ok((roster, store));
        }
        Err(error) => error,
    };
    if let Some(desired) = error.desired() {
        match acquire_lock(settings, write) {
            Ok(store) => forget_mentioned(&store, desired),
            Err(Failure { error, .. }) => {
                tracing::warn!("{error:#}: who is in the roster may still be counted as missing");
            }
        }
    }
    Err(error.into())
}

/// Goes on with a roster as an order.
fn with_order(
    args: &RosterArgs,
    settings: &Settings,
    (command, roster): (ReportedCommand, &Roster),
    go_on: impl FnOnce(&Order<'_>) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let approval = approval(args.approve_deletes.as_deref(), settings)?;
    go_on(&Order {
        settings,
        command,
        purpose: Purpose::Roster(roster),
        rows: Some(roster),
        approval: approval.as_ref(),
        retry_stuck: args.retry_stuck,
    })
}
