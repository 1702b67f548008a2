//! The tables: `results.csv` (also `--format csv`), `rejected.csv` and `withheld-deletes.csv`.
//!
//! Cells that people read are made harmless for spreadsheets and terminals; the roster's cells in
//! `rejected.csv`, which is fed back, stay as they were. Knows no file and no other renderer, and
//! reads none of these tables.

use std::{
    borrow::Borrow,
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    OriginalRow, ReportEntry, RowStatus, RunReport, escape::cell, escape::visible, loss, part,
    reason, words,
};
use crate::{
    model::{MembershipKey, NotNow, Outcome, Participation, line_words},
    plan::{Change, WorkspaceState},
    roster::{ReasonedRows, RosterHeader},
};

/// The columns of `results.csv`, before the roster's own, which follow as `roster.NAME`.
pub const RESULT_COLUMNS: [&str; 12] = [
    "line",
    "action",
    "change",
    "outcome",
    "reason",
    "workspace_id",
    "user_id",
    "participation_id",
    "project",
    "name",
    "request_id",
    "reason_code",
];

/// The columns of `withheld-deletes.csv`, below its three lines of `# name: value`.
pub const WITHHELD_COLUMNS: [&str; 8] =
    ["action", "workspace_id", "project", "user_id", "name", "role", "participation_id", "reason"];

/// How long an approval that is made of `withheld-deletes.csv` is good for.
const APPROVAL_HOURS: i64 = 24;

/// The entries of each membership, the worst first, as far as no roster line has taken them.
struct Index<'a> {
    report: &'a RunReport,
    entries: BTreeMap<MembershipKey, Vec<&'a ReportEntry>>,
}

impl<'a> Index<'a> {
    fn new(report: &'a RunReport) -> Self {
        let mut entries: BTreeMap<MembershipKey, Vec<&ReportEntry>> = BTreeMap::new();
        for entry in &report.entries {
            entries.entry(entry.key).or_default().push(entry);
        }
        for of_one in entries.values_mut() {
            of_one.sort_by_key(|entry| Reverse(entry.fate.as_ref().map(|fate| fate.outcome)));
        }
        Self { report, entries }
    }

    /// The fate of a valid row that no action concerns, and why: in a code and in words.
    fn without_action(&self, key: MembershipKey) -> (&'static str, &'static str, String) {
        let report = self.report;
        if part::leaves_out(report, key) {
            let words =
                format!("not in the part of the plan that was asked for: {}", part::words(report));
            return ("outside", "outside", words);
        }
        match report.projects.get(&key.workspace).map(|project| &project.state) {
            Some(WorkspaceState::Unreadable { reason }) => {
                let words = reason::unreadable(reason);
                ("not reached", reason.into(), format!("the project is unreadable: {words}"))
            }
            Some(WorkspaceState::Archived) => {
                ("held", "archived", "the project is archived".to_owned())
            }
            Some(WorkspaceState::Listed { .. }) if report.digest.is_some() => {
                ("in sync", "", String::new())
            }
            _ => ("not reached", "no_plan", format!("no plan was made: {}", words::ending(report))),
        }
    }
}

/// One line of `results.csv`.
#[derive(Default)]
struct Record<'a> {
    line: Option<u64>,
    key: Option<MembershipKey>,
    entry: Option<&'a ReportEntry>,
    outcome: &'static str,
    code: &'static str,
    reason: String,
    cells: &'a [String],
}

