//! `export` and the backup of an apply: a roster of what is live, or one that says that it is not whole.

use std::fs;

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

/// Every level, both sides, a lead a side, odd flags, rates and roles; and a project with nobody.
const MANY: &str = "\
workspace_id,project,user_id,name,token,role,access_level,team_lead,can_invite,can_schedule_their_hours,can_schedule_team_hours,rate_in_cents,cost_in_cents,workspace_role_id
100,Atlas,1,Priya Raman,true,maven,admin,true,true,true,true,12500,8000,7
100,Atlas,2,Ada Quist,,maven,edit_financials,,true,,,0,,
100,Atlas,3,Ben Ode,,maven,view_financials,,,true,,,,
100,Atlas,4,Cleo Marsh,,maven,edit_time_and_expenses,,,,true,,,8
100,Atlas,5,Dan Iyer,,buyer,view_time_and_expenses,true,,,,,,
100,Atlas,6,Eva Lund,,buyer,edit_tasks,,,,,,,
100,Atlas,7,Finn Roe,,buyer,view_tasks,,,,,,,
300,\"Quay, North\",,,,,,,,,,,,
";

#[test]
fn an_export_is_a_roster_that_is_in_sync() {
    let sandbox = sandbox(MANY);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["export", "--workspace", "300,100"]);
    insta::assert_snapshot!(ran.text());
    desk.write("live.csv", &ran.stdout);
    desk.run(&["plan", "--check", "live.csv"]).ends_with(0);
    desk.run(&["check", "live.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox), []);

    // The same with reduced permissions that read as custom ones, and where nothing is visible.
    for custom in [true, false] {
        sandbox.change_settings(|settings| {
            settings.custom_permissions = custom;
            settings.token_is_admin = custom;
            settings.financial_access = custom;
        });
        let ran = desk.run(&["export", "--workspace", "100"]).ends_with(0);
        assert_eq!(ran.stdout.contains("rate_in_cents"), custom, "{}", ran.text());
        desk.write("live.csv", &ran.stdout);
        desk.run(&["plan", "--check", "live.csv"]).ends_with(0);
    }
}

#[test]
fn an_export_follows_the_configuration_of_rosters_and_scope() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_SCOPE__WORKSPACES", "[200, 100]");
    desk.write(
        "kantata-sync.toml",
        "[roster]\ndelimiter = \";\"\ncolumns = { user_id = \"Kantata ID\" }\n",
    );
    let ran = desk.run(&["export", "--output", "live.csv"]).ends_with(0);
    assert_eq!(ran.stdout, "");
    let text = desk.read("live.csv");
    assert!(text.starts_with("workspace_id;Kantata ID;role;"), "{text}");
    desk.run(&["plan", "--check", "live.csv"]).ends_with(0);
}

#[test]
fn what_cannot_be_read_or_said_makes_the_export_partial() {
    let twice = "100,Atlas,11,,,,maven,view_tasks,\n300,Cove,1,,,,maven,admin,\n";
    let sandbox = sandbox(&format!("{LIVE}{twice}"));
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(200);
    });
    sandbox.with_world(|world| {
        let mut cove = world.workspaces()[&300].clone();
        cove.archived = true;
        world.put_workspace(cove);
    });
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["export", "--workspace", "100", "--workspace", "200", "300"]);
    insta::assert_snapshot!(ran.text());
    desk.write("live.csv", &ran.stdout);
    let report = desk.run(&["plan", "--format", "json", "live.csv"]).report();
    assert_eq!((report.counts.creates, report.counts.deletes), (0, 0));
}

#[test]
fn an_export_that_is_not_told_what_is_usage() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    insta::assert_snapshot!(desk.run(&["export"]).text());
    for arguments in [
        &["export", "--workspace", "007"][..],
        &["export", "--workspace", "100", "--format", "json"],
        &["export", "--workspace", "100", "--output", "live.html"],
    ] {
        desk.run(arguments).ends_with(2);
    }
    desk.run(&["export", "--workspace", "100", "--output", "no/such/live.csv"]).ends_with(1);
    assert_eq!(sandbox.log(), []);
    desk.with("KANTATA_TOKEN", "wrong").run(&["export", "--workspace", "100"]).ends_with(8);
}

#[test]
fn a_backup_is_what_was_live_before_the_first_write() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let before = desk.run(&["export", "--workspace", "100,200"]).ends_with(0).stdout;
    desk.run(&["apply", "--yes", "--backup", "before.csv", "roster.csv"]).ends_with(0);
    assert_eq!(desk.read("before.csv"), before);
    // Given back, it undoes the run as far as that can be.
    desk.run(&["apply", "--yes", "before.csv"]).ends_with(0);
    let after = desk.run(&["export", "--workspace", "100,200"]).ends_with(0).stdout;
    assert_eq!(after, before);
}

#[test]
fn where_no_backup_can_be_made_nothing_is_sent() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "--backup", "no/such/before.csv", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(sandbox.log(), []);

    // A folder in its place is told before anything is asked.
    fs::create_dir(desk.path("before.csv")).expect("a folder");
    let ran = desk.run(&["apply", "--yes", "-q", "--backup", "before.csv", "roster.csv"]);
    insta::assert_snapshot!("a_backup_onto_a_folder", ran.ends_with(1).text());
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_backup_of_what_could_not_all_be_read_is_partial() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(200);
    });
    let ran = desk.run(&["apply", "--yes", "--backup", "before.csv", "roster.csv"]).ends_with(5);
    assert!(ran.stderr.contains("the backup is partial: project 200: "), "{}", ran.text());
    assert!(desk.read("before.csv").starts_with("# kantata-sync: partial roster\n"));
}
