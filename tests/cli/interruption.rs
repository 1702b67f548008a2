//! Runs that are killed, asked to end, or meet another run; and a network that fails.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use kantata_sync::{
    journal::{Entry, RequestResult, parse_journal},
    run::Ended,
    sandbox::{Fault, Faults, Reply, RequestKind, Sandbox},
};

use crate::harness::{Desk, Server, samples, sandbox, writes};

/// A process that is sent a signal when a request arrives.
#[derive(Clone, Default)]
pub struct Victim {
    pid: Arc<AtomicU32>,
    seen: Arc<AtomicUsize>,
}

impl Victim {
    fn signal(&self, signal: &str) {
        // Signals are sent by the shell: the crate has no unsafe code to do it itself.
        let kill = format!("kill -{signal} {}", self.pid.load(Ordering::SeqCst));
        let sent = std::process::Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell").success());
    }

    fn number(&self) -> usize {
        self.seen.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub fn is(&self, child: &Child) {
        self.pid.store(child.id(), Ordering::SeqCst);
    }
}

/// The sandbox of the sample data, which signals the client at its request number `at`, before or
/// after the request was carried out.
pub fn signalling(
    sandbox: &Sandbox,
    signals: &'static [&'static str],
    at: usize,
) -> (Server, Victim) {
    let victim = Victim::default();
    let shared = victim.clone();
    let layer = middleware::from_fn(move |request: Request, next: Next| {
        let victim = shared.clone();
        async move { signalled(&victim, signals, at, (request, next)).await }
    });
    (Server::of(sandbox.router().layer(layer)), victim)
}

async fn signalled(
    victim: &Victim,
    signals: &[&str],
    at: usize,
    (request, next): (Request, Next),
) -> Response {
    let number = victim.number();
    // Every other time the commit comes first, as it does when an answer is lost.
    if number != at || at.is_multiple_of(2) {
        let response = next.run(request).await;
        if number == at {
            signals.iter().for_each(|signal| victim.signal(signal));
        }
        return response;
    }
    signals.iter().for_each(|signal| victim.signal(signal));
    next.run(request).await
}

pub fn sample_sandbox() -> Sandbox {
    sandbox(&fs::read_to_string(samples().join("live.csv")).expect("the sample"))
}

pub fn sample_roster() -> String {
    samples().join("roster.csv").display().to_string()
}

/// Everybody is on a project once, whatever happened.
fn nobody_is_doubled(sandbox: &Sandbox) {
    let world = sandbox.world();
    for row in world.participations().values() {
        let Some(user) = row.user else { continue };
        assert_eq!(world.of(row.workspace, user).len(), 1, "{row:?}");
    }
}

fn journals(state: &Path) -> Vec<std::path::PathBuf> {
    let folders =
        fs::read_dir(state.join("runs")).expect("runs").map(|entry| entry.expect("entry").path());
    folders.map(|folder| folder.join("journal.jsonl")).filter(|path| path.exists()).collect()
}

#[test]
fn a_run_killed_at_any_request_is_finished_by_the_next() {
    // The sample job has 95 requests, 71 of them writes.
    for at in (1..=95).step_by(4) {
        let sandbox = sample_sandbox();
        let (server, victim) = signalling(&sandbox, &["KILL"], at);
        let desk = Desk::at(&server.base_url());
        let mut child =
            desk.command(&["apply", "--yes", "-q", &sample_roster()]).spawn().expect("starts");
        victim.is(&child);
        assert_eq!(child.wait().expect("waited").code(), None, "killed at request {at}");
        let ran = desk.run(&["apply", "--yes", "-q", &sample_roster()]).ends_with(0);
        nobody_is_doubled(&sandbox);
        let state = desk.state().join("default").join(server.folder_name());
        for journal in journals(&state) {
            parse_journal(&fs::read(&journal).expect("kept")).expect("readable, torn or not");
        }
        sandbox.clear_log();
        desk.run(&["plan", "--check", "-q", &sample_roster()]).ends_with(0);
        assert_eq!(writes(&sandbox), [], "{}", ran.text());
    }
}

