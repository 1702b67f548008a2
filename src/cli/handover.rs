//! `handover`: a patch roster that puts one person in another one's place on all their projects. It
//! holds no writer: the patch goes through `plan` and `apply` like any roster.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Common, Failure,
    arguments::HandoverArgs,
    export,
    look::{Looker, ended, look},
    output, setup, work,
};
use crate::{
    api::{ReadAccount, ReadParticipations, ReadWork},
    config::Settings,
    directory,
    model::{LiveSet, LiveWorkspace, Scope, Seen, UserId, WorkspaceId},
    report::{
        handover::Handover,
        roster::{RosterTable, named as named_project},
    },
    roster::{Expected, Meaning, Names, NoMeaning, ParsedRoster, PersonRef},
    run::ExitStatus,
};

pub(super) fn handover(common: &Common, args: &HandoverArgs) -> Result<ExitStatus, Failure> {
    let configuration = setup::configuration(common)?;
    let settings = &configuration.settings;
    let roster = args.roster.as_deref().map(|path| setup::roster(path, settings)).transpose()?;
    let files = export::RosterFiles::open(common)?;
    let _said = setup::name_other_api(common, settings);
    let token = setup::token(&settings.token_source)?;
    look(common, settings, token, async |looker, client| {
        let handover = parties(looker, client, args).await?;
        let workspaces = projects(looker, client, args, roster, handover.from).await?;
        let live = looker.list(client, workspaces).await?;
        let mut table = handover.patch(&live);
        if table.rows.is_empty() {
            return Err(nothing(handover.from, &live, table.gaps));
        }
        let called = match args.names {
            true => Some(export::looked_up(looker, client, &live, &mut table).await?),
            false => None,
        };
        let failures = files.put(|form| export::rendered(&table, called.as_ref(), settings, form));
        tell(&table, handover, common.quiet);
        if !common.quiet {
            tell_work(looker, client, (handover, &table), &live).await;
        }
        let failures = export::partial(&table).into_iter().chain(failures);
        Failure::joined(failures).map_or(Ok(ExitStatus::Done), Err)
    })
}

/// Who hands over to whom, both known to the account, and when.
async fn parties(
    looker: Looker<'_>,
    api: &(impl ReadAccount + ReadParticipations),
    args: &HandoverArgs,
) -> Result<Handover, Failure> {
    let today = looker.settings.roster.time_zone.day(Timestamp::now());
    let from = person(looker, api, ("--from", &args.from), true).await?;
    let to = person(looker, api, ("--to", &args.to), false).await?;
    if from == to {
        let message = format!("`--from` and `--to` are one person, user {from}");
        return Err(Failure::usage(&message, "name two people"));
    }
    let next = |day: jiff::civil::Date| day.tomorrow().unwrap_or(day);
    let before = today.yesterday().unwrap_or(today);
    let last_day = if args.keep { None } else { Some(args.until.unwrap_or(before)) };
    Ok(Handover { from, to, first_day: args.until.map(next), last_day })
}

/// The person, who may be deactivated only where nothing is to be given to them.
async fn person(
    looker: Looker<'_>,
    api: &(impl ReadAccount + ReadParticipations),
    (flag, named): (&str, &PersonRef),
    may_be_deactivated: bool,
) -> Result<UserId, Failure> {
    let why = match named {
        PersonRef::Id(id) if may_be_deactivated => return Ok(*id),
        PersonRef::Id(id) => {
            let found = looker.ask(async { Ok(api.fetch_people(&[*id]).await?) }).await;
            let found = found.map_err(|unasked| ended(&unasked.end()))?;
            match found.first().map(|person| person.disabled) {
                Some(Seen::Visible(true)) => NoMeaning::Deactivated { id: id.number() },
                Some(_) => return Ok(*id),
                None => NoMeaning::Unknown { near: None },
            }
        }
        _ => {
            let names = Names { people: [named.clone()].into(), projects: BTreeSet::new() };
            let known = looker.look_up(api, &names).await;
            let mut known = known.map_err(|unasked| ended(&unasked.end()))?;
            match known.people.remove(named) {
                Some(Meaning::One(id)) => return Ok(id),
                Some(Meaning::None(NoMeaning::Deactivated { id })) if may_be_deactivated => {
                    return UserId::new(id).ok_or_else(Failure::bug);
                }
                Some(Meaning::None(why)) => why,
                None => NoMeaning::Unknown { near: None },
            }
        }
    };
    let shown = match named {
        PersonRef::Id(id) => id.to_string(),
        PersonRef::Email(text) | PersonRef::Reference(text) => text.clone(),
    };
    let expected = Expected::Meaning { why };
    let message = anyhow::anyhow!("{flag}: `{shown}`: expected {expected}; nothing was written");
    Err(Failure::new(ExitStatus::BadInput, message))
}

