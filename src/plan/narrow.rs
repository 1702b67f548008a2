//! From a plan to the part of it that was asked for.
//!
//! A part never does anything that the whole would not do. What of it needs something that was left
//! out, such as a lead's delete the promotion of a successor, is held with that reason.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, Change, Digest, Held, HoldReason, Narrowing, Need, Plan, Target, WorkspacePlan,
    WorkspaceState, afterwards, count,
    lead::{is_end_of_lead, is_start_of_lead},
    named_people,
    narrowing::Narrowed,
};
use crate::model::{
    DesiredSet, Drift, LiveSet, LiveWorkspace, MembershipKey, Participation, Role, Seen, UserId,
    WorkspaceId,
};

/// What a plan was made from.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// What the roster wants.
    pub desired: &'a DesiredSet,
    /// What was listed.
    pub live: &'a LiveSet,
    /// How many projects are in scope, listed or not.
    pub scope: usize,
}

/// The part of a plan that was asked for.
#[must_use]
pub fn narrow(mut plan: Plan, ground: &Ground<'_>, by: &Narrowing) -> Plan {
    let Ground { desired, live, scope } = *ground;
    let mut narrowed = Narrowed::new(by, scope.saturating_sub(plan.workspaces.len()));
    let in_sync = in_sync(&plan, desired, by);
    plan.actions.retain(|action| wants(&mut narrowed, action));
    plan.frozen.retain(|frozen| wants(&mut narrowed, &frozen.action));
    plan.held.retain(|held| by.leaves_out(held.key.user, held.change.as_ref()).is_none());
    let mut needs = Needs { live, by, actions: plan.actions, held: plan.held };
    needs.settle();
    (plan.actions, plan.held) = (needs.actions, needs.held);
    plan.actions.sort_by_cached_key(|action| (action.change.stage(), action.key));
    plan.held.sort_by_key(|held| held.key);
    if let Some(dates) = &mut plan.dates {
        let workspaces = &plan.workspaces;
        let has =
            |key: MembershipKey| by.has_user(key.user) && workspaces.contains_key(&key.workspace);
        dates.upcoming.retain(|one| has(one.key));
    }
    plan.counts = count(&plan.actions, plan.held.len(), plan.frozen.len(), in_sync);
    count_who_stays(&mut plan, live);
    plan.people = named_people(live, &plan);
    plan.digest = Digest::of(&plan).narrowed(by);
    plan.narrowed = Some(narrowed);
    plan
}

fn wants(narrowed: &mut Narrowed, action: &Action) -> bool {
    match narrowed.by.leaves_out(action.key.user, Some(&action.change)) {
        Some(rule) => narrowed.leave_out(action.key, rule),
        None => return true,
    }
    false
}

/// How many memberships of the people that are wanted are as they should be: those of which the whole
/// plan has nothing to say.
fn in_sync(plan: &Plan, desired: &DesiredSet, by: &Narrowing) -> usize {
    let Some(users) = &by.users else { return plan.counts.in_sync };
    let actions = plan.actions.iter().map(|action| action.key);
    let held = plan.held.iter().map(|held| held.key);
    let frozen = plan.frozen.iter().map(|frozen| frozen.action.key);
    let differ: BTreeSet<MembershipKey> = actions.chain(held).chain(frozen).collect();
    let is_listed = |id: WorkspaceId| {
        let state = plan.workspaces.get(&id).map(|workspace| &workspace.state);
        matches!(state, Some(WorkspaceState::Listed { .. }))
    };
    let wanted = desired.entries().iter().map(|entry| entry.key);
    let wanted = wanted.filter(|key| users.contains(&key.user) && !differ.contains(key));
    wanted.filter(|key| is_listed(key.workspace)).count()
}

/// Who will be on each project once no more than this is done.
fn count_who_stays(plan: &mut Plan, live: &LiveSet) {
    let mut by_project: BTreeMap<WorkspaceId, Vec<&Action>> = BTreeMap::new();
    for action in &plan.actions {
        by_project.entry(action.key.workspace).or_default().push(action);
    }
    for (id, WorkspacePlan { state, .. }) in &mut plan.workspaces {
        let (Some(LiveWorkspace::Listed(listing)), WorkspaceState::Listed { ordinary_after, .. }) =
            (live.workspaces.get(id), state)
        else {
            continue;
        };
        let actions = by_project.get(id).into_iter().flatten().copied();
        *ordinary_after = afterwards::ordinary(listing, actions, live.token_user.id);
    }
}

/// The actions that are left, while it is found out which of them need what is not.
struct Needs<'a> {
    live: &'a LiveSet,
    by: &'a Narrowing,
    actions: Vec<Action>,
    held: Vec<Held>,
}

/// Who leads each side of the projects once the actions that are left are done.
type Leads = BTreeMap<(WorkspaceId, Role), BTreeSet<UserId>>;

