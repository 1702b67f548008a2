//! How a process ends: one error line for every exit code but 0, and a log that is JSON to its last line.

use std::{fs, process::Output};

use serde_json::Value;

use crate::{
    harness::{Desk, LIVE, ROSTER, Server, hold_lock, sandbox},
    interruption::{sample_roster, sample_sandbox, signalling},
};

/// Exactly one line that tells of the error, with the code, and with a report that is there.
fn says_one_error(stderr: &str, code: i32, with_report: bool) {
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error:")).collect();
    let [line] = lines[..] else { panic!("exit {code}: {lines:?} in {stderr}") };
    assert!(line.contains(&format!(" (exit {code})")), "{line}");
    let report = line.split_once("; report: ").map(|(_, path)| path);
    assert_eq!(report.is_some(), with_report, "{line}");
    if let Some(path) = report {
        assert!(fs::read_to_string(path).expect(path).contains("\"exit\""), "{line}");
    }
}

/// A roster, arguments, variables, the code, and whether a report is kept.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], i32, bool);

#[test]
fn every_end_but_0_says_one_error_line_however_quiet() {
    let wrong = ROSTER.replace("200,32,maven", "200,32,mavn");
    let cases: [Case; 12] = [
        (
            ROSTER,
            &["plan", "roster.csv"],
            &[("KANTATA_SYNC_BASE_URL", "http://127.0.0.1:9")],
            1,
            true,
        ),
        (ROSTER, &["config"], &[("KANTATA_SYNC_HTTP__TRIES", "many")], 3, false),
        (ROSTER, &["plan", "--chek", "roster.csv"], &[], 2, false),
        (ROSTER, &["apply", "roster.csv"], &[], 2, false),
        (ROSTER, &["plan", "--output", "a.pdf", "roster.csv"], &[], 2, false),
        (&wrong, &["check", "roster.csv"], &[], 3, false),
        ("", &["apply", "--yes", "roster.csv"], &[], 3, true),
        (
            ROSTER,
            &["apply", "--yes", "roster.csv"],
            &[("KANTATA_SYNC_GUARD__MAX_DELETES", "0"), ("KANTATA_SYNC_GUARD__DELETE_FLOOR", "0")],
            4,
            true,
        ),
        (&wrong, &["apply", "--yes", "roster.csv"], &[], 5, true),
        (ROSTER, &["plan", "--check", "roster.csv"], &[], 6, true),
        (ROSTER, &["plan", "roster.csv"], &[("KANTATA_TOKEN", "")], 8, true),
        (ROSTER, &["plan", "roster.csv"], &[("KANTATA_TOKEN", "another-token")], 8, true),
    ];
    for (roster, arguments, variables, code, with_report) in cases {
        let sandbox = sandbox(LIVE);
        let server = Server::of_sandbox(&sandbox);
        let mut desk = Desk::at(&server.base_url());
        for (name, value) in variables {
            desk = desk.with(name, value);
        }
        desk.write("roster.csv", roster);
        let ran = desk.run(&[&["-q"], arguments].concat()).ends_with(code);
        says_one_error(&ran.stderr, code, with_report);
    }
}

#[test]
fn a_run_that_another_one_keeps_out_says_one_error_line() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let folder = desk.state().join("default").join(server.folder_name());
    fs::create_dir_all(&folder).expect("a folder");
    let _held = hold_lock(&folder);
    let ran = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(7);
    says_one_error(&ran.stderr, 7, true);
}

/// The runs that are kept, the newest first.
fn listed(desk: &Desk) -> Vec<Value> {
    let listed = desk.run(&["runs", "--format", "json"]).ends_with(0).stdout;
    serde_json::from_str(&listed).expect("JSON")
}

/// Arguments, variables, the code, and words of how it ended.
type Night<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32, &'a str);

#[test]
fn every_night_is_shown_whatever_ended_it_and_undone_is_the_last_that_wrote() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("empty.csv", "");
    desk.write("wrong.csv", &ROSTER.replace("200,32,maven", "200,32,mavn"));
    desk.write("none.csv", "# base_url: https://elsewhere\n");
    let applied = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let nights: [Night; 8] = [
        (&["apply", "--yes", "empty.csv"], &[], 3, "empty.csv"),
        (&["plan", "gone.csv"], &[], 3, "gone.csv"),
        (&["apply", "--yes", "--strict", "wrong.csv"], &[], 3, "mavn"),
        (&["apply", "--yes", "roster.csv"], &[("KANTATA_TOKEN", "")], 8, "token"),
        (&["apply", "--yes", "--approve-deletes", "none.csv", "roster.csv"], &[], 3, "none.csv"),
        (&["apply", "--yes", "--plan", "none.csv", "roster.csv"], &[], 3, "none.csv"),
        (&["undo", "--yes", "20200101T000000Z-00000000"], &[], 3, "no run"),
        (&["adopt", "--yes", "empty.csv"], &[], 3, "empty.csv"),
    ];
    for (arguments, variables, code, words) in nights {
        let before = listed(&desk).len();
        let mut tried = desk.command(arguments);
        tried.envs(variables.iter().copied());
        assert_eq!(tried.output().expect("started").status.code(), Some(code), "{arguments:?}");
        let runs = listed(&desk);
        assert_eq!(runs.len(), before + 1, "{arguments:?}");
        assert_eq!((&runs[0]["command"], &runs[0]["exit"]), (&arguments[0].into(), &code.into()));
        let shown = desk.run(&["show", "latest"]).ends_with(0).stdout;
        assert!(shown.contains(words) && shown.contains(&format!("; exit {code}")), "{shown}");
    }
    // A night without a plan is no run to be undone, and no plan to be applied.
    let undone = desk.run(&["undo", "--dry-run", "latest"]);
    assert!(undone.stdout.contains(&applied.run()), "{}", undone.stdout);
}

