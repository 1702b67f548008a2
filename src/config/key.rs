//! The table of all keys: of each its path, what its value may be, the setting it fills, and
//! whether it may carry a secret or waits for a later version.
//!
//! All that is said or checked about a key comes from its row; `config/default.toml` adds the
//! default and the explanation, and tests hold the two together. Knows neither layers nor what a
//! setting is used for.

use std::time::Duration;

use toml::Value;

use super::{
    settings::Settings,
    token::TokenSource,
    value::{
        Choice, Command, Encodings, Flag, Ids, Kind, Names, Number, Path, People, Place, Rows,
        Span, Text, Texts, Url, Values, WEEK, Whole, Words, Zones,
    },
};

/// A row of the table.
pub(super) struct Key {
    /// Dotted: `http.tries`.
    pub path: &'static str,
    notes: &'static [Note],
    /// Reads a value into the settings, or says what is expected in its place.
    pub set: fn(&mut Settings, &Value, &Place<'_>) -> Result<(), String>,
    #[cfg(test)]
    pub draw: fn() -> proptest::strategy::BoxedStrategy<Value>,
}

/// What else is to be known of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    /// The value may carry a secret: it is never repeated in a message.
    Secret,
    /// This version takes the default only, so that nobody relies on what is not there. A feature
    /// that arrives drops the note.
    Later,
}

/// A row: the key, what it may be, the field of the settings that it fills where that has another
/// name than the key, and notes.
macro_rules! keys {
    ($($($path:ident).+ $kind:expr $(=> $($field:ident).+ $(= $wrap:path)?)? $(, $note:ident)*;)*) => {
        /// In the order of `config/default.toml`.
        pub(super) const KEYS: &[Key] = &[$(Key {
            path: keys!(@text $($path).+),
            notes: &[$(Note::$note),*],
            set: |settings, value, place| {
                let value = $kind.read(value, place)?;
                keys!(@fill settings value ($($path).+) $(=> $($field).+ $(= $wrap)?)?);
                Ok(())
            },
            #[cfg(test)]
            draw: || super::tests::draw::Draw::draw(&$kind),
        }),*];
    };
    (@text $first:ident $(. $rest:ident)*) => {
        concat!(stringify!($first) $(, ".", stringify!($rest))*)
    };
    (@fill $settings:ident $value:ident ($($path:ident).+)) => {
        $settings.$($path).+ = $value
    };
    (@fill $settings:ident $value:ident ($($path:ident).+) => $($field:ident).+) => {
        $settings.$($field).+ = $value
    };
    (@fill $settings:ident $value:ident ($($path:ident).+) => $($field:ident).+ = $wrap:path) => {
        $settings.$($field).+ = $wrap($value)
    };
}

/// The shortest time to wait for; what is 0 ends at once, or never.
const MOMENT: Duration = Duration::from_millis(1);
const ZERO: Duration = Duration::ZERO;

keys! {
    base_url                            Url, Secret;
    mode                                Choice(&["create-only", "no-delete", "mirror"]);
    allow_replace                       Flag;
    ownership                           Choice(&["all", "tagged"]);
    delete_after_runs                   Whole(0, 10_000);
    delete_after_days                   Whole(0, 10_000);
    token_file                          Path => token_source = TokenSource::File;
    token_command                       Command => token_source = TokenSource::Command;
    state_dir                           Path;
    http.requests_per_second            Number(0.001, 1000.0);
    http.max_in_flight                  Whole(1, 1000);
    http.timeout                        Span(MOMENT, WEEK);
    http.connect_timeout                Span(MOMENT, WEEK);
    http.tries                          Whole(1, 100);
    http.backoff_base                   Span(MOMENT, WEEK);
    http.backoff_cap                    Span(MOMENT, WEEK);
    http.settle_wait                    Span(ZERO, WEEK);
    http.retry_after_cap                Span(MOMENT, WEEK);
    http.give_up_after                  Span(MOMENT, WEEK);
    guard.max_deletes                   Whole(0, 1_000_000);
    guard.max_delete_percent            Whole(0, 100);
    guard.max_project_delete_percent    Whole(0, 100);
    guard.delete_floor                  Whole(0, 1_000_000);
    guard.recheck_after                 Span(ZERO, WEEK) => recheck_after;
    protect.users                       People => protect;
    scope.workspaces                    Ids => scope_workspaces;
    roster.encoding                     Encodings => roster.encoding = Some;
    roster.delimiter                    Choice(&[",", ";", "tab", "|"]);
    roster.sheet                        Text => roster.sheet = Some;
    roster.max_unpacked_mib             Whole(1, 4096) => roster.bounds.mib;
    roster.max_unpacked_ratio           Whole(1, 1_000_000) => roster.bounds.ratio;
    roster.ignore_columns               Texts;
    roster.columns                      Names;
    roster.time_zone                    Zones;
    roster.person_service               Text => roster.person_service = Some;
    roster.project_service              Text => roster.project_service = Some;
    roster.projects                     Choice(&["all", "active"]);
    roster.directory_max_age            Span(ZERO, WEEK);
    roster.values                       Words;
    roster.defaults                     Values;
    roster.where                        Rows => roster.filter;
    breaker.consecutive_failures        Whole(1, 10_000) => http.breaker_failures;
    state.keep_runs                     Whole(1, 100_000) => keep_runs;
    monitor.ping_url                    Text => monitor.ping_url = Some, Secret, Later;
    monitor.webhook_url                 Text => monitor.webhook_url = Some, Secret, Later;
    monitor.metrics_file                Path => monitor.metrics_file = Some, Later;
}

impl Key {
    /// Whether this version does not do yet what any value but the default asks for.
    pub fn is_later(&self) -> bool {
        self.notes.contains(&Note::Later)
    }

    /// The value for a message, unless it may carry a secret.
    pub fn shown(&self, value: &Value) -> Option<String> {
        let is_secret = self.notes.contains(&Note::Secret);
        (!is_secret).then(|| cut(&value.to_string()))
    }
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
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

/// What to say about a path that is not a key.
pub(super) fn unknown(path: &str) -> String {
    if is_table(path) {
        return "expected a table".to_owned();
    }
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
    fn a_value_in_a_message_is_short_and_no_secret() {
        let shown = |path, value: &str| named(path).expect(path).shown(&Value::from(value));
        assert_eq!(shown("mode", &"é".repeat(99)).expect("shown").chars().count(), 61);
        for secret in ["base_url", "monitor.ping_url", "monitor.webhook_url"] {
            assert_eq!(shown(secret, "https://user:secret@host"), None, "{secret}");
        }
    }
}
