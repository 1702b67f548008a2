//! Fates decided from what is on record, and what follows from them.

use super::*;
use crate::{
    journal::{Entry, RejectedRow, UnknownRow},
    model::{
        Drift, Field, FieldValue, Fields, LiveFields, Membership, MembershipSpec, Participation,
        ParticipationId, Role, Seen, sample,
    },
    plan::Change,
    run::Ended,
};

fn key(user: u64) -> MembershipKey {
    sample::key(1, user)
}

fn spec() -> MembershipSpec {
    MembershipSpec { role: Role::Maven, fields: Fields::default() }
}

fn create(seq: u64, users: &[u64]) -> Entry {
    let row = |user: &u64| Membership { key: key(*user), spec: spec() };
    let request = Request::Create { memberships: users.iter().map(row).collect() };
    Entry::Intent { seq, request }
}

fn live(user: u64) -> Participation {
    Participation {
        id: ParticipationId::new(user + 900).expect("not 0"),
        key: key(user),
        role: Seen::Visible(Role::Maven),
        fields: LiveFields::default(),
        created_at: None,
        updated_at: None,
    }
}

fn present(user: u64) -> PresentRow {
    PresentRow::from(&live(user))
}

fn outcome(seq: u64, result: RequestResult) -> Entry {
    Entry::Outcome { seq, result }
}

fn refused(message: &str) -> RequestResult {
    RequestResult::Refused { message: message.to_owned(), request_id: None }
}

fn unknown() -> RequestResult {
    RequestResult::Unknown { message: "cut".to_owned(), request_id: None }
}

fn done(users: &[u64]) -> RequestResult {
    let present = users.iter().map(|user| present(*user)).collect();
    RequestResult::Done { present, request_id: None }
}

fn settled(seq: u64, there: &[u64], absent: &[u64], unclear: &[u64]) -> Entry {
    let keys = |users: &[u64]| users.iter().map(|user| key(*user)).collect();
    let why = |user: &u64| UnknownRow { key: key(*user), why: "no list".to_owned() };
    Entry::Settled {
        seq,
        present: there.iter().map(|user| present(*user)).collect(),
        absent: keys(absent),
        unknown: keys(unclear),
        why: unclear.iter().map(why).collect(),
    }
}

/// The fates of these changes, each of its own person, by what is on record.
fn fates(entries: &[Entry], changes: &[(u64, Change)]) -> Vec<Fate> {
    let planned = changes.iter().map(|(user, change)| Planned { key: key(*user), change });
    let ledger = Ledger::of(entries);
    let fates = Fates::of(planned.clone(), &ledger, unreached(&Ended::Interrupted));
    planned.map(|action| fates.fate(action)).collect()
}

fn outcomes(entries: &[Entry], changes: &[(u64, Change)]) -> Vec<Outcome> {
    fates(entries, changes).into_iter().map(|fate| fate.outcome).collect()
}

fn creates(users: &[u64]) -> Vec<(u64, Change)> {
    users.iter().map(|user| (*user, Change::Create { spec: spec() })).collect()
}

fn delete(user: u64) -> (u64, Change) {
    (user, Change::Delete { live: Box::new(live(user)), demote_first: false })
}

fn replace(user: u64) -> (u64, Change) {
    let change = Change::Replace {
        live: Box::new(live(user)),
        demote_first: false,
        spec: spec(),
        later: Vec::new(),
        takes_lead_from: None,
    };
    (user, change)
}

fn deletion(seq: u64, user: u64, result: RequestResult) -> [Entry; 2] {
    let request = Request::Delete { live: Box::new(live(user)) };
    [Entry::Intent { seq, request }, outcome(seq, result)]
}

use Outcome::*;

#[test]
fn the_last_request_about_an_action_decides_and_no_answer_is_doubt() {
    let entries = [
        create(0, &[1, 2]),
        outcome(0, refused("no")),
        settled(0, &[], &[1, 2], &[]),
        create(1, &[1]),
        outcome(1, done(&[1])),
        create(2, &[2]),
        outcome(2, refused("not this one")),
        create(3, &[3]),
    ];
    let told = fates(&entries, &creates(&[1, 2, 3, 4]));
    let outcomes: Vec<Outcome> = told.iter().map(|fate| fate.outcome).collect();
    assert_eq!(outcomes, [Applied, Rejected, InDoubt, NotReached]);
    assert_eq!(told[1].why, Why::Refused { message: "not this one".to_owned() });
}

