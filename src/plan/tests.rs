//! What must hold of any plan, on small worlds drawn at random, and the rules one by one.

mod narrow;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    guard::{Limits, review},
    model::{
        AccessLevel, DesiredMembership, DesiredSet, Drift, Field, FieldValue, Fields, Freeze,
        Listing, LiveFields, LiveWorkspace, MembershipKey, MembershipSpec, Participation,
        ParticipationId, Person, Role, RoleId, Seen, Unreadable, sample::key,
    },
    simulation::floor::Intended,
};

fn user(id: u64) -> UserId {
    UserId::new(id).expect("not 0")
}

fn workspace(id: u64) -> WorkspaceId {
    WorkspaceId::new(id).expect("not 0")
}

fn desired(project: u64, person: u64, role: Role, fields: Fields) -> DesiredMembership {
    let line = project * 100 + person;
    DesiredMembership { key: key(project, person), spec: MembershipSpec { role, fields }, line }
}

fn visible(access: AccessLevel, lead: bool) -> LiveFields {
    LiveFields {
        access_level: Seen::Visible(access),
        team_lead: Seen::Visible(lead),
        can_invite: Seen::Visible(false),
        can_schedule_their_hours: Seen::Visible(false),
        can_schedule_team_hours: Seen::Visible(false),
        workspace_role_id: Seen::Visible(None),
        rate_in_cents: Seen::Visible(None),
        cost_in_cents: Seen::Visible(None),
        tagged: Seen::Visible(false),
    }
}

fn participation(project: u64, person: u64, role: Role, fields: LiveFields) -> Participation {
    Participation {
        id: ParticipationId::new(project * 1000 + person).expect("not 0"),
        key: key(project, person),
        role: Seen::Visible(role),
        fields,
        created_at: None,
        updated_at: None,
    }
}

/// The token acts as user 1.
fn live(rows: Vec<Participation>) -> LiveSet {
    let mut listings: BTreeMap<WorkspaceId, Vec<Participation>> = BTreeMap::new();
    let person = |id: u64| Person {
        id: user(id),
        name: format!("Person {id}"),
        email: Some(format!("p{id}@firm.example")),
        disabled: Seen::Visible(false),
    };
    for project in 1..=4 {
        listings.insert(workspace(project), Vec::new());
    }
    for row in rows {
        listings.entry(row.key.workspace).or_default().push(row);
    }
    let listed = |mut participations: Vec<Participation>| {
        participations.sort_by_key(|row| (row.key.user, row.id));
        LiveWorkspace::Listed(Listing {
            title: "A project".to_owned(),
            participations,
            userless: Vec::new(),
            listed_at: Timestamp::UNIX_EPOCH,
            pages: 1,
        })
    };
    LiveSet {
        token_user: person(1),
        workspaces: listings.into_iter().map(|(id, rows)| (id, listed(rows))).collect(),
        people: (1..=12).map(|id| (user(id), person(id))).collect(),
    }
}

fn rows_of(live: &LiveSet) -> Vec<Participation> {
    let listed = live.workspaces.values().filter_map(|state| match state {
        LiveWorkspace::Listed(listing) => Some(listing.participations.clone()),
        _ => None,
    });
    listed.flatten().collect()
}

/// What a server does that is told so, whatever the field.
fn set(fields: &mut LiveFields, drift: &[Drift]) {
    let mut shown = serde_json::to_value(*fields).expect("plain values");
    for drift in drift {
        shown[drift.field.name()] = serde_json::json!({ "visible": drift.after });
    }
    *fields = serde_json::from_value(shown).expect("a value of its field");
}

fn create(rows: &mut Vec<Participation>, key: MembershipKey, spec: &MembershipSpec) {
    let mut fields = visible(AccessLevel::EditTasks, false);
    let (created, _) = spec.fields.split_for_create();
    let drift = |(field, after)| Drift { field, before: fields.value(field), after };
    let drift: Vec<Drift> = created.managed().into_iter().map(drift).collect();
    set(&mut fields, &drift);
    let (project, person) = (key.workspace.number(), key.user.number());
    rows.push(participation(project, person, spec.role, fields));
}

