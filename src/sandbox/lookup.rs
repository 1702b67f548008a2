//! Looking people and projects up: by address, by id, by another system's key.
//!
//! What nobody says of it is a setting ([`Lookups`]). Changes nothing, and knows no answer.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::route::Query;
use super::state::{ExternalReference, Subject, User, World};

/// The order in which people are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupOrder {
    /// Oldest first.
    #[default]
    Id,
    /// Newest first.
    Reversed,
    /// None that anybody could guess; the same for the same people.
    Shuffled,
}

/// What looking up is like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lookups {
    /// Whether `GET /users` knows the filter by external references; else it is ignored without a
    /// word, and everybody is listed.
    pub users_by_reference: bool,
    /// Whether people show their external references to those who include them.
    pub users_show_references: bool,
    /// The order in which people are listed.
    pub order: LookupOrder,
    /// How many people are listed, and counted, who were not asked for, before those who were.
    pub strangers: usize,
    /// Whether every page of people lacks its last row, although `count` has it.
    pub short_page: bool,
    /// Whether the token may list the resources of the account; else 403.
    pub resources_permitted: bool,
    /// Whether people on the client side have a resource.
    pub client_resources: bool,
    /// Whether the token may list assignments; else 403.
    pub assignments_permitted: bool,
    /// Whether the token may list scheduled hours; else 403.
    pub allocations_permitted: bool,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            users_by_reference: true,
            users_show_references: true,
            order: LookupOrder::Id,
            strangers: 0,
            short_page: false,
            resources_permitted: true,
            client_resources: true,
            assignments_permitted: true,
            allocations_permitted: true,
        }
    }
}

impl Lookups {
    /// Those who are listed where some are found and the others were not asked for.
    pub(super) fn listed<'a>(&self, found: Vec<&'a User>, others: Vec<&'a User>) -> Vec<&'a User> {
        let mut listed: Vec<&User> = others.into_iter().take(self.strangers).chain(found).collect();
        match self.order {
            LookupOrder::Id => {}
            LookupOrder::Reversed => listed.reverse(),
            LookupOrder::Shuffled => fastrand::Rng::with_seed(0).shuffle(&mut listed),
        }
        listed
    }
}

/// What other systems call those who are asked for.
pub(super) struct Called<'a> {
    service: &'a str,
    keys: Option<BTreeSet<&'a str>>,
}

impl<'a> Called<'a> {
    /// None where nobody asks for what other systems call something.
    pub(super) fn of(query: &'a Query) -> Option<Self> {
        let service = query.value("external_reference_service_name")?;
        Some(Self { service, keys: query.words("external_reference_service_model_refs") })
    }

    /// Whether one of these links is meant.
    pub(super) fn is_in(&self, links: &[ExternalReference]) -> bool {
        let Self { service, keys } = self;
        let key = |link: &ExternalReference| {
            keys.as_ref().is_none_or(|keys| keys.contains(link.service_model_ref.as_str()))
        };
        links.iter().any(|link| link.service_name == *service && key(link))
    }
}

/// Which people are asked for; without any of it, everybody is.
pub(super) struct Asked<'a> {
    addresses: Option<BTreeSet<String>>,
    case_matters: bool,
    only: Option<BTreeSet<u64>>,
    called: Option<Called<'a>>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(query: &'a Query, lookups: &Lookups, case_matters: bool) -> Self {
        let addresses = query.words("by_email_addresses");
        let folded = |address: &str| fold(address, case_matters);
        Self {
            addresses: addresses.map(|list| list.into_iter().map(folded).collect()),
            case_matters,
            only: query.ids("only"),
            called: Called::of(query).filter(|_| lookups.users_by_reference),
        }
    }

    pub(super) fn is_for(&self, one: &User, world: &World) -> bool {
        let Self { addresses, case_matters, only, called } = self;
        let links = world.references(Subject::User(one.id));
        let email = fold(&one.email, *case_matters);
        addresses.as_ref().is_none_or(|list| list.contains(&email))
            && only.as_ref().is_none_or(|ids| ids.contains(&one.id))
            && called.as_ref().is_none_or(|called| called.is_in(links))
    }
}

fn fold(address: &str, case_matters: bool) -> String {
    if case_matters { address.to_owned() } else { address.to_lowercase() }
}
