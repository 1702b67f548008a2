//! The work of people that a delete of their membership destroys (API.md §1.4, §7): what is asked, and
//! what one row of an answer is. It is shown to people and decides nothing.

use jiff::civil::Date;

use super::{AccountPage, ApiError};
use crate::model::{UserId, WorkspaceId};

/// An assignment to a task that is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAssignment {
    /// Its id.
    pub id: u64,
    /// Whose; none where the answer does not say.
    pub user: Option<UserId>,
    /// On which project; none where the answer does not say.
    pub workspace: Option<WorkspaceId>,
}

/// Hours that are scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledHours {
    /// Their id.
    pub id: u64,
    /// For whom; none where the answer does not say.
    pub user: Option<UserId>,
    /// On which project; none where the answer does not say.
    pub workspace: Option<WorkspaceId>,
    /// How much, over all days.
    pub minutes: u64,
    /// The last day.
    pub last_day: Option<Date>,
}

/// Reading the work of people, page by page (from 1). Answers may list what was not asked for.
pub trait ReadWork {
    /// `GET /assignments`: the open ones of a person, on all projects that the token sees.
    fn list_open_assignments(
        &self,
        user: UserId,
        page: u64,
    ) -> impl Future<Output = Result<AccountPage<OpenAssignment>, ApiError>>;

    /// `GET /workspace_allocations`: the hours of a person on these projects.
    fn list_scheduled_hours(
        &self,
        user: UserId,
        workspaces: &[WorkspaceId],
        page: u64,
    ) -> impl Future<Output = Result<AccountPage<ScheduledHours>, ApiError>>;
}
