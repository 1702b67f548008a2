//! What carrying a plan out would take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, Change};

/// Requests and time at the configured rate, without retries and settling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Write requests.
    pub requests: usize,
    /// Requests a second that the configuration allows.
    pub requests_per_second: f64,
}

impl Forecast {
    /// Forecasts these actions; one request carries so many creates.
    #[must_use]
    pub fn new(actions: &[Action], batch_limit: usize, requests_per_second: f64) -> Self {
        let mut creates = 0;
        let mut requests = 0;
        for action in actions {
            requests += match &action.change {
                Change::Create { .. } => {
                    creates += 1;
                    0
                }
                Change::Update { .. } => 1,
                Change::Delete { demote_first, .. } => 1 + usize::from(*demote_first),
                Change::Replace { demote_first, later, .. } => {
                    2 + usize::from(*demote_first) + usize::from(!later.is_empty())
                }
            };
        }
        Self { requests: requests + usize::div_ceil(creates, batch_limit), requests_per_second }
    }

    /// How long the requests take at the configured rate.
    #[must_use]
    pub fn duration(&self) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "a forecast needs no 53 bits")]
        let seconds = self.requests as f64 / self.requests_per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}
