//! Every key of the configuration: its path, the type of its value, and what a later version adds.
//!
//! A key that is not in the table is unknown. Knows neither layers nor what a value is used for;
//! `config/default.toml` holds the values and the explanations.

use std::collections::BTreeMap;

use figment::{
    error::Kind,
    value::{Num, Value},
};

use super::{
    base_url::BaseUrl,
    value::{CommandText, Encoding, PathText, People, Rate, Setting, Span, Whole},
};
use crate::{
    model::WorkspaceId,
    plan::{Mode, Ownership},
};

/// A key and what its value must be.
pub(super) struct Key {
    /// Dotted: `http.tries`.
    pub path: &'static str,
    misfit: fn(&Value) -> Option<String>,
}

const fn key<T: Setting>(path: &'static str) -> Key {
    Key { path, misfit: misfit::<T> }
}

/// In the order of `config/default.toml`.
pub(super) const KEYS: &[Key] = &[
    key::<BaseUrl>("base_url"),
    key::<Mode>("mode"),
    key::<bool>("allow_replace"),
    key::<Ownership>("ownership"),
    key::<Whole<0, 10_000>>("delete_after_runs"),
    key::<Whole<0, 10_000>>("delete_after_days"),
    key::<PathText>("token_file"),
    key::<CommandText>("token_command"),
    key::<PathText>("state_dir"),
    key::<Rate>("http.requests_per_second"),
    key::<Whole<1, 1000>>("http.max_in_flight"),
    key::<Span<false>>("http.timeout"),
    key::<Span<false>>("http.connect_timeout"),
    key::<Whole<1, 100>>("http.tries"),
    key::<Span<false>>("http.backoff_base"),
    key::<Span<false>>("http.backoff_cap"),
    key::<Span<true>>("http.settle_wait"),
    key::<Span<false>>("http.retry_after_cap"),
    key::<Span<false>>("http.give_up_after"),
    key::<Whole<0, 1_000_000>>("guard.max_deletes"),
    key::<Whole<0, 100>>("guard.max_delete_percent"),
    key::<Whole<0, 100>>("guard.max_project_delete_percent"),
    key::<Whole<0, 1_000_000>>("guard.delete_floor"),
    key::<Span<true>>("guard.recheck_after"),
    key::<People>("protect.users"),
    key::<Vec<WorkspaceId>>("scope.workspaces"),
    key::<Encoding>("roster.encoding"),
    key::<crate::desired::Delimiter>("roster.delimiter"),
    key::<Vec<String>>("roster.ignore_columns"),
    key::<BTreeMap<String, String>>("roster.columns"),
    key::<Whole<1, 10_000>>("breaker.consecutive_failures"),
    key::<Whole<1, 100_000>>("state.keep_runs"),
    key::<String>("monitor.ping_url"),
    key::<String>("monitor.webhook_url"),
    key::<PathText>("monitor.metrics_file"),
];

/// Keys that this version takes at their default only, so that nobody relies on what is not there.
/// A feature that arrives takes its key from this list.
const LATER: &[&str] =
    &["roster.encoding", "monitor.ping_url", "monitor.webhook_url", "monitor.metrics_file"];

/// Keys whose value may carry a secret: never repeated in a message.
const SECRET: &[&str] = &["base_url", "monitor.ping_url", "monitor.webhook_url"];

fn misfit<T: Setting>(value: &Value) -> Option<String> {
    match value.deserialize::<T>().err()?.kind {
        Kind::Message(message) => Some(message),
        _ => Some(format!("expected {}", T::expectation())),
    }
}

impl Key {
    /// What is wrong with this value for this key.
    pub fn misfit(&self, value: &Value) -> Option<String> {
        (self.misfit)(value)
    }

    /// Whether this version does not do yet what any value but the default asks for.
    pub fn is_later(&self) -> bool {
        LATER.contains(&self.path)
    }

    /// The value for a message, unless it may carry a secret.
    pub fn shown(&self, value: &Value) -> Option<String> {
        (!SECRET.contains(&self.path)).then(|| cut(&show(value)))
    }
}

/// The key with this path.
pub(super) fn named(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether keys stand below this path.
pub(super) fn is_table(path: &str) -> bool {
    tables().any(|table| table == path)
}

fn tables() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter_map(|key| Some(key.path.rsplit_once('.')?.0))
}

/// What to say about a path that is neither a key nor a table.
pub(super) fn unknown(path: &str) -> String {
    if split(path).1 == "token" {
        return "the token is never in the configuration; use KANTATA_TOKEN, `token_file` or `token_command`"
            .to_owned();
    }
    match nearest(path) {
        Some(known) => format!("unknown key; the nearest known one is `{known}`"),
        None => "unknown key".to_owned(),
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

fn nearest(path: &str) -> Option<&'static str> {
    let (table, name) = split(path);
    let likeness = |known: &str| {
        let (known_table, known_name) = split(known);
        let by_name = strsim::normalized_damerau_levenshtein(name, known_name);
        let by_path = strsim::normalized_damerau_levenshtein(path, known);
        if table == known_table { by_name } else { 0.9 * by_name.max(by_path) }
    };
    let known = KEYS.iter().map(|key| key.path).chain(tables());
    known
        .map(|known| (likeness(known), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness >= 0.4)
        .map(|(_, known)| known)
}

/// A value as TOML.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Array(_, values) => {
            let values: Vec<String> = values.iter().map(show).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Dict(_, table) if table.is_empty() => "{}".to_owned(),
        Value::Dict(_, table) => {
            let entries: Vec<String> = table
                .iter()
                .map(|(name, value)| format!("{} = {}", quote(name), show(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(_, text) => quote(text),
        Value::Char(_, letter) => quote(&letter.to_string()),
        Value::Bool(_, yes) => yes.to_string(),
        Value::Num(_, number) => number_text(*number),
        Value::Empty(..) => "\"\"".to_owned(),
    }
}

fn number_text(number: Num) -> String {
    match (number.to_i128(), number.to_u128(), number.to_f64()) {
        (Some(whole), ..) => whole.to_string(),
        (_, Some(whole), _) => whole.to_string(),
        (.., Some(real)) => format!("{real:?}"),
        _ => String::new(),
    }
}

/// A basic TOML string, which JSON's escapes are valid in.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_finds_its_neighbour() {
        for (path, known) in [
            ("http.trys", Some("http.tries")),
            ("requests_per_second", Some("http.requests_per_second")),
            ("http.max_deletes", Some("guard.max_deletes")),
            ("htpp", Some("http")),
            ("basurl", Some("base_url")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(path), known, "{path}");
        }
    }

    #[test]
    fn later_and_secret_keys_are_keys() {
        for path in LATER.iter().chain(SECRET) {
            assert!(named(path).is_some(), "{path}");
        }
    }
}
