//! One project's desired memberships held against its live ones.
//!
//! Two passes: the first finds creates, updates and who is to go; the second decides on those who
//! are to go, once it is known who will lead each side.

use super::{
    Action, Change, Frozen, Held, HoldReason, Mode, Policy, Reason, Remark, Target, WorkspacePlan,
    WorkspaceState, afterwards,
    lead::{is_demotion, is_end_of_lead, is_start_of_lead},
};
use crate::model::{
    DesiredMembership, DesiredSet, Drift, Listing, LiveSet, LiveWorkspace, MembershipKey,
    MembershipSpec, NotNow, Participation, ParticipationId, Role, Seen, Unnamed, UserId,
    WorkspaceId,
};

/// What a comparison starts from.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub desired: &'a DesiredSet,
    pub live: &'a LiveSet,
    pub policy: &'a Policy,
}

/// What the comparisons of all projects found.
#[derive(Default)]
pub(super) struct Compared {
    pub actions: Vec<Action>,
    pub held: Vec<Held>,
    pub frozen: Vec<Frozen>,
    pub in_sync: usize,
    pub remarks: Vec<Remark>,
}

impl Compared {
    pub(super) fn hold(&mut self, key: MembershipKey, change: Option<Change>, reason: HoldReason) {
        self.held.push(Held { key, change, reason });
    }

    fn act(&mut self, key: MembershipKey, change: Change, reason: Reason) {
        self.actions.push(Action { key, change, reason });
    }
}

/// Compares one project and says what is known of it.
pub(super) fn workspace(
    found: &mut Compared,
    id: WorkspaceId,
    state: &LiveWorkspace,
    inputs: &Inputs<'_>,
) -> WorkspacePlan {
    match state {
        LiveWorkspace::Listed(listing) => {
            let (first_action, first_held) = (found.actions.len(), found.held.len());
            Comparer::new(found, id, listing, inputs).run();
            found.held[first_held..].sort_by_key(|held| held.key);
            let actions = &found.actions[first_action..];
            let state = WorkspaceState::Listed {
                live: listing.total(),
                ordinary_after: afterwards::ordinary(listing, actions, inputs.live.token_user.id),
                listed_at: listing.listed_at,
            };
            WorkspacePlan { title: listing.title.clone(), state }
        }
        LiveWorkspace::Archived { title } => {
            for entry in inputs.desired.of(id) {
                found.hold(entry.key, None, HoldReason::Archived);
            }
            WorkspacePlan { title: title.clone(), state: WorkspaceState::Archived }
        }
        LiveWorkspace::Unreadable { title, reason } => WorkspacePlan {
            title: title.clone().unwrap_or_else(|| id.to_string()),
            state: WorkspaceState::Unreadable { reason: reason.clone() },
        },
    }
}

/// A live record that is to go, before it is known whether it may.
pub(super) struct Leaving<'a> {
    pub live: &'a Participation,
    /// What is to come in its place; `None` for a plain delete.
    pub replacement: Option<MembershipSpec>,
}

/// An update that ends a lead, before it is known whether somebody follows.
pub(super) struct Demotion {
    pub key: MembershipKey,
    pub id: ParticipationId,
    pub role: Role,
    pub drift: Vec<Drift>,
}

/// Both sides of a project, with something for each.
#[derive(Default, Clone, Copy)]
pub(super) struct Sides<T> {
    maven: T,
    buyer: T,
}

impl<T: Copy> Sides<T> {
    pub(super) fn of(&self, role: Role) -> T {
        match role {
            Role::Maven => self.maven,
            Role::Buyer => self.buyer,
        }
    }

    fn set(&mut self, role: Role, value: T) {
        match role {
            Role::Maven => self.maven = value,
            Role::Buyer => self.buyer = value,
        }
    }
}

pub(super) struct Comparer<'a> {
    pub(super) found: &'a mut Compared,
    pub(super) workspace: WorkspaceId,
    listing: &'a Listing,
    pub(super) inputs: Inputs<'a>,
    /// Who leads each side now.
    leads: Sides<Option<UserId>>,
    /// Sides led by somebody who is never demoted.
    protected_lead: Sides<Option<UserId>>,
    /// Sides that somebody leads, or will before anybody is demoted or deleted.
    pub(super) will_lead: Sides<Option<UserId>>,
    leaving: Vec<Leaving<'a>>,
    demotions: Vec<Demotion>,
}

