//! Rosters as workbooks: `export --format xlsx`, and where a workbook is refused.

use std::{fs, process::Stdio};

use crate::{
    harness::{Desk, LIVE, Server, sandbox},
    question::Terminal,
};

/// A title that looks like a formula, and a person whose name does.
const ODD: &str = "\
300,=SUM(A1),40,+Zoe Vale,zoe@firm.example,,maven,admin,true
9007199254740993,Far,40,,,,maven,admin,true
";

#[test]
fn an_export_can_be_a_workbook_for_a_file_or_a_pipe() {
    let sandbox = sandbox(&format!("{LIVE}{ODD}"));
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let export = ["export", "--all", "--names", "-q"];
    let files = ["--output", "live.xlsx", "--output", "live.csv"];
    let ran = desk.run(&[&export[..], &files].concat()).ends_with(0);
    assert_eq!(ran.stdout, "");
    let workbook = fs::read(desk.path("live.xlsx")).expect("written");
    assert!(workbook.starts_with(b"PK\x03\x04"), "a packed workbook");
    assert!(desk.read("live.csv").starts_with("workspace_id,user_id,project,name,email,role"));
    // It is a roster like any other: nothing differs, and no id lost a digit.
    desk.run(&["plan", "--check", "live.xlsx"]).ends_with(0);
    let ran = desk.run(&["check", "live.xlsx", "--fix", "fixed.csv"]).ends_with(0);
    let fixed = desk.read("fixed.csv");
    assert!(fixed.contains("9007199254740993,40,Far,"), "{}{fixed}", ran.text());
    desk.run(&["plan", "--check", "fixed.csv"]).ends_with(0);
    // Sent to a pipe, it is the same to the byte.
    let mut command = desk.command(&[&export[..], &["--format", "xlsx"]].concat());
    let piped = command.stderr(Stdio::piped()).output().expect("runs");
    assert!(piped.status.success());
    assert_eq!(piped.stdout, workbook);
}

#[test]
fn a_patch_and_a_partial_roster_keep_their_marks_in_a_workbook() {
    let twice = "100,,12,,,,maven,view_tasks,\n";
    let sandbox = sandbox(&format!("{LIVE}{twice}"));
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["export", "--workspace", "100", "--output", "part.xlsx"]).ends_with(5);
    let ran = desk.run(&["check", "part.xlsx"]).ends_with(0);
    assert!(ran.stderr.contains("a partial roster: never deletes"), "{}", ran.text());
    let until = ["--until", "2999-03-31", "--output", "patch.xlsx", "--output", "patch.csv"];
    let handover = ["handover", "--from", "11", "--to", "31", "-q"];
    desk.run(&[&handover[..], &until].concat()).ends_with(0);
    let digest = |file: &str| {
        let plan = ["plan", "--as-of", "2999-04-01", "--format", "json", "-q", file];
        desk.run(&plan).ends_with(0).report().digest
    };
    assert_eq!(digest("patch.xlsx"), digest("patch.csv"));
}

#[test]
fn a_terminal_gets_no_workbook() {
    let desk = Desk::at("http://127.0.0.1:9/api/v1");
    let terminal = Terminal::open();
    let mut command = desk.command(&["export", "--all", "--format", "xlsx"]);
    let ended = command.stdout(terminal.end()).stderr(Stdio::piped()).spawn().expect("starts");
    let ended = ended.wait_with_output().expect("ends");
    let said = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("give `--output FILE.xlsx`, or send stdout to a file"), "{said}");
}

#[test]
fn a_workbook_is_refused_where_it_can_be_none() {
    let desk = Desk::at("http://127.0.0.1:9/api/v1");
    for command in [
        &["plan", "roster.csv", "--format", "xlsx"][..],
        &["apply", "roster.csv", "--yes", "--output", "report.xlsx"],
        &["check", "roster.csv", "--format", "xlsx"],
        &["runs", "--format", "xlsx"],
        &["doctor", "--output", "found.XLSX"],
    ] {
        let ran = desk.run(command).ends_with(2);
        assert!(ran.stderr.contains("has no form `xlsx`"), "{}", ran.text());
    }
    for command in
        [&["export", "--all", "--output", "live.ods"][..], &["export", "--all", "--format", "html"]]
    {
        let ran = desk.run(command).ends_with(2);
        assert!(ran.stderr.contains("a roster is always CSV or a workbook"), "{}", ran.text());
    }
}
