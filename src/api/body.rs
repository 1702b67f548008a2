//! The bodies of write requests: integers for ids, nothing that is unmanaged, never a null.

use serde_json::{Map, Value, json};

use super::{Creation, wire::SERVICE_NAME};
use crate::model::{Drift, Field, Fields, MembershipKey, MembershipSpec};

/// The body of a bulk create.
pub(super) fn create(batch: &[Creation]) -> Value {
    json!({ "participations": batch.iter().map(creation).collect::<Vec<_>>() })
}

fn creation(creation: &Creation) -> Value {
    let Creation { key, spec: MembershipSpec { role, fields } } = creation;
    let Fields {
        access_level,
        can_invite,
        can_schedule_their_hours,
        can_schedule_team_hours,
        tagged,
        // Not accepted on POST; they follow as an update.
        team_lead: _,
        workspace_role_id: _,
        rate_in_cents: _,
        cost_in_cents: _,
    } = fields;
    let mut object = Map::new();
    // Without `user_id` the token's own user would join (API.md §3.1).
    object.insert("workspace_id".to_owned(), key.workspace.number().into());
    object.insert("user_id".to_owned(), key.user.number().into());
    object.insert("role".to_owned(), role.word().into());
    if let Some(level) = access_level {
        object.insert("access_level".to_owned(), level.word().into());
    }
    for (name, flag) in [
        ("can_invite", can_invite),
        ("can_schedule_their_hours", can_schedule_their_hours),
        ("can_schedule_team_hours", can_schedule_team_hours),
    ] {
        if let Some(flag) = flag {
            object.insert(name.to_owned(), (*flag).into());
        }
    }
    if *tagged == Some(true) {
        let (name, value) = tag(*key);
        object.insert(name, value);
    }
    Value::Object(object)
}

/// The body of an update: exactly the wishes of the drift.
pub(super) fn update(key: MembershipKey, drift: &[Drift]) -> Value {
    let wish = |drift: &Drift| match drift.field {
        Field::Tagged => tag(key),
        field => (field.name().to_owned(), json!(drift.after)),
    };
    let fields: Map<String, Value> = drift.iter().map(wish).collect();
    json!({ "participation": fields })
}

/// This tool's external reference on a membership: a record has one for each service.
fn tag(MembershipKey { workspace, user }: MembershipKey) -> (String, Value) {
    let reference = json!({
        "service_name": SERVICE_NAME,
        "service_model": "membership",
        "service_model_ref": format!("{workspace}-{user}"),
    });
    ("external_reference".to_owned(), reference)
}
