//! `undo`: the reverse of a run, as a plan of its own.

use std::{collections::BTreeMap, fs};

use axum::{
    extract::Request,
    http::Method,
    middleware::{self, Next},
};
use kantata_sync::sandbox::{Duplicates, Participation, RequestKind, Sandbox, Side, User};

use regex_lite::Regex;

use crate::harness::{Desk, LIVE, Ran, Server, hold_lock, sandbox, writes};

/// Every pair as it stands, but for its record's id and times: what an undo gives back.
fn standing(sandbox: &Sandbox) -> BTreeMap<(u64, Option<u64>), Participation> {
    let plain = |row: &Participation| Participation {
        id: 0,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        updated_at: jiff::Timestamp::UNIX_EPOCH,
        ..row.clone()
    };
    let world = sandbox.world();
    world.participations().values().map(|row| ((row.workspace, row.user), plain(row))).collect()
}

/// What was said, without the digest: it covers when the record of a created person last changed.
fn told(ran: &Ran) -> String {
    let digest = Regex::new("(digest +)[0-9a-f]{12}").expect("a pattern");
    digest.replace_all(&ran.text(), "$1[digest]").into_owned()
}

#[test]
fn an_undo_gives_back_roles_levels_and_flags_and_can_be_undone() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let before = standing(&sandbox);
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    let after = standing(&sandbox);
    assert_ne!(before, after);

    sandbox.clear_log();
    let shown = desk.run(&["undo", &run, "--dry-run"]).ends_with(0);
    insta::assert_snapshot!("undo_shown", told(&shown));
    assert_eq!(writes(&sandbox), [], "a dry run holds no writer");

    let undone = desk.run(&["undo", &run, "--yes"]).ends_with(0);
    insta::assert_snapshot!("undo_applied", told(&undone));
    assert_eq!(standing(&sandbox), before);
    sandbox.clear_log();
    desk.run(&["undo", &run, "--yes", "-q"]).ends_with(0);
    assert_eq!(writes(&sandbox), [], "the second time there is nothing to do");

    let again = desk.run(&["undo", &undone.run(), "--yes"]).ends_with(0);
    assert_eq!(standing(&sandbox), after, "{}", again.text());
    desk.run(&["plan", "--check", "-q", "roster.csv"]).ends_with(0);
}

#[test]
fn rows_that_changed_since_the_run_are_held() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    // Somebody moves Hana up, who was created, and Ben, who was changed, and adds Cleo again.
    let partial = "# kantata-sync: partial roster\nworkspace_id,user_id,role,access_level\n\
                   100,31,maven,admin\n100,11,maven,admin\n100,12,buyer,view_tasks\n";
    desk.write("others.csv", partial);
    desk.run(&["apply", "--yes", "-q", "others.csv"]).ends_with(0);
    sandbox.clear_log();
    let undone = desk.run(&["undo", &run, "--yes"]).ends_with(0);
    insta::assert_snapshot!(told(&undone));
    assert_eq!(writes(&sandbox), [(RequestKind::Delete, 0)], "only Ivo is as the run left them");
}

#[test]
fn an_undo_passes_the_guard_and_takes_its_approvals() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let before = standing(&sandbox);
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    let desk = desk.with("KANTATA_SYNC_GUARD__MAX_DELETES", "1");
    let kept_back = desk.run(&["undo", &run, "--yes"]).ends_with(4);
    let list = kept_back.kept("withheld-deletes.csv");
    let today = Regex::new(r"since \d{4}-\d\d-\d\d").expect("a pattern");
    let rows: Vec<&str> = list.lines().skip(3).collect();
    insta::assert_snapshot!(today.replace_all(&rows.join("\n"), "since [date]"));
    desk.write("approved.csv", &list);
    desk.run(&["undo", &run, "--yes", "-q", "--approve-deletes", "approved.csv"]).ends_with(0);
    assert_eq!(standing(&sandbox), before);
}

