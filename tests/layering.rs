//! The architecture, enforced: which module may use which, what the pure core may not touch, and
//! how long files and functions may be.
//!
//! Reads the sources as text, with comments and literals blanked; test code is left out. The
//! checker has tests of its own, on made-up sources that must turn it red.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A module uses only modules of the groups before its own.
const GROUPS: &[&[&str]] = &[
    &["model", "run", "clock", "trust", "chain"],
    &["roster", "plan", "api", "sandbox"],
    &["event"],
    &["live", "guard", "journal", "directory"],
    &["verdict"],
    &["apply", "memory"],
    &["store"],
    &["report"],
    &["talk"],
    &["progress"],
    &["config"],
    &["session"],
    &["simulation"],
    &["cli"],
    &["main"],
];

/// What the direction alone would allow: the sandbox has its own JSON, a listing knows no plan,
/// what is kept knows no network, the core knows no time.
const FORBIDDEN_USES: &[(&str, &[&str])] = &[
    ("roster", &["clock"]),
    ("plan", &["clock"]),
    ("sandbox", &["run", "clock", "roster", "plan", "api"]),
    ("live", &["plan", "roster", "sandbox"]),
    ("directory", &["run", "clock", "plan", "sandbox", "event"]),
    ("guard", &["clock", "api", "roster", "sandbox"]),
    ("journal", &["api", "sandbox"]),
    ("apply", &["roster", "sandbox"]),
    ("session", &["talk", "progress", "sandbox"]),
    ("store", &["clock", "api", "roster", "sandbox", "live", "guard", "apply"]),
    ("report", &["clock", "api", "sandbox", "live", "apply"]),
    ("talk", &["model", "roster", "plan", "api", "sandbox", "live", "guard", "journal", "apply"]),
    ("main", &["model", "run", "roster", "plan", "api", "sandbox", "live", "guard", "journal"]),
];

/// Modules and files without I/O, clock or environment.
const PURE: &[&str] =
    &["model/", "plan/", "guard/", "verdict/", "report/", "roster/", "memory/", "session/"];

/// The one thing that a file of a pure room, or a whole one, may do all the same.
const DOORS: &[(&str, &[&str])] = &[
    ("roster/input.rs", &["std::fs"]),
    ("roster/resolve.rs", &["async ", ".await"]),
    ("session/undo/", &[]),
    ("session/", &["async ", ".await", "tokio"]),
];

const IMPURE: &[&str] =
    &["async ", ".await", "tokio", "reqwest", "std::fs", "std::env", "std::net", "::now()"];

const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "#[ignore"];

const FILE_LINES: usize = 400;
/// Rooms whose files still use each other in circles.
const CIRCLING: &[&str] = &[];

const FUNCTION_LINES: usize = 40;
/// Members of tuples are counted, the receiver is not.
const PARAMETERS: usize = 5;

/// A source file: its path below `src`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many `super::` lead from here to the crate's root.
    fn depth(&self) -> usize {
        let levels = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") { levels - 1 } else { levels }
    }

    /// The module that it is, and those that it is in.
    fn places(&self) -> Vec<String> {
        let path = self.path.strip_suffix("/mod.rs").or(self.path.strip_suffix(".rs"));
        let path = path.unwrap_or(&self.path);
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let mut places: Vec<String> = ends.map(|end| path[..end].to_owned()).collect();
        places.reverse();
        places
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The text before the test module.
    fn production(&self) -> &str {
        let mut from = 0;
        while let Some(at) = self.text[from..].find("#[cfg(test)]") {
            let at = from + at;
            let item = self.text[at..].lines().skip(1).find(|line| !line.starts_with("#["));
            if item.is_some_and(|item| item.starts_with("mod ") && item.ends_with('{')) {
                return &self.text[..at];
            }
            from = at + 1;
        }
        &self.text
    }
}

