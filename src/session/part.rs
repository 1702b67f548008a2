//! Which part of a plan a run is for: from what its projects and people were called to their ids.
//!
//! Projects are known before anything is listed. That somebody is on no project, and in some accounts
//! whose an address is, only a listing shows.

use std::{collections::BTreeSet, num::NonZeroUsize, str::FromStr};

use crate::{
    model::{DesiredSet, LiveSet, LiveWorkspace, Person, Scope, UserId, WorkspaceId},
    plan::{ActionClass, Narrowing},
    roster::{Known, Meaning, Names, NoMeaning, PersonRef, ProjectRef},
};

/// What part is asked for, as it was named. Where nothing is named, it is the whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskedPart {
    /// `--workspace`.
    pub projects: Vec<ProjectRef>,
    /// `--user`.
    pub people: Vec<PersonRef>,
    /// `--only`.
    pub only: BTreeSet<ActionClass>,
    /// `--first`.
    pub first: Option<NonZeroUsize>,
}

/// The same, where its projects are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// All but the people.
    narrowing: Narrowing,
    /// The people: by id, or by an address that only a listing explains.
    people: Vec<PersonRef>,
}

/// What was named and is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.problems.join("; "))]
pub struct UnknownPart {
    problems: Vec<String>,
}

/// Projects of one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectNames(pub Vec<ProjectRef>);

/// People of one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonNames(pub Vec<PersonRef>);

impl FromStr for ProjectNames {
    type Err = String;

    /// Ids between commas; anything else is one title.
    fn from_str(text: &str) -> Result<Self, String> {
        let ids = text.split(',').map(|id| id.trim().parse().map(ProjectRef::Id));
        match ids.collect::<Result<Vec<_>, _>>() {
            Ok(ids) => Ok(Self(ids)),
            Err(_) if text.trim().is_empty() => Err("expected an id, or a title".to_owned()),
            Err(_) => Ok(Self(vec![ProjectRef::Title(text.trim().to_owned())])),
        }
    }
}

impl FromStr for PersonNames {
    type Err = String;

    /// Ids and addresses between commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let person = |text: &str| {
            let text = text.trim();
            if let Ok(id) = text.parse() {
                return Ok(PersonRef::Id(id));
            }
            PersonRef::of_address(text)
                .ok_or_else(|| format!("`{text}` is neither a person's id nor an address"))
        };
        text.split(',').map(person).collect::<Result<_, _>>().map(Self)
    }
}

impl AskedPart {
    /// Whether it is the whole plan.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// These names, and those that it has itself.
    pub(super) fn names_beside(&self, names: &Names) -> Names {
        let Names { mut people, mut projects } = names.clone();
        let is_name = |person: &&PersonRef| !matches!(person, PersonRef::Id(_));
        people.extend(self.people.iter().filter(is_name).cloned());
        let is_name = |project: &&ProjectRef| !matches!(project, ProjectRef::Id(_));
        projects.extend(self.projects.iter().filter(is_name).cloned());
        Names { people, projects }
    }

    /// The part, where this is what names mean.
    ///
    /// # Errors
    /// When a project that it names is not in scope.
    pub fn locate(&self, scope: &Scope, known: &Known) -> Result<Part, UnknownPart> {
        let Self { projects, people, only, first } = self;
        let mut problems = Vec::new();
        let workspaces = projects.iter().filter_map(|project| {
            located(project, scope, known).map_err(|problem| problems.push(problem)).ok()
        });
        let workspaces: BTreeSet<WorkspaceId> = workspaces.collect();
        if !problems.is_empty() {
            return Err(UnknownPart { problems });
        }
        let person = |person: &PersonRef| match known.people.get(person) {
            Some(Meaning::One(id)) => PersonRef::Id(*id),
            // They may be on a project all the same, and to be deleted there.
            Some(Meaning::None(NoMeaning::Deactivated { id })) => {
                UserId::new(*id).map_or_else(|| person.clone(), PersonRef::Id)
            }
            _ => person.clone(),
        };
        let narrowing = Narrowing {
            workspaces: (!projects.is_empty()).then_some(workspaces),
            users: None,
            only: (!only.is_empty()).then(|| only.clone()),
            first: *first,
        };
        Ok(Part { narrowing, people: people.iter().map(person).collect() })
    }
}

