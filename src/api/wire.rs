//! The API's answers about participations, and its complaints, decoded (API.md §2, §3).
//!
//! `results` is the only authority for what an answer holds; keyed maps are looked up from it. Ids,
//! `results` and counts are read strictly: without them an answer is none. Any other value of a form
//! that cannot be read is hidden, and costs nothing but itself.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

pub use super::wire_account::{
    decode_assignments, decode_people, decode_people_page, decode_workspaces,
    decode_workspaces_page,
};
use super::{
    envelope::{Counts, Meta, ResultRef, body_text},
    error::Complaint,
    json::{Id, Keyed},
    raw::{Raw, object},
    wire_account::{UserRow, person},
};
use crate::model::{
    AccessLevel, LiveFields, MembershipKey, Participation, ParticipationId, Person, RoleId, Seen,
    UserId, WorkspaceId, field_table,
};

/// The service of this tool's external references (API.md §3.1); one a record and service.
pub(super) const SERVICE_NAME: &str = "kantata-sync";

/// A record's attributes, and the managed fields that they tell: the function of a field's kind reads
/// it from the attributes of its row in the table.
macro_rules! read_fields {
    ($(
        $(#[$doc:meta])*
        $variant:ident, $name:ident: $kind:ident, column $column:ident,
            sent $sent:ident as $written:ident,
            read from $($attribute:ident)+, asked $asked:ident $(($include:literal))?;
    )*) => {
        object!(ParticipationRow {
            workspace_id,
            user_id,
            role,
            $($($attribute,)+)*
            created_at,
            updated_at,
        });

        fn live_fields(row: &ParticipationRow<'_>, references: &References<'_>) -> LiveFields {
            LiveFields { $($name: $kind(references, $(row.$attribute),+),)* }
        }
    };
}
field_table!(read_fields);

object!(ExternalReferenceRow { service_name });

#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    count: Raw<'a>,
    #[serde(borrow)]
    results: Vec<ResultRef<'a>>,
    #[serde(borrow, default)]
    meta: Meta<'a>,
    #[serde(borrow, default)]
    participations: Keyed<ParticipationRow<'a>>,
    #[serde(borrow, default)]
    users: Keyed<UserRow<'a>>,
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
    /// How many pages there are, 0 when the list is empty; none when the answer does not say.
    pub page_count: Option<u64>,
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
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    let Envelope { count, results, meta, participations, users, external_references } = &envelope;
    let counts = Counts::of(*count, meta)?;
    let mut rows = Vec::with_capacity(results.len());
    let mut unresolved = 0;
    for result in results {
        let found = (result.key.0 == "participations").then(|| participations.find(result.id));
        match found.flatten() {
            Some(row) => match listed_row(result.id, row, external_references)? {
                Some(row) => rows.push(row),
                None => unresolved += 1,
            },
            None => unresolved += 1,
        }
    }
    Ok(ListPage {
        count: counts.count,
        page_count: counts.pages,
        rows,
        unresolved,
        people: users.0.iter().filter_map(|(id, row)| person(*id, row)).collect(),
    })
}

fn listed_row(
    id: Id,
    row: &ParticipationRow<'_>,
    references: &References<'_>,
) -> Result<Option<ListedRow>, serde_json::Error> {
    let workspace = row.workspace_id.id("workspace_id")?.and_then(|id| WorkspaceId::new(id.0));
    let user = row.user_id.id("user_id")?.and_then(|id| UserId::new(id.0));
    let (Some(id), Some(workspace)) = (ParticipationId::new(id.0), workspace) else {
        return Ok(None);
    };
    let Some(user) = user else { return Ok(Some(ListedRow::Userless { id, workspace })) };
    Ok(Some(ListedRow::Member(Participation {
        id,
        key: MembershipKey { workspace, user },
        role: row.role.text().and_then(|word| word.parse().ok()).into(),
        fields: live_fields(row, references),
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
    })))
}

type References<'a> = Keyed<ExternalReferenceRow<'a>>;

fn level(_: &References<'_>, level: Raw<'_>, label: Raw<'_>) -> Seen<AccessLevel> {
    AccessLevel::from_answer(level.text().as_deref(), label.text().as_deref())
}

fn flag(_: &References<'_>, value: Raw<'_>) -> Seen<bool> {
    value.flag()
}

fn cents(_: &References<'_>, value: Raw<'_>) -> Seen<Option<i64>> {
    value.whole()
}

fn role_id(_: &References<'_>, value: Raw<'_>) -> Seen<Option<RoleId>> {
    match value.optional_id() {
        // An id that no value of a field can hold is not shown as another one.
        Seen::Visible(Some(id)) if i64::try_from(id.0).is_err() => Seen::Hidden,
        Seen::Visible(id) => Seen::Visible(id.and_then(|id| RoleId::new(id.0))),
        Seen::Hidden => Seen::Hidden,
    }
}

/// Whether a record carries this tool's reference; unknown where its references were not answered,
/// or one of them is not in the answer.
fn tag(references: &References<'_>, ids: Raw<'_>) -> Seen<bool> {
    let Some(ids) = ids.optional_ids() else { return Seen::Hidden };
    let mut tagged = Seen::Visible(false);
    for id in ids {
        let reference = id.and_then(|id| references.find(id));
        match reference.and_then(|reference| reference.service_name.text()).as_deref() {
            Some(SERVICE_NAME) => return Seen::Visible(true),
            Some(_) => {}
            None => tagged = Seen::Hidden,
        }
    }
    tagged
}

fn time(value: Raw<'_>) -> Option<Timestamp> {
    value.text()?.parse().ok()
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
    #[serde(borrow)]
    error_message: Option<&'a RawValue>,
}

/// A value of whatever form; one that fits in no tree is its own text.
fn any(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::from(raw.get()))
}

/// Whether an `errors` complains of nothing: nulls, nothing in it, or no.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.iter().all(Value::is_null),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
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

/// The server's complaints; none when the body has none (it is then an answer). Only `errors` and
/// `error_message` of the body itself count, and only where they say something.
///
/// # Errors
/// When the body is no JSON object.
pub fn decode_complaints(body: &[u8]) -> Result<Vec<Complaint>, serde_json::Error> {
    let text = body_text(body);
    let ErrorBody { errors, error_message } = serde_json::from_str(&text)?;
    let errors = errors.map(any).filter(|errors| !says_nothing(errors));
    let listed = match errors {
        None => Vec::new(),
        Some(Value::Array(errors)) => errors,
        Some(other) => vec![other],
    };
    let message = error_message.map(any).filter(|message| !says_nothing(message));
    Ok(listed.iter().chain(&message).filter(|one| !one.is_null()).map(complaint).collect())
}

/// Whether a successful answer may carry complaints all the same; cheap where it does not.
#[must_use]
pub fn mentions_errors(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"\"error").is_some()
}
