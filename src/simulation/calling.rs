//! How an account calls its people and projects, and how the rows of a roster do: by id, address or
//! title, another system's key, or several of them.
//!
//! Drawn apart from the rest of a seed, from a world and a roster by ids that were drawn before.

use std::time::Duration;

use fastrand::Rng;

use super::{
    sheet::{Kind, Name, Sheet},
    truth::{PERSON_SERVICE, PROJECT_SERVICE},
};
use crate::{
    config::{NamedProjects, RosterSettings},
    sandbox::{LookupOrder, Lookups, SandboxSettings, Subject, Workspace, World},
};

/// How names are drawn and looked up in an episode.
#[derive(Debug, Clone, Default)]
pub(super) struct Calling {
    pub person_service: bool,
    pub project_service: bool,
    pub only_active: bool,
    /// `roster.directory_max_age`.
    pub max_age: Duration,
    /// Whether two may have the same name: nobody can tell where answers hide names.
    pub may_share: bool,
}

/// The people of an episode whose names stay as they are: protection by address is told at its end.
pub(super) const SETTLED_PEOPLE: u64 = 4;

impl Calling {
    /// The settings that go with it.
    pub(super) fn configure(&self, settings: &mut RosterSettings) {
        let service = |is_set: bool, name: &str| is_set.then(|| name.to_owned());
        settings.person_service = service(self.person_service, PERSON_SERVICE);
        settings.project_service = service(self.project_service, PROJECT_SERVICE);
        settings.directory_max_age = self.max_age;
        settings.projects =
            if self.only_active { NamedProjects::Active } else { NamedProjects::All };
    }

    /// Names for all in half of the seeds; in the others none, and rows stay by id.
    pub(super) fn drawn(
        seed: u64,
        world: &mut World,
        sandbox: &mut SandboxSettings,
        sheet: &mut Sheet,
    ) -> Option<Self> {
        let random = &mut Rng::with_seed(seed ^ 0x6e61_6d65);
        if random.u8(..) < 140 {
            return None;
        }
        (sheet.places, sheet.people) = (kinds(random), kinds(random));
        sandbox.lookups = lookups(random);
        sandbox.email_case_matters = random.u8(..) < 64;
        let calling = Self {
            person_service: sheet.people.contains(&Kind::Key) || random.bool(),
            project_service: sheet.places.contains(&Kind::Key) || random.bool(),
            only_active: random.bool(),
            max_age: Duration::from_secs([0, 3_600, 7 * 86_400][random.usize(0..3)]),
            may_share: sandbox.odd_values.share == 0.0,
        };
        let by_id = sheet.people.contains(&Kind::Id);
        calling.name_people(random, world, (by_id, !sandbox.email_case_matters));
        calling.name_projects(random, world);
        rename(random, world, sheet);
        Some(calling)
    }

    fn name_people(&self, random: &mut Rng, world: &mut World, (by_id, capitals): (bool, bool)) {
        let ids: Vec<u64> = world.users().keys().copied().collect();
        for id in &ids {
            let Some(mut user) = world.users().get(id).cloned() else { continue };
            // Whom no listing shows can only be named by id.
            user.on_account |= !by_id;
            if capitals && random.u8(..) < 40 {
                user.email = user.email.to_uppercase();
            }
            let key = if random.u8(..) < 10 { format!("E,{id}") } else { format!("E-{id}") };
            if user.on_account {
                let others = [("payroll", "1"), (PERSON_SERVICE, key.as_str())];
                world.put_references(Subject::User(*id), &others[usize::from(random.bool())..]);
            }
            world.put_user(user);
        }
        if self.may_share && random.u8(..) < 40 {
            share_person(random, world);
        }
    }

    fn name_projects(&self, random: &mut Rng, world: &mut World) {
        let ids: Vec<u64> = world.workspaces().keys().copied().collect();
        for id in &ids {
            let Some(mut project) = world.workspaces().get(id).cloned() else { continue };
            match random.u8(..) {
                0..20 => project.title = format!("Project, {id}"),
                // The number of another one.
                20..30 => project.title = (id + 1).to_string(),
                _ => {}
            }
            let key = if random.u8(..) < 10 { format!("J,{id}") } else { format!("J-{id}") };
            world.put_references(Subject::Workspace(*id), &[(PROJECT_SERVICE, key.as_str())]);
            world.put_workspace(project);
        }
        let pair = (random.choice(&ids), random.choice(&ids));
        if let (true, (Some(one), Some(other)), 0..16) = (self.may_share, pair, random.u8(..)) {
            let title = world.workspaces()[one].title.clone();
            let project = world.workspaces()[other].clone();
            world.put_workspace(Workspace { title, ..project });
        }
    }
}

