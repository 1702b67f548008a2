//! `apply`: the order of its writes, that nothing is written twice, its questions, its lock.

use std::{fs, process::Stdio};

use kantata_sync::sandbox::{
    ErrorIndex, LoggedRequest,
    RequestKind::{Create, Delete, Update},
};

use crate::harness::{Desk, HOLDER, LIVE, Server, hold_lock, samples, sandbox, writes};

#[test]
fn an_apply_does_what_the_plan_shows_and_keeps_a_record() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox), [(Create, 2), (Update, 0), (Delete, 0)]);
    let kept = ["journal.jsonl", "plan.json", "report.json", "results.csv"].map(str::to_owned);
    assert_eq!(ran.files(), kept.into());
    // What was shown before the first write had not ended yet.
    let preview: serde_json::Value = serde_json::from_str(&ran.kept("plan.json")).expect("JSON");
    assert!(preview.get("ended").is_none() && preview.get("exit").is_none());
    assert_eq!(ran.stderr.matches("exit 0").count(), 0, "{}", ran.text());
    let world = sandbox.world();
    let users = |project| world.on(project).map(|row| row.user).collect::<Vec<_>>();
    assert_eq!(users(100).len() + users(200).len(), 10);
    assert!(world.of(100, 12).is_empty() && world.of(200, 32).len() == 1);
}

#[test]
fn the_sample_is_applied_in_batches_of_at_most_100_and_only_once() {
    let sandbox = sandbox(&fs::read_to_string(samples().join("live.csv")).expect("the sample"));
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let roster = samples().join("roster.csv");
    let roster = roster.to_str().expect("a plain path");

    desk.run(&["plan", roster]).ends_with(0);
    desk.run(&["apply", "--dry-run", roster]).ends_with(0);
    desk.run(&["apply", "--dry-run", "--yes", roster]).ends_with(0);
    assert_eq!(writes(&sandbox), []);

    let report = desk.run(&["apply", "--yes", "--format", "json", roster]).ends_with(0).report();
    let wrote = writes(&sandbox);
    let log = sandbox.log();
    let first_delete = log.iter().position(|entry| entry.kind == Delete).expect("deletes");
    // A lead who is to go is demoted first, as part of the delete.
    let goes = |entry: &LoggedRequest| {
        log.iter().any(|one| one.kind == Delete && one.targets == entry.targets)
    };
    let is_demotion = |(at, entry): &(usize, &LoggedRequest)| *at > first_delete && goes(entry);
    let phases: Vec<_> = log
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.method != "GET")
        .filter(|one| one.1.kind != Update || !is_demotion(one))
        .map(|(_, entry)| entry.kind)
        .collect();
    let phases: Vec<_> = phases.chunk_by(|a, b| a == b).map(|phase| phase[0]).collect();
    assert_eq!(phases, [Create, Update, Delete]);
    let batches: Vec<usize> =
        wrote.iter().filter(|(kind, _)| *kind == Create).map(|(_, objects)| *objects).collect();
    assert!(batches.iter().all(|size| (1..=100).contains(size)), "{batches:?}");
    assert_eq!(batches.iter().sum::<usize>(), report.counts.creates);
    assert_eq!(batches.len(), report.counts.creates.div_ceil(100));

    desk.run(&["apply", "--yes", roster]).ends_with(0);
    assert_eq!(writes(&sandbox), wrote);
    desk.run(&["plan", "--check", roster]).ends_with(0);
}

#[test]
fn a_second_apply_has_nothing_to_do() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let wrote = writes(&sandbox);
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    assert_eq!(writes(&sandbox), wrote);
}