/// Writes `results.csv`: every roster line and every action once. A line with several actions
/// stands with the worst of them; the others follow directly below, with the same ids, their
/// `line` and `roster.` cells empty. What the roster does not name stands at the end, and of that
/// what is to be deleted last.
///
/// Cells that a row has beyond the header are left out here, and kept in `rejected.csv`.
///
/// # Errors
/// What the writer returns.
pub fn results<R: Borrow<OriginalRow>>(
    report: &RunReport,
    header: &[String],
    rows: impl IntoIterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut index = Index::new(report);
    let mut table = ::csv::Writer::from_writer(out);
    let names = header.iter().map(|name| format!("roster.{}", visible(name)));
    table.write_record(RESULT_COLUMNS.into_iter().map(str::to_owned).chain(names))?;
    for row in rows {
        for record in of_row(&mut index, row.borrow()) {
            write_result(&mut table, report, &record, header.len())?;
        }
    }
    let is_left = |entry: &&ReportEntry| index.entries.contains_key(&entry.key);
    let mut left: Vec<&ReportEntry> = report.entries.iter().filter(is_left).collect();
    left.sort_by_key(|entry| loss::is_to_be_destroyed(entry));
    for entry in left {
        let record = Record { line: entry.line, ..of_entry(entry) };
        write_result(&mut table, report, &record, header.len())?;
    }
    table.flush()
}

fn of_row<'a: 'r, 'r>(index: &mut Index<'a>, row: &'r OriginalRow) -> Vec<Record<'r>> {
    let OriginalRow { line, cells, status } = row;
    let own = Record { line: Some(*line), cells, ..Record::default() };
    let (outcome, code, reason, key) = match status {
        RowStatus::Invalid(reason) => ("invalid", "invalid_row", reason.clone(), None),
        RowStatus::DuplicateOf(first) => (
            "duplicate",
            "duplicate_row",
            format!("says the same as line {}", line_words(*first)),
            None,
        ),
        RowStatus::OtherPeriod(line) => {
            let reason = format!("line {} says what holds on this day", line_words(*line));
            ("other period", "other_period", reason, None)
        }
        RowStatus::Valid(key) | RowStatus::NotNow(key, _) => match index.entries.remove(key) {
            Some(entries) => return of_entries(&entries, own),
            None => {
                let (outcome, code, reason) = index.without_action(*key);
                let (code, reason) = match status {
                    RowStatus::NotNow(_, why) if code.is_empty() => not_now(why),
                    _ => (code, reason),
                };
                (outcome, code, reason, Some(*key))
            }
        },
    };
    vec![Record { outcome, code, reason, key, ..own }]
}

fn not_now(why: &NotNow) -> (&'static str, String) {
    let code = match why {
        NotNow::Ended { .. } => "ended",
        NotNow::NotYet { .. } => "not_yet",
    };
    (code, why.to_string())
}

/// The first entry, which is the worst, stands for the line; the others follow it.
fn of_entries<'r>(entries: &[&'r ReportEntry], own: Record<'r>) -> Vec<Record<'r>> {
    let mut records: Vec<_> = entries.iter().map(|entry| of_entry(entry)).collect();
    if let Some(first) = records.first_mut() {
        first.line = own.line;
        first.cells = own.cells;
    }
    records
}

fn of_entry(entry: &ReportEntry) -> Record<'_> {
    Record {
        line: None,
        key: Some(entry.key),
        entry: Some(entry),
        outcome: words::outcome(entry),
        code: reason::entry_code(entry),
        reason: reason::of_entry(entry),
        cells: &[],
    }
}

fn write_result<W: Write>(
    table: &mut ::csv::Writer<W>,
    report: &RunReport,
    record: &Record<'_>,
    roster_columns: usize,
) -> io::Result<()> {
    let Record { line, key, entry, outcome, code, reason, cells } = record;
    let text = |value: Option<String>| value.unwrap_or_default();
    let fate = entry.and_then(|entry| entry.fate.as_ref());
    let planned = entry.and_then(|entry| entry.change.as_ref()).and_then(Change::participation);
    let participation = fate.and_then(|fate| fate.participation).or(planned);
    let own = [
        text(line.map(|line| line_words(line).to_string())),
        entry.map_or("", words::action).to_owned(),
        text(entry.map(words::change)),
        (*outcome).to_owned(),
        cell(reason).into_owned(),
        text(key.map(|key| key.workspace.to_string())),
        text(key.map(|key| key.user.to_string())),
        text(participation.map(|id| id.to_string())),
        text(key.map(|key| cell(words::title(report, key.workspace)).into_owned())),
        text(key.map(|key| cell(name(report, key)).into_owned())),
        text(fate.and_then(|fate| fate.request_id.as_deref()).map(|id| cell(id).into_owned())),
        (*code).to_owned(),
    ];
    let none = String::new();
    let padded = cells.iter().chain(std::iter::repeat(&none)).take(roster_columns);
    let shown = padded.map(|text| cell(text).into_owned());
    Ok(table.write_record(own.into_iter().chain(shown))?)
}

