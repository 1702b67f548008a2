//! Deletes that can be trusted: approvals, plan files, memory between runs.

use std::{fs, path::PathBuf};

use kantata_sync::sandbox::{Participation, Sandbox, Side};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox, writes};

/// A limit that withholds every delete of the small world.
fn withholding(server: &Server) -> Desk {
    Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__MAX_DELETES", "0")
}

/// The roster without the rows of these people, so that they are to be deleted.
fn without(people: &[&str]) -> String {
    let stays = |line: &&str| !people.iter().any(|person| line.split(',').nth(1) == Some(person));
    ROSTER.lines().filter(stays).flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn an_approved_list_is_a_ceiling_and_only_shrinks() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = withholding(&server);
    let first = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(4);
    let runs = desk.state().join("default").join(server.folder_name()).join("runs");
    let run = fs::read_dir(runs).expect("runs").next().expect("a run").expect("readable").path();
    let list = fs::read_to_string(run.join("withheld-deletes.csv")).expect("a list");
    desk.write("approved.csv", &list);
    sandbox.clear_log();

    for (name, text, code) in [
        ("cut", list[..list.len() - 40].to_owned(), 3),
        ("foreign", list.replace("# base_url: http", "# base_url: https"), 4),
        ("expired", list.replace("# expires: 20", "# expires: 19"), 4),
        ("beyond", format!("{list}delete,100,Atlas,1,Me,maven,9001,why\n"), 4),
        ("later", list.replace("# expires: 20", "# expires: 29"), 4),
        ("hostile", list.replace("# base_url: http", "# base_url: \u{1b}[31mhttp"), 4),
    ] {
        desk.write("bad.csv", &text);
        let ran = desk.run(&["apply", "--yes", "--approve-deletes", "bad.csv", "roster.csv"]);
        assert!(!ran.stderr.contains('\u{1b}'), "nothing of a file acts on the terminal");
        insta::assert_snapshot!(format!("approval_{name}"), ran.ends_with(code).text());
    }
    assert_eq!(writes(&sandbox), [], "{}", first.text());

    let deletes = list.lines().filter(|line| line.starts_with("delete,")).count();
    assert!(deletes >= 1);
    let ran = desk.run(&["apply", "--yes", "--approve-deletes", "approved.csv", "roster.csv"]);
    ran.ends_with(0);
    assert_eq!(writes(&sandbox).len(), deletes, "over the limit, and nothing else");
    desk.run(&["plan", "--check", "roster.csv"]).ends_with(0);
}

/// A run whose deletes were withheld, and where it kept them.
fn withheld_run(desk: &Desk) -> (PathBuf, String) {
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    (ran.folder(), ran.kept("withheld-deletes.csv"))
}

#[test]
fn a_list_edited_in_place_is_held_against_what_the_run_withheld() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = withholding(&server);
    desk.write("roster.csv", &without(&["22"]));
    let (folder, list) = withheld_run(&desk);
    // Whom the next roster does not want either, so that nothing but the list can keep them.
    desk.write("roster.csv", &without(&["13", "22"]));
    let place = folder.join("withheld-deletes.csv");
    let dan = sandbox.world().of(100, 13)[0].id;
    let line = list.lines().rfind(|line| line.starts_with("delete,200,")).expect("Gil");
    let header = |name: &str| list.lines().find(|line| line.starts_with(name)).expect("a header");
    sandbox.clear_log();
    let quoted = place.display().to_string();
    let arguments = ["apply", "--yes", "--approve-deletes", &quoted, "roster.csv"];
    for (what, text, told) in [
        (
            "added",
            format!("{list}delete,100,Atlas,13,Dan Iyer,buyer,{dan},gone\n"),
            "was not withheld by run",
        ),
        ("changed", list.replace(",22,", ",21,"), "was not withheld by run"),
        ("doubled", format!("{list}{line}\n"), "stands on line"),
        ("prolonged", list.replace("# expires: 20", "# expires: 29"), "it says `expires: 29"),
        (
            "no run",
            list.replace(header("# run"), "# run: 20200101T000000Z-00000000"),
            "is not kept here",
        ),
        (
            "no address",
            list.replace(header("# base_url"), "# base_url:"),
            "is not good: it is for ``",
        ),
    ] {
        fs::write(&place, text).expect("written");
        let ran = desk.run(&arguments).ends_with(4);
        assert!(ran.stderr.contains(told), "{what}: {}", ran.text());
        assert_eq!(writes(&sandbox), [], "{what}");
    }

    // Only the report counts, and without it nothing does.
    fs::write(&place, &list).expect("written");
    let report = fs::read(folder.join("report.json")).expect("a report");
    for damaged in [None, Some(&report[..report.len() / 2])] {
        fs::remove_file(folder.join("report.json")).expect("removed");
        if let Some(bytes) = damaged {
            fs::write(folder.join("report.json"), bytes).expect("written");
        } else {
            assert!(!folder.join("report.json").exists());
        }
        let ran = desk.run(&arguments).ends_with(4);
        assert!(ran.stderr.contains("is not kept here"), "{}", ran.text());
        assert_eq!(writes(&sandbox), []);
        fs::write(folder.join("report.json"), &report).expect("written");
    }

    // As a spreadsheet saves it in place, a line less.
    let fewer = list.replace(&format!("{line}\n"), "");
    let saved = format!("\u{feff}{}", fewer.replace(',', ";").replace('\n', "\r\n"));
    fs::write(&place, saved).expect("written");
    let ran = desk.run(&arguments).ends_with(4);
    assert_eq!(sandbox.world().of(100, 12).len(), 0, "{}", ran.text());
    assert_eq!(sandbox.world().of(200, 22).len(), 1, "{}", ran.text());
    assert_eq!(sandbox.world().of(100, 13).len(), 1, "{}", ran.text());
}

