//! How requests are sent: pace, patience, and when to give up.

use std::time::Duration;

/// The `[http]` and `[breaker]` tables of the configuration, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSettings {
    /// What the operator's contract allows; greater than 0.
    pub requests_per_second: f64,
    /// Requests under way at once; at least 1.
    pub max_in_flight: usize,
    /// For one attempt, from the first byte sent to the last received.
    pub timeout: Duration,
    /// For opening a connection.
    pub connect_timeout: Duration,
    /// Attempts of one request; 429 answers use up none. At least 1.
    pub tries: u32,
    /// The first wait after a failed attempt; doubles from there, with jitter.
    pub backoff_base: Duration,
    /// The longest such wait.
    pub backoff_cap: Duration,
    /// How long a second look waits before an absent row is believed to be absent.
    pub settle_wait: Duration,
    /// The longest wait that a server may ask for.
    pub retry_after_cap: Duration,
    /// After so long a request is given up, whatever was the reason to wait.
    pub give_up_after: Duration,
    /// Requests given up in a row that stop the run; at least 1.
    pub breaker_failures: u32,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            requests_per_second: 4.0,
            max_in_flight: 4,
            timeout: Duration::from_secs(190),
            connect_timeout: Duration::from_secs(10),
            tries: 6,
            backoff_base: Duration::from_secs(2),
            backoff_cap: Duration::from_secs(60),
            settle_wait: Duration::from_secs(2),
            retry_after_cap: Duration::from_secs(5 * 60),
            give_up_after: Duration::from_secs(15 * 60),
            breaker_failures: 10,
        }
    }
}
