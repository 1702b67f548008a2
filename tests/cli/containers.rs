//! Rosters in the encodings and containers that people have them in, and approvals that a spreadsheet
//! saved: what is read, and what is said of what is not.

use std::{fs, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use kantata_sync::sandbox::RequestKind::Delete;

use crate::harness::{Desk, LIVE, ROSTER, Server, samples, sandbox, writes};

/// The roster by titles, of which one has a character that encodings write differently.
const TITLES: &str = "\
project,user_id,role
Zürich,10,maven
Zürich,11,maven
";

const ZURICH: &str = "\
workspace_id,project,user_id,name,email,token,role,access_level,team_lead
100,Zürich,1,Priya Raman,priya@firm.example,true,maven,admin,
100,Zürich,10,Ada Quist,ada@firm.example,,maven,admin,true
100,Zürich,11,Ben Ode,ben@firm.example,,maven,edit_tasks,
";

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|one| u8::try_from(u32::from(one)).expect("within latin-1")).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}

#[test]
fn a_roster_is_read_in_the_encoding_that_it_has_or_that_is_named() {
    let sandbox = sandbox(ZURICH);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let plan = |arguments: &[&str]| {
        let ran = desk.run(&[&["plan", "--check", "roster.csv"], arguments].concat());
        // The token's own user is held, which is a difference: nothing else is.
        (ran.code, ran.stdout.contains("Zürich"))
    };
    fs::write(desk.path("roster.csv"), TITLES).expect("written");
    let expected = plan(&[]);
    assert!(expected.1, "{expected:?}");
    fs::write(desk.path("roster.csv"), utf16(TITLES)).expect("written");
    assert_eq!((plan(&[]), plan(&["--encoding", "UTF-16"])), (expected, expected));
    fs::write(desk.path("roster.csv"), windows_1252(TITLES)).expect("written");
    assert_eq!(plan(&["--encoding", "windows-1252"]), expected);
    insta::assert_snapshot!("bytes_that_are_not_utf_8", desk.run(&["check", "roster.csv"]).text());
    let json = desk.run(&["check", "--format", "json", "roster.csv"]);
    insta::assert_snapshot!("bytes_that_are_not_utf_8_as_json", json.text());
    desk.write("kantata-sync.toml", "roster.encoding = \"cp1252\"\n");
    assert_eq!(plan(&[]), expected);
    fs::write(desk.path("roster.csv"), TITLES).expect("written");
    insta::assert_snapshot!(
        "utf_8_that_is_said_to_be_another",
        desk.run(&["check", "roster.csv"]).text()
    );
    assert_eq!(plan(&["--encoding", "utf-8"]), expected);
}

#[test]
fn what_this_tool_wrote_comes_back_as_a_spreadsheet_saved_it() {
    let sandbox = sandbox(&LIVE.replace("Cleo Marsh", "Cleo Märsch"));
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url())
        .with("KANTATA_SYNC_GUARD__MAX_DELETES", "0")
        .with("KANTATA_SYNC_ROSTER__ENCODING", "windows-1252");
    let withheld = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(4);
    let list = withheld.kept("withheld-deletes.csv");
    assert!(list.contains("Cleo Märsch"), "{list}");
    for saved in [
        list.clone().into_bytes(),
        windows_1252(&list),
        utf16(&list.replace(',', "\t").replace('\n', "\r\n")),
    ] {
        fs::write(desk.path("approved.csv"), saved).expect("written");
        let arguments = ["plan", "roster.csv", "--approve-deletes", "approved.csv"];
        desk.run(&arguments).ends_with(0);
    }
    let desk = desk.without("KANTATA_SYNC_ROSTER__ENCODING");
    fs::write(desk.path("approved.csv"), windows_1252(&list)).expect("written");
    let ran = desk.run(&["apply", "--yes", "roster.csv", "--approve-deletes", "approved.csv"]);
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(ran.steady(&ran.stderr));
    assert_eq!(writes(&sandbox).iter().filter(|(kind, _)| *kind == Delete).count(), 0);
}

