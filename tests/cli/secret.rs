//! The token is in no output and in no file, even when the server sends it back.

use axum::{
    body::Body,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use http::{Method, StatusCode};

use crate::harness::{Desk, LIVE, Ran, Server, TOKEN, sandbox, writes};

/// Fails when the token is in what was said, or in a file.
fn assert_secret(ran: &Ran, desk: &Desk) {
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN), "it was said");
    let files = desk.files();
    assert!(files.len() > 1, "nothing was kept");
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        let found = bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
        assert!(!found, "the token is in {}", file.display());
    }
}

const OUTPUTS: [&str; 10] = [
    "--output", "o.html", "--output", "o.md", "--output", "o.csv", "--output", "o.json",
    "--output", "o.txt",
];

#[test]
fn the_token_is_nowhere_in_what_a_run_says_and_keeps() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    for log_format in ["text", "json"] {
        let desk = Desk::at(&server.base_url());
        let mut arguments = vec!["-vv", "--log-format", log_format, "apply", "--yes", "roster.csv"];
        arguments.extend(OUTPUTS);
        assert_secret(&desk.run(&arguments).ends_with(0), &desk);
    }
    assert_eq!(writes(&sandbox).len(), 3);
}

/// Answers every write with a refusal that repeats the token, in a body and in a header.
async fn echo(request: Request, next: Next) -> Response {
    let authorization = request.headers()["authorization"].clone();
    let words = authorization.to_str().expect("ASCII");
    let error = serde_json::json!({ "type": "system", "message": format!("no right for {words}") });
    let (status, body) = match *request.method() {
        Method::POST => (422, serde_json::json!({ "errors": [error] }).to_string()),
        Method::PUT => (200, format!("<p>Who is {words}?</p>")),
        Method::DELETE => (403, serde_json::json!({ "errors": [words] }).to_string()),
        _ if request.uri().path().ends_with("/me") && words.ends_with("everything") => {
            (400, serde_json::json!({ "error_message": words }).to_string())
        }
        _ => return next.run(request).await,
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert("x-request-id", authorization);
    response
}

#[test]
fn a_server_that_echoes_the_token_does_not_give_it_away() {
    let sandbox = sandbox(LIVE);
    let server = Server::of(sandbox.router().layer(middleware::from_fn(echo)));
    let desk = Desk::at(&server.base_url());
    // The refused create and update freeze their project; the delete is on the other one.
    desk.write(
        "roster.csv",
        "workspace_id,user_id,role,access_level\n100,1,maven,\n100,10,maven,\n\
         100,11,maven,view_tasks\n100,12,maven,\n100,13,buyer,\n100,31,maven,\n\
         200,1,maven,\n200,20,maven,\n200,21,maven,\n",
    );
    let mut arguments = vec!["-vv", "apply", "--yes", "roster.csv"];
    arguments.extend(OUTPUTS);
    let ran = desk.run(&arguments).ends_with(5);
    assert_secret(&ran, &desk);
    for words in ["no right for", "Who is", "Bearer"] {
        assert!(ran.stdout.contains(words), "the test echoes nothing: {}", ran.text());
    }
    insta::assert_snapshot!(ran.kept("rejected.csv"));
    assert_eq!(writes(&sandbox), []);
}

/// The token as a server may write it: JSON escapes, percents, HTML entities, base64.
fn disguises() -> Vec<String> {
    let all = |form: fn(u8) -> String| TOKEN.bytes().map(form).collect::<String>();
    vec![
        all(|byte| format!("\\u{byte:04x}")),
        all(|byte| format!("\\u00{byte:02X}")).replace("\\u002D", "-"),
        all(|byte| format!("%{byte:02x}")),
        all(|byte| format!("&#{byte};")),
        // What `printf 'Bearer %s' TOKEN | base64` says.
        "QmVhcmVyIHQwa2VuLW9mLXRoZS10ZXN0cy00NzEx".to_owned(),
    ]
}

/// Fails when a text or a file has the token in any of these forms.
fn assert_undisguised(ran: &Ran, desk: &Desk) {
    assert_secret(ran, desk);
    let forms = disguises().into_iter().flat_map(|form| [form.replace("\\u", "\\\\u"), form]);
    let mut said = vec![("the output".to_owned(), ran.text())];
    for file in desk.files() {
        let bytes = std::fs::read(&file).expect("readable");
        said.push((file.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    for form in forms {
        let found = said.iter().find(|(_, text)| text.contains(&form));
        assert!(found.is_none(), "{form} is in {:?}", found.map(|(place, _)| place));
    }
}

#[test]
fn an_echo_in_other_letters_gives_nothing_away_whatever_field_it_is_in() {
    for disguise in disguises() {
        let sandbox = sandbox(LIVE);
        let echo = disguise.clone();
        let retell = move |request: Request, next: Next| {
            let echo = echo.clone();
            async move {
                let write = *request.method() != Method::GET;
                let (mut head, body) = next.run(request).await.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
                let text = String::from_utf8_lossy(&body).into_owned();
                // In a count where nothing but a number is read, and in every name and title.
                let text = match write {
                    true => format!(
                        "{{\"count\":\"{echo}\",\"results\":[{{\"key\":\"{echo}\",\"id\":\"{echo}\"}}]}}"
                    ),
                    false => ["Ben Ode", "Atlas", "Cleo Marsh", "ada@firm.example"]
                        .iter()
                        .fold(text, |text, name| text.replace(name, &echo)),
                };
                head.headers.remove("content-length");
                head.headers.insert("x-request-id", echo.parse().expect("ASCII"));
                Response::from_parts(head, Body::from(text))
            }
        };
        let server = Server::of(sandbox.router().layer(middleware::from_fn(retell)));
        let desk = Desk::at(&server.base_url());
        let mut arguments = vec!["-vv", "apply", "--yes", "roster.csv"];
        arguments.extend(OUTPUTS);
        let ran = desk.run(&arguments);
        assert_undisguised(&ran, &desk);
        assert!(ran.stdout.contains("[token]"), "the test echoes nothing: {}", ran.text());
        desk.run(&["export", "--workspace", "100", "--output", "live.csv"]).ends_with(0);
        assert_undisguised(&ran, &desk);
    }
}

#[test]
fn an_echo_at_the_first_request_ends_the_run_without_giving_the_token_away() {
    let sandbox = sandbox(LIVE);
    let server = Server::of(sandbox.router().layer(middleware::from_fn(echo)));
    let desk = Desk::at(&server.base_url()).with("KANTATA_TOKEN", &format!("{TOKEN}-everything"));
    let ran = desk.run(&["-vv", "--log-format", "json", "plan", "roster.csv"]).ends_with(1);
    assert_secret(&ran, &desk);
    assert!(ran.stdout.contains("Bearer"), "the test echoes nothing: {}", ran.text());
}
