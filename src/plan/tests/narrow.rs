//! What must hold of any part of any plan, and what is held because the rest of it is not wanted.

use std::num::NonZeroUsize;

use super::*;
use crate::guard::review_part;

fn narrowed(roster: &DesiredSet, before: &LiveSet, plan: &Plan, by: &Narrowing) -> Plan {
    let ground = Ground { desired: roster, live: before, scope: before.workspaces.len() };
    narrow(plan.clone(), &ground, by)
}

fn of_users(users: &[u64]) -> Narrowing {
    let users = users.iter().copied().map(user).collect();
    Narrowing { users: Some(users), ..Narrowing::default() }
}

fn only(classes: &[ActionClass]) -> Narrowing {
    Narrowing { only: Some(classes.iter().copied().collect()), ..Narrowing::default() }
}

fn parts() -> impl Strategy<Value = Narrowing> {
    let users = prop::collection::btree_set((1..9_u64).prop_map(user), 1..5);
    let classes = prop::sample::select(ActionClass::ALL.to_vec());
    let only = prop::collection::btree_set(classes, 1..3);
    (prop::option::of(users), prop::option::of(only)).prop_map(|(users, only)| Narrowing {
        users,
        only,
        ..Narrowing::default()
    })
}

/// Whether a change does no more than another.
fn is_part(change: &Change, of: &Change) -> bool {
    let within = |drift: &[Drift], of: &[Drift]| drift.iter().all(|one| of.contains(one));
    match (change, of) {
        (
            Change::Update { target, drift, .. },
            Change::Update { target: of_target, drift: of_drift, .. },
        ) => target == of_target && within(drift, of_drift),
        (
            Change::Replace { live, demote_first, spec, later, .. },
            Change::Replace {
                live: of_live,
                demote_first: of_first,
                spec: of_spec,
                later: of_later,
                ..
            },
        ) => (live, demote_first, spec) == (of_live, of_first, of_spec) && within(later, of_later),
        _ => change == of,
    }
}

fn led_sides(live: &LiveSet) -> BTreeSet<(WorkspaceId, String)> {
    let leads = |row: &Participation| row.fields.team_lead == Seen::Visible(true);
    let rows = rows_of(live);
    let leads = rows.iter().filter(|row| leads(row));
    leads.map(|row| (row.key.workspace, format!("{:?}", row.role))).collect()
}

/// Person 2 leads each project and goes, is demoted or moves to the other side; somebody follows, who
/// may be new.
fn handovers() -> impl Strategy<Value = (Vec<Participation>, DesiredSet)> {
    let project = (0..3_u8, 3..8_u64);
    prop::collection::vec(project, 3).prop_map(|projects| {
        let (mut rows, mut entries) = (Vec::new(), Vec::new());
        for (project, (fate, successor)) in (1..).zip(projects) {
            rows.extend((2..7).map(|person| plain(project, person, person == 2)));
            let stays = (3..7).filter(|person| *person != successor);
            entries.extend(stays.map(|one| desired(project, one, Role::Maven, Fields::default())));
            entries.push(desired(project, successor, Role::Maven, led(true)));
            match fate {
                0 => {}
                1 => entries.push(desired(project, 2, Role::Maven, led(false))),
                _ => entries.push(desired(project, 2, Role::Buyer, Fields::default())),
            }
        }
        (rows, DesiredSet::new(entries))
    })
}

