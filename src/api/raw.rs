//! One value of an answer, kept as it stands until somebody asks what it says (API.md §2, §3).
//!
//! What can be read without guessing is read: a whole number in any notation, quoted or not; a yes or
//! no as a word or as 1 and 0. Everything else that is optional is hidden, and never an error.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::json::Id;
use crate::model::Seen;

/// The JSON text of a value; none where the answer has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Raw<'a>(Option<&'a str>);

/// No value has this text: what came twice, with two values, says nothing.
const CONTRADICTION: &str = "";

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw.get())))
    }
}

impl<'a> Raw<'a> {
    /// Takes a value that was found, perhaps a second time.
    pub(super) fn take(&mut self, found: Self) {
        self.0 = match self.0 {
            Some(before) if Some(before) != found.0 => Some(CONTRADICTION),
            _ => found.0,
        };
    }

    /// The value where it is there and not null.
    fn given(self) -> Option<&'a str> {
        self.0.filter(|text| *text != "null")
    }

    /// A string.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let quoted = self.given()?.strip_prefix('"')?.strip_suffix('"')?;
        if quoted.contains('\\') {
            return serde_json::from_str(self.0?).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(quoted))
    }

    /// A string, or the text of anything else.
    fn unquoted(self) -> Option<Cow<'a, str>> {
        self.text().or_else(|| self.given().map(Cow::Borrowed))
    }

    /// A yes or no: the two words, or 1 and 0, quoted or not.
    pub(super) fn flag(self) -> Seen<bool> {
        match self.unquoted().as_deref() {
            Some("true" | "1" | "1.0") => Seen::Visible(true),
            Some("false" | "0" | "0.0") => Seen::Visible(false),
            _ => Seen::Hidden,
        }
    }

    /// A value that may be null, as far as `read` can read it.
    fn nullable<T>(self, read: impl Fn(&str) -> Option<T>) -> Seen<Option<T>> {
        match self.0 {
            Some("null") => Seen::Visible(None),
            _ => self.unquoted().and_then(|text| read(&text)).map(Some).into(),
        }
    }

    /// A whole number, or null.
    pub(super) fn whole(self) -> Seen<Option<i64>> {
        self.nullable(whole)
    }

    /// An id that nothing depends on, or null.
    pub(super) fn optional_id(self) -> Seen<Option<Id>> {
        self.nullable(Id::from_digits)
    }

    /// A list of ids that nothing depends on; one that is unreadable is none.
    pub(super) fn optional_ids(self) -> Option<Vec<Option<Id>>> {
        let listed: Vec<Raw<'_>> = serde_json::from_str(self.given()?).ok()?;
        Some(listed.into_iter().map(|one| one.optional_id().visible().flatten()).collect())
    }

    /// What an object has, by name; none where it is no object.
    pub(super) fn attributes(self) -> Option<BTreeMap<String, Raw<'a>>> {
        serde_json::from_str(self.given()?).ok()
    }

    /// An id; none where it is missing or null.
    ///
    /// # Errors
    /// When it is anything else.
    pub(super) fn id(self, of: &str) -> Result<Option<Id>, serde_json::Error> {
        self.strict(of, "id", Id::from_digits)
    }

    /// A count, as a number or as digits; none where it is missing or null.
    ///
    /// # Errors
    /// When it is anything else.
    pub(super) fn count(self, of: &str) -> Result<Option<u64>, serde_json::Error> {
        self.strict(of, "count", |text| whole(text)?.try_into().ok())
    }

    fn strict<T>(
        self,
        of: &str,
        kind: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, serde_json::Error> {
        let Some(text) = self.given() else { return Ok(None) };
        let value = self.unquoted().and_then(|text| read(&text));
        let shown: String = text.chars().take(60).collect();
        let error = || de::Error::custom(format!("`{of}` is no {}: {shown}", kind));
        value.map(Some).ok_or_else(error)
    }
}

/// A whole number in any notation of JSON (`15000`, `15000.0`, `1.5e4`), exactly; none where a part
/// of a unit is left, or the number is too large.
fn whole(text: &str) -> Option<i64> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (sign, magnitude) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    if !magnitude.is_empty() && digits(magnitude) {
        return text.parse().ok();
    }
    let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
    let (units, parts) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if units.is_empty() || parts.is_empty() || !digits(units) || !digits(parts) {
        return None;
    }
    let parts = parts.trim_end_matches('0');
    let power = exponent.parse::<i64>().ok()?.checked_sub(parts.len().try_into().ok()?)?;
    let all = format!("{units}{parts}");
    let all = all.trim_start_matches('0');
    let significant = all.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let zeros = power.checked_add((all.len() - significant.len()).try_into().ok()?)?;
    let scale = 10_i64.checked_pow(zeros.try_into().ok()?)?;
    format!("{sign}{significant}").parse::<i64>().ok()?.checked_mul(scale)
}

