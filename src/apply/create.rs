//! Bulk creates: one request a batch when all goes well; when not, reading back and isolating.
//!
//! A refused batch is taken apart until the bad rows are known (`bisect.rs`); rows in doubt are
//! sent again only when they are known not to be there. What became of a row is on record.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Run,
    bisect::Search,
    not_done,
    settle::{Post, Settled, SettledRow, is_since},
};
use crate::{
    api::{Answered, ApiError, Disposition, Repeat, Urgency, WriteParticipations},
    event::Event,
    journal::{Entry, PresentRow, Request, RequestResult},
    model::{Membership, MembershipKey, Participation},
    plan::Change,
};

/// What is known of rows that are created together.
struct Batch<'a> {
    urgency: Urgency<'a>,
    /// How often a row was sent without being told what happened.
    doubts: BTreeMap<MembershipKey, u32>,
}

/// How a request ended.
enum Posted {
    /// What is on record of its rows is the last word.
    Known,
    /// These are known not to be there, and may be sent again.
    Again(Vec<Membership>),
    /// Refused, and these of its rows may be sent apart.
    Refused { sent: Vec<Membership>, absent: Vec<Membership>, error: ApiError },
}

impl<A: WriteParticipations> Run<'_, A> {
    /// Creates the memberships of these actions.
    pub(super) async fn create_batch(&self, indices: &[usize]) {
        let creation = |index: &usize| match self.change(*index) {
            (key, Change::Create { spec }) => Some(Membership { key: *key, spec: *spec }),
            _ => None,
        };
        let rows: Vec<Membership> = indices.iter().filter_map(creation).collect();
        self.create_rows(rows, self.droppable()).await;
        for index in indices {
            self.explain(self.plan.actions[*index].key.user, self.fate(*index)).await;
        }
        (self.tools.listener)(Event::ActionsDone { actions: indices.len() });
    }

    /// Creates these rows, as far as the run's end does not keep them from being sent.
    pub(super) async fn create_rows(&self, rows: Vec<Membership>, urgency: Urgency<'_>) {
        let mut batch = Batch { urgency, doubts: BTreeMap::new() };
        let mut search = Search::new(rows, &self.index_is_position);
        while self.may_send(urgency)
            && let Some(rows) = search.next()
        {
            match self.send(&rows, &mut batch).await {
                Posted::Refused { sent, absent, error } => search.refused(&sent, absent, &error),
                Posted::Known if rows.iter().all(|row| self.is_there(row)) => search.passed(),
                Posted::Known | Posted::Again(_) => search.gave_up(),
            }
        }
    }

    fn is_there(&self, row: &Membership) -> bool {
        self.ledger.borrow().created(row.key).is_some()
    }

    fn may_send(&self, urgency: Urgency<'_>) -> bool {
        match urgency {
            Urgency::Droppable(_) => self.may_start(),
            Urgency::Finish => self.can_go_on(),
        }
    }

    /// Sends rows together, again where that is known to be harmless.
    async fn send(&self, rows: &[Membership], batch: &mut Batch<'_>) -> Posted {
        let mut left = rows.to_vec();
        loop {
            match self.post(left, batch).await {
                Posted::Again(absent) if self.may_send(batch.urgency) => left = absent,
                ended => return ended,
            }
        }
    }

    /// Sends one request.
    async fn post(&self, rows: Vec<Membership>, batch: &mut Batch<'_>) -> Posted {
        let memberships = rows.clone();
        let Some(seq) = self.intend(Request::Create { memberships }) else {
            return Posted::Again(rows);
        };
        let post = Post { seq, intended_at: self.tools.api.server_now(), urgency: batch.urgency };
        let result = self.tools.api.create(&rows, batch.urgency).await;
        self.record(&Entry::Outcome { seq, result: journalled(&rows, &result) });
        match result {
            Ok(answer) => self.answered(post, rows, &answer.value, batch).await,
            Err(error) => match error.disposition(Repeat::Unsafe) {
                Disposition::Reject => self.refused(post, rows, error, batch).await,
                Disposition::InDoubt => self.in_doubt(post, &rows, batch).await,
                Disposition::Drop => Posted::Again(rows),
                Disposition::Retry | Disposition::Abort => {
                    self.note(&error);
                    Posted::Known
                }
            },
        }
    }

    /// The answer names what was made, in any order; what it does not name is looked for.
    async fn answered(
        &self,
        post: Post<'_>,
        mut rows: Vec<Membership>,
        shown: &[Participation],
        batch: &mut Batch<'_>,
    ) -> Posted {
        let shown: BTreeSet<MembershipKey> = shown.iter().map(|live| live.key).collect();
        rows.retain(|row| !shown.contains(&row.key));
        if rows.is_empty() {
            return Posted::Known;
        }
        self.in_doubt(post, &rows, batch).await
    }

    /// Nobody knows what was made: read back, and send again only what is known not to be there.
    async fn in_doubt(&self, post: Post<'_>, rows: &[Membership], batch: &mut Batch<'_>) -> Posted {
        let settled = self.settle(post, rows).await;
        let mut again = Vec::new();
        for row in absent(rows, &settled) {
            let doubts = batch.doubts.entry(row.key).or_default();
            *doubts += 1;
            if *doubts < self.tools.tries {
                again.push(row);
            }
        }
        if again.is_empty() { Posted::Known } else { Posted::Again(again) }
    }

    /// The server refused to the rows, or to some of them.
    async fn refused(
        &self,
        post: Post<'_>,
        sent: Vec<Membership>,
        error: ApiError,
        batch: &mut Batch<'_>,
    ) -> Posted {
        let alone = sent.len() == 1;
        // It may have been refused for being there: an earlier answer was lost, or somebody else
        // was faster. That is worth a look where a person was deleted to be created again.
        let doubtful = matches!(batch.urgency, Urgency::Finish)
            || sent.iter().any(|row| batch.doubts.contains_key(&row.key));
        if alone && !doubtful {
            return Posted::Refused { sent, absent: Vec::new(), error };
        }
        let settled = self.settle(post, &sent).await;
        let absent = if alone { Vec::new() } else { absent(&sent, &settled) };
        Posted::Refused { sent, absent, error }
    }
}

/// The rows that reading back showed not to be there.
fn absent(rows: &[Membership], settled: &Settled) -> Vec<Membership> {
    let is_absent = |row: &&Membership| settled.get(&row.key) == Some(&SettledRow::Absent);
    rows.iter().filter(is_absent).copied().collect()
}

fn journalled(
    desired: &[Membership],
    result: &Result<Answered<Vec<Participation>>, ApiError>,
) -> RequestResult {
    let answer = match result {
        Ok(answer) => answer,
        Err(error) => return not_done(error, Repeat::Unsafe),
    };
    // What is older than the request, or not as desired, may be somebody else's.
    let is_made = |live: &Participation| {
        let row = desired.iter().find(|row| row.key == live.key);
        row.is_some_and(|row| is_as_desired(row, live)) && is_since(live, answer.left_at)
    };
    let present = |live| PresentRow::from(live).made(is_made(live));
    RequestResult::Done {
        present: answer.value.iter().map(present).collect(),
        request_id: answer.request_id.clone(),
    }
}

/// Whether nothing that is seen of a record is other than its create asked for.
fn is_as_desired(row: &Membership, live: &Participation) -> bool {
    let side = live.role.visible().is_none_or(|role| role == row.spec.role);
    side && row.spec.fields.compare(&live.fields).drift.is_empty()
}
