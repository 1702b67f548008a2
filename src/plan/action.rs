//! The vocabulary of a plan: actions with their reasons, and what is held or frozen with theirs.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::{Mode, Wait};
use crate::model::{
    Drift, Field, FieldValue, MembershipKey, MembershipSpec, Participation, ParticipationId, Role,
    UserId, WorkspaceId, coded_or_words,
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
            Self::Update { drift, .. } => match desired_lead(drift) {
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

/// What an update makes of the lead, if anything.
fn desired_lead(drift: &[Drift]) -> Option<bool> {
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
    /// On the project, and the roster says that this has ended.
    Ended {
        /// The last day.
        on: Date,
        /// When the person is to come back, where the roster says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Date>,
    },
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

/// Something odd of what is live that concerns no action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Remark {
    /// A live record has no person; it is held.
    NamesNoPerson {
        /// Which.
        participation: ParticipationId,
        /// Where.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
    },
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

/// How a membership is not as the run that is undone left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "since", rename_all = "snake_case")]
pub enum Since {
    /// Another record is there.
    OtherRecord {
        /// Which.
        id: ParticipationId,
    },
    /// The journal does not say how it was then.
    NeverSeen,
    /// It has other values.
    OtherValues {
        /// The side that it was on and the one that it is on, where these differ.
        role: Option<(Role, Role)>,
        /// Every value then → now.
        drift: Vec<Drift>,
    },
    /// Its values are the same, and somebody touched it.
    Touched {
        /// When.
        at: Timestamp,
    },
    /// Nothing says when it was last touched.
    TouchUnknown,
    /// Whom the run made lead is not on this side any more.
    SuccessorGone {
        /// Who.
        user: UserId,
    },
    /// Somebody else leads this side.
    OtherLead {
        /// Who.
        user: UserId,
    },
    /// The person is not on the project any more.
    Gone,
    /// Whom it moved to the other side is not on the project any more.
    GoneAfterMove,
    /// The person is on the project again.
    ThereAgain,
    /// As an earlier version said it, in words only.
    Earlier {
        /// The words.
        words: String,
    },
}

impl From<String> for Since {
    fn from(words: String) -> Self {
        Self::Earlier { words }
    }
}

/// What an action needs that is outside the part of a plan that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The create that it follows.
    Create,
    /// The promotion of somebody who leads the side then.
    Successor,
    /// That somebody else, who is not wanted, may lose the lead by it.
    LeadOf {
        /// Who.
        user: UserId,
    },
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
        /// In what.
        #[serde(deserialize_with = "coded_or_words")]
        how: Since,
    },
    /// Nobody knows whether the run that is undone did it.
    LeftInDoubt,
    /// The project of somebody whom the run that is undone touched cannot be read.
    Unreadable,
    /// There is nobody to adopt.
    NotLive,
    /// The run that is undone set what cannot be taken away again.
    CannotUnset,
    /// On the project before the roster wants them there: that they are to come proves of nobody that
    /// they are to go.
    NotYet {
        /// The first day.
        starts_on: Date,
    },
    /// Only a part of the plan was asked for, and this needs more than that.
    Outside {
        /// What.
        needs: Need,
    },
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
