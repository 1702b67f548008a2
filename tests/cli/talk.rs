//! What is only talk: a stderr that is full, gone or never read changes nothing of a run.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, PipeReader},
    process::Stdio,
};

use kantata_sync::{
    model::{MembershipKey, Outcome},
    report::{RunReport, json},
    run::{Ended, ExitStatus},
    sandbox::{RequestKind, Sandbox},
};

use crate::harness::{Desk, LIVE, Server, sandbox};

/// What a run came to, wherever its talk went.
#[derive(Debug, PartialEq)]
struct Came {
    code: Option<i32>,
    report: (Option<Ended>, Option<ExitStatus>),
    fates: Vec<(MembershipKey, Option<Outcome>)>,
    requests: Vec<(RequestKind, usize)>,
}

fn kept_report(desk: &Desk, server: &Server) -> RunReport {
    let runs = desk.state().join("default").join(server.folder_name()).join("runs");
    let mut runs = fs::read_dir(runs).expect("runs").map(|entry| entry.expect("readable").path());
    let run = runs.next().expect("a run");
    json::read(&fs::read(run.join("report.json")).expect("a report")).expect("readable")
}

/// Three projects of 30 people, and a roster that has three of each change sides, one go, and five
/// more come.
fn world_and_roster() -> (String, String) {
    let mut live = "workspace_id,project,user_id,name,email,token,role,access_level\n".to_owned();
    let mut roster = "workspace_id,user_id,role\n".to_owned();
    for project in [100, 200, 300] {
        live += &format!("{project},Project {project},1,Priya Raman,,true,maven,admin\n");
        roster += &format!("{project},1,maven\n");
        for user in project + 10..project + 40 {
            live += &format!("{project},,{user},Person {user},,,maven,edit_tasks\n");
            let role = if user < project + 13 { "buyer" } else { "maven" };
            if user < project + 39 {
                roster += &format!("{project},{user},{role}\n");
            }
        }
        for user in project + 50..project + 55 {
            live += &format!(",,{user},Newcomer {user},,,,\n");
            roster += &format!("{project},{user},maven\n");
        }
    }
    (live, roster)
}

/// A job with replacements, with this stderr, this stdout and these arguments.
fn job(stderr: impl Into<Stdio>, stdout: impl Into<Stdio>, more: &[&str]) -> Came {
    let (live, roster) = world_and_roster();
    let sandbox: Sandbox = sandbox(&live);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_ALLOW_REPLACE", "true")
        .with("KANTATA_SYNC_GUARD__MAX_DELETE_PERCENT", "50")
        .with("KANTATA_SYNC_HTTP__MAX_IN_FLIGHT", "1");
    desk.write("roster.csv", &roster);
    let mut command = desk.command(&[&["apply", "--yes", "-vv", "roster.csv"], more].concat());
    let status = command.stdout(stdout).stderr(stderr).status().expect("started");
    let report = kept_report(&desk, &server);
    let fate = |entry: &kantata_sync::report::ReportEntry| {
        (entry.key, entry.fate.as_ref().map(|fate| fate.outcome))
    };
    Came {
        code: status.code(),
        report: (report.ended.clone(), report.exit),
        fates: report.entries.iter().map(fate).collect(),
        requests: sandbox.log().iter().map(|entry| (entry.kind, entry.objects)).collect(),
    }
}

fn full_device() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full")
}

/// A pipe that takes next to nothing and that nobody reads while the reader is kept.
fn unread() -> (PipeReader, io::PipeWriter) {
    let (reader, writer) = io::pipe().expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).expect("a small pipe");
    (reader, writer)
}

fn closed() -> io::PipeWriter {
    io::pipe().expect("a pipe").1
}

#[test]
fn a_stderr_that_cannot_be_written_changes_nothing_of_a_run() {
    let healthy = job(Stdio::null(), Stdio::null(), &[]);
    assert_eq!(healthy.code, Some(0));
    let replaced = healthy
        .requests
        .windows(2)
        .any(|pair| matches!(pair, [(RequestKind::Delete, _), (RequestKind::Create, _)]));
    assert!(replaced, "there are replacements: {:?}", healthy.requests);
    for more in [&[][..], &["--log-format", "json"]] {
        assert_eq!(job(full_device(), Stdio::null(), more), healthy, "full {more:?}");
        assert_eq!(job(closed(), Stdio::null(), more), healthy, "closed {more:?}");
        let (_reader, writer) = unread();
        assert_eq!(job(writer, Stdio::null(), more), healthy, "never read {more:?}");
    }
}

#[test]
fn a_stdout_that_cannot_be_written_changes_nothing_of_a_run_but_is_told() {
    let healthy = job(Stdio::null(), Stdio::null(), &[]);
    assert_eq!(job(Stdio::null(), closed(), &[]), healthy, "a reader that went away");
    let full = job(Stdio::null(), full_device(), &[]);
    // The kept report says what the process answered.
    let report = (healthy.report.0.clone(), Some(ExitStatus::Unexpected));
    assert_eq!(full, Came { code: Some(1), report, ..healthy });
}

/// The lines that tell of an error.
fn errors(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.starts_with("error: ")).collect()
}

#[test]
fn what_cannot_be_delivered_hides_neither_the_runs_own_code_nor_the_other_outputs() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    fs::create_dir(desk.path("there")).expect("a folder");
    let arguments = ["plan", "-q", "--output", "there/a.json", "--output", "b.json", "roster.csv"];
    let fails = |arguments: &[&str]| {
        let output = desk.command(arguments).stdout(full_device()).output().expect("started");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (code, stderr) = fails(&arguments);
    assert_eq!((code, errors(&stderr).len()), (Some(1), 1), "{stderr}");
    assert!(
        stderr.contains("the run is complete, but not all of its output could be written: cannot write to stdout"),
        "{stderr}"
    );
    assert!(desk.read("b.json").contains("\"digest\"") && desk.path("there/a.json").exists());
    let (code, stderr) = fails(&["plan", "-q", "--check", "roster.csv"]);
    assert_eq!((code, errors(&stderr).len()), (Some(6), 1), "{stderr}");
    assert!(stderr.contains("\n  cannot write to stdout: No space left on device"), "{stderr}");
    desk.write("wrong.csv", "workspace_id,user_id,role\n100,x,maven\n");
    let (code, stderr) = fails(&["check", "-q", "wrong.csv"]);
    assert_eq!((code, errors(&stderr).len()), (Some(3), 1), "{stderr}");
}
