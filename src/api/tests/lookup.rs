//! Looking people and projects up: what is sent, what is made of answers, and what is told of it.

use std::io;

use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _};

use super::*;
use crate::model::Seen as Shown;

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn user(number: u64) -> UserId {
    UserId::new(number).expect("not 0")
}

/// Ids, addresses and keys of the rows.
fn told(page: &AccountPage<Referenced<Person>>) -> Vec<(u64, Option<&str>, Vec<&str>)> {
    let rows = page.rows.iter();
    rows.map(|Referenced { of, keys }| {
        (of.id.number(), of.email.as_deref(), keys.iter().map(String::as_str).collect())
    })
    .collect()
}

/// The last of three pages; somebody who was not asked for comes first, one has no address, one is
/// deactivated, and a side-loaded one is no result.
const PEOPLE: &str = r#"{"count":405,"results":[{"key":"users","id":"12"},{"key":"users","id":7},
    {"key":"users","id":"8"},{"key":"users","id":"99"}],
    "users":{"7":{"full_name":"Ada Quist","email_address":"Ada.Q@firm.example","disabled":false,
    "external_reference_ids":["31","32","33","77"],"id":"7"},
    "8":{"full_name":"Bo Lind","email_address":null,"disabled":true,"external_reference_ids":[],"id":"8"},
    "12":{"full_name":"Cy Moss","email_address":"cy@firm.example","disabled":false,"id":"12"},
    "13":{"full_name":"Di Side","email_address":"di@firm.example","disabled":false,"id":"13"}},
    "meta":{"count":405,"page_count":3,"page_number":3,"page_size":200},
    "external_references":{"31":{"service_name":"hr","service_model":"Employee","service_model_ref":"E-17","id":"31"},
    "32":{"service_name":"crm","service_model":"Contact","service_model_ref":"C-1","id":"32"},
    "33":{"service_name":"hr","service_model":"Employee","service_model_ref":18,"id":"33"},
    "34":{"service_name":"hr","service_model":"Employee","service_model_ref":"E-19","id":"34"}}}"#;

