//! What goes wrong with a request, drawn from a seed or set for the next request of a kind.
//!
//! Decides only; the server carries it out. All draws happen in the order requests arrive, so one
//! seed and one order of requests give the same faults.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use super::route::RequestKind;

/// A way for a request to go wrong. `Before` and `After` mean the commit: after it, the write is
/// done although its answer says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 500, 502, 503 or 504, and nothing done.
    ErrorBefore,
    /// 500, 502, 503 or 504, and all done.
    ErrorAfter,
    /// The connection breaks, and nothing done.
    CutBefore,
    /// The connection breaks, and all done.
    CutAfter,
    /// No answer for longer than anybody waits, and nothing done.
    TimeoutBefore,
    /// No answer for longer than anybody waits, and all done.
    TimeoutAfter,
    /// An HTML page with 200 or 502, and nothing done.
    HtmlBefore,
    /// An HTML page with 200 or 502, and all done.
    HtmlAfter,
    /// All done, the JSON of the answer cut off in the middle.
    Garbage,
    /// All well, some seconds later.
    Slow,
    /// 200 with an `errors` body, and nothing done.
    ErrorsIn200,
    /// 302 to some other place, and nothing done.
    Redirect,
    /// 429 although nobody was too fast, and nothing done.
    Rate429,
}

impl Fault {
    /// Whether the request is never carried out.
    pub(super) const fn prevents(self) -> bool {
        matches!(
            self,
            Self::ErrorBefore
                | Self::CutBefore
                | Self::TimeoutBefore
                | Self::HtmlBefore
                | Self::ErrorsIn200
                | Self::Redirect
                | Self::Rate429
        )
    }
}

/// How many kinds of faults there are.
const KINDS: u8 = 13;

/// How often each fault happens: probabilities for one request, 0 to 1, their sum at most 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The seed of all draws.
    pub seed: u64,
    /// See [`Fault::ErrorBefore`].
    pub error_before: f64,
    /// See [`Fault::ErrorAfter`].
    pub error_after: f64,
    /// See [`Fault::CutBefore`].
    pub cut_before: f64,
    /// See [`Fault::CutAfter`].
    pub cut_after: f64,
    /// See [`Fault::TimeoutBefore`].
    pub timeout_before: f64,
    /// See [`Fault::TimeoutAfter`].
    pub timeout_after: f64,
    /// See [`Fault::HtmlBefore`].
    pub html_before: f64,
    /// See [`Fault::HtmlAfter`].
    pub html_after: f64,
    /// See [`Fault::Garbage`].
    pub garbage: f64,
    /// See [`Fault::Slow`].
    pub slow: f64,
    /// See [`Fault::ErrorsIn200`].
    pub errors_in_200: f64,
    /// See [`Fault::Redirect`].
    pub redirect: f64,
    /// See [`Fault::Rate429`].
    pub rate_429: f64,
    /// The kinds of requests that can go wrong; empty means all.
    pub only: BTreeSet<RequestKind>,
    /// Probability that somebody else adds or removes a row between two pages of a listing.
    pub page_shift: f64,
    /// Probability that a page of a listing lacks its last row, although `count` has it.
    pub short_page: f64,
    /// Probability that somebody else creates, edits or removes a participation before a request.
    pub foreign_edits: f64,
    /// The projects somebody else works on; empty means all that are not archived.
    pub foreign_workspaces: BTreeSet<u64>,
    /// How long a request that times out hangs.
    #[serde(with = "duration")]
    pub hang: Duration,
    /// How long a slow request takes in addition.
    #[serde(with = "duration")]
    pub slow_by: Duration,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            error_before: 0.0,
            error_after: 0.0,
            cut_before: 0.0,
            cut_after: 0.0,
            timeout_before: 0.0,
            timeout_after: 0.0,
            html_before: 0.0,
            html_after: 0.0,
            garbage: 0.0,
            slow: 0.0,
            errors_in_200: 0.0,
            redirect: 0.0,
            rate_429: 0.0,
            only: BTreeSet::new(),
            page_shift: 0.0,
            short_page: 0.0,
            foreign_edits: 0.0,
            foreign_workspaces: BTreeSet::new(),
            hang: Duration::from_secs(400),
            slow_by: Duration::from_secs(8),
        }
    }
}

impl Faults {
    /// Every fault with the same probability, and nobody else at work.
    #[must_use]
    pub fn even(seed: u64, each: f64) -> Self {
        Self {
            seed,
            error_before: each,
            error_after: each,
            cut_before: each,
            cut_after: each,
            timeout_before: each,
            timeout_after: each,
            html_before: each,
            html_after: each,
            garbage: each,
            slow: each,
            errors_in_200: each,
            redirect: each,
            rate_429: each,
            ..Self::default()
        }
    }

