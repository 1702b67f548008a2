//! The words for why something is in a plan, or is left alone by it or by the guard.

use std::fmt;

use crate::{
    guard::{EmptiedProject, NotApproved, PROJECT_FLOOR, Refusal},
    model::{ACCOUNT_ADMIN_REASON, LOST_WITH_A_RECORD, NotNow, ParticipationId, line_words},
    plan::{FreezeCause, HoldReason, Need, Reason, Since},
    store::REJECTED,
};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLive => "in the roster, not on the project",
            Self::FollowsCreate => "follows the create, which cannot carry these fields",
            Self::Differs => "on the project with other values",
            Self::NotDesired => "on the project, not in the roster",
            Self::Ended { on, again } => return NotNow::Ended { on: *on, again: *again }.fmt(f),
            Self::ProjectWithoutRows => {
                "scope.workspaces names the project, the roster has no rows for it"
            }
            Self::RoleDiffers => {
                return write!(
                    f,
                    "on the other side of the project; a replacement loses the person's {LOST_WITH_A_RECORD} there"
                );
            }
            Self::NotTagged => "named by the roster, not yet tagged as this tool's",
            Self::DeletedByRun => "the run that is undone deleted it",
            Self::CreatedByRun => "the run that is undone created it",
            Self::UpdatedByRun => "the run that is undone set other values",
            Self::ReplacedByRun => {
                return write!(
                    f,
                    "the run that is undone moved the person to the other side; moving back loses the {LOST_WITH_A_RECORD} there"
                );
            }
        })
    }
}

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { on, again: None } => write!(f, "ended on {on}"),
            Self::Ended { on, again: Some(day) } => {
                write!(f, "ended on {on}, to start again on {day}")
            }
            Self::NotYet { starts_on } => write!(f, "starts on {starts_on}"),
        }
    }
}

impl HoldReason {
    /// The words of those that have nothing to add.
    const fn short_words(&self) -> &'static str {
        match self {
            Self::LeftInDoubt => "it cannot be proved that the run that is undone did this",
            Self::CannotUnset => {
                "had no value before the run that is undone; no request takes a value away"
            }
            Self::Unreadable => "the project cannot be read",
            Self::NotLive => "not on the project: nothing to adopt",
            Self::LeadWithoutSuccessor => {
                "leads this side of the project, and nobody else is to lead it"
            }
            Self::Deactivated => {
                "the person is deactivated: deleted, they could not be created again"
            }
            Self::Hidden => "the live value is not visible to this token",
            Self::NotTagged => "does not carry this tool's tag (ownership = tagged)",
            Self::Archived => "the project is archived",
            _ => "",
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode { mode } => write!(f, "mode `{mode}` does not do this"),
            Self::ReplaceNotAllowed => write!(
                f,
                "a change of side loses the person's {LOST_WITH_A_RECORD} on the project; `allow_replace` is off"
            ),
            Self::PartialRoster => f.write_str("a partial roster replaces nobody"),
            Self::Protected { entry } => write!(f, "protected by `{entry}` in protect.users"),
            Self::TokenUser => f.write_str("the token's own user"),
            Self::LeadIsProtected => {
                f.write_str("would take the lead from a protected person or the token's own user")
            }
            Self::ChangedSince { how } => write!(f, "changed since the run that is undone: {how}"),
            Self::LeftInDoubt
            | Self::CannotUnset
            | Self::Unreadable
            | Self::NotLive
            | Self::LeadWithoutSuccessor
            | Self::Deactivated
            | Self::Hidden
            | Self::NotTagged
            | Self::Archived => f.write_str(self.short_words()),
            Self::NotYet { starts_on } => write!(
                f,
                "on the project before its first day, {starts_on}; a start that is to come deletes nobody"
            ),
            Self::Outside { needs } => needs.fmt(f),
            Self::Waiting { wait } => wait.fmt(f),
            Self::Stuck { account_admin } => stuck(*account_admin, f),
            Self::Nameless { ids } => listed(
                "may be on the project already: these participations name no person:",
                ids,
                f,
            ),
            Self::DuplicateLive { ids } => {
                listed("on the project more than once: participations", ids, f)
            }
        }
    }
}

fn listed(words: &str, ids: &[ParticipationId], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(words)?;
    ids.iter().try_for_each(|id| write!(f, " {id}"))
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => {
                f.write_str("follows a create that is outside the part of the plan that was asked for")
            }
            Self::Successor => f.write_str(
                "leads this side of the project, and the promotion of somebody else is outside the part of the plan that was asked for",
            ),
            Self::LeadOf { user } => write!(
                f,
                "may take the lead from user {user}, who is outside the part of the plan that was asked for"
            ),
        }
    }
}

