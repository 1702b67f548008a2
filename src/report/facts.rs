//! What a run came to, for the table at the top or the end of a report.

use super::{RunReport, loss, part, upcoming, words};

/// What a run came to, as names and values for a table; what is not known is left out.
pub(super) fn facts(report: &RunReport) -> impl Iterator<Item = (&'static str, String)> {
    let planned = report.digest.as_ref();
    let (subject, about) = words::subject(report);
    let facts = [
        ("API", Some(report.base_url.clone())),
        ("Mode", Some(report.mode.to_string())),
        (subject, Some(about)),
        ("Day", upcoming::day(report)),
        ("Part", part::head(report)),
        ("Time", Some(format!("{:.0}, took {}", report.started_at, words::took(report)))),
        ("Plan", planned.map(|_| words::counts(report))),
        ("Takes", words::forecast(report)),
        ("Digest", planned.map(|digest| digest.short().to_owned())),
        ("Result", words::outcomes(report)),
        ("Pace", words::pace(&report.pace)),
        ("Note", words::create_note(report)),
        ("Note", loss::note(report)),
        ("Ended", words::ended(report)),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?)))
}
