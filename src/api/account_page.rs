//! Looking people and projects up by what other lists call them (API.md §7): what is asked, and what
//! one page of an answer is. Knows no roster, and believes no answer: whoever asked compares.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use super::ApiError;
use crate::model::{Person, UserId, Workspace, WorkspaceId};

/// The most addresses or keys that are asked for at once: URLs stay short (API.md §7).
pub const NAMES_PER_REQUEST: usize = 50;

/// The most bytes that the names of one request take in its URL: nobody says what the server takes,
/// and many take 8 KiB in all.
const BYTES_PER_REQUEST: usize = 6 * 1024;

/// What a URL carries as it is; everything else is written in percents (API.md §2).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value of a query as a URL carries it.
pub(super) fn encoded(value: &str) -> PercentEncode<'_> {
    utf8_percent_encode(value, ENCODED)
}

/// Whether a list of a query can name this: lists are parted at commas, with or without blanks. What
/// cannot be asked for is found only by reading everybody, or all.
#[must_use]
pub fn can_be_asked_for(name: &str) -> bool {
    !name.is_empty() && !name.contains(',') && name.trim() == name
}

/// The names in as few lists as requests are needed: at most [`NAMES_PER_REQUEST`] each, fewer where
/// they are so long that a URL would be too long.
#[must_use]
pub fn requests_for(names: &[String]) -> Vec<&[String]> {
    let mut requests = Vec::with_capacity(names.len().div_ceil(NAMES_PER_REQUEST));
    let (mut start, mut bytes) = (0, 0);
    for (at, name) in names.iter().enumerate() {
        let length = encoded(name).map(str::len).sum::<usize>() + 1;
        let full = at - start == NAMES_PER_REQUEST || bytes + length > BYTES_PER_REQUEST;
        if full && at > start {
            requests.push(&names[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += length;
    }
    if start < names.len() {
        requests.push(&names[start..]);
    }
    requests
}

/// One page of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage<T> {
    /// What it lists, in the order of the answer.
    pub rows: Vec<T>,
    /// The size of the whole query, as this page says it.
    pub count: u64,
    /// How many pages there are; 0 when the query finds nothing.
    pub page_count: u64,
}

/// A person or project, and what another system calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referenced<T> {
    /// The person or project.
    pub of: T,
    /// Its keys in the system that was asked for; usually none or one.
    pub keys: Vec<String>,
}

/// Which people are asked for. A name that no list can hold ([`can_be_asked_for`]) is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleQuery<'a> {
    /// Those with one of at most [`NAMES_PER_REQUEST`] addresses.
    Addresses(&'a [String]),
    /// Those whom another system calls by one of at most [`NAMES_PER_REQUEST`] keys.
    Keys(&'a [String]),
    /// Everybody.
    Everybody,
}

/// Which projects are asked for; archived ones are among them. A key that no list can hold
/// ([`can_be_asked_for`]) is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectQuery<'a> {
    /// Those that another system calls by one of at most [`NAMES_PER_REQUEST`] keys.
    Keys(&'a [String]),
    /// All that the token may see.
    All,
}

/// One project of a person, as the account lists it: never proof of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// The project.
    pub workspace: WorkspaceId,
    /// The person.
    pub user: UserId,
}

/// Looking up whom and what a name means, page by page (from 1). Answers may list what was not asked
/// for, in any order, and a page may lack rows: the page's count says how many there are. Where nothing
/// is left to be asked for, nothing is sent and the page is empty.
pub trait ReadAccount {
    /// `GET /users`: people of the account, on projects or not; `deactivated` ones too where that is
    /// asked for. Keys are those of `service`.
    fn list_people(
        &self,
        query: PeopleQuery<'_>,
        service: Option<&str>,
        deactivated: bool,
        page: u64,
    ) -> impl Future<Output = Result<AccountPage<Referenced<Person>>, ApiError>>;

    /// `GET /workspaces`: projects with their titles. Keys are those of `service`.
    fn list_projects(
        &self,
        query: ProjectQuery<'_>,
        service: Option<&str>,
        page: u64,
    ) -> impl Future<Output = Result<AccountPage<Referenced<Workspace>>, ApiError>>;

    /// `GET /workspace_resources?user_id=…`: the projects of one person, as far as the token may see
    /// them (API.md §4.2).
    fn list_assignments(
        &self,
        user: UserId,
        page: u64,
    ) -> impl Future<Output = Result<AccountPage<Assignment>, ApiError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_asked_for_in_as_few_requests_as_urls_allow() {
        let sizes = |names: &[String]| -> Vec<usize> {
            requests_for(names).into_iter().map(<[String]>::len).collect()
        };
        let many = |count: usize, name: &str| vec![name.to_owned(); count];
        assert_eq!(sizes(&[]), [0_usize; 0]);
        assert_eq!(sizes(&many(50, "dana.kovalenko@firm.example")), [50]);
        assert_eq!(sizes(&many(101, "dana.kovalenko@firm.example")), [50, 50, 1]);
        let long = format!("{}@firm.example", "a".repeat(307));
        assert_eq!(sizes(&many(50, &long)), [19, 19, 12]);
        // One that is too long by itself is asked for all the same.
        let wide = "ü".repeat(2_000);
        assert_eq!(sizes(&[many(1, "a@b.example"), many(2, &wide)].concat()), [1, 1, 1]);
    }

    #[test]
    fn what_a_list_would_part_cannot_be_asked_for() {
        for name in ["a@b.example", "o'brien+x@b.example", "E 17", "7;8"] {
            assert!(can_be_asked_for(name), "{name}");
        }
        for name in ["", "a,b", " a", "a\u{a0}", "\"a,b\"@c.example"] {
            assert!(!can_be_asked_for(name), "{name}");
        }
    }
}
