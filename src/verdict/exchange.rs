//! The write requests of a journal, each with what is on record of its end.

use std::collections::BTreeMap;

use super::{Exchange, ReadBack};
use crate::journal::Entry;

/// The requests that these entries announce, in order.
#[must_use]
pub fn exchanges(entries: &[Entry]) -> Vec<Exchange<'_>> {
    let mut found: Vec<Exchange<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Intent { seq, request } => {
                places.insert(*seq, found.len());
                found.push(Exchange { request, answer: None, read_back: None });
            }
            Entry::Outcome { seq, result } => {
                if let Some(place) = places.get(seq) {
                    found[*place].answer = Some(result);
                }
            }
            Entry::Settled { seq, present, absent, unknown, why } => {
                if let Some(place) = places.get(seq) {
                    found[*place].read_back = Some(ReadBack { present, absent, unknown, why });
                }
            }
            Entry::Header { .. }
            | Entry::Rejected { .. }
            | Entry::Looked { .. }
            | Entry::Administrator { .. }
            | Entry::End { .. } => {}
        }
    }
    found
}
