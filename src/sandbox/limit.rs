//! The rate limit, on tokio's clock.
//!
//! Answers one question: may this request pass, or how long would it have to wait. Knows nothing
//! of requests.

use std::time::Duration;

use tokio::time::Instant;

use super::settings::RateWindow;

/// The state of one limit.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    /// GCRA: when the next request would be due under an even pace.
    due: Option<Instant>,
    /// Fixed window: its start and what has passed in it.
    window: Option<(Instant, u32)>,
}

impl Limiter {
    /// Lets a request pass, or says how long it is too early.
    pub(super) fn check(
        &mut self,
        per_second: f64,
        window: RateWindow,
        burst: u32,
    ) -> Result<(), Duration> {
        if per_second <= 0.0 {
            return Err(Duration::from_secs(60));
        }
        match window {
            RateWindow::Gcra => self.spaced(Duration::from_secs_f64(1.0 / per_second), burst),
            RateWindow::Fixed => self.counted(per_second),
        }
    }

    fn spaced(&mut self, gap: Duration, burst: u32) -> Result<(), Duration> {
        let now = Instant::now();
        let due = self.due.map_or(now, |due| due.max(now));
        let ahead = due - now;
        let allowed = gap * burst.max(1).saturating_sub(1);
        if ahead > allowed {
            return Err(ahead - allowed);
        }
        self.due = Some(due + gap);
        Ok(())
    }

    fn counted(&mut self, per_second: f64) -> Result<(), Duration> {
        const WINDOW: Duration = Duration::from_secs(1);
        let now = Instant::now();
        let (start, passed) =
            self.window.filter(|(start, _)| now - *start < WINDOW).unwrap_or((now, 0));
        if f64::from(passed) >= per_second {
            return Err(WINDOW - (now - start));
        }
        self.window = Some((start, passed + 1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_even_pace_lets_one_pass_and_says_how_long_the_next_one_waits() {
        let mut limiter = Limiter::default();
        assert_eq!(limiter.check(4.0, RateWindow::Gcra, 1), Ok(()));
        assert_eq!(limiter.check(4.0, RateWindow::Gcra, 1), Err(Duration::from_millis(250)));
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(limiter.check(4.0, RateWindow::Gcra, 1), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_no_more() {
        let mut limiter = Limiter::default();
        let passed = (0..9).filter(|_| limiter.check(2.0, RateWindow::Gcra, 3).is_ok()).count();
        assert_eq!(passed, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_window_counts_and_starts_again_after_a_second() {
        let mut limiter = Limiter::default();
        let passed = |limiter: &mut Limiter| {
            (0..9).filter(|_| limiter.check(5.0, RateWindow::Fixed, 1).is_ok()).count()
        };
        assert_eq!(passed(&mut limiter), 5);
        tokio::time::advance(Duration::from_millis(400)).await;
        let wait = limiter.check(5.0, RateWindow::Fixed, 1);
        assert_eq!(wait, Err(Duration::from_millis(600)));
        tokio::time::advance(Duration::from_millis(600)).await;
        assert_eq!(passed(&mut limiter), 5);
    }
}
