//! The sandbox's answers against the real ones in `sample-data/wire/`: same status, same keys in
//! the same order, same types; errors, counts and paging word for word.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use axum::body::Body;
use http_body_util::BodyExt;
use kantata_sync::sandbox::{BASE_PATH, Sandbox, SandboxSettings, World};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A JSON value that keeps the order of its keys.
#[derive(Debug, Clone, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(Json::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = map.next_entry()? {
            all.push(entry);
        }
        Ok(Json::Object(all))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// What two answers have in common: everything but ids, names and times. Errors, counts and
/// paging are kept word for word, lists and keyed maps with the number of their entries.
fn shape(key: &str, value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(_) => "bool".to_owned(),
        Json::Number(number) => number.to_string(),
        Json::Text(text) if ["message", "type", "field", "key"].contains(&key) => text.clone(),
        Json::Text(text) if text.ends_with('Z') && text.len() == 20 => "time".to_owned(),
        Json::Text(_) => "text".to_owned(),
        Json::List(list) if key == "errors" => {
            list.iter().map(|one| shape("", one)).collect::<Vec<_>>().join("\n")
        }
        Json::List(list) => format!("{} of {:?}", list.len(), shapes(list.iter())),
        Json::Object(map) if map.iter().all(|(key, _)| key.parse::<u64>().is_ok()) => {
            format!("{} keyed {:#?}", map.len(), shapes(map.iter().map(|(_, value)| value)))
        }
        Json::Object(map) => {
            let entry = |(key, value): &(String, Json)| format!("{key}: {}", shape(key, value));
            map.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
    }
}

fn shapes<'a>(values: impl Iterator<Item = &'a Json>) -> BTreeSet<String> {
    values.map(|value| shape("", value)).collect()
}

/// Project 500 with the token's user as its lead, 501, 502, 504, 505 with 5, 31, 6 and 11 members,
/// 506 and 508 with the token's user, 509 archived; user 390 is deactivated.
fn world() -> World {
    let mut seed = "workspace_id,project,archived,user_id,name,email,disabled,role,team_lead\n\
                    ,,,1,Token Owner,owner@example.com,,,\n\
                    509,Project 9,true,,,,,,\n\
                    ,,,390,Gone Away,gone@example.com,true,,\n"
        .to_owned();
    for user in 400..560 {
        seed += &format!(",,,{user},User {user},user{user}@example.com,,,\n");
    }
    let sizes = [(500, 1), (501, 5), (502, 31), (504, 6), (505, 11), (506, 1), (508, 2)];
    let mut next = 400;
    for (workspace, size) in sizes {
        seed += &format!("{workspace},Project,,1,,,,maven,true\n");
        for _ in 1..size {
            seed += &format!("{workspace},Project,,{next},,,,maven,false\n");
            next += 1;
        }
    }
    World::from_csv(&seed).expect("a good seed")
}

fn rows(workspace: u64, users: impl Iterator<Item = u64>) -> Value {
    let row = |user| json!({ "workspace_id": workspace, "user_id": user, "role": "maven" });
    json!({ "participations": users.map(row).collect::<Vec<_>>() })
}

/// The participation of a user; 400 is on 501, and 450 the second one on 508.
fn id_of(workspace: u64, user: u64) -> u64 {
    world().of(workspace, user)[0].id
}

struct Case {
    method: &'static str,
    path: String,
    body: Value,
    status: u16,
}

fn case(method: &'static str, path: impl Into<String>, body: Value, status: u16) -> Case {
    Case { method, path: path.into(), body, status }
}

fn get(path: &str) -> Case {
    case("GET", path, Value::Null, 200)
}

const FIELDS: &str = "optional_fields=access_level,permissions_label";
const ALL_FIELDS: &str = "optional_fields=access_level,permissions_label,\
                          can_schedule_their_hours,can_schedule_team_hours";

fn reads() -> BTreeMap<&'static str, Case> {
    let page = format!(
        "/participations?workspace_id=505&per_page=3&page=1&{ALL_FIELDS}\
         &order=user_name:asc&include=user"
    );
    let unauthorized = Case { status: 401, ..get("/users/me") };
    let addresses = "user400%40example.com,gone%40example.com,nobody%40example.com";
    BTreeMap::from([
        ("list_plain", get("/participations?workspace_id=505&per_page=2")),
        ("list_page", get(&page)),
        ("list_empty", get("/participations?workspace_id=999999")),
        ("list_page_past_end", get("/participations?workspace_id=504&per_page=5&page=9")),
        ("list_no_workspace", Case { status: 422, ..get("/participations") }),
        ("users_by_email", get(&format!("/users?by_email_addresses={addresses}&per_page=200"))),
        ("users_me", get("/users/me")),
        ("workspaces_only", get("/workspaces?only=500,509,77&include_archived=true&per_page=200")),
        (
            "workspaces_include_participations",
            get("/workspaces?only=501,502&include=participations,participants&per_page=200"),
        ),
        ("unauthorized", unauthorized),
    ])
}

