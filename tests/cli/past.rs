//! `runs` and `show`: what earlier runs did, and what a killed one left.

use std::{fs, path::Path};

use kantata_sync::{model::Outcome, sandbox::User};
use regex_lite::Regex;

use crate::harness::{Desk, LIVE, Ran, Server, hold_lock, sandbox, writes};

/// The table of runs without the seconds that a run took.
fn table(ran: &Ran) -> String {
    let took = Regex::new(r"(\[time\]) +\d+ s ").expect("a pattern");
    took.replace_all(&ran.text(), "$1  [took] ").into_owned()
}

/// Makes of a run that ended one that was killed: `lines` of its journal are left, and no report.
fn kill(folder: &Path, lines: usize) {
    fs::remove_file(folder.join("report.json")).expect("a report");
    let journal = folder.join("journal.jsonl");
    let text = fs::read_to_string(&journal).expect("a journal");
    let kept: Vec<&str> = text.lines().take(lines).collect();
    fs::write(&journal, format!("{}\n{{\"entry\":\"outc", kept.join("\n"))).expect("written");
}

#[test]
fn the_runs_are_listed_and_shown_again_as_they_were() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let nothing = desk.run(&["runs"]).ends_with(0);
    insta::assert_snapshot!("before_the_first_run", nothing.text());
    desk.run(&["show", "latest"]).ends_with(3);
    assert!(!desk.state().exists(), "looking leaves nothing behind");

    let planned = desk.run(&["plan", "roster.csv"]);
    let applied = desk.run(&["apply", "--yes", "roster.csv"]);
    let requests = sandbox.log().len();
    insta::assert_snapshot!(table(&desk.run(&["runs"])));
    assert_eq!(desk.run(&["show", "latest"]).ends_with(0).stdout, applied.stdout);
    let name = planned.folder().file_name().expect("a run").to_str().expect("plain").to_owned();
    assert_eq!(desk.run(&["show", &name]).ends_with(0).stdout, planned.stdout);
    let json = desk.run(&["show", "latest", "--format", "json", "--output", "again.html"]);
    assert_eq!(json.ends_with(0).stdout, applied.kept("report.json"));
    assert!(desk.read("again.html").starts_with("<!DOCTYPE html>"));
    for format in ["csv", "markdown", "html"] {
        desk.run(&["show", "latest", "--format", format]).ends_with(0);
    }

    let ran = desk.run(&["runs", "--format", "json", "--output", "runs.csv"]).ends_with(0);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&value[0]["command"], &value[0]["applied"]), (&"apply".into(), &4.into()));
    assert_eq!((&value[1]["run"], &value[1]["planned"]), (&name.into(), &4.into()));
    assert_eq!(desk.read("runs.csv").lines().count(), 3);
    desk.run(&["runs", "--format", "html"]).ends_with(2);
    assert_eq!(sandbox.log().len(), requests, "nobody was asked");
}

#[test]
fn a_run_that_is_not_there_is_told_with_those_that_are() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["plan", "-q", "roster.csv"]).ends_with(0);
    desk.run(&["plan", "-q", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!(desk.run(&["show", "1999"]).text());
    insta::assert_snapshot!("a_name_that_two_runs_begin_with", desk.run(&["show", "2"]).text());
    // Neither is a path.
    desk.run(&["show", "../../x"]).ends_with(3);
    desk.run(&["show"]).ends_with(2);
}

#[test]
fn a_killed_run_is_told_from_its_plan_and_its_journal() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    // The creates were answered; the update had just left.
    kill(&ran.folder(), 4);
    let wrote = writes(&sandbox);
    insta::assert_snapshot!(table(&desk.run(&["runs"])));
    let shown = desk.run(&["show", "latest"]);
    insta::assert_snapshot!("a_killed_run_shown", shown.text());
    let report = desk.run(&["show", "latest", "--format", "json"]).ends_with(0).report();
    let outcomes = report.outcomes();
    assert_eq!(outcomes[&Outcome::Applied], 2);
    // The delete would have been frozen by that doubt.
    assert_eq!((outcomes[&Outcome::InDoubt], outcomes[&Outcome::Frozen]), (1, 1));

    let lock = hold_lock(&ran.folder().join("../.."));
    let text = table(&desk.run(&["runs"]));
    assert!(text.contains("under way, or killed"), "{text}");
    drop(lock);

    fs::remove_file(ran.folder().join("plan.json")).expect("a plan");
    insta::assert_snapshot!("a_journal_alone", desk.run(&["show", "latest"]).text());
    fs::remove_file(ran.folder().join("journal.jsonl")).expect("a journal");
    insta::assert_snapshot!("a_run_that_left_nothing", desk.run(&["show", "latest"]).text());
    desk.run(&["runs"]).ends_with(0);
    assert_eq!(writes(&sandbox), wrote);
}

#[test]
fn a_report_of_a_later_version_is_refused_by_its_number() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["plan", "roster.csv"]).ends_with(0);
    let report = ran.kept("report.json").replacen("\"format\": 2", "\"format\": 9", 1);
    fs::write(ran.folder().join("report.json"), report).expect("written");
    insta::assert_snapshot!(desk.run(&["show", "latest"]).text());
    let text = desk.run(&["runs"]).ends_with(0).stdout;
    assert!(text.contains("the report has format 9"), "{text}");
}

#[test]
fn a_damaged_journal_is_told_and_not_undone() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let journal = ran.folder().join("journal.jsonl");
    let text = fs::read_to_string(&journal).expect("a journal");
    let damaged: String = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == 2 { "{\n".to_owned() } else { format!("{line}\n") })
        .collect();
    fs::write(&journal, damaged).expect("written");
    let wrote = writes(&sandbox);
    insta::assert_snapshot!(desk.run(&["undo", "--yes", &ran.run()]).ends_with(3).text());
    let next = desk.run(&["plan", "roster.csv"]).ends_with(0);
    assert!(next.stdout.contains("the journal is damaged at lines 3, 4"), "{}", next.text());
    let told = desk.run(&["doctor", "roster.csv"]).stdout;
    assert!(told.contains("the journal is damaged at lines 3, 4"), "{told}");
    assert_eq!(writes(&sandbox), wrote);
}

#[test]
fn a_report_that_is_gone_is_told_again_from_plan_and_journal_just_as_it_was() {
    for refuse in [None, Some(12)] {
        let sandbox = sandbox(LIVE);
        if let Some(user) = refuse {
            let person = sandbox.world().users()[&user].clone();
            sandbox.with_world(|world| world.put_user(User { disabled: true, ..person }));
        }
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        let ran = desk.run(&["apply", "--yes", "roster.csv"]);
        let told = kantata_sync::report::json::read(ran.kept("report.json").as_bytes());
        let told = told.expect("a report");
        fs::remove_file(ran.folder().join("report.json")).expect("a report");
        let folded = desk.run(&["show", "latest", "--format", "json"]).ends_with(0).report();
        assert_eq!(folded.entries, told.entries, "{refuse:?}");
        assert_eq!((folded.exit, folded.ended), (told.exit, told.ended), "{refuse:?}");
    }
}
