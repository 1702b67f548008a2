//! The reader as a whole: what rows mean together, and what holds for any input.

mod fix;
mod foreign;

use std::{collections::BTreeMap, fmt::Write, path::Path};

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::model::{
    AccessLevel, DesiredMembership, Fields, MembershipKey, MembershipSpec, Role, RoleId, UserId,
    WorkspaceId,
};

fn parse(text: &str) -> Result<Roster, RosterError> {
    parse_roster(text.as_bytes().to_vec(), Path::new("r.csv"), &ReaderSettings::default())
}

fn roster(text: &str) -> Roster {
    parse(text).unwrap_or_else(|error| panic!("{error}: {:?}", error.messages()))
}

fn lines(roster: &Roster) -> Vec<u64> {
    roster.desired.entries().iter().map(|entry| entry.line).collect()
}

#[test]
fn contradicting_rows_are_both_invalid_and_name_each_other() {
    let roster = roster("workspace_id,user_id,role\n1,7,maven\n1,8,maven\n1,7,buyer\n");
    assert_eq!(lines(&roster), [3]);
    let told: Vec<_> = roster.problems.iter().map(|one| (one.line, &one.expected)).collect();
    assert_eq!(
        told,
        [
            (2, &Expected::SameAs { line: 4, file: None }),
            (4, &Expected::SameAs { line: 2, file: None })
        ]
    );
    let project = WorkspaceId::new(1).expect("not 0");
    assert_eq!(roster.desired.freeze.lines(project), [2, 4]);
}

#[test]
fn of_many_equal_rows_the_first_one_stays() {
    let mut text = "workspace_id,user_id,role\n".to_owned();
    for row in 0..600_u64 {
        let _ = writeln!(text, "1,{},maven", 1 + row * 7 % 10);
    }
    let roster = roster(&text);
    assert!(lines(&roster).iter().all(|line| *line < 12), "{:?}", lines(&roster));
    assert_eq!(roster.warnings.len(), 590);
    for RosterWarning::Repeated { line, first, .. } in &roster.warnings {
        assert!(*first < 12 && first < line, "line {line} is said to repeat line {first}");
    }
    assert!(roster.warnings.is_sorted_by(|a, b| a.line() < b.line()));
}

#[test]
fn two_leads_on_one_side_are_invalid_and_a_repeated_one_is_not() {
    let head = "workspace_id,user_id,role,team_lead\n";
    let two = roster(&format!("{head}1,7,maven,yes\n1,8,maven,yes\n1,9,buyer,yes\n2,8,maven,1\n"));
    assert_eq!(lines(&two), [4, 5]);
    let repeated = roster(&format!("{head}1,7,maven,yes\n1,7,provider,1\n"));
    assert_eq!((repeated.problems.len(), repeated.warnings.len()), (0, 1));
    assert_eq!(lines(&repeated), [2]);
}

#[test]
fn the_project_of_an_invalid_row_stays_in_scope() {
    let roster = roster("workspace_id,user_id,role\n5,x,maven\n6,1,maven\ny,1,maven\n");
    let projects: Vec<u64> = roster.desired.workspaces.iter().map(|one| one.number()).collect();
    assert_eq!(projects, [5, 6]);
    assert_eq!(roster.desired.freeze.everywhere, [4]);
}

#[test]
fn a_roster_of_invalid_rows_only_is_not_a_roster_without_rows() {
    let invalid = roster("workspace_id,user_id,role\nx,y,z\n");
    assert_eq!((invalid.rows, invalid.invalid_rows(), invalid.problems.len()), (1, 1, 3));
    assert!(parse("workspace_id,user_id,role\n").is_err());
}

#[test]
fn who_demands_valid_rows_takes_no_invalid_one() {
    let read = |text: &str| parse_roster(text.into(), Path::new("r.csv"), &Default::default());
    let strict = |text: &str| read(text).expect("a roster").demand_valid_rows();
    let error = strict("workspace_id,user_id,role\n1,7,maven\n1,8,boss\n").expect_err("strict");
    assert!(matches!(&error, RosterError::Invalid { messages, .. } if messages.len() == 1));
    assert!(error.messages()[0].starts_with("r.csv:3: role: `boss`: expected "));
    assert!(strict("workspace_id,user_id,role\n1,7,maven\n1,7,maven\n").is_ok());
}