/// Comments and the insides of literals become blanks; lines stay where they are.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (length, hide) = token(rest);
        let (piece, after) = rest.split_at(length);
        let hidden = |c: char| if c == '\n' { '\n' } else { ' ' };
        if hide {
            out.extend(piece.chars().map(hidden))
        } else {
            out.push_str(piece)
        }
        rest = after;
    }
    out
}

/// The length of what comes next, and whether it is a comment or a literal.
fn token(text: &str) -> (usize, bool) {
    let first = text.chars().next().map_or(1, char::len_utf8);
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), true);
    }
    if text.starts_with("/*") {
        return (block_comment(text), true);
    }
    if text.starts_with('"') {
        return (quoted(text, '"'), true);
    }
    if let Some(length) = raw_string(text) {
        return (length, true);
    }
    if text.starts_with('\'') {
        return character(text).map_or((1, false), |length| (length, true));
    }
    // A word is taken whole, so that the `r` at its end does not open a raw string.
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (word.max(first), false)
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let step = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn quoted(text: &str, end: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == end => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = inner.len() - inner.trim_start_matches('#').len();
    let body = inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = text.len() - body.len();
    Some(body.find(&end).map_or(text.len(), |at| opening + at + end.len()))
}

/// A character literal, not a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    let (_, first) = letters.next()?;
    if first == '\\' {
        return Some(quoted(text, '\''));
    }
    let (at, next) = letters.next()?;
    (next == '\'').then_some(at + 1)
}

fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where a word stands that is not part of a longer one.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let starts = word.starts_with(inside);
        !(starts && text[..*at].ends_with(|c: char| inside(c) || c == '$'))
    })
}

