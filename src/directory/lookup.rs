//! Asking the account whom and what names mean, in as few requests as it takes.
//!
//! A name is asked for by itself, fifty a request, or found in the list of all people or projects:
//! whichever needs fewer requests. What is remembered and young asks for nothing, until somebody is
//! to be created or deleted on the word of it; see [`Lookup::confirm`].

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::{
    answer::{Answers, Listed},
    error::LookupError,
    hint::{HINTS, nearest},
    query::{Chunk, Query, chunks},
    remembered::{Directory, Rememberable, Remembered},
    rules::LookupRules,
    walk,
};
use crate::{
    api::{AccountPage, ApiError, PeopleQuery, ProjectQuery, ReadAccount, Referenced},
    model::{Person, UserId, Workspace, WorkspaceId},
    roster::{Known, Meaning, Meanings, Names, NoMeaning, PersonRef, ProjectRef},
};

/// From so many requests by name on, it is worth one to find out how long the list is.
const PROBE: usize = 4;

/// What looking up took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupTally {
    /// Names of people that were asked for.
    pub people: usize,
    /// Names of projects that were asked for.
    pub projects: usize,
    /// Requests.
    pub requests: u64,
}

/// Looks names up, and knows what was answered in this run.
pub struct Lookup<'a, A> {
    api: &'a A,
    rules: LookupRules,
    now: Timestamp,
    directory: RefCell<Directory>,
    people: RefCell<Meanings<PersonRef, UserId>>,
    projects: RefCell<Meanings<ProjectRef, WorkspaceId>>,
    tally: Cell<LookupTally>,
}

impl<'a, A: ReadAccount> Lookup<'a, A> {
    /// Begins with what is remembered.
    pub fn new(api: &'a A, rules: LookupRules, directory: Directory, now: Timestamp) -> Self {
        let directory = directory.fit(&rules, now);
        Self {
            api,
            rules,
            now,
            directory: RefCell::new(directory),
            people: RefCell::default(),
            projects: RefCell::default(),
            tally: Cell::default(),
        }
    }

    /// What these names mean as far as it is known, without asking.
    pub fn known(&self, names: &Names) -> Known {
        let mut known = self.directory.borrow().known(names, &self.rules, self.now);
        let (people, projects) = (self.people.borrow(), self.projects.borrow());
        let answered = names.people.iter().filter_map(|name| people.get_key_value(name));
        known.people.extend(answered.map(|(name, meaning)| (name.clone(), meaning.clone())));
        let answered = names.projects.iter().filter_map(|name| projects.get_key_value(name));
        known.projects.extend(answered.map(|(name, meaning)| (name.clone(), meaning.clone())));
        known
    }

    /// Asks for the names that are not known; see [`Lookup::known`] then.
    ///
    /// # Errors
    /// When the account cannot be asked.
    pub async fn look_up(&self, names: &Names) -> Result<(), LookupError> {
        let known = self.known(names);
        let unknown = Names {
            people: without(&names.people, &known.people),
            projects: without(&names.projects, &known.projects),
        };
        self.ask(&unknown).await
    }

    /// Asks for these names again where all that is known of them is remembered; whether any of
    /// them means something else by now.
    ///
    /// # Errors
    /// When the account cannot be asked.
    pub async fn confirm(&self, names: &Names) -> Result<bool, LookupError> {
        let before = self.known(names);
        let remembered = Names {
            people: without(&names.people, &self.people.borrow()),
            projects: without(&names.projects, &self.projects.borrow()),
        };
        self.ask(&remembered).await?;
        Ok(self.known(names) != before)
    }

    /// What the account calls the people whom these names mean.
    pub fn called(&self, names: &Names) -> BTreeMap<UserId, String> {
        self.directory.borrow().called(names, &self.rules)
    }

    /// What is to be remembered.
    pub fn directory(&self) -> Directory {
        self.directory.borrow().clone()
    }

    /// What it took so far.
    pub fn tally(&self) -> LookupTally {
        self.tally.get()
    }

    fn count(&self, add: impl FnOnce(&mut LookupTally)) {
        let mut tally = self.tally.get();
        add(&mut tally);
        self.tally.set(tally);
    }

    async fn ask(&self, names: &Names) -> Result<(), LookupError> {
        let Names { people, projects } = names;
        self.count(|tally| {
            tally.people += people.len();
            tally.projects += projects.len();
        });
        if !people.is_empty() {
            self.ask_people(people).await?;
        }
        if !projects.is_empty() {
            self.ask_projects(projects).await?;
        }
        Ok(())
    }