#[test]
fn what_is_not_on_the_approved_list_stays_withheld() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = withholding(&server);
    desk.write("roster.csv", &without(&["22"]));
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    let list = ran.kept("withheld-deletes.csv");
    let all: Vec<&str> = list.lines().filter(|line| line.starts_with("delete,")).collect();
    assert!(all.len() >= 2, "{list}");
    desk.write("approved.csv", &list.replace(&format!("{}\n", all[0]), ""));
    sandbox.clear_log();
    let arguments = ["apply", "--yes", "--approve-deletes", "approved.csv", "roster.csv"];
    let ran = desk.run(&arguments).ends_with(4);
    assert_eq!(writes(&sandbox).len(), all.len() - 1);
    assert!(ran.stdout.contains("not on the approved list"), "{}", ran.text());
}

#[test]
fn a_replacement_is_approved_like_a_delete() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = withholding(&server).with("KANTATA_SYNC_ALLOW_REPLACE", "true");
    desk.write("roster.csv", &ROSTER.replace("100,13,buyer,", "100,13,maven,"));
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    let list = ran.kept("withheld-deletes.csv");
    insta::assert_snapshot!(list.lines().skip(3).collect::<Vec<_>>().join("\n"));
    desk.write("approved.csv", &list);
    let arguments = ["apply", "--yes", "-q", "--approve-deletes", "approved.csv", "roster.csv"];
    desk.run(&arguments).ends_with(0);
    assert_eq!(sandbox.world().of(100, 13)[0].side, Side::Maven);
}

#[test]
fn an_approval_is_not_for_a_record_that_changed_since() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = withholding(&server);
    desk.write("roster.csv", &without(&["22"]));
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    desk.write("approved.csv", &ran.kept("withheld-deletes.csv"));
    // Cleo left and came back, Gil changed sides.
    sandbox.with_world(|world| {
        let (cleo, gil) = (world.of(100, 12)[0].id, world.of(200, 22)[0].id);
        world.remove(cleo);
        world.insert(Participation::new(100, Some(12), Side::Maven));
        world.edit(gil, |row| row.side = Side::Buyer);
    });
    sandbox.clear_log();
    let arguments = ["apply", "--yes", "-q", "--approve-deletes", "approved.csv", "roster.csv"];
    let ran = desk.run(&arguments).ends_with(4);
    let told = ran.text().replace(&sandbox.world().of(100, 12)[0].id.to_string(), "[new]");
    assert!(
        told.contains("the list has participation 9004 of this person; now it is [new]"),
        "{told}"
    );
    assert!(told.contains("on the approved list with another action, person or role"), "{told}");
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_plan_file_is_applied_once_and_only_while_it_is_the_plan() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.run(&["plan", "-q", "--output", "plan.json", "roster.csv"]).ends_with(0);
    desk.write("changed.csv", &without(&["22"]));
    let other = desk.run(&["apply", "--yes", "--plan", "plan.json", "changed.csv"]).ends_with(4);
    insta::assert_snapshot!(other.text());
    assert_eq!(writes(&sandbox), []);
    desk.run(&["apply", "--yes", "-q", "--plan", "plan.json", "roster.csv"]).ends_with(0);
    let again = desk.run(&["apply", "--yes", "--plan", "plan.json", "roster.csv"]).ends_with(4);
    assert!(again.stdout.contains("was applied already"), "{}", again.text());
}

/// The roster with another text in place of one.
fn changed(from: &str, to: &str) -> String {
    assert!(ROSTER.contains(from), "{from}");
    ROSTER.replace(from, to)
}

