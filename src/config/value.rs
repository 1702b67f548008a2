//! The kinds of values that keys take: what each accepts, what it becomes, and what it says of
//! anything else.
//!
//! Text and numbers turn into types here and nowhere else. A kind knows its own bounds; which key
//! has it, and how values depend on each other, is not known here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    time::Duration,
};

use jiff::{
    SignedDuration, Timestamp,
    civil::Date,
    fmt::friendly::{Spacing, SpanPrinter},
    tz::TimeZone,
};
use serde::de::{
    DeserializeOwned, IntoDeserializer as _,
    value::{Error, StrDeserializer},
};
use toml::Value;

use super::{
    base_url::{BaseUrl, BaseUrlError},
    environment::Environment,
};
use crate::{model::WorkspaceId, plan::Protection, roster};

/// What a value is read with: relative paths depend on where it was written.
pub(super) struct Place<'a> {
    pub environment: &'a Environment,
    /// Empty for the working directory.
    pub base: &'a std::path::Path,
}

/// A kind of value, which becomes a `T`.
pub(super) trait Kind<T> {
    /// The value, or what is expected in its place.
    fn read(&self, value: &Value, place: &Place<'_>) -> Result<T, String>;
}

fn expected<T>(found: Option<T>, what: impl fmt::Display) -> Result<T, String> {
    found.ok_or_else(|| format!("expected {what}"))
}

/// `true` or `false`.
pub(super) struct Flag;

impl Kind<bool> for Flag {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<bool, String> {
        expected(value.as_bool(), "true or false")
    }
}

/// A whole number between two bounds, both included.
pub(super) struct Whole(pub u32, pub u32);

impl<T: TryFrom<u32>> Kind<T> for Whole {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<T, String> {
        let Self(min, max) = self;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (min..=max).contains(&number));
        let number = number.and_then(|number| number.try_into().ok());
        expected(number, format_args!("a whole number from {min} to {max}"))
    }
}

/// A number between two bounds, both included; neither infinite nor NaN.
pub(super) struct Number(pub f64, pub f64);

impl Kind<f64> for Number {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<f64, String> {
        let Self(min, max) = self;
        let number = value.as_float().or_else(|| value.as_integer().map(|number| number as f64));
        let number = number.filter(|number| (min..=max).contains(&number));
        expected(number, format_args!("a number from {min} to {max}"))
    }
}

/// A duration between two bounds, both included.
pub(super) struct Span(pub Duration, pub Duration);

impl Kind<Duration> for Span {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<Duration, String> {
        let text = match value {
            Value::String(text) => text,
            Value::Integer(number @ 0..) => return Err(with_unit(&format!("\"{number}s\""))),
            _ => return Err(with_unit("\"30s\"")),
        };
        let duration = parse_duration(text).map_err(|error| error.to_string())?;
        let Self(min, max) = self;
        let duration = Some(duration).filter(|duration| (min..=max).contains(&duration));
        expected(duration, format_args!("a duration from {} to {}", Friendly(*min), Friendly(*max)))
    }
}

fn with_unit(example: &str) -> String {
    format!("expected a duration as text with its unit, such as {example}")
}

/// Text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number alone.
    #[error("expected a duration with its unit, such as `{number}s`")]
    Unit {
        /// What was found.
        number: u64,
    },
    /// Anything else.
    #[error("expected a duration of 0s to 168h, such as `500ms`, `2s`, `5 minutes` or `1h30m`")]
    Form,
}

/// The longest duration that is taken anywhere.
pub(super) const WEEK: Duration = Duration::from_hours(168);

/// Reads `500ms`, `2s`, `5 minutes`, `1h 30m`, `PT5M`: numbers with their units, hours at the most;
/// not negative, at most a week.
///
/// # Errors
/// Anything else.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Err(DurationError::Unit { number });
    }
    let duration = usual_form(text).or_else(|| sum_of_parts(text));
    duration.filter(|duration| *duration <= WEEK).ok_or(DurationError::Form)
}

fn usual_form(text: &str) -> Option<Duration> {
    // A day of a duration has 24 hours, whatever clocks do in spring.
    let days = ["days", "day", "d"].iter().find_map(|unit| text.strip_suffix(unit));
    if let Some(days) = days.and_then(|days| days.trim().parse::<u32>().ok()) {
        return Some(Duration::from_hours(24) * days);
    }
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
}

/// `30m1h`: units in any order and more than once, which the usual form does not have.
fn sum_of_parts(text: &str) -> Option<Duration> {
    let is_within = |a: &u8, b: &u8| !(a.is_ascii_alphabetic() && b.is_ascii_digit());
    let mut parts = text.as_bytes().chunk_by(is_within);
    let read = |part| usual_form(std::str::from_utf8(part).ok()?);
    let first = read(parts.next()?)?;
    parts.try_fold(first, |sum, part| sum.checked_add(read(part)?))
}