fn writes() -> BTreeMap<&'static str, Case> {
    let mut rejected = rows(506, 500..505);
    rejected["participations"][1]["role"] = json!("captain");
    rejected["participations"][4]["user_id"] = json!(1);
    let with_fields = format!("/participations?per_page=200&{FIELDS}");
    let put = |workspace, user, fields: &str, written: Value| {
        let path = format!("/participations/{}?{fields}", id_of(workspace, user));
        case("PUT", path, json!({ "participation": written }), 200)
    };
    let lead = format!("/participations/{}", id_of(505, 1));
    BTreeMap::from([
        ("bulk_create_25", case("POST", "/participations", rows(500, 500..525), 200)),
        ("bulk_create_22_per_page", case("POST", with_fields, rows(506, 500..522), 200)),
        ("bulk_create_rejected", case("POST", "/participations", rejected, 422)),
        ("bulk_create_101", case("POST", "/participations", rows(506, 450..551), 422)),
        ("create_duplicate", case("POST", "/participations", rows(506, 1..2), 422)),
        ("update_level", put(501, 400, FIELDS, json!({ "access_level": "view_tasks" }))),
        ("update_role_ignored", put(501, 400, "", json!({ "role": "buyer" }))),
        ("update_lead", put(508, 449, FIELDS, json!({ "team_lead": true }))),
        ("delete_lead", case("DELETE", lead, Value::Null, 422)),
        ("delete_again", case("DELETE", "/participations/77", Value::Null, 404)),
    ])
}

async fn answer(case: &Case, token: &str) -> (u16, Json) {
    let sandbox = Sandbox::new(world(), SandboxSettings::default());
    let body = if case.body.is_null() { Body::empty() } else { Body::from(case.body.to_string()) };
    let request = http::Request::builder()
        .method(case.method)
        .uri(format!("{BASE_PATH}{}", case.path))
        .header("authorization", format!("Bearer {token}"))
        .body(body)
        .expect("a request");
    let response = sandbox.router().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&bytes).expect("JSON"))
}

fn real(name: &str) -> Json {
    let path = format!("{}/sample-data/wire/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

async fn compare(cases: BTreeMap<&'static str, Case>) {
    for (name, case) in cases {
        let token = if case.status == 401 { "wrong" } else { "sandbox-token" };
        let (status, answer) = answer(&case, token).await;
        assert_eq!(status, case.status, "{name}");
        let (ours, theirs) = (shape("", &answer), shape("", &real(name)));
        assert!(ours == theirs, "{name}\nours:   {ours}\ntheirs: {theirs}");
    }
}

#[tokio::test(start_paused = true)]
async fn reading_answers_look_like_the_real_ones() {
    compare(reads()).await;
}

#[tokio::test(start_paused = true)]
async fn writing_answers_look_like_the_real_ones() {
    compare(writes()).await;
}

#[test]
fn every_real_answer_is_compared() {
    let folder = format!("{}/sample-data/wire", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file"));
    let names = files
        .filter_map(|file| file.file_name().to_str()?.strip_suffix(".json").map(str::to_owned));
    let (reads, writes) = (reads(), writes());
    let compared = reads.keys().chain(writes.keys()).map(|name| (*name).to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), compared.collect());
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_another_order_and_another_type_are_seen() {
    let parse = |text: &str| shape("", &serde_json::from_str::<Json>(text).expect("JSON"));
    let right = parse(r#"{"count":1,"users":{"7":{"id":"7","disabled":false}}}"#);
    assert_eq!(right, parse(r#"{"count":1,"users":{"8":{"id":"8","disabled":true}}}"#));
    for wrong in [
        r#"{"count":1,"users":{"7":{"disabled":false,"id":"7"}}}"#,
        r#"{"count":1,"users":{"7":{"id":7,"disabled":false}}}"#,
        r#"{"count":1,"users":{"7":{"id":"7"}}}"#,
        r#"{"count":2,"users":{"7":{"id":"7","disabled":false}}}"#,
        r#"{"users":{"7":{"id":"7","disabled":false}},"count":1}"#,
    ] {
        assert_ne!(right, parse(wrong), "{wrong}");
    }
}

#[test]
fn the_sample_world_and_roster_load() {
    let live = include_str!("../sample-data/live.csv");
    let world = World::from_csv(live).expect("a good seed");
    assert_eq!(world.users()[&world.token_user].name, "Priya Raman");
    assert!(world.workspaces().len() >= 14);
    assert!(world.workspaces().keys().any(|id| world.on(*id).count() > 200));
}
