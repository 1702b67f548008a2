//! Rosters that name people by address and projects by title: looked up, remembered, and looked up
//! again before anything is done on the word of what was remembered.

use kantata_sync::sandbox::{RequestKind, Sandbox, User, Workspace, World};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox, writes};

/// [`ROSTER`](crate::harness::ROSTER), as a list has it that knows no ids.
const BY_NAME: &str = "\
project,email,role,access_level
Atlas,Priya@Firm.example,maven,admin
Atlas,ada@firm.example,maven,admin
Atlas,ben@firm.example,maven,view_tasks
Atlas, dan@client.example ,buyer,
Atlas,hana@firm.example,maven,edit_tasks
Borealis,priya@firm.example,maven,admin
Borealis,eva@firm.example,maven,admin
Borealis,finn@firm.example,maven,
Borealis,gil@firm.example,maven,
Borealis,ivo@firm.example,maven,
";

/// How people and projects were asked for, without who the token is.
fn looked_up(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log();
    let asks = log.iter().filter(|entry| {
        let lookup = matches!(entry.kind, RequestKind::Users | RequestKind::Workspaces);
        lookup && !entry.path.contains("only=")
    });
    asks.map(|entry| entry.path.clone()).collect()
}

fn person(id: u64, email: &str, disabled: bool) -> User {
    let (name, email) = (format!("Person {id}"), email.to_owned());
    User { id, name, email, disabled, on_account: true, account_admin: false }
}

#[test]
fn a_list_of_addresses_and_titles_makes_the_same_plan_as_one_of_ids() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let digest = |roster: &str| {
        desk.write("roster.csv", roster);
        let ran = desk.run(&["plan", "roster.csv", "--format", "json"]).ends_with(0);
        ran.report().digest
    };
    assert_eq!(digest(BY_NAME), digest(ROSTER));
    assert_eq!(looked_up(&sandbox).len(), 2, "{:?}", looked_up(&sandbox));
}

#[test]
fn a_night_of_known_people_asks_for_nobody_and_a_change_asks_for_its_project_afresh() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", BY_NAME);
    desk.run(&["apply", "roster.csv", "--yes"]).ends_with(0);
    let first = looked_up(&sandbox).len();
    desk.run(&["apply", "roster.csv", "--yes"]).ends_with(0);
    assert_eq!(looked_up(&sandbox).len(), first, "{:?}", looked_up(&sandbox));
    desk.run(&["apply", "roster.csv", "--yes", "--refresh-directory"]).ends_with(0);
    assert_eq!(looked_up(&sandbox).len(), first + 2, "{:?}", looked_up(&sandbox));

    // Ben's address is somebody else's by now. Nobody notices while there is nothing to do, and
    // nothing is done on the word of what was remembered.
    sandbox.with_world(|world: &mut World| {
        world.put_user(person(11, "ben.ode@firm.example", false));
        world.put_user(person(99, "ben@firm.example", false));
    });
    desk.run(&["plan", "roster.csv", "--check"]).ends_with(0);
    desk.write("roster.csv", &BY_NAME.replace("Atlas,hana@firm.example,maven,edit_tasks\n", ""));
    let ran = desk.run(&["plan", "roster.csv", "--format", "json"]);
    let plan = ran.report().entries;
    let mut changes: Vec<(String, u64)> = plan
        .iter()
        .filter_map(|entry| {
            Some((entry.change.as_ref()?.word().to_owned(), entry.key.user.number()))
        })
        .collect();
    changes.sort();
    let expected = [("create", 99), ("delete", 11), ("delete", 31)];
    assert_eq!(changes, expected.map(|(word, user)| (word.to_owned(), user)), "{}", ran.stdout);
}

/// A title that went from one project to another: who is named under it is on the other one by now,
/// though every row under it is in sync with the first.
#[test]
fn nobody_is_deleted_whom_a_row_names_under_a_title_that_moved_to_their_project() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let atlas: String = BY_NAME.lines().skip(1).take(5).map(|row| format!(",{row}\n")).collect();
    let borealis: String = BY_NAME.lines().skip(6).map(|row| format!("200,{row}\n")).collect();
    let borealis = borealis.replace("Borealis", "");
    let mixed = format!("workspace_id,project,email,role,access_level\n{atlas}{borealis}");
    let also_ada = format!("{mixed}200,,ada@firm.example,maven,\n");
    desk.write("roster.csv", &also_ada);
    desk.run(&["apply", "roster.csv", "--yes"]).ends_with(0);
    sandbox.with_world(|world: &mut World| {
        for (id, title) in [(100, "Atlas until 2026"), (200, "Atlas")] {
            let project = world.workspaces()[&id].clone();
            world.put_workspace(Workspace { title: title.to_owned(), ..project });
        }
    });
    desk.write("roster.csv", &mixed);
    let ran = desk.run(&["plan", "roster.csv", "--format", "json"]);
    let plan = ran.report().entries;
    let deletes = plan.iter().filter_map(|entry| entry.change.as_ref()).map(|one| one.word());
    assert_eq!(deletes.filter(|word| *word == "delete").count(), 0, "{}", ran.stdout);
    let mut people: Vec<u64> = plan.iter().map(|entry| entry.key.user.number()).collect();
    people.sort_unstable();
    assert!(plan.iter().all(|entry| entry.key.workspace.number() == 200), "{}", ran.stdout);
    assert!(people.contains(&11), "{}", ran.stdout);
}

