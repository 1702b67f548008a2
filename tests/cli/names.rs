//! The names of those who are to be created: asked for where the token may see people, and missed
//! without harm where it may not.

use std::fmt::Write as _;

use kantata_sync::sandbox::{RequestKind, Sandbox, User, World};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox};

/// People who are on no project, more than one request can ask for.
fn newcomers(sandbox: &Sandbox, people: u64) -> String {
    let mut roster = "workspace_id,user_id,role\n100,1,maven\n100,10,maven\n".to_owned();
    sandbox.with_world(|world: &mut World| {
        for id in 1_000..1_000 + people {
            world.put_user(User {
                id,
                name: format!("Newcomer {id}"),
                email: format!("n{id}@firm.example"),
                disabled: false,
                on_account: true,
                account_admin: false,
            });
            let _never_fails = writeln!(roster, "100,{id},maven");
        }
    });
    roster
}

fn asked_for_names(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log();
    let asked = log.iter().filter(|entry| entry.kind == RequestKind::Users);
    asked.map(|entry| entry.path.clone()).collect()
}

/// How a server answers a path, where it does so in its own way.
type OddAnswer = fn(&str) -> Option<(u16, String)>;

#[test]
fn newcomers_have_their_names_in_the_plan_for_one_request_of_200() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_MODE", "no-delete");
    desk.write("roster.csv", &newcomers(&sandbox, 201));
    let ran = desk.run(&["plan", "roster.csv", "--format", "json"]).ends_with(0);
    let people = ran.report().people;
    assert_eq!(people.values().filter(|name| name.starts_with("Newcomer")).count(), 201);
    let asked = asked_for_names(&sandbox);
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|path| path.len() < 1_950 && !path.contains("only=10,")), "{asked:?}");
    assert!(!desk.run(&["plan", "roster.csv"]).stdout.contains("name not visible"));
}

#[test]
fn names_that_cannot_be_had_change_neither_plan_nor_exit_code() {
    let plan = |spoil: fn(&str) -> Option<(u16, String)>| {
        let sandbox = sandbox(LIVE);
        let inner = sandbox.router();
        let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let inner = inner.clone();
            async move {
                let path = request.uri().to_string();
                match spoil(&path).filter(|_| path.contains("/users?")) {
                    Some((status, body)) => axum::response::Response::builder()
                        .status(status)
                        .body(axum::body::Body::from(body))
                        .expect("a response"),
                    None => tower::ServiceExt::oneshot(inner, request).await.expect("answers"),
                }
            }
        });
        let server = Server::of(router);
        let desk = Desk::at(&server.base_url());
        let report = desk.run(&["plan", "roster.csv", "--format", "json"]).ends_with(0).report();
        let text = desk.run(&["plan", "roster.csv"]).ends_with(0).stdout;
        (report.digest, report.counts, text)
    };
    let (digest, counts, text) = plan(|_| None);
    assert!(text.contains("Hana Okoro (31)") && text.contains("Ivo Brandt (32)"), "{text}");
    let answers: [OddAnswer; 8] = [
        |_| Some((403, r#"{"errors":[{"message":"no"}]}"#.to_owned())),
        |_| Some((404, r#"{"errors":[{"message":"no"}]}"#.to_owned())),
        |_| Some((401, r#"{"errors":[{"message":"no"}]}"#.to_owned())),
        |_| Some((500, String::new())),
        |_| Some((429, String::new())),
        |_| Some((200, "<html>".to_owned())),
        |_| Some((200, r#"{"errors":["no"]}"#.to_owned())),
        |_| Some((200, r#"{"count":0,"results":[],"users":[]}"#.to_owned())),
    ];
    for answer in answers {
        let (other, others, text) = plan(answer);
        assert_eq!((&other, others), (&digest, counts), "{text}");
        assert!(text.contains("user 31 (name not visible)"), "{text}");
    }
    let (other, _, text) = plan(|_| {
        let body = r#"{"count":2,"results":[{"key":"users","id":"10"},{"key":"users","id":"31"}],
            "users":{"10":{"full_name":"Mallory","id":"10"},"31":{"full_name":"Mallory","id":"77"}}}"#;
        Some((200, body.to_owned()))
    });
    assert_eq!(other, digest);
    assert!(text.contains("user 31 (name not visible)") && !text.contains("Mallory"), "{text}");
}

#[test]
fn nobody_is_asked_for_whose_name_is_known_in_an_undo_neither() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", "workspace_id,user_id,role,access_level\n100,1,maven,\n100,10,maven,\n100,11,maven,view_tasks\n100,12,maven,\n100,13,buyer,\n");
    desk.run(&["plan", "roster.csv"]).ends_with(0);
    assert_eq!(asked_for_names(&sandbox), [""; 0]);
    desk.write("roster.csv", ROSTER);
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    assert!(ran.kept("results.csv").contains("Hana Okoro"), "{}", ran.kept("results.csv"));
    let asked = asked_for_names(&sandbox).len();
    assert_eq!(asked, 1);
    let undo = ["undo", "--dry-run", &ran.run()];
    assert!(desk.run(&undo).stdout.contains("Cleo Marsh (12)"));
    assert_eq!(asked_for_names(&sandbox).len(), asked);
    // Where no report names them, an undo asks as well for whom it would create.
    for name in ["report.json", "plan.json"] {
        std::fs::remove_file(ran.folder().join(name)).expect("kept");
    }
    let ran = desk.run(&undo);
    assert!(ran.stdout.contains("Cleo Marsh (12)"), "{}", ran.text());
    assert_eq!(asked_for_names(&sandbox).len(), asked + 1);
}
