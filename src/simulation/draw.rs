//! A scenario drawn from a seed: who is on which project, who should be, and what goes wrong.

use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;

use super::{calling::Calling, dated, drawn_roster::roster, sheet::Sheet};
use crate::{
    api::HttpSettings,
    guard::Limits,
    model::WorkspaceId,
    plan::{Mode, Ownership, Policy, Protection},
    sandbox::{
        Bulk, Duplicates, ErrorIndex, ExternalReference, Faults, Level, OddValues, Participation,
        RetryAfter, SandboxSettings, Side, User, Workspace, World,
    },
};

/// How a run ends early, if it does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Interruption {
    /// It does not.
    None,
    /// The process is killed this long after this many requests left.
    Kill { requests: u64, after: Duration },
    /// It is asked to end once this many requests left.
    Stop { requests: u64 },
}

impl Interruption {
    /// How many requests leave before it happens; 0 for never.
    pub(super) const fn requests(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Kill { requests, .. } | Self::Stop { requests } => requests,
        }
    }
}

/// What a run is drawn to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DrawnKind {
    /// Applies the roster.
    Apply,
    /// Applies it with what an operator leaves of the last list of withheld deletes.
    ApplyApproved,
    /// Tags what the roster names.
    Adopt,
    /// Reverses the last run that wrote.
    Undo,
}

/// A run under faults, as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct DrawnRun {
    pub kind: DrawnKind,
    pub interruption: Interruption,
}

pub(super) struct Scenario {
    pub world: World,
    pub sandbox: SandboxSettings,
    /// The roster as a table.
    pub sheet: Sheet,
    /// How its rows name people and projects; none where all are by id.
    pub calling: Option<Calling>,
    pub policy: Policy,
    pub limits: Limits,
    pub http: HttpSettings,
    pub named: Vec<WorkspaceId>,
    pub recheck_after: Duration,
    /// Share of requests that find no connection.
    pub unconnected: f64,
    /// `delete_after_runs`.
    pub absence_runs: u32,
    /// One entry a run under faults.
    pub runs: Vec<DrawnRun>,
}

/// The token's user.
pub(super) const TOKEN_USER: u64 = 1;

/// People who are protected, where the scenario protects any.
const PROTECTED: [&str; 2] = ["3", "p4@*"];

pub(super) fn scenario(seed: u64, faults: Option<f64>) -> Scenario {
    let mut random = Rng::with_seed(seed);
    let random = &mut random;
    let crowd = random.u8(..) < 20;
    let people = if crowd { random.u64(110..150) } else { random.u64(4..30) };
    let mut world = world(random, people);
    let mut sheet = Sheet::of_ids(&dated::with_dates(seed, roster(random, &world, crowd)));
    let allow_replace = random.bool();
    let entries: &[&str] = if random.u8(..) < 64 { &PROTECTED } else { &[] };
    let protection = Protection::new(entries).unwrap_or_default();
    let mode = match random.u8(0..10) {
        0 => Mode::CreateOnly,
        1 => Mode::NoDelete,
        _ => Mode::Mirror,
    };
    let ownership = if random.u8(..) < 64 { Ownership::Tagged } else { Ownership::All };
    let mut sandbox = sandbox(random, seed, faults);
    let calling = Calling::drawn(seed, &mut world, &mut sandbox, &mut sheet);
    Scenario {
        sandbox,
        policy: Policy { mode, allow_replace, ownership, protection, ..Policy::default() },
        limits: limits(random),
        http: http(random),
        named: named(random, &world),
        recheck_after: Duration::from_secs([0, 5, 300][random.usize(0..3)]),
        unconnected: if random.bool() { 0.0 } else { random.f64() * 0.1 },
        absence_runs: if random.u8(..) < 40 { random.u32(1..4) } else { 0 },
        runs: runs(random),
        world,
        sheet,
        calling,
    }
}

fn world(random: &mut Rng, people: u64) -> World {
    let mut world = World::new();
    world.token_user = TOKEN_USER;
    for id in 1..=people {
        world.put_user(User {
            id,
            name: format!("Person {id}"),
            email: format!("p{id}@firm.example"),
            disabled: id > 4 && random.u8(..) < 8,
            on_account: id <= 4 || random.u8(..) >= 96,
            account_admin: id > 4 && random.u8(..) < 8,
        });
    }
    let at = Timestamp::UNIX_EPOCH;
    for id in 11..=random.u64(11..16) {
        let archived = random.u8(..) < 12;
        let title = format!("Project {id}");
        world.put_workspace(Workspace { id, title, archived, created_at: at, updated_at: at });
        let crowding = random.u8(20..180);
        let mut leads = [random.bool(), random.bool()];
        for user in 1..=people {
            if random.u8(..) < crowding {
                world.insert(member(random, (id, user), &mut leads));
            }
        }
    }
    world
}

fn member(random: &mut Rng, (workspace, user): (u64, u64), leads: &mut [bool; 2]) -> Participation {
    let side = if random.u8(..) < 64 { Side::Buyer } else { Side::Maven };
    let place = &mut leads[usize::from(side == Side::Buyer)];
    let is_team_lead = std::mem::take(place);
    let Participation { id, created_at, updated_at, .. } =
        Participation::new(workspace, Some(user), side);
    Participation {
        id,
        workspace,
        user: Some(user),
        side,
        level: random.choice(Level::ALL).unwrap_or(Level::EditTasks),
        is_team_lead,
        can_invite: random.bool(),
        // No roster that is drawn manages these: see `drawn_roster`.
        can_schedule_their_hours: false,
        can_schedule_team_hours: false,
        cost_in_cents: None,
        workspace_role_id: None,
        rate_in_cents: random.bool().then(|| random.i64(0..3)),
        external_references: references(random, (workspace, user)),
        created_at,
        updated_at,
    }
}

