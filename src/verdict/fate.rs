//! What became of an action, with why: values only. The words for people are made in `report`.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    guard::Refusal,
    model::{Drift, Outcome, ParticipationId, Role, UserId, WorkspaceId},
    plan::FreezeCause,
    run::Ended,
};

/// An outcome with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// What became of it.
    pub outcome: Outcome,
    /// Why.
    pub why: Why,
    /// The live record, where there is one.
    pub participation: Option<ParticipationId>,
    /// The server's `x-request-id` of the deciding answer.
    pub request_id: Option<String>,
    /// Values that were answered as done and are not so: before is what is live now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<Drift>,
    /// Whether the access level among these can never stick: the person is an Account
    /// Administrator (API.md §1.10).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub account_admin: bool,
}

impl Fate {
    /// A fate with its reason and nothing else.
    #[must_use]
    pub fn new(outcome: Outcome, why: Why) -> Self {
        Self {
            outcome,
            why,
            participation: None,
            request_id: None,
            unchanged: Vec::new(),
            account_admin: false,
        }
    }

    /// The same, with the live record it concerns.
    #[must_use]
    pub fn of(mut self, participation: impl Into<Option<ParticipationId>>) -> Self {
        self.participation = participation.into();
        self
    }

    /// The same, with the answer that decided it.
    #[must_use]
    pub fn answered(mut self, request_id: Option<String>) -> Self {
        self.request_id = request_id;
        self
    }

    /// The same fate, with another reason that knows of the first one.
    #[must_use]
    pub fn because(mut self, why: impl FnOnce(Box<Why>) -> Why) -> Self {
        self.why = why(Box::new(self.why));
        self
    }
}

/// Why an action has its fate. `code` is what a script matches; it is never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Why {
    /// There is nothing to add to the outcome, or to why the action is in the plan.
    AsPlanned,
    /// The answer did not say; reading back shows it as it was asked for.
    SeenOnReadingBack,
    /// The answer did not say; reading back shows no record any more.
    GoneOnReadingBack,
    /// There was nothing to delete any more.
    WasGoneAlready,

    /// The answer shows the record with other values than were asked for.
    OtherValues {
        /// The side that it has and the one asked for, where these differ.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<OtherRole>,
    },
    /// Reading back found a record with other values than were asked for.
    FoundWithOtherValues {
        /// The side that it has and the one asked for, where these differ.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<OtherRole>,
        /// Which: before is what is live.
        values: Vec<Drift>,
    },
    /// An update was answered as done, and the record still has its values.
    StillUnchanged,

    /// The server refused it.
    Refused {
        /// The server's words.
        message: String,
    },
    /// The server refused it together with other rows, and it was not sent again.
    RefusedWithOthers {
        /// The server's words.
        message: String,
    },
    /// All tries were used up; known not to have happened.
    TriesUsedUp {
        /// What went wrong last.
        message: String,
    },
    /// The run was to end before it could leave.
    RunWasToEnd {
        /// What went wrong, or why the run was to end.
        message: String,
    },
    /// The answer did not say, and it is known not to be there.
    NotThere {
        /// What the answer was.
        doubt: Doubt,
    },
    /// The answer to an update did not say, and the record is gone.
    RecordIsGone {
        /// What the answer was.
        doubt: Doubt,
    },
    /// Somebody removed the record since the plan.
    RecordWasGone,
    /// The answer to an update did not say, and the record still has its values.
    StillAsBefore {
        /// What the answer was.
        doubt: Doubt,
        /// Which: before is what is live.
        values: Vec<Drift>,
    },
    /// The answer to a delete did not say, and the record is still there.
    StillThere {
        /// What the answer was.
        doubt: Doubt,
    },

    /// The answer does not say, and nobody looked.
    AnswerTellsNothing {
        /// What the answer was.
        doubt: Doubt,
    },
    /// The answer does not say, and reading back does not either.
    CannotTell {
        /// What the answer was.
        doubt: Doubt,
        /// Why reading back does not say.
        look: String,
    },
    /// The journal is damaged where it could stand.
    JournalDamaged {
        /// Where, and how.
        damage: String,
    },

    /// The same, after the request was sent several times.
    SentAgain {
        /// How often it was sent.
        times: u32,
        /// What came of the last.
        last: Box<Why>,
    },
    /// A lead is not deleted before somebody is seen to lead no more.
    StillLeads {
        /// What came of ending the lead.
        demotion: Box<Why>,
    },
    /// The lead was ended, and the run was over before the delete.
    LeadsNoMore,

    /// The look before a delete found another record than was planned with.
    ChangedSincePlan,
    /// The look before a replacement found the person deactivated.
    Deactivated,
    /// The look before a replacement found the record gone.
    GoneBeforeReplacement,
    /// The look before a delete failed.
    LookFailed {
        /// What went wrong.
        message: String,
    },

    /// The record of a replacement is deleted, and the run ended before the create.
    CreateNotSent,
    /// The record of a replacement is deleted, and the create failed.
    CreateFailed {
        /// What came of the create.
        create: Box<Why>,
    },
    /// The delete of a replacement was answered as done and did nothing, and the create failed.
    DeleteDidNothing {
        /// What came of the create.
        create: Box<Why>,
    },
    /// The record of a replacement is deleted, and somebody else made another one.
    SomebodyElseActed {
        /// What came of the create.
        create: Box<Why>,
    },
    /// A replacement is there again; what only an update may carry was not sent.
    UpdateNotSent,

    /// The create that it follows is not known to have happened.
    WithoutItsCreate,
    /// What it needs did not happen.
    WithoutWhatItNeeds,
    /// The run ended before it.
    RunEnded {
        /// How.
        ended: Ended,
    },
    /// The run was killed before it was sent.
    RunKilled,
    /// Something went wrong on the same project.
    AfterTrouble {
        /// The worst of what went wrong.
        trouble: Trouble,
    },
    /// A replacement elsewhere did not bring its person back: what kept that one may keep all.
    AfterLostReplacement {
        /// Whose replacement.
        user: UserId,
        /// Where.
        workspace: WorkspaceId,
        /// What became of it.
        outcome: Outcome,
    },

    /// Invalid rows of the roster freeze it.
    Frozen(FreezeCause),
    /// A limit, or an approval, keeps it back.
    Withheld(Refusal),

    /// As an earlier version said it, in words only.
    Earlier {
        /// The words.
        words: String,
    },
}

/// The side that a record has, and the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OtherRole {
    pub live: Role,
    pub desired: Role,
}

/// Why the answer to a request does not tell what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Doubt {
    /// The run ended before it was written down.
    NotWrittenDown,
    /// Answered as done, without showing the record.
    ShowsNoRecord,
    /// An error.
    Error {
        /// In words.
        message: String,
    },
}

/// What went wrong with an action that others depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// With which kind of action.
    pub with: TroubleWith,
    /// Whose.
    pub user: UserId,
    /// What became of it.
    pub outcome: Outcome,
}

/// The kinds of action that others depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum TroubleWith {
    Create,
    Update,
    Promotion,
    Replacement,
}
