//! What became of a delete.

use super::{Exchange, Looked, nothing_done, unanswered};
use crate::{
    journal::RequestResult,
    model::{Fate, MembershipKey, Outcome},
};

pub(super) fn verdict(exchange: &Exchange<'_>, key: MembershipKey) -> Fate {
    let doubt = || exchange.doubt();
    match (exchange.looked(key), exchange.answer) {
        (Looked::Absent, _) => Fate::new(Outcome::Applied, "gone on reading back"),
        (Looked::Present(_), _) => Fate::new(Outcome::Failed, format!("{}; still there", doubt())),
        (Looked::Unknown(why), _) => Fate::new(Outcome::InDoubt, format!("{}; {why}", doubt())),
        (Looked::Not, None) => unanswered(),
        (Looked::Not, Some(RequestResult::Done { .. })) => Fate::new(Outcome::Applied, ""),
        (Looked::Not, Some(RequestResult::Gone { .. })) => {
            Fate::new(Outcome::Applied, "was gone already")
        }
        (Looked::Not, Some(answer)) => {
            nothing_done(answer).unwrap_or_else(|| Fate::new(Outcome::InDoubt, doubt()))
        }
    }
}
