//! Real answers in which an optional value has a form that nobody expects: what can be read without
//! guessing is read, anything else is hidden, and the ids stay readable whatever it is.

use std::{fs, path::Path};

use kantata_sync::{
    api::{
        ListPage, ListedRow,
        wire::{
            decode_complaints, decode_page, decode_people, decode_people_page, decode_workspaces,
            decode_workspaces_page,
        },
    },
    model::{Participation, Seen},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const PAGES: [&str; 6] = [
    "bulk_create_22_per_page",
    "bulk_create_25",
    "list_empty",
    "list_page",
    "list_plain",
    "update_level",
];
const PEOPLE: [&str; 2] = ["users_by_email", "users_me"];
const WORKSPACES: [&str; 2] = ["workspaces_include_participations", "workspaces_only"];

fn sample(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/wire");
    let text = fs::read(folder.join(format!("{name}.json"))).expect(name);
    serde_json::from_slice(&text).expect(name)
}

/// Every place of an answer where a value is optional, as a pointer; counts and ids are not.
fn places(answer: &Value, main: &str) -> Vec<String> {
    let mut found =
        vec!["/meta".to_owned(), "/users".to_owned(), "/external_references".to_owned()];
    found.extend(["/nobody_knows".to_owned(), "/meta/page_size".to_owned()]);
    for (map, value) in answer.as_object().expect("an object") {
        let Some(objects) = value.as_object().filter(|_| map != "meta") else { continue };
        for (id, object) in objects {
            if map != "participations" || main != "participations" {
                found.push(format!("/{map}/{id}"));
            }
            let names = object.as_object().expect("an object").keys().map(String::as_str);
            let strict = ["id", "workspace_id", "user_id"];
            let optional = names.filter(|name| !strict.contains(name));
            let more = ["nobody_knows", "permissions", "external_reference_ids"];
            found.extend(optional.chain(more).map(|name| format!("/{map}/{id}/{name}")));
        }
    }
    found
}

/// The answer with this text as the value at a place; `text` need not fit in a tree.
fn with(answer: &Value, place: &str, text: &str) -> String {
    const MARK: &str = "the value goes here";
    let mut answer = answer.clone();
    let (parent, name) = place.rsplit_once('/').expect("a pointer");
    if let Some(Value::Object(parent)) = answer.pointer_mut(parent) {
        parent.insert(name.to_owned(), Value::from(MARK));
    }
    answer.to_string().replace(&format!("\"{MARK}\""), text)
}

/// Results, unresolved ones, and who is where: all that is strict.
/// A count, the number of rows, and the ids of each row.
type Strict = (Option<u64>, usize, Vec<(u64, u64, Option<u64>)>);

fn strict(page: &ListPage) -> Strict {
    let row = |row: &ListedRow| match row {
        ListedRow::Member(row) => {
            (row.id.number(), row.key.workspace.number(), Some(row.key.user.number()))
        }
        ListedRow::Userless { id, workspace } => (id.number(), workspace.number(), None),
    };
    (page.count, page.unresolved, page.rows.iter().map(row).collect())
}

fn any_json() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("null".to_owned()),
        Just("1e999".to_owned()),
        Just("-1E-999".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just(r#""\ud800""#.to_owned()),
        Just("{}".to_owned()),
        Just("[]".to_owned()),
        Just(format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))),
        any::<bool>().prop_map(|yes| yes.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
    ];
    odd.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!("[{}]", all.join(","))),
            (any::<String>(), inner)
                .prop_map(|(key, value)| format!("{{{}:{value}}}", Value::from(key))),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_at_any_optional_place_leaves_the_ids_readable(
        at in any::<prop::sample::Index>(),
        file in any::<prop::sample::Index>(),
        text in any_json(),
    ) {
        let name = *file.get(&PAGES);
        let answer = sample(name);
        let places = places(&answer, "participations");
        let place = at.get::<String>(&places);
        // A number beyond all bounds in place of a whole object or map is left to the attributes.
        let text = if place.matches('/').count() < 3 { text.replace("e999", "e99").replace("E-999", "") } else { text };
        let text = if place.matches('/').count() < 3 { text.replace("\\ud800", "x") } else { text };
        let usual = decode_page(answer.to_string().as_bytes()).expect(name);
        let spoilt = with(&answer, place, &text);
        let page = decode_page(spoilt.as_bytes()).map_err(|error| {
            TestCaseError::fail(format!("{name} {place}: {error}: {text}"))
        })?;
        prop_assert_eq!(strict(&page), strict(&usual), "{} {}: {}", name, place, text);
    }

    #[test]
    fn any_value_at_any_optional_place_leaves_people_and_projects_readable(
        at in any::<prop::sample::Index>(),
        file in any::<prop::sample::Index>(),
        text in any_json(),
    ) {
        let all = [PEOPLE, WORKSPACES].concat();
        let name = *file.get(&all);
        let main = if PEOPLE.contains(&name) { "users" } else { "workspaces" };
        let answer = sample(name);
        let mut places = places(&answer, main);
        places.retain(|place| place.matches('/').count() >= 3);
        let spoilt = with(&answer, at.get::<String>(&places), &text);
        let ids = |body: &str| -> Vec<u64> {
            match main {
                "users" => {
                    let people = decode_people(body.as_bytes()).expect(body);
                    let page = decode_people_page(body.as_bytes(), Some("hr"), 1).expect(body);
                    assert_eq!(page.rows.len(), people.len());
                    people.into_iter().map(|person| person.id.number()).collect()
                }
                _ => {
                    let projects = decode_workspaces(body.as_bytes()).expect(body);
                    let page = decode_workspaces_page(body.as_bytes(), Some("erp"), 1);
                    assert_eq!(page.expect(body).rows.len(), projects.len());
                    projects.into_iter().map(|project| project.id.number()).collect()
                }
            }
        };
        prop_assert_eq!(ids(&spoilt), ids(&answer.to_string()));
    }
}

