//! Ids in cells: digits, and what spreadsheets make of digits.
//!
//! Knows no columns.

use std::str;

use super::{problem::Expected, spreadsheet::SpreadsheetDamage};
use crate::model::{RoleId, UserId, WorkspaceId};

/// The id of a project.
pub(super) fn workspace_id(cell: &[u8]) -> Result<WorkspaceId, Expected> {
    WorkspaceId::from_digits(cell).ok_or_else(|| expected_id(cell))
}

/// The id of a person.
pub(super) fn user_id(cell: &[u8]) -> Result<UserId, Expected> {
    UserId::from_digits(cell).ok_or_else(|| expected_id(cell))
}

/// The id of an account's role.
pub(super) fn role_id(cell: &[u8]) -> Result<RoleId, Expected> {
    // What no signed 64-bit number holds is no id of any account, and could not be compared.
    let fits = |role: &RoleId| i64::try_from(role.number()).is_ok();
    RoleId::from_digits(cell).filter(fits).ok_or_else(|| expected_id(cell))
}

fn expected_id(cell: &[u8]) -> Expected {
    Expected::Id { damage: spreadsheet_damage(cell) }
}

/// What a spreadsheet must have done to digits so that they look like this, where that is clear.
fn spreadsheet_damage(cell: &[u8]) -> Option<SpreadsheetDamage> {
    let text = str::from_utf8(cell).ok()?;
    let made_of = |allowed: &[char]| {
        text.starts_with(|first: char| first.is_ascii_digit())
            && text.chars().all(|one| one.is_ascii_digit() || allowed.contains(&one))
    };
    let decimals_are_zeros = text.split_once(['.', ',']).is_some_and(|(_, decimals)| {
        !decimals.is_empty() && decimals.bytes().all(|one| one == b'0')
    });
    if !made_of(&['e', 'E', '+', '.', ',', '\'', '’', ' ', '\u{a0}', '\u{202f}']) {
        None
    } else if text.contains(['e', 'E']) {
        Some(SpreadsheetDamage::Scientific)
    } else if decimals_are_zeros {
        Some(SpreadsheetDamage::Decimal)
    } else if !made_of(&[]) {
        Some(SpreadsheetDamage::Separators)
    } else {
        (text.starts_with('0') && text.len() > 1).then_some(SpreadsheetDamage::LeadingZeros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_by_spreadsheets_is_recognised() {
        for (text, damage) in [
            ("1.16E+20", Some(SpreadsheetDamage::Scientific)),
            ("1,16e20", Some(SpreadsheetDamage::Scientific)),
            ("12,345", Some(SpreadsheetDamage::Separators)),
            ("1.234.567", Some(SpreadsheetDamage::Separators)),
            ("12\u{a0}345", Some(SpreadsheetDamage::Separators)),
            ("007.0", Some(SpreadsheetDamage::Decimal)),
            ("42,00", Some(SpreadsheetDamage::Decimal)),
            ("007", Some(SpreadsheetDamage::LeadingZeros)),
            ("0", None),
            ("-5", None),
            ("abc", None),
            ("everyone", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(spreadsheet_damage(text.as_bytes()), damage, "{text}");
        }
    }
}
