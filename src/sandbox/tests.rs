//! The rules of the simulated API, asked through its router in process under paused time.

mod faults;
mod writes;

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
