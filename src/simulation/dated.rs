//! Rosters with dates: which rows of a drawn one hold from when to when, and what they say on the day
//! of the simulation.
//!
//! What is said is told anew from the words of PRODUCT.md §2, from the text alone: it shares nothing
//! with the reader. Dates in one form compare as texts do.

use fastrand::Rng;
use jiff::civil::{Date, date};

use super::evidence::Pair;

/// The day of all runs.
pub(super) const DAY: Date = date(2026, 11, 24);

const TODAY: &str = "2026-11-24";
const PAST: [&str; 3] = ["2025-01-31", "2026-11-01", "2026-11-23"];
const FUTURE: [&str; 3] = ["2026-11-25", "2026-12-08", "9999-12-31"];

/// What a roster says of somebody on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// They are to be there.
    Wanted,
    /// They were to be there until a day that has passed.
    Ended,
    /// They are to be there later, and were not before.
    ToCome,
}

/// The same roster, in half of the seeds with dates; drawn apart, so that it changes nothing else.
pub(super) fn with_dates(seed: u64, roster: String) -> String {
    let mut random = Rng::with_seed(seed ^ 0x6461_7465);
    if random.bool() {
        return roster;
    }
    let mut text = String::new();
    for line in roster.lines() {
        if line.starts_with('#') {
            text.push_str(&format!("{line}\n"));
        } else if line.starts_with("workspace_id") {
            text.push_str(&format!("{line},starts_on,ends_on\n"));
        } else {
            for (starts, ends) in periods(&mut random) {
                text.push_str(&format!("{line},{starts},{ends}\n"));
            }
        }
    }
    text
}

/// From when to when a row holds; one that becomes two holds twice.
fn periods(random: &mut Rng) -> Vec<(&'static str, &'static str)> {
    let (past, future) = (PAST[random.usize(0..3)], FUTURE[random.usize(0..3)]);
    match random.u8(..) {
        0..140 => vec![("", "")],
        140..170 => vec![("", past)],
        170..195 => vec![(future, "")],
        195..215 => vec![(past, future)],
        215..225 => vec![(TODAY, TODAY)],
        225..235 => vec![("", past), (future, "")],
        235..245 => vec![("", past), (TODAY, "")],
        _ => vec![("", TODAY), (future, "")],
    }
}

/// What a roster says of somebody on the day.
pub(super) fn said(roster: &str, (workspace, user): Pair) -> Said {
    let lines = || roster.lines().skip_while(|line| line.starts_with('#'));
    let has_dates = lines().next().is_some_and(|header| header.ends_with(",ends_on"));
    let place = format!("{workspace},{user},");
    let rows = lines().skip(1).filter(|line| line.starts_with(&place));
    let mut said = Said::Nothing;
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let (starts, ends) = match cells[..] {
            [.., starts, ends] if has_dates => (starts, ends),
            _ => ("", ""),
        };
        said = match (starts > TODAY, !ends.is_empty() && ends < TODAY, said) {
            (false, false, _) | (_, _, Said::Wanted) => return Said::Wanted,
            (_, true, _) | (_, _, Said::Ended) => Said::Ended,
            (true, false, _) => Said::ToCome,
        };
    }
    said
}
