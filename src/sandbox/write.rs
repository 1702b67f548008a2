//! The writing endpoints and their rules: bulk create, update, delete (API.md §3, §6).
//!
//! Each call does all of its work or refuses it, under one lock; what was written is listed in
//! `Written`. Knows nothing of HTTP, time or faults.

use http::StatusCode;
use serde_json::{Map, Value};

use super::access::Level;
use super::answer::{Answer, ApiError, Payload};
use super::log::RequestTarget;
use super::read::Context;
use super::requested::{RequestObject, RequestedChange};
use super::settings::{Bulk, Duplicates, ErrorIndex};
use super::state::{Participation, Side};

/// What a request wrote.
pub(super) type Written = Vec<RequestTarget>;

/// A row of a bulk create that may happen.
enum Draft {
    New(Box<Participation>, RequestedChange),
    There(u64),
}

/// `POST /participations`
pub(super) fn create(context: &mut Context<'_>, body: &[u8], written: &mut Written) -> Answer {
    let Some(objects) = bulk_objects(body) else { return Answer::bad_request("Invalid JSON") };
    match objects.len() {
        0 => return Answer::refused(ApiError::system("No objects")),
        count if count > context.settings.max_bulk => {
            return Answer::refused(ApiError::system("Too many objects"));
        }
        _ => {}
    }
    let mut drafts = Vec::new();
    let mut errors = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        match draft(context, object, &drafts) {
            Ok(draft) => drafts.push(draft),
            Err(found) => errors.extend(found.into_iter().map(|error| (index, error))),
        }
    }
    if !errors.is_empty() && context.settings.bulk == Bulk::Atomic {
        return refusal(context, objects.len(), errors);
    }
    let ids = drafts.into_iter().map(|draft| carry_out(context, draft, written)).collect();
    if errors.is_empty() {
        newest_first(context, ids)
    } else {
        refusal(context, objects.len(), errors)
    }
}

/// How many objects a POST body carries, for the log.
pub(super) fn count_objects(body: &[u8]) -> usize {
    bulk_objects(body).map_or(0, |objects| objects.len())
}

/// The objects of the bulk form, or the one of the single form.
fn bulk_objects(body: &[u8]) -> Option<Vec<Map<String, Value>>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    if let Some(one) = body.get_mut("participation") {
        return Some(vec![one.as_object()?.clone()]);
    }
    let list = body.get_mut("participations")?.as_array_mut()?;
    list.iter_mut().map(|one| one.as_object().cloned()).collect()
}

/// Checks one object against the world and the rows of the same request before it.
fn draft(
    context: &Context<'_>,
    object: &Map<String, Value>,
    before: &[Draft],
) -> Result<Draft, Vec<ApiError>> {
    let mut fields = RequestObject::new(object);
    let workspace = fields.id("workspace_id");
    let user = if fields.has("user_id") {
        fields.id("user_id")
    } else {
        Some(context.world.token_user) // whoever leaves the person out joins in person
    };
    let side = fields.word("role").and_then(Side::of);
    if side.is_none() {
        fields.refuse("role", "Role is not included in the list");
    }
    check_workspace(context, workspace, &mut fields);
    check_user(context, user, side, &mut fields);
    let change = fields.on_create();
    let (Some(workspace), Some(user), Some(side), []) =
        (workspace, user, side, fields.errors.as_slice())
    else {
        return Err(fields.errors);
    };
    let twin = before.iter().any(|draft| match draft {
        Draft::New(one, _) => (one.workspace, one.user) == (workspace, Some(user)),
        Draft::There(_) => false,
    });
    let there = context.world.of(workspace, user).first().map(|one| one.id);
    match (context.settings.duplicates, there) {
        (Duplicates::Ignored, Some(id)) => Ok(Draft::There(id)),
        (Duplicates::Refused | Duplicates::Ignored, there) if twin || there.is_some() => {
            fields.refuse("user_id", "User is already participating in this project");
            Err(fields.errors)
        }
        _ => Ok(Draft::New(Box::new(Participation::new(workspace, Some(user), side)), change)),
    }
}

