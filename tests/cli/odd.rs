//! Answers with optional values of forms that nobody expects: read where that needs no guess, hidden
//! where it does, and never a reason to give up a project.

use std::collections::BTreeSet;

use kantata_sync::sandbox::{OddForm, OddValues, Sandbox, SandboxSettings};

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

/// One column of each kind of value, as [`LIVE`] has them but for what is said in the tests.
const MANAGED: &str = "\
workspace_id,user_id,role,access_level,team_lead,can_invite,rate_in_cents
100,1,maven,admin,false,false,
100,10,maven,admin,true,false,
100,11,maven,edit_tasks,false,true,15000
100,12,maven,view_tasks,false,false,
200,1,maven,admin,false,false,
200,20,maven,admin,true,false,
200,21,maven,edit_tasks,false,false,
200,22,maven,edit_tasks,false,false,
";

fn odd(forms: &[OddForm], page_limit: usize) -> Sandbox {
    let forms: BTreeSet<OddForm> = forms.iter().copied().collect();
    let sandbox = sandbox(LIVE);
    sandbox.change_settings(|settings| {
        settings.page_limit = page_limit;
        settings.odd_values = OddValues { seed: 7, share: 1.0, forms };
    });
    sandbox
}

#[test]
fn other_notations_give_the_plan_that_the_usual_ones_give() {
    let plain = sandbox(LIVE);
    for page_limit in [200, 2] {
        let odd = odd(&[OddForm::Notation, OddForm::Unknown], page_limit);
        let plan = |sandbox: &Sandbox| {
            let server = Server::of_sandbox(sandbox);
            let desk = Desk::at(&server.base_url());
            desk.write("roster.csv", MANAGED);
            let report =
                desk.run(&["plan", "roster.csv", "--format", "json"]).ends_with(0).report();
            assert!(report.counts.held == 0 && report.counts.updates > 0, "{:?}", report.counts);
            (report.counts, report.digest, report.people)
        };
        assert_eq!(plan(&odd), plan(&plain), "pages of {page_limit}");
    }
}

#[test]
fn values_that_cannot_be_read_are_hidden_and_no_project_is_given_up() {
    for form in [OddForm::Null, OddForm::Shape, OddForm::Kind, OddForm::Huge] {
        let sandbox = odd(&[form], 2);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        desk.write("roster.csv", MANAGED);
        let report = desk.run(&["plan", "roster.csv", "--format", "json"]).ends_with(0).report();
        let states: Vec<_> =
            report.projects.values().map(|project| format!("{:?}", project.state)).collect();
        assert!(states.iter().all(|state| state.starts_with("Listed")), "{form:?}: {states:?}");
        // Nobody is deleted of whom it is not known whether they lead, and nothing is sent.
        assert_eq!((report.counts.deletes, report.counts.updates), (0, 0), "{form:?}");
        assert!(report.counts.held > 0, "{form:?}");
        assert_eq!(writes(&sandbox), [], "{form:?}");
    }
}

#[test]
fn an_apply_through_odd_answers_does_what_can_be_done_and_is_right_about_it() {
    let forms = [OddForm::Notation, OddForm::Unknown];
    let sandbox = odd(&forms, 200);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    desk.run(&["plan", "--check", "roster.csv"]).ends_with(0);
}

#[test]
fn a_count_that_is_none_makes_an_answer_unreadable_and_only_that() {
    let sandbox = sandbox(LIVE);
    let inner = sandbox.router();
    let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let inner = inner.clone();
        async move {
            let spoilt =
                request.uri().query().is_some_and(|query| query.contains("workspace_id=200&"));
            let response = tower::ServiceExt::oneshot(inner, request).await.expect("answers");
            if !spoilt {
                return response;
            }
            let (mut parts, body) = response.into_parts();
            parts.headers.remove(axum::http::header::CONTENT_LENGTH);
            let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
            let text = String::from_utf8(body.to_vec()).expect("JSON");
            let text = text.replacen("\"count\":4", "\"count\":\"many\"", 1);
            axum::response::Response::from_parts(parts, axum::body::Body::from(text))
        }
    });
    let server = Server::of(router);
    let ran = Desk::at(&server.base_url()).run(&["plan", "roster.csv"]).ends_with(5);
    assert!(ran.stdout.contains("`count` is no count: \"many\""), "{}", ran.text());
    assert!(ran.stdout.contains("Atlas (100)"), "{}", ran.text());
}

#[test]
fn settings_of_odd_values_are_read_from_a_file() {
    let text = r#"{"odd_values":{"share":0.5,"seed":3,"forms":["notation","null"]}}"#;
    let read: SandboxSettings = serde_json::from_str(text).expect("valid settings");
    let forms = BTreeSet::from([OddForm::Notation, OddForm::Null]);
    assert_eq!(read.odd_values, OddValues { seed: 3, share: 0.5, forms });
}

#[test]
fn an_answer_behind_a_byte_order_mark_is_read() {
    use axum::{body, middleware, response::Response};
    let mark = async |answer: Response| {
        let (mut parts, whole) = answer.into_parts();
        let whole = body::to_bytes(whole, usize::MAX).await.expect("whole");
        parts.headers.remove("content-length");
        Response::from_parts(parts, body::Body::from([b"\xef\xbb\xbf", &whole[..]].concat()))
    };
    let sandbox = sandbox(LIVE);
    let server = Server::of(sandbox.router().layer(middleware::map_response(mark)));
    let desk = Desk::at(&server.base_url());
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox).len(), 3);
    desk.run(&["plan", "--check", "roster.csv"]).ends_with(0);
}
