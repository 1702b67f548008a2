//! Names looked up in made-up accounts: what is asked, and what it is taken to mean.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use jiff::Timestamp;

use super::{Directory, Lookup, LookupError, LookupRules};
use crate::{
    api::{AccountPage, ApiError, Assignment, PeopleQuery, ProjectQuery, ReadAccount, Referenced},
    model::{Person, Seen, UserId, Workspace, WorkspaceId},
    roster::{Known, Meaning, Names, NoMeaning, PersonRef, ProjectRef},
};

const DAY: i64 = 86_400;
const PAGE: usize = 200;

/// An account, and what it was asked.
#[derive(Default)]
struct Account {
    people: RefCell<Vec<(u64, String, bool)>>,
    projects: Vec<(u64, &'static str, bool)>,
    /// Filters by key are not known: everybody is listed.
    ignores_keys: bool,
    /// So many people are listed who were not asked for.
    strangers: u64,
    /// One row is left out of every page.
    short: Cell<bool>,
    asked: RefCell<Vec<String>>,
}

fn user(id: u64) -> UserId {
    UserId::new(id).expect("not 0")
}

fn page<T>(rows: Vec<T>, number: u64, short: bool) -> AccountPage<T> {
    let (count, pages) = (rows.len() as u64, rows.len().div_ceil(PAGE) as u64);
    let from = (usize::try_from(number).expect("small") - 1) * PAGE;
    let mut rows: Vec<T> = rows.into_iter().skip(from).take(PAGE).collect();
    if short {
        rows.pop();
    }
    AccountPage { rows, count, page_count: pages }
}

impl Account {
    fn of(people: &[(u64, &str)]) -> Self {
        let people = people.iter().map(|(id, address)| (*id, (*address).to_owned(), false));
        Self { people: RefCell::new(people.collect()), ..Self::default() }
    }

    /// So many people `p1@x.example`, `p2@x.example`, …
    fn crowd(people: u64) -> Self {
        let people = (1..=people).map(|id| (id, format!("p{id}@x.example"), false));
        Self { people: RefCell::new(people.collect()), ..Self::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.take()
    }
}

impl ReadAccount for Account {
    async fn list_people(
        &self,
        query: PeopleQuery<'_>,
        service: Option<&str>,
        deactivated: bool,
        number: u64,
    ) -> Result<AccountPage<Referenced<Person>>, ApiError> {
        let what = match query {
            PeopleQuery::Addresses(some) => format!("{} addresses", some.len()),
            PeopleQuery::Keys(some) => format!("{} keys", some.len()),
            PeopleQuery::Everybody => format!("people, page {number}"),
        };
        let too = if deactivated { ", deactivated too" } else { "" };
        self.asked.borrow_mut().push(format!("{what}{too}"));
        let is_asked = |id: u64, address: &str| match query {
            PeopleQuery::Addresses(some) => some.contains(&address.to_lowercase()),
            PeopleQuery::Keys(some) => self.ignores_keys || some.contains(&format!("k{id}")),
            PeopleQuery::Everybody => true,
        };
        let people = self.people.borrow();
        let found = people.iter().filter(|(_, _, disabled)| deactivated || !disabled);
        let found =
            found.filter(|(id, address, _)| *id <= self.strangers || is_asked(*id, address));
        let rows = found.map(|(id, address, _)| Referenced {
            of: Person {
                id: user(*id),
                name: format!("Person {id}"),
                email: Some(address.clone()),
                disabled: Seen::Hidden,
            },
            keys: service.map(|_| format!("k{id}")).into_iter().collect(),
        });
        Ok(page(rows.collect(), number, self.short.get()))
    }

