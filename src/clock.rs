//! What time it is, on tokio's clock: a paused runtime moves it, so hours pass in milliseconds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A duration in words for a person, as flags and the configuration take it: `15m`, `50ms`, `0s`.
#[must_use]
pub fn in_words(duration: Duration) -> String {
    format!("{:#}", SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX))
}

/// A wall clock that starts at a given time and runs with tokio's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that shows `epoch` now. Needs a tokio runtime for paused time only.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, started: Instant::now() }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap_or_default();
        self.epoch.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}
