//! What the entries of a run say so far, by membership: the last word on each of its requests.
//!
//! Takes entries one after another, whether they are just being recorded or read back from a
//! journal, and keeps fates only: a request is remembered while its end may still be learnt.

use std::collections::{BTreeMap, BTreeSet};

use super::{Exchange, Fate, Planned, ReadBack, Why, verdict};
use crate::{
    journal::{Entry, Look, RejectedRow, Request, RequestResult},
    model::{
        AccessLevel, Drift, Field, FieldValue, MembershipKey, Outcome, ParticipationId, UserId,
    },
    plan::Change,
    run::Ended,
};

/// What is on record of a run.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Requests whose end may still be learnt.
    open: BTreeMap<u64, (Request, Option<RequestResult>)>,
    memberships: BTreeMap<MembershipKey, MembershipRecord>,
    administrators: BTreeSet<UserId>,
    ended: Option<Ended>,
}

/// What is on record of one membership.
#[derive(Debug, Default)]
struct MembershipRecord {
    create: Option<Fate>,
    /// How often its create left.
    creates_sent: u32,
    /// Its updates in order.
    updates: Vec<(Vec<Drift>, Fate)>,
    delete: Option<Fate>,
    /// What the look before a delete found that forbids it.
    look: Option<Fate>,
}

