//! `doctor`: a line for everything that a run needs, and a code that says whether one would fail.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use kantata_sync::sandbox::{Fault, RequestKind, RetryAfter, Sandbox};

use crate::harness::{Desk, LIVE, Server, hold_lock, sandbox, writes};

/// The levels of the lines, each once.
fn levels(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.split(' ').next()).collect()
}

/// Says of every project what the token's user may do there.
async fn outspoken_server(
    State(permissions): State<serde_json::Value>,
    request: Request,
    next: Next,
) -> Response {
    let is_workspaces = request.uri().path().ends_with("/workspaces");
    let response = next.run(request).await;
    if !is_workspaces {
        return response;
    }
    changed(response, |value| {
        let projects = value["workspaces"].as_object_mut().expect("projects");
        projects.values_mut().for_each(|project| project["permissions"] = permissions.clone());
    })
    .await
}

/// The same answer with another body.
async fn changed(response: Response, change: impl FnOnce(&mut serde_json::Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a body");
    let mut value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    change(&mut value);
    parts.headers.remove("content-length");
    Response::from_parts(parts, Body::from(value.to_string()))
}

/// A server of this sandbox whose projects have these `permissions`.
fn outspoken(sandbox: &Sandbox, permissions: serde_json::Value) -> Server {
    let layer = middleware::from_fn_with_state(permissions, outspoken_server);
    Server::of(sandbox.router().layer(layer))
}

#[test]
fn where_all_is_well_every_line_says_so_and_nothing_is_written() {
    let sandbox = sandbox(LIVE);
    let server = outspoken(&sandbox, serde_json::json!({ "access_level": "admin" }));
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["doctor", "roster.csv", "--strict", "--deadline", "50m"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(levels(&ran.stdout), BTreeSet::from(["ok", "in"]));
    assert_eq!(writes(&sandbox), []);
    // What a run asks, and the rights.
    assert_eq!(sandbox.log().len(), 6);
    insta::assert_snapshot!("before_the_first_run_of_a_doctor", desk.run(&["runs"]).text());
}

/// Makes the server's clock ten minutes fast, and gives every project `permissions` of which the
/// real API shows such ones.
async fn odd_server(request: Request, next: Next) -> Response {
    let is_workspaces = request.uri().path().ends_with("/workspaces");
    let mut response = next.run(request).await;
    let fast = Timestamp::now() + SignedDuration::from_mins(10);
    let date = fast.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert("date", date.parse().expect("a header"));
    if !is_workspaces {
        return response;
    }
    let levels = [("100", "collaboration"), ("200", "admin")];
    let outspoken = |value: &mut serde_json::Value| {
        for (id, level) in levels {
            if let Some(project) = value["workspaces"].get_mut(id) {
                project["permissions"] =
                    serde_json::json!({ "access_level": level, "can_edit": true });
            }
        }
    };
    changed(response, outspoken).await
}

#[test]
fn what_the_api_does_not_say_is_unknown_and_counts_where_all_must_be_known() {
    let sandbox = sandbox(LIVE);
    for (permissions, unknown) in [
        (None, true),
        // Said, but nothing of what a run needs.
        (Some(serde_json::json!({})), true),
        (Some(serde_json::json!({ "can_view": true })), true),
        (Some(serde_json::json!({ "can_invite": true })), true),
        (Some(serde_json::json!({ "can_invite": true, "can_edit": true })), false),
        (Some(serde_json::json!({ "access_level": "admin" })), false),
    ] {
        let said = format!("{permissions:?}");
        let server = match permissions {
            None => Server::of_sandbox(&sandbox),
            Some(permissions) => outspoken(&sandbox, permissions),
        };
        let desk = Desk::at(&server.base_url());
        let ran = desk.run(&["doctor", "roster.csv"]).ends_with(0);
        let line = ran.stdout.lines().find(|line| line.contains("rights")).expect("a line");
        let closing = ran.stdout.lines().last().expect("a line");
        assert_eq!(line.starts_with("unknown  rights: "), unknown, "{said}: {line}");
        assert_eq!(line.starts_with("ok       rights: "), !unknown, "{said}: {line}");
        assert!(line.contains("2 projects"), "{line}");
        let (counted, code) = if unknown { ("13 ok, 1 unknown", 5) } else { ("14 ok", 0) };
        assert_eq!(closing, format!("in all   {counted}"), "{said}");
        let strict = desk.run(&["doctor", "--strict", "roster.csv"]).ends_with(code);
        assert_eq!(strict.stdout, ran.stdout, "the same findings, another answer");
        let json = desk.run(&["doctor", "roster.csv", "--format", "json"]).ends_with(0);
        assert_eq!(json.stdout.contains("\"level\": \"unknown\""), unknown, "{}", json.stdout);
        let csv = desk.run(&["doctor", "roster.csv", "--format", "csv"]).ends_with(0);
        assert_eq!(csv.stdout.contains("\nunknown,rights,"), unknown, "{}", csv.stdout);
    }
}

/// Forgets the time, and everything about projects that is asked for the first time.
async fn forgetful_server(
    State(asked): State<Arc<AtomicBool>>,
    request: Request,
    next: Next,
) -> Response {
    let is_workspaces = request.uri().path().ends_with("/workspaces");
    if is_workspaces && !asked.swap(true, Ordering::SeqCst) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert("date", HeaderValue::from_static("not a date"));
    response
}

#[test]
fn what_could_not_be_asked_or_looked_at_is_unknown_too() {
    let sandbox = sandbox(LIVE);
    let asked = Arc::new(AtomicBool::new(false));
    let layer = middleware::from_fn_with_state(Arc::clone(&asked), forgetful_server);
    let server = Server::of(sandbox.router().layer(layer));
    let desk = Desk::at(&server.base_url());
    // A lock that cannot be looked at.
    let folder = desk.state().join("default").join(server.folder_name());
    fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink("lock", folder.join("lock")).expect("a link to itself");
    let ran = desk.run(&["doctor", "roster.csv"]);
    insta::assert_snapshot!(ran.ends_with(0).text());
    asked.store(false, Ordering::SeqCst);
    desk.run(&["doctor", "--strict", "roster.csv"]).ends_with(5);
}

#[test]
fn whatever_would_fail_is_told_with_what_to_do() {
    let more = "300,Cove,1,,,,maven,admin,\n500,Dune,1,,,,maven,admin,\n";
    let sandbox = sandbox(&format!("{LIVE}{more}"));
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(500);
        settings.admin_exceptions.insert(100);
        settings.retry_after = RetryAfter::None;
    });
    sandbox.with_world(|world| {
        let mut cove = world.workspaces()[&300].clone();
        cove.archived = true;
        world.put_workspace(cove);
    });
    sandbox.fail_next(RequestKind::Me, Fault::Rate429);
    let server = Server::of(sandbox.router().layer(middleware::from_fn(odd_server)));
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_SCOPE__WORKSPACES", "[300, 500]")
        .with("KANTATA_SYNC_PROTECT__USERS", "[\"ada@firm.example\", \"*@gone.example\"]");
    let roster = fs::read_to_string(desk.path("roster.csv")).expect("a roster");
    desk.write("roster.csv", &format!("{roster}200,1.16E+20,maven,\n"));
    desk.write("kantata-sync.toml", "mode = \"no-delete\"\n");
    let folder = desk.state().join("default").join(server.folder_name());
    fs::create_dir_all(&folder).expect("a folder");
    let lock = hold_lock(&folder);
    fs::write(folder.join("memory.json"), "{").expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&folder, mode).expect("set");

    // Quiet: how long a 429 holds is drawn, and logged.
    let ran = desk.run(&["doctor", "-q", "roster.csv", "--deadline", "1ms"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(ran.code, 5);
    assert_eq!(writes(&sandbox), []);
    drop(lock);
}

#[test]
fn without_a_token_that_is_let_in_the_code_is_8() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).without("KANTATA_TOKEN");
    insta::assert_snapshot!(desk.run(&["doctor"]).text());
    assert_eq!(sandbox.log(), []);
    let desk = Desk::at(&server.base_url()).with("KANTATA_TOKEN", "wrong");
    insta::assert_snapshot!("a_token_that_is_refused", desk.run(&["doctor", "roster.csv"]).text());
}

