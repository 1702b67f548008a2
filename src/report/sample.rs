//! A small report with everything in it, and hostile text wherever text comes from outside.
//!
//! For the renderers' tests only.

use jiff::Timestamp;

use super::{
    EntryReason, LeftInDoubt, OriginalRow, PaceReport, REPORT_FORMAT, ReportEntry, ReportedCommand,
    ReportedProblem, RowStatus, RunReport, RunWarning,
};
pub use crate::model::sample::key;
use crate::{
    guard::Refusal,
    model::{
        AccessLevel, Drift, Field, FieldValue, Fields, LiveFields, MembershipKey, MembershipSpec,
        Outcome, Participation, ParticipationId, Role, Seen, Unreadable, UserId, WorkspaceId,
    },
    plan::{
        Change, Counts, Forecast, FreezeCause, HoldReason, Mode, Reason, Target, WorkspacePlan,
        WorkspaceState,
    },
    run::{Ended, ExitStatus, RunId},
    verdict::{Fate, Why},
};

fn id(number: u64) -> ParticipationId {
    ParticipationId::new(number).expect("not 0")
}

pub fn live(key: MembershipKey) -> Box<Participation> {
    Box::new(Participation {
        id: id(key.workspace.number() * 1000 + key.user.number()),
        key,
        role: Seen::Visible(Role::Maven),
        fields: LiveFields::default(),
        created_at: None,
        updated_at: None,
    })
}

fn spec(role: Role) -> MembershipSpec {
    let access_level = Some(AccessLevel::EditTasks);
    MembershipSpec { role, fields: Fields { access_level, ..Fields::default() } }
}

pub fn create() -> Change {
    Change::Create { spec: spec(Role::Maven) }
}

pub fn update(target: Target) -> Change {
    let drift = Drift {
        field: Field::AccessLevel,
        before: FieldValue::Access(AccessLevel::EditTasks),
        after: FieldValue::Access(AccessLevel::Admin),
    };
    Change::Update { target, drift: vec![drift], takes_lead_from: None }
}

pub fn promote_created() -> Change {
    let (before, after) = (FieldValue::Flag(false), FieldValue::Flag(true));
    let drift = vec![Drift { field: Field::TeamLead, before, after }];
    Change::Update { target: Target::Created, drift, takes_lead_from: None }
}

pub fn delete(key: MembershipKey) -> Change {
    Change::Delete { live: live(key), demote_first: key.user.number().is_multiple_of(2) }
}

pub fn replace(key: MembershipKey) -> Change {
    Change::Replace {
        live: live(key),
        demote_first: false,
        spec: spec(Role::Buyer),
        later: Vec::new(),
        takes_lead_from: None,
    }
}

pub fn entry(key: MembershipKey, line: Option<u64>, change: Change, reason: Reason) -> ReportEntry {
    ReportEntry {
        key,
        line,
        change: Some(change),
        reason: EntryReason::Planned(reason),
        fate: None,
    }
}

fn ended(mut entry: ReportEntry, outcome: Outcome, why: Why) -> ReportEntry {
    entry.fate = Some(Fate::new(outcome, why));
    entry
}

fn said(words: &str) -> Why {
    match words {
        "" => Why::AsPlanned,
        words => Why::TriesUsedUp { message: words.to_owned() },
    }
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_489_659 + second).expect("in range")
}

fn project(title: &str, state: WorkspaceState) -> WorkspacePlan {
    WorkspacePlan { title: title.to_owned(), state }
}

fn listed() -> WorkspaceState {
    WorkspaceState::Listed { live: 9, ordinary_after: 7, listed_at: time(0) }
}

