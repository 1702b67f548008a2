//! `handover`: a patch roster that puts one person in another one's place, and what `plan`, `apply` and
//! `undo` make of it.

use std::collections::BTreeMap;

use jiff::civil::date;
use kantata_sync::sandbox::{Allocation, Fault, Participation, RequestKind, Sandbox, Task};

use crate::harness::{Desk, Ran, Server, sandbox, writes};

/// Ada leads Atlas and Cove; Eva is on Borealis, with more than Ada there and less in Dune; Hana and the
/// client Kim are on nothing, Ivo is deactivated.
const WORLD: &str = "\
workspace_id,project,user_id,name,email,token,role,access_level,team_lead,can_invite,archived,disabled
100,Atlas,1,Priya Raman,priya@firm.example,true,maven,admin,,,,
100,Atlas,10,Ada Quist,ada@firm.example,,maven,admin,true,true,,
100,Atlas,11,Ben Ode,ben@firm.example,,maven,edit_tasks,,,,
100,Atlas,13,Dan Iyer,dan@client.example,,buyer,view_tasks,true,,,
200,Borealis,1,,,,maven,admin,,,,
200,Borealis,20,Eva Lund,eva@firm.example,,maven,admin,true,,,
200,Borealis,10,,,,maven,edit_tasks,,true,,
300,Cove,1,,,,maven,admin,,,,
300,Cove,10,,,,maven,edit_tasks,true,,,
400,Dune,1,,,,maven,admin,,,,
400,Dune,10,,,,maven,admin,true,true,,
400,Dune,20,,,,maven,view_tasks,,,,
500,Elder,1,,,,maven,admin,,,true,
500,Elder,10,,,,maven,admin,,,true,
600,Fjord,1,,,,maven,admin,true,,,
,,31,Hana Okoro,hana@firm.example,,,,,,,
,,32,Ivo Brandt,ivo@firm.example,,,,,,,true
";

/// Who is where, and as what; without what is new with each record.
type Places = BTreeMap<(u64, Option<u64>), String>;

fn places(sandbox: &Sandbox) -> Places {
    sandbox.with_world(|world| {
        let place = |row: &Participation| {
            let what = (row.side, row.level, row.is_team_lead, row.can_invite);
            ((row.workspace, row.user), format!("{what:?}"))
        };
        world.participations().values().map(place).collect()
    })
}

fn desk(server: &Server) -> Desk {
    let desk = Desk::at(&server.base_url());
    desk.with("KANTATA_SYNC_GUARD__MAX_DELETES", "1000")
        .with("KANTATA_SYNC_GUARD__MAX_DELETE_PERCENT", "100")
}

/// The text without days, which are those of the test, and without what is made of them.
fn steady(text: &str) -> String {
    [(r"\d{4}-\d\d-\d\d", "[day]"), (r"digest  [0-9a-f]{12}", "digest  [digest]")].into_iter().fold(
        text.to_owned(),
        |text, (pattern, name)| {
            let pattern = regex_lite::Regex::new(pattern).expect("a pattern");
            pattern.replace_all(&text, name).into_owned()
        },
    )
}

fn shown(ran: &Ran) -> String {
    steady(&ran.text())
}

#[test]
fn a_patch_puts_somebody_in_anothers_place_on_every_project() {
    let sandbox = sandbox(WORLD);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let ran = desk.run(&[
        "handover",
        "--from",
        "Ada@firm.example",
        "--to",
        "20",
        "--names",
        "--output",
        "patch.csv",
    ]);
    insta::assert_snapshot!(format!(
        "{}--- patch.csv\n{}",
        shown(&ran),
        steady(&desk.read("patch.csv"))
    ));
    assert_eq!(writes(&sandbox), []);
    desk.run(&["check", "patch.csv"]).ends_with(0);

    let before = places(&sandbox);
    insta::assert_snapshot!("the_plan_of_a_handover", shown(&desk.run(&["plan", "patch.csv"])));
    desk.run(&["apply", "--yes", "patch.csv"]).ends_with(0);
    let after = places(&sandbox);
    assert!(after.keys().all(|(project, user)| *user != Some(10) || *project == 500), "{after:?}");
    // Eva leads in Ada's place, and nowhere has less than she had.
    assert_eq!(after[&(200, Some(20))], before[&(200, Some(20))].replace("false", "true"));
    assert_eq!(after[&(400, Some(20))], before[&(400, Some(10))]);
    assert_eq!(after[&(100, Some(20))], before[&(100, Some(10))]);
    // Nothing is left to do, and nobody else was touched.
    desk.run(&["plan", "--check", "patch.csv"]).ends_with(0);
    for key in before.keys().filter(|(_, user)| ![Some(10), Some(20)].contains(user)) {
        assert_eq!(after.get(key), before.get(key));
    }
}

