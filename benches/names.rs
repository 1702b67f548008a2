//! What it costs that a roster names people by address and projects by title: reading, resolving from a
//! warm directory, and validating a million rows of 30,000 people on 20,000 projects, next to the same
//! rows by ids. The aim is that names take 2.5 times as long at most.

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use jiff::{Timestamp, civil::date};
use kantata_sync::{
    directory::{Directory, LookupRules},
    roster::{Day, ParsedRoster, ReaderSettings, Roster, parse_roster},
};

const ROWS: u64 = 1_000_000;
const PEOPLE: u64 = 30_000;
const PROJECTS: u64 = 20_000;
const SAMPLES: usize = 9;

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn main() {
    let directory = directory();
    for dated in [false, true] {
        let (by_ids, by_names) = (roster(false, dated), roster(true, dated));
        let (ids, names) = in_turn(
            || desired(&of_ids(by_ids.clone())),
            || desired(&of_names(by_names.clone(), &directory)),
        );
        println!("{}", if dated { "with dates" } else { "without dates" });
        println!("  by ids    {ids:>8.1?}  ({} MiB)", by_ids.len() >> 20);
        println!("  by names  {names:>8.1?}  ({} MiB)", by_names.len() >> 20);
        println!("  ratio     {:>8.2}   (2.5 is the aim)", names.as_secs_f64() / ids.as_secs_f64());
    }
}

fn title(project: u64) -> String {
    format!("Customer {} - Phase {project}", project % 977)
}

fn address(person: u64) -> String {
    format!("first.last{person}@firm.example")
}

/// Fifty people a project, the projects one after the other.
fn roster(by_names: bool, dated: bool) -> Vec<u8> {
    let header = if by_names { "project,email" } else { "workspace_id,user_id" };
    let (date_columns, dates) = match dated {
        true => (",starts_on,ends_on", ",2026-01-01,2027-12-31"),
        false => ("", ""),
    };
    let mut text = format!("{header},role,access_level{date_columns}\n");
    for row in 0..ROWS {
        let (project, person) = (row / (ROWS / PROJECTS), row * 7_919 % PEOPLE);
        let (project, person) = match by_names {
            true => (title(project), address(person)),
            false => ((100_000 + project).to_string(), (500_000 + person).to_string()),
        };
        let _ = writeln!(text, "{project},{person},maven,edit_tasks{dates}");
    }
    text.into_bytes()
}

/// As an earlier run left it.
fn directory() -> Directory {
    let known = |id: u64| serde_json::json!({ "id": id, "at": "1970-01-01T00:00:00Z" });
    let addresses: serde_json::Map<_, _> =
        (0..PEOPLE).map(|person| (address(person), known(500_000 + person))).collect();
    let titles: serde_json::Map<_, _> =
        (0..PROJECTS).map(|project| (title(project), known(100_000 + project))).collect();
    let text = serde_json::json!({
        "format": 1, "addresses": addresses, "person_keys": {}, "titles": titles,
        "project_keys": {}, "with_archived": true,
    });
    Directory::parse(text.to_string().as_bytes()).expect("a directory")
}

/// On a day on which all rows hold.
fn reader(names: bool) -> ReaderSettings {
    ReaderSettings { names, day: Day::of(date(2026, 7, 1)), ..ReaderSettings::default() }
}

fn of_ids(bytes: Vec<u8>) -> Roster {
    parse_roster(bytes, Path::new("ids.csv"), &reader(false)).expect("sound")
}

fn of_names(bytes: Vec<u8>, directory: &Directory) -> Roster {
    let parsed = ParsedRoster::parse(bytes, Path::new("names.csv"), &reader(true)).expect("sound");
    let rules = LookupRules { max_age: Duration::from_secs(7 * 86_400), ..LookupRules::default() };
    let known = directory.known(&parsed.names(), &rules, Timestamp::UNIX_EPOCH);
    parsed.settle(&known)
}

fn desired(roster: &Roster) {
    assert_eq!((roster.problems.len(), roster.desired.entries().len() as u64), (0, ROWS));
}

/// The fastest of each: what else the machine does only ever adds to it. They take turns, so that
/// whatever slows the machine down slows both.
fn in_turn(one: impl Fn(), other: impl Fn()) -> (Duration, Duration) {
    let time = |run: &dyn Fn()| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    };
    let samples: Vec<_> = (0..SAMPLES).map(|_| (time(&one), time(&other))).collect();
    let fastest = |of: fn(&(Duration, Duration)) -> Duration| {
        samples.iter().map(of).min().unwrap_or_default()
    };
    (fastest(|both| both.0), fastest(|both| both.1))
}
