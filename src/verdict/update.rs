//! What became of an update: held against what the answer, or reading back, shows.

use super::{Exchange, Looked, nothing_done, unanswered};
use crate::{
    journal::{PresentRow, RequestResult},
    model::{Drift, Fate, LiveFields, MembershipKey, Outcome},
};

pub(super) fn verdict(exchange: &Exchange<'_>, key: MembershipKey, drift: &[Drift]) -> Fate {
    if let Some(shown) = exchange.shown().iter().find(|shown| shown.key == key) {
        return answered(drift, &fields(shown));
    }
    let doubt = || exchange.doubt();
    match (exchange.looked(key), exchange.answer) {
        (Looked::Present(found), _) => found_there(drift, &fields(found), &doubt()),
        (Looked::Absent, _) => {
            Fate::new(Outcome::Failed, format!("{}; the record is gone", doubt()))
        }
        (Looked::Unknown(why), _) => Fate::new(Outcome::InDoubt, format!("{}; {why}", doubt())),
        (Looked::Not, None) => unanswered(),
        (Looked::Not, Some(RequestResult::Gone { .. })) => {
            Fate::new(Outcome::Rejected, "the record is gone: somebody removed it since the plan")
        }
        (Looked::Not, Some(answer)) => {
            nothing_done(answer).unwrap_or_else(|| Fate::new(Outcome::InDoubt, doubt()))
        }
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

fn words(unchanged: &[Drift]) -> String {
    let one =
        |drift: &Drift| format!("{}: {} (desired {})", drift.field, drift.before, drift.after);
    unchanged.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn answered(drift: &[Drift], now: &LiveFields) -> Fate {
    let unchanged = unchanged(drift, now);
    if unchanged.is_empty() {
        return Fate::new(Outcome::Applied, "");
    }
    let detail = format!("answered as done, but still {}", words(&unchanged));
    Fate { unchanged, ..Fate::new(Outcome::NotStuck, detail) }
}

fn found_there(drift: &[Drift], now: &LiveFields, doubt: &str) -> Fate {
    let unchanged = unchanged(drift, now);
    if unchanged.is_empty() {
        return Fate::new(Outcome::Applied, "seen on reading back");
    }
    Fate::new(Outcome::Failed, format!("{doubt}; still {}", words(&unchanged)))
}
