//! Rosters that say from when to when: a stated end is no absence, a start that is to come deletes
//! nobody, and both count wherever deletes and mentions do.

use kantata_sync::sandbox::{RequestKind::Create, RequestKind::Delete, Sandbox};
use regex_lite::Regex;

use crate::harness::{Desk, LIVE, Ran, Server, samples, sandbox, writes};

/// Ben's end has passed and Cleo's has not; Dan is to start later and is there already; Hana starts
/// later, Ivo has started; Gil left and is to come back.
const DATED: &str = "\
workspace_id,user_id,role,access_level,starts_on,ends_on
100,1,maven,admin,,
100,10,maven,admin,,
100,11,maven,,2020-01-01,2020-06-30
100,12,maven,,2020-01-01,2999-12-31
100,13,buyer,,2999-01-01,
100,31,maven,,2999-01-01,
100,32,maven,,2020-01-01,
200,1,maven,admin,,
200,20,maven,admin,,
200,21,maven,,,
200,22,maven,,,2020-06-30
200,22,maven,,2999-01-01,
";

struct Night {
    sandbox: Sandbox,
    desk: Desk,
    _server: Server,
}

impl Night {
    fn new() -> Self {
        let sandbox = sandbox(LIVE);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        Self { sandbox, desk, _server: server }
    }

    fn with(self, key: &str, value: &str) -> Self {
        Self { desk: self.desk.with(key, value), ..self }
    }

    fn run(&self, command: &[&str], roster: &str) -> Ran {
        self.desk.write("roster.csv", roster);
        self.desk.run(&[command, &["roster.csv"]].concat())
    }

    fn is_there(&self, project: u64, user: u64) -> bool {
        !self.sandbox.world().of(project, user).is_empty()
    }
}

#[test]
fn who_has_ended_goes_and_who_is_to_start_neither_comes_nor_goes() {
    let night = Night::new();
    let ran = night.run(&["apply", "--yes", "-v"], DATED).ends_with(0);
    let day = Regex::new(r"day     \d{4}-\d\d-\d\d").expect("a pattern");
    insta::assert_snapshot!(day.replace_all(&ran.text(), "day     [today]"));
    assert_eq!(writes(&night.sandbox), [(Create, 1), (Delete, 0), (Delete, 0)]);
    assert!(!night.is_there(100, 11) && !night.is_there(200, 22) && !night.is_there(100, 31));
    assert!(night.is_there(100, 13) && night.is_there(100, 32) && night.is_there(100, 12));
    insta::assert_snapshot!("every_dated_row_has_its_fate", ran.steady(&ran.kept("results.csv")));
    let again = night.run(&["plan", "-q"], DATED).ends_with(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.text());
}