fn name(report: &RunReport, key: MembershipKey) -> &str {
    report.people.get(&key.user).map_or("", String::as_str)
}

/// Writes `rejected.csv`: rows that are invalid or have an action that was rejected, failed, is in
/// doubt or lost, as they stood, with the reason in the column `reason` (the roster's own if it has
/// one). Marked as a partial roster, in the roster's delimiter, UTF-8. Returns how many rows it has.
///
/// # Errors
/// What the writer returns.
pub fn rejected<R: Borrow<OriginalRow>>(
    report: &RunReport,
    header: &RosterHeader<'_>,
    rows: impl IntoIterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let mut index = Index::new(report);
    let mut table = ReasonedRows::new(*header, out)?;
    let mut written = 0;
    for row in rows {
        let row = row.borrow();
        let Some(reason) = reason_to_feed_back(&mut index, row) else { continue };
        table.write(&row.cells, cell(&reason).into_owned())?;
        written += 1;
    }
    table.finish()?;
    Ok(written)
}

fn reason_to_feed_back(index: &mut Index<'_>, row: &OriginalRow) -> Option<String> {
    match &row.status {
        RowStatus::Invalid(reason) => Some(reason.clone()),
        RowStatus::DuplicateOf(_) | RowStatus::NotNow(..) | RowStatus::OtherPeriod(_) => None,
        RowStatus::Valid(key) => {
            let entries = index.entries.remove(key)?;
            let wrong = entries
                .iter()
                .filter(|entry| entry.fate.as_ref().is_some_and(|fate| fate.outcome.is_fed_back()));
            let reasons: Vec<_> = wrong.map(|entry| reason_of(entry)).collect();
            (!reasons.is_empty()).then(|| reasons.join("; "))
        }
    }
}

fn reason_of(entry: &ReportEntry) -> String {
    format!("{} {}: {}", words::action(entry), words::outcome(entry), reason::of_entry(entry))
}

/// Until when a list that was written at this time can be given back.
#[must_use]
pub fn good_until(written_at: Timestamp) -> Timestamp {
    let good_for = SignedDuration::from_hours(APPROVAL_HOURS);
    written_at.checked_add(good_for).unwrap_or(Timestamp::MAX)
}

/// Writes `withheld-deletes.csv`: the deletes and replacements that the guard withheld, for a
/// person to review and pass back within 24 hours of `written_at`. Returns how many there are.
///
/// # Errors
/// What the writer returns.
pub fn withheld(
    report: &RunReport,
    written_at: Timestamp,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let expires = good_until(written_at);
    writeln!(out, "# base_url: {}", visible(&report.base_url))?;
    writeln!(out, "# run: {}", report.run)?;
    writeln!(out, "# expires: {expires:.0}")?;
    let mut table = ::csv::Writer::from_writer(out);
    table.write_record(WITHHELD_COLUMNS)?;
    let mut written = 0;
    for entry in words::with_outcome(report, Some(Outcome::Withheld)) {
        let (Some(Change::Delete { live, .. }) | Some(Change::Replace { live, .. })) =
            &entry.change
        else {
            continue;
        };
        table.write_record([
            words::action(entry),
            &entry.key.workspace.to_string(),
            &cell(words::title(report, entry.key.workspace)),
            &entry.key.user.to_string(),
            &cell(name(report, entry.key)),
            words::role(live),
            &live.id.to_string(),
            &cell(&reason_to_withhold(entry, live)),
        ])?;
        written += 1;
    }
    table.flush()?;
    Ok(written)
}

