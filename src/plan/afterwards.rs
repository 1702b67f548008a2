//! Who will be on a project once all that is planned for it is done: for the guard, whose floors
//! never leave a project to its leads and the token's own user.
//!
//! Whatever is not known counts against: a hidden lead may be one, and whether a promotion ends
//! another's lead by itself is documented nowhere (API.md §3.3).

use std::collections::BTreeMap;

use super::{
    Action, Change,
    lead::{is_end_of_lead, is_start_of_lead},
};
use crate::model::{Drift, Listing, Participation, Seen, UserId};

/// What becomes of somebody whom the plan concerns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    Gone,
    Leads,
    Ordinary,
}

/// How many people will be there who are neither lead nor the token's own user. What is held or
/// frozen is not done; `actions` are those of this project, each create before what follows it.
pub(super) fn ordinary<'a>(
    listing: &Listing,
    actions: impl IntoIterator<Item = &'a Action>,
    token_user: UserId,
) -> usize {
    let mut planned: BTreeMap<UserId, Afterwards> = BTreeMap::new();
    for Action { key, change, .. } in actions {
        if let Some(afterwards) = afterwards(change) {
            planned.insert(key.user, afterwards);
        }
    }
    // Counts for nobody, lead or not.
    planned.insert(token_user, Afterwards::Leads);
    let people = listing.participations.chunk_by(|a, b| a.key.user == b.key.user);
    let now = people.filter(|rows| is_ordinary(rows)).count();
    let otherwise = planned.keys().filter(|user| is_ordinary(listing.of(**user))).count();
    now - otherwise + planned.values().filter(|one| **one == Afterwards::Ordinary).count()
}

/// Whether the records of one person say that they are there and lead nothing.
fn is_ordinary(records: &[Participation]) -> bool {
    !records.is_empty() && records.iter().all(|row| row.fields.team_lead == Seen::Visible(false))
}

/// None where the change moves nobody: whoever is there stays what they are.
fn afterwards(change: &Change) -> Option<Afterwards> {
    match change {
        Change::Create { .. } => Some(Afterwards::Ordinary),
        Change::Update { drift, .. } => led(drift),
        Change::Delete { .. } => Some(Afterwards::Gone),
        Change::Replace { later, .. } => led(later).or(Some(Afterwards::Ordinary)),
    }
}

fn led(drift: &[Drift]) -> Option<Afterwards> {
    let has = |what: fn(&Drift) -> bool| drift.iter().any(what);
    match (has(is_start_of_lead), has(is_end_of_lead)) {
        (true, _) => Some(Afterwards::Leads),
        (false, true) => Some(Afterwards::Ordinary),
        (false, false) => None,
    }
}
