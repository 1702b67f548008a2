//! What a run did to each membership, and how it left the record: read from its journal.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::{
    journal::{Journal, Request, RequestResult, SeenRecord},
    model::{
        Drift, Field, FieldValue, MembershipKey, Outcome, Participation, ParticipationId, Role,
        UserId,
    },
    plan::Since,
    verdict::{Exchange, exchanges, unchanged, verdict},
};

/// A server may finish its own work on a record a moment after it answered: only what changed
/// later than this counts as somebody else's change, where no visible value differs.
const AFTERWORK: SignedDuration = SignedDuration::from_secs(60);

/// What a run did to one membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touched {
    pub did: Did,
    /// The record as the run left it: none where it deleted it, or sent it nothing.
    pub left: Option<Left>,
    /// Whom the run made lead in its place: whether the server ended the old lead by itself is seen
    /// in what is live.
    pub gave_lead_to: Option<UserId>,
    /// Not everything about it is proved.
    pub doubtful: bool,
}

/// What was done, with how it was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Did {
    /// It was not there.
    Create,
    /// It was this record; another one may have been created in its place.
    Delete(Box<Participation>),
    /// It had these values.
    Update(BTreeMap<Field, FieldValue>),
    /// Something that the run's report tells and its journal does not.
    Unrecorded,
}

/// A record as a run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    id: ParticipationId,
    /// What was sent, its side among it.
    role: Option<Role>,
    values: BTreeMap<Field, FieldValue>,
    /// How it was seen then; early journals do not say.
    seen: Option<SeenRecord>,
}

/// Every membership that a run did something to.
pub(super) fn touched(journal: &Journal) -> BTreeMap<MembershipKey, Touched> {
    let mut touched = BTreeMap::new();
    for exchange in exchanges(&journal.entries) {
        for key in exchange.request.keys() {
            note(&mut touched, key, &exchange);
        }
    }
    touched
}

type Touches = BTreeMap<MembershipKey, Touched>;

/// Notes what one request did to one membership.
fn note(touched: &mut Touches, key: MembershipKey, sent: &Exchange<'_>) {
    let outcome = verdict(sent, key).outcome;
    if !matches!(outcome, Outcome::Applied | Outcome::NotStuck | Outcome::InDoubt) {
        return;
    }
    let in_doubt = outcome == Outcome::InDoubt;
    match sent.request {
        Request::Create { memberships } => {
            let Some(row) = memberships.iter().find(|row| row.key == key) else { return };
            let values = row.spec.fields.managed().into_iter().collect();
            let role = Some(row.spec.role);
            let present = sent.present(key);
            let entry = at(touched, key, Did::Create);
            entry.left = present.map(|row| Left { id: row.id, role, values, seen: row.seen });
            entry.doubtful |= !present.is_some_and(|row| row.made);
        }
        Request::Update { id, drift, takes_lead_from, .. } => {
            let seen = sent.present(key).and_then(|row| row.seen);
            let stuck = stuck(drift, seen);
            if stuck.is_empty() {
                // It changed nothing, and yet the server may have touched what the run made.
                let left = touched.get_mut(&key).and_then(|touched| touched.left.as_mut());
                return left.into_iter().for_each(|left| left.seen = seen.or(left.seen));
            }
            let entry = at(touched, key, Did::Update(BTreeMap::new()));
            entry.update(*id, &stuck, seen);
            entry.doubtful |= in_doubt;
            note_lead(touched, key, *takes_lead_from, in_doubt);
        }
        Request::Delete { live } => {
            let entry = at(touched, key, Did::Create);
            entry.did = Did::Delete(live.clone());
            entry.left = None;
            // Whoever deleted it, nobody can say.
            let found_gone = matches!(sent.answer, Some(RequestResult::Gone { .. }));
            entry.doubtful |= in_doubt || found_gone;
        }
    }
}

