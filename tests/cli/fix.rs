//! `check --fix`: a roster written again with what can be repaired, the rest marked; and what a check says
//! of columns.

use std::fmt::Write as _;

use kantata_sync::sandbox::RequestKind;

use crate::harness::{Desk, LIVE, Server, sandbox};

/// One row of each kind: right, right in other words, to be repaired, and for people to decide.
const LIST: &str = "\
# kantata-sync: partial roster
project,email,role,access_level,ends_on,Notes
Atlas,ada@firm.example,maven,admin,,\"=SUM(1,2) \"
Atlas, BEN@firm.example,Consultant,Edit tasks,, stays
Atlas,Hana Okoro <hana@firm.example>,maven,view_tasks,31.12.2999,

Atlas,cleo@firm.example,maven,view_tasks,01.02.2999,
Borealis,eva@firm.example,mavn,admin,,
Borealis,\"finn@firm.example, gil@firm.example\",maven,,,
";

fn desk(server: &Server) -> Desk {
    let desk = Desk::at(&server.base_url());
    desk.write("kantata-sync.toml", "roster.ignore_columns = [\"Notes\"]\n");
    desk.write("list.csv", LIST);
    desk
}

#[test]
fn what_needs_no_guess_is_repaired_and_the_rest_is_marked() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let ran = desk.run(&["check", "list.csv", "--fix", "fixed.csv", "--as-of", "2026-12-01"]);
    insta::assert_snapshot!("a_list_is_repaired", ran.text());
    insta::assert_snapshot!("a_repaired_list", desk.read("fixed.csv"));
    assert_eq!(desk.read("list.csv"), LIST);
    let fix = ["check", "list.csv", "--fix", "again.csv", "--as-of", "2026-12-01", "-q"];
    let ran = desk.run(&[&fix[..], &["--format", "json"]].concat()).ends_with(3);
    insta::assert_snapshot!("a_list_is_repaired_json", ran.steady(&ran.stdout));
    // What is left is what a check of the new file says, on the same lines.
    let again = desk.run(&["check", "fixed.csv"]).ends_with(3);
    let left = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(": expected ")).map(str::to_owned).collect()
    };
    let first = desk.run(&["check", "list.csv", "--fix", "fixed.csv"]).ends_with(3);
    assert_eq!(left(&first.stdout), left(&again.stdout));
    desk.run(&["check", "fixed.csv", "--fix", "twice.csv"]).ends_with(3);
    assert_eq!(desk.read("twice.csv"), desk.read("fixed.csv"));
    assert_eq!(sandbox.log().len(), 0, "nobody was asked");
}

#[test]
fn a_repaired_list_is_planned_as_before_where_it_was_right() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    let right: String = LIST.lines().take(4).map(|line| format!("{line}\n")).collect();
    desk.write("right.csv", &right);
    let ran = desk.run(&["check", "right.csv", "--fix", "fixed.csv"]).ends_with(0);
    assert!(ran.stderr.contains("nothing is left to do"), "{}", ran.text());
    let digest = |file| desk.run(&["plan", file, "--format", "json", "-q"]).report().digest;
    assert_ne!(right, desk.read("fixed.csv"));
    assert_eq!(digest("right.csv"), digest("fixed.csv"));
}

#[test]
fn who_is_repaired_is_looked_up_too() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = desk(&server);
    desk.write("list.csv", &LIST.replace("hana@firm", "hana@farm"));
    let fix = ["check", "--online", "list.csv", "--fix", "fixed.csv"];
    let ran = desk.run(&fix).ends_with(3);
    let users = sandbox.log().iter().filter(|one| one.kind == RequestKind::Users).count();
    assert!(users > 0, "{}", ran.text());
    assert!(ran.stdout.contains("fixed.csv:5: email: "), "{}", ran.text());
    let row = "Atlas,Hana Okoro <hana@farm.example>,maven,view_tasks,31.12.2999,,";
    assert!(desk.read("fixed.csv").contains(row), "as it was: {}", desk.read("fixed.csv"));
}

