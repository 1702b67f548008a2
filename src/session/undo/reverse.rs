//! What it takes to reverse what a run did to each membership, given what is live now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::touched::{Did, Touched};
use crate::{
    model::{
        DesiredMembership, DesiredSet, Drift, Field, FieldValue, Fields, Listing, MembershipKey,
        MembershipSpec, Participation, Role, Seen, Unnamed, WorkspaceId,
    },
    plan::{Change, Held, HoldReason, Since, Target},
};

/// How much older than its run a record may seem to be that the run made: clocks differ.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(10);

/// The reverse of a run, as it comes up.
#[derive(Default)]
pub(super) struct Reversal {
    started_at: Option<Timestamp>,
    entries: Vec<DesiredMembership>,
    deletes: BTreeSet<MembershipKey>,
    held: Vec<Held>,
    as_before: usize,
}

/// How live should be for a run to be reversed: as before it, and all else as it is.
pub(super) struct Reversed {
    pub desired: DesiredSet,
    /// What is left alone of that.
    pub held: Vec<Held>,
    /// Memberships that are as before already.
    pub as_before: usize,
}

impl Reversal {
    /// Of the run that started then.
    pub(super) fn of(started_at: Option<Timestamp>) -> Self {
        Self { started_at, ..Self::default() }
    }

    pub(super) fn finish(self, workspaces: BTreeSet<WorkspaceId>) -> Reversed {
        let mut desired = DesiredSet::new(self.entries);
        desired.workspaces = workspaces;
        desired.unnamed = Unnamed::DeleteOnly(self.deletes);
        Reversed { desired, held: self.held, as_before: self.as_before }
    }

    pub(super) fn hold(&mut self, key: MembershipKey, change: Option<Change>, reason: HoldReason) {
        self.held.push(Held { key, change, reason });
    }

    fn desire(&mut self, key: MembershipKey, role: Role, fields: Fields) {
        let spec = MembershipSpec { role, fields };
        self.entries.push(DesiredMembership { key, spec, line: 0 });
    }

    pub(super) fn membership(&mut self, key: MembershipKey, touched: &Touched, listing: &Listing) {
        let rows = listing.of(key.user);
        if rows.len() > 1 {
            let ids = rows.iter().map(|row| row.id).collect();
            return self.hold(key, None, HoldReason::DuplicateLive { ids });
        }
        match (&touched.did, rows.first()) {
            (Did::Create, None) => self.as_before += 1,
            (Did::Create, Some(now)) => self.created(touched, now),
            (Did::Delete(live), now) => self.deleted(live, touched, (now, listing)),
            (Did::Update(_), None) => {
                self.hold(key, None, HoldReason::ChangedSince { how: Since::Gone });
            }
            (Did::Update(before), Some(now)) => self.updated(before, touched, (now, listing)),
            (Did::Unrecorded, _) => self.hold(key, None, HoldReason::LeftInDoubt),
        }
    }

    /// Somebody who was not there before the run.
    fn created(&mut self, touched: &Touched, now: &Participation) {
        let leads = now.fields.team_lead == Seen::Visible(true);
        let delete = Change::Delete { live: Box::new(now.clone()), demote_first: leads };
        match &touched.left {
            Some(left) if !touched.doubtful && !self.is_older(now) => match left.changed(now) {
                None => {
                    self.deletes.insert(now.key);
                }
                Some(how) => self.hold(now.key, Some(delete), HoldReason::ChangedSince { how }),
            },
            _ => self.hold(now.key, Some(delete), HoldReason::LeftInDoubt),
        }
    }

    /// Whether a record was there before the run.
    fn is_older(&self, now: &Participation) -> bool {
        let (Some(created), Some(started)) = (now.created_at, self.started_at) else { return true };
        started.duration_since(created) > CLOCKS_APART
    }