#[test]
fn a_run_that_is_kept_out_is_shown_and_removes_nothing() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_STATE__KEEP_RUNS", "1");
    let first = desk.run(&["plan", "roster.csv"]).ends_with(0);
    let held = hold_lock(&first.folder().join("../.."));
    for _ in 0..2 {
        desk.run(&["apply", "--yes", "roster.csv"]).ends_with(7);
    }
    assert!(first.folder().join("report.json").exists());
    let shown = desk.run(&["show", "latest"]).ends_with(0).stdout;
    assert!(shown.contains("another run holds the lock") && shown.contains("exit 7"), "{shown}");
    drop(held);
    // Whoever holds the lock next keeps one of those that wrote and one of the others.
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let exits: Vec<Value> = listed(&desk).iter().map(|run| run["exit"].clone()).collect();
    assert_eq!(exits, [0, 7]);
}

/// The sample job, sent this signal at its 30th request.
fn signalled(signal: &'static [&'static str], more: &[&str]) -> (Desk, Output) {
    let sandbox = sample_sandbox();
    let (server, victim) = signalling(&sandbox, signal, 30);
    let desk = Desk::at(&server.base_url());
    let roster = sample_roster();
    let mut command = desk.command(&[&["apply", "--yes", "-q", &roster], more].concat());
    let piped = std::process::Stdio::piped;
    let child = command.stdout(std::process::Stdio::null()).stderr(piped()).spawn();
    let child = child.expect("started");
    victim.is(&child);
    (desk, child.wait_with_output().expect("waited"))
}

#[test]
fn a_run_that_is_asked_to_end_says_one_error_line() {
    for (signal, code) in [(&["INT"], 130), (&["TERM"], 143)] {
        let (_desk, output) = signalled(signal, &[]);
        assert_eq!(output.status.code(), Some(code));
        says_one_error(&String::from_utf8_lossy(&output.stderr), code, true);
    }
}

/// Every line as a record; all of one run, and the last one tells its end.
fn records(stderr: &str, code: i32) -> Vec<Value> {
    let record = |line: &str| -> Value {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
        for key in ["timestamp", "level", "message"] {
            assert!(record[key].is_string(), "{key} of {line}");
        }
        assert!(record.get("run").is_some(), "{line}");
        record
    };
    let records: Vec<Value> = stderr.lines().map(record).collect();
    let last = records.last().expect("something is said");
    assert_eq!((&last["message"], &last["exit"]), (&"run ended".into(), &code.into()));
    let runs = records.iter().map(|record| &record["run"]).skip_while(|run| run.is_null());
    assert!(runs.clone().all(|run| *run == last["run"]), "{stderr}");
    let errors: Vec<&Value> = records.iter().filter(|record| record["level"] == "ERROR").collect();
    assert_eq!(errors.len(), usize::from(code != 0), "{stderr}");
    assert!(errors.iter().all(|error| error["exit"] == code && error["report"] == last["report"]));
    records
}

#[test]
fn a_log_in_json_is_json_to_its_last_line() {
    let json = ["--log-format", "json"];
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let applied = desk.run(&[&json[..], &["apply", "--yes", "-vv", "roster.csv"]].concat());
    let records_of_it = records(&applied.ends_with(0).stderr, 0);
    let says = |text: &str| {
        records_of_it
            .iter()
            .any(|record| record["message"].as_str().is_some_and(|it| it.contains(text)))
    };
    assert!(says("Cleo Marsh (12)") && says("creates") && says("kept in "), "{records_of_it:?}");
    let report = records_of_it.last().and_then(|last| last["report"].as_str()).expect("kept");
    assert!(fs::metadata(report).is_ok(), "{report}");

    let usage: [&[&str]; 4] = [
        &["plan", "--chek", "roster.csv", "--log-format=json"],
        &["--log-format", "json"],
        &["--log-format", "json", "apply", "roster.csv"],
        &["-q", "--log-format", "json", "plan"],
    ];
    for arguments in usage {
        let ran = desk.run(arguments).ends_with(2);
        assert!(records(&ran.stderr, 2).iter().all(|record| record["run"].is_null()));
    }
    let failed = desk.with("KANTATA_TOKEN", "another-token");
    records(&failed.run(&[&json[..], &["plan", "roster.csv"]].concat()).ends_with(8).stderr, 8);
    let (_desk, output) = signalled(&["TERM"], &json);
    records(&String::from_utf8_lossy(&output.stderr), 143);
}
