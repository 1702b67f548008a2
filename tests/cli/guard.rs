//! The guard: too many deletes are withheld as a whole, everything else goes on.

use kantata_sync::sandbox::RequestKind::{Create, Delete, Update};

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

/// A project with a lead and 70 others.
fn large() -> String {
    let mut seed = "workspace_id,project,user_id,name,token,role,team_lead\n\
                    400,Deneb,1,Priya Raman,true,maven,true\n\
                    ,,31,Hana Okoro,,,\n"
        .to_owned();
    for user in 1001..1071 {
        seed += &format!("400,Deneb,{user},User {user},,maven,\n");
    }
    seed
}

#[test]
fn a_roster_that_lost_most_of_its_rows_deletes_nobody() {
    let sandbox = sandbox(&large());
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write(
        "roster.csv",
        "workspace_id,user_id,role,can_invite\n400,1,maven,\n400,1001,maven,yes\n400,31,maven,\n",
    );
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    assert!(
        ran.stdout.contains("plan deletes 69 of 71 memberships; the limit is 50"),
        "{}",
        ran.text()
    );
    assert_eq!(writes(&sandbox), [(Create, 1), (Update, 0)]);
    assert_eq!(sandbox.world().on(400).count(), 72);
    let withheld = ran.kept("withheld-deletes.csv");
    assert_eq!(withheld.lines().filter(|line| line.starts_with("delete,400,")).count(), 69);
    // A plan says so too.
    desk.run(&["plan", "roster.csv"]).ends_with(4);
}

#[test]
fn over_a_limit_of_the_run_all_deletes_are_withheld_and_listed_for_review() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__MAX_DELETES", "1");
    let roster = desk.read("roster.csv").replace("200,22,maven,\n", "");
    desk.write("roster.csv", &roster);
    let ran = desk.run(&["apply", "--yes", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    insta::assert_snapshot!("the_deletes_to_review", ran.steady(&ran.kept("withheld-deletes.csv")));
    assert_eq!(writes(&sandbox), [(Create, 2), (Update, 0)]);
    // Whoever does not come back for it keeps them; the limit is not used up by trying again.
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    assert_eq!(writes(&sandbox).len(), 2);
}

#[test]
fn over_a_limit_of_a_project_only_its_deletes_are_withheld() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__MAX_DELETE_PERCENT", "100");
    // Three of the five of Atlas, one of the four of Borealis.
    desk.write(
        "roster.csv",
        "workspace_id,user_id,role\n100,1,maven\n100,10,maven\n\
         200,1,maven\n200,20,maven\n200,21,maven\n",
    );
    let ran = desk.run(&["apply", "--yes", "--format", "csv", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox), [(Delete, 0)]);
    assert!(sandbox.world().of(200, 22).is_empty());
    assert_eq!(sandbox.world().on(100).count(), 5);
}

#[test]
fn a_few_deletes_that_would_leave_a_project_to_its_lead_are_withheld() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    // Two of the nine, which is half of Borealis: Finn becomes its lead, Eva and Gil go.
    let roster = "workspace_id,user_id,role,team_lead\n\
                  100,1,maven,\n100,10,maven,\n100,11,maven,\n100,12,maven,\n100,13,buyer,\n\
                  200,1,maven,\n200,21,maven,yes\n";
    desk.write("roster.csv", roster);
    let ran = desk.run(&["apply", "--yes", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox), [(Update, 0)]);
    // With somebody who comes besides they may go.
    desk.write("roster.csv", &format!("{roster}200,31,maven,\n"));
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    assert_eq!(sandbox.world().on(200).count(), 3);
}