/// The first names of what follows a path: one, or those of a `{…}` group.
fn heads(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = text.strip_prefix('{') else { return vec![name(text)] };
    let (mut found, mut depth, mut from) = (Vec::new(), 1, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            found.push(name(&group[from..at]));
            from = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// The modules that a file refers to, with lines.
fn uses(source: &Source) -> Vec<(usize, String)> {
    let text = blank(source.production());
    let climb = "super::".repeat(source.depth());
    let mut found = Vec::new();
    for root in ["crate::", "kantata_sync::", &climb] {
        for at in words(&text, root) {
            let climbs_less = root == climb && text[..at].ends_with("super::");
            let after = &text[at + root.len()..];
            if climbs_less || after.trim_start().starts_with("super") {
                continue;
            }
            found.extend(heads(after).into_iter().map(|head| (line_at(&text, at), head)));
        }
    }
    found.retain(|(_, head)| head != source.module());
    found
}

fn group(module: &str) -> Option<usize> {
    GROUPS.iter().position(|group| group.contains(&module))
}

fn may_use(module: &str, used: &str) -> bool {
    let forbidden = FORBIDDEN_USES.iter().find(|(name, _)| *name == module);
    let forbidden = forbidden.is_some_and(|(_, names)| names.contains(&used));
    let ordered = group(module).zip(group(used)).is_some_and(|(user, used)| used < user);
    ordered && !forbidden
}

fn direction(source: &Source) -> Vec<String> {
    let Source { path, .. } = source;
    let module = source.module();
    if module == "lib" || source.is_test() {
        return Vec::new();
    }
    if group(module).is_none() {
        return vec![format!("{path}:1: module `{module}` is not in the picture")];
    }
    let breaches = uses(source).into_iter().filter(|(_, used)| !may_use(module, used));
    breaches.map(|(line, used)| format!("{path}:{line}: `{module}` uses `{used}`")).collect()
}

fn purity(source: &Source) -> Vec<String> {
    let Source { path, .. } = source;
    let module = format!("{}/", source.module());
    let is_pure = PURE.iter().any(|pure| module == *pure || path.starts_with(pure));
    if !is_pure || source.is_test() {
        return Vec::new();
    }
    let text = blank(source.production());
    let mut found = Vec::new();
    for word in IMPURE {
        found.extend(words(&text, word).map(|at| (line_at(&text, at), (*word).to_owned())));
    }
    for at in words(&text, "std::{") {
        let after = &text[at + "std::".len()..];
        let names = heads(after).into_iter().map(|name| format!("std::{name}"));
        let impure = names.filter(|name| IMPURE.contains(&name.as_str()));
        found.extend(impure.map(|name| (line_at(&text, at), name)));
    }
    let door =
        DOORS.iter().find(|(door, _)| path.starts_with(door)).map_or(&[][..], |(_, words)| words);
    found.retain(|(_, word)| !door.contains(&word.as_str()));
    found.into_iter().map(|(line, word)| format!("{path}:{line}: pure, but has `{word}`")).collect()
}

fn budgets(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{path}:1: does not open with `//!`"));
    }
    if source.is_test() {
        return found;
    }
    let lines = source.production().lines().count();
    if lines > FILE_LINES {
        found.push(format!("{path}:1: {lines} lines; the limit is {FILE_LINES}"));
    }
    let text = blank(source.production());
    for at in words(&text, "fn ") {
        let lines = function_lines(&text[at..]);
        if lines > FUNCTION_LINES {
            let line = line_at(&text, at);
            found.push(format!("{path}:{line}: {lines} lines; the limit is {FUNCTION_LINES}"));
        }
    }
    found
}

/// Functions that want too much to be called.
fn parameters(source: &Source) -> Vec<String> {
    let Source { path, .. } = source;
    if source.is_test() {
        return Vec::new();
    }
    let text = blank(source.production());
    let crowded = words(&text, "fn ").filter_map(|at| {
        let count = count_parameters(&text[at..]);
        let line = line_at(&text, at);
        (count > PARAMETERS)
            .then(|| format!("{path}:{line}: {count} parameters; the limit is {PARAMETERS}"))
    });
    crowded.collect()
}

/// How many values a function takes, those of a tuple one by one; `text` begins at its `fn`.
fn count_parameters(text: &str) -> usize {
    let named = text["fn ".len()..].starts_with(|c: char| c.is_alphabetic() || c == '_');
    let Some(list) = argument_list(text).filter(|_| named) else { return 0 };
    let members = |parameter: &&str| {
        let kind = parameter.split_once(':').map_or("", |(_, kind)| kind.trim());
        let kind = kind.trim_start_matches('&');
        if kind.starts_with('(') { parts(&kind[1..kind.len() - 1]).len() } else { 1 }
    };
    let receiver = |one: &&&str| one.split([' ', '&', ':']).any(|word| word == "self");
    let list = parts(list);
    list.iter().filter(|one| !receiver(one)).map(members).sum()
}

/// What stands in the first parentheses that are not within `<…>`.
fn argument_list(text: &str) -> Option<&str> {
    let (mut angles, mut depth, mut from) = (0, 0, 0);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' if depth == 0 => angles += 1,
            '>' if depth == 0 && before != '-' => angles -= 1,
            '(' if angles == 0 => {
                depth += 1;
                from = if depth == 1 { at + 1 } else { from };
            }
            ')' if angles == 0 && depth == 1 => return Some(&text[from..at]),
            ')' if angles == 0 => depth -= 1,
            '{' | ';' if depth == 0 => return None,
            _ => {}
        }
        before = c;
    }
    None
}

