//! Looking people and projects up in the sandbox, and every setting of it.

use super::*;

/// 2 and 5 are not on a project of the provider's side; 3 and 5 have the same key; 9 is archived.
const SEED: &str = "\
workspace_id,project,archived,user_id,name,email,disabled,role,person_reference,project_reference
1,Harbour,,1,Token Owner,owner@example.com,,maven,,erp:P-1
1,Harbour,,2,Zoe Client,zoe@example.com,,buyer,hr:E-2;crm:C:2,
2,Quay,,3,Ann Able,ann+x@example.com,,maven,hr:E-3,erp:P-2; crm:Q
9,Old Pier,true,3,,,,maven,,erp:P-9
,,,5,Free Lance,Free@example.com,,,hr:E-3,
,,,6,Gone Away,gone@example.com,true,,hr:E-6,
";

fn sandbox(lookups: Lookups) -> Sandbox {
    let settings = SandboxSettings { lookups, ..SandboxSettings::default() };
    Sandbox::new(World::from_csv(SEED).expect("a good seed"), settings)
}

async fn ids(sandbox: &Sandbox, path: &str) -> Vec<u64> {
    get(sandbox, path).await.ids()
}

const EVERYBODY: &str = "/users?on_my_account=true";
const BY_KEY: &str = "/users?on_my_account=true&external_reference_service_name=hr\
                      &external_reference_service_model_refs=E-2,E-3";

#[tokio::test(start_paused = true)]
async fn people_and_projects_are_found_by_what_other_systems_call_them() {
    let sandbox = sandbox(Lookups::default());
    assert_eq!(ids(&sandbox, BY_KEY).await, [2, 3, 5]);
    let other = "/users?external_reference_service_name=crm&external_reference_service_model_refs=";
    assert_eq!(ids(&sandbox, &format!("{other}C:2,E-3")).await, [2]);
    assert_eq!(ids(&sandbox, &format!("{other}E-3")).await, [0_u64; 0]);
    let projects = "/workspaces?external_reference_service_name=erp\
                    &external_reference_service_model_refs=P-2,P-9,P-7";
    assert_eq!(ids(&sandbox, projects).await, [2]);
    assert_eq!(ids(&sandbox, &format!("{projects}&include_archived=true")).await, [2, 9]);
}

