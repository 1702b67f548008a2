//! `plan`: what an apply would do. Holds no writer, takes no lock.

use super::{Common, Failure, apply::of_roster, arguments::PlanArgs};
use crate::run::ExitStatus;

pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<ExitStatus, Failure> {
    of_roster(common, &args.roster, None, args.check)
}