impl<'a> Comparer<'a> {
    fn new(
        found: &'a mut Compared,
        workspace: WorkspaceId,
        listing: &'a Listing,
        inputs: &Inputs<'a>,
    ) -> Self {
        let mut comparer = Self {
            found,
            workspace,
            listing,
            inputs: *inputs,
            leads: Sides::default(),
            protected_lead: Sides::default(),
            will_lead: Sides::default(),
            leaving: Vec::new(),
            demotions: Vec::new(),
        };
        for row in &listing.participations {
            let (Seen::Visible(true), Seen::Visible(role)) = (row.fields.team_lead, row.role)
            else {
                continue;
            };
            comparer.leads.set(role, Some(row.key.user));
            if comparer.untouchable(row.key.user).is_some() {
                comparer.protected_lead.set(role, Some(row.key.user));
            }
        }
        comparer
    }

    fn run(mut self) {
        for row in &self.listing.userless {
            let (participation, title) = (row.id, self.listing.title.clone());
            let workspace = self.workspace;
            self.found.remarks.push(Remark::NamesNoPerson { participation, workspace, title });
        }
        self.merge();
        for demotion in std::mem::take(&mut self.demotions) {
            self.decide_demotion(demotion);
        }
        for leaving in std::mem::take(&mut self.leaving) {
            self.decide_leaving(&leaving);
        }
    }

    /// Walks both sorted sides at once.
    fn merge(&mut self) {
        let mut desired = self.inputs.desired.of(self.workspace).iter().peekable();
        let groups = self.listing.participations.chunk_by(|a, b| a.key.user == b.key.user);
        for rows in groups {
            let user = rows[0].key.user;
            while let Some(entry) = desired.next_if(|entry| entry.key.user < user) {
                self.create(entry);
            }
            match (desired.next_if(|entry| entry.key.user == user), rows) {
                (Some(entry), [row]) => self.compare(entry, row),
                (None, rows) if self.may_pass_over(rows) => {
                    for row in rows {
                        self.note_lead(row.role, row.fields.team_lead, user);
                    }
                }
                (None, [row]) => self.not_desired(row),
                (_, rows) => {
                    let ids = rows.iter().map(|row| row.id).collect();
                    self.found.hold(rows[0].key, None, HoldReason::DuplicateLive { ids });
                }
            }
        }
        desired.for_each(|entry| self.create(entry));
    }

    /// Somebody is there whom the set does not want there, at least not now.
    fn not_desired(&mut self, row: &'a Participation) {
        let dated = self.inputs.desired.not_now_entry(row.key);
        if let Some(NotNow::NotYet { starts_on }) = dated.map(|dated| dated.why) {
            self.note_lead(row.role, row.fields.team_lead, row.key.user);
            return self.found.hold(row.key, None, HoldReason::NotYet { starts_on });
        }
        self.leaving.push(Leaving { live: row, replacement: None });
    }

    /// Whether these records of one person, whom the set does not name, stay as they are. In a
    /// roster's project a person who is there twice is reported all the same.
    fn may_pass_over(&self, rows: &[Participation]) -> bool {
        match &self.inputs.desired.unnamed {
            Unnamed::Delete => false,
            Unnamed::Keep => rows.len() == 1,
            Unnamed::KeepButEnded => rows.len() == 1 && !self.is_ended(rows[0].key),
            Unnamed::DeleteOnly(keys) => !keys.contains(&rows[0].key),
        }
    }

    fn is_ended(&self, key: MembershipKey) -> bool {
        let dated = self.inputs.desired.not_now_entry(key);
        dated.is_some_and(|dated| matches!(dated.why, NotNow::Ended { .. }))
    }

    fn note_lead(&mut self, role: Seen<Role>, lead: Seen<bool>, user: UserId) {
        if let (Seen::Visible(role), Seen::Visible(true)) = (role, lead) {
            self.will_lead.set(role, Some(user));
        }
    }

    fn create(&mut self, entry: &DesiredMembership) {
        let DesiredMembership { key, spec, .. } = *entry;
        let (fields, mut later) = self.inputs.policy.owned(spec.fields).split_for_create();
        let create = Change::Create { spec: MembershipSpec { role: spec.role, fields } };
        if !self.listing.userless.is_empty() {
            let ids = self.listing.userless.iter().map(|row| row.id).collect();
            return self.found.hold(key, Some(create), HoldReason::Nameless { ids });
        }
        self.found.act(key, create, Reason::NotLive);
        self.hold_blocked_promotion(key, Target::Created, spec.role, &mut later);
        if !later.is_empty() {
            let update = self.update_change(key.user, spec.role, Target::Created, later);
            self.found.act(key, update, Reason::FollowsCreate);
        }
    }

