//! The guard at its limits and floors, on plans of small worlds.

use super::*;

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
