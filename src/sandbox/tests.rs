//! The rules of the simulated API, asked through its router in process under paused time.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

mod lookup;

use super::*;

const ALL_FIELDS: &str = "optional_fields=access_level,permissions_label,\
                          can_schedule_their_hours,can_schedule_team_hours";

/// Project 1 with the token's user (lead), 2 (lead of the client side), 3 and 4 (administrator);
/// project 2 without members; 5 is free, 6 deactivated, 7 not on the account; 9 is archived.
const SEED: &str = "\
workspace_id,project,archived,user_id,name,email,disabled,on_account,account_admin,role,access_level,team_lead,rate_in_cents
1,Harbour,,1,Token Owner,owner@example.com,,,,maven,admin,true,
1,Harbour,,2,Zoe Client,zoe@example.com,,false,,buyer,view_tasks,true,
1,Harbour,,3,Ann Able,ann@example.com,,,,maven,edit_financials,,9000
1,Harbour,,4,Max Admin,max@example.com,,,true,maven,admin,,
2,Quay,,,,,,,,,,,
9,Old Pier,true,,,,,,,,,,
,,,5,Free Lance,free@example.com,,,,,,,
,,,6,Gone Away,gone@example.com,true,,,,,,
,,,7,Out Side,out@example.com,,false,,,,,
";

