//! Bulk creates: one request a batch when all goes well; when not, reading back and isolating.
//!
//! A refused batch is taken apart until the bad rows are known (`bisect.rs`); rows in doubt are
//! sent again only when they are known not to be there. What is not decided here was not sent.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Run,
    bisect::Search,
    refused_fate,
    settle::{Seen, Settled},
};
use crate::{
    api::{Answered, ApiError, Creation, Disposition, Repeat, Urgency, WriteParticipations},
    event::Event,
    journal::{CreateRow, Entry, PresentRow, Request, RequestResult},
    model::{Fate, MembershipKey, Outcome, Participation, Seen as Value},
    plan::Change,
};

/// What is known of rows that are created together.
struct Batch<'a> {
    urgency: Urgency<'a>,
    fates: Fates,
    /// How often a row was sent without being told what happened.
    doubts: BTreeMap<MembershipKey, u32>,
}

/// How a request ended.
enum Posted {
    /// All its rows are decided.
    Decided,
    /// These are known not to be there, and may be sent again.
    Again(Vec<Creation>),
    /// Refused, and these of its rows are not decided.
    Refused { sent: Vec<Creation>, absent: Vec<Creation>, error: ApiError },
}

/// A create request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post<'a> {
    /// Its number in the journal.
    pub seq: u64,
    /// When it was noted, by the server's clock.
    pub intended_at: Option<Timestamp>,
    pub urgency: Urgency<'a>,
}

/// Fates by membership.
type Fates = BTreeMap<MembershipKey, Fate>;

