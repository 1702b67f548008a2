//! The words of the domain: ids, memberships, access levels, the desired and the live set.
//!
//! Owns what a membership *is* and how what is desired compares with what is live. Knows nothing of
//! files, HTTP, time or any phase; every other module may use it.

mod access;
mod dates;
mod earlier;
mod field;
mod id;
mod kind;
mod line;
mod membership;
mod mention;
mod outcome;
#[cfg(test)]
pub mod sample;
mod set;
mod unreadable;
mod value;
mod visible;

pub use access::{ACCOUNT_ADMIN_REASON, AccessLevel, AccessLevelError};
pub use dates::{DatedMembership, Dates, NotNow, Turn, Upcoming};
pub use earlier::coded_or_words;
pub(crate) use field::field_table;
pub use field::{Asked, Comparison, Drift, Field, Fields, LiveFields, RosterColumn, Seen, Sent};
pub use id::{IdError, ParticipationId, RoleId, UserId, WorkspaceId};
pub use line::{file_and_line, line_of_file, line_words};
pub use membership::{
    LOST_WITH_A_RECORD, Membership, MembershipKey, MembershipSpec, Participation, Permissions,
    Person, Role, RoleError, Workspace,
};
pub use mention::{Mention, Mentions};
pub use outcome::Outcome;
pub use set::{
    DesiredMembership, DesiredSet, Freeze, Listing, LiveSet, LiveWorkspace, Scope, Unnamed,
    UserlessRow,
};
pub use unreadable::Unreadable;
pub use value::FieldValue;
pub use visible::{acts, is_invisible, visible};
