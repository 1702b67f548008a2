//! By which rules names are looked up.

use std::time::Duration;

/// How names are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookupRules {
    /// The system whose keys people have.
    pub person_service: Option<String>,
    /// The system whose keys projects have.
    pub project_service: Option<String>,
    /// Whether names mean projects that are not archived only.
    pub active_projects: bool,
    /// How long an answer is remembered.
    pub max_age: Duration,
    /// Requests under way at once.
    pub max_in_flight: usize,
}

impl LookupRules {
    pub(super) fn person_service(&self) -> &str {
        self.person_service.as_deref().unwrap_or_default()
    }

    pub(super) fn project_service(&self) -> &str {
        self.project_service.as_deref().unwrap_or_default()
    }
}