fn located(project: &ProjectRef, scope: &Scope, known: &Known) -> Result<WorkspaceId, String> {
    let id = match (project, known.projects.get(project)) {
        (ProjectRef::Id(id), _) | (_, Some(Meaning::One(id))) => *id,
        (ProjectRef::Title(title) | ProjectRef::Reference(title), meaning) => {
            let unknown = NoMeaning::Unknown { near: None };
            let why = match meaning {
                Some(Meaning::None(why)) => why,
                _ => &unknown,
            };
            return Err(format!("`{title}`: expected the id of a project, or {why}"));
        }
    };
    if scope.workspaces.contains(&id) {
        return Ok(id);
    }
    Err(format!("project {id} is neither in the roster nor in `scope.workspaces`"))
}

impl Part {
    /// Whether it is the whole plan.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// Whether projects in scope may be left out of it.
    pub(super) fn skips_projects(&self) -> bool {
        self.narrowing.workspaces.is_some() || self.narrowing.first.is_some()
    }

    /// How many actions are enough.
    pub(super) fn first(&self) -> Option<NonZeroUsize> {
        self.narrowing.first
    }

    /// The projects of a scope that are looked at.
    pub(super) fn within(&self, scope: Scope) -> Scope {
        match &self.narrowing.workspaces {
            Some(wanted) => Scope { workspaces: wanted & &scope.workspaces },
            None => scope,
        }
    }

    /// What of a plan is wanted, as far as these listings say who is meant.
    pub(super) fn narrowing(&self, live: &LiveSet) -> Narrowing {
        let known = self.people.iter().flat_map(|person| meant(person, live));
        let users = (!self.people.is_empty()).then(|| known.collect());
        Narrowing { users, ..self.narrowing.clone() }
    }

    /// Makes sure that everybody who is named is somebody, once all is listed that is to be.
    pub(super) fn demand_people(
        &self,
        desired: Option<&DesiredSet>,
        live: &LiveSet,
    ) -> Result<(), UnknownPart> {
        let problem = |person: &PersonRef| match (meant(person, live).as_slice(), person) {
            ([id], PersonRef::Id(_)) if !is_anywhere(*id, desired, live) => Some(format!(
                "user {id} is neither in the roster nor on a project that was looked at"
            )),
            ([id], person) if !is_anywhere(*id, desired, live) => Some(format!(
                "`{}` is neither in the roster nor on a project that was looked at",
                words(person)
            )),
            ([_], _) => None,
            ([], person) => Some(format!(
                "`{}` is nobody whom the account knows; a person's id is taken as well",
                words(person)
            )),
            (several, person) => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                Some(format!("`{}` is the address of users {}", words(person), ids.join(", ")))
            }
        };
        let problems: Vec<String> = self.people.iter().filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(UnknownPart { problems }) }
    }
}

fn words(person: &PersonRef) -> String {
    match person {
        PersonRef::Id(id) => id.to_string(),
        PersonRef::Email(name) | PersonRef::Reference(name) => name.clone(),
    }
}

/// Who has this id, or this address as far as the listings show addresses.
fn meant(person: &PersonRef, live: &LiveSet) -> Vec<UserId> {
    let wanted = match person {
        PersonRef::Id(id) => return vec![*id],
        PersonRef::Email(address) => address,
        PersonRef::Reference(_) => return Vec::new(),
    };
    let has = |person: &&Person| {
        person.email.as_ref().is_some_and(|email| email.trim().to_lowercase() == *wanted)
    };
    live.people.values().filter(has).map(|person| person.id).collect()
}

fn is_anywhere(user: UserId, desired: Option<&DesiredSet>, live: &LiveSet) -> bool {
    let listed = |state: &LiveWorkspace| match state {
        LiveWorkspace::Listed(listing) => !listing.of(user).is_empty(),
        _ => false,
    };
    desired.is_some_and(|desired| desired.names(user)) || live.workspaces.values().any(listed)
}
