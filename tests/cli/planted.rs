//! Files that somebody else can write: configuration, links, state; an API that was exchanged; and
//! what is no file at all.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mine");
}

/// Gives a file to somebody else, where the tests may: only root can.
fn give_away(path: &Path) -> bool {
    std::os::unix::fs::lchown(path, Some(12_345), None).is_ok()
}

/// A configuration that leaves a mark when anything in it is used.
const PLANTED: &str = "token_command = \"touch used\"\n";

#[test]
fn a_configuration_that_others_can_write_is_refused_before_anything_in_it_is_used() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).without("KANTATA_TOKEN");
    desk.write("kantata-sync.toml", PLANTED);
    desk.write("elsewhere.toml", PLANTED);
    let usual = desk.path("../.config/kantata-sync");
    fs::create_dir_all(&usual).expect("a folder");
    for bits in [0o664, 0o646, 0o666, 0o622] {
        mode(&desk.path("kantata-sync.toml"), bits);
        let ran = desk.run(&["plan", "roster.csv"]).ends_with(3);
        assert!(ran.stderr.contains(&format!("mode {bits:04o}")), "{}", ran.text());
        assert!(ran.stderr.contains("chmod go-w"), "{}", ran.text());
    }
    mode(&desk.path("elsewhere.toml"), 0o664);
    desk.run(&["--config", "elsewhere.toml", "config"]).ends_with(3);
    // A link to it is no better, and neither is the usual place.
    fs::remove_file(desk.path("kantata-sync.toml")).expect("removed");
    symlink("elsewhere.toml", desk.path("kantata-sync.toml")).expect("linked");
    desk.run(&["check", "roster.csv"]).ends_with(3);
    fs::remove_file(desk.path("kantata-sync.toml")).expect("removed");
    fs::rename(desk.path("elsewhere.toml"), usual.join("config.toml")).expect("moved");
    desk.run(&["plan", "roster.csv"]).ends_with(3);
    assert!(!desk.path("used").exists());
    assert_eq!(sandbox.log(), []);
    mode(&usual.join("config.toml"), 0o644);
    desk.run(&["plan", "roster.csv"]).ends_with(8);
    assert!(desk.path("used").exists(), "the mark is left where the file is trusted");
}

#[test]
fn a_configuration_of_somebody_else_is_refused_even_behind_a_link_of_theirs() {
    let desk = Desk::bare();
    let file = desk.path("kantata-sync.toml");
    desk.write("kantata-sync.toml", PLANTED);
    mode(&file, 0o644);
    if !give_away(&file) {
        return;
    }
    let ran = desk.run(&["plan", "roster.csv"]).ends_with(3);
    assert!(ran.stderr.contains("belongs to uid 12345 (mode 0644)"), "{}", ran.text());
    assert!(ran.stderr.contains("chown"), "{}", ran.text());
    fs::remove_file(&file).expect("removed");
    desk.write("mine.toml", PLANTED);
    symlink("mine.toml", &file).expect("linked");
    assert!(give_away(&file));
    desk.run(&["plan", "roster.csv"]).ends_with(3);
    assert!(!desk.path("used").exists());
}

#[test]
fn a_configuration_in_a_folder_where_everybody_can_exchange_it_is_refused() {
    let desk = Desk::bare();
    desk.write("kantata-sync.toml", "");
    mode(&desk.path(""), 0o777);
    let ran = desk.run(&["config"]).ends_with(3);
    assert!(ran.stderr.contains("everybody can exchange the files"), "{}", ran.text());
    mode(&desk.path(""), 0o1777);
    desk.run(&["config"]).ends_with(0);
}