#[test]
fn other_delimiters_are_read_when_told() {
    for delimiter in Delimiter::ALL {
        let settings = ReaderSettings { delimiter, ..ReaderSettings::default() };
        let text = "workspace_id,user_id,role\n1,7,maven\n";
        let text = text.replace(',', &char::from(delimiter.byte()).to_string());
        let roster = parse_roster(text.into_bytes(), Path::new("r.csv"), &settings);
        assert_eq!(lines(&roster.expect("sound")), [2], "{delimiter}");
    }
}

#[test]
fn the_original_rows_can_be_read_again_with_their_fate() {
    let text = "# kantata-sync: partial roster\r\nUser_ID,workspace_id,role,reason\r\n\
        7, 1,maven,\"two\r\nlines\"\r\n\r\n7,1,provider,\r\n8,1\r\n8,1,boss,\"a,b\"\r\n";
    let roster = roster(text);
    assert_eq!(roster.header(), ["User_ID", "workspace_id", "role", "reason"]);
    let records: Vec<RosterRecord> = roster.records().collect();
    let fates: Vec<_> = records.iter().map(|record| (record.line, record.status)).collect();
    assert_eq!(
        fates,
        [
            (3, RecordStatus::Valid),
            (6, RecordStatus::RepeatOf(3)),
            (7, RecordStatus::Invalid),
            (8, RecordStatus::Invalid),
        ]
    );
    assert_eq!(records[0].cells, vec!["7", " 1", "maven", "two\r\nlines"]);
    assert_eq!(records[2].cells, vec!["8", "1"]);
    assert_eq!(records[2].key, None);
    assert_eq!(records[3].key.map(|key| key.user.number()), Some(8));
    assert_eq!((roster.rows, roster.blank_lines), (4, 1));
}

#[test]
fn rows_of_values_are_the_records_that_their_text_would_be() {
    let row = |user: u64, rate_in_cents| RosterRow {
        key: MembershipKey {
            workspace: WorkspaceId::new(1).expect("not 0"),
            user: UserId::new(user).expect("not 0"),
        },
        role: Role::Maven,
        fields: Fields { rate_in_cents, ..Fields::default() },
        dates: RowDates::default(),
    };
    let rows = [row(7, None), row(8, Some(-5))];
    let names = [("user_id".to_owned(), "Kantata, ID".to_owned())].into();
    let made = Roster::of_rows(Path::new("made.csv"), &rows, &names);
    let mut text = Vec::new();
    write_roster(
        &rows,
        None,
        RosterForm { delimiter: b',', names: &names, called: None, filter: &Where::default() },
        &mut text,
    )
    .expect("memory");
    let settings = ReaderSettings { columns: names, ..ReaderSettings::default() };
    let read = parse_roster(text, Path::new("made.csv"), &settings).expect("sound");
    assert_eq!(made.header(), read.header());
    assert!(made.records().eq(read.records()));
    assert_eq!((made.rows, made.desired.entries().len()), (2, 0));
}

#[test]
fn a_problem_says_its_line_once_and_apart_from_the_words() {
    let roster = roster("workspace_id,user_id,role\n1,2: role,maven\n");
    let problem = &roster.problems[0];
    assert_eq!(problem.to_string(), format!("2: {}", problem.message()));
    assert!(problem.message().to_string().starts_with("user_id: `2: role`: expected "));
}

/// Keys are spread so that some collide; one lead a side at most is seen to by `valid`.
fn membership() -> impl Strategy<Value = (MembershipKey, MembershipSpec)> {
    let flags = (option::of(any::<bool>()), option::of(any::<bool>()), option::of(any::<bool>()));
    let numbers = (option::of(1..=u64::MAX), option::of(any::<i64>()), option::of(any::<i64>()));
    let level = option::of(prop::sample::select(AccessLevel::ALL.to_vec()));
    let lead = option::of(any::<bool>());
    (1..20_u64, 1..=u64::MAX, any::<bool>(), level, lead, flags, numbers).prop_map(
        |(workspace, user, buyer, access_level, team_lead, flags, numbers)| {
            let workspace = WorkspaceId::new(workspace).expect("not 0");
            let key = MembershipKey { workspace, user: UserId::new(user).expect("not 0") };
            let fields = Fields {
                access_level,
                team_lead,
                can_invite: flags.0,
                can_schedule_their_hours: flags.1,
                can_schedule_team_hours: flags.2,
                workspace_role_id: numbers
                    .0
                    .and_then(|number| RoleId::new(number & (u64::MAX >> 1))),
                rate_in_cents: numbers.1,
                cost_in_cents: numbers.2,
                tagged: None,
            };
            let role = if buyer { Role::Buyer } else { Role::Maven };
            (key, MembershipSpec { role, fields })
        },
    )
}

