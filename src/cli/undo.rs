//! `undo`: plans and applies the reverse of a run, from its journal.

use std::{collections::BTreeSet, path::Path, rc::Rc};

use super::{
    Common, Failure,
    arguments::UndoArgs,
    conduct::{Conduct, Named, carry_out},
    output,
    question::require_somebody_to_ask,
    setup,
    terminal::FolderSession,
};
use crate::{
    config::Settings,
    report::ReportedCommand,
    roster::{Roster, RosterRow, RowDates},
    run::ExitStatus,
    session::{AskedPart, Order, Purpose, Undo, undo_of},
};

pub(super) fn undo(common: &Common, args: &UndoArgs) -> Result<ExitStatus, Failure> {
    let UndoArgs { run, approve_deletes, write } = args;
    require_somebody_to_ask(write, &[])?;
    let configuration = setup::configuration(common)?;
    let settings = &configuration.settings;
    let write = (!write.dry_run).then_some(write);
    let named = Named::read(common, settings, approve_deletes.as_deref(), write);
    let (command, roster) = (ReportedCommand::Undo, Path::new(""));
    Conduct { common, settings, command, roster, write }.run(async |session| {
        // Under the lock: the journal of a run under way is not whole yet.
        let store = match write {
            None => tell_of_a_run_under_way(session),
            Some(write) => match session.lock(write.wait_lock).await? {
                None => return Ok(session.stopped()),
                locked => locked,
            },
        };
        let undo = undo_of(session.store(), run, &settings.base_url.to_string())?;
        let (approval, approved) = named?.accept(session, settings)?;
        if let Some(rows) = deleted_rows(&undo, settings) {
            session.tell_of(Rc::new(rows));
        }
        let order = Order {
            purpose: Purpose::Undo(&undo),
            approval: approval.as_ref(),
            approved: approved.as_ref(),
            retry_stuck: false,
            check: false,
            strict: false,
            part: AskedPart::default(),
        };
        carry_out(session, settings, store, order).await
    })
}

/// The rows that reports tell of: whom the run deleted, so that who cannot be created again is in
/// `rejected.csv`, to be fed to an apply. They stand in no file, so nothing points at their lines.
fn deleted_rows(undo: &Undo, settings: &Settings) -> Option<Roster> {
    let mut leads = BTreeSet::new();
    let rows = undo.deleted().map(|(key, role, mut fields)| {
        // No roster has two leads on one side, and a run may delete two.
        let second = fields.team_lead == Some(true) && !leads.insert((key.workspace, role));
        fields.team_lead = fields.team_lead.filter(|_| !second);
        RosterRow { key, role, fields, dates: RowDates::default() }
    });
    let rows: Vec<RosterRow> = rows.collect();
    let names = &settings.roster.columns;
    (!rows.is_empty()).then(|| Roster::of_rows(Path::new("deleted.csv"), &rows, names))
}

/// Only a dry run comes here while another run is under way; it has no lock.
fn tell_of_a_run_under_way<T>(session: &FolderSession<'_>) -> Option<T> {
    if session.store().is_locked().unwrap_or(false) {
        output::say(
            "another run is under way: if it is the one to be undone, its journal is not whole yet\n",
        );
    }
    None
}