fn policy() -> Policy {
    Policy { allow_replace: true, ..Policy::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_part_does_nothing_that_the_whole_does_not(
        (rows, roster) in turnover(), policy in policies(), by in parts(),
    ) {
        let before = live(rows);
        let whole = plan(&roster, &before, &policy);
        let part = narrowed(&roster, &before, &whole, &by);
        for Action { key, change, .. } in &part.actions {
            let of = |other: &&Action| other.key == *key && is_part(change, &other.change);
            prop_assert!(whole.actions.iter().any(|other| of(&other)), "{key} {change:?}");
            prop_assert!(by.users.as_ref().is_none_or(|users| users.contains(&key.user)));
            let class = ActionClass::of(change);
            prop_assert!(by.only.as_ref().is_none_or(|only| only.contains(&class)));
        }
        let outside = part.narrowed.as_ref().expect("a part").outside;
        let all = whole.actions.len() + whole.frozen.len();
        prop_assert!(part.actions.len() + part.frozen.len() + outside.users + outside.only <= all);
        prop_assert_ne!(&part.digest, &whole.digest);
        let text = serde_json::to_string(&narrowed(&roster, &before, &whole, &Narrowing::default()));
        prop_assert!(serde_json::from_str::<Plan>(&text.expect("plain")).is_ok());
    }

    #[test]
    fn a_part_leaves_no_side_without_a_lead_and_follows_no_create_that_is_not_there(
        (rows, roster) in prop_oneof![turnover(), handovers()], by in parts(),
    ) {
        let before = live(rows);
        let part = narrowed(&roster, &before, &plan(&roster, &before, &policy()), &by);
        let after = led_sides(&carry_out(&before, &part));
        for side in led_sides(&before) {
            prop_assert!(after.contains(&side), "{side:?} of {:?}", part.actions);
        }
    }

    #[test]
    fn the_guard_lets_no_more_of_a_part_pass_than_of_the_whole(
        (rows, roster) in turnover(), by in parts(), limits in limits(),
    ) {
        let before = live(rows);
        let whole = plan(&roster, &before, &policy());
        let part = narrowed(&roster, &before, &whole, &by);
        let of_whole = destroyed(review(whole.clone(), &limits, None).approved.plan());
        let reviewed = review_part(part.clone(), whole, &limits, None);
        let passed = destroyed(reviewed.approved.plan());
        prop_assert!(passed.is_subset(&of_whole));
        prop_assert_eq!(passed.len() + reviewed.withheld.len(), destroyed(&part).len());
        prop_assert_eq!(reviewed.refusals.is_empty(), reviewed.withheld.is_empty());
        let mut alone = part;
        alone.actions.retain(|action| !action.change.destroys() || passed.contains(&action.key));
        prop_assert_eq!(review(alone, &limits, None).withheld, [], "within the limits by itself");
    }
}

/// Person 2 leads and goes, person 5 takes over, person 6 comes and leads the other side.
fn handover() -> (DesiredSet, LiveSet, Plan) {
    let before = live(vec![plain(1, 2, true), plain(1, 5, false), plain(1, 7, false)]);
    let buyer = desired(1, 6, Role::Buyer, led(true));
    let roster = DesiredSet::new(vec![desired(1, 5, Role::Maven, led(true)), buyer, stays(7)]);
    let whole = plan(&roster, &before, &Policy::default());
    (roster, before, whole)
}

fn part_of_handover(by: &Narrowing) -> Vec<String> {
    let (roster, before, whole) = handover();
    words(&narrowed(&roster, &before, &whole, by))
}

const ASKED: &str = "outside the part of the plan that was asked for";

#[test]
fn a_lead_whose_successor_is_left_out_stays() {
    let (_, _, whole) = handover();
    assert_eq!(words(&whole), ["create 6", "update 5", "update 6", "delete 2"]);
    let stays = format!(
        "held 2: leads this side of the project, and the promotion of somebody else is {ASKED}"
    );
    let of_lead = part_of_handover(&of_users(&[2]));
    assert_eq!(
        [part_of_handover(&only(&[ActionClass::Deletes])), of_lead],
        [[stays.as_str()], [stays.as_str()]]
    );
    assert_eq!(part_of_handover(&of_users(&[2, 5])), ["update 5", "delete 2"]);
}

#[test]
fn nobody_takes_the_lead_from_somebody_who_is_left_out() {
    let takes = format!("held 5: may take the lead from user 2, who is {ASKED}");
    assert_eq!(part_of_handover(&of_users(&[5])), [takes]);
    let updates = only(&[ActionClass::Updates]);
    let follows = format!("held 6: follows a create that is {ASKED}");
    assert_eq!(part_of_handover(&updates), ["update 5".to_owned(), follows]);
}

#[test]
fn what_is_left_out_is_counted_and_whoever_is_as_they_should_be_is_too() {
    let (roster, before, whole) = handover();
    let part = narrowed(&roster, &before, &whole, &of_users(&[6, 7]));
    let outside = part.narrowed.expect("a part").outside;
    assert_eq!((outside.users, outside.only, outside.projects), (2, 0, 0));
    assert_eq!((part.counts.creates, part.counts.updates, part.counts.in_sync), (1, 1, 1));
    let creates = narrowed(&roster, &before, &whole, &only(&[ActionClass::Creates]));
    assert_eq!(creates.narrowed.expect("a part").outside.only, 3);
    assert_eq!(creates.counts.in_sync, whole.counts.in_sync);
}

#[test]
fn the_same_actions_of_another_part_have_another_digest() {
    let (roster, before, whole) = handover();
    let first = |actions| Narrowing { first: NonZeroUsize::new(actions), ..Narrowing::default() };
    let digest = |by: &Narrowing| narrowed(&roster, &before, &whole, by).digest;
    assert_ne!(digest(&first(9)), whole.digest);
    assert_ne!(digest(&first(9)), digest(&first(10)));
    assert_eq!(digest(&first(9)), digest(&first(9)));
}

#[test]
fn the_floor_counts_nobody_who_is_left_out() {
    // Two of two go and two come: the whole leaves somebody, the deletes alone do not.
    let before = live(vec![plain(1, 3, false), plain(1, 4, false)]);
    let roster = DesiredSet::new(vec![stays(5), stays(6)]);
    let whole = plan(&roster, &before, &Policy::default());
    assert!(review(whole.clone(), &OF_PROJECTS, None).refusals.is_empty());
    let part = narrowed(&roster, &before, &whole, &only(&[ActionClass::Deletes]));
    let reviewed = review_part(part, whole, &OF_PROJECTS, None);
    assert_eq!(reviewed.withheld.len(), 2);
}
