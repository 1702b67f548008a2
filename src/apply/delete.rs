//! Replacements and deletes: the last stage.
//!
//! Replacements come first and one at a time, so that no more than one person can be lost: the
//! first whose second half does not bring the person back ends all others, and freezes its project.
//! A lead is demoted first. A record that is gone already counts as deleted.

use jiff::SignedDuration;

use super::Run;
use crate::{
    api::{Disposition, Repeat, Urgency, WriteParticipations},
    journal::{Entry, Look, Request},
    model::{LiveFields, Membership, MembershipSpec, Outcome, Participation, Seen, WorkspaceId},
    plan::{Change, Stage, WorkspaceState},
    verdict::{DEMOTION, Fate},
};

/// Whether nobody else touched a record since it was listed. A lead's successor was promoted by
/// this run, which may have demoted the lead and moved the record's time.
fn is_as_listed(listed: &Participation, now: &Participation, lead: bool) -> bool {
    let fields = |of: &Participation| LiveFields { team_lead: Seen::Hidden, ..of.fields };
    if !lead {
        return (listed.key, listed.role, listed.fields, listed.updated_at)
            == (now.key, now.role, now.fields, now.updated_at);
    }
    (listed.key, listed.role, fields(listed)) == (now.key, now.role, fields(now))
}

impl<A: WriteParticipations> Run<'_, A> {
    /// Carries out the last stage. Deletes wait for the replacements: those of a project where one
    /// went wrong do not happen.
    pub(super) async fn replacements_and_deletes(&self) {
        let stage = self.indices(Stage::Delete);
        self.announce(Stage::Delete, stage.len());
        self.freeze();
        let replaces = |index: &usize| matches!(self.change(*index).1, Change::Replace { .. });
        let (replacements, deletes): (Vec<usize>, Vec<usize>) =
            stage.into_iter().partition(replaces);
        let replace = async |index| {
            self.replace(index).await;
            // What kept one person from coming back may keep all: no other is begun then.
            if self.ledger.borrow().ends_replacements(self.plan.actions[index].key) {
                self.freeze();
            }
        };
        self.each(replacements, 1, replace).await;
        self.freeze();
        self.each(deletes, self.tools.max_in_flight, async |index| self.delete(index).await).await;
    }

    /// Carries out one delete.
    async fn delete(&self, index: usize) {
        let Change::Delete { live, demote_first } = self.change(index).1 else { return };
        if self.may_be_destroyed(live, *demote_first, false).await {
            self.remove(live, *demote_first, self.droppable()).await;
        }
    }

    /// Carries out one replacement.
    async fn replace(&self, index: usize) {
        let (_, Change::Replace { live, demote_first, spec, later, takes_lead_from }) =
            self.change(index)
        else {
            return;
        };
        if !self.may_be_destroyed(live, *demote_first, true).await
            || !self.remove(live, *demote_first, Urgency::Finish).await
        {
            return;
        }
        self.create_again(live, *spec).await;
        let is_applied = |fate: &&Fate| fate.outcome == Outcome::Applied;
        let created = self.ledger.borrow().create_fate(live.key).filter(is_applied).cloned();
        if let (Some(id), false, true) =
            (created.and_then(|fate| fate.participation), later.is_empty(), self.can_go_on())
        {
            self.put(live.key, id, later, (*takes_lead_from, Urgency::Finish)).await;
        }
        self.explain(live.key.user, self.fate(index)).await;
    }

    /// Looks at a record once more before it is destroyed, where its listing is old or the person
    /// is to be created again; whether nothing forbids it. A look that is dropped at a stop does.
    async fn may_be_destroyed(&self, listed: &Participation, lead: bool, replaced: bool) -> bool {
        if !replaced && !self.is_old(listed.key.workspace) {
            return true;
        }
        let look = self.tools.api.fetch_participation(listed.id);
        let Some(looked) = self.unless_stopped(look).await else { return false };
        let found = match looked {
            Ok(Some(found)) => {
                let disabled =
                    found.person.is_some_and(|person| person.disabled == Seen::Visible(true));
                if !is_as_listed(listed, &found.live, lead) {
                    Look::Changed
                } else if replaced && disabled {
                    Look::Deactivated
                } else {
                    return true;
                }
            }
            Ok(None) => Look::Gone { replaced },
            Err(error) => {
                self.note(&error);
                let (message, ends_run) = (error.to_string(), error.ends_the_run());
                Look::Failed { message, ends_run, request_id: error.request_id() }
            }
        };
        self.record(&Entry::Looked { key: listed.key, id: listed.id, found });
        false
    }

    fn is_old(&self, workspace: WorkspaceId) -> bool {
        let state = self.plan.workspaces.get(&workspace).map(|workspace| &workspace.state);
        let Some(WorkspaceState::Listed { listed_at, .. }) = state else { return true };
        let age = self.tools.clock.now().duration_since(*listed_at);
        SignedDuration::try_from(self.tools.recheck_after).is_ok_and(|limit| age > limit)
    }

    /// Demotes where needed and deletes, and finds out with this urgency what a lost answer did;
    /// whether the record is gone.
    async fn remove(&self, live: &Participation, demote_first: bool, doubt: Urgency<'_>) -> bool {
        if demote_first {
            self.put(live.key, live.id, &DEMOTION, (None, self.droppable())).await;
            if !self.ledger.borrow().has_demoted(live.key) {
                return false;
            }
        }
        let Some(seq) = self.intend(Request::Delete { live: Box::new(live.clone()) }) else {
            return false;
        };
        let result = self.tools.api.delete(live.id, self.droppable()).await;
        self.record_result(seq, &result, None);
        if let Err(error) = &result {
            self.note(error);
            if !error.is_gone() && error.disposition(Repeat::Safe) == Disposition::InDoubt {
                let look = self.tools.api.fetch_participation(live.id);
                let looked = self.patience(doubt).read(look).await;
                self.record_look(seq, live.key, &looked);
            }
        }
        let is_gone = self.ledger.borrow().has_deleted(live.key);
        if is_gone {
            self.deleted.borrow_mut().insert(live.id, seq);
        }
        is_gone
    }

    /// The second half of a replacement; finished even when the run is asked to end.
    async fn create_again(&self, live: &Participation, spec: MembershipSpec) {
        self.create_rows(vec![Membership { key: live.key, spec }], Urgency::Finish).await;
        let is_told = |fate: &Fate| {
            matches!(fate.outcome, Outcome::Applied | Outcome::NotStuck | Outcome::InDoubt)
                || fate.participation.is_some()
        };
        if self.ledger.borrow().create_fate(live.key).is_none_or(is_told) {
            return;
        }
        // A delete that was answered as done may have deleted nothing.
        let look = self.tools.api.fetch_participation(live.id);
        let still = self.patience(Urgency::Finish).read(look).await;
        let seq = self.deleted.borrow().get(&live.id).copied();
        if let (Ok(Some(_)), Some(seq)) = (&still, seq) {
            self.record_look(seq, live.key, &still);
        }
    }
}
