//! What decoding 5,000 pages of 200 members costs, next to decoding them into a tree of
//! `serde_json::Value`. It may take half as long.

use std::fmt::Write;

use divan::Bencher;
use kantata_sync::api::wire::decode_page;

const PAGES: u64 = 5_000;
/// So many different pages, each decoded again and again: all 5,000 would be a gigabyte of text.
const DIFFERENT: u64 = 20;
const ROWS: u64 = 200;

fn main() {
    divan::main();
}

/// The shape of `sample-data/wire/list_page.json`, on one line as servers send it.
fn page(number: u64) -> Vec<u8> {
    const LEVELS: [(&str, &str); 3] =
        [("admin", "edit"), ("collaboration", "edit"), ("time_logging", "view_only")];
    let (mut results, mut rows, mut users) = (String::new(), String::new(), String::new());
    for row in 0..ROWS {
        let comma = if row == 0 { "" } else { "," };
        let id = 9_000_000 + number * ROWS + row;
        let user = 1_000 + (id * 7_919) % 90_000;
        let (level, label) = LEVELS[(row % 3) as usize];
        let (lead, invites) = (row == 0, row % 2 == 0);
        let rate = if row % 4 == 0 { "null".to_owned() } else { format!("{}", 9_000 + row * 50) };
        let (minute, second) = (row / 60, row % 60);
        let _ = write!(results, r#"{comma}{{"key":"participations","id":"{id}"}}"#);
        let _ = write!(
            rows,
            r#"{comma}"{id}":{{"role":"maven","is_team_lead":{lead},"can_invite":{invites},"rate_in_cents":{rate},"cost_in_cents":null,"access_level":"{level}","permissions_label":"{label}","can_schedule_their_hours":false,"can_schedule_team_hours":false,"created_at":"2026-11-01T00:00:00Z","updated_at":"2026-11-01T00:{minute:02}:{second:02}Z","user_id":"{user}","workspace_id":"{}","workspace_role_id":null,"id":"{id}"}}"#,
            505 + number
        );
        let _ = write!(
            users,
            r#"{comma}"{user}":{{"full_name":"Person {user}","email_address":"person{user}@firm.example","disabled":false,"id":"{user}"}}"#
        );
    }
    let meta = format!(r#"{{"count":{ROWS},"page_count":1,"page_number":1,"page_size":{ROWS}}}"#);
    format!(
        r#"{{"count":{ROWS},"results":[{results}],"participations":{{{rows}}},"meta":{meta},"users":{{{users}}}}}"#
    )
    .into_bytes()
}

fn pages() -> Vec<Vec<u8>> {
    (0..DIFFERENT).map(page).collect()
}

#[divan::bench(sample_count = 7, sample_size = 1)]
fn into_value(bencher: Bencher) {
    let pages = pages();
    bencher.bench(|| {
        for body in pages.iter().cycle().take(PAGES as usize) {
            let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            assert_eq!(divan::black_box(value)["count"], ROWS);
        }
    });
}

#[divan::bench(sample_count = 7, sample_size = 1)]
fn into_members(bencher: Bencher) {
    let pages = pages();
    bencher.bench(|| {
        for body in pages.iter().cycle().take(PAGES as usize) {
            let page = divan::black_box(decode_page(body).expect("a page"));
            assert_eq!((page.rows.len() as u64, page.people.len() as u64), (ROWS, ROWS));
        }
    });
}
