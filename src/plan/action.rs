//! The vocabulary of a plan: actions with their reasons, and what is held or frozen with theirs.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::{Mode, Wait};
use crate::model::{
    ACCOUNT_ADMIN_REASON, Drift, Field, FieldValue, LOST_WITH_A_RECORD, MembershipKey,
    MembershipSpec, Participation, ParticipationId, UserId,
};

/// One change of one membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Who and where.
    pub key: MembershipKey,
    /// What.
    pub change: Change,
    /// Why.
    pub reason: Reason,
}

/// What is done to a membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Change {
    /// Desired, not live. Holds only what a POST may carry.
    Create {
        /// What to create.
        spec: MembershipSpec,
    },
    /// A managed field differs.
    Update {
        /// Which record.
        target: Target,
        /// Every before → after; the PUT carries exactly the afters.
        drift: Vec<Drift>,
        /// Who leads the side that this makes the person lead: whether that ends by itself is
        /// documented nowhere (API.md §3.3), and an undo has to know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        takes_lead_from: Option<UserId>,
    },
    /// Live in scope, not desired.
    Delete {
        /// The record as listed: what is lost, what undo needs, what a later look is held against.
        live: Box<Participation>,
        /// A lead is demoted first, as part of the delete.
        demote_first: bool,
    },
    /// The side differs: delete, then create.
    Replace {
        /// The record as listed.
        live: Box<Participation>,
        /// A lead is demoted first, as part of the delete.
        demote_first: bool,
        /// What to create in its place; holds only what a POST may carry.
        spec: MembershipSpec,
        /// What only an update may carry, sent after the create.
        later: Vec<Drift>,
        /// As of an update.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        takes_lead_from: Option<UserId>,
    },
}

/// Which record an update is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A record that is live now.
    Live(ParticipationId),
    /// The record that this run's create of the same key makes.
    Created,
}

/// The order in which a run carries actions out (PRODUCT.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Bulk creates.
    Create,
    /// Updates that make somebody lead.
    Promote,
    /// All other updates.
    Update,
    /// Updates that end somebody's lead.
    Demote,
    /// Deletes and replacements.
    Delete,
}

impl Change {
    /// When it is carried out.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self {
            Self::Create { .. } => Stage::Create,
            Self::Update { drift, .. } => match lead_wish(drift) {
                Some(true) => Stage::Promote,
                Some(false) => Stage::Demote,
                None => Stage::Update,
            },
            Self::Delete { .. } | Self::Replace { .. } => Stage::Delete,
        }
    }

    /// Whether it destroys a live record: deletes and replacements count together everywhere.
    #[must_use]
    pub fn destroys(&self) -> bool {
        matches!(self, Self::Delete { .. } | Self::Replace { .. })
    }

    /// The live record it concerns, where one is known before the run.
    #[must_use]
    pub fn participation(&self) -> Option<ParticipationId> {
        match self {
            Self::Create { .. } | Self::Update { target: Target::Created, .. } => None,
            Self::Update { target: Target::Live(id), .. } => Some(*id),
            Self::Delete { live, .. } | Self::Replace { live, .. } => Some(live.id),
        }
    }

    /// The word for the class.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Replace { .. } => "replace",
        }
    }

    /// The mark that carries the meaning where colour does not.
    #[must_use]
    pub const fn mark(&self) -> &'static str {
        match self {
            Self::Create { .. } => "+",
            Self::Update { .. } => "~",
            Self::Delete { .. } => "-",
            Self::Replace { .. } => "±",
        }
    }
}

/// What an update wants of the lead, if anything.
fn lead_wish(drift: &[Drift]) -> Option<bool> {
    drift.iter().find_map(|drift| match (drift.field, drift.after) {
        (Field::TeamLead, FieldValue::Flag(lead)) => Some(lead),
        _ => None,
    })
}

/// Why an action is in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// In the roster, not on the project.
    NotLive,
    /// What a create may not carry follows it as an update.
    FollowsCreate,
    /// On the project with other values.
    Differs,
    /// On the project, not in the roster.
    NotDesired,
    /// The configuration names the project, and the roster has no rows for it.
    ProjectWithoutRows,
    /// On the other side of the project; a side cannot be updated.
    RoleDiffers,
    /// The roster names it, and it does not carry this tool's reference.
    NotTagged,
    /// The run that is undone deleted it.
    DeletedByRun,
    /// The run that is undone created it.
    CreatedByRun,
    /// The run that is undone set other values.
    UpdatedByRun,
    /// The run that is undone moved it to the other side.
    ReplacedByRun,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLive => "in the roster, not on the project",
            Self::FollowsCreate => "follows the create, which cannot carry these fields",
            Self::Differs => "on the project with other values",
            Self::NotDesired => "on the project, not in the roster",
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

