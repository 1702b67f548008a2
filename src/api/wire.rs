//! The API's answers, decoded (API.md §2, §3).
//!
//! `results` is the only authority for what an answer holds; keyed maps are looked up from it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    error::Complaint,
    json::{Id, Keyed, Text, present},
};
use crate::model::{
    AccessLevel, LiveFields, MembershipKey, Participation, ParticipationId, Permissions, Person,
    RoleId, Seen, UserId, Workspace, WorkspaceId,
};

/// The service of this tool's external references (API.md §3.1); one a record and service.
pub(super) const SERVICE_NAME: &str = "kantata-sync";

#[derive(Debug, Deserialize)]
pub(super) struct ResultRef<'a> {
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    pub(super) id: Id,
}

#[derive(Debug, Default, Deserialize)]
struct Meta {
    count: Option<u64>,
    page_count: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct ParticipationRow<'a> {
    workspace_id: Option<Id>,
    user_id: Option<Id>,
    #[serde(borrow)]
    role: Option<Text<'a>>,
    is_team_lead: Option<bool>,
    can_invite: Option<bool>,
    can_schedule_their_hours: Option<bool>,
    can_schedule_team_hours: Option<bool>,
    #[serde(borrow)]
    access_level: Option<Text<'a>>,
    #[serde(borrow)]
    permissions_label: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    rate_in_cents: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    cost_in_cents: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    workspace_role_id: Option<Option<Id>>,
    external_reference_ids: Option<Vec<Id>>,
    #[serde(borrow)]
    created_at: Option<Text<'a>>,
    #[serde(borrow)]
    updated_at: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct ExternalReferenceRow<'a> {
    #[serde(borrow)]
    service_name: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct UserRow<'a> {
    #[serde(borrow)]
    full_name: Option<Text<'a>>,
    #[serde(borrow)]
    email_address: Option<Text<'a>>,
    disabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct WorkspaceRow<'a> {
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(default)]
    archived: bool,
    /// Of any shape: nobody documents it.
    #[serde(default)]
    permissions: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    count: Option<u64>,
    #[serde(borrow)]
    results: Vec<ResultRef<'a>>,
    #[serde(default)]
    meta: Meta,
    #[serde(borrow, default)]
    participations: Keyed<ParticipationRow<'a>>,
    #[serde(borrow, default)]
    users: Keyed<UserRow<'a>>,
    #[serde(borrow, default)]
    workspaces: Keyed<WorkspaceRow<'a>>,
    #[serde(borrow, default)]
    external_references: Keyed<ExternalReferenceRow<'a>>,
}

/// One row of a participation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedRow {
    /// A membership.
    Member(Participation),
    /// A record that names no person.
    Userless {
        /// The record.
        id: ParticipationId,
        /// Its project.
        workspace: WorkspaceId,
    },
}

/// One page of a participation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// The size of the whole list; none when missing or when the answer contradicts itself.
    pub count: Option<u64>,
    /// How many pages there are; 0 when the list is empty.
    pub page_count: u64,
    /// The rows, in the page's order.
    pub rows: Vec<ListedRow>,
    /// Results without an object, or without a project.
    pub unresolved: usize,
    /// The people that were side-loaded.
    pub people: Vec<Person>,
}

/// Decodes an answer that lists participations: a page, a bulk create's, an update's.
///
/// # Errors
/// When the body is no such JSON; the text says where.
pub fn decode_page(body: &[u8]) -> Result<ListPage, serde_json::Error> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)?;
    let Envelope { count, results, meta, participations, users, external_references, .. } =
        &envelope;
    let mut rows = Vec::with_capacity(results.len());
    let mut unresolved = 0;
    for result in results {
        let found = (result.key.0 == "participations").then(|| participations.find(result.id));
        let row = found.flatten().and_then(|row| listed_row(result.id, row, external_references));
        match row {
            Some(row) => rows.push(row),
            None => unresolved += 1,
        }
    }
    let agree = meta.count.is_none() || meta.count == *count;
    Ok(ListPage {
        count: count.filter(|_| agree),
        page_count: meta.page_count.unwrap_or(u64::from(!results.is_empty())),
        rows,
        unresolved,
        people: users.0.iter().filter_map(|(id, row)| person(*id, row)).collect(),
    })
}

fn listed_row(
    id: Id,
    row: &ParticipationRow<'_>,
    references: &References<'_>,
) -> Option<ListedRow> {
    let id = ParticipationId::new(id.0)?;
    let workspace = WorkspaceId::new(row.workspace_id?.0)?;
    let Some(user) = row.user_id.and_then(|user| UserId::new(user.0)) else {
        return Some(ListedRow::Userless { id, workspace });
    };
    Some(ListedRow::Member(Participation {
        id,
        key: MembershipKey { workspace, user },
        role: text(&row.role).and_then(|word| word.parse().ok()).into(),
        fields: LiveFields { tagged: tagged(row, references), ..live_fields(row) },
        created_at: time(&row.created_at),
        updated_at: time(&row.updated_at),
    }))
}

