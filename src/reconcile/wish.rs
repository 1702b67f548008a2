//! What a run wishes of the live memberships: what its roster says, the tags of an adoption, or the
//! reverse of an earlier run. All three become plans of the same kind, for the same guard and apply.

use std::collections::BTreeSet;

use super::undo::Undo;
use crate::{
    desired::Roster,
    model::{
        DesiredMembership, DesiredSet, Fields, LiveSet, LiveWorkspace, MembershipSpec, Scope, Seen,
        WorkspaceId,
    },
    plan::{Change, Mode, Plan, Policy, Reason, StuckWishes, plan, plan_with},
};

/// Where a run's wishes come from.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// Live becomes as the roster says.
    Roster(&'a Roster),
    /// What the roster names and is live carries this tool's tag; nothing else changes.
    Adopt(&'a Roster),
    /// What an earlier run did is reversed.
    Undo(&'a Undo),
}

impl Wish<'_> {
    /// The policy for these wishes. Neither an adoption nor an undo asks for the mode, for absences
    /// or for what was in vain: an adoption destroys nothing, an undo was asked for by name.
    #[must_use]
    pub fn policy(&self, configured: Policy) -> Policy {
        let of_mode = |mode| Policy {
            mode,
            absence: None,
            stuck: StuckWishes::default(),
            ..configured.clone()
        };
        match self {
            Self::Roster(_) => configured,
            Self::Adopt(_) => of_mode(Mode::NoDelete),
            Self::Undo(_) => of_mode(Mode::Mirror),
        }
    }

    /// The projects that are looked at; `named` are those of the configuration.
    pub(super) fn scope(&self, named: &[WorkspaceId]) -> Scope {
        match self {
            Self::Roster(roster) => Scope::new(&roster.desired, named),
            Self::Adopt(roster) => Scope::new(&roster.desired, &[]),
            Self::Undo(undo) => Scope { workspaces: undo.workspaces() },
        }
    }

    /// What has to change for live to be as wished.
    pub(super) fn plan(&self, live: &LiveSet, policy: &Policy) -> Plan {
        match self {
            Self::Roster(roster) => plan(&roster.desired, live, policy),
            Self::Adopt(roster) => {
                let desired = adopted(&roster.desired, live);
                plan_with(&desired, live, policy, Vec::new(), |_| Reason::NotTagged)
            }
            Self::Undo(undo) => {
                let (desired, held) = undo.wishes(live);
                let mut plan = plan_with(&desired, live, policy, held, undone);
                undo.name(&mut plan);
                plan
            }
        }
    }

    /// What a person should know of the plan before it is carried out.
    pub(super) fn warnings(&self, plan: &Plan) -> Vec<String> {
        match self {
            Self::Undo(_) => undo_warnings(plan),
            Self::Roster(_) | Self::Adopt(_) => Vec::new(),
        }
    }
}

/// What a run found, in the words of its undo.
fn undone(reason: Reason) -> Reason {
    match reason {
        Reason::NotLive => Reason::DeletedByRun,
        Reason::Differs => Reason::UpdatedByRun,
        Reason::NotDesired => Reason::CreatedByRun,
        Reason::RoleDiffers => Reason::ReplacedByRun,
        other => other,
    }
}

fn undo_warnings(plan: &Plan) -> Vec<String> {
    let count = |is_one: fn(&Change) -> bool| {
        plan.actions.iter().filter(|action| is_one(&action.change)).count()
    };
    let (created, destroyed) =
        (count(|change| matches!(change, Change::Create { .. })), count(Change::destroys));
    let mut warnings = Vec::new();
    if created > 0 {
        warnings.push(format!(
            "memberships created again: {created}; the assignments, scheduled and allocated hours that they had do not come back"
        ));
    }
    let unknown = count(
        |change| matches!(change, Change::Create { spec } if spec.fields.access_level.is_none()),
    );
    if unknown > 0 {
        warnings.push(format!(
            "memberships of these whose access level the run could not see: {unknown}; they get the account's default"
        ));
    }
    if destroyed > 0 {
        warnings.push(format!(
            "memberships deleted: {destroyed}; what was assigned to them or booked since the run is destroyed"
        ));
    }
    if !plan.actions.is_empty() {
        let again = "the next apply of the same roster does it all again, unless the roster is corrected first";
        warnings.push(again.to_owned());
    }
    warnings
}

/// The memberships that a roster names and that are live, with the tag as the only wish.
fn adopted(roster: &DesiredSet, live: &LiveSet) -> DesiredSet {
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
    desired.leaving = Some(BTreeSet::new());
    desired
}
