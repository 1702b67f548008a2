//! Lists with words and columns of their own.

use super::*;

/// Reads with what a configuration may say of words, columns that are missing, and rows.
fn read_with(
    text: &str,
    values: &[(&str, &str, &str)],
    defaults: &[(&str, &str)],
    chosen: &[(&str, &str)],
) -> Result<Roster, String> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (column, word, meaning) in values {
        let words = tables.entry((*column).to_owned()).or_default();
        words.insert((*word).to_owned(), (*meaning).to_owned());
    }
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let lists = pairs(chosen).into_iter().map(|(column, value)| (column, vec![value])).collect();
    let settings = ReaderSettings {
        values: Values::new(&tables).map_err(|problems| format!("{problems:?}"))?,
        defaults: Defaults::new(&pairs(defaults)).map_err(|problems| format!("{problems:?}"))?,
        filter: Where::new(&lists).map_err(|problems| format!("{problems:?}"))?,
        ..ReaderSettings::default()
    };
    let read = parse_roster(text.as_bytes().to_vec(), Path::new("r.csv"), &settings);
    read.map_err(|error| error.messages().join("\n"))
}

#[test]
fn foreign_words_mean_ours_whatever_their_case() {
    let words = [
        ("Role", "Berater", "maven"),
        ("role", "KUNDE", "client"),
        ("team_lead", "ja", "true"),
        ("access_level", "keine", ""),
        ("project_id", "Atlas", "41"),
    ];
    let text = "workspace_id,user_id,role,team_lead,access_level\natlas ,1, BERATER,Ja,keine\n\
                2,2,kunde,no,view_tasks\n3,3,Bote,,\n";
    let roster = read_with(text, &words, &[], &[]).expect("a roster");
    let line = "; if it means `maven`: `roster.values.role.\"Bote\" = \"maven\"`";
    assert!(roster.messages().all(|message| message.ends_with(line)), "{:?}", roster.problems);
    let [kunde, atlas] = roster.desired.entries() else { panic!("{:?}", roster.desired) };
    assert_eq!((atlas.key.workspace.number(), atlas.spec.role), (41, Role::Maven));
    assert_eq!((atlas.spec.fields.team_lead, atlas.spec.fields.access_level), (Some(true), None));
    assert_eq!(kunde.spec.role, Role::Buyer);
    assert_eq!(roster.desired.freeze.workspaces.len(), 1);
    // Rows are shown as the file has them, and are about whom their words mean.
    let record = roster.records().next().expect("a row");
    assert_eq!((&record.cells[0], &record.cells[2]), ("atlas ", " BERATER"));
    assert_eq!(record.key.map(|key| key.workspace.number()), Some(41));
}

#[test]
fn what_a_list_does_not_have_is_said_once_and_cells_win() {
    let defaults = [("role", "maven"), ("access_level", "edit_tasks"), ("workspace_id", "9")];
    let roster = read_with("user_id\n1\n2\n", &[], &defaults, &[]).expect("a roster");
    let level = Some(AccessLevel::EditTasks);
    for row in roster.desired.entries() {
        assert_eq!((row.key.workspace.number(), row.spec.role), (9, Role::Maven));
        assert_eq!(row.spec.fields.access_level, level);
    }
    assert_eq!(roster.records().filter(|record| record.key.is_some()).count(), 2);
    let text = "workspace_id,user_id,role,access_level\n1,1,buyer,\n1,2,,view_tasks\n";
    let roster = read_with(text, &[], &defaults, &[]).expect("a roster");
    let [row] = roster.desired.entries() else { panic!("{:?}", roster.desired) };
    assert_eq!((row.spec.role, row.spec.fields.access_level), (Role::Buyer, None));
    assert_eq!(roster.problems.len(), 1, "an empty cell of a required column stays a problem");
    // A row of as many cells as there are columns with the defaults is too long all the same.
    let roster = read_with("workspace_id,user_id\n1,2,maven,\n", &[], &defaults, &[]);
    assert!(!roster.expect("a roster").desired.freeze.everywhere.is_empty());
}