fn check_workspace(context: &Context<'_>, workspace: Option<u64>, fields: &mut RequestObject<'_>) {
    let found = workspace.filter(|id| context.visible(*id));
    let found = found.and_then(|id| context.world.workspaces().get(&id));
    match found {
        None => fields.refuse("workspace_id", "Workspace must exist"),
        Some(one) if one.archived => fields.refuse("workspace_id", "Workspace is archived"),
        Some(one) if context.settings.forbidden_workspaces.contains(&one.id) => {
            fields.refuse("workspace_id", FORBIDDEN);
        }
        Some(_) => {}
    }
}

fn check_user(
    context: &Context<'_>,
    user: Option<u64>,
    side: Option<Side>,
    fields: &mut RequestObject<'_>,
) {
    let members_only = context.settings.providers_must_be_members && side == Some(Side::Maven);
    match user.and_then(|id| context.world.users().get(&id)) {
        None => fields.refuse("user_id", "User must exist"),
        Some(one) if one.disabled => fields.refuse("user_id", "User is deactivated"),
        Some(one) if members_only && !one.on_account => {
            fields.refuse("user_id", "User is not a member of the account");
        }
        Some(_) => {}
    }
}

const FORBIDDEN: &str = "You are not allowed to change this project";

fn carry_out(context: &mut Context<'_>, draft: Draft, written: &mut Written) -> u64 {
    match draft {
        Draft::There(id) => id,
        Draft::New(mut one, change) => {
            let target = (one.workspace, one.user);
            if is_account_admin(context, one.user) {
                one.level = Level::Admin;
            }
            apply(context, change, &mut one);
            let participation = context.world.insert(*one);
            written.push(RequestTarget { workspace: target.0, user: target.1, participation });
            participation
        }
    }
}

fn is_account_admin(context: &Context<'_>, user: Option<u64>) -> bool {
    let user = user.and_then(|id| context.world.users().get(&id));
    user.is_some_and(|one| one.account_admin)
}

fn apply(context: &mut Context<'_>, change: RequestedChange, one: &mut Participation) {
    let link_id = if change.link.is_some() { context.world.give_id() } else { 0 };
    let account_admin = is_account_admin(context, one.user);
    change.apply(one, account_admin, link_id);
}

/// The answer of a create: paged like a listing, the newest rows first.
fn newest_first(context: &Context<'_>, mut ids: Vec<u64>) -> Answer {
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    ids.dedup();
    let all = context.world.participations();
    context.show(ids.iter().filter_map(|id| all.get(id)).cloned().collect())
}

/// The errors of objects, by their position in the request.
fn refusal(context: &Context<'_>, objects: usize, mut errors: Vec<(usize, ApiError)>) -> Answer {
    if context.settings.first_error_only {
        errors.truncate(1);
    }
    let errors = match context.settings.error_index {
        ErrorIndex::Position => placed(errors, Some),
        ErrorIndex::AmongFailed => {
            let mut failed: Vec<usize> = errors.iter().map(|(position, _)| *position).collect();
            failed.dedup();
            placed(errors, |position| failed.iter().position(|other| *other == position))
        }
        ErrorIndex::Zero => placed(errors, |_| Some(0)),
        ErrorIndex::None => placed(errors, |_| None),
        ErrorIndex::Neighbours => {
            let behind = |(position, error): &(usize, ApiError)| {
                (*position + 1 < objects).then(|| (*position + 1, error.clone()))
            };
            let more: Vec<_> = errors.iter().filter_map(behind).collect();
            placed(errors.into_iter().chain(more).collect(), Some)
        }
        ErrorIndex::Every => {
            let first = errors.first().map(|(_, error)| error.clone());
            let failed = |one: &usize| errors.iter().any(|(position, _)| position == one);
            let others = (0..objects).filter(|one| !failed(one));
            let more: Vec<_> = others.filter_map(|one| Some((one, first.clone()?))).collect();
            placed(errors.into_iter().chain(more).collect(), Some)
        }
    };
    Answer::errors(StatusCode::UNPROCESSABLE_ENTITY, &errors)
}