#[tokio::test(start_paused = true)]
async fn references_are_shown_where_they_are_included() {
    let sandbox = sandbox(Lookups::default());
    let plain = get(&sandbox, EVERYBODY).await.json();
    assert!(plain.get("external_references").is_none());
    assert!(plain["users"]["2"].get("external_reference_ids").is_none());
    let keys = |body: &Value, map: &str, id: &str| -> Vec<String> {
        let ids = body[map][id]["external_reference_ids"].as_array().expect("ids").clone();
        let links = ids.iter().map(|id| &body["external_references"][id.as_str().expect("an id")]);
        links
            .map(|link| format!("{}:{}", link["service_name"], link["service_model_ref"]))
            .collect()
    };
    let include = "include=external_references";
    let people = get(&sandbox, &format!("{EVERYBODY}&{include}")).await.json();
    assert_eq!(keys(&people, "users", "2"), [r#""hr":"E-2""#, r#""crm":"C:2""#]);
    assert_eq!(keys(&people, "users", "1"), [""; 0]);
    let projects = get(&sandbox, &format!("/workspaces?{include}")).await.json();
    assert_eq!(keys(&projects, "workspaces", "2"), [r#""erp":"P-2""#, r#""crm":"Q""#]);
    sandbox.change_settings(|settings| settings.lookups.users_show_references = false);
    let people = get(&sandbox, &format!("{EVERYBODY}&{include}")).await.json();
    assert!(people["users"]["2"].get("external_reference_ids").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_people_do_not_have_lists_everybody() {
    let sandbox = sandbox(Lookups { users_by_reference: false, ..Lookups::default() });
    assert_eq!(ids(&sandbox, BY_KEY).await, [1, 2, 3, 5]);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_found_whatever_its_letters_and_as_it_is_now() {
    let sandbox = sandbox(Lookups::default());
    let find = "/users?on_my_account=true&by_email_addresses=";
    assert_eq!(
        ids(&sandbox, &format!("{find}ANN%2Bx%40example.com,free%40example.com")).await,
        [3, 5]
    );
    assert_eq!(ids(&sandbox, &format!("{find}ann+x%40example.com")).await, [0_u64; 0], "a blank");
    let known = sandbox.with_world(|world| world.change_address(3, "jörg@müller.example"));
    assert!(known && !sandbox.with_world(|world| world.change_address(77, "x@y.example")));
    assert_eq!(ids(&sandbox, &format!("{find}ann%2Bx%40example.com")).await, [0_u64; 0]);
    assert_eq!(ids(&sandbox, &format!("{find}j%C3%B6rg%40m%C3%BCller.example")).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn people_come_in_any_order_with_strangers_before_them_and_pages_may_be_short() {
    let find = "/users?on_my_account=true&by_email_addresses=free@example.com,zoe@example.com";
    let reversed = Lookups { order: LookupOrder::Reversed, ..Lookups::default() };
    assert_eq!(ids(&sandbox(reversed), find).await, [5, 2]);
    let strangers = sandbox(Lookups { strangers: 1, ..Lookups::default() });
    let got = get(&strangers, find).await;
    assert_eq!((got.ids(), &got.json()["count"]), (vec![1, 2, 5], &json!(3)));
    let short = sandbox(Lookups { short_page: true, ..Lookups::default() });
    let got = get(&short, find).await;
    assert_eq!((got.ids(), &got.json()["count"]), (vec![2], &json!(2)));
    let shuffled = sandbox(Lookups { order: LookupOrder::Shuffled, ..Lookups::default() });
    let first = ids(&shuffled, EVERYBODY).await;
    assert_eq!(first, ids(&shuffled, EVERYBODY).await, "pages belong together");
    assert_ne!(first, [1, 2, 3, 5]);
}

#[tokio::test(start_paused = true)]
async fn everybody_on_the_account_is_listed_by_pages() {
    let sandbox = sandbox(Lookups::default());
    assert_eq!(ids(&sandbox, "/users").await, [1, 2, 3], "without those who are on no project");
    assert_eq!(ids(&sandbox, &format!("{EVERYBODY}&per_page=3")).await, [1, 2, 3]);
    let last = get(&sandbox, &format!("{EVERYBODY}&show_disabled=true&per_page=3&page=2")).await;
    assert_eq!((last.ids(), &last.json()["meta"]["page_count"]), (vec![5, 6], &json!(2)));
}

#[tokio::test(start_paused = true)]
async fn resources_are_the_places_of_a_person_where_the_token_may_see_them() {
    let sandbox = sandbox(Lookups::default());
    let path = "/workspace_resources?user_id=3&include=participation,workspace,user";
    let got = get(&sandbox, path).await.json();
    assert_eq!(got["count"], 2);
    let id = got["results"][0]["id"].as_str().expect("an id");
    let one = &got["workspace_resources"][id];
    assert_eq!((&one["workspace_id"], &one["user_id"]), (&json!("2"), &json!("3")));
    let participation = one["participation_id"].as_str().expect("an id");
    assert_ne!(participation, id);
    assert_eq!(got["participations"][participation]["workspace_id"], "2");
    assert_eq!(got["workspaces"]["9"]["title"], "Old Pier");
    assert_eq!(got["users"]["3"]["full_name"], "Ann Able");
    let count = |query: &'static str| {
        let path = format!("/workspace_resources?per_page=1{query}");
        let sandbox = sandbox.clone();
        async move { get(&sandbox, &path).await.json()["count"].clone() }
    };
    assert_eq!(count("").await, 4);
    assert_eq!(count("&workspace_id=1").await, 2);
    assert_eq!(count("&workspace_id=9&user_id=3").await, 1);
    assert_eq!(count("&user_id=nobody").await, 0);
    sandbox.change_settings(|settings| settings.lookups.client_resources = false);
    assert_eq!(count("").await, 3);
    sandbox.change_settings(|settings| _ = settings.hidden_workspaces.insert(9));
    assert_eq!(count("").await, 2);
    sandbox.change_settings(|settings| settings.lookups.resources_permitted = false);
    assert_eq!(get(&sandbox, path).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn open_work_is_listed_where_that_is_permitted_and_goes_with_its_participation() {
    let sandbox = sandbox(Lookups::default());
    let day = |text: &str| text.parse().expect("a date");
    sandbox.with_world(|world| {
        for (workspace, title, current) in
            [(2, "Draft", true), (2, "Kickoff", false), (9, "Pier", true)]
        {
            let title = title.to_owned();
            world.work.assign(Task { id: 0, workspace, assignee: 3, title, current });
        }
        let (start_date, end_date) = (day("2026-11-02"), day("2026-11-06"));
        let hours = Allocation { id: 0, workspace: 2, user: 3, start_date, end_date, minutes: 600 };
        world.work.schedule(hours);
    });
    let tasks = "/assignments?assignee_id=3&workspace_id=2&current=true&include=story";
    let got = get(&sandbox, tasks).await.json();
    let id = got["results"][0]["id"].as_str().expect("an id");
    assert_eq!((&got["count"], &got["assignments"][id]["assignee_id"]), (&json!(1), &json!("3")));
    let story = got["assignments"][id]["story_id"].as_str().expect("an id");
    assert_eq!(got["stories"][story]["title"], "Draft");
    assert_eq!(get(&sandbox, "/assignments?assignee_id=3").await.json()["count"], 3);
    assert_eq!(get(&sandbox, "/assignments?assignee_id=5").await.json()["count"], 0);
    let hours = "/workspace_allocations?workspace_ids=2,9&user_ids=3,5&include=user";
    let got = get(&sandbox, hours).await.json();
    let id = got["results"][0]["id"].as_str().expect("an id");
    let one = &got["workspace_allocations"][id];
    assert_eq!((&one["start_date"], &one["minutes"]), (&json!("2026-11-02"), &json!(600)));
    assert_eq!(got["users"]["3"]["full_name"], "Ann Able");

    let place = sandbox.world().of(2, 3)[0].id;
    assert_eq!(delete(&sandbox, place).await.status, 204);
    assert_eq!(get(&sandbox, hours).await.json()["count"], 0);
    assert_eq!(get(&sandbox, "/assignments?assignee_id=3").await.json()["count"], 1);
    sandbox.change_settings(|settings| {
        settings.lookups.assignments_permitted = false;
        settings.lookups.allocations_permitted = false;
    });
    assert_eq!(get(&sandbox, tasks).await.status, 403);
    assert_eq!(get(&sandbox, hours).await.status, 403);
}

#[test]
fn the_settings_of_lookups_are_read_from_text() {
    let text = r#"{"lookups":{"order":"shuffled","strangers":3,"users_by_reference":false}}"#;
    let read: SandboxSettings = serde_json::from_str(text).expect("valid settings");
    let expected = Lookups {
        order: LookupOrder::Shuffled,
        strangers: 3,
        users_by_reference: false,
        ..Lookups::default()
    };
    assert_eq!(read.lookups, expected);
    assert!(serde_json::from_str::<SandboxSettings>(r#"{"lookups":{"sorted":true}}"#).is_err());
}

#[test]
fn a_reference_without_a_service_or_a_key_is_no_seed() {
    for cell in ["E-2", ":E-2", "hr:", "hr:1;2"] {
        let seed = format!("workspace_id,project,user_id,person_reference\n,,1,{cell}\n");
        let error = World::from_csv(&seed).expect_err(cell).to_string();
        assert!(error.starts_with(&format!("line 2: person_reference: `{cell}`")), "{error}");
    }
}