    /// Somebody whom the run deleted, and perhaps created on the other side.
    fn deleted(
        &mut self,
        live: &Participation,
        touched: &Touched,
        (now, listing): (Option<&Participation>, &Listing),
    ) {
        let key = live.key;
        let Seen::Visible(role) = live.role else {
            return self.hold(key, None, HoldReason::Hidden);
        };
        let mut fields = live.fields.as_desired();
        let (created, _) = fields.split_for_create();
        let create = Change::Create { spec: MembershipSpec { role, fields: created } };
        let changed = match (&touched.left, now) {
            (Some(left), Some(now)) => left.changed(now),
            (Some(_), None) => Some(Since::GoneAfterMove),
            (None, Some(now)) if is_so(role, &fields, now) => {
                self.as_before += 1;
                return;
            }
            (None, Some(_)) => Some(Since::ThereAgain),
            (None, None) => None,
        };
        if touched.doubtful {
            return self.hold(key, Some(create), HoldReason::LeftInDoubt);
        }
        if let Some(how) = changed {
            return self.hold(key, Some(create), HoldReason::ChangedSince { how });
        }
        if let (Some(true), Err(how)) =
            (fields.team_lead, lead_is_free(touched, (key, role), listing))
        {
            fields.team_lead = None;
            let lead = lead_again(Target::Created, FieldValue::Flag(false));
            self.hold(key, Some(lead), HoldReason::ChangedSince { how });
        }
        self.desire(key, role, fields);
    }

    /// Somebody of whom the run changed values: each goes back by itself.
    fn updated(
        &mut self,
        before: &BTreeMap<Field, FieldValue>,
        touched: &Touched,
        (now, listing): (&Participation, &Listing),
    ) {
        let mut fields = Fields::default();
        let held = self.held.len();
        for (field, before) in before {
            let live = now.fields.value(*field);
            if live == *before {
                continue;
            }
            let back = vec![Drift { field: *field, before: live, after: *before }];
            let target = Target::Live(now.id);
            let change = Some(Change::Update { target, drift: back, takes_lead_from: None });
            match reason_to_keep(touched, (*field, *before), (now, listing)) {
                Some(reason) => self.hold(now.key, change, reason),
                None if !fields.set(*field, *before) => {
                    self.hold(now.key, change, HoldReason::CannotUnset);
                }
                None => {}
            }
        }
        if fields != Fields::default() {
            // The side is not touched; where it is hidden, the plan holds the row.
            self.desire(now.key, now.role.visible().unwrap_or(Role::Maven), fields);
        } else if self.held.len() == held {
            self.as_before += 1;
        }
    }
}

/// Why a value does not go back; none when it may.
fn reason_to_keep(
    touched: &Touched,
    (field, before): (Field, FieldValue),
    (now, listing): (&Participation, &Listing),
) -> Option<HoldReason> {
    if now.fields.value(field) == FieldValue::Hidden {
        return Some(HoldReason::Hidden);
    }
    if let Some(how) = touched.left.as_ref().and_then(|left| left.changed_in(field, now)) {
        return Some(HoldReason::ChangedSince { how });
    }
    if touched.doubtful {
        return Some(HoldReason::LeftInDoubt);
    }
    if (field, before) != (Field::TeamLead, FieldValue::Flag(true)) {
        return None;
    }
    let Seen::Visible(role) = now.role else { return Some(HoldReason::Hidden) };
    let taken = lead_is_free(touched, (now.key, role), listing).err();
    taken.map(|how| HoldReason::ChangedSince { how })
}

/// Whether a lead can go back: nobody leads the side now but whom the run made lead. Else who does.
fn lead_is_free(
    touched: &Touched,
    (key, role): (MembershipKey, Role),
    listing: &Listing,
) -> Result<(), Since> {
    let of_side = |row: &&Participation| row.role == Seen::Visible(role) && row.key != key;
    let side: Vec<&Participation> = listing.participations.iter().filter(of_side).collect();
    if let Some(successor) = touched.gave_lead_to
        && !side.iter().any(|row| row.key.user == successor)
    {
        return Err(Since::SuccessorGone { user: successor });
    }
    let mut others = side.iter().filter(|row| row.fields.team_lead != Seen::Visible(false));
    match others.find(|row| Some(row.key.user) != touched.gave_lead_to) {
        Some(other) => Err(Since::OtherLead { user: other.key.user }),
        None => Ok(()),
    }
}

fn lead_again(target: Target, before: FieldValue) -> Change {
    let drift = vec![Drift { field: Field::TeamLead, before, after: FieldValue::Flag(true) }];
    Change::Update { target, drift, takes_lead_from: None }
}

/// Whether a live record is as a deleted one was.
fn is_so(role: Role, fields: &Fields, now: &Participation) -> bool {
    now.role == Seen::Visible(role) && fields.compare(&now.fields).drift.is_empty()
}
