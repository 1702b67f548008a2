//! What a journal holds. Stored for ever: a field is never renamed, and a new one has a default.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{
        Drift, LiveFields, Membership, MembershipKey, Participation, ParticipationId, Role, Seen,
        UserId,
    },
    plan::Digest,
    run::{Ended, RunId},
};

/// The version of the entries; a reader refuses what is newer. Since 2, each line has a checksum.
pub const JOURNAL_FORMAT: u32 = 2;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line.
    Header {
        /// [`JOURNAL_FORMAT`].
        format: u32,
        /// The run.
        run: RunId,
        /// When it started.
        started_at: Timestamp,
        /// The plan that it carries out.
        digest: Digest,
        /// The tool's version.
        tool: String,
        /// The API.
        base_url: String,
    },
    /// This request is about to leave.
    Intent {
        /// Counts from 0 in each run.
        seq: u64,
        /// What is asked.
        request: Request,
    },
    /// This is how it was answered.
    Outcome {
        /// The intent's.
        seq: u64,
        /// The answer.
        result: RequestResult,
    },
    /// What reading back showed of a request whose answer left rows open.
    Settled {
        /// The intent's.
        seq: u64,
        /// Rows that are there.
        present: Vec<PresentRow>,
        /// Rows that are known not to be there.
        absent: Vec<MembershipKey>,
        /// Rows that could not be looked at, or are there twice.
        unknown: Vec<MembershipKey>,
        /// Why they could not; journals of format 1 do not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        why: Vec<UnknownRow>,
    },
    /// These rows of refused batches are the bad ones: without them the rest went through. Written by
    /// early versions; since then a row is refused alone.
    Rejected {
        /// Which.
        rows: Vec<RejectedRow>,
    },
    /// A look before a delete forbade it.
    Looked {
        /// Who and where.
        key: MembershipKey,
        /// The record.
        id: ParticipationId,
        /// What was found.
        found: Look,
    },
    /// This person was seen to administer the account.
    Administrator {
        /// Who.
        user: UserId,
    },
    /// The run is over.
    End {
        /// How.
        result: Ended,
    },
}

/// A write request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// A bulk create.
    Create {
        /// Its objects, in order.
        memberships: Vec<Membership>,
    },
    /// An update.
    Update {
        /// Who and where.
        key: MembershipKey,
        /// The record.
        id: ParticipationId,
        /// Every before → after.
        drift: Vec<Drift>,
        /// Who led the side that this makes the person lead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        takes_lead_from: Option<UserId>,
    },
    /// A delete.
    Delete {
        /// The record as it was listed: what undo needs.
        live: Box<Participation>,
    },
}

/// A record that an answer shows, or reading back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentRow {
    /// Who and where.
    pub key: MembershipKey,
    /// The record.
    pub id: ParticipationId,
    /// How it was then: what an undo holds it against. Early journals have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenRecord>,
    /// Whether it is proved that the request made it: the answer names it, it is as desired and not
    /// older than the request, or it was read back so and carries this tool's tag. A server that ignores
    /// duplicates names somebody else's record as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made: bool,
}

impl PresentRow {
    /// The same, known to be the request's own work, or not.
    #[must_use]
    pub fn made(mut self, made: bool) -> Self {
        self.made = made;
        self
    }
}

/// How a record was when it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of `Participation`")]
pub struct SeenRecord {
    pub role: Seen<Role>,
    pub fields: LiveFields,
    pub updated_at: Option<Timestamp>,
}

impl From<&Participation> for PresentRow {
    fn from(live: &Participation) -> Self {
        let Participation { id, key, role, fields, created_at: _, updated_at } = live;
        let seen = SeenRecord { role: *role, fields: *fields, updated_at: *updated_at };
        Self { key: *key, id: *id, seen: Some(seen), made: false }
    }
}

/// How a write request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum RequestResult {
    /// Done.
    Done {
        /// Records that the answer shows.
        present: Vec<PresentRow>,
        /// The server's `x-request-id`.
        request_id: Option<String>,
    },
    /// Nothing left, or nothing was done by what did.
    NotDone {
        /// Why, in words.
        message: String,
        /// Whether it was for the end of the run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ends_run: bool,
    },
    /// The server refused: as a whole, or to some rows of a batch.
    Refused {
        /// Why, in words.
        message: String,
        /// The server's `x-request-id`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// The record was gone: of a delete, by somebody else or by an attempt whose answer was lost; of
    /// an update, by somebody else.
    Gone {
        /// Why, in words.
        message: String,
        /// The server's `x-request-id`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// Nobody knows.
    Unknown {
        /// Why, in words.
        message: String,
        /// The server's `x-request-id`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
}

impl RequestResult {
    /// The server's `x-request-id`, where there was an answer with one.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        match self {
            Self::Done { request_id, .. }
            | Self::Refused { request_id, .. }
            | Self::Gone { request_id, .. }
            | Self::Unknown { request_id, .. } => request_id.clone(),
            Self::NotDone { .. } => None,
        }
    }

    /// Why it is not done, in words.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Done { .. } => None,
            Self::NotDone { message, .. }
            | Self::Refused { message, .. }
            | Self::Gone { message, .. }
            | Self::Unknown { message, .. } => Some(message),
        }
    }
}

/// A membership of which reading back could not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownRow {
    /// Who and where.
    pub key: MembershipKey,
    /// Why, in words.
    pub why: String,
}

/// A row that was told apart from a refused batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Who and where.
    pub key: MembershipKey,
    /// The server's words for it.
    pub message: String,
    /// The `x-request-id` of the answer with these words.
    pub request_id: Option<String>,
}

/// What a look before a delete found that forbids it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub enum Look {
    /// Somebody changed the record since the plan.
    Changed,
    /// The person is deactivated, and could not be created again.
    Deactivated,
    /// The record is gone.
    Gone {
        /// Whether the person was to be created again.
        replaced: bool,
    },
    /// It could not be looked at.
    Failed {
        /// Why, in words.
        message: String,
        /// Whether that ends the run.
        ends_run: bool,
        /// The server's `x-request-id`.
        request_id: Option<String>,
    },
}

impl Request {
    /// The memberships that it concerns.
    #[must_use]
    pub fn keys(&self) -> Vec<MembershipKey> {
        match self {
            Self::Create { memberships } => memberships.iter().map(|row| row.key).collect(),
            Self::Update { key, .. } => vec![*key],
            Self::Delete { live } => vec![live.key],
        }
    }

    /// In words for a person.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Create { memberships } => match memberships.as_slice() {
                [row] => format!("create of {}", row.key),
                rows => format!("create of {} memberships", rows.len()),
            },
            Self::Update { key, .. } => format!("update of {key}"),
            Self::Delete { live } => format!("delete of {}", live.key),
        }
    }
}
