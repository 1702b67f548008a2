//! What a command reads is never what it writes, and what it writes stays what it was: link, mode,
//! device.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink},
};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox};

#[test]
fn inputs_and_outputs_that_are_one_file_are_refused_before_anything_is_read() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_TOKEN_FILE", "token.csv");
    desk.write("token.csv", "token");
    desk.write("kantata-sync.toml", "");
    desk.write("plan.json", "plan");
    symlink("roster.csv", desk.path("link.csv")).expect("linked");
    symlink(".", desk.path("here")).expect("linked");
    symlink("new.csv", desk.path("dangling.csv")).expect("linked");
    fs::hard_link(desk.path("roster.csv"), desk.path("hard.csv")).expect("linked");
    let before = desk.files();
    for arguments in [
        "plan roster.csv --output roster.csv",
        "plan roster.csv --output ./roster.csv",
        "plan roster.csv --output roster.csv/",
        "apply --yes roster.csv --backup roster.csv/.",
        "plan roster.csv --output link.csv",
        "plan link.csv --output roster.csv",
        "plan roster.csv --output here/hard.csv",
        "plan roster.csv --output here/new.csv --output new.csv",
        "plan roster.csv --output dangling.csv --output new.csv",
        "plan roster.csv --approve-deletes a.csv --output a.csv",
        "plan roster.csv --output token.csv",
        "apply --yes roster.csv --backup roster.csv",
        "apply --yes roster.csv --backup new.csv --output new.csv",
        "apply --yes roster.csv --backup kantata-sync.toml",
        "apply --yes roster.csv --backup token.csv",
        "apply --yes roster.csv --plan plan.json --output plan.json",
        "check roster.csv --output roster.csv",
        "rehearse roster.csv --output roster.csv",
        "rehearse roster.csv --seed seed.csv --output seed.csv",
        "sandbox --seed roster.csv --log hard.csv",
        "plan roster.csv --config c.csv --output c.csv",
        "plan roster.csv --state-dir . --output default/x/runs/a.csv",
    ] {
        fs::create_dir_all(desk.path("default/x/runs")).expect("folders");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let ran = desk.run(&arguments).ends_with(2);
        assert!(
            ran.stderr.contains("one file") || ran.stderr.contains("own files"),
            "{}",
            ran.text()
        );
    }
    assert_eq!(desk.files(), before);
    assert_eq!((desk.read("roster.csv"), desk.read("token.csv")), (ROSTER.into(), "token".into()));
    assert_eq!(sandbox.log(), []);
}

#[test]
fn an_output_stays_the_link_the_file_and_the_device_that_it_was() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    fs::create_dir(desk.path("reports")).expect("a folder");
    desk.write("reports/real.txt", "of yesterday");
    symlink("reports/real.txt", desk.path("link.txt")).expect("linked");
    symlink("reports/new.md", desk.path("dangling.md")).expect("linked");
    symlink("/dev/null", desk.path("null.csv")).expect("linked");
    desk.write("kept.html", "");
    let mode =
        |name: &str| fs::metadata(desk.path(name)).expect("there").permissions().mode() & 0o777;
    for (name, bits) in [("reports/real.txt", 0o640), ("kept.html", 0o606)] {
        fs::set_permissions(desk.path(name), fs::Permissions::from_mode(bits)).expect("mine");
    }
    desk.write("new", "");
    let names = ["link.txt", "dangling.md", "null.csv", "kept.html", "new.json"];
    let mut arguments = vec!["plan", "roster.csv"];
    arguments.extend(names.iter().flat_map(|name| ["--output", *name]));
    desk.run(&arguments).ends_with(0);
    for name in ["link.txt", "dangling.md", "null.csv"] {
        assert!(desk.path(name).is_symlink(), "{name}");
    }
    assert!(desk.read("reports/real.txt").contains("Atlas"));
    assert!(desk.read("reports/new.md").contains("Atlas"));
    assert_eq!((mode("reports/real.txt"), mode("kept.html")), (0o640, 0o606));
    assert_eq!(mode("new.json"), mode("new"), "as any new file");
    assert!(fs::metadata("/dev/null").expect("there").file_type().is_char_device());
    // What stdout is stays open, and the roster is written on it.
    let ran = desk.run(&["apply", "--yes", "-q", "--backup", "/dev/stdout", "roster.csv"]);
    assert!(ran.ends_with(0).stdout.contains("workspace_id"), "written straight");
}

#[test]
fn a_file_on_the_memory_disk_is_exchanged_like_any_other() {
    // Below /dev, but no descriptor of anybody.
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return };
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let path = folder.path().join("r.json");
    for _ in 0..2 {
        let output = path.to_str().expect("plain");
        desk.run(&["plan", "-q", "--output", output, "roster.csv"]).ends_with(0);
        let bytes = fs::read(&path).expect("written");
        kantata_sync::report::json::read(&bytes).expect("one report, not two");
    }
}

#[test]
fn a_shell_that_sends_stdout_or_stderr_into_an_input_is_told_so() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let appended = || {
        let mut options = fs::OpenOptions::new();
        options.append(true).open(desk.path("roster.csv")).expect("there")
    };
    let mut command = desk.command(&["plan", "roster.csv"]);
    let output = command.stdout(appended()).output().expect("started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("the roster `roster.csv` and stdout `/dev/stdout` are one file"),
        "{said}"
    );
    let mut command = desk.command(&["apply", "--yes", "roster.csv"]);
    assert_eq!(command.stderr(appended()).output().expect("started").status.code(), Some(2));
    assert!(desk.read("roster.csv").starts_with(ROSTER), "nothing of it is lost");
    assert_eq!(sandbox.log(), []);
}
