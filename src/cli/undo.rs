//! `undo`: plans and applies the reverse of a run, from its journal.

use std::{collections::BTreeMap, path::Path};

use super::{
    Common, Failure,
    approval::approval,
    arguments::UndoArgs,
    carry_out::{acquire_lock, carry_out, require_somebody_to_ask, show},
    material,
    past::{self, Past},
    run::Order,
};
use crate::{
    config::Settings,
    desired::{Roster, parse_roster},
    journal::{Journal, read_journal},
    model::{DesiredSet, UserId},
    reconcile::{Purpose, Undo},
    report::{
        ReportedCommand,
        roster::{self, RosterForm, RosterRow, RosterTable},
    },
    run::{ExitStatus, RunId},
};

pub(super) fn undo(common: &Common, args: &UndoArgs) -> Result<ExitStatus, Failure> {
    let UndoArgs { run, approve_deletes, write } = args;
    require_somebody_to_ask(write)?;
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    // Under the lock: the journal of a run under way is not whole yet.
    let lock = (!write.dry_run).then(|| acquire_lock(settings, write)).transpose()?;
    let undo = of_run(settings, run)?;
    let approval = approval(approve_deletes.as_deref(), settings)?;
    let rows = deleted_rows(&undo, settings)?;
    let order = Order {
        settings,
        command: ReportedCommand::Undo,
        purpose: Purpose::Undo(&undo),
        rows: rows.as_ref(),
        approval: approval.as_ref(),
        retry_stuck: false,
    };
    match lock {
        None => show(common, &order, false),
        Some(lock) => carry_out(common, &order, write, &lock),
    }
}

/// The rows that reports tell of: whom the run deleted, so that who cannot be created again is in
/// `rejected.csv`, to be fed to an apply. They stand in no file, so nothing points at their lines.
fn deleted_rows(undo: &Undo, settings: &Settings) -> Result<Option<Roster>, Failure> {
    let rows = undo.deleted().map(|(key, role, fields)| RosterRow { key, role, fields });
    let table = RosterTable { rows: rows.collect(), ..RosterTable::default() };
    if table.rows.is_empty() {
        return Ok(None);
    }
    let reader = material::reader_settings(settings, false);
    let form = RosterForm { delimiter: reader.delimiter.byte(), names: &settings.roster.columns };
    let mut text = Vec::new();
    roster::render(&table, form, &mut text)?;
    let mut roster = parse_roster(text, Path::new("deleted.csv"), &reader)?;
    roster.desired = DesiredSet::default();
    Ok(Some(roster))
}

/// What the run that this text names did.
fn of_run(settings: &Settings, text: &str) -> Result<Undo, Failure> {
    let Some((state, runs)) = past::runs(settings)? else {
        return past::named(&[], text).and_then(|run| Err(wrote_nothing(&run)));
    };
    let run = past::named(&runs, text)?;
    let path = state.run(&run).journal();
    if !path.exists() {
        return Err(wrote_nothing(&run));
    }
    let journal = read_journal(&path).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot undo run {run}"));
        Failure::new(ExitStatus::BadInput, error)
            .hint("`kantata-sync show RUN` shows what is known of it; correct the roster by hand")
    })?;
    let names = match past::past(&state.run(&run)) {
        Past::Reported(report) | Past::Killed { report, .. } => report.people,
        Past::Journal(_) | Past::Nothing | Past::Unreadable(_) => BTreeMap::new(),
    };
    of_journal(settings, &journal, names)
}

fn of_journal(
    settings: &Settings,
    journal: &Journal,
    names: BTreeMap<UserId, String>,
) -> Result<Undo, Failure> {
    let here = settings.base_url.to_string();
    if journal.base_url != here {
        let message = format!(
            "run {} wrote to `{}`, and the configuration says `{here}`",
            journal.run, journal.base_url
        );
        return Err(Failure::new(ExitStatus::BadInput, anyhow::anyhow!(message))
            .hint("give --base-url or --profile as that run had them"));
    }
    Undo::of(journal, names).ok_or_else(|| wrote_nothing(&journal.run))
}

fn wrote_nothing(run: &RunId) -> Failure {
    let message = format!("run {run} changed nothing in Kantata, so there is nothing to undo");
    Failure::new(ExitStatus::BadInput, anyhow::anyhow!(message))
        .hint("`kantata-sync runs` lists the runs with what they did")
}
