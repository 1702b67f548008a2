//! Talking to Kantata: two traits (reading, writing), and one client that is the only door.
//!
//! What receives `&impl ReadParticipations` cannot write: a dry run is the absence of a writer.
//! Failures are [`ApiError`]s; callers ask them for a [`Disposition`], never for a status number.

mod account;
mod account_page;
mod body;
mod breaker;
mod client;
mod discretion;
mod envelope;
mod error;
mod json;
mod lookup;
mod pace;
mod participations;
mod raw;
mod redaction;
mod retry;
mod settings;
#[cfg(test)]
mod tests;
mod trail;
mod transport;
mod tries;
mod waits;
pub mod wire;
mod wire_account;
mod work;

pub use account::AccountMembership;
pub use account_page::{
    AccountPage, Assignment, NAMES_PER_REQUEST, PeopleQuery, ProjectQuery, ReadAccount, Referenced,
    can_be_asked_for, requests_for,
};
pub use client::{Client, Endpoint, Traffic};
pub use error::{ApiError, Complaint, Disposition, Repeat, Urgency};
pub use settings::HttpSettings;
pub use transport::{
    BODY_LIMIT, HttpTransport, ServiceTransport, Transport, TransportError, TransportSetupError,
};
pub use waits::Waits;
pub use wire::{ListPage, ListedRow};
pub use work::{OpenAssignment, ReadWork, ScheduledHours};

use jiff::Timestamp;

use crate::model::{
    Drift, Membership, MembershipKey, Participation, ParticipationId, Person, UserId, Workspace,
    WorkspaceId,
};

/// The most ids that one proof of projects asks for (API.md §4).
pub const WORKSPACES_PER_REQUEST: usize = 100;
/// The most people that are asked for by their ids at once (API.md §7).
pub const PEOPLE_PER_REQUEST: usize = 200;
/// The most members that one page holds (API.md §1.6).
pub const MEMBERS_PER_PAGE: usize = 200;
/// The most objects that one bulk create may carry (API.md §1.5).
pub const BATCH_LIMIT: usize = 100;

/// What is known once a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<T> {
    /// What the answer says.
    pub value: T,
    /// The server's `x-request-id`.
    pub request_id: Option<String>,
    /// When the request left, by the server's clock: the `Date` of the answer less the time that it
    /// took. To the second; none without a `Date`.
    pub left_at: Option<Timestamp>,
}

/// One record, looked at by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedParticipation {
    /// The record.
    pub live: Participation,
    /// Its person, where side-loaded.
    pub person: Option<Person>,
}

/// Looking, without any way to change something.
pub trait ReadParticipations {
    /// `GET /users/me`: whom the token acts as.
    fn fetch_token_user(&self) -> impl Future<Output = Result<Person, ApiError>>;

    /// `GET /workspaces?only=…`: those of at most [`WORKSPACES_PER_REQUEST`] projects that are
    /// visible, archived ones included.
    fn fetch_workspaces(
        &self,
        ids: &[WorkspaceId],
    ) -> impl Future<Output = Result<Vec<Workspace>, ApiError>>;

    /// One page (from 1) of a project's members, by name, at most [`MEMBERS_PER_PAGE`].
    fn list_page(
        &self,
        workspace: WorkspaceId,
        page: u64,
    ) -> impl Future<Output = Result<ListPage, ApiError>>;

    /// One record with its person; none when it is gone or hidden.
    fn fetch_participation(
        &self,
        id: ParticipationId,
    ) -> impl Future<Output = Result<Option<FetchedParticipation>, ApiError>>;

    /// `GET /account_memberships`: what this person is in the account; none where that is not
    /// shown. Asked once and never repeated: it explains, and no failure of it counts.
    fn fetch_account_membership(
        &self,
        user: UserId,
    ) -> impl Future<Output = Result<Option<AccountMembership>, ApiError>>;

    /// `GET /users?only=…`: those of at most [`PEOPLE_PER_REQUEST`] people whom the token may see, in
    /// any order. It names and nothing else: sent twice at the most, and no failure of it counts.
    fn fetch_people(&self, ids: &[UserId]) -> impl Future<Output = Result<Vec<Person>, ApiError>>;
}

/// Changing something. Repeats that are harmless happen inside; a create is sent once. What waits may
/// be dropped when the run is to end, as its urgency says.
pub trait WriteParticipations: ReadParticipations {
    /// The time by the server's clock, as far as its answers tell it: behind by up to a second and
    /// the time that the last answer took. None where no answer has a `Date`.
    fn server_now(&self) -> Option<Timestamp>;

    /// Waits as long as a write may take to show in lists (`http.settle_wait`).
    fn settle_pause(&self) -> impl Future<Output = ()>;

    /// Creates at most [`BATCH_LIMIT`] memberships; the rows of the answer come in any
    /// order.
    fn create(
        &self,
        batch: &[Membership],
        urgency: Urgency<'_>,
    ) -> impl Future<Output = Result<Answered<Vec<Participation>>, ApiError>>;

    /// Sets the desired values of the drift on the record of this membership; answers the record as it is then.
    fn update(
        &self,
        key: MembershipKey,
        id: ParticipationId,
        drift: &[Drift],
        urgency: Urgency<'_>,
    ) -> impl Future<Output = Result<Answered<Option<Participation>>, ApiError>>;

    /// Deletes; a record that is gone already is an error that [`ApiError::is_gone`] tells.
    fn delete(
        &self,
        id: ParticipationId,
        urgency: Urgency<'_>,
    ) -> impl Future<Output = Result<Answered<()>, ApiError>>;
}