/// One member with these attributes.
fn member(attributes: &str) -> Participation {
    let body = format!(
        r#"{{"count":"1","results":[{{"key":"participations","id":"1"}}],"meta":[],
        "users":null,"participations":{{"1":{{"workspace_id":"2","user_id":"3"{attributes}}}}}}}"#
    );
    let page = decode_page(body.as_bytes()).expect(&body);
    assert_eq!((page.count, page.page_count), (Some(1), None));
    let [ListedRow::Member(row)] = &page.rows[..] else { panic!("a member") };
    row.clone()
}

#[test]
fn what_can_be_read_without_guessing_is_read() {
    for rate in ["15000", "15000.0", "1.5e4", r#""15000""#, r#""15000.0""#, r#""0.15e5""#] {
        let row = member(&format!(r#","rate_in_cents":{rate}"#));
        assert_eq!(row.fields.rate_in_cents, Seen::Visible(Some(15_000)), "{rate}");
    }
    for (text, yes) in [("1", true), ("0", false), (r#""true""#, true), (r#""false""#, false)] {
        let row = member(&format!(r#","can_invite":{text}"#));
        assert_eq!(row.fields.can_invite, Seen::Visible(yes), "{text}");
    }
}

#[test]
fn what_would_have_to_be_guessed_is_hidden_and_a_null_rate_is_none() {
    assert_eq!(member(r#","rate_in_cents":null"#).fields.rate_in_cents, Seen::Visible(None));
    for rate in ["15000.5", r#""about 5""#, "{}", "[15000]", "true", "1e999", r#""""#] {
        let row = member(&format!(r#","rate_in_cents":{rate}"#));
        assert_eq!(row.fields.rate_in_cents, Seen::Hidden, "{rate}");
    }
    let row = member(r#","updated_at":"yesterday","created_at":5,"role":7,"is_team_lead":"maybe""#);
    assert_eq!((row.updated_at, row.created_at, row.role), (None, None, Seen::Hidden));
    assert_eq!(row.fields.team_lead, Seen::Hidden);
    // Said twice, and not the same.
    let row = member(r#","can_invite":true,"can_invite":false,"role":"maven","role":"maven""#);
    assert_eq!(row.fields.can_invite, Seen::Hidden);
    assert!(matches!(row.role, Seen::Visible(_)));
}

#[test]
fn ids_results_and_counts_are_strict() {
    let usual = sample("list_page");
    let id = usual["results"][0]["id"].as_str().expect("an id").to_owned();
    for (place, text) in [
        ("/count".to_owned(), r#""many""#),
        ("/count".to_owned(), "{}"),
        ("/count".to_owned(), "-1"),
        ("/meta/count".to_owned(), "[]"),
        ("/meta/page_count".to_owned(), r#""few""#),
        ("/results".to_owned(), "null"),
        ("/results".to_owned(), "{}"),
        ("/results/0".to_owned(), "null"),
        (format!("/participations/{id}/workspace_id"), r#""x""#),
        (format!("/participations/{id}/user_id"), "12.5"),
    ] {
        let mut answer = usual.clone();
        let value: Value = serde_json::from_str(text).expect("JSON");
        *answer.pointer_mut(&place).expect("a place") = value;
        assert!(decode_page(answer.to_string().as_bytes()).is_err(), "{place}: {text}");
    }
    let mut digits = usual.clone();
    for (place, text) in [("/count", "11"), ("/meta/count", "11"), ("/meta/page_count", "4")] {
        *digits.pointer_mut(place).expect("a place") = json!(text);
    }
    let page = decode_page(digits.to_string().as_bytes()).expect("digits");
    assert_eq!(page, decode_page(usual.to_string().as_bytes()).expect("a page"));
}

#[test]
fn projects_are_told_with_odd_attributes_and_titles() {
    let body = |row: &str| {
        format!(
            r#"{{"count":1,"results":[{{"key":"workspaces","id":"7"}}],"workspaces":{{"7":{row}}}}}"#
        )
    };
    for (row, title, archived) in [
        (r#"{"title":"A","archived":null}"#, "A", false),
        (r#"{"title":"A","archived":"true"}"#, "A", true),
        (r#"{"title":"A","archived":1}"#, "A", true),
        (r#"{"title":null,"archived":[],"permissions":{"a":1e999}}"#, "7", false),
        ("null", "7", false),
        ("[1]", "7", false),
    ] {
        let found = decode_workspaces(body(row).as_bytes()).expect(row);
        assert_eq!(found.len(), 1, "{row}");
        assert_eq!((found[0].title.as_str(), found[0].archived), (title, archived), "{row}");
        // Digits that stand in for a title are no name that a roster could have.
        let page = decode_workspaces_page(body(row).as_bytes(), None, 1).expect(row);
        assert_eq!(page.rows[0].of.title, if title == "7" { "" } else { title }, "{row}");
    }
}

#[test]
fn a_name_with_broken_bytes_is_marked_and_an_address_with_them_is_hidden() {
    let mut body =
        br#"{"count":1,"results":[{"key":"users","id":"7"}],"users":{"7":{"full_name":"J"#.to_vec();
    body.push(0xf6);
    body.extend_from_slice(br#"rg","email_address":"j"#);
    body.push(0xf6);
    body.extend_from_slice(br#"rg@firm.example"}}}"#);
    let people = decode_people(&body).expect("people");
    assert_eq!((people[0].name.as_str(), people[0].email.as_deref()), ("J\u{fffd}rg", None));
}

#[test]
fn an_errors_that_says_nothing_is_no_complaint() {
    for text in ["null", "[]", "{}", r#""""#, "false", "0", "[null]"] {
        let body = format!(r#"{{"errors":{text},"error_message":{text}}}"#);
        assert_eq!(decode_complaints(body.as_bytes()).expect("an object"), [], "{text}");
    }
    let nested = r#"{"results":[],"users":{"1":{"errors":["not of the answer"]}}}"#;
    assert_eq!(decode_complaints(nested.as_bytes()).expect("an object"), []);
    for text in [r#"["no"]"#, r#"{"base":["no"]}"#, r#""no""#, "true", "1e999", "[{}]"] {
        let body = format!(r#"{{"errors":{text}}}"#);
        assert!(!decode_complaints(body.as_bytes()).expect("an object").is_empty(), "{text}");
    }
}
