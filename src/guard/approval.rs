//! A reviewed list of withheld deletes: a ceiling over what a run may destroy.
//!
//! Pure: text in, value out. The format is that of `withheld-deletes.csv` (PRODUCT.md §5): three
//! lines of `# name: value`, then a table. A person may have removed lines, and a spreadsheet may
//! have put its marks on the rest; whatever else differs is a problem, each with its line.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{MembershipKey, ParticipationId, Role, UserId, WorkspaceId},
    plan::{Action, Change},
    run::RunId,
};

/// The columns that decide; the others are for people.
const COLUMNS: [&str; 5] = ["action", "workspace_id", "user_id", "role", "participation_id"];

/// One approved delete or replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedDelete {
    /// `delete` or `replace`.
    pub action: String,
    /// Who and where.
    pub key: MembershipKey,
    /// The side at the time; none where it was not visible.
    pub role: Option<Role>,
    /// Where the file says so.
    pub line: u64,
}

/// What a person approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The API that it is for.
    pub base_url: String,
    /// The run that wrote the list.
    pub run: RunId,
    /// When it stops being good.
    pub expires: Timestamp,
    rows: BTreeMap<ParticipationId, ApprovedDelete>,
    /// Lines that name a record again: nothing that a run wrote has them.
    repeats: Vec<ApprovalProblem>,
}

/// Something about an approval that cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalProblem {
    /// 1-based; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for ApprovalProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "{line}: {}", self.what),
        }
    }
}

fn problem(line: u64, what: impl Into<String>) -> ApprovalProblem {
    ApprovalProblem { line, what: what.into() }
}

impl Approval {
    /// Reads a list as a person gave it back.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<ApprovalProblem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (head, table_at) = head(text);
        let mut problems = Vec::new();
        let mut value = |name: &str| {
            let found = head.get(name).cloned();
            if found.is_none() {
                problems.push(problem(0, format!("the line `# {name}: …` is missing")));
            }
            found
        };
        let (base_url, run, expires) = (value("base_url"), value("run"), value("expires"));
        let run = run.and_then(|text| good(text.parse().ok(), "run", &mut problems));
        let expires = expires.and_then(|text| good(text.parse().ok(), "expires", &mut problems));
        if !text.matches('"').count().is_multiple_of(2) {
            problems.push(problem(0, "a quote has no end: is the file cut?"));
        }
        let Table { rows, repeats } = table(text, table_at, &mut problems);
        match (base_url, run, expires) {
            (Some(base_url), Some(run), Some(expires)) if problems.is_empty() => {
                Ok(Self { base_url, run, expires, rows, repeats })
            }
            _ => Err(problems),
        }
    }

    /// The list that a run wrote, from what it withheld.
    #[must_use]
    pub fn of_run<'a>(
        base_url: String,
        run: RunId,
        expires: Timestamp,
        withheld: impl IntoIterator<Item = (MembershipKey, &'a Change)>,
    ) -> Self {
        let row = |(key, change): (MembershipKey, &Change)| {
            let (Change::Delete { live, .. } | Change::Replace { live, .. }) = change else {
                return None;
            };
            let (action, role) = (change.word().to_owned(), live.role.visible());
            Some((live.id, ApprovedDelete { action, key, role, line: 0 }))
        };
        let rows = withheld.into_iter().filter_map(row).collect();
        Self { base_url, run, expires, rows, repeats: Vec::new() }
    }

    /// Whether these are for this API and still good; else why not.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn is_for(&self, base_url: &str, now: Timestamp) -> Result<(), String> {
        if self.base_url != base_url {
            return Err(format!("it is for `{}`, not for `{base_url}`", self.base_url));
        }
        if now > self.expires {
            return Err(format!("it expired at {}", self.expires));
        }
        Ok(())
    }

    /// What the list of the run did not have: only removing lines is allowed.
    #[must_use]
    pub fn beyond(&self, written: &Self) -> Vec<ApprovalProblem> {
        let Self { base_url, run, expires, rows, repeats } = self;
        let mut found = Vec::new();
        if *base_url != written.base_url {
            let what = format!("it says `base_url: {base_url}`; it was {}", written.base_url);
            found.push(problem(0, what));
        }
        // The list has whole seconds.
        if expires.as_second() > written.expires.as_second() {
            let what = format!("it says `expires: {expires}`; it was {:.0}", written.expires);
            found.push(problem(0, what));
        }
        let same = |a: &ApprovedDelete, b: &ApprovedDelete| {
            (&a.action, a.key, a.role) == (&b.action, b.key, b.role)
        };
        let added = rows
            .iter()
            .filter(|(id, row)| !written.rows.get(id).is_some_and(|original| same(original, row)));
        found.extend(added.map(|(id, row)| {
            let what = format!(
                "the {} of participation {id} was not withheld by run {run} (lines may only be removed)",
                row.action
            );
            problem(row.line, what)
        }));
        found.extend(repeats.iter().cloned());
        found
    }

    /// Whether this delete or replacement is on the list as it would be done now.
    ///
    /// # Errors
    /// Why it is not.
    pub fn allows(&self, action: &Action) -> Result<(), NotApproved> {
        let (Change::Delete { live, .. } | Change::Replace { live, .. }) = &action.change else {
            return Ok(());
        };
        let Some(row) = self.rows.get(&live.id) else {
            let other = self.rows.iter().find(|(_, row)| row.key == action.key);
            return Err(match other {
                Some((id, _)) => NotApproved::OtherRecord { listed: *id, live: live.id },
                None => NotApproved::NotListed,
            });
        };
        let role = live.role.visible();
        if row.key == action.key && row.role == role && row.action == action.change.word() {
            return Ok(());
        }
        Err(NotApproved::ListedOtherwise)
    }
}

