//! Several rosters that are one together: a row of one is as good as a row of another, and what they say
//! against each other names both.

use std::fs;

use kantata_sync::sandbox::RequestKind::{Create, Delete, Update};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox, writes};

/// [`ROSTER`] in two files, of which one has other columns in another order, with the
/// configuration that reads both.
fn in_two(desk: &Desk) {
    let (atlas, borealis): (Vec<&str>, Vec<&str>) =
        ROSTER.lines().skip(1).partition(|line| line.starts_with("100"));
    desk.write(
        "atlas.csv",
        &format!("workspace_id,user_id,role,access_level\n{}\n", atlas.join("\n")),
    );
    let rows: Vec<String> = borealis
        .iter()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},a note,{},{}", cells[1], cells[0], cells[3])
        })
        .collect();
    desk.write(
        "borealis.csv",
        &format!("USER_ID,Note,project_id,access_level\n{}\n", rows.join("\n")),
    );
    let config = "roster.defaults = { role = \"maven\" }\nroster.ignore_columns = [\"Note\"]\n";
    desk.write("kantata-sync.toml", config);
}

#[test]
fn what_two_rosters_say_is_applied_as_one() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    in_two(&desk);
    let digest = |arguments: &[&str]| {
        let ran = desk.run(&[&["plan", "--format", "json"], arguments].concat());
        ran.report().digest.expect("a plan")
    };
    let (one, both) = (digest(&["roster.csv"]), digest(&["atlas.csv", "borealis.csv"]));
    assert_eq!(one, both);
    assert_eq!(one, digest(&["borealis.csv", "atlas.csv", "roster.csv"]), "the same rows again");
    desk.run(&["apply", "--yes", "atlas.csv", "borealis.csv"]).ends_with(0);
    let kinds: Vec<_> = writes(&sandbox).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [Create, Update, Delete]);
}

#[test]
fn rosters_that_contradict_each_other_name_both_and_delete_nobody() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    in_two(&desk);
    desk.write("more.csv", "workspace_id,user_id,role,access_level\n200,21,maven,\n100,10,maven,view_tasks\n100,x,maven,\n");
    let files = ["atlas.csv", "borealis.csv", "more.csv"];
    let check = desk.run(&[&["check"], &files[..]].concat()).ends_with(3);
    insta::assert_snapshot!("a_check_of_rosters_that_contradict", check.text());
    let applied = desk.run(&[&["apply", "--yes"], &files[..]].concat()).ends_with(5);
    assert!(applied.stdout.contains("more.csv:4: user_id: `x`"), "{}", applied.stdout);
    let rejected = applied.kept("rejected.csv");
    insta::assert_snapshot!("what_is_rejected_of_several_rosters", rejected);
    assert!(!writes(&sandbox).iter().any(|(kind, _)| *kind == Delete));
    // It is one roster again, and is fed back as one.
    fs::write(desk.path("rejected.csv"), rejected).expect("written");
    let again = desk.run(&["check", "rejected.csv"]).ends_with(3);
    assert!(again.stderr.contains("a partial roster"), "{}", again.stderr);
}

#[test]
fn rosters_of_two_kinds_are_none_together() {
    let desk = Desk::bare();
    desk.write(
        "part.csv",
        "# kantata-sync: partial roster\nworkspace_id,user_id,role\n100,31,maven\n",
    );
    insta::assert_snapshot!(desk.run(&["check", "roster.csv", "part.csv"]).text());
    let twice = desk.run(&["check", "part.csv", "part.csv"]).ends_with(0);
    assert!(twice.stderr.contains("a partial roster"), "{}", twice.stderr);
    let damaged = desk.run(&["check", "none.csv", "roster.csv", "absent.csv"]).ends_with(3);
    for name in ["none.csv", "absent.csv"] {
        assert!(damaged.stderr.contains(name), "{}", damaged.stderr);
    }
    desk.run(&["check", "-", "-"]).ends_with(2);
    desk.run(&["check", "roster.csv", "part.csv", "--fix", "out.csv"]).ends_with(2);
}
