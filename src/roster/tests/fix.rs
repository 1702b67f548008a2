//! Repaired rosters: the same as before for all that was right, nobody else for what was wrong, and
//! nothing left to repair.

use std::path::Path;

use proptest::{collection::vec, prelude::*, sample::select};

use super::super::*;
use crate::model::{DesiredMembership, UserId, WorkspaceId};

fn settings() -> ReaderSettings {
    let words = [("Berater", "maven"), ("Kunde", "buyer")];
    let words = words.map(|(word, ours)| (word.to_owned(), ours.to_owned())).into();
    let values = Values::new(&[("role".to_owned(), words)].into()).expect("words");
    let ignore_columns = vec!["Remark".to_owned()];
    ReaderSettings { names: true, values, ignore_columns, ..ReaderSettings::default() }
}

fn parsed(text: &str) -> ParsedRoster {
    ParsedRoster::parse(text.as_bytes().to_vec(), Path::new("r.csv"), &settings())
        .expect("a roster")
}

/// Dana is 1 and Eve 2; Atlas is 100.
fn known() -> Known {
    let person = |address: &str, id| {
        (
            PersonRef::of_address(address).expect("one"),
            Meaning::One(UserId::new(id).expect("not 0")),
        )
    };
    let atlas = ProjectRef::of_title("Atlas").expect("a title");
    let project = Meaning::One(WorkspaceId::new(100).expect("not 0"));
    Known {
        people: [person("dana@firm.example", 1), person("eve@firm.example", 2)].into(),
        projects: [(atlas, project)].into(),
    }
}

