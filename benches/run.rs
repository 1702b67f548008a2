//! What a run over 100 projects costs when there is nothing to change: roster, listing, plan and
//! guard against the sandbox, without rate limit and latency. It may take 0.3 s. Next to it the
//! same requests with their answers thrown away: the sandbox's own share.

use std::{fmt::Write, path::Path};

use bytes::Bytes;
use divan::Bencher;
use http::{Request, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use kantata_sync::{
    api::{Client, Endpoint, HttpSettings, ServiceTransport},
    clock::Clock,
    guard::Limits,
    plan::Policy,
    roster::{ReaderSettings, Roster, parse_roster},
    run::Stop,
    sandbox::{Sandbox, SandboxSettings, World},
    session::{Job, Purpose, RunContext, preview},
};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const PROJECTS: u64 = 100;
const MEMBERS: u64 = 50;
const BASE_URL: &str = "http://sandbox.invalid/api/v1";

fn main() {
    divan::main();
}

fn person(project: u64, member: u64) -> u64 {
    1_000 + (project * 7_919 + member) % 900
}

fn rows() -> impl Iterator<Item = (u64, u64)> {
    (0..PROJECTS).flat_map(|project| {
        (0..MEMBERS).map(move |member| (500 + project, person(project, member)))
    })
}

fn sandbox() -> Sandbox {
    let mut seed = String::from("workspace_id,project,user_id,name,email,role,access_level\n");
    for (project, user) in rows() {
        let _ = writeln!(
            seed,
            "{project},Project {project},{user},Person {user},p{user}@firm.example,maven,edit_tasks"
        );
    }
    Sandbox::new(World::from_csv(&seed).expect("a good seed"), SandboxSettings::default())
}

fn roster() -> Vec<u8> {
    let mut text = String::from("workspace_id,user_id,role,access_level,can_invite\n");
    for (project, user) in rows() {
        let _ = writeln!(text, "{project},{user},maven,edit_tasks,false");
    }
    text.into_bytes()
}

fn read(bytes: Vec<u8>) -> Roster {
    parse_roster(bytes, Path::new("roster.csv"), &ReaderSettings::default()).expect("sound")
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[divan::bench(sample_count = 21, sample_size = 1)]
fn no_change(bencher: Bencher) {
    let (runtime, bytes, sandbox) = (runtime(), roster(), sandbox());
    let token = sandbox.settings().token;
    let http = HttpSettings { requests_per_second: f64::INFINITY, ..HttpSettings::default() };
    let limits = Limits {
        max_deletes: 50,
        max_delete_percent: 10,
        max_project_delete_percent: 50,
        delete_floor: 5,
    };
    bencher.with_inputs(|| bytes.clone()).bench_values(|bytes| {
        let roster = read(bytes);
        let transport = ServiceTransport::new(sandbox.router().into_service());
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let client = Client::new(
            transport,
            Endpoint { base_url: BASE_URL, token: token.clone().into() },
            http.clone(),
            clock,
            0,
        );
        let job = Job {
            purpose: Purpose::Roster(std::rc::Rc::new(roster)),
            named_workspaces: &[],
            policy: &Policy::default(),
            limits: &limits,
            requests_per_second: http.requests_per_second,
            max_in_flight: http.max_in_flight,
            tries: http.tries,
            recheck_after: std::time::Duration::from_secs(300),
            approval: None,
            called: &std::collections::BTreeMap::new(),
            part: &kantata_sync::session::Part::default(),
        };
        let context = RunContext { clock, stop: &Stop::default(), listener: &|_| {} };
        let preview = runtime.block_on(preview(&client, &job, context)).expect("read");
        let plan = preview.reviewed.approved.plan();
        assert!(plan.is_in_sync());
        assert_eq!(plan.counts.in_sync as u64, PROJECTS * MEMBERS);
        assert_eq!(client.traffic().requests, 2 + PROJECTS);
    });
}

#[divan::bench(sample_count = 21, sample_size = 1)]
fn bare_requests(bencher: Bencher) {
    let (runtime, sandbox) = (runtime(), sandbox());
    let bearer = format!("Bearer {}", sandbox.settings().token);
    let ids: Vec<String> = (500..500 + PROJECTS).map(|id| id.to_string()).collect();
    let mut paths = vec![
        "/users/me".to_owned(),
        format!("/workspaces?only={}&include_archived=true&per_page=200", ids.join(",")),
    ];
    paths.extend(ids.iter().map(|id| format!(
        "/participations?workspace_id={id}&include=user,workspace_role&optional_fields=access_level,permissions_label,can_schedule_their_hours,can_schedule_team_hours&order=user_name:asc&per_page=200&page=1"
    )));
    bencher.bench(|| {
        runtime.block_on(async {
            let mut bytes = 0;
            for path in &paths {
                let request = Request::get(format!("{BASE_URL}{path}"));
                let request = request.header(AUTHORIZATION, &bearer).body(Full::<Bytes>::default());
                let service = sandbox.router().into_service();
                let answer =
                    service.oneshot(request.expect("a request")).await.expect("never fails");
                assert!(answer.status().is_success());
                bytes += answer.into_body().collect().await.expect("whole").to_bytes().len();
            }
            bytes
        })
    });
}
