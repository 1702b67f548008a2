//! Somebody else, at work on the same projects: creates, edits and removes participations.
//!
//! Draws from the sandbox's seed and logs what was done. Leaves the token's own user and team
//! leads where they are, as a colleague with some sense would. Knows no request but its number.

use super::access::Level;
use super::fault::{Faults, Injector};
use super::log::{ForeignChange, ForeignEdit, Log, RequestTarget};
use super::state::{Participation, Side, World};

/// Where somebody else works, and where it is written down.
pub(super) struct Colleague<'a> {
    pub world: &'a mut World,
    pub injector: &'a mut Injector,
    pub log: &'a mut Log,
    pub seq: u64,
}

impl Colleague<'_> {
    /// Perhaps changes something before a request is carried out.
    pub(super) fn meddle(&mut self, faults: &Faults) {
        if !self.injector.happens(faults.foreign_edits) {
            return;
        }
        let open = self.world.workspaces().values().filter(|one| !one.archived).map(|one| one.id);
        let chosen = &faults.foreign_workspaces;
        let open: Vec<u64> = open.filter(|id| chosen.is_empty() || chosen.contains(id)).collect();
        let Some(workspace) = self.injector.random.choice(open) else { return };
        match self.injector.random.u8(0..3) {
            0 => self.create(workspace),
            1 => self.edit(workspace),
            _ => self.remove(workspace),
        }
    }

    /// Perhaps adds or removes a row of a project while somebody walks its pages.
    pub(super) fn shift_pages(&mut self, faults: &Faults, workspace: u64) {
        if !self.injector.happens(faults.page_shift) {
            return;
        }
        if self.injector.random.bool() { self.create(workspace) } else { self.remove(workspace) }
    }

    fn create(&mut self, workspace: u64) {
        let on: std::collections::BTreeSet<u64> =
            self.world.on(workspace).filter_map(|one| one.user).collect();
        let users = self.world.users().values();
        let free = users.filter(|one| one.on_account && !one.disabled && !on.contains(&one.id));
        let free: Vec<u64> = free.map(|one| one.id).collect();
        let Some(user) = self.injector.random.choice(free) else { return };
        let participation =
            self.world.insert(Participation::new(workspace, Some(user), Side::Maven));
        let target = RequestTarget { workspace, user: Some(user), participation };
        self.note(ForeignChange::Created, target);
    }

    fn edit(&mut self, workspace: u64) {
        let Some(target) = self.somebody(workspace) else { return };
        let level = self.injector.random.choice(&Level::ALL[1..]).copied();
        let invites = self.injector.random.bool();
        self.world.edit(target.participation, |one| match level {
            Some(level) if invites && one.level != Level::Admin => one.level = level,
            _ => one.can_invite = !one.can_invite,
        });
        self.note(ForeignChange::Edited, target);
    }

    fn remove(&mut self, workspace: u64) {
        let Some(target) = self.somebody(workspace) else { return };
        self.world.remove(target.participation);
        self.note(ForeignChange::Removed, target);
    }

    fn somebody(&mut self, workspace: u64) -> Option<RequestTarget> {
        let me = Some(self.world.token_user);
        let rows = self.world.on(workspace).filter(|one| one.user != me && !one.is_team_lead);
        let rows: Vec<RequestTarget> = rows
            .map(|one| RequestTarget { workspace, user: one.user, participation: one.id })
            .collect();
        self.injector.random.choice(rows)
    }

    fn note(&mut self, change: ForeignChange, target: RequestTarget) {
        let at = self.world.clock.now();
        self.log.foreign(ForeignEdit { seq: self.seq, at, change, target });
    }
}