/// A plan with nothing to do.
pub fn empty() -> RunReport {
    RunReport {
        format: REPORT_FORMAT,
        run: RunId::new(time(0), 0x1f2e_3d4c),
        tool: "0.1.0".to_owned(),
        command: ReportedCommand::Plan,
        base_url: "https://api.mavenlink.com/api/v1".to_owned(),
        roster: "members.csv".to_owned(),
        undoes: None,
        mode: Mode::Mirror,
        started_at: time(0),
        finished_at: time(12),
        ended: Some(Ended::Complete),
        exit: Some(ExitStatus::Done),
        digest: Some("0123456789abcdef".repeat(4).parse().expect("hex")),
        counts: Counts { in_sync: 40, ..Counts::default() },
        forecast: Some(Forecast { requests: 0, requests_per_second: 4.0 }),
        refusals: Vec::new(),
        entries: Vec::new(),
        projects: [(key(101, 1).workspace, project("Alpha", listed()))].into(),
        people: std::collections::BTreeMap::new(),
        problems: Vec::new(),
        rows: 40,
        dates: None,
        narrowed: None,
        warnings: Vec::new(),
        left_in_doubt: Vec::new(),
        pace: PaceReport::default(),
    }
}

fn planned() -> Vec<ReportEntry> {
    let (a, b) = (key(101, 7), key(102, 3));
    vec![
        entry(b, Some(3), create(), Reason::NotLive),
        entry(a, Some(2), create(), Reason::NotLive),
        entry(a, Some(2), promote_created(), Reason::FollowsCreate),
        entry(key(101, 8), Some(5), update(Target::Live(id(8))), Reason::Differs),
        entry(key(102, 5), None, delete(key(102, 5)), Reason::NotDesired),
        entry(key(102, 6), Some(4), replace(key(102, 6)), Reason::RoleDiffers),
    ]
}

fn left_alone(refusal: &Refusal) -> Vec<ReportEntry> {
    let held = ReportEntry {
        key: key(101, 9),
        line: Some(6),
        change: Some(update(Target::Live(id(9)))),
        reason: EntryReason::Held(HoldReason::TokenUser),
        fate: Some(Fate::new(Outcome::Held, Why::AsPlanned)),
    };
    let reason = HoldReason::Protected { entry: "*@<partner>.example".to_owned() };
    let protected = ReportEntry {
        key: key(102, 4),
        line: None,
        change: Some(delete(key(102, 4))),
        reason: EntryReason::Held(reason),
        fate: Some(Fate::new(Outcome::Held, Why::AsPlanned)),
    };
    vec![
        held,
        protected,
        ended(
            entry(key(102, 8), None, delete(key(102, 8)), Reason::NotDesired),
            Outcome::Frozen,
            Why::Frozen(FreezeCause::InvalidRows { lines: vec![7] }),
        ),
        ended(
            entry(key(101, 10), None, delete(key(101, 10)), Reason::NotDesired),
            Outcome::Withheld,
            Why::Withheld(refusal.clone()),
        ),
    ]
}

/// A plan that was not carried out, some of it withheld, held and frozen.
pub fn plan() -> RunReport {
    let refusal = Refusal::RunCount { deletes: 60, total: 400, limit: 50 };
    RunReport {
        exit: Some(ExitStatus::GuardWithheld),
        counts: Counts {
            creates: 1,
            updates: 2,
            deletes: 1,
            held: 2,
            frozen: 1,
            in_sync: 40,
            replacements: 1,
        },
        forecast: Some(Forecast { requests: 481, requests_per_second: 4.0 }),
        entries: [planned(), left_alone(&refusal)].concat(),
        refusals: vec![refusal],
        projects: projects(),
        people: people(),
        ..empty()
    }
}

fn projects() -> std::collections::BTreeMap<WorkspaceId, WorkspacePlan> {
    let workspace = |number| key(number, 1).workspace;
    let reason = Unreadable::NotVisible;
    [
        (workspace(101), project("Alpha | <script>alert(1)</script>", listed())),
        (workspace(102), project("=cmd()", listed())),
        (workspace(103), project("103", WorkspaceState::Unreadable { reason })),
        (workspace(104), project("Old", WorkspaceState::Archived)),
    ]
    .into()
}

