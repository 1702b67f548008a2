//! How long to wait before another attempt.

use std::time::Duration;

use jiff::Timestamp;

/// The wait before attempt number `failures` + 1: doubles from `base` up to `cap`, of which a part
/// between a half and the whole is taken (`jitter` in 0..1), so that clients do not march in step.
pub(super) fn backoff(base: Duration, cap: Duration, failures: u32, jitter: f64) -> Duration {
    let doubled = base.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
    doubled.min(cap).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// A wait in words: milliseconds below a second, whole seconds from there, rounded up.
pub(super) fn in_words(wait: Duration) -> String {
    let milliseconds = wait.as_micros().div_ceil(1000);
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        _ => format!("{} s", milliseconds.div_ceil(1000)),
    }
}

/// Reads `Retry-After`: seconds or an HTTP date; nonsense counts as nothing.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = http_date(value)?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Reads the date of an HTTP header.
pub(super) fn http_date(value: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let (base, cap) = (Duration::from_secs(2), Duration::from_secs(60));
        let waits: Vec<u64> =
            (1..8).map(|failures| backoff(base, cap, failures, 1.0).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff(base, cap, 1, 0.0), Duration::from_secs(1));
        assert_eq!(backoff(base, cap, u32::MAX, 1.0), cap);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nonsense_is_nothing() {
        let now: Timestamp = "2026-11-24T03:00:00Z".parse().expect("a time");
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        let date = "Tue, 24 Nov 2026 03:00:30 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 02:00:00 GMT", now), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-3", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
    }
}
