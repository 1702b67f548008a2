//! Every answer in `sample-data/wire/` decodes, and to what its README says of it. That the
//! sandbox answers in the same shape is shown in `tests/wire_sandbox.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use kantata_sync::{
    api::{
        Complaint, ListPage, ListedRow,
        wire::{
            decode_complaints, decode_page, decode_people, decode_people_page, decode_workspaces,
            decode_workspaces_page, mentions_errors,
        },
    },
    model::{AccessLevel, Participation, Role, Seen},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/wire")
}

fn body(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.json"))).expect(name)
}

fn page(name: &str) -> ListPage {
    decode_page(&body(name)).expect(name)
}

fn members(name: &str) -> Vec<Participation> {
    let member = |row| match row {
        ListedRow::Member(row) => row,
        ListedRow::Userless { id, .. } => panic!("{name}: {id} is without a user"),
    };
    page(name).rows.into_iter().map(member).collect()
}

/// What each file answers to; a new file has to be put somewhere.
const PAGES: [&str; 9] = [
    "bulk_create_22_per_page",
    "bulk_create_25",
    "list_empty",
    "list_page",
    "list_page_past_end",
    "list_plain",
    "update_lead",
    "update_level",
    "update_role_ignored",
];
const PEOPLE: [&str; 2] = ["users_by_email", "users_me"];
const WORKSPACES: [&str; 2] = ["workspaces_include_participations", "workspaces_only"];
const REFUSALS: [&str; 7] = [
    "bulk_create_101",
    "bulk_create_rejected",
    "create_duplicate",
    "delete_again",
    "delete_lead",
    "list_no_workspace",
    "unauthorized",
];

#[test]
fn every_file_decodes_as_what_it_answers_to() {
    let entries = fs::read_dir(folder()).expect("the samples");
    let names = entries.filter_map(|entry| {
        let name = entry.expect("readable").file_name().into_string().expect("a plain name");
        Some(name.strip_suffix(".json")?.to_owned())
    });
    let known = [&PAGES[..], &PEOPLE, &WORKSPACES, &REFUSALS].concat();
    assert_eq!(names.collect::<BTreeSet<_>>(), known.into_iter().map(str::to_owned).collect());

    for name in PAGES {
        assert_eq!(page(name).unresolved, 0, "{name}");
    }
    for name in PEOPLE {
        assert_eq!(decode_people(&body(name)).expect(name).len(), 1, "{name}");
    }
    for name in WORKSPACES {
        assert_eq!(decode_workspaces(&body(name)).expect(name).len(), 2, "{name}");
    }
    for name in REFUSALS {
        assert!(!decode_complaints(&body(name)).expect(name).is_empty(), "{name}");
        assert!(decode_page(&body(name)).is_err(), "{name} is no list");
    }
}

#[test]
fn only_refusals_complain() {
    for name in [&PAGES[..], &PEOPLE, &WORKSPACES].concat() {
        assert!(!mentions_errors(&body(name)), "{name}");
        assert_eq!(decode_complaints(&body(name)).expect(name), [], "{name}");
    }
    for name in REFUSALS {
        assert!(mentions_errors(&body(name)), "{name}");
    }
}

/// Count, number of pages, rows.
fn size(name: &str) -> (Option<u64>, Option<u64>, usize) {
    let page = page(name);
    (page.count, page.page_count, page.rows.len())
}

#[test]
fn counts_and_pages_are_of_the_whole_list_and_rows_of_the_page() {
    let expected = BTreeMap::from([
        // Without `per_page` only 20 of the 25 that were created come back.
        ("bulk_create_25", (Some(25), Some(2), 20)),
        ("bulk_create_22_per_page", (Some(22), Some(1), 22)),
        ("list_empty", (Some(0), Some(0), 0)),
        ("list_page", (Some(11), Some(4), 3)),
        ("list_page_past_end", (Some(6), Some(2), 0)),
        ("list_plain", (Some(11), Some(6), 2)),
        ("update_lead", (Some(1), Some(1), 1)),
        ("update_level", (Some(1), Some(1), 1)),
        ("update_role_ignored", (Some(1), Some(1), 1)),
    ]);
    for name in PAGES {
        assert_eq!(size(name), expected[name], "{name}");
    }
}

