//! Bulk creates: one request a batch when all goes well; when not, settling and isolating.
//!
//! A refused batch is taken apart by the `index` of its errors where they have one that fits what
//! is live, else by halves, until the bad rows stand alone. Each round either decides a row or
//! halves what is left, so k bad rows of a batch cost at most 2·k·⌈log2 100⌉ + 2 requests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{
    Run, refused_fate,
    settle::{Seen, Settled},
};
use crate::{
    api::{
        Answered, ApiError, Complaint, Creation, Disposition, Repeat, Urgency, WriteParticipations,
    },
    event::Event,
    journal::{CreateRow, Entry, PresentRow, Request, RequestResult},
    model::{Fate, MembershipKey, Outcome, Participation, Seen as Value},
    plan::Change,
};

/// Rows that are sent in one request.
struct Work {
    rows: Vec<Creation>,
    /// How often they were sent without being told what happened.
    doubts: u32,
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
        let mut fates = Fates::new();
        let mut queue = VecDeque::from([Work { rows, doubts: 0 }]);
        while let Some(work) = queue.pop_front() {
            let go_on = match urgency {
                Urgency::Droppable(_) => self.may_start(),
                Urgency::Finish => self.can_go_on(),
            };
            if go_on && !work.rows.is_empty() {
                queue.extend(self.post(work, urgency, &mut fates).await);
            }
        }
        fates
    }

    /// Sends one request; answers what is left to be sent after it.
    async fn post(&self, work: Work, urgency: Urgency<'_>, fates: &mut Fates) -> Vec<Work> {
        let memberships =
            work.rows.iter().map(|row| CreateRow { key: row.key, spec: row.spec }).collect();
        let Some(seq) = self.intend(Request::Create { memberships }) else { return Vec::new() };
        let post = Post { seq, intended_at: self.tools.api.server_now(), urgency };
        let result = self.tools.api.create(&work.rows, urgency).await;
        self.record(&Entry::Outcome { seq, result: journalled(&work.rows, &result) });
        match result {
            Ok(answer) => self.answered(post, work, &answer, fates).await,
            Err(error) => match error.disposition(Repeat::Unsafe) {
                Disposition::Reject => self.refused(post, work, &error, fates).await,
                Disposition::InDoubt => self.in_doubt(post, work, &error, fates).await,
                Disposition::Drop => Vec::new(),
                Disposition::Retry { .. } | Disposition::Abort => {
                    self.note(&error);
                    fates.extend(work.rows.iter().map(|row| (row.key, refused_fate(&error))));
                    Vec::new()
                }
            },
        }
    }

    /// The answer names what was made, in any order; what it does not name is looked for.
    async fn answered(
        &self,
        post: Post<'_>,
        work: Work,
        answer: &Answered<Vec<Participation>>,
        fates: &mut Fates,
    ) -> Vec<Work> {
        let found: BTreeMap<MembershipKey, &Participation> =
            answer.value.iter().map(|row| (row.key, row)).collect();
        let mut missing = Vec::new();
        for row in work.rows {
            match found.get(&row.key) {
                Some(live) => {
                    let fate = created_fate(&row, live).answered(answer.request_id.clone());
                    fates.insert(row.key, fate);
                }
                None => missing.push(row),
            }
        }
        if missing.is_empty() {
            return Vec::new();
        }
        let error = ApiError::NoAnswer { why: "the answer does not name the row".to_owned() };
        let work = Work { rows: missing, doubts: work.doubts };
        self.in_doubt(post, work, &error, fates).await
    }

    /// Nobody knows what was made: read back, and send again only what is known not to be there.
    async fn in_doubt(
        &self,
        post: Post<'_>,
        work: Work,
        error: &ApiError,
        fates: &mut Fates,
    ) -> Vec<Work> {
        let settled = self.settle(post, &work.rows).await;
        let absent = take_settled(&work.rows, &settled, error, fates);
        let doubts = work.doubts + 1;
        if doubts < self.tools.tries {
            return vec![Work { rows: absent, doubts }];
        }
        let detail = format!("sent {doubts} times and known not to be there; {error}");
        for row in absent {
            fates.insert(row.key, Fate::new(Outcome::Failed, detail.clone()));
        }
        Vec::new()
    }

    /// The server said no to the batch, or to some of it.
    async fn refused(
        &self,
        post: Post<'_>,
        work: Work,
        error: &ApiError,
        fates: &mut Fates,
    ) -> Vec<Work> {
        let alone = work.rows.len() == 1;
        if alone && work.doubts == 0 {
            fates.extend(work.rows.iter().map(|row| (row.key, refused_fate(error))));
            return Vec::new();
        }
        let settled = self.settle(post, &work.rows).await;
        let absent = take_settled(&work.rows, &settled, error, fates);
        if alone {
            // An earlier answer was lost, so it might have been refused for being there.
            fates.extend(absent.iter().map(|row| (row.key, refused_fate(error))));
            return Vec::new();
        }
        let named = named_rows(&work.rows, &absent, complaints(error));
        for (key, words) in &named {
            let fate = Fate::new(Outcome::Rejected, words.clone()).answered(error.request_id());
            fates.insert(*key, fate);
        }
        let unnamed: Vec<Creation> =
            absent.into_iter().filter(|row| !named.contains_key(&row.key)).collect();
        let doubts = work.doubts;
        if !named.is_empty() || unnamed.len() <= 1 {
            return vec![Work { rows: unnamed, doubts }];
        }
        let (left, right) = unnamed.split_at(unnamed.len() / 2);
        vec![Work { rows: left.to_vec(), doubts }, Work { rows: right.to_vec(), doubts }]
    }
}

fn complaints(error: &ApiError) -> &[Complaint] {
    match error {
        ApiError::Refused { complaints, .. } => complaints,
        _ => &[],
    }
}

/// The rows that complaints name by their position in the request, with the server's words; a row
/// that is there cannot be the one that was refused, so such an index is not believed.
fn named_rows(
    sent: &[Creation],
    absent: &[Creation],
    complaints: &[Complaint],
) -> BTreeMap<MembershipKey, String> {
    let absent: BTreeSet<MembershipKey> = absent.iter().map(|row| row.key).collect();
    let mut named: BTreeMap<MembershipKey, String> = BTreeMap::new();
    for complaint in complaints {
        let Some(row) = complaint.index.and_then(|index| sent.get(index)) else { continue };
        if !absent.contains(&row.key) {
            continue;
        }
        let words = named.entry(row.key).or_default();
        if !words.is_empty() {
            words.push_str("; ");
        }
        words.push_str(&complaint.message);
    }
    named
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
        Value::Visible(role) if role == row.spec.role => Outcome::NotStuck,
        _ => Outcome::Failed,
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
