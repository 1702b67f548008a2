//! Where things are kept: state folder and report files, usable or not.

use std::fs;

use axum::{
    extract::Request,
    middleware::{self, Next},
};
use http::Method;

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

#[test]
fn where_no_state_can_be_kept_nothing_is_sent() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    // Not a folder without rights: tests may run as root, who has them all.
    desk.write("file", "");
    let state = desk.path("file").join("below");
    let state = state.to_str().expect("a plain path");
    insta::assert_snapshot!(
        desk.run(&["--state-dir", state, "apply", "--yes", "roster.csv"]).text()
    );
    desk.run(&["--state-dir", state, "plan", "roster.csv"]).ends_with(1);
    assert_eq!(sandbox.log(), []);
}

#[test]
fn where_a_report_cannot_be_written_nothing_is_sent() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "--output", "no/such/report.html", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    let ran = desk.run(&["plan", "--output", "report.pdf", "roster.csv"]);
    insta::assert_snapshot!("an_ending_that_names_no_format_is_refused", ran.text());
    assert_eq!(sandbox.log(), []);
}

#[test]
fn reports_are_written_in_every_form_at_once() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let names = ["report.html", "report.md", "results.csv", "report.json", "report.txt"];
    let mut arguments = vec!["plan", "roster.csv", "--format", "json"];
    arguments.extend(names.iter().flat_map(|name| ["--output", *name]));
    let ran = desk.run(&arguments).ends_with(0);
    let report = ran.report();

    assert_eq!(desk.read("report.json"), ran.stdout);
    assert_eq!(ran.kept("report.json"), ran.stdout);
    let text = desk.read("results.csv");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = table.records().collect::<Result<_, _>>().expect("a proper table");
    // Every line of the roster once, and the delete, which has none.
    assert_eq!(rows.len(), report.rows + 1);
    for name in ["report.html", "report.md", "report.txt"] {
        let text = desk.read(name);
        for word in ["Ben Ode", "Cleo Marsh", "Borealis"] {
            assert!(text.contains(word), "{name} without {word}: {text}");
        }
    }
    let page = desk.read("report.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(!page.contains("<link") && !page.contains("src="), "one file, no network");
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_failed_run_leaves_report_files_as_they_were() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).without("KANTATA_TOKEN");
    desk.write("report.txt", "of yesterday\n");
    desk.run(&["plan", "--output", "report.txt", "roster.csv"]).ends_with(8);
    assert_eq!(desk.read("report.txt"), "of yesterday\n");
    let work = fs::read_dir(desk.path("")).expect("a folder").count();
    assert_eq!(work, 2, "nothing half-written is left");
}

#[cfg(unix)]
#[test]
fn the_state_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let mode =
        |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
    let folder = ran.folder();
    for folder in folder.ancestors().take_while(|path| *path != desk.state()) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    let files: Vec<_> =
        desk.files().into_iter().filter(|path| path.starts_with(desk.state())).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn so_many_runs_are_kept_as_configured() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_STATE__KEEP_RUNS", "2");
    let folders: Vec<_> =
        (0..4).map(|_| desk.run(&["apply", "--yes", "roster.csv"]).folder()).collect();
    let kept = fs::read_dir(folders[0].parent().expect("below runs")).expect("the runs").count();
    // Only the first run wrote something; its journal is the newest, and so it is kept as well.
    assert_eq!(kept, 3);
    assert!(folders[0].join("journal.jsonl").exists() && !folders[1].exists());
}

#[test]
fn a_record_that_is_lost_under_way_is_told_and_the_report_printed_all_the_same() {
    let sandbox = sandbox(LIVE);
    let desk = Desk::bare();
    let state = desk.state();
    let lose = move |request: Request, next: Next| {
        if *request.method() == Method::DELETE {
            fs::remove_dir_all(&state).expect("the state is there");
        }
        next.run(request)
    };
    let server = Server::of(sandbox.router().layer(middleware::from_fn(lose)));
    let ran = desk.work_with(&server.base_url()).run(&["apply", "--yes", "--quiet", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox).len(), 3);
}
