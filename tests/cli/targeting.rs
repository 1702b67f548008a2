//! A part of a plan: `--workspace`, `--user`, `--only`, `--first`. It does nothing that the whole would
//! not do, is told apart from it, and says nothing of who is missing.

use std::fmt::Write as _;

use kantata_sync::{
    plan::Outside,
    sandbox::{
        RequestKind::{Create, Delete, List, Update},
        Sandbox,
    },
};

use crate::harness::{Desk, LIVE, ROSTER, Ran, Server, sandbox, writes};

/// Ben (11) takes over from Ada (10), who goes.
const HANDOVER: &str = "\
workspace_id,user_id,role,team_lead
100,1,maven,
100,11,maven,true
100,12,maven,
100,13,buyer,
";

struct Account {
    sandbox: Sandbox,
    desk: Desk,
    _server: Server,
}

impl Account {
    fn new() -> Self {
        Self::of(LIVE)
    }

    fn of(live: &str) -> Self {
        let sandbox = sandbox(live);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        Self { sandbox, desk, _server: server }
    }

    fn with(self, key: &str, value: &str) -> Self {
        Self { desk: self.desk.with(key, value), ..self }
    }

    fn roster(self, text: &str) -> Self {
        self.desk.write("roster.csv", text);
        self
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let (command, flags) = arguments.split_first().expect("a command");
        self.desk.run(&[&[*command, "roster.csv"], flags].concat())
    }

    fn listings(&self) -> usize {
        self.sandbox.log().iter().filter(|entry| entry.kind == List).count()
    }

    fn is_there(&self, project: u64, user: u64) -> bool {
        !self.sandbox.world().of(project, user).is_empty()
    }
}

/// The actions of a plan: class, project, person.
fn actions(ran: &Ran) -> Vec<String> {
    let report = ran.report();
    let planned = report.entries.iter().filter(|entry| entry.fate.is_none());
    let words = planned.map(|entry| {
        let class = entry.change.as_ref().map_or("?", |change| change.word());
        format!("{class} {}/{}", entry.key.workspace, entry.key.user)
    });
    words.collect()
}

fn planned(account: &Account, flags: &[&str]) -> Vec<String> {
    let ran = account.run(&[&["plan", "--format", "json"], flags].concat());
    actions(&ran)
}

fn outside(ran: &Ran) -> (usize, usize, usize) {
    let Outside { projects, users, only } = ran.report().narrowed.expect("a part").outside;
    (projects, users, only)
}

#[test]
fn a_part_is_shown_in_the_head_of_every_form_and_lists_nothing_else() {
    let account = Account::new();
    let ran = account.run(&["plan", "--workspace", "100", "--only", "creates,updates"]);
    insta::assert_snapshot!(ran.text());
    let log = account.sandbox.log();
    assert!(log.iter().all(|entry| entry.kind != List || entry.path.contains("100")), "{log:?}");
    let said =
        "--workspace 100 --only creates,updates; 1 action outside --only; 1 project not looked at";
    for form in ["text", "markdown", "html"] {
        let flags = ["plan", "--workspace", "100", "--only", "creates,updates", "--format", form];
        let ran = account.run(&flags).ends_with(0);
        let shown = ran.stdout.replace("\\-", "-");
        assert!(shown.contains(said), "{form}: {shown}");
        assert!(!shown.contains("Cleo") && !shown.contains("Ivo"), "{form}: {shown}");
    }
    let flags = ["plan", "--workspace", "100", "--only", "creates,updates", "--format", "json"];
    let ran = account.run(&flags).ends_with(0);
    assert_eq!(actions(&ran), ["create 100/31", "update 100/11"]);
    assert_eq!(outside(&ran), (1, 0, 1));
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(
        json["narrowed"],
        serde_json::json!({
            "by": { "workspaces": [100], "only": ["creates", "updates"] },
            "outside": { "projects": 1, "users": 0, "only": 1 },
        })
    );
    let shown = account.desk.run(&["show", &ran.run(), "--format", "json", "-q"]);
    assert_eq!(shown.report(), ran.report());
    insta::assert_snapshot!("rows_outside_say_so", ran.steady(&ran.kept("results.csv")));
}

