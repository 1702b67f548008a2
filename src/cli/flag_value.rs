//! What the texts of flags mean, or what would be right.

use std::time::Duration;

use jiff::{Span, civil::Date};

use crate::{
    config::parse_duration,
    roster::{Expected, PersonRef, parse_date},
};

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn person(text: &str) -> Result<PersonRef, String> {
    let text = text.trim();
    let id = text.parse().ok().map(PersonRef::Id);
    id.or_else(|| PersonRef::of_address(text))
        .ok_or_else(|| "expected a person's id or e-mail address".to_owned())
}

pub(super) fn date(text: &str) -> Result<Date, String> {
    parse_date(text).map_err(|meant| format!("expected {}", Expected::Date { meant }))
}

/// Whole days and weeks.
pub(super) fn days(text: &str) -> Result<u16, String> {
    let span: Option<Span> = text.trim().parse().ok();
    let days = span.and_then(|span| {
        let (weeks, days) = (span.get_weeks(), span.get_days());
        let is_whole = span.fieldwise() == Span::new().weeks(weeks).days(days).fieldwise();
        let days = i64::from(weeks) * 7 + i64::from(days);
        u16::try_from(days).ok().filter(|days| is_whole && *days <= 366)
    });
    days.ok_or_else(|| {
        "expected whole days or weeks, such as `14d` or `2w`, at most `366d`".to_owned()
    })
}
