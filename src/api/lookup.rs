//! The requests that look people and projects up: paths and queries (API.md §4.2, §7).
//!
//! Every value is written in percents. What such a request fails with never names an address.

use super::{
    AccountPage, ApiError, Assignment, Client, MEMBERS_PER_PAGE, OpenAssignment, PeopleQuery,
    ProjectQuery, ReadAccount, ReadWork, Referenced, ScheduledHours, Transport,
    account_page::{can_be_asked_for, encoded},
    client::Outgoing,
    wire,
    wire_account::{decode_open_assignments, decode_scheduled_hours},
};
use crate::model::{Person, UserId, Workspace, WorkspaceId};

/// A path whose query grows.
struct Path {
    text: String,
    /// What stands before the next value.
    next: char,
}

impl Path {
    fn of(path: &str) -> Self {
        Self { text: path.to_owned(), next: '?' }
    }

    /// With a value that needs no encoding.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.text.push(self.next);
        self.text.extend([name, "=", value]);
        self.next = '&';
        self
    }

    /// With the names that a list can hold; none where it can hold none of them.
    fn with_list(self, name: &str, listed: &[String]) -> Option<Self> {
        let listed = listed.iter().filter(|name| can_be_asked_for(name));
        let listed: Vec<String> = listed.map(|name| encoded(name).to_string()).collect();
        (!listed.is_empty()).then(|| self.with(name, &listed.join(",")))
    }

    /// Asks for whom or what a service calls so.
    fn with_keys(self, keys: &[String], service: Option<&str>) -> Option<Self> {
        let service = encoded(service?).to_string();
        let path = self.with("external_reference_service_name", &service);
        path.with_list("external_reference_service_model_refs", keys)
    }

    fn showing_keys(self, service: Option<&str>) -> Self {
        if service.is_some() { self.with("include", "external_references") } else { self }
    }

    /// The page. Oldest first: what is created meanwhile comes last, and by default every change
    /// moves its record; an order that the API does not know is ignored (API.md §4).
    fn page(self, page: u64) -> String {
        let path = self.with("order", "created_at:asc");
        let path = path.with("per_page", &MEMBERS_PER_PAGE.to_string());
        path.with("page", &page.to_string()).text
    }
}

fn people(
    query: PeopleQuery<'_>,
    service: Option<&str>,
    deactivated: bool,
    page: u64,
) -> Option<String> {
    let path = Path::of("/users");
    let path = match query {
        PeopleQuery::Addresses(addresses) => path.with_list("by_email_addresses", addresses)?,
        PeopleQuery::Keys(keys) => path.with_keys(keys, service)?,
        PeopleQuery::Everybody => path,
    };
    let path = path.with("on_my_account", "true");
    let path = if deactivated { path.with("show_disabled", "true") } else { path };
    Some(path.showing_keys(service).page(page))
}

fn projects(query: ProjectQuery<'_>, service: Option<&str>, page: u64) -> Option<String> {
    let path = Path::of("/workspaces");
    let path = match query {
        ProjectQuery::Keys(keys) => path.with_keys(keys, service)?,
        ProjectQuery::All => path,
    };
    Some(path.with("include_archived", "true").showing_keys(service).page(page))
}

fn assignments(user: UserId, page: u64) -> String {
    let path = Path::of("/workspace_resources").with("user_id", &user.to_string());
    path.with("include", "participation,workspace").page(page)
}

fn open_assignments(user: UserId, page: u64) -> String {
    let path = Path::of("/assignments").with("assignee_id", &user.to_string());
    path.with("current", "true").with("include", "story").page(page)
}

fn scheduled_hours(user: UserId, workspaces: &[WorkspaceId], page: u64) -> String {
    let listed: Vec<String> = workspaces.iter().map(ToString::to_string).collect();
    let path = Path::of("/workspace_allocations").with("workspace_ids", &listed.join(","));
    path.with("user_ids", &user.to_string()).page(page)
}

impl<T: Transport> Client<T> {
    /// The page behind this path; an empty one where there is nothing to ask for.
    async fn look_up<V>(
        &self,
        path: Option<String>,
        decode: impl Fn(&[u8]) -> Result<AccountPage<V>, serde_json::Error>,
    ) -> Result<AccountPage<V>, ApiError> {
        let Some(path) = path else {
            return Ok(AccountPage { rows: Vec::new(), count: 0, page_count: 0 });
        };
        Ok(self.send(&Outgoing::lookup(path), decode).await?.value)
    }
}

impl<T: Transport> ReadAccount for Client<T> {
    async fn list_people(
        &self,
        query: PeopleQuery<'_>,
        service: Option<&str>,
        deactivated: bool,
        page: u64,
    ) -> Result<AccountPage<Referenced<Person>>, ApiError> {
        let path = people(query, service, deactivated, page);
        self.look_up(path, |body| wire::decode_people_page(body, service, page)).await
    }