/// A difference that is left alone because policy or knowledge forbids it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who and where.
    pub key: MembershipKey,
    /// What would be done; none where not even that is known.
    pub change: Option<Change>,
    /// Why it is not.
    pub reason: HoldReason,
}

/// Why a difference is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "hold", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HoldReason {
    /// The mode has no such action.
    Mode {
        /// The mode in force.
        mode: Mode,
    },
    /// `allow_replace` is off.
    ReplaceNotAllowed,
    /// The roster is marked as partial: nobody is replaced.
    PartialRoster,
    /// `protect.users` names the person.
    Protected {
        /// The entry that does.
        entry: String,
    },
    /// The token acts as this person.
    TokenUser,
    /// The person leads their side, and the roster names nobody to follow.
    LeadWithoutSuccessor,
    /// Making this person lead may end the lead of somebody who is never demoted.
    LeadIsProtected,
    /// The token cannot see the live value.
    Hidden,
    /// Only what carries this tool's reference may be deleted, and this does not.
    NotTagged,
    /// Not as the run that is undone left it.
    ChangedSince {
        /// In what, in words.
        how: String,
    },
    /// Nobody knows whether the run that is undone did it.
    LeftInDoubt,
    /// The project of somebody whom the run that is undone touched cannot be read.
    Unreadable,
    /// There is nobody to adopt.
    NotLive,
    /// The run that is undone set what cannot be taken away again.
    CannotUnset,
    /// Missing from the roster, but not for long enough.
    Waiting {
        /// What is missing.
        wait: Wait,
    },
    /// Answered as done in two runs, and unchanged.
    Stuck {
        /// Whether the person was seen to be an Account Administrator, who cannot hold less.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        account_admin: bool,
    },
    /// The project is archived.
    Archived,
    /// The person is deactivated, so a replacement could not create them again.
    Deactivated,
    /// Records of the project name no person: one of them may be this one's.
    Nameless {
        /// The records.
        ids: Vec<ParticipationId>,
    },
    /// The person is on the project more than once.
    DuplicateLive {
        /// The records.
        ids: Vec<ParticipationId>,
    },
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
            Self::LeadWithoutSuccessor => {
                f.write_str("leads this side of the project, and nobody else is to lead it")
            }
            Self::LeadIsProtected => {
                f.write_str("would take the lead from a protected person or the token's own user")
            }
            Self::Hidden => f.write_str("the live value is not visible to this token"),
            Self::NotTagged => f.write_str("does not carry this tool's tag (ownership = tagged)"),
            Self::ChangedSince { how } => write!(f, "changed since the run that is undone: {how}"),
            Self::LeftInDoubt | Self::CannotUnset | Self::Unreadable | Self::NotLive => {
                f.write_str(self.short_words())
            }
            Self::Waiting { wait } => wait.fmt(f),
            Self::Stuck { account_admin } => stuck(*account_admin, f),
            Self::Archived => f.write_str("the project is archived"),
            Self::Deactivated => {
                f.write_str("the person is deactivated: deleted, they could not be created again")
            }
            Self::Nameless { ids } => {
                f.write_str("may be on the project already: these participations name no person:")?;
                ids.iter().try_for_each(|id| write!(f, " {id}"))
            }
            Self::DuplicateLive { ids } => {
                f.write_str("on the project more than once: participations")?;
                ids.iter().try_for_each(|id| write!(f, " {id}"))
            }
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

/// A delete or replacement that a problem nearby forbids in this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// What would be done.
    pub action: Action,
    /// What forbids it.
    pub cause: FreezeCause,
}

/// What freezes a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FreezeCause {
    /// Roster rows of this project are invalid.
    InvalidRows {
        /// Their lines.
        lines: Vec<u64>,
    },
    /// Roster rows that could not be tied to a project are invalid.
    UntiedRows {
        /// Their lines.
        lines: Vec<u64>,
    },
}

impl fmt::Display for FreezeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, which) = match self {
            Self::InvalidRows { lines } => (lines, "of this project"),
            Self::UntiedRows { lines } => (lines, "whose project is doubtful"),
        };
        let shown: Vec<String> = lines.iter().take(5).map(u64::to_string).collect();
        let more = if lines.len() > shown.len() { ", …" } else { "" };
        write!(f, "invalid roster rows {which}: line {}{more}", shown.join(", "))
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