#[test]
fn the_next_run_names_what_a_killed_one_left_in_doubt() {
    let sandbox = sample_sandbox();
    // Request 25 is the first write.
    let (server, victim) = signalling(&sandbox, &["KILL"], 26);
    let desk = Desk::at(&server.base_url());
    let mut child =
        desk.command(&["apply", "--yes", "-q", &sample_roster()]).spawn().expect("starts");
    victim.is(&child);
    assert_eq!(child.wait().expect("waited").code(), None);
    let report = desk.run(&["plan", "--format", "json", &sample_roster()]).report();
    assert_eq!(report.left_in_doubt.len(), 1);
    assert!(!report.left_in_doubt[0].requests.is_empty());
    let ran = desk.run(&["apply", "--yes", &sample_roster()]).ends_with(0);
    assert!(ran.text().contains("in doubt"), "{}", ran.text());
    let report = desk.run(&["plan", "--format", "json", &sample_roster()]).report();
    assert_eq!(report.left_in_doubt, []);
}

#[test]
fn the_first_signal_finishes_what_is_under_way_and_reports() {
    for (signal, code, ended) in [
        (&["TERM"], 143, Ended::Terminated),
        (&["INT"], 130, Ended::Interrupted),
        (&["HUP"], 143, Ended::Terminated),
        (&["QUIT"], 143, Ended::Terminated),
    ] {
        let sandbox = sample_sandbox();
        let (server, victim) = signalling(&sandbox, signal, 30);
        let desk = Desk::at(&server.base_url());
        let arguments = ["apply", "--yes", "-q", "--output", "report.json", &sample_roster()];
        let mut child = desk.command(&arguments).spawn().expect("starts");
        victim.is(&child);
        assert_eq!(child.wait().expect("waited").code(), Some(code));
        let report = kantata_sync::report::json::read(desk.read("report.json").as_bytes());
        assert_eq!(report.expect("a report").ended, Some(ended));
        let state = desk.state().join("default").join(server.folder_name());
        let journal =
            parse_journal(&fs::read(&journals(&state)[0]).expect("kept")).expect("a journal");
        assert!(journal.ended() && journal.in_doubt().is_empty() && !journal.torn);
        let intents = |entry: &&Entry| matches!(entry, Entry::Intent { .. });
        let intents = journal.entries.iter().filter(intents).count();
        // What was waiting for its turn was dropped, and that is journalled too.
        let dropped = |entry: &&Entry| {
            matches!(entry, Entry::Outcome { result: RequestResult::NotDone { .. }, .. })
        };
        let dropped = journal.entries.iter().filter(dropped).count();
        assert_eq!(intents - dropped, writes(&sandbox).len(), "all that left was journalled");
        assert!(intents < 71, "nothing new was started");
        desk.run(&["apply", "--yes", "-q", &sample_roster()]).ends_with(0);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let sandbox = sample_sandbox();
    let (server, victim) = signalling(&sandbox, &["TERM", "INT"], 30);
    let desk = Desk::at(&server.base_url());
    let mut command = desk.command(&["apply", "--yes", "-q", &sample_roster()]);
    let child = command.stderr(Stdio::piped()).spawn().expect("starts");
    victim.is(&child);
    let ended = child.wait_with_output().expect("waited");
    let code = ended.status.code();
    assert!(matches!(code, Some(130 | 143)), "{code:?}");
    let said = String::from_utf8_lossy(&ended.stderr);
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
    let [error] = errors[..] else { panic!("one line: {said}") };
    assert!(error.contains("at once, by a second signal (exit 1"), "{said}");
    desk.run(&["apply", "--yes", "-q", &sample_roster()]).ends_with(0);
}

#[test]
fn of_two_applies_at_once_the_second_sends_nothing() {
    let sandbox = sample_sandbox();
    let desk = Arc::new(std::sync::OnceLock::<Desk>::new());
    let shared = Arc::clone(&desk);
    let met = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&met);
    let layer = middleware::from_fn(move |request: Request, next: Next| {
        // While the first run waits for its answer, the second runs to its end.
        if request.method() == axum::http::Method::POST && noted.fetch_add(1, Ordering::SeqCst) == 0
        {
            let desk = shared.get().expect("set before the first run");
            desk.run(&["apply", "--yes", &sample_roster()]).ends_with(7);
            desk.run(&["apply", "--yes", "--wait-lock", "1ms", &sample_roster()]).ends_with(7);
        }
        next.run(request)
    });
    let server = Server::of(sandbox.router().layer(layer));
    assert!(desk.set(Desk::at(&server.base_url())).is_ok());
    desk.get().expect("set").run(&["apply", "--yes", "-q", &sample_roster()]).ends_with(0);
    assert!(met.load(Ordering::SeqCst) >= 3);
    let asked = sandbox.log().iter().filter(|entry| entry.kind == RequestKind::Me).count();
    assert_eq!(asked, 1, "the second run asked nothing");
}

