//! `adopt`: marks the live memberships that a roster names as this tool's, so that an account can
//! move to `ownership = "tagged"`. Nothing else is changed, whatever the roster says.

use super::{
    Common, Failure,
    apply::settle,
    arguments::AdoptArgs,
    conduct::{Conduct, Named, carry_out},
    question::require_somebody_to_ask,
    setup,
};
use crate::{
    report::ReportedCommand,
    run::ExitStatus,
    session::{AskedPart, Order, Purpose},
};

pub(super) fn adopt(common: &Common, args: &AdoptArgs) -> Result<ExitStatus, Failure> {
    let AdoptArgs { roster: path, reading, strict, refresh_directory, write } = args;
    require_somebody_to_ask(write, std::slice::from_ref(&args.roster))?;
    let mut configuration = setup::configuration_to_read(common, reading)?;
    setup::refresh_directory(&mut configuration.settings, *refresh_directory);
    let settings = &configuration.settings;
    let roster = setup::roster(path, settings);
    let write = (!write.dry_run).then_some(write);
    let named = Named::read(common, settings, None, write);
    let command = ReportedCommand::Adopt;
    Conduct { common, settings, command, roster: path, write }.run(async |session| {
        let roster = settle(session, roster?);
        let locked = match write {
            None => Some(None),
            Some(write) => session.lock(write.wait_lock).await?.map(Some),
        };
        if *strict && roster.names().is_empty() {
            roster.demand_valid_rows()?;
        }
        let Some(store) = locked else { return Ok(session.stopped()) };
        let (approval, approved) = named?.accept(session, settings)?;
        let order = Order {
            purpose: Purpose::Adopt(roster),
            approval: approval.as_ref(),
            approved: approved.as_ref(),
            retry_stuck: false,
            check: false,
            strict: *strict,
            part: AskedPart::default(),
        };
        carry_out(session, settings, store, order).await
    })
}
