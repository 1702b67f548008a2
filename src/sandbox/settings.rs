//! What the sandbox does where nobody says what the real API does: every [?] of API.md.
//!
//! Plain values with defaults, read from a config or set by a test; no behaviour.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::Deserialize;

use super::fault::Faults;
use super::lookup::Lookups;
use super::odd::OddValues;

/// What becomes of the good rows of a bulk create with bad ones in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bulk {
    /// None is created.
    #[default]
    Atomic,
    /// The good ones are created; the answer is still a refusal.
    Partial,
}

/// What the `index` of an error of a bulk create is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorIndex {
    /// The position of the object in the request.
    #[default]
    Position,
    /// The position of the object among those that failed.
    AmongFailed,
    /// 0, whatever failed.
    Zero,
    /// The position, and of each object that failed the one behind it too.
    Neighbours,
    /// The position, and with the first complaint every object that did not fail too.
    Every,
    /// Not there.
    None,
}

impl ErrorIndex {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Position, Self::AmongFailed, Self::Zero, Self::None, Self::Neighbours, Self::Every];
}

/// What becomes of the create of somebody who is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// 422.
    #[default]
    Refused,
    /// Nothing is created; the answer shows the row that is there.
    Ignored,
    /// A second row for the same person.
    Doubled,
}

/// The `Retry-After` of a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfter {
    /// Whole seconds.
    #[default]
    Seconds,
    /// An HTTP date.
    Date,
    /// A value that is neither.
    Nonsense,
    /// No header.
    None,
}

/// How the rate limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateWindow {
    /// Evenly spaced, with a burst.
    #[default]
    Gcra,
    /// So many in each full second.
    Fixed,
}

/// Where the sandbox's time starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// 2026-11-01T00:00:00Z, the same in every run.
    #[default]
    Fixed,
    /// Now.
    Real,
}

/// The settings of a sandbox; durations are written as `"300ms"`, `"2s"`, `"5m"`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxSettings {
    /// The bearer token that is let in.
    pub token: String,
    /// Where the time starts.
    pub start: Start,
    /// Time a request takes, half before and half after its commit.
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Listings do not show changes younger than this.
    #[serde(with = "duration")]
    pub read_after_write_lag: Duration,
    /// Requests a second; unlimited without.
    pub requests_per_second: Option<f64>,
    /// How the rate is counted.
    pub rate_window: RateWindow,
    /// Requests that may come at once under [`RateWindow::Gcra`].
    pub rate_burst: u32,
    /// A rate of its own for `GET /workspaces`.
    pub workspaces_per_second: Option<f64>,
    /// The `Retry-After` of a 429.
    pub retry_after: RetryAfter,
    /// Whether the body of a 429 is JSON; else it is a line of text.
    pub rate_limit_json: bool,
    /// Bulk creates with bad rows.
    pub bulk: Bulk,
    /// What the `index` of an error is.
    pub error_index: ErrorIndex,
    /// Whether a bulk create reports its first error only.
    pub first_error_only: bool,
    /// The most objects of a bulk create.
    pub max_bulk: usize,
    /// Creates of people who are there already.
    pub duplicates: Duplicates,
    /// Whether a promotion takes the lead from the side's other lead.
    pub promotion_demotes: bool,
    /// Whether the only lead of a side may be demoted.
    pub sole_lead_may_step_down: bool,
    /// Whether provider-side people have to be members of the account.
    pub providers_must_be_members: bool,
    /// Whether the account uses rate cards: written bill rates are ignored.
    pub rate_cards: bool,
    /// Whether rates and costs are shown and written at all.
    pub financial_access: bool,
    /// Whether reduced permissions read back as `view_with_custom` in place of `view_only`.
    pub custom_permissions: bool,
    /// Whether e-mail addresses are compared with their letter case.
    pub email_case_matters: bool,
    /// Whether the token's user administers every project, and so sees access levels.
    pub token_is_admin: bool,
    /// The projects for which it is the other way round.
    pub admin_exceptions: BTreeSet<u64>,
    /// Projects the token cannot see.
    pub hidden_workspaces: BTreeSet<u64>,
    /// Projects the token may not write to (403).
    pub forbidden_workspaces: BTreeSet<u64>,
    /// The largest page, and the most rows of a bulk create's answer.
    pub page_limit: usize,
    /// Looking people, projects and their work up.
    pub lookups: Lookups,
    /// Optional values of forms that nobody expects.
    pub odd_values: OddValues,
    /// What goes wrong, and how often.
    pub faults: Faults,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            token: "sandbox-token".to_owned(),
            start: Start::Fixed,
            latency: Duration::ZERO,
            read_after_write_lag: Duration::ZERO,
            requests_per_second: None,
            rate_window: RateWindow::Gcra,
            rate_burst: 1,
            workspaces_per_second: None,
            retry_after: RetryAfter::Seconds,
            rate_limit_json: true,
            bulk: Bulk::Atomic,
            error_index: ErrorIndex::Position,
            first_error_only: false,
            max_bulk: 100,
            duplicates: Duplicates::Refused,
            promotion_demotes: false,
            sole_lead_may_step_down: false,
            providers_must_be_members: false,
            rate_cards: false,
            financial_access: true,
            custom_permissions: false,
            email_case_matters: false,
            token_is_admin: true,
            admin_exceptions: BTreeSet::new(),
            hidden_workspaces: BTreeSet::new(),
            forbidden_workspaces: BTreeSet::new(),
            page_limit: 200,
            lookups: Lookups::default(),
            odd_values: OddValues::default(),
            faults: Faults::default(),
        }
    }
}

impl SandboxSettings {
    /// Whether the token's user administers a project.
    #[must_use]
    pub fn is_admin_of(&self, workspace: u64) -> bool {
        self.token_is_admin != self.admin_exceptions.contains(&workspace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_from_text_keep_the_defaults_of_what_is_not_there() {
        let text = r#"{"bulk":"partial","latency":"300ms","retry_after":"date",
                       "faults":{"seed":7,"cut_after":0.25,"hang":"200s"}}"#;
        let read: SandboxSettings = serde_json::from_str(text).expect("valid settings");
        assert_eq!((read.bulk, read.retry_after), (Bulk::Partial, RetryAfter::Date));
        assert_eq!(read.latency, Duration::from_millis(300));
        assert_eq!((read.faults.seed, read.faults.cut_after), (7, 0.25));
        assert_eq!(read.duplicates, Duplicates::Refused);
        assert!(serde_json::from_str::<SandboxSettings>(r#"{"bulks":"partial"}"#).is_err());
    }

    #[test]
    fn an_exception_turns_the_administrator_setting_round() {
        let some =
            SandboxSettings { admin_exceptions: BTreeSet::from([5]), ..SandboxSettings::default() };
        assert!(some.is_admin_of(4) && !some.is_admin_of(5));
        let other = SandboxSettings { token_is_admin: false, ..some };
        assert!(!other.is_admin_of(4) && other.is_admin_of(5));
    }
}
