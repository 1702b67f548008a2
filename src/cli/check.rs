//! `check`: a roster validated before anything is sent: offline, or with its names looked up.

use std::path::Path;

use jiff::Timestamp;

use super::{
    Common, Failure, arguments::CheckArgs, failure::PASTE, fix::Fixing, look, output, reading,
    setup,
};
use crate::{
    config::Settings,
    model::DesiredSet,
    report::{
        Format,
        check::{self, Checked, FORMS, Shrunk},
    },
    roster::{Known, Names, ParsedRoster, Roster, RosterError, RowProblem},
    run::ExitStatus,
    store::{Folder, Shared},
};

pub(super) fn check(common: &Common, args: &CheckArgs) -> Result<ExitStatus, Failure> {
    demand_fitting_flags(common, args)?;
    let configuration = match args.online {
        true => setup::configuration_to_read(common, &args.reading)?,
        false => setup::offline_configuration(common, &args.reading)?,
    };
    let settings = &configuration.settings;
    let reader = setup::reader_settings_on(settings, &args.day);
    let parsed = match ParsedRoster::read_all(&args.rosters, &reader) {
        Ok(parsed) => parsed,
        Err(error) => return Err(damaged(&reading::listed(&args.rosters), error, common.format)),
    };
    let fixing = args.fix.as_deref().map(|path| Fixing::open(path, &reader)).transpose()?;
    let know = |parsed: &ParsedRoster| know(parsed, args.online.then_some((common, settings)));
    let (roster, not_looked_up, fixed) = match fixing {
        Some(fixing) => fixing.fix(parsed, know)?,
        None => {
            let (known, not_looked_up) = know(&parsed)?;
            (parsed.settle(&known), not_looked_up, None)
        }
    };
    // Names that were not looked up are no projects yet.
    let shrunk = if not_looked_up == 0 { shrunk(&roster.desired, common) } else { Vec::new() };
    let checked = Checked { roster: &roster, not_looked_up, shrunk, fixed };
    let mut page = Vec::new();
    check::render(&checked, common.format, &mut page)?;
    let printed = output::print(&page);
    if !common.quiet {
        output::say(&summary(&checked));
        output::say(&check::columns(&roster));
    }
    let failures = invalid(&roster).into_iter().chain(printed.err());
    Failure::joined(failures).map_or(Ok(ExitStatus::Done), Err)
}

fn demand_fitting_flags(common: &Common, args: &CheckArgs) -> Result<(), Failure> {
    if !FORMS.contains(&common.format) {
        let hint = "`--format text`, `json` or `csv`";
        return Err(Failure::usage("a check has no such form", hint));
    }
    if args.fix.is_some() && args.rosters.len() > 1 {
        let hint = "write each of them by itself";
        return Err(Failure::usage("`--fix` takes one roster", hint));
    }
    Ok(())
}

/// What the names of a roster mean, and how many of them nobody looked up.
fn know(
    parsed: &ParsedRoster,
    online: Option<(&Common, &Settings)>,
) -> Result<(Known, usize), Failure> {
    let names = parsed.names();
    match online {
        Some((common, settings)) if !names.is_empty() => {
            Ok((look_up(&names, common, settings)?, 0))
        }
        Some(_) => Ok((Known::default(), 0)),
        // Nobody can be asked: each name is taken for one of its own.
        None => Ok((parsed.as_spelled(), names.people.len() + names.projects.len())),
    }
}

fn damaged(path: &Path, error: RosterError, format: Format) -> Failure {
    let mut page = Vec::new();
    let rendered = check::render_damage(path, &error, format, &mut page);
    let printed = rendered.map_err(Failure::from).and_then(|()| output::print(&page));
    let failures = [Failure::from(error)].into_iter().chain(printed.err());
    Failure::joined(failures).unwrap_or_else(Failure::bug)
}

/// What the names of a roster mean, asked of the account.
fn look_up(names: &Names, common: &Common, settings: &Settings) -> Result<Known, Failure> {
    let token = setup::token(&settings.token_source)?;
    look::look(common, settings, token, async |looker, client| {
        let known = looker.look_up(client, names).await;
        known.map_err(|unasked| look::ended(&unasked.end()))
    })
}

/// Projects that lost more than half of what the last applied roster had of them; a partial roster is
/// none to compare.
fn shrunk(desired: &DesiredSet, common: &Common) -> Vec<Shrunk> {
    // A check needs no state; where there is one, it says more.
    let configuration = setup::configuration(common).ok();
    let state =
        configuration.and_then(|found| Shared::existing(Folder::at(found.settings.state_folder())));
    let Some(state) = state.filter(|_| !desired.is_partial()) else { return Vec::new() };
    let (memory, _) = state.memory(Timestamp::now());
    let shrunk = memory.projects().iter().filter_map(|project| {
        let now = desired.of(project.workspace).len();
        let (workspace, before) = (project.workspace, project.memberships);
        (now * 2 < before).then(|| Shrunk { workspace, title: project.title.clone(), before, now })
    });
    shrunk.collect()
}

fn invalid(roster: &Roster) -> Option<Failure> {
    let invalid = roster.invalid_rows();
    let rows = if invalid == 1 { "1 row is".to_owned() } else { format!("{invalid} rows are") };
    let message = anyhow::anyhow!("{rows} invalid in `{}`", roster.path.display());
    let failure = (invalid > 0).then(|| Failure::new(ExitStatus::BadInput, message))?;
    match roster.problems.iter().any(RowProblem::has_line_to_paste) {
        true => Some(failure.hint(PASTE)),
        false => Some(failure),
    }
}

/// How much it is, and how much of it is wrong.
fn summary(checked: &Checked<'_>) -> String {
    let Checked { roster, not_looked_up, fixed, .. } = checked;
    let (rows, invalid) = (roster.rows, roster.invalid_rows());
    let (projects, people) = (roster.desired.workspaces.len(), roster.desired.people());
    let partial =
        if roster.desired.is_partial() { "; a partial roster: never deletes" } else { "" };
    let names = match not_looked_up {
        0 => String::new(),
        names => {
            format!("; {names} names of people and projects are not looked up (`--online` does)")
        }
    };
    let dates = dates(roster);
    let fixed = fixed.as_ref().map(|fixed| fixed.summary(invalid)).unwrap_or_default();
    format!(
        "{rows} rows, {projects} projects, {people} people, {invalid} invalid{partial}{names}{dates}\n{fixed}"
    )
}

/// What its dates say of the day, where it has any.
fn dates(roster: &Roster) -> String {
    let desired = &roster.desired;
    let Some(dates) = &desired.dates else { return String::new() };
    let (now, not_now) = (desired.entries().len(), desired.not_now().len());
    let (day, until, ahead) = (dates.day, dates.until, dates.upcoming.len());
    format!(
        "; on {day}: {now} desired, {not_now} ended or not started; until {until}: {ahead} start, end or change"
    )
}