#[test]
fn what_was_in_another_encoding_is_utf_8_and_reads_back() {
    let desk = Desk::bare();
    let list = b"project,email,role\nM\xfcnchen,Dana <dana@firm.example>,maven\n";
    std::fs::write(desk.path("list.csv"), list).expect("written");
    let windows = ["--encoding", "windows-1252"];
    let fix = ["check", "list.csv", "--fix", "fixed.csv"];
    let ran = desk.run(&[&fix[..], &windows].concat()).ends_with(0);
    assert!(ran.stderr.contains("`--encoding utf-8` reads it"), "{}", ran.text());
    assert_eq!(desk.read("fixed.csv"), "project,email,role\nMünchen,dana@firm.example,maven\n");
    desk.run(&["check", "fixed.csv"]).ends_with(0);
}

#[test]
fn nothing_else_is_overwritten() {
    let desk = Desk::bare();
    desk.write("kantata-sync.toml", "roster.ignore_columns = [\"Notes\"]\n");
    desk.write("list.csv", LIST);
    std::fs::hard_link(desk.path("list.csv"), desk.path("same.csv")).expect("a link");
    for out in ["list.csv", "same.csv", "./list.csv"] {
        let ran = desk.run(&["check", "list.csv", "--fix", out]).ends_with(2);
        assert!(ran.stderr.contains("one file; nothing was read or written"), "{}", ran.text());
    }
    let ran = desk.run(&["check", "list.csv", "--fix", "list.xlsx"]).ends_with(2);
    assert!(ran.stderr.contains("`--fix` writes CSV"), "{}", ran.text());
    desk.write("damaged.csv", "workspace_id,user_id,role\n1,\"2,maven\n");
    desk.run(&["check", "damaged.csv", "--fix", "fixed.csv"]).ends_with(3);
    assert!(!desk.path("fixed.csv").exists(), "what cannot be read cannot be repaired");
    assert_eq!(desk.read("list.csv"), LIST);
}

#[test]
fn a_check_of_many_problems_of_many_kinds_is_short() {
    let desk = Desk::bare();
    let mut list =
        "project,email,role,access_level,team_lead,rate_in_cents,starts_on,ends_on\n".to_owned();
    for row in 0..500 {
        let _ = write!(
            list,
            "P{row},p{row}@a.example,boss,,,,,\n\
             P{row},p{row},maven,,,,,\n\
             P{row},P <q{row}@a.example>,maven,,,,,\n\
             P{row},r{row}@a.example,maven,high,,,,\n\
             P{row},s{row}@a.example,maven,financial,,,,\n\
             P{row},t{row}@a.example,maven,,x,,,\n\
             P{row},u{row}@a.example,maven,,,1.5,,\n\
             P{row},v{row}@a.example,maven,,,,1.2.2026,\n\
             P{row},w{row}@a.example,maven,,,,2026-02-01,2026-01-01\n\
             P{row},x{row}@a.example,maven,,,,,1970-01-01\n\
             P{row},y{row}@a.example,maven\n\
             P{row},,maven,,,,,\n\
             P{row},z{row}@a.example,maven,,yes,,,\n\
             P{row},l{row}@a.example,maven,,yes,,,\n\
             P{row},c{row}@a.example,maven,,,,,\n\
             P{row},c{row}@a.example,buyer,,,,,\n\
             P{row},d{row}@a.example,maven,,,,,\n\
             P{row},d{row}@a.example,maven,,,,,\n"
        );
    }
    desk.write("list.csv", &list);
    for command in [&["check", "list.csv"][..], &["check", "list.csv", "--fix", "fixed.csv"]] {
        let ran = desk.run(command).ends_with(3);
        let lines = ran.stdout.lines().chain(ran.stderr.lines()).count();
        assert!(lines < 100, "{lines} lines: {}", ran.text());
    }
    // All of it is there for who asks.
    let all = desk.run(&["check", "list.csv", "--format", "csv"]).ends_with(3).stdout;
    assert!(all.lines().count() > 500 * 14, "{}", all.lines().count());
}
