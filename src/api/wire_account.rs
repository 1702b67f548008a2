//! The API's answers about people, projects and who is on what, decoded (API.md §2, §4.2, §7).
//!
//! As strict and as tolerant as the rest: ids, `results` and counts have to be readable, any other
//! value of an odd form is hidden. Only what `results` lists is listed; what is beside it explains it.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    account_page::{AccountPage, Assignment, Referenced},
    envelope::{Counts, Meta, ResultRef, body_text},
    json::{Id, Keyed},
    raw::{Raw, object},
    work::{OpenAssignment, ScheduledHours},
};
use crate::model::{Permissions, Person, Seen, UserId, Workspace, WorkspaceId};

object!(pub(super) UserRow { id, full_name, email_address, disabled, external_reference_ids });

object!(WorkspaceRow { title, archived, permissions, external_reference_ids });

object!(ReferenceRow { service_name, service_model_ref });

object!(ResourceRow { workspace_id, user_id, participation_id });

object!(ParticipationRow { workspace_id, user_id });

object!(AssignmentRow { assignee_id, story_id, workspace_id });

object!(StoryRow { workspace_id });

object!(AllocationRow { user_id, workspace_id, minutes, end_date });

#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    count: Raw<'a>,
    #[serde(borrow)]
    results: Vec<ResultRef<'a>>,
    #[serde(borrow, default)]
    meta: Meta<'a>,
    #[serde(borrow, default)]
    users: Keyed<UserRow<'a>>,
    #[serde(borrow, default)]
    workspaces: Keyed<WorkspaceRow<'a>>,
    #[serde(borrow, default)]
    external_references: Keyed<ReferenceRow<'a>>,
    #[serde(borrow, default)]
    workspace_resources: Keyed<ResourceRow<'a>>,
    #[serde(borrow, default)]
    participations: Keyed<ParticipationRow<'a>>,
    #[serde(borrow, default)]
    assignments: Keyed<AssignmentRow<'a>>,
    #[serde(borrow, default)]
    stories: Keyed<StoryRow<'a>>,
    #[serde(borrow, default)]
    workspace_allocations: Keyed<AllocationRow<'a>>,
}

/// A text as it is; one with a mark in place of a letter is not the text.
fn whole(value: Raw<'_>) -> Option<String> {
    let text = value.text().filter(|text| !text.contains(char::REPLACEMENT_CHARACTER));
    text.map(Cow::into_owned)
}

impl Envelope<'_> {
    /// The ids that are listed under this key, in the answer's order.
    fn listed(&self, key: &str) -> impl Iterator<Item = Id> {
        self.results.iter().filter(move |result| result.key.0 == key).map(|result| result.id)
    }

    /// One page of the query.
    ///
    /// # Errors
    /// When the answer does not say how large the query is.
    fn page<T>(&self, page: u64, rows: Vec<T>) -> Result<AccountPage<T>, serde_json::Error> {
        let counts = Counts::of(self.count, &self.meta)?;
        let missing = || serde::de::Error::custom("it has no count, or two different ones");
        let count = counts.count.ok_or_else(missing)?;
        let listed = u64::try_from(self.results.len()).unwrap_or(u64::MAX);
        // Where the pages are not numbered, a page without rows ends them.
        let guessed = match listed {
            0 if count == 0 => 0,
            0 => page,
            _ => page.max(count.div_ceil(listed)),
        };
        Ok(AccountPage { rows, count, page_count: counts.pages.unwrap_or(guessed) })
    }

    /// The keys that a service has for an object with these references.
    fn keys(&self, ids: Raw<'_>, service: Option<&str>) -> Vec<String> {
        let ids = ids.optional_ids().unwrap_or_default().into_iter().flatten();
        let rows = ids.filter_map(|id| self.external_references.find(id));
        let of_service =
            rows.filter(|row| service.is_some() && whole(row.service_name).as_deref() == service);
        of_service.filter_map(|row| whole(row.service_model_ref)).collect()
    }

    fn people(&self) -> impl Iterator<Item = (Person, &UserRow<'_>)> {
        self.listed("users").filter_map(|id| {
            let row = self.users.find(id)?;
            Some((person(id, row)?, row))
        })
    }

    fn projects(&self) -> impl Iterator<Item = (Workspace, &WorkspaceRow<'_>)> {
        self.listed("workspaces").filter_map(|id| {
            let row = self.workspaces.find(id)?;
            Some((workspace(id, row)?, row))
        })
    }
}