#[test]
fn a_handover_of_300_projects_is_planned_applied_and_undone() {
    let header = WORLD.lines().next().expect("a header");
    let mut seed = format!("{header}\n,,20,Eva Lund,eva@firm.example,,,,,,,\n");
    for project in 1..=300 {
        let lead = if project % 3 == 0 { "true" } else { "" };
        seed.push_str(&format!(
            "{project},Project {project},1,Priya Raman,priya@firm.example,true,maven,admin,,,,\n\
             {project},,10,Ada Quist,ada@firm.example,,maven,edit_tasks,{lead},,,\n\
             {project},,11,Ben Ode,ben@firm.example,,maven,edit_tasks,,,,\n"
        ));
        if project % 5 == 0 {
            seed.push_str(&format!("{project},,20,,,,maven,view_tasks,,,,\n"));
        }
    }
    let sandbox = sandbox(&seed);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let before = places(&sandbox);
    let args = ["handover", "--from", "10", "--to", "eva@firm.example", "--output", "patch.csv"];
    desk.run(&args).ends_with(0);
    let report = desk.run(&["plan", "patch.csv", "--format", "json"]).ends_with(0).report();
    assert_eq!((report.counts.creates, report.counts.deletes), (240, 300));
    desk.run(&["apply", "--yes", "patch.csv"]).ends_with(0);
    let after = places(&sandbox);
    assert_eq!(after.len(), before.len() - 60);
    assert!(after.keys().all(|(_, user)| *user != Some(10)));
    desk.run(&["undo", "latest", "--yes"]).ends_with(0);
    assert_eq!(places(&sandbox), before);
}

#[test]
fn the_work_of_who_hands_over_is_shown_as_far_as_the_token_may_see_it() {
    let sandbox = sandbox(WORLD);
    sandbox.with_world(|world| {
        for (workspace, assignee, current) in [
            (100, 10, true),
            (100, 10, true),
            (100, 10, false),
            (300, 10, true),
            (500, 10, true),
            (100, 11, true),
        ] {
            let title = "Something".to_owned();
            world.work.assign(Task { id: 0, workspace, assignee, title, current });
        }
        for (workspace, user, end_date, minutes) in [
            (100, 10, date(2999, 1, 31), 2400),
            (300, 10, date(2998, 1, 31), 90),
            (300, 10, date(2001, 1, 31), 600),
            (100, 11, date(2999, 1, 31), 60),
        ] {
            let start_date = date(2000, 1, 1);
            let hours = Allocation { id: 0, workspace, user, start_date, end_date, minutes };
            world.work.schedule(hours);
        }
    });
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let handover = ["handover", "--from", "10", "--to", "31", "--output", "patch.csv"];
    let mut said = steady(&desk.run(&handover).ends_with(0).stderr);
    sandbox.change_settings(|settings| settings.lookups.assignments_permitted = false);
    let ran = desk.run(&[&handover[..], &["--keep"]].concat()).ends_with(0);
    said.push_str(&format!("# without assignments\n{}", ran.steady(&ran.stderr)));
    sandbox.change_settings(|settings| settings.lookups.allocations_permitted = false);
    let ran = desk.run(&handover).ends_with(0);
    said.push_str(&format!("# without both\n{}", ran.steady(&ran.stderr)));
    let lines = said.lines().filter(|line| line.starts_with("work: ") || line.starts_with('#'));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    let asked = |part: &str| sandbox.log().iter().filter(|one| one.path.contains(part)).count();
    assert_eq!((asked("/assignments?"), asked("/workspace_allocations?")), (3, 3));
    // Whatever goes wrong with it, there is a patch.
    let before = desk.read("patch.csv");
    sandbox.change_settings(|settings| {
        (settings.lookups.assignments_permitted, settings.lookups.allocations_permitted) =
            (true, true);
    });
    for _ in 0..2 {
        sandbox.fail_next(RequestKind::Assignments, Fault::ErrorBefore);
    }
    let ran = desk.run(&handover).ends_with(0);
    assert!(ran.stderr.contains("assignments of user 10 are not readable"), "{}", ran.text());
    assert_eq!(desk.read("patch.csv"), before);
}

#[test]
fn the_one_who_hands_over_may_stay_or_end_later() {
    let sandbox = sandbox(WORLD);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let keep = ["handover", "--from", "10", "--to", "31", "--workspace", "100,200", "--keep"];
    let ran = desk.run(&keep).ends_with(0);
    insta::assert_snapshot!(ran.text());
    desk.write("patch.csv", &ran.stdout);
    desk.run(&["apply", "--yes", "patch.csv"]).ends_with(0);
    assert!(!writes(&sandbox).iter().any(|(kind, _)| *kind == RequestKind::Delete));
    let after = places(&sandbox);
    assert!(after[&(100, Some(31))].contains("true, true"), "{after:?}");
    assert!(after[&(100, Some(10))].contains("false, true"), "{after:?}");

    let later = ["handover", "--from", "10", "--to", "31", "--until", "2099-03-31"];
    let ran = desk.run(&[&later[..], &["--workspace", "300"]].concat()).ends_with(0);
    insta::assert_snapshot!("a_handover_of_a_day_to_come", ran.text());
    desk.write("patch.csv", &ran.stdout);
    desk.run(&["plan", "--check", "patch.csv"]).ends_with(0);
    let counts = |day: &str| {
        let ran = desk.run(&["plan", "patch.csv", "--as-of", day, "--format", "json"]);
        let counts = ran.ends_with(0).report().counts;
        (counts.creates, counts.deletes)
    };
    assert_eq!(counts("2099-03-31"), (0, 0));
    assert_eq!(counts("2099-04-01"), (1, 1));
    desk.run(&[&later[..], &["--keep"]].concat()).ends_with(2);
}

