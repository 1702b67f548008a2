//! The pace of all requests: one limiter, one hold, and what 429 answers teach.
//!
//! Every clock here is tokio's, so paused time works. Burst is 1: requests are spread evenly. A 429
//! holds every request, those that wait already included, halves the rate once a window (not once
//! an answer), and the rate recovers by a twentieth every [`RECOVERY_WINDOW`].

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference as _},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::{Instant, sleep_until};

use super::{HttpSettings, Waits};

/// How long the pace must have been free of 429 before it rises one step.
const RECOVERY_WINDOW: Duration = Duration::from_secs(10);
/// One step of recovery.
const RECOVERY_STEP: f64 = 1.05;
/// However many 429s come, the pace stays above this share of the configured rate.
const SLOWEST_SHARE: f64 = 1.0 / 256.0;

/// Tokio's clock for governor, as time since the pacer was made.
#[derive(Debug, Clone, Copy)]
struct TokioClock {
    started: Instant,
}

impl GovernorClock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

struct State {
    /// `None`: unlimited.
    limiter: Option<Arc<Limiter>>,
    rate: f64,
    hold_until: Instant,
    /// When the rate last changed, or a hold last ended.
    changed_at: Instant,
    /// 429 windows since the last success.
    refused_in_a_row: u32,
    throttled: u64,
    held: Duration,
}

/// Says when a request may leave.
pub(super) struct Pacer {
    clock: TokioClock,
    configured: f64,
    backoff_base: Duration,
    backoff_cap: Duration,
    retry_after_cap: Duration,
    state: Mutex<State>,
    waits: Waits,
}

/// What the pacer has seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PaceState {
    pub rate: f64,
    pub throttled: u64,
    pub held: Duration,
}

fn limiter(rate: f64, clock: TokioClock) -> Option<Arc<Limiter>> {
    let period = Duration::try_from_secs_f64(1.0 / rate).ok()?;
    let quota = Quota::with_period(period)?.allow_burst(NonZeroU32::MIN);
    Some(Arc::new(RateLimiter::direct_with_clock(quota, clock)))
}

impl Pacer {
    /// A pacer at the configured rate; an infinite rate is no limit.
    pub(super) fn new(settings: &HttpSettings) -> Self {
        let now = Instant::now();
        let clock = TokioClock { started: now };
        let state = State {
            limiter: limiter(settings.requests_per_second, clock),
            rate: settings.requests_per_second,
            hold_until: now,
            changed_at: now,
            refused_in_a_row: 0,
            throttled: 0,
            held: Duration::ZERO,
        };
        Self {
            clock,
            configured: settings.requests_per_second,
            backoff_base: settings.backoff_base,
            backoff_cap: settings.backoff_cap,
            retry_after_cap: settings.retry_after_cap,
            state: Mutex::new(state),
            waits: Waits::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the next request may leave. The hold is read again after the limiter lets pass:
    /// a 429 may have come meanwhile.
    pub(super) async fn ready(&self) {
        loop {
            let (hold_until, limiter) = {
                let state = self.state();
                (state.hold_until, state.limiter.clone())
            };
            if hold_until > Instant::now() {
                let left = hold_until.saturating_duration_since(Instant::now());
                let _shown = self.waits.begin("429: next request", left);
                sleep_until(hold_until).await;
                continue;
            }
            let Some(limiter) = limiter else { return };
            match limiter.check() {
                Ok(()) => return,
                Err(not_yet) => {
                    let wait = not_yet.earliest_possible().duration_since(self.clock.now());
                    sleep_until(Instant::now() + Duration::from(wait)).await;
                }
            }
        }
    }

    /// Learns from an answer that was no 429.
    pub(super) fn answered(&self) {
        let now = Instant::now();
        let mut state = self.state();
        state.refused_in_a_row = 0;
        if state.rate < self.configured && now >= state.changed_at + RECOVERY_WINDOW {
            let rate = (state.rate * RECOVERY_STEP).min(self.configured);
            self.set_rate(&mut state, rate, now);
        }
    }

    /// Learns from a 429 to a request that left at `sent_at`: holds everything, slows down.
    /// `jitter` is in 0..1.
    pub(super) fn throttled(&self, sent_at: Instant, retry_after: Option<Duration>, jitter: f64) {
        let now = Instant::now();
        let mut state = self.state();
        state.throttled += 1;
        let new_window = sent_at >= state.changed_at;
        if new_window {
            state.refused_in_a_row += 1;
            let rate = (state.rate / 2.0).max(self.configured * SLOWEST_SHARE);
            self.set_rate(&mut state, rate, now);
        }
        let wait = match retry_after {
            Some(asked) => asked.min(self.retry_after_cap),
            None if !new_window => return,
            None => super::retry::backoff(
                self.backoff_base,
                self.backoff_cap,
                state.refused_in_a_row,
                jitter,
            ),
        };
        let until = now + wait;
        if until > state.hold_until {
            let longer = until - state.hold_until.max(now);
            state.held += longer;
            state.hold_until = until;
            let words = super::retry::in_words(wait);
            tracing::warn!(rate = state.rate, "429, all requests are held for {words}");
        }
    }

    fn set_rate(&self, state: &mut State, rate: f64, now: Instant) {
        state.rate = rate;
        state.changed_at = now;
        state.limiter = limiter(rate, self.clock);
        // A fresh limiter would let one request pass at once.
        if let Some(limiter) = &state.limiter {
            let _first_slot_is_taken = limiter.check();
        }
        tracing::debug!(rate, "pace changed");
    }

    /// What requests wait for.
    pub(super) const fn waits(&self) -> &Waits {
        &self.waits
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> PaceState {
        let state = self.state();
        PaceState { rate: state.rate, throttled: state.throttled, held: state.held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(rate: f64) -> Pacer {
        Pacer::new(&HttpSettings { requests_per_second: rate, ..HttpSettings::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_evenly_with_no_burst() {
        let pacer = pacer(4.0);
        let start = Instant::now();
        for _ in 0..9 {
            pacer.ready().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_holds_those_that_wait_already() {
        let pacer = pacer(1.0);
        pacer.ready().await;
        let start = Instant::now();
        let waiting = pacer.ready();
        let refused = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            pacer.throttled(Instant::now(), Some(Duration::from_secs(30)), 0.0);
        };
        tokio::join!(waiting, refused);
        assert!(start.elapsed() >= Duration::from_secs(30), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_halves_once_a_window_and_recovers_slowly() {
        let pacer = pacer(8.0);
        let sent_at = Instant::now();
        tokio::time::sleep(Duration::from_millis(100)).await;
        for _ in 0..4 {
            pacer.throttled(sent_at, None, 0.5);
        }
        assert!((pacer.seen().rate - 4.0).abs() < 1e-9);
        assert_eq!(pacer.seen().throttled, 4);
        pacer.answered();
        assert!((pacer.seen().rate - 4.0).abs() < 1e-9, "too early to rise");
        for _ in 0..20 {
            tokio::time::sleep(RECOVERY_WINDOW).await;
            pacer.answered();
        }
        assert!((pacer.seen().rate - 8.0).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_a_server_asks_for_is_capped() {
        let pacer = pacer(1000.0);
        pacer.throttled(Instant::now(), Some(Duration::from_secs(86_400)), 0.0);
        let start = Instant::now();
        pacer.ready().await;
        assert!(start.elapsed() < Duration::from_secs(301), "{:?}", start.elapsed());
    }
}
