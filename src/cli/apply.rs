//! `plan` and `apply`: what would be done, and the same carried out.

use super::{
    Common, Failure,
    approval::approval,
    arguments::{ApplyArgs, PlanArgs, RosterArgs},
    carry_out::{Order, acquire_lock, carry_out, show, somebody_to_ask},
    material,
};
use crate::{reconcile::Wish, report::ReportedCommand, run::ExitStatus};

/// What an apply would do. Holds no writer, takes no lock.
pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<ExitStatus, Failure> {
    ordered(common, &args.roster, ReportedCommand::Plan, |order| show(common, order, args.check))
}

pub(super) fn apply(common: &Common, args: &ApplyArgs) -> Result<ExitStatus, Failure> {
    let ApplyArgs { roster, write } = args;
    somebody_to_ask(write)?;
    if write.dry_run {
        return ordered(common, roster, ReportedCommand::Plan, |order| show(common, order, false));
    }
    ordered(common, roster, ReportedCommand::Apply, |order| {
        carry_out(common, order, write, &acquire_lock(order.settings, write)?)
    })
}

fn ordered(
    common: &Common,
    args: &RosterArgs,
    command: ReportedCommand,
    go: impl FnOnce(&Order<'_>) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let roster = material::roster(&args.roster, settings, args.strict)?;
    let approval = approval(args.approve_deletes.as_deref(), settings)?;
    go(&Order {
        settings,
        command,
        wish: Wish::Roster(&roster),
        roster: &roster,
        approval: approval.as_ref(),
        retry_stuck: args.retry_stuck,
    })
}
