//! Changes without effect: an Account Administrator for whom less is desired.

use kantata_sync::sandbox::{RequestKind::AccountMemberships, Sandbox};

use crate::harness::{Desk, Server, sandbox, writes};

/// Ben, who is on Atlas, and Hana, who is on nothing, administer the account.
const LIVE: &str = "\
workspace_id,project,user_id,name,token,account_admin,role,access_level,team_lead
100,Atlas,1,Priya Raman,true,,maven,admin,
100,Atlas,10,Ada Quist,,,maven,admin,true
100,Atlas,11,Ben Ode,,true,maven,admin,
100,Atlas,12,Cleo Marsh,,,maven,admin,
,,31,Hana Okoro,,true,,,
";

/// How many people the account was asked about since the log was cleared.
fn asked(sandbox: &Sandbox) -> usize {
    let asked = sandbox.log().iter().filter(|entry| entry.kind == AccountMemberships).count();
    sandbox.clear_log();
    asked
}

#[test]
fn an_account_administrator_is_named_as_the_reason_in_every_run() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write(
        "roster.csv",
        "workspace_id,user_id,role,access_level\n\
         100,1,maven,\n100,10,maven,\n100,11,maven,edit_tasks\n100,12,maven,view_tasks\n",
    );
    let first = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    insta::assert_snapshot!("a_level_that_does_not_stick", first.text());
    assert_eq!(asked(&sandbox), 1);
    let second = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    assert!(second.stdout.contains("an Account Administrator cannot hold less"));
    assert_eq!(asked(&sandbox), 1);

    let third = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!("a_level_that_is_stuck", third.text());
    assert_eq!((writes(&sandbox), asked(&sandbox)), (vec![], 0));
    let plan = desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(6);
    assert!(plan.stdout.contains("an Account Administrator cannot hold less"));
    assert_eq!(asked(&sandbox), 0);

    let again = desk.run(&["apply", "--yes", "-q", "--retry-stuck", "roster.csv"]).ends_with(5);
    assert!(again.stdout.contains("Not stuck: answered as done, but the value did not change (1)"));
    assert_eq!((writes(&sandbox).len(), asked(&sandbox)), (1, 1));
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
}

#[test]
fn a_create_that_does_not_stick_counts_as_the_first_of_two_runs() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let roster = "workspace_id,user_id,role,access_level\n100,31,maven,edit_tasks\n";
    desk.write("roster.csv", &format!("# kantata-sync: partial roster\n{roster}"));
    let created = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    insta::assert_snapshot!("a_created_level_that_does_not_stick", created.text());
    let updated = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    assert!(updated.stdout.contains("an Account Administrator cannot hold less"));
    let held = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    assert!(held.stdout.contains("an Account Administrator cannot hold less"), "{}", held.text());
    assert_eq!(writes(&sandbox).len(), 2);
}

#[test]
fn a_run_that_did_not_look_at_a_row_forgets_nothing_of_it() {
    let sandbox = sandbox(crate::harness::LIVE);
    sandbox.change_settings(|settings| settings.rate_cards = true);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let head = "# kantata-sync: partial roster\nworkspace_id,user_id,role,rate_in_cents\n";
    desk.write("rates.csv", &format!("{head}100,11,maven,4711\n"));
    desk.write("others.csv", &format!("{head}200,21,maven,\n"));
    for _ in 0..2 {
        desk.run(&["apply", "--yes", "-q", "rates.csv"]).ends_with(5);
    }
    desk.run(&["apply", "--yes", "-q", "others.csv"]).ends_with(0);
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(100);
    });
    desk.run(&["apply", "--yes", "-q", "rates.csv"]).ends_with(5);
    sandbox.change_settings(|settings| settings.hidden_workspaces.clear());
    sandbox.clear_log();
    desk.run(&["apply", "--yes", "-q", "rates.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox), [], "still held");
}