/// Shows a duration as it is written.
struct Friendly(Duration);

impl fmt::Display for Friendly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printer = SpanPrinter::new().spacing(Spacing::None);
        f.write_str(&printer.unsigned_duration_to_string(&self.0))
    }
}

/// Any text.
pub(super) struct Text;

impl Kind<String> for Text {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<String, String> {
        expected(value.as_str().map(str::to_owned), "text")
    }
}

/// A path, not empty; a relative one is relative to where it is written.
pub(super) struct Path;

impl Kind<PathBuf> for Path {
    fn read(&self, value: &Value, place: &Place<'_>) -> Result<PathBuf, String> {
        let is_usable = |path: &&str| !path.trim().is_empty() && !path.contains('\0');
        let path = value.as_str().filter(is_usable);
        expected(path.map(|path| place.environment.resolve(path, place.base)), "a path")
    }
}

/// A command that splits into words, the first of which is a program.
pub(super) struct Command;

impl Kind<Vec<String>> for Command {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<Vec<String>, String> {
        let text = expected(value.as_str(), "a command with its arguments, as text")?;
        let words = expected(shell_words::split(text).ok(), "every quote to be closed")?;
        let has_program = words.first().is_some_and(|program| !program.is_empty());
        expected(has_program.then_some(words), "a command with its arguments")
    }
}

/// The URL of an API.
pub(super) struct Url;

impl Kind<BaseUrl> for Url {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<BaseUrl, String> {
        let text = expected(value.as_str(), "a URL as text")?;
        text.parse().map_err(|error: BaseUrlError| error.to_string())
    }
}

/// One of several names.
pub(super) struct Choice(pub &'static [&'static str]);

impl<T: DeserializeOwned> Kind<T> for Choice {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<T, String> {
        let named = |name: &str| {
            let name: StrDeserializer<'_, Error> = name.into_deserializer();
            T::deserialize(name).ok()
        };
        expected(value.as_str().and_then(named), Listed(self.0))
    }
}

/// `a`, `b` or `c`.
struct Listed(&'static [&'static str]);

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let before = match self.0.len() - at {
                _ if at == 0 => "",
                1 => " or ",
                _ => ", ",
            };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}

/// A list whose entries all become a `T`.
fn list<T>(value: &Value, entry: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(entry).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// People by id, which may be written as a number, by address, or by pattern.
pub(super) struct People;

impl Kind<Protection> for People {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<Protection, String> {
        let entry = |value: &Value| match value {
            Value::Integer(id @ 0..) => Some(id.to_string()),
            other => text(other),
        };
        let entries = list(value, entry);
        let entries = expected(entries, "a list of user ids, e-mail addresses and patterns")?;
        Protection::new(&entries).map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            all.join("; ")
        })
    }
}

/// Projects by id; sorted, each once.
pub(super) struct Ids;

impl Kind<Vec<WorkspaceId>> for Ids {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<Vec<WorkspaceId>, String> {
        let id = |value: &Value| WorkspaceId::new(value.as_integer()?.try_into().ok()?);
        let ids = expected(list(value, id), "a list of project ids (positive whole numbers)")?;
        Ok(BTreeSet::from_iter(ids).into_iter().collect())
    }
}

/// Any texts.
pub(super) struct Texts;

impl Kind<Vec<String>> for Texts {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<Vec<String>, String> {
        expected(list(value, text), "a list of strings")
    }
}

/// Texts by name.
pub(super) struct Names;

impl Kind<BTreeMap<String, String>> for Names {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<BTreeMap<String, String>, String> {
        let entry = |(name, value): (&String, &Value)| Some((name.clone(), text(value)?));
        let names = value.as_table().and_then(|table| table.iter().map(entry).collect());
        expected(names, "a table of strings")
    }
}

/// A time zone; UTC where nobody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Which day it is there at this time.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Date {
        self.0.to_datetime(at).date()
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

/// A time zone by its name in the IANA's list.
pub(super) struct Zones;

impl Kind<Zone> for Zones {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<Zone, String> {
        let named = |name: &str| TimeZone::get(name.trim()).ok();
        let zone = value.as_str().and_then(named).map(Zone);
        expected(zone, "the name of a time zone, such as \"Europe/Berlin\" or \"UTC\"")
    }
}

/// A text, or what reads as one: nobody quotes a yes or a number.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Boolean(yes) => Some(yes.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        other => text(other),
    }
}