type References<'a> = Keyed<ExternalReferenceRow<'a>>;

/// Whether a record carries this tool's reference; unknown where its references were not answered,
/// or one of them is not in the answer.
fn tagged(row: &ParticipationRow<'_>, references: &References<'_>) -> Seen<bool> {
    let Some(ids) = &row.external_reference_ids else { return Seen::Hidden };
    let mut tagged = Seen::Visible(false);
    for id in ids {
        match references.find(*id).and_then(|reference| text(&reference.service_name)) {
            Some(SERVICE_NAME) => return Seen::Visible(true),
            Some(_) => {}
            None => tagged = Seen::Hidden,
        }
    }
    tagged
}

fn live_fields(row: &ParticipationRow<'_>) -> LiveFields {
    let role = |role: Option<Id>| role.and_then(|role| RoleId::new(role.0));
    LiveFields {
        access_level: AccessLevel::from_answer(
            text(&row.access_level),
            text(&row.permissions_label),
        ),
        team_lead: row.is_team_lead.into(),
        can_invite: row.can_invite.into(),
        can_schedule_their_hours: row.can_schedule_their_hours.into(),
        can_schedule_team_hours: row.can_schedule_team_hours.into(),
        workspace_role_id: row.workspace_role_id.map(role).into(),
        rate_in_cents: row.rate_in_cents.into(),
        cost_in_cents: row.cost_in_cents.into(),
        tagged: Seen::Hidden,
    }
}

fn text<'t>(text: &'t Option<Text<'_>>) -> Option<&'t str> {
    text.as_ref().map(|text| text.0.as_ref())
}

fn time(value: &Option<Text<'_>>) -> Option<Timestamp> {
    text(value)?.parse().ok()
}

fn person(id: Id, row: &UserRow<'_>) -> Option<Person> {
    let UserRow { full_name, email_address, disabled } = row;
    Some(Person {
        id: UserId::new(id.0)?,
        name: text(full_name).unwrap_or_default().to_owned(),
        email: text(email_address).map(str::to_owned),
        disabled: (*disabled).into(),
    })
}

/// Decodes an answer of `GET /users…`.
///
/// # Errors
/// When the body is no such JSON.
pub fn decode_people(body: &[u8]) -> Result<Vec<Person>, serde_json::Error> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)?;
    let found = envelope.results.iter().filter(|result| result.key.0 == "users");
    Ok(found.filter_map(|result| person(result.id, envelope.users.find(result.id)?)).collect())
}

/// Decodes an answer of `GET /workspaces…`.
///
/// # Errors
/// When the body is no such JSON.
pub fn decode_workspaces(body: &[u8]) -> Result<Vec<Workspace>, serde_json::Error> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)?;
    let found = envelope.results.iter().filter(|result| result.key.0 == "workspaces");
    Ok(found
        .filter_map(|result| {
            let WorkspaceRow { title, archived, permissions: allowed } =
                envelope.workspaces.find(result.id)?;
            Some(Workspace {
                id: WorkspaceId::new(result.id.0)?,
                title: text(title).unwrap_or_default().to_owned(),
                archived: *archived,
                permissions: permissions(allowed).into(),
            })
        })
        .collect())
}

fn permissions(allowed: &serde_json::Value) -> Option<Permissions> {
    let object = allowed.as_object()?;
    let flag =
        |(name, value): (&String, &serde_json::Value)| Some((name.clone(), value.as_bool()?));
    Some(Permissions {
        access_level: object.get("access_level").and_then(|word| word.as_str()).map(str::to_owned),
        flags: object.iter().filter_map(flag).collect(),
    })
}

#[derive(Deserialize)]
struct ErrorBody {
    errors: Option<Value>,
    error_message: Option<Value>,
}

/// One complaint of whatever form: what can be read of it, else its JSON word for word.
fn complaint(error: &Value) -> Complaint {
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = |value: &Value| {
        value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|at| at.try_into().ok())
    };
    let part = |name: &str| error.get(name).filter(|value| !value.is_null());
    Complaint {
        message: part("message").map_or_else(|| words(error), words),
        field: part("field").map(words),
        index: part("index").and_then(number),
    }
}

/// The server's complaints; none when the body has none (it is then an answer), an error when the
/// body is no JSON object.
///
/// # Errors
/// When the body is no JSON object.
pub fn decode_complaints(body: &[u8]) -> Result<Vec<Complaint>, serde_json::Error> {
    let ErrorBody { errors, error_message } = serde_json::from_slice(body)?;
    let listed = match errors {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(errors)) => errors,
        Some(other) => vec![other],
    };
    Ok(listed.iter().chain(&error_message).filter(|one| !one.is_null()).map(complaint).collect())
}

/// Whether a successful answer carries complaints all the same; cheap where it does not.
#[must_use]
pub fn mentions_errors(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"\"error").is_some()
}
