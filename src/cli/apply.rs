//! `apply`: plan, guard, question, and the plan carried out under the lock.

use super::{
    Common, Failure,
    approval::approval,
    arguments::{ApplyArgs, RosterArgs},
    carry_out::{acquire_lock, carry_out, show},
    material,
    question::require_somebody_to_ask,
    run::Order,
};
use crate::{reconcile::Purpose, report::ReportedCommand, run::ExitStatus};

pub(super) fn apply(common: &Common, args: &ApplyArgs) -> Result<ExitStatus, Failure> {
    let ApplyArgs { roster, write } = args;
    require_somebody_to_ask(write)?;
    if write.dry_run {
        let show = |order: &Order<'_>| show(common, order, false);
        return with_order(common, roster, ReportedCommand::Plan, show);
    }
    with_order(common, roster, ReportedCommand::Apply, |order| {
        carry_out(common, order, write, acquire_lock(order.settings, write)?)
    })
}

/// Reads what a roster's command works with, and goes on with it.
pub(super) fn with_order(
    common: &Common,
    args: &RosterArgs,
    command: ReportedCommand,
    go_on: impl FnOnce(&Order<'_>) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let roster = material::roster(&args.roster, settings, args.strict)?;
    let approval = approval(args.approve_deletes.as_deref(), settings)?;
    go_on(&Order {
        settings,
        command,
        purpose: Purpose::Roster(&roster),
        rows: Some(&roster),
        approval: approval.as_ref(),
        retry_stuck: args.retry_stuck,
    })
}
