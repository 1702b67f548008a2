//! What requests wait for just now, for whoever shows it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::retry::in_words;

#[derive(Debug, Default)]
struct State {
    next: u64,
    under_way: BTreeMap<u64, (String, Instant)>,
}

/// The waits of one client.
#[derive(Debug, Clone, Default)]
pub struct Waits(Arc<Mutex<State>>);

/// A wait; over when this is dropped.
pub(super) struct Wait<'a> {
    waits: &'a Waits,
    number: u64,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.waits.state().under_way.remove(&self.number);
    }
}

impl Waits {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, cause: impl Into<String>, length: Duration) -> Wait<'_> {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.under_way.insert(number, (cause.into(), Instant::now() + length));
        Wait { waits: self, number }
    }

    /// The longest wait of now, with its cause and what is left of it; empty without one.
    #[must_use]
    pub fn words(&self) -> String {
        let state = self.state();
        let longest = state.under_way.values().max_by_key(|(_, until)| *until);
        longest.map_or_else(String::new, |(cause, until)| {
            format!("{cause} in {}", in_words(until.saturating_duration_since(Instant::now())))
        })
    }
}
