//! Every roster under `sample-data/rosters` is what its name says: `right-*` loads without a
//! problem, and what is said about `wrong-*` is a snapshot, word for word.

use std::{
    ffi::OsStr,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use jiff::civil::date;
use kantata_sync::roster::{Day, ParsedRoster, ReaderSettings, Roster, RosterError, read_roster};

fn samples(prefix: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/rosters");
    let entries = fs::read_dir(folder).expect("the samples are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| name(path).starts_with(prefix));
    paths.sort();
    assert!(paths.len() > 5, "the samples are gone");
    paths
}

fn name(path: &Path) -> &str {
    path.file_stem().and_then(OsStr::to_str).expect("a plain name")
}

/// Reads a sample under its bare name, so that snapshots hold no path of this machine.
fn read(path: &Path) -> Result<Roster, RosterError> {
    let bytes = fs::read(path).expect("readable");
    let bare = Path::new(path.file_name().expect("a file"));
    let day = Day::of(date(2026, 11, 24));
    // These name people and projects; each name is taken for one of its own.
    let names = name(path).contains("-by-name-");
    let settings = ReaderSettings { day, names, ..ReaderSettings::default() };
    let parsed = ParsedRoster::parse(bytes, bare, &settings)?;
    let known = parsed.as_spelled();
    Ok(parsed.settle(&known))
}

/// The roster as the reader understood it, in lines.
fn describe(roster: &Roster) -> String {
    let mut text = String::new();
    let Roster { desired, warnings, rows, blank_lines, .. } = roster;
    let partial = if desired.is_partial() { ", partial" } else { "" };
    let invalid = roster.invalid_rows();
    let _ = writeln!(text, "rows {rows}, invalid {invalid}, blank lines {blank_lines}{partial}");
    for message in roster.messages() {
        let _ = writeln!(text, "{message}");
    }
    for warning in warnings {
        let _ = writeln!(text, "warning: {}:{warning}", roster.path.display());
    }
    for note in &roster.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let projects: Vec<_> = desired.workspaces.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "projects: {}", projects.join(" "));
    let _ = writeln!(text, "frozen everywhere by lines {:?}", desired.freeze.everywhere);
    for (workspace, lines) in &desired.freeze.workspaces {
        let _ = writeln!(text, "frozen {workspace} by lines {lines:?}");
    }
    for entry in desired.entries() {
        let fields = serde_json::to_string(&entry.spec.fields).expect("plain value");
        let _ = writeln!(text, "line {}: {} {} {fields}", entry.line, entry.key, entry.spec.role);
    }
    for dated in desired.not_now() {
        let (line, key) = (dated.entry.line, dated.entry.key);
        let _ = writeln!(text, "not now, line {line}: {key} {}", dated.why);
    }
    for one in desired.dates.iter().flat_map(|dates| &dates.upcoming) {
        let _ = writeln!(text, "{} {:?}, line {}: {}", one.on, one.turn, one.line, one.key);
    }
    text
}

#[test]
fn every_right_roster_loads_without_a_problem() {
    for path in samples("right-") {
        let roster = read(&path).unwrap_or_else(|error| panic!("{error}: {:?}", error.messages()));
        assert_eq!(roster.problems, [], "{}", path.display());
        insta::assert_snapshot!(name(&path), describe(&roster));
    }
}

#[test]
fn every_wrong_roster_is_told_all_that_is_wrong_with_it() {
    for path in samples("wrong-") {
        let text = match read(&path) {
            Ok(roster) => {
                assert_ne!(roster.problems, [], "nothing wrong with {}", path.display());
                describe(&roster)
            }
            Err(error) => format!("error: {error}\n{}\n", error.messages().join("\n")),
        };
        insta::assert_snapshot!(name(&path), text);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let settings = ReaderSettings::default();
    let error = read_roster(Path::new("no/such.csv"), &settings).expect_err("not there");
    assert_eq!(error.to_string(), "cannot open `no/such.csv`");
    assert!(std::error::Error::source(&error).is_some());
}