/// Somebody's mark, this tool's, both or none.
fn references(random: &mut Rng, (workspace, user): (u64, u64)) -> Vec<ExternalReference> {
    let services = ["kantata-sync", "payroll"].into_iter().filter(|_| random.bool());
    // No id that the sandbox gives, and each only once.
    let reference = |(at, service): (u64, &str)| ExternalReference {
        id: 1_000_000_000 + workspace * 10_000 + user * 2 + at,
        service_name: service.to_owned(),
        service_model: "membership".to_owned(),
        service_model_ref: "1".to_owned(),
    };
    (0..).zip(services).map(reference).collect()
}

fn sandbox(random: &mut Rng, seed: u64, faults: Option<f64>) -> SandboxSettings {
    let duplicates = [Duplicates::Refused, Duplicates::Ignored, Duplicates::Doubled];
    let retry_after =
        [RetryAfter::Seconds, RetryAfter::Date, RetryAfter::Nonsense, RetryAfter::None];
    SandboxSettings {
        latency: Duration::from_millis(random.u64(0..800)),
        read_after_write_lag: Duration::from_millis(random.u64(0..1800) * random.u64(0..2)),
        requests_per_second: random.bool().then(|| random.f64() * 20.0 + 2.0),
        rate_burst: random.u32(1..4),
        retry_after: retry_after[random.usize(0..4)],
        rate_limit_json: random.bool(),
        bulk: if random.bool() { Bulk::Atomic } else { Bulk::Partial },
        error_index: ErrorIndex::ALL[random.usize(0..ErrorIndex::ALL.len())],
        first_error_only: random.u8(..) < 40,
        max_bulk: if random.u8(..) < 20 { random.usize(1..100) } else { 100 },
        providers_must_be_members: random.bool(),
        duplicates: duplicates[random.usize(0..3)],
        promotion_demotes: random.bool(),
        financial_access: random.u8(..) < 220,
        token_is_admin: random.u8(..) < 230,
        custom_permissions: random.bool(),
        page_limit: [200, 200, 5, 7][random.usize(0..4)],
        odd_values: OddValues {
            seed,
            share: [0.0, 0.0, 0.1, 1.0][random.usize(0..4)],
            ..OddValues::default()
        },
        faults: drawn_faults(random, seed, faults),
        ..SandboxSettings::default()
    }
}

fn drawn_faults(random: &mut Rng, seed: u64, share: Option<f64>) -> Faults {
    let share = share.unwrap_or([0.0, 0.05, 0.2, 0.4][random.usize(0..4)]);
    let weights: Vec<f64> = (0..13).map(|_| random.f64() * f64::from(random.u8(0..2))).collect();
    let sum: f64 = weights.iter().sum::<f64>().max(1e-9);
    let part = |at: usize| weights[at] / sum * share;
    Faults {
        seed,
        error_before: part(0),
        error_after: part(1),
        cut_before: part(2),
        cut_after: part(3),
        timeout_before: part(4),
        timeout_after: part(5),
        html_before: part(6),
        html_after: part(7),
        garbage: part(8),
        slow: part(9),
        errors_in_200: part(10),
        // A redirect ends a run by itself, so it must be rare to leave something to be seen.
        redirect: part(11) / 10.0,
        rate_429: part(12),
        page_shift: if random.u8(..) < 60 { 0.4 } else { 0.0 },
        short_page: if random.u8(..) < 60 { 0.1 } else { 0.0 },
        foreign_edits: if random.u8(..) < 60 { 0.05 } else { 0.0 },
        ..Faults::default()
    }
}

fn limits(random: &mut Rng) -> Limits {
    if random.bool() {
        let (max_deletes, max_delete_percent) = (50, 100);
        return Limits {
            max_deletes,
            max_delete_percent,
            max_project_delete_percent: 100,
            delete_floor: 5,
        };
    }
    Limits {
        max_deletes: random.usize(0..20),
        max_delete_percent: random.usize(0..40),
        max_project_delete_percent: random.usize(0..80),
        delete_floor: random.usize(0..6),
    }
}

fn http(random: &mut Rng) -> HttpSettings {
    HttpSettings {
        requests_per_second: random.f64() * 40.0 + 4.0,
        max_in_flight: random.usize(1..7),
        tries: random.u32(2..7),
        ..HttpSettings::default()
    }
}

fn named(random: &mut Rng, world: &World) -> Vec<WorkspaceId> {
    let named = world.workspaces().keys().filter(|_| random.u8(..) < 12);
    named.filter_map(|id| WorkspaceId::new(*id)).collect()
}

fn runs(random: &mut Rng) -> Vec<DrawnRun> {
    let kind = |random: &mut Rng| match random.u8(0..10) {
        0 => DrawnKind::Adopt,
        1 | 2 => DrawnKind::Undo,
        3 | 4 => DrawnKind::ApplyApproved,
        _ => DrawnKind::Apply,
    };
    let interruption = |random: &mut Rng| match random.u8(0..6) {
        0..3 => Interruption::None,
        3 | 4 => Interruption::Kill {
            requests: random.u64(1..60),
            after: Duration::from_millis(random.u64(0..1000)),
        },
        _ => Interruption::Stop { requests: random.u64(1..60) },
    };
    let run =
        |random: &mut Rng| DrawnRun { kind: kind(random), interruption: interruption(random) };
    (0..random.u8(1..5)).map(|_| run(random)).collect()
}
