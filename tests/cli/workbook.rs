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
    // Sent to a pipe, it is the same to the byte.
    let mut command = desk.command(&[&export[..], &["--format", "xlsx"]].concat());
    let piped = command.stderr(Stdio::piped()).output().expect("runs");
    assert!(piped.status.success());
    assert_eq!(piped.stdout, workbook);
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