fn people() -> std::collections::BTreeMap<UserId, String> {
    let names = [
        (3, "Zoë O'Neil"),
        (5, "-Dash"),
        (6, "Ann\nLee"),
        (7, "\u{1b}[31mRed\u{1b}[0m"),
        (8, "Bo \u{202e}oB"),
        (9, "The `Token`"),
    ];
    names.map(|(user, name)| (key(1, user).user, name.to_owned())).into()
}

fn carry_out(entries: &mut Vec<ReportEntry>) {
    let outcomes = [
        (Outcome::Applied, ""),
        (Outcome::Rejected, "access_level is not <allowed>"),
        (Outcome::NotReached, "the create was rejected"),
        (Outcome::NotStuck, "answered 200, still edit_tasks"),
        (Outcome::Stale, "changed 2026-11-24T03:07:40Z"),
        (Outcome::Lost, "422: user \u{9b}31mgone"),
    ];
    for (number, (entry, (outcome, detail))) in entries.iter_mut().zip(outcomes).enumerate() {
        let request = (outcome != Outcome::NotReached).then(|| format!("req-{number}"));
        let record = entry.change.as_ref().and_then(Change::participation);
        entry.fate = Some(Fate::new(outcome, said(detail)).of(record).answered(request));
    }
    let doubt = entry(key(102, 11), Some(9), create(), Reason::NotLive);
    entries.push(ended(doubt, Outcome::InDoubt, said("no answer")));
    let failed = entry(key(102, 12), Some(10), create(), Reason::NotLive);
    entries.push(ended(failed, Outcome::Failed, said("503 six times")));
}

/// A run with every outcome and every list filled.
pub fn everything() -> RunReport {
    let mut report = plan();
    carry_out(&mut report.entries);
    let words = "project 105 left the roster, 4 memberships no longer managed".to_owned();
    let message = "role: found `boss`, expected `maven` or `buyer`".to_owned();
    RunReport {
        command: ReportedCommand::Apply,
        exit: Some(ExitStatus::PartlyApplied),
        ended: Some(Ended::Deadline),
        problems: vec![ReportedProblem { file: None, line: 7, message }],
        rows: 11,
        warnings: vec![RunWarning::from(words)],
        left_in_doubt: vec![LeftInDoubt {
            run: RunId::new(time(-86_400), 1),
            requests: vec!["create of 3 memberships on project 101".to_owned()],
        }],
        pace: PaceReport {
            configured: 4.0,
            last: 3.333,
            throttled: 2,
            held_seconds: 12.2,
            requests: 120,
            writes: 80,
        },
        ..report
    }
}

/// The header and the lines of the roster behind [`plan`] and [`everything`].
pub fn roster() -> (Vec<String>, Vec<OriginalRow>) {
    let header = ["workspace_id", "user_id", "role", "note"].map(str::to_owned).to_vec();
    let valid = |line, workspace, user| {
        let key = key(workspace, user);
        let cells =
            [workspace.to_string(), user.to_string(), "maven".to_owned(), "=1+1".to_owned()];
        OriginalRow { line, cells: cells.to_vec(), status: RowStatus::Valid(key) }
    };
    let cells = ["102", "8", "boss"].map(str::to_owned).to_vec();
    let invalid = "role: found `boss`, expected `maven` or `buyer`".to_owned();
    let rows = vec![
        valid(2, 101, 7),
        valid(3, 102, 3),
        valid(4, 102, 6),
        valid(5, 101, 8),
        valid(6, 101, 9),
        OriginalRow { line: 7, cells, status: RowStatus::Invalid(invalid) },
        OriginalRow { status: RowStatus::DuplicateOf(2), ..valid(8, 101, 7) },
        valid(9, 102, 11),
        valid(10, 102, 12),
        valid(11, 103, 1),
        valid(12, 102, 1),
    ];
    (header, rows)
}
