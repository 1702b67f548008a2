//! The bodies of write requests: integers for ids, nothing that is unmanaged, never a null.

use serde_json::{Map, Value, json};

use super::Creation;
use crate::model::{Drift, Fields, MembershipSpec};

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
    Value::Object(object)
}

/// The body of an update: exactly the wishes of the drift.
pub(super) fn update(drift: &[Drift]) -> Value {
    let fields: Map<String, Value> =
        drift.iter().map(|drift| (drift.field.name().to_owned(), json!(drift.after))).collect();
    json!({ "participation": fields })
}
