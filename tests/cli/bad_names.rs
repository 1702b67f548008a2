//! Names that do not mean one person or project, and directories that answer badly: each is told, freezes its
//! project, and nobody is ever guessed.

use std::fmt::Write as _;

use kantata_sync::sandbox::{LookupOrder, RequestKind, Sandbox, Subject};

use crate::harness::{Desk, LIVE, Ran, Server, sandbox, writes};

struct Account {
    sandbox: Sandbox,
    desk: Desk,
    _server: Server,
}

impl Account {
    fn of(live: &str) -> Self {
        let sandbox = sandbox(live);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        Self { sandbox, desk, _server: server }
    }

    fn plan(&self, roster: &str) -> Ran {
        self.desk.write("roster.csv", roster);
        self.desk.run(&["plan", "roster.csv"])
    }

    fn asked_for_people(&self) -> usize {
        let log = self.sandbox.log();
        log.iter().filter(|one| one.kind == RequestKind::Users).count()
    }
}

#[test]
fn a_title_that_two_projects_share_is_told_with_both_and_means_neither() {
    let twin = "300,Atlas,1,,,,maven,admin,\n300,,20,,,,maven,admin,true\n";
    let account = Account::of(&format!("{LIVE}{twin}"));
    let roster = "project,email,role\nAtlas,hana@firm.example,maven\n\
                  Borealis,priya@firm.example,maven\nBorealis,eva@firm.example,maven\n\
                  atlas,ivo@firm.example,maven\n";
    insta::assert_snapshot!(account.plan(roster).ends_with(5).text());
}

#[test]
fn a_reference_that_two_people_have_means_nobody() {
    let account = Account::of(LIVE);
    account.sandbox.with_world(|world| {
        for (user, key) in [(31, "E-17"), (32, "E-17"), (11, "E-18")] {
            world.put_references(Subject::User(user), &[("hr", key)]);
        }
    });
    account.desk.write("kantata-sync.toml", "roster.person_service = \"hr\"\n");
    let roster =
        "workspace_id,person_reference,role\n100,E-17,maven\n100,E-18,maven\n100,E-19,maven\n";
    insta::assert_snapshot!(account.plan(roster).ends_with(5).text());
}

/// Everybody of [`LIVE`], and one who is to come.
const EVERYBODY: &str = "\
project,email,role
Atlas,priya@firm.example,maven
Atlas,ada@firm.example,maven
Atlas,ben@firm.example,maven
Atlas,cleo@firm.example,maven
Atlas,dan@client.example,buyer
Atlas,hana@firm.example,maven
";

#[test]
fn an_answer_in_pages_any_order_or_with_strangers_means_the_same_people() {
    let counts = |account: &Account| {
        let ran = account.plan(EVERYBODY).ends_with(0);
        let plan = "1 to create; 5 in sync";
        assert!(ran.stdout.contains(plan), "{}", ran.text());
        assert!(ran.stdout.contains("create   Hana Okoro (31)"), "{}", ran.text());
    };
    for (strangers, order, page_limit) in
        [(0, LookupOrder::Id, 2), (4, LookupOrder::Shuffled, 200), (9, LookupOrder::Reversed, 3)]
    {
        let account = Account::of(LIVE);
        account.sandbox.change_settings(|settings| {
            (settings.lookups.strangers, settings.lookups.order) = (strangers, order);
            settings.page_limit = page_limit;
        });
        counts(&account);
    }
}

#[test]
fn an_answer_that_is_short_is_read_again_and_then_not_believed() {
    let account = Account::of(LIVE);
    account.sandbox.change_settings(|settings| settings.lookups.short_page = true);
    account.desk.write("roster.csv", EVERYBODY);
    insta::assert_snapshot!(account.desk.run(&["apply", "--yes", "roster.csv"]).text());
    assert_eq!(writes(&account.sandbox), []);
}

#[test]
fn of_20_000_unknown_addresses_the_first_are_told_and_the_rest_counted() {
    let account = Account::of(LIVE);
    let mut roster = EVERYBODY.to_owned();
    for row in 0..20_000 {
        let _ = writeln!(roster, "Atlas,nobody{row}@firm.example,maven");
    }
    let ran = account.plan(&roster).ends_with(5);
    let lines = ran.stdout.lines().chain(ran.stderr.lines()).count();
    assert!(lines < 60, "{lines} lines");
    assert!(ran.stdout.contains("Invalid rows (20000)"), "{}", ran.text());
    assert!(ran.stdout.contains("… and 19980 more"), "{}", ran.text());
    assert!(ran.stderr.contains("error: 20000 roster rows are invalid"), "{}", ran.stderr);
    assert_eq!(ran.kept("rejected.csv").lines().count(), 20_002);
    // The account's list is shorter than 401 requests for 50 each.
    assert!(account.asked_for_people() < 10, "{}", account.asked_for_people());
    let ran = account.desk.run(&["check", "--online", "roster.csv"]).ends_with(3);
    let lines = ran.stdout.lines().chain(ran.stderr.lines()).count();
    assert!(lines < 60, "{lines} lines");
    let ran = account.desk.run(&["apply", "--yes", "roster.csv"]).ends_with(5);
    let lines = ran.stdout.lines().chain(ran.stderr.lines()).count();
    assert!(lines < 100, "{lines} lines: {}", ran.stderr);
}
