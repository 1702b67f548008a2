//! The client looks people and projects up in the sandbox: what it asks is understood, and what is
//! answered is decoded, whatever the sandbox is set to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kantata_sync::{
    api::{
        AccountPage, ApiError, Client, Endpoint, HttpSettings, PeopleQuery, ProjectQuery,
        ReadAccount, Referenced, ServiceTransport, requests_for,
    },
    clock::Clock,
    model::{Person, UserId},
    sandbox::{BASE_PATH, LookupOrder, Lookups, OddValues, Sandbox, SandboxSettings, World},
};

/// 450 people on the account, of whom 60 are on projects; 3 and 4 have odd addresses, 5 is deactivated.
fn sandbox(settings: SandboxSettings) -> Sandbox {
    let mut seed = "workspace_id,project,archived,user_id,name,email,disabled,role,\
                    person_reference,project_reference\n"
        .to_owned();
    for project in 100..130 {
        let archived = if project == 129 { "true" } else { "" };
        for user in [1, project - 90] {
            seed += &format!("{project},Project {project},{archived},{user},User {user},");
            seed += &format!("user{user}@firm.example,,maven,hr:E {user};crm:C,erp:P/{project}\n");
        }
    }
    seed +=
        ",,,3,Odd,O'Brien+x@firm.example,,,hr:3,\n,,,4,Jörg,jörg@müller.example,,,hr:\u{fc}4,\n";
    seed += ",,,5,Gone,gone@firm.example,true,,hr:E 5,\n";
    for user in 50..466 {
        seed += &format!(",,,{user},User {user},user{user}@firm.example,,,hr:E {user},\n");
    }
    Sandbox::new(World::from_csv(&seed).expect("a good seed"), settings)
}

