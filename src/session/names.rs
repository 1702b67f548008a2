//! The names of people whom no listing names, such as those who are to be created.
//!
//! For the eyes only: asked for once a plan is made, so that nothing in it depends on them; where
//! they cannot be had, the plan is the same without.

use std::collections::BTreeMap;

use crate::{
    api::{PEOPLE_PER_REQUEST, ReadParticipations},
    model::UserId,
    plan::Plan,
    run::Stop,
};

/// So many bytes of ids may stand in one URL, which then stays under 2,000 bytes.
const ID_BYTES: usize = 1_800;

/// Adds what is known by now.
pub(super) fn know(called: &BTreeMap<UserId, String>, plan: &mut Plan) {
    for user in unknown(plan) {
        if let Some(name) = called.get(&user) {
            plan.people.insert(user, name.clone());
        }
    }
}

/// Adds what names the token may see. After a first failure nobody is asked for any more.
pub(super) async fn add(api: &impl ReadParticipations, plan: &mut Plan, stop: &Stop) {
    let unknown = unknown(plan);
    let mut rest = unknown.as_slice();
    while !rest.is_empty() {
        let (asked, later) = rest.split_at(fitting(rest));
        let answer = tokio::select! {
            biased;
            answer = api.fetch_people(asked) => answer,
            _ = stop.stopped() => return,
        };
        let people = match answer {
            Ok(people) => people,
            Err(error) => {
                tracing::debug!(%error, "names not visible");
                return;
            }
        };
        let named = people.into_iter().filter(|person| asked.contains(&person.id));
        let named = named.filter(|person| !person.name.trim().is_empty());
        plan.people.extend(named.map(|person| (person.id, person.name)));
        rest = later;
    }
}

/// The people of a plan without a name, each once, in ascending order.
fn unknown(plan: &Plan) -> Vec<UserId> {
    let actions = plan.actions.iter().map(|action| action.key.user);
    let held = plan.held.iter().map(|held| held.key.user);
    let frozen = plan.frozen.iter().map(|frozen| frozen.action.key.user);
    // Who starts soon is no action yet; one request names as many as anybody reads.
    let upcoming = plan.dates.iter().flat_map(|dates| &dates.upcoming);
    let upcoming = upcoming.take(PEOPLE_PER_REQUEST).map(|one| one.key.user);
    let named = |user: &UserId| plan.people.get(user).is_some_and(|name| !name.is_empty());
    let mut unknown: Vec<_> =
        actions.chain(held).chain(frozen).chain(upcoming).filter(|user| !named(user)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

/// How many of these ids fit into one request; at least one.
fn fitting(ids: &[UserId]) -> usize {
    let mut bytes = 0;
    let fits = |id: &&UserId| {
        bytes += id.to_string().len() + 1;
        bytes <= ID_BYTES
    };
    ids.iter().take(PEOPLE_PER_REQUEST).take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_for_200_people_or_for_as_many_as_its_url_can_hold() {
        let ids = |from: u64| -> Vec<UserId> {
            (from..from + 201).map(|id| UserId::new(id).expect("not 0")).collect()
        };
        assert_eq!(fitting(&ids(10_000_000)[..7]), 7);
        assert_eq!(fitting(&ids(10_000_000)), 200);
        assert_eq!(fitting(&ids(100_000_000)), 180);
        assert_eq!(fitting(&ids(u64::MAX - 300)), 85);
    }
}