    async fn list_projects(
        &self,
        query: ProjectQuery<'_>,
        service: Option<&str>,
        page: u64,
    ) -> Result<AccountPage<Referenced<Workspace>>, ApiError> {
        let path = projects(query, service, page);
        self.look_up(path, |body| wire::decode_workspaces_page(body, service, page)).await
    }

    async fn list_assignments(
        &self,
        user: UserId,
        page: u64,
    ) -> Result<AccountPage<Assignment>, ApiError> {
        let path = Some(assignments(user, page));
        self.look_up(path, |body| wire::decode_assignments(body, page)).await
    }
}

impl<T: Transport> ReadWork for Client<T> {
    async fn list_open_assignments(
        &self,
        user: UserId,
        page: u64,
    ) -> Result<AccountPage<OpenAssignment>, ApiError> {
        let path = Some(open_assignments(user, page));
        self.look_up(path, |body| decode_open_assignments(body, page)).await
    }

    async fn list_scheduled_hours(
        &self,
        user: UserId,
        workspaces: &[WorkspaceId],
        page: u64,
    ) -> Result<AccountPage<ScheduledHours>, ApiError> {
        let path = (!workspaces.is_empty()).then(|| scheduled_hours(user, workspaces, page));
        self.look_up(path, |body| decode_scheduled_hours(body, page)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_value_is_written_in_percents() {
        let asked = texts(&["a+b@firm.example", "jörg.o'brien@müller.example", "x&y=z#@b.example"]);
        let path = people(PeopleQuery::Addresses(&asked), None, false, 1).expect("a path");
        insta::assert_snapshot!(path, @"/users?by_email_addresses=a%2Bb%40firm.example,j%C3%B6rg.o%27brien%40m%C3%BCller.example,x%26y%3Dz%23%40b.example&on_my_account=true&order=created_at:asc&per_page=200&page=1");
        let keys = texts(&["E 17/ü", "7"]);
        let path = people(PeopleQuery::Keys(&keys), Some("hr & co"), true, 2).expect("a path");
        insta::assert_snapshot!(path, @"/users?external_reference_service_name=hr%20%26%20co&external_reference_service_model_refs=E%2017%2F%C3%BC,7&on_my_account=true&show_disabled=true&include=external_references&order=created_at:asc&per_page=200&page=2");
        let path = projects(ProjectQuery::Keys(&keys), Some("erp"), 3).expect("a path");
        insta::assert_snapshot!(path, @"/workspaces?external_reference_service_name=erp&external_reference_service_model_refs=E%2017%2F%C3%BC,7&include_archived=true&include=external_references&order=created_at:asc&per_page=200&page=3");
    }

    #[test]
    fn everybody_all_and_a_persons_projects_are_asked_for_by_pages() {
        insta::assert_snapshot!(people(PeopleQuery::Everybody, None, false, 7).expect("a path"), @"/users?on_my_account=true&order=created_at:asc&per_page=200&page=7");
        insta::assert_snapshot!(projects(ProjectQuery::All, Some("erp"), 1).expect("a path"), @"/workspaces?include_archived=true&include=external_references&order=created_at:asc&per_page=200&page=1");
        insta::assert_snapshot!(assignments(UserId::new(9).expect("not 0"), 1), @"/workspace_resources?user_id=9&include=participation,workspace&order=created_at:asc&per_page=200&page=1");
    }

    #[test]
    fn the_work_of_a_person_is_asked_for_with_their_projects() {
        let user = UserId::new(9).expect("not 0");
        let projects = [1, 2].map(|id| WorkspaceId::new(id).expect("not 0"));
        insta::assert_snapshot!(open_assignments(user, 2), @"/assignments?assignee_id=9&current=true&include=story&order=created_at:asc&per_page=200&page=2");
        insta::assert_snapshot!(scheduled_hours(user, &projects, 1), @"/workspace_allocations?workspace_ids=1,2&user_ids=9&order=created_at:asc&per_page=200&page=1");
    }

    #[test]
    fn what_no_list_can_hold_is_not_asked_for() {
        let keys = texts(&["a,b", "c"]);
        let path = people(PeopleQuery::Keys(&keys), Some("hr"), false, 1).expect("a path");
        assert!(path.contains("model_refs=c&"), "{path}");
        assert_eq!(people(PeopleQuery::Keys(&keys[..1]), Some("hr"), false, 1), None);
        assert_eq!(people(PeopleQuery::Keys(&keys), None, false, 1), None);
        assert_eq!(people(PeopleQuery::Addresses(&[]), None, false, 1), None);
        assert_eq!(projects(ProjectQuery::Keys(&[]), Some("erp"), 1), None);
    }
}