#[tokio::test(start_paused = true)]
async fn people_are_whoever_the_answer_lists_with_their_addresses_and_keys() {
    let (client, seen) = scripted(&[Answer(200, PEOPLE)], quick());
    let keys = texts(&["E-17"]);
    let page = client.list_people(PeopleQuery::Keys(&keys), Some("hr"), true, 3).await;
    let page = page.expect("a page");
    assert_eq!((page.count, page.page_count), (405, 3));
    let expected = [
        (12, Some("cy@firm.example"), vec![]),
        (7, Some("Ada.Q@firm.example"), vec!["E-17"]),
        (8, None, vec![]),
    ];
    assert_eq!(told(&page), expected);
    assert_eq!(page.rows[2].of.disabled, Shown::Visible(true));
    assert_eq!(seen.count(), 1);

    // Keys of no service, and of another one, are not shown.
    for (service, keys) in [(None, vec![]), (Some("crm"), vec!["C-1"]), (Some("HR"), vec![])] {
        let page = client.list_people(PeopleQuery::Everybody, service, false, 3).await;
        assert_eq!(told(&page.expect("a page"))[1].2, keys, "{service:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn projects_come_with_their_titles_and_keys_and_archived_ones_are_told() {
    let body = r#"{"count":2,"results":[{"key":"workspaces","id":"5"},{"key":"workspaces","id":"4"}],
        "workspaces":{"4":{"title":"Atlas","archived":false,"external_reference_ids":["1"],"id":"4"},
        "5":{"title":"Atlas","archived":true,"external_reference_ids":["2"],"id":"5"}},
        "external_references":{"1":{"service_name":"erp","service_model_ref":"P-4","id":"1"},
        "2":{"service_name":"erp","service_model_ref":"P-4","id":"2"}},"meta":{"count":2,"page_count":1}}"#;
    let (client, _) = scripted(&[Answer(200, body)], quick());
    let page = client.list_projects(ProjectQuery::All, Some("erp"), 1).await.expect("a page");
    let rows = page.rows.iter().map(|row| {
        let Workspace { id, title, archived, .. } = &row.of;
        (id.number(), title.as_str(), *archived, row.keys.join(" "))
    });
    let expected = [(5, "Atlas", true, "P-4".to_owned()), (4, "Atlas", false, "P-4".to_owned())];
    assert_eq!(rows.collect::<Vec<_>>(), expected);
    assert_eq!((page.count, page.page_count), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn projects_of_a_person_are_told_by_their_resources_or_what_is_beside_them() {
    let body = r#"{"count":5,"results":[{"key":"workspace_resources","id":"1"},
        {"key":"workspace_resources","id":"2"},{"key":"workspace_resources","id":"3"},
        {"key":"workspace_resources","id":"4"},{"key":"workspace_resources","id":"5"}],
        "workspace_resources":{"1":{"workspace_id":"100","user_id":"9","participation_id":"71"},
        "2":{"participation_id":"72"},"3":{"workspace_id":"300","user_id":null},
        "4":{"workspace_id":400,"user_id":10},"5":{"workspace_id":"500","user_id":"9","role":[]}},
        "participations":{"71":{"workspace_id":"100","user_id":"9"},
        "72":{"workspace_id":"200","user_id":"9"},"73":{"workspace_id":"600","user_id":"9"}},
        "workspaces":{"700":{"title":"Beside"}},"meta":{"count":5,"page_count":1}}"#;
    let (client, seen) = scripted(&[Answer(200, body)], quick());
    let page = client.list_assignments(user(9), 1).await.expect("a page");
    let rows = page.rows.iter().map(|row| (row.workspace.number(), row.user.number()));
    assert_eq!(rows.collect::<Vec<_>>(), [(100, 9), (200, 9), (400, 10), (500, 9)]);
    assert_eq!(page.count, 5);
    assert!(seen.lines()[0].contains("/workspace_resources?user_id=9&"), "{:?}", seen.lines());
}

#[tokio::test(start_paused = true)]
async fn a_refused_lookup_is_an_answer_and_ends_no_run() {
    let body = r#"{"errors":[{"type":"oauth","message":"You do not have permission"}]}"#;
    let settings = HttpSettings { breaker_failures: 1, ..quick() };
    let (client, seen) = scripted(&[Answer(403, body)], settings);
    for asked in 1..=3 {
        let error = client.list_assignments(user(9), 1).await.expect_err("refused");
        assert!(matches!(error, ApiError::Refused { status: 403, .. }), "{error}");
        assert!(!error.ends_the_run());
        assert_eq!(seen.count(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_is_repeated_like_any_read() {
    let everybody = PeopleQuery::Everybody;
    for lost in [Cut, Hang, Answer(502, HTML), Answer(200, HTML), Answer(429, "")] {
        let (client, seen) = scripted(&[lost, Answer(200, PEOPLE)], quick());
        client.list_people(everybody, None, false, 3).await.expect("the second answer");
        assert_eq!(seen.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_asked_for_nothing_is_sent() {
    let (client, seen) = scripted(&[Answer(500, "")], quick());
    let keys = texts(&["a,b", ""]);
    let nobody = client.list_people(PeopleQuery::Keys(&keys), Some("hr"), false, 1).await;
    assert_eq!(nobody, Ok(AccountPage { rows: vec![], count: 0, page_count: 0 }));
    let nothing = client.list_projects(ProjectQuery::Keys(&keys), Some("erp"), 1).await;
    assert_eq!(nothing, Ok(AccountPage { rows: vec![], count: 0, page_count: 0 }));
    assert_eq!(seen.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_of_any_letters_and_length_arrives_as_it_is() {
    let long = format!("{}+x@{}.example", "ü".repeat(62), "ö".repeat(247));
    assert_eq!(long.chars().count(), 320);
    let asked = [texts(&["a+b@firm.example", "o'b%25&c=d#e@firm.example"]), vec![long]].concat();
    let (client, seen) = scripted(&[Answer(200, PEOPLE)], quick());
    let page = client.list_people(PeopleQuery::Addresses(&asked), None, false, 1).await;
    page.expect("a page");
    let line = &seen.lines()[0];
    let query = line.split_once('?').expect("a query").1;
    let arrived = url::form_urlencoded::parse(query.as_bytes());
    let arrived: Vec<(String, String)> = arrived.into_owned().collect();
    assert_eq!(arrived[0], ("by_email_addresses".to_owned(), asked.join(",")));
    assert_eq!(arrived[1], ("on_my_account".to_owned(), "true".to_owned()));
}

/// A page of one person whose attributes have this form.
fn person_with(attributes: &str) -> String {
    format!(
        r#"{{"count":1,"results":[{{"key":"users","id":"7"}}],"users":{{"7":{attributes}}},
        "external_references":{{"1":{{"service_name":"hr","service_model_ref":"E-1"}}}},"meta":[]}}"#
    )
}

#[test]
fn an_odd_value_hides_itself_and_nothing_else() {
    for (attributes, email, keys) in [
        (r#"{"email_address":"a@b.example","external_reference_ids":["1"]}"#, "a@b.example", "E-1"),
        (r#"{"email_address":"a@b.example","external_reference_ids":[1]}"#, "a@b.example", "E-1"),
        (r#"{"email_address":5,"external_reference_ids":"1"}"#, "-", ""),
        (r#"{"email_address":["a@b.example"],"external_reference_ids":{"1":1}}"#, "-", ""),
        (r#"{"email_address":"a@b.example","email_address":"c@d.example"}"#, "-", ""),
        (
            r#"{"email_address":"a@b.example","external_reference_ids":[null,[],"x",1e300,"1"]}"#,
            "a@b.example",
            "E-1",
        ),
        ("null", "-", ""),
        ("[7]", "-", ""),
    ] {
        let page = wire::decode_people_page(person_with(attributes).as_bytes(), Some("hr"), 1);
        let page = page.expect(attributes);
        let row = &page.rows[0];
        assert_eq!(row.of.id, user(7));
        assert_eq!(row.of.email.as_deref().unwrap_or("-"), email, "{attributes}");
        assert_eq!(row.keys.join(" "), keys, "{attributes}");
    }
}

#[test]
fn an_odd_reference_is_no_key() {
    for reference in [
        "null",
        "[]",
        r#"{"service_name":"hr"}"#,
        r#"{"service_name":["hr"],"service_model_ref":"E-1"}"#,
        r#"{"service_name":"hr","service_model_ref":null}"#,
        r#"{"service_name":"hr","service_model_ref":4711}"#,
        r#"{"service_name":"hr","service_model_ref":{"E-1":1}}"#,
        r#"{"service_name":"hr","service_model_ref":"E-1","service_model_ref":"E-2"}"#,
    ] {
        let body = format!(
            r#"{{"count":1,"results":[{{"key":"users","id":"7"}}],"users":{{"7":{{"external_reference_ids":["1"]}}}},
            "external_references":{{"1":{reference}}}}}"#
        );
        let page = wire::decode_people_page(body.as_bytes(), Some("hr"), 1).expect(reference);
        assert_eq!(page.rows[0].keys, [""; 0], "{reference}");
    }
}

#[test]
fn ids_results_and_counts_of_a_page_are_strict() {
    for body in [
        r#"{"results":[]}"#,
        r#"{"count":3,"results":[],"meta":{"count":4}}"#,
        r#"{"count":"many","results":[]}"#,
        r#"{"count":1,"results":[],"meta":{"page_count":"few"}}"#,
        r#"{"count":1,"results":{}}"#,
        r#"{"count":1,"results":[{"key":"users","id":"x"}]}"#,
        r#"{"count":1}"#,
    ] {
        assert!(wire::decode_people_page(body.as_bytes(), None, 1).is_err(), "{body}");
        assert!(wire::decode_workspaces_page(body.as_bytes(), None, 1).is_err(), "{body}");
        assert!(wire::decode_assignments(body.as_bytes(), 1).is_err(), "{body}");
    }
    let odd = r#"{"count":1,"results":[{"key":"workspace_resources","id":"1"}],
        "workspace_resources":{"1":{"workspace_id":"x","user_id":"9"}}}"#;
    assert!(wire::decode_assignments(odd.as_bytes(), 1).is_err());
}

#[test]
fn pages_that_are_not_numbered_end_with_the_count_or_an_empty_one() {
    let pages = |count: u64, listed: u64, page: u64| {
        let results: Vec<String> =
            (1..=listed).map(|id| format!(r#"{{"key":"users","id":{id}}}"#)).collect();
        let body = format!(r#"{{"count":{count},"results":[{}]}}"#, results.join(","));
        wire::decode_people_page(body.as_bytes(), None, page).expect("a page").page_count
    };
    assert_eq!(pages(0, 0, 1), 0);
    assert_eq!((pages(3, 3, 1), pages(450, 200, 1), pages(450, 200, 2)), (1, 3, 3));
    // The last page is not full: one more may be asked for, and that one is empty.
    assert!(pages(450, 50, 3) > 3);
    assert_eq!(pages(450, 0, 4), 4);
}

/// What was logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logged {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What errors and the log say when these addresses are asked for and this is answered.
async fn all_said(answer: Scripted, asked: &[String]) -> (String, String) {
    let logged = Logged::default();
    let layer = tracing_subscriber::fmt::layer().with_writer(logged.clone()).with_ansi(false);
    let log = tracing_subscriber::registry().with(layer);
    let guard = tracing::subscriber::set_default(log);
    let settings = HttpSettings { breaker_failures: 2, ..quick() };
    let (client, _) = scripted(&[answer], settings);
    let mut told = String::new();
    for _ in 0..4 {
        let query = PeopleQuery::Addresses(asked);
        if let Err(error) = client.list_people(query, Some("hr"), false, 1).await {
            told += &format!("{error}\n{error:?}\n{}\n", client.waits().words());
        }
    }
    drop(guard);
    let log = String::from_utf8(logged.0.lock().expect("no panic").clone()).expect("UTF-8");
    (told, log)
}

#[tokio::test(start_paused = true)]
async fn no_log_and_no_error_names_an_address() {
    let asked = texts(&["dana.kovalenko+x@firm.example", "Jörg@firm.example"]);
    let text = "no dana.kovalenko+x@firm.example";
    let complaint =
        r#"{"errors":[{"type":"validation","message":"no dana.kovalenko+x@firm.example here"}]}"#;
    let url = "/api/v1/users?by_email_addresses=dana.kovalenko%2Bx%40firm.example,J%C3%B6rg%40firm.example";
    for answer in [
        Answer(502, "<p>no /users?by_email_addresses=dana.kovalenko%2Bx%40firm.example</p>"),
        Answer(
            414,
            "The URL /users?by_email_addresses=dana.kovalenko%2Bx%40firm.example is too long",
        ),
        Answer(500, complaint),
        Answer(503, complaint),
        Answer(422, complaint),
        Answer(403, complaint),
        Answer(200, complaint),
        Answer(401, complaint),
        Answer(200, text),
        Answer(200, r#"{"count":1,"results":"dana.kovalenko+x@firm.example"}"#),
        With(302, "location", url, ""),
        With(429, "retry-after", "1", text),
        Cut,
        Answer(200, PEOPLE),
    ] {
        let (told, log) = all_said(answer, &asked).await;
        assert!(log.contains("/users?by_email_addresses=…"), "{log}");
        let all = format!("{told}{log}").to_lowercase();
        for name in ["dana", "kovalenko", "rg@", "rg%40", "c3%b6"] {
            assert!(!all.contains(name), "{name}: {all}");
        }
    }
}
