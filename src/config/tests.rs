//! Whole loads: layers, provenance, and every problem at once. Nothing here asks the process for
//! its environment.

use super::*;
use crate::{api::HttpSettings, guard::Limits, plan::Mode};
use std::{fs, time::Duration};

/// A working directory with a file in it, and variables.
struct Setup {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Setup {
    fn new(text: &str) -> Self {
        let setup = Self::without_file();
        setup.write(FILE_NAME, text);
        setup
    }

    fn without_file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, variables: vec![("HOME".to_owned(), "/home/anna".to_owned())] }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self, flags: &Flags) -> Result<Configuration, ConfigError> {
        let variables = self.variables.iter().map(|(name, value)| (name.into(), value.into()));
        load(flags, &Surroundings::new(variables, self.folder.path()))
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

#[test]
fn every_key_is_explained_in_the_defaults() {
    for key in key::KEYS {
        let name = key.path.rsplit('.').next().expect("a name");
        let mentioned =
            |line: &str| line.trim_start_matches("# ").starts_with(&format!("{name} ="));
        assert!(DEFAULTS.lines().any(mentioned), "{}", key.path);
    }
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
    let text = "[http]\ntries = 7\n[profile.night.http]\ntries = 8\n";
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
    let setup = setup.with("XDG_CONFIG_HOME", &xdg.to_string_lossy());
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
fn every_problem_of_every_layer_is_found_in_one_load() {
    let setup = Setup::new(
        r#"mode = "mirro"
base_url = "http://user:secret@api.mavenlink.com"
token = "secret"
colour = 1
[http]
trys = 3
tries = 0
requests_per_second = inf
timeout = "0s"
backoff_base = 2
max_in_flight = -1
[guard]
max_delete_percent = 101
[protect]
users = ["boss", 7, "@x"]
[scope]
workspaces = [0]
[profile.night]
moed = "mirror"
[profile.default]
[htpp]
tries = 1
"#,
    )
    .with("KANTATA_SYNC_HTTP__TRIS", "3")
    .with("KANTATA_SYNC_HTTP", "3")
    .with("KANTATA_SYNC_GUARD__MAX_DELETES", "many");
    let flags = Flags { base_url: Some("http://10.0.0.1".to_owned()), ..profile("nigth") };
    let found = setup.bad(&flags);
    assert!(!found.contains("secret"), "{found}");
    insta::assert_snapshot!(found, @r#"
    the configuration has 21 problems:
      kantata-sync.toml:1: `mode = "mirro"`: expected `create-only`, `no-delete` or `mirror`
      kantata-sync.toml:2: `base_url`: expected no user name or password in it; the token has places of its own
      kantata-sync.toml:3: `token`: the token is never in the configuration; use KANTATA_TOKEN, `token_file` or `token_command`
      kantata-sync.toml:4: `colour`: unknown key
      kantata-sync.toml:6: `http.trys`: unknown key; the nearest known one is `http.tries`
      kantata-sync.toml:7: `http.tries = 0`: expected a whole number from 1 to 100
      kantata-sync.toml:8: `http.requests_per_second = inf`: expected a number from 0.001 to 1000
      kantata-sync.toml:9: `http.timeout = "0s"`: expected a duration longer than 0
      kantata-sync.toml:10: `http.backoff_base = 2`: expected a duration as text, such as "500ms", "2s", "5m" or "1h30m"
      kantata-sync.toml:11: `http.max_in_flight = -1`: expected a whole number from 1 to 1000
      kantata-sync.toml:13: `guard.max_delete_percent = 101`: expected a whole number from 0 to 100
      kantata-sync.toml:15: `protect.users = ["boss", 7, "@x"]`: `boss` is neither a user id nor an e-mail address or pattern such as `*@partner.example`; `@x` is neither a user id nor an e-mail address or pattern such as `*@partner.example`
      kantata-sync.toml:17: `scope.workspaces = [0]`: expected a list of project ids (positive whole numbers)
      kantata-sync.toml:21: `htpp`: unknown key; the nearest known one is `http`
      kantata-sync.toml:20: `profile.default`: expected a name of letters, digits, `-` and `_`, other than `default`
      kantata-sync.toml:19: `moed`: unknown key; the nearest known one is `mode`
      --profile: `nigth`: kantata-sync.toml has no such profile; it has `default`, `night`
      KANTATA_SYNC_GUARD__MAX_DELETES: `guard.max_deletes = "many"`: expected a whole number from 0 to 1000000
      KANTATA_SYNC_HTTP: `http`: expected a table
      KANTATA_SYNC_HTTP__TRIS: `http.tris`: unknown key; the nearest known one is `http.tries`
      --base-url: `base_url`: expected `https`; `http` is for 127.0.0.0/8, ::1 and localhost only
    "#);
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    let setup =
        Setup::new("token_file = \"t\"\ntoken_command = \"c\"\n[http]\nbackoff_base = \"2m\"\n");
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 2 problems:
      kantata-sync.toml:4: `http.backoff_base = 120s`: expected at most `http.backoff_cap`, which is 60s
      kantata-sync.toml:2: `token_command`: expected only one of it and `token_file` (kantata-sync.toml:1)
    "#);
}

#[test]
fn what_a_later_version_does_is_refused_now() {
    let setup = Setup::new(
        r#"[roster]
encoding = "windows-1252"
[monitor]
ping_url = "https://health.example/secret"
"#,
    );
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 2 problems:
      kantata-sync.toml:2: `roster.encoding = "windows-1252"`: this version does not do that yet; leave it at "utf-8"
      kantata-sync.toml:4: `monitor.ping_url`: this version does not do that yet; leave it out
    "#);
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let setup = Setup::new("mode = \"mirror\"\n[http\n");
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 1 problem:
      kantata-sync.toml:2: invalid table header; expected `.`, `]`
    "#);
}

#[test]
fn a_profile_without_a_file_is_refused() {
    insta::assert_snapshot!(Setup::without_file().bad(&profile("night")), @r#"
    the configuration has 1 problem:
      --profile: `night`: there is no configuration file that could have such a profile
    "#);
}

#[test]
fn without_any_home_the_state_folder_must_be_set() {
    let mut setup = Setup::without_file();
    setup.variables.clear();
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 1 problem:
      default: `state_dir`: neither XDG_STATE_HOME nor HOME is an absolute path; set `state_dir` or use --state-dir
    "#);
    let flags = Flags { state_dir: Some("state".to_owned()), ..Flags::default() };
    assert_eq!(setup.good(&flags).settings.state_dir, setup.folder.path().join("state"));
}

#[test]
fn a_profile_with_its_own_token_is_not_served_with_another_one() {
    let setup = Setup::new("token_command = \"c\"\n[profile.night]\ntoken_file = \"~/t\"\n");
    let source = setup.good(&profile("night")).settings.token_source;
    assert_eq!(source, TokenSource::File("/home/anna/t".into()));
}

#[test]
fn what_is_rendered_says_where_it_is_from_and_loads_again() {
    let setup = Setup::new("mode = \"no-delete\"\n[profile.night.guard]\nmax_deletes = 7\n")
        .with("KANTATA_SYNC_HTTP__TRIES", "9");
    let found = setup.good(&profile("night"));
    let mut out = Vec::new();
    render_config(&found, &mut out).expect("a vector takes all");
    let text = String::from_utf8(out).expect("text");
    insta::assert_snapshot!(text, @r#"
    # file: kantata-sync.toml
    # profile: night
    base_url = "https://api.mavenlink.com/api/v1"  # from default
    mode = "no-delete"  # from kantata-sync.toml:1
    allow_replace = false  # from default
    ownership = "all"  # from default
    delete_after_runs = 0  # from default
    delete_after_days = 0  # from default
    # token_file is not set
    # token_command is not set
    state_dir = "/home/anna/.local/state/kantata-sync"  # from HOME

    [http]
    requests_per_second = 4.0  # from default
    max_in_flight = 4  # from default
    timeout = "190s"  # from default
    connect_timeout = "10s"  # from default
    tries = 9  # from KANTATA_SYNC_HTTP__TRIES
    backoff_base = "2s"  # from default
    backoff_cap = "60s"  # from default
    settle_wait = "2s"  # from default
    retry_after_cap = "5m"  # from default
    give_up_after = "15m"  # from default

    [guard]
    max_deletes = 7  # from kantata-sync.toml:3 (profile)
    max_delete_percent = 10  # from default
    max_project_delete_percent = 50  # from default
    delete_floor = 5  # from default
    recheck_after = "5m"  # from default

    [protect]
    users = []  # from default

    [scope]
    workspaces = []  # from default

    [roster]
    encoding = "utf-8"  # from default
    delimiter = ","  # from default
    ignore_columns = []  # from default
    columns = {}  # from default

    [breaker]
    consecutive_failures = 10  # from default

    [state]
    keep_runs = 90  # from default

    [monitor]
    # ping_url is not set
    # webhook_url is not set
    # metrics_file is not set
    "#);
    let again = Setup::new(&text).good(&Flags::default()).settings;
    assert_eq!(Settings { profile: None, ..found.settings }, again);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn arbitrary_files_and_variables_never_panic(
            text in "(?s).{0,200}", value in "[^\0]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let setup = Setup::new(&text).with("KANTATA_SYNC_HTTP__TRIES", &value);
            let _ = setup.load(&Flags::default());
            let setup = Setup::new(&format!("{DEFAULTS}\n{text}"));
            let _ = setup.load(&Flags::default());
            fs::write(setup.folder.path().join(FILE_NAME), bytes).expect("written");
            let _ = setup.load(&Flags::default());
        }
    }
}
