//! What must hold where the server says no: whom it would have taken alone is not called rejected,
//! and a replacement that lost somebody is the last one of its run.

use std::collections::BTreeSet;

use super::{
    draw::Scenario,
    evidence::{Check, Evidence, check, pair},
};
use crate::{
    apply::Applied,
    journal::{Entry, Request},
    model::{MembershipKey, Outcome, Role},
    plan::{Action, Change, Plan},
    sandbox::{Duplicates, SandboxSettings, World},
    verdict::{Decided, Fate},
};

/// Why the API would not take alone whom an action creates (API.md §6); none where it would.
pub(super) fn obstacle(
    (world, settings): (&World, &SandboxSettings),
    action: &Action,
) -> Option<&'static str> {
    let (Change::Create { spec } | Change::Replace { spec, .. }) = &action.change else {
        return None;
    };
    let (workspace, user) = pair(action.key);
    let Some(project) = world.workspaces().get(&workspace) else { return Some("no project") };
    let Some(person) = world.users().get(&user) else { return Some("no person") };
    let outsider = spec.role == Role::Maven && !person.on_account;
    let there = !world.of(workspace, user).is_empty();
    [
        (project.archived, "archived"),
        (person.disabled, "deactivated"),
        (outsider && settings.providers_must_be_members, "no member of the account"),
        (there && settings.duplicates == Duplicates::Refused, "there already"),
    ]
    .into_iter()
    .find_map(|(holds, why)| holds.then_some(why))
}

impl Evidence<'_> {
    /// Nobody is called rejected whom the API would have taken alone.
    pub(super) fn rejected_creates_are_bad(&self, applied: &Applied, scenario: &Scenario) -> Check {
        let touched = self.touched_by_others();
        for Decided { action, fate } in &applied.decided {
            let is_create = matches!(action.change, Change::Create { .. });
            let meddled = touched.contains(&pair(action.key)) || self.went_wrong(fate);
            if fate.outcome != Outcome::Rejected || !is_create || meddled {
                continue;
            }
            let worlds = [&self.record.before.world, &self.world];
            let why = |world| obstacle((world, &scenario.sandbox), action);
            check(worlds.into_iter().any(|world| why(world).is_some()), || {
                format!("{} is called rejected ({:?}) and is good", action.key, fate.why)
            })?;
        }
        Ok(())
    }

    /// Whether the answer that decided was made to go wrong.
    fn went_wrong(&self, fate: &Fate) -> bool {
        let Some(id) = &fate.request_id else { return false };
        self.log.iter().any(|entry| entry.request_id == *id && entry.fault.is_some())
    }

    /// A run loses one person at most; after that no other replacement is begun, and nobody is
    /// deleted on that project. Whoever changes sides does so before anybody is deleted.
    pub(super) fn a_loss_is_the_last(&self, plan: &Plan, applied: &Applied) -> Check {
        let lost = applied.decided.iter().filter(|one| one.fate.outcome == Outcome::Lost);
        let lost: Vec<MembershipKey> = lost.map(|one| one.action.key).collect();
        check(lost.len() <= 1, || format!("{} people are lost: {lost:?}", lost.len()))?;
        let replaced: BTreeSet<MembershipKey> = plan
            .actions
            .iter()
            .filter(|action| matches!(action.change, Change::Replace { .. }))
            .map(|action| action.key)
            .collect();
        let (mut is_lost, mut deletes_begun) = (false, false);
        for entry in &self.record.entries {
            let Entry::Intent { request: Request::Delete { live }, .. } = entry else { continue };
            let key = live.key;
            let replaces = replaced.contains(&key);
            check(!(replaces && deletes_begun), || format!("{key} is replaced after a delete"))?;
            let frozen = lost.iter().any(|lost| replaces || lost.workspace == key.workspace);
            check(!(is_lost && frozen), || format!("{key} is deleted after {lost:?} was lost"))?;
            is_lost |= lost.contains(&key);
            deletes_begun |= !replaces;
        }
        Ok(())
    }
}