/// A person under an id; none where the object says that it is somebody else.
pub(super) fn person(id: Id, row: &UserRow<'_>) -> Option<Person> {
    let UserRow { id: own, full_name, email_address, disabled, external_reference_ids: _ } = row;
    if own.optional_id().visible().flatten().is_some_and(|own| own != id) {
        return None;
    }
    Some(Person {
        id: UserId::new(id.0)?,
        name: full_name.text().unwrap_or_default().into_owned(),
        email: whole(*email_address),
        disabled: disabled.flag(),
    })
}

/// Decodes an answer of `GET /users…`.
///
/// # Errors
/// When the body is no such JSON.
pub fn decode_people(body: &[u8]) -> Result<Vec<Person>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    Counts::of(envelope.count, &envelope.meta)?;
    Ok(envelope.people().map(|(person, _)| person).collect())
}

/// Decodes an answer of `GET /workspaces…`.
///
/// # Errors
/// When the body is no such JSON.
pub fn decode_workspaces(body: &[u8]) -> Result<Vec<Workspace>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    Counts::of(envelope.count, &envelope.meta)?;
    Ok(envelope.projects().map(|(project, _)| project).collect())
}

/// Decodes page `page` of `GET /users…`, with the keys of a service where it shows them.
///
/// # Errors
/// When the body is no such JSON, or does not say how many it is a page of.
pub fn decode_people_page(
    body: &[u8],
    service: Option<&str>,
    page: u64,
) -> Result<AccountPage<Referenced<Person>>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    let keys = |row: &UserRow<'_>| envelope.keys(row.external_reference_ids, service);
    let rows = envelope.people().map(|(of, row)| Referenced { of, keys: keys(row) });
    envelope.page(page, rows.collect())
}

/// Decodes page `page` of `GET /workspaces…`, with the keys of a service where it shows them. The title
/// of a project that hides it is empty.
///
/// # Errors
/// As [`decode_people_page`].
pub fn decode_workspaces_page(
    body: &[u8],
    service: Option<&str>,
    page: u64,
) -> Result<AccountPage<Referenced<Workspace>>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    let keys = |row: &WorkspaceRow<'_>| envelope.keys(row.external_reference_ids, service);
    let rows = envelope.projects().map(|(of, row)| {
        // Digits that stand in for a title are no name of it: they may be the title of another one.
        let title = whole(row.title).unwrap_or_default();
        Referenced { of: Workspace { title, ..of }, keys: keys(row) }
    });
    envelope.page(page, rows.collect())
}

/// Decodes page `page` of `GET /workspace_resources…`. A resource that names no person or no project
/// is nobody's: such are placeholders.
///
/// # Errors
/// As [`decode_people_page`], and when an id of a resource is none.
pub fn decode_assignments(
    body: &[u8],
    page: u64,
) -> Result<AccountPage<Assignment>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    let mut rows = Vec::with_capacity(envelope.results.len());
    for id in envelope.listed("workspace_resources") {
        if let Some(row) = envelope.workspace_resources.find(id) {
            rows.extend(assignment(row, &envelope.participations)?);
        }
    }
    envelope.page(page, rows)
}