#[test]
fn a_patch_deletes_only_whose_end_it_states_and_a_partial_roster_nobody() {
    let sandbox = sandbox(WORLD);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let rows =
        "workspace_id,user_id,role,team_lead,ends_on\n100,11,maven,,2026-01-31\n100,31,maven,,\n";
    let counts = |text: &str| {
        desk.write("patch.csv", text);
        let report = desk.run(&["plan", "patch.csv", "--format", "json"]).report();
        (report.counts.creates, report.counts.deletes)
    };
    assert_eq!(counts(&format!("# kantata-sync: partial roster\n{rows}")), (1, 0));
    assert_eq!(counts(&format!("# kantata-sync: patch roster,,,,\n{rows}")), (1, 1));
    // A lead without a successor, somebody on another side, protected people: as with any roster.
    let lead = rows.replace("100,11,maven", "100,10,maven");
    assert_eq!(counts(&format!("# kantata-sync: patch roster\n{lead}")), (1, 0));
    let other_side = rows.replace("100,31,maven", "100,13,maven");
    assert_eq!(counts(&format!("# kantata-sync: patch roster\n{other_side}")), (0, 1));
    // An invalid row freezes its project.
    assert_eq!(counts(&format!("# kantata-sync: patch roster\n{rows}100,32,boss,,\n")), (1, 0));
    let desk = desk.with("KANTATA_SYNC_PROTECT__USERS", "[\"ben@firm.example\"]");
    desk.write("patch.csv", &format!("# kantata-sync: patch roster\n{rows}"));
    let ran = desk.run(&["plan", "patch.csv", "--format", "json"]);
    assert_eq!(ran.report().counts.deletes, 0);
}

#[test]
fn whom_the_account_does_not_know_gets_nothing_and_no_patch_is_written() {
    let sandbox = sandbox(WORLD);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let mut said = String::new();
    for (from, to) in [
        ("10", "999"),
        ("10", "32"),
        ("10", "ivo@firm.example"),
        ("ad@firm.example", "20"),
        ("31", "20"),
    ] {
        let ran = desk.run(&["handover", "--from", from, "--to", to, "--output", "patch.csv"]);
        said.push_str(&format!("# {from} to {to}\n{}", ran.text()));
        assert!(!desk.path("patch.csv").exists());
    }
    insta::assert_snapshot!(said);
    desk.run(&["handover", "--from", "10", "--to", "ada@firm.example"]).ends_with(2);
    desk.run(&["handover", "--from", "Ada", "--to", "20"]).ends_with(2);
}

#[test]
fn where_the_account_does_not_list_projects_the_roster_or_the_configuration_does() {
    let sandbox = sandbox(WORLD);
    sandbox.change_settings(|settings| settings.lookups.resources_permitted = false);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let alone = desk.run(&["handover", "--from", "10", "--to", "31"]);
    desk.write(
        "names.csv",
        "project,email,role\nAtlas,ada@firm.example,maven\nCove,x@y.example,maven\n",
    );
    let roster = desk.run(&["handover", "--from", "10", "--to", "31", "names.csv"]);
    insta::assert_snapshot!(format!("{}# with a roster\n{}", alone.text(), shown(&roster)));
    let desk = desk.with("KANTATA_SYNC_SCOPE__WORKSPACES", "[200]");
    let ran = desk.run(&["handover", "--from", "10", "--to", "31"]).ends_with(0);
    assert!(ran.stdout.contains("200,31,maven,edit_tasks") && !ran.stdout.contains("100,31"));
}

#[test]
fn a_project_that_no_patch_can_say_is_left_out_and_said() {
    let twice = "600,,10,,,,maven,edit_tasks,,,,\n600,,31,,,,buyer,view_tasks,,,,\n\
                 700,Gale,10,,,,maven,admin,,,,\n700,Gale,10,,,,maven,admin,,,,\n\
                 800,Hidden,10,,,,maven,admin,,,,\n";
    let sandbox = sandbox(&format!("{WORLD}{twice}"));
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(800);
    });
    let server = Server::of_sandbox(&sandbox);
    let ran = desk(&server).run(&[
        "handover",
        "--from",
        "10",
        "--to",
        "31",
        "--workspace",
        "100,600,700,800",
    ]);
    insta::assert_snapshot!(shown(&ran));
}