impl Ledger {
    /// What these entries say.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut ledger = Self::default();
        entries.iter().for_each(|entry| ledger.take(entry));
        ledger
    }

    /// Takes one more entry.
    pub fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Header { .. } => {}
            Entry::Intent { seq, request } => self.intent(*seq, request),
            Entry::Outcome { seq, result } => self.outcome(*seq, result),
            Entry::Settled { seq, present, absent, unknown, why } => {
                let Some((request, answer)) = self.open.remove(seq) else { return };
                let read_back = Some(ReadBack { present, absent, unknown, why });
                self.judge(&Exchange { request: &request, answer: answer.as_ref(), read_back });
                // A delete may be looked at again, when nobody can be created in its place.
                if matches!(request, Request::Delete { .. }) {
                    self.open.insert(*seq, (request, answer));
                }
            }
            Entry::Rejected { rows } => rows.iter().for_each(|row| self.rejected(row)),
            Entry::Looked { key, id, found } => {
                self.memberships.entry(*key).or_default().look = Some(looked(found).of(*id));
            }
            Entry::Administrator { user } => {
                self.administrators.insert(*user);
            }
            Entry::End { result } => self.ended = Some(result.clone()),
        }
    }

    /// How the run ended, where that is on record.
    #[must_use]
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// What became of an action; none where nothing on record is about it.
    #[must_use]
    pub fn fate(&self, Planned { key, change }: Planned<'_>) -> Option<Fate> {
        let record = self.memberships.get(&key)?;
        let fate = match change {
            Change::Create { .. } => record.create.clone().map(|fate| self.at_the_end(fate)),
            Change::Update { drift, .. } => record.update(drift),
            Change::Delete { demote_first, .. } => record.deleted(*demote_first),
            Change::Replace { demote_first, later, .. } => record.replaced(*demote_first, later),
        };
        fate.map(|fate| self.explained(key.user, fate))
    }

    /// Journals of format 1 do not say which rows of a refused batch were the bad ones: in a run that
    /// came to its end, those that were not sent again.
    fn at_the_end(&self, fate: Fate) -> Fate {
        match (fate.outcome, &self.ended) {
            (Outcome::NotReached, Some(Ended::Complete)) => {
                Fate { outcome: Outcome::Rejected, ..fate }
            }
            _ => fate,
        }
    }

    fn intent(&mut self, seq: u64, request: &Request) {
        if let Request::Create { memberships } = request {
            for row in memberships {
                self.memberships.entry(row.key).or_default().creates_sent += 1;
            }
        }
        self.judge(&Exchange { request, answer: None, read_back: None });
        self.open.insert(seq, (request.clone(), None));
    }

    fn outcome(&mut self, seq: u64, result: &RequestResult) {
        let Some((request, _)) = self.open.remove(&seq) else { return };
        if let (Request::Create { memberships }, RequestResult::NotDone { .. }) = (&request, result)
        {
            for row in memberships {
                self.memberships.entry(row.key).or_default().creates_sent -= 1;
            }
        }
        self.judge(&Exchange { request: &request, answer: Some(result), read_back: None });
        // What a delete did may be looked at long after its answer; all else is known from it.
        let record = match (&request, result) {
            (Request::Create { memberships }, RequestResult::Done { present, .. }) => {
                present.len() >= memberships.len()
            }
            (Request::Update { .. }, RequestResult::Done { present, .. }) => !present.is_empty(),
            _ => false,
        };
        if !record {
            self.open.insert(seq, (request, Some(result.clone())));
        }
    }

    /// The record that a create of this run made.
    #[must_use]
    pub fn created(&self, key: MembershipKey) -> Option<ParticipationId> {
        let created = self.memberships.get(&key)?.create.as_ref()?;
        let is_there = created.outcome.is_there();
        created.participation.filter(|_| is_there)
    }

    /// What became of the create of a membership.
    #[must_use]
    pub fn create_fate(&self, key: MembershipKey) -> Option<&Fate> {
        self.memberships.get(&key)?.create.as_ref()
    }

    /// Whether a lead is seen to lead no more.
    #[must_use]
    pub fn has_demoted(&self, key: MembershipKey) -> bool {
        let demoted = self.memberships.get(&key).and_then(|record| record.update(&DEMOTION));
        demoted.is_some_and(|fate| fate.outcome == Outcome::Applied)
    }

    /// Whether a record is known to be deleted.
    #[must_use]
    pub fn has_deleted(&self, key: MembershipKey) -> bool {
        let deleted = self.memberships.get(&key).and_then(|record| record.delete.as_ref());
        deleted.is_some_and(|fate| fate.outcome == Outcome::Applied)
    }

    /// Whether a replacement came to its end with its person gone, or nobody knows: what kept this
    /// one from coming back may keep all.
    #[must_use]
    pub fn ends_replacements(&self, key: MembershipKey) -> bool {
        let record = self.memberships.get(&key).filter(|record| record.look.is_none());
        let Some((record, deleted)) =
            record.and_then(|record| Some((record, record.delete.as_ref()?)))
        else {
            return false;
        };
        let created = record.create.as_ref().map(|created| created.outcome);
        match deleted.outcome {
            Outcome::InDoubt => true,
            Outcome::Applied => !created.is_some_and(Outcome::is_there),
            _ => created.is_some(),
        }
    }

    /// Notes the fate of each membership of a request.
    fn judge(&mut self, exchange: &Exchange<'_>) {
        for key in exchange.request.keys() {
            let fate = verdict(exchange, key);
            let record = self.memberships.entry(key).or_default();
            match exchange.request {
                Request::Create { .. } => record.create = Some(record.counted(fate)),
                Request::Update { drift, .. } => record.updated(drift, fate),
                Request::Delete { .. } => record.delete = Some(fate),
            }
        }
    }

    fn rejected(&mut self, RejectedRow { key, message, request_id }: &RejectedRow) {
        let why = Why::Refused { message: message.clone() };
        let fate = Fate::new(Outcome::Rejected, why).answered(request_id.clone());
        self.memberships.entry(*key).or_default().create = Some(fate);
    }

    /// The same fate, with the reason where it is that of Account Administrators, who hold Project
    /// Administrator everywhere (API.md §1.10).
    fn explained(&self, user: UserId, fate: Fate) -> Fate {
        let floored = fate.outcome == Outcome::NotStuck && fate.unchanged.iter().any(is_floored);
        if !floored || !self.administrators.contains(&user) {
            return fate;
        }
        Fate { account_admin: true, ..fate }
    }
}