    async fn ask_people(&self, names: &BTreeSet<PersonRef>) -> Result<(), LookupError> {
        let mut gathered = Gathered::of(Answers::<Person>::to(names, false));
        let mut pages = self.directory.borrow().people_pages;
        let active = People { lookup: self, deactivated: false };
        self.gather(&active, &mut pages, &mut gathered, names).await?;
        let missing = gathered.answers.missing();
        if !missing.is_empty() {
            // Deactivated people are hidden until they are asked for.
            let everybody = People { lookup: self, deactivated: true };
            self.gather(&everybody, &mut pages.clone(), &mut gathered, &missing).await?;
        }
        let directory = &mut *self.directory.borrow_mut();
        directory.people_pages = pages;
        gathered.seen.extend(directory.addresses().map(str::to_owned));
        let learned = learn(gathered, (directory, self.rules.person_service()), self.now);
        self.people.borrow_mut().extend(learned);
        Ok(())
    }

    async fn ask_projects(&self, names: &BTreeSet<ProjectRef>) -> Result<(), LookupError> {
        let mut gathered =
            Gathered::of(Answers::<Workspace>::to(names, !self.rules.active_projects));
        let mut pages = self.directory.borrow().project_pages;
        self.gather(&Projects { lookup: self }, &mut pages, &mut gathered, names).await?;
        let directory = &mut *self.directory.borrow_mut();
        directory.project_pages = pages;
        let learned = learn(gathered, (directory, self.rules.project_service()), self.now);
        self.projects.borrow_mut().extend(learned);
        Ok(())
    }

    /// Asks for names one way or the other: by themselves, or by reading the whole list.
    async fn gather<S: AccountSource>(
        &self,
        source: &S,
        pages: &mut Option<u64>,
        gathered: &mut Gathered<S::Row>,
        names: &BTreeSet<<S::Row as Listed>::Ref>,
    ) -> Result<(), LookupError> {
        let by_name = chunks(names, S::Row::query);
        let mut first = None;
        if pages.is_none() && by_name.as_ref().is_none_or(|by_name| by_name.len() >= PROBE) {
            let page = source.page(Query::All, 1).await?;
            *pages = Some(page.page_count);
            first = Some(page);
        }
        let is_shorter =
            |list: u64| list.max(1) < by_name.as_ref().map_or(u64::MAX, |some| some.len() as u64);
        match &by_name {
            Some(by_name) if !pages.is_some_and(is_shorter) => {
                self.gather_by_name(source, pages, gathered, by_name).await
            }
            _ => {
                *pages = Some(gather_list(source, first, gathered).await?);
                Ok(())
            }
        }
    }

    async fn gather_by_name<S: AccountSource>(
        &self,
        source: &S,
        pages: &mut Option<u64>,
        gathered: &mut Gathered<S::Row>,
        by_name: &[Chunk],
    ) -> Result<(), LookupError> {
        let Some((first, rest)) = by_name.split_first() else { return Ok(()) };
        // The first goes alone: where a filter is not known, each answer is the whole list, and that
        // list alone answers for all the rest.
        let (rows, of_pages) = source.chunk(first).await?;
        if gathered.take(&rows, source.is_of_closed()) && of_pages > 1 && !rest.is_empty() {
            *pages = Some(gather_list(source, None, gathered).await?);
            return Ok(());
        }
        let answers = rest.iter().map(|chunk| source.chunk(chunk));
        let mut answers = stream::iter(answers).buffer_unordered(self.rules.max_in_flight.max(1));
        while let Some(answer) = answers.next().await {
            gathered.take(&answer?.0, source.is_of_closed());
        }
        Ok(())
    }
}

/// Reads the whole list, of which the first page may have been read; in how many pages.
async fn gather_list<S: AccountSource>(
    source: &S,
    first: Option<AccountPage<Referenced<S::Row>>>,
    gathered: &mut Gathered<S::Row>,
) -> Result<u64, LookupError> {
    let first = RefCell::new(first);
    let page = async |number| {
        let kept = first.borrow_mut().take().filter(|_| number == 1);
        match kept {
            Some(page) => Ok(page),
            None => source.page(Query::All, number).await,
        }
    };
    let (rows, pages) = walk::all(S::WHAT, page, S::id).await?;
    gathered.take(&rows, source.is_of_closed());
    Ok(pages)
}

