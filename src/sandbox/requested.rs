//! The fields of a written participation: from JSON to what is to be changed.
//!
//! Checks types and words and finds all faults of one object; fields the API does not know are
//! left out without a word. Whether the change is allowed is decided in `write.rs`.

use serde_json::{Map, Value};

use super::access::Level;
use super::answer::ApiError;
use super::field::{FIELDS, FieldRow, Held, Shown, Slot};
use super::settings::SandboxSettings;
use super::state::{ExternalReference, Participation};

/// The `external_reference` of a write.
#[derive(Debug, Clone)]
pub(super) struct Link {
    service_name: String,
    service_model: String,
    service_model_ref: String,
}

/// What a PUT or POST object wants changed; `None` is a field that was not sent.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestedChange {
    pub level: Option<Level>,
    pub link: Option<Link>,
    fields: Vec<(&'static FieldRow, Held)>,
}

/// The JSON object of one participation, and what was found wrong with it.
pub(super) struct RequestObject<'a> {
    object: &'a Map<String, Value>,
    pub errors: Vec<ApiError>,
}

impl<'a> RequestObject<'a> {
    pub(super) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object, errors: Vec::new() }
    }

    pub(super) fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        self.errors.push(ApiError::validation(field, message));
    }

    /// A field that has to be what `read` accepts; `null` is refused like a wrong type.
    fn field<T>(
        &mut self,
        name: &'static str,
        message: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.object.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.refuse(name, message);
        }
        read
    }

    /// Ids in bodies are integers, not strings (API.md §2).
    pub(super) fn id(&mut self, name: &'static str) -> Option<u64> {
        self.field(name, "must be an integer", Value::as_u64)
    }

    pub(super) fn word(&self, name: &str) -> Option<&'a str> {
        self.object.get(name).and_then(Value::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    fn held(&mut self, row: &FieldRow) -> Option<Held> {
        match row.slot {
            Slot::Flag(..) => {
                self.field(row.name, "must be true or false", Value::as_bool).map(Held::Flag)
            }
            Slot::Cents(..) => {
                let positive = |value: &Value| value.as_i64().filter(|cents| *cents >= 0);
                self.field(row.name, "must be a number of cents", positive).map(Held::Cents)
            }
            Slot::Id(..) => self.id(row.name).map(Held::Id),
        }
    }

    /// What a POST takes.
    pub(super) fn on_create(&mut self) -> RequestedChange {
        self.changes_where(|row| row.on_create)
    }

    /// What a PUT takes.
    pub(super) fn on_update(&mut self) -> RequestedChange {
        self.changes_where(|_| true)
    }

    fn changes_where(&mut self, takes: impl Fn(&FieldRow) -> bool) -> RequestedChange {
        let level = |value: &Value| value.as_str().and_then(Level::written);
        let level = self.field("access_level", "Access level is not included in the list", level);
        let rows = FIELDS.iter().filter(|row| takes(row));
        let fields = rows.filter_map(|row| Some((row, self.held(row)?))).collect();
        let link = self.field("external_reference", "is not an external reference", link);
        RequestedChange { level, link, fields }
    }
}

fn link(value: &Value) -> Option<Link> {
    let part = |name: &str| match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(Link {
        service_name: part("service_name")?,
        service_model: part("service_model")?,
        service_model_ref: part("service_model_ref")?,
    })
}

impl RequestedChange {
    /// Leaves out what this token or account cannot write: it is ignored, not refused.
    pub(super) fn within(mut self, settings: &SandboxSettings) -> Self {
        self.fields.retain(|(row, _)| !is_ignored(row, settings));
        self
    }

    /// What it makes of the lead, if anything.
    pub(super) fn team_lead(&self) -> Option<bool> {
        self.fields.iter().find_map(|(row, held)| match held {
            Held::Flag(lead) if row.name == "team_lead" => Some(*lead),
            _ => None,
        })
    }

    /// Changes a participation; `link_id` is for an external reference that is new, and the level
    /// of an account administrator stays what it is.
    pub(super) fn apply(self, one: &mut Participation, account_admin: bool, link_id: u64) {
        let floor = |level: Level| if account_admin { Level::Admin } else { level };
        if let Some(level) = self.level {
            one.level = floor(level);
        }
        for (row, held) in self.fields {
            row.set(one, held);
        }
        if let Some(link) = self.link {
            attach(&mut one.external_references, link, link_id);
        }
    }
}

/// Whether what is written to a field is ignored, not refused: rate cards replace the rate.
fn is_ignored(row: &FieldRow, settings: &SandboxSettings) -> bool {
    let without_access = row.shown == Shown::Financial && !settings.financial_access;
    without_access || (row.name == "rate_in_cents" && settings.rate_cards)
}

/// One reference for each service: a second one replaces the first.
fn attach(links: &mut Vec<ExternalReference>, new: Link, id: u64) {
    let Link { service_name, service_model, service_model_ref } = new;
    let at = links.iter().position(|link| link.service_name == service_name);
    let id = at.map_or(id, |at| links[at].id);
    let new = ExternalReference { id, service_name, service_model, service_model_ref };
    match at {
        Some(at) => links[at] = new,
        None => links.push(new),
    }
}
