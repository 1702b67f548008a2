//! What becomes of an account between two runs, or while one is under way: people change their
//! addresses, take over those of others, leave and come back; projects are renamed and archived; keys of
//! other systems move.

use fastrand::Rng;

use super::{
    calling::{Calling, key_of, movable},
    truth::{PERSON_SERVICE, PROJECT_SERVICE},
};
use crate::sandbox::{Subject, User, Workspace, World};

/// What decides on the account and the days of this seed; drawn apart, so that it changes nothing else
/// of it.
pub(super) fn random(seed: u64) -> Rng {
    Rng::with_seed(seed ^ 0x6661_7465)
}

/// How many hours and days pass between two runs.
pub(super) fn time(random: &mut Rng) -> (u64, u64) {
    match random.u8(..) {
        0..140 => (0, 0),
        140..190 => (random.u64(1..12), 0),
        190..250 => (0, random.u64(1..10)),
        _ => (0, 120),
    }
}

/// What becomes of an account between two runs; how many names mean something else by now.
pub(super) fn turn_over(random: &mut Rng, world: &mut World, calling: &Calling) -> u64 {
    let renamed = [0, 0, 1, 2][random.usize(0..4)];
    (0..renamed).for_each(|_| rename(random, world, calling));
    if random.u8(..) < 24 {
        close_or_open(random, world);
    }
    renamed
}

/// Changes what a name means; in the middle of a run nothing else.
pub(super) fn rename(random: &mut Rng, world: &mut World, calling: &Calling) {
    let people = movable(world);
    let projects: Vec<u64> = world.workspaces().keys().copied().collect();
    let two = |random: &mut Rng, of: &[u64]| {
        let first = *random.choice(of)?;
        random
            .choice(of.iter().filter(|id| **id != first).collect::<Vec<_>>())
            .map(|id| (first, *id))
    };
    match random.u8(0..7) {
        0 => people_change_addresses(world, two(random, &people), Some(random.u32(..))),
        1 => people_change_addresses(world, two(random, &people), None),
        2 => {
            let left = people.first().map(|id| format!("left{id}-{}@firm.example", random.u32(..)));
            if let (Some(address), Some(id)) = (left, random.choice(&people)) {
                world.change_address(*id, &address);
            }
        }
        3 => keys_change(world, two(random, &people), (Subject::User, PERSON_SERVICE)),
        4 => keys_change(world, two(random, &projects), (Subject::Workspace, PROJECT_SERVICE)),
        5 => titles_change(world, two(random, &projects), None),
        _ => {
            let shared = calling.may_share && random.u8(..) < 20;
            let new = (!shared).then(|| format!("Renamed {}", random.u32(..)));
            titles_change(world, two(random, &projects), Some(new));
        }
    }
}

/// Somebody takes over the address of somebody else, who gets a new one or theirs.
fn people_change_addresses(world: &mut World, who: Option<(u64, u64)>, new: Option<u32>) {
    let Some((one, other)) = who else { return };
    let (old, theirs) = (world.users()[&one].email.clone(), world.users()[&other].email.clone());
    let new = new.map_or(theirs, |number| format!("new{number}@firm.example"));
    world.change_address(one, &new);
    world.change_address(other, &old);
}

fn keys_change(
    world: &mut World,
    which: Option<(u64, u64)>,
    (of, service): (fn(u64) -> Subject, &str),
) {
    let Some((one, other)) = which else { return };
    let keys = [one, other].map(|id| key_of(world, of(id), service));
    for (id, key) in [other, one].into_iter().zip(keys) {
        let links: Vec<(&str, &str)> = key.iter().map(|key| (service, key.as_str())).collect();
        world.put_references(of(id), &links);
    }
}

/// Two projects exchange their titles, or the first gets a new one, or that of the other.
fn titles_change(world: &mut World, which: Option<(u64, u64)>, new: Option<Option<String>>) {
    let Some((one, other)) = which else { return };
    let [first, second] = [one, other].map(|id| world.workspaces()[&id].clone());
    let (titles, is_exchange) = ((first.title.clone(), second.title.clone()), new.is_none());
    let title = new.flatten().unwrap_or(titles.1);
    world.put_workspace(Workspace { title, ..first });
    if is_exchange {
        world.put_workspace(Workspace { title: titles.0, ..second });
    }
}

/// Changes who counts: somebody is deactivated or comes back, a project is archived or opened again.
fn close_or_open(random: &mut Rng, world: &mut World) {
    if random.bool() {
        let Some(id) = random.choice(movable(world)) else { return };
        let User { disabled, .. } = world.users()[&id];
        let user = world.users()[&id].clone();
        world.put_user(User { disabled: !disabled, ..user });
    } else {
        let Some(id) = random.choice(world.workspaces().keys().copied().collect::<Vec<_>>()) else {
            return;
        };
        let project = world.workspaces()[&id].clone();
        world.put_workspace(Workspace { archived: !project.archived, ..project });
    }
}
