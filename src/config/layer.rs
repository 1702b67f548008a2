//! The layers: defaults, system, file, profile, environment, flags.
//!
//! They are read one after the other, the weakest first; each value is read once, into the
//! settings, so that a later layer wins. A value that does not fit becomes a problem. How values
//! depend on each other is decided elsewhere.

use std::{collections::BTreeMap, ffi::OsStr, path::PathBuf};

use toml::{
    Spanned, Value,
    de::{DeString, DeTable, DeValue},
};

use super::{
    document::{Document, notation, plain},
    environment::Environment,
    error::ConfigProblem,
    key,
    origin::{Origin, Source},
    settings::Settings,
    value::Place,
};

/// What a variable that sets a key begins with; `__` separates the table from the key.
const PREFIX: &str = "KANTATA_SYNC_";

/// The value of each key that is set, as it was written, and where it is from.
pub(super) type Values = BTreeMap<&'static str, (Value, Origin)>;

/// What the layers read so far make together, and all that is wrong with them.
pub(super) struct Found<'a> {
    environment: &'a Environment,
    pub settings: Settings,
    pub values: Values,
    pub problems: Vec<ConfigProblem>,
}

impl<'a> Found<'a> {
    /// The compiled-in defaults, and what the system says where nothing else is set.
    pub fn new(environment: &'a Environment, defaults: &str) -> Self {
        let (settings, values, problems) = (Settings::default(), Values::new(), Vec::new());
        let mut found = Self { environment, settings, values, problems };
        let document = Document {
            name: "config/default.toml".to_owned(),
            folder: PathBuf::new(),
            text: defaults.to_owned(),
        };
        match document.parse() {
            Ok(table) => found.add_table(&document, &table, &Source::Default),
            Err(problems) => found.problems = problems,
        }
        if let Some((folder, variable)) = environment.state_folder() {
            let shown = Value::from(folder.to_string_lossy().into_owned());
            found.values.insert("state_dir", (shown, Origin::of(Source::System(variable))));
            found.settings.state_dir = folder;
        }
        found
    }

    /// A file, and the profile of it that was chosen; the others are checked only.
    pub fn add_file(&mut self, document: &Document, chosen: Option<&str>) {
        let mut table = match document.parse() {
            Ok(table) => table,
            Err(problems) => return self.problems.extend(problems),
        };
        let profiles = table.remove("profile");
        self.add_table(document, &table, &Source::File(document.name.clone()));
        let names = match &profiles {
            Some(profiles) => self.add_profiles(document, profiles, chosen),
            None => Vec::new(),
        };
        if let Some(name) = chosen.filter(|name| !names.contains(name)) {
            let message = format!("{} has {}", document.name, list(&names));
            let problem = ConfigProblem::new("--profile", message);
            self.problems.push(problem.with_value(name.to_owned()));
        }
    }

