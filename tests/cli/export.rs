//! `export` and the backup of an apply: a roster of what is live, or one that says that it is not whole.

use std::fs;

use kantata_sync::sandbox::RequestKind;

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

/// Titles and addresses that a roster could not give back: a title twice, one that is a formula, one
/// with blanks around it; people without an address, deactivated, with an address that two have, and
/// with one that a spreadsheet would take for a formula.
const ODD_NAMES: &str = "\
workspace_id,project,user_id,name,email,token,role,access_level,team_lead,archived,disabled
100,Atlas,1,Priya Raman,priya@firm.example,true,maven,admin,,,
100,,10,=Ada,Ada@Firm.example,,maven,admin,true,,
100,,11,Ben Ode,,,maven,edit_tasks,,,
100,,12,Cleo Marsh,cleo@firm.example,,maven,view_tasks,,,true
100,,13,Dan Iyer,+dan@client.example,,buyer,view_tasks,,,
100,,14,Eve Two,two@firm.example,,maven,view_tasks,,,
200,Twice,1,,,,maven,admin,,,
300,Twice,1,,,,maven,admin,,,
400,=Atlas,1,,,,maven,admin,,,
500,Old,1,,,,maven,admin,,true,
600,\"Quay, \"\"North\"\"\",1,,,,maven,admin,,,
700,Mine,1,,,,maven,admin,,,
800,Mine,1,,,,maven,admin,,true,
,,15,Eve Too,TWO@firm.example,,,,,,
,,31,Hana Okoro,hana@firm.example,,,,,,
";

#[test]
fn an_export_with_names_is_in_sync_whatever_things_are_called() {
    let sandbox = sandbox(ODD_NAMES);
    sandbox.with_world(|world| {
        for (id, title) in [(700, " Padded  "), (800, "Shared")] {
            let mut project = world.workspaces()[&id].clone();
            project.title = title.to_owned();
            world.put_workspace(project);
        }
    });
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["export", "--all", "--names", "--output", "live.csv"]);
    insta::assert_snapshot!(format!("{}--- live.csv\n{}", ran.text(), desk.read("live.csv")));
    desk.run(&["plan", "--check", "live.csv"]).ends_with(0);
    desk.run(&["check", "live.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox), []);

    // The same where names mean projects only that are not archived.
    let desk = desk.with("KANTATA_SYNC_ROSTER__PROJECTS", "active");
    desk.run(&["export", "--all", "--names", "--output", "live.csv"]).ends_with(0);
    desk.run(&["plan", "--check", "live.csv"]).ends_with(0);

    // And under the headers of somebody else.
    desk.write(
        "kantata-sync.toml",
        "[roster]\ndelimiter = \";\"\ncolumns = { email = \"E-Mail\", user_id = \"Name\" }\n",
    );
    let ran = desk.run(&["export", "--all", "--names"]).ends_with(0);
    let header = ran.stdout.lines().next().unwrap_or_default();
    assert!(header.starts_with("workspace_id;Name;project;E-Mail;role;"), "{header}");
    desk.write("live.csv", &ran.stdout);
    desk.run(&["plan", "--check", "live.csv"]).ends_with(0);
}

#[test]
fn somebody_is_put_on_a_project_by_copying_a_line_and_changing_the_address() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let live = desk.run(&["export", "--workspace", "100", "--names"]).ends_with(0).stdout;
    let line = live.lines().find(|line| line.contains("ben@firm.example")).expect("Ben");
    let copy = line.replace("100,11,", "100,,").replace("ben@", "hana@");
    desk.write("live.csv", &format!("{live}{copy}\n"));
    desk.run(&["apply", "--yes", "live.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox), [(RequestKind::Create, 1)]);
    sandbox.with_world(|world| {
        let hana = |one: &&kantata_sync::sandbox::Participation| one.user == Some(31);
        assert_eq!(world.participations().values().filter(hana).count(), 1);
    });
    // Where the id of the line that was copied stays, the two disagree.
    desk.write("live.csv", &format!("{live}{}\n", line.replace("ben@", "hana@")));
    let ran = desk.run(&["plan", "live.csv"]).ends_with(5);
    let message = "expected the same as in user_id, which means 11";
    assert!(ran.text().contains(message), "{}", ran.text());
}

#[test]
fn names_that_the_token_may_not_look_up_are_left_out_and_all_projects_need_their_list() {
    let sandbox = sandbox(LIVE);
    sandbox.change_settings(|settings| settings.lookups.short_page = true);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["export", "--all", "--names"]);
    insta::assert_snapshot!(ran.text());
    desk.write("live.csv", &ran.stdout);
    desk.run(&["plan", "--check", "live.csv"]).ends_with(0);
}

#[test]
fn all_projects_are_read_page_by_page_and_none_is_an_error() {
    let projects = (1..=450).map(|id| format!("{id},Project {id},1,,,true,maven,,\n"));
    let header = LIVE.lines().next().expect("a header");
    let sandbox = sandbox(&format!("{header}\n{}", projects.collect::<String>()));
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["export", "--all", "--names"]).ends_with(0);
    assert!(ran.stderr.contains("450 rows, 450 projects"), "{}", ran.stderr);
    sandbox.with_world(|world| {
        for mut project in world.workspaces().clone().into_values() {
            project.archived = true;
            world.put_workspace(project);
        }
    });
    insta::assert_snapshot!(desk.run(&["export", "--all"]).text());
    desk.run(&["export", "--all", "--workspace", "1"]).ends_with(2);
}
