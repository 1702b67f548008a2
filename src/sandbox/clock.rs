//! The sandbox's time: a start and what tokio's clock has counted since.
//!
//! Under tokio's paused clock the same run therefore reads the same times, and over a socket the
//! start may be the real time. Knows nothing of requests.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::time::Instant;

/// 2026-11-01T00:00:00Z, where the sandbox's time starts unless told otherwise.
const START: i64 = 1_793_491_200;

/// A clock that starts at its first reading.
#[derive(Debug, Clone)]
pub struct SandboxClock {
    start: Timestamp,
    started: Option<Instant>,
}

impl Default for SandboxClock {
    fn default() -> Self {
        Self { start: timestamp(START), started: None }
    }
}

impl SandboxClock {
    /// A clock that shows the real time.
    #[must_use]
    pub fn real() -> Self {
        Self { start: Timestamp::now(), started: Some(Instant::now()) }
    }

    /// The time now.
    pub fn now(&mut self) -> Timestamp {
        let started = *self.started.get_or_insert_with(Instant::now);
        self.start + started.elapsed()
    }
}

/// A moment from its seconds since 1970; what is out of range is 1970.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// As answers write it: whole seconds, `2026-11-01T00:00:00Z`.
pub(super) fn iso(at: Timestamp) -> String {
    timestamp(at.as_second()).to_string()
}

/// As `Date` and `Retry-After` write it.
pub(super) fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_counts_tokios_time_from_its_first_reading() {
        let mut clock = SandboxClock::default();
        assert_eq!(iso(clock.now()), "2026-11-01T00:00:00Z");
        tokio::time::advance(Duration::from_millis(90_500)).await;
        assert_eq!(iso(clock.now()), "2026-11-01T00:01:30Z");
        assert_eq!(http_date(clock.now()), "Sun, 01 Nov 2026 00:01:30 GMT");
    }
}
