//! What somebody still has to do on projects, as far as the token may see it; never a reason to fail.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::look::{Looker, Unasked};
use crate::{
    api::ReadWork,
    directory::{open_assignments_of, scheduled_hours_of},
    model::{UserId, WorkspaceId},
    report::work::{WorkLeft, WorkOn},
};

/// Reads the work of a person on these projects; none where the command is asked to end.
pub(super) async fn left(
    looker: Looker<'_>,
    api: &impl ReadWork,
    (user, is_lost): (UserId, bool),
    workspaces: &BTreeSet<WorkspaceId>,
) -> Option<WorkLeft> {
    let today = looker.settings.roster.time_zone.day(Timestamp::now());
    let mut of: BTreeMap<Option<WorkspaceId>, WorkOn> = BTreeMap::new();
    let mut unread = Vec::new();
    match looker.ask(open_assignments_of(api, user, workspaces)).await {
        Ok(rows) => {
            rows.iter().for_each(|row| of.entry(row.workspace).or_default().assignments += 1)
        }
        Err(Unasked::Ended(_)) => return None,
        Err(refused) => unread.push(("open assignments", refused.cause())),
    }
    match looker.ask(scheduled_hours_of(api, user, workspaces)).await {
        Ok(rows) => {
            for row in rows.iter().filter(|row| row.last_day.is_none_or(|day| day >= today)) {
                let work = of.entry(row.workspace).or_default();
                work.minutes = work.minutes.saturating_add(row.minutes);
                work.until = work.until.max(row.last_day);
            }
        }
        Err(Unasked::Ended(_)) => return None,
        Err(refused) => unread.push(("scheduled hours", refused.cause())),
    }
    Some(WorkLeft { user, is_lost, of, unread })
}