fn fixed(text: &str) -> (Fixed, String) {
    let fixed = Fix::new(parsed(text)).expect("a place to mark rows").settle(&known());
    let fixed = fixed.expect("read again");
    let words = |of_line: &[RowProblem]| {
        of_line.iter().map(|one| one.message().to_string()).collect::<Vec<_>>().join("; ")
    };
    let mut out = Vec::new();
    fixed.write(words, &mut out).expect("memory");
    (fixed, String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn form_is_repaired_and_the_rest_is_marked_where_it_stands() {
    let text = "\u{feff}# kantata-sync: partial roster;;\r\nsep=;\r\n\
        project;email;role;starts_on;Remark\r\n\
        Atlas ;Dana <DANA@firm.example>;Berater;31.12.2026; \"as is\" \r\n\
        \r\n\
        Atlas;eve@firm.example;mavn;;\"two\r\nlines\"\r\n\
        Atlas;eve@firm.example;Consultant;01.02.2026;\r\n\
        Atlas;EVE@firm.example;CLIENT;;keep\r\n\
        Atlas;eve@firm.example\r\n";
    let (fixed, out) = fixed(text);
    insta::assert_snapshot!(out.replace('\r', "␍"));
    assert_eq!(fixed.repaired_rows(), 1);
    assert!(out.starts_with("\u{feff}# kantata-sync: partial roster;;\r\nsep=;\r\n"));
}

#[test]
fn a_right_roster_gets_no_column() {
    let text = "workspace_id,user_id,role\n100,1,maven\n";
    assert_eq!(fixed(text).1, text);
    let (_, out) = fixed("workspace_id,user_id,role,problem\n100,1,provider,old\n");
    assert_eq!(out, "workspace_id,user_id,role,problem\n100,1,maven,\n");
}

#[test]
fn a_repair_that_would_turn_against_a_right_row_is_not_made() {
    let head = "workspace_id,email,role,team_lead,ends_on\n";
    let right = "100,dana@firm.example,maven,true,\n";
    for wrong in [
        // Another word about the same person, and another lead of the same side.
        "100,Dana <dana@firm.example>,buyer,,\n",
        "100,Eve <eve@firm.example>,maven,true,\n",
    ] {
        let (fixed, out) = fixed(&format!("{head}{right}{wrong}"));
        assert_eq!(fixed.roster.desired.entries().len(), 1, "{out}");
        assert!(out.contains(&wrong.trim_end().replace(",\n", "")), "{out}");
        assert_eq!(fixed.repairs, [], "{out}");
    }
}

#[test]
fn a_column_that_the_configuration_reads_is_no_place_for_marks() {
    let columns = [("role".to_owned(), "Problem".to_owned())].into();
    let settings = ReaderSettings { columns, ..ReaderSettings::default() };
    let text = b"workspace_id,user_id,Problem\n1,7,maven\n".to_vec();
    let parsed = ParsedRoster::parse(text, Path::new("r.csv"), &settings).expect("a roster");
    assert!(Fix::new(parsed).is_none());
}

fn cell(cells: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(cells).prop_map(str::to_owned)
}

fn row() -> impl Strategy<Value = String> {
    let projects = cell(&["100", " 100", "Atlas", "100\u{a0}", "0100", "7.0", "Atlas\u{a0}", ""]);
    let people = cell(&[
        "1",
        "2 ",
        "dana@firm.example",
        "Dana <Dana@Firm.Example>",
        "EVE@firm.example",
        "mailto:eve@firm.example",
        "dana@firm.example eve@firm.example",
        "eve@firm.example <dana@firm.example>",
        "eve@firm.example\u{200b}",
        "01",
        "",
    ]);
    let roles =
        cell(&["maven", "Consultant", "client ", "Berater", " kunde", "mavn", "buyer\u{a0}"]);
    let levels = cell(&["", "admin", "Edit tasks", "VIEW-TASKS", "financial", " "]);
    let leads = cell(&["", "yes", "0", "x", "TRUE"]);
    let ends = cell(&["", "2026-12-31", "31.12.2026", "01.02.2026", "12/31/2026", "1999-01-01"]);
    let marks = cell(&["", "old", "a \"quoted\" one", "two\nlines"]);
    let end = cell(&["\n", "\n\n", ",\n", "\n,,\n"]);
    (projects, people, roles, levels, leads, (ends, marks, end)).prop_map(
        |(project, person, role, level, lead, (last, mark, end))| {
            let (id, title) = if project.starts_with('A') {
                (String::new(), project)
            } else {
                (project, String::new())
            };
            let (user, address) = if person.contains('@') {
                (String::new(), person)
            } else {
                (person, String::new())
            };
            let mark = mark.replace('"', "\"\"");
            format!("{id},{title},{user},{address},{role},{level},{lead},{last},\"{mark}\"{end}")
        },
    )
}

fn at(roster: &Roster, line: u64) -> Option<DesiredMembership> {
    let not_now = roster.desired.not_now().iter().map(|dated| &dated.entry);
    roster.desired.entries().iter().chain(not_now).find(|entry| entry.line == line).copied()
}

proptest! {
    #[test]
    fn fixed_rosters_are_the_same_for_what_was_right_and_nobody_else_for_what_was_wrong(
        rows in vec(row(), 1..12),
        has_mark in any::<bool>(),
    ) {
        let mark = if has_mark { "problem" } else { "Remark" };
        let head = "workspace_id,project,user_id,email,role,access_level,team_lead,ends_on";
        let text = format!("{head},{mark}\n{}", rows.concat());
        let words = |of_line: &[RowProblem]| of_line[0].message().to_string();
        let fix = |text: &str| {
            let fix = Fix::new(parsed(text)).expect("a place for marks");
            let fixed = fix.settle(&known()).expect("read again");
            let mut out = Vec::new();
            fixed.write(words, &mut out).expect("memory");
            (fixed, String::from_utf8(out).expect("UTF-8"))
        };
        let before = parsed(&text).settle(&known());
        let (fixed, out) = fix(&text);
        let after = parsed(&out).settle(&known());
        prop_assert_eq!(&fix(&out).1, &out, "repaired again");
        let lines = |roster: &Roster| roster.records().map(|row| row.line).collect::<Vec<_>>();
        prop_assert_eq!(lines(&before), lines(&after));
        let told = |roster: &Roster| roster.problems.iter().map(|one| one.line).collect::<Vec<_>>();
        prop_assert_eq!(told(&fixed.roster), told(&after), "{}", out);
        let another = |line| {
            after.records().find(|row| row.line == line).and_then(|row| match row.status {
                RecordStatus::RepeatOf(first) | RecordStatus::OtherPeriod(first) => at(&after, first),
                _ => None,
            })
        };
        for record in before.records() {
            let (line, was, is) = (record.line, at(&before, record.line), at(&after, record.line));
            let said = record.cells.iter().collect::<Vec<_>>().join(",").to_lowercase();
            match (record.status, is) {
                (RecordStatus::Invalid, Some(is)) => {
                    let name = if is.key.user.number() == 1 { "dana" } else { "eve" };
                    let own = is.key.user.number().to_string();
                    prop_assert!(said.contains(name) || record.cells[2].contains(&own), "{}", said);
                    prop_assert_eq!(is.key.workspace.number(), 100);
                }
                (RecordStatus::Invalid, None) => {}
                // A row of the same person that is repaired now decides, and says the same.
                (_, None) if was.is_some() && another(line).is_some() => {
                    let said = |one: DesiredMembership| (one.key, one.spec);
                    prop_assert_eq!(was.map(said), another(line).map(said), "{}\n{}", text, out);
                }
                _ => prop_assert_eq!(was, is, "line {}\n{}\n{}", line, text, out),
            }
        }
    }
}