/// The changes that were made; those that cannot be seen any more may have been.
fn stuck(drift: &[Drift], seen: Option<SeenRecord>) -> Vec<Drift> {
    let Some(seen) = seen else { return drift.to_vec() };
    let unchanged = unchanged(drift, &seen.fields);
    let differs = |one: &Drift| {
        unchanged.iter().any(|now| now.field == one.field && now.before != FieldValue::Hidden)
    };
    drift.iter().filter(|one| !differs(one)).copied().collect()
}

/// Notes whom a promotion took the lead from.
fn note_lead(touched: &mut Touches, key: MembershipKey, from: Option<UserId>, in_doubt: bool) {
    let Some(user) = from else { return };
    let led = at(touched, MembershipKey { user, ..key }, Did::Update(BTreeMap::new()));
    led.had(Field::TeamLead, FieldValue::Flag(true));
    led.gave_lead_to = Some(key.user);
    led.doubtful |= in_doubt;
}

/// What is known of a membership; before the first request about it, only what that does.
pub(super) fn at(touched: &mut Touches, key: MembershipKey, did: Did) -> &mut Touched {
    touched.entry(key).or_insert(Touched { did, left: None, gave_lead_to: None, doubtful: false })
}

impl Touched {
    /// It had this value before the run; the first to say so is believed.
    fn had(&mut self, field: Field, value: FieldValue) {
        if let Did::Update(before) = &mut self.did {
            before.entry(field).or_insert(value);
        }
    }

    fn update(&mut self, id: ParticipationId, drift: &[Drift], now: Option<SeenRecord>) {
        for drift in drift {
            self.had(drift.field, drift.before);
        }
        let unknown = Left { id, role: None, values: BTreeMap::new(), seen: None };
        let left = self.left.get_or_insert(unknown);
        left.values.extend(drift.iter().map(|drift| (drift.field, drift.after)));
        left.seen = now.or(left.seen);
    }
}

impl Left {
    /// What is different about the record that is there now; none for nothing. Nothing is
    /// known to be as it was where it was never seen.
    pub(super) fn changed(&self, now: &Participation) -> Option<Since> {
        if let Some(other) = self.other_record(now) {
            return Some(other);
        }
        let Some(seen) = self.seen else {
            return Some(Since::NeverSeen);
        };
        let role = seen.role.visible().or(self.role).zip(now.role.visible());
        let role = role.filter(|(then, now)| then != now);
        let changed = |field| self.changed_value(field, now);
        let drift: Vec<Drift> = Field::ALL.into_iter().filter_map(changed).collect();
        if role.is_none() && drift.is_empty() {
            return touched_later(seen, now);
        }
        Some(Since::OtherValues { role, drift })
    }

    /// The same, for one value that the run set.
    pub(super) fn changed_in(&self, field: Field, now: &Participation) -> Option<Since> {
        let values = |drift| Since::OtherValues { role: None, drift: vec![drift] };
        let changed = || self.changed_value(field, now).map(values);
        self.other_record(now).or_else(changed)
    }

    fn other_record(&self, now: &Participation) -> Option<Since> {
        (self.id != now.id).then_some(Since::OtherRecord { id: now.id })
    }

    /// Whether a value is another one than was seen, or, where it was not seen, than was sent. What
    /// the token does not see now is no change.
    fn changed_value(&self, field: Field, now: &Participation) -> Option<Drift> {
        let visible = |value: &FieldValue| *value != FieldValue::Hidden;
        let seen = self.seen.map(|seen| seen.fields.value(field)).filter(visible);
        let left = seen.or_else(|| self.values.get(&field).copied())?;
        let live = Some(now.fields.value(field)).filter(visible)?;
        (live != left).then_some(Drift { field, before: left, after: live })
    }
}

fn touched_later(seen: SeenRecord, now: &Participation) -> Option<Since> {
    let (Some(left), Some(live)) = (seen.updated_at, now.updated_at) else {
        return Some(Since::TouchUnknown);
    };
    let later = live.duration_since(left) > AFTERWORK;
    later.then_some(Since::Touched { at: live })
}
