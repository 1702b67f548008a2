//! What is wrong with a configuration, all of it at once, and where.

use super::*;

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
    insta::assert_snapshot!("every_problem_of_every_layer", found);
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
        r#"[monitor]
ping_url = "https://health.example/secret"
"#,
    );
    insta::assert_snapshot!(setup.bad(&Flags::default()), @r#"
    the configuration has 1 problem:
      kantata-sync.toml:2:12: `monitor.ping_url`: this version does not do that yet; leave it out
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