#[test]
fn only_the_plan_that_was_approved_is_applied() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let planned = desk.run(&["plan", "--format", "json", "roster.csv"]).report();
    let digest = planned.digest.expect("a plan");
    // Somebody else takes a member away after the plan was looked at.
    let gone = sandbox.world().of(200, 22)[0].clone();
    sandbox.with_world(|world| world.remove(gone.id));
    let ran = desk.run(&["apply", "--yes", "--plan", &digest.to_string(), "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert_eq!(writes(&sandbox), []);

    let planned = desk.run(&["plan", "--format", "json", "roster.csv"]).report();
    let digest = planned.digest.expect("a plan");
    desk.run(&["apply", "--yes", "--plan", digest.short(), "roster.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox).len(), 3);
}

#[test]
fn without_a_terminal_nothing_is_sent_unless_yes_is_said() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    insta::assert_snapshot!(desk.run(&["apply", "roster.csv"]).text());
    assert_eq!(sandbox.log(), []);
}

#[test]
fn while_another_run_holds_the_lock_nothing_is_sent() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let folder = desk.state().join("default").join(server.folder_name());
    fs::create_dir_all(&folder).expect("a folder");
    let lock = hold_lock(&folder);
    insta::assert_snapshot!(desk.run(&["apply", "--yes", "roster.csv"]).text());
    desk.run(&["apply", "--yes", "--wait-lock", "1s", "roster.csv"]).ends_with(7);
    // The deadline ends the waiting; what kept the run out is the lock.
    let waits = ["apply", "--yes", "-q", "--wait-lock", "1h", "--deadline", "1ms", "roster.csv"];
    let waited = desk.run(&waits).ends_with(7);
    assert!(waited.stderr.contains("until the deadline"), "{}", waited.text());
    assert!(waited.stderr.contains(&format!("(run {HOLDER}, process ")), "{}", waited.text());
    for shown in [desk.run(&["show", "latest"]), desk.run(&["doctor"])] {
        assert!(shown.stdout.contains(&format!("run {HOLDER}, process ")), "{}", shown.text());
    }
    assert_eq!(sandbox.log().iter().filter(|entry| entry.method != "GET").count(), 0);
    // A plan takes no lock.
    desk.run(&["plan", "roster.csv"]).ends_with(0);
    drop(lock);
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
}

#[test]
fn a_run_that_waits_for_the_lock_goes_on_when_it_is_free() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let folder = desk.state().join("default").join(server.folder_name());
    fs::create_dir_all(&folder).expect("a folder");
    let lock = hold_lock(&folder);
    let mut waiting = desk
        .command(&["apply", "--yes", "--quiet", "--wait-lock", "1h", "roster.csv"])
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    assert_eq!(waiting.try_wait().expect("a child"), None);
    assert_eq!(sandbox.log(), []);
    drop(lock);
    assert_eq!(waiting.wait().expect("a child").code(), Some(0));
    assert_eq!(writes(&sandbox).len(), 3);
}

#[test]
fn an_index_that_is_no_position_costs_no_good_row_and_is_said_once() {
    let bad = [30, 70, 71, 111, 160, 199, 214];
    let mut live = "workspace_id,project,user_id,name,disabled,token,role\n\
                    100,Atlas,1,Priya Raman,,true,maven\n"
        .to_owned();
    let mut roster = "workspace_id,user_id,role\n100,1,maven\n".to_owned();
    for person in 2..=228 {
        let disabled = if bad.contains(&person) { "true" } else { "" };
        live.push_str(&format!(",,{person},Person {person},{disabled},,\n"));
        roster.push_str(&format!("100,{person},maven\n"));
    }
    for error_index in [ErrorIndex::AmongFailed, ErrorIndex::Zero] {
        let sandbox = sandbox(&live);
        sandbox.change_settings(|settings| settings.error_index = error_index);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        desk.write("roster.csv", &roster);
        let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(5);
        assert_eq!(sandbox.world().on(100).count(), 1 + 220, "{error_index:?}: {}", ran.text());
        let fed_back = ran.kept("rejected.csv");
        let reasons = fed_back.matches("User is deactivated").count();
        assert_eq!(reasons, bad.len(), "{error_index:?}: {fed_back}");
        assert!(bad.iter().all(|person| fed_back.contains(&format!("100,{person},maven"))));
        assert_eq!(ran.stderr.matches("is not a position in the request").count(), 1);
        // 10 for each bad row of at most 100, and the batches themselves.
        let posts = writes(&sandbox).len();
        assert!(posts <= bad.len() * (7 + 3) + 3, "{error_index:?}: {posts}");
    }
}
