//! What keeps people where they are: a failed create, a project that cannot be read, an absence that
//! has not lasted; each told with its cause, and each for its own project only.

use kantata_sync::sandbox::{RequestKind, User};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox, writes};

/// The roster without Gil (22), so that both projects lose somebody.
fn roster() -> String {
    ROSTER.replace("200,22,maven,\n", "")
}

#[test]
fn a_create_that_is_refused_freezes_the_deletes_of_its_own_project() {
    let sandbox = sandbox(LIVE);
    sandbox.with_world(|world| {
        let hana = world.users()[&31].clone();
        world.put_user(User { disabled: true, ..hana });
    });
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", &roster());
    let ran = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    insta::assert_snapshot!(ran.text());
    assert_eq!(sandbox.world().of(100, 12).len(), 1, "nobody leaves Atlas");
    assert_eq!(sandbox.world().of(200, 22).len(), 0, "Borealis goes on");
}

#[test]
fn a_project_that_vanished_and_one_that_left_the_roster_are_told() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(200);
    });
    let vanished = desk.run(&["plan", "roster.csv"]).ends_with(5);
    insta::assert_snapshot!("a_project_that_vanished", vanished.text());
    let only: String = ROSTER
        .lines()
        .filter(|line| !line.starts_with("200,"))
        .flat_map(|line| [line, "\n"])
        .collect();
    desk.write("roster.csv", &only);
    let left = desk.run(&["plan", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!("a_project_that_left_the_roster", left.text());
}

#[test]
fn who_is_missing_waits_in_sight_until_the_absence_has_lasted() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_DELETE_AFTER_RUNS", "2")
        .with("KANTATA_SYNC_DELETE_AFTER_DAYS", "3");
    desk.write("roster.csv", &roster());
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    let second = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!(second.text());
    assert!(!writes(&sandbox).iter().any(|(kind, _)| *kind == RequestKind::Delete));
    // A row that is not valid says nothing of who is missing, and a row again starts anew.
    desk.write("roster.csv", &format!("{}200,22,maven,\n", roster()));
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    desk.write("roster.csv", &roster());
    let again = desk.run(&["plan", "roster.csv"]).ends_with(0);
    assert!(again.stdout.contains("missing from the roster for 1 of 2 runs"), "{}", again.text());
}
