//! What became of an update: held against what the answer, or reading back, shows.

use super::{Doubt, Exchange, Fate, Looked, Why, nothing_done, unanswered};
use crate::{
    journal::{PresentRow, RequestResult},
    model::{Drift, LiveFields, MembershipKey, Outcome},
};

pub(super) fn verdict(exchange: &Exchange<'_>, key: MembershipKey, drift: &[Drift]) -> Fate {
    if let Some(shown) = exchange.shown().iter().find(|shown| shown.key == key) {
        return answered(drift, &fields(shown));
    }
    match (exchange.looked(key), exchange.answer) {
        (Looked::Present(found), _) => found_there(drift, &fields(found), exchange.doubt()),
        (Looked::Absent, _) => {
            Fate::new(Outcome::Failed, Why::RecordIsGone { doubt: exchange.doubt() })
        }
        (Looked::Unknown(why), _) => Fate::new(Outcome::InDoubt, exchange.cannot_tell(why)),
        (Looked::Not, None) => unanswered(),
        (Looked::Not, Some(RequestResult::Gone { .. })) => {
            Fate::new(Outcome::Rejected, Why::RecordWasGone)
        }
        (Looked::Not, Some(answer)) => nothing_done(answer).unwrap_or_else(|| exchange.in_doubt()),
    }
}

fn fields(row: &PresentRow) -> LiveFields {
    row.seen.map(|seen| seen.fields).unwrap_or_default()
}

/// The changes that a record does not show as made, with what it has instead; what is hidden shows
/// nothing.
pub fn unchanged(drift: &[Drift], fields: &LiveFields) -> Vec<Drift> {
    let now = drift.iter().map(|one| Drift { before: fields.value(one.field), ..*one });
    now.filter(|one| one.before != one.after).collect()
}

fn answered(drift: &[Drift], now: &LiveFields) -> Fate {
    let unchanged = unchanged(drift, now);
    if unchanged.is_empty() {
        return Fate::new(Outcome::Applied, Why::AsPlanned);
    }
    Fate { unchanged, ..Fate::new(Outcome::NotStuck, Why::StillUnchanged) }
}

fn found_there(drift: &[Drift], now: &LiveFields, doubt: Doubt) -> Fate {
    let values = unchanged(drift, now);
    if values.is_empty() {
        return Fate::new(Outcome::Applied, Why::SeenOnReadingBack);
    }
    Fate::new(Outcome::Failed, Why::StillAsBefore { doubt, values })
}
