//! `plan`: what an apply would do. Holds no writer, takes no lock.

use super::{Common, Failure, apply::preview, arguments::PlanArgs};
use crate::run::ExitStatus;

pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<ExitStatus, Failure> {
    preview(common, &args.roster, args.check)
}