    /// The names of all profiles.
    fn add_profiles<'p>(
        &mut self,
        document: &Document,
        profiles: &'p Spanned<DeValue<'_>>,
        chosen: Option<&str>,
    ) -> Vec<&'p str> {
        let DeValue::Table(table) = profiles.get_ref() else {
            let source = Source::Profile(document.name.clone());
            let origin = document.origin(profiles.span().start, source);
            self.problems.push(ConfigProblem::of_key(&origin, "profile", "expected a table"));
            return Vec::new();
        };
        for (name, profile) in table {
            let kept = (self.settings.clone(), self.values.clone());
            self.add_profile(document, name, profile.get_ref());
            if chosen != Some(name.get_ref().as_ref()) {
                (self.settings, self.values) = kept;
            }
        }
        table.keys().map(|name| name.get_ref().as_ref()).collect()
    }

    fn add_profile(
        &mut self,
        document: &Document,
        name: &Spanned<DeString<'_>>,
        profile: &DeValue<'_>,
    ) {
        let path = format!("profile.{}", name.get_ref());
        let origin = document.origin(name.span().start, Source::Profile(document.name.clone()));
        if !is_profile_name(name.get_ref()) {
            let message = "expected a name of letters, digits, `-` and `_`, other than `default`";
            self.problems.push(ConfigProblem::of_key(&origin, &path, message));
        }
        match profile {
            DeValue::Table(table) => self.add_table(document, table, &origin.source),
            _ => self.problems.push(ConfigProblem::of_key(&origin, &path, "expected a table")),
        }
    }

    fn add_table(&mut self, document: &Document, table: &DeTable<'_>, source: &Source) {
        let mut entries = entries(table, "");
        entries.sort_by_key(|entry| entry.offset);
        for SetValue { path, value, number, offset } in entries {
            let taken = self.take(&path, value, document.origin(offset, source.clone()));
            self.problems.extend(taken.err().map(|problem| {
                let value = problem.value.map(|value| number.unwrap_or(value));
                ConfigProblem { value, ..problem }
            }));
        }
    }

    /// The variables that set keys.
    pub fn add_variables(&mut self) {
        for (name, value) in self.environment.with_prefix(PREFIX) {
            let origin = Origin::of(Source::Variable(format!("{PREFIX}{name}")));
            let path = name.to_lowercase().replace("__", ".");
            let taken = self.take_variable(&path, value, origin);
            self.problems.extend(taken.err());
        }
    }

    /// The text itself where it fits, else what it says in the notation of a value.
    fn take_variable(
        &mut self,
        path: &str,
        value: &OsStr,
        origin: Origin,
    ) -> Result<(), ConfigProblem> {
        let Some(text) = value.to_str() else {
            return Err(ConfigProblem::of_key(&origin, path, "expected UTF-8"));
        };
        let as_text = self.take(path, Value::from(text), origin.clone());
        as_text.or_else(|_| self.take(path, notation(text), origin))
    }

    /// A flag of the command line, if it was given.
    pub fn add_flag(&mut self, flag: &'static str, path: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        let taken = self.take(path, Value::from(text), Origin::of(Source::Flag(flag)));
        self.problems.extend(taken.err());
    }

    fn take(&mut self, path: &str, value: Value, origin: Origin) -> Result<(), ConfigProblem> {
        let problem = |message: String| ConfigProblem::of_key(&origin, path, message);
        let Some(key) = key::named(path) else { return Err(problem(key::unknown(path))) };
        let earlier = self.values.get(key.path).map(|(value, _)| value);
        let value = united(earlier, value);
        let place = Place { environment: self.environment, base: &origin.base };
        let waits = key.is_later() && origin.source != Source::Default && earlier != Some(&value);
        let read = (key.set)(&mut self.settings, &value, &place);
        match read.and_then(|()| if waits { Err(not_yet(earlier)) } else { Ok(()) }) {
            Ok(()) => {
                self.values.insert(key.path, (value, origin));
                Ok(())
            }
            Err(message) => Err(ConfigProblem { value: key.shown(&value), ..problem(message) }),
        }
    }
}

/// What to say of a value that asks for a feature that is not there yet.
fn not_yet(default: Option<&Value>) -> String {
    let instead = default.map_or("leave it out".to_owned(), |value| format!("leave it at {value}"));
    format!("this version does not do that yet; {instead}")
}

/// The tables of all layers are one, in which a later layer wins; any other value is replaced.
fn united(earlier: Option<&Value>, value: Value) -> Value {
    match (earlier, value) {
        (Some(Value::Table(earlier)), Value::Table(table)) => {
            let mut both = earlier.clone();
            for (name, value) in table {
                let value = united(earlier.get(&name), value);
                both.insert(name, value);
            }
            Value::Table(both)
        }
        (_, value) => value,
    }
}

/// A path with a value, not yet known to be a key.
struct SetValue {
    path: String,
    value: Value,
    /// A number as it was written, which the value may not be able to hold.
    number: Option<String>,
    offset: usize,
}

/// What a table holds; what is not a known table is one entry.
fn entries(table: &DeTable<'_>, prefix: &str) -> Vec<SetValue> {
    let mut found = Vec::new();
    for (name, value) in table {
        let path = format!("{prefix}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if key::is_table(&path) => {
                found.extend(entries(inner, &format!("{path}.")));
            }
            other => {
                // A wrong value is shown where it stands, a wrong key where the key does.
                let is_value = key::named(&path).is_some() && !other.is_table();
                let offset = if is_value { value.span() } else { name.span() }.start;
                let number = match other {
                    DeValue::Integer(number) => Some(number.to_string()),
                    DeValue::Float(number) => Some(number.to_string()),
                    _ => None,
                };
                found.push(SetValue { path, value: plain(other), number, offset });
            }
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

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        return "no profiles".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("no such profile; it has {}", names.join(", "))
}
