//! What a run found and did, as values: the report, and the roster's lines as they stand.
//!
//! Owns the shape of `report.json`. Knows no renderer, no file and no phase's inner workings;
//! whoever runs a command fills these values, the renderers only read them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ReportEntry, RunWarning, entry, warning};
use crate::{
    guard::Refusal,
    model::{Dates, MembershipKey, NotNow, Outcome, UserId, WorkspaceId},
    plan::{Counts, Digest, Forecast, Mode, Narrowed, WorkspacePlan},
    run::{Ended, ExitStatus, RunId},
};

/// The version of [`RunReport`] as JSON; changes when a field changes its meaning or goes.
pub const REPORT_FORMAT: u32 = 2;

/// Which command made a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the commands of PRODUCT.md §1")]
pub enum ReportedCommand {
    Plan,
    Apply,
    Rehearse,
    Undo,
    Adopt,
}

/// A problem of the roster, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedProblem {
    /// Of several rosters the one that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// 1-based physical line.
    pub line: u64,
    /// Column and expectation, in words.
    pub message: String,
}

impl ReportedProblem {
    /// `line 7: …`, after the name of its file where there are several.
    pub(super) fn words(&self) -> String {
        let Self { file, line, message } = self;
        let file = file.as_ref().map(|file| format!("{file}, ")).unwrap_or_default();
        format!("{file}line {line}: {message}")
    }
}

/// Something that an earlier run left in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftInDoubt {
    /// That run.
    pub run: RunId,
    /// What its last unanswered requests were, in words.
    pub requests: Vec<String>,
}

/// The run that an undo reverses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneRun {
    /// That run.
    pub run: RunId,
    /// How many memberships it touched.
    pub memberships: usize,
}

/// How the API's limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PaceReport {
    /// Requests a second asked for.
    pub configured: f64,
    /// Requests a second at the end, after 429 answers.
    pub last: f64,
    /// Answers with status 429.
    pub throttled: u64,
    /// Seconds that all requests were held.
    pub held_seconds: f64,
    /// Requests sent, all attempts included.
    pub requests: u64,
    /// Of these, attempts of writes.
    pub writes: u64,
}

/// Everything that is reported about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// [`REPORT_FORMAT`].
    pub format: u32,
    /// The run.
    pub run: RunId,
    /// The tool's version.
    pub tool: String,
    /// Which command.
    pub command: ReportedCommand,
    /// The API asked.
    pub base_url: String,
    /// The roster's path as given; of an undo, a name for whom the run deleted.
    pub roster: String,
    /// The run that an undo reverses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<UndoneRun>,
    /// The mode in force.
    pub mode: Mode,
    /// Begin.
    pub started_at: Timestamp,
    /// End.
    pub finished_at: Timestamp,
    /// How it ended; a preview, made before anything is sent, has no ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// What the process answers; a preview has no answer yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitStatus>,
    /// The plan's fingerprint; none when no plan was made.
    pub digest: Option<Digest>,
    /// How many of what the plan has.
    pub counts: Counts,
    /// What carrying it out takes; none when no plan was made.
    pub forecast: Option<Forecast>,
    /// Limits that the plan is over.
    pub refusals: Vec<Refusal>,
    /// Every action and everything left alone, in the plan's order, then what is held, frozen and
    /// withheld.
    pub entries: Vec<ReportEntry>,
    /// Every project in scope.
    #[serde(serialize_with = "entry::write_projects")]
    pub projects: BTreeMap<WorkspaceId, WorkspacePlan>,
    /// Names of the people that occur above, where known.
    pub people: BTreeMap<UserId, String>,
    /// Invalid roster rows.
    pub problems: Vec<ReportedProblem>,
    /// Roster rows that were read.
    pub rows: usize,
    /// The day that the roster was read for, and who starts and ends soon, where it has dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<Dates>,
    /// Where the plan is only a part: of what, and how much is outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowed: Option<Narrowed>,
    /// What a person should know and that changes no exit code.
    #[serde(serialize_with = "warning::write", deserialize_with = "warning::read")]
    pub warnings: Vec<RunWarning>,
    /// What earlier runs left in doubt.
    pub left_in_doubt: Vec<LeftInDoubt>,
    /// How the API's limit was met.
    pub pace: PaceReport,
}

impl RunReport {
    /// How many actions ended how.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<Outcome, usize> {
        let mut outcomes = BTreeMap::new();
        for fate in self.entries.iter().filter_map(|entry| entry.fate.as_ref()) {
            *outcomes.entry(fate.outcome).or_insert(0) += 1;
        }
        outcomes
    }

    /// `Title (id)` where the title is known.
    #[must_use]
    pub fn project(&self, id: WorkspaceId) -> String {
        match self.projects.get(&id) {
            Some(project) if project.title != id.to_string() => format!("{} ({id})", project.title),
            _ => format!("project {id}"),
        }
    }

    /// `Name (id)` where the name is known.
    #[must_use]
    pub fn person(&self, id: UserId) -> String {
        match self.people.get(&id) {
            Some(name) if !name.is_empty() => format!("{name} ({id})"),
            _ => format!("user {id} (name not visible)"),
        }
    }
}

/// A line of the roster as it stands in the file, for the tables that people correct and feed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalRow {
    /// 1-based physical line.
    pub line: u64,
    /// The cells, untouched.
    pub cells: Vec<String>,
    /// What the row says, where it is valid.
    pub status: RowStatus,
}

/// What the roster reader found of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowStatus {
    /// It wants this membership.
    Valid(MembershipKey),
    /// It says the same as an earlier line.
    DuplicateOf(u64),
    /// It names this membership, and does not want it on the day.
    NotNow(MembershipKey, NotNow),
    /// On the day, another line says what becomes of the person.
    OtherPeriod(u64),
    /// It is not used, for this reason.
    Invalid(String),
}