/// What is answered so far, and what all that was listed is called.
struct Gathered<L: Listed> {
    answers: Answers<L>,
    seen: BTreeSet<String>,
}

impl<L: Listed> Gathered<L> {
    fn of(answers: Answers<L>) -> Self {
        Self { answers, seen: BTreeSet::new() }
    }

    /// Whether anything was listed that nobody asked for.
    fn take(&mut self, rows: &[Referenced<L>], closed: bool) -> bool {
        let mut strangers = false;
        for row in rows {
            self.seen.extend(L::names(row).iter().filter_map(L::text));
            strangers |= !self.answers.take(row, closed);
        }
        strangers
    }
}

fn without<N: Ord + Clone, I>(names: &BTreeSet<N>, known: &Meanings<N, I>) -> BTreeSet<N> {
    names.iter().filter(|name| !known.contains_key(*name)).cloned().collect()
}

/// What each name means; remembered where it is one, forgotten otherwise.
fn learn<L: Listed>(
    Gathered { answers, seen }: Gathered<L>,
    (directory, service): (&mut Directory, &str),
    now: Timestamp,
) -> Meanings<L::Ref, L::Id>
where
    L::Ref: Rememberable<Id = L::Id>,
{
    let mut hints = HINTS;
    let mut learned = Meanings::new();
    for (name, mut meaning, title) in answers.meanings() {
        if let Some((names, word)) = name.place(directory, service) {
            match &meaning {
                Meaning::One(id) => {
                    let known = Remembered { id: *id, name: title, at: now };
                    names.insert(word.to_owned(), known);
                }
                Meaning::None(_) => drop(names.remove(word)),
            }
        }
        if let (Meaning::None(NoMeaning::Unknown { near }), Some(text), true) =
            (&mut meaning, L::text(&name), hints > 0)
        {
            hints -= 1;
            *near = nearest(&text, seen.iter().map(String::as_str));
        }
        learned.insert(name, meaning);
    }
    learned
}

/// The people or the projects of the account.
trait AccountSource {
    type Row: Listed;
    const WHAT: &'static str;

    fn id(row: &Referenced<Self::Row>) -> <Self::Row as Listed>::Id {
        row.of.id()
    }

    /// Whether it lists those who are hidden otherwise.
    fn is_of_closed(&self) -> bool;

    async fn page(
        &self,
        query: Query<'_>,
        page: u64,
    ) -> Result<AccountPage<Referenced<Self::Row>>, ApiError>;

    /// All that is answered of some names, and in how many pages.
    async fn chunk(&self, chunk: &Chunk) -> Result<(Vec<Referenced<Self::Row>>, u64), LookupError> {
        walk::all(Self::WHAT, async |page| self.page(chunk.query(), page).await, Self::id).await
    }
}

struct People<'l, 'a, A> {
    lookup: &'l Lookup<'a, A>,
    deactivated: bool,
}

impl<A: ReadAccount> AccountSource for People<'_, '_, A> {
    type Row = Person;
    const WHAT: &'static str = "people";

    fn is_of_closed(&self) -> bool {
        self.deactivated
    }

    async fn page(
        &self,
        query: Query<'_>,
        page: u64,
    ) -> Result<AccountPage<Referenced<Person>>, ApiError> {
        let Lookup { api, rules, .. } = self.lookup;
        self.lookup.count(|tally| tally.requests += 1);
        let query = match query {
            Query::Addresses(addresses) => PeopleQuery::Addresses(addresses),
            Query::Keys(keys) => PeopleQuery::Keys(keys),
            Query::All => PeopleQuery::Everybody,
        };
        api.list_people(query, rules.person_service.as_deref(), self.deactivated, page).await
    }
}

struct Projects<'l, 'a, A> {
    lookup: &'l Lookup<'a, A>,
}

impl<A: ReadAccount> AccountSource for Projects<'_, '_, A> {
    type Row = Workspace;
    const WHAT: &'static str = "projects";

    fn is_of_closed(&self) -> bool {
        false
    }

    async fn page(
        &self,
        query: Query<'_>,
        page: u64,
    ) -> Result<AccountPage<Referenced<Workspace>>, ApiError> {
        let Lookup { api, rules, .. } = self.lookup;
        self.lookup.count(|tally| tally.requests += 1);
        let query = match query {
            Query::Keys(keys) => ProjectQuery::Keys(keys),
            Query::Addresses(_) | Query::All => ProjectQuery::All,
        };
        api.list_projects(query, rules.project_service.as_deref(), page).await
    }
}
