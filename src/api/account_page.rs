//! Looking people and projects up by what other lists call them (API.md §7): what is asked, and what
//! one page of an answer is. Knows no roster, and believes no answer: whoever asked compares.

use super::ApiError;
use crate::model::{Person, UserId, Workspace, WorkspaceId};

/// The most addresses or keys that are asked for at once: URLs stay short (API.md §7).
pub const NAMES_PER_REQUEST: usize = 50;

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

/// Which people are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleQuery<'a> {
    /// Those with one of at most [`NAMES_PER_REQUEST`] addresses.
    Addresses(&'a [String]),
    /// Those whom another system calls by one of at most [`NAMES_PER_REQUEST`] keys.
    Keys(&'a [String]),
    /// Everybody.
    Everybody,
}

/// Which projects are asked for; archived ones are among them.
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

/// Looking up whom and what a name means, page by page (from 1). Answers may list what was not
/// asked for.
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
