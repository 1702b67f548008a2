//! What must hold of any plan, on small worlds drawn at random, and the rules one by one.

mod draw;
mod limits;
mod narrow;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    guard::{Limits, review},
    model::{
        AccessLevel, DesiredMembership, DesiredSet, Drift, Field, FieldValue, Fields, Freeze,
        Listing, LiveFields, LiveWorkspace, MembershipKey, MembershipSpec, Participation,
        ParticipationId, Person, Role, Seen, sample::key,
    },
    simulation::floor::Intended,
};
use draw::*;

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
