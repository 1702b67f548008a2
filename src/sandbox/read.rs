//! The reading endpoints: people, projects, memberships and participations.
//!
//! Each is a plain function from the world and a query to an answer. Knows nothing of HTTP, time
//! or faults, and changes nothing.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::answer::{Answer, ApiError};
use super::lookup;
use super::route::Query;
use super::settings::SandboxSettings;
use super::state::{Participation, Side, Subject, User, Workspace, World};
use super::view::View;
use super::work::{Allocation, Task};

/// What an endpoint works on.
pub(super) struct Context<'a> {
    pub world: &'a mut World,
    pub settings: &'a SandboxSettings,
    pub query: &'a Query,
    /// Whether a page of a listing comes without its last row.
    pub short_page: bool,
}

impl Context<'_> {
    pub(super) fn view(&self) -> View<'_> {
        View { world: self.world, settings: self.settings, query: self.query }
    }

    /// One or more participations as a write or a single read answers them.
    pub(super) fn show(&self, rows: Vec<Participation>) -> Answer {
        let (mut rows, cut) = self.query.page_of(rows, self.settings.page_limit);
        if self.short_page {
            rows.pop();
        }
        Answer::ok(&self.view().participations(&rows, cut))
    }

    pub(super) fn visible(&self, workspace: u64) -> bool {
        self.world.workspaces().contains_key(&workspace)
            && !self.settings.hidden_workspaces.contains(&workspace)
    }
}

/// `GET /users/me` and `GET /users/{id}`
pub(super) fn user(context: &Context<'_>, id: u64) -> Answer {
    match context.world.users().get(&id) {
        Some(one) => {
            let (found, cut) = context.query.page_of(vec![one], context.settings.page_limit);
            Answer::ok(&context.view().users(found.into_iter(), cut))
        }
        None => Answer::not_found(),
    }
}

/// `GET /users`
pub(super) fn users(context: &Context<'_>) -> Answer {
    let Context { world, query, settings, .. } = context;
    let (anybody, disabled) = (query.flag("on_my_account"), query.flag("show_disabled"));
    let on_projects: LazyCell<BTreeSet<u64>, _> =
        LazyCell::new(|| world.participations().values().filter_map(|one| one.user).collect());
    let known = |one: &User| (anybody && one.on_account) || on_projects.contains(&one.id);
    let shown = |one: &&User| (disabled || !one.disabled) && known(one);
    let asked = lookup::Asked::of(query, &settings.lookups, settings.email_case_matters);
    let (found, others): (Vec<&User>, Vec<&User>) =
        world.users().values().filter(shown).partition(|one| asked.is_for(one, world));
    let (mut found, cut) =
        query.page_of(settings.lookups.listed(found, others), settings.page_limit);
    if settings.lookups.short_page || context.short_page {
        found.pop();
    }
    Answer::ok(&context.view().users(found.into_iter(), cut))
}

/// `GET /account_memberships`
pub(super) fn account_memberships(context: &Context<'_>) -> Answer {
    let wanted = context.query.ids("by_user_id");
    let users = context.world.users().values();
    let found = users
        .filter(|one| one.on_account && wanted.as_ref().is_none_or(|ids| ids.contains(&one.id)));
    let (found, cut) = context.query.page_of(found.cloned().collect(), context.settings.page_limit);
    Answer::ok(&context.view().account_memberships(&found, cut))
}

/// `GET /workspaces`
pub(super) fn workspaces(context: &mut Context<'_>) -> Answer {
    let only = context.query.ids("only");
    let archived = context.query.flag("include_archived");
    let called = lookup::Called::of(context.query);
    let links = |one: &Workspace| context.world.references(Subject::Workspace(one.id));
    let found: Vec<Workspace> = context
        .world
        .workspaces()
        .values()
        .filter(|one| only.as_ref().is_none_or(|ids| ids.contains(&one.id)))
        .filter(|one| called.as_ref().is_none_or(|called| called.is_in(links(one))))
        .filter(|one| (archived || !one.archived) && context.visible(one.id))
        .cloned()
        .collect();
    let (mut found, cut) = context.query.page_of(found, context.settings.page_limit);
    if context.short_page {
        found.pop();
    }
    let mut rows = |one: Workspace| {
        let rows = context.world.lagging(one.id);
        (one, rows)
    };
    let found: Vec<_> = found.into_iter().map(&mut rows).collect();
    Answer::ok(&context.view().workspaces(&found, cut))
}

