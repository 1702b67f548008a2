//! Whole lists of the account, each believed only when it is whole.

use std::collections::BTreeSet;

use super::{error::LookupError, walk};
use crate::{
    api::{ProjectQuery, ReadAccount},
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