/// What stands between the commas that no bracket encloses.
fn parts(list: &str) -> Vec<&str> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 0);
    let mut before = ' ';
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if before != '-' => depth -= 1,
            ',' if depth == 0 => {
                found.push(list[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    found.push(list[from..].trim());
    found.retain(|part| !part.is_empty());
    found
}

/// The files, or folders, of a room that use each other in a circle; a room's `mod.rs` is its door,
/// and what it says of its files is no use.
fn circles(all: &[Source]) -> Vec<String> {
    let modules: BTreeSet<String> = all.iter().flat_map(Source::places).collect();
    let uses: BTreeSet<(String, String)> =
        all.iter().flat_map(|source| siblings(source, &modules)).collect();
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(one) = open.pop() {
            if seen.insert(one) {
                open.extend(uses.iter().filter(|(user, _)| user == one).map(|(_, used)| &**used));
            }
        }
        seen.contains(to)
    };
    let is_watched = |user: &str| !CIRCLING.iter().any(|room| user.starts_with(room));
    let watched = uses.iter().filter(|(user, _)| is_watched(user));
    let closing = watched.filter(|(user, used)| reaches(used, user));
    closing
        .map(|(user, used)| format!("`{user}` uses `{used}`, and is used by it in turn"))
        .collect()
}

/// The uses of what stands beside a file, or beside a folder that it is in.
fn siblings(source: &Source, modules: &BTreeSet<String>) -> Vec<(String, String)> {
    if source.is_test() || !source.path.contains('/') {
        return Vec::new();
    }
    let text = blank(source.production());
    let places = source.places();
    let mut found = Vec::new();
    for (climbed, user) in places.iter().enumerate() {
        let Some((folder, _)) = user.rsplit_once('/') else { continue };
        let climb = "super::".repeat(climbed + 1);
        let whole = format!("crate::{}::", folder.replace('/', "::"));
        for path in [climb, whole] {
            for at in words(&text, &path) {
                let after = &text[at + path.len()..];
                if text[..at].ends_with("super::") || after.trim_start().starts_with("super") {
                    continue;
                }
                let used = heads(after).into_iter().map(|head| format!("{folder}/{head}"));
                let used = used.filter(|used| used != user && modules.contains(used));
                found.extend(used.map(|used| (user.clone(), used)));
            }
        }
    }
    found
}

/// The lines of a function that have code on them, from its `fn` to its last brace.
fn function_lines(text: &str) -> usize {
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if braces == 0 && brackets == 0 => return 0,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        // A `}` without its `{`: a function type, not a function.
        if braces < 0 {
            return 0;
        }
        if c == '}' && braces == 0 && brackets == 0 {
            return text[..=at].lines().filter(|line| !line.trim().is_empty()).count();
        }
    }
    0
}

/// Files of the state by their names: they are said in one place only.
const KEPT_FILES: &[&str] = &[
    "plan.json",
    "journal.jsonl",
    "report.json",
    "results.csv",
    "rejected.csv",
    "withheld-deletes.csv",
    "memory.json",
    "mentions.json",
];

/// Code that spells the name of a kept file itself.
fn spelled_names(source: &Source) -> Vec<String> {
    let Source { path, .. } = source;
    if path == "store/name.rs" || source.is_test() {
        return Vec::new();
    }
    let lines = source.production().lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let found = code.flat_map(|(at, line)| {
        let names = KEPT_FILES.iter().filter(move |name| line.contains(**name));
        names.map(move |name| format!("{path}:{}: spells `{name}` itself", at + 1))
    });
    found.collect()
}

fn unfinished(source: &Source) -> Vec<String> {
    let text = blank(&source.text);
    let found = UNFINISHED.iter().flat_map(|word| words(&text, word).map(move |at| (at, word)));
    found
        .map(|(at, word)| format!("{}:{}: has `{word}`", source.path, line_at(&text, at)))
        .collect()
}