/// What a resource does not say itself, its participation says where it is loaded beside it.
fn assignment(
    row: &ResourceRow<'_>,
    participations: &Keyed<ParticipationRow<'_>>,
) -> Result<Option<Assignment>, serde_json::Error> {
    let beside = row.participation_id.optional_id().visible().flatten();
    let beside = beside.and_then(|id| participations.find(id));
    let also = |read: fn(&ParticipationRow<'_>) -> Option<Id>| beside.and_then(read);
    let workspace = row.workspace_id.id("workspace_id")?;
    let workspace = workspace.or_else(|| also(|row| row.workspace_id.optional_id().visible()?));
    let user =
        row.user_id.id("user_id")?.or_else(|| also(|row| row.user_id.optional_id().visible()?));
    let assignment = |workspace: Id, user: Id| {
        Some(Assignment { workspace: WorkspaceId::new(workspace.0)?, user: UserId::new(user.0)? })
    };
    Ok(workspace.zip(user).and_then(|(workspace, user)| assignment(workspace, user)))
}

/// A project; its digits stand in for a title that is hidden. One that does not say that it is
/// archived is looked at like any other: what it forbids, it refuses.
fn workspace(id: Id, row: &WorkspaceRow<'_>) -> Option<Workspace> {
    let WorkspaceRow { title, archived, permissions: allowed, external_reference_ids: _ } = row;
    Some(Workspace {
        id: WorkspaceId::new(id.0)?,
        title: title.text().map_or_else(|| id.0.to_string(), Cow::into_owned),
        archived: archived.flag() == Seen::Visible(true),
        permissions: permissions(*allowed).into(),
    })
}

/// Of any shape: nobody documents it.
fn permissions(allowed: Raw<'_>) -> Option<Permissions> {
    let object = allowed.attributes()?;
    let flag = |(name, value): (&String, &Raw<'_>)| Some((name.clone(), value.flag().visible()?));
    Some(Permissions {
        access_level: object.get("access_level").and_then(|word| word.text()).map(Cow::into_owned),
        flags: object.iter().filter_map(flag).collect(),
    })
}

/// Decodes page `page` of `GET /assignments…`, with the tasks beside it that say the projects.
///
/// # Errors
/// When the body is no such JSON, or does not say how many it is a page of.
pub fn decode_open_assignments(
    body: &[u8],
    page: u64,
) -> Result<AccountPage<OpenAssignment>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    let row = |id: Id| {
        let row = envelope.assignments.find(id);
        let story = row.and_then(|row| row.story_id.optional_id().visible()?);
        let story = story.and_then(|id| envelope.stories.find(id));
        let own = row.and_then(|row| row.workspace_id.optional_id().visible()?);
        let place = own.or_else(|| story?.workspace_id.optional_id().visible()?);
        OpenAssignment {
            id: id.0,
            user: user_id(row.and_then(|row| row.assignee_id.optional_id().visible()?)),
            workspace: workspace_id(place),
        }
    };
    envelope.page(page, envelope.listed("assignments").map(row).collect())
}

/// Decodes page `page` of `GET /workspace_allocations…`.
///
/// # Errors
/// As [`decode_open_assignments`].
pub fn decode_scheduled_hours(
    body: &[u8],
    page: u64,
) -> Result<AccountPage<ScheduledHours>, serde_json::Error> {
    let text = body_text(body);
    let envelope: Envelope<'_> = serde_json::from_str(&text)?;
    let row = |id: Id| {
        let row = envelope.workspace_allocations.find(id);
        let minutes = row.and_then(|row| row.minutes.whole().visible()?);
        ScheduledHours {
            id: id.0,
            user: user_id(row.and_then(|row| row.user_id.optional_id().visible()?)),
            workspace: workspace_id(row.and_then(|row| row.workspace_id.optional_id().visible()?)),
            minutes: minutes.and_then(|minutes| minutes.try_into().ok()).unwrap_or(0),
            last_day: row
                .and_then(|row| row.end_date.text().map(Cow::into_owned))
                .and_then(|day| day.parse().ok()),
        }
    };
    envelope.page(page, envelope.listed("workspace_allocations").map(row).collect())
}

fn user_id(id: Option<Id>) -> Option<UserId> {
    UserId::new(id?.0)
}

fn workspace_id(id: Option<Id>) -> Option<WorkspaceId> {
    WorkspaceId::new(id?.0)
}
