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
use super::state::{ExternalReference, Participation, Subject, User, Workspace, World};
use super::work::{Allocation, Task};

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
            let links = rows.iter().flat_map(|one| &one.external_references);
            side.push(("external_references", references(links)));
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
        side.extend(self.links_of(found.iter().map(|(one, _)| Subject::Workspace(one.id))));
        Envelope { key: "workspaces", objects: Keyed(objects), side, cut }
    }

    /// People.
    pub(super) fn users<'a>(
        &self,
        found: impl Iterator<Item = &'a User> + Clone,
        cut: Cut,
    ) -> Envelope {
        let objects = found.clone().map(|one| (one.id, self.user(one))).collect();
        let side = self.links_of(found.map(|one| Subject::User(one.id)));
        Envelope { key: "users", objects: Keyed(objects), side: side.into_iter().collect(), cut }
    }

    /// Assignments, with their tasks, which have the same ids here.
    pub(super) fn assignments(&self, found: &[&Task], cut: Cut) -> Envelope {
        let objects = found.iter().map(|one| (one.id, assignment(one))).collect();
        let mut side = Vec::new();
        if self.includes("story") {
            side.push(("stories", Keyed(found.iter().map(|one| (one.id, story(one))).collect())));
        }
        Envelope { key: "assignments", objects: Keyed(objects), side, cut }
    }

    /// Scheduled hours, with the people that they are for.
    pub(super) fn allocations(&self, found: &[&Allocation], cut: Cut) -> Envelope {
        let objects = found.iter().map(|one| (one.id, allocation(one))).collect();
        let mut side = Vec::new();
        if self.includes("user") {
            let ids: BTreeSet<u64> = found.iter().map(|one| one.user).collect();
            let people = ids.iter().filter_map(|id| self.world.users().get(id));
            side.push(("users", Keyed(people.map(|one| (one.id, self.user(one))).collect())));
        }
        Envelope { key: "workspace_allocations", objects: Keyed(objects), side, cut }
    }

    /// Resources: the places of people on projects, with ids of their own.
    pub(super) fn workspace_resources(&self, rows: &[Participation], cut: Cut) -> Envelope {
        let objects = rows.iter().map(|one| (resource_id(one), self.resource(one))).collect();
        let mut side = Vec::new();
        if self.includes("participation") {
            let plain = rows.iter().map(|one| (one.id, self.plain(one).0)).collect();
            side.push(("participations", Keyed(plain)));
        }
        if self.includes("user") {
            side.push(("users", self.users_of(rows)));
        }
        if self.includes("workspace") {
            let ids: BTreeSet<u64> = rows.iter().map(|one| one.workspace).collect();
            let on = ids.iter().filter_map(|id| self.world.workspaces().get(id));
            let plain = on.map(|one| (one.id, workspace(one).with("id", text(Some(one.id)))));
            side.push(("workspaces", Keyed(plain.collect())));
        }
        Envelope { key: "workspace_resources", objects: Keyed(objects), side, cut }
    }

    /// Memberships of the account; a membership has the id of its user.
    pub(super) fn account_memberships(&self, found: &[User], cut: Cut) -> Envelope {
        let objects = found.iter().map(|one| (one.id, account_membership(one))).collect();
        Envelope { key: "account_memberships", objects: Keyed(objects), side: Vec::new(), cut }
    }

    fn resource(&self, one: &Participation) -> Object {
        let mut object = Object::default()
            .with("created_at", iso(one.created_at))
            .with("updated_at", iso(one.updated_at))
            .with("user_id", text(one.user))
            .with("workspace_id", text(Some(one.workspace)));
        if self.includes("participation") {
            object = object.with("participation_id", text(Some(one.id)));
        }
        object.with("id", text(Some(resource_id(one))))
    }

    fn user(&self, one: &User) -> Object {
        self.linked(user(one), Subject::User(one.id)).with("id", text(Some(one.id)))
    }

    /// The object with the ids of its links, where they are asked for.
    fn linked(&self, object: Object, of: Subject) -> Object {
        if !self.shows_links(of) {
            return object;
        }
        let links = self.world.references(of).iter();
        let ids: Vec<Value> = links.map(|link| text(Some(link.id))).collect();
        object.with("external_reference_ids", ids)
    }

    fn shows_links(&self, of: Subject) -> bool {
        let shown = match of {
            Subject::User(_) => self.settings.lookups.users_show_references,
            Subject::Workspace(_) => true,
        };
        shown && self.includes("external_references")
    }

    /// The links of some people or projects, where they are asked for.
    fn links_of(&self, of: impl Iterator<Item = Subject>) -> Option<(&'static str, Keyed)> {
        if !self.includes("external_references") {
            return None;
        }
        let shown = of.filter(|one| self.shows_links(*one));
        let links = references(shown.flat_map(|one| self.world.references(one)));
        Some(("external_references", links))
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
        let mut object = workspace(one);
        if self.includes("participations") {
            let ids: Vec<Value> = rows.iter().map(|row| text(Some(row.id))).collect();
            object = object.with("participation_ids", ids);
        }
        if self.includes("participants") {
            let ids: Vec<Value> = distinct(rows).map(|id| text(Some(id))).collect();
            object = object.with("participant_ids", ids);
        }
        self.linked(object, Subject::Workspace(one.id)).with("id", text(Some(one.id)))
    }

    fn users_of(&self, rows: &[Participation]) -> Keyed {
        let people = distinct(rows).filter_map(|id| self.world.users().get(&id));
        let object = |one: &User| user(one).with("id", text(Some(one.id)));
        Keyed(people.map(|one| (one.id, object(one))).collect())
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

fn assignment(one: &Task) -> Object {
    Object::default()
        .with("current", one.current)
        .with("assignee_id", text(Some(one.assignee)))
        .with("story_id", text(Some(one.id)))
        .with("id", text(Some(one.id)))
}

fn story(one: &Task) -> Object {
    Object::default()
        .with("title", one.title.as_str())
        .with("workspace_id", text(Some(one.workspace)))
        .with("id", text(Some(one.id)))
}

fn allocation(one: &Allocation) -> Object {
    Object::default()
        .with("start_date", one.start_date.to_string())
        .with("end_date", one.end_date.to_string())
        .with("minutes", one.minutes)
        .with("user_id", text(Some(one.user)))
        .with("workspace_id", text(Some(one.workspace)))
        .with("id", text(Some(one.id)))
}

/// A person, up to what is associated with them.
fn user(one: &User) -> Object {
    Object::default()
        .with("full_name", one.name.as_str())
        .with("email_address", one.email.as_str())
        .with("disabled", one.disabled)
}

/// A project, up to what is associated with it.
fn workspace(one: &Workspace) -> Object {
    Object::default()
        .with("title", one.title.as_str())
        .with("archived", one.archived)
        .with("created_at", iso(one.created_at))
        .with("updated_at", iso(one.updated_at))
}

/// Never the id of a participation: who takes the one for the other finds nothing.
const fn resource_id(one: &Participation) -> u64 {
    const FIRST_RESOURCE: u64 = 500_000_000;
    FIRST_RESOURCE + one.id
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

fn references<'a>(links: impl Iterator<Item = &'a ExternalReference>) -> Keyed {
    let object = |link: &ExternalReference| {
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