#[test]
fn standard_input_is_a_roster_like_any_other() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let from_file = desk.run(&["plan", "roster.csv"]);
    let piped = desk.run_fed(&["plan", "-"], ROSTER.as_bytes());
    assert_eq!(piped.code, from_file.code);
    let actions = |text: &str| text.lines().filter(|line| line.starts_with("    ")).count();
    assert_eq!(actions(&piped.stdout), actions(&from_file.stdout));
    let packed = desk.run_fed(&["check", "-"], &gz(ROSTER.as_bytes()));
    assert_eq!(packed.code, 0, "{}", packed.stderr);
    let wrong = desk.run_fed(&["check", "-"], b"workspace_id,user_id,role\n1,2,boss\n");
    assert_eq!((wrong.code, &wrong.stdout[..8]), (3, "stdin:2:"), "{}", wrong.stdout);
    // The question would be answered by the roster.
    let asked = desk.run_fed(&["apply", "-"], ROSTER.as_bytes());
    insta::assert_snapshot!(asked.stderr);
    assert_eq!((asked.code, writes(&sandbox)), (2, Vec::new()));
    let applied = desk.run_fed(&["apply", "--yes", "-"], ROSTER.as_bytes());
    assert_eq!(applied.code, 0, "{}", applied.stderr);
}

#[test]
fn no_output_takes_the_place_of_what_is_read_from_standard_input() {
    let desk = Desk::bare();
    let ran = desk.run_from(&["plan", "-", "--output", "roster.csv"], "roster.csv");
    assert_eq!((ran.code, desk.read("roster.csv").as_str()), (2, ROSTER), "{}", ran.stderr);
}

#[test]
fn a_packed_roster_is_unpacked_whatever_it_is_called_and_a_cut_one_is_damage() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    let (first, second) = ROSTER.split_at(60);
    let packed = [gz(first.as_bytes()), gz(second.as_bytes())].concat();
    fs::write(desk.path("packed.csv"), &packed).expect("written");
    let ran = desk.run(&["check", "packed.csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // The rest is a roster by itself: nobody who is missing in it is deleted.
    fs::write(desk.path("cut.gz"), &packed[..packed.len() - 20]).expect("written");
    let ran = desk.run(&["apply", "--yes", "cut.gz"]);
    assert_eq!((ran.code, sandbox.log()), (3, Vec::new()));
    insta::assert_snapshot!("a_packed_roster_that_is_cut", ran.steady(&ran.stderr));
    fs::write(desk.path("bomb.gz"), gz(&vec![b','; 64 << 20])).expect("written");
    insta::assert_snapshot!(
        "a_packed_roster_that_fills_the_memory",
        desk.run(&["check", "bomb.gz"]).text()
    );
    let desk = desk
        .with("KANTATA_SYNC_ROSTER__MAX_UNPACKED_RATIO", "1000000")
        .with("KANTATA_SYNC_ROSTER__MAX_UNPACKED_MIB", "32");
    insta::assert_snapshot!(
        "a_packed_roster_that_is_too_large",
        desk.run(&["check", "bomb.gz"]).text()
    );
}

#[test]
fn a_sheet_is_chosen_by_name_and_what_is_hidden_in_it_is_said() {
    let desk = Desk::bare();
    let hidden = samples().join("rosters/right-sheet-hidden-rows.xlsx");
    let check = |arguments: &[&str]| {
        let path = hidden.to_str().expect("a plain path");
        desk.run(&[&["check", path], arguments].concat())
    };
    let ran = check(&[]).ends_with(0);
    insta::assert_snapshot!("a_sheet_with_hidden_rows", ran.steady(&ran.stdout));
    insta::assert_snapshot!("a_sheet_that_is_not_there", check(&["--sheet", "Stafing"]).text());
    assert!(check(&["--sheet", "Staffing"]).ends_with(0).stdout.contains("hidden"));
    let other = check(&["--sheet", "Other"]).ends_with(3);
    assert!(other.stderr.contains("no header"), "{}", other.stderr);
}

#[test]
fn a_repaired_sheet_keeps_its_lines() {
    let desk = Desk::bare();
    let path = samples().join("rosters/wrong-sheet-merged.xlsx");
    let ran = desk.run(&["check", path.to_str().expect("a plain path"), "--fix", "fixed.csv"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let again = desk.run(&["check", "fixed.csv"]).ends_with(3);
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once(": workspace_id"));
        lines.filter_map(|(place, _)| Some(place.rsplit_once(':')?.1.to_owned())).collect()
    };
    // What was a merged cell is still none of the row's own.
    assert_eq!(lines(&again.stdout), ["3", "4"], "{}", again.stdout);
}
