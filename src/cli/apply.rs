//! `apply`: plan, guard, question, and the plan carried out under the lock.

use std::rc::Rc;

use super::{
    Common, Failure,
    arguments::{ApplyArgs, RosterArgs, WriteArgs},
    conduct::{Conduct, Named, carry_out},
    question::require_somebody_to_ask,
    reading, setup,
    terminal::FolderSession,
};
use crate::{
    chain::chain,
    model::DesiredSet,
    report::ReportedCommand,
    roster::{ParsedRoster, Roster, RosterError},
    run::ExitStatus,
    session::{Order, Purpose},
    store::{Exclusive, Folder, LockError},
};

pub(super) fn apply(common: &Common, args: &ApplyArgs) -> Result<ExitStatus, Failure> {
    let ApplyArgs { roster, write } = args;
    if roster.day.as_of.is_some() && !write.dry_run {
        let message = "`--as-of` previews another day, and an apply writes what holds today";
        return Err(Failure::usage(message, "`plan`, or `apply --dry-run`, takes it"));
    }
    require_somebody_to_ask(write, &roster.rosters)?;
    of_roster(common, roster, (!write.dry_run).then_some(write), false)
}

/// A run that makes live as a roster says; without arguments to write with, only its plan.
pub(super) fn of_roster(
    common: &Common,
    args: &RosterArgs,
    write: Option<&WriteArgs>,
    check: bool,
) -> Result<ExitStatus, Failure> {
    let mut configuration = setup::configuration_to_read(common, &args.reading)?;
    setup::refresh_directory(&mut configuration.settings, args.refresh_directory);
    let settings = &configuration.settings;
    let reader = setup::reader_settings_on(settings, &args.day);
    let roster = ParsedRoster::read_all(&args.rosters, &reader);
    let named = Named::read(common, settings, args.approve_deletes.as_deref(), write);
    let command = if write.is_some() { ReportedCommand::Apply } else { ReportedCommand::Plan };
    let roster_name = reading::listed(&args.rosters);
    let conduct = Conduct { common, settings, command, roster: &roster_name, write };
    conduct.run(async |session| {
        let Some((roster, store)) = accept(session, roster, args.strict, write).await? else {
            return Ok(session.stopped());
        };
        let (approval, approved) = named?.accept(session, settings)?;
        let order = Order {
            purpose: Purpose::Roster(roster),
            approval: approval.as_ref(),
            approved: approved.as_ref(),
            retry_stuck: args.retry_stuck,
            check,
            strict: args.strict,
            part: args.part.asked(),
        };
        carry_out(session, settings, store, order).await
    })
}

/// A roster, and the lock where it is to be written.
type Accepted<'s> = (Rc<Roster>, Option<&'s Exclusive<Folder>>);

/// Takes a roster, and the lock where the run writes. From then on reports tell of its rows, and nobody
/// whom it names is missing, though it is refused (strict), or nothing else that the run needs can be
/// had. None when the run is asked to end meanwhile.
async fn accept<'s>(
    session: &'s FolderSession<'_>,
    roster: Result<ParsedRoster, RosterError>,
    strict: bool,
    write: Option<&WriteArgs>,
) -> Result<Option<Accepted<'s>>, Failure> {
    let roster = settle(session, roster?);
    let locked = match write {
        None => Some(None),
        Some(write) => mention(session, &roster.desired, write).await?.map(Some),
    };
    if strict && roster.names().is_empty() {
        roster.demand_valid_rows()?;
    }
    Ok(locked.map(|store| (roster, store)))
}

/// The rows as far as they are known now. Reports tell of them once all of their names are looked up.
pub(super) fn settle(session: &FolderSession<'_>, parsed: ParsedRoster) -> Rc<Roster> {
    let roster = Rc::new(session.settle(parsed));
    if roster.names().is_empty() {
        session.tell_of(Rc::clone(&roster));
    }
    roster
}

/// Takes the lock and ends the absences of whom a roster names; where another run has the lock, it is
/// left to the next that has. None when the run is asked to end meanwhile.
async fn mention<'s>(
    session: &'s FolderSession<'_>,
    desired: &DesiredSet,
    write: &WriteArgs,
) -> Result<Option<&'s Exclusive<Folder>>, LockError> {
    let locked = session.lock(write.wait_lock).await;
    match &locked {
        Ok(Some(store)) => session.forget_mentioned(store, desired),
        Ok(None) | Err(_) => {
            if let Err(error) = session.leave_mentions(desired) {
                let error = chain(&error);
                tracing::warn!("{error}: who is in the roster may still be counted as missing");
            }
        }
    }
    locked
}
