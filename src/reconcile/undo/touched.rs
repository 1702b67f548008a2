//! What a run did to each membership, and how it left the record: read from its journal.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::{
    journal::{Journal, Request, SeenRecord},
    model::{
        Drift, Field, FieldValue, MembershipKey, Outcome, Participation, ParticipationId, Role,
    },
    reconcile::sent::{Sent, sent},
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
    /// It had these values. A lead that somebody's promotion took over is among them: whether the
    /// server ended it by itself is seen in what is live.
    Update(BTreeMap<Field, FieldValue>),
}

/// A record as a run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    id: ParticipationId,
    /// The side, where it was wished or seen.
    role: Option<Role>,
    /// What was sent.
    values: BTreeMap<Field, FieldValue>,
    /// How it was seen then; early journals do not say.
    seen: Option<SeenRecord>,
}

/// Every membership that a run did something to.
pub(super) fn touched(journal: &Journal) -> BTreeMap<MembershipKey, Touched> {
    let mut touched = BTreeMap::new();
    for sent in sent(journal) {
        for key in sent.request.keys() {
            note(&mut touched, key, &sent);
        }
    }
    touched
}

/// Notes what one request did to one membership.
fn note(touched: &mut BTreeMap<MembershipKey, Touched>, key: MembershipKey, sent: &Sent<'_>) {
    let fate = sent.fate(key);
    let doubtful = match fate.outcome {
        Outcome::Applied => sent.was_refused(),
        Outcome::InDoubt => true,
        _ => return,
    };
    let seen = sent.seen(key);
    match sent.request {
        Request::Create { memberships } => {
            let Some(row) = memberships.iter().find(|row| row.key == key) else { return };
            let values = row.spec.fields.managed().into_iter().collect();
            let role = Some(row.spec.role);
            let entry = at(touched, key, Did::Create);
            entry.left = fate.participation.map(|id| Left { id, role, values, seen });
            entry.doubtful |= doubtful;
        }
        Request::Update { id, drift, takes_lead_from, .. } => {
            let entry = at(touched, key, Did::Update(BTreeMap::new()));
            entry.update(*id, drift, seen);
            entry.doubtful |= doubtful;
            if let Some(user) = takes_lead_from {
                let lead = MembershipKey { user: *user, ..key };
                let led = at(touched, lead, Did::Update(BTreeMap::new()));
                led.had(Field::TeamLead, FieldValue::Flag(true));
            }
        }
        Request::Delete { live } => {
            let entry = at(touched, key, Did::Create);
            entry.did = Did::Delete(live.clone());
            entry.left = None;
            entry.doubtful |= doubtful;
        }
    }
}

/// What is known of a membership; before the first request about it, only what that does.
fn at(
    touched: &mut BTreeMap<MembershipKey, Touched>,
    key: MembershipKey,
    did: Did,
) -> &mut Touched {
    touched.entry(key).or_insert(Touched { did, left: None, doubtful: false })
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
    /// What is different about the record that is there now, in words; none for nothing.
    pub(super) fn changed(&self, now: &Participation) -> Option<String> {
        if let Some(other) = self.other_record(now) {
            return Some(other);
        }
        let mut found = Vec::new();
        let role = self.seen.and_then(|seen| seen.role.visible()).or(self.role);
        if let (Some(role), Some(live)) = (role, now.role.visible())
            && role != live
        {
            found.push(format!("role: {role} → {live}"));
        }
        found.extend(Field::ALL.into_iter().filter_map(|field| self.changed_value(field, now)));
        if found.is_empty() {
            found.extend(self.touched_later(now));
        }
        (!found.is_empty()).then(|| found.join(", "))
    }

    /// The same, for one value that the run set.
    pub(super) fn changed_in(&self, field: Field, now: &Participation) -> Option<String> {
        let left = *self.values.get(&field)?;
        let live = now.fields.value(field);
        let differs = || Drift { field, before: left, after: live }.to_string();
        self.other_record(now).or_else(|| (live != left).then(differs))
    }

    fn other_record(&self, now: &Participation) -> Option<String> {
        let other = || format!("another record, participation {}, is there now", now.id);
        (self.id != now.id).then(other)
    }

    /// Whether a value is another one than was seen, or, where nothing was seen, than was sent.
    fn changed_value(&self, field: Field, now: &Participation) -> Option<String> {
        let visible = |value: &FieldValue| *value != FieldValue::Hidden;
        let seen = self.seen.map(|seen| seen.fields.value(field)).filter(visible);
        let left = seen.or_else(|| self.values.get(&field).copied())?;
        let live = Some(now.fields.value(field)).filter(visible)?;
        (live != left).then(|| Drift { field, before: left, after: live }.to_string())
    }

    fn touched_later(&self, now: &Participation) -> Option<String> {
        let (left, live) = (self.seen?.updated_at?, now.updated_at?);
        let later = live.duration_since(left) > AFTERWORK;
        later.then(|| format!("somebody touched it at {live:.0}"))
    }
}
