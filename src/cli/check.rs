//! `check`: a roster validated offline.

use std::fmt::Write as _;

use super::{Common, Failure, arguments::CheckArgs, output, setup};
use crate::{
    report::Format,
    roster::{ParsedRoster, Roster},
    run::ExitStatus,
};

pub(super) fn check(common: &Common, args: &CheckArgs) -> Result<ExitStatus, Failure> {
    let configuration = setup::offline_configuration(common)?;
    let reader = setup::reader_settings_on(&configuration.settings, &args.day);
    let parsed = ParsedRoster::read(&args.roster, &reader)?;
    let known = parsed.as_spelled();
    let roster = parsed.settle(&known);
    let mut page = String::new();
    match common.format {
        Format::Json => {
            let value = serde_json::json!({
                "roster": roster.path.display().to_string(),
                "rows": roster.rows,
                "invalid_rows": roster.invalid_rows(),
                "partial": roster.desired.is_partial(),
                "dates": roster.desired.dates,
                "problems": roster.problems,
                "warnings": roster.warnings,
            });
            let _never_fails = writeln!(page, "{value:#}");
        }
        _ => {
            for message in roster.messages() {
                let _never_fails = writeln!(page, "{message}");
            }
            for warning in &roster.warnings {
                let _never_fails = writeln!(page, "{}:{warning}", roster.path.display());
            }
        }
    }
    let printed = output::print(page.as_bytes());
    if !common.quiet {
        output::say(&summary(&roster));
    }
    let invalid = roster.invalid_rows();
    let rows = if invalid == 1 { "1 row is".to_owned() } else { format!("{invalid} rows are") };
    let message = anyhow::anyhow!("{rows} invalid in `{}`", roster.path.display());
    let wrong = (invalid > 0).then(|| Failure::new(ExitStatus::BadInput, message));
    Failure::joined(wrong.into_iter().chain(printed.err())).map_or(Ok(ExitStatus::Done), Err)
}

/// How much it is, and how much of it is wrong.
fn summary(roster: &Roster) -> String {
    let (rows, invalid, projects) =
        (roster.rows, roster.invalid_rows(), roster.desired.workspaces.len());
    let partial = output::marked(&roster.desired);
    let dates = dates(roster);
    format!("{rows} rows, {projects} projects, {invalid} invalid{partial}{dates}\n")
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
