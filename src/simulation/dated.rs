//! Rosters with dates: which rows of a drawn one hold from when to when, around the day on which an
//! episode begins. What they say on a day is told in `truth`.

use fastrand::Rng;
use jiff::civil::{Date, date};

/// The day of the first run.
pub(super) const DAY: Date = date(2026, 11, 24);

const TODAY: &str = "2026-11-24";
const PAST: [&str; 3] = ["2025-01-31", "2026-11-01", "2026-11-23"];
const FUTURE: [&str; 3] = ["2026-11-25", "2026-12-08", "9999-12-31"];

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
