//! Configuration, token and address that cannot be used: what is said, and that nothing is sent.

use std::net::{Ipv4Addr, TcpListener};

use axum::{Router, response::Html};
use kantata_sync::sandbox::RequestKind;

use crate::harness::{Desk, LIVE, Server, sandbox};

#[test]
fn without_a_token_the_places_are_named() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).without("KANTATA_TOKEN");
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    desk.run(&["plan", "roster.csv"]).ends_with(8);
    assert_eq!(sandbox.log(), []);
}

#[test]
fn a_wrong_token_ends_the_run_at_its_first_request() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_TOKEN", "of-another-account");
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    let kinds: Vec<_> = sandbox.log().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [RequestKind::Me]);
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    // Were anything sent, it would go through this proxy.
    let proxy = server.base_url();
    let desk = Desk::at("http://kantata.example/api/v1")
        .with("http_proxy", &proxy)
        .with("HTTP_PROXY", &proxy)
        .with("ALL_PROXY", &proxy);
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    desk.run(&["--base-url", "http://10.1.2.3/api/v1", "plan", "roster.csv"]).ends_with(3);
    assert_eq!(sandbox.log(), []);
}

#[test]
fn a_base_url_that_answers_html_is_told_so_with_status_and_first_line() {
    let page = "\n<!DOCTYPE html>\n<html><title>Sign in</title></html>\n";
    let server = Server::of(Router::new().fallback(async move || Html(page)));
    let desk = Desk::at(&server.base_url());
    insta::assert_snapshot!(desk.run(&["plan", "roster.csv"]).text());
}

#[test]
fn an_address_where_nobody_listens_is_told_so() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let desk = Desk::at(&format!("http://{address}/api/v1"));
    let ran = desk.run(&["apply", "--yes", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert!(ran.files().contains("report.json"));
}

#[test]
fn a_redirect_is_not_followed() {
    let sandbox = sandbox(LIVE);
    let elsewhere = Server::of_sandbox(&sandbox);
    let target = elsewhere.base_url();
    let redirect = async move || axum::response::Redirect::temporary(&target);
    let server = Server::of(Router::new().fallback(redirect));
    let desk = Desk::at(&server.base_url());
    insta::assert_snapshot!(desk.run(&["plan", "roster.csv"]).text());
    assert_eq!(sandbox.log(), []);
}

#[test]
fn every_wrong_key_and_value_of_the_configuration_is_told_with_its_place() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_HTTP__TRYS", "3");
    desk.write(
        "kantata-sync.toml",
        "mod = \"mirror\"\nallow_replace = \"perhaps\"\n\n[guard]\nmax_delete = 10\n",
    );
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    let missing = desk.run(&["--config", "no/such.toml", "plan", "roster.csv"]);
    insta::assert_snapshot!("a_configuration_that_is_not_there_is_named", missing.text());
    assert_eq!(sandbox.log(), []);
}

#[test]
fn a_plan_file_that_cannot_be_read_is_unusable_input() {
    let desk = Desk::bare();
    desk.write("report.json", "{}");
    for plan in ["xyz", "report.json"] {
        let arguments = ["apply", "--yes", "--plan", plan, "roster.csv"];
        let ran = desk.run(&arguments).ends_with(3);
        assert!(ran.stderr.contains(&format!("cannot use the plan `{plan}`")), "{}", ran.text());
    }
}
