//! Whole lists of the account, each believed only when it is whole.

use std::collections::BTreeSet;

use super::{error::LookupError, walk};
use crate::{
    api::{
        AccountPage, ApiError, NAMES_PER_REQUEST, OpenAssignment, ProjectQuery, ReadAccount,
        ReadWork, ScheduledHours,
    },
    model::{UserId, Workspace, WorkspaceId},
};

/// All projects that the token sees, archived ones too.
///
/// # Errors
/// When the account cannot be asked, or its answer does not add up.
pub async fn all_projects(api: &impl ReadAccount) -> Result<Vec<Workspace>, LookupError> {
    let page = async |number| api.list_projects(ProjectQuery::All, None, number).await;
    let (rows, _) = walk::all("projects", page, |row| row.of.id).await?;
    Ok(rows.into_iter().map(|row| row.of).collect())
}

/// The projects that the account has for this person: where to look, never proof of a membership.
///
/// # Errors
/// When the account cannot be asked, or its answer does not add up.
pub async fn projects_of(
    api: &impl ReadAccount,
    user: UserId,
) -> Result<BTreeSet<WorkspaceId>, LookupError> {
    let page = async |number| api.list_assignments(user, number).await;
    let (rows, _) = walk::all("assignments", page, |row| *row).await?;
    let own = rows.into_iter().filter(|row| row.user == user);
    Ok(own.map(|row| row.workspace).collect())
}

/// The open assignments of this person on these projects.
///
/// # Errors
/// When the account cannot be asked, or its answer does not add up.
pub async fn open_assignments_of(
    api: &impl ReadWork,
    user: UserId,
    workspaces: &BTreeSet<WorkspaceId>,
) -> Result<Vec<OpenAssignment>, LookupError> {
    let page =
        async |number| about(user, api.list_open_assignments(user, number).await, |row| row.user);
    let (mut rows, _) = walk::all("open assignments", page, |row| row.id).await?;
    rows.retain(|row| row.workspace.is_none_or(|place| workspaces.contains(&place)));
    Ok(rows)
}

/// The hours that are scheduled for this person on these projects.
///
/// # Errors
/// When the account cannot be asked, or its answer does not add up.
pub async fn scheduled_hours_of(
    api: &impl ReadWork,
    user: UserId,
    workspaces: &BTreeSet<WorkspaceId>,
) -> Result<Vec<ScheduledHours>, LookupError> {
    let workspaces: Vec<WorkspaceId> = workspaces.iter().copied().collect();
    let mut all = Vec::new();
    for some in workspaces.chunks(NAMES_PER_REQUEST) {
        let page = async |number| {
            about(user, api.list_scheduled_hours(user, some, number).await, |row| row.user)
        };
        all.extend(walk::all("scheduled hours", page, |row| row.id).await?.0);
    }
    Ok(all)
}

/// A page that is about this person alone. A filter that is not known is ignored (API.md §4), and the
/// answer is about everybody: that is no answer, and its other pages are not asked for.
fn about<T>(
    user: UserId,
    page: Result<AccountPage<T>, ApiError>,
    whose: impl Fn(&T) -> Option<UserId>,
) -> Result<AccountPage<T>, ApiError> {
    let page = page?;
    if page.rows.iter().all(|row| whose(row).is_none_or(|whose| whose == user)) {
        return Ok(page);
    }
    Ok(AccountPage { rows: Vec::new(), count: u64::MAX, page_count: 1 })
}