/// An object of which these attributes are read, each as it stands. An attribute that comes twice
/// with two values is unreadable; what is no object has no attributes.
macro_rules! object {
    ($(#[$doc:meta])* $visible:vis $name:ident { $($attribute:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        $visible struct $name<'a> {
            $($attribute: crate::api::raw::Raw<'a>,)*
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor<'a>(std::marker::PhantomData<&'a str>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for ObjectVisitor<'a> {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut object = Self::Value::default();
                        while let Some(key) = map.next_key::<crate::api::json::Text<'de>>()? {
                            match key.0.as_ref() {
                                $(stringify!($attribute) => {
                                    object.$attribute.take(map.next_value()?);
                                })*
                                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(object)
                    }
                    crate::api::json::no_object!();
                }
                deserializer.deserialize_any(ObjectVisitor(std::marker::PhantomData))
            }
        }
    };
}
pub(super) use object;

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw<'_> {
        Raw(Some(text))
    }

    #[test]
    fn a_whole_number_is_read_in_every_notation_and_nothing_else_is() {
        for (text, number) in [
            ("15000", 15_000),
            (r#""15000""#, 15_000),
            ("15000.0", 15_000),
            (r#""15000.00""#, 15_000),
            ("1.5e4", 15_000),
            ("1.5E+4", 15_000),
            ("150000e-1", 15_000),
            (r#""0.15e5""#, 15_000),
            ("0", 0),
            ("-0.0", 0),
            ("0e999999", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(raw(text).whole(), Seen::Visible(Some(number)), "{text}");
        }
        assert_eq!(raw("null").whole(), Seen::Visible(None));
        for text in [
            "15000.5",
            r#""""#,
            r#"" 1""#,
            r#""+1""#,
            r#"".5""#,
            r#""5.""#,
            r#""1,000""#,
            "1e999",
            "1e-1",
            "9223372036854775808",
            "18446744073709551616",
            "1e99999999999999999999",
            "true",
            "[]",
            "[1]",
            "{}",
            r#""null""#,
            r#""-""#,
            r#""e""#,
            CONTRADICTION,
        ] {
            assert_eq!(raw(text).whole(), Seen::Hidden, "{text}");
        }
        assert_eq!(Raw::default().whole(), Seen::Hidden);
    }

    #[test]
    fn a_yes_or_no_is_a_word_or_a_digit() {
        for text in ["true", "1", "1.0", r#""true""#, r#""1""#] {
            assert_eq!(raw(text).flag(), Seen::Visible(true), "{text}");
        }
        for text in ["false", "0", "0.0", r#""false""#, r#""0""#] {
            assert_eq!(raw(text).flag(), Seen::Visible(false), "{text}");
        }
        for text in ["null", "2", "-1", r#""""#, r#""yes""#, r#""True""#, "[]", "[true]", "{}"] {
            assert_eq!(raw(text).flag(), Seen::Hidden, "{text}");
        }
    }

    #[test]
    fn text_is_a_string_and_half_a_character_is_none() {
        assert_eq!(raw(r#""Ann""#).text().as_deref(), Some("Ann"));
        assert_eq!(raw(r#""A\u00e9\"""#).text().as_deref(), Some("Aé\""));
        for text in ["null", "5", "true", "[]", r#""\ud800""#, CONTRADICTION] {
            assert_eq!(raw(text).text(), None, "{text}");
        }
    }

    #[test]
    fn ids_and_counts_are_strict() {
        assert_eq!(raw(r#""7""#).id("user_id").expect("an id"), Some(Id(7)));
        assert_eq!(raw("7").id("user_id").expect("an id"), Some(Id(7)));
        assert_eq!(raw("null").id("user_id").expect("null"), None);
        for text in ["0", "7.0", "-7", r#""07""#, r#""""#, "true", "[7]", CONTRADICTION] {
            assert!(raw(text).id("user_id").is_err(), "{text}");
        }
        for text in ["25", r#""25""#, "25.0"] {
            assert_eq!(raw(text).count("count").expect("a count"), Some(25), "{text}");
        }
        for text in ["-1", "1.5", r#""many""#, "{}", "[]", "true"] {
            assert!(raw(text).count("count").is_err(), "{text}");
        }
        let error = raw(r#""x""#).id("user_id").expect_err("no id");
        assert_eq!(error.to_string(), r#"`user_id` is no id: "x""#);
    }

    #[test]
    fn what_comes_twice_with_two_values_says_nothing() {
        let mut value = Raw::default();
        value.take(raw("1"));
        value.take(raw("1"));
        assert_eq!(value.whole(), Seen::Visible(Some(1)));
        value.take(raw("2"));
        value.take(raw("2"));
        assert_eq!((value.whole(), value.flag(), value.text()), (Seen::Hidden, Seen::Hidden, None));
        assert!(value.id("user_id").is_err() && value.count("count").is_err());
    }
}
