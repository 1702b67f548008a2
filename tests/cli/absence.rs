//! `delete_after_runs` and `delete_after_days`, night by night: any mention of a person starts the
//! count anew, and a roster that does not count never advances it.

use std::{fs, path::PathBuf};

use kantata_sync::sandbox::Sandbox;

use crate::{
    harness::{Desk, LIVE, ROSTER, Ran, Server, TOKEN, sandbox},
    question::{NEVER, Terminal, at_terminal},
};

/// The roster without Gil (22 on Borealis), so that the count is about nobody else.
fn absent() -> String {
    ROSTER.replace("200,22,maven,\n", "")
}

/// The same with more lines at its end.
fn absent_and(lines: &str) -> String {
    absent() + lines
}

fn partial(lines: &str) -> String {
    format!("# kantata-sync: partial roster\nworkspace_id,user_id,role,access_level\n{lines}")
}

/// Nights of one account, from one roster to the next.
struct Nights {
    sandbox: Sandbox,
    desk: Desk,
    server: Server,
}

impl Nights {
    fn new(key: &str, value: &str) -> Self {
        let sandbox = sandbox(LIVE);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url()).with(key, value);
        // Whoever else is missing from the roster is of no interest here.
        let desk = desk.with("KANTATA_SYNC_PROTECT__USERS", "[\"12\"]");
        Self { sandbox, desk, server }
    }

    fn run(&self, command: &[&str], roster: &str, code: i32) -> Ran {
        self.desk.write("roster.csv", roster);
        let arguments = [command, &["-q", "roster.csv"]].concat();
        self.desk.run(&arguments).ends_with(code)
    }

    fn apply(&self, roster: &str, code: i32) -> Ran {
        self.run(&["apply", "--yes"], roster, code)
    }

    fn is_there(&self) -> bool {
        !self.sandbox.world().of(200, 22).is_empty()
    }

    fn memory(&self) -> PathBuf {
        self.desk.state().join("default").join(self.server.folder_name()).join("memory.json")
    }

    /// Whether Gil is remembered as missing.
    fn counts(&self) -> bool {
        let text = fs::read_to_string(self.memory()).expect("a memory");
        let memory: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let absences = memory["absences"].as_array().expect("absences");
        absences.iter().any(|absence| absence["key"]["user"] == 22)
    }

    /// A night on which Gil is missed; whether that is remembered.
    fn misses(&self) {
        self.apply(&absent(), 0);
        assert!(self.counts());
    }

    /// Lets a year pass for all that is remembered.
    fn a_year_passes(&self) {
        let text = fs::read_to_string(self.memory()).expect("a memory");
        let mut memory: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for absence in memory["absences"].as_array_mut().expect("absences") {
            absence["absence"]["since"] = "2020-01-01T00:00:00Z".into();
        }
        fs::write(self.memory(), memory.to_string()).expect("written");
    }
}

/// Rosters of one night that mention Gil, or may, with the code that their run ends with.
fn mentions() -> Vec<(&'static str, String, i32)> {
    vec![
        ("a whole roster", absent_and("200,22,maven,\n"), 0),
        ("a partial roster", partial("200,22,maven,\n"), 0),
        ("an invalid row of a partial roster", partial("200,22,mavne,\n200,21,maven,\n"), 5),
        ("beside an invalid row", absent_and("200,22,maven,\n200,32,mavne,\n"), 5),
        ("a misspelt role", absent_and("200,22,mavne,\n"), 5),
        ("a misspelt level", absent_and("200,22,maven,edit_task\n"), 5),
        ("two rows that contradict", absent_and("200,22,maven,\n200,22,buyer,\n"), 5),
        ("a misspelt person", absent_and("200,2Z,maven,\n"), 5),
        ("a person that a spreadsheet damaged", absent_and("200,22.0,maven,\n"), 5),
        ("a misspelt project", absent_and("2OO,22,maven,\n"), 5),
        ("a cell too many", absent_and("200,22,maven,,\n"), 5),
        ("a cell too few", absent_and("200,22,maven\n"), 5),
        ("cells that are shifted", absent_and("Borealis,200,22,maven,\n"), 5),
    ]
}

