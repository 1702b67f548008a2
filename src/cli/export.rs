//! `export`: the live memberships as a roster; and the backup that an apply makes first.

use std::{collections::BTreeSet, io::Write};

use super::{
    Common, Failure,
    arguments::ExportArgs,
    look::{Looker, ended, look},
    output, setup,
};
use crate::{
    api::ReadAccount,
    chain::chain,
    config::Settings,
    directory,
    model::{LiveSet, WorkspaceId},
    report::{
        Format, called,
        roster::{self, RosterTable},
    },
    roster::{Called, Known, Names, RosterForm},
    run::{Ended, ExitStatus},
    session::Decision,
    store::WholeFile,
};

pub(super) fn export(common: &Common, args: &ExportArgs) -> Result<ExitStatus, Failure> {
    let configuration = setup::configuration(common)?;
    let settings = &configuration.settings;
    let named = scope(args, settings)?;
    let files = files(common)?;
    let _said = setup::name_other_api(common, settings);
    let token = setup::token(&settings.token_source)?;
    look(common, settings, token, async |looker, client| {
        let Visible { workspaces, archived } = match named {
            Some(workspaces) => Visible { workspaces, archived: 0 },
            None => visible(looker, client).await?,
        };
        let live = looker.list(client, workspaces).await?;
        let mut table = RosterTable::of(&live);
        note_archived(&mut table, archived);
        let called = match args.names {
            true => Some(looked_up(looker, client, &live, &mut table).await?),
            false => None,
        };
        let mut page = Vec::new();
        write(&table, called.as_ref(), settings, &mut page)?;
        let failures = put_out(files, &page);
        tell(&table, common.quiet);
        let failures = partial(&table).into_iter().chain(failures);
        Failure::joined(failures).map_or(Ok(ExitStatus::Done), Err)
    })
}

/// Writes the page to its files, or prints it where there are none; what could not be written.
pub(super) fn put_out(files: Vec<WholeFile>, page: &[u8]) -> Vec<Failure> {
    let printed = if files.is_empty() { output::print(page) } else { Ok(()) };
    let written = files.into_iter().map(|file| Ok(file.write(|out| out.write_all(page))?));
    written.chain([printed]).filter_map(Result::err).collect()
}

pub(super) fn partial(table: &RosterTable) -> Option<Failure> {
    let message = match table.patch {
        true => "the patch that was written leaves projects out",
        false => {
            "the roster that was written is partial: not everything that is live could be read or written as a row"
        }
    };
    let failure = || Failure::new(ExitStatus::PartlyApplied, anyhow::anyhow!(message));
    table.is_partial().then(failure)
}

/// The projects that are named; none where all are meant.
fn scope(args: &ExportArgs, settings: &Settings) -> Result<Option<BTreeSet<WorkspaceId>>, Failure> {
    if args.all {
        return Ok(None);
    }
    let named =
        if args.workspace.is_empty() { &settings.scope_workspaces } else { &args.workspace };
    if named.is_empty() {
        return Err(Failure::usage(
            "no projects are named",
            "give `--workspace ID` or `--all`, or set `scope.workspaces` in the configuration",
        ));
    }
    Ok(Some(named.iter().copied().collect()))
}

/// The projects that the token sees.
struct Visible {
    workspaces: BTreeSet<WorkspaceId>,
    /// How many of them are archived, and left out.
    archived: usize,
}

async fn visible(looker: Looker<'_>, api: &impl ReadAccount) -> Result<Visible, Failure> {
    let projects = looker.ask(directory::all_projects(api)).await;
    let projects = projects.map_err(|unasked| ended(&unasked.end()))?;
    let (archived, open): (Vec<_>, Vec<_>) =
        projects.into_iter().partition(|project| project.archived);
    if open.is_empty() {
        let message = format!(
            "this token sees no project that is not archived ({} archived)",
            archived.len()
        );
        return Err(Failure::new(ExitStatus::Unexpected, anyhow::anyhow!(message)));
    }
    let workspaces = open.into_iter().map(|project| project.id).collect();
    Ok(Visible { workspaces, archived: archived.len() })
}

fn note_archived(table: &mut RosterTable, archived: usize) {
    match archived {
        0 => {}
        1 => table.notes.push("1 archived project is not exported".to_owned()),
        many => table.notes.push(format!("{many} archived projects are not exported")),
    }
}

/// What projects and people are called, as far as a plan would take it for the same ones.
pub(super) async fn looked_up(
    looker: Looker<'_>,
    api: &impl ReadAccount,
    live: &LiveSet,
    table: &mut RosterTable,
) -> Result<Called, Failure> {
    let mut called = called::called(live, &table.rows);
    let Names { people, projects } = called::names(&called);
    let mut known = Known::default();
    for names in
        [Names { people, projects: BTreeSet::new() }, Names { people: BTreeSet::new(), projects }]
    {
        match looker.look_up(api, &names).await {
            Ok(Known { people, projects }) => {
                known.people.extend(people);
                known.projects.extend(projects);
            }
            Err(unasked) if unasked.is_of_this_alone() => {
                table.notes.push(unasked.end().words());
            }
            Err(unasked) => return Err(ended(&unasked.end())),
        }
    }
    table.notes.extend(called::keep_what_agrees(&mut called, &known));
    Ok(called)
}

/// A roster is CSV and nothing else.
pub(super) fn files(common: &Common) -> Result<Vec<WholeFile>, Failure> {
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

pub(super) fn write(
    table: &RosterTable,
    called: Option<&Called>,
    settings: &Settings,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let (delimiter, names) = (settings.roster.delimiter.byte(), &settings.roster.columns);
    let form = RosterForm { delimiter, names, called };
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
    match file.write(|out| write(&table, None, settings, out)) {
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
