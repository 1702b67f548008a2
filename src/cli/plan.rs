//! `plan`: what an apply would do. Holds no writer, takes no lock.

use super::{Common, Failure, apply::with_order, arguments::PlanArgs, carry_out::show};
use crate::{report::ReportedCommand, run::ExitStatus};

pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<ExitStatus, Failure> {
    with_order(common, &args.roster, ReportedCommand::Plan, |order| show(common, order, args.check))
}
