//! What became of one object of a bulk create.

use super::{Exchange, Looked, nothing_done, unanswered};
use crate::{
    journal::{CreateRow, PresentRow, RequestResult},
    model::{Fate, LiveFields, Outcome, Role, Seen},
};

pub(super) fn verdict(exchange: &Exchange<'_>, row: &CreateRow, alone: bool) -> Fate {
    if let Some(shown) = exchange.shown().iter().find(|shown| shown.key == row.key) {
        return answered(row, shown);
    }
    match (exchange.looked(row.key), exchange.answer) {
        (Looked::Present(found), _) => found_there(row, found),
        (Looked::Unknown(why), _) => {
            Fate::new(Outcome::InDoubt, format!("{}; {why}", exchange.doubt()))
        }
        (Looked::Absent, answer) => known_absent(answer, alone),
        (Looked::Not, None) => unanswered(),
        // Of a refused batch some rows may have been kept.
        (Looked::Not, Some(RequestResult::Refused { message, .. })) if !alone => {
            Fate::new(Outcome::InDoubt, message.clone())
        }
        (Looked::Not, Some(answer)) => {
            nothing_done(answer).unwrap_or_else(|| Fate::new(Outcome::InDoubt, exchange.doubt()))
        }
    }
}

/// It is known not to be there; what the run does next, another request tells.
fn known_absent(answer: Option<&RequestResult>, alone: bool) -> Fate {
    match answer {
        Some(RequestResult::Refused { message, .. }) if alone => {
            Fate::new(Outcome::Rejected, message.clone())
        }
        Some(RequestResult::Refused { message, .. }) => Fate::new(
            Outcome::NotReached,
            format!("refused together with other rows, and not sent again: {message}"),
        ),
        answer => {
            let message = answer.and_then(RequestResult::message);
            let message = message.unwrap_or("the answer does not name the row");
            Fate::new(Outcome::Failed, format!("known not to be there; {message}"))
        }
    }
}

/// Where a record is not as its create asked for; empty when it is.
fn differences(row: &CreateRow, role: Seen<Role>, fields: &LiveFields) -> String {
    let drift = row.spec.fields.compare(fields).drift;
    let mut found: Vec<String> = drift.iter().map(ToString::to_string).collect();
    if let Seen::Visible(role) = role
        && role != row.spec.role
    {
        found.insert(0, format!("role: {role} → {}", row.spec.role));
    }
    found.join(", ")
}

/// How a record was seen; early journals do not say.
fn seen(row: &PresentRow) -> (Seen<Role>, LiveFields) {
    row.seen.map_or_else(Default::default, |seen| (seen.role, seen.fields))
}

/// The answer shows the record.
fn answered(row: &CreateRow, shown: &PresentRow) -> Fate {
    let (role, fields) = seen(shown);
    let differences = differences(row, role, &fields);
    let outcome = if differences.is_empty() { Outcome::Applied } else { Outcome::NotStuck };
    let unchanged = row.spec.fields.compare(&fields).drift;
    Fate { unchanged, ..Fate::new(outcome, differences) }.of(shown.id)
}

/// Reading back found it: as desired it is applied; with other values the server or somebody else
/// set them, and the next run compares it; on the other side somebody else made it.
fn found_there(row: &CreateRow, found: &PresentRow) -> Fate {
    let (role, fields) = seen(found);
    let differences = differences(row, role, &fields);
    if differences.is_empty() {
        return Fate::new(Outcome::Applied, "seen on reading back").of(found.id);
    }
    let other_side = role.visible().is_some_and(|role| role != row.spec.role);
    let outcome = if other_side { Outcome::Failed } else { Outcome::NotStuck };
    Fate::new(outcome, format!("on the project with other values: {differences}")).of(found.id)
}