#[test]
fn a_deadline_ends_the_run_before_it_starts_something_new() {
    let sandbox = sample_sandbox();
    sandbox.change_settings(|settings| settings.latency = Duration::from_millis(20));
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let arguments = ["apply", "--yes", "--deadline", "1ms", "--format", "json", &sample_roster()];
    let ran = desk.run(&arguments).ends_with(5);
    assert_eq!(ran.report().ended, Some(Ended::Deadline));
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn over_a_failing_network_repeated_runs_converge_and_double_nobody() {
    for seed in 1..=3 {
        let sandbox = sample_sandbox();
        sandbox.change_settings(|settings| {
            settings.faults = Faults {
                // A request that hangs outlives the client's patience, and only that one: on a busy
                // machine any answer takes a while.
                hang: Duration::from_secs(1),
                slow_by: Duration::from_millis(20),
                ..Faults::spread(seed, 0.2)
            };
        });
        sandbox.reseed(seed);
        // Which requests go wrong depends on the order in which they arrive; these do in any order.
        sandbox.fail_next(RequestKind::Create, Fault::CutAfter);
        sandbox.fail_next(RequestKind::Create, Fault::CutBefore);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url())
            .with("KANTATA_SYNC_HTTP__TRIES", "4")
            .with("KANTATA_SYNC_HTTP__RETRY_AFTER_CAP", "1ms")
            .with("KANTATA_SYNC_HTTP__TIMEOUT", "500ms");
        let mut codes = Vec::new();
        while codes.last() != Some(&0) {
            codes.push(desk.run(&["apply", "--yes", "-q", &sample_roster()]).code);
            assert!(codes.len() < 30, "{codes:?}");
        }
        nobody_is_doubled(&sandbox);
        let log = sandbox.log();
        let wrong = log.iter().filter(|entry| entry.fault.is_some()).count();
        assert!(wrong > 5, "hardly anything went wrong: {wrong}");
        let lost = log.iter().filter(|entry| {
            entry.kind == RequestKind::Create && entry.answered != Reply::Status(200)
        });
        assert!(lost.clone().any(|entry| entry.committed), "no create was done and not answered");
        assert!(lost.clone().any(|entry| !entry.committed), "no create was lost on its way");
    }
}

