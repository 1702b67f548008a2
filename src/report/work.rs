//! What somebody still has to do on projects: open assignments and scheduled hours, which a delete
//! destroys and no patch hands over. For people to see; it decides nothing.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::words::plural;
use crate::model::{UserId, WorkspaceId};

/// So many projects stand in the lines.
const LISTED: usize = 20;

/// The work of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkLeft {
    /// Whose.
    pub user: UserId,
    /// Whether it is lost with the person's memberships.
    pub is_lost: bool,
    /// On each project that was looked at; under none what does not say on which.
    pub of: BTreeMap<Option<WorkspaceId>, WorkOn>,
    /// What this token may not read, and why.
    pub unread: Vec<(&'static str, String)>,
}

/// The work of one person on one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkOn {
    /// Open assignments.
    pub assignments: usize,
    /// Scheduled, in minutes.
    pub minutes: u64,
    /// The last day of what is scheduled.
    pub until: Option<Date>,
}

impl WorkOn {
    fn and(self, other: Self) -> Self {
        Self {
            assignments: self.assignments + other.assignments,
            minutes: self.minutes.saturating_add(other.minutes),
            until: self.until.max(other.until),
        }
    }

    /// `2 open assignments, 40 scheduled hours until 2027-01-31`.
    fn words(self) -> String {
        let Self { assignments, minutes, until } = self;
        let mut parts = Vec::new();
        if assignments > 0 {
            parts.push(plural(assignments, "open assignment"));
        }
        if minutes > 0 {
            let until = until.map(|day| format!(" until {day}")).unwrap_or_default();
            parts.push(format!("{} scheduled hours{until}", in_hours(minutes)));
        }
        parts.join(", ")
    }
}

/// `40`, `37.5`, `0.25`.
fn in_hours(minutes: u64) -> String {
    let (hours, parts) = (minutes / 60, minutes % 60 * 100 / 60);
    match parts {
        0 => hours.to_string(),
        parts => format!("{hours}.{parts:02}").trim_end_matches('0').to_owned(),
    }
}

impl WorkLeft {
    /// What a person should know of it, a line each.
    #[must_use]
    pub fn lines(&self, name: impl Fn(WorkspaceId) -> String) -> Vec<String> {
        let Self { user, is_lost, of, unread } = self;
        let mut lines = Vec::new();
        let of = || of.iter().filter(|(_, work)| !work.words().is_empty());
        let all = of().map(|(_, work)| *work).reduce(WorkOn::and).unwrap_or_default();
        let fate = if *is_lost {
            "a delete destroys them, and the patch hands over none"
        } else {
            "they stay theirs, the patch hands over none"
        };
        match all.words() {
            words if words.is_empty() && unread.is_empty() => {
                lines.push(format!(
                    "user {user} has no open assignments and no scheduled hours there"
                ));
            }
            words if words.is_empty() => {}
            words => lines.push(format!("user {user} has {words} there; {fate}")),
        }
        for (place, work) in of().take(LISTED) {
            let place = place.map_or_else(|| "a project that is not said".to_owned(), &name);
            lines.push(format!("  {place}: {}", work.words()));
        }
        let more = of().count().saturating_sub(LISTED);
        if more > 0 {
            lines.push(format!("  … and {}", plural(more, "more project")));
        }
        for (what, why) in unread {
            lines
                .push(format!("the {what} of user {user} are not readable with this token: {why}"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_written_without_parts_that_are_none() {
        for (minutes, hours) in [(60, "1"), (2250, "37.5"), (15, "0.25"), (5, "0.08")] {
            assert_eq!(in_hours(minutes), hours);
        }
    }
}
