//! What a cell should say where it says the same in another way: no spaces around it, one spelling of
//! each word, an address and nothing else, a date as ISO.
//!
//! Nothing here is a guess; what is one is left to people:
//! - A word that is nearly one of ours, such as `mavn`, and words that have two meanings today, such as
//!   the level `financial`.
//! - Ids that a spreadsheet changed. `7.0` and `1.16E+20` may have lost digits, `12,345` may be a decimal
//!   number, `007` may be another system's key: each may be somebody else's id.
//! - Dates whose day and month could change places, years of two digits, and a spreadsheet's number of a
//!   day, which is another day on another machine.
//! - An address where there are several, and whatever stands inside titles and keys, which are compared
//!   whole.
//!
//! Knows no rows: whether a repaired row means what it should is for others to see.

use super::{address, cell, column::Column, name::NameColumn, period::unambiguous, values::Ours};
use crate::model::is_invisible;

/// What a cell of this column should say; `None` where it says so, or nobody can know.
pub(super) fn repaired(ours: Ours, text: &str) -> Option<String> {
    // Lines keep their numbers.
    if text.contains(['\n', '\r']) {
        return None;
    }
    let bare = text.trim_matches(|one: char| one.is_whitespace() || is_invisible(one));
    let should = match ours {
        // Titles and keys are read without these spaces, and with all others.
        Ours::Name(
            NameColumn::Project | NameColumn::ProjectReference | NameColumn::PersonReference,
        ) => Some(text.trim_ascii().to_owned()),
        _ if bare.is_empty() => Some(String::new()),
        Ours::Name(NameColumn::Email) => address::read(bare).map_or_else(|hidden| hidden, Some),
        Ours::Value(column) => canonical(column, bare),
    };
    should.filter(|should| should != text)
}

/// The value as the tool itself writes it.
fn canonical(column: Column, bare: &str) -> Option<String> {
    let written = |text: &str| cell::written(column, text.as_bytes()).ok();
    // As menus and people write levels: `Edit tasks`, `edit-tasks`.
    let as_one_word = || written(&bare.to_lowercase().replace([' ', '-'], "_"));
    let date =
        || written(&unambiguous(bare).filter(|_| Column::DATES.contains(&column))?.to_string());
    written(bare).or_else(as_one_word).or_else(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, cell: &str) -> Option<String> {
        repaired(Ours::named(name).expect("a column"), cell)
    }

    #[test]
    fn the_same_in_another_way_is_written_in_one() {
        for (name, cell, should) in [
            ("user_id", " 1001\u{a0}", "1001"),
            ("user_id", "\u{feff}1001", "1001"),
            ("role", "Consultant ", "maven"),
            ("role", "CLIENT", "buyer"),
            ("access_level", "Edit tasks", "edit_tasks"),
            ("access_level", "edit-time-and-expenses", "edit_time_and_expenses"),
            ("team_lead", "Yes", "true"),
            ("can_invite", "0", "false"),
            ("rate_in_cents", " 15000", "15000"),
            ("workspace_role_id", "12\u{200b}", "12"),
            ("starts_on", "31.12.2026", "2026-12-31"),
            ("starts_on", "12/31/2026", "2026-12-31"),
            ("ends_on", "31/12/2026", "2026-12-31"),
            ("ends_on", "5.5.2026", "2026-05-05"),
            ("ends_on", "2026/1/5", "2026-01-05"),
            ("ends_on", "20261231", "2026-12-31"),
            ("ends_on", "2026-12-31T00:00:00", "2026-12-31"),
            ("email", "Dana K. <Dana@Firm.Example>", "dana@firm.example"),
            ("email", "mailto:dana@firm.example", "dana@firm.example"),
            ("email", "DANA+x@firm.example ", "dana+x@firm.example"),
            ("project", " Atlas ", "Atlas"),
            ("access_level", "\u{a0}", ""),
        ] {
            assert_eq!(column(name, cell).as_deref(), Some(should), "{name}: {cell:?}");
            assert_eq!(column(name, should), None, "{name}: {should:?}");
        }
    }

    #[test]
    fn a_guess_is_left_to_people() {
        for (name, cell) in [
            ("user_id", "7.0"),
            ("user_id", "007"),
            ("user_id", "12,345"),
            ("user_id", "1.16E+20"),
            ("user_id", "10 01"),
            ("role", "mavn"),
            ("access_level", "financial"),
            ("access_level", "edit"),
            ("team_lead", "x"),
            ("workspace_role_id", "yes"),
            ("rate_in_cents", "150.00"),
            ("starts_on", "01.02.2026"),
            ("starts_on", "1/2/2026"),
            ("ends_on", "31.12.26"),
            ("ends_on", "46387"),
            ("ends_on", "31.12.1899"),
            ("ends_on", "2026-12-31T23:00:00Z"),
            ("email", "dana@firm.example, eve@firm.example"),
            ("email", "eve@firm.example <dana@firm.example>"),
            ("email", "<dana@firm.example> <eve@firm.example>"),
            ("project", "Atlas\u{a0}"),
            ("role", "maven\n"),
        ] {
            assert_eq!(column(name, cell), None, "{name}: {cell:?}");
        }
    }
}
