//! Whole loads: layers, provenance, and every problem at once. Nothing here asks the process for
//! its environment.

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
    assert_eq!(refused, optional[4..]);
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
      kantata-sync.toml:1:8: `mode = "mirro"`: expected `create-only`, `no-delete` or `mirror`
      kantata-sync.toml:2:12: `base_url`: expected no user name or password in it; the token has places of its own
      kantata-sync.toml:3:1: `token`: the token is never in the configuration; use KANTATA_TOKEN, `token_file` or `token_command`
      kantata-sync.toml:4:1: `colour`: unknown key
      kantata-sync.toml:6:1: `http.trys`: unknown key; the nearest known one is `http.tries`
      kantata-sync.toml:7:9: `http.tries = 0`: expected a whole number from 1 to 100
      kantata-sync.toml:8:23: `http.requests_per_second = inf`: expected a number from 0.001 to 1000
      kantata-sync.toml:9:11: `http.timeout = "0s"`: expected a duration from 1ms to 168h
      kantata-sync.toml:10:16: `http.backoff_base = 2`: expected a duration as text with its unit, such as "2s"
      kantata-sync.toml:11:17: `http.max_in_flight = -1`: expected a whole number from 1 to 1000
      kantata-sync.toml:13:22: `guard.max_delete_percent = 101`: expected a whole number from 0 to 100
      kantata-sync.toml:15:9: `protect.users = ["boss", 7, "@x"]`: `boss` is neither a user id nor an e-mail address or pattern such as `*@partner.example`; `@x` is neither a user id nor an e-mail address or pattern such as `*@partner.example`
      kantata-sync.toml:17:14: `scope.workspaces = [0]`: expected a list of project ids (positive whole numbers)
      kantata-sync.toml:21:2: `htpp`: unknown key; the nearest known one is `http`
      kantata-sync.toml:20:10: `profile.default`: expected a name of letters, digits, `-` and `_`, other than `default`
      kantata-sync.toml:19:1: `moed`: unknown key; the nearest known one is `mode`
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
      kantata-sync.toml:4:16: `http.backoff_base = "2m"`: expected at most `http.backoff_cap`, which is "60s"
      kantata-sync.toml:2:17: `token_command`: expected only one of it and `token_file` (kantata-sync.toml:1)
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
      kantata-sync.toml:2:12: `roster.encoding = "windows-1252"`: this version does not do that yet; leave it at "utf-8"
      kantata-sync.toml:4:12: `monitor.ping_url`: this version does not do that yet; leave it out
    "#);
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let setup = Setup::new("mode = \"mirror\"\n[http\n");
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 1 problem:
      kantata-sync.toml:2:6: unclosed table, expected `]`
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
    time_zone = "UTC"  # from default
    # person_service is not set
    # project_service is not set
    projects = "all"  # from default
    directory_max_age = "7d"  # from default
    values = {}  # from default
    defaults = {}  # from default
    where = {}  # from default

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

