//! Who is never deleted: protected people, the token's own user, a lead whom nobody follows.

use kantata_sync::sandbox::RequestKind::Delete;

use crate::harness::{Desk, Server, sandbox, writes};

/// Everybody but Dan is wanted away: two people of the firm and two partners, the lead, the token's
/// own user, and Gil, whom nothing protects.
const LIVE: &str = "\
workspace_id,project,user_id,name,email,token,role,access_level,team_lead
100,Atlas,1,Priya Raman,priya@firm.example,true,maven,admin,
100,Atlas,10,Ada Quist,ada@firm.example,,maven,admin,true
100,Atlas,11,Ben Ode,ben@firm.example,,maven,edit_tasks,
100,Atlas,12,Cleo Marsh,Cleo@firm.example,,maven,view_tasks,
100,Atlas,13,Dan Iyer,dan@client.example,,buyer,view_tasks,
100,Atlas,14,Eva Lund,eva@partner.example,,maven,view_tasks,
100,Atlas,15,Finn Roe,finn@partner.example,,buyer,view_tasks,
100,Atlas,22,Gil Sato,gil@firm.example,,maven,edit_tasks,
";

const ROSTER: &str = "workspace_id,user_id,role\n100,13,buyer\n";

const PROTECTED: &str =
    r#"["11", "cleo@FIRM.example", "*@partner.example", "gone@firm.example", "4711"]"#;

fn desk(server: &Server) -> Desk {
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_PROTECT__USERS", PROTECTED);
    desk.write("roster.csv", ROSTER);
    desk
}

#[test]
fn protected_people_the_tokens_user_and_a_lone_lead_stay_whatever_the_roster_says() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox), [(Delete, 0)]);
    let world = sandbox.world();
    let users: Vec<u64> = world.on(100).filter_map(|row| row.user).collect();
    assert_eq!(users, [1, 10, 11, 12, 13, 14, 15]);
    assert!(world.of(100, 10)[0].is_team_lead);
    // They differ from the roster for as long as it wants them away.
    desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(6);
}

#[test]
fn every_report_has_the_protected_people_under_a_heading_of_their_own() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    for format in ["text", "markdown", "html"] {
        let ran = desk.run(&["plan", "-q", "--format", format, "roster.csv"]).ends_with(0);
        let heading = "Protected (kept) (5)";
        assert!(ran.stdout.contains(heading), "{}", ran.text());
    }
    let ran = desk.run(&["plan", "-q", "--format", "json", "roster.csv"]);
    let report = ran.report();
    assert_eq!((report.counts.held, report.counts.deletes), (6, 1));
    // Whom the list does not meet is said with a code for scripts, and with the words.
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let warning = &value["warnings"][0];
    assert_eq!(
        (&warning["code"], &warning["entry"]),
        (&"protects_nobody".into(), &"gone@firm.example".into())
    );
    assert!(
        warning["text"]
            .as_str()
            .is_some_and(|text| text.contains("`gone@firm.example` in protect"))
    );
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn what_protects_nobody_by_its_form_is_refused_before_any_request() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server)
        .with("KANTATA_SYNC_PROTECT__USERS", r#"["11", "partner.example", "*@", "a b@c.example"]"#);
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).ends_with(3).text());
    assert_eq!(sandbox.log(), []);
}