#[test]
fn a_state_folder_that_others_can_write_is_refused() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "--dry-run", "roster.csv"]).ends_with(0);
    sandbox.clear_log();
    let below = |path: &Path| path.starts_with(desk.state()) || path == desk.state();
    let run = ran.folder();
    let folders: Vec<_> = run.ancestors().skip(1).take_while(|path| below(path)).collect();
    assert_eq!(folders.len(), 4);
    for folder in folders {
        for bits in [0o770, 0o707, 0o1777] {
            mode(folder, bits);
            let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(3);
            assert!(ran.stderr.contains("chmod go-w"), "{}", ran.text());
        }
        mode(folder, 0o700);
    }
    let here = run.ancestors().nth(2).expect("the folder of the API");
    for name in ["lock", "memory.json"] {
        fs::write(here.join(name), "{}").expect("written");
        mode(&here.join(name), 0o660);
    }
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(3);
    assert_eq!(sandbox.log(), []);
    mode(&here.join("lock"), 0o600);
    // A memory that others can write is not used, and that is said.
    let ran = desk.run(&["plan", "roster.csv"]).ends_with(0);
    assert!(ran.stdout.contains("memory.json cannot be read"), "{}", ran.text());
}

#[test]
fn another_api_than_that_of_the_last_run_is_named_before_the_first_request() {
    let (one, other) = (sandbox(LIVE), sandbox(LIVE));
    let (first, second) = (Server::of_sandbox(&one), Server::of_sandbox(&other));
    let desk = Desk::at(&first.base_url());
    let run = desk.run(&["plan", "roster.csv"]).ends_with(0);
    assert!(!run.stderr.contains("the token goes to"), "{}", run.text());
    let was = format!("({}) was for `{}`", run.run(), first.folder_name().replace('-', ":"));
    let changed = |arguments: &[&str]| {
        let mut all = vec!["--base-url", "x"];
        let url = second.base_url();
        all[1] = &url;
        all.extend(arguments);
        desk.run(&all)
    };
    // Somebody who takes the token out of every request ends the run; it was named before.
    for quiet in [vec!["export", "--workspace", "100"], vec!["export", "-q", "--workspace", "100"]]
    {
        let ran = changed(&quiet).ends_with(0);
        assert!(ran.stderr.contains(&was), "{}", ran.text());
    }
    let ran = changed(&["plan", "roster.csv"]).ends_with(0);
    assert!(ran.stderr.contains(&was) && ran.stdout.contains(&was), "{}", ran.text());
    let ran = changed(&["plan", "roster.csv"]).ends_with(0);
    assert!(!ran.stderr.contains("the token goes to"), "said once: {}", ran.text());
    // Another profile has runs of its own.
    desk.write("kantata-sync.toml", "[profile.test]\n");
    let ran = desk.run(&["--profile", "test", "plan", "roster.csv"]).ends_with(0);
    assert!(!ran.stderr.contains("the token goes to"), "{}", ran.text());
    assert_eq!(writes(&other), []);
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    mode(path, 0o600);
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let tokenless = Desk::at(&server.base_url())
        .without("KANTATA_TOKEN")
        .with("KANTATA_SYNC_TOKEN_FILE", "fifo");
    make_fifo(&tokenless.path("fifo"));
    let ran = tokenless.run(&["plan", "roster.csv"]).ends_with(8);
    assert!(ran.stderr.contains("no regular file"), "{}", ran.text());
    make_fifo(&desk.path("fifo.toml"));
    desk.run(&["--config", "fifo.toml", "plan", "roster.csv"]).ends_with(3);

    let here = desk.run(&["plan", "-q", "roster.csv", "--format", "json"]).ends_with(0);
    assert_eq!(here.stderr, "");
    let folder = desk.state().join("default").join(server.folder_name());
    make_fifo(&folder.join("memory.json"));
    let ran = desk.run(&["plan", "roster.csv"]).ends_with(0);
    assert!(ran.stdout.contains("memory.json cannot be read"), "{}", ran.text());
    sandbox.clear_log();
    make_fifo(&folder.join("lock"));
    desk.run(&["apply", "--yes", "roster.csv"]).ends_with(1);
    desk.run(&["doctor"]);
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_token_command_that_leaves_somebody_behind_or_talks_gives_nothing_away() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).without("KANTATA_TOKEN");
    let with = |script: &str| {
        desk.write("token.sh", script);
        desk.write("kantata-sync.toml", "token_command = \"sh token.sh\"\n");
        desk.run(&["plan", "-q", "roster.csv"])
    };
    // Whoever is left behind holds the pipe open.
    with("sleep 20 &\necho t0ken-of-the-tests-4711\n").ends_with(0);
    let ran = with("echo t0ken-of-the-tests-4711 | tee /dev/stderr\nexit 3\n").ends_with(8);
    assert!(ran.stderr.contains("exit status: 3") && ran.stderr.contains("by hand"));
    assert!(!ran.stderr.contains("t0ken-of"), "{}", ran.text());
    let ran = with("yes t0ken-of-the-tests-4711\n").ends_with(8);
    assert!(ran.stderr.contains("64 KiB") && !ran.stderr.contains("t0ken-of"), "{}", ran.text());
}

