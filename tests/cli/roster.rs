//! Rosters that are wrong, in part or as a whole: what is said, and that nobody is deleted for it.

use std::{ffi::OsStr, fs, path::Path};

use kantata_sync::{
    report::json,
    sandbox::RequestKind::{Create, Delete, Update},
};

use crate::harness::{Desk, LIVE, ROSTER, Server, samples, sandbox, writes};

#[test]
fn no_wrong_roster_deletes_anybody() {
    let live = fs::read_to_string(samples().join("live.csv")).expect("the sample");
    let mut seen = [0, 0];
    for entry in fs::read_dir(samples().join("rosters")).expect("the samples") {
        let path = entry.expect("readable").path();
        let roster = path.to_str().expect("a plain path");
        if !path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("wrong-"))
        {
            continue;
        }
        let sandbox = sandbox(&live);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        desk.run(&["check", roster]).ends_with(3);
        assert_eq!(sandbox.log(), []);
        // The file as a whole is damaged, or single rows are.
        let ran = desk.run(&["apply", "--yes", roster]);
        match ran.code {
            3 => assert_eq!(sandbox.log(), [], "{}", ran.text()),
            5 => assert!(!writes(&sandbox).contains(&(Delete, 0)), "{}", ran.text()),
            _ => panic!("{}", ran.text()),
        }
        seen[usize::from(ran.code == 5)] += 1;
    }
    assert!(seen.into_iter().all(|files| files >= 5), "{seen:?}");
}

#[test]
fn a_damaged_roster_is_told_all_that_is_wrong_and_sends_nothing() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write(
        "roster.csv",
        "workspace_id,usr_id,role,acess_level,role\n100,1,maven,admin,maven\n",
    );
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    let missing = desk.run(&["plan", "no/such.csv"]);
    insta::assert_snapshot!("a_roster_that_is_not_there_is_named", missing.text());
    assert_eq!(sandbox.log(), []);
}

/// An update that cannot be read, a repeated row, and a person who is missing.
const WRONG_ROW: &str = "\
Role,Access_Level,Workspace_ID,User_ID,reason
maven,admin,100,1,
maven,admin,100,10,
maven,\" view_task\",100,11,\"asked for, twice\"
buyer,,100,13,
maven,,100,31,
maven,,200,20,
maven,,200,1,
maven,,200,21,
maven,,200,32,
";

#[test]
fn an_invalid_row_freezes_its_project_and_is_corrected_and_fed_back() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", WRONG_ROW);
    let ran = desk.run(&["apply", "--yes", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    // Cleo (12) stays on the frozen project; Gil (22) is deleted from the other one.
    assert_eq!(writes(&sandbox), [(Create, 2), (Delete, 0)]);
    assert_eq!((sandbox.world().of(100, 12).len(), sandbox.world().of(200, 22).len()), (1, 0));

    let rejected = ran.kept("rejected.csv");
    insta::assert_snapshot!("the_rejected_rows_as_they_were", rejected);
    desk.write(
        "corrected.csv",
        &rejected.replace("\" view_task\"", "view_tasks").replace(" view_task,", "view_tasks,"),
    );
    let ran = desk.run(&["apply", "--yes", "corrected.csv"]);
    insta::assert_snapshot!("corrected_rows_never_delete", ran.text());
    assert_eq!(writes(&sandbox), [(Create, 2), (Delete, 0), (Update, 0)]);
}

#[test]
fn strict_stops_at_an_invalid_row() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", WRONG_ROW);
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "--strict", "roster.csv"]).text());
    desk.run(&["plan", "--strict", "roster.csv"]).ends_with(3);
    desk.run(&["apply", "--dry-run", "--strict", "roster.csv"]).ends_with(3);
    assert_eq!(sandbox.log(), []);
}

#[test]
fn a_roster_that_strict_refuses_is_reported_row_by_row() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", WRONG_ROW);
    for command in ["apply", "plan", "adopt"] {
        let yes: &[&str] = if command == "plan" { &[] } else { &["--yes"] };
        let ran = desk.run(&[&[command, "--strict", "roster.csv"], yes].concat()).ends_with(3);
        let (_, report) = ran.stderr.split_once("; report: ").expect("kept");
        let report = Path::new(report.lines().next().expect("a path"));
        let kept = |name: &str| fs::read_to_string(report.with_file_name(name)).expect(name);
        let read = json::read(kept("report.json").as_bytes()).expect("a report");
        let lines: Vec<u64> = read.problems.iter().map(|problem| problem.line).collect();
        assert_eq!((read.rows, lines), (WRONG_ROW.lines().count() - 1, vec![4]), "{command}");
        assert_eq!(kept("results.csv").lines().count(), WRONG_ROW.lines().count(), "{command}");
        let rejected = kept("rejected.csv");
        assert!(
            rejected.contains("partial roster") && rejected.contains("view_task"),
            "{rejected}"
        );
        assert_eq!(rejected.lines().count(), 3, "the marker, the header and the row: {rejected}");
        let shown = desk.run(&["show", "latest"]).ends_with(0).stdout;
        assert_eq!(shown.matches("`view_task`: expected").count(), 1, "{shown}");
    }
    assert_eq!(sandbox.log(), []);
}

#[test]
fn a_roster_that_is_too_large_is_refused_before_it_is_parsed() {
    let desk = Desk::bare();
    // One byte too many, and hardly one of them on disk.
    let file = fs::File::create(desk.path("large.csv")).expect("a file");
    file.set_len((256 << 20) + 1).expect("a sparse file");
    let ran = desk.run(&["check", "large.csv"]).ends_with(3);
    assert!(ran.stderr.contains("cannot open `large.csv`"), "{}", ran.text());
    assert!(ran.stderr.contains("more than 256 MiB"), "{}", ran.text());
}

#[test]
fn a_partial_roster_never_deletes() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_ALLOW_REPLACE", "true");
    // As a spreadsheet leaves it, and with a change of side, which would delete and create.
    let roster = ROSTER.replace("100,13,buyer", "100,13,maven");
    desk.write("roster.csv", &format!("# kantata-sync: partial roster,,,\n{roster}"));
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    assert_eq!(writes(&sandbox), [(Create, 2), (Update, 0)]);
    assert_eq!(sandbox.world().of(100, 12).len(), 1);
}