impl Needs<'_> {
    fn settle(&mut self) {
        self.hold_updates_of_nobody();
        self.hold_leads_of_others();
        self.hold_ends_without_successor();
    }

    /// What a create may not carry has nobody to be sent for without the create.
    fn hold_updates_of_nobody(&mut self) {
        let is_create = |action: &&Action| matches!(action.change, Change::Create { .. });
        let created: BTreeSet<MembershipKey> =
            self.actions.iter().filter(is_create).map(|action| action.key).collect();
        let is_lost = |action: &mut Action| {
            let follows = matches!(action.change, Change::Update { target: Target::Created, .. });
            follows && !created.contains(&action.key)
        };
        let lost = self.actions.extract_if(.., is_lost);
        self.held.extend(lost.map(|action| hold(action.key, action.change, Need::Create)));
    }

    /// Whether a promotion ends another's lead by itself is documented nowhere (API.md §3.3), and of
    /// people who are not wanted nothing is to change.
    fn hold_leads_of_others(&mut self) {
        let Self { by, actions, held, .. } = self;
        for Action { key, change, .. } in actions.iter_mut() {
            let (Change::Update { drift, takes_lead_from, .. }
            | Change::Replace { later: drift, takes_lead_from, .. }) = change
            else {
                continue;
            };
            let Some(user) = takes_lead_from.filter(|lead| !by.has_user(*lead)) else { continue };
            *takes_lead_from = None;
            let drift = drift.extract_if(.., |drift| is_start_of_lead(drift)).collect();
            held.push(hold_fields(*key, change, drift, Need::LeadOf { user }));
        }
        actions.retain(|action| !is_empty(&action.change));
    }

    /// Holds what ends a lead that nobody follows. Who is held leads on, so nobody else is by that.
    fn hold_ends_without_successor(&mut self) {
        let leads = self.leads();
        let follows = |side: &(WorkspaceId, Role), user: UserId| {
            leads.get(side).is_some_and(|leads| leads.iter().any(|lead| *lead != user))
        };
        let mut left = Vec::with_capacity(self.actions.len());
        for mut action in std::mem::take(&mut self.actions) {
            let key = action.key;
            let side = ended_side(self.live, &action);
            if side.is_some_and(|side| !follows(&side, key.user)) {
                let Change::Update { drift, .. } = &mut action.change else {
                    self.held.push(hold(key, action.change, Need::Successor));
                    continue;
                };
                let drift = drift.extract_if(.., |drift| is_end_of_lead(drift)).collect();
                self.held.push(hold_fields(key, &action.change, drift, Need::Successor));
            }
            if !is_empty(&action.change) {
                left.push(action);
            }
        }
        self.actions = left;
    }

    fn leads(&self) -> Leads {
        let ends: BTreeMap<MembershipKey, (WorkspaceId, Role)> = self
            .actions
            .iter()
            .filter_map(|action| Some((action.key, ended_side(self.live, action)?)))
            .collect();
        let sides: BTreeSet<(WorkspaceId, Role)> = ends.values().copied().collect();
        let mut leads = Leads::new();
        for (workspace, role) in &sides {
            let rows = listed(self.live, *workspace);
            let stay = rows.iter().filter(|row| leads_side(row, *role));
            let stay = stay.filter(|row| !ends.contains_key(&row.key));
            leads.insert((*workspace, *role), stay.map(|row| row.key.user).collect());
        }
        let mut created = BTreeMap::new();
        for Action { key, change, .. } in &self.actions {
            if let Change::Create { spec } = change {
                created.insert(*key, spec.role);
            } else if let Some(role) = begun_side(self.live, &created, *key, change) {
                leads.entry((key.workspace, role)).or_default().insert(key.user);
            }
        }
        leads
    }
}

/// Which side a change makes its person lead; creates stand before what follows them.
fn begun_side(
    live: &LiveSet,
    created: &BTreeMap<MembershipKey, Role>,
    key: MembershipKey,
    change: &Change,
) -> Option<Role> {
    let starts = |drift: &[Drift]| drift.iter().any(is_start_of_lead);
    match change {
        Change::Update { target: Target::Live(_), drift, .. } if starts(drift) => {
            record(live, key)?.role.visible()
        }
        Change::Update { target: Target::Created, drift, .. } if starts(drift) => {
            created.get(&key).copied()
        }
        // Replacements come last: nobody may wait for one.
        _ => None,
    }
}

/// The side whose lead an action ends.
fn ended_side(live: &LiveSet, action: &Action) -> Option<(WorkspaceId, Role)> {
    let role = match &action.change {
        Change::Update { target: Target::Live(_), drift, .. } => {
            let ends = drift.iter().any(is_end_of_lead);
            record(live, action.key).filter(|_| ends)?.role.visible()
        }
        Change::Delete { live, demote_first: true }
        | Change::Replace { live, demote_first: true, .. } => live.role.visible(),
        _ => None,
    };
    Some((action.key.workspace, role?))
}

fn listed(live: &LiveSet, workspace: WorkspaceId) -> &[Participation] {
    match live.workspaces.get(&workspace) {
        Some(LiveWorkspace::Listed(listing)) => &listing.participations,
        _ => &[],
    }
}

fn record(live: &LiveSet, key: MembershipKey) -> Option<&Participation> {
    let Some(LiveWorkspace::Listed(listing)) = live.workspaces.get(&key.workspace) else {
        return None;
    };
    listing.of(key.user).first()
}

fn leads_side(row: &Participation, role: Role) -> bool {
    row.role == Seen::Visible(role) && row.fields.team_lead == Seen::Visible(true)
}

/// An update of which nothing is left.
fn is_empty(change: &Change) -> bool {
    matches!(change, Change::Update { drift, .. } if drift.is_empty())
}

fn hold(key: MembershipKey, change: Change, needs: Need) -> Held {
    Held { key, change: Some(change), reason: HoldReason::Outside { needs } }
}

fn hold_fields(key: MembershipKey, of: &Change, drift: Vec<Drift>, needs: Need) -> Held {
    let target = match of {
        Change::Update { target, .. } => *target,
        // What follows a replacement is for the record that it makes.
        _ => Target::Created,
    };
    hold(key, Change::Update { target, drift, takes_lead_from: None }, needs)
}
