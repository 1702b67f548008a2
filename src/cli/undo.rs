//! `undo`: plans and applies the reverse of a run, from its journal.

use std::{collections::BTreeSet, path::Path};

use super::{
    Common, Failure,
    approval::approval,
    arguments::UndoArgs,
    carry_out::{acquire_lock, carry_out, show},
    material, output,
    past::{self, Past},
    question::require_somebody_to_ask,
    run::Order,
};
use crate::{
    config::Settings,
    journal::Journal,
    model::Outcome,
    report::{Entry, ReportedCommand, RunReport},
    roster::{Roster, RosterRow},
    run::{ExitStatus, RunId},
    session::{Purpose, Told, Undo},
    store::{Folder, Shared},
};

pub(super) fn undo(common: &Common, args: &UndoArgs) -> Result<ExitStatus, Failure> {
    let UndoArgs { run, approve_deletes, write } = args;
    require_somebody_to_ask(write)?;
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    // Under the lock: the journal of a run under way is not whole yet.
    let lock = (!write.dry_run).then(|| acquire_lock(settings, write)).transpose()?;
    if lock.is_none() {
        tell_of_a_run_under_way(settings);
    }
    let undo = of_run(settings, run)?;
    let approval = approval(approve_deletes.as_deref(), settings)?;
    let rows = deleted_rows(&undo, settings);
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
        Some(lock) => carry_out(common, &order, write, lock),
    }
}

/// The rows that reports tell of: whom the run deleted, so that who cannot be created again is in
/// `rejected.csv`, to be fed to an apply. They stand in no file, so nothing points at their lines.
fn deleted_rows(undo: &Undo, settings: &Settings) -> Option<Roster> {
    let mut leads = BTreeSet::new();
    let rows = undo.deleted().map(|(key, role, mut fields)| {
        // No roster has two leads on one side, and a run may delete two.
        let second = fields.team_lead == Some(true) && !leads.insert((key.workspace, role));
        fields.team_lead = fields.team_lead.filter(|_| !second);
        RosterRow { key, role, fields }
    });
    let rows: Vec<RosterRow> = rows.collect();
    let names = &settings.roster.columns;
    (!rows.is_empty()).then(|| Roster::of_rows(Path::new("deleted.csv"), &rows, names))
}

/// Only a dry run comes here while another run is under way.
fn tell_of_a_run_under_way(settings: &Settings) {
    let state = Shared::existing(Folder::at(settings.state_folder()));
    if state.is_some_and(|state| past::is_under_way(&state)) {
        output::say(
            "another run is under way: if it is the one to be undone, its journal is not whole yet\n",
        );
    }
}

/// What the run that this text names did.
fn of_run(settings: &Settings, text: &str) -> Result<Undo, Failure> {
    let Some((state, runs)) = past::runs(settings)? else {
        return past::named(&[], text).and_then(|run| Err(wrote_nothing(&run)));
    };
    // Plans and dry runs leave folders too, and there is nothing in them to undo.
    let wrote = |run: &&RunId| state.run(run).has_journal();
    let run = match runs.iter().rfind(wrote).filter(|_| text == "latest") {
        Some(run) => run.clone(),
        None => past::named(&runs, text)?,
    };
    let folder = state.run(&run);
    if !folder.has_journal() {
        return Err(wrote_nothing(&run));
    }
    let journal = folder.journal().map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot undo run {run}"));
        Failure::new(ExitStatus::BadInput, error)
            .hint("`kantata-sync show RUN` shows what is known of it; correct the roster by hand")
    })?;
    if let Some(damage) = journal.damage_words() {
        let error = anyhow::anyhow!("cannot undo run {run}: {damage}");
        return Err(Failure::new(ExitStatus::BadInput, error).hint(
            "`kantata-sync show RUN` shows what is known of it; correct the roster by hand",
        ));
    }
    fits(settings, &run, &journal)?;
    let told = match past::past(&folder) {
        Past::Reported(report) => told(&report),
        // What is made of the journal tells no more than it.
        Past::Killed { report, .. } => Told { applied: BTreeSet::new(), ..told(&report) },
        Past::Journal(_) | Past::Nothing | Past::Unreadable(_) => Told::default(),
    };
    Undo::of(&journal, told).ok_or_else(|| wrote_nothing(&run))
}

fn told(report: &RunReport) -> Told {
    let applied =
        |entry: &&Entry| entry.fate.as_ref().is_some_and(|fate| fate.outcome == Outcome::Applied);
    Told {
        names: report.people.clone(),
        applied: report.entries.iter().filter(applied).map(|entry| entry.key).collect(),
    }
}

/// Refuses a journal of another run, or of another API.
fn fits(settings: &Settings, run: &RunId, journal: &Journal) -> Result<(), Failure> {
    let bad = |message: String| Failure::new(ExitStatus::BadInput, anyhow::anyhow!(message));
    let here = settings.base_url.to_string();
    if journal.run != *run {
        return Err(bad(format!(
            "the journal of run {run} says that it is of run {}",
            journal.run
        )));
    }
    if journal.base_url != here {
        let there = &journal.base_url;
        let message = format!("run {run} wrote to `{there}`, and the configuration says `{here}`");
        return Err(bad(message).hint("give --base-url or --profile as that run had them"));
    }
    Ok(())
}

fn wrote_nothing(run: &RunId) -> Failure {
    let message = format!("run {run} changed nothing in Kantata, so there is nothing to undo");
    Failure::new(ExitStatus::BadInput, anyhow::anyhow!(message))
        .hint("`kantata-sync runs` lists the runs with what they did")
}
