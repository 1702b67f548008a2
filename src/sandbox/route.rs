//! What a request asks for: the route from method and path, and the parameters of the query.
//!
//! Reads text into values once; everything the API ignores (unknown parameters, includes,
//! numbers that are none) is ignored here. Knows no state.

use std::collections::BTreeSet;

use http::Method;
use serde::{Deserialize, Serialize};

use super::answer::Cut;

/// The base path of the API.
pub const BASE_PATH: &str = "/api/v1";

/// The rows of a page when nobody asks for a number.
const DEFAULT_PER_PAGE: usize = 20;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// `GET /users/me`
    Me,
    /// `GET /users` and `GET /users/{id}`
    Users,
    /// `GET /workspaces`
    Workspaces,
    /// `GET /workspace_resources`
    Resources,
    /// `GET /assignments`
    Assignments,
    /// `GET /workspace_allocations`
    Allocations,
    /// `GET /account_memberships`
    AccountMemberships,
    /// `GET /participations`
    List,
    /// `GET /participations/{id}`
    Show,
    /// `POST /participations`
    Create,
    /// `PUT /participations/{id}`
    Update,
    /// `DELETE /participations/{id}`
    Delete,
    /// Anything else.
    Unknown,
}

/// An endpoint with the id of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Me,
    Users,
    User(u64),
    Workspaces,
    Resources,
    Assignments,
    Allocations,
    AccountMemberships,
    List,
    Show(u64),
    Create,
    Update(u64),
    Delete(u64),
    Unknown,
}

impl Route {
    /// With and without `.json` at the end.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let Some(path) = path.strip_prefix(BASE_PATH) else { return Self::Unknown };
        let path = path.strip_suffix(".json").unwrap_or(path);
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let id = parts.get(1).and_then(|id| id.parse().ok());
        match (method.as_str(), parts.as_slice(), id) {
            ("GET", ["users", "me"], _) => Self::Me,
            ("GET", ["users"], _) => Self::Users,
            ("GET", ["users", _], Some(id)) => Self::User(id),
            ("GET", ["workspaces"], _) => Self::Workspaces,
            ("GET", ["workspace_resources"], _) => Self::Resources,
            ("GET", ["assignments"], _) => Self::Assignments,
            ("GET", ["workspace_allocations"], _) => Self::Allocations,
            ("GET", ["account_memberships"], _) => Self::AccountMemberships,
            ("GET", ["participations"], _) => Self::List,
            ("POST", ["participations"], _) => Self::Create,
            ("GET", ["participations", _], Some(id)) => Self::Show(id),
            ("PUT", ["participations", _], Some(id)) => Self::Update(id),
            ("DELETE", ["participations", _], Some(id)) => Self::Delete(id),
            _ => Self::Unknown,
        }
    }

    pub(super) const fn kind(self) -> RequestKind {
        match self {
            Self::Me => RequestKind::Me,
            Self::Users | Self::User(_) => RequestKind::Users,
            Self::Workspaces => RequestKind::Workspaces,
            Self::Resources => RequestKind::Resources,
            Self::Assignments => RequestKind::Assignments,
            Self::Allocations => RequestKind::Allocations,
            Self::AccountMemberships => RequestKind::AccountMemberships,
            Self::List => RequestKind::List,
            Self::Show(_) => RequestKind::Show,
            Self::Create => RequestKind::Create,
            Self::Update(_) => RequestKind::Update,
            Self::Delete(_) => RequestKind::Delete,
            Self::Unknown => RequestKind::Unknown,
        }
    }
}

/// The parameters of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| matches!(value, "true" | "1"))
    }

    /// The parts of a list with commas; none where the parameter is not there.
    pub(super) fn words(&self, name: &str) -> Option<BTreeSet<&str>> {
        self.value(name).map(|list| list.split(',').map(str::trim).collect())
    }

    /// The numbers of a list with commas; what is no number matches nothing.
    pub(super) fn ids(&self, name: &str) -> Option<BTreeSet<u64>> {
        self.words(name).map(|words| words.iter().filter_map(|word| word.parse().ok()).collect())
    }

    /// Cuts the asked page out of all rows; a larger page than the server gives is cut silently, and
    /// rows that were asked for by their ids are never cut (API.md §4).
    pub(super) fn page_of<T>(&self, rows: Vec<T>, largest: usize) -> (Vec<T>, Cut) {
        let number = |name| self.value(name).and_then(|value| value.parse::<usize>().ok());
        let positive = |name| number(name).filter(|number| *number > 0);
        let per_page = positive("per_page").unwrap_or(DEFAULT_PER_PAGE).min(largest.max(1));
        let page = positive("page").unwrap_or(1);
        let cut = Cut { count: rows.len(), page, per_page };
        if self.value("only").is_some() {
            return (rows, cut);
        }
        let before = (page - 1).saturating_mul(per_page);
        (rows.into_iter().skip(before).take(per_page).collect(), cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_with_and_without_their_suffix() {
        let get = |path| Route::of(&Method::GET, path);
        assert_eq!(get("/api/v1/users/me.json"), Route::Me);
        assert_eq!(get("/api/v1/participations"), Route::List);
        assert_eq!(get("/api/v1/participations/7.json"), Route::Show(7));
        assert_eq!(Route::of(&Method::DELETE, "/api/v1/participations/7"), Route::Delete(7));
        for other in ["/participations", "/api/v1/participations/x", "/api/v1/tasks", "/"] {
            assert_eq!(get(other), Route::Unknown, "{other}");
        }
    }

    #[test]
    fn pages_are_cut_at_two_hundred_rows_and_twenty_by_default() {
        let cut = |query: &str| {
            let (rows, cut) = Query::of(query).page_of((0..450).collect(), 200);
            (rows.first().copied(), rows.len(), cut.page, cut.per_page)
        };
        assert_eq!(cut(""), (Some(0), 20, 1, 20));
        assert_eq!(cut("per_page=1000&page=3"), (Some(400), 50, 3, 200));
        assert_eq!(cut("per_page=0&page=0"), (Some(0), 20, 1, 20));
        assert_eq!(cut("per_page=200&page=4"), (None, 0, 4, 200));
    }
}
