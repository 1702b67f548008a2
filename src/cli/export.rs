//! `export`: the live memberships as a roster; and the backup that an apply makes first.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

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
    let files = RosterFiles::open(common)?;
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
        let failures = files.put(|form| rendered(&table, called.as_ref(), settings, form));
        tell(&table, common.quiet);
        let failures = partial(&table).into_iter().chain(failures);
        Failure::joined(failures).map_or(Ok(ExitStatus::Done), Err)
    })
}

/// Where a roster goes that is written: files in the form that their ending names, or stdout.
pub(super) struct RosterFiles {
    form: Format,
    files: Vec<(Format, WholeFile)>,
}

impl RosterFiles {
    /// A roster is CSV or a workbook and nothing else.
    pub(super) fn open(common: &Common) -> Result<Self, Failure> {
        let form = if common.format == Format::Text { Format::Csv } else { common.format };
        let named = || common.output.iter().map(|path| (Format::of_path(path).ok(), path));
        let is_roster = |form: Format| matches!(form, Format::Csv | Format::Xlsx);
        if !is_roster(form) || !named().all(|(form, _)| form.is_some_and(is_roster)) {
            return Err(Failure::usage(
                "a roster is always CSV or a workbook",
                "`--format` is `csv` or `xlsx`; `--output FILE` must end in `.csv` or `.xlsx`",
            ));
        }
        if form == Format::Xlsx && common.output.is_empty() && io::stdout().is_terminal() {
            return Err(Failure::usage(
                "a workbook is nothing for a terminal",
                "give `--output FILE.xlsx`, or send stdout to a file",
            ));
        }
        let open = |(form, path): (Option<Format>, &PathBuf)| {
            Ok((form.unwrap_or(Format::Csv), WholeFile::open(path)?))
        };
        Ok(Self { form, files: named().map(open).collect::<Result<_, Failure>>()? })
    }

    /// Writes it everywhere; what could not be written.
    pub(super) fn put(self, render: impl Fn(Format) -> io::Result<Vec<u8>>) -> Vec<Failure> {
        let Self { form, files } = self;
        let print = || output::print(&render(form)?);
        let printed = if files.is_empty() { print() } else { Ok(()) };
        let write = |(form, file): (Format, WholeFile)| {
            let page = render(form)?;
            Ok(file.write(|out| out.write_all(&page))?)
        };
        files.into_iter().map(write).chain([printed]).filter_map(Result::err).collect()
    }
}

/// The roster in one of its forms.
pub(super) fn rendered(
    table: &RosterTable,
    called: Option<&Called>,
    settings: &Settings,
    form: Format,
) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    match form {
        Format::Xlsx => return roster::workbook(table, written_as(called, settings)),
        _ => write(table, called, settings, &mut page)?,
    }
    Ok(page)
}

const fn written_as<'a>(called: Option<&'a Called>, settings: &'a Settings) -> RosterForm<'a> {
    let roster = &settings.roster;
    let (delimiter, names) = (roster.delimiter.byte(), &roster.columns);
    RosterForm { delimiter, names, called, filter: &roster.filter }
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

fn write(
    table: &RosterTable,
    called: Option<&Called>,
    settings: &Settings,
    out: &mut dyn Write,
) -> io::Result<()> {
    roster::render(table, written_as(called, settings), out)
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
