//! What planning a million memberships costs, next to sorting a million pairs of ids: the least
//! that a comparison of two unsorted sets would take. Planning may take five times as long.

use std::collections::BTreeMap;

use divan::Bencher;
use jiff::Timestamp;
use kantata_sync::{
    model::{
        AccessLevel, DesiredMembership, DesiredSet, Fields, Listing, LiveFields, LiveSet,
        LiveWorkspace, MembershipKey, MembershipSpec, Participation, ParticipationId, Person, Role,
        Seen, UserId, WorkspaceId,
    },
    plan::{Policy, plan},
};

const PROJECTS: u64 = 10_000;
const MEMBERS: u64 = 100;
const PEOPLE: u64 = 90_000;

fn main() {
    divan::main();
}

fn user(id: u64) -> UserId {
    UserId::new(id).expect("not 0")
}

fn key(project: u64, member: u64) -> MembershipKey {
    let workspace = WorkspaceId::new(40_000_000 + project).expect("not 0");
    // Every project has people of its own: a hundred neighbours, from somewhere in the account.
    MembershipKey { workspace, user: user(1_000 + project * 7_919 % PEOPLE + member) }
}

/// Of a project's 101 people, the first is on the roster only: one create in a hundred.
fn desired() -> DesiredSet {
    let rows = (0..PROJECTS).flat_map(|project| (0..MEMBERS).map(move |member| (project, member)));
    let rows = rows.zip(2..).map(|((project, member), line)| {
        let fields = Fields {
            access_level: Some(AccessLevel::EditTasks),
            team_lead: Some(member == 1),
            can_invite: Some(member % 33 == 10),
            ..Fields::default()
        };
        let spec = MembershipSpec { role: Role::Maven, fields };
        DesiredMembership { key: key(project, member), spec, line }
    });
    DesiredSet::new(rows.collect())
}

/// The last is live only, and three may not invite though they should: three updates in a hundred.
fn listing(project: u64) -> Listing {
    let row = |member: u64| Participation {
        id: ParticipationId::new(9_000_000 + project * MEMBERS + member).expect("not 0"),
        key: key(project, member),
        role: Seen::Visible(Role::Maven),
        fields: LiveFields {
            access_level: Seen::Visible(AccessLevel::EditTasks),
            team_lead: Seen::Visible(member == 1),
            can_invite: Seen::Visible(false),
            can_schedule_their_hours: Seen::Visible(true),
            can_schedule_team_hours: Seen::Visible(false),
            workspace_role_id: Seen::Visible(None),
            rate_in_cents: Seen::Visible(Some(12_500)),
            cost_in_cents: Seen::Visible(None),
            tagged: Seen::Visible(false),
        },
        created_at: Some(Timestamp::UNIX_EPOCH),
        updated_at: Some(Timestamp::UNIX_EPOCH),
    };
    Listing {
        title: format!("Project {project}"),
        participations: (1..=MEMBERS).map(row).collect(),
        userless: Vec::new(),
        listed_at: Timestamp::UNIX_EPOCH,
        pages: 1,
    }
}

fn live() -> LiveSet {
    let person = |id: u64| Person {
        id: user(id),
        name: format!("Person {id}"),
        email: Some(format!("person{id}@firm.example")),
        disabled: Seen::Visible(false),
    };
    let listed = |project| {
        let workspace = key(project, 0).workspace;
        (workspace, LiveWorkspace::Listed(listing(project)))
    };
    let everybody = 1_000..=1_000 + PEOPLE + MEMBERS;
    LiveSet {
        token_user: person(1),
        workspaces: (0..PROJECTS).map(listed).collect(),
        people: everybody.map(|id| (user(id), person(id))).collect::<BTreeMap<_, _>>(),
    }
}

#[divan::bench(sample_count = 21, sample_size = 1)]
fn bare_sort_of_pairs(bencher: Bencher) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut pairs: Vec<(u64, u64)> = (0..PROJECTS * MEMBERS)
        .map(|at| {
            let MembershipKey { workspace, user } = key(at / MEMBERS, at % MEMBERS);
            (workspace.number(), user.number())
        })
        .collect();
    random.shuffle(&mut pairs);
    bencher.with_inputs(|| pairs.clone()).bench_values(|mut pairs| {
        pairs.sort_unstable();
        pairs
    });
}

#[divan::bench(sample_count = 21, sample_size = 1)]
fn plan_against_live(bencher: Bencher) {
    let (desired, live, policy) = (desired(), live(), Policy::default());
    let planned = plan(&desired, &live, &policy).counts;
    assert_eq!((planned.creates, planned.updates, planned.deletes), (10_000, 30_000, 10_000));
    bencher.bench(|| plan(&desired, &live, &policy));
}