    async fn list_projects(
        &self,
        query: ProjectQuery<'_>,
        _: Option<&str>,
        number: u64,
    ) -> Result<AccountPage<Referenced<Workspace>>, ApiError> {
        let keys = match query {
            ProjectQuery::Keys(some) => Some(some),
            ProjectQuery::All => None,
        };
        let what =
            keys.map_or_else(|| format!("page {number}"), |some| format!("{} keys", some.len()));
        self.asked.borrow_mut().push(format!("projects, {what}"));
        let found = self.projects.iter();
        let found =
            found.filter(|(id, ..)| keys.is_none_or(|some| some.contains(&format!("j{id}"))));
        let rows = found.map(|(id, title, archived)| Referenced {
            of: Workspace {
                id: WorkspaceId::new(*id).expect("not 0"),
                title: (*title).to_owned(),
                archived: *archived,
                permissions: Seen::Hidden,
            },
            keys: vec![format!("j{id}")],
        });
        Ok(page(rows.collect(), number, false))
    }

    async fn list_assignments(
        &self,
        _: UserId,
        _: u64,
    ) -> Result<AccountPage<Assignment>, ApiError> {
        unreachable!("nobody looks names up this way")
    }
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY).expect("in range")
}

fn rules() -> LookupRules {
    LookupRules {
        person_service: Some("hr".to_owned()),
        project_service: Some("erp".to_owned()),
        active_projects: false,
        max_age: Duration::from_secs(7 * 86_400),
        max_in_flight: 4,
    }
}

fn email(address: &str) -> PersonRef {
    PersonRef::Email(address.to_owned())
}

fn people(names: impl IntoIterator<Item = PersonRef>) -> Names {
    Names { people: names.into_iter().collect(), ..Names::default() }
}

fn projects(names: impl IntoIterator<Item = ProjectRef>) -> Names {
    Names { projects: names.into_iter().collect(), ..Names::default() }
}

fn title(title: &str) -> ProjectRef {
    ProjectRef::Title(title.to_owned())
}

async fn found(lookup: &Lookup<'_, Account>, names: &Names) -> Known {
    lookup.look_up(names).await.expect("an account that answers");
    lookup.known(names)
}

fn crowd(range: std::ops::RangeInclusive<u64>) -> Names {
    people(range.map(|id| email(&format!("p{id}@x.example"))))
}

#[tokio::test]
async fn an_address_means_who_has_it_whatever_its_case() {
    let account = Account::of(&[(7, "Ada@Firm.example"), (8, "bo@firm.example")]);
    let lookup = Lookup::new(&account, rules(), Directory::default(), at(10));
    let names = people([email("ada@firm.example"), email("bo@firm.example")]);
    let known = found(&lookup, &names).await;
    assert_eq!(known.people[&email("ada@firm.example")], Meaning::One(user(7)));
    assert_eq!(known.people[&email("bo@firm.example")], Meaning::One(user(8)));
    assert_eq!(account.asked(), ["2 addresses"]);
    assert_eq!(lookup.called(&names)[&user(7)], "Person 7");
    found(&lookup, &names).await;
    assert_eq!(account.asked(), [""; 0]);
}

#[tokio::test]
async fn nobody_several_and_deactivated_people_are_told_apart() {
    let account = Account::of(&[(7, "ada@firm.example"), (8, "twin@firm.example")]);
    account.people.borrow_mut().extend([
        (9, "TWIN@firm.example".to_owned(), false),
        (10, "gone@firm.example".to_owned(), true),
    ]);
    let lookup = Lookup::new(&account, rules(), Directory::default(), at(10));
    let addresses =
        ["adda@firm.example", "twin@firm.example", "gone@firm.example", "ada@firm.example"];
    let known = found(&lookup, &people(addresses.map(email))).await;
    let meanings = addresses.map(|address| known.people[&email(address)].clone());
    let near = Some("ada@firm.example".to_owned());
    assert_eq!(meanings[0], Meaning::None(NoMeaning::Unknown { near }));
    let candidates = vec!["8 (Person 8)".to_owned(), "9 (Person 9)".to_owned()];
    assert_eq!(meanings[1], Meaning::None(NoMeaning::Several { candidates, count: 2 }));
    assert_eq!(meanings[2], Meaning::None(NoMeaning::Deactivated { id: 10 }));
    assert_eq!(meanings[3], Meaning::One(user(7)));
    assert_eq!(account.asked(), ["4 addresses", "2 addresses, deactivated too"]);
}

#[tokio::test]
async fn many_names_are_asked_for_by_fifty_or_found_in_the_list_whichever_is_less() {
    let small = Account::crowd(390);
    let lookup = Lookup::new(&small, rules(), Directory::default(), at(10));
    assert_eq!(found(&lookup, &crowd(1..=390)).await.people.len(), 390);
    assert_eq!(small.asked(), ["people, page 1", "people, page 2"]);
    assert_eq!(lookup.tally().requests, 2);
    let few = Lookup::new(&small, rules(), Directory::default(), at(10));
    found(&few, &crowd(1..=120)).await;
    assert_eq!(small.asked(), ["50 addresses", "50 addresses", "20 addresses"]);
    // By now it is known how long the list is.
    let knows = Lookup::new(&small, rules(), lookup.directory(), at(30));
    found(&knows, &crowd(1..=120)).await;
    assert_eq!(small.asked(), ["people, page 1", "people, page 2"]);
    let large = Account::crowd(2_000);
    let lookup = Lookup::new(&large, rules(), Directory::default(), at(10));
    assert_eq!(found(&lookup, &crowd(1..=250)).await.people.len(), 250);
    assert_eq!(large.asked().len(), 6);
}

#[tokio::test]
async fn what_is_remembered_and_young_asks_for_nobody_until_it_is_to_be_sure() {
    let account = Account::of(&[(7, "ada@firm.example"), (8, "bo@firm.example")]);
    let names = people([email("ada@firm.example"), email("bo@firm.example")]);
    let first = Lookup::new(&account, rules(), Directory::default(), at(10));
    found(&first, &names).await;
    let text = serde_json::to_vec(&first.directory()).expect("plain");
    let directory = Directory::parse(&text).expect("just written");
    account.asked();

    let second = Lookup::new(&account, rules(), directory.clone(), at(17));
    assert_eq!(found(&second, &names).await, first.known(&names));
    assert_eq!(account.asked(), [""; 0]);
    assert_eq!(second.called(&names)[&user(8)], "Person 8");
    assert!(!second.confirm(&names).await.expect("answers"));
    assert_eq!(account.asked(), ["2 addresses"]);
    assert!(!second.confirm(&names).await.expect("answers"));
    assert_eq!(account.asked(), [""; 0]);

    // Somebody else has the address by now.
    account.people.borrow_mut()[0].0 = 70;
    let third = Lookup::new(&account, rules(), directory.clone(), at(17));
    assert_eq!(found(&third, &names).await, first.known(&names));
    assert!(third.confirm(&names).await.expect("answers"));
    assert_eq!(third.known(&names).people[&email("ada@firm.example")], Meaning::One(user(70)));

    for late in [at(18), at(9)] {
        let lookup = Lookup::new(&account, rules(), directory.clone(), late);
        account.asked();
        found(&lookup, &names).await;
        assert_eq!(account.asked(), ["2 addresses"], "{late}");
    }
}

#[tokio::test]
async fn keys_of_another_system_are_compared_where_the_filter_is_not_known() {
    let keys = |range: std::ops::RangeInclusive<u64>| {
        people(range.map(|id| PersonRef::Reference(format!("k{id}"))))
    };
    let mut account = Account::crowd(390);
    let lookup = Lookup::new(&account, rules(), Directory::default(), at(10));
    assert_eq!(found(&lookup, &keys(101..=200)).await.people.len(), 100);
    assert_eq!(account.asked(), ["50 keys", "50 keys"]);
    account.ignores_keys = true;
    let lookup = Lookup::new(&account, rules(), Directory::default(), at(10));
    let known = found(&lookup, &keys(101..=200)).await;
    assert_eq!(known.people[&PersonRef::Reference("k150".to_owned())], Meaning::One(user(150)));
    let whole = ["people, page 1", "people, page 2"];
    assert_eq!(account.asked(), [["50 keys", "50 keys"], whole].concat());
    let comma = people([PersonRef::Reference("a,b".to_owned())]);
    found(&lookup, &comma).await;
    assert!(account.asked()[0].starts_with("people, page 1"));
}

#[tokio::test]
async fn pages_of_people_whom_nobody_asked_for_are_not_taken_for_all_of_them() {
    let account = Account { strangers: 250, ..Account::crowd(390) };
    let keys = people((301..=390).map(|id| PersonRef::Reference(format!("k{id}"))));
    let lookup = Lookup::new(&account, rules(), Directory::default(), at(10));
    let known = found(&lookup, &keys).await;
    assert_eq!(known.people[&PersonRef::Reference("k390".to_owned())], Meaning::One(user(390)));
}

#[tokio::test]
async fn an_answer_that_does_not_add_up_is_read_again_and_never_believed() {
    let account = Account::of(&[(7, "ada@firm.example")]);
    account.short.set(true);
    let lookup = Lookup::new(&account, rules(), Directory::default(), at(10));
    let error = lookup.look_up(&people([email("ada@firm.example")])).await.expect_err("short");
    assert!(matches!(error, LookupError::Incomplete { what: "people" }), "{error}");
    assert_eq!(account.asked().len(), 3);
}

/// Two projects are called Twice, one is archived, and one of two called Both.
fn titled() -> Account {
    let projects = vec![
        (1, "Atlas", false),
        (2, "Twice", false),
        (3, "Twice", false),
        (4, "Old", true),
        (5, "Both", false),
        (6, "Both", true),
    ];
    Account { projects, ..Account::default() }
}

#[tokio::test]
async fn a_title_means_the_only_project_that_has_it_whole() {
    let account = titled();
    let titles = ["Atlas", "atlas", "Twice", "Old", "Both"];
    let names =
        projects(titles.map(title).into_iter().chain([ProjectRef::Reference("j5".to_owned())]));
    let meanings = async |active_projects| {
        let rules = LookupRules { active_projects, ..rules() };
        let lookup = Lookup::new(&account, rules, Directory::default(), at(10));
        let known = found(&lookup, &names).await.projects;
        titles.map(|name| match &known[&title(name)] {
            Meaning::One(id) => id.to_string(),
            Meaning::None(why) => why.to_string(),
        })
    };
    insta::assert_snapshot!(meanings(false).await.join("\n"), @"
    1
    a name that the account knows; did you mean `Atlas`?
    a name that means only one in the account, and 2 have this: 2 (Twice), 3 (Twice)
    4
    a name that means only one in the account, and 2 have this: 5 (Both), 6 (Both)
    ");
    insta::assert_snapshot!(meanings(true).await.join("\n"), @r#"
    1
    a name that the account knows; did you mean `Atlas`?
    a name that means only one in the account, and 2 have this: 2 (Twice), 3 (Twice)
    a project that is not archived, as project 4 is; `roster.projects = "all"` takes it
    5
    "#);
    let asked: BTreeSet<String> = account.asked().into_iter().collect();
    assert_eq!(asked, BTreeSet::from(["projects, page 1".to_owned()]));
}

#[tokio::test]
async fn what_is_remembered_of_titles_falls_with_the_rule_that_it_was_found_by() {
    let account = Account { projects: vec![(4, "Old", true)], ..Account::default() };
    let names = projects([title("Old")]);
    let all = Lookup::new(&account, rules(), Directory::default(), at(10));
    assert!(matches!(found(&all, &names).await.projects[&title("Old")], Meaning::One(_)));
    let rules = LookupRules { active_projects: true, ..rules() };
    let active = Lookup::new(&account, rules, all.directory(), at(11));
    assert_eq!(active.known(&names), Known::default());
    found(&active, &names).await;
    assert!(matches!(active.known(&names).projects[&title("Old")], Meaning::None(_)));
}

#[test]
fn a_damaged_directory_is_none() {
    for text in ["", "{}", "[]", r#"{"format":2}"#] {
        assert!(Directory::parse(text.as_bytes()).is_err(), "{text}");
    }
}
