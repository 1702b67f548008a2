//! A journal's write requests, each with what is known of its end.

use std::collections::BTreeMap;

use crate::{
    journal::{Entry, Journal, PresentRow, Request, RequestResult},
    model::{Drift, Fate, MembershipKey, Outcome},
};

/// A write request with what is known of its end.
pub(super) struct Sent<'a> {
    pub request: &'a Request,
    result: Option<&'a RequestResult>,
    settled: Option<&'a Entry>,
}

/// The write requests of a journal, in order.
pub(super) fn sent(journal: &Journal) -> Vec<Sent<'_>> {
    let mut found = Vec::new();
    let mut places = BTreeMap::new();
    for entry in &journal.entries {
        match entry {
            Entry::Intent { seq, request } => {
                places.insert(*seq, found.len());
                found.push(Sent { request, result: None, settled: None });
            }
            Entry::Outcome { seq, result } => {
                if let Some(place) = places.get(seq) {
                    found[*place].result = Some(result);
                }
            }
            Entry::Settled { seq, .. } => {
                if let Some(place) = places.get(seq) {
                    found[*place].settled = Some(entry);
                }
            }
            Entry::Header { .. } | Entry::End { .. } => {}
        }
    }
    found
}

impl Sent<'_> {
    /// What became of one of its memberships, as the run itself told it.
    pub(super) fn fate(&self, key: MembershipKey) -> Fate {
        let fate = match self.request {
            Request::Create { .. } => self.create_fate(key),
            Request::Update { id, drift, .. } => self.update_fate(key, drift).of(*id),
            Request::Delete { live } => self.delete_fate(key).of(live.id),
        };
        match self.result {
            Some(RequestResult::Done { request_id, .. }) => fate.answered(request_id.clone()),
            _ => fate,
        }
    }

    /// The record of a membership, as the answer showed it, else as reading back did.
    pub(super) fn present(&self, key: MembershipKey) -> Option<&PresentRow> {
        let answered = match self.result {
            Some(RequestResult::Done { present, .. }) => present.as_slice(),
            _ => &[],
        };
        let read_back = match self.settled {
            Some(Entry::Settled { present, .. }) => present.as_slice(),
            _ => &[],
        };
        answered.iter().chain(read_back).find(|row| row.key == key)
    }

    /// The changes of an update that are not seen to have stuck; all are believed to have where an
    /// answer shows no record.
    pub(super) fn unchanged(&self, key: MembershipKey, drift: &[Drift]) -> Vec<Drift> {
        let Some(seen) = self.present(key).and_then(|row| row.seen) else { return Vec::new() };
        let differs = |drift: &&Drift| seen.fields.value(drift.field) != drift.after;
        drift.iter().filter(differs).copied().collect()
    }

    fn create_fate(&self, key: MembershipKey) -> Fate {
        if let Some(row) = self.present(key) {
            return Fate::new(Outcome::Applied, "").of(row.id);
        }
        match (self.settled, self.result) {
            (Some(Entry::Settled { absent, .. }), _) if absent.contains(&key) => {
                Fate::new(Outcome::Failed, "known not to be there")
            }
            (Some(_), _) => Fate::new(Outcome::InDoubt, "could not be looked at"),
            (None, Some(RequestResult::Done { .. })) => {
                Fate::new(Outcome::InDoubt, "not in the answer to its create")
            }
            (None, result) => unanswered(result),
        }
    }

    fn update_fate(&self, key: MembershipKey, drift: &[Drift]) -> Fate {
        let unchanged = self.unchanged(key, drift);
        match (self.result, self.settled) {
            (Some(RequestResult::Gone { message }), None) => Fate::new(Outcome::Rejected, message),
            (Some(RequestResult::Done { .. }), None) if unchanged.is_empty() => {
                Fate::new(Outcome::Applied, "")
            }
            (Some(RequestResult::Done { .. }), None) => {
                Fate { unchanged, ..Fate::new(Outcome::NotStuck, "answered as done, unchanged") }
            }
            (_, Some(Entry::Settled { present, .. })) if present.is_empty() => {
                Fate::new(Outcome::Failed, "the record is gone")
            }
            (_, Some(_)) if unchanged.is_empty() => {
                Fate::new(Outcome::Applied, "seen on reading back")
            }
            (_, Some(_)) => Fate::new(Outcome::Failed, "not so on reading back"),
            (result, None) => unanswered(result),
        }
    }

    fn delete_fate(&self, key: MembershipKey) -> Fate {
        match (self.result, self.settled) {
            (_, Some(Entry::Settled { absent, .. })) if absent.contains(&key) => {
                Fate::new(Outcome::Applied, "gone on reading back")
            }
            (_, Some(_)) => Fate::new(Outcome::Failed, "still there"),
            (Some(RequestResult::Done { .. }), None) => Fate::new(Outcome::Applied, ""),
            (result, None) => unanswered(result),
        }
    }

    /// Whether a delete found its record gone: by whom, nobody can say.
    pub(super) fn found_gone(&self) -> bool {
        matches!(self.result, Some(RequestResult::Gone { .. }))
    }
}

/// The fate of what no answer shows and nothing read back.
fn unanswered(result: Option<&RequestResult>) -> Fate {
    match result {
        None => Fate::new(Outcome::InDoubt, "the run ended before its answer was written down"),
        Some(RequestResult::Done { .. }) => Fate::new(Outcome::Applied, ""),
        Some(RequestResult::NotDone { message }) => Fate::new(Outcome::Failed, message),
        Some(RequestResult::Refused { message }) => Fate::new(Outcome::Rejected, message),
        Some(RequestResult::Gone { .. }) => Fate::new(Outcome::Applied, "was gone already"),
        Some(RequestResult::Unknown { message }) => Fate::new(Outcome::InDoubt, message),
    }
}
