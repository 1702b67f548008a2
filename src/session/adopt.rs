//! An adoption: the memberships that a roster names and that are live get this tool's tag, and
//! nothing else changes, whatever the roster says of them.

use std::collections::BTreeSet;

use crate::{
    model::{
        DesiredMembership, DesiredSet, Fields, LiveSet, LiveWorkspace, MembershipSpec, Unnamed,
    },
    plan::{Held, HoldReason, Plan, Policy, Reason, plan_with},
};

/// What has to change for what a roster names to carry the tag.
pub(super) fn plan(roster: &DesiredSet, live: &LiveSet, policy: &Policy) -> Plan {
    let (mut entries, mut held) = (Vec::new(), Vec::new());
    // Whom it names without wanting them now is named all the same: their end may be carried out later.
    let named = roster.entries().iter().chain(roster.not_now().iter().map(|dated| &dated.entry));
    for entry in named {
        let role = match live.workspaces.get(&entry.key.workspace) {
            Some(LiveWorkspace::Listed(listing)) => match listing.of(entry.key.user).first() {
                Some(row) => row.role.visible(),
                None if roster.entry(entry.key).is_none() => continue,
                None => {
                    let (key, reason) = (entry.key, HoldReason::NotLive);
                    held.push(Held { key, change: None, reason });
                    continue;
                }
            },
            // Held there as a whole, or nothing is planned.
            _ => None,
        };
        let role = role.unwrap_or(entry.spec.role);
        let fields = Fields { tagged: Some(true), ..Fields::default() };
        entries.push(DesiredMembership { spec: MembershipSpec { role, fields }, ..*entry });
    }
    let mut desired = DesiredSet::new(entries);
    desired.unnamed = Unnamed::DeleteOnly(BTreeSet::new());
    plan_with(&desired, live, policy, held, |_| Reason::NotTagged)
}
