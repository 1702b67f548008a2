//! `adopt`: marks the live memberships that a roster names as this tool's, so that an account can
//! move to `ownership = "tagged"`. Nothing else is changed, whatever the roster says.

use super::{
    Common, Failure,
    arguments::AdoptArgs,
    carry_out::{acquire_lock, carry_out, show},
    material,
    question::require_somebody_to_ask,
    run::Order,
};
use crate::{report::ReportedCommand, run::ExitStatus, session::Purpose};

pub(super) fn adopt(common: &Common, args: &AdoptArgs) -> Result<ExitStatus, Failure> {
    let AdoptArgs { roster, strict, write } = args;
    require_somebody_to_ask(write)?;
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let roster = &material::roster(roster, settings, *strict)?;
    let order = Order {
        settings,
        command: ReportedCommand::Adopt,
        purpose: Purpose::Adopt(roster),
        rows: Some(roster),
        approval: None,
        retry_stuck: false,
    };
    if write.dry_run {
        return show(common, &order, false);
    }
    carry_out(common, &order, write, acquire_lock(settings, write)?)
}