/// Two people with one address, or one key.
fn share_person(random: &mut Rng, world: &mut World) {
    let movable = movable(world);
    let (Some(one), Some(other)) = (random.choice(&movable), random.choice(&movable)) else {
        return;
    };
    if random.bool() {
        let address = world.users()[one].email.clone();
        world.change_address(*other, &address);
    } else {
        let key = key_of(world, Subject::User(*one), PERSON_SERVICE).unwrap_or_default();
        world.put_references(Subject::User(*other), &[(PERSON_SERVICE, key.as_str())]);
    }
}

/// The people whose names may change.
pub(super) fn movable(world: &World) -> Vec<u64> {
    let people = world.users().values();
    people.filter(|one| one.on_account && one.id > SETTLED_PEOPLE).map(|one| one.id).collect()
}

/// What a system calls a person or project.
pub(super) fn key_of(world: &World, of: Subject, service: &str) -> Option<String> {
    let mut links = world.references(of).iter();
    links.rfind(|link| link.service_name == service).map(|link| link.service_model_ref.clone())
}

fn kinds(random: &mut Rng) -> Vec<Kind> {
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|_| random.u8(..) < 110).collect();
    if kinds.is_empty() { vec![Kind::Called] } else { kinds }
}

fn lookups(random: &mut Rng) -> Lookups {
    let orders = [LookupOrder::Id, LookupOrder::Reversed, LookupOrder::Shuffled];
    Lookups {
        users_by_reference: random.u8(..) < 180,
        users_show_references: random.u8(..) < 230,
        order: orders[random.usize(0..3)],
        strangers: [0, 0, 1, 7][random.usize(0..4)],
        short_page: random.u8(..) < 8,
        ..Lookups::default()
    }
}

/// Every row in other words, as far as there are any.
fn rename(random: &mut Rng, world: &World, sheet: &mut Sheet) {
    let (places, people) = (sheet.places.clone(), sheet.people.clone());
    for row in &mut sheet.rows {
        let id = |names: &[Name]| names.first().and_then(|name| name.text.parse::<u64>().ok());
        if let Some(id) = id(&row.place).filter(|_| row.is_whole) {
            row.place = names(random, &places, |kind| project_name(world, id, kind));
        } else if !places.contains(&Kind::Id) {
            row.place.iter_mut().for_each(|name| name.kind = places[0]);
        }
        if let Some(id) = id(&row.person).filter(|_| row.is_whole) {
            row.person = names(random, &people, |kind| person_name(world, id, kind));
        } else if !people.contains(&Kind::Id) {
            row.person.iter_mut().for_each(|name| name.kind = people[0]);
        }
    }
}

/// One of the names that there are, and now and then more of them.
fn names(random: &mut Rng, kinds: &[Kind], name: impl Fn(Kind) -> Option<String>) -> Vec<Name> {
    let known = kinds.iter().filter_map(|kind| Some(Name { kind: *kind, text: name(*kind)? }));
    let mut known: Vec<Name> = known.collect();
    if known.is_empty() {
        return vec![Name { kind: kinds[0], text: "nobody@nowhere.example".to_owned() }];
    }
    let first = random.usize(0..known.len());
    let mut at = 0..;
    known.retain(|_| at.next() == Some(first) || random.u8(..) < 40);
    for name in known.iter_mut().filter(|name| name.kind == Kind::Called) {
        match random.u8(..) {
            0..20 => name.text = format!(" {} ", name.text),
            20..60 if name.text.contains('@') => name.text = name.text.to_uppercase(),
            _ => {}
        }
    }
    known
}

fn project_name(world: &World, id: u64, kind: Kind) -> Option<String> {
    match kind {
        Kind::Id => Some(id.to_string()),
        Kind::Called => world.workspaces().get(&id).map(|one| one.title.clone()),
        Kind::Key => key_of(world, Subject::Workspace(id), PROJECT_SERVICE),
    }
}

fn person_name(world: &World, id: u64, kind: Kind) -> Option<String> {
    let user = world.users().get(&id)?;
    match kind {
        Kind::Id => Some(id.to_string()),
        Kind::Called => user.on_account.then(|| user.email.clone()),
        Kind::Key => key_of(world, Subject::User(id), PERSON_SERVICE),
    }
}