/// What a server that does as it is told makes of a plan.
fn carry_out(before: &LiveSet, plan: &Plan) -> LiveSet {
    let mut rows = rows_of(before);
    for action in &plan.actions {
        match &action.change {
            Change::Create { spec } => create(&mut rows, action.key, spec),
            Change::Update { drift, .. } => {
                let mut of_key = rows.iter_mut().filter(|row| row.key == action.key);
                set(&mut of_key.next().expect("is live").fields, drift);
            }
            Change::Delete { live, .. } => rows.retain(|row| row.id != live.id),
            Change::Replace { live, spec, later, .. } => {
                rows.retain(|row| row.id != live.id);
                create(&mut rows, action.key, spec);
                set(&mut rows.last_mut().expect("just made").fields, later);
            }
        }
    }
    live(rows)
}

fn plan_of(wanted: Vec<DesiredMembership>, live: &LiveSet, policy: &Policy) -> Plan {
    plan(&DesiredSet::new(wanted), live, policy)
}

fn level() -> impl Strategy<Value = AccessLevel> {
    prop::sample::select(AccessLevel::ALL.to_vec())
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Maven, Role::Buyer])
}

prop_compose! {
    fn an_entry()(project in 1..4_u64, person in 1..9_u64, role in role(),
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
    fn a_row()(project in 1..5_u64, person in 1..9_u64, role in role(), access in level(),
        lead in prop::bool::weighted(0.2), tagged in any::<bool>(),
    ) -> Participation {
        let fields = LiveFields { tagged: Seen::Visible(tagged), ..visible(access, lead) };
        participation(project, person, role, fields)
    }
}

/// One entry a key, and at most one lead a side, as the roster reader guarantees.
fn entries() -> impl Strategy<Value = Vec<DesiredMembership>> {
    prop::collection::vec(an_entry(), 0..16).prop_map(as_of_a_roster)
}

fn as_of_a_roster(entries: Vec<DesiredMembership>) -> Vec<DesiredMembership> {
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

fn live_rows() -> impl Strategy<Value = Vec<Participation>> {
    prop::collection::vec(a_row(), 0..20).prop_map(|mut rows| {
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        rows
    })
}

/// Few go, come, change sides, begin to lead or cease to, so that floors matter.
fn turnover() -> impl Strategy<Value = (Vec<Participation>, DesiredSet)> {
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

fn limits() -> impl Strategy<Value = Limits> {
    let percents = (0..60_usize, 0..100_usize);
    (1..12_usize, percents, 0..7_usize).prop_map(|(max_deletes, percents, delete_floor)| Limits {
        max_deletes,
        max_delete_percent: percents.0,
        max_project_delete_percent: percents.1,
        delete_floor,
    })
}

/// The rule's own view of what a plan would make of who is there.
fn intended(rows: &[Participation], plan: &Plan) -> Intended {
    let mut intended = Intended::on(plan.workspaces.keys().map(|id| id.number()), 1);
    for row in rows {
        let leads = row.fields.team_lead == Seen::Visible(true);
        intended.member(row.key.workspace.number(), Some(row.key.user.number()), leads);
    }
    plan.actions.iter().for_each(|action| intended.action(action));
    intended
}

fn policies() -> impl Strategy<Value = Policy> {
    let modes = prop::sample::select(vec![Mode::Mirror, Mode::NoDelete, Mode::CreateOnly]);
    let owners = prop::sample::select(vec![Ownership::All, Ownership::Tagged]);
    let switches = (any::<bool>(), any::<bool>());
    (modes, owners, switches).prop_map(|(mode, ownership, (allow_replace, protects))| {
        let entries: &[&str] = if protects { &["3", "p4@*"] } else { &[] };
        let protection = Protection::new(entries).expect("good entries");
        Policy { mode, allow_replace, ownership, protection, ..Policy::default() }
    })
}

fn destroyed(plan: &Plan) -> BTreeSet<MembershipKey> {
    let destroyed = plan.actions.iter().filter(|action| action.change.destroys());
    destroyed.map(|action| action.key).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do(
        entries in entries(), rows in live_rows(), policy in policies(),
    ) {
        let before = live(rows);
        let first = plan_of(entries.clone(), &before, &policy);
        let mut after = carry_out(&before, &first);
        let mut second = plan_of(entries.clone(), &after, &policy);
        let waits = |held: &Held| held.reason == HoldReason::LeadWithoutSuccessor;
        let replaces = |action: &Action| matches!(action.change, Change::Replace { .. });
        let mut before = first;
        while before.held.iter().any(waits) && before.actions.iter().any(replaces) {
            // Replacements come last, so a lead whose successor comes by one goes a run later.
            after = carry_out(&after, &second);
            before = std::mem::replace(&mut second, plan_of(entries.clone(), &after, &policy));
        }
        prop_assert_eq!(&second.actions, &Vec::new());
    }

    #[test]
    fn the_order_of_rows_changes_nothing(
        entries in entries().prop_shuffle(), rows in live_rows(), policy in policies(),
    ) {
        let before = live(rows);
        let mut sorted = entries.clone();
        sorted.sort_by_key(|entry| entry.key);
        let (one, other) = (plan_of(entries, &before, &policy), plan_of(sorted, &before, &policy));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn nothing_outside_the_scope_is_touched(entries in entries(), rows in live_rows()) {
        let mut before = live(rows);
        let scope: BTreeSet<WorkspaceId> = entries.iter().map(|entry| entry.key.workspace).collect();
        before.workspaces.retain(|id, _| scope.contains(id));
        let plan = plan_of(entries, &before, &Policy::default());
        for action in &plan.actions {
            prop_assert!(scope.contains(&action.key.workspace), "{action:?}");
        }
    }

    #[test]
    fn whom_the_roster_wants_is_never_deleted(
        entries in entries(), rows in live_rows(), policy in policies(),
    ) {
        let wanted: BTreeSet<MembershipKey> = entries.iter().map(|entry| entry.key).collect();
        let plan = plan_of(entries, &live(rows), &policy);
        for action in &plan.actions {
            let deletes = matches!(action.change, Change::Delete { .. });
            prop_assert!(!(deletes && wanted.contains(&action.key)), "{action:?}");
        }
    }

    #[test]
    fn the_protected_and_the_tokens_own_user_are_never_destroyed_or_demoted(
        entries in entries(), rows in live_rows(), allow_replace in any::<bool>(),
    ) {
        let protection = Protection::new(&["3", "p4@*"]).expect("good entries");
        let policy = Policy { allow_replace, protection, ..Policy::default() };
        let before = live(rows);
        let plan = plan_of(entries, &before, &policy);
        let untouchable: BTreeSet<UserId> = [1, 3, 4].map(user).into();
        let destroyed = destroyed(&plan);
        prop_assert!(!destroyed.iter().any(|key| untouchable.contains(&key.user)));
        for action in plan.actions.iter().filter(|action| untouchable.contains(&action.key.user)) {
            let Change::Update { drift, .. } = &action.change else { continue };
            for drift in drift {
                prop_assert!(drift.after != FieldValue::Flag(false) || drift.field != Field::TeamLead);
                if let (FieldValue::Access(old), FieldValue::Access(new)) = (drift.before, drift.after) {
                    prop_assert!(!new.is_below(old), "{action:?}");
                }
            }
        }
        // Promoting one person may demote another by itself.
        let leads: Vec<_> = rows_led_by(&before, &untouchable);
        for action in plan.actions.iter().filter(|action| action.change.stage() == Stage::Promote) {
            let (Change::Update { .. }, side) = (&action.change, action.key.workspace) else { continue };
            let role = rows_of(&before).iter().find(|row| row.key == action.key).map(|row| row.role);
            prop_assert!(
                !leads.iter().any(|lead| lead.key.workspace == side && Some(lead.role) == role && lead.key != action.key),
                "{action:?}"
            );
        }
    }

    #[test]
    fn under_tagged_only_what_is_tagged_is_destroyed_and_what_is_made_is_tagged(
        entries in entries(), rows in live_rows(), policy in policies(),
    ) {
        let policy = Policy { ownership: Ownership::Tagged, ..policy };
        let plan = plan_of(entries, &live(rows), &policy);
        for action in &plan.actions {
            match &action.change {
                Change::Create { spec } => prop_assert_eq!(spec.fields.tagged, Some(true)),
                Change::Update { drift, .. } => {
                    prop_assert!(drift.iter().all(|drift| drift.field != Field::Tagged));
                }
                Change::Delete { live, .. } => {
                    prop_assert_eq!(live.fields.tagged, Seen::Visible(true));
                }
                Change::Replace { live, spec, .. } => {
                    prop_assert_eq!(live.fields.tagged, Seen::Visible(true));
                    prop_assert_eq!(spec.fields.tagged, Some(true));
                }
            }
        }
    }

    #[test]
    fn what_passes_the_guard_is_within_every_limit(
        entries in entries(), rows in live_rows(), allow_replace in any::<bool>(),
        max_deletes in 0..6_usize, max_delete_percent in 0..101_usize,
        max_project_delete_percent in 0..101_usize, delete_floor in 0..4_usize,
    ) {
        let limits = Limits { max_deletes, max_delete_percent, max_project_delete_percent, delete_floor };
        let total = rows.len();
        let plan = plan_of(entries, &live(rows), &Policy { allow_replace, ..Policy::default() });
        let planned = destroyed(&plan).len();
        let reviewed = review(plan.clone(), &limits, None);
        let passed = destroyed(reviewed.approved.plan()).len();
        prop_assert_eq!(passed + reviewed.withheld.len(), planned, "one of both, and never lost");
        prop_assert!(passed <= max_deletes);
        prop_assert!(passed <= delete_floor || passed * 100 <= total * max_delete_percent);
        prop_assert_eq!(reviewed.refusals.is_empty(), reviewed.withheld.is_empty());
        let others = |plan: &Plan| plan.actions.iter().filter(|action| !action.change.destroys()).count();
        prop_assert_eq!(others(reviewed.approved.plan()), others(&plan), "creates and updates go on");
    }

    #[test]
    fn the_guard_withholds_what_the_rule_says_and_nothing_else(
        (rows, roster) in turnover(), policy in policies(), limits in limits(),
    ) {
        let plan = plan(&roster, &live(rows.clone()), &Policy { mode: Mode::Mirror, ..policy });
        let verdict = intended(&rows, &plan).verdict(&limits);
        let passed = destroyed(review(plan.clone(), &limits, None).approved.plan());
        for key in destroyed(&plan) {
            let withheld = !passed.contains(&key);
            prop_assert_eq!(withheld, verdict.withholds(key.workspace.number()), "{}: {:?}", key, verdict);
        }
    }

    #[test]
    fn an_invalid_row_never_becomes_a_delete(
        entries in entries(), rows in live_rows(), frozen in 1..4_u64, everywhere in any::<bool>(),
    ) {
        let mut roster = DesiredSet::new(entries);
        let lines = BTreeMap::from([(workspace(frozen), vec![7])]);
        roster.freeze = Freeze { everywhere: if everywhere { vec![9] } else { vec![] }, workspaces: lines };
        let policy = Policy { allow_replace: true, ..Policy::default() };
        let plan = plan(&roster, &live(rows), &policy);
        for key in destroyed(&plan) {
            prop_assert!(!everywhere && key.workspace != workspace(frozen), "{key}");
        }
    }

    #[test]
    fn a_partial_roster_never_destroys(entries in entries(), rows in live_rows()) {
        let mut roster = DesiredSet::new(entries);
        roster.unnamed = crate::model::Unnamed::Keep;
        let policy = Policy { allow_replace: true, ..Policy::default() };
        prop_assert!(destroyed(&plan(&roster, &live(rows), &policy)).is_empty());
    }

    #[test]
    fn a_plan_survives_json(entries in entries(), rows in live_rows(), policy in policies()) {
        let plan = plan_of(entries, &live(rows), &policy);
        let text = serde_json::to_string(&plan).expect("plans serialise");
        prop_assert_eq!(serde_json::from_str::<Plan>(&text).expect("the same"), plan);
    }
}

fn rows_led_by(live: &LiveSet, people: &BTreeSet<UserId>) -> Vec<Participation> {
    let leads = |row: &Participation| {
        people.contains(&row.key.user) && row.fields.team_lead == Seen::Visible(true)
    };
    rows_of(live).into_iter().filter(leads).collect()
}

fn led(lead: bool) -> Fields {
    Fields { team_lead: Some(lead), ..Fields::default() }
}

fn plain(project: u64, person: u64, lead: bool) -> Participation {
    participation(project, person, Role::Maven, visible(AccessLevel::EditTasks, lead))
}

fn words(plan: &Plan) -> Vec<String> {
    let actions =
        plan.actions.iter().map(|action| format!("{} {}", action.change.word(), action.key.user));
    let held = plan.held.iter().map(|held| format!("held {}: {}", held.key.user, held.reason));
    actions.chain(held).collect()
}

#[test]
fn a_lead_goes_after_a_successor_leads() {
    let before = live(vec![plain(1, 2, true), plain(1, 5, false)]);
    let entries = vec![desired(1, 5, Role::Maven, led(true))];
    let plan = plan_of(entries, &before, &Policy::default());
    assert_eq!(words(&plan), ["update 5", "delete 2"]);
    let Change::Delete { demote_first, .. } = plan.actions[1].change else { panic!("a delete") };
    assert!(demote_first);
}

#[test]
fn a_lead_without_a_successor_is_held() {
    let before = live(vec![plain(1, 2, true), plain(1, 5, false)]);
    let stays = vec![desired(1, 5, Role::Maven, Fields::default())];
    let plan = plan_of(stays, &before, &Policy::default());
    assert_eq!(words(&plan).len(), 1);
    assert_eq!(plan.held[0].reason, HoldReason::LeadWithoutSuccessor);

    let demoted =
        vec![desired(1, 2, Role::Maven, led(false)), desired(1, 5, Role::Maven, Fields::default())];
    let plan = plan_of(demoted, &before, &Policy::default());
    assert_eq!(plan.held[0].reason, HoldReason::LeadWithoutSuccessor);
    assert!(plan.actions.is_empty());
}

#[test]
fn the_tokens_own_lead_is_not_taken_by_promoting_somebody() {
    let before = live(vec![plain(1, 1, true), plain(1, 5, false)]);
    let entries =
        vec![desired(1, 1, Role::Maven, Fields::default()), desired(1, 5, Role::Maven, led(true))];
    let plan = plan_of(entries, &before, &Policy::default());
    assert!(plan.actions.is_empty());
    assert_eq!(plan.held[0].reason, HoldReason::LeadIsProtected);
}

#[test]
fn the_rest_of_an_update_is_sent_when_a_field_is_held() {
    let mut fields = visible(AccessLevel::EditTasks, false);
    fields.rate_in_cents = Seen::Hidden;
    let before = live(vec![participation(1, 5, Role::Maven, fields)]);
    let entry = Fields { rate_in_cents: Some(7), can_invite: Some(true), ..Fields::default() };
    let plan = plan_of(vec![desired(1, 5, Role::Maven, entry)], &before, &Policy::default());
    assert_eq!(words(&plan), ["update 5", "held 5: the live value is not visible to this token"]);
    let Change::Update { drift, .. } = &plan.actions[0].change else { panic!("an update") };
    assert_eq!(drift.len(), 1);
}

#[test]
fn nobody_is_created_beside_a_record_that_names_no_person() {
    let mut before = live(vec![plain(1, 5, false)]);
    let id = ParticipationId::new(9).expect("not 0");
    if let Some(LiveWorkspace::Listed(listing)) = before.workspaces.get_mut(&workspace(1)) {
        listing.userless.push(crate::model::UserlessRow { id });
    }
    let entries = [5, 6].map(|person| desired(1, person, Role::Maven, Fields::default())).to_vec();
    let elsewhere = desired(2, 6, Role::Maven, Fields::default());
    let plan = plan_of([entries, vec![elsewhere]].concat(), &before, &Policy::default());
    assert_eq!(plan.actions.len(), 1, "on the other project");
    assert_eq!(plan.actions[0].key, elsewhere.key);
    assert_eq!(plan.held.len(), 1);
    assert_eq!(plan.held[0].reason, HoldReason::Nameless { ids: vec![id] });
}

#[test]
fn a_pair_that_is_live_twice_is_held() {
    let mut twin = plain(1, 5, false);
    twin.id = ParticipationId::new(9).expect("not 0");
    let before = live(vec![plain(1, 5, false), twin]);
    for entries in [vec![], vec![desired(1, 5, Role::Buyer, Fields::default())]] {
        let plan = plan_of(entries, &before, &Policy::default());
        assert!(plan.actions.is_empty());
        assert!(matches!(plan.held[0].reason, HoldReason::DuplicateLive { .. }));
    }
}

#[test]
fn a_change_of_side_is_held_until_it_is_allowed() {
    let before = live(vec![plain(1, 5, false)]);
    let entries = vec![desired(1, 5, Role::Buyer, Fields::default())];
    let plan = plan_of(entries.clone(), &before, &Policy::default());
    assert_eq!(plan.held[0].reason, HoldReason::ReplaceNotAllowed);
    let plan = plan_of(entries, &before, &Policy { allow_replace: true, ..Policy::default() });
    assert_eq!(words(&plan), ["replace 5"]);
    assert_eq!(plan.counts.replacements, 1);
}

#[test]
fn whose_tag_cannot_be_seen_is_not_deleted_under_tagged() {
    let hidden = LiveFields { tagged: Seen::Hidden, ..visible(AccessLevel::EditTasks, false) };
    let before = live(vec![participation(1, 5, Role::Maven, hidden), plain(1, 6, false)]);
    let mut wanted = DesiredSet::new(Vec::new());
    wanted.workspaces.insert(workspace(1));
    let policy = Policy { ownership: Ownership::Tagged, ..Policy::default() };
    let plan = plan(&wanted, &before, &policy);
    assert!(plan.actions.is_empty());
    let reasons: Vec<&HoldReason> = plan.held.iter().map(|held| &held.reason).collect();
    assert_eq!(reasons, [&HoldReason::Hidden, &HoldReason::NotTagged]);
}

#[test]
fn a_replacement_does_not_take_the_lead_from_the_tokens_own_user() {
    let before =
        live(vec![plain(1, 1, true), participation(1, 5, Role::Buyer, plain(1, 5, false).fields)]);
    let entries =
        vec![desired(1, 1, Role::Maven, Fields::default()), desired(1, 5, Role::Maven, led(true))];
    let policy = Policy { allow_replace: true, ..Policy::default() };
    let plan = plan_of(entries, &before, &policy);
    let Change::Replace { later, .. } = &plan.actions[0].change else { panic!("a replacement") };
    assert_eq!(later, &[]);
    assert_eq!(plan.held[0].reason, HoldReason::LeadIsProtected);
}

#[test]
fn a_promotion_says_from_whom_it_takes_the_lead() {
    let before = live(vec![plain(1, 4, true), plain(1, 5, false)]);
    let entries =
        vec![desired(1, 4, Role::Maven, Fields::default()), desired(1, 5, Role::Maven, led(true))];
    let plan = plan_of(entries, &before, &Policy::default());
    let Change::Update { takes_lead_from, .. } = &plan.actions[0].change else {
        panic!("an update")
    };
    assert_eq!(*takes_lead_from, Some(user(4)));
}

/// A digest that a person approved yesterday still means the same plan today.
#[test]
fn a_plan_of_every_field_keeps_its_digest() {
    let all = Fields {
        access_level: Some(AccessLevel::Admin),
        team_lead: Some(true),
        can_invite: Some(true),
        can_schedule_their_hours: Some(true),
        can_schedule_team_hours: Some(false),
        workspace_role_id: RoleId::new(7),
        rate_in_cents: Some(5),
        cost_in_cents: Some(0),
        tagged: Some(true),
    };
    let hidden = LiveFields::default();
    let shown = LiveFields {
        rate_in_cents: Seen::Visible(Some(4)),
        ..visible(AccessLevel::ViewTasks, false)
    };
    let before = live(vec![
        participation(1, 5, Role::Maven, shown),
        participation(2, 6, Role::Buyer, hidden),
        plain(2, 7, false),
    ]);
    let rows = vec![
        desired(1, 5, Role::Maven, all),
        desired(1, 8, Role::Buyer, all),
        desired(2, 6, Role::Buyer, all),
    ];
    let plan = plan_of(rows, &before, &Policy::default());
    insta::assert_snapshot!(plan.digest, @"b3c18cc69164db53aed6f3fb3e240ae88927eb4a7fadd7ad02599a3e38577d2f");
}

#[test]
fn the_hour_of_the_plan_changes_no_digest() {
    let before = live(vec![plain(1, 5, false), plain(1, 6, false)]);
    let planned = |hours: i64| {
        let now = Timestamp::from_second(hours * 3600).expect("in range");
        let rule =
            AbsenceRule { runs: 2, present_counts: true, days: 3, now, known: BTreeMap::new() };
        let policy = Policy { absence: Some(rule), ..Policy::default() };
        plan_of(vec![desired(1, 5, Role::Maven, Fields::default())], &before, &policy)
    };
    let (first, later) = (planned(1), planned(2));
    assert_ne!(first.held, later.held, "the date is told");
    assert_eq!(first.digest, later.digest);
}

#[test]
fn an_archived_project_is_held_and_in_no_total() {
    let mut before = live(vec![plain(1, 5, false)]);
    let archived = LiveWorkspace::Archived { title: "Old".to_owned() };
    before.workspaces.insert(workspace(2), archived);
    let unreadable = LiveWorkspace::Unreadable { title: None, reason: Unreadable::NotVisible };
    before.workspaces.insert(workspace(3), unreadable);
    let entries = (1..=3).map(|project| desired(project, 5, Role::Maven, Fields::default()));
    let plan = plan_of(entries.collect(), &before, &Policy::default());
    assert!(plan.actions.is_empty());
    assert_eq!(plan.held.len(), 1);
    assert_eq!(plan.held[0].reason, HoldReason::Archived);
    assert_eq!(plan.unreadable().count(), 1);
}

#[test]
fn the_guard_stops_just_above_its_limits() {
    let people: Vec<Participation> = (2..=101).map(|person| plain(1, person, false)).collect();
    let before = live(people);
    let delete = |count: u64| {
        let entries =
            (2..=101 - count).map(|person| desired(1, person, Role::Maven, Fields::default()));
        plan_of(entries.collect(), &before, &Policy::default())
    };
    let limits = Limits {
        max_deletes: 50,
        max_delete_percent: 10,
        max_project_delete_percent: 50,
        delete_floor: 5,
    };
    for (count, limits, passes) in [
        (9, limits, true),
        (10, limits, true),
        (11, limits, false),
        (50, Limits { max_delete_percent: 100, ..limits }, true),
        (51, Limits { max_delete_percent: 100, max_project_delete_percent: 100, ..limits }, false),
        (51, Limits { max_delete_percent: 100, max_deletes: 99, ..limits }, false),
        (5, Limits { max_delete_percent: 0, ..limits }, true),
        (6, Limits { max_delete_percent: 0, ..limits }, false),
        (2, Limits { max_delete_percent: 0, max_project_delete_percent: 0, ..limits }, true),
        (3, Limits { max_project_delete_percent: 0, ..limits }, false),
    ] {
        let reviewed = review(delete(count), &limits, None);
        assert_eq!(
            reviewed.refusals.is_empty(),
            passes,
            "{count} {limits:?} {:?}",
            reviewed.refusals
        );
    }
}

const LIMITS: Limits = Limits {
    max_deletes: 50,
    max_delete_percent: 10,
    max_project_delete_percent: 50,
    delete_floor: 5,
};

/// The same, and a share of the run that is never too large.
const OF_PROJECTS: Limits = Limits { max_delete_percent: 100, ..LIMITS };

fn stays(person: u64) -> DesiredMembership {
    desired(1, person, Role::Maven, Fields::default())
}

fn leads(person: u64, lead: bool) -> DesiredMembership {
    desired(1, person, Role::Maven, led(lead))
}

/// What the guard says where these people are there (a lead is marked) and these are desired.
fn refusals(people: &[(u64, bool)], entries: &[DesiredMembership], limits: Limits) -> Vec<String> {
    let rows = people.iter().map(|(person, lead)| plain(1, *person, *lead)).collect();
    let protection = Protection::new(&["9"]).expect("a good entry");
    let policy = Policy { allow_replace: true, protection, ..Policy::default() };
    let plan = plan_of(entries.to_vec(), &live(rows), &policy);
    assert!(!destroyed(&plan).is_empty(), "nothing to guard");
    let reviewed = review(plan, &limits, None);
    assert_eq!(reviewed.refusals.is_empty(), reviewed.withheld.is_empty());
    reviewed.refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn the_floor_of_the_run_never_empties_a_project() {
    // The token's own user and a lead stay; everybody else would be gone.
    let people = [(1, false), (2, true), (3, false), (4, false)];
    assert_eq!(refusals(&people, &[stays(1), stays(2), stays(3)], LIMITS), [""; 0]);
    let emptied = refusals(&people, &[stays(1), stays(2)], LIMITS);
    assert_eq!(
        emptied,
        ["plan deletes 2 of 4 memberships; the limit is 10 % or 0 (guard.max_delete_percent); \
          guard.delete_floor does not let them pass: nobody besides leads and the token's own user \
          would be left on project 1 (A project); all deletes of this run are withheld"]
    );
    // Half of four is within 50 %, and within 100 % of the run: no floor is needed.
    assert_eq!(refusals(&people, &[stays(1), stays(2)], OF_PROJECTS), [""; 0]);
    // Over the floor, it is not for the people that are left.
    let limits = Limits { delete_floor: 1, ..LIMITS };
    assert!(!refusals(&people, &[stays(1), stays(2)], limits)[0].contains("delete_floor"));
}

#[test]
fn the_floor_of_a_project_never_empties_it() {
    let people = [(1, false), (2, true), (3, false)];
    let limits = Limits { max_project_delete_percent: 30, ..OF_PROJECTS };
    assert_eq!(
        refusals(&people, &[stays(2)], limits),
        ["plan deletes 1 of 3 memberships of project 1 (A project); the limit is 30 % or 0 \
         (guard.max_project_delete_percent); up to 2 would pass it, but nobody besides leads and \
         the token's own user would be left; the deletes of this project are withheld"]
    );
    // Three are too many whoever is left.
    let people = [(3, false), (4, false), (5, false), (6, false)];
    assert!(!refusals(&people, &[stays(3)], limits)[0].contains("nobody"));
}

#[test]
fn who_is_left_is_counted_as_it_will_be_afterwards() {
    let passes = |people: &[(u64, bool)], entries: &[DesiredMembership]| {
        refusals(people, entries, OF_PROJECTS).is_empty()
    };
    let other_side = |person, lead| {
        desired(1, person, Role::Buyer, Fields { team_lead: lead, ..Fields::default() })
    };
    // Two of three go each time, which is over 50 %.
    let three = [(5, false), (6, false), (7, false)];
    assert!(passes(&three, &[stays(5)]));
    assert!(!passes(&three, &[leads(5, true)]), "who becomes lead is not ordinary");
    assert!(!passes(&[(1, false), (6, false), (7, false)], &[stays(1)]), "the token's own user");
    assert!(!passes(&[(1, false), (6, false), (7, false)], &[leads(1, true)]));
    assert!(passes(&[(9, false), (6, false), (7, false)], &[]), "whom protection keeps stays");
    assert!(!passes(&[(9, true), (6, false), (7, false)], &[]), "who leads and is protected");
    // Somebody leads, and hands it over to a newcomer or to nobody.
    let led = [(5, true), (6, false), (7, false)];
    assert!(!passes(&led, &[stays(5)]), "a lead who stays");
    assert!(passes(&led, &[leads(5, false), leads(8, true)]), "a lead who is demoted and stays");
    assert!(
        !passes(&led, &[leads(8, true), stays(5)]),
        "whether that ends their lead is not known"
    );
    assert!(passes(&led, &[stays(5), stays(8)]), "a newcomer");
    assert!(!passes(&[(6, false)], &[leads(8, true)]), "a newcomer who leads");
    assert!(!passes(&[(6, false)], &[stays(1)]), "a newcomer who is the token's own user");
    // One goes, and one is replaced: created again, perhaps as lead.
    assert!(passes(&[(5, false), (6, false)], &[other_side(5, None)]));
    assert!(!passes(&[(5, false), (6, false)], &[other_side(5, Some(true))]));
    assert!(passes(&[(6, false)], &[other_side(6, Some(false))]));
}

#[test]
fn a_lead_that_cannot_be_seen_may_be_one() {
    let mut hidden = plain(1, 5, false);
    hidden.fields.team_lead = Seen::Hidden;
    let before = live(vec![hidden, plain(1, 6, false), plain(1, 7, false)]);
    let plan = plan_of(vec![stays(5)], &before, &Policy::default());
    assert_eq!(review(plan, &OF_PROJECTS, None).withheld.len(), 2);
}

#[test]
fn what_is_frozen_counts_against_no_limit() {
    let frozen = (2..=7).map(|person| plain(1, person, false));
    let rows = frozen.chain([plain(2, 2, false), plain(2, 3, false)]).collect();
    let mut roster = DesiredSet::new(vec![desired(2, 2, Role::Maven, Fields::default())]);
    roster.freeze.workspaces = BTreeMap::from([(workspace(1), vec![7])]);
    let plan = plan(&roster, &live(rows), &Policy::default());
    assert_eq!((plan.frozen.len(), destroyed(&plan).len()), (6, 1));
    for limits in [
        Limits { max_deletes: 1, ..LIMITS },
        Limits { delete_floor: 1, ..LIMITS },
        Limits { max_delete_percent: 13, delete_floor: 0, ..LIMITS },
    ] {
        assert_eq!(review(plan.clone(), &limits, None).refusals, [], "{limits:?}");
    }
}

#[test]
fn over_the_run_all_is_withheld_and_an_emptied_project_of_its_own_stands_in_nobodys_way() {
    let keep = |projects: &[(u64, u64)]| -> Vec<DesiredMembership> {
        let entry = |(project, person): &(u64, u64)| {
            desired(*project, *person, Role::Maven, Fields::default())
        };
        projects.iter().map(entry).collect()
    };
    let mut rows: Vec<Participation> = (2..=9).map(|person| plain(1, person, false)).collect();
    rows.extend([plain(2, 1, false), plain(2, 3, false)]);
    let others: Vec<(u64, u64)> = (2..=8).map(|person| (1, person)).collect();
    let entries = keep(&[&others[..], &[(2, 1)]].concat());
    let plan = plan_of(entries, &live(rows), &Policy::default());
    let withheld = |limits: Limits| {
        let reviewed = review(plan.clone(), &limits, None);
        reviewed.withheld.iter().map(|one| one.action.key.workspace.number()).collect::<Vec<_>>()
    };
    assert_eq!(withheld(LIMITS), [1, 2], "half of project 2 is within its limit, the run is not");
    let strict = Limits { max_project_delete_percent: 49, ..LIMITS };
    assert_eq!(withheld(strict), [2], "withheld by its own limit, it is not emptied");
}