struct Got {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Result<String, ()>,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(self.body.as_deref().expect("a whole body")).expect("JSON")
    }

    fn ids(&self) -> Vec<u64> {
        let results = self.json()["results"].as_array().expect("results").clone();
        let id = |one: &Value| one["id"].as_str().and_then(|id| id.parse().ok());
        results.iter().filter_map(id).collect()
    }

    fn fields_in_error(&self) -> Vec<(String, Option<u64>)> {
        let errors = self.json()["errors"].as_array().expect("errors").clone();
        let field = |one: &Value| one["field"].as_str().unwrap_or("-").to_owned();
        errors.iter().map(|one| (field(one), one["index"].as_u64())).collect()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

fn sandbox(settings: SandboxSettings) -> Sandbox {
    Sandbox::new(World::from_csv(SEED).expect("a good seed"), settings)
}

fn plain() -> Sandbox {
    sandbox(SandboxSettings::default())
}

fn request(method: &str, path: &str, body: &Value) -> Request<Body> {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    Request::builder()
        .method(method)
        .uri(format!("{BASE_PATH}{path}"))
        .header("authorization", "Bearer sandbox-token")
        .body(body)
        .expect("a request")
}

async fn send(sandbox: &Sandbox, request: Request<Body>) -> Got {
    let response = sandbox.router().oneshot(request).await.expect("infallible");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.map_err(|_| ());
    let body = body.map(|body| String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8"));
    Got { status, headers, body }
}

async fn get(sandbox: &Sandbox, path: &str) -> Got {
    send(sandbox, request("GET", path, &Value::Null)).await
}

async fn create(sandbox: &Sandbox, rows: Value) -> Got {
    send(sandbox, request("POST", "/participations", &json!({ "participations": rows }))).await
}

async fn update(sandbox: &Sandbox, id: u64, written: Value) -> Got {
    let path = format!("/participations/{id}?{ALL_FIELDS}");
    send(sandbox, request("PUT", &path, &json!({ "participation": written }))).await
}

async fn delete(sandbox: &Sandbox, id: u64) -> Got {
    send(sandbox, request("DELETE", &format!("/participations/{id}"), &Value::Null)).await
}

fn row(workspace: u64, user: u64) -> Value {
    json!({ "workspace_id": workspace, "user_id": user, "role": "maven" })
}

fn id_of(sandbox: &Sandbox, user: u64) -> u64 {
    sandbox.world().of(1, user)[0].id
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_refused_and_never_logged() {
    let sandbox = plain();
    let mut wrong = request("GET", "/users/me", &Value::Null);
    wrong.headers_mut().insert("authorization", "Bearer secret-word".parse().expect("a value"));
    let got = send(&sandbox, wrong).await;
    assert_eq!(got.status, 401);
    assert_eq!(got.header("x-request-id"), "sandbox-00000001");
    assert_eq!(got.header("date"), "Sun, 01 Nov 2026 00:00:00 GMT");
    assert!(!format!("{:?}", sandbox.log()).contains("secret-word"));
}

#[tokio::test(start_paused = true)]
async fn a_get_that_announces_a_body_is_refused() {
    let sandbox = plain();
    for (name, value) in [("content-length", "0"), ("transfer-encoding", "chunked"), ("x-a", " ")] {
        let mut strict = request("GET", "/users/me", &Value::Null);
        strict.headers_mut().insert(name, value.parse().expect("a value"));
        assert_eq!(send(&sandbox, strict).await.status, 400, "{name}");
    }
    assert_eq!(get(&sandbox, "/users/me.json").await.ids(), [1]);
}

#[tokio::test(start_paused = true)]
async fn optional_fields_come_only_when_asked_for_and_levels_only_for_administrators() {
    let sandbox = plain();
    let keys = |got: &Got| -> Vec<String> {
        let body = got.json();
        body["participations"]["9003"].as_object().expect("an object").keys().cloned().collect()
    };
    let silent = get(&sandbox, "/participations?workspace_id=1").await;
    assert!(!keys(&silent).contains(&"access_level".to_owned()));
    let path = format!("/participations?workspace_id=1&{ALL_FIELDS}");
    let asked = get(&sandbox, &path).await;
    assert_eq!(asked.json()["participations"]["9003"]["access_level"], "financial");
    assert_eq!(asked.json()["participations"]["9003"]["rate_in_cents"], 9000);
    sandbox.change_settings(|settings| {
        settings.admin_exceptions.insert(1);
        settings.financial_access = false;
    });
    let hidden = keys(&get(&sandbox, &path).await);
    for absent in ["access_level", "permissions_label", "rate_in_cents", "cost_in_cents"] {
        assert!(!hidden.contains(&absent.to_owned()), "{absent}");
    }
    assert!(hidden.contains(&"can_schedule_team_hours".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn listings_are_ordered_by_name_or_by_change_and_cut_into_pages() {
    let sandbox = plain();
    let list = |query: &'static str| {
        let sandbox = &sandbox;
        async move { get(sandbox, &format!("/participations?workspace_id=1{query}")).await.ids() }
    };
    assert_eq!(list("").await, [9004, 9003, 9002, 9001]);
    assert_eq!(list("&order=updated_at:asc&per_page=3").await, [9001, 9002, 9003]);
    assert_eq!(list("&order=user_name:asc&per_page=3").await, [9003, 9004, 9001]);
    assert_eq!(list("&order=user_name:desc&per_page=3&page=2").await, [9003]);
}

#[tokio::test(start_paused = true)]
async fn an_invisible_project_has_an_empty_list_and_is_absent_elsewhere() {
    let sandbox = plain();
    sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(1);
    });
    for id in ["1", "77", "x"] {
        let got = get(&sandbox, &format!("/participations?workspace_id={id}")).await;
        assert_eq!((got.status, got.ids().len()), (StatusCode::OK, 0), "{id}");
    }
    assert_eq!(get(&sandbox, "/workspaces?only=1,2,9").await.ids(), [2]);
    assert_eq!(get(&sandbox, "/workspaces?only=1,2,9&include_archived=true").await.ids(), [2, 9]);
    assert_eq!(delete(&sandbox, 9003).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn people_are_found_by_address_and_deactivated_ones_on_request() {
    let sandbox = plain();
    let find = |query: &'static str| {
        let sandbox = &sandbox;
        async move { get(sandbox, &format!("/users?{query}")).await.ids() }
    };
    let both = "by_email_addresses=ANN%40example.com,free@example.com,gone@example.com";
    assert_eq!(find(both).await, [3]);
    assert_eq!(get(&sandbox, &format!("/users?{both}&on_my_account=true")).await.ids(), [3, 5]);
    let all = format!("/users?{both}&on_my_account=true&show_disabled=true");
    assert_eq!(get(&sandbox, &all).await.ids(), [3, 5, 6]);
    sandbox.change_settings(|settings| settings.email_case_matters = true);
    assert_eq!(find(both).await, [0_u64; 0]);
    let members = get(&sandbox, "/account_memberships?by_user_id=4,6,7").await;
    assert_eq!(members.ids(), [4, 6]);
    assert!(members.json()["account_memberships"]["6"]["disabled_at"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_bulk_create_is_all_or_nothing_or_keeps_the_good_rows() {
    let rows = json!([row(2, 5), row(2, 6), row(9, 5), row(2, 99), row(2, 5), { "user_id": "3" }]);
    let atomic = plain();
    let got = create(&atomic, rows.clone()).await;
    assert_eq!(got.status, 422);
    let text = |field: &str| field.to_owned();
    let expected = [
        (text("user_id"), Some(1)),
        (text("workspace_id"), Some(2)),
        (text("user_id"), Some(3)),
        (text("user_id"), Some(4)),
        (text("user_id"), Some(5)),
        (text("role"), Some(5)),
        (text("workspace_id"), Some(5)),
        (text("user_id"), Some(5)),
    ];
    assert_eq!(got.fields_in_error(), expected);
    assert_eq!(atomic.world().on(2).count(), 0);
    let partial = sandbox(SandboxSettings {
        bulk: Bulk::Partial,
        error_index: ErrorIndex::None,
        ..SandboxSettings::default()
    });
    let got = create(&partial, rows).await;
    assert_eq!(got.status, 422);
    assert!(got.fields_in_error().iter().all(|(_, index)| index.is_none()));
    assert_eq!(partial.world().of(2, 5).len(), 1);
    assert!(partial.log()[0].committed && partial.log()[0].objects == 6);
}

#[tokio::test(start_paused = true)]
async fn the_index_of_an_error_is_whatever_the_setting_says() {
    let rows = json!([row(2, 5), row(9, 5), row(2, 3), row(9, 99)]);
    for (error_index, expected) in [
        (ErrorIndex::Position, [Some(1), Some(3), Some(3)]),
        (ErrorIndex::AmongFailed, [Some(0), Some(1), Some(1)]),
        (ErrorIndex::Zero, [Some(0); 3]),
        (ErrorIndex::None, [None; 3]),
    ] {
        let sandbox = sandbox(SandboxSettings { error_index, ..SandboxSettings::default() });
        let indices = |got: &Got| -> Vec<Option<u64>> {
            got.fields_in_error().into_iter().map(|(_, index)| index).collect()
        };
        let got = create(&sandbox, rows.clone()).await;
        assert_eq!(indices(&got), expected, "{error_index:?}");
        sandbox.change_settings(|settings| settings.first_error_only = true);
        let got = create(&sandbox, rows.clone()).await;
        assert_eq!(indices(&got), expected[..1], "{error_index:?}");
        sandbox.change_settings(|settings| settings.max_bulk = 3);
        assert_eq!(indices(&create(&sandbox, rows.clone()).await), [None], "too many");
    }
}

#[tokio::test(start_paused = true)]
async fn an_index_may_name_good_objects_as_well() {
    let rows = json!([row(2, 5), row(9, 5), row(2, 3), row(9, 99)]);
    for (error_index, expected) in
        [(ErrorIndex::Neighbours, vec![1, 2, 3, 3]), (ErrorIndex::Every, vec![0, 1, 2, 3, 3])]
    {
        let sandbox = sandbox(SandboxSettings { error_index, ..SandboxSettings::default() });
        let got = create(&sandbox, rows.clone()).await;
        let indices = got.fields_in_error().into_iter().filter_map(|(_, index)| index);
        let mut indices: Vec<u64> = indices.collect();
        indices.sort_unstable();
        assert_eq!(indices, expected, "{error_index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_refused_ignored_or_doubled() {
    for (duplicates, status, rows) in [
        (Duplicates::Refused, 422, 1),
        (Duplicates::Ignored, 200, 1),
        (Duplicates::Doubled, 200, 2),
    ] {
        let sandbox = sandbox(SandboxSettings { duplicates, ..SandboxSettings::default() });
        let got = create(&sandbox, json!([row(1, 3)])).await;
        assert_eq!(got.status, status, "{duplicates:?}");
        assert_eq!(sandbox.world().of(1, 3).len(), rows, "{duplicates:?}");
        assert_eq!(sandbox.log()[0].committed, duplicates == Duplicates::Doubled);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_without_a_person_makes_the_tokens_own_user_join() {
    let sandbox = plain();
    create(&sandbox, json!([{ "workspace_id": 2, "role": "maven" }])).await;
    assert_eq!(sandbox.world().of(2, 1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_does_not_take_what_only_an_update_takes() {
    let sandbox = plain();
    let mut written = row(2, 5);
    written["team_lead"] = json!(true);
    written["rate_in_cents"] = json!(100);
    written["can_invite"] = json!(true);
    create(&sandbox, json!([written])).await;
    let world = sandbox.world();
    let one = world.of(2, 5)[0];
    assert!(one.can_invite && !one.is_team_lead && one.rate_in_cents.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_update_ignores_side_person_and_project() {
    let sandbox = plain();
    let written = json!({ "role": "buyer", "user_id": 5, "workspace_id": 2, "can_invite": true });
    let got = update(&sandbox, id_of(&sandbox, 3), written).await;
    assert_eq!(got.status, 200);
    let one = &got.json()["participations"]["9003"];
    assert_eq!((&one["role"], &one["user_id"]), (&json!("maven"), &json!("3")));
    assert_eq!((&one["workspace_id"], &one["can_invite"]), (&json!("1"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_value_of_the_wrong_kind_is_refused() {
    let sandbox = plain();
    for written in [
        json!({ "access_level": "financial" }),
        json!({ "access_level": null }),
        json!({ "can_invite": "true" }),
        json!({ "rate_in_cents": 1.5 }),
        json!({ "workspace_role_id": "7" }),
    ] {
        assert_eq!(update(&sandbox, 9003, written.clone()).await.status, 422, "{written}");
    }
    assert_eq!(sandbox.log().iter().filter(|entry| entry.committed).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_level_of_an_account_administrator_does_not_move() {
    let sandbox = plain();
    let got = update(&sandbox, id_of(&sandbox, 4), json!({ "access_level": "view_tasks" })).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.json()["participations"]["9004"]["access_level"], "admin");
    let mut written = row(2, 4);
    written["access_level"] = json!("edit_tasks");
    create(&sandbox, json!([written])).await;
    assert_eq!(sandbox.world().of(2, 4)[0].level, Level::Admin);
}

#[tokio::test(start_paused = true)]
async fn a_lead_goes_only_after_promotion_of_another_and_demotion() {
    let sandbox = plain();
    assert_eq!(delete(&sandbox, 9001).await.status, 422);
    assert_eq!(update(&sandbox, 9001, json!({ "team_lead": false })).await.status, 422);
    assert_eq!(update(&sandbox, 9003, json!({ "team_lead": true })).await.status, 200);
    assert_eq!(delete(&sandbox, 9001).await.status, 422);
    assert_eq!(update(&sandbox, 9001, json!({ "team_lead": false })).await.status, 200);
    assert_eq!(delete(&sandbox, 9001).await.status, 204);
    assert_eq!(delete(&sandbox, 9001).await.status, 404);
    assert!(sandbox.world().participations()[&9002].is_team_lead, "the other side keeps its lead");
}

#[tokio::test(start_paused = true)]
async fn a_promotion_can_demote_the_other_lead_of_the_side() {
    let sandbox =
        sandbox(SandboxSettings { promotion_demotes: true, ..SandboxSettings::default() });
    update(&sandbox, 9003, json!({ "team_lead": true })).await;
    let leads = |world: World| -> Vec<u64> {
        world.on(1).filter(|one| one.is_team_lead).map(|one| one.id).collect()
    };
    assert_eq!(leads(sandbox.world()), [9002, 9003]);
}

#[tokio::test(start_paused = true)]
async fn rates_are_written_with_financial_access_and_without_rate_cards() {
    for (financial_access, rate_cards, expected) in [
        (true, false, (Some(5), Some(6))),
        (true, true, (Some(9000), Some(6))),
        (false, false, (Some(9000), None)),
    ] {
        let sandbox =
            sandbox(SandboxSettings { financial_access, rate_cards, ..SandboxSettings::default() });
        update(&sandbox, 9003, json!({ "rate_in_cents": 5, "cost_in_cents": 6 })).await;
        let one = sandbox.world().participations()[&9003].clone();
        assert_eq!((one.rate_in_cents, one.cost_in_cents), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_project_may_be_closed_to_the_token() {
    let sandbox = plain();
    sandbox.change_settings(|settings| {
        settings.forbidden_workspaces.insert(1);
    });
    assert_eq!(delete(&sandbox, 9003).await.status, 403);
    assert_eq!(update(&sandbox, 9003, json!({})).await.status, 403);
    assert_eq!(create(&sandbox, json!([row(1, 5)])).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn an_external_reference_can_be_written_shown_and_listed_by() {
    let sandbox = plain();
    let link = json!({ "service_name": "sync", "service_model": "run", "service_model_ref": 7 });
    update(&sandbox, 9003, json!({ "external_reference": link, "workspace_role_id": 70 })).await;
    let path = "/participations?workspace_id=1&external_reference_service_name=sync\
                &include=external_references,workspace_role";
    let got = get(&sandbox, path).await;
    assert_eq!(got.ids(), [9003]);
    let one = &got.json()["participations"]["9003"];
    let link_id = one["external_reference_ids"][0].as_str().expect("an id");
    assert_eq!(got.json()["external_references"][link_id]["service_model_ref"], "7");
    assert_eq!(one["workspace_role_id"], "70");
}

#[tokio::test(start_paused = true)]
async fn too_fast_a_request_is_told_to_wait_in_the_way_that_is_set() {
    for (retry_after, expected) in [
        (RetryAfter::Seconds, "1"),
        (RetryAfter::Date, "Sun, 01 Nov 2026 00:00:02 GMT"),
        (RetryAfter::Nonsense, "a little later"),
        (RetryAfter::None, ""),
    ] {
        let limit =
            SandboxSettings { requests_per_second: Some(2.0), ..SandboxSettings::default() };
        let sandbox = sandbox(SandboxSettings { retry_after, rate_limit_json: false, ..limit });
        assert_eq!(get(&sandbox, "/users/me").await.status, 200);
        let got = delete(&sandbox, 9003).await;
        assert_eq!((got.status.as_u16(), got.header("retry-after")), (429, expected));
        assert!(serde_json::from_str::<Value>(&got.body.expect("a body")).is_err());
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(delete(&sandbox, 9003).await.status, 204);
    }
}

#[tokio::test(start_paused = true)]
async fn projects_can_have_a_rate_of_their_own() {
    let sandbox =
        sandbox(SandboxSettings { workspaces_per_second: Some(1.0), ..SandboxSettings::default() });
    assert_eq!(get(&sandbox, "/workspaces").await.status, 200);
    assert_eq!(get(&sandbox, "/workspaces").await.status, 429);
    assert_eq!(get(&sandbox, "/users/me").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_listing_lags_behind_a_write_as_long_as_it_is_set() {
    let lag = Duration::from_secs(5);
    let sandbox =
        sandbox(SandboxSettings { read_after_write_lag: lag, ..SandboxSettings::default() });
    create(&sandbox, json!([row(2, 5)])).await;
    let path = "/participations?workspace_id=2";
    assert_eq!(get(&sandbox, path).await.ids(), [0_u64; 0]);
    assert_eq!(get(&sandbox, "/participations/9005").await.ids(), [9005]);
    tokio::time::advance(lag).await;
    assert_eq!(get(&sandbox, path).await.ids(), [9005]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_has_changed_nothing_before_the_commit_and_all_after_it() {
    let latency = Duration::from_secs(2);
    for (patience, committed) in [(900, false), (1100, true)] {
        let sandbox = sandbox(SandboxSettings { latency, ..SandboxSettings::default() });
        let patience = Duration::from_millis(patience);
        let call = delete(&sandbox, 9003);
        assert!(tokio::time::timeout(patience, call).await.is_err());
        let entry = sandbox.log()[0].clone();
        assert_eq!((entry.committed, entry.answered), (committed, Reply::Nothing));
        assert_eq!(sandbox.world().participations().contains_key(&9003), !committed);
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_says_nothing_of_what_was_done() {
    let table = [
        (Fault::ErrorBefore, false, "5xx"),
        (Fault::ErrorAfter, true, "5xx"),
        (Fault::CutBefore, false, "cut"),
        (Fault::CutAfter, true, "cut"),
        (Fault::TimeoutBefore, false, "timed out"),
        (Fault::TimeoutAfter, true, "timed out"),
        (Fault::HtmlBefore, false, "html"),
        (Fault::HtmlAfter, true, "html"),
        (Fault::Garbage, true, "no JSON"),
        (Fault::Slow, true, "200"),
        (Fault::ErrorsIn200, false, "errors"),
        (Fault::Redirect, false, "302"),
        (Fault::Rate429, false, "429"),
    ];
    for (fault, committed, expected) in table {
        let sandbox = plain();
        sandbox.fail_next(RequestKind::Create, fault);
        let got = create(&sandbox, json!([row(2, 5)])).await;
        let entry = sandbox.log()[0].clone();
        assert_eq!(look_of(&got, entry.answered), expected, "{fault:?}");
        assert_eq!(entry.committed, committed, "{fault:?}");
        assert_eq!(sandbox.world().of(2, 5).len(), usize::from(committed), "{fault:?}");
        assert_eq!(entry.fault, Some(fault));
    }
}

fn look_of(got: &Got, answered: Reply) -> &'static str {
    let Ok(body) = &got.body else {
        return if answered == Reply::TimedOut { "timed out" } else { "cut" };
    };
    match (got.status.as_u16(), serde_json::from_str::<Value>(body)) {
        (302, _) => "302",
        (429, _) => "429",
        (200, Ok(body)) if body.get("errors").is_some() => "errors",
        (200, Ok(_)) => "200",
        (500 | 503, Ok(_)) => "5xx",
        (504, Err(_)) => "5xx",
        (502, Err(_)) if answered == Reply::Status(502) => html_or_error(got),
        (200, Err(_)) if body.starts_with("<!DOCTYPE") => "html",
        (200, Err(_)) => "no JSON",
        _ => "something else",
    }
}

/// A 502 with a page is what both `Error…` and `Html…` can give.
fn html_or_error(got: &Got) -> &'static str {
    assert!(got.header("content-type").starts_with("text/html"));
    if got.header("x-request-id").is_empty() { "something else" } else { "html" }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_times_out_hangs_for_longer_than_anybody_waits() {
    let sandbox = plain();
    sandbox.fail_next(RequestKind::Delete, Fault::TimeoutBefore);
    let patience = Duration::from_secs(190);
    assert!(tokio::time::timeout(patience, delete(&sandbox, 9003)).await.is_err());
    assert!(sandbox.world().participations().contains_key(&9003));
}

#[tokio::test(start_paused = true)]
async fn somebody_else_works_on_the_chosen_projects_and_is_logged() {
    let faults = Faults { foreign_edits: 1.0, foreign_workspaces: [1].into(), ..Faults::default() };
    let sandbox = sandbox(SandboxSettings { faults, ..SandboxSettings::default() });
    for _ in 0..40 {
        get(&sandbox, "/users/me").await;
    }
    let edits = sandbox.foreign_edits();
    assert!(edits.len() > 20 && edits.iter().all(|edit| edit.target.workspace == 1));
    for kind in [ForeignChange::Created, ForeignChange::Edited, ForeignChange::Removed] {
        assert!(edits.iter().any(|edit| edit.change == kind), "{kind:?}");
    }
    assert_eq!(sandbox.world().of(1, 1).len(), 1, "the token's own user is left alone");
    sandbox.calm();
    get(&sandbox, "/users/me").await;
    assert_eq!(sandbox.foreign_edits().len(), edits.len());
}

#[tokio::test(start_paused = true)]
async fn pages_shift_between_two_requests_of_a_listing_but_not_before_the_first() {
    let faults = Faults { page_shift: 1.0, ..Faults::default() };
    let sandbox = sandbox(SandboxSettings { faults, ..SandboxSettings::default() });
    get(&sandbox, "/participations?workspace_id=1&per_page=2&page=1").await;
    assert!(sandbox.foreign_edits().is_empty());
    get(&sandbox, "/participations?workspace_id=1&per_page=2&page=2").await;
    assert_eq!(sandbox.foreign_edits().len(), 1);
    assert_eq!(sandbox.foreign_edits()[0].seq, 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_the_same_requests_give_the_same_log() {
    let mut logs = Vec::new();
    for _ in 0..2 {
        let faults = Faults { foreign_edits: 0.3, ..Faults::even(11, 0.05) };
        let sandbox = sandbox(SandboxSettings { faults, ..SandboxSettings::default() });
        for user in [5, 7, 3, 5] {
            create(&sandbox, json!([row(2, user)])).await;
            get(&sandbox, "/participations?workspace_id=2").await;
        }
        logs.push(format!("{:?}{:?}", sandbox.log(), sandbox.foreign_edits()));
    }
    assert_eq!(logs[0], logs[1]);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_can_be_streamed_as_lines_of_json() {
    let (sandbox, lines) = (plain(), Lines::default());
    sandbox.stream_log(lines.clone());
    delete(&sandbox, 9003).await;
    let text = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("UTF-8");
    insta::assert_snapshot!(text, @r#"{"entry":"request","seq":1,"at":"2026-11-01T00:00:00Z","method":"DELETE","path":"/api/v1/participations/9003","kind":"delete","objects":0,"fault":null,"answered":{"status":204},"committed":true,"targets":[{"workspace":1,"user":3,"participation":9003}],"request_id":"sandbox-00000001"}"#);
}

#[tokio::test]
async fn over_a_socket_it_answers_cuts_and_stops() {
    let sandbox = plain();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = sandbox.clone();
    let served = tokio::spawn(async move {
        let shutdown = async { stopped.await.unwrap_or(()) };
        server.serve(listener, shutdown).await
    });
    let ask = || async move {
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
        let text = "GET /api/v1/users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                    authorization: Bearer sandbox-token\r\n\r\n";
        stream.write_all(text.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await; // a cut may be an error or an early end
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = ask().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\"page_size\":20}}"));
    sandbox.fail_next(RequestKind::Me, Fault::CutAfter);
    let answer = ask().await;
    assert!(!answer.contains("results") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    stop.send(()).expect("still serving");
    served.await.expect("no panic").expect("served");
}

#[test]
fn a_seed_of_today_draws_the_same_next_year() {
    // Seeds are printed, kept in reports of faults and replayed by people: another stream behind
    // them would be another world.
    let mut random = fastrand::Rng::with_seed(7);
    let drawn = (random.u64(..), random.u64(0..1000), random.usize(0..7), random.bool());
    let expected = (14_266_376_187_910_451_857, 222, 5, false);
    assert_eq!((drawn, random.f64().to_bits()), (expected, 4_593_057_731_802_942_397));
}
