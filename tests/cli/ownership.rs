//! `ownership = "tagged"`: only what this tool created or adopted may be deleted.

use kantata_sync::sandbox::RequestKind;

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

/// Cleo (12) and Finn (21) are not in it, Hana (31) is new.
const ROSTER: &str = "\
workspace_id,user_id,role,access_level
100,1,maven,admin
100,10,maven,admin
100,11,maven,edit_tasks
100,13,buyer,
100,31,maven,edit_tasks
200,1,maven,admin
200,20,maven,admin
200,22,maven,
";

#[test]
fn what_is_not_tagged_is_held_and_what_was_created_may_go() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_OWNERSHIP", "tagged");
    desk.write("roster.csv", ROSTER);
    let first = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!(first.text());
    assert_eq!(writes(&sandbox), [(RequestKind::Create, 1)], "nobody else's row is deleted");
    let hana = sandbox.world().of(100, 31)[0].external_references.clone();
    assert_eq!(
        (hana[0].service_name.as_str(), hana[0].service_model_ref.as_str()),
        ("kantata-sync", "100-31")
    );

    sandbox.clear_log();
    desk.write("roster.csv", &ROSTER.replace("100,31,maven,edit_tasks\n", ""));
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    assert_eq!(
        writes(&sandbox),
        [(RequestKind::Delete, 0)],
        "it created her, so it may delete her"
    );
}

#[test]
fn adopting_tags_what_the_roster_names_and_nothing_else() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    // Everybody who is live, and Hana, who is not; a level that differs stays as it is.
    desk.run(&["export", "-q", "--workspace", "100,200", "--output", "all.csv"]).ends_with(0);
    let all = desk.read("all.csv").replace("100,12,maven,view_tasks", "100,12,maven,admin");
    desk.write("all.csv", &format!("{all}100,31,maven,edit_tasks,,,,\n"));
    let shown = desk.run(&["adopt", "--dry-run", "all.csv"]).ends_with(0);
    insta::assert_snapshot!("adoption_shown", shown.text());
    assert_eq!(writes(&sandbox), []);
    desk.run(&["adopt", "all.csv"]).ends_with(2);

    let adopted = desk.run(&["adopt", "--yes", "all.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox), [(RequestKind::Update, 0); 9]);
    assert_eq!(sandbox.world().of(100, 12)[0].level.word(), "view_tasks");
    sandbox.clear_log();
    let again = desk.run(&["adopt", "--yes", "all.csv"]).ends_with(0);
    assert!(again.stdout.contains("nothing to do; 9 in sync"), "{}", again.text());
    assert_eq!(writes(&sandbox), []);

    // From now on, tagged: who is not wanted may go.
    let desk = desk.with("KANTATA_SYNC_OWNERSHIP", "tagged");
    desk.write("roster.csv", ROSTER);
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(0);

    // No request takes a tag away: the undo of an adoption says so.
    let undone = desk.run(&["undo", "--yes", &adopted.run()]).ends_with(0);
    insta::assert_snapshot!("undo_of_an_adoption", undone.text());
}
