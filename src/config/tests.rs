//! Whole loads: layers, provenance, and every problem at once. Nothing here asks the process for
//! its environment.

mod problems;
mod rendered;

use super::*;
use crate::{api::HttpSettings, guard::Limits, plan::Mode};
use std::{ffi::OsString, fs, time::Duration};

pub(super) mod draw;

/// A working directory with a file in it, and variables.
struct Setup {
    folder: tempfile::TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Setup {
    fn new(text: &str) -> Self {
        let setup = Self::without_file();
        setup.write(FILE_NAME, text);
        setup
    }

    fn without_file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, variables: vec![("HOME".into(), "/home/anna".into())] }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn load(&self, flags: &Flags) -> Result<Configuration, ConfigError> {
        load(flags, &Environment::new(self.variables.clone(), self.folder.path()))
    }

    fn good(&self, flags: &Flags) -> Configuration {
        self.load(flags).unwrap_or_else(|error| panic!("{error}"))
    }

    fn bad(&self, flags: &Flags) -> String {
        let error = self.load(flags).expect_err("problems");
        match &error {
            ConfigError::Read { .. } => error.to_string(),
            ConfigError::Invalid { problems } => {
                let lines: String = problems.iter().map(|found| format!("\n  {found}")).collect();
                format!("{error}:{lines}")
            }
        }
    }
}

fn profile(name: &str) -> Flags {
    Flags { profile: Some(name.to_owned()), ..Flags::default() }
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let Configuration { settings, file, .. } = Setup::without_file().good(&Flags::default());
    assert_eq!(file, None);
    assert_eq!(settings.http, HttpSettings::default());
    let limits = Limits {
        max_deletes: 50,
        max_delete_percent: 10,
        max_project_delete_percent: 50,
        delete_floor: 5,
    };
    assert_eq!(settings.guard, limits);
    assert_eq!(settings.recheck_after, Duration::from_mins(5));
    assert_eq!((settings.mode, settings.allow_replace), (Mode::Mirror, false));
    assert_eq!(settings.base_url.to_string(), "https://api.mavenlink.com/api/v1");
    assert_eq!(settings.token_source, TokenSource::VariableOnly);
    assert_eq!(settings.keep_runs, 90);
    assert_eq!(settings.roster.delimiter.byte(), b',');
    assert_eq!(
        settings.state_folder(),
        Path::new("/home/anna/.local/state/kantata-sync/default/api.mavenlink.com-443")
    );
}

