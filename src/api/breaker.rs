//! The circuit breaker: when request after request is given up, no more leave.
//!
//! It stands in the one door that all requests pass, so that no phase can forget it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ApiError;

/// Reads and writes are counted apart: a server that still reads may not write any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

#[derive(Debug, Default)]
struct State {
    reads: u32,
    writes: u32,
    opened: Option<ApiError>,
}

#[derive(Debug)]
pub(super) struct Breaker {
    limit: u32,
    state: Mutex<State>,
}

impl Breaker {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error that every further request meets, once the breaker is open.
    pub(super) fn opened(&self) -> Option<ApiError> {
        self.state().opened.clone()
    }

    /// Learns how a request ended, its repeats included.
    pub(super) fn note<T>(&self, kind: Kind, result: &Result<T, ApiError>) {
        let mut state = self.state();
        let count = match kind {
            Kind::Read => &mut state.reads,
            Kind::Write => &mut state.writes,
        };
        match result {
            Ok(_) => *count = 0,
            // A refusal is an answer: the server works, and says no. What was dropped says nothing.
            Err(ApiError::Refused { .. } | ApiError::Stopped { .. } | ApiError::Dropped { .. }) => {
            }
            Err(error) if ends(error).is_some() => {
                state.opened = state.opened.take().or_else(|| ends(error).cloned());
            }
            Err(error) => {
                *count += 1;
                if *count >= self.limit {
                    let message = format!("{count} requests in a row were given up; {error}");
                    state.opened.get_or_insert(ApiError::Stopped { message });
                }
            }
        }
    }
}

/// The answer that ends every request at once, also where an earlier attempt left a doubt.
fn ends(error: &ApiError) -> Option<&ApiError> {
    match error {
        ApiError::Unauthorized { .. } | ApiError::Redirected { .. } => Some(error),
        ApiError::GivenUp { last, .. } => ends(last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Result<(), ApiError> {
        Err(ApiError::NoAnswer { why: "cut".to_owned() })
    }

    #[test]
    fn opens_at_the_limit_and_only_for_its_kind() {
        let breaker = Breaker::new(3);
        for _ in 0..2 {
            breaker.note(Kind::Write, &lost());
            breaker.note(Kind::Read, &Ok(()));
        }
        assert_eq!(breaker.opened(), None);
        breaker.note(Kind::Write, &lost());
        assert!(matches!(breaker.opened(), Some(ApiError::Stopped { .. })));
    }

    #[test]
    fn a_success_resets_and_a_refusal_does_not_count() {
        let breaker = Breaker::new(2);
        let refused = || {
            Err::<(), _>(ApiError::Refused { status: 422, complaints: vec![], request_id: None })
        };
        breaker.note(Kind::Write, &lost());
        breaker.note(Kind::Write, &Ok(()));
        breaker.note(Kind::Write, &lost());
        breaker.note(Kind::Write, &refused());
        assert_eq!(breaker.opened(), None);
        breaker.note(Kind::Write, &lost());
        assert!(breaker.opened().is_some());
    }

    #[test]
    fn a_refused_token_opens_at_once() {
        let breaker = Breaker::new(10);
        breaker.note(Kind::Read, &Err::<(), _>(ApiError::Unauthorized { message: String::new() }));
        assert!(matches!(breaker.opened(), Some(ApiError::Unauthorized { .. })));
    }
}
