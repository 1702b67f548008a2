//! `plan`: what it shows, what it answers, and that it writes nothing.

use crate::harness::{Desk, LIVE, ROSTER, Ran, Server, TOKEN, sandbox, writes};

#[test]
fn a_plan_shows_every_difference_and_writes_nothing() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["plan", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(ran.files(), ["report.json", "results.csv"].map(str::to_owned).into());
    insta::assert_snapshot!("the_results_of_a_plan_have_every_line", ran.kept("results.csv"));
    assert_eq!(writes(&sandbox), []);
    // The minimum: the token's user, both projects at once, one page for each, and the names of who is on none.
    assert_eq!(sandbox.log().len(), 5);
}

#[test]
fn a_check_answers_6_until_everything_is_as_the_roster_says() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["plan", "--check", "roster.csv"]).ends_with(6);
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let wrote = writes(&sandbox);
    let ran = desk.run(&["plan", "--check", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox), wrote);
}

#[test]
fn a_check_counts_what_is_held_but_a_plan_does_not() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_MODE", "create-only")
        .with("KANTATA_SYNC_SCOPE__WORKSPACES", "[100]");
    desk.write("roster.csv", "workspace_id,user_id,role\n100,13,buyer\n");
    desk.run(&["plan", "roster.csv"]).ends_with(0);
    desk.run(&["plan", "--check", "roster.csv"]).ends_with(6);
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn the_order_of_rows_and_columns_does_not_change_the_digest() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let digest = || {
        let ran = desk.run(&["plan", "--format", "json", "roster.csv"]).ends_with(0);
        ran.report().digest.expect("a plan").to_string()
    };
    let first = digest();
    let (header, rows) = ROSTER.split_once('\n').expect("a header");
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    rows.swap(1, 5);
    desk.write("roster.csv", &format!("{header}\n{}\n", rows.join("\n")));
    assert_eq!(digest(), first);

    let turned: Vec<String> =
        ROSTER.lines().map(|line| line.split(',').rev().collect::<Vec<_>>().join(",")).collect();
    desk.write("roster.csv", &format!("{}\n", turned.join("\n")));
    assert_eq!(digest(), first);

    // Another desired value is another plan.
    desk.write("roster.csv", &ROSTER.replace("100,31,maven,edit_tasks", "100,31,maven,admin"));
    assert_ne!(digest(), first);
}

#[test]
fn twice_verbose_every_request_is_told_and_never_the_token() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let requests =
        |ran: &Ran| ran.stderr.lines().filter(|line| line.contains("request method=")).count();
    let ran = desk.run(&["plan", "-vv", "roster.csv"]).ends_with(0);
    assert_eq!(requests(&ran), sandbox.log().len(), "{}", ran.text());
    assert!(ran.stderr.contains("path=/participations?workspace_id=100&"), "{}", ran.text());
    assert!(ran.stderr.contains("status=200 ms="), "{}", ran.text());
    assert!(!ran.stderr.contains(TOKEN));
    let ran = desk.run(&["plan", "-v", "roster.csv"]).ends_with(0);
    assert_eq!(requests(&ran), 0, "{}", ran.text());
}
