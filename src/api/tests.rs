//! What the client makes of every kind of answer, from a scripted server under a paused clock.

mod explaining;
mod stopping;
mod throttled;

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use jiff::Timestamp;
use tokio::time::Instant;
use tower::service_fn;

mod lookup;

use super::*;
use crate::{
    clock::Clock,
    model::{Fields, Membership, MembershipSpec, Role, UserId},
    run::{Stop, StopCause},
};

/// One scripted answer.
#[derive(Clone)]
enum Scripted {
    Answer(u16, &'static str),
    With(u16, &'static str, &'static str, &'static str),
    Cut,
    Hang,
    Huge,
}

use Scripted::{Answer, Cut, Hang, Huge, With};

const EMPTY: &str =
    r#"{"count":0,"results":[],"participations":{},"meta":{"count":0,"page_count":0}}"#;
const HTML: &str = "<html><body>502 Bad Gateway</body></html>";
const REFUSED: &str = r#"{"errors":[{"type":"validation","message":"Role is not included","field":"role","index":0}]}"#;

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(Instant, String)>>>);

impl Seen {
    fn count(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no panic").iter().map(|(_, line)| line.clone()).collect()
    }

    fn gaps(&self) -> Vec<Duration> {
        let seen = self.0.lock().expect("no panic");
        seen.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }
}

async fn respond(scripted: Scripted) -> Response<Body> {
    let answer = |status: u16, body: &'static str| {
        Response::builder().status(status).body(Body::from(body)).expect("valid")
    };
    match scripted {
        Answer(status, body) => answer(status, body),
        With(status, name, value, body) => {
            let mut response = answer(status, body);
            response.headers_mut().insert(name, value.parse().expect("valid"));
            response
        }
        Cut => {
            let broken = std::io::Error::other("connection reset");
            let body = futures_util::stream::iter([Err::<Bytes, _>(broken)]);
            Response::new(Body::from_stream(body))
        }
        Hang => {
            tokio::time::sleep(Duration::from_secs(100_000)).await;
            answer(200, EMPTY)
        }
        Huge => Response::new(Body::from(vec![b' '; BODY_LIMIT + 1])),
    }
}

/// A client of a server that answers as scripted, and the last answer for ever.
fn scripted(script: &[Scripted], settings: HttpSettings) -> (Client<impl Transport + use<>>, Seen) {
    let script = Arc::new(Mutex::new(VecDeque::from(script.to_vec())));
    let seen = Seen::default();
    let noted = seen.clone();
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let mut script = script.lock().expect("no panic");
        let next = if script.len() > 1 { script.pop_front() } else { script.front().cloned() };
        let line = format!("{} {}", request.method(), request.uri());
        assert!(
            !(request.method() == http::Method::GET
                && request.headers().contains_key(http::header::CONTENT_LENGTH))
        );
        noted.0.lock().expect("no panic").push((Instant::now(), line));
        async move { Ok::<_, Infallible>(respond(next.expect("a script")).await) }
    });
    let clock = Clock::starting_at("2026-11-24T03:00:00Z".parse().expect("a time"));
    let transport = ServiceTransport::new(service);
    let token = "secret-token".into();
    (
        Client::new(
            transport,
            Endpoint { base_url: "http://api.invalid/api/v1", token },
            settings,
            clock,
            7,
        ),
        seen,
    )
}

fn quick() -> HttpSettings {
    HttpSettings { requests_per_second: 1000.0, tries: 3, ..HttpSettings::default() }
}

fn id() -> ParticipationId {
    ParticipationId::new(9).expect("not 0")
}