#[test]
fn any_mention_starts_the_count_of_runs_anew() {
    for (which, roster, code) in mentions() {
        let nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
        nights.apply(&absent(), 0);
        let named = nights.apply(&roster, code);
        assert!(!named.stdout.contains("missing from the roster"), "{which}: {}", named.text());
        let ran = nights.apply(&absent(), 0);
        assert!(nights.is_there(), "{which}: deleted after one night: {}", ran.text());
        assert!(ran.stdout.contains("for 1 of 2 runs"), "{which}: {}", ran.text());
        nights.apply(&absent(), 0);
        assert!(!nights.is_there(), "{which}: two nights in a row are enough");
    }
}

#[test]
fn any_mention_starts_the_count_of_days_anew() {
    for (which, roster, code) in mentions() {
        let nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_DAYS", "30");
        nights.apply(&absent(), 0);
        nights.a_year_passes();
        nights.apply(&roster, code);
        let ran = nights.apply(&absent(), 0);
        assert!(nights.is_there(), "{which}: deleted on the first night: {}", ran.text());
        nights.a_year_passes();
        nights.apply(&absent(), 0);
        assert!(!nights.is_there(), "{which}: a year is enough");
    }
}

#[test]
fn a_roster_that_does_not_count_neither_advances_nor_ends_an_absence() {
    let nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "3");
    nights.apply(&absent(), 0);
    for (roster, code) in [
        (partial("200,21,maven,\n"), 0),
        (partial("100,11,maven,view_tasks\n"), 0),
        (absent_and("200,32,mavne,\n"), 5),
        (absent_and("2OO,31,maven,\n"), 5),
        (absent_and("100,31\n"), 5),
    ] {
        nights.apply(&roster, code);
        nights.run(&["plan"], &absent(), 0);
        nights.run(&["apply", "--dry-run"], &absent(), 0);
        nights.run(&["plan"], &absent_and("200,22,maven,\n"), 0);
    }
    let second = nights.apply(&absent(), 0);
    assert!(second.stdout.contains("for 2 of 3 runs"), "{}", second.text());
    nights.apply(&absent(), 0);
    assert!(!nights.is_there(), "three in a row");
}

#[test]
fn a_mention_counts_though_the_run_came_to_nothing() {
    let mut nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    let token = nights.sandbox.settings().token;
    let named = absent_and("200,22,maven,\n");
    nights.apply(&absent(), 0);
    nights.sandbox.change_settings(|settings| "another".clone_into(&mut settings.token));
    nights.apply(&named, 8);
    nights.sandbox.change_settings(|settings| settings.token = token);
    let third = nights.apply(&absent(), 0);
    assert!(third.stdout.contains("for 1 of 2 runs"), "{}", third.text());
    // An apply without a token does not even come to a run.
    nights.desk = nights.desk.without("KANTATA_TOKEN");
    nights.apply(&named, 8);
    nights.desk = nights.desk.with("KANTATA_TOKEN", TOKEN);
    let fifth = nights.apply(&absent(), 0);
    assert!(fifth.stdout.contains("for 1 of 2 runs"), "{}", fifth.text());
    // Neither does the project have to be one that can be read.
    nights.sandbox.change_settings(|settings| {
        settings.hidden_workspaces.insert(200);
    });
    nights.apply(&named, 5);
    nights.sandbox.change_settings(|settings| settings.hidden_workspaces.clear());
    nights.apply(&absent(), 0);
    assert!(nights.is_there());
    nights.apply(&absent(), 0);
    assert!(!nights.is_there());
}

