//! Replacements and deletes: the last stage.
//!
//! Replacements come first and one at a time, so that no more than one person can be lost: the
//! first whose second half does not bring the person back ends all others, and freezes its project.
//! A lead is demoted first. A record that is gone already counts as deleted.

use jiff::SignedDuration;

use super::{Run, on_this_project, refused_fate, request_id};
use crate::{
    api::{ApiError, Creation, Disposition, Repeat, Urgency, WriteParticipations},
    journal::Request,
    model::{
        Drift, Fate, Field, FieldValue, LiveFields, MembershipSpec, Outcome, Participation, Seen,
        WorkspaceId,
    },
    plan::{Change, Stage, WorkspaceState},
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
        self.freeze(&stage);
        let replaces = |index: &usize| matches!(self.change(*index).1, Change::Replace { .. });
        let (replacements, deletes): (Vec<usize>, Vec<usize>) =
            stage.into_iter().partition(replaces);
        let others = &replacements;
        let replace = async |index| {
            if !self.replace(index).await {
                self.end_replacements(index, others);
            }
        };
        self.each(replacements.clone(), 1, replace).await;
        self.freeze(&deletes);
        self.each(deletes, self.tools.max_in_flight, async |index| self.delete(index).await).await;
    }

    /// Carries out one delete, and decides it.
    async fn delete(&self, index: usize) {
        let Change::Delete { live, demote_first } = self.change(index).1 else { return };
        if let Some(fate) = self.look_once_more(live, *demote_first, false).await {
            return self.decide(index, fate);
        }
        if let Some(fate) = self.remove(live, *demote_first, self.droppable()).await {
            self.decide(index, fate);
        }
    }

    /// Carries out one replacement, and decides it; whether the next may be begun.
    async fn replace(&self, index: usize) -> bool {
        let (_, Change::Replace { live, demote_first, spec, later, takes_lead_from }) =
            self.change(index)
        else {
            return true;
        };
        if let Some(fate) = self.look_once_more(live, *demote_first, true).await {
            self.decide(index, fate);
            return true;
        }
        let removed = self.remove(live, *demote_first, Urgency::Finish).await;
        let Some(fate) = removed else { return false };
        if fate.outcome != Outcome::Applied {
            let is_known = fate.outcome != Outcome::InDoubt;
            self.decide(index, fate);
            return is_known;
        }
        let mut fate = self.create_again(live, *spec).await;
        let is_there = matches!(fate.outcome, Outcome::Applied | Outcome::NotStuck);
        if let (Outcome::Applied, Some(id), false, true) =
            (fate.outcome, fate.participation, later.is_empty(), self.can_go_on())
        {
            fate = self
                .put(live.key, id, later, (*takes_lead_from, Urgency::Finish))
                .await
                .unwrap_or(fate);
        }
        let fate = self.explained(live.key.user, fate).await;
        self.decide(index, fate);
        is_there
    }

    /// What kept one person from coming back may keep all: no other replacement is begun.
    fn end_replacements(&self, index: usize, replacements: &[usize]) {
        let action = &self.plan.actions[index];
        let outcome = self.fates.borrow()[index].as_ref().map(|fate| fate.outcome);
        let Some(outcome) = outcome else { return };
        for other in replacements {
            let key = self.plan.actions[*other].key;
            let fate = if key.workspace == action.key.workspace {
                Fate::new(Outcome::Frozen, on_this_project(action, outcome))
            } else {
                let detail = format!(
                    "nothing was deleted: the replacement of user {} on project {} is {outcome}, \
                     and what kept that person from coming back may keep this one; see to it, \
                     then run again",
                    action.key.user, action.key.workspace
                );
                Fate::new(Outcome::NotReached, detail)
            };
            self.decide(*other, fate.of(self.change(*other).1.participation()));
        }
    }

    /// Looks at a record once more before it is destroyed, where its listing is old or the person
    /// is to be created again; a fate means that it is not to be destroyed.
    async fn look_once_more(
        &self,
        listed: &Participation,
        lead: bool,
        replaced: bool,
    ) -> Option<Fate> {
        if !replaced && !self.is_old(listed.key.workspace) {
            return None;
        }
        let look = self.tools.api.fetch_participation(listed.id);
        let looked = match self.unless_stopped(look).await {
            Ok(looked) => looked,
            Err(dropped) => return Some(dropped.of(listed.id)),
        };
        let fate = match looked {
            Ok(Some(found)) => {
                let disabled =
                    found.person.is_some_and(|person| person.disabled == Seen::Visible(true));
                if !is_as_listed(listed, &found.live, lead) {
                    let detail = "somebody else changed the record since the plan; it stays";
                    Fate::new(Outcome::Stale, detail)
                } else if replaced && disabled {
                    let detail = "the person is deactivated and could not be created again; nothing was deleted";
                    Fate::new(Outcome::Rejected, detail)
                } else {
                    return None;
                }
            }
            Ok(None) if replaced => {
                let detail = "the record is gone: the next run creates the person anew";
                Fate::new(Outcome::Stale, detail)
            }
            Ok(None) => Fate::new(Outcome::Applied, "was gone already"),
            Err(error) => self.not_looked_at(&error),
        };
        Some(fate.of(listed.id))
    }

    fn not_looked_at(&self, error: &ApiError) -> Fate {
        self.note(error);
        let detail = format!("could not be looked at once more, so nothing was deleted: {error}");
        let outcome = if error.ends_the_run() { Outcome::NotReached } else { Outcome::Failed };
        Fate::new(outcome, detail).answered(error.request_id())
    }

    fn is_old(&self, workspace: WorkspaceId) -> bool {
        let state = self.plan.workspaces.get(&workspace).map(|workspace| &workspace.state);
        let Some(WorkspaceState::Listed { listed_at, .. }) = state else { return true };
        let age = self.tools.clock.now().duration_since(*listed_at);
        SignedDuration::try_from(self.tools.recheck_after).is_ok_and(|limit| age > limit)
    }

    /// Demotes where needed and deletes, and finds out with this urgency what a lost answer did; no
    /// fate when it could not be journalled, or was dropped.
    async fn remove(
        &self,
        live: &Participation,
        demote_first: bool,
        doubt: Urgency<'_>,
    ) -> Option<Fate> {
        if demote_first {
            let drift = [Drift {
                field: Field::TeamLead,
                before: FieldValue::Flag(true),
                after: FieldValue::Flag(false),
            }];
            let fate = self.put(live.key, live.id, &drift, (None, self.droppable())).await?;
            if fate.outcome != Outcome::Applied {
                let detail = format!("still leads its side; {}", fate.detail);
                return Some(Fate { detail, ..fate });
            }
        }
        let seq = self.intend(Request::Delete { live: Box::new(live.clone()) })?;
        let result = self.tools.api.delete(live.id, self.droppable()).await;
        let request_id = request_id(&result);
        self.record_result(seq, &result, None);
        let fate = match result {
            Ok(_) => Fate::new(Outcome::Applied, ""),
            Err(error) if error.is_gone() => Fate::new(Outcome::Applied, "was gone already"),
            Err(error) if error.is_dropped() && demote_first => {
                Fate::new(Outcome::NotReached, "no longer leads; the run ended before the delete")
            }
            Err(error) if error.is_dropped() => return None,
            Err(error) => self.failed_delete((seq, doubt), live, &error).await,
        };
        if fate.outcome == Outcome::Applied {
            self.deleted.borrow_mut().insert(live.id);
        }
        Some(fate.of(live.id).answered(request_id))
    }

    async fn failed_delete(
        &self,
        (seq, urgency): (u64, Urgency<'_>),
        live: &Participation,
        error: &ApiError,
    ) -> Fate {
        self.note(error);
        let Disposition::InDoubt = error.disposition(Repeat::Safe) else {
            return refused_fate(error);
        };
        let look = self.tools.api.fetch_participation(live.id);
        match self.patience(urgency).read(look).await {
            Ok(None) => {
                self.record_read_back(seq, live.key, None);
                Fate::new(Outcome::Applied, "gone on reading back")
            }
            Ok(Some(found)) => {
                self.record_read_back(seq, live.key, Some(&found.live));
                Fate::new(Outcome::Failed, format!("{error}; still there"))
            }
            Err(second) => {
                self.note(&second);
                Fate::new(Outcome::InDoubt, format!("{error}; reading back failed: {second}"))
            }
        }
    }

    /// The second half of a replacement; finished even when the run is asked to end.
    async fn create_again(&self, live: &Participation, spec: MembershipSpec) -> Fate {
        let creation = Creation { key: live.key, spec };
        let mut fates = self.create_rows(vec![creation], Urgency::Finish).await;
        let Some(fate) = fates.remove(&live.key) else {
            return Fate::new(Outcome::Lost, "deleted, and the run ended before the create");
        };
        match fate.outcome {
            Outcome::Applied | Outcome::NotStuck | Outcome::InDoubt => return fate,
            _ if fate.participation.is_some() => {
                let detail = format!("deleted, and somebody else acted: {}", fate.detail);
                return Fate { detail, ..fate };
            }
            _ => {}
        }
        // A delete that was answered as done may have deleted nothing.
        if let Ok(Some(_)) = self.tools.api.fetch_participation(live.id).await {
            let detail = format!(
                "the delete was answered as done, and the record is still there; the create \
                 failed: {}",
                fate.detail
            );
            return Fate { outcome: Outcome::Failed, detail, ..fate }.of(live.id);
        }
        let detail = format!("deleted, and the create failed: {}", fate.detail);
        Fate { outcome: Outcome::Lost, detail, ..fate }
    }
}