#[test]
fn a_handover_of_the_lead_is_undone_whether_promoting_demotes_or_not() {
    for promotion_demotes in [true, false] {
        let sandbox = sandbox(LIVE);
        sandbox.change_settings(|settings| settings.promotion_demotes = promotion_demotes);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        let before = standing(&sandbox);
        // Ben takes the lead of Atlas from Ada, who leaves; Finn that of Borealis, where Eva stays.
        let roster = "workspace_id,user_id,role,access_level,team_lead\n100,1,maven,admin,\n\
                      100,11,maven,,true\n100,12,maven,,\n100,13,buyer,,\n200,1,maven,,\n\
                      200,20,maven,,\n200,21,maven,,true\n200,22,maven,,\n";
        desk.write("roster.csv", roster);
        let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
        assert!(!sandbox.world().participations().values().any(|row| row.user == Some(10)));
        let undone = desk.run(&["undo", &run, "--yes"]).ends_with(0);
        assert_eq!(standing(&sandbox), before, "{}", undone.text());
        if promotion_demotes {
            insta::assert_snapshot!(told(&undone));
        }
    }
}

#[test]
fn a_record_that_somebody_else_made_meanwhile_is_not_the_runs() {
    let sandbox = sandbox(LIVE);
    sandbox.change_settings(|settings| settings.duplicates = Duplicates::Ignored);
    let inside = sandbox.clone();
    // Somebody adds Hana a while before the create arrives, which then names their record.
    let server = Server::of(sandbox.router().layer(middleware::from_fn(
        move |request: Request, next: Next| {
            if request.method() == Method::POST {
                inside.with_world(|world| {
                    let id = world.insert(Participation::new(100, Some(31), Side::Maven));
                    world.edit(id, |row| {
                        row.created_at = "2026-01-02T03:04:05Z".parse().expect("a time")
                    });
                });
            }
            next.run(request)
        },
    )));
    let desk = Desk::at(&server.base_url());
    desk.write(
        "roster.csv",
        "# kantata-sync: partial roster\nworkspace_id,user_id,role\n100,31,maven\n",
    );
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    let undone = desk.run(&["undo", &run, "--yes"]).ends_with(0);
    assert!(undone.stdout.contains("it cannot be proved that the run"), "{}", undone.text());
    assert_eq!(sandbox.world().of(100, 31).len(), 1, "it is theirs, and stays");
}

#[test]
fn a_lead_that_somebody_else_took_since_stays_with_him() {
    for promotion_demotes in [true, false] {
        let sandbox = sandbox(LIVE);
        sandbox.change_settings(|settings| settings.promotion_demotes = promotion_demotes);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        let head = "# kantata-sync: partial roster\nworkspace_id,user_id,role,team_lead\n";
        desk.write("ben.csv", &format!("{head}100,10,maven,false\n100,11,maven,true\n"));
        desk.write("cleo.csv", &format!("{head}100,11,maven,false\n100,12,maven,true\n"));
        let run = desk.run(&["apply", "--yes", "ben.csv"]).ends_with(0).run();
        desk.run(&["apply", "--yes", "-q", "cleo.csv"]).ends_with(0);
        sandbox.clear_log();
        let undone = desk.run(&["undo", &run, "--yes"]).ends_with(0);
        assert!(undone.stdout.contains("user 12 leads this side now"), "{}", undone.text());
        assert_eq!(writes(&sandbox), [], "{}", undone.text());
    }
}