#[test]
fn a_page_has_its_rows_in_the_order_of_the_results_with_their_people() {
    let rows = members("list_page");
    let ids: Vec<u64> = rows.iter().map(|row| row.id.number()).collect();
    assert_eq!(ids, [9740, 9741, 9742]);
    assert!(rows.iter().all(|row| row.key.workspace.number() == 505));
    let first = &rows[0];
    assert_eq!((first.key.user.number(), first.role), (1, Seen::Visible(Role::Maven)));
    assert_eq!(first.fields.access_level, Seen::Visible(AccessLevel::Admin));
    assert_eq!(first.fields.team_lead, Seen::Visible(true));
    assert_eq!(first.fields.can_invite, Seen::Visible(true));
    assert_eq!(first.fields.can_schedule_their_hours, Seen::Visible(false));
    assert_eq!(first.fields.can_schedule_team_hours, Seen::Visible(false));
    // Null is seen: there is no rate. What is not in the answer is not.
    assert_eq!(first.fields.rate_in_cents, Seen::Visible(None));
    assert_eq!(first.fields.workspace_role_id, Seen::Hidden);
    assert_eq!(first.created_at.map(|at| at.to_string()).as_deref(), Some("2026-11-01T00:00:00Z"));
    let users: BTreeSet<_> = rows.iter().map(|row| row.key.user).collect();
    let people: BTreeSet<_> = page("list_page").people.iter().map(|person| person.id).collect();
    assert_eq!(people, users);

    let newest_first: Vec<u64> = members("list_plain").iter().map(|row| row.id.number()).collect();
    assert_eq!(newest_first, [9750, 9749]);
}

#[test]
fn what_was_not_asked_for_is_hidden_never_false() {
    for row in members("list_plain") {
        assert_eq!(row.fields.access_level, Seen::Hidden);
        assert_eq!(row.fields.can_schedule_their_hours, Seen::Hidden);
        assert_eq!(row.fields.can_schedule_team_hours, Seen::Hidden);
        assert!(matches!(row.fields.team_lead, Seen::Visible(_)));
    }
    assert_eq!(page("list_plain").people, []);
}