/// Memberships that no rule forbids, by key.
fn valid() -> impl Strategy<Value = Vec<(MembershipKey, MembershipSpec)>> {
    vec(membership(), 1..40).prop_map(|all| {
        let mut led = std::collections::BTreeSet::new();
        let unique: BTreeMap<_, _> = all.into_iter().collect();
        let mut rows: Vec<_> = unique.into_iter().collect();
        for (key, spec) in &mut rows {
            let leads = spec.fields.team_lead == Some(true);
            if leads && !led.insert((key.workspace, spec.role)) {
                spec.fields.team_lead = Some(false);
            }
        }
        rows
    })
}

fn render(rows: &[(MembershipKey, MembershipSpec)]) -> String {
    let names: Vec<&str> = Column::all().map(Column::name).collect();
    let mut text = names.join(",") + "\n";
    for (key, MembershipSpec { role, fields }) in rows {
        let cells = Column::all().map(|column| match column {
            Column::WorkspaceId => key.workspace.to_string(),
            Column::UserId => key.user.to_string(),
            Column::Role => role.to_string(),
            Column::StartsOn | Column::EndsOn => String::new(),
            Column::Field(field) => fields.value(field).map_or(String::new(), |it| it.to_string()),
        });
        text += &(cells.collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

fn without_lines(roster: &Roster) -> Vec<(MembershipKey, MembershipSpec)> {
    roster.desired.entries().iter().map(|entry| (entry.key, entry.spec)).collect()
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse_roster(bytes, Path::new("r.csv"), &ReaderSettings::default());
    }

    #[test]
    fn every_row_of_any_text_has_exactly_one_fate(
        body in "([0-9\",\r\n x]|maven|1,2,maven\r?\n|1,2,maven,yes\n){0,60}"
    ) {
        let text = format!("workspace_id,user_id,role,team_lead\n{body}");
        if let Ok(roster) = parse(&text) {
            let records: Vec<RosterRecord> = roster.records().collect();
            prop_assert_eq!(records.len(), roster.rows);
            prop_assert!(records.is_sorted_by(|a, b| a.line < b.line));
            let valid = |one: &&RosterRecord| one.status == RecordStatus::Valid;
            prop_assert_eq!(records.iter().filter(valid).count(), roster.desired.entries().len());
            for problem in &roster.problems {
                let fate = records.iter().find(|record| record.line == problem.line);
                prop_assert_eq!(fate.map(|record| record.status), Some(RecordStatus::Invalid));
            }
        }
    }

    #[test]
    fn what_is_written_is_read_back(rows in valid()) {
        let roster = roster(&render(&rows));
        prop_assert_eq!(&roster.problems, &[]);
        let expected: Vec<DesiredMembership> = (2..)
            .zip(&rows)
            .map(|(line, (key, spec))| DesiredMembership { key: *key, spec: *spec, line })
            .collect();
        prop_assert_eq!(roster.desired.entries(), expected);
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        rows in vec(membership(), 1..40), seed in any::<u64>()
    ) {
        // Few people, so that rows repeat, contradict and compete for the lead.
        let mut rows: Vec<_> = rows.into_iter().map(|(key, spec)| {
            let user = UserId::new(key.user.number() % 3 + 1).expect("not 0");
            (MembershipKey { user, ..key }, spec)
        }).collect();
        let before = roster(&render(&rows));
        fastrand::Rng::with_seed(seed).shuffle(&mut rows);
        let after = roster(&render(&rows));
        prop_assert_eq!(without_lines(&before), without_lines(&after));
        prop_assert_eq!(before.invalid_rows(), after.invalid_rows());
        prop_assert_eq!(&before.desired.workspaces, &after.desired.workspaces);
    }
}