/// What makes another plan of the roster: another roster, another world, another setting.
type Change = fn(&Desk, &Sandbox) -> Vec<(&'static str, &'static str)>;

#[test]
fn what_of_a_plan_file_is_another_now_is_said_action_by_action() {
    let cases: [(&str, Change, &[&str]); 8] = [
        (
            "a level of a create",
            |desk, _| {
                desk.write("roster.csv", &changed("100,31,maven,edit_tasks", "100,31,maven,admin"));
                vec![]
            },
            &["  create of Hana Okoro (31) on Atlas (100): access_level: edit_tasks → admin\n"],
        ),
        (
            "what is desired, and who came and went",
            |desk, _| {
                let text = changed("100,11,maven,view_tasks", "100,11,maven,admin");
                desk.write(
                    "roster.csv",
                    &text.replace("200,32,maven,\n", "").replace("200,22,maven,\n", ""),
                );
                vec![]
            },
            &[
                "  update of Ben Ode (11) on Atlas (100): access_level: view_tasks (from edit_tasks) → admin (from edit_tasks)\n",
                "  no longer: create of Ivo Brandt (32) on Borealis (200): maven\n",
                "  now: delete of Gil Sato (22) on Borealis (200): maven\n",
            ],
        ),
        (
            "the record that would go was touched",
            |_, sandbox| {
                sandbox.with_world(|world| {
                    let cleo = world.of(100, 12)[0].id;
                    world.edit(cleo, |row| row.can_invite = true);
                });
                vec![]
            },
            &["live can_invite: false → true\n"],
        ),
        (
            "the person left and came back",
            |_, sandbox| {
                sandbox.with_world(|world| {
                    let cleo = world.of(100, 12)[0].id;
                    world.remove(cleo);
                    world.insert(Participation::new(100, Some(12), Side::Maven));
                });
                vec![]
            },
            &["  delete of Cleo Marsh (12) on Atlas (100): record: 9004 → "],
        ),
        (
            "the guard withholds",
            |_, _| vec![("KANTATA_SYNC_GUARD__MAX_DELETES", "0")],
            &[
                "  delete of Cleo Marsh (12) on Atlas (100): to be done → withheld (plan deletes 1 of 9 memberships; ",
            ],
        ),
        (
            "somebody is protected",
            |_, _| vec![("KANTATA_SYNC_PROTECT__USERS", "[12]")],
            &[
                "  delete of Cleo Marsh (12) on Atlas (100): to be done → held (protected by `12` in protect.users)\n",
            ],
        ),
        (
            "a row is invalid",
            |desk, _| {
                desk.write("roster.csv", &format!("{ROSTER}100,14,boss,\n"));
                vec![]
            },
            &[
                "  delete of Cleo Marsh (12) on Atlas (100): to be done → frozen (invalid roster rows of this project: line 12)\n",
            ],
        ),
        (
            "the file was edited",
            |desk, _| {
                let text = desk.read("plan.json");
                let (_, digest) = text.split_once("\"digest\": \"").expect("a digest");
                desk.write("plan.json", &text.replace(&digest[..64], &"0".repeat(64)));
                vec![]
            },
            &["  the two list the same, but the file has another digest: "],
        ),
    ];
    for (what, change, told) in cases {
        let sandbox = sandbox(LIVE);
        let server = Server::of_sandbox(&sandbox);
        let mut desk = Desk::at(&server.base_url());
        desk.run(&["plan", "-q", "--output", "plan.json", "roster.csv"]).ends_with(0);
        for (name, value) in change(&desk, &sandbox) {
            desk = desk.with(name, value);
        }
        sandbox.clear_log();
        let ran = desk.run(&["apply", "--yes", "--plan", "plan.json", "roster.csv"]);
        assert!(matches!(ran.code, 4 | 5), "{what}: {}", ran.text());
        assert_eq!(writes(&sandbox), [], "{what}");
        for line in told {
            assert!(ran.stderr.contains(line), "{what}: {}", ran.text());
        }
        let lines = ran.stderr.lines().filter(|line| line.starts_with("  ")).count();
        assert_eq!(lines, told.len(), "{what}, and nothing else: {}", ran.text());
    }
}

#[test]
fn somebody_missing_is_deleted_only_after_so_many_runs() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_DELETE_AFTER_RUNS", "3");
    let deletes = || {
        let deleted = |(kind, _): &(kantata_sync::sandbox::RequestKind, usize)| {
            *kind == kantata_sync::sandbox::RequestKind::Delete
        };
        writes(&sandbox).iter().filter(|write| deleted(write)).count()
    };
    let first = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    assert!(first.stdout.contains("missing from the roster for 1 of 3 runs"), "{}", first.text());
    // A plan does not count.
    desk.run(&["plan", "-q", "roster.csv"]).ends_with(0);
    let second = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    assert!(second.stdout.contains("missing from the roster for 2 of 3 runs"), "{}", second.text());
    assert_eq!(deletes(), 0);
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    assert!(deletes() >= 1);
}

