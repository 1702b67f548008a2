//! Lists as people have them: foreign headers and words, columns that are missing, rows of others.

use std::collections::BTreeSet;

use crate::harness::{Desk, LIVE, Server, sandbox};

/// All that a German list needs.
const MAPPING: &str = "\
roster.columns = { workspace_id = \"Projekt\", user_id = \"Person\", role = \"Seite\", team_lead = \"Leitung\" }
roster.values = { role = { Berater = \"maven\", Kunde = \"buyer\" }, team_lead = { ja = true, nein = false } }
roster.defaults = { access_level = \"edit_tasks\" }
roster.where = { Status = [\"Aktiv\"] }
";

const LIST: &str = "\
sep=;\r
Projekt;Person;Seite;Leitung;Status\r
100;10;Berater;;Aktiv\r
100;11; berater;Nein;aktiv\r
100;12;Kunde;;AKTIV\r
100;99;Berater;;Ausgetreten\r
200;20;Berater;;Aktiv\r
";

#[test]
fn a_foreign_list_is_planned_with_one_file() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("kantata-sync.toml", MAPPING);
    desk.write("list.csv", LIST);
    insta::assert_snapshot!("a_foreign_list_is_checked", desk.run(&["check", "list.csv"]).text());
    insta::assert_snapshot!(desk.run(&["plan", "list.csv"]).text());
}

#[test]
fn what_does_not_map_is_told_with_the_line_that_maps_it() {
    let desk = Desk::bare();
    desk.write("list.csv", LIST);
    let ran = desk.run(&["check", "list.csv"]);
    insta::assert_snapshot!("a_header_in_other_words_is_told_how_to_map", ran.text());
    let columns = MAPPING.lines().next().expect("a line").to_owned();
    desk.write("kantata-sync.toml", &format!("{columns}\nroster.ignore_columns = [\"Status\"]\n"));
    let ran = desk.run(&["check", "list.csv"]).ends_with(3);
    insta::assert_snapshot!("a_word_of_others_is_told_how_to_map", ran.text());
    // The lines work as they are printed, together.
    let is_line = |part: &&str| part.starts_with("roster.values.");
    let text = ran.text();
    let lines: BTreeSet<&str> = text.split('`').filter(is_line).collect();
    let kept = desk.read("kantata-sync.toml");
    desk.write("kantata-sync.toml", &(kept + &Vec::from_iter(lines).join("\n")));
    desk.run(&["check", "list.csv"]).ends_with(0);
}

#[test]
fn settings_of_rosters_that_cannot_be_are_told_with_what_is_near() {
    let desk = Desk::bare();
    desk.write(
        "kantata-sync.toml",
        "[roster]\nvalues = { rolle = { x = \"maven\" }, role = { Berater = \"mavn\" } }\n\
         defaults = { acces_level = \"edit_tasks\", email = \"a@b.example\", team_lead = 2 }\n\
         where = { Status = [] }\n",
    );
    insta::assert_snapshot!(desk.run(&["check", "roster.csv"]).text());
}

#[test]
fn an_export_has_the_column_that_chooses_rows_and_can_be_fed_back() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("kantata-sync.toml", MAPPING);
    for file in ["live.csv", "live.xlsx"] {
        desk.run(&["export", "--all", "--output", file]).ends_with(0);
        desk.run(&["plan", "--check", file]).ends_with(0);
    }
    let header = desk.read("live.csv").lines().next().expect("a line").to_owned();
    assert!(header.ends_with(",Status"), "{header}");
}

#[test]
fn a_list_none_of_whose_rows_is_chosen_is_an_error() {
    let desk = Desk::bare();
    desk.write("kantata-sync.toml", &MAPPING.replace("Aktiv", "Active"));
    desk.write("list.csv", LIST);
    insta::assert_snapshot!(desk.run(&["check", "list.csv"]).text());
}
