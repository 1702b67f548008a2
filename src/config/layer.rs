//! Where values come from: the files, their profiles, the environment, the flags.
//!
//! Every layer becomes leaves (key, value, origin) that fit by themselves, and problems. Which
//! layer wins and how values depend on each other is decided elsewhere.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use figment::{
    providers::{Format, Toml},
    value::{Dict, Value},
};

use super::{
    error::ConfigProblem,
    key::{self, Key},
    surroundings::Surroundings,
};

/// What a variable that sets a key begins with; `__` separates the table from the key.
const PREFIX: &str = "KANTATA_SYNC_";

/// Which layer a value is from; a later variant wins over an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `config/default.toml`, compiled in.
    Default,
    /// What the system says where nothing is set: a variable such as `XDG_STATE_HOME`.
    System(&'static str),
    /// The configuration file.
    File(String),
    /// A `[profile.NAME]` of the configuration file.
    Profile(String),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Source {
    /// Whether one layer holds both; two variables are one layer.
    pub(super) fn is_same_layer(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Where exactly a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The layer.
    pub source: Source,
    /// The line of the file, where it could be found.
    pub line: Option<usize>,
    /// What a relative path in the value is relative to; empty for the working directory.
    pub base: PathBuf,
}

impl Origin {
    pub(super) fn of(source: Source) -> Self {
        Self { source, line: None, base: PathBuf::new() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.line) {
            (Source::Default, _) => f.write_str("default"),
            (Source::File(file) | Source::Profile(file), Some(line)) => write!(f, "{file}:{line}"),
            (Source::File(file) | Source::Profile(file), None) => f.write_str(file),
            (Source::System(name), _) => f.write_str(name),
            (Source::Variable(name), _) => f.write_str(name),
            (Source::Flag(flag), _) => f.write_str(flag),
        }
    }
}

/// A value that fits its key.
pub(super) struct Leaf {
    pub key: &'static Key,
    pub value: Value,
    pub origin: Origin,
}

/// A path with a value, not yet known to be a key.
struct Entry {
    path: String,
    value: Value,
    origin: Origin,
}

/// What the layers hold, the weakest first, and all that is wrong with them.
#[derive(Default)]
pub(super) struct Found {
    pub leaves: Vec<Leaf>,
    pub problems: Vec<ConfigProblem>,
    /// The default of every key that has one, as TOML.
    defaults: BTreeMap<&'static str, String>,
}

/// A configuration file.
pub(super) struct Document {
    /// As a person would name it.
    pub name: String,
    /// The folder it is in.
    pub folder: PathBuf,
    pub text: String,
}

impl Found {
    /// The compiled-in defaults; the first layer.
    pub fn add_defaults(&mut self, text: &str) {
        let document = Document {
            name: "config/default.toml".to_owned(),
            folder: PathBuf::new(),
            text: text.to_owned(),
        };
        self.add_tables(&document, document.parse(), "", Source::Default);
        self.defaults =
            self.leaves.iter().map(|leaf| (leaf.key.path, key::show(&leaf.value))).collect();
    }

    /// A file, and the profile of it that was chosen; the others are checked only.
    pub fn add_file(&mut self, document: &Document, chosen: Option<&str>) {
        let mut parsed = document.parse();
        let profiles = parsed.as_mut().ok().and_then(|table| table.remove("profile"));
        self.add_tables(document, parsed, "", Source::File(document.name.clone()));
        let (profiles, odd) = match profiles {
            None => (Dict::new(), false),
            Some(Value::Dict(_, profiles)) => (profiles, false),
            Some(_) => (Dict::new(), true),
        };
        let source = || Source::Profile(document.name.clone());
        if odd {
            let origin = document.origin("profile", source());
            self.problems.push(ConfigProblem::of_key(&origin, "profile", "expected a table"));
        }
        let names: Vec<String> = profiles.keys().cloned().collect();
        for (name, table) in profiles {
            self.add_profile(document, &name, table, chosen == Some(name.as_str()));
        }
        if let Some(name) = chosen.filter(|name| !names.iter().any(|known| known == name)) {
            let message = format!("{} has {}", document.name, list(&names));
            self.problems
                .push(ConfigProblem::new("--profile", message).with_value(name.to_owned()));
        }
    }

    fn add_profile(&mut self, document: &Document, name: &str, table: Value, chosen: bool) {
        let path = format!("profile.{name}");
        let origin = document.origin(&path, Source::Profile(document.name.clone()));
        if !is_profile_name(name) {
            let message = "expected a name of letters, digits, `-` and `_`, other than `default`";
            self.problems.push(ConfigProblem::of_key(&origin, &path, message));
        }
        let Value::Dict(_, table) = table else {
            self.problems.push(ConfigProblem::of_key(&origin, &path, "expected a table"));
            return;
        };
        let before = self.leaves.len();
        self.add_tables(document, Ok(table), &format!("{path}."), origin.source);
        if !chosen {
            self.leaves.truncate(before);
        }
    }

    /// The variables that set keys.
    pub fn add_variables(&mut self, around: &Surroundings) {
        for (name, text) in around.with_prefix(PREFIX) {
            let path = name.to_lowercase().replace("__", ".");
            let origin = Origin::of(Source::Variable(format!("{PREFIX}{name}")));
            let value = match key::named(&path) {
                Some(key) => best_reading(key, text),
                None => Value::from(text),
            };
            self.admit(Entry { path, value, origin });
        }
    }

    /// A flag of the command line, if it was given.
    pub fn add_flag(&mut self, flag: &'static str, path: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        let origin = Origin::of(Source::Flag(flag));
        self.admit(Entry { path: path.to_owned(), value: Value::from(text), origin });
    }

    fn add_tables(
        &mut self,
        document: &Document,
        parsed: Result<Dict, ConfigProblem>,
        prefix: &str,
        source: Source,
    ) {
        let mut entries = match parsed {
            Ok(table) => entries(table, ""),
            Err(problem) => return self.problems.push(problem),
        }
        .into_iter()
        .map(|(path, value)| {
            let origin = document.origin(&format!("{prefix}{path}"), source.clone());
            Entry { path, value, origin }
        })
        .collect::<Vec<_>>();
        entries.sort_by_key(|entry| entry.origin.line);
        entries.into_iter().for_each(|entry| self.admit(entry));
    }

    fn admit(&mut self, entry: Entry) {
        let Entry { path, value, origin } = entry;
        let problem = |message: &str| ConfigProblem::of_key(&origin, &path, message);
        let Some(key) = key::named(&path) else {
            let message =
                if key::is_table(&path) { "expected a table".into() } else { key::unknown(&path) };
            return self.problems.push(problem(&message));
        };
        let default = self.defaults.get(key.path).map(String::as_str);
        let message = match key.misfit(&value) {
            Some(message) => message,
            None if key.is_later() && origin.source != Source::Default => {
                match later(&value, default) {
                    Some(message) => message,
                    None => return self.leaves.push(Leaf { key, value, origin }),
                }
            }
            None => return self.leaves.push(Leaf { key, value, origin }),
        };
        self.problems.push(ConfigProblem { value: key.shown(&value), ..problem(&message) });
    }
}

/// What to say about a value that asks for a feature that is not there yet.
fn later(value: &Value, default: Option<&str>) -> Option<String> {
    let text = key::show(value);
    match default {
        Some(default) if default == text => None,
        Some(default) => Some(format!("this version does not do that yet; leave it at {default}")),
        None => Some("this version does not do that yet; leave it out".to_owned()),
    }
}

/// The text itself where it fits, else what it says in the notation of a value: `8`, `[7, 8]`.
fn best_reading(key: &Key, text: &str) -> Value {
    let as_text = Value::from(text);
    if key.misfit(&as_text).is_none() {
        return as_text;
    }
    let Ok(read) = Value::from_str(text);
    read
}

/// The leaves of a table; what is not a known table is a leaf.
fn entries(table: Dict, prefix: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        match value {
            Value::Dict(_, inner) if key::is_table(&path) => {
                found.extend(entries(inner, &format!("{path}.")));
            }
            value => found.push((path, value)),
        }
    }
    found
}

/// Names a folder; `default` is the folder of runs without a profile.
fn is_profile_name(name: &str) -> bool {
    !name.is_empty()
        && name != "default"
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "no profiles".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("no such profile; it has {}", names.join(", "))
}

impl Document {
    fn parse(&self) -> Result<Dict, ConfigProblem> {
        Toml::from_str(&self.text).map_err(|error| {
            let line = error.span().map(|span| self.text[..span.start].lines().count().max(1));
            let source = Source::File(self.name.clone());
            let message = error.message().replace('\n', "; ");
            ConfigProblem::new(Origin { line, ..Origin::of(source) }, message)
        })
    }

    fn origin(&self, path: &str, source: Source) -> Origin {
        Origin { source, line: line_of(&self.text, path), base: self.folder.clone() }
    }
}

/// The line that sets a key or opens a table, as far as it can be told without a parser.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let plain = |name: &str| name.replace(['"', '\'', ' ', '\t'], "");
    let is_at = |full: &str| {
        path.strip_prefix(full).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let (mut table, mut table_line) = (String::new(), None);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            table = plain(rest.split(']').next().unwrap_or_default()) + ".";
            let opens = format!("{path}.") == table || table.starts_with(&format!("{path}."));
            table_line = table_line.or(opens.then_some(at + 1));
        } else if let Some((name, _)) = line.split_once('=')
            && is_at(&format!("{table}{}", plain(name)))
        {
            return Some(at + 1);
        }
    }
    table_line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_tables_dotted_keys_and_inline_tables() {
        let text = "mode = \"mirror\"\nguard.max_deletes = 1\nscope = { workspaces = [1] }\n\
            [http] # pace\n\"tries\" = 3\n[profile.night.http]\ntries = 4\n";
        for (path, line) in [
            ("mode", Some(1)),
            ("guard.max_deletes", Some(2)),
            ("scope.workspaces", Some(3)),
            ("http", Some(4)),
            ("http.tries", Some(5)),
            ("profile.night", Some(6)),
            ("profile.night.http.tries", Some(7)),
            ("tries", None),
        ] {
            assert_eq!(line_of(text, path), line, "{path}");
        }
    }
}
