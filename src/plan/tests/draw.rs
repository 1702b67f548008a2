//! Small rosters, live sets, policies and limits, drawn at random.

use super::*;

pub(super) fn level() -> impl Strategy<Value = AccessLevel> {
    prop::sample::select(AccessLevel::ALL.to_vec())
}

pub(super) fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Maven, Role::Buyer])
}

prop_compose! {
    pub(super) fn an_entry()(project in 1..4_u64, person in 1..9_u64, role in role(),
        access_level in prop::option::of(level()), can_invite in any::<Option<bool>>(),
        rate_in_cents in prop::option::of(0..3_i64), lead in prop::option::weighted(0.2, any::<bool>()),
    ) -> DesiredMembership {
        let fields = Fields {
            access_level, can_invite, rate_in_cents, team_lead: lead,
            // One flag stands for all flags, one amount for all numbers; no roster asks for the tag.
            can_schedule_their_hours: None, can_schedule_team_hours: None,
            workspace_role_id: None, cost_in_cents: None, tagged: None,
        };
        desired(project, person, role, fields)
    }
}

prop_compose! {
    pub(super) fn a_row()(project in 1..5_u64, person in 1..9_u64, role in role(), access in level(),
        lead in prop::bool::weighted(0.2), tagged in any::<bool>(),
    ) -> Participation {
        let fields = LiveFields { tagged: Seen::Visible(tagged), ..visible(access, lead) };
        participation(project, person, role, fields)
    }
}

/// One entry a key, and at most one lead a side, as the roster reader guarantees.
pub(super) fn entries() -> impl Strategy<Value = Vec<DesiredMembership>> {
    prop::collection::vec(an_entry(), 0..16).prop_map(as_of_a_roster)
}

pub(super) fn as_of_a_roster(entries: Vec<DesiredMembership>) -> Vec<DesiredMembership> {
    let mut led = BTreeSet::new();
    let mut one_each = DesiredSet::new(entries).entries().to_vec();
    for entry in &mut one_each {
        let side = (entry.key.workspace, entry.spec.role);
        if entry.spec.fields.team_lead == Some(true) && !led.insert(side) {
            entry.spec.fields.team_lead = None;
        }
    }
    one_each
}

pub(super) fn live_rows() -> impl Strategy<Value = Vec<Participation>> {
    prop::collection::vec(a_row(), 0..20).prop_map(|mut rows| {
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        rows
    })
}

/// Few go, come, change sides, begin to lead or cease to, so that floors matter.
pub(super) fn turnover() -> impl Strategy<Value = (Vec<Participation>, DesiredSet)> {
    let moves = prop::collection::vec((0..20_u8, any::<Option<bool>>()), 20);
    let joins = prop::collection::vec(an_entry(), 0..3);
    let frozen = prop::option::weighted(0.4, 1..4_u64);
    (live_rows(), moves, joins, frozen).prop_map(|(rows, moves, joins, frozen)| {
        let stays = |(row, (chance, lead)): (&Participation, &(u8, Option<bool>))| {
            let Seen::Visible(role) = row.role else { return None };
            let role = match (chance, role) {
                (0..4, _) => return None,
                (4, Role::Maven) => Role::Buyer,
                (4, Role::Buyer) => Role::Maven,
                _ => role,
            };
            let team_lead = lead.filter(|_| *chance < 12);
            let (project, person) = (row.key.workspace.number(), row.key.user.number());
            Some(desired(project, person, role, Fields { team_lead, ..Fields::default() }))
        };
        let stay = rows.iter().zip(&moves).filter_map(stays);
        let mut roster = DesiredSet::new(as_of_a_roster(joins.into_iter().chain(stay).collect()));
        roster.workspaces = (1..=4).map(workspace).collect();
        roster.freeze.workspaces = frozen.map(|id| (workspace(id), vec![7])).into_iter().collect();
        (rows, roster)
    })
}

pub(super) fn limits() -> impl Strategy<Value = Limits> {
    let percents = (0..60_usize, 0..100_usize);
    (1..12_usize, percents, 0..7_usize).prop_map(|(max_deletes, percents, delete_floor)| Limits {
        max_deletes,
        max_delete_percent: percents.0,
        max_project_delete_percent: percents.1,
        delete_floor,
    })
}

pub(super) fn policies() -> impl Strategy<Value = Policy> {
    let modes = prop::sample::select(vec![Mode::Mirror, Mode::NoDelete, Mode::CreateOnly]);
    let owners = prop::sample::select(vec![Ownership::All, Ownership::Tagged]);
    let switches = (any::<bool>(), any::<bool>());
    (modes, owners, switches).prop_map(|(mode, ownership, (allow_replace, protects))| {
        let entries: &[&str] = if protects { &["3", "p4@*"] } else { &[] };
        let protection = Protection::new(entries).expect("good entries");
        Policy { mode, allow_replace, ownership, protection, ..Policy::default() }
    })
}
