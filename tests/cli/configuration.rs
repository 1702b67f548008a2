//! What people write into configurations, and what is said of it.

use crate::harness::Desk;

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, seconds) in [
        ("5m", 300),
        ("5 minutes", 300),
        ("PT5M", 300),
        ("1h 30m", 5400),
        ("1 hour, 30 mins", 5400),
        ("1.5h", 5400),
        ("30m1h", 5400),
    ] {
        let desk = Desk::bare();
        let cap = format!("{seconds}s");
        desk.write("kantata-sync.toml", &format!("[http]\nbackoff_base = \"{text}\"\n"));
        // As long as the longest wait fits, one millisecond less does not: it was read as it was meant.
        let desk = desk.with("KANTATA_SYNC_HTTP__BACKOFF_CAP", &cap);
        desk.run(&["config"]).ends_with(0);
        let less = format!("{}ms", seconds * 1000 - 1);
        desk.with("KANTATA_SYNC_HTTP__BACKOFF_CAP", &less).run(&["config"]).ends_with(3);
    }
}

#[test]
fn a_problem_is_told_where_it_is_and_not_where_a_text_looks_like_it() {
    let desk = Desk::bare()
        .with("KANTATA_SYNC_HTTP__TIMEOUT", "30")
        .with("KANTATA_SYNC_GUARD__MAX_DELETES", "");
    desk.write(
        "kantata-sync.toml",
        "token_command = '''\n[http]\ntries = 3\n'''\n[http]\ntries = 0\nsettle_wait = 5\n\
         backoff_cap = \"-1s\"\n\n[ \"guard\" ]\nmax_deletes = 99999999999999999999\n",
    );
    insta::assert_snapshot!(desk.run(&["config"]).text());
    desk.write(
        "kantata-sync.toml",
        "mode = mirror\n\n[roster]\nencoding = utf-8\nencoding = 'x'\n",
    );
    insta::assert_snapshot!("each_line_that_is_not_toml_is_told", desk.run(&["config"]).text());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_not_taken_for_another_value() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let desk = Desk::bare();
    let mut command = desk.command(&["config"]);
    let output = command
        .env("KANTATA_SYNC_STATE_DIR", OsStr::from_bytes(b"kept\xff"))
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("KANTATA_SYNC_STATE_DIR: `state_dir`: expected UTF-8"), "{said}");
}

#[test]
fn a_sandbox_setting_is_told_with_its_place() {
    let desk = Desk::bare();
    desk.write("sandbox.toml", "latency = \"5 minutes\"\n\n[faults]\nsed = 7\n");
    let ran = desk.run(&["sandbox", "--port", "0", "--settings", "sandbox.toml"]).ends_with(3);
    assert!(ran.stderr.contains("sandbox.toml:4:1: unknown field `sed`"), "{}", ran.text());
}