#[test]
fn what_was_read_back_stands_above_the_answer() {
    let entries = [create(0, &[1, 2, 3, 4]), outcome(0, unknown()), settled(0, &[1], &[2], &[3])];
    let told = fates(&entries, &creates(&[1, 2, 3, 4]));
    let outcomes: Vec<Outcome> = told.iter().map(|fate| fate.outcome).collect();
    assert_eq!(outcomes, [Applied, Failed, InDoubt, InDoubt]);
    let doubt = Doubt::Error { message: "cut".to_owned() };
    assert_eq!(told[2].why, Why::CannotTell { doubt, look: "no list".to_owned() });
}

#[test]
fn a_row_of_a_refused_batch_is_rejected_only_where_that_is_on_record() {
    let row = RejectedRow { key: key(1), message: "own words".to_owned(), request_id: None };
    let entries = [
        create(0, &[1, 2, 3]),
        outcome(0, refused("User must exist")),
        settled(0, &[], &[1, 2, 3], &[]),
        create(1, &[2, 3]),
        outcome(1, done(&[2, 3])),
        Entry::Rejected { rows: vec![row] },
    ];
    assert_eq!(outcomes(&entries, &creates(&[1, 2, 3])), [Rejected, Applied, Applied]);
    assert_eq!(outcomes(&entries[..3], &creates(&[1, 2, 3])), [NotReached; 3]);
}

#[test]
fn an_update_is_held_against_the_record_and_a_refusal_is_told_from_what_was_not_sent() {
    let drift = Drift {
        field: Field::CanInvite,
        before: FieldValue::Flag(false),
        after: FieldValue::Flag(true),
    };
    let id = ParticipationId::new(901).expect("not 0");
    let change = Change::Update {
        target: crate::plan::Target::Live(id),
        drift: vec![drift],
        takes_lead_from: None,
    };
    let with = |can_invite| {
        let fields = LiveFields { can_invite: Seen::Visible(can_invite), ..LiveFields::default() };
        let shown = PresentRow::from(&Participation { fields, ..live(1) });
        RequestResult::Done { present: vec![shown], request_id: None }
    };
    let not_sent = |ends_run| RequestResult::NotDone { message: "no way".to_owned(), ends_run };
    for (result, expected) in [
        (with(true), Applied),
        (with(false), NotStuck),
        (refused("no"), Rejected),
        (not_sent(false), Failed),
        (not_sent(true), NotReached),
        (unknown(), InDoubt),
    ] {
        let request =
            Request::Update { key: key(1), id, drift: vec![drift], takes_lead_from: None };
        let entries = [Entry::Intent { seq: 0, request }, outcome(0, result)];
        assert_eq!(outcomes(&entries, &[(1, change.clone())]), [expected], "{expected:?}");
    }
}

#[test]
fn a_create_that_went_wrong_freezes_the_deletes_of_its_project_and_a_hidden_outcome_does_not_hide_that()
 {
    let entries = [create(0, &[1]), outcome(0, refused("no"))];
    let changes = [creates(&[1]), vec![delete(2)]].concat();
    let told = fates(&entries, &changes);
    assert_eq!(told[1].outcome, Frozen);
    let (user, outcome) = (key(1).user, Rejected);
    let trouble = Trouble { with: TroubleWith::Create, user, outcome };
    assert_eq!(told[1].why, Why::AfterTrouble { trouble });
}

#[test]
fn a_lost_replacement_freezes_its_project_and_a_record_that_is_still_there_is_not_lost() {
    let mut entries = deletion(0, 1, done(&[])).to_vec();
    entries.extend([create(1, &[1]), outcome(1, refused("no"))]);
    let changes = [replace(1), replace(2), delete(3)];
    assert_eq!(outcomes(&entries, &changes), [Lost, Frozen, Frozen]);
    entries.push(settled(0, &[1], &[], &[]));
    assert_eq!(outcomes(&entries, &changes)[0], Failed);
    assert_eq!(outcomes(&entries[..2], &changes)[0], Lost, "killed before its create");
    assert_eq!(outcomes(&entries[..1], &changes)[0], InDoubt, "killed before its answer");
}
