//! What somebody does who has an Excel export, a token and half an hour: the commands of the README's
//! section, with nothing configured but one mapping file.

use std::fs;

use kantata_sync::sandbox::{RequestKind, Sandbox};
use regex_lite::Regex;

use crate::{
    harness::{Desk, Server, samples, sandbox, writes},
    readme::commands,
};

const HELIOS: u64 = 41_870_438;
/// Fiona Thorne is on another project of the list; Sven Haddad left.
const JOINS: u64 = 1140;
const LEAVES: u64 = 1500;

fn members(sandbox: &Sandbox) -> usize {
    sandbox.world().on(HELIOS).count()
}

#[test]
fn a_list_from_a_spreadsheet_becomes_a_plan_and_is_applied_with_one_mapping_file() {
    let live = fs::read_to_string(samples().join("live.csv")).expect("the sample");
    let sandbox = sandbox(&live);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    for name in ["staffing.xlsx", "mapping.toml"] {
        fs::copy(samples().join("administrator").join(name), desk.path(name)).expect("copied");
    }
    let before = members(&sandbox);
    let blocks = commands("shell");
    let [path] = blocks.as_slice() else { panic!("one section: {blocks:?}") };
    let said: Vec<_> = path
        .iter()
        .map(|arguments| {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = desk.run(&arguments).ends_with(0);
            (arguments.join(" "), ran)
        })
        .collect();
    let of = |command: &str| {
        let ran = said.iter().find(|(arguments, _)| arguments.starts_with(command));
        &ran.expect(command).1
    };
    assert!(desk.read("everything.csv").contains("Helios data platform"));
    let steady = |text: &str| {
        let day = Regex::new(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?").expect("a pattern");
        day.replace_all(text, "[day]").into_owned()
    };
    let check = of("check");
    insta::assert_snapshot!("what_the_check_of_a_spreadsheet_says", steady(&check.stderr));
    let plan = of("--config mapping.toml plan");
    insta::assert_snapshot!("the_plan_of_a_spreadsheet", plan.steady(&steady(&plan.stdout)));
    assert_eq!(writes(&sandbox), [(RequestKind::Create, 1), (RequestKind::Delete, 0)]);
    let world = sandbox.world();
    assert_eq!((world.of(HELIOS, JOINS).len(), world.of(HELIOS, LEAVES).len()), (1, 0));
    assert_eq!(members(&sandbox), before);
}
