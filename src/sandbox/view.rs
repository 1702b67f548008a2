//! How records look from outside: which keys an object has, for whom, and what is side-loaded.
//!
//! Optional fields only when asked for, access levels only for administrators of the project,
//! rates only with financial access (API.md §3.1). Changes nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Cut, Envelope, Keyed, Object};
use super::clock::iso;
use super::field::{FIELDS, Shown};
use super::route::Query;
use super::settings::SandboxSettings;
use super::state::{Participation, User, Workspace, World};

/// What a request may see and asked to see.
pub(super) struct View<'a> {
    pub world: &'a World,
    pub settings: &'a SandboxSettings,
    pub query: &'a Query,
}

impl View<'_> {
    /// Participations with their side-loads.
    pub(super) fn participations(&self, rows: &[Participation], cut: Cut) -> Envelope {
        let objects = rows.iter().map(|one| (one.id, self.participation(one))).collect();
        let mut side = Vec::new();
        if self.includes("user") {
            side.push(("users", self.users_of(rows)));
        }
        if self.includes("workspace_role") {
            side.push(("roles", roles_of(rows)));
        }
        if self.includes("external_references") {
            side.push(("external_references", references_of(rows)));
        }
        Envelope { key: "participations", objects: Keyed(objects), side, cut }
    }

    /// Projects with their side-loads, `rows` being the participations of each.
    pub(super) fn workspaces(
        &self,
        found: &[(Workspace, Vec<Participation>)],
        cut: Cut,
    ) -> Envelope {
        let rows: Vec<Participation> = found.iter().flat_map(|(_, rows)| rows.clone()).collect();
        let objects = found.iter().map(|(one, rows)| (one.id, self.workspace(one, rows))).collect();
        let mut side = Vec::new();
        if self.includes("participations") {
            let plain = rows.iter().map(|one| (one.id, self.plain(one).0)).collect();
            side.push(("participations", Keyed(plain)));
        }
        if self.includes("participants") {
            side.push(("users", self.users_of(&rows)));
        }
        Envelope { key: "workspaces", objects: Keyed(objects), side, cut }
    }

    /// People.
    pub(super) fn users(&self, found: &[User], cut: Cut) -> Envelope {
        let objects = found.iter().map(|one| (one.id, user(one))).collect();
        Envelope { key: "users", objects: Keyed(objects), side: Vec::new(), cut }
    }

    /// Memberships of the account; a membership has the id of its user.
    pub(super) fn account_memberships(&self, found: &[User], cut: Cut) -> Envelope {
        let objects = found.iter().map(|one| (one.id, account_membership(one))).collect();
        Envelope { key: "account_memberships", objects: Keyed(objects), side: Vec::new(), cut }
    }

    fn includes(&self, what: &str) -> bool {
        self.query.words("include").is_some_and(|words| words.contains(what))
    }

    /// The fields that come always, and where the optional ones go.
    fn plain(&self, one: &Participation) -> (Object, usize) {
        let mut object = Object::default().with("role", one.side.word());
        let always = |shown| match shown {
            Shown::Always => true,
            Shown::Financial => self.settings.financial_access,
            Shown::Optional | Shown::Included(_) => false,
        };
        object.0.extend(shown(one, always));
        let optional_at = object.0.len();
        let object = object
            .with("created_at", iso(one.created_at))
            .with("updated_at", iso(one.updated_at))
            .with("user_id", text(one.user))
            .with("workspace_id", text(Some(one.workspace)))
            .with("id", text(Some(one.id)));
        (object, optional_at)
    }

    fn participation(&self, one: &Participation) -> Object {
        let (mut object, at) = self.plain(one);
        object.0.splice(at..at, self.optional(one).0);
        let included = |shown| matches!(shown, Shown::Included(what) if self.includes(what));
        let mut associated = Object(shown(one, included).collect());
        if self.includes("external_references") {
            let ids: Vec<Value> =
                one.external_references.iter().map(|link| text(Some(link.id))).collect();
            associated = associated.with("external_reference_ids", ids);
        }
        let before_id = object.0.len() - 1;
        object.0.splice(before_id..before_id, associated.0);
        object
    }

    fn optional(&self, one: &Participation) -> Object {
        let asked = self.query.words("optional_fields").unwrap_or_default();
        let admin = self.settings.is_admin_of(one.workspace);
        let label = one.level.label(self.settings.custom_permissions);
        let levels = [
            ("access_level", Value::from(one.level.read())),
            ("permissions_label", Value::from(label)),
        ];
        let levels = levels.into_iter().filter(|_| admin);
        let all = levels.chain(shown(one, |shown| shown == Shown::Optional));
        Object(all.filter(|(key, _)| asked.contains(key)).collect())
    }

    fn workspace(&self, one: &Workspace, rows: &[Participation]) -> Object {
        let mut object = Object::default()
            .with("title", one.title.as_str())
            .with("archived", one.archived)
            .with("created_at", iso(one.created_at))
            .with("updated_at", iso(one.updated_at));
        if self.includes("participations") {
            let ids: Vec<Value> = rows.iter().map(|row| text(Some(row.id))).collect();
            object = object.with("participation_ids", ids);
        }
        if self.includes("participants") {
            let ids: Vec<Value> = distinct(rows).map(|id| text(Some(id))).collect();
            object = object.with("participant_ids", ids);
        }
        object.with("id", text(Some(one.id)))
    }

    fn users_of(&self, rows: &[Participation]) -> Keyed {
        let people = distinct(rows).filter_map(|id| self.world.users().get(&id));
        Keyed(people.map(|one| (one.id, user(one))).collect())
    }
}

