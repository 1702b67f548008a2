//! The rules of a plan, one by one.

use super::*;

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
        workspace_role_id: crate::model::RoleId::new(7),
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
