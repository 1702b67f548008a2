//! The bodies of write requests: integers for ids, nothing that is unmanaged, never a null.

use serde_json::{Map, Value, json};

use super::wire::SERVICE_NAME;
use crate::model::{Drift, Field, FieldValue, Membership, MembershipKey, MembershipSpec};

/// The body of a bulk create.
pub(super) fn create(batch: &[Membership]) -> Value {
    json!({ "participations": batch.iter().map(creation).collect::<Vec<_>>() })
}

fn creation(creation: &Membership) -> Value {
    let Membership { key, spec: MembershipSpec { role, fields } } = creation;
    let mut object = Map::new();
    // Without `user_id` the token's own user would join (API.md §3.1).
    object.insert("workspace_id".to_owned(), key.workspace.number().into());
    object.insert("user_id".to_owned(), key.user.number().into());
    object.insert("role".to_owned(), role.word().into());
    // What a POST does not take follows as an update.
    let (created, _) = fields.split_for_create();
    object.extend(created.managed().into_iter().map(|(field, value)| written(*key, field, value)));
    Value::Object(object)
}

/// The body of an update: exactly what the drift is to become.
pub(super) fn update(key: MembershipKey, drift: &[Drift]) -> Value {
    let fields = drift.iter().map(|drift| written(key, drift.field, drift.after));
    json!({ "participation": fields.collect::<Map<String, Value>>() })
}

/// A field as requests write it. Only the tag is more than a plain value.
fn written(key: MembershipKey, field: Field, value: FieldValue) -> (String, Value) {
    let value = match field {
        Field::Tagged => tag(key),
        Field::AccessLevel
        | Field::TeamLead
        | Field::CanInvite
        | Field::CanScheduleTheirHours
        | Field::CanScheduleTeamHours
        | Field::WorkspaceRoleId
        | Field::RateInCents
        | Field::CostInCents => json!(value),
    };
    (field.written_as().to_owned(), value)
}

/// This tool's external reference on a membership: a record has one for each service.
fn tag(MembershipKey { workspace, user }: MembershipKey) -> Value {
    json!({
        "service_name": SERVICE_NAME,
        "service_model": "membership",
        "service_model_ref": format!("{workspace}-{user}"),
    })
}