#[test]
fn of_a_journal_that_was_cut_only_what_it_tells_is_undone_and_that_is_said() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let journal = ran.folder().join("journal.jsonl");
    let text = fs::read_to_string(&journal).expect("a journal");
    // The header, the creates and their answer.
    let cut: String = text.lines().take(3).flat_map(|line| [line, "\n"]).collect();
    fs::write(&journal, cut).expect("written");
    let undone = desk.run(&["undo", &ran.run(), "--yes"]).ends_with(0);
    insta::assert_snapshot!(told(&undone));
    let forged = text.replacen("\"tool\":\"", "\"tool\":\"9", 1);
    fs::write(&journal, forged).expect("written");
    let refused = desk.run(&["undo", &ran.run(), "--yes"]).ends_with(3);
    assert!(refused.stderr.contains("damaged at line"), "{}", refused.text());
    fs::write(&journal, text).expect("written");
    let other = "20200101T000000Z-00000000";
    fs::rename(ran.folder(), ran.folder().with_file_name(other)).expect("renamed");
    let refused = desk.run(&["undo", other, "--yes"]).ends_with(3);
    assert!(refused.stderr.contains("says that it is of run"), "{}", refused.text());
}

#[test]
fn the_latest_run_to_undo_is_the_last_that_wrote() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let before = standing(&sandbox);
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    desk.run(&["plan", "-q", "roster.csv"]).ends_with(0);
    desk.run(&["undo", "latest", "--dry-run", "-q"]).ends_with(0);
    desk.run(&["undo", "latest", "--yes", "-q"]).ends_with(0);
    assert_eq!(standing(&sandbox), before);
    let runs = desk.run(&["runs"]).ends_with(0);
    assert!(runs.stdout.contains(&format!("undid {run}; complete")), "{}", runs.text());
}

#[test]
fn who_cannot_be_created_again_is_in_a_file_to_be_fed_to_an_apply() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    let disable = |disabled| {
        sandbox.with_world(|world| {
            let cleo = world.users()[&12].clone();
            world.put_user(User { disabled, ..cleo });
        });
    };
    disable(true);
    let undone = desk.run(&["undo", &run, "--yes"]).ends_with(5);
    insta::assert_snapshot!("undo_that_is_refused", undone.kept("rejected.csv"));
    assert!(sandbox.world().of(100, 12).is_empty());
    disable(false);
    desk.write("rejected.csv", &undone.kept("rejected.csv"));
    desk.run(&["apply", "--yes", "-q", "rejected.csv"]).ends_with(0);
    assert_eq!(sandbox.world().of(100, 12)[0].level.word(), "view_tasks");
}

#[test]
fn how_rosters_are_read_is_nothing_to_an_undo() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let before = standing(&sandbox);
    let run = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0).run();
    desk.write("later.toml", "[roster]\nignore_columns = [\"role\", \"user_id\"]\n");
    desk.run(&["undo", &run, "--yes", "-q", "--config", "later.toml"]).ends_with(0);
    assert_eq!(standing(&sandbox), before);
}

#[test]
fn while_another_run_holds_the_lock_nothing_is_undone() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(0);
    let requests = sandbox.log().len();
    let lock = hold_lock(&ran.folder().join("../.."));
    desk.run(&["undo", &ran.run(), "--yes"]).ends_with(7);
    desk.run(&["adopt", "roster.csv", "--yes"]).ends_with(7);
    assert_eq!(sandbox.log().len(), requests);
    desk.run(&["undo", &ran.run(), "--dry-run"]).ends_with(0);
    drop(lock);
}

#[test]
fn what_cannot_be_undone_is_told_before_any_request() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    insta::assert_snapshot!(
        "undo_before_the_first_run",
        desk.run(&["undo", "latest", "--yes"]).ends_with(3).text()
    );
    desk.run(&["plan", "-q", "roster.csv"]).ends_with(0);
    let requests = sandbox.log().len();
    insta::assert_snapshot!(
        "undo_of_a_plan",
        desk.run(&["undo", "latest", "--yes"]).ends_with(3).text()
    );
    insta::assert_snapshot!(
        "undo_of_an_unknown_run",
        desk.run(&["undo", "1999", "--yes"]).ends_with(3).text()
    );
    insta::assert_snapshot!(
        "undo_without_a_question",
        desk.run(&["undo", "latest"]).ends_with(2).text()
    );
    desk.run(&["undo"]).ends_with(2);
    assert_eq!(sandbox.log().len(), requests, "nobody was asked");
}