/// The fields of the table that are shown so.
fn shown(
    one: &Participation,
    is_shown: impl Fn(Shown) -> bool,
) -> impl Iterator<Item = (&'static str, Value)> {
    let rows = FIELDS.iter().filter(move |row| is_shown(row.shown));
    rows.map(|row| (row.read, row.shown_value(one)))
}

/// The people of some rows, each once, in the rows' order.
fn distinct(rows: &[Participation]) -> impl Iterator<Item = u64> {
    let mut seen = BTreeSet::new();
    rows.iter().filter_map(|one| one.user).filter(move |id| seen.insert(*id))
}

fn user(one: &User) -> Object {
    Object::default()
        .with("full_name", one.name.as_str())
        .with("email_address", one.email.as_str())
        .with("disabled", one.disabled)
        .with("id", text(Some(one.id)))
}

fn account_membership(one: &User) -> Object {
    /// The account everybody here is a member of; a plain id field is a number (API.md §2).
    const ACCOUNT: u64 = 1;
    let permission = if one.account_admin { "Account Administrator" } else { "Project Lead" };
    let disabled_at = one.disabled.then_some("2026-01-01T00:00:00Z");
    Object::default()
        .with("account_id", ACCOUNT)
        .with("permission", permission)
        .with("disabled_at", disabled_at)
        .with("user_id", text(Some(one.id)))
        .with("id", text(Some(one.id)))
}

fn roles_of(rows: &[Participation]) -> Keyed {
    let ids: BTreeSet<u64> = rows.iter().filter_map(|one| one.workspace_role_id).collect();
    let role =
        |id: u64| Object::default().with("name", format!("Role {id}")).with("id", text(Some(id)));
    Keyed(ids.into_iter().map(|id| (id, role(id))).collect())
}

fn references_of(rows: &[Participation]) -> Keyed {
    let links = rows.iter().flat_map(|one| &one.external_references);
    let object = |link: &super::state::ExternalReference| {
        Object::default()
            .with("service_name", link.service_name.as_str())
            .with("service_model", link.service_model.as_str())
            .with("service_model_ref", link.service_model_ref.as_str())
            .with("id", text(Some(link.id)))
    };
    Keyed(links.map(|link| (link.id, object(link))).collect())
}

/// Ids in answers are strings.
fn text(id: Option<u64>) -> Value {
    id.map_or(Value::Null, |id| Value::from(id.to_string()))
}