fn read(folder: &Path, root: &Path, found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read(&path, root, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let below = path.strip_prefix(root).expect("below the root");
            let text = fs::read_to_string(&path).expect("a readable file");
            found.push(Source { path: below.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    read(&root, &root, &mut found);
    assert!(!found.is_empty(), "there are no sources in {folder}");
    found
}

fn demand_none(check: fn(&Source) -> Vec<String>, folders: &[&str]) {
    let all = folders.iter().flat_map(|folder| sources(folder));
    let breaches: Vec<String> = all.flat_map(|source| check(&source)).collect();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn modules_use_only_what_stands_before_them() {
    demand_none(direction, &["src"]);
}

#[test]
fn the_core_does_no_input_or_output() {
    demand_none(purity, &["src"]);
}

#[test]
fn files_and_functions_keep_their_budgets() {
    demand_none(budgets, &["src"]);
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever asks with --nocapture")]
fn most_functions_are_short() {
    let production = sources("src").into_iter().filter(|source| !source.is_test());
    let mut lines: Vec<usize> = Vec::new();
    for source in production {
        let text = blank(source.production());
        let all = words(&text, "fn ").map(|at| function_lines(&text[at..]));
        // Declarations without a body have none.
        lines.extend(all.filter(|lines| *lines > 0));
    }
    lines.sort_unstable();
    let (median, ninth) = (lines[lines.len() / 2], lines[lines.len() * 9 / 10]);
    println!("{} functions: median {median} lines, nine of ten at most {ninth}", lines.len());
    assert!(median <= 8 && ninth <= 22, "median {median}, nine of ten at most {ninth}");
}

#[test]
fn names_of_kept_files_are_spelled_in_one_place() {
    demand_none(spelled_names, &["src"]);
}

#[test]
fn functions_take_few_parameters() {
    demand_none(parameters, &["src"]);
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let found = circles(&sources("src"));
    assert!(found.is_empty(), "{} breaches:\n{}", found.len(), found.join("\n"));
}

/// Types that two rooms call the same: the sandbox has its own records, as it shares no type with the
/// client; the others are never named where the other one is.
const TWINS: &[&str] = &["ApiError", "Participation", "Workspace"];

/// Names of public types that more than one room has.
fn shared_names(all: &[Source]) -> Vec<String> {
    let mut rooms: std::collections::BTreeMap<String, BTreeSet<String>> = Default::default();
    for source in all.iter().filter(|source| !source.is_test()) {
        for line in source.production().lines() {
            let kinds = ["struct ", "enum ", "trait ", "type "];
            let Some(rest) = line.strip_prefix("pub ") else { continue };
            let Some(rest) = kinds.iter().find_map(|kind| rest.strip_prefix(kind)) else {
                continue;
            };
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            rooms.entry(name).or_default().insert(source.module().to_owned());
        }
    }
    let twice =
        rooms.iter().filter(|(name, rooms)| rooms.len() > 1 && !TWINS.contains(&name.as_str()));
    twice.map(|(name, rooms)| format!("{name}: {rooms:?}")).collect()
}

#[test]
fn no_two_rooms_call_a_type_the_same() {
    let found = shared_names(&sources("src"));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_name_that_two_rooms_have_is_found() {
    let room = |path| source(path, "pub struct Held;\npub(super) struct Own;\n");
    let found = shared_names(&[room("plan/a.rs"), room("store/b.rs"), room("store/c.rs")]);
    assert_eq!(found, [r#"Held: {"plan", "store"}"#]);
}

#[test]
fn nothing_is_left_unfinished() {
    demand_none(unfinished, &["src", "tests"]);
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn a_use_against_the_direction_is_found_in_every_form() {
    for (path, text, expected) in [
        ("model/id.rs", "use crate::plan::Plan;", "model/id.rs:1: `model` uses `plan`"),
        (
            "plan/diff.rs",
            "\nuse crate::{model::A, apply::{B, C}};",
            "plan/diff.rs:2: `plan` uses `apply`",
        ),
        ("plan/diff.rs", "use {crate::{cli}, std::fmt};", "plan/diff.rs:1: `plan` uses `cli`"),
        ("guard/mod.rs", "fn a() { crate::report::b(); }", "guard/mod.rs:1: `guard` uses `report`"),
        ("guard/mod.rs", "use super::report::x;", "guard/mod.rs:1: `guard` uses `report`"),
        ("guard/a.rs", "use super::super::report;", "guard/a.rs:1: `guard` uses `report`"),
        ("memory.rs", "use super::store::Shared;", "memory.rs:1: `memory` uses `store`"),
        ("sandbox/state.rs", "use crate::api::Wire;", "sandbox/state.rs:1: `sandbox` uses `api`"),
        ("plan/mod.rs", "use crate::roster::Row;", "plan/mod.rs:1: `plan` uses `roster`"),
        ("live/mod.rs", "use crate::plan::Plan;", "live/mod.rs:1: `live` uses `plan`"),
        ("main.rs", "use kantata_sync::{cli, model};", "main.rs:1: `main` uses `model`"),
        ("odd.rs", "", "odd.rs:1: module `odd` is not in the picture"),
        ("cli/mod.rs", "use crate::odd;", "cli/mod.rs:1: `cli` uses `odd`"),
        ("plan/a.rs", "#[cfg(test)]\nuse x;\nuse crate::cli;", "plan/a.rs:3: `plan` uses `cli`"),
    ] {
        assert_eq!(direction(&source(path, text)), [expected], "{text}");
    }
}

#[test]
fn a_use_in_the_direction_passes() {
    for (path, text) in [
        ("live/mod.rs", "use crate::{api::{Page, plan}, model::Id};"),
        ("guard/mod.rs", "use crate::plan::Plan;\n#[cfg(test)]\nmod tests {\n use crate::cli;\n}"),
        ("guard/a.rs", "use super::report; use crate::guard::b; // crate::cli"),
        ("report/text.rs", "/* crate::api */ use crate::{guard, plan, roster, journal};"),
        ("model/id.rs", "const A: &str = \"crate::cli\"; const B: &str = r#\"crate::cli\"#;"),
        ("cli/tests.rs", "use crate::cli::x;"),
        ("lib.rs", "pub use crate::cli::x;"),
        ("main.rs", "use kantata_sync::cli;"),
    ] {
        assert_eq!(direction(&source(path, text)), [""; 0], "{text}");
    }
}

#[test]
fn impurity_is_found_in_the_core_only() {
    for text in [
        "async fn a() {}",
        "fn a() { b().await; }",
        "use tokio::time;",
        "use std::fs::File;",
        "use std::{fmt, fs};",
        "use std::{env::{self}};",
        "fn a() { Instant::now(); }",
    ] {
        for path in ["plan/a.rs", "report.rs", "roster/row.rs"] {
            assert_eq!(purity(&source(path, text)).len(), 1, "{path} {text}");
        }
        for path in ["api/a.rs", "live/read.rs", "plan/tests.rs"] {
            assert_eq!(purity(&source(path, text)), [""; 0], "{path} {text}");
        }
    }
    assert_eq!(purity(&source("roster/input.rs", "use std::{fmt, fs};")), [""; 0]);
    assert_eq!(purity(&source("roster/input.rs", "use std::net;")).len(), 1);
    assert_eq!(purity(&source("roster/resolve.rs", "async fn a() { b().await; }")), [""; 0]);
    assert_eq!(purity(&source("roster/resolve.rs", "use reqwest::Client;")).len(), 1);
    let innocent = "// std::fs\nfn a() { b(\"tokio::x\", 'a', '\\''); } fn l<'a>(x: &'a str) {}";
    assert_eq!(purity(&source("plan/a.rs", innocent)), [""; 0]);
}

#[test]
fn long_functions_and_files_are_found() {
    let function = |lines: usize| {
        format!("//! Doc.\nfn a(x: [u8; 2]) -> u8 {{\n{}}}\n", "    b(\"{\");\n".repeat(lines - 2))
    };
    assert_eq!(budgets(&source("a.rs", &function(40))), [""; 0]);
    assert_eq!(budgets(&source("a.rs", &function(41))), ["a.rs:2: 41 lines; the limit is 40"]);
    let commented = function(40).replacen("b(\"{\");\n", "b(\"{\");\n // why\n", 3);
    assert_eq!(budgets(&source("a.rs", &commented)), [""; 0]);
    let file = |lines: usize| format!("//! Doc.\n{}", "use a;\n".repeat(lines - 1));
    assert_eq!(budgets(&source("a.rs", &file(400))), [""; 0]);
    assert_eq!(budgets(&source("a.rs", &file(401))), ["a.rs:1: 401 lines; the limit is 400"]);
    assert_eq!(budgets(&source("a.rs", "use a;")), ["a.rs:1: does not open with `//!`"]);
}

#[test]
fn a_name_that_is_spelled_elsewhere_is_found() {
    let found = spelled_names(&source("cli/a.rs", "//! report.json\nlet a = \"b/report.json\";"));
    assert_eq!(found, ["cli/a.rs:2: spells `report.json` itself"]);
    assert_eq!(spelled_names(&source("store/name.rs", "\"report.json\"")), [""; 0]);
    let test = "#[cfg(test)]\nmod tests {\n \"report.json\"\n}";
    assert_eq!(spelled_names(&source("cli/a.rs", test)), [""; 0]);
}

#[test]
fn parameters_are_counted_with_the_members_of_tuples() {
    for (text, count) in [
        ("fn a() {}", 0),
        ("fn a(&self, b: u8, c: &[(u8, u8)]) {}", 2),
        ("fn a<F: Fn(u8, u8) -> u8>(self, f: F) {}", 1),
        ("fn a(&'a mut self, (b, c): (u8, Vec<(u8, u8)>), d: &(u8, u8),) {}", 4),
        ("fn a(b: impl Fn(u8, u8) -> u8, c: [u8; 2]);", 2),
    ] {
        assert_eq!(count_parameters(text), count, "{text}");
    }
    let six = "//! Doc.\nfn a((b, c): (u8, u8), d: u8, e: u8, f: u8, g: u8) {}";
    assert_eq!(parameters(&source("a.rs", six)), ["a.rs:2: 6 parameters; the limit is 5"]);
}

#[test]
fn circles_are_found_between_files_and_folders() {
    let circle = |sources: &[(&str, &str)]| {
        let sources: Vec<Source> = sources.iter().map(|(path, text)| source(path, text)).collect();
        circles(&sources).len()
    };
    let (uses_b, uses_a) = ("use super::{b::B, c};", "fn a() { super::a::a() }");
    assert_eq!(circle(&[("r/a.rs", uses_b), ("r/b.rs", uses_a)]), 2);
    assert_eq!(circle(&[("r/a.rs", uses_b), ("r/b.rs", "use crate::r::a::A;")]), 2);
    assert_eq!(circle(&[("r/a.rs", uses_b), ("r/b.rs", "// super::a\nuse super::B;")]), 0);
    assert_eq!(circle(&[("r/a.rs", uses_b), ("r/c.rs", "use super::b;"), ("r/b.rs", uses_a)]), 4);
    assert_eq!(circle(&[("r/a.rs", uses_b), ("r/mod.rs", "mod a; use a::A;")]), 0);
    let inside = "use super::super::a::A;";
    assert_eq!(circle(&[("r/a.rs", uses_b), ("r/b/mod.rs", ""), ("r/b/x.rs", inside)]), 2);
    assert_eq!(circle(&[("r/a.rs", ""), ("r/b/mod.rs", ""), ("r/b/x.rs", inside)]), 0);
}

#[test]
fn unfinished_work_is_found() {
    for text in ["fn a() { todo!() }", "fn a() { unimplemented!() }", "#[ignore]\nfn a() {}"] {
        assert_eq!(unfinished(&source("a.rs", text)).len(), 1, "{text}");
    }
    assert_eq!(unfinished(&source("a.rs", "// todo!\nfn a() { b(\"todo!\") }")), [""; 0]);
}