/// Whether less than Project Administrator was desired and that is what stayed.
#[must_use]
pub fn is_floored(drift: &Drift) -> bool {
    let Drift { field: _, before, after } = *drift;
    before == FieldValue::Access(AccessLevel::Admin)
        && matches!(after, FieldValue::Access(level) if level.is_below(AccessLevel::Admin))
}

impl MembershipRecord {
    /// The fate of a create, with how often it was sent.
    fn counted(&self, fate: Fate) -> Fate {
        match (fate.outcome, self.creates_sent) {
            (Outcome::Failed | Outcome::InDoubt, times @ 2..) => {
                fate.because(|last| Why::SentAgain { times, last })
            }
            _ => fate,
        }
    }

    fn updated(&mut self, drift: &[Drift], fate: Fate) {
        match self.updates.iter_mut().rev().find(|(known, _)| known == drift) {
            Some((_, known)) => *known = fate,
            None => self.updates.push((drift.to_vec(), fate)),
        }
    }

    fn update(&self, drift: &[Drift]) -> Option<Fate> {
        let found = self.updates.iter().find(|(known, _)| known == drift);
        found.map(|(_, fate)| fate.clone())
    }

    fn deleted(&self, demote_first: bool) -> Option<Fate> {
        if self.look.is_some() {
            return self.look.clone();
        }
        if !demote_first {
            return self.delete.clone();
        }
        let demoted = self.update(&DEMOTION)?;
        if demoted.outcome != Outcome::Applied {
            return Some(demoted.because(|demotion| Why::StillLeads { demotion }));
        }
        Some(self.delete.clone().filter(|fate| fate.outcome != Outcome::NotReached).unwrap_or_else(
            || Fate::new(Outcome::NotReached, Why::LeadsNoMore).of(demoted.participation),
        ))
    }

    fn replaced(&self, demote_first: bool, later: &[Drift]) -> Option<Fate> {
        let deleted = self.deleted(demote_first)?;
        let Some(created) = self.create.clone() else {
            let lost = || Fate::new(Outcome::Lost, Why::CreateNotSent);
            return Some(if deleted.outcome == Outcome::Applied { lost() } else { deleted });
        };
        let is_there = created.participation.is_some();
        Some(match created.outcome {
            _ if deleted.outcome != Outcome::Applied => {
                let create = Box::new(created.why);
                Fate { why: Why::DeleteDidNothing { create }, ..deleted }
            }
            Outcome::Applied if !later.is_empty() => {
                let why = Why::UpdateNotSent;
                let not_sent = || Fate { outcome: Outcome::NotReached, why, ..created };
                self.update(later).unwrap_or_else(not_sent)
            }
            Outcome::Applied | Outcome::NotStuck | Outcome::InDoubt => created,
            _ if is_there => created.because(|create| Why::SomebodyElseActed { create }),
            _ => {
                let failed = created.because(|create| Why::CreateFailed { create });
                Fate { outcome: Outcome::Lost, ..failed }
            }
        })
    }
}

/// What ends a lead before it is deleted.
pub const DEMOTION: [Drift; 1] = [Drift {
    field: Field::TeamLead,
    before: FieldValue::Flag(true),
    after: FieldValue::Flag(false),
}];

/// What the look before a delete says of it.
fn looked(found: &Look) -> Fate {
    match found {
        Look::Changed => Fate::new(Outcome::Stale, Why::ChangedSincePlan),
        Look::Deactivated => Fate::new(Outcome::Rejected, Why::Deactivated),
        Look::Gone { replaced: true } => Fate::new(Outcome::Stale, Why::GoneBeforeReplacement),
        Look::Gone { replaced: false } => Fate::new(Outcome::Applied, Why::WasGoneAlready),
        Look::Failed { message, ends_run, request_id } => {
            let outcome = if *ends_run { Outcome::NotReached } else { Outcome::Failed };
            let why = Why::LookFailed { message: message.clone() };
            Fate::new(outcome, why).answered(request_id.clone())
        }
    }
}