fn creation() -> Membership {
    let key = MembershipKey {
        workspace: WorkspaceId::new(1).expect("not 0"),
        user: UserId::new(2).expect("not 0"),
    };
    Membership { key, spec: MembershipSpec { role: Role::Maven, fields: Fields::default() } }
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_sent_once() {
    for lost in [
        Cut,
        Hang,
        Huge,
        Answer(500, REFUSED),
        Answer(503, ""),
        Answer(502, HTML),
        Answer(200, HTML),
        Answer(422, HTML),
        Answer(404, HTML),
        Answer(200, r#"{"count":1,"resu"#),
        Answer(200, ""),
        Answer(200, "[]"),
    ] {
        let (client, seen) = scripted(&[lost, Answer(200, EMPTY)], quick());
        let error =
            client.create(&[creation()], Urgency::Finish).await.expect_err("no usable answer");
        assert_eq!(error.disposition(Repeat::Unsafe), Disposition::InDoubt, "{error}");
        assert_eq!(seen.count(), 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_updates_and_deletes_are_repeated_when_the_answer_is_lost() {
    for lost in
        [Cut, Hang, Huge, Answer(500, ""), Answer(502, HTML), Answer(200, HTML), Answer(404, HTML)]
    {
        let script = [lost, Answer(200, EMPTY)];
        let (client, seen) = scripted(&script, quick());
        client.update(creation().key, id(), &[], Urgency::Finish).await.expect("the second answer");
        assert_eq!(seen.count(), 2);
        let (client, seen) = scripted(&script, quick());
        client.delete(id(), Urgency::Finish).await.expect("the second answer");
        assert_eq!(seen.count(), 2);
        let (client, seen) = scripted(&script, quick());
        client.list_page(creation().key.workspace, 1).await.expect("the second answer");
        assert_eq!(seen.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn tries_are_used_up_and_may_have_had_an_effect() {
    let (client, seen) = scripted(&[Answer(500, "")], quick());
    let error = client.delete(id(), Urgency::Finish).await.expect_err("never answered");
    assert_eq!(seen.count(), 3);
    assert_eq!(error.disposition(Repeat::Safe), Disposition::InDoubt);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_keeps_the_servers_words() {
    for status in [200, 400, 403, 422] {
        let (client, seen) = scripted(&[With(status, "x-request-id", "r-1", REFUSED)], quick());
        let error = client.create(&[creation()], Urgency::Finish).await.expect_err("refused");
        assert_eq!(error.disposition(Repeat::Unsafe), Disposition::Reject, "{status}");
        let ApiError::Refused { complaints, request_id, .. } = &error else { panic!("{error}") };
        assert_eq!(complaints[0].message, "Role is not included");
        assert_eq!(complaints[0].index, Some(0));
        assert_eq!(request_id.as_deref(), Some("r-1"));
        assert_eq!(seen.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn complaints_come_in_several_forms() {
    for (body, words) in [
        (r#"{"errors":["plain"]}"#, "plain"),
        (r#"{"error_message":"alone"}"#, "alone"),
        (r#"{"errors":[{"message":"m"}],"error_message":"too"}"#, "m; too"),
        (r#"{"errors":[7]}"#, "7"),
        (r#"{"errors":{"role":["is not in the list"]}}"#, r#"{"role":["is not in the list"]}"#),
        (
            r#"{"errors":[{"message":null,"index":"0","code":3}]}"#,
            r#"{"code":3,"index":"0","message":null}"#,
        ),
    ] {
        let (client, _) = scripted(&[Answer(422, body)], quick());
        let error = client.delete(id(), Urgency::Finish).await.expect_err("refused");
        assert_eq!(error.to_string(), format!("refused (422): {words}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gone_record_is_told_from_other_refusals() {
    let (client, _) =
        scripted(&[Answer(404, r#"{"errors":[{"message":"Record not found"}]}"#)], quick());
    assert!(client.delete(id(), Urgency::Finish).await.expect_err("gone").is_gone());
    assert_eq!(client.fetch_participation(id()).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_every_further_request() {
    let body = r#"{"errors":[{"type":"oauth","message":"You are not authorized"}]}"#;
    let (client, seen) = scripted(&[Answer(401, body)], quick());
    for _ in 0..3 {
        let error = client.fetch_token_user().await.expect_err("refused");
        assert!(matches!(error, ApiError::Unauthorized { .. }), "{error}");
    }
    assert_eq!(seen.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed_and_ends_the_run() {
    let elsewhere = With(302, "location", "https://elsewhere.example/", "");
    let (client, seen) = scripted(&[elsewhere, Answer(200, EMPTY)], quick());
    let error = client.fetch_token_user().await.expect_err("redirected");
    assert!(error.to_string().contains("`https://elsewhere.example/`"), "{error}");
    assert!(error.ends_the_run());
    assert_eq!(seen.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_answered_2xx_with_errors_is_asked_again_within_its_tries_and_a_write_is_not() {
    let (client, seen) = scripted(&[Answer(200, REFUSED), Answer(200, EMPTY)], quick());
    client.list_page(creation().key.workspace, 1).await.expect("answered at last");
    assert_eq!(seen.count(), 2);

    let (client, seen) = scripted(&[Answer(200, REFUSED)], quick());
    for asked in 1..=20 {
        let error = client.list_page(creation().key.workspace, 1).await.expect_err("given up");
        // As any refusal: it does not end the run, however often.
        assert!(matches!(error, ApiError::Refused { status: 200, .. }), "{error}");
        assert_eq!(seen.count(), 3 * asked);
    }
    let (client, seen) = scripted(&[Answer(200, REFUSED), Answer(200, EMPTY)], quick());
    assert!(client.create(&[creation()], Urgency::Finish).await.is_err());
    let (other, deletes) = scripted(&[Answer(200, REFUSED), Answer(200, EMPTY)], quick());
    assert!(other.delete(id(), Urgency::Finish).await.is_err());
    assert_eq!((seen.count(), deletes.count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_echoed_token_is_cut_out_of_what_is_said() {
    let body = r#"{"errors":[{"message":"bad token secret-token"}]}"#;
    for status in [422, 500, 401, 200] {
        let (client, _) = scripted(&[Answer(status, body)], quick());
        let error = client.create(&[creation()], Urgency::Finish).await.expect_err("an error");
        assert!(!format!("{error} {error:?}").contains("secret-token"), "{error}");
    }
    for body in
        [r#"{"errors":["\u0073ecret-token"]}"#, r#"{"errors":[{"message":"secret\u002dtoken"}]}"#]
    {
        let (client, _) = scripted(&[Answer(422, body)], quick());
        let error = client.create(&[creation()], Urgency::Finish).await.expect_err("an error");
        assert!(!format!("{error} {error:?}").contains("secret-token"), "{error}");
    }
    let (client, _) = scripted(&[Answer(502, "<html>secret-token</html>")], quick());
    let error = client.create(&[creation()], Urgency::Finish).await.expect_err("an error");
    assert!(!format!("{error} {error:?}").contains("secret-token"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_doubt_outlives_a_refused_token() {
    let body = r#"{"errors":[{"type":"oauth","message":"You are not authorized"}]}"#;
    let (client, seen) = scripted(&[Cut, Answer(401, body)], quick());
    let error = client.delete(id(), Urgency::Finish).await.expect_err("refused");
    assert_eq!(error.disposition(Repeat::Safe), Disposition::InDoubt, "{error}");
    assert!(matches!(
        client.delete(id(), Urgency::Finish).await,
        Err(ApiError::Unauthorized { .. })
    ));
    assert_eq!(seen.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_the_record_does_not_say_that_it_is_gone() {
    for body in [
        EMPTY,
        r#"{"count":1,"results":[{"key":"participations","id":"9"}],"participations":{"9":{"workspace_id":"1","user_id":null}}}"#,
    ] {
        let (client, _) = scripted(&[Answer(200, body)], quick());
        assert!(client.fetch_participation(id()).await.is_err(), "{body}");
    }
    let (client, _) = scripted(&[Answer(404, "")], quick());
    assert!(client.fetch_participation(id()).await.is_err(), "a bare 404 may be a proxy's");
}

#[tokio::test(start_paused = true)]
async fn times_are_read_in_answers() {
    let page = wire::decode_page(EMPTY.as_bytes()).expect("a page");
    assert_eq!((page.count, page.page_count), (Some(0), Some(0)));
    let time: Timestamp = "2026-11-01T00:12:20Z".parse().expect("a time");
    assert_eq!(retry::http_date("Sun, 01 Nov 2026 00:12:20 GMT"), Some(time));
}

mod properties {
    use proptest::prelude::*;

    use super::super::wire;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = wire::decode_page(&bytes);
            let _ = wire::decode_people(&bytes);
            let _ = wire::decode_workspaces(&bytes);
            let _ = wire::decode_people_page(&bytes, Some("hr"), 1);
            let _ = wire::decode_workspaces_page(&bytes, Some("erp"), 1);
            let _ = wire::decode_assignments(&bytes, 1);
            let _ = wire::decode_complaints(&bytes);
        }

        #[test]
        fn damaged_answers_never_panic(at in 0..2000_usize, byte in any::<u8>(), cut in 0..2000_usize) {
            let mut bytes = include_bytes!("../../sample-data/wire/list_page.json").to_vec();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(cut % length);
            let _ = wire::decode_page(&bytes);
            let _ = wire::decode_complaints(&bytes);
        }

        #[test]
        fn ids_are_read_as_strings_and_as_integers(id in 1..u64::MAX, workspace in 1..u64::MAX) {
            for quote in ["", "\""] {
                let body = format!(
                    r#"{{"count":1,"results":[{{"key":"participations","id":{quote}{id}{quote}}}],"participations":{{"{id}":{{"workspace_id":{quote}{workspace}{quote},"user_id":null}}}}}}"#
                );
                let page = wire::decode_page(body.as_bytes()).expect("a page");
                let [wire::ListedRow::Userless { id: found, workspace: on }] = page.rows[..] else {
                    panic!("one row without a person")
                };
                prop_assert_eq!((found.number(), on.number()), (id, workspace));
            }
        }
    }
}
