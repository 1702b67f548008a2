//! What an export writes beside ids: titles, names and addresses as they are live, and none that a
//! plan would not read back as the same project or person.
//!
//! Looks nothing up: it says what is to be looked up, and takes what it means. Knows no file.

use std::{collections::BTreeMap, fmt::Display};

use super::escape;
use crate::{
    model::{LiveSet, LiveWorkspace, UserId, WorkspaceId},
    roster::{Called, Known, Meaning, Names, PersonRef, ProjectRef, RosterRow},
};

/// A note names so many of those that it is about.
const EXAMPLES: usize = 5;

/// What the account calls the projects and people of these rows.
#[must_use]
pub fn called(live: &LiveSet, rows: &[RosterRow]) -> Called {
    let mut called = Called::default();
    for row in rows {
        let (workspace, user) = (row.key.workspace, row.key.user);
        if let Some(LiveWorkspace::Listed(listing)) = live.workspaces.get(&workspace) {
            called.projects.entry(workspace).or_insert_with(|| listing.title.clone());
        }
        if let Some(person) = live.people.get(&user) {
            called.people.entry(user).or_insert_with(|| escape::cell(&person.name).into_owned());
            let address = person.email.clone().unwrap_or_default();
            called.addresses.entry(user).or_insert(address);
        }
    }
    called
}

/// What has to be looked up before these stand in a roster.
#[must_use]
pub fn names(called: &Called) -> Names {
    let addresses = called.addresses.values().filter_map(|address| person(address));
    let titles = called.projects.values().filter_map(|title| project(title));
    Names { people: addresses.collect(), projects: titles.collect() }
}

/// Leaves out what does not mean the project or person beside it; what a person should know of it.
pub fn keep_what_agrees(called: &mut Called, known: &Known) -> Vec<String> {
    let silent = called.addresses.values().filter(|address| address.is_empty()).count();
    called.addresses.retain(|_, address| !address.is_empty());
    let titles = disagreeing(&called.projects, |id: &WorkspaceId, title| {
        project(title).is_some_and(|name| known.projects.get(&name) == Some(&Meaning::One(*id)))
    });
    let addresses = disagreeing(&called.addresses, |id: &UserId, address| {
        person(address).is_some_and(|name| known.people.get(&name) == Some(&Meaning::One(*id)))
    });
    called.projects.retain(|id, _| !titles.contains(id));
    called.addresses.retain(|id, _| !addresses.contains(id));
    let silent = (silent > 0).then(|| match silent {
        1 => "1 person shows no address; the `email` is left empty".to_owned(),
        many => format!("{many} people show no address; their `email` is left empty"),
    });
    let titles = note("project", "title", "project", &titles);
    let addresses = note("email", "address", "person", &addresses);
    [silent, titles, addresses].into_iter().flatten().collect()
}

/// A title that stands in a file as it is, and is read from it so.
fn project(title: &str) -> Option<ProjectRef> {
    Some(title).filter(|title| is_plain(title)).and_then(ProjectRef::of_title)
}

fn person(address: &str) -> Option<PersonRef> {
    Some(address).filter(|address| is_plain(address)).and_then(PersonRef::of_address)
}

/// Whether neither a spreadsheet nor a terminal acts on it. Made harmless, it would be another name.
fn is_plain(text: &str) -> bool {
    escape::cell(text) == text
}

fn disagreeing<I: Copy>(called: &BTreeMap<I, String>, agrees: impl Fn(&I, &str) -> bool) -> Vec<I> {
    called.iter().filter(|(id, name)| !agrees(id, name)).map(|(id, _)| *id).collect()
}

fn note(column: &str, what: &str, whose: &str, left_out: &[impl Display]) -> Option<String> {
    if left_out.is_empty() {
        return None;
    }
    let examples = left_out.iter().take(EXAMPLES).map(ToString::to_string);
    let mut ids = examples.collect::<Vec<_>>().join(", ");
    if left_out.len() > EXAMPLES {
        ids.push_str(&format!(" and {} more", left_out.len() - EXAMPLES));
    }
    Some(format!(
        "`{column}` is left empty where a roster's {what} would not mean this {whose} and no other: {ids}"
    ))
}