    /// Faults in this share of all requests, spread evenly over their kinds.
    #[must_use]
    pub fn spread(seed: u64, share: f64) -> Self {
        Self::even(seed, share / f64::from(KINDS))
    }

    fn table(&self) -> [(Fault, f64); KINDS as usize] {
        [
            (Fault::ErrorBefore, self.error_before),
            (Fault::ErrorAfter, self.error_after),
            (Fault::CutBefore, self.cut_before),
            (Fault::CutAfter, self.cut_after),
            (Fault::TimeoutBefore, self.timeout_before),
            (Fault::TimeoutAfter, self.timeout_after),
            (Fault::HtmlBefore, self.html_before),
            (Fault::HtmlAfter, self.html_after),
            (Fault::Garbage, self.garbage),
            (Fault::Slow, self.slow),
            (Fault::ErrorsIn200, self.errors_in_200),
            (Fault::Redirect, self.redirect),
            (Fault::Rate429, self.rate_429),
        ]
    }
}

/// Draws the faults.
#[derive(Debug)]
pub(super) struct Injector {
    pub random: fastrand::Rng,
    calm: bool,
    script: VecDeque<(RequestKind, Fault)>,
}

impl Injector {
    pub(super) fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { random, calm: false, script: VecDeque::new() }
    }

    /// No more faults, drawn or set, and nobody else at work.
    pub(super) fn calm(&mut self) {
        self.calm = true;
        self.script.clear();
    }

    /// The next request of the kind goes wrong in this way, whatever is drawn.
    pub(super) fn next(&mut self, kind: RequestKind, fault: Fault) {
        self.script.push_back((kind, fault));
    }

    /// The fault of a request that has just arrived.
    pub(super) fn draw(&mut self, faults: &Faults, kind: RequestKind) -> Option<Fault> {
        let scripted = self.script.iter().position(|(wanted, _)| *wanted == kind);
        if let Some((_, fault)) = scripted.and_then(|at| self.script.remove(at)) {
            return Some(fault);
        }
        let lot = self.random.f64();
        if self.calm || !(faults.only.is_empty() || faults.only.contains(&kind)) {
            return None;
        }
        let mut below = 0.0;
        faults.table().into_iter().find_map(|(fault, probability)| {
            below += probability;
            (lot < below).then_some(fault)
        })
    }

    /// Whether something happens that has this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        !self.calm && probability > 0.0 && self.random.f64() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(injector: &mut Injector, faults: &Faults) -> Vec<Option<Fault>> {
        (0..200).map(|_| injector.draw(faults, RequestKind::Create)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_others() {
        let faults = Faults::even(0, 0.05);
        let first = draws(&mut Injector::new(1), &faults);
        assert_eq!(first, draws(&mut Injector::new(1), &faults));
        assert_ne!(first, draws(&mut Injector::new(2), &faults));
        let kinds: BTreeSet<_> = first.into_iter().collect();
        assert!(kinds.contains(&None) && kinds.len() > 6);
    }

    #[test]
    fn a_calm_sandbox_has_no_faults() {
        let mut injector = Injector::new(1);
        injector.next(RequestKind::Create, Fault::Slow);
        injector.calm();
        assert!(draws(&mut injector, &Faults::even(0, 0.07)).iter().all(Option::is_none));
        assert!(!injector.happens(1.0));
    }

    #[test]
    fn faults_keep_to_the_kinds_they_are_meant_for() {
        let only = BTreeSet::from([RequestKind::Delete]);
        let faults = Faults { only, cut_after: 1.0, ..Faults::default() };
        let mut injector = Injector::new(1);
        assert_eq!(injector.draw(&faults, RequestKind::Create), None);
        assert_eq!(injector.draw(&faults, RequestKind::Delete), Some(Fault::CutAfter));
    }

    #[test]
    fn a_fault_set_for_a_kind_waits_for_the_first_request_of_that_kind() {
        let mut injector = Injector::new(1);
        injector.next(RequestKind::Update, Fault::Garbage);
        let none = Faults::default();
        assert_eq!(injector.draw(&none, RequestKind::List), None);
        assert_eq!(injector.draw(&none, RequestKind::Update), Some(Fault::Garbage));
        assert_eq!(injector.draw(&none, RequestKind::Update), None);
    }
}