/// Why it is withheld, and since when the person is on the project: what a reviewer weighs.
fn reason_to_withhold(entry: &ReportEntry, live: &Participation) -> String {
    let why = reason::of_entry(entry);
    match live.created_at {
        Some(since) => format!("{why}; on the project since {}", since.strftime("%Y-%m-%d")),
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, option, prelude::*, sample::select};

    use super::*;
    use crate::{
        plan::{Reason, Target},
        report::{
            EntryReason,
            sample::{self, key},
        },
        verdict::{Fate, Why},
    };

    fn written<T>(render: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> (String, T) {
        let mut out = Vec::new();
        let result = render(&mut out).expect("memory");
        (String::from_utf8(out).expect("UTF-8"), result)
    }

    fn results_of(report: &RunReport) -> String {
        let (header, rows) = sample::roster();
        written(|out| results(report, &header, &rows, out)).0
    }

    fn rejected_of(report: &RunReport, names: &[String], rows: &[OriginalRow]) -> (String, usize) {
        let header = RosterHeader { names, delimiter: b';', patch: false };
        written(|out| rejected(report, &header, rows, out))
    }

    #[test]
    fn results_of_a_run() {
        insta::assert_snapshot!(results_of(&sample::everything()), @r##"
        line,action,change,outcome,reason,workspace_id,user_id,participation_id,project,name,request_id,reason_code,roster.workspace_id,roster.user_id,roster.role,roster.note
        2,create,"maven, access edit_tasks",rejected,access_level is not <allowed>,101,7,,Alpha | <script>alert(1)</script>,\u{1b}[31mRed\u{1b}[0m,req-1,tries_used_up,101,7,maven,'=1+1
        ,update,team_lead: false → true (after the create),not reached,the create was rejected,101,7,,Alpha | <script>alert(1)</script>,\u{1b}[31mRed\u{1b}[0m,,tries_used_up,,,,
        3,create,"maven, access edit_tasks",applied,"in the roster, not on the project",102,3,,'=cmd(),Zoë O'Neil,req-0,not_live,102,3,maven,'=1+1
        4,replace,"maven → buyer, access edit_tasks",lost,422: user \u{9b}31mgone,102,6,102006,'=cmd(),Ann\nLee,req-5,tries_used_up,102,6,maven,'=1+1
        5,update,access_level: edit_tasks → admin,not stuck,"answered 200, still edit_tasks",101,8,8,Alpha | <script>alert(1)</script>,Bo \u{202e}oB,req-3,tries_used_up,101,8,maven,'=1+1
        6,update,access_level: edit_tasks → admin,held,the token's own user,101,9,9,Alpha | <script>alert(1)</script>,The `Token`,,token_user,101,9,maven,'=1+1
        7,,,invalid,"role: found `boss`, expected `maven` or `buyer`",,,,,,,invalid_row,102,8,boss,
        8,,,duplicate,says the same as line 2,,,,,,,duplicate_row,101,7,maven,'=1+1
        9,create,"maven, access edit_tasks",in doubt,no answer,102,11,,'=cmd(),,,tries_used_up,102,11,maven,'=1+1
        10,create,"maven, access edit_tasks",failed,503 six times,102,12,,'=cmd(),,,tries_used_up,102,12,maven,'=1+1
        11,,,not reached,"the project is unreadable: not visible to this token, or no such project",103,1,,,,,not_visible,103,1,maven,'=1+1
        12,,,in sync,,102,1,,'=cmd(),,,,102,1,maven,'=1+1
        ,delete,maven,stale,changed 2026-11-24T03:07:40Z,102,5,102005,'=cmd(),'-Dash,req-4,tries_used_up,,,,
        ,delete,"maven, lead, demoted first",held,protected by `*@<partner>.example` in protect.users,102,4,102004,'=cmd(),,,protected,,,,
        ,delete,"maven, lead, demoted first",frozen,"on the project, not in the roster; invalid roster rows of this project: line 7",102,8,102008,'=cmd(),Bo \u{202e}oB,,invalid_rows,,,,
        ,delete,"maven, lead, demoted first",withheld,"on the project, not in the roster; plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld",101,10,101010,Alpha | <script>alert(1)</script>,,,run_count,,,,
        "##);
    }

    #[test]
    fn results_of_a_plan() {
        insta::assert_snapshot!(results_of(&sample::plan()), @r##"
        line,action,change,outcome,reason,workspace_id,user_id,participation_id,project,name,request_id,reason_code,roster.workspace_id,roster.user_id,roster.role,roster.note
        2,create,"maven, access edit_tasks",planned,"in the roster, not on the project",101,7,,Alpha | <script>alert(1)</script>,\u{1b}[31mRed\u{1b}[0m,,not_live,101,7,maven,'=1+1
        ,update,team_lead: false → true (after the create),planned,"follows the create, which cannot carry these fields",101,7,,Alpha | <script>alert(1)</script>,\u{1b}[31mRed\u{1b}[0m,,follows_create,,,,
        3,create,"maven, access edit_tasks",planned,"in the roster, not on the project",102,3,,'=cmd(),Zoë O'Neil,,not_live,102,3,maven,'=1+1
        4,replace,"maven → buyer, access edit_tasks",planned,"on the other side of the project; a replacement loses the person's assignments, scheduled and allocated hours there",102,6,102006,'=cmd(),Ann\nLee,,role_differs,102,6,maven,'=1+1
        5,update,access_level: edit_tasks → admin,planned,on the project with other values,101,8,8,Alpha | <script>alert(1)</script>,Bo \u{202e}oB,,differs,101,8,maven,'=1+1
        6,update,access_level: edit_tasks → admin,held,the token's own user,101,9,9,Alpha | <script>alert(1)</script>,The `Token`,,token_user,101,9,maven,'=1+1
        7,,,invalid,"role: found `boss`, expected `maven` or `buyer`",,,,,,,invalid_row,102,8,boss,
        8,,,duplicate,says the same as line 2,,,,,,,duplicate_row,101,7,maven,'=1+1
        9,,,in sync,,102,11,,'=cmd(),,,,102,11,maven,'=1+1
        10,,,in sync,,102,12,,'=cmd(),,,,102,12,maven,'=1+1
        11,,,not reached,"the project is unreadable: not visible to this token, or no such project",103,1,,,,,not_visible,103,1,maven,'=1+1
        12,,,in sync,,102,1,,'=cmd(),,,,102,1,maven,'=1+1
        ,delete,"maven, lead, demoted first",held,protected by `*@<partner>.example` in protect.users,102,4,102004,'=cmd(),,,protected,,,,
        ,delete,"maven, lead, demoted first",frozen,"on the project, not in the roster; invalid roster rows of this project: line 7",102,8,102008,'=cmd(),Bo \u{202e}oB,,invalid_rows,,,,
        ,delete,"maven, lead, demoted first",withheld,"on the project, not in the roster; plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld",101,10,101010,Alpha | <script>alert(1)</script>,,,run_count,,,,
        ,delete,maven,planned,"on the project, not in the roster",102,5,102005,'=cmd(),'-Dash,,not_desired,,,,
        "##);
    }

    #[test]
    fn without_a_plan_no_row_was_reached() {
        let ended = crate::run::Ended::Fatal { message: "the disk is full".to_owned() };
        let report = RunReport { digest: None, ended: Some(ended), ..sample::empty() };
        let (header, mut rows) = sample::roster();
        rows.truncate(1);
        let (table, ()) = written(|out| results(&report, &header, &rows, out));
        let line = table.lines().nth(1).expect("a row");
        assert!(
            line.starts_with("2,,,not reached,no plan was made: the disk is full,101,7,"),
            "{line}"
        );
    }

    #[test]
    fn rejected_rows_keep_their_cells() {
        let (header, rows) = sample::roster();
        let (table, written) = rejected_of(&sample::everything(), &header, &rows);
        assert_eq!(written, 5);
        insta::assert_snapshot!(table, @r##"
        # kantata-sync: partial roster
        workspace_id;user_id;role;note;reason
        101;7;maven;=1+1;create rejected: access_level is not <allowed>
        102;6;maven;=1+1;replace lost: 422: user \u{9b}31mgone
        102;8;boss;role: found `boss`, expected `maven` or `buyer`
        102;11;maven;=1+1;create in doubt: no answer
        102;12;maven;=1+1;create failed: 503 six times
        "##);
    }

    #[test]
    fn nothing_is_rejected_where_nothing_went_wrong() {
        let (header, rows) = sample::roster();
        let good: Vec<_> =
            rows.into_iter().filter(|row| matches!(row.status, RowStatus::Valid(_))).collect();
        let (table, written) = rejected_of(&sample::plan(), &header, &good);
        assert_eq!((table.lines().count(), written), (2, 0));
    }

    #[test]
    fn a_reason_of_the_rosters_own_is_replaced() {
        let names = ["Reason ", "user_id"].map(str::to_owned);
        let row = |cells: &[&str]| OriginalRow {
            line: 2,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            status: RowStatus::Invalid("=bad".to_owned()),
        };
        let rows = [row(&["from last time", "-x"]), row(&[]), row(&["a", "b", "c"])];
        let (table, written) = rejected_of(&sample::empty(), &names, &rows);
        assert_eq!(written, 3);
        let lines: Vec<_> = table.lines().skip(1).collect();
        assert_eq!(lines, ["Reason ;user_id", "'=bad;-x", "'=bad;;", "'=bad;b;c"]);
    }

    #[test]
    fn withheld_deletes_are_there_for_review() {
        let report = sample::everything();
        let (table, count) = written(|out| withheld(&report, report.finished_at, out));
        assert_eq!(count, 1);
        insta::assert_snapshot!(table, @r##"
        # base_url: https://api.mavenlink.com/api/v1
        # run: 20261124T030739Z-000e3d4c
        # expires: 2026-11-25T03:07:51Z
        action,workspace_id,project,user_id,name,role,participation_id,reason
        delete,101,Alpha | <script>alert(1)</script>,10,,maven,101010,"on the project, not in the roster; plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld"
        "##);
    }

    #[test]
    fn a_line_feed_in_the_address_adds_no_line() {
        let base_url = "https://a\n# expires: 9999".to_owned();
        let report = RunReport { base_url, ..sample::plan() };
        let (table, _) = written(|out| withheld(&report, report.finished_at, out));
        assert!(table.starts_with("# base_url: https://a\\n# expires: 9999\n# run: "), "{table}");
    }

    const OUTCOMES: [Outcome; 11] = [
        Outcome::Applied,
        Outcome::Held,
        Outcome::Frozen,
        Outcome::Withheld,
        Outcome::NotReached,
        Outcome::Stale,
        Outcome::NotStuck,
        Outcome::Rejected,
        Outcome::Failed,
        Outcome::InDoubt,
        Outcome::Lost,
    ];

    /// Some of the memberships of 3 projects with 5 people have a roster line, some have entries.
    fn any_run() -> impl Strategy<Value = (RunReport, Vec<OriginalRow>)> {
        let of_one = (0..5_u8, vec((0..5_u8, option::of(select(&OUTCOMES[..]))), 0..4));
        vec(of_one, 15).prop_map(|memberships| {
            let (mut report, mut rows) = (sample::empty(), Vec::new());
            for (number, (row, entries)) in (0_u64..).zip(memberships) {
                let key = key(101 + number / 5, 1 + number % 5);
                let line = number + 2;
                let status = match row {
                    0 => None,
                    1 => Some(RowStatus::Invalid("bad".to_owned())),
                    2 => Some(RowStatus::DuplicateOf(2)),
                    _ => Some(RowStatus::Valid(key)),
                };
                let cells = vec![format!("cell {line}")];
                rows.extend(status.map(|status| OriginalRow { line, cells, status }));
                report.entries.extend(entries.into_iter().map(|(kind, outcome)| ReportEntry {
                    key,
                    line: None,
                    change: change(kind, key),
                    reason: EntryReason::Planned(Reason::NotLive),
                    fate: outcome.map(|outcome| Fate::new(outcome, Why::AsPlanned)),
                }));
            }
            (report, rows)
        })
    }

    fn change(kind: u8, key: MembershipKey) -> Option<Change> {
        match kind {
            0 => Some(sample::create()),
            1 => Some(sample::update(Target::Created)),
            2 => Some(sample::delete(key)),
            3 => Some(sample::replace(key)),
            _ => None,
        }
    }

    type Fated = (MembershipKey, &'static str, &'static str);

    proptest! {
        #[test]
        fn every_line_and_every_action_is_there_once((report, rows) in any_run()) {
            let header = ["only".to_owned()];
            let (table, ()) = written(|out| results(&report, &header, &rows, out));
            let records: Vec<::csv::StringRecord> =
                ::csv::Reader::from_reader(table.as_bytes()).records().map(|r| r.expect("a record")).collect();

            let lines: Vec<&str> =
                records.iter().map(|r| &r[0]).filter(|line| !line.is_empty()).collect();
            let expected: Vec<String> = rows.iter().map(|row| row.line.to_string()).collect();
            prop_assert_eq!(lines, expected);

            let mut actions: Vec<(String, String, String, String)> = records
                .iter()
                .filter(|r| !["invalid", "duplicate", "in sync"].contains(&&r[3]))
                .filter(|r| !(r[1].is_empty() && r[4].starts_with("no plan was made")))
                .map(|r| (r[5].to_owned(), r[6].to_owned(), r[1].to_owned(), r[3].to_owned()))
                .collect();
            let mut entries: Vec<_> = report
                .entries
                .iter()
                .map(|entry| (entry.key, words::action(entry), words::outcome(entry)))
                .map(|(key, action, outcome): Fated| {
                    (key.workspace.to_string(), key.user.to_string(), action.to_owned(), outcome.to_owned())
                })
                .collect();
            actions.sort();
            entries.sort();
            prop_assert_eq!(actions, entries);
        }

        #[test]
        fn a_line_has_the_worst_outcome_of_its_actions((report, rows) in any_run()) {
            let header = ["only".to_owned()];
            let (table, ()) = written(|out| results(&report, &header, &rows, out));
            for record in ::csv::Reader::from_reader(table.as_bytes()).records() {
                let record = record.expect("a record");
                let of_same = |entry: &&ReportEntry| {
                    entry.key.workspace.to_string() == record[5] && entry.key.user.to_string() == record[6]
                };
                let worst = report.entries.iter().filter(of_same).map(|e| e.fate.as_ref().map(|f| f.outcome)).max();
                if let (Some(worst), false) = (worst, record[0].is_empty()) {
                    prop_assert_eq!(&record[3], worst.map_or("planned", Outcome::words));
                    prop_assert_eq!(&record[12], format!("cell {}", &record[0]));
                }
            }
        }

        #[test]
        fn rejected_rows_are_those_with_something_wrong((report, rows) in any_run()) {
            let (table, written) = rejected_of(&report, &["only".to_owned()], &rows);
            let wrong: BTreeSet<MembershipKey> = report
                .entries
                .iter()
                .filter(|entry| entry.fate.as_ref().is_some_and(|fate| fate.outcome.is_fed_back()))
                .map(|entry| entry.key)
                .collect();
            let expected = rows.iter().filter(|row| match &row.status {
                RowStatus::Invalid(_) => true,
                RowStatus::DuplicateOf(_)
                | RowStatus::NotNow(..)
                | RowStatus::OtherPeriod(_) => false,
                RowStatus::Valid(key) => wrong.contains(key),
            });
            let cells: Vec<&str> = table.lines().skip(2).filter_map(|l| l.split(';').next()).collect();
            let expected: Vec<&str> = expected.map(|row| row.cells[0].as_str()).collect();
            prop_assert_eq!(written, cells.len());
            prop_assert_eq!(cells, expected);
        }
    }
}
