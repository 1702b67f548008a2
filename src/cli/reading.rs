//! The flags that say how a roster is read, and for which day.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::flag_value::{date, days};

/// How a roster is read, where the configuration says otherwise.
#[derive(Debug, Clone, Default, Args)]
pub struct ReadingArgs {
    /// The encoding of the roster: utf-8, utf-16, utf-16le, utf-16be, windows-1252; when not given, what
    /// its byte order mark says, else utf-8
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<String>,
    /// Which sheet of an .xlsx or .ods is read; by default the first that is not hidden
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// What separates its cells: `,` or `;` or `tab` or `|`
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<String>,
}

/// Rosters as one name.
pub(super) fn listed(rosters: &[PathBuf]) -> PathBuf {
    match rosters {
        [one] => one.clone(),
        several => {
            let names: Vec<String> =
                several.iter().map(|roster| roster.display().to_string()).collect();
            names.join(", ").into()
        }
    }
}

/// The day that a roster with dates is read for.
#[derive(Debug, Args)]
pub struct DayArgs {
    /// Preview another day than today, such as 2026-12-01; writes nothing to Kantata
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub as_of: Option<Date>,
    /// List who starts and ends in the next days, as the roster says: 14d, 2w; at most a year
    #[arg(long, value_name = "DAYS", value_parser = days, default_value = "14d")]
    pub horizon: u16,
}
