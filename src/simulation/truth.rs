//! What a roster says on a day, told anew from the words of PRODUCT.md §2: whom its names mean in the
//! account as it is, which of its rows hold, and which projects it may not be trusted on.
//!
//! Shares nothing with the reader, the directory or the plan: it looks at the sandbox's own people and
//! projects. Dates in one form compare as texts do.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    evidence::Pair,
    sheet::{Kind, Name, Row, Sheet},
};
use crate::sandbox::{ExternalReference, Subject, World};

/// The system whose keys people have.
pub(super) const PERSON_SERVICE: &str = "hr";
/// The system whose keys projects have.
pub(super) const PROJECT_SERVICE: &str = "erp";

/// What a roster says of somebody on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// They are to be there.
    Wanted,
    /// They were to be there until a day that has passed.
    Ended,
    /// They are to be there later, and were not before.
    ToCome,
}

/// An account that names are looked up in.
pub(super) struct Account<'a> {
    pub world: &'a World,
    /// Whether names mean projects that are not archived only.
    pub only_active: bool,
    /// Whether people show their keys at all.
    pub people_show_keys: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// Who is to be there, and in which role.
    wanted: BTreeMap<Pair, String>,
    /// Whom a row wants there that contradicts another one.
    disputed: BTreeSet<Pair>,
    ended: BTreeSet<Pair>,
    to_come: BTreeSet<Pair>,
    everything_is_frozen: bool,
    frozen: BTreeSet<u64>,
}

impl Truth {
    /// What this roster says on this day where names mean what they do there.
    pub(super) fn of(sheet: &Sheet, account: &Account<'_>, day: &str) -> Self {
        let mut truth = Self::default();
        let mut sound: Vec<(Pair, &Row)> = Vec::new();
        for row in &sheet.rows {
            match account.meaning(row) {
                (Some(place), Some(person)) if is_sound(row) => sound.push(((place, person), row)),
                (Some(place), _) => drop(truth.frozen.insert(place)),
                (None, _) => truth.everything_is_frozen = true,
            }
        }
        sound.sort_by_key(|(pair, _)| *pair);
        let of_a_project = sound.chunk_by(|(a, _), (b, _)| a.0 == b.0);
        for project in of_a_project {
            truth.hear(project, day);
        }
        truth
    }

    /// Takes in what sound rows say of one project, but for those that contradict others.
    fn hear(&mut self, project: &[(Pair, &Row)], day: &str) {
        let leads: Vec<&(Pair, &Row)> = project.iter().filter(|(_, row)| row.leads()).collect();
        for same in project.chunk_by(|(a, _), (b, _)| a == b) {
            for (pair, row) in same {
                let differs = |other: &Row| other.rest != row.rest && overlap(row, other);
                let rivals = |(who, other): &(Pair, &Row)| {
                    who != pair && other.role() == row.role() && overlap(row, other)
                };
                let is_led_twice = row.leads() && leads.iter().any(|one| rivals(one));
                if is_led_twice || same.iter().any(|(_, other)| differs(other)) {
                    self.frozen.insert(pair.0);
                    self.disputed.insert(*pair);
                } else {
                    self.hear_row(*pair, row, day);
                }
            }
        }
    }

    fn hear_row(&mut self, pair: Pair, row: &Row, day: &str) {
        let ended = !row.ends.is_empty() && row.ends.as_str() < day;
        match (row.starts.as_str() > day, ended) {
            (false, false) => drop(self.wanted.insert(pair, row.role().to_owned())),
            (_, true) => drop(self.ended.insert(pair)),
            (true, false) => drop(self.to_come.insert(pair)),
        }
    }

    /// What it says of somebody.
    pub(super) fn said(&self, pair: Pair) -> Said {
        let Self { wanted, ended, to_come, .. } = self;
        match (wanted.contains_key(&pair), ended.contains(&pair), to_come.contains(&pair)) {
            (true, ..) => Said::Wanted,
            (_, true, _) => Said::Ended,
            (.., true) => Said::ToCome,
            _ => Said::Nothing,
        }
    }

    /// Whether some row wants them there, however others contradict it.
    pub(super) fn may_want(&self, pair: Pair) -> bool {
        self.said(pair) == Said::Wanted || self.disputed.contains(&pair)
    }

    /// Whether nobody may be deleted on a project.
    pub(super) fn freezes(&self, project: u64) -> bool {
        self.everything_is_frozen || self.frozen.contains(&project)
    }

    /// Who is to be on a project, and in which role.
    pub(super) fn wanted_on(&self, project: u64) -> impl Iterator<Item = (Pair, &str)> {
        let wanted = self.wanted.range((project, 0)..=(project, u64::MAX));
        wanted.map(|(pair, role)| (*pair, role.as_str()))
    }
}

fn is_sound(row: &Row) -> bool {
    row.is_whole && matches!(row.role(), "maven" | "buyer")
}

/// Whether there is a day on which both hold.
fn overlap(row: &Row, other: &Row) -> bool {
    let begins_in_time = |one: &Row, other: &Row| other.ends.is_empty() || one.starts <= other.ends;
    begins_in_time(row, other) && begins_in_time(other, row)
}

impl Account<'_> {
    /// Where and who; a row with shifted cells says neither.
    fn meaning(&self, row: &Row) -> (Option<u64>, Option<u64>) {
        if !row.is_whole {
            return (None, None);
        }
        (agreed(&row.place, |name| self.place(name)), agreed(&row.person, |name| self.person(name)))
    }

    /// The one project of a name.
    fn place(&self, name: &Name) -> Option<u64> {
        if name.kind == Kind::Id {
            return name.text.parse().ok();
        }
        let projects = self.world.workspaces().values();
        let counts = projects.filter(|one| !(self.only_active && one.archived));
        only(counts.map(|one| one.id).filter(|id| match name.kind {
            Kind::Called => self.world.workspaces()[id].title == name.text.trim(),
            _ => has(self.world.references(Subject::Workspace(*id)), PROJECT_SERVICE, name),
        }))
    }

    /// The one active person of a name; whom a drawn name means is a member of the account.
    fn person(&self, name: &Name) -> Option<u64> {
        if name.kind == Kind::Id {
            return name.text.parse().ok();
        }
        let people = self.world.users().values();
        let counts = people.filter(|one| one.on_account && !one.disabled);
        only(counts.map(|one| one.id).filter(|id| match name.kind {
            Kind::Called => {
                self.world.users()[id].email.to_lowercase() == name.text.trim().to_lowercase()
            }
            _ => {
                let links = self.world.references(Subject::User(*id));
                self.people_show_keys && has(links, PERSON_SERVICE, name)
            }
        }))
    }
}

fn has(links: &[ExternalReference], service: &str, name: &Name) -> bool {
    links.iter().any(|link| link.service_name == service && link.service_model_ref == name.text)
}

/// One, where there is exactly one.
fn only(mut found: impl Iterator<Item = u64>) -> Option<u64> {
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

/// What all these names mean, where it is the same.
fn agreed(names: &[Name], meaning: impl Fn(&Name) -> Option<u64>) -> Option<u64> {
    let mut meanings = names.iter().map(meaning);
    let first = meanings.next()??;
    meanings.all(|other| other == Some(first)).then_some(first)
}