fn table<T>(value: &Value, entry: impl Fn(&Value) -> Option<T>) -> Option<BTreeMap<String, T>> {
    value.as_table()?.iter().map(|(name, value)| Some((name.clone(), entry(value)?))).collect()
}

fn all_problems(problems: Vec<roster::ValueError>) -> String {
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// What foreign words mean, by column of a roster.
pub(super) struct Words;

impl Kind<roster::Values> for Words {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<roster::Values, String> {
        let words = table(value, |words| table(words, word));
        let words = expected(
            words,
            "tables of words by column, such as { role = { Berater = \"maven\" } }",
        )?;
        roster::Values::new(&words).map_err(all_problems)
    }
}

/// Values by column of a roster.
pub(super) struct Values;

impl Kind<roster::Defaults> for Values {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<roster::Defaults, String> {
        let values = expected(table(value, word), "a table of values by column")?;
        roster::Defaults::new(&values).map_err(all_problems)
    }
}

/// Which rows of a roster are there: the values taken, by column of the file.
pub(super) struct Rows;

impl Kind<roster::Where> for Rows {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<roster::Where, String> {
        let values = |value: &Value| list(value, word).or_else(|| Some(vec![word(value)?]));
        let values = expected(
            table(value, values),
            "a table of lists of values by column, such as { Status = [\"Active\"] }",
        )?;
        roster::Where::new(&values).map_err(all_problems)
    }
}

/// How a roster's bytes become text.
pub(super) struct Encodings;

impl Kind<roster::Encoding> for Encodings {
    fn read(&self, value: &Value, _: &Place<'_>) -> Result<roster::Encoding, String> {
        const NAMES: &[&str] = &["utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252"];
        expected(value.as_str().and_then(roster::Encoding::of_label), Listed(NAMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("500ms", 500),
            ("190s", 190_000),
            ("5m", 300_000),
            ("5 m", 300_000),
            (" 5 minutes ", 300_000),
            ("PT5M", 300_000),
            ("00:05:00", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1 hour, 30 mins", 5_400_000),
            ("PT1H30M", 5_400_000),
            ("1.5s", 1_500),
            ("0s", 0),
            ("168h", 604_800_000),
            ("7d", 604_800_000),
            ("1 day", 86_400_000),
            // What was read before the usual form was.
            ("30m1h", 5_400_000),
            ("1s500ms2s", 3_500),
            ("604800000ms", 604_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            " ",
            "s",
            "-5s",
            "5s ago",
            "1s-2s",
            "8d",
            "1.5d",
            "d",
            "P1D",
            "5M",
            "168h1ms",
            "5sm",
            "1e3s",
            "inf",
            "NaN",
            "99999999999s",
            "9999999999999999999h",
            "9223372036854775807s1s",
            "٣s",
        ] {
            assert_eq!(parse_duration(text), Err(DurationError::Form), "{text}");
        }
        for (text, number) in [("5", 5), ("0", 0), (" 30 ", 30)] {
            assert_eq!(parse_duration(text), Err(DurationError::Unit { number }), "{text}");
        }
    }

    fn read<T>(kind: &impl Kind<T>, value: impl Into<Value>) -> Result<T, String> {
        let environment = Environment::default();
        kind.read(&value.into(), &Place { environment: &environment, base: "".as_ref() })
    }

    #[test]
    fn bounds_are_included_and_told() {
        for (number, fits) in
            [(0, false), (1, true), (100, true), (101, false), (-1, false), (1_i64 << 40, false)]
        {
            assert_eq!(read::<u32>(&Whole(1, 100), number).is_ok(), fits, "{number}");
        }
        for rate in [0.0, -1.0, 1e-300, 1000.1, f64::NAN, f64::INFINITY] {
            assert!(read(&Number(0.001, 1000.0), rate).is_err(), "{rate}");
        }
        assert_eq!(read(&Number(0.001, 1000.0), 1000), Ok(1000.0));
        let span = Span(Duration::from_millis(1), Duration::from_hours(2));
        for (text, fits) in [("0s", false), ("1ms", true), ("2h", true), ("2h 1ms", false)] {
            assert_eq!(read(&span, text).is_ok(), fits, "{text}");
        }
        assert_eq!(read(&span, "0s"), Err("expected a duration from 1ms to 2h".to_owned()));
    }

    #[test]
    fn a_number_where_a_duration_is_meant_is_told_with_its_unit() {
        let span = Span(Duration::ZERO, WEEK);
        for value in [Value::from(30), "30".into(), Value::from(1.5), Value::from(-1)] {
            let message = read(&span, value).expect_err("no unit");
            assert!(message.contains("with its unit, such as") && message.contains("30s"));
        }
    }
}
