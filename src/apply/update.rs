//! Updates: repeated by the client where an answer was lost, then held against what is desired.

use super::Run;
use crate::{
    api::{Disposition, Repeat, Urgency, WriteParticipations},
    journal::Request,
    model::{Drift, MembershipKey, ParticipationId, UserId},
    plan::{Change, Target},
};

impl<A: WriteParticipations> Run<'_, A> {
    /// Carries out one update.
    pub(super) async fn update(&self, index: usize) {
        let (key, Change::Update { target, drift, takes_lead_from }) = self.change(index) else {
            return;
        };
        let id = match target {
            Target::Live(id) => Some(*id),
            Target::Created => self.ledger.borrow().created(*key),
        };
        let Some(id) = id else { return };
        self.put(*key, id, drift, (*takes_lead_from, self.droppable())).await;
        self.explain(key.user, self.fate(index)).await;
    }

    /// Sends one update, and looks what a lost answer did.
    pub(super) async fn put(
        &self,
        key: MembershipKey,
        id: ParticipationId,
        drift: &[Drift],
        (takes_lead_from, urgency): (Option<UserId>, Urgency<'_>),
    ) {
        let request = Request::Update { key, id, drift: drift.to_vec(), takes_lead_from };
        let Some(seq) = self.intend(request) else { return };
        let result = self.tools.api.update(key, id, drift, urgency).await;
        let shown = result.as_ref().ok().and_then(|answer| answer.value.as_ref());
        self.record_result(seq, &result, shown);
        let is_told = match &result {
            Ok(answer) => answer.value.is_some(),
            Err(error) => {
                self.note(error);
                error.is_gone() || error.disposition(Repeat::Safe) != Disposition::InDoubt
            }
        };
        if !is_told {
            let look = self.tools.api.fetch_participation(id);
            let looked = self.patience(urgency).read(look).await;
            self.record_look(seq, key, &looked);
        }
    }
}
