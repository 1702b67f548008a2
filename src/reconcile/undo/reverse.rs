//! What it takes to reverse what a run did to each membership, given what is live now.

use std::collections::{BTreeMap, BTreeSet};

use super::touched::{Did, Touched};
use crate::{
    model::{
        DesiredMembership, DesiredSet, Drift, Field, FieldValue, Fields, MembershipKey,
        MembershipSpec, Participation, Role, Seen, Unnamed, WorkspaceId,
    },
    plan::{Change, Held, HoldReason, Target},
};

/// The reverse of a run, as it comes up.
#[derive(Default)]
pub(super) struct Reversal {
    entries: Vec<DesiredMembership>,
    deletes: BTreeSet<MembershipKey>,
    held: Vec<Held>,
}

impl Reversal {
    /// How live should be: as before the run, and all that it did not touch as it is.
    pub(super) fn into_desired(self, workspaces: BTreeSet<WorkspaceId>) -> (DesiredSet, Vec<Held>) {
        let mut desired = DesiredSet::new(self.entries);
        desired.workspaces = workspaces;
        desired.unnamed = Unnamed::DeleteOnly(self.deletes);
        (desired, self.held)
    }

    pub(super) fn hold(&mut self, key: MembershipKey, change: Option<Change>, reason: HoldReason) {
        self.held.push(Held { key, change, reason });
    }

    fn desire(&mut self, key: MembershipKey, role: Role, fields: Fields) {
        let spec = MembershipSpec { role, fields };
        self.entries.push(DesiredMembership { key, spec, line: 0 });
    }

    pub(super) fn membership(
        &mut self,
        key: MembershipKey,
        touched: &Touched,
        rows: &[Participation],
    ) {
        if rows.len() > 1 {
            let ids = rows.iter().map(|row| row.id).collect();
            return self.hold(key, None, HoldReason::DuplicateLive { ids });
        }
        match (&touched.did, rows.first()) {
            (Did::Create, None) => {}
            (Did::Create, Some(now)) => self.created(touched, now),
            (Did::Delete(live), now) => self.deleted(live, touched, now),
            (Did::Update(_), None) => {
                let how = "the person is not on the project any more".to_owned();
                self.hold(key, None, HoldReason::ChangedSince { how });
            }
            (Did::Update(before), Some(now)) => self.updated(before, touched, now),
        }
    }

    /// Somebody who was not there before the run.
    fn created(&mut self, touched: &Touched, now: &Participation) {
        let leads = now.fields.team_lead == Seen::Visible(true);
        let delete = Change::Delete { live: Box::new(now.clone()), demote_first: leads };
        match &touched.left {
            Some(left) if !touched.doubtful => match left.changed(now) {
                None => {
                    self.deletes.insert(now.key);
                }
                Some(how) => self.hold(now.key, Some(delete), HoldReason::ChangedSince { how }),
            },
            _ => self.hold(now.key, Some(delete), HoldReason::LeftInDoubt),
        }
    }

    /// Somebody whom the run deleted, and perhaps created on the other side.
    fn deleted(&mut self, live: &Participation, touched: &Touched, now: Option<&Participation>) {
        let key = live.key;
        let Seen::Visible(role) = live.role else {
            return self.hold(key, None, HoldReason::Hidden);
        };
        let fields = live.fields.as_wishes();
        let (created, _) = fields.split_for_create();
        let create = Change::Create { spec: MembershipSpec { role, fields: created } };
        let changed = match (&touched.left, now) {
            (Some(left), Some(now)) => left.changed(now),
            (Some(_), None) => Some(
                "whom the run moved to the other side is not on the project any more".to_owned(),
            ),
            (None, Some(now)) if is_so(role, &fields, now) => return,
            (None, Some(_)) => Some("the person is on the project again".to_owned()),
            (None, None) => None,
        };
        if touched.doubtful {
            self.hold(key, Some(create), HoldReason::LeftInDoubt);
        } else if let Some(how) = changed {
            self.hold(key, Some(create), HoldReason::ChangedSince { how });
        } else {
            self.desire(key, role, fields);
        }
    }

    /// Somebody of whom the run changed values: each goes back by itself.
    fn updated(
        &mut self,
        before: &BTreeMap<Field, FieldValue>,
        touched: &Touched,
        now: &Participation,
    ) {
        let mut fields = Fields::default();
        for (field, before) in before {
            let live = now.fields.value(*field);
            if live == *before {
                continue;
            }
            let back = vec![Drift { field: *field, before: live, after: *before }];
            let target = Target::Live(now.id);
            let change = Some(Change::Update { target, drift: back, takes_lead_from: None });
            let left = touched.left.as_ref();
            match left.and_then(|left| left.changed_in(*field, now)) {
                Some(how) => self.hold(now.key, change, HoldReason::ChangedSince { how }),
                None if touched.doubtful => self.hold(now.key, change, HoldReason::LeftInDoubt),
                None if !fields.set(*field, *before) => {
                    self.hold(now.key, change, HoldReason::CannotUnset);
                }
                None => {}
            }
        }
        if fields != Fields::default() {
            // The side is not touched; where it is hidden, the plan holds the row.
            self.desire(now.key, now.role.visible().unwrap_or(Role::Maven), fields);
        }
    }
}

/// Whether a live record is as a deleted one was.
fn is_so(role: Role, fields: &Fields, now: &Participation) -> bool {
    now.role == Seen::Visible(role) && fields.compare(&now.fields).drift.is_empty()
}
