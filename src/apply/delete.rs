//! Deletes and replacements: the last stage, one record at a time.
//!
//! A lead is demoted first. A record that is gone already counts as deleted. A replacement whose
//! create fails after its delete is lost, and said before everything else.

use super::{Run, create::Urgency, refused_fate};
use crate::{
    api::{ApiError, Creation, Disposition, Repeat, WriteParticipations},
    journal::Request,
    model::{
        Drift, Fate, Field, FieldValue, MembershipSpec, Outcome, Participation, ParticipationId,
    },
    plan::Change,
};

impl<A: WriteParticipations> Run<'_, A> {
    /// Carries out one delete or replacement, and decides it.
    pub(super) async fn destroy(&self, index: usize) {
        match self.change(index).1 {
            Change::Delete { live, demote_first } => {
                if let Some(fate) = self.remove(live, *demote_first).await {
                    self.decide(index, fate);
                }
            }
            Change::Replace { live, demote_first, spec, later } => {
                let Some(fate) = self.remove(live, *demote_first).await else { return };
                if fate.outcome != Outcome::Applied {
                    return self.decide(index, fate);
                }
                let fate = self.create_again(live, *spec, later).await;
                self.decide(index, fate);
            }
            Change::Create { .. } | Change::Update { .. } => {}
        }
    }

    /// Demotes where needed and deletes; no fate when it could not be journalled.
    async fn remove(&self, live: &Participation, demote_first: bool) -> Option<Fate> {
        if demote_first {
            let drift = [Drift {
                field: Field::TeamLead,
                before: FieldValue::Flag(true),
                after: FieldValue::Flag(false),
            }];
            let fate = self.put(live.key, live.id, &drift).await?;
            if fate.outcome != Outcome::Applied {
                let detail = format!("still leads its side; {}", fate.detail);
                return Some(Fate { detail, ..fate });
            }
        }
        let seq = self.intend(Request::Delete { live: Box::new(live.clone()) })?;
        let result = self.tools.api.delete(live.id).await;
        let request_id = match &result {
            Ok(answer) => answer.request_id.clone(),
            Err(error) => error.request_id(),
        };
        self.record_result(seq, &result, request_id.clone());
        let fate = match result {
            Ok(_) => Fate::new(Outcome::Applied, ""),
            Err(error) if error.is_gone() => Fate::new(Outcome::Applied, "was gone already"),
            Err(error) => self.failed_delete(live.id, &error).await,
        };
        Some(fate.of(live.id).answered(request_id))
    }

    async fn failed_delete(&self, id: ParticipationId, error: &ApiError) -> Fate {
        self.note(error);
        let Disposition::InDoubt = error.disposition(Repeat::Safe) else {
            return refused_fate(error);
        };
        match self.tools.api.fetch_participation(id).await {
            Ok(None) => Fate::new(Outcome::Applied, "gone on reading back"),
            Ok(Some(_)) => Fate::new(Outcome::Failed, format!("{error}; still there")),
            Err(second) => {
                self.note(&second);
                Fate::new(Outcome::InDoubt, format!("{error}; reading back failed: {second}"))
            }
        }
    }

    /// The second half of a replacement; finished even when the run is asked to end.
    async fn create_again(
        &self,
        live: &Participation,
        spec: MembershipSpec,
        later: &[Drift],
    ) -> Fate {
        let creation = Creation { key: live.key, spec };
        let mut fates = self.create_rows(vec![creation], Urgency::Finish).await;
        let Some(fate) = fates.remove(&live.key) else {
            return Fate::new(Outcome::Lost, "deleted, and the run ended before the create");
        };
        match (fate.outcome, fate.participation) {
            (Outcome::Applied, Some(id)) if !later.is_empty() && self.can_go_on() => {
                self.put(live.key, id, later).await.unwrap_or(fate)
            }
            (Outcome::Applied | Outcome::NotStuck | Outcome::InDoubt, _) => fate,
            _ => Fate {
                outcome: Outcome::Lost,
                detail: format!("deleted, and the create failed: {}", fate.detail),
                ..fate
            },
        }
    }
}
