//! The report of a run that left none: what its plan and its journal say together.
//!
//! Every action gets the fate that the last request about it had. What the journal has no answer to
//! is in doubt, never guessed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    exit_status,
    sent::{Sent, sent},
};
use crate::{
    journal::{Entry, Journal, Request},
    model::{Fate, MembershipKey, Outcome},
    plan::Change,
    report::RunReport,
    run::Ended,
};

/// Completes the report of a plan whose run was killed; `last_sign` is when the journal last grew.
#[must_use]
pub fn killed(planned: RunReport, journal: &Journal, last_sign: Timestamp) -> RunReport {
    let sent = sent(journal);
    let ended = journal.entries.iter().find_map(|entry| match entry {
        Entry::End { result } => Some(result.clone()),
        _ => None,
    });
    let of_key = by_key(&sent);
    let mut report = planned;
    for entry in &mut report.entries {
        if let (None, Some(change)) = (&entry.fate, &entry.change) {
            let requests = of_key.get(&entry.key).map_or(&[][..], Vec::as_slice);
            let fate = fate_of(entry.key, change, requests);
            entry.fate = Some(fate.unwrap_or_else(|| {
                Fate::new(Outcome::NotReached, "the run ended before it was sent")
            }));
        }
    }
    report.pace.requests += sent.len() as u64;
    report.pace.writes = sent.len() as u64;
    report.finished_at = last_sign.max(report.started_at);
    report.ended = ended.or_else(|| {
        Some(Ended::Fatal {
            message: "killed: it kept no report, this is what its plan and its journal say"
                .to_owned(),
        })
    });
    report.exit = Some(exit_status(&report, false));
    report
}

/// The requests about each membership, in order.
fn by_key<'a>(sent: &'a [Sent<'a>]) -> BTreeMap<MembershipKey, Vec<&'a Sent<'a>>> {
    let mut of_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in sent {
        for key in one.request.keys() {
            of_key.entry(key).or_default().push(one);
        }
    }
    of_key
}

/// The fate of an action by the last request about it; none where there was none.
fn fate_of(key: MembershipKey, change: &Change, sent: &[&Sent<'_>]) -> Option<Fate> {
    let last = |is_it: &dyn Fn(&Request) -> bool| {
        let about = |sent: &&&Sent<'_>| is_it(sent.request);
        sent.iter().rev().find(about).map(|sent| sent.fate(key))
    };
    let create = || last(&|request| matches!(request, Request::Create { .. }));
    let delete = || last(&|request| matches!(request, Request::Delete { .. }));
    match change {
        Change::Create { .. } => create(),
        Change::Delete { .. } => delete(),
        Change::Update { drift, .. } => {
            last(&|request| matches!(request, Request::Update { drift: sent, .. } if sent == drift))
        }
        Change::Replace { .. } => {
            let deleted = delete()?;
            if deleted.outcome != Outcome::Applied {
                return Some(deleted);
            }
            Some(match create() {
                None => Fate::new(Outcome::Lost, "deleted, and the run ended before the create"),
                Some(fate) if matches!(fate.outcome, Outcome::Failed | Outcome::Rejected) => {
                    Fate { outcome: Outcome::Lost, ..fate }
                }
                Some(fate) => fate,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{CreateRow, PresentRow, RequestResult, parse_journal},
        model::{Fields, MembershipSpec, ParticipationId, Role, UserId, WorkspaceId},
    };

    const HEADER: &str = r#"{"entry":"header","format":1,"run":"20231114T221320Z-00000000","started_at":"2023-11-14T22:13:20Z","digest":"abcdefabcdef","tool":"0.1.0","base_url":"http://localhost"}"#;

    fn key(user: u64) -> MembershipKey {
        let workspace = WorkspaceId::new(1).expect("not 0");
        MembershipKey { workspace, user: UserId::new(user).expect("not 0") }
    }

    fn spec() -> MembershipSpec {
        MembershipSpec { role: Role::Maven, fields: Fields::default() }
    }

    fn create(seq: u64, users: &[u64]) -> Entry {
        let row = |user: &u64| CreateRow { key: key(*user), spec: spec() };
        let request = Request::Create { memberships: users.iter().map(row).collect() };
        Entry::Intent { seq, request }
    }

    fn present(user: u64) -> PresentRow {
        let id = ParticipationId::new(user + 900).expect("not 0");
        PresentRow { key: key(user), id, seen: None, made: false }
    }

    fn fates(entries: Vec<Entry>, users: &[u64]) -> Vec<Option<Outcome>> {
        let mut journal = parse_journal(HEADER.as_bytes()).expect("a journal");
        journal.entries = entries;
        let sent = sent(&journal);
        let change = Change::Create { spec: spec() };
        let of_key = by_key(&sent);
        let requests = |user: u64| of_key.get(&key(user)).map_or(&[][..], Vec::as_slice);
        let fate =
            |user: &u64| fate_of(key(*user), &change, requests(*user)).map(|fate| fate.outcome);
        users.iter().map(fate).collect()
    }

    #[test]
    fn the_last_request_about_an_action_decides_and_no_answer_is_doubt() {
        let refused = RequestResult::Refused { message: "no".to_owned() };
        let done = RequestResult::Done { present: vec![present(1)], request_id: None };
        let entries = vec![
            create(0, &[1, 2]),
            Entry::Outcome { seq: 0, result: refused },
            create(1, &[1]),
            Entry::Outcome { seq: 1, result: done },
            create(2, &[3]),
        ];
        assert_eq!(
            fates(entries, &[1, 2, 3, 4]),
            [Some(Outcome::Applied), Some(Outcome::Rejected), Some(Outcome::InDoubt), None]
        );
    }

    #[test]
    fn what_was_settled_stands_above_the_answer() {
        let unknown = RequestResult::Unknown { message: "cut".to_owned() };
        let settled = Entry::Settled {
            seq: 0,
            present: vec![present(1)],
            absent: vec![key(2)],
            unknown: vec![key(3)],
        };
        let entries =
            vec![create(0, &[1, 2, 3]), Entry::Outcome { seq: 0, result: unknown }, settled];
        assert_eq!(
            fates(entries, &[1, 2, 3]),
            [Some(Outcome::Applied), Some(Outcome::Failed), Some(Outcome::InDoubt)]
        );
    }
}