impl<A: WriteParticipations> Run<'_, A> {
    /// Creates the memberships of these actions, and decides each.
    pub(super) async fn create_batch(&self, indices: &[usize]) {
        let creation = |index: &usize| match self.change(*index) {
            (key, Change::Create { spec }) => Some(Creation { key: *key, spec: *spec }),
            _ => None,
        };
        let rows: Vec<Creation> = indices.iter().filter_map(creation).collect();
        let mut fates = self.create_rows(rows, self.droppable()).await;
        for index in indices {
            let key = self.plan.actions[*index].key;
            if let Some(fate) = fates.remove(&key) {
                let fate = self.explained(key.user, fate).await;
                if let (Outcome::Applied | Outcome::NotStuck, Some(id)) =
                    (fate.outcome, fate.participation)
                {
                    self.created.borrow_mut().insert(key, id);
                }
                self.decide(*index, fate);
            }
        }
        (self.tools.listener)(Event::ActionsDone { actions: indices.len() });
    }

    /// Creates these rows; what the run's end keeps from being sent has no fate here.
    pub(super) async fn create_rows(&self, rows: Vec<Creation>, urgency: Urgency<'_>) -> Fates {
        let mut batch = Batch { urgency, fates: Fates::new(), doubts: BTreeMap::new() };
        let mut search = Search::new(rows, &self.index_is_position);
        while self.may_send(urgency)
            && let Some(rows) = search.next()
        {
            match self.send(&rows, &mut batch).await {
                Posted::Refused { sent, absent, error } => search.refused(&sent, absent, &error),
                Posted::Decided if rows.iter().all(|row| batch.is_there(row)) => {
                    batch.fates.extend(search.passed());
                }
                Posted::Decided | Posted::Again(_) => search.gave_up(),
            }
        }
        batch.fates
    }

    fn may_send(&self, urgency: Urgency<'_>) -> bool {
        match urgency {
            Urgency::Droppable(_) => self.may_start(),
            Urgency::Finish => self.can_go_on(),
        }
    }

    /// Sends rows together, again where that is known to be harmless.
    async fn send(&self, rows: &[Creation], batch: &mut Batch<'_>) -> Posted {
        let mut left = rows.to_vec();
        loop {
            match self.post(left, batch).await {
                Posted::Again(absent) if self.may_send(batch.urgency) => left = absent,
                ended => return ended,
            }
        }
    }

    /// Sends one request.
    async fn post(&self, rows: Vec<Creation>, batch: &mut Batch<'_>) -> Posted {
        let memberships =
            rows.iter().map(|row| CreateRow { key: row.key, spec: row.spec }).collect();
        let Some(seq) = self.intend(Request::Create { memberships }) else {
            return Posted::Again(rows);
        };
        let post = Post { seq, intended_at: self.tools.api.server_now(), urgency: batch.urgency };
        let result = self.tools.api.create(&rows, batch.urgency).await;
        self.record(&Entry::Outcome { seq, result: journalled(&rows, &result) });
        match result {
            Ok(answer) => self.answered(post, rows, &answer, batch).await,
            Err(error) => match error.disposition(Repeat::Unsafe) {
                Disposition::Reject => self.refused(post, rows, error, batch).await,
                Disposition::InDoubt => self.in_doubt(post, rows, &error, batch).await,
                Disposition::Drop => Posted::Again(rows),
                Disposition::Retry { .. } | Disposition::Abort => {
                    self.note(&error);
                    batch.fates.extend(rows.iter().map(|row| (row.key, refused_fate(&error))));
                    Posted::Decided
                }
            },
        }
    }

    /// The answer names what was made, in any order; what it does not name is looked for.
    async fn answered(
        &self,
        post: Post<'_>,
        rows: Vec<Creation>,
        answer: &Answered<Vec<Participation>>,
        batch: &mut Batch<'_>,
    ) -> Posted {
        let found: BTreeMap<MembershipKey, &Participation> =
            answer.value.iter().map(|row| (row.key, row)).collect();
        let mut missing = Vec::new();
        for row in rows {
            match found.get(&row.key) {
                Some(live) => {
                    let fate = created_fate(&row, live).answered(answer.request_id.clone());
                    batch.fates.insert(row.key, fate);
                }
                None => missing.push(row),
            }
        }
        if missing.is_empty() {
            return Posted::Decided;
        }
        let error = ApiError::NoAnswer { why: "the answer does not name the row".to_owned() };
        self.in_doubt(post, missing, &error, batch).await
    }

    /// Nobody knows what was made: read back, and send again only what is known not to be there.
    async fn in_doubt(
        &self,
        post: Post<'_>,
        rows: Vec<Creation>,
        error: &ApiError,
        batch: &mut Batch<'_>,
    ) -> Posted {
        let settled = self.settle(post, &rows).await;
        let mut again = Vec::new();
        for row in take_settled(&rows, &settled, error, &mut batch.fates) {
            let doubts = batch.doubts.entry(row.key).or_default();
            *doubts += 1;
            if *doubts < self.tools.tries {
                again.push(row);
            } else {
                let detail = format!("sent {doubts} times and known not to be there; {error}");
                batch.fates.insert(row.key, Fate::new(Outcome::Failed, detail));
            }
        }
        if again.is_empty() { Posted::Decided } else { Posted::Again(again) }
    }

    /// The server said no to the rows, or to some of them.
    async fn refused(
        &self,
        post: Post<'_>,
        sent: Vec<Creation>,
        error: ApiError,
        batch: &mut Batch<'_>,
    ) -> Posted {
        let alone = sent.len() == 1;
        // It may have been refused for being there: an earlier answer was lost, or somebody else
        // was faster. That is worth a look where a person was deleted to be created again.
        let doubtful = matches!(batch.urgency, Urgency::Finish)
            || sent.iter().any(|row| batch.doubts.contains_key(&row.key));
        let mut absent = sent.clone();
        if !alone || doubtful {
            let settled = self.settle(post, &sent).await;
            absent = take_settled(&sent, &settled, &error, &mut batch.fates);
        }
        if alone {
            let refused = absent.drain(..).map(|row| (row.key, refused_fate(&error)));
            batch.fates.extend(refused);
        }
        Posted::Refused { sent, absent, error }
    }
}