fn client(sandbox: &Sandbox) -> impl ReadAccount + use<> {
    let settings = HttpSettings { requests_per_second: 1000.0, ..HttpSettings::default() };
    let base_url = format!("http://sandbox.invalid{BASE_PATH}");
    let endpoint = Endpoint { base_url: &base_url, token: "sandbox-token".into() };
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    Client::new(ServiceTransport::new(sandbox.router()), endpoint, settings, clock, 1)
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ids(page: &AccountPage<Referenced<Person>>) -> Vec<u64> {
    page.rows.iter().map(|row| row.of.id.number()).collect()
}

async fn people(sandbox: &Sandbox, query: PeopleQuery<'_>) -> AccountPage<Referenced<Person>> {
    client(sandbox).list_people(query, Some("hr"), false, 1).await.expect("a page")
}

#[tokio::test(start_paused = true)]
async fn addresses_of_all_kinds_are_understood() {
    let sandbox = sandbox(SandboxSettings::default());
    let asked = texts(&[
        "o'brien+x@firm.example",
        "jörg@müller.example",
        "USER60@firm.example",
        "gone@firm.example",
        "nobody@firm.example",
    ]);
    let page = people(&sandbox, PeopleQuery::Addresses(&asked)).await;
    assert_eq!((ids(&page), page.count, page.page_count), (vec![3, 4, 60], 3, 1));
    let addresses: Vec<_> = page.rows.iter().filter_map(|row| row.of.email.as_deref()).collect();
    assert_eq!(addresses, ["O'Brien+x@firm.example", "jörg@müller.example", "user60@firm.example"]);
    let keys: Vec<_> = page.rows.iter().map(|row| row.keys.join("|")).collect();
    assert_eq!(keys, ["3", "ü4", "E 60"]);
    let all = client(&sandbox).list_people(PeopleQuery::Addresses(&asked), None, true, 1).await;
    assert_eq!(ids(&all.expect("a page")), [3, 4, 5, 60]);
}

#[tokio::test(start_paused = true)]
async fn strangers_are_told_like_all_others_and_their_addresses_say_who_they_are() {
    let lookups = Lookups { strangers: 2, order: LookupOrder::Shuffled, ..Lookups::default() };
    let sandbox = sandbox(SandboxSettings { lookups, ..SandboxSettings::default() });
    let asked = texts(&["user60@firm.example", "user61@firm.example"]);
    let page = people(&sandbox, PeopleQuery::Addresses(&asked)).await;
    let found: BTreeMap<_, _> =
        page.rows.iter().map(|row| (row.of.email.clone(), row.of.id.number())).collect();
    assert_eq!((page.count, found.len()), (4, 4));
    assert_eq!(found[&Some("user60@firm.example".to_owned())], 60);
}

#[tokio::test(start_paused = true)]
async fn keys_are_asked_for_where_the_filter_is_known_and_compared_where_it_is_not() {
    let asked = texts(&["E 60", "ü4", "E 999"]);
    for (users_by_reference, listed) in [(true, 2), (false, 449)] {
        let lookups = Lookups { users_by_reference, ..Lookups::default() };
        let sandbox = sandbox(SandboxSettings { lookups, ..SandboxSettings::default() });
        let page = people(&sandbox, PeopleQuery::Keys(&asked)).await;
        assert_eq!(page.count, listed);
        let (mut found, mut number) = (BTreeSet::new(), 1);
        while number <= page.page_count {
            let query = PeopleQuery::Keys(&asked);
            let page = client(&sandbox).list_people(query, Some("hr"), false, number).await;
            let rows = page.expect("a page").rows;
            let meant = |row: &Referenced<Person>| row.keys.iter().any(|key| asked.contains(key));
            found.extend(rows.into_iter().filter(meant).map(|row| row.of.id.number()));
            number += 1;
        }
        assert_eq!(found, BTreeSet::from([4, 60]));
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_is_read_page_by_page_whatever_the_servers_pages_hold() {
    for page_limit in [200, 37] {
        let sandbox = sandbox(SandboxSettings { page_limit, ..SandboxSettings::default() });
        let (mut found, mut number, mut pages) = (BTreeSet::new(), 1, 1);
        while number <= pages {
            let query = PeopleQuery::Everybody;
            let page = client(&sandbox).list_people(query, Some("hr"), true, number).await;
            let page = page.expect("a page");
            assert_eq!(page.count, 450);
            found.extend(ids(&page));
            (pages, number) = (page.page_count, number + 1);
        }
        assert_eq!((found.len(), sandbox.log().len()), (450, 450_usize.div_ceil(page_limit)));
    }
}

#[tokio::test(start_paused = true)]
async fn projects_are_found_by_key_and_all_are_listed_with_those_that_are_archived() {
    let sandbox = sandbox(SandboxSettings::default());
    let asked = texts(&["P/101", "P/129", "P/7"]);
    let query = ProjectQuery::Keys(&asked);
    let page = client(&sandbox).list_projects(query, Some("erp"), 1).await.expect("a page");
    let told: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.of.title.as_str(), row.of.archived, row.keys.join("|")))
        .collect();
    let expected = [("Project 101", false, "P/101".into()), ("Project 129", true, "P/129".into())];
    assert_eq!(told, expected);
    let all = client(&sandbox).list_projects(ProjectQuery::All, None, 1).await.expect("a page");
    assert_eq!((all.count, all.rows.len()), (30, 30));
    assert!(all.rows.iter().all(|row| row.keys.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn projects_of_a_person_are_listed_where_that_is_permitted() {
    let sandbox = sandbox(SandboxSettings::default());
    let user = UserId::new(1).expect("not 0");
    let page = client(&sandbox).list_assignments(user, 1).await.expect("a page");
    let found: Vec<u64> = page.rows.iter().map(|row| row.workspace.number()).collect();
    assert_eq!(found, (100..130).collect::<Vec<_>>());
    assert!(page.rows.iter().all(|row| row.user == user));
    sandbox.change_settings(|settings| settings.lookups.resources_permitted = false);
    let refused = client(&sandbox).list_assignments(user, 1).await.expect_err("forbidden");
    assert!(matches!(refused, ApiError::Refused { status: 403, .. }), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_address_is_the_one_of_now_and_an_odd_value_is_never_another_one() {
    let odd_values = OddValues { seed: 3, share: 0.4, ..OddValues::default() };
    let sandbox = sandbox(SandboxSettings { odd_values, ..SandboxSettings::default() });
    sandbox.with_world(|world| world.change_address(60, "new@firm.example"));
    let (mut hidden, mut number, mut pages) = (0, 1, 1);
    while number <= pages {
        let query = PeopleQuery::Everybody;
        let page = client(&sandbox).list_people(query, Some("hr"), false, number).await;
        let page = page.expect("a page");
        assert_eq!(page.count, 449);
        (pages, number) = (page.page_count, number + 1);
        let world = sandbox.world();
        for row in page.rows {
            let truth = &world.users()[&row.of.id.number()];
            assert!(row.of.email.as_ref().is_none_or(|email| *email == truth.email));
            assert!(row.keys.iter().all(|key| key.ends_with(&row.of.id.to_string())));
            hidden += usize::from(row.of.email.is_none());
        }
    }
    assert!((50..400).contains(&hidden), "{hidden}");
}

#[tokio::test(start_paused = true)]
async fn fifty_of_the_longest_addresses_are_more_than_one_request_and_all_are_found() {
    let sandbox = sandbox(SandboxSettings::default());
    let address = |user: u64| format!("{user}{}@firm.example", "ü".repeat(300));
    sandbox.with_world(|world| {
        assert!((60..110).all(|user| world.change_address(user, &address(user))));
    });
    let asked: Vec<String> = (60..110).map(address).collect();
    let mut found = BTreeSet::new();
    for names in requests_for(&asked) {
        found.extend(ids(&people(&sandbox, PeopleQuery::Addresses(names)).await));
    }
    assert_eq!(found, (60..110).collect());
    assert!(sandbox.log().iter().all(|request| request.path.len() < 8_000));
}
