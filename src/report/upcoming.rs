//! Who starts and ends soon, as a roster with dates says, and the day that it was read for: in words.

use super::RunReport;
use crate::model::{Dates, Turn, Upcoming, line_words};

/// So many lines of it stand in a text that is not whole.
pub(super) const SHOWN: usize = 20;

/// `Starts and ends until 2026-12-08`; for a list that is not empty.
pub(super) fn title(dates: &Dates) -> String {
    format!("Starts and ends until {}", dates.until)
}

/// What is ahead; nothing where the roster has no dates.
pub(super) fn lines(report: &RunReport) -> Vec<String> {
    let upcoming = report.dates.iter().flat_map(|dates| &dates.upcoming);
    upcoming.map(|one| line(report, one)).collect()
}

/// `2026-12-01 starts: Hana Okoro (31) on Atlas (100), line 5`
fn line(report: &RunReport, Upcoming { on, key, turn, line }: &Upcoming) -> String {
    let turn = match turn {
        Turn::Starts => "starts",
        Turn::Ends => "ends",
        Turn::Changes => "changes",
    };
    let (person, project) = (report.person(key.user), report.project(key.workspace));
    format!("{on} {turn}: {person} on {project}, line {}", line_words(*line))
}

/// The day that the roster was read for.
pub(super) fn day(report: &RunReport) -> Option<String> {
    let Dates { day, previewed, .. } = report.dates.as_ref()?;
    Some(if *previewed { format!("{day}, a preview (--as-of)") } else { day.to_string() })
}
