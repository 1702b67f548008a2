//! The reading endpoints: people, projects, memberships and participations.
//!
//! Each is a plain function from the world and a query to an answer. Knows nothing of HTTP, time
//! or faults, and changes nothing.

use std::collections::BTreeSet;

use super::answer::{Answer, ApiError};
use super::route::Query;
use super::settings::SandboxSettings;
use super::state::{Participation, User, Workspace, World};
use super::view::View;

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
        Some(one) => people(context, vec![one.clone()]),
        None => Answer::not_found(),
    }
}

/// `GET /users`
pub(super) fn users(context: &Context<'_>) -> Answer {
    let Context { world, query, settings, .. } = context;
    let fold = |address: &str| {
        if settings.email_case_matters { address.to_owned() } else { address.to_lowercase() }
    };
    let addresses: Option<Vec<String>> =
        query.words("by_email_addresses").map(|words| words.into_iter().map(&fold).collect());
    let only = query.ids("only");
    let (anybody, disabled) = (query.flag("on_my_account"), query.flag("show_disabled"));
    let on_projects: BTreeSet<u64> =
        world.participations().values().filter_map(|one| one.user).collect();
    let known = |one: &User| (anybody && one.on_account) || on_projects.contains(&one.id);
    let found = world
        .users()
        .values()
        .filter(|one| addresses.as_ref().is_none_or(|list| list.contains(&fold(&one.email))))
        .filter(|one| only.as_ref().is_none_or(|ids| ids.contains(&one.id)))
        .filter(|one| (disabled || !one.disabled) && known(one));
    people(context, found.cloned().collect())
}

fn people(context: &Context<'_>, found: Vec<User>) -> Answer {
    let (found, cut) = context.query.page_of(found, context.settings.page_limit);
    Answer::ok(&context.view().users(&found, cut))
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
    let found: Vec<Workspace> = context
        .world
        .workspaces()
        .values()
        .filter(|one| only.as_ref().is_none_or(|ids| ids.contains(&one.id)))
        .filter(|one| (archived || !one.archived) && context.visible(one.id))
        .cloned()
        .collect();
    let (found, cut) = context.query.page_of(found, context.settings.page_limit);
    let mut rows = |one: Workspace| {
        let rows = context.world.lagging(one.id);
        (one, rows)
    };
    let found: Vec<_> = found.into_iter().map(&mut rows).collect();
    Answer::ok(&context.view().workspaces(&found, cut))
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