#[test]
fn a_report_that_others_can_write_or_that_is_no_file_is_neither_believed_nor_waited_for() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__MAX_DELETES", "0");
    let planned = desk.run(&["plan", "roster.csv"]).ends_with(4);
    let list = planned.folder().join("withheld-deletes.csv");
    let report = planned.folder().join("report.json");
    let refused = |why: &str| {
        for command in [
            &["apply", "--yes", "--approve-deletes", list.to_str().expect("plain"), "roster.csv"][..],
            &["show", &planned.run()],
        ] {
            let ran = desk.run(command).ends_with(3);
            assert!(ran.stderr.contains(why), "{}", ran.text());
        }
        let runs = desk.run(&["runs"]).ends_with(0);
        assert!(runs.stdout.contains("unreadable"), "{}", runs.text());
    };
    mode(&report, 0o666);
    refused("chmod go-w");
    fs::remove_file(&report).expect("removed");
    make_fifo(&report);
    refused("no regular file");
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_token_file_of_somebody_else_is_refused() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).without("KANTATA_TOKEN");
    let desk = desk.with("KANTATA_SYNC_TOKEN_FILE", "token");
    desk.write("token", &sandbox.settings().token);
    mode(&desk.path("token"), 0o600);
    desk.run(&["plan", "roster.csv"]).ends_with(0);
    sandbox.clear_log();
    if give_away(&desk.path("token")) {
        let ran = desk.run(&["plan", "roster.csv"]).ends_with(8);
        assert!(ran.stderr.contains("belongs to uid 12345"), "{}", ran.text());
        assert_eq!(sandbox.log(), []);
    }
}

#[test]
fn what_has_no_end_is_no_roster_and_what_may_not_come_is_no_approval() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    make_fifo(&desk.path("fifo"));
    for arguments in [
        "plan /dev/zero",
        "check /dev/zero",
        "apply --yes /dev/full",
        "plan roster.csv --approve-deletes fifo",
        "plan roster.csv --approve-deletes /dev/zero",
        "apply --yes roster.csv --plan fifo",
    ] {
        let ran = desk.run(&arguments.split(' ').collect::<Vec<_>>()).ends_with(3);
        assert!(ran.stderr.contains("error: cannot "), "{}", ran.text());
    }
    assert_eq!(sandbox.log(), []);
    // A pipe is as good as a file.
    let read = std::process::Stdio::from(fs::File::open(desk.path("roster.csv")).expect("there"));
    let mut piped = Command::new("cat").stdin(read).stdout(std::process::Stdio::piped()).spawn();
    let pipe = piped.as_mut().expect("started").stdout.take().expect("piped");
    let mut command = desk.command(&["check", "/dev/stdin"]);
    assert_eq!(command.stdin(pipe).status().expect("started").code(), Some(0));
    assert!(piped.expect("started").wait().expect("waited").success());
}