#[test]
fn a_tag_is_seen_only_where_its_reference_is_answered() {
    let page = |association: &str, side: &str| {
        let body = format!(
            r#"{{"count":1,"results":[{{"key":"participations","id":"1"}}],
            "participations":{{"1":{{"workspace_id":"2","user_id":"3"{association}}}}}{side}}}"#
        );
        let page = decode_page(body.as_bytes()).expect("a page");
        let ListedRow::Member(row) = &page.rows[0] else { panic!("a member") };
        row.fields.tagged
    };
    let ids = |ids: &str| format!(r#","external_reference_ids":[{ids}]"#);
    let side =
        |name: &str| format!(r#","external_references":{{"7":{{"service_name":"{name}"}}}}"#);
    assert_eq!(page("", ""), Seen::Hidden);
    assert_eq!(page(&ids(""), ""), Seen::Visible(false));
    assert_eq!(page(&ids("\"7\""), &side("kantata-sync")), Seen::Visible(true));
    assert_eq!(page(&ids("\"7\""), &side("another")), Seen::Visible(false));
    assert_eq!(page(&ids("\"7\",\"8\""), &side("kantata-sync")), Seen::Visible(true));
    // One that is not in the answer may be ours.
    assert_eq!(page(&ids("\"7\",\"8\""), &side("another")), Seen::Hidden);
}

#[test]
fn a_created_row_is_found_by_project_and_person_whatever_its_place() {
    let rows = members("bulk_create_22_per_page");
    let keys: BTreeSet<_> = rows.iter().map(|row| row.key).collect();
    assert_eq!(keys.len(), 22);
    assert!(rows.is_sorted_by(|a, b| a.id > b.id), "newest first");
    assert!(rows.iter().all(|row| row.fields.access_level != Seen::Hidden));
}

#[test]
fn an_update_is_read_back_in_the_words_it_was_written_in() {
    let rows = members("update_level");
    assert_eq!(rows[0].fields.access_level, Seen::Visible(AccessLevel::ViewTasks));
    let lead = &members("update_lead")[0];
    assert_eq!(lead.fields.team_lead, Seen::Visible(true));
    assert_eq!(lead.fields.access_level, Seen::Visible(AccessLevel::EditFinancials));
    // 200, and nothing changed.
    assert_eq!(members("update_role_ignored")[0].role, Seen::Visible(Role::Maven));
}

fn complaint(message: &str, field: Option<&str>, index: Option<usize>) -> Complaint {
    Complaint { message: message.to_owned(), field: field.map(str::to_owned), index }
}

#[test]
fn refusals_keep_their_words_and_name_their_rows() {
    let there = "User is already participating in this project";
    let expected = BTreeMap::from([
        ("bulk_create_101", vec![complaint("Too many objects", None, None)]),
        (
            "bulk_create_rejected",
            vec![
                complaint("Role is not included in the list", Some("role"), Some(1)),
                complaint(there, Some("user_id"), Some(4)),
            ],
        ),
        ("create_duplicate", vec![complaint(there, Some("user_id"), Some(0))]),
        ("delete_again", vec![complaint("Record not found", None, None)]),
        ("delete_lead", vec![complaint("The team lead cannot be removed", Some("base"), Some(0))]),
        (
            "list_no_workspace",
            vec![complaint("workspace_id is required", Some("workspace_id"), None)],
        ),
        ("unauthorized", vec![complaint("You are not authorized", None, None)]),
    ]);
    for name in REFUSALS {
        assert_eq!(decode_complaints(&body(name)).expect(name), expected[name], "{name}");
    }
}

#[test]
fn people_are_found_by_address_and_projects_by_id() {
    let people = decode_people(&body("users_by_email")).expect("people");
    let person = &people[0];
    assert_eq!((person.id.number(), person.name.as_str()), (101, "User 0001"));
    assert_eq!(person.email.as_deref(), Some("user1@example.com"));
    assert_eq!(person.disabled, Seen::Visible(false));
    assert_eq!(decode_people(&body("users_me")).expect("people")[0].name, "Token Owner");

    let projects = decode_workspaces(&body("workspaces_only")).expect("projects");
    let told: Vec<_> = projects
        .iter()
        .map(|project| (project.id.number(), project.title.as_str(), project.archived))
        .collect();
    // The third one that was asked for is not visible, and simply not there.
    assert_eq!(told, [(500, "Project 0", false), (509, "Project 9", true)]);

    let body = body("workspaces_include_participations");
    let projects = decode_workspaces(&body).expect("projects");
    let ids: Vec<u64> = projects.iter().map(|project| project.id.number()).collect();
    assert_eq!(ids, [501, 502]);
    // What is loaded beside the results is no result.
    assert_eq!(decode_page(&body).expect("an answer").rows, []);
}

#[test]
fn a_page_of_people_or_projects_tells_how_large_its_query_is() {
    let people = decode_people_page(&body("users_by_email"), Some("hr"), 1).expect("a page");
    assert_eq!((people.rows.len(), people.count, people.page_count), (1, 1, 1));
    let row = &people.rows[0];
    assert_eq!((row.of.email.as_deref(), row.keys.len()), (Some("user1@example.com"), 0));
    for name in WORKSPACES {
        let projects = decode_workspaces_page(&body(name), None, 1).expect(name);
        assert_eq!((projects.rows.len(), projects.count, projects.page_count), (2, 2, 1), "{name}");
    }
}

#[test]
fn permissions_of_any_shape_decode_and_what_they_do_not_say_is_hidden() {
    let permissions = |text: &str| {
        let body = format!(
            r#"{{"results":[{{"key":"workspaces","id":"1"}}],"workspaces":{{"1":{{"title":"A"{text}}}}}}}"#
        );
        let projects = decode_workspaces(body.as_bytes()).expect("decodes");
        projects[0].permissions.clone().visible()
    };
    let text =
        r#","permissions":{"access_level":"admin","can_edit":true,"restricted":null,"more":[1]}"#;
    let seen = permissions(text).expect("visible");
    assert_eq!(seen.access_level.as_deref(), Some("admin"));
    assert_eq!(seen.flags.into_iter().collect::<Vec<_>>(), [("can_edit".to_owned(), true)]);
    for text in ["", r#","permissions":null"#, r#","permissions":["admin"]"#] {
        assert_eq!(permissions(text), None, "{text}");
    }
}
