//! What became of a delete.

use super::{Exchange, Fate, Looked, Why, nothing_done, unanswered};
use crate::{
    journal::RequestResult,
    model::{MembershipKey, Outcome},
};

pub(super) fn verdict(exchange: &Exchange<'_>, key: MembershipKey) -> Fate {
    match (exchange.looked(key), exchange.answer) {
        (Looked::Absent, _) => Fate::new(Outcome::Applied, Why::GoneOnReadingBack),
        (Looked::Present(_), _) => {
            Fate::new(Outcome::Failed, Why::StillThere { doubt: exchange.doubt() })
        }
        (Looked::Unknown(why), _) => Fate::new(Outcome::InDoubt, exchange.cannot_tell(why)),
        (Looked::Not, None) => unanswered(),
        (Looked::Not, Some(RequestResult::Done { .. })) => {
            Fate::new(Outcome::Applied, Why::AsPlanned)
        }
        (Looked::Not, Some(RequestResult::Gone { .. })) => {
            Fate::new(Outcome::Applied, Why::WasGoneAlready)
        }
        (Looked::Not, Some(answer)) => nothing_done(answer).unwrap_or_else(|| exchange.in_doubt()),
    }
}
