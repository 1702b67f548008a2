//! Updates: repeated by the client where an answer was lost, then held against the wish.

use super::{Run, refused_fate, request_id};
use crate::{
    api::{ApiError, Disposition, Repeat, Urgency, WriteParticipations},
    journal::Request,
    model::{Drift, Fate, MembershipKey, Outcome, Participation, ParticipationId, UserId},
    plan::{Change, Target},
};

/// Which request a doubt is about: its number in the journal, its record, and how urgent it is.
type Sent<'a> = (u64, MembershipKey, ParticipationId, Urgency<'a>);

impl<A: WriteParticipations> Run<'_, A> {
    /// Carries out one update, and decides it.
    pub(super) async fn update(&self, index: usize) {
        let (key, Change::Update { target, drift, takes_lead_from }) = self.change(index) else {
            return;
        };
        let id = match target {
            Target::Live(id) => Some(*id),
            Target::Created => self.created.borrow().get(key).copied(),
        };
        let Some(id) = id else {
            let detail = "the create that it follows is not known to have happened";
            return self.decide(index, Fate::new(Outcome::NotReached, detail));
        };
        let how = (*takes_lead_from, self.droppable());
        if let Some(fate) = self.put(*key, id, drift, how).await {
            let fate = self.explained(key.user, fate).await;
            self.decide(index, fate);
        }
    }

    /// Sends one update; no fate when it could not be journalled, or was dropped.
    pub(super) async fn put(
        &self,
        key: MembershipKey,
        id: ParticipationId,
        drift: &[Drift],
        (takes_lead_from, urgency): (Option<UserId>, Urgency<'_>),
    ) -> Option<Fate> {
        let request = Request::Update { key, id, drift: drift.to_vec(), takes_lead_from };
        let seq = self.intend(request)?;
        let result = self.tools.api.update(key, id, drift, urgency).await;
        let request_id = request_id(&result);
        let shown = result.as_ref().ok().and_then(|answer| answer.value.as_ref());
        self.record_result(seq, &result, shown);
        let sent = (seq, key, id, urgency);
        let fate = match result {
            Err(error) if error.is_dropped() => return None,
            Ok(answer) => match answer.value {
                Some(live) => updated_fate(drift, &live),
                None => {
                    let why = "the answer does not show the record";
                    self.read_back(sent, drift, why).await
                }
            },
            Err(error) => self.failed_update(sent, drift, &error).await,
        };
        Some(fate.of(id).answered(request_id))
    }

    async fn failed_update(&self, sent: Sent<'_>, drift: &[Drift], error: &ApiError) -> Fate {
        self.note(error);
        if error.is_gone() {
            let detail = "the record is gone: somebody removed it since the plan";
            return Fate::new(Outcome::Rejected, detail);
        }
        match error.disposition(Repeat::Safe) {
            Disposition::InDoubt => self.read_back(sent, drift, &error.to_string()).await,
            _ => refused_fate(error),
        }
    }

    /// Looks whether an update whose answers were all lost has happened.
    async fn read_back(
        &self,
        (seq, key, id, urgency): Sent<'_>,
        drift: &[Drift],
        why: &str,
    ) -> Fate {
        match self.patience(urgency).read(self.tools.api.fetch_participation(id)).await {
            Err(error) => {
                self.note(&error);
                Fate::new(Outcome::InDoubt, format!("{why}; reading back failed: {error}"))
            }
            Ok(None) => {
                self.record_read_back(seq, key, None);
                Fate::new(Outcome::Failed, format!("{why}; the record is gone"))
            }
            Ok(Some(found)) => {
                self.record_read_back(seq, key, Some(&found.live));
                let unchanged = unchanged(drift, &found.live);
                if unchanged.is_empty() {
                    return Fate::new(Outcome::Applied, "seen on reading back");
                }
                Fate::new(Outcome::Failed, format!("{why}; still {unchanged}"))
            }
        }
    }
}

/// The wishes that the record does not show as fulfilled; what is hidden shows nothing.
fn unchanged(drift: &[Drift], live: &Participation) -> String {
    let differs = |drift: &&Drift| live.fields.value(drift.field) != drift.after;
    let words = |drift: &Drift| {
        format!("{}: {} (wished {})", drift.field, live.fields.value(drift.field), drift.after)
    };
    drift.iter().filter(differs).map(words).collect::<Vec<_>>().join(", ")
}

fn updated_fate(drift: &[Drift], live: &Participation) -> Fate {
    let words = unchanged(drift, live);
    if words.is_empty() {
        return Fate::new(Outcome::Applied, "");
    }
    let now = drift.iter().map(|wish| Drift { before: live.fields.value(wish.field), ..*wish });
    let unchanged = now.filter(|wish| wish.before != wish.after).collect();
    let detail = format!("answered as done, but still {words}");
    Fate { unchanged, ..Fate::new(Outcome::NotStuck, detail) }
}