#[test]
fn a_mention_counts_whatever_the_apply_could_not_have_or_was_not_let() {
    let nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    nights.desk.write("none.csv", "");
    let named = absent_and("200,22,maven,\n");
    let invalid = absent_and("200,22,maven,\n100,32,mavne,\n");
    let misspelt = absent_and("200,22,mavne,\n");
    let endings: [(&[&str], &str, i32); 12] = [
        (&["--strict"], &invalid, 3),
        (&["--strict"], &misspelt, 3),
        (&["--strict"], &partial("200,22,maven,\n200,32,mavne,\n"), 3),
        (&["--approve-deletes", "missing.csv"], &named, 3),
        (&["--approve-deletes", "none.csv"], &named, 3),
        (&["--plan", "000000000000"], &named, 4),
        (&["--plan", "missing.json"], &named, 3),
        (&["--plan", "none.csv"], &named, 3),
        (&["--backup", "/dev/full"], &named, 1),
        (&["--backup", "missing/a.csv"], &named, 1),
        (&["--output", "missing/a.json"], &named, 1),
        (&["--deadline", "1ms"], &named, 5),
    ];
    for (flags, roster, code) in endings {
        nights.misses();
        let ended = nights.run(&[&["apply", "--yes"], flags].concat(), roster, code);
        assert!(!nights.counts(), "{flags:?}: {}", ended.text());
        let ran = nights.apply(&absent(), 0);
        assert!(nights.is_there(), "{flags:?}: deleted after one night: {}", ran.text());
        nights.apply(&named, 0);
    }
}

#[test]
fn a_mention_counts_though_another_run_held_the_lock() {
    let nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    let named = absent_and("200,22,maven,\n");
    let misspelt = absent_and("200,22,mavne,\n");
    for (flags, roster, code) in [(&[][..], &named, 7), (&["--strict"], &misspelt, 7)] {
        nights.misses();
        let lock = fs::File::create(nights.memory().with_file_name("lock")).expect("the lock");
        lock.lock().expect("free");
        nights.run(&[&["apply", "--yes"], flags].concat(), roster, code);
        drop(lock);
        let ran = nights.apply(&absent(), 0);
        assert!(nights.is_there(), "{flags:?}: deleted after one night: {}", ran.text());
        // It counts once: the absence goes on from there.
        assert!(nights.counts(), "{flags:?}");
        nights.apply(&absent(), 0);
        assert!(!nights.is_there(), "{flags:?}: missing for two nights");
        nights.apply(&named, 0);
    }
}

#[test]
fn a_mention_counts_though_a_person_says_no_or_nobody_answers_or_nobody_serves() {
    let mut nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    let named = absent_and("200,22,maven,\n100,12,maven,edit_tasks\n");
    for (timeout, answer) in [("1h", "n\n"), ("1ms", "")] {
        nights.misses();
        nights.desk.write("roster.csv", &named);
        let command = ["apply", "--prompt-timeout", timeout, "roster.csv"];
        let (mut child, mut terminal) = at_terminal(&nights.desk, Terminal::open(), &command);
        if !answer.is_empty() {
            terminal.reads("Apply this plan? [y/N] ");
            terminal.types(answer);
        }
        let said = terminal.reads(NEVER);
        assert_eq!(child.wait().expect("waited").code(), Some(1), "{said}");
        assert!(!nights.counts(), "{answer:?}");
    }
    nights.misses();
    nights.server.close();
    nights.apply(&named, 1);
    assert!(!nights.counts());
}

#[test]
fn a_roster_that_nobody_can_read_and_a_preview_mention_nobody() {
    let nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", "3");
    let named = absent_and("200,22,maven,\n");
    let invalid = absent_and("200,22,maven,\n100,32,mavne,\n");
    nights.misses();
    nights.apply(&named.replace("role", "rule"), 3);
    nights.run(&["plan", "--strict"], &invalid, 3);
    nights.run(&["apply", "--dry-run", "--strict"], &invalid, 3);
    assert!(nights.counts());
}

#[test]
fn a_project_that_comes_back_starts_anew_and_one_that_is_kept_in_scope_goes_on() {
    let without: String =
        ROSTER.lines().filter(|line| !line.starts_with("200,")).flat_map(|l| [l, "\n"]).collect();
    for (kept_in_scope, runs, there) in [(false, "2", true), (true, "3", false)] {
        let mut nights = Nights::new("KANTATA_SYNC_DELETE_AFTER_RUNS", runs);
        nights.apply(&absent(), 0);
        if kept_in_scope {
            nights.desk = nights.desk.with("KANTATA_SYNC_SCOPE__WORKSPACES", "[200]");
        }
        nights.apply(&without, 0);
        nights.apply(&absent(), 0);
        assert_eq!(nights.is_there(), there, "kept in scope: {kept_in_scope}");
    }
}