/// Whether an id is among those that are asked for; without any, each is.
fn asked(ids: &Option<BTreeSet<u64>>, id: u64) -> bool {
    ids.as_ref().is_none_or(|ids| ids.contains(&id))
}

/// `GET /assignments`
pub(super) fn assignments(context: &Context<'_>) -> Answer {
    let Context { world, settings, query, .. } = context;
    if !settings.lookups.assignments_permitted {
        return Answer::forbidden("You are not allowed to see assignments");
    }
    let (users, workspaces) = (query.ids("assignee_id"), query.ids("workspace_id"));
    let is_asked_for = |one: &&Task| {
        let current = query.value("current").is_none_or(|_| query.flag("current") == one.current);
        let place = asked(&workspaces, one.workspace) && context.visible(one.workspace);
        current && place && asked(&users, one.assignee)
    };
    let found: Vec<&Task> = world.work.tasks().iter().filter(is_asked_for).collect();
    let (found, cut) = query.page_of(found, settings.page_limit);
    Answer::ok(&context.view().assignments(&found, cut))
}

/// `GET /workspace_allocations`
pub(super) fn allocations(context: &Context<'_>) -> Answer {
    let Context { world, settings, query, .. } = context;
    if !settings.lookups.allocations_permitted {
        return Answer::forbidden("You are not allowed to see scheduled hours");
    }
    let (users, workspaces) = (query.ids("user_ids"), query.ids("workspace_ids"));
    let is_asked_for = |one: &&Allocation| {
        let place = asked(&workspaces, one.workspace) && context.visible(one.workspace);
        place && asked(&users, one.user)
    };
    let found: Vec<&Allocation> = world.work.allocations().iter().filter(is_asked_for).collect();
    let (found, cut) = query.page_of(found, settings.page_limit);
    Answer::ok(&context.view().allocations(&found, cut))
}

/// `GET /workspace_resources`
pub(super) fn workspace_resources(context: &Context<'_>) -> Answer {
    let Context { world, settings, query, .. } = context;
    if !settings.lookups.resources_permitted {
        return Answer::forbidden("You are not allowed to see the resources of this account");
    }
    let (users, workspaces) = (query.ids("user_id"), query.ids("workspace_id"));
    let is_resource = |one: &&Participation| {
        let user = one.user.is_some_and(|user| asked(&users, user));
        let side = one.side == Side::Maven || settings.lookups.client_resources;
        user && side && asked(&workspaces, one.workspace) && context.visible(one.workspace)
    };
    let found = world.participations().values().filter(is_resource).cloned().collect();
    let (found, cut) = query.page_of(found, settings.page_limit);
    Answer::ok(&context.view().workspace_resources(&found, cut))
}

/// `GET /participations`
pub(super) fn participations(context: &mut Context<'_>) -> Answer {
    let Some(asked) = context.query.value("workspace_id").filter(|value| !value.is_empty()) else {
        return Answer::refused(ApiError::validation("workspace_id", "workspace_id is required"));
    };
    let workspace = asked.parse().ok().filter(|id| context.visible(*id));
    let mut rows = workspace.map_or_else(Vec::new, |id| context.world.lagging(id));
    if let Some(service) = context.query.value("external_reference_service_name") {
        rows.retain(|one| one.external_references.iter().any(|link| link.service_name == service));
    }
    sort(&mut rows, context.world, context.query.value("order").unwrap_or_default());
    context.show(rows)
}

/// By the two orders there are, the default one for all other words.
fn sort(rows: &mut [Participation], world: &World, order: &str) {
    let name = |one: &Participation| {
        let user = one.user.and_then(|id| world.users().get(&id));
        (user.map(|user| user.name.to_lowercase()), one.id)
    };
    match order {
        "user_name:asc" | "user_name" => rows.sort_by_cached_key(name),
        "user_name:desc" => rows.sort_by_cached_key(|one| std::cmp::Reverse(name(one))),
        "updated_at:asc" => rows.sort_by_key(|one| (one.updated_at, one.id)),
        _ => rows.sort_by_key(|one| std::cmp::Reverse((one.updated_at, one.id))),
    }
}

/// `GET /participations/{id}`
pub(super) fn participation(context: &Context<'_>, id: u64) -> Answer {
    match context.world.participations().get(&id) {
        Some(one) if context.visible(one.workspace) => context.show(vec![one.clone()]),
        _ => Answer::not_found(),
    }
}