/// A server that reads and answers every write 429, for ever; the first one brings this signal.
fn throttling(sandbox: &Sandbox, signal: Option<&'static str>) -> (Server, Victim) {
    let victim = Victim::default();
    let shared = victim.clone();
    let layer = middleware::from_fn(move |request: Request, next: Next| {
        let victim = shared.clone();
        async move {
            if request.method() == axum::http::Method::GET {
                return next.run(request).await;
            }
            if let (1, Some(signal)) = (victim.number(), signal) {
                victim.signal(signal);
            }
            (axum::http::StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response()
        }
    });
    (Server::of(sandbox.router().layer(layer)), victim)
}

#[test]
fn a_signal_or_a_deadline_in_a_hold_ends_the_run_and_nothing_more_is_sent() {
    let cases = [(Some("TERM"), 143), (Some("HUP"), 143), (Some("INT"), 130), (None, 5)];
    for (signal, code) in cases {
        let sandbox = sample_sandbox();
        let (server, victim) = throttling(&sandbox, signal);
        let desk = Desk::at(&server.base_url());
        let deadline = if signal.is_none() { "3s" } else { "1h" };
        let roster = sample_roster();
        let arguments =
            ["apply", "--yes", "-q", "--deadline", deadline, "--output", "report.json", &roster];
        let mut child = desk.command(&arguments).stderr(Stdio::null()).spawn().expect("starts");
        victim.is(&child);
        assert_eq!(child.wait().expect("waited").code(), Some(code), "{signal:?}");
        // The first batch goes alone, or a few are under way at once.
        let sent = victim.seen.load(Ordering::SeqCst);
        assert!(sent <= 8, "{sent} writes for {signal:?}");
        let state = desk.state().join("default").join(server.folder_name());
        let journal =
            parse_journal(&fs::read(&journals(&state)[0]).expect("kept")).expect("a journal");
        assert!(journal.ended() && journal.in_doubt().is_empty());
        let report = kantata_sync::report::json::read(desk.read("report.json").as_bytes());
        assert_eq!(report.expect("a report").pace.writes, sent as u64);
    }
}

/// A pipe that holds no byte more, and that nobody reads.
fn full_pipe() -> (io::PipeReader, io::PipeWriter) {
    let (reader, writer) = io::pipe().expect("a pipe");
    let mut filler = writer.try_clone().expect("a pipe");
    // As much as a pipe holds; where it holds less, this thread waits with the test's process.
    let filled = std::thread::spawn(move || filler.write_all(&[b'.'; 1 << 16]).is_ok());
    drop(filled);
    (reader, writer)
}

#[test]
fn a_second_signal_ends_at_once_although_nobody_reads_what_is_said() {
    let sandbox = sample_sandbox();
    let (server, victim) = signalling(&sandbox, &["TERM", "HUP"], 30);
    let desk = Desk::at(&server.base_url());
    let (said, stderr) = full_pipe();
    let (printed, stdout) = full_pipe();
    let mut command = desk.command(&["apply", "--yes", "-v", &sample_roster()]);
    let mut child = command.stdout(stdout).stderr(stderr).spawn().expect("starts");
    victim.is(&child);
    assert_eq!(child.wait().expect("waited").code(), Some(143));
    drop((said, printed));
    desk.run(&["apply", "--yes", "-q", &sample_roster()]).ends_with(0);
}

#[test]
fn a_signal_while_the_lock_is_waited_for_ends_the_process() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 143), ("QUIT", 143)] {
        let desk = Desk::at("http://127.0.0.1:9/api/v1");
        // A plan makes the folder that the lock is in.
        desk.run(&["plan", &sample_roster()]);
        let lock = desk.state().join("default/127.0.0.1-9/lock");
        let held = fs::File::create(&lock).expect("the lock");
        held.lock().expect("free");
        let arguments = ["apply", "--yes", "--wait-lock", "1h", &sample_roster()];
        let mut child = desk.command(&arguments).stderr(Stdio::piped()).spawn().expect("starts");
        let victim = Victim::default();
        victim.is(&child);
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let waits = lines.next().expect("a line").expect("readable");
        assert!(waits.contains("waiting for the lock"), "{waits}");
        victim.signal(signal);
        assert_eq!(child.wait().expect("waited").code(), Some(code), "{signal}");
        let stops = lines.next().expect("a line").expect("readable");
        assert!(stops.contains(&format!("stopping (SIG{signal})")), "{stops}");
        let last = lines.last().expect("a line").expect("readable");
        let report = last.split_once(&format!(" (exit {code}); report: ")).expect("one").1;
        let report = fs::read_to_string(report).expect("kept");
        let ended = if code == 130 { "interrupted" } else { "terminated" };
        assert!(report.contains(&format!("\"ended\": \"{ended}\"")), "{report}");
    }
}

#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let sandbox = sample_sandbox();
    let (server, victim) = signalling(&sandbox, &["HUP"], 30);
    let desk = Desk::at(&server.base_url());
    let run = desk.command(&["apply", "--yes", "-q", &sample_roster()]);
    // What `nohup` does.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(run.get_program());
    shell.args(run.get_args()).env_clear().stdin(Stdio::null());
    shell.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(run.get_current_dir().expect("set"));
    let mut child = shell.spawn().expect("starts");
    victim.is(&child);
    assert_eq!(child.wait().expect("waited").code(), Some(0));
}
