//! An adoption: the memberships that a roster names and that are live get this tool's tag, and
//! nothing else changes, whatever the roster says of them.

use std::collections::BTreeSet;

use crate::{
    model::{
        DesiredMembership, DesiredSet, Fields, LiveSet, LiveWorkspace, MembershipSpec, Seen,
        Unnamed,
    },
    plan::{Plan, Policy, Reason, plan_with},
};

/// What has to change for what a roster names to carry the tag.
pub(super) fn plan(roster: &DesiredSet, live: &LiveSet, policy: &Policy) -> Plan {
    let entries = roster.entries().iter().filter_map(|entry| {
        let role = match live.workspaces.get(&entry.key.workspace)? {
            LiveWorkspace::Listed(listing) => listing.of(entry.key.user).first()?.role,
            // Held there as a whole.
            LiveWorkspace::Archived { .. } => Seen::Visible(entry.spec.role),
            LiveWorkspace::Unreadable { .. } => return None,
        };
        let role = role.visible().unwrap_or(entry.spec.role);
        let fields = Fields { tagged: Some(true), ..Fields::default() };
        Some(DesiredMembership { spec: MembershipSpec { role, fields }, ..*entry })
    });
    let mut desired = DesiredSet::new(entries.collect());
    desired.unnamed = Unnamed::DeleteOnly(BTreeSet::new());
    plan_with(&desired, live, policy, Vec::new(), |_| Reason::NotTagged)
}
