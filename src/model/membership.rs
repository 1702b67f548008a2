//! A membership (key and spec, as a roster desires it) and a participation (a live record with an id).

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fields, LiveFields, ParticipationId, Seen, UserId, WorkspaceId};

/// The side of a project that a member is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Provider (consultant) side.
    Maven,
    /// Client side.
    Buyer,
}

/// A word that names no side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no role (`maven` or `buyer`)")]
pub struct RoleError {
    /// What was found.
    pub word: String,
}

impl Role {
    /// The word of the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maven => "maven",
            Self::Buyer => "buyer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    /// Exactly the two words of the API; the roster's aliases are the roster reader's business.
    fn from_str(word: &str) -> Result<Self, RoleError> {
        match word {
            "maven" => Ok(Self::Maven),
            "buyer" => Ok(Self::Buyer),
            _ => Err(RoleError { word: word.to_owned() }),
        }
    }
}

/// Who is on which project: what makes two records the same membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the two ids say it")]
pub struct MembershipKey {
    pub workspace: WorkspaceId,
    pub user: UserId,
}

impl fmt::Display for MembershipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "project {} user {}", self.workspace, self.user)
    }
}

/// What a roster says of one membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipSpec {
    /// The side; cannot be updated (API.md §1.4).
    pub role: Role,
    /// Everything else that is managed.
    pub fields: Fields,
}

/// Who is to be where, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Who and where.
    pub key: MembershipKey,
    /// What.
    pub spec: MembershipSpec,
}

/// What goes with a record, and nothing brings back (API.md §1.4), in words.
pub const LOST_WITH_A_RECORD: &str = "assignments, scheduled and allocated hours";

/// A live membership, as far as the token can see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participation {
    /// The record's id.
    pub id: ParticipationId,
    /// Who and where.
    pub key: MembershipKey,
    /// The side; hidden when the answer has none or a word nobody documents.
    pub role: Seen<Role>,
    /// The managed fields.
    pub fields: LiveFields,
    /// When the person joined.
    pub created_at: Option<Timestamp>,
    /// When the record last changed: how a later look tells whether somebody else was here.
    pub updated_at: Option<Timestamp>,
}

/// A person, as side-loaded or asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id.
    pub id: UserId,
    /// As the account writes it.
    pub name: String,
    /// Where visible.
    pub email: Option<String>,
    /// Deactivated; hidden when the answer does not say.
    pub disabled: Seen<bool>,
}

/// A project, as `GET /workspaces` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// The id.
    pub id: WorkspaceId,
    /// As the account writes it.
    pub title: String,
    /// Archived projects are held: neither listed nor changed.
    pub archived: bool,
    /// What the token's user may do there; hidden where the answer does not say.
    pub permissions: Seen<Permissions>,
}

/// What the token's user may do on a project, in the API's words; which there are is documented
/// nowhere, so nothing but a diagnosis may depend on them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Permissions {
    /// The user's own level, in the words that are read.
    pub access_level: Option<String>,
    /// Everything that is a yes or no.
    pub flags: BTreeMap<String, bool>,
}