fn stuck(account_admin: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("answered as done in two runs and unchanged")?;
    if account_admin {
        write!(f, ": {ACCOUNT_ADMIN_REASON}")?;
    }
    f.write_str("; tried again when the roster or the live value changes, or with --retry-stuck")
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRecord { id } => {
                write!(f, "another record, participation {id}, is there now")
            }
            Self::NeverSeen => f.write_str("the journal does not say how it was then"),
            Self::OtherValues { role, drift } => {
                let role = role.map(|(then, now)| format!("role: {then} → {now}"));
                let values = drift.iter().map(ToString::to_string);
                let all: Vec<String> = role.into_iter().chain(values).collect();
                f.write_str(&all.join(", "))
            }
            Self::Touched { at } => write!(f, "somebody changed it at {at:.0}"),
            Self::TouchUnknown => f.write_str("it is not known when it was last changed"),
            Self::SuccessorGone { user } => {
                write!(f, "user {user}, whom the run made lead, is not on this side now")
            }
            Self::OtherLead { user } => write!(f, "user {user} leads this side now"),
            Self::Gone => f.write_str("the person is not on the project any more"),
            Self::GoneAfterMove => write!(
                f,
                "the person whom it moved to the other side is not on the project any more; the roster, or the {REJECTED} of an undo that lost the person, brings them back"
            ),
            Self::ThereAgain => f.write_str("the person is on the project again"),
            Self::Earlier { words } => f.write_str(words),
        }
    }
}

impl fmt::Display for FreezeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, which) = match self {
            Self::InvalidRows { lines } => (lines, "of this project"),
            Self::UntiedRows { lines } => (lines, "whose project is doubtful"),
        };
        let shown: Vec<String> =
            lines.iter().take(5).map(|line| line_words(*line).to_string()).collect();
        let more = if lines.len() > shown.len() { ", …" } else { "" };
        write!(f, "invalid roster rows {which}: line {}{more}", shown.join(", "))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunCount { deletes, total, limit } => write!(
                f,
                "plan deletes {deletes} of {total} memberships; the limit is {limit} (guard.max_deletes); all deletes of this run are withheld"
            ),
            Self::RunPercent { deletes, total, percent, emptied } => write!(
                f,
                "plan deletes {deletes} of {total} memberships; the limit is {percent} % or {} (guard.max_delete_percent){}; all deletes of this run are withheld",
                total * percent / 100,
                without_floor(emptied)
            ),
            Self::NotApproved { why } => write!(f, "withheld by the approval: {why}"),
            Self::ProjectPercent { workspace, title, deletes, total, percent, empties } => write!(
                f,
                "plan deletes {deletes} of {total} memberships of project {workspace} ({title}); the limit is {percent} % or {} (guard.max_project_delete_percent){}; the deletes of this project are withheld",
                total * percent / 100,
                match empties {
                    true => format!("; up to {PROJECT_FLOOR} would pass it, but {NOBODY_LEFT}"),
                    false => String::new(),
                }
            ),
        }
    }
}

/// What neither floor allows, in words.
const NOBODY_LEFT: &str = "nobody besides leads and the token's own user would be left";
/// So many projects are named in a sentence.
const NAMED: usize = 3;

/// Why a floor does not let so few pass; nothing where it is not for that.
fn without_floor(emptied: &[EmptiedProject]) -> String {
    if emptied.is_empty() {
        return String::new();
    }
    let name = |project: &EmptiedProject| {
        let EmptiedProject { workspace, title } = project;
        format!("project {workspace} ({title})")
    };
    let names: Vec<String> = emptied.iter().take(NAMED).map(name).collect();
    let more = match emptied.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.join(", ");
    format!("; guard.delete_floor does not let them pass: {NOBODY_LEFT} on {names}{more}")
}

impl fmt::Display for NotApproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRecord { listed, live } => {
                write!(f, "the list has participation {listed} of this person; now it is {live}")
            }
            Self::NotListed => f.write_str("not on the approved list"),
            Self::ListedOtherwise => {
                f.write_str("on the approved list with another action, person or role")
            }
            Self::Earlier { words } => f.write_str(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_of_an_earlier_version_is_read_and_an_account_administrator_is_named() {
        let read = |text: &str| serde_json::from_str::<HoldReason>(text).expect(text);
        let old = read(r#"{"hold":"stuck"}"#);
        assert_eq!(old, HoldReason::Stuck { account_admin: false });
        assert_eq!(serde_json::to_string(&old).expect("plain"), r#"{"hold":"stuck"}"#);
        assert!(!old.to_string().contains("Administrator"), "{old}");
        let known = read(r#"{"hold":"stuck","account_admin":true}"#);
        assert!(known.to_string().contains(ACCOUNT_ADMIN_REASON), "{known}");
        assert!(known.to_string().contains("--retry-stuck"), "{known}");
    }
}
