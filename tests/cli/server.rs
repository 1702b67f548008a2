//! `sandbox` in one process, `apply` in another.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use crate::harness::{Desk, samples};

/// A process that ends with the test, however the test ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _gone_already = self.0.wait();
    }
}

#[test]
fn a_sandbox_in_one_terminal_and_an_apply_in_another() {
    let terminal = Desk::bare();
    let mut command = terminal.command(&["sandbox", "--port", "0", "--log", "requests.jsonl"]);
    let mut served =
        Served(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts"));
    let stdout = served.0.stdout.take().expect("piped");
    let mut url = String::new();
    BufReader::new(stdout).read_line(&mut url).expect("its first line");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let desk = Desk::at(url.trim_end()).with("KANTATA_TOKEN", "sandbox-token");
    let roster = samples().join("roster.csv");
    let roster = roster.to_str().expect("a plain path");
    let requests = || -> Vec<(String, u64)> {
        let log = terminal.read("requests.jsonl");
        let entry = |line: &str| -> (String, u64) {
            let entry: serde_json::Value = serde_json::from_str(line).expect("JSON Lines");
            let method = entry["method"].as_str().expect("a method").to_owned();
            (method, entry["objects"].as_u64().expect("a number"))
        };
        log.lines().map(entry).collect()
    };
    let writes =
        || requests().into_iter().filter(|(method, _)| method != "GET").collect::<Vec<_>>();

    desk.run(&["plan", roster]).ends_with(0);
    desk.run(&["apply", "--dry-run", roster]).ends_with(0);
    assert_eq!((requests().is_empty(), writes().len()), (false, 0));
    desk.run(&["apply", "--yes", roster]).ends_with(0);
    let wrote = writes();
    let (posted, later): (Vec<_>, Vec<_>) = wrote.iter().partition(|(method, _)| method == "POST");
    assert_eq!(
        wrote.iter().take(posted.len()).collect::<Vec<_>>(),
        posted,
        "the creates come first"
    );
    // What a PUT may do between deletes is shown in process, where the log says whom it is about.
    assert_eq!((later[0].0.as_str(), later[later.len() - 1].0.as_str()), ("PUT", "DELETE"));
    assert!(posted.iter().all(|(_, objects)| (1..=100).contains(objects)));
    assert!(posted.iter().map(|(_, objects)| objects).sum::<u64>() >= 200);
    desk.run(&["apply", "--yes", roster]).ends_with(0);
    assert_eq!(writes(), wrote);
}

#[test]
fn a_sandbox_with_a_wrong_seed_or_setting_does_not_start() {
    let desk = Desk::bare();
    desk.write("seed.csv", "workspace_id,project,user_id,role\n100,Atlas,1,mavn\n");
    insta::assert_snapshot!(desk.run(&["sandbox", "--port", "0", "--seed", "seed.csv"]).text());
    desk.write("sandbox.toml", "bulks = \"partial\"\n");
    desk.run(&["sandbox", "--port", "0", "--settings", "sandbox.toml"]).ends_with(3);
    desk.run(&["sandbox", "--port", "0", "--fault", "2"]).ends_with(2);
    desk.run(&["sandbox", "--port", "0", "--seed", "no/such.csv"]).ends_with(3);
}