/// The lines of `config/default.toml`, those that hold a key in a comment with their key alone.
fn defaults_with_examples() -> String {
    let is_key = |line: &&str| line.split(" = ").next().is_some_and(|name| !name.contains(' '));
    let line = |line| match str::strip_prefix(line, "# ").filter(is_key) {
        Some(example) if example.contains(" = ") => example,
        _ => line,
    };
    DEFAULTS
        .lines()
        .take_while(|line| !line.starts_with("# [profile"))
        .map(line)
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn every_key_has_a_default_or_an_example_in_the_defaults_and_the_other_way_round() {
    let without_default: Vec<&str> = {
        let set = Setup::without_file().good(&Flags::default()).values;
        key::KEYS.iter().map(|key| key.path).filter(|path| !set.contains_key(path)).collect()
    };
    let optional = [
        "token_file",
        "token_command",
        "roster.encoding",
        "roster.sheet",
        "roster.person_service",
        "roster.project_service",
        "monitor.ping_url",
        "monitor.webhook_url",
        "monitor.metrics_file",
    ];
    assert_eq!(without_default, optional);
    // Each example is known and fits, but for those that wait for a later version.
    let text = defaults_with_examples().replace("token_command", "# token_command");
    let text = text.replacen("users = []", "", 1);
    let Err(ConfigError::Invalid { problems }) = Setup::new(&text).load(&Flags::default()) else {
        panic!("some keys wait");
    };
    let refused: Vec<_> = problems.iter().filter_map(|problem| problem.key.as_deref()).collect();
    assert_eq!(refused, optional[6..]);
}

#[test]
fn the_production_example_and_its_profiles_load() {
    let setup = Setup::new(include_str!("../../config/production.example.toml"));
    let settings = setup.good(&Flags::default()).settings;
    assert_eq!(settings.token_source, TokenSource::File(setup.folder.path().join("token")));
    assert_eq!(settings.guard.max_deletes, 20);
    assert_eq!(setup.good(&profile("migration")).settings.mode, Mode::CreateOnly);
    let settings = setup.good(&profile("rehearsal")).settings;
    assert_eq!(
        settings.token_source,
        TokenSource::Command(vec!["printf".to_owned(), "rehearsal".to_owned()])
    );
    assert_eq!(
        settings.state_folder(),
        Path::new("/var/lib/kantata-sync/rehearsal/127.0.0.1-8080")
    );
}

#[test]
fn each_layer_wins_over_the_one_before() {
    let tries = |setup: &Setup, flags: &Flags| {
        let found = setup.good(flags);
        (found.settings.http.tries, found.origin("http.tries").expect("set").to_string())
    };
    let text = "[http]\ntries = 7\n[profile.night.http]\ntries = 8\n\
                [profile.day]\nhttp.tries = 98\n[profile.other.http]\ntries = 99\n";
    assert_eq!(tries(&Setup::without_file(), &Flags::default()), (6, "default".to_owned()));
    let setup = Setup::new(text);
    assert_eq!(tries(&setup, &Flags::default()), (7, "kantata-sync.toml:2".to_owned()));
    assert_eq!(tries(&setup, &profile("night")), (8, "kantata-sync.toml:4".to_owned()));
    let setup = setup.with("KANTATA_SYNC_HTTP__TRIES", "9");
    let expected = (9, "KANTATA_SYNC_HTTP__TRIES".to_owned());
    assert_eq!(tries(&setup, &profile("night")), expected);
    let setup = setup.with("KANTATA_SYNC_BASE_URL", "https://variable.example");
    let flags = Flags { base_url: Some("https://flag.example/".to_owned()), ..profile("night") };
    let found = setup.good(&flags);
    assert_eq!(found.settings.base_url.to_string(), "https://flag.example");
    assert_eq!(found.origin("base_url").expect("set").source, Source::Flag("--base-url"));
}

#[test]
fn the_file_is_looked_for_here_and_then_in_the_xdg_folder() {
    let setup = Setup::without_file();
    setup.write("xdg/kantata-sync/config.toml", "mode = \"no-delete\"\n");
    let xdg = setup.folder.path().join("xdg");
    let setup = setup.with("XDG_CONFIG_HOME", xdg);
    assert_eq!(setup.good(&Flags::default()).settings.mode, Mode::NoDelete);
    setup.write(FILE_NAME, "mode = \"create-only\"\n");
    assert_eq!(setup.good(&Flags::default()).settings.mode, Mode::CreateOnly);
    setup.write("other.toml", "");
    let flags = Flags { config: Some("other.toml".into()), ..Flags::default() };
    assert_eq!(setup.good(&flags).settings.mode, Mode::Mirror);
    let flags = Flags { config: Some("none.toml".into()), ..Flags::default() };
    assert_eq!(setup.bad(&flags), "cannot read the configuration `none.toml`");
}

#[test]
fn variables_carry_text_numbers_and_lists() {
    let setup = Setup::without_file()
        .with("KANTATA_SYNC_HTTP__REQUESTS_PER_SECOND", "2")
        .with("KANTATA_SYNC_HTTP__TIMEOUT", "1m30s")
        .with("KANTATA_SYNC_ALLOW_REPLACE", "true")
        .with("KANTATA_SYNC_SCOPE__WORKSPACES", "[8, 7, 8]")
        .with("KANTATA_SYNC_PROTECT__USERS", "[7, boss@firm.example]")
        .with("KANTATA_SYNC_TOKEN_COMMAND", "pass 'my token'")
        .with("KANTATA_SYNC_DELETE_AFTER_RUNS", "0")
        .with("KANTATA_TOKEN", "not a setting");
    let settings = setup.good(&Flags::default()).settings;
    assert_eq!(settings.http.timeout, Duration::from_secs(90));
    assert!((settings.http.requests_per_second - 2.0).abs() < f64::EPSILON);
    assert!(settings.allow_replace && settings.protect.needs_addresses());
    let ids: Vec<u64> = settings.scope_workspaces.iter().map(|id| id.number()).collect();
    assert_eq!(ids, [7, 8]);
    assert_eq!(
        settings.token_source,
        TokenSource::Command(vec!["pass".to_owned(), "my token".to_owned()])
    );
}

#[test]
fn a_table_of_several_layers_is_one() {
    let setup = Setup::new(
        "roster.columns = { user_id = 'a', role = 'b' }\n[profile.night.roster]\ncolumns.role = 'c'\n",
    )
    .with("KANTATA_SYNC_ROSTER__COLUMNS", "{title=d}");
    let columns = setup.good(&profile("night")).settings.roster.columns;
    let columns: Vec<_> = columns.iter().map(|(ours, theirs)| format!("{ours}={theirs}")).collect();
    assert_eq!(columns, ["role=c", "title=d", "user_id=a"]);
}

mod properties {
    use proptest::prelude::*;
    use toml::{Table, Value};

    use super::{key::KEYS, *};

    /// A value for each key that this version takes, of those that exclude each other one.
    fn configurations() -> impl Strategy<Value = Table> {
        let keys = KEYS.iter().filter(|key| !key.is_later());
        let drawn = keys.map(|key| {
            prop::option::weighted(0.8, (key.draw)()).prop_map(|value| Some((key.path, value?)))
        });
        let drawn = drawn.collect::<Vec<_>>();
        (drawn, any::<bool>()).prop_map(|(drawn, by_file)| {
            let mut values: Table =
                drawn.into_iter().flatten().map(|(path, value)| (path.to_owned(), value)).collect();
            values.remove(if by_file { "token_command" } else { "token_file" });
            let (base, cap) = ("http.backoff_base", "http.backoff_cap");
            let (other, least) =
                if values.contains_key(cap) { (base, "1ms") } else { (cap, "168h") };
            values.insert(other.to_owned(), least.into());
            values
        })
    }

    /// The same as a file, where a dotted path is a table and its key.
    fn nested(values: &Table) -> Table {
        let mut found = Table::new();
        for (path, value) in values {
            match path.split_once('.') {
                None => drop(found.insert(path.clone(), value.clone())),
                Some((table, name)) => {
                    let table = found.entry(table).or_insert(Table::new().into());
                    let table = table.as_table_mut().expect("a table");
                    table.insert(name.to_owned(), value.clone());
                }
            }
        }
        found
    }

    fn variables(values: &Table) -> Setup {
        values.iter().fold(Setup::without_file(), |setup, (path, value)| {
            let name = format!("KANTATA_SYNC_{}", path.replace('.', "__").to_uppercase());
            setup.with(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(?s).{0,12}".prop_map(Value::from),
            "[0-9]{0,12}[a-z]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4).prop_map(Value::from),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn arbitrary_files_and_variables_never_panic(
            text in "(?s).{0,200}", value in "[^\0]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let setup = Setup::new(&text).with("KANTATA_SYNC_HTTP__TRIES", value);
            let _ = setup.load(&Flags::default());
            let setup = Setup::new(&format!("{DEFAULTS}\n{text}"));
            let _ = setup.load(&Flags::default());
            fs::write(setup.folder.path().join(FILE_NAME), bytes).expect("written");
            let _ = setup.load(&Flags::default());
        }

        #[test]
        fn arbitrary_values_never_panic_and_are_told_in_one_line(
            drawn in prop::collection::vec((0..KEYS.len(), values()), 1..6),
        ) {
            let values: Table =
                drawn.into_iter().map(|(key, value)| (KEYS[key].path.to_owned(), value)).collect();
            let text = toml::to_string(&nested(&values)).expect("TOML");
            let clean = variables(&values);
            let _ = clean.load(&Flags::default());
            if let Err(ConfigError::Invalid { problems }) = Setup::new(&text).load(&Flags::default()) {
                for problem in problems {
                    prop_assert_eq!(problem.to_string().lines().count(), 1);
                }
            }
        }

        #[test]
        fn every_key_is_read_back_as_it_is_shown(values in configurations()) {
            let text = toml::to_string(&nested(&values)).expect("TOML");
            let setup = Setup::new(&text);
            let found = setup.good(&Flags::default());
            let mut shown = Vec::new();
            render_config(&found, &mut shown).expect("a vector takes all");
            let shown = String::from_utf8(shown).expect("text");
            for path in values.keys() {
                let origin = found.origin(path).expect("set").to_string();
                prop_assert!(origin.starts_with("kantata-sync.toml:"), "{} {}", path, origin);
            }
            setup.write(FILE_NAME, &shown);
            let again = setup.good(&Flags::default());
            prop_assert_eq!(&again.settings, &found.settings);
            let mut by_variables = variables(&values);
            by_variables.folder = setup.folder;
            fs::remove_file(by_variables.folder.path().join(FILE_NAME)).expect("removed");
            prop_assert_eq!(by_variables.good(&Flags::default()).settings, found.settings);
        }
    }
}
