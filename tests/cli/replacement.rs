//! Leads who hand over, and people who change sides: deletes that belong to something else.

use kantata_sync::sandbox::{
    RequestKind::{self, Create, Delete, Update},
    Sandbox,
};

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

/// What was written, to whom.
fn written(sandbox: &Sandbox) -> Vec<(RequestKind, u64)> {
    let log = sandbox.log().into_iter().filter(|entry| entry.committed);
    let users = |entry: kantata_sync::sandbox::LoggedRequest| {
        let kind = entry.kind;
        entry.targets.into_iter().filter_map(move |target| Some((kind, target.user?)))
    };
    log.flat_map(users).collect()
}

fn leads(sandbox: &Sandbox, project: u64) -> Vec<u64> {
    let world = sandbox.world();
    world.on(project).filter(|row| row.is_team_lead).filter_map(|row| row.user).collect()
}

/// Ben is to lead Atlas, and Ada is to go.
const HANDOVER: &str = "\
workspace_id,user_id,role,team_lead
100,1,maven,
100,11,maven,true
100,12,maven,
100,13,buyer,
";

#[test]
fn a_lead_is_deleted_once_the_successor_leads() {
    for promotion_demotes in [false, true] {
        let sandbox = sandbox(LIVE);
        sandbox.change_settings(|settings| settings.promotion_demotes = promotion_demotes);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        desk.write("roster.csv", HANDOVER);
        let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
        // The operator reads the same whatever the server makes of a promotion.
        insta::assert_snapshot!("a_lead_hands_over_and_goes", ran.text());
        assert_eq!(written(&sandbox), [(Update, 11), (Update, 10), (Delete, 10)]);
        assert_eq!(leads(&sandbox, 100), [11]);
        desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(0);
    }
}

#[test]
fn a_lead_who_stays_is_demoted_once_the_successor_leads() {
    for promotion_demotes in [false, true] {
        let sandbox = sandbox(LIVE);
        sandbox.change_settings(|settings| settings.promotion_demotes = promotion_demotes);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        desk.write("roster.csv", &format!("{HANDOVER}100,10,maven,false\n"));
        desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
        assert_eq!(written(&sandbox), [(Update, 11), (Update, 10)]);
        assert_eq!(leads(&sandbox, 100), [11]);
        desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(0);
    }
}

/// Cleo is to be on the client's side of Atlas.
const CHANGE_OF_SIDE: &str = "\
workspace_id,user_id,role,access_level
100,1,maven,
100,10,maven,
100,11,maven,
100,12,buyer,view_tasks
100,13,buyer,
";

#[test]
fn a_change_of_side_is_held_unless_it_is_allowed_and_says_what_is_lost() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", CHANGE_OF_SIDE);
    let held = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!("a_change_of_side_is_held", held.text());
    assert_eq!(writes(&sandbox), []);

    let desk = desk.with("KANTATA_SYNC_ALLOW_REPLACE", "true");
    let planned = desk.run(&["plan", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!("a_change_of_side_is_planned", planned.text());
    let lost = "a replacement loses the person's assignments, scheduled and allocated hours there";
    assert!(planned.kept("results.csv").contains(lost));
    for format in ["markdown", "html", "csv", "json"] {
        let ran = desk.run(&["plan", "-q", "--format", format, "roster.csv"]).ends_with(0);
        let said = ran.stdout.replace("&#39;", "'");
        assert!(said.contains(lost), "{}", ran.text());
    }

    let ran = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!("a_change_of_side_is_applied", ran.text());
    assert_eq!(written(&sandbox), [(Delete, 12), (Create, 12)]);
    assert_eq!(sandbox.world().of(100, 12)[0].side.word(), "buyer");
    desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(0);
}

/// Dan is no member of the account, which the provider's side may demand: a refusal that only the
/// create meets.
const OUTSIDER: &str = "\
workspace_id,project,user_id,name,on_account,token,role,access_level,team_lead
100,Atlas,1,Priya Raman,,true,maven,admin,
100,Atlas,10,Ada Quist,,,maven,admin,true
100,Atlas,13,Dan Iyer,false,,buyer,view_tasks,
";

#[test]
fn a_replacement_whose_create_fails_is_said_before_everything_else() {
    let sandbox = sandbox(OUTSIDER);
    sandbox.change_settings(|settings| settings.providers_must_be_members = true);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_ALLOW_REPLACE", "true")
        .with("KANTATA_SYNC_ROSTER__IGNORE_COLUMNS", r#"["note"]"#);
    desk.write(
        "roster.csv",
        "workspace_id,user_id,role,note\n100,1,maven,\n100,10,maven,\n100,13,maven,from sales\n",
    );
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(5);
    assert!(ran.stdout.starts_with("LOST: 1 membership deleted and not created again"));
    insta::assert_snapshot!("a_replacement_is_lost", ran.text());
    let rejected = ran.steady(&ran.kept("rejected.csv"));
    insta::assert_snapshot!("a_lost_replacement_to_feed_back", rejected);
    assert_eq!(written(&sandbox), [(Delete, 13)]);
    assert_eq!(writes(&sandbox), [(Delete, 0), (Create, 1)]);
}

/// Twenty people of the client's side, five on each of four projects, who are to change to the
/// provider's and whom the account does not know; on each project, Ada stays and Ben is to go.
fn twenty_outsiders() -> (String, String) {
    let mut live = "workspace_id,project,user_id,name,on_account,token,role,access_level\n\
                    500,Echo,1,Priya Raman,,true,maven,admin\n\
                    500,Echo,10,Ada Quist,,,maven,\n500,Echo,11,Ben Ode,,,maven,\n"
        .to_owned();
    let mut roster = "workspace_id,user_id,role\n500,1,maven\n500,10,maven\n".to_owned();
    for (number, title) in [(100, "Atlas"), (200, "Borealis"), (300, "Corona"), (400, "Draco")] {
        live.push_str(&format!("{number},{title},10,,,,maven,\n{number},{title},11,,,,maven,\n"));
        roster.push_str(&format!("{number},10,maven\n"));
        for person in number + 1..=number + 5 {
            let name = format!("Guest {person}");
            live.push_str(&format!("{number},{title},{person},{name},false,,buyer,\n"));
            roster.push_str(&format!("{number},{person},maven\n"));
        }
    }
    (live, roster)
}

#[test]
fn twenty_refused_replacements_lose_one_person_and_no_delete_follows_on_that_project() {
    let (live, roster) = twenty_outsiders();
    let sandbox = sandbox(&live);
    sandbox.change_settings(|settings| settings.providers_must_be_members = true);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_ALLOW_REPLACE", "true")
        .with("KANTATA_SYNC_GUARD__MAX_DELETE_PERCENT", "100")
        .with("KANTATA_SYNC_GUARD__MAX_PROJECT_DELETE_PERCENT", "100");
    desk.write("roster.csv", &roster);
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(5);
    assert!(ran.stdout.starts_with("LOST: 1 membership deleted and not created again"));
    insta::assert_snapshot!("one_of_twenty_is_lost", ran.steady(&ran.stdout));
    // Where nobody changes sides, what was to go goes.
    assert_eq!(written(&sandbox), [(Delete, 101), (Delete, 11)]);
    assert!(sandbox.world().of(500, 11).is_empty());
    let fed_back = ran.kept("rejected.csv");
    assert!(fed_back.contains("100,101,maven") && !fed_back.contains("102"), "{fed_back}");

    // The next run creates the person first, is refused, and leaves that project alone.
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    assert_eq!(written(&sandbox)[2..], [(Delete, 201)]);
}