#[test]
fn whom_nobody_knows_or_who_may_be_two_is_a_problem_of_the_row_and_freezes_its_project() {
    let sandbox = sandbox(LIVE);
    sandbox.with_world(|world: &mut World| {
        world.put_user(person(41, "twin@firm.example", false));
        world.put_user(person(42, "TWIN@firm.example", false));
        world.put_user(person(43, "gone@firm.example", true));
    });
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let rows = "Atlas,twin@firm.example,maven,\nAtlas,gone@firm.example,maven,\n\
                Atlas,adda@firm.example,maven,\nAtlas,Hana <hana@firm.example>,maven,\nAtlas,hana,maven,\n";
    desk.write("roster.csv", &format!("{BY_NAME}{rows}"));
    insta::assert_snapshot!(desk.run(&["plan", "roster.csv"]).text());
    desk.write(
        "roster.csv",
        &format!("{BY_NAME}{rows}").replace("Borealis,gil", "Borealis II,gil"),
    );
    desk.run(&["apply", "roster.csv", "--yes", "--strict"]).ends_with(3);
    let rejected = desk.files().into_iter().filter(|path| path.ends_with("rejected.csv")).max();
    let rejected = std::fs::read_to_string(rejected.expect("kept")).expect("text");
    insta::assert_snapshot!(rejected);
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn names_that_cannot_be_looked_up_end_the_run_before_anything_is_planned() {
    let sandbox = sandbox(LIVE);
    let inner = sandbox.router();
    let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let inner = inner.clone();
        async move {
            if request.uri().path().ends_with("/users") {
                let body = r#"{"errors":[{"type":"system","message":"not for you"}]}"#;
                return axum::response::Response::builder()
                    .status(403)
                    .body(axum::body::Body::from(body))
                    .expect("a response");
            }
            tower::ServiceExt::oneshot(inner, request).await.expect("answers")
        }
    });
    let server = Server::of(router);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", BY_NAME);
    insta::assert_snapshot!(desk.run(&["apply", "roster.csv", "--yes"]).text());
    assert!(!sandbox.log().iter().any(|entry| entry.kind == RequestKind::List));
}

#[test]
fn a_check_holds_rows_against_each_other_offline_and_asks_for_names_online() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let rows = "Atlas,ADA@firm.example,buyer,\nBorealis,gil@firm.example,maven,\nAtlas,zoe@firm.example,maven,\n";
    desk.write("roster.csv", &format!("{BY_NAME}{rows}"));
    let text = |arguments: &[&str]| desk.run(arguments).text();
    insta::assert_snapshot!("check_offline", text(&["check", "roster.csv"]));
    insta::assert_snapshot!("check_online", text(&["check", "--online", "roster.csv"]));
    insta::assert_snapshot!("check_csv", text(&["check", "--format", "csv", "roster.csv"]));
    insta::assert_snapshot!("check_json", text(&["check", "--format", "json", "roster.csv"]));
    desk.write("roster.csv", "project;email;role\nAtlas;ada@firm.example;maven\n");
    insta::assert_snapshot!(
        "check_json_damage",
        text(&["check", "--format", "json", "roster.csv"])
    );
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_check_of_50_000_problems_says_the_first_of_each_kind_and_counts_the_rest() {
    let desk = Desk::bare();
    let mut roster = "workspace_id,email,role\n".to_owned();
    for row in 0..50_000 {
        roster.push_str(&match row % 4 {
            0 => format!("{row},p{row},maven\n"),
            1 => format!("1,p{row}@x.example,boss\n"),
            2 => format!("x{row},p{row}@x.example,maven\n"),
            _ => "1,,buyer\n".to_owned(),
        });
    }
    desk.write("roster.csv", &roster);
    let ran = desk.run(&["check", "roster.csv"]).ends_with(3);
    let lines = ran.stdout.lines().count();
    assert!(lines < 100, "{lines}");
    assert!(ran.stdout.contains("… and 12480 more of the kind `role`"), "{}", ran.stdout);
    let all = desk.run(&["check", "--format", "csv", "roster.csv"]).ends_with(3).stdout;
    assert_eq!(all.lines().count(), 1 + 50_000 + 1);
}

#[test]
fn a_check_says_which_projects_lost_more_than_half_since_they_were_applied() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_MODE", "no-delete");
    desk.write("roster.csv", ROSTER);
    desk.run(&["apply", "roster.csv", "--yes"]).ends_with(0);
    desk.write(
        "roster.csv",
        "workspace_id,user_id,role\n100,1,maven\n200,1,maven\n200,20,maven\n200,21,maven\n",
    );
    let shown = desk.run(&["check", "roster.csv"]).ends_with(0).stdout;
    insta::assert_snapshot!(shown, @"Atlas (100) had 5 memberships when it was last applied, and has 1");
}
