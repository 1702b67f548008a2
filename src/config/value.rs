//! The types that single values of the configuration become, and what each of them expects.
//!
//! Text and numbers turn into types here and nowhere else. A type knows what is right for itself;
//! which key it belongs to, and how values depend on each other, is not known here.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};

use super::{base_url::BaseUrl, token::split_words};
use crate::{
    desired::Delimiter,
    model::WorkspaceId,
    plan::{Mode, Ownership, Protection},
};

/// A type that a key's value can have.
pub(super) trait Setting: DeserializeOwned {
    /// Follows "expected".
    fn expectation() -> String;
}

/// Text that is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a duration of at most 168h, such as `500ms`, `2s`, `5m` or `1h30m`")]
pub struct DurationError;

const LONGEST: Duration = Duration::from_hours(168);

/// Reads `500ms`, `2s`, `5m`, `1h30m`: whole numbers, each with a unit; at most a week.
///
/// # Errors
/// Anything else.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(DurationError);
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let unit = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(unit);
        let part = number.parse().ok().and_then(|number| part(number, unit));
        total = part.and_then(|part| total.checked_add(part)).ok_or(DurationError)?;
        rest = after;
    }
    if total > LONGEST { Err(DurationError) } else { Ok(total) }
}

fn part(number: u32, unit: &str) -> Option<Duration> {
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number.into())),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(number) * seconds))
}

/// A duration; `ZERO` says whether it may be 0.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span<const ZERO: bool>(pub Duration);

impl<const ZERO: bool> TryFrom<String> for Span<ZERO> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let duration = parse_duration(&text).map_err(|error| error.to_string())?;
        if duration.is_zero() && !ZERO {
            return Err("expected a duration longer than 0".to_owned());
        }
        Ok(Self(duration))
    }
}

impl<const ZERO: bool> Setting for Span<ZERO> {
    fn expectation() -> String {
        "a duration as text, such as \"500ms\", \"2s\", \"5m\" or \"1h30m\"".to_owned()
    }
}

/// A whole number between two bounds, both included.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    pub(super) fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<u64> for Whole<MIN, MAX> {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match u32::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(format!("expected {}", Self::expectation())),
        }
    }
}

impl<const MIN: u32, const MAX: u32> Setting for Whole<MIN, MAX> {
    fn expectation() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
}

/// Requests per second: finite, neither 0 nor so small that a run would stand still.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Rate(pub f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, String> {
        if (0.001..=1000.0).contains(&rate) {
            return Ok(Self(rate));
        }
        Err(format!("expected {}", Self::expectation()))
    }
}

impl Setting for Rate {
    fn expectation() -> String {
        "a number from 0.001 to 1000".to_owned()
    }
}

/// A path as it was written; not empty.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct PathText(pub String);

impl TryFrom<String> for PathText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let usable = !text.trim().is_empty() && !text.contains('\0');
        if usable { Ok(Self(text)) } else { Err(format!("expected {}", Self::expectation())) }
    }
}

impl Setting for PathText {
    fn expectation() -> String {
        "a path".to_owned()
    }
}

/// A command that splits into words, the first of which is a program.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct CommandText(pub Vec<String>);

impl TryFrom<String> for CommandText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match split_words(&text) {
            Some(words) if words.first().is_some_and(|program| !program.is_empty()) => {
                Ok(Self(words))
            }
            Some(_) => Err("expected a command with its arguments".to_owned()),
            None => Err("expected every quote to be closed".to_owned()),
        }
    }
}

impl Setting for CommandText {
    fn expectation() -> String {
        "a command with its arguments, as text".to_owned()
    }
}

/// An entry of `protect.users`; ids may be written as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Person {
    Id(u64),
    Text(String),
}

/// `protect.users`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Vec<Person>")]
pub(super) struct People(pub Protection);

impl TryFrom<Vec<Person>> for People {
    type Error = String;

    fn try_from(people: Vec<Person>) -> Result<Self, String> {
        let text = |person| match person {
            Person::Id(id) => id.to_string(),
            Person::Text(text) => text,
        };
        let entries: Vec<String> = people.into_iter().map(text).collect();
        Protection::new(&entries).map(Self).map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            all.join("; ")
        })
    }
}

impl Setting for People {
    fn expectation() -> String {
        "a list of user ids, e-mail addresses and patterns".to_owned()
    }
}

/// How a roster's bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16 with byte order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Windows-1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

macro_rules! expects {
    ($($kind:ty: $text:expr;)*) => {
        $(impl Setting for $kind {
            fn expectation() -> String {
                $text.to_owned()
            }
        })*
    };
}

expects! {
    bool: "true or false";
    BaseUrl: "a URL as text";
    Mode: "`create-only`, `no-delete` or `mirror`";
    Ownership: "`all` or `tagged`";
    Encoding: "`utf-8`, `utf-16` or `windows-1252`";
    Delimiter: "`,` or `;` or `tab`";
    Vec<WorkspaceId>: "a list of project ids (positive whole numbers)";
    Vec<String>: "a list of texts";
    BTreeMap<String, String>: "a table of texts";
    String: "text";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("2s", 2_000),
            ("190s", 190_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("0s", 0),
            ("168h", 604_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", " ", "5", "s", "-5s", "1.5s", "5 m", "5d", "5M", "168h1ms", "99999999999s", "5sm"]
        {
            assert_eq!(parse_duration(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn rates_are_numbers_that_a_clock_can_keep() {
        for rate in [0.0, -1.0, 1e-300, 1000.1, f64::NAN, f64::INFINITY] {
            assert!(Rate::try_from(rate).is_err(), "{rate}");
        }
        assert!(Rate::try_from(0.001).is_ok() && Rate::try_from(1000.0).is_ok());
    }

    #[test]
    fn bounds_are_included() {
        for (number, fits) in [(0, false), (1, true), (100, true), (101, false), (1 << 40, false)] {
            assert_eq!(Whole::<1, 100>::try_from(number).is_ok(), fits, "{number}");
        }
    }
}