/// The errors with the index that each object's position is told as.
fn placed(errors: Vec<(usize, ApiError)>, index: impl Fn(usize) -> Option<usize>) -> Vec<ApiError> {
    let place = |(position, error): (usize, ApiError)| match index(position) {
        Some(index) => error.at(index),
        None => error,
    };
    errors.into_iter().map(place).collect()
}

/// The participation of a PUT or DELETE, or why it cannot be written.
fn writable(context: &Context<'_>, id: u64) -> Result<Participation, Answer> {
    let found = context.world.participations().get(&id);
    let one = found.filter(|one| context.visible(one.workspace)).ok_or_else(Answer::not_found)?;
    if context.settings.forbidden_workspaces.contains(&one.workspace) {
        return Err(Answer::forbidden(FORBIDDEN));
    }
    Ok(one.clone())
}

/// `PUT /participations/{id}`; `role`, `user_id` and `workspace_id` are ignored.
pub(super) fn update(
    context: &mut Context<'_>,
    id: u64,
    body: &[u8],
    written: &mut Written,
) -> Answer {
    let before = match writable(context, id) {
        Ok(one) => one,
        Err(answer) => return answer,
    };
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let object = body.as_ref().and_then(|body| body.get("participation")?.as_object());
    let Some(object) = object else { return Answer::bad_request("Invalid JSON") };
    let mut fields = RequestObject::new(object);
    let change = fields.on_update().within(context.settings);
    if change.team_lead() == Some(false) && keeps_the_lead(context, &before) {
        fields.refuse("team_lead", "The project must have a team lead");
    }
    if !fields.errors.is_empty() {
        return refusal(context, 1, fields.errors.into_iter().map(|error| (0, error)).collect());
    }
    if change.team_lead() == Some(true) && context.settings.promotion_demotes {
        demote_others(context, &before);
    }
    let mut after = before.clone();
    apply(context, change, &mut after);
    context.world.edit(id, |one| *one = after);
    written.push(target_of(&before));
    context.show(context.world.participations().get(&id).cloned().into_iter().collect())
}

/// Whether somebody is the only lead of a side, and so has to stay it.
fn keeps_the_lead(context: &Context<'_>, one: &Participation) -> bool {
    one.is_team_lead
        && !context.settings.sole_lead_may_step_down
        && other_leads(context, one).is_empty()
}

fn other_leads(context: &Context<'_>, one: &Participation) -> Vec<u64> {
    let leads = context.world.on(one.workspace);
    let leads = leads.filter(|other| other.is_team_lead && other.side == one.side);
    leads.map(|other| other.id).filter(|id| *id != one.id).collect()
}

fn demote_others(context: &mut Context<'_>, promoted: &Participation) {
    for id in other_leads(context, promoted) {
        context.world.edit(id, |other| other.is_team_lead = false);
    }
}

/// `DELETE /participations/{id}`; a team lead cannot be removed.
pub(super) fn delete(context: &mut Context<'_>, id: u64, written: &mut Written) -> Answer {
    let one = match writable(context, id) {
        Ok(one) => one,
        Err(answer) => return answer,
    };
    if one.is_team_lead {
        let error = ApiError::validation("base", "The team lead cannot be removed");
        return refusal(context, 1, vec![(0, error)]);
    }
    context.world.remove(id);
    written.push(target_of(&one));
    Answer::new(StatusCode::NO_CONTENT, Payload::Empty)
}

fn target_of(one: &Participation) -> RequestTarget {
    RequestTarget { workspace: one.workspace, user: one.user, participation: one.id }
}
