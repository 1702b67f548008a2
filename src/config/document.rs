//! TOML as people write it: where in a file something stands, and the notation of a variable.
//!
//! The `toml` crate reads; this gives its findings a line and a column. Knows no keys.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml::{
    Value,
    de::{DeTable, DeValue},
};

use super::{
    error::ConfigProblem,
    origin::{Origin, Position, Source},
};

/// A configuration file.
pub(super) struct Document {
    /// As a person would name it.
    pub name: String,
    /// The folder it is in.
    pub folder: PathBuf,
    pub text: String,
}

impl Document {
    /// What a file holds, without the byte order mark that an editor may leave in it.
    pub fn new(name: String, folder: PathBuf, bytes: Vec<u8>) -> Result<Self, ConfigProblem> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let position = Position::of(&String::from_utf8_lossy(good), good.len());
            ConfigProblem::new(place(&name, position), "expected a text in UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Self { name, folder, text })
    }

    /// The table that the text is, or the first mistake of each line.
    pub fn parse(&self) -> Result<DeTable<'_>, Vec<ConfigProblem>> {
        /// One open bracket makes nonsense of all that follows it.
        const MOST: usize = 10;
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Ok(table.into_inner());
        }
        let mut found: Vec<_> =
            errors.iter().map(|error| located(&self.name, &self.text, error)).collect();
        found.sort_by_key(|(line, _)| *line);
        found.dedup_by_key(|(line, _)| *line);
        Err(found.into_iter().take(MOST).map(|(_, problem)| problem).collect())
    }

    /// Where the byte at `offset` is; nobody has to look for a default.
    pub fn origin(&self, offset: usize, source: Source) -> Origin {
        let position = (source != Source::Default).then(|| Position::of(&self.text, offset));
        Origin { source, position, base: self.folder.clone() }
    }
}

fn place(name: &str, position: Position) -> String {
    let source = Source::File(name.to_owned());
    Origin { position: Some(position), ..Origin::of(source) }.exact()
}

/// What the parser found, with its line.
fn located(name: &str, text: &str, error: &toml::de::Error) -> (usize, ConfigProblem) {
    let position = Position::of(text, error.span().map_or(0, |span| span.start));
    (position.line, ConfigProblem::new(place(name, position), error.message()))
}

/// Reads a file that is no configuration, with the same messages.
///
/// # Errors
/// What is wrong first, with its place.
pub fn read_toml<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, ConfigProblem> {
    toml::from_str(text).map_err(|error| located(name, text, &error).1)
}

/// A value without its places. A whole number beyond 64 bits becomes a float, which nothing that
/// counts takes.
pub(super) fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| real(number.as_str()), Value::Integer),
        DeValue::Float(number) => real(number.as_str()),
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(values) => {
            Value::Array(values.iter().map(|value| plain(value.get_ref())).collect())
        }
        DeValue::Table(table) => Value::Table(
            table
                .iter()
                .map(|(name, value)| (name.get_ref().to_string(), plain(value.get_ref())))
                .collect(),
        ),
    }
}

fn real(number: &str) -> Value {
    Value::Float(number.parse().unwrap_or(f64::NAN))
}

/// What a variable says in the notation of a value: `8`, `[7, "a@b.example"]`. As nobody quotes
/// twice in a shell, the entries of a list or a table may go without: `[7, a@b.example]`.
pub(super) fn notation(text: &str) -> Value {
    let within = |open, close| text.trim().strip_prefix(open)?.strip_suffix(close);
    let simple = simple(text);
    match (within('[', ']'), within('{', '}')) {
        (Some(inner), _) if simple.is_str() => {
            Value::Array(entries(inner).map(self::simple).collect())
        }
        (_, Some(inner)) if simple.is_str() => {
            let named = |entry: &str| {
                let (name, value) = entry.split_once('=')?;
                Some((name.trim().trim_matches('"').to_owned(), self::simple(value)))
            };
            entries(inner).map(named).collect::<Option<_>>().map_or(simple, Value::Table)
        }
        _ => simple,
    }
}

/// Parts between commas, those within quotes left alone.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let is_end = move |letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    };
    text.split(is_end).filter(|entry| !entry.trim().is_empty())
}

/// A TOML value, a number as a shell would write it (`007`, `.5`), or the text itself.
fn simple(text: &str) -> Value {
    let text = text.trim();
    if let Ok(value) = DeValue::parse(text) {
        return plain(value.get_ref());
    }
    let number = text.parse().map(Value::Integer).ok();
    number.or_else(|| text.parse().map(Value::Float).ok()).unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_is_not_toml_is_told_once() {
        let found = |text: &str| {
            let (name, folder, text) = ("f".to_owned(), PathBuf::new(), text.to_owned());
            let document = Document { name, folder, text };
            let problems = document.parse().expect_err("no TOML");
            let line = |at: &str| at.split(':').nth(1).and_then(|line| line.parse().ok());
            problems.iter().filter_map(|problem| line(&problem.at)).collect::<Vec<usize>>()
        };
        assert_eq!(found("mode = mirror\n[http]\ntries = 3 4\n"), [1, 3]);
        assert_eq!(found("a = 1\n\na = 2\n"), [3]);
        assert_eq!(found(&format!("a = [1\n{}", "b = 1\n".repeat(100))).len(), 10);
        assert_eq!(found(&format!("a={}", "[".repeat(100_000))), [1]);
        assert_eq!(found(&format!("{}=1", ["a"; 100_000].join("."))), [1]);
    }

    #[test]
    fn variables_have_the_notation_of_values_and_need_no_quotes() {
        let list = |values: &[Value]| Value::Array(values.to_vec());
        for (text, value) in [
            ("8", Value::from(8)),
            (" 0x10 ", Value::from(16)),
            ("007", Value::from(7)),
            (".5", Value::from(0.5)),
            ("true", Value::from(true)),
            ("\"5\"", Value::from("5")),
            ("many", Value::from("many")),
            ("", Value::from("")),
            ("[]", list(&[])),
            ("[7, boss@firm.example]", list(&[7.into(), "boss@firm.example".into()])),
            ("[\"a,b\", c d,]", list(&["a,b".into(), "c d".into()])),
            ("[", Value::from("[")),
            ("[a", Value::from("[a")),
            ("99999999999999999999", Value::from(99_999_999_999_999_999_999.0)),
        ] {
            assert_eq!(notation(text), value, "{text}");
        }
        let columns = toml::Table::from_iter([("user_id".to_owned(), "Kantata ID".into())]);
        for text in ["{user_id=Kantata ID}", "{ \"user_id\" = \"Kantata ID\" }"] {
            assert_eq!(notation(text), Value::Table(columns.clone()), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(notation(&deep).is_array());
    }
}