#[test]
fn an_api_that_is_not_there_and_a_roster_that_is_damaged_are_failures() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let desk = Desk::at(&format!("http://{free}/api/v1"));
    desk.write("roster.csv", "workspace_id,user,role\n");
    insta::assert_snapshot!(desk.run(&["doctor", "roster.csv"]).text());

    let taken = Desk::at(&format!("http://{free}/api/v1")).with("KANTATA_SYNC_STATE_DIR", "file");
    taken.write("file", "");
    let text = taken.run(&["doctor"]).ends_with(5).stdout;
    assert!(text.contains("failure  state folder: cannot make "), "{text}");
}

#[test]
fn findings_have_a_form_for_programs() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["doctor", "--format", "json", "--output", "findings.csv"]).ends_with(0);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let of = |what: &str| {
        let list = value.as_array().expect("a list");
        list.iter().find(|one| one["what"] == what).expect(what)["level"].clone()
    };
    assert_eq!((of("token"), of("projects")), ("ok".into(), "warning".into()));
    assert!(desk.read("findings.csv").starts_with("level,what,detail,advice\n"));
    desk.run(&["doctor", "--format", "html"]).ends_with(2);
}

#[test]
fn a_roster_by_name_is_looked_up() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let right =
        "project,email,role\nAtlas,ada@firm.example,maven\nBorealis,eva@firm.example,maven\n";
    desk.write("roster.csv", right);
    let ran = desk.run(&["doctor", "roster.csv"]).ends_with(0);
    assert!(ran.stdout.contains("roster: roster.csv: 2 rows, 2 projects"), "{}", ran.text());
    desk.write("roster.csv", &format!("{right}Atlas,nobody@firm.example,maven\n"));
    let ran = desk.run(&["doctor", "roster.csv"]).ends_with(5);
    assert!(ran.stdout.contains("3 rows, 2 projects; 1 invalid"), "{}", ran.text());
    let ran = desk.without("KANTATA_TOKEN").run(&["doctor", "roster.csv"]).ends_with(8);
    assert!(ran.stdout.contains("its people and projects stand by name"), "{}", ran.text());
}