#[test]
fn rows_that_are_not_chosen_are_not_there_and_doubtful_ones_freeze() {
    let chosen = [("Status", " active")];
    let text = "workspace_id,user_id,role,STATUS\n1,1,maven,Active \n1,2,boss,Left\n2,x,x,\n\
                3,3,maven,#N/A\n4,4,maven\n";
    let roster = read_with(text, &[], &[], &chosen).expect("a roster");
    assert_eq!(roster.rows, 3);
    assert_eq!(roster.notes, [RosterNote::NotChosen { rows: 2, of: 5 }]);
    let messages: Vec<String> = roster.messages().collect();
    insta::assert_snapshot!(messages.join("\n"), @"
    r.csv:5: STATUS: `#N/A`: expected a value, and no error of a spreadsheet
    r.csv:6: expected 4 cells as in the header, found 3: `4,4,maven`
    ");
    assert_eq!(roster.desired.freeze.everywhere, [6]);
    assert_eq!(lines(&roster), [2]);
    assert_eq!(roster.records().map(|record| record.line).collect::<Vec<_>>(), [2, 5, 6]);
    let nobody = read_with("workspace_id,user_id,role,Status\n1,1,maven,x\n", &[], &[], &chosen);
    assert_eq!(
        nobody.expect_err("a file problem"),
        "r.csv:1: the only row does not match `roster.where`"
    );
    let without = read_with("workspace_id,user_id,role\n1,1,maven\n", &[], &[], &chosen);
    assert!(
        without.expect_err("a file problem").starts_with("r.csv:1: Status: `roster.where` chooses")
    );
    let twice = "workspace_id,user_id,role,Status,status\n1,1,maven,active,left\n";
    assert!(
        read_with(twice, &[], &[], &chosen)
            .expect_err("a file problem")
            .contains("this column is there twice")
    );
}

#[test]
fn what_settings_cannot_mean_is_told_with_what_is_near() {
    let wrong = |values: &[(&str, &str, &str)], defaults: &[(&str, &str)]| {
        read_with("", values, defaults, &[]).expect_err("wrong settings")
    };
    for (said, told) in [
        (wrong(&[("rolle", "x", "maven")], &[]), "nearest: Some(\"role\")"),
        (wrong(&[("role", "x", "mavn")], &[]), "nearest: Some(\"maven\")"),
        (wrong(&[("role", "x", "")], &[]), "Filled"),
        (wrong(&[("role", " ", "maven")], &[]), "EmptyWord"),
        (wrong(&[("role", "Ja", "maven"), ("role", "ja", "buyer")], &[]), "Twice"),
        (wrong(&[], &[("e_mail", "a@b.example")]), "nearest: Some(\"email\")"),
        (wrong(&[], &[("email", "a@b.example")]), "Person"),
        (wrong(&[], &[("user_id", "7")]), "Person"),
        (wrong(&[], &[("team_lead", "maybe")]), "Flag"),
    ] {
        assert!(said.contains(told), "{said} has no {told}");
    }
    assert!(Where::new(&[("Status".to_owned(), Vec::new())].into()).is_err());
}

#[test]
fn a_first_line_that_says_what_separates_cells_is_heard() {
    let rows = "workspace_id;user_id;role\n1;2;maven\n";
    for (above, line, partial) in [
        ("sep=;\n", 3, false),
        ("\u{feff}SEP=;;;\r\n", 3, false),
        ("\"sep=;\"\n", 3, false),
        ("sep=;\n# kantata-sync: partial roster;;\n", 4, true),
        ("# kantata-sync: partial roster\nsep=;\n", 4, true),
    ] {
        let roster = roster(&format!("{above}{rows}"));
        assert_eq!(
            (lines(&roster), roster.desired.is_partial()),
            (vec![line], partial),
            "{above:?}"
        );
    }
    let piped = roster(&format!("sep=|\n{}", rows.replace(';', "|")));
    assert_eq!(lines(&piped), [3]);
    let error = parse(&format!("sep=:\n{rows}")).expect_err("no delimiter");
    assert_eq!(error.messages(), ["r.csv:1: expected `sep=` and one of `,`, `;`, `|` and a tab"]);
}