/// Why an approval does not allow a delete or replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "approval", rename_all = "snake_case")]
pub enum NotApproved {
    /// The list has another record of this person.
    OtherRecord {
        /// The one on the list.
        listed: ParticipationId,
        /// The one that is live.
        live: ParticipationId,
    },
    /// It is not on the list.
    NotListed,
    /// The list has it with another action, person or role.
    ListedOtherwise,
    /// As an earlier version said it, in words only.
    Earlier {
        /// The words.
        words: String,
    },
}

impl From<String> for NotApproved {
    fn from(words: String) -> Self {
        Self::Earlier { words }
    }
}

fn good<T>(value: Option<T>, name: &str, problems: &mut Vec<ApprovalProblem>) -> Option<T> {
    if value.is_none() {
        problems.push(problem(0, format!("the line `# {name}: …` cannot be read")));
    }
    value
}

/// The values of the first lines, and how many lines they are. Spreadsheets put quotes around them
/// and delimiters behind.
fn head(text: &str) -> (BTreeMap<String, String>, usize) {
    let mut values = BTreeMap::new();
    let mut lines = 0;
    for line in text.lines() {
        let line = line.trim_end_matches([',', ';', '\t', '\r', ' ']).trim_matches('"');
        // An editor may leave blank lines anywhere.
        let Some(line) = line.strip_prefix('#').or(line.is_empty().then_some("")) else { break };
        if let Some((name, value)) = line.split_once(':') {
            values.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        lines += 1;
    }
    (values, lines)
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<ParticipationId, ApprovedDelete>,
    repeats: Vec<ApprovalProblem>,
}

fn table(text: &str, table_at: usize, problems: &mut Vec<ApprovalProblem>) -> Table {
    let blank = |line: &str| line.trim().is_empty();
    let lines = text.lines().skip(table_at).map(|line| if blank(line) { "" } else { line });
    let table: String = lines.flat_map(|line| [line, "\n"]).collect();
    let header = table.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|one| header.as_bytes().contains(one));
    let delimiter = delimiter.unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(table.as_bytes());
    let places = match reader.headers() {
        Ok(names) => COLUMNS.map(|name| names.iter().position(|found| found.trim() == name)),
        Err(_) => [None; 5],
    };
    let [Some(action), Some(workspace), Some(user), Some(role), Some(id)] = places else {
        problems.push(problem(0, format!("the table needs the columns {}", COLUMNS.join(", "))));
        return Table::default();
    };
    let mut found = Table::default();
    for record in reader.records() {
        let Ok(record) = record else {
            problems
                .push(problem(0, "a line has more or fewer cells than the header: is it cut off?"));
            continue;
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line) + table_at as u64;
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        match row([cell(action), cell(workspace), cell(user), cell(role), cell(id)], line) {
            Ok((id, row)) => found.add(id, row),
            Err(what) => problems.push(problem(line, what)),
        }
    }
    found
}

impl Table {
    fn add(&mut self, id: ParticipationId, row: ApprovedDelete) {
        match self.rows.get(&id) {
            None => {
                self.rows.insert(id, row);
            }
            Some(first) => {
                let what = format!(
                    "participation {id} stands on line {} already (lines may only be removed)",
                    first.line
                );
                self.repeats.push(problem(row.line, what));
            }
        }
    }
}