#[test]
fn a_reason_with_a_date_is_data_in_json_and_comes_back() {
    let night = Night::new();
    let ran = night.run(&["plan", "--format", "json"], DATED).ends_with(0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let entries = json["entries"].as_array().expect("entries");
    let ben = entries.iter().find(|one| one["key"]["user"] == 11).expect("Ben");
    let reason = serde_json::json!({
        "code": "ended", "text": "ended on 2020-06-30", "data": { "on": "2020-06-30" },
    });
    assert_eq!(ben["reason"], reason);
    assert_eq!(ben["line"], 4);
    let run = ran.run();
    let shown = night.desk.run(&["show", &run, "--format", "json", "-q"]);
    assert_eq!(shown.report(), ran.report());
}

#[test]
fn a_stated_end_waits_for_no_absence_and_an_absence_still_does() {
    let night = Night::new().with("KANTATA_SYNC_DELETE_AFTER_RUNS", "3");
    let night = night.with("KANTATA_SYNC_DELETE_AFTER_DAYS", "30");
    let roster = DATED.replace("100,12,maven,,2020-01-01,2999-12-31\n", "");
    let ran = night.run(&["apply", "--yes"], &roster).ends_with(0);
    assert!(!night.is_there(100, 11) && !night.is_there(200, 22), "{}", ran.text());
    assert!(night.is_there(100, 12), "Cleo is only missing: {}", ran.text());
    assert!(ran.stdout.contains("missing from the roster for 1 of 3 runs"), "{}", ran.text());
}

#[test]
fn a_row_that_does_not_hold_is_a_mention_all_the_same() {
    let night = Night::new().with("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    let absent = DATED.replace("100,13,buyer,,2999-01-01,\n", "");
    night.run(&["apply", "--yes"], &absent).ends_with(0);
    night.run(&["apply", "--yes"], DATED).ends_with(0);
    let third = night.run(&["apply", "--yes"], &absent).ends_with(0);
    assert!(night.is_there(100, 13), "{}", third.text());
    assert!(third.stdout.contains("for 1 of 2 runs"), "{}", third.text());
    night.run(&["apply", "--yes"], &absent).ends_with(0);
    assert!(!night.is_there(100, 13), "missing in two runs in a row");
}

#[test]
fn a_stated_end_counts_in_the_guard_and_is_told_in_its_list() {
    let night = Night::new().with("KANTATA_SYNC_GUARD__MAX_DELETES", "1");
    let ran = night.run(&["apply", "--yes"], DATED).ends_with(4);
    assert!(night.is_there(100, 11) && night.is_there(200, 22), "{}", ran.text());
    let list = ran.kept("withheld-deletes.csv");
    assert!(list.contains("ended on 2020-06-30"), "{list}");
    assert!(list.contains("\"ended on 2020-06-30, to start again on 2999-01-01;"), "{list}");
}

#[test]
fn nobody_is_deleted_for_an_end_in_a_partial_roster_or_beside_an_invalid_row() {
    let night = Night::new();
    let partial = format!("# kantata-sync: partial roster\n{DATED}");
    night.run(&["apply", "--yes"], &partial).ends_with(0);
    assert!(night.is_there(100, 11) && night.is_there(200, 22));
    let wrong = format!("{DATED}100,14,maven,,31.12.2026,\n");
    let ran = night.run(&["apply", "--yes"], &wrong).ends_with(5);
    assert!(night.is_there(100, 11), "{}", ran.text());
    assert!(!night.is_there(200, 22), "only the row's own project is frozen: {}", ran.text());
}

#[test]
fn a_lead_whose_time_has_ended_needs_a_successor() {
    let night = Night::new();
    let ended = DATED.replace("100,10,maven,admin,,", "100,10,maven,admin,,2020-06-30");
    let ran = night.run(&["apply", "--yes"], &ended).ends_with(0);
    assert!(night.is_there(100, 10), "{}", ran.text());
    assert!(ran.stdout.contains("nobody else is to lead it"), "{}", ran.text());
    let leads = ended.replace("access_level,", "access_level,team_lead,");
    let leads: String = leads
        .lines()
        .map(|line| match line.split(',').collect::<Vec<_>>()[..] {
            [a, b, c, d, e, f] if b == "32" => format!("{a},{b},{c},{d},true,{e},{f}\n"),
            [a, b, c, d, e, f] => format!("{a},{b},{c},{d},,{e},{f}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let ran = night.run(&["apply", "--yes"], &leads).ends_with(0);
    assert!(!night.is_there(100, 10), "{}", ran.text());
}

#[test]
fn a_roster_of_wrong_dates_says_of_each_what_it_should_be() {
    let night = Night::new();
    let sample = samples().join("rosters/wrong-dates.csv");
    let ran = night.desk.run(&["check", sample.to_str().expect("plain")]).ends_with(3);
    let line = "starts_on: `31.12.2026`: expected a day as year-month-day, here `2026-12-31`";
    assert!(ran.stdout.contains(line), "{}", ran.text());
}

/// Somebody ends on the last day of November, somebody starts and somebody changes on the first of
/// December.
const TURNING: &str = "\
workspace_id,user_id,role,access_level,starts_on,ends_on
100,1,maven,,,
100,10,maven,,,
100,11,maven,,2026-01-01,2026-11-30
100,12,maven,view_tasks,,2026-11-30
100,12,maven,admin,2026-12-01,
100,13,buyer,,,
100,31,maven,,2026-12-01,2026-12-31
";

#[test]
fn a_preview_of_a_day_says_which_and_what_is_ahead_of_it_in_every_form() {
    let night = Night::new();
    let plan = ["plan", "-q", "--as-of", "2026-11-30"];
    insta::assert_snapshot!(night.run(&plan, TURNING).ends_with(0).text());
    for (format, what) in [
        ("markdown", "## Starts and ends until 2026-12-14 (3)"),
        ("html", "<summary>Starts and ends until 2026-12-14 (3)</summary>"),
        ("json", "\"previewed\": true"),
    ] {
        let ran = night.run(&[&plan[..], &["--format", format]].concat(), TURNING).ends_with(0);
        assert!(ran.stdout.contains(what), "{format}: {}", ran.text());
        assert!(ran.stdout.contains("2026-11-30"), "{format}: {}", ran.text());
    }
    let none = night.run(&[&plan[..], &["--horizon", "0d"]].concat(), TURNING).ends_with(0);
    assert!(none.stdout.contains("until 2026-11-30 (1)"), "{}", none.text());
    let rehearsed = night.run(&["rehearse", "-q", "--as-of", "2026-11-30"], "");
    assert_eq!(rehearsed.code, 3, "an empty roster is none: {}", rehearsed.text());
    let checked = night.run(&["check", "--as-of", "2026-12-01"], TURNING).ends_with(0);
    let words = "on 2026-12-01: 5 desired, 1 ended or not started";
    assert!(checked.stderr.contains(words), "{}", checked.text());
}

#[test]
fn the_day_that_was_asked_for_is_part_of_the_plan_and_is_never_applied() {
    let night = Night::new();
    let digest = |day: &str| {
        let command = ["plan", "-q", "--format", "json", "--as-of", day];
        night.run(&command, TURNING).ends_with(0).report().digest
    };
    assert_ne!(digest("2027-01-02"), digest("2027-01-03"), "the same actions");
    let refused = night.run(&["apply", "--yes", "--as-of", "2027-01-02"], TURNING).ends_with(2);
    assert!(refused.stderr.contains("`plan`, or `apply --dry-run`"), "{}", refused.text());
    night.run(&["apply", "--dry-run", "--as-of", "2027-01-02"], TURNING).ends_with(0);
    let file = ["plan", "-q", "--as-of", "2027-01-02", "--output", "plan.json"];
    night.run(&file, TURNING).ends_with(0);
    let refused = night.run(&["apply", "--yes", "--plan", "plan.json"], TURNING).ends_with(4);
    assert!(refused.stderr.contains("made for another day"), "{}", refused.text());
    assert_eq!(writes(&night.sandbox), []);
}

#[test]
fn a_day_or_a_horizon_that_cannot_be_read_is_wrong_usage() {
    let night = Night::new();
    for (flag, value, says) in [
        ("--as-of", "31.12.2026", "here `2026-12-31`"),
        ("--as-of", "tomorrow", "year-month-day"),
        ("--horizon", "14", "such as `14d`"),
        ("--horizon", "12h", "such as `14d`"),
        ("--horizon", "-3d", "such as `14d`"),
        ("--horizon", "2y", "such as `14d`"),
    ] {
        let flag = format!("{flag}={value}");
        let ran = night.run(&["plan", &flag], TURNING).ends_with(2);
        assert!(ran.stderr.contains(says), "{flag}: {}", ran.text());
    }
}

#[test]
fn the_day_is_that_of_the_configured_time_zone() {
    let day = |zone: &str| {
        let night = Night::new().with("KANTATA_SYNC_ROSTER__TIME_ZONE", zone);
        let ran = night.run(&["plan", "-q", "--format", "json"], TURNING).ends_with(0);
        ran.report().dates.expect("a roster with dates").day
    };
    // They are never on the same day.
    assert!(day("Pacific/Kiritimati") > day("Etc/GMT+12"));
    let night = Night::new().with("KANTATA_SYNC_ROSTER__TIME_ZONE", "Europe/Berlim");
    let ran = night.run(&["plan"], TURNING).ends_with(3);
    assert!(ran.stderr.contains("the name of a time zone"), "{}", ran.text());
}

#[test]
fn an_adoption_tags_whom_the_roster_names_though_their_time_is_over() {
    let night = Night::new();
    night.run(&["adopt", "--yes"], DATED).ends_with(0);
    let tagged = |user| !night.sandbox.world().of(100, user)[0].external_references.is_empty();
    assert!(tagged(11) && tagged(13) && tagged(12));
    let night = Night { desk: night.desk.with("KANTATA_SYNC_OWNERSHIP", "tagged"), ..night };
    night.run(&["apply", "--yes"], DATED).ends_with(0);
    assert!(!night.is_there(100, 11));
}
