//! How close an apply comes to the rate that it may use: at R requests a second and 300 ms latency,
//! N requests may take 1.03 · N/R and one round trip a stage, without a single 429 from a server
//! that allows no burst. Virtual time under a paused clock: the table is the same on every machine.
//! The ratio is what was taken besides the round trips, over N/R.
//!
//! Timers tick in whole milliseconds. A period that is none (R = 7, 30, 45) is rounded up, which
//! costs up to a millisecond a request; on a real clock every period is, by its odd start.

use std::{cell::Cell, fmt::Write, path::Path, time::Duration};

use jiff::Timestamp;
use kantata_sync::{
    api::{Client, Endpoint, HttpSettings, ServiceTransport},
    clock::Clock,
    event::Event,
    guard::Limits,
    journal::{Entry, JournalError, Record},
    model::Outcome,
    plan::Policy,
    roster::{ReaderSettings, Roster, parse_roster},
    run::Stop,
    sandbox::{Sandbox, SandboxSettings, World},
    session::{Job, Purpose, RunContext, apply, preview},
};
use tokio::time::Instant;

/// Members of the one project that differ from the roster.
const UPDATES: u64 = 450;
const CREATES: u64 = 250;
const DELETES: u64 = 20;
/// Three batches of creates, and one request for each of the others.
const REQUESTS: u64 = CREATES.div_ceil(100) + UPDATES + DELETES;
const LATENCY: Duration = Duration::from_millis(300);
const ALLOWED: f64 = 1.03;

/// Nothing is kept: the disk is no part of the pace.
struct NoJournal;

impl Record for NoJournal {
    fn record(&self, _: &Entry) -> Result<(), JournalError> {
        Ok(())
    }
}

fn sandbox(rate: f64) -> Sandbox {
    let mut seed = String::from("workspace_id,project,user_id,name,role,access_level\n");
    let _ = writeln!(seed, ",,1,Token,,");
    for user in 1_000..1_000 + UPDATES + DELETES {
        let _ = writeln!(seed, "501,Harbour,{user},Person {user},maven,edit_tasks");
    }
    for user in 5_000..5_000 + CREATES {
        let _ = writeln!(seed, ",,{user},Person {user},,");
    }
    let world = World::from_csv(&seed).expect("a good seed");
    let settings = SandboxSettings {
        latency: LATENCY,
        requests_per_second: Some(rate),
        rate_burst: 1,
        ..SandboxSettings::default()
    };
    Sandbox::new(world, settings)
}

fn roster() -> Roster {
    let mut text = String::from("workspace_id,user_id,role,access_level\n");
    for user in (1_000..1_000 + UPDATES).chain(5_000..5_000 + CREATES) {
        let _ = writeln!(text, "501,{user},maven,view_tasks");
    }
    let settings = ReaderSettings::default();
    parse_roster(text.into_bytes(), Path::new("roster.csv"), &settings).expect("sound")
}

struct Taken {
    time: Duration,
    stages: u32,
    refused: u64,
}

async fn run(rate: f64, max_in_flight: usize) -> Taken {
    let (sandbox, roster, stop) = (sandbox(rate), roster(), Stop::default());
    let http = HttpSettings { requests_per_second: rate, max_in_flight, ..HttpSettings::default() };
    let limits = Limits {
        max_deletes: 50,
        max_delete_percent: 10,
        max_project_delete_percent: 50,
        delete_floor: 5,
    };
    let job = Job {
        purpose: Purpose::Roster(std::rc::Rc::new(roster)),
        named_workspaces: &[],
        policy: &Policy::default(),
        limits: &limits,
        requests_per_second: rate,
        max_in_flight,
        tries: http.tries,
        recheck_after: std::time::Duration::from_secs(300),
        approval: None,
        called: &std::collections::BTreeMap::new(),
        part: &kantata_sync::session::Part::default(),
    };
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    let transport = ServiceTransport::new(sandbox.router().into_service());
    let token = sandbox.settings().token;
    let client = Client::new(
        transport,
        Endpoint { base_url: "http://sandbox.invalid/api/v1", token: token.into() },
        http,
        clock,
        0,
    );
    let stages = Cell::new(0);
    let listener = |event| {
        if let Event::StageStarted { .. } = event {
            stages.set(stages.get() + 1);
        }
    };
    let context = RunContext { clock, stop: &stop, listener: &listener };
    let preview = preview(&client, &job, context).await.expect("read");
    let (before, started) = (client.traffic(), Instant::now());
    let applied = apply(&client, &preview, &NoJournal, &job, context).await;
    let time = started.elapsed();
    assert!(applied.decided.iter().all(|one| one.fate.outcome == Outcome::Applied));
    assert_eq!(client.traffic().requests - before.requests, REQUESTS, "none was sent twice");
    Taken { time, stages: stages.get(), refused: client.traffic().throttled }
}

/// As many requests as leave during one round trip, and one that waits for its turn.
fn in_flight(rate: f64) -> usize {
    (rate * LATENCY.as_secs_f64()).ceil() as usize + 1
}

fn table() -> String {
    let mut table = format!(
        "{REQUESTS} requests, {} ms latency, server without burst; virtual time\n{:>6}  {:>9}  {:>9}  {:>9}  {:>9}  {:>6}  {:>4}\n",
        LATENCY.as_millis(),
        "R",
        "in flight",
        "N/R",
        "allowed",
        "taken",
        "ratio",
        "429s"
    );
    for rate in [4.0, 10.0, 25.0, 50.0, 7.0, 30.0, 45.0] {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
        let Taken { time, stages, refused } = runtime.block_on(run(rate, in_flight(rate)));
        let least = REQUESTS as f64 / rate;
        let round_trips = stages as f64 * LATENCY.as_secs_f64();
        let (allowed, taken) = (ALLOWED * least + round_trips, time.as_secs_f64());
        let ratio = (taken - round_trips) / least;
        let verdict = if taken <= allowed && refused == 0 { "" } else { "  over" };
        let _ = writeln!(
            table,
            "{rate:>6}  {:>9}  {least:>7.2} s  {allowed:>7.2} s  {taken:>7.2} s  {ratio:>6.3}  {refused:>4}{verdict}",
            in_flight(rate),
        );
    }
    table
}

fn main() {
    let table = table();
    #[expect(clippy::print_stdout, reason = "the table is what this program is for")]
    {
        print!("{table}");
    }
}
