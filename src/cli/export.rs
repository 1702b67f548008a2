//! `export`: the live memberships as a roster; and the backup that an apply makes first.

use std::{collections::BTreeSet, io::Write, sync::Arc};

use jiff::Timestamp;

use super::{
    Common, Failure, arguments::ExportArgs, block_on::block_on, look::Looker, output, setup, signal,
};
use crate::{
    chain::chain,
    clock::Clock,
    config::Settings,
    model::{LiveSet, WorkspaceId},
    report::{
        Format,
        roster::{self, RosterTable},
    },
    roster::RosterForm,
    run::{Ended, ExitStatus, Stop},
    session::Decision,
    store::WholeFile,
};

pub(super) fn export(common: &Common, args: &ExportArgs) -> Result<ExitStatus, Failure> {
    let configuration = setup::configuration(common)?;
    let settings = &configuration.settings;
    let workspaces = scope(args, settings)?;
    let files = files(common)?;
    let _said = setup::name_other_api(common, settings);
    let token = setup::token(&settings.token_source)?;
    block_on(false, async {
        let clock = Clock::starting_at(Timestamp::now());
        let stop = Arc::new(Stop::default());
        signal::watch(&stop, None);
        let client = setup::client(settings, token, clock)?;
        let live =
            Looker { common, settings, clock, stop: &stop }.list(&client, workspaces).await?;
        let table = RosterTable::of(&live);
        let mut page = Vec::new();
        write(&table, settings, &mut page)?;
        let printed = if files.is_empty() { output::print(&page) } else { Ok(()) };
        let written = files.into_iter().map(|file| Ok(file.write(|out| out.write_all(&page))?));
        let failures: Vec<Failure> = written.chain([printed]).filter_map(Result::err).collect();
        tell(&table, common.quiet);
        let failures = partial(&table).into_iter().chain(failures);
        Failure::joined(failures).map_or(Ok(ExitStatus::Done), Err)
    })?
}

fn partial(table: &RosterTable) -> Option<Failure> {
    let message = "the roster that was written is partial: not everything that is live could be read or written as a row";
    let failure = || Failure::new(ExitStatus::PartlyApplied, anyhow::anyhow!(message));
    table.is_partial().then(failure)
}

fn scope(args: &ExportArgs, settings: &Settings) -> Result<BTreeSet<WorkspaceId>, Failure> {
    let named =
        if args.workspace.is_empty() { &settings.scope_workspaces } else { &args.workspace };
    if named.is_empty() {
        return Err(Failure::usage(
            "no projects are named",
            "give `--workspace ID`, or set `scope.workspaces` in the configuration",
        ));
    }
    Ok(named.iter().copied().collect())
}

/// A roster is CSV and nothing else.
fn files(common: &Common) -> Result<Vec<WholeFile>, Failure> {
    let of_path = |path| Format::of_path(path).ok();
    let others = common.output.iter().any(|path| of_path(path) != Some(Format::Csv));
    if others || !matches!(common.format, Format::Text | Format::Csv) {
        return Err(Failure::usage(
            "a roster is always CSV",
            "leave `--format` out; `--output FILE` must end in `.csv`",
        ));
    }
    Ok(common.output.iter().map(|path| WholeFile::open(path)).collect::<Result<_, _>>()?)
}

fn write(table: &RosterTable, settings: &Settings, out: &mut dyn Write) -> std::io::Result<()> {
    let form =
        RosterForm { delimiter: settings.roster.delimiter.byte(), names: &settings.roster.columns };
    roster::render(table, form, out)
}

fn tell(table: &RosterTable, quiet: bool) {
    for gap in &table.gaps {
        output::say(&format!("partial: {gap}\n"));
    }
    if quiet {
        return;
    }
    for note in &table.notes {
        output::say(&format!("note: {note}\n"));
    }
    if table.rows.is_empty() {
        output::say("note: it has no rows, so `plan` does not take it as a roster\n");
    }
    let projects: BTreeSet<WorkspaceId> = table.rows.iter().map(|row| row.key.workspace).collect();
    let partial = if table.is_partial() { "; a partial roster: never deletes" } else { "" };
    let (rows, projects) = (table.rows.len(), projects.len());
    output::say(&format!("{rows} rows, {projects} projects{partial}\n"));
}

/// Writes the backup once it was decided to go on; where it cannot be written, nothing is sent.
pub(super) fn backed_up(
    decision: Decision,
    backup: Option<WholeFile>,
    live: &LiveSet,
    settings: &Settings,
) -> Decision {
    let (Decision::Go, Some(file)) = (&decision, backup) else { return decision };
    let table = RosterTable::of(live);
    match file.write(|out| write(&table, settings, out)) {
        Ok(()) => {
            for gap in &table.gaps {
                output::say(&format!("the backup is partial: {gap}\n"));
            }
            decision
        }
        Err(error) => {
            let message = format!("{}; nothing was sent", chain(&error));
            Decision::End(Ended::Fatal { message })
        }
    }
}