#[test]
fn each_flag_leaves_the_rest_of_the_plan_out() {
    let account = Account::new();
    let whole = ["create 100/31", "create 200/32", "update 100/11", "delete 100/12"];
    assert_eq!(planned(&account, &[]), whole);
    for (flags, left) in [
        (&["--workspace", "200"][..], &["create 200/32"][..]),
        (&["--workspace", "100,200"], &whole),
        (&["--workspace", "100", "--workspace", "200"], &whole),
        (&["--workspace", "Borealis"], &["create 200/32"]),
        (&["--user", "ivo@firm.example"], &["create 200/32"]),
        (&["--user", "12"], &["delete 100/12"]),
        (&["--user", "CLEO@firm.example,31"], &["create 100/31", "delete 100/12"]),
        (&["--user", "22"], &[]),
        (&["--only", "deletes"], &["delete 100/12"]),
        (&["--only", "updates,creates"], &["create 100/31", "create 200/32", "update 100/11"]),
        (&["--first", "1"], &["create 100/31", "update 100/11", "delete 100/12"]),
        (&["--first", "1", "--only", "creates", "--user", "32"], &["create 200/32"]),
        (&["--first", "4"], &whole),
    ] {
        assert_eq!(planned(&account, flags), left, "{flags:?}");
    }
}

/// So many projects with Priya and Ada on each, and so many people who are to come to each.
fn wide(projects: u64, joins: u64) -> (String, String) {
    let mut live =
        "workspace_id,project,user_id,name,email,token,role,access_level,team_lead\n".to_owned();
    let mut roster = "workspace_id,user_id,role\n".to_owned();
    for project in 1..=projects {
        let token = if project == 1 { "Priya Raman,priya@firm.example,true" } else { ",," };
        writeln!(live, "{project},P{project},1,{token},maven,admin,").expect("text");
        writeln!(roster, "{project},1,maven").expect("text");
        for person in 100..100 + joins {
            writeln!(roster, "{project},{person},maven").expect("text");
        }
    }
    for person in 100..100 + joins {
        writeln!(live, ",,{person},Person {person},p{person}@firm.example,,,,").expect("text");
    }
    (live, roster)
}

#[test]
fn a_canary_lists_only_what_it_must() {
    let (live, roster) = wide(40, 60);
    for (first, listings) in [("1", 1), ("50", 1), ("60", 1), ("61", 2), ("121", 3), ("9999", 40)] {
        let account = Account::of(&live).roster(&roster);
        let ran = account.run(&["plan", "--first", first, "--format", "json"]).ends_with(0);
        assert_eq!(account.listings(), listings, "--first {first}");
        // Whole projects of 60 actions until there are as many; besides, who the token is, the
        // projects by 100, and the names of the 60 newcomers by 200.
        let whole = first.parse::<usize>().expect("a number").div_ceil(60).min(40);
        let requests = account.sandbox.log().len();
        assert!(requests <= whole + 3, "--first {first}: {requests} requests");
        assert_eq!(ran.report().counts.creates, 60 * listings, "whole projects");
        assert_eq!(outside(&ran).0, 40 - listings);
    }
    let account = Account::of(&live).roster(&roster);
    account.run(&["apply", "--yes", "--first", "50"]).ends_with(0);
    assert!(account.is_there(1, 159) && !account.is_there(2, 100));
    let before = account.listings();
    account.run(&["plan", "--first", "50"]).ends_with(0);
    assert_eq!(account.listings() - before, 2, "the first is in sync, the second needs 60");
}

#[test]
fn what_is_nowhere_is_wrong_usage_and_named() {
    let account = Account::new();
    for (flags, said) in [
        (&["--workspace", "999"][..], "project 999 is neither in the roster nor in"),
        (&["--workspace", "Atlantis"], "`Atlantis`: expected the id of a project, or a name that"),
        (&["--user", "4711"], "user 4711 is neither in the roster nor on a project"),
        (
            &["--user", "nobody@firm.example"],
            "`nobody@firm.example` is nobody whom the account knows",
        ),
        (&["--user", "Ada"], "`Ada` is neither a person's id nor an address"),
        (&["--only", "everything"], "expected `creates`, `updates` or `deletes`"),
        (&["--first", "0"], "--first"),
    ] {
        for command in [&["plan"][..], &["apply", "--yes"]] {
            let ran = account.run(&[command, flags].concat()).ends_with(2);
            assert!(
                ran.stderr.contains(said) && ran.stdout.is_empty(),
                "{flags:?}: {}",
                ran.text()
            );
        }
    }
    assert_eq!(writes(&account.sandbox), []);
    // Hana is on no project, and the roster names them.
    account.run(&["plan", "--user", "31"]).ends_with(0);
    let account = Account::new();
    account.run(&["plan", "--workspace", "999"]).ends_with(2);
    assert_eq!(account.sandbox.log().len(), 0, "nothing is asked");
}

