//! Who loses something: demotions, deletes and replacements, decided once it is known who will lead
//! each side of the project; and what keeps them from it.

use super::{
    Action, Change, FreezeCause, Frozen, HoldReason, Mode, Ownership, Reason, Target,
    diff::{Comparer, Demotion, Inputs, Leaving},
    lead::{is_end_of_lead, is_start_of_lead},
};
use crate::model::{Drift, MembershipKey, MembershipSpec, NotNow, Participation, Seen, UserId};

impl Comparer<'_> {
    pub(super) fn decide_demotion(&mut self, Demotion { key, id, role, mut drift }: Demotion) {
        let target = Target::Live(id);
        if self.will_lead.of(role).is_none() {
            let held = drift.extract_if(.., |drift| is_end_of_lead(drift)).collect();
            self.hold_fields(key, target, held, &HoldReason::LeadWithoutSuccessor);
        }
        self.send(key, role, target, drift);
    }

    pub(super) fn decide_leaving(&mut self, leaving: &Leaving<'_>) {
        let Leaving { live, replacement } = leaving;
        let (change, blocked) = self.change_of(leaving);
        if let Some(reason) = self.reason_to_stay(live, replacement.is_some()) {
            return self.found.hold(live.key, Some(change), reason);
        }
        self.hold_fields(live.key, Target::Created, blocked, &HoldReason::LeadIsProtected);
        let reason = match replacement {
            Some(_) => Reason::RoleDiffers,
            None => self.reason_to_go(live.key),
        };
        let action = Action { key: live.key, change, reason };
        match self.freeze_cause() {
            Some(cause) => self.found.frozen.push(Frozen { action, cause }),
            None => self.found.actions.push(action),
        }
    }

    fn reason_to_go(&self, key: MembershipKey) -> Reason {
        let desired = self.inputs.desired;
        match desired.not_now_entry(key).map(|dated| dated.why) {
            Some(NotNow::Ended { on, again }) => Reason::Ended { on, again },
            _ if desired.workspaces.contains(&self.workspace) => Reason::NotDesired,
            _ => Reason::ProjectWithoutRows,
        }
    }

    /// What is done to a record that is to go, and what of a replacement is held: a lead that
    /// would be taken from somebody who is never demoted.
    fn change_of(&self, Leaving { live, replacement }: &Leaving<'_>) -> (Change, Vec<Drift>) {
        let demote_first = live.fields.team_lead == Seen::Visible(true);
        let live = Box::new((*live).clone());
        let Some(MembershipSpec { role, fields }) = *replacement else {
            return (Change::Delete { live, demote_first }, Vec::new());
        };
        let (fields, mut later) = self.inputs.policy.owned(fields).split_for_create();
        let user = live.key.user;
        let blocked = match self.leads_protected(role, user) {
            true => later.extract_if(.., |drift| is_start_of_lead(drift)).collect(),
            false => Vec::new(),
        };
        let takes_lead_from = self.takes_lead_from(role, user, &later);
        let spec = MembershipSpec { role, fields };
        (Change::Replace { live, demote_first, spec, later, takes_lead_from }, blocked)
    }

    fn reason_to_stay(&self, live: &Participation, replaced: bool) -> Option<HoldReason> {
        let Inputs { desired, policy, .. } = self.inputs;
        if let Some(reason) = self.untouchable(live.key.user) {
            return Some(reason);
        }
        if policy.mode != Mode::Mirror {
            return Some(HoldReason::Mode { mode: policy.mode });
        }
        if replaced && desired.is_partial() {
            return Some(HoldReason::PartialRoster);
        }
        if replaced && !policy.allow_replace {
            return Some(HoldReason::ReplaceNotAllowed);
        }
        if replaced && self.is_deactivated(live.key.user) {
            return Some(HoldReason::Deactivated);
        }
        if policy.ownership == Ownership::Tagged {
            match live.fields.tagged {
                Seen::Visible(true) => {}
                Seen::Visible(false) => return Some(HoldReason::NotTagged),
                Seen::Hidden => return Some(HoldReason::Hidden),
            }
        }
        let lead = match (live.fields.team_lead, live.role) {
            (Seen::Visible(false), _) => None,
            (Seen::Visible(true), Seen::Visible(role)) => {
                let successor = self.will_lead.of(role).is_some_and(|lead| lead != live.key.user);
                (!successor).then_some(HoldReason::LeadWithoutSuccessor)
            }
            _ => Some(HoldReason::Hidden),
        };
        // Nobody is counted as missing where the roster is not to be trusted, and nobody is missing whose
        // end it states.
        let is_named = desired.not_now_entry(live.key).is_some();
        let counts = !replaced && !is_named && self.freeze_cause().is_none();
        let absence = policy.absence.as_ref().filter(|_| counts);
        let wait = absence.and_then(|rule| rule.wait(live.key));
        lead.or(wait.map(|wait| HoldReason::Waiting { wait }))
    }

    /// Why this person is never deleted, replaced or demoted; a person whose address is not visible
    /// may be protected by one, and so is left alone.
    pub(super) fn untouchable(&self, user: UserId) -> Option<HoldReason> {
        let Inputs { live, policy, .. } = self.inputs;
        if user == live.token_user.id {
            return Some(HoldReason::TokenUser);
        }
        let person = live.people.get(&user);
        if let Some(entry) = policy.protection.entry_for(user, person) {
            return Some(HoldReason::Protected { entry });
        }
        let visible = person.is_some_and(|person| person.email.is_some());
        (policy.protection.needs_addresses() && !visible).then_some(HoldReason::Hidden)
    }

    fn is_deactivated(&self, user: UserId) -> bool {
        let person = self.inputs.live.people.get(&user);
        person.is_some_and(|person| person.disabled == Seen::Visible(true))
    }

    fn freeze_cause(&self) -> Option<FreezeCause> {
        let freeze = &self.inputs.desired.freeze;
        if let Some(lines) = freeze.workspaces.get(&self.workspace) {
            return Some(FreezeCause::InvalidRows { lines: lines.clone() });
        }
        let lines = &freeze.everywhere;
        (!lines.is_empty()).then(|| FreezeCause::UntiedRows { lines: lines.clone() })
    }
}
