//! What needs no server: `check`, `config`, `rehearse`, help, and arguments that are wrong.

use std::{io, process::Stdio};

use crate::harness::{Desk, TOKEN, samples};

#[test]
fn a_check_lists_all_problems_at_once() {
    let desk = Desk::bare();
    let roster = samples().join("rosters/wrong-many-ways.csv");
    let roster = roster.to_str().expect("a plain path");
    insta::assert_snapshot!(desk.run(&["check", roster]).text());
    let ran = desk.run(&["check", "--format", "json", roster]).ends_with(3);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(value["problems"].as_array().is_some_and(|problems| problems.len() > 3), "{value}");
}

#[test]
fn a_check_of_a_right_roster_says_what_is_in_it() {
    let desk = Desk::bare();
    insta::assert_snapshot!(desk.run(&["check", "roster.csv"]).text());
    desk.write(
        "part.csv",
        "# kantata-sync: partial roster\nworkspace_id,user_id,role\n1,2,maven\n",
    );
    insta::assert_snapshot!(
        "a_check_names_a_partial_roster",
        desk.run(&["check", "part.csv"]).text()
    );
}

#[test]
fn the_effective_configuration_is_shown_with_its_sources_and_without_the_token() {
    let desk = Desk::bare()
        .with("KANTATA_TOKEN", TOKEN)
        .with("KANTATA_SYNC_HTTP__REQUESTS_PER_SECOND", "2.5");
    desk.write(
        "kantata-sync.toml",
        "mode = \"no-delete\"\ntoken_file = \"token\"\n\n[guard]\nmax_deletes = 5\n\n\
         [profile.migration]\nmode = \"create-only\"\n",
    );
    let ran = desk.run(&["--profile", "migration", "--state-dir", "kept", "config"]);
    assert!(!ran.text().contains(TOKEN));
    insta::assert_snapshot!(ran.text());
}

#[test]
fn a_rehearsal_needs_nothing_and_leaves_nothing_to_do() {
    let desk = Desk::bare();
    let ran = desk.run(&["rehearse", "--format", "json"]).ends_with(0);
    assert!(ran.stderr.contains("second plan: nothing to do\n"), "{}", ran.text());
    assert!(!ran.stderr.contains("kept in"), "the folder is gone: {}", ran.text());
    let report = ran.report();
    let counts = report.counts;
    assert!(counts.creates >= 200 && counts.updates >= 40 && counts.deletes >= 10, "{counts:?}");
    assert!(report.projects.len() >= 12);
    let outcomes = report.outcomes();
    let actions = counts.creates + counts.updates + counts.deletes + counts.replacements;
    assert_eq!(outcomes.into_values().collect::<Vec<_>>(), [actions], "all of them applied");
    // Its state goes with it.
    assert_eq!(desk.files(), [desk.path("roster.csv")]);
}

#[test]
fn a_rehearsal_of_ones_own_roster_and_world_is_shown_whole() {
    let desk = Desk::bare();
    desk.write("live.csv", crate::harness::LIVE);
    let ran = desk.run(&["rehearse", "--seed", "live.csv", "--state-dir", "kept", "roster.csv"]);
    insta::assert_snapshot!(ran.text());
    assert!(ran.files().contains("journal.jsonl"));
}

#[test]
fn wrong_arguments_are_usage() {
    let desk = Desk::bare();
    insta::assert_snapshot!(desk.run(&["plan", "--chek", "roster.csv"]).text());
    // No flag that only has some letters in common is suggested; what is given without one is said.
    for (arguments, tip) in [
        (["plan", "--rooster", "a.csv"], "hint: the roster is given without a flag"),
        (["apply", "--roster", "a.csv"], "hint: the roster is given without a flag"),
        (["show", "--run", "latest"], "hint: the run is given without a flag"),
        (["plan", "--chek", "a.csv"], "tip: a similar argument exists: '--check'"),
    ] {
        let ran = desk.run(&arguments).ends_with(2);
        assert!(ran.stderr.contains(tip), "{}", ran.text());
        assert_eq!(
            ran.stderr.contains("similar argument"),
            tip.contains("similar"),
            "{}",
            ran.text()
        );
    }
    let ran = desk.run(&["config", "--rooster"]).ends_with(2);
    assert!(!ran.stderr.contains("--verbose"), "{}", ran.text());
    for arguments in [
        &["plan"][..],
        &[],
        &["aply", "roster.csv"],
        &["apply", "--yes", "--wait-lock", "soon", "roster.csv"],
        &["plan", "--format", "pdf", "roster.csv"],
        &["plan", "--token", "secret", "roster.csv"],
        &["plan", "-q", "-v", "roster.csv"],
    ] {
        desk.run(arguments).ends_with(2);
    }
}

#[test]
fn every_command_has_help_completions_and_a_man_page() {
    let desk = Desk::bare();
    insta::assert_snapshot!(desk.run(&["--help"]).text());
    for command in [
        "plan", "apply", "rehearse", "check", "sandbox", "config", "export", "runs", "show",
        "doctor",
    ] {
        let ran = desk.run(&[command, "--help"]).ends_with(0);
        assert!(ran.stdout.contains("--state-dir"), "{}", ran.text());
    }
    assert!(desk.run(&["man"]).ends_with(0).stdout.contains(".TH kantata-sync"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.run(&["completions", shell]).ends_with(0).stdout.contains("dry-run"));
    }
    assert!(desk.run(&["--version"]).ends_with(0).stdout.starts_with("kantata-sync "));
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let desk = Desk::bare();
    for arguments in
        [&["config"][..], &["rehearse"], &["man"], &["completions", "bash"], &["--help"]]
    {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut command = desk.command(arguments);
        let output = command.stdout(writer).stderr(Stdio::piped()).output().expect("started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}
