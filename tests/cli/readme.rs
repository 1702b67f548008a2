//! The README: its commands do what they say, and what it names exists.

use std::{collections::BTreeSet, fs, path::Path};

use clap::{CommandFactory as _, Parser as _};
use kantata_sync::{
    cli::Arguments,
    run::ExitStatus,
    sandbox::RequestKind::{Create, Delete, Update},
};

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    fs::read_to_string(path).expect("the README")
}

/// The arguments of every command of ours in the fenced blocks of this language, block by block.
pub fn commands(language: &str) -> Vec<Vec<Vec<String>>> {
    let text = readme();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or(rest));
    let ours = |line: &str| -> Option<Vec<String>> {
        let line = line.split(" >> ").next()?.split(" # ").next()?.trim();
        let (_, arguments) = line
            .split_once("cargo run --release -- ")
            .or_else(|| line.split_once("kantata-sync "))
            .filter(|(before, _)| before.is_empty() || language == "cron")?;
        Some(arguments.split_whitespace().map(str::to_owned).collect())
    };
    blocks.map(|block| block.lines().filter_map(ours).collect()).collect()
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let blocks = commands("sh");
    assert!(blocks.iter().map(Vec::len).sum::<usize>() >= 8, "{blocks:?}");
    for block in blocks {
        let sandbox = sandbox(LIVE);
        let server = Server::of_sandbox(&sandbox);
        let desk = Desk::at(&server.base_url());
        desk.write("kantata-sync.toml", "[profile.migration]\nmode = \"create-only\"\n");
        if block.iter().flatten().any(|word| word == "migration") {
            // Nobody is to be changed or deleted, so that everything is there in the end.
            let roster = "workspace_id,user_id,role\n100,31,maven\n200,32,maven\n";
            desk.write("roster.csv", &format!("# kantata-sync: partial roster\n{roster}"));
        }
        for arguments in &block {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = desk.run(&arguments).ends_with(0);
            if !arguments.contains(&"apply") {
                continue;
            }
            let kinds: Vec<_> = writes(&sandbox).into_iter().map(|(kind, _)| kind).collect();
            let migration = arguments.contains(&"migration");
            let expected = if migration { vec![Create] } else { vec![Create, Update, Delete] };
            assert_eq!(kinds, expected, "{}", ran.text());
        }
        for name in block.iter().flatten().filter(|word| word.ends_with(".html")) {
            assert!(desk.read(name).starts_with("<!DOCTYPE html>"));
        }
    }
}

#[test]
fn the_cron_lines_of_the_readme_parse() {
    let lines: Vec<_> = commands("cron").into_iter().flatten().collect();
    assert!(!lines.is_empty());
    for line in lines {
        let arguments = ["kantata-sync".to_owned()].into_iter().chain(line.iter().cloned());
        if let Err(error) = Arguments::try_parse_from(arguments) {
            panic!("{line:?}: {error}");
        }
    }
}

#[test]
fn the_cron_lines_of_the_readme_keep_the_report_apart_from_the_log() {
    let text = readme();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("--log-format json")).collect();
    let cron: Vec<&&str> = lines.iter().filter(|line| line.contains(" * * * ")).collect();
    assert!(!cron.is_empty());
    for line in cron {
        let (command, log) = line.split_once(" 2>> ").expect(line);
        let report = command.split_once(" >> ").map(|(_, report)| report.trim());
        assert!(!line.contains("2>&1"), "{line}");
        assert!(report.is_some_and(|report| report != log.trim()), "{line}");
    }
}

/// Words of the README that begin with two hyphens, up to where it lists what is not there.
fn flags(text: &str) -> BTreeSet<&str> {
    let (text, _) = text.split_once("\n## Not in this version").expect("that section");
    let plain = |c: char| !(c.is_ascii_lowercase() || c == '-');
    let words = text.split(plain).filter(|word| {
        word.strip_prefix("--")
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()))
    });
    words.collect()
}

#[test]
fn every_flag_that_the_readme_names_exists() {
    let command = Arguments::command();
    let all = command.get_subcommands().chain([&command]).flat_map(clap::Command::get_arguments);
    let known: BTreeSet<String> =
        all.filter_map(|argument| Some(format!("--{}", argument.get_long()?))).collect();
    // Of cargo, and one of which it says that it does not exist.
    let foreign = ["--release", "--path", "--bench", "--force"];
    let text = readme();
    let named = flags(&text);
    assert!(named.len() > 10, "{named:?}");
    let unknown: Vec<_> = named
        .into_iter()
        .filter(|flag| !known.contains(*flag) && !foreign.contains(flag))
        .collect();
    assert_eq!(unknown, [""; 0]);
    assert!(!known.contains("--force"));
}

/// The first cells of the table below this heading, split at commas and without their marks.
fn table(heading: &str) -> Vec<String> {
    let text = readme();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap_or(section);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let cells = rows.filter_map(|row| row.split(" |").next());
    cells.flat_map(|cell| cell.split(", ")).map(|word| word.replace('`', "")).collect()
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let command = Arguments::command();
    let known: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let table = table("Commands");
    let named = table.iter().filter_map(|row| row.split(' ').next());
    assert_eq!(named.collect::<BTreeSet<_>>(), known);
}

#[test]
fn the_readme_names_every_exit_code_and_no_other() {
    use ExitStatus::*;
    let known = [
        Done,
        Unexpected,
        Usage,
        BadInput,
        GuardWithheld,
        PartlyApplied,
        ChangesPending,
        Locked,
        Unauthorized,
        Interrupted,
        Terminated,
    ];
    let known: Vec<String> = known.iter().map(|status| status.code().to_string()).collect();
    assert_eq!(table("Exit codes"), known);
}

#[test]
fn the_readme_names_keys_that_exist() {
    let desk = Desk::bare();
    let shown = desk.run(&["config"]).ends_with(0).stdout;
    let mut section = String::new();
    let mut known = BTreeSet::new();
    for line in shown.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some(key) = line.trim_start_matches("# ").split([' ', ':']).next() {
            known.insert(format!("{section}{key}"));
        }
    }
    let named: Vec<String> = table("Configuration")
        .iter()
        .flat_map(|cell| cell.split(" or "))
        .map(str::to_owned)
        .collect();
    assert!(named.len() >= 6, "{named:?}");
    for key in named {
        assert!(known.contains(&key), "`{key}` is no key: {known:?}");
    }
}
