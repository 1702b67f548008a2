//! One value of one managed field, whatever the field: what differences, reports and journals hold.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{AccessLevel, RoleId, Seen};

/// One value of one field. In JSON: a word, true/false, an integer, null (not set), or `"hidden"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValue {
    /// A level.
    Access(AccessLevel),
    /// A yes or no.
    Flag(bool),
    /// Cents, or an id.
    Number(i64),
    /// Visible and empty.
    Unset,
    /// Not visible to this token.
    Hidden,
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access(level) => level.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Unset => f.write_str("unset"),
            Self::Hidden => f.write_str("hidden"),
        }
    }
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Access(level) => serializer.serialize_str(level.word()),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Unset => serializer.serialize_unit(),
            Self::Hidden => serializer.serialize_str("hidden"),
        }
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldValueVisitor)
    }
}

struct FieldValueVisitor;

impl de::Visitor<'_> for FieldValueVisitor {
    type Value = FieldValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an access level, true or false, an integer, null or `hidden`")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<FieldValue, E> {
        Ok(FieldValue::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<FieldValue, E> {
        Ok(FieldValue::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<FieldValue, E> {
        i64::try_from(number).map(FieldValue::Number).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<FieldValue, E> {
        match word {
            "hidden" => Ok(FieldValue::Hidden),
            _ => word.parse().map(FieldValue::Access).map_err(E::custom),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<FieldValue, E> {
        Ok(FieldValue::Unset)
    }
}

impl From<AccessLevel> for FieldValue {
    fn from(level: AccessLevel) -> Self {
        Self::Access(level)
    }
}

impl From<bool> for FieldValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for FieldValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<RoleId> for FieldValue {
    fn from(role: RoleId) -> Self {
        Self::Number(i64::try_from(role.number()).unwrap_or(i64::MAX))
    }
}

impl<T: Into<FieldValue>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unset, Into::into)
    }
}

impl<T: Into<FieldValue>> From<Seen<T>> for FieldValue {
    fn from(seen: Seen<T>) -> Self {
        match seen {
            Seen::Visible(value) => value.into(),
            Seen::Hidden => Self::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_json() {
        for value in [
            FieldValue::Access(AccessLevel::ViewTasks),
            FieldValue::Flag(false),
            FieldValue::Number(-3),
            FieldValue::Unset,
            FieldValue::Hidden,
        ] {
            let text = serde_json::to_string(&value).expect("plain value");
            assert_eq!(serde_json::from_str::<FieldValue>(&text).expect("same"), value, "{text}");
        }
    }
}
