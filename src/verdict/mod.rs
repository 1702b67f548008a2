//! What became of a write request, decided from what is on record about it: the request, the answer,
//! and what reading back showed.
//!
//! Pure, and the only place where a fate is made of these: a run that goes on, the report of a run
//! that was killed, and an undo all fold the same entries with it. Knows no network and no file.

mod create;
mod decide;
mod delete;
mod exchange;
mod fate;
mod ledger;
#[cfg(test)]
mod tests;
mod update;

pub use decide::{Decided, Fates, FrozenSoFar, Planned, unreached};
pub use exchange::exchanges;
pub use fate::{Doubt, Fate, OtherRole, Trouble, TroubleWith, Why};
pub use ledger::{DEMOTION, Ledger, is_floored};
pub use update::unchanged;

use crate::{
    journal::{PresentRow, Request, RequestResult, UnknownRow},
    model::{MembershipKey, Outcome},
};

/// A write request with what is on record of its end.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// How it was answered; none where the run ended before that was written down.
    pub answer: Option<&'a RequestResult>,
    /// What reading back showed; none where nobody looked.
    pub read_back: Option<ReadBack<'a>>,
}

/// What reading back showed of the memberships of a request.
#[derive(Debug, Clone, Copy)]
pub struct ReadBack<'a> {
    /// Records that are there.
    pub present: &'a [PresentRow],
    /// Memberships that are known not to be there.
    pub absent: &'a [MembershipKey],
    /// Memberships that could not be looked at, or are there twice.
    pub unknown: &'a [MembershipKey],
    /// Why they could not, where it was kept.
    pub why: &'a [UnknownRow],
}

/// What reading back showed of one membership.
enum Looked<'a> {
    Present(&'a PresentRow),
    Absent,
    Unknown(&'a str),
    /// Nobody looked.
    Not,
}

/// What became of one membership of a request.
#[must_use]
pub fn verdict(exchange: &Exchange<'_>, key: MembershipKey) -> Fate {
    let fate = match exchange.request {
        Request::Create { memberships } => match memberships.iter().find(|row| row.key == key) {
            Some(row) => create::verdict(exchange, row, memberships.len() == 1),
            None => unanswered(),
        },
        Request::Update { id, drift, .. } => update::verdict(exchange, key, drift).of(*id),
        Request::Delete { live } => delete::verdict(exchange, key).of(live.id),
    };
    fate.answered(exchange.answer.and_then(RequestResult::request_id))
}

impl<'a> Exchange<'a> {
    /// The record of a membership, as the answer showed it, else as reading back did.
    #[must_use]
    pub fn present(&self, key: MembershipKey) -> Option<&'a PresentRow> {
        let read_back = self.read_back.map_or(&[][..], |read_back| read_back.present);
        self.shown().iter().chain(read_back).find(|row| row.key == key)
    }

    /// The records that the answer shows.
    fn shown(&self) -> &'a [PresentRow] {
        match self.answer {
            Some(RequestResult::Done { present, .. }) => present,
            _ => &[],
        }
    }

    fn looked(&self, key: MembershipKey) -> Looked<'a> {
        let Some(read_back) = self.read_back else { return Looked::Not };
        if let Some(row) = read_back.present.iter().find(|row| row.key == key) {
            return Looked::Present(row);
        }
        if read_back.absent.contains(&key) {
            return Looked::Absent;
        }
        if !read_back.unknown.contains(&key) {
            return Looked::Not;
        }
        let why = read_back.why.iter().find(|row| row.key == key);
        Looked::Unknown(why.map_or("it could not be looked at", |row| row.why.as_str()))
    }

    /// Why the answer does not say.
    fn doubt(&self) -> Doubt {
        match self.answer {
            None => Doubt::NotWrittenDown,
            Some(RequestResult::Done { .. }) => Doubt::ShowsNoRecord,
            Some(
                RequestResult::Refused { message, .. }
                | RequestResult::NotDone { message, .. }
                | RequestResult::Gone { message, .. }
                | RequestResult::Unknown { message, .. },
            ) => Doubt::Error { message: message.clone() },
        }
    }

    fn in_doubt(&self) -> Fate {
        Fate::new(Outcome::InDoubt, Why::AnswerTellsNothing { doubt: self.doubt() })
    }

    /// Why it is not known, where reading back did not say either.
    fn cannot_tell(&self, look: &str) -> Why {
        Why::CannotTell { doubt: self.doubt(), look: look.to_owned() }
    }
}

fn unanswered() -> Fate {
    Fate::new(Outcome::InDoubt, Why::AnswerTellsNothing { doubt: Doubt::NotWrittenDown })
}

/// The fate of what is known to have changed nothing; none where the answer does not say so.
fn nothing_done(answer: &RequestResult) -> Option<Fate> {
    let (outcome, why) = match answer.clone() {
        RequestResult::Refused { message, .. } => (Outcome::Rejected, Why::Refused { message }),
        RequestResult::NotDone { message, ends_run: false } => {
            (Outcome::Failed, Why::TriesUsedUp { message })
        }
        RequestResult::NotDone { message, ends_run: true } => {
            (Outcome::NotReached, Why::RunWasToEnd { message })
        }
        RequestResult::Done { .. } | RequestResult::Gone { .. } | RequestResult::Unknown { .. } => {
            return None;
        }
    };
    Some(Fate::new(outcome, why))
}