/// Where to look for the person: wherever the account has them, or the roster and the configuration
/// name a project.
async fn projects(
    looker: Looker<'_>,
    api: &impl ReadAccount,
    args: &HandoverArgs,
    roster: Option<ParsedRoster>,
    from: UserId,
) -> Result<BTreeSet<WorkspaceId>, Failure> {
    if !args.workspace.is_empty() {
        return Ok(args.workspace.iter().copied().collect());
    }
    let mut workspaces = named(looker, api, roster, looker.settings).await?;
    match looker.ask(directory::projects_of(api, from)).await {
        Ok(found) => workspaces.extend(found),
        Err(unasked) if unasked.is_of_this_alone() => {
            let why = unasked.cause();
            if workspaces.is_empty() {
                return Err(ended_without_projects(&why));
            }
            let count = workspaces.len();
            output::say(&format!(
                "note: the projects of user {from} cannot be listed ({why}); only the {count} that the roster or `scope.workspaces` name are looked at\n"
            ));
        }
        Err(unasked) => return Err(ended(&unasked.end())),
    }
    Ok(workspaces)
}

fn ended_without_projects(why: &str) -> Failure {
    let message = anyhow::anyhow!("the projects of the person cannot be listed: {why}");
    Failure::new(ExitStatus::Unexpected, message)
        .hint("name them with `--workspace`, `scope.workspaces`, or a roster that has them")
}

/// The projects that the roster and the configuration name.
async fn named(
    looker: Looker<'_>,
    api: &impl ReadAccount,
    roster: Option<ParsedRoster>,
    settings: &Settings,
) -> Result<BTreeSet<WorkspaceId>, Failure> {
    let Some(parsed) = roster else {
        return Ok(settings.scope_workspaces.iter().copied().collect());
    };
    let names = Names { people: BTreeSet::new(), ..parsed.names() };
    let known = looker.look_up(api, &names).await.map_err(|unasked| ended(&unasked.end()))?;
    let mut known = known;
    known.people = parsed.as_spelled().people;
    Ok(Scope::new(&parsed.settle(&known).desired, &settings.scope_workspaces).workspaces)
}

fn nothing(from: UserId, live: &LiveSet, gaps: Vec<String>) -> Failure {
    let count = live.workspaces.len();
    if gaps.is_empty() {
        let message = anyhow::anyhow!(
            "there is nothing to hand over: user {from} is on none of the {count} projects that were looked at"
        );
        return Failure::new(ExitStatus::Unexpected, message);
    }
    let message = anyhow::anyhow!("none of the {count} projects can be handed over by a patch");
    Failure { details: gaps, ..Failure::new(ExitStatus::PartlyApplied, message) }
}

/// What who hands over still has to do there. The patch is written by now.
async fn tell_work(
    looker: Looker<'_>,
    api: &impl ReadWork,
    (handover, table): (Handover, &RosterTable),
    live: &LiveSet,
) {
    let projects = table.rows.iter().map(|row| row.key.workspace).collect();
    let whose = (handover.from, handover.last_day.is_some());
    let Some(left) = work::left(looker, api, whose, &projects).await else { return };
    let name = |id: WorkspaceId| {
        let listed = live.workspaces.get(&id);
        let title = listed.and_then(LiveWorkspace::title).unwrap_or_default();
        named_project(id, title)
    };
    for line in left.lines(name) {
        output::say(&format!("work: {line}\n"));
    }
}

fn tell(table: &RosterTable, handover: Handover, quiet: bool) {
    for gap in &table.gaps {
        output::say(&format!("left out: {gap}\n"));
    }
    if quiet {
        return;
    }
    for note in &table.notes {
        output::say(&format!("note: {note}\n"));
    }
    let Handover { from, to, last_day, .. } = handover;
    let projects: BTreeSet<WorkspaceId> = table.rows.iter().map(|row| row.key.workspace).collect();
    let left = last_day.map_or("stays".to_owned(), |day| format!("ends on {day}"));
    let (rows, projects) = (table.rows.len(), projects.len());
    output::say(&format!(
        "{rows} rows, {projects} projects: user {to} in the place of user {from}, who {left}; nothing was changed: `plan` and `apply` the patch\n"
    ));
}