fn row(
    [action, workspace, user, role, id]: [&str; 5],
    line: u64,
) -> Result<(ParticipationId, ApprovedDelete), String> {
    if !matches!(action, "delete" | "replace") {
        return Err(format!("`{action}` is not `delete` or `replace`"));
    }
    let workspace: WorkspaceId = workspace.parse().map_err(|_| "workspace_id is no id")?;
    let user: UserId = user.parse().map_err(|_| "user_id is no id")?;
    let id: ParticipationId = id.parse().map_err(|_| "participation_id is no id")?;
    let key = MembershipKey { workspace, user };
    Ok((id, ApprovedDelete { action: action.to_owned(), key, role: role.parse().ok(), line }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIST: &str = "# base_url: https://api.example/api/v1\n# run: 20231114T221320Z-00000000\n# expires: 2026-11-25T00:00:00Z\naction,workspace_id,project,user_id,name,role,participation_id,reason\ndelete,1,Alpha,2,Ann,maven,12,gone\nreplace,1,Alpha,3,Bob,buyer,13,moved\n";

    fn messages(text: &str) -> Vec<String> {
        let problems = Approval::parse(text).expect_err("problems");
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_list_as_written_or_as_a_spreadsheet_saves_it_is_read() {
        let approval = Approval::parse(LIST).expect("a list");
        assert_eq!(approval.rows.len(), 2);
        let saved = LIST.replace('\n', ",,,,,,,\r\n").replace("reason,,,,,,,", "reason");
        let saved = saved.replace("gone,,,,,,,", "gone").replace("moved,,,,,,,", "moved");
        assert_eq!(Approval::parse(&format!("\u{feff}{saved}")), Ok(approval.clone()));
        assert_eq!(Approval::parse(&LIST.replace(',', "\t")), Ok(approval.clone()));
        assert_eq!(Approval::parse(&LIST.replace(',', ";")), Ok(approval));
    }

    #[test]
    fn lines_may_be_removed_and_not_added_or_changed() {
        let written = Approval::parse(LIST).expect("a list");
        let fewer =
            Approval::parse(LIST.trim_end_matches("replace,1,Alpha,3,Bob,buyer,13,moved\n"));
        assert_eq!(fewer.expect("a list").beyond(&written), []);
        for changed in [
            LIST.replace("2,Ann", "4,Ann"),
            LIST.replace("maven,12", "maven,14"),
            LIST.replace("delete,", "replace,"),
            format!("{LIST}delete,9,X,9,Y,maven,99,why\n"),
            format!("{LIST}delete,1,Alpha,2,Ann,maven,12,gone\n"),
            format!("{LIST}delete,9,Alpha,9,Eve,maven,12,gone\n"),
            LIST.replace("# expires: 2026-11-25T00:00:00Z", "# expires: 2026-11-25T00:00:01Z"),
            LIST.replace("api.example", "api.other"),
        ] {
            let changed = Approval::parse(&changed).expect("readable");
            assert_eq!(changed.beyond(&written).len(), 1, "{changed:?}");
        }
    }

    #[test]
    fn a_cut_or_damaged_list_is_refused_with_its_lines() {
        assert_eq!(messages("").len(), 4);
        assert_eq!(messages(&LIST.replace("# run", "# ran")), ["the line `# run: …` is missing"]);
        assert_eq!(
            messages(&LIST[..LIST.len() - 12]),
            ["a line has more or fewer cells than the header: is it cut off?"]
        );
        let within_quotes = LIST.replace("moved\n", "\"moved, and\n");
        assert_eq!(messages(&within_quotes), ["a quote has no end: is the file cut?"]);
        assert_eq!(
            messages(&LIST.replace("delete,1", "keep,x")),
            ["5: `keep` is not `delete` or `replace`"]
        );
    }

    #[test]
    fn another_api_and_a_passed_time_are_refused() {
        let approval = Approval::parse(LIST).expect("a list");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let url = "https://api.example/api/v1";
        assert_eq!(approval.is_for(url, at("2026-11-24T23:59:59Z")), Ok(()));
        assert!(approval.is_for(url, at("2026-11-25T00:00:01Z")).is_err());
        assert!(approval.is_for("https://other.example", at("2026-11-24T00:00:00Z")).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,300}") {
            let _ = Approval::parse(&text);
            let _ = Approval::parse(&format!("{LIST}{text}"));
        }
    }
}
