//! The attempts of one request: how long to wait before the next, and how it ends when there is none.
//!
//! Knows no clock but tokio's, and sends nothing itself.

use std::time::Duration;

use tokio::time::Instant;

use super::{ApiError, Disposition, HttpSettings, Repeat, discretion::first_line, retry};

/// What came of the attempts so far.
pub(super) struct Tries<'a> {
    settings: &'a HttpSettings,
    started: Instant,
    attempts: u32,
    /// Attempts that use up a try; 429 answers do not.
    failures: u32,
    /// How the last attempt failed that may have had an effect.
    doubt: Option<ApiError>,
    /// Why another attempt is waited for.
    cause: String,
}

impl<'a> Tries<'a> {
    pub(super) fn new(settings: &'a HttpSettings) -> Self {
        Self {
            settings,
            started: Instant::now(),
            attempts: 0,
            failures: 0,
            doubt: None,
            cause: String::new(),
        }
    }

    /// Takes in a failed attempt, and tells how long to wait before the next.
    ///
    /// # Errors
    /// How the request ends, when there is to be no other attempt.
    pub(super) fn wait_after(
        &mut self,
        error: ApiError,
        repeat: Repeat,
        jitter: impl FnOnce() -> f64,
    ) -> Result<Duration, ApiError> {
        self.attempts += u32::from(!error.is_dropped());
        if error.may_have_arrived() {
            self.doubt = Some(error.clone());
        }
        if error.disposition(repeat) != Disposition::Retry {
            return Err(self.ended_by(error));
        };
        let mut wait = Duration::ZERO;
        let throttled = matches!(error, ApiError::Throttled { .. });
        if !throttled {
            self.failures += 1;
            let HttpSettings { backoff_base, backoff_cap, .. } = *self.settings;
            wait = retry::backoff(backoff_base, backoff_cap, self.failures, jitter());
        }
        let patience = self.settings.give_up_after.saturating_sub(self.started.elapsed());
        if self.failures >= self.settings.tries || wait >= patience {
            if matches!(error, ApiError::Refused { .. }) {
                return Err(error);
            }
            let sent = self.doubt.is_some();
            return Err(ApiError::GivenUp { attempts: self.attempts, sent, last: Box::new(error) });
        }
        if !throttled {
            self.tell(&error, wait);
        }
        self.cause = error.cause();
        Ok(wait)
    }

    /// How the request ends with an answer or an event after which nothing is sent. An earlier
    /// attempt may have done it: then this is not the whole truth.
    pub(super) fn ended_by(&self, error: ApiError) -> ApiError {
        match &self.doubt {
            Some(doubt) if error.is_dropped() => {
                ApiError::Dropped { doubt: Some(Box::new(doubt.clone())) }
            }
            Some(_) if error.ends_the_run() => {
                let last = Box::new(error);
                ApiError::GivenUp { attempts: self.attempts, sent: true, last }
            }
            _ => error,
        }
    }

    /// What is waited for.
    pub(super) fn words(&self) -> String {
        format!("{}: try {} of {}", self.cause, self.failures + 1, self.settings.tries)
    }

    fn tell(&self, error: &ApiError, wait: Duration) {
        let (cause, wait) = (error.cause(), retry::in_words(wait));
        let (next, tries) = (self.failures + 1, self.settings.tries);
        let why = first_line(error.said().as_bytes());
        tracing::warn!(why, "{cause}, try {next} of {tries} in {wait}");
    }
}
