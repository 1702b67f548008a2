//! A journal's write requests, each with what is known of its end.

use crate::{
    journal::{Entry, Journal, Request, RequestResult, SeenRecord},
    model::{Fate, MembershipKey, Outcome, ParticipationId},
};

/// A write request with what is known of its end.
pub(super) struct Sent<'a> {
    pub request: &'a Request,
    result: Option<&'a RequestResult>,
    settled: Option<&'a Entry>,
}

pub(super) fn sent(journal: &Journal) -> Vec<Sent<'_>> {
    let of = |wanted: u64| {
        move |entry: &&Entry| match entry {
            Entry::Outcome { seq, .. } | Entry::Settled { seq, .. } => *seq == wanted,
            _ => false,
        }
    };
    let intents = journal.entries.iter().enumerate().filter_map(|(at, entry)| match entry {
        Entry::Intent { seq, request } => Some((at, *seq, request)),
        _ => None,
    });
    intents
        .map(|(at, seq, request)| {
            let mut sent = Sent { request, result: None, settled: None };
            for entry in journal.entries[at..].iter().filter(of(seq)) {
                match entry {
                    Entry::Outcome { result, .. } => sent.result = Some(result),
                    other => sent.settled = Some(other),
                }
            }
            sent
        })
        .collect()
}

impl Sent<'_> {
    /// What became of one of its memberships.
    pub(super) fn fate(&self, key: MembershipKey) -> Fate {
        if let Some(Entry::Settled { present, absent, .. }) = self.settled {
            if let Some(row) = present.iter().find(|row| row.key == key) {
                return Fate::new(Outcome::Applied, "").of(Some(row.id));
            }
            if absent.contains(&key) {
                return Fate::new(Outcome::Failed, "known not to be there");
            }
            return Fate::new(Outcome::InDoubt, "could not be looked at");
        }
        match self.result {
            None => Fate::new(Outcome::InDoubt, "the run ended before its answer was written down"),
            Some(RequestResult::Done { present, request_id }) => {
                let row = present.iter().find(|row| row.key == key).map(|row| row.id);
                let is_create = matches!(self.request, Request::Create { .. });
                if is_create && row.is_none() {
                    return Fate::new(Outcome::InDoubt, "not in the answer to its create");
                }
                let fate = Fate::new(Outcome::Applied, "").of(row.or(self.target()));
                Fate { request_id: request_id.clone(), ..fate }
            }
            Some(RequestResult::NotDone { message }) => Fate::new(Outcome::Failed, message),
            Some(RequestResult::Refused { message }) => Fate::new(Outcome::Rejected, message),
            Some(RequestResult::Unknown { message }) => Fate::new(Outcome::InDoubt, message),
        }
    }

    /// How the record of a membership was when an answer or reading back showed it.
    pub(super) fn seen(&self, key: MembershipKey) -> Option<SeenRecord> {
        let present = match (self.settled, self.result) {
            (Some(Entry::Settled { present, .. }), _)
            | (_, Some(RequestResult::Done { present, .. })) => present,
            _ => return None,
        };
        present.iter().find(|row| row.key == key)?.seen
    }

    /// Whether the server refused it: what is there all the same may be somebody else's.
    pub(super) fn was_refused(&self) -> bool {
        matches!(self.result, Some(RequestResult::Refused { .. }))
    }

    fn target(&self) -> Option<ParticipationId> {
        match self.request {
            Request::Create { .. } => None,
            Request::Update { id, .. } => Some(*id),
            Request::Delete { live } => Some(live.id),
        }
    }
}