    fn compare(&mut self, entry: &DesiredMembership, row: &'a Participation) {
        let DesiredMembership { key, spec, .. } = *entry;
        let Seen::Visible(role) = row.role else {
            return self.found.hold(key, None, HoldReason::Hidden);
        };
        if role != spec.role {
            return self.leaving.push(Leaving { live: row, replacement: Some(spec) });
        }
        let crate::model::Comparison { mut drift, hidden } = spec.fields.compare(&row.fields);
        if drift.is_empty() && hidden.is_empty() {
            self.found.in_sync += 1;
            return self.note_lead(row.role, row.fields.team_lead, key.user);
        }
        let target = Target::Live(row.id);
        self.hold_fields(key, target, hidden, &HoldReason::Hidden);
        let known_changes = &self.inputs.policy.ineffective;
        for account_admin in [false, true] {
            let known =
                |drift: &Drift| known_changes.find(key, drift).map(|known| known.account_admin);
            let is_ineffective = |drift: &mut Drift| known(drift) == Some(account_admin);
            let ineffective = drift.extract_if(.., is_ineffective).collect();
            self.hold_fields(key, target, ineffective, &HoldReason::Stuck { account_admin });
        }
        if self.inputs.policy.mode == Mode::CreateOnly {
            let reason = HoldReason::Mode { mode: Mode::CreateOnly };
            self.hold_fields(key, target, drift, &reason);
            return self.note_lead(row.role, row.fields.team_lead, key.user);
        }
        self.update(key, row, role, drift);
    }

    fn update(
        &mut self,
        key: MembershipKey,
        row: &Participation,
        role: Role,
        mut drift: Vec<Drift>,
    ) {
        let target = Target::Live(row.id);
        if let Some(reason) = self.untouchable(key.user) {
            let demoting = drift.extract_if(.., |drift| is_demotion(drift)).collect();
            self.hold_fields(key, target, demoting, &reason);
        }
        self.hold_blocked_promotion(key, target, role, &mut drift);
        if drift.iter().any(is_end_of_lead) {
            return self.demotions.push(Demotion { key, id: row.id, role, drift });
        }
        self.note_lead(row.role, row.fields.team_lead, key.user);
        self.send(key, role, target, drift);
    }

    /// Sends what is left of an update after its held fields were taken out.
    pub(super) fn send(
        &mut self,
        key: MembershipKey,
        role: Role,
        target: Target,
        drift: Vec<Drift>,
    ) {
        if !drift.is_empty() {
            let update = self.update_change(key.user, role, target, drift);
            self.found.act(key, update, Reason::Differs);
        }
    }

    fn update_change(&self, user: UserId, role: Role, target: Target, drift: Vec<Drift>) -> Change {
        let takes_lead_from = self.takes_lead_from(role, user, &drift);
        Change::Update { target, drift, takes_lead_from }
    }

    /// Who else leads the side that these changes make somebody lead.
    pub(super) fn takes_lead_from(
        &self,
        role: Role,
        user: UserId,
        drift: &[Drift],
    ) -> Option<UserId> {
        let promotes = drift.iter().any(is_start_of_lead);
        self.leads.of(role).filter(|lead| promotes && *lead != user)
    }

    /// Promoting somebody may demote the present lead by itself (API.md §3.3), so it is held where
    /// that is somebody who is never demoted. A promotion that goes through is noted.
    fn hold_blocked_promotion(
        &mut self,
        key: MembershipKey,
        target: Target,
        role: Role,
        drift: &mut Vec<Drift>,
    ) {
        if !drift.iter().any(is_start_of_lead) {
            return;
        }
        if self.leads_protected(role, key.user) {
            let held = drift.extract_if(.., |drift| is_start_of_lead(drift)).collect();
            self.hold_fields(key, target, held, &HoldReason::LeadIsProtected);
        } else {
            self.will_lead.set(role, Some(key.user));
        }
    }

    /// Whether somebody else leads this side who is never demoted.
    pub(super) fn leads_protected(&self, role: Role, user: UserId) -> bool {
        self.protected_lead.of(role).is_some_and(|lead| lead != user)
    }

    pub(super) fn hold_fields(
        &mut self,
        key: MembershipKey,
        target: Target,
        drift: Vec<Drift>,
        reason: &HoldReason,
    ) {
        if !drift.is_empty() {
            let change = Change::Update { target, drift, takes_lead_from: None };
            self.found.hold(key, Some(change), reason.clone());
        }
    }
}
