//! What a cell of each column may say.
//!
//! Owns the values of PRODUCT.md §2. Words (roles, levels, yes and no) are matched without case; the
//! caller trims. Pure, and allocates only for what is wrong. Knows neither rows nor headers.

use std::str;

pub(super) use super::number::{role_id, user_id, workspace_id};
use super::{
    column::Column,
    period::{first_day, last_day},
    problem::Expected,
};
use crate::model::{AccessLevel, AccessLevelError, Field, Role, field_table};

/// What is wrong with a value of a column, if anything is.
pub(super) fn check(column: Column, value: &[u8]) -> Result<(), Expected> {
    written(column, value).map(drop)
}

/// A value as the tool itself writes it.
pub(super) fn written(column: Column, value: &[u8]) -> Result<String, Expected> {
    match column {
        Column::WorkspaceId => workspace_id(value).map(|id| id.to_string()),
        Column::UserId => user_id(value).map(|id| id.to_string()),
        Column::Role => role(value).map(|role| role.to_string()),
        Column::Field(field) => written_field(field, value),
        Column::StartsOn => first_day(value).map(|day| day.to_string()),
        Column::EndsOn => last_day(value).map(|day| day.to_string()),
    }
}

macro_rules! written_fields {
    ($(
        $(#[$doc:meta])*
        $variant:ident, $name:ident: $kind:ident, column $column:ident,
            sent $sent:ident as $written:ident,
            read from $($attribute:ident)+, asked $asked:ident $(($include:literal))?;
    )*) => {
        fn written_field(field: Field, value: &[u8]) -> Result<String, Expected> {
            match field {
                $(Field::$variant => written_kind!(value, $kind, $column),)*
            }
        }
    };
}
macro_rules! written_kind {
    ($value:ident, $kind:ident, Never) => {
        Ok(String::new())
    };
    ($value:ident, $kind:ident, $column:ident) => {
        $kind($value).map(|value| value.to_string())
    };
}
field_table!(written_fields);

/// Words are matched without case; nearly all are written as they should be, which is quick to see.
fn is(cell: &[u8], word: &str) -> bool {
    cell == word.as_bytes() || cell.eq_ignore_ascii_case(word.as_bytes())
}

pub(super) fn role(cell: &[u8]) -> Result<Role, Expected> {
    if is(cell, "maven") || is(cell, "provider") || is(cell, "consultant") {
        Ok(Role::Maven)
    } else if is(cell, "buyer") || is(cell, "client") {
        Ok(Role::Buyer)
    } else {
        Err(Expected::Role)
    }
}

pub(super) fn level(cell: &[u8]) -> Result<AccessLevel, Expected> {
    let exact = AccessLevel::ALL.into_iter().find(|level| cell == level.word().as_bytes());
    let found = exact.or_else(|| AccessLevel::ALL.into_iter().find(|level| is(cell, level.word())));
    found.ok_or_else(|| {
        let word = String::from_utf8_lossy(cell).to_lowercase();
        let modern = match word.parse::<AccessLevel>() {
            Err(AccessLevelError::Legacy { modern, .. }) => Some(modern.to_owned()),
            _ => None,
        };
        Expected::AccessLevel { modern }
    })
}

pub(super) fn flag(cell: &[u8]) -> Result<bool, Expected> {
    if is(cell, "true") || is(cell, "yes") || is(cell, "1") {
        Ok(true)
    } else if is(cell, "false") || is(cell, "no") || is(cell, "0") {
        Ok(false)
    } else {
        Err(Expected::Flag { column: None })
    }
}

pub(super) fn cents(cell: &[u8]) -> Result<i64, Expected> {
    str::from_utf8(cell).ok().and_then(|text| text.parse().ok()).ok_or(Expected::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_for_roles_and_flags_are_understood() {
        for (word, meaning) in
            [("maven", Role::Maven), ("provider", Role::Maven), ("client", Role::Buyer)]
        {
            assert_eq!(role(word.as_bytes()), Ok(meaning), "{word}");
        }
        for word in ["true", "TRUE", "yes", "1"] {
            assert_eq!(flag(word.as_bytes()), Ok(true), "{word}");
        }
        for word in ["false", "No", "0"] {
            assert_eq!(flag(word.as_bytes()), Ok(false), "{word}");
        }
        for word in ["y", "n", "on", "2", "-1", "wahr", "truе"] {
            assert_eq!(flag(word.as_bytes()), Err(Expected::Flag { column: None }), "{word}");
        }
    }
}