#[test]
fn a_damaged_memory_waits_anew_and_says_so() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    let memory = desk.state().join("default").join(server.folder_name()).join("memory.json");
    fs::write(&memory, "{").expect("written");
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    assert!(ran.stdout.contains("memory.json is damaged"), "{}", ran.text());
    assert!(ran.stdout.contains("missing from the roster for 1 of 2 runs"), "{}", ran.text());
}

#[test]
fn a_change_without_effect_is_held_after_two_runs_until_it_is_tried_again() {
    let sandbox = sandbox(LIVE);
    // Rate cards make the server answer 200 to a rate and keep the old one.
    sandbox.change_settings(|settings| settings.rate_cards = true);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let roster = "workspace_id,user_id,role,rate_in_cents\n100,11,maven,4711\n";
    desk.write("rates.csv", &format!("# kantata-sync: partial roster\n{roster}"));
    for _ in 0..2 {
        desk.run(&["apply", "--yes", "-q", "rates.csv"]).ends_with(5);
    }
    sandbox.clear_log();
    let held = desk.run(&["apply", "--yes", "rates.csv"]).ends_with(0);
    assert!(held.stdout.contains("answered as done in two runs and unchanged"), "{}", held.text());
    assert_eq!(writes(&sandbox), []);
    desk.run(&["apply", "--yes", "-q", "--retry-stuck", "rates.csv"]).ends_with(5);
    assert_eq!(writes(&sandbox).len(), 1);
}

/// The story of the README: nine people, an export of three rows.
#[test]
fn one_night_the_export_comes_half_empty() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__DELETE_FLOOR", "1");
    let before = sandbox.world().participations().len();
    // Nine people are live; the export keeps the token's user, a lead on each project.
    let half: String = ROSTER.lines().take(4).flat_map(|line| [line, "\n"]).collect();
    let half = format!("{half}200,1,maven,admin\n");
    desk.write("roster.csv", &half);
    let night = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    insta::assert_snapshot!(night.text());
    assert_eq!(sandbox.world().participations().len(), before, "nobody is deleted");
    assert!(night.files().contains("withheld-deletes.csv"));

    desk.write("roster.csv", ROSTER);
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(0);
}

#[test]
fn a_plan_file_is_not_believed_where_nobody_knows_whether_it_was_used() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let memory = desk.state().join("default").join(server.folder_name()).join("memory.json");
    desk.run(&["plan", "-q", "--output", "plan.json", "roster.csv"]).ends_with(0);
    desk.run(&["apply", "--yes", "-q", "--plan", "plan.json", "roster.csv"]).ends_with(0);
    fs::write(&memory, "{").expect("written");
    let wrote = writes(&sandbox);
    let refused = || {
        let ran = desk.run(&["apply", "--yes", "--plan", "plan.json", "roster.csv"]).ends_with(4);
        assert!(ran.stderr.contains("memory.json could not be read"), "{}", ran.text());
    };
    refused();
    // An apply writes a memory again, which knows nothing of what was before it.
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    refused();
    desk.run(&["plan", "-q", "--output", "later.json", "roster.csv"]).ends_with(0);
    desk.run(&["apply", "--yes", "-q", "--plan", "later.json", "roster.csv"]).ends_with(0);
    assert_eq!(writes(&sandbox), wrote);
}

#[test]
fn a_list_in_which_an_editor_changed_no_row_is_taken() {
    let edits: [fn(&str) -> String; 6] = [
        |list| list.trim_end().to_owned(),
        |list| list.replace('\n', "\r\n"),
        |list| list.replace('\n', "\r\n").trim_end().to_owned(),
        |list| list.replace('\n', "\n\n"),
        |list| format!("{list}\n \n\n"),
        |list| format!("\u{feff}\n{list},,,,,,,\n"),
    ];
    for (number, edit) in edits.iter().enumerate() {
        let sandbox = sandbox(LIVE);
        let server = Server::of_sandbox(&sandbox);
        let desk = withholding(&server);
        let (_, list) = withheld_run(&desk);
        sandbox.clear_log();
        desk.write("approved.csv", &edit(&list));
        let ran = desk.run(&["apply", "--yes", "--approve-deletes", "approved.csv", "roster.csv"]);
        let deletes = list.lines().filter(|line| line.starts_with("delete,")).count();
        assert_eq!((ran.code, writes(&sandbox).len()), (0, deletes), "{number}: {}", ran.text());
    }
}