#[test]
fn an_apply_of_a_part_does_that_and_no_more_and_can_be_undone() {
    let account = Account::new();
    let ran = account.run(&["apply", "--yes", "--only", "creates", "--workspace", "100"]);
    let ran = ran.ends_with(0);
    assert_eq!(writes(&account.sandbox), [(Create, 1)]);
    account.desk.run(&["undo", &ran.run(), "--yes"]).ends_with(0);
    assert_eq!(writes(&account.sandbox), [(Create, 1), (Delete, 0)]);
    account.run(&["apply", "--yes", "--user", "12"]).ends_with(0);
    assert!(!account.is_there(100, 12) && !account.is_there(100, 31));
    account.run(&["apply", "--yes"]).ends_with(0);
    assert!(account.is_there(100, 31) && account.is_there(200, 32));
}

#[test]
fn only_the_part_that_was_looked_at_is_applied() {
    let account = Account::new();
    let digest = |flags: &[&str]| {
        let ran = account.run(&[&["plan", "--format", "json"], flags].concat()).ends_with(0);
        ran.report().digest.expect("a plan").to_string()
    };
    // The part has all that the whole has, and is another plan.
    let part = digest(&["--workspace", "100,200"]);
    assert_ne!(part, digest(&[]));
    let ran = account.run(&["apply", "--yes", "--plan", &part]).ends_with(4);
    assert!(ran.stderr.contains("the plan computed now is"), "{}", ran.text());
    account.run(&["plan", "--first", "1", "--output", "plan.json"]).ends_with(0);
    let ran = account.run(&["apply", "--yes", "--plan", "plan.json"]).ends_with(4);
    let said = "the plan is of --first 1, and the one computed now of the whole plan";
    assert!(ran.stderr.contains(said), "{}", ran.text());
    assert_eq!(writes(&account.sandbox), []);
    account.run(&["apply", "--yes", "--plan", "plan.json", "--first", "1"]).ends_with(0);
    assert!(!account.is_there(100, 12) && !account.is_there(200, 32));
    let rest = digest(&["--user", "ivo@firm.example,32"]);
    account.run(&["apply", "--yes", "--user", "32", "--plan", &rest]).ends_with(0);
    assert!(account.is_there(200, 32));
}

#[test]
fn a_part_counts_for_no_absence_and_changes_nothing_that_is_remembered() {
    let account = Account::new().with("KANTATA_SYNC_DELETE_AFTER_RUNS", "2");
    let part = ["apply", "--yes", "--workspace", "100"];
    for _ in 0..3 {
        let ran = account.run(&part).ends_with(0);
        assert!(ran.stdout.contains("missing from the roster for 0 of 2 runs"), "{}", ran.text());
    }
    account.run(&["apply", "--yes"]).ends_with(0);
    let ran = account.run(&part).ends_with(0);
    assert!(ran.stdout.contains("missing from the roster for 1 of 2 runs"), "{}", ran.text());
    assert!(account.is_there(100, 12), "one whole run so far");
    // A mention ends an absence, whichever part is looked at.
    let account = account.roster(&format!("{ROSTER}100,12,maven,\n"));
    account.run(&["apply", "--yes", "--workspace", "200"]).ends_with(0);
    let account = account.roster(ROSTER);
    account.run(&["apply", "--yes"]).ends_with(0);
    assert!(account.is_there(100, 12), "missing once since it was named");
    account.run(&["apply", "--yes"]).ends_with(0);
    assert!(!account.is_there(100, 12));
}

