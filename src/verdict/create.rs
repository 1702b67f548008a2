//! What became of one object of a bulk create.

use super::{Doubt, Exchange, Fate, Looked, OtherRole, Why, nothing_done, unanswered};
use crate::{
    journal::{PresentRow, RequestResult},
    model::{LiveFields, Membership, Outcome, Role, Seen},
};

pub(super) fn verdict(exchange: &Exchange<'_>, row: &Membership, alone: bool) -> Fate {
    if let Some(shown) = exchange.shown().iter().find(|shown| shown.key == row.key) {
        return answered(row, shown);
    }
    match (exchange.looked(row.key), exchange.answer) {
        (Looked::Present(found), _) => found_there(row, found),
        (Looked::Unknown(why), _) => Fate::new(Outcome::InDoubt, exchange.cannot_tell(why)),
        (Looked::Absent, _) => known_absent(exchange, alone),
        (Looked::Not, None) => unanswered(),
        // Of a refused batch some rows may have been kept.
        (Looked::Not, Some(RequestResult::Refused { message, .. })) if !alone => {
            let doubt = Doubt::Error { message: message.clone() };
            Fate::new(Outcome::InDoubt, Why::AnswerTellsNothing { doubt })
        }
        (Looked::Not, Some(answer)) => nothing_done(answer).unwrap_or_else(|| exchange.in_doubt()),
    }
}

/// It is known not to be there; what the run does next, another request tells.
fn known_absent(exchange: &Exchange<'_>, alone: bool) -> Fate {
    match exchange.answer {
        Some(RequestResult::Refused { message, .. }) if alone => {
            Fate::new(Outcome::Rejected, Why::Refused { message: message.clone() })
        }
        Some(RequestResult::Refused { message, .. }) => {
            Fate::new(Outcome::NotReached, Why::RefusedWithOthers { message: message.clone() })
        }
        _ => Fate::new(Outcome::Failed, Why::NotThere { doubt: exchange.doubt() }),
    }
}

/// How a record was seen; early journals do not say.
fn seen(row: &PresentRow) -> (Seen<Role>, LiveFields) {
    row.seen.map_or_else(Default::default, |seen| (seen.role, seen.fields))
}

/// The side of a record, where it is not the one that its create asked for.
fn other_role(row: &Membership, role: Seen<Role>) -> Option<OtherRole> {
    let (live, desired) = (role.visible()?, row.spec.role);
    (live != desired).then_some(OtherRole { live, desired })
}

/// The answer shows the record.
fn answered(row: &Membership, shown: &PresentRow) -> Fate {
    let (role, fields) = seen(shown);
    let (role, unchanged) = (other_role(row, role), row.spec.fields.compare(&fields).drift);
    if role.is_none() && unchanged.is_empty() {
        return Fate::new(Outcome::Applied, Why::AsPlanned).of(shown.id);
    }
    Fate { unchanged, ..Fate::new(Outcome::NotStuck, Why::OtherValues { role }) }.of(shown.id)
}

/// Reading back found it: as desired it is applied; with other values the server or somebody else
/// set them, and the next run compares it; on the other side somebody else made it.
fn found_there(row: &Membership, found: &PresentRow) -> Fate {
    let (role, fields) = seen(found);
    let (role, values) = (other_role(row, role), row.spec.fields.compare(&fields).drift);
    if role.is_none() && values.is_empty() {
        return Fate::new(Outcome::Applied, Why::SeenOnReadingBack).of(found.id);
    }
    let outcome = if role.is_some() { Outcome::Failed } else { Outcome::NotStuck };
    Fate::new(outcome, Why::FoundWithOtherValues { role, values }).of(found.id)
}