impl Batch<'_> {
    fn is_there(&self, row: &Creation) -> bool {
        let fate = self.fates.get(&row.key);
        fate.is_some_and(|fate| matches!(fate.outcome, Outcome::Applied | Outcome::NotStuck))
    }
}

/// Decides the rows that reading back decided; answers those that are known not to be there.
fn take_settled(
    rows: &[Creation],
    settled: &Settled,
    error: &ApiError,
    fates: &mut Fates,
) -> Vec<Creation> {
    let mut absent = Vec::new();
    for row in rows {
        let fate = match settled.get(&row.key) {
            Some(Seen::Absent) => {
                absent.push(*row);
                continue;
            }
            Some(Seen::Present(live)) => read_back_fate(row, live),
            Some(Seen::Twice(ids)) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let detail =
                    format!("on the project more than once: participations {}", ids.join(" "));
                Fate::new(Outcome::InDoubt, detail)
            }
            Some(Seen::Unknown(why)) => {
                Fate::new(Outcome::InDoubt, format!("{error}; reading back failed: {why}"))
            }
            None => Fate::new(Outcome::InDoubt, error.to_string()),
        };
        fates.insert(row.key, fate.answered(error.request_id()));
    }
    absent
}

/// Where a live record is not as its create wished; empty when it is.
fn differences(row: &Creation, live: &Participation) -> String {
    let mut found: Vec<String> =
        row.spec.fields.compare(&live.fields).drift.iter().map(ToString::to_string).collect();
    if let Value::Visible(role) = live.role
        && role != row.spec.role
    {
        found.insert(0, format!("role: {role} → {}", row.spec.role));
    }
    found.join(", ")
}

/// The fate of a row that the create's own answer shows.
fn created_fate(row: &Creation, live: &Participation) -> Fate {
    let differences = differences(row, live);
    let outcome = if differences.is_empty() { Outcome::Applied } else { Outcome::NotStuck };
    let unchanged = row.spec.fields.compare(&live.fields).drift;
    Fate { unchanged, ..Fate::new(outcome, differences) }.of(live.id)
}

/// The fate of a row that was found on reading back: as wished it is applied; with other values
/// the server or somebody else set them, and the next run compares it; on the other side of the
/// project somebody else made it.
fn read_back_fate(row: &Creation, live: &Participation) -> Fate {
    let differences = differences(row, live);
    let outcome = match live.role {
        _ if differences.is_empty() => {
            return Fate::new(Outcome::Applied, "seen on reading back").of(live.id);
        }
        Value::Visible(role) if role != row.spec.role => Outcome::Failed,
        _ => Outcome::NotStuck,
    };
    Fate::new(outcome, format!("on the project with other values: {differences}")).of(live.id)
}

/// Whether a record is not older than this time, both by the server's clock and to the second.
pub(super) fn is_since(row: &Participation, time: Option<Timestamp>) -> bool {
    let since = |(created, time): (Timestamp, Timestamp)| {
        created.duration_since(time) >= SignedDuration::from_secs(-1)
    };
    row.created_at.zip(time).is_some_and(since)
}

fn journalled(
    wished: &[Creation],
    result: &Result<Answered<Vec<Participation>>, ApiError>,
) -> RequestResult {
    match result {
        Ok(answer) => {
            // What is older than the request, or not as it wished, may be somebody else's.
            let is_made = |live: &Participation| {
                let wish = wished.iter().find(|row| row.key == live.key);
                let as_wished = wish.is_some_and(|row| differences(row, live).is_empty());
                as_wished && is_since(live, answer.left_at)
            };
            let present = |live| PresentRow::from(live).made(is_made(live));
            RequestResult::Done {
                present: answer.value.iter().map(present).collect(),
                request_id: answer.request_id.clone(),
            }
        }
        Err(error) => match error.disposition(Repeat::Unsafe) {
            Disposition::Reject => RequestResult::Refused { message: error.to_string() },
            Disposition::InDoubt => RequestResult::Unknown { message: error.to_string() },
            _ => RequestResult::NotDone { message: error.to_string() },
        },
    }
}