#[test]
fn a_part_neither_says_nor_learns_that_a_project_left_the_roster() {
    let account = Account::new();
    account.run(&["apply", "--yes"]).ends_with(0);
    let ran = account.run(&["apply", "--yes", "--workspace", "100"]).ends_with(0);
    assert!(!ran.text().contains("left the roster"), "{}", ran.text());
    let fewer: String = ROSTER
        .lines()
        .filter(|line| !line.starts_with("200"))
        .fold(String::new(), |text, line| text + line + "\n");
    let account = account.roster(&fewer);
    let ran = account.run(&["apply", "--yes", "--first", "1"]).ends_with(0);
    assert!(!ran.text().contains("left the roster"), "{}", ran.text());
    let ran = account.run(&["plan"]).ends_with(0);
    assert!(ran.text().contains("left the roster"), "{}", ran.text());
}

#[test]
fn a_lead_goes_only_with_a_successor_who_is_in_the_part_too() {
    let account = Account::new().roster(HANDOVER);
    assert_eq!(planned(&account, &[]), ["update 100/11", "delete 100/10"]);
    for flags in [&["--only", "deletes"][..], &["--user", "10"], &["--user", "11"]] {
        let ran = account.run(&[&["apply", "--yes"], flags].concat()).ends_with(0);
        assert!(ran.stdout.contains("outside the part of the plan"), "{flags:?}: {}", ran.text());
    }
    assert_eq!(writes(&account.sandbox), []);
    account.run(&["apply", "--yes", "--user", "10,11"]).ends_with(0);
    let wrote: Vec<_> = writes(&account.sandbox).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(wrote.first(), Some(&Update));
    assert_eq!(wrote.last(), Some(&Delete));
    assert!(!account.is_there(100, 10));
}

#[test]
fn no_part_lets_pass_what_the_guard_withholds_of_the_whole() {
    let account = Account::new().with("KANTATA_SYNC_GUARD__MAX_DELETES", "1");
    let account = account.roster(&ROSTER.replace("100,13,buyer,\n", ""));
    account.run(&["plan"]).ends_with(4);
    let ran = account.run(&["apply", "--yes", "--user", "12"]).ends_with(4);
    assert!(account.is_there(100, 12), "{}", ran.text());
    let list = ran.kept("withheld-deletes.csv");
    assert!(list.contains("delete,100,Atlas,12,") && !list.contains(",13,"), "{list}");
    // What is not asked for is not withheld either.
    account.run(&["plan", "--only", "creates,updates"]).ends_with(0);
    account.desk.write("approved.csv", &list);
    let flags = ["apply", "--yes", "--user", "12", "--approve-deletes", "approved.csv"];
    account.run(&flags).ends_with(0);
    assert!(!account.is_there(100, 12) && account.is_there(100, 13));
}

#[test]
fn a_roster_of_titles_and_addresses_is_narrowed_by_them() {
    let account = Account::new().roster(
        "project,email,role\n\
         Atlas,priya@firm.example,maven\n\
         Atlas,ada@firm.example,maven\n\
         Atlas,hana@firm.example,maven\n\
         Borealis,priya@firm.example,maven\n\
         Borealis,eva@firm.example,maven\n\
         Borealis,finn@firm.example,maven\n\
         Borealis,hana@firm.example,maven\n",
    );
    let flags = ["--workspace", "Borealis", "--user", "hana@firm.example"];
    assert_eq!(planned(&account, &flags), ["create 200/31"]);
    assert_eq!(account.listings(), 1);
    let ran = account.run(&["plan", "--workspace", "Boreal"]).ends_with(2);
    assert!(ran.stderr.contains("`Boreal`"), "{}", ran.text());
}

#[test]
fn a_partial_roster_stays_partial_and_an_invalid_row_freezes_in_a_part_too() {
    let account = Account::new().roster(&format!("# kantata-sync: partial roster\n{ROSTER}"));
    assert_eq!(planned(&account, &["--only", "deletes"]), [""; 0]);
    let account = account.roster(&format!("{ROSTER}100,14,mavne,\n"));
    let ran = account.run(&["apply", "--yes", "--user", "12"]).ends_with(5);
    assert!(account.is_there(100, 12), "{}", ran.text());
}