#[test]
fn places_are_those_of_the_parser() {
    let setup = Setup::new(
        "\u{feff}mode = 'x'\r\nguard.max_deletes = \"é\"\r\nscope = { workspaces = [0] }\r\n\
         protect . \"users\" = [\r\n  'boss'\r\n]\r\n\
         token_command = \"\"\"\r\n[http]\r\ntries = 1\r\n'\"\"\"\r\n\
         [ http ] # pace\r\n\"tries\" = 0x65\r\n\
         [profile.night.http]\r\ntries = 1979-05-27\r\n\
         [roster.columns]\r\nuser_id = 1\r\n[[state]]\r\nkeep_runs = 3\r\n",
    );
    insta::assert_snapshot!(setup.bad(&profile("night")), @r#"
    the configuration has 9 problems:
      kantata-sync.toml:1:8: `mode = "x"`: expected `create-only`, `no-delete` or `mirror`
      kantata-sync.toml:2:21: `guard.max_deletes = "é"`: expected a whole number from 0 to 1000000
      kantata-sync.toml:3:24: `scope.workspaces = [0]`: expected a list of project ids (positive whole numbers)
      kantata-sync.toml:4:21: `protect.users = ["boss"]`: `boss` is neither a user id nor an e-mail address or pattern such as `*@partner.example`
      kantata-sync.toml:7:17: `token_command = """\n[http]\r\ntries = 1\r\n'"""`: expected every quote to be closed
      kantata-sync.toml:12:11: `http.tries = 0x65`: expected a whole number from 1 to 100
      kantata-sync.toml:15:9: `roster.columns = { user_id = 1 }`: expected a table of strings
      kantata-sync.toml:17:3: `state`: expected a table
      kantata-sync.toml:14:9: `http.tries = 1979-05-27`: expected a whole number from 1 to 100
    "#);
}

#[test]
fn a_file_that_is_not_utf_8_is_told_where() {
    let setup = Setup::without_file();
    for (bytes, place) in [
        (b"mode = 'mirror'\n\n# \xe9".as_slice(), "3:3"),
        (b"\xff\xfem\0o\0".as_slice(), "1:1"),
        (b"# \xc3\xa9\xc3", "1:4"),
    ] {
        fs::write(setup.folder.path().join(FILE_NAME), bytes).expect("written");
        let found = setup.bad(&Flags::default());
        let expected = format!("kantata-sync.toml:{place}: expected a text in UTF-8");
        assert!(found.ends_with(&expected), "{found}");
    }
}

#[test]
fn numbers_beyond_all_bounds_are_told_like_any_other() {
    let setup = Setup::new(
        "delete_after_runs = 99999999999999999999\ndelete_after_days = -9223372036854775809\n\
         [http]\ntries = 4294967297\nrequests_per_second = 1e999\nmax_in_flight = 4.0\n\
         timeout = 30\nconnect_timeout = -1.5\nbackoff_base = \"-2s\"\nsettle_wait = \"2\"\n\
         give_up_after = \"9999999999999999999h\"\n\
         [scope]\nworkspaces = [18446744073709551616]\n",
    )
    .with("KANTATA_SYNC_HTTP__REQUESTS_PER_SECOND", "NaN")
    .with("KANTATA_SYNC_HTTP__TIMEOUT", "30")
    .with("KANTATA_SYNC_MODE", "");
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 14 problems:
      kantata-sync.toml:1:21: `delete_after_runs = 99999999999999999999`: expected a whole number from 0 to 10000
      kantata-sync.toml:2:21: `delete_after_days = -9223372036854775809`: expected a whole number from 0 to 10000
      kantata-sync.toml:4:9: `http.tries = 4294967297`: expected a whole number from 1 to 100
      kantata-sync.toml:5:23: `http.requests_per_second = 1e999`: expected a number from 0.001 to 1000
      kantata-sync.toml:6:17: `http.max_in_flight = 4.0`: expected a whole number from 1 to 1000
      kantata-sync.toml:7:11: `http.timeout = 30`: expected a duration as text with its unit, such as "30s"
      kantata-sync.toml:8:19: `http.connect_timeout = -1.5`: expected a duration as text with its unit, such as "30s"
      kantata-sync.toml:9:16: `http.backoff_base = "-2s"`: expected a duration of 0s to 168h, such as `500ms`, `2s`, `5 minutes` or `1h30m`
      kantata-sync.toml:10:15: `http.settle_wait = "2"`: expected a duration with its unit, such as `2s`
      kantata-sync.toml:11:17: `http.give_up_after = "9999999999999999999h"`: expected a duration of 0s to 168h, such as `500ms`, `2s`, `5 minutes` or `1h30m`
      kantata-sync.toml:13:14: `scope.workspaces = [18446744073709552000.0]`: expected a list of project ids (positive whole numbers)
      KANTATA_SYNC_HTTP__REQUESTS_PER_SECOND: `http.requests_per_second = nan`: expected a number from 0.001 to 1000
      KANTATA_SYNC_HTTP__TIMEOUT: `http.timeout = 30`: expected a duration as text with its unit, such as "30s"
      KANTATA_SYNC_MODE: `mode = ""`: expected `create-only`, `no-delete` or `mirror`
    "#);
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    for text in [
        "mode = 'mirror'\nmode = 'mirror'\n",
        "[http]\ntries = 1\n[http]\n",
        "http.tries = 1\n[http]\n",
        "http = { tries = 1, tries = 2 }\n",
        "[profile.a]\n[profile.a]\n",
    ] {
        let found = Setup::new(text).bad(&Flags::default());
        assert!(found.contains("duplicate key"), "{text}: {found}");
    }
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

#[cfg(unix)]
#[test]
fn what_is_not_utf_8_in_the_environment_is_refused_or_kept_as_it_is() {
    use std::os::unix::ffi::OsStringExt;

    let odd = |text: &[u8]| OsString::from_vec(text.to_vec());
    let setup = Setup::without_file()
        .with("KANTATA_SYNC_STATE_DIR", odd(b"/var/\xff"))
        .with(odd(b"KANTATA_SYNC_\xfe"), "1");
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 2 problems:
      KANTATA_SYNC_STATE_DIR: `state_dir`: expected UTF-8
      KANTATA_SYNC_�: `�`: unknown key
    "#);
    let setup = Setup::without_file().with("XDG_STATE_HOME", odd(b"/var/\xff"));
    let settings = setup.good(&Flags::default()).settings;
    assert_eq!(settings.state_dir, PathBuf::from(odd(b"/var/\xff/kantata-sync")));
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
