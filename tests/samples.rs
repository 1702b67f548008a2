//! Every configuration and every sample is what its name says. (`tests/rosters.rs` has what is said
//! about each roster; `tests/cli/readme.rs` runs what the README says.)

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use kantata_sync::{
    config::{Configuration, Environment, Flags, TokenSource, load},
    model::WorkspaceId,
    plan::Mode,
    roster::{ParsedRoster, ReaderSettings, Roster},
    sandbox::World,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect(folder);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

/// Nothing but a home folder.
fn environment() -> Environment {
    Environment::new([(OsString::from("HOME"), OsString::from("/home/somebody"))], "/nowhere")
}

/// Loads a configuration as `--config` does.
fn configuration(path: &Path, profile: Option<&str>) -> Configuration {
    let flags = Flags {
        config: Some(path.to_owned()),
        profile: profile.map(str::to_owned),
        ..Flags::default()
    };
    load(&flags, &environment()).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()))
}

/// The names in the headings `[profile.NAME]`, those in comments left out.
fn profiles(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("[profile.")?.split(['.', ']']).next())
        .collect()
}

#[test]
fn every_configuration_loads_with_each_of_its_profiles() {
    let paths = files("config");
    assert!(paths.len() >= 2, "{paths:?}");
    for path in paths {
        configuration(&path, None);
        let text = fs::read_to_string(&path).expect("readable");
        for profile in profiles(&text) {
            let loaded = configuration(&path, Some(profile));
            assert_eq!(loaded.settings.profile.as_deref(), Some(profile));
        }
    }
}

#[test]
fn the_defaults_as_a_file_are_the_defaults() {
    let file = configuration(&root().join("config/default.toml"), None).settings;
    let none = load(&Flags::default(), &environment()).expect("the defaults");
    assert_eq!(file, none.settings);
}

#[test]
fn the_example_is_stricter_than_the_defaults() {
    let folder = root().join("config");
    let defaults = configuration(&folder.join("default.toml"), None).settings;
    let path = folder.join("production.example.toml");
    let example = configuration(&path, None).settings;
    assert!(example.guard.max_deletes < defaults.guard.max_deletes);
    assert!(example.guard.max_delete_percent < defaults.guard.max_delete_percent);
    assert_eq!(example.token_source, TokenSource::File(folder.join("token")));
    let migration = configuration(&path, Some("migration")).settings;
    assert_eq!((example.mode, migration.mode), (Mode::Mirror, Mode::CreateOnly));
    assert!(configuration(&path, Some("rehearsal")).settings.base_url.is_loopback());
}

fn roster(path: &Path) -> Option<Roster> {
    // Those by name need nobody to ask: each name is taken for one of its own.
    let names = path.to_string_lossy().contains("-by-name-");
    let settings = ReaderSettings { names, ..ReaderSettings::default() };
    let parsed = ParsedRoster::read(path, &settings).ok()?;
    let known = parsed.as_spelled();
    Some(parsed.settle(&known))
}

#[test]
fn every_roster_is_right_or_wrong_as_its_name_says() {
    let paths = files("sample-data/rosters");
    assert!(paths.len() > 30);
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let clean = roster(&path).is_some_and(|roster| roster.problems.is_empty());
        let right = name.starts_with("right-");
        assert!(right || name.starts_with("wrong-"), "{name} does not say which it is");
        assert_eq!(clean, right, "{name}");
    }
}

#[test]
fn the_sample_roster_and_the_sample_world_are_about_the_same_projects() {
    let live = fs::read_to_string(root().join("sample-data/live.csv")).expect("the sample");
    let world = World::from_csv(&live).expect("a good seed");
    let roster = roster(&root().join("sample-data/roster.csv")).expect("a good roster");
    assert_eq!((roster.problems, roster.warnings), (vec![], vec![]));
    let desired: BTreeSet<u64> =
        roster.desired.workspaces.iter().map(|id: &WorkspaceId| id.number()).collect();
    assert!(desired.len() >= 12);
    let known: BTreeSet<u64> = world.workspaces().keys().copied().collect();
    assert!(desired.is_subset(&known));
    // Some projects are nobody's business here: a run must leave them alone.
    assert!(desired.len() < known.len());
    assert!(desired.iter().any(|id| world.on(*id).count() > 200));
}
